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

/* ---- halls ---- */

static void hall_open(struct run *run)
{
    struct resource_row answer;
    struct seat_map_row map;
    int index = bookings.resource_count++;
    struct local_resource *r = &bookings.resources[index];
    *r = (struct local_resource){ .shop = pick(run, run->model.shop_count), .hall = true, .gap = pick(run, 3),
                                  .pay = pick(run, 3), .hold_us = (1 + pick(run, 20)) * US_PER_MINUTE,
                                  .free_us = pick(run, 120) * US_PER_MINUTE, .late_percent = pick(run, 101),
                                  .missed_percent = pick(run, 101), .missed_itself = chance(run, 50),
                                  .grace_us = (1 + pick(run, 30)) * US_PER_MINUTE };
    r->deposit = r->pay == RESOURCE_PAY_deposit ? 1 + pick(run, 300) : 0;
    struct resource_terms terms = { .resource_id = id_of(run, index), .shop_id = id_of(run, r->shop), .name = "a hall",
                                    .kind = RESOURCE_hall, .pay = r->pay, .deposit_minor = r->deposit,
                                    .hold_minutes = (int32_t)(r->hold_us / US_PER_MINUTE),
                                    .free_minutes = (int32_t)(r->free_us / US_PER_MINUTE),
                                    .late_percent = r->late_percent, .missed_percent = r->missed_percent,
                                    .missed_itself = r->missed_itself, .gap_rule = r->gap,
                                    .grace_minutes = (int32_t)(r->grace_us / US_PER_MINUTE) };
    struct seat_map_set want = { .resource_id = terms.resource_id, .lines_count = HALL_ROWS };
    for (int row = 0; row < HALL_ROWS; row++) {
        struct seat_line_row *line = &want.lines[row];
        line->label[0] = (char)('A' + row);
        line->price = r->rows[row].price = pick(run, 2);
        for (int seat = 0; seat < HALL_SEATS; seat++) {
            r->rows[row].seat[seat] = seat == 3 || chance(run, 85);
            line->seats |= r->rows[row].seat[seat] ? INT64_C(1) << seat : 0;
            r->rows[row].aisle[seat] = r->rows[row].seat[seat] && chance(run, 12);
            line->aisles |= r->rows[row].aisle[seat] ? INT64_C(1) << seat : 0;
        }
    }
    same_refusal(run, "resource_create", 0, call(run, house_operator, &resource_create, &terms, &answer));
    same_refusal(run, "seat_map_set", 0, call(run, house_operator, &seat_map_set, &want, &map));
}

static void show_open(struct run *run, int hall, int64_t in_us)
{
    struct show_row row;
    struct local_show *s = &bookings.shows[bookings.show_count++];
    *s = (struct local_show){ .hall = hall, .starts_us = run->house.now_us + in_us, .prices = { 1 + pick(run, 900),
                                                                                               1 + pick(run, 900) } };
    s->ends_us = s->starts_us + US_PER_HOUR;
    struct show_create want = { .resource_id = id_of(run, hall), .title = "a film", .starts_at_us = s->starts_us,
                                .ends_at_us = s->ends_us, .prices_count = 2,
                                .prices = { { s->prices[0] }, { s->prices[1] } } };
    same_refusal(run, "show_create", 0, call(run, house_operator, &show_create, &want, &row));
    s->id = row.show_id;
}

