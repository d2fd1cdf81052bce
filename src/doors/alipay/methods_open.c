/* SPDX-License-Identifier: Apache-2.0 */
/* Methods that open a trade: by a scanned pay code, by a QR, for a known buyer, on a page. */
#include "doors/till_edits.h"
#include "till/pay_url.h"

#include "doors/alipay/told_fields.h"

#define QR_LIFE_US (2 * US_PER_HOUR) /* a QR dies after two hours, whatever was asked for */
#define GOODS_MAX 150
#define ACQ .invalid = RESULT_acq_invalid_parameter, .fault = RESULT_acq_system_error

/* ---- what all of them say of a trade ---- */

/* notify_url and return_url: parameters of the form protocol, members of the content in the other. */
static enum alipay_result address_read(struct alipay_job *job, const char *name, char to[ADDRESS_SIZE])
{
    struct span text = job->v3 ? json_in_plain(alipay_biz(job, name)) : alipay_param_value(job->params, name);
    if (text.size == 0) {
        return RESULT_none;
    }
    return span_copy(text, to, ADDRESS_SIZE) && address_callable(to)
               ? RESULT_none
               : alipay_result_with(job, RESULT_invalid_parameter, name, "不是有效的地址 (is no http or https address)");
}

/* A list of channels joined with commas. */
static bool channel_named(struct span list, struct span wanted)
{
    while (list.size > 0) {
        if (span_equal(span_trim(span_cut(list, ',', &list)), wanted)) {
            return true;
        }
    }
    return false;
}

/* There is one instrument here, the wallet's balance: who shuts it out leaves nothing to pay with. */
static enum alipay_result channels_check(struct alipay_job *job)
{
    struct span enabled = json_in_plain(alipay_biz(job, "enable_pay_channels"));
    struct span disabled = json_in_plain(alipay_biz(job, "disable_pay_channels"));
    if (enabled.size > 0 && disabled.size > 0) {
        return alipay_invalid(job, "enable_pay_channels", "与disable_pay_channels互斥 (excludes disable_pay_channels)");
    }
    bool shut_out = channel_named(disabled, SPAN("balance")) ||
                    (enabled.size > 0 && !channel_named(enabled, SPAN("balance")));
    return shut_out ? RESULT_acq_no_instruments : RESULT_none;
}

static enum alipay_result amounts_check(struct alipay_job *job)
{
    const struct alipay_terms *terms = &job->ask.terms;
    bool both = alipay_biz(job, "discountable_amount") != NULL && alipay_biz(job, "undiscountable_amount") != NULL;
    if (terms->amount_minor == 0) {
        return alipay_invalid(job, "total_amount", "必须大于零 (must be above zero)");
    }
    if (both && terms->discountable_minor + terms->undiscountable_minor != terms->amount_minor) {
        return alipay_invalid(job, "total_amount", "不等于可打折与不可打折金额之和 (is not the sum of its parts)");
    }
    return RESULT_none;
}

/* Whose takings: a shop's account, the merchant's own number, or a shop's number; else the app's shop. */
static enum alipay_result seller_read(struct alipay_job *job, int64_t *shop_id)
{
    const struct alipay_terms *terms = &job->ask.terms;
    enum user_kind kind;
    int64_t id;
    *shop_id = job->app->row.shop_id;
    if (terms->alipay_store_id[0] != '\0') {
        return span_to_i64(span_of(terms->alipay_store_id), shop_id) && *shop_id > 0 ? RESULT_none
                                                                                      : RESULT_acq_invalid_store_id;
    }
    if (terms->seller_id[0] == '\0') {
        return RESULT_none;
    }
    if (!user_id_read(span_of(terms->seller_id), &kind, &id)) {
        return RESULT_acq_seller_not_exist;
    }
    if (kind == USER_shop) {
        *shop_id = id;
        return RESULT_none;
    }
    return kind == USER_merchant && id == job->app->row.merchant_id ? RESULT_none : RESULT_acq_seller_not_exist;
}

