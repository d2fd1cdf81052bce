/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bills against the sums that the till keeps by itself: three days of random payments, refunds, shares and
 * transfers in several shops, read back in pages of any size. Each bill must come to the shop's daily sums, and
 * each account's lines must lead from one balance to the next without a gap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/hash.h"
#include "support/house.h"
#include "till/bill.h"

#define SHOPS 3 /* of merchant 1; one more is merchant 2's */
#define SHOPPERS 4
#define PAYMENTS 160
#define LINES_MAX 600
#define DAYS 7 /* from the eleventh of December on */
#define FIRST_DAY 20141211

struct till {
    struct house house;
    struct reader *reader;
    uint64_t random;
    struct trade_row trades[PAYMENTS];
    int trade_count, number;
    char folder[64];
};

static int pick(struct till *till, int count)
{
    till->random += UINT64_C(0x9e3779b97f4a7c15);
    return (int)(hash_mix(till->random) % (uint64_t)count);
}

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fail_msg("refused: %s", refusal_text((int)refusal)->name);
    }
}

/* ---- what happens ---- */

static void people_make(struct house *house)
{
    for (int64_t id = 1; id <= 2; id++) {
        struct merchant_create merchant = { .merchant_id = id, .name = "Lotus" };
        must(house_call(house, house_operator, &merchant_create, &merchant, NULL));
    }
    for (int64_t id = 1; id <= SHOPS + 1; id++) {
        struct shop_create shop = { .shop_id = id, .merchant_id = id <= SHOPS ? 1 : 2, .name = "shop",
                                    .zone_minutes = id == 3 ? -300 : 480 };
        must(house_call(house, house_operator, &shop_create, &shop, NULL));
    }
    for (int64_t id = 1; id <= SHOPPERS; id++) {
        struct shopper_create shopper = { .shopper_id = id, .name = "Lilei" };
        struct paycode_issue device = { .shopper_id = id, .device_id = id };
        struct wallet_move money = { .shopper_id = id, .amount_minor = 50000000 };
        must(house_call(house, house_operator, &shopper_create, &shopper, NULL));
        must(house_call(house, house_operator, &paycode_issue, &device, NULL));
        must(house_call(house, house_operator, &wallet_top_up, &money, NULL));
    }
    struct campaign_rules rules = { .campaign_id = 1, .kind = CAMPAIGN_percentage, .percent_bp = 1234,
                                    .merchant_share_bp = 4000, .starts_at_us = HOUSE_NOON_US - 9 * US_PER_DAY,
                                    .ends_at_us = HOUSE_NOON_US + 9 * US_PER_DAY, .targets_count = 1,
                                    .targets = { { TARGET_merchant, 1 } } };
    struct campaign_fund fund = { 1, 900000, 900000 };
    struct royalty_bind bind = { .merchant_id = 1, .receivers_count = 1,
                                 .receivers = { { PARTY_shopper, 1, "", "" } } };
    must(house_call(house, house_operator, &campaign_create, &rules, NULL));
    must(house_call(house, house_operator, &campaign_fund, &fund, NULL));
    must(house_call(house, house_operator, &royalty_bind, &bind, NULL));
}

/* A payment by scan, which stands at once. */
static void pay(struct till *till)
{
    struct trade_row *trade = &till->trades[till->trade_count];
    struct trade_pay want = { .shop_id = 1 + pick(till, SHOPS + 1), .amount_minor = 1 + pick(till, 2000),
                              .code_device_id = 1 + pick(till, SHOPPERS), .royalty_frozen = pick(till, 4) > 0,
                              .subject = "latte", .code_step = till->house.now_us / US_PER_MINUTE };
    snprintf(want.out_trade_no, sizeof(want.out_trade_no), "n%d", till->number++);
    enum refusal refusal = house_call(&till->house, house_shop(want.shop_id), &trade_pay, &want, trade);
    till->trade_count += refusal == REFUSAL_none && trade->state == TRADE_success;
}

