/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed rows in memory, log-structured: entries are appended to small segments; when there are too many
 * segments the oldest is taken apart. What is dirty or was asked for since moves to the newest segment,
 * the rest is forgotten. No allocation per row, no size classes, nothing to defragment.
 *
 * Segments form two chains. New rows, most of which nobody asks for ever again, go through the one, and leave it
 * for the other when somebody does. There are also the rows that came from the file. So history that is written
 * does not push out the accounts that it is written for.
 *
 *  1. An entry whose batch is above `written` is never forgotten: the file does not have it yet.
 *  2. A row that exists in the file and has no entry has a key that is not above its table's ceiling.
 *  3. Each live entry has exactly one slot; a slot's tag is the upper half of the entry's hash.
 *  4. No entry of a table has a key above the table's top.
 *  5. No row whose last change is above `left_batch` has been forgotten.
 *
 * Looking a row up costs two misses of the processor's caches, and without large pages as many of its
 * address translation: that, not the code, is what a payment waits for. Most new keys are above the top, and
 * need neither.
 *
 * Deciding thread only.
 */
#include "store/cache.h"

#include "base/limits.h"
#include "store/packed.h"
#include "store/slabs.h"

#include <stdlib.h>
#include <sys/mman.h>

#define SEGMENT_SIZE ((size_t)32768)
#define SLAB_SEGMENTS 64
#define SEGMENT_COUNT_MAX ((size_t)1 << 20) /* 32 GiB */
#define UNIT 8                              /* handles count these */
#define CLEANED_AT_ONCE_MAX 4
#define SLOTS_MIN ((size_t)1 << 12)
#define NO_SEGMENT UINT32_MAX
#define NEW_SHARE 4 /* new rows keep one part of so many, when those that were asked for want the rest */

enum entry_flag {
    ENTRY_exists = 1,
    ENTRY_asked = 2, /* found since it was last moved */
    ENTRY_dead = 4,  /* replaced */
};

struct entry {
    uint64_t hash;
    uint64_t batch;
    uint16_t room; /* bytes for key and image */
    uint16_t image_size;
    uint8_t key_size, table, flags, round;
    uint8_t bytes[];
};

struct slot {
    uint32_t tag;
    uint32_t handle; /* 0: free */
};

struct segment {
    uint8_t *bytes;
    uint64_t batch; /* the largest that was put here as new */
    uint32_t used;
    uint32_t next; /* in order of age, or of the free list */
};

enum chain_name {
    CHAIN_new,
    CHAIN_asked,
    CHAIN_COUNT,
};

struct chain {
    uint32_t oldest, newest;
    size_t used; /* segments */
};

struct ceiling {
    bool any;
    uint8_t size;
    char key[KEY_SIZE_MAX];
};

struct cache {
    const atomic_uint_least64_t *written;
    struct slot *slots, *first_slots;
    size_t first_slots_size; /* bytes */
    unsigned slot_shift; /* a tag's slot is tag >> slot_shift */
    size_t slot_mask;
    size_t entry_count, live_bytes;
    struct segment *segments;
    size_t segment_count; /* made so far */
    size_t segments_used, segments_max;
    struct chain chains[CHAIN_COUNT];
    uint32_t spare;
    uint64_t left_batch;
    bool cleaning;
    uint8_t round; /* mark of what is put */
    uint8_t **slabs;
    size_t slab_count;
    struct slabs *ahead;
    struct ceiling ceilings[TABLE_COUNT_MAX];
    struct ceiling tops[TABLE_COUNT_MAX];
    bool left[TABLE_COUNT_MAX]; /* a row that exists was forgotten */
};

static_assert(sizeof(struct entry) == 24, "entries are packed tightly");
static_assert(CACHE_BYTES_MOST / SEGMENT_SIZE <= SEGMENT_COUNT_MAX / 2, "it may grow beyond its limit for a while");
static_assert(SEGMENT_COUNT_MAX * (SEGMENT_SIZE / UNIT) <= (uint64_t)UINT32_MAX + 1, "a handle fits 32 bits");

static void *must_alloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    assert(memory != NULL); /* limits were given at the start; a machine without this memory cannot serve */
    return memory;
}

