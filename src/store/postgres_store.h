/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the postgres store share. Who owns what:
 *
 *   deciding thread   row cache, connection `reads`; connection `work` while no batch is on its way
 *   keeper thread     connection `work` from `keep` to `done`
 *   node thread       its own connection and everything in postgres_node.c
 *   `lock`            the batch on its way, and the fault
 *
 * Tables are those of the descriptors with `p` before and `ver` behind the columns. Values travel in binary
 * form in both directions. Names of rows and of what they hold go into messages, values and passwords never.
 */
#ifndef STORE_POSTGRES_STORE_H
#define STORE_POSTGRES_STORE_H

#include "store/cache.h"
#include "store/packed.h"
#include "store/postgres_spots.h"
#include "store/sql.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

/* ---- connections (postgres_connect.c) ---- */

/*
 * Connects and sets what every session of ours has: UTC, no JIT, no waiting for locks for ever, no plans that
 * read whole tables for one row, and DATABASE_SILENT_US_MAX of patience. `name` is shown in pg_stat_activity as
 * "onetill NAME".
 * STATUS_away: nobody answers, or it is starting or stopping; STATUS_bad_input: `place` makes no sense, the
 * database does not let us in, or a pooler hands its sessions round. Messages never hold a password.
 */
MUST_CHECK enum status postgres_connect(const char *place, const char *name, PGconn **connection,
                                        struct store_error *error);
/* A connection as libpq makes it, in whatever state. */
PGconn *postgres_dial(const char *place, const char *name);
/*
 * STATUS_bad_input: it is no session of the server, but of a pooler that gives each transaction or statement
 * another one (postgres_pool.c). Tried out thoroughly at the first connection to a place, and at later ones that
 * come through a pooler.
 */
MUST_CHECK enum status postgres_pool_check(const char *place, PGconn *connection, struct store_error *error);
/* What went wrong, by SQLSTATE or the lost connection: ok, conflict, away, or fault when it is a bug. */
enum status postgres_status(const PGconn *connection, const PGresult *result);
/* `what` and the server's words, on one line. `result` may be NULL. */
void postgres_reason(struct store_error *error, const char *what, const PGconn *connection,
                     const PGresult *result);
/* Whether `result` failed with this SQLSTATE. */
bool postgres_failed_with(const PGresult *result, const char *sqlstate);

/*
 * One statement with binary parameters and binary results: for what is not on the way of a batch. Numbers are
 * int8: write `$1::bigint`; bytes go into text and bytea alike. *result is cleared by the caller; `result` may
 * be NULL when no rows are wanted. Several statements at once, without parameters: postgres_script.
 */
MUST_CHECK enum status postgres_ask(PGconn *connection, const char *sql, const struct value *binds,
                                    size_t bind_count, PGresult **result, struct store_error *error);
MUST_CHECK enum status postgres_script(PGconn *connection, const char *sql, struct store_error *error);
/* Rolls back. A connection that is lost has done so. */
void postgres_undo(PGconn *connection);

/* ---- waiting (postgres_wait.c) ---- */

/*
 * From now on the connection is given up when it is waited for and nothing comes for `silent_us`: whoever waits
 * finds it lost, as if the server had closed it. 0, as it is at first: it is waited for without end. A server that
 * hangs with its connections open is found out in no other way. A connection with a limit never blocks when
 * something is sent.
 */
void postgres_patience(PGconn *connection, int64_t silent_us);
/* PQgetResult within that limit. */
PGresult *postgres_result(PGconn *connection);
/* Whether the next result has to be waited for: not when what lies in memory already brings it. */
bool postgres_busy(PGconn *connection);
/* The last result of what was sent; the others are cleared. NULL: nothing could be sent. */
PGresult *postgres_last(PGconn *connection, bool sent);
/* Takes what is left of what was sent before. */
void postgres_idle(PGconn *connection);
/* Whether it was given up, and after how long a silence; otherwise 0. */
int64_t postgres_given_up_us(const PGconn *connection);

/* ---- values (postgres_value.c) ---- */

/* A field of a binary result: whole numbers of any type and bool as VALUE_i64, otherwise bytes. */
MUST_CHECK bool postgres_value(const PGresult *result, int row, int field, struct value *value);
/* The same of a field that is known to be a number and not null. */
int64_t postgres_i64(const PGresult *result, int row, int field);
/* Columns [first, end) of the table, which stand in the result from `field` on, into a zeroed struct. */
MUST_CHECK bool postgres_row_read(const PGresult *result, int row, int field, const struct table *table,
                                  uint32_t first, uint32_t end, void *struct_row);

/* Bytes of a message being put together; grows, never shrinks. */
struct wire {
    uint8_t *bytes;
    size_t size, capacity;
};

