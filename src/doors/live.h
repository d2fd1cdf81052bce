/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream of the live page: GET /v1/live, for everybody. Its contract stands in web/live/README.md.
 *
 * Counts and sums are taken from each commit as it passes by (an observer on the store's thread, which takes
 * a lock once per batch). One thread composes the news once per second and sends the same bytes to all
 * streams. What happened before this process began is added by another thread of low priority: the sums of
 * the running day at once, and the sum of all balances when a snapshot can be read in bounded time; until
 * then that sum is taken to be what the law says, 0.
 *
 * What the laws' `checks` count:
 *   money_conserved   batches whose changes of balances cancel out per unit, and each sum of all balances
 *   budget_kept       changed budget accounts that are not below their floor; stock_kept the same for stock
 *   reservation_kept  holds and unpaid trades that came with the timer that ends them
 *   answer_durable    calls answered after the store said that their batch, next in number, is durable
 * voucher_once and seat_once have no accounts yet and are shown as unused.
 *
 * Of a database that several processes serve, all of them show the sums of all, each a moment after the others; the
 * laws, latencies, connections and the queue are those of the process that is asked. There is a line per process.
 *
 * At most LIVE_STREAMS_MAX streams, then 503. At most LIVE_CAMPAIGNS_MAX campaigns are shown: new ones take
 * the place of ended ones. Sums are shown in one currency and one civil day, those below.
 */
#ifndef DOORS_LIVE_H
#define DOORS_LIVE_H

#include "doors/metrics.h"
#include "doors/rest/rest.h"

#define LIVE_STREAMS_MAX 1000
#define LIVE_CAMPAIGNS_MAX 200
#define LIVE_CURRENCY 156 /* CNY, two digits */
#define LIVE_ZONE_MINUTES 480
#define LIVE_ROUTES_MAX 8

struct live;

struct live_settings {
    struct engine *engine;
    struct store *store;
    bool test_clock;
    const char *version;
};

/* What is known only after the doors are open. */
struct live_doors {
    const struct http_server *server; /* outlives the stop; NULL: connections are shown as 0 */
    struct metrics *metrics;
    uint32_t routes[LIVE_ROUTES_MAX]; /* of payments in `metrics` */
    uint32_t route_count;
};

/* Before the engine starts: reads campaigns and budgets, begins to observe. NULL when the store cannot be
 * read. */
MUST_CHECK struct live *live_open(const struct live_settings *settings);
void live_start(struct live *live, const struct live_doors *doors);
/* Ends the streams and the threads; new streams are refused. The engine must still be running. */
void live_stop(struct live *live);
/* No request may be on its way any more. */
void live_close(struct live *live);

struct rest_page live_page(struct live *live);
uint32_t live_stream_count(struct live *live);

#endif
