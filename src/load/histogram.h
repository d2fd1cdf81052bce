/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Latencies in microseconds with three significant digits, 0 to 100 seconds, in constant memory and with
 * constant cost: up to 2047 each value has its own counter, beyond that each doubling is cut into 1024 equal
 * parts (the layout of HdrHistogram). Longer ones are counted as 100 s, but the maximum stays exact.
 *
 * A histogram is only as honest as what is recorded: under a fixed arrival rate the caller records from the
 * instant at which the request should have been sent, not from the one at which it could be (coordinated
 * omission); load/driver.h does. One thread; merge copies of several. Caller's storage, about 150 kB.
 */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include "base/base.h"

#define HISTOGRAM_VALUE_MAX INT64_C(100000000)
#define HISTOGRAM_COUNTERS 18432

struct histogram {
    uint64_t count;
    uint64_t beyond; /* of these, how many were longer than HISTOGRAM_VALUE_MAX */
    uint64_t sum;
    int64_t min, max; /* exact; 0 while the histogram is empty */
    uint64_t counters[HISTOGRAM_COUNTERS];
};

void histogram_init(struct histogram *histogram);
/* A negative value, which a clock that was set back could cause, counts as 0. */
void histogram_record(struct histogram *histogram, int64_t value_us);
void histogram_merge(struct histogram *into, const struct histogram *from);
/*
 * The smallest recorded value that at least `per_million` of a million values do not exceed (500000 is the
 * median), rounded up to what its counter can tell: less than 0.1 % too high, never too low, never above the
 * maximum. 0 when empty.
 */
int64_t histogram_quantile(const struct histogram *histogram, uint32_t per_million);
/* 0 when empty. */
double histogram_mean(const struct histogram *histogram);

#endif
