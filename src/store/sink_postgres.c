/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy into a database. Rows that are new there stream through COPY in binary form. Rows that replace others wait
 * until there are enough of them: then the old ones are deleted and the new ones copied in, in one transaction.
 */
#include "store/sink.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/os_clock.h"
#include "engine/command.h"
#include "store/postgres_node.h"

#define SEND_BYTES ((size_t)256 << 10)
#define COPY_ROWS_MAX 1000000              /* of one transaction */
#define LATE_BYTES_MAX ((size_t)4 << 20)   /* of rows and keys that wait */
#define PIPELINE_KEYS 256                  /* deletions whose results are on their way */
#define COPY_LOCK INT64_C(0x4f74696c636f7079)
#define KEY_COLUMNS_MAX 8
#define OID_int2 21

struct postgres_sink {
    struct sink base;
    const struct table *const *tables;
    struct sink_settings settings;
    PGconn *connection;
    uint32_t partitions;
    int64_t stamp;             /* the version of every row that this copy writes */
    const struct table *table; /* of the rows on their way */
    bool copying;              /* a COPY is open */
    uint64_t copied;           /* rows of it */
    struct wire out;           /* for it, not sent yet */
    struct wire late;          /* rows that replace others */
    struct wire keys;          /* to be deleted: a size byte and the key each */
    struct wire parameters;
    bool prepared[TABLE_COUNT_MAX]; /* the deletion of a table's row */
};

static enum status failed(struct postgres_sink *sink, const char *what, const PGresult *result)
{
    enum status status = postgres_status(sink->connection, result);
    sink->base.error.text[0] = '\0';
    postgres_reason(&sink->base.error, what, sink->connection, result);
    return status == STATUS_ok ? STATUS_fault : status;
}

static enum status run(struct postgres_sink *sink, const char *sql)
{
    sink->base.error.text[0] = '\0';
    return postgres_script(sink->connection, sql, &sink->base.error);
}

/* ---- COPY ---- */

static void copy_head(struct wire *wire)
{
    static const char signature[] = "PGCOPY\n\377\r\n"; /* its terminating zero belongs to it */
    memcpy(wire_room(wire, sizeof(signature)), signature, sizeof(signature));
    wire_i32(wire, 0);
    wire_i32(wire, 0);
}

static void field_i16(struct wire *wire, int32_t value)
{
    wire_i32(wire, 2);
    wire_i16(wire, value);
}

/* False: bytes that make no sense. */
static bool row_write(const struct postgres_sink *sink, struct wire *wire, struct span key, struct span image)
{
    const struct shape *shape = &sink->table->shape;
    const uint8_t *key_bytes = (const uint8_t *)key.bytes, *image_bytes = (const uint8_t *)image.bytes;
    struct packed names = { key_bytes, key_bytes + key.size };
    struct packed others = { image_bytes, image_bytes + image.size };
    wire_i16(wire, (int32_t)shape->column_count + 2);
    field_i16(wire, (int32_t)postgres_partition(sink->table, key, sink->partitions));
    for (uint32_t i = 0; i < shape->column_count; i++) {
        struct value value;
        if (i < sink->table->key_count ? !key_value(&names, &shape->columns[i], &value)
                                       : !packed_value(&others, &shape->columns[i], &value)) {
            return false;
        }
        wire_value(wire, &shape->columns[i], &value);
    }
    wire_field_i64(wire, sink->stamp);
    return true;
}

static enum status copy_begin(struct postgres_sink *sink)
{
    const struct shape *shape = &sink->table->shape;
    struct sql sql = { 0 };
    sql_add(&sql, "COPY \"%s\" (p", shape->name);
    for (uint32_t i = 0; i < shape->column_count; i++) {
        sql_add(&sql, ", \"%s\"", shape->columns[i].name);
    }
    sql_add(&sql, ", ver) FROM STDIN (FORMAT binary)");
    assert(!sql.failed);
    PGresult *result = PQexec(sink->connection, sql.text);
    enum status status =
        PQresultStatus(result) == PGRES_COPY_IN ? STATUS_ok : failed(sink, shape->name, result);
    PQclear(result);
    sink->copying = status == STATUS_ok;
    sink->copied = 0;
    return status;
}

