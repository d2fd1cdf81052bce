/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vouchers that a merchant's program hands out by itself: a template is a give-away of the merchant's (a deal of the
 * kind give, for nothing), published under a number of the merchant's own, and each voucher of it is sent to a shopper
 * under another. The same number with the same content is the same template, or the same voucher; with other content it
 * is refused. Called from decisions.
 */
#ifndef LINES_LOCAL_VOUCHER_TEMPLATE_H
#define LINES_LOCAL_VOUCHER_TEMPLATE_H

#include "lines/local/deal.h"
#include "lines/local/voucher.h"

/* What is known of a template beside its deal. */
struct voucher_template_row {
    int64_t deal_id;
    int64_t merchant_id;
    char out_biz_no[NUMBER_SIZE]; /* under which it was made */
    int64_t amount_minor; /* what a voucher is worth at the counter */
    int64_t floor_minor;  /* from which bill on; 0: any */
    int64_t sent;
    int64_t print;        /* of the content that it was made with */
};

/* Which template a number of a merchant's names. */
struct template_number_row {
    char out_biz_no[NUMBER_SIZE];
    int64_t merchant_id;
    int64_t deal_id;
};

/* Which voucher of a template a number names. */
struct send_number_row {
    char out_biz_no[NUMBER_SIZE];
    int64_t deal_id;
    int64_t voucher_id;
    int64_t shopper_id; /* whom it was sent to */
};

extern const struct table voucher_template_table; /* 97 voucher_templates */
extern const struct table template_number_table;  /* 98 template_numbers */
extern const struct table send_number_table;      /* 99 send_numbers */

struct voucher_template {
    char out_biz_no[NUMBER_SIZE];
    int64_t amount_minor;
    int64_t floor_minor;
    int64_t print;           /* of the content as it was given */
    struct deal_rules rules; /* kind, price and refund are set here */
};

struct voucher_send {
    int64_t merchant_id;
    int64_t deal_id;
    int64_t shopper_id;
    char out_biz_no[NUMBER_SIZE];
};

const struct voucher_template_row *voucher_template_ask(struct view *view, int64_t deal_id);
/* request_reused: the number was used for something else; besides what deal_publish refuses with. */
MUST_CHECK enum refusal voucher_template_make(struct view *view, struct moment *at, const struct voucher_template *want,
                                              const struct voucher_template_row **made);
/* request_reused; deal_unknown; deal_ended, deal_paused, sale_early, sale_over; deal_sold_out; shopper_unknown. */
MUST_CHECK enum refusal voucher_send(struct view *view, struct moment *at, const struct voucher_send *want,
                                     const struct voucher_row **voucher);

#endif
