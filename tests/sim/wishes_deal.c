/* SPDX-License-Identifier: Apache-2.0 */
/* Deals and vouchers: what was bought is there once, and so is what was redeemed of it, whatever happened. */
#include <stdio.h>

#include "base/civil.h"
#include "lines/local/deal.h"
#include "lines/local/voucher.h"
#include "sim/wishes.h"
#include "support/house.h"

#define DEALS 4
#define CARD_PIECES 3

static int64_t deal_id_of(int index)
{
    return DEAL_ID_LEAST + index;
}

/* ---- what there is ---- */

/* A voucher, a card of visits, a card with a value, and a group's. */
static void deal_set_up(struct world *world, int index)
{
    static const enum deal_kind kinds[DEALS] = { DEAL_voucher, DEAL_times, DEAL_stored_value, DEAL_group };
    bool group = kinds[index] == DEAL_group;
    int64_t hours = 1 + world_pick(world, 6);
    struct deal_rules rules = { .deal_id = deal_id_of(index), .shop_id = 1 + index % SHOPS,
                                .kind = (int32_t)kinds[index], .title = "a deal",
                                .price_minor = 90 + world_pick(world, 300), .stock = 2 + world_pick(world, 6),
                                .sale_until_us = world->now_us + hours * US_PER_HOUR,
                                .valid_until_us = world->now_us + (hours + 1) * US_PER_HOUR,
                                .copies_per_person = world_pick(world, 4), .commission_bp = 777,
                                .refund = 1 + world_pick(world, 3), .seed = (int64_t)world->seed, .parts_count = 1,
                                .shops_count = 2, .group_least = group ? 2 : 0 };
    rules.lapse_refunds = rules.refund != DEAL_REFUND_never && world_chance(world, 50);
    rules.face_minor = kinds[index] == DEAL_stored_value ? 500 : 0;
    rules.group_until_us = group ? world->now_us + (30 + world_pick(world, 30)) * US_PER_MINUTE : 0;
    rules.parts[0] = (struct deal_part){ .merchant_id = 1, .name = "a part", .share_minor = rules.price_minor,
                                         .pieces = kinds[index] == DEAL_times ? CARD_PIECES : 1 };
    rules.shops[0].shop_id = rules.shop_id;
    rules.shops[1].shop_id = 1 + (index + 1) % SHOPS;
    set_up_call(world, house_operator, &deal_publish, &rules, 0);
}

static void deals_set_up(struct world *world)
{
    for (int i = 0; i < DEALS; i++) {
        deal_set_up(world, i);
    }
}

/* ---- what is wanted ---- */

static bool makes_purchase(const struct intent *intent)
{
    return intent->command == &deal_buy;
}

static bool shows_voucher(const struct intent *intent)
{
    return intent->command == &voucher_query;
}

static bool redeems(const struct intent *intent)
{
    return intent->command == &voucher_redeem;
}

static void wish_buy(struct world *world)
{
    struct deal_buy want = { .deal_id = deal_id_of(world_pick(world, DEALS)), .copies = 1 + world_pick(world, 2),
                             .pay_later = world_chance(world, 30), .confirmed = world_chance(world, 80),
                             .expires_in_s = 1 + world_pick(world, 900) };
    struct intent *intent = intent_new(world, house_shopper(1 + world_pick(world, SHOPPERS)), &deal_buy);
    memcpy(intent->request, &want, sizeof(want));
}

/* Pays it after all, or calls it off. */
static void wish_about_purchase(struct world *world)
{
    const struct intent *bought = wish_done(world, makes_purchase);
    if (bought == NULL) {
        wish_buy(world);
        return;
    }
    const struct purchase *purchase = (const void *)bought->answer;
    struct caller shopper = house_shopper(purchase->row.shopper_id);
    if (world_chance(world, 70)) {
        struct intent *intent = intent_new(world, shopper, &trade_confirm);
        memcpy(intent->request, &purchase->row.trade_id, sizeof(purchase->row.trade_id));
        return;
    }
    bool refund = world_chance(world, 30); /* which is refused: vouchers are returned where they were sold */
    struct intent *intent = intent_new(world, refund ? house_shop(purchase->row.shop_id) : shopper,
                                       refund ? &trade_cancel : &purchase_cancel);
    memcpy(intent->request, refund ? &purchase->row.trade_id : &purchase->row.purchase_id, sizeof(int64_t));
}

