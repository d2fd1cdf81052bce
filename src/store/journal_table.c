/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores of the first format kept their journal in a table of blobs. They are opened once: what it holds is
 * written back, the table goes, and the store is of the second format; all in the transaction of that
 * migration.
 */
#include "store/journal.h"

#include <stdlib.h>

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
    if (bytes == NULL || !part_check(bytes, size, &head) || head.batch != (uint64_t)batch ||
        head.part != part) {
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

static enum status journal_table_rows(sqlite3 *db, struct dirty *dirty, uint64_t written,
                                      struct store_error *error)
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

static enum status record_put(sqlite3 *db, const struct table *table, const uint8_t *bytes, sqlite3_stmt *put,
                              sqlite3_stmt *drop, struct store_error *error)
{
    struct record record;
    size_t size = record_read(bytes, RECORD_SIZE_MAX, &record);
    assert(size > 0); /* was checked when it came in */
    sqlite3_stmt *statement = record.exists ? put : drop;
    if (!(record.exists ? record_bind(statement, table, &record) : key_bind(statement, table, record.key))) {
        error_set(error, "the journal: a packed row does not fit table %s", table->shape.name);
        return STATUS_bad_input;
    }
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (rc != SQLITE_DONE) {
        error_set(error, "writing table %s: %s", table->shape.name, sqlite3_errmsg(db));
    }
    return status_of(rc);
}

static enum status table_put(sqlite3 *db, const struct table *table, struct dirty *dirty,
                             struct store_error *error)
{
    struct dirty_table *rows = &dirty->tables[table->number];
    sqlite3_stmt *put = NULL, *drop = NULL;
    struct sql put_text = { 0 }, drop_text = { 0 };
    if (!dirty_sort(dirty, table->number)) {
        error_set(error, "no memory to sort the journal's rows");
        return STATUS_fault;
    }
    sql_put(&put_text, table);
    sql_drop(&drop_text, table);
    assert(!put_text.failed && !drop_text.failed);
    enum status status = status_of(sqlite3_prepare_v2(db, put_text.text, -1, &put, NULL));
    if (status == STATUS_ok) {
        status = status_of(sqlite3_prepare_v2(db, drop_text.text, -1, &drop, NULL));
    }
    if (status != STATUS_ok) {
        error_set(error, "table %s: %s", table->shape.name, sqlite3_errmsg(db));
    }
    for (size_t i = 0; i < rows->count && status == STATUS_ok; i++) {
        status = record_put(db, table, rows->rows[i].record, put, drop, error);
    }
    sqlite3_finalize(put);
    sqlite3_finalize(drop);
    rows->next = rows->count;
    return status;
}

static enum status tables_put(sqlite3 *db, const struct table *const *tables, struct dirty *dirty,
                              struct store_error *error)
{
    enum status status = STATUS_ok;
    for (size_t i = 0; tables[i] != NULL && status == STATUS_ok; i++) {
        if (dirty->tables[tables[i]->number].count > 0) {
            status = table_put(db, tables[i], dirty, error);
        }
    }
    for (size_t i = 0; i < TABLE_COUNT_MAX && status == STATUS_ok; i++) {
        if (dirty->tables[i].next < dirty->tables[i].count) {
            error_set(error, "the journal names a table that this version does not know");
            status = STATUS_bad_input;
        }
    }
    return status;
}

enum status journal_table_fold(sqlite3 *db, const struct table *const *tables, struct store_error *error)
{
    struct dirty *dirty = calloc(1, sizeof(*dirty));
    int64_t written = 0;
    assert(dirty != NULL);
    dirty_init(dirty);
    enum status status = meta_get(db, "written", &written);
    if (status != STATUS_ok) {
        error_set(error, "its meta data cannot be read: %s", sqlite3_errmsg(db));
        status = status == STATUS_not_found ? STATUS_bad_input : status;
    }
    if (status == STATUS_ok) {
        status = journal_table_rows(db, dirty, (uint64_t)written, error);
    }
    if (status == STATUS_ok) {
        status = schema_fit(db, tables, error); /* the rows are written in this version's columns */
    }
    if (status == STATUS_ok) {
        status = tables_put(db, tables, dirty, error);
    }
    if (status == STATUS_ok) {
        struct sql sql = { 0 };
        sql_add(&sql,
                "DROP TABLE journal; INSERT INTO meta VALUES ('journal', 0);"
                "UPDATE meta SET value = %lld WHERE name = 'written'",
                (long long)dirty->batch_last);
        status = status_of(sqlite3_exec(db, sql.text, NULL, NULL, NULL));
        if (status != STATUS_ok) {
            error_set(error, "leaving the first format: %s", sqlite3_errmsg(db));
        }
    }
    dirty_release(dirty);
    free(dirty);
    return status;
}
