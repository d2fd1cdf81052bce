/* SPDX-License-Identifier: Apache-2.0 */
/* A copy into a file: large transactions straight into the tables, past journal and cache. */
#include "store/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/internal.h"

#define TRANSACTION_ROWS 50000
#define PAGE_CACHE_KIB 131072
#define LOG_PAGES 16384 /* the log is moved into the file by whoever commits beyond this */

struct sqlite_sink {
    struct sink base;
    const struct table *const *tables;
    struct sink_settings settings;
    char *path;
    int lock_fd;
    sqlite3 *db;
    struct {
        sqlite3_stmt *put, *drop;
    } statements[TABLE_COUNT_MAX];
    bool open; /* a transaction is */
    uint32_t rows; /* of it */
};

static enum status failed(struct sqlite_sink *sink, const char *what)
{
    sink->base.error.text[0] = '\0';
    error_set(&sink->base.error, "%.60s: %s", what, sqlite3_errmsg(sink->db));
    return STATUS_fault;
}

static enum status run(struct sqlite_sink *sink, const char *sql)
{
    return sqlite3_exec(sink->db, sql, NULL, NULL, NULL) == SQLITE_OK ? STATUS_ok : failed(sink, sql);
}

/* ---- opening ---- */

/* Opening and closing as a server does writes back what is left, whatever end the last one had. */
static enum status settle(const char *path, const struct table *const *tables, struct store_error *error)
{
    struct store *store;
    struct sqlite_settings settings = { .cache_bytes = 1 << 20 };
    enum status status = store_sqlite_open(path, tables, &settings, &store, error);
    if (status == STATUS_ok) {
        store->ops->close(store);
    }
    return status;
}

/* As a server does it: nobody serves the file while we have this. */
static enum status lock_take(struct sqlite_sink *sink, struct store_error *error)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof(path), "%s.lock", sink->path) >= sizeof(path)) {
        error_set(error, "the path is too long");
        return STATUS_bad_input;
    }
    sink->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (sink->lock_fd < 0) {
        error_set(error, "%.150s: %s", path, strerror(errno));
        return STATUS_fault;
    }
    if (flock(sink->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        error_set(error, "it is being served by another process");
        return STATUS_busy;
    }
    return STATUS_ok;
}

static enum status state_read(struct sqlite_sink *sink, struct store_error *error)
{
    int64_t copying = 0;
    enum status status = meta_get(sink->db, "copying", &copying);
    if (status == STATUS_ok || status == STATUS_not_found) {
        status = meta_get(sink->db, "copied", &sink->base.state.seal);
    }
    sink->base.state.unfinished = copying != 0;
    if (status != STATUS_ok && status != STATUS_not_found) {
        error_set(error, "its meta data cannot be read: %s", sqlite3_errmsg(sink->db));
        return status;
    }
    return STATUS_ok;
}

static enum status file_open(struct sqlite_sink *sink, struct store_error *error)
{
    struct sql cache = { 0 };
    enum status status = connection_open(sink->path, NULL, CONNECT_write, &sink->db, error);
    if (status != STATUS_ok) {
        return status;
    }
    status = schema_prepare(sink->db, sink->tables, error);
    if (status == STATUS_ok) {
        status = state_read(sink, error);
    }
    sql_add(&cache, "PRAGMA cache_size=-%d; PRAGMA wal_autocheckpoint=%d", PAGE_CACHE_KIB, LOG_PAGES);
    if (status == STATUS_ok && sqlite3_exec(sink->db, cache.text, NULL, NULL, NULL) != SQLITE_OK) {
        error_set(error, "%s", sqlite3_errmsg(sink->db));
        status = STATUS_fault;
    }
    return status;
}

/* ---- rows ---- */

static enum status transaction_end(struct sqlite_sink *sink)
{
    if (!sink->open) {
        return STATUS_ok;
    }
    sink->open = false;
    sink->rows = 0;
    return run(sink, "COMMIT");
}

/* Before each row. */
static enum status transaction_step(struct sqlite_sink *sink)
{
    enum status status = sink->rows < TRANSACTION_ROWS ? STATUS_ok : transaction_end(sink);
    if (status == STATUS_ok && !sink->open) {
        status = run(sink, "BEGIN IMMEDIATE");
        sink->open = status == STATUS_ok;
    }
    sink->rows++;
    return status;
}

