/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeded random histories, and every short history of a small world, through the real till and through the
 * model: each answer is compared, and at the end every balance, trade, campaign and shopper; then the books
 * are audited. Prints TAP. A failing history prints its seed: `model_run --from SEED --seeds 1` does it again.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/hash.h"
#include "base/os_clock.h"
#include "model/model.h"
#include "support/house.h"

#define CALLS_PER_HISTORY 160
#define OLD_CALLS 32
#define REQUEST_MOST 1024

/* A call as it was made, to be made again under the same key. */
struct old_call {
    const struct command *command;
    struct caller caller;
    _Alignas(16) uint8_t request[REQUEST_MOST];
    _Alignas(16) uint8_t answer[4096];
    enum refusal refusal;
    char key[32];
};

struct run {
    struct house house;
    struct model model;
    uint64_t random;
    int64_t base; /* ids of this world are beyond it */
    int64_t trade_ids[MODEL_TRADES];
    struct old_call old[OLD_CALLS];
    int old_count;
    int call_number;
    uint64_t key_number;
    const char *wrong;
    char words[256];
};

static uint64_t next(struct run *run)
{
    run->random += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix(run->random);
}

static int pick(struct run *run, int count)
{
    return (int)(next(run) % (uint64_t)count);
}

static bool chance(struct run *run, int percent)
{
    return pick(run, 100) < percent;
}

static int64_t id_of(const struct run *run, int index)
{
    return run->base + index + 1;
}

static void differ(struct run *run, const char *what, int64_t model, int64_t till)
{
    if (run->wrong == NULL) {
        snprintf(run->words, sizeof(run->words), "call %d: %s: the model says %" PRId64 ", the till %" PRId64,
                 run->call_number, what, model, till);
        run->wrong = run->words;
    }
}

static void same(struct run *run, const char *what, int64_t model, int64_t till)
{
    if (model != till) {
        differ(run, what, model, till);
    }
}

static void same_refusal(struct run *run, const char *what, int model, enum refusal till)
{
    if (model != (int)till && run->wrong == NULL) {
        snprintf(run->words, sizeof(run->words), "call %d: %s: the model says %s, the till %s", run->call_number, what,
                 refusal_text(model)->name, refusal_text((int)till)->name);
        run->wrong = run->words;
    }
}

static void same_trade(struct run *run, int index, const struct trade_row *row)
{
    const struct model_trade *t = &run->model.trades[index];
    same(run, "state", t->state, row->state);
    same(run, "close_reason", t->reason, row->close_reason);
    same(run, "way", t->way, row->way);
    same(run, "shop", id_of(run, t->shop), row->shop_id);
    same(run, "shopper", t->shopper < 0 ? 0 : id_of(run, t->shopper), row->shopper_id);
    same(run, "list", t->list, row->list_minor);
    same(run, "discount", t->state == 1 ? 0 : t->discount, row->discount_minor);
    same(run, "paid", t->paid, row->paid_minor);
    same(run, "paid_left", t->paid_left, row->paid_left_minor);
    same(run, "left", t->left, row->left_minor);
    same(run, "confirmed", t->confirmed, row->confirmed);
    same(run, "day", t->day, row->day);
    same(run, "paid_at", t->paid_us, row->paid_at_us);
    same(run, "expires", t->expires_us, row->expires_at_us);
    same(run, "refunds", t->refund_count, row->refund_count);
    same(run, "discounts", t->line_count, row->discounts_count);
    for (int i = 0; i < t->line_count && i < row->discounts_count; i++) {
        same(run, "campaign", id_of(run, t->lines[i].campaign), row->discounts[i].campaign_id);
        same(run, "platform", t->lines[i].platform, row->discounts[i].platform_minor);
        same(run, "merchant", t->lines[i].merchant, row->discounts[i].merchant_minor);
        same(run, "platform left", t->lines[i].platform_left, row->discounts[i].platform_left_minor);
        same(run, "merchant left", t->lines[i].merchant_left, row->discounts[i].merchant_left_minor);
    }
}

/* ---- calls ---- */

