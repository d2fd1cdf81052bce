/* SPDX-License-Identifier: Apache-2.0 */
/* Worlds for the till and its model, and random histories in them. Everything random follows from the seed. */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

#include "model/pair.h"

#define CALLS_PER_HISTORY 160

/* Everything of the run but its house begins anew. */
void run_clear(struct run *run, uint64_t seed);
/* Whoever the model has, in the till. */
void people_open(struct run *run);
void campaign_open(struct run *run, int index);
/* A world and a history in it, in a house that is open; then the whole state is compared, and audited. False,
 * with its words in `run`, when model and till do not agree. */
bool history_run(struct run *run);

#endif
