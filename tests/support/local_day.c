/* SPDX-License-Identifier: Apache-2.0 */
#include "support/local_day.h"

#include <stdio.h>

#include "base/civil.h"
#include "lines/local/local.h"

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fprintf(stderr, "a local day: refused: %s\n", refusal_text((int)refusal)->name);
    }
    assert(refusal == REFUSAL_none);
}

static struct deal_rules rules_of(const struct house *house, int64_t deal_id, enum deal_kind kind, int64_t price_minor)
{
    struct deal_rules rules = { .deal_id = deal_id,
                                .shop_id = 1,
                                .kind = (int32_t)kind,
                                .category = deal_id % 2 == 0 ? CATEGORY_sports : CATEGORY_dining,
                                .price_minor = price_minor,
                                .stock = 10,
                                .sale_until_us = house->now_us + 20 * US_PER_DAY,
                                .valid_until_us = house->now_us + 40 * US_PER_DAY,
                                .refund = DEAL_REFUND_any_time };
    snprintf(rules.title, sizeof(rules.title), "面 deal %d", (int)(deal_id % 100));
    snprintf(rules.rules, sizeof(rules.rules), "Not on \"holidays\". One a table.");
    return rules;
}

static void publish(struct house *house, const struct deal_rules *rules)
{
    must(house_call(house, house_operator, &deal_publish, rules, NULL));
}

static struct purchase buy(struct house *house, int64_t deal_id, int64_t shopper_id, int32_t copies, bool later)
{
    struct purchase purchase;
    struct deal_buy want = { .deal_id = deal_id,
                             .shopper_id = shopper_id,
                             .copies = copies,
                             .pay_later = later,
                             .confirmed = !later };
    house->now_us += 1000;
    must(house_call(house, house_operator, &deal_buy, &want, &purchase));
    return purchase;
}

static void places_set(struct house *house)
{
    for (int64_t shop_id = 1; shop_id <= 2; shop_id++) {
        struct shop_place_set set = { .shop_id = shop_id,
                                      .latitude_e6 = 30250000 + (int32_t)shop_id * 9000,
                                      .longitude_e6 = 120150000,
                                      .category = CATEGORY_dining };
        for (int32_t day = 0; day < 7 && shop_id == 1; day++) {
            set.hours[set.hours_count++] = (struct open_hours){ 600, 1320 };
        }
        must(house_call(house, house_operator, &shop_place_set, &set, NULL));
    }
}

void local_day_deals(struct house *house)
{
    places_set(house);
    struct deal_rules rules = rules_of(house, LOCAL_DAY_DEAL, DEAL_voucher, 1000);
    rules.shops_count = 2;
    rules.shops[0].shop_id = 1;
    rules.shops[1].shop_id = 2;
    publish(house, &rules);
    rules = rules_of(house, LOCAL_DAY_TIMES, DEAL_times, 9000);
    rules.shop_id = 2;
    rules.parts_count = 1;
    rules.parts[0] = (struct deal_part){ .merchant_id = 1, .pieces = 10, .share_minor = 9000 };
    publish(house, &rules);
    rules = rules_of(house, LOCAL_DAY_VALUE, DEAL_stored_value, 5000);
    rules.face_minor = 6000;
    publish(house, &rules);
    for (int64_t deal_id = LOCAL_DAY_GROUP; deal_id <= LOCAL_DAY_FAILED; deal_id++) {
        rules = rules_of(house, deal_id, DEAL_group, 300);
        rules.group_least = 2;
        rules.group_until_us = house->now_us + US_PER_HOUR;
        publish(house, &rules);
    }
    buy(house, LOCAL_DAY_DEAL, 1, 2, false);
    buy(house, LOCAL_DAY_DEAL, 2, 1, false);
    struct purchase called_off = buy(house, LOCAL_DAY_DEAL, 3, 1, true);
    must(house_call(house, house_operator, &purchase_cancel, &called_off.row.purchase_id, NULL));
    buy(house, LOCAL_DAY_TIMES, 1, 1, false);
    buy(house, LOCAL_DAY_VALUE, 2, 1, false);
    buy(house, LOCAL_DAY_GROUP, 1, 1, false);
    buy(house, LOCAL_DAY_GROUP, 2, 1, false);
    buy(house, LOCAL_DAY_FAILED, 2, 1, false);
    house->now_us += US_PER_HOUR;
    for (int i = 0; i < 4; i++) { /* the groups are settled some purchases at a time */
        house->now_us += US_PER_SECOND;
        house_settle(house);
    }
    buy(house, LOCAL_DAY_DEAL, 4, 1, true); /* waits */
}