static enum refusal call(struct run *run, struct caller caller, const struct command *command, const void *request,
                         void *answer)
{
    char key[32];
    snprintf(key, sizeof(key), "k%" PRIu64, run->key_number++);
    enum refusal refusal = house_call_keyed(&run->house, caller, command, request, answer, key);
    struct old_call *old = &run->old[run->old_count++ % OLD_CALLS];
    assert(command->request->size <= sizeof(old->request));
    assert(command->answer->size <= sizeof(old->answer));
    *old = (struct old_call){ .command = command, .caller = caller, .refusal = refusal };
    memcpy(old->request, request, command->request->size);
    memcpy(old->answer, answer, command->answer->size);
    snprintf(old->key, sizeof(old->key), "%s", key);
    run->model.now_us = run->house.decided_at_us;
    model_expire(&run->model, run->house.decided_at_us - 1);
    return refusal;
}

/* The same call once more: nothing but the same answer. */
static void call_again(struct run *run)
{
    uint8_t answer[4096] = { 0 };
    if (run->old_count == 0) {
        return;
    }
    const struct old_call *old = &run->old[pick(run, run->old_count < OLD_CALLS ? run->old_count : OLD_CALLS)];
    enum refusal refusal =
        house_call_keyed(&run->house, old->caller, old->command, old->request, answer, old->key);
    same(run, "a repeated call", 1, run->house.repeated);
    same_refusal(run, "a repeated call", (int)old->refusal, refusal);
    if (refusal == REFUSAL_none) {
        uint8_t packed[2][PACK_SIZE_MAX] = { { 0 } };
        shape_pack(old->command->answer, 0, old->answer, packed[0], PACK_SIZE_MAX);
        shape_pack(old->command->answer, 0, answer, packed[1], PACK_SIZE_MAX);
        same(run, "the bytes of a repeated answer", 0, memcmp(packed[0], packed[1], PACK_SIZE_MAX) != 0);
    }
}

static void trade_answered(struct run *run, const char *what, int model, enum refusal till, int index,
                           const struct trade_row *row)
{
    same_refusal(run, what, model, till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        if (run->trade_ids[index] == 0) {
            run->trade_ids[index] = row->trade_id;
        }
        same(run, "trade", run->trade_ids[index], row->trade_id);
        same_trade(run, index, row);
    }
}

static void number_make(struct run *run, char *number, size_t size)
{
    /* sometimes one that was used before */
    int which = chance(run, 15) && run->call_number > 0 ? pick(run, run->call_number) : run->call_number;
    snprintf(number, size, "%" PRId64 "-n%d", run->base, which);
}

static int64_t amount_make(struct run *run)
{
    static const int64_t most[] = { 9, 100, 5000, 60000, 250000 };
    int64_t amount = 1 + (int64_t)(next(run) % (uint64_t)most[pick(run, COUNT_OF(most))]);
    return chance(run, 2) ? 0 : amount;
}

static void do_pay(struct run *run, int shopper, int shop, const char *number, int64_t amount, int64_t minutes)
{
    struct trade_row row;
    struct trade_pay want = { .shop_id = id_of(run, shop),
                              .amount_minor = amount,
                              .code_device_id = id_of(run, shopper),
                              .code_step = run->house.now_us / US_PER_MINUTE + minutes };
    bool fits = span_copy(span_of(number), want.out_trade_no, sizeof(want.out_trade_no));
    assert(fits);
    int index = 0;
    enum refusal till = call(run, house_shop(want.shop_id), &trade_pay, &want, &row);
    int model = model_pay(&run->model, shopper, shop, number, amount, want.code_step, &index);
    trade_answered(run, "trade_pay", model, till, index, &row);
}

static void pay(struct run *run)
{
    char number[40];
    number_make(run, number, sizeof(number));
    do_pay(run, pick(run, run->model.shopper_count), pick(run, run->model.shop_count), number, amount_make(run),
           chance(run, 85) ? 0 : pick(run, 5) - 2);
}

static void create(struct run *run)
{
    struct trade_row row;
    int index = 0, shop = pick(run, run->model.shop_count);
    struct trade_create want = { .shop_id = id_of(run, shop), .amount_minor = amount_make(run),
                                 .expires_in_s = chance(run, 50) ? 0 : 1 + pick(run, 600) };
    number_make(run, want.out_trade_no, sizeof(want.out_trade_no));
    enum refusal till = call(run, house_shop(want.shop_id), &trade_create, &want, &row);
    int64_t seconds = want.expires_in_s == 0 ? 900 : want.expires_in_s;
    int model = model_create(&run->model, shop, want.out_trade_no, want.amount_minor, seconds, &index);
    trade_answered(run, "trade_create", model, till, index, &row);
}

