/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deals: what is published, bought and waited for in groups. A deal's pieces are accounts of the unit deal_id: for
 * sale (deal_stock of the deal), in purchases without vouchers (deal_held of the deal), then with their holders.
 *
 * Buying one opens a trade of the line at the seller's shop, whose price lies in the escrow of that trade until it is
 * earned or returned. Vouchers come into being when the trade is paid; those of a group when the group stands.
 * Called from decisions. Amounts are minor units of the deal's currency, before campaigns.
 */
#ifndef LINES_LOCAL_DEAL_H
#define LINES_LOCAL_DEAL_H

#include "engine/command.h"
#include "lines/local/deal_rows.h"
#include "lines/local/place.h"
#include "lines/local/purchase_rows.h"
#include "till/trade.h"

/* Rows by their ids; they do not exist when there is none. */
const struct deal_row *deal_ask(struct view *view, int64_t deal_id);
const struct deal_detail_row *deal_detail_ask(struct view *view, int64_t deal_id);
const struct deal_place_row *deal_place_ask(struct view *view, int64_t deal_id, int64_t shop_id);
const struct shop_place_row *shop_place_ask(struct view *view, int64_t shop_id);
const struct purchase_row *purchase_ask(struct view *view, int64_t purchase_id);
/* The sums of a deal over all shops and days. */
const struct deal_day_row *deal_sum_ask(struct view *view, int64_t deal_id);

struct account_key deal_stock(const struct deal_row *deal);
struct account_key deal_held(const struct deal_row *deal);
/* Out of which pieces come into being, and where they go when nobody can have them any more. */
struct account_key deal_nowhere(const struct deal_row *deal);

/* The deal, when it exists and the caller may change it: deal_unknown, forbidden. */
enum refusal deal_find(struct view *view, const struct moment *at, int64_t deal_id, const struct deal_row **deal);

/*
 * Whether a part of a deal may be redeemed in that shop at that time, or why not: deal_shop_differs, deal_early,
 * deal_day_closed, deal_hour_closed. `part` -1: any of them. When it lapses is the voucher's own matter.
 */
enum refusal deal_valid_check(struct view *view, const struct deal_row *deal, int32_t part, const struct shop_row *shop,
                              int64_t now_us);
/* When what is issued now lapses: the end of its last day as the deal says. */
int64_t deal_valid_until(const struct deal_row *deal, const struct shop_row *seller, int64_t now_us);
/* Whether it is on sale now, or why not: deal_ended, deal_paused, sale_early, sale_over. */
enum refusal deal_sale_check(const struct deal_row *deal, int64_t now_us);

/*
 * Adds to the sums of a day and to those of the deal; members that are no sums are ignored. The day is that of the
 * shop's zone. Whoever issues, redeems, undoes, returns or lets lapse calls it, with the pieces and cents concerned.
 */
void deal_book(struct view *view, const struct moment *at, const struct deal_row *deal, const struct shop_row *shop,
               const struct deal_day_row *more);

/*
 * Copies that a person has of a deal. Refuses with deal_limit_reached above what the deal allows; `copies` may be
 * negative, when whole copies were returned.
 */
MUST_CHECK enum refusal deal_buyer_count(struct view *view, const struct deal_row *deal, int64_t person_id,
                                         int64_t copies);
/*
 * Takes pieces back that were a holder's: to the stock when they are `whole` copies of a deal that still runs,
 * otherwise to nowhere. `from` holds them. The cause is the caller's.
 */
MUST_CHECK enum refusal deal_take_back(struct view *view, struct moment *at, const struct deal_row *deal,
                                       struct account_key from, int64_t pieces, bool whole, struct cause cause);

/* ---- reviews change what people think of a shop ---- */

/* One review more (+1) or less (-1) of that many stars. */
void shop_place_review(struct view *view, int64_t shop_id, int32_t reviews, int32_t stars);

/* ---- purchases ---- */

struct purchase_terms {
    const struct deal_row *deal;
    const struct shopper_row *shopper;
    int64_t price_minor; /* of a copy */
    int32_t copies;
    int64_t give_id;     /* of a give-away at a token price; 0: none */
    int32_t pay_later;   /* 1: the trade waits until it is paid in any way */
    int32_t confirmed;   /* by the shopper, with a second factor */
    int64_t expires_at_us; /* of the waiting trade; 0: by the policy */
};

