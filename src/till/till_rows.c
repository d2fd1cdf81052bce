/* SPDX-License-Identifier: Apache-2.0 */
#include "till/till_rows.h"

const char *const trade_states[] = { "", "WAIT_BUYER_PAY", "TRADE_SUCCESS", "TRADE_FINISHED", "TRADE_CLOSED", NULL };
const char *const trade_ways[] = { "", "scan", "dynamic", "static", "page", NULL };
const char *const line_names[] = { "", "pay", "local", "retail", NULL };
const char *const close_reasons[] = { "", "timeout", "cancelled", "closed", "declined", "refunded", NULL };
const char *const campaign_kinds[] = { "", "percentage", "amount_off", "fixed_price", "random_cut", NULL };
const char *const campaign_states[] = { "", "live", "paused", "ended", NULL };
const char *const campaign_audiences[] = { "", "all", "new", NULL };
const char *const target_kinds[] = { "", "all", "merchant", "shop", "set", NULL };
const char *const budget_ends[] = { "", "go_without", "refuse", NULL };
const char *const delivery_states[] = { "", "pending", "done", "failed", NULL };
const char *const delivery_kinds[] = { "webhook", "notice", NULL };
const char *const delivery_topics[] = { "", "trade.paid", "trade.closed", "trade.refunded", "trade.waiting", NULL };

static const struct column discount_columns[] = {
    COLUMN(discount_row, campaign_id, .form = FORM_id),
    COLUMN(discount_row, platform_minor, .form = FORM_amount),
    COLUMN(discount_row, merchant_minor, .form = FORM_amount),
    COLUMN(discount_row, platform_left_minor, .form = FORM_amount),
    COLUMN(discount_row, merchant_left_minor, .form = FORM_amount),
};
static const struct shape discount_shape = SHAPE("discount", discount_row, discount_columns);

static const struct column target_columns[] = {
    COLUMN(target_row, kind, .form = FORM_choice, .names = target_kinds),
    COLUMN(target_row, id, .form = FORM_id),
};
const struct shape target_shape = SHAPE("target", target_row, target_columns);

static const struct column device_columns[] = {
    COLUMN(device_row, device_id, .form = FORM_id),
    COLUMN(device_row, shopper_id, .form = FORM_id),
    COLUMN(device_row, revoked, .form = FORM_flag),
    COLUMN(device_row, last_step, .form = FORM_hidden),
    COLUMN(device_row, last_shop_id, .form = FORM_id),
    COLUMN(device_row, last_terminal_id, .form = FORM_id),
    COLUMN(device_row, created_at_us, .form = FORM_instant),
    COLUMN(device_row, code_minute, .form = FORM_hidden),
    COLUMN(device_row, code_misses, .form = FORM_hidden),
};
const struct table device_table = TABLE("devices", 30, device_row, device_columns, 1);

static const struct column trade_columns[] = {
    COLUMN(trade_row, trade_id, .form = FORM_id),
    COLUMN(trade_row, merchant_id, .form = FORM_id),
    COLUMN(trade_row, shop_id, .form = FORM_id),
    COLUMN(trade_row, terminal_id, .form = FORM_id),
    COLUMN(trade_row, shopper_id, .form = FORM_id),
    COLUMN(trade_row, out_trade_no),
    COLUMN(trade_row, subject),
    COLUMN(trade_row, currency),
    COLUMN(trade_row, state, .form = FORM_choice, .names = trade_states),
    COLUMN(trade_row, way, .form = FORM_choice, .names = trade_ways),
    COLUMN(trade_row, close_reason, .form = FORM_choice, .names = close_reasons),
    COLUMN(trade_row, list_minor, .form = FORM_amount),
    COLUMN(trade_row, discount_minor, .form = FORM_amount),
    COLUMN(trade_row, paid_minor, .form = FORM_amount),
    COLUMN(trade_row, paid_left_minor, .form = FORM_amount),
    COLUMN(trade_row, left_minor, .form = FORM_amount),
    COLUMN(trade_row, confirmed, .form = FORM_flag),
    COLUMN(trade_row, day, .form = FORM_day),
    COLUMN(trade_row, created_at_us, .form = FORM_instant),
    COLUMN(trade_row, paid_at_us, .form = FORM_instant),
    COLUMN(trade_row, closed_at_us, .form = FORM_instant),
    COLUMN(trade_row, expires_at_us, .form = FORM_instant),
    COLUMN(trade_row, transfer_id, .form = FORM_id),
    COLUMN(trade_row, refund_count),
    COLUMN_LIST(trade_row, discounts, discount_shape),
    COLUMN(trade_row, app_id, .form = FORM_id),
    COLUMN(trade_row, scanned_at_us, .form = FORM_instant),
    COLUMN(trade_row, royalty_minor, .form = FORM_amount),
    COLUMN(trade_row, royalty_frozen, .form = FORM_flag),
    COLUMN(trade_row, line, .form = FORM_choice, .names = line_names),
    COLUMN(trade_row, line_kind),
    COLUMN(trade_row, line_id, .form = FORM_id),
    COLUMN(trade_row, escrow, .form = FORM_flag),
};
/* Unguarded: an id of its own. */
const struct table trade_table = TABLE_UNGUARDED("trades", 31, trade_row, trade_columns, 1);

