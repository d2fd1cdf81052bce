/* SPDX-License-Identifier: Apache-2.0 */
#include "load/histogram.h"

#define HALF_BITS 10 /* each doubling has 2^10 counters */
#define HALF_COUNT (1u << HALF_BITS)

void histogram_init(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

static size_t counter_of(uint64_t value)
{
    unsigned shift = 0;
    if (value >= 2 * HALF_COUNT) {
        shift = 63 - (unsigned)__builtin_clzll(value) - HALF_BITS;
    }
    size_t index = ((size_t)shift << HALF_BITS) + (size_t)(value >> shift);
    assert(index < HISTOGRAM_COUNTERS);
    return index;
}

/* The greatest value that the counter stands for. */
static int64_t counter_top(size_t index)
{
    if (index < 2 * HALF_COUNT) {
        return (int64_t)index;
    }
    unsigned shift = (unsigned)(index >> HALF_BITS) - 1;
    uint64_t part = index - ((size_t)shift << HALF_BITS);
    return (int64_t)(((part + 1) << shift) - 1);
}

void histogram_record(struct histogram *histogram, int64_t value_us)
{
    uint64_t value = (uint64_t)max_i64(value_us, 0);
    if (histogram->count == 0 || (int64_t)value < histogram->min) {
        histogram->min = (int64_t)value;
    }
    histogram->max = max_i64(histogram->max, (int64_t)value);
    histogram->sum += value;
    histogram->count++;
    if (value > HISTOGRAM_VALUE_MAX) {
        histogram->beyond++;
        value = HISTOGRAM_VALUE_MAX;
    }
    histogram->counters[counter_of(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (from->count == 0) {
        return;
    }
    into->min = into->count == 0 ? from->min : min_i64(into->min, from->min);
    into->max = max_i64(into->max, from->max);
    into->count += from->count;
    into->beyond += from->beyond;
    into->sum += from->sum;
    for (size_t i = 0; i < HISTOGRAM_COUNTERS; i++) {
        into->counters[i] += from->counters[i];
    }
}

int64_t histogram_quantile(const struct histogram *histogram, uint32_t per_million)
{
    assert(per_million <= 1000000);
    uint64_t rank = (uint64_t)(((uint128)histogram->count * per_million + 999999) / 1000000);
    uint64_t seen = 0;
    if (histogram->count == 0) {
        return 0;
    }
    if (rank == 0) {
        return histogram->min;
    }
    for (size_t i = 0; i < HISTOGRAM_COUNTERS; i++) {
        seen += histogram->counters[i];
        if (seen >= rank) {
            /* The last counter in use may also hold values beyond the range. */
            bool beyond = seen == histogram->count && rank > histogram->count - histogram->beyond;
            return beyond ? histogram->max : min_i64(counter_top(i), histogram->max);
        }
    }
    assert(false); /* the counters add up to the count */
    return histogram->max;
}

double histogram_mean(const struct histogram *histogram)
{
    return histogram->count == 0 ? 0.0 : (double)histogram->sum / (double)histogram->count;
}
