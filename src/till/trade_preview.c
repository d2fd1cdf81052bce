/* SPDX-License-Identifier: Apache-2.0 */
/* What would this trade get, and why not: every campaign of the shop with its verdict. Changes nothing. */
#include "base/civil.h"
#include "till/offer.h"
#include "till/trade.h"

struct trade_preview {
    int64_t shop_id;
    int64_t shopper_id;
    int64_t amount_minor;
};
static const struct column preview_columns[] = {
    COLUMN(trade_preview, shop_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(trade_preview, shopper_id, .form = FORM_id,
           .text = "Only the shopper's own or the platform's token may name it. Left out: limits per person "
                   "are taken as free."),
    COLUMN(trade_preview, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1,
           .most = AMOUNT_MAX),
};
static const struct shape preview_shape = SHAPE("trade_preview", trade_preview, preview_columns);

struct preview_offer {
    int64_t campaign_id;
    char name[NAME_SIZE];
    int32_t verdict;
    int64_t discount_minor;
};
static const struct column offer_columns[] = {
    COLUMN(preview_offer, campaign_id, .form = FORM_id),
    COLUMN(preview_offer, name),
    COLUMN(preview_offer, verdict, .form = FORM_choice, .names = verdict_names, .text = "Why it gives nothing."),
    COLUMN(preview_offer, discount_minor, .form = FORM_amount, .text = "What it gives alone on the full price."),
};
static const struct shape offer_shape = SHAPE("preview_offer", preview_offer, offer_columns);

struct preview {
    int64_t list_minor;
    int64_t discount_minor;
    int64_t paid_minor;
    int32_t refused; /* the payment would be refused: a campaign without budget does not go on without it */
    int32_t offers_count;
    struct preview_offer offers[CANDIDATES_MAX];
};
static const struct column answer_columns[] = {
    COLUMN(preview, list_minor, .form = FORM_amount),
    COLUMN(preview, discount_minor, .form = FORM_amount),
    COLUMN(preview, paid_minor, .form = FORM_amount),
    COLUMN(preview, refused, .form = FORM_flag),
    COLUMN_LIST(preview, offers, offer_shape),
};
static const struct shape answer_shape = SHAPE("preview", preview, answer_columns);

static enum refusal decide(const void *request, struct moment *at, struct view *view, void *out)
{
    const struct trade_preview *want = request;
    struct preview *answer = out;
    struct quote quote;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    const struct shopper_row *shopper = want->shopper_id != 0 ? shopper_ask(view, want->shopper_id) : NULL;

    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    /* What limits a shopper has left is for that shopper: shops ask without naming one. */
    if (want->shopper_id != 0 ? !access_shopper(at, want->shopper_id)
                              : at->caller.kind != CALLER_shopper && !access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (shopper != NULL && !row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    struct offer_terms terms = { .shop = shop,
                                 .shopper = shopper,
                                 .list_minor = want->amount_minor,
                                 .at_us = at->now_us,
                                 .day = civil_yyyymmdd(civil_day(at->now_us, shop->zone_minutes)),
                                 .trade_id = moment_id(at) };
    offer_quote(view, &terms, &quote);
    answer->list_minor = want->amount_minor;
    answer->discount_minor = quote.discount_minor;
    answer->paid_minor = want->amount_minor - quote.discount_minor;
    answer->refused = quote.refuse && quote.count == 0;
    for (size_t i = 0; i < quote.offer_count; i++) {
        struct preview_offer *offer = &answer->offers[answer->offers_count++];
        offer->campaign_id = quote.offers[i].campaign->campaign_id;
        memcpy(offer->name, quote.offers[i].campaign->name, sizeof(offer->name));
        offer->verdict = (int32_t)quote.offers[i].verdict;
        offer->discount_minor = quote.offers[i].discount_minor;
    }
    return REFUSAL_none;
}

const struct command trade_preview = {
    .name = "trade_preview",
    .number = 63,
    .flags = COMMAND_reads,
    .method = "POST",
    .route = "/v1/trades/preview",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &preview_shape,
    .answer = &answer_shape,
    .decide = decide,
    .summary = "What a trade would get now, and for each campaign why not. A random cut is an example.",
};
