/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one node tells the others of a batch: the rows that they must hear of, before and after, and how many
 * calls were answered. Pure; whoever reads it may be another machine with the same version of the program.
 *
 *   head   version (1 byte), number, time, stamp (8 each), answered, refusals, rows (4 each), little-endian
 *   refusal  number (4), count (4)
 *   row      table (1), key size (1), size of the image before and after (2 each; 0: there was none),
 *            key, image before, image after
 */
#ifndef ENGINE_FEED_H
#define ENGINE_FEED_H

#include "engine/engine.h"

#define FEED_REFUSALS_MAX 512u /* every number of engine/refusal.def is below */

/* Calls since the last feed. */
struct feed_tally {
    uint32_t answered;
    uint32_t refused[FEED_REFUSALS_MAX];
};

void feed_tally_calls(struct feed_tally *tally, const struct call *calls);
void feed_tally_add(struct feed_tally *tally, const struct feed_tally *more);

/* The feed of an own commit, with those of its changes that `tells` (or NULL: none) chooses, in the arena's memory. */
struct span feed_write(struct arena *arena, const struct commit *commit, const struct feed_tally *tally,
                       bool (*tells)(const struct row_change *change));

/* The commit that a feed of `node` tells of, in the arena's memory; false when the bytes make no sense. */
MUST_CHECK bool feed_read(struct arena *arena, const struct table *const *tables, uint32_t node, struct span feed,
                          struct commit *commit);

#endif
