/* SPDX-License-Identifier: Apache-2.0 */
/* Methods about a trade that is there: query, cancel, close, refund and what became of a refund. */
#include "doors/alipay/told_fields.h"

#define ACQ .invalid = RESULT_acq_invalid_parameter, .fault = RESULT_acq_system_error

/* ---- query ---- */

static enum refusal query_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                 struct alipay_told *told)
{
    const struct trade_row *trade = alipay_trade_named(ask, at, view, told);
    if (!row_exists(trade) || told->out_of_sight) {
        return REFUSAL_trade_unknown;
    }
    alipay_trade_tell(view, at, trade->trade_id, told);
    return REFUSAL_none;
}

static bool when_passback(const struct alipay_job *job)
{
    return job->told.detail.passback[0] != '\0';
}

static void write_settle_info(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const struct trade_row *trade = &job->told.trade;
    json_out_key(out, name);
    json_out_object(out);
    alipay_write_yuan(out, "trade_unsettled_amount", trade->left_minor - trade->royalty_minor);
    json_out_object_end(out);
}

static bool when_settle_asked(const struct alipay_job *job)
{
    return when_paid(job) && alipay_option_asked(job, "trade_settle_info");
}

static bool when_cancelled(const struct alipay_job *job)
{
    return job->told.trade.close_reason == CLOSE_cancelled;
}

static void write_ext_infos(const struct alipay_job *job, struct json_out *out, const char *name)
{
    (void)job;
    alipay_write_text(out, name, SPAN("{\"action\":\"cancel\"}"));
}

static void write_subject(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const char *whole = job->told.detail.subject;
    alipay_write_text(out, name, span_of(whole[0] != '\0' ? whole : job->told.trade.subject));
}

static const struct alipay_field query_fields[] = {
    REFERENCE_FIELDS,
    { "query_options", TYPE_list, NEED_may, USE_honoured, 32, INTO_nothing, 0, 0,
      "trade_settle_info adds what is not split; the others are always there where there is anything." },
    { "org_pid", TYPE_text, NEED_may, USE_accepted, 16, INTO_nothing, 0, 0, "" },
};

static const struct alipay_answer query_answers[] = {
    { "trade_no", SOURCE_trade_no, TOLD(trade.trade_id), NULL, NULL, "always" },
    { "out_trade_no", SOURCE_text, TOLD(trade.out_trade_no), NULL, NULL, "always" },
    { "trade_status", SOURCE_write, 0, NULL, write_trade_status, "always" },
    { "total_amount", SOURCE_write, 0, NULL, write_total, "always" },
    { "buyer_logon_id", SOURCE_write, 0, when_buyer, write_buyer_logon_id, "once the buyer is known; masked" },
    { "buyer_user_id", SOURCE_write, 0, when_buyer, write_buyer_user_id, "once the buyer is known" },
    { "buyer_user_type", SOURCE_write, 0, when_buyer, write_buyer_user_type, "once the buyer is known" },
    { "buyer_pay_amount", SOURCE_write, 0, NULL, write_buyer_pay, "always; 0.00 until paid" },
    { "point_amount", SOURCE_write, 0, NULL, write_point, "always 0.00: there are no points" },
    { "invoice_amount", SOURCE_write, 0, NULL, write_invoice, "always; 0.00 until paid" },
    { "receipt_amount", SOURCE_write, 0, NULL, write_receipt, "always; 0.00 until paid" },
    { "discount_amount", SOURCE_write, 0, when_paid, write_discount, "once paid: what the platform gave" },
    { "mdiscount_amount", SOURCE_write, 0, when_paid, write_mdiscount, "once paid: what the merchant gave" },
    { "send_pay_date", SOURCE_time, TOLD(trade.paid_at_us), NULL, NULL,
      "once paid, also when it was refunded in full" },
    { "fund_bill_list", SOURCE_write, 0, when_paid, write_fund_bills, "once paid" },
    { "voucher_detail_list", SOURCE_write, 0, when_discounted, write_vouchers, "when campaigns gave something" },
    { "store_id", SOURCE_text, TOLD(detail.store_code), NULL, NULL, "as the request gave it" },
    { "terminal_id", SOURCE_text, TOLD(detail.terminal_code), NULL, NULL, "as the request gave it" },
    { "store_name", SOURCE_text, TOLD(shop_name), NULL, NULL, "when the shop has a name" },
    { "subject", SOURCE_write, 0, NULL, write_subject, "always" },
    { "body", SOURCE_text, TOLD(detail.body), NULL, NULL, "as the request gave it" },
    { "passback_params", SOURCE_text, TOLD(detail.passback), when_passback, NULL, "as the request gave it" },
    { "trade_settle_info", SOURCE_write, 0, when_settle_asked, write_settle_info, "when asked for and paid" },
    { "ext_infos", SOURCE_write, 0, when_cancelled, write_ext_infos, "when it was cancelled" },
};