static void open_resources(struct run *run)
{
    int count = 1 + pick(run, MODEL_RESOURCES);
    for (int i = 0; i < count && run->wrong == NULL; i++) {
        resource_open(run);
    }
    for (int i = 0; i < 2 && chance(run, 70) && run->wrong == NULL; i++) {
        if (i == 0) {
            hall_open(run);
        }
        show_open(run, bookings.resource_count - 1, (1 + i) * (2 + pick(run, 2)) * US_PER_HOUR);
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
    same(run, "when a booking ends", b->ends_us, row->ends_at_us);
    same(run, "how often a booking was moved", b->moves, row->moves);
    same(run, "what is booked", id_of(run, b->resource), row->resource_id);
    same(run, "how many seats are booked", b->seat_count, row->seats_count);
    for (int i = 0; i < b->seat_count && i < row->seats_count; i++) {
        same(run, "the row of a seat", b->seats[i].row, row->seats[i].line);
        same(run, "a seat", b->seats[i].seat + 1, row->seats[i].seat);
    }
}

static void same_shows(struct run *run)
{
    for (int i = 0; i < bookings.show_count && run->wrong == NULL; i++) {
        for (int row = 0; row < HALL_ROWS && !bookings.shows[i].cancelled; row++) {
            struct show_line_row line = { .show_id = bookings.shows[i].id, .line = row };
            house_row(&run->house, &show_line_table, &line);
            for (int seat = 0; seat < HALL_SEATS; seat++) {
                same(run, "whether a seat is taken", local_seat_taken(i, row, seat), line.taken >> seat & 1);
            }
        }
    }
}

static void same_bookings(struct run *run)
{
    same_shows(run);
    for (int i = 0; i < bookings.count && run->wrong == NULL; i++) {
        const struct local_booking *b = &bookings.of[i];
        struct booking_row row = { .booking_id = b->id };
        bool there = house_row(&run->house, &booking_table, &row);
        assert(there);
        same_booking(run, i, &row);
        for (int j = 0; j < b->slots && b->show < 0; j++) {
            int64_t starts_us = b->starts_us + j * bookings.resources[b->resource].slot_us;
            int64_t places = local_places(b->resource, starts_us);
            same(run, "free places of a slot", bookings.resources[b->resource].capacity - places,
                 house_balance(&run->house, id_of(run, b->resource), PURPOSE_slot_free, starts_us));
        }
        same(run, "a booking's escrow", b->trade < 0 ? 0 : run->model.trades[b->trade].in_escrow,
             b->trade < 0 ? 0 : house_balance(&run->house, run->trade_ids[b->trade], PURPOSE_escrow, UNIT_CNY));
    }
}

/* A new booking of both. */
static void booking_answer(struct run *run, const char *what, int model, enum refusal till,
                           const struct booking_row *row)
{
    same_refusal(run, what, model, till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        struct local_booking *b = &bookings.of[bookings.count - 1];
        b->id = row->booking_id;
        if (b->trade >= 0) {
            run->trade_ids[b->trade] = row->trade_id;
        }
        same_booking(run, bookings.count - 1, row);
    }
}

static void seats(struct run *run)
{
    struct booking_row row = { 0 };
    struct model *m = &run->model;
    if (bookings.show_count == 0 || bookings.count == MODEL_BOOKINGS) {
        return;
    }
    struct seats_wish want = { .show = pick(run, bookings.show_count), .shopper = pick(run, m->shopper_count),
                               .count = 1 + pick(run, 4), .pay_later = chance(run, 25),
                               .confirmed = chance(run, 80) };
    struct booking_seats request = { .show_id = bookings.shows[want.show].id, .pay_later = want.pay_later,
                                     .confirmed = want.confirmed };
    int first = pick(run, HALL_SEATS), line = pick(run, HALL_ROWS);
    if (chance(run, 60)) { /* by name, mostly side by side */
        want.seat_count = want.count;
        for (int i = 0; i < want.seat_count; i++) {
            int other = chance(run, 10) ? pick(run, HALL_ROWS) : line;
            want.seats[i] = (struct seat_place){ other, chance(run, 90) ? (first + i) % HALL_SEATS
                                                                        : pick(run, HALL_SEATS) };
        }
        for (int i = 1; i < want.seat_count; i++) { /* as they are shown: by row and by seat */
            for (int j = i; j > 0; j--) {
                struct seat_place a = want.seats[j - 1], b = want.seats[j];
                bool later = a.row > b.row || (a.row == b.row && a.seat > b.seat);
                want.seats[j - 1] = later ? b : a;
                want.seats[j] = later ? a : b;
            }
        }
    }
    request.count = want.seat_count > 0 ? 0 : want.count;
    request.seats_count = want.seat_count;
    for (int i = 0; i < want.seat_count; i++) {
        request.seats[i] = (struct booking_seat_row){ want.seats[i].row, want.seats[i].seat + 1 };
    }
    enum refusal till = call(run, house_shopper(id_of(run, want.shopper)), &booking_seats, &request, &row);
    int64_t trade_id = row.trade_id != 0 ? row.trade_id : m->fresh_id;
    int model = local_book_seats(m, &want, trade_id);
    booking_answer(run, "booking_seats", model, till, &row);
}

static void reschedule(struct run *run)
{
    struct booking_row row;
    int index = bookings.count > 0 ? bookings.count - 1 - pick(run, bookings.count < 8 ? bookings.count : 8) : -1;
    if (index < 0) {
        return;
    }
    const struct local_booking *b = &bookings.of[index];
    int resource = chance(run, 75) ? b->resource : pick(run, bookings.resource_count);
    const struct local_resource *r = &bookings.resources[resource];
    if (b->trade >= 0 && run->model.trades[b->trade].refund_count > MODEL_REFUNDS - 5) {
        return;
    }
    bool by_shop = chance(run, 30);
    int64_t slot_us = r->hall ? US_PER_HOUR : r->slot_us;
    int64_t zone_us = run->model.shops[r->shop].zone_minutes * US_PER_MINUTE;
    int64_t starts_us = ((run->house.now_us + zone_us) / slot_us + pick(run, 6)) * slot_us - zone_us;
    struct caller caller = by_shop ? house_shop(id_of(run, bookings.resources[b->resource].shop))
                                   : house_shopper(id_of(run, b->shopper));
    struct booking_reschedule want = { b->id, resource == b->resource ? 0 : id_of(run, resource), starts_us };
    enum refusal till = call(run, caller, &booking_reschedule, &want, &row);
    same_refusal(run, "booking_reschedule", local_booking_move(&run->model, index, resource, starts_us, by_shop), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same_booking(run, index, &row);
    }
}

static void show_off(struct run *run)
{
    struct show_row row;
    if (bookings.show_count == 0 || chance(run, 70)) {
        seats(run);
        return;
    }
    int index = pick(run, bookings.show_count);
    struct show_ref want = { bookings.shows[index].id };
    enum refusal till = call(run, house_operator, &show_cancel, &want, &row);
    same_refusal(run, "show_cancel", local_show_cancel(&run->model, index), till);
}

static void book(struct run *run)
{
    struct booking_row row = { 0 };
    struct model *m = &run->model;
    int slotted = bookings.resource_count - bookings.resources[bookings.resource_count - 1].hall;
    struct booking_wish want = { .resource = pick(run, slotted), .slots = 1 + pick(run, 2),
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
    int model = local_book_slots(m, &want, trade_id);
    booking_answer(run, "booking_create", model, till, &row);
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

static const struct call_kind kinds[] = {
    { 22, book }, { 16, about_booking }, { 14, seats }, { 8, reschedule }, { 1, show_off }, { 0, NULL },
};

const struct part booking_part_of_model = {
    .name = "bookings", .calls = kinds, .open = open_resources, .same = same_bookings
};
