/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is taken for the rule of a clock keeps what is promised of it: an instant's own clock leads back to it or to
 * the first with that clock, local times keep their order, and slots over midnight never overlap.
 */
#include "lines/local/slots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIRST_DAY 16000 /* in 2013 */
#define SET_US (2 * US_PER_HOUR)

static void instant_try(const struct zone *zone, int64_t at_us)
{
    int minutes = zone_minutes(zone, at_us);
    assert(minutes == zone->standard_minutes || minutes == zone->summer_minutes);
    int64_t to_minute_us = at_us - at_us % US_PER_MINUTE;
    int64_t back_us = zone_instant(zone, zone_day(zone, at_us), zone_minute(zone, at_us));
    assert(back_us <= to_minute_us);
    assert(back_us + SET_US >= to_minute_us - US_PER_MINUTE);
}

/* Every half hour of four hundred days. */
static void order_try(const struct zone *zone)
{
    int64_t last_us = INT64_MIN;
    for (int64_t half = 0; half < 400 * 48; half++) {
        int64_t at_us = zone_instant(zone, FIRST_DAY + half / 48, (int)(half % 48) * 30);
        assert(at_us >= last_us);
        last_us = at_us;
        if (half % 16 == 0) {
            instant_try(zone, at_us);
        }
    }
}

static void slots_try(const struct zone *zone)
{
    static struct slot_span slots[SLOTS_OF_DAY_MAX];
    struct schedule_row schedule = { .slot_minutes = 45, .hours_count = 7 };
    int64_t over_us = INT64_MIN;
    for (int32_t i = 0; i < 7; i++) {
        schedule.hours[i] = (struct slot_hours_row){ i, 60, 1500 };
    }
    for (int64_t day = FIRST_DAY; day < FIRST_DAY + 400; day++) {
        size_t count = slots_of_day(&schedule, zone, day, SLOT_BOUNDS_NONE, slots);
        for (size_t i = 0; i < count; i++) {
            assert(slots[i].starts_at_us >= over_us);
            over_us = slots[i].ends_at_us;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zone zone;
    if (zone_read((struct span){ (const char *)data, size }, &zone)) {
        order_try(&zone);
        slots_try(&zone);
    }
    return 0;
}
