/* SPDX-License-Identifier: Apache-2.0 */
/* The file beside a store that makes batches durable: what is read from it, what is refused, what is reused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/journal.h"
#include "store_prefix.h"

enum { BATCHES = 5 };

/* ---- files ---- */

struct bytes {
    uint8_t *at;
    size_t size;
};

static void journal_path(const struct folder *folder, char *path, size_t size)
{
    assert_in_range(snprintf(path, size, "%s.journal", folder->file), 1, size - 1);
}

/* The whole file; for the caller to free. */
static struct bytes journal_take(const struct folder *folder)
{
    char path[128];
    struct stat about;
    struct bytes bytes;
    journal_path(folder, path, sizeof(path));
    assert_int_equal(0, stat(path, &about));
    bytes.size = (size_t)about.st_size;
    bytes.at = malloc(bytes.size);
    assert_non_null(bytes.at);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(bytes.size, fread(bytes.at, 1, bytes.size, file));
    fclose(file);
    return bytes;
}

static void journal_put(const struct folder *folder, struct bytes bytes)
{
    char path[128];
    journal_path(folder, path, sizeof(path));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(bytes.size, fwrite(bytes.at, 1, bytes.size, file));
    assert_int_equal(0, fclose(file));
}

static bool journal_there(const struct folder *folder)
{
    char path[128];
    journal_path(folder, path, sizeof(path));
    return access(path, F_OK) == 0;
}

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

/* More batches, each done before the next begins. */
static void batches_keep(struct store *store, struct prefix *prefix, uint64_t count)
{
    struct outcomes outcomes;
    struct draft draft;
    outcomes_init(&outcomes);
    draft_init(&draft, ROWS_PER_BATCH);
    for (uint64_t i = 0; i < count; i++) {
        prefix_step(prefix, &draft);
        assert_int_equal(STATUS_ok, draft_keep(store, &draft, &outcomes, i));
        outcomes_wait(&outcomes, i + 1);
    }
    assert_int_equal(count, outcomes.ok);
    draft_release(&draft);
}

/* A store with batches that are in the journal only, as after a kill. */
static void killed_make(const struct folder *folder, struct prefix *prefix)
{
    struct sqlite_settings settings = { .cache_bytes = 1 << 20,
                                        .generation_age_us = INT64_C(3600) * 1000000,
                                        .leave_journal = true };
    struct store *store = open_or_fail(folder, &settings);
    batches_keep(store, prefix, BATCHES);
    store->ops->close(store);
}

static void refused(const struct folder *folder, const char *why)
{
    struct store *store = NULL;
    struct store_error error;
    assert_int_equal(STATUS_bad_input, store_sqlite_open(folder->file, fixture_tables, NULL, &store, &error));
    assert_null(store);
    if (strstr(error.text, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, why);
    }
}

static void opens_with(const struct folder *folder, int64_t batches)
{
    struct prefix found = { 0 };
    struct store *store = open_or_fail(folder, NULL);
    prefix_find(store, &found, batches, batches);
    store->ops->close(store);
    assert_false(journal_there(folder)); /* one complete file is left */
}

/* Where a batch stands. */
static size_t batch_at(struct bytes journal, uint64_t batch)
{
    struct frame frame;
    struct part_head head;
    for (size_t at = JOURNAL_BLOCK; at < journal.size; at += JOURNAL_BLOCK) {
        if (frame_check(journal.at + at, journal.size - at, &frame, &head) && head.batch == batch) {
            return at;
        }
    }
    fail_msg("batch %llu is not in the journal", (unsigned long long)batch);
    return 0;
}

/* ---- damage ---- */

static void a_torn_last_batch_was_never_answered(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    folder_make(&folder);
    killed_make(&folder, &prefix);
    struct bytes journal = journal_take(&folder);
    journal.at[batch_at(journal, BATCHES) + RECORDS_AT + 20] ^= 1;
    journal_put(&folder, journal);
    opens_with(&folder, BATCHES - 1);
    free(journal.at);
    folder_remove(&folder);
}

static void damage_before_a_durable_batch_is_named_and_refused(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    struct reader *reader;
    folder_make(&folder);
    killed_make(&folder, &prefix);
    struct bytes whole = journal_take(&folder);
    struct bytes journal = journal_take(&folder);
    journal.at[batch_at(journal, 3) + RECORDS_AT + 20] ^= 1;
    journal_put(&folder, journal);
    refused(&folder, "is damaged: batch 3 is not whole, though batch 4 was durable");
    assert_int_equal(STATUS_ok, store_sqlite_snapshot_open(folder.file, fixture_tables, &reader, NULL));
    assert_int_equal(STATUS_bad_input, reader->ops->begin(reader));
    assert_non_null(strstr(store_sqlite_reader_error(reader), "batch 3 is not whole"));
    reader->ops->close(reader);
    journal_put(&folder, whole);
    opens_with(&folder, BATCHES);
    free(journal.at);
    free(whole.at);
    folder_remove(&folder);
}

