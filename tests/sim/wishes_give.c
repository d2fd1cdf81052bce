/* SPDX-License-Identifier: Apache-2.0 */
/* Give-aways: one for each person, never more than there are, and what was won is handed out, whatever happened. */
#include "base/civil.h"
#include "lines/local/deal.h"
#include "lines/local/give.h"
#include "sim/wishes.h"
#include "support/house.h"

#define FREE_DEAL (DEAL_ID_LEAST + 100)    /* for nothing */
#define TOKEN_DEAL (DEAL_ID_LEAST + 101)   /* at a token price */
#define LOTTERY_DEAL (DEAL_ID_LEAST + 102) /* drawn */

static void give_set_up(struct world *world, int64_t deal_id, int64_t stock)
{
    int64_t hours = 1 + world_pick(world, 4);
    struct deal_rules rules = { .deal_id = deal_id, .shop_id = 1, .kind = DEAL_give, .title = "a gift",
                                .price_minor = deal_id == TOKEN_DEAL ? 38 : 0, .stock = stock,
                                .sale_until_us = world->now_us + hours * US_PER_HOUR,
                                .valid_until_us = world->now_us + 9 * US_PER_HOUR, .seed = (int64_t)world->seed };
    struct give_rules give = { .deal_id = deal_id, .kind = deal_id == LOTTERY_DEAL ? GIVE_lottery : GIVE_claim,
                               .winners = deal_id == LOTTERY_DEAL ? stock : 0, .pay_in_s = 300 };
    give.starts_at_us = world_chance(world, 50) ? 0 : world->now_us + 5 * US_PER_MINUTE;
    give.ends_at_us = deal_id == LOTTERY_DEAL ? world->now_us + 30 * US_PER_MINUTE : 0;
    give.seed[0] = (uint8_t)world_pick(world, 256);
    set_up_call(world, house_operator, &deal_publish, &rules, 0);
    set_up_call(world, house_operator, &give_create, &give, 0);
}

static void gives_set_up(struct world *world)
{
    give_set_up(world, FREE_DEAL, 1 + world_pick(world, 3));
    give_set_up(world, TOKEN_DEAL, 1 + world_pick(world, 3));
    give_set_up(world, LOTTERY_DEAL, 1 + world_pick(world, 3));
}

static void wish_claim(struct world *world)
{
    int which = world_pick(world, 3);
    struct give_want want = { .deal_id = which == 0 ? FREE_DEAL : which == 1 ? TOKEN_DEAL : LOTTERY_DEAL,
                              .pay_later = which == 1 && world_chance(world, 30), .confirmed = which == 1 };
    const struct command *command = which == 2 ? &lottery_enter : &give_claim;
    struct intent *intent = intent_new(world, house_shopper(1 + world_pick(world, SHOPPERS)), command);
    memcpy(intent->request, &want, sizeof(want));
}

/* ---- what must be there ---- */

struct counts {
    int64_t claims, late, now_us;
};

static bool count_claim(void *context, const void *row)
{
    (void)row;
    ((struct counts *)context)->claims++;
    return true;
}

static bool count_give(void *context, const void *row)
{
    const struct give_row *give = row;
    struct counts *counts = context;
    counts->late += give->kind == GIVE_lottery && give->state != GIVE_drawn && give->ends_at_us <= counts->now_us;
    return true;
}

static void check(struct world *world)
{
    struct counts found = { .now_us = world->now_us - (world->shared != NULL ? 20 * US_PER_SECOND : 0) };
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        if (!intent->known || intent->refusal != REFUSAL_none ||
            (intent->command != &give_claim && intent->command != &lottery_enter)) {
            continue;
        }
        const struct give_claimed *claimed = (const void *)intent->answer;
        const struct lottery_ticket *ticket = (const void *)intent->answer;
        bool entry = intent->command == &lottery_enter;
        int64_t shopper = intent->caller.id;
        struct give_claim_row row = { .deal_id = entry ? ticket->deal_id : claimed->deal_id,
                                      .person_id = shopper == 2 ? 1 : shopper }; /* as the world is set up */
        bool there = world_find(world, &give_claim_table, &row);
        if (!there || row.number < (entry ? ticket->number : claimed->number)) {
            world_wrong(world, "give-aways", "what a person was told to have is not there");
        }
        if (there && !entry && claimed->deal_id == FREE_DEAL && row.voucher_id != claimed->voucher_id) {
            world_wrong(world, "give-aways", "a person has another voucher than was answered");
        }
        if (there && entry && (row.number != ticket->number || row.ticket_id != ticket->ticket_id)) {
            world_wrong(world, "give-aways", "a person has another ticket than was answered");
        }
    }
    enum status status = world_scan(world, &give_claim_table, count_claim, &found);
    assert(status == STATUS_ok);
    status = world_scan(world, &give_table, count_give, &found);
    assert(status == STATUS_ok);
    if (found.claims > 3 * (SHOPPERS - 1)) {
        world_wrong(world, "give-aways", "a person has more than one of the same");
    }
    if (found.late > 0) {
        world_wrong(world, "give-aways", "a lottery was not drawn in time");
    }
}

static const struct wish_kind kinds[] = { { 24, wish_claim }, { 0, NULL } };

const struct area give_area = { .name = "give-aways", .wishes = kinds, .set_up = gives_set_up, .check = check };
