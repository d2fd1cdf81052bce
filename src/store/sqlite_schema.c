/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"

#include "base/os_clock.h"
#include "store/migrations.h"

#define APPLICATION_ID 0x4f74696c /* "Otil" */

enum status status_of(int rc)
{
    switch (rc & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return STATUS_ok;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
        return STATUS_busy;
    case SQLITE_NOTADB:
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
        return STATUS_bad_input;
    default:
        return STATUS_fault;
    }
}

static enum status run(sqlite3 *db, const char *sql, struct store_error *error)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        error_set(error, "%.60s: %s", sql, sqlite3_errmsg(db));
    }
    return status_of(rc);
}

enum status connection_open(const char *path, const char *vfs, enum connect mode, sqlite3 **db,
                            struct store_error *error)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= mode == CONNECT_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    pages_install();
    int rc = sqlite3_open_v2(path, db, flags, vfs);
    if (rc != SQLITE_OK) {
        error_set(error, "%.150s: %s", path, *db != NULL ? sqlite3_errmsg(*db) : "no memory");
        sqlite3_close(*db);
        *db = NULL;
        return status_of(rc) == STATUS_busy ? STATUS_busy : STATUS_fault;
    }
    sqlite3_busy_timeout(*db, 5000);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    enum status status = run(*db,
                             "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;"
                             "PRAGMA secure_delete=OFF; PRAGMA mmap_size=0",
                             error);
    if (status == STATUS_ok && mode == CONNECT_write) {
        /* The page size and the log mode stay with the file; the others are the connection's. */
        status = run(*db,
                     "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "PRAGMA wal_autocheckpoint=0",
                     error);
    } else if (status == STATUS_ok) {
        status = run(*db, "PRAGMA query_only=ON", error);
    }
    if (status != STATUS_ok) {
        sqlite3_close(*db);
        *db = NULL;
    }
    return status;
}

static enum status number_get(sqlite3 *db, const char *sql, const char *bind, int64_t *value)
{
    sqlite3_stmt *select = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &select, NULL);
    if (rc == SQLITE_OK && bind != NULL) {
        rc = sqlite3_bind_text(select, 1, bind, -1, SQLITE_STATIC);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(select);
    }
    enum status status = rc == SQLITE_DONE ? STATUS_not_found : status_of(rc);
    if (rc == SQLITE_ROW) {
        *value = sqlite3_column_int64(select, 0);
    }
    sqlite3_finalize(select);
    return status;
}

enum status meta_get(sqlite3 *db, const char *name, int64_t *value)
{
    return number_get(db, "SELECT value FROM meta WHERE name = ?", name, value);
}

enum status page_size_get(sqlite3 *db, int *bytes, struct store_error *error)
{
    int64_t value = 0;
    enum status status = number_get(db, "PRAGMA page_size", NULL, &value);
    if (status != STATUS_ok || value < 512) {
        error_set(error, "the page size: %s", sqlite3_errmsg(db));
        return STATUS_fault;
    }
    *bytes = (int)value;
    return STATUS_ok;
}

static enum status meta_create(sqlite3 *db, struct store_error *error)
{
    struct sql sql = { 0 };
    sql_add(
        &sql,
        "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "INSERT INTO meta VALUES ('format', %lld), ('created_us', %lld), ('written', 0), ('journal', 0);"
        "PRAGMA application_id=%d",
        (long long)migrations_newest(migrations), (long long)os_now_us(), APPLICATION_ID);
    assert(!sql.failed);
    return run(db, sql.text, error);
}

/* STATUS_not_found: an empty file. */
static enum status format_check(sqlite3 *db, int64_t *format, struct store_error *error)
{
    int64_t count = 0, application = 0;
    enum status status = number_get(db, "SELECT count(*) FROM sqlite_schema", NULL, &count);
    if (status == STATUS_ok) {
        status = number_get(db, "PRAGMA application_id", NULL, &application);
    }
    if (status != STATUS_ok) {
        error_set(error, "not readable: %s", sqlite3_errmsg(db));
        return status;
    }
    if (count == 0) {
        return STATUS_not_found;
    }
    if (application != APPLICATION_ID || meta_get(db, "format", format) != STATUS_ok) {
        error_set(error, "an SQLite file, but not a store of Onetill");
        return STATUS_bad_input;
    }
    if (*format > migrations_newest(migrations)) {
        error_set(error, "written by a newer version: format %lld, this one knows up to %lld",
                  (long long)*format, (long long)migrations_newest(migrations));
        return STATUS_newer;
    }
    return STATUS_ok;
}

static enum status column_check(sqlite3_stmt *info, const struct table *table, uint32_t at,
                                struct store_error *error)
{
    const struct column *column = &table->shape.columns[at];
    const char *name = (const char *)sqlite3_column_text(info, 1);
    const char *type = (const char *)sqlite3_column_text(info, 2);
    int key = sqlite3_column_int(info, 5);
    int wanted_key = at < table->key_count ? (int)at + 1 : 0;
    if (name == NULL || type == NULL || strcmp(name, column->name) != 0 ||
        strcmp(type, column_sql_type(column)) != 0 || key != wanted_key) {
        error_set(error, "table %s: column %u is %s %s, not %s %s", table->shape.name, at + 1, name, type,
                  column->name, column_sql_type(column));
        return STATUS_bad_input;
    }
    return STATUS_ok;
}

