/* SPDX-License-Identifier: Apache-2.0 */
/* What onetill bench was told to measure. Filled in by bench.c, read by its other files. */
#ifndef APP_BENCH_SETTINGS_H
#define APP_BENCH_SETTINGS_H

#include "base/base.h"

#define BENCH_RUNS_MAX 32

/* All shops of one half of the city share one campaign; in the other half each brand has its own. */
enum bench_budget {
    BUDGET_hot,
    BUDGET_spread,
};
extern const char *const bench_budget_names[];

enum bench_door {
    DOOR_rest,
    DOOR_alipay,
};
extern const char *const bench_door_names[];

/* What is measured instead of payments: see bench_rush.h. */
enum bench_rush_kind {
    RUSH_none,
    RUSH_claims,
    RUSH_redeem, /* of what was claimed before */
    RUSH_booking, /* of a cinema's seats: see bench_booking.h */
    RUSH_search,  /* for deals near a place: see bench_search.h */
};

struct bench_settings {
    uint32_t connections[BENCH_RUNS_MAX];
    size_t connection_count;
    uint32_t rate; /* 0: closed loop */
    int64_t seconds, warmup;
    uint64_t shoppers;
    uint32_t shops; /* of each half */
    enum bench_budget budget;
    enum bench_door door;
    enum bench_rush_kind rush;
    int64_t price_minor; /* of what is given away */
    uint64_t pieces; /* of a rush: so many are given away, or so many seats are booked, or deals are on the map */
    uint32_t beside; /* of the gateway's connections so many pay through the REST door */
    bool verify_all; /* each answer's signature, not a sample */
    uint64_t seed;
    int64_t http_threads, cache_mb;
    uint32_t servers; /* on one database */
    bool json, matrix, audit;
    bool again; /* in a store that an earlier run left */
    const char *store_path; /* NULL: a temporary one */
    const char *key_path;   /* of its master key; NULL: beside the file */
    const char *timeline_path; /* NULL: none */
};

#endif
