/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What engine/store.h promises of stores that several processes share, held against the database in memory
 * and against PostgreSQL. What only the one in memory can be made to do stands in store_memory_shared.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/os_clock.h"
#include "store_stand.h"

/* Two stores on one database, and a deed of each. */
struct pair {
    struct stand *stand;
    struct store *one, *two;
    struct deed first, second;
};

static void pair_open(struct pair *pair, void **state)
{
    pair->stand = stand_make(*(enum stand_kind *)*state);
    pair->one = stand_join(pair->stand);
    pair->two = stand_join(pair->stand);
    deed_begin(&pair->first, pair->stand, pair->one, 100);
    deed_begin(&pair->second, pair->stand, pair->two, 100);
}

static void pair_close(struct pair *pair)
{
    deed_release(&pair->first);
    deed_release(&pair->second);
    stand_remove(pair->stand);
}

static void pair_write(struct pair *pair, size_t table, int64_t key, int64_t version)
{
    deed_write(&pair->second, table, key, version);
    enum status status = deed_end(&pair->second);
    if (status == STATUS_conflict) { /* what it had at hand was old */
        deed_write(&pair->second, table, key, version);
        status = deed_end(&pair->second);
    }
    assert_int_equal(STATUS_ok, status);
}

/* ---- versions ---- */

static void a_version_is_the_stamp_of_the_last_change(void **state)
{
    struct pair pair;
    int64_t stamp, last[FIXTURE_TABLES] = { 0 };
    pair_open(&pair, state);
    for (int64_t version = 1; version <= 5; version++) {
        for (size_t table = 0; table < FIXTURE_TABLES; table++) {
            assert_int_equal(last[table] == 0 || table == 2 ? last[table] != 0 : version - 1,
                             deed_write(&pair.first, table, 9, version));
        }
        deed_keep(&pair.first);
        for (size_t table = 0; table < FIXTURE_TABLES; table++) { /* at once, durable or not */
            assert_int_equal(table == 2 ? 1 : version, stand_look(pair.one, table, 9, &stamp));
            assert_int_equal(pair.first.stamp, stamp);
            assert_int_equal(table == 2 ? 1 : version, stand_load(pair.one, table, 9, &stamp));
            assert_int_equal(pair.first.stamp, stamp);
        }
        assert_int_equal(STATUS_ok, deed_wait(&pair.first));
        pair.first.changes.count = 0;
        for (size_t table = 0; table < FIXTURE_TABLES; table++) {
            stand_sure(pair.stand, pair.two, table, 9, &stamp);
            assert_int_equal(pair.first.stamp, stamp);
            last[table] = stamp;
        }
    }
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        deed_write(&pair.first, table, 9, 0);
    }
    assert_int_equal(STATUS_ok, deed_end(&pair.first));
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        assert_int_equal(0, stand_look(pair.one, table, 9, &stamp));
        assert_int_equal(0, stand_sure(pair.stand, pair.two, table, 9, &stamp));
        assert_int_equal(0, stand_durable(pair.two, table, 9));
    }
    pair_close(&pair);
}

static void what_others_changed_is_a_conflict_and_nothing_happens(void **state)
{
    struct pair pair;
    int64_t stamp;
    pair_open(&pair, state);
    pair_write(&pair, 0, 1, 10);
    for (size_t table = 0; table < 2; table++) {
        deed_write(&pair.first, table, 5, 50);
    }
    deed_write(&pair.first, 0, 1, 11);
    pair_write(&pair, 0, 1, 12);
    assert_int_equal(STATUS_conflict, deed_end(&pair.first));
    assert_int_equal(12, stand_look(pair.one, 0, 1, &stamp));
    assert_int_equal(pair.second.stamp, stamp);
    assert_int_equal(0, stand_look(pair.one, 0, 5, &stamp));
    assert_int_equal(0, stand_look(pair.one, 1, 5, &stamp));
    assert_int_equal(STATUS_ok, deed_end(&pair.first)); /* empty: what was held is given back */
    assert_int_equal(0, stand_sure(pair.stand, pair.two, 1, 5, &stamp));
    pair_close(&pair);
}

