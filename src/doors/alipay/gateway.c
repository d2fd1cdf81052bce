/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form protocol (v2), and the steps that both protocols share. What is checked, in this order: method, app,
 * charset, sign_type, timestamp, version, format, certificate, signature, delegation, encryption, content.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/os_random.h"
#include "doors/alipay/alipay_internal.h"

static const struct {
    enum alipay_params_error error;
    enum alipay_result result;
} params_results[] = {
    { ALIPAY_PARAMS_too_many, RESULT_invalid_parameter },
    { ALIPAY_PARAMS_too_large, RESULT_invalid_parameter },
    { ALIPAY_PARAMS_repeated, RESULT_invalid_parameter },
    { ALIPAY_PARAMS_bad_form, RESULT_invalid_parameter },
    { ALIPAY_PARAMS_unknown_form, RESULT_invalid_parameter },
};

static enum alipay_result params_read(struct alipay_job *job)
{
    struct arena *arena = job->http->arena;
    job->params = arena_try(arena, sizeof(*job->params));
    if (job->params == NULL) {
        return RESULT_unknow_error;
    }
    alipay_params_init(job->params, arena);
    enum alipay_params_error error = alipay_params_query(job->params, job->query);
    if (error == ALIPAY_PARAMS_ok) {
        error = alipay_params_body(job->params, job->content_type, job->body);
    }
    for (size_t i = 0; i < COUNT_OF(params_results); i++) {
        if (params_results[i].error == error) {
            return alipay_result_with(job, params_results[i].result, alipay_params_error_text(error), "");
        }
    }
    return RESULT_none;
}

static struct span param(const struct alipay_job *job, const char *name)
{
    return alipay_param_value(job->params, name);
}

/* A name that may stand in an answer: letters, digits, points, lines. */
static bool name_is_plain(struct span name)
{
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.bytes[i];
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                     byte == '.' || byte == '_' || byte == '-';
        if (!plain) {
            return false;
        }
    }
    return name.size > 0;
}

enum alipay_result alipay_app_read(struct alipay_job *job, struct span text)
{
    int64_t app_id;
    if (text.size != 16 || !span_to_i64(text, &app_id)) {
        return RESULT_invalid_app_id;
    }
    job->app = alipay_app_take(job->door->apps, app_id);
    if (job->app == NULL && job->door->settings.store->shared) {
        job->app = alipay_app_look(job->door->apps, alipay_worker_reader(job->worker), app_id);
    }
    return job->app != NULL ? RESULT_none : RESULT_invalid_app_id;
}

static enum alipay_result method_and_app(struct alipay_job *job)
{
    struct span method = param(job, "method");
    if (method.size == 0) {
        return RESULT_missing_method;
    }
    if (!name_is_plain(method) || !span_copy(method, job->method_name, sizeof(job->method_name))) {
        job->method_name[0] = '\0'; /* the answer cannot name it */
    }
    if (!alipay_digest_read(param(job, "sign_type"), &job->digest)) {
        job->digest = ALIPAY_RSA2; /* what is refused below is signed too */
    }
    struct span app_id = param(job, "app_id");
    enum alipay_result result = app_id.size == 0 ? RESULT_missing_app_id : alipay_app_read(job, app_id);
    if (result != RESULT_none) {
        return result;
    }
    job->method = alipay_method_find(method);
    if (job->method == NULL) {
        return RESULT_invalid_method;
    }
    return job->app->row.disabled != 0 ? RESULT_invalid_app_state : RESULT_none;
}

static enum alipay_result timestamp_check(const struct alipay_job *job)
{
    struct span text = param(job, "timestamp");
    int64_t at_us;
    if (text.size == 0) {
        return RESULT_missing_timestamp;
    }
    if (text.size != 19 || !beijing_read(text, &at_us)) {
        return RESULT_invalid_timestamp;
    }
    int64_t apart_us = os_now_us() - at_us;
    return apart_us > TIMESTAMP_WINDOW_US || apart_us < -TIMESTAMP_WINDOW_US ? RESULT_invalid_timestamp : RESULT_none;
}

static enum alipay_result form_check(struct alipay_job *job)
{
    struct span charset = param(job, "charset"), sign_type = param(job, "sign_type");
    struct span version = param(job, "version"), format = param(job, "format");
    job->charset = CHARSET_utf_8; /* at the second look, too, when what was said at the first one was not signed */
    if (charset.size > 0 && !charset_read(charset, &job->charset)) {
        return RESULT_invalid_charset;
    }
    if (sign_type.size == 0) {
        return RESULT_missing_signature_type;
    }
    if (!alipay_digest_read(sign_type, &job->digest)) {
        return RESULT_invalid_signature_type;
    }
    enum alipay_result result = timestamp_check(job);
    if (result != RESULT_none) {
        return result;
    }
    if (version.size == 0) {
        return RESULT_missing_version;
    }
    if (!span_equal(version, SPAN("1.0"))) {
        return RESULT_unsupported_version;
    }
    bool json = format.size == 0 || (format.size == 4 && strncasecmp(format.bytes, "json", 4) == 0);
    return json ? RESULT_none : RESULT_invalid_format;
}

