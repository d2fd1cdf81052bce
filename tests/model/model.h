/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The till once more, as simply as it can be said: arrays that are searched from front to back, no rows, no
 * ledger, no batches. Written from the design and the headers, to disagree with the real one wherever either
 * is wrong. What a random cut gives follows from the trade's id, which the till says. Sizes are fixed and
 * small.
 */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_PEOPLE 6
#define MODEL_SHOPS 4
#define MODEL_CAMPAIGNS 6
#define MODEL_TRADES 600
#define MODEL_REFUNDS 40
#define MODEL_DEPOSITS 200
#define MODEL_LINES 3
#define MODEL_GIVEN 12

struct model_line {
    int campaign;
    int64_t platform, merchant, platform_left, merchant_left;
};

struct model_refund {
    char number[16];
    int64_t amount, paid;
    int64_t back[MODEL_GIVEN]; /* of shares, in the order of the receivers */
};

struct model;

struct model_deposit {
    int shopper, shop, state; /* as in the till */
    int64_t amount, captured, lapses_us;
};

/* What receivers of shares give back with a refund, when it is told. */
struct model_given {
    int count;
    int kind[MODEL_GIVEN], who[MODEL_GIVEN];
    int64_t amount[MODEL_GIVEN];
};

struct model_trade {
    int64_t id;
    char number[40];
    int shop, shopper; /* shopper -1: not known */
    int way, state, reason;
    int64_t list, discount, paid, paid_left, left;
    bool confirmed;
    int day;
    int64_t created_us, paid_us, expires_us; /* expires 0: never */
    int64_t scanned_us;                      /* 0: it was not looked at before it was paid */
    bool frozen;     /* to be split */
    int split;       /* its shares: model/shares.h */
    int64_t royalty; /* what receivers have of it */
    int business;    /* a line of business sold it: what kind of thing it pays for; 0: no line did */
    int sold;        /* which of them */
    bool escrow;     /* the price is set aside until it is earned */
    int64_t in_escrow;
    int line_count, refund_count;
    struct model_line lines[MODEL_LINES];
    struct model_refund refunds[MODEL_REFUNDS];
};

struct model_shopper {
    int person; /* index of the first account of the same person */
    int64_t wallet, held, limit;
    bool blocked;
    int64_t first_paid_us, payments;
    int day;
    int64_t day_code, day_confirmed, day_static;
    int64_t last_step, wrong_minute; /* of his device */
    int last_shop, wrong_codes;
};

struct model_shop {
    int merchant, set, zone_minutes;
    bool open;
    int64_t takings;
};

struct model_use {
    int uses, day, day_uses;
};

struct model_campaign {
    int state, kind; /* as in the till */
    int64_t percent_bp, amount, low, high, seed, cap, minimum, uses_max, day_budget, shop_budget;
    int uses_per_day, uses_per_person, share_bp, priority, minute_from, minute_to, weekdays;
    bool combines, refuse, only_new;
    int target_kind, target; /* merchant, shop or set by number; all */
    int64_t starts_us, ends_us;
    int64_t platform, merchant; /* left of the budget */
    int64_t spent, uses, day_spent;
    int day;
    int64_t shop_spent[MODEL_SHOPS];
    struct model_use people[MODEL_PEOPLE];
};

/* What a line of business has to say about its trades. */
struct model_business {
    int (*payable)(const struct model *m, const struct model_trade *t, int shopper); /* a refusal, or 0 */
    void (*paid)(struct model *m, struct model_trade *t);
    void (*ended)(struct model *m, const struct model_trade *t);            /* without having been paid */
    int (*refundable)(const struct model *m, const struct model_trade *t); /* by its shop: a refusal, or 0 */
    int64_t (*due)(const struct model *m); /* when the next thing of it ends by itself; INT64_MAX: nothing does */
    void (*expire)(struct model *m);       /* ends it */
};

