/* SPDX-License-Identifier: Apache-2.0 */
/* The sqlite store itself, shared by its threads; see internal.h for who owns what. */
#ifndef STORE_SQLITE_STORE_H
#define STORE_SQLITE_STORE_H

#include "store/journal.h"

struct statement_set {
    sqlite3_stmt *put, *drop; /* write connection */
    sqlite3_stmt *get;        /* read connection */
};

/* Brings rows into the cache after opening, on a thread of its own (sqlite_warm.c). */
struct warmer {
    pthread_t thread;
    bool started;         /* the opening thread's */
    atomic_bool active;   /* from before the thread begins until it is through with the cache */
    atomic_bool stopping;
    pthread_mutex_t lock; /* of the cache, while `active` */
};

struct sqlite_store {
    struct store base;
    struct sqlite_settings settings;
    const struct table *by_number[TABLE_COUNT_MAX];
    char *path;
    int lock_fd;
    struct vfs *vfs;

    /* deciding thread */
    struct cache *cache;
    sqlite3 *reads;
    sqlite3_stmt *reads_begin, *reads_end;
    uint64_t batch_kept;
    uint64_t reads_written; /* what the open read transaction sees at least */
    int64_t reads_since_us;
    struct warmer warmer;
    struct row_want **wants; /* of one load, to be sorted */
    size_t wants_capacity;

    /* shared, under `lock` */
    pthread_mutex_t lock;
    pthread_cond_t keeper_wake, room_wake, writer_wake, written_wake;
    struct batch queue[KEEP_QUEUE_MAX];
    uint64_t queue_in, queue_out; /* counts; slots are taken modulo KEEP_QUEUE_MAX */
    uint64_t fresh_batch;         /* a reader waits until the tables hold it */
    bool writing_active;          /* `writing` belongs to the write-back thread, otherwise to the keeper */
    bool stopping, writer_stopping;
    struct store_error fault;
    int reader_count;

    /* held while `reads` is used, and by the write-back thread while it takes its transaction away */
    pthread_mutex_t read_gate;
    atomic_bool reads_open; /* a read transaction is; opened by the deciding thread, given back by any */
    atomic_uint_least64_t evictable_batch; /* rows changed up to here may leave the cache; deciding thread */

    atomic_bool dead;
    atomic_uint_least64_t done_batch;    /* the last one whose `done` was called */
    atomic_uint_least64_t written_batch; /* the tables hold everything up to here, durably */
    atomic_uint_least64_t batch_count, rows_loaded, rows_cached, bytes_cached;
    atomic_int_least64_t busy_us;    /* when the last batch was kept */
    atomic_int_least64_t collected;  /* how full the collecting generation is, in thousandths */

    /* keeper thread */
    pthread_t keeper;
    struct journal *journal;
    struct dirty generations[2];
    struct dirty *collecting, *writing;

    /* write-back thread */
    pthread_t writer;
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *rollback, *written_set, *journal_set;
    struct statement_set statements[TABLE_COUNT_MAX];
    int64_t wal_pages;
    int64_t wal_held_up_us; /* a reader kept the log from being moved: not to be tried again before */
    int page_size;
};

extern const struct store_ops sqlite_ops;

/* Also of a store that was opened in part; its threads have ended. */
void store_free(struct sqlite_store *store);
/* Ends the write-back thread; the keeper has ended. */
void writer_stop(struct sqlite_store *store);
/* Marks the store dead, and remembers the first reason. */
void store_die(struct sqlite_store *store, sqlite3 *db, const char *what);

/* No read transaction of the deciding thread from one to the other. */
void reads_hold_off(struct sqlite_store *store);
void reads_let_on(struct sqlite_store *store);

void *keeper_run(void *context);
void *writer_run(void *context);

/* sqlite_warm.c */
int64_t cache_bytes_fit(const char *path);
/* Begins to warm the cache, if that is wanted. Afterwards the deciding thread enters the cache before it uses it. */
void warmer_start(struct sqlite_store *store);
void warmer_stop(struct sqlite_store *store);
MUST_CHECK bool cache_enter(struct sqlite_store *store);
/* `entered`: what cache_enter returned. */
void cache_leave(struct sqlite_store *store, bool entered);

/* sqlite_write.c: part of write-back's transactions. False: it failed, with the store marked dead. */
MUST_CHECK bool transaction_begin(struct sqlite_store *store);
MUST_CHECK bool transaction_commit(struct sqlite_store *store);
void transaction_abort(struct sqlite_store *store);
/* Writes up to `rows` changed rows of the frozen generation; `*done`: there are no more. */
MUST_CHECK bool write_back(struct sqlite_store *store, size_t rows, bool *done);
/* Notes in the open transaction what the tables hold with it. */
MUST_CHECK bool written_store(struct sqlite_store *store, uint64_t batch);
/* All of the frozen generation, in one transaction. */
MUST_CHECK bool write_back_all(struct sqlite_store *store);
/* Which journal the store needs: its id, or minus the id of one that it does not need any more. */
MUST_CHECK bool journal_note(struct sqlite_store *store, int64_t journal);

/* sqlite_reads.c */
#define OVERLAY_TRIES 20
/*
 * What the journal holds beyond the tables that the open read transaction of `db` sees, up to `most`.
 * STATUS_busy: the two do not fit together; a new read transaction may help.
 */
enum status overlay_read(sqlite3 *db, const char *store_path, const char *vfs, uint64_t most,
                         struct dirty *overlay, struct store_error *error);
enum status reads_scan(sqlite3 *db, const struct table *table, struct span from, struct dirty *overlay,
                       scan_row *each, void *context);
enum status sqlite_reader_open(struct store *store, struct reader **reader);

#endif
