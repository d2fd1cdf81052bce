/* SPDX-License-Identifier: Apache-2.0 */
/* A courier is found for a ride: by the timer, or by the staff; each search says what it thought of everybody. */
#include "base/civil.h"
#include "engine/engine_rows.h"
#include "lines/local/meal_internal.h"

#define ANSWER_US (60 * US_PER_SECOND) /* who does not say yes until then does not want it */
#define AGAIN_US (60 * US_PER_SECOND)

static bool has_declined(const struct ride_row *ride, int64_t courier_id)
{
    for (int32_t i = 0; i < ride->declined_count; i++) {
        if (ride->declined[i].id == courier_id) {
            return true;
        }
    }
    return false;
}

static size_t candidates_of(struct view *view, const struct kitchen_row *kitchen, const struct ride_row *ride,
                            struct courier_candidate candidates[KITCHEN_COURIERS_MAX])
{
    size_t count = (size_t)kitchen->couriers_count;
    for (size_t i = 0; i < count; i++) {
        const struct courier_row *courier = courier_ask(view, kitchen->couriers[i].id);
        candidates[i] = (struct courier_candidate){ .courier_id = kitchen->couriers[i].id,
                                                    .works_here = courier->shop_id == kitchen->shop_id,
                                                    .on_duty = courier->on_duty != 0,
                                                    .declined = has_declined(ride, courier->courier_id),
                                                    .open = courier->open,
                                                    .open_most = courier->open_most,
                                                    .place = { courier->latitude_e6, courier->longitude_e6 },
                                                    .seen_at_us = courier->seen_at_us,
                                                    .idle_since_us = courier->idle_since_us };
    }
    return count;
}

static void candidates_keep(struct ride_step_row *step, const struct courier_candidate *candidates, size_t count)
{
    step->candidates_count = (int32_t)count;
    for (size_t i = 0; i < count; i++) {
        step->candidates[i] = (struct step_candidate_row){ .courier_id = candidates[i].courier_id,
                                                           .distance_m = candidates[i].distance_m,
                                                           .open = candidates[i].open,
                                                           .wait_s = candidates[i].wait_s,
                                                           .verdict = (int32_t)candidates[i].verdict };
    }
}

/* From now on it is this courier's to answer. */
static struct ride_step_row *ride_give(struct view *view, const struct moment *at, struct ride_row *ride,
                                       int64_t courier_id, const char *reason)
{
    struct courier_row *courier = view_change(view, courier_ask(view, courier_id));
    courier->open++;
    ride->courier_id = courier_id;
    struct ride_step_row *step = ride_go(view, at, ride, RIDE_assigned, reason);
    ride_look_set(view, at, ride, at->now_us + ANSWER_US);
    return step;
}

/* Looks for a courier for a ride that waits; false: there is none now. */
static bool ride_search(struct view *view, const struct moment *at, struct ride_row *ride)
{
    struct courier_candidate candidates[KITCHEN_COURIERS_MAX];
    const struct kitchen_row *kitchen = kitchen_ask(view, ride->shop_id);
    struct position from = { kitchen->latitude_e6, kitchen->longitude_e6 };
    size_t count = candidates_of(view, kitchen, ride, candidates);
    int32_t chosen = courier_choose(from, at->now_us, candidates, count);
    ride->attempts++;
    if (chosen >= 0) {
        candidates_keep(ride_give(view, at, ride, candidates[chosen].courier_id, ""), candidates, count);
        return true;
    }
    if (ride->steps < RIDE_SEARCHES_MAX) {
        candidates_keep(ride_step_add(view, at, ride, RIDE_waiting, ""), candidates, count);
    }
    ride->declined_count = 0; /* who did not want it is asked again before nobody brings it */
    ride_look_set(view, at, ride, at->now_us + AGAIN_US);
    return false;
}

/* ---- the staff's word ---- */

static const struct column assign_columns[] = {
    COLUMN(ride_assign, ride_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(ride_assign, courier_id, .form = FORM_id, .text = "Left out: whoever can be at the kitchen first."),
};
static const struct shape assign_shape = SHAPE("ride_assign", ride_assign, assign_columns);

/* The one that is named, whatever others could do; it must be there and have a hand free. */
static enum refusal assign_named(struct view *view, const struct moment *at, struct ride_row *ride, int64_t courier_id)
{
    struct courier_candidate candidates[KITCHEN_COURIERS_MAX];
    const struct kitchen_row *kitchen = kitchen_ask(view, ride->shop_id);
    struct position from = { kitchen->latitude_e6, kitchen->longitude_e6 };
    size_t count = candidates_of(view, kitchen, ride, candidates);
    int32_t chosen = courier_choose(from, at->now_us, candidates, count);
    for (size_t i = 0; i < count; i++) {
        struct courier_candidate *named = &candidates[i];
        if (named->courier_id != courier_id) {
            continue;
        }
        if (!named->works_here || !named->on_duty || named->open >= named->open_most) {
            return REFUSAL_courier_absent;
        }
        if (chosen >= 0) {
            candidates[chosen].verdict = COURIER_later;
        }
        named->verdict = COURIER_chosen;
        candidates_keep(ride_give(view, at, ride, courier_id, "named by the staff"), candidates, count);
        return REFUSAL_none;
    }
    return REFUSAL_courier_unknown;
}

static enum refusal decide_assign(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct ride_assign *want = request;
    const struct ride_row *asked = ride_ask(view, want->ride_id);
    const struct shop_row *shop = shop_ask(view, asked->shop_id);
    if (!row_exists(asked) || !access_shop(view, at, shop)) {
        return REFUSAL_ride_unknown;
    }
    bool taken = asked->state != RIDE_waiting && ride_may((enum ride_state)asked->state, RIDE_waiting);
    if (asked->state != RIDE_waiting && !taken) {
        return REFUSAL_move_illegal;
    }
    struct ride_row *ride = view_change(view, asked);
    if (taken) {
        ride_go(view, at, ride, RIDE_waiting, "given to another");
    }
    enum refusal refusal = REFUSAL_none;
    if (want->courier_id != 0) {
        refusal = assign_named(view, at, ride, want->courier_id);
    } else if (!ride_search(view, at, ride)) {
        refusal = REFUSAL_courier_absent;
    }
    memcpy(answer, ride, sizeof(*ride));
    return refusal;
}

const struct command ride_assign = {
    .name = "ride_assign",
    .number = 294,
    .method = "POST",
    .route = "/v1/rides/{ride_id}/assign",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &assign_shape,
    .answer = &ride_table.shape,
    .decide = decide_assign,
    .summary = "Gives a ride to a courier, or to another one, who then has a minute to say yes. Its steps say why it "
               "was this one.",
};

/* ---- the timer ---- */

static enum refusal decide_look(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    const struct ride_row *asked = ride_ask(view, due->subject_id);
    (void)answer;
    bool waits = asked->state == RIDE_waiting || asked->state == RIDE_assigned;
    if (!row_exists(asked) || !waits || asked->look_at_us != due->due_us) {
        return REFUSAL_none;
    }
    struct ride_row *ride = view_change(view, asked);
    ride->look_at_us = 0; /* the timer has fired */
    if (ride->state == RIDE_assigned) {
        ride_decline(ride);
        ride_go(view, at, ride, RIDE_waiting, "no answer");
    }
    (void)ride_search(view, at, ride);
    return REFUSAL_none;
}

const struct command ride_look = {
    .name = "ride_look",
    .number = 298,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_look,
    .summary = "A courier is looked for, or another one when the first did not answer.",
};
