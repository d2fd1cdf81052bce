/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing and changing a deal: whether its rules agree, who does what of it, and what may not be taken from people
 * who have bought it. */
#include "base/civil.h"
#include "engine/engine_rows.h"
#include "lines/local/deal_internal.h"

/* ---- rules ---- */

/* Whether the rules agree: with one another, and with the time at which they were applied. */
static bool rules_agree(const struct deal_rules *rules, const struct deal_row *deal)
{
    struct complaint complaint;
    return deal_rules_check(rules, &complaint) && deal->sale_from_us < deal->sale_until_us &&
           deal->valid_from_us < deal->valid_until_us &&
           (deal->group_until_us == 0 || deal->group_until_us > deal->sale_from_us);
}

static void parts_apply(const struct deal_rules *rules, struct deal_row *deal)
{
    memset(deal->parts, 0, sizeof(deal->parts));
    deal->parts_count = rules->parts_count > 0 ? rules->parts_count : 1;
    if (rules->parts_count > 0) {
        memcpy(deal->parts, rules->parts, sizeof(deal->parts[0]) * (size_t)rules->parts_count);
    } else {
        deal->parts[0] = (struct deal_part){ .merchant_id = deal->merchant_id,
                                             .pieces = 1,
                                             .share_minor = rules->price_minor };
    }
    deal->pieces_each = 0;
    for (int32_t i = 0; i < deal->parts_count; i++) {
        deal->pieces_each += deal->parts[i].pieces;
    }
}

/* Times that are left out stay what they are, or begin now. */
static void rules_apply(const struct deal_rules *rules, const struct moment *at, struct deal_row *deal)
{
    int64_t now_us = deal->created_at_us != 0 ? deal->created_at_us : at->now_us;
    deal->kind = rules->kind;
    deal->category = rules->category;
    memcpy(deal->title, rules->title, sizeof(deal->title));
    deal->price_minor = rules->price_minor;
    deal->list_price_minor = rules->list_price_minor;
    deal->face_minor = rules->face_minor;
    deal->sale_from_us = rules->sale_from_us != 0 ? rules->sale_from_us : now_us;
    deal->sale_until_us = rules->sale_until_us;
    deal->valid_from_us = rules->valid_from_us != 0 ? rules->valid_from_us : now_us;
    deal->valid_until_us = rules->valid_until_us;
    deal->valid_days = rules->valid_days;
    deal->weekdays = rules->weekdays;
    deal->minute_from = rules->minute_from;
    deal->minute_to = rules->minute_to;
    deal->closed_days_count = rules->closed_days_count;
    memcpy(deal->closed_days, rules->closed_days, sizeof(deal->closed_days));
    deal->copies_per_person = rules->copies_per_person;
    deal->commission_bp = rules->commission_bp;
    if (rules->commission_bp == 0 && !access_platform(at)) {
        deal->commission_bp = DEAL_COMMISSION_DEFAULT_BP;
    }
    deal->refund = rules->refund != 0 ? rules->refund : DEAL_REFUND_until_expiry;
    deal->lapse_refunds = rules->lapse_refunds;
    deal->group_least = rules->group_least;
    deal->group_until_us = rules->group_until_us;
    parts_apply(rules, deal);
}

/* ---- who does it where ---- */

static enum refusal parts_check(struct view *view, const struct moment *at, const struct deal_row *deal)
{
    for (int32_t i = 0; i < deal->parts_count; i++) { /* all are fetched in one go */
        (void)merchant_ask(view, deal->parts[i].merchant_id);
    }
    for (int32_t i = 0; i < deal->parts_count; i++) {
        int64_t merchant_id = deal->parts[i].merchant_id;
        if (!row_exists(merchant_ask(view, merchant_id))) {
            return REFUSAL_merchant_unknown;
        }
        if (!access_merchant(at, merchant_id)) {
            return REFUSAL_forbidden; /* what several merchants sell together the platform publishes for them */
        }
    }
    return REFUSAL_none;
}

/* Parts of the deal that a merchant does: bit i for part i. */
static int32_t parts_of(const struct deal_row *deal, int64_t merchant_id)
{
    int32_t parts = 0;
    for (int32_t i = 0; i < deal->parts_count; i++) {
        parts |= deal->parts[i].merchant_id == merchant_id ? 1 << i : 0;
    }
    return parts;
}

