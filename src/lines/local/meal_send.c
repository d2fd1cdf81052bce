/* SPDX-License-Identifier: Apache-2.0 */
/* What was ordered goes to the kitchen: dishes are taken from what is left, stations get their tickets. */
#include "engine/engine_rows.h"
#include "lines/local/meal_internal.h"

/* ---- what is left of dishes ---- */

static bool option_out(const struct dish_stock_row *stock, const struct meal_line_row *line)
{
    for (int32_t i = 0; i < line->options_count; i++) {
        if ((stock->options_out >> (line->options[i].option - 1) & 1) != 0) {
            return true;
        }
    }
    return false;
}

static enum refusal dish_take(struct view *view, const struct moment *at, int64_t shop_id,
                              const struct meal_line_row *line)
{
    const struct dish_stock_row *asked = dish_stock_ask(view, shop_id, line->dish_id);
    bool short_of = asked->counted != 0 && asked->pieces_left < line->pieces;
    if (asked->sold_out != 0 || short_of || option_out(asked, line)) {
        return REFUSAL_dish_sold_out;
    }
    if (asked->counted != 0) {
        struct dish_stock_row *stock = view_change(view, asked);
        stock->pieces_left -= line->pieces;
        stock->changed_at_us = at->now_us;
    }
    return REFUSAL_none;
}

enum refusal meal_stock_take(struct view *view, const struct moment *at, const struct meal_order_row *order)
{
    enum refusal refusal = REFUSAL_none;
    for (int32_t number = 1; number <= order->lines; number++) {
        const struct meal_line_row *line = meal_line_ask(view, order->order_id, number);
        if (line->state == MEAL_LINE_draft) {
            enum refusal taken = dish_take(view, at, order->shop_id, line);
            refusal = refusal == REFUSAL_none ? taken : refusal; /* all are asked for in one round */
        }
    }
    return refusal;
}

void meal_stock_return(struct view *view, const struct moment *at, const struct meal_order_row *order)
{
    for (int32_t number = 1; number <= order->lines; number++) {
        const struct meal_line_row *line = meal_line_ask(view, order->order_id, number);
        const struct dish_stock_row *asked = dish_stock_ask(view, order->shop_id, line->dish_id);
        if (line->state != MEAL_LINE_off && asked->counted != 0) {
            struct dish_stock_row *stock = view_change(view, asked);
            stock->pieces_left += line->pieces;
            stock->changed_at_us = at->now_us;
        }
    }
}

/* ---- tickets ---- */

struct firing {
    struct view *view;
    struct moment *at;
    struct meal_order_row *order;
    const struct kitchen_row *kitchen;
    const struct fire_terms *terms;
    int32_t tickets, minutes, lines;
};

static bool line_fires(const struct firing *firing, const struct meal_line_row *line)
{
    const struct fire_terms *terms = firing->terms;
    return line->state == MEAL_LINE_draft && (terms->bill == 0 || line->bill == terms->bill ||
                                              (terms->shared && line->bill == LINE_BILL_SHARED));
}

static struct ticket_row *ticket_begin(struct firing *firing, int32_t station)
{
    struct meal_order_row *order = firing->order;
    struct ticket_row key = { .ticket_id = moment_id(firing->at) };
    struct ticket_row *ticket = view_new(firing->view, &ticket_table, &key);
    ticket->shop_id = order->shop_id;
    ticket->merchant_id = order->merchant_id;
    ticket->order_id = order->order_id;
    ticket->station = station;
    ticket->number = order->number;
    ticket->kind = order->kind;
    memcpy(ticket->table_name, order->table_name, sizeof(ticket->table_name));
    ticket->state = TICKET_queued;
    ticket->prints = 1;
    ticket->fired_at_us = firing->at->now_us;
    firing->tickets++;
    order->last_ticket_id = ticket->ticket_id;
    return ticket;
}

static void ticket_item_add(struct ticket_row *ticket, const struct meal_line_row *line)
{
    struct ticket_item_row *item = &ticket->items[ticket->items_count++];
    item->line = line->line;
    item->pieces = line->pieces;
    text_fit(line->name, item->name, sizeof(item->name));
    memcpy(item->note, line->note, sizeof(item->note));
    item->options[0] = '\0';
    for (int32_t i = 0; i < line->options_count; i++) {
        text_add(item->options, sizeof(item->options), i > 0 ? ", " : "");
        text_add(item->options, sizeof(item->options), line->options[i].name);
    }
    ticket->minutes += line->minutes;
}

