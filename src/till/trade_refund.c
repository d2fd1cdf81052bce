/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refunds: partial and repeatable, each under its own out_request_no, never more than what is left. An amount
 * of the price goes back in the proportion in which the price was paid: to the shopper, and to each funder of
 * each discount. Each part gets its share of what is left, rounded down; single minor units left over go to
 * the shopper first, then to the funders in order, never beyond what a part has left. The last refund takes
 * exactly the rest, whatever the order of amounts was.
 */
#include "base/checked.h"
#include "base/civil.h"
#include "ledger/ledger.h"
#include "till/line.h"
#include "till/offer.h"
#include "till/royalty.h"
#include "till/trade.h"

#define PARTS_MAX (1 + 2 * DISCOUNTS_MAX)

struct parts {
    size_t count;
    int64_t *left[PARTS_MAX]; /* what each part has left: the shopper's first */
    int64_t back[PARTS_MAX];
    struct account_key account[PARTS_MAX];
};

static void part_add(struct parts *parts, int64_t *left, struct account_key account)
{
    parts->left[parts->count] = left;
    parts->account[parts->count++] = account;
}

static void parts_of(struct trade_row *trade, struct parts *parts)
{
    int64_t unit = trade->currency;
    *parts = (struct parts){ 0 };
    part_add(parts, &trade->paid_left_minor, (struct account_key){ trade->shopper_id, PURPOSE_wallet, unit });
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        struct discount_row *line = &trade->discounts[i];
        part_add(parts, &line->platform_left_minor,
                 (struct account_key){ line->campaign_id, PURPOSE_budget_platform, unit });
        part_add(parts, &line->merchant_left_minor,
                 (struct account_key){ line->campaign_id, PURPOSE_budget_merchant, unit });
    }
}

/* Splits `amount` over the parts in proportion to what they have left; adds up exactly. */
static void parts_split(struct parts *parts, int64_t amount, int64_t left)
{
    int64_t rest = amount;
    for (size_t i = 0; i < parts->count; i++) {
        bool fits = checked_share(amount, *parts->left[i], left, ROUND_down, &parts->back[i]);
        assert(fits);
        rest -= parts->back[i];
    }
    for (size_t i = 0; rest > 0; i = (i + 1) % parts->count) {
        if (parts->back[i] < *parts->left[i]) {
            parts->back[i]++;
            rest--;
        }
    }
    assert(rest == 0);
}

static void refund_book(struct view *view, const struct refund_row *refund, int32_t day)
{
    struct shop_day_row *sums = shop_day_change(view, refund->shop_id, day);
    sums->refunds++;
    sums->refunded_paid_minor += refund->paid_minor;
    sums->refunded_discount_minor += refund->discount_minor;
}

/* What refunds return to campaigns that have ended goes on to the bank: nobody could take it out later. */
static enum refusal budgets_release(struct view *view, struct moment *at, const struct trade_row *trade)
{
    enum refusal refusal = REFUSAL_none;
    for (int32_t i = 0; i < trade->discounts_count && refusal == REFUSAL_none; i++) {
        const struct campaign_row *campaign = campaign_ask(view, trade->discounts[i].campaign_id);
        if (campaign->state == CAMPAIGN_ended) {
            refusal = budget_release(view, at, campaign);
        }
    }
    return refusal;
}

/* What a trade refunded in full no longer counts for its shopper. */
static void shopper_unbook(struct view *view, const struct shopper_row *asked)
{
    struct shopper_row *shopper = view_change(view, asked);
    shopper->payments--;
}

/* `given`: what receivers of its royalties give back; NULL: each its share. */
static enum refusal give_back(struct view *view, struct moment *at, struct trade_row *trade, struct refund_row *refund,
                              enum close_reason reason, const struct royalty_returns *given)
{
    struct parts parts;
    struct leg legs[PARTS_MAX];
    size_t count = 0;
    int64_t amount = refund->amount_minor;
    struct account_key payee = trade_payee(trade);
    const struct shopper_row *shopper = shopper_ask(view, trade->shopper_id);
    int zone = shop_ask(view, trade->shop_id)->zone_minutes;

