/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for those who come without a booking: a shop has a queue for each size of table. Numbers begin at 1 on each
 * day of the shop's zone; what waits from the day before is over. Who is called and does not come goes back by
 * `skip_back` places the first time, and loses the place the second time (or at once, when that is 0).
 *
 * Called from decisions.
 */
#ifndef LINES_LOCAL_QUEUE_H
#define LINES_LOCAL_QUEUE_H

#include "engine/command.h"
#include "engine/read.h"
#include "lines/local/queue_rows.h"

struct queue_set {
    int64_t shop_id;
    int64_t queue_id; /* 0: a new one */
    char name[NAME_SIZE];
    char letter[4];
    int32_t people_most;
    int32_t skip_back;
    int32_t closed;
};

struct queue_take {
    int64_t queue_id;
    int64_t shopper_id; /* 0: the caller; of a shop: somebody at the door */
    int32_t people;
};

/* Of queue_call. */
struct queue_ref {
    int64_t queue_id;
};

enum place_outcome {
    OUTCOME_seated = 1,
    OUTCOME_skipped = 2, /* called, and did not come */
    OUTCOME_left = 3,
};

struct queue_place_end {
    int64_t queue_id;
    int32_t number;
    int32_t outcome; /* enum place_outcome */
};

struct queue_place_ref {
    int64_t queue_id;
    int32_t number;
};

/* A place as it is shown: with what the queue knows of it. */
struct queue_place {
    struct queue_place_row row;
    char letter[4];
    int32_t ahead; /* who are called before it; -1: it does not wait */
};
extern const struct shape queue_place_shape;

extern const struct command queue_set, queue_take, queue_call, queue_place_end, queue_place_query;
extern const struct read queue_list, queue_places, queue_mine;

#endif
