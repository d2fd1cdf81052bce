/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/os_clock.h"
#include "store/postgres_update.h"

static const uint32_t list_lengths[LIST_SIZES] = { 1, 8, LIST_MAX };

/* ---- texts ---- */

/* What a form's rows bring along besides their key. */
static bool form_writes(enum form form)
{
    return form == FORM_insert || form == FORM_update || form == FORM_upsert || form == FORM_copy;
}

static bool form_compares(enum form form)
{
    return form == FORM_check || form == FORM_share || form == FORM_update || form == FORM_delete;
}

static uint32_t form_columns(enum form form, const struct table *table)
{
    return form_writes(form) ? table->shape.column_count : table->key_count;
}

static void sql_list(struct sql *sql, enum form form, const struct table *table, uint32_t rows, uint32_t parameter)
{
    uint32_t columns = form_columns(form, table);
    sql_add(sql, "(VALUES ");
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t j = 0; j < columns; j++) {
            sql_add(sql, "%s$%u", j == 0 ? (i == 0 ? "(" : ",(") : ",", parameter++);
            if (i == 0) {
                sql_add(sql, "::%s", postgres_type(&table->shape.columns[j]));
            }
        }
        if (form_compares(form)) {
            sql_add(sql, ",$%u%s", parameter++, i == 0 ? "::bigint" : "");
        }
        sql_add(sql, ")");
    }
    sql_add(sql, ")");
}

static void sql_arrays(struct sql *sql, enum form form, const struct table *table, uint32_t parameter)
{
    uint32_t columns = form_columns(form, table);
    sql_add(sql, "unnest(");
    for (uint32_t j = 0; j < columns; j++) {
        sql_add(sql, "%s$%u::%s[]", j == 0 ? "" : ",", parameter++, postgres_type(&table->shape.columns[j]));
    }
    if (form_compares(form)) {
        sql_add(sql, ",$%u::bigint[]", parameter);
    }
    sql_add(sql, ")");
}

/*
 * The rows of the statement as a table `n` with columns c0, c1 … and `seen`. Arrays bring `p` along as one of their
 * columns, behind an OFFSET that keeps the planner from seeing through: told that p is $1 it thinks, of a table
 * that was never analyzed, that next to nothing is left of it, and reads all of it for each row of the statement.
 * Databases that shard need to be told.
 */
static void sql_source(struct sql *sql, enum form form, const struct table *table, uint32_t rows)
{
    uint32_t columns = form_columns(form, table);
    uint32_t parameter = form_writes(form) ? 3 : 2;
    bool matched = form != FORM_insert && form != FORM_upsert;
    if (rows > 0) {
        sql_list(sql, form, table, rows, parameter);
    } else if (matched) {
        sql_add(sql, "(SELECT $1::smallint, u.* FROM ");
        sql_arrays(sql, form, table, parameter);
        sql_add(sql, " AS u OFFSET 0)");
    } else {
        sql_arrays(sql, form, table, parameter);
    }
    sql_add(sql, " AS n(%s", rows == 0 && matched ? "p," : "");
    for (uint32_t j = 0; j < columns; j++) {
        sql_add(sql, "%sc%u", j == 0 ? "" : ",", j);
    }
    sql_add(sql, "%s)", form_compares(form) ? ",seen" : "");
}

static void sql_matches(struct sql *sql, enum form form, const struct table *table, uint32_t rows)
{
    sql_add(sql, rows == 0 ? "t.p = n.p" : "t.p = $1::smallint");
    for (uint32_t i = 0; i < table->key_count; i++) {
        sql_add(sql, " AND t.\"%s\" = n.c%u", table->shape.columns[i].name, i);
    }
    if (form_compares(form)) {
        sql_add(sql, " AND t.ver = n.seen");
    }
}

static void sql_columns(struct sql *sql, const struct table *table, const char *before)
{
    for (uint32_t i = 0; i < table->shape.column_count; i++) {
        sql_add(sql, "%s%s\"%s\"", i == 0 ? "" : ",", before, table->shape.columns[i].name);
    }
}

