/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onetill bench --claims and --redeem: a give-away that everybody presses for in the same second, and the counters of
 * the shops that take what was given. Shared with bench.c only. The generator is this process, on one thread; every
 * shopper speaks with a token of its own, every shop too.
 */
#ifndef APP_BENCH_RUSH_H
#define APP_BENCH_RUSH_H

#include "app/bench.h"
#include "base/json_out.h"

struct bench_rush_latency {
    uint64_t count;
    struct bench_latency us;
};

struct bench_rush {
    uint32_t connections;
    uint64_t pieces, shoppers;
    int64_t price_minor;
    /* claims */
    int64_t rush_us;             /* from the first press to the last winner's answer */
    int64_t after_us;            /* from then to the last answer of all */
    uint64_t claims_per_second, losers_per_second;
    struct bench_rush_latency winners, beside, late, repeats; /* beside: losers while winners were answered */
    uint64_t answers_5xx, odd;   /* odd: no answer, or one that breaks a promise */
    uint64_t given, distinct;    /* vouchers by their numbers */
    int64_t left;                /* copies that the server says are left */
    int64_t syncs, batches;      /* of the server meanwhile */
    int64_t http_ns, decide_ns, store_ns; /* CPU time of the server for each press */
    /* redemptions */
    bool redeem;
    int64_t redeem_us;
    uint64_t redeemed, redeemed_per_second, refused_again, redeemed_again;
    struct bench_rush_latency redemptions;
    /* what the store says */
    bool audited;
    struct audit_report audit;
    int64_t audit_us;
    struct bench_error errors[BENCH_ERRORS_MAX];
    size_t error_count;
};

/* On a server that was just started on a fresh city. False: something could not be done at all. */
MUST_CHECK bool bench_rush_run(const struct bench_settings *settings, const struct bench_city *city,
                               struct bench_server *server, struct bench_rush *rush);
/* Afterwards, from the store itself. */
MUST_CHECK bool bench_rush_audit(const char *path, struct audit_report *audit, int64_t *audit_us);
/* Nothing was given twice or too little, nothing redeemed twice, nobody answered with a fault, and the audit holds. */
bool bench_rush_holds(const struct bench_rush *rush);
void bench_rush_words(const struct bench_rush *rush, const struct bench_disk *disk);
void bench_rush_json(const struct bench_rush *rush);

/* ---- shared with the other rushes ---- */

void bench_rush_head(struct http_request *http, const char *path, const char *token);
void bench_rush_body(struct http_request *http, const char *text);
/* Something made by the operator, in its turn; `*made` gets the answer, valid until the next call. NULL: not wanted. */
MUST_CHECK bool bench_rush_post(struct bench_server *server, const char *path, const char *body, struct span *made);
struct bench_rush_latency bench_rush_latency_of(const struct histogram *histogram);
void bench_rush_latency_words(const char *who, const struct bench_rush_latency *latency);
void bench_rush_latency_json(struct json_out *out, const char *key, const struct bench_rush_latency *latency);

#endif
