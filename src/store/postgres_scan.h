/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading from a connection: values that are bound, results that are waited for, and scans of whole tables
 * (postgres_scan.c). The thread that owns the connection.
 *
 * A scan goes through the table in pieces, each beginning behind the last key of the one before, in the snapshot of
 * the open transaction: so it may end early at little cost, needs memory for one piece only, and while a piece is being
 * handed over the database reads the next. Single rows are looked up by scans that begin with their key: the
 * first piece is one row.
 */
#ifndef STORE_POSTGRES_SCAN_H
#define STORE_POSTGRES_SCAN_H

#include "store/postgres_select.h"
#include "store/postgres_store.h"

#define READ_BINDS_MAX 64

/* Values on their way, as libpq takes them. Bytes are those of the values: these must live until it is sent. */
struct binds {
    int count;
    Oid types[READ_BINDS_MAX];
    const char *values[READ_BINDS_MAX];
    int sizes[READ_BINDS_MAX], formats[READ_BINDS_MAX];
    uint64_t numbers[READ_BINDS_MAX];
};

/* Up to READ_BINDS_MAX values. Numbers are bigint; what bytes are, text or bytea, the database finds out. */
void binds_fill(struct binds *binds, const struct value *values, size_t count);

/* Where statements are sent: a connection without anything under way, and how long answers are waited for. */
struct channel {
    PGconn *connection;
    int64_t wait_us_max; /* for each answer, or row of one */
    struct store_error *error;
};

/*
 * The next result of what was sent; NULL: there are no more. STATUS_busy: it did not come in time, and the connection
 * is of no more use; STATUS_away: the connection is lost.
 */
MUST_CHECK enum status channel_next(struct channel *channel, PGresult **result);
/* The status of a result that carries an error; its sentence goes into the channel's error. */
enum status channel_failed(struct channel *channel, const PGresult *result);
/* The only result of what was sent, which is cleared by the caller; on anything but STATUS_ok it is NULL. */
MUST_CHECK enum status channel_only(struct channel *channel, PGresult **result);
/* Throws away what is still coming. */
MUST_CHECK enum status channel_drain(struct channel *channel);

struct scan {
    struct channel *channel;
    uint32_t partitions;
    const struct table *table;
    scan_row *each;
    void *context;
    /* The prepared statement for a piece, or NULL with *status; NULL: pieces are not prepared. */
    const char *(*prepared)(struct scan *scan, enum select_from from, uint32_t limit, enum status *status);
    void *owner; /* of `prepared` */
};

MUST_CHECK enum status scan_run(struct scan *scan, struct span from);

#endif