static enum status copy_send(struct postgres_sink *sink, struct wire *wire)
{
    bool sent = wire->size == 0 || PQputCopyData(sink->connection, (const char *)wire->bytes, (int)wire->size) == 1;
    wire->size = 0;
    return sent ? STATUS_ok : failed(sink, sink->table->shape.name, NULL);
}

static enum status copy_end(struct postgres_sink *sink)
{
    enum status status = STATUS_ok;
    sink->copying = false;
    if (PQputCopyEnd(sink->connection, NULL) != 1) {
        return failed(sink, sink->table->shape.name, NULL);
    }
    for (PGresult *result; (result = PQgetResult(sink->connection)) != NULL;) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK && status == STATUS_ok) {
            status = failed(sink, sink->table->shape.name, result);
        }
        PQclear(result);
    }
    return status;
}

/* Brings the stream of new rows to its end: they are committed. */
static enum status stream_end(struct postgres_sink *sink)
{
    if (!sink->copying) {
        return STATUS_ok;
    }
    wire_i16(&sink->out, -1);
    enum status status = copy_send(sink, &sink->out);
    return status == STATUS_ok ? copy_end(sink) : status;
}

static enum status stream_row(struct postgres_sink *sink, struct span key, struct span image)
{
    enum status status = STATUS_ok;
    if (!sink->copying) {
        status = copy_begin(sink);
        sink->out.size = 0;
        copy_head(&sink->out);
    }
    if (status == STATUS_ok && !row_write(sink, &sink->out, key, image)) {
        error_set(&sink->base.error, "table %s: a row that does not fit", sink->table->shape.name);
        return STATUS_fault;
    }
    if (status == STATUS_ok && sink->out.size >= SEND_BYTES) {
        status = copy_send(sink, &sink->out);
    }
    return status == STATUS_ok && ++sink->copied == COPY_ROWS_MAX ? stream_end(sink) : status;
}

/* ---- rows that go ---- */

static void deletion_name(const struct table *table, char to[16])
{
    snprintf(to, 16, "drop%u", table->number);
}

static enum status deletion_prepare(struct postgres_sink *sink)
{
    const struct table *table = sink->table;
    struct sql sql = { 0 };
    char name[16];
    Oid types[KEY_COLUMNS_MAX + 1] = { OID_int2 };
    if (sink->prepared[table->number]) {
        return STATUS_ok;
    }
    deletion_name(table, name);
    assert(table->key_count <= KEY_COLUMNS_MAX);
    sql_add(&sql, "DELETE FROM \"%s\" WHERE p = $1", table->shape.name);
    for (uint32_t i = 0; i < table->key_count; i++) {
        sql_add(&sql, " AND \"%s\" = $%u", table->shape.columns[i].name, i + 2);
        types[i + 1] = postgres_oid(&table->shape.columns[i]);
    }
    assert(!sql.failed);
    PGresult *result = PQprepare(sink->connection, name, sql.text, (int)table->key_count + 1, types);
    enum status status = PQresultStatus(result) == PGRES_COMMAND_OK ? STATUS_ok : failed(sink, "deleting", result);
    PQclear(result);
    sink->prepared[table->number] = status == STATUS_ok;
    return status;
}

