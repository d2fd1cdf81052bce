/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onetill bench --door alipay: signed alipay.trade.pay through /gateway.do. RSA is what such a payment costs, on
 * either side the same: so requests are signed before they are needed, by all processors, and only sent while it is
 * measured. Each brand has an app of its own; a few key pairs are shared among them. Answers are checked for what
 * they say as they come, and a sample of their signatures afterwards.
 *
 * One thread but where it says so; others are started and ended within a call.
 */
#ifndef APP_BENCH_ALIPAY_H
#define APP_BENCH_ALIPAY_H

#include "load/driver.h"

struct bench_load;
struct bench_server;

/* What all processors together do of the RSA of a payment: one verification of a request, one signature. */
struct bench_rsa {
    uint64_t per_second;
    int64_t pair_ns; /* CPU time of one, from alipay_verify and alipay_sign as the gateway calls them */
};

struct bench_alipay;

/* Makes keys, opens an app for each brand through the REST door, asks for the platform's key. NULL: it is said. */
MUST_CHECK struct bench_alipay *bench_alipay_open(const struct bench_load *load, struct bench_server *server);
void bench_alipay_close(struct bench_alipay *alipay);

/* For about a second; the server has nothing to do meanwhile. */
struct bench_rsa bench_alipay_rsa(struct bench_alipay *alipay);

/* How many requests a run can need: of the last ceiling that was measured, and a quarter more. */
uint64_t bench_alipay_need(const struct bench_alipay *alipay, uint32_t connections);
/*
 * Plans and signs `count` payments of the load's budget; what was left of the last run is thrown away. On a
 * progress line.
 */
void bench_alipay_prepare(struct bench_alipay *alipay, struct bench_load *load, uint64_t count);

/* A payment that is ready to be sent. */
struct bench_ready {
    char *text; /* the whole request */
    size_t size;
    uint64_t sequence, position, round;
    uint32_t shop;
    int64_t amount_minor;
};
/* The next one, valid until bench_alipay_pass; NULL: there are no more. */
const struct bench_ready *bench_alipay_first(const struct bench_alipay *alipay);
void bench_alipay_pass(struct bench_alipay *alipay);

/*
 * Whether the answer says that this payment was made: its number, its amount. `*discount_minor` is filled in then,
 * else `*code`: what it says instead. Some are kept for bench_alipay_check.
 */
MUST_CHECK bool bench_alipay_paid(struct bench_alipay *alipay, const struct answer_in *answer, int64_t number,
                                  int64_t amount_minor, int64_t *discount_minor, struct span *code);

struct bench_signatures {
    uint64_t checked, wrong;
};
/* Verifies the signatures of the answers that were kept since the last call, and forgets them. */
struct bench_signatures bench_alipay_check(struct bench_alipay *alipay);

struct bench_latency {
    int64_t p50_us, p99_us, p999_us, max_us;
};

/* What a run through the Alipay door tells beside the rest. */
struct bench_gateway {
    struct bench_rsa before, after;
    uint64_t prepared;
    int64_t prepare_us;
    int64_t all_ns, read_ns, verify_ns, write_ns, sign_ns; /* CPU of the workers per payment */
    struct bench_signatures signatures;
    uint64_t beside, beside_per_second;
    struct bench_latency beside_latency;
};

#endif
