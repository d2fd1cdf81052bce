/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory whose lifetime has a name. An arena grows in blocks up to a ceiling, hands out zeroed, 16-byte
 * aligned pieces, and gives everything back at once. One thread at a time. Blocks are kept for reuse by
 * arena_rewind and freed by arena_release.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"

struct arena_block;

struct arena {
    struct arena_block *first;
    struct arena_block *current;
    size_t block_size; /* bytes of an ordinary block */
    size_t held;       /* bytes of all blocks */
    size_t ceiling;    /* `held` never passes this */
};

void arena_init(struct arena *arena, size_t block_size, size_t ceiling);
void arena_release(struct arena *arena);

/* NULL when the ceiling would be passed: for edges, where input decides the size. */
MUST_CHECK void *arena_try(struct arena *arena, size_t size);
/* The same with whatever bytes were there: for what somebody else will clear or fill in. */
MUST_CHECK void *arena_try_uncleared(struct arena *arena, size_t size);
/* Asserts that it fits: for the inside, where limits are proven. */
void *arena_take(struct arena *arena, size_t size);
/* The same with `size` bytes copied into it. */
void *arena_copy(struct arena *arena, const void *bytes, size_t size);
/* Forgets every piece and keeps the blocks. */
void arena_rewind(struct arena *arena);

#endif
