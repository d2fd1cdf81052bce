/* SPDX-License-Identifier: Apache-2.0 */
/* Slots made of a schedule: back to back, over midnight, when the clock is set; their prices by hour and weekday. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/hash.h"
#include "lines/local/slots.h"

#define SPRING INT64_C(16159) /* 2014-03-30, a Sunday: Berlin jumps from 2 to 3 */
#define AUTUMN INT64_C(16369) /* 2014-10-26, a Sunday: Berlin goes back from 3 to 2 */

static struct slot_span slots[SLOTS_OF_DAY_MAX];

static struct zone berlin(void)
{
    struct zone zone;
    assert_true(zone_read(SPAN("CET-1CEST,M3.5.0,M10.5.0/3"), &zone));
    return zone;
}

static struct schedule_row schedule_of(int32_t slot, int32_t buffer, int32_t opens, int32_t closes)
{
    struct schedule_row schedule = { .slot_minutes = slot, .buffer_minutes = buffer, .hours_count = 7 };
    for (int32_t i = 0; i < 7; i++) {
        schedule.hours[i] = (struct slot_hours_row){ i, opens, closes };
    }
    assert_true(schedule_valid(&schedule));
    return schedule;
}

static void a_plain_day(void **state)
{
    struct schedule_row schedule = schedule_of(60, 15, 10 * 60, 20 * 60);
    struct zone zone = zone_fixed(480);
    (void)state;
    assert_int_equal(slots_of_day(&schedule, &zone, 100, SLOT_BOUNDS_NONE, slots), 8);
    assert_int_equal(slots[0].starts_at_us, 100 * US_PER_DAY + 2 * US_PER_HOUR);
    assert_int_equal(slots[0].ends_at_us, 100 * US_PER_DAY + 3 * US_PER_HOUR);
    assert_int_equal(slots[1].starts_at_us, slots[0].ends_at_us + 15 * US_PER_MINUTE);
    assert_int_equal(slots[7].ends_at_us, 100 * US_PER_DAY + 11 * US_PER_HOUR + 45 * US_PER_MINUTE);
    /* without a buffer they are back to back */
    schedule = schedule_of(60, 0, 10 * 60, 20 * 60);
    assert_int_equal(slots_of_day(&schedule, &zone, 100, SLOT_BOUNDS_NONE, slots), 10);
    for (size_t i = 1; i < 10; i++) {
        assert_int_equal(slots[i].starts_at_us, slots[i - 1].ends_at_us);
    }
    /* a bound between two slots parts them, one within a slot takes it away */
    struct slot_bounds bounds = { slots[2].starts_at_us, slots[8].ends_at_us };
    assert_int_equal(slots_of_day(&schedule, &zone, 100, bounds, slots), 7);
    bounds.from_us++;
    bounds.to_us--;
    assert_int_equal(slots_of_day(&schedule, &zone, 100, bounds, slots), 5);
}

/* Karaoke from 18:00 to 06:00: 12 hours, 11 when the clock is set forward, 13 when it is set back. */
static void nights_of_eleven_and_thirteen_hours(void **state)
{
    struct schedule_row schedule = schedule_of(60, 0, 18 * 60, 30 * 60);
    struct zone zone = berlin();
    (void)state;
    assert_int_equal(slots_of_day(&schedule, &zone, SPRING - 2, SLOT_BOUNDS_NONE, slots), 12);
    assert_int_equal(slots_of_day(&schedule, &zone, SPRING - 1, SLOT_BOUNDS_NONE, slots), 11);
    assert_int_equal(slots[10].ends_at_us, SPRING * US_PER_DAY + 4 * US_PER_HOUR);
    assert_int_equal(slots_of_day(&schedule, &zone, AUTUMN - 1, SLOT_BOUNDS_NONE, slots), 13);
    assert_int_equal(slots[12].ends_at_us, AUTUMN * US_PER_DAY + 5 * US_PER_HOUR);
    assert_int_equal(slots_of_day(&schedule, &zone, AUTUMN, SLOT_BOUNDS_NONE, slots), 12);
    /* hours that the clock jumps over are none */
    schedule = schedule_of(15, 0, 120, 180);
    assert_int_equal(slots_of_day(&schedule, &zone, SPRING, SLOT_BOUNDS_NONE, slots), 0);
    assert_int_equal(slots_of_day(&schedule, &zone, SPRING + 1, SLOT_BOUNDS_NONE, slots), 4);
    assert_int_equal(slots_of_day(&schedule, &zone, AUTUMN, SLOT_BOUNDS_NONE, slots), 8);
}

static int32_t random_below(uint64_t *random, int32_t below)
{
    return (int32_t)(hash_mix(++*random) % (uint64_t)below);
}

/* Any week that is valid. */
static struct schedule_row schedule_random(uint64_t *random)
{
    struct schedule_row schedule = { .slot_minutes = 5 + random_below(random, 200),
                                     .buffer_minutes = random_below(random, 3) * 10 };
    int32_t minute = random_below(random, 600), first = minute;
    while (schedule.hours_count < SLOT_HOURS_MAX) {
        int32_t length = 1 + random_below(random, 1440);
        if (minute >= 7 * 1440 || minute + length > 7 * 1440 + first) {
            break;
        }
        struct slot_hours_row hours = { minute / 1440, minute % 1440, minute % 1440 + length };
        schedule.hours[schedule.hours_count++] = hours;
        minute += length + random_below(random, 2) * random_below(random, 500);
    }
    return schedule;
}

