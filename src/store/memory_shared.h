/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database in memory that several stores of one process join, each as a node of its own: for tests and for
 * the simulation. It keeps what engine/store.h promises of shared stores, and can be told to fail at any
 * step as a real one may: unreachable, lost in the middle of a commit, its process killed, a place taken.
 *
 * As a database does, it locks only rows that exist; a store that would have to wait for another's lock
 * waits, or (where everything runs on one thread) leaves its batch waiting, see `wait_us` and `deferred`.
 *
 * Every call may come from any thread, the stores' as engine/store.h says. A database outlives its stores.
 * Memory that cannot be had is an assertion.
 */
#ifndef STORE_MEMORY_SHARED_H
#define STORE_MEMORY_SHARED_H

#include "engine/store.h"

struct shared_memory;

struct shared_memory_settings {
    int64_t (*now_us)(void *context); /* the database's clock, for leases; NULL: os_monotonic_us */
    void *clock_context;
    int64_t lease_us; /* a node that was silent for so long counts as dead; 0: 10 s */
};

enum shared_step {
    SHARED_load,    /* rows are about to be read */
    SHARED_keep,    /* `keep` was called, nothing was told yet */
    SHARED_commit,  /* all is told but for the commit */
    SHARED_resolve, /* it is about to be learnt what became of a commit */
    SHARED_feed,    /* the feed is about to be read */
};

enum shared_fate {
    SHARED_go_on,
    SHARED_away,         /* at any step: the database is not reached; at a commit: nothing happened */
    SHARED_conflict,     /* at a commit: the database wants it tried again, whatever the rows say */
    SHARED_unknown_lost, /* at a commit: the connection went; it did not happen */
    SHARED_unknown_kept, /* at a commit: the connection went; it did */
    SHARED_crash_lost,   /* at any step: the process is killed */
    SHARED_crash_kept,   /* at a commit: killed after it took effect */
    SHARED_crash_late,   /* at a commit: killed, and the commit takes effect when shared_memory_land says so */
};

typedef enum shared_fate shared_hook(void *context, enum shared_step step);

struct shared_join {
    shared_hook *hook; /* may be NULL */
    void *hook_context;
    const char *address; /* shown to other nodes; may be NULL */
    bool deferred;       /* batches are tried in store_shared_pump, not inside `keep` */
    uint32_t follow_calls; /* what `follows` answers when it allows a batch behind the one that waits; 0: never */
    bool cold;           /* peek knows only what was loaded or kept since the last batch */
    int64_t wait_us;     /* how long a lock of another store is waited for, by the monotonic clock */
};

void shared_memory_open(const struct table *const *tables, const struct shared_memory_settings *settings,
                        struct shared_memory **memory);
/* After all stores. */
void shared_memory_close(struct shared_memory *memory);

/* Joins as a node; STATUS_busy: no place is free. A place is free whose node left or whose lease is over. */
enum status store_shared_join(struct shared_memory *memory, const struct shared_join *join, struct store **store);

/*
 * Tries the batch that waits, the elder of two, and calls its `done`; one thread at a time. False: nothing waits, or
 * it waits for a lock of another store's, which is to be pumped first.
 */
bool store_shared_pump(struct store *store);

/* Whether the store's process is dead: a hook killed it. Only store_shared_crash is left to do. */
bool store_shared_dead(struct store *store);

/* Ends the store as a killed process ends: its locks go, its place stays until the lease is over. */
void store_shared_crash(struct store *store);

/* The peak of forgetfulness: nothing is at hand any more but what is on its way. */
void store_shared_chill(struct store *store);

/* The oldest commit that was left behind by SHARED_crash_late takes effect now, or never. False: there is none. */
bool shared_memory_land(struct shared_memory *memory);

/* What is committed, past all stores: `row`, `exists` and `version`. For checks. */
void shared_memory_find(struct shared_memory *memory, struct row_want *want);

struct shared_counts {
    uint64_t batches;   /* that took effect */
    uint64_t conflicts; /* that were told to be decided anew */
    uint64_t again;     /* that took effect after having been told so */
    uint64_t hollow;    /* that went with the one before them */
    uint64_t waits;     /* attempts that found a row locked */
    uint64_t away, unknown, crashes, fenced, late; /* that happened */
    uint64_t feeds;     /* rows of the feed that were written */
};
void shared_memory_counts(struct shared_memory *memory, struct shared_counts *counts);

#endif
