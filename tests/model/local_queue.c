/* SPDX-License-Identifier: Apache-2.0 */
#include "model/local_queue.h"

#include "base/base.h"
#include "engine/refusal.h"
#include "lines/local/queue.h"

struct local_queues queues;

static int today(const struct model *m, int queue)
{
    return model_date(m->now_us, m->shops[queues.of[queue].shop].zone_minutes);
}

/* What waits from the day before is over. */
static void day_begin(const struct model *m, int queue)
{
    struct local_queue *q = &queues.of[queue];
    if (q->day < today(m, queue)) {
        q->day = today(m, queue);
        q->last = q->waiting_count = 0;
    }
}

int local_queue_ahead(int place)
{
    const struct local_queue *q = &queues.of[queues.places[place].queue];
    for (int i = 0; i < q->waiting_count; i++) {
        if (q->waiting[i] == place) {
            return i;
        }
    }
    return -1;
}

/* A person has one number of a queue at a time. */
static bool has_one(const struct model *m, int queue, int shopper)
{
    for (int i = 0; i < queues.place_count; i++) {
        const struct local_place *p = &queues.places[i];
        bool goes_on = p->state == PLACE_waiting || p->state == PLACE_called;
        if (p->queue == queue && p->day == today(m, queue) && p->own && goes_on &&
            m->shoppers[p->shopper].person == m->shoppers[shopper].person) {
            return true;
        }
    }
    return false;
}

int local_queue_take(struct model *m, int queue, int shopper, bool own, int people, int *place)
{
    struct local_queue *q = &queues.of[queue];
    if (!m->shops[q->shop].open) {
        return REFUSAL_shop_closed;
    }
    if (people > q->people_most) {
        return REFUSAL_party_too_large;
    }
    if (own && has_one(m, queue, shopper)) {
        return REFUSAL_queue_number_held;
    }
    day_begin(m, queue);
    assert(queues.place_count < MODEL_PLACES);
    *place = queues.place_count++;
    q->waiting[q->waiting_count++] = *place;
    queues.places[*place] = (struct local_place){ queue, q->day, ++q->last, shopper, PLACE_waiting, 0, own };
    return 0;
}

static void take_out(struct local_queue *q, int place)
{
    int kept = 0;
    for (int i = 0; i < q->waiting_count; i++) {
        if (q->waiting[i] != place) {
            q->waiting[kept++] = q->waiting[i];
        }
    }
    q->waiting_count = kept;
}

int local_queue_call(struct model *m, int queue, int *place)
{
    struct local_queue *q = &queues.of[queue];
    if (q->day < today(m, queue) || q->waiting_count == 0) { /* who waits since yesterday does not any more */
        return REFUSAL_queue_empty;
    }
    *place = q->waiting[0];
    take_out(q, *place);
    queues.places[*place].state = PLACE_called;
    queues.places[*place].calls++;
    return 0;
}

int local_queue_end(struct model *m, int place, bool by_shop, int outcome)
{
    struct local_place *p = &queues.places[place];
    struct local_queue *q = &queues.of[p->queue];
    if (q->day != p->day) {
        return -1; /* its number may be another's by now: nobody asks the till */
    }
    if (!by_shop && outcome != OUTCOME_left) {
        return REFUSAL_forbidden;
    }
    bool goes_on = (p->state == PLACE_waiting || p->state == PLACE_called) && p->day == today(m, p->queue);
    if (!goes_on || (outcome == OUTCOME_skipped && p->state != PLACE_called)) {
        return REFUSAL_place_ended;
    }
    if (outcome != OUTCOME_skipped) {
        take_out(q, place);
        p->state = outcome == OUTCOME_seated ? PLACE_seated : PLACE_left;
        return 0;
    }
    if (q->skip_back == 0 || p->calls > 1) {
        p->state = PLACE_skipped;
        return 0;
    }
    p->state = PLACE_waiting;
    int at = q->waiting_count++;
    for (; at > q->skip_back; at--) {
        q->waiting[at] = q->waiting[at - 1];
    }
    q->waiting[at] = place;
    return 0;
}