static void slots_make(struct cache *cache, size_t count)
{
    unsigned bits = 0;
    while ((size_t)1 << bits < count) {
        bits++;
    }
    assert(bits <= 32);
    cache->slots = pages_alloc(((size_t)1 << bits) * sizeof(struct slot));
    cache->slot_mask = ((size_t)1 << bits) - 1;
    cache->slot_shift = 32 - bits;
}

struct cache *cache_open(int64_t bytes_max, const atomic_uint_least64_t *written)
{
    struct cache *cache = must_alloc(1, sizeof(*cache));
    bytes_max = min_i64(bytes_max, CACHE_BYTES_MOST);
    cache->written = written;
    cache->segments_max = (size_t)bytes_max / SEGMENT_SIZE;
    if (cache->segments_max < 2) {
        cache->segments_max = 2;
    }
    cache->segments = must_alloc(SEGMENT_COUNT_MAX, sizeof(struct segment)); /* touched only as far as used */
    cache->segment_count = 1;                                                /* so that no handle is 0 */
    cache->slabs = must_alloc(SEGMENT_COUNT_MAX / SLAB_SEGMENTS + 1, sizeof(cache->slabs[0]));
    for (size_t i = 0; i < CHAIN_COUNT; i++) {
        cache->chains[i] = (struct chain){ .oldest = NO_SEGMENT, .newest = NO_SEGMENT };
    }
    cache->spare = NO_SEGMENT;
    cache->ahead = slabs_open(SLAB_SEGMENTS * SEGMENT_SIZE);
    size_t slots = (size_t)bytes_max / 96;
    slots_make(cache, slots < SLOTS_MIN ? SLOTS_MIN : slots);
    cache->first_slots = cache->slots;
    cache->first_slots_size = (cache->slot_mask + 1) * sizeof(struct slot);
    return cache;
}

void cache_close(struct cache *cache)
{
    if (cache == NULL) {
        return;
    }
    for (size_t i = 0; i < cache->slab_count; i++) {
        (void)munmap(cache->slabs[i], SLAB_SEGMENTS * SEGMENT_SIZE);
    }
    slabs_close(cache->ahead);
    free(cache->slabs);
    free(cache->segments);
    if (cache->slots != cache->first_slots) {
        (void)munmap(cache->slots, (cache->slot_mask + 1) * sizeof(struct slot));
    }
    (void)munmap(cache->first_slots, cache->first_slots_size);
    free(cache);
}

static struct entry *entry_at(const struct cache *cache, uint32_t handle)
{
    size_t at = (size_t)handle * UNIT;
    return (void *)(cache->segments[at / SEGMENT_SIZE].bytes + at % SEGMENT_SIZE);
}

static struct span entry_key(const struct entry *entry)
{
    return (struct span){ (const char *)entry->bytes, entry->key_size };
}

static size_t entry_size(const struct entry *entry)
{
    return sizeof(*entry) + entry->room;
}

/* ---- slots: open addressing, linear probing, deletion by moving back ---- */

/* The slot of the row, or the free one where it would go. */
static struct slot *slot_find(const struct cache *cache, uint32_t table, struct span key, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    for (size_t i = tag >> cache->slot_shift;; i = (i + 1) & cache->slot_mask) {
        struct slot *slot = &cache->slots[i & cache->slot_mask];
        if (slot->handle == 0) {
            return slot;
        }
        if (slot->tag == tag) {
            const struct entry *entry = entry_at(cache, slot->handle);
            if (entry->hash == hash && entry->table == table && entry->key_size == key.size &&
                memcmp(entry->bytes, key.bytes, key.size) == 0) {
                return slot;
            }
        }
    }
}

static struct slot *slot_of_handle(const struct cache *cache, uint64_t hash, uint32_t handle)
{
    for (size_t i = (uint32_t)(hash >> 32) >> cache->slot_shift;; i = (i + 1) & cache->slot_mask) {
        struct slot *slot = &cache->slots[i & cache->slot_mask];
        assert(slot->handle != 0); /* invariant 3 */
        if (slot->handle == handle) {
            return slot;
        }
    }
}