enum alipay_result alipay_certificates_check(struct alipay_job *job, struct span app_cert_sn, struct span root_cert_sn)
{
    char error[160];
    if (!job->app->keyed) {
        return RESULT_missing_signature_config;
    }
    if (job->app->row.cert_sn[0] == '\0') {
        return app_cert_sn.size == 0 ? RESULT_none : RESULT_app_cert_not_exist;
    }
    if (app_cert_sn.size == 0) {
        return RESULT_missing_app_cert_sn;
    }
    job->certified = true;
    if (!span_equal(app_cert_sn, span_of(job->app->row.cert_sn))) {
        return RESULT_app_cert_not_exist;
    }
    if (root_cert_sn.size == 0) {
        return RESULT_missing_root_cert_sn;
    }
    const struct platform_keys *keys = platform_keys(job->door->settings.platform, error, sizeof(error));
    if (keys == NULL) {
        return RESULT_unknow_error;
    }
    return span_equal(root_cert_sn, span_of(keys->root_cert_sn)) ? RESULT_none : RESULT_invalid_root_cert_sn;
}

static enum alipay_result signature_check(struct alipay_job *job)
{
    struct span expected = { NULL, 0 };
    if (param(job, "sign").size == 0) {
        return RESULT_missing_signature;
    }
    enum alipay_result result =
        alipay_certificates_check(job, param(job, "app_cert_sn"), param(job, "alipay_root_cert_sn"));
    if (result != RESULT_none) {
        return result;
    }
    int64_t begun_ns = alipay_spend_begin(job->worker);
    bool good = alipay_params_verify(job->params, &job->app->key, job->digest, &expected);
    alipay_spend(job->worker, &job->door->counts.verify_ns, begun_ns);
    if (good) {
        return RESULT_none;
    }
    job->expected = expected;
    return RESULT_invalid_signature;
}

/* ---- content ---- */

enum alipay_result alipay_decrypt_text(struct alipay_job *job, struct span type, struct span *text)
{
    struct span plain;
    if (type.size != 3 || strncasecmp(type.bytes, "AES", 3) != 0) {
        return RESULT_invalid_encrypt_type;
    }
    if (!job->app->encrypts) {
        return RESULT_invalid_encrypt_key;
    }
    if (!alipay_decrypt(job->app->aes_key, *text, job->http->arena, &plain)) {
        return RESULT_decryption_error;
    }
    *text = plain;
    job->encrypted = true;
    return RESULT_none;
}

enum alipay_result alipay_biz_read(struct alipay_job *job, struct span text)
{
    struct span utf8;
    size_t broken_at = 0;
    enum charset_error error = charset_decode(job->charset, text, job->http->arena, &utf8, &broken_at);
    if (error != CHARSET_ok) {
        return alipay_result_with(job, RESULT_invalid_charset, charset_error_text(error), "");
    }
    job->biz = json_in_read(utf8, job->http->arena);
    return job->biz != NULL && job->biz->kind == JSON_object ? RESULT_none : RESULT_illegal_json;
}

static enum alipay_result content_read(struct alipay_job *job)
{
    struct span text = param(job, "biz_content");
    struct span encrypt_type = param(job, "encrypt_type");
    if (param(job, "app_auth_token").size > 0) {
        return RESULT_not_support_app_auth;
    }
    if (encrypt_type.size > 0 && text.size > 0) {
        enum alipay_result result = alipay_decrypt_text(job, encrypt_type, &text);
        if (result != RESULT_none) {
            return result;
        }
    }
    if ((job->method->flags & METHOD_top) != 0) {
        return RESULT_none; /* whatever stands in a content besides */
    }
    /* A content that looks like one that was encrypted, of an app that encrypts: the type is what is missing. */
    if (encrypt_type.size == 0 && text.size > 0 && text.bytes[0] != '{' && job->app->encrypts) {
        return RESULT_missing_encrypt_type;
    }
    return alipay_biz_read(job, text.size > 0 ? text : SPAN("{}"));
}

/* The form is looked at again when the signature has said which of two values counts: an old timestamp must not hide
 * behind a new one that nobody signed. */
enum alipay_result alipay_v2_read(struct alipay_job *job)
{
    static enum alipay_result (*const checks[])(struct alipay_job *job) = {
        params_read, method_and_app, form_check, signature_check, form_check, content_read,
    };
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        enum alipay_result result = checks[i](job);
        if (result != RESULT_none) {
            return result;
        }
    }
    return RESULT_none;
}

