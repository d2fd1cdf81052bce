/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups. Who has paid waits until enough people have, or until the time is up. Then the timer goes back from the last
 * purchase to the first, some at a time, and gives each its vouchers, or its money back.
 */
#include "engine/engine_rows.h"
#include "lines/local/deal_internal.h"

/* What one firing of the timer settles: a purchase has up to PURCHASE_VOUCHERS_MAX vouchers, of some rows each, and
 * names the one before it, which a decision learns a round later. */
#define SETTLE_VOUCHERS_MAX PURCHASE_VOUCHERS_MAX
#define SETTLE_PURCHASES_MAX 4

static void timer_again(struct view *view, const struct moment *at, struct deal_row *deal, int64_t due_us)
{
    deal->group_settle_us = due_us;
    timer_set(view, at->now_us, due_us, TIMER_deal_group_settle, deal->deal_id);
}

void group_settle_begin(struct view *view, const struct moment *at, struct deal_row *deal, enum group_state state)
{
    assert(deal->group_state == GROUP_open);
    timer_drop(view, deal->group_settle_us, TIMER_deal_group_settle, deal->deal_id);
    deal->group_state = (int32_t)state;
    deal->group_next_id = deal_sum_ask(view, deal->deal_id)->last_purchase_id;
    deal->group_settle_us = 0;
    if (deal->group_next_id != 0) {
        timer_again(view, at, deal, at->now_us + 1);
    }
}

/* One purchase of the group; adds how many vouchers were made. */
static enum refusal purchase_settle(struct view *view, struct moment *at, const struct deal_row *deal,
                                    struct purchase_row *purchase, int32_t *vouchers)
{
    enum refusal refusal;
    if (purchase->state != PURCHASE_paid) {
        return REFUSAL_none; /* who left it */
    }
    if (deal->group_state == GROUP_stands) {
        struct deal_day_row *sum = deal_sum_change(view, deal->deal_id);
        sum->awaiting_minor -= purchase->amount_minor;
        sum->awaiting_pieces -= purchase->pieces;
        refusal = purchase_issue(view, at, deal, purchase, trade_ask(view, purchase->trade_id));
        *vouchers += purchase->copies * deal->parts_count;
    } else {
        refusal = purchase_refund(view, at, deal, purchase);
    }
    assert(view_unsure(view) || refusal == REFUSAL_none); /* pieces and money were set aside for just this */
    return refusal;
}

static enum refusal decide_settle(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    struct deal_row *deal = view_change(view, deal_ask(view, due->subject_id));
    (void)answer;
    if (deal->group_state == GROUP_open) { /* the time is up, and too few have paid */
        return deal_finish(view, at, deal);
    }
    deal->group_settle_us = 0;
    int32_t vouchers = 0;
    for (int i = 0; i < SETTLE_PURCHASES_MAX && deal->group_next_id != 0 && vouchers < SETTLE_VOUCHERS_MAX; i++) {
        const struct purchase_row *asked = purchase_ask(view, deal->group_next_id);
        enum refusal refusal = purchase_settle(view, at, deal, view_change(view, asked), &vouchers);
        if (refusal != REFUSAL_none && !view_missed(view)) {
            return refusal;
        }
        deal->group_next_id = asked->previous_id;
    }
    if (deal->group_next_id != 0) {
        timer_again(view, at, deal, at->now_us + 1);
    }
    return REFUSAL_none;
}

const struct command deal_group_settle = {
    .name = "deal_group_settle",
    .number = 213,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_settle,
    .summary = "A group that stands gets its vouchers, one that failed its money.",
};