/* When the trade closes unpaid; 0: by the policy. */
static enum alipay_result expiry_read(struct alipay_job *job, bool qr, int64_t *expires_at_us)
{
    const struct alipay_terms *terms = &job->ask.terms;
    int64_t now_us = engine_now_us(job->door->settings.engine), qr_at_us;
    *expires_at_us = 0;
    if (terms->time_expire[0] != '\0') {
        if (!beijing_read(span_of(terms->time_expire), expires_at_us)) {
            return alipay_invalid(job, "time_expire", "格式错误 (is no time yyyy-MM-dd HH:mm:ss)");
        }
    } else if (terms->timeout_express[0] != '\0' &&
               !timeout_express_read(span_of(terms->timeout_express), now_us, expires_at_us)) {
        return alipay_invalid(job, "timeout_express", "格式错误 (is 1m to 15d, or 1c)");
    }
    if (*expires_at_us != 0 && *expires_at_us <= now_us) {
        return RESULT_acq_expire_time;
    }
    if (!qr) {
        return RESULT_none;
    }
    if (terms->qr_timeout_express[0] != '\0') {
        if (!timeout_express_read(span_of(terms->qr_timeout_express), now_us, &qr_at_us)) {
            return alipay_invalid(job, "qr_code_timeout_express", "格式错误 (is 1m to 15d, or 1c)");
        }
        *expires_at_us = *expires_at_us != 0 ? min_i64(*expires_at_us, qr_at_us) : qr_at_us;
    }
    *expires_at_us = *expires_at_us != 0 ? min_i64(*expires_at_us, now_us + QR_LIFE_US) : 0;
    return RESULT_none;
}

static bool royalty_frozen(const struct alipay_job *job)
{
    const struct json_value *frozen = json_in_member(alipay_biz(job, "extend_params"), "royalty_freeze");
    return frozen != NULL && (frozen->kind == JSON_true || span_equal(json_in_plain(frozen), SPAN("true")));
}

/* The detail that the fields did not fill in by themselves. */
static enum alipay_result detail_read(struct alipay_job *job)
{
    struct trade_detail *detail = &job->ask.terms.detail;
    enum alipay_result result = address_read(job, "notify_url", detail->notify_url);
    if (result == RESULT_none) {
        result = address_read(job, "return_url", detail->return_url);
    }
    if (result == RESULT_none) {
        result = alipay_options_read(job, detail->query_options, sizeof(detail->query_options));
    }
    static_assert(sizeof(detail->seller_text) == sizeof(job->ask.terms.seller_id), "a seller fits");
    memcpy(detail->seller_text, job->ask.terms.seller_id, sizeof(detail->seller_text));
    detail->charset = job->charset == CHARSET_utf_8 ? DETAIL_utf8 : DETAIL_gbk;
    detail->sign_type = job->digest == ALIPAY_RSA ? DETAIL_rsa : DETAIL_rsa2;
    detail->app_cert = job->certified;
    return result;
}

static enum alipay_result terms_check(struct alipay_job *job)
{
    static enum alipay_result (*const checks[])(struct alipay_job *) = { amounts_check, channels_check, detail_read };
    struct span currency = json_in_plain(alipay_biz(job, "trans_currency"));
    const struct json_value *goods = alipay_biz(job, "goods_detail");
    if (currency.size > 0 && !span_equal(currency, SPAN("CNY"))) {
        return RESULT_acq_currency_not_support;
    }
    if (goods != NULL && goods->kind == JSON_list && goods->count > GOODS_MAX) {
        return RESULT_acq_goods_count;
    }
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        enum alipay_result result = checks[i](job);
        if (result != RESULT_none) {
            return result;
        }
    }
    return RESULT_none;
}

/* The subject as the shopper sees it; the whole of a longer one stands in the detail. */
static void subject_split(struct trade_detail *detail, char to[NAME_SIZE])
{
    struct span whole = span_of(detail->subject);
    alipay_text_cut(whole, to, NAME_SIZE);
    if (whole.size < NAME_SIZE) {
        detail->subject[0] = '\0';
    }
}

