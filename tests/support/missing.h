/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store over a memory store, of whose rows a share is not at hand when they are peeked at, by chance and by seed. So
 * decisions of one batch are made in other rounds than they came in, and one that came first may be made last: what
 * comes of them must be the same, or as good. One thread; durable at once.
 */
#ifndef TESTS_SUPPORT_MISSING_H
#define TESTS_SUPPORT_MISSING_H

#include "engine/store.h"
#include "support/house.h"

struct missing;

/* `per_hundred` of all peeks know nothing. The house closes it. */
void house_open_missing(struct house *house, uint64_t seed, uint32_t per_hundred);
/* How many peeks of the house's store knew nothing so far. */
uint64_t missing_count(const struct house *house);

#endif