static void scan(struct run *run)
{
    struct trade_row row;
    int shopper = pick(run, run->model.shopper_count), index = 0, model;
    struct qr_pay want = { .shopper_id = id_of(run, shopper), .confirmed = chance(run, 40) };
    bool counter = run->model.trade_count == 0 || chance(run, 40);
    if (counter) {
        int shop = pick(run, run->model.shop_count);
        want.qr_kind = 2;
        want.qr_id = id_of(run, shop);
        want.amount_minor = amount_make(run);
        enum refusal till = call(run, house_shopper(want.shopper_id), &qr_pay, &want, &row);
        model = model_scan_counter(&run->model, shopper, shop, want.amount_minor, want.confirmed, &index);
        trade_answered(run, "qr_pay of a counter", model, till, index, &row);
        return;
    }
    index = pick(run, run->model.trade_count);
    want.qr_kind = 1;
    want.qr_id = run->trade_ids[index];
    enum refusal till = call(run, house_shopper(want.shopper_id), &qr_pay, &want, &row);
    model = model_scan_trade(&run->model, shopper, index, want.confirmed);
    trade_answered(run, "qr_pay of a trade", model, till, index, &row);
}

/* Confirm, decline, cancel, close: all of them name a trade only. */
static void answer_trade(struct run *run)
{
    struct trade_row row;
    int count = run->model.trade_count, index;
    if (count == 0) {
        return;
    }
    index = chance(run, 70) ? count - 1 - pick(run, count < 8 ? count : 8) : pick(run, count);
    const struct model_trade *t = &run->model.trades[index];
    int64_t trade_id = run->trade_ids[index];
    bool owner = t->shopper >= 0 && chance(run, 90);
    int shopper = owner ? t->shopper : pick(run, run->model.shopper_count);
    struct caller by_shopper = house_shopper(id_of(run, shopper)), by_shop = house_shop(id_of(run, t->shop));
    enum refusal till;
    int which = pick(run, 8);
    if (which < 4) {
        till = call(run, by_shopper, &trade_confirm, &trade_id, &row);
        trade_answered(run, "trade_confirm", model_confirm(&run->model, shopper, index), till, index, &row);
    } else if (which < 5) {
        till = call(run, by_shopper, &trade_decline, &trade_id, &row);
        trade_answered(run, "trade_decline", model_decline(&run->model, shopper, index), till, index, &row);
    } else if (which < 7) {
        till = call(run, by_shop, &trade_cancel, &trade_id, &row);
        trade_answered(run, "trade_cancel", model_cancel(&run->model, index), till, index, &row);
    } else {
        till = call(run, by_shop, &trade_close, &trade_id, &row);
        trade_answered(run, "trade_close", model_close(&run->model, index), till, index, &row);
    }
}

static void cancel_number(struct run *run)
{
    struct {
        int64_t merchant_id, shop_id;
        char out_trade_no[NUMBER_SIZE];
    } want = { 0 };
    struct trade_row row;
    int shop = pick(run, run->model.shop_count), index = 0;
    number_make(run, want.out_trade_no, sizeof(want.out_trade_no));
    want.merchant_id = id_of(run, run->model.shops[shop].merchant);
    want.shop_id = id_of(run, shop);
    struct caller caller = { .kind = CALLER_merchant, .id = want.merchant_id };
    enum refusal till = call(run, caller, &trade_cancel_number, &want, &row);
    int model = model_cancel_number(&run->model, shop, want.out_trade_no, &index);
    trade_answered(run, "trade_cancel_number", model, till, index, &row);
}

static void do_refund(struct run *run, int index, const char *number, int64_t amount)
{
    struct refund_row row;
    struct trade_refund want = { .trade_id = run->trade_ids[index], .amount_minor = amount };
    bool fits = span_copy(span_of(number), want.out_request_no, sizeof(want.out_request_no));
    assert(fits);
    const struct model_trade *t = &run->model.trades[index];
    enum refusal till = call(run, house_shop(id_of(run, t->shop)), &trade_refund, &want, &row);
    same_refusal(run, "trade_refund", model_refund(&run->model, index, number, amount), till);
    for (int i = 0; i < t->refund_count && till == REFUSAL_none; i++) {
        if (strcmp(t->refunds[i].number, number) == 0) {
            same(run, "a refund's amount", t->refunds[i].amount, row.amount_minor);
            same(run, "what a refund paid back", t->refunds[i].paid, row.paid_minor);
            same(run, "what a refund gave back to budgets", t->refunds[i].amount - t->refunds[i].paid,
                 row.discount_minor);
        }
    }
}

