/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets: begun, bumped when the dish goes out, recalled when it was too early, printed again; and being late. */
#include "engine/engine_rows.h"
#include "lines/local/meal_internal.h"

#define RECALL_US US_PER_HOUR

static const char *const ticket_actions[] = { "", "start", "bump", "recall", "reprint", NULL };

/* While it is to be made its timer runs, until that has found it late. */
static void late_timer(struct view *view, const struct moment *at, const struct ticket_row *ticket, bool runs)
{
    if (ticket->late != 0) {
        return;
    }
    if (runs) {
        timer_set(view, at->now_us, ticket->due_at_us, TIMER_ticket_late, ticket->ticket_id);
    } else {
        timer_drop(view, ticket->due_at_us, TIMER_ticket_late, ticket->ticket_id);
    }
}

/* Its lines are made, or to be made again. */
static void lines_mark(struct view *view, const struct ticket_row *ticket, enum line_state from, enum line_state to)
{
    for (int32_t i = 0; i < ticket->items_count; i++) {
        const struct meal_line_row *line = meal_line_ask(view, ticket->order_id, ticket->items[i].line);
        if (line->state == (int32_t)from) {
            ((struct meal_line_row *)view_change(view, line))->state = (int32_t)to;
        }
    }
}

static struct kitchen_day_row *day_of(struct view *view, const struct ticket_row *ticket)
{
    return kitchen_day_change(view, shop_ask(view, ticket->shop_id), ticket->fired_at_us);
}

static void ticket_bump(struct view *view, const struct moment *at, struct ticket_row *ticket,
                        struct meal_order_row *order)
{
    struct kitchen_day_row *day = day_of(view, ticket);
    late_timer(view, at, ticket, false);
    ticket->state = TICKET_bumped;
    ticket->bumped_at_us = at->now_us;
    lines_mark(view, ticket, MEAL_LINE_sent, MEAL_LINE_made);
    day->bumped++;
    day->cook_us += at->now_us - ticket->fired_at_us;
    order->tickets_open--;
    if (order->tickets_open == 0) {
        order->ready_at_us = at->now_us;
        order->state = order->state == MEAL_cooking ? MEAL_ready : order->state;
    }
}

static void ticket_recall(struct view *view, const struct moment *at, struct ticket_row *ticket,
                          struct meal_order_row *order)
{
    struct kitchen_day_row *day = day_of(view, ticket);
    day->bumped--;
    day->cook_us -= ticket->bumped_at_us - ticket->fired_at_us;
    ticket->state = TICKET_cooking;
    ticket->bumped_at_us = 0;
    ticket->recalls++;
    late_timer(view, at, ticket, true);
    lines_mark(view, ticket, MEAL_LINE_made, MEAL_LINE_sent);
    order->tickets_open++;
    order->ready_at_us = 0;
    order->state = order->state == MEAL_ready ? MEAL_cooking : order->state;
}

static bool ticket_is_open(const struct ticket_row *ticket)
{
    return ticket->state == TICKET_queued || ticket->state == TICKET_cooking;
}

void tickets_end(struct view *view, struct moment *at, struct meal_order_row *order, enum ticket_state state)
{
    for (int32_t number = 1; number <= order->lines; number++) {
        const struct meal_line_row *line = meal_line_ask(view, order->order_id, number);
        const struct ticket_row *asked = ticket_ask(view, line->ticket_id);
        if (line->ticket_id == 0 || !row_exists(asked) || !ticket_is_open(asked)) {
            continue;
        }
        struct ticket_row *ticket = view_change(view, asked);
        if (state == TICKET_bumped) {
            ticket_bump(view, at, ticket, order);
        } else {
            late_timer(view, at, ticket, false);
            ticket->state = TICKET_cancelled;
            order->tickets_open--;
        }
    }
}

/* ---- the command ---- */