/* A year of any week under any clock: no slot begins before the one before it and its buffer are over. */
static void no_schedule_overlaps(void **state)
{
    static const char *const rules[] = { "CET-1CEST,M3.5.0,M10.5.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                                         "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "IST-1GMT0,M10.5.0,M3.5.0/1", "CST-8" };
    uint64_t random = 11;
    size_t most = 0;
    (void)state;
    for (int round = 0; round < 60; round++) {
        struct zone zone;
        struct schedule_row schedule = schedule_random(&random);
        int64_t free_us = INT64_MIN;
        assert_true(zone_read(span_of(rules[round % 5]), &zone));
        assert_true(schedule_valid(&schedule));
        for (int64_t day = SPRING - 40; day < SPRING + 370; day++) {
            size_t count = slots_of_day(&schedule, &zone, day, SLOT_BOUNDS_NONE, slots);
            most = count > most ? count : most;
            for (size_t i = 0; i < count; i++) {
                assert_true(slots[i].starts_at_us >= free_us);
                assert_int_equal(slots[i].ends_at_us - slots[i].starts_at_us, schedule.slot_minutes * US_PER_MINUTE);
                free_us = slots[i].ends_at_us;
            }
        }
    }
    assert_true(most > 20);
}

/* The most slots that a day can have fit. */
static void the_longest_day_fits(void **state)
{
    struct schedule_row schedule = { .slot_minutes = 5,
                                     .hours_count = 2,
                                     .hours = { { 5, 0, 1439 }, { 5, 1439, 2879 } } };
    struct zone zone = berlin();
    (void)state;
    assert_true(schedule_valid(&schedule));
    size_t count = slots_of_day(&schedule, &zone, AUTUMN - 1, SLOT_BOUNDS_NONE, slots); /* a Saturday */
    assert_int_equal(count, (1439 / 5) + ((1440 + 60) / 5));
    assert_true(count <= SLOTS_OF_DAY_MAX);
}

static void prices_by_hour_and_weekday(void **state)
{
    struct schedule_row schedule = schedule_of(60, 0, 18 * 60, 30 * 60);
    struct zone zone = zone_fixed(0);
    int64_t friday = AUTUMN - 2;
    (void)state;
    schedule.price_minor = 5000;
    schedule.prices[0] = (struct slot_price_row){ 1 << 5, 0, 4 * 60, 12000 };             /* Saturday till four */
    schedule.prices[1] = (struct slot_price_row){ 1 << 4 | 1 << 5, 20 * 60, 1440, 9000 }; /* Friday, Saturday nights */
    schedule.prices[2] = (struct slot_price_row){ 0x7f, 18 * 60, 1440, 7000 };
    schedule.prices_count = 3;
    assert_true(schedule_valid(&schedule));
    assert_int_equal(slots_of_day(&schedule, &zone, friday, SLOT_BOUNDS_NONE, slots), 12);
    static const int64_t wanted[] = { 7000, 7000, 9000, 9000, 9000, 9000, 12000, 12000, 12000, 12000, 5000, 5000 };
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(slots[i].price_minor, wanted[i]); /* after midnight it is Saturday by the clock */
    }
}

static void wrong_weeks_are_refused(void **state)
{
    struct schedule_row good = schedule_of(60, 0, 18 * 60, 30 * 60), wrong = good;
    (void)state;
    wrong.hours[3].closes = 18 * 60 + 1441; /* longer than a day */
    assert_false(schedule_valid(&wrong));
    wrong = good;
    wrong.hours[3].closes = 42 * 60 + 1;
    wrong.hours[3].opens++;
    assert_false(schedule_valid(&wrong)); /* into the next day's */
    wrong.hours[3].closes = 42 * 60;
    assert_true(schedule_valid(&wrong)); /* back to back */
    wrong = good;
    wrong.hours[6].closes = 42 * 60;
    wrong.hours[6].opens = 19 * 60;
    assert_true(schedule_valid(&wrong));
    wrong.hours[0].opens = 17 * 60; /* Sunday's into Monday's */
    assert_false(schedule_valid(&wrong));
    wrong = good;
    wrong.hours[2].weekday = 1;
    assert_false(schedule_valid(&wrong));
    wrong = good;
    wrong.hours[2].opens = wrong.hours[2].closes;
    assert_false(schedule_valid(&wrong));
    wrong = good;
    wrong.slot_minutes = 4;
    assert_false(schedule_valid(&wrong));
    wrong = good;
    wrong.hours_count = 0;
    assert_false(schedule_valid(&wrong));
    wrong = good;
    wrong.prices_count = 1;
    wrong.prices[0] = (struct slot_price_row){ 0, 0, 60, 1 };
    assert_false(schedule_valid(&wrong));
    wrong.prices[0] = (struct slot_price_row){ 1, 60, 60, 1 };
    assert_false(schedule_valid(&wrong));
    wrong.prices[0] = (struct slot_price_row){ 1, 0, 1441, 1 };
    assert_false(schedule_valid(&wrong));
    wrong.prices[0] = (struct slot_price_row){ 1, 0, 1440, -1 };
    assert_false(schedule_valid(&wrong));
    wrong.prices[0].price_minor = 1;
    assert_true(schedule_valid(&wrong));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_day),          cmocka_unit_test(nights_of_eleven_and_thirteen_hours),
        cmocka_unit_test(no_schedule_overlaps), cmocka_unit_test(the_longest_day_fits),
        cmocka_unit_test(prices_by_hour_and_weekday), cmocka_unit_test(wrong_weeks_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
