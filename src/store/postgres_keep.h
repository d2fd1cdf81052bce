/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: one transaction a batch. It has two lanes, each a thread and a connection. A batch that comes while
 * nothing is on its way takes the first; one that follows another takes the free one. While nothing is on its way
 * the first lane belongs to the deciding thread, which may begin the next transaction there and hold rows in it.
 *
 * What follows goes to work at once on all rows that the batch before it does not change, which is nearly all of
 * them: the database has something to do while the other one waits for its disk. Once that one is durable come the
 * rest, the batch's own row and COMMIT. Nobody waits for anybody else then, as such rows are in one transaction only.
 *
 *  1. COMMIT is sent only after the counts of all statements before it were right.
 *  2. Locks are taken in one order: rows held for a batch decided anew, then rows written, table by table and
 *     key by key.
 *  3. Rows that were read are looked at after all rows that are written have been: so of two batches that each
 *     read what the other writes, one sees it.
 *  4. When the outcome of a COMMIT is not known, nothing else is done before it is.
 *  5. What follows touches no row of the batch before, nor the row of onetill_batches, until that one is durable. If it
 *     failed what follows is rolled back; if what was done ahead went wrong it is done again, in its turn.
 *  6. Outcomes are told one after the other, in the order in which the batches came.
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
    bool late;    /* the batch before changes it as well */
    uint64_t same; /* of an update: columns that are as they were */
};

#define LANES 2

/* A thread and a connection, and the batch that is kept there. */
struct lane {
    struct keeper *keeper;
    struct postgres_store *store;
    pthread_t thread;
    bool started;
    bool busy; /* under the keeper's lock: says whose all the rest is */

    /* the batch */
    uint64_t number;         /* they are counted as they come */
    bool follows;            /* another one was on its way then */
    struct keep keep;
    struct node_pass pass;
    bool untold;             /* the engine was told that nobody hears, so there is nothing to tell */
    bool check;              /* whether rows that were only read are looked at again */
    struct keep_step *steps; /* of its changes */
    bool by_spot;            /* rows are looked for where they were last seen */

    /* the transaction */
    struct rows_session work;
    bool open; /* it was begun and rows are held */

    /* what failed, read by the deciding thread */
    atomic_int failed; /* enum status of the last batch; STATUS_ok: nothing did, or it was taken note of */
    bool hollow;       /* because the one before had */
    struct note *notes;
    size_t note_count, note_capacity;
    struct wire note_keys;

    struct lots lots;
};

struct keeper {
    struct postgres_store *store;
    pthread_mutex_t lock; /* of `busy` and `stopping`, and of what follows */
    pthread_cond_t wake;
    bool stopping;
    uint64_t decided, told; /* the last batch whose outcome is known, and whose `done` has returned */
    enum status outcome;    /* of the one that is decided */
    uint64_t count;         /* batches that came; the deciding thread's */
    atomic_int_least64_t single_until_us; /* monotonic: until then the first lane is all that there is */
    bool unresolved;        /* nobody knows whether batch number `batch + 1` of this node was kept */
    struct lane lanes[LANES];
};

void keeper_init(struct keeper *keeper, struct postgres_store *store);
void keeper_start(struct keeper *keeper);
/* Waits for the batch on its way. */
void keeper_stop(struct keeper *keeper);
void keeper_release(struct keeper *keeper);
/* How many batches are on their way. */
uint32_t keeper_busy(struct keeper *keeper);
/* Where the next batch goes; NULL: there is no room. */
struct lane *keeper_lane(struct keeper *keeper);
/* Hands over what `keep`, `pass`, `check` and `steps` say. */
void keeper_go(struct keeper *keeper, struct lane *lane, bool follows);
/* Whether a batch has failed and no note was taken of it yet. */
bool keeper_failed(struct keeper *keeper);
/* Whether a connection was given up, and nobody has waited yet for what it was doing. */
bool keeper_given_up(const struct keeper *keeper);
/* CPU time of its threads. */
int64_t keeper_cpu_ns(struct keeper *keeper);

/* ---- for the deciding thread while it is not busy ---- */

/* Finds out what became of the last batch. STATUS_away: not yet. */
MUST_CHECK enum status keeper_resolve(struct keeper *keeper, struct store_error *error);
/* Gives up the transaction that was begun. */
void lane_rollback(struct lane *lane);

#endif
