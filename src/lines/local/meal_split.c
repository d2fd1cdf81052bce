/* SPDX-License-Identifier: Apache-2.0 */
/* Bills: what an order owes is shared, and shared anew as long as nobody has paid. */
#include "lines/local/meal_internal.h"

struct meal_bill_row *bill_add(struct view *view, const struct moment *at, struct meal_order_row *order,
                               enum bill_mode mode, const struct bill_share *share)
{
    assert(order->bills < MEAL_BILLS_MAX);
    struct meal_bill_row key = { .order_id = order->order_id, .bill = ++order->bills };
    struct meal_bill_row *bill = view_new(view, &meal_bill_table, &key);
    bill->mode = (int32_t)mode;
    bill->guest = share->guest;
    bill->state = BILL_open;
    bill->food_minor = share->food_minor;
    bill->service_minor = share->service_minor;
    bill->fee_minor = share->fee_minor;
    bill->total_minor = share->food_minor + share->service_minor + share->fee_minor;
    bill->made_at_us = at->now_us;
    order->billed_minor += bill->food_minor;
    order->service_minor += bill->service_minor;
    order->bills_unpaid++;
    return bill;
}

/* Whether any bill still shares lines by their amounts. */
static bool sharing(struct view *view, const struct meal_order_row *order)
{
    for (int32_t number = 1; number <= order->bills; number++) {
        const struct meal_bill_row *bill = meal_bill_ask(view, order->order_id, number);
        if (bill->state != BILL_void && (bill->mode == BILL_evenly || bill->mode == BILL_guests)) {
            return true;
        }
    }
    return false;
}

void bill_void(struct view *view, struct meal_order_row *order, const struct meal_bill_row *asked)
{
    struct meal_bill_row *bill = view_change(view, asked);
    bill->state = BILL_void;
    order->billed_minor -= bill->food_minor;
    order->service_minor -= bill->service_minor;
    order->bills_unpaid--;
    bool shared = sharing(view, order);
    for (int32_t number = 1; number <= order->lines; number++) {
        const struct meal_line_row *line = meal_line_ask(view, order->order_id, number);
        if (line->bill == bill->bill || (line->bill == LINE_BILL_SHARED && !shared)) {
            ((struct meal_line_row *)view_change(view, line))->bill = 0;
        }
    }
}

size_t bill_items(struct view *view, const struct meal_order_row *order, struct bill_item items[MEAL_LINES_MAX],
                  int32_t numbers[MEAL_LINES_MAX])
{
    size_t count = 0;
    for (int32_t number = 1; number <= order->lines; number++) {
        const struct meal_line_row *line = meal_line_ask(view, order->order_id, number);
        if (line->state != MEAL_LINE_off && line->bill == 0) {
            numbers[count] = number;
            items[count++] = (struct bill_item){ .guest = line->guest, .amount_minor = line->total_minor };
        }
    }
    return count;
}

int64_t bill_loose(struct view *view, const struct meal_order_row *order)
{
    int64_t loose_minor = order->food_minor - order->billed_minor;
    for (int32_t number = 1; number <= order->lines; number++) {
        const struct meal_line_row *line = meal_line_ask(view, order->order_id, number);
        loose_minor -= line->state != MEAL_LINE_off && line->bill == 0 ? line->total_minor : 0;
    }
    return loose_minor;
}

/* Marks the lines that are named. */
static enum refusal items_choose(const struct meal_split *want, struct bill_item *items, const int32_t *numbers,
                                 size_t count)
{
    for (int32_t i = 0; i < want->lines_count; i++) {
        size_t at = 0;
        while (at < count && numbers[at] != want->lines[i].line) {
            at++;
        }
        if (at == count) {
            return REFUSAL_line_unknown;
        }
        items[at].chosen = 1;
    }
    return REFUSAL_none;
}

/* The bill that an item is on after it was shared. */
static int32_t bill_of(const struct bill_terms *terms, const struct bill_item *item, int32_t first_bill,
                       const struct bill_share *shares, size_t share_count)
{
    switch (terms->mode) {
    case BILL_whole:
        return first_bill;
    case BILL_lines:
        return item->chosen != 0 ? first_bill : 0;
    case BILL_evenly:
        return LINE_BILL_SHARED;
    case BILL_guests:
        for (size_t i = 0; i < share_count; i++) {
            if (item->guest != 0 && shares[i].guest == item->guest) {
                return first_bill + (int32_t)i;
            }
        }
        return LINE_BILL_SHARED;
    }
    return 0;
}

static enum refusal terms_fill(struct view *view, const struct meal_order_row *order, const struct meal_split *want,
                               int32_t guests[MEAL_GUESTS_MAX], struct bill_item *items, const int32_t *numbers,
                               struct bill_terms *terms)
{
    terms->loose_minor = bill_loose(view, order);
    assert(terms->loose_minor >= 0 || view_unsure(view));
    terms->loose_minor = max_i64(terms->loose_minor, 0);
    for (int32_t guest = 1; guest <= order->guests; guest++) {
        guests[guest - 1] = guest;
    }
    terms->guests = guests;
    terms->guest_count = order->guests;
    bool has_parts = want->mode != BILL_evenly || (want->parts >= 1 && want->parts <= BILL_SHARES_MAX);
    bool has_guests = want->mode != BILL_guests || order->guests > 0;
    if (want->mode < BILL_whole || want->mode > BILL_lines || !has_parts || !has_guests) {
        return REFUSAL_meal_empty;
    }
    return want->mode == BILL_lines ? items_choose(want, items, numbers, terms->item_count) : REFUSAL_none;
}