/* A shop of the app's merchant: others do not exist for it. */
static bool shop_is_own(const struct alipay_ask *ask, struct view *view, int64_t shop_id)
{
    const struct shop_row *shop = shop_ask(view, shop_id);
    return row_exists(shop) && shop->merchant_id == ask->app->merchant_id;
}

#define ACCEPTED(name, type, size) { name, type, NEED_may, USE_accepted, size, INTO_nothing, 0, 0, "" }
#define REFUSED(name, type, why) { name, type, NEED_may, USE_refused, 0, INTO_nothing, 0, 0, why }

#define OPENING_FIELDS \
    { "out_trade_no", TYPE_text, NEED_must, USE_honoured, 64, INTO_text, FIELD_INTO(terms.out_trade_no), \
      "Unique per merchant; the same number with the same content is the same trade." }, \
    { "total_amount", TYPE_price, NEED_must, USE_honoured, 11, INTO_yuan, FIELD_INTO(terms.amount_minor), \
      "The price before discounts." }, \
    { "subject", TYPE_text, NEED_must, USE_honoured, 256, INTO_text, FIELD_INTO(terms.detail.subject), "" }, \
    { "body", TYPE_text, NEED_may, USE_stored, 128, INTO_text, FIELD_INTO(terms.detail.body), \
      "In query, notices and bills." }, \
    { "product_code", TYPE_text, NEED_may, USE_stored, 64, INTO_text, FIELD_INTO(terms.detail.product), "" }, \
    { "goods_detail", TYPE_list, NEED_may, USE_stored, 0, INTO_json, FIELD_INTO(terms.detail.goods), \
      "Kept when its JSON has at most 1199 bytes; more than 150 are refused." }, \
    { "timeout_express", TYPE_text, NEED_may, USE_honoured, 6, INTO_text, FIELD_INTO(terms.timeout_express), \
      "1m to 15d, or 1c; left out, the till's policy." }, \
    { "time_expire", TYPE_text, NEED_may, USE_honoured, 32, INTO_text, FIELD_INTO(terms.time_expire), \
      "Wins over timeout_express." }, \
    { "seller_id", TYPE_text, NEED_may, USE_honoured, 28, INTO_text, FIELD_INTO(terms.seller_id), \
      "The merchant's number or that of one of its shops." }, \
    { "store_id", TYPE_text, NEED_may, USE_stored, 32, INTO_text, FIELD_INTO(terms.detail.store_code), \
      "In query and bills." }, \
    { "passback_params", TYPE_text, NEED_may, USE_stored, 512, INTO_text, FIELD_INTO(terms.detail.passback), \
      "Comes back in query and notices, unread." }, \
    { "extend_params", TYPE_object, NEED_may, USE_honoured, 0, INTO_nothing, 0, 0, \
      "royalty_freeze: the takings may be split; the rest is accepted." }, \
    { "query_options", TYPE_list, NEED_may, USE_stored, 32, INTO_nothing, 0, 0, \
      "What there is is always answered." }, \
    { "enable_pay_channels", TYPE_text, NEED_may, USE_honoured, 128, INTO_nothing, 0, 0, \
      "Without balance nothing is left to pay with." }, \
    { "disable_pay_channels", TYPE_text, NEED_may, USE_honoured, 128, INTO_nothing, 0, 0, "As above." }, \
    ACCEPTED("business_params", TYPE_object, 0), ACCEPTED("merchant_order_no", TYPE_text, 32), \
    ACCEPTED("ext_user_info", TYPE_object, 0), ACCEPTED("settle_info", TYPE_object, 0), \
    REFUSED("royalty_info", TYPE_object, "Takings are split by alipay.trade.order.settle."), \
    REFUSED("sub_merchant", TYPE_object, "There are no indirect merchants.")