/* A purchase with its trade as people see it. */
struct purchase {
    struct purchase_row row;
    char title[NAME_SIZE];
    int32_t trade_state;    /* enum trade_state */
    int64_t discount_minor; /* by campaigns */
    int64_t paid_minor;     /* by the shopper */
    int64_t expires_at_us;  /* of a trade that waits */
    int64_t group_short;    /* people that an open group still lacks */
};
extern const struct shape purchase_shape;

/*
 * Opens a purchase: sets the pieces aside, opens the trade and, unless it shall wait, pays it from the wallet. The
 * deal, the shopper and the number of copies were checked; stock and limits are checked here. Fills in `*purchase`.
 */
MUST_CHECK enum refusal purchase_open(struct view *view, struct moment *at, const struct purchase_terms *terms,
                                      struct purchase *purchase);

/* Of the line, for trades of LOCAL_purchase, and for the audit. */
struct local_part;
struct audit_part;
extern const struct local_part purchase_part;
extern const struct audit_part audit_part_deal;

/* ---- requests that other files fill in: imports, tests, give-aways ---- */

/* What a deal is; deal_publish and deal_change. Members as in struct deal_row and struct deal_detail_row. */
struct deal_rules {
    int64_t deal_id; /* of a new one: 0, or chosen from DEAL_ID_LEAST to CHOSEN_ID_MAX */
    int64_t shop_id;
    int32_t kind;
    int32_t category;
    char title[NAME_SIZE];
    char rules[1200];
    char picture[257];
    int64_t price_minor;
    int64_t list_price_minor;
    int64_t face_minor;
    int64_t stock; /* copies, of a new one */
    int64_t sale_from_us, sale_until_us;   /* from 0: now */
    int64_t valid_from_us, valid_until_us; /* from 0: now */
    int32_t valid_days;
    int32_t weekdays;
    int32_t minute_from, minute_to;
    int32_t closed_days_count;
    struct deal_day_closed closed_days[DEAL_CLOSED_DAYS_MAX];
    int32_t copies_per_person;
    int32_t commission_bp; /* only the platform may say another than the default */
    int32_t refund;        /* 0: until expiry */
    int32_t lapse_refunds;
    int64_t group_least;
    int64_t group_until_us;
    int64_t seed; /* by the door */
    int32_t parts_count; /* 0: one part of the seller's, one piece for the whole price */
    struct deal_part parts[DEAL_PARTS_MAX];
    int32_t shops_count; /* 0: the shop that sells it */
    struct deal_shop shops[DEAL_SHOPS_MAX]; /* parts 0: those of the shop's merchant */
};

struct deal_buy {
    int64_t deal_id;
    int64_t shopper_id; /* 0: the caller */
    int32_t copies;     /* 0: one */
    int32_t pay_later;
    int32_t confirmed;
    int32_t expires_in_s; /* of a trade that waits; 0: the policy's */
};

struct shop_place_set {
    int64_t shop_id;
    int32_t latitude_e6, longitude_e6;
    int32_t category;
    char address[257];
    int32_t hours_count;
    struct open_hours hours[7];
};

/* A deal as people see it. */
struct deal {
    struct deal_row row;
    int64_t copies_left; /* that may be bought */
    int64_t sold_copies;
    int64_t buyers;      /* of a group */
};
extern const struct shape deal_shape;

extern const struct command deal_publish, deal_change, deal_stock_add, deal_pause, deal_resume, deal_end;
extern const struct command deal_query, deal_check;
extern const struct command deal_buy, purchase_query, purchase_cancel;
extern const struct command deal_group_settle; /* the timer's */
extern const struct command shop_place_set, shop_place_query;

/* Lists and reports, and what the first of them finds: a deal at the nearest shop that has it. */
struct deal_found {
    int64_t deal_id;
    int64_t shop_id;
    char title[NAME_SIZE];
    char shop_name[NAME_SIZE];
    char picture[257];
    int32_t kind;
    int32_t category;
    int32_t currency;
    int64_t price_minor;
    int64_t list_price_minor;
    int64_t distance_m;
    int32_t latitude_e6, longitude_e6; /* of the shop */
    int32_t rating_tenths;
    int64_t reviews;
    int32_t open; /* 1: the shop is open now */
    int64_t copies_left;
};
extern const struct read deal_near, deal_list, deal_shop_list, deal_detail, deal_day_list, deal_shop_days, deal_money;
extern const struct read purchase_list, deal_purchase_list;

#endif
