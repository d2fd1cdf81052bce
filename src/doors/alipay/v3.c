/* SPDX-License-Identifier: Apache-2.0 */
/* The REST protocol (v3): the path names the method, the Authorization header signs. */
#include "doors/alipay/alipay_internal.h"

static enum alipay_result authorization_result(enum v3_error error)
{
    switch (error) {
    case V3_ok:
        return RESULT_none;
    case V3_missing:
    case V3_no_timestamp:
        return RESULT_missing_timestamp; /* what the real one says when there is no header at all */
    case V3_bad_scheme:
        return RESULT_invalid_signature_type;
    case V3_bad_form:
        return RESULT_invalid_signature;
    case V3_no_sign:
        return RESULT_missing_signature;
    case V3_no_app_id:
        return RESULT_missing_app_id;
    case V3_bad_timestamp:
        return RESULT_invalid_timestamp;
    case V3_no_nonce:
    case V3_bad_nonce:
        return RESULT_invalid_parameter;
    }
    return RESULT_invalid_signature;
}

/* A multipart body is signed by its part `data` alone. */
static bool is_multipart(const struct alipay_job *job)
{
    static const char form[] = "multipart/form-data";
    return job->content_type.size >= sizeof(form) - 1 &&
           strncasecmp(job->content_type.bytes, form, sizeof(form) - 1) == 0;
}

static enum alipay_result body_read(struct alipay_job *job, struct span *content)
{
    struct arena *arena = job->http->arena;
    job->params = arena_try(arena, sizeof(*job->params));
    if (job->params == NULL) {
        return RESULT_unknow_error;
    }
    alipay_params_init(job->params, arena);
    enum alipay_params_error error = alipay_params_query(job->params, job->query);
    *content = job->body;
    if (error == ALIPAY_PARAMS_ok && is_multipart(job)) {
        struct alipay_params parts;
        alipay_params_init(&parts, arena);
        error = alipay_params_body(&parts, job->content_type, job->body);
        *content = alipay_param_value(&parts, "data");
        memcpy(job->params->files, parts.files, sizeof(parts.files));
        job->params->file_count = parts.file_count;
    }
    return error == ALIPAY_PARAMS_ok
               ? RESULT_none
               : alipay_result_with(job, RESULT_invalid_parameter, alipay_params_error_text(error), "");
}

static enum alipay_result signature_check(struct alipay_job *job, const struct v3_authorization *authorization,
                                          struct span content)
{
    struct v3_request request = { .auth_string = authorization->auth_string,
                                  .method = span_of(http_method_name(job->http->method)),
                                  .target = job->http->target,
                                  .body = content,
                                  .app_auth_token = job->app_auth_token };
    enum alipay_result result =
        alipay_certificates_check(job, authorization->app_cert_sn, job->root_cert_sn);
    if (result != RESULT_none) {
        return result;
    }
    struct span text = v3_request_text(&request, job->http->arena);
    if (text.bytes == NULL) {
        return RESULT_unknow_error;
    }
    int64_t begun_ns = alipay_spend_begin(job->worker);
    bool good = alipay_verify(&job->app->key, ALIPAY_RSA2, text, authorization->sign);
    alipay_spend(job->worker, &job->door->counts.verify_ns, begun_ns);
    if (!good) {
        job->expected = text;
        return RESULT_invalid_signature;
    }
    switch (v3_nonces_use(job->door->nonces, authorization->app_id, authorization->nonce, os_now_us())) {
    case V3_NONCE_fresh:
        return RESULT_none;
    case V3_NONCE_used:
        return RESULT_suspected_attack;
    case V3_NONCE_full:
        break;
    }
    return RESULT_app_call_limited;
}

static enum alipay_result content_read(struct alipay_job *job, struct span content)
{
    bool has_body = job->http->method == HTTP_POST || job->http->method == HTTP_PUT || job->http->method == HTTP_PATCH;
    if (job->app_auth_token.size > 0) {
        return RESULT_not_support_app_auth;
    }
    if (job->encrypt_type.size > 0 && content.size > 0) {
        enum alipay_result result = alipay_decrypt_text(job, job->encrypt_type, &content);
        if (result != RESULT_none) {
            return result;
        }
    }
    if (!has_body) {
        return RESULT_none; /* the query is the content */
    }
    return alipay_biz_read(job, content.size > 0 ? content : SPAN("{}"));
}

enum alipay_result alipay_v3_read(struct alipay_job *job)
{
    struct v3_authorization authorization;
    struct span content;
    enum v3_error error = v3_authorization_read(job->authorization, &authorization);
    enum alipay_result result = authorization_result(error);
    if (result != RESULT_none) {
        return alipay_result_with(job, result, v3_error_text(error), "");
    }
    job->digest = ALIPAY_RSA2;
    result = alipay_app_read(job, authorization.app_id);
    if (result != RESULT_none) {
        return result;
    }
    job->method = alipay_method_of_v3(http_method_name(job->http->method), job->http->path);
    if (job->method == NULL) {
        return RESULT_invalid_method;
    }
    snprintf(job->method_name, sizeof(job->method_name), "%s", job->method->name);
    if (job->app->row.disabled != 0) {
        return RESULT_invalid_app_state;
    }
    if (!v3_timestamp_fresh(&authorization, os_now_us())) {
        return RESULT_illegal_timestamp;
    }
    result = body_read(job, &content);
    if (result == RESULT_none) {
        result = signature_check(job, &authorization, content);
    }
    return result != RESULT_none ? result : content_read(job, content);
}
