/* SPDX-License-Identifier: Apache-2.0 */
/* Bookings of slots, drawn at random and made through till and model. */
#include "base/civil.h"
#include "lines/local/booking.h"
#include "model/local_booking.h"
#include "model/pair.h"

static void resource_open(struct run *run)
{
    static const int minutes[] = { 30, 60, 120 };
    struct resource_row answer;
    struct schedule_row hours;
    int index = bookings.resource_count++;
    struct local_resource *r = &bookings.resources[index];
    *r = (struct local_resource){ .shop = pick(run, run->model.shop_count), .capacity = 1 + pick(run, 3),
                                  .people_max = chance(run, 50) ? 2 + pick(run, 3) : 0, .pay = pick(run, 3),
                                  .slots_most = 1 + pick(run, BOOKED_SLOTS_MAX), .price = 1 + pick(run, 900),
                                  .slot_us = minutes[pick(run, 3)] * US_PER_MINUTE,
                                  .hold_us = (1 + pick(run, 20)) * US_PER_MINUTE,
                                  .free_us = pick(run, 120) * US_PER_MINUTE, .late_percent = pick(run, 101),
                                  .missed_percent = pick(run, 101), .missed_itself = chance(run, 50),
                                  .grace_us = (1 + pick(run, 30)) * US_PER_MINUTE };
    r->deposit = r->pay == RESOURCE_PAY_deposit ? 1 + pick(run, 300) : 0;
    struct resource_terms terms = {
        .resource_id = id_of(run, index), .shop_id = id_of(run, r->shop), .name = "a room", .kind = RESOURCE_room,
        .capacity = r->capacity, .people_max = r->people_max, .pay = r->pay, .deposit_minor = r->deposit,
        .hold_minutes = (int32_t)(r->hold_us / US_PER_MINUTE), .slots_most = r->slots_most,
        .free_minutes = (int32_t)(r->free_us / US_PER_MINUTE), .late_percent = r->late_percent,
        .missed_percent = r->missed_percent, .missed_itself = r->missed_itself,
        .grace_minutes = (int32_t)(r->grace_us / US_PER_MINUTE) };
    struct schedule_set schedule = { .resource_id = id_of(run, index), .price_minor = r->price, .hours_count = 7,
                                     .slot_minutes = (int32_t)(r->slot_us / US_PER_MINUTE) };
    for (int32_t i = 0; i < 7; i++) {
        schedule.hours[i] = (struct slot_hours_row){ .weekday = i, .opens = 0, .closes = 1440 };
    }
    same_refusal(run, "resource_create", 0, call(run, house_operator, &resource_create, &terms, &answer));
    same_refusal(run, "schedule_set", 0, call(run, house_operator, &schedule_set, &schedule, &hours));
}

static void open_resources(struct run *run)
{
    int count = 1 + pick(run, MODEL_RESOURCES);
    bookings.resource_count = bookings.count = 0;
    for (int i = 0; i < count && run->wrong == NULL; i++) {
        resource_open(run);
    }
}

static void same_booking(struct run *run, int index, const struct booking_row *row)
{
    const struct local_booking *b = &bookings.of[index];
    same(run, "a booking", b->id, row->booking_id);
    same(run, "a booking's state", b->state, row->state);
    same(run, "a booking's price", b->price, row->price_minor);
    same(run, "a booking's deposit", b->deposit, row->deposit_minor);
    same(run, "what the shop kept", b->fee, row->fee_minor);
    same(run, "a booking's trade", b->trade < 0 ? 0 : run->trade_ids[b->trade], row->trade_id);
    same(run, "when a booking begins", b->starts_us, row->starts_at_us);
    same(run, "when something of a booking is due", b->due_us, row->due_at_us);
}