/* Looks at one; only its holder is shown the code. */
static void wish_look(struct world *world)
{
    const struct intent *bought = wish_done(world, makes_purchase);
    const struct purchase *purchase = bought == NULL ? NULL : (const void *)bought->answer;
    if (purchase == NULL || purchase->row.voucher_id == 0) {
        wish_buy(world);
        return;
    }
    bool holder = world_chance(world, 80);
    int64_t shopper = holder ? purchase->row.shopper_id : 1 + world_pick(world, SHOPPERS);
    struct intent *intent = intent_new(world, house_shopper(shopper), &voucher_query);
    memcpy(intent->request, &purchase->row.voucher_id, sizeof(int64_t));
}

static void wish_redeem(struct world *world)
{
    const struct intent *shown = wish_done(world, shows_voucher);
    if (shown == NULL) {
        wish_look(world);
        return;
    }
    const struct voucher *voucher = (const void *)shown->answer;
    int64_t shop = 1 + (voucher->row.deal_id - DEAL_ID_LEAST + world_pick(world, 2)) % SHOPS;
    struct voucher_redeem want = { .shop_id = shop, .codes_count = 1 };
    memcpy(want.codes[0].code, voucher->row.code, sizeof(voucher->row.code));
    if (voucher->row.face_minor > 0) {
        want.codes[0].amount_minor = world_chance(world, 20) ? 500 : 1 + world_pick(world, 250);
    } else {
        want.codes[0].pieces = world_pick(world, 3);
    }
    struct intent *intent = intent_new(world, house_shop(shop), &voucher_redeem);
    memcpy(intent->request, &want, sizeof(want));
}

static bool tells(const struct intent *intent)
{
    return intent->command == &voucher_reconcile;
}

static int64_t shop_of(struct world *world, int64_t deal_id)
{
    return 1 + (deal_id - DEAL_ID_LEAST + world_pick(world, 2)) % SHOPS;
}

/* A shop lets its tills take some of a deal without a network. */
static void wish_reserve(struct world *world)
{
    int64_t deal_id = deal_id_of(world_pick(world, DEALS));
    struct voucher_quota_reserve want = { .shop_id = shop_of(world, deal_id), .deal_id = deal_id,
                                          .pieces = 1 + world_pick(world, 6),
                                          .accept_in_s = 60 + world_pick(world, 9000) };
    struct intent *intent = intent_new(world, house_shop(want.shop_id), &voucher_quota_reserve);
    memcpy(intent->request, &want, sizeof(want));
}

/* The holder has one set aside, or the shop gives it back. */
static void wish_keep(struct world *world)
{
    const struct intent *shown = wish_done(world, shows_voucher);
    if (shown == NULL) {
        wish_reserve(world);
        return;
    }
    const struct voucher *voucher = (const void *)shown->answer;
    struct voucher_keep want = { voucher->row.voucher_id, shop_of(world, voucher->row.deal_id) };
    bool keeps = world_chance(world, 75);
    struct intent *intent = intent_new(world, keeps ? house_shopper(voucher->row.holder_id) : house_shop(want.shop_id),
                                       keeps ? &voucher_keep : &voucher_unkeep);
    memcpy(intent->request, &want, intent->command->request->size);
}

