/* SPDX-License-Identifier: Apache-2.0 */
#include "till/offer.h"

#include "base/checked.h"
#include "base/civil.h"
#include "base/hash.h"

const char *const verdict_names[] = {
    "applies",        "paused",         "not_started",      "over",
    "other_day",      "other_hour",     "other_currency",   "below_minimum",
    "not_new",        "no_gain",        "all_uses_gone",    "day_uses_gone",
    "person_uses_gone", "day_budget_gone", "shop_budget_gone", "budget_gone",
    "better_found",   NULL,
};

const struct campaign_row *campaign_ask(struct view *view, int64_t campaign_id)
{
    struct campaign_row key = { .campaign_id = campaign_id };
    return view_ask(view, &campaign_table, &key);
}

const struct offers_row *offers_ask(struct view *view, int32_t kind, int64_t id)
{
    struct offers_row key = { .kind = kind, .id = id };
    return view_ask(view, &offers_table, &key);
}

struct account_key budget_platform(const struct campaign_row *campaign)
{
    return (struct account_key){ campaign->campaign_id, PURPOSE_budget_platform, campaign->currency };
}

struct account_key budget_merchant(const struct campaign_row *campaign)
{
    return (struct account_key){ campaign->campaign_id, PURPOSE_budget_merchant, campaign->currency };
}

enum refusal budget_release(struct view *view, struct moment *at, const struct campaign_row *campaign)
{
    struct account_key budgets[] = { budget_platform(campaign), budget_merchant(campaign) };
    struct account_key clearing = { 0, PURPOSE_clearing, campaign->currency };
    struct leg legs[COUNT_OF(budgets)];
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(budgets); i++) {
        int64_t left = account_free(view, budgets[i]);
        if (left > 0) {
            legs[count++] = (struct leg){ .from = budgets[i], .to = clearing, .amount = left };
        }
    }
    struct cause cause = { CAUSE_campaign_release, campaign->campaign_id };
    return count > 0 ? ledger_move(view, at, cause, legs, count, NULL) : REFUSAL_none;
}

/*
 * What was counted so far on the day that a sum is kept for. Days only go forward: a shop further west, where it
 * is still yesterday, adds to the later day, so that no limit is forgotten by going back and forth.
 */
static int64_t counted(int32_t kept_day, int64_t sum, int32_t day)
{
    return kept_day >= day ? sum : 0;
}

/* A whole number in 0..span, fixed by the campaign's seed, the trade and `salt`. */
static int64_t draw(const struct campaign_row *campaign, int64_t trade_id, uint64_t salt, int64_t span)
{
    uint64_t mixed = hash_mix(hash_mix((uint64_t)campaign->seed + salt) ^ (uint64_t)trade_id);
    return (int64_t)(((uint128)mixed * ((uint64_t)span + 1)) >> 64);
}

/*
 * A random cut between low and high whose mean is exactly the stated one: with probability
 * (high - mean) / (high - low) uniform in low..mean, otherwise uniform in mean..high.
 */
static int64_t random_cut(const struct campaign_row *campaign, int64_t trade_id)
{
    int64_t low = campaign->low_minor, mean = campaign->amount_minor, high = campaign->high_minor;
    if (low == high) {
        return low;
    }
    bool lower = draw(campaign, trade_id, 1, high - low - 1) < high - mean;
    return lower ? low + draw(campaign, trade_id, 2, mean - low) : mean + draw(campaign, trade_id, 3, high - mean);
}

static int64_t discount_of(const struct campaign_row *campaign, int64_t price, int64_t trade_id)
{
    int64_t discount = 0;
    switch (campaign->kind) {
    case CAMPAIGN_percentage:
        if (!checked_share(price, campaign->percent_bp, 10000, ROUND_down, &discount)) {
            return 0;
        }
        break;
    case CAMPAIGN_amount_off:
        discount = campaign->amount_minor;
        break;
    case CAMPAIGN_fixed_price:
        discount = max_i64(0, price - campaign->amount_minor);
        break;
    case CAMPAIGN_random_cut:
        discount = random_cut(campaign, trade_id);
        break;
    default:
        assert(!"a campaign has one of the kinds");
    }
    if (campaign->cap_minor > 0) {
        discount = min_i64(discount, campaign->cap_minor);
    }
    return min_i64(discount, price);
}

