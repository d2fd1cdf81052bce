/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of short lives of a till: random clients, a store that crashes before any write and around the
 * sync, answers that get lost and requests that are repeated. After each life: every answered call is there
 * once, every unanswered one once or not at all, the same request gets the same bytes, the sums agree with
 * what was answered, and the books hold. Prints TAP.
 *
 *   sim_run                          for --seconds 25
 *   sim_run --seeds 100000 --from 1  so many lives
 *   sim_run --from S --seeds 1       one life again
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/os_clock.h"
#include "people/app.h"
#include "sim/world.h"
#include "support/house.h"
#include "till/deposit.h"

#define SHOPPERS 5
#define SHOPS 3
#define CAMPAIGNS 2
#define WISH_REFUND "wish-" /* begins the numbers of refunds that clients want; a cancel gives its own */
#define APP_ID INT64_C(2021000000000001)
#define WISHES 60 /* of all clients of one life */

/* ---- what clients want ---- */

static bool makes_trade(const struct intent *intent)
{
    return intent->command == &trade_pay || intent->command == &trade_create || intent->command == &qr_pay;
}

static bool makes_deposit(const struct intent *intent)
{
    return intent->command == &deposit_create;
}

/* One of the things that went through; NULL when none is found soon. */
static struct intent *one_done(struct world *world, bool (*wanted)(const struct intent *intent))
{
    for (int tries = 0; tries < 12; tries++) {
        struct intent *intent = &world->intents[world_pick(world, world->intent_count)];
        if (wanted(intent) && intent->known && intent->refusal == REFUSAL_none) {
            return intent;
        }
    }
    return NULL;
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
    const struct intent *paid = one_done(world, makes_trade);
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

/* Members of the requests, whose structs are the till's own. */
struct deposit_want {
    int64_t shopper_id, shop_id, amount_minor;
    int32_t lapses_in_s;
};
struct deposit_end_want {
    int64_t hold_id, amount_minor;
};

static void wish_deposit(struct world *world)
{
    const struct intent *made = world_chance(world, 55) ? one_done(world, makes_deposit) : NULL;
    if (made == NULL) {
        struct deposit_want want = { .shopper_id = 1 + world_pick(world, SHOPPERS),
                                     .shop_id = 1 + world_pick(world, SHOPS),
                                     .amount_minor = 1 + world_pick(world, 2500),
                                     .lapses_in_s = world_pick(world, 900) };
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
    const struct intent *paid = world_chance(world, 65) ? one_done(world, makes_trade) : NULL;
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

static void wish(struct world *world)
{
    int which = world_pick(world, 100);
    if (which < 32) {
        wish_pay(world);
    } else if (which < 40) {
        wish_share(world);
    } else if (which < 48) {
        wish_deposit(world);
    } else if (which < 60) {
        wish_money(world);
    } else if (which < 82) {
        wish_about_trade(world);
    } else if (which < 93) {
        wish_qr(world);
    } else {
        wish_campaign(world);
    }
}

/* ---- one life ---- */

static void set_up_call(struct world *world, const struct command *command, const void *request, int64_t amount)
{
    struct intent *intent = intent_new(world, house_operator, command);
    memcpy(intent->request, request, command->request->size);
    intent->amount = amount;
    bool asked = intent_ask(world, intent);
    assert(asked);
    world_settle(world);
    if (intent->refusal != REFUSAL_none) {
        world_wrong(world, command->name, refusal_text((int)intent->refusal)->name);
    }
}

static void set_up(struct world *world)
{
    struct merchant_create merchant = { .merchant_id = 1 };
    set_up_call(world, &merchant_create, &merchant, 0);
    for (int i = 1; i <= SHOPS; i++) {
        struct shop_create shop = { .shop_id = i, .merchant_id = 1 };
        set_up_call(world, &shop_create, &shop, 0);
    }
    struct app_create app = { .app_id = APP_ID, .merchant_id = 1, .shop_id = 1, .name = "POS",
                              .notify_url = "https://pos.example.org/n" };
    set_up_call(world, &app_create, &app, 0);
    for (int i = 1; i <= SHOPPERS; i++) {
        struct shopper_create shopper = { .shopper_id = i, .person_id = i == 2 ? 1 : i,
                                          .no_password_limit_minor = i == 3 ? 300 : 5000 };
        struct paycode_issue device = { .shopper_id = i, .device_id = i };
        struct wallet_move money = { .shopper_id = i, .amount_minor = 5000 };
        set_up_call(world, &shopper_create, &shopper, 0);
        set_up_call(world, &paycode_issue, &device, 0);
        set_up_call(world, &wallet_top_up, &money, 5000);
    }
    struct royalty_bind bind = { .merchant_id = 1, .receivers_count = 1 + 2 * SHOPS };
    bind.receivers[0] = (struct royalty_receiver){ .kind = PARTY_merchant, .id = 1 };
    for (int i = 1; i <= SHOPS; i++) {
        bind.receivers[2 * i - 1] = (struct royalty_receiver){ .kind = PARTY_shop, .id = i };
        bind.receivers[2 * i] = (struct royalty_receiver){ .kind = PARTY_shopper, .id = i };
    }
    set_up_call(world, &royalty_bind, &bind, 0);
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
        set_up_call(world, &campaign_create, &rules, 0);
        set_up_call(world, &campaign_fund, &fund, 2200);
    }
}

/* A client that has its answer wants something else; one that waits too long asks again. */
static void client_act(struct world *world, int client, int *wishes)
{
    int index = world->client_intent[client];
    if (index < 0 || world->intents[index].state == INTENT_settled) {
        if (*wishes > 0) {
            (*wishes)--;
            wish(world);
            world->client_intent[client] = world->intent_count - 1;
            intent_ask(world, &world->intents[world->intent_count - 1]);
        }
        return;
    }
    if (world_chance(world, 8) && world->intents[index].attempts < 6) {
        intent_ask(world, &world->intents[index]);
    }
}

static void live(struct world *world)
{
    int wishes = WISHES;
    world->calm = false;
    for (int i = 0; i < 1200 && world->wrong == NULL; i++) {
        client_act(world, world_pick(world, CLIENTS), &wishes);
        int happenings = world_pick(world, 4);
        for (int j = 0; j < happenings; j++) {
            world_happen(world);
        }
    }
}

/* ---- afterwards ---- */

static void ask_all_again(struct world *world)
{
    for (int round = 0; round < 2; round++) { /* the second finds every answer kept */
        for (int i = 0; i < world->intent_count; i++) {
            bool asked = intent_ask(world, &world->intents[i]);
            assert(asked);
            world_settle(world);
        }
    }
}

struct counts {
    int64_t trades, refunds, deposits, taken_minor;
    int64_t settles, settled_minor, transfers, transferred_minor;
    int64_t details, app_paid, notices; /* of the app's trades: what was said, those paid, those told as paid */
    bool overdue; /* a deposit that is open although its time is up */
    int64_t now_us;
};

static bool count_trade(void *context, const void *row)
{
    const struct trade_row *trade = row;
    struct counts *counts = context;
    counts->trades++;
    counts->app_paid += trade->app_id == APP_ID && trade->paid_at_us != 0;
    return true;
}

static bool count_detail(void *context, const void *row)
{
    const struct trade_detail_row *detail = row;
    ((struct counts *)context)->details += detail->detail.passback[0] == 'p';
    return true;
}

static bool count_notice(void *context, const void *row)
{
    const struct delivery_row *delivery = row;
    ((struct counts *)context)->notices += delivery->app_id == APP_ID && delivery->topic == TOPIC_trade_paid;
    return true;
}

static bool count_refund(void *context, const void *row)
{
    const struct refund_row *refund = row;
    ((struct counts *)context)->refunds += strncmp(refund->out_request_no, WISH_REFUND, sizeof(WISH_REFUND) - 1) == 0;
    return true;
}

static bool count_deposit(void *context, const void *row)
{
    const struct hold_row *hold = row;
    struct counts *counts = context;
    counts->deposits++;
    counts->taken_minor += hold->captured;
    counts->overdue = counts->overdue || (hold->state == HOLD_open && hold->lapses_at_us <= counts->now_us);
    return true;
}

/* As many deposits as were answered, as much taken from them, and nothing set aside for longer than was said. */
static void deposits_check(struct world *world)
{
    struct counts found = { .now_us = world->now_us }, answered = { 0 };
    struct store *memory = world->shaky.memory;
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        bool through = intent->known && intent->refusal == REFUSAL_none;
        const struct deposit_end_want *end = (const void *)intent->request;
        answered.deposits += through && makes_deposit(intent);
        answered.taken_minor += through && intent->command == &deposit_capture ? end->amount_minor : 0;
    }
    enum status status = memory->ops->scan(memory, &hold_table, (struct span){ NULL, 0 }, count_deposit, &found);
    assert(status == STATUS_ok);
    if (found.deposits != answered.deposits) {
        world_wrong(world, "deposits",
                    found.deposits > answered.deposits ? "more than were answered" : "some are missing");
    }
    if (found.taken_minor != answered.taken_minor) {
        world_wrong(world, "deposits", "what was taken is not what was answered");
    }
    if (found.overdue) {
        world_wrong(world, "deposits", "one did not return by itself");
    }
}

static bool count_settle(void *context, const void *row)
{
    const struct settle_row *settle = row;
    struct counts *counts = context;
    counts->settles++;
    counts->settled_minor += settle->amount_minor;
    return true;
}

static bool count_transfer(void *context, const void *row)
{
    const struct wallet_transfer_row *transfer = row;
    struct counts *counts = context;
    counts->transfers++;
    counts->transferred_minor += transfer->amount_minor;
    return true;
}

/* As many settlements and transfers as were answered, of as much. */
static void shares_check(struct world *world)
{
    struct counts found = { 0 }, answered = { 0 };
    struct store *memory = world->shaky.memory;
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        bool through = intent->known && intent->refusal == REFUSAL_none;
        if (through && intent->command == &trade_settle) {
            count_settle(&answered, intent->answer);
        } else if (through && (intent->command == &wallet_transfer || intent->command == &wallet_send)) {
            count_transfer(&answered, intent->answer);
        }
    }
    enum status status = memory->ops->scan(memory, &settle_table, (struct span){ NULL, 0 }, count_settle, &found);
    assert(status == STATUS_ok);
    status = memory->ops->scan(memory, &wallet_transfer_table, (struct span){ NULL, 0 }, count_transfer, &found);
    assert(status == STATUS_ok);
    if (found.settles != answered.settles || found.settled_minor != answered.settled_minor) {
        world_wrong(world, "settlements", "they are not those that were answered");
    }
    if (found.transfers != answered.transfers || found.transferred_minor != answered.transferred_minor) {
        world_wrong(world, "transfers", "they are not those that were answered");
    }
}

