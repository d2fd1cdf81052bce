/* SPDX-License-Identifier: Apache-2.0 */
/* Creating and changing a campaign: the rules, and where it is offered. */
#include "till/campaign.h"
#include "till/campaign_internal.h"
#include "till/offer.h"

void campaign_fill(struct view *view, const struct campaign_row *row, struct campaign *campaign)
{
    campaign->row = *row;
    campaign->left_platform_minor = account_balance(view, budget_platform(row));
    campaign->left_merchant_minor = account_balance(view, budget_merchant(row));
    campaign->left_minor = campaign->left_platform_minor + campaign->left_merchant_minor;
    campaign->budget_minor = campaign->left_minor + row->spent_minor;
}

bool campaign_access(struct view *view, const struct moment *at, const struct target_row *targets, int32_t count)
{
    if (access_platform(at)) {
        return true;
    }
    bool all = count > 0;
    for (int32_t i = 0; i < count; i++) {
        int64_t merchant_id = targets[i].kind == TARGET_merchant ? targets[i].id
                              : targets[i].kind == TARGET_shop   ? shop_ask(view, targets[i].id)->merchant_id
                                                                 : 0;
        all = all && merchant_id != 0 && access_merchant(at, merchant_id);
    }
    return all;
}

void campaign_note(struct view *view, const struct moment *at, struct campaign_row *campaign, const char *what,
                   int64_t amount_minor)
{
    campaign->version++;
    struct campaign_change_row key = { .campaign_id = campaign->campaign_id, .version = campaign->version };
    struct campaign_change_row *change = view_change(view, view_ask(view, &campaign_change_table, &key));
    change->caller_kind = at->caller.kind;
    change->caller_id = at->caller.id;
    change->at_us = at->now_us;
    change->amount_minor = amount_minor;
    bool fits = span_copy(span_of(what), change->what, sizeof(change->what));
    assert(fits);
    size_t size = shape_pack(&campaign_table.shape, 0, campaign, change->after.bytes, PACK_SIZE_MAX);
    assert(size > 0);
    change->after.size = (uint16_t)size;
}

/* Whether the rules make sense together. */
static bool kind_check(const struct campaign_rules *rules, struct complaint *complaint)
{
    switch (rules->kind) {
    case CAMPAIGN_percentage:
        return complain_unless(complaint, rules->percent_bp > 0, "percent_bp", "must be above 0 for a percentage");
    case CAMPAIGN_amount_off:
        return complain_unless(complaint, rules->amount_minor > 0, "amount_minor", "must be above 0 for an amount off");
    case CAMPAIGN_fixed_price:
        return complain_unless(complaint, rules->amount_minor >= 0, "amount_minor", "must not be negative");
    case CAMPAIGN_random_cut:
        return complain_unless(complaint, rules->high_minor > 0, "high_minor", "must be above 0 for a random cut") &&
               complain_unless(complaint, rules->low_minor <= rules->amount_minor, "low_minor",
                               "must not be above the mean, amount_minor") &&
               complain_unless(complaint, rules->amount_minor <= rules->high_minor, "high_minor",
                               "must not be below the mean, amount_minor") &&
               complain_unless(complaint, rules->cap_minor == 0 || rules->cap_minor >= rules->high_minor, "cap_minor",
                               "must not be below high_minor, or the mean were another");
    default:
        return complain_unless(complaint, false, "kind", "is not known");
    }
}

static bool target_check(const struct target_row *target, struct complaint *complaint)
{
    bool known = target->kind == TARGET_merchant || target->kind == TARGET_shop || target->kind == TARGET_all ||
                 target->kind == TARGET_set;
    bool named = target->kind == TARGET_all ? target->id == 0 : target->kind != TARGET_set || target->id > 0;
    return complain_unless(complaint, known, "targets", "are all, merchant, shop or set") &&
           complain_unless(complaint, named, "targets", "all has no id, and a set has a positive one");
}

