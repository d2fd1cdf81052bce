/* SPDX-License-Identifier: Apache-2.0 */
/* Deals and purchases, drawn at random and made through till and model. */
#include <stdio.h>

#include "base/civil.h"
#include "lines/local/deal.h"
#include "model/calls_local.h"
#include "model/pair.h"

/* ---- what is on sale ---- */

static int shop_of(struct run *run, int merchant)
{
    const struct model *m = &run->model;
    for (int i = 0; i < m->shop_count; i++) {
        if (m->shops[i].merchant == merchant) {
            return i;
        }
    }
    return -1;
}

static void parts_draw(struct run *run, struct local_deal *d)
{
    int other = 1 - d->merchant;
    bool two = d->kind == DEAL_bundle || (d->kind >= DEAL_group && chance(run, 20));
    int64_t left = d->price;
    d->part_count = two ? 2 : 1;
    for (int i = 0; i < d->part_count; i++) {
        struct local_share *part = &d->parts[i];
        bool one = d->kind == DEAL_voucher || d->kind == DEAL_stored_value;
        part->merchant = i == 1 && shop_of(run, other) >= 0 && chance(run, 70) ? other : d->merchant;
        part->pieces = one ? 1 : d->kind == DEAL_times ? 2 + pick(run, 6) : 1 + pick(run, 2);
        part->minor = i + 1 == d->part_count ? left : (int64_t)(draw(run) % (uint64_t)(left + 1));
        left -= part->minor;
        d->pieces_each += part->pieces;
    }
}

/* Where it is redeemed: always at one shop of each merchant who does a part of it. */
static void shops_draw(struct run *run, struct local_deal *d, struct deal_rules *rules)
{
    for (int i = 0; i < run->model.shop_count; i++) {
        int merchant = run->model.shops[i].merchant;
        bool does = merchant == d->parts[0].merchant || (d->part_count == 2 && merchant == d->parts[1].merchant);
        if (!does || (i != d->shop && i != shop_of(run, merchant) && chance(run, 40))) {
            continue;
        }
        rules->shops[rules->shops_count++].shop_id = id_of(run, i);
        for (int j = 0; j < d->part_count; j++) {
            d->parts[j].shops |= d->parts[j].merchant == merchant ? 1u << i : 0;
        }
    }
}

static void deal_draw(struct run *run, struct local_deal *d, int kind, bool free)
{
    int64_t now_us = run->house.now_us;
    *d = (struct local_deal){ .shop = pick(run, run->model.shop_count), .kind = kind, .state = DEAL_live };
    d->merchant = run->model.shops[d->shop].merchant;
    d->price = 1 + pick(run, chance(run, 30) ? 9 : 3000);
    if (kind == DEAL_give) {
        d->price = free || chance(run, 40) ? 0 : 1 + pick(run, 50);
    }
    d->face = d->kind == DEAL_stored_value ? d->price + pick(run, 500) : 0;
    d->commission_bp = chance(run, 30) ? 0 : pick(run, 3000);
    d->sale_from_us = chance(run, 80) ? now_us : now_us + pick(run, 120) * US_PER_MINUTE;
    d->sale_until_us = d->sale_from_us + (30 + pick(run, 1200)) * US_PER_MINUTE;
    d->valid_from_us = chance(run, 70) ? now_us : now_us + pick(run, 120) * US_PER_MINUTE;
    d->valid_until_us = max_i64(d->sale_until_us, d->valid_from_us) + (1 + pick(run, 1500)) * US_PER_MINUTE;
    d->valid_days = chance(run, 30) ? 1 : 0;
    d->weekdays = chance(run, 15) ? 1 + pick(run, 127) : 0;
    if (chance(run, 20)) {
        d->minute_from = pick(run, 1440);
        d->minute_to = pick(run, 1441);
    }
    d->per_person = kind != DEAL_give && chance(run, 30) ? 1 + pick(run, 5) : 0;
    d->refund = 1 + pick(run, 3);
    d->lapse_refunds = d->refund != DEAL_REFUND_never && chance(run, 40);
    d->stock_copies = 1 + pick(run, kind == DEAL_give ? 3 : 12);
    if (d->kind == DEAL_group) {
        d->group_least = 2 + pick(run, 2);
        d->group_until_us = d->sale_from_us + (int64_t)(draw(run) % (uint64_t)(d->sale_until_us - d->sale_from_us)) + 1;
        d->group_state = GROUP_open;
    }
    parts_draw(run, d);
}

