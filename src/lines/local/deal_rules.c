/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules of a deal say wrong by themselves, whoever publishes them and whenever. */
#include "base/civil.h"
#include "lines/local/deal_internal.h"

#define NEED(condition, field, reason)                                                                       \
    complain_unless(complaint, condition, field, reason)

static int32_t pieces_of(const struct deal_rules *rules)
{
    int32_t pieces = rules->parts_count == 0 ? 1 : 0;
    for (int32_t i = 0; i < rules->parts_count; i++) {
        pieces += rules->parts[i].pieces; /* at most a hundred each */
    }
    return pieces;
}

static bool kind_check(const struct deal_rules *rules, struct complaint *complaint)
{
    bool alone = rules->parts_count <= 1;
    int32_t pieces = pieces_of(rules);
    switch ((enum deal_kind)rules->kind) {
    case DEAL_voucher:
        return NEED(alone && pieces == 1, "parts", "must be one of one piece for a voucher, or left out");
    case DEAL_bundle:
        return NEED(rules->parts_count >= 2, "parts", "must be two at least for a bundle");
    case DEAL_times:
        return NEED(alone && pieces >= 2, "parts", "must be one of several pieces for a times card");
    case DEAL_stored_value:
        return NEED(alone && pieces == 1, "parts", "must be one of one piece for stored value, or left out") &&
               NEED(rules->face_minor >= rules->price_minor, "face_minor", "must be at least price_minor");
    case DEAL_group:
        return NEED(rules->group_least >= 2, "group_least", "must be at least 2 for a group deal") &&
               NEED(rules->group_until_us != 0, "group_until", "is required for a group deal");
    case DEAL_give:
        return true;
    }
    return NEED(false, "kind", "must be one of the kinds");
}

/* What is said only of some kinds. */
static bool others_check(const struct deal_rules *rules, struct complaint *complaint)
{
    bool group = rules->kind == DEAL_group;
    return NEED(rules->kind == DEAL_give || rules->price_minor > 0, "price_minor",
                "must be more than 0 for all that is not given away") &&
           NEED(rules->kind == DEAL_stored_value || rules->face_minor == 0, "face_minor", "is of stored value only") &&
           NEED(group || rules->group_least == 0, "group_least", "is of group deals only") &&
           NEED(group || rules->group_until_us == 0, "group_until", "is of group deals only");
}

static bool money_check(const struct deal_rules *rules, struct complaint *complaint)
{
    int64_t shares_minor = rules->parts_count == 0 ? rules->price_minor : 0;
    for (int32_t i = 0; i < rules->parts_count; i++) {
        shares_minor += rules->parts[i].share_minor; /* at most five times 10^14 */
    }
    return NEED(shares_minor == rules->price_minor, "parts", "must have shares that add up to price_minor") &&
           NEED(pieces_of(rules) <= DEAL_PIECES_MAX, "parts", "must have at most 100 pieces together") &&
           NEED(rules->list_price_minor == 0 || rules->list_price_minor >= rules->price_minor, "list_price_minor",
                "must be at least price_minor, or left out") &&
           NEED(rules->lapse_refunds == 0 || rules->refund != DEAL_REFUND_never, "lapse_refunds",
                "must be false for what is never returned");
}

/* A beginning that is left out is now, which no check knows. */
static bool times_check(const struct deal_rules *rules, struct complaint *complaint)
{
    return NEED(rules->sale_from_us < rules->sale_until_us, "sale_until", "must be later than sale_from") &&
           NEED(rules->valid_from_us < rules->valid_until_us, "valid_until", "must be later than valid_from") &&
           NEED(rules->sale_until_us <= rules->valid_until_us, "valid_until", "must not be before sale_until") &&
           NEED(rules->group_until_us == 0 || rules->group_until_us > rules->sale_from_us, "group_until",
                "must be later than sale_from") &&
           NEED(rules->group_until_us <= rules->sale_until_us, "group_until", "must not be after sale_until");
}

static bool lists_check(const struct deal_rules *rules, struct complaint *complaint)
{
    bool days = true, shops = true;
    for (int32_t i = 0; i < rules->closed_days_count; i++) {
        days = days && civil_day_of_yyyymmdd(rules->closed_days[i].day) >= 0;
    }
    for (int32_t i = 0; i < rules->shops_count; i++) {
        for (int32_t j = 0; j < i; j++) {
            shops = shops && rules->shops[i].shop_id != rules->shops[j].shop_id;
        }
    }
    return NEED(days, "closed_days", "must be days that there are") &&
           NEED(shops, "shops", "must name each shop once");
}

bool deal_rules_check(const void *request, struct complaint *complaint)
{
    const struct deal_rules *rules = request;
    return kind_check(rules, complaint) && others_check(rules, complaint) && money_check(rules, complaint) &&
           times_check(rules, complaint) && lists_check(rules, complaint);
}
