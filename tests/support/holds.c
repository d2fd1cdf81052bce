/* SPDX-License-Identifier: Apache-2.0 */
#include "support/holds.h"

#include "base/civil.h"
#include "ledger/ledger.h"

static const struct column request_columns[] = {
    COLUMN(hold_request, shopper_id), COLUMN(hold_request, amount_minor), COLUMN(hold_request, keep_s),
    COLUMN(hold_request, hold_id),    COLUMN(hold_request, shop_id),
};
static const struct shape request_shape = SHAPE("hold_request", hold_request, request_columns);
static const struct column answer_columns[] = {
    COLUMN(hold_answer, hold_id),
};
static const struct shape answer_shape = SHAPE("hold_answer", hold_answer, answer_columns);

static enum refusal decide_take(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct hold_request *want = request;
    struct hold_answer *out = answer;
    struct hold_terms terms = { .account = { want->shopper_id, PURPOSE_wallet, UNIT_CNY },
                                .amount = want->amount_minor,
                                .lapses_at_us = at->now_us + want->keep_s * US_PER_SECOND,
                                .cause = { CAUSE_import, want->shopper_id } };
    return ledger_hold(view, at, &terms, &out->hold_id);
}

static enum refusal decide_capture(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct hold_request *want = request;
    struct account_key to = { want->shop_id, PURPOSE_takings, UNIT_CNY };
    (void)answer;
    return ledger_capture(view, at, want->hold_id, to, want->amount_minor);
}

static enum refusal decide_release(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct hold_request *want = request;
    (void)answer;
    return ledger_release(view, at, want->hold_id);
}

#define HOLD_COMMAND(verb, its_number)                                                                       \
    const struct command hold_##verb = { .name = "hold_" #verb, .number = (its_number),                      \
                                         .flags = COMMAND_internal, .request = &request_shape,               \
                                         .answer = &answer_shape, .decide = decide_##verb }
HOLD_COMMAND(take, 901);
HOLD_COMMAND(capture, 902);
HOLD_COMMAND(release, 903);

const struct command *const hold_commands[] = { &hold_take, &hold_capture, &hold_release, NULL };
