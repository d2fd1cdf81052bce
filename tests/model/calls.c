/* SPDX-License-Identifier: Apache-2.0 */
/* Single calls, drawn at random and made through till and model. */
#include <inttypes.h>
#include <stdio.h>

#include "base/civil.h"
#include "model/pair.h"
#include "people/people.h"
#include "till/deposit.h"

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

static void number_make(struct run *run, char *number, size_t size)
{
    /* sometimes one that was used before */
    int which = chance(run, 15) && run->call_number > 0 ? pick(run, run->call_number) : run->call_number;
    snprintf(number, size, "%" PRId64 "-n%d", run->base, which);
}

void do_pay(struct run *run, int shopper, int shop, const char *number, int64_t amount, int64_t minutes)
{
    struct trade_row row;
    struct trade_pay want = { .shop_id = id_of(run, shop),
                              .amount_minor = amount,
                              .code_device_id = id_of(run, shopper),
                              .code_step = run->house.now_us / US_PER_MINUTE + minutes,
                              .royalty_frozen = amount % 3 != 0 };
    bool fits = span_copy(span_of(number), want.out_trade_no, sizeof(want.out_trade_no));
    assert(fits);
    int index = 0;
    enum refusal till = call(run, house_shop(want.shop_id), &trade_pay, &want, &row);
    int model = model_pay(&run->model, shopper, shop, number, amount, want.code_step, &index);
    same_answer(run, "trade_pay", model, till, index, &row);
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
    int shopper = chance(run, 25) ? pick(run, run->model.shopper_count) : -1;
    struct trade_create want = { .shop_id = id_of(run, shop), .amount_minor = amount_make(run),
                                 .expires_in_s = chance(run, 50) ? 0 : 1 + pick(run, 600),
                                 .shopper_id = shopper < 0 ? 0 : id_of(run, shopper) };
    want.royalty_frozen = want.amount_minor % 3 != 0;
    number_make(run, want.out_trade_no, sizeof(want.out_trade_no));
    enum refusal till = call(run, house_shop(want.shop_id), &trade_create, &want, &row);
    int64_t seconds = want.expires_in_s == 0 ? 900 : want.expires_in_s;
    int model = model_create(&run->model, shop, want.out_trade_no, want.amount_minor, seconds, shopper, &index);
    same_answer(run, "trade_create", model, till, index, &row);
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
        same_answer(run, "qr_pay of a counter", model, till, index, &row);
        return;
    }
    index = chance(run, 60) ? run->model.trade_count - 1 : pick(run, run->model.trade_count);
    if (chance(run, 35)) {
        struct qr_scan look = { .qr_kind = 1, .qr_id = run->trade_ids[index] };
        enum refusal till = call(run, house_shopper(want.shopper_id), &qr_scan, &look, &row);
        same_answer(run, "qr_scan", model_look(&run->model, shopper, index), till, index, &row);
        return;
    }
    want.qr_kind = 1;
    want.qr_id = run->trade_ids[index];
    enum refusal till = call(run, house_shopper(want.shopper_id), &qr_pay, &want, &row);
    model = model_scan_trade(&run->model, shopper, index, want.confirmed);
    same_answer(run, "qr_pay of a trade", model, till, index, &row);
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
        same_answer(run, "trade_confirm", model_confirm(&run->model, shopper, index), till, index, &row);
    } else if (which < 5) {
        till = call(run, by_shopper, &trade_decline, &trade_id, &row);
        same_answer(run, "trade_decline", model_decline(&run->model, shopper, index), till, index, &row);
    } else if (which < 7) {
        till = call(run, by_shop, &trade_cancel, &trade_id, &row);
        same_answer(run, "trade_cancel", model_cancel(&run->model, index), till, index, &row);
    } else {
        till = call(run, by_shop, &trade_close, &trade_id, &row);
        same_answer(run, "trade_close", model_close(&run->model, index), till, index, &row);
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
    same_answer(run, "trade_cancel_number", model, till, index, &row);
}

void do_refund_given(struct run *run, int index, const char *number, int64_t amount, const struct model_given *given)
{
    struct refund_row row;
    struct trade_refund want = { .trade_id = run->trade_ids[index], .amount_minor = amount,
                                 .royalties_given = given != NULL };
    for (; given != NULL && want.royalties_count < given->count; want.royalties_count++) {
        want.royalties[want.royalties_count] =
            (struct royalty_return){ given->kind[want.royalties_count], id_of(run, given->who[want.royalties_count]),
                                     given->amount[want.royalties_count] };
    }
    bool fits = span_copy(span_of(number), want.out_request_no, sizeof(want.out_request_no));
    assert(fits);
    const struct model_trade *t = &run->model.trades[index];
    enum refusal till = call(run, house_shop(id_of(run, t->shop)), &trade_refund, &want, &row);
    same_refusal(run, "trade_refund", model_refund_given(&run->model, index, number, amount, given), till);
    for (int i = 0; i < t->refund_count && till == REFUSAL_none; i++) {
        if (strcmp(t->refunds[i].number, number) == 0) {
            same(run, "a refund's amount", t->refunds[i].amount, row.amount_minor);
            same(run, "what a refund paid back", t->refunds[i].paid, row.paid_minor);
            same(run, "what a refund gave back to budgets", t->refunds[i].amount - t->refunds[i].paid,
                 row.discount_minor);
        }
    }
}

