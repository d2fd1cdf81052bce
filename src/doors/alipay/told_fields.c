/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/told_fields.h"

void alipay_write_text(struct json_out *out, const char *name, struct span text)
{
    json_out_key(out, name);
    json_out_text(out, text);
}

void alipay_write_yuan(struct json_out *out, const char *name, int64_t minor)
{
    char text[YUAN_TEXT_SIZE];
    size_t size = yuan_write(minor, text);
    alipay_write_text(out, name, (struct span){ text, size });
}

void alipay_write_user(struct json_out *out, const char *name, enum user_kind kind, int64_t id)
{
    char text[USER_ID_SIZE];
    if (id > 0) {
        size_t size = user_id_write(kind, id, text);
        alipay_write_text(out, name, (struct span){ text, size });
    }
}

bool when_paid(const struct alipay_job *job)
{
    return job->told.trade.paid_at_us != 0;
}

bool when_buyer(const struct alipay_job *job)
{
    return job->told.trade.shopper_id != 0;
}

bool when_discounted(const struct alipay_job *job)
{
    return job->told.trade.discounts_count > 0;
}

/* ---- of a trade ---- */

static int64_t merchant_part(const struct trade_row *trade)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        sum += trade->discounts[i].merchant_minor;
    }
    return sum;
}

void write_buyer_logon_id(const struct alipay_job *job, struct json_out *out, const char *name)
{
    char user[USER_ID_SIZE], masked[LOGON_MASKED_SIZE];
    struct span logon = span_of(job->told.buyer_logon_id);
    if (logon.size == 0) {
        logon = (struct span){ user, user_id_write(USER_shopper, job->told.trade.shopper_id, user) };
    }
    size_t size = logon_mask(logon, masked);
    alipay_write_text(out, name, (struct span){ masked, size });
}

void write_buyer_user_id(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_user(out, name, USER_shopper, job->told.trade.shopper_id);
}

void write_buyer_user_type(const struct alipay_job *job, struct json_out *out, const char *name)
{
    (void)job;
    alipay_write_text(out, name, SPAN("PRIVATE"));
}

void write_seller_id(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_user(out, name, USER_shop, job->told.trade.shop_id);
}

void write_total(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_yuan(out, name, job->told.trade.list_minor);
}

/* What the shop gets: the price without what it gives itself. */
void write_receipt(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const struct trade_row *trade = &job->told.trade;
    alipay_write_yuan(out, name, trade->paid_at_us != 0 ? trade->list_minor - merchant_part(trade) : 0);
}

void write_buyer_pay(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_yuan(out, name, job->told.trade.paid_minor);
}

void write_invoice(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_yuan(out, name, job->told.trade.paid_minor);
}

void write_point(const struct alipay_job *job, struct json_out *out, const char *name)
{
    (void)job;
    alipay_write_yuan(out, name, 0);
}

void write_discount(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const struct trade_row *trade = &job->told.trade;
    alipay_write_yuan(out, name, trade->discount_minor - merchant_part(trade));
}

void write_mdiscount(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_yuan(out, name, merchant_part(&job->told.trade));
}

static void bill_write(struct json_out *out, const char *channel, int64_t minor)
{
    if (minor > 0) {
        json_out_object(out);
        alipay_write_yuan(out, "amount", minor);
        alipay_write_text(out, "fund_channel", span_of(channel));
        json_out_object_end(out);
    }
}

void write_fund_bills(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const struct trade_row *trade = &job->told.trade;
    int64_t merchant_minor = merchant_part(trade);
    json_out_key(out, name);
    json_out_array(out);
    bill_write(out, "ALIPAYACCOUNT", trade->paid_minor);
    bill_write(out, "COUPON", trade->discount_minor - merchant_minor);
    bill_write(out, "MCOUPON", merchant_minor);
    json_out_array_end(out);
}

void write_vouchers(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const struct trade_row *trade = &job->told.trade;
    char text[48];
    json_out_key(out, name);
    json_out_array(out);
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        const struct discount_row *line = &trade->discounts[i];
        json_out_object(out);
        int size = snprintf(text, sizeof(text), "%lld%02d", (long long)trade->trade_id, (int)i);
        alipay_write_text(out, "id", (struct span){ text, (size_t)size });
        alipay_write_text(out, "name", span_of(job->told.campaigns[i]));
        alipay_write_text(out, "type", SPAN("ALIPAY_FIX_VOUCHER"));
        alipay_write_yuan(out, "amount", line->platform_minor + line->merchant_minor);
        alipay_write_yuan(out, "merchant_contribute", line->merchant_minor);
        alipay_write_yuan(out, "other_contribute", line->platform_minor);
        size = snprintf(text, sizeof(text), "%lld", (long long)line->campaign_id);
        alipay_write_text(out, "template_id", (struct span){ text, (size_t)size });
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

void write_trade_status(const struct alipay_job *job, struct json_out *out, const char *name)
{
    static const char *const names[] = { [TRADE_wait_buyer_pay] = "WAIT_BUYER_PAY",
                                         [TRADE_success] = "TRADE_SUCCESS",
                                         [TRADE_finished] = "TRADE_FINISHED",
                                         [TRADE_closed] = "TRADE_CLOSED" };
    int32_t state = job->told.trade.state;
    assert(state >= TRADE_wait_buyer_pay);
    assert(state <= TRADE_closed);
    alipay_write_text(out, name, span_of(names[state]));
}

/* ---- of requests ---- */

bool alipay_option_asked(const struct alipay_job *job, const char *option)
{
    struct span rest = span_of(job->ask.query_options);
    while (rest.size > 0) {
        if (span_equal(span_cut(rest, ',', &rest), span_of(option))) {
            return true;
        }
    }
    return false;
}

enum alipay_result alipay_options_read(struct alipay_job *job, char *to, size_t size)
{
    const struct json_value *list = alipay_biz(job, "query_options");
    size_t used = 0;
    if (list == NULL || list->kind != JSON_list) {
        return RESULT_none;
    }
    for (const struct json_value *option = list->first; option != NULL; option = option->next) {
        struct span text = json_in_plain(option);
        if (text.size == 0 || memchr(text.bytes, ',', text.size) != NULL) {
            return alipay_invalid(job, "query_options", "类型错误 (has an element of the wrong type)");
        }
        if (used + text.size + 2 > size) {
            return alipay_invalid(job, "query_options", "超长 (is too long)");
        }
        if (used > 0) {
            to[used++] = ',';
        }
        memcpy(to + used, text.bytes, text.size);
        used += text.size;
    }
    to[used] = '\0';
    return RESULT_none;
}

enum alipay_result prepare_reference(struct alipay_job *job)
{
    if (job->ask.trade_no[0] == '\0' && job->ask.out_trade_no[0] == '\0') {
        return alipay_invalid(job, "out_trade_no", "与trade_no不能同时为空 (or trade_no must be given)");
    }
    return alipay_options_read(job, job->ask.query_options, sizeof(job->ask.query_options));
}