const struct alipay_method method_trade_query = {
    .name = "alipay.trade.query",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/query",
    .summary = "One trade as it stands.",
    .command = "trade_query",
    .fields = query_fields,
    .field_count = COUNT_OF(query_fields),
    .answers = query_answers,
    .answer_count = COUNT_OF(query_answers),
    ACQ,
    .prepare = prepare_reference,
    .decide = query_decide,
};

/* ---- cancel ---- */

/*
 * A number that nobody knows is cancelled as well: it is closed for good, so that a payment still on its way does
 * not come through behind the back of a till that gave up.
 */
static enum refusal cancel_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                  struct alipay_told *told)
{
    const struct trade_row *trade = alipay_trade_named(ask, at, view, told);
    if (row_exists(trade)) {
        struct trade_ref ref = { .trade_id = trade->trade_id };
        told->kind = TOLD_trade;
        return trade_cancel.decide(&ref, at, view, &told->trade);
    }
    if (ask->trade_no[0] != '\0') {
        return REFUSAL_none;
    }
    struct trade_number number = { .merchant_id = ask->app->merchant_id, .shop_id = ask->app->shop_id };
    memcpy(number.out_trade_no, ask->out_trade_no, sizeof(number.out_trade_no));
    return trade_cancel_number.decide(&number, at, view, &told->trade);
}

/* Whether there was a trade that the protocol knows of. */
static bool when_known(const struct alipay_job *job)
{
    return job->told.before.trade_id != 0 && !job->told.out_of_sight;
}

static void write_action(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_text(out, name, job->told.trade.paid_at_us != 0 ? SPAN("refund") : SPAN("close"));
}

static void write_asked_number(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const char *known = job->told.trade.out_trade_no;
    struct span number = span_of(known[0] != '\0' ? known : job->ask.out_trade_no);
    if (number.size > 0) {
        alipay_write_text(out, name, number);
    }
}

static void write_retry_flag(const struct alipay_job *job, struct json_out *out, const char *name)
{
    (void)job;
    alipay_write_text(out, name, SPAN("N"));
}

static const struct alipay_field cancel_fields[] = { REFERENCE_FIELDS };

static const struct alipay_answer cancel_answers[] = {
    { "trade_no", SOURCE_trade_no, TOLD(trade.trade_id), when_known, NULL, "when there was such a trade" },
    { "out_trade_no", SOURCE_write, 0, NULL, write_asked_number, "always" },
    { "retry_flag", SOURCE_write, 0, NULL, write_retry_flag, "always N" },
    { "action", SOURCE_write, 0, when_known, write_action, "when there was such a trade: close or refund" },
};

static const struct alipay_refused cancel_refused[] = {
    { REFUSAL_trade_unknown, RESULT_acq_invalid_parameter },
    { REFUSAL_none, RESULT_none },
};

