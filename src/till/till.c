/* SPDX-License-Identifier: Apache-2.0 */
#include "till/till.h"

#include "engine/engine_rows.h"
#include "ledger/ledger.h"
#include "people/app.h"
#include "till/paycode.h"

const struct table *const till_tables[] = {
    &grant_table,      &royalty_relation_table, &settle_table, &settle_number_table, &royalty_table,
    &wallet_transfer_table, &transfer_order_table,
    &request_table,    &timer_table,    &progress_table,     &account_table,       &transfer_table,
    &hold_table,       &merchant_table, &shop_table,         &terminal_table,      &shopper_table,
    &token_table,      &device_table,   &trade_table,        &trade_number_table,  &refund_table,
    &shop_day_table,   &campaign_table, &offers_table,       &campaign_use_table,  &campaign_shop_table,
    &campaign_change_table, &endpoint_table, &delivery_table, &outbox_table,       &policy_table,
    &logon_table,      &app_table,      &trade_detail_table, NULL,
};

const struct command *const till_commands[] = {
    &grant_create,     &grant_redeem,    &grant_refresh,   &grant_query,     &grant_revoke,
    &royalty_bind,     &royalty_unbind,  &trade_settle,    &trade_settle_query, &wallet_transfer,
    &wallet_send,      &wallet_transfer_query, &wallet_send_query, &shop_funds,
    &merchant_create,  &merchant_query,  &shop_create,     &shop_change,     &shop_query,
    &terminal_create,  &shopper_create,  &shopper_change,  &shopper_query,   &token_issue,
    &token_revoke,     &policy_change,   &policy_query,    &wallet_top_up,   &wallet_withdraw,
    &wallet_query,     &paycode_issue,   &paycode_revoke,  &paycode_query,   &trade_pay,
    &trade_create,     &qr_pay,          &trade_confirm,   &trade_decline,   &trade_query,
    &trade_lookup,     &trade_cancel,    &trade_cancel_number, &trade_close, &trade_refund,
    &refund_query,     &trade_preview,   &campaign_create, &campaign_change, &campaign_fund,
    &campaign_pause,   &campaign_resume, &campaign_end,    &campaign_query,  &endpoint_create,
    &endpoint_disable, &endpoint_rotate, &delivery_done,   &delivery_replay, &clock_move, &deposit_create,
    &deposit_capture,  &deposit_release, &deposit_query,   &app_create,      &app_change,
    &app_query,        &shopper_lookup,  &paycode_login,   &qr_scan,         &trade_detail_read,
    NULL,
};

const struct command *const till_timers[] = {
    [TIMER_hold_lapse] = &hold_lapse,
    [TIMER_trade_expire] = &trade_expire,
    [TIMER_count] = NULL,
};
