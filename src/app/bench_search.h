/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onetill bench --search: the shops of the city are spread over forty kilometres, denser in some districts, with so
 * many deals among them, and shoppers look for what is near. Shared with bench.c only. The generator is this process,
 * on one thread.
 */
#ifndef APP_BENCH_SEARCH_H
#define APP_BENCH_SEARCH_H

#include "app/bench_rush.h"

enum search_kind {
    SEARCH_nearest,  /* twenty deals, the nearest first */
    SEARCH_category, /* of one category, up to a price */
    SEARCH_open,     /* in shops that are open now */
    SEARCH_cheapest, /* within 1,500 m, the cheapest first */
    SEARCH_KINDS,
};

struct bench_search {
    uint32_t connections;
    uint64_t deals, shops;
    int64_t fill_us;
    int64_t measured_us;
    uint64_t searches, per_second, empty, wrong, answers_5xx;
    struct bench_rush_latency all, kinds[SEARCH_KINDS];
};

/* Puts shops and deals on the map of a fresh city that nobody serves yet. */
MUST_CHECK bool bench_search_fill(const struct bench_settings *settings, const struct bench_city *city,
                                  const char *path, struct bench_search *search);
MUST_CHECK bool bench_search_run(const struct bench_settings *settings, struct bench_server *server,
                                 struct bench_search *search);
void bench_search_words(const struct bench_search *search, const struct bench_disk *disk);
void bench_search_json(const struct bench_search *search);

#endif
