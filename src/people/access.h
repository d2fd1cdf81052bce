/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may act on what. A caller reaches the part of the tree that hangs below it: operator > merchant > shop
 * > terminal; a shopper reaches only itself. Every command asks here, beside the coarse list of caller kinds
 * in its own row. Called from decisions.
 */
#ifndef PEOPLE_ACCESS_H
#define PEOPLE_ACCESS_H

#include "engine/command.h"
#include "people/people_rows.h"

#define CALLERS_PLATFORM (CALLER_BIT(operator) | CALLER_BIT(system))
#define CALLERS_MERCHANT (CALLERS_PLATFORM | CALLER_BIT(merchant))
#define CALLERS_SHOP (CALLERS_MERCHANT | CALLER_BIT(shop) | CALLER_BIT(terminal))
#define CALLERS_SHOPPER (CALLERS_PLATFORM | CALLER_BIT(shopper))
#define CALLERS_ALL (CALLERS_SHOP | CALLERS_SHOPPER)

bool access_platform(const struct moment *at);
bool access_merchant(const struct moment *at, int64_t merchant_id);
bool access_shop(struct view *view, const struct moment *at, const struct shop_row *shop);
bool access_shopper(const struct moment *at, int64_t shopper_id);

#endif
