/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers: a connection each, and one of a replica where there is one. What a snapshot of the database itself shows
 * is everything done before it was taken; what one of a replica shows may be older, and the reader says by how
 * much: the time since the last commit that the replica has replayed, which every node's sign of life keeps
 * below a second or two while the replica follows. A replica that is away, behind by more than
 * READ_AGE_MAX_US, or does not say, is left alone for a while, and the database itself answers.
 */
#include "base/hash.h"
#include "base/os_clock.h"
#include "store/postgres_scan.h"

#include <stdio.h>
#include <stdlib.h>

#define STATEMENTS_MAX 64
#define STATEMENT_KEY_SIZE_MAX 8192
#define VALUES_MAX 256
#define QUERY_US_MAX (10 * INT64_C(1000000))
#define SNAPSHOT_US_MAX (3600 * INT64_C(1000000)) /* of one statement */
#define IDLE_US_MAX (60 * INT64_C(1000000))       /* between two statements of one snapshot */
#define GRACE_US (2 * INT64_C(1000000))           /* the database ends a query itself, in time */
#define RETRY_US (INT64_C(500000))
#define REPLICA_RETRY_US (5 * INT64_C(1000000))

struct kept_statement {
    char *key; /* what it was made from */
    uint64_t hash, used;
    char name[8];
};

enum link_kind {
    LINK_database,
    LINK_replica,
    LINK_COUNT,
};

/* A connection that is made when it is needed. */
struct link {
    const char *place; /* NULL: there is no such */
    PGconn *connection;
    bool ending;      /* the end of the last snapshot was sent, its answer not yet read */
    int64_t retry_us; /* monotonic: not before */
    struct kept_statement kept[STATEMENTS_MAX];
    uint64_t use_count;
};

struct postgres_reader {
    struct reader base;
    struct postgres_store *store; /* NULL: somebody else serves the database */
    const struct table *const *tables;
    uint32_t partitions;
    char *place, *read_place;
    int64_t query_us_max;
    struct link links[LINK_COUNT];
    struct link *link;           /* that the snapshot is of */
    bool begun, replica_allowed;
    bool reading;                /* rows are being handed over */
    enum status failed;          /* of the open snapshot: nothing more can be read from it */
    int64_t age_us;
    struct store_error error;
    struct select_text text;
    char key[STATEMENT_KEY_SIZE_MAX];
};

static enum status reader_failed(struct postgres_reader *reader, enum status status, const char *text)
{
    reader->error.text[0] = 0;
    error_set(&reader->error, "%s", text);
    return status;
}

/* ---- connections ---- */

static void link_close(struct link *link)
{
    PQfinish(link->connection);
    link->connection = NULL;
    link->ending = false;
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        free(link->kept[i].key);
        link->kept[i] = (struct kept_statement){ .key = NULL };
    }
}

/*
 * Lists are read by their indexes and tables by their keys; sorting a large table is never the better way. A reader
 * that stands still in mid snapshot keeps the database from tidying up: it loses its connection.
 */
static enum status session_set(struct postgres_reader *reader, PGconn *connection)
{
    int64_t idle_us = reader->store != NULL ? IDLE_US_MAX : SNAPSHOT_US_MAX;
    char sql[512];
    snprintf(sql, sizeof(sql),
             "SELECT pg_catalog.set_config(s.name, v.value, false) FROM pg_catalog.pg_settings s JOIN (VALUES "
             "('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'), ('statement_timeout', '%lld'), "
             "('idle_in_transaction_session_timeout', '%lld')) AS v(name, value) ON s.name = v.name",
             (long long)(reader->query_us_max / 1000), (long long)(idle_us / 1000));
    return postgres_script(connection, sql, &reader->error);
}

static enum status link_connect(struct postgres_reader *reader, struct link *link)
{
    if (os_monotonic_us() < link->retry_us) {
        return reader_failed(reader, STATUS_away, "the database could not be reached just now");
    }
    reader->error.text[0] = 0;
    enum status status = postgres_connect(link->place, "reader", &link->connection, &reader->error);
    if (status == STATUS_ok) {
        status = session_set(reader, link->connection);
    }
    if (status != STATUS_ok) {
        link_close(link);
        link->retry_us = os_monotonic_us() + (link == &reader->links[LINK_replica] ? REPLICA_RETRY_US : RETRY_US);
    }
    return status;
}

