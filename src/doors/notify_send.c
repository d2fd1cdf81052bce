/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt over HTTP: what is sent, signed by Standard Webhooks or as a notice, and how libcurl is held. */
#include <stdio.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/os_clock.h"
#include "doors/alipay/certificate.h"
#include "doors/alipay/platform.h"
#include "doors/notify_internal.h"
#include "doors/reach.h"
#include "doors/till_edits.h"

#define HEADER_SIZE 192
#define CONNECT_TIMEOUT_MS 5000L
#define ENVELOPE_SIZE 256 /* of the body around the trade */
#define ID_SIZE 32

bool send_open(struct notify *notify)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return false;
    }
    notify->multi = curl_multi_init();
    size_t webhook_size_max = ENVELOPE_SIZE + notify->trade_plan->json_size_max;
    notify->body_size_max = webhook_size_max > NOTICE_BODY_SIZE_MAX ? webhook_size_max : NOTICE_BODY_SIZE_MAX;
    return notify->multi != NULL;
}

void send_close(struct notify *notify)
{
    curl_multi_cleanup(notify->multi);
    curl_global_cleanup();
}

/* ---- what libcurl asks ---- */

/* Of the answer's body only the first word is kept; too much of it ends the transfer, whose status stands already. */
static size_t body_seen(char *bytes, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;
    for (size_t i = 0; i < size * count && attempt->answer_size + i < WORD_SIZE; i++) {
        attempt->word[attempt->answer_size + i] = bytes[i];
    }
    attempt->answer_size += size * count;
    return attempt->answer_size <= NOTIFY_ANSWER_MAX ? size * count : 0;
}

/*
 * Whatever the name says, what it resolves to counts: without TLS no webhook leaves this machine, and merchants do
 * not reach into it or the networks around it unless the operator says so. The tills that notices were made for
 * often listen without TLS, so these may.
 */
static bool may_reach(const struct attempt *attempt, const struct sockaddr *address)
{
    bool private_allowed = attempt->notify->settings.private_allowed;
    bool plain_allowed = !attempt->plain || attempt->facts.work.kind == DELIVERY_notice;
    switch (address_reach(address)) {
    case REACH_public:
        return plain_allowed;
    case REACH_loopback:
        return private_allowed;
    case REACH_private:
        break;
    }
    return private_allowed && plain_allowed;
}

