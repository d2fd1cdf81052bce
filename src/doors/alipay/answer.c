/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers. The node is written once, its slashes escaped and its charset made, encrypted where that was asked for,
 * and then signed over exactly the bytes that go out.
 */
#include "doors/alipay/alipay_internal.h"

#define NODE_SIZE_MAX 262144
#define EXPECTED_SHOWN_MAX 8000 /* bytes of what should have been signed that an answer shows */
#define LINK_MAX_SIZE 160

static const struct alipay_refused general[] = {
    { REFUSAL_forbidden, RESULT_acq_access_forbidden },
    { REFUSAL_amount_out_of_range, RESULT_acq_total_fee_exceed },
    { REFUSAL_shop_unknown, RESULT_acq_invalid_store_id },
    { REFUSAL_shop_closed, RESULT_acq_seller_blocked },
    { REFUSAL_terminal_unknown, RESULT_acq_invalid_parameter },
    { REFUSAL_shopper_unknown, RESULT_acq_buyer_not_exist },
    { REFUSAL_shopper_blocked, RESULT_acq_buyer_forbid },
    { REFUSAL_balance_short, RESULT_acq_balance_not_enough },
    { REFUSAL_code_malformed, RESULT_acq_auth_code_invalid },
    { REFUSAL_code_unknown, RESULT_acq_auth_code_invalid },
    { REFUSAL_code_used, RESULT_acq_auth_code_invalid },
    { REFUSAL_code_elsewhere, RESULT_acq_auth_code_invalid },
    { REFUSAL_attempts_exceeded, RESULT_acq_request_has_risk },
    { REFUSAL_day_limit_reached, RESULT_acq_day_limit },
    { REFUSAL_trade_limit_reached, RESULT_acq_total_fee_exceed },
    { REFUSAL_trade_unknown, RESULT_acq_trade_not_exist },
    { REFUSAL_trade_differs, RESULT_acq_context_inconsistent },
    { REFUSAL_trade_closed, RESULT_acq_trade_has_close },
    { REFUSAL_trade_paid, RESULT_acq_trade_has_success },
    { REFUSAL_trade_waiting, RESULT_acq_status_error },
    { REFUSAL_trade_finished, RESULT_acq_trade_has_finished },
    { REFUSAL_buyer_differs, RESULT_acq_buyer_not_match },
    { REFUSAL_refund_exceeds, RESULT_acq_refund_exceeds },
    { REFUSAL_refund_differs, RESULT_acq_discordant_repeat },
    { REFUSAL_cancel_late, RESULT_acq_cancel_time_out },
    { REFUSAL_takings_short, RESULT_acq_seller_balance },
    { REFUSAL_currency_differs, RESULT_acq_currency_not_support },
    { REFUSAL_expiry_invalid, RESULT_acq_expire_time },
    { REFUSAL_budget_exhausted, RESULT_acq_payment_fail },
    { REFUSAL_none, RESULT_none },
};

static enum alipay_result refused_find(const struct alipay_refused *list, enum refusal refusal)
{
    for (size_t i = 0; list != NULL && list[i].refusal != REFUSAL_none; i++) {
        if (list[i].refusal == refusal) {
            return list[i].result;
        }
    }
    return RESULT_none;
}

enum alipay_result alipay_result_of(const struct alipay_job *job, enum refusal refusal)
{
    const struct alipay_method *method = job->method;
    enum alipay_result result = RESULT_none;
    if (method->refused_by != NULL) {
        result = refused_find(method->refused_by(job), refusal);
    }
    if (result == RESULT_none) {
        result = refused_find(method->refused, refusal);
    }
    if (result == RESULT_none) {
        result = refused_find(general, refusal);
    }
    return result != RESULT_none ? result : method->fault;
}

bool alipay_result_good(enum alipay_result result)
{
    return result == RESULT_success || result == RESULT_in_process;
}

/* ---- the node ---- */

static void field_write(const struct alipay_job *job, const struct alipay_answer *field, struct json_out *out)
{
    const void *from = (const char *)&job->told + field->offset;
    char text[YUAN_TEXT_SIZE + BEIJING_TEXT_SIZE + TRADE_NO_SIZE];
    int64_t number = 0;
    size_t size = 0;
    if (field->source == SOURCE_write) {
        field->write(job, out, field->name);
        return;
    }
    if (field->source == SOURCE_text) {
        struct span value = span_of(from);
        if (value.size > 0) {
            json_out_key(out, field->name);
            json_out_text(out, value);
        }
        return;
    }
    memcpy(&number, from, sizeof(number));
    if (field->source == SOURCE_yuan) {
        size = yuan_write(number, text);
    } else if (number == 0) {
        return;
    } else if (field->source == SOURCE_time) {
        size = beijing_write(number, text);
    } else if (field->source == SOURCE_trade_no) {
        size = trade_no_write(number, text);
    } else {
        size = (size_t)snprintf(text, sizeof(text), "%lld", (long long)number);
    }
    json_out_key(out, field->name);
    json_out_text(out, (struct span){ text, size });
}

