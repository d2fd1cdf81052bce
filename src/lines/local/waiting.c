/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waiting list of a deal that is sold out. Places are numbered in the order in which people came; who leaves takes
 * the place's row away. When copies come on sale again, as many people are told as they serve, the first first: they
 * are told, nothing is held for them. Copies that are still there when the turn of who was told is over are told of to
 * the next ones, so that nobody waits behind somebody who does not want any.
 */
#include "engine/engine_rows.h"
#include "lines/local/hoard.h"
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

/* ---- telling ---- */

/* The line's one timer: when it is looked at next; 0: never. */
static void line_timer_set(struct view *view, const struct moment *at, struct waiting_line_row *line, int64_t due_us)
{
    if (line->due_us != 0 && line->due_us != due_us) {
        timer_drop(view, line->due_us, TIMER_waiting_turn, line->deal_id);
    }
    line->due_us = due_us;
    if (due_us != 0) {
        timer_set(view, at->now_us, due_us, TIMER_waiting_turn, line->deal_id);
    }
}

struct standing {
    const struct waiting_place_row *place;
    const struct waiting_row *waiting;
    int64_t person_id;
};

/* Who stands first; what takes one away needs all of its rows, which are asked for all at once. */
static int32_t line_first(struct view *view, const struct waiting_line_row *line, struct standing *first)
{
    int32_t count = (int32_t)min_i64(PLACES_LOOKED_AT, line->next_number - line->first_number);
    for (int32_t i = 0; i < count; i++) {
        first[i].place = place_ask(view, line->deal_id, line->first_number + i);
    }
    for (int32_t i = 0; i < count; i++) {
        first[i].waiting = waiting_ask(view, line->deal_id, first[i].place->shopper_id);
        first[i].person_id = row_exists(first[i].place) ? hoard_person(view, first[i].place->shopper_id) : 0;
    }
    return count;
}

/* Takes whoever stands there off the line; NULL: who stood there has left. */
static struct waiting_row *first_take(struct view *view, const struct moment *at, struct waiting_line_row *line,
                                      const struct standing *standing, enum waiting_state state)
{
    line->first_number++;
    if (!row_exists(standing->place)) {
        return NULL;
    }
    struct waiting_row *row = view_change(view, standing->waiting);
    row->state = (int32_t)state;
    hoard_take(view, at, standing->person_id, 0, false, &row->counted);
    view_drop(view, standing->place);
    line->waiting--;
    return row;
}

/* The line is looked at again: soon when more can be told now, else when the turn of who was told is over. */
static void line_look_set(struct view *view, const struct moment *at, const struct deal_row *deal,
                          struct waiting_line_row *line, bool more)
{
    int64_t due_us = line->promised > 0 ? line->turn_us : deal->sale_until_us;
    due_us = more ? at->now_us + US_PER_SECOND : min_i64(due_us, deal->sale_until_us);
    line_timer_set(view, at, line, line->waiting > 0 ? due_us : 0);
}

/* `fresh` of the copies that are free were not a moment ago: nobody was told of them. */
static void line_tell(struct view *view, const struct moment *at, const struct deal_row *deal,
                      struct waiting_line_row *line, int64_t fresh)
{
    struct standing first[PLACES_LOOKED_AT];
    struct hoard_limits_row limits;
    int32_t told = 0;
    hoard_limits_ask(view, &limits);
    int64_t free = account_free(view, deal_stock(deal)) / deal->pieces_each;
    bool over = line->turn_us <= at->now_us; /* who was told has had time to buy */
    line->promised = over ? 0 : min_i64(line->promised, max_i64(free - fresh, 0));
    int64_t copies = free - line->promised;
    int32_t count = copies > 0 ? line_first(view, line, first) : 0;
    for (int32_t i = 0; i < count && copies > 0 && told < WAITING_TOLD_MAX; i++) {
        struct waiting_row *row = first_take(view, at, line, &first[i], WAITING_told);
        if (row != NULL) {
            row->told_at_us = at->now_us;
            copies -= row->copies;
            line->promised += row->copies;
            line->told++;
            told++;
        }
    }
    if (told > 0 && over) {
        line->turn_from_us = at->now_us;
        line->turn_us = at->now_us + limits.turn_minutes * US_PER_MINUTE;
    }
    line_look_set(view, at, deal, line, copies > 0);
}

void voucher_stock_back(struct view *view, const struct moment *at, const struct deal_row *deal, int64_t copies)
{
    const struct waiting_line_row *line = line_ask(view, deal->deal_id);
    if (row_exists(line) && line->waiting > 0 && deal->state == DEAL_live) {
        line_tell(view, at, deal, view_change(view, line), copies);
    }
}

void voucher_sale_ended(struct view *view, const struct moment *at, const struct deal_row *deal)
{
    const struct waiting_line_row *line = line_ask(view, deal->deal_id);
    if (row_exists(line) && line->waiting > 0) {
        line_timer_set(view, at, view_change(view, line), at->now_us);
    }
}

/* Nobody waits for a sale that is over. */
static void line_send_home(struct view *view, const struct moment *at, struct waiting_line_row *line)
{
    struct standing first[PLACES_LOOKED_AT];
    int32_t count = line_first(view, line, first);
    for (int32_t i = 0; i < count; i++) {
        (void)first_take(view, at, line, &first[i], WAITING_over);
    }
    line_timer_set(view, at, line, line->waiting > 0 ? at->now_us + US_PER_SECOND : 0);
}

static enum refusal decide_turn(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    const struct deal_row *deal = deal_ask(view, due->subject_id);
    const struct waiting_line_row *asked = line_ask(view, due->subject_id);
    (void)answer;
    if (!row_exists(deal) || !row_exists(asked) || asked->due_us != due->due_us) {
        return REFUSAL_none;
    }
    struct waiting_line_row *line = view_change(view, asked);
    line->due_us = 0; /* the timer has fired */
    if (line->waiting == 0) {
        return REFUSAL_none;
    }
    if (deal->state == DEAL_ended || at->now_us >= deal->sale_until_us) {
        line_send_home(view, at, line);
    } else if (deal->state == DEAL_live) {
        line_tell(view, at, deal, line, 0);
    } else {
        line_timer_set(view, at, line, deal->sale_until_us); /* or when it is on sale again */
    }
    return REFUSAL_none;
}

const struct command waiting_turn = {
    .name = "waiting_turn",
    .number = 304,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_turn,
    .summary = "Who waited for copies, was told and did not buy had time enough: the next in the line are told. When "
               "the sale is over nobody waits.",
};

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
        if (line->due_us == 0) {
            line_look_set(view, at, deal, line, false);
        }
        refusal = hoard_add(view, at, hoard_person(view, shopper_id), HOARD_waiting, 0, &row->counted);
    }
    row->copies = copies;
    memcpy(answer, row, sizeof(*row));
    return refusal;
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

/* What was kept in mind for who was told may be told of to others. */
static void told_leave(struct view *view, const struct moment *at, const struct waiting_row *told)
{
    const struct waiting_line_row *asked = line_ask(view, told->deal_id);
    if (told->told_at_us >= asked->turn_from_us && at->now_us < asked->turn_us) {
        struct waiting_line_row *line = view_change(view, asked);
        line->promised = max_i64(line->promised - told->copies, 0);
    }
}

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
    if (asked->state == WAITING_told) {
        told_leave(view, at, asked);
    }
    struct waiting_row *row = view_change(view, asked);
    row->state = WAITING_left;
    hoard_take(view, at, hoard_person(view, shopper_id), 0, false, &row->counted);
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
