/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the pending deliveries: POSTs them to the merchants' endpoints as Standard Webhooks
 * (standardwebhooks.com) and reports each outcome with the command delivery_done, which sets the time of the
 * next attempt by the engine's clock. At least once: what was on its way when the process ended is made
 * again.
 *
 *     webhook-id: msg_DELIVERY           the same at every attempt
 *     webhook-timestamp: SECONDS         of the attempt, by the system's clock, as receivers check it
 *     webhook-signature: v1,BASE64       HMAC-SHA-256 of "id.timestamp.body" under the endpoint's secret
 *     {"type":"trade.paid","timestamp":"…","data":{the trade as it was then}}
 *
 * Notices to the addresses that apps named go out the same way, as the Alipay protocol has them: a form that the
 * platform signs (alipay/notice.h), heard only when the answer is 200 and `success`.
 *
 * For a day after an endpoint's secret was changed, the signature under the one before follows behind a
 * blank.
 *
 * Of several processes on one database the leader (store->ops->nodes) makes all deliveries. When it is gone, or its
 * lease, the next one goes on with all that are pending: what was on its way is made again, with the same id.
 *
 * One thread, libcurl's multi interface. Deliveries about one trade to one endpoint are made one after
 * another; beyond that NOTIFY_FLYING_MAX at a time, NOTIFY_ENDPOINT_MAX of them to one endpoint or app. No redirect
 * is followed, certificates are verified, proxies are not used; https goes to public addresses, and with
 * `private_allowed` to any, plain http with it to this machine and else nowhere; notices may go over plain http to
 * whatever address https may, as their protocol allows; 64 KiB of an answer are read and thrown away. Any 2xx of
 * an endpoint counts as heard. Nothing is logged but counts.
 *
 * At most `pending_max` pending deliveries are held in memory; further ones stay in the store and are read
 * when there is room (of a store without readers: at the next start). Merchants without endpoints cost
 * nothing.
 */
#ifndef DOORS_NOTIFY_H
#define DOORS_NOTIFY_H

#include "base/digest.h"
#include "doors/alipay/alipay.h"
#include "engine/engine.h"

#define NOTIFY_FLYING_MAX 64
#define NOTIFY_ENDPOINT_MAX 8
#define NOTIFY_PENDING_MAX 200000
#define NOTIFY_TIMEOUT_MS 10000
#define NOTIFY_ANSWER_MAX 65536

struct notify;
struct platform;

struct notify_settings {
    struct engine *engine;
    struct store *store;
    const struct hmac_key *webhook_key; /* till_edits.h; outlives the worker */
    uint32_t pending_max;               /* 0: NOTIFY_PENDING_MAX */
    int64_t timeout_ms;                 /* of one attempt; 0: NOTIFY_TIMEOUT_MS */
    bool private_allowed;               /* to this machine and private networks too (reach.h) */
    struct platform *platform;          /* signs notices; NULL: attempts of them fail */
    /* What becomes of the next notice of an app, asked for in a sandbox; NULL: nothing out of the way. */
    enum alipay_notice_fault (*notice_fault)(void *context, int64_t app_id, int64_t *delay_ms);
    void *fault_context;
};

/* Before the engine starts: reads what is pending, begins to observe. NULL when the store cannot be read. */
MUST_CHECK struct notify *notify_open(const struct notify_settings *settings);
void notify_start(struct notify *notify);
/* Gives what is on its way two seconds, reports, and ends. The engine must still be running. */
void notify_stop(struct notify *notify);
void notify_close(struct notify *notify);

struct notify_counts {
    uint64_t pending; /* in memory */
    bool more;        /* and there are others in the store */
    uint64_t flying;
    uint64_t attempts, failures;  /* of attempts: not heard */
    uint64_t delivered, given_up; /* since the start */
};
void notify_counts(struct notify *notify, struct notify_counts *counts);

#endif