static void refund(struct run *run)
{
    char number[16];
    int count = run->model.trade_count;
    if (count == 0) {
        return;
    }
    int index = chance(run, 70) ? count - 1 - pick(run, count < 8 ? count : 8) : pick(run, count);
    const struct model_trade *t = &run->model.trades[index];
    if (t->refund_count >= MODEL_REFUNDS - 2) {
        return;
    }
    snprintf(number, sizeof(number), "r%d", chance(run, 85) ? t->refund_count : pick(run, t->refund_count + 1));
    int64_t amount = chance(run, 25) || t->left == 0 ? t->left : 1 + (int64_t)(next(run) % (uint64_t)t->left);
    do_refund(run, index, number, chance(run, 5) ? amount + 1 : amount);
}

static void money(struct run *run)
{
    uint8_t answer[256];
    int shopper = pick(run, run->model.shopper_count);
    struct wallet_move want = { .shopper_id = id_of(run, shopper), .amount_minor = amount_make(run) };
    bool in = chance(run, 65);
    enum refusal till = call(run, house_operator, in ? &wallet_top_up : &wallet_withdraw, &want, answer);
    int model = in ? model_top_up(&run->model, shopper, want.amount_minor)
                   : model_withdraw(&run->model, shopper, want.amount_minor);
    same_refusal(run, in ? "wallet_top_up" : "wallet_withdraw", model, till);
}

static void campaign_touch(struct run *run)
{
    struct campaign answer;
    if (run->model.campaign_count == 0) {
        return;
    }
    int campaign = pick(run, run->model.campaign_count), which = pick(run, 20);
    int64_t campaign_id = id_of(run, campaign);
    enum refusal till;
    if (which < 12) {
        struct campaign_fund want = { .campaign_id = campaign_id, .platform_minor = amount_make(run) / 2,
                                      .merchant_minor = amount_make(run) / 2 };
        till = call(run, house_operator, &campaign_fund, &want, &answer);
        same_refusal(run, "campaign_fund",
                     model_fund(&run->model, campaign, want.platform_minor, want.merchant_minor), till);
        return;
    }
    const struct command *command = which < 15 ? &campaign_pause : which < 19 ? &campaign_resume : &campaign_end;
    till = call(run, house_operator, command, &campaign_id, &answer);
    int state = command == &campaign_pause ? 2 : command == &campaign_resume ? 1 : 3;
    same_refusal(run, command->name, model_campaign_state(&run->model, campaign, state), till);
}

/* What has no rules of its own: an open shop, a blocked shopper, a limit without password. */
static void people_touch(struct run *run)
{
    uint8_t answer[1024];
    if (chance(run, 50)) {
        int shop = pick(run, run->model.shop_count);
        struct { int64_t shop_id; char name[NAME_SIZE]; int32_t open; } want = { .shop_id = id_of(run, shop),
                                                                                .open = chance(run, 80) };
        run->model.shops[shop].open = want.open != 0;
        same_refusal(run, "shop_change", 0, call(run, house_operator, &shop_change, &want, answer));
        return;
    }
    int shopper = pick(run, run->model.shopper_count);
    struct { int64_t shopper_id, limit; int32_t blocked; } want = { .shopper_id = id_of(run, shopper),
                                                                    .limit = amount_make(run),
                                                                    .blocked = chance(run, 15) };
    run->model.shoppers[shopper].limit = want.limit;
    run->model.shoppers[shopper].blocked = want.blocked != 0;
    same_refusal(run, "shopper_change", 0, call(run, house_operator, &shopper_change, &want, answer));
}

/* ---- worlds ---- */