static bool shop_listed(const struct deal_detail_row *detail, int64_t shop_id)
{
    for (int32_t i = 0; i < detail->shops_count; i++) {
        if (detail->shops[i].shop_id == shop_id) {
            return true;
        }
    }
    return false;
}

static enum refusal shop_add(struct view *view, const struct deal_row *deal, const struct deal_shop *want,
                             struct deal_detail_row *detail)
{
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (shop->currency != deal->currency) {
        return REFUSAL_currency_differs;
    }
    int32_t may = parts_of(deal, shop->merchant_id);
    int32_t parts = want->parts != 0 ? want->parts : may;
    if (parts == 0 || (parts & ~may) != 0 || shop_listed(detail, want->shop_id)) {
        return REFUSAL_deal_invalid;
    }
    detail->shops[detail->shops_count++] = (struct deal_shop){ want->shop_id, parts };
    return REFUSAL_none;
}

/* The shops of a deal, whose rules were applied; each part has one at least. */
static enum refusal shops_apply(struct view *view, const struct deal_rules *rules, const struct deal_row *deal,
                                struct deal_detail_row *detail)
{
    struct deal_shop seller = { .shop_id = deal->shop_id };
    const struct deal_shop *shops = rules->shops_count > 0 ? rules->shops : &seller;
    int32_t parts = 0;
    memset(detail->shops, 0, sizeof(detail->shops));
    detail->shops_count = 0;
    for (int32_t i = 0; i < rules->shops_count; i++) { /* all are fetched in one go */
        (void)shop_ask(view, rules->shops[i].shop_id);
        (void)deal_place_ask(view, deal->deal_id, rules->shops[i].shop_id);
        (void)shop_place_ask(view, rules->shops[i].shop_id);
    }
    for (int32_t i = 0; i < max_i64(rules->shops_count, 1); i++) {
        enum refusal refusal = shop_add(view, deal, &shops[i], detail);
        if (refusal != REFUSAL_none) {
            return refusal;
        }
        parts |= detail->shops[i].parts;
    }
    memcpy(detail->rules, rules->rules, sizeof(detail->rules));
    memcpy(detail->picture, rules->picture, sizeof(detail->picture));
    return parts == (1 << deal->parts_count) - 1 ? REFUSAL_none : REFUSAL_deal_invalid;
}

/* Applies the rules to a deal whose seller is known, and to what is said of it. */
static enum refusal deal_apply(struct view *view, const struct moment *at, const struct deal_rules *rules,
                               struct deal_row *deal, struct deal_detail_row *detail)
{
    if (!access_platform(at) && rules->commission_bp != 0 && rules->commission_bp < DEAL_COMMISSION_LEAST_BP) {
        return REFUSAL_forbidden;
    }
    rules_apply(rules, at, deal);
    enum refusal refusal = parts_check(view, at, deal);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    return rules_agree(rules, deal) ? shops_apply(view, rules, deal, detail) : REFUSAL_deal_invalid;
}

/* ---- publishing ---- */

void deal_note(struct view *view, const struct moment *at, struct deal_row *deal)
{
    struct deal_detail_row *detail = view_change(view, deal_detail_ask(view, deal->deal_id));
    deal->version++;
    detail->changed_by_kind = at->caller.kind;
    detail->changed_by_id = at->caller.id;
    detail->changed_at_us = at->now_us;
}

/* The same deal was published before. */
static enum refusal publish_again(struct view *view, const struct moment *at, const struct deal_rules *rules,
                                  const struct deal_row *known, struct deal *answer)
{
    struct deal_row other = *known;
    struct deal_detail_row detail = *deal_detail_ask(view, known->deal_id);
    other.shop_id = rules->shop_id;
    enum refusal refusal = deal_apply(view, at, rules, &other, &detail);
    bool same = refusal == REFUSAL_none && memcmp(&other, known, sizeof(other)) == 0 &&
                memcmp(&detail, deal_detail_ask(view, known->deal_id), sizeof(detail)) == 0;
    deal_fill(view, known, answer);
    return same ? REFUSAL_none : REFUSAL_id_taken;
}

