/* SPDX-License-Identifier: Apache-2.0 */
/* What a method asks of the engine, and what it is told. Plain values: they cross to the deciding thread and back. */
#ifndef DOORS_ALIPAY_TOLD_H
#define DOORS_ALIPAY_TOLD_H

#include "lines/local/redemption_number.h"
#include "lines/local/voucher_template.h"
#include "people/app.h"
#include "people/grant.h"
#include "till/campaign.h"
#include "till/royalty.h"
#include "till/trade.h"
#include "till/wallet_transfer.h"

struct alipay_method;

#define ALIPAY_TICKET_USES_MAX 20

/* What the methods that open a trade say of it. */
struct alipay_terms {
    char out_trade_no[NUMBER_SIZE];
    char auth_code[65];
    char scene[33];
    int64_t amount_minor;
    int64_t discountable_minor, undiscountable_minor; /* 0: not given */
    char timeout_express[8];
    char qr_timeout_express[8];
    char time_expire[33];
    char buyer_id[29];
    char buyer_logon_id[LOGON_SIZE];
    char seller_id[29];
    char alipay_store_id[33];
    char quit_url[401];
    struct trade_detail detail;
};

/* A voucher as the protocol calls it: a ticket. */
struct alipay_ticket {
    struct voucher_row voucher;
    struct redemption_row redemption; /* of use and cancel */
    char title[NAME_SIZE];
    int64_t price_minor, list_price_minor; /* of a copy of its deal */
    int32_t times_card;
    enum refusal why_not;                  /* of query: why it may not be used in that shop now */
    int64_t buyer_minor, discount_minor, platform_minor; /* of what was redeemed: who had paid it */
    bool repeated;
    int32_t uses_count;
    struct redemption_row uses[ALIPAY_TICKET_USES_MAX]; /* that stand, newest first */
};

/* A voucher or a template as the marketing methods show it. */
struct alipay_voucher {
    struct voucher_row voucher; /* of send and query */
    struct voucher_template_row template;
    char title[NAME_SIZE];
    int64_t copies;             /* of a template: that may be sent in all */
    int64_t redeemed;           /* and how many of them were used */
    int32_t deal_state;
    int64_t sale_from_us, sale_until_us;
};

struct alipay_ask {
    const struct alipay_method *method;
    const struct app_row *app; /* lives as long as the job */
    int64_t trade_id;          /* of trade_no; 0: none given, or not one of ours */
    char trade_no[65];         /* as it was given */
    char out_trade_no[NUMBER_SIZE];
    char out_request_no[NUMBER_SIZE];
    char query_options[257];
    char operator_id[97];
    struct alipay_terms terms;
    char logon_id[LOGON_SIZE]; /* of a payee */
    bool refreshes;            /* want.token, not want.redeem */
    char logons[ROYALTY_LIST_MAX][LOGON_SIZE]; /* of receivers, where they are not numbers; else empty */
    union {
        struct trade_pay pay;
        struct trade_create create;
        struct trade_refund refund;
        struct royalty_bind bind;
        struct trade_settle settle;
        struct trade_settle_query settle_query;
        struct wallet_transfer transfer;
        struct wallet_transfer_query transfer_query;
        struct shop_funds_query funds;
        struct grant_redeem redeem;
        struct grant_token token;
        struct redemption_request ticket;
        struct voucher_template template;
        struct voucher_send send;
        int64_t voucher_id;
    } want;
};

struct alipay_told {
    enum alipay_told_kind {
        TOLD_nothing,
        TOLD_trade, /* `trade` and what goes with it are set */
    } kind;
    struct trade_row before; /* as it was; trade_id 0: there was none */
    struct trade_row trade;  /* as it is now */
    struct trade_detail detail;
    char buyer_logon_id[LOGON_SIZE];
    char buyer_name[NAME_SIZE];
    char shop_name[NAME_SIZE];
    char campaigns[DISCOUNTS_MAX][NAME_SIZE]; /* names, of trade.discounts */
    bool repeated;           /* the refund was there before */
    bool number_missing;     /* a partial refund came without a number of its own */
    bool out_of_sight;       /* the trade's QR was never scanned: it does not exist to the protocol */
    int64_t now_us;
    int64_t available_minor;
    union {
        struct refund_row refund;
        struct settle_row settle;
        struct royalty_bound bound;
        struct wallet_transfer_row transfer;
        struct shop_funds funds;
        struct grant_row grant;
        struct policy_row policy;
        struct alipay_ticket ticket;
        struct alipay_voucher voucher;
    } made;
};

#endif