static void sql_insert(struct sql *sql, enum form form, const struct table *table, uint32_t rows)
{
    sql_add(sql, "INSERT INTO \"%s\" (p,", table->shape.name);
    sql_columns(sql, table, "");
    sql_add(sql, ",ver) SELECT $1::smallint");
    for (uint32_t i = 0; i < table->shape.column_count; i++) {
        sql_add(sql, ",n.c%u", i);
    }
    sql_add(sql, ",$2::bigint FROM ");
    sql_source(sql, form, table, rows);
    if (form == FORM_upsert) {
        sql_add(sql, " ON CONFLICT (p");
        for (uint32_t i = 0; i < table->key_count; i++) {
            sql_add(sql, ",\"%s\"", table->shape.columns[i].name);
        }
        sql_add(sql, ") DO UPDATE SET ver = excluded.ver");
        for (uint32_t i = table->key_count; i < table->shape.column_count; i++) {
            const char *name = table->shape.columns[i].name;
            sql_add(sql, ",\"%s\" = excluded.\"%s\"", name, name);
        }
    }
}

static void sql_select(struct sql *sql, enum form form, const struct table *table, uint32_t rows)
{
    bool counts = form == FORM_check || form == FORM_absent;
    sql_add(sql, form == FORM_share ? "SELECT count(*) FROM (SELECT 1 FROM " : counts ? "SELECT count(*) FROM "
                                                                                       : "SELECT ");
    if (form == FORM_get || form == FORM_lock) {
        sql_columns(sql, table, "t.");
        sql_add(sql, rows == 0 ? ",t.ver,t.ctid FROM " : ",t.ver FROM ");
    }
    sql_source(sql, form, table, rows);
    sql_add(sql, " JOIN \"%s\" AS t ON ", table->shape.name);
    sql_matches(sql, form, table, rows);
    if (form == FORM_check) {
        sql_add(sql, " AND t.xmax = 0");
    } else if (form == FORM_lock) {
        sql_add(sql, " FOR UPDATE OF t");
    } else if (form == FORM_share) {
        sql_add(sql, " FOR SHARE OF t) AS held");
    }
}

/*
 * Inserting is the only statement that sees what others have inserted and not yet committed: it waits for them. What
 * it inserts has the version 0, which no row has, and is taken back at once.
 */
static void sql_gap(struct sql *sql, const struct table *table, uint32_t rows)
{
    sql_add(sql, "INSERT INTO \"%s\" (p", table->shape.name);
    for (uint32_t i = 0; i < table->key_count; i++) {
        sql_add(sql, ",\"%s\"", table->shape.columns[i].name);
    }
    sql_add(sql, ",ver) SELECT $1::smallint");
    for (uint32_t i = 0; i < table->key_count; i++) {
        sql_add(sql, ",n.c%u", i);
    }
    sql_add(sql, ",0 FROM ");
    sql_source(sql, FORM_gap, table, rows);
    sql_add(sql, " ON CONFLICT DO NOTHING");
}

void form_sql(struct sql *sql, enum form form, const struct table *table, uint32_t rows)
{
    switch (form) {
    case FORM_get:
    case FORM_lock:
    case FORM_check:
    case FORM_share:
    case FORM_absent:
        sql_select(sql, form, table, rows);
        return;
    case FORM_insert:
    case FORM_upsert:
        sql_insert(sql, form, table, rows);
        return;
    case FORM_gap:
        sql_gap(sql, table, rows);
        return;
    case FORM_update:
        sql_add(sql, "UPDATE \"%s\" AS t SET ver = $2::bigint", table->shape.name);
        for (uint32_t i = table->key_count; i < table->shape.column_count; i++) {
            sql_add(sql, ",\"%s\" = n.c%u", table->shape.columns[i].name, i);
        }
        sql_add(sql, " FROM ");
        break;
    case FORM_delete:
    case FORM_remove:
        sql_add(sql, "DELETE FROM \"%s\" AS t USING ", table->shape.name);
        break;
    case FORM_copy:
        sql_add(sql, "COPY \"%s\" (p,", table->shape.name);
        sql_columns(sql, table, "");
        sql_add(sql, ",ver) FROM STDIN (FORMAT binary);");
        return;
    case FORM_move:
    case FORM_count:
        assert(!"a form");
    }
    sql_source(sql, form, table, rows);
    sql_add(sql, " WHERE ");
    sql_matches(sql, form, table, rows);
}

