/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of the deciding thread, and closing. Opening is in sqlite_open.c. */
#include "store/sqlite_store.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/os_clock.h"

#define READS_US_MAX 1000000 /* age at which a read transaction is given back */

void store_die(struct sqlite_store *store, sqlite3 *db, const char *what)
{
    pthread_mutex_lock(&store->lock);
    error_set(&store->fault, "%s: %s", what, db != NULL ? sqlite3_errmsg(db) : "given up");
    atomic_store_explicit(&store->dead, true, memory_order_release);
    pthread_cond_broadcast(&store->room_wake);
    pthread_cond_broadcast(&store->written_wake);
    pthread_mutex_unlock(&store->lock);
}

void store_sqlite_fault(struct store *base, struct store_error *error)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    pthread_mutex_lock(&store->lock);
    *error = store->fault;
    pthread_mutex_unlock(&store->lock);
}

static bool store_dead(struct sqlite_store *store)
{
    return atomic_load_explicit(&store->dead, memory_order_acquire);
}

/* ---- calls of the deciding thread ---- */

/* For `counts`, which any thread may call. */
static void cache_publish(struct sqlite_store *store)
{
    uint64_t rows;
    uint64_t bytes;
    cache_counts(store->cache, &rows, &bytes);
    atomic_store_explicit(&store->rows_cached, rows, memory_order_relaxed);
    atomic_store_explicit(&store->bytes_cached, bytes, memory_order_relaxed);
}

static bool want_answer(struct sqlite_store *store, struct row_want *want, bool *known)
{
    struct cached cached;
    *known = cache_find(store->cache, want->table->number, want->key, want->hash, &cached);
    want->exists = *known && cached.exists;
    return !want->exists || row_unpack(want->table, cached.image, want->row);
}

static enum peek peek(struct sqlite_store *store, struct row_want *want)
{
    bool known;
    bool fits = want_answer(store, want, &known);
    assert(fits); /* the image was packed by this process */
    if (known) {
        return want->exists ? PEEK_found : PEEK_absent;
    }
    if (cache_above_ceiling(store->cache, want->table->number, want->key)) {
        want->exists = false;
        return PEEK_absent;
    }
    return PEEK_unknown;
}

static enum peek sqlite_peek(struct store *base, struct row_want *want)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    bool entered = cache_enter(store);
    enum peek found = peek(store, want);
    cache_leave(store, entered);
    return found;
}

static bool want_select(struct sqlite_store *store, struct row_want *want)
{
    sqlite3_stmt *get = store->statements[want->table->number].get;
    if (!key_bind(get, want->table, want->key)) {
        store_die(store, NULL, "a key does not fit its table");
        return false;
    }
    int rc = sqlite3_step(get);
    bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE;
    want->exists = rc == SQLITE_ROW;
    uint8_t image[ROW_SIZE_MAX];
    size_t size = 0;
    if (!ok) {
        store_die(store, store->reads, "reading a row");
    } else if (want->exists) {
        ok = row_decode(get, want->table, want->table->key_count, want->row);
        size = ok ? row_pack(want->table, want->row, image, sizeof(image)) : 0;
        ok = size > 0;
        if (!ok) {
            store_die(store, NULL, "a row of the file does not fit its table");
        }
    }
    sqlite3_reset(get);
    if (ok) {
        cache_put(store->cache, want->table->number, want->key, want->hash, want->exists,
                  (struct span){ (const char *)image, size }, 0);
    }
    return ok;
}

static int want_order(const void *a, const void *b)
{
    const struct row_want *left = *(struct row_want *const *)a;
    const struct row_want *right = *(struct row_want *const *)b;
    if (left->table->number != right->table->number) {
        return left->table->number < right->table->number ? -1 : 1;
    }
    return key_compare(left->key, right->key);
}

