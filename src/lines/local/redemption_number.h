/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redemptions under numbers of the merchant's own, for programs that name what they do by themselves (the Alipay
 * door's request_id): the same number with the same content is the same redemption, with other content it is refused.
 * Called from decisions.
 */
#ifndef LINES_LOCAL_REDEMPTION_NUMBER_H
#define LINES_LOCAL_REDEMPTION_NUMBER_H

#include "lines/local/voucher.h"

/* Which redemption a number of a merchant's names. The number comes first: numbers are mostly given in order. */
struct redemption_number_row {
    char request_no[NUMBER_SIZE];
    int64_t merchant_id;
    int64_t redemption_id;
};

extern const struct table redemption_number_table; /* 96 redemption_numbers */

struct redemption_request {
    int64_t merchant_id;
    int64_t shop_id;
    char request_no[NUMBER_SIZE];
    char code[24];       /* as scanned or typed */
    int64_t pieces;      /* 0: one; of stored value 0, which takes all that is left of it */
};

/* The redemption of this number; its row does not exist when the number is new. */
const struct redemption_row *redemption_by_number(struct view *view, int64_t merchant_id, const char *request_no);
/*
 * Redeems, or finds that it was done before (`*repeated`). request_reused: the number was used for something else;
 * besides what voucher_find and voucher_use_check refuse with.
 */
MUST_CHECK enum refusal redemption_request(struct view *view, struct moment *at, const struct redemption_request *want,
                                           const struct redemption_row **redemption, bool *repeated);

#endif