/* The check of campaign_create and campaign_change. */
static bool campaign_check(const void *request, struct complaint *complaint)
{
    const struct campaign_rules *rules = request;
    bool agree = kind_check(rules, complaint) &&
                 complain_unless(complaint, rules->starts_at_us < rules->ends_at_us, "ends_at",
                                 "must be later than starts_at") &&
                 complain_unless(complaint, rules->targets_count > 0, "targets", "must name at least one");
    for (int32_t i = 0; agree && i < rules->targets_count; i++) {
        agree = target_check(&rules->targets[i], complaint);
    }
    return agree;
}

static enum refusal targets_check(struct view *view, const struct campaign_rules *rules)
{
    for (int32_t i = 0; i < rules->targets_count; i++) {
        const struct target_row *target = &rules->targets[i];
        switch (target->kind) {
        case TARGET_merchant:
            if (!row_exists(merchant_ask(view, target->id))) {
                return REFUSAL_merchant_unknown;
            }
            break;
        case TARGET_shop:
            if (!row_exists(shop_ask(view, target->id))) {
                return REFUSAL_shop_unknown;
            }
            break;
        default:
            break;
        }
    }
    return REFUSAL_none;
}

static enum refusal offers_add(struct view *view, const struct campaign_row *campaign)
{
    for (int32_t i = 0; i < campaign->targets_count; i++) {
        const struct target_row *target = &campaign->targets[i];
        struct offers_row *offers = view_change(view, offers_ask(view, target->kind, target->id));
        bool there = false;
        for (int32_t j = 0; j < offers->campaigns_count; j++) {
            there = there || offers->campaigns[j].id == campaign->campaign_id;
        }
        if (!there && offers->campaigns_count == OFFERS_MAX) {
            return REFUSAL_offers_full;
        }
        if (!there) {
            offers->campaigns[offers->campaigns_count++].id = campaign->campaign_id;
        }
    }
    return REFUSAL_none;
}

void offers_remove(struct view *view, const struct campaign_row *campaign)
{
    for (int32_t i = 0; i < campaign->targets_count; i++) {
        const struct offers_row *asked = offers_ask(view, campaign->targets[i].kind, campaign->targets[i].id);
        struct offers_row *offers = view_change(view, asked);
        int32_t kept = 0;
        for (int32_t j = 0; j < offers->campaigns_count; j++) {
            if (offers->campaigns[j].id != campaign->campaign_id) {
                offers->campaigns[kept++] = offers->campaigns[j];
            }
        }
        memset(&offers->campaigns[kept], 0, sizeof(offers->campaigns[0]) * (size_t)(OFFERS_MAX - kept));
        offers->campaigns_count = kept;
        if (kept == 0) {
            view_drop(view, offers);
        }
    }
}

static void rules_apply(const struct campaign_rules *rules, struct campaign_row *campaign)
{
    memcpy(campaign->name, rules->name, sizeof(campaign->name));
    campaign->kind = rules->kind;
    campaign->currency = rules->currency != 0 ? rules->currency : (int32_t)UNIT_CNY;
    campaign->percent_bp = rules->percent_bp;
    campaign->amount_minor = rules->amount_minor;
    campaign->low_minor = rules->low_minor;
    campaign->high_minor = rules->high_minor;
    campaign->cap_minor = rules->cap_minor;
    campaign->min_spend_minor = rules->min_spend_minor;
    campaign->uses_per_day = rules->uses_per_day;
    campaign->uses_per_person = rules->uses_per_person;
    campaign->uses_max = rules->uses_max;
    campaign->day_budget_minor = rules->day_budget_minor;
    campaign->shop_budget_minor = rules->shop_budget_minor;
    campaign->audience = rules->audience != 0 ? rules->audience : AUDIENCE_all;
    campaign->starts_at_us = rules->starts_at_us;
    campaign->ends_at_us = rules->ends_at_us;
    campaign->minute_from = rules->minute_from;
    campaign->minute_to = rules->minute_to;
    campaign->weekdays = rules->weekdays;
    campaign->priority = rules->priority;
    campaign->combines = rules->combines;
    campaign->merchant_share_bp = rules->merchant_share_bp;
    campaign->at_budget_end = rules->at_budget_end != 0 ? rules->at_budget_end : BUDGET_END_go_without;
    campaign->targets_count = rules->targets_count;
    memcpy(campaign->targets, rules->targets, sizeof(campaign->targets));
}

