/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One trade is one thing to be paid. WAIT_BUYER_PAY, then TRADE_SUCCESS, or TRADE_CLOSED (timed out,
 * cancelled, declined, or refunded in full). The merchant's out_trade_no makes it idempotent: the same number
 * with the same content is the same trade, with other content it is refused.
 *
 * The answer of every trade command is the trade itself (struct trade_row by its table's shape).
 * Called from decisions.
 */
#ifndef TILL_TRADE_H
#define TILL_TRADE_H

#include "people/people.h"
#include "till/policy.h"
#include "till/till_rows.h"

const struct trade_row *trade_ask(struct view *view, int64_t trade_id);
/* The row does not exist when nothing was said of the trade. */
const struct trade_detail_row *trade_detail_ask(struct view *view, int64_t trade_id);

/* ---- requests that other files fill in: tests, imports, other doors ---- */

struct trade_pay {
    int64_t shop_id;
    int64_t terminal_id;
    char out_trade_no[NUMBER_SIZE];
    char subject[NAME_SIZE];
    int64_t amount_minor;
    int32_t currency;   /* 0: the shop's */
    char pay_code[32];  /* as scanned */
    int64_t code_device_id; /* from the code, by the door; -1: it is not of the form of a pay code */
    int64_t code_step;      /* minute whose code it is, by the door; 0: of none near now */
    int32_t expires_in_s;   /* until it closes when it must wait; 0: the policy's */
    int64_t expires_at_us;  /* the same as a time, by other doors; 0: it follows from the above */
    int32_t royalty_frozen; /* 1: its takings may be split */
    int64_t app_id;         /* by other doors, as some of the detail */
    struct trade_detail detail;
};

struct trade_create {
    int64_t shop_id;
    int64_t terminal_id;
    char out_trade_no[NUMBER_SIZE];
    char subject[NAME_SIZE];
    int64_t amount_minor;
    int32_t currency;
    int32_t expires_in_s; /* 0: the policy's */
    int64_t shopper_id;   /* who alone may pay it; 0: whoever scans it first */
    int32_t way;          /* by other doors: WAY_page; 0: WAY_dynamic */
    int64_t expires_at_us;
    int32_t royalty_frozen;
    int64_t app_id;
    struct trade_detail detail;
};

/* A shopper pays what a QR names: a waiting trade, or a counter with a typed amount. */
struct qr_pay {
    int64_t shopper_id; /* 0: the caller */
    char qr[512];
    int32_t qr_kind;    /* by the door: 0 not ours, 1 a trade, 2 a counter */
    int64_t qr_id;      /* by the door: trade_id or shop_id */
    int64_t amount_minor; /* of a counter */
    char subject[NAME_SIZE];
    int32_t confirmed;  /* the shopper confirmed it on the device (password, fingerprint) */
};

/* The shopper scans a waiting trade and looks at it first: from here on only this shopper may pay it. */
struct qr_scan {
    int64_t shopper_id; /* 0: the caller */
    char qr[512];
    int32_t qr_kind; /* as in qr_pay */
    int64_t qr_id;
};

/* Of trade_query, trade_cancel, trade_close and trade_detail_read. */
struct trade_ref {
    int64_t trade_id;
};

/* Of trade_lookup and trade_cancel_number. */
struct trade_number {
    int64_t merchant_id;
    int64_t shop_id; /* needed only to cancel a number that was never used */
    char out_trade_no[NUMBER_SIZE];
};

/* Of trade_confirm and trade_decline. */
struct trade_answer_shopper {
    int64_t trade_id;
};

struct refund_query {
    int64_t trade_id;
    char out_request_no[NUMBER_SIZE];
};

struct trade_refund {
    int64_t trade_id;
    char out_request_no[NUMBER_SIZE];
    int64_t amount_minor; /* of the price before discounts */
    char reason[NAME_SIZE];
    int32_t royalties_given; /* 1: receivers give back exactly what `royalties` says, and not in proportion */
    int32_t royalties_count;
    struct royalty_return royalties[ROYALTY_PARTS_MAX];
};

extern const struct command trade_pay, trade_create, qr_pay, qr_scan;
extern const struct command trade_confirm, trade_decline;
extern const struct command trade_query, trade_lookup;
extern const struct command trade_cancel, trade_cancel_number, trade_close;
extern const struct command trade_refund, refund_query;
extern const struct command trade_expire; /* the timer's */
extern const struct command trade_preview;
extern const struct command trade_detail_read; /* what its merchant said of it; empty when it said nothing */

/* ---- shared by the trade's files ---- */

#define REFUND_OF_CANCEL "onetill:cancel" /* the out_request_no of what a cancel gives back; nobody else may use it */

struct trade_terms {
    const struct shop_row *shop;
    int64_t terminal_id;
    const char *out_trade_no;
    const char *subject;
    int64_t amount_minor;
    enum trade_way way;
    int64_t expires_at_us;
    int64_t shopper_id; /* 0: not known yet */
    int64_t app_id;
    int32_t royalty_frozen;
    enum line_number line; /* as in trade_row; 0 with the three below: no line's */
    int32_t line_kind;
    int64_t line_id;
    int32_t escrow;
    const struct trade_detail *detail; /* NULL: nothing of it was given */
};

#define TRADE_EXPIRES_MOST_S 1296000 /* 15 days */
/* When a trade closes unpaid: at a given time, in a given number of seconds, or by default. */
enum refusal trade_expiry(const struct moment *at, int64_t expires_at_us, int32_t expires_in_s, int32_t default_s,
                          int64_t *to_us);
/* How a trade is shown: a paid one is finished when its refunds are over, which no row says. */
enum trade_state trade_state_now(const struct trade_row *trade, const struct policy_row *policy, int64_t now_us);
/* A trade as it is shown now, into an answer. */
void trade_show(struct view *view, const struct moment *at, const struct trade_row *trade, void *answer);

/* The trade with this number; its row does not exist when the number is new. */
const struct trade_row *trade_by_number(struct view *view, int64_t merchant_id, const char *out_trade_no);
/* Shops reach what they sold, shoppers see what is theirs; to anybody else a trade does not exist: trade_unknown. */
enum refusal trade_seen_check(struct view *view, const struct moment *at, const struct trade_row *trade);
enum refusal trade_sold_check(struct view *view, const struct moment *at, const struct trade_row *trade);
/* Whether a trade is the one that these terms would open. */
bool trade_agrees(const struct trade_row *trade, const struct trade_terms *terms);
/* Trades at a counter's static code, and those of lines, are numbered by us; nobody else may use such a number. */
#define TRADE_NUMBER_COUNTER "counter-"
#define TRADE_NUMBER_LINE "onetill:"
bool trade_number_reserved(const char *out_trade_no);
/*
 * A new waiting trade with its number, which was asked for and is not there, or is of those that we give and holds a
 * fresh id. The timer is the caller's.
 */
struct trade_row *trade_open(struct view *view, struct moment *at, const struct trade_terms *terms);
/* Whether a waiting trade's time is up: its timer closes it at once or has not come yet. */
bool trade_is_late(const struct moment *at, const struct trade_row *trade);
/* Checks an amount against range, policy and magic. */
enum refusal trade_amount_check(const struct policy_row *policy, int64_t amount_minor);

struct payment {
    const struct policy_row *policy;
    const struct shop_row *shop;
    const struct shopper_row *shopper;
    bool confirmed; /* by the shopper, with a second factor */
    bool guessed;   /* the code may have been guessed: the shopper confirms whatever the amount */
    int64_t expires_at_us; /* of a new trade that must wait; 0: the policy's time to confirm */
};

/*
 * Pays a waiting trade from the shopper's wallet: finds the discount, checks limits, moves the money, books
 * the sums. When the shopper must confirm first, the trade stays waiting with the shopper bound to it and the
 * answer is still REFUSAL_none: look at the state.
 */
enum refusal trade_take(struct view *view, struct moment *at, struct trade_row *trade, const struct payment *payment);
/* Where a trade's price goes: to its shop, or into its escrow until it is earned. */
struct account_key trade_payee(const struct trade_row *trade);
/* What a shop sold and gave back on a day, to be added to. */
struct shop_day_row *shop_day_change(struct view *view, int64_t shop_id, int32_t day);
/* Ends an unpaid trade. */
void trade_end(struct view *view, struct moment *at, struct trade_row *trade, enum close_reason reason);
/* Gives back `amount_minor` of the price; the whole rest closes the trade for `reason`. Fills in the refund's
 * amounts. */
enum refusal trade_give_back(struct view *view, struct moment *at, struct trade_row *trade, struct refund_row *refund,
                             enum close_reason reason);
/*
 * Puts notices for the merchant's endpoints and for the app that opened it into the outbox. `request_no` is that of
 * the refund that it is about; NULL: none.
 */
void trade_notify(struct view *view, struct moment *at, const struct trade_row *trade, enum delivery_topic topic,
                  const char *request_no);

#endif
