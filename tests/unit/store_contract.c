/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of engine/store.h, run against every store and every way to set one up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "fault_vfs.h"
#include "store/memory_shared.h"
#include "store_fixture.h"
#include "support/cluster.h"

enum kind_flag {
    KIND_sqlite = 1,
    KIND_tiny = 2,    /* hardly any memory: rows are evicted all the time */
    KIND_journal = 4, /* every closing leaves the journal to be recovered */
    KIND_cold = 8,
    KIND_deferred = 16,
    KIND_log = 32, /* the log is long, so that read transactions are not given back for it */
    KIND_postgres = 64,
    KIND_lists = 128, /* as sharding databases want it: several partitions, rows as lists of values */
    KIND_shared = 256, /* a node of a database in memory */
};

static struct cluster *cluster; /* for all tests of this program */

struct stand {
    unsigned kind;
    struct store *store;
    struct outcomes outcomes;
    uint64_t kept;
    struct folder folder;
    struct memory_settings memory;
    struct sqlite_settings sqlite;
    char place[CLUSTER_PLACE_SIZE];
    struct postgres_settings postgres;
    struct shared_memory *shared;
};

static void stand_open_postgres(struct stand *stand)
{
    struct store_error error;
    enum status status =
        store_postgres_open(stand->place, fixture_tables, &stand->postgres, &stand->store, &error);
    if (status != STATUS_ok) {
        fail_msg("%s", error.text);
    }
}

static void stand_make_postgres(struct stand *stand)
{
    if (cluster == NULL) {
        cluster = cluster_open(NULL);
    }
    cluster_database(cluster, stand->place);
    stand->postgres.cache_bytes = (stand->kind & KIND_tiny) != 0 ? 1 : 0;
    stand->postgres.partitions = (stand->kind & KIND_lists) != 0 ? 4 : 1;
    stand->postgres.value_lists = (stand->kind & KIND_lists) != 0;
}

static void stand_open(struct stand *stand)
{
    if ((stand->kind & KIND_postgres) != 0) {
        stand_open_postgres(stand);
        return;
    }
    if ((stand->kind & KIND_shared) != 0) {
        struct shared_join join = { .cold = (stand->kind & KIND_tiny) != 0 };
        assert_int_equal(STATUS_ok, store_shared_join(stand->shared, &join, &stand->store));
        return;
    }
    if ((stand->kind & KIND_sqlite) == 0) {
        assert_int_equal(STATUS_ok, store_memory_open(fixture_tables, &stand->memory, &stand->store));
        return;
    }
    struct store_error error;
    enum status status =
        store_sqlite_open(stand->folder.file, fixture_tables, &stand->sqlite, &stand->store, &error);
    if (status != STATUS_ok) {
        fail_msg("%s", error.text);
    }
}

static struct stand *stand_make(void **state)
{
    struct stand *stand = calloc(1, sizeof(*stand));
    assert_non_null(stand);
    stand->kind = *(unsigned *)*state;
    outcomes_init(&stand->outcomes);
    folder_make(&stand->folder);
    stand->memory.cold = (stand->kind & KIND_cold) != 0;
    stand->memory.deferred = (stand->kind & KIND_deferred) != 0;
    fault_vfs_register();
    stand->sqlite.vfs = "faults"; /* none here, but no waiting for the disk either */
    stand->sqlite.leave_journal = (stand->kind & KIND_journal) != 0;
    if ((stand->kind & KIND_tiny) != 0) {
        stand->sqlite.cache_bytes = 1;
        stand->sqlite.page_cache_bytes = 65536;
        stand->sqlite.wal_bytes = (stand->kind & KIND_log) != 0 ? 0 : 65536;
        stand->sqlite.generation_rows = 40;
        stand->sqlite.generation_age_us = 1;
    }
    if ((stand->kind & KIND_postgres) != 0) {
        stand_make_postgres(stand);
    }
    if ((stand->kind & KIND_shared) != 0) {
        shared_memory_open(fixture_tables, NULL, &stand->shared);
    }
    stand_open(stand);
    return stand;
}

