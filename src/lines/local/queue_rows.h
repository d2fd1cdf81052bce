/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of walk-in queues: one a table size, and who has which number. */
#ifndef LINES_LOCAL_QUEUE_ROWS_H
#define LINES_LOCAL_QUEUE_ROWS_H

#include "engine/row.h"
#include "people/people_rows.h"

#define QUEUE_WAITING_MAX 200

enum place_state {
    PLACE_waiting = 1,
    PLACE_called = 2,
    PLACE_seated = 3,
    PLACE_skipped = 4, /* did not come when called, and lost the place */
    PLACE_left = 5,    /* gave it up */
    PLACE_lapsed = 6,  /* shown only: of a day that is over */
};

struct queue_number_row {
    int32_t number;
};

struct queue_row {
    int64_t queue_id;
    int64_t shop_id;
    int64_t merchant_id;
    char name[NAME_SIZE]; /* as people see it: "2-4" */
    char letter[4];       /* before its numbers */
    int32_t people_most;  /* at one table; 0: no limit */
    int32_t skip_back;    /* places that whoever misses a call goes back; 0: the place is lost */
    int32_t open;
    int32_t day;    /* yyyymmdd of the numbers below */
    int32_t number; /* the last that was given out that day */
    int32_t called; /* the last that was called that day */
    int64_t created_at_us;
    int32_t waiting_count;
    struct queue_number_row waiting[QUEUE_WAITING_MAX]; /* in the order in which they are called */
};

struct queue_place_row {
    int64_t queue_id;
    int32_t day;
    int32_t number;
    int64_t shop_id;
    int64_t shopper_id; /* 0: somebody at the door */
    int32_t people;
    int32_t state; /* enum place_state */
    int32_t calls;
    int64_t taken_at_us;
    int64_t called_at_us; /* the last time */
    int64_t ended_at_us;
};

extern const struct table queue_table, queue_place_table;
extern const char *const place_states[];

#endif
