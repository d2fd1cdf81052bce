/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres_spots.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"

#define SPOTS_BITS 21 /* 32 MiB when all of it is used */

/* Two threads may write at once: `mixed` tells whether both halves are of one of them. */
struct spot {
    atomic_uint_least64_t mixed; /* hash ^ spot */
    atomic_uint_least64_t spot;
};

struct spots {
    struct spot rows[1 << SPOTS_BITS];
};

struct spots *spots_open(void)
{
    struct spots *spots = calloc(1, sizeof(*spots)); /* what is never touched takes no memory */
    assert(spots != NULL);
    return spots;
}

void spots_close(struct spots *spots)
{
    free(spots);
}

/* The first of the two rooms that a hash may have. */
static size_t room_of(uint64_t hash)
{
    return (size_t)(hash_mix(hash) >> (64 - SPOTS_BITS)) & ~(size_t)1;
}

void spots_prefetch(const struct spots *spots, uint64_t hash)
{
    __builtin_prefetch(&spots->rows[room_of(hash)]);
}

static uint64_t spot_of(const struct spot *at, uint64_t hash)
{
    uint64_t spot = atomic_load_explicit(&at->spot, memory_order_relaxed);
    return (atomic_load_explicit(&at->mixed, memory_order_relaxed) ^ spot) == hash ? spot : 0;
}

uint64_t spots_find(const struct spots *spots, uint64_t hash)
{
    const struct spot *at = &spots->rows[room_of(hash)];
    uint64_t spot = spot_of(at, hash);
    return spot != 0 ? spot : spot_of(at + 1, hash);
}

void spots_put(struct spots *spots, uint64_t hash, uint64_t spot)
{
    struct spot *at = &spots->rows[room_of(hash)];
    bool taken = atomic_load_explicit(&at->spot, memory_order_relaxed) != 0;
    if (spot_of(at, hash) == 0 && (taken || spot_of(at + 1, hash) != 0)) {
        at++;
    }
    atomic_store_explicit(&at->mixed, hash ^ spot, memory_order_relaxed);
    atomic_store_explicit(&at->spot, spot, memory_order_relaxed);
}

uint64_t spot_read(const char *bytes)
{
    uint64_t spot = 0;
    for (size_t i = 0; i < SPOT_SIZE; i++) {
        spot = spot << 8 | (uint8_t)bytes[i];
    }
    return spot;
}
