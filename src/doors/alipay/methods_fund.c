/* SPDX-License-Identifier: Apache-2.0 */
/* Money outside of trades: transfers to shoppers, what a shop has, bills. */
#include "doors/alipay/told_fields.h"

#define BARE .invalid = RESULT_bare_invalid_parameter, .fault = RESULT_bare_system_error
#define TRANSFER_LEAST_MINOR 10 /* of an account-to-account transfer; a red packet may be of one */

#define ACCEPTED(name, type, size) { name, type, NEED_may, USE_accepted, size, INTO_nothing, 0, 0, "" }

/* ---- transfer ---- */

static bool is_red_packet(struct span product)
{
    return span_equal(product, SPAN("STD_RED_PACKET"));
}

static enum alipay_result payee_read(struct alipay_job *job)
{
    struct wallet_transfer *transfer = &job->ask.want.transfer;
    const struct json_value *payee = alipay_biz(job, "payee_info");
    struct span identity = json_in_plain(json_in_member(payee, "identity"));
    struct span type = json_in_plain(json_in_member(payee, "identity_type"));
    struct span name = json_in_plain(json_in_member(payee, "name"));
    enum user_kind kind;
    if (identity.size == 0 || type.size == 0) {
        return alipay_invalid(job, "payee_info", "identity与identity_type缺失 (needs identity and identity_type)");
    }
    alipay_text_cut(name, transfer->name, sizeof(transfer->name));
    if (span_equal(type, SPAN("ALIPAY_USER_ID"))) {
        return user_id_read(identity, &kind, &transfer->payee_id) && kind == USER_shopper ? RESULT_none
                                                                                           : RESULT_payee_not_exist;
    }
    if (!span_equal(type, SPAN("ALIPAY_LOGON_ID"))) {
        return alipay_invalid(job, "payee_info.identity_type", "不支持 (is not supported)");
    }
    if (name.size == 0) {
        return alipay_invalid(job, "payee_info.name", "缺失 (is missing)");
    }
    return span_copy(identity, job->ask.logon_id, sizeof(job->ask.logon_id)) ? RESULT_none : RESULT_payee_not_exist;
}

static enum alipay_result transfer_prepare(struct alipay_job *job)
{
    struct wallet_transfer *transfer = &job->ask.want.transfer;
    struct span product = json_in_plain(alipay_biz(job, "product_code"));
    struct span scene = json_in_plain(alipay_biz(job, "biz_scene"));
    struct span title = json_in_plain(alipay_biz(job, "order_title"));
    if (!is_red_packet(product) && !span_equal(product, SPAN("TRANS_ACCOUNT_NO_PWD"))) {
        return alipay_invalid(job, "product_code", "不支持 (is not supported)");
    }
    if (!span_equal(scene, SPAN("DIRECT_TRANSFER"))) {
        return alipay_invalid(job, "biz_scene", "不支持 (is not supported)");
    }
    if (transfer->amount_minor < (is_red_packet(product) ? 1 : TRANSFER_LEAST_MINOR)) {
        return RESULT_single_amount_least;
    }
    transfer->shop_id = job->app->row.shop_id;
    alipay_text_cut(title, transfer->title, sizeof(transfer->title));
    alipay_text_cut(json_in_plain(alipay_biz(job, "remark")), transfer->remark, sizeof(transfer->remark));
    return payee_read(job);
}

static enum refusal transfer_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                    struct alipay_told *told)
{
    struct wallet_transfer transfer = ask->want.transfer;
    if (ask->logon_id[0] != '\0') {
        transfer.payee_id = alipay_shopper_of(view, "", ask->logon_id);
    }
    return transfer.payee_id == 0 ? REFUSAL_receiver_unknown
                                  : wallet_transfer.decide(&transfer, at, view, &told->made.transfer);
}

static void write_success(const struct alipay_job *job, struct json_out *out, const char *name)
{
    (void)job;
    alipay_write_text(out, name, SPAN("SUCCESS"));
}

