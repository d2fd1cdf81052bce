/* SPDX-License-Identifier: Apache-2.0 */
#include "store/memory_map.h"

#include <stdlib.h>

#include "store/packed.h"

void *memory_alloc(size_t size)
{
    void *memory = calloc(1, size);
    assert(memory != NULL);
    return memory;
}

struct entry *entry_new(uint32_t table, uint64_t hash, struct span key, struct span image, bool exists)
{
    struct entry *entry = memory_alloc(sizeof(*entry) + key.size + image.size);
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

struct entry *entry_copy(const struct entry *entry)
{
    struct entry *copy =
        entry_new(entry->table, entry->hash, entry_key(entry), entry_image(entry), entry->exists);
    copy->version = entry->version;
    return copy;
}

struct span entry_key(const struct entry *entry)
{
    return (struct span){ (const char *)entry->bytes, entry->key_size };
}

struct span entry_image(const struct entry *entry)
{
    return (struct span){ (const char *)entry->bytes + entry->key_size, entry->image_size };
}

void entry_answer(const struct entry *entry, struct row_want *want)
{
    want->exists = entry != NULL && entry->exists;
    want->version = want->exists ? entry->version : 0;
    if (want->exists) {
        bool fits = row_unpack(want->table, entry_image(entry), want->row);
        assert(fits); /* the image was packed by this process */
    }
}

struct entry *entry_of_change(const struct row_change *change)
{
    uint8_t image[ROW_SIZE_MAX];
    size_t size = change->exists ? row_pack(change->table, change->row, image, sizeof(image)) : 0;
    if (change->exists && size == 0) {
        return NULL;
    }
    return entry_new(change->table->number, change->hash, change->key, (struct span){ (const char *)image, size },
                     change->exists);
}

/* ---- the map ---- */

static struct entry **map_slot(const struct map *map, uint32_t table, uint64_t hash, struct span key)
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
    wide.buckets = memory_alloc(wide.bucket_count * sizeof(*wide.buckets));
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

struct entry *map_find(const struct map *map, uint32_t table, uint64_t hash, struct span key)
{
    return *map_slot(map, table, hash, key);
}

void map_put(struct map *map, struct entry *entry)
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

void map_drop(struct map *map, uint32_t table, uint64_t hash, struct span key)
{
    struct entry **slot = map_slot(map, table, hash, key);
    struct entry *old = *slot;
    if (old != NULL) {
        *slot = old->next;
        map->entry_count--;
        free(old);
    }
}

void map_init(struct map *map)
{
    *map = (struct map){ .bucket_count = 1024 };
    map->buckets = memory_alloc(map->bucket_count * sizeof(*map->buckets));
}

void map_release(struct map *map)
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

static int entry_order(const void *a, const void *b)
{
    return key_compare(entry_key(*(struct entry *const *)a), entry_key(*(struct entry *const *)b));
}

void map_scan(const struct map *map, const struct table *table, struct span from, scan_row *each, void *context)
{
    _Alignas(16) uint8_t row[ROW_SIZE_MAX];
    struct entry **rows = memory_alloc((map->entry_count + 1) * sizeof(struct entry *));
    size_t count = 0;
    for (size_t i = 0; i < map->bucket_count; i++) {
        for (struct entry *entry = map->buckets[i]; entry != NULL; entry = entry->next) {
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
}
