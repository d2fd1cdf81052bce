/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers. The tables alone are always a state that was; one inside the serving process that wants to see what was
 * done last waits until that is written back. One of another process cannot ask for that: it reads the journal
 * too, as far as it goes beyond the tables of its snapshot, and lays it over them while it scans.
 */
#include "store/sqlite_store.h"

#include "base/os_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STATEMENTS_MAX 32
#define BINDS_MAX 64
#define VALUES_MAX 256
#define PROGRESS_STEPS 20000 /* virtual machine steps between two looks at the clock */

struct kept_statement {
    char *sql;
    sqlite3_stmt *statement;
    uint64_t used;
};

struct sqlite_reader {
    struct reader base;
    struct sqlite_store *store; /* NULL: reads a file of which somebody else may be the server */
    sqlite3 *db;
    char *path; /* without a store: of the file */
    bool fresh, begun;
    struct dirty overlay; /* without a store: the journal of the snapshot */
    struct kept_statement kept[STATEMENTS_MAX];
    uint64_t use_count;
    int64_t query_us_max, query_end_us;
    struct store_error error;
};

/* ---- scanning: the table merged with the overlay ---- */

struct merge {
    const struct table *table;
    sqlite3_stmt *select;
    struct dirty_table *over; /* sorted, newest of each key */
    size_t over_next;
    scan_row *each;
    void *context;
    _Alignas(16) uint8_t row[ROW_SIZE_MAX];
};

/* Hands the next row of the overlay over, if it is one that exists. */
static enum status overlay_row(struct merge *merge, bool *more)
{
    struct record record;
    size_t size = record_read(merge->over->rows[merge->over_next++].record, RECORD_SIZE_MAX, &record);
    assert(size > 0);
    if (!record.exists) {
        return STATUS_ok;
    }
    memset(merge->row, 0, merge->table->shape.size);
    if (!row_key_read(merge->table, record.key, merge->row) ||
        !row_unpack(merge->table, record.image, merge->row)) {
        return STATUS_bad_input;
    }
    *more = merge->each(merge->context, merge->row);
    return STATUS_ok;
}

/* Rows of the overlay that stand before `key`; `*covered`: the overlay has a newer image of `key` itself. */
static enum status overlay_until(struct merge *merge, struct span key, bool *covered, bool *more)
{
    enum status status = STATUS_ok;
    while (status == STATUS_ok && *more && merge->over_next < merge->over->count) {
        int order = key_compare(record_key(merge->over->rows[merge->over_next].record), key);
        if (order > 0) {
            return STATUS_ok;
        }
        *covered = order == 0;
        status = overlay_row(merge, more);
        if (*covered) {
            return status;
        }
    }
    return status;
}

static enum status table_row(struct merge *merge, bool *more)
{
    bool covered = false;
    memset(merge->row, 0, merge->table->shape.size);
    if (!row_decode(merge->select, merge->table, 0, merge->row)) {
        return STATUS_bad_input;
    }
    if (merge->over != NULL && merge->over_next < merge->over->count) {
        uint8_t key[KEY_SIZE_MAX];
        size_t size = row_key_write(merge->table, merge->row, key);
        enum status status = overlay_until(merge, (struct span){ (const char *)key, size }, &covered, more);
        if (status != STATUS_ok || covered || !*more) {
            return status;
        }
        memset(merge->row, 0, merge->table->shape.size);
        if (!row_decode(merge->select, merge->table, 0, merge->row)) { /* the overlay used the struct */
            return STATUS_bad_input;
        }
    }
    *more = merge->each(merge->context, merge->row);
    return STATUS_ok;
}

static enum status merge_run(struct merge *merge, sqlite3 *db)
{
    enum status status = STATUS_ok;
    bool more = true;
    int rc = SQLITE_DONE;
    while (status == STATUS_ok && more && (rc = sqlite3_step(merge->select)) == SQLITE_ROW) {
        status = table_row(merge, &more);
    }
    if (status == STATUS_ok && more && rc != SQLITE_DONE) {
        return status_of(rc) == STATUS_ok ? STATUS_fault : status_of(rc);
    }
    while (status == STATUS_ok && more && merge->over != NULL && merge->over_next < merge->over->count) {
        status = overlay_row(merge, &more);
    }
    (void)db;
    return status;
}