struct model {
    struct model_shopper shoppers[MODEL_PEOPLE];
    struct model_shop shops[MODEL_SHOPS];
    struct model_campaign campaigns[MODEL_CAMPAIGNS];
    int shopper_count, shop_count, campaign_count, trade_count, deposit_count;
    int64_t balances[2]; /* of the merchants */
    bool bound[2][4][MODEL_PEOPLE]; /* by merchant: receivers of shares, by kind */
    int split_count, transfer_count;
    const struct model_business *business; /* NULL: no line of business is open */
    int64_t bank;
    int64_t refund_days;
    int64_t now_us;   /* of the call that is being decided */
    int64_t fresh_id; /* of the trade that the call opens, if it opens one */
    int64_t id_step;  /* from one id to the next */
    /* what is counted of these is in use, the rest may be of another world */
    struct model_trade trades[MODEL_TRADES];
    struct model_deposit deposits[MODEL_DEPOSITS];
};

/* What the model gets wrong on purpose. */
enum model_canary {
    MODEL_CANARY_none,
    MODEL_CANARY_till,   /* discounts are rounded up, left-over cents of a refund go to the last first */
    MODEL_CANARY_packet, /* the mean of what is left in a red packet is rounded up */
    MODEL_CANARY_deal,    /* one person may have one copy more than it says */
    MODEL_CANARY_voucher, /* commissions are rounded up */
    MODEL_CANARY_give,    /* one piece more may be claimed than there are */
    MODEL_CANARY_booking, /* a slot has one place more than it has */
    MODEL_CANARY_seats,   /* single seats may be left */
    MODEL_CANARY_told,    /* what tills took without a network is redeemed once more when it is told again */
    MODEL_CANARY_review,  /* who did not pay for it may review it */
    MODEL_CANARY_meal,    /* service charges are rounded down */
    MODEL_CANARY_ride,    /* what was picked up is delivered without having been at the door */
    MODEL_CANARY_count,
};
extern enum model_canary model_canary;

/* Nobody and nothing; refunds for a year. */
void model_clear(struct model *m);

/* Each returns the number of a refusal, or 0. Trades are named by their index; -1 is one that is not there. */
int model_top_up(struct model *m, int shopper, int64_t amount);
int model_withdraw(struct model *m, int shopper, int64_t amount);
/* `*trade` is the trade that answers. */
int model_pay(struct model *m, int shopper, int shop, const char *number, int64_t amount, int64_t step, int *trade);
/* `shopper` -1: whoever scans it first. */
int model_create(struct model *m, int shop, const char *number, int64_t amount, int64_t seconds, int shopper,
                 int *trade);
/* The shopper scans it, to look at it first. */
int model_look(struct model *m, int shopper, int trade);
/* Whether its refunds are over. */
bool model_finished(const struct model *m, int trade);
int model_scan_trade(struct model *m, int shopper, int trade, bool confirmed);
int model_scan_counter(struct model *m, int shopper, int shop, int64_t amount, bool confirmed, int *trade);
int model_confirm(struct model *m, int shopper, int trade);
int model_decline(struct model *m, int shopper, int trade);
int model_cancel(struct model *m, int trade);
int model_cancel_number(struct model *m, int shop, const char *number, int *trade);
int model_close(struct model *m, int trade);
int model_refund(struct model *m, int trade, const char *number, int64_t amount);
/* The same; `given` NULL: each receiver of shares gives back its part. */
int model_refund_given(struct model *m, int trade, const char *number, int64_t amount, const struct model_given *given);
int model_deposit(struct model *m, int shopper, int shop, int64_t amount, int64_t seconds);
int model_capture(struct model *m, int deposit, int64_t amount);
int model_release(struct model *m, int deposit);
int model_fund(struct model *m, int campaign, int64_t platform, int64_t merchant);
int model_campaign_state(struct model *m, int campaign, int state);
/* yyyymmdd */
int model_date(int64_t us, int zone_minutes);
/* Ends what ran out of time by then, one thing after the other, and what follows from it. */
void model_expire(struct model *m, int64_t now_us);

#endif