static const struct column trade_detail_columns[] = {
    COLUMN(trade_detail_row, trade_id, .form = FORM_id),
#define DETAIL(member, named, shown, words) \
    COLUMN_PART(trade_detail_row, detail, member, named, .form = (shown), .text = (words)),
#include "till/trade_detail.def"
#undef DETAIL
};
/* Unguarded: of its trade, which has a new id. */
const struct table trade_detail_table =
    TABLE_UNGUARDED("trade_details", 44, trade_detail_row, trade_detail_columns, 1);

static const struct column trade_number_columns[] = {
    COLUMN(trade_number_row, out_trade_no),
    COLUMN(trade_number_row, merchant_id, .form = FORM_id),
    COLUMN(trade_number_row, trade_id, .form = FORM_id),
};
/* Unguarded: who misses it and acts on that inserts it. */
const struct table trade_number_table =
    TABLE_UNGUARDED("trade_numbers", 32, trade_number_row, trade_number_columns, 2);

static const struct column refund_columns[] = {
    COLUMN(refund_row, trade_id, .form = FORM_id),
    COLUMN(refund_row, out_request_no),
    COLUMN(refund_row, refund_id, .form = FORM_id),
    COLUMN(refund_row, amount_minor, .form = FORM_amount),
    COLUMN(refund_row, paid_minor, .form = FORM_amount),
    COLUMN(refund_row, discount_minor, .form = FORM_amount),
    COLUMN(refund_row, reason),
    COLUMN(refund_row, at_us, .form = FORM_instant),
    COLUMN(refund_row, transfer_id, .form = FORM_id),
    COLUMN(refund_row, shop_id, .form = FORM_id),
    COLUMN(refund_row, merchant_id, .form = FORM_id),
    COLUMN(refund_row, royalty_transfer_id, .form = FORM_id),
    COLUMN(refund_row, royalty_minor, .form = FORM_amount),
    COLUMN_LIST(refund_row, royalties, royalty_return_shape),
};
const struct table refund_table = TABLE("refunds", 33, refund_row, refund_columns, 2);

static const struct column shop_day_columns[] = {
    COLUMN(shop_day_row, shop_id, .form = FORM_id),
    COLUMN(shop_day_row, day, .form = FORM_day),
    COLUMN(shop_day_row, payments),
    COLUMN(shop_day_row, list_minor, .form = FORM_amount),
    COLUMN(shop_day_row, discount_minor, .form = FORM_amount),
    COLUMN(shop_day_row, paid_minor, .form = FORM_amount),
    COLUMN(shop_day_row, refunds),
    COLUMN(shop_day_row, refunded_paid_minor, .form = FORM_amount),
    COLUMN(shop_day_row, refunded_discount_minor, .form = FORM_amount),
};
/* Unguarded: who misses it and acts on that inserts it. */
const struct table shop_day_table = TABLE_UNGUARDED("shop_days", 34, shop_day_row, shop_day_columns, 2);

