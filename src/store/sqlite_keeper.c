/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper thread: makes batches durable, writes rows back in their shadow, and lets readers in.
 *
 *  1. A batch enters `collecting` only after its transaction was committed.
 *  2. Rows of a generation go into the tables only when it is frozen; while some but not all of them are
 *     there (`writing_active`) no reader of this process begins.
 *  3. `written_batch` is raised after the commit that wrote the last row of a generation.
 *  4. `done` is called after the commit, in order, without holding `lock`.
 *
 * While it waits for a batch the keeper writes back ahead, in a transaction that the batch then joins: most
 * of that work is done before the batch comes, and all of it shares the batch's sync.
 */
#include "store/sqlite_store.h"

#include "base/os_clock.h"

#include <time.h>

#define IDLE_US 10000         /* the queue was empty for so long: write back without being paced */
#define CHUNK_US 5000         /* write-back in the shadow of one commit */
#define CHUNK_BEHIND_US 25000 /* the same when it falls behind */
#define CHUNK_FAR_BEHIND_US 100000
#define CHUNK_ROWS_MIN 64
#define SLICE_ROWS 48       /* written back between two looks at the queue */
#define AHEAD_ROWS_MIN 512  /* and before a batch comes, in the transaction that it will join */
#define FLAT_OUT_ROWS 4096  /* the same when no batch seems to come */
#define ADMIT_US_MAX 200000 /* the keeper stands still for a reader so long at most */

enum work {
    WORK_wait,
    WORK_batches,
    WORK_freeze,
    WORK_slice,  /* write some rows back, or trim the journal, in an open transaction */
    WORK_commit, /* which no batch has joined */
    WORK_admit,
    WORK_checkpoint,
    WORK_stop,
};

static struct timespec in_us(int64_t us)
{
    int64_t at = os_monotonic_us() + us;
    return (struct timespec){ .tv_sec = at / 1000000, .tv_nsec = at % 1000000 * 1000 };
}

static bool generation_full(const struct sqlite_store *store)
{
    return store->collecting->row_count >= store->settings.generation_rows ||
           (int64_t)store->collecting->bytes >= store->settings.generation_bytes;
}

/* Batches without rows count too: the journal has them. */
static bool collecting_any(const struct sqlite_store *store)
{
    return store->collecting->batch_last > atomic_load_explicit(&store->written_batch, memory_order_relaxed);
}

static bool journal_trimmable(struct sqlite_store *store)
{
    return store->journal_first <= atomic_load_explicit(&store->written_batch, memory_order_relaxed);
}

/* ---- pacing ---- */

/* How full the collecting generation is, in thousandths. */
static int64_t fill(const struct sqlite_store *store)
{
    int64_t rows = (int64_t)store->collecting->row_count * 1000 / (int64_t)store->settings.generation_rows;
    int64_t bytes = (int64_t)store->collecting->bytes * 1000 / store->settings.generation_bytes;
    return rows > bytes ? rows : bytes;
}

/*
 * Rows to write back beside `arriving` new ones: the frozen generation shall be written when the collecting
 * one is nine tenths full. Falling behind lifts the limit on time, and in the end all limits: the queue
 * then fills, and keep waits.
 */
static size_t chunk_rows(const struct sqlite_store *store, size_t arriving, bool hurry)
{
    int64_t left = (int64_t)(store->writing->row_count - store->writing->row_next);
    int64_t full = fill(store);
    if (full >= 4000) {
        return SIZE_MAX;
    }
    int64_t room = 900 - full > 10 ? 900 - full : 10;
    int64_t step = (int64_t)arriving * 1000 / (int64_t)store->settings.generation_rows + 1;
    int64_t want = left * step / room + CHUNK_ROWS_MIN;
    int64_t us = full >= 2000 ? CHUNK_FAR_BEHIND_US : full >= 1000 || hurry ? CHUNK_BEHIND_US : CHUNK_US;
    int64_t most = us * 1000 / (store->row_ns > 0 ? store->row_ns : 1) + CHUNK_ROWS_MIN;
    if (hurry) {
        want = most;
    }
    return (size_t)(want < most ? want : most);
}