static void slot_free(struct cache *cache, struct slot *slot)
{
    size_t hole = (size_t)(slot - cache->slots);
    for (size_t i = (hole + 1) & cache->slot_mask; cache->slots[i].handle != 0;
         i = (i + 1) & cache->slot_mask) {
        size_t home = (cache->slots[i].tag >> cache->slot_shift) & cache->slot_mask;
        if (((i - home) & cache->slot_mask) >= ((i - hole) & cache->slot_mask)) {
            cache->slots[hole] = cache->slots[i];
            hole = i;
        }
    }
    cache->slots[hole] = (struct slot){ 0 };
    cache->entry_count--;
}

/*
 * Rare: the slots are sized for the cache's bytes, and only unusually small or many dirty rows pass that. To
 * begin with fewer and grow would be easier on the processor's caches, but a new table has to be zeroed by the
 * kernel and filled at one go, for which payments waited up to 110 ms.
 */
static void slots_grow(struct cache *cache)
{
    struct slot *old = cache->slots;
    size_t old_count = cache->slot_mask + 1;
    slots_make(cache, old_count * 2);
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].handle != 0) {
            size_t at = old[i].tag >> cache->slot_shift;
            while (cache->slots[at].handle != 0) {
                at = (at + 1) & cache->slot_mask;
            }
            cache->slots[at] = old[i];
        }
    }
    if (old != cache->first_slots) { /* which somebody may be at: see cache_index */
        (void)munmap(old, old_count * sizeof(struct slot));
    }
}

/* ---- segments ---- */

static void segments_make(struct cache *cache)
{
    assert(cache->segment_count + SLAB_SEGMENTS <= SEGMENT_COUNT_MAX);
    uint8_t *slab = slabs_take(cache->ahead);
    cache->slabs[cache->slab_count++] = slab;
    for (size_t i = 0; i < SLAB_SEGMENTS; i++) {
        uint32_t number = (uint32_t)cache->segment_count++;
        cache->segments[number] = (struct segment){ .bytes = slab + i * SEGMENT_SIZE, .next = cache->spare };
        cache->spare = number;
    }
}

static void segment_start(struct cache *cache, struct chain *chain)
{
    if (cache->spare == NO_SEGMENT) {
        segments_make(cache);
    }
    uint32_t number = cache->spare;
    struct segment *segment = &cache->segments[number];
    cache->spare = segment->next;
    segment->used = 0;
    segment->batch = 0;
    segment->next = NO_SEGMENT;
    *(chain->newest == NO_SEGMENT ? &chain->oldest : &cache->segments[chain->newest].next) = number;
    chain->newest = number;
    chain->used++;
    cache->segments_used++;
}

static void segments_clean(struct cache *cache);

static bool chain_lacks(const struct cache *cache, const struct chain *chain, size_t size)
{
    return chain->newest == NO_SEGMENT || SEGMENT_SIZE - cache->segments[chain->newest].used < size;
}

static uint32_t entry_alloc(struct cache *cache, enum chain_name name, size_t size, uint64_t batch)
{
    struct chain *chain = &cache->chains[name];
    assert(size <= SEGMENT_SIZE);
    assert(size % UNIT == 0);
    if (chain_lacks(cache, chain, size)) {
        if (!cache->cleaning) {
            segments_clean(cache);
        }
        if (chain_lacks(cache, chain, size)) {
            segment_start(cache, chain);
        }
    }
    struct segment *segment = &cache->segments[chain->newest];
    uint32_t handle = (uint32_t)((chain->newest * SEGMENT_SIZE + segment->used) / UNIT);
    segment->used += (uint32_t)size;
    segment->batch = batch > segment->batch ? batch : segment->batch;
    return handle;
}

/* Takes one entry of a chain's oldest segment away from there: to the newest of one, or out of the cache. */
static void entry_leave(struct cache *cache, enum chain_name name, struct entry *entry, uint32_t handle,
                        uint64_t written)
{
    struct slot *slot = slot_of_handle(cache, entry->hash, handle);
    bool asked = (entry->flags & ENTRY_asked) != 0;
    if (entry->batch > written || asked) {
        size_t size = entry_size(entry);
        uint32_t to = entry_alloc(cache, asked ? CHAIN_asked : name, size, entry->batch);
        struct entry *moved = entry_at(cache, to);
        memcpy(moved, entry, size);
        moved->flags &= (uint8_t)~ENTRY_asked;
        slot->handle = to;
        return;
    }
    if ((entry->flags & ENTRY_exists) != 0) {
        cache->left[entry->table] = true;
        cache_ceiling_raise(cache, entry->table, entry_key(entry));
    }
    cache->left_batch = entry->batch > cache->left_batch ? entry->batch : cache->left_batch;
    cache->live_bytes -= entry_size(entry);
    slot_free(cache, slot);
}

