/* SPDX-License-Identifier: Apache-2.0 */
#include "till/wallet.h"

#include "ledger/ledger.h"
#include "people/people.h"
#include "till/policy.h"

static const struct column move_columns[] = {
    COLUMN(wallet_move, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(wallet_move, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1, .most = AMOUNT_MAX),
    COLUMN(wallet_move, currency, .least = 0, .most = 999, .text = "ISO 4217 number; left out: 156, CNY."),
    COLUMN(wallet_move, reference, .text = "The bank's reference."),
};
static const struct shape move_shape = SHAPE("wallet_move", wallet_move, move_columns);

struct wallet {
    int64_t shopper_id;
    int32_t currency;
    int64_t balance_minor;
    int64_t held_minor;
    int64_t transfer_id;
    int64_t no_password_limit_minor;
};
static const struct column wallet_columns[] = {
    COLUMN(wallet, shopper_id, .form = FORM_id),
    COLUMN(wallet, currency),
    COLUMN(wallet, balance_minor, .form = FORM_amount, .text = "What may be spent now."),
    COLUMN(wallet, held_minor, .form = FORM_amount, .text = "Held aside."),
    COLUMN(wallet, transfer_id, .form = FORM_id, .text = "The newest entry of the statement."),
    COLUMN(wallet, no_password_limit_minor, .form = FORM_amount),
};
static const struct shape wallet_shape = SHAPE("wallet", wallet, wallet_columns);

static int64_t unit_of(int32_t currency)
{
    return currency != 0 ? currency : UNIT_CNY;
}

static void wallet_fill(struct view *view, const struct shopper_row *shopper, int64_t unit, struct wallet *wallet)
{
    struct account_key key = { shopper->shopper_id, PURPOSE_wallet, unit };
    struct account_key held = { shopper->shopper_id, PURPOSE_held, unit };
    const struct account_row *account = account_ask(view, key);
    *wallet = (struct wallet){ .shopper_id = shopper->shopper_id,
                               .currency = (int32_t)unit,
                               .balance_minor = account->balance,
                               .held_minor = account_balance(view, held),
                               .transfer_id = account->last_transfer_id,
                               .no_password_limit_minor = shopper->no_password_limit_minor };
}

static enum refusal decide_top_up(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct wallet_move *want = request;
    const struct shopper_row *shopper = shopper_ask(view, want->shopper_id);
    struct policy_row policy;

    policy_ask(view, &policy);
    if (!access_platform(at)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    enum refusal magic = policy_magic(&policy, want->amount_minor);
    if (magic != REFUSAL_none) {
        return magic;
    }
    int64_t unit = unit_of(want->currency);
    struct account_key wallet = { want->shopper_id, PURPOSE_wallet, unit };
    if (want->amount_minor > policy.wallet_max_minor - account_balance(view, wallet)) {
        return REFUSAL_wallet_limit_reached;
    }
    struct leg leg = { .from = { 0, PURPOSE_clearing, unit }, .to = wallet, .amount = want->amount_minor };
    enum refusal refusal =
        ledger_move(view, at, (struct cause){ CAUSE_top_up, want->shopper_id }, &leg, 1, NULL);
    wallet_fill(view, shopper, unit, answer);
    return refusal;
}

const struct command wallet_top_up = {
    .name = "wallet_top_up",
    .number = 42,
    .method = "POST",
    .route = "/v1/shoppers/{shopper_id}/wallet/top_up",
    .http_status = 201,
    .callers = CALLERS_PLATFORM,
    .request = &move_shape,
    .answer = &wallet_shape,
    .decide = decide_top_up,
    .summary = "Books money that came in at the bank into a wallet.",
};

static enum refusal decide_withdraw(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct wallet_move *want = request;
    const struct shopper_row *shopper = shopper_ask(view, want->shopper_id);
    if (!access_shopper(at, want->shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (shopper->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    int64_t unit = unit_of(want->currency);
    struct account_key wallet = { want->shopper_id, PURPOSE_wallet, unit };
    if (want->amount_minor > account_free(view, wallet)) {
        return REFUSAL_balance_short;
    }
    struct leg leg = { .from = wallet, .to = { 0, PURPOSE_clearing, unit }, .amount = want->amount_minor };
    enum refusal refusal =
        ledger_move(view, at, (struct cause){ CAUSE_withdraw, want->shopper_id }, &leg, 1, NULL);
    wallet_fill(view, shopper, unit, answer);
    return refusal;
}

const struct command wallet_withdraw = {
    .name = "wallet_withdraw",
    .number = 43,
    .method = "POST",
    .route = "/v1/shoppers/{shopper_id}/wallet/withdraw",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &move_shape,
    .answer = &wallet_shape,
    .decide = decide_withdraw,
    .summary = "Pays money out of a wallet to the shopper's bank.",
};

struct wallet_query {
    int64_t shopper_id;
    int32_t currency;
};
static const struct column query_columns[] = {
    COLUMN(wallet_query, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(wallet_query, currency, .least = 0, .most = 999, .text = "ISO 4217 number; left out: 156, CNY."),
};
static const struct shape query_shape = SHAPE("wallet_query", wallet_query, query_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct wallet_query *want = request;
    const struct shopper_row *shopper = shopper_ask(view, want->shopper_id);
    if (!access_shopper(at, want->shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    wallet_fill(view, shopper, unit_of(want->currency), answer);
    return REFUSAL_none;
}

const struct command wallet_query = {
    .name = "wallet_query",
    .number = 44,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shoppers/{shopper_id}/wallet",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &query_shape,
    .answer = &wallet_shape,
    .decide = decide_query,
    .summary = "A wallet's balance.",
};
