/* SPDX-License-Identifier: Apache-2.0 */
/* All row types of the till. Devices and the policy are here, the others in the files named. */
#ifndef TILL_TILL_ROWS_H
#define TILL_TILL_ROWS_H

#include "ledger/ledger_rows.h"
#include "till/campaign_rows.h"
#include "till/royalty_rows.h"
#include "till/trade_rows.h"
#include "till/wallet_transfer.h"
#include "till/webhook_rows.h"

/* A shopper's device that shows pay codes. Its secret is derived from the master key and never stored. */
struct device_row {
    int64_t device_id; /* the alias in its pay codes: a random number below 10^9 */
    int64_t shopper_id;
    int32_t revoked;
    int64_t last_step; /* the newest minute whose code was accepted; it and all before are burnt */
    int64_t last_shop_id;
    int64_t last_terminal_id;
    int64_t created_at_us;
    int64_t code_minute; /* minute in which wrong codes of it were last shown, wherever it was */
    int32_t code_misses; /* how many in that minute */
};

/* What an operator may set for the whole till; missing: the defaults of till/policy.h. */
struct policy_row {
    int32_t one; /* always 1 */
    int64_t day_static_minor;
    int64_t day_code_minor;
    int64_t day_confirmed_minor;
    int64_t no_password_minor;
    int64_t wallet_max_minor;
    int64_t trade_max_minor;
    int32_t code_misses_terminal;
    int32_t code_misses_shop;
    int32_t pay_timeout_s;
    int32_t confirm_timeout_s;
    int32_t sandbox; /* 1: magic amounts provoke refusals */
    int32_t code_misses_device;
    int32_t refund_days; /* after the payment a trade is finished: no refund any more */
    int32_t royalty_max_bp; /* of its price, most that may be split off a trade */
};

extern const struct table device_table;
extern const struct table policy_table;

#endif