static void stand_wait(struct stand *stand)
{
    while ((stand->kind & KIND_deferred) != 0 && store_memory_pump(stand->store)) {
    }
    outcomes_wait(&stand->outcomes, stand->kept);
    if (stand->outcomes.failed > 0 && (stand->kind & KIND_sqlite) != 0) {
        struct store_error error;
        store_sqlite_fault(stand->store, &error);
        fail_msg("%s", error.text);
    }
    assert_int_equal(0, stand->outcomes.failed);
    assert_false(stand->outcomes.disordered);
}

static void stand_keep(struct stand *stand, struct draft *draft)
{
    assert_int_equal(STATUS_ok, draft_keep(stand->store, draft, &stand->outcomes, stand->kept));
    stand->kept++;
    if (stand->store->shared) {
        stand_wait(stand); /* one batch at a time */
    }
}

static void stand_reopen(struct stand *stand)
{
    stand_wait(stand);
    if ((stand->kind & (KIND_sqlite | KIND_postgres | KIND_shared)) == 0) {
        struct store *fresh;
        assert_int_equal(STATUS_ok, store_memory_reopen(stand->store, &stand->memory, &fresh));
        stand->store = fresh;
        return;
    }
    stand->store->ops->close(stand->store);
    stand_open(stand);
}

static void stand_remove(struct stand *stand)
{
    stand->store->ops->close(stand->store);
    if ((stand->kind & KIND_postgres) != 0) {
        cluster_database_drop(cluster, stand->place);
    }
    if ((stand->kind & KIND_shared) != 0) {
        shared_memory_close(stand->shared);
    }
    folder_remove(&stand->folder);
    free(stand);
}

/* ---- what a scan finds, against what it should ---- */

struct scan_check {
    size_t table;
    const int64_t *versions; /* by key, 0: absent */
    int64_t key_count;
    int64_t next;
    size_t seen;
    size_t stop_after;
};

static bool scan_check_row(void *context, const void *row)
{
    struct scan_check *check = context;
    while (check->next < check->key_count && check->versions[check->next] == 0) {
        check->next++;
    }
    assert_true(check->next < check->key_count);
    int64_t version = row_version(check->table, check->next, row);
    assert_int_equal(check->versions[check->next],
                     check->table == 2 ? check->versions[check->next] : version);
    check->next++;
    check->seen++;
    return check->seen != check->stop_after;
}

static void scan_equals(struct stand *stand, size_t table, const int64_t *versions, int64_t key_count,
                        int64_t from)
{
    struct scan_check check = { .table = table, .versions = versions, .key_count = key_count, .next = from };
    struct fixture_key key = { .size = 0 };
    if (from > 0) {
        union any_row row;
        row_key_set(&row, table, from);
        key_make(&key, table, &row);
    }
    assert_int_equal(STATUS_ok, stand->store->ops->scan(stand->store, fixture_tables[table], key_span(&key),
                                                        scan_check_row, &check));
    size_t expected = 0;
    for (int64_t i = from; i < key_count; i++) {
        expected += versions[i] != 0;
    }
    assert_int_equal(expected, check.seen);
}

/* ---- tests ---- */

static void a_new_store_is_empty(void **state)
{
    struct stand *stand = stand_make(state);
    int64_t none[10] = { 0 };
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        assert_int_equal(0, version_read(stand->store, table, 3));
        scan_equals(stand, table, none, 10, 0);
    }
    stand_remove(stand);
}

static void what_was_kept_is_seen_at_once_and_after_reopening(void **state)
{
    struct stand *stand = stand_make(state);
    struct draft draft;
    draft_init(&draft, 100);
    int64_t versions[FIXTURE_TABLES][30] = { 0 };
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        for (int64_t key = 0; key < 30; key += 3) {
            versions[table][key] = 11 * key + 1;
            draft_add(&draft, table, key, versions[table][key]);
        }
    }
    stand_keep(stand, &draft);
    for (int round = 0; round < 2; round++) {
        for (size_t table = 0; table < FIXTURE_TABLES; table++) {
            for (int64_t key = 0; key < 30; key++) {
                int64_t wanted = versions[table][key] == 0 ? 0 : table == 2 ? 1 : versions[table][key];
                assert_int_equal(wanted, version_read(stand->store, table, key));
            }
        }
        stand_wait(stand);
        for (size_t table = 0; table < FIXTURE_TABLES; table++) {
            scan_equals(stand, table, versions[table], 30, 0);
            scan_equals(stand, table, versions[table], 30, 10);
            scan_equals(stand, table, versions[table], 30, 12);
            scan_equals(stand, table, versions[table], 30, 29);
        }
        stand_reopen(stand);
    }
    draft_release(&draft);
    stand_remove(stand);
}

