/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/seats.h"

#define SEATS_ALL ((INT64_C(1) << SEATS_OF_LINE_MAX) - 1)

/* ---- maps ---- */

static bool line_check(const struct seat_line_row *line, struct complaint *complaint)
{
    return complain_unless(complaint, line->seats > 0 && (line->seats & ~SEATS_ALL) == 0, "lines",
                           "must have at least one seat each, and no more than 52 places") &&
           complain_unless(complaint, (line->aisles & ~line->seats) == 0, "lines",
                           "must have aisles behind seats that there are") &&
           complain_unless(complaint, line->label[0] != '\0', "lines", "must have a label each") &&
           complain_unless(complaint, line->price >= 0 && line->price < SEAT_PRICES_MAX, "lines",
                           "must have a price from 0 to 3");
}

bool seat_map_check(const struct seat_map_row *map, struct complaint *complaint)
{
    bool valid = complain_unless(complaint, map->lines_count >= 1, "lines", "must name at least one row");
    for (int32_t i = 0; valid && i < map->lines_count; i++) {
        valid = line_check(&map->lines[i], complaint);
        for (int32_t k = 0; valid && k < i; k++) {
            valid = complain_unless(complaint, strcmp(map->lines[k].label, map->lines[i].label) != 0, "lines",
                                    "must have labels that differ");
        }
    }
    return valid;
}

bool seat_map_valid(const struct seat_map_row *map)
{
    struct complaint unheard;
    return seat_map_check(map, &unheard);
}

int32_t seat_map_count(const struct seat_map_row *map)
{
    int32_t count = 0;
    for (int32_t i = 0; i < map->lines_count; i++) {
        count += __builtin_popcountll((uint64_t)map->lines[i].seats);
    }
    return count;
}

/* ---- gaps ---- */

/* Free seats that nobody will take who comes with somebody: without a free one at either side. */
static int64_t singles(const struct seat_line_row *line, int64_t taken, enum gap_rule rule)
{
    int64_t free = line->seats & ~taken;
    int64_t joined = ((free & ~line->aisles) << 1) | (free >> 1 & ~line->aisles);
    int64_t beside = ((line->seats & ~line->aisles) << 1) & (line->seats >> 1 & ~line->aisles);
    int64_t single = free & ~joined;
    return rule == GAP_strict ? single : single & beside; /* between two seats, which then are taken */
}

bool seats_leave_gap(const struct seat_line_row *line, int64_t taken, int64_t picked, enum gap_rule rule)
{
    return rule != GAP_any && (singles(line, taken | picked, rule) & ~singles(line, taken, rule)) != 0;
}

/* ---- the best ones ---- */

/* Seats from which on `count` are free and no aisle parts them. */
static int64_t side_by_side(const struct seat_line_row *line, int64_t taken, int32_t count)
{
    int64_t free = line->seats & ~taken, first = free;
    for (int32_t i = 1; i < count; i++) {
        first &= free >> i & ~(line->aisles >> (i - 1));
    }
    return first;
}

int64_t seats_pick(const struct seat_line_row *line, int64_t taken, int32_t count, enum gap_rule rule,
                   int32_t *distance)
{
    int64_t best = 0;
    int last = 63 - __builtin_clzll((uint64_t)line->seats), begin = __builtin_ctzll((uint64_t)line->seats);
    assert(count > 0);
    for (int64_t left = side_by_side(line, taken, count); left != 0; left &= left - 1) {
        int first = __builtin_ctzll((uint64_t)left);
        int64_t picked = ((INT64_C(1) << count) - 1) << first;
        int32_t away = 2 * first + count - 1 - (begin + last);
        away = away < 0 ? -away : away;
        if ((best == 0 || away < *distance) && !seats_leave_gap(line, taken, picked, rule)) {
            best = picked;
            *distance = away;
        }
    }
    return best;
}