static enum status deletion_send(struct postgres_sink *sink, struct span key)
{
    const struct table *table = sink->table;
    const uint8_t *bytes = (const uint8_t *)key.bytes;
    struct packed names = { bytes, bytes + key.size };
    struct wire *wire = &sink->parameters;
    size_t offsets[KEY_COLUMNS_MAX + 2] = { 0 };
    char name[16];
    const char *values[KEY_COLUMNS_MAX + 1];
    int sizes[KEY_COLUMNS_MAX + 1], formats[KEY_COLUMNS_MAX + 1], count = (int)table->key_count + 1;
    wire->size = 0;
    deletion_name(table, name);
    field_i16(wire, (int32_t)postgres_partition(table, key, sink->partitions));
    offsets[1] = wire->size;
    for (uint32_t i = 0; i < table->key_count; i++) {
        struct value value;
        if (!key_value(&names, &table->shape.columns[i], &value)) {
            error_set(&sink->base.error, "table %s: a key that does not fit", table->shape.name);
            return STATUS_fault;
        }
        wire_value(wire, &table->shape.columns[i], &value);
        offsets[i + 2] = wire->size;
    }
    for (int i = 0; i < count; i++) { /* each field has its size before it */
        values[i] = (const char *)wire->bytes + offsets[i] + 4;
        sizes[i] = (int)(offsets[i + 1] - offsets[i] - 4);
        formats[i] = 1;
    }
    return PQsendQueryPrepared(sink->connection, name, count, values, sizes, formats, 1) == 1
               ? STATUS_ok
               : failed(sink, "deleting", NULL);
}

/* All results up to the end of the pipeline; each must have deleted one row. */
static enum status deletions_collect(struct postgres_sink *sink, size_t count)
{
    enum status status = STATUS_ok;
    for (size_t i = 0; i <= count; i++) {
        PGresult *result = PQgetResult(sink->connection);
        ExecStatusType kind = PQresultStatus(result);
        if (kind == PGRES_PIPELINE_SYNC && i == count) {
            PQclear(result);
            continue;
        }
        if (kind != PGRES_COMMAND_OK && status == STATUS_ok) {
            status = failed(sink, "deleting", result);
        } else if (kind == PGRES_COMMAND_OK && strcmp(PQcmdTuples(result), "1") != 0 && status == STATUS_ok) {
            error_set(&sink->base.error, "table %s: somebody else changes it", sink->table->shape.name);
            status = STATUS_busy;
        }
        PQclear(result);
        if (PQstatus(sink->connection) != CONNECTION_OK) {
            return status == STATUS_ok ? failed(sink, "deleting", NULL) : status;
        }
        if (i < count) { /* the end of each statement's results */
            PQclear(PQgetResult(sink->connection));
        }
    }
    return status;
}

static enum status deletions_run(struct postgres_sink *sink, const uint8_t **at, const uint8_t *end)
{
    enum status status = STATUS_ok;
    size_t count = 0;
    if (PQenterPipelineMode(sink->connection) != 1) {
        return failed(sink, "deleting", NULL);
    }
    for (; status == STATUS_ok && *at < end && count < PIPELINE_KEYS; count++) {
        struct span key = { (const char *)*at + 1, **at };
        status = deletion_send(sink, key);
        *at += 1 + key.size;
    }
    if (status == STATUS_ok && PQpipelineSync(sink->connection) != 1) {
        status = failed(sink, "deleting", NULL);
    }
    if (status == STATUS_ok) {
        status = deletions_collect(sink, count);
    }
    if (PQexitPipelineMode(sink->connection) != 1 && status == STATUS_ok) {
        status = failed(sink, "deleting", NULL);
    }
    return status;
}

static enum status late_copy(struct postgres_sink *sink)
{
    enum status status = STATUS_ok;
    if (sink->late.size == 0) {
        return STATUS_ok;
    }
    status = copy_begin(sink);
    sink->out.size = 0;
    copy_head(&sink->out);
    if (status == STATUS_ok) {
        status = copy_send(sink, &sink->out);
    }
    if (status == STATUS_ok) {
        wire_i16(&sink->late, -1);
        status = copy_send(sink, &sink->late);
    }
    return status == STATUS_ok ? copy_end(sink) : status;
}

