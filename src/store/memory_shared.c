/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One map of committed rows with their versions, and beside it a cache for each store, which may be out of
 * date. A batch takes effect at one moment, in `batch_try`, if all versions that it saw still hold there.
 */
#include "store/memory_shared.h"

#include <stdlib.h>
#include <time.h>

#include "base/os_clock.h"
#include "store/memory_shared_internal.h"
#include "store/packed.h"

#define CONTENDED_BATCHES 6 /* after a conflict */

/* ---- locks ---- */

void shared_unlock_rows(struct shared_store *store)
{
    struct map *rows = &store->memory->rows;
    for (size_t i = 0; store->redo == REDO_held && i < rows->bucket_count; i++) {
        for (struct entry *entry = rows->buckets[i]; entry != NULL; entry = entry->next) {
            if (entry->holder == store->instance) {
                entry->holder = 0;
            }
        }
    }
    pthread_cond_broadcast(&store->memory->wake);
}

static bool row_is_free(const struct shared_store *store, const struct entry *row)
{
    return row == NULL || row->holder == 0 || row->holder == store->instance;
}

static struct entry *row_find(const struct shared_memory *memory, const struct entry *wanted)
{
    return map_find(&memory->rows, wanted->table, wanted->hash, entry_key(wanted));
}

/* Waits until `wanted` is free or the time is over. Others may change anything meanwhile. */
static bool row_wait(struct shared_store *store, const struct entry *wanted)
{
    struct shared_memory *memory = store->memory;
    int64_t until_ns = os_monotonic_ns() + store->settings.wait_us * 1000;
    struct timespec until = { .tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000 };
    memory->counts.waits += !row_is_free(store, row_find(memory, wanted));
    while (!row_is_free(store, row_find(memory, wanted))) {
        if (store->settings.wait_us == 0 || pthread_cond_timedwait(&memory->wake, &memory->lock, &until) != 0) {
            return row_is_free(store, row_find(memory, wanted));
        }
    }
    return true;
}

static void doom(struct shared_store *store)
{
    shared_unlock_rows(store);
    store->redo = REDO_doomed;
}

static void row_lock(struct shared_store *store, const struct entry *wanted)
{
    if (store->redo != REDO_held) {
        return;
    }
    if (!row_wait(store, wanted)) {
        doom(store);
        return;
    }
    struct entry *row = row_find(store->memory, wanted);
    if (row != NULL) {
        row->holder = store->instance;
    }
}

/* What the cache holds of the row from now on: as it is in the database. */
static struct entry *row_fetch(struct shared_store *store, const struct entry *wanted)
{
    const struct entry *row = row_find(store->memory, wanted);
    struct entry *cached = row != NULL ? entry_copy(row)
                                       : entry_new(wanted->table, wanted->hash, entry_key(wanted),
                                                   (struct span){ NULL, 0 }, false);
    cached->round = store->round;
    map_put(&store->cache, cached);
    return cached;
}

/* Locks the rows of the conflict in their order, then reads them. */
static void noted_hold(struct shared_store *store)
{
    store->redo = REDO_held;
    for (size_t i = 0; i < store->noted_count; i++) {
        row_lock(store, store->noted[i]);
    }
    for (size_t i = 0; i < store->noted_count; i++) {
        row_fetch(store, store->noted[i]);
    }
}

static void noted_drop(struct shared_store *store)
{
    for (size_t i = 0; i < store->noted_count; i++) {
        free(store->noted[i]);
    }
    free(store->noted);
    store->noted = NULL;
    store->noted_count = 0;
}

static int noted_order(const void *a, const void *b)
{
    const struct entry *left = *(struct entry *const *)a, *right = *(struct entry *const *)b;
    if (left->table != right->table) {
        return left->table < right->table ? -1 : 1;
    }
    return key_compare(entry_key(left), entry_key(right));
}

static void batch_note(struct shared_store *store, const struct shared_batch *batch)
{
    noted_drop(store);
    store->noted = memory_alloc((batch->row_count + 1) * sizeof(struct entry *));
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct entry *row = batch->rows[i];
        store->noted[store->noted_count++] =
            entry_new(row->table, row->hash, entry_key(row), (struct span){ NULL, 0 }, false);
    }
    qsort(store->noted, store->noted_count, sizeof(struct entry *), noted_order);
    store->redo = REDO_noted;
}

/* ---- what every call begins with ---- */