static const struct alipay_field transfer_fields[] = {
    { "out_biz_no", TYPE_text, NEED_must, USE_honoured, 64, INTO_text, FIELD_INTO(want.transfer.out_biz_no),
      "The same number with the same content is the same transfer." },
    { "trans_amount", TYPE_price, NEED_must, USE_honoured, 11, INTO_yuan, FIELD_INTO(want.transfer.amount_minor),
      "From 0.10 on; a red packet from 0.01." },
    { "product_code", TYPE_text, NEED_must, USE_honoured, 64, INTO_nothing, 0, 0,
      "TRANS_ACCOUNT_NO_PWD or STD_RED_PACKET." },
    { "biz_scene", TYPE_text, NEED_must, USE_honoured, 64, INTO_nothing, 0, 0, "DIRECT_TRANSFER" },
    { "payee_info", TYPE_object, NEED_must, USE_honoured, 0, INTO_nothing, 0, 0,
      "identity, identity_type (ALIPAY_USER_ID, ALIPAY_LOGON_ID) and name, which is checked when it is given." },
    { "order_title", TYPE_text, NEED_may, USE_stored, 128, INTO_nothing, 0, 0, "The shopper sees it." },
    { "remark", TYPE_text, NEED_may, USE_stored, 200, INTO_nothing, 0, 0, "" },
    ACCEPTED("business_params", TYPE_object, 0),
    ACCEPTED("passback_params", TYPE_text, 512),
    ACCEPTED("original_order_id", TYPE_text, 64),
    ACCEPTED("transfer_scene_name", TYPE_text, 64),
    ACCEPTED("transfer_scene_report_infos", TYPE_list, 0),
    ACCEPTED("payer_info", TYPE_object, 0),
    ACCEPTED("sign_data", TYPE_object, 0),
    { "mutiple_currency_detail", TYPE_object, NEED_may, USE_refused, 0, INTO_nothing, 0, 0, "One currency." },
};

static const struct alipay_answer transfer_answers[] = {
    { "out_biz_no", SOURCE_text, TOLD(made.transfer.out_biz_no), NULL, NULL, "always" },
    { "order_id", SOURCE_id, TOLD(made.transfer.order_id), NULL, NULL, "always" },
    { "pay_fund_order_id", SOURCE_id, TOLD(made.transfer.order_id), NULL, NULL, "always: the same" },
    { "status", SOURCE_write, 0, NULL, write_success, "always SUCCESS: at once or not at all" },
    { "trans_date", SOURCE_time, TOLD(made.transfer.at_us), NULL, NULL, "always" },
    { "amount", SOURCE_yuan, TOLD(made.transfer.amount_minor), NULL, NULL, "always" },
};

static const struct alipay_refused transfer_refused[] = {
    { REFUSAL_receiver_unknown, RESULT_payee_not_exist },
    { REFUSAL_shopper_unknown, RESULT_payee_not_exist },
    { REFUSAL_shopper_blocked, RESULT_payee_status },
    { REFUSAL_name_differs, RESULT_payee_identity },
    { REFUSAL_takings_short, RESULT_payer_balance },
    { REFUSAL_balance_short, RESULT_payer_balance },
    { REFUSAL_floor_reached, RESULT_payer_balance },
    { REFUSAL_wallet_limit_reached, RESULT_payee_over_limit },
    { REFUSAL_transfer_differs, RESULT_payment_inconsistency },
    { REFUSAL_amount_out_of_range, RESULT_single_amount_limit },
    { REFUSAL_trade_limit_reached, RESULT_single_amount_limit },
    { REFUSAL_day_limit_reached, RESULT_day_amount_limit },
    { REFUSAL_none, RESULT_none },
};

const struct alipay_method method_uni_transfer = {
    .name = "alipay.fund.trans.uni.transfer",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/fund/trans/uni/transfer",
    .summary = "Pays from the takings of the app's shop into a shopper's wallet.",
    .command = "wallet_transfer",
    .fields = transfer_fields,
    .field_count = COUNT_OF(transfer_fields),
    .answers = transfer_answers,
    .answer_count = COUNT_OF(transfer_answers),
    .refused = transfer_refused,
    BARE,
    .prepare = transfer_prepare,
    .decide = transfer_decide,
};

/* ---- what became of a transfer ---- */

/* A field of the content, or of the query when that is the content. */
static struct span field_text(const struct alipay_job *job, const char *name)
{
    return job->biz != NULL ? json_in_plain(alipay_biz(job, name)) : alipay_param_value(job->params, name);
}

static enum alipay_result common_query_prepare(struct alipay_job *job)
{
    struct wallet_transfer_query *query = &job->ask.want.transfer_query;
    struct span order = field_text(job, "order_id");
    struct span fund = field_text(job, "pay_fund_order_id");
    query->shop_id = job->app->row.shop_id;
    if (order.size == 0) {
        order = fund;
    }
    if (order.size > 0) {
        return span_to_i64(order, &query->order_id) && query->order_id > 0 ? RESULT_none : RESULT_order_not_exist;
    }
    if (query->out_biz_no[0] == '\0') {
        return alipay_invalid(job, "out_biz_no", "缺失 (or order_id, or pay_fund_order_id)");
    }
    return field_text(job, "product_code").size > 0 && field_text(job, "biz_scene").size > 0
               ? RESULT_none
               : alipay_invalid(job, "product_code", "与biz_scene缺失 (and biz_scene go with out_biz_no)");
}