uint32_t postgres_partition(const struct table *table, struct span key, uint32_t partitions)
{
    if (partitions <= 1) {
        return 0;
    }
    struct packed left = { (const uint8_t *)key.bytes, (const uint8_t *)key.bytes + key.size };
    struct value first;
    bool fits = key_value(&left, &table->shape.columns[0], &first);
    assert(fits);
    size_t size = (size_t)(left.at - (const uint8_t *)key.bytes);
    return (uint32_t)(checksum(key.bytes, size, 0) % partitions);
}

/* ---- sessions ---- */

void rows_session_init(struct rows_session *session, const char *place, const char *name, bool lists)
{
    *session = (struct rows_session){ .place = place, .name = name, .lists = lists };
}

void rows_session_drop(struct rows_session *session)
{
    session->given_up = session->given_up || postgres_given_up_us(session->connection) > 0;
    PQfinish(session->connection);
    session->connection = NULL;
    session->pipeline = session->flushed = false;
    session->sent_count = 0;
    memset(session->prepared, 0, sizeof(session->prepared));
    memset(session->updates, 0, sizeof(session->updates));
}

void rows_session_close(struct rows_session *session)
{
    rows_session_drop(session);
    wire_release(&session->wire);
    wire_release(&session->copies);
    free(session->sent);
    free(session->copy_ends);
    session->sent = NULL;
    session->copy_ends = NULL;
}

/*
 * Rows are looked up by their keys however many there are. What a process holds that stands still is let go. A row that
 * somebody else is changing is not waited for: as a rule it will be otherwise then.
 */
static const char rows_sql[] =
    "SELECT pg_catalog.set_config(s.name, v.value, false) FROM pg_catalog.pg_settings s JOIN (VALUES "
    "('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'), ('enable_material', 'off'), "
    "('enable_memoize', 'off'), ('max_parallel_workers_per_gather', '0'), "
    "('lock_timeout', '50'), ('idle_in_transaction_session_timeout', '2000')) AS v(name, value) ON s.name = v.name";
static const char generic_sql[] = "SET plan_cache_mode = force_generic_plan";

enum status rows_session_open(struct rows_session *session, struct store_error *error)
{
    if (session->connection != NULL && PQstatus(session->connection) == CONNECTION_OK) {
        return STATUS_ok;
    }
    rows_session_drop(session);
    enum status status = postgres_connect(session->place, session->name, &session->connection, error);
    if (status == STATUS_ok) {
        postgres_patience(session->connection, session->silent_us);
        status = postgres_script(session->connection, rows_sql, error);
    }
    if (status == STATUS_ok && !session->lists) {
        status = postgres_script(session->connection, generic_sql, error);
    }
    if (status != STATUS_ok) {
        rows_session_drop(session);
    }
    return status;
}

/* ---- preparing ---- */

static void statement_name(char *name, size_t size, enum form form, const struct table *table, uint32_t length)
{
    snprintf(name, size, "r%u_%u_%u", (unsigned)form, table->number, length);
}

static void sent_reserve(struct rows_session *session, size_t more)
{
    if (session->sent_capacity - session->sent_count < more) {
        size_t capacity = session->sent_capacity * 2 + more + 64;
        struct sent *wide = realloc(session->sent, capacity * sizeof(*wide));
        assert(wide != NULL); /* bounded by BATCH_ROWS_MAX */
        session->sent = wide;
        session->sent_capacity = capacity;
    }
}

/* Which lists a lot is cut into: `counts` of each length. */
static void lists_cut(size_t rows, size_t counts[LIST_SIZES])
{
    for (size_t i = LIST_SIZES; i-- > 0;) {
        counts[i] = rows / list_lengths[i];
        rows %= list_lengths[i];
    }
}

static bool is_update(enum form form)
{
    return form == FORM_update || form == FORM_move;
}

static void prepare_send(struct rows_session *session, const char *name, const struct sql *sql)
{
    assert(!sql->failed);
    rows_session_begin(session);
    sent_reserve(session, 1);
    (void)PQsendPrepare(session->connection, name, sql->text, 0, NULL); /* what is lost shows when collecting */
    session->sent[session->sent_count++] = (struct sent){ .lot = SENT_other };
}