static const struct column mark_columns[] = {
    COLUMN(ticket_mark, ticket_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(ticket_mark, action, .form = FORM_choice, .names = ticket_actions, .flags = COLUMN_required,
           .text = "start: it is being made; bump: it goes out; recall: it comes back, within an hour; reprint: it is "
                   "printed once more."),
};
static const struct shape mark_shape = SHAPE("ticket_mark", ticket_mark, mark_columns);

struct ticket_marked {
    int64_t ticket_id;
    int64_t order_id;
    int32_t state;
    int32_t late, recalls, prints;
    int64_t started_at_us, bumped_at_us;
    int32_t order_state;
    int32_t tickets_open;
};
static const struct column marked_columns[] = {
    COLUMN(ticket_marked, ticket_id, .form = FORM_id),
    COLUMN(ticket_marked, order_id, .form = FORM_id),
    COLUMN(ticket_marked, state, .form = FORM_choice, .names = ticket_states),
    COLUMN(ticket_marked, late, .form = FORM_flag),
    COLUMN(ticket_marked, recalls),
    COLUMN(ticket_marked, prints),
    COLUMN(ticket_marked, started_at_us, .form = FORM_instant),
    COLUMN(ticket_marked, bumped_at_us, .form = FORM_instant),
    COLUMN(ticket_marked, order_state, .form = FORM_choice, .names = meal_states),
    COLUMN(ticket_marked, tickets_open, .text = "Of its order."),
};
static const struct shape marked_shape = SHAPE("ticket_marked", ticket_marked, marked_columns);

static enum refusal action_check(const struct moment *at, const struct ticket_row *ticket,
                                 const struct meal_order_row *order, int32_t action)
{
    switch (action) {
    case TICKET_ACTION_start:
        return ticket->state == TICKET_queued ? REFUSAL_none : REFUSAL_move_illegal;
    case TICKET_ACTION_bump:
        return ticket_is_open(ticket) ? REFUSAL_none : REFUSAL_move_illegal;
    case TICKET_ACTION_recall:
        if (meal_goes_on(order) != REFUSAL_none) {
            return REFUSAL_meal_ended;
        }
        return ticket->state == TICKET_bumped && at->now_us - ticket->bumped_at_us <= RECALL_US ? REFUSAL_none
                                                                                            : REFUSAL_move_illegal;
    case TICKET_ACTION_reprint:
        return REFUSAL_none;
    default:
        return REFUSAL_move_illegal;
    }
}

static void action_do(struct view *view, const struct moment *at, struct ticket_row *ticket,
                      struct meal_order_row *order, int32_t action)
{
    switch (action) {
    case TICKET_ACTION_start:
        ticket->state = TICKET_cooking;
        ticket->started_at_us = at->now_us;
        break;
    case TICKET_ACTION_bump:
        ticket_bump(view, at, ticket, order);
        break;
    case TICKET_ACTION_recall:
        ticket_recall(view, at, ticket, order);
        break;
    default:
        ticket->prints++;
        break;
    }
}

static enum refusal decide_mark(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct ticket_mark *want = request;
    const struct ticket_row *asked = ticket_ask(view, want->ticket_id);
    const struct shop_row *shop = shop_ask(view, asked->shop_id);
    const struct meal_order_row *seen = meal_ask(view, asked->order_id);
    if (!row_exists(asked) || !access_shop(view, at, shop)) {
        return REFUSAL_ticket_unknown;
    }
    enum refusal refusal = action_check(at, asked, seen, want->action);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct ticket_row *ticket = view_change(view, asked);
    struct meal_order_row *order = meal_change(view, seen);
    action_do(view, at, ticket, order, want->action);
    *(struct ticket_marked *)answer = (struct ticket_marked){ .ticket_id = ticket->ticket_id,
                                                              .order_id = ticket->order_id,
                                                              .state = ticket->state,
                                                              .late = ticket->late,
                                                              .recalls = ticket->recalls,
                                                              .prints = ticket->prints,
                                                              .started_at_us = ticket->started_at_us,
                                                              .bumped_at_us = ticket->bumped_at_us,
                                                              .order_state = order->state,
                                                              .tickets_open = order->tickets_open };
    return REFUSAL_none;
}

const struct command ticket_mark = {
    .name = "ticket_mark",
    .number = 291,
    .method = "POST",
    .route = "/v1/tickets/{ticket_id}/mark",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &mark_shape,
    .answer = &marked_shape,
    .decide = decide_mark,
    .summary = "The kitchen starts, bumps, recalls or reprints a ticket. The last bump makes the order ready.",
};

/* ---- the timer ---- */

static enum refusal decide_late(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    const struct ticket_row *asked = ticket_ask(view, due->subject_id);
    const struct shop_row *shop = shop_ask(view, asked->shop_id);
    (void)answer;
    (void)at;
    if (!row_exists(asked) || !ticket_is_open(asked) || asked->late != 0) {
        return REFUSAL_none;
    }
    struct ticket_row *ticket = view_change(view, asked);
    ticket->late = 1;
    kitchen_day_change(view, shop, ticket->fired_at_us)->late++;
    return REFUSAL_none;
}

const struct command ticket_late = {
    .name = "ticket_late",
    .number = 297,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_late,
    .summary = "A ticket's time has passed and it is not bumped: it is late.",
};