static struct channel link_channel(struct postgres_reader *reader)
{
    return (struct channel){ .connection = reader->link->connection,
                             .wait_us_max = reader->query_us_max + GRACE_US,
                             .error = &reader->error };
}

/* A statement without values, which yields one row or none. */
static enum status link_run(struct postgres_reader *reader, const char *sql, PGresult **result)
{
    struct channel channel = link_channel(reader);
    if (!PQsendQueryParams(channel.connection, sql, 0, NULL, NULL, NULL, NULL, 1)) {
        *result = NULL;
        return reader_failed(reader, STATUS_away, "the connection is lost");
    }
    return channel_only(&channel, result);
}

/* STATUS_busy: it is too far behind. */
static enum status replica_age_read(struct postgres_reader *reader)
{
    PGresult *result = NULL;
    enum status status = link_run(reader,
                                  "SELECT pg_is_in_recovery(), (extract(epoch FROM clock_timestamp() - "
                                  "pg_last_xact_replay_timestamp()) * 1000000)::bigint",
                                  &result);
    if (status != STATUS_ok) {
        return status;
    }
    bool follows = postgres_i64(result, 0, 0) != 0;
    reader->age_us = 0; /* one that follows nobody is the database itself by now */
    if (follows && PQgetisnull(result, 0, 1)) {
        status = STATUS_busy;
    } else if (follows) {
        reader->age_us = max_i64(postgres_i64(result, 0, 1), 0);
        status = reader->age_us > READ_AGE_MAX_US ? STATUS_busy : STATUS_ok;
    }
    PQclear(result);
    return status;
}

/* BEGIN alone takes no snapshot: the first read does. */
static enum status snapshot_take(struct postgres_reader *reader)
{
    PGresult *result = NULL;
    struct channel channel = link_channel(reader);
    reader->age_us = -1;
    if (reader->link == &reader->links[LINK_replica]) {
        enum status status = replica_age_read(reader);
        if (status != STATUS_ok) {
            return status;
        }
    }
    if (!PQsendQuery(channel.connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1")) {
        return reader_failed(reader, STATUS_away, "the connection is lost");
    }
    enum status status = channel_only(&channel, &result);
    PQclear(result);
    if (status == STATUS_ok && reader->age_us >= 0 && reader->store != NULL) {
        atomic_store_explicit(&reader->store->replica_age_us, reader->age_us, memory_order_relaxed);
        atomic_store_explicit(&reader->store->replica_at_us, os_monotonic_us(), memory_order_relaxed);
        atomic_fetch_add_explicit(&reader->store->replica_snapshots, 1, memory_order_relaxed);
    }
    return status;
}

/* The answer to what ended the snapshot before. */
static enum status ending_take(struct postgres_reader *reader)
{
    struct channel channel = link_channel(reader);
    if (!reader->link->ending) {
        return STATUS_ok;
    }
    reader->link->ending = false;
    return channel_drain(&channel);
}

static enum status link_begin(struct postgres_reader *reader, struct link *link)
{
    bool kept = link->connection != NULL;
    enum status status = kept ? STATUS_ok : link_connect(reader, link);
    if (status != STATUS_ok) {
        return status;
    }
    reader->link = link;
    reader->error.text[0] = 0;
    status = ending_take(reader);
    if (status == STATUS_ok) {
        status = snapshot_take(reader);
    }
    if (status != STATUS_ok && (status != STATUS_busy || PQtransactionStatus(link->connection) != PQTRANS_IDLE)) {
        link_close(link);
        /* The server may have been started anew since this connection was made. */
        return kept ? link_begin(reader, link) : status;
    }
    return status;
}

static enum status reader_begin(struct reader *base)
{
    struct postgres_reader *reader = (struct postgres_reader *)base;
    struct link *replica = &reader->links[LINK_replica];
    enum status status = STATUS_away;
    assert(!reader->begun);
    if (reader->store != NULL && postgres_dead(reader->store)) {
        return reader_failed(reader, STATUS_fault, "the store is given up");
    }
    if (reader->replica_allowed && replica->place != NULL && os_monotonic_us() >= replica->retry_us) {
        status = link_begin(reader, replica);
        if (status != STATUS_ok) {
            replica->retry_us = os_monotonic_us() + REPLICA_RETRY_US;
        }
    }
    if (status != STATUS_ok) {
        status = link_begin(reader, &reader->links[LINK_database]);
    }
    reader->begun = status == STATUS_ok;
    reader->failed = STATUS_ok;
    return status;
}

static void reader_end(struct reader *base)
{
    struct postgres_reader *reader = (struct postgres_reader *)base;
    if (!reader->begun) {
        return;
    }
    reader->begun = false;
    if (reader->link->connection == NULL) {
        return;
    }
    reader->link->ending = PQsendQuery(reader->link->connection, "ROLLBACK") == 1;
    if (!reader->link->ending) {
        link_close(reader->link);
    }
}

/* What failed has ended the transaction, and with it the snapshot. */
static enum status snapshot_failed(struct postgres_reader *reader, enum status status)
{
    if (status != STATUS_ok && reader->failed == STATUS_ok) {
        reader->failed = status;
    }
    if (reader->link->connection != NULL && status != STATUS_ok &&
        (status == STATUS_away || PQstatus(reader->link->connection) == CONNECTION_BAD ||
         PQtransactionStatus(reader->link->connection) == PQTRANS_ACTIVE)) {
        link_close(reader->link);
    }
    return status;
}

/* ---- statements ---- */

static struct kept_statement *statement_find(struct link *link, const char *key, uint64_t hash)
{
    struct kept_statement *oldest = &link->kept[0];
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        struct kept_statement *kept = &link->kept[i];
        if (kept->key != NULL && kept->hash == hash && strcmp(kept->key, key) == 0) {
            return kept;
        }
        if (kept->used < oldest->used) {
            oldest = kept;
        }
    }
    return oldest;
}