/* Opened now, paid later: perhaps on another day. */
static void open_trade(struct till *till)
{
    struct trade_row trade;
    struct trade_create want = { .shop_id = 1 + pick(till, SHOPS), .amount_minor = 1 + pick(till, 900),
                                 .expires_in_s = 14 * 86400 };
    snprintf(want.out_trade_no, sizeof(want.out_trade_no), "n%d", till->number++);
    must(house_call(&till->house, house_shop(want.shop_id), &trade_create, &want, &trade));
    till->house.now_us += (1 + pick(till, 20)) * US_PER_HOUR;
    struct qr_pay scan = { .shopper_id = 1 + pick(till, SHOPPERS), .qr_kind = 1, .qr_id = trade.trade_id,
                           .confirmed = 1 };
    must(house_call(&till->house, house_shopper(scan.shopper_id), &qr_pay, &scan, &till->trades[till->trade_count++]));
}

static void something_else(struct till *till)
{
    if (till->trade_count == 0) {
        return;
    }
    struct trade_row *trade = &till->trades[pick(till, till->trade_count)];
    struct caller merchant = { .kind = CALLER_merchant, .id = trade->merchant_id };
    char number[32];
    snprintf(number, sizeof(number), "x%d", till->number++);
    int which = pick(till, 8);
    if (which < 3) { /* what is refused leaves no trace */
        struct trade_refund want = { .trade_id = trade->trade_id,
                                     .amount_minor = 1 + pick(till, (int)trade->list_minor), .reason = "sour" };
        memcpy(want.out_request_no, number, sizeof(number));
        house_call(&till->house, house_shop(trade->shop_id), &trade_refund, &want, NULL);
    } else if (which < 6) {
        struct trade_settle want = { .trade_id = trade->trade_id, .lines_count = 1 };
        want.lines[0] = (struct trade_settle_line){ .kind = PARTY_shopper, .id = 1, .percent = 1 + pick(till, 9) };
        memcpy(want.out_request_no, number, sizeof(number));
        house_call(&till->house, merchant, &trade_settle, &want, NULL);
    } else {
        struct wallet_transfer want = { .shop_id = trade->shop_id, .payee_id = 2, .amount_minor = 1 + pick(till, 50),
                                        .title = "prize" };
        memcpy(want.out_biz_no, number, sizeof(number));
        house_call(&till->house, merchant, &wallet_transfer, &want, NULL);
    }
}

/* ---- reading in pages ---- */

struct pages {
    struct read_page page;
    uint8_t *elements;
    size_t size;
    int count, on_page, limit;
    bool more;
    uint8_t key[READ_KEY_SIZE_MAX];
    size_t key_size;
};

static bool take(struct read_page *page, const void *element, struct span key)
{
    struct pages *pages = (struct pages *)page;
    if (pages->on_page == pages->limit) {
        pages->more = true;
        return false;
    }
    assert_true(pages->count < LINES_MAX);
    memcpy(pages->elements + (size_t)pages->count++ * pages->size, element, pages->size);
    memcpy(pages->key, key.bytes, key.size);
    pages->key_size = key.size;
    pages->on_page++;
    return true;
}

static enum refusal read_as(struct till *till, struct caller caller, const struct read *read, const void *request,
                            int limit, struct pages *pages)
{
    enum refusal refusal = REFUSAL_none;
    *pages = (struct pages){ .page = { .emit = take }, .elements = pages->elements, .size = read->element->size,
                             .limit = limit };
    do {
        enum status status = till->reader->ops->begin(till->reader);
        assert_int_equal(status, STATUS_ok);
        struct read_call call = { .reader = till->reader, .request = request, .caller = caller,
                                  .now_us = till->house.now_us, .limit = limit,
                                  .after = { (const char *)pages->key, pages->key_size } };
        pages->more = false;
        pages->on_page = 0;
        refusal = read->run(&call, &pages->page);
        till->reader->ops->end(till->reader);
        assert_int_equal(pages->page.status, STATUS_ok);
    } while (pages->more && refusal == REFUSAL_none);
    return refusal;
}

static int32_t day_at(int index)
{
    return civil_yyyymmdd(civil_day_of_yyyymmdd(FIRST_DAY) + index);
}

/* ---- facts ---- */