static void campaign_open(struct run *run, int index)
{
    struct model_campaign *c = &run->model.campaigns[index];
    struct campaign answer;
    struct campaign_rules rules = { .campaign_id = id_of(run, index),
                                    .kind = c->kind,
                                    .percent_bp = (int32_t)c->percent_bp,
                                    .amount_minor = c->amount,
                                    .cap_minor = c->cap,
                                    .min_spend_minor = c->minimum,
                                    .uses_per_day = c->uses_per_day,
                                    .uses_per_person = c->uses_per_person,
                                    .uses_max = c->uses_max,
                                    .day_budget_minor = c->day_budget,
                                    .shop_budget_minor = c->shop_budget,
                                    .audience = c->only_new ? AUDIENCE_new : AUDIENCE_all,
                                    .starts_at_us = c->starts_us,
                                    .ends_at_us = c->ends_us,
                                    .minute_from = c->minute_from,
                                    .minute_to = c->minute_to,
                                    .weekdays = c->weekdays,
                                    .priority = c->priority,
                                    .combines = c->combines,
                                    .merchant_share_bp = c->share_bp,
                                    .at_budget_end = c->refuse ? BUDGET_END_refuse : BUDGET_END_go_without,
                                    .targets_count = 1 };
    int64_t sets = run->base + 100 + c->target;
    rules.targets[0] = (struct target_row){ c->target_kind, c->target_kind == TARGET_all   ? 0
                                                            : c->target_kind == TARGET_set ? sets
                                                                                           : id_of(run, c->target) };
    c->state = 1;
    same_refusal(run, "campaign_create", 0, call(run, house_operator, &campaign_create, &rules, &answer));
    struct campaign_fund fund = { rules.campaign_id, amount_make(run) * 2, amount_make(run) };
    same_refusal(run, "campaign_fund", model_fund(&run->model, index, fund.platform_minor, fund.merchant_minor),
                 call(run, house_operator, &campaign_fund, &fund, &answer));
}

static void campaign_draw(struct run *run, struct model_campaign *c)
{
    static const int64_t day = 24 * 60 * US_PER_MINUTE;
    *c = (struct model_campaign){ .kind = 1 + pick(run, 3) };
    c->percent_bp = 1 + pick(run, 10000);
    c->amount = c->kind == 2 ? 1 + pick(run, 500) : pick(run, 3000);
    c->cap = chance(run, 50) ? 1 + pick(run, 5000) : 0;
    c->minimum = chance(run, 30) ? pick(run, 5000) : 0;
    c->uses_per_day = chance(run, 40) ? 1 + pick(run, 3) : 0;
    c->uses_per_person = chance(run, 40) ? 1 + pick(run, 6) : 0;
    c->uses_max = chance(run, 30) ? 1 + pick(run, 20) : 0;
    c->day_budget = chance(run, 30) ? 1 + pick(run, 20000) : 0;
    c->shop_budget = chance(run, 30) ? 1 + pick(run, 20000) : 0;
    c->only_new = chance(run, 15);
    c->starts_us = HOUSE_NOON_US - day + pick(run, 3) * day / 2;
    c->ends_us = c->starts_us + (1 + pick(run, 6)) * day;
    if (chance(run, 30)) {
        c->minute_from = pick(run, 1440);
        c->minute_to = pick(run, 1441);
    }
    c->weekdays = chance(run, 25) ? 1 + pick(run, 127) : 0;
    c->priority = pick(run, 4);
    c->combines = chance(run, 60);
    c->share_bp = chance(run, 50) ? pick(run, 10001) : 0;
    c->refuse = chance(run, 15);
    c->target_kind = 1 + pick(run, 4);
    c->target = c->target_kind == 2 || c->target_kind == 4 ? pick(run, 2) : pick(run, run->model.shop_count);
}

static void people_open(struct run *run)
{
    struct model *m = &run->model;
    for (int i = 0; i < 2; i++) {
        struct merchant_create want = { .merchant_id = id_of(run, i) };
        struct merchant_row answer;
        call(run, house_operator, &merchant_create, &want, &answer);
    }
    for (int i = 0; i < m->shop_count; i++) {
        struct shop_create want = { .shop_id = id_of(run, i), .merchant_id = id_of(run, m->shops[i].merchant),
                                    .zone_minutes = m->shops[i].zone_minutes, .sets_count = 1 };
        struct shop_row answer;
        want.sets[0].id = run->base + 100 + m->shops[i].set;
        m->shops[i].open = true;
        same_refusal(run, "shop_create", 0, call(run, house_operator, &shop_create, &want, &answer));
    }
    for (int i = 0; i < m->shopper_count; i++) {
        struct shopper_create want = { .shopper_id = id_of(run, i), .person_id = id_of(run, m->shoppers[i].person),
                                       .no_password_limit_minor = m->shoppers[i].limit };
        struct paycode_issue device = { id_of(run, i), id_of(run, i) };
        struct shopper_row answer;
        struct device_row row;
        same_refusal(run, "shopper_create", 0, call(run, house_operator, &shopper_create, &want, &answer));
        same_refusal(run, "paycode_issue", 0, call(run, house_operator, &paycode_issue, &device, &row));
        same(run, "device", device.device_id, row.device_id);
    }
}

