/* SPDX-License-Identifier: Apache-2.0 */
/* A room with bookings in each state, a hall with a show and seats, and a queue in front of the door. */
#include <stdio.h>

#include "base/civil.h"
#include "lines/local/local.h"
#include "support/local_day.h"

#define TOMORROW INT64_C(16417) /* 2014-12-13, a Saturday */
#define ROOM_OPENS_US (TOMORROW * US_PER_DAY + 10 * US_PER_HOUR) /* 18:00 in Shanghai */

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fprintf(stderr, "bookings of a day: refused: %s\n", refusal_text((int)refusal)->name);
    }
    assert(refusal == REFUSAL_none);
}

static void room_make(struct house *house)
{
    struct resource_terms room = { .resource_id = LOCAL_DAY_ROOM,
                                   .shop_id = 1,
                                   .name = "唱吧 \"O'Brien\"",
                                   .kind = RESOURCE_room,
                                   .capacity = 2,
                                   .pay = RESOURCE_PAY_before,
                                   .free_minutes = 60,
                                   .late_percent = 50,
                                   .slots_most = 3,
                                   .closed_days_count = 1,
                                   .closed_days = { { 20141225 } } };
    struct schedule_set hours = { .resource_id = LOCAL_DAY_ROOM,
                                  .slot_minutes = 60,
                                  .price_minor = 100,
                                  .hours_count = 2,
                                  .hours = { { 5, 1080, 1800 }, { 6, 1080, 1800 } },
                                  .prices_count = 1,
                                  .prices = { { 1 << 5, 1200, 1440, 200 } } };
    must(house_call(house, house_operator, &resource_create, &room, NULL));
    must(house_call(house, house_operator, &schedule_set, &hours, NULL));
}

static int64_t book(struct house *house, int64_t shopper_id, int hour, int32_t pieces, bool later)
{
    struct booking_row made;
    struct booking_create want = { .resource_id = LOCAL_DAY_ROOM,
                                   .shopper_id = shopper_id,
                                   .starts_at_us = ROOM_OPENS_US + hour * US_PER_HOUR,
                                   .slots = 2,
                                   .pieces = pieces,
                                   .pay_later = later,
                                   .confirmed = 1,
                                   .note = "靠窗 window" };
    must(house_call(house, house_operator, &booking_create, &want, &made));
    return made.booking_id;
}

static void hall_make(struct house *house)
{
    struct show_row show;
    struct resource_terms hall = { .resource_id = LOCAL_DAY_HALL, .shop_id = 2, .name = "Hall", .kind = RESOURCE_hall };
    struct seat_map_set map = { .resource_id = LOCAL_DAY_HALL,
                                .lines_count = 2,
                                .lines = { { "A", 0x3ff, 0x10, 0 }, { "B", 0xfff, 0, 1 } } };
    struct show_create film = { .resource_id = LOCAL_DAY_HALL,
                                .title = "一步之遥",
                                .starts_at_us = ROOM_OPENS_US,
                                .ends_at_us = ROOM_OPENS_US + 2 * US_PER_HOUR,
                                .prices_count = 2,
                                .prices = { { 380 }, { 580 } } };
    must(house_call(house, house_operator, &resource_create, &hall, NULL));
    must(house_call(house, house_operator, &seat_map_set, &map, NULL));
    must(house_call(house, house_operator, &show_create, &film, &show));
    struct booking_seats seats = { .show_id = show.show_id, .shopper_id = 3, .count = 3 };
    must(house_call(house, house_operator, &booking_seats, &seats, NULL));
    show.show_id = LOCAL_DAY_SHOW; /* once more, under an id that is known */
    house_row_put(house, &show_table, &show, true);
    struct show_line_row line = { .show_id = LOCAL_DAY_SHOW, .line = 1, .taken = 0x1c };
    house_row_put(house, &show_line_table, &line, true);
}

static void queue_make(struct house *house)
{
    struct queue_row queue = { .queue_id = LOCAL_DAY_QUEUE,
                               .shop_id = 1,
                               .merchant_id = 1,
                               .name = "2-4",
                               .letter = "B",
                               .open = 1,
                               .day = 20141212,
                               .number = 3,
                               .called = 1,
                               .created_at_us = house->now_us,
                               .waiting_count = 2,
                               .waiting = { { 2 }, { 3 } } };
    house_row_put(house, &queue_table, &queue, true);
    for (int32_t number = 1; number <= 3; number++) {
        struct queue_place_row place = { .queue_id = LOCAL_DAY_QUEUE,
                                         .day = 20141212,
                                         .number = number,
                                         .shop_id = 1,
                                         .shopper_id = number == 3 ? 0 : 1,
                                         .people = number,
                                         .state = number == 1 ? PLACE_called : PLACE_waiting,
                                         .calls = number == 1,
                                         .taken_at_us = house->now_us + number };
        house_row_put(house, &queue_place_table, &place, true);
    }
}

void local_day_bookings(struct house *house)
{
    room_make(house);
    (void)book(house, 1, 0, 1, false);
    (void)book(house, 2, 1, 1, true);
    struct booking_ref ref = { .booking_id = book(house, 1, 4, 2, false) };
    must(house_call(house, house_operator, &booking_cancel, &ref, NULL));
    (void)book(house, 2, 6, 2, false);
    struct booking_wait wait = { .resource_id = LOCAL_DAY_ROOM,
                                 .shopper_id = 3,
                                 .starts_at_us = ROOM_OPENS_US + 6 * US_PER_HOUR };
    must(house_call(house, house_operator, &booking_wait, &wait, NULL));
    hall_make(house);
    queue_make(house);
}
