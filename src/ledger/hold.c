/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine_rows.h"
#include "ledger/ledger.h"

static struct account_key taken_from(const struct hold_row *hold)
{
    return (struct account_key){ hold->owner_id, hold->purpose, hold->unit };
}

static struct account_key held_of(struct account_key account)
{
    assert(account.purpose == PURPOSE_wallet || account.purpose == PURPOSE_stock_available);
    account.purpose = account.purpose == PURPOSE_wallet ? PURPOSE_held : PURPOSE_stock_held;
    return account;
}

static const struct hold_row *hold_ask(struct view *view, int64_t hold_id)
{
    struct hold_row key = { .hold_id = hold_id };
    return view_ask(view, &hold_table, &key);
}

enum refusal ledger_hold(struct view *view, struct moment *at, const struct hold_terms *terms, int64_t *hold_id)
{
    struct hold_row key = { .hold_id = moment_id(at) };
    struct hold_row *hold = view_change(view, view_ask(view, &hold_table, &key));
    hold->owner_id = terms->account.owner_id;
    hold->purpose = terms->account.purpose;
    hold->unit = terms->account.unit;
    hold->amount = terms->amount;
    hold->state = HOLD_open;
    hold->cause = terms->cause.kind;
    hold->reference_id = terms->cause.reference_id;
    hold->lapses_at_us = terms->lapses_at_us;
    hold->created_at_us = at->now_us;
    *hold_id = hold->hold_id;
    timer_set(view, at->now_us, hold->lapses_at_us, TIMER_hold_lapse, hold->hold_id);
    struct leg leg = { .from = terms->account, .to = held_of(terms->account), .amount = terms->amount };
    return ledger_move(view, at, (struct cause){ CAUSE_hold, hold->hold_id }, &leg, 1, NULL);
}

/* Ends an open hold: `captured` of it goes to `to`, the rest back to where it came from. */
static enum refusal hold_end(struct view *view, struct moment *at, const struct hold_row *asked, enum hold_state state,
                             struct account_key to, int64_t captured)
{
    struct leg legs[2];
    size_t count = 0;
    if (!row_exists(asked)) {
        return REFUSAL_hold_unknown;
    }
    if (asked->state != HOLD_open) {
        return REFUSAL_hold_ended;
    }
    if (captured < 0 || captured > asked->amount) {
        return REFUSAL_amount_out_of_range;
    }
    struct hold_row *hold = view_change(view, asked);
    hold->state = (int32_t)state;
    hold->captured = captured;
    timer_drop(view, hold->lapses_at_us, TIMER_hold_lapse, hold->hold_id);
    struct account_key held = held_of(taken_from(hold));
    if (captured > 0) {
        legs[count++] = (struct leg){ .from = held, .to = to, .amount = captured };
    }
    if (hold->amount > captured) {
        legs[count++] = (struct leg){ .from = held, .to = taken_from(hold), .amount = hold->amount - captured };
    }
    struct cause cause = { captured > 0 ? CAUSE_capture : CAUSE_release, hold->hold_id };
    return ledger_move(view, at, cause, legs, count, NULL);
}

enum refusal ledger_capture(struct view *view, struct moment *at, int64_t hold_id, struct account_key to,
                            int64_t amount)
{
    if (amount <= 0) {
        return REFUSAL_amount_out_of_range;
    }
    return hold_end(view, at, hold_ask(view, hold_id), HOLD_captured, to, amount);
}

enum refusal ledger_release(struct view *view, struct moment *at, int64_t hold_id)
{
    return hold_end(view, at, hold_ask(view, hold_id), HOLD_released, (struct account_key){ 0 }, 0);
}

static enum refusal decide(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    (void)answer;
    return hold_end(view, at, hold_ask(view, due->subject_id), HOLD_lapsed, (struct account_key){ 0 }, 0);
}

const struct command hold_lapse = {
    .name = "hold_lapse",
    .number = 1,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide,
    .summary = "What was held and neither taken nor given back returns to where it came from.",
};