const struct alipay_method method_trade_cancel = {
    .name = "alipay.trade.cancel",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/cancel",
    .summary = "Undoes a trade whose outcome the till does not know, also one that never arrived.",
    .command = "trade_cancel, trade_cancel_number",
    .fields = cancel_fields,
    .field_count = COUNT_OF(cancel_fields),
    .answers = cancel_answers,
    .answer_count = COUNT_OF(cancel_answers),
    .refused = cancel_refused,
    ACQ,
    .prepare = prepare_reference,
    .decide = cancel_decide,
};

/* ---- close ---- */

static enum refusal close_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                 struct alipay_told *told)
{
    const struct trade_row *trade = alipay_trade_named(ask, at, view, told);
    struct trade_ref ref = { .trade_id = trade->trade_id };
    if (!row_exists(trade) || told->out_of_sight) {
        return REFUSAL_trade_unknown;
    }
    if (trade->state == TRADE_closed) {
        return REFUSAL_trade_closed;
    }
    return trade_close.decide(&ref, at, view, &told->trade);
}

static const struct alipay_field close_fields[] = {
    REFERENCE_FIELDS,
    { "operator_id", TYPE_text, NEED_may, USE_accepted, 28, INTO_nothing, 0, 0, "" },
    { "extend_params", TYPE_object, NEED_may, USE_accepted, 0, INTO_nothing, 0, 0, "" },
};

static const struct alipay_answer number_answers[] = { ANSWER_NUMBERS };

static const struct alipay_refused close_refused[] = {
    { REFUSAL_trade_paid, RESULT_acq_status_error },
    { REFUSAL_trade_closed, RESULT_acq_status_invalid },
    { REFUSAL_none, RESULT_none },
};

const struct alipay_method method_trade_close = {
    .name = "alipay.trade.close",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/close",
    .summary = "Closes an unpaid trade.",
    .command = "trade_close",
    .fields = close_fields,
    .field_count = COUNT_OF(close_fields),
    .answers = number_answers,
    .answer_count = COUNT_OF(number_answers),
    .refused = close_refused,
    ACQ,
    .prepare = prepare_reference,
    .decide = close_decide,
};

/* ---- refund ---- */

static bool royalty_read(struct alipay_job *job, const struct json_value *line, struct royalty_return *to)
{
    enum user_kind kind;
    struct span from = json_in_plain(json_in_member(line, "trans_out"));
    if (!user_id_read(from, &kind, &to->id) ||
        !yuan_read(json_in_plain(json_in_member(line, "amount")), &to->amount_minor)) {
        (void)alipay_invalid(job, "refund_royalty_parameters", "trans_out与amount无效 (trans_out and amount of each)");
        return false;
    }
    to->kind = (int32_t)kind + 1;
    return true;
}

static enum alipay_result refund_prepare(struct alipay_job *job)
{
    struct trade_refund *refund = &job->ask.want.refund;
    const struct json_value *royalties = alipay_biz(job, "refund_royalty_parameters");
    enum alipay_result result = prepare_reference(job);
    if (result != RESULT_none) {
        return result;
    }
    if (refund->amount_minor == 0) {
        return RESULT_acq_refund_fee;
    }
    if (royalties == NULL || alipay_is_empty(royalties)) {
        return RESULT_none;
    }
    if (royalties->kind != JSON_list) { /* whose shares come back is not guessed */
        return alipay_invalid(job, "refund_royalty_parameters", "类型错误 (is no list)");
    }
    refund->royalties_given = 1;
    for (const struct json_value *line = royalties->first; line != NULL; line = line->next) {
        if (refund->royalties_count == (int32_t)COUNT_OF(refund->royalties) ||
            !royalty_read(job, line, &refund->royalties[refund->royalties_count])) {
            return job->detail[0] != '\0' ? RESULT_acq_invalid_parameter
                                          : alipay_invalid(job, "refund_royalty_parameters", "数量超限 (are too many)");
        }
        refund->royalties_count++;
    }
    return RESULT_none;
}