static void fields_write(const struct alipay_job *job, struct json_out *out)
{
    for (size_t i = 0; i < job->method->answer_count; i++) {
        const struct alipay_answer *field = &job->method->answers[i];
        if (field->when == NULL || field->when(job)) {
            field_write(job, field, out);
        }
    }
    if (job->own.size > 0) {
        json_out_raw(out, job->own);
    }
}

static const char *sub_code_of(const struct alipay_job *job)
{
    return job->forced_code != NULL ? job->forced_code : alipay_result_text(job->result)->sub_code;
}

static const char *code_of(const struct alipay_job *job)
{
    const char *sub_code = sub_code_of(job);
    if (job->forced_code == NULL || alipay_result_find(span_of(sub_code)) != RESULT_none) {
        return alipay_result_text(job->result)->code;
    }
    return strncmp(sub_code, "isv.", 4) == 0 ? "40002" : strncmp(sub_code, "isp.", 4) == 0 ? "20000" : "40004";
}

static struct span escaped(const struct alipay_job *job, struct span text)
{
    size_t size = 0;
    char *to = arena_try(job->http->arena, text.size * 6 + 1);
    if (to == NULL) {
        return (struct span){ NULL, 0 };
    }
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.bytes[i];
        const char *name = byte == '&'    ? "&amp;"
                           : byte == '"'  ? "&quot;"
                           : byte == '<'  ? "&lt;"
                           : byte == '>'  ? "&gt;"
                           : byte == '\'' ? "&#39;"
                                          : NULL;
        size_t name_size = name != NULL ? strlen(name) : 1;
        memcpy(to + size, name != NULL ? name : &byte, name_size);
        size += name_size;
    }
    return (struct span){ to, size };
}

/*
 * The text under a wrong signature, as it should have been, up to a length; what cannot be read in its charset is left
 * out.
 */
static struct span expected_text(struct alipay_job *job)
{
    struct span utf8;
    size_t broken_at;
    if (job->expected.size == 0 || charset_decode(job->charset, job->expected, job->http->arena, &utf8, &broken_at) !=
                                       CHARSET_ok) {
        return (struct span){ NULL, 0 };
    }
    if (utf8.size > EXPECTED_SHOWN_MAX) {
        utf8.size = EXPECTED_SHOWN_MAX;
        while (utf8.size > 0 && ((unsigned char)utf8.bytes[utf8.size] & 0xC0) == 0x80) {
            utf8.size--;
        }
    }
    return escaped(job, utf8);
}

static struct span sub_message(struct alipay_job *job)
{
    const char *text = alipay_result_text(job->result)->text;
    struct span expected = expected_text(job);
    size_t capacity = SUB_MESSAGE_SIZE * 2 + expected.size;
    char *to = arena_try(job->http->arena, capacity);
    int size;
    if (to == NULL) {
        return span_of(text);
    }
    if (expected.size > 0) {
        size = snprintf(to, capacity, "%s，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：%.*s", text,
                        (int)expected.size, expected.bytes);
    } else if (job->detail[0] != '\0') {
        size = snprintf(to, capacity, "%s：%s", text, job->detail);
    } else {
        size = snprintf(to, capacity, "%s", text);
    }
    return (struct span){ to, (size_t)size };
}

static void text_member(struct json_out *out, const char *key, struct span text)
{
    json_out_key(out, key);
    json_out_text(out, text);
}

static void node_write(struct alipay_job *job, struct json_out *out)
{
    bool good = alipay_result_good(job->result) && job->forced_code == NULL;
    const char *code = code_of(job);
    json_out_object(out);
    if (!job->v3) {
        text_member(out, "code", span_of(code));
        text_member(out, "msg", span_of(alipay_result_message(code)));
    }
    if (good) {
        fields_write(job, out);
    } else if (!job->v3) {
        text_member(out, "sub_code", span_of(sub_code_of(job)));
        text_member(out, "sub_msg", sub_message(job));
    } else {
        text_member(out, "code", span_of(alipay_result_v3_code(sub_code_of(job))));
        text_member(out, "message", sub_message(job));
        json_out_key(out, "links");
        json_out_array(out);
        json_out_array_end(out);
    }
    json_out_object_end(out);
}