enum status reads_scan(sqlite3 *db, const struct table *table, struct span from, struct dirty *overlay,
                       scan_row *each, void *context)
{
    struct merge merge = { .table = table, .each = each, .context = context };
    struct sql sql = { 0 };
    assert(table->shape.size <= ROW_SIZE_MAX);
    if (overlay != NULL) {
        if (!dirty_sort(overlay, table->number)) {
            return STATUS_fault;
        }
        merge.over = &overlay->tables[table->number];
        while (merge.over_next < merge.over->count &&
               key_compare(record_key(merge.over->rows[merge.over_next].record), from) < 0) {
            merge.over_next++;
        }
    }
    sql_scan(&sql, table, from.size > 0, false);
    assert(!sql.failed);
    enum status status = status_of(sqlite3_prepare_v2(db, sql.text, -1, &merge.select, NULL));
    if (status == STATUS_ok && from.size > 0 && !key_bind(merge.select, table, from)) {
        status = STATUS_bad_input;
    }
    if (status == STATUS_ok) {
        status = merge_run(&merge, db);
    }
    sqlite3_finalize(merge.select);
    return status;
}

/* ---- beginning ---- */

static enum status failed(struct sqlite_reader *reader, enum status status, const char *text)
{
    reader->error.text[0] = 0;
    error_set(&reader->error, "%s", text);
    return status;
}