/* A till tells what it took, or once more what it told. */
static void wish_tell(struct world *world)
{
    const struct intent *shown = wish_done(world, shows_voucher), *told = wish_done(world, tells);
    if (shown == NULL) {
        wish_look(world);
        return;
    }
    const struct voucher *voucher = (const void *)shown->answer;
    struct voucher_reconcile want = { .shop_id = shop_of(world, voucher->row.deal_id), .taken_count = 1 };
    memcpy(want.taken[0].code, voucher->row.code, sizeof(voucher->row.code));
    want.taken[0].amount_minor = voucher->row.face_minor > 0 ? 1 + world_pick(world, 250) : 0;
    want.taken[0].pieces = voucher->row.face_minor > 0 ? 0 : 1;
    want.taken[0].accepted_at_us = world->now_us - world_pick(world, 600) * US_PER_SECOND;
    if (told != NULL && world_chance(world, 40)) {
        memcpy(&want, told->request, sizeof(want));
    }
    struct intent *intent = intent_new(world, house_shop(want.shop_id), &voucher_reconcile);
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_review(struct world *world)
{
    const struct intent *shown = wish_done(world, shows_voucher);
    if (shown == NULL) {
        wish_look(world);
        return;
    }
    const struct voucher *voucher = (const void *)shown->answer;
    struct review_write want = { .voucher_id = voucher->row.voucher_id, .stars = 1 + world_pick(world, 5),
                                 .text = "as it was" };
    struct intent *intent = intent_new(world, house_shopper(voucher->row.holder_id), &review_write);
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_undo(struct world *world)
{
    const struct intent *done = wish_done(world, redeems);
    if (done == NULL) {
        wish_redeem(world);
        return;
    }
    const struct voucher_redeem *asked = (const void *)done->request;
    const struct voucher_redeemed_list *list = (const void *)done->answer;
    struct intent *intent = intent_new(world, house_shop(asked->shop_id), &voucher_undo);
    memcpy(intent->request, &list->redemptions[0].redemption_id, sizeof(int64_t));
}

static void wish_about_voucher(struct world *world)
{
    const struct intent *shown = wish_done(world, shows_voucher);
    if (shown == NULL) {
        wish_look(world);
        return;
    }
    const struct voucher *voucher = (const void *)shown->answer;
    bool gives = world_chance(world, 50);
    struct voucher_give give = { .voucher_id = voucher->row.voucher_id,
                                 .to_shopper_id = 1 + world_pick(world, SHOPPERS) };
    struct voucher_return back = { .voucher_id = voucher->row.voucher_id, .pieces = world_pick(world, 2) };
    struct intent *intent = intent_new(world, house_shopper(voucher->row.holder_id),
                                       gives ? &voucher_give : &voucher_return);
    memcpy(intent->request, gives ? (const void *)&give : (const void *)&back, gives ? sizeof(give) : sizeof(back));
}

static void wish_stock(struct world *world)
{
    struct {
        int64_t deal_id, copies;
    } want = { deal_id_of(world_pick(world, DEALS)), 1 + world_pick(world, 3) };
    int which = world_pick(world, 20);
    const struct command *command =
        which < 10 ? &deal_stock_add : which < 14 ? &deal_pause : which < 19 ? &deal_resume : &deal_end;
    struct intent *intent = intent_new(world, house_operator, command);
    assert(command->request->size <= sizeof(want));
    memcpy(intent->request, &want, command->request->size);
}

/* ---- what must be there ---- */

struct counts {
    int64_t purchases, trades, redemptions, undone, gross_minor, told, conflicts;
    int64_t late, now_us; /* late: what should have ended by itself */
};

static bool count_purchase(void *context, const void *row)
{
    ((struct counts *)context)->purchases += ((const struct purchase_row *)row)->give_id == 0;
    return true;
}

static bool count_redemption(void *context, const void *row)
{
    const struct redemption_row *redemption = row;
    struct counts *counts = context;
    counts->undone += redemption->state == REDEMPTION_undone;
    counts->told += redemption->offline;
    if (redemption->offline == 0) {
        counts->redemptions++;
        counts->gross_minor += redemption->gross_minor;
    }
    return true;
}

static bool count_conflict(void *context, const void *row)
{
    (void)row;
    ((struct counts *)context)->conflicts++;
    return true;
}

static bool count_voucher(void *context, const void *row)
{
    const struct voucher_row *voucher = row;
    struct counts *counts = context;
    counts->late += voucher->state == VOUCHER_open && voucher->due_us <= counts->now_us;
    return true;
}

static bool count_deal(void *context, const void *row)
{
    const struct deal_row *deal = row;
    struct counts *counts = context;
    counts->late += deal->group_state == GROUP_open && deal->group_until_us <= counts->now_us;
    return true;
}

/* The same redemption may be the answer to several tills that told it, or to one that told it again. */
static void count_told(const struct world *world, struct counts *answered)
{
    int64_t seen[INTENTS_MAX];
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        if (!tells(intent) || !intent->known || intent->refusal != REFUSAL_none) {
            continue;
        }
        const struct voucher_reconciled_list *list = (const void *)intent->answer;
        bool again = false;
        for (int64_t j = 0; j < answered->told; j++) {
            again = again || seen[j] == list->taken[0].redemption_id;
        }
        answered->conflicts += list->taken[0].redemption_id == 0;
        if (list->taken[0].redemption_id != 0 && !again) {
            seen[answered->told++] = list->taken[0].redemption_id;
        }
    }
}

/* What was answered is written; each is of what somebody paid, which the audit sees. */
static void reviews_check(struct world *world)
{
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        if (intent->command == &review_write && intent->known && intent->refusal == REFUSAL_none) {
            const struct review_row *told = (const void *)intent->answer;
            struct review_row row = { .voucher_id = told->voucher_id };
            if (!world_find(world, &review_table, &row) || row.stars != told->stars) {
                world_wrong(world, "reviews", "one that was answered is missing");
            }
        }
    }
}