/* ---- the steps ---- */

static void trace_make(struct alipay_job *job)
{
    struct alipay *door = job->door;
    uint64_t count = atomic_fetch_add_explicit(&door->trace_count, 1, memory_order_relaxed);
    snprintf(job->trace_id, sizeof(job->trace_id), "%016llx%016llx",
             (unsigned long long)hash_mix(count ^ door->trace_salt), (unsigned long long)door->trace_salt);
}

/* The answer is known: it goes out, unless it was asked to be late, lost or another. */
static void job_finish(struct alipay_job *job)
{
    switch (job->fault.kind) {
    case FAULTY_unknown:
        job->result = RESULT_unknow_error;
        break;
    case FAULTY_delay:
        job->due_us = os_monotonic_us() + job->fault.delay_ms * 1000;
        break;
    case FAULTY_silence:
        job->due_us = os_monotonic_us() + SILENCE_US;
        break;
    case FAULTY_none:
    case FAULTY_code:
    case FAULTY_notice_lost:
    case FAULTY_notice_repeated:
    case FAULTY_notice_late:
        break;
    }
    if (job->due_us != 0) {
        alipay_job_hold(job);
        return;
    }
    alipay_job_answer(job);
}

static enum alipay_result job_prepare(struct alipay_job *job)
{
    struct alipay *door = job->door;
    if (door->settings.sandbox) {
        job->fault = alipay_fault_take(&door->faults, job->app->row.app_id, job->method->name);
    }
    if (job->fault.kind == FAULTY_code) {
        job->forced_code = job->fault.sub_code;
        enum alipay_result known = alipay_result_find(span_of(job->fault.sub_code));
        return known != RESULT_none ? known : job->method->fault;
    }
    job->ask.method = job->method;
    job->ask.app = &job->app->row;
    enum alipay_result result = alipay_fields_read(job);
    if (result == RESULT_none && job->method->prepare != NULL) {
        result = job->method->prepare(job);
    }
    return result;
}

void alipay_job_begin(struct alipay_job *job)
{
    trace_make(job);
    enum alipay_result result = job->v3 ? alipay_v3_read(job) : alipay_v2_read(job);
    if (result == RESULT_invalid_signature) {
        atomic_fetch_add_explicit(&job->door->counts.signature_faults, 1, memory_order_relaxed);
    }
    if (result == RESULT_none) {
        result = job_prepare(job);
    }
    if (result == RESULT_none) {
        assert(job->method->decide != NULL);
        if (alipay_job_submit(job)) {
            return; /* another thread has it now */
        }
        result = RESULT_unknow_error;
    }
    job->result = result;
    job_finish(job);
}

void alipay_job_decided(struct alipay_job *job)
{
    if (job->call.status == STATUS_unknown) {
        job->result = alipay_result_with(job, job->method->fault, "结果未知，请查询或以同一单号重试",
                                         " (the outcome is unknown: query it, or repeat it with the same number)");
    } else if (job->call.status != STATUS_ok) {
        job->result = RESULT_unknow_error; /* it waited too long and was not decided */
    } else if (job->call.refusal != REFUSAL_none) {
        job->result = alipay_result_of(job, job->call.refusal);
    } else {
        job->result = job->method->conclude != NULL ? job->method->conclude(job) : RESULT_success;
    }
    job_finish(job);
}

/* ---- the door ---- */

struct alipay *alipay_open(const struct alipay_settings *settings)
{
    struct arena arena;
    arena_init(&arena, sizeof(struct alipay) + 64 * 1024, 16 * 1024 * 1024);
    struct alipay *door = arena_take(&arena, sizeof(*door));
    door->arena = arena;
    door->settings = *settings;
    door->trace_salt = os_random_u64();
    master_key_derive_hmac(settings->key, "onetill alipay aes v1", &door->aes_master);
    door->apps = alipay_apps_open(settings->engine, settings->store, settings->key);
    if (door->apps == NULL) {
        arena_release(&arena);
        return NULL;
    }
    door->nonces = v3_nonces_open(V3_NONCES_MAX);
    alipay_queue_init(door);
    int rc = pthread_mutex_init(&door->lock, NULL);
    assert(rc == 0);
    rc = pthread_mutex_init(&door->faults.lock, NULL);
    assert(rc == 0);
    rc = pthread_mutex_init(&door->shelf.lock, NULL);
    assert(rc == 0);
    rc = pthread_cond_init(&door->wake, NULL);
    assert(rc == 0);
    return door;
}

void alipay_start(struct alipay *door, struct http_server *http)
{
    door->http = http;
    alipay_workers_start(door);
}