static curl_socket_t socket_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct attempt *attempt = context;
    (void)purpose;
    if (!may_reach(attempt, &address->addr)) {
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- what is sent ---- */

static bool trade_read(struct attempt *attempt)
{
    const struct pack *payload = &attempt->facts.work.payload;
    memset(&attempt->trade, 0, sizeof(attempt->trade));
    return shape_unpack(&trade_table.shape, 0, (struct span){ (const char *)payload->bytes, payload->size },
                        &attempt->trade);
}

static bool notice_body(struct notify *notify, struct attempt *attempt)
{
    const struct delivery_facts *facts = &attempt->facts;
    const struct trade_detail *detail = &facts->work.detail;
    struct platform *platform = notify->settings.platform;
    char error[256];
    struct span body;
    const struct platform_keys *keys = platform != NULL ? platform_keys(platform, error, sizeof(error)) : NULL;
    struct notice notice = { .delivery_id = attempt->delivery_id,
                             .topic = facts->work.topic,
                             .created_at_us = facts->work.created_at_us,
                             .now_us = engine_now_us(notify->settings.engine),
                             .app_id = facts->work.app_id,
                             .trade = &attempt->trade,
                             .subject = span_of(detail->subject),
                             .buyer_logon_id = span_of(facts->logon_id),
                             .body = span_of(detail->body),
                             .passback = span_of(detail->passback),
                             .request_no = span_of(facts->work.request_no),
                             .refund_paid_minor = facts->refund_paid_minor,
                             .charset = detail->charset == DETAIL_gbk ? CHARSET_gbk : CHARSET_utf_8,
                             .digest = detail->sign_type == DETAIL_rsa ? ALIPAY_RSA : ALIPAY_RSA2 };
    for (int i = 0; i < DISCOUNTS_MAX; i++) {
        notice.campaign_names[i] = span_of(facts->campaigns[i]);
    }
    arena_rewind(&notify->notice_arena);
    if (keys == NULL || !notice_write(&notice, &keys->key, &notify->notice_arena, &body)) {
        return false;
    }
    memcpy(attempt->body, body.bytes, body.size);
    attempt->body_size = body.size;
    return true;
}

static bool body_write(const struct notify *notify, struct attempt *attempt)
{
    const struct delivery_work *work = &attempt->facts.work;
    struct json_out out;
    char at[INSTANT_TEXT_SIZE];
    json_out_init(&out, attempt->body, notify->body_size_max);
    json_out_object(&out);
    json_out_key(&out, "type");
    json_out_text(&out, span_of(delivery_topics[work->topic]));
    json_out_key(&out, "timestamp");
    json_out_text(&out, (struct span){ at, instant_write(work->created_at_us, 0, at) });
    json_out_key(&out, "data");
    shape_encode(notify->trade_plan, &attempt->trade, &out);
    json_out_object_end(&out);
    attempt->body_size = json_out_end(&out).size;
    return attempt->body_size > 0;
}

/* "v1," and the signature under one generation of the endpoint's secret. */
static size_t signature_write(const struct notify *notify, const struct attempt *attempt, struct span head,
                              int32_t generation, char *to)
{
    uint8_t secret[WEBHOOK_SECRET_SIZE], digest[SHA256_SIZE];
    struct hmac_key key;
    struct span parts[2] = { head, { attempt->body, attempt->body_size } };
    webhook_secret(notify->settings.webhook_key, attempt->facts.work.endpoint_id, generation, secret);
    hmac_key_init(&key, secret, sizeof(secret));
    hmac_write_parts(&key, parts, COUNT_OF(parts), digest);
    hmac_key_wipe(&key);
    explicit_bzero(secret, sizeof(secret));
    memcpy(to, "v1,", 3);
    return 3 + base64_write(digest, sizeof(digest), to + 3);
}

static bool header_add(struct attempt *attempt, const char *text)
{
    struct curl_slist *longer = curl_slist_append(attempt->headers, text);
    attempt->headers = longer != NULL ? longer : attempt->headers;
    return longer != NULL;
}

static bool headers_write(struct notify *notify, struct attempt *attempt)
{
    char id[ID_SIZE], head[2 * ID_SIZE], line[HEADER_SIZE];
    const struct delivery_work *work = &attempt->facts.work;
    int64_t seconds = os_now_us() / US_PER_SECOND;
    snprintf(id, sizeof(id), "msg_%lld", (long long)work->delivery_id);
    int head_size = snprintf(head, sizeof(head), "%s.%lld.", id, (long long)seconds);
    struct span signed_head = { head, (size_t)head_size };

    snprintf(line, sizeof(line), "webhook-id: %s", id);
    bool fits = header_add(attempt, line);
    snprintf(line, sizeof(line), "webhook-timestamp: %lld", (long long)seconds);
    fits = header_add(attempt, line) && fits;
    size_t size = (size_t)snprintf(line, sizeof(line), "webhook-signature: ");
    size += signature_write(notify, attempt, signed_head, work->generation, line + size);
    int64_t now_us = engine_now_us(notify->settings.engine);
    if (work->generation > 0 && now_us - work->rotated_at_us < US_PER_DAY) {
        line[size++] = ' ';
        size += signature_write(notify, attempt, signed_head, work->generation - 1, line + size);
    }
    assert(size < sizeof(line));
    fits = header_add(attempt, line) && fits;
    fits = header_add(attempt, "Content-Type: application/json") && fits;
    return header_add(attempt, "Expect:") && fits; /* the body goes at once */
}

static bool notice_headers(struct attempt *attempt)
{
    char type[NOTICE_TYPE_SIZE], line[HEADER_SIZE];
    notice_type(attempt->facts.work.detail.charset == DETAIL_gbk ? CHARSET_gbk : CHARSET_utf_8, type);
    snprintf(line, sizeof(line), "Content-Type: %s", type);
    return header_add(attempt, line) && header_add(attempt, "Expect:");
}

static bool option_set(bool so_far, CURLcode code)
{
    return so_far && code == CURLE_OK;
}

static bool options_set(const struct notify *notify, struct attempt *attempt)
{
    CURL *easy = attempt->easy;
    long timeout_ms =
        notify->settings.timeout_ms != 0 ? (long)notify->settings.timeout_ms : NOTIFY_TIMEOUT_MS;
    bool set = option_set(true, curl_easy_setopt(easy, CURLOPT_URL, attempt->facts.work.url));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, attempt->plain ? "http" : "https"));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_PROXY, ""));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_USERAGENT, "onetill-webhooks/1"));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_HTTPHEADER, attempt->headers));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_POST, 1L));
    set =
        option_set(set, curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)attempt->body_size));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_POSTFIELDS, attempt->body));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_seen));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_WRITEDATA, attempt));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, socket_open));
    set = option_set(set, curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, attempt));
    return option_set(set, curl_easy_setopt(easy, CURLOPT_PRIVATE, attempt));
}

static void let_go(struct attempt *attempt)
{
    curl_easy_reset(attempt->easy);
    curl_slist_free_all(attempt->headers);
    attempt->headers = NULL;
}

static bool letter_write(struct notify *notify, struct attempt *attempt)
{
    if (!trade_read(attempt)) {
        return false;
    }
    if (attempt->facts.work.kind == DELIVERY_notice) {
        return notice_body(notify, attempt) && notice_headers(attempt);
    }
    return body_write(notify, attempt) && headers_write(notify, attempt);
}

bool send_begin(struct notify *notify, struct attempt *attempt)
{
    attempt->outcome = (struct delivery_done){ .delivery_id = attempt->delivery_id };
    attempt->answer_size = 0;
    attempt->heard_before = false;
    attempt->plain = strncmp(attempt->facts.work.url, "https://", 8) != 0;
    if (attempt->facts.work.disabled != 0) {
        return false; /* the command gives it up */
    }
    if (!letter_write(notify, attempt) || !options_set(notify, attempt) ||
        curl_multi_add_handle(notify->multi, attempt->easy) != CURLM_OK) {
        let_go(attempt);
        return false;
    }
    return true;
}

void send_end(struct notify *notify, struct attempt *attempt)
{
    long status = 0;
    (void)curl_easy_getinfo(attempt->easy, CURLINFO_RESPONSE_CODE, &status);
    attempt->outcome.http_status = status >= 100 && status <= 999 ? (int32_t)status : 0;
    if (attempt->facts.work.kind == DELIVERY_notice) {
        struct span word = { attempt->word, attempt->answer_size < WORD_SIZE ? attempt->answer_size : WORD_SIZE };
        attempt->outcome.heard = attempt->heard_before || notice_heard(status, word);
    }
    (void)curl_multi_remove_handle(notify->multi, attempt->easy);
    let_go(attempt);
}
