/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper thread: one transaction a batch on the connection `work`. Between `done` and the next `keep` the
 * keeper and its connection belong to the deciding thread, which may begin the next transaction there and hold
 * rows in it.
 *
 *  1. COMMIT is sent only after the counts of all statements before it were right.
 *  2. Locks are taken in one order: rows held for a batch decided anew, then rows written, table by table and
 *     key by key.
 *  3. Rows that were read are looked at after all rows that are written have been: so of two batches that each
 *     read what the other writes, one sees it.
 *  4. When the outcome of a COMMIT is not known, nothing else is done before it is.
 */
#ifndef STORE_POSTGRES_KEEP_H
#define STORE_POSTGRES_KEEP_H

#include "store/postgres_node.h"
#include "store/postgres_rows.h"

/* A row of a batch that failed: it leaves the cache, and after a conflict it is held for the next try. */
struct note {
    uint32_t table;
    uint32_t key_at, key_size; /* in note_keys */
    uint64_t hash;
    int64_t seen; /* the version that it was thought to have */
    bool wrote;   /* the batch would have changed it */
};

/* How a change is made. */
struct keep_step {
    uint8_t form; /* enum form; FORM_count: there is nothing to do */
    int64_t seen;
    bool guessed; /* that the row is not there: it is replaced if it is */
    uint64_t same; /* of an update: columns that are as they were */
};

struct keeper {
    struct postgres_store *store;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* of `busy` and `stopping`, which say whose all the rest is */
    pthread_cond_t wake;
    bool busy, stopping;

    /* the batch */
    struct keep keep;
    struct node_pass pass;
    bool untold;             /* the engine was told that nobody hears, so there is nothing to tell */
    bool check;              /* whether rows that were only read are looked at again */
    struct keep_step *steps; /* of its changes */
    bool by_spot;           /* rows are looked for where they were last seen */

    /* the transaction */
    struct rows_session work;
    bool open;       /* it was begun and rows are held */
    bool unresolved; /* nobody knows whether batch number `batch + 1` was kept */

    /* what failed, read by the deciding thread */
    atomic_int failed; /* enum status of the last batch; STATUS_ok: nothing did, or it was taken note of */
    struct note *notes;
    size_t note_count, note_capacity;
    struct wire note_keys;

    struct lots lots;
};

void keeper_init(struct keeper *keeper, struct postgres_store *store);
void keeper_start(struct keeper *keeper);
/* Waits for the batch on its way. */
void keeper_stop(struct keeper *keeper);
void keeper_release(struct keeper *keeper);
bool keeper_busy(struct keeper *keeper);
/* Hands over what `keep`, `pass`, `check` and `steps` say. */
void keeper_go(struct keeper *keeper);

/* ---- for the deciding thread while it is not busy ---- */

/* Finds out what became of the last batch. STATUS_away: not yet. */
MUST_CHECK enum status keeper_resolve(struct keeper *keeper, struct store_error *error);
/* Gives up the transaction that was begun. */
void keeper_rollback(struct keeper *keeper);

#endif
