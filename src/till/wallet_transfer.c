/* SPDX-License-Identifier: Apache-2.0 */
#include "till/wallet_transfer.h"

#include "base/civil.h"
#include "people/people.h"
#include "till/policy.h"
#include "till/trade.h"


static const struct column row_columns[] = {
    COLUMN(wallet_transfer_row, payer_kind, .form = FORM_choice, .names = party_kinds),
    COLUMN(wallet_transfer_row, payer_id, .form = FORM_id),
    COLUMN(wallet_transfer_row, out_biz_no),
    COLUMN(wallet_transfer_row, order_id, .form = FORM_id),
    COLUMN(wallet_transfer_row, payee_id, .form = FORM_id),
    COLUMN(wallet_transfer_row, amount_minor, .form = FORM_amount),
    COLUMN(wallet_transfer_row, currency),
    COLUMN(wallet_transfer_row, title),
    COLUMN(wallet_transfer_row, remark),
    COLUMN(wallet_transfer_row, at_us, .form = FORM_instant),
    COLUMN(wallet_transfer_row, transfer_id, .form = FORM_id),
};
const struct table wallet_transfer_table = TABLE("wallet_transfers", 47, wallet_transfer_row, row_columns, 3);

static const struct column order_columns[] = {
    COLUMN(transfer_order_row, order_id, .form = FORM_id),
    COLUMN(transfer_order_row, payer_kind, .form = FORM_choice, .names = party_kinds),
    COLUMN(transfer_order_row, payer_id, .form = FORM_id),
    COLUMN(transfer_order_row, out_biz_no),
};
const struct table transfer_order_table = TABLE("transfer_orders", 48, transfer_order_row, order_columns, 1);

static const struct wallet_transfer_row *transfer_ask(struct view *view, struct party payer, const char *out_biz_no)
{
    struct wallet_transfer_row key = { .payer_kind = payer.kind, .payer_id = payer.id };
    bool fits = span_copy(span_of(out_biz_no), key.out_biz_no, sizeof(key.out_biz_no));
    assert(fits);
    return view_ask(view, &wallet_transfer_table, &key);
}

#define TRANSFER_COLUMNS                                                                                           \
    COLUMN(wallet_transfer, out_biz_no, .flags = COLUMN_required, .least = 1,                                      \
           .text = "The payer's number of this transfer; the same number again is the same transfer."),            \
        COLUMN(wallet_transfer, payee_id, .form = FORM_id, .flags = COLUMN_required, .text = "A shopper."),        \
        COLUMN(wallet_transfer, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1,           \
               .most = AMOUNT_MAX),                                                                                \
        COLUMN(wallet_transfer, name, .text = "When given it must be the payee's."),                               \
        COLUMN(wallet_transfer, title), COLUMN(wallet_transfer, remark)