static void world_draw(struct run *run)
{
    struct model *m = &run->model;
    static const int zones[] = { 480, 480, 480, 540, -600 };
    *m = (struct model){ .shopper_count = 2 + pick(run, MODEL_PEOPLE - 1), .shop_count = 2 + pick(run, MODEL_SHOPS - 1),
                         .campaign_count = pick(run, MODEL_CAMPAIGNS + 1) };
    for (int i = 0; i < m->shop_count; i++) {
        m->shops[i] = (struct model_shop){ .merchant = pick(run, 2), .set = pick(run, 2),
                                           .zone_minutes = zones[pick(run, COUNT_OF(zones))] };
    }
    for (int i = 0; i < m->shopper_count; i++) {
        m->shoppers[i] = (struct model_shopper){ .person = chance(run, 25) ? pick(run, i + 1) : i,
                                                 .limit = 1 + pick(run, 100000) };
        m->shoppers[i].person = m->shoppers[m->shoppers[i].person].person;
    }
    people_open(run);
    for (int i = 0; i < m->campaign_count; i++) {
        campaign_draw(run, &m->campaigns[i]);
        campaign_open(run, i);
    }
}

/* ---- the whole state ---- */

static void same_state(struct run *run)
{
    struct model *m = &run->model;
    for (int i = 0; i < m->shopper_count; i++) {
        const struct model_shopper *s = &m->shoppers[i];
        struct shopper_row row = { .shopper_id = id_of(run, i) };
        bool there = house_row(&run->house, &shopper_table, &row);
        assert(there);
        same(run, "a wallet", s->wallet, house_balance(&run->house, row.shopper_id, PURPOSE_wallet, UNIT_CNY));
        same(run, "payments", s->payments, row.payments);
        same(run, "first payment", s->first_paid_us, row.first_paid_at_us);
        same(run, "day_code", s->day_code, row.day_code_minor);
        same(run, "day_confirmed", s->day_confirmed, row.day_confirmed_minor);
        same(run, "day_static", s->day_static, row.day_static_minor);
    }
    if (run->base == 0) { /* one world in this store */
        same(run, "the bank", m->bank, house_balance(&run->house, 0, PURPOSE_clearing, UNIT_CNY));
    }
    for (int i = 0; i < m->shop_count; i++) {
        same(run, "takings", m->shops[i].takings,
             house_balance(&run->house, id_of(run, i), PURPOSE_takings, UNIT_CNY));
    }
    for (int i = 0; i < m->campaign_count; i++) {
        const struct model_campaign *c = &m->campaigns[i];
        struct campaign_row row = { .campaign_id = id_of(run, i) };
        bool there = house_row(&run->house, &campaign_table, &row);
        assert(there);
        same(run, "campaign state", c->state, row.state);
        same(run, "spent", c->spent, row.spent_minor);
        same(run, "uses", c->uses, row.uses);
        same(run, "spent of the day", c->day_spent, row.day_spent_minor);
        same(run, "platform's budget", c->platform,
             house_balance(&run->house, row.campaign_id, PURPOSE_budget_platform, UNIT_CNY));
        same(run, "merchant's budget", c->merchant,
             house_balance(&run->house, row.campaign_id, PURPOSE_budget_merchant, UNIT_CNY));
        for (int p = 0; p < m->shopper_count; p++) {
            struct campaign_use_row use = { .campaign_id = row.campaign_id, .person_id = id_of(run, p) };
            house_row(&run->house, &campaign_use_table, &use);
            same(run, "a person's uses", c->people[p].uses, use.uses);
        }
    }
    model_expire(m, max_i64(run->house.now_us, run->house.decided_at_us));
    for (int i = 0; i < m->trade_count; i++) {
        struct trade_row row = { .trade_id = run->trade_ids[i] };
        bool there = house_row(&run->house, &trade_table, &row);
        assert(there);
        same_trade(run, i, &row);
    }
}

