/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the stores are opened, and what only one of them can do. What every store promises stands
 * in engine/store.h; how the sqlite store keeps its promises, in README.md beside this file.
 *
 * `keep` calls `done` exactly once when it returned STATUS_ok, and never otherwise. After the first fault
 * a store is dead: every later call returns STATUS_fault. Opening and closing belong to the deciding
 * thread; readers are closed before their store.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "engine/reader.h"
#include "engine/store.h"

/* Why something could not be opened, in a sentence for people. */
struct store_error {
    char text[256];
};

/* ---- memory: for tests and simulation; all calls on one thread ---- */

enum memory_step {
    MEMORY_before_row,  /* the next row of the batch is about to be written */
    MEMORY_before_sync, /* all are written, nothing is durable */
    MEMORY_after_sync,  /* the batch is durable, nobody knows yet */
};

enum memory_fate {
    MEMORY_go_on,
    MEMORY_crash_lost, /* the batch in flight is not there afterwards; at MEMORY_after_sync it is all the same
                        */
    MEMORY_crash_kept, /* the batch in flight is there afterwards: its outcome was unknown */
};

typedef enum memory_fate memory_hook(void *context, enum memory_step step, uint64_t batch, size_t row);

struct memory_settings {
    memory_hook *hook; /* may be NULL */
    void *hook_context;
    bool deferred; /* batches become durable in store_memory_pump, not inside keep */
    bool cold;     /* peek says unknown of what has not been loaded or kept: the engine must ask in rounds */
};

enum status store_memory_open(const struct table *const *tables, const struct memory_settings *settings,
                              struct store **store);
/* Makes the next waiting batch durable and calls its `done`. False when none waits. */
bool store_memory_pump(struct store *store);
/* A fresh store with exactly the durable batches of `old`, which is closed; waiting batches are lost. */
enum status store_memory_reopen(struct store *old, const struct memory_settings *settings,
                                struct store **store);
/* With `cold`: forgets which rows are known. */
void store_memory_chill(struct store *store);

/* ---- sqlite: one file, and FILE.journal while it is served, by one process ---- */

struct sqlite_settings {
    int64_t cache_bytes;        /* rows held in memory; 0: by the file and the machine, see sqlite_warm.c. Rows not yet
                                   written back come on top */
    const struct table *const *warm; /* NULL-terminated: rows of these are brought into memory after opening, as far
                                        as it reaches, the first table first; or NULL */
    int64_t page_cache_bytes;   /* pages held by the writing connection; 0: 128 MiB */
    int64_t wal_bytes;          /* the write-ahead log is moved into the file from this size on; 0: 128 MiB */
    uint32_t generation_rows;   /* changed rows that are written back together; 0: 600,000, with a large cache more */
    int64_t generation_bytes;   /* or their bytes; 0: 168 for each of them */
    int64_t generation_age_us;  /* or their age when the store is idle; 0: 1 s */
    int64_t query_us_max;       /* run time of one query of a reader; 0: 10 s */
    int64_t begin_us_max;       /* how long a fresh reader's begin waits; 0: 4 s */
    const char *vfs;            /* SQLite VFS to stand on; NULL: the default one */
    const char *const *indexes; /* NULL-terminated CREATE INDEX IF NOT EXISTS …, run at opening; or NULL */
    bool leave_journal;         /* close without writing back: the next opening recovers, as after a kill */
};

/*
 * Opens or creates FILE and recovers what the journal holds. STATUS_busy: another process serves it;
 * STATUS_newer: written by a newer version; STATUS_bad_input: not a store of ours, tables that do not fit,
 * or a journal that is damaged, missing or another store's; STATUS_fault: the disk.
 */
enum status store_sqlite_open(const char *path, const struct table *const *tables,
                              const struct sqlite_settings *settings, struct store **store,
                              struct store_error *error);
/* Whether rows are still being brought into memory after opening. Any thread. */
bool store_sqlite_warming(struct store *store);
/* Why the store is dead, or "". Any thread. */
void store_sqlite_fault(struct store *store, struct store_error *error);

