/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shopper's wallet: money comes from the bank (the `clearing` account) and goes back to it. Pay code
 * devices are issued and revoked here as well. Commands; requests that others fill in are spelled out.
 */
#ifndef TILL_WALLET_H
#define TILL_WALLET_H

#include "engine/command.h"
#include "till/till_rows.h"

struct wallet_move {
    int64_t shopper_id;
    int64_t amount_minor;
    int32_t currency; /* 0: 156, CNY */
    char reference[NUMBER_SIZE]; /* of the bank's */
};

struct paycode_issue {
    int64_t shopper_id;
    int64_t device_id; /* by the door: a random number below 10^9 */
};

extern const struct command wallet_query, wallet_top_up, wallet_withdraw;
extern const struct command paycode_issue, paycode_revoke, paycode_query;

#endif
