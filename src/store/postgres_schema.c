/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema in PostgreSQL: made from the descriptors, brought up to date by them and by the migrations, and
 * checked. One process at a time changes it: it holds the row `starter` of onetill_meta in its transaction.
 */
#include "store/postgres_node.h"

#include <stdio.h>

#include "base/os_clock.h"
#include "store/migrations.h"

#define STARTER_WAIT_US INT64_C(60000000) /* how long others are waited for */
#define STARTER_PAUSE_US 200000

/* ---- the statements ---- */

/* Tables that no descriptor names. Rows of onetill_batches change with every batch and shall stay in their
 * page. */
static const char *const meta_tables[] = {
    "CREATE TABLE onetill_meta (name text COLLATE \"C\" PRIMARY KEY, value bigint NOT NULL)",
    "CREATE TABLE onetill_notes (name text COLLATE \"C\" PRIMARY KEY, bytes bytea NOT NULL)",
    "CREATE TABLE onetill_nodes (node integer PRIMARY KEY, instance bigint NOT NULL, address text NOT NULL,"
    " started_us bigint NOT NULL, seen_us bigint NOT NULL, cursors bytea NOT NULL) WITH (fillfactor = 30)",
    "CREATE TABLE onetill_batches (node integer PRIMARY KEY, instance bigint NOT NULL, epoch bigint NOT NULL,"
    " batch bigint NOT NULL) WITH (fillfactor = 20)",
    "CREATE TABLE onetill_feed (node integer NOT NULL, batch bigint NOT NULL, rows bytea NOT NULL,"
    " PRIMARY KEY (node, batch)) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = "
    "5000)",
    "ALTER TABLE onetill_feed ALTER COLUMN rows SET STORAGE EXTERNAL",
};

static void sql_column_make(struct sql *sql, const struct column *column)
{
    struct value zero = column_zero(column);
    const char *type = postgres_type(column);
    sql_add(sql, "\"%s\" %s%s NOT NULL DEFAULT ", column->name, type,
            column->kind == COLUMN_text ? " COLLATE \"C\"" : "");
    if (zero.kind == VALUE_i64) {
        sql_add(sql, "0");
    } else if (column->kind == COLUMN_text) {
        sql_add(sql, "''");
    } else {
        sql_add(sql, "'\\x");
        for (size_t i = 0; i < zero.bytes.size; i++) {
            sql_add(sql, "00");
        }
        sql_add(sql, "'");
    }
}

/* `p` leads the key, so that a sharding database can distribute by it; `ver` is the version of the row. */
static void sql_table_make(struct sql *sql, const struct table *table)
{
    sql_add(sql, "CREATE TABLE \"%s\" (p smallint NOT NULL, ", table->shape.name);
    for (uint32_t i = 0; i < table->shape.column_count; i++) {
        sql_column_make(sql, &table->shape.columns[i]);
        sql_add(sql, ", ");
    }
    sql_add(sql, "ver bigint NOT NULL, PRIMARY KEY (p");
    for (uint32_t i = 0; i < table->key_count; i++) {
        sql_add(sql, ", \"%s\"", table->shape.columns[i].name);
    }
    /* Rows are updated within their page, which is tidied when it is full: with this room a third as often. */
    sql_add(sql, ")) WITH (fillfactor = 75)");
}

/* ---- the place ---- */

struct postgres_place {
    struct migration_place base;
    PGconn *connection;
};

static enum status place_run(struct migration_place *place, const char *sql)
{
    return postgres_script(((struct postgres_place *)place)->connection, sql, place->error);
}

static enum status place_number(struct migration_place *place, const char *sql, int64_t *value)
{
    PGresult *result;
    struct value first;
    enum status status =
        postgres_ask(((struct postgres_place *)place)->connection, sql, NULL, 0, &result, place->error);
    if (status != STATUS_ok) {
        return status;
    }
    if (PQntuples(result) == 0) {
        status = STATUS_not_found;
    } else if (!postgres_value(result, 0, 0, &first) || first.kind != VALUE_i64) {
        error_set(place->error, "%.100s: not a number", sql);
        status = STATUS_bad_input;
    } else {
        *value = first.i64;
    }
    PQclear(result);
    return status;
}