static const struct column campaign_columns[] = {
    COLUMN(campaign_row, campaign_id, .form = FORM_id),
    COLUMN(campaign_row, name),
    COLUMN(campaign_row, state, .form = FORM_choice, .names = campaign_states),
    COLUMN(campaign_row, kind, .form = FORM_choice, .names = campaign_kinds),
    COLUMN(campaign_row, currency),
    COLUMN(campaign_row, percent_bp),
    COLUMN(campaign_row, amount_minor, .form = FORM_amount),
    COLUMN(campaign_row, low_minor, .form = FORM_amount),
    COLUMN(campaign_row, high_minor, .form = FORM_amount),
    COLUMN(campaign_row, cap_minor, .form = FORM_amount),
    COLUMN(campaign_row, min_spend_minor, .form = FORM_amount),
    COLUMN(campaign_row, uses_per_day),
    COLUMN(campaign_row, uses_per_person),
    COLUMN(campaign_row, uses_max),
    COLUMN(campaign_row, day_budget_minor, .form = FORM_amount),
    COLUMN(campaign_row, shop_budget_minor, .form = FORM_amount),
    COLUMN(campaign_row, audience, .form = FORM_choice, .names = campaign_audiences),
    COLUMN(campaign_row, starts_at_us, .form = FORM_instant),
    COLUMN(campaign_row, ends_at_us, .form = FORM_instant),
    COLUMN(campaign_row, minute_from),
    COLUMN(campaign_row, minute_to),
    COLUMN(campaign_row, weekdays),
    COLUMN(campaign_row, priority),
    COLUMN(campaign_row, combines, .form = FORM_flag),
    COLUMN(campaign_row, merchant_share_bp),
    COLUMN(campaign_row, at_budget_end, .form = FORM_choice, .names = budget_ends),
    COLUMN(campaign_row, seed, .form = FORM_hidden),
    COLUMN_LIST(campaign_row, targets, target_shape),
    COLUMN(campaign_row, version),
    COLUMN(campaign_row, created_at_us, .form = FORM_instant),
    COLUMN(campaign_row, uses),
    COLUMN(campaign_row, spent_minor, .form = FORM_amount),
    COLUMN(campaign_row, day, .form = FORM_day),
    COLUMN(campaign_row, day_spent_minor, .form = FORM_amount),
    COLUMN(campaign_row, empty_at_us, .form = FORM_instant),
    COLUMN(campaign_row, shop_counted_from_us, .form = FORM_instant),
    COLUMN(campaign_row, stopped, .form = FORM_flag),
};
const struct table campaign_table = TABLE("campaigns", 35, campaign_row, campaign_columns, 1);

static const struct column offers_columns[] = {
    COLUMN(offers_row, kind, .form = FORM_choice, .names = target_kinds),
    COLUMN(offers_row, id, .form = FORM_id),
    COLUMN_LIST(offers_row, campaigns, id_shape),
};
/*
 * Unguarded: what payments change (accounts, sums, counters) decides nothing about a new offer but the budget of its
 * own campaign, and a payment that misses the offer leaves that alone.
 */
const struct table offers_table = TABLE_UNGUARDED("offers", 36, offers_row, offers_columns, 2);

static const struct column campaign_use_columns[] = {
    COLUMN(campaign_use_row, campaign_id, .form = FORM_id),
    COLUMN(campaign_use_row, person_id, .form = FORM_id),
    COLUMN(campaign_use_row, uses),
    COLUMN(campaign_use_row, day, .form = FORM_day),
    COLUMN(campaign_use_row, day_uses),
};
/* Unguarded: who misses it and acts on that inserts it. */
const struct table campaign_use_table =
    TABLE_UNGUARDED("campaign_uses", 37, campaign_use_row, campaign_use_columns, 2);

static const struct column campaign_shop_columns[] = {
    COLUMN(campaign_shop_row, campaign_id, .form = FORM_id),
    COLUMN(campaign_shop_row, shop_id, .form = FORM_id),
    COLUMN(campaign_shop_row, spent_minor, .form = FORM_amount),
};
const struct table campaign_shop_table = TABLE("campaign_shops", 38, campaign_shop_row, campaign_shop_columns, 2);