static const struct refund_row *refund_row_ask(struct view *view, int64_t trade_id, const char *number)
{
    struct refund_row key = { .trade_id = trade_id };
    bool fits = span_copy(span_of(number), key.out_request_no, sizeof(key.out_request_no));
    assert(fits);
    return view_ask(view, &refund_table, &key);
}

static enum refusal refund_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                  struct alipay_told *told)
{
    struct trade_refund want = ask->want.refund;
    const struct trade_row *trade = alipay_trade_named(ask, at, view, told);
    if (!row_exists(trade) || told->out_of_sight) {
        return REFUSAL_trade_unknown;
    }
    want.trade_id = trade->trade_id;
    if (want.out_request_no[0] == '\0') { /* a whole refund may go without a number of its own */
        told->number_missing = want.amount_minor != trade->list_minor;
        if (told->number_missing) {
            return REFUSAL_none;
        }
        memcpy(want.out_request_no, trade->out_trade_no, sizeof(want.out_request_no));
    }
    told->repeated = row_exists(refund_row_ask(view, trade->trade_id, want.out_request_no));
    enum refusal refusal = trade_refund.decide(&want, at, view, &told->made.refund);
    if (refusal == REFUSAL_none) {
        alipay_trade_tell(view, at, trade->trade_id, told);
    }
    return refusal;
}

static enum alipay_result refund_conclude(struct alipay_job *job)
{
    return job->told.number_missing ? alipay_invalid(job, "out_request_no", "部分退款必填 (is needed for a partial refund)")
                                    : RESULT_success;
}

static void write_fund_change(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_text(out, name, job->told.repeated ? SPAN("N") : SPAN("Y"));
}

/* All that was given back of the trade so far. */
static void write_refund_fee(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_yuan(out, name, job->told.trade.list_minor - job->told.trade.left_minor);
}

static bool when_items_asked(const struct alipay_job *job)
{
    return alipay_option_asked(job, "refund_detail_item_list");
}