static const struct migration_place_ops place_ops = { .run = place_run, .number = place_number };

static struct postgres_place place_of(PGconn *connection, const struct table *const *tables,
                                      struct store_error *error)
{
    return (struct postgres_place){ { &place_ops, MIGRATION_postgres, tables, error }, connection };
}

/* ---- what is there ---- */

/* Columns of all tables of the schema in their order: table, column, type, collation, not null, place in the
 * key. */
static const char columns_sql[] =
    "SELECT c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), coalesce(l.collname, ''),"
    " a.attnotnull, coalesce((SELECT s.at + 1 FROM pg_catalog.generate_subscripts(i.indkey, 1) AS s(at)"
    " WHERE i.indkey[s.at] = a.attnum), 0)::bigint"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation"
    " LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary"
    " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') ORDER BY c.relname COLLATE \"C\", "
    "a.attnum";

enum {
    FIELD_table,
    FIELD_name,
    FIELD_type,
    FIELD_collation,
    FIELD_not_null,
    FIELD_key,
};

/* Where the rows of a table begin in the answer; returns how many there are. */
static int table_find(const PGresult *columns, const char *name, int *first)
{
    int count = 0;
    for (int i = 0; i < PQntuples(columns); i++) {
        if (strcmp(PQgetvalue(columns, i, FIELD_table), name) == 0) {
            *first = count == 0 ? i : *first;
            count++;
        }
    }
    return count;
}

struct wanted_column {
    const char *name, *type;
    bool text;
    int64_t key;
};

static bool column_fits(const PGresult *columns, int row, const struct wanted_column *wanted)
{
    const char *collation = PQgetvalue(columns, row, FIELD_collation);
    bool bytewise = strcmp(collation, "C") == 0 || strcmp(collation, "POSIX") == 0;
    return strcmp(PQgetvalue(columns, row, FIELD_type), wanted->type) == 0 && (!wanted->text || bytewise) &&
           postgres_i64(columns, row, FIELD_not_null) != 0 &&
           postgres_i64(columns, row, FIELD_key) == wanted->key;
}

/* STATUS_not_found: the table has no such column. */
static enum status column_check(const PGresult *columns, int first, int count, const char *table,
                                const struct wanted_column *wanted, struct store_error *error)
{
    for (int i = first; i < first + count; i++) {
        if (strcmp(PQgetvalue(columns, i, FIELD_name), wanted->name) == 0) {
            if (column_fits(columns, i, wanted)) {
                return STATUS_ok;
            }
            error_set(error, "table %s: column %s is %s%s%s, key %lld, not %s%s, key %lld", table,
                      wanted->name, PQgetvalue(columns, i, FIELD_type), wanted->text ? " collated " : "",
                      wanted->text ? PQgetvalue(columns, i, FIELD_collation) : "",
                      (long long)postgres_i64(columns, i, FIELD_key), wanted->type,
                      wanted->text ? " collated C" : "", (long long)wanted->key);
            return STATUS_bad_input;
        }
    }
    return STATUS_not_found;
}

static struct wanted_column wanted_of(const struct table *table, uint32_t at)
{
    const struct column *column = &table->shape.columns[at];
    assert(strcmp(column->name, "p") != 0 && strcmp(column->name, "ver") != 0);
    return (struct wanted_column){ column->name, postgres_type(column), column->kind == COLUMN_text,
                                   at < table->key_count ? (int64_t)at + 2 : 0 };
}

/*
 * `*have`: how many of the descriptor's columns are there, which must be the first ones. No table: 0, and
 * `*there` false.
 */
