/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/metrics.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/arena.h"

#define MINE_SLOTS 4 /* doors that one thread may serve without forgetting its block */
#define ARENA_SIZE_MAX (256 * 1024 * 1024)

/* The counters of one thread: it alone writes, everybody reads. */
struct metrics_block {
    struct metrics_block *next;
    atomic_uint_fast64_t *outcomes;  /* [route][outcome] */
    atomic_uint_fast64_t *buckets;   /* [route][bucket] */
    atomic_uint_fast64_t *sums_us;   /* [route] */
    atomic_uint_fast64_t *maxima_us; /* [route] */
    atomic_uint_fast64_t spent_ns[METRICS_phase_count];
};

struct metrics {
    struct metrics_settings settings;
    uint64_t number; /* among all that this process ever opened */
    _Atomic(struct metrics_block *) blocks;
    pthread_mutex_t lock; /* guards the arena */
    struct arena arena;
};

static _Thread_local struct {
    uint64_t number;
    struct metrics_block *block;
} mine[MINE_SLOTS];

struct metrics *metrics_open(const struct metrics_settings *settings)
{
    static atomic_uint_fast64_t numbers = 0;
    struct arena arena;
    arena_init(&arena, 64 * 1024, ARENA_SIZE_MAX);
    struct metrics *metrics = arena_take(&arena, sizeof(*metrics));
    metrics->settings = *settings;
    metrics->number = atomic_fetch_add(&numbers, 1) + 1;
    int rc = pthread_mutex_init(&metrics->lock, NULL);
    assert(rc == 0);
    metrics->arena = arena;
    return metrics;
}

void metrics_close(struct metrics *metrics)
{
    struct arena arena = metrics->arena;
    (void)pthread_mutex_destroy(&metrics->lock);
    arena_release(&arena);
}

static struct metrics_block *block_add(struct metrics *metrics)
{
    uint32_t routes = metrics->settings.route_count;
    size_t size = sizeof(atomic_uint_fast64_t);
    pthread_mutex_lock(&metrics->lock);
    struct metrics_block *block = arena_take(&metrics->arena, sizeof(*block));
    block->outcomes = arena_take(&metrics->arena, (size_t)routes * metrics->settings.outcome_count * size);
    block->buckets = arena_take(&metrics->arena, (size_t)routes * METRICS_BUCKETS * size);
    block->sums_us = arena_take(&metrics->arena, routes * size);
    block->maxima_us = arena_take(&metrics->arena, routes * size);
    block->next = atomic_load(&metrics->blocks);
    atomic_store(&metrics->blocks, block);
    pthread_mutex_unlock(&metrics->lock);
    return block;
}

static struct metrics_block *block_of(struct metrics *metrics)
{
    size_t slot = metrics->number % MINE_SLOTS;
    if (mine[slot].number != metrics->number) {
        mine[slot].number = metrics->number;
        mine[slot].block = block_add(metrics);
    }
    return mine[slot].block;
}