void shared_kill(struct shared_store *store)
{
    store->dead = true;
    shared_unlock_rows(store);
}

enum status shared_gate(struct shared_store *store, enum shared_step step)
{
    if (store->dead) {
        return STATUS_fault;
    }
    enum shared_fate fate =
        store->settings.hook == NULL ? SHARED_go_on : store->settings.hook(store->settings.hook_context, step);
    if (fate >= SHARED_crash_lost) {
        store->memory->counts.crashes++;
        shared_kill(store);
        return STATUS_fault;
    }
    if (fate == SHARED_away) {
        store->memory->counts.away++;
        if (store->redo != REDO_none && step != SHARED_feed) { /* the feed has a connection of its own */
            shared_unlock_rows(store);
            store->redo = REDO_noted;
        }
        return STATUS_away;
    }
    return place_hold(store) ? STATUS_ok : STATUS_fault;
}

/* What became of a commit is learnt before anything else is done: the rows say it. */
static enum status begin(struct shared_store *store, enum shared_step step)
{
    enum status status = shared_gate(store, step);
    if (status == STATUS_ok && store->unresolved) {
        status = shared_gate(store, SHARED_resolve);
        store->unresolved = status != STATUS_ok;
    }
    if (status == STATUS_ok && store->redo == REDO_noted) {
        noted_hold(store);
    }
    return status;
}

/* ---- reading ---- */

static enum peek shared_peek(struct store *base, struct row_want *want)
{
    struct shared_store *store = (struct shared_store *)base;
    pthread_mutex_lock(&store->memory->lock);
    const struct entry *entry = map_find(&store->cache, want->table->number, want->hash, want->key);
    bool careful = store->settings.cold || store->contended > 0 || store->redo != REDO_none;
    bool known = entry != NULL && !store->dead && entry->known &&
                 (entry->flying || !careful || entry->round == store->round);
    if (known) {
        entry_answer(entry, want);
    }
    pthread_mutex_unlock(&store->memory->lock);
    return !known ? PEEK_unknown : want->exists ? PEEK_found : PEEK_absent;
}

static enum status shared_load(struct store *base, struct row_want *wants, size_t count)
{
    struct shared_store *store = (struct shared_store *)base;
    pthread_mutex_lock(&store->memory->lock);
    enum status status = begin(store, SHARED_load);
    for (size_t i = 0; status == STATUS_ok && i < count; i++) {
        struct row_want *want = &wants[i];
        const struct entry *cached = map_find(&store->cache, want->table->number, want->hash, want->key);
        if (cached == NULL || !cached->flying) {
            struct entry *wanted =
                entry_new(want->table->number, want->hash, want->key, (struct span){ NULL, 0 }, false);
            row_lock(store, wanted);
            cached = row_fetch(store, wanted);
            free(wanted);
        }
        entry_answer(cached, want);
        store->counts.rows_loaded++;
    }
    pthread_mutex_unlock(&store->memory->lock);
    return status;
}

static enum status shared_scan(struct store *base, const struct table *table, struct span from, scan_row *each,
                               void *context)
{
    struct shared_store *store = (struct shared_store *)base;
    pthread_mutex_lock(&store->memory->lock);
    if (!store->dead) {
        map_scan(&store->memory->rows, table, from, each, context);
    }
    pthread_mutex_unlock(&store->memory->lock);
    return store->dead ? STATUS_fault : STATUS_ok;
}

/* ---- batches ---- */

void shared_batch_free(struct shared_batch *batch)
{
    for (size_t i = 0; i < batch->row_count; i++) {
        free(batch->rows[i]);
    }
    free(batch->feed);
    free(batch);
}