enum refusal bill_share_out(struct view *view, const struct moment *at, struct meal_order_row *order,
                            const struct meal_split *want)
{
    struct bill_item items[MEAL_LINES_MAX];
    struct bill_share shares[BILL_SHARES_MAX];
    int32_t numbers[MEAL_LINES_MAX], guests[MEAL_GUESTS_MAX];
    struct bill_terms terms = { .mode = (enum bill_mode)want->mode,
                                .parts = want->parts,
                                .items = items,
                                .item_count = bill_items(view, order, items, numbers),
                                .billed_minor = order->billed_minor,
                                .billed_service_minor = order->service_minor,
                                .service_bp = order->service_bp,
                                .fee_minor = order->fee_minor };
    enum refusal refusal = terms_fill(view, order, want, guests, items, numbers, &terms);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    size_t count = bill_split(&terms, shares);
    if (count == 0) {
        return REFUSAL_meal_empty;
    }
    if ((size_t)order->bills + count > MEAL_BILLS_MAX) {
        return REFUSAL_meal_full;
    }
    int32_t first_bill = order->bills + 1;
    for (size_t i = 0; i < count; i++) {
        bill_add(view, at, order, terms.mode, &shares[i]);
    }
    for (size_t i = 0; i < terms.item_count; i++) {
        struct meal_line_row *line = view_change(view, meal_line_ask(view, order->order_id, numbers[i]));
        line->bill = bill_of(&terms, &items[i], first_bill, shares, count);
    }
    return REFUSAL_none;
}

/* ---- the commands ---- */

static const struct column number_columns[] = {
    COLUMN(line_number_row, line, .least = 1, .most = MEAL_LINES_MAX),
};
static const struct shape number_shape = SHAPE("line_number", line_number_row, number_columns);

static const struct column split_columns[] = {
    COLUMN(meal_split, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(meal_split, mode, .form = FORM_choice, .names = bill_modes, .flags = COLUMN_required,
           .text = "whole: one bill; evenly: `parts` bills, the first ones a cent higher where it does not divide; "
                   "guests: each its own and an even part of what is for all; lines: those that are named."),
    COLUMN(meal_split, parts, .least = 0, .most = BILL_SHARES_MAX),
    COLUMN_LIST(meal_split, lines, number_shape),
};
static const struct shape split_shape = SHAPE("meal_split", meal_split, split_columns);

static enum refusal decide_split(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_split *want = request;
    struct meal_party party;
    enum refusal refusal = meal_find_open(view, at, want->order_id, &party);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (party.order->kind != MEAL_dine_in) {
        return REFUSAL_move_illegal; /* placing it makes its bill */
    }
    struct meal_order_row *order = meal_change(view, party.order);
    refusal = bill_share_out(view, at, order, want);
    memcpy(answer, order, sizeof(*order));
    return refusal;
}

const struct command meal_split = {
    .name = "meal_split",
    .number = 285,
    .method = "POST",
    .route = "/v1/meals/{order_id}/split",
    .http_status = 201,
    .callers = CALLERS_ALL,
    .request = &split_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_split,
    .summary = "Makes bills of what is on none yet; they come to it to the cent, service charge included.",
};

static const struct column ref_columns[] = {
    COLUMN(meal_ref, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("meal_unsplit", meal_ref, ref_columns);

/* The staff may take back also what somebody has begun to pay. */
static enum refusal bills_void(struct view *view, struct moment *at, const struct meal_party *party,
                               struct meal_order_row *order)
{
    for (int32_t number = 1; number <= order->bills; number++) {
        const struct meal_bill_row *bill = meal_bill_ask(view, order->order_id, number);
        const struct trade_row *trade = trade_ask(view, bill->trade_id);
        if (bill->state == BILL_waiting && !party->staff) {
            return REFUSAL_bill_taken;
        }
        if (bill->state == BILL_waiting && row_exists(trade)) {
            trade_end(view, at, view_change(view, trade), CLOSE_cancelled);
        }
        if (bill->state == BILL_open) {
            bill_void(view, order, bill);
        }
    }
    return REFUSAL_none;
}

static enum refusal decide_unsplit(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_ref *want = request;
    struct meal_party party;
    enum refusal refusal = meal_find_open(view, at, want->order_id, &party);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    meal_ask_all(view, party.order);
    if (party.order->bills_unpaid == 0) {
        return REFUSAL_meal_empty;
    }
    if (party.order->kind != MEAL_dine_in) {
        return REFUSAL_move_illegal;
    }
    struct meal_order_row *order = meal_change(view, party.order);
    refusal = bills_void(view, at, &party, order);
    memcpy(answer, order, sizeof(*order));
    return refusal;
}

const struct command meal_unsplit = {
    .name = "meal_unsplit",
    .number = 286,
    .method = "POST",
    .route = "/v1/meals/{order_id}/unsplit",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_unsplit,
    .summary = "Takes back the bills that are not paid, to share anew. Those that somebody is paying only the staff "
               "can take back.",
};