/* A new row under a chosen id, which was asked for, or under a fresh one. */
static struct deal_row *deal_open(struct view *view, struct moment *at, int64_t chosen_id)
{
    struct deal_row key = { .deal_id = chosen_id != 0 ? chosen_id : moment_id(at) };
    return chosen_id != 0 ? view_change(view, deal_ask(view, chosen_id)) : view_new(view, &deal_table, &key);
}

static enum refusal publish_new(struct view *view, struct moment *at, const struct deal_rules *rules,
                                const struct shop_row *shop, struct deal *answer)
{
    struct deal_row *deal = deal_open(view, at, rules->deal_id);
    struct deal_detail_row *detail = view_change(view, deal_detail_ask(view, deal->deal_id));
    deal->merchant_id = shop->merchant_id;
    deal->shop_id = rules->shop_id;
    deal->currency = shop->currency;
    deal->state = DEAL_live;
    deal->seed = rules->seed;
    enum refusal refusal = deal_apply(view, at, rules, deal, detail);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (deal->sale_until_us <= at->now_us) {
        return REFUSAL_deal_invalid;
    }
    deal->created_at_us = at->now_us;
    deal_note(view, at, deal);
    refusal = deal_places_write(view, deal, detail);
    if (refusal == REFUSAL_none && rules->stock > 0) {
        refusal = deal_stock_change(view, at, deal, rules->stock);
    }
    if (refusal == REFUSAL_none && deal->kind == DEAL_group) {
        if (deal->group_until_us <= at->now_us) {
            return REFUSAL_deal_invalid;
        }
        deal->group_state = GROUP_open;
        deal->group_settle_us = deal->group_until_us;
        timer_set(view, at->now_us, deal->group_settle_us, TIMER_deal_group_settle, deal->deal_id);
    }
    deal_fill(view, deal, answer);
    return refusal;
}

static enum refusal decide_publish(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deal_rules *rules = request;
    const struct shop_row *shop = shop_ask(view, rules->shop_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_merchant(at, shop->merchant_id)) {
        return REFUSAL_forbidden;
    }
    const struct deal_row *known = rules->deal_id != 0 ? deal_ask(view, rules->deal_id) : NULL;
    return known != NULL && row_exists(known) ? publish_again(view, at, rules, known, answer)
                                              : publish_new(view, at, rules, shop, answer);
}

const struct command deal_publish = {
    .name = "deal_publish",
    .number = 200,
    .method = "POST",
    .route = "/v1/deals",
    .http_status = 201,
    .callers = CALLERS_MERCHANT,
    .request = &deal_rules_shape,
    .answer = &deal_shape,
    .decide = decide_publish,
    .check = deal_rules_check,
    .summary = "Publishes a deal: what is sold, where it is redeemed and when, on what terms it is returned. On sale "
               "at once. What several merchants sell together the platform publishes for them.",
};

/* ---- changing ---- */

static bool days_kept(const struct deal_row *was, const struct deal_row *is)
{
    int32_t lost = was->weekdays == 0 ? 127 : was->weekdays;
    lost &= ~(is->weekdays == 0 ? 127 : is->weekdays);
    for (int32_t i = 0; i < is->closed_days_count; i++) {
        bool closed = false;
        for (int32_t j = 0; j < was->closed_days_count; j++) {
            closed = closed || was->closed_days[j].day == is->closed_days[i].day;
        }
        lost |= closed ? 0 : 1;
    }
    return lost == 0;
}

static bool hours_kept(const struct deal_row *was, const struct deal_row *is)
{
    for (int32_t minute = 0; minute < 1440; minute++) {
        if (minutes_include(was->minute_from, was->minute_to, minute) &&
            !minutes_include(is->minute_from, is->minute_to, minute)) {
            return false;
        }
    }
    /* Hours after midnight are of the day before: they stay so. */
    bool night = was->minute_from > was->minute_to;
    return !night || is->minute_from == is->minute_to || is->minute_from > is->minute_to;
}

static bool parts_kept(const struct deal_row *was, const struct deal_row *is)
{
    bool kept = was->parts_count == is->parts_count;
    for (int32_t i = 0; kept && i < was->parts_count; i++) {
        kept = was->parts[i].merchant_id == is->parts[i].merchant_id && was->parts[i].pieces == is->parts[i].pieces;
    }
    return kept;
}