static const struct column campaign_change_columns[] = {
    COLUMN(campaign_change_row, campaign_id, .form = FORM_id),
    COLUMN(campaign_change_row, version),
    COLUMN(campaign_change_row, caller_kind, .form = FORM_choice, .names = caller_names),
    COLUMN(campaign_change_row, caller_id, .form = FORM_id),
    COLUMN(campaign_change_row, at_us, .form = FORM_instant),
    COLUMN(campaign_change_row, what),
    COLUMN(campaign_change_row, amount_minor, .form = FORM_amount),
    COLUMN(campaign_change_row, after, .form = FORM_hidden),
};
const struct table campaign_change_table =
    TABLE("campaign_changes", 39, campaign_change_row, campaign_change_columns, 2);

static const struct column endpoint_columns[] = {
    COLUMN(endpoint_row, endpoint_id, .form = FORM_id),
    COLUMN(endpoint_row, merchant_id, .form = FORM_id),
    COLUMN(endpoint_row, url),
    COLUMN(endpoint_row, disabled, .form = FORM_flag),
    COLUMN(endpoint_row, generation, .form = FORM_hidden),
    COLUMN(endpoint_row, created_at_us, .form = FORM_instant),
    COLUMN(endpoint_row, rotated_at_us, .form = FORM_instant),
};
const struct table endpoint_table = TABLE("endpoints", 40, endpoint_row, endpoint_columns, 1);

static const struct column delivery_columns[] = {
    COLUMN(delivery_row, delivery_id, .form = FORM_id),
    COLUMN(delivery_row, endpoint_id, .form = FORM_id),
    COLUMN(delivery_row, merchant_id, .form = FORM_id),
    COLUMN(delivery_row, topic, .form = FORM_choice, .names = delivery_topics),
    COLUMN(delivery_row, subject_id, .form = FORM_id),
    COLUMN(delivery_row, created_at_us, .form = FORM_instant),
    COLUMN(delivery_row, state, .form = FORM_choice, .names = delivery_states),
    COLUMN(delivery_row, attempts),
    COLUMN(delivery_row, next_at_us, .form = FORM_instant),
    COLUMN(delivery_row, last_status),
    COLUMN(delivery_row, last_at_us, .form = FORM_instant),
    COLUMN(delivery_row, payload, .form = FORM_hidden),
    COLUMN(delivery_row, kind, .form = FORM_choice, .names = delivery_kinds),
    COLUMN(delivery_row, app_id, .form = FORM_id),
    COLUMN(delivery_row, request_no),
};
/* Unguarded: an id of its own. */
const struct table delivery_table = TABLE_UNGUARDED("deliveries", 41, delivery_row, delivery_columns, 1);

static const struct column outbox_columns[] = {
    COLUMN(outbox_row, delivery_id, .form = FORM_id),
    COLUMN(outbox_row, next_at_us, .form = FORM_instant),
};
/* Unguarded: of its delivery, which has a new id. */
const struct table outbox_table = TABLE_UNGUARDED("outbox", 43, outbox_row, outbox_columns, 1);

static const struct column policy_columns[] = {
    COLUMN(policy_row, one),
    COLUMN(policy_row, day_static_minor, .form = FORM_amount),
    COLUMN(policy_row, day_code_minor, .form = FORM_amount),
    COLUMN(policy_row, day_confirmed_minor, .form = FORM_amount),
    COLUMN(policy_row, no_password_minor, .form = FORM_amount),
    COLUMN(policy_row, wallet_max_minor, .form = FORM_amount),
    COLUMN(policy_row, trade_max_minor, .form = FORM_amount),
    COLUMN(policy_row, code_misses_terminal),
    COLUMN(policy_row, code_misses_shop),
    COLUMN(policy_row, pay_timeout_s),
    COLUMN(policy_row, confirm_timeout_s),
    COLUMN(policy_row, sandbox, .form = FORM_flag),
    COLUMN(policy_row, code_misses_device),
    COLUMN(policy_row, refund_days),
    COLUMN(policy_row, royalty_max_bp),
};
/* Unguarded: who inserts it reads nothing else that changes. */
const struct table policy_table = TABLE_UNGUARDED("policies", 42, policy_row, policy_columns, 1);
