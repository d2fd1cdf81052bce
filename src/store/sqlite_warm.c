/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings rows into the cache after opening: those of the tables that the settings name, read in the order of their
 * keys, which costs a small part of what looking them up one by one costs. What fails here is not told: the rows
 * are looked up when they are asked for, as without it.
 *
 *  1. A row is put only if the cache does not have it, and from a snapshot that holds its last change: whatever
 *     changed since that snapshot is still in the cache, or nothing more is put (cache_warm).
 *  2. A table that was read to its end is known as a whole as long as no row of it has left the cache: rows made
 *     since are there. Then what is not in the cache does not exist, and need not be looked up either.
 *  3. Each piece is read in a transaction of its own, so that the log can be moved meanwhile.
 *  4. While calls are decided the thread works for a small part of the time only.
 */
#include "store/sqlite_store.h"

#include "base/hash.h"
#include "base/os_clock.h"
#include "store/slabs.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_BYTES_LEAST (INT64_C(512) << 20)
#define MEMORY_SHARE 4 /* of the machine's memory, at most one part of so many */
#define PIECE_ROWS 2048
#define PIECE_BYTES ((size_t)1 << 20)
#define PUT_AT_ONCE 64 /* rows, while the deciding thread would have to wait */
#define INDEX_BYTES ((size_t)2 << 20) /* made ready at a time */
#define BUSY_US 10000   /* a call was decided so long ago */
#define BUSY_SHARE 20   /* then one part of so many of the time is worked */
#define NAP_US 10000    /* between two looks whether to stop */
#define NICENESS 5

struct warm_row {
    uint64_t hash;
    const uint8_t *bytes; /* key, then image */
    size_t key_size, image_size;
};

/* Rows of one table as one snapshot has them. */
struct piece {
    struct warm_row rows[PIECE_ROWS];
    uint8_t *bytes;
    size_t count, size;
    uint64_t written; /* the snapshot holds all batches up to here */
    uint8_t next[KEY_SIZE_MAX]; /* where the next piece begins */
    size_t next_size;           /* 0: at the beginning */
    bool last;
};

int64_t cache_bytes_fit(const char *path)
{
    struct stat about;
    int64_t file_bytes = stat(path, &about) == 0 ? about.st_size : 0;
    int64_t wanted = min_i64(max_i64(file_bytes * 2, CACHE_BYTES_LEAST), CACHE_BYTES_MOST);
    return min_i64(wanted, memory_bytes() / MEMORY_SHARE);
}

bool cache_enter(struct sqlite_store *store)
{
    bool shared = atomic_load_explicit(&store->warmer.active, memory_order_acquire);
    if (shared) {
        pthread_mutex_lock(&store->warmer.lock);
    }
    return shared;
}

void cache_leave(struct sqlite_store *store, bool entered)
{
    if (entered) {
        pthread_mutex_unlock(&store->warmer.lock);
    }
}

static bool stopping(struct sqlite_store *store)
{
    return atomic_load_explicit(&store->warmer.stopping, memory_order_relaxed) ||
           atomic_load_explicit(&store->dead, memory_order_acquire);
}

/* After `worked_us` of work: gives way to calls. */
static void give_way(struct sqlite_store *store, int64_t worked_us)
{
    int64_t idle_us = os_monotonic_us() - atomic_load_explicit(&store->busy_us, memory_order_relaxed);
    int64_t nap_us = idle_us < BUSY_US ? worked_us * (BUSY_SHARE - 1) : 0;
    for (; nap_us > 0 && !stopping(store); nap_us -= NAP_US) {
        os_sleep_us(min_i64(nap_us, NAP_US));
    }
}

/* ---- reading ---- */

static bool row_take(sqlite3_stmt *scan, const struct table *table, struct piece *piece)
{
    _Alignas(16) uint8_t row[ROW_SIZE_MAX];
    memset(row, 0, table->shape.size);
    if (!row_decode(scan, table, 0, row)) {
        return false;
    }
    uint8_t *to = piece->bytes + piece->size;
    size_t key_size = row_key_write(table, row, to);
    size_t image_size = row_pack(table, row, to + key_size, ROW_SIZE_MAX);
    if (image_size == 0) {
        return false;
    }
    piece->rows[piece->count++] = (struct warm_row){ .hash = row_hash(table, hash_bytes(to, key_size)),
                                                     .bytes = to,
                                                     .key_size = key_size,
                                                     .image_size = image_size };
    piece->size += key_size + image_size;
    return true;
}

/* From the row that `piece` names on, which was not put yet. */
static bool rows_read(sqlite3_stmt *scan, const struct table *table, struct piece *piece)
{
    int rc = SQLITE_ROW;
    piece->count = piece->size = 0;
    while (piece->count < PIECE_ROWS && piece->size + KEY_SIZE_MAX + ROW_SIZE_MAX <= PIECE_BYTES) {
        rc = sqlite3_step(scan);
        if (rc != SQLITE_ROW || !row_take(scan, table, piece)) {
            break;
        }
    }
    sqlite3_reset(scan);
    piece->last = rc == SQLITE_DONE;
    bool more = rc == SQLITE_ROW && piece->count > 1; /* otherwise a row does not fit */
    if (more) { /* the last row read begins the next piece, and is there already then */
        const struct warm_row *row = &piece->rows[piece->count - 1];
        memcpy(piece->next, row->bytes, row->key_size);
        piece->next_size = row->key_size;
    }
    return piece->last || more;
}

