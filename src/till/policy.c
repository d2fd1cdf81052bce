/* SPDX-License-Identifier: Apache-2.0 */
#include "till/policy.h"

#include "engine/engine_rows.h"
#include "people/access.h"

static const struct policy_row defaults = {
    .one = 1,
    .day_static_minor = 50000,
    .day_code_minor = 100000,
    .day_confirmed_minor = 500000,
    .no_password_minor = 100000,
    .wallet_max_minor = 100000000,
    .trade_max_minor = 10000000000,
    .code_misses_terminal = 10,
    .code_misses_shop = 60,
    .code_misses_device = 5,
    .pay_timeout_s = 900,
    .confirm_timeout_s = 120,
    .refund_days = 365,
    .royalty_max_bp = 3000,
};

void policy_complete(struct policy_row *policy)
{
    if (policy->code_misses_device == 0) {
        policy->code_misses_device = defaults.code_misses_device;
    }
    if (policy->refund_days == 0) {
        policy->refund_days = defaults.refund_days;
    }
    if (policy->royalty_max_bp == 0) {
        policy->royalty_max_bp = defaults.royalty_max_bp;
    }
}

void policy_ask(struct view *view, struct policy_row *policy)
{
    struct policy_row key = { .one = 1 };
    const struct policy_row *asked = view_ask(view, &policy_table, &key);
    *policy = row_exists(asked) ? *asked : defaults;
    policy_complete(policy);
}

void shopper_day_begin(struct shopper_row *shopper, int32_t day)
{
    if (shopper->day < day) {
        shopper->day = day;
        shopper->day_code_minor = 0;
        shopper->day_confirmed_minor = 0;
        shopper->day_static_minor = 0;
    }
}

enum refusal policy_magic(const struct policy_row *policy, int64_t amount_minor)
{
    int64_t number = amount_minor - MAGIC_AMOUNT_MINOR;
    if (policy->sandbox == 0 || number <= 0 || number > 1000) {
        return REFUSAL_none;
    }
    const struct refusal_text *text = refusal_text((int)number);
    return text == NULL ? REFUSAL_none : text->refusal;
}

#define LIMIT(member, sentence)                                                                              \
    COLUMN(policy_row, member, .form = FORM_amount, .flags = COLUMN_required, .least = 0, .most = AMOUNT_MAX, \
           .text = sentence)
#define COUNT(member, highest, sentence)                                                                     \
    COLUMN(policy_row, member, .flags = COLUMN_required, .least = 1, .most = (highest), .text = sentence)

static const struct column policy_columns[] = {
    LIMIT(day_static_minor, "Most a shopper may pay in a day at static counter codes."),
    LIMIT(day_code_minor, "Most a shopper may pay in a day by scanned code without confirming."),
    LIMIT(day_confirmed_minor, "Most a shopper may pay in a day with confirmation."),
    LIMIT(no_password_minor, "Highest no-password limit that counts, whatever the shopper set."),
    LIMIT(wallet_max_minor, "Most a wallet may hold after a top-up."),
    LIMIT(trade_max_minor, "Highest price of one trade."),
    COUNT(code_misses_terminal, 10000, "Wrong pay codes a terminal may show in a minute."),
    COUNT(code_misses_shop, 100000, "Wrong pay codes a shop may show in a minute."),
    COUNT(pay_timeout_s, 86400, "Seconds until an unpaid trade closes."),
    COUNT(confirm_timeout_s, 86400, "Seconds a shopper has to confirm."),
    COLUMN(policy_row, sandbox, .form = FORM_flag, .text = "Magic amounts provoke refusals. For test systems."),
    COLUMN(policy_row, code_misses_device, .least = 1, .most = 10000,
           .text = "Wrong pay codes of one device in a minute, wherever they are shown; from then on its shopper "
                   "confirms each payment. Left out: 5."),
    COLUMN(policy_row, refund_days, .least = 0, .most = 3660,
           .text = "Days after the payment until a trade is finished and takes no refund any more. Left out: 365."),
    COLUMN(policy_row, royalty_max_bp, .least = 0, .most = 10000,
           .text = "Of its price, in hundredths of a percent, most that may be split off a trade. Left out: 3000."),
};
static const struct shape policy_shape = SHAPE("policy", policy_row, policy_columns);

static enum refusal decide_change(const void *request, struct moment *at, struct view *view, void *answer)
{
    struct policy_row key = { .one = 1 };
    if (!access_platform(at)) {
        return REFUSAL_forbidden;
    }
    struct policy_row *policy = view_change(view, view_ask(view, &policy_table, &key));
    *policy = *(const struct policy_row *)request;
    policy->one = 1;
    policy_complete(policy);
    memcpy(answer, policy, sizeof(*policy));
    return REFUSAL_none;
}

const struct command policy_change = {
    .name = "policy_change",
    .number = 40,
    .method = "PUT",
    .route = "/v1/policy",
    .http_status = 200,
    .callers = CALLERS_PLATFORM,
    .request = &policy_shape,
    .answer = &policy_shape,
    .decide = decide_change,
    .summary = "Sets what the till allows: limits per day and class of code, time-outs, wrong codes.",
};

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    (void)request;
    (void)at;
    policy_ask(view, answer);
    return REFUSAL_none;
}

const struct command policy_query = {
    .name = "policy_query",
    .number = 41,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/policy",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &nothing_shape,
    .answer = &policy_shape,
    .decide = decide_query,
    .summary = "What the till allows.",
};
