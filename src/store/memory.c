/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two maps of packed rows: `live`, what peek and keep see, and `durable`, what a power cut would leave.
 * Batches wait in between, and the hook may stop the world at any step of making one durable.
 */
#include "store/store.h"

#include "base/hash.h"
#include "store/packed.h"

#include <stdlib.h>

struct entry {
    struct entry *next;
    uint64_t hash;
    uint32_t table;
    bool exists;
    bool known; /* in `live`, with `cold`: peek may answer */
    uint16_t key_size, image_size;
    uint8_t bytes[]; /* key, image */
};

struct map {
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t entry_count;
};

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

static void *must_alloc(size_t size)
{
    void *memory = calloc(1, size);
    assert(memory != NULL);
    return memory;
}

static struct entry *entry_new(uint32_t table, uint64_t hash, struct span key, struct span image, bool exists)
{
    struct entry *entry = must_alloc(sizeof(*entry) + key.size + image.size);
    *entry = (struct entry){ .hash = hash,
                             .table = table,
                             .exists = exists,
                             .known = true,
                             .key_size = (uint16_t)key.size,
                             .image_size = (uint16_t)image.size };
    memcpy(entry->bytes, key.bytes, key.size);
    if (image.size > 0) {
        memcpy(entry->bytes + key.size, image.bytes, image.size);
    }
    return entry;
}

static struct span entry_key(const struct entry *entry)
{
    return (struct span){ (const char *)entry->bytes, entry->key_size };
}

static struct span entry_image(const struct entry *entry)
{
    return (struct span){ (const char *)entry->bytes + entry->key_size, entry->image_size };
}

static struct entry **map_slot(struct map *map, uint32_t table, uint64_t hash, struct span key)
{
    struct entry **slot = &map->buckets[hash & (map->bucket_count - 1)];
    while (*slot != NULL &&
           ((*slot)->hash != hash || (*slot)->table != table || key_compare(entry_key(*slot), key) != 0)) {
        slot = &(*slot)->next;
    }
    return slot;
}

static void map_grow(struct map *map)
{
    struct map wide = { .bucket_count = map->bucket_count * 2, .entry_count = map->entry_count };
    wide.buckets = must_alloc(wide.bucket_count * sizeof(*wide.buckets));
    for (size_t i = 0; i < map->bucket_count; i++) {
        while (map->buckets[i] != NULL) {
            struct entry *entry = map->buckets[i];
            map->buckets[i] = entry->next;
            struct entry **bucket = &wide.buckets[entry->hash & (wide.bucket_count - 1)];
            entry->next = *bucket;
            *bucket = entry;
        }
    }
    free(map->buckets);
    *map = wide;
}

/* The map owns the entry and frees the one it replaces. */
static void map_put(struct map *map, struct entry *entry)
{
    struct entry **slot = map_slot(map, entry->table, entry->hash, entry_key(entry));
    struct entry *old = *slot;
    entry->next = old != NULL ? old->next : NULL;
    *slot = entry;
    free(old);
    if (old == NULL && ++map->entry_count > map->bucket_count) {
        map_grow(map);
    }
}

static void map_init(struct map *map)
{
    *map = (struct map){ .bucket_count = 1024 };
    map->buckets = must_alloc(map->bucket_count * sizeof(*map->buckets));
}

static void map_release(struct map *map)
{
    for (size_t i = 0; i < map->bucket_count; i++) {
        while (map->buckets[i] != NULL) {
            struct entry *entry = map->buckets[i];
            map->buckets[i] = entry->next;
            free(entry);
        }
    }
    free(map->buckets);
}

static void entry_answer(const struct entry *entry, struct row_want *want)
{
    want->exists = entry != NULL && entry->exists;
    if (want->exists) {
        bool fits = row_unpack(want->table, entry_image(entry), want->row);
        assert(fits); /* the image was packed by this process */
    }
}

static enum peek memory_peek(struct store *base, struct row_want *want)
{
    struct memory_store *store = (struct memory_store *)base;
    struct entry *entry = *map_slot(&store->live, want->table->number, want->hash, want->key);
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
        struct entry *entry = *map_slot(&store->live, want->table->number, want->hash, want->key);
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
    uint8_t image[ROW_SIZE_MAX];
    if (store->dead) {
        return STATUS_fault;
    }
    const struct row_change *changes = keep->changes;
    size_t count = keep->change_count;
    assert(count <= BATCH_ROWS_MAX);
    struct waiting *batch = must_alloc(sizeof(*batch) + count * sizeof(batch->rows[0]));
    *batch = (struct waiting){ .done = keep->done, .context = keep->context };
    for (size_t i = 0; i < count; i++) {
        const struct row_change *change = &changes[i];
        size_t size = change->exists ? row_pack(change->table, change->row, image, sizeof(image)) : 0;
        if (change->exists && size == 0) {
            waiting_drop(batch);
            return STATUS_too_large;
        }
        batch->rows[batch->count++] = entry_new(change->table->number, change->hash, change->key,
                                                (struct span){ (const char *)image, size }, change->exists);
    }
    for (size_t i = 0; i < count; i++) {
        const struct entry *row = batch->rows[i];
        map_put(&store->live,
                entry_new(row->table, row->hash, entry_key(row), entry_image(row), row->exists));
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

static int entry_order(const void *a, const void *b)
{
    return key_compare(entry_key(*(struct entry *const *)a), entry_key(*(struct entry *const *)b));
}

static enum status memory_scan(struct store *base, const struct table *table, struct span from,
                               scan_row *each, void *context)
{
    struct memory_store *store = (struct memory_store *)base;
    _Alignas(16) uint8_t row[ROW_SIZE_MAX];
    if (store->dead) {
        return STATUS_fault;
    }
    struct entry **rows = must_alloc((store->durable.entry_count + 1) * sizeof(struct entry *));
    size_t count = 0;
    for (size_t i = 0; i < store->durable.bucket_count; i++) {
        for (struct entry *entry = store->durable.buckets[i]; entry != NULL; entry = entry->next) {
            if (entry->table == table->number && entry->exists && key_compare(entry_key(entry), from) >= 0) {
                rows[count++] = entry;
            }
        }
    }
    if (count > 1) {
        qsort(rows, count, sizeof(struct entry *), entry_order);
    }
    for (size_t i = 0; i < count; i++) {
        memset(row, 0, table->shape.size);
        bool fits =
            row_key_read(table, entry_key(rows[i]), row) && row_unpack(table, entry_image(rows[i]), row);
        assert(fits);
        if (!each(context, row)) {
            break;
        }
    }
    free(rows);
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
    struct memory_store *fresh = must_alloc(sizeof(*fresh));
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
                struct entry *live =
                    entry_new(entry->table, entry->hash, entry_key(entry), entry_image(entry), true);
                live->known = false;
                map_put(&fresh->live, live);
                map_put(&fresh->durable,
                        entry_new(entry->table, entry->hash, entry_key(entry), entry_image(entry), true));
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
