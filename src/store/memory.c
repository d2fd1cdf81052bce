/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two maps of packed rows: `live`, what peek and keep see, and `durable`, what a power cut would leave.
 * Batches wait in between, and the hook may stop the world at any step of making one durable.
 */
#include "store/store.h"

#include "store/memory_map.h"

#include <stdlib.h>

struct waiting {
    struct waiting *next;
    uint64_t number;
    keep_done *done;
    void *context;
    size_t count;
    struct entry *rows[]; /* moved into `durable` */
};

struct memory_store {
    struct store base;
    struct memory_settings settings;
    struct map live, durable;
    struct waiting *first, *last;
    struct store_counts counts;
    uint64_t batch_last;
    bool dead;
};

static enum peek memory_peek(struct store *base, struct row_want *want)
{
    struct memory_store *store = (struct memory_store *)base;
    struct entry *entry = map_find(&store->live, want->table->number, want->hash, want->key);
    if (store->dead || (store->settings.cold && (entry == NULL || !entry->known))) {
        return PEEK_unknown;
    }
    entry_answer(entry, want);
    return want->exists ? PEEK_found : PEEK_absent;
}

static enum status memory_load(struct store *base, struct row_want *wants, size_t count)
{
    struct memory_store *store = (struct memory_store *)base;
    if (store->dead) {
        return STATUS_fault;
    }
    for (size_t i = 0; i < count; i++) {
        struct row_want *want = &wants[i];
        struct entry *entry = map_find(&store->live, want->table->number, want->hash, want->key);
        if (store->settings.cold && entry == NULL) {
            entry = entry_new(want->table->number, want->hash, want->key, (struct span){ NULL, 0 }, false);
            map_put(&store->live, entry);
        }
        if (entry != NULL) {
            entry->known = true;
        }
        entry_answer(entry, want);
        store->counts.rows_loaded++;
    }
    return STATUS_ok;
}

static enum memory_fate hook_ask(struct memory_store *store, enum memory_step step,
                                  const struct waiting *batch, size_t row)
{
    memory_hook *hook = store->settings.hook;
    return hook == NULL ? MEMORY_go_on : hook(store->settings.hook_context, step, batch->number, row);
}

/* The order that ended the steps of making a batch durable, and at which step. */
static enum memory_fate batch_steps(struct memory_store *store, const struct waiting *batch,
                                     enum memory_step *step)
{
    for (size_t i = 0; i < batch->count; i++) {
        *step = MEMORY_before_row;
        enum memory_fate order = hook_ask(store, *step, batch, i);
        if (order != MEMORY_go_on) {
            return order;
        }
    }
    *step = MEMORY_before_sync;
    enum memory_fate order = hook_ask(store, *step, batch, batch->count);
    if (order != MEMORY_go_on) {
        return order;
    }
    *step = MEMORY_after_sync;
    return hook_ask(store, *step, batch, batch->count);
}

static void waiting_drop(struct waiting *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free(batch->rows[i]);
    }
    free(batch);
}

bool store_memory_pump(struct store *base)
{
    struct memory_store *store = (struct memory_store *)base;
    struct waiting *batch = store->first;
    if (batch == NULL) {
        return false;
    }
    store->first = batch->next;
    if (store->first == NULL) {
        store->last = NULL;
    }
    enum memory_step step = MEMORY_before_sync;
    enum memory_fate order = store->dead ? MEMORY_crash_lost : batch_steps(store, batch, &step);
    bool durable = !store->dead && (order != MEMORY_crash_lost || step == MEMORY_after_sync);
    if (order != MEMORY_go_on) {
        store->dead = true;
    }
    if (durable) {
        for (size_t i = 0; i < batch->count; i++) {
            store->counts.bytes_written += batch->rows[i]->key_size + batch->rows[i]->image_size;
            map_put(&store->durable, batch->rows[i]);
        }
        batch->count = 0;
        store->counts.batches++;
        store->counts.syncs++;
    }
    batch->done(batch->context, store->dead ? STATUS_fault : STATUS_ok);
    waiting_drop(batch);
    return true;
}