static void what_was_only_read_must_still_hold(void **state)
{
    enum { CHANGED, GONE, NEW, SAME, STILL_ABSENT, CASES };
    struct pair pair;
    int64_t stamp;
    pair_open(&pair, state);
    for (int64_t i = 0; i < 2 * CASES; i++) {
        int64_t which = i / 2, table = i % 2, there = which != NEW && which != STILL_ABSENT;
        if (there) {
            pair_write(&pair, (size_t)table, i, 1);
        }
        assert_int_equal(there, deed_read(&pair.first, (size_t)table, i));
        deed_write(&pair.first, 1, 100 + i, 7);
        if (which != SAME && which != STILL_ABSENT) {
            pair_write(&pair, (size_t)table, i, which == GONE ? 0 : 2);
        }
        bool holds = which == SAME || which == STILL_ABSENT;
        assert_int_equal(holds ? STATUS_ok : STATUS_conflict, deed_end(&pair.first));
        assert_int_equal(STATUS_ok, deed_end(&pair.first));
        assert_int_equal(holds ? 7 : 0, stand_sure(pair.stand, pair.two, 1, 100 + i, &stamp));
    }
    pair_close(&pair);
}

static void reading_the_same_row_hinders_nobody(void **state)
{
    struct pair pair;
    pair_open(&pair, state);
    pair_write(&pair, 0, 1, 1);
    deed_read(&pair.first, 0, 1);
    deed_write(&pair.first, 0, 2, 1);
    deed_read(&pair.second, 0, 1);
    deed_write(&pair.second, 0, 3, 1);
    deed_keep(&pair.first);
    deed_keep(&pair.second);
    assert_int_equal(STATUS_ok, deed_wait(&pair.first));
    assert_int_equal(STATUS_ok, deed_wait(&pair.second));
    pair_close(&pair);
}

static void of_two_who_make_or_remove_the_same_row_one_wins(void **state)
{
    struct pair pair;
    int64_t stamp;
    pair_open(&pair, state);
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        for (int64_t removes = 0; removes < 2; removes++) {
            deed_write(&pair.first, table, 4, removes ? 0 : 21);
            deed_write(&pair.second, table, 4, removes ? 0 : 22);
            deed_keep(&pair.first);
            deed_keep(&pair.second);
            enum status first = deed_wait(&pair.first), second = deed_wait(&pair.second);
            assert_true((first == STATUS_ok && second == STATUS_conflict) ||
                        (first == STATUS_conflict && second == STATUS_ok));
            pair.first.changes.count = pair.second.changes.count = 0;
            assert_int_equal(STATUS_ok, deed_end(&pair.first));
            assert_int_equal(STATUS_ok, deed_end(&pair.second));
            int64_t winner = table == 2 ? 1 : first == STATUS_ok ? 21 : 22;
            assert_int_equal(removes ? 0 : winner, stand_sure(pair.stand, pair.one, table, 4, &stamp));
            assert_int_equal(removes ? 0 : winner, stand_sure(pair.stand, pair.two, table, 4, &stamp));
        }
    }
    pair_close(&pair);
}

static void an_unread_row_is_replaced_whatever_is_there(void **state)
{
    struct pair pair;
    int64_t stamp;
    pair_open(&pair, state);
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        for (int64_t version = 1; version < 4; version++) {
            deed_replace(&pair.first, table, 3, 2 * version);
            assert_int_equal(STATUS_ok, deed_end(&pair.first));
            deed_replace(&pair.second, table, 3, 2 * version + 1);
            assert_int_equal(STATUS_ok, deed_end(&pair.second));
            assert_int_equal(table == 2 ? 1 : 2 * version + 1, stand_sure(pair.stand, pair.one, table, 3, &stamp));
            assert_int_equal(pair.second.stamp, stamp);
        }
        deed_replace(&pair.first, table, 3, 0);
        assert_int_equal(STATUS_ok, deed_end(&pair.first));
        deed_replace(&pair.second, table, 3, 0); /* and gone, whether it was there or not */
        assert_int_equal(STATUS_ok, deed_end(&pair.second));
        assert_int_equal(0, stand_sure(pair.stand, pair.one, table, 3, &stamp));
    }
    pair_close(&pair);
}