static uint64_t value_of(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* One writer: a plain addition, made visible without a locked instruction. */
static void add(atomic_uint_fast64_t *counter, uint64_t count)
{
    atomic_store_explicit(counter, value_of(counter) + count, memory_order_relaxed);
}

static uint32_t bucket_of(uint64_t us)
{
    if (us >> METRICS_BITS_MAX != 0) {
        return METRICS_BUCKETS - 1;
    }
    if (us < 1 << METRICS_SUB_BITS) {
        return (uint32_t)us;
    }
    uint32_t shift = 63 - (uint32_t)__builtin_clzll(us) - METRICS_SUB_BITS;
    return ((shift + 1) << METRICS_SUB_BITS) + (uint32_t)(us >> shift & ((1 << METRICS_SUB_BITS) - 1));
}

/* The largest latency that falls into the bucket. */
static uint64_t bucket_top_us(uint32_t bucket)
{
    if (bucket < 1 << METRICS_SUB_BITS) {
        return bucket;
    }
    uint32_t shift = (bucket >> METRICS_SUB_BITS) - 1;
    uint64_t steps = (1 << METRICS_SUB_BITS) + (bucket & ((1 << METRICS_SUB_BITS) - 1));
    return ((steps + 1) << shift) - 1;
}

void metrics_add(struct metrics *metrics, uint32_t route, uint32_t outcome, int64_t latency_us)
{
    struct metrics_block *block = block_of(metrics);
    assert(route < metrics->settings.route_count);
    assert(outcome < metrics->settings.outcome_count);
    add(&block->outcomes[(size_t)route * metrics->settings.outcome_count + outcome], 1);
    if (latency_us < 0) {
        return;
    }
    uint64_t us = (uint64_t)latency_us;
    add(&block->buckets[(size_t)route * METRICS_BUCKETS + bucket_of(us)], 1);
    add(&block->sums_us[route], us);
    if (us > value_of(&block->maxima_us[route])) {
        atomic_store_explicit(&block->maxima_us[route], us, memory_order_relaxed);
    }
}

void metrics_spend(struct metrics *metrics, enum metrics_phase phase, int64_t ns)
{
    add(&block_of(metrics)->spent_ns[phase], ns > 0 ? (uint64_t)ns : 0);
}

uint64_t metrics_count(struct metrics *metrics, uint32_t route, uint32_t outcome)
{
    uint64_t count = 0;
    size_t at = (size_t)route * metrics->settings.outcome_count + outcome;
    for (struct metrics_block *block = atomic_load(&metrics->blocks); block != NULL; block = block->next) {
        count += value_of(&block->outcomes[at]);
    }
    return count;
}

uint64_t metrics_spent_ns(struct metrics *metrics, enum metrics_phase phase)
{
    uint64_t ns = 0;
    for (struct metrics_block *block = atomic_load(&metrics->blocks); block != NULL; block = block->next) {
        ns += value_of(&block->spent_ns[phase]);
    }
    return ns;
}

static void histogram_add(struct metrics *metrics, uint32_t route, struct metrics_histogram *to)
{
    for (struct metrics_block *block = atomic_load(&metrics->blocks); block != NULL; block = block->next) {
        for (uint32_t bucket = 0; bucket < METRICS_BUCKETS; bucket++) {
            uint64_t count = value_of(&block->buckets[(size_t)route * METRICS_BUCKETS + bucket]);
            to->counts[bucket] += count;
            to->count += count;
        }
        to->sum_us += value_of(&block->sums_us[route]);
        uint64_t max_us = value_of(&block->maxima_us[route]);
        to->max_us = max_us > to->max_us ? max_us : to->max_us;
    }
}

void metrics_histogram(struct metrics *metrics, uint32_t route, struct metrics_histogram *to)
{
    memset(to, 0, sizeof(*to));
    if (route != METRICS_ALL) {
        histogram_add(metrics, route, to);
        return;
    }
    for (uint32_t i = 0; i < metrics->settings.route_count; i++) {
        histogram_add(metrics, i, to);
    }
}

void metrics_histogram_since(struct metrics_histogram *later, const struct metrics_histogram *earlier)
{
    for (uint32_t bucket = 0; bucket < METRICS_BUCKETS; bucket++) {
        later->counts[bucket] -= earlier->counts[bucket];
    }
    later->count -= earlier->count;
    later->sum_us -= earlier->sum_us;
}

uint64_t metrics_quantile_us(const struct metrics_histogram *histogram, uint32_t per_mille)
{
    uint64_t wanted = (histogram->count * per_mille + 999) / 1000;
    uint64_t seen = 0;
    assert(per_mille <= 1000);
    for (uint32_t bucket = 0; bucket < METRICS_BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (seen >= wanted && seen > 0) {
            uint64_t top_us = bucket_top_us(bucket);
            return top_us < histogram->max_us ? top_us : histogram->max_us;
        }
    }
    return 0;
}

/* ---- text ---- */

static void put(struct metrics_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct metrics_text *text, const char *format, ...)
{
    va_list arguments;
    size_t room = text->capacity - text->size;
    if (text->failed) {
        return;
    }
    va_start(arguments, format);
    int size = vsnprintf(text->bytes + text->size, room, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= room) {
        text->failed = true;
    } else {
        text->size += (size_t)size;
    }
}

void metrics_text_head(struct metrics_text *text, const char *name, const char *type, const char *help)
{
    put(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_text_value(struct metrics_text *text, const char *name, const char *type, const char *help,
                        int64_t value)
{
    metrics_text_head(text, name, type, help);
    put(text, "%s %lld\n", name, (long long)value);
}

void metrics_text_labelled(struct metrics_text *text, const char *name, const char *label, const char *of,
                           int64_t value)
{
    put(text, "%s{%s=\"%s\"} %lld\n", name, label, of, (long long)value);
}

void metrics_text_seconds(struct metrics_text *text, const char *name, const char *type, const char *help,
                          int64_t ns)
{
    int64_t shown = max_i64(ns, 0);
    metrics_text_head(text, name, type, help);
    put(text, "%s %lld.%09lld\n", name, (long long)(shown / 1000000000), (long long)(shown % 1000000000));
}

static void put_us(struct metrics_text *text, uint64_t us)
{
    put(text, "%llu.%06llu", (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000));
}

static void route_histogram(struct metrics_text *text, struct metrics *metrics, uint32_t route)
{
    const char *name = metrics->settings.routes[route];
    struct metrics_histogram histogram;
    metrics_histogram(metrics, route, &histogram);
    if (histogram.count == 0) {
        return;
    }
    uint64_t seen = 0;
    uint32_t bucket = 0;
    for (uint32_t bits = 6; bits <= METRICS_BITS_MAX - 2; bits++) {
        while (bucket < METRICS_BUCKETS && bucket_top_us(bucket) < UINT64_C(1) << bits) {
            seen += histogram.counts[bucket++];
        }
        put(text, "onetill_request_duration_seconds_bucket{command=\"%s\",le=\"", name);
        put_us(text, (UINT64_C(1) << bits) - 1);
        put(text, "\"} %llu\n", (unsigned long long)seen);
    }
    put(text, "onetill_request_duration_seconds_bucket{command=\"%s\",le=\"+Inf\"} %llu\n", name,
        (unsigned long long)histogram.count);
    put(text, "onetill_request_duration_seconds_sum{command=\"%s\"} ", name);
    put_us(text, histogram.sum_us);
    put(text, "\nonetill_request_duration_seconds_count{command=\"%s\"} %llu\n", name,
        (unsigned long long)histogram.count);
}

static void route_quantiles(struct metrics_text *text, struct metrics *metrics, uint32_t route)
{
    static const uint32_t per_mille[] = { 500, 990, 999 };
    static const char *const shown[] = { "0.5", "0.99", "0.999" };
    struct metrics_histogram histogram;
    metrics_histogram(metrics, route, &histogram);
    if (histogram.count == 0) {
        return;
    }
    const char *name = metrics->settings.routes[route];
    for (size_t i = 0; i < COUNT_OF(per_mille); i++) {
        put(text, "onetill_request_latency_seconds{command=\"%s\",quantile=\"%s\"} ", name, shown[i]);
        put_us(text, metrics_quantile_us(&histogram, per_mille[i]));
        put(text, "\n");
    }
    put(text, "onetill_request_latency_seconds{command=\"%s\",quantile=\"1\"} ", name);
    put_us(text, histogram.max_us);
    put(text, "\n");
}

void metrics_text_all(struct metrics_text *text, struct metrics *metrics)
{
    const struct metrics_settings *settings = &metrics->settings;
    metrics_text_head(text, "onetill_requests_total", "counter", "Calls by command and how they ended.");
    for (uint32_t route = 0; route < settings->route_count; route++) {
        for (uint32_t outcome = 0; outcome < settings->outcome_count; outcome++) {
            uint64_t count = metrics_count(metrics, route, outcome);
            if (count > 0) {
                put(text, "onetill_requests_total{command=\"%s\",outcome=\"%s\"} %llu\n",
                    settings->routes[route], settings->outcomes[outcome], (unsigned long long)count);
            }
        }
    }
    metrics_text_head(text, "onetill_request_duration_seconds", "histogram",
             "From the complete request to the answer, on this server.");
    for (uint32_t route = 0; route < settings->route_count; route++) {
        route_histogram(text, metrics, route);
    }
    metrics_text_head(text, "onetill_request_latency_seconds", "gauge", "Quantiles of the same since the start.");
    for (uint32_t route = 0; route < settings->route_count; route++) {
        route_quantiles(text, metrics, route);
    }
    metrics_text_seconds(text, "onetill_decode_seconds_total", "counter",
                         "Time spent routing, authenticating and decoding.",
                         (int64_t)metrics_spent_ns(metrics, METRICS_decode));
    metrics_text_seconds(text, "onetill_encode_seconds_total", "counter", "Time spent encoding answers.",
                         (int64_t)metrics_spent_ns(metrics, METRICS_encode));
}