static void prepare_update(struct rows_session *session, const struct lot *lot)
{
    char name[32];
    struct sql sql = { .size = 0 };
    struct updates *updates = &session->updates[lot->table->number];
    uint32_t which = updates_choose(updates, ~lot->same);
    bool *prepared = &updates->prepared[lot->form == FORM_move][which];
    if (!*prepared) {
        statement_name(name, sizeof(name), lot->form, lot->table, which);
        update_sql(&sql, lot->form, lot->table, updates->columns[which]);
        prepare_send(session, name, &sql);
        *prepared = true;
    }
}

static void prepare_one(struct rows_session *session, enum form form, const struct table *table, uint32_t size)
{
    char name[32];
    struct sql sql = { .size = 0 };
    if (session->prepared[form][table->number][size]) {
        return;
    }
    uint32_t length = session->lists ? list_lengths[size] : 0;
    statement_name(name, sizeof(name), form, table, length);
    form_sql(&sql, form, table, length);
    prepare_send(session, name, &sql);
    session->prepared[form][table->number][size] = true;
}

static enum status prepared_fine(void *context, const struct sent *sent, const PGresult *result)
{
    (void)context;
    (void)sent;
    (void)result;
    return STATUS_ok;
}

enum status rows_session_prepare(struct rows_session *session, const struct lot *lots, size_t count,
                            struct store_error *error)
{
    assert(!session->pipeline);
    for (size_t i = 0; i < count; i++) {
        size_t counts[LIST_SIZES] = { 1, 0, 0 };
        if (lots[i].form == FORM_copy) {
            continue;
        }
        if (session->lists) {
            lists_cut(lots[i].count, counts);
        } else if (is_update(lots[i].form)) {
            prepare_update(session, &lots[i]);
            continue;
        }
        for (uint32_t j = 0; j < LIST_SIZES; j++) {
            if (counts[j] > 0) {
                prepare_one(session, lots[i].form, lots[i].table, j);
            }
        }
    }
    return session->pipeline ? rows_session_collect(session, prepared_fine, NULL, error) : STATUS_ok;
}

/* ---- sending ---- */

void rows_session_begin(struct rows_session *session)
{
    if (!session->pipeline) {
        session->pipeline = true;
        session->sent_count = 0;
        (void)PQenterPipelineMode(session->connection);
    }
}

void rows_session_say(struct rows_session *session, uint32_t index, const char *sql, const struct value *binds,
                 size_t bind_count)
{
    const char *values[4];
    int sizes[4];
    int formats[4] = { 1, 1, 1, 1 };
    size_t offsets[4];
    assert(bind_count <= COUNT_OF(values));
    sent_reserve(session, 1);
    session->wire.size = 0;
    for (size_t i = 0; i < bind_count; i++) {
        offsets[i] = session->wire.size;
        if (binds[i].kind == VALUE_i64) {
            wire_i64(&session->wire, binds[i].i64);
            sizes[i] = 8;
        } else {
            sizes[i] = (int)binds[i].bytes.size; /* at most a batch's feed */
            memcpy(wire_room(&session->wire, binds[i].bytes.size + 1), binds[i].bytes.bytes, binds[i].bytes.size);
        }
    }
    for (size_t i = 0; i < bind_count; i++) {
        values[i] = (const char *)session->wire.bytes + offsets[i];
    }
    session->bytes += session->wire.size + strlen(sql);
    (void)PQsendQueryParams(session->connection, sql, (int)bind_count, NULL, values, sizes, formats, 1);
    session->sent[session->sent_count++] = (struct sent){ .lot = index };
}

static void wire_key_column(struct wire *wire, const struct table *table, uint32_t column, struct span key)
{
    struct packed left = { (const uint8_t *)key.bytes, (const uint8_t *)key.bytes + key.size };
    struct value value;
    for (uint32_t i = 0; i <= column; i++) {
        bool fits = key_value(&left, &table->shape.columns[i], &value);
        assert(fits); /* keys were encoded by this process */
    }
    wire_value(wire, &table->shape.columns[column], &value);
}

void wire_field(struct wire *wire, const struct lot *lot, uint32_t column, const struct lot_row *row)
{
    if (column < lot->table->key_count) {
        wire_key_column(wire, lot->table, column, row->key);
    } else {
        wire_column(wire, &lot->table->shape.columns[column], row->row);
    }
}

