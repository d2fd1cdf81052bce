/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper thread: makes batches durable in the journal, and collects their rows for write-back.
 *
 *  1. A batch enters `collecting` only after its journal was synced.
 *  2. `done` is called after that sync, in order, without holding `lock`.
 *  3. `collecting` and `writing` change places only while write-back has nothing to write.
 *
 * It waits for nothing but the journal, with one exception: when write-back is too far behind.
 */
#include "store/sqlite_store.h"

#include "base/os_clock.h"

#include <time.h>

#define IDLE_US 10000    /* no batch for so long: a generation that is old enough is written back */
#define FILL_MAX 4000    /* thousandths of a generation collected while the last one is being written */
#define WAIT_US 250000

enum work {
    WORK_wait,
    WORK_batches,
    WORK_freeze,
    WORK_stop,
};

struct choice {
    enum work work;
    uint64_t first, end; /* of the queue */
    int64_t wait_us;
};

static struct timespec in_us(int64_t us)
{
    int64_t at = os_monotonic_us() + us;
    return (struct timespec){ .tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000 };
}

/* How full the collecting generation is, in thousandths. */
static int64_t fill(const struct sqlite_store *store)
{
    int64_t rows = (int64_t)store->collecting->row_count * 1000 / (int64_t)store->settings.generation_rows;
    int64_t bytes = (int64_t)store->collecting->bytes * 1000 / store->settings.generation_bytes;
    return rows > bytes ? rows : bytes;
}

static uint64_t written(const struct sqlite_store *store)
{
    return atomic_load_explicit(&store->written_batch, memory_order_relaxed);
}

/* ---- the work ---- */

static bool batch_collect(struct sqlite_store *store, const struct batch *batch)
{
    struct dirty *dirty = store->collecting;
    if (dirty->since_us == 0) {
        dirty->since_us = os_monotonic_us();
    }
    for (uint32_t i = 0; i < batch->part_count; i++) {
        if (!dirty_add(dirty, batch->bytes + batch->part_at[i] + RECORDS_AT, batch->part_size[i] - RECORDS_AT)) {
            store_die(store, NULL, "no memory for changed rows");
            return false;
        }
    }
    dirty->batch_last = batch->number;
    return true;
}

static bool batches_journal(struct sqlite_store *store, uint64_t first, uint64_t end)
{
    if (atomic_load_explicit(&store->dead, memory_order_acquire)) {
        return false;
    }
    for (uint64_t i = first; i < end; i++) {
        if (!journal_write(store->journal, &store->queue[i % KEEP_QUEUE_MAX])) {
            store_die(store, NULL, "writing the journal");
            return false;
        }
    }
    if (!journal_sync(store->journal, store->queue[(end - 1) % KEEP_QUEUE_MAX].number)) {
        store_die(store, NULL, "syncing the journal");
        return false;
    }
    return true;
}

/* Answers before it collects: the next batch is decided meanwhile. */
static void batches_keep(struct sqlite_store *store, uint64_t first, uint64_t end)
{
    bool ok = batches_journal(store, first, end);
    for (uint64_t i = first; i < end; i++) {
        struct batch *batch = &store->queue[i % KEEP_QUEUE_MAX];
        if (ok) {
            atomic_store_explicit(&store->done_batch, batch->number, memory_order_release);
            atomic_fetch_add_explicit(&store->batch_count, 1, memory_order_relaxed);
        }
        batch->done(batch->context, ok ? STATUS_ok : STATUS_fault);
        if (ok && !batch_collect(store, batch)) {
            ok = false; /* what is durable was said to be; what follows is not taken any more */
        }
        pthread_mutex_lock(&store->lock);
        store->queue_out = i + 1;
        pthread_cond_broadcast(&store->room_wake);
        pthread_mutex_unlock(&store->lock);
    }
    atomic_store_explicit(&store->collected, fill(store), memory_order_relaxed);
    atomic_store_explicit(&store->busy_us, os_monotonic_us(), memory_order_relaxed);
    if (journal_wants(store->journal)) {
        pthread_cond_signal(&store->writer_wake);
    }
}

/* With `lock` held. */
static void generation_freeze(struct sqlite_store *store)
{
    assert(!store->writing_active);
    struct dirty *frozen = store->collecting;
    store->collecting = store->writing;
    store->writing = frozen;
    store->collecting->batch_last = frozen->batch_last;
    store->writing_active = true;
    atomic_store_explicit(&store->collected, 0, memory_order_relaxed);
    pthread_cond_signal(&store->writer_wake);
}

/* ---- choosing ---- */

/* With `lock` held: whether what was collected shall be written back now. `*wait_us`: or when to ask again. */
static bool freeze_due(const struct sqlite_store *store, bool idle, int64_t *wait_us)
{
    const struct dirty *dirty = store->collecting;
    if (store->writing_active || dirty->batch_last <= written(store)) {
        return false; /* batches without rows count too: the journal has them */
    }
    if (fill(store) >= 1000 || store->fresh_batch > written(store) || (store->stopping && idle)) {
        return true;
    }
    int64_t now_us = os_monotonic_us();
    int64_t idle_us = now_us - atomic_load_explicit(&store->busy_us, memory_order_relaxed);
    int64_t age_us = now_us - dirty->since_us;
    if (idle && idle_us >= IDLE_US && age_us >= store->settings.generation_age_us) {
        return true;
    }
    *wait_us = max_i64(store->settings.generation_age_us - age_us, IDLE_US - idle_us);
    *wait_us = min_i64(max_i64(*wait_us, 100), WAIT_US);
    return false;
}

/* With `lock` held. */
static struct choice choose(struct sqlite_store *store)
{
    struct choice choice = { .wait_us = WAIT_US, .first = store->queue_out, .end = store->queue_in };
    bool dead = atomic_load_explicit(&store->dead, memory_order_acquire);
    bool idle = choice.first == choice.end;
    bool leave = dead || store->settings.leave_journal;
    if (!dead && !(leave && store->stopping) && freeze_due(store, idle, &choice.wait_us)) {
        choice.work = WORK_freeze;
    } else if (!idle && (dead || !store->writing_active || fill(store) < FILL_MAX)) {
        choice.work = WORK_batches;
    } else if (idle && store->stopping && (leave || store->collecting->batch_last <= written(store))) {
        choice.work = WORK_stop;
    }
    return choice;
}

void *keeper_run(void *context)
{
    struct sqlite_store *store = context;
    for (;;) {
        pthread_mutex_lock(&store->lock);
        struct choice choice = choose(store);
        if (choice.work == WORK_wait) {
            struct timespec until = in_us(choice.wait_us);
            pthread_cond_timedwait(&store->keeper_wake, &store->lock, &until);
        } else if (choice.work == WORK_freeze) {
            generation_freeze(store);
        }
        pthread_mutex_unlock(&store->lock);
        if (choice.work == WORK_stop) {
            return NULL;
        }
        if (choice.work == WORK_batches) {
            batches_keep(store, choice.first, choice.end);
        }
    }
}
