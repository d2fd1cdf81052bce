/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory in pieces of one size, the next of which is made ready before it is asked for. The kernel hands out zeroed
 * pages at their first touch; where a piece is one large page, on a virtual machine, that takes 8 ms, which whoever
 * decides payments does not have. One thread takes; a thread of its own makes ready.
 */
#ifndef STORE_SLABS_H
#define STORE_SLABS_H

#include "base/base.h"

struct slabs;

/* Pieces of `size` bytes. Nothing is made and no thread runs until the first is taken. */
struct slabs *slabs_open(size_t size);
/* The pieces that were taken are their taker's. */
void slabs_close(struct slabs *slabs);
/* Zeroed, page-aligned; freed by munmap with the same size. */
void *slabs_take(struct slabs *slabs);

/* What the machine has, or what this process may take of it when that is less (its control group). */
int64_t memory_bytes(void);
/* Makes memory from pages_alloc ready to be written to, as far as the kernel can. Whoever uses it need not wait. */
void pages_ready(void *memory, size_t size);
/* Zeroed memory in large pages where the kernel has some, not touched yet. Freed by munmap with the same size. */
void *pages_alloc(size_t size);

#endif
