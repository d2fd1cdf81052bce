/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the till allows: limits per class of code and per day, with the figures of the Chinese regulator as
 * defaults (PBOC notice 296 of 2017: static codes 500 yuan a day and customer, dynamic codes with fewer than
 * two factors 1,000, with two factors 5,000), time-outs, and how many wrong pay codes a till may show.
 */
#ifndef TILL_POLICY_H
#define TILL_POLICY_H

#include "engine/command.h"
#include "till/till_rows.h"

/* The policy in force: the stored row, or the defaults. `*policy` is the caller's. */
void policy_ask(struct view *view, struct policy_row *policy);
/* Fills in what an older row or request leaves out. */
void policy_complete(struct policy_row *policy);

/* A shopper's sums of the day begin anew when it is another one. */
struct shopper_row;
void shopper_day_begin(struct shopper_row *shopper, int32_t day);

/*
 * With the policy's `sandbox` on, amounts from 990,000.00 yuan up provoke refusals: 99,000,000 plus the
 * number of a refusal is refused with it. REFUSAL_none for any other amount.
 */
enum refusal policy_magic(const struct policy_row *policy, int64_t amount_minor);
#define MAGIC_AMOUNT_MINOR INT64_C(99000000)

extern const struct command policy_change, policy_query;

#endif
