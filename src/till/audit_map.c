/* SPDX-License-Identifier: Apache-2.0 */
#include "till/audit_map.h"

#include <stdlib.h>

#include "base/hash.h"

#define PLACES_FIRST 64
#define ITEMS_FIRST 64

static void *memory_take(struct audit_memory *memory, size_t count, size_t size)
{
    size_t bytes;
    if (memory->exceeded || __builtin_mul_overflow(count, size, &bytes) ||
        (memory->most > 0 && bytes > memory->most - memory->held)) {
        memory->exceeded = true;
        return NULL;
    }
    void *taken = calloc(count, size);
    if (taken == NULL) {
        memory->exceeded = true;
        return NULL;
    }
    memory->held += bytes;
    memory->peak = memory->held > memory->peak ? memory->held : memory->peak;
    return taken;
}

static void memory_give(struct audit_memory *memory, void *taken, size_t bytes)
{
    free(taken);
    memory->held -= bytes;
}

void audit_map_init(struct audit_map *map, struct audit_memory *memory, size_t entry_size, uint32_t key_count)
{
    assert(entry_size % 8 == 0);
    assert(key_count == 1 || key_count == 2);
    assert(entry_size >= key_count * sizeof(int64_t));
    *map = (struct audit_map){ .memory = memory, .entry_size = entry_size, .key_count = key_count };
}

void audit_map_release(struct audit_map *map)
{
    memory_give(map->memory, map->entries, map->place_count * map->entry_size);
    map->entries = NULL;
    map->place_count = 0;
    map->count = 0;
}

static int64_t *entry_at(const struct audit_map *map, size_t place)
{
    return (int64_t *)(void *)(map->entries + place * map->entry_size);
}

static size_t first_place(const struct audit_map *map, int64_t first, int64_t second)
{
    uint64_t hash = hash_mix((uint64_t)first * UINT64_C(0x9e3779b97f4a7c15) + hash_mix((uint64_t)second));
    return (size_t)hash & (map->place_count - 1);
}

/* The entry of the key, or the free place where it belongs. */
static int64_t *place_of(const struct audit_map *map, int64_t first, int64_t second)
{
    size_t place = first_place(map, first, second);
    for (;;) {
        int64_t *entry = entry_at(map, place);
        if (entry[0] == INT64_MIN || (entry[0] == first && (map->key_count == 1 || entry[1] == second))) {
            return entry;
        }
        place = (place + 1) & (map->place_count - 1);
    }
}

static bool map_grow(struct audit_map *map)
{
    struct audit_map wide = *map;
    wide.place_count = map->place_count == 0 ? PLACES_FIRST : map->place_count * 2;
    wide.entries = memory_take(map->memory, wide.place_count, map->entry_size);
    if (wide.entries == NULL) {
        return false;
    }
    for (size_t i = 0; i < wide.place_count; i++) {
        entry_at(&wide, i)[0] = INT64_MIN;
    }
    for (size_t i = 0; i < map->place_count; i++) {
        int64_t *entry = entry_at(map, i);
        if (entry[0] != INT64_MIN) {
            memcpy(place_of(&wide, entry[0], map->key_count == 2 ? entry[1] : 0), entry, map->entry_size);
        }
    }
    memory_give(map->memory, map->entries, map->place_count * map->entry_size);
    *map = wide;
    return true;
}

void *audit_map_get(const struct audit_map *map, int64_t first, int64_t second)
{
    if (map->count == 0 || first == INT64_MIN) {
        return NULL;
    }
    int64_t *entry = place_of(map, first, second);
    return entry[0] == INT64_MIN ? NULL : entry;
}

void *audit_map_put(struct audit_map *map, int64_t first, int64_t second)
{
    assert(map->key_count == 2 || second == 0);
    if (first == INT64_MIN || (3 * (map->count + 1) > 2 * map->place_count && !map_grow(map))) {
        return NULL;
    }
    int64_t *entry = place_of(map, first, second);
    if (entry[0] == INT64_MIN) {
        entry[0] = first;
        if (map->key_count == 2) {
            entry[1] = second;
        }
        map->count++;
    }
    return entry;
}

void audit_map_prefetch(const struct audit_map *map, int64_t first, int64_t second)
{
    if (map->place_count > 0) {
        __builtin_prefetch(entry_at(map, first_place(map, first, second)), 1);
    }
}

void *audit_map_next(const struct audit_map *map, size_t *place)
{
    while (*place < map->place_count) {
        int64_t *entry = entry_at(map, (*place)++);
        if (entry[0] != INT64_MIN) {
            return entry;
        }
    }
    return NULL;
}

void audit_list_init(struct audit_list *list, struct audit_memory *memory, size_t item_size)
{
    assert(item_size > 0);
    *list = (struct audit_list){ .memory = memory, .item_size = item_size };
}

void audit_list_release(struct audit_list *list)
{
    memory_give(list->memory, list->items, list->capacity * list->item_size);
    list->items = NULL;
    list->count = 0;
    list->capacity = 0;
}

void *audit_list_add(struct audit_list *list)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? ITEMS_FIRST : list->capacity + list->capacity / 2;
        uint8_t *wide = memory_take(list->memory, capacity, list->item_size);
        if (wide == NULL) {
            return NULL;
        }
        if (list->count > 0) {
            memcpy(wide, list->items, list->count * list->item_size);
        }
        memory_give(list->memory, list->items, list->capacity * list->item_size);
        list->items = wide;
        list->capacity = capacity;
    }
    return list->items + list->count++ * list->item_size;
}

void *audit_list_at(const struct audit_list *list, size_t index)
{
    assert(index < list->count);
    return list->items + index * list->item_size;
}
