/* SPDX-License-Identifier: Apache-2.0 */
/* Everything the till offers, in one include. What a build has of it is listed in till/till.def. */
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

#endif