static void sums_compare(struct till *till, int32_t day, const struct bill_trade_line *lines, int count)
{
    for (int64_t shop_id = 1; shop_id <= SHOPS; shop_id++) {
        struct shop_day_row kept = { .shop_id = shop_id, .day = day }, made = { .shop_id = shop_id, .day = day };
        for (int i = 0; i < count; i++) {
            const struct bill_trade_line *line = &lines[i];
            if (line->shop_id != shop_id) {
                continue;
            }
            assert_int_equal(line->list_minor, line->paid_minor + line->platform_minor + line->merchant_minor);
            assert_int_equal(line->receipt_minor, line->list_minor - line->merchant_minor);
            assert_string_equal(line->shop_name, "shop");
            assert_string_equal(line->shopper_name, "Lilei");
            int64_t discount = line->platform_minor + line->merchant_minor;
            bool paid = line->kind == BILL_LINE_payment;
            made.payments += paid;
            made.list_minor += paid ? line->list_minor : 0;
            made.discount_minor += paid ? discount : 0;
            made.paid_minor += paid ? line->paid_minor : 0;
            made.refunds += !paid;
            made.refunded_paid_minor -= paid ? 0 : line->paid_minor;
            made.refunded_discount_minor -= paid ? 0 : discount;
            assert_true(paid ? line->royalty_minor <= 0 : line->royalty_minor >= 0);
            assert_true(paid == (line->out_request_no[0] == '\0'));
        }
        house_row(&till->house, &shop_day_table, &kept);
        assert_memory_equal(&kept, &made, sizeof(kept));
    }
}

static void bill_comes_to_the_sums_of_the_day(void **state)
{
    static struct bill_trade_line lines[2][LINES_MAX];
    static const int limits[] = { 1, 2, 31, 32, 33, 64, PAGE_ROWS_MAX };
    struct till *till = *state;
    int all = 0, split = 0, returned = 0, discounted = 0;
    for (int day = 0; day < DAYS; day++) {
        struct bill_trades_request want = { .merchant_id = 1, .day = day_at(day) };
        struct pages first = { .elements = (uint8_t *)lines[0] }, pages = { .elements = (uint8_t *)lines[1] };
        must(read_as(till, house_operator, &bill_trades, &want, 100, &first));
        sums_compare(till, want.day, lines[0], first.count);
        for (size_t i = 0; i < COUNT_OF(limits); i++) {
            must(read_as(till, (struct caller){ CALLER_merchant, 1 }, &bill_trades, &want, limits[i], &pages));
            assert_int_equal(pages.count, first.count);
            assert_memory_equal(lines[1], lines[0], (size_t)first.count * sizeof(lines[0][0]));
        }
        all += first.count;
        for (int i = 0; i < first.count; i++) {
            split += lines[0][i].royalty_minor < 0;
            returned += lines[0][i].royalty_minor > 0;
            discounted += lines[0][i].kind == BILL_LINE_refund && lines[0][i].merchant_minor < 0;
        }
    }
    assert_true(all > PAYMENTS * 3 / 4); /* some are the other merchant's */
    assert_true(split > 10);
    assert_true(returned > 3);
    assert_true(discounted > 10);
}

static void bills_are_for_their_merchant(void **state)
{
    static struct bill_trade_line lines[LINES_MAX];
    struct till *till = *state;
    struct pages pages = { .elements = (uint8_t *)lines };
    struct bill_trades_request want = { .merchant_id = 1, .day = 20141212 };
    struct bill_account_request account = { .shop_id = 1, .day = 20141212 };
    struct caller other = { CALLER_merchant, 2 };
    assert_int_equal(read_as(till, other, &bill_trades, &want, 10, &pages), REFUSAL_forbidden);
    assert_int_equal(read_as(till, other, &bill_account, &account, 10, &pages), REFUSAL_forbidden);
    want.merchant_id = 9;
    assert_int_equal(read_as(till, house_operator, &bill_trades, &want, 10, &pages), REFUSAL_merchant_unknown);
    account.shop_id = 9;
    assert_int_equal(read_as(till, house_operator, &bill_account, &account, 10, &pages), REFUSAL_shop_unknown);
    want = (struct bill_trades_request){ .merchant_id = 1, .day = 20131212 };
    must(read_as(till, house_operator, &bill_trades, &want, 10, &pages));
    assert_int_equal(pages.count, 0);
}

