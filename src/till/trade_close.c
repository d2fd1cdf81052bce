/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for a trade, and ending it: query, lookup by number, cancel, close, and the timer that closes it. */
#include "base/civil.h"
#include "engine/engine_rows.h"
#include "till/line.h"
#include "till/trade.h"

#define CANCEL_WINDOW_US US_PER_DAY

static const struct column ref_columns[] = {
    COLUMN(trade_ref, trade_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("trade_ref", trade_ref, ref_columns);

static const struct column number_columns[] = {
    COLUMN(trade_number, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(trade_number, shop_id, .form = FORM_id, .text = "Needed only to cancel a number that was never used."),
    COLUMN(trade_number, out_trade_no, .flags = COLUMN_required | COLUMN_in_path, .least = 1),
};
static const struct shape number_shape = SHAPE("trade_number", trade_number, number_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_ref *want = request;
    const struct trade_row *trade = trade_ask(view, want->trade_id);
    enum refusal refusal = trade_seen_check(view, at, trade);
    if (refusal == REFUSAL_none) {
        trade_show(view, at, trade, answer);
    }
    return refusal;
}

const struct command trade_query = {
    .name = "trade_query",
    .number = 55,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/trades/{trade_id}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &trade_table.shape,
    .decide = decide_query,
    .summary = "One trade as it stands.",
};

static enum refusal decide_lookup(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_number *want = request;
    const struct trade_row *trade = trade_by_number(view, want->merchant_id, want->out_trade_no);
    enum refusal refusal = trade_seen_check(view, at, trade);
    if (refusal == REFUSAL_none) {
        trade_show(view, at, trade, answer);
    }
    return refusal;
}

const struct command trade_lookup = {
    .name = "trade_lookup",
    .number = 56,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/merchants/{merchant_id}/trades/{out_trade_no}",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &number_shape,
    .answer = &trade_table.shape,
    .decide = decide_lookup,
    .summary = "One trade by the merchant's number: what a till asks when it does not know the outcome.",
};

static enum refusal decide_detail(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_ref *want = request;
    enum refusal refusal = trade_sold_check(view, at, trade_ask(view, want->trade_id));
    if (refusal == REFUSAL_none) {
        memcpy(answer, trade_detail_ask(view, want->trade_id), sizeof(struct trade_detail_row));
    }
    return refusal;
}

const struct command trade_detail_read = {
    .name = "trade_detail_read",
    .number = 66,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/trades/{trade_id}/detail",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &ref_shape,
    .answer = &trade_detail_table.shape,
    .decide = decide_detail,
    .summary = "What the merchant said of a trade beside paying it; empty when it said nothing.",
};

/* Undoes a trade whatever had happened to it: unpaid it is closed, paid it is given back in full. */
static enum refusal cancel(struct view *view, struct moment *at, const struct trade_row *asked, void *answer)
{
    enum refusal refusal = REFUSAL_none;
    if (asked->state == TRADE_closed) {
        memcpy(answer, asked, sizeof(*asked));
        return REFUSAL_none;
    }
    if (asked->state != TRADE_wait_buyer_pay && at->now_us > asked->paid_at_us + CANCEL_WINDOW_US) {
        return REFUSAL_cancel_late;
    }
    if (asked->state != TRADE_wait_buyer_pay) {
        refusal = line_refundable(view, at, asked);
        if (refusal != REFUSAL_none) {
            return refusal;
        }
    }
    struct trade_row *trade = view_change(view, asked);
    if (trade->state == TRADE_wait_buyer_pay) {
        trade_end(view, at, trade, CLOSE_cancelled);
    } else {
        struct refund_row key = { .trade_id = trade->trade_id, .out_request_no = REFUND_OF_CANCEL };
        const struct refund_row *row = view_ask(view, &refund_table, &key);
        if (row_exists(row)) {
            return REFUSAL_refund_differs;
        }
        struct refund_row *kept = view_change(view, row);
        kept->amount_minor = trade->left_minor;
        refusal = trade_give_back(view, at, trade, kept, CLOSE_cancelled);
    }
    memcpy(answer, trade, sizeof(*trade));
    return refusal;
}

static enum refusal decide_cancel(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_ref *want = request;
    const struct trade_row *trade = trade_ask(view, want->trade_id);
    enum refusal refusal = trade_sold_check(view, at, trade);
    return refusal != REFUSAL_none ? refusal : cancel(view, at, trade, answer);
}

const struct command trade_cancel = {
    .name = "trade_cancel",
    .number = 57,
    .method = "POST",
    .route = "/v1/trades/{trade_id}/cancel",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &ref_shape,
    .answer = &trade_table.shape,
    .decide = decide_cancel,
    .summary = "Undoes a trade: unpaid it closes, paid within a day everything goes back.",
};

/*
 * A number that was never used is closed for good, so that a payment still on its way cannot come through. Whoever
 * may not see the trade of a number is answered as if it had never been used, as far as that goes.
 */
static enum refusal decide_cancel_number(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_number *want = request;
    const struct trade_row *trade = trade_by_number(view, want->merchant_id, want->out_trade_no);
    if (trade_sold_check(view, at, trade) == REFUSAL_none) {
        return cancel(view, at, trade, answer);
    }
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    if (!row_exists(shop) || shop->merchant_id != want->merchant_id) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (row_exists(trade) || trade_number_reserved(want->out_trade_no)) {
        return REFUSAL_trade_unknown;
    }
    struct trade_terms terms = { .shop = shop, .out_trade_no = want->out_trade_no, .subject = "", .way = WAY_scan };
    struct trade_row *closed = trade_open(view, at, &terms);
    trade_end(view, at, closed, CLOSE_cancelled);
    memcpy(answer, closed, sizeof(*closed));
    return REFUSAL_none;
}

const struct command trade_cancel_number = {
    .name = "trade_cancel_number",
    .number = 58,
    .method = "POST",
    .route = "/v1/merchants/{merchant_id}/trades/{out_trade_no}/cancel",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &number_shape,
    .answer = &trade_table.shape,
    .decide = decide_cancel_number,
    .summary = "Undoes a trade by the merchant's number, also one whose payment never arrived.",
};

static enum refusal decide_close(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_ref *want = request;
    const struct trade_row *asked = trade_ask(view, want->trade_id);
    enum refusal refusal = trade_sold_check(view, at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->state == TRADE_success || asked->state == TRADE_finished) {
        return REFUSAL_trade_paid;
    }
    if (asked->state == TRADE_wait_buyer_pay) {
        trade_end(view, at, view_change(view, asked), CLOSE_closed);
    }
    memcpy(answer, asked, sizeof(*asked));
    return REFUSAL_none;
}

const struct command trade_close = {
    .name = "trade_close",
    .number = 59,
    .method = "POST",
    .route = "/v1/trades/{trade_id}/close",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &ref_shape,
    .answer = &trade_table.shape,
    .decide = decide_close,
    .summary = "Closes an unpaid trade.",
};

static enum refusal decide_expire(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    const struct trade_row *asked = trade_ask(view, due->subject_id);
    (void)answer;
    if (row_exists(asked) && asked->state == TRADE_wait_buyer_pay && asked->expires_at_us == due->due_us) {
        trade_end(view, at, view_change(view, asked), CLOSE_timeout);
    }
    return REFUSAL_none;
}

const struct command trade_expire = {
    .name = "trade_expire",
    .number = 60,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_expire,
    .summary = "A trade that nobody paid in time is closed.",
};