static void same_bookings(struct run *run)
{
    for (int i = 0; i < bookings.count && run->wrong == NULL; i++) {
        const struct local_booking *b = &bookings.of[i];
        struct booking_row row = { .booking_id = b->id };
        bool there = house_row(&run->house, &booking_table, &row);
        assert(there);
        same_booking(run, i, &row);
        for (int j = 0; j < b->slots; j++) {
            int64_t starts_us = b->starts_us + j * bookings.resources[b->resource].slot_us;
            int64_t places = local_places(b->resource, starts_us);
            same(run, "free places of a slot", bookings.resources[b->resource].capacity - places,
                 house_balance(&run->house, id_of(run, b->resource), PURPOSE_slot_free, starts_us));
        }
        same(run, "a booking's escrow", b->trade < 0 ? 0 : run->model.trades[b->trade].in_escrow,
             b->trade < 0 ? 0 : house_balance(&run->house, run->trade_ids[b->trade], PURPOSE_escrow, UNIT_CNY));
    }
}

static void book(struct run *run)
{
    struct booking_row row = { 0 };
    struct model *m = &run->model;
    struct booking_wish want = { .resource = pick(run, bookings.resource_count), .slots = 1 + pick(run, 2),
                                 .shopper = pick(run, m->shopper_count), .pieces = 1 + pick(run, 2),
                                 .people = 1 + pick(run, 5), .pay_later = chance(run, 25),
                                 .confirmed = chance(run, 80) };
    const struct local_resource *r = &bookings.resources[want.resource];
    if (bookings.count == MODEL_BOOKINGS) {
        return;
    }
    int64_t zone_us = m->shops[r->shop].zone_minutes * US_PER_MINUTE;
    int64_t slot = (run->house.now_us + zone_us) / r->slot_us + pick(run, 5);
    want.starts_us = slot * r->slot_us - zone_us + (chance(run, 3) ? US_PER_MINUTE : 0);
    struct booking_create request = { .resource_id = id_of(run, want.resource), .starts_at_us = want.starts_us,
                                      .slots = want.slots, .pieces = want.pieces, .people = want.people,
                                      .pay_later = want.pay_later, .confirmed = want.confirmed };
    enum refusal till = call(run, house_shopper(id_of(run, want.shopper)), &booking_create, &request, &row);
    int64_t trade_id = row.trade_id != 0 ? row.trade_id : m->fresh_id;
    same_refusal(run, "booking_create", local_book_slots(m, &want, trade_id), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        struct local_booking *b = &bookings.of[bookings.count - 1];
        b->id = row.booking_id;
        if (b->trade >= 0) {
            run->trade_ids[b->trade] = row.trade_id;
        }
        same_booking(run, bookings.count - 1, &row);
    }
}

static void about_booking(struct run *run)
{
    struct booking_row row;
    if (bookings.count == 0) {
        return;
    }
    int index = chance(run, 60) ? bookings.count - 1 - pick(run, bookings.count < 4 ? bookings.count : 4)
                                : pick(run, bookings.count);
    int which = pick(run, 10), model;
    const struct local_booking *b = &bookings.of[index];
    bool by_shop = which >= 5 || chance(run, 20);
    const struct command *command = which < 5 ? &booking_cancel : which < 8 ? &booking_arrive : &booking_miss;
    struct caller caller = by_shop ? house_shop(id_of(run, bookings.resources[b->resource].shop))
                                   : house_shopper(id_of(run, b->shopper));
    enum refusal till = call(run, caller, command, &b->id, &row);
    model = which < 5   ? local_booking_cancel(&run->model, index, by_shop)
            : which < 8 ? local_booking_arrive(&run->model, index)
                        : local_booking_miss(&run->model, index);
    same_refusal(run, command->name, model, till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same_booking(run, index, &row);
    }
}

static const struct call_kind kinds[] = { { 26, book }, { 16, about_booking }, { 0, NULL } };

const struct part booking_part_of_model = {
    .name = "bookings", .calls = kinds, .open = open_resources, .same = same_bookings
};
