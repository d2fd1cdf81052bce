/* SPDX-License-Identifier: Apache-2.0 */
/* Which moves a ride may make, and what follows from each. */
#include "base/civil.h"
#include "engine/engine_rows.h"
#include "lines/local/meal_internal.h"

#define LOOK_AHEAD_US (10 * US_PER_MINUTE) /* before the meal is ready a courier is looked for */

#define TO(state) (UINT32_C(1) << RIDE_##state)

/* For each state those that may follow it. Whatever is not here never happens. */
static const uint32_t moves[RIDE_STATE_COUNT] = {
    [RIDE_waiting] = TO(assigned) | TO(cancelled),
    [RIDE_assigned] = TO(accepted) | TO(waiting) | TO(cancelled),
    [RIDE_accepted] = TO(at_kitchen) | TO(waiting) | TO(cancelled),
    [RIDE_at_kitchen] = TO(picked_up) | TO(waiting) | TO(cancelled),
    [RIDE_picked_up] = TO(at_door) | TO(failed),
    [RIDE_at_door] = TO(delivered) | TO(failed),
    [RIDE_failed] = TO(picked_up) | TO(returned),
};

bool ride_may(enum ride_state from, enum ride_state to)
{
    bool known = from > 0 && from < RIDE_STATE_COUNT && to > 0 && to < RIDE_STATE_COUNT;
    return known && (moves[from] >> to & 1) != 0;
}

void ride_look_set(struct view *view, const struct moment *at, struct ride_row *ride, int64_t look_at_us)
{
    if (ride->look_at_us != 0) {
        timer_drop(view, ride->look_at_us, TIMER_ride_look, ride->ride_id);
    }
    ride->look_at_us = look_at_us;
    if (look_at_us != 0) {
        timer_set(view, at->now_us, look_at_us, TIMER_ride_look, ride->ride_id);
    }
}

void ride_decline(struct ride_row *ride)
{
    if (ride->declined_count < RIDE_DECLINED_MAX) {
        ride->declined[ride->declined_count++].id = ride->courier_id;
    }
}

struct ride_step_row *ride_step_add(struct view *view, const struct moment *at, struct ride_row *ride,
                                    enum ride_state to, const char *reason)
{
    struct ride_step_row key = { .ride_id = ride->ride_id, .step = ++ride->steps };
    struct ride_step_row *step = view_new(view, &ride_step_table, &key);
    step->from_state = ride->state;
    step->to_state = (int32_t)to;
    step->at_us = at->now_us;
    step->by_kind = at->caller.kind;
    step->by_id = at->caller.id;
    step->courier_id = ride->courier_id;
    text_fit(reason, step->reason, sizeof(step->reason));
    return step;
}

/* The courier has one ride fewer. */
static void courier_leave(struct view *view, const struct moment *at, const struct ride_row *ride, bool delivered)
{
    struct courier_row *courier = view_change(view, courier_ask(view, ride->courier_id));
    courier->open--;
    courier->idle_since_us = at->now_us;
    courier->delivered += delivered;
}

static void ride_end(struct view *view, const struct moment *at, struct ride_row *ride)
{
    ride->ended_at_us = at->now_us;
    ride_look_set(view, at, ride, 0);
    if (ride->courier_id != 0) {
        courier_leave(view, at, ride, ride->state == RIDE_delivered);
    }
}

struct ride_step_row *ride_go(struct view *view, const struct moment *at, struct ride_row *ride, enum ride_state to,
                              const char *reason)
{
    assert(ride_may((enum ride_state)ride->state, to));
    struct ride_step_row *step = ride_step_add(view, at, ride, to, reason);
    ride->state = (int32_t)to;
    switch (to) {
    case RIDE_waiting:
        courier_leave(view, at, ride, false);
        ride->courier_id = 0;
        ride->accepted_at_us = 0;
        ride_look_set(view, at, ride, at->now_us + US_PER_SECOND);
        break;
    case RIDE_accepted:
        ride->accepted_at_us = at->now_us;
        ride_look_set(view, at, ride, 0);
        break;
    case RIDE_picked_up:
        ride->picked_up_at_us = ride->picked_up_at_us == 0 ? at->now_us : ride->picked_up_at_us;
        break;
    case RIDE_delivered:
    case RIDE_returned:
    case RIDE_cancelled:
        ride_end(view, at, ride);
        break;
    case RIDE_assigned: /* whose it is and until when it answers is said by who chose it */
    case RIDE_at_kitchen:
    case RIDE_at_door:
    case RIDE_failed:
    case RIDE_STATE_COUNT:
        break;
    }
    return step;
}

void ride_begin(struct view *view, struct moment *at, struct meal_order_row *order)
{
    struct ride_row key = { .ride_id = moment_id(at) };
    struct ride_row *ride = view_new(view, &ride_table, &key);
    ride->order_id = order->order_id;
    ride->shop_id = order->shop_id;
    ride->number = order->number;
    ride->state = RIDE_waiting;
    memcpy(ride->contact, order->contact, sizeof(ride->contact));
    memcpy(ride->phone, order->phone, sizeof(ride->phone));
    memcpy(ride->address, order->address, sizeof(ride->address));
    ride->latitude_e6 = order->latitude_e6;
    ride->longitude_e6 = order->longitude_e6;
    ride->distance_m = order->distance_m;
    ride->fee_minor = order->fee_minor;
    ride->ready_by_us = order->ready_by_us;
    ride->created_at_us = at->now_us;
    order->ride_id = ride->ride_id;
    ride_look_set(view, at, ride, max_i64(at->now_us + US_PER_SECOND, order->ready_by_us - LOOK_AHEAD_US));
}
