/* SPDX-License-Identifier: Apache-2.0 */
/* Everything the till offers, in one include for doors and tests. */
#ifndef TILL_TILL_H
#define TILL_TILL_H

#include "engine/read.h"
#include "people/grant.h"
#include "till/campaign.h"
#include "till/clock.h"
#include "till/deposit.h"
#include "till/policy.h"
#include "till/royalty.h"
#include "till/trade.h"
#include "till/wallet.h"
#include "till/wallet_transfer.h"
#include "till/webhook.h"

/* All row types of ledger, people and till, and of the engine; NULL-terminated. */
extern const struct table *const till_tables[];
/* All commands that doors may offer; NULL-terminated. */
extern const struct command *const till_commands[];
/* Lists and reports, NULL-terminated, and the indexes that they read by (CREATE INDEX …, NULL-terminated). */
extern const struct read *const till_reads[];
extern const char *const till_indexes[];
/* Timer commands by kind, as the engine wants them. */
extern const struct command *const till_timers[];

#endif
