/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A grid of cells over the earth, by which a neighbourhood is a few ranges of numbers; and opening hours.
 *
 * A cell is five thousandths of a degree high and wide. Its number grows from west to east, then from south to north:
 * cells side by side have numbers side by side. Pure functions, any thread.
 */
#ifndef LINES_LOCAL_PLACE_H
#define LINES_LOCAL_PLACE_H

#include "lines/local/deal_rows.h"
#include "lines/local/geo.h"

#define CELL_MICRODEGREES 5000
#define CELLS_AROUND INT64_C(72000) /* of one row of cells */
#define CELL_NONE INT64_C(-1)

int64_t place_cell(struct position at);

struct cell_range {
    int64_t from, to; /* both inclusive */
};
#define CELL_RANGES_MAX 384
#define PLACE_RADIUS_MOST_M 50000

/* The cells that a circle touches, row by row; returns how many ranges. radius_m from 1 to PLACE_RADIUS_MOST_M. */
size_t place_ranges(struct position centre, int64_t radius_m, struct cell_range ranges[CELL_RANGES_MAX]);

/* Whether hours that a shop gave (7: Monday to Sunday) include that time in its zone; `hours_count` 0: always. */
bool hours_open(const struct open_hours *hours, int32_t hours_count, int64_t now_us, int32_t zone_minutes);
/* Whether minutes of a day include that one: from > to goes over midnight, from = to is all day. */
bool minutes_include(int32_t minute_from, int32_t minute_to, int32_t minute);

#endif