/* ---- the work ---- */

/* After the commit that completed the frozen generation. */
static void generation_finish(struct sqlite_store *store)
{
    atomic_store_explicit(&store->written_batch, store->writing->batch_last, memory_order_release);
    dirty_clear(store->writing);
    store->writing_active = false;
}

static bool transaction_open(struct sqlite_store *store)
{
    if (store->open) {
        return true;
    }
    store->open = transaction_begin(store);
    store->open_rows = 0;
    store->open_trimmed = 0;
    return store->open;
}

/* Part of the frozen generation; with its last row the transaction says that it is complete. */
static bool open_write_back(struct sqlite_store *store, size_t rows)
{
    size_t before = store->writing->row_next;
    if (!store->writing_active || store->open_complete) {
        return true;
    }
    if (!write_back(store, rows)) {
        return false;
    }
    store->open_rows += store->writing->row_next - before;
    store->open_complete = store->writing->table_next == TABLE_COUNT_MAX;
    return !store->open_complete || written_store(store, store->writing->batch_last);
}

static bool open_trim(struct sqlite_store *store, uint64_t batches)
{
    store->open_trimmed += batches;
    return journal_trim(store, batches);
}

static bool open_commit(struct sqlite_store *store)
{
    if (!transaction_commit(store)) {
        return false;
    }
    store->open = false;
    if (store->open_complete) {
        store->open_complete = false;
        generation_finish(store);
    }
    return true;
}

static void open_abort(struct sqlite_store *store)
{
    transaction_abort(store);
    store->open = false;
}

static bool batches_collect(struct sqlite_store *store, const struct batch *batch)
{
    struct dirty *dirty = store->collecting;
    if (dirty->since_us == 0) {
        dirty->since_us = os_monotonic_us();
    }
    for (uint32_t i = 0; i < batch->part_count; i++) {
        size_t at = batch->part_at[i] + sizeof(struct part_head);
        if (!dirty_add(dirty, batch->bytes + at, batch->part_at[i + 1] - at)) {
            store_die(store, NULL, "no memory for changed rows");
            return false;
        }
    }
    dirty->batch_last = batch->number;
    return true;
}

static bool batches_write(struct sqlite_store *store, uint64_t first, uint64_t end, bool hurry)
{
    size_t arriving = 0;
    if (!transaction_open(store)) {
        return false;
    }
    for (uint64_t i = first; i < end; i++) {
        const struct batch *batch = &store->queue[i % KEEP_QUEUE_MAX];
        arriving += batch->row_count;
        if (!journal_insert(store->journal_insert, batch)) {
            store_die(store, store->db, "writing the journal");
            return false;
        }
    }
    size_t rows = store->writing_active ? chunk_rows(store, arriving, hurry) : 0;
    store->ahead_rows = rows < AHEAD_ROWS_MIN ? AHEAD_ROWS_MIN : rows > FLAT_OUT_ROWS ? FLAT_OUT_ROWS : rows;
    if (rows > store->open_rows && !open_write_back(store, rows - store->open_rows)) {
        return false;
    }
    uint64_t trim = (end - first) * 2;
    if (trim > store->open_trimmed && !open_trim(store, trim - store->open_trimmed)) {
        return false;
    }
    if (!open_commit(store)) {
        return false;
    }
    for (uint64_t i = first; i < end; i++) {
        if (!batches_collect(store, &store->queue[i % KEEP_QUEUE_MAX])) {
            return false;
        }
    }
    return true;
}

/* Gives the slots back and says how it went. */
static void batches_answer(struct sqlite_store *store, uint64_t first, uint64_t end, enum status status)
{
    for (uint64_t i = first; i < end; i++) {
        struct batch *batch = &store->queue[i % KEEP_QUEUE_MAX];
        if (status == STATUS_ok) {
            atomic_store_explicit(&store->done_batch, batch->number, memory_order_release);
            atomic_fetch_add_explicit(&store->batch_count, 1, memory_order_relaxed);
        }
        batch->done(batch->context, status);
        pthread_mutex_lock(&store->lock);
        store->queue_out = i + 1;
        pthread_cond_broadcast(&store->room_wake);
        pthread_mutex_unlock(&store->lock);
    }
}

