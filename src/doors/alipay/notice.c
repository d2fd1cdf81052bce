/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/notice.h"

#include <stdio.h>

#include "base/json_out.h"
#include "doors/alipay/money_text.h"
#include "doors/alipay/params.h"
#include "till/trade.h"

#define NOTIFY_ID_SIZE 35
#define FUNDS_SIZE 512
#define VOUCHERS_SIZE 2048

/* The form in the making. Sticky: after a failure nothing is added, and the end says so. */
struct form {
    struct alipay_params params;
    enum charset charset;
    bool failed;
};

/* An empty value leaves no parameter. */
static void form_add(struct form *form, const char *name, struct span value)
{
    struct arena *arena = form->params.arena;
    struct span written;
    if (form->failed || charset_encode(form->charset, value, '?', arena, &written) != CHARSET_ok) {
        form->failed = true;
        return;
    }
    char *kept = arena_try(arena, written.size);
    if (kept == NULL) {
        form->failed = true;
        return;
    }
    if (written.size > 0) {
        memcpy(kept, written.bytes, written.size);
    }
    form->failed = alipay_params_add(&form->params, span_of(name), (struct span){ kept, written.size }) !=
                   ALIPAY_PARAMS_ok;
}

static void form_money(struct form *form, const char *name, int64_t minor)
{
    char text[YUAN_TEXT_SIZE];
    form_add(form, name, (struct span){ text, yuan_write(minor, text) });
}

static void form_time(struct form *form, const char *name, int64_t at_us)
{
    char text[BEIJING_TEXT_SIZE];
    form_add(form, name, (struct span){ text, beijing_write(at_us, text) });
}

static void form_number(struct form *form, const char *name, int64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof(text), "%lld", (long long)number);
    form_add(form, name, (struct span){ text, (size_t)size });
}

static void form_user(struct form *form, const char *name, enum user_kind kind, int64_t id)
{
    char text[USER_ID_SIZE];
    if (id > 0) {
        form_add(form, name, (struct span){ text, user_id_write(kind, id, text) });
    }
}

/* ---- what it tells ---- */

static struct span status_of(const struct trade_row *trade)
{
    switch ((enum trade_state)trade->state) {
    case TRADE_success:
        return SPAN("TRADE_SUCCESS");
    case TRADE_finished:
        return SPAN("TRADE_FINISHED");
    case TRADE_closed:
        return SPAN("TRADE_CLOSED");
    case TRADE_wait_buyer_pay:
        break;
    }
    return SPAN("WAIT_BUYER_PAY");
}

/* 34 digits: the day in Beijing, a 9 that Alipay's own do not have there, and the delivery. */
static void notify_id_add(struct form *form, const struct notice *notice)
{
    char text[NOTIFY_ID_SIZE];
    int32_t day = civil_yyyymmdd(civil_day(notice->created_at_us, BEIJING_MINUTES));
    int size = snprintf(text, sizeof(text), "%08d9%025lld", day, (long long)notice->delivery_id);
    form_add(form, "notify_id", (struct span){ text, (size_t)size });
}

static int64_t merchant_discount(const struct trade_row *trade)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        sum += trade->discounts[i].merchant_minor;
    }
    return sum;
}

static void fund_write(struct json_out *out, const char *channel, int64_t minor)
{
    char text[YUAN_TEXT_SIZE];
    if (minor == 0) {
        return;
    }
    size_t size = yuan_write(minor, text);
    json_out_object(out);
    json_out_key(out, "amount");
    json_out_text(out, (struct span){ text, size });
    json_out_key(out, "fundChannel");
    json_out_text(out, span_of(channel));
    json_out_object_end(out);
}

static void funds_add(struct form *form, const struct trade_row *trade)
{
    char text[FUNDS_SIZE];
    struct json_out out;
    int64_t merchant = merchant_discount(trade);
    json_out_init(&out, text, sizeof(text));
    json_out_array(&out);
    fund_write(&out, "ALIPAYACCOUNT", trade->paid_minor);
    fund_write(&out, "COUPON", trade->discount_minor - merchant);
    fund_write(&out, "MCOUPON", merchant);
    json_out_array_end(&out);
    form_add(form, "fund_bill_list", json_out_end(&out));
}

static void voucher_money(struct json_out *out, const char *key, int64_t minor)
{
    char text[YUAN_TEXT_SIZE];
    size_t size = yuan_write(minor, text);
    json_out_key(out, key);
    json_out_text(out, (struct span){ text, size });
}

