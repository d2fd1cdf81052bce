/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vouchers: what a deal's buyer holds, and what a shop takes for it. Their pieces are moved, never made: from the
 * deal's stock to the shopper's account, from there to the shop that redeems them. The money waits in the trade's
 * escrow and follows the pieces: to the shop's takings less the commission, or back to who paid.
 *
 *   - What a redemption takes out of escrow is the pieces' share of what the voucher has left, rounded down; the
 *     last piece takes the rest. The commission of each redemption is rounded down.
 *   - Money of a return goes back as it was paid: to the payer's wallet and to who funded the discounts, whoever
 *     holds the voucher by then.
 *   - A voucher that lapses is refunded when the deal says so or may be returned at any time; otherwise the seller's
 *     shop has earned it.
 *   - Without a network: the holder has the voucher set aside for one shop within that shop's quota. Its pieces are
 *     then on the shop's account, so that no other shop and no return can take them, until the shop's tills have told
 *     what they took or the time is over.
 *
 * Called from decisions. Answers of commands are rows or structs of this header.
 */
#ifndef LINES_LOCAL_VOUCHER_H
#define LINES_LOCAL_VOUCHER_H

#include "base/civil.h"
#include "engine/read.h"
#include "lines/local/voucher_rows.h"
#include "people/people.h"
#include "till/trade.h"

struct deal_row;
struct purchase_row;

#define REDEEM_CODES_MAX 16                  /* vouchers redeemed in one go: their answers fit one kept answer */
#define VOUCHERS_ISSUED_MAX 50               /* vouchers of one purchase */
#define UNDO_WITHIN_US (60 * US_PER_MINUTE)
#define KEEP_RECONCILE_US US_PER_DAY         /* after the last acceptance, tills have a day to tell */
#define RECONCILE_MAX 32                     /* vouchers that a till tells of in one go */
#define QUOTA_PIECES_MAX 100000
#define QUOTA_ACCEPT_MAX_S (30 * 86400)
#define WAITING_TOLD_MAX 20                  /* told by one decision */

/* ---- for deals and give-aways ---- */

/* Vouchers to be made. */
struct voucher_order {
    const struct deal_row *deal;
    const struct purchase_row *purchase; /* NULL: given for nothing */
    const struct trade_row *trade;       /* that was paid and has its price in escrow; NULL: nothing was paid */
    int64_t shopper_id;
    int32_t copies;    /* of the deal: each makes a voucher for each of its parts */
};

/*
 * Moves the pieces to the shopper, out of deal_held of the deal when there is a purchase and out of deal_stock
 * otherwise, makes the vouchers, each with its part's share of the money, and books what was sold. At most
 * VOUCHERS_ISSUED_MAX vouchers, or it is a bug. The first one's row goes to `*first` when that is not NULL, valid until
 * the decision ends; the others' ids are the ones after it in `issued`, which has room for all or is NULL.
 * floor_reached: there are not as many pieces. Rows: three for each voucher (itself, its code, its timer); beside them
 * the transfer, two accounts, and what deal_book changes.
 */
MUST_CHECK enum refusal voucher_issue(struct view *view, struct moment *at, const struct voucher_order *order,
                                      const struct voucher_row **first, int64_t *issued);

/* To be called when pieces of a deal are on sale again: tells those who wait, in order, as many as they serve. */
void voucher_stock_back(struct view *view, const struct moment *at, const struct deal_row *deal);

/* ---- for other doors ---- */

const struct voucher_row *voucher_ask(struct view *view, int64_t voucher_id);
/* By its code, spelled with or without blanks: voucher_malformed, voucher_unknown. A shop that shows many codes that
 * are unknown is not answered for the rest of the minute: attempts_exceeded. A miss is kept with all that the decision
 * changed before: find all codes first. */
enum refusal voucher_find(struct view *view, const struct moment *at, const struct shop_row *shop, const char *code,
                          const struct voucher_row **voucher);

/* What of a voucher a shop wants to take. */
struct voucher_use {
    const struct voucher_row *voucher;
    const struct shop_row *shop;
    int64_t terminal_id;    /* 0: none named */
    int64_t pieces;         /* 0: one; of stored value always 0 */
    int64_t amount_minor;   /* of stored value: to be taken off the face */
    bool offline;           /* told later: what was valid when it was accepted is */
    int64_t accepted_at_us; /* now, except when told later */
};

/* Whether it may be taken there and then, and if not why. */
enum refusal voucher_use_check(struct view *view, const struct moment *at, const struct voucher_use *use);
/* Takes it: pieces to the shop, money to its takings and to fees. */
MUST_CHECK enum refusal voucher_redeem_one(struct view *view, struct moment *at, const struct voucher_use *use,
                                           const struct redemption_row **redemption);
const struct redemption_row *redemption_ask(struct view *view, int64_t redemption_id);
/* Takes a redemption back, within an hour of when it was booked; of a voucher the newest first, and none any more once
 * the rest of it was returned or has lapsed. */
MUST_CHECK enum refusal redemption_undo(struct view *view, struct moment *at, const struct redemption_row *redemption);

/* ---- requests and answers that tests, pages and other doors fill in or read ---- */

struct voucher_code_use {
    char code[24]; /* as scanned or typed */
    int64_t pieces;
    int64_t amount_minor;
};

