/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres_scan.h"

#include "base/os_clock.h"

#include <endian.h>
#include <poll.h>

#define ROWS_FIRST 1    /* the row of the key */
#define ROWS_MORE 100   /* a page of a list */
#define ROWS_MANY 4000  /* and then it is a report */
#define POLL_MS_MAX 1000
#define WAIT_US_MAX (INT64_C(3600) * 1000000)

/* ---- values ---- */

void binds_fill(struct binds *binds, const struct value *values, size_t count)
{
    assert(count <= READ_BINDS_MAX);
    binds->count = (int)count;
    for (size_t i = 0; i < count; i++) {
        const struct value *value = &values[i];
        binds->formats[i] = 1;
        binds->types[i] = 0;
        binds->sizes[i] = 0;
        binds->values[i] = NULL;
        if (value->kind == VALUE_i64) {
            binds->numbers[i] = htobe64((uint64_t)value->i64);
            binds->types[i] = 20; /* bigint */
            binds->values[i] = (const char *)&binds->numbers[i];
            binds->sizes[i] = sizeof(binds->numbers[i]);
        } else if (value->kind == VALUE_bytes) {
            assert(value->bytes.size <= INT32_MAX);
            binds->values[i] = value->bytes.size > 0 ? value->bytes.bytes : ""; /* no address would be a null */
            binds->sizes[i] = (int)value->bytes.size;
        }
    }
}

/* ---- results ---- */

static enum status channel_lost(struct channel *channel)
{
    postgres_reason(channel->error, "reading", channel->connection, NULL);
    return STATUS_away;
}

static enum status channel_await(struct channel *channel)
{
    int64_t until_us = os_monotonic_us() + channel->wait_us_max;
    for (;;) {
        bool unsent = PQflush(channel->connection) == 1;
        if (!postgres_busy(channel->connection)) {
            return STATUS_ok;
        }
        int64_t left_us = until_us - os_monotonic_us();
        if (left_us <= 0) {
            error_set(channel->error, "the database did not answer in time");
            return STATUS_busy;
        }
        struct pollfd wait = { .fd = PQsocket(channel->connection), .events = POLLIN };
        wait.events = (short)(unsent ? POLLIN | POLLOUT : POLLIN);
        if (wait.fd < 0) {
            return channel_lost(channel);
        }
        (void)poll(&wait, 1, (int)min_i64((left_us + 999) / 1000, POLL_MS_MAX));
        if (!PQconsumeInput(channel->connection)) {
            return channel_lost(channel);
        }
    }
}

enum status channel_next(struct channel *channel, PGresult **result)
{
    enum status status = channel_await(channel);
    *result = status == STATUS_ok ? PQgetResult(channel->connection) : NULL;
    return status;
}

enum status channel_failed(struct channel *channel, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    postgres_reason(channel->error, "reading", channel->connection, result);
    if (PQstatus(channel->connection) == CONNECTION_BAD) {
        return STATUS_away;
    }
    if (postgres_failed_with(result, "57014")) {
        return STATUS_busy; /* it took longer than a query may */
    }
    if (state != NULL && strncmp(state, "42", 2) == 0) {
        return STATUS_bad_input; /* a query that makes no sense */
    }
    enum status status = postgres_status(channel->connection, result);
    return status == STATUS_conflict ? STATUS_busy : status; /* a replica that had to go on */
}

enum status channel_drain(struct channel *channel)
{
    PGresult *result = NULL;
    enum status status, first = STATUS_ok;
    while ((status = channel_next(channel, &result)) == STATUS_ok && result != NULL) {
        if (first == STATUS_ok && PQresultStatus(result) == PGRES_FATAL_ERROR) {
            first = channel_failed(channel, result);
        }
        PQclear(result);
    }
    return status != STATUS_ok ? status : first;
}

enum status channel_only(struct channel *channel, PGresult **result)
{
    enum status status = channel_next(channel, result);
    if (status != STATUS_ok) {
        return status;
    }
    if (*result == NULL) {
        return channel_lost(channel);
    }
    ExecStatusType kind = PQresultStatus(*result);
    if (kind != PGRES_TUPLES_OK && kind != PGRES_COMMAND_OK) {
        status = channel_failed(channel, *result);
    }
    enum status rest = channel_drain(channel);
    status = status != STATUS_ok ? status : rest;
    if (status != STATUS_ok) {
        PQclear(*result);
        *result = NULL;
    }
    return status;
}

/* ---- scans ---- */

/* One piece: which rows are asked for, and the key that they begin with or follow. */
struct piece {
    enum select_from from;
    uint32_t limit;
    uint8_t key[KEY_SIZE_MAX];
    size_t key_size;
};

static bool key_values(const struct table *table, const struct piece *piece, struct value *values)
{
    struct packed key = { piece->key, piece->key + piece->key_size };
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (!key_value(&key, &table->shape.columns[i], &values[i])) {
            return false;
        }
    }
    return key.at == key.end;
}

