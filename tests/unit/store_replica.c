/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists that a replica answers: what it shows may be old, and the reader says how old; what is acted upon is never read
 * there; and when it is away, or stands too far behind, the database itself answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/os_clock.h"
#include "engine/reader.h"
#include "store/store.h"
#include "support/cluster.h"
#include "lines/product.h"

#define WAIT_US (20 * INT64_C(1000000))
#define QUERY_US 400000

struct stage {
    struct cluster *cluster;
    uint32_t replica;
    char place[CLUSTER_PLACE_SIZE], read_place[CLUSTER_PLACE_SIZE];
    struct store *store;
    struct reader *shown; /* may lag */
    struct reader *sure;  /* must not */
    int64_t shop_next;
};

static int stage_open(void **state)
{
    static struct stage stage = { .shop_next = 1 };
    struct store_error error = { .text = "" };
    struct cluster_settings settings = { .own = true, .replicated = true };
    stage.cluster = cluster_open(&settings);
    cluster_database(stage.cluster, stage.place);
    stage.replica = cluster_standby(stage.cluster, 0);
    cluster_place_on(stage.cluster, stage.place, stage.replica, stage.read_place);
    struct postgres_settings wanted = { .read_place = stage.read_place, .query_us_max = QUERY_US };
    enum status status = store_postgres_open(stage.place, product_tables, &wanted, &stage.store, &error);
    if (status != STATUS_ok) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(stage.store->ops->reader_open(stage.store, &stage.shown), STATUS_ok);
    assert_int_equal(stage.store->ops->reader_open(stage.store, &stage.sure), STATUS_ok);
    reader_lag(stage.shown, true);
    *state = &stage;
    return 0;
}

static int stage_close(void **state)
{
    struct stage *stage = *state;
    stage->shown->ops->close(stage->shown);
    stage->sure->ops->close(stage->sure);
    stage->store->ops->close(stage->store);
    cluster_close(stage->cluster);
    return 0;
}

static void shop_add(struct stage *stage)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "INSERT INTO shops (p, shop_id, merchant_id, ver) VALUES (0, %lld, 1, 1)",
             (long long)stage->shop_next++);
    cluster_run(stage->cluster, stage->place, sql);
}

static bool number_note(void *context, const struct value *values, size_t count)
{
    assert_int_equal(count, 1);
    *(int64_t *)context = values[0].i64;
    return true;
}

/* How many shops the reader shows, in a snapshot of its own, and how old that is. */
static int64_t shops_count(struct reader *reader, int64_t *age_us)
{
    int64_t number = -1;
    if (reader->ops->begin(reader) != STATUS_ok) {
        fail_msg("%s", reader_error(reader));
    }
    *age_us = reader_age_us(reader);
    assert_int_equal(reader->ops->query(reader, "SELECT count(*) FROM shops", NULL, 0, number_note, &number),
                     STATUS_ok);
    reader->ops->end(reader);
    return number;
}

static int64_t shops_there(const struct stage *stage)
{
    return stage->shop_next - 1;
}

/* Until the replica answers, and shows `count` shops. */
static void replica_await(struct stage *stage, int64_t count)
{
    int64_t until_us = os_monotonic_us() + WAIT_US, age_us, shown;
    do {
        shown = shops_count(stage->shown, &age_us);
        assert_true(os_monotonic_us() < until_us);
        os_sleep_us(20000);
    } while (age_us < 0 || shown != count);
}

static void a_replica_answers_what_is_shown(void **state)
{
    struct stage *stage = *state;
    int64_t age_us;
    shop_add(stage);
    replica_await(stage, shops_there(stage));
    assert_int_equal(shops_count(stage->sure, &age_us), shops_there(stage));
    assert_true(age_us < 0); /* no replica */
    struct store_counts counts, later;
    stage->store->ops->counts(stage->store, &counts);
    assert_true(counts.replica_snapshots > 0 && counts.replica_age_us >= 0);
    assert_true(counts.replica_at_us > 0 && counts.replica_at_us <= os_monotonic_us());
    reader_lag(stage->shown, false);
    assert_int_equal(shops_count(stage->shown, &age_us), shops_there(stage));
    stage->store->ops->counts(stage->store, &later);
    assert_int_equal(later.replica_snapshots, counts.replica_snapshots);
    assert_true(age_us < 0);
    reader_lag(stage->shown, true);
}

