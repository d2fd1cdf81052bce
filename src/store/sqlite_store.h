/* SPDX-License-Identifier: Apache-2.0 */
/* The sqlite store itself, shared by its threads; see internal.h for who owns what. */
#ifndef STORE_SQLITE_STORE_H
#define STORE_SQLITE_STORE_H

#include "store/internal.h"

struct statement_set {
    sqlite3_stmt *put, *drop; /* write connection */
    sqlite3_stmt *get;        /* read connection */
};

/* A reader that waits to be let in between two generations; lives on the stack of its `begin`. */
struct ticket {
    struct ticket *next;
    uint64_t batch;      /* the tables must hold it */
    int64_t hurry_at_us; /* from then on write-back goes before short answers */
    bool admitted;       /* the keeper stands still until `entered` */
    bool entered;
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
    struct row_want **wants; /* of one load, to be sorted */
    size_t wants_capacity;

    /* shared, under `lock` */
    pthread_mutex_t lock;
    pthread_cond_t keeper_wake, room_wake, ticket_wake, check_wake;
    struct batch queue[KEEP_QUEUE_MAX];
    uint64_t queue_in, queue_out; /* counts; slots are taken modulo KEEP_QUEUE_MAX */
    struct ticket *tickets;
    bool stopping, check_stopping;
    bool finish_wanted;    /* the log is almost checkpointed: the keeper shall do the rest */
    uint64_t wal_restarts; /* times the log began anew */
    uint64_t wal_commits;  /* commits while it was long */
    struct store_error fault;
    int reader_count;

    /* held while `reads` is used, and by the keeper during the last step of a checkpoint */
    pthread_mutex_t read_gate;
    atomic_bool reads_open; /* a read transaction is; opened by the deciding thread, given back by any */
    atomic_uint_least64_t evictable_batch; /* rows changed up to here may leave the cache; deciding thread */

    atomic_bool dead;
    atomic_uint_least64_t done_batch;    /* the last one whose `done` was called */
    atomic_uint_least64_t written_batch; /* the tables hold everything up to here */
    atomic_uint_least64_t wal_pages;
    atomic_uint_least64_t batch_count, rows_loaded, rows_cached, bytes_cached;
    atomic_int_least64_t cpu_ns; /* of threads that have ended */

    /* keeper thread */
    pthread_t keeper;
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *rollback, *journal_insert, *journal_drop, *written_set;
    struct statement_set statements[TABLE_COUNT_MAX];
    struct dirty generations[2];
    struct dirty *collecting, *writing;
    bool writing_active;
    bool open;              /* a transaction is; a batch may join it */
    bool open_complete;     /* with its commit the frozen generation is written */
    size_t open_rows;       /* written back in it */
    size_t ahead_rows;      /* what the last batch had to bring along: so much may be done before the next */
    uint64_t open_trimmed;  /* batches of the journal trimmed in it */
    uint64_t journal_first; /* oldest batch in the journal */
    int64_t row_ns;         /* smoothed cost of writing one row back */

    pthread_t checkpointer;
    sqlite3 *check;
    int page_size;
};

extern const struct store_ops sqlite_ops;

/* Also of a store that was opened in part; its threads have ended. */
void store_free(struct sqlite_store *store);
/* Marks the store dead, and remembers the first reason. */
void store_die(struct sqlite_store *store, sqlite3 *db, const char *what);

/* No read transaction of the deciding thread from one to the other. */
void reads_hold_off(struct sqlite_store *store);
void reads_let_on(struct sqlite_store *store);

void *keeper_run(void *context);
void *checkpoint_run(void *context);
/* sqlite_write.c: part of the keeper's transactions. False: it failed, with the store marked dead. */
MUST_CHECK bool transaction_begin(struct sqlite_store *store);
MUST_CHECK bool transaction_commit(struct sqlite_store *store);
void transaction_abort(struct sqlite_store *store);
/* Writes up to `rows` changed rows of the frozen generation back. */
MUST_CHECK bool write_back(struct sqlite_store *store, size_t rows);
MUST_CHECK bool journal_trim(struct sqlite_store *store, uint64_t batches);
/* All of the frozen generation, in several transactions. */
MUST_CHECK bool write_back_all(struct sqlite_store *store);
MUST_CHECK bool written_store(struct sqlite_store *store, uint64_t batch);

/* sqlite_reads.c */
enum status reads_scan(sqlite3 *db, const struct table *table, struct span from, struct dirty *overlay,
                       scan_row *each, void *context);
enum status sqlite_reader_open(struct store *store, struct reader **reader);

#endif
