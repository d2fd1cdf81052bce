/* SPDX-License-Identifier: Apache-2.0 */
#include "model/local_give.h"

#include <string.h>

#include "engine/refusal.h"
#include "lines/local/draw.h"
#include "model/model_internal.h"

#define NEVER_PAID 4

struct local_gifts gifts;

/* Whether the person may take part now. */
static int open_check(const struct model *m, const struct local_gift *g, int shopper)
{
    if (m->shoppers[shopper].blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (m->now_us < g->starts_us) {
        return REFUSAL_give_early;
    }
    return m->now_us >= g->ends_us || g->drawn ? REFUSAL_give_over : 0;
}

static struct local_claim *claim_new(struct model *m, struct local_gift *g, int shopper)
{
    struct local_claim *claim = &g->by[m->shoppers[shopper].person];
    g->renewed += claim->shopper >= 0;
    *claim = (struct local_claim){ .shopper = shopper, .number = ++g->claims, .at_us = m->now_us, .voucher = -1,
                                   .purchase = -1 };
    return claim;
}

/* What was never paid in time may be claimed once more. */
static bool stands(const struct local_claim *claim)
{
    return claim->shopper >= 0 && (claim->purchase < 0 || local.purchases[claim->purchase].state != NEVER_PAID);
}

int local_claim(struct model *m, int gift, int shopper, bool pay_later, bool confirmed, int64_t trade_id)
{
    struct local_gift *g = &gifts.of[gift];
    struct local_deal *d = &local.deals[g->deal];
    struct local_want want = { .deal = g->deal, .shopper = shopper, .copies = 1, .pay_later = pay_later,
                               .confirmed = confirmed, .give = true, .seconds = g->pay_in_s };
    int purchase = -1;
    if (stands(&g->by[m->shoppers[shopper].person])) {
        return 0;
    }
    int refusal = open_check(m, g, shopper);
    if (refusal == 0) {
        refusal = local_sale_check(m, g->deal);
    }
    if (refusal != 0) {
        return refusal;
    }
    if (d->stock + (model_canary == MODEL_CANARY_give) < d->pieces_each) {
        return REFUSAL_give_gone;
    }
    if (d->price > 0) {
        refusal = local_buy(m, &want, trade_id, &purchase);
        if (refusal == 0) {
            claim_new(m, g, shopper)->purchase = purchase;
        }
        return refusal;
    }
    claim_new(m, g, shopper)->voucher = local_issue(m, g->deal, -1, shopper, 1);
    return 0;
}

int local_enter(struct model *m, int gift, int shopper, int64_t ticket_id)
{
    struct local_gift *g = &gifts.of[gift];
    if (g->by[m->shoppers[shopper].person].shopper >= 0) {
        return 0;
    }
    int refusal = open_check(m, g, shopper);
    if (refusal == 0) {
        struct local_claim *claim = claim_new(m, g, shopper);
        claim->ticket_id = ticket_id;
        draw_chain(g->chain, claim->number, ticket_id);
    }
    return refusal;
}

int64_t local_gift_due(int *gift)
{
    int64_t first_us = INT64_MAX;
    for (int i = 0; i < gifts.count; i++) {
        if (gifts.of[i].lottery && !gifts.of[i].drawn && gifts.of[i].ends_us < first_us) {
            first_us = gifts.of[i].ends_us;
            *gift = i;
        }
    }
    return first_us;
}

void local_gift_draw(struct model *m, int gift)
{
    struct local_gift *g = &gifts.of[gift];
    const struct local_deal *d = &local.deals[g->deal];
    uint8_t key[32];
    g->drawn = true;
    g->winners = less(g->winners, less(g->claims, d->stock / d->pieces_each));
    draw_key(g->seed, g->chain, key);
    for (int64_t place = 0; place < g->winners; place++) {
        for (int person = 0; person < MODEL_PEOPLE; person++) {
            struct local_claim *claim = &g->by[person];
            if (claim->shopper >= 0 && draw_place(key, g->claims, claim->number) == place) {
                claim->won = true;
                claim->voucher = local_issue(m, g->deal, -1, claim->shopper, 1);
            }
        }
    }
}
