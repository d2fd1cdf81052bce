/* SPDX-License-Identifier: Apache-2.0 */
/* The model's queues: who has which number of the day, and who is called next. */
#ifndef TESTS_MODEL_LOCAL_QUEUE_H
#define TESTS_MODEL_LOCAL_QUEUE_H

#include "model/model.h"

#define MODEL_QUEUES 2
#define MODEL_PLACES 200

struct local_place {
    int queue, day, number, shopper, state, calls; /* shopper -1: somebody at the door; state: as in the till */
    bool own;                                      /* the shopper took it */
};

struct local_queue {
    int64_t id;
    int shop, people_most, skip_back;
    int waiting[MODEL_PLACES], waiting_count; /* places, in the order in which they are called */
    int day, last;
};

struct local_queues {
    int count, place_count;
    struct local_queue of[MODEL_QUEUES];
    struct local_place places[MODEL_PLACES];
};

extern struct local_queues queues;

/* Each returns the number of a refusal, or 0. `shopper` -1: somebody at the door. */
int local_queue_take(struct model *m, int queue, int shopper, bool own, int people, int *place);
int local_queue_call(struct model *m, int queue, int *place);
int local_queue_end(struct model *m, int place, bool by_shop, int outcome);
/* Who is called before it; -1: it does not wait. */
int local_queue_ahead(int place);

#endif
