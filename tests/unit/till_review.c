/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a review of the money's path found: each test is a story that went wrong once. Money that was stranded
 * or given twice, limits that could be walked around, and callers who could do more than they may. The books
 * are audited at the end of each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"
#include "support/house.h"

#define WEEK_US (7 * US_PER_DAY)
#define SHOPPERS 6

static const struct caller merchant_1 = { .kind = CALLER_merchant, .id = 1 };

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fail_msg("refused: %s", refusal_text((int)refusal)->name);
    }
}

/* Three shops of merchant 1; shoppers with a device of their number and money. */
static void house_fill(struct house *house)
{
    struct merchant_create merchant = { .merchant_id = 1, .name = "Lotus" };
    house_open_memory(house, NULL);
    must(house_call(house, house_operator, &merchant_create, &merchant, NULL));
    for (int64_t id = 1; id <= 3; id++) {
        struct shop_create shop = { .shop_id = id, .merchant_id = 1 };
        must(house_call(house, house_operator, &shop_create, &shop, NULL));
        struct terminal_create terminal = { .terminal_id = id, .shop_id = id };
        must(house_call(house, house_operator, &terminal_create, &terminal, NULL));
    }
    for (int64_t id = 1; id <= SHOPPERS; id++) {
        struct shopper_create shopper = { .shopper_id = id };
        struct paycode_issue device = { .shopper_id = id, .device_id = id };
        struct wallet_move money = { .shopper_id = id, .amount_minor = 1000000 };
        must(house_call(house, house_operator, &shopper_create, &shopper, NULL));
        must(house_call(house, house_operator, &paycode_issue, &device, NULL));
        must(house_call(house, house_operator, &wallet_top_up, &money, NULL));
    }
}

static void house_end(struct house *house)
{
    struct audit_report report;
    if (!house_audit(house, &report)) {
        fail_msg("the audit: %s", report.first.sentence);
    }
    house_close(house);
}

/* A campaign at all shops of merchant 1 that takes `amount` off. */
static struct campaign_rules rules_of(int64_t campaign_id, int64_t amount)
{
    return (struct campaign_rules){ .campaign_id = campaign_id,
                                    .name = "offer",
                                    .kind = CAMPAIGN_amount_off,
                                    .amount_minor = amount,
                                    .starts_at_us = HOUSE_NOON_US - WEEK_US,
                                    .ends_at_us = HOUSE_NOON_US + WEEK_US,
                                    .targets_count = 1,
                                    .targets = { { TARGET_merchant, 1 } } };
}

static void campaign_open(struct house *house, const struct campaign_rules *rules, int64_t platform_minor)
{
    struct campaign_fund fund = { .campaign_id = rules->campaign_id, .platform_minor = platform_minor };
    must(house_call(house, house_operator, &campaign_create, rules, NULL));
    must(house_call(house, house_operator, &campaign_fund, &fund, NULL));
}

static struct trade_pay pay_of(struct house *house, int64_t shopper_id, int64_t shop_id, int64_t amount)
{
    static int number;
    struct trade_pay want = { .shop_id = shop_id,
                              .amount_minor = amount,
                              .code_device_id = shopper_id,
                              .code_step = house->now_us / US_PER_MINUTE };
    snprintf(want.out_trade_no, sizeof(want.out_trade_no), "N%d", number++);
    return want;
}

/* Two minutes later the shopper pays. */
static struct trade_row pay(struct house *house, int64_t shopper_id, int64_t shop_id, int64_t amount)
{
    struct trade_row trade;
    house->now_us += 2 * US_PER_MINUTE;
    struct trade_pay want = pay_of(house, shopper_id, shop_id, amount);
    must(house_call(house, house_shop(shop_id), &trade_pay, &want, &trade));
    return trade;
}

static void refund_all(struct house *house, const struct trade_row *trade)
{
    struct trade_refund want = { .trade_id = trade->trade_id,
                                 .out_request_no = "all",
                                 .amount_minor = trade->list_minor };
    must(house_call(house, house_shop(trade->shop_id), &trade_refund, &want, NULL));
}

/* ---- campaigns ---- */