static void shares_of(const struct campaign_row *campaign, int64_t discount, struct discount_row *line)
{
    *line = (struct discount_row){ .campaign_id = campaign->campaign_id };
    bool fits = checked_share(discount, campaign->merchant_share_bp, 10000, ROUND_down, &line->merchant_minor);
    assert(fits);
    line->platform_minor = discount - line->merchant_minor;
    line->platform_left_minor = line->platform_minor;
    line->merchant_left_minor = line->merchant_minor;
}

static enum verdict judge_time(const struct offer_terms *terms, const struct campaign_row *campaign)
{
    struct civil civil = civil_of(terms->at_us, terms->shop->zone_minutes);
    int32_t minute = civil.hour * 60 + civil.minute;
    int32_t from = campaign->minute_from, to = campaign->minute_to;
    if (terms->at_us < campaign->starts_at_us) {
        return VERDICT_not_started;
    }
    if (terms->at_us >= campaign->ends_at_us) {
        return VERDICT_over;
    }
    if (campaign->weekdays != 0 && (campaign->weekdays >> civil.weekday & 1) == 0) {
        return VERDICT_other_day;
    }
    bool over_midnight = from > to;
    bool inside = from == to || (over_midnight ? minute >= from || minute < to : minute >= from && minute < to);
    return inside ? VERDICT_applies : VERDICT_other_hour;
}

static enum verdict judge_person(struct view *view, const struct offer_terms *terms,
                                 const struct campaign_row *campaign)
{
    if (terms->shopper == NULL || (campaign->uses_per_day == 0 && campaign->uses_per_person == 0)) {
        return VERDICT_applies;
    }
    struct campaign_use_row key = { .campaign_id = campaign->campaign_id, .person_id = terms->shopper->person_id };
    const struct campaign_use_row *use = view_ask(view, &campaign_use_table, &key);
    int64_t today = counted(use->day, use->day_uses, terms->day);
    if (campaign->uses_per_day > 0 && today >= campaign->uses_per_day) {
        return VERDICT_day_uses_gone;
    }
    if (campaign->uses_per_person > 0 && use->uses >= campaign->uses_per_person) {
        return VERDICT_person_uses_gone;
    }
    return VERDICT_applies;
}

static const struct campaign_shop_row *campaign_shop_ask(struct view *view, int64_t campaign_id, int64_t shop_id)
{
    struct campaign_shop_row key = { .campaign_id = campaign_id, .shop_id = shop_id };
    return view_ask(view, &campaign_shop_table, &key);
}

static enum verdict judge_budget(struct view *view, const struct offer_terms *terms,
                                 const struct campaign_row *campaign, int64_t discount)
{
    struct discount_row line;
    int64_t today = counted(campaign->day, campaign->day_spent_minor, terms->day);
    if (campaign->day_budget_minor > 0 && today + discount > campaign->day_budget_minor) {
        return VERDICT_day_budget_gone;
    }
    if (campaign->shop_budget_minor > 0 &&
        campaign_shop_ask(view, campaign->campaign_id, terms->shop->shop_id)->spent_minor + discount >
            campaign->shop_budget_minor) {
        return VERDICT_shop_budget_gone;
    }
    shares_of(campaign, discount, &line);
    if (account_free(view, budget_platform(campaign)) < line.platform_minor ||
        (line.merchant_minor > 0 && account_free(view, budget_merchant(campaign)) < line.merchant_minor)) {
        return VERDICT_budget_gone;
    }
    return VERDICT_applies;
}

