/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of what one person keeps from others without having paid for it, and how much of that is allowed. */
#ifndef LINES_LOCAL_HOARD_ROWS_H
#define LINES_LOCAL_HOARD_ROWS_H

#include "engine/row.h"

#define HOARD_NUMBERS_MAX 50

/* What is counted, or not: kept beside purchases, bookings, meals and waiting places. Numbers are frozen. */
enum hoard_kind {
    HOARD_none = 0,
    HOARD_purchase = 1, /* waits to be paid, with its copies */
    HOARD_booking = 2,  /* held, and waits to be paid */
    HOARD_visit = 3,    /* a booking that is confirmed, and nothing was paid or deposited for it */
    HOARD_waiting = 4,  /* a place on a waiting list, or its offer */
    HOARD_meal = 5,     /* open, and not paid */
    HOARD_never = 6,    /* a shop made it for somebody: it counts for nobody */
};

/* Most that one person may have at once. One row; 0 in a member: the default. */
struct hoard_limits_row {
    int32_t one;
    int32_t purchases_most;
    int32_t copies_most;       /* in purchases that wait to be paid, of all deals */
    int32_t bookings_most;
    int32_t visits_most;
    int32_t waitings_most;
    int32_t numbers_most;      /* of a shop's queues, at most HOARD_NUMBERS_MAX */
    int32_t meals_most;
    int32_t unpaid_day_most;   /* purchases, bookings and meals that ended unpaid on a day */
    int32_t unpaid_minutes;    /* that a shopper may ask for until an unpaid purchase closes */
    int32_t turn_minutes;      /* that who was told of copies has, before the next in the line are told */
    int32_t code_misses_table; /* wrong codes of a table in a minute */
    int32_t code_misses_shopper; /* wrong codes that a shopper shows in a minute, wherever */
};

/* What one person has now. */
struct hoard_row {
    int64_t person_id;
    int32_t purchases, copies, bookings, visits, waitings, meals;
    int32_t day;    /* yyyymmdd of the next */
    int32_t unpaid; /* ended unpaid on that day */
    int64_t code_minute; /* minute since 1970 of the last wrong code of a table that the person showed */
    int32_t code_misses; /* in that minute */
};

struct hoard_number_row {
    int64_t queue_id;
    int32_t number;
};

/* Numbers of a shop's queues that one person took on a day, and that are neither seated nor given up. */
struct hoard_numbers_row {
    int64_t shop_id;
    int64_t person_id;
    int32_t day;
    int32_t numbers_count;
    struct hoard_number_row numbers[HOARD_NUMBERS_MAX];
};

extern const struct table hoard_limits_table;  /* 100 hoard_limits */
extern const struct table hoard_table;         /* 101 hoards */
extern const struct table hoard_numbers_table; /* 102 hoard_numbers */

#endif