static enum status table_check(const PGresult *columns, const struct table *table, uint32_t *have,
                               bool *there, struct store_error *error)
{
    static const struct wanted_column own[] = { { "p", "smallint", false, 1 },
                                                { "ver", "bigint", false, 0 } };
    const char *name = table->shape.name;
    int first = 0;
    int count = table_find(columns, name, &first);
    enum status status = STATUS_ok;
    *have = 0;
    *there = count > 0;
    for (size_t i = 0; i < COUNT_OF(own) && count > 0 && status == STATUS_ok; i++) {
        status = column_check(columns, first, count, name, &own[i], error);
        if (status == STATUS_not_found) {
            error_set(error, "table %s has no column %s: it is not Onetill's", name, own[i].name);
            return STATUS_bad_input;
        }
    }
    for (; *have < table->shape.column_count && count > 0 && status == STATUS_ok; ++*have) {
        struct wanted_column wanted = wanted_of(table, *have);
        status = column_check(columns, first, count, name, &wanted, error);
        if (status != STATUS_ok) {
            break;
        }
    }
    if (status == STATUS_bad_input) {
        return status;
    }
    if (count > 0 && (*have < table->key_count || (int)*have + (int)COUNT_OF(own) < count)) {
        error_set(error, "table %s has columns that this version does not know", name);
        return STATUS_newer;
    }
    return STATUS_ok;
}

/* ---- following the descriptors ---- */

static enum status columns_add(struct postgres_place *place, const struct table *table, uint32_t have)
{
    enum status status = STATUS_ok;
    for (uint32_t i = have; i < table->shape.column_count && status == STATUS_ok; i++) {
        struct sql sql = { 0 };
        sql_add(&sql, "ALTER TABLE \"%s\" ADD COLUMN ", table->shape.name);
        sql_column_make(&sql, &table->shape.columns[i]);
        assert(!sql.failed);
        status = place_run(&place->base, sql.text);
        if (status == STATUS_ok) {
            status =
                migrations_added(&place->base, migrations, table->shape.name, table->shape.columns[i].name);
        }
    }
    return status;
}

/* What is made together with the schema need not be noted one by one. */
static enum status tables_follow(struct postgres_place *place, bool created)
{
    PGresult *columns;
    enum status status = postgres_ask(place->connection, columns_sql, NULL, 0, &columns, place->base.error);
    if (status != STATUS_ok) {
        return status;
    }
    for (size_t i = 0; place->base.tables[i] != NULL && status == STATUS_ok; i++) {
        const struct table *table = place->base.tables[i];
        uint32_t have;
        bool there;
        status = table_check(columns, table, &have, &there, place->base.error);
        if (status == STATUS_ok && there && created) {
            error_set(place->base.error, "the database has a table %s already, which is not Onetill's",
                      table->shape.name);
            status = STATUS_bad_input;
        } else if (status == STATUS_ok && there) {
            status = columns_add(place, table, have);
        } else if (status == STATUS_ok) {
            struct sql sql = { 0 };
            sql_table_make(&sql, table);
            assert(!sql.failed);
            status = place_run(&place->base, sql.text);
            if (status == STATUS_ok && !created) {
                status = migrations_added(&place->base, migrations, table->shape.name, NULL);
            }
        }
    }
    PQclear(columns);
    return status;
}

/* ---- creating and migrating ---- */

static enum status indexes_make(struct postgres_place *place, const struct postgres_settings *settings)
{
    enum status status = STATUS_ok;
    const char *const *index = settings != NULL ? settings->indexes : NULL;
    for (; index != NULL && *index != NULL && status == STATUS_ok; index++) {
        status = place_run(&place->base, *index);
    }
    return status;
}

/* The first table is what concurrent starters wait for; the second of them fails by its name and begins anew.
 */
static enum status schema_create(struct postgres_place *place, const struct postgres_settings *settings)
{
    struct sql sql = { 0 };
    uint32_t partitions = settings != NULL && settings->partitions > 0 ? settings->partitions : 1;
    enum status status = STATUS_ok;
    assert(partitions <= PARTITIONS_MAX);
    for (size_t i = 0; i < COUNT_OF(meta_tables) && status == STATUS_ok; i++) {
        status = place_run(&place->base, meta_tables[i]);
    }
    if (status == STATUS_ok) {
        sql_add(&sql,
                "INSERT INTO onetill_meta VALUES ('created_us', %lld), ('partitions', %u), ('starter', 0),"
                " ('turn', 0), ('copy_open', 0)",
                (long long)os_now_us(), partitions);
        assert(!sql.failed);
        status = place_run(&place->base, sql.text);
    }
    if (status == STATUS_ok) {
        status = migrations_begin(&place->base, migrations);
    }
    if (status == STATUS_ok) {
        status = tables_follow(place, true);
    }
    return status == STATUS_ok ? indexes_make(place, settings) : status;
}