/* Of voucher_prepare: POST /v1/shops/{shop_id}/vouchers/prepare. */
struct voucher_prepare {
    int64_t shop_id;
    char code[24];
};

/* What a cashier sees before redeeming. */
struct voucher_prepared {
    int64_t voucher_id;
    int64_t deal_id;
    char title[NAME_SIZE];
    char rules[481];        /* the deal's, in plain words, as much as fits */
    int32_t state;          /* enum voucher_state */
    int32_t valid;          /* 1: may be redeemed here and now */
    char why_not[32];       /* name of the refusal otherwise */
    char why_not_text[128]; /* the same in words */
    int64_t pieces_left;
    int64_t face_left_minor;
    int64_t left_minor;     /* money that is in it */
    int32_t currency;
    int64_t valid_until_us;
    int64_t kept_shop_id;
};

/* A voucher as its holder sees it. */
struct voucher {
    struct voucher_row row;
    char title[NAME_SIZE]; /* of the deal */
    int32_t kind;          /* enum deal_kind */
    int32_t refund;        /* enum deal_refund */
    int32_t lapse_refunds;
    int64_t shop_id;       /* in whose name it was sold */
};
extern const struct shape voucher_shape;

/* Of voucher_redeem: POST /v1/shops/{shop_id}/redemptions. All or nothing. */
struct voucher_redeem {
    int64_t shop_id;
    int64_t terminal_id;
    int32_t codes_count;
    struct voucher_code_use codes[REDEEM_CODES_MAX];
};

struct voucher_redeemed {
    int64_t redemption_id;
    int64_t voucher_id;
    int64_t pieces;
    int64_t pieces_left;
    int64_t amount_minor;
    int64_t face_left_minor;
    int64_t gross_minor;
    int64_t commission_minor;
};

struct voucher_redeemed_list {
    int32_t redemptions_count;
    struct voucher_redeemed redemptions[REDEEM_CODES_MAX];
};

/* Of voucher_give: to a shopper by id or by logon id. */
struct voucher_give {
    int64_t voucher_id;
    int64_t to_shopper_id;
    char to_logon_id[LOGON_SIZE];
};

/* Of voucher_return: `pieces` 0: all that is left. */
struct voucher_return {
    int64_t voucher_id;
    int64_t pieces;
};

/* Of voucher_quota_reserve: PUT /v1/shops/{shop_id}/voucher-quotas/{deal_id}. */
struct voucher_quota_reserve {
    int64_t shop_id;
    int64_t deal_id;
    int64_t pieces;
    int32_t accept_in_s; /* from now: how long tills may take vouchers without a network */
};

/* Of voucher_keep: POST /v1/vouchers/{voucher_id}/keep. */
struct voucher_keep {
    int64_t voucher_id;
    int64_t shop_id;
};

/* What a door signs, for tills that have no network. */
struct voucher_kept {
    int64_t voucher_id;
    char code[VOUCHER_CODE_SIZE];
    int64_t deal_id;
    int32_t part;
    int64_t shop_id;
    int64_t pieces;
    int64_t face_left_minor;
    int64_t accept_until_us;
};

/* One voucher that a till took without a network. */
struct voucher_taken {
    char code[24];
    int64_t pieces;
    int64_t amount_minor;
    int64_t accepted_at_us;
};

/* Of voucher_reconcile: POST /v1/shops/{shop_id}/reconciliations. */
struct voucher_reconcile {
    int64_t shop_id;
    int64_t terminal_id;
    int32_t taken_count;
    struct voucher_taken taken[RECONCILE_MAX];
};

struct voucher_reconciled {
    int64_t voucher_id;    /* 0: not known */
    int64_t redemption_id; /* 0: a conflict */
    int32_t reason;        /* enum conflict_reason */
};

struct voucher_reconciled_list {
    int32_t taken_count;
    struct voucher_reconciled taken[RECONCILE_MAX];
};

/* Of waiting_join: POST /v1/deals/{deal_id}/waiting; and of waiting_leave, which ignores copies. */
struct waiting_join {
    int64_t deal_id;
    int64_t shopper_id; /* 0: the caller */
    int32_t copies;     /* 0: one */
};

/* Of review_write: POST /v1/vouchers/{voucher_id}/review. */
struct review_write {
    int64_t voucher_id;
    int32_t stars;
    char text[REVIEW_TEXT_SIZE];
};

/* Of review_reply: POST /v1/reviews/{voucher_id}/reply. */
struct review_reply {
    int64_t voucher_id;
    char reply[REPLY_TEXT_SIZE];
};

/* ---- commands ---- */

extern const struct command voucher_prepare, voucher_redeem, voucher_undo, redemption_query; /* of shops */
extern const struct command voucher_query, voucher_give, voucher_return;                     /* of holders */
extern const struct command voucher_lapse;                                                   /* the timer's */
extern const struct command voucher_quota_reserve, voucher_quota_release, voucher_quota_query; /* of shops */
extern const struct command voucher_keep, voucher_unkeep; /* the holder sets it aside for a shop, or takes it back */
extern const struct command voucher_reconcile;            /* a till tells what it took without a network */
extern const struct command waiting_join, waiting_leave;
extern const struct command review_write, review_reply;

extern const struct read voucher_list, redemption_list, conflict_list, voucher_quota_list, voucher_kept_list;
extern const struct read waiting_list, review_list;

#endif