void alipay_drain(struct alipay *door)
{
    alipay_workers_drain(door);
}

void alipay_close(struct alipay *door)
{
    alipay_apps_close(door->apps);
    v3_nonces_close(door->nonces);
    hmac_key_wipe(&door->aes_master);
    (void)pthread_mutex_destroy(&door->lock);
    (void)pthread_mutex_destroy(&door->faults.lock);
    (void)pthread_mutex_destroy(&door->shelf.lock);
    free(door->shelf.images);
    (void)pthread_cond_destroy(&door->wake);
    struct arena arena = door->arena;
    arena_release(&arena);
}

static void v2_serve(void *context, struct http_request *request, const struct caller *caller,
                     const struct span *params, uint32_t param_count)
{
    (void)caller;
    (void)params;
    (void)param_count;
    alipay_job_take_in(context, request, false);
}

static void v3_serve(void *context, struct http_request *request, const struct caller *caller,
                     const struct span *params, uint32_t param_count)
{
    (void)caller;
    (void)params;
    (void)param_count;
    alipay_job_take_in(context, request, true);
}

void alipay_pages(struct alipay *door, struct rest_page to[ALIPAY_PAGE_COUNT])
{
    static const char *const v3_verbs[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
    size_t count = 0;
    struct rest_page page = { .callers = CALLER_BIT(none),
                              .context = door,
                              .unlisted = true,
                              .content_type = "text/html;charset=utf-8",
                              .summary = "The gateway of the Alipay protocol: see docs/alipay.md." };
    page.name = "alipay_gateway";
    page.route = "/gateway.do";
    page.serve = v2_serve;
    page.method = "GET";
    to[count++] = page;
    page.name = "alipay_gateway_post";
    page.method = "POST";
    to[count++] = page;
    static const char *const v3_names[] = { "alipay_v3_get", "alipay_v3_post", "alipay_v3_put", "alipay_v3_patch",
                                            "alipay_v3_delete" };
    for (size_t i = 0; i < COUNT_OF(v3_verbs); i++) {
        page.name = v3_names[i];
        page.route = "/v3/{path...}";
        page.method = v3_verbs[i];
        page.serve = v3_serve;
        page.content_type = "application/json;charset=utf-8";
        to[count++] = page;
    }
    count += alipay_app_pages(door, to + count);
    assert(count == ALIPAY_PAGE_COUNT);
}

void alipay_metrics(struct alipay *door, struct metrics_text *text)
{
    struct alipay_counts *counts = &door->counts;
    pthread_mutex_lock(&door->lock);
    int64_t waiting = door->waiting;
    pthread_mutex_unlock(&door->lock);
    metrics_text_value(text, "onetill_alipay_waiting", "gauge", "Requests that wait for a worker of the gateway.",
                       waiting);
    metrics_text_value(text, "onetill_alipay_requests_total", "counter", "Requests at /gateway.do.",
                       (int64_t)atomic_load(&counts->requests));
    metrics_text_value(text, "onetill_alipay_v3_requests_total", "counter", "Requests below /v3/.",
                       (int64_t)atomic_load(&counts->v3_requests));
    metrics_text_value(text, "onetill_alipay_answers_total", "counter", "Answers with success or in process.",
                       (int64_t)atomic_load(&counts->answered));
    metrics_text_value(text, "onetill_alipay_failures_total", "counter", "Answers with another result.",
                       (int64_t)atomic_load(&counts->failed));
    metrics_text_value(text, "onetill_alipay_signature_faults_total", "counter",
                       "Requests whose signature did not hold.", (int64_t)atomic_load(&counts->signature_faults));
    metrics_text_value(text, "onetill_alipay_refused_full_total", "counter",
                       "Requests refused because too many waited.", (int64_t)atomic_load(&counts->refused_full));
    metrics_text_seconds(text, "onetill_alipay_read_cpu_seconds_total", "counter",
                         "CPU time for reading requests, up to the engine; like the next three, by a sample.",
                         atomic_load(&counts->read_ns));
    metrics_text_seconds(text, "onetill_alipay_verify_cpu_seconds_total", "counter",
                         "Of that, for checking signatures.", atomic_load(&counts->verify_ns));
    metrics_text_seconds(text, "onetill_alipay_write_cpu_seconds_total", "counter",
                         "CPU time for writing answers.", atomic_load(&counts->write_ns));
    metrics_text_seconds(text, "onetill_alipay_sign_cpu_seconds_total", "counter", "Of that, for signing them.",
                         atomic_load(&counts->sign_ns));
    metrics_text_value(text, "onetill_alipay_busy_us_total", "counter", "Time that workers spent on requests.",
                       (int64_t)atomic_load(&counts->busy_us));
}
