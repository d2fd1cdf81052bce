/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the voucher's files only. Called from decisions. */
#ifndef LINES_LOCAL_VOUCHER_INTERNAL_H
#define LINES_LOCAL_VOUCHER_INTERNAL_H

#include "ledger/ledger.h"
#include "lines/local/deal.h"
#include "lines/local/voucher.h"

/* The account on which a voucher's pieces are: its holder's, or that of the shop that it is set aside for. */
struct account_key voucher_account(const struct voucher_row *voucher);
/* An account of the deal's pieces. */
struct account_key pieces_account(int64_t owner_id, enum purpose purpose, int64_t deal_id);

/*
 * Asks for the rows that it takes to redeem what a code names, and refuses nothing: to be called for all codes of a
 * request before the first one is looked at. A row that is merely not at hand looks like one that does not exist, and a
 * decision that stopped there would have its rows fetched one by one.
 */
void voucher_use_ask(struct view *view, const struct shop_row *shop, const char *code);
/* The voucher, when the caller holds it (or is the platform): voucher_unknown. */
enum refusal voucher_held_check(const struct moment *at, const struct voucher_row *voucher);
/* Whether anything is left of it, or why not: voucher_redeemed, voucher_returned, voucher_lapsed. */
enum refusal voucher_open_check(const struct voucher_row *voucher, int64_t when_us);
/* A code that no voucher has yet, for the `index`th voucher that comes to the holder with its account's next transfer.
 * The code's row names the voucher. */
void voucher_code_give(struct view *view, const struct deal_row *deal, struct voucher_row *voucher, int64_t turn,
                       int32_t index);
/* Sets the voucher's timer to what comes next: the end of its being set aside, or of its validity. Drops the one it
 * had. */
void voucher_timer_move(struct view *view, const struct moment *at, struct voucher_row *voucher);
/* What pieces of it, or an amount off its face, are of the money that it has left. */
int64_t voucher_share(const struct voucher_row *voucher, int64_t pieces, int64_t amount_minor);
/* Ends its being set aside in the row. The pieces and the timer are the caller's. */
void voucher_kept_clear(struct voucher_row *voucher);
/* In whose name a part of the deal is done when nobody redeems it: the seller's, or a shop of the part's merchant. */
const struct shop_row *voucher_home_shop(struct view *view, const struct deal_row *deal, int32_t part);
/* Gives `money_minor` of a voucher back as it was paid. */
MUST_CHECK enum refusal voucher_pay_back(struct view *view, struct moment *at, const struct voucher_row *voucher,
                                         int64_t money_minor, const char *why);
void voucher_show(struct view *view, const struct voucher_row *voucher, struct voucher *to);

#endif
