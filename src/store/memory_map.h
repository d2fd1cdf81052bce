/* SPDX-License-Identifier: Apache-2.0 */
/* Packed rows by key, for stores that live in memory. Not thread-safe. Memory that cannot be had is an assertion. */
#ifndef STORE_MEMORY_MAP_H
#define STORE_MEMORY_MAP_H

#include "engine/store.h"

struct entry {
    struct entry *next;
    uint64_t hash;
    uint32_t table;
    uint16_t key_size, image_size;
    bool exists;
    bool known;      /* peek may answer */
    int64_t flying;  /* of a shared store's rows: stamp of the batch on its way that changed it; 0: none */
    int64_t version; /* of a shared store: stamp of the last change; 0: there is no such row */
    uint64_t round;  /* of a shared store's rows: the batch that last read it */
    uint64_t holder; /* of a shared database's rows: the instance that has it locked; 0: none */
    uint8_t bytes[]; /* key, image */
};

struct map {
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t entry_count;
};

void *memory_alloc(size_t size);

struct entry *entry_new(uint32_t table, uint64_t hash, struct span key, struct span image, bool exists);
struct entry *entry_copy(const struct entry *entry);
struct span entry_key(const struct entry *entry);
struct span entry_image(const struct entry *entry);
/* Fills in what is wanted; NULL: there is no such row. */
void entry_answer(const struct entry *entry, struct row_want *want);
/* An entry of a row as it shall be kept; NULL: it does not fit. */
struct entry *entry_of_change(const struct row_change *change);

void map_init(struct map *map);
void map_release(struct map *map);
/* NULL: not there. */
struct entry *map_find(const struct map *map, uint32_t table, uint64_t hash, struct span key);
/* The map owns the entry and frees the one it replaces. */
void map_put(struct map *map, struct entry *entry);
void map_drop(struct map *map, uint32_t table, uint64_t hash, struct span key);
/* The rows of the table that exist, in key order from `from` on. */
void map_scan(const struct map *map, const struct table *table, struct span from, scan_row *each, void *context);

#endif
