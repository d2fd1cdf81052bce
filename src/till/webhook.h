/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outgoing notices: a merchant's endpoints, and deliveries to them. A delivery is written in the transaction
 * of what it tells of; a worker makes it (doors/notify.h) and reports the outcome as a command. Attempts
 * follow the schedule that Standard Webhooks recommends, or that of the protocol whose notice it is; the last
 * failure gives up and can be replayed.
 */
#ifndef TILL_WEBHOOK_H
#define TILL_WEBHOOK_H

#include "engine/command.h"
#include "till/till_rows.h"

extern const struct command endpoint_create, endpoint_disable, endpoint_rotate;
extern const struct command delivery_done, delivery_replay;
extern const struct command delivery_read; /* internal: what the worker must know for an attempt */

/* Request of delivery_read. */
struct delivery_ref {
    int64_t delivery_id;
};

/* Answer of delivery_read: the delivery, and where it goes. */
struct delivery_work {
    int64_t delivery_id;
    int64_t endpoint_id;
    int32_t topic; /* enum delivery_topic */
    int64_t subject_id;
    int64_t created_at_us;
    int32_t state; /* enum delivery_state */
    int64_t next_at_us;
    struct pack payload; /* a packed trade */
    char url[512];
    int32_t disabled;
    int32_t generation; /* of the endpoint's secret */
    int64_t rotated_at_us; /* since when */
    int32_t kind;   /* enum delivery_kind */
    int64_t app_id; /* of a notice, with all that follows */
    char request_no[NUMBER_SIZE];
    struct trade_detail detail; /* of the trade; empty when it has none */
};

/* Request of delivery_done, the worker's report. */
struct delivery_done {
    int64_t delivery_id;
    int32_t http_status; /* 0: no answer */
    int32_t heard; /* of a notice: 1 when the answer was the word that the protocol wants */
};

#endif