static void segment_clean(struct cache *cache, enum chain_name name, uint64_t written)
{
    struct chain *chain = &cache->chains[name];
    uint32_t number = chain->oldest;
    struct segment *segment = &cache->segments[number];
    for (uint32_t at = 0; at < segment->used;) {
        struct entry *entry = (void *)(segment->bytes + at);
        if ((entry->flags & ENTRY_dead) == 0) {
            entry_leave(cache, name, entry, (uint32_t)((number * SEGMENT_SIZE + at) / UNIT), written);
        }
        at += (uint32_t)entry_size(entry);
    }
    chain->oldest = segment->next;
    chain->used--;
    segment->next = cache->spare;
    cache->spare = number;
    cache->segments_used--;
}

static bool chain_has_old(const struct chain *chain)
{
    return chain->oldest != chain->newest;
}

/* Which chain shall give up its oldest segment; CHAIN_COUNT: none has one. */
static enum chain_name chain_choose(const struct cache *cache, uint64_t written)
{
    const struct chain *fresh = &cache->chains[CHAIN_new], *asked = &cache->chains[CHAIN_asked];
    bool has_old = chain_has_old(asked);
    if (chain_has_old(fresh) && cache->segments[fresh->oldest].batch <= written &&
        (fresh->used > cache->segments_max / NEW_SHARE || !has_old)) {
        return CHAIN_new;
    }
    if (has_old) {
        return CHAIN_asked;
    }
    return chain_has_old(fresh) ? CHAIN_new : CHAIN_COUNT;
}

/* So many rows that looking one up would take long count as full, too. */
static bool full(const struct cache *cache)
{
    return cache->segments_used >= cache->segments_max || cache->entry_count > (cache->slot_mask + 1) / 8 * 5;
}

/*
 * Bounded work per new segment. When what is old is all dirty or wanted, the cache grows beyond its limit
 * for a while: dirty rows are bounded by the keeper, and what is wanted loses its mark by being moved.
 */
static void segments_clean(struct cache *cache)
{
    uint64_t written = atomic_load_explicit(cache->written, memory_order_acquire);
    cache->cleaning = true;
    for (int i = 0; i < CLEANED_AT_ONCE_MAX && full(cache); i++) {
        enum chain_name name = chain_choose(cache, written);
        if (name == CHAIN_COUNT) {
            break;
        }
        segment_clean(cache, name, written);
    }
    cache->cleaning = false;
}

/* ---- offered ---- */

static bool above(const struct ceiling *ceiling, struct span key)
{
    return !ceiling->any || key_compare(key, (struct span){ ceiling->key, ceiling->size }) > 0;
}

static void raise_to(struct ceiling *ceiling, struct span key)
{
    assert(key.size <= KEY_SIZE_MAX);
    if (above(ceiling, key)) {
        ceiling->any = true;
        ceiling->size = (uint8_t)key.size;
        memcpy(ceiling->key, key.bytes, key.size);
    }
}

void cache_prefetch(const struct cache *cache, uint64_t hash)
{
    __builtin_prefetch(&cache->slots[((uint32_t)(hash >> 32) >> cache->slot_shift) & cache->slot_mask]);
}

bool cache_find(struct cache *cache, uint32_t table, struct span key, uint64_t hash, struct cached *cached)
{
    if (above(&cache->tops[table], key)) {
        return false;
    }
    const struct slot *slot = slot_find(cache, table, key, hash);
    if (slot->handle == 0) {
        return false;
    }
    struct entry *entry = entry_at(cache, slot->handle);
    entry->flags |= ENTRY_asked;
    *cached = (struct cached){ .image = { (const char *)entry->bytes + entry->key_size, entry->image_size },
                               .batch = entry->batch,
                               .exists = (entry->flags & ENTRY_exists) != 0,
                               .round = entry->round };
    return true;
}