static const struct column transfer_columns[] = {
    COLUMN(wallet_transfer, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    TRANSFER_COLUMNS,
};
static const struct shape transfer_shape = SHAPE("wallet_transfer", wallet_transfer, transfer_columns);

static const struct column send_columns[] = {
    COLUMN(wallet_transfer, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    TRANSFER_COLUMNS,
};
static const struct shape send_shape = SHAPE("wallet_send", wallet_transfer, send_columns);

/* What is the same whoever pays: the payee and the amount. */
static enum refusal payee_check(struct view *view, const struct wallet_transfer *want, struct party payer, int64_t unit)
{
    struct party payee = { PARTY_shopper, want->payee_id };
    struct policy_row policy;
    policy_ask(view, &policy);
    enum refusal refusal = trade_amount_check(&policy, want->amount_minor);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (!party_exists(view, payee)) {
        return REFUSAL_receiver_unknown;
    }
    if (payer.kind == payee.kind && payer.id == payee.id) {
        return REFUSAL_receiver_same;
    }
    if (!party_is_called(view, payee, want->name)) {
        return REFUSAL_name_differs;
    }
    return party_may_receive(view, payee, unit, want->amount_minor);
}

/* The same number again: the transfer as it was, when it is the same transfer. */
static enum refusal transfer_again(const struct wallet_transfer_row *known, const struct wallet_transfer *want,
                                   void *answer)
{
    memcpy(answer, known, sizeof(*known));
    bool same = known->payee_id == want->payee_id && known->amount_minor == want->amount_minor;
    return same ? REFUSAL_none : REFUSAL_transfer_differs;
}

/* Moves the money; that it is there was checked. */
static enum refusal transfer_make(struct view *view, struct moment *at, const struct wallet_transfer *want,
                                  const struct wallet_transfer_row *asked, int64_t unit, void *answer)
{
    struct wallet_transfer_row *transfer = view_change(view, asked);
    transfer->order_id = moment_id(at);
    transfer->payee_id = want->payee_id;
    transfer->amount_minor = want->amount_minor;
    transfer->currency = (int32_t)unit;
    memcpy(transfer->title, want->title, sizeof(transfer->title));
    memcpy(transfer->remark, want->remark, sizeof(transfer->remark));
    transfer->at_us = at->now_us;

    struct transfer_order_row key = { .order_id = transfer->order_id };
    struct transfer_order_row *order = view_new(view, &transfer_order_table, &key);
    order->payer_kind = transfer->payer_kind;
    order->payer_id = transfer->payer_id;
    memcpy(order->out_biz_no, transfer->out_biz_no, sizeof(order->out_biz_no));

    struct leg leg = { .from = party_account((struct party){ transfer->payer_kind, transfer->payer_id }, unit),
                       .to = { want->payee_id, PURPOSE_wallet, unit },
                       .amount = want->amount_minor };
    struct cause cause = { CAUSE_transfer, transfer->order_id };
    enum refusal refusal = ledger_move(view, at, cause, &leg, 1, &transfer->transfer_id);
    memcpy(answer, transfer, sizeof(*transfer));
    return refusal;
}

static enum refusal decide_transfer(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct wallet_transfer *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    struct party payer = { PARTY_shop, want->shop_id };
    const struct wallet_transfer_row *known = transfer_ask(view, payer, want->out_biz_no);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_merchant(at, shop->merchant_id)) {
        return REFUSAL_forbidden;
    }
    if (row_exists(known)) {
        return transfer_again(known, want, answer);
    }
    enum refusal refusal = payee_check(view, want, payer, shop->currency);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (account_free(view, party_account(payer, shop->currency)) < want->amount_minor) {
        return REFUSAL_takings_short;
    }
    return transfer_make(view, at, want, known, shop->currency, answer);
}

const struct command wallet_transfer = {
    .name = "wallet_transfer",
    .number = 104,
    .method = "POST",
    .route = "/v1/shops/{shop_id}/transfers",
    .http_status = 201,
    .callers = CALLERS_MERCHANT,
    .request = &transfer_shape,
    .answer = &wallet_transfer_table.shape,
    .decide = decide_transfer,
    .summary = "Pays from a shop's takings into a shopper's wallet.",
};

enum refusal wallet_day_book(struct view *view, const struct moment *at, const struct shopper_row *asked,
                             int64_t amount_minor)
{
    struct policy_row policy;
    int32_t today = civil_yyyymmdd(civil_day(at->now_us, WALLET_ZONE_MINUTES));
    int64_t before_minor = asked->day >= today ? asked->day_confirmed_minor : 0;
    policy_ask(view, &policy);
    if (before_minor + amount_minor > policy.day_confirmed_minor) {
        return REFUSAL_day_limit_reached;
    }
    struct shopper_row *shopper = view_change(view, asked);
    shopper_day_begin(shopper, today);
    shopper->day_confirmed_minor += amount_minor;
    return REFUSAL_none;
}

static enum refusal decide_send(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct wallet_transfer *want = request;
    const struct shopper_row *shopper = shopper_ask(view, want->shopper_id);
    struct party payer = { PARTY_shopper, want->shopper_id };
    const struct wallet_transfer_row *known = transfer_ask(view, payer, want->out_biz_no);
    if (!access_shopper(at, want->shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (row_exists(known)) {
        return transfer_again(known, want, answer);
    }
    if (shopper->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    enum refusal refusal = payee_check(view, want, payer, UNIT_CNY);
    if (refusal == REFUSAL_none) {
        refusal = wallet_day_book(view, at, shopper, want->amount_minor);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (account_free(view, party_account(payer, UNIT_CNY)) < want->amount_minor) {
        return REFUSAL_balance_short;
    }
    return transfer_make(view, at, want, known, UNIT_CNY, answer);
}

const struct command wallet_send = {
    .name = "wallet_send",
    .number = 107,
    .method = "POST",
    .route = "/v1/shoppers/{shopper_id}/transfers",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &send_shape,
    .answer = &wallet_transfer_table.shape,
    .decide = decide_send,
    .summary = "Pays from one wallet into another. Counts as a confirmed payment of the day, in China's zone.",
};

/* ---- asking ---- */

static const struct column query_columns[] = {
    COLUMN(wallet_transfer_query, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(wallet_transfer_query, out_biz_no, .flags = COLUMN_required | COLUMN_in_path, .least = 1),
    COLUMN(wallet_transfer_query, order_id, .form = FORM_hidden),
};
static const struct shape query_shape = SHAPE("wallet_transfer_query", wallet_transfer_query, query_columns);

static const struct column send_query_columns[] = {
    COLUMN(wallet_transfer_query, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(wallet_transfer_query, out_biz_no, .flags = COLUMN_required | COLUMN_in_path, .least = 1),
    COLUMN(wallet_transfer_query, order_id, .form = FORM_hidden),
};
static const struct shape send_query_shape = SHAPE("wallet_send_query", wallet_transfer_query, send_query_columns);

/* By our number when it is given, else by the payer's own. */
static enum refusal transfer_find(struct view *view, struct party payer, const struct wallet_transfer_query *want,
                                  void *answer)
{
    struct transfer_order_row key = { .order_id = want->order_id };
    const char *out_biz_no = want->out_biz_no;
    if (want->order_id != 0) {
        const struct transfer_order_row *order = view_ask(view, &transfer_order_table, &key);
        if (!row_exists(order) || order->payer_kind != payer.kind || order->payer_id != payer.id) {
            return REFUSAL_transfer_unknown;
        }
        out_biz_no = order->out_biz_no;
    }
    const struct wallet_transfer_row *transfer = transfer_ask(view, payer, out_biz_no);
    if (!row_exists(transfer)) {
        return REFUSAL_transfer_unknown;
    }
    memcpy(answer, transfer, sizeof(*transfer));
    return REFUSAL_none;
}

static enum refusal decide_transfer_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct wallet_transfer_query *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    return transfer_find(view, (struct party){ PARTY_shop, want->shop_id }, want, answer);
}

const struct command wallet_transfer_query = {
    .name = "wallet_transfer_query",
    .number = 105,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shops/{shop_id}/transfers/{out_biz_no}",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &query_shape,
    .answer = &wallet_transfer_table.shape,
    .decide = decide_transfer_query,
    .summary = "One transfer of a shop's: what a program asks when it does not know whether it went through.",
};

static enum refusal decide_send_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct wallet_transfer_query *want = request;
    if (!access_shopper(at, want->shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper_ask(view, want->shopper_id))) {
        return REFUSAL_shopper_unknown;
    }
    return transfer_find(view, (struct party){ PARTY_shopper, want->shopper_id }, want, answer);
}

const struct command wallet_send_query = {
    .name = "wallet_send_query",
    .number = 108,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shoppers/{shopper_id}/transfers/{out_biz_no}",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &send_query_shape,
    .answer = &wallet_transfer_table.shape,
    .decide = decide_send_query,
    .summary = "One transfer of a shopper's.",
};

static const struct column funds_query_columns[] = {
    COLUMN(shop_funds_query, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape funds_query_shape = SHAPE("shop_funds_query", shop_funds_query, funds_query_columns);

static const struct column funds_columns[] = {
    COLUMN(shop_funds, shop_id, .form = FORM_id),
    COLUMN(shop_funds, currency),
    COLUMN(shop_funds, available_minor, .form = FORM_amount,
           .text = "Of the takings: what may be paid out or given back now."),
    COLUMN(shop_funds, transfer_id, .form = FORM_id, .text = "The newest entry of the takings' statement."),
};
static const struct shape funds_shape = SHAPE("shop_funds", shop_funds, funds_columns);

static enum refusal decide_funds(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shop_funds_query *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    struct account_key takings = { want->shop_id, PURPOSE_takings, shop->currency };
    *(struct shop_funds *)answer = (struct shop_funds){ .shop_id = want->shop_id,
                                                        .currency = shop->currency,
                                                        .available_minor = account_free(view, takings),
                                                        .transfer_id = account_ask(view, takings)->last_transfer_id };
    return REFUSAL_none;
}

const struct command shop_funds = {
    .name = "shop_funds",
    .number = 106,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shops/{shop_id}/funds",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &funds_query_shape,
    .answer = &funds_shape,
    .decide = decide_funds,
    .summary = "What a shop has to pay out.",
};
