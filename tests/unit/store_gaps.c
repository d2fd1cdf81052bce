/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that are not there: two batches of two processes cross, each decided on the absence of a row that the other
 * inserts, or on a row that the other changes. Not both may be kept. COMMIT takes a moment here, so that each is sure
 * to look while the other is under way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_stand.h"

#include <stdio.h>

#include "base/os_clock.h"

struct pair {
    struct stand *stand;
    struct deed one, two;
};

/* A batch that inserts into the first table holds what it has done for a while before it is over. */
static void commits_slow_down(struct pair *pair, struct cluster *cluster)
{
    char sql[512];
    snprintf(sql, sizeof(sql),
             "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
             "'BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END';"
             "CREATE CONSTRAINT TRIGGER slow AFTER INSERT OR UPDATE ON \"%s\" DEFERRABLE INITIALLY DEFERRED "
             "FOR EACH ROW WHEN (NEW.id > 100) EXECUTE FUNCTION slow()",
             fixture_tables[0]->shape.name);
    cluster_run(cluster, pair->stand->place, sql);
}

static struct cluster *cluster;

static void pair_begin(struct pair *pair, void **state)
{
    const enum stand_kind *kind = *state;
    pair->stand = stand_make(*kind);
    struct store *one = stand_join(pair->stand), *two = stand_join(pair->stand);
    deed_begin(&pair->one, pair->stand, one, 64);
    deed_begin(&pair->two, pair->stand, two, 64);
    if (stand_is_postgres(pair->stand)) {
        cluster = cluster == NULL ? cluster_open(NULL) : cluster;
        commits_slow_down(pair, cluster);
    }
}

static void pair_end(struct pair *pair)
{
    deed_release(&pair->one);
    deed_release(&pair->two);
    stand_remove(pair->stand);
}

/* A row that both know, before they cross. */
static void row_put(struct pair *pair, int64_t key)
{
    int64_t stamp;
    enum status status;
    do {
        deed_write(&pair->one, 0, key, 1);
        status = deed_end(&pair->one);
    } while (status == STATUS_conflict);
    assert_int_equal(STATUS_ok, status);
    assert_int_equal(1, stand_sure(pair->stand, pair->two.store, 0, key, &stamp));
}

/* Hands over both, the second after a moment or at once; not both are kept. */
static void cross(struct pair *pair, int64_t after_us)
{
    deed_keep(&pair->one);
    os_sleep_us(after_us);
    deed_keep(&pair->two);
    enum status one = deed_wait(&pair->one), two = deed_wait(&pair->two);
    assert_true(one == STATUS_ok || one == STATUS_conflict);
    assert_true(two == STATUS_ok || two == STATUS_conflict);
    assert_true(one != STATUS_ok || two != STATUS_ok);
    pair->one.changes.count = pair->one.reads.count = 0;
    pair->two.changes.count = pair->two.reads.count = 0;
}

static const int64_t delays_us[] = { 0, 150000 };

/* Each misses what the other inserts: few rows, and many, which travel by another way. */
static void who_misses_each_other_is_not_both_kept(void **state)
{
    static const int64_t counts[] = { 1, 40 };
    for (size_t i = 0; i < COUNT_OF(delays_us) * COUNT_OF(counts); i++) {
        struct pair pair;
        pair_begin(&pair, state);
        int64_t count = counts[i / COUNT_OF(delays_us)];
        for (int64_t j = 0; j < count; j++) {
            deed_write(&pair.one, j == 0 ? 0 : 1, 1000 + j, 1);
            deed_write(&pair.two, j == 0 ? 0 : 1, 2000 + j, 1);
        }
        size_t last = count == 1 ? 0 : 1;
        assert_int_equal(0, deed_read(&pair.one, last, 2000 + count - 1));
        assert_int_equal(0, deed_read(&pair.two, last, 1000 + count - 1));
        cross(&pair, delays_us[i % COUNT_OF(delays_us)]);
        pair_end(&pair);
    }
}

/* One misses what the other inserts, and changes what the other has read. */
static void who_is_missed_by_whom_it_misread_is_not_both_kept(void **state)
{
    for (size_t i = 0; i < 2 * COUNT_OF(delays_us); i++) {
        struct pair pair;
        pair_begin(&pair, state);
        row_put(&pair, 1);
        struct deed *inserts = i % 2 == 0 ? &pair.one : &pair.two;
        struct deed *changes = i % 2 == 0 ? &pair.two : &pair.one;
        deed_write(inserts, 0, 1000, 1);
        assert_int_equal(1, deed_read(inserts, 0, 1));
        assert_int_equal(1, deed_write(changes, 0, 1, 2));
        deed_write(changes, 0, 3000, 1); /* so that it takes its moment */
        assert_int_equal(0, deed_read(changes, 0, 1000));
        cross(&pair, delays_us[i / 2]);
        pair_end(&pair);
    }
}

/* What was looked for in vain leaves nothing behind, and is inserted by whoever comes next. */
static void a_gap_stays_a_gap(void **state)
{
    struct pair pair;
    int64_t stamp;
    pair_begin(&pair, state);
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        int64_t key = 10 + (int64_t)table;
        enum status status;
        do {
            deed_write(&pair.one, table, key, 1);
            assert_int_equal(0, deed_read(&pair.one, table, 90));
            status = deed_end(&pair.one);
        } while (status == STATUS_conflict); /* the second has joined since */
        assert_int_equal(STATUS_ok, status);
        assert_int_equal(0, stand_durable(pair.two.store, table, 90));
        assert_int_equal(0, stand_load(pair.one.store, table, 90, &stamp));
        do {
            assert_int_equal(0, deed_write(&pair.two, table, 90, 1));
            status = deed_end(&pair.two);
        } while (status == STATUS_conflict);
        assert_int_equal(STATUS_ok, status);
        assert_int_equal(1, stand_durable(pair.one.store, table, 90));
        /* And who still misses it is told. */
        deed_write(&pair.one, table, key, 1);
        draft_add(&pair.one.reads, table, 90, 0);
        pair.one.reads.changes[pair.one.reads.count - 1].version = 0;
        assert_int_equal(STATUS_conflict, deed_end(&pair.one));
    }
    pair_end(&pair);
}

static const struct stand_fact facts[] = {
    { "who_misses_each_other_is_not_both_kept", who_misses_each_other_is_not_both_kept, false },
    { "who_is_missed_by_whom_it_misread_is_not_both_kept", who_is_missed_by_whom_it_misread_is_not_both_kept, false },
    { "a_gap_stays_a_gap", a_gap_stays_a_gap, false },
};

int main(int argc, char **argv)
{
    int failed = stands_run(facts, COUNT_OF(facts), argc, argv);
    if (cluster != NULL) {
        cluster_close(cluster);
    }
    return failed;
}