/* How many of the descriptor's columns the file has; all of them must be alike. 0: no such table. */
static enum status table_check(sqlite3 *db, const struct table *table, uint32_t *count,
                               struct store_error *error)
{
    struct sql sql = { 0 };
    sqlite3_stmt *info = NULL;
    sql_add(&sql, "PRAGMA table_info(\"%s\")", table->shape.name);
    enum status status = status_of(sqlite3_prepare_v2(db, sql.text, -1, &info, NULL));
    int rc = SQLITE_DONE;
    *count = 0;
    while (status == STATUS_ok && (rc = sqlite3_step(info)) == SQLITE_ROW) {
        if (*count == table->shape.column_count) {
            error_set(error, "table %s has columns that this version does not know", table->shape.name);
            status = STATUS_newer;
            break;
        }
        status = column_check(info, table, *count, error);
        ++*count;
    }
    if (status == STATUS_ok && rc != SQLITE_DONE) {
        status = status_of(rc);
    }
    sqlite3_finalize(info);
    return status;
}

static enum status table_prepare(struct sqlite_place *place, const struct table *table, bool noted)
{
    uint32_t count;
    enum status status = table_check(place->db, table, &count, place->base.error);
    if (status != STATUS_ok) {
        return status;
    }
    if (count == 0) {
        struct sql sql = { 0 };
        sql_create(&sql, table);
        assert(!sql.failed);
        status = run(place->db, sql.text, place->base.error);
        return status == STATUS_ok && noted
                   ? migrations_added(&place->base, migrations, table->shape.name, NULL)
                   : status;
    }
    for (uint32_t i = count; i < table->shape.column_count && status == STATUS_ok; i++) {
        struct sql sql = { 0 };
        sql_add(&sql, "ALTER TABLE \"%s\" ADD COLUMN ", table->shape.name);
        sql_column(&sql, &table->shape.columns[i]);
        assert(!sql.failed);
        status = run(place->db, sql.text, place->base.error);
        if (status == STATUS_ok && noted) {
            status =
                migrations_added(&place->base, migrations, table->shape.name, table->shape.columns[i].name);
        }
    }
    return status;
}

/* What is made together with the file need not be noted one by one. */
static enum status tables_prepare(struct sqlite_place *place, bool noted)
{
    enum status status = STATUS_ok;
    for (size_t i = 0; place->base.tables[i] != NULL && status == STATUS_ok; i++) {
        status = table_prepare(place, place->base.tables[i], noted);
    }
    return status;
}

static enum status place_run(struct migration_place *place, const char *sql)
{
    return run(((struct sqlite_place *)place)->db, sql, place->error);
}

static enum status place_number(struct migration_place *place, const char *sql, int64_t *value)
{
    sqlite3 *db = ((struct sqlite_place *)place)->db;
    enum status status = number_get(db, sql, NULL, value);
    if (status != STATUS_ok && status != STATUS_not_found) {
        error_set(place->error, "%.100s: %s", sql, sqlite3_errmsg(db));
    }
    return status;
}

static const struct migration_place_ops place_ops = { .run = place_run, .number = place_number };

static struct sqlite_place place_of(sqlite3 *db, const struct table *const *tables, struct store_error *error)
{
    return (struct sqlite_place){ { &place_ops, MIGRATION_sqlite, tables, error }, db };
}

enum status schema_fit(sqlite3 *db, const struct table *const *tables, struct store_error *error)
{
    struct sqlite_place place = place_of(db, tables, error);
    return tables_prepare(&place, true);
}

/* An existing file: to the newest level, which also tells older versions that it is not for them any more. */
static enum status schema_migrate(struct sqlite_place *place, int64_t format)
{
    int64_t newest = migrations_newest(migrations);
    enum status status = migrations_run(&place->base, migrations, format);
    if (status == STATUS_ok && format < newest) {
        struct sql sql = { 0 };
        sql_add(&sql, "UPDATE meta SET value = %lld WHERE name = 'format'", (long long)newest);
        assert(!sql.failed);
        status = run(place->db, sql.text, place->base.error);
    }
    return status == STATUS_ok ? tables_prepare(place, true) : status;
}

static enum status schema_create(struct sqlite_place *place)
{
    enum status status = meta_create(place->db, place->base.error);
    if (status == STATUS_ok) {
        status = migrations_begin(&place->base, migrations);
    }
    return status == STATUS_ok ? tables_prepare(place, false) : status;
}

enum status schema_prepare(sqlite3 *db, const struct table *const *tables, struct store_error *error)
{
    struct sqlite_place place = place_of(db, tables, error);
    int64_t format = 0;
    enum status status = run(db, "BEGIN IMMEDIATE", error);
    if (status != STATUS_ok) {
        return status;
    }
    status = format_check(db, &format, error);
    if (status == STATUS_not_found) {
        status = schema_create(&place);
    } else if (status == STATUS_ok) {
        status = schema_migrate(&place, format);
    }
    if (status == STATUS_ok) {
        status = run(db, "COMMIT", error);
    }
    if (status != STATUS_ok && sqlite3_get_autocommit(db) == 0) {
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    return status;
}

enum status schema_check(sqlite3 *db, const struct table *const *tables, struct store_error *error)
{
    int64_t format = 0;
    enum status status = format_check(db, &format, error);
    if (status == STATUS_not_found) {
        error_set(error, "an empty file, not a store of Onetill");
        return STATUS_bad_input;
    }
    if (status == STATUS_ok && format < migrations_newest(migrations)) {
        error_set(error, "of an older format: serve it once");
        return STATUS_bad_input;
    }
    for (size_t i = 0; tables[i] != NULL && status == STATUS_ok; i++) {
        uint32_t count;
        status = table_check(db, tables[i], &count, error);
        if (status == STATUS_ok && count != tables[i]->shape.column_count) {
            error_set(error, "table %s lacks columns: written by an older version, serve it once",
                      tables[i]->shape.name);
            status = STATUS_bad_input;
        }
    }
    return status;
}
