/* SPDX-License-Identifier: Apache-2.0 */
#include "support/day.h"

#include <stdio.h>

#include "base/civil.h"
#include "people/app.h"

#define WEEK_US (7 * US_PER_DAY)

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fprintf(stderr, "a day: refused: %s\n", refusal_text((int)refusal)->name);
    }
    assert(refusal == REFUSAL_none);
}

static enum refusal hold_decide(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *want = request; /* shopper, amount */
    struct hold_terms terms = { .account = { want->subject_id, PURPOSE_wallet, UNIT_CNY },
                                .amount = want->due_us,
                                .lapses_at_us = at->now_us + US_PER_HOUR,
                                .cause = { CAUSE_import, want->subject_id } };
    int64_t *hold_id = answer;
    return ledger_hold(view, at, &terms, hold_id);
}

static enum refusal capture_decide(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *want = request; /* hold, amount; 0: release */
    (void)answer;
    return want->due_us > 0 ? ledger_capture(view, at, want->subject_id,
                                             (struct account_key){ 1, PURPOSE_takings, UNIT_CNY }, want->due_us)
                            : ledger_release(view, at, want->subject_id);
}

static const struct column pair_columns[] = {
    COLUMN(timer_due, due_us),
    COLUMN(timer_due, subject_id),
};
static const struct shape pair_shape = SHAPE("pair", timer_due, pair_columns);
static const struct command hold_take = {
    .name = "hold_take", .number = 900, .flags = COMMAND_internal, .request = &pair_shape, .answer = &pair_shape,
    .decide = hold_decide,
};
static const struct command hold_end = {
    .name = "hold_end", .number = 901, .flags = COMMAND_internal, .request = &pair_shape, .answer = &pair_shape,
    .decide = capture_decide,
};

static int64_t hold(struct house *house, int64_t shopper_id, int64_t amount)
{
    struct timer_due answer, want = { .subject_id = shopper_id, .due_us = amount };
    must(house_call(house, house_operator, &hold_take, &want, &answer));
    return answer.due_us; /* the first member */
}

static void people_make(struct house *house)
{
    struct merchant_create merchant = { .merchant_id = 1, .name = "Lotus" };
    must(house_call(house, house_operator, &merchant_create, &merchant, NULL));
    for (int64_t id = 1; id <= 2; id++) {
        struct shop_create shop = { .shop_id = id, .merchant_id = 1, .name = "shop" };
        must(house_call(house, house_operator, &shop_create, &shop, NULL));
        struct terminal_create terminal = { .terminal_id = id, .shop_id = id };
        must(house_call(house, house_operator, &terminal_create, &terminal, NULL));
    }
    for (int64_t id = 1; id <= 4; id++) {
        struct shopper_create shopper = { .shopper_id = id, .person_id = id == 3 ? 2 : 0 };
        struct paycode_issue device = { .shopper_id = id, .device_id = id };
        must(house_call(house, house_operator, &shopper_create, &shopper, NULL));
        must(house_call(house, house_operator, &paycode_issue, &device, NULL));
        if (id < 4) {
            struct wallet_move money = { .shopper_id = id, .amount_minor = 300000 };
            must(house_call(house, house_operator, &wallet_top_up, &money, NULL));
        }
    }
}

static void campaign_make(struct house *house, int64_t id, int64_t shop_budget)
{
    struct campaign_rules rules = { .campaign_id = id,
                                    .kind = CAMPAIGN_percentage,
                                    .percent_bp = id == 1 ? 5000 : 1000,
                                    .combines = 1,
                                    .merchant_share_bp = 3000,
                                    .uses_per_person = 5,
                                    .shop_budget_minor = shop_budget,
                                    .starts_at_us = HOUSE_NOON_US - WEEK_US,
                                    .ends_at_us = HOUSE_NOON_US + WEEK_US,
                                    .targets_count = 1,
                                    .targets = { { TARGET_merchant, 1 } } };
    struct campaign_fund fund = { .campaign_id = id, .platform_minor = 500000, .merchant_minor = 500000 };
    must(house_call(house, house_operator, &campaign_create, &rules, NULL));
    must(house_call(house, house_operator, &campaign_fund, &fund, NULL));
}

static struct trade_row pay(struct house *house, int64_t shopper_id, int64_t shop_id, int64_t amount,
                            const char *number)
{
    struct trade_row trade;
    house->now_us += 3 * US_PER_MINUTE;
    struct trade_pay want = { .shop_id = shop_id,
                              .terminal_id = shop_id,
                              .amount_minor = amount,
                              .code_device_id = shopper_id,
                              .code_step = house->now_us / US_PER_MINUTE };
    bool fits = span_copy(span_of(number), want.out_trade_no, sizeof(want.out_trade_no));
    assert(fits);
    must(house_call(house, house_shop(shop_id), &trade_pay, &want, &trade));
    return trade;
}