/* What a refund returns to a campaign that has ended could never be taken out again. */
static void a_refund_after_the_end_goes_back_to_the_bank(void **state)
{
    struct house house;
    struct campaign_rules rules = rules_of(1, 300);
    int64_t campaign_id = 1;
    (void)state;
    house_fill(&house);
    rules.merchant_share_bp = 5000;
    must(house_call(&house, house_operator, &campaign_create, &rules, NULL));
    struct campaign_fund fund = { .campaign_id = 1, .platform_minor = 1000, .merchant_minor = 1000 };
    must(house_call(&house, house_operator, &campaign_fund, &fund, NULL));
    struct trade_row trade = pay(&house, 1, 1, 1000);
    assert_int_equal(trade.discount_minor, 300);
    int64_t bank = house_balance(&house, 0, PURPOSE_clearing, UNIT_CNY);
    must(house_call(&house, house_operator, &campaign_end, &campaign_id, NULL));
    assert_int_equal(house_balance(&house, 0, PURPOSE_clearing, UNIT_CNY), bank + 1700);
    refund_all(&house, &trade);
    assert_int_equal(house_balance(&house, 1, PURPOSE_budget_platform, UNIT_CNY), 0);
    assert_int_equal(house_balance(&house, 1, PURPOSE_budget_merchant, UNIT_CNY), 0);
    assert_int_equal(house_balance(&house, 0, PURPOSE_clearing, UNIT_CNY), bank + 2000);
    assert_int_equal(house_balance(&house, 1, PURPOSE_wallet, UNIT_CNY), 1000000);
    house_end(&house);
}

/* Of equal discounts the one with fewer campaigns: the third keeps its uses and its budget. */
static void of_equal_combinations_the_smaller_wins(void **state)
{
    struct house house;
    (void)state;
    house_fill(&house);
    for (int64_t id = 1; id <= 3; id++) {
        struct campaign_rules rules = rules_of(id, id == 1 ? 3 : id == 2 ? 4 : 8);
        rules.combines = 1;
        campaign_open(&house, &rules, 1000);
    }
    struct trade_row trade = pay(&house, 1, 1, 10);
    assert_int_equal(trade.discount_minor, 10);
    assert_int_equal(trade.discounts_count, 2);
    assert_int_equal(trade.discounts[0].campaign_id, 1);
    assert_int_equal(trade.discounts[1].campaign_id, 3);
    house_end(&house);
}

/* A till that undoes a first payment whose outcome it does not know does not take the newcomer's offer away. */
static void a_first_trade_that_is_undone_leaves_a_new_shopper(void **state)
{
    struct house house;
    struct campaign_rules rules = rules_of(1, 300);
    (void)state;
    house_fill(&house);
    rules.audience = AUDIENCE_new;
    campaign_open(&house, &rules, 10000);
    struct trade_row trade = pay(&house, 1, 1, 1000);
    assert_int_equal(trade.discount_minor, 300);
    assert_int_equal(pay(&house, 2, 1, 1000).discount_minor, 300);
    assert_int_equal(pay(&house, 2, 1, 1000).discount_minor, 0);
    must(house_call(&house, house_shop(1), &trade_cancel, &trade.trade_id, NULL));
    assert_int_equal(pay(&house, 1, 1, 1000).discount_minor, 300);
    assert_int_equal(pay(&house, 1, 1, 1000).discount_minor, 0);
    house_end(&house);
}

/* A shop's budget that is turned on later counts from then on; earlier trades that come back do not widen it. */
static void a_shop_budget_turned_on_later_is_never_passed(void **state)
{
    struct house house;
    struct campaign_rules rules = rules_of(1, 50);
    (void)state;
    house_fill(&house);
    campaign_open(&house, &rules, 10000);
    struct trade_row early = pay(&house, 1, 1, 1000);
    rules.shop_budget_minor = 100;
    must(house_call(&house, house_operator, &campaign_change, &rules, NULL));
    struct trade_row counted = pay(&house, 2, 1, 1000);
    assert_int_equal(counted.discount_minor, 50);
    refund_all(&house, &early);
    assert_int_equal(pay(&house, 3, 1, 1000).discount_minor, 50);
    assert_int_equal(pay(&house, 4, 1, 1000).discount_minor, 0);
    assert_int_equal(pay(&house, 4, 2, 1000).discount_minor, 50);
    refund_all(&house, &counted);
    assert_int_equal(pay(&house, 4, 1, 1000).discount_minor, 50);
    /* off and on again: what was given in between counts as well */
    rules.shop_budget_minor = 0;
    must(house_call(&house, house_operator, &campaign_change, &rules, NULL));
    struct trade_row between = pay(&house, 5, 1, 1000);
    assert_int_equal(between.discount_minor, 50);
    rules.shop_budget_minor = 150;
    must(house_call(&house, house_operator, &campaign_change, &rules, NULL));
    assert_int_equal(pay(&house, 5, 1, 1000).discount_minor, 0);
    refund_all(&house, &between);
    assert_int_equal(pay(&house, 5, 1, 1000).discount_minor, 50);
    assert_int_equal(pay(&house, 5, 1, 1000).discount_minor, 0);
    house_end(&house);
}

