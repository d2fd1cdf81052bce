/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of queues, drawn at random and made through till and model. */
#include "base/base.h"
#include "lines/local/queue.h"
#include "model/local_queue.h"
#include "model/pair.h"

static void queues_open(struct run *run)
{
    queues.count = queues.place_count = 0;
    for (int i = 0; i < MODEL_QUEUES; i++) {
        struct queue_row row;
        struct local_queue *q = &queues.of[queues.count++];
        *q = (struct local_queue){ .shop = pick(run, run->model.shop_count), .people_most = 2 + pick(run, 4),
                                   .skip_back = pick(run, 4) };
        struct queue_set want = { .shop_id = id_of(run, q->shop), .name = "a size", .letter = "A",
                                  .people_most = q->people_most, .skip_back = q->skip_back };
        same_refusal(run, "queue_set", 0, call(run, house_shop(want.shop_id), &queue_set, &want, &row));
        q->id = row.queue_id;
    }
}

static void same_place(struct run *run, int index, const struct queue_place_row *row)
{
    const struct local_place *p = &queues.places[index];
    same(run, "a number", p->number, row->number);
    same(run, "the day of a number", p->day, row->day);
    same(run, "who has a number", p->shopper < 0 ? 0 : id_of(run, p->shopper), row->shopper_id);
    same(run, "the state of a number", p->state, row->state);
    same(run, "how often a number was called", p->calls, row->calls);
}

static void place_answer(struct run *run, const char *what, int model, enum refusal till, int index,
                         const struct queue_place *place)
{
    same_refusal(run, what, model, till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same_place(run, index, &place->row);
        same(run, "who is called before", local_queue_ahead(index), place->ahead);
    }
}

static void take(struct run *run)
{
    struct queue_place place;
    int queue = pick(run, queues.count), shopper = pick(run, run->model.shopper_count), index = 0;
    bool door = chance(run, 40);
    const struct local_queue *q = &queues.of[queue];
    struct queue_take want = { .queue_id = q->id, .people = 1 + pick(run, q->people_most + chance(run, 5)) };
    if (queues.place_count == MODEL_PLACES) {
        return;
    }
    struct caller caller = door ? house_shop(id_of(run, q->shop)) : house_shopper(id_of(run, shopper));
    enum refusal till = call(run, caller, &queue_take, &want, &place);
    int model = local_queue_take(&run->model, queue, door ? -1 : shopper, !door, want.people, &index);
    place_answer(run, "queue_take", model, till, index, &place);
}

static void call_next(struct run *run)
{
    struct queue_place place;
    int queue = pick(run, queues.count), index = 0;
    struct queue_ref want = { queues.of[queue].id };
    enum refusal till = call(run, house_shop(id_of(run, queues.of[queue].shop)), &queue_call, &want, &place);
    int model = local_queue_call(&run->model, queue, &index);
    place_answer(run, "queue_call", model, till, index, &place);
}

static void end(struct run *run)
{
    struct queue_place place;
    int count = queues.place_count;
    int index = count > 0 ? count - 1 - pick(run, count < 8 ? count : 8) : -1;
    if (index < 0 || queues.places[index].day != queues.of[queues.places[index].queue].day) {
        take(run);
        return;
    }
    const struct local_place *p = &queues.places[index];
    const struct local_queue *q = &queues.of[p->queue];
    bool by_shop = p->shopper < 0 || chance(run, 75);
    struct queue_place_end want = { .queue_id = q->id, .number = p->number, .outcome = 1 + pick(run, 3) };
    struct caller caller = by_shop ? house_shop(id_of(run, q->shop)) : house_shopper(id_of(run, p->shopper));
    enum refusal till = call(run, caller, &queue_place_end, &want, &place);
    int model = local_queue_end(&run->model, index, by_shop, want.outcome);
    place_answer(run, "queue_place_end", model, till, index, &place);
}

static void same_queues(struct run *run)
{
    for (int i = 0; i < queues.place_count && run->wrong == NULL; i++) {
        const struct local_place *p = &queues.places[i];
        struct queue_place_row row = { .queue_id = queues.of[p->queue].id, .day = p->day, .number = p->number };
        bool there = house_row(&run->house, &queue_place_table, &row);
        assert(there);
        same_place(run, i, &row);
    }
    for (int i = 0; i < queues.count && run->wrong == NULL; i++) {
        const struct local_queue *q = &queues.of[i];
        struct queue_row row = { .queue_id = q->id };
        bool there = house_row(&run->house, &queue_table, &row);
        assert(there);
        same(run, "the last number of a queue", q->last, row.number);
        same(run, "who waits in a queue", q->waiting_count, row.waiting_count);
        for (int j = 0; j < q->waiting_count && run->wrong == NULL; j++) {
            same(run, "who is called when", queues.places[q->waiting[j]].number, row.waiting[j].number);
        }
    }
}

static const struct call_kind kinds[] = { { 8, take }, { 6, call_next }, { 8, end }, { 0, NULL } };

const struct part queue_part = { .name = "queues", .calls = kinds, .open = queues_open, .same = same_queues };
