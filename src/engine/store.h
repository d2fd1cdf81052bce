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
};

/* A row as it shall be kept: its new image, or gone. */
struct row_change {
    const struct table *table;
    struct span key;
    uint64_t hash;
    const void *row;
    bool exists;
};

typedef void keep_done(void *context, enum status status);
/* Returns false to end the scan. The row is the store's and valid during the call. */
typedef bool scan_row(void *context, const void *row);

struct store_counts {
    uint64_t batches;       /* durable transactions */
    uint64_t syncs;         /* calls that forced data to the disk */
    uint64_t bytes_written; /* handed to the operating system by this store */
    uint64_t rows_cached, bytes_cached;
    uint64_t rows_loaded;   /* rows that had to be fetched from the database */
    int64_t keep_cpu_ns;    /* CPU time of the store's own threads */
};

struct store_ops {
    const char *name; /* "memory", "sqlite" */
    enum peek (*peek)(struct store *store, struct row_want *want);
    enum status (*load)(struct store *store, struct row_want *wants, size_t count);
    enum status (*keep)(struct store *store, const struct row_change *changes, size_t count, keep_done *done,
                        void *context);
    /* All rows of the table in key order from the encoded key `from` (empty: from the first). */
    enum status (*scan)(struct store *store, const struct table *table, struct span from, scan_row *each,
                        void *context);
    /* A read connection of its own for one other thread: see engine/reader.h. STATUS_not_found: this store has none. */
    enum status (*reader_open)(struct store *store, struct reader **reader);
    void (*counts)(struct store *store, struct store_counts *counts);
    /* Waits for what was kept, then closes. */
    void (*close)(struct store *store);
};

/* The first member of every store's own struct. */
struct store {
    const struct store_ops *ops;
    const struct table *const *tables; /* all tables of the product, NULL-terminated */
};

static inline uint64_t row_hash(const struct table *table, uint64_t key_hash)
{
    return key_hash ^ ((uint64_t)table->number * UINT64_C(0x9e3779b97f4a7c15));
}

#endif
