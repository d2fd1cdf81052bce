/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: who may call on whose behalf. The secret text is signed by the door and never stored. */
#include "people/people.h"

struct token_issue {
    int32_t caller_kind;
    int64_t caller_id;
    char name[NAME_SIZE];
};
static const struct column issue_columns[] = {
    COLUMN(token_issue, caller_kind, .form = FORM_choice, .names = caller_names, .flags = COLUMN_required,
           .text = "Whom the token speaks for."),
    COLUMN(token_issue, caller_id, .form = FORM_id, .text = "Its merchant_id, shop_id, terminal_id or shopper_id."),
    COLUMN(token_issue, name, .text = "A note on where it is used."),
};
static const struct shape issue_shape = SHAPE("token_issue", token_issue, issue_columns);

/* Whether the caller may hand out a token for that subject; the subject must exist. */
static enum refusal issue_check(struct view *view, const struct moment *at, const struct token_issue *want)
{
    const struct shop_row *shop;
    const struct terminal_row *terminal;
    switch (want->caller_kind) {
    case CALLER_operator:
        return access_platform(at) ? REFUSAL_none : REFUSAL_forbidden;
    case CALLER_merchant:
        if (!access_merchant(at, want->caller_id)) {
            return REFUSAL_forbidden;
        }
        return row_exists(merchant_ask(view, want->caller_id)) ? REFUSAL_none : REFUSAL_merchant_unknown;
    case CALLER_shop:
        shop = shop_ask(view, want->caller_id);
        if (!row_exists(shop)) {
            return REFUSAL_shop_unknown;
        }
        return access_merchant(at, shop->merchant_id) ? REFUSAL_none : REFUSAL_forbidden;
    case CALLER_terminal:
        terminal = terminal_ask(view, want->caller_id);
        if (!row_exists(terminal)) {
            return REFUSAL_terminal_unknown;
        }
        shop = shop_ask(view, terminal->shop_id);
        return at->caller.kind != CALLER_terminal && access_shop(view, at, shop) ? REFUSAL_none : REFUSAL_forbidden;
    case CALLER_shopper: /* issued by the platform; a shopper may revoke its own */
        if (!access_shopper(at, want->caller_id)) {
            return REFUSAL_forbidden;
        }
        return row_exists(shopper_ask(view, want->caller_id)) ? REFUSAL_none : REFUSAL_shopper_unknown;
    default:
        return REFUSAL_forbidden;
    }
}

/* Whose tree the subject, which exists, stands in. */
static int64_t subject_merchant(struct view *view, const struct token_issue *want)
{
    switch (want->caller_kind) {
    case CALLER_merchant:
        return want->caller_id;
    case CALLER_shop:
        return shop_ask(view, want->caller_id)->merchant_id;
    case CALLER_terminal:
        return shop_ask(view, terminal_ask(view, want->caller_id)->shop_id)->merchant_id;
    default:
        return 0;
    }
}

/* Counts what merchants and their shops issue: each may be revoked, and every server keeps those in memory. */
static bool issue_count(struct view *view, const struct moment *at, int64_t *issuer_id)
{
    if (access_platform(at)) {
        return true;
    }
    *issuer_id = at->caller.kind == CALLER_merchant ? at->caller.id : shop_ask(view, at->caller.id)->merchant_id;
    const struct merchant_row *merchant = merchant_ask(view, *issuer_id);
    if (merchant->tokens_issued >= TOKENS_ISSUED_MAX) {
        return false;
    }
    struct merchant_row *counted = view_change(view, merchant);
    counted->tokens_issued++;
    return true;
}

static enum refusal decide_issue(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct token_issue *want = request;
    enum refusal refusal = issue_check(view, at, want);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    int64_t issuer_id = 0;
    if (!issue_count(view, at, &issuer_id)) {
        return REFUSAL_tokens_full;
    }
    /* Read for its age alone: a process whose clock is ahead may have issued it, and ids grow along what is read. */
    struct token_row parent = { .token_id = at->token_id };
    (void)view_ask(view, &token_table, &parent);
    struct token_row key = { .token_id = moment_id(at) };
    struct token_row *token = view_change(view, view_ask(view, &token_table, &key));
    token->issuer_merchant_id = issuer_id;
    token->caller_kind = want->caller_kind;
    token->caller_id = want->caller_kind == CALLER_operator ? 0 : want->caller_id;
    memcpy(token->name, want->name, sizeof(token->name));
    token->state = TOKEN_live;
    token->created_at_us = at->now_us;
    token->merchant_id = subject_merchant(view, want);
    token->parent_token_id = at->token_id < token->token_id ? at->token_id : 0;
    memcpy(answer, token, sizeof(*token));
    return REFUSAL_none;
}

const struct command token_issue = {
    .name = "token_issue",
    .number = 29,
    .method = "POST",
    .route = "/v1/tokens",
    .http_status = 201,
    .callers = CALLERS_MERCHANT | CALLER_BIT(shop),
    .request = &issue_shape,
    .answer = &token_table.shape,
    .decide = decide_issue,
    .summary = "Issues a bearer token for a part of the tree below the caller. The text is in `token`.",
};

struct token_revoke {
    int64_t token_id;
    int32_t keep_issued;
};
static const struct column revoke_columns[] = {
    COLUMN(token_revoke, token_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(token_revoke, keep_issued, .form = FORM_flag,
           .text = "True: what was issued with it goes on, as when it is replaced in peace."),
};
static const struct shape revoke_shape = SHAPE("token_revoke", token_revoke, revoke_columns);

static enum refusal decide_revoke(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct token_revoke *want = request;
    struct token_row key = { .token_id = want->token_id };
    const struct token_row *asked = view_ask(view, &token_table, &key);
    bool first = !row_exists(asked) && want->token_id == TOKEN_FIRST_ID; /* it gets its row now */
    if (!row_exists(asked) && !first) {
        return REFUSAL_token_unknown;
    }
    struct token_issue subject = { .caller_kind = first ? CALLER_operator : asked->caller_kind,
                                   .caller_id = asked->caller_id };
    enum refusal refusal = issue_check(view, at, &subject);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct token_row *token = view_change(view, asked);
    if (first) {
        token->caller_kind = CALLER_operator;
        token->state = TOKEN_live;
        token->created_at_us = at->now_us;
    }
    if (token->state == TOKEN_live) {
        token->state = TOKEN_revoked;
        token->revoked_at_us = at->now_us;
        token->keeps_issued = want->keep_issued;
    }
    token->keeps_issued = token->keeps_issued != 0 && want->keep_issued != 0; /* asked again it may take more along */
    memcpy(answer, token, sizeof(*token));
    return REFUSAL_none;
}

const struct command token_revoke = {
    .name = "token_revoke",
    .number = 30,
    .flags = COMMAND_unkeyed,
    .method = "DELETE",
    .route = "/v1/tokens/{token_id}",
    .http_status = 200,
    .callers = CALLERS_ALL & ~CALLER_BIT(terminal),
    .request = &revoke_shape,
    .answer = &token_table.shape,
    .decide = decide_revoke,
    .summary = "Revokes a token at once, and what was issued with it, except tokens of shoppers.",
};