/* What waits, in one transaction: a row that is replaced is never seen missing. */
static enum status late_write(struct postgres_sink *sink)
{
    const uint8_t *at = sink->keys.bytes;
    if (sink->keys.size == 0) {
        return STATUS_ok;
    }
    enum status status = deletion_prepare(sink);
    if (status == STATUS_ok) {
        status = run(sink, "BEGIN");
    }
    while (status == STATUS_ok && at < sink->keys.bytes + sink->keys.size) {
        status = deletions_run(sink, &at, sink->keys.bytes + sink->keys.size);
    }
    if (status == STATUS_ok) {
        status = late_copy(sink);
    }
    sink->keys.size = 0;
    sink->late.size = 0;
    return status == STATUS_ok ? run(sink, "COMMIT") : status;
}

/* ---- calls ---- */

static enum status postgres_sink_flush(struct sink *base)
{
    struct postgres_sink *sink = (struct postgres_sink *)base;
    enum status status = stream_end(sink);
    return status == STATUS_ok ? late_write(sink) : status;
}

static enum status table_turn(struct postgres_sink *sink, const struct table *table)
{
    enum status status = sink->table != table ? postgres_sink_flush(&sink->base) : STATUS_ok;
    sink->table = table;
    return status;
}

static void key_add(struct postgres_sink *sink, struct span key)
{
    static_assert(KEY_SIZE_MAX <= UINT8_MAX, "the size of a key fits its byte");
    uint8_t *to = wire_room(&sink->keys, 1 + key.size);
    *to = (uint8_t)key.size;
    memcpy(to + 1, key.bytes, key.size);
}

static enum status late_check(struct postgres_sink *sink)
{
    return sink->late.size + sink->keys.size >= LATE_BYTES_MAX ? postgres_sink_flush(&sink->base) : STATUS_ok;
}

static enum status postgres_sink_put(struct sink *base, const struct table *table, struct span key, struct span image,
                                     bool replaces)
{
    struct postgres_sink *sink = (struct postgres_sink *)base;
    enum status status = table_turn(sink, table);
    if (status != STATUS_ok) {
        return status;
    }
    if (!replaces) {
        return stream_row(sink, key, image);
    }
    key_add(sink, key);
    if (!row_write(sink, &sink->late, key, image)) {
        error_set(&base->error, "table %s: a row that does not fit", table->shape.name);
        return STATUS_fault;
    }
    return late_check(sink);
}

static enum status postgres_sink_drop(struct sink *base, const struct table *table, struct span key)
{
    struct postgres_sink *sink = (struct postgres_sink *)base;
    enum status status = table_turn(sink, table);
    if (status != STATUS_ok) {
        return status;
    }
    key_add(sink, key);
    return late_check(sink);
}

/* ---- the mark ---- */

static enum status number_ask(struct postgres_sink *sink, const char *sql, int64_t otherwise, int64_t *value,
                              struct store_error *error)
{
    PGresult *result;
    enum status status = postgres_ask(sink->connection, sql, NULL, 0, &result, error);
    if (status == STATUS_ok) {
        *value = PQntuples(result) > 0 ? postgres_i64(result, 0, 0) : otherwise;
        PQclear(result);
    }
    return status;
}

static enum status postgres_sink_begin(struct sink *base)
{
    struct postgres_sink *sink = (struct postgres_sink *)base;
    base->error.text[0] = '\0';
    enum status status = postgres_copy_mark(sink->connection, true, &base->error);
    return status == STATUS_ok ? run(sink, "SET synchronous_commit = off; SET maintenance_work_mem = '128MB'") : status;
}

static enum status tables_analyze(struct postgres_sink *sink)
{
    enum status status = STATUS_ok;
    for (size_t i = 0; sink->tables[i] != NULL && status == STATUS_ok; i++) {
        struct sql sql = { 0 };
        sql_add(&sql, "ANALYZE \"%s\"", sink->tables[i]->shape.name);
        assert(!sql.failed);
        status = run(sink, sql.text);
    }
    return status;
}

