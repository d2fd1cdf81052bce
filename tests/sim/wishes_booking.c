/* SPDX-License-Identifier: Apache-2.0 */
/* Bookings: no slot and no seat is anybody's twice, whatever happened, and what was answered is there. */
#include "base/civil.h"
#include "lines/local/booking.h"
#include "sim/wishes.h"
#include "support/house.h"

#define ROOM INT64_C(11)  /* paid before */
#define TABLE_OF INT64_C(12) /* two places, with a deposit */
#define HALL INT64_C(13)
#define SEAT_LINES 2

/* ---- what there is ---- */

static void resource_set_up(struct world *world, const struct resource_terms *terms, int32_t slot_minutes)
{
    struct schedule_set hours = { .resource_id = terms->resource_id, .slot_minutes = slot_minutes,
                                  .price_minor = 60 + world_pick(world, 90),
                                  .hours_count = 7 };
    for (int32_t i = 0; i < 7; i++) { /* over midnight */
        hours.hours[i] = (struct slot_hours_row){ .weekday = i, .opens = 720, .closes = 1500 };
    }
    set_up_call(world, house_operator, &resource_create, terms, 0);
    set_up_call(world, house_operator, &schedule_set, &hours, 0);
}

static void bookings_set_up(struct world *world)
{
    struct resource_terms room = { .resource_id = ROOM, .shop_id = 1, .name = "room", .kind = RESOURCE_room,
                                   .pay = RESOURCE_PAY_before, .slots_most = 2, .hold_minutes = 5, .free_minutes = 60,
                                   .late_percent = 30, .missed_percent = 70, .missed_itself = 1 };
    struct resource_terms table = { .resource_id = TABLE_OF, .shop_id = 2, .name = "table", .kind = RESOURCE_table,
                                    .pay = RESOURCE_PAY_deposit, .deposit_minor = 50, .capacity = 2, .people_max = 4,
                                    .hold_minutes = 5, .late_percent = 50, .missed_percent = 100 };
    struct resource_terms hall = { .resource_id = HALL, .shop_id = 3, .name = "hall", .kind = RESOURCE_hall,
                                   .pay = RESOURCE_PAY_before, .gap_rule = GAP_between, .free_minutes = 30,
                                   .late_percent = 50, .hold_minutes = 5 };
    struct seat_map_set map = { .resource_id = HALL, .lines_count = SEAT_LINES };
    struct show_create show = { .resource_id = HALL, .title = "a film", .starts_at_us = world->now_us + 2 * US_PER_HOUR,
                                .ends_at_us = world->now_us + 4 * US_PER_HOUR, .prices_count = 1 };
    map.lines[0] = (struct seat_line_row){ .label = "A", .seats = 31 };
    map.lines[1] = (struct seat_line_row){ .label = "B", .seats = 15 };
    show.prices[0].price_minor = 40 + world_pick(world, 60);
    resource_set_up(world, &room, 30);
    resource_set_up(world, &table, 60);
    set_up_call(world, house_operator, &resource_create, &hall, 0);
    set_up_call(world, house_operator, &seat_map_set, &map, 0);
    set_up_call(world, house_operator, &show_create, &show, 0);
}

/* ---- what is wanted ---- */

static bool makes_show(const struct intent *intent)
{
    return intent->command == &show_create;
}

static bool makes_booking(const struct intent *intent)
{
    return intent->command == &booking_create || intent->command == &booking_seats ||
           intent->command == &booking_wait;
}

/* Of the next hours, mostly when a slot begins. */
static int64_t slot_draw(struct world *world)
{
    return HOUSE_NOON_US + (world_pick(world, 8) * 60 + (world_chance(world, 20) ? 30 : 0)) * US_PER_MINUTE;
}