/* Answers what memory can; the others are left in `wants`, in the order in which the file has them. */
static size_t wants_gather(struct sqlite_store *store, struct row_want *wants, size_t count)
{
    size_t left = 0;
    if (store->wants_capacity < count) {
        struct row_want **wide = realloc(store->wants, count * sizeof(struct row_want *));
        assert(wide != NULL); /* bounded by BATCH_ROWS_MAX */
        store->wants = wide;
        store->wants_capacity = count;
    }
    for (size_t i = 0; i < count; i++) {
        if (peek(store, &wants[i]) == PEEK_unknown) {
            store->wants[left++] = &wants[i];
        }
    }
    if (left > 1) {
        qsort(store->wants, left, sizeof(struct row_want *), want_order);
    }
    return left;
}

static bool reads_step(struct sqlite_store *store, sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (rc != SQLITE_DONE) {
        store_die(store, store->reads, "a read transaction");
        return false;
    }
    return true;
}

/*
 * The read transaction outlives a load: within one, SQLite keeps the upper pages of its trees. What it cannot
 * see is a row changed since, so until it is given back nothing changed since may leave the cache.
 */
static bool reads_take(struct sqlite_store *store)
{
    if (atomic_load_explicit(&store->reads_open, memory_order_relaxed)) {
        return true;
    }
    store->reads_written = atomic_load_explicit(&store->written_batch, memory_order_acquire);
    store->reads_since_us = os_monotonic_us();
    atomic_store_explicit(&store->evictable_batch, store->reads_written, memory_order_relaxed);
    bool ok = reads_step(store, store->reads_begin);
    atomic_store_explicit(&store->reads_open, ok, memory_order_release);
    return ok;
}

/* With `read_gate` held. */
static void reads_give_back(struct sqlite_store *store)
{
    if (atomic_load_explicit(&store->reads_open, memory_order_relaxed)) {
        bool ok = reads_step(store, store->reads_end);
        (void)ok; /* a failure has marked the store dead */
        atomic_store_explicit(&store->reads_open, false, memory_order_release);
    }
}

void reads_hold_off(struct sqlite_store *store)
{
    pthread_mutex_lock(&store->read_gate);
    reads_give_back(store);
}

void reads_let_on(struct sqlite_store *store)
{
    pthread_mutex_unlock(&store->read_gate);
}

/* What may leave the cache from now on; an old read transaction is given back first. */
static void reads_age(struct sqlite_store *store)
{
    if (atomic_load_explicit(&store->reads_open, memory_order_acquire)) {
        if (os_monotonic_us() - store->reads_since_us < READS_US_MAX) {
            return;
        }
        reads_hold_off(store);
        reads_let_on(store);
    }
    uint64_t written = atomic_load_explicit(&store->written_batch, memory_order_acquire);
    atomic_store_explicit(&store->evictable_batch, written, memory_order_relaxed);
}

/* In the cache. */
static enum status load(struct sqlite_store *store, struct row_want *wants, size_t count)
{
    size_t left = wants_gather(store, wants, count);
    if (left == 0) {
        return STATUS_ok;
    }
    reads_age(store);
    pthread_mutex_lock(&store->read_gate);
    bool ok = reads_take(store);
    for (size_t i = 0; i < left && ok; i++) {
        ok = want_select(store, store->wants[i]);
    }
    pthread_mutex_unlock(&store->read_gate);
    atomic_fetch_add_explicit(&store->rows_loaded, left, memory_order_relaxed);
    cache_publish(store);
    return ok ? STATUS_ok : STATUS_fault;
}

static enum status sqlite_load(struct store *base, struct row_want *wants, size_t count)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    if (store_dead(store)) {
        return STATUS_fault;
    }
    bool entered = cache_enter(store);
    enum status status = load(store, wants, count);
    cache_leave(store, entered);
    return status;
}

