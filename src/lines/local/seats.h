/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seats of a row as bits: bit 0 is seat 1. Who sits where, what would be left, which seats are best together.
 * Pure functions; any thread.
 */
#ifndef LINES_LOCAL_SEATS_H
#define LINES_LOCAL_SEATS_H

#include "engine/command.h"
#include "lines/local/resource_rows.h"

/* Whether a map makes sense: at least one seat a row, aisles behind seats that exist, labels and prices in range. */
bool seat_map_check(const struct seat_map_row *map, struct complaint *complaint);
bool seat_map_valid(const struct seat_map_row *map);
int32_t seat_map_count(const struct seat_map_row *map);

/*
 * Whether taking `picked` leaves a single free seat beside it that was not single before. With GAP_between a single
 * seat counts between taken seats, with GAP_strict also beside an aisle or the end of the row.
 */
bool seats_leave_gap(const struct seat_line_row *line, int64_t taken, int64_t picked, enum gap_rule rule);

/*
 * `count` free seats side by side that leave no gap, as near to the middle of the row as there are; 0: none.
 * `*distance` gets how far their middle is from that of the row, in half seats.
 */
int64_t seats_pick(const struct seat_line_row *line, int64_t taken, int32_t count, enum gap_rule rule,
                   int32_t *distance);

#endif
