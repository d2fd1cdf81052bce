/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/events: what happens to trades, for integrators, and in kitchens, for their screens, as server-sent
 * events. A caller hears of what it may see: the operator of all, a merchant of its own, a shop or terminal of its
 * shop's, a shopper of its own trades and of the orders that it opened.
 *
 *     id: 4711-3                  number of the commit, and place in it; of a shared store: events_ring.h
 *     event: trade.paid           trade.waiting, trade.paid, trade.refunded, trade.closed
 *     data: {"trade_id": …}       the trade as it was after that commit
 *     event: ticket.changed       dish.changed, meal.changed: what changed and how it stands in short; the rest can be
 *     data: {"ticket_id": …}      asked for (events_kitchen.h)
 *
 * Who comes back with Last-Event-ID gets what was missed, out of a ring of EVENTS_KEPT. When the ring no
 * longer (or, after a restart, not yet) goes back that far, an `event: gap` says so first; the trades
 * themselves can be listed. Two changes of one trade in one commit are told as of after both.
 *
 * Of a database that several processes serve, each tells of the commits of all, in the order in which it hears of
 * them: those of others up to a moment later. Who comes back may come to any of them, and hears of nothing twice but
 * what these had in another order, and of everything once, or of the gap.
 *
 * Nothing is kept or encoded unless somebody listens or has listened in the last EVENTS_KEEP_US; on a shared store
 * events are always kept, as their listeners may come from elsewhere. A token that
 * is revoked ends its stream within seconds. A reader that is too slow is dropped, and may come back.
 */
#ifndef DOORS_EVENTS_H
#define DOORS_EVENTS_H

#include "doors/rest/rest.h"

#define EVENTS_KEPT 65536 /* a power of two */
#define EVENTS_STREAMS_MAX 256
#define EVENTS_KEEP_US INT64_C(600000000)

struct events;

struct events_settings {
    struct engine *engine;
    struct store *store;
    struct tokens *tokens;
    uint32_t kept; /* events in the ring, a power of two; 0: EVENTS_KEPT */
};

/* Before the engine starts: begins to observe. NULL when the store cannot be read. */
MUST_CHECK struct events *events_open(const struct events_settings *settings);
void events_start(struct events *events);
/* Ends the streams and the thread; new streams are refused. The engine must still be running. */
void events_stop(struct events *events);
/* No request may be on its way any more. */
void events_close(struct events *events);

struct rest_page events_page(struct events *events);
uint32_t events_stream_count(struct events *events);

#endif