/* A process that runs would meet tables that it does not know. By the database's clock, to be on the safe
 * side. */
static enum status others_check(struct postgres_place *place)
{
    struct sql sql = { 0 };
    int64_t count = 0;
    sql_add(&sql,
            "SELECT count(*) FROM onetill_nodes WHERE seen_us >"
            " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - %lld",
            (long long)SILENT_MAX_US);
    enum status status = place_number(&place->base, sql.text, &count);
    if (status == STATUS_ok && count > 0) {
        error_set(place->base.error,
                  "the schema must be migrated, and %lld other process%s on this database: stop them first",
                  (long long)count, count == 1 ? " is" : "es are");
        return STATUS_busy;
    }
    return status;
}

static enum status schema_migrate(struct postgres_place *place)
{
    int64_t level = 0;
    enum status status = migrations_level(&place->base, migrations, &level);
    if (status == STATUS_ok && level < migrations_newest(migrations)) {
        status = others_check(place);
        if (status == STATUS_ok) {
            status = migrations_run(&place->base, migrations, level);
        }
    }
    return status == STATUS_ok ? tables_follow(place, false) : status;
}

static enum status schema_there(struct postgres_place *place, bool *there)
{
    int64_t count = 0;
    enum status status = place_number(
        &place->base,
        "SELECT CASE WHEN current_schema() IS NULL THEN -1 ELSE (SELECT count(*) FROM pg_catalog.pg_class"
        " c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname ="
        " current_schema() AND c.relname = 'onetill_meta') END",
        &count);
    if (status == STATUS_ok && count < 0) {
        error_set(place->base.error, "the database has no schema for our tables (search_path)");
        return STATUS_bad_input;
    }
    *there = count > 0;
    return status;
}

/* One try. STATUS_conflict: others are at it. */
static enum status schema_step(struct postgres_place *place, const struct postgres_settings *settings,
                               bool *created)
{
    bool there = false;
    enum status status = place_run(&place->base, "BEGIN; SET LOCAL lock_timeout = '1s'");
    if (status == STATUS_ok) {
        status = schema_there(place, &there);
    }
    *created = !there;
    if (status == STATUS_ok && there) {
        status = place_run(&place->base, "UPDATE onetill_meta SET value = value + 1 WHERE name = 'starter'");
        if (status == STATUS_ok) {
            status = schema_migrate(place);
        }
    } else if (status == STATUS_ok) {
        status = schema_create(place, settings);
    }
    if (status == STATUS_ok) {
        status = place_run(&place->base, "COMMIT");
    }
    if (status != STATUS_ok) {
        postgres_undo(place->connection);
    }
    return status;
}

/* Whether it failed because another starter was quicker. */
static bool beaten(enum status status, const struct store_error *error)
{
    return status == STATUS_conflict || (status == STATUS_fault && strstr(error->text, "42P07") != NULL);
}

static enum status schema_steps(PGconn *connection, const struct table *const *tables,
                                const struct postgres_settings *settings, bool *created,
                                struct store_error *error)
{
    int64_t until_us = os_monotonic_us() + STARTER_WAIT_US;
    for (;;) {
        struct store_error own = { "" };
        struct postgres_place place = place_of(connection, tables, &own);
        enum status status = schema_step(&place, settings, created);
        if (beaten(status, &own) && os_monotonic_us() < until_us) {
            os_sleep_us(STARTER_PAUSE_US);
            continue;
        }
        if (status != STATUS_ok) {
            error_set(error, "%s%.200s", beaten(status, &own) ? "the schema is locked by others: " : "",
                      own.text);
        }
        return beaten(status, &own) ? STATUS_busy : status;
    }
}

/* ---- indexes of a database that may be in use ---- */

/* "CREATE INDEX IF NOT EXISTS name ON …": the name, and the rest of the statement. */
static bool index_name(const char *statement, char name[64], const char **rest)
{
    static const char start[] = "CREATE INDEX IF NOT EXISTS ";
    if (strncmp(statement, start, sizeof(start) - 1) != 0) {
        return false;
    }
    const char *begin = statement + sizeof(start) - 1;
    size_t size = strcspn(begin, " ");
    if (size == 0 || size >= 64 || begin[size] == '\0') {
        return false;
    }
    memcpy(name, begin, size);
    name[size] = '\0';
    *rest = begin + size;
    return true;
}