static struct shared_batch *batch_make(struct shared_store *store, const struct keep *keep)
{
    size_t most = keep->change_count + keep->read_count;
    struct shared_batch *batch = memory_alloc(sizeof(*batch) + most * sizeof(batch->rows[0]));
    *batch = (struct shared_batch){ .node = store->base.node,
                                    .instance = store->instance,
                                    .done = keep->done,
                                    .context = keep->context,
                                    .stamp = keep->stamp,
                                    .doomed = store->redo == REDO_doomed,
                                    .again = store->redo != REDO_none,
                                    .deaf = store->deaf,
                                    .change_count = keep->change_count };
    for (size_t i = 0; i < most; i++) {
        const struct row_change *change =
            i < keep->change_count ? &keep->changes[i] : &keep->reads[i - keep->change_count];
        struct entry *row = i < keep->change_count ? entry_of_change(change)
                                                   : entry_new(change->table->number, change->hash, change->key,
                                                               (struct span){ NULL, 0 }, change->exists);
        if (row == NULL) {
            shared_batch_free(batch);
            return NULL;
        }
        if (keep->change_count > 0) { /* otherwise it has no stamp */
            assert(change->version < keep->stamp); /* or what happens later would look as if it were earlier */
        }
        row->version = change->version;
        batch->rows[batch->row_count++] = row;
    }
    if (keep->feed.size > 0) {
        batch->feed = memory_alloc(keep->feed.size);
        memcpy(batch->feed, keep->feed.bytes, keep->feed.size);
        batch->feed_size = keep->feed.size;
    }
    return batch;
}

static void stamp_check(struct shared_store *store, const struct keep *keep)
{
    if (keep->change_count > 0) {
        assert(keep->stamp > store->stamp_last);
        assert((keep->stamp & (NODES_MAX - 1)) == store->base.node);
        store->stamp_last = keep->stamp;
    }
}

static enum status shared_keep(struct store *base, const struct keep *keep)
{
    struct shared_store *store = (struct shared_store *)base;
    assert(keep->change_count <= BATCH_ROWS_MAX && keep->read_count <= BATCH_ROWS_MAX);
    pthread_mutex_lock(&store->memory->lock);
    assert(store->batch == NULL || (keep->follows && store->settings.follow_calls > 0 && store->follower == NULL));
    store->broken = store->broken && keep->follows;
    enum status status = store->broken ? STATUS_conflict : begin(store, SHARED_keep);
    struct shared_batch *batch = NULL;
    if (status == STATUS_ok) {
        stamp_check(store, keep);
        batch = batch_make(store, keep);
        status = batch == NULL ? STATUS_too_large : STATUS_ok;
    }
    for (size_t i = 0; batch != NULL && i < batch->change_count; i++) {
        struct entry *cached = entry_copy(batch->rows[i]);
        cached->version = cached->exists ? keep->stamp : 0;
        cached->flying = keep->stamp;
        map_put(&store->cache, cached);
    }
    if (batch != NULL) {
        *(store->batch == NULL ? &store->batch : &store->follower) = batch;
        store->deaf = 0;
        store->round++;
    }
    bool deferred = store->settings.deferred;
    pthread_mutex_unlock(&store->memory->lock);
    if (batch != NULL && !deferred) {
        bool tried = store_shared_pump(base);
        assert(tried);
    }
    return status;
}

static bool versions_hold(const struct shared_memory *memory, const struct shared_batch *batch)
{
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct entry *wanted = batch->rows[i], *row = row_find(memory, wanted);
        if (wanted->version != VERSION_UNREAD && wanted->version != (row != NULL ? row->version : 0)) {
            return false;
        }
    }
    return true;
}

static void batch_apply(struct shared_memory *memory, const struct shared_batch *batch)
{
    for (size_t i = 0; i < batch->change_count; i++) {
        const struct entry *change = batch->rows[i];
        if (change->exists) {
            struct entry *row = entry_copy(change);
            row->version = batch->stamp;
            map_put(&memory->rows, row);
        } else {
            map_drop(&memory->rows, change->table, change->hash, entry_key(change));
        }
    }
    memory->counts.batches++;
    memory->counts.again += batch->again;
    if (batch->feed_size > 0) {
        feed_append(memory, batch);
    }
}

/* The end of a batch that the hook wants: STATUS_ok when it takes effect and the store hears of it. */
static enum status batch_end(struct shared_store *store, struct shared_batch **own)
{
    struct shared_memory *memory = store->memory;
    struct shared_batch *batch = *own;
    enum shared_fate fate = store->settings.hook == NULL
                                ? SHARED_go_on
                                : store->settings.hook(store->settings.hook_context, SHARED_commit);
    if (fate == SHARED_go_on || fate == SHARED_unknown_kept || fate == SHARED_crash_kept) {
        batch_apply(memory, batch);
    }
    if (fate >= SHARED_crash_lost) {
        memory->counts.crashes++;
        shared_kill(store);
    }
    switch (fate) {
    case SHARED_go_on:
        return STATUS_ok;
    case SHARED_away:
        memory->counts.away++;
        return STATUS_away;
    case SHARED_conflict:
        return STATUS_conflict;
    case SHARED_unknown_lost:
    case SHARED_unknown_kept:
        memory->counts.unknown++;
        return STATUS_unknown;
    case SHARED_crash_late:
        *memory->late_tail = batch;
        memory->late_tail = &batch->next;
        *own = NULL;
        return STATUS_fault;
    case SHARED_crash_lost:
    case SHARED_crash_kept:
        break;
    }
    return STATUS_fault;
}