static void vouchers_add(struct form *form, const struct notice *notice)
{
    char text[VOUCHERS_SIZE];
    struct json_out out;
    const struct trade_row *trade = notice->trade;
    if (trade->discounts_count == 0) {
        return;
    }
    json_out_init(&out, text, sizeof(text));
    json_out_array(&out);
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        const struct discount_row *discount = &trade->discounts[i];
        json_out_object(&out);
        voucher_money(&out, "amount", discount->platform_minor + discount->merchant_minor);
        voucher_money(&out, "merchantContribute", discount->merchant_minor);
        if (notice->campaign_names[i].size > 0) {
            json_out_key(&out, "name");
            json_out_text(&out, notice->campaign_names[i]);
        }
        voucher_money(&out, "otherContribute", discount->platform_minor);
        json_out_key(&out, "type");
        json_out_text(&out, SPAN("ALIPAY_FIX_VOUCHER"));
        json_out_object_end(&out);
    }
    json_out_array_end(&out);
    form->failed = form->failed || json_out_end(&out).size == 0;
    form_add(form, "voucher_detail_list", json_out_end(&out));
}

static void buyer_add(struct form *form, const struct notice *notice)
{
    char masked[LOGON_MASKED_SIZE];
    form_user(form, "buyer_id", USER_shopper, notice->trade->shopper_id);
    if (notice->buyer_logon_id.size > 0) {
        form_add(form, "buyer_logon_id",
                 (struct span){ masked, logon_mask(notice->buyer_logon_id, masked) });
    }
}

/* What a paid trade was paid with; a trade that was never paid has none of these. */
static void payment_add(struct form *form, const struct notice *notice)
{
    const struct trade_row *trade = notice->trade;
    if (trade->paid_at_us == 0) {
        return;
    }
    form_time(form, "gmt_payment", trade->paid_at_us);
    form_money(form, "receipt_amount", trade->list_minor - merchant_discount(trade));
    form_money(form, "invoice_amount", trade->paid_minor);
    form_money(form, "buyer_pay_amount", trade->paid_minor);
    form_money(form, "point_amount", 0);
    funds_add(form, trade);
    vouchers_add(form, notice);
}

/* What a cancel gave back has a number of ours that is nobody's business. */
static void refund_add(struct form *form, const struct notice *notice)
{
    char at[BEIJING_TEXT_SIZE];
    const struct trade_row *trade = notice->trade;
    if (trade->paid_at_us == 0 || trade->left_minor == trade->list_minor) {
        return;
    }
    if (notice->topic == TOPIC_trade_refunded || trade->state == TRADE_closed) {
        form_add(form, "gmt_refund", (struct span){ at, beijing_write_ms(notice->created_at_us, at) });
    }
    form_money(form, "refund_fee", trade->list_minor - trade->left_minor);
    if (notice->refund_paid_minor >= 0) {
        form_money(form, "send_back_fee", notice->refund_paid_minor);
    }
    if (!span_equal(notice->request_no, SPAN(REFUND_OF_CANCEL))) {
        form_add(form, "out_biz_no", notice->request_no);
    }
}

static void form_fill(struct form *form, const struct notice *notice)
{
    char number[TRADE_NO_SIZE];
    const struct trade_row *trade = notice->trade;
    form_time(form, "gmt_create", trade->created_at_us);
    form_add(form, "charset", span_of(charset_name(notice->charset)));
    form_time(form, "notify_time", notice->now_us);
    form_add(form, "subject", notice->subject.size > 0 ? notice->subject : span_of(trade->subject));
    form_add(form, "body", notice->body);
    buyer_add(form, notice);
    form_add(form, "version", SPAN("1.0"));
    notify_id_add(form, notice);
    form_add(form, "notify_type", SPAN("trade_status_sync"));
    form_add(form, "out_trade_no", span_of(trade->out_trade_no));
    form_money(form, "total_amount", trade->list_minor);
    form_add(form, "trade_status", status_of(trade));
    form_add(form, "trade_no", (struct span){ number, trade_no_write(trade->trade_id, number) });
    form_number(form, "auth_app_id", notice->app_id);
    form_number(form, "app_id", notice->app_id);
    form_user(form, "seller_id", USER_shop, trade->shop_id);
    payment_add(form, notice);
    refund_add(form, notice);
    if (trade->state == TRADE_closed && trade->closed_at_us != 0) {
        form_time(form, "gmt_close", trade->closed_at_us);
    }
    form_add(form, "passback_params", notice->passback);
}

bool notice_write(const struct notice *notice, const struct alipay_key *key, struct arena *arena, struct span *body)
{
    struct form form = { .charset = notice->charset };
    alipay_params_init(&form.params, arena);
    form_fill(&form, notice);
    form_add(&form, "sign_type", alipay_digest_name(notice->digest));
    if (form.failed || !alipay_params_sign(&form.params, key, notice->digest, ALIPAY_SIGNED_notice)) {
        return false;
    }
    *body = alipay_params_write(&form.params);
    return body->bytes != NULL && body->size <= NOTICE_BODY_SIZE_MAX;
}

void notice_type(enum charset charset, char to[NOTICE_TYPE_SIZE])
{
    int size = snprintf(to, NOTICE_TYPE_SIZE, "application/x-www-form-urlencoded; charset=%s", charset_name(charset));
    assert(size > 0 && size < NOTICE_TYPE_SIZE);
}

bool notice_heard(long http_status, struct span body)
{
    return http_status == 200 && span_equal(body, SPAN("success"));
}
