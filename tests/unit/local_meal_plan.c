/* SPDX-License-Identifier: Apache-2.0 */
/* Bills shared to the cent, couriers chosen and why, kitchens that are open and have room, distances. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/hash.h"
#include "lines/local/bill_split.h"
#include "lines/local/courier_choice.h"
#include "lines/local/kitchen_plan.h"

static uint64_t next(uint64_t *random)
{
    *random += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix(*random);
}

static int64_t below(uint64_t *random, int64_t bound)
{
    return (int64_t)(next(random) % (uint64_t)bound);
}

/* ---- bills ---- */

static void parts_come_to_the_whole(void **state)
{
    (void)state;
    for (int64_t amount = 0; amount < 50; amount++) {
        for (int32_t parts = 1; parts <= 9; parts++) {
            int64_t sum = 0;
            for (int32_t i = 0; i < parts; i++) {
                int64_t part = bill_part(amount, parts, i);
                assert_true(part * parts >= amount - parts && part * parts <= amount + parts);
                assert_true(i == 0 || part <= bill_part(amount, parts, i - 1));
                sum += part;
            }
            assert_int_equal(sum, amount);
        }
    }
    assert_int_equal(bill_part(100, 3, 0), 34);
    assert_int_equal(bill_part(100, 3, 1), 33);
}

static void service_is_rounded_once(void **state)
{
    (void)state;
    assert_int_equal(bill_service(1000, 1000), 100);
    assert_int_equal(bill_service(5, 1000), 1); /* half a cent up */
    assert_int_equal(bill_service(4, 1000), 0);
    assert_int_equal(bill_service(0, 1500), 0);
    assert_int_equal(bill_service(12345, 0), 0);
}

static void guests_pay_their_own_and_a_part_of_what_is_for_all(void **state)
{
    static const int32_t guests[] = { 1, 2, 4 };
    static const struct bill_item items[] = {
        { 1, 0, 1000 }, { 2, 0, 501 }, { 0, 0, 100 }, { 3, 0, 1 }, /* guest 3 has left: its soup is for all */
    };
    struct bill_terms terms = { .mode = BILL_guests, .guests = guests, .guest_count = 3, .items = items,
                                .item_count = 4, .service_bp = 1000, .fee_minor = 7 };
    struct bill_share shares[BILL_SHARES_MAX];
    (void)state;
    assert_int_equal(bill_split(&terms, shares), 3);
    assert_int_equal(shares[0].food_minor, 1034);
    assert_int_equal(shares[1].food_minor, 535);
    assert_int_equal(shares[2].food_minor, 33);
    assert_int_equal(shares[2].guest, 4);
    /* 160.2 cents of charge in all: 103.4, then 156.9, then 160.2 */
    assert_int_equal(shares[0].service_minor, 103);
    assert_int_equal(shares[1].service_minor, 54);
    assert_int_equal(shares[2].service_minor, 3);
    assert_int_equal(shares[0].fee_minor, 7);
    assert_int_equal(shares[1].fee_minor, 0);
}

static void nothing_makes_no_bill(void **state)
{
    static const struct bill_item items[] = { { 1, 0, 500 }, { 1, 1, 0 } };
    struct bill_terms terms = { .mode = BILL_lines, .items = items, .item_count = 2 };
    struct bill_share shares[BILL_SHARES_MAX];
    (void)state;
    assert_int_equal(bill_split(&terms, shares), 0);
    terms = (struct bill_terms){ .mode = BILL_evenly, .parts = 3, .loose_minor = 2 };
    assert_int_equal(bill_split(&terms, shares), 2);
    assert_int_equal(shares[0].food_minor + shares[1].food_minor, 2);
}

