/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deposits: a shopper sets an amount of the wallet aside for a shop; the shop takes all or a part of it, or
 * gives it back, and at the latest it returns by itself. Commands over the ledger's holds.
 */
#ifndef TILL_DEPOSIT_H
#define TILL_DEPOSIT_H

#include "engine/command.h"

extern const struct command deposit_create, deposit_capture, deposit_release, deposit_query;

#endif
