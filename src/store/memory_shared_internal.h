/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by memory_shared.c (what a store does) and memory_shared_nodes.c (places, feed, readers). */
#ifndef STORE_MEMORY_SHARED_INTERNAL_H
#define STORE_MEMORY_SHARED_INTERNAL_H

#include <pthread.h>

#include "store/memory_map.h"
#include "store/memory_shared.h"

/* A place among the nodes. What it counts goes on when another process takes it. */
struct place {
    bool taken;
    uint64_t instance; /* of the process that has or had it */
    int64_t seen_us;   /* by the database's clock */
    int64_t started_us;
    uint64_t feed_last;              /* number of the last row of the feed that it wrote */
    uint64_t cursors[NODES_MAX];     /* of the others' rows: the last one that it took */
    char address[96];
};

struct feed_row {
    struct feed_row *next;
    uint32_t node;
    uint64_t number;
    size_t size;
    char bytes[];
};

/* A batch on its way: its changes, then the rows that it only read. */
struct shared_batch {
    struct shared_batch *next; /* of those left behind */
    uint32_t node;
    uint64_t instance;
    keep_done *done;
    void *context;
    int64_t stamp;
    bool doomed, again;
    bool hollow; /* the one before it has failed */
    uint64_t deaf; /* 1 + the joins that there had been when the node was told that nobody hears */
    size_t change_count, row_count;
    char *feed;
    size_t feed_size;
    struct entry *rows[]; /* their version is the one that must still hold */
};

struct shared_memory {
    pthread_mutex_t lock; /* all that follows, and all of the stores but their `base` */
    pthread_cond_t wake;  /* a lock was given back */
    const struct table *const *tables;
    struct shared_memory_settings settings;
    struct map rows;
    struct place places[NODES_MAX];
    struct feed_row *feed_first, **feed_tail;
    struct shared_batch *late_first, **late_tail;
    uint64_t instance_last, joins;
    size_t store_count;
    struct shared_counts counts;
};

enum redo {
    REDO_none,
    REDO_noted,  /* rows of a conflict are to be locked before anything else */
    REDO_held,   /* they are */
    REDO_doomed, /* some could not be had: the batch will be a conflict once more */
};

struct shared_store {
    struct store base;
    struct shared_memory *memory;
    struct shared_join settings;
    uint64_t instance;
    struct map cache;
    uint64_t round; /* of the batch that is being decided */
    struct shared_batch *batch, *follower;
    enum redo redo;
    struct entry **noted;
    size_t noted_count;
    uint32_t contended; /* batches for which others are still thought to be at the same rows */
    uint64_t deaf;
    int64_t stamp_last;
    bool unresolved, dead;
    bool broken; /* a batch has failed, and what follows it is void */
    struct store_counts counts;
};

/* Under the lock, all of them. */

int64_t shared_now_us(const struct shared_memory *memory);
/* Whether the place is taken by a process that is not silent for too long. */
bool place_alive(const struct shared_memory *memory, const struct place *place);
/* Whether the store's process still has its place; says that it lives. */
bool place_hold(struct shared_store *store);
/* Asks the hook whether the step may be done, and whether this process is one of the nodes at all. */
MUST_CHECK enum status shared_gate(struct shared_store *store, enum shared_step step);
/* The process is dead, or has to be. */
void shared_kill(struct shared_store *store);
void shared_unlock_rows(struct shared_store *store);
void feed_append(struct shared_memory *memory, const struct shared_batch *batch);
void shared_batch_free(struct shared_batch *batch);

/* Operations of memory_shared_nodes.c. */

bool shared_heard(struct store *base);
enum status shared_feed(struct store *base, feed_each *each, void *context);
size_t shared_nodes(struct store *base, struct store_node *nodes, size_t most);
enum status shared_reader_open(struct store *base, struct reader **reader);

/* Of memory_shared.c. */
extern const struct store_ops shared_ops;

#endif
