/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and answers of the voucher's commands, which tests, pages and other doors fill in or read. Their shapes
 * stand beside the commands.
 */
#ifndef LINES_LOCAL_VOUCHER_REQUESTS_H
#define LINES_LOCAL_VOUCHER_REQUESTS_H

#include "engine/row.h"
#include "lines/local/voucher_rows.h"

#define REDEEM_CODES_MAX 16                  /* vouchers redeemed in one go: their answers fit one kept answer */
#define RECONCILE_MAX 32                     /* vouchers that a till tells of in one go */

struct voucher_code_use {
    char code[24]; /* as scanned or typed */
    int64_t pieces;
    int64_t amount_minor;
};

/* Of voucher_prepare: POST /v1/shops/{shop_id}/vouchers/prepare. */
struct voucher_prepare {
    int64_t shop_id;
    char code[24];
};

/* What a cashier sees before redeeming. */
struct voucher_prepared {
    int64_t voucher_id;
    int64_t deal_id;
    char title[NAME_SIZE];
    char rules[481];        /* the deal's, in plain words, as much as fits */
    int32_t state;          /* enum voucher_state */
    int32_t valid;          /* 1: may be redeemed here and now */
    char why_not[32];       /* name of the refusal otherwise */
    char why_not_text[128]; /* the same in words */
    int64_t pieces_left;
    int64_t face_left_minor;
    int64_t left_minor;     /* money that is in it */
    int32_t currency;
    int64_t valid_until_us;
    int64_t kept_shop_id;
};

/* A voucher as its holder sees it. */
struct voucher {
    struct voucher_row row;
    char title[NAME_SIZE]; /* of the deal */
    int32_t kind;          /* enum deal_kind */
    int32_t refund;        /* enum deal_refund */
    int32_t lapse_refunds;
    int64_t shop_id;       /* in whose name it was sold */
};
extern const struct shape voucher_shape;

/* Of voucher_redeem: POST /v1/shops/{shop_id}/redemptions. All or nothing. */
struct voucher_redeem {
    int64_t shop_id;
    int64_t terminal_id;
    int32_t codes_count;
    struct voucher_code_use codes[REDEEM_CODES_MAX];
};

struct voucher_redeemed {
    int64_t redemption_id;
    int64_t voucher_id;
    int32_t pieces;
    int32_t pieces_left;
    int64_t face_left_minor;
    int64_t gross_minor;
    int64_t commission_minor;
};

struct voucher_redeemed_list {
    int32_t redemptions_count;
    struct voucher_redeemed redemptions[REDEEM_CODES_MAX];
};

/* Of voucher_give: to a shopper by id or by logon id. */
struct voucher_give {
    int64_t voucher_id;
    int64_t to_shopper_id;
    char to_logon_id[LOGON_SIZE];
};

/* Of voucher_return: `pieces` 0: all that is left. */
struct voucher_return {
    int64_t voucher_id;
    int64_t pieces;
};

/* Of voucher_quota_reserve: PUT /v1/shops/{shop_id}/voucher-quotas/{deal_id}. */
struct voucher_quota_reserve {
    int64_t shop_id;
    int64_t deal_id;
    int64_t pieces;
    int32_t accept_in_s; /* from now: how long tills may take vouchers without a network */
};

/* Of voucher_keep: POST /v1/vouchers/{voucher_id}/keep. */
struct voucher_keep {
    int64_t voucher_id;
    int64_t shop_id;
};

/* What a door signs, for tills that have no network. */
struct voucher_kept {
    int64_t voucher_id;
    char code[VOUCHER_CODE_SIZE];
    int64_t deal_id;
    int32_t part;
    int64_t shop_id;
    int64_t pieces;
    int64_t face_left_minor;
    int64_t accept_until_us;
};

/* One voucher that a till took without a network. */
struct voucher_taken {
    char code[24];
    int64_t pieces;
    int64_t amount_minor;
    int64_t accepted_at_us;
};

/* Of voucher_reconcile: POST /v1/shops/{shop_id}/reconciliations. */
struct voucher_reconcile {
    int64_t shop_id;
    int64_t terminal_id;
    int32_t taken_count;
    struct voucher_taken taken[RECONCILE_MAX];
};

struct voucher_reconciled {
    int64_t voucher_id;    /* 0: not known */
    int64_t redemption_id; /* 0: a conflict */
    int32_t reason;        /* enum conflict_reason */
};

struct voucher_reconciled_list {
    int32_t taken_count;
    struct voucher_reconciled taken[RECONCILE_MAX];
};

/* Of waiting_join: POST /v1/deals/{deal_id}/waiting; and of waiting_leave, which ignores copies. */
struct waiting_join {
    int64_t deal_id;
    int64_t shopper_id; /* 0: the caller */
    int32_t copies;     /* 0: one */
};

/* Of review_write: POST /v1/vouchers/{voucher_id}/review. */
struct review_write {
    int64_t voucher_id;
    int32_t stars;
    char text[REVIEW_TEXT_SIZE];
};

/* Of review_reply: POST /v1/reviews/{voucher_id}/reply. */
struct review_reply {
    int64_t voucher_id;
    char reply[REPLY_TEXT_SIZE];
};

#endif