static enum refusal common_query_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                        struct alipay_told *told)
{
    return wallet_transfer_query.decide(&ask->want.transfer_query, at, view, &told->made.transfer);
}

static void write_receiver(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_user(out, name, USER_shopper, job->told.made.transfer.payee_id);
}

static void write_no_fee(const struct alipay_job *job, struct json_out *out, const char *name)
{
    (void)job;
    alipay_write_yuan(out, name, 0);
}

static const struct alipay_field common_query_fields[] = {
    { "out_biz_no", TYPE_text, NEED_depends, USE_honoured, 64, INTO_text, FIELD_INTO(want.transfer_query.out_biz_no),
      "One of the three numbers." },
    { "order_id", TYPE_text, NEED_depends, USE_honoured, 64, INTO_nothing, 0, 0, "" },
    { "pay_fund_order_id", TYPE_text, NEED_depends, USE_honoured, 64, INTO_nothing, 0, 0, "" },
    { "product_code", TYPE_text, NEED_depends, USE_honoured, 64, INTO_nothing, 0, 0, "Goes with out_biz_no." },
    { "biz_scene", TYPE_text, NEED_depends, USE_honoured, 64, INTO_nothing, 0, 0, "Goes with out_biz_no." },
};

static const struct alipay_answer common_query_answers[] = {
    { "out_biz_no", SOURCE_text, TOLD(made.transfer.out_biz_no), NULL, NULL, "always" },
    { "order_id", SOURCE_id, TOLD(made.transfer.order_id), NULL, NULL, "always" },
    { "pay_fund_order_id", SOURCE_id, TOLD(made.transfer.order_id), NULL, NULL, "always" },
    { "status", SOURCE_write, 0, NULL, write_success, "always SUCCESS" },
    { "pay_date", SOURCE_time, TOLD(made.transfer.at_us), NULL, NULL, "always" },
    { "arrival_time_end", SOURCE_time, TOLD(made.transfer.at_us), NULL, NULL, "always: at once" },
    { "order_fee", SOURCE_write, 0, NULL, write_no_fee, "always 0.00" },
    { "trans_amount", SOURCE_yuan, TOLD(made.transfer.amount_minor), NULL, NULL, "always" },
    { "receiver_user_id", SOURCE_write, 0, NULL, write_receiver, "always" },
};

static const struct alipay_refused common_query_refused[] = {
    { REFUSAL_transfer_unknown, RESULT_order_not_exist },
    { REFUSAL_none, RESULT_none },
};

const struct alipay_method method_common_query = {
    .name = "alipay.fund.trans.common.query",
    .v3_method = "GET",
    .v3_path = "/v3/alipay/fund/trans/common/query",
    .summary = "One transfer.",
    .command = "wallet_transfer_query",
    .fields = common_query_fields,
    .field_count = COUNT_OF(common_query_fields),
    .answers = common_query_answers,
    .answer_count = COUNT_OF(common_query_answers),
    .refused = common_query_refused,
    BARE,
    .prepare = common_query_prepare,
    .decide = common_query_decide,
};

/* ---- what a shop has ---- */

static enum alipay_result account_prepare(struct alipay_job *job)
{
    struct shop_funds_query *query = &job->ask.want.funds;
    struct span user = field_text(job, "alipay_user_id");
    struct span type = field_text(job, "account_type");
    enum user_kind kind;
    int64_t id;
    query->shop_id = job->app->row.shop_id;
    if (type.size > 0 && !span_equal(type, SPAN("ACCTRANS_ACCOUNT"))) {
        return alipay_invalid(job, "account_type", "不支持 (is not supported)");
    }
    if (user.size == 0) {
        return RESULT_none;
    }
    if (!user_id_read(user, &kind, &id)) {
        return RESULT_account_not_exist;
    }
    if (kind == USER_shop) {
        query->shop_id = id;
        return RESULT_none;
    }
    return kind == USER_merchant && id == job->app->row.merchant_id ? RESULT_none : RESULT_permission_account;
}

static enum refusal account_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                   struct alipay_told *told)
{
    return shop_funds.decide(&ask->want.funds, at, view, &told->made.funds);
}

static const struct alipay_field account_fields[] = {
    { "alipay_user_id", TYPE_text, NEED_may, USE_honoured, 28, INTO_nothing, 0, 0,
      "One of the merchant's shops; the merchant's number, or none, is the app's shop." },
    { "account_type", TYPE_text, NEED_must, USE_honoured, 64, INTO_nothing, 0, 0, "ACCTRANS_ACCOUNT" },
    ACCEPTED("account_product_code", TYPE_text, 64),
    ACCEPTED("account_scene_code", TYPE_text, 64),
    ACCEPTED("ext_info", TYPE_text, 512),
    { "alipay_open_id", TYPE_text, NEED_may, USE_refused, 128, INTO_nothing, 0, 0, "" },
    { "merchant_user_id", TYPE_text, NEED_may, USE_refused, 64, INTO_nothing, 0, 0, "" },
};

