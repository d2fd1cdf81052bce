/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the sqlite store share. Who owns what:
 *
 *   deciding thread    row cache, read connection `reads`, filling of batches
 *   keeper thread      the journal, the generation that collects
 *   write-back thread  write connection `db`, the generation that is being written
 *   `lock`             the batch queue, and everything marked so in sqlite_store.h
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "base/arena.h"
#include "store/cache.h"
#include "store/migrations.h"
#include "store/packed.h"
#include "store/sql.h"

#include <pthread.h>
#include <sqlite3.h>

#define KEEP_QUEUE_MAX 4
#define PART_SIZE_MAX ((size_t)1 << 20) /* bytes of one journal blob, about */
#define BATCH_PARTS_MAX 512

static_assert((BATCH_ROWS_MAX * (uint64_t)RECORD_SIZE_MAX) / (PART_SIZE_MAX - RECORD_SIZE_MAX) <
                  BATCH_PARTS_MAX,
              "the largest batch fits its parts");

/* ---- batches on their way to the journal (batch.c) ---- */

/* Before the records of each part of a batch, in memory and in the journal. */
struct part_head {
    uint32_t magic;
    uint32_t part, part_count;
    uint32_t rows;
    uint64_t batch;
    uint64_t size;     /* bytes of the records that follow */
    uint64_t checksum; /* of head, with this member 0, and records */
};

struct batch {
    uint64_t number;
    keep_done *done;
    void *context;
    uint8_t *bytes; /* parts, each a head and records */
    size_t size, capacity;
    uint32_t part_count;
    size_t part_at[BATCH_PARTS_MAX + 1]; /* offset of each part with its frame, and the end: whole blocks */
    size_t part_size[BATCH_PARTS_MAX];   /* without what fills its last block */
    uint32_t row_count;
};

void batch_begin(struct batch *batch, uint64_t number);
enum status batch_add(struct batch *batch, const struct row_change *change);
void batch_seal(struct batch *batch);
/* Whether head and records are whole. */
bool part_check(const uint8_t *bytes, size_t size, struct part_head *head);

/* ---- changed rows that wait for write-back (sqlite_dirty.c) ---- */

struct dirty_row {
    uint64_t prefix; /* of the key, set when sorted */
    const uint8_t *record;
};

struct dirty_table {
    struct dirty_row *rows;
    size_t count, capacity;
    size_t next; /* those before are written */
    bool sorted;
};

struct dirty {
    struct dirty_table tables[TABLE_COUNT_MAX];
    struct arena arena; /* the records */
    struct dirty_row *scratch;
    size_t scratch_capacity;
    size_t row_count, row_next; /* all, and written or found superseded */
    size_t bytes;
    uint64_t batch_last;
    int64_t since_us;
    uint32_t table_next;
};

void dirty_init(struct dirty *dirty);
void dirty_release(struct dirty *dirty);
void dirty_clear(struct dirty *dirty);
/* Copies the records of one checked part. False: no memory, or records that make no sense. */
MUST_CHECK bool dirty_add(struct dirty *dirty, const uint8_t *records, size_t size);
/* Sorts by key and keeps the newest of each. */
MUST_CHECK bool dirty_sort(struct dirty *dirty, uint32_t table);

/* ---- rows and SQL (sqlite_rows.c) ---- */

void sql_create(struct sql *sql, const struct table *table);
void sql_put(struct sql *sql, const struct table *table);
void sql_drop(struct sql *sql, const struct table *table);
void sql_get(struct sql *sql, const struct table *table);
/* Rows in key order; `from`: beginning with a bound key. */
void sql_scan(struct sql *sql, const struct table *table, bool from, bool descending);
const char *column_sql_type(const struct column *column);
void sql_column(struct sql *sql, const struct column *column);

MUST_CHECK bool record_bind(sqlite3_stmt *statement, const struct table *table, const struct record *record);
MUST_CHECK bool key_bind(sqlite3_stmt *statement, const struct table *table, struct span key);
/* Columns from `first` on, which stand in the result from 0 on, into a zeroed struct. */
MUST_CHECK bool row_decode(sqlite3_stmt *statement, const struct table *table, uint32_t first, void *row);

/* ---- connections and schema (sqlite_schema.c) ---- */

enum connect {
    CONNECT_write,
    CONNECT_read,
};

/* sqlite_pages.c: before the process uses SQLite; harmless later. */
void pages_install(void);
enum status connection_open(const char *path, const char *vfs, enum connect mode, sqlite3 **db,
                            struct store_error *error);
/* A database as the migrations see it: in a transaction of the caller's. */
struct sqlite_place {
    struct migration_place base;
    sqlite3 *db;
};

/* Creates what is missing, migrates what is older, adds columns, refuses what does not fit. In one transaction. */
enum status schema_prepare(sqlite3 *db, const struct table *const *tables, struct store_error *error);
/* Only the tables and columns, in a transaction of the caller's. */
enum status schema_fit(sqlite3 *db, const struct table *const *tables, struct store_error *error);
/* The first format kept its journal in a table: writes it back and leaves it. The same (journal_table.c). */
enum status journal_table_fold(sqlite3 *db, const struct table *const *tables, struct store_error *error);
/* Whether it is as this version makes it, without changing anything: for readers. */
enum status schema_check(sqlite3 *db, const struct table *const *tables, struct store_error *error);
enum status meta_get(sqlite3 *db, const char *name, int64_t *value);
enum status page_size_get(sqlite3 *db, int *bytes, struct store_error *error);
enum status status_of(int rc);

/* ---- VFS (sqlite_vfs.c): joins the small writes of the log, and counts ---- */

struct vfs_counts {
    atomic_uint_least64_t bytes_written, syncs;
};

struct vfs;
struct vfs *vfs_open(const char *below);
const char *vfs_name(const struct vfs *vfs);
struct vfs_counts *vfs_counts(struct vfs *vfs);
/* Called after each piece of what is written; by one thread, which is the only one that writes. NULL: no more. */
void vfs_pause_set(struct vfs *vfs, void (*pause)(void *context), void *context);
void vfs_close(struct vfs *vfs);

#endif