#define COUNTER_FIELDS \
    { "discountable_amount", TYPE_price, NEED_may, USE_accepted, 11, INTO_yuan, \
      FIELD_INTO(terms.discountable_minor), "Campaigns apply to the whole price; with the next it must add up." }, \
    { "undiscountable_amount", TYPE_price, NEED_may, USE_accepted, 11, INTO_yuan, \
      FIELD_INTO(terms.undiscountable_minor), "" }, \
    { "operator_id", TYPE_text, NEED_may, USE_stored, 28, INTO_text, FIELD_INTO(terms.detail.operator_id), \
      "In bills." }, \
    { "terminal_id", TYPE_text, NEED_may, USE_stored, 32, INTO_text, FIELD_INTO(terms.detail.terminal_code), \
      "In query and bills." }, \
    { "alipay_store_id", TYPE_text, NEED_may, USE_honoured, 32, INTO_text, FIELD_INTO(terms.alipay_store_id), \
      "The number of one of the merchant's shops." }, \
    ACCEPTED("bkagent_req_info", TYPE_object, 0)

/* ---- trade.pay ---- */

static enum alipay_result pay_prepare(struct alipay_job *job)
{
    struct alipay_terms *terms = &job->ask.terms;
    struct trade_pay *pay = &job->ask.want.pay;
    enum alipay_result result = terms_check(job);
    if (result == RESULT_none) {
        result = seller_read(job, &pay->shop_id);
    }
    if (result == RESULT_none) {
        result = expiry_read(job, false, &pay->expires_at_us);
    }
    if (result != RESULT_none) {
        return result;
    }
    if (terms->scene[0] != '\0' && strcmp(terms->scene, "bar_code") != 0 && strcmp(terms->scene, "qr_code") != 0) {
        return alipay_invalid(job, "scene", "仅支持bar_code (only bar_code is supported)");
    }
    memcpy(pay->out_trade_no, terms->out_trade_no, sizeof(pay->out_trade_no));
    subject_split(&terms->detail, pay->subject);
    pay->amount_minor = terms->amount_minor;
    pay->app_id = job->app->row.app_id;
    pay->royalty_frozen = royalty_frozen(job);
    pay->detail = terms->detail;
    if (!span_copy(span_of(terms->auth_code), pay->pay_code, sizeof(pay->pay_code))) {
        pay->pay_code[0] = '-'; /* too long for a pay code of ours: of no form */
        pay->pay_code[1] = '\0';
    }
    paycode_place(job->door->settings.paycode_key, span_of(pay->pay_code),
                  engine_now_us(job->door->settings.engine), &pay->code_device_id, &pay->code_step);
    return RESULT_none;
}

static enum refusal pay_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                               struct alipay_told *told)
{
    const struct trade_pay *pay = &ask->want.pay;
    const struct trade_row *known = trade_by_number(view, ask->app->merchant_id, pay->out_trade_no);
    if (!shop_is_own(ask, view, pay->shop_id)) {
        return REFUSAL_shop_unknown;
    }
    if (row_exists(known)) {
        told->before = *known;
    }
    enum refusal refusal = trade_pay.decide(pay, at, view, &told->trade);
    if (refusal == REFUSAL_none) {
        alipay_trade_tell(view, at, told->trade.trade_id, told);
    }
    return refusal;
}

static enum alipay_result pay_conclude(struct alipay_job *job)
{
    const struct alipay_told *told = &job->told;
    if (told->trade.state == TRADE_wait_buyer_pay) {
        return RESULT_in_process;
    }
    return told->before.paid_at_us != 0 ? RESULT_acq_trade_has_success : RESULT_success;
}