static const struct alipay_answer account_answers[] = {
    { "available_amount", SOURCE_yuan, TOLD(made.funds.available_minor), NULL, NULL, "always: the shop's takings" },
    { "freeze_amount", SOURCE_write, 0, NULL, write_no_fee, "always 0.00: nothing of them is held" },
};

static const struct alipay_refused account_refused[] = {
    { REFUSAL_shop_unknown, RESULT_account_not_exist },
    { REFUSAL_forbidden, RESULT_permission_account },
    { REFUSAL_none, RESULT_none },
};

const struct alipay_method method_account_query = {
    .name = "alipay.fund.account.query",
    .v3_method = "GET",
    .v3_path = "/v3/alipay/fund/account/query",
    .summary = "What a shop has to pay out.",
    .command = "shop_funds",
    .fields = account_fields,
    .field_count = COUNT_OF(account_fields),
    .answers = account_answers,
    .answer_count = COUNT_OF(account_answers),
    .refused = account_refused,
    BARE,
    .prepare = account_prepare,
    .decide = account_decide,
};

/* ---- bills ---- */

static enum alipay_result bill_result(struct alipay_job *job, enum bill_outcome outcome)
{
    switch (outcome) {
    case BILL_made:
    case BILL_made_empty:
        return RESULT_success;
    case BILL_date_invalid:
        return alipay_invalid(job, "bill_date", "格式错误 (is yyyy-MM-dd or yyyy-MM)");
    case BILL_not_yet:
        return RESULT_bill_not_exist;
    case BILL_merchant_later:
        return RESULT_bill_before_registration;
    case BILL_fault:
        break;
    }
    return RESULT_bill_unknown_error;
}

static enum alipay_result bill_prepare(struct alipay_job *job)
{
    struct bills *bills = job->door->settings.bills;
    struct span type = field_text(job, "bill_type");
    char base[300];
    int size = snprintf(base, sizeof(base), "http://%.*s", (int)min_i64((int64_t)job->host.size, 256),
                        job->host.bytes != NULL ? job->host.bytes : "");
    struct bill_wish wish = { .kind = span_equal(type, SPAN("trade")) ? BILL_trade : BILL_account,
                              .merchant_id = job->app->row.merchant_id,
                              .date = field_text(job, "bill_date"),
                              .base = { base, (size_t)size } };
    if (wish.kind == BILL_account && !span_equal(type, SPAN("signcustomer"))) {
        return RESULT_bill_type_not_supported;
    }
    if (bills == NULL) {
        return RESULT_bill_unknown_error;
    }
    enum bill_outcome outcome = bill_url_make(bills, &wish, job->bill_url);
    job->bill_empty = outcome == BILL_made_empty;
    return bill_result(job, outcome);
}

static void write_bill_url(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_text(out, name, span_of(job->bill_url));
}

static bool when_bill_empty(const struct alipay_job *job)
{
    return job->bill_empty;
}

static void write_empty_code(const struct alipay_job *job, struct json_out *out, const char *name)
{
    (void)job;
    alipay_write_text(out, name, SPAN("EMPTY_DATA_WITH_BILL_FILE"));
}

static const struct alipay_field bill_fields[] = {
    { "bill_type", TYPE_text, NEED_must, USE_honoured, 20, INTO_nothing, 0, 0, "trade or signcustomer." },
    { "bill_date", TYPE_text, NEED_must, USE_honoured, 15, INTO_nothing, 0, 0, "yyyy-MM-dd or yyyy-MM." },
    { "smid", TYPE_text, NEED_may, USE_accepted, 20, INTO_nothing, 0, 0, "" },
};

static const struct alipay_answer bill_answers[] = {
    { "bill_download_url", SOURCE_write, 0, NULL, write_bill_url, "always; good for 30 seconds" },
    { "bill_file_code", SOURCE_write, 0, when_bill_empty, write_empty_code, "when the file has no rows" },
};

const struct alipay_method method_bill = {
    .name = "alipay.data.dataservice.bill.downloadurl.query",
    .v3_method = "GET",
    .v3_path = "/v3/alipay/data/dataservice/bill/downloadurl/query",
    .summary = "Where the bill of a day or month is fetched.",
    .command = "bill_trades, bill_account",
    .fields = bill_fields,
    .field_count = COUNT_OF(bill_fields),
    .answers = bill_answers,
    .answer_count = COUNT_OF(bill_answers),
    .invalid = RESULT_bill_arguments,
    .fault = RESULT_bill_unknown_error,
    .prepare = bill_prepare,
};