void deal_open(struct run *run, int kind, bool free)
{
    struct deal answer;
    struct local_deal *d = &local.deals[local.deal_count];
    deal_draw(run, d, kind == 0 ? 1 + pick(run, 5) : kind, free);
    struct deal_rules rules = {
        .shop_id = id_of(run, d->shop), .kind = d->kind, .category = CATEGORY_dining, .title = "a deal",
        .price_minor = d->price, .face_minor = d->face, .stock = d->stock_copies,
        .sale_from_us = d->sale_from_us, .sale_until_us = d->sale_until_us, .valid_from_us = d->valid_from_us,
        .valid_until_us = d->valid_until_us, .valid_days = d->valid_days, .weekdays = d->weekdays,
        .minute_from = d->minute_from, .minute_to = d->minute_to, .copies_per_person = d->per_person,
        .commission_bp = (int32_t)d->commission_bp, .refund = d->refund, .lapse_refunds = d->lapse_refunds,
        .group_least = d->group_least, .group_until_us = d->group_until_us, .seed = (int64_t)(draw(run) >> 1),
        .parts_count = d->part_count };
    for (int i = 0; i < d->part_count; i++) {
        rules.parts[i] = (struct deal_part){ .merchant_id = id_of(run, d->parts[i].merchant), .name = "a part",
                                             .pieces = (int32_t)d->parts[i].pieces,
                                             .share_minor = d->parts[i].minor };
    }
    if (chance(run, 15)) { /* a day on which it is not redeemed */
        d->closed_day = model_date(run->house.now_us + US_PER_DAY, 480);
        rules.closed_days_count = 1;
        rules.closed_days[0].day = d->closed_day;
    }
    shops_draw(run, d, &rules);
    local.deal_count++;
    d->stock = d->stock_copies * d->pieces_each;
    same_refusal(run, "deal_publish", 0, call(run, house_operator, &deal_publish, &rules, &answer));
    d->id = answer.row.deal_id;
    same(run, "copies on sale", d->stock_copies, answer.copies_left);
}

static void open_deals(struct run *run)
{
    int count = 2 + pick(run, 5);
    run->days_pass = chance(run, 50);
    for (int i = 0; i < count && run->wrong == NULL; i++) {
        deal_open(run, 0, false);
    }
}

/* ---- comparing ---- */

static void same_purchase(struct run *run, int index, const struct purchase_row *row)
{
    const struct local_purchase *p = &local.purchases[index];
    same(run, "a purchase", p->id, row->purchase_id);
    same(run, "a purchase's deal", local.deals[p->deal].id, row->deal_id);
    same(run, "a purchase's shopper", id_of(run, p->shopper), row->shopper_id);
    same(run, "a purchase's state", p->state, row->state);
    same(run, "a purchase's amount", p->amount, row->amount_minor);
    same(run, "a purchase's copies", p->copies, row->copies);
    same(run, "when a purchase was paid", p->paid_us, row->paid_at_us);
    same(run, "a purchase's trade", run->trade_ids[p->trade], row->trade_id);
}