static void refund(struct house *house, const struct trade_row *trade, int64_t amount, const char *number)
{
    struct trade_refund want = { .trade_id = trade->trade_id, .amount_minor = amount };
    bool fits = span_copy(span_of(number), want.out_request_no, sizeof(want.out_request_no));
    assert(fits);
    must(house_call(house, house_shop(trade->shop_id), &trade_refund, &want, NULL));
}

/* Shares of a trade, of which half came back, and money that went into wallets. */
static void royalties_make(struct house *house)
{
    struct trade_row trade;
    house->now_us += 3 * US_PER_MINUTE;
    struct trade_pay pay = { .shop_id = 2, .amount_minor = 1000, .royalty_frozen = 1, .out_trade_no = "shared",
                             .code_device_id = 3, .code_step = house->now_us / US_PER_MINUTE };
    must(house_call(house, house_shop(2), &trade_pay, &pay, &trade));
    struct royalty_bind bind = { .merchant_id = 1, .receivers_count = 2,
                                 .receivers = { { PARTY_shopper, 2, "", "" }, { PARTY_merchant, 1, "", "" } } };
    must(house_call(house, house_operator, &royalty_bind, &bind, NULL));
    struct trade_settle settle = { .trade_id = trade.trade_id, .out_request_no = "s1", .lines_count = 2 };
    settle.lines[0] = (struct trade_settle_line){ .kind = PARTY_shopper, .id = 2, .amount_minor = 100 };
    settle.lines[1] = (struct trade_settle_line){ .kind = PARTY_merchant, .id = 1, .percent = 5 };
    must(house_call(house, house_operator, &trade_settle, &settle, NULL));
    refund(house, &trade, 500, "half");
    struct wallet_transfer prize = { .shop_id = 1, .payee_id = 2, .amount_minor = 77, .out_biz_no = "prize" };
    must(house_call(house, house_operator, &wallet_transfer, &prize, NULL));
    struct wallet_transfer gift = { .shopper_id = 1, .payee_id = 2, .amount_minor = 88, .out_biz_no = "gift" };
    must(house_call(house, house_shopper(1), &wallet_send, &gift, NULL));
    struct app_create app = { .app_id = 2021000000000009, .merchant_id = 1, .shop_id = 1, .name = "POS" };
    struct grant_row grant;
    struct grant_create word = { .app_id = app.app_id, .shopper_id = 1, .scope = SCOPE_auth_base };
    must(house_call(house, house_operator, &app_create, &app, NULL));
    must(house_call(house, house_shopper(1), &grant_create, &word, &grant));
    struct grant_redeem redeem = { .app_id = app.app_id, .grant_id = grant.grant_id };
    must(house_call(house, house_operator, &grant_redeem, &redeem, NULL));
}

void day_make(struct house *house)
{
    people_make(house);
    pay(house, 1, 1, 1999, "plain");
    campaign_make(house, 1, 0);
    campaign_make(house, 2, 400000);
    struct { int64_t merchant_id; char url[512]; } endpoint = { 1, "https://example.org/hook" };
    must(house_call(house, house_operator, &endpoint_create, &endpoint, NULL));

    struct trade_row first = pay(house, 1, 1, 10001, "first");
    assert(first.discounts_count == 2);
    struct trade_row second = pay(house, 2, 1, 20003, "second");
    struct trade_row third = pay(house, 3, 2, 777, "third");
    refund(house, &first, 3333, "r1");
    refund(house, &first, 1, "r2");
    refund(house, &third, third.list_minor, "all");
    house->now_us += US_PER_DAY;
    refund(house, &second, 5000, "next day");
    pay(house, 2, 2, 120, "fourth");
    royalties_make(house);

    struct trade_row waiting = pay(house, 1, 2, 250000, "waiting"); /* half of it is above the limit without password */
    assert(waiting.state == TRADE_wait_buyer_pay);
    struct trade_create create = { .shop_id = 1, .amount_minor = 500, .out_trade_no = "closed" };
    struct trade_row created;
    must(house_call(house, house_operator, &trade_create, &create, &created));
    must(house_call(house, house_operator, &trade_close, &created.trade_id, NULL));

    int64_t taken = hold(house, 2, 700), released = hold(house, 2, 800);
    hold(house, 2, 900);
    must(house_call(house, house_operator, &hold_end, &(struct timer_due){ .subject_id = taken, .due_us = 500 }, NULL));
    must(house_call(house, house_operator, &hold_end, &(struct timer_due){ .subject_id = released }, NULL));
    struct { int32_t kind; int64_t id; char name[NAME_SIZE]; } token = { .kind = CALLER_shop, .id = 1 };
    must(house_call(house, house_operator, &token_issue, &token, NULL));
}