/* Its age is never less than how long ago it lost sight of the database. */
static void a_replica_that_stands_still_says_so(void **state)
{
    struct stage *stage = *state;
    int64_t before = shops_there(stage), age_us = 0;
    (void)cluster_number(stage->cluster, stage->read_place, "SELECT 1 FROM pg_wal_replay_pause()");
    while (cluster_number(stage->cluster, stage->read_place,
                          "SELECT count(*) WHERE pg_get_wal_replay_pause_state() = 'paused'") == 0) {
        os_sleep_us(10000);
    }
    int64_t paused_us = os_monotonic_us();
    shop_add(stage);
    assert_int_equal(shops_count(stage->sure, &age_us), before + 1);
    for (int i = 0; i < 12; i++) {
        int64_t least_us = os_monotonic_us() - paused_us;
        assert_int_equal(shops_count(stage->shown, &age_us), before);
        assert_true(age_us >= least_us - 50000);
        os_sleep_us(150000);
    }
    assert_true(age_us >= 1000000);
    (void)cluster_number(stage->cluster, stage->read_place, "SELECT 1 FROM pg_wal_replay_resume()");
    replica_await(stage, before + 1);
    int64_t until_us = os_monotonic_us() + WAIT_US;
    do { /* and while it follows, every sign of life brings it near again */
        (void)shops_count(stage->shown, &age_us);
        assert_true(os_monotonic_us() < until_us);
        os_sleep_us(20000);
    } while (age_us > 500000);
}

static void a_query_that_takes_too_long_is_ended(void **state)
{
    struct stage *stage = *state;
    struct reader *readers[] = { stage->sure, stage->shown };
    int64_t number = 0, age_us;
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        struct reader *reader = readers[i];
        assert_int_equal(reader->ops->begin(reader), STATUS_ok);
        int64_t start_us = os_monotonic_us();
        assert_int_equal(reader->ops->query(reader, "SELECT count(*) FROM (SELECT pg_sleep(30)) AS nap WHERE 1 = ?",
                                            &VALUE_I64(1), 1, number_note, &number),
                         STATUS_busy);
        int64_t took_us = os_monotonic_us() - start_us;
        assert_true(took_us >= QUERY_US - 50000 && took_us < 10 * QUERY_US);
        assert_true(reader_error(reader)[0] != '\0');
        reader->ops->end(reader);
        assert_int_equal(shops_count(reader, &age_us), shops_there(stage));
    }
}

/* Last: afterwards nothing follows. */
static void without_the_replica_the_database_answers(void **state)
{
    struct stage *stage = *state;
    int64_t age_us;
    replica_await(stage, shops_there(stage));
    /* Its word is not waited for any more. */
    cluster_run(stage->cluster, stage->place, "ALTER SYSTEM SET synchronous_standby_names = ''");
    cluster_run(stage->cluster, stage->place, "SELECT pg_reload_conf()");
    cluster_stop(stage->cluster, stage->replica, CLUSTER_END_immediate);
    shop_add(stage);
    assert_int_equal(shops_count(stage->shown, &age_us), shops_there(stage));
    assert_true(age_us < 0);
    int64_t start_us = os_monotonic_us();
    for (int i = 0; i < 100; i++) { /* nor is it tried each time */
        (void)shops_count(stage->shown, &age_us);
    }
    assert_true(os_monotonic_us() - start_us < 4000000);
    cluster_start(stage->cluster, stage->replica);
    replica_await(stage, shops_there(stage));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replica_answers_what_is_shown),
        cmocka_unit_test(a_replica_that_stands_still_says_so),
        cmocka_unit_test(a_query_that_takes_too_long_is_ended),
        cmocka_unit_test(without_the_replica_the_database_answers),
    };
    return cmocka_run_group_tests_name("store_replica", tests, stage_open, stage_close);
}
