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
    int32_t confirmed;
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

/* One of the things that went through, more often a new one; NULL when there is none. */
struct intent *wish_done(struct world *world, bool (*wanted)(const struct intent *intent));
/* A call of the beginning, which is not refused. `amount`: what comes in from the bank with it. */
struct intent *set_up_call(struct world *world, struct caller caller, const struct command *command,
                           const void *request, int64_t amount);

/* One kind of wish, and how often it is had against the others. */
struct wish_kind {
    int share; /* 0: the end of the list */
    void (*have)(struct world *world);
};

/* What a line of business adds to the world. Listed in areas.c. */
struct area {
    const char *name;
    const struct wish_kind *wishes;
    void (*set_up)(struct world *world); /* NULL: nothing is needed */
    void (*check)(struct world *world); /* at the end, against what was answered */
};
extern const struct area till_area, packet_area, deal_area, booking_area, give_area, meal_area,
    queue_area;
/* NULL-terminated; the first is the till's. */
extern const struct area *const areas[];
/* Whether the area has a part in this life. */
bool area_open(const struct world *world, size_t area);

#endif