static enum status run(struct sqlite_reader *reader, const char *sql)
{
    int rc = sqlite3_exec(reader->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? STATUS_ok : failed(reader, status_of(rc), sqlite3_errmsg(reader->db));
}

/* BEGIN alone takes no snapshot: the first read does. */
static enum status snapshot_take(struct sqlite_reader *reader)
{
    enum status status = run(reader, "BEGIN");
    if (status == STATUS_ok) {
        status = run(reader, "SELECT value FROM meta");
        if (status != STATUS_ok) {
            sqlite3_exec(reader->db, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    return status;
}

/* Waits until the tables hold what is done by now. */
static enum status written_await(struct sqlite_store *store)
{
    int64_t end_us = os_monotonic_us() + store->settings.begin_us_max;
    struct timespec until = { .tv_sec = end_us / 1000000, .tv_nsec = end_us % 1000000 * 1000 };
    uint64_t wanted = atomic_load_explicit(&store->done_batch, memory_order_acquire);
    enum status status = STATUS_ok;
    int rc = 0;
    pthread_mutex_lock(&store->lock);
    if (store->fresh_batch < wanted) {
        store->fresh_batch = wanted;
        pthread_cond_signal(&store->keeper_wake);
        pthread_cond_signal(&store->writer_wake);
    }
    while (status == STATUS_ok && atomic_load_explicit(&store->written_batch, memory_order_acquire) < wanted) {
        if (atomic_load_explicit(&store->dead, memory_order_acquire)) {
            status = STATUS_fault;
        } else if (rc == ETIMEDOUT) {
            status = STATUS_busy;
        } else {
            rc = pthread_cond_timedwait(&store->written_wake, &store->lock, &until);
        }
    }
    pthread_mutex_unlock(&store->lock);
    return status;
}

static enum status store_begin(struct sqlite_reader *reader)
{
    enum status status = STATUS_ok;
    if (atomic_load_explicit(&reader->store->dead, memory_order_acquire)) {
        status = STATUS_fault;
    } else if (reader->fresh) {
        status = written_await(reader->store);
    }
    if (status == STATUS_busy) {
        return failed(reader, status, "the tables could not be brought up to date in time");
    }
    return status == STATUS_ok ? snapshot_take(reader) : status;
}

enum status overlay_read(sqlite3 *db, const char *store_path, const char *vfs, uint64_t most,
                         struct dirty *overlay, struct store_error *error)
{
    int64_t written = 0;
    int64_t journal = 0;
    enum status status = meta_get(db, "written", &written);
    if (status == STATUS_ok) {
        status = meta_get(db, "journal", &journal);
    }
    dirty_clear(overlay);
    overlay->batch_last = (uint64_t)written;
    if (status != STATUS_ok || journal <= 0) {
        return status == STATUS_busy ? STATUS_fault : status;
    }
    struct journal_source source = { vfs, store_path, (uint64_t)journal, (uint64_t)written, most };
    return journal_rows(&source, overlay, error);
}

/* While others write, the journal may have gone on since the snapshot was taken. */
static enum status outside_begin(struct sqlite_reader *reader)
{
    enum status status = STATUS_busy;
    for (int i = 0; i < OVERLAY_TRIES && status == STATUS_busy; i++) {
        reader->error.text[0] = 0;
        os_sleep_us(i * 1000);
        status = snapshot_take(reader);
        if (status != STATUS_ok) {
            return status;
        }
        status = overlay_read(reader->db, reader->path, NULL, UINT64_MAX, &reader->overlay, &reader->error);
        if (status != STATUS_ok) {
            sqlite3_exec(reader->db, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    return status == STATUS_busy ? STATUS_bad_input : status;
}

static enum status reader_begin(struct reader *base)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;
    assert(!reader->begun);
    enum status status = reader->store != NULL ? store_begin(reader) : outside_begin(reader);
    reader->begun = status == STATUS_ok;
    return status;
}

static void reader_end(struct reader *base)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;
    if (reader->begun) {
        sqlite3_exec(reader->db, "ROLLBACK", NULL, NULL, NULL);
        reader->begun = false;
    }
}

/* ---- queries ---- */

static int out_of_time(void *context)
{
    const struct sqlite_reader *reader = context;
    return reader->query_end_us != 0 && os_monotonic_us() > reader->query_end_us;
}

static sqlite3_stmt *statement_get(struct sqlite_reader *reader, const char *sql)
{
    struct kept_statement *oldest = &reader->kept[0];
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        struct kept_statement *kept = &reader->kept[i];
        if (kept->sql != NULL && strcmp(kept->sql, sql) == 0) {
            kept->used = ++reader->use_count;
            return kept->statement;
        }
        if (kept->used < oldest->used) {
            oldest = kept;
        }
    }
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(reader->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK ||
        statement == NULL) {
        return NULL;
    }
    sqlite3_finalize(oldest->statement);
    free(oldest->sql);
    *oldest = (struct kept_statement){ strdup(sql), statement, ++reader->use_count };
    assert(oldest->sql != NULL);
    return statement;
}

static int value_bind(sqlite3_stmt *statement, int at, const struct value *value)
{
    switch (value->kind) {
    case VALUE_null:
        return sqlite3_bind_null(statement, at);
    case VALUE_i64:
        return sqlite3_bind_int64(statement, at, value->i64);
    case VALUE_bytes:
        break;
    }
    /* Text and blobs compare as different in SQL: what reads as text is bound as such. */
    const char *bytes = value->bytes.size > 0 ? value->bytes.bytes : "";
    if (span_is_text(value->bytes)) {
        return sqlite3_bind_text64(statement, at, bytes, value->bytes.size, SQLITE_STATIC, SQLITE_UTF8);
    }
    return sqlite3_bind_blob64(statement, at, bytes, value->bytes.size, SQLITE_STATIC);
}

/* False: a kind of value that rows do not have. */
static bool values_read(sqlite3_stmt *statement, struct value *values, int count)
{
    for (int i = 0; i < count; i++) {
        switch (sqlite3_column_type(statement, i)) {
        case SQLITE_NULL:
            values[i] = (struct value){ .kind = VALUE_null };
            break;
        case SQLITE_INTEGER:
            values[i] = VALUE_I64(sqlite3_column_int64(statement, i));
            break;
        case SQLITE_TEXT:
        case SQLITE_BLOB:
            values[i] = VALUE_TEXT(((struct span){ sqlite3_column_blob(statement, i),
                                                   (size_t)sqlite3_column_bytes(statement, i) }));
            break;
        default:
            return false;
        }
    }
    return true;
}

static enum status query_run(struct sqlite_reader *reader, sqlite3_stmt *statement, reader_row *each,
                             void *context)
{
    struct value values[VALUES_MAX];
    int count = sqlite3_column_count(statement);
    int rc;
    if (count > VALUES_MAX) {
        return failed(reader, STATUS_too_large, "too many columns");
    }
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        if (!values_read(statement, values, count)) {
            return failed(reader, STATUS_bad_input, "a query yields integers, texts, blobs and nulls only");
        }
        if (!each(context, values, (size_t)count)) {
            return STATUS_ok;
        }
    }
    return rc == SQLITE_DONE ? STATUS_ok : failed(reader, status_of(rc), sqlite3_errmsg(reader->db));
}

static enum status reader_query(struct reader *base, const char *sql, const struct value *binds,
                                size_t bind_count, reader_row *each, void *context)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;
    assert(reader->begun);
    assert(bind_count <= BINDS_MAX);
    if (reader->store == NULL && reader->overlay.row_count > 0) {
        return failed(reader, STATUS_busy, "changes wait in the journal; the tables alone are not a state");
    }
    sqlite3_stmt *statement = statement_get(reader, sql);
    if (statement == NULL) {
        return failed(reader, STATUS_bad_input, sqlite3_errmsg(reader->db));
    }
    enum status status = STATUS_ok;
    if (sqlite3_bind_parameter_count(statement) != (int)bind_count) {
        status =
            failed(reader, STATUS_bad_input, "a query with another number of values than places for them");
    }
    for (size_t i = 0; i < bind_count && status == STATUS_ok; i++) {
        status = status_of(value_bind(statement, (int)i + 1, &binds[i]));
    }
    if (status == STATUS_ok) {
        reader->query_end_us = os_monotonic_us() + reader->query_us_max;
        status = query_run(reader, statement, each, context);
        reader->query_end_us = 0;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return status;
}

static enum status reader_scan(struct reader *base, const struct table *table, struct span from,
                               scan_row *each, void *context)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;
    assert(reader->begun);
    struct dirty *overlay = reader->store == NULL ? &reader->overlay : NULL;
    enum status status = reads_scan(reader->db, table, from, overlay, each, context);
    return status == STATUS_ok ? status : failed(reader, status, sqlite3_errmsg(reader->db));
}

static void reader_close(struct reader *base)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;
    reader_end(base);
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        sqlite3_finalize(reader->kept[i].statement);
        free(reader->kept[i].sql);
    }
    sqlite3_close(reader->db);
    dirty_release(&reader->overlay);
    free(reader->path);
    if (reader->store != NULL) {
        pthread_mutex_lock(&reader->store->lock);
        reader->store->reader_count--;
        pthread_mutex_unlock(&reader->store->lock);
    }
    free(reader);
}

