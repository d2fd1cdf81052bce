/* SPDX-License-Identifier: Apache-2.0 */
#include "load/random.h"

#include "base/hash.h"

#include <stdlib.h>

#define ONE_Q63 (UINT64_C(1) << 63)
#define LN2_Q32 UINT64_C(2977044472) /* ln 2 in 1/2^32 */
#define ZIPF_WEIGHT_BITS 36 /* weight of the first entry: 2^36, so that 2^24 entries sum below 2^60 */

static_assert((UINT64_C(1) << ZIPF_WEIGHT_BITS) <= (UINT64_C(1) << 62) / RANDOM_TABLE_COUNT_MAX,
              "a Zipf table fits the alias method");

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

void random_init(struct random_source *source, uint64_t seed, uint64_t stream)
{
    uint64_t state = hash_mix(seed) ^ rotate_left(hash_mix(stream + UINT64_C(0x9e3779b97f4a7c15)), 17);
    for (size_t i = 0; i < COUNT_OF(source->state); i++) {
        state += UINT64_C(0x9e3779b97f4a7c15);
        source->state[i] = hash_mix(state);
    }
    /* hash_mix is a bijection of four different numbers: at most one word is 0, and not all four may be. */
    assert((source->state[0] | source->state[1]) != 0);
}

uint64_t random_u64(struct random_source *source)
{
    uint64_t *s = source->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* Lemire's method: the high half of a product is the answer, and the few low halves that would favour some
 * answers are drawn again. */
uint64_t random_below(struct random_source *source, uint64_t count)
{
    assert(count > 0);
    uint128 product = (uint128)random_u64(source) * count;
    if ((uint64_t)product < count) {
        uint64_t unfair = (0 - count) % count;
        while ((uint64_t)product < unfair) {
            product = (uint128)random_u64(source) * count;
        }
    }
    return (uint64_t)(product >> 64);
}

int64_t random_between(struct random_source *source, int64_t low, int64_t high)
{
    assert(low <= high);
    uint64_t width = (uint64_t)high - (uint64_t)low;
    uint64_t step = width == UINT64_MAX ? random_u64(source) : random_below(source, width + 1);
    return (int64_t)((uint64_t)low + step);
}

bool random_chance(struct random_source *source, uint32_t per_million)
{
    return random_below(source, 1000000) < per_million;
}

void random_fill(struct random_source *source, void *bytes, size_t size)
{
    uint8_t *to = bytes;
    while (size > 0) {
        uint64_t word = random_u64(source);
        size_t part = size < sizeof word ? size : sizeof word;
        memcpy(to, &word, part);
        to += part;
        size -= part;
    }
}

/* Binary logarithm in 1/2^32, one bit after the other by squaring. */
static uint64_t log2_q32(uint64_t x)
{
    assert(x > 0);
    unsigned whole = 63 - (unsigned)__builtin_clzll(x);
    uint64_t y = x << (63 - whole); /* 1 <= y < 2 in 1/2^63 */
    uint64_t result = (uint64_t)whole << 32;
    for (unsigned bit = 32; bit-- > 0;) {
        uint128 square = (uint128)y * y; /* 1 <= square < 4 in 1/2^126 */
        if ((square >> 127) != 0) {
            result |= UINT64_C(1) << bit;
            y = (uint64_t)(square >> 64);
        } else {
            y = (uint64_t)(square >> 63);
        }
    }
    return result;
}

static uint64_t square_root(uint128 x)
{
    uint64_t root = 0;
    for (unsigned bit = 64; bit-- > 0;) {
        uint64_t trial = root | (UINT64_C(1) << bit);
        if ((uint128)trial * trial <= x) {
            root = trial;
        }
    }
    return root;
}

/* roots[b] = 2 to the power of minus 2^(b - 32), in 1/2^63. */
static void roots_of_half(uint64_t roots[32])
{
    uint64_t root = ONE_Q63 / 2;
    for (unsigned bit = 32; bit-- > 0;) {
        root = square_root((uint128)root << 63);
        roots[bit] = root;
    }
}

/* 2 to the power of minus `x`/2^32, in 1/2^63. */
static uint64_t exp2_minus(uint64_t x, const uint64_t roots[32])
{
    uint64_t whole = x >> 32;
    uint64_t result = ONE_Q63;
    if (whole >= 64) {
        return 0;
    }
    for (unsigned bit = 0; bit < 32; bit++) {
        if ((x >> bit & 1) != 0) {
            result = (uint64_t)((uint128)result * roots[bit] >> 63);
        }
    }
    return result >> whole;
}

uint64_t random_exponential(struct random_source *source, uint64_t mean)
{
    assert(mean <= RANDOM_MEAN_MAX);
    uint64_t uniform = (random_u64(source) >> 11) + 1; /* 1 .. 2^53 */
    uint64_t minus_log2 = (UINT64_C(53) << 32) - log2_q32(uniform);
    return (uint64_t)((uint128)mean * minus_log2 * LN2_Q32 >> 64);
}

/*
 * Vose's way to fill an alias table. On entry `thresholds` holds weight * count: below the mean (= total) a
 * column has room, above it has too much. Each step fills one column that has room from one that has too
 * much. `work` keeps the two kinds as stacks that grow towards each other.
 */
static void aliases_fill(struct random_table *table, uint32_t *work)
{
    uint32_t small = 0;
    uint32_t large = table->count;
    for (uint32_t i = 0; i < table->count; i++) {
        table->aliases[i] = i;
        if (table->thresholds[i] < table->total) {
            work[small++] = i;
        } else {
            work[--large] = i;
        }
    }
    while (small > 0 && large < table->count) {
        uint32_t poor = work[--small];
        uint32_t rich = work[large];
        table->aliases[poor] = rich;
        table->thresholds[rich] -= table->total - table->thresholds[poor];
        if (table->thresholds[rich] < table->total) {
            large++;
            work[small++] = rich;
        }
    }
    assert(small == 0); /* exact integers: what lacks and what is left over are equal */
}

enum status random_table_init(struct random_table *table, const uint64_t *weights, uint32_t count)
{
    uint128 total = 0;
    *table = (struct random_table){ 0 };
    if (count > RANDOM_TABLE_COUNT_MAX) {
        return STATUS_too_large;
    }
    for (uint32_t i = 0; i < count; i++) {
        total += weights[i];
    }
    if (total == 0 || total * count > (uint128)INT64_MAX) {
        return STATUS_bad_input;
    }
    uint32_t *work = malloc(count * sizeof *work);
    table->thresholds = malloc(count * sizeof *table->thresholds);
    table->aliases = malloc(count * sizeof *table->aliases);
    if (work == NULL || table->thresholds == NULL || table->aliases == NULL) {
        free(work);
        random_table_release(table);
        return STATUS_too_large;
    }
    table->count = count;
    table->total = (uint64_t)total;
    for (uint32_t i = 0; i < count; i++) {
        table->thresholds[i] = weights[i] * count;
    }
    aliases_fill(table, work);
    free(work);
    return STATUS_ok;
}

enum status random_table_zipf(struct random_table *table, uint32_t count, uint32_t exponent)
{
    uint64_t roots[32];
    *table = (struct random_table){ 0 };
    if (count == 0 || exponent > RANDOM_EXPONENT_MAX) {
        return STATUS_bad_input;
    }
    uint64_t *weights = count > RANDOM_TABLE_COUNT_MAX ? NULL : malloc(count * sizeof *weights);
    if (weights == NULL) {
        return STATUS_too_large;
    }
    roots_of_half(roots);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t power = log2_q32((uint64_t)i + 1) * exponent / 1000;
        uint64_t weight = exp2_minus(power, roots) >> (63 - ZIPF_WEIGHT_BITS);
        weights[i] = weight > 0 ? weight : 1;
    }
    enum status status = random_table_init(table, weights, count);
    free(weights);
    return status;
}

uint32_t random_table_pick(const struct random_table *table, struct random_source *source)
{
    assert(table->count > 0);
    uint32_t column = (uint32_t)random_below(source, table->count);
    bool own = random_below(source, table->total) < table->thresholds[column];
    return own ? column : table->aliases[column];
}

void random_table_release(struct random_table *table)
{
    free(table->thresholds);
    free(table->aliases);
    *table = (struct random_table){ 0 };
}