/* STATUS_busy: it waits for a lock. */
static enum status batch_try(struct shared_store *store, struct shared_batch **own)
{
    struct shared_memory *memory = store->memory;
    const struct shared_batch *batch = *own;
    if (store->dead || !place_hold(store)) {
        return STATUS_fault;
    }
    if (batch->doomed || (batch->deaf > 0 && batch->deaf <= memory->joins)) {
        return STATUS_conflict;
    }
    if (!versions_hold(memory, batch)) {
        return STATUS_conflict; /* whatever the holder of a lock does, they will not hold again */
    }
    for (size_t i = 0; i < batch->row_count; i++) {
        if (!row_wait(store, batch->rows[i])) {
            return store->settings.deferred ? STATUS_busy : STATUS_conflict;
        }
    }
    return versions_hold(memory, batch) ? batch_end(store, own) : STATUS_conflict;
}

static void cache_settle(struct shared_store *store, const struct shared_batch *batch, bool kept)
{
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct entry *row = batch->rows[i];
        struct entry *cached = map_find(&store->cache, row->table, row->hash, entry_key(row));
        if (!kept) {
            map_drop(&store->cache, row->table, row->hash, entry_key(row));
        } else if (cached != NULL) {
            cached->flying = cached->flying == batch->stamp ? 0 : cached->flying; /* the next one may have changed it */
        }
    }
}

/* Nothing of it was told to the database yet, and nothing is held for it. */
static enum status hollow_settle(struct shared_store *store, const struct shared_batch *batch)
{
    cache_settle(store, batch, false);
    store->memory->counts.hollow++;
    store->round++;
    return store->dead ? STATUS_fault : STATUS_conflict;
}

/* Where the store stands after a batch has ended with `status`. */
static void batch_settle(struct shared_store *store, const struct shared_batch *batch, enum status status)
{
    cache_settle(store, batch, status == STATUS_ok);
    shared_unlock_rows(store);
    if (status == STATUS_ok) {
        store->counts.batches++;
        store->counts.syncs++;
        store->contended -= store->contended > 0;
    } else {
        store->round++;
    }
    if (status == STATUS_conflict) {
        store->memory->counts.conflicts++;
        store->contended = CONTENDED_BATCHES;
        batch_note(store, batch);
    } else if (status == STATUS_away && store->redo != REDO_none) {
        store->redo = REDO_noted;
    } else {
        store->redo = REDO_none;
        noted_drop(store);
    }
    store->unresolved = status == STATUS_unknown;
    store->dead = store->dead || status == STATUS_fault;
}

bool store_shared_pump(struct store *base)
{
    struct shared_store *store = (struct shared_store *)base;
    pthread_mutex_lock(&store->memory->lock);
    struct shared_batch *batch = store->batch, *left = batch;
    enum status status = batch == NULL   ? STATUS_busy
                         : batch->hollow ? hollow_settle(store, batch)
                                         : batch_try(store, &left);
    if (status == STATUS_busy) {
        pthread_mutex_unlock(&store->memory->lock);
        return false;
    }
    keep_done *done = batch->done;
    void *context = batch->context;
    if (!batch->hollow) {
        batch_settle(store, batch, status);
    }
    store->broken = store->broken || status != STATUS_ok;
    store->batch = store->follower;
    store->follower = NULL;
    if (store->batch != NULL) {
        store->batch->hollow = status != STATUS_ok;
    }
    if (left != NULL) {
        shared_batch_free(left);
    }
    pthread_mutex_unlock(&store->memory->lock);
    done(context, status);
    return true;
}

