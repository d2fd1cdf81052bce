/* SPDX-License-Identifier: Apache-2.0 */
/* Notices of what became of a trade: to the merchant's endpoints, and to the address of the app that opened it. */
#include "people/app.h"
#include "till/trade.h"

/* A new delivery in the outbox, due now; where it goes is the caller's. */
static struct delivery_row *delivery_new(struct view *view, struct moment *at, const struct trade_row *trade,
                                         enum delivery_topic topic)
{
    struct delivery_row key = { .delivery_id = moment_id(at) };
    struct delivery_row *delivery = view_new(view, &delivery_table, &key);
    delivery->merchant_id = trade->merchant_id;
    delivery->topic = (int32_t)topic;
    delivery->subject_id = trade->trade_id;
    delivery->created_at_us = at->now_us;
    delivery->state = DELIVERY_pending;
    delivery->next_at_us = at->now_us;
    size_t size = shape_pack(&trade_table.shape, 0, trade, delivery->payload.bytes, PACK_SIZE_MAX);
    assert(size > 0);
    delivery->payload.size = (uint16_t)size;

    struct outbox_row pending = { .delivery_id = delivery->delivery_id };
    struct outbox_row *outbox = view_new(view, &outbox_table, &pending);
    outbox->next_at_us = at->now_us;
    return delivery;
}

/* What an app is told: an event that its protocol has, about a trade that exists for it. */
static bool app_told(const struct app_row *app, const struct trade_row *trade, enum delivery_topic topic)
{
    bool ended = trade->state == TRADE_closed;
    bool never_scanned = trade->way == WAY_dynamic && trade->shopper_id == 0;
    if (!row_exists(app) || app->disabled != 0 || topic == TOPIC_trade_waiting || never_scanned) {
        return false;
    }
    return !ended || app->notify_paid_only == 0;
}

/* Only for trades of an app: others ask for no row here. */
static void app_notify(struct view *view, struct moment *at, const struct trade_row *trade, enum delivery_topic topic,
                       const char *request_no)
{
    const struct app_row *app = app_ask(view, trade->app_id);
    const struct trade_detail *detail = &trade_detail_ask(view, trade->trade_id)->detail;
    const char *address = detail->notify_url[0] != '\0' ? detail->notify_url : app->notify_url;
    if (!app_told(app, trade, topic) || !address_callable(address)) {
        return;
    }
    struct delivery_row *delivery = delivery_new(view, at, trade, topic);
    delivery->kind = DELIVERY_notice;
    delivery->app_id = trade->app_id;
    if (request_no != NULL) {
        bool fits = span_copy(span_of(request_no), delivery->request_no, sizeof(delivery->request_no));
        assert(fits);
    }
}

void trade_notify(struct view *view, struct moment *at, const struct trade_row *trade, enum delivery_topic topic,
                  const char *request_no)
{
    const struct merchant_row *merchant = merchant_ask(view, trade->merchant_id);
    for (int32_t i = 0; i < merchant->endpoints_count; i++) {
        struct delivery_row *delivery = delivery_new(view, at, trade, topic);
        delivery->endpoint_id = merchant->endpoints[i].id;
    }
    if (trade->app_id != 0) {
        app_notify(view, at, trade, topic, request_no);
    }
}