static void later_batches_win_and_rows_come_and_go(void **state)
{
    struct stand *stand = stand_make(state);
    struct draft draft;
    draft_init(&draft, 4);
    for (int64_t version = 1; version <= 100; version++) {
        draft_add(&draft, 0, 7, version);
        draft_add(&draft, 1, 7, version % 2 == 0 ? 0 : version);
        stand_keep(stand, &draft);
        assert_int_equal(version, version_read(stand->store, 0, 7));
        assert_int_equal(version % 2 == 0 ? 0 : version, version_read(stand->store, 1, 7));
        if (version == 33 || version == 66) {
            stand_reopen(stand);
        } else if ((stand->kind & KIND_deferred) != 0) {
            stand_wait(stand);
        }
    }
    stand_reopen(stand);
    assert_int_equal(100, version_read(stand->store, 0, 7));
    assert_int_equal(0, version_read(stand->store, 1, 7));
    draft_add(&draft, 1, 7, 101);
    stand_keep(stand, &draft);
    stand_reopen(stand);
    assert_int_equal(101, version_read(stand->store, 1, 7));
    draft_release(&draft);
    stand_remove(stand);
}

static void load_answers_many_found_and_absent_twice_named_or_not(void **state)
{
    enum { WANTS = 40 };
    struct stand *stand = stand_make(state);
    struct draft draft;
    draft_init(&draft, 40);
    for (int64_t key = 0; key < 40; key += 2) {
        draft_add(&draft, 0, key, key + 1);
    }
    stand_keep(stand, &draft);
    stand_reopen(stand);
    union any_row rows[WANTS];
    struct fixture_key keys[WANTS];
    struct row_want wants[WANTS];
    for (int64_t i = 0; i < WANTS; i++) {
        row_key_set(&rows[i], 0, (WANTS - 1 - i) / 2);
        key_make(&keys[i], 0, &rows[i]);
        wants[i] = (struct row_want){
            .table = &thing_table, .key = key_span(&keys[i]), .hash = keys[i].hash, .row = &rows[i]
        };
    }
    assert_int_equal(STATUS_ok, stand->store->ops->load(stand->store, wants, WANTS));
    for (int64_t i = 0; i < WANTS; i++) {
        int64_t key = (WANTS - 1 - i) / 2;
        assert_int_equal(key % 2 == 0, wants[i].exists);
        if (wants[i].exists) {
            assert_int_equal(key + 1, row_version(0, key, &rows[i]));
        }
    }
    assert_int_equal(STATUS_ok, stand->store->ops->load(stand->store, wants, 0));
    draft_release(&draft);
    stand_remove(stand);
}

static void a_scan_ends_when_told(void **state)
{
    struct stand *stand = stand_make(state);
    struct draft draft;
    int64_t versions[20];
    draft_init(&draft, 20);
    for (int64_t key = 0; key < 20; key++) {
        versions[key] = key + 1;
        draft_add(&draft, 1, key, key + 1);
    }
    stand_keep(stand, &draft);
    stand_wait(stand);
    struct scan_check check = { .table = 1, .versions = versions, .key_count = 20, .stop_after = 5 };
    assert_int_equal(STATUS_ok, stand->store->ops->scan(stand->store, &name_table, (struct span){ NULL, 0 },
                                                        scan_check_row, &check));
    assert_int_equal(5, check.seen);
    draft_release(&draft);
    stand_remove(stand);
}

static void an_empty_batch_is_done_in_its_turn(void **state)
{
    struct stand *stand = stand_make(state);
    struct draft draft;
    draft_init(&draft, 1);
    for (int64_t i = 1; i <= 6; i++) {
        if (i % 2 == 0) {
            draft_add(&draft, 0, 1, i);
        }
        stand_keep(stand, &draft);
        stand_wait(stand);
    }
    stand_reopen(stand);
    assert_int_equal(6, version_read(stand->store, 0, 1));
    draft_release(&draft);
    stand_remove(stand);
}

