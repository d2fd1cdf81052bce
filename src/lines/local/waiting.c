/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waiting list of a deal that is sold out. Places are numbered in the order in which people came; who leaves takes
 * the place's row away. When copies come on sale again, as many people are told as they serve, the first first: they
 * are told, nothing is held for them.
 */
#include "lines/local/voucher_internal.h"

#define PLACES_LOOKED_AT 40 /* of which some may be empty; all are asked for at once */

static const struct waiting_row *waiting_ask(struct view *view, int64_t deal_id, int64_t shopper_id)
{
    struct waiting_row key = { .deal_id = deal_id, .shopper_id = shopper_id };
    return view_ask(view, &waiting_table, &key);
}

static const struct waiting_line_row *line_ask(struct view *view, int64_t deal_id)
{
    struct waiting_line_row key = { .deal_id = deal_id };
    return view_ask(view, &waiting_line_table, &key);
}

static const struct waiting_place_row *place_ask(struct view *view, int64_t deal_id, int64_t number)
{
    struct waiting_place_row key = { .deal_id = deal_id, .number = number };
    return view_ask(view, &waiting_place_table, &key);
}

void voucher_stock_back(struct view *view, const struct moment *at, const struct deal_row *deal)
{
    const struct waiting_place_row *places[PLACES_LOOKED_AT];
    const struct waiting_row *waiting[PLACES_LOOKED_AT];
    const struct waiting_line_row *asked = line_ask(view, deal->deal_id);
    int64_t copies = account_free(view, deal_stock(deal)) / deal->pieces_each;
    if (!row_exists(asked) || asked->waiting == 0 || copies <= 0 || deal->state != DEAL_live) {
        return;
    }
    struct waiting_line_row *line = view_change(view, asked);
    int64_t first = line->first_number;
    int32_t count = (int32_t)min_i64(PLACES_LOOKED_AT, line->next_number - first);
    for (int32_t i = 0; i < count; i++) {
        places[i] = place_ask(view, deal->deal_id, first + i);
    }
    for (int32_t i = 0; i < count; i++) {
        waiting[i] = waiting_ask(view, deal->deal_id, places[i]->shopper_id);
    }
    int32_t told = 0;
    for (int32_t i = 0; i < count && copies > 0 && told < WAITING_TOLD_MAX; i++) {
        line->first_number = first + i + 1;
        if (!row_exists(places[i])) {
            continue; /* who stood here has left */
        }
        struct waiting_row *row = view_change(view, waiting[i]);
        copies -= row->copies;
        row->state = WAITING_told;
        row->told_at_us = at->now_us;
        view_drop(view, places[i]);
        line->waiting--;
        line->told++;
        told++;
    }
}

/* ---- joining and leaving ---- */

static const struct column join_columns[] = {
    COLUMN(waiting_join, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(waiting_join, shopper_id, .form = FORM_id, .text = "Left out: the caller."),
    COLUMN(waiting_join, copies, .least = 0, .most = PURCHASE_COPIES_MAX, .text = "Left out: one."),
};
static const struct shape join_shape = SHAPE("waiting_join", waiting_join, join_columns);

static int64_t shopper_of(const struct moment *at, const struct waiting_join *want)
{
    return want->shopper_id == 0 && at->caller.kind == CALLER_shopper ? at->caller.id : want->shopper_id;
}

static enum refusal join_check(struct view *view, const struct moment *at, const struct deal_row *deal,
                               int64_t shopper_id, int32_t copies)
{
    if (!row_exists(shopper_ask(view, shopper_id))) {
        return REFUSAL_shopper_unknown;
    }
    if (!access_shopper(at, shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(deal)) {
        return REFUSAL_deal_unknown;
    }
    enum refusal refusal = deal_sale_check(deal, at->now_us);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    bool on_sale = account_free(view, deal_stock(deal)) >= (int64_t)copies * deal->pieces_each;
    return on_sale ? REFUSAL_waiting_open : REFUSAL_none;
}

static enum refusal decide_join(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct waiting_join *want = request;
    int64_t shopper_id = shopper_of(at, want);
    int32_t copies = want->copies > 0 ? want->copies : 1;
    const struct deal_row *deal = deal_ask(view, want->deal_id);
    const struct waiting_row *asked = waiting_ask(view, want->deal_id, shopper_id);
    enum refusal refusal = join_check(view, at, deal, shopper_id, copies);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct waiting_row *row = view_change(view, asked);
    if (row->state != WAITING_waits) {
        struct waiting_line_row *line = view_change(view, line_ask(view, want->deal_id));
        row->number = line->next_number++;
        line->waiting++;
        struct waiting_place_row *place = view_change(view, place_ask(view, want->deal_id, row->number));
        place->shopper_id = shopper_id;
        row->state = WAITING_waits;
        row->joined_at_us = at->now_us;
        row->told_at_us = 0;
    }
    row->copies = copies;
    memcpy(answer, row, sizeof(*row));
    return REFUSAL_none;
}

const struct command waiting_join = {
    .name = "waiting_join",
    .number = 234,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/deals/{deal_id}/waiting",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &join_shape,
    .answer = &waiting_table.shape,
    .decide = decide_join,
    .summary = "A shopper waits for copies of a deal that is sold out, and is told in turn when some are on sale "
               "again. Asked again, the place stays.",
};

static enum refusal decide_leave(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct waiting_join *want = request;
    int64_t shopper_id = shopper_of(at, want);
    const struct waiting_row *asked = waiting_ask(view, want->deal_id, shopper_id);
    if (!access_shopper(at, shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(asked)) {
        return REFUSAL_waiting_unknown;
    }
    if (asked->state == WAITING_waits) {
        struct waiting_line_row *line = view_change(view, line_ask(view, want->deal_id));
        line->waiting--;
        view_drop(view, place_ask(view, want->deal_id, asked->number));
    }
    struct waiting_row *row = view_change(view, asked);
    row->state = WAITING_left;
    memcpy(answer, row, sizeof(*row));
    return REFUSAL_none;
}

const struct command waiting_leave = {
    .name = "waiting_leave",
    .number = 235,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/deals/{deal_id}/waiting/leave",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &join_shape,
    .answer = &waiting_table.shape,
    .decide = decide_leave,
    .summary = "A shopper waits for a deal no longer.",
};
