/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to a deal that is on sale: more copies, pausing, resuming, ending; and asking for it. */
#include "engine/engine_rows.h"
#include "lines/local/deal_internal.h"
#include "lines/local/voucher.h"

/* ---- stock ---- */

struct deal_stock_add {
    int64_t deal_id;
    int64_t copies;
};
static const struct column stock_columns[] = {
    COLUMN(deal_stock_add, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(deal_stock_add, copies, .flags = COLUMN_required, .least = 1, .most = DEAL_COPIES_MAX),
};
static const struct shape stock_shape = SHAPE("deal_stock_add", deal_stock_add, stock_columns);

static enum refusal decide_stock(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deal_stock_add *want = request;
    const struct deal_row *deal;
    enum refusal refusal = deal_find(view, at, want->deal_id, &deal);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (deal->state == DEAL_ended) {
        return REFUSAL_deal_ended;
    }
    refusal = deal_stock_change(view, at, deal, want->copies);
    if (refusal == REFUSAL_none) {
        voucher_stock_back(view, at, deal, want->copies);
    }
    deal_fill(view, deal, answer);
    return refusal;
}

const struct command deal_stock_add = {
    .name = "deal_stock_add",
    .number = 202,
    .method = "POST",
    .route = "/v1/deals/{deal_id}/stock",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &stock_shape,
    .answer = &deal_shape,
    .decide = decide_stock,
    .summary = "Puts more copies on sale. Who waits for them is told.",
};

/* ---- pausing and resuming ---- */

/* Has the places follow the deal's state. */
static enum refusal state_set(struct view *view, const struct moment *at, struct deal_row *deal, enum deal_state state)
{
    deal->state = (int32_t)state;
    deal_note(view, at, deal);
    return deal_places_write(view, deal, deal_detail_ask(view, deal->deal_id));
}

static enum refusal decide_pause(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deal_ref *want = request;
    const struct deal_row *asked;
    enum refusal refusal = deal_find(view, at, want->deal_id, &asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->state == DEAL_ended) {
        return REFUSAL_deal_ended;
    }
    int32_t stopped = access_platform(at) || asked->stopped != 0;
    if (asked->state != DEAL_paused || asked->stopped != stopped) {
        struct deal_row *deal = view_change(view, asked);
        deal->stopped = stopped;
        refusal = state_set(view, at, deal, DEAL_paused);
    }
    deal_fill(view, asked, answer);
    return refusal;
}

const struct command deal_pause = {
    .name = "deal_pause",
    .number = 203,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/deals/{deal_id}/pause",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &deal_ref_shape,
    .answer = &deal_shape,
    .decide = decide_pause,
    .summary = "Takes a deal off sale for the moment. What was bought stays valid. What the platform paused only the "
               "platform resumes.",
};

static enum refusal decide_resume(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deal_ref *want = request;
    const struct deal_row *asked;
    enum refusal refusal = deal_find(view, at, want->deal_id, &asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->stopped != 0 && !access_platform(at)) {
        return REFUSAL_forbidden;
    }
    if (asked->state == DEAL_ended) {
        return REFUSAL_deal_ended;
    }
    if (asked->state == DEAL_paused) {
        struct deal_row *deal = view_change(view, asked);
        deal->stopped = 0;
        refusal = state_set(view, at, deal, DEAL_live);
        voucher_stock_back(view, at, deal, 0);
    }
    deal_fill(view, asked, answer);
    return refusal;
}

const struct command deal_resume = {
    .name = "deal_resume",
    .number = 204,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/deals/{deal_id}/resume",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &deal_ref_shape,
    .answer = &deal_shape,
    .decide = decide_resume,
    .summary = "Puts a paused deal on sale again.",
};

/* ---- ending ---- */

enum refusal deal_finish(struct view *view, struct moment *at, struct deal_row *deal)
{
    int64_t pieces = account_balance(view, deal_stock(deal));
    enum refusal refusal = state_set(view, at, deal, DEAL_ended);
    if (refusal == REFUSAL_none && pieces > 0) {
        struct leg leg = { .from = deal_stock(deal), .to = deal_nowhere(deal), .amount = pieces };
        assert(pieces % deal->pieces_each == 0);
        deal_sum_change(view, deal->deal_id)->stock_copies -= pieces / deal->pieces_each;
        refusal = ledger_move(view, at, (struct cause){ CAUSE_deal_stock, deal->deal_id }, &leg, 1, NULL);
    }
    voucher_sale_ended(view, at, deal);
    if (refusal == REFUSAL_none && deal->group_state == GROUP_open) {
        group_settle_begin(view, at, deal, GROUP_failed);
    }
    return refusal;
}

static enum refusal decide_end(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deal_ref *want = request;
    const struct deal_row *asked;
    enum refusal refusal = deal_find(view, at, want->deal_id, &asked);
    if (refusal == REFUSAL_none && asked->state != DEAL_ended) {
        refusal = deal_finish(view, at, view_change(view, asked));
    }
    if (refusal == REFUSAL_none) {
        deal_fill(view, asked, answer);
    }
    return refusal;
}

const struct command deal_end = {
    .name = "deal_end",
    .number = 205,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/deals/{deal_id}/end",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &deal_ref_shape,
    .answer = &deal_shape,
    .decide = decide_end,
    .summary = "Ends the sale for good. What was bought stays valid; a group that does not stand yet is refunded.",
};

/* ---- asking ---- */

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deal_ref *want = request;
    const struct deal_row *deal = deal_ask(view, want->deal_id);
    (void)at;
    if (!row_exists(deal)) {
        return REFUSAL_deal_unknown;
    }
    deal_fill(view, deal, answer);
    return REFUSAL_none;
}

const struct command deal_query = {
    .name = "deal_query",
    .number = 206,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/deals/{deal_id}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &deal_ref_shape,
    .answer = &deal_shape,
    .decide = decide_query,
    .summary = "One deal as it stands. Its rules in plain words and its shops are in its detail.",
};

struct deal_check {
    int64_t deal_id;
    int64_t shop_id;
};
static const struct column check_columns[] = {
    COLUMN(deal_check, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(deal_check, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape check_shape = SHAPE("deal_check", deal_check, check_columns);

static enum refusal decide_check(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deal_check *want = request;
    const struct deal_row *deal = deal_ask(view, want->deal_id);
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    if (!row_exists(deal)) {
        return REFUSAL_deal_unknown;
    }
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    deal_fill(view, deal, answer);
    return deal_valid_check(view, deal, -1, shop, at->now_us);
}

const struct command deal_check = {
    .name = "deal_check",
    .number = 207,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/deals/{deal_id}/shops/{shop_id}/check",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &check_shape,
    .answer = &deal_shape,
    .decide = decide_check,
    .summary = "Whether a deal is redeemed in that shop at this hour; if not, the refusal says why.",
};
