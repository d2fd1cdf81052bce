/* SPDX-License-Identifier: Apache-2.0 */
/* What is ordered: a dish with its options becomes a line, and changes until the kitchen has it. */
#include "lines/local/meal_internal.h"

static const struct column number_columns[] = {
    COLUMN(option_number, option, .least = 1, .most = DISH_OPTIONS_MAX),
};
static const struct shape number_shape = SHAPE("option_number", option_number, number_columns);

static const struct column add_columns[] = {
    COLUMN(meal_add, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(meal_add, dish_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(meal_add, pieces, .flags = COLUMN_required, .least = 1, .most = MEAL_PIECES_MAX),
    COLUMN(meal_add, for_all, .form = FORM_flag, .text = "It is for the whole table, not for the guest who adds it."),
    COLUMN(meal_add, guest, .least = 0, .most = MEAL_GUESTS_MAX, .text = "By the staff: for whom."),
    COLUMN(meal_add, note, .text = "For the kitchen."),
    COLUMN_LIST(meal_add, options, number_shape, .text = "Those that are chosen."),
};
static const struct shape add_shape = SHAPE("meal_add", meal_add, add_columns);

static const struct dish_option_row *option_find(const struct dish_row *dish, int32_t option)
{
    for (int32_t i = 0; i < dish->options_count; i++) {
        if (dish->options[i].option == option) {
            return &dish->options[i];
        }
    }
    return NULL;
}

/* Puts the chosen options into the line; whether each group has as many as it wants. */
static enum refusal options_choose(const struct dish_row *dish, const struct dish_stock_row *stock,
                                   const struct meal_add *want, struct meal_line_row *line)
{
    uint32_t seen = 0;
    int32_t chosen[DISH_GROUPS_MAX + 1] = { 0 };
    for (int32_t i = 0; i < want->options_count; i++) {
        const struct dish_option_row *option = option_find(dish, want->options[i].option);
        if (option == NULL || (seen >> option->option & 1) != 0) {
            return REFUSAL_options_invalid;
        }
        if ((stock->options_out >> (option->option - 1) & 1) != 0) {
            return REFUSAL_dish_sold_out;
        }
        seen |= UINT32_C(1) << option->option;
        chosen[option->group]++;
        struct line_option_row *kept = &line->options[line->options_count++];
        kept->option = option->option;
        memcpy(kept->name, option->name, sizeof(kept->name));
        kept->price_minor = option->price_minor;
        line->unit_minor += option->price_minor;
    }
    for (int32_t i = 0; i < dish->groups_count; i++) {
        int32_t count = chosen[dish->groups[i].group];
        if (count < dish->groups[i].least || count > dish->groups[i].most) {
            return REFUSAL_options_invalid;
        }
    }
    return REFUSAL_none;
}

/* Whether the order takes this dish at all. */
static enum refusal dish_check(const struct meal_order_row *order, const struct dish_row *dish,
                               const struct dish_stock_row *stock, int32_t pieces)
{
    bool made_here = row_exists(dish) && dish->listed != 0 && dish->merchant_id == order->merchant_id &&
                     (dish->shop_id == 0 || dish->shop_id == order->shop_id);
    if (!made_here) {
        return REFUSAL_dish_unknown;
    }
    if (dish->currency != order->currency) {
        return REFUSAL_currency_differs;
    }
    bool out = stock->sold_out != 0 || (stock->counted != 0 && stock->pieces_left < pieces);
    return out ? REFUSAL_dish_sold_out : REFUSAL_none;
}

/* Whose line it becomes. */
static enum refusal guest_choose(const struct meal_party *party, const struct meal_add *want, int32_t *guest)
{
    *guest = want->for_all != 0 ? 0 : party->staff ? want->guest : party->guest;
    return *guest <= party->order->guests ? REFUSAL_none : REFUSAL_shopper_unknown;
}

static enum refusal add_check(struct view *view, const struct moment *at, const struct meal_add *want,
                              struct meal_party *party)
{
    enum refusal refusal = meal_find_open(view, at, want->order_id, party);
    if (refusal == REFUSAL_none && party->order->state != MEAL_open) {
        refusal = REFUSAL_line_sent;
    }
    if (refusal == REFUSAL_none && party->order->lines == MEAL_LINES_MAX) {
        refusal = REFUSAL_meal_full;
    }
    return refusal;
}

static enum refusal decide_add(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_add *want = request;
    struct meal_party party;
    const struct dish_row *dish = dish_ask(view, want->dish_id);
    int32_t guest = 0;
    enum refusal refusal = add_check(view, at, want, &party);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    const struct dish_stock_row *stock = dish_stock_ask(view, party.order->shop_id, want->dish_id);
    refusal = guest_choose(&party, want, &guest);
    if (refusal == REFUSAL_none) {
        refusal = dish_check(party.order, dish, stock, want->pieces);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct meal_order_row *order = meal_change(view, party.order);
    struct meal_line_row key = { .order_id = order->order_id, .line = ++order->lines };
    struct meal_line_row *line = view_new(view, &meal_line_table, &key);
    line->guest = guest;
    line->dish_id = dish->dish_id;
    memcpy(line->name, dish->name, sizeof(line->name));
    line->station = dish->station;
    line->pieces = want->pieces;
    line->minutes = dish->minutes * want->pieces;
    line->unit_minor = dish->price_minor;
    line->state = MEAL_LINE_draft;
    line->by_staff = party.staff;
    memcpy(line->note, want->note, sizeof(line->note));
    line->added_at_us = at->now_us;
    refusal = options_choose(dish, stock, want, line);
    line->total_minor = line->unit_minor * want->pieces; /* bounded by the prices of dishes and options */
    order->food_minor += line->total_minor;
    order->drafts++;
    memcpy(answer, order, sizeof(*order));
    return refusal;
}

const struct command meal_add = {
    .name = "meal_add",
    .number = 281,
    .method = "POST",
    .route = "/v1/meals/{order_id}/lines",
    .http_status = 201,
    .callers = CALLERS_ALL,
    .request = &add_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_add,
    .summary = "Adds a dish to an order. Its line is the last one; guests order for themselves or for all.",
};

static const struct column change_columns[] = {
    COLUMN(meal_line_change, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(meal_line_change, line, .flags = COLUMN_required | COLUMN_in_path, .least = 1, .most = MEAL_LINES_MAX),
    COLUMN(meal_line_change, pieces, .flags = COLUMN_required, .least = 0, .most = MEAL_PIECES_MAX,
           .text = "None: the line is taken off. What the kitchen has already only the staff can take off."),
    COLUMN(meal_line_change, note),
};
static const struct shape change_shape = SHAPE("meal_line_change", meal_line_change, change_columns);

/* Where it stands on its ticket the kitchen sees that it is not wanted any more. */
static void ticket_strike(struct view *view, const struct meal_line_row *line)
{
    const struct ticket_row *asked = ticket_ask(view, line->ticket_id);
    if (line->ticket_id == 0 || !row_exists(asked)) {
        return;
    }
    struct ticket_row *ticket = view_change(view, asked);
    for (int32_t i = 0; i < ticket->items_count; i++) {
        ticket->items[i].pieces = ticket->items[i].line == line->line ? 0 : ticket->items[i].pieces;
    }
}

/* Who may change this line to that many pieces. */
static enum refusal change_check(const struct meal_party *party, const struct meal_line_row *line, int32_t pieces)
{
    if (!row_exists(line) || line->state == MEAL_LINE_off) {
        return REFUSAL_line_unknown;
    }
    if (!party->staff && line->guest != 0 && line->guest != party->guest) {
        return REFUSAL_forbidden;
    }
    bool taken_off = party->staff && pieces == 0;
    bool held = line->bill != 0 || (line->state != MEAL_LINE_draft && !taken_off);
    return held ? REFUSAL_line_sent : REFUSAL_none;
}

static enum refusal decide_change(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_line_change *want = request;
    struct meal_party party;
    const struct meal_line_row *asked = meal_line_ask(view, want->order_id, want->line);
    enum refusal refusal = meal_find_open(view, at, want->order_id, &party);
    if (refusal == REFUSAL_none) {
        refusal = change_check(&party, asked, want->pieces);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct meal_order_row *order = meal_change(view, party.order);
    struct meal_line_row *line = view_change(view, asked);
    order->food_minor -= line->total_minor;
    if (want->pieces == 0) {
        order->drafts -= line->state == MEAL_LINE_draft;
        ticket_strike(view, line);
        line->state = MEAL_LINE_off;
    } else {
        const struct dish_stock_row *stock = dish_stock_ask(view, order->shop_id, line->dish_id);
        if (stock->counted != 0 && stock->pieces_left < want->pieces) {
            return REFUSAL_dish_sold_out;
        }
        line->minutes = line->minutes / line->pieces * want->pieces;
        line->pieces = want->pieces;
        line->total_minor = line->unit_minor * want->pieces;
        memcpy(line->note, want->note, sizeof(line->note));
        order->food_minor += line->total_minor;
    }
    memcpy(answer, order, sizeof(*order));
    return REFUSAL_none;
}

const struct command meal_line_change = {
    .name = "meal_line_change",
    .number = 282,
    .method = "PUT",
    .route = "/v1/meals/{order_id}/lines/{line}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &change_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_change,
    .summary = "Changes how much of a line is wanted, and its note, while the kitchen has not got it.",
};