static enum status memory_keep(struct store *base, const struct keep *keep)
{
    struct memory_store *store = (struct memory_store *)base;
    if (store->dead) {
        return STATUS_fault;
    }
    size_t count = keep->change_count;
    assert(count <= BATCH_ROWS_MAX);
    struct waiting *batch = memory_alloc(sizeof(*batch) + count * sizeof(batch->rows[0]));
    *batch = (struct waiting){ .done = keep->done, .context = keep->context };
    for (size_t i = 0; i < count; i++) {
        struct entry *row = entry_of_change(&keep->changes[i]);
        if (row == NULL) {
            waiting_drop(batch);
            return STATUS_too_large;
        }
        batch->rows[batch->count++] = row;
    }
    for (size_t i = 0; i < count; i++) {
        map_put(&store->live, entry_copy(batch->rows[i]));
    }
    batch->number = ++store->batch_last;
    if (store->last != NULL) {
        store->last->next = batch;
    } else {
        store->first = batch;
    }
    store->last = batch;
    while (!store->settings.deferred && store_memory_pump(base)) {
    }
    return STATUS_ok;
}

static enum status memory_scan(struct store *base, const struct table *table, struct span from,
                               scan_row *each, void *context)
{
    struct memory_store *store = (struct memory_store *)base;
    if (store->dead) {
        return STATUS_fault;
    }
    map_scan(&store->durable, table, from, each, context);
    return STATUS_ok;
}

static enum status memory_reader_open(struct store *store, struct reader **reader)
{
    (void)store;
    *reader = NULL;
    return STATUS_not_found;
}

static void memory_counts(struct store *base, struct store_counts *counts)
{
    const struct memory_store *store = (const struct memory_store *)base;
    *counts = store->counts;
    counts->rows_cached = store->live.entry_count;
}

static void memory_close(struct store *base)
{
    struct memory_store *store = (struct memory_store *)base;
    while (store_memory_pump(base)) {
    }
    map_release(&store->live);
    map_release(&store->durable);
    free(store);
}

static const struct store_ops memory_ops = {
    .name = "memory",
    .peek = memory_peek,
    .load = memory_load,
    .keep = memory_keep,
    .scan = memory_scan,
    .reader_open = memory_reader_open,
    .counts = memory_counts,
    .close = memory_close,
};

enum status store_memory_open(const struct table *const *tables, const struct memory_settings *settings,
                              struct store **store)
{
    struct memory_store *fresh = memory_alloc(sizeof(*fresh));
    *fresh = (struct memory_store){ .base = { .ops = &memory_ops, .tables = tables } };
    if (settings != NULL) {
        fresh->settings = *settings;
    }
    map_init(&fresh->live);
    map_init(&fresh->durable);
    *store = &fresh->base;
    return STATUS_ok;
}

enum status store_memory_reopen(struct store *base, const struct memory_settings *settings,
                                struct store **store)
{
    struct memory_store *old = (struct memory_store *)base;
    enum status status = store_memory_open(base->tables, settings, store);
    assert(status == STATUS_ok);
    struct memory_store *fresh = (struct memory_store *)*store;
    for (size_t i = 0; i < old->durable.bucket_count; i++) {
        for (struct entry *entry = old->durable.buckets[i]; entry != NULL; entry = entry->next) {
            if (entry->exists) {
                struct entry *live = entry_copy(entry);
                live->known = false;
                map_put(&fresh->live, live);
                map_put(&fresh->durable, entry_copy(entry));
            }
        }
    }
    while (old->first != NULL) {
        struct waiting *batch = old->first;
        old->first = batch->next;
        waiting_drop(batch);
    }
    memory_close(base);
    return STATUS_ok;
}

void store_memory_chill(struct store *base)
{
    struct memory_store *store = (struct memory_store *)base;
    for (size_t i = 0; i < store->live.bucket_count; i++) {
        for (struct entry *entry = store->live.buckets[i]; entry != NULL; entry = entry->next) {
            entry->known = false;
        }
    }
}
