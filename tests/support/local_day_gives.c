/* SPDX-License-Identifier: Apache-2.0 */
/* Give-aways, a lottery that is drawn and one that goes on, and red packets of a day. */
#include <stdio.h>

#include "base/civil.h"
#include "lines/local/local.h"
#include "support/local_day.h"
#include "till/party.h"

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fprintf(stderr, "gives of a day: refused: %s\n", refusal_text((int)refusal)->name);
    }
    assert(refusal == REFUSAL_none);
}

static void give_make(struct house *house, int64_t deal_id, enum give_kind kind)
{
    struct deal_rules deal = { .deal_id = deal_id,
                               .shop_id = 1,
                               .kind = DEAL_give,
                               .category = CATEGORY_film,
                               .title = "一场电影 a film",
                               .stock = 2,
                               .sale_until_us = house->now_us + 10 * US_PER_DAY,
                               .valid_until_us = house->now_us + 30 * US_PER_DAY };
    struct give_rules give = { .deal_id = deal_id,
                               .kind = (int32_t)kind,
                               .winners = kind == GIVE_lottery ? 2 : 0,
                               .ends_at_us = house->now_us + US_PER_HOUR };
    memset(give.seed, (int)(deal_id % 100), sizeof(give.seed));
    must(house_call(house, house_operator, &deal_publish, &deal, NULL));
    must(house_call(house, house_operator, &give_create, &give, NULL));
}

/* Red packets by ids that are known: rows as commands would have left them, but for their money. */
static void packets_put(struct house *house)
{
    for (int64_t id = LOCAL_DAY_PACKET; id <= LOCAL_DAY_PACKET + 2; id++) {
        struct packet_row packet = { .packet_id = id,
                                     .sender_kind = id == LOCAL_DAY_PACKET ? PARTY_shop : PARTY_shopper,
                                     .sender_id = 1,
                                     .greeting = "新年好 \"O'Brien\"",
                                     .currency = (int32_t)UNIT_CNY,
                                     .split = PACKET_even,
                                     .for_all = id == LOCAL_DAY_PACKET + 1,
                                     .state = PACKET_open,
                                     .amount_minor = 400,
                                     .people = 4,
                                     .left_minor = 100,
                                     .left_people = 1,
                                     .created_at_us = house->now_us,
                                     .expires_at_us = house->now_us + US_PER_DAY };
        house_row_put(house, &packet_table, &packet, true);
        for (int64_t shopper_id = 2; shopper_id <= 4; shopper_id++) {
            struct packet_claim_row part = { .packet_id = id,
                                             .person_id = shopper_id,
                                             .shopper_id = shopper_id,
                                             .number = 5 - shopper_id,
                                             .amount_minor = 100,
                                             .at_us = house->now_us };
            house_row_put(house, &packet_claim_table, &part, true);
        }
    }
}

void local_day_gives(struct house *house)
{
    give_make(house, LOCAL_DAY_GIVE, GIVE_claim);
    give_make(house, LOCAL_DAY_LOTTERY, GIVE_lottery);
    for (int64_t shopper_id = 1; shopper_id <= 4; shopper_id++) {
        struct give_want want = { .deal_id = LOCAL_DAY_GIVE, .shopper_id = shopper_id };
        enum refusal refusal = house_call_keyed(house, house_operator, &give_claim, &want, NULL, NULL);
        assert(refusal == (shopper_id <= 3 ? REFUSAL_none : REFUSAL_give_gone)); /* 2 and 3 are one person */
        want.deal_id = LOCAL_DAY_LOTTERY;
        must(house_call_keyed(house, house_operator, &lottery_enter, &want, NULL, NULL));
    }
    packets_put(house);
}
