/* SPDX-License-Identifier: Apache-2.0 */
/* What hangs off the commit and beside the commands: pages, streams, webhooks. */
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "app/serve.h"
#include "doors/alipay/alipay.h"
#include "doors/events.h"
#include "doors/live.h"
#include "doors/notify.h"
#include "doors/qr_pages.h"
#include "doors/static.h"

enum page {
    PAGE_live,
    PAGE_events,
    PAGE_qr,
    PAGE_count = PAGE_qr + QR_PAGE_COUNT,
};

static_assert(PAGE_count <= COUNT_OF(((struct server *)0)->pages), "there is room for the pages");

static struct events *events_of(const struct server *server)
{
    return server->pages[PAGE_events].context;
}

static void extras_metrics(void *context, struct metrics_text *text)
{
    struct server *server = context;
    struct notify_counts counts;
    notify_counts(server->notify, &counts);
    metrics_text_value(text, "onetill_webhooks_pending", "gauge", "Deliveries that wait in memory.",
                       (int64_t)counts.pending);
    metrics_text_value(text, "onetill_webhooks_more", "gauge", "1 when more deliveries wait in the store.",
                       counts.more);
    metrics_text_value(text, "onetill_webhooks_flying", "gauge", "Deliveries that are being made.",
                       (int64_t)counts.flying);
    metrics_text_value(text, "onetill_webhooks_attempts_total", "counter", "Attempts to deliver.",
                       (int64_t)counts.attempts);
    metrics_text_value(text, "onetill_webhooks_failures_total", "counter", "Attempts without an answer 2xx.",
                       (int64_t)counts.failures);
    metrics_text_value(text, "onetill_webhooks_delivered_total", "counter", "Deliveries that were heard.",
                       (int64_t)counts.delivered);
    metrics_text_value(text, "onetill_webhooks_given_up_total", "counter", "Deliveries that were given up.",
                       (int64_t)counts.given_up);
    metrics_text_value(text, "onetill_live_streams", "gauge", "Open streams of the live page.",
                       live_stream_count(server->live));
    metrics_text_value(text, "onetill_event_streams", "gauge", "Open event streams of integrators.",
                       events_stream_count(events_of(server)));
    alipay_metrics(server->alipay, text);
}

void server_extras(struct server *server, const struct server_settings *settings, struct rest_settings *rest)
{
    struct live_settings live = { .engine = server->engine,
                                  .store = server->store,
                                  .test_clock = settings->test_clock,
                                  .version = ONETILL_VERSION };
    struct events_settings events = { .engine = server->engine,
                                      .store = server->store,
                                      .tokens = server->tokens };
    struct notify_settings notify = { .engine = server->engine,
                                      .store = server->store,
                                      .webhook_key = &server->edits.webhook_key,
                                      .private_allowed = settings->webhook_private || settings->test_clock,
                                      .notice_fault = server_notice_fault,
                                      .fault_context = server };
    server_platform(server, settings);
    notify.platform = server->platform;
    server->live = live_open(&live);
    struct events *opened = events_open(&events);
    server->notify = notify_open(&notify);
    if (server->live == NULL || opened == NULL || server->notify == NULL) {
        fprintf(stderr, "onetill serve: the store cannot be read\n");
        exit(EXIT_fault); /* nothing was started yet */
    }
    server->pages[PAGE_live] = live_page(server->live);
    server->pages[PAGE_events] = events_page(opened);
    memcpy(&server->pages[PAGE_qr], qr_pages, sizeof(qr_pages));
    rest->pages = server->pages;
    rest->page_count = PAGE_count;
    rest->fallback = static_handle;
    rest->metrics_more = extras_metrics;
    rest->metrics_context = server;
    server_alipay(server, settings, rest);
}

/* The door numbers its routes from its health check on, then the offered commands in the order of their list.
 */
static uint32_t route_of(const struct command *wanted)
{
    uint32_t number = 1;
    for (size_t i = 0; product_commands[i] != wanted; i++) {
        assert(product_commands[i] != NULL);
        bool offered = product_commands[i]->method != NULL && (product_commands[i]->flags & COMMAND_internal) == 0;
        number += offered;
    }
    return number;
}

void server_extras_start(struct server *server)
{
    static const struct command *const payments[] = { &trade_pay, &qr_pay, &trade_confirm };
    struct live_doors doors = { .server = server->http, .metrics = rest_metrics(server->rest) };
    static_assert(COUNT_OF(payments) <= LIVE_ROUTES_MAX, "all ways to pay are measured");
    for (size_t i = 0; i < COUNT_OF(payments); i++) {
        doors.routes[doors.route_count++] = route_of(payments[i]);
    }
    live_start(server->live, &doors);
    events_start(events_of(server));
    notify_start(server->notify);
    server_alipay_start(server);
}

void server_extras_stop(struct server *server)
{
    notify_stop(server->notify); /* first: its last reports are news for the others */
    events_stop(events_of(server));
    live_stop(server->live);
    server_alipay_stop(server);
}

void server_extras_close(struct server *server)
{
    notify_close(server->notify);
    server_alipay_close(server);
    events_close(events_of(server));
    live_close(server->live);
}