static void audit(struct run *run)
{
    struct audit_report report;
    if (run->wrong == NULL && !house_audit(&run->house, &report)) {
        snprintf(run->words, sizeof(run->words), "%.250s", report.first.sentence);
        run->wrong = run->words;
    }
}

/* ---- histories ---- */

static void time_pass(struct run *run)
{
    static const int64_t most[] = { US_PER_SECOND, 30 * US_PER_SECOND, 5 * US_PER_MINUTE, 3 * US_PER_HOUR };
    int which = pick(run, 100);
    int64_t us = most[which < 30 ? 0 : which < 60 ? 1 : which < 94 ? 2 : 3];
    run->house.now_us += 1 + (int64_t)(next(run) % (uint64_t)us);
}

static void history_step(struct run *run)
{
    int which = pick(run, 100);
    run->call_number++;
    time_pass(run);
    if (which < 38) {
        pay(run);
    } else if (which < 46) {
        create(run);
    } else if (which < 58) {
        scan(run);
    } else if (which < 69) {
        answer_trade(run);
    } else if (which < 82) {
        refund(run);
    } else if (which < 84) {
        cancel_number(run);
    } else if (which < 90) {
        money(run);
    } else if (which < 93) {
        campaign_touch(run);
    } else if (which < 95) {
        people_touch(run);
    } else {
        call_again(run);
    }
}

static void run_open(struct run *run, uint64_t seed)
{
    run->random = seed;
    run->base = 0;
    run->old_count = 0;
    run->call_number = 0;
    run->key_number = 0;
    run->wrong = NULL;
    memset(run->trade_ids, 0, sizeof(run->trade_ids));
    house_open_memory(&run->house, &(struct memory_settings){ .cold = seed % 2 == 1 });
}

/* False, with its words in `run`, when model and till do not agree. */
static bool history(struct run *run, uint64_t seed)
{
    run_open(run, seed);
    world_draw(run);
    for (int i = 0; i < CALLS_PER_HISTORY && run->wrong == NULL; i++) {
        history_step(run);
    }
    house_settle(&run->house);
    if (run->wrong == NULL) {
        same_state(run);
    }
    audit(run);
    house_close(&run->house);
    return run->wrong == NULL;
}

/* ---- every history of a small world ---- */

#define SMALL_STEPS 5
#define SMALL_KINDS 9
#define WORLDS_PER_STORE 1500

static void small_world(struct run *run)
{
    struct model *m = &run->model;
    *m = (struct model){ .shopper_count = 2, .shop_count = 2, .campaign_count = 1 };
    for (int i = 0; i < 2; i++) {
        m->shops[i] = (struct model_shop){ .merchant = i, .zone_minutes = 480 };
        m->shoppers[i] = (struct model_shopper){ .person = i, .limit = 4 };
    }
    people_open(run);
    m->campaigns[0] = (struct model_campaign){ .kind = 1, .percent_bp = 5000, .uses_per_person = 2, .share_bp = 5000,
                                               .target_kind = 4, .refuse = true,
                                               .starts_us = HOUSE_NOON_US - US_PER_DAY,
                                               .ends_us = HOUSE_NOON_US + 300 * US_PER_DAY };
    campaign_open(run, 0);
    for (int i = 0; i < 2; i++) {
        uint8_t answer[256];
        struct wallet_move want = { .shopper_id = id_of(run, i), .amount_minor = 6 };
        same_refusal(run, "wallet_top_up", model_top_up(m, i, 6),
                     call(run, house_operator, &wallet_top_up, &want, answer));
    }
}

static void small_step(struct run *run, int kind)
{
    struct trade_row row;
    char number[40];
    int last = run->model.trade_count - 1;
    int64_t trade_id = last >= 0 ? run->trade_ids[last] : 0;
    run->call_number++;
    run->house.now_us += 2 * US_PER_MINUTE;
    snprintf(number, sizeof(number), "%" PRId64 "-n%d", run->base, run->call_number);
    if (kind < 6) { /* two shoppers, two shops, two or three amounts */
        static const struct { int shopper, shop; int64_t amount; } pays[] = { { 0, 0, 1 }, { 0, 1, 4 }, { 1, 0, 4 },
                                                                              { 1, 1, 3 }, { 0, 0, 12 }, { 1, 0, 12 } };
        do_pay(run, pays[kind].shopper, pays[kind].shop, number, pays[kind].amount, 0);
    } else if (last < 0) {
        return;
    } else if (kind == 6) {
        snprintf(number, sizeof(number), "r%d", run->model.trades[last].refund_count);
        do_refund(run, last, number, 1);
    } else if (kind == 7) {
        struct caller caller = house_shop(id_of(run, run->model.trades[last].shop));
        enum refusal till = call(run, caller, &trade_cancel, &trade_id, &row);
        trade_answered(run, "trade_cancel", model_cancel(&run->model, last), till, last, &row);
    } else {
        int shopper = max_i64(run->model.trades[last].shopper, 0) != 0;
        enum refusal till = call(run, house_shopper(id_of(run, shopper)), &trade_confirm, &trade_id, &row);
        trade_answered(run, "trade_confirm", model_confirm(&run->model, shopper, last), till, last, &row);
    }
}

