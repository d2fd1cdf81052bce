/* SPDX-License-Identifier: Apache-2.0 */
/* What the clients of the simulated world want, and the little house that they want it in. */
#ifndef TESTS_SIM_WISHES_H
#define TESTS_SIM_WISHES_H

#include "sim/world.h"

#define SHOPPERS 5
#define SHOPS 3
#define CAMPAIGNS 2
#define WISH_REFUND "wish-" /* begins the numbers of refunds that clients want; a cancel gives its own */
#define APP_ID INT64_C(2021000000000001)

/* Members of the requests, whose structs are the till's own. */
struct deposit_want {
    int64_t shopper_id, shop_id, amount_minor;
    int32_t lapses_in_s;
};
struct deposit_end_want {
    int64_t hold_id, amount_minor;
};

/* People, shops, money and campaigns, without faults. */
void set_up(struct world *world);
/* One more intent, of any kind. */
void wish(struct world *world);

bool makes_trade(const struct intent *intent);
bool makes_deposit(const struct intent *intent);

#endif
