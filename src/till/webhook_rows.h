/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the outgoing notices: endpoints, deliveries, and the outbox of those still to be made. */
#ifndef TILL_WEBHOOK_ROWS_H
#define TILL_WEBHOOK_ROWS_H

#include "engine/row.h"
#include "people/people_rows.h"

struct endpoint_row {
    int64_t endpoint_id;
    int64_t merchant_id;
    char url[512];
    int32_t disabled;
    int32_t generation; /* of its secret */
    int64_t created_at_us;
    int64_t rotated_at_us; /* when it got its secret of now; 0: at its creation */
};

enum delivery_state {
    DELIVERY_pending = 1,
    DELIVERY_done = 2,
    DELIVERY_failed = 3, /* given up after the last attempt */
};

enum delivery_topic {
    TOPIC_trade_paid = 1,
    TOPIC_trade_closed = 2,
    TOPIC_trade_refunded = 3,
    TOPIC_trade_waiting = 4,
};

enum delivery_kind {
    DELIVERY_webhook = 0, /* to an endpoint of the merchant's; any 2xx is heard */
    DELIVERY_notice = 1,  /* to the address that the trade's app named; heard when the worker says so */
};

/* An event on its way to an endpoint, and what became of it. */
struct delivery_row {
    int64_t delivery_id;
    int64_t endpoint_id; /* 0: it is a notice */
    int64_t merchant_id;
    int32_t topic; /* enum delivery_topic */
    int64_t subject_id; /* trade */
    int64_t created_at_us;
    int32_t state; /* enum delivery_state */
    int32_t attempts;
    int64_t next_at_us; /* of the next attempt */
    int32_t last_status; /* HTTP status of the last attempt; 0: no answer */
    int64_t last_at_us;
    struct pack payload; /* the trade's answer as it was then, packed */
    int32_t kind;        /* enum delivery_kind */
    int64_t app_id;      /* of a notice */
    char request_no[NUMBER_SIZE]; /* of the refund it tells of */
};

/* The outbox: one row for each pending delivery, gone when it is done or given up. */
struct outbox_row {
    int64_t delivery_id;
    int64_t next_at_us;
};

extern const struct table endpoint_table;
extern const struct table delivery_table;
extern const struct table outbox_table;
extern const char *const delivery_states[], *const delivery_topics[], *const delivery_kinds[];

#endif