void cache_round(struct cache *cache, uint8_t round)
{
    cache->round = round;
}

void cache_drop(struct cache *cache, uint32_t table, struct span key, uint64_t hash)
{
    cache->left[table] = true;
    cache_ceiling_raise(cache, table, key); /* whether it is there is no longer known */
    if (above(&cache->tops[table], key)) {
        return;
    }
    struct slot *slot = slot_find(cache, table, key, hash);
    if (slot->handle != 0) {
        struct entry *entry = entry_at(cache, slot->handle);
        entry->flags |= ENTRY_dead;
        cache->live_bytes -= entry_size(entry);
        slot_free(cache, slot);
    }
}

static void entry_fill(struct entry *entry, bool exists, struct span image, uint64_t batch, uint8_t round)
{
    entry->batch = batch;
    entry->round = round;
    entry->image_size = (uint16_t)image.size;
    entry->flags = exists ? ENTRY_exists : 0;
    if (image.size > 0) {
        memcpy(entry->bytes + entry->key_size, image.bytes, image.size);
    }
}

void cache_put(struct cache *cache, uint32_t table, struct span key, uint64_t hash, bool exists,
               struct span image, uint64_t batch)
{
    size_t room = key.size + image.size;
    struct slot *slot = slot_find(cache, table, key, hash);
    if (slot->handle != 0) {
        struct entry *entry = entry_at(cache, slot->handle);
        if (entry->room >= room) {
            entry_fill(entry, exists, image, batch, cache->round);
            return;
        }
    }
    /* Eight bytes to spare: numbers grow by a byte now and then. Cleaning may move entries and slots. */
    room = ((room + 8 + UNIT - 1) & ~(size_t)(UNIT - 1));
    enum chain_name name = slot->handle != 0 || batch == 0 ? CHAIN_asked : CHAIN_new;
    uint32_t handle = entry_alloc(cache, name, sizeof(struct entry) + room, batch);
    struct entry *entry = entry_at(cache, handle);
    *entry = (struct entry){
        .hash = hash, .room = (uint16_t)room, .key_size = (uint8_t)key.size, .table = (uint8_t)table
    };
    memcpy(entry->bytes, key.bytes, key.size);
    entry_fill(entry, exists, image, batch, cache->round);
    cache->live_bytes += entry_size(entry);
    raise_to(&cache->tops[table], key);
    slot = slot_find(cache, table, key, hash);
    if (slot->handle != 0) {
        struct entry *old = entry_at(cache, slot->handle);
        old->flags |= ENTRY_dead;
        cache->live_bytes -= entry_size(old);
        slot->handle = handle;
        return;
    }
    *slot = (struct slot){ .tag = (uint32_t)(hash >> 32), .handle = handle };
    if (++cache->entry_count > (cache->slot_mask + 1) / 4 * 3) {
        slots_grow(cache);
    }
}

bool cache_warm(struct cache *cache, uint32_t table, struct span key, uint64_t hash, struct span image,
                uint64_t written)
{
    if (cache->left_batch > written || cache->segments_used >= cache->segments_max * 3 / 4 ||
        cache->entry_count > (cache->slot_mask + 1) / 2) {
        return false;
    }
    if (slot_find(cache, table, key, hash)->handle == 0) {
        cache_put(cache, table, key, hash, true, image, 0);
    }
    return true;
}

void cache_warmed(struct cache *cache, uint32_t table)
{
    if (!cache->left[table]) {
        cache->ceilings[table].any = false;
    }
}

void *cache_index(const struct cache *cache, size_t *size)
{
    *size = cache->first_slots_size;
    return cache->first_slots;
}

void cache_ceiling_raise(struct cache *cache, uint32_t table, struct span key)
{
    assert(table < TABLE_COUNT_MAX);
    raise_to(&cache->ceilings[table], key);
}

bool cache_above_ceiling(const struct cache *cache, uint32_t table, struct span key)
{
    return above(&cache->ceilings[table], key);
}

void cache_counts(const struct cache *cache, uint64_t *rows, uint64_t *bytes)
{
    *rows = cache->entry_count;
    *bytes = cache->segments_used * SEGMENT_SIZE + (cache->slot_mask + 1) * sizeof(struct slot);
}
