/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model's local line: deals, what was bought of them, vouchers and what became of them. Everything is an array
 * that is searched from front to back, and everything is named by its index; what the till calls it is kept beside it.
 * Written from the headers and the commands' summaries. One world at a time.
 */
#ifndef TESTS_MODEL_LOCAL_H
#define TESTS_MODEL_LOCAL_H

#include "model/model.h"

#define LOCAL_DEALS 12
#define LOCAL_PARTS 2
#define LOCAL_PURCHASES 200
#define LOCAL_VOUCHERS 1200
#define LOCAL_REDEMPTIONS 400
#define LOCAL_DAYS 400

/* What a trade pays for; as in the till. */
#define SOLD_purchase 1
#define SOLD_booking 2
#define SOLD_meal 3

/* What a trade pays for; as in the till. */
struct local_share {
    int merchant;
    int64_t pieces, minor; /* minor: of the price of a copy */
    unsigned shops;        /* bits: where it is redeemed */
};

/* What a shop may have set aside of a deal, to be taken without a network. */
struct local_quota {
    int64_t pieces, accept_us, keep_us; /* accept 0: nothing was reserved */
    int64_t taken, conflicts;           /* that tills told: pieces, and how often it did not hold */
};

struct local_deal {
    int64_t id;
    int merchant, shop, kind, state; /* as in the till */
    bool stopped;                    /* by the platform */
    int64_t price, face, commission_bp;
    int64_t sale_from_us, sale_until_us, valid_from_us, valid_until_us;
    int valid_days, weekdays, minute_from, minute_to, closed_day;
    int per_person, refund; /* refund: as in the till */
    bool lapse_refunds;
    int group_least, group_state; /* as in the till */
    int64_t group_until_us, settle_us; /* settle 0: nothing is to be settled */
    int part_count;
    struct local_share parts[LOCAL_PARTS];
    int64_t pieces_each, stock, held, lapsed; /* pieces */
    int64_t copies[MODEL_PEOPLE];             /* that a person has or is about to have */
    int64_t redeemed[MODEL_SHOPS], kept[MODEL_SHOPS]; /* pieces on the shops' accounts */
    struct local_quota quotas[MODEL_SHOPS];
    int64_t stock_copies, awaiting_minor, awaiting_pieces;
};

struct local_purchase {
    int64_t id;
    int deal, shopper, copies, trade, state; /* state: as in the till */
    int64_t amount;
    int64_t shares[LOCAL_PARTS]; /* of a copy */
    int64_t paid_us;
    bool give;   /* of a give-away */
    bool joined; /* a group, and did not leave it */
};

struct local_voucher {
    int64_t id; /* 0: not learnt yet */
    char code[16];
    int deal, part, purchase, trade, buyer, holder, state; /* purchase, trade -1: none */
    int64_t pieces, redeemed, returned, lapsed, left;
    int64_t paid, redeemed_minor, returned_minor, lapsed_minor, left_minor;
    int64_t face, face_left;
    int64_t valid_until_us, due_us;
    int last_redemption, redemptions, gives; /* last_redemption -1: none that stands */
    int stars; /* of its review; 0: there is none */
    int reviewed_shop;
    int kept_shop; /* -1: none */
    int64_t kept_accept_us, kept_until_us;
};

struct local_redemption {
    int64_t id;
    int voucher, shop, holder, previous;
    bool undone;
    int64_t pieces, amount, gross, commission;
    int64_t booked_us, taken_us; /* taken 0: there was a network */
};

/* What became of a deal in a shop on a day. */
struct local_sums {
    int64_t sold_pieces, sold_minor, redeemed_pieces, redeemed_minor, returned_pieces, returned_minor;
    int64_t lapsed_pieces, lapsed_minor, earned_minor, commission_minor, sold_copies;
};

struct local_day {
    int deal, shop, day; /* shop and day -1: in all */
    struct local_sums sums;
};

struct local {
    int deal_count, purchase_count, voucher_count, redemption_count, day_count;
    int64_t fees;
    struct local_deal deals[LOCAL_DEALS];
    struct local_day days[LOCAL_DAYS];
    struct local_purchase purchases[LOCAL_PURCHASES];
    struct local_voucher vouchers[LOCAL_VOUCHERS];
    struct local_redemption redemptions[LOCAL_REDEMPTIONS];
};

/* Of the world that the model is in. */
extern struct local local;

/* Opens the line, in which nothing happened yet: the model asks it about its trades, and what ends by itself. */
void local_begin(struct model *m);

/* ---- deals ---- */

/* The sums that it has to be booked in, and adds them to those of the deal. */
void local_book(struct model *m, int deal, int shop, const struct local_sums *more);
/* Whether it is on sale: a refusal, or 0. */
int local_sale_check(const struct model *m, int deal);
/* Whether a part of it may be redeemed in that shop at that time. */
int local_valid_check(const struct model *m, int deal, int part, int shop, int64_t at_us);
int64_t local_valid_until(const struct model *m, int deal);
/* Pieces that somebody gives back; whole copies go on sale again while the deal runs. */
void local_take_back(struct model *m, int deal, int64_t pieces, bool whole);

struct local_want {
    int deal, shopper, copies;
    bool pay_later, confirmed, give;
    int64_t seconds; /* 0: as usual */
};
/* The trade that it opens has this id. */
int local_buy(struct model *m, const struct local_want *want, int64_t trade_id, int *purchase);
/* People who joined its group. */
int64_t local_buyers(const struct model *m, int deal);
int local_purchase_cancel(struct model *m, int purchase);
int local_pause(struct model *m, int deal, bool platform);
int local_resume(struct model *m, int deal, bool platform);
void local_end(struct model *m, int deal);
int local_stock_add(struct model *m, int deal, int64_t copies);

/* ---- vouchers ---- */

/* `purchase` -1: given for nothing. Returns the first. */
int local_issue(struct model *m, int deal, int purchase, int shopper, int64_t copies);
/* What of it a shop wants to take: a refusal, or 0. */
int local_use_check(const struct model *m, int voucher, int shop, int64_t pieces, int64_t amount);
void local_redeem(struct model *m, int voucher, int shop, int64_t pieces, int64_t amount);
int local_undo(struct model *m, int redemption);
int local_give(struct model *m, int voucher, int to);
int local_return(struct model *m, int voucher, int64_t pieces);
int local_quota_reserve(struct model *m, int deal, int shop, int64_t pieces, int64_t seconds);
/* Sets it aside for one shop; by that shop it is given back. */
int local_keep(struct model *m, int voucher, int shop);
void local_unkeep(struct model *m, int voucher);
/* What a till says that it took at that time, of a voucher that there is since `issued_us`. The redemption, or -1 and
 * why it does not hold, as in the till. */
struct local_taken {
    int voucher, shop;
    int64_t pieces, amount, taken_us, issued_us;
};
int local_told(struct model *m, const struct local_taken *taken, int *reason);
/* Stars of a shop that redeemed it; the same again is the same. */
int local_review(struct model *m, int voucher, int shopper, int stars);
/* Its time, or that of what was set aside, is over. */
void local_voucher_end(struct model *m, int voucher);

/* ---- what ends by itself, and what the till tells: local.c asks them in turn ---- */

int64_t local_deal_due(int *deal);
void local_deal_due_now(struct model *m, int deal);
int64_t local_voucher_due(int *voucher);
int local_purchase_payable(const struct model *m, const struct model_trade *t, int shopper);
void local_purchase_paid(struct model *m, struct model_trade *t);
void local_purchase_ended(struct model *m, const struct model_trade *t);

#endif
