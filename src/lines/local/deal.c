/* SPDX-License-Identifier: Apache-2.0 */
/* What a deal is to whoever sells, redeems or counts it. */
#include "lines/local/deal.h"

#include "base/civil.h"
#include "lines/local/deal_internal.h"
#include "lines/local/voucher.h"

const struct deal_row *deal_ask(struct view *view, int64_t deal_id)
{
    struct deal_row key = { .deal_id = deal_id };
    return view_ask(view, &deal_table, &key);
}

const struct deal_detail_row *deal_detail_ask(struct view *view, int64_t deal_id)
{
    struct deal_detail_row key = { .deal_id = deal_id };
    return view_ask(view, &deal_detail_table, &key);
}

const struct deal_place_row *deal_place_ask(struct view *view, int64_t deal_id, int64_t shop_id)
{
    struct deal_place_row key = { .deal_id = deal_id, .shop_id = shop_id };
    return view_ask(view, &deal_place_table, &key);
}

const struct purchase_row *purchase_ask(struct view *view, int64_t purchase_id)
{
    struct purchase_row key = { .purchase_id = purchase_id };
    return view_ask(view, &purchase_table, &key);
}

const struct deal_day_row *deal_sum_ask(struct view *view, int64_t deal_id)
{
    struct deal_day_row key = { .deal_id = deal_id };
    return view_ask(view, &deal_day_table, &key);
}

struct deal_day_row *deal_sum_change(struct view *view, int64_t deal_id)
{
    return view_change(view, deal_sum_ask(view, deal_id));
}

const struct deal_buyer_row *deal_buyer_ask(struct view *view, int64_t deal_id, int64_t person_id)
{
    struct deal_buyer_row key = { .deal_id = deal_id, .person_id = person_id };
    return view_ask(view, &deal_buyer_table, &key);
}

struct account_key deal_stock(const struct deal_row *deal)
{
    return (struct account_key){ deal->deal_id, PURPOSE_deal_stock, deal->deal_id };
}

struct account_key deal_held(const struct deal_row *deal)
{
    return (struct account_key){ deal->deal_id, PURPOSE_deal_held, deal->deal_id };
}

struct account_key deal_nowhere(const struct deal_row *deal)
{
    return (struct account_key){ 0, PURPOSE_clearing, deal->deal_id };
}

enum refusal deal_find(struct view *view, const struct moment *at, int64_t deal_id, const struct deal_row **deal)
{
    *deal = deal_ask(view, deal_id);
    if (!row_exists(*deal)) {
        return REFUSAL_deal_unknown;
    }
    return access_merchant(at, (*deal)->merchant_id) ? REFUSAL_none : REFUSAL_forbidden;
}

/* ---- when and where ---- */

static bool day_is_closed(const struct deal_row *deal, int64_t day)
{
    int32_t yyyymmdd = civil_yyyymmdd(day);
    for (int32_t i = 0; i < deal->closed_days_count; i++) {
        if (deal->closed_days[i].day == yyyymmdd) {
            return true;
        }
    }
    return false;
}

enum refusal deal_valid_check(struct view *view, const struct deal_row *deal, int32_t part, const struct shop_row *shop,
                              int64_t now_us)
{
    const struct deal_place_row *place = deal_place_ask(view, deal->deal_id, shop->shop_id);
    bool here = row_exists(place) && (part < 0 || (place->parts >> part & 1) != 0);
    if (!here) {
        return REFUSAL_deal_shop_differs;
    }
    if (now_us < deal->valid_from_us) {
        return REFUSAL_deal_early;
    }
    struct civil now = civil_of(now_us, shop->zone_minutes);
    int32_t minute = now.hour * 60 + now.minute;
    /* After midnight hours that go over it belong to the day on which they began. */
    bool since_yesterday = deal->minute_from > deal->minute_to && minute < deal->minute_to;
    int weekday = since_yesterday ? (now.weekday + 6) % 7 : now.weekday;
    int64_t day = civil_day(now_us, shop->zone_minutes) - (since_yesterday ? 1 : 0);
    if ((deal->weekdays != 0 && (deal->weekdays >> weekday & 1) == 0) || day_is_closed(deal, day)) {
        return REFUSAL_deal_day_closed;
    }
    return minutes_include(deal->minute_from, deal->minute_to, minute) ? REFUSAL_none : REFUSAL_deal_hour_closed;
}

int64_t deal_valid_until(const struct deal_row *deal, const struct shop_row *seller, int64_t now_us)
{
    if (deal->valid_days == 0) {
        return deal->valid_until_us;
    }
    /* From its own beginning on, when it was bought before. */
    int64_t day = civil_day(max_i64(now_us, deal->valid_from_us), seller->zone_minutes);
    int64_t last_us = (day + deal->valid_days + 1) * US_PER_DAY - seller->zone_minutes * US_PER_MINUTE;
    return min_i64(last_us, deal->valid_until_us);
}