/* As many trades and refunds as were answered, and as much money as came in and did not go out. */
static void sums_check(struct world *world)
{
    struct counts found = { 0 }, answered = { 0 };
    struct store *memory = world->shaky.memory;
    int64_t money = 0;
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        bool through = intent->known && intent->refusal == REFUSAL_none;
        const struct qr_pay *scan = (const void *)intent->request;
        bool opens = intent->command == &trade_pay || intent->command == &trade_create ||
                     (intent->command == &qr_pay && scan->qr_kind == 2);
        answered.trades += through && opens;
        answered.refunds += through && intent->command == &trade_refund;
        money += through ? intent->amount : 0;
    }
    enum status status = memory->ops->scan(memory, &trade_table, (struct span){ NULL, 0 }, count_trade, &found);
    assert(status == STATUS_ok);
    status = memory->ops->scan(memory, &refund_table, (struct span){ NULL, 0 }, count_refund, &found);
    assert(status == STATUS_ok);
    if (found.trades != answered.trades) {
        world_wrong(world, "trades", found.trades > answered.trades ? "more than were answered" : "some are missing");
    }
    if (found.refunds != answered.refunds) {
        world_wrong(world, "refunds",
                    found.refunds > answered.refunds ? "more than were answered" : "some are missing");
    }
    struct house house = { .store = memory };
    if (house_balance(&house, 0, PURPOSE_clearing, UNIT_CNY) != -money) {
        world_wrong(world, "money", "the bank's account is not what was answered");
    }
}

