/* SPDX-License-Identifier: Apache-2.0 */
#include "people/grant.h"

#include "base/civil.h"
#include "people/app.h"
#include "people/people.h"

const char *const grant_scopes[] = { "", "auth_base", "auth_user", NULL };
static const char *const grant_states[] = { "", "coded", "live", "revoked", NULL };

static const struct column row_columns[] = {
    COLUMN(grant_row, grant_id, .form = FORM_id),
    COLUMN(grant_row, app_id, .form = FORM_id),
    COLUMN(grant_row, shopper_id, .form = FORM_id),
    COLUMN(grant_row, scope, .form = FORM_choice, .names = grant_scopes),
    COLUMN(grant_row, state, .form = FORM_choice, .names = grant_states),
    COLUMN(grant_row, generation),
    COLUMN(grant_row, created_at_us, .form = FORM_instant),
    COLUMN(grant_row, redeemed_at_us, .form = FORM_instant),
    COLUMN(grant_row, code_expires_at_us, .form = FORM_instant),
    COLUMN(grant_row, token_expires_at_us, .form = FORM_instant),
    COLUMN(grant_row, refresh_expires_at_us, .form = FORM_instant),
    COLUMN(grant_row, revoked_at_us, .form = FORM_instant),
};
const struct table grant_table = TABLE("grants", 26, grant_row, row_columns, 1);

const struct grant_row *grant_ask(struct view *view, int64_t grant_id)
{
    struct grant_row key = { .grant_id = grant_id };
    return view_ask(view, &grant_table, &key);
}

