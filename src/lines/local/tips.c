/* SPDX-License-Identifier: Apache-2.0 */
/* Tips of a shop's guests: owed to its staff, and paid to them by the merchant. */
#include "ledger/ledger.h"
#include "lines/local/meal.h"
#include "people/people.h"
#include "till/party.h"

struct tips_query {
    int64_t shop_id;
};

/* What a shop still owes its staff. */
struct tips {
    int64_t shop_id;
    int32_t currency;
    int64_t left_minor;
    int64_t transfer_id; /* the newest entry of their statement; 0: none */
};

static const struct column pay_columns[] = {
    COLUMN(tips_pay, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(tips_pay, shopper_id, .form = FORM_id, .flags = COLUMN_required, .text = "Whose wallet gets them."),
    COLUMN(tips_pay, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1, .most = AMOUNT_MAX),
};
static const struct shape pay_shape = SHAPE("tips_pay", tips_pay, pay_columns);

static const struct column query_columns[] = {
    COLUMN(tips_query, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape query_shape = SHAPE("tips_query", tips_query, query_columns);

static const struct column tips_columns[] = {
    COLUMN(tips, shop_id, .form = FORM_id),
    COLUMN(tips, currency),
    COLUMN(tips, left_minor, .form = FORM_amount, .text = "Given by guests, and not paid to anybody yet."),
    COLUMN(tips, transfer_id, .form = FORM_id),
};
static const struct shape tips_shape = SHAPE("tips", tips, tips_columns);

static struct account_key tips_account(const struct shop_row *shop)
{
    return (struct account_key){ shop->shop_id, PURPOSE_tips, shop->currency };
}

static void tips_fill(struct view *view, const struct shop_row *shop, struct tips *tips)
{
    const struct account_row *account = account_ask(view, tips_account(shop));
    *tips = (struct tips){ .shop_id = shop->shop_id,
                           .currency = shop->currency,
                           .left_minor = account->balance,
                           .transfer_id = account->last_transfer_id };
}

static enum refusal shop_check(const struct moment *at, const struct shop_row *shop)
{
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    return access_merchant(at, shop->merchant_id) ? REFUSAL_none : REFUSAL_forbidden;
}

static enum refusal decide_pay(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct tips_pay *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    struct party payee = { PARTY_shopper, want->shopper_id };
    enum refusal refusal = shop_check(at, shop);
    if (refusal == REFUSAL_none && !party_exists(view, payee)) {
        return REFUSAL_shopper_unknown;
    }
    if (refusal == REFUSAL_none) {
        refusal = party_may_receive(view, payee, shop->currency, want->amount_minor);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (account_free(view, tips_account(shop)) < want->amount_minor) {
        return REFUSAL_floor_reached;
    }
    struct leg leg = { .from = tips_account(shop),
                       .to = party_account(payee, shop->currency),
                       .amount = want->amount_minor };
    refusal = ledger_move(view, at, (struct cause){ CAUSE_meal_tips, want->shop_id }, &leg, 1, NULL);
    tips_fill(view, shop, answer);
    return refusal;
}

const struct command tips_pay = {
    .name = "tips_pay",
    .number = 300,
    .method = "POST",
    .route = "/v1/shops/{shop_id}/tips",
    .http_status = 201,
    .callers = CALLERS_MERCHANT,
    .request = &pay_shape,
    .answer = &tips_shape,
    .decide = decide_pay,
    .summary = "Pays tips of a shop's guests into the wallet of one of its staff; answers what is left.",
};

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct tips_query *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    enum refusal refusal = shop_check(at, shop);
    if (refusal == REFUSAL_none) {
        tips_fill(view, shop, answer);
    }
    return refusal;
}

const struct command tips_query = {
    .name = "tips_query",
    .number = 301,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shops/{shop_id}/tips",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &query_shape,
    .answer = &tips_shape,
    .decide = decide_query,
    .summary = "What guests gave a shop's staff and nobody was paid yet.",
};
