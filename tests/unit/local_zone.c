/* SPDX-License-Identifier: Apache-2.0 */
/* Zones with summer time: held against the C library's own reading of the same rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/hash.h"
#include "lines/local/zone.h"

#define YEARS_FROM_US INT64_C(1388534400000000) /* 2014 */
#define YEARS_COUNT 30

static const char *const rules[] = {
    "CST-8",
    "UTC0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "AEST-10AEDT,M10.1.0,M4.1.0/3",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", /* half an hour */
    "IST-1GMT0,M10.5.0,M3.5.0/1",           /* its winter is the exception */
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",      /* changes on the evening before */
    "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "IST-2IDT,M3.4.4/26,M10.5.0",           /* changes on the day after */
    "ABC3DEF,J60/0,J300/0",
    "ABC-9DEF-11,59,299/23:30",
};

/* What the C library says of an instant under the rule in TZ. */
static int library_minutes(int64_t at_us)
{
    time_t seconds = (time_t)(at_us / US_PER_SECOND);
    struct tm local;
    assert_non_null(localtime_r(&seconds, &local));
    return (int)(local.tm_gmtoff / 60);
}

static void rule_use(const char *rule, struct zone *zone)
{
    assert_true(zone_read(span_of(rule), zone));
    setenv("TZ", rule, 1);
    tzset();
}

static void offsets_are_those_of_the_library(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct zone zone;
        uint64_t random = i;
        rule_use(rules[i], &zone);
        for (int n = 0; n < 20000; n++) {
            uint64_t minute = hash_mix(++random + 1000 * i) % (YEARS_COUNT * UINT64_C(366) * 24 * 60);
            int64_t at_us = YEARS_FROM_US + (int64_t)minute * US_PER_MINUTE;
            assert_int_equal(zone_minutes(&zone, at_us), library_minutes(at_us));
        }
    }
}

/* Each change of the library's, to the second. */
static void changes_are_those_of_the_library(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct zone zone;
        int changes = 0;
        rule_use(rules[i], &zone);
        for (int64_t day = 0; day < 366 * 12; day++) {
            int64_t from_us = YEARS_FROM_US + day * US_PER_DAY, to_us = from_us + US_PER_DAY;
            int before = library_minutes(from_us);
            if (library_minutes(to_us) == before) {
                assert_int_equal(zone_minutes(&zone, from_us), before);
                continue;
            }
            while (to_us - from_us > US_PER_SECOND) {
                int64_t middle_us = from_us + (to_us - from_us) / 2 / US_PER_SECOND * US_PER_SECOND;
                *(library_minutes(middle_us) == before ? &from_us : &to_us) = middle_us;
            }
            assert_int_equal(zone_minutes(&zone, to_us - 1), before);
            assert_int_equal(zone_minutes(&zone, to_us), library_minutes(to_us));
            changes++;
        }
        assert_true(zone.changes ? changes >= 23 : changes == 0);
    }
}

/* Order stays, an instant's own clock leads back to it or to the first one with that clock. */
static void local_times_keep_their_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct zone zone;
        rule_use(rules[i], &zone);
        int64_t last_us = 0, first_day = zone_day(&zone, YEARS_FROM_US);
        for (int64_t quarter = 0; quarter < 800 * 96; quarter++) {
            int64_t day = first_day + quarter / 96;
            int minute = (int)(quarter % 96) * 15;
            int64_t at_us = zone_instant(&zone, day, minute);
            assert_true(at_us >= last_us);
            last_us = at_us;
            bool shown = zone_day(&zone, at_us) == day && zone_minute(&zone, at_us) == minute;
            if (!shown) { /* jumped over: the clock shows another time right before */
                assert_true(zone_minutes(&zone, at_us) > zone_minutes(&zone, at_us - 1));
            } else {
                int64_t hour_before_us = at_us - US_PER_HOUR;
                assert_false(zone_day(&zone, hour_before_us) == day && zone_minute(&zone, hour_before_us) == minute);
            }
            assert_int_equal(zone_instant(&zone, day - 1, minute + 1440), at_us);
        }
    }
}

static void berlin_by_hand(void **state)
{
    struct zone zone;
    int64_t spring = 16159, autumn = 16369; /* 2014-03-30, 2014-10-26 */
    (void)state;
    assert_true(zone_read(SPAN("CET-1CEST,M3.5.0,M10.5.0/3"), &zone));
    assert_int_equal(civil_yyyymmdd(spring), 20140330);
    assert_int_equal(civil_yyyymmdd(autumn), 20141026);
    int64_t jump_us = spring * US_PER_DAY + US_PER_HOUR;
    assert_int_equal(zone_instant(&zone, spring, 119), jump_us - US_PER_MINUTE);
    assert_int_equal(zone_instant(&zone, spring, 120), jump_us);
    assert_int_equal(zone_instant(&zone, spring, 150), jump_us); /* there is no half past two */
    assert_int_equal(zone_instant(&zone, spring, 180), jump_us);
    assert_int_equal(zone_instant(&zone, spring, 181), jump_us + US_PER_MINUTE);
    assert_int_equal(zone_instant(&zone, autumn, 150), autumn * US_PER_DAY + 30 * US_PER_MINUTE); /* the first */
    assert_int_equal(zone_instant(&zone, autumn, 180), autumn * US_PER_DAY + 2 * US_PER_HOUR);
    assert_int_equal(zone_weekday(spring), 6);
}

static void what_is_no_rule_is_refused(void **state)
{
    static const char *const wrong[] = {
        "", "C", "CS-8", "CST", "CST-", "CST-25", "CST-8:30:30", "CST-8x", "<+8>-8", "<CST-8", "EST5EDT", "EST5EDT,",
        "EST5EDT,M3.2.0", "EST5EDT,M3.2.0,", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0",
        "EST5EDT,M3.0.0,M11.1.0",
        "EST5EDT,M3.2.7,M11.1.0", "EST5EDT,J0,J300", "EST5EDT,J366,J300", "EST5EDT,366,300",
        "EST5EDT,M3.2.0/168,M11.1.0",
        "EST5EDT,M3.2.0,M11.1.0 ", "EST5EDT,M3.2.0,M11.1.0,", "EST5EDT,M3.2.0/1:60,M11.1.0", "CST-0008",
        "Asia/Shanghai", ":CST-8", "ABC0DEF-3,M3.5.0,M10.5.0", "ABC0DEF,M3.5.0,M4.1.0", "ABC0DEF,J1,J364",
        "ABC0DEF,J100,J100",
    };
    struct zone zone;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        if (zone_read(span_of(wrong[i]), &zone)) {
            fail_msg("taken for a rule: %s", wrong[i]);
        }
    }
    struct zone fixed = zone_fixed(-210);
    assert_int_equal(zone_minutes(&fixed, 0), -210);
    assert_int_equal(zone_instant(&fixed, 1, 0), US_PER_DAY + 210 * US_PER_MINUTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_those_of_the_library), cmocka_unit_test(changes_are_those_of_the_library),
        cmocka_unit_test(local_times_keep_their_order),     cmocka_unit_test(berlin_by_hand),
        cmocka_unit_test(what_is_no_rule_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
