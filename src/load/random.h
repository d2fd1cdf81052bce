/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeded random numbers for load and invented cities: xoshiro256**, seeded through splitmix64. The same seed
 * and stream give the same numbers on every machine, because everything here is integer arithmetic. Not for
 * keys or secrets: those come from base/os_random.h. One thread per source; a filled table is read-only and
 * may be shared. Tables own heap memory until random_table_release.
 */
#ifndef LOAD_RANDOM_H
#define LOAD_RANDOM_H

#include "base/base.h"

#define RANDOM_TABLE_COUNT_MAX (UINT32_C(1) << 24)
#define RANDOM_MEAN_MAX (UINT64_C(1) << 40)
#define RANDOM_EXPONENT_MAX 5000 /* thousandths */

struct random_source {
    uint64_t state[4];
};

/* Choice by weight in constant time (Walker's alias method, exact: no rounding of the weights). */
struct random_table {
    uint64_t *thresholds; /* column i keeps i below this, of `total` */
    uint32_t *aliases;    /* and gives this one otherwise */
    uint64_t total;
    uint32_t count;
};

/* Sources of one seed and different streams are independent: one for each thread or purpose. */
void random_init(struct random_source *source, uint64_t seed, uint64_t stream);

uint64_t random_u64(struct random_source *source);
/* 0 .. count - 1, each equally likely; `count` is at least 1. */
uint64_t random_below(struct random_source *source, uint64_t count);
/* low .. high, both included. */
int64_t random_between(struct random_source *source, int64_t low, int64_t high);
/* True that many times in a million. */
bool random_chance(struct random_source *source, uint32_t per_million);
/* Exponentially distributed: the gap to the next arrival of a Poisson process. `mean` <= RANDOM_MEAN_MAX. */
uint64_t random_exponential(struct random_source *source, uint64_t mean);
void random_fill(struct random_source *source, void *bytes, size_t size);

/*
 * STATUS_bad_input when all weights are 0 or their sum times `count` passes 2^63, STATUS_too_large when there
 * are more than RANDOM_TABLE_COUNT_MAX or no memory is left. The table is empty then; release is harmless.
 */
MUST_CHECK enum status random_table_init(struct random_table *table, const uint64_t *weights, uint32_t count);
/* Weight of entry i is 1 / (i + 1)^(exponent / 1000): 0 is uniform, 1000 is the classic Zipf law. */
MUST_CHECK enum status random_table_zipf(struct random_table *table, uint32_t count, uint32_t exponent);
uint32_t random_table_pick(const struct random_table *table, struct random_source *source);
void random_table_release(struct random_table *table);

#endif