static const struct alipay_field pay_fields[] = {
    { "auth_code", TYPE_text, NEED_must, USE_honoured, 64, INTO_text, FIELD_INTO(terms.auth_code),
      "The 18 digits that the wallet shows." },
    { "scene", TYPE_text, NEED_may, USE_honoured, 32, INTO_text, FIELD_INTO(terms.scene), "bar_code" },
    OPENING_FIELDS,
    COUNTER_FIELDS,
    { "trans_currency", TYPE_text, NEED_may, USE_honoured, 8, INTO_nothing, 0, 0, "CNY" },
    ACCEPTED("settle_currency", TYPE_text, 8),
    ACCEPTED("buyer_id", TYPE_text, 28),
    ACCEPTED("buyer_open_id", TYPE_text, 128),
    ACCEPTED("terminal_params", TYPE_text, 2048),
    ACCEPTED("promo_params", TYPE_object, 0),
    ACCEPTED("pay_params", TYPE_object, 0),
    ACCEPTED("request_org_pid", TYPE_text, 32),
    ACCEPTED("is_async_pay", TYPE_flag, 0),
    REFUSED("advance_payment_type", TYPE_text, "Nobody pays in advance for the shopper."),
    REFUSED("agreement_params", TYPE_object, "There are no agreements to withhold by."),
    REFUSED("auth_no", TYPE_text, "There are no frozen authorisations."),
    REFUSED("auth_confirm_mode", TYPE_text, "As above."),
};

static const struct alipay_answer pay_answers[] = {
    { "trade_no", SOURCE_trade_no, TOLD(trade.trade_id), NULL, NULL, "always" },
    { "out_trade_no", SOURCE_text, TOLD(trade.out_trade_no), NULL, NULL, "always" },
    { "buyer_logon_id", SOURCE_write, 0, when_buyer, write_buyer_logon_id, "always; masked" },
    { "buyer_user_id", SOURCE_write, 0, when_buyer, write_buyer_user_id, "always" },
    { "buyer_user_type", SOURCE_write, 0, when_buyer, write_buyer_user_type, "always PRIVATE" },
    { "total_amount", SOURCE_write, 0, NULL, write_total, "always" },
    { "receipt_amount", SOURCE_write, 0, NULL, write_receipt, "always; 0.00 while in process" },
    { "buyer_pay_amount", SOURCE_write, 0, NULL, write_buyer_pay, "always; 0.00 while in process" },
    { "point_amount", SOURCE_write, 0, NULL, write_point, "always 0.00" },
    { "invoice_amount", SOURCE_write, 0, NULL, write_invoice, "always; 0.00 while in process" },
    { "discount_amount", SOURCE_write, 0, when_paid, write_discount, "once paid" },
    { "mdiscount_amount", SOURCE_write, 0, when_paid, write_mdiscount, "once paid" },
    { "gmt_payment", SOURCE_time, TOLD(trade.paid_at_us), NULL, NULL, "once paid" },
    { "fund_bill_list", SOURCE_write, 0, when_paid, write_fund_bills, "once paid" },
    { "voucher_detail_list", SOURCE_write, 0, when_discounted, write_vouchers, "when campaigns gave something" },
    { "store_name", SOURCE_text, TOLD(shop_name), NULL, NULL, "when the shop has a name" },
};

const struct alipay_method method_trade_pay = {
    .name = "alipay.trade.pay",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/pay",
    .summary = "The shop scans the shopper's pay code.",
    .command = "trade_pay",
    .fields = pay_fields,
    .field_count = COUNT_OF(pay_fields),
    .answers = pay_answers,
    .answer_count = COUNT_OF(pay_answers),
    ACQ,
    .prepare = pay_prepare,
    .decide = pay_decide,
    .conclude = pay_conclude,
};

/* ---- trade.precreate, trade.create and the pages ---- */

static enum alipay_result create_prepare(struct alipay_job *job, enum trade_way way)
{
    struct alipay_terms *terms = &job->ask.terms;
    struct trade_create *create = &job->ask.want.create;
    enum alipay_result result = terms_check(job);
    if (result == RESULT_none) {
        result = seller_read(job, &create->shop_id);
    }
    if (result == RESULT_none) {
        result = expiry_read(job, way == WAY_dynamic, &create->expires_at_us);
    }
    if (result != RESULT_none) {
        return result;
    }
    memcpy(create->out_trade_no, terms->out_trade_no, sizeof(create->out_trade_no));
    subject_split(&terms->detail, create->subject);
    create->amount_minor = terms->amount_minor;
    create->way = (int32_t)way;
    create->app_id = job->app->row.app_id;
    create->royalty_frozen = royalty_frozen(job);
    create->detail = terms->detail;
    return RESULT_none;
}

