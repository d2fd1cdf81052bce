/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows in memory, packed (sqlite_cache.c), for the stores that have a database below. Deciding thread only.
 *
 * Each row carries the number of the batch that changed it; a store that is shared says the row's version
 * there, and both only grow. Rows whose number is above `*written` never leave.
 */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

#include "base/span.h"

#include <stdatomic.h>

struct cache;

/* A row as the cache has it. Valid until the next cache_put or cache_drop. */
struct cached {
    struct span image; /* empty when the row is known to be absent */
    uint64_t batch;    /* of its last change, or its version; 0 for one as read from a file */
    bool exists;
    uint8_t round;     /* in which it was put, see cache_round */
};

#define CACHE_BYTES_MOST (INT64_C(16) << 30) /* half of what its handles can name */

/* It takes at most CACHE_BYTES_MOST, however much is allowed. */
struct cache *cache_open(int64_t bytes_max, const atomic_uint_least64_t *written);
void cache_close(struct cache *cache);
/* False: not in the cache. */
MUST_CHECK bool cache_find(struct cache *cache, uint32_t table, struct span key, uint64_t hash,
                           struct cached *cached);
/* A row with this hash will be wanted soon. */
void cache_prefetch(const struct cache *cache, uint64_t hash);
void cache_put(struct cache *cache, uint32_t table, struct span key, uint64_t hash, bool exists,
               struct span image, uint64_t batch);
/* What is put from now on bears this mark: so one can tell what is fresh. */
void cache_round(struct cache *cache, uint8_t round);
/*
 * A row that exists, as the file had it when it held all batches up to `written`, before anybody asked for it. What
 * is there already stays. False: no more of that: three quarters are full, or a row has left that changed later.
 */
MUST_CHECK bool cache_warm(struct cache *cache, uint32_t table, struct span key, uint64_t hash, struct span image,
                           uint64_t written);
/* All rows of the table were put so. If none has left since, what the cache does not have does not exist. */
void cache_warmed(struct cache *cache, uint32_t table);
/* The memory in which rows are looked up. It stays where it is until the cache is closed; any thread may ask. */
void *cache_index(const struct cache *cache, size_t *size);
/* Forgets a row, which may be there or not. */
void cache_drop(struct cache *cache, uint32_t table, struct span key, uint64_t hash);
/* The largest key that may be in the file and not in the cache. */
void cache_ceiling_raise(struct cache *cache, uint32_t table, struct span key);
bool cache_above_ceiling(const struct cache *cache, uint32_t table, struct span key);
void cache_counts(const struct cache *cache, uint64_t *rows, uint64_t *bytes);

#endif
