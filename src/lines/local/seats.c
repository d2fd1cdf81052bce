/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/seats.h"

#define SEATS_ALL ((INT64_C(1) << SEATS_OF_LINE_MAX) - 1)

/* ---- maps ---- */

static bool line_valid(const struct seat_line_row *line)
{
    bool in_range = line->seats > 0 && (line->seats & ~SEATS_ALL) == 0 && (line->aisles & ~line->seats) == 0;
    return in_range && line->label[0] != '\0' && line->price >= 0 && line->price < SEAT_PRICES_MAX;
}

bool seat_map_valid(const struct seat_map_row *map)
{
    bool valid = map->lines_count >= 1 && map->lines_count <= SEAT_LINES_MAX;
    for (int32_t i = 0; valid && i < map->lines_count; i++) {
        valid = line_valid(&map->lines[i]);
        for (int32_t k = 0; valid && k < i; k++) {
            valid = strcmp(map->lines[k].label, map->lines[i].label) != 0;
        }
    }
    return valid;
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

enum beside { BESIDE_free, BESIDE_taken, BESIDE_end };

/* What is on one side of a seat: `step` 1 or -1. */
static enum beside beside(const struct seat_line_row *line, int64_t taken, int seat, int step)
{
    int other = seat + step;
    int left = step > 0 ? seat : other;
    bool there = other >= 0 && other < SEATS_OF_LINE_MAX && (line->seats >> other & 1) != 0;
    if (!there || (line->aisles >> left & 1) != 0) {
        return BESIDE_end;
    }
    return (taken >> other & 1) != 0 ? BESIDE_taken : BESIDE_free;
}

/* A free seat that nobody will take who comes with somebody. */
static bool is_single(const struct seat_line_row *line, int64_t taken, int seat, enum gap_rule rule)
{
    enum beside before = beside(line, taken, seat, -1), behind = beside(line, taken, seat, 1);
    if (before == BESIDE_free || behind == BESIDE_free) {
        return false;
    }
    return rule == GAP_strict || (before == BESIDE_taken && behind == BESIDE_taken);
}

bool seats_leave_gap(const struct seat_line_row *line, int64_t taken, int64_t picked, enum gap_rule rule)
{
    int64_t free = line->seats & ~taken & ~picked;
    for (int seat = 0; seat < SEATS_OF_LINE_MAX && rule != GAP_any; seat++) {
        if ((free >> seat & 1) != 0 && is_single(line, taken | picked, seat, rule) &&
            !is_single(line, taken, seat, rule)) {
            return true;
        }
    }
    return false;
}

/* ---- the best ones ---- */

/* Whether seats from `first` on are free and no aisle parts them. */
static bool side_by_side(const struct seat_line_row *line, int64_t taken, int first, int32_t count)
{
    for (int seat = first; seat < first + count; seat++) {
        bool free = (line->seats >> seat & 1) != 0 && (taken >> seat & 1) == 0;
        if (!free || (seat + 1 < first + count && (line->aisles >> seat & 1) != 0)) {
            return false;
        }
    }
    return true;
}

int64_t seats_pick(const struct seat_line_row *line, int64_t taken, int32_t count, enum gap_rule rule,
                   int32_t *distance)
{
    int64_t best = 0;
    int last = 63 - __builtin_clzll((uint64_t)line->seats), begin = __builtin_ctzll((uint64_t)line->seats);
    assert(count > 0);
    for (int first = begin; first + count - 1 <= last; first++) {
        int64_t picked = ((INT64_C(1) << count) - 1) << first;
        int32_t away = 2 * first + count - 1 - (begin + last);
        away = away < 0 ? -away : away;
        if ((best == 0 || away < *distance) && side_by_side(line, taken, first, count) &&
            !seats_leave_gap(line, taken, picked, rule)) {
            best = picked;
            *distance = away;
        }
    }
    return best;
}