static bool shops_kept(const struct deal_detail_row *was, const struct deal_detail_row *is)
{
    for (int32_t i = 0; i < was->shops_count; i++) {
        bool kept = false;
        for (int32_t j = 0; j < is->shops_count; j++) {
            kept = kept || (is->shops[j].shop_id == was->shops[i].shop_id &&
                            (was->shops[i].parts & ~is->shops[j].parts) == 0);
        }
        if (!kept) {
            return false;
        }
    }
    return true;
}

/* Whether who bought it has all that was promised: the same, longer, later or in more places. */
static bool promise_kept(const struct deal_row *was, const struct deal_row *is)
{
    bool money = was->face_minor == is->face_minor && was->commission_bp == is->commission_bp &&
                 is->refund <= was->refund && is->lapse_refunds >= was->lapse_refunds;
    bool times = is->valid_from_us <= was->valid_from_us && is->valid_until_us >= was->valid_until_us &&
                 (is->valid_days == 0 || (was->valid_days != 0 && is->valid_days >= was->valid_days));
    return money && times && days_kept(was, is) && hours_kept(was, is) && parts_kept(was, is);
}
static_assert(DEAL_REFUND_any_time < DEAL_REFUND_until_expiry && DEAL_REFUND_until_expiry < DEAL_REFUND_never,
              "what is better for the holder has the lower number");

/* Whether anybody has it, or is about to. */
static bool deal_has_buyers(struct view *view, const struct deal_row *deal)
{
    const struct deal_day_row *sum = deal_sum_ask(view, deal->deal_id);
    return sum->sold_copies > 0 || account_balance(view, deal_held(deal)) > 0;
}

static enum refusal change_check(struct view *view, const struct deal_row *was, const struct deal_detail_row *was_said,
                                 const struct deal_row *is, const struct deal_detail_row *said)
{
    /* What a copy is stays from the beginning: pieces on sale are counted by it, and the timer of a group runs. */
    bool same = was->kind == is->kind && was->pieces_each == is->pieces_each && was->group_least == is->group_least &&
                was->group_until_us == is->group_until_us;
    bool kept = !deal_has_buyers(view, was) || (promise_kept(was, is) && shops_kept(was_said, said));
    return same && kept ? REFUSAL_none : REFUSAL_deal_sold;
}

static void shops_drop(struct view *view, int64_t deal_id, const struct deal_detail_row *was,
                       const struct deal_detail_row *is)
{
    for (int32_t i = 0; i < was->shops_count; i++) {
        if (!shop_listed(is, was->shops[i].shop_id)) {
            deal_place_remove(view, deal_id, was->shops[i].shop_id);
        }
    }
}

static enum refusal decide_change(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deal_rules *rules = request;
    const struct deal_row *asked;
    enum refusal refusal = deal_find(view, at, rules->deal_id, &asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->state == DEAL_ended) {
        return REFUSAL_deal_ended;
    }
    const struct deal_detail_row *was = deal_detail_ask(view, rules->deal_id);
    struct deal_row is = *asked;
    struct deal_detail_row said = *was;
    refusal = deal_apply(view, at, rules, &is, &said);
    if (refusal == REFUSAL_none) {
        refusal = change_check(view, asked, was, &is, &said);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    shops_drop(view, rules->deal_id, was, &said);
    struct deal_row *deal = view_change(view, asked);
    *deal = is;
    memcpy(view_change(view, was), &said, sizeof(said));
    deal_note(view, at, deal);
    refusal = deal_places_write(view, deal, &said);
    deal_fill(view, deal, answer);
    return refusal;
}

const struct command deal_change = {
    .name = "deal_change",
    .number = 201,
    .method = "PUT",
    .route = "/v1/deals/{deal_id}",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &deal_change_shape,
    .answer = &deal_shape,
    .decide = decide_change,
    .check = deal_rules_check,
    .summary = "Replaces the rules of a deal, but not what a copy is nor the terms of a group. Once people have bought "
               "it nothing that they were promised is taken away: it may become valid longer and in more shops, and "
               "the price of what is still on sale may change.",
};