static enum status piece_send(struct scan *scan, const struct piece *piece)
{
    struct value values[READ_BINDS_MAX];
    struct binds binds = { .count = 0 };
    PGconn *connection = scan->channel->connection;
    enum status status = STATUS_ok;
    int sent;
    if (piece->from != SELECT_from_first) {
        struct span key = { (const char *)piece->key, piece->key_size };
        uint32_t count = scan->table->key_count;
        assert(count < READ_BINDS_MAX);
        if (!key_values(scan->table, piece, values)) {
            error_set(scan->channel->error, "a key that is none of table %s", scan->table->shape.name);
            return STATUS_bad_input;
        }
        values[count] = VALUE_I64(postgres_partition(scan->table, key, scan->partitions));
        binds_fill(&binds, values, piece->from == SELECT_at_key ? count + 1 : count);
    }
    if (scan->prepared != NULL) {
        const char *name = scan->prepared(scan, piece->from, piece->limit, &status);
        if (name == NULL) {
            return status;
        }
        sent = PQsendQueryPrepared(connection, name, binds.count, binds.values, binds.sizes, binds.formats, 1);
    } else {
        static _Thread_local struct select_text text; /* large */
        select_scan(&text, scan->table, scan->partitions, piece->from, piece->limit);
        assert(!text.failed);
        sent = PQsendQueryParams(connection, text.bytes, binds.count, binds.types, binds.values, binds.sizes,
                                 binds.formats, 1);
    }
    return sent == 1 ? STATUS_ok : channel_lost(scan->channel);
}

static bool row_take(struct scan *scan, const PGresult *result, int at, void *row)
{
    memset(row, 0, scan->table->shape.size);
    if (!postgres_row_read(result, at, 0, scan->table, 0, scan->table->shape.column_count, row)) {
        error_set(scan->channel->error, "a row of table %s makes no sense", scan->table->shape.name);
        return false;
    }
    return true;
}

/* Where to begin. Most scans from a key want that one row: of several partitions it is looked for in its own first. */
static void piece_first(const struct scan *scan, struct span from, struct piece *piece)
{
    piece->from = from.size == 0 ? SELECT_from_first : scan->partitions > 1 ? SELECT_at_key : SELECT_from_key;
    piece->limit = from.size > 0 ? ROWS_FIRST : ROWS_MANY;
    piece->key_size = from.size;
    if (from.size > 0) {
        memcpy(piece->key, from.bytes, from.size);
    }
}

/* The piece behind the last row of this one. */
static void piece_next(const struct scan *scan, const void *last, struct piece *piece)
{
    piece->key_size = row_key_write(scan->table, last, piece->key);
    piece->from = SELECT_behind_key;
    piece->limit = piece->limit == ROWS_FIRST ? ROWS_MORE : ROWS_MANY;
}

static enum status rows_hand_over(struct scan *scan, const PGresult *result, void *row, bool *more)
{
    for (int i = 0; i < PQntuples(result) && *more; i++) {
        if (!row_take(scan, result, i, row)) {
            return STATUS_bad_input;
        }
        *more = scan->each(scan->context, row);
    }
    return STATUS_ok;
}

/*
 * Takes the piece that was sent and hands it over. When all its rows were there, the next is asked for: before,
 * if it is certain by now that somebody wants all rows; otherwise only when they want more.
 */
static enum status piece_run(struct scan *scan, struct piece *piece, void *row, bool *more)
{
    PGresult *result;
    enum status status = channel_only(scan->channel, &result);
    if (status != STATUS_ok) {
        return status;
    }
    int count = PQntuples(result);
    if (count == 0 && piece->from == SELECT_at_key) { /* there is no such row: what comes behind it? */
        PQclear(result);
        piece->from = SELECT_from_key;
        piece->limit = ROWS_MORE;
        return piece_send(scan, piece);
    }
    bool full = count == (int)piece->limit, ahead = full && piece->limit == ROWS_MANY;
    if (full) {
        status = row_take(scan, result, count - 1, row) ? STATUS_ok : STATUS_bad_input;
        if (status == STATUS_ok) {
            piece_next(scan, row, piece);
        }
    }
    if (status == STATUS_ok && ahead) {
        status = piece_send(scan, piece);
        ahead = status == STATUS_ok;
    }
    if (status == STATUS_ok) {
        status = rows_hand_over(scan, result, row, more);
    }
    PQclear(result);
    if (ahead && (status != STATUS_ok || !*more)) {
        enum status drained = channel_drain(scan->channel);
        return status != STATUS_ok ? status : drained;
    }
    *more = *more && full;
    return status == STATUS_ok && *more && !ahead ? piece_send(scan, piece) : status;
}

enum status scan_run(struct scan *scan, struct span from)
{
    _Alignas(16) uint8_t row[ROW_SIZE_MAX];
    struct piece piece;
    bool more = true;
    assert(scan->table->shape.size <= ROW_SIZE_MAX);
    if (from.size > sizeof(piece.key)) {
        return STATUS_bad_input;
    }
    piece_first(scan, from, &piece);
    enum status status = piece_send(scan, &piece);
    while (status == STATUS_ok && more) {
        status = piece_run(scan, &piece, row, &more);
    }
    return status;
}

enum status postgres_scan(PGconn *connection, uint32_t partitions, const struct table *table, struct span from,
                          scan_row *each, void *context, struct store_error *error)
{
    struct channel channel = { .connection = connection, .wait_us_max = WAIT_US_MAX, .error = error };
    struct scan scan = {
        .channel = &channel, .partitions = partitions, .table = table, .each = each, .context = context
    };
    bool own = PQtransactionStatus(connection) == PQTRANS_IDLE;
    enum status status = STATUS_ok;
    if (own) {
        /* By the key, piece by piece: a plan that sorts would do so for each of them. */
        status = postgres_script(connection,
                                 "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                                 "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off",
                                 error);
    }
    if (status == STATUS_ok) {
        status = scan_run(&scan, from);
    }
    if (own && PQtransactionStatus(connection) != PQTRANS_IDLE) {
        enum status ended = postgres_script(connection, "ROLLBACK", NULL);
        status = status != STATUS_ok ? status : ended;
    }
    return status;
}