/* Each trade of the app keeps what was said of it, and each payment of one is told once. */
static void app_check(struct world *world)
{
    struct counts found = { 0 };
    struct store *memory = world->shaky.memory;
    int64_t answered = 0;
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        const struct trade_pay *pay = (const void *)intent->request;
        answered += intent->command == &trade_pay && pay->app_id == APP_ID && intent->known &&
                    intent->refusal == REFUSAL_none;
    }
    struct span all = { NULL, 0 };
    bool read = memory->ops->scan(memory, &trade_table, all, count_trade, &found) == STATUS_ok &&
                memory->ops->scan(memory, &trade_detail_table, all, count_detail, &found) == STATUS_ok &&
                memory->ops->scan(memory, &delivery_table, all, count_notice, &found) == STATUS_ok;
    assert(read);
    if (found.details != answered) {
        world_wrong(world, "details", found.details > answered ? "more than were answered" : "some are missing");
    }
    if (found.notices != found.app_paid) {
        world_wrong(world, "notices", found.notices > found.app_paid ? "one was told twice" : "one was not told");
    }
}

/* No two calls were decided at the same time. */
static int time_order(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void times_check(struct world *world)
{
    int64_t times[INTENTS_MAX];
    size_t count = 0;
    for (int i = 0; i < world->intent_count; i++) {
        if (world->intents[i].known) {
            times[count++] = world->intents[i].decided_at_us;
        }
    }
    qsort(times, count, sizeof(times[0]), time_order);
    for (size_t i = 1; i < count; i++) {
        if (times[i] == times[i - 1]) {
            world_wrong(world, "time", "two calls were decided at the same moment");
        }
    }
}

static void audit_check(struct world *world)
{
    struct audit_report report;
    struct reader *reader = store_reader_open(world->shaky.memory);
    enum status status = audit_run(reader, NULL, &report);
    assert(status == STATUS_ok);
    if (!report.ok) {
        world_wrong(world, "audit", report.first.sentence);
    }
    reader->ops->close(reader);
}

/* One life from its seed; false, with its words in `world`, when something was wrong. */
static bool life(struct world *world, uint64_t seed, enum canary canary)
{
    world_open(world, seed, canary);
    set_up(world);
    live(world);
    world_settle(world);
    if (world->wrong == NULL) {
        world_restart(world); /* once more from what is durable */
        ask_all_again(world);
        sums_check(world);
        app_check(world);
        deposits_check(world);
        shares_check(world);
        times_check(world);
        audit_check(world);
    }
    world_close(world);
    return world->wrong == NULL;
}

/* ---- runs ---- */

static uint64_t number_after(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return strtoull(argv[i + 1], NULL, 10);
        }
    }
    return otherwise;
}