static void batches_keep(struct sqlite_store *store, uint64_t first, uint64_t end, bool hurry)
{
    bool ok =
        !atomic_load_explicit(&store->dead, memory_order_acquire) && batches_write(store, first, end, hurry);
    if (!ok) {
        open_abort(store);
    }
    batches_answer(store, first, end, ok ? STATUS_ok : STATUS_fault);
}

static void slice(struct sqlite_store *store)
{
    bool ok = transaction_open(store);
    if (ok && store->writing_active && !store->open_complete) {
        ok = open_write_back(store, SLICE_ROWS);
    } else if (ok) {
        ok = open_trim(store, 1);
        store->open_rows += SLICE_ROWS; /* about as much work */
    }
    if (!ok) {
        open_abort(store);
    }
}

static void generation_freeze(struct sqlite_store *store)
{
    assert(!store->writing_active);
    struct dirty *frozen = store->collecting;
    store->collecting = store->writing;
    store->writing = frozen;
    store->writing_active = true;
    store->collecting->batch_last = frozen->batch_last;
}

static bool ticket_served(const struct sqlite_store *store, const struct ticket *ticket)
{
    return ticket->batch <= atomic_load_explicit(&store->written_batch, memory_order_relaxed);
}

/* With `lock` held: whether a waiting reader needs more batches in the tables than there are. */
static bool tickets_unserved(const struct sqlite_store *store)
{
    for (const struct ticket *ticket = store->tickets; ticket != NULL; ticket = ticket->next) {
        if (!ticket_served(store, ticket)) {
            return true;
        }
    }
    return false;
}

static bool tickets_hurry(const struct sqlite_store *store)
{
    for (const struct ticket *ticket = store->tickets; ticket != NULL; ticket = ticket->next) {
        if (ticket->hurry_at_us == 0 || ticket->hurry_at_us <= os_monotonic_us()) {
            return true;
        }
    }
    return false;
}

static bool tickets_any(const struct sqlite_store *store)
{
    for (const struct ticket *ticket = store->tickets; ticket != NULL; ticket = ticket->next) {
        if (ticket_served(store, ticket) && !ticket->admitted) {
            return true;
        }
    }
    return false;
}

static bool tickets_inside(const struct sqlite_store *store)
{
    for (const struct ticket *ticket = store->tickets; ticket != NULL; ticket = ticket->next) {
        if (ticket->admitted && !ticket->entered) {
            return true;
        }
    }
    return false;
}

/*
 * The tables are between two generations: lets in the readers that wait for no more, and stands still until
 * they have begun. A reader that takes too long finds `admitted` taken back and waits again.
 */
static void tickets_admit(struct sqlite_store *store)
{
    struct timespec until = in_us(ADMIT_US_MAX);
    int rc = 0;
    for (struct ticket *ticket = store->tickets; ticket != NULL; ticket = ticket->next) {
        ticket->admitted = ticket->admitted || ticket_served(store, ticket);
    }
    pthread_cond_broadcast(&store->ticket_wake);
    while (tickets_inside(store) && rc == 0) {
        rc = pthread_cond_timedwait(&store->keeper_wake, &store->lock, &until);
    }
    for (struct ticket *ticket = store->tickets; ticket != NULL; ticket = ticket->next) {
        if (!ticket->entered) {
            ticket->admitted = false;
        }
    }
}

/* The log is all but in the file: moving the rest between two commits lets the next one begin it anew. */
static void checkpoint_finish(struct sqlite_store *store)
{
    reads_hold_off(store);
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    reads_let_on(store);
    if (rc != SQLITE_OK && (rc & 0xFF) != SQLITE_BUSY) {
        store_die(store, store->db, "moving the log into the file");
    }
}

/* ---- choosing ---- */

struct choice {
    enum work work;
    uint64_t first, end; /* of the queue */
    int64_t wait_us;
    bool hurry;
};