/* ---- who may what ---- */

/* A merchant who puts its own shop into a set would help itself to what the platform pays for that set. */
static void only_the_platform_puts_shops_into_sets(void **state)
{
    struct house house;
    (void)state;
    house_fill(&house);
    struct shop_create shop = { .shop_id = 9, .merchant_id = 1, .sets_count = 1, .sets = { { 5 } } };
    assert_int_equal(house_call(&house, merchant_1, &shop_create, &shop, NULL), REFUSAL_forbidden);
    must(house_call(&house, house_operator, &shop_create, &shop, NULL));
    struct shop_create plain = { .shop_id = 10, .merchant_id = 1 };
    must(house_call(&house, merchant_1, &shop_create, &plain, NULL));
    house_end(&house);
}

/* Rules that the platform funded stay as they were when it did. */
static void a_merchant_does_not_change_what_the_platform_pays(void **state)
{
    struct house house;
    struct campaign_rules rules = rules_of(1, 50);
    struct campaign_fund fund = { .campaign_id = 1, .platform_minor = 100 };
    int64_t campaign_id = 1;
    (void)state;
    house_fill(&house);
    must(house_call(&house, merchant_1, &campaign_create, &rules, NULL));
    rules.amount_minor = 60;
    must(house_call(&house, merchant_1, &campaign_change, &rules, NULL));
    must(house_call(&house, house_operator, &campaign_fund, &fund, NULL));
    rules.amount_minor = 100;
    assert_int_equal(house_call(&house, merchant_1, &campaign_change, &rules, NULL), REFUSAL_forbidden);
    /* it may stop and go on, but not go on when the platform stopped it */
    must(house_call(&house, merchant_1, &campaign_pause, &campaign_id, NULL));
    must(house_call(&house, merchant_1, &campaign_resume, &campaign_id, NULL));
    must(house_call(&house, merchant_1, &campaign_pause, &campaign_id, NULL));
    must(house_call(&house, house_operator, &campaign_pause, &campaign_id, NULL));
    assert_int_equal(house_call(&house, merchant_1, &campaign_resume, &campaign_id, NULL), REFUSAL_forbidden);
    assert_int_equal(pay(&house, 1, 1, 1000).discount_minor, 0);
    must(house_call(&house, house_operator, &campaign_resume, &campaign_id, NULL));
    assert_int_equal(pay(&house, 1, 1, 1000).discount_minor, 60);
    must(house_call(&house, merchant_1, &campaign_pause, &campaign_id, NULL));
    must(house_call(&house, merchant_1, &campaign_resume, &campaign_id, NULL));
    house_end(&house);
}

/* What a preview says of a person is for that person: a shop could ask for every shopper in turn. */
static void a_shop_learns_nothing_of_a_shopper_by_previews(void **state)
{
    struct house house;
    struct { int64_t shop_id, shopper_id, amount_minor; } want = { 1, 2, 1000 };
    (void)state;
    house_fill(&house);
    assert_int_equal(house_call(&house, house_shop(1), &trade_preview, &want, NULL), REFUSAL_forbidden);
    assert_int_equal(house_call(&house, house_shopper(1), &trade_preview, &want, NULL), REFUSAL_forbidden);
    must(house_call(&house, house_shopper(2), &trade_preview, &want, NULL));
    must(house_call(&house, house_operator, &trade_preview, &want, NULL));
    want.shopper_id = 0;
    must(house_call(&house, house_shop(1), &trade_preview, &want, NULL));
    house_end(&house);
}

static void the_first_operator_token_can_be_revoked(void **state)
{
    struct house house;
    struct { /* as token_revoke is asked */
        int64_t token_id;
        int32_t keep_issued;
    } want = { .token_id = TOKEN_FIRST_ID };
    struct token_row token = { .token_id = TOKEN_FIRST_ID };
    (void)state;
    house_fill(&house);
    assert_int_equal(house_call(&house, merchant_1, &token_revoke, &want, NULL), REFUSAL_forbidden);
    must(house_call(&house, house_operator, &token_revoke, &want, NULL));
    assert_true(house_row(&house, &token_table, &token));
    assert_int_equal(token.state, TOKEN_revoked);
    assert_int_equal(token.caller_kind, CALLER_operator);
    want.token_id = 2;
    assert_int_equal(house_call(&house, house_operator, &token_revoke, &want, NULL), REFUSAL_token_unknown);
    house_end(&house);
}

