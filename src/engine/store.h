/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine asks of a store. One contract, tested once for all stores (tests/unit/store_contract.c):
 *
 *  1. `keep` makes all changes of one batch durable, or none. Batches become durable in the order in which
 *     they are kept. `done` is called once per batch, in that order, on a thread of the store's (or inside
 *     `keep`), and only after the changes would survive a power cut.
 *  2. After `keep` has returned, `peek`, `load` and a later `keep` see its changes, durable or not. If it
 *     fails afterwards, `done` gets STATUS_fault: the engine stops the process and the truth is read back at
 *     the next start.
 *  3. `peek` never blocks: it answers from memory or says unknown. `load` answers all it is asked.
 *  4. `scan` and readers see durable rows only; a reader opened after `done` of a batch sees that batch.
 *
 * A store may be shared by several processes, its nodes. Then besides:
 *
 *  5. Every row has a version: the stamp of the batch that changed it last. `peek` and `load` hand it out and
 *     `keep` brings it back for every row that the batch asked for, changed or not. A batch is kept only if
 *     all of them still hold; what it saw may therefore be out of date, what it did never is.
 *  6. When they do not hold, `done` gets STATUS_conflict: nothing happened, nothing of the batch is seen any
 *     more. The store has taken note of its rows and holds them for this process from the next `load` or
 *     `keep` on; so the engine decides exactly the same calls anew and keeps them next, before any others.
 *  7. STATUS_away (of `load`, `keep` and `done`): the database cannot be reached and nothing happened.
 *     STATUS_unknown (of `done`): it was lost while it was told, and where the outcome stands is not to be
 *     learnt now. The store finds out by itself before it does anything else; whoever repeats the calls hears.
 *     The engine asks for its own progress row by `load`, which is answered only once the outcome is known.
 *  8. Between `keep` and `done` there is one batch, which may have no changes, only reads; or there are two, where
 *     `follows` lets one follow. Each is kept after the one before, or not at all. When one fails so does what
 *     follows: nothing of it happened or is seen any more, nothing is held for it, and its `done` gets
 *     STATUS_conflict, whatever befell the one before.
 *  9. A node whose place was given to another process is told STATUS_fault by its next call.
 *
 * `peek`, `load`, `keep` and `scan` are called on one thread at a time (the deciding one).
 */
#ifndef ENGINE_STORE_H
#define ENGINE_STORE_H

#include "engine/row.h"

struct store;
struct reader;

enum peek {
    PEEK_found,
    PEEK_absent,
    PEEK_unknown,
};

/* A row that is wanted. `row` has its key members set; the store fills in the rest and `exists`. */
struct row_want {
    const struct table *table;
    struct span key; /* encoded */
    uint64_t hash;   /* hash_bytes of the key, mixed with the table's number */
    void *row;
    bool exists;
    int64_t version; /* of a shared store: stamp of the last change; 0: there is no such row */
};

#define VERSION_UNREAD INT64_C(-1) /* the store was not asked for the row: replace whatever is there */

/* A row as it shall be kept: its new image, or gone. */
struct row_change {
    const struct table *table;
    struct span key;
    uint64_t hash;
    const void *row;
    bool exists;
    int64_t version; /* of a shared store: that it had when it was asked for, or VERSION_UNREAD */
};

typedef void keep_done(void *context, enum status status);

/* A batch on its way to the store. The struct is copied; of a shared store, what it points to stays until `done`. */
struct keep {
    const struct row_change *changes;
    size_t change_count;
    keep_done *done;
    void *context;
    /* for shared stores */
    const struct row_change *reads; /* that the batch asked for and did not change */
    size_t read_count;
    bool follows;     /* decided on a batch of which the engine does not know yet what became of it */
    int64_t stamp;    /* the version of its changes: unique, and above every version this process has seen; 0: none */
    struct span feed; /* what the other nodes shall hear of it; empty: nothing */
};

/* A node as the others see it. */
struct store_node {
    uint32_t node;
    bool leads;          /* the one that does what only one should: late timers, notifications */
    int64_t seen_us;     /* how long ago it last said that it lives */
    int64_t started_us;  /* Unix time */
    char address[96];    /* where it serves; for people */
};

/* What one batch of another node brings: batches of one node come in order, without gaps. */
typedef void feed_each(void *context, uint32_t node, uint64_t batch, struct span feed);
/* Returns false to end the scan. The row is the store's and valid during the call. */
typedef bool scan_row(void *context, const void *row);

struct store_counts {
    uint64_t batches;       /* durable transactions */
    uint64_t syncs;         /* calls that forced data to the disk */
    uint64_t bytes_written; /* handed to the operating system by this store */
    uint64_t rows_cached, bytes_cached;
    uint64_t rows_loaded;   /* rows that had to be fetched from the database */
    int64_t keep_cpu_ns;    /* CPU time of the store's own threads */
    /* of readers that a replica answers */
    uint64_t replica_snapshots;
    int64_t replica_age_us; /* how old the last of them may have been */
    int64_t replica_at_us;  /* and when that was; monotonic, 0: never */
    uint64_t round_trips; /* to a database: times that something was sent and an answer waited for */
    int64_t seen_us; /* a database that is looked at all the time: when it last answered; monotonic, 0: it is not */
};

struct store_ops {
    const char *name; /* "memory", "sqlite" */
    enum peek (*peek)(struct store *store, struct row_want *want);
    /* Of a shared store also without any: what a batch has to wait for is waited for then. */
    enum status (*load)(struct store *store, struct row_want *wants, size_t count);
    enum status (*keep)(struct store *store, const struct keep *keep);
    /* All rows of the table in key order from the encoded key `from` (empty: from the first). */
    enum status (*scan)(struct store *store, const struct table *table, struct span from, scan_row *each,
                        void *context);
    /* A read connection of its own for one other thread: see engine/reader.h. STATUS_not_found: this store has none. */
    enum status (*reader_open)(struct store *store, struct reader **reader);
    void (*counts)(struct store *store, struct store_counts *counts);
    /* Waits for what was kept, then closes. */
    void (*close)(struct store *store);

    /* ---- of shared stores; NULL for others ---- */

    /* Whether to decide a batch while the one before is on its way: not while others change the same rows. */
    bool (*ahead)(struct store *store);
    /*
     * Whether a batch may be kept behind the one that is on its way, and how many calls it should have to be worth it;
     * 0: it may not. NULL: never. `keep` may still answer STATUS_conflict at once: things have changed, or the one that
     * it follows has failed meanwhile.
     */
    uint32_t (*follows)(struct store *store);
    /* Whether anybody listens to what batches bring. Any thread. */
    bool (*heard)(struct store *store);
    /* Hands over what other nodes have kept since the last call. One thread, not the deciding one.
     * STATUS_fault: something was missed, and this process no longer knows what it must. */
    enum status (*feed)(struct store *store, feed_each *each, void *context);
    /* The live nodes, this one among them; returns how many. Any thread. */
    size_t (*nodes)(struct store *store, struct store_node *nodes, size_t most);
};

/* The first member of every store's own struct. */
struct store {
    const struct store_ops *ops;
    const struct table *const *tables; /* all tables of the product, NULL-terminated */
    bool shared;   /* several processes may use it at a time */
    uint32_t node; /* of this process on a shared store, below NODES_MAX; otherwise 0 */
};

static inline uint64_t row_hash(const struct table *table, uint64_t key_hash)
{
    return key_hash ^ ((uint64_t)table->number * UINT64_C(0x9e3779b97f4a7c15));
}

#endif