static void arrays_fill(struct wire *wire, struct parameters *parameters, const struct lot *lot)
{
    uint32_t columns = form_columns(lot->form, lot->table);
    for (uint32_t j = 0; j < columns; j++) {
        parameter_begin(parameters, wire);
        wire_array_head(wire, postgres_oid(&lot->table->shape.columns[j]), lot->count);
        for (size_t i = 0; i < lot->count; i++) {
            wire_field(wire, lot, j, &lot->rows[i]);
        }
        parameter_end(parameters, wire);
    }
    if (form_compares(lot->form)) {
        static const struct column seen = { .kind = COLUMN_i64 };
        parameter_begin(parameters, wire);
        wire_array_head(wire, postgres_oid(&seen), lot->count);
        for (size_t i = 0; i < lot->count; i++) {
            wire_field_i64(wire, lot->rows[i].seen);
        }
        parameter_end(parameters, wire);
    }
}

/* A parameter has no size before it: that of the field is taken off again. */
static void field_alone(struct parameters *parameters, struct wire *wire)
{
    size_t at = parameters->offsets[parameters->count];
    memmove(wire->bytes + at, wire->bytes + at + 4, wire->size - at - 4);
    wire->size -= 4;
    parameter_end(parameters, wire);
}

static void lists_fill(struct wire *wire, struct parameters *parameters, const struct lot *lot)
{
    uint32_t columns = form_columns(lot->form, lot->table);
    for (size_t i = 0; i < lot->count; i++) {
        for (uint32_t j = 0; j < columns; j++) {
            parameter_begin(parameters, wire);
            wire_field(wire, lot, j, &lot->rows[i]);
            field_alone(parameters, wire);
        }
        if (form_compares(lot->form)) {
            parameter_begin(parameters, wire);
            wire_field_i64(wire, lot->rows[i].seen);
            field_alone(parameters, wire);
        }
    }
}

/* What every thread puts a statement together in. */
static struct parameters *parameters_empty(struct rows_session *session)
{
    static _Thread_local struct parameters parameters;
    parameters.count = 0;
    session->wire.size = 0;
    return &parameters;
}

static void send_filled(struct rows_session *session, struct parameters *parameters, const char *name,
                        const struct sent *sent)
{
    for (size_t i = 0; i < parameters->count; i++) {
        parameters->values[i] = (const char *)session->wire.bytes + parameters->offsets[i];
        parameters->formats[i] = 1;
    }
    sent_reserve(session, 1);
    session->bytes += session->wire.size;
    (void)PQsendQueryPrepared(session->connection, name, (int)parameters->count, parameters->values,
                              parameters->sizes, parameters->formats, 1);
    session->sent[session->sent_count++] = *sent;
}

static void send_one(struct rows_session *session, const struct lot *lot, uint32_t index, int64_t stamp,
                     uint32_t length)
{
    struct parameters *parameters = parameters_empty(session);
    struct wire *wire = &session->wire;
    char name[32];
    parameter_begin(parameters, wire);
    wire_i16(wire, (int32_t)lot->partition);
    parameter_end(parameters, wire);
    if (form_writes(lot->form)) {
        parameter_begin(parameters, wire);
        wire_i64(wire, stamp);
        parameter_end(parameters, wire);
    }
    if (length == 0) {
        arrays_fill(wire, parameters, lot);
    } else {
        lists_fill(wire, parameters, lot);
    }
    statement_name(name, sizeof(name), lot->form, lot->table, length);
    struct sent sent = { .lot = index, .rows = (uint32_t)lot->count };
    send_filled(session, parameters, name, &sent);
}

static void send_updates(struct rows_session *session, const struct lot *lot, uint32_t index, int64_t stamp)
{
    struct updates *updates = &session->updates[lot->table->number];
    uint32_t which = updates_choose(updates, ~lot->same);
    struct lot part = *lot;
    char name[32];
    assert(updates->prepared[lot->form == FORM_move][which]);
    statement_name(name, sizeof(name), lot->form, lot->table, which);
    for (size_t at = 0; at < lot->count; at += part.count) {
        struct parameters *parameters = parameters_empty(session);
        part.rows = lot->rows + at;
        part.count = (size_t)min_i64((int64_t)(lot->count - at), UPDATE_ROWS_MAX);
        update_fill(&session->wire, parameters, &part, updates->columns[which], stamp);
        struct sent sent = { .lot = index,
                             .rows = (uint32_t)part.count,
                             .first = (uint32_t)at,
                             .columns = updates->columns[which] };
        send_filled(session, parameters, name, &sent);
    }
}