/* ---- pay codes ---- */

static enum refusal guess(struct house *house, int64_t shop_id, int64_t device_id)
{
    struct trade_pay want = pay_of(house, device_id, shop_id, 1000);
    want.code_step = 0;
    return house_call(house, house_shop(shop_id), &trade_pay, &want, NULL);
}

/* With shops enough somebody guesses one in the end: a code after many wrong ones takes no money by itself. */
static void guesses_at_a_device_count_wherever_they_are_made(void **state)
{
    struct house house;
    struct trade_row trade;
    (void)state;
    house_fill(&house);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(guess(&house, 1 + i % 2, 1), REFUSAL_code_unknown);
    }
    struct trade_pay want = pay_of(&house, 1, 3, 1000);
    must(house_call(&house, house_shop(3), &trade_pay, &want, &trade));
    assert_int_equal(trade.state, TRADE_wait_buyer_pay);
    assert_int_equal(house_balance(&house, 1, PURPOSE_wallet, UNIT_CNY), 1000000);
    must(house_call(&house, house_shopper(1), &trade_confirm, &trade.trade_id, &trade));
    assert_int_equal(trade.state, TRADE_success);
    /* another shopper's code is as good as ever, and so is this one's a while later */
    want = pay_of(&house, 2, 3, 1000);
    must(house_call(&house, house_shop(3), &trade_pay, &want, &trade));
    assert_int_equal(trade.state, TRADE_success);
    assert_int_equal(pay(&house, 1, 1, 1000).state, TRADE_success);
    house_end(&house);
}

/* Wrong codes count on the terminal that showed them, not on one that it names. */
static void a_terminal_scans_as_itself(void **state)
{
    struct house house;
    struct caller terminal = { .kind = CALLER_terminal, .id = 1 };
    struct terminal_create second = { .terminal_id = 11, .shop_id = 1 };
    (void)state;
    house_fill(&house);
    must(house_call(&house, house_operator, &terminal_create, &second, NULL));
    struct trade_pay want = pay_of(&house, 1, 1, 1000);
    want.terminal_id = 11;
    assert_int_equal(house_call(&house, terminal, &trade_pay, &want, NULL), REFUSAL_forbidden);
    must(house_call(&house, house_shop(1), &trade_pay, &want, NULL));
    house.now_us += 2 * US_PER_MINUTE;
    want = pay_of(&house, 1, 1, 1000);
    want.terminal_id = 1;
    must(house_call(&house, terminal, &trade_pay, &want, NULL));
    house_end(&house);
}

/* ---- trades ---- */

/* A till that asks again must not take a paid trade for a refused one because the shop has closed meanwhile. */
static void a_known_number_is_answered_whatever_changed(void **state)
{
    struct house house;
    struct trade_row trade, again;
    struct { int64_t shop_id; char name[NAME_SIZE]; int32_t open; } shop = { .shop_id = 1 };
    (void)state;
    house_fill(&house);
    struct trade_pay want = pay_of(&house, 1, 1, 1000);
    must(house_call(&house, house_shop(1), &trade_pay, &want, &trade));
    struct trade_create create = { .shop_id = 1, .amount_minor = 700, .out_trade_no = "QR" }, other = create;
    struct trade_row created;
    must(house_call(&house, house_shop(1), &trade_create, &create, &created));
    must(house_call(&house, house_operator, &shop_change, &shop, NULL));
    must(house_call(&house, house_shop(1), &trade_pay, &want, &again));
    assert_int_equal(again.trade_id, trade.trade_id);
    assert_int_equal(again.state, TRADE_success);
    must(house_call(&house, house_shop(1), &trade_create, &create, &again));
    assert_int_equal(again.trade_id, created.trade_id);
    /* a new one is refused as before */
    want = pay_of(&house, 2, 1, 1000);
    assert_int_equal(house_call(&house, house_shop(1), &trade_pay, &want, NULL), REFUSAL_shop_closed);
    other.out_trade_no[0] = 'X';
    assert_int_equal(house_call(&house, house_shop(1), &trade_create, &other, NULL), REFUSAL_shop_closed);
    house_end(&house);
}

