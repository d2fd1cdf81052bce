/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An invented city: brands with their shops and terminals, campaigns, and shoppers with money and a phone
 * that shows pay codes. It is made with the ordinary commands, without HTTP: a few million commands a minute.
 * All numbers follow from the settings, so whoever knows them (a load generator
 * in another process) knows every id without asking:
 *
 *     merchants  1 .. brands, kind after kind         shops  1 .. shops, kind after kind
 *     terminals  (shop - 1) * per shop + 1 ..         shoppers  1 .. shopper_count
 *
 * Nothing is owned: the settings and what they point to are the caller's.
 */
#ifndef APP_CITY_H
#define APP_CITY_H

#include "load/progress.h"
#include "lines/product.h"

#define CITY_SHOPPERS_MAX UINT64_C(100000000)
#define CITY_SHOPS_MAX 1000000
#define CITY_TERMINALS_MAX 100 /* of one shop */
#define CITY_CAMPAIGNS_MAX 10000

struct city_kind {
    const char *name;               /* of its shops: "supermarket" */
    const char *const *brand_names; /* brand_count of them; NULL: "supermarket 3" */
    uint32_t brand_count;           /* 1 .. shop_count */
    uint32_t shop_count;
    int64_t set_id;                 /* of its shops, for campaigns to name; 0: none */
};

struct city_campaign {
    struct campaign_rules rules; /* with a campaign_id */
    int64_t platform_minor, merchant_minor; /* its budget */
};

struct city_settings {
    const struct city_kind *kinds;
    size_t kind_count;
    uint32_t terminals_per_shop;
    uint64_t shopper_count;
    int64_t balance_minor;           /* in each wallet; 0: none is topped up */
    const struct policy_row *policy; /* NULL: the defaults stay */
    const struct city_campaign *campaigns;
    size_t campaign_count;
};

struct city_error {
    char text[256];
};

uint32_t city_shop_count(const struct city_settings *settings);
uint32_t city_brand_count(const struct city_settings *settings);
/* `shop` is 0 .. city_shop_count - 1; its id is one more. */
int64_t city_merchant_of_shop(const struct city_settings *settings, uint32_t shop);
/* `shopper` is 0 .. shopper_count - 1; the same settings give the same number. Ascending with `shopper`. */
int64_t city_device_id(const struct city_settings *settings, uint64_t shopper);
/* How many commands city_make carries out. */
uint64_t city_command_count(const struct city_settings *settings);

/*
 * Makes the city in a new store of its own: made, filled and closed, all of it in its tables. `progress` may be
 * NULL. STATUS_bad_input: the settings make no sense, or a command was refused, which happens when the store
 * holds something else under these ids; STATUS_fault: the store cannot be opened. The error says it in a
 * sentence. A store that fails on the way ends the process (fill.h).
 */
MUST_CHECK enum status city_make(const char *path, const struct city_settings *settings,
                                 struct progress *progress, struct city_error *error);

#endif
