/* SPDX-License-Identifier: Apache-2.0 */
/* Who a shopper is, as far as the shopper lets an app know; and what an app needs of the platform. */
#include "base/digest.h"
#include "doors/alipay/told_fields.h"

/* A parameter of the request itself, or a member of its content. */
static struct span field_text(const struct alipay_job *job, const char *name)
{
    return job->biz != NULL ? json_in_plain(alipay_biz(job, name)) : alipay_param_value(job->params, name);
}

/* ---- codes and tokens ---- */

static enum alipay_result token_prepare(struct alipay_job *job)
{
    struct oauth *oauth = job->door->settings.oauth;
    struct span grant_type = field_text(job, "grant_type");
    int32_t generation;
    if (oauth == NULL) {
        return RESULT_unknow_error;
    }
    if (span_equal(grant_type, SPAN("authorization_code"))) {
        job->ask.want.redeem.app_id = job->app->row.app_id;
        return oauth_text_read(oauth, OAUTH_code, field_text(job, "code"), &job->ask.want.redeem.grant_id, &generation)
                   ? RESULT_none
                   : RESULT_code_invalid;
    }
    if (!span_equal(grant_type, SPAN("refresh_token"))) {
        return RESULT_grant_type_invalid;
    }
    struct grant_token *token = &job->ask.want.token;
    job->ask.refreshes = true;
    token->app_id = job->app->row.app_id;
    return oauth_text_read(oauth, OAUTH_refresh, field_text(job, "refresh_token"), &token->grant_id,
                           &token->generation)
               ? RESULT_none
               : RESULT_refresh_token_invalid;
}

static enum refusal token_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                 struct alipay_told *told)
{
    return ask->refreshes ? grant_refresh.decide(&ask->want.token, at, view, &told->made.grant)
                          : grant_redeem.decide(&ask->want.redeem, at, view, &told->made.grant);
}

static void write_grant_user(const struct alipay_job *job, struct json_out *out, const char *name)
{
    alipay_write_user(out, name, USER_shopper, job->told.made.grant.shopper_id);
}

static void token_write(const struct alipay_job *job, struct json_out *out, const char *name, enum oauth_kind kind)
{
    const struct grant_row *grant = &job->told.made.grant;
    char text[OAUTH_TEXT_SIZE];
    oauth_text_write(job->door->settings.oauth, kind, grant->grant_id, grant->generation, text);
    alipay_write_text(out, name, span_of(text));
}

static void write_access(const struct alipay_job *job, struct json_out *out, const char *name)
{
    token_write(job, out, name, OAUTH_access);
}

static void write_refresh(const struct alipay_job *job, struct json_out *out, const char *name)
{
    token_write(job, out, name, OAUTH_refresh);
}

static void seconds_write(const struct alipay_job *job, struct json_out *out, const char *name, int64_t until_us)
{
    json_out_key(out, name);
    json_out_i64(out, max_i64(0, until_us - job->told.now_us) / US_PER_SECOND);
}

static void write_expires(const struct alipay_job *job, struct json_out *out, const char *name)
{
    seconds_write(job, out, name, job->told.made.grant.token_expires_at_us);
}

static void write_refresh_expires(const struct alipay_job *job, struct json_out *out, const char *name)
{
    seconds_write(job, out, name, job->told.made.grant.refresh_expires_at_us);
}

static const struct alipay_field token_fields[] = {
    { "grant_type", TYPE_text, NEED_must, USE_honoured, 20, INTO_nothing, 0, 0,
      "authorization_code or refresh_token." },
    { "code", TYPE_text, NEED_depends, USE_honoured, 40, INTO_nothing, 0, 0, "Once, within ten minutes." },
    { "refresh_token", TYPE_text, NEED_depends, USE_honoured, 40, INTO_nothing, 0, 0,
      "Its pair ends when it is used." },
};

static const struct alipay_answer token_answers[] = {
    { "user_id", SOURCE_write, 0, NULL, write_grant_user, "always" },
    { "access_token", SOURCE_write, 0, NULL, write_access, "always" },
    { "expires_in", SOURCE_write, 0, NULL, write_expires, "always: seconds" },
    { "refresh_token", SOURCE_write, 0, NULL, write_refresh, "always" },
    { "re_expires_in", SOURCE_write, 0, NULL, write_refresh_expires, "always: seconds" },
    { "auth_start", SOURCE_time, TOLD(made.grant.redeemed_at_us), NULL, NULL, "always" },
};

static const struct alipay_refused token_refused[] = {
    { REFUSAL_grant_unknown, RESULT_code_invalid },
    { REFUSAL_grant_used, RESULT_code_invalid },
    { REFUSAL_grant_expired, RESULT_refresh_token_time_out },
    { REFUSAL_grant_revoked, RESULT_refresh_token_invalid },
    { REFUSAL_grant_replaced, RESULT_refresh_token_invalid },
    { REFUSAL_none, RESULT_none },
};

/* A code that is too old is simply no code any more; only tokens have a word for it. */
static const struct alipay_refused code_refused[] = {
    { REFUSAL_grant_expired, RESULT_code_invalid },
    { REFUSAL_grant_revoked, RESULT_code_invalid },
    { REFUSAL_none, RESULT_none },
};

static const struct alipay_refused *token_refusals(const struct alipay_job *job)
{
    return job->ask.refreshes ? token_refused : code_refused;
}