/* Its times follow from all that is on it. */
static void ticket_end(struct firing *firing, struct ticket_row *ticket)
{
    int64_t now_us = firing->at->now_us, due_us = firing->terms->due_at_us;
    if (ticket == NULL) {
        return;
    }
    int32_t wait_minutes = ticket->minutes > firing->kitchen->lead_minutes ? ticket->minutes
                                                                           : firing->kitchen->lead_minutes;
    ticket->due_at_us = due_us != 0 ? due_us : now_us + wait_minutes * US_PER_MINUTE;
    ticket->start_at_us = due_us != 0 ? max_i64(now_us, due_us - ticket->minutes * US_PER_MINUTE) : now_us;
    timer_set(firing->view, now_us, ticket->due_at_us, TIMER_ticket_late, ticket->ticket_id);
}

/* All lines of one station; 0: what needs no making is made at once. */
static void station_fire(struct firing *firing, int32_t station)
{
    struct ticket_row *ticket = NULL;
    for (int32_t number = 1; number <= firing->order->lines; number++) {
        const struct meal_line_row *asked = meal_line_ask(firing->view, firing->order->order_id, number);
        if (asked->station != station || !line_fires(firing, asked)) {
            continue;
        }
        struct meal_line_row *line = view_change(firing->view, asked);
        firing->lines++;
        if (station == 0) {
            line->state = MEAL_LINE_made;
            continue;
        }
        if (ticket == NULL || ticket->items_count == TICKET_ITEMS_MAX) {
            ticket_end(firing, ticket);
            ticket = ticket_begin(firing, station);
        }
        ticket_item_add(ticket, line);
        firing->minutes += line->minutes;
        line->state = MEAL_LINE_sent;
        line->ticket_id = ticket->ticket_id;
    }
    ticket_end(firing, ticket);
}

/* What is eaten there is taken from what is left only now. */
static enum refusal fire_stock(struct firing *firing)
{
    enum refusal refusal = REFUSAL_none;
    for (int32_t number = 1; number <= firing->order->lines; number++) {
        const struct meal_line_row *line = meal_line_ask(firing->view, firing->order->order_id, number);
        if (line_fires(firing, line)) {
            enum refusal taken = dish_take(firing->view, firing->at, firing->order->shop_id, line);
            refusal = refusal == REFUSAL_none ? taken : refusal;
        }
    }
    return refusal;
}

enum refusal meal_fire(struct view *view, struct moment *at, struct meal_order_row *order,
                       const struct fire_terms *terms)
{
    struct firing firing = { .view = view,
                             .at = at,
                             .order = order,
                             .kitchen = kitchen_ask(view, order->shop_id),
                             .terms = terms };
    struct kitchen_day_row *day = kitchen_day_change(view, shop_ask(view, order->shop_id), at->now_us);
    enum refusal refusal = order->kind == MEAL_dine_in ? fire_stock(&firing) : REFUSAL_none;
    if (refusal != REFUSAL_none || !row_exists(firing.kitchen)) {
        return refusal;
    }
    for (int32_t station = 0; station <= STATIONS_MAX; station++) {
        station_fire(&firing, station);
    }
    if (order->kind == MEAL_dine_in) {
        kitchen_room_add(view, firing.kitchen, at->now_us, firing.minutes);
    }
    order->drafts -= firing.lines;
    order->tickets += firing.tickets;
    order->tickets_open += firing.tickets;
    day->tickets += firing.tickets;
    if (order->sent_at_us == 0 && firing.lines > 0) {
        order->sent_at_us = at->now_us;
    }
    if (order->kind != MEAL_dine_in) {
        order->state = order->tickets_open > 0 ? MEAL_cooking : MEAL_ready;
    }
    if (order->tickets_open == 0 && firing.lines > 0) {
        order->ready_at_us = at->now_us;
    }
    return REFUSAL_none;
}

/* ---- the command ---- */

static const struct column ref_columns[] = {
    COLUMN(meal_ref, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("meal_send", meal_ref, ref_columns);

static enum refusal decide_send(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_ref *want = request;
    const struct fire_terms terms = { .bill = 0 };
    struct meal_party party;
    enum refusal refusal = meal_find_open(view, at, want->order_id, &party);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (party.order->kind != MEAL_dine_in) {
        return REFUSAL_move_illegal; /* it is placed: its time and its money are part of it */
    }
    if (party.order->drafts == 0) {
        return REFUSAL_meal_empty;
    }
    if (party.order->pay_first != 0) {
        return REFUSAL_meal_unpaid; /* paying sends it */
    }
    struct meal_order_row *order = meal_change(view, party.order);
    refusal = meal_fire(view, at, order, &terms);
    memcpy(answer, order, sizeof(*order));
    return refusal;
}

const struct command meal_send = {
    .name = "meal_send",
    .number = 283,
    .method = "POST",
    .route = "/v1/meals/{order_id}/send",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_send,
    .summary = "Sends what was ordered at a table and the kitchen has not got yet. Where one pays first, paying does "
               "it.",
};