static bool notice_find(void *context, const void *row)
{
    struct delivery_row *newest = context;
    memcpy(newest, row, sizeof(*newest));
    return true;
}

/* The merchant's notice of a cancelled payment says cancelled, as the trade does. */
static void the_notice_of_a_cancel_says_so(void **state)
{
    struct house house;
    struct trade_row trade, noticed = { 0 };
    struct delivery_row notice = { 0 };
    struct { int64_t merchant_id; char url[512]; } endpoint = { 1, "https://example.org/hook" };
    (void)state;
    house_fill(&house);
    must(house_call(&house, house_operator, &endpoint_create, &endpoint, NULL));
    trade = pay(&house, 1, 1, 1000);
    must(house_call(&house, house_shop(1), &trade_cancel, &trade.trade_id, &trade));
    assert_int_equal(trade.close_reason, CLOSE_cancelled);
    struct span all = { NULL, 0 };
    assert_int_equal(house.store->ops->scan(house.store, &delivery_table, all, notice_find, &notice), STATUS_ok);
    assert_int_equal(notice.topic, TOPIC_trade_refunded);
    struct span packed = { (const char *)notice.payload.bytes, notice.payload.size };
    assert_true(shape_unpack(&trade_table.shape, 0, packed, &noticed));
    assert_int_equal(noticed.state, TRADE_closed);
    assert_int_equal(noticed.close_reason, CLOSE_cancelled);
    house_end(&house);
}

/* Time passes between a look at the timers and a decision: the deadline holds all the same. */
static int64_t hop_us;
static int looks_before_hop;

static int64_t hopping_clock(void *context)
{
    const struct house *house = context;
    return looks_before_hop-- > 0 ? house->now_us : house->now_us + hop_us;
}

static void nobody_pays_after_the_deadline(void **state)
{
    struct house house;
    struct trade_row trade;
    (void)state;
    house_fill(&house);
    house.settings.now_us = hopping_clock;
    looks_before_hop = INT32_MAX;
    house_reopen_engine(&house);
    trade = pay(&house, 1, 1, 200000); /* above the limit without password */
    assert_int_equal(trade.state, TRADE_wait_buyer_pay);
    struct trade_create create = { .shop_id = 1, .amount_minor = 700, .out_trade_no = "QR", .expires_in_s = 120 };
    struct trade_row created;
    must(house_call(&house, house_shop(1), &trade_create, &create, &created));
    hop_us = 3 * US_PER_MINUTE;
    looks_before_hop = 1;
    assert_int_equal(house_call(&house, house_shopper(1), &trade_confirm, &trade.trade_id, NULL), REFUSAL_trade_closed);
    looks_before_hop = 1;
    struct qr_pay scan = { .shopper_id = 2, .qr_kind = 1, .qr_id = created.trade_id };
    assert_int_equal(house_call(&house, house_shopper(2), &qr_pay, &scan, NULL), REFUSAL_trade_closed);
    house.now_us += hop_us;
    hop_us = 0;
    house_settle(&house);
    must(house_call(&house, house_shop(1), &trade_query, &trade.trade_id, &trade));
    assert_int_equal(trade.close_reason, CLOSE_timeout);
    house_end(&house);
}

/* ---- the pipeline below ---- */

/* Every decision has a stamp. After 2^32 of them, a few days of a busy till, one came that saw all rows as its own. */
static void stamps_of_decisions_do_not_come_round(void **state)
{
    static struct row_change changes[BATCH_ROWS_MAX];
    struct house house;
    struct view view;
    struct merchant_row key = { .merchant_id = 1 };
    (void)state;
    house_fill(&house);
    view_init(&view, house.store);
    view.stamp = UINT32_MAX;
    view_begin(&view);
    struct merchant_row *merchant = view_change(&view, view_ask(&view, &merchant_table, &key));
    merchant->name[0] = 'X';
    assert_int_equal(view_changes(&view, changes), 1);
    view_rewind(&view, true);
    assert_string_equal(((const struct merchant_row *)view_ask(&view, &merchant_table, &key))->name, "Lotus");
    view_release(&view);
    house_end(&house);
}

