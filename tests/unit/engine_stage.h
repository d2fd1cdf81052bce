/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world for testing the engine: counters that may not go below zero, and commands that use every
 * freedom a decision has. Beside it a store that claims not to have rows at hand, so that decisions are made
 * in rounds.
 */
#ifndef TESTS_UNIT_ENGINE_STAGE_H
#define TESTS_UNIT_ENGINE_STAGE_H

#include "engine/engine.h"
#include "store/store.h"

struct counter_row {
    int64_t counter_id;
    int64_t value;
    int64_t next_id; /* another counter, or 0 */
    int64_t changed_us;
};
extern const struct table counter_table;
extern const struct table *const stage_tables[];

struct counter_request {
    int64_t counter_id;
    int64_t amount;
    int64_t other_id;
};
struct counter_answer {
    int64_t value;
    int64_t id; /* fresh */
    int64_t now_us;
};

extern const struct command counter_add;    /* refuses to go below zero: floor_reached */
extern const struct command counter_query;  /* reads */
extern const struct command counter_link;   /* counter -> other */
extern const struct command counter_chase;  /* adds to the last of a chain of links: many rounds */
extern const struct command counter_burn;   /* counter stays changed, other does not, and it refuses */
extern const struct command counter_pass;   /* changes and refuses with attempts_exceeded */
extern const struct command counter_wait;   /* a timer adds 1 to the counter in, or (if large) at, `amount` us */
extern const struct command counter_unwait; /* drops the timer due at `amount` */
extern const struct command counter_drop;
extern const struct command counter_stamp;  /* makes the counter of this very instant: another one in each round */
extern const struct command *const stage_timers[];
#define STAGE_TIMER 1
#define STAGE_TIMER_REFUSED 2 /* its command changes the counter and refuses */

struct stage {
    struct store *memory, *store; /* `store` is `memory` or wraps it */
    struct engine *engine;
    struct engine_settings settings;
    int64_t now_us;
    int32_t forget_percent;
    uint64_t random;
    uint64_t answered; /* calls whose done was called */
    struct call *answered_last;
};

/* `forget_percent`: how often peek says unknown; 0 uses the store as it is. */
void stage_open(struct stage *stage, int32_t forget_percent, const struct memory_settings *memory);
void stage_close(struct stage *stage);
void stage_reopen(struct stage *stage);
/* Steps until nothing is left to do. */
void stage_settle(struct stage *stage);

struct stage_call {
    struct call call;
    struct counter_request request;
    struct counter_answer answer;
    bool done;
    uint64_t done_number;
    struct stage *stage;
};
/* Fills in a call; `key` may be NULL. */
void stage_call_init(struct stage *stage, struct stage_call *call, const struct command *command,
                     struct counter_request request, const char *key);
/* Submits and settles; returns the refusal. */
enum refusal stage_do(struct stage *stage, struct stage_call *call, const struct command *command,
                      struct counter_request request, const char *key);
int64_t stage_value(struct stage *stage, int64_t counter_id); /* -1: no such row */
/* One number for all counters and timers. */
uint64_t stage_print(struct stage *stage);
uint64_t stage_random(uint64_t *state);

#endif
