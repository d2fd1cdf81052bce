/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for those who come without a booking: each is given once, in turn, whatever happened. */
#include "lines/local/queue.h"
#include "sim/wishes.h"
#include "support/house.h"

#define QUEUES 2

static void queues_set_up(struct world *world)
{
    for (int i = 0; i < QUEUES; i++) {
        struct queue_set want = { .shop_id = 1 + i, .name = "2-4", .letter = "A", .people_most = 4,
                                  .skip_back = world_pick(world, 3) };
        set_up_call(world, house_operator, &queue_set, &want, 0);
    }
}

static bool takes(const struct intent *intent)
{
    return intent->command == &queue_take;
}

static const struct queue_row *queue_draw(struct world *world)
{
    const struct queue_row *queues[QUEUES];
    int count = 0;
    for (int i = 0; i < world->intent_count && count < QUEUES; i++) {
        if (world->intents[i].command == &queue_set) {
            queues[count++] = (const void *)world->intents[i].answer;
        }
    }
    return queues[world_pick(world, count)];
}

static void wish_take(struct world *world)
{
    const struct queue_row *queue = queue_draw(world);
    bool door = world_chance(world, 30);
    struct queue_take want = { .queue_id = queue->queue_id, .people = 1 + world_pick(world, 5) };
    struct intent *intent = intent_new(world, door ? house_shop(queue->shop_id)
                                                   : house_shopper(1 + world_pick(world, SHOPPERS)), &queue_take);
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_call(struct world *world)
{
    const struct queue_row *queue = queue_draw(world);
    struct intent *intent = intent_new(world, house_shop(queue->shop_id), &queue_call);
    memcpy(intent->request, &queue->queue_id, sizeof(queue->queue_id));
}

static void wish_end(struct world *world)
{
    const struct intent *taken = wish_done(world, takes);
    if (taken == NULL) {
        wish_take(world);
        return;
    }
    const struct queue_place *place = (const void *)taken->answer;
    bool shop = place->row.shopper_id == 0 || world_chance(world, 70);
    struct queue_place_end want = { .queue_id = place->row.queue_id, .number = place->row.number,
                                    .outcome = shop ? 1 + world_pick(world, 3) : OUTCOME_left };
    struct intent *intent = intent_new(world, shop ? house_shop(place->row.shop_id)
                                                   : house_shopper(place->row.shopper_id), &queue_place_end);
    memcpy(intent->request, &want, sizeof(want));
}

/* ---- what must be there ---- */

struct counts {
    int64_t places, calls;
};

static bool count_place(void *context, const void *row)
{
    const struct queue_place_row *place = row;
    struct counts *counts = context;
    counts->places++;
    counts->calls += place->calls;
    return true;
}

/* As many numbers and calls as were answered, and no number of a day was answered twice. */
static void check(struct world *world)
{
    struct counts found = { 0 }, answered = { 0 };
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        bool through = intent->known && intent->refusal == REFUSAL_none;
        const struct queue_place *place = (const void *)intent->answer;
        answered.calls += through && intent->command == &queue_call;
        answered.places += through && takes(intent);
        for (int j = 0; j < i && through && takes(intent); j++) {
            const struct intent *other = &world->intents[j];
            const struct queue_place *before = (const void *)other->answer;
            bool given = other->known && other->refusal == REFUSAL_none && takes(other);
            if (given && before->row.queue_id == place->row.queue_id && before->row.day == place->row.day &&
                before->row.number == place->row.number) {
                world_wrong(world, "queues", "a number was given twice");
            }
        }
    }
    enum status status = world_scan(world, &queue_place_table, count_place, &found);
    assert(status == STATUS_ok);
    if (found.places != answered.places || found.calls != answered.calls) {
        world_wrong(world, "queues", "numbers and calls are not those that were answered");
    }
}

static const struct wish_kind kinds[] = { { 12, wish_take }, { 8, wish_call }, { 10, wish_end }, { 0, NULL } };

const struct area queue_area = { .name = "queues", .wishes = kinds, .set_up = queues_set_up, .check = check };
