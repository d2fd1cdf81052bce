/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/kitchen_plan.h"

bool kitchen_hours_valid(const struct kitchen_hours hours[7])
{
    for (int day = 0; day < 7; day++) {
        if (hours[day].from_minute < 0 || hours[day].from_minute > DAY_MINUTES ||
            hours[day].to_minute < hours[day].from_minute || hours[day].to_minute > HOURS_END_MAX) {
            return false;
        }
    }
    return true;
}

bool kitchen_works(const struct kitchen_hours hours[7], int zone_minutes, int64_t at_us)
{
    struct civil now = civil_of(at_us, zone_minutes);
    const struct kitchen_hours *today = &hours[now.weekday], *before = &hours[(now.weekday + 6) % 7];
    int minute = now.hour * 60 + now.minute;
    bool opened_today = minute >= today->from_minute && minute < today->to_minute;
    return opened_today || (minute + DAY_MINUTES >= before->from_minute && minute + DAY_MINUTES < before->to_minute);
}

int64_t kitchen_slot_of(int64_t at_us, int32_t slot_minutes)
{
    assert(at_us >= 0);
    assert(slot_minutes > 0);
    return at_us - at_us % (slot_minutes * US_PER_MINUTE);
}

bool kitchen_take(const int32_t *free_minutes, size_t count, int32_t minutes, int32_t taken[KITCHEN_SLOTS_BACK])
{
    assert(minutes >= 0);
    memset(taken, 0, sizeof(taken[0]) * KITCHEN_SLOTS_BACK);
    for (size_t i = 0; i < count && i < KITCHEN_SLOTS_BACK; i++) {
        int32_t room = free_minutes[i] > 0 ? free_minutes[i] : 0;
        taken[i] = minutes < room ? minutes : room;
        minutes -= taken[i];
    }
    return minutes == 0;
}
