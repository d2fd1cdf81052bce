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
#include "lines/local/voucher_requests.h"
#include "people/people.h"
#include "till/trade.h"

struct deal_row;
struct purchase_row;

#define VOUCHERS_ISSUED_MAX 50               /* vouchers of one purchase */
#define UNDO_WITHIN_US (60 * US_PER_MINUTE)
#define KEEP_RECONCILE_US US_PER_DAY         /* after the last acceptance, tills have a day to tell */
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

/*
 * To be called when `copies` of a deal are on sale again (0: all of a deal that was paused): tells those who wait, in
 * order, as many as they serve.
 */
void voucher_stock_back(struct view *view, const struct moment *at, const struct deal_row *deal, int64_t copies);
/* To be called when a sale has ended: nobody waits any more, in a moment. */
void voucher_sale_ended(struct view *view, const struct moment *at, const struct deal_row *deal);

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

/* ---- commands ---- */

extern const struct command voucher_prepare, voucher_redeem, voucher_undo, redemption_query; /* of shops */
extern const struct command voucher_query, voucher_give, voucher_return;                     /* of holders */
extern const struct command voucher_lapse;                                                   /* the timer's */
extern const struct command voucher_quota_reserve, voucher_quota_release, voucher_quota_query; /* of shops */
extern const struct command voucher_keep, voucher_unkeep; /* the holder sets it aside for a shop, or takes it back */
extern const struct command voucher_reconcile;            /* a till tells what it took without a network */
extern const struct command waiting_join, waiting_leave, waiting_turn;
extern const struct command review_write, review_reply;

extern const struct read voucher_list, redemption_list, conflict_list, voucher_quota_list, voucher_kept_list;
extern const struct read waiting_list, review_list;

#endif
