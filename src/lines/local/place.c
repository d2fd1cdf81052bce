/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/place.h"

#include "base/civil.h"

#define CELL_ROWS 36001 /* the pole itself is in a row of its own */

static int64_t row_of(int64_t latitude_e6)
{
    return (latitude_e6 + LATITUDE_MAX_E6) / CELL_MICRODEGREES;
}

/* Column of a longitude, which may be beyond the 180th meridian by less than a whole round. */
static int64_t column_of(int64_t longitude_e6)
{
    int64_t round_e6 = 2 * (int64_t)LONGITUDE_MAX_E6;
    return (longitude_e6 + LONGITUDE_MAX_E6 + round_e6) % round_e6 / CELL_MICRODEGREES;
}

int64_t place_cell(struct position at)
{
    assert(place_valid(at));
    return row_of(at.latitude_e6) * CELLS_AROUND + column_of(at.longitude_e6);
}

/* How far east or west of its centre a circle reaches, in millionths of a degree and rather too far. */
static int64_t reach_east_e6(struct position centre, int64_t reach_north_e6, int64_t radius_m)
{
    int64_t latitude_e6 = centre.latitude_e6 < 0 ? -(int64_t)centre.latitude_e6 : centre.latitude_e6;
    latitude_e6 = min_i64(latitude_e6 + reach_north_e6, LATITUDE_MAX_E6); /* where degrees are narrowest */
    struct position here = { .latitude_e6 = (int32_t)latitude_e6 }, east = here;
    east.longitude_e6 = 1000000;
    int64_t degree_m = place_distance_m(here, east);
    return degree_m <= radius_m / 100 ? LONGITUDE_MAX_E6 : (radius_m + 2) * 1000000 / degree_m * 101 / 100 + 1;
}

size_t place_ranges(struct position centre, int64_t radius_m, struct cell_range ranges[CELL_RANGES_MAX])
{
    static const int64_t degree_m = 111195;
    assert(place_valid(centre));
    assert(radius_m > 0 && radius_m <= PLACE_RADIUS_MOST_M);
    int64_t north_e6 = (radius_m + 2) * 1000000 / degree_m * 101 / 100 + 1;
    int64_t east_e6 = reach_east_e6(centre, north_e6, radius_m);
    int64_t first = row_of(max_i64(centre.latitude_e6 - north_e6, -(int64_t)LATITUDE_MAX_E6));
    int64_t last = row_of(min_i64(centre.latitude_e6 + north_e6, LATITUDE_MAX_E6));
    bool around = 2 * east_e6 + CELL_MICRODEGREES >= 2 * (int64_t)LONGITUDE_MAX_E6;
    int64_t west = around ? 0 : column_of(centre.longitude_e6 - east_e6);
    int64_t east = around ? CELLS_AROUND - 1 : column_of(centre.longitude_e6 + east_e6);
    size_t count = 0;
    static_assert(2 * (PLACE_RADIUS_MOST_M / 500 + 4) <= CELL_RANGES_MAX, "rows of cells are more than 500 m high");
    for (int64_t row = first; row <= last; row++) {
        int64_t base = row * CELLS_AROUND;
        assert(row < CELL_ROWS && count + 2 <= CELL_RANGES_MAX);
        if (west <= east) {
            ranges[count++] = (struct cell_range){ base + west, base + east };
        } else { /* over the 180th meridian */
            ranges[count++] = (struct cell_range){ base, base + east };
            ranges[count++] = (struct cell_range){ base + west, base + CELLS_AROUND - 1 };
        }
    }
    return count;
}

bool minutes_include(int32_t minute_from, int32_t minute_to, int32_t minute)
{
    if (minute_from == minute_to) {
        return true;
    }
    bool in_day = minute_from < minute_to;
    return in_day ? minute >= minute_from && minute < minute_to : minute >= minute_from || minute < minute_to;
}

bool hours_open(const struct open_hours *hours, int32_t hours_count, int64_t now_us, int32_t zone_minutes)
{
    if (hours_count == 0) {
        return true;
    }
    assert(hours_count == 7);
    struct civil now = civil_of(now_us, zone_minutes);
    int32_t minute = now.hour * 60 + now.minute;
    const struct open_hours *today = &hours[now.weekday], *yesterday = &hours[(now.weekday + 6) % 7];
    bool since_yesterday = yesterday->minute_from > yesterday->minute_to && minute < yesterday->minute_to;
    bool overnight = today->minute_from > today->minute_to && minute >= today->minute_from;
    return since_yesterday || overnight || (minute >= today->minute_from && minute < today->minute_to);
}