/* Waits for a free slot; NULL when the store died. */
static struct batch *slot_take(struct sqlite_store *store)
{
    pthread_mutex_lock(&store->lock);
    while (store->queue_in - store->queue_out == KEEP_QUEUE_MAX && !store_dead(store)) {
        pthread_cond_wait(&store->room_wake, &store->lock);
    }
    struct batch *batch = store_dead(store) ? NULL : &store->queue[store->queue_in % KEEP_QUEUE_MAX];
    pthread_mutex_unlock(&store->lock);
    return batch;
}

static void batch_cache(struct sqlite_store *store, const struct batch *batch,
                        const struct row_change *changes)
{
    size_t index = 0;
    for (uint32_t i = 0; i < batch->part_count; i++) {
        size_t at = batch->part_at[i] + RECORDS_AT;
        size_t end = batch->part_at[i] + batch->part_size[i];
        while (at < end) {
            struct record record;
            size_t took = record_read(batch->bytes + at, end - at, &record);
            assert(took > 0); /* written a moment ago */
            cache_prefetch(store->cache, changes[min_i64((int64_t)index + 8, batch->row_count - 1)].hash);
            cache_put(store->cache, record.table, record.key, changes[index].hash, record.exists,
                      record.image, batch->number);
            index++;
            at += took;
        }
    }
    assert(index == batch->row_count);
}

static enum status sqlite_keep(struct store *base, const struct keep *keep)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    assert(keep->change_count <= BATCH_ROWS_MAX);
    struct batch *batch = slot_take(store);
    if (batch == NULL) {
        return STATUS_fault;
    }
    batch_begin(batch, store->batch_kept + 1);
    for (size_t i = 0; i < keep->change_count; i++) {
        enum status status = batch_add(batch, &keep->changes[i]);
        if (status != STATUS_ok) {
            return status; /* nothing has changed yet */
        }
    }
    batch_seal(batch);
    reads_age(store);
    bool entered = cache_enter(store);
    batch_cache(store, batch, keep->changes);
    cache_publish(store);
    cache_leave(store, entered);
    batch->done = keep->done;
    batch->context = keep->context;
    store->batch_kept++;
    pthread_mutex_lock(&store->lock);
    store->queue_in++;
    pthread_cond_signal(&store->keeper_wake);
    pthread_mutex_unlock(&store->lock);
    return STATUS_ok;
}

/* In a read transaction of its own, which is over afterwards. */
static enum status scan_once(struct sqlite_store *store, const struct table *table, struct span from,
                             scan_row *each, void *context)
{
    struct dirty overlay;
    enum status status = STATUS_fault;
    dirty_init(&overlay);
    if (reads_step(store, store->reads_begin)) {
        uint64_t done = atomic_load_explicit(&store->done_batch, memory_order_acquire);
        status = overlay_read(store->reads, store->path, vfs_name(store->vfs), done, &overlay, NULL);
        bool fits = status != STATUS_busy;
        if (status == STATUS_ok) {
            status = reads_scan(store->reads, table, from, &overlay, each, context);
        }
        if (!reads_step(store, store->reads_end)) {
            status = STATUS_fault;
        } else if (fits && status == STATUS_busy) {
            status = STATUS_fault; /* of the scan itself: rows were handed out, it is not repeated */
        }
    }
    dirty_release(&overlay);
    return status;
}

static enum status sqlite_scan(struct store *base, const struct table *table, struct span from,
                               scan_row *each, void *context)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    enum status status = STATUS_busy;
    if (store_dead(store)) {
        return STATUS_fault;
    }
    reads_hold_off(store);
    for (int i = 0; i < OVERLAY_TRIES && status == STATUS_busy; i++) {
        status = scan_once(store, table, from, each, context);
    }
    reads_let_on(store);
    return status;
}