static void a_batch_stands_on_the_one_before_it(void **state)
{
    struct pair pair;
    struct deed next;
    int64_t stamp;
    pair_open(&pair, state);
    deed_begin(&next, pair.stand, pair.one, 10);
    for (int64_t i = 1; i <= 20; i++) {
        deed_write(&pair.first, 0, 1, 2 * i);
        deed_write(&pair.first, 1, i, i);
        deed_keep(&pair.first);
        assert_int_equal(2 * i, deed_write(&next, 0, 1, 2 * i + 1)); /* decided while that is on its way */
        assert_int_equal(i, deed_write(&next, 1, i, 0));
        assert_int_equal(STATUS_ok, deed_wait(&pair.first));
        pair.first.changes.count = 0;
        assert_int_equal(STATUS_ok, deed_end(&next));
        assert_int_equal(2 * i + 1, stand_sure(pair.stand, pair.two, 0, 1, &stamp));
        assert_int_equal(0, stand_sure(pair.stand, pair.two, 1, i, &stamp));
    }
    deed_release(&next);
    pair_close(&pair);
}

/* ---- conflicts ---- */

static void after_a_conflict_the_same_rows_can_be_had(void **state)
{
    struct pair pair;
    int64_t stamp;
    pair_open(&pair, state);
    for (int64_t key = 0; key < 10; key++) {
        pair_write(&pair, 0, key, 1);
    }
    for (int64_t key = 0; key < 10; key++) {
        deed_write(&pair.first, 0, key, 2);
    }
    pair_write(&pair, 0, 6, 3);
    assert_int_equal(STATUS_conflict, deed_end(&pair.first));
    deed_write(&pair.second, 0, 2, 9); /* this one is first to look, and second to come */
    for (int64_t key = 0; key < 10; key++) {
        assert_int_equal(key == 6 ? 3 : 1, deed_write(&pair.first, 0, key, 20 + key));
    }
    deed_keep(&pair.second);
    deed_keep(&pair.first);
    assert_int_equal(STATUS_ok, deed_wait(&pair.first));
    assert_int_equal(STATUS_conflict, deed_wait(&pair.second));
    pair.second.changes.count = 0;
    assert_int_equal(22, deed_write(&pair.second, 0, 2, 10));
    assert_int_equal(STATUS_ok, deed_end(&pair.second));
    assert_int_equal(10, stand_sure(pair.stand, pair.one, 0, 2, &stamp));
    pair_close(&pair);
}

/* A row is locked only while it is there: whoever makes one that another makes too has to come again. */
static void a_conflict_may_come_again_and_ends(void **state)
{
    struct pair pair;
    pair_open(&pair, state);
    deed_write(&pair.first, 1, 1, 1);
    pair_write(&pair, 1, 1, 2);
    assert_int_equal(STATUS_conflict, deed_end(&pair.first));
    assert_int_equal(2, deed_read(&pair.first, 1, 1));
    assert_int_equal(0, deed_write(&pair.first, 1, 2, 1));
    pair_write(&pair, 1, 2, 2);
    assert_int_equal(STATUS_conflict, deed_end(&pair.first));
    assert_int_equal(2, deed_read(&pair.first, 1, 1));
    assert_int_equal(2, deed_write(&pair.first, 1, 2, 3));
    assert_int_equal(STATUS_ok, deed_end(&pair.first));
    pair_close(&pair);
}

static void a_batch_that_is_given_up_gives_its_rows_back(void **state)
{
    struct pair pair;
    pair_open(&pair, state);
    pair_write(&pair, 0, 1, 1);
    deed_write(&pair.first, 0, 1, 2);
    pair_write(&pair, 0, 1, 3);
    assert_int_equal(STATUS_conflict, deed_end(&pair.first));
    deed_read(&pair.first, 0, 1);
    pair.first.reads.count = 0;
    assert_int_equal(STATUS_ok, deed_end(&pair.first));
    int64_t start_us = os_monotonic_us();
    pair_write(&pair, 0, 1, 4);
    assert_true(os_monotonic_us() - start_us < 2000000);
    pair_close(&pair);
}

