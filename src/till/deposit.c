/* SPDX-License-Identifier: Apache-2.0 */
#include "till/deposit.h"

#include "base/civil.h"
#include "ledger/ledger.h"
#include "people/people.h"
#include "till/policy.h"
#include "till/trade.h"

#define LAPSES_DEFAULT_S 1800
#define LAPSES_MOST_S (30 * 86400)

struct deposit_create {
    int64_t shopper_id;
    int64_t shop_id;
    int64_t amount_minor;
    int32_t lapses_in_s;
    int32_t confirmed;
};
static const struct column create_columns[] = {
    COLUMN(deposit_create, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(deposit_create, shop_id, .form = FORM_id, .flags = COLUMN_required, .text = "The shop that may take it."),
    COLUMN(deposit_create, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1, .most = AMOUNT_MAX),
    COLUMN(deposit_create, lapses_in_s, .least = 0, .most = LAPSES_MOST_S,
           .text = "Seconds until it returns by itself; left out: half an hour."),
    COLUMN(deposit_create, confirmed, .form = FORM_flag, .text = "The shopper gave a second factor on the device."),
};
static const struct shape create_shape = SHAPE("deposit_create", deposit_create, create_columns);

static const struct hold_row *hold_find(struct view *view, int64_t hold_id)
{
    struct hold_row key = { .hold_id = hold_id };
    return view_ask(view, &hold_table, &key);
}

/* As trade_take judges a payment without a code of the counter. */
static enum refusal confirmation_check(const struct policy_row *policy, const struct shopper_row *shopper,
                                       int32_t today, const struct deposit_terms *terms)
{
    bool same_day = shopper->day >= today;
    int64_t code_minor = (same_day ? shopper->day_code_minor : 0) + terms->amount_minor;
    int64_t confirmed_minor = (same_day ? shopper->day_confirmed_minor : 0) + terms->amount_minor;
    int64_t limit_minor = min_i64(shopper->no_password_limit_minor, policy->no_password_minor);
    if (terms->confirmed) {
        return confirmed_minor > policy->day_confirmed_minor ? REFUSAL_day_limit_reached : REFUSAL_none;
    }
    bool more = terms->amount_minor > limit_minor || code_minor > policy->day_code_minor;
    return more ? REFUSAL_confirmation_missing : REFUSAL_none;
}

enum refusal deposit_hold(struct view *view, struct moment *at, const struct deposit_terms *terms, int64_t *hold_id)
{
    struct policy_row policy;
    int32_t today = civil_yyyymmdd(civil_day(at->now_us, terms->shop->zone_minutes));
    policy_ask(view, &policy);
    enum refusal refusal = confirmation_check(&policy, terms->shopper, today, terms);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct shopper_row *shopper = view_change(view, terms->shopper);
    shopper_day_begin(shopper, today);
    *(terms->confirmed ? &shopper->day_confirmed_minor : &shopper->day_code_minor) += terms->amount_minor;
    struct hold_terms hold = { .account = { shopper->shopper_id, PURPOSE_wallet, terms->shop->currency },
                               .amount = terms->amount_minor,
                               .lapses_at_us = terms->lapses_at_us,
                               .cause = terms->cause };
    refusal = ledger_hold(view, at, &hold, hold_id);
    return refusal == REFUSAL_floor_reached ? REFUSAL_balance_short : refusal;
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deposit_create *want = request;
    const struct shopper_row *shopper = shopper_ask(view, want->shopper_id);
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    struct policy_row policy;
    int64_t hold_id;

    policy_ask(view, &policy);
    if (!access_shopper(at, want->shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (shopper->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (shop->open == 0) {
        return REFUSAL_shop_closed;
    }
    enum refusal refusal = trade_amount_check(&policy, want->amount_minor);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    int64_t seconds = want->lapses_in_s > 0 ? want->lapses_in_s : LAPSES_DEFAULT_S;
    struct deposit_terms terms = { .shop = shop,
                                   .shopper = shopper,
                                   .amount_minor = want->amount_minor,
                                   .lapses_at_us = at->now_us + seconds * US_PER_SECOND,
                                   .cause = { CAUSE_hold, want->shop_id },
                                   .confirmed = want->confirmed != 0 };
    refusal = deposit_hold(view, at, &terms, &hold_id);
    if (refusal == REFUSAL_none) {
        memcpy(answer, hold_find(view, hold_id), sizeof(struct hold_row));
    }
    return refusal;
}

const struct command deposit_create = {
    .name = "deposit_create",
    .number = 90,
    .method = "POST",
    .route = "/v1/shoppers/{shopper_id}/deposits",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &create_shape,
    .answer = &hold_table.shape,
    .decide = decide_create,
    .summary = "Sets a deposit aside for a shop. It returns by itself when the shop does not take it in time.",
};

struct deposit_capture {
    int64_t hold_id;
    int64_t amount_minor;
};
static const struct column capture_columns[] = {
    COLUMN(deposit_capture, hold_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(deposit_capture, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1, .most = AMOUNT_MAX,
           .text = "What the shop takes; the rest returns to the wallet."),
};
static const struct shape capture_shape = SHAPE("deposit_capture", deposit_capture, capture_columns);

/* The hold's shop, when it exists and the caller may act for it. */
static enum refusal shop_check(struct view *view, const struct moment *at, const struct hold_row *hold)
{
    if (!row_exists(hold)) {
        return REFUSAL_hold_unknown;
    }
    return access_shop(view, at, shop_ask(view, hold->reference_id)) ? REFUSAL_none : REFUSAL_hold_unknown;
}

static enum refusal decide_capture(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deposit_capture *want = request;
    const struct hold_row *hold = hold_find(view, want->hold_id);
    enum refusal refusal = shop_check(view, at, hold);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct account_key takings = { hold->reference_id, PURPOSE_takings, hold->unit };
    refusal = ledger_capture(view, at, want->hold_id, takings, want->amount_minor);
    memcpy(answer, hold, sizeof(*hold));
    return refusal;
}

const struct command deposit_capture = {
    .name = "deposit_capture",
    .number = 91,
    .method = "POST",
    .route = "/v1/deposits/{hold_id}/capture",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &capture_shape,
    .answer = &hold_table.shape,
    .decide = decide_capture,
    .summary = "The shop takes all or a part of a deposit; the rest returns. Once.",
};

struct deposit_ref {
    int64_t hold_id;
};
static const struct column ref_columns[] = {
    COLUMN(deposit_ref, hold_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("deposit_ref", deposit_ref, ref_columns);

static enum refusal decide_release(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deposit_ref *want = request;
    const struct hold_row *hold = hold_find(view, want->hold_id);
    enum refusal refusal = shop_check(view, at, hold);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    refusal = ledger_release(view, at, want->hold_id);
    memcpy(answer, hold, sizeof(*hold));
    return refusal;
}

const struct command deposit_release = {
    .name = "deposit_release",
    .number = 92,
    .method = "POST",
    .route = "/v1/deposits/{hold_id}/release",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &ref_shape,
    .answer = &hold_table.shape,
    .decide = decide_release,
    .summary = "The shop gives a deposit back.",
};

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deposit_ref *want = request;
    const struct hold_row *hold = hold_find(view, want->hold_id);
    bool mine = row_exists(hold) && hold->purpose == PURPOSE_wallet && access_shopper(at, hold->owner_id);
    enum refusal refusal = mine ? REFUSAL_none : shop_check(view, at, hold);
    if (refusal == REFUSAL_none) {
        memcpy(answer, hold, sizeof(*hold));
    }
    return refusal;
}

const struct command deposit_query = {
    .name = "deposit_query",
    .number = 93,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/deposits/{hold_id}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &hold_table.shape,
    .decide = decide_query,
    .summary = "One deposit as it stands.",
};
