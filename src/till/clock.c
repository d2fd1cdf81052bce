/* SPDX-License-Identifier: Apache-2.0 */
#include "till/clock.h"

#include "base/civil.h"
#include "people/access.h"

static const struct column clock_columns[] = {
    COLUMN(clock_move, now_us, .form = FORM_instant, .flags = COLUMN_required, .text = "Only ever forward."),
};
static const struct shape clock_shape = SHAPE("clock", clock_move, clock_columns);

static enum refusal decide(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct clock_move *want = request;
    (void)view;
    if (!access_platform(at)) {
        return REFUSAL_forbidden;
    }
    if (want->now_us < at->now_us - US_PER_SECOND) {
        return REFUSAL_clock_backwards;
    }
    *(struct clock_move *)answer = (struct clock_move){ .now_us = at->now_us };
    return REFUSAL_none;
}

const struct command clock_move = {
    .name = "clock_move",
    .number = 48,
    .flags = COMMAND_sandbox | COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/test/clock",
    .http_status = 200,
    .callers = CALLERS_PLATFORM,
    .request = &clock_shape,
    .answer = &clock_shape,
    .decide = decide,
    .summary = "Moves the test clock forward; what falls due on the way has happened when the answer comes.",
};