static void nothing_is_decided_ahead_while_others_are_at_the_same_rows(void **state)
{
    struct pair pair;
    pair_open(&pair, state);
    assert_true(pair.one->ops->ahead(pair.one));
    deed_write(&pair.first, 0, 1, 1);
    pair_write(&pair, 0, 1, 2);
    assert_int_equal(STATUS_conflict, deed_end(&pair.first));
    assert_false(pair.one->ops->ahead(pair.one));
    assert_int_equal(2, deed_write(&pair.first, 0, 1, 1));
    assert_int_equal(STATUS_ok, deed_end(&pair.first));
    assert_true(pair.two->ops->ahead(pair.two));
    pair_close(&pair);
}

static void one_stale_row_among_thousands_is_found(void **state)
{
    enum { ROWS = 3000 };
    struct pair pair;
    struct deed big;
    int64_t stamp;
    pair_open(&pair, state);
    deed_begin(&big, pair.stand, pair.one, ROWS);
    for (int64_t key = 0; key < ROWS; key += 2) {
        deed_replace(&big, 1, key, 1);
    }
    assert_int_equal(STATUS_ok, deed_end(&big));
    for (int round = 0; round < 3; round++) { /* clean, a stale change, a stale read */
        for (int64_t key = 0; key < ROWS; key++) {
            int64_t now = key % 5 == 4 ? deed_read(&big, 1, key)
                                       : deed_write(&big, 1, key, key % 7 == 6 ? 0 : 10 + round);
            assert_true(now >= 0);
        }
        if (round > 0) {
            pair_write(&pair, 1, round == 1 ? 1000 : 1004, 5);
        }
        assert_int_equal(round == 0 ? STATUS_ok : STATUS_conflict, deed_end(&big));
        assert_int_equal(STATUS_ok, deed_end(&big));
        assert_int_equal(10, stand_sure(pair.stand, pair.two, 1, 11, &stamp));
        assert_int_equal(0, stand_sure(pair.stand, pair.two, 1, 13, &stamp));
        assert_int_equal(round == 2 ? 5 : 1, round == 0 ? 1 : stand_sure(pair.stand, pair.two, 1, 1004, &stamp));
    }
    deed_release(&big);
    pair_close(&pair);
}

/* ---- random histories against a naive map ---- */

enum { HISTORY_KEYS = 12, HISTORY_STORES = 3 };

struct step {
    size_t table;
    int64_t key;
    bool reads;
    int64_t version;
};

struct plan {
    size_t count;
    struct step steps[5];
};

struct history {
    struct stand *stand;
    struct deed deeds[HISTORY_STORES];
    int64_t content[2][HISTORY_KEYS], stamps[2][HISTORY_KEYS];
    int64_t last;
    uint64_t seed;
    int conflicts, ok;
};

static int64_t dice(struct history *history, uint64_t sides)
{
    history->seed = hash_mix(history->seed + UINT64_C(0x9e3779b97f4a7c15));
    return (int64_t)(history->seed % sides);
}

/* Some rows to read, and some to change. */
static void history_plan(struct history *history, struct plan *plan)
{
    bool named[2][HISTORY_KEYS] = { 0 };
    plan->count = 0;
    for (int64_t i = dice(history, 5); i >= 0; i--) {
        int64_t table = dice(history, 2), key = dice(history, HISTORY_KEYS);
        if (!named[table][key]) {
            named[table][key] = true;
            plan->steps[plan->count++] =
                (struct step){ (size_t)table, key, dice(history, 3) == 0,
                               dice(history, 4) == 0 ? 0 : ++history->last };
        }
    }
}

/* What is shown may be old, and says so by its version. */
static void history_ask(struct deed *deed, const struct plan *plan)
{
    deed->changes.count = deed->reads.count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        if (step->reads) {
            deed_read(deed, step->table, step->key);
        } else {
            deed_write(deed, step->table, step->key, step->version);
        }
    }
}