static void a_row_that_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    static const struct column wide_columns[] = { COLUMN(thing_row, id),     COLUMN(thing_row, answer),
                                                  COLUMN(thing_row, answer), COLUMN(thing_row, answer),
                                                  COLUMN(thing_row, answer), COLUMN(thing_row, answer) };
    static const struct table wide_table = TABLE("things", 1, thing_row, wide_columns, 1);
    struct stand *stand = stand_make(state);
    struct draft draft;
    draft_init(&draft, 2);
    draft_add(&draft, 1, 1, 1);
    draft_add(&draft, 0, 1, 11); /* a full answer */
    draft.changes[1].table = &wide_table;
    assert_int_equal(STATUS_too_large, draft_keep(stand->store, &draft, &stand->outcomes, 0));
    assert_int_equal(0, version_read(stand->store, 1, 1));
    draft_add(&draft, 1, 2, 5);
    stand_keep(stand, &draft);
    stand_reopen(stand);
    assert_int_equal(5, version_read(stand->store, 1, 2));
    assert_int_equal(0, version_read(stand->store, 1, 1));
    draft_release(&draft);
    stand_remove(stand);
}

static void a_big_batch_is_one_batch(void **state)
{
    enum { ROWS = 60000 };
    struct stand *stand = stand_make(state);
    struct draft draft;
    int64_t *versions = calloc(ROWS, sizeof(*versions));
    assert_non_null(versions);
    draft_init(&draft, ROWS);
    for (int64_t key = 0; key < ROWS; key++) {
        versions[key] = 11 * (key % 20 == 0) + 1;
        draft_add(&draft, (size_t)(key % 2), key, versions[key]);
    }
    stand_keep(stand, &draft);
    stand_wait(stand);
    struct store_counts counts;
    stand->store->ops->counts(stand->store, &counts);
    assert_int_equal(1, counts.batches);
    for (int round = 0; round < 2; round++) {
        for (int64_t key = 0; key < ROWS; key += 61) {
            assert_int_equal(versions[key], version_read(stand->store, (size_t)(key % 2), key));
            assert_int_equal(0, version_read(stand->store, (size_t)(key % 2), key + 1));
        }
        stand_reopen(stand);
    }
    for (int64_t key = 1; key < ROWS; key += 2) {
        versions[key] = 0;
    }
    scan_equals(stand, 0, versions, ROWS, 0);
    free(versions);
    draft_release(&draft);
    stand_remove(stand);
}

/* ---- random histories against a naive map ---- */

enum { HISTORY_KEYS = 500 };

struct history {
    int64_t versions[FIXTURE_TABLES][HISTORY_KEYS];
    int64_t version;
    uint64_t seed;
};

static uint64_t dice(struct history *history, uint64_t sides)
{
    history->seed = hash_mix(history->seed + UINT64_C(0x9e3779b97f4a7c15));
    return history->seed % sides;
}

static void history_batch(struct history *history, struct stand *stand, struct draft *draft)
{
    size_t count = 1 + dice(history, dice(history, 8) == 0 ? 200 : 12);
    bool named[FIXTURE_TABLES][HISTORY_KEYS] = { 0 };
    for (size_t i = 0; i < count; i++) {
        size_t table = dice(history, FIXTURE_TABLES);
        int64_t key = (int64_t)dice(history, HISTORY_KEYS);
        if (named[table][key]) {
            continue;
        }
        named[table][key] = true;
        history->versions[table][key] = dice(history, 4) == 0 ? 0 : ++history->version;
        draft_add(draft, table, key, history->versions[table][key]);
    }
    stand_keep(stand, draft);
}

static void history_look(struct history *history, struct stand *stand, uint64_t looks)
{
    for (uint64_t i = 0; i < looks; i++) {
        size_t table = dice(history, FIXTURE_TABLES);
        int64_t key = (int64_t)dice(history, HISTORY_KEYS);
        int64_t version = history->versions[table][key];
        assert_int_equal(table == 2 ? version != 0 : version, version_read(stand->store, table, key));
    }
}