static void every_flipped_byte_is_noticed_or_harmless(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    folder_make(&folder);
    killed_make(&folder, &prefix);
    struct bytes journal = journal_take(&folder);
    size_t second = batch_at(journal, 2);
    for (size_t at = second; at < second + RECORDS_AT + 60; at += 3) {
        journal.at[at] ^= 0x10;
        journal_put(&folder, journal);
        refused(&folder, "is damaged: batch 2 is not whole");
        journal.at[at] ^= 0x10;
    }
    size_t first = batch_at(journal, 1); /* with which its segment begins */
    for (size_t at = first; at < first + RECORDS_AT + 60; at += 3) {
        journal.at[at] ^= 0x10;
        journal_put(&folder, journal);
        refused(&folder, "begins with batch 2, but the tables end with 0");
        journal.at[at] ^= 0x10;
    }
    for (size_t at = 0; at < 40; at += 3) {
        journal.at[at] ^= 0x10;
        journal_put(&folder, journal);
        refused(&folder, "is not a journal, or damaged");
        journal.at[at] ^= 0x10;
    }
    journal_put(&folder, journal);
    opens_with(&folder, BATCHES);
    free(journal.at);
    folder_remove(&folder);
}

/* ---- the wrong file, or none ---- */

static void a_store_without_its_journal_is_refused(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    char path[128];
    folder_make(&folder);
    killed_make(&folder, &prefix);
    struct bytes journal = journal_take(&folder);
    journal_path(&folder, path, sizeof(path));
    assert_int_equal(0, unlink(path));
    refused(&folder, "is missing");
    journal_put(&folder, (struct bytes){ journal.at, 0 });
    refused(&folder, "is missing");
    journal_put(&folder, journal);
    opens_with(&folder, BATCHES);
    free(journal.at);
    folder_remove(&folder);
}

static void the_journal_of_another_store_is_refused(void **state)
{
    (void)state;
    struct folder folder, other;
    struct prefix prefix = { 0 };
    struct prefix other_prefix = { 0 };
    folder_make(&folder);
    folder_make(&other);
    killed_make(&folder, &prefix);
    killed_make(&other, &other_prefix);
    struct bytes own = journal_take(&folder);
    struct bytes foreign = journal_take(&other);
    journal_put(&folder, foreign);
    refused(&folder, "is the journal of another store, or of another time");
    journal_put(&folder, own);
    struct store *store = open_or_fail(&folder, NULL);
    free(own.at);
    own = journal_take(&folder);
    store->ops->close(store);
    journal_put(&folder, foreign); /* beside a store that was closed, and needs none */
    refused(&folder, "holds batches up to 5 that the store lacks or does not know");
    assert_true(journal_there(&folder));
    journal_put(&folder, own); /* all that it holds is in the tables */
    opens_with(&folder, BATCHES);
    free(own.at);
    free(foreign.at);
    folder_remove(&folder);
    folder_remove(&other);
}

static void a_journal_older_than_the_tables_is_refused(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    struct sqlite_settings settings = small_settings();
    struct reader *reader;
    folder_make(&folder);
    settings.leave_journal = true;
    struct store *store = open_or_fail(&folder, &settings);
    batches_keep(store, &prefix, BATCHES);
    struct bytes old = journal_take(&folder);
    batches_keep(store, &prefix, BATCHES);
    assert_int_equal(STATUS_ok, store->ops->reader_open(store, &reader));
    assert_int_equal(STATUS_ok, reader->ops->begin(reader)); /* has it all written back */
    reader->ops->close(reader);
    store->ops->close(store);
    struct bytes now = journal_take(&folder);
    journal_put(&folder, old);
    refused(&folder, "it is older than the store");
    journal_put(&folder, now);
    opens_with(&folder, 2 * BATCHES);
    free(old.at);
    free(now.at);
    folder_remove(&folder);
}

static void tables_older_than_the_journal_are_refused(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    folder_make(&folder);
    killed_make(&folder, &prefix);
    struct bytes journal = journal_take(&folder);
    /* As if the segment with the first batches were free and had been written anew, and the file were of before. */
    size_t first = batch_at(journal, 1);
    size_t third = batch_at(journal, 3);
    memmove(journal.at + first, journal.at + third, journal.size - third);
    memset(journal.at + journal.size - (third - first), 0, third - first);
    journal_put(&folder, journal);
    refused(&folder, "begins with batch 3, but the tables end with 0");
    free(journal.at);
    folder_remove(&folder);
}

/* ---- segments ---- */