void wire_release(struct wire *wire);
/* Room for `size` more bytes, which the caller fills. */
uint8_t *wire_room(struct wire *wire, size_t size);
void wire_i16(struct wire *wire, int32_t value);
void wire_i32(struct wire *wire, int32_t value);
void wire_i64(struct wire *wire, int64_t value);
/* A field: four bytes of size and the binary value, as in COPY, in arrays and in records. */
void wire_field_i64(struct wire *wire, int64_t value);
void wire_field_bytes(struct wire *wire, struct span bytes);
/* A column of a struct, or one of an encoded key. False: a key that does not fit. */
void wire_column(struct wire *wire, const struct column *column, const void *struct_row);
void wire_value(struct wire *wire, const struct column *column, const struct value *value);
/* Type of the column, and of arrays of it. */
Oid postgres_oid(const struct column *column);
Oid postgres_array_oid(const struct column *column);
const char *postgres_type(const struct column *column); /* "bigint", "integer", "text", "bytea" */

/* In which partition a row lives: by the first column of its encoded key. 0 when there is one only. */
uint32_t postgres_partition(const struct table *table, struct span key, uint32_t partitions);

/* ---- the store ---- */

struct rows_session;
struct decider;
struct keeper;        /* postgres_keep.h */
struct postgres_node; /* postgres_node.c */

struct postgres_store {
    struct store base;
    struct postgres_settings settings; /* with owned texts */
    char *place, *read_place;          /* read_place may be NULL */
    const struct table *by_number[TABLE_COUNT_MAX];
    uint32_t partitions; /* of the schema; set by postgres_schema_prepare */

    /* this process among the nodes; set by postgres_join, then constant but for `batch` */
    int64_t instance; /* names this process, random */
    uint64_t batch;   /* of this node, the last one kept: as onetill_batches says; then the keeper thread's */
    struct postgres_node *node;
    /*
     * Monotonic time until which nobody else changes rows: there is no other live node, places of dead ones have
     * been voided, and a joiner would wait for this one. What was read need not be checked until then. 0: others live.
     */
    atomic_int_least64_t alone_until_us;

    /* deciding thread */
    struct cache *cache;
    struct spots *spots;   /* any thread */
    struct rows_session *reads; /* postgres_rows.h */
    struct decider *decider; /* postgres.c */

    /* shared */
    pthread_mutex_t lock; /* of `fault` */
    struct store_error fault;
    atomic_bool dead;
    struct keeper *keeper;

    atomic_uint_least64_t done_stamp; /* of the last batch that is durable: what is newer stays in the cache */
    atomic_int_least64_t replica_age_us, replica_at_us; /* of the last snapshot that a replica gave */
    atomic_uint_least64_t replica_snapshots;
    atomic_int_least64_t seen_us; /* monotonic: when the node thread was last answered */
    atomic_uint_least64_t batch_count, rows_loaded, rows_cached, bytes_cached, bytes_sent, round_trips, conflicts;
};

/* The store is given up: every call answers STATUS_fault from now on. Any thread. */
void postgres_die(struct postgres_store *store, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool postgres_dead(struct postgres_store *store);

/* ---- schema, nodes (postgres_schema.c, postgres_node.c) ---- */

/* Creates or migrates, one process at a time; sets *partitions. */
MUST_CHECK enum status postgres_schema_prepare(PGconn *connection, const struct table *const *tables,
                                               const struct postgres_settings *settings, uint32_t *partitions,
                                               struct store_error *error);
/* The same without changing anything: for readers. */
MUST_CHECK enum status postgres_schema_check(PGconn *connection, const struct table *const *tables,
                                             uint32_t *partitions, struct store_error *error);
/* Takes a place: sets base.node, instance, batch, node, alone_until_us, and begins to say that it lives. */
MUST_CHECK enum status postgres_join(struct postgres_store *store, struct store_error *error);
/* Gives the place back. Harmless when it never joined. */
void postgres_leave(struct postgres_store *store);
/* Operations of the store. */
bool postgres_heard(struct store *base);
enum status postgres_feed(struct store *base, feed_each *each, void *context);
size_t postgres_nodes(struct store *base, struct store_node *nodes, size_t most);

/* ---- readers (postgres_reads.c) ---- */

enum status postgres_reader_open(struct store *base, struct reader **reader);

/*
 * Rows of a table from `from` on, in key order, row by row from the server, so that no table is ever in memory
 * (postgres_scan.c). In the open transaction's snapshot, or in one of its own. `each` may stop it.
 */
MUST_CHECK enum status postgres_scan(PGconn *connection, uint32_t partitions, const struct table *table,
                                     struct span from, scan_row *each, void *context,
                                     struct store_error *error);

#endif