/* However a meal is shared, bill by bill, its bills come to its food and to the charge of all of it. */
static void any_sharing_is_exact(void **state)
{
    uint64_t random = 7;
    int32_t guests[5] = { 1, 2, 3, 5, 8 };
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct bill_item items[8];
        bool billed[8] = { false };
        size_t count = 1 + (size_t)below(&random, 8);
        int64_t food = 0, done = 0, service = 0;
        int32_t service_bp = (int32_t)below(&random, SERVICE_MAX_BP + 1);
        for (size_t i = 0; i < count; i++) {
            items[i] = (struct bill_item){ (int32_t)below(&random, 9), 0, below(&random, 20000) };
            food += items[i].amount_minor;
        }
        for (int step = 0; step < 3; step++) {
            struct bill_item open[8];
            size_t open_count = 0;
            for (size_t i = 0; i < count; i++) {
                if (!billed[i]) {
                    open[open_count] = items[i];
                    open[open_count].chosen = (int32_t)below(&random, 2);
                    billed[i] = open[open_count].chosen != 0 || step == 2;
                    open_count++;
                }
            }
            struct bill_terms terms = { .mode = step < 2 ? BILL_lines : (enum bill_mode)(1 + below(&random, 3)),
                                        .parts = 1 + (int32_t)below(&random, BILL_SHARES_MAX),
                                        .guest_count = 1 + (int32_t)below(&random, 5),
                                        .guests = guests,
                                        .item_count = open_count,
                                        .items = open,
                                        .billed_minor = done,
                                        .billed_service_minor = service,
                                        .service_bp = service_bp };
            struct bill_share shares[BILL_SHARES_MAX];
            size_t share_count = bill_split(&terms, shares);
            for (size_t i = 0; i < share_count; i++) {
                assert_true(shares[i].food_minor > 0 && shares[i].service_minor >= 0);
                done += shares[i].food_minor;
                service += shares[i].service_minor;
            }
        }
        assert_int_equal(done, food);
        assert_int_equal(service, bill_service(food, service_bp));
    }
}

/* ---- couriers ---- */

#define NOON_US INT64_C(1418356800000000) /* Friday 2014-12-12, 12:00 in Shanghai */

static const struct position kitchen = { 30274100, 120155100 };

static struct courier_candidate courier_at(int64_t courier_id, int32_t north_e6)
{
    return (struct courier_candidate){ .courier_id = courier_id,
                                       .works_here = true,
                                       .on_duty = true,
                                       .open_most = 3,
                                       .place = { kitchen.latitude_e6 + north_e6, kitchen.longitude_e6 },
                                       .seen_at_us = NOON_US - 1,
                                       .idle_since_us = NOON_US - US_PER_HOUR };
}

static void the_one_who_is_there_first_is_chosen(void **state)
{
    struct courier_candidate of[] = { courier_at(1, 9000), courier_at(2, 3000), courier_at(3, 1000),
                                      courier_at(4, 0), courier_at(5, 0), courier_at(6, 0), courier_at(7, 0),
                                      courier_at(8, 0) };
    (void)state;
    of[2].open = 1; /* near, but it has a meal to bring first */
    of[3].on_duty = false;
    of[4].open = 3;
    of[5].seen_at_us = NOON_US - COURIER_SEEN_US - 1;
    of[6].declined = true;
    of[7].works_here = false;
    assert_int_equal(courier_choose(kitchen, NOON_US, of, COUNT_OF(of)), 1);
    assert_int_equal(of[0].verdict, COURIER_later);
    assert_int_equal(of[0].distance_m, 1001);
    assert_int_equal(of[0].wait_s, 201);
    assert_int_equal(of[1].verdict, COURIER_chosen);
    assert_int_equal(of[1].wait_s, 67);
    assert_int_equal(of[2].verdict, COURIER_later);
    assert_int_equal(of[2].wait_s, 623);
    assert_int_equal(of[3].verdict, COURIER_off_duty);
    assert_int_equal(of[4].verdict, COURIER_full);
    assert_int_equal(of[5].verdict, COURIER_unseen);
    assert_int_equal(of[6].verdict, COURIER_declined);
    assert_int_equal(of[7].verdict, COURIER_gone);
}

static void equals_are_chosen_by_rest_then_by_id(void **state)
{
    struct courier_candidate of[] = { courier_at(3, 0), courier_at(2, 0), courier_at(1, 0) };
    (void)state;
    assert_int_equal(courier_choose(kitchen, NOON_US, of, 3), 2);
    of[0].idle_since_us--;
    assert_int_equal(courier_choose(kitchen, NOON_US, of, 3), 0);
    assert_int_equal(of[2].verdict, COURIER_later); /* of the choice before nothing is left */
    for (size_t i = 0; i < 3; i++) {
        of[i].on_duty = false;
    }
    assert_int_equal(courier_choose(kitchen, NOON_US, of, 3), -1);
    assert_int_equal(courier_choose(kitchen, NOON_US, of, 0), -1);
}

