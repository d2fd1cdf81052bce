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

/* Zeroed memory in large pages where the kernel has some, not touched yet. Freed by munmap with the same size. */
void *pages_alloc(size_t size);

#endif