static const struct column create_columns[] = {
    COLUMN(grant_create, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(grant_create, app_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(grant_create, scope, .form = FORM_choice, .names = grant_scopes, .flags = COLUMN_required),
};
static const struct shape create_shape = SHAPE("grant_create", grant_create, create_columns);

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct grant_create *want = request;
    const struct app_row *app = app_ask(view, want->app_id);
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
    if (!row_exists(app) || app->disabled != 0) {
        return REFUSAL_app_unknown;
    }
    struct grant_row key = { .grant_id = moment_id(at) };
    struct grant_row *grant = view_new(view, &grant_table, &key);
    grant->app_id = want->app_id;
    grant->shopper_id = want->shopper_id;
    grant->scope = want->scope;
    grant->state = GRANT_coded;
    grant->created_at_us = at->now_us;
    grant->code_expires_at_us = at->now_us + GRANT_CODE_S * US_PER_SECOND;
    memcpy(answer, grant, sizeof(*grant));
    return REFUSAL_none;
}

const struct command grant_create = {
    .name = "grant_create",
    .number = 34,
    .method = "POST",
    .route = "/v1/shoppers/{shopper_id}/grants",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &create_shape,
    .answer = &grant_table.shape,
    .decide = decide_create,
    .summary = "A shopper lets an app know who it is. The app redeems the grant by the code that its page carries.",
};

/* A grant that is shown by an app: it exists, is of this app, and was not ended. Whoever asks acts for the app. */
static enum refusal shown_check(struct view *view, const struct moment *at, const struct grant_row *grant,
                                int64_t app_id)
{
    const struct app_row *app = app_ask(view, app_id);
    if (!row_exists(app) || app->disabled != 0 || !access_merchant(at, app->merchant_id)) {
        return REFUSAL_app_unknown;
    }
    if (!row_exists(grant) || grant->app_id != app_id) {
        return REFUSAL_grant_unknown;
    }
    return grant->state == GRANT_revoked ? REFUSAL_grant_revoked : REFUSAL_none;
}

static void tokens_renew(struct grant_row *grant, const struct moment *at)
{
    grant->generation++;
    grant->token_expires_at_us = at->now_us + GRANT_TOKEN_S * US_PER_SECOND;
    grant->refresh_expires_at_us = at->now_us + GRANT_REFRESH_S * US_PER_SECOND;
}

static const struct column redeem_columns[] = {
    COLUMN(grant_redeem, app_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(grant_redeem, grant_id, .form = FORM_id, .flags = COLUMN_required),
};
static const struct shape redeem_shape = SHAPE("grant_redeem", grant_redeem, redeem_columns);

static enum refusal decide_redeem(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct grant_redeem *want = request;
    const struct grant_row *asked = grant_ask(view, want->grant_id);
    enum refusal refusal = shown_check(view, at, asked, want->app_id);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->state != GRANT_coded) {
        return REFUSAL_grant_used;
    }
    if (at->now_us >= asked->code_expires_at_us) {
        return REFUSAL_grant_expired;
    }
    struct grant_row *grant = view_change(view, asked);
    grant->state = GRANT_live;
    grant->redeemed_at_us = at->now_us;
    tokens_renew(grant, at);
    memcpy(answer, grant, sizeof(*grant));
    return REFUSAL_none;
}

const struct command grant_redeem = {
    .name = "grant_redeem",
    .number = 35,
    .flags = COMMAND_internal,
    .callers = CALLERS_MERCHANT,
    .request = &redeem_shape,
    .answer = &grant_table.shape,
    .decide = decide_redeem,
    .summary = "An app turns the code of a grant into its tokens, once.",
};

static const struct column token_columns[] = {
    COLUMN(grant_token, app_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(grant_token, grant_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(grant_token, generation, .flags = COLUMN_required),
};
static const struct shape token_shape = SHAPE("grant_token", grant_token, token_columns);

static enum refusal token_check(struct view *view, const struct moment *at, const struct grant_row *grant,
                                const struct grant_token *want)
{
    enum refusal refusal = shown_check(view, at, grant, want->app_id);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    bool current = grant->state == GRANT_live && grant->generation == want->generation;
    return current ? REFUSAL_none : REFUSAL_grant_replaced;
}

static enum refusal decide_refresh(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct grant_token *want = request;
    const struct grant_row *asked = grant_ask(view, want->grant_id);
    enum refusal refusal = token_check(view, at, asked, want);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (at->now_us >= asked->refresh_expires_at_us) {
        return REFUSAL_grant_expired;
    }
    struct grant_row *grant = view_change(view, asked);
    tokens_renew(grant, at);
    memcpy(answer, grant, sizeof(*grant));
    return REFUSAL_none;
}

const struct command grant_refresh = {
    .name = "grant_refresh",
    .number = 36,
    .flags = COMMAND_internal,
    .callers = CALLERS_MERCHANT,
    .request = &token_shape,
    .answer = &grant_table.shape,
    .decide = decide_refresh,
    .summary = "An app exchanges its refreshing token for a fresh pair; the old pair ends.",
};

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct grant_token *want = request;
    const struct grant_row *grant = grant_ask(view, want->grant_id);
    enum refusal refusal = token_check(view, at, grant, want);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (at->now_us >= grant->token_expires_at_us) {
        return REFUSAL_grant_expired;
    }
    memcpy(answer, grant, sizeof(*grant));
    return REFUSAL_none;
}

const struct command grant_query = {
    .name = "grant_query",
    .number = 37,
    .flags = COMMAND_internal | COMMAND_reads,
    .callers = CALLERS_MERCHANT,
    .request = &token_shape,
    .answer = &grant_table.shape,
    .decide = decide_query,
    .summary = "Whether a token is in force, and for whom.",
};

static const struct column ref_columns[] = {
    COLUMN(grant_ref, grant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("grant_ref", grant_ref, ref_columns);

/* The shopper takes its word back, or the app's merchant lets it go. */
static enum refusal decide_revoke(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct grant_ref *want = request;
    const struct grant_row *asked = grant_ask(view, want->grant_id);
    const struct app_row *app = app_ask(view, asked->app_id);
    if (!row_exists(asked) ||
        (!access_shopper(at, asked->shopper_id) && !access_merchant(at, app->merchant_id))) {
        return REFUSAL_grant_unknown;
    }
    if (asked->state != GRANT_revoked) {
        struct grant_row *grant = view_change(view, asked);
        grant->state = GRANT_revoked;
        grant->revoked_at_us = at->now_us;
    }
    memcpy(answer, asked, sizeof(*asked));
    return REFUSAL_none;
}

const struct command grant_revoke = {
    .name = "grant_revoke",
    .number = 38,
    .flags = COMMAND_unkeyed,
    .method = "DELETE",
    .route = "/v1/grants/{grant_id}",
    .http_status = 200,
    .callers = CALLERS_MERCHANT | CALLERS_SHOPPER,
    .request = &ref_shape,
    .answer = &grant_table.shape,
    .decide = decide_revoke,
    .summary = "Ends what an app may know of a shopper; its tokens are void at once.",
};