static void same_sums(struct run *run, const struct local_day *day)
{
    const struct local_sums *sums = &day->sums;
    struct deal_day_row row = { .deal_id = local.deals[day->deal].id,
                                .shop_id = day->shop < 0 ? 0 : id_of(run, day->shop),
                                .day = day->shop < 0 ? 0 : day->day };
    house_row(&run->house, &deal_day_table, &row);
    same(run, "pieces sold", sums->sold_pieces, row.sold_pieces);
    same(run, "money of what was sold", sums->sold_minor, row.sold_minor);
    same(run, "copies sold", sums->sold_copies, row.sold_copies);
    same(run, "pieces redeemed", sums->redeemed_pieces, row.redeemed_pieces);
    same(run, "money of what was redeemed", sums->redeemed_minor, row.redeemed_minor);
    same(run, "pieces returned", sums->returned_pieces, row.returned_pieces);
    same(run, "money of what was returned", sums->returned_minor, row.returned_minor);
    same(run, "pieces lapsed", sums->lapsed_pieces, row.lapsed_pieces);
    same(run, "money of what lapsed", sums->lapsed_minor, row.lapsed_minor);
    same(run, "money earned", sums->earned_minor, row.earned_minor);
    same(run, "commission", sums->commission_minor, row.commission_minor);
}

static void same_deal(struct run *run, int index)
{
    const struct local_deal *d = &local.deals[index];
    struct deal_row row = { .deal_id = d->id };
    struct deal_day_row sum = { .deal_id = d->id };
    bool there = house_row(&run->house, &deal_table, &row);
    assert(there);
    house_row(&run->house, &deal_day_table, &sum);
    same(run, "a deal's state", d->state, row.state);
    same(run, "whether the platform stopped it", d->stopped, row.stopped);
    same(run, "a group's state", d->group_state, row.group_state);
    same(run, "pieces on sale", d->stock, house_balance(&run->house, d->id, PURPOSE_deal_stock, d->id));
    same(run, "pieces in purchases", d->held, house_balance(&run->house, d->id, PURPOSE_deal_held, d->id));
    same(run, "pieces whose time is over", d->lapsed, house_balance(&run->house, d->id, PURPOSE_lapsed, d->id));
    same(run, "copies put on sale", d->stock_copies, sum.stock_copies);
    same(run, "money that waits for a group", d->awaiting_minor, sum.awaiting_minor);
    same(run, "pieces that wait for a group", d->awaiting_pieces, sum.awaiting_pieces);
    same(run, "people of a group", local_buyers(&run->model, index), sum.buyers);
    for (int i = 0; i < run->model.shop_count; i++) {
        int64_t shop_id = id_of(run, i);
        same(run, "redeemed in a shop", d->redeemed[i], house_balance(&run->house, shop_id, PURPOSE_redeemed, d->id));
        same(run, "set aside for a shop", d->kept[i],
             house_balance(&run->house, shop_id, PURPOSE_offline_quota, d->id));
    }
    for (int i = 0; i < run->model.shopper_count; i++) {
        struct deal_buyer_row buyer = { .deal_id = d->id, .person_id = id_of(run, i) };
        house_row(&run->house, &deal_buyer_table, &buyer);
        same(run, "copies of a person", d->copies[i], buyer.copies);
    }
}

static void same_deals(struct run *run)
{
    for (int i = 0; i < local.deal_count; i++) {
        same_deal(run, i);
    }
    for (int i = 0; i < local.day_count; i++) {
        same_sums(run, &local.days[i]);
    }
    for (int i = 0; i < local.purchase_count; i++) {
        const struct local_purchase *p = &local.purchases[i];
        struct purchase_row row = { .purchase_id = p->id };
        bool there = house_row(&run->house, &purchase_table, &row);
        assert(there);
        same_purchase(run, i, &row);
        same(run, "a trade's escrow", run->model.trades[p->trade].in_escrow,
             house_balance(&run->house, run->trade_ids[p->trade], PURPOSE_escrow, UNIT_CNY));
    }
    if (run->base == 0) {
        same(run, "the platform's fees", local.fees, house_balance(&run->house, 0, PURPOSE_fees, UNIT_CNY));
    }
}

/* ---- calls ---- */

void purchase_note(struct run *run, int index, const struct purchase_row *row)
{
    struct local_purchase *p = &local.purchases[index];
    p->id = row->purchase_id;
    run->trade_ids[p->trade] = row->trade_id;
    same_purchase(run, index, row);
}