void do_refund(struct run *run, int index, const char *number, int64_t amount)
{
    do_refund_given(run, index, number, amount, NULL);
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
    int64_t amount = chance(run, 25) || t->left == 0 ? t->left : 1 + (int64_t)(draw(run) % (uint64_t)t->left);
    do_refund(run, index, number, chance(run, 5) ? amount + 1 : amount);
}

void do_deposit(struct run *run, int shopper, int shop, int64_t amount, int64_t seconds)
{
    struct {
        int64_t shopper_id, shop_id, amount_minor;
        int32_t lapses_in_s, confirmed;
    } want = { id_of(run, shopper), id_of(run, shop), amount, (int32_t)seconds, amount % 2 == 1 };
    struct hold_row row;
    assert(run->model.deposit_count < MODEL_DEPOSITS);
    int index = run->model.deposit_count;
    enum refusal till = call(run, house_shopper(want.shopper_id), &deposit_create, &want, &row);
    int model = model_deposit(&run->model, shopper, shop, amount, seconds == 0 ? 1800 : seconds);
    same_refusal(run, "deposit_create", model, till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        run->deposit_ids[index] = row.hold_id;
        same_deposit(run, index, &row);
    }
}

void do_deposit_end(struct run *run, int deposit, int64_t amount)
{
    struct {
        int64_t hold_id, amount_minor;
    } want = { run->deposit_ids[deposit], amount };
    struct hold_row row;
    bool capture = amount > 0;
    struct caller caller = house_shop(id_of(run, run->model.deposits[deposit].shop));
    enum refusal till = capture ? call(run, caller, &deposit_capture, &want, &row)
                                : call(run, caller, &deposit_release, &want.hold_id, &row);
    int model = capture ? model_capture(&run->model, deposit, amount) : model_release(&run->model, deposit);
    same_refusal(run, capture ? "deposit_capture" : "deposit_release", model, till);
    if (till == REFUSAL_none) {
        same_deposit(run, deposit, &row);
    }
}

static void deposit(struct run *run)
{
    int count = run->model.deposit_count;
    if (count == 0 || chance(run, 50)) {
        do_deposit(run, pick(run, run->model.shopper_count), pick(run, run->model.shop_count), amount_make(run),
                   chance(run, 30) ? 0 : 1 + pick(run, 1200));
        return;
    }
    int which = chance(run, 70) ? count - 1 - pick(run, count < 4 ? count : 4) : pick(run, count);
    int64_t amount = run->model.deposits[which].amount;
    bool beyond = chance(run, 5), all = chance(run, 25);
    int64_t part = beyond ? amount + 1 : all ? amount : 1 + (int64_t)(draw(run) % (uint64_t)amount);
    do_deposit_end(run, which, chance(run, 35) ? 0 : part);
}

/* What the till says when it is asked; time alone may have ended it. */
static void deposit_ask(struct run *run)
{
    struct hold_row row;
    if (run->model.deposit_count == 0) {
        return;
    }
    int which = pick(run, run->model.deposit_count);
    struct caller caller = house_shopper(id_of(run, run->model.deposits[which].shopper));
    enum refusal till = call(run, caller, &deposit_query, &run->deposit_ids[which], &row);
    same_refusal(run, "deposit_query", 0, till);
    if (till == REFUSAL_none) {
        same_deposit(run, which, &row);
    }
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
    struct shopper_change want = { .shopper_id = id_of(run, shopper),
                                   .no_password_limit_minor = amount_make(run),
                                   .blocked = chance(run, 15) };
    run->model.shoppers[shopper].limit = want.no_password_limit_minor;
    run->model.shoppers[shopper].blocked = want.blocked != 0;
    same_refusal(run, "shopper_change", 0, call(run, house_operator, &shopper_change, &want, answer));
}

static const struct call_kind kinds[] = {
    { 21, pay },  { 12, do_share }, { 6, create },         { 2, deposit_ask },   { 8, deposit },
    { 10, scan }, { 6, money },     { 10, answer_trade },  { 2, cancel_number }, { 3, campaign_touch },
    { 13, refund }, { 5, call_again }, { 2, people_touch }, { 0, NULL },
};

const struct part till_part = { .name = "till", .calls = kinds, .same = same_till };