/* What was given in each shop counts from the first limit on, also while there is none for a time. */
static void shops_count(struct campaign_row *campaign, const struct moment *at)
{
    if (campaign->shop_budget_minor > 0 && campaign->shop_counted_from_us == 0) {
        campaign->shop_counted_from_us = at->now_us;
    }
}

static enum refusal rules_check(struct view *view, const struct moment *at, const struct campaign_rules *rules)
{
    if (!campaign_access(view, at, rules->targets, rules->targets_count)) {
        return REFUSAL_forbidden;
    }
    struct complaint complaint;
    return campaign_check(rules, &complaint) ? targets_check(view, rules) : REFUSAL_campaign_invalid;
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct campaign_rules *rules = request;
    enum refusal refusal = rules_check(view, at, rules);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    const struct campaign_row *asked =
        campaign_ask(view, rules->campaign_id != 0 ? rules->campaign_id : moment_id(at));
    if (row_exists(asked)) {
        struct campaign_row other = *asked;
        rules_apply(rules, &other);
        campaign_fill(view, asked, answer);
        return memcmp(&other, asked, sizeof(other)) == 0 ? REFUSAL_none : REFUSAL_id_taken;
    }
    struct campaign_row *campaign = view_change(view, asked);
    rules_apply(rules, campaign);
    shops_count(campaign, at);
    campaign->state = CAMPAIGN_live;
    campaign->seed = rules->seed;
    campaign->created_at_us = at->now_us;
    refusal = offers_add(view, campaign);
    campaign_note(view, at, campaign, "create", 0);
    campaign_fill(view, campaign, answer);
    return refusal;
}

const struct command campaign_create = {
    .name = "campaign_create",
    .number = 70,
    .method = "POST",
    .route = "/v1/campaigns",
    .http_status = 201,
    .callers = CALLERS_MERCHANT,
    .request = &campaign_rules_shape,
    .answer = &campaign_shape,
    .decide = decide_create,
    .check = campaign_check,
    .summary = "Opens a campaign, live at once and without money: fund it. Merchants only for their own shops.",
};

enum refusal campaign_find(struct view *view, const struct moment *at, int64_t campaign_id,
                           const struct campaign_row **campaign)
{
    *campaign = campaign_ask(view, campaign_id);
    if (!row_exists(*campaign)) {
        return REFUSAL_campaign_unknown;
    }
    return campaign_access(view, at, (*campaign)->targets, (*campaign)->targets_count) ? REFUSAL_none
                                                                                       : REFUSAL_forbidden;
}

static enum refusal decide_change(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct campaign_rules *rules = request;
    const struct campaign_row *asked;
    enum refusal refusal = campaign_find(view, at, rules->campaign_id, &asked);
    if (refusal == REFUSAL_none) {
        refusal = rules_check(view, at, rules);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->state == CAMPAIGN_ended) {
        return REFUSAL_campaign_ended;
    }
    if (!access_platform(at) && account_balance(view, budget_platform(asked)) > 0) {
        return REFUSAL_forbidden; /* the platform funded these rules and no others */
    }
    if (rules->currency != 0 && rules->currency != asked->currency) {
        return REFUSAL_currency_differs;
    }
    struct campaign_row *campaign = view_change(view, asked);
    int32_t currency = campaign->currency;
    offers_remove(view, campaign);
    rules_apply(rules, campaign);
    shops_count(campaign, at);
    campaign->currency = currency;
    refusal = offers_add(view, campaign);
    campaign_note(view, at, campaign, "change", 0);
    campaign_fill(view, campaign, answer);
    return refusal;
}

const struct command campaign_change = {
    .name = "campaign_change",
    .number = 71,
    .method = "PUT",
    .route = "/v1/campaigns/{campaign_id}",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &campaign_change_shape,
    .answer = &campaign_shape,
    .decide = decide_change,
    .check = campaign_check,
    .summary = "Replaces the rules of a campaign; the next payment sees them. Uses and budget stay. Merchants only "
               "while the platform has no money in it.",
};
