/* SPDX-License-Identifier: Apache-2.0 */
/* Give-aways and lotteries, drawn at random and made through till and model. */
#include <stdio.h>

#include "base/civil.h"
#include "lines/local/deal.h"
#include "lines/local/give.h"
#include "model/calls_local.h"
#include "model/local_give.h"

static void gift_open(struct run *run, bool lottery)
{
    struct give_row answer;
    struct local_gift *g = &gifts.of[gifts.count];
    *g = (struct local_gift){ .deal = local.deal_count, .lottery = lottery, .pay_in_s = 60 + pick(run, 1200) };
    deal_open(run, DEAL_give, lottery);
    if (run->wrong != NULL) {
        return;
    }
    gifts.count++;
    const struct local_deal *d = &local.deals[g->deal];
    int64_t from_us = max_i64(d->sale_from_us, run->house.now_us);
    g->starts_us = from_us + (int64_t)(draw(run) % (uint64_t)((d->sale_until_us - from_us) / 10));
    int64_t rest_us = d->sale_until_us - g->starts_us;
    g->ends_us = g->starts_us + (chance(run, 50) ? rest_us : 1 + (int64_t)(draw(run) % (uint64_t)rest_us));
    g->winners = lottery ? 1 + pick(run, (int)min_i64(d->stock_copies, 4)) : 0;
    for (size_t i = 0; lottery && i < sizeof(g->seed); i++) {
        g->seed[i] = (uint8_t)draw(run);
    }
    for (int i = 0; i < MODEL_PEOPLE; i++) {
        g->by[i] = (struct local_claim){ .shopper = -1, .voucher = -1, .purchase = -1 };
    }
    struct give_rules rules = { .deal_id = d->id, .kind = lottery ? GIVE_lottery : GIVE_claim,
                                .starts_at_us = g->starts_us, .ends_at_us = g->ends_us,
                                .pay_in_s = (int32_t)g->pay_in_s, .winners = g->winners };
    memcpy(rules.seed, g->seed, sizeof(rules.seed));
    draw_commit(g->seed, g->chain);
    same_refusal(run, "give_create", 0, call(run, house_operator, &give_create, &rules, &answer));
}

static void open_gifts(struct run *run)
{
    gift_open(run, false);
    gift_open(run, true);
    if (chance(run, 50)) {
        gift_open(run, chance(run, 50));
    }
}

static void claim(struct run *run)
{
    struct give_claimed claimed = { 0 };
    struct model *m = &run->model;
    int gift = pick(run, gifts.count), shopper = pick(run, m->shopper_count), purchases = local.purchase_count;
    const struct local_gift *g = &gifts.of[gift];
    struct give_want want = { .deal_id = local.deals[g->deal].id, .pay_later = chance(run, 40),
                              .confirmed = chance(run, 70) };
    if (g->lottery || local.voucher_count + 4 > LOCAL_VOUCHERS || purchases == LOCAL_PURCHASES) {
        return;
    }
    enum refusal till = call(run, house_shopper(id_of(run, shopper)), &give_claim, &want, &claimed);
    int64_t trade_id = m->fresh_id + 2 * m->id_step; /* as when a deal is bought */
    same_refusal(run, "give_claim", local_claim(m, gift, shopper, want.pay_later, want.confirmed, trade_id), till);
    const struct local_claim *c = &g->by[m->shoppers[shopper].person];
    if (till == REFUSAL_none && run->wrong == NULL) {
        if (c->purchase >= purchases) { /* a new one */
            struct purchase_row row = { .purchase_id = claimed.purchase_id };
            bool there = house_row(&run->house, &purchase_table, &row);
            assert(there);
            purchase_note(run, c->purchase, &row);
        }
        same(run, "the number of a claim", c->number, claimed.number);
        same(run, "when it was claimed", c->at_us, claimed.at_us);
        same(run, "whose claim it is", id_of(run, c->shopper), claimed.shopper_id);
        same(run, "a claim's purchase", c->purchase < 0 ? 0 : local.purchases[c->purchase].id, claimed.purchase_id);
        same(run, "whether a claim has its voucher", c->voucher >= 0 || (c->purchase >= 0 &&
             local.purchases[c->purchase].state == PURCHASE_issued), claimed.voucher_id != 0);
    }
}