static void wish_slot(struct world *world)
{
    struct booking_create want = { .resource_id = world_chance(world, 55) ? ROOM : TABLE_OF,
                                   .starts_at_us = slot_draw(world), .slots = 1 + world_pick(world, 2),
                                   .people = 1 + world_pick(world, 3), .pay_later = world_chance(world, 25),
                                   .confirmed = world_chance(world, 90) };
    want.slots = want.resource_id == ROOM ? want.slots : 1;
    want.pieces = want.resource_id == ROOM ? 1 : 1 + world_pick(world, 2);
    struct intent *intent = intent_new(world, house_shopper(1 + world_pick(world, SHOPPERS)), &booking_create);
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_seats(struct world *world)
{
    const struct intent *made = NULL;
    for (int i = 0; i < world->intent_count && made == NULL; i++) {
        made = makes_show(&world->intents[i]) ? &world->intents[i] : NULL;
    }
    const struct show_row *show = (const void *)made->answer;
    struct booking_seats want = { .show_id = show->show_id, .confirmed = world_chance(world, 90),
                                  .pay_later = world_chance(world, 25) };
    if (world_chance(world, 40)) {
        want.count = 1 + world_pick(world, 3);
    } else {
        want.seats_count = 1 + world_pick(world, 2);
        want.seats[0] = (struct booking_seat_row){ .line = world_pick(world, SEAT_LINES),
                                                   .seat = 1 + world_pick(world, 5) };
        want.seats[1] = (struct booking_seat_row){ want.seats[0].line, want.seats[0].seat + 1 };
    }
    struct intent *intent = intent_new(world, house_shopper(1 + world_pick(world, SHOPPERS)), &booking_seats);
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_wait(struct world *world)
{
    struct booking_wait want = { .resource_id = world_chance(world, 50) ? ROOM : TABLE_OF,
                                 .starts_at_us = slot_draw(world), .slots = 1, .pieces = 1, .people = 2 };
    struct intent *intent = intent_new(world, house_shopper(1 + world_pick(world, SHOPPERS)), &booking_wait);
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_about_booking(struct world *world)
{
    const struct intent *made = wish_done(world, makes_booking);
    if (made == NULL) {
        wish_slot(world);
        return;
    }
    const struct booking_row *booking = (const void *)made->answer;
    struct caller shopper = house_shopper(booking->shopper_id), shop = house_shop(booking->shop_id);
    struct booking_ref ref = { booking->booking_id };
    struct booking_accept accept = { booking->booking_id, world_chance(world, 20), 1 };
    struct booking_reschedule move = { booking->booking_id, 0, slot_draw(world) };
    int which = world_pick(world, 20);
    const struct command *command = which < 6    ? &booking_cancel
                                    : which < 10 ? &booking_accept
                                    : which < 13 ? &booking_reschedule
                                    : which < 16 ? &booking_arrive
                                    : which < 18 ? &booking_miss
                                                 : &trade_confirm;
    bool by_shop = command == &booking_arrive || command == &booking_miss;
    struct intent *intent = intent_new(world, by_shop ? shop : shopper, command);
    if (command == &trade_confirm) {
        memcpy(intent->request, &booking->trade_id, sizeof(booking->trade_id));
    } else {
        const void *request = command == &booking_accept      ? (const void *)&accept
                              : command == &booking_reschedule ? (const void *)&move
                                                               : (const void *)&ref;
        memcpy(intent->request, request, command->request->size);
    }
}

/* The cinema calls the film off: whoever has seats gets the money back. */
static void wish_show_cancel(struct world *world)
{
    for (int i = 0; i < world->intent_count; i++) {
        if (makes_show(&world->intents[i])) {
            int64_t show_id = ((const struct show_row *)(const void *)world->intents[i].answer)->show_id;
            struct intent *intent = intent_new(world, house_operator, &show_cancel);
            memcpy(intent->request, &show_id, sizeof(show_id));
            return;
        }
    }
}

/* ---- what must be there ---- */

struct counts {
    int64_t bookings, late, now_us;
};

static bool count_booking(void *context, const void *row)
{
    const struct booking_row *booking = row;
    struct counts *counts = context;
    counts->bookings++;
    counts->late += booking->due_at_us != 0 && booking->due_at_us <= counts->now_us;
    return true;
}

static void check(struct world *world)
{
    struct counts found = { .now_us = world->now_us - (world->shared != NULL ? 20 * US_PER_SECOND : 0) };
    int64_t answered = 0;
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        if (makes_booking(intent) && intent->known && intent->refusal == REFUSAL_none) {
            const struct booking_row *told = (const void *)intent->answer;
            struct booking_row row = { .booking_id = told->booking_id };
            answered++;
            if (!world_find(world, &booking_table, &row)) {
                world_wrong(world, "bookings", "one that was answered is missing");
            }
        }
    }
    enum status status = world_scan(world, &booking_table, count_booking, &found);
    assert(status == STATUS_ok);
    if (found.bookings != answered) {
        world_wrong(world, "bookings", "they are not those that were answered");
    }
    if (found.late > 0) {
        world_wrong(world, "bookings", "what ends by itself did not");
    }
}

static const struct wish_kind kinds[] = {
    { 18, wish_slot }, { 12, wish_seats }, { 5, wish_wait }, { 22, wish_about_booking }, { 1, wish_show_cancel },
    { 0, NULL },
};

const struct area booking_area = { .name = "bookings", .wishes = kinds, .set_up = bookings_set_up, .check = check };