/* What the lines of a day say by cause, against the sums of the day. */
static void causes_compare(struct till *till, int64_t shop_id, int32_t day, const struct bill_account_line *lines,
                           int count)
{
    struct shop_day_row kept = { .shop_id = shop_id, .day = day };
    int64_t paid = 0, back = 0;
    house_row(&till->house, &shop_day_table, &kept);
    for (int i = 0; i < count; i++) {
        const struct bill_account_line *line = &lines[i];
        paid += line->cause == CAUSE_trade_pay ? line->amount_minor : 0;
        back += line->cause == CAUSE_trade_refund ? line->amount_minor : 0;
        bool transfer = line->cause == CAUSE_transfer;
        assert_true(line->number[0] == (transfer ? 'x' : 'n'));
        assert_true(transfer ? line->shopper_id == 2 && line->trade_id == 0 : line->trade_id != 0);
        assert_string_equal(transfer ? line->subject : "prize", "prize");
    }
    assert_int_equal(paid, kept.list_minor);
    assert_int_equal(-back, kept.refunded_paid_minor + kept.refunded_discount_minor);
}

static void account_leads_from_balance_to_balance(void **state)
{
    static struct bill_account_line lines[2][LINES_MAX];
    static const int limits[] = { 1, 7, PAGE_ROWS_MAX };
    struct till *till = *state;
    for (int64_t shop_id = 1; shop_id <= SHOPS; shop_id++) {
        int64_t balance = house_balance(&till->house, shop_id, PURPOSE_takings, UNIT_CNY);
        for (int day = DAYS - 1; day >= 0; day--) {
            struct bill_account_request want = { .shop_id = shop_id, .day = day_at(day) };
            struct pages first = { .elements = (uint8_t *)lines[0] }, pages = { .elements = (uint8_t *)lines[1] };
            must(read_as(till, house_operator, &bill_account, &want, 100, &first));
            for (int i = 0; i < first.count; i++) {
                assert_int_equal(lines[0][i].balance_minor, balance);
                balance -= lines[0][i].amount_minor;
            }
            causes_compare(till, shop_id, want.day, lines[0], first.count);
            for (size_t i = 0; i < COUNT_OF(limits); i++) {
                must(read_as(till, house_shop(shop_id), &bill_account, &want, limits[i], &pages));
                assert_int_equal(pages.count, first.count);
                assert_memory_equal(lines[1], lines[0], (size_t)first.count * sizeof(lines[0][0]));
            }
        }
        assert_int_equal(balance, 0);
    }
}

/* ---- the days ---- */

static int days_open(void **state)
{
    static struct till till;
    struct audit_report report;
    char path[96];
    till = (struct till){ .random = 7, .folder = "/tmp/onetill-bill-XXXXXX" };
    assert_non_null(mkdtemp(till.folder));
    snprintf(path, sizeof(path), "%s/till.db", till.folder);
    house_open_sqlite(&till.house, path);
    till.house.now_us = civil_day_of_yyyymmdd(FIRST_DAY) * US_PER_DAY + 6 * US_PER_HOUR;
    people_make(&till.house);
    while (till.trade_count < PAYMENTS) {
        till.house.now_us += (1 + pick(&till, 20)) * US_PER_MINUTE;
        int which = pick(&till, 40);
        if (which == 0) {
            open_trade(&till);
        } else if (which < 24) {
            pay(&till);
        } else {
            something_else(&till);
        }
    }
    assert_true(till.house.now_us < (civil_day_of_yyyymmdd(FIRST_DAY) + DAYS - 1) * US_PER_DAY + 15 * US_PER_HOUR);
    assert_true(house_audit(&till.house, &report));
    enum status status = till.house.store->ops->reader_open(till.house.store, &till.reader);
    assert_int_equal(status, STATUS_ok);
    *state = &till;
    return 0;
}

static int days_close(void **state)
{
    struct till *till = *state;
    till->reader->ops->close(till->reader);
    house_close(&till->house);
    folder_remove(till->folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bill_comes_to_the_sums_of_the_day),
        cmocka_unit_test(bills_are_for_their_merchant),
        cmocka_unit_test(account_leads_from_balance_to_balance),
    };
    return cmocka_run_group_tests_name("till_bill", tests, days_open, days_close);
}
