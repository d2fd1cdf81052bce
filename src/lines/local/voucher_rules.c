/* SPDX-License-Identifier: Apache-2.0 */
/* What the voucher's commands share: making vouchers, finding them, whether they may be used, their timer. */
#include <stdio.h>

#include "base/checked.h"
#include "engine/engine_rows.h"
#include "lines/local/voucher_code.h"
#include "lines/local/voucher_internal.h"
#include "till/paycode.h"
#include "till/policy.h"

#define CODE_ATTEMPTS_MAX 16 /* more in a row are taken only when the random numbers are none */

const struct voucher_row *voucher_ask(struct view *view, int64_t voucher_id)
{
    struct voucher_row key = { .voucher_id = voucher_id };
    return view_ask(view, &voucher_table, &key);
}

static const struct voucher_code_row *code_ask(struct view *view, const char code[VOUCHER_CODE_SIZE])
{
    struct voucher_code_row key = { .voucher_id = 0 };
    memcpy(key.code, code, sizeof(key.code));
    return view_ask(view, &voucher_code_table, &key);
}

struct account_key pieces_account(int64_t owner_id, enum purpose purpose, int64_t deal_id)
{
    return (struct account_key){ owner_id, (int32_t)purpose, deal_id };
}

struct account_key voucher_account(const struct voucher_row *voucher)
{
    return voucher->kept_shop_id != 0
               ? pieces_account(voucher->kept_shop_id, PURPOSE_offline_quota, voucher->deal_id)
               : pieces_account(voucher->holder_id, PURPOSE_vouchers, voucher->deal_id);
}

/* ---- making them ---- */

/*
 * A code is made of nothing that is another at each round of deciding, as a fresh id is: its row is asked for, to see
 * that it is nobody's yet.
 */
void voucher_code_give(struct view *view, const struct deal_row *deal, struct voucher_row *voucher, int64_t turn,
                       int32_t index)
{
    struct voucher_code_seed seed = { .seed = deal->seed,
                                      .deal_id = deal->deal_id,
                                      .holder_id = voucher->holder_id,
                                      .turn = turn,
                                      .index = index };
    const struct voucher_code_row *code;
    do {
        assert(seed.attempt < CODE_ATTEMPTS_MAX);
        voucher_code_make(&seed, voucher->code);
        code = code_ask(view, voucher->code);
        seed.attempt++;
    } while (row_exists(code));
    struct voucher_code_row *row = view_change(view, code);
    row->voucher_id = voucher->voucher_id;
}

/* What all vouchers of an order have in common. */
struct issue {
    const struct voucher_order *order;
    int64_t turn;
    int64_t valid_until_us;
    int64_t transfer_id;
};

static const struct voucher_row *voucher_make(struct view *view, struct moment *at, const struct issue *issue,
                                              int32_t part, int32_t index)
{
    const struct voucher_order *order = issue->order;
    const struct deal_row *deal = order->deal;
    struct voucher_row key = { .voucher_id = moment_id(at) };
    struct voucher_row *voucher = view_new(view, &voucher_table, &key);
    voucher->deal_id = deal->deal_id;
    voucher->part = part;
    voucher->purchase_id = order->purchase != NULL ? order->purchase->purchase_id : 0;
    voucher->trade_id = order->trade != NULL ? order->trade->trade_id : 0;
    voucher->buyer_id = order->shopper_id;
    voucher->holder_id = order->shopper_id;
    voucher->state = VOUCHER_open;
    voucher->currency = deal->currency;
    voucher->pieces = deal->parts[part].pieces;
    voucher->pieces_left = voucher->pieces;
    voucher->paid_minor = order->trade != NULL ? order->purchase->parts[part].share_minor : 0;
    voucher->left_minor = voucher->paid_minor;
    voucher->face_minor = deal->kind == DEAL_stored_value ? deal->face_minor : 0;
    voucher->face_left_minor = voucher->face_minor;
    voucher->issued_at_us = at->now_us;
    voucher->valid_until_us = issue->valid_until_us;
    voucher->issue_transfer_id = issue->transfer_id;
    voucher_code_give(view, deal, voucher, issue->turn, index);
    voucher_timer_move(view, at, voucher);
    return voucher;
}