/* All sequences of SMALL_STEPS steps; each in a world of its own, many worlds in one store. */
static bool small_worlds(struct run *run, int steps, uint64_t *count)
{
    uint64_t all = 1;
    for (int i = 0; i < steps; i++) {
        all *= SMALL_KINDS;
    }
    for (*count = 0; *count < all; (*count)++) {
        if (*count % WORLDS_PER_STORE == 0) {
            if (*count > 0) {
                audit(run);
                house_close(&run->house);
            }
            if (*count > 0 && run->wrong != NULL) {
                return false;
            }
            run_open(run, 0);
        }
        run->base += 1000;
        run->call_number = 0;
        run->old_count = 0;
        memset(run->trade_ids, 0, sizeof(run->trade_ids[0]) * SMALL_STEPS);
        small_world(run);
        uint64_t sequence = *count;
        for (int i = 0; i < steps && run->wrong == NULL; i++, sequence /= SMALL_KINDS) {
            small_step(run, (int)(sequence % SMALL_KINDS));
        }
        if (run->wrong != NULL) {
            break;
        }
        same_state(run);
    }
    audit(run);
    house_close(&run->house);
    return run->wrong == NULL;
}

/* A model that is wrong on purpose must be noticed, by the random histories and by the short ones. */
static bool canary_sings(struct run *run)
{
    uint64_t worlds;
    bool sings = false;
    model_canary = true;
    for (uint64_t seed = 1; seed <= 30 && !sings; seed++) {
        sings = !history(run, seed);
    }
    sings = sings && !small_worlds(run, 3, &worlds);
    model_canary = false;
    return sings;
}

static uint64_t number_after(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return strtoull(argv[i + 1], NULL, 10);
        }
    }
    return otherwise;
}

int main(int argc, char **argv)
{
    static struct run run;
    uint64_t from = number_after(argc, argv, "--from", 1), seeds = number_after(argc, argv, "--seeds", 0);
    uint64_t seconds = number_after(argc, argv, "--seconds", 12), done = 0, worlds = 0;
    int64_t start_us = os_monotonic_us();
    bool ok = true;
    mallopt(M_MMAP_THRESHOLD, 1 << 19); /* large and mostly untouched: fresh pages need no clearing */
    printf("1..3\n");
    while (ok && (seeds > 0 ? done < seeds : os_monotonic_us() - start_us < (int64_t)seconds * 1000000)) {
        ok = history(&run, from + done);
        done += ok;
    }
    int64_t took_us = max_i64(1, os_monotonic_us() - start_us);
    printf("# %" PRIu64 " histories of %d calls, %" PRIu64 " a second\n", done, CALLS_PER_HISTORY,
           done * 1000000 / (uint64_t)took_us);
    if (!ok) {
        printf("# seed %" PRIu64 ": %s\n", from + done, run.wrong);
    }
    printf("%sok 1 - random histories end as the model says\n", ok ? "" : "not ");
    int steps = (int)number_after(argc, argv, "--steps", 4);
    bool small = seeds > 0 || small_worlds(&run, steps, &worlds);
    printf("# %" PRIu64 " worlds of %d steps\n", worlds, steps);
    if (!small) {
        printf("# world %" PRIu64 ": %s\n", worlds, run.wrong);
    }
    printf("%sok 2 - every short history of a small world ends as the model says\n", small ? "" : "not ");
    bool sings = canary_sings(&run);
    printf("%sok 3 - a model that is wrong on purpose is noticed\n", sings ? "" : "not ");
    return ok && small && sings ? 0 : 1;
}
