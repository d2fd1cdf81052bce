/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node knows of the others: its own, behind one lock, which is never held while the database is asked.
 *
 *   node thread       says that this process lives, looks at the others, voids the silent, removes what was
 * read peers' thread     postgres_feed, with a connection of its own deciding, keeper  postgres_pass,
 * postgres_refused, postgres_resolve
 */
#ifndef STORE_POSTGRES_MEMBERS_H
#define STORE_POSTGRES_MEMBERS_H

#include "store/postgres_node.h"

#define ADDRESS_SIZE sizeof(((struct store_node *)0)->address)
#define CURSORS_SIZE                                                                                         \
    (NODES_MAX * 8) /* bytes of onetill_nodes.cursors: a big-endian number for each place                    \
                     */

/* A place as it was seen last. */
struct peer {
    int64_t instance; /* of the member; 0: none */
    int64_t seen_us;  /* as it says itself, by the database's clock: a value that changes while it lives */
    int64_t started_us;
    int64_t changed_us;      /* monotonic: when that changed last, as far as is known */
    int64_t watched_us;      /* monotonic: since when it has been watched without a gap */
    int64_t batch;           /* the last one that was committed there */
    int64_t cleared;         /* feed rows up to here are removed */
    int64_t read[NODES_MAX]; /* how far it has read each of the others */
    char address[ADDRESS_SIZE];
};

struct postgres_node {
    pthread_mutex_t lock; /* of all but the connections */
    pthread_cond_t wake;
    pthread_t thread;
    bool started, stopping;

    int64_t epoch;
    bool heard;
    struct peer peers[NODES_MAX];
    int64_t cursors[NODES_MAX]; /* how far this process has read each of the others */
    int64_t beat_us;            /* monotonic: when it last said that it lives */
    bool clock_said;

    PGconn *connection; /* the node thread's */
    PGconn *feed;       /* of postgres_feed */
};

/* What was known before the database was asked: what it answers is never older. */
struct members_before {
    int64_t epoch;
    int64_t cursors[NODES_MAX];
};

void members_before(struct postgres_node *node, struct members_before *before);
/* Asks for all places and members in one snapshot. */
MUST_CHECK enum status members_ask(PGconn *connection, PGresult **result, struct store_error *error);
/*
 * Takes in what was asked. STATUS_fault: this process is no member any more, or the database has lost what it
 * had confirmed, with the reason. Not yet a member: `store->instance` is 0, and nothing of that is checked.
 */
MUST_CHECK enum status members_take(struct postgres_store *store, const PGresult *result,
                                    const struct members_before *before, struct store_error *error);
/* How far the clock of this machine is ahead of the database's, from an answer asked for between the two
 * times. */
int64_t members_clock_ahead(const PGresult *result, int64_t asked_us, int64_t answered_us);
/* Voids one that was silent for too long, if there is one. */
MUST_CHECK enum status members_void(struct postgres_store *store, PGconn *connection,
                                    struct store_error *error);
/* Ends connections of ours whose process stands still in the middle of a request. */
MUST_CHECK enum status members_unblock(PGconn *connection, struct store_error *error);
/* Whether this process is the one that does what only one should. */
bool members_leads(struct postgres_store *store);
/* Removes what all have read (postgres_feed.c). */
MUST_CHECK enum status feed_clear(struct postgres_store *store, PGconn *connection,
                                  struct store_error *error);

/* Begins a transaction in which nobody else joins, leaves, is voided, or changes the schema. */
MUST_CHECK enum status starter_begin(PGconn *connection, struct store_error *error);
/* COMMIT when the status is ok, otherwise ROLLBACK. */
MUST_CHECK enum status starter_end(PGconn *connection, enum status status, struct store_error *error);

#endif