void rows_session_send(struct rows_session *session, const struct lot *lot, uint32_t index, int64_t stamp)
{
    assert(session->pipeline);
    assert(lot->form != FORM_copy);
    if (!session->lists && is_update(lot->form)) {
        send_updates(session, lot, index, stamp);
        return;
    }
    if (!session->lists) {
        send_one(session, lot, index, stamp, 0);
        return;
    }
    struct lot part = *lot;
    for (size_t at = 0, i = LIST_SIZES; at < lot->count;) {
        while (list_lengths[i - 1] > lot->count - at) {
            i--;
        }
        part.rows = lot->rows + at;
        part.count = list_lengths[i - 1];
        send_one(session, &part, index, stamp, list_lengths[i - 1]);
        at += part.count;
    }
}

/* ---- results ---- */

/* All results of one statement; the connection may be lost. */
static enum status collect_one(struct rows_session *session, const struct sent *sent, rows_session_result *each,
                               void *context, bool go_on, struct store_error *error)
{
    enum status status = STATUS_ok;
    for (;;) {
        PGresult *result = postgres_result(session->connection);
        if (result == NULL) {
            return PQstatus(session->connection) == CONNECTION_OK ? status : STATUS_away;
        }
        enum status found = STATUS_ok;
        if (PQresultStatus(result) != PGRES_PIPELINE_ABORTED) {
            found = postgres_status(session->connection, result);
            if (found != STATUS_ok) {
                session->duplicate = session->duplicate || postgres_failed_with(result, "23505");
                postgres_reason(error, "the database", session->connection, result);
            } else if (go_on && status == STATUS_ok) {
                found = each(context, sent, result);
            }
        }
        PQclear(result);
        status = status == STATUS_ok ? found : status;
        if (PQstatus(session->connection) != CONNECTION_OK) {
            return STATUS_away;
        }
    }
}

void rows_session_flush(struct rows_session *session)
{
    if (!session->flushed) {
        session->flushed = PQpipelineSync(session->connection) == 1; /* a lost connection shows when collecting */
        session->trips++;
    }
}

enum status rows_session_collect(struct rows_session *session, rows_session_result *each, void *context,
                            struct store_error *error)
{
    enum status status = STATUS_ok;
    assert(session->pipeline);
    rows_session_flush(session);
    bool lost = !session->flushed;
    session->flushed = false;
    for (size_t i = 0; i < session->sent_count && !lost; i++) {
        enum status found =
            collect_one(session, &session->sent[i], each, context, status == STATUS_ok, error);
        status = status == STATUS_ok ? found : status;
        lost = PQstatus(session->connection) != CONNECTION_OK;
    }
    PGresult *sync = lost ? NULL : postgres_result(session->connection);
    lost = lost || PQresultStatus(sync) != PGRES_PIPELINE_SYNC;
    PQclear(sync);
    session->pipeline = false;
    session->sent_count = 0;
    /* A server that gives up says so before it is gone. */
    if (lost || status == STATUS_away || PQexitPipelineMode(session->connection) != 1) {
        postgres_reason(error, "the database", session->connection, NULL);
        rows_session_drop(session);
        return status == STATUS_fault ? STATUS_fault : STATUS_away;
    }
    return status;
}

/* ---- COPY ---- */

static void copy_fill(struct wire *wire, const struct lot *lot, int64_t stamp)
{
    uint32_t columns = lot->table->shape.column_count;
    memcpy(wire_room(wire, 11), "PGCOPY\n\377\r\n\0", 11);
    wire_i32(wire, 0); /* flags */
    wire_i32(wire, 0); /* nothing more in the head */
    for (size_t i = 0; i < lot->count; i++) {
        wire_i16(wire, (int32_t)columns + 2);
        wire_i32(wire, 2);
        wire_i16(wire, (int32_t)lot->partition);
        for (uint32_t j = 0; j < columns; j++) {
            wire_field(wire, lot, j, &lot->rows[i]);
        }
        wire_field_i64(wire, stamp);
    }
    wire_i16(wire, -1);
}

