/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/courier_choice.h"

/* COURIER_later: it could come. */
static enum courier_verdict verdict_of(const struct courier_candidate *courier, int64_t now_us)
{
    if (!courier->works_here) {
        return COURIER_gone;
    }
    if (!courier->on_duty) {
        return COURIER_off_duty;
    }
    if (courier->declined) {
        return COURIER_declined;
    }
    if (courier->open >= courier->open_most) {
        return COURIER_full;
    }
    if (courier->seen_at_us == 0 || now_us - courier->seen_at_us > COURIER_SEEN_US) {
        return COURIER_unseen;
    }
    return COURIER_later;
}

static bool comes_before(const struct courier_candidate *a, const struct courier_candidate *b)
{
    if (a->wait_s != b->wait_s) {
        return a->wait_s < b->wait_s;
    }
    if (a->idle_since_us != b->idle_since_us) {
        return a->idle_since_us < b->idle_since_us;
    }
    return a->courier_id < b->courier_id;
}

int32_t courier_choose(struct position kitchen, int64_t now_us, struct courier_candidate *candidates, size_t count)
{
    int32_t chosen = -1;
    for (size_t i = 0; i < count; i++) {
        struct courier_candidate *courier = &candidates[i];
        courier->verdict = verdict_of(courier, now_us);
        courier->distance_m = courier->seen_at_us != 0 ? place_distance_m(courier->place, kitchen) : 0;
        courier->wait_s = 0;
        if (courier->verdict != COURIER_later) {
            continue;
        }
        courier->wait_s = (courier->distance_m + COURIER_M_PER_S - 1) / COURIER_M_PER_S +
                          (int64_t)courier->open * COURIER_OPEN_S;
        if (chosen < 0 || comes_before(courier, &candidates[chosen])) {
            chosen = (int32_t)i;
        }
    }
    if (chosen >= 0) {
        candidates[chosen].verdict = COURIER_chosen;
    }
    return chosen;
}