enum refusal voucher_issue(struct view *view, struct moment *at, const struct voucher_order *order,
                           const struct voucher_row **first, int64_t *issued)
{
    const struct deal_row *deal = order->deal;
    int64_t shop_id = order->purchase != NULL ? order->purchase->shop_id : deal->shop_id;
    const struct shop_row *seller = shop_ask(view, shop_id);
    struct account_key holder = pieces_account(order->shopper_id, PURPOSE_vouchers, deal->deal_id);
    struct issue issue = { .order = order, .turn = account_ask(view, holder)->transfer_count };
    struct deal_day_row sold = { .sold_copies = order->copies };
    int32_t count = order->copies * deal->parts_count;
    assert(order->copies > 0);
    assert(order->trade == NULL || order->purchase != NULL);
    if (count > VOUCHERS_ISSUED_MAX) {
        assert(view_unsure(view)); /* the deal and the purchase are of different moments */
        return REFUSAL_floor_reached;
    }

    issue.valid_until_us = deal_valid_until(deal, seller, at->now_us);
    struct leg leg = { .from = order->purchase != NULL ? deal_held(deal) : deal_stock(deal),
                       .to = holder,
                       .amount = (int64_t)order->copies * deal->pieces_each };
    struct cause cause = { CAUSE_voucher_issue,
                           order->purchase != NULL ? order->purchase->purchase_id : deal->deal_id };
    enum refusal refusal = ledger_move(view, at, cause, &leg, 1, &issue.transfer_id);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    for (int32_t index = 0; index < count; index++) {
        const struct voucher_row *voucher = voucher_make(view, at, &issue, index % deal->parts_count, index);
        sold.sold_pieces += voucher->pieces;
        sold.sold_minor += voucher->paid_minor;
        if (index == 0 && first != NULL) {
            *first = voucher;
        }
        if (issued != NULL) {
            issued[index] = voucher->voucher_id;
        }
    }
    assert(sold.sold_pieces == leg.amount);
    deal_book(view, at, deal, seller, &sold);
    return REFUSAL_none;
}

/* ---- finding them ---- */

void voucher_use_ask(struct view *view, const struct shop_row *shop, const char *code)
{
    char normal[VOUCHER_CODE_SIZE];
    if (!voucher_code_read(span_of(code), normal)) {
        return;
    }
    const struct voucher_row *voucher = voucher_ask(view, code_ask(view, normal)->voucher_id);
    if (row_exists(voucher)) {
        (void)deal_ask(view, voucher->deal_id);
        (void)deal_place_ask(view, voucher->deal_id, shop->shop_id);
        (void)redemption_ask(view, voucher->last_redemption_id);
        (void)account_ask(view, voucher_account(voucher));
        (void)account_ask(view, pieces_account(shop->shop_id, PURPOSE_redeemed, voucher->deal_id));
        (void)account_ask(view, (struct account_key){ voucher->trade_id, PURPOSE_escrow, voucher->currency });
    }
}

enum refusal voucher_find(struct view *view, const struct moment *at, const struct shop_row *shop, const char *code,
                          const struct voucher_row **voucher)
{
    char normal[VOUCHER_CODE_SIZE];
    struct policy_row policy;
    struct shown_code shown = { .shop = shop };
    policy_ask(view, &policy);
    *voucher = voucher_ask(view, 0);
    if (!voucher_code_read(span_of(code), normal)) {
        return REFUSAL_voucher_malformed; /* mistyped: nobody guesses codes whose last digit does not fit */
    }
    if (paycode_attempts_exceeded(at, &policy, &shown)) {
        return REFUSAL_attempts_exceeded;
    }
    const struct voucher_code_row *row = code_ask(view, normal);
    if (row_exists(row)) {
        *voucher = voucher_ask(view, row->voucher_id);
        return REFUSAL_none;
    }
    struct shop_row *counted = view_change(view, shop);
    int64_t minute = at->now_us / US_PER_MINUTE;
    counted->code_misses = counted->code_minute == minute ? counted->code_misses + 1 : 1;
    counted->code_minute = minute;
    view_keep(view);
    return REFUSAL_voucher_unknown;
}

/* ---- what may be done with them ---- */

enum refusal voucher_held_check(const struct moment *at, const struct voucher_row *voucher)
{
    return row_exists(voucher) && access_shopper(at, voucher->holder_id) ? REFUSAL_none : REFUSAL_voucher_unknown;
}

enum refusal voucher_open_check(const struct voucher_row *voucher, int64_t when_us)
{
    switch (voucher->state) {
    case VOUCHER_redeemed:
        return REFUSAL_voucher_redeemed;
    case VOUCHER_returned:
        return REFUSAL_voucher_returned;
    case VOUCHER_lapsed:
        return REFUSAL_voucher_lapsed;
    default:
        return when_us >= voucher->valid_until_us ? REFUSAL_voucher_lapsed : REFUSAL_none;
    }
}