static void segments_are_used_again(void **state)
{
    (void)state;
    enum { ROWS = 4000, ROUNDS = 250, SEGMENTS = 12 };
    struct folder folder;
    struct sqlite_settings settings = { .generation_rows = 2 * ROWS, .leave_journal = true };
    struct outcomes outcomes;
    struct draft draft;
    struct store_counts counts;
    char path[128];
    struct stat about;
    folder_make(&folder);
    journal_path(&folder, path, sizeof(path));
    outcomes_init(&outcomes);
    draft_init(&draft, ROWS);
    struct store *store = open_or_fail(&folder, &settings);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        for (int64_t key = 0; key < ROWS; key++) {
            draft_add(&draft, 0, key, (int64_t)round);
        }
        assert_int_equal(STATUS_ok, draft_keep(store, &draft, &outcomes, round - 1));
        outcomes_wait(&outcomes, round);
    }
    store->ops->counts(store, &counts);
    store->ops->close(store);
    assert_int_equal(0, stat(path, &about));
    assert_true((size_t)about.st_size <= JOURNAL_BLOCK + SEGMENTS * SEGMENT_BYTES);
    assert_true(counts.bytes_written > 2 * SEGMENTS * SEGMENT_BYTES); /* it did go round */
    settings.leave_journal = false;
    store = open_or_fail(&folder, &settings);
    for (int64_t key = 0; key < ROWS; key++) {
        assert_int_equal(ROUNDS, version_read(store, 0, key));
    }
    store->ops->close(store);
    assert_false(journal_there(&folder));
    draft_release(&draft);
    folder_remove(&folder);
}

/* ---- the first format ---- */

/* What a killed server of that format would have left. */
static void first_format_make(const struct folder *folder, struct prefix *prefix)
{
    sqlite3 *db;
    sqlite3_stmt *insert;
    char path[128];
    killed_make(folder, prefix);
    struct bytes journal = journal_take(folder);
    file_run(folder, "CREATE TABLE journal (sequence INTEGER PRIMARY KEY, image BLOB NOT NULL) STRICT;"
                     "UPDATE meta SET value = 1 WHERE name = 'format'; DELETE FROM meta WHERE name = 'journal'");
    assert_int_equal(SQLITE_OK, sqlite3_open(folder->file, &db));
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, "INSERT INTO journal VALUES (?, ?)", -1, &insert, NULL));
    for (int64_t batch = 1; batch <= BATCHES; batch++) {
        struct frame frame;
        struct part_head head;
        const uint8_t *at = journal.at + batch_at(journal, (uint64_t)batch);
        assert_true(frame_check(at, SEGMENT_BYTES, &frame, &head));
        sqlite3_bind_int64(insert, 1, batch * 4096);
        sqlite3_bind_blob(insert, 2, at + sizeof(frame), (int)(sizeof(head) + head.size), SQLITE_STATIC);
        assert_int_equal(SQLITE_DONE, sqlite3_step(insert));
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    sqlite3_close(db);
    free(journal.at);
    journal_path(folder, path, sizeof(path));
    assert_int_equal(0, unlink(path));
}

static void a_store_of_the_first_format_is_taken_over(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    struct reader *reader;
    struct store_error error;
    folder_make(&folder);
    first_format_make(&folder, &prefix);
    assert_int_equal(STATUS_bad_input,
                     store_sqlite_snapshot_open(folder.file, fixture_tables, &reader, &error));
    assert_string_equal("of an older format: serve it once", error.text);
    opens_with(&folder, BATCHES);
    opens_with(&folder, BATCHES);
    folder_remove(&folder);
}

static void a_damaged_journal_of_the_first_format_is_named_and_refused(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    folder_make(&folder);
    first_format_make(&folder, &prefix);
    file_run(&folder,
             "UPDATE journal SET image = CAST(substr(image, 1, 60) || x'FF' || substr(image, 62) AS BLOB)"
             " WHERE sequence = 3 * 4096 AND substr(image, 61, 1) <> x'FF'");
    refused(&folder, "the journal is damaged: batch 3, part 0");
    folder_clear(&folder);
    prefix = (struct prefix){ 0 };
    first_format_make(&folder, &prefix);
    file_run(&folder, "DELETE FROM journal WHERE sequence = 3 * 4096");
    refused(&folder, "the journal has a gap before batch 4, part 0");
    file_run(&folder, "DELETE FROM journal WHERE sequence < 4 * 4096");
    refused(&folder, "the journal begins with batch 4, but the tables end with 0");
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_torn_last_batch_was_never_answered),
        cmocka_unit_test(damage_before_a_durable_batch_is_named_and_refused),
        cmocka_unit_test(every_flipped_byte_is_noticed_or_harmless),
        cmocka_unit_test(a_store_without_its_journal_is_refused),
        cmocka_unit_test(the_journal_of_another_store_is_refused),
        cmocka_unit_test(a_journal_older_than_the_tables_is_refused),
        cmocka_unit_test(tables_older_than_the_journal_are_refused),
        cmocka_unit_test(segments_are_used_again),
        cmocka_unit_test(a_store_of_the_first_format_is_taken_over),
        cmocka_unit_test(a_damaged_journal_of_the_first_format_is_named_and_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