/* The node's bytes as they go out: slashes escaped, in the charset, encrypted. Bytes NULL: no room. */
static struct span node_make(struct alipay_job *job)
{
    static _Thread_local char scratch[NODE_SIZE_MAX];
    struct arena *arena = job->http->arena;
    struct json_out out;
    struct span none = { NULL, 0 };
    size_t slashes = 0, size = 0;
    json_out_init(&out, scratch, sizeof(scratch));
    node_write(job, &out);
    struct span json = json_out_end(&out);
    if (json.size == 0 && job->expected.size > 0) {
        job->expected = none; /* too long to be shown */
        json_out_init(&out, scratch, sizeof(scratch));
        node_write(job, &out);
        json = json_out_end(&out);
    }
    for (size_t i = 0; i < json.size; i++) {
        slashes += json.bytes[i] == '/';
    }
    char *bytes = json.size > 0 ? arena_try(arena, json.size + slashes) : NULL;
    if (bytes == NULL) {
        return none;
    }
    for (size_t i = 0; i < json.size; i++) {
        if (json.bytes[i] == '/') {
            bytes[size++] = '\\';
        }
        bytes[size++] = json.bytes[i];
    }
    struct span node = { bytes, size };
    if (charset_encode(job->charset, node, '?', arena, &node) != CHARSET_ok) {
        return none;
    }
    if (job->encrypted && !alipay_encrypt(job->app->aes_key, node, arena, &node)) {
        return none;
    }
    return node;
}

/* ---- the form protocol ---- */

static void put(char *to, size_t *size, struct span text)
{
    memcpy(to + *size, text.bytes, text.size);
    *size += text.size;
}

static struct span node_name(const struct alipay_job *job, char to[ALIPAY_NAME_SIZE_MAX + 16])
{
    if (job->method_name[0] == '\0') {
        return SPAN("error_response");
    }
    int size = snprintf(to, ALIPAY_NAME_SIZE_MAX + 16, "%s_response", job->method_name);
    for (int i = 0; i < size; i++) {
        to[i] = to[i] == '.' ? '_' : to[i];
    }
    return (struct span){ to, (size_t)size };
}

/* {"node":value,"alipay_cert_sn":"…","sign":"…"}; without a signature where nobody could check it. */
static struct span envelope(struct alipay_job *job, struct span node, const struct platform_keys *keys)
{
    char name_text[ALIPAY_NAME_SIZE_MAX + 16], sign[ALIPAY_SIGNATURE_TEXT_SIZE];
    struct span name = node_name(job, name_text);
    size_t size = 0, capacity = node.size + name.size + sizeof(sign) + CERT_SN_SIZE + 64;
    char *to = arena_try(job->http->arena, capacity);
    if (to == NULL) {
        return (struct span){ NULL, 0 };
    }
    put(to, &size, SPAN("{\""));
    put(to, &size, name);
    put(to, &size, SPAN("\":"));
    size_t signed_at = size;
    put(to, &size, job->encrypted ? SPAN("\"") : SPAN(""));
    put(to, &size, node);
    put(to, &size, job->encrypted ? SPAN("\"") : SPAN(""));
    struct span covered = { to + signed_at, size - signed_at };
    if (job->app != NULL && keys != NULL) {
        int64_t begun_ns = alipay_spend_begin(job->worker);
        size_t sign_size = alipay_sign(&keys->key, job->digest, covered, sign);
        alipay_spend(job->worker, &job->door->counts.sign_ns, begun_ns);
        if (job->certified) {
            put(to, &size, SPAN(",\"alipay_cert_sn\":\""));
            put(to, &size, span_of(keys->cert_sn));
            put(to, &size, SPAN("\""));
        }
        put(to, &size, SPAN(",\"sign\":\""));
        put(to, &size, (struct span){ sign, sign_size });
        put(to, &size, SPAN("\""));
    }
    put(to, &size, SPAN("}"));
    assert(size <= capacity);
    return (struct span){ to, size };
}

/*
 * The protocol calls its JSON text/html, and what stands in it was written by others: a browser that is led here must
 * find neither a script in it nor this server's cookies.
 */
static const struct http_header harmless[] = {
    { "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox" },
    { "X-Content-Type-Options", "nosniff" },
};

/* What a shopper sees whose browser was sent with a request that does not do. */
static void page_answer(struct alipay_job *job, const struct http_header headers[3])
{
    struct span message = escaped(job, sub_message(job));
    size_t capacity = 1024 + message.size;
    char *to = arena_try(job->http->arena, capacity);
    int size = to == NULL ? 0
                          : snprintf(to, capacity,
                                     "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\">"
                                     "<meta name=\"viewport\" content=\"width=device-width\"><title>Onetill</title>"
                                     "<h1>抱歉，无法付款</h1><p>This payment cannot be begun. Go back to the shop and try "
                                     "again.</p><p><code>%s</code></p><p>%.*s</p></html>",
                                     alipay_result_v3_code(sub_code_of(job)), (int)message.size,
                                     message.bytes != NULL ? message.bytes : "");
    http_answer(job->http, 200, "text/html;charset=utf-8", (struct span){ to, (size_t)size }, headers, 3);
}

