/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the door counts: how the calls of each route ended, how long they took on this server, and where the
 * door's own time went. Each thread counts into a block of its own, so counting takes no lock and no locked
 * instruction; reading adds the blocks up and may miss what happens at that moment.
 *
 * Latencies are whole microseconds in log-linear buckets: sixteen to each power of two, so a quantile is at
 * most 6 % too high.
 */
#ifndef DOORS_METRICS_H
#define DOORS_METRICS_H

#include "base/span.h"

#define METRICS_SUB_BITS 4
#define METRICS_BITS_MAX 27 /* beyond 2^27 us, two minutes, all is the last bucket */
#define METRICS_BUCKETS ((METRICS_BITS_MAX - METRICS_SUB_BITS + 1) << METRICS_SUB_BITS)
#define METRICS_ALL UINT32_MAX

struct metrics;

struct metrics_settings {
    const char *const *routes; /* names of commands and reads */
    uint32_t route_count;
    const char *const *outcomes; /* "ok", "repeated", codes */
    uint32_t outcome_count;
};

enum metrics_phase {
    METRICS_decode, /* routing, authentication, decoding */
    METRICS_encode, /* from the wake-up to the answer handed over */
    METRICS_phase_count,
};

struct metrics_histogram {
    uint64_t counts[METRICS_BUCKETS];
    uint64_t count;
    uint64_t sum_us;
    uint64_t max_us; /* since the start */
};

/* The texts must outlive it. Never NULL. */
struct metrics *metrics_open(const struct metrics_settings *settings);
/* No thread may be counting any more. */
void metrics_close(struct metrics *metrics);

/* Any thread. A negative latency is not counted: the call was turned away before it was one. */
void metrics_add(struct metrics *metrics, uint32_t route, uint32_t outcome, int64_t latency_us);
void metrics_spend(struct metrics *metrics, enum metrics_phase phase, int64_t ns);

uint64_t metrics_count(struct metrics *metrics, uint32_t route, uint32_t outcome);
uint64_t metrics_spent_ns(struct metrics *metrics, enum metrics_phase phase);
/* Of one route, or of all together (METRICS_ALL). */
void metrics_histogram(struct metrics *metrics, uint32_t route, struct metrics_histogram *to);
/* What happened between two readings of the same histogram; the maximum stays that of the later one. */
void metrics_histogram_since(struct metrics_histogram *later, const struct metrics_histogram *earlier);
/* The latency that `per_mille` of the calls did not exceed; 0 when there were none. */
uint64_t metrics_quantile_us(const struct metrics_histogram *histogram, uint32_t per_mille);

/* ---- Prometheus text (exposition format 0.0.4) ---- */

/* Sticky: after the buffer is full nothing more is written. */
struct metrics_text {
    char *bytes;
    size_t size, capacity;
    bool failed;
};

/* One metric without labels: "# HELP", "# TYPE" and the value. `type` is "counter" or "gauge". */
void metrics_text_value(struct metrics_text *text, const char *name, const char *type, const char *help,
                        int64_t value);
/* The head of one with labels, and a line of it for one label. The label's value has no quotes. */
void metrics_text_head(struct metrics_text *text, const char *name, const char *type, const char *help);
void metrics_text_labelled(struct metrics_text *text, const char *name, const char *label, const char *of,
                           int64_t value);
/* The same for a time in nanoseconds, shown in seconds. */
void metrics_text_seconds(struct metrics_text *text, const char *name, const char *type, const char *help,
                          int64_t ns);
/* Everything counted here, routes that were never called left out. */
void metrics_text_all(struct metrics_text *text, struct metrics *metrics);

#endif
