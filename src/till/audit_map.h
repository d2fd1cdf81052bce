/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of an audit: hash maps of fixed-size entries under one or two 64-bit numbers (open addressing,
 * at most 2/3 full), and growing lists. All of it counts against one budget; after the budget is passed
 * nothing is added any more and the caller is told. One thread. No entry is ever removed.
 */
#ifndef TILL_AUDIT_MAP_H
#define TILL_AUDIT_MAP_H

#include "base/base.h"

struct audit_memory {
    size_t held, peak; /* bytes */
    size_t most;       /* 0: no limit but the machine's */
    bool exceeded;
};

/* An entry begins with its key numbers; the rest is the caller's, zero at first. INT64_MIN is no key. */
struct audit_map {
    struct audit_memory *memory;
    uint8_t *entries;
    size_t entry_size; /* a multiple of 8 */
    size_t place_count; /* a power of two, or 0 */
    size_t count;
    uint32_t key_count; /* 1 or 2 */
};

void audit_map_init(struct audit_map *map, struct audit_memory *memory, size_t entry_size, uint32_t key_count);
void audit_map_release(struct audit_map *map);
/* The entry, or NULL. Valid until the next audit_map_put. */
void *audit_map_get(const struct audit_map *map, int64_t first, int64_t second);
/* The entry, fresh when there was none; NULL when the memory is used up. */
void *audit_map_put(struct audit_map *map, int64_t first, int64_t second);
/* Has the place of a key brought to the processor while other work is done. */
void audit_map_prefetch(const struct audit_map *map, int64_t first, int64_t second);
/* Entries one after another: `*place` starts at 0; NULL after the last. */
void *audit_map_next(const struct audit_map *map, size_t *place);

struct audit_list {
    struct audit_memory *memory;
    uint8_t *items;
    size_t item_size, count, capacity;
};

void audit_list_init(struct audit_list *list, struct audit_memory *memory, size_t item_size);
void audit_list_release(struct audit_list *list);
/* A zeroed item at the end; NULL when the memory is used up. Valid until the next audit_list_add. */
void *audit_list_add(struct audit_list *list);
void *audit_list_at(const struct audit_list *list, size_t index);

#endif