static enum status statement_make(struct postgres_reader *reader, struct kept_statement *kept,
                                  const struct binds *binds, const char *key, uint64_t hash)
{
    struct link *link = reader->link;
    PGresult *result = NULL;
    enum status status = STATUS_ok;
    if (kept->key != NULL) {
        char sql[32];
        snprintf(sql, sizeof(sql), "DEALLOCATE %s", kept->name);
        status = link_run(reader, sql, &result);
        PQclear(result);
        free(kept->key);
        *kept = (struct kept_statement){ .key = NULL };
    }
    if (status != STATUS_ok) {
        return status;
    }
    struct channel channel = link_channel(reader);
    snprintf(kept->name, sizeof(kept->name), "s%u", (unsigned)(kept - link->kept) % 100);
    if (!PQsendPrepare(link->connection, kept->name, reader->text.bytes, binds->count, binds->types)) {
        return reader_failed(reader, STATUS_away, "the connection is lost");
    }
    status = channel_only(&channel, &result);
    PQclear(result);
    if (status == STATUS_ok) {
        kept->key = strdup(key);
        assert(kept->key != NULL);
        kept->hash = hash;
    }
    return status;
}

/* The name of the statement made from `key`; NULL, with its status: it is not there, and `reader->text` shall be it. */
static const char *statement_kept(struct postgres_reader *reader, uint64_t hash)
{
    struct kept_statement *kept = statement_find(reader->link, reader->key, hash);
    if (kept->key == NULL || kept->hash != hash || strcmp(kept->key, reader->key) != 0) {
        return NULL;
    }
    kept->used = ++reader->link->use_count;
    return kept->name;
}

static const char *statement_new(struct postgres_reader *reader, const struct binds *binds, uint64_t hash,
                                 enum status *status)
{
    struct kept_statement *kept = statement_find(reader->link, reader->key, hash);
    *status = statement_make(reader, kept, binds, reader->key, hash);
    kept->used = ++reader->link->use_count;
    return *status == STATUS_ok ? kept->name : NULL;
}

/* ---- queries ---- */

/* The statement of a query: the same text may come with other kinds of values. */
static const char *query_statement(struct postgres_reader *reader, const char *sql, const struct binds *binds,
                                   enum status *status)
{
    char kinds[READ_BINDS_MAX + 1];
    for (int i = 0; i < binds->count; i++) {
        kinds[i] = binds->types[i] != 0 ? 'n' : 'b';
    }
    kinds[binds->count] = '\0';
    int size = snprintf(reader->key, sizeof(reader->key), "%s %s", kinds, sql);
    if (size < 0 || (size_t)size >= sizeof(reader->key)) {
        *status = reader_failed(reader, STATUS_too_large, "a query that is too long");
        return NULL;
    }
    uint64_t hash = hash_bytes((const uint8_t *)reader->key, (size_t)size);
    const char *name = statement_kept(reader, hash);
    if (name != NULL) {
        return name;
    }
    select_translate(&reader->text, reader->tables, reader->partitions, sql);
    if (reader->text.failed) {
        *status = reader_failed(reader, STATUS_too_large, "a query that is too long");
        return NULL;
    }
    if ((int)reader->text.binds != binds->count) {
        *status =
            reader_failed(reader, STATUS_bad_input, "a query with another number of values than places for them");
        return NULL;
    }
    return statement_new(reader, binds, hash, status);
}

