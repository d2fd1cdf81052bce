/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that several methods' answers show, and what their requests share. For the files of the methods only. */
#ifndef DOORS_ALIPAY_TOLD_FIELDS_H
#define DOORS_ALIPAY_TOLD_FIELDS_H

#include "doors/alipay/alipay_internal.h"

typedef void alipay_write(const struct alipay_job *job, struct json_out *out, const char *name);

alipay_write write_buyer_logon_id, write_buyer_user_id, write_buyer_user_type, write_fund_bills, write_vouchers,
    write_receipt, write_buyer_pay, write_invoice, write_point, write_discount, write_mdiscount,
    write_trade_status, write_seller_id, write_total;

bool when_paid(const struct alipay_job *job);
bool when_buyer(const struct alipay_job *job);
bool when_discounted(const struct alipay_job *job);

void alipay_write_yuan(struct json_out *out, const char *name, int64_t minor);
void alipay_write_text(struct json_out *out, const char *name, struct span text);
/* "2088…" of an account; nothing when the id is 0. */
void alipay_write_user(struct json_out *out, const char *name, enum user_kind kind, int64_t id);

/* Whether query_options of the request names it. */
bool alipay_option_asked(const struct alipay_job *job, const char *option);
/* query_options as it is stored: names joined with commas. */
enum alipay_result alipay_options_read(struct alipay_job *job, char *to, size_t size);

/* What is the same in all methods that name a trade by either number. */
enum alipay_result prepare_reference(struct alipay_job *job);

#define REFERENCE_FIELDS \
    { "out_trade_no", TYPE_text, NEED_depends, USE_honoured, 64, INTO_text, FIELD_INTO(out_trade_no), \
      "One of both; trade_no wins." }, \
    { "trade_no", TYPE_text, NEED_depends, USE_honoured, 64, INTO_trade_no, FIELD_INTO(trade_id), "" }

#define ANSWER_NUMBERS \
    { "out_trade_no", SOURCE_text, TOLD(trade.out_trade_no), NULL, NULL, "always" }, \
    { "trade_no", SOURCE_trade_no, TOLD(trade.trade_id), NULL, NULL, "always" }

extern const struct alipay_method method_trade_pay, method_trade_precreate, method_trade_create, method_page_pay,
    method_wap_pay, method_app_pay;
extern const struct alipay_method method_trade_query, method_trade_cancel, method_trade_close, method_trade_refund,
    method_refund_query;
extern const struct alipay_method method_order_settle, method_settle_query, method_royalty_bind, method_royalty_unbind,
    method_royalty_batchquery, method_royalty_rate;
extern const struct alipay_method method_uni_transfer, method_common_query, method_account_query;
extern const struct alipay_method method_oauth_token, method_user_info;
extern const struct alipay_method method_template_create, method_template_detail, method_voucher_send,
    method_voucher_query;
extern const struct alipay_method method_ticket_query, method_ticket_use, method_ticket_cancel;
extern const struct alipay_method method_bill, method_cert_download, method_image_upload;

#endif
