/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store of a database in memory at which others seem to be busy: many a batch has to be decided anew, and now
 * and then the database is away. Whoever stands on it must notice nothing of that. One thread.
 */
#ifndef TESTS_SUPPORT_CONTESTED_H
#define TESTS_SUPPORT_CONTESTED_H

#include "store/memory_shared.h"

struct contested {
    struct shared_memory *memory;
    struct store *store;
    uint64_t random;
};

void contested_open(struct contested *contested, uint64_t seed);
/* After the store was closed. Returns how many batches had to be decided anew. */
uint64_t contested_release(struct contested *contested);

#endif