static enum status postgres_sink_finish(struct sink *base, int64_t seal)
{
    struct postgres_sink *sink = (struct postgres_sink *)base;
    struct postgres_settings settings = { .indexes = sink->settings.indexes };
    struct sql sql = { 0 };
    enum status status = postgres_sink_flush(base);
    base->error.text[0] = '\0';
    if (status == STATUS_ok) {
        status = postgres_schema_prepare(sink->connection, sink->tables, &settings, &sink->partitions, &base->error);
    }
    if (status == STATUS_ok) {
        status = tables_analyze(sink);
    }
    /* One durable commit: the log up to it is durable too, and with it everything that was not waited for. */
    sql_add(&sql,
            "SET synchronous_commit = on; BEGIN; DELETE FROM onetill_meta WHERE name = 'copy_seal';"
            "INSERT INTO onetill_meta VALUES ('copy_seal', %lld); COMMIT",
            (long long)seal);
    assert(!sql.failed);
    if (status == STATUS_ok) {
        status = run(sink, sql.text);
    }
    return status == STATUS_ok ? postgres_copy_mark(sink->connection, false, &base->error) : status;
}

static void postgres_sink_close(struct sink *base)
{
    struct postgres_sink *sink = (struct postgres_sink *)base;
    PQfinish(sink->connection);
    wire_release(&sink->out);
    wire_release(&sink->late);
    wire_release(&sink->keys);
    wire_release(&sink->parameters);
    free(sink);
}

static const struct sink_ops postgres_sink_ops = {
    .begin = postgres_sink_begin,
    .put = postgres_sink_put,
    .drop = postgres_sink_drop,
    .flush = postgres_sink_flush,
    .finish = postgres_sink_finish,
    .close = postgres_sink_close,
};

static enum status state_read(struct postgres_sink *sink, struct store_error *error)
{
    struct sql lock = { 0 };
    int64_t unfinished = 0, locked = 0;
    sql_add(&lock, "SELECT pg_catalog.pg_try_advisory_lock(%lld)", (long long)COPY_LOCK);
    assert(!lock.failed);
    enum status status = number_ask(sink, lock.text, 0, &locked, error);
    if (status == STATUS_ok && locked == 0) {
        error_set(error, "somebody else copies into it");
        return STATUS_busy;
    }
    if (status == STATUS_ok) {
        status = number_ask(sink, "SELECT value FROM onetill_meta WHERE name = 'copy_open'", 0, &unfinished, error);
    }
    sink->base.state.unfinished = unfinished != 0;
    if (status == STATUS_ok) {
        status = number_ask(sink, "SELECT value FROM onetill_meta WHERE name = 'copy_seal'", 0, &sink->base.state.seal,
                            error);
    }
    return status;
}

enum status sink_postgres_open(const char *place, const struct table *const *tables,
                               const struct sink_settings *settings, struct sink **made, struct store_error *error)
{
    struct postgres_settings bare = { .partitions = settings->partitions }; /* indexes come last */
    struct postgres_sink *sink = calloc(1, sizeof(*sink));
    assert(sink != NULL);
    *sink = (struct postgres_sink){ .base = { .ops = &postgres_sink_ops },
                                    .tables = tables,
                                    .settings = *settings,
                                    .stamp = moment_id_least(os_now_us()) };
    enum status status = postgres_connect(place, "copy", &sink->connection, error);
    if (status == STATUS_ok) {
        postgres_patience(sink->connection, 0); /* indexes take as long as they take */
        status = postgres_schema_prepare(sink->connection, tables, &bare, &sink->partitions, error);
    }
    if (status == STATUS_ok) {
        status = state_read(sink, error);
    }
    if (status != STATUS_ok) {
        postgres_sink_close(&sink->base);
        return status;
    }
    *made = &sink->base;
    return STATUS_ok;
}
