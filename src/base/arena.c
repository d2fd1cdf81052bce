/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    size_t unused_padding;
    uint8_t bytes[];
};

static_assert(offsetof(struct arena_block, bytes) % 16 == 0, "pieces are 16-byte aligned");

void arena_init(struct arena *arena, size_t block_size, size_t ceiling)
{
    assert(block_size > 0);
    *arena = (struct arena){ .block_size = block_size, .ceiling = ceiling };
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->first;
    while (block != NULL) {
        struct arena_block *next = block->next;
        ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->size);
        free(block);
        block = next;
    }
    *arena = (struct arena){ .block_size = arena->block_size, .ceiling = arena->ceiling };
}

static struct arena_block *block_add(struct arena *arena, size_t size)
{
    size_t want = size > arena->block_size ? size : arena->block_size;
    if (want > arena->ceiling || arena->held > arena->ceiling - want) {
        return NULL;
    }
    struct arena_block *block = malloc(sizeof(*block) + want);
    if (block == NULL) {
        return NULL;
    }
    *block = (struct arena_block){ .size = want };
    ASAN_POISON_MEMORY_REGION(block->bytes, block->size);
    arena->held += want;
    if (arena->current == NULL) {
        arena->first = block;
    } else {
        block->next = arena->current->next;
        arena->current->next = block;
    }
    return block;
}

static void *piece_try(struct arena *arena, size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;
    struct arena_block *block = arena->current;

    if (rounded < size) {
        return NULL;
    }
    while (block == NULL || block->size - block->used < rounded) {
        struct arena_block *next = block != NULL ? block->next : arena->first;
        if (next == NULL || next->size < rounded) {
            next = block_add(arena, rounded);
            if (next == NULL) {
                return NULL;
            }
        }
        next->used = 0;
        block = next;
        arena->current = block;
    }
    void *piece = block->bytes + block->used;
    block->used += rounded;
    ASAN_UNPOISON_MEMORY_REGION(piece, rounded);
    return piece;
}

void *arena_try(struct arena *arena, size_t size)
{
    void *piece = piece_try(arena, size);
    return piece == NULL ? NULL : memset(piece, 0, size);
}

void *arena_try_uncleared(struct arena *arena, size_t size)
{
    return piece_try(arena, size);
}

void *arena_take(struct arena *arena, size_t size)
{
    void *piece = arena_try(arena, size);
    assert(piece != NULL);
    return piece;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
    void *piece = piece_try(arena, size);
    assert(piece != NULL);
    return memcpy(piece, bytes, size);
}

void arena_rewind(struct arena *arena)
{
    for (struct arena_block *block = arena->first; block != NULL; block = block->next) {
        block->used = 0;
        ASAN_POISON_MEMORY_REGION(block->bytes, block->size);
    }
    arena->current = arena->first;
}