/* With `lock` held and nothing in the queue. */
static enum work idle_choice(struct sqlite_store *store, int64_t idle_us, int64_t *wait_us)
{
    bool waited_for = tickets_hurry(store) || store->stopping;
    bool flat_out = waited_for || idle_us >= IDLE_US;
    bool left = (store->writing_active && !store->open_complete) || journal_trimmable(store);
    if (store->stopping && store->settings.leave_journal) {
        return WORK_stop;
    }
    if (left && (!store->open || store->open_rows < (flat_out ? FLAT_OUT_ROWS : store->ahead_rows))) {
        return WORK_slice;
    }
    if (store->open) {
        *wait_us = max_i64(IDLE_US - idle_us, 100);
        return flat_out ? WORK_commit : WORK_wait;
    }
    if (!store->writing_active && collecting_any(store)) {
        int64_t age_us = os_monotonic_us() - store->collecting->since_us;
        if (waited_for || (flat_out && age_us >= store->settings.generation_age_us)) {
            return WORK_freeze;
        }
        *wait_us = max_i64(store->settings.generation_age_us - age_us, IDLE_US);
    }
    return store->stopping ? WORK_stop : WORK_wait;
}

/* With `lock` held. */
static struct choice choose(struct sqlite_store *store, int64_t idle_us)
{
    struct choice choice = { .wait_us = 250000, .first = store->queue_out, .end = store->queue_in };
    if (atomic_load_explicit(&store->dead, memory_order_acquire)) {
        choice.work = choice.first < choice.end ? WORK_batches : store->stopping ? WORK_stop : WORK_wait;
        return choice;
    }
    choice.hurry = tickets_hurry(store);
    if (!store->writing_active && tickets_any(store)) {
        choice.work = store->open ? WORK_commit : WORK_admit;
    } else if (store->finish_wanted) {
        choice.work = store->open ? WORK_commit : WORK_checkpoint;
    } else if (!store->writing_active && generation_full(store)) {
        choice.work = WORK_freeze;
    } else if (!store->writing_active && collecting_any(store) && tickets_unserved(store)) {
        choice.work = WORK_freeze;
    } else if (choice.first < choice.end) {
        choice.work = WORK_batches;
    } else {
        choice.work = idle_choice(store, idle_us, &choice.wait_us);
    }
    return choice;
}

static void keeper_do(struct sqlite_store *store, const struct choice *choice)
{
    switch (choice->work) {
    case WORK_batches:
        batches_keep(store, choice->first, choice->end, choice->hurry);
        break;
    case WORK_freeze:
        generation_freeze(store);
        break;
    case WORK_slice:
        slice(store);
        break;
    case WORK_commit:
        if (!open_commit(store)) {
            open_abort(store);
        }
        break;
    case WORK_checkpoint:
        checkpoint_finish(store);
        break;
    case WORK_wait:
    case WORK_admit:
    case WORK_stop:
        break;
    }
}

void *keeper_run(void *context)
{
    struct sqlite_store *store = context;
    int64_t busy_us = os_monotonic_us();
    for (;;) {
        pthread_mutex_lock(&store->lock);
        struct choice choice = choose(store, os_monotonic_us() - busy_us);
        if (choice.work == WORK_wait) {
            struct timespec until = in_us(choice.wait_us);
            pthread_cond_timedwait(&store->keeper_wake, &store->lock, &until);
        } else if (choice.work == WORK_admit) {
            tickets_admit(store);
        }
        pthread_mutex_unlock(&store->lock);
        if (choice.work == WORK_stop) {
            break;
        }
        keeper_do(store, &choice);
        if (choice.work == WORK_batches) {
            busy_us = os_monotonic_us();
        } else if (choice.work == WORK_checkpoint) {
            pthread_mutex_lock(&store->lock);
            store->finish_wanted = false;
            pthread_cond_signal(&store->check_wake);
            pthread_mutex_unlock(&store->lock);
        }
    }
    atomic_fetch_add(&store->cpu_ns, os_thread_cpu_ns());
    return NULL;
}
