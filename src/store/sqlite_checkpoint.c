/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves the write-ahead log into the file, beside the commits. A passive checkpoint never makes a writer
 * wait, but never catches up with one either: so it is repeated until little is left, and that little
 * is moved by the keeper between two commits. The next commit then begins the log anew.
 */
#include "store/sqlite_store.h"

#include "base/os_clock.h"

#include <time.h>

#define FINISH_BYTES (INT64_C(4) << 20) /* what the keeper moves itself */
#define PASSES_MAX 8
#define HELD_UP_US 100000 /* when a reader keeps the log, the next try comes so much later */

static bool check_due(struct sqlite_store *store)
{
    int64_t pages = (int64_t)atomic_load_explicit(&store->wal_pages, memory_order_relaxed);
    return pages * store->page_size >= store->settings.wal_bytes;
}

/* Pages of the log that are not in the file yet, -1 on a fault. */
static int64_t pass(struct sqlite_store *store)
{
    int pages = 0;
    int moved = 0;
    reads_hold_off(store); /* or nothing written since could be moved */
    reads_let_on(store);
    int rc = sqlite3_wal_checkpoint_v2(store->check, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
    if (rc != SQLITE_OK && (rc & 0xFF) != SQLITE_BUSY) {
        store_die(store, store->check, "moving the log into the file");
        return -1;
    }
    return pages - moved;
}

/* With `lock` held: until the log has begun anew, or for a while when a reader keeps that from happening. */
static void restart_await(struct sqlite_store *store, uint64_t restarts)
{
    int64_t at = os_monotonic_us() + HELD_UP_US;
    struct timespec until = { .tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000 };
    while (!store->check_stopping && store->wal_restarts == restarts && os_monotonic_us() < at) {
        pthread_cond_timedwait(&store->check_wake, &store->lock, &until);
    }
}

/* Passes until little is left, then the keeper's turn. */
static void checkpoint(struct sqlite_store *store, uint64_t restarts)
{
    int64_t left = INT64_MAX;
    for (int i = 0; i < PASSES_MAX; i++) {
        left = pass(store);
        if (left < 0 || left * store->page_size <= FINISH_BYTES) {
            break;
        }
    }
    pthread_mutex_lock(&store->lock);
    if (left >= 0 && left * store->page_size <= FINISH_BYTES) {
        store->finish_wanted = true;
        pthread_cond_signal(&store->keeper_wake);
        while (store->finish_wanted && !store->check_stopping) {
            pthread_cond_wait(&store->check_wake, &store->lock);
        }
    }
    restart_await(store, restarts);
    pthread_mutex_unlock(&store->lock);
}

void *checkpoint_run(void *context)
{
    struct sqlite_store *store = context;
    uint64_t commits = 0;
    pthread_mutex_lock(&store->lock);
    while (!store->check_stopping) {
        /* Without a commit since the last time there is nothing that could go better now. */
        if (atomic_load_explicit(&store->dead, memory_order_acquire) || !check_due(store) ||
            commits == store->wal_commits) {
            pthread_cond_wait(&store->check_wake, &store->lock);
            continue;
        }
        commits = store->wal_commits;
        uint64_t restarts = store->wal_restarts;
        pthread_mutex_unlock(&store->lock);
        checkpoint(store, restarts);
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
    atomic_fetch_add(&store->cpu_ns, os_thread_cpu_ns());
    return NULL;
}