enum refusal deal_sale_check(const struct deal_row *deal, int64_t now_us)
{
    if (deal->state == DEAL_ended) {
        return REFUSAL_deal_ended;
    }
    if (deal->state == DEAL_paused) {
        return REFUSAL_deal_paused;
    }
    if (now_us < deal->sale_from_us) {
        return REFUSAL_sale_early;
    }
    return now_us < deal->sale_until_us ? REFUSAL_none : REFUSAL_sale_over;
}

/* ---- sums ---- */

static void sums_add(struct deal_day_row *sums, const struct deal_day_row *more)
{
    sums->sold_pieces += more->sold_pieces;
    sums->sold_minor += more->sold_minor;
    sums->redeemed_pieces += more->redeemed_pieces;
    sums->redeemed_minor += more->redeemed_minor;
    sums->returned_pieces += more->returned_pieces;
    sums->returned_minor += more->returned_minor;
    sums->lapsed_pieces += more->lapsed_pieces;
    sums->lapsed_minor += more->lapsed_minor;
    sums->earned_minor += more->earned_minor;
    sums->commission_minor += more->commission_minor;
    sums->sold_copies += more->sold_copies;
}

void deal_book(struct view *view, const struct moment *at, const struct deal_row *deal, const struct shop_row *shop,
               const struct deal_day_row *more)
{
    struct deal_day_row key = { .deal_id = deal->deal_id,
                                .shop_id = shop->shop_id,
                                .day = civil_yyyymmdd(civil_day(at->now_us, shop->zone_minutes)) };
    struct deal_day_row *sum = deal_sum_change(view, deal->deal_id);
    sums_add(view_change(view, view_ask(view, &deal_day_table, &key)), more);
    sums_add(sum, more);
    bool pieces = sum->sold_pieces >= sum->redeemed_pieces + sum->returned_pieces + sum->lapsed_pieces;
    bool money = sum->sold_minor >= sum->redeemed_minor + sum->returned_minor + sum->lapsed_minor;
    assert(view_unsure(view) || (pieces && money));
}

enum refusal deal_buyer_count(struct view *view, const struct deal_row *deal, int64_t person_id, int64_t copies)
{
    const struct deal_buyer_row *asked = deal_buyer_ask(view, deal->deal_id, person_id);
    if (copies > 0 && deal->copies_per_person > 0 && asked->copies + copies > deal->copies_per_person) {
        return REFUSAL_deal_limit_reached;
    }
    struct deal_buyer_row *buyer = view_change(view, asked);
    buyer->copies += copies;
    assert(view_unsure(view) || buyer->copies >= 0);
    return REFUSAL_none;
}

/* ---- pieces ---- */

enum refusal deal_stock_change(struct view *view, struct moment *at, const struct deal_row *deal, int64_t copies)
{
    struct leg leg = { .from = deal_nowhere(deal), .to = deal_stock(deal), .amount = copies * deal->pieces_each };
    struct deal_day_row *sum = deal_sum_change(view, deal->deal_id);
    if (sum->stock_copies + copies > DEAL_COPIES_MAX) {
        return REFUSAL_stock_full;
    }
    sum->stock_copies += copies;
    return ledger_move(view, at, (struct cause){ CAUSE_deal_stock, deal->deal_id }, &leg, 1, NULL);
}

enum refusal deal_take_back(struct view *view, struct moment *at, const struct deal_row *deal, struct account_key from,
                            int64_t pieces, bool whole, struct cause cause)
{
    if (!row_exists(deal)) {
        return REFUSAL_deal_unknown; /* it will be there when this is decided again */
    }
    bool again = whole && deal->state != DEAL_ended;
    struct leg leg = { .from = from, .to = again ? deal_stock(deal) : deal_nowhere(deal), .amount = pieces };
    assert(!whole || pieces % deal->pieces_each == 0);
    enum refusal refusal = ledger_move(view, at, cause, &leg, 1, NULL);
    if (refusal == REFUSAL_none && again) {
        deal_sum_change(view, deal->deal_id)->restocked_pieces += pieces;
        voucher_stock_back(view, at, deal, pieces / deal->pieces_each);
    }
    return refusal;
}

void deal_fill(struct view *view, const struct deal_row *row, struct deal *deal)
{
    const struct deal_day_row *sum = deal_sum_ask(view, row->deal_id);
    deal->row = *row;
    deal->copies_left = account_balance(view, deal_stock(row)) / row->pieces_each;
    deal->sold_copies = sum->sold_copies;
    deal->buyers = sum->buyers;
}