static void random_histories_agree_with_a_map(void **state)
{
    struct draft draft;
    draft_init(&draft, 256);
    bool postgres = (*(unsigned *)*state & KIND_postgres) != 0;
    for (uint64_t seed = 0; seed < (postgres ? 5 : 30); seed++) { /* times the kinds: more than 200 */
        struct stand *stand = stand_make(state);
        struct history history = { .seed = seed };
        uint64_t steps = 10 + dice(&history, 50);
        for (uint64_t step = 0; step < steps; step++) {
            history_batch(&history, stand, &draft);
            history_look(&history, stand, 20);
            if (dice(&history, 10) == 0) {
                stand_reopen(stand);
            } else if (dice(&history, 10) == 0) {
                stand_wait(stand);
                for (size_t table = 0; table < FIXTURE_TABLES; table++) {
                    scan_equals(stand, table, history.versions[table], HISTORY_KEYS,
                                (int64_t)dice(&history, 400));
                }
            } else if ((stand->kind & KIND_cold) != 0 && dice(&history, 5) == 0) {
                store_memory_chill(stand->store);
            }
        }
        stand_reopen(stand);
        for (size_t table = 0; table < FIXTURE_TABLES; table++) {
            scan_equals(stand, table, history.versions[table], HISTORY_KEYS, 0);
        }
        history_look(&history, stand, 400);
        stand_remove(stand);
    }
    draft_release(&draft);
}

static unsigned kinds[] = {
    0,
    KIND_cold,
    KIND_deferred,
    KIND_sqlite,
    KIND_sqlite | KIND_tiny,
    KIND_sqlite | KIND_tiny | KIND_log,
    KIND_sqlite | KIND_journal,
    KIND_sqlite | KIND_tiny | KIND_journal,
    KIND_postgres,
    KIND_postgres | KIND_tiny,
    KIND_postgres | KIND_tiny | KIND_lists,
    KIND_shared,
    KIND_shared | KIND_tiny,
};

static const char *const kind_names[] = {
    "memory",          "cold memory",    "deferred memory",     "sqlite",
    "tiny sqlite",     "tiny long-log sqlite", "journal sqlite", "tiny journal sqlite",
    "postgres",        "tiny postgres",  "tiny postgres of lists", "shared memory",
    "cold shared memory",
};
static_assert(COUNT_OF(kind_names) == COUNT_OF(kinds), "every kind has a name");

static const struct {
    const char *name;
    CMUnitTestFunction run;
} facts[] = {
    { "a_new_store_is_empty", a_new_store_is_empty },
    { "what_was_kept_is_seen_at_once_and_after_reopening",
      what_was_kept_is_seen_at_once_and_after_reopening },
    { "later_batches_win_and_rows_come_and_go", later_batches_win_and_rows_come_and_go },
    { "load_answers_many_found_and_absent_twice_named_or_not",
      load_answers_many_found_and_absent_twice_named_or_not },
    { "a_scan_ends_when_told", a_scan_ends_when_told },
    { "an_empty_batch_is_done_in_its_turn", an_empty_batch_is_done_in_its_turn },
    { "a_row_that_does_not_fit_is_refused_and_changes_nothing",
      a_row_that_does_not_fit_is_refused_and_changes_nothing },
    { "a_big_batch_is_one_batch", a_big_batch_is_one_batch },
    { "random_histories_agree_with_a_map", random_histories_agree_with_a_map },
};

int main(void)
{
    static char names[COUNT_OF(kinds) * COUNT_OF(facts)][128];
    static struct CMUnitTest tests[COUNT_OF(kinds) * COUNT_OF(facts)];
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        for (size_t j = 0; j < COUNT_OF(facts); j++) {
            size_t at = i * COUNT_OF(facts) + j;
            snprintf(names[at], sizeof(names[at]), "%s: %s", kind_names[i], facts[j].name);
            tests[at] = (struct CMUnitTest){ names[at], facts[j].run, NULL, NULL, &kinds[i] };
        }
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (cluster != NULL) {
        cluster_close(cluster);
    }
    return failed;
}