static void same_ticket(struct run *run, const struct local_gift *g, const struct local_claim *c,
                        const struct lottery_ticket *ticket)
{
    same(run, "a ticket's number", c->number, ticket->number);
    same(run, "a ticket", c->ticket_id, ticket->ticket_id);
    same(run, "whether it is drawn", g->drawn, ticket->drawn);
    same(run, "winners", g->winners, ticket->winners);
    same(run, "whether a ticket won", c->won, ticket->won);
    if (g->drawn) {
        same(run, "the chain of a lottery", 0, memcmp(g->chain, ticket->chain, sizeof(g->chain)));
        same(run, "the seed of a lottery", 0, memcmp(g->seed, ticket->seed, sizeof(g->seed)));
        same(run, "whether a ticket has its voucher", c->voucher >= 0, ticket->voucher_id != 0);
    }
}

static void enter(struct run *run)
{
    struct lottery_ticket ticket = { 0 };
    struct model *m = &run->model;
    int gift = pick(run, gifts.count), shopper = pick(run, m->shopper_count);
    struct local_gift *g = &gifts.of[gift];
    struct give_want want = { .deal_id = local.deals[g->deal].id };
    struct lottery_ref ref = { want.deal_id, id_of(run, shopper) };
    if (!g->lottery || local.voucher_count + 8 > LOCAL_VOUCHERS) {
        return;
    }
    const struct local_claim *c = &g->by[m->shoppers[shopper].person];
    bool looks = chance(run, 30);
    enum refusal till = looks ? call(run, house_shopper(ref.shopper_id), &lottery_check, &ref, &ticket)
                              : call(run, house_shopper(ref.shopper_id), &lottery_enter, &want, &ticket);
    int model = !looks ? local_enter(m, gift, shopper, ticket.ticket_id)
                       : c->shopper < 0 ? (int)REFUSAL_entry_unknown : 0;
    same_refusal(run, looks ? "lottery_check" : "lottery_enter", model, till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same_ticket(run, g, c, &ticket);
    }
}

static void same_gifts(struct run *run)
{
    vouchers_learn(run);
    for (int i = 0; i < gifts.count && run->wrong == NULL; i++) {
        const struct local_gift *g = &gifts.of[i];
        struct give_row row = { .deal_id = local.deals[g->deal].id };
        bool there = house_row(&run->house, &give_table, &row);
        assert(there);
        same(run, "claims", g->claims, row.claims);
        same(run, "claims made anew", g->renewed, row.renewed);
        same(run, "winners", g->winners, row.winners);
        same(run, "a give-away's state", g->drawn ? GIVE_drawn : GIVE_open, row.state);
        same(run, "a lottery's chain", 0, g->lottery ? memcmp(g->chain, row.chain, sizeof(g->chain)) : 0);
        for (int person = 0; person < run->model.shopper_count; person++) {
            const struct local_claim *c = &g->by[person];
            struct give_claim_row of = { .deal_id = row.deal_id, .person_id = id_of(run, person) };
            there = house_row(&run->house, &give_claim_table, &of);
            same(run, "whether a person has a claim", c->shopper >= 0, there);
            same(run, "a person's number", c->number, of.number);
            same(run, "whether a person won", c->won, of.won);
            if (c->voucher >= 0) {
                same(run, "a person's voucher", local.vouchers[c->voucher].id, of.voucher_id);
            }
        }
    }
}

static const struct call_kind kinds[] = { { 20, claim }, { 16, enter }, { 0, NULL } };

const struct part give_part = { .name = "give-aways", .calls = kinds, .open = open_gifts, .same = same_gifts };