static bool values_read(const PGresult *result, int row, struct value *values, int count)
{
    for (int i = 0; i < count; i++) {
        if (!postgres_value(result, row, i, &values[i])) {
            return false;
        }
    }
    return true;
}

/* Hands the rows of one result over; *more turns false when no more are wanted. */
static enum status result_hand_over(struct postgres_reader *reader, const PGresult *result, reader_row *each,
                                    void *context, bool *more)
{
    struct value values[VALUES_MAX];
    int count = PQnfields(result);
    if (count > VALUES_MAX) {
        return reader_failed(reader, STATUS_too_large, "too many columns");
    }
    for (int i = 0; i < PQntuples(result) && *more; i++) {
        if (!values_read(result, i, values, count)) {
            return reader_failed(reader, STATUS_bad_input, "a query yields integers, texts, blobs and nulls only");
        }
        *more = each(context, values, (size_t)count);
    }
    return STATUS_ok;
}

/* Row by row as they come, so that many take no more memory than one. */
static enum status query_run(struct postgres_reader *reader, reader_row *each, void *context)
{
    struct channel channel = link_channel(reader);
    PGresult *result = NULL;
    enum status status, first = STATUS_ok;
    bool more = true;
    while ((status = channel_next(&channel, &result)) == STATUS_ok && result != NULL) {
        ExecStatusType kind = PQresultStatus(result);
        if (kind != PGRES_SINGLE_TUPLE && kind != PGRES_TUPLES_OK) {
            enum status failed = channel_failed(&channel, result);
            first = first != STATUS_ok ? first : more ? failed : STATUS_ok;
        } else if (first == STATUS_ok && more) {
            first = result_hand_over(reader, result, each, context, &more);
        }
        PQclear(result);
    }
    return first != STATUS_ok ? first : status;
}

static enum status query_do(struct postgres_reader *reader, const char *sql, const struct value *values,
                            size_t count, reader_row *each, void *context)
{
    struct binds binds;
    enum status status = STATUS_ok;
    binds_fill(&binds, values, count);
    const char *name = query_statement(reader, sql, &binds, &status);
    if (name == NULL) {
        return status;
    }
    PGconn *connection = reader->link->connection;
    if (!PQsendQueryPrepared(connection, name, binds.count, binds.values, binds.sizes, binds.formats, 1) ||
        !PQsetSingleRowMode(connection)) {
        return reader_failed(reader, STATUS_away, "the connection is lost");
    }
    return query_run(reader, each, context);
}

static enum status reader_query(struct reader *base, const char *sql, const struct value *binds, size_t bind_count,
                                reader_row *each, void *context)
{
    struct postgres_reader *reader = (struct postgres_reader *)base;
    assert(reader->begun);
    assert(!reader->reading); /* one thing at a time goes over a connection */
    assert(bind_count <= READ_BINDS_MAX);
    if (reader->failed != STATUS_ok) {
        return reader->failed;
    }
    reader->error.text[0] = 0;
    reader->reading = true;
    enum status status = query_do(reader, sql, binds, bind_count, each, context);
    reader->reading = false;
    return snapshot_failed(reader, status);
}

/* ---- scans ---- */

static const char *piece_statement(struct scan *scan, enum select_from from, uint32_t limit, enum status *status)
{
    struct postgres_reader *reader = scan->owner;
    int size =
        snprintf(reader->key, sizeof(reader->key), "scan %s %d %u", scan->table->shape.name, (int)from, limit);
    assert(size > 0 && (size_t)size < sizeof(reader->key));
    uint64_t hash = hash_bytes((const uint8_t *)reader->key, (size_t)size);
    const char *name = statement_kept(reader, hash);
    if (name != NULL) {
        return name;
    }
    select_scan(&reader->text, scan->table, scan->partitions, from, limit);
    assert(!reader->text.failed);
    struct binds binds = { .count = (int)reader->text.binds };
    for (int i = 0; i < binds.count; i++) {
        const struct column *column = &scan->table->shape.columns[i];
        bool bytes = (uint32_t)i < scan->table->key_count && column->kind != COLUMN_i64 && column->kind != COLUMN_i32;
        binds.types[i] = bytes ? postgres_oid(column) : 20; /* as binds_fill has them */
    }
    return statement_new(reader, &binds, hash, status);
}