/* Whether it has as much left as is wanted. */
static bool use_fits(const struct voucher_use *use)
{
    const struct voucher_row *voucher = use->voucher;
    if (voucher->face_minor > 0) {
        return use->pieces == 0 && use->amount_minor > 0 && use->amount_minor <= voucher->face_left_minor;
    }
    return use->pieces >= 0 && use->pieces <= voucher->pieces_left && use->amount_minor == 0;
}

enum refusal voucher_use_check(struct view *view, const struct moment *at, const struct voucher_use *use)
{
    const struct voucher_row *voucher = use->voucher;
    int64_t when_us = use->offline ? use->accepted_at_us : at->now_us;
    if (!row_exists(voucher)) {
        return REFUSAL_voucher_unknown;
    }
    enum refusal refusal = voucher_open_check(voucher, when_us);
    if (refusal == REFUSAL_none) {
        refusal = deal_valid_check(view, deal_ask(view, voucher->deal_id), voucher->part, use->shop, when_us);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (voucher->kept_shop_id != 0 && voucher->kept_shop_id != use->shop->shop_id) {
        return REFUSAL_voucher_kept;
    }
    if (voucher->currency != use->shop->currency) {
        return REFUSAL_currency_differs;
    }
    return use_fits(use) ? REFUSAL_none : REFUSAL_voucher_short;
}

int64_t voucher_share(const struct voucher_row *voucher, int64_t pieces, int64_t amount_minor)
{
    int64_t share_minor;
    int64_t of = voucher->face_minor > 0 ? amount_minor : pieces;
    int64_t whole = voucher->face_minor > 0 ? voucher->face_left_minor : voucher->pieces_left;
    assert(of > 0 && of <= whole);
    bool fits = checked_share(voucher->left_minor, of, whole, ROUND_down, &share_minor);
    assert(fits);
    return share_minor;
}

/* ---- their timer ---- */

void voucher_timer_move(struct view *view, const struct moment *at, struct voucher_row *voucher)
{
    if (voucher->due_us != 0) {
        timer_drop(view, voucher->due_us, TIMER_voucher_lapse, voucher->voucher_id);
        voucher->due_us = 0;
    }
    if (voucher->state == VOUCHER_open) {
        int64_t next_us = voucher->kept_shop_id != 0 ? voucher->kept_until_us : voucher->valid_until_us;
        voucher->due_us = max_i64(next_us, at->now_us); /* what comes back after its time lapses at once */
        timer_set(view, at->now_us, voucher->due_us, TIMER_voucher_lapse, voucher->voucher_id);
    }
}

void voucher_kept_clear(struct voucher_row *voucher)
{
    voucher->kept_shop_id = 0;
    voucher->kept_accept_us = 0;
    voucher->kept_until_us = 0;
}

/* ---- money and looks ---- */

const struct shop_row *voucher_home_shop(struct view *view, const struct deal_row *deal, int32_t part)
{
    int64_t shop_id = deal->shop_id;
    if (deal->parts[part].merchant_id != deal->merchant_id) {
        const struct deal_detail_row *detail = deal_detail_ask(view, deal->deal_id);
        for (int32_t i = detail->shops_count - 1; i >= 0; i--) {
            shop_id = (detail->shops[i].parts >> part & 1) != 0 ? detail->shops[i].shop_id : shop_id;
        }
    }
    return shop_ask(view, shop_id);
}

enum refusal voucher_pay_back(struct view *view, struct moment *at, const struct voucher_row *voucher,
                              int64_t money_minor, const char *why)
{
    if (money_minor == 0) {
        return REFUSAL_none;
    }
    struct refund_row key = { .trade_id = voucher->trade_id };
    snprintf(key.out_request_no, sizeof(key.out_request_no), TRADE_NUMBER_LINE "%lld", (long long)moment_id(at));
    struct refund_row *refund = view_new(view, &refund_table, &key);
    struct trade_row *trade = view_change(view, trade_ask(view, voucher->trade_id));
    refund->amount_minor = money_minor;
    bool fits = span_copy(span_of(why), refund->reason, sizeof(refund->reason));
    assert(fits);
    return trade_give_back(view, at, trade, refund, CLOSE_refunded);
}

void voucher_show(struct view *view, const struct voucher_row *voucher, struct voucher *to)
{
    const struct deal_row *deal = deal_ask(view, voucher->deal_id);
    to->row = *voucher;
    memcpy(to->title, deal->title, sizeof(to->title));
    to->kind = deal->kind;
    to->refund = deal->refund;
    to->lapse_refunds = deal->lapse_refunds;
    to->shop_id = deal->shop_id;
}