static bool piece_read(sqlite3 *db, sqlite3_stmt *scan, const struct table *table, struct piece *piece)
{
    int64_t written = 0;
    if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK) {
        return false;
    }
    bool ok = meta_get(db, "written", &written) == STATUS_ok && rows_read(scan, table, piece);
    piece->written = (uint64_t)written;
    return sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK && ok;
}

/* ---- putting ---- */

static bool rows_put(struct sqlite_store *store, const struct table *table, const struct piece *piece, size_t first)
{
    bool room = true;
    pthread_mutex_lock(&store->warmer.lock);
    for (size_t i = first; i < piece->count && i < first + PUT_AT_ONCE && room; i++) {
        const struct warm_row *row = &piece->rows[i];
        const char *bytes = (const char *)row->bytes;
        room = cache_warm(store->cache, table->number, (struct span){ bytes, row->key_size }, row->hash,
                          (struct span){ bytes + row->key_size, row->image_size }, piece->written);
    }
    pthread_mutex_unlock(&store->warmer.lock);
    return room;
}

/* False: there is no room, or no need any more. */
static bool piece_put(struct sqlite_store *store, const struct table *table, const struct piece *piece)
{
    bool room = true;
    for (size_t i = 0; i < piece->count && room && !stopping(store); i += PUT_AT_ONCE) {
        room = rows_put(store, table, piece, i);
    }
    return room;
}

static sqlite3_stmt *scan_prepare(sqlite3 *db, const struct table *table, bool from)
{
    struct sql sql = { 0 };
    sqlite3_stmt *scan = NULL;
    sql_scan(&sql, table, from, false);
    assert(!sql.failed);
    return sqlite3_prepare_v2(db, sql.text, -1, &scan, NULL) == SQLITE_OK ? scan : NULL;
}

static bool table_warm(struct sqlite_store *store, sqlite3 *db, const struct table *table, struct piece *piece)
{
    sqlite3_stmt *first = scan_prepare(db, table, false), *further = scan_prepare(db, table, true);
    bool ok = first != NULL && further != NULL;
    piece->next_size = 0;
    piece->last = false;
    while (ok && !piece->last && !stopping(store)) {
        int64_t begun_us = os_monotonic_us();
        bool begins = piece->next_size == 0;
        struct span next = { (const char *)piece->next, piece->next_size };
        ok = (begins || key_bind(further, table, next)) &&
             piece_read(db, begins ? first : further, table, piece) && piece_put(store, table, piece);
        give_way(store, os_monotonic_us() - begun_us);
    }
    if (ok && piece->last && !stopping(store)) {
        pthread_mutex_lock(&store->warmer.lock);
        cache_warmed(store->cache, table->number);
        pthread_mutex_unlock(&store->warmer.lock);
    }
    sqlite3_finalize(first);
    sqlite3_finalize(further);
    return ok;
}

/* Large pages take long to be made ready, and the deciding thread would touch one after the other. */
static void index_warm(struct sqlite_store *store)
{
    size_t size;
    uint8_t *index = cache_index(store->cache, &size);
    for (size_t at = 0; at < size && !stopping(store); at += INDEX_BYTES) {
        int64_t begun_us = os_monotonic_us();
        pages_ready(index + at, size - at < INDEX_BYTES ? size - at : INDEX_BYTES);
        give_way(store, os_monotonic_us() - begun_us);
    }
}

static void *warmer_run(void *context)
{
    struct sqlite_store *store = context;
    struct piece *piece = calloc(1, sizeof(*piece));
    sqlite3 *db = NULL;
    pthread_setname_np(pthread_self(), "warmer");
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS); /* of this thread alone, on Linux */
    if (piece != NULL) {
        piece->bytes = malloc(PIECE_BYTES);
    }
    bool ok = piece != NULL && piece->bytes != NULL &&
              connection_open(store->path, vfs_name(store->vfs), CONNECT_read, &db, NULL) == STATUS_ok;
    if (ok) {
        index_warm(store);
    }
    for (size_t i = 0; ok && store->settings.warm[i] != NULL && !stopping(store); i++) {
        ok = table_warm(store, db, store->settings.warm[i], piece);
    }
    sqlite3_close(db);
    if (piece != NULL) {
        free(piece->bytes);
        free(piece);
    }
    atomic_store_explicit(&store->warmer.active, false, memory_order_release);
    return NULL;
}

void warmer_start(struct sqlite_store *store)
{
    if (store->settings.warm == NULL) {
        return;
    }
    atomic_store(&store->warmer.active, true);
    store->warmer.started = pthread_create(&store->warmer.thread, NULL, warmer_run, store) == 0;
    if (!store->warmer.started) {
        atomic_store(&store->warmer.active, false);
    }
}

bool store_sqlite_warming(struct store *base)
{
    return atomic_load_explicit(&((struct sqlite_store *)base)->warmer.active, memory_order_acquire);
}

void warmer_stop(struct sqlite_store *store)
{
    if (store->warmer.started) {
        atomic_store(&store->warmer.stopping, true);
        pthread_join(store->warmer.thread, NULL);
        store->warmer.started = false;
    }
}