static void distances_are_those_of_a_sphere(void **state)
{
    struct position shanghai = { 31230400, 121473700 }, hangzhou = { 30274100, 120155100 };
    struct position east = { 100, 179999900 }, west = { 100, -179999900 };
    (void)state;
    assert_int_equal(place_distance_m(shanghai, shanghai), 0);
    /* 164,9xx m along the great circle */
    assert_in_range(place_distance_m(shanghai, hangzhou), 164700, 165200);
    assert_int_equal(place_distance_m(hangzhou, shanghai), place_distance_m(shanghai, hangzhou));
    assert_in_range(place_distance_m(east, west), 21, 23);
    struct position south = { -90000000, 0 }, north = { 90000000, 180000000 };
    assert_in_range(place_distance_m(south, north), 19000000, 30000000);
    assert_true(place_valid(shanghai));
    assert_false(place_valid((struct position){ 90000001, 0 }));
    assert_false(place_valid((struct position){ 0, -180000001 }));
}

/* ---- kitchens ---- */

static void hours_go_on_after_midnight(void **state)
{
    struct kitchen_hours hours[7] = { { 0, 0 } };
    hours[4] = (struct kitchen_hours){ 18 * 60, 26 * 60 }; /* Friday, until two in the morning */
    (void)state;
    assert_true(kitchen_hours_valid(hours));
    assert_false(kitchen_works(hours, 480, NOON_US));
    assert_true(kitchen_works(hours, 480, NOON_US + 6 * US_PER_HOUR));
    assert_true(kitchen_works(hours, 480, NOON_US + 14 * US_PER_HOUR - 1));
    assert_false(kitchen_works(hours, 480, NOON_US + 14 * US_PER_HOUR));
    assert_false(kitchen_works(hours, 480, NOON_US + 30 * US_PER_HOUR));
    assert_true(kitchen_works(hours, 0, NOON_US + 14 * US_PER_HOUR)); /* six in the evening further west */
    hours[6] = (struct kitchen_hours){ 23 * 60, 25 * 60 }; /* Sunday into Monday */
    assert_true(kitchen_works(hours, 480, NOON_US + (2 * 24 + 12) * US_PER_HOUR + US_PER_MINUTE));
    hours[6].to_minute = HOURS_END_MAX + 1;
    assert_false(kitchen_hours_valid(hours));
    hours[6] = (struct kitchen_hours){ 10, 9 };
    assert_false(kitchen_hours_valid(hours));
}

static void work_is_taken_from_the_latest_slot_first(void **state)
{
    static const int32_t room[] = { 10, 0, 7, -3, 100 };
    int32_t taken[KITCHEN_SLOTS_BACK];
    (void)state;
    assert_true(kitchen_take(room, 5, 4, taken));
    assert_int_equal(taken[0], 4);
    assert_int_equal(taken[1] + taken[2] + taken[3], 0);
    assert_true(kitchen_take(room, 5, 17, taken));
    assert_int_equal(taken[0], 10);
    assert_int_equal(taken[1], 0);
    assert_int_equal(taken[2], 7);
    assert_false(kitchen_take(room, 5, 18, taken)); /* the fifth is too early, and what is over is no room */
    assert_true(kitchen_take(room, 0, 0, taken));
    assert_false(kitchen_take(room, 0, 1, taken));
    assert_int_equal(kitchen_slot_of(NOON_US + 29 * US_PER_MINUTE, 15), NOON_US + 15 * US_PER_MINUTE);
    assert_int_equal(kitchen_slot_of(NOON_US, 15), NOON_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_come_to_the_whole),
        cmocka_unit_test(service_is_rounded_once),
        cmocka_unit_test(guests_pay_their_own_and_a_part_of_what_is_for_all),
        cmocka_unit_test(nothing_makes_no_bill),
        cmocka_unit_test(any_sharing_is_exact),
        cmocka_unit_test(the_one_who_is_there_first_is_chosen),
        cmocka_unit_test(equals_are_chosen_by_rest_then_by_id),
        cmocka_unit_test(distances_are_those_of_a_sphere),
        cmocka_unit_test(hours_go_on_after_midnight),
        cmocka_unit_test(work_is_taken_from_the_latest_slot_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
