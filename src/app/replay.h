/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replay's parts: replay.c fills a store, starts the server and compares; replay_data.c reads what real
 * shops took; replay_play.c makes payments of it. What is real: shops, cities, kinds, and how many payments
 * each shop had on each day. What is invented from a seed: who paid, in which minute, and how much. One thread.
 */
#ifndef APP_REPLAY_H
#define APP_REPLAY_H

#include "app/played.h"
#include "base/limits.h"
#include "load/histogram.h"
#include "load/progress.h"

#define REPLAY_SHOPS_MAX 100000
#define REPLAY_COUNTS_MAX 10000000
#define REPLAY_PAYS_MAX 1000000 /* of one shop in a day */
#define REPLAY_AMOUNT_MAX 45000 /* minor units: two of them are below what needs no confirmation in a day */

struct replay_shop {
    int64_t shop_id;
    int32_t per_pay; /* 1 .. 20: what people spend there, on no known scale */
    char name[NAME_SIZE], city[64], kind[32]; /* blank where the data is */
};

/* How many payments a shop had on a day. */
struct replay_count {
    int32_t day; /* yyyymmdd */
    uint32_t shop; /* index */
    uint32_t pays;
};

struct replay_data {
    struct replay_shop *shops;
    uint32_t shop_count, shop_capacity;
    struct replay_count *counts; /* by day, then by shop */
    size_t count_count, count_capacity;
    uint64_t pays;     /* in all */
    uint64_t day_most; /* on the busiest day */
    uint32_t days;     /* with any payment */
};

struct replay_settings {
    const char *folder, *listen, *store;
    int32_t from, to; /* yyyymmdd, both included */
    uint32_t shops_most; /* 0: all */
    uint64_t seed;
    bool json;
};

/* Reads DIR/shop_info.txt.xz and DIR/pay_daily.csv.xz. False with a sentence in `error`. */
MUST_CHECK bool replay_read(struct replay_data *data, const struct replay_settings *settings, char *error,
                            size_t error_size);
void replay_release(struct replay_data *data);

/* How many shoppers are invented, and what each of them has. */
uint32_t replay_shoppers(const struct replay_data *data);
int64_t replay_balance(const struct replay_data *data);
int64_t replay_device_id(uint32_t shopper);

static inline int64_t replay_shopper_id(uint32_t shopper)
{
    return 1000001 + (int64_t)shopper;
}

static inline int64_t replay_terminal_id(uint32_t shop)
{
    return 100001 + (int64_t)shop;
}

struct replay_result {
    uint64_t payments, refused, unanswered;
    char refusal[160]; /* the first one */
    int64_t took_us;
    struct histogram latency;
};

/* Plays all days. False when the server does not answer any more. */
bool replay_play(struct played *played, const struct replay_data *data, const struct replay_settings *settings,
                 struct progress *progress, struct replay_result *result);
/* From a signal handler: no more requests. */
void replay_stop(void);

#endif