void rows_session_copies(struct rows_session *session, const struct lot *lots, size_t count, int64_t stamp)
{
    session->copies.size = session->copy_count = 0;
    session->copy_sql = (struct sql){ .size = 0 };
    if (session->copy_capacity < count) {
        free(session->copy_ends);
        session->copy_capacity = count + 64;
        session->copy_ends = calloc(session->copy_capacity, sizeof(session->copy_ends[0]));
        assert(session->copy_ends != NULL); /* bounded by tables and partitions */
    }
    for (size_t i = 0; i < count; i++) {
        if (lots[i].form == FORM_copy) {
            form_sql(&session->copy_sql, FORM_copy, lots[i].table, 0);
            copy_fill(&session->copies, &lots[i], stamp);
            session->copy_ends[session->copy_count++] = session->copies.size;
        }
    }
}

/* The server asks for the rows of one COPY after the other. */
static void copy_next(struct rows_session *session, size_t next)
{
    assert(next < session->copy_count);
    size_t start = next == 0 ? 0 : session->copy_ends[next - 1];
    size_t size = session->copy_ends[next] - start;
    session->bytes += size;
    session->trips++;
    assert(size <= INT32_MAX); /* bounded by BATCH_ROWS_MAX */
    (void)PQputCopyData(session->connection, (const char *)session->copies.bytes + start,
                        (int)size); /* what is lost shows in the next result */
    (void)PQputCopyEnd(session->connection, NULL);
}

static enum status copy_results(struct rows_session *session, struct store_error *error)
{
    enum status status = STATUS_ok;
    size_t next = 0;
    for (;;) {
        PGresult *result = postgres_result(session->connection);
        if (result == NULL) {
            break;
        }
        enum status found = postgres_status(session->connection, result);
        if (found != STATUS_ok) {
            session->duplicate = session->duplicate || postgres_failed_with(result, "23505");
            postgres_reason(error, "the database", session->connection, result);
        }
        status = status == STATUS_ok ? found : status;
        if (PQresultStatus(result) == PGRES_COPY_IN) {
            copy_next(session, next++);
        }
        /* A COMMIT of what had failed is no error, and none. */
        bool undone = strcmp(PQcmdStatus(result), "ROLLBACK") == 0;
        PQclear(result);
        if (undone && status == STATUS_ok) {
            error_set(error, "the database had given the transaction up");
            status = STATUS_fault;
        }
        if (PQstatus(session->connection) != CONNECTION_OK) {
            return status == STATUS_ok ? STATUS_away : status;
        }
    }
    return status;
}

enum status rows_session_copy(struct rows_session *session, const char *last, struct store_error *error)
{
    assert(!session->pipeline);
    sql_add(&session->copy_sql, "%s", last);
    assert(!session->copy_sql.failed);
    session->trips++;
    session->bytes += session->copy_sql.size;
    if (PQsendQuery(session->connection, session->copy_sql.text) != 1) {
        postgres_reason(error, "the database", session->connection, NULL);
        rows_session_drop(session);
        return STATUS_away;
    }
    enum status status = copy_results(session, error);
    if (status == STATUS_away || PQstatus(session->connection) != CONNECTION_OK) {
        rows_session_drop(session);
        return STATUS_away;
    }
    return status;
}

/* ---- rows that came ---- */

bool row_came(const PGresult *result, int at, const struct table *table, void *row, uint8_t *key,
              size_t *key_size, int64_t *version, uint64_t *spot)
{
    int columns = (int)table->shape.column_count;
    bool spotted = PQnfields(result) == columns + 2 && PQgetlength(result, at, columns + 1) == SPOT_SIZE;
    if ((!spotted && PQnfields(result) != columns + 1) ||
        !postgres_row_read(result, at, 0, table, 0, table->shape.column_count, row)) {
        return false;
    }
    *key_size = row_key_write(table, row, key);
    *version = postgres_i64(result, at, columns);
    *spot = spotted ? spot_read(PQgetvalue(result, at, columns + 1)) : 0;
    return *version > 0;
}