    if (amount <= 0 || amount > trade->left_minor) {
        return REFUSAL_refund_exceeds;
    }
    refund->refund_id = moment_id(at);
    refund->shop_id = trade->shop_id;
    refund->merchant_id = trade->merchant_id;
    enum refusal refusal = royalty_give_back(view, at, trade, refund, given);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (account_free(view, payee) < amount) {
        return REFUSAL_takings_short;
    }
    parts_of(trade, &parts);
    parts_split(&parts, amount, trade->left_minor);
    for (size_t i = 0; i < parts.count; i++) {
        if (parts.back[i] > 0) {
            legs[count++] = (struct leg){ .from = payee, .to = parts.account[i], .amount = parts.back[i] };
        }
        *parts.left[i] -= parts.back[i];
    }
    trade->left_minor -= amount;
    trade->refund_count++;
    bool whole = trade->left_minor == 0;
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        struct discount_row back = { .campaign_id = trade->discounts[i].campaign_id,
                                     .platform_minor = parts.back[1 + 2 * i],
                                     .merchant_minor = parts.back[2 + 2 * i] };
        offer_return(view, trade, shopper->person_id, &back, whole);
    }
    refund->paid_minor = parts.back[0];
    refund->discount_minor = amount - parts.back[0];
    refund->at_us = at->now_us;
    if (whole) {
        trade->state = TRADE_closed;
        trade->close_reason = (int32_t)reason;
        trade->closed_at_us = at->now_us;
        shopper_unbook(view, shopper);
    }
    refund_book(view, refund, civil_yyyymmdd(civil_day(at->now_us, zone)));
    struct cause cause = { CAUSE_trade_refund, refund->refund_id };
    refusal = ledger_move(view, at, cause, legs, count, &refund->transfer_id);
    if (refusal == REFUSAL_none) {
        refusal = budgets_release(view, at, trade);
    }
    if (refusal == REFUSAL_none) {
        trade_notify(view, at, trade, TOPIC_trade_refunded, refund->out_request_no);
    }
    return refusal;
}

enum refusal trade_give_back(struct view *view, struct moment *at, struct trade_row *trade, struct refund_row *refund,
                             enum close_reason reason)
{
    return give_back(view, at, trade, refund, reason, NULL);
}

static const struct refund_row *refund_ask(struct view *view, int64_t trade_id, const char *out_request_no)
{
    struct refund_row key = { .trade_id = trade_id };
    bool fits = span_copy(span_of(out_request_no), key.out_request_no, sizeof(key.out_request_no));
    assert(fits);
    return view_ask(view, &refund_table, &key);
}

/* What a receiver gave back with a refund. */
static int64_t returned_by(const struct refund_row *refund, const struct royalty_return *receiver)
{
    for (int32_t i = 0; i < refund->royalties_count; i++) {
        if (refund->royalties[i].kind == receiver->kind && refund->royalties[i].id == receiver->id) {
            return refund->royalties[i].amount_minor;
        }
    }
    return 0;
}

/* Whether it says what receivers give back, be it nothing. */
static bool returns_given(const struct trade_refund *want)
{
    return want->royalties_given != 0 || want->royalties_count > 0;
}

/* Whether the refund is the one that is wanted; shares in proportion are what they were then. */
static bool refund_agrees(const struct refund_row *known, const struct trade_refund *want)
{
    int64_t sum_minor = 0;
    bool same = known->amount_minor == want->amount_minor;
    if (!returns_given(want)) {
        return same;
    }
    for (int32_t i = 0; same && i < want->royalties_count; i++) {
        int64_t back_minor = want->royalties[i].amount_minor;
        same = back_minor == returned_by(known, &want->royalties[i]);
        sum_minor += same ? back_minor : 0;
    }
    return same && sum_minor == known->royalty_minor;
}