static void sqlite_counts(struct store *base, struct store_counts *counts)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    const struct vfs_counts *written = vfs_counts(store->vfs);
    *counts = (struct store_counts){
        .batches = atomic_load_explicit(&store->batch_count, memory_order_relaxed),
        .syncs = atomic_load_explicit(&written->syncs, memory_order_relaxed),
        .bytes_written = atomic_load_explicit(&written->bytes_written, memory_order_relaxed),
        .rows_cached = atomic_load_explicit(&store->rows_cached, memory_order_relaxed),
        .bytes_cached = atomic_load_explicit(&store->bytes_cached, memory_order_relaxed),
        .rows_loaded = atomic_load_explicit(&store->rows_loaded, memory_order_relaxed),
        .keep_cpu_ns = os_other_thread_cpu_ns(store->keeper) + os_other_thread_cpu_ns(store->writer),
    };
}

/* ---- closing ---- */

static void statements_close(struct sqlite_store *store)
{
    sqlite3_stmt *single[] = { store->begin,       store->commit,      store->rollback, store->written_set,
                               store->journal_set, store->reads_begin, store->reads_end };
    for (size_t i = 0; i < COUNT_OF(single); i++) {
        sqlite3_finalize(single[i]);
    }
    for (size_t i = 0; i < TABLE_COUNT_MAX; i++) {
        sqlite3_finalize(store->statements[i].put);
        sqlite3_finalize(store->statements[i].drop);
        sqlite3_finalize(store->statements[i].get);
    }
}

static void threads_stop(struct sqlite_store *store)
{
    pthread_mutex_lock(&store->lock);
    assert(store->reader_count == 0); /* readers are closed first */
    store->stopping = true;
    pthread_cond_broadcast(&store->keeper_wake);
    pthread_cond_broadcast(&store->writer_wake);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->keeper, NULL);
    writer_stop(store);
}

void writer_stop(struct sqlite_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->writer_stopping = true;
    pthread_cond_broadcast(&store->writer_wake);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->writer, NULL);
}

/*
 * The tables hold everything: the store needs no journal from here on, and its file may go. What fails now is
 * made good at the next opening.
 */
static void journal_retire(struct sqlite_store *store)
{
    int64_t id = 0;
    if (meta_get(store->db, "journal", &id) == STATUS_ok && transaction_begin(store) &&
        journal_note(store, id > 0 ? -id : id) && transaction_commit(store)) {
        journal_close(store->journal);
        store->journal = NULL;
        (void)journal_remove(vfs_name(store->vfs), store->path, NULL);
    }
}

void store_free(struct sqlite_store *store)
{
    bool complete = store->db != NULL && !store_dead(store) && !store->settings.leave_journal;
    if (complete) {
        journal_retire(store);
    }
    journal_close(store->journal);
    statements_close(store);
    sqlite3_close(store->reads);
    if (complete) {
        /* The log is emptied into the file also while others have it open; the last connection removes it. */
        (void)sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    sqlite3_close(store->db);
    vfs_close(store->vfs);
    cache_close(store->cache);
    for (size_t i = 0; i < KEEP_QUEUE_MAX; i++) {
        free(store->queue[i].bytes);
    }
    dirty_release(&store->generations[0]);
    dirty_release(&store->generations[1]);
    free(store->wants);
    free(store->path);
    if (store->lock_fd >= 0) {
        close(store->lock_fd);
    }
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->read_gate);
    pthread_mutex_destroy(&store->warmer.lock);
    pthread_cond_destroy(&store->keeper_wake);
    pthread_cond_destroy(&store->room_wake);
    pthread_cond_destroy(&store->writer_wake);
    pthread_cond_destroy(&store->written_wake);
    free(store);
}

static void sqlite_close(struct store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    warmer_stop(store);
    threads_stop(store);
    store_free(store);
}

const struct store_ops sqlite_ops = {
    .name = "sqlite",
    .peek = sqlite_peek,
    .load = sqlite_load,
    .keep = sqlite_keep,
    .scan = sqlite_scan,
    .reader_open = sqlite_reader_open,
    .counts = sqlite_counts,
    .close = sqlite_close,
};
