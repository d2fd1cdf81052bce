/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rows of a snapshot, table after table and in key order, read by a thread of its own and handed out one by one:
 * so that two snapshots can be walked through side by side, and reading goes on while what was read is written.
 *
 * The reader has begun and belongs to the flow until it is closed. One thread takes the rows; they are valid until
 * the next step.
 */
#ifndef APP_COPY_FLOW_H
#define APP_COPY_FLOW_H

#include "engine/reader.h"
#include "store/packed.h"

struct flow;

/* Never NULL. `tables` is NULL-terminated; without any the reader may be NULL. */
struct flow *flow_open(struct reader *reader, const struct table *const *tables);
/* The row that is next, of whatever table; NULL: there is none any more, or reading failed: flow_failed tells. */
const struct record *flow_row(struct flow *flow);
/* Whether reading came to an end too early: then rows are missing, not absent. */
bool flow_failed(struct flow *flow);
void flow_step(struct flow *flow);
/* Ends early when rows are left. What became of the reading. */
MUST_CHECK enum status flow_close(struct flow *flow);

#endif
