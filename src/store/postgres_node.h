/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How processes share one database without ever asking one another.
 *
 *   onetill_nodes     (node, instance, address, started_us, seen_us, cursors)   who is a member, and how far
 * it has read what the others tell onetill_batches   (node, instance, epoch, batch)   one row a place, for
 * ever: who may commit there and which batch was the last onetill_feed      (node, batch, rows)   what
 * members have told, until all have read it
 *
 * Every batch updates its own row of onetill_batches on condition of instance and epoch. Whoever becomes a
 * member raises the epoch of all rows in the same transaction; so from that commit on nobody commits without
 * knowing of the newcomer, and one whose batch was in progress is waited for, or decides it anew. Whoever is
 * given up by the others loses the row's instance, and can never commit again. Time decides when that is done
 * (nothing was heard for SILENT_MAX_US, by the observer's own monotonic clock while it could itself see the
 * database), not whether it is safe.
 */
#ifndef STORE_POSTGRES_NODE_H
#define STORE_POSTGRES_NODE_H

#include "store/postgres_store.h"

#define BEAT_US INT64_C(1000000)        /* how often a node says that it lives */
#define QUIET_MAX_US INT64_C(3000000)   /* one that is silent for longer does not lead */
#define SILENT_MAX_US INT64_C(10000000) /* and after this its place is taken from it */
#define CLOCK_SAID_US INT64_C(2000000)  /* a clock that differs by more is spoken of */
#define CLOCK_MAX_US INT64_C(60000000)  /* and one by more than this is refused */

/* On what condition a batch may be committed. */
struct node_pass {
    int64_t epoch;
    bool heard; /* somebody listens: the batch writes its feed row. False: nobody else is a member */
};

/* Taken when the batch is handed over, used when it is committed. */
void postgres_pass(struct postgres_store *store, struct node_pass *pass);

/*
 * After a batch that did not find its row of onetill_batches and was rolled back. STATUS_conflict: somebody
 * joined, and the next pass knows; STATUS_fault: the place is lost, the store is dead; STATUS_away: could not
 * be learnt.
 */
enum status postgres_refused(struct postgres_store *store, PGconn *connection);

/*
 * After a COMMIT of which nothing was heard, on a new connection: waits until the old one is over and makes
 * sure that it never commits any more. `*batch` is the last that is durable. STATUS_away: not to be learnt
 * now, ask again; STATUS_fault: the place is lost, the store is dead.
 */
enum status postgres_resolve(struct postgres_store *store, PGconn *connection, uint64_t *batch);

/* ---- what is apart from all rows (postgres_notes.c) ---- */

/*
 * Says in the database that a copy into it is under way, or that it is over: meanwhile nobody can join.
 * Outside of a transaction. STATUS_busy: somebody is a member.
 */
MUST_CHECK enum status postgres_copy_mark(PGconn *connection, bool open, struct store_error *error);

#endif