static void write_refund_items(const struct alipay_job *job, struct json_out *out, const char *name)
{
    const struct refund_row *refund = &job->told.made.refund;
    json_out_key(out, name);
    json_out_array(out);
    if (refund->paid_minor > 0) {
        json_out_object(out);
        alipay_write_yuan(out, "amount", refund->paid_minor);
        alipay_write_text(out, "fund_channel", SPAN("ALIPAYACCOUNT"));
        json_out_object_end(out);
    }
    if (refund->discount_minor > 0) {
        json_out_object(out);
        alipay_write_yuan(out, "amount", refund->discount_minor);
        alipay_write_text(out, "fund_channel", SPAN("COUPON"));
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static const struct alipay_field refund_fields[] = {
    REFERENCE_FIELDS,
    { "refund_amount", TYPE_price, NEED_must, USE_honoured, 11, INTO_yuan, FIELD_INTO(want.refund.amount_minor),
      "At most what is left." },
    { "out_request_no", TYPE_text, NEED_depends, USE_honoured, 64, INTO_text, FIELD_INTO(want.refund.out_request_no),
      "Needed for a partial refund; left out, the out_trade_no." },
    { "refund_reason", TYPE_text, NEED_may, USE_honoured, 256, INTO_nothing, 0, 0,
      "Kept with the refund, up to 127 bytes." },
    { "refund_royalty_parameters", TYPE_list, NEED_may, USE_honoured, 12, INTO_nothing, 0, 0,
      "What each receiver gives back; left out, its share." },
    { "query_options", TYPE_list, NEED_may, USE_honoured, 32, INTO_nothing, 0, 0, "refund_detail_item_list" },
    { "refund_currency", TYPE_text, NEED_may, USE_accepted, 8, INTO_nothing, 0, 0, "It is the trade's." },
    { "operator_id", TYPE_text, NEED_may, USE_accepted, 30, INTO_nothing, 0, 0, "" },
    { "store_id", TYPE_text, NEED_may, USE_accepted, 32, INTO_nothing, 0, 0, "" },
    { "terminal_id", TYPE_text, NEED_may, USE_accepted, 32, INTO_nothing, 0, 0, "" },
    { "goods_detail", TYPE_list, NEED_may, USE_accepted, 150, INTO_nothing, 0, 0, "" },
    { "refund_goods_detail", TYPE_list, NEED_may, USE_accepted, 150, INTO_nothing, 0, 0, "" },
    { "org_pid", TYPE_text, NEED_may, USE_accepted, 16, INTO_nothing, 0, 0, "" },
    { "related_settle_confirm_no", TYPE_text, NEED_may, USE_accepted, 64, INTO_nothing, 0, 0, "" },
    { "refund_advance_account", TYPE_text, NEED_may, USE_refused, 64, INTO_nothing, 0, 0,
      "Refunds come from the shop's takings." },
    { "refund_advance_account_type", TYPE_text, NEED_may, USE_refused, 64, INTO_nothing, 0, 0, "" },
    { "refund_trans_out", TYPE_text, NEED_may, USE_refused, 64, INTO_nothing, 0, 0, "" },
    { "refund_trans_out_type", TYPE_text, NEED_may, USE_refused, 64, INTO_nothing, 0, 0, "" },
};

static const struct alipay_answer refund_answers[] = {
    { "trade_no", SOURCE_trade_no, TOLD(trade.trade_id), NULL, NULL, "always" },
    { "out_trade_no", SOURCE_text, TOLD(trade.out_trade_no), NULL, NULL, "always" },
    { "buyer_logon_id", SOURCE_write, 0, when_buyer, write_buyer_logon_id, "always; masked" },
    { "buyer_user_id", SOURCE_write, 0, when_buyer, write_buyer_user_id, "always" },
    { "fund_change", SOURCE_write, 0, NULL, write_fund_change,
      "always: Y when this call moved the money, N when it was a repetition" },
    { "refund_fee", SOURCE_write, 0, NULL, write_refund_fee, "always: all refunds of the trade so far" },
    { "send_back_fee", SOURCE_yuan, TOLD(made.refund.amount_minor), NULL, NULL, "always: this refund" },
    { "gmt_refund_pay", SOURCE_time, TOLD(made.refund.at_us), NULL, NULL, "always" },
    { "store_name", SOURCE_text, TOLD(shop_name), NULL, NULL, "when the shop has a name" },
    { "present_refund_buyer_amount", SOURCE_yuan, TOLD(made.refund.paid_minor), NULL, NULL, "always" },
    { "present_refund_discount_amount", SOURCE_yuan, TOLD(made.refund.discount_minor), NULL, NULL, "always" },
    { "refund_detail_item_list", SOURCE_write, 0, when_items_asked, write_refund_items, "when asked for" },
};

static const struct alipay_refused refund_refused[] = {
    { REFUSAL_royalty_short, RESULT_acq_amount_validate },
    { REFUSAL_royalty_exceeds, RESULT_acq_amount_validate },
    { REFUSAL_receiver_unknown, RESULT_acq_amount_validate },
    { REFUSAL_none, RESULT_none },
};

static enum alipay_result refund_reason_prepare(struct alipay_job *job)
{
    alipay_text_cut(json_in_plain(alipay_biz(job, "refund_reason")), job->ask.want.refund.reason,
                    sizeof(job->ask.want.refund.reason));
    return refund_prepare(job);
}

const struct alipay_method method_trade_refund = {
    .name = "alipay.trade.refund",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/refund",
    .summary = "Gives a part of the price back, as it was paid.",
    .command = "trade_refund",
    .fields = refund_fields,
    .field_count = COUNT_OF(refund_fields),
    .answers = refund_answers,
    .answer_count = COUNT_OF(refund_answers),
    .refused = refund_refused,
    ACQ,
    .prepare = refund_reason_prepare,
    .decide = refund_decide,
    .conclude = refund_conclude,
};

/* ---- what became of a refund ---- */

/* A refund that is not known is no error: the answer then has no details. */
static enum refusal refund_query_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                        struct alipay_told *told)
{
    const struct trade_row *trade = alipay_trade_named(ask, at, view, told);
    if (!row_exists(trade) || told->out_of_sight) {
        return REFUSAL_trade_unknown;
    }
    const struct refund_row *refund = refund_row_ask(view, trade->trade_id, ask->out_request_no);
    alipay_trade_tell(view, at, trade->trade_id, told);
    told->repeated = row_exists(refund);
    if (told->repeated) {
        told->made.refund = *refund;
    }
    return REFUSAL_none;
}

static bool when_refunded(const struct alipay_job *job)
{
    return job->told.repeated;
}

static bool when_refund_items(const struct alipay_job *job)
{
    return job->told.repeated && when_items_asked(job);
}

static void write_refund_status(const struct alipay_job *job, struct json_out *out, const char *name)
{
    (void)job;
    alipay_write_text(out, name, SPAN("REFUND_SUCCESS"));
}

static const struct alipay_field refund_query_fields[] = {
    REFERENCE_FIELDS,
    { "out_request_no", TYPE_text, NEED_must, USE_honoured, 64, INTO_text, FIELD_INTO(out_request_no),
      "The out_trade_no when the refund was made without one." },
    { "query_options", TYPE_list, NEED_may, USE_honoured, 32, INTO_nothing, 0, 0,
      "refund_detail_item_list; gmt_refund_pay is always there." },
    { "org_pid", TYPE_text, NEED_may, USE_accepted, 16, INTO_nothing, 0, 0, "" },
};

#define REFUNDED "when there is such a refund"

static const struct alipay_answer refund_query_answers[] = {
    { "trade_no", SOURCE_trade_no, TOLD(trade.trade_id), when_refunded, NULL, REFUNDED },
    { "out_trade_no", SOURCE_text, TOLD(trade.out_trade_no), when_refunded, NULL, REFUNDED },
    { "out_request_no", SOURCE_text, TOLD(made.refund.out_request_no), when_refunded, NULL, REFUNDED },
    { "refund_reason", SOURCE_text, TOLD(made.refund.reason), when_refunded, NULL, "when one was given" },
    { "total_amount", SOURCE_write, 0, when_refunded, write_total, REFUNDED },
    { "refund_amount", SOURCE_yuan, TOLD(made.refund.amount_minor), when_refunded, NULL, REFUNDED },
    { "refund_status", SOURCE_write, 0, when_refunded, write_refund_status,
      "REFUND_SUCCESS when there is such a refund" },
    { "send_back_fee", SOURCE_yuan, TOLD(made.refund.amount_minor), when_refunded, NULL, REFUNDED },
    { "gmt_refund_pay", SOURCE_time, TOLD(made.refund.at_us), when_refunded, NULL, REFUNDED },
    { "present_refund_buyer_amount", SOURCE_yuan, TOLD(made.refund.paid_minor), when_refunded, NULL, REFUNDED },
    { "present_refund_discount_amount", SOURCE_yuan, TOLD(made.refund.discount_minor), when_refunded, NULL, REFUNDED },
    { "refund_detail_item_list", SOURCE_write, 0, when_refund_items, write_refund_items, "when asked for" },
};

const struct alipay_method method_refund_query = {
    .name = "alipay.trade.fastpay.refund.query",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/trade/fastpay/refund/query",
    .summary = "Whether a refund went through; one that is not known is answered without details.",
    .command = "refund_query",
    .fields = refund_query_fields,
    .field_count = COUNT_OF(refund_query_fields),
    .answers = refund_query_answers,
    .answer_count = COUNT_OF(refund_query_answers),
    ACQ,
    .prepare = prepare_reference,
    .decide = refund_query_decide,
};