static int may_buy(const struct model *m, const struct local_want *want)
{
    const struct local_deal *d = &local.deals[want->deal];
    if (m->shoppers[want->shopper].blocked) {
        return REFUSAL_shopper_blocked;
    }
    int refusal = local_sale_check(m, want->deal);
    return refusal == 0 && d->kind == DEAL_give ? (int)REFUSAL_deal_given : refusal;
}

static void buy(struct run *run)
{
    struct purchase purchase = { 0 };
    struct model *m = &run->model;
    struct local_want want = { .deal = pick(run, local.deal_count), .shopper = pick(run, m->shopper_count),
                               .copies = 1 + pick(run, 4), .pay_later = chance(run, 35), .confirmed = chance(run, 60) };
    int index = -1;
    if (local.purchase_count == LOCAL_PURCHASES || local.voucher_count + 10 > LOCAL_VOUCHERS) {
        return;
    }
    want.seconds = want.pay_later && chance(run, 60) ? 1 + pick(run, chance(run, 30) ? 30000 : 900) : 0;
    struct deal_buy request = { .deal_id = local.deals[want.deal].id, .copies = want.copies,
                                .pay_later = want.pay_later, .confirmed = want.confirmed,
                                .expires_in_s = (int32_t)want.seconds };
    enum refusal till = call(run, house_shopper(id_of(run, want.shopper)), &deal_buy, &request, &purchase);
    /* its id, one of the transfer that sets the pieces aside, then the trade's */
    int64_t trade_id = m->fresh_id + 2 * m->id_step;
    int model = may_buy(m, &want);
    if (model == 0) {
        model = local_buy(m, &want, trade_id, &index);
    }
    same_refusal(run, "deal_buy", model, till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same(run, "the id of a purchase's trade", trade_id, purchase.row.trade_id);
        purchase_note(run, index, &purchase.row);
        same(run, "a purchase's trade's state", m->trades[local.purchases[index].trade].state, purchase.trade_state);
    }
}

static void cancel(struct run *run)
{
    struct purchase purchase;
    if (local.purchase_count == 0) {
        return;
    }
    int index = chance(run, 70) ? local.purchase_count - 1 : pick(run, local.purchase_count);
    const struct local_purchase *p = &local.purchases[index];
    struct caller shopper = house_shopper(id_of(run, p->shopper));
    enum refusal till = call(run, shopper, &purchase_cancel, &p->id, &purchase);
    same_refusal(run, "purchase_cancel", local_purchase_cancel(&run->model, index), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same_purchase(run, index, &purchase.row);
    }
}

static void touch(struct run *run)
{
    struct deal answer;
    struct {
        int64_t deal_id, copies;
    } want;
    int index = pick(run, local.deal_count), which = pick(run, 20), model = 0;
    bool platform = chance(run, 40);
    struct caller merchant = { .kind = CALLER_merchant, .id = id_of(run, local.deals[index].merchant) };
    const struct command *command;
    want.deal_id = local.deals[index].id;
    want.copies = 1 + pick(run, 5);
    command = which < 8 ? &deal_stock_add : which < 12 ? &deal_pause : which < 19 ? &deal_resume : &deal_end;
    enum refusal till = call(run, platform ? house_operator : merchant, command, &want, &answer);
    if (which < 8) {
        model = local_stock_add(&run->model, index, want.copies);
    } else if (which < 12) {
        model = local_pause(&run->model, index, platform);
    } else if (which < 19) {
        model = local_resume(&run->model, index, platform);
    } else {
        local_end(&run->model, index);
    }
    same_refusal(run, command->name, model, till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same(run, "copies left", local.deals[index].stock / local.deals[index].pieces_each, answer.copies_left);
    }
}

static const struct call_kind kinds[] = { { 30, buy }, { 4, cancel }, { 4, touch }, { 0, NULL } };

const struct part deal_part = {
    .name = "deals", .always = true, .calls = kinds, .open = open_deals, .same = same_deals
};