static const struct reader_ops sqlite_reader_ops = {
    .begin = reader_begin,
    .query = reader_query,
    .scan = reader_scan,
    .end = reader_end,
    .close = reader_close,
    .error = store_sqlite_reader_error,
};

static struct sqlite_reader *reader_new(struct sqlite_store *store, sqlite3 *db, int64_t query_us_max)
{
    struct sqlite_reader *reader = calloc(1, sizeof(*reader));
    assert(reader != NULL);
    reader->base.ops = &sqlite_reader_ops;
    reader->store = store;
    reader->db = db;
    reader->fresh = true;
    reader->query_us_max = query_us_max;
    dirty_init(&reader->overlay);
    sqlite3_progress_handler(db, PROGRESS_STEPS, out_of_time, reader);
    return reader;
}

enum status sqlite_reader_open(struct store *base, struct reader **opened)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    sqlite3 *db = NULL;
    enum status status = connection_open(store->path, vfs_name(store->vfs), CONNECT_read, &db, NULL);
    if (status != STATUS_ok) {
        return status;
    }
    pthread_mutex_lock(&store->lock);
    store->reader_count++;
    pthread_mutex_unlock(&store->lock);
    *opened = &reader_new(store, db, store->settings.query_us_max)->base;
    return STATUS_ok;
}

void store_sqlite_reader_fresh(struct reader *base, bool fresh)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;
    assert(base->ops == &sqlite_reader_ops);
    reader->fresh = fresh;
}

const char *store_sqlite_reader_error(const struct reader *base)
{
    assert(base->ops == &sqlite_reader_ops);
    return ((const struct sqlite_reader *)base)->error.text;
}

enum status store_sqlite_snapshot_open(const char *path, const struct table *const *tables,
                                       struct reader **opened, struct store_error *error)
{
    sqlite3 *db = NULL;
    if (error != NULL) {
        error->text[0] = 0;
    }
    enum status status = connection_open(path, NULL, CONNECT_read, &db, error);
    if (status == STATUS_ok) {
        status = schema_check(db, tables, error);
    }
    if (status != STATUS_ok) {
        sqlite3_close(db);
        return status;
    }
    struct sqlite_reader *reader = reader_new(NULL, db, INT64_C(3600) * 1000000);
    reader->path = strdup(path);
    assert(reader->path != NULL);
    *opened = &reader->base;
    return STATUS_ok;
}