/* Others go on writing meanwhile. One that was begun and never finished is made anew, unless another makes it
 * now. */
static enum status index_make(struct postgres_place *place, const char *statement)
{
    struct sql sql = { 0 };
    char name[64];
    const char *rest;
    int64_t valid = 0;
    bool named = index_name(statement, name, &rest);
    assert(named); /* they are the product's own */
    sql_add(
        &sql,
        "SELECT CASE WHEN i.indisvalid THEN 1 ELSE 0 END FROM pg_catalog.pg_class c JOIN"
        " pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_index i ON i.indexrelid ="
        " c.oid WHERE n.nspname = current_schema() AND c.relname = '%s'",
        name);
    enum status status = place_number(&place->base, sql.text, &valid);
    if (status == STATUS_ok && valid != 0) {
        return STATUS_ok;
    }
    if (status == STATUS_ok) {
        struct sql drop = { 0 };
        sql_add(&drop, "DROP INDEX CONCURRENTLY IF EXISTS \"%s\"", name);
        status = place_run(&place->base, drop.text);
    }
    if (status == STATUS_ok || status == STATUS_not_found) {
        struct sql make = { 0 };
        sql_add(&make, "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"%s\"%s", name, rest);
        assert(!make.failed);
        status = place_run(&place->base, make.text);
    }
    if (status == STATUS_conflict) {
        place->base.error->text[0] = '\0'; /* locked by the one that makes it */
        return STATUS_ok;
    }
    return status;
}

static enum status partitions_read(struct postgres_place *place, uint32_t *partitions)
{
    int64_t value = 0;
    enum status status =
        place_number(&place->base, "SELECT value FROM onetill_meta WHERE name = 'partitions'", &value);
    if (status == STATUS_not_found || (status == STATUS_ok && (value < 1 || value > PARTITIONS_MAX))) {
        error_set(place->base.error, "onetill_meta does not say how many partitions there are");
        return STATUS_bad_input;
    }
    *partitions = (uint32_t)value;
    return status;
}

enum status postgres_schema_prepare(PGconn *connection, const struct table *const *tables,
                                    const struct postgres_settings *settings, uint32_t *partitions,
                                    struct store_error *error)
{
    struct postgres_place place = place_of(connection, tables, error);
    bool created = false;
    enum status status = schema_steps(connection, tables, settings, &created, error);
    const char *const *index = settings != NULL && !created ? settings->indexes : NULL;
    for (; index != NULL && *index != NULL && status == STATUS_ok; index++) {
        status = index_make(&place, *index);
    }
    return status == STATUS_ok ? partitions_read(&place, partitions) : status;
}

enum status postgres_schema_check(PGconn *connection, const struct table *const *tables, uint32_t *partitions,
                                  struct store_error *error)
{
    struct postgres_place place = place_of(connection, tables, error);
    PGresult *columns = NULL;
    bool there = false;
    int64_t level = 0;
    enum status status = schema_there(&place, &there);
    if (status == STATUS_ok && !there) {
        error_set(error, "the database holds no store of Onetill");
        return STATUS_bad_input;
    }
    if (status == STATUS_ok) {
        status = migrations_level(&place.base, migrations, &level);
    }
    if (status == STATUS_ok && level < migrations_newest(migrations)) {
        error_set(error, "of an older format: serve it once");
        return STATUS_bad_input;
    }
    if (status == STATUS_ok) {
        status = postgres_ask(connection, columns_sql, NULL, 0, &columns, error);
    }
    for (size_t i = 0; tables[i] != NULL && status == STATUS_ok; i++) {
        uint32_t have;
        bool exists;
        status = table_check(columns, tables[i], &have, &exists, error);
        if (status == STATUS_ok && have < tables[i]->shape.column_count) {
            error_set(error, "table %s lacks columns: written by an older version, serve it once",
                      tables[i]->shape.name);
            status = STATUS_bad_input;
        }
    }
    PQclear(columns);
    return status == STATUS_ok ? partitions_read(&place, partitions) : status;
}
