/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which changes the other processes on one database hear of: what a door of theirs keeps in memory or shows while it
 * happens. For engine_settings.tells. Pure; the deciding thread.
 *
 *   trades        event streams, the live page; not one that was opened and that no shopper has seen yet
 *   tokens        who may call
 *   apps          who may call the Alipay door, and with which key
 *   deliveries    that are pending: the leader makes them
 *   tickets, orders of meals, what is left of dishes    event streams
 *   campaigns, accounts of budgets, shops    the live page
 *
 * Everything else is read from the store when it is needed.
 */
#ifndef DOORS_TOLD_ROWS_H
#define DOORS_TOLD_ROWS_H

#include "engine/store.h"

bool doors_tells(const struct row_change *change);

#endif