/*
 * Readers of a sqlite store are `fresh` unless told otherwise: `begin` has everything done so far written
 * back first. One that is not sees the tables as of the end of the last write-back, and waits for nothing.
 * Either way a query sees whole batches only. STATUS_busy: it took too long.
 */
void store_sqlite_reader_fresh(struct reader *reader, bool fresh);
/* What SQLite said of the last failed call of this reader. */
const char *store_sqlite_reader_error(const struct reader *reader);

/*
 * Reads a file without serving it, also while another process does: audit and backup. `scan` sees every
 * durable batch whole, journalled or written back. `query` returns STATUS_busy while the journal of the
 * snapshot is not empty, as the tables alone may then be between two states.
 */
enum status store_sqlite_snapshot_open(const char *path, const struct table *const *tables,
                                       struct reader **reader, struct store_error *error);

typedef void backup_progress(void *context, int64_t pages_done, int64_t pages);

/*
 * Copies a store, served or not, into the new file `to` (STATUS_bad_input when it exists), writes the
 * journal back in the copy, checks it and gives it its name only then. `progress` may be NULL.
 */
enum status store_sqlite_backup(const char *path, const char *to, const struct table *const *tables,
                                backup_progress *progress, void *context, struct store_error *error);

/* ---- postgres: any number of processes on one database ---- */

struct postgres_settings {
    const char *address;        /* where this process serves, shown to people; NULL: nowhere, a tool */
    const char *read_place;     /* of a replica that readers use; NULL: the database itself */
    int64_t cache_bytes;        /* rows held in memory; 0: 512 MiB */
    uint32_t partitions;        /* when the schema is made: 1 to 64; 0: 1, for a database that is not sharded */
    bool value_lists;           /* rows as lists of VALUES, for sharding databases; otherwise as arrays */
    int64_t query_us_max;       /* run time of one query of a reader; 0: 10 s */
    int64_t away_us_max;        /* how long calls wait for a database that does not answer; 0: 2 s */
    int64_t silent_us_max;      /* a connection that is waited for longer is given up; 0: DATABASE_SILENT_US_MAX */
    const char *const *indexes; /* NULL-terminated CREATE INDEX IF NOT EXISTS …; or NULL */
};

/* Whether `place` names a database, postgres://… or postgresql://…, and not a file. */
bool store_is_postgres(const char *place);

/*
 * Joins the database as one of its nodes, after bringing its schema up to date. STATUS_newer: a newer version
 * made it; STATUS_busy: all NODES_MAX places are taken, or a copy into it is not finished; STATUS_bad_input:
 * a place that makes no sense, or tables that do not fit; STATUS_fault: it cannot be reached.
 */
enum status store_postgres_open(const char *place, const struct table *const *tables,
                                const struct postgres_settings *settings, struct store **store,
                                struct store_error *error);

/* Why the store is dead, or "". Any thread. */
void store_postgres_fault(struct store *store, struct store_error *error);

#define STORE_NOTE_SIZE_MAX 16384

/* What stands under a name, apart from all rows; size 0: nothing. */
struct store_note {
    size_t size;
    uint8_t bytes[STORE_NOTE_SIZE_MAX];
};

/*
 * Notes `wanted` under `name`, unless something stands there already, and hands over what stands there then: the
 * first writer wins. `wanted` without bytes only reads. On a connection of its own, so for opening; any thread.
 */
enum status store_postgres_note(struct store *store, const char *name, struct span wanted,
                                struct store_note *found, struct store_error *error);

/* One snapshot of the whole database, for audit, backup and copy. */
enum status store_postgres_snapshot_open(const char *place, const struct table *const *tables,
                                         struct reader **reader, struct store_error *error);

/* Either of the two snapshots, by the form of `place`. */
enum status store_snapshot_open(const char *place, const struct table *const *tables, struct reader **reader,
                                struct store_error *error);

#endif