static enum status statement_make(struct sqlite_sink *sink, const struct table *table,
                                  void (*write)(struct sql *sql, const struct table *table), sqlite3_stmt **statement)
{
    struct sql sql = { 0 };
    if (*statement != NULL) {
        return STATUS_ok;
    }
    write(&sql, table);
    assert(!sql.failed);
    int rc = sqlite3_prepare_v3(sink->db, sql.text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    return rc == SQLITE_OK ? STATUS_ok : failed(sink, table->shape.name);
}

static enum status statement_run(struct sqlite_sink *sink, const struct table *table, sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? STATUS_ok : failed(sink, table->shape.name);
}

static enum status sqlite_sink_put(struct sink *base, const struct table *table, struct span key, struct span image,
                                   bool replaces)
{
    struct sqlite_sink *sink = (struct sqlite_sink *)base;
    struct record record = { .table = table->number, .exists = true, .key = key, .image = image };
    sqlite3_stmt **statement = &sink->statements[table->number].put;
    (void)replaces; /* the same to SQLite */
    enum status status = transaction_step(sink);
    if (status == STATUS_ok) {
        status = statement_make(sink, table, sql_put, statement);
    }
    if (status == STATUS_ok && !record_bind(*statement, table, &record)) {
        error_set(&base->error, "table %s: a row that does not fit", table->shape.name);
        status = STATUS_fault;
    }
    return status == STATUS_ok ? statement_run(sink, table, *statement) : status;
}

static enum status sqlite_sink_drop(struct sink *base, const struct table *table, struct span key)
{
    struct sqlite_sink *sink = (struct sqlite_sink *)base;
    sqlite3_stmt **statement = &sink->statements[table->number].drop;
    enum status status = transaction_step(sink);
    if (status == STATUS_ok) {
        status = statement_make(sink, table, sql_drop, statement);
    }
    if (status == STATUS_ok && !key_bind(*statement, table, key)) {
        error_set(&base->error, "table %s: a key that does not fit", table->shape.name);
        status = STATUS_fault;
    }
    return status == STATUS_ok ? statement_run(sink, table, *statement) : status;
}

static enum status sqlite_sink_flush(struct sink *base)
{
    return transaction_end((struct sqlite_sink *)base);
}

/* ---- the mark ---- */

static enum status sqlite_sink_begin(struct sink *base)
{
    struct sqlite_sink *sink = (struct sqlite_sink *)base;
    enum status status = run(sink, "REPLACE INTO meta VALUES ('copying', 1)"); /* still synced */
    return status == STATUS_ok ? run(sink, "PRAGMA synchronous=NORMAL") : status;
}

static enum status sqlite_sink_finish(struct sink *base, int64_t seal)
{
    struct sqlite_sink *sink = (struct sqlite_sink *)base;
    struct sql sql = { 0 };
    const char *const *index = sink->settings.indexes;
    enum status status = transaction_end(sink);
    for (; status == STATUS_ok && index != NULL && *index != NULL; index++) {
        status = run(sink, *index);
    }
    if (status == STATUS_ok) {
        /* The log is synced before it is moved, and the file after that. */
        status = run(sink, "PRAGMA synchronous=FULL; PRAGMA wal_checkpoint(TRUNCATE)");
    }
    sql_add(&sql, "BEGIN IMMEDIATE; REPLACE INTO meta VALUES ('copying', 0), ('copied', %lld); COMMIT;"
                  "PRAGMA wal_checkpoint(TRUNCATE)", (long long)seal);
    assert(!sql.failed);
    return status == STATUS_ok ? run(sink, sql.text) : status;
}

static void sqlite_sink_close(struct sink *base)
{
    struct sqlite_sink *sink = (struct sqlite_sink *)base;
    if (sink->open) {
        sqlite3_exec(sink->db, "ROLLBACK", NULL, NULL, NULL);
    }
    for (size_t i = 0; i < COUNT_OF(sink->statements); i++) {
        sqlite3_finalize(sink->statements[i].put);
        sqlite3_finalize(sink->statements[i].drop);
    }
    sqlite3_close(sink->db);
    if (sink->lock_fd >= 0) {
        close(sink->lock_fd);
    }
    free(sink->path);
    free(sink);
}

static const struct sink_ops sqlite_sink_ops = {
    .begin = sqlite_sink_begin,
    .put = sqlite_sink_put,
    .drop = sqlite_sink_drop,
    .flush = sqlite_sink_flush,
    .finish = sqlite_sink_finish,
    .close = sqlite_sink_close,
};

/* Whether a copy into the file was begun and not finished: then there is no journal to be written back. */
static bool is_unfinished(const char *path)
{
    sqlite3 *db = NULL;
    int64_t copying = 0;
    if (access(path, F_OK) != 0 || connection_open(path, NULL, CONNECT_read, &db, NULL) != STATUS_ok) {
        return false;
    }
    bool unfinished = meta_get(db, "copying", &copying) == STATUS_ok && copying != 0;
    sqlite3_close(db);
    return unfinished;
}

enum status sink_sqlite_open(const char *path, const struct table *const *tables, const struct sink_settings *settings,
                             struct sink **made, struct store_error *error)
{
    enum status status = is_unfinished(path) ? STATUS_ok : settle(path, tables, error);
    if (status != STATUS_ok) {
        return status;
    }
    struct sqlite_sink *sink = calloc(1, sizeof(*sink));
    assert(sink != NULL);
    *sink = (struct sqlite_sink){ .base = { .ops = &sqlite_sink_ops },
                                  .tables = tables,
                                  .settings = *settings,
                                  .path = strdup(path),
                                  .lock_fd = -1 };
    assert(sink->path != NULL);
    status = lock_take(sink, error);
    if (status == STATUS_ok) {
        status = file_open(sink, error);
    }
    if (status != STATUS_ok) {
        sqlite_sink_close(&sink->base);
        return status;
    }
    *made = &sink->base;
    return STATUS_ok;
}
