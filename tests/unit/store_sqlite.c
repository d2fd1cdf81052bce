/* SPDX-License-Identifier: Apache-2.0 */
/* What only the sqlite store has: what it refuses to open, readers, snapshots, backups, its log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/os_clock.h"
#include "store_prefix.h"

/* ---- what opening refuses ---- */

static void file_run(const struct folder *folder, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(SQLITE_OK, sqlite3_open(folder->file, &db));
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        fail_msg("%s", sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

/* A file with a few batches, all of them still in the journal when `leave_journal`. */
static void file_make(const struct folder *folder, bool leave_journal, struct prefix *prefix, int64_t batches)
{
    struct sqlite_settings settings = { .cache_bytes = 1 << 20, .leave_journal = leave_journal };
    struct store *store = open_or_fail(folder, &settings);
    struct outcomes outcomes;
    struct draft draft;
    outcomes_init(&outcomes);
    draft_init(&draft, ROWS_PER_BATCH);
    for (int64_t i = 0; i < batches; i++) {
        prefix_step(prefix, &draft);
        assert_int_equal(STATUS_ok, draft_keep(store, &draft, &outcomes, (uint64_t)i));
    }
    outcomes_wait(&outcomes, (uint64_t)batches);
    store->ops->close(store);
    draft_release(&draft);
}

static void refused(const struct folder *folder, const struct table *const *tables, enum status status,
                    const char *why)
{
    struct store *store = NULL;
    struct store_error error;
    assert_int_equal(status, store_sqlite_open(folder->file, tables, NULL, &store, &error));
    assert_null(store);
    if (strstr(error.text, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, why);
    }
}

static void a_newer_format_is_refused(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    folder_make(&folder);
    file_make(&folder, false, &prefix, 3);
    file_run(&folder, "UPDATE meta SET value = 99 WHERE name = 'format'");
    refused(&folder, fixture_tables, STATUS_newer, "newer version: format 99");
    folder_remove(&folder);
}

static void a_second_server_is_refused(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    struct store *store = open_or_fail(&folder, NULL);
    refused(&folder, fixture_tables, STATUS_busy, "is being served by another process");
    store->ops->close(store);
    store = open_or_fail(&folder, NULL);
    store->ops->close(store);
    folder_remove(&folder);
}

static void a_file_of_something_else_is_refused(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    file_run(&folder, "CREATE TABLE cats (name TEXT)");
    refused(&folder, fixture_tables, STATUS_bad_input, "not a store of Onetill");
    folder_clear(&folder);
    FILE *file = fopen(folder.file, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        fputs("this is a diary ", file);
    }
    fclose(file);
    refused(&folder, fixture_tables, STATUS_bad_input, "");
    folder_remove(&folder);
}

/* ---- shapes that grow ---- */

struct short_name_row {
    int32_t shop;
    char name[24];
    int64_t version;
};

static const struct column short_name_columns[] = { COLUMN(short_name_row, shop),
                                                    COLUMN(short_name_row, name),
                                                    COLUMN(short_name_row, version) };
static const struct table short_name_table = TABLE("names", 5, short_name_row, short_name_columns, 2);
static const struct table *const short_tables[] = { &thing_table, &short_name_table, &mark_table, NULL };

static void a_column_added_at_the_end_is_zero_in_older_rows(void **state)
{
    struct folder folder;
    struct store *store;
    struct sqlite_settings settings = { .leave_journal = *(bool *)*state };
    struct short_name_row row = { .shop = 7, .name = "n", .version = 3 };
    uint8_t key[KEY_SIZE_MAX];
    struct outcomes outcomes;
    outcomes_init(&outcomes);
    folder_make(&folder);
    assert_int_equal(STATUS_ok, store_sqlite_open(folder.file, short_tables, &settings, &store, NULL));
    struct span span = { (const char *)key, row_key_write(&short_name_table, &row, key) };
    uint64_t hash = row_hash(&short_name_table, hash_bytes(span.bytes, span.size));
    struct row_change change = { &short_name_table, span, hash, &row, true, 0 };
    struct draft draft = { .changes = &change, .count = 1 };
    assert_int_equal(STATUS_ok, draft_keep(store, &draft, &outcomes, 0));
    outcomes_wait(&outcomes, 1);
    store->ops->close(store);

    struct name_row grown = { .shop = 7, .name = "n" };
    struct row_want want = { .table = &name_table, .key = span, .hash = hash, .row = &grown };
    store = open_or_fail(&folder, NULL);
    assert_int_equal(STATUS_ok, store->ops->load(store, &want, 1));
    assert_true(want.exists);
    assert_int_equal(3, grown.version);
    assert_string_equal("", grown.note);
    store->ops->close(store);
    refused(&folder, short_tables, STATUS_newer, "table names has columns that this version does not know");
    folder_remove(&folder);
}

static void a_table_that_changed_its_kind_is_refused(void **state)
{
    (void)state;
    static const struct column turned_columns[] = { COLUMN(name_row, shop), COLUMN(name_row, name),
                                                    COLUMN(name_row, note) };
    static const struct table turned_table = TABLE("names", 5, name_row, turned_columns, 2);
    static const struct table *const turned[] = { &thing_table, &turned_table, &mark_table, NULL };
    struct folder folder;
    folder_make(&folder);
    struct store *store = open_or_fail(&folder, NULL);
    store->ops->close(store);
    refused(&folder, turned, STATUS_bad_input, "table names: column 3 is version INTEGER, not note TEXT");
    folder_remove(&folder);
}

/* ---- readers ---- */

static bool number_take(void *context, const struct value *values, size_t count)
{
    assert_int_equal(1, count);
    assert_int_equal(VALUE_i64, values[0].kind);
    *(int64_t *)context = values[0].i64;
    return true;
}

static int64_t number_query(struct reader *reader, const char *sql)
{
    int64_t number = -1;
    enum status status = reader->ops->query(reader, sql, NULL, 0, number_take, &number);
    if (status != STATUS_ok) {
        fail_msg("%s", store_sqlite_reader_error(reader));
    }
    return number;
}

/* Batches kept by another thread, as fast as they go. */
struct writer {
    struct store *store;
    atomic_bool stop;
    atomic_int_least64_t done;
    struct prefix prefix;
};

static void writer_done(void *context, enum status status)
{
    struct writer *writer = context;
    if (status == STATUS_ok) {
        atomic_fetch_add(&writer->done, 1);
    }
}

static void *writer_run(void *context)
{
    struct writer *writer = context;
    struct draft draft;
    draft_init(&draft, ROWS_PER_BATCH);
    while (!atomic_load(&writer->stop)) {
        prefix_step(&writer->prefix, &draft);
        struct keep keep = { draft.changes, draft.count, writer_done, writer, .reads = NULL };
        enum status status = writer->store->ops->keep(writer->store, &keep);
        draft.count = 0;
        if (status != STATUS_ok) {
            break;
        }
        (void)version_read(writer->store, (size_t)(writer->prefix.batches % 2),
                           writer->prefix.batches % KEYS);
    }
    draft_release(&draft);
    return NULL;
}

static bool first_version(void *context, const void *row)
{
    *(int64_t *)context = ((const struct thing_row *)row)->version;
    return false;
}

/* The rows that scans find are those of one prefix; how long it is. */
static int64_t scans_see_a_prefix(struct reader *reader)
{
    struct prefix prefix = { 0 };
    int64_t batches = 0;
    assert_int_equal(STATUS_ok, reader->ops->scan(reader, &thing_table, (struct span){ NULL, 0 },
                                                  first_version, &batches));
    while (prefix.batches < batches) {
        prefix_step(&prefix, NULL);
    }
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        struct prefix_check check = { &prefix, table, 0 };
        assert_int_equal(STATUS_ok, reader->ops->scan(reader, fixture_tables[table], (struct span){ NULL, 0 },
                                                      prefix_check_row, &check));
        prefix_check_end(&check);
    }
    return batches;
}

/* The same of queries, and of the two together. */
static int64_t queries_see_a_prefix(struct reader *reader)
{
    int64_t batches = number_query(reader, "SELECT coalesce(max(version), 0) FROM things WHERE id = -50");
    assert_int_equal(batches, number_query(reader, "SELECT value FROM meta WHERE name = 'written'"));
    assert_int_equal(batches, scans_see_a_prefix(reader));
    return batches;
}

static void readers_see_whole_batches_while_others_are_kept(void **state)
{
    (void)state;
    struct folder folder;
    struct sqlite_settings settings = small_settings();
    struct writer writer = { 0 };
    struct reader *fresh, *stale, *outside;
    pthread_t thread;
    int64_t last_stale = 0;
    settings.generation_rows = 500; /* so that it takes a few transactions to write one back */
    folder_make(&folder);
    writer.store = open_or_fail(&folder, &settings);
    assert_int_equal(STATUS_ok, writer.store->ops->reader_open(writer.store, &fresh));
    assert_int_equal(STATUS_ok, writer.store->ops->reader_open(writer.store, &stale));
    assert_int_equal(STATUS_ok, store_sqlite_snapshot_open(folder.file, fixture_tables, &outside, NULL));
    store_sqlite_reader_fresh(stale, false);
    assert_int_equal(0, pthread_create(&thread, NULL, writer_run, &writer));
    for (int i = 0; i < 40; i++) {
        int64_t done = atomic_load(&writer.done);
        assert_int_equal(STATUS_ok, fresh->ops->begin(fresh));
        assert_true(queries_see_a_prefix(fresh) >= done);
        fresh->ops->end(fresh);
        assert_int_equal(STATUS_ok, stale->ops->begin(stale));
        int64_t seen = queries_see_a_prefix(stale);
        assert_true(seen >= last_stale);
        last_stale = seen;
        stale->ops->end(stale);
        done = atomic_load(&writer.done);
        assert_int_equal(STATUS_ok, outside->ops->begin(outside));
        assert_true(scans_see_a_prefix(outside) >= done);
        outside->ops->end(outside);
    }
    atomic_store(&writer.stop, true);
    pthread_join(thread, NULL);
    fresh->ops->close(fresh);
    stale->ops->close(stale);
    outside->ops->close(outside);
    writer.store->ops->close(writer.store);
    folder_remove(&folder);
}

struct names_seen {
    size_t count;
    char last[24];
};

static bool name_take(void *context, const struct value *values, size_t count)
{
    struct names_seen *seen = context;
    assert_int_equal(2, count);
    assert_true(span_copy(values[0].bytes, seen->last, sizeof(seen->last)));
    assert_int_equal(VALUE_i64, values[1].kind);
    return ++seen->count < 3;
}

static bool row_ignore(void *context, const struct value *values, size_t count)
{
    (void)context;
    (void)values;
    (void)count;
    return true;
}

static void queries_bind_collect_stop_and_cannot_write(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    struct sqlite_settings settings = { .query_us_max = 50000 };
    struct reader *reader;
    struct names_seen seen = { 0 };
    folder_make(&folder);
    file_make(&folder, false, &prefix, 30);
    struct store *store = open_or_fail(&folder, &settings);
    assert_int_equal(STATUS_ok, store->ops->reader_open(store, &reader));
    assert_int_equal(STATUS_ok, reader->ops->begin(reader));
    struct value binds[] = { VALUE_TEXT(SPAN("n000003")), VALUE_I64(1) };
    const char *sql = "SELECT name, version FROM names WHERE name >= ? AND version > ? ORDER BY name";
    for (int i = 0; i < 3; i++) { /* the same statement, kept */
        seen.count = 0;
        assert_int_equal(STATUS_ok, reader->ops->query(reader, sql, binds, 2, name_take, &seen));
        assert_int_equal(3, seen.count);
    }
    assert_int_equal(STATUS_bad_input, reader->ops->query(reader, sql, binds, 1, name_take, &seen));
    assert_int_equal(STATUS_bad_input,
                     reader->ops->query(reader, "SELECT nothing", NULL, 0, row_ignore, NULL));
    assert_int_equal(STATUS_bad_input, reader->ops->query(reader, "SELECT 1.5", NULL, 0, row_ignore, NULL));
    assert_int_not_equal(STATUS_ok,
                         reader->ops->query(reader, "DELETE FROM names", NULL, 0, row_ignore, NULL));
    assert_int_not_equal(STATUS_ok,
                         reader->ops->query(reader, "CREATE TABLE x (y)", NULL, 0, row_ignore, NULL));
    const char *endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    assert_int_equal(STATUS_busy, reader->ops->query(reader, endless, NULL, 0, row_ignore, NULL));
    for (int i = 0; i < 100; i++) { /* more statements than are kept */
        char text[32];
        snprintf(text, sizeof(text), "SELECT %d", i);
        assert_int_equal(i, number_query(reader, text));
    }
    reader->ops->close(reader);
    store->ops->close(store);
    folder_remove(&folder);
}

static void a_snapshot_lays_the_journal_over_the_tables(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    struct reader *reader;
    folder_make(&folder);
    file_make(&folder, false, &prefix, 20);
    file_make(&folder, true, &prefix, 25);
    assert_int_equal(STATUS_ok, store_sqlite_snapshot_open(folder.file, fixture_tables, &reader, NULL));
    assert_int_equal(STATUS_ok, reader->ops->begin(reader));
    assert_int_equal(45, scans_see_a_prefix(reader));
    assert_int_equal(STATUS_busy, reader->ops->query(reader, "SELECT 1", NULL, 0, row_ignore, NULL));
    reader->ops->close(reader);
    struct store *store = open_or_fail(&folder, NULL); /* writes the journal back */
    store->ops->close(store);
    assert_int_equal(STATUS_ok, store_sqlite_snapshot_open(folder.file, fixture_tables, &reader, NULL));
    assert_int_equal(STATUS_ok, reader->ops->begin(reader));
    assert_int_equal(45, scans_see_a_prefix(reader));
    assert_int_equal(45, number_query(reader, "SELECT max(version) FROM things"));
    reader->ops->close(reader);
    folder_remove(&folder);
}

static void progress_count(void *context, int64_t pages_done, int64_t pages)
{
    assert_true(pages_done <= pages);
    ++*(int *)context;
}

static void a_backup_of_a_served_store_is_a_store(void **state)
{
    (void)state;
    struct folder folder;
    struct sqlite_settings settings = small_settings();
    struct writer writer = { 0 };
    struct store_error error;
    char copy[128];
    pthread_t thread;
    int steps = 0;
    folder_make(&folder);
    snprintf(copy, sizeof(copy), "%s/copy.db", folder.path);
    writer.store = open_or_fail(&folder, &settings);
    assert_int_equal(0, pthread_create(&thread, NULL, writer_run, &writer));
    for (int i = 0; i < 5; i++) {
        struct folder copied = folder;
        struct store *store;
        struct prefix found = { 0 };
        snprintf(copied.file, sizeof(copied.file), "%.64s/copy.db", folder.path);
        os_sleep_us(20000);
        int64_t done = atomic_load(&writer.done);
        enum status status =
            store_sqlite_backup(folder.file, copy, fixture_tables, progress_count, &steps, &error);
        if (status != STATUS_ok) {
            fail_msg("%s", error.text);
        }
        assert_int_equal(STATUS_bad_input,
                         store_sqlite_backup(folder.file, copy, fixture_tables, NULL, NULL, &error));
        store = open_or_fail(&copied, NULL);
        prefix_find(store, &found, done, INT32_MAX);
        store->ops->close(store);
        char lock[160];
        snprintf(lock, sizeof(lock), "%s.lock", copy);
        unlink(lock);
        assert_int_equal(0, unlink(copy));
    }
    atomic_store(&writer.stop, true);
    pthread_join(thread, NULL);
    writer.store->ops->close(writer.store);
    folder_remove(&folder);
}

/*
 * Reads may come from a read transaction that is older than a row's change, its write-back and the wish to
 * forget it: then it must not be forgotten yet.
 */
static void what_was_written_back_is_not_read_from_before(void **state)
{
    (void)state;
    enum { LOOKED_AT = 300, FLOOD = 4000 };
    struct folder folder;
    struct sqlite_settings settings = { .cache_bytes = 1, .generation_rows = 50, .generation_age_us = 1 };
    struct outcomes outcomes;
    struct draft draft;
    uint64_t kept = 0;
    folder_make(&folder);
    outcomes_init(&outcomes);
    draft_init(&draft, FLOOD);
    struct store *store = open_or_fail(&folder, &settings);
    struct store_counts counts = { 0 };
    /* Until there was something to be read from the file: a read transaction is given back after a second. */
    for (int64_t round = 1; round <= 25 || counts.rows_loaded <= LOOKED_AT; round++) {
        for (int64_t key = 0; key < LOOKED_AT; key++) {
            draft_add(&draft, 0, key, round);
        }
        assert_int_equal(STATUS_ok, draft_keep(store, &draft, &outcomes, kept++));
        outcomes_wait(&outcomes, kept);
        os_sleep_us(40000); /* written back; the read transaction of the last round is still there */
        for (int64_t key = 0; key < FLOOD; key++) {
            draft_add(&draft, 1, round * FLOOD + key, round);
        }
        assert_int_equal(STATUS_ok, draft_keep(store, &draft, &outcomes, kept++));
        outcomes_wait(&outcomes, kept);
        for (int64_t key = 0; key < FLOOD; key++) { /* as it is asked for it pushes others out */
            assert_int_equal(round, version_read(store, 1, round * FLOOD + key));
        }
        for (int64_t key = 0; key < LOOKED_AT; key++) {
            assert_int_equal(round, version_read(store, 0, key));
        }
        store->ops->counts(store, &counts);
    }
    store->ops->close(store);
    draft_release(&draft);
    folder_remove(&folder);
}

static void the_log_does_not_grow_without_bound(void **state)
{
    (void)state;
    struct folder folder;
    struct sqlite_settings settings = small_settings();
    struct writer writer = { 0 };
    pthread_t thread;
    char name[128];
    settings.wal_bytes = 1 << 20;
    folder_make(&folder);
    snprintf(name, sizeof(name), "%s-wal", folder.file);
    writer.store = open_or_fail(&folder, &settings);
    assert_int_equal(0, pthread_create(&thread, NULL, writer_run, &writer));
    struct store_counts counts = { 0 };
    while (counts.bytes_written < 40 << 20) {
        os_sleep_us(20000);
        writer.store->ops->counts(writer.store, &counts);
    }
    atomic_store(&writer.stop, true);
    pthread_join(thread, NULL);
    struct stat seen;
    assert_int_equal(0, stat(name, &seen));
    assert_in_range(seen.st_size, 1 << 20, 20 << 20);
    writer.store->ops->close(writer.store);
    folder_remove(&folder);
}

int main(void)
{
    static bool no = false;
    static bool yes = true;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newer_format_is_refused),
        cmocka_unit_test(a_second_server_is_refused),
        cmocka_unit_test(a_file_of_something_else_is_refused),
        cmocka_unit_test_prestate(a_column_added_at_the_end_is_zero_in_older_rows, &no),
        cmocka_unit_test_prestate(a_column_added_at_the_end_is_zero_in_older_rows, &yes),
        cmocka_unit_test(a_table_that_changed_its_kind_is_refused),
        cmocka_unit_test(queries_bind_collect_stop_and_cannot_write),
        cmocka_unit_test(a_snapshot_lays_the_journal_over_the_tables),
        cmocka_unit_test(readers_see_whole_batches_while_others_are_kept),
        cmocka_unit_test(a_backup_of_a_served_store_is_a_store),
        cmocka_unit_test(what_was_written_back_is_not_read_from_before),
        cmocka_unit_test(the_log_does_not_grow_without_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