static void count_answers(const struct world *world, struct counts *answered)
{
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        if (!intent->known || intent->refusal != REFUSAL_none) {
            continue;
        }
        answered->purchases += intent->command == &deal_buy;
        answered->undone += intent->command == &voucher_undo;
        if (intent->command == &voucher_redeem) {
            const struct voucher_redeemed_list *list = (const void *)intent->answer;
            answered->redemptions += list->redemptions_count;
            answered->gross_minor += list->redemptions[0].gross_minor;
        }
    }
}

static void check(struct world *world)
{
    static const struct {
        const struct table *table;
        scan_row *count;
    } scans[] = { { &purchase_table, count_purchase },
                  { &redemption_table, count_redemption },
                  { &conflict_table, count_conflict },
                  { &voucher_table, count_voucher },
                  { &deal_table, count_deal } };
    struct counts found = { .now_us = world->now_us - (world->shared != NULL ? 20 * US_PER_SECOND : 0) };
    struct counts answered = { 0 };
    count_answers(world, &answered);
    count_told(world, &answered);
    reviews_check(world);
    for (size_t i = 0; i < COUNT_OF(scans); i++) {
        enum status status = world_scan(world, scans[i].table, scans[i].count, &found);
        assert(status == STATUS_ok);
    }
    if (found.purchases != answered.purchases) {
        world_wrong(world, "purchases", "they are not those that were answered");
    }
    if (found.redemptions != answered.redemptions || found.undone != answered.undone ||
        found.gross_minor != answered.gross_minor) {
        world_wrong(world, "redemptions", "they are not those that were answered");
    }
    if (found.told != answered.told || found.conflicts != answered.conflicts) {
        world_wrong(world, "reconciliations", "they are not those that were answered");
    }
    if (found.late > 0) {
        world_wrong(world, "vouchers", "one did not lapse, or a group was not settled in time");
    }
}

static const struct wish_kind kinds[] = {
    { 16, wish_buy }, { 8, wish_about_purchase }, { 14, wish_look }, { 18, wish_redeem },
    { 6, wish_undo }, { 8, wish_about_voucher },  { 3, wish_stock }, { 5, wish_reserve },
    { 8, wish_keep }, { 8, wish_tell },           { 4, wish_review }, { 0, NULL },
};

const struct area deal_area = { .name = "deals", .wishes = kinds, .set_up = deals_set_up, .check = check };