static const struct column return_columns[] = {
    COLUMN(royalty_return, kind, .form = FORM_choice, .names = party_kinds, .flags = COLUMN_required),
    COLUMN(royalty_return, id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(royalty_return, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 0, .most = AMOUNT_MAX),
};
static const struct shape return_shape = SHAPE("royalty_given", royalty_return, return_columns);

static const struct column refund_columns[] = {
    COLUMN(trade_refund, trade_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(trade_refund, out_request_no, .flags = COLUMN_required, .least = 1,
           .text = "The merchant's number of this refund, unique per trade."),
    COLUMN(trade_refund, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1, .most = AMOUNT_MAX,
           .text = "Of the price before discounts; goes back as it was paid."),
    COLUMN(trade_refund, reason),
    COLUMN(trade_refund, royalties_given, .form = FORM_flag,
           .text = "Receivers of the trade's royalties give back exactly what `royalties` says, and the shop pays the "
                   "rest. Left out and without any there, each gives back its share."),
    COLUMN_LIST(trade_refund, royalties, return_shape,
                .text = "Each receiver once; whoever is missing keeps its share."),
};
static const struct shape refund_shape = SHAPE("trade_refund", trade_refund, refund_columns);

static enum refusal decide_refund(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_refund *want = request;
    const struct trade_row *asked = trade_ask(view, want->trade_id);
    struct policy_row policy;
    enum refusal refusal = trade_sold_check(view, at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (strcmp(want->out_request_no, REFUND_OF_CANCEL) == 0) {
        return REFUSAL_refund_differs;
    }
    const struct refund_row *known = refund_ask(view, want->trade_id, want->out_request_no);
    if (row_exists(known)) {
        memcpy(answer, known, sizeof(*known));
        return refund_agrees(known, want) ? REFUSAL_none : REFUSAL_refund_differs;
    }
    if (asked->state == TRADE_wait_buyer_pay) {
        return REFUSAL_trade_waiting;
    }
    if (asked->state == TRADE_closed && asked->left_minor == 0) {
        return asked->paid_at_us == 0 ? REFUSAL_trade_closed : REFUSAL_refund_exceeds;
    }
    policy_ask(view, &policy);
    if (trade_state_now(asked, &policy, at->now_us) == TRADE_finished) {
        return REFUSAL_trade_finished;
    }
    refusal = line_refundable(view, at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct trade_row *trade = view_change(view, asked);
    struct refund_row *refund = view_change(view, known);
    refund->amount_minor = want->amount_minor;
    memcpy(refund->reason, want->reason, sizeof(refund->reason));
    struct royalty_returns given = { want->royalties_count, want->royalties };
    refusal = give_back(view, at, trade, refund, CLOSE_refunded, returns_given(want) ? &given : NULL);
    memcpy(answer, refund, sizeof(*refund));
    return refusal;
}

const struct command trade_refund = {
    .name = "trade_refund",
    .number = 61,
    .method = "POST",
    .route = "/v1/trades/{trade_id}/refunds",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &refund_shape,
    .answer = &refund_table.shape,
    .decide = decide_refund,
    .summary = "Gives a part of the price back, as it was paid: to the shopper and to who funded the discounts.",
};

static const struct column query_columns[] = {
    COLUMN(refund_query, trade_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(refund_query, out_request_no, .flags = COLUMN_required | COLUMN_in_path, .least = 1),
};
static const struct shape query_shape = SHAPE("refund_query", refund_query, query_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct refund_query *want = request;
    const struct trade_row *trade = trade_ask(view, want->trade_id);
    enum refusal refusal = trade_seen_check(view, at, trade);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    const struct refund_row *refund = refund_ask(view, want->trade_id, want->out_request_no);
    if (!row_exists(refund)) {
        return REFUSAL_refund_unknown;
    }
    memcpy(answer, refund, sizeof(*refund));
    return REFUSAL_none;
}

const struct command refund_query = {
    .name = "refund_query",
    .number = 62,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/trades/{trade_id}/refunds/{out_request_no}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &query_shape,
    .answer = &refund_table.shape,
    .decide = decide_query,
    .summary = "One refund: what a till asks when it does not know whether it went through.",
};
