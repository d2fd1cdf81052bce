/* SPDX-License-Identifier: Apache-2.0 */
#include "support/contested.h"

#include "base/hash.h"
#include "lines/product.h"

#define CONFLICTS_PER_HUNDRED 30
#define AWAY_PER_HUNDRED 5

static enum shared_fate trouble(void *context, enum shared_step step)
{
    struct contested *contested = context;
    contested->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t which = hash_mix(contested->random) % 100;
    if (step != SHARED_commit) {
        return SHARED_go_on;
    }
    return which < CONFLICTS_PER_HUNDRED                      ? SHARED_conflict
           : which < CONFLICTS_PER_HUNDRED + AWAY_PER_HUNDRED ? SHARED_away
                                                              : SHARED_go_on;
}

void contested_open(struct contested *contested, uint64_t seed)
{
    *contested = (struct contested){ .random = seed };
    shared_memory_open(product_tables, NULL, &contested->memory);
    struct shared_join join = { .hook = trouble, .hook_context = contested, .cold = seed % 2 == 1 };
    enum status status = store_shared_join(contested->memory, &join, &contested->store);
    assert(status == STATUS_ok);
}

uint64_t contested_release(struct contested *contested)
{
    struct shared_counts counts;
    shared_memory_counts(contested->memory, &counts);
    shared_memory_close(contested->memory);
    return counts.conflicts;
}
