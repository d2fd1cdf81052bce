/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onetill bench: shared by its files only. The generator is this process, on one thread; the server is a
 * child of its own store. A payment counts when it was answered 201 (or 200, for a repeat) with state
 * TRADE_SUCCESS, or by the gateway with code 10000; afterwards each counted one must be found in the store with its
 * amount.
 */
#ifndef APP_BENCH_H
#define APP_BENCH_H

#include <stdio.h>

#include "app/bench_alipay.h"
#include "app/bench_server.h"
#include "app/bench_settings.h"
#include "app/city.h"
#include "load/driver.h"
#include "load/random.h"
#include "till/audit.h"
#include "till/paycode_digits.h"

#define BENCH_ERRORS_MAX 32
#define BENCH_CODE_SIZE 40
#define BENCH_NUMBER_DIGITS 18 /* of a payment's out_trade_no */

/* ---- bench_city.c ---- */

struct bench_city {
    struct city_settings settings;
    struct city_kind kinds[2]; /* by enum bench_budget */
    struct policy_row policy;
    struct city_campaign *campaigns;
    uint64_t commands;
    int64_t fill_us;
};

void bench_city_init(struct bench_city *city, const struct bench_settings *settings);
MUST_CHECK bool bench_city_make(struct bench_city *city, const char *path, int progress_fd);
void bench_city_release(struct bench_city *city);

/* ---- bench_load.c: the requests, and what became of them ---- */

struct bench_error {
    char code[BENCH_CODE_SIZE];
    uint64_t count;
};

struct bench_slot {
    uint64_t sequence;
    int64_t amount_minor;
    bool clock;   /* the request moves the clock */
    bool gateway; /* it is one of the Alipay protocol */
};

/* Lives through all runs against one store. */
struct bench_load {
    const struct bench_settings *settings;
    const struct bench_city *city;
    struct bench_alipay *alipay;        /* NULL: all payments go through the REST door */
    struct histogram *gateway, *beside; /* latencies of a run with both doors, each for itself */
    struct hmac_key paycode_key;
    struct random_source random;
    char (*shop_tokens)[TOKEN_TEXT_SIZE]; /* of every shop */
    char operator_token[TOKEN_TEXT_SIZE];
    struct bench_slot *slots;             /* DRIVER_CONNECTIONS_MAX */
    enum bench_budget budget;
    /* Which shopper is next, and whose minute it is. */
    uint64_t position, round;
    uint64_t first_position; /* shoppers in front of it pay through the gateway */
    int64_t first_step;
    bool clock_pending;
    unsigned permute_bits;
    uint64_t clock_moves;
    /* Payments: number base + sequence. */
    int64_t number_base;
    uint64_t sequence;
    uint8_t *paid; /* a bit for each sequence that counts */
    size_t paid_size;
    uint64_t paid_count;
    int64_t paid_sum_minor, discount_sum_minor;
    /* What each tenth of a second brought, as lines of text; NULL: not wanted. */
    FILE *timeline;
    int64_t run_start_us, timeline_slowest_us;
    uint64_t timeline_paid;
    /* Of the present run. */
    int64_t measure_from_us;
    uint64_t run_paid, run_measured, run_beside, run_unknown;
    struct bench_error errors[BENCH_ERRORS_MAX];
    size_t error_count;
};

MUST_CHECK bool bench_load_open(struct bench_load *load, const struct bench_settings *settings,
                                const struct bench_city *city, struct bench_server *server);
void bench_load_close(struct bench_load *load);
/* What somebody shows at a till in that round; any thread. */
void bench_code_write(const struct bench_load *load, uint64_t position, uint64_t round, char code[PAYCODE_SIZE]);
/* Where the next payment is made, and of how much. */
void bench_payment_draw(struct bench_load *load, uint32_t *shop, int64_t *amount_minor);

struct bench_run {
    enum bench_budget budget;
    enum bench_door door;
    struct bench_gateway gateway;
    uint32_t connections, rate;
    int64_t measured_us;
    uint64_t payments;          /* that count, in the measured time */
    uint64_t payments_all;      /* with the warm-up */
    uint64_t per_second;
    uint64_t empty_before, empty_after; /* answers per second of the empty endpoint */
    uint64_t unknown;           /* neither answered nor refused */
    uint64_t late;              /* open loop: arrivals that found no connection free, or never left */
    uint64_t clock_moves;
    struct bench_latency latency;
    struct bench_latency floor; /* open loop: of the empty endpoint at the same rate */
    struct bench_error errors[BENCH_ERRORS_MAX];
    size_t error_count;
    /* Per payment, the warm-up counted in. */
    int64_t http_ns, decode_ns, encode_ns, decide_ns, store_ns, other_ns, client_ns, database_ns;
    int64_t disk_bytes, store_bytes;
    int64_t syncs_per_second, batch_calls;
    int64_t batch_trips; /* round trips to a database for each batch, in thousandths */
    int64_t conflicts_per_second; /* batches that another process beat */
    int64_t rows_loaded, rows_changed; /* in thousandths */
    int64_t resident_bytes, wal_bytes;
    int load_average_percent; /* of one processor, at the end */
};

/* The empty endpoint, for about a second: the most that HTTP on this machine allows. */
MUST_CHECK bool bench_empty(struct bench_server *server, uint32_t connections, uint64_t *per_second);
/* Of an open loop: how late the empty endpoint's answers are at its rate. What payments add to that is theirs. */
MUST_CHECK bool bench_floor(struct bench_server *server, struct bench_run *run);
MUST_CHECK bool bench_pay(struct bench_load *load, struct bench_server *server, const char *path,
                          struct bench_run *run);

/* ---- bench_verify.c: afterwards, from the store itself ---- */

struct bench_proof {
    uint64_t counted, found, missing, uncounted; /* uncounted: in the store without an answer that was read */
    int64_t counted_minor, found_minor;
    bool audited;
    struct audit_report audit;
    int64_t audit_us;
};

MUST_CHECK bool bench_verify(const struct bench_load *load, const char *path, struct bench_proof *proof);

/* ---- bench_report.c ---- */

struct bench_disk {
    const char *file_system;
    bool real;       /* it survives a power cut */
    int64_t sync_us; /* one write with fdatasync, median */
};

struct bench_report {
    const struct bench_settings *settings;
    const struct bench_city *city;
    struct bench_disk disk;
    int64_t settle_us;
    struct bench_run runs[BENCH_RUNS_MAX];
    size_t run_count;
    struct bench_proof proof;
};

void bench_report_head(const struct bench_report *report);
void bench_report_run(const struct bench_run *run);
void bench_report_end(const struct bench_report *report);
void bench_report_json(const struct bench_report *report);

#endif