static enum refusal create_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                  struct alipay_told *told)
{
    struct trade_create create = ask->want.create;
    const struct alipay_terms *terms = &ask->terms;
    if (!shop_is_own(ask, view, create.shop_id)) {
        return REFUSAL_shop_unknown;
    }
    if (terms->buyer_id[0] != '\0' || terms->buyer_logon_id[0] != '\0') {
        create.shopper_id = alipay_shopper_of(view, terms->buyer_id, terms->buyer_logon_id);
        if (create.shopper_id == 0) {
            return REFUSAL_shopper_unknown;
        }
    }
    enum refusal refusal = trade_create.decide(&create, at, view, &told->trade);
    if (refusal == REFUSAL_none) {
        alipay_trade_tell(view, at, told->trade.trade_id, told);
    }
    return refusal;
}

/* A number whose trade is paid is not opened again. */
static enum alipay_result create_conclude(struct alipay_job *job)
{
    return job->told.trade.paid_at_us != 0 ? RESULT_acq_trade_has_success : RESULT_success;
}

static enum alipay_result precreate_prepare(struct alipay_job *job)
{
    return create_prepare(job, WAY_dynamic);
}

static void write_qr_code(const struct alipay_job *job, struct json_out *out, const char *name)
{
    char url[PAY_URL_SIZE];
    const struct alipay_settings *settings = &job->door->settings;
    size_t size = pay_url_write(settings->qr_key, span_of(settings->base_url), PAY_URL_trade,
                                job->told.trade.trade_id, url);
    alipay_write_text(out, name, (struct span){ url, size });
}

static const struct alipay_field precreate_fields[] = {
    OPENING_FIELDS,
    COUNTER_FIELDS,
    { "qr_code_timeout_express", TYPE_text, NEED_may, USE_honoured, 6, INTO_text, FIELD_INTO(terms.qr_timeout_express),
      "At most two hours." },
    { "buyer_logon_id", TYPE_text, NEED_may, USE_honoured, 99, INTO_text, FIELD_INTO(terms.buyer_logon_id),
      "Only this shopper may pay." },
    ACCEPTED("payment_type", TYPE_text, 32),
    REFUSED("code_type", TYPE_text, "There are no text passwords."),
};

static const struct alipay_answer precreate_answers[] = {
    { "out_trade_no", SOURCE_text, TOLD(trade.out_trade_no), NULL, NULL, "always" },
    { "qr_code", SOURCE_write, 0, NULL, write_qr_code, "always: our own address of the trade" },
};

const struct alipay_method method_trade_precreate = {
    .name = "alipay.trade.precreate",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/precreate",
    .summary = "Opens a trade that the shopper scans. Until then the protocol knows no such trade.",
    .command = "trade_create",
    .fields = precreate_fields,
    .field_count = COUNT_OF(precreate_fields),
    .answers = precreate_answers,
    .answer_count = COUNT_OF(precreate_answers),
    ACQ,
    .prepare = precreate_prepare,
    .decide = create_decide,
    .conclude = create_conclude,
};

static enum alipay_result trade_create_prepare(struct alipay_job *job)
{
    const struct alipay_terms *terms = &job->ask.terms;
    if (strcmp(terms->detail.product, "JSAPI_PAY") == 0 && terms->buyer_id[0] == '\0' &&
        terms->buyer_logon_id[0] == '\0') {
        return alipay_invalid(job, "buyer_id", "缺失 (is missing)");
    }
    return create_prepare(job, WAY_page);
}

static const struct alipay_field create_fields[] = {
    OPENING_FIELDS,
    COUNTER_FIELDS,
    { "buyer_id", TYPE_text, NEED_depends, USE_honoured, 28, INTO_text, FIELD_INTO(terms.buyer_id),
      "Only this shopper may pay; JSAPI_PAY needs it or buyer_logon_id." },
    { "buyer_logon_id", TYPE_text, NEED_depends, USE_honoured, 99, INTO_text, FIELD_INTO(terms.buyer_logon_id), "" },
    REFUSED("buyer_open_id", TYPE_text, "Apps here know shoppers by their number."),
    ACCEPTED("op_app_id", TYPE_text, 32),
    REFUSED("op_buyer_open_id", TYPE_text, "As buyer_open_id."),
    ACCEPTED("logistics_detail", TYPE_object, 0),
    ACCEPTED("receiver_address_info", TYPE_object, 0),
    REFUSED("agreement_sign_params", TYPE_object, "There are no agreements."),
};

