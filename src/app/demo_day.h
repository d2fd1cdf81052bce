/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files that play the demo's day. An errand is one thing that a till, a phone or the operator
 * has to do; it waits in the minute of the day in which it is due, takes a connection, and its answer may
 * lead to others. Each minute of the day is a short while of real time, so that the pay codes that tills
 * scan are in time: the clock moves on only when no code older than a minute is under way.
 */
#ifndef APP_DEMO_DAY_H
#define APP_DEMO_DAY_H

#include "app/demo.h"
#include "till/paycode_digits.h"

#define CONNECTIONS 96
#define MINUTES_MAX 2048 /* of the clock that errands may wait for: the next morning is 1,440 */
#define COUNTERS 64      /* shops whose counter has a printed QR code in this demo */
#define COUNTER_QR_SIZE 64

enum errand_kind {
    ERRAND_pay,
    ERRAND_repeat,        /* the same payment again; the answer must be the same */
    ERRAND_retry,         /* the same payment again, as nobody knows what became of it */
    ERRAND_confirm,
    ERRAND_decline,
    ERRAND_poll,          /* a trade that nobody confirmed: is it closed? */
    ERRAND_create,        /* a trade to be paid by its QR */
    ERRAND_qr,
    ERRAND_counter,       /* the counter's QR with a typed amount */
    ERRAND_refund,
    ERRAND_refund_again,  /* the same refund again */
    ERRAND_cancel,
    ERRAND_lookup,        /* what became of this number? */
    ERRAND_cancel_number,
    ERRAND_fund,
    ERRAND_clock,
};

enum trick {
    TRICK_none,
    TRICK_stale,  /* a code of minutes ago */
    TRICK_forged, /* digits that nobody's phone shows */
    TRICK_used,   /* a code that was accepted before */
};

/* One payment as its till sends it: the same bytes each time. */
struct order {
    uint32_t serial; /* makes its number and its key */
    uint32_t shop, terminal, shopper;
    int32_t amount_minor;
    uint16_t minute; /* of its code */
    uint8_t goods;
    uint8_t trick;
    char code[PAYCODE_SIZE];
};

struct errand {
    enum errand_kind kind;
    uint16_t tries;
    struct order order;
    int64_t trade_id;
    int64_t amount_minor; /* of a refund, or to fund */
    int64_t left_minor;   /* of the price, before a refund */
    uint32_t number;      /* of the refund, or of the campaign */
    int first_status;     /* repeats: what the first answer was */
    uint64_t first_hash;
    char qr[COUNTER_QR_SIZE];
    struct errand *next;
};

/* What a connection is busy with. */
struct flight {
    struct errand errand;
    enum fault fault;
    bool coded; /* it carries a pay code of `errand.order.minute` */
};

struct play {
    struct played *played;
    const struct double12 *day;
    const struct demo_settings *settings;
    struct demo_budget *budget;
    struct demo_book *book;
    struct random_source random;
    struct flight flights[CONNECTIONS];
    uint32_t in_flight;
    /* errands: in minutes, in order; spent ones are used again */
    struct errand *due_first[MINUTES_MAX], **due_last[MINUTES_MAX];
    uint32_t due_from; /* no errand waits in a minute before */
    uint64_t waiting;
    struct errand *spent;
    struct errand_block *blocks;
    /* the clock */
    int64_t begun_us, ended_us; /* monotonic; ended: when the day's last minute was over */
    uint32_t minute;            /* of the server's clock, as far as it has answered */
    bool clock_moving, clock_jumping, day_over;
    uint32_t coded_in_flight[MINUTES_MAX], coded_total;
    /* people */
    uint32_t serial;
    uint8_t *shopper_flags;    /* enum shopper_flag */
    uint16_t *shopper_minute;  /* the last minute whose code a phone has shown */
    char (*terminal_bearer)[BEARER_SIZE];
    uint32_t guesses_left;     /* of the stolen till */
    bool drinks_gone;
    bool funded;
    struct {
        uint32_t shop;
        char qr[COUNTER_QR_SIZE];
    } counters[COUNTERS];
    uint32_t counter_count;
    uint64_t uses_tried[DOUBLE12_CAMPAIGNS]; /* purchases where the campaign could have applied */
    /* what is shown meanwhile */
    int64_t shown_us;
    uint64_t shown_payments;
};

/* ---- demo_errand.c: what is due when, and what is asked ---- */

/* Adds an errand, copied, `minutes` from now. */
void errand_add(struct play *play, const struct errand *errand, uint32_t minutes);
/* The next one that is due; with `any` also one that is not due yet is looked for: see errand_next_minute. */
bool errand_take(struct play *play, struct errand *errand);
/* The first minute in which something waits. */
uint32_t errand_next_minute(const struct play *play);
void errands_release(struct play *play);

/* A fresh payment of somebody somewhere; false when no phone has a code left for this minute. */
bool order_make(struct play *play, struct order *order);
/* Writes the request of an errand. */
void errand_write(struct play *play, const struct errand *errand, struct http_request *http);

/* ---- demo_answer.c: what the answers lead to ---- */

void errand_answered(struct play *play, const struct flight *flight, const struct answer_in *answer);

/* What a campaign's budget must be to be used up at about 19:30, by what was given so far. */
int64_t budget_until_evening(const struct play *play, uint32_t campaign);

#endif