static void judge(struct view *view, const struct offer_terms *terms, struct offer *offer)
{
    const struct campaign_row *campaign = offer->campaign;
    offer->verdict = campaign->state == CAMPAIGN_paused  ? VERDICT_paused
                     : campaign->state == CAMPAIGN_ended ? VERDICT_over
                                                         : judge_time(terms, campaign);
    if (offer->verdict != VERDICT_applies) {
        return;
    }
    if (campaign->currency != terms->shop->currency) {
        offer->verdict = VERDICT_other_currency;
    } else if (terms->list_minor < campaign->min_spend_minor) {
        offer->verdict = VERDICT_below_minimum;
    } else if (campaign->audience == AUDIENCE_new && terms->shopper != NULL && terms->shopper->payments != 0) {
        offer->verdict = VERDICT_not_new;
    } else {
        offer->discount_minor = discount_of(campaign, terms->list_minor, terms->trade_id);
        if (offer->discount_minor == 0) {
            offer->verdict = VERDICT_no_gain;
        } else if (campaign->uses_max > 0 && campaign->uses >= campaign->uses_max) {
            offer->verdict = VERDICT_all_uses_gone;
        } else {
            offer->verdict = judge_person(view, terms, campaign);
        }
    }
    if (offer->verdict == VERDICT_applies) {
        offer->verdict = judge_budget(view, terms, campaign, offer->discount_minor);
    }
}

static bool goes_before(const struct offer *a, const struct offer *b)
{
    if (a->campaign->priority != b->campaign->priority) {
        return a->campaign->priority > b->campaign->priority;
    }
    return a->campaign->campaign_id < b->campaign->campaign_id;
}

static void offer_add(struct quote *quote, const struct campaign_row *campaign)
{
    struct offer offer = { .campaign = campaign };
    for (size_t i = 0; i < quote->offer_count; i++) {
        if (quote->offers[i].campaign == campaign) {
            return; /* two targets name this shop */
        }
    }
    assert(quote->offer_count < CANDIDATES_MAX);
    size_t at = quote->offer_count++;
    for (; at > 0 && goes_before(&offer, &quote->offers[at - 1]); at--) {
        quote->offers[at] = quote->offers[at - 1];
    }
    quote->offers[at] = offer;
}

static void offers_of(struct view *view, int32_t kind, int64_t id, struct quote *quote)
{
    const struct offers_row *offers = offers_ask(view, kind, id);
    for (int32_t i = 0; i < offers->campaigns_count; i++) {
        const struct campaign_row *campaign = campaign_ask(view, offers->campaigns[i].id);
        if (row_exists(campaign) && quote->offer_count < CANDIDATES_MAX) {
            offer_add(quote, campaign);
        }
    }
}

/* ---- the best combination ---- */

#define COMBINED_MAX 8 /* campaigns that are tried in combinations, by priority */

struct choice {
    size_t count;
    const struct campaign_row *campaigns[DISCOUNTS_MAX];
    int64_t discounts[DISCOUNTS_MAX];
    int64_t total;
};

static void choice_try(struct choice *best, const struct offer_terms *terms,
                       const struct campaign_row *const *campaigns, size_t count)
{
    struct choice choice = { .count = count };
    for (size_t i = 0; i < count; i++) {
        choice.campaigns[i] = campaigns[i];
        choice.discounts[i] = discount_of(campaigns[i], terms->list_minor - choice.total, terms->trade_id);
        choice.total += choice.discounts[i];
        if (choice.discounts[i] == 0) {
            return;
        }
    }
    if (choice.total > best->total) {
        *best = choice;
    }
}

static void choose(const struct offer_terms *terms, const struct quote *quote, struct choice *best)
{
    const struct campaign_row *together[COMBINED_MAX];
    size_t count = 0;
    for (size_t i = 0; i < quote->offer_count; i++) {
        const struct offer *offer = &quote->offers[i];
        if (offer->verdict != VERDICT_applies) {
            continue;
        }
        choice_try(best, terms, &offer->campaign, 1);
        if (offer->campaign->combines != 0 && count < COMBINED_MAX) {
            together[count++] = offer->campaign;
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            const struct campaign_row *pair[] = { together[i], together[j] };
            choice_try(best, terms, pair, 2);
        }
    }
    for (size_t i = 0; i < count; i++) { /* after all pairs: of equal discounts the one with fewer campaigns wins */
        for (size_t j = i + 1; j < count; j++) {
            for (size_t k = j + 1; k < count; k++) {
                const struct campaign_row *three[] = { together[i], together[j], together[k] };
                choice_try(best, terms, three, 3);
            }
        }
    }
}

