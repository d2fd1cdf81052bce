/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/wishes.h"

#include <stdio.h>

#include "base/civil.h"
#include "people/app.h"
#include "sim/checks.h"
#include "support/house.h"
#include "till/deposit.h"

/* ---- what clients want ---- */

bool makes_trade(const struct intent *intent)
{
    return intent->command == &trade_pay || intent->command == &trade_create || intent->command == &qr_pay;
}

bool makes_deposit(const struct intent *intent)
{
    return intent->command == &deposit_create;
}

struct intent *wish_done(struct world *world, bool (*wanted)(const struct intent *intent))
{
    int found[INTENTS_MAX], count = 0;
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        if (intent->known && intent->refusal == REFUSAL_none && wanted(intent)) {
            found[count++] = i;
        }
    }
    if (count == 0) {
        return NULL;
    }
    bool new = world_chance(world, 50); /* more comes of what has just begun */
    return &world->intents[found[new ? count - 1 - world_pick(world, (count + 3) / 4) : world_pick(world, count)]];
}

static void wish_pay(struct world *world)
{
    int shop = 1 + world_pick(world, SHOPS);
    struct intent *intent = intent_new(world, house_shop(shop), &trade_pay);
    struct trade_pay want = { .shop_id = shop,
                              .amount_minor = 1 + world_pick(world, world_chance(world, 15) ? 200000 : 900),
                              .code_device_id = 1 + world_pick(world, SHOPPERS),
                              .code_step = world->now_us / US_PER_MINUTE + world_pick(world, 3) - 1 };
    snprintf(want.out_trade_no, sizeof(want.out_trade_no), "n%d", world->intent_count);
    want.royalty_frozen = world_chance(world, 60);
    if (world_chance(world, 30)) { /* of an app, which is told of it and said more */
        want.app_id = APP_ID;
        want.expires_in_s = world_pick(world, 900);
        snprintf(want.detail.passback, sizeof(want.detail.passback), "p%d", world->intent_count);
    }
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_money(struct world *world)
{
    int shopper = 1 + world_pick(world, SHOPPERS);
    bool in = world_chance(world, 70);
    struct intent *intent = intent_new(world, in ? house_operator : house_shopper(shopper),
                                       in ? &wallet_top_up : &wallet_withdraw);
    struct wallet_move want = { .shopper_id = shopper, .amount_minor = 1 + world_pick(world, 3000) };
    intent->amount = in ? want.amount_minor : -want.amount_minor;
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_about_trade(struct world *world)
{
    const struct intent *paid = wish_done(world, makes_trade);
    if (paid == NULL) {
        wish_pay(world);
        return;
    }
    const struct trade_row *trade = (const void *)paid->answer;
    struct intent *intent;
    int which = world_pick(world, 11);
    if (which < 5) {
        struct trade_refund want = { .trade_id = trade->trade_id,
                                     .amount_minor = 1 + world_pick(world, (int)min_i64(trade->list_minor, 100000)) };
        intent = intent_new(world, house_shop(trade->shop_id), &trade_refund);
        snprintf(want.out_request_no, sizeof(want.out_request_no), WISH_REFUND "%d", world->intent_count);
        memcpy(intent->request, &want, sizeof(want));
        return;
    }
    if (which < 6) {
        struct qr_pay want = { .shopper_id = 1 + world_pick(world, SHOPPERS), .qr_kind = 1, .qr_id = trade->trade_id,
                               .confirmed = world_pick(world, 2) };
        intent = intent_new(world, house_shopper(want.shopper_id), &qr_pay);
        memcpy(intent->request, &want, sizeof(want));
        return;
    }
    if (which == 10) {
        struct qr_scan want = { .shopper_id = 1 + world_pick(world, SHOPPERS), .qr_kind = 1, .qr_id = trade->trade_id };
        intent = intent_new(world, house_shopper(want.shopper_id), &qr_scan);
        memcpy(intent->request, &want, sizeof(want));
        return;
    }
    const struct command *command = which < 8 ? &trade_confirm : which < 9 ? &trade_cancel : &trade_decline;
    struct caller caller = command == &trade_cancel ? house_shop(trade->shop_id) : house_shopper(trade->shopper_id);
    intent = intent_new(world, caller, command);
    memcpy(intent->request, &trade->trade_id, sizeof(trade->trade_id));
}

static void wish_qr(struct world *world)
{
    int shop = 1 + world_pick(world, SHOPS);
    if (world_chance(world, 50)) {
        struct intent *intent = intent_new(world, house_shop(shop), &trade_create);
        struct trade_create want = { .shop_id = shop, .amount_minor = 1 + world_pick(world, 900),
                                     .expires_in_s = 1 + world_pick(world, 900) };
        snprintf(want.out_trade_no, sizeof(want.out_trade_no), "n%d", world->intent_count);
        memcpy(intent->request, &want, sizeof(want));
        return;
    }
    int shopper = 1 + world_pick(world, SHOPPERS);
    struct intent *intent = intent_new(world, house_shopper(shopper), &qr_pay);
    struct qr_pay want = { .shopper_id = shopper, .qr_kind = 2, .qr_id = shop,
                           .amount_minor = 1 + world_pick(world, 900) };
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_deposit(struct world *world)
{
    const struct intent *made = world_chance(world, 55) ? wish_done(world, makes_deposit) : NULL;
    if (made == NULL) {
        struct deposit_want want = { .shopper_id = 1 + world_pick(world, SHOPPERS),
                                     .shop_id = 1 + world_pick(world, SHOPS),
                                     .amount_minor = 1 + world_pick(world, 2500),
                                     .lapses_in_s = world_pick(world, 900),
                                     .confirmed = world_chance(world, 50) };
        struct intent *intent = intent_new(world, house_shopper(want.shopper_id), &deposit_create);
        assert(deposit_create.request->size == sizeof(want));
        memcpy(intent->request, &want, sizeof(want));
        return;
    }
    const struct hold_row *hold = (const void *)made->answer;
    struct deposit_end_want want = { .hold_id = hold->hold_id,
                                     .amount_minor = 1 + world_pick(world, (int)hold->amount) };
    const struct command *command = world_chance(world, 60) ? &deposit_capture : &deposit_release;
    struct intent *intent = intent_new(world, house_shop(hold->reference_id), command);
    assert(command->request->size <= sizeof(want));
    memcpy(intent->request, &want, command->request->size);
}

/* Shares of a trade for others, or money into a wallet. */
static void wish_share(struct world *world)
{
    const struct intent *paid = world_chance(world, 65) ? wish_done(world, makes_trade) : NULL;
    if (paid != NULL) {
        const struct trade_row *trade = (const void *)paid->answer;
        struct trade_settle want = { .trade_id = trade->trade_id, .finish = world_chance(world, 10), .lines_count = 2 };
        struct intent *intent = intent_new(world, house_operator, &trade_settle);
        snprintf(want.out_request_no, sizeof(want.out_request_no), "s%d", world->intent_count);
        for (int i = 0; i < want.lines_count; i++) {
            want.lines[i].kind = 1 + world_pick(world, 3);
            want.lines[i].id = want.lines[i].kind == PARTY_merchant ? 1 : 1 + world_pick(world, SHOPS);
            want.lines[i].amount_minor = world_pick(world, 1 + (int)min_i64(trade->list_minor / 8, 1000));
            want.lines[i].percent = 1 + world_pick(world, 9);
        }
        memcpy(intent->request, &want, sizeof(want));
        return;
    }
    bool sends = world_chance(world, 50);
    struct wallet_transfer want = { .payee_id = 1 + world_pick(world, SHOPPERS),
                                    .amount_minor = 1 + world_pick(world, 400) };
    int64_t payer = 1 + world_pick(world, SHOPS);
    *(sends ? &want.shopper_id : &want.shop_id) = payer;
    struct intent *intent = intent_new(world, sends ? house_shopper(payer) : house_operator,
                                       sends ? &wallet_send : &wallet_transfer);
    snprintf(want.out_biz_no, sizeof(want.out_biz_no), "b%d", world->intent_count);
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_campaign(struct world *world)
{
    int64_t campaign = 1 + world_pick(world, CAMPAIGNS);
    if (world_chance(world, 60)) {
        struct intent *intent = intent_new(world, house_operator, &campaign_fund);
        struct campaign_fund want = { campaign, 1 + world_pick(world, 500), world_pick(world, 500) };
        intent->amount = want.platform_minor + want.merchant_minor;
        memcpy(intent->request, &want, sizeof(want));
        return;
    }
    const struct command *command = world_chance(world, 40) ? &campaign_pause : &campaign_resume;
    struct intent *intent = intent_new(world, house_operator, command);
    memcpy(intent->request, &campaign, sizeof(campaign));
}

static const struct wish_kind kinds[] = {
    { 32, wish_pay },         { 8, wish_share }, { 8, wish_deposit },  { 12, wish_money },
    { 22, wish_about_trade }, { 11, wish_qr },   { 7, wish_campaign }, { 0, NULL },
};

/* ---- what there is at the beginning ---- */

struct intent *set_up_call(struct world *world, struct caller caller, const struct command *command,
                           const void *request, int64_t amount)
{
    struct intent *intent = intent_new(world, caller, command);
    memcpy(intent->request, request, command->request->size);
    intent->amount = amount;
    bool asked = intent_ask(world, intent);
    assert(asked);
    world_settle(world);
    if (intent->refusal != REFUSAL_none) {
        world_wrong(world, command->name, refusal_text((int)intent->refusal)->name);
    }
    return intent;
}

static void set_up_till(struct world *world)
{
    struct merchant_create merchant = { .merchant_id = 1 };
    set_up_call(world, house_operator, &merchant_create, &merchant, 0);
    for (int i = 1; i <= SHOPS; i++) {
        struct shop_create shop = { .shop_id = i, .merchant_id = 1 };
        set_up_call(world, house_operator, &shop_create, &shop, 0);
    }
    struct app_create app = { .app_id = APP_ID, .merchant_id = 1, .shop_id = 1, .name = "POS",
                              .notify_url = "https://pos.example.org/n" };
    set_up_call(world, house_operator, &app_create, &app, 0);
    for (int i = 1; i <= SHOPPERS; i++) {
        struct shopper_create shopper = { .shopper_id = i, .person_id = i == 2 ? 1 : i,
                                          .no_password_limit_minor = i == 3 ? 300 : 5000 };
        struct paycode_issue device = { .shopper_id = i, .device_id = i };
        struct wallet_move money = { .shopper_id = i, .amount_minor = 5000 };
        set_up_call(world, house_operator, &shopper_create, &shopper, 0);
        set_up_call(world, house_operator, &paycode_issue, &device, 0);
        set_up_call(world, house_operator, &wallet_top_up, &money, 5000);
    }
    struct royalty_bind bind = { .merchant_id = 1, .receivers_count = 1 + 2 * SHOPS };
    bind.receivers[0] = (struct royalty_receiver){ .kind = PARTY_merchant, .id = 1 };
    for (int i = 1; i <= SHOPS; i++) {
        bind.receivers[2 * i - 1] = (struct royalty_receiver){ .kind = PARTY_shop, .id = i };
        bind.receivers[2 * i] = (struct royalty_receiver){ .kind = PARTY_shopper, .id = i };
    }
    set_up_call(world, house_operator, &royalty_bind, &bind, 0);
    for (int i = 1; i <= CAMPAIGNS; i++) {
        struct campaign_rules rules = { .campaign_id = i,
                                        .kind = i == 1 ? CAMPAIGN_percentage : CAMPAIGN_random_cut,
                                        .percent_bp = 5000,
                                        .amount_minor = 20,
                                        .low_minor = 1,
                                        .high_minor = 100,
                                        .combines = 1,
                                        .seed = (int64_t)world->seed,
                                        .uses_per_person = i == 1 ? 4 : 0,
                                        .day_budget_minor = 3000,
                                        .merchant_share_bp = 3000,
                                        .at_budget_end = i,
                                        .starts_at_us = HOUSE_NOON_US - US_PER_DAY,
                                        .ends_at_us = HOUSE_NOON_US + 9 * US_PER_DAY,
                                        .targets_count = 1,
                                        .targets = { { TARGET_all, 0 } } };
        struct campaign_fund fund = { i, 1500, 700 };
        set_up_call(world, house_operator, &campaign_create, &rules, 0);
        set_up_call(world, house_operator, &campaign_fund, &fund, 2200);
    }
}

const struct area till_area = { .name = "till", .wishes = kinds, .set_up = set_up_till, .check = till_check };
