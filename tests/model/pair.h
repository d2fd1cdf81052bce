/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real till and its model side by side, in one world: every call goes through both and their answers are
 * compared, and so is the whole state when it is asked for. The first difference is kept in words. One thread;
 * everything random follows from `random`.
 */
#ifndef TESTS_MODEL_PAIR_H
#define TESTS_MODEL_PAIR_H

#include "model/model.h"
#include "support/house.h"

#define OLD_CALLS 32
#define REQUEST_MOST 6144

/* A call as it was made, to be made again under the same key. */
struct old_call {
    const struct command *command;
    struct caller caller;
    _Alignas(16) uint8_t request[REQUEST_MOST];
    _Alignas(16) uint8_t answer[4096];
    enum refusal refusal;
    char key[32];
};

struct run;

/* One kind of call, drawn at random, and how often it is made against the others. */
struct call_kind {
    int share; /* 0: the end of the list */
    void (*make)(struct run *run);
};

/* Who takes part in a history: the till itself, and what lines of business add to it. Listed in parts.c. */
struct part {
    const char *name;
    const struct call_kind *calls;
    bool always; /* others need it */
    void (*open)(struct run *run); /* what there is at the beginning, in the till and in the model; NULL: nothing */
    void (*same)(struct run *run); /* compares the whole state of both */
    void (*learn)(struct run *run); /* instants that only the till knows; NULL: there are none */
};

#define PARTS_MAX 12

struct run {
    struct house house;
    struct model model;
    const struct part *parts[PARTS_MAX + 1]; /* that take part in this history; NULL-terminated */
    uint64_t random;
    int64_t base; /* ids of this world are beyond it */
    int64_t trade_ids[MODEL_TRADES];
    int64_t deposit_ids[MODEL_DEPOSITS];
    struct old_call old[OLD_CALLS];
    int old_count;
    int call_number;
    uint64_t key_number;
    bool days_pass; /* in this history */
    int64_t settled_us; /* when everything was done that was due by then */
    const char *wrong;
    char words[256];
};

uint64_t draw(struct run *run);
/* A number below `count`; true in so many of a hundred cases. */
int pick(struct run *run, int count);
bool chance(struct run *run, int percent);
/* What is `index` in the model has this id in the till. */
int64_t id_of(const struct run *run, int index);
/* An amount of some magnitude; sometimes 0, which is refused. */
int64_t amount_make(struct run *run);

/* What both say must be the same; the first difference is kept. */
void same(struct run *run, const char *what, int64_t model, int64_t till);
/* The same for an instant that the till has chosen by itself when it came to it: the model learns it. */
void same_soon(struct run *run, const char *what, int64_t *model_us, int64_t till_us);
void same_refusal(struct run *run, const char *what, int model, enum refusal till);
/* An answer of both to one call about the trade `index` of the model. */
void same_answer(struct run *run, const char *what, int model, enum refusal till, int index,
                 const struct trade_row *row);
/* A deposit as the till says it is. */
void same_deposit(struct run *run, int index, const struct hold_row *row);
/* Merchants' balances and the shares of every trade. */
void same_shares(struct run *run);
/* Every balance, trade, deposit, campaign and shopper; then the state of every other part. */
void same_till(struct run *run);
void same_state(struct run *run);
/* The till's books by themselves. */
void audit(struct run *run);

/* Whatever is due happens in both. */
void time_settle(struct run *run);
/* Calls the till; the model has its time and the id of a trade opened by it afterwards, and what lapsed by then. */
enum refusal call(struct run *run, struct caller caller, const struct command *command, const void *request,
                  void *answer);

/* Single calls through both. */
void do_pay(struct run *run, int shopper, int shop, const char *number, int64_t amount, int64_t minutes);
void do_refund(struct run *run, int index, const char *number, int64_t amount);
void do_refund_given(struct run *run, int index, const char *number, int64_t amount, const struct model_given *given);
/* A royalty or a transfer, at random. */
void do_share(struct run *run);
void do_deposit(struct run *run, int shopper, int shop, int64_t amount, int64_t seconds);
/* `amount` 0: it is given back. */
void do_deposit_end(struct run *run, int deposit, int64_t amount);
/* Any call of any part, at random. */
void do_something(struct run *run);

extern const struct part till_part, deal_part, voucher_part, packet_part, give_part, booking_part_of_model,
    meal_part_of_model, queue_part;
/* Whoever takes part besides the till, when a line of business is open; NULL-terminated. */
extern const struct part *const line_parts[];

#endif
