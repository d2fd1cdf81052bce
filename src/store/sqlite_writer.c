/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write-back thread: one transaction for each generation, then the log is moved into the file when it is
 * long, and between all that spare segments for the journal are prepared. Nobody waits for it but readers that
 * want to see what was done last, and the keeper when it is several generations behind: so it takes its time.
 *
 *  1. `written_batch` is raised after the synced commit that wrote the last row of a generation.
 *  2. As that transaction holds all of a generation or nothing, whoever begins to read sees the state after
 *     `meta.written`.
 */
#include "store/sqlite_store.h"

#include "base/os_clock.h"

#include <time.h>

#define IDLE_US 10000       /* no batch for so long: no need to leave anything to commits */
#define SLICE_ROWS 128      /* written between two looks at how commits are doing */
#define WRITTEN_BY 850      /* thousandths of the next generation when this one shall be written */
#define PAUSE_US 2000
#define PIECES_UNTIL 500    /* thousandths of the next generation until which a checkpoint may be leisurely */
#define WAIT_US 250000
#define HELD_UP_US 100000   /* when a reader keeps the log, the next try comes so much later */

/* With `lock` held: sleeps, unless woken. */
static void rest(struct sqlite_store *store, int64_t us)
{
    int64_t at = os_monotonic_us() + us;
    struct timespec until = { .tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000 };
    pthread_cond_timedwait(&store->writer_wake, &store->lock, &until);
}

/* With `lock` held: nothing is gained by taking one's time. */
static bool hurried(const struct sqlite_store *store)
{
    int64_t idle_us = os_monotonic_us() - atomic_load_explicit(&store->busy_us, memory_order_relaxed);
    return store->stopping || store->writer_stopping || idle_us >= IDLE_US ||
           store->fresh_batch > atomic_load_explicit(&store->written_batch, memory_order_relaxed) ||
           atomic_load_explicit(&store->dead, memory_order_acquire);
}

static bool spares_prepare(struct sqlite_store *store)
{
    while (journal_wants(store->journal)) {
        if (!journal_prepare(store->journal)) {
            store_die(store, NULL, "lengthening the journal");
            return false;
        }
    }
    return true;
}

/* Between the pieces of a checkpoint: lets commits have their turn. */
static void writer_pause(void *context)
{
    struct sqlite_store *store = context;
    (void)spares_prepare(store); /* a failure has marked the store dead */
    pthread_mutex_lock(&store->lock);
    if (!hurried(store) && atomic_load_explicit(&store->collected, memory_order_relaxed) < PIECES_UNTIL) {
        rest(store, PAUSE_US);
    }
    pthread_mutex_unlock(&store->lock);
}

/* ---- a generation ---- */

/* Whether more of the generation is written than `collected` of the next one calls for. */
static bool ahead(const struct sqlite_store *store, int64_t begun_at)
{
    int64_t collected = atomic_load_explicit(&store->collected, memory_order_relaxed) - begun_at;
    int64_t room = WRITTEN_BY - begun_at;
    const struct dirty *dirty = store->writing;
    return collected < room && (int64_t)dirty->row_next * room > (int64_t)dirty->row_count * collected;
}

/* False: it is to be given up. */
static bool pace(struct sqlite_store *store, int64_t begun_at)
{
    pthread_mutex_lock(&store->lock);
    while (ahead(store, begun_at) && !hurried(store) && !journal_wants(store->journal)) {
        rest(store, PAUSE_US);
    }
    bool abandon = store->writer_stopping;
    pthread_mutex_unlock(&store->lock);
    return !abandon && !atomic_load_explicit(&store->dead, memory_order_acquire) && spares_prepare(store);
}

static bool generation_write(struct sqlite_store *store)
{
    bool done = false;
    int64_t begun_at = atomic_load_explicit(&store->collected, memory_order_relaxed);
    if (!transaction_begin(store)) {
        return false;
    }
    while (!done) {
        if (!pace(store, begun_at) || !write_back(store, SLICE_ROWS, &done)) {
            return false;
        }
    }
    return written_store(store, store->writing->batch_last) && transaction_commit(store);
}

/* Gives the generation back to the keeper. */
static void generation_finish(struct sqlite_store *store)
{
    uint64_t batch = store->writing->batch_last;
    dirty_clear(store->writing);
    pthread_mutex_lock(&store->lock);
    atomic_store_explicit(&store->written_batch, batch, memory_order_release);
    store->writing_active = false;
    pthread_cond_signal(&store->keeper_wake);
    pthread_cond_broadcast(&store->written_wake);
    pthread_mutex_unlock(&store->lock);
}

/* ---- the log ---- */

static bool checkpoint_due(const struct sqlite_store *store)
{
    return store->wal_pages * store->page_size >= store->settings.wal_bytes &&
           os_monotonic_us() >= store->wal_held_up_us;
}

/*
 * The deciding thread's read transaction is taken away before, or nothing written since could be moved, and
 * after, or the log could not begin anew. Other readers may hold it up: then it grows, and is tried again.
 */
static bool checkpoint(struct sqlite_store *store)
{
    int pages = 0;
    int moved = 0;
    reads_hold_off(store);
    reads_let_on(store);
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
    if (rc != SQLITE_OK && (rc & 0xFF) != SQLITE_BUSY) {
        store_die(store, store->db, "moving the log into the file");
        return false;
    }
    reads_hold_off(store);
    reads_let_on(store);
    if (rc != SQLITE_OK || moved < pages) {
        store->wal_held_up_us = os_monotonic_us() + HELD_UP_US;
    } else {
        store->wal_pages = 0; /* the next transaction begins it anew */
    }
    return true;
}

void *writer_run(void *context)
{
    struct sqlite_store *store = context;
    vfs_pause_set(store->vfs, writer_pause, store);
    pthread_mutex_lock(&store->lock);
    while (!store->writer_stopping) {
        bool writing = store->writing_active && !atomic_load_explicit(&store->dead, memory_order_acquire);
        bool wants = journal_wants(store->journal) && !atomic_load_explicit(&store->dead, memory_order_acquire);
        if (!writing && !wants) {
            rest(store, WAIT_US);
            continue;
        }
        pthread_mutex_unlock(&store->lock);
        bool ok = spares_prepare(store);
        if (ok && writing && generation_write(store)) {
            generation_finish(store);
            ok = !checkpoint_due(store) || checkpoint(store);
        } else if (writing) {
            transaction_abort(store);
        }
        (void)ok; /* a failure has marked the store dead */
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
    vfs_pause_set(store->vfs, NULL, NULL);
    return NULL;
}
