/* SPDX-License-Identifier: Apache-2.0 */
/* The calendar at the edge: every instant survives being written and read, in every zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/hash.h"

static const struct {
    int64_t at_us;
    int zone_minutes;
    const char *text;
} instants[] = {
    { 0, 0, "1970-01-01T00:00:00Z" },
    { 0, 480, "1970-01-01T08:00:00+08:00" },
    { INT64_C(1418349600000000), 480, "2014-12-12T10:00:00+08:00" },
    { INT64_C(1418349600000000), -210, "2014-12-11T22:30:00-03:30" },
    { INT64_C(1418349600000001), 480, "2014-12-12T10:00:00.000001+08:00" }, /* the longest */
    { INT64_C(1418349600120000), 0, "2014-12-12T02:00:00.120000Z" },
    { INSTANT_MAX_US, 0, "9999-12-31T23:59:59.999999Z" },
};

static void instants_are_written_as_people_expect(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(instants); i++) {
        char text[INSTANT_TEXT_SIZE];
        int64_t back;
        size_t size = instant_write(instants[i].at_us, instants[i].zone_minutes, text);
        assert_int_equal(size, strlen(text));
        assert_string_equal(text, instants[i].text);
        assert_true(instant_read(span_of(text), &back));
        assert_int_equal(back, instants[i].at_us);
    }
}

static void every_instant_comes_back(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (int i = 0; i < 100000; i++) {
        char text[INSTANT_TEXT_SIZE];
        int64_t back, at_us = (int64_t)(hash_mix(++random) % (uint64_t)(INSTANT_MAX_US - US_PER_DAY));
        int zone = (int)(hash_mix(++random) % 1681) - 840;
        at_us = max_i64(at_us, US_PER_DAY);
        instant_write(at_us, zone, text);
        assert_true(instant_read(span_of(text), &back));
        assert_int_equal(back, at_us);
        struct civil civil = civil_of(at_us, zone);
        assert_int_equal(civil_to_us(&civil, zone), at_us);
        int32_t day = civil_yyyymmdd(civil_day(at_us, zone));
        assert_int_equal(day, civil.year * 10000 + civil.month * 100 + civil.day);
        assert_int_equal(civil_day_of_yyyymmdd(day), civil_day(at_us, zone));
    }
}

static void days_follow_one_another(void **state)
{
    int weekday = 3; /* 1 January 1970 was a Thursday */
    (void)state;
    int32_t before = 0;
    for (int64_t day = 0; day <= 2932896; day++) {
        int32_t now = civil_yyyymmdd(day);
        assert_true(now > before);
        assert_int_equal(civil_of(day * US_PER_DAY, 0).weekday, weekday);
        before = now;
        weekday = (weekday + 1) % 7;
    }
    assert_int_equal(before, 99991231);
    assert_int_equal(civil_day_of_yyyymmdd(20150229), -1);
    assert_int_equal(civil_yyyymmdd(civil_day_of_yyyymmdd(20160229)), 20160229);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_are_written_as_people_expect),
        cmocka_unit_test(every_instant_comes_back),
        cmocka_unit_test(days_follow_one_another),
    };
    return cmocka_run_group_tests_name("base_civil", tests, NULL, NULL);
}
