/* SPDX-License-Identifier: Apache-2.0 */
/* Notices for the app that opened a trade: which events it is told, where, how often, and until what is heard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"
#include "people/app.h"
#include "support/house.h"

#define APP_ID INT64_C(2021000000000001)
#define DELIVERIES_MOST 16

static const struct caller merchant_1 = { .kind = CALLER_merchant, .id = 1 };

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fail_msg("refused: %s", refusal_text((int)refusal)->name);
    }
}

static void text_set(char *to, size_t capacity, const char *text)
{
    bool fits = span_copy(span_of(text), to, capacity);
    assert_true(fits);
}

/* A shop, a shopper with a device of each number and money, an app that may have an address of its own. */
static void house_fill(struct house *house, const char *notify_url)
{
    struct merchant_create merchant = { .merchant_id = 1, .name = "Lotus" };
    struct shop_create shop = { .shop_id = 1, .merchant_id = 1 };
    struct shopper_create shopper = { .shopper_id = 3 };
    struct wallet_move money = { .shopper_id = 3, .amount_minor = 1000000 };
    struct app_create app = { .app_id = APP_ID, .merchant_id = 1, .shop_id = 1, .name = "POS" };
    text_set(app.notify_url, sizeof(app.notify_url), notify_url);
    house_open_memory(house, NULL);
    must(house_call(house, house_operator, &merchant_create, &merchant, NULL));
    must(house_call(house, house_operator, &shop_create, &shop, NULL));
    must(house_call(house, house_operator, &shopper_create, &shopper, NULL));
    must(house_call(house, house_operator, &wallet_top_up, &money, NULL));
    must(house_call(house, house_operator, &app_create, &app, NULL));
    for (int64_t device = 1; device <= 9; device++) {
        struct paycode_issue issue = { .shopper_id = 3, .device_id = device };
        must(house_call(house, house_operator, &paycode_issue, &issue, NULL));
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

static void app_set(struct house *house, const char *notify_url, int32_t disabled, int32_t notify_paid_only)
{
    struct app_change want = { .app_id = APP_ID,
                               .shop_id = 1,
                               .name = "POS",
                               .disabled = disabled,
                               .notify_paid_only = notify_paid_only };
    text_set(want.notify_url, sizeof(want.notify_url), notify_url);
    must(house_call(house, merchant_1, &app_change, &want, NULL));
}

/* Of the app; the code is that of the device, so that each trade needs another one. */
static struct trade_pay pay_of(const struct house *house, int64_t device_id, int64_t amount, const char *notify_url)
{
    struct trade_pay want = { .shop_id = 1,
                              .amount_minor = amount,
                              .code_device_id = device_id,
                              .code_step = house->now_us / US_PER_MINUTE,
                              .app_id = APP_ID };
    snprintf(want.out_trade_no, sizeof(want.out_trade_no), "n%d", (int)device_id);
    text_set(want.detail.notify_url, sizeof(want.detail.notify_url), notify_url);
    return want;
}

static struct trade_row pay(struct house *house, const struct trade_pay *want)
{
    struct trade_row trade;
    must(house_call(house, merchant_1, &trade_pay, want, &trade));
    return trade;
}

static void refund(struct house *house, const struct trade_row *trade, int64_t amount, const char *number)
{
    struct trade_refund want = { .trade_id = trade->trade_id, .amount_minor = amount };
    text_set(want.out_request_no, sizeof(want.out_request_no), number);
    must(house_call(house, merchant_1, &trade_refund, &want, NULL));
}

struct deliveries {
    struct delivery_row rows[DELIVERIES_MOST];
    int count;
};

static bool deliveries_each(void *context, const void *row)
{
    struct deliveries *deliveries = context;
    assert_true(deliveries->count < DELIVERIES_MOST);
    memcpy(&deliveries->rows[deliveries->count++], row, sizeof(deliveries->rows[0]));
    return true;
}

static bool count_each(void *context, const void *row)
{
    (void)row;
    (*(int *)context)++;
    return true;
}

static void deliveries_read(struct house *house, struct deliveries *deliveries)
{
    house_settle(house);
    struct reader *reader = store_reader_open(house->store);
    deliveries->count = 0;
    enum status status =
        reader->ops->scan(reader, &delivery_table, (struct span){ NULL, 0 }, deliveries_each, deliveries);
    assert_int_equal(status, STATUS_ok);
    reader->ops->close(reader);
}

static int rows_count(struct house *house, const struct table *table)
{
    int count = 0;
    house_settle(house);
    struct reader *reader = store_reader_open(house->store);
    enum status status = reader->ops->scan(reader, table, (struct span){ NULL, 0 }, count_each, &count);
    assert_int_equal(status, STATUS_ok);
    reader->ops->close(reader);
    return count;
}

static struct delivery_work work_read(struct house *house, int64_t delivery_id)
{
    struct delivery_work work;
    must(house_call(house, house_operator, &delivery_read, &delivery_id, &work));
    return work;
}

static void report(struct house *house, int64_t delivery_id, int32_t http_status, int32_t heard)
{
    struct delivery_done done = { .delivery_id = delivery_id, .http_status = http_status, .heard = heard };
    must(house_call(house, house_operator, &delivery_done, &done, NULL));
}

/* ---- who is told, and where ---- */

static void a_trade_without_an_app_costs_no_row_more(void **state)
{
    struct house house;
    (void)state;
    house_fill(&house, "https://app.example.org/n");
    struct trade_pay want = pay_of(&house, 1, 500, "");
    want.app_id = 0;
    pay(&house, &want);
    assert_int_equal(rows_count(&house, &delivery_table), 0);
    assert_int_equal(rows_count(&house, &trade_detail_table), 0);
    /* nor one of an app that said nothing */
    want = pay_of(&house, 2, 500, "");
    pay(&house, &want);
    assert_int_equal(rows_count(&house, &delivery_table), 1);
    assert_int_equal(rows_count(&house, &trade_detail_table), 0);
    house_end(&house);
}

static void a_notice_goes_where_the_trade_says_or_else_the_app(void **state)
{
    struct house house;
    struct deliveries deliveries;
    (void)state;
    house_fill(&house, "https://app.example.org/n");
    struct trade_pay want = pay_of(&house, 1, 500, "http://pos.example.org/n?x=1");
    text_set(want.detail.passback, sizeof(want.detail.passback), "a%3D1");
    want.detail.charset = DETAIL_gbk;
    struct trade_row first = pay(&house, &want);
    want = pay_of(&house, 2, 500, "");
    pay(&house, &want);
    deliveries_read(&house, &deliveries);
    assert_int_equal(deliveries.count, 2);
    struct delivery_work work = work_read(&house, deliveries.rows[0].delivery_id);
    assert_int_equal(work.kind, DELIVERY_notice);
    assert_int_equal(work.app_id, APP_ID);
    assert_int_equal(work.endpoint_id, 0);
    assert_int_equal(work.topic, TOPIC_trade_paid);
    assert_int_equal(work.subject_id, first.trade_id);
    assert_int_equal(work.disabled, 0);
    assert_string_equal(work.url, "http://pos.example.org/n?x=1");
    assert_string_equal(work.detail.passback, "a%3D1");
    assert_int_equal(work.detail.charset, DETAIL_gbk);
    struct trade_row told = { .trade_id = 0 };
    struct span payload = { (const char *)work.payload.bytes, work.payload.size };
    assert_true(shape_unpack(&trade_table.shape, 0, payload, &told));
    assert_int_equal(told.trade_id, first.trade_id);
    assert_int_equal(told.state, TRADE_success);
    work = work_read(&house, deliveries.rows[1].delivery_id);
    assert_string_equal(work.url, "https://app.example.org/n");
    assert_string_equal(work.detail.passback, "");
    house_end(&house);
}

static void an_address_that_cannot_be_called_gets_no_notice(void **state)
{
    struct house house;
    (void)state;
    house_fill(&house, "");
    struct trade_pay want = pay_of(&house, 1, 500, "");
    pay(&house, &want);
    want = pay_of(&house, 2, 500, "javascript:alert(1)");
    pay(&house, &want);
    want = pay_of(&house, 3, 500, "http://user@example.org/");
    pay(&house, &want);
    assert_int_equal(rows_count(&house, &delivery_table), 0);
    assert_int_equal(rows_count(&house, &outbox_table), 0);
    house_end(&house);
}

static void webhooks_and_notices_go_side_by_side(void **state)
{
    struct house house;
    struct deliveries deliveries;
    struct { int64_t merchant_id; char url[512]; } endpoint = { 1, "https://hooks.example.org/" };
    (void)state;
    house_fill(&house, "https://app.example.org/n");
    must(house_call(&house, merchant_1, &endpoint_create, &endpoint, NULL));
    struct trade_pay want = pay_of(&house, 1, 500, "");
    pay(&house, &want);
    deliveries_read(&house, &deliveries);
    assert_int_equal(deliveries.count, 2);
    assert_int_equal(deliveries.rows[0].kind, DELIVERY_webhook);
    assert_int_equal(deliveries.rows[1].kind, DELIVERY_notice);
    /* a webhook is heard by its status, a notice by its word */
    report(&house, deliveries.rows[0].delivery_id, 204, 0);
    report(&house, deliveries.rows[1].delivery_id, 204, 0);
    deliveries_read(&house, &deliveries);
    assert_int_equal(deliveries.rows[0].state, DELIVERY_done);
    assert_int_equal(deliveries.rows[1].state, DELIVERY_pending);
    report(&house, deliveries.rows[1].delivery_id, 200, 1);
    deliveries_read(&house, &deliveries);
    assert_int_equal(deliveries.rows[1].state, DELIVERY_done);
    assert_int_equal(rows_count(&house, &outbox_table), 0);
    house_end(&house);
}

/* ---- of what ---- */

static void only_what_happened_to_a_trade_that_exists_is_told(void **state)
{
    struct house house;
    struct deliveries deliveries;
    struct trade_row trade;
    (void)state;
    house_fill(&house, "https://app.example.org/n");
    /* it waits for its shopper: nothing yet */
    struct trade_pay want = pay_of(&house, 1, 150000, "");
    struct trade_row waiting = pay(&house, &want);
    assert_int_equal(waiting.state, TRADE_wait_buyer_pay);
    assert_int_equal(rows_count(&house, &delivery_table), 0);
    must(house_call(&house, house_shopper(3), &trade_decline, &waiting.trade_id, NULL));
    /* opened for a scan that never came: for the app it does not exist */
    struct trade_create create = { .shop_id = 1, .amount_minor = 500, .out_trade_no = "c1", .app_id = APP_ID };
    must(house_call(&house, merchant_1, &trade_create, &create, &trade));
    must(house_call(&house, merchant_1, &trade_close, &trade.trade_id, NULL));
    /* and one that was scanned and ran out of time */
    struct trade_create scanned = { .shop_id = 1, .amount_minor = 500, .out_trade_no = "c2", .app_id = APP_ID };
    must(house_call(&house, merchant_1, &trade_create, &scanned, &trade));
    struct qr_scan scan = { .qr_kind = 1, .qr_id = trade.trade_id };
    must(house_call(&house, house_shopper(3), &qr_scan, &scan, NULL));
    house.now_us += US_PER_HOUR;
    house_settle(&house);
    deliveries_read(&house, &deliveries);
    assert_int_equal(deliveries.count, 2);
    assert_int_equal(deliveries.rows[0].subject_id, waiting.trade_id);
    assert_int_equal(deliveries.rows[0].topic, TOPIC_trade_closed);
    assert_int_equal(deliveries.rows[1].subject_id, trade.trade_id);
    assert_int_equal(deliveries.rows[1].topic, TOPIC_trade_closed);
    house_end(&house);
}

static void closing_and_full_refunds_are_told_unless_the_app_wants_payments_only(void **state)
{
    for (int32_t paid_only = 0; paid_only <= 1; paid_only++) {
        struct house house;
        struct deliveries deliveries;
        (void)state;
        house_fill(&house, "https://app.example.org/n");
        app_set(&house, "https://app.example.org/n", 0, paid_only);
        struct trade_pay want = pay_of(&house, 1, 500, "");
        struct trade_row trade = pay(&house, &want);
        refund(&house, &trade, 100, "part");
        refund(&house, &trade, 400, "rest");
        want = pay_of(&house, 2, 150000, "");
        trade = pay(&house, &want);
        must(house_call(&house, merchant_1, &trade_cancel, &trade.trade_id, NULL));
        deliveries_read(&house, &deliveries);
        assert_int_equal(deliveries.count, paid_only ? 2 : 4);
        assert_int_equal(deliveries.rows[0].topic, TOPIC_trade_paid);
        assert_string_equal(deliveries.rows[0].request_no, "");
        assert_int_equal(deliveries.rows[1].topic, TOPIC_trade_refunded);
        assert_string_equal(deliveries.rows[1].request_no, "part");
        if (!paid_only) {
            assert_string_equal(deliveries.rows[2].request_no, "rest");
            assert_int_equal(deliveries.rows[3].topic, TOPIC_trade_closed);
        }
        house_end(&house);
    }
}

/* ---- how often ---- */

static void a_notice_is_repeated_on_the_schedule_of_its_protocol(void **state)
{
    static const int64_t minutes[] = { 4, 10, 10, 60, 120, 360, 900 };
    struct house house;
    struct deliveries deliveries;
    (void)state;
    house_fill(&house, "https://app.example.org/n");
    struct trade_pay want = pay_of(&house, 1, 500, "");
    pay(&house, &want);
    for (size_t i = 0; i < COUNT_OF(minutes); i++) {
        deliveries_read(&house, &deliveries);
        report(&house, deliveries.rows[0].delivery_id, 200, 0);
        deliveries_read(&house, &deliveries);
        assert_int_equal(deliveries.rows[0].state, DELIVERY_pending);
        assert_int_equal(deliveries.rows[0].attempts, i + 1);
        assert_int_equal(deliveries.rows[0].next_at_us - deliveries.rows[0].last_at_us, minutes[i] * US_PER_MINUTE);
        house.now_us = deliveries.rows[0].next_at_us;
    }
    report(&house, deliveries.rows[0].delivery_id, 0, 0);
    deliveries_read(&house, &deliveries);
    assert_int_equal(deliveries.rows[0].state, DELIVERY_failed);
    assert_int_equal(rows_count(&house, &outbox_table), 0);
    /* by hand it begins anew */
    must(house_call(&house, merchant_1, &delivery_replay, &deliveries.rows[0].delivery_id, NULL));
    report(&house, deliveries.rows[0].delivery_id, 200, 1);
    deliveries_read(&house, &deliveries);
    assert_int_equal(deliveries.rows[0].state, DELIVERY_done);
    assert_int_equal(deliveries.rows[0].attempts, 1);
    house_end(&house);
}

static void an_app_that_was_ended_is_told_nothing_more(void **state)
{
    struct house house;
    struct deliveries deliveries;
    (void)state;
    house_fill(&house, "https://app.example.org/n");
    struct trade_pay want = pay_of(&house, 1, 500, "https://pos.example.org/n");
    pay(&house, &want);
    app_set(&house, "https://app.example.org/n", 1, 0);
    deliveries_read(&house, &deliveries);
    struct delivery_work work = work_read(&house, deliveries.rows[0].delivery_id);
    assert_int_equal(work.disabled, 1);
    assert_string_equal(work.url, "");
    report(&house, deliveries.rows[0].delivery_id, 0, 0);
    deliveries_read(&house, &deliveries);
    assert_int_equal(deliveries.rows[0].state, DELIVERY_failed);
    want = pay_of(&house, 2, 500, "https://pos.example.org/n");
    pay(&house, &want);
    assert_int_equal(rows_count(&house, &delivery_table), 1);
    house_end(&house);
}

/* What the audit says of rows that cannot be: each is put back before the next. */
static void the_audit_names_what_does_not_agree(void **state)
{
    struct house house;
    struct audit_report report;
    struct deliveries deliveries;
    (void)state;
    house_fill(&house, "https://app.example.org/n");
    struct trade_pay want = pay_of(&house, 1, 500, "https://pos.example.org/n");
    struct trade_row trade = pay(&house, &want);
    deliveries_read(&house, &deliveries);

    struct delivery_row lost = deliveries.rows[0];
    lost.app_id++;
    house_row_put(&house, &delivery_table, &lost, true);
    assert_false(house_audit(&house, &report));
    assert_non_null(strstr(report.first.sentence, "its app does not exist or is another merchant's"));
    house_row_put(&house, &delivery_table, &deliveries.rows[0], true);

    struct trade_row foreign = trade;
    foreign.app_id++;
    house_row_put(&house, &trade_table, &foreign, true);
    assert_false(house_audit(&house, &report));
    assert_non_null(strstr(report.first.sentence, "its app does not exist or is another merchant's"));
    house_row_put(&house, &trade_table, &trade, true);

    struct trade_detail_row detail = { .trade_id = trade.trade_id + 1 };
    house_row_put(&house, &trade_detail_table, &detail, true);
    assert_false(house_audit(&house, &report));
    assert_non_null(strstr(report.first.sentence, "its trade does not exist"));
    house_row_put(&house, &trade_detail_table, &detail, false);

    struct logon_row logon = { .logon_id = "a@example.org", .shopper_id = 3 };
    house_row_put(&house, &logon_table, &logon, true);
    assert_false(house_audit(&house, &report));
    assert_non_null(strstr(report.first.sentence, "logon ids"));
    house_row_put(&house, &logon_table, &logon, false);

    struct merchant_row merchant = { .merchant_id = 1 };
    assert_true(house_row(&house, &merchant_table, &merchant));
    merchant.apps_created++;
    house_row_put(&house, &merchant_table, &merchant, true);
    assert_false(house_audit(&house, &report));
    assert_non_null(strstr(report.first.sentence, "the apps are not as many as their merchants count"));
    merchant.apps_created--;
    house_row_put(&house, &merchant_table, &merchant, true);

    struct app_row app = { .app_id = APP_ID + 1, .merchant_id = 1, .shop_id = 9 };
    house_row_put(&house, &app_table, &app, true);
    assert_false(house_audit(&house, &report));
    assert_non_null(strstr(report.first.sentence, "its shop does not exist"));
    house_row_put(&house, &app_table, &app, false);
    house_end(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trade_without_an_app_costs_no_row_more),
        cmocka_unit_test(a_notice_goes_where_the_trade_says_or_else_the_app),
        cmocka_unit_test(an_address_that_cannot_be_called_gets_no_notice),
        cmocka_unit_test(webhooks_and_notices_go_side_by_side),
        cmocka_unit_test(only_what_happened_to_a_trade_that_exists_is_told),
        cmocka_unit_test(closing_and_full_refunds_are_told_unless_the_app_wants_payments_only),
        cmocka_unit_test(a_notice_is_repeated_on_the_schedule_of_its_protocol),
        cmocka_unit_test(an_app_that_was_ended_is_told_nothing_more),
        cmocka_unit_test(the_audit_names_what_does_not_agree),
    };
    return cmocka_run_group_tests_name("till_notice", tests, NULL, NULL);
}