static const struct alipay_answer create_answers[] = { ANSWER_NUMBERS };

const struct alipay_method method_trade_create = {
    .name = "alipay.trade.create",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/create",
    .summary = "Opens a trade for a known shopper, who then pays it in the wallet.",
    .command = "trade_create",
    .fields = create_fields,
    .field_count = COUNT_OF(create_fields),
    .answers = create_answers,
    .answer_count = COUNT_OF(create_answers),
    ACQ,
    .prepare = trade_create_prepare,
    .decide = create_decide,
    .conclude = create_conclude,
};

static enum alipay_result page_prepare(struct alipay_job *job)
{
    if (job->door->settings.checkout == NULL) {
        return RESULT_acq_access_forbidden;
    }
    return create_prepare(job, WAY_page);
}

#define PAGE_FIELDS \
    OPENING_FIELDS, ACCEPTED("goods_type", TYPE_text, 2), ACCEPTED("promo_params", TYPE_text, 512), \
    ACCEPTED("invoice_info", TYPE_object, 0), \
    REFUSED("agreement_sign_params", TYPE_object, "There are no agreements.")

static const struct alipay_field page_fields[] = {
    PAGE_FIELDS,
    ACCEPTED("qr_pay_mode", TYPE_text, 2),
    ACCEPTED("qrcode_width", TYPE_number, 0),
    ACCEPTED("integration_type", TYPE_text, 16),
    ACCEPTED("request_from_url", TYPE_text, 256),
};

const struct alipay_method method_page_pay = {
    .name = "alipay.trade.page.pay",
    .flags = METHOD_page | METHOD_v2_only,
    .summary = "Leads a browser to our checkout page.",
    .command = "trade_create",
    .fields = page_fields,
    .field_count = COUNT_OF(page_fields),
    ACQ,
    .prepare = page_prepare,
    .decide = create_decide,
    .conclude = create_conclude,
};

static const struct alipay_field wap_fields[] = {
    PAGE_FIELDS,
    { "quit_url", TYPE_text, NEED_may, USE_accepted, 400, INTO_text, FIELD_INTO(terms.quit_url), "" },
    ACCEPTED("auth_token", TYPE_text, 40),
    ACCEPTED("specified_channel", TYPE_text, 128),
};

const struct alipay_method method_wap_pay = {
    .name = "alipay.trade.wap.pay",
    .flags = METHOD_page | METHOD_v2_only,
    .summary = "The same for a phone's browser.",
    .command = "trade_create",
    .fields = wap_fields,
    .field_count = COUNT_OF(wap_fields),
    ACQ,
    .prepare = page_prepare,
    .decide = create_decide,
    .conclude = create_conclude,
};

static const struct alipay_field app_fields[] = {
    PAGE_FIELDS,
    ACCEPTED("specified_channel", TYPE_text, 128),
};

static const struct alipay_answer app_answers[] = {
    ANSWER_NUMBERS,
    { "total_amount", SOURCE_write, 0, NULL, write_total, "always" },
    { "seller_id", SOURCE_write, 0, NULL, write_seller_id, "always: the account of the shop" },
};

const struct alipay_method method_app_pay = {
    .name = "alipay.trade.app.pay",
    .flags = METHOD_wallet | METHOD_v2_only,
    .summary = "A wallet posts the order string that the shop's app handed over; it then pays the trade.",
    .command = "trade_create",
    .fields = app_fields,
    .field_count = COUNT_OF(app_fields),
    .answers = app_answers,
    .answer_count = COUNT_OF(app_answers),
    ACQ,
    .prepare = page_prepare,
    .decide = create_decide,
    .conclude = create_conclude,
};
