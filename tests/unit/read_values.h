/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For store_reads.c: what each parameter of a read is asked with. Every combination is asked, so keep them few. Ids are
 * those of the day (support/day.h, support/local_day.h) and one that does not exist.
 */
#ifndef TESTS_UNIT_READ_VALUES_H
#define TESTS_UNIT_READ_VALUES_H

#include "support/local_day.h"

static const struct {
    const char *name;
    int64_t values[8];
    size_t count;
} parameters[] = {
    { "merchant_id", { 1, 2, 77 }, 3 },
    { "shop_id", { 1, 2, 3, 77 }, 4 },
    { "shopper_id", { 1, 2, 3, 4, 77 }, 5 },
    { "campaign_id", { 1, 2, 77 }, 3 },
    { "currency", { 0, 840 }, 2 },
    { "state", { 0, 1, 2, 3, 4 }, 5 },
    { "day", { 0, 20141212, 20141213, 20991231 }, 4 },
    { "none", { 0 }, 1 },
    /* deals */
    { "deal_id",
      { LOCAL_DAY_DEAL, LOCAL_DAY_TIMES, LOCAL_DAY_GROUP, LOCAL_DAY_FAILED, LOCAL_DAY_GIVE,
        LOCAL_DAY_LOTTERY, 77 }, 7 },
    { "latitude_e6", { 30250000 }, 1 },
    { "longitude_e6", { 120150000 }, 1 },
    { "radius_m", { 1500, 0 }, 2 },
    { "category", { 0, 1 }, 2 },
    { "price_most_minor", { 0, 1000 }, 2 },
    { "rating_least_tenths", { 0, 40 }, 2 },
    { "open_now", { 0, 1 }, 2 },
    { "order", { 0, 2, 3 }, 3 },
    /* red packets */
    { "packet_id", { LOCAL_DAY_PACKET, LOCAL_DAY_PACKET + 1, LOCAL_DAY_PACKET + 2, 77 }, 4 },
    { "packet_key", { 0, 1 }, 2 },
    /* bookings */
    { "resource_id", { 0, LOCAL_DAY_ROOM, LOCAL_DAY_HALL, 77 }, 4 },
    { "show_id", { LOCAL_DAY_SHOW, 77 }, 2 },
    { "queue_id", { LOCAL_DAY_QUEUE, 77 }, 2 },
    /* meals */
    { "order_id", { LOCAL_DAY_MEAL, 77 }, 2 },
    { "ride_id", { LOCAL_DAY_RIDE, 77 }, 2 },
    { "courier_id", { 4, 77 }, 2 },
    { "station", { 0, 1 }, 2 },
    { "kind", { 0, 2 }, 2 },
    { "all", { 0, 1 }, 2 },
};

#endif