static enum status reader_scan(struct reader *base, const struct table *table, struct span from, scan_row *each,
                               void *context)
{
    struct postgres_reader *reader = (struct postgres_reader *)base;
    assert(reader->begun);
    assert(!reader->reading);
    if (reader->failed != STATUS_ok) {
        return reader->failed;
    }
    struct channel channel = link_channel(reader);
    struct scan scan = { .channel = &channel,
                         .partitions = reader->partitions,
                         .table = table,
                         .each = each,
                         .context = context,
                         .prepared = piece_statement,
                         .owner = reader };
    reader->error.text[0] = 0;
    reader->reading = true;
    enum status status = scan_run(&scan, from);
    reader->reading = false;
    return snapshot_failed(reader, status);
}

/* ---- the reader ---- */

static void reader_close(struct reader *base)
{
    struct postgres_reader *reader = (struct postgres_reader *)base;
    for (size_t i = 0; i < LINK_COUNT; i++) {
        link_close(&reader->links[i]);
    }
    free(reader->place);
    free(reader->read_place);
    free(reader);
}

static const char *reader_error_text(const struct reader *base)
{
    return ((const struct postgres_reader *)base)->error.text;
}

static void reader_lag_allow(struct reader *base, bool allowed)
{
    ((struct postgres_reader *)base)->replica_allowed = allowed;
}

static int64_t reader_age(const struct reader *base)
{
    return ((const struct postgres_reader *)base)->age_us;
}

static const struct reader_ops postgres_reader_ops = {
    .begin = reader_begin,
    .query = reader_query,
    .scan = reader_scan,
    .end = reader_end,
    .close = reader_close,
    .error = reader_error_text,
    .lag = reader_lag_allow,
    .age = reader_age,
};

static struct postgres_reader *reader_new(const char *place, const char *read_place,
                                          const struct table *const *tables, int64_t query_us_max)
{
    struct postgres_reader *reader = calloc(1, sizeof(*reader));
    assert(reader != NULL);
    reader->base.ops = &postgres_reader_ops;
    reader->tables = tables;
    reader->query_us_max = query_us_max;
    reader->age_us = -1;
    reader->place = strdup(place);
    assert(reader->place != NULL);
    reader->links[LINK_database].place = reader->place;
    if (read_place != NULL) {
        reader->read_place = strdup(read_place);
        assert(reader->read_place != NULL);
        reader->links[LINK_replica].place = reader->read_place;
    }
    return reader;
}

enum status postgres_reader_open(struct store *base, struct reader **opened)
{
    struct postgres_store *store = (struct postgres_store *)base;
    int64_t query_us_max = store->settings.query_us_max > 0 ? store->settings.query_us_max : QUERY_US_MAX;
    struct postgres_reader *reader = reader_new(store->place, store->read_place, base->tables, query_us_max);
    reader->store = store;
    reader->partitions = store->partitions;
    *opened = &reader->base;
    return STATUS_ok;
}

enum status store_postgres_snapshot_open(const char *place, const struct table *const *tables,
                                         struct reader **opened, struct store_error *error)
{
    struct store_error unwanted;
    error = error != NULL ? error : &unwanted;
    error->text[0] = 0;
    struct postgres_reader *reader = reader_new(place, NULL, tables, SNAPSHOT_US_MAX);
    struct link *link = &reader->links[LINK_database];
    enum status status = link_connect(reader, link);
    if (status == STATUS_ok) {
        status = postgres_schema_check(link->connection, tables, &reader->partitions, &reader->error);
    }
    if (status != STATUS_ok) {
        *error = reader->error;
        reader_close(&reader->base);
        return status == STATUS_away ? STATUS_fault : status;
    }
    *opened = &reader->base;
    return STATUS_ok;
}

enum status store_snapshot_open(const char *place, const struct table *const *tables, struct reader **reader,
                                struct store_error *error)
{
    return store_is_postgres(place) ? store_postgres_snapshot_open(place, tables, reader, error)
                                    : store_sqlite_snapshot_open(place, tables, reader, error);
}