static bool draft_fresh(const struct history *history, const struct draft *draft)
{
    bool fresh = true;
    for (size_t i = 0; i < draft->count; i++) {
        size_t table = draft->changes[i].table == &thing_table ? 0 : 1;
        for (int64_t key = 0; key < HISTORY_KEYS; key++) {
            union any_row row;
            struct fixture_key encoded;
            row_key_set(&row, table, key);
            key_make(&encoded, table, &row);
            struct span found = draft->changes[i].key;
            if (encoded.size == found.size && memcmp(encoded.bytes, found.bytes, found.size) == 0) {
                fresh = fresh && draft->changes[i].version == history->stamps[table][key];
            }
        }
    }
    return fresh;
}

static void history_apply(struct history *history, const struct deed *deed)
{
    for (size_t i = 0; i < deed->changes.count; i++) {
        const struct row_change *change = &deed->changes.changes[i];
        size_t table = change->table == &thing_table ? 0 : 1;
        const union any_row *row = change->row;
        int64_t key = table == 0 ? row->thing.id + 50 : strtoll(row->name.name + 1, NULL, 10);
        int64_t version = table == 0 ? row->thing.version : row->name.version;
        history->content[table][key] = change->exists ? version : 0;
        history->stamps[table][key] = change->exists ? deed->stamp : 0;
    }
}

/* Keeps what was asked, and knows beforehand how that ends; after a conflict the second try comes at once. */
static void history_keep(struct history *history, struct deed *deed, const struct plan *plan)
{
    bool fresh = draft_fresh(history, &deed->changes) && draft_fresh(history, &deed->reads);
    deed_keep(deed);
    assert_int_equal(fresh ? STATUS_ok : STATUS_conflict, deed_wait(deed));
    if (fresh) {
        history_apply(history, deed);
        history->ok++;
        return;
    }
    history->conflicts++;
    history_ask(deed, plan);
    assert_true(draft_fresh(history, &deed->changes) && draft_fresh(history, &deed->reads));
    deed_keep(deed);
    assert_int_equal(STATUS_ok, deed_wait(deed));
    history_apply(history, deed);
}

static void histories_of_several_stores_agree_with_a_map(void **state)
{
    enum stand_kind kind = *(enum stand_kind *)*state;
    struct history history = { .seed = 1 };
    for (int life = 0; life < (kind < STAND_postgres ? 40 : 2); life++) {
        history.stand = stand_make(kind);
        memset(history.content, 0, sizeof(history.content));
        memset(history.stamps, 0, sizeof(history.stamps));
        for (int i = 0; i < HISTORY_STORES; i++) {
            deed_begin(&history.deeds[i], history.stand, stand_join(history.stand), 16);
        }
        for (int step = 0; step < 150; step++) {
            struct deed *one = &history.deeds[dice(&history, HISTORY_STORES)];
            struct deed *other = &history.deeds[dice(&history, HISTORY_STORES)];
            struct plan first, second;
            history_plan(&history, &first);
            history_plan(&history, &second);
            /* one that fears a conflict may hold from then on what it asks for: it is not to be kept waiting */
            bool waits = one->store->ops->ahead(one->store) || !stand_is_postgres(history.stand);
            history_ask(one, &first);
            if (other != one && waits && dice(&history, 2) == 0) {
                history_ask(other, &second);
                history_keep(&history, other, &second);
            }
            history_keep(&history, one, &first);
        }
        for (size_t table = 0; table < 2; table++) {
            for (int64_t key = 0; key < HISTORY_KEYS; key++) {
                int64_t stamp;
                assert_int_equal(history.content[table][key],
                                 stand_sure(history.stand, history.deeds[0].store, table, key, &stamp));
                assert_int_equal(history.stamps[table][key], stamp);
                assert_int_equal(history.content[table][key],
                                 stand_durable(history.deeds[1].store, table, key));
            }
        }
        for (int i = 0; i < HISTORY_STORES; i++) {
            deed_release(&history.deeds[i]);
        }
        stand_remove(history.stand);
    }
    assert_true(history.conflicts > 3 && history.ok > 100);
}

/* ---- threads ---- */

enum { COUNTERS = 3, COUNTING_THREADS = 3 };

struct counting {
    struct deed deed;
    pthread_t thread;
    uint64_t seed;
    int rounds, conflicts;
    int64_t added;
};