static void v2_answer(struct alipay_job *job, struct span node, const struct platform_keys *keys)
{
    static const char *const types[] = { [CHARSET_utf_8] = "text/html;charset=utf-8",
                                         [CHARSET_gbk] = "text/html;charset=GBK",
                                         [CHARSET_gb2312] = "text/html;charset=GB2312",
                                         [CHARSET_gb18030] = "text/html;charset=GB18030" };
    struct http_header headers[4] = { { "trace_id", job->trace_id }, harmless[0], harmless[1] };
    bool page = job->method != NULL && (job->method->flags & METHOD_page) != 0;
    if (page && job->result == RESULT_success) {
        checkout_redirect(job->door->settings.checkout, job->http, job->told.trade.trade_id);
        return;
    }
    if (page) {
        page_answer(job, headers);
        return;
    }
    struct span body = envelope(job, node, keys);
    if (body.bytes == NULL) {
        http_answer(job->http, 503, "text/plain", SPAN("no room\n"), headers, 3);
        return;
    }
    char *address = job->method != NULL && (job->method->flags & METHOD_wallet) != 0 && job->result == RESULT_success
                        ? arena_try(job->http->arena, CHECKOUT_URL_SIZE)
                        : NULL;
    if (address != NULL) {
        (void)checkout_url(job->door->settings.checkout, job->told.trade.trade_id, address);
        headers[3] = (struct http_header){ "Onetill-Checkout", address };
    }
    job->worker->owed++;
    http_answer_later(job->http, 200, types[job->charset], body, headers, address != NULL ? 4 : 3);
}

/* ---- the REST protocol ---- */

static int v3_status(const struct alipay_job *job)
{
    if (job->forced_code != NULL && alipay_result_find(span_of(job->forced_code)) == RESULT_none) {
        return 400;
    }
    return alipay_result_text(job->result)->v3_status;
}

static void v3_answer(struct alipay_job *job, struct span node, const struct platform_keys *keys)
{
    struct arena *arena = job->http->arena;
    struct http_header headers[5];
    size_t count = 0;
    int stamp_size = snprintf(job->stamp, sizeof(job->stamp), "%lld", (long long)(os_now_us() / 1000));
    snprintf(job->nonce, sizeof(job->nonce), "%.16s%016llx", job->trace_id, (unsigned long long)os_monotonic_ns());
    headers[count++] = (struct http_header){ "alipay-trace-id", job->trace_id };
    if (job->app != NULL && keys != NULL) {
        char *sign = arena_try(arena, ALIPAY_SIGNATURE_TEXT_SIZE);
        struct span text =
            v3_answer_text((struct span){ job->stamp, (size_t)stamp_size }, span_of(job->nonce), node, arena);
        if (sign == NULL || text.bytes == NULL) {
            http_answer(job->http, 503, "text/plain", SPAN("no room\n"), NULL, 0);
            return;
        }
        int64_t begun_ns = alipay_spend_begin(job->worker);
        (void)alipay_sign(&keys->key, ALIPAY_RSA2, text, sign);
        alipay_spend(job->worker, &job->door->counts.sign_ns, begun_ns);
        headers[count++] = (struct http_header){ "alipay-timestamp", job->stamp };
        headers[count++] = (struct http_header){ "alipay-nonce", job->nonce };
        headers[count++] = (struct http_header){ "alipay-signature", sign };
        if (job->certified) {
            headers[count++] = (struct http_header){ "alipay-sn", keys->cert_sn };
        }
    }
    const char *type = job->encrypted ? "text/plain;charset=utf-8" : "application/json;charset=utf-8";
    job->worker->owed++;
    http_answer_later(job->http, v3_status(job), type, node, headers, count);
}

void alipay_job_answer(struct alipay_job *job)
{
    struct alipay *door = job->door;
    struct alipay_app *app = job->app;
    char error[160] = "";
    const struct platform_keys *keys =
        app != NULL ? platform_keys(door->settings.platform, error, sizeof(error)) : NULL;
    if (app != NULL && keys == NULL && job->result != RESULT_success) {
        job->result = RESULT_unknow_error;
    }
    bool good = alipay_result_good(job->result);
    atomic_fetch_add_explicit(good ? &door->counts.answered : &door->counts.failed, 1, memory_order_relaxed);
    struct span node = node_make(job);
    if (node.bytes == NULL) {
        http_answer(job->http, 503, "text/plain", SPAN("no room\n"), NULL, 0);
    } else if (job->v3) {
        v3_answer(job, node, keys);
    } else {
        v2_answer(job, node, keys);
    }
    if (app != NULL) {
        alipay_app_drop(app);
    }
}