static struct world world;

static bool lives(uint64_t from, uint64_t seeds, uint64_t seconds)
{
    int64_t start_us = os_monotonic_us();
    uint64_t done = 0, crashes = 0, calls = 0, repeats = 0;
    bool ok = true;
    while (ok && (seeds > 0 ? done < seeds : os_monotonic_us() - start_us < (int64_t)seconds * 1000000)) {
        ok = life(&world, from + done, CANARY_none);
        done += ok;
        crashes += world.crashes;
        calls += world.calls;
        repeats += world.repeats;
    }
    int64_t took_us = max_i64(1, os_monotonic_us() - start_us);
    printf("# %" PRIu64 " lives, %" PRIu64 " a second: %" PRIu64 " calls, %" PRIu64 " of them repeated, %" PRIu64
           " crashes\n", done, done * 1000000 / (uint64_t)took_us, calls, repeats, crashes);
    if (!ok) {
        printf("# seed %" PRIu64 ": %s\n", from + done, world.wrong);
    }
    return ok;
}

/* A canary sings when some life of the first few hundred finds what was broken on purpose. */
static bool canary_sings(enum canary canary)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        if (!life(&world, seed, canary)) {
            printf("# canary %s, seed %" PRIu64 ": %s\n", canary_names[canary], seed, world.wrong);
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    uint64_t from = number_after(argc, argv, "--from", 1), seeds = number_after(argc, argv, "--seeds", 0);
    bool canaries = seeds == 0, ok = true;
    mallopt(M_MMAP_THRESHOLD, 1 << 19); /* large and mostly untouched: fresh pages need no clearing */
    printf("1..%d\n", canaries ? CANARY_count : 1);
    bool held = lives(from, seeds, number_after(argc, argv, "--seconds", 25));
    printf("%sok 1 - what was answered is there once, whatever happened\n", held ? "" : "not ");
    for (enum canary canary = CANARY_none + 1; canaries && canary < CANARY_count; canary++) {
        bool sings = canary_sings(canary);
        printf("%sok %d - canary %s is found\n", sings ? "" : "not ", canary + 1, canary_names[canary]);
        ok = ok && sings;
    }
    return ok && held ? 0 : 1;
}