const struct alipay_method method_oauth_token = {
    .name = "alipay.system.oauth.token",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/system/oauth/token",
    .flags = METHOD_top,
    .summary = "Takes the code that the authorisation page gave, or a refresh token, for a pair of tokens.",
    .command = "grant_redeem, grant_refresh",
    .fields = token_fields,
    .field_count = COUNT_OF(token_fields),
    .answers = token_answers,
    .answer_count = COUNT_OF(token_answers),
    .refused = token_refused,
    .refused_by = token_refusals,
    .invalid = RESULT_invalid_parameter,
    .fault = RESULT_unknow_error,
    .prepare = token_prepare,
    .decide = token_decide,
};

/* ---- who the shopper is ---- */

static enum alipay_result user_prepare(struct alipay_job *job)
{
    struct oauth *oauth = job->door->settings.oauth;
    struct grant_token *token = &job->ask.want.token;
    token->app_id = job->app->row.app_id;
    return oauth != NULL && oauth_text_read(oauth, OAUTH_access, field_text(job, "auth_token"), &token->grant_id,
                                            &token->generation)
               ? RESULT_none
               : RESULT_invalid_auth_token;
}

static enum refusal user_decide(const struct alipay_ask *ask, struct moment *at, struct view *view,
                                struct alipay_told *told)
{
    enum refusal refusal = grant_query.decide(&ask->want.token, at, view, &told->made.grant);
    if (refusal == REFUSAL_none) {
        const struct shopper_row *shopper = shopper_ask(view, told->made.grant.shopper_id);
        memcpy(told->buyer_name, shopper->name, sizeof(told->buyer_name));
    }
    return refusal;
}

static enum alipay_result user_conclude(struct alipay_job *job)
{
    return job->told.made.grant.scope == SCOPE_auth_user ? RESULT_success : RESULT_insufficient_permissions;
}

static const struct alipay_field user_fields[] = {
    { "auth_token", TYPE_text, NEED_must, USE_honoured, 40, INTO_nothing, 0, 0,
      "The access token, of the scope auth_user." },
};

static const struct alipay_answer user_answers[] = {
    { "user_id", SOURCE_write, 0, NULL, write_grant_user, "always" },
    { "nick_name", SOURCE_text, TOLD(buyer_name), NULL, NULL, "when the shopper has a name" },
};

static const struct alipay_refused user_refused[] = {
    { REFUSAL_grant_unknown, RESULT_invalid_auth_token },
    { REFUSAL_grant_revoked, RESULT_invalid_auth_token },
    { REFUSAL_grant_replaced, RESULT_invalid_auth_token },
    { REFUSAL_grant_expired, RESULT_auth_token_time_out },
    { REFUSAL_none, RESULT_none },
};

const struct alipay_method method_user_info = {
    .name = "alipay.user.info.share",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/user/info/share",
    .flags = METHOD_top | METHOD_user,
    .summary = "Who the shopper is that a token was given for. We know a number and a name.",
    .command = "grant_query, shopper_query",
    .fields = user_fields,
    .field_count = COUNT_OF(user_fields),
    .answers = user_answers,
    .answer_count = COUNT_OF(user_answers),
    .refused = user_refused,
    .invalid = RESULT_invalid_auth_token,
    .fault = RESULT_unknow_error,
    .prepare = user_prepare,
    .decide = user_decide,
    .conclude = user_conclude,
};

/* ---- the platform's certificate ---- */

static enum alipay_result cert_prepare(struct alipay_job *job)
{
    char error[160];
    const struct platform_keys *keys = platform_keys(job->door->settings.platform, error, sizeof(error));
    if (keys == NULL) {
        return RESULT_unknow_error;
    }
    return span_equal(field_text(job, "alipay_cert_sn"), span_of(keys->cert_sn)) ? RESULT_success
                                                                                 : RESULT_cert_not_exist;
}

static void write_cert(const struct alipay_job *job, struct json_out *out, const char *name)
{
    char error[160], text[BASE64_SIZE(CERTIFICATE_PEM_SIZE)];
    const struct platform_keys *keys = platform_keys(job->door->settings.platform, error, sizeof(error));
    assert(keys != NULL);
    size_t size = base64_write((const uint8_t *)keys->certificate, strlen(keys->certificate), text);
    alipay_write_text(out, name, (struct span){ text, size });
}

static const struct alipay_field cert_fields[] = {
    { "alipay_cert_sn", TYPE_text, NEED_must, USE_honoured, 64, INTO_nothing, 0, 0,
      "The serial number that answers carry." },
};

static const struct alipay_answer cert_answers[] = {
    { "alipay_cert_content", SOURCE_write, 0, NULL, write_cert, "always: base64 of the PEM" },
};

const struct alipay_method method_cert_download = {
    .name = "alipay.open.app.alipaycert.download",
    .v3_method = "POST",
    .v3_path = "/v3/alipay/open/app/alipaycert/download",
    .summary = "The certificate that our answers are signed with.",
    .command = "",
    .fields = cert_fields,
    .field_count = COUNT_OF(cert_fields),
    .answers = cert_answers,
    .answer_count = COUNT_OF(cert_answers),
    .invalid = RESULT_invalid_parameter,
    .fault = RESULT_unknow_error,
    .prepare = cert_prepare,
};
