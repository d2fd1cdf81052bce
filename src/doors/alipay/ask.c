/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door's one command: what a method decides, and what its answer shows, in one call and one view. So a number is
 * looked up, judged, acted on and told without anything happening in between, and costs one round of the engine's.
 */
#include "engine/engine_rows.h"
#include "till/offer.h"

#include "doors/alipay/alipay_internal.h"

/* A number that was cancelled before it was used: a closed trade of nothing that keeps a late payment out. */
static bool is_placeholder(const struct trade_row *trade)
{
    return trade->list_minor == 0;
}

const struct trade_row *alipay_trade_named(const struct alipay_ask *ask, const struct moment *at, struct view *view,
                                           struct alipay_told *told)
{
    const struct trade_row *trade = ask->trade_no[0] != '\0'
                                        ? trade_ask(view, ask->trade_id)
                                        : trade_by_number(view, ask->app->merchant_id, ask->out_trade_no);
    if (!row_exists(trade) || trade_seen_check(view, at, trade) != REFUSAL_none) {
        return trade_ask(view, 0);
    }
    trade_show(view, at, trade, &told->before);
    told->out_of_sight = is_placeholder(trade) || (trade->way == WAY_dynamic && trade->shopper_id == 0);
    return trade;
}

void alipay_trade_tell(struct view *view, const struct moment *at, int64_t trade_id, struct alipay_told *told)
{
    const struct trade_row *trade = trade_ask(view, trade_id);
    if (!row_exists(trade)) {
        return;
    }
    told->kind = TOLD_trade;
    trade_show(view, at, trade, &told->trade);
    const struct trade_detail_row *detail = trade_detail_ask(view, trade_id);
    if (row_exists(detail)) {
        told->detail = detail->detail;
    }
    const struct shop_row *shop = shop_ask(view, trade->shop_id);
    memcpy(told->shop_name, shop->name, sizeof(told->shop_name));
    if (trade->shopper_id != 0) {
        const struct shopper_row *shopper = shopper_ask(view, trade->shopper_id);
        memcpy(told->buyer_logon_id, shopper->logon_id, sizeof(told->buyer_logon_id));
        memcpy(told->buyer_name, shopper->name, sizeof(told->buyer_name));
    }
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        const struct campaign_row *campaign = campaign_ask(view, trade->discounts[i].campaign_id);
        memcpy(told->campaigns[i], campaign->name, sizeof(told->campaigns[i]));
    }
}

int64_t alipay_shopper_of(struct view *view, const char *user_id, const char *logon_id)
{
    enum user_kind kind;
    int64_t id;
    if (user_id[0] != '\0') {
        return user_id_read(span_of(user_id), &kind, &id) && kind == USER_shopper &&
                       row_exists(shopper_ask(view, id))
                   ? id
                   : 0;
    }
    struct logon_row key = { .shopper_id = 0 };
    for (size_t i = 0; logon_id[i] != '\0' && i + 1 < sizeof(key.logon_id); i++) {
        char letter = logon_id[i];
        key.logon_id[i] = (char)(letter >= 'A' && letter <= 'Z' ? letter | 0x20 : letter);
    }
    const struct logon_row *logon = view_ask(view, &logon_table, &key);
    return row_exists(logon) ? logon->shopper_id : 0;
}

static enum refusal decide(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct alipay_ask *ask = request;
    struct alipay_told *told = answer;
    told->now_us = at->now_us;
    return ask->method->decide(ask, at, view, told);
}

/* Never packed or shown: it has no columns, and no key under which it would be kept. */
static const struct shape ask_shape = { .name = "alipay_ask", .size = sizeof(struct alipay_ask) };
static const struct shape told_shape = { .name = "alipay_told", .size = sizeof(struct alipay_told) };

const struct command alipay_command = {
    .name = "alipay_call",
    .number = 140,
    .flags = COMMAND_internal | COMMAND_unkeyed,
    .request = &ask_shape,
    .answer = &told_shape,
    .decide = decide,
    .summary = "What a method of the Alipay protocol decides; it is idempotent by its own numbers.",
};