/* Ids hold milliseconds in 41 bits: a clock that is moved beyond what fits must not use the numbers up. */
static void ids_go_on_whatever_the_clock_says(void **state)
{
    struct moment at = { .now_us = HOUSE_NOON_US };
    (void)state;
    int64_t before = moment_id(&at);
    for (int bits = 38; bits <= 47; bits++) { /* up to the year 6500 */
        at.now_us = INT64_C(1262304000) * 1000000 + ((INT64_C(1) << bits) - 1) * 1000;
        int64_t id = moment_id(&at);
        assert_true(id > before);
        assert_true(INT64_MAX - id > INT64_C(1) << 50);
        before = id;
    }
    at.now_us = HOUSE_NOON_US;
    assert_int_equal(moment_id(&at), before + 1);
}

#define CROWD 800

static void crowd_make(struct house *house)
{
    struct merchant_create merchant = { .merchant_id = 1, .name = "Lotus" };
    must(house_call(house, house_operator, &merchant_create, &merchant, NULL));
    for (int64_t id = 1; id <= CROWD; id++) {
        struct shop_create shop = { .shop_id = id, .merchant_id = 1, .sets_count = 2, .sets = { { 5 }, { 6 } } };
        struct shopper_create shopper = { .shopper_id = id };
        struct wallet_move money = { .shopper_id = id, .amount_minor = 1000000 };
        struct paycode_issue device = { .shopper_id = id, .device_id = id };
        must(house_call(house, house_operator, &shop_create, &shop, NULL));
        must(house_call(house, house_operator, &shopper_create, &shopper, NULL));
        must(house_call(house, house_operator, &paycode_issue, &device, NULL));
        must(house_call(house, house_operator, &wallet_top_up, &money, NULL));
    }
    for (int64_t id = 0; id < 4 * OFFERS_MAX; id++) {
        const struct target_row targets[] = {
            { TARGET_all, 0 }, { TARGET_merchant, 1 }, { TARGET_set, 5 }, { TARGET_set, 6 },
        };
        struct campaign_rules rules = rules_of(id + 1, 50);
        rules.targets[0] = targets[id / OFFERS_MAX];
        rules.uses_per_person = 3;
        rules.shop_budget_minor = 100000;
        campaign_open(house, &rules, 1000000);
    }
}

/* As many campaigns as a shop may have, each with limits per person and shop, and a batch that waits for the disk. */
static void a_batch_has_room_for_every_call_it_takes(void **state)
{
    static struct call calls[CROWD];
    static struct trade_pay wants[CROWD];
    static struct trade_row trades[CROWD];
    struct house house;
    struct memory_settings deferred = { .deferred = true };
    (void)state;
    house_open_memory(&house, &deferred);
    crowd_make(&house);
    for (size_t i = 0; i < CROWD; i++) {
        wants[i] = pay_of(&house, (int64_t)i + 1, (int64_t)i + 1, 1000);
        calls[i] = (struct call){
            .command = &trade_pay, .request = &wants[i], .answer = &trades[i], .caller = house_operator
        };
        snprintf(calls[i].request_key, sizeof(calls[i].request_key), "crowd-%zu", i);
        assert_true(engine_submit(house.engine, &calls[i]));
    }
    while (engine_step(house.engine)) { /* the store keeps nothing until it is pumped */
    }
    house_settle(&house);
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(calls[i].refusal, REFUSAL_none);
        assert_int_equal(trades[i].discount_minor, 50);
    }
    house_end(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refund_after_the_end_goes_back_to_the_bank),
        cmocka_unit_test(of_equal_combinations_the_smaller_wins),
        cmocka_unit_test(a_first_trade_that_is_undone_leaves_a_new_shopper),
        cmocka_unit_test(a_shop_budget_turned_on_later_is_never_passed),
        cmocka_unit_test(only_the_platform_puts_shops_into_sets),
        cmocka_unit_test(a_merchant_does_not_change_what_the_platform_pays),
        cmocka_unit_test(a_shop_learns_nothing_of_a_shopper_by_previews),
        cmocka_unit_test(the_first_operator_token_can_be_revoked),
        cmocka_unit_test(guesses_at_a_device_count_wherever_they_are_made),
        cmocka_unit_test(a_terminal_scans_as_itself),
        cmocka_unit_test(a_known_number_is_answered_whatever_changed),
        cmocka_unit_test(the_notice_of_a_cancel_says_so),
        cmocka_unit_test(nobody_pays_after_the_deadline),
        cmocka_unit_test(stamps_of_decisions_do_not_come_round),
        cmocka_unit_test(ids_go_on_whatever_the_clock_says),
        cmocka_unit_test(a_batch_has_room_for_every_call_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