void offer_quote(struct view *view, const struct offer_terms *terms, struct quote *quote)
{
    struct choice best = { 0 };
    const struct shop_row *shop = terms->shop;
    quote->offer_count = 0;
    quote->count = 0;
    quote->discount_minor = 0;
    quote->refuse = false;

    offers_of(view, TARGET_all, 0, quote);
    offers_of(view, TARGET_merchant, shop->merchant_id, quote);
    offers_of(view, TARGET_shop, shop->shop_id, quote);
    for (int32_t i = 0; i < shop->sets_count; i++) {
        offers_of(view, TARGET_set, shop->sets[i].id, quote);
    }
    for (size_t i = 0; i < quote->offer_count; i++) {
        struct offer *offer = &quote->offers[i];
        judge(view, terms, offer);
        quote->refuse = quote->refuse ||
                        (offer->verdict == VERDICT_budget_gone && offer->campaign->at_budget_end == BUDGET_END_refuse);
    }
    choose(terms, quote, &best);
    for (size_t i = 0; i < best.count; i++) {
        shares_of(best.campaigns[i], best.discounts[i], &quote->lines[quote->count++]);
    }
    quote->discount_minor = best.total;
    for (size_t i = 0; i < quote->offer_count; i++) {
        bool chosen = false;
        for (size_t j = 0; j < best.count; j++) {
            chosen = chosen || best.campaigns[j] == quote->offers[i].campaign;
        }
        if (quote->offers[i].verdict == VERDICT_applies && !chosen) {
            quote->offers[i].verdict = VERDICT_better_found;
        }
    }
}

/* ---- booking ---- */

static void line_use(struct view *view, const struct offer_terms *terms, const struct discount_row *line)
{
    int64_t given = line->platform_minor + line->merchant_minor;
    struct campaign_row *campaign = view_change(view, campaign_ask(view, line->campaign_id));
    campaign->uses++;
    campaign->spent_minor += given;
    campaign->day_spent_minor = counted(campaign->day, campaign->day_spent_minor, terms->day) + given;
    campaign->day = (int32_t)max_i64(campaign->day, terms->day);

    struct campaign_use_row key = { .campaign_id = line->campaign_id, .person_id = terms->shopper->person_id };
    struct campaign_use_row *use = view_change(view, view_ask(view, &campaign_use_table, &key));
    use->uses++;
    use->day_uses = (int32_t)counted(use->day, use->day_uses, terms->day) + 1;
    use->day = (int32_t)max_i64(use->day, terms->day);
    if (campaign->shop_counted_from_us != 0) {
        struct campaign_shop_row *shop =
            view_change(view, campaign_shop_ask(view, line->campaign_id, terms->shop->shop_id));
        shop->spent_minor += given;
    }
}

void offer_use(struct view *view, const struct moment *at, const struct offer_terms *terms, const struct quote *quote)
{
    for (int32_t i = 0; i < quote->count; i++) {
        line_use(view, terms, &quote->lines[i]);
    }
    for (size_t i = 0; i < quote->offer_count; i++) {
        const struct offer *offer = &quote->offers[i];
        if (offer->verdict == VERDICT_budget_gone && offer->campaign->empty_at_us == 0) {
            struct campaign_row *campaign = view_change(view, offer->campaign);
            campaign->empty_at_us = at->now_us;
        }
    }
}

void offer_return(struct view *view, const struct trade_row *trade, int64_t person_id, const struct discount_row *line,
                  bool use_back)
{
    int64_t returned = line->platform_minor + line->merchant_minor;
    struct campaign_row *campaign = view_change(view, campaign_ask(view, line->campaign_id));
    campaign->spent_minor -= returned;
    if (campaign->day == trade->day) {
        campaign->day_spent_minor = max_i64(0, campaign->day_spent_minor - returned);
    }
    if (returned > 0) {
        campaign->empty_at_us = 0;
    }
    if (campaign->shop_counted_from_us != 0 && trade->paid_at_us >= campaign->shop_counted_from_us) {
        struct campaign_shop_row *shop =
            view_change(view, campaign_shop_ask(view, line->campaign_id, trade->shop_id));
        shop->spent_minor -= returned;
    }
    if (!use_back) {
        return;
    }
    struct campaign_use_row key = { .campaign_id = line->campaign_id, .person_id = person_id };
    struct campaign_use_row *use = view_change(view, view_ask(view, &campaign_use_table, &key));
    campaign->uses--;
    use->uses--;
    if (use->day == trade->day) {
        use->day_uses--;
    }
}