/* Adds one to a counter and reads another, again and again until it is through. */
static void *count_on(void *context)
{
    struct counting *counting = context;
    for (int round = 0; round < counting->rounds; round++) {
        for (int tries = 0;; tries++) {
            counting->seed = hash_mix(counting->seed + 1);
            int64_t key = (int64_t)(counting->seed % COUNTERS), stamp;
            int64_t value = stand_look(counting->deed.store, 1, key, &stamp);
            assert_true(tries < 1000 && value >= 0);
            deed_write(&counting->deed, 1, key, value + 1);
            deed_read(&counting->deed, 1, (key + 1) % COUNTERS);
            int64_t seen = counting->deed.changes.changes[0].version;
            enum status status = deed_end(&counting->deed);
            assert_true(status == STATUS_ok || status == STATUS_conflict);
            if (status == STATUS_ok) {
                assert_int_equal(stamp, seen);
                break;
            }
            counting->conflicts++;
        }
        counting->added++;
    }
    return NULL;
}

static void counters_of_many_threads_lose_nothing(void **state)
{
    struct stand *stand = stand_make(*(enum stand_kind *)*state);
    struct counting threads[COUNTING_THREADS];
    int64_t sum = 0, added = 0, stamp;
    stand->wait_us = 1000000;
    stand->threaded = true;
    for (int i = 0; i < COUNTING_THREADS; i++) {
        threads[i] = (struct counting){ .seed = (uint64_t)i, .rounds = stand_is_postgres(stand) ? 60 : 2000 };
        deed_begin(&threads[i].deed, stand, stand_join(stand), 4);
    }
    for (int i = 0; i < COUNTING_THREADS; i++) {
        assert_int_equal(0, pthread_create(&threads[i].thread, NULL, count_on, &threads[i]));
    }
    for (int i = 0; i < COUNTING_THREADS; i++) {
        assert_int_equal(0, pthread_join(threads[i].thread, NULL));
        added += threads[i].added;
    }
    for (int64_t key = 0; key < COUNTERS; key++) {
        sum += stand_sure(stand, threads[0].deed.store, 1, key, &stamp);
    }
    assert_int_equal(added, sum);
    for (int i = 0; i < COUNTING_THREADS; i++) {
        print_message("# thread %d: %d conflicts\n", i, threads[i].conflicts);
        deed_release(&threads[i].deed);
    }
    stand_remove(stand);
}

static const struct stand_fact facts[] = {
    { "a_version_is_the_stamp_of_the_last_change", a_version_is_the_stamp_of_the_last_change, false },
    { "what_others_changed_is_a_conflict_and_nothing_happens",
      what_others_changed_is_a_conflict_and_nothing_happens, false },
    { "what_was_only_read_must_still_hold", what_was_only_read_must_still_hold, false },
    { "reading_the_same_row_hinders_nobody", reading_the_same_row_hinders_nobody, false },
    { "of_two_who_make_or_remove_the_same_row_one_wins", of_two_who_make_or_remove_the_same_row_one_wins, false },
    { "an_unread_row_is_replaced_whatever_is_there", an_unread_row_is_replaced_whatever_is_there, false },
    { "a_batch_stands_on_the_one_before_it", a_batch_stands_on_the_one_before_it, false },
    { "after_a_conflict_the_same_rows_can_be_had", after_a_conflict_the_same_rows_can_be_had, false },
    { "a_conflict_may_come_again_and_ends", a_conflict_may_come_again_and_ends, false },
    { "a_batch_that_is_given_up_gives_its_rows_back", a_batch_that_is_given_up_gives_its_rows_back, false },
    { "nothing_is_decided_ahead_while_others_are_at_the_same_rows",
      nothing_is_decided_ahead_while_others_are_at_the_same_rows, false },
    { "one_stale_row_among_thousands_is_found", one_stale_row_among_thousands_is_found, false },
    { "histories_of_several_stores_agree_with_a_map", histories_of_several_stores_agree_with_a_map, false },
    { "counters_of_many_threads_lose_nothing", counters_of_many_threads_lose_nothing, false },
};

int main(int argc, char **argv)
{
    return stands_run(facts, COUNT_OF(facts), argc, argv);
}
