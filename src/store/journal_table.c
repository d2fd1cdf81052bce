/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores of the first format kept their journal in a table of blobs. They are opened once: what it holds is
 * written back, the table goes, and the store is of the second format.
 */
#include "store/journal.h"

/* Row id of a part: room for more parts than a batch can have. */
#define JOURNAL_PARTS 4096

static_assert(BATCH_PARTS_MAX < JOURNAL_PARTS, "parts of different batches never meet");

/* Where the reading of a journal stands: which part must come next. */
struct place {
    uint64_t batch;
    uint32_t part, part_count;
};

static bool place_next(struct place *place, const struct part_head *head)
{
    bool batch_begins = place->part == place->part_count;
    if (batch_begins ? (head->part != 0 || (place->batch != 0 && head->batch != place->batch + 1))
                     : (head->batch != place->batch || head->part != place->part ||
                        head->part_count != place->part_count)) {
        return false;
    }
    *place = (struct place){ head->batch, head->part + 1, head->part_count };
    return true;
}

static enum status part_take(sqlite3_stmt *select, struct dirty *dirty, uint64_t written, struct place *place,
                             struct store_error *error)
{
    struct part_head head;
    long long batch = sqlite3_column_int64(select, 0) / JOURNAL_PARTS;
    long long part = sqlite3_column_int64(select, 0) % JOURNAL_PARTS;
    const uint8_t *bytes = sqlite3_column_blob(select, 1);
    size_t size = (size_t)sqlite3_column_bytes(select, 1);
    bool first = place->batch == 0;
    if (bytes == NULL || !part_check(bytes, size, &head) || head.batch != (uint64_t)batch || head.part != part) {
        error_set(error, "the journal is damaged: batch %lld, part %lld", batch, part);
        return STATUS_bad_input;
    }
    if (!place_next(place, &head)) {
        error_set(error, "the journal has a gap before batch %lld, part %lld", batch, part);
        return STATUS_bad_input;
    }
    if (first && head.batch > written + 1) {
        error_set(error, "the journal begins with batch %lld, but the tables end with %llu", batch,
                  (unsigned long long)written);
        return STATUS_bad_input;
    }
    if (head.batch > written && !dirty_add(dirty, bytes + sizeof(head), head.size)) {
        error_set(error, "the journal makes no sense: batch %lld, part %lld", batch, part);
        return STATUS_bad_input;
    }
    return STATUS_ok;
}

enum status journal_table_rows(sqlite3 *db, struct dirty *dirty, uint64_t written, struct store_error *error)
{
    sqlite3_stmt *select = NULL;
    struct place place = { 0 };
    const char *sql = "SELECT sequence, image FROM journal ORDER BY sequence";
    enum status status = status_of(sqlite3_prepare_v2(db, sql, -1, &select, NULL));
    int rc = SQLITE_DONE;
    while (status == STATUS_ok && (rc = sqlite3_step(select)) == SQLITE_ROW) {
        status = part_take(select, dirty, written, &place, error);
    }
    if (status == STATUS_ok && rc != SQLITE_DONE) {
        status = status_of(rc);
        error_set(error, "reading the journal: %s", sqlite3_errmsg(db));
    }
    sqlite3_finalize(select);
    if (status == STATUS_ok && place.part != place.part_count) {
        error_set(error, "the journal ends inside batch %llu", (unsigned long long)place.batch);
        status = STATUS_bad_input;
    }
    dirty->batch_last = place.batch > written ? place.batch : written;
    return status;
}

enum status journal_table_drop(sqlite3 *db, struct store_error *error)
{
    int rc = sqlite3_exec(db,
                          "BEGIN IMMEDIATE; DROP TABLE journal; INSERT INTO meta VALUES ('journal', 0);"
                          "UPDATE meta SET value = 2 WHERE name = 'format'; COMMIT",
                          NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        error_set(error, "leaving the first format: %s", sqlite3_errmsg(db));
        if (sqlite3_get_autocommit(db) == 0) {
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        }
        return status_of(rc);
    }
    return STATUS_ok;
}