bool shared_memory_land(struct shared_memory *memory)
{
    pthread_mutex_lock(&memory->lock);
    struct shared_batch *batch = memory->late_first;
    if (batch != NULL) {
        memory->late_first = batch->next;
        memory->late_tail = batch->next == NULL ? &memory->late_first : memory->late_tail;
        bool ours = memory->places[batch->node].instance == batch->instance &&
                    (batch->deaf == 0 || batch->deaf > memory->joins);
        bool free_rows = true;
        for (size_t i = 0; i < batch->row_count; i++) {
            const struct entry *row = row_find(memory, batch->rows[i]);
            free_rows = free_rows && (row == NULL || row->holder == 0);
        }
        if (ours && free_rows && versions_hold(memory, batch)) {
            batch_apply(memory, batch);
            memory->counts.late++;
        }
        shared_batch_free(batch);
    }
    pthread_mutex_unlock(&memory->lock);
    return batch != NULL;
}

/* ---- the rest ---- */

void shared_memory_find(struct shared_memory *memory, struct row_want *want)
{
    pthread_mutex_lock(&memory->lock);
    entry_answer(map_find(&memory->rows, want->table->number, want->hash, want->key), want);
    pthread_mutex_unlock(&memory->lock);
}

static bool shared_ahead(struct store *base)
{
    struct shared_store *store = (struct shared_store *)base;
    pthread_mutex_lock(&store->memory->lock);
    bool ahead = store->contended == 0 && store->redo == REDO_none && !store->unresolved;
    pthread_mutex_unlock(&store->memory->lock);
    return ahead;
}

static uint32_t shared_follows(struct store *base)
{
    struct shared_store *store = (struct shared_store *)base;
    pthread_mutex_lock(&store->memory->lock);
    bool may = store->batch != NULL && !store->batch->hollow && store->follower == NULL && !store->dead &&
               store->contended == 0 && store->redo == REDO_none && !store->unresolved;
    uint32_t calls = may ? store->settings.follow_calls : 0;
    pthread_mutex_unlock(&store->memory->lock);
    return calls;
}

void store_shared_chill(struct store *base)
{
    struct shared_store *store = (struct shared_store *)base;
    pthread_mutex_lock(&store->memory->lock);
    for (size_t i = 0; i < store->cache.bucket_count; i++) {
        for (struct entry *entry = store->cache.buckets[i]; entry != NULL; entry = entry->next) {
            entry->known = entry->flying != 0;
        }
    }
    pthread_mutex_unlock(&store->memory->lock);
}

bool store_shared_dead(struct store *base)
{
    struct shared_store *store = (struct shared_store *)base;
    pthread_mutex_lock(&store->memory->lock);
    bool dead = store->dead;
    pthread_mutex_unlock(&store->memory->lock);
    return dead;
}

static void shared_counts(struct store *base, struct store_counts *counts)
{
    struct shared_store *store = (struct shared_store *)base;
    pthread_mutex_lock(&store->memory->lock);
    *counts = store->counts;
    counts->rows_cached = store->cache.entry_count;
    pthread_mutex_unlock(&store->memory->lock);
}

void store_shared_crash(struct store *base)
{
    struct shared_store *store = (struct shared_store *)base;
    struct shared_memory *memory = store->memory;
    pthread_mutex_lock(&memory->lock);
    shared_unlock_rows(store);
    if (store->batch != NULL) {
        shared_batch_free(store->batch);
    }
    if (store->follower != NULL) {
        shared_batch_free(store->follower);
    }
    noted_drop(store);
    map_release(&store->cache);
    memory->store_count--;
    pthread_mutex_unlock(&memory->lock);
    free(store);
}

static void shared_close(struct store *base)
{
    struct shared_store *store = (struct shared_store *)base;
    while (store_shared_pump(base)) {
    }
    pthread_mutex_lock(&store->memory->lock);
    if (store->batch != NULL) {
        store->batch->doomed = true; /* by a lock of another store's: it will not be had here */
    }
    pthread_mutex_unlock(&store->memory->lock);
    while (store_shared_pump(base)) {
    }
    pthread_mutex_lock(&store->memory->lock);
    struct place *place = &store->memory->places[base->node];
    if (place->instance == store->instance) {
        place->taken = false;
    }
    pthread_mutex_unlock(&store->memory->lock);
    store_shared_crash(base);
}

const struct store_ops shared_ops = {
    .name = "shared memory",
    .peek = shared_peek,
    .load = shared_load,
    .keep = shared_keep,
    .scan = shared_scan,
    .reader_open = shared_reader_open,
    .counts = shared_counts,
    .close = shared_close,
    .ahead = shared_ahead,
    .follows = shared_follows,
    .heard = shared_heard,
    .feed = shared_feed,
    .nodes = shared_nodes,
};
