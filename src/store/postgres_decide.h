/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the deciding thread knows of the rows: what it may believe of its cache, and which rows it holds.
 *
 * Normally it believes the cache, whatever its age: a batch that was decided on rows that somebody else has
 * changed is found out when it is kept. After that the rows of the batch are read anew, in its turn: processes
 * that redo something hold a row of onetill_meta, one after the other. Besides, for some seconds:
 *  - rows of the tables in which others were met are read again for each batch, together;
 *  - nothing is decided ahead.
 * Where even such batches fail again and again, several processes want the same rows. Then each batch has its
 * turn from the start on, so that they come one after the other, and big, instead of undoing one another.
 *
 * Rows are held before a batch is decided only when it failed, and all that are known: whoever holds a few and
 * wants others later waits for somebody who does the opposite.
 */
#ifndef STORE_POSTGRES_DECIDE_H
#define STORE_POSTGRES_DECIDE_H

#include "store/postgres_keep.h"

#define WARY_US INT64_C(4000000) /* how long others are expected where they were met */
#define TURN_US INT64_C(2000000) /* how long turns are taken before it is tried without */
#define HOLD_ALL_MAX 512         /* a failed batch of so many rows is held at its second try already */
#define TURN_SCORE 5             /* conflicts more than successes */

struct decider {
    struct postgres_store *store;
    struct lots lots;
    struct row_want **wants; /* of one load, by lot row */
    bool *found;
    size_t wants_capacity;
    struct wire packed; /* rows of a batch as the cache takes them */
    uint32_t *packed_at;

    uint64_t stamp;     /* of the last batch that was kept and changed anything */
    uint8_t round;      /* of the open batch: see cache_round */
    bool redo;          /* the notes of a batch are to be held before the next one */
    const struct lane *noted; /* whose they are */
    bool broken;        /* a batch has failed, and whatever follows it is void */
    bool again;         /* a failed batch is decided anew: nothing is believed that was not read since */
    uint32_t tries;     /* conflicts in a row */
    bool doubt;         /* the database was away: ask before it is said to be there */
    int64_t wary_until_us;
    int64_t table_until_us[TABLE_COUNT_MAX];
    int32_t score;      /* first tries that failed although all was read anew, less those that did not */
    int64_t turn_until_us;

    struct node_pass pass; /* of the last batch */
    bool heard_no, heard_asked; /* what the engine was told before this batch */
    bool ceilings;         /* nobody else has inserted rows since they were read */
};

/* Looks at what became of the last batch: its rows leave the cache when it failed. */
void decider_notice(struct decider *decider);
/* Whether others are expected to change rows. */
bool decider_wary(const struct decider *decider);
/* Whether the table's rows must have been read for this batch. */
static inline bool table_wary(const struct decider *decider, const struct table *table, int64_t now_us)
{
    return decider->table_until_us[table->number] > now_us;
}

/*
 * Before a batch is decided or kept, while the keeper is idle: resolves what is unresolved, holds what is to be held.
 * STATUS_away: the database cannot be reached. Cheap when there is nothing to do.
 */
MUST_CHECK enum status decider_hold(struct decider *decider, struct store_error *error);

/* Puts rows that came into the cache. For FORM_get and FORM_lock. */
MUST_CHECK enum status decider_row(struct decider *decider, const struct table *table, const PGresult *result,
                                   int at, void *row, struct span *key, int64_t *version);

#endif
