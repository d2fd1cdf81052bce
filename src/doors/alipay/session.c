/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/session.h"

#include <pthread.h>
#include <stdio.h>

#include "base/civil.h"
#include "base/hash.h"
#include "base/os_random.h"
#include "doors/alipay/money_text.h"
#include "doors/alipay/page_call.h"
#include "doors/rest/page_problem.h"
#include "doors/till_edits.h"
#include "till/paycode.h"

#define MAC_SIZE 16
#define SIGNED_SIZE (8 + 8 + 8) /* shopper, end, a random number: two sessions never have the same proof */
#define COOKIE_BYTES (SIGNED_SIZE + MAC_SIZE)
#define SET_COOKIE_SIZE 256
#define ADDRESS_SLOTS 4096 /* a power of two; addresses that meet in one share its limit */

static_assert(BASE64URL_SIZE(COOKIE_BYTES) <= SESSION_TEXT_SIZE, "a cookie fits");

/* Wrong tries from one address in one minute. */
struct tries {
    int64_t minute;
    int32_t count;
};

struct session_door {
    struct arena arena;
    struct engine *engine;
    struct hmac_key cookie_key, proof_key, paycode_key;
    const struct shape_plan *begin_plan;
    bool secure, sandbox;
    pthread_mutex_t lock; /* guards what follows */
    struct tries tries[ADDRESS_SLOTS];
};

/* ---- what a browser sends to begin one ---- */

struct begin_body {
    char account[LOGON_SIZE];
    char login_code[32];
};
static const struct column begin_columns[] = {
    COLUMN(begin_body, account, .flags = COLUMN_required, .least = 1),
    COLUMN(begin_body, login_code, .flags = COLUMN_required, .least = 1),
};
static const struct shape begin_shape = SHAPE("session_begin", begin_body, begin_columns);

struct session_door *session_open(const struct session_settings *settings)
{
    struct arena arena;
    arena_init(&arena, 128 * 1024, 1024 * 1024);
    struct session_door *door = arena_take(&arena, sizeof(*door));
    door->engine = settings->engine;
    door->secure = settings->secure;
    door->sandbox = settings->sandbox;
    master_key_derive_hmac(settings->key, "onetill session v1", &door->cookie_key);
    master_key_derive_hmac(settings->key, "onetill session proof v1", &door->proof_key);
    paycode_master(settings->key, &door->paycode_key);
    door->begin_plan = shape_plan_make(&arena, &begin_shape);
    int rc = pthread_mutex_init(&door->lock, NULL);
    assert(rc == 0);
    door->arena = arena;
    return door;
}

void session_close(struct session_door *door)
{
    struct arena arena = door->arena;
    (void)pthread_mutex_destroy(&door->lock);
    hmac_key_wipe(&door->cookie_key);
    hmac_key_wipe(&door->proof_key);
    hmac_key_wipe(&door->paycode_key);
    arena_release(&arena);
}

/* ---- cookie and proof ---- */

static void i64_write(int64_t value, uint8_t to[8])
{
    for (int i = 7; i >= 0; i--) {
        to[i] = (uint8_t)value;
        value = (int64_t)((uint64_t)value >> 8);
    }
}

static int64_t i64_read(const uint8_t from[8])
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | from[i];
    }
    return (int64_t)value;
}

static void proof_write(const struct session_door *door, struct span cookie, char proof[SESSION_TEXT_SIZE])
{
    uint8_t mac[SHA256_SIZE];
    hmac_write(&door->proof_key, cookie.bytes, cookie.size, mac);
    base64url_write(mac, MAC_SIZE, proof);
}

void session_write(const struct session_door *door, int64_t shopper_id, int64_t ends_at_us,
                   char cookie[SESSION_TEXT_SIZE], char proof[SESSION_TEXT_SIZE])
{
    uint8_t bytes[COOKIE_BYTES], mac[SHA256_SIZE];
    i64_write(shopper_id, bytes);
    i64_write(ends_at_us, bytes + 8);
    os_random(bytes + 16, 8);
    hmac_write(&door->cookie_key, bytes, SIGNED_SIZE, mac);
    memcpy(bytes + SIGNED_SIZE, mac, MAC_SIZE);
    size_t size = base64url_write(bytes, sizeof(bytes), cookie);
    proof_write(door, (struct span){ cookie, size }, proof);
}

/* The value of our cookie among those of the header; empty when there is none. */
static struct span cookie_of(struct http_request *http)
{
    struct span rest = http_header_value(http, "Cookie");
    while (rest.size > 0) {
        struct span value;
        struct span pair = span_trim(span_cut(rest, ';', &rest));
        if (span_equal(span_cut(pair, '=', &value), SPAN(SESSION_COOKIE))) {
            return value;
        }
    }
    return (struct span){ NULL, 0 };
}

/* Whose cookie it is and until when; false: it is none of ours or over. */
static bool cookie_read(struct session_door *door, struct span cookie, int64_t *shopper_id, int64_t *ends_at_us)
{
    uint8_t bytes[COOKIE_BYTES], mac[SHA256_SIZE];
    size_t size = 0;
    if (!base64url_read(cookie, bytes, sizeof(bytes), &size) || size != sizeof(bytes)) {
        return false;
    }
    hmac_write(&door->cookie_key, bytes, SIGNED_SIZE, mac);
    if (!digest_equal(mac, bytes + SIGNED_SIZE, MAC_SIZE)) {
        return false;
    }
    *shopper_id = i64_read(bytes);
    *ends_at_us = i64_read(bytes + 8);
    return *ends_at_us > engine_now_us(door->engine);
}

bool session_check(void *context, struct http_request *http, struct caller *caller)
{
    struct session_door *door = context;
    char proof[SESSION_TEXT_SIZE];
    int64_t ends_at_us;
    struct span cookie = cookie_of(http);
    struct span given = http_header_value(http, SESSION_PROOF_HEADER);
    if (cookie.size == 0 || given.size == 0 || !cookie_read(door, cookie, &caller->id, &ends_at_us)) {
        return false;
    }
    proof_write(door, cookie, proof);
    if (given.size != strlen(proof) || !digest_equal(given.bytes, proof, given.size)) {
        return false;
    }
    caller->kind = CALLER_shopper;
    return true;
}

/* ---- one address may not try for long ---- */

static struct tries *tries_of(struct session_door *door, struct http_request *http, int64_t minute)
{
    struct span peer = http_peer(http);
    struct tries *tries = &door->tries[hash_bytes(peer.bytes, peer.size) & (ADDRESS_SLOTS - 1)];
    if (tries->minute != minute) {
        *tries = (struct tries){ .minute = minute };
    }
    return tries;
}

/* This machine is where a proxy stands that all shoppers come through: they may not lock each other out so soon. */
static int32_t tries_most(struct http_request *http)
{
    struct span peer = http_peer(http);
    bool here = (peer.size > 4 && memcmp(peer.bytes, "127.", 4) == 0) || span_equal(peer, SPAN("::1"));
    return here ? SESSION_ATTEMPTS_HERE_MAX : SESSION_ATTEMPTS_MAX;
}

static bool tries_left(struct session_door *door, struct http_request *http, int32_t more)
{
    int64_t minute = engine_now_us(door->engine) / US_PER_MINUTE;
    pthread_mutex_lock(&door->lock);
    struct tries *tries = tries_of(door, http, minute);
    tries->count += more;
    bool left = tries->count < tries_most(http);
    pthread_mutex_unlock(&door->lock);
    return left;
}

/* ---- the pages ---- */

/* Puts the header's text into the arena; an age of 0 ends the cookie. NULL: no memory. */
static const char *set_cookie_make(const struct session_door *door, struct http_request *http, const char *cookie,
                                   int age_s)
{
    char *text = arena_try(http->arena, SET_COOKIE_SIZE);
    if (text != NULL) {
        int size = snprintf(text, SET_COOKIE_SIZE, "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s",
                            SESSION_COOKIE, cookie, age_s, door->secure ? "; Secure" : "");
        assert(size > 0);
        assert(size < SET_COOKIE_SIZE);
    }
    return text;
}

static void document_members(struct json_out *out, int64_t shopper_id, int64_t ends_at_us, const char *proof)
{
    char user_id[USER_ID_SIZE];
    size_t size = user_id_write(USER_shopper, shopper_id, user_id);
    json_out_key(out, "shopper_id");
    json_out_id(out, shopper_id);
    json_out_key(out, "user_id");
    json_out_text(out, (struct span){ user_id, size });
    page_instant(out, "ends_at", ends_at_us);
    json_out_key(out, "proof");
    json_out_text(out, span_of(proof));
}

static void begin_answered(struct page_call *self)
{
    struct session_door *door = self->context;
    const struct paycode_logged_in *begun = self->call.answer;
    char cookie[SESSION_TEXT_SIZE], proof[SESSION_TEXT_SIZE], bytes[1024];
    int64_t ends_at_us = self->call.decided_at_us + SESSION_SECONDS * US_PER_SECOND;
    struct json_out out;
    session_write(door, begun->shopper_id, ends_at_us, cookie, proof);
    const char *set = set_cookie_make(door, self->http, cookie, SESSION_SECONDS);
    if (set == NULL) {
        page_busy_problem(self->http, "there is no memory for the answer now");
        return;
    }
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    document_members(&out, begun->shopper_id, ends_at_us, proof);
    json_out_key(&out, "name");
    json_out_text(&out, span_of(begun->name));
    json_out_object_end(&out);
    page_json_answer(self->http, &out, &(struct http_header){ "Set-Cookie", set }, 1);
}

static void begin_refused(struct page_call *self)
{
    (void)tries_left(self->context, self->http, 1);
    page_refusal_problem(self->http, self->call.refusal);
}

static void begin_serve(void *context, struct http_request *http, const struct caller *caller,
                        const struct span *params, uint32_t param_count)
{
    static const struct caller system = { .kind = CALLER_system };
    struct session_door *door = context;
    struct begin_body body = { .account = "" };
    enum user_kind kind;
    (void)caller;
    (void)params;
    (void)param_count;
    if (!page_body_read(http, door->begin_plan, &body)) {
        return;
    }
    if (!tries_left(door, http, 0)) {
        page_refusal_problem(http, REFUSAL_attempts_exceeded);
        return;
    }
    struct page_call *self = page_call_make(http, &paycode_login, system, door, begin_answered);
    if (self == NULL) {
        return;
    }
    struct paycode_login *want = page_call_request(self);
    struct span account = span_trim(span_of(body.account));
    self->refused = begin_refused;
    if (!user_id_read(account, &kind, &want->shopper_id) || kind != USER_shopper) {
        bool fits = span_copy(account, want->logon_id, sizeof(want->logon_id));
        assert(fits);
        want->shopper_id = 0;
    }
    logincode_place(&door->paycode_key, span_of(body.login_code), engine_now_us(door->engine),
                    &want->code_device_id, &want->code_step);
    page_call_submit(self, door->engine);
}

/* Needs no proof: it is where a page gets the proof, and another site's script cannot read the answer. */
static void read_serve(void *context, struct http_request *http, const struct caller *caller,
                       const struct span *params, uint32_t param_count)
{
    struct session_door *door = context;
    char proof[SESSION_TEXT_SIZE], bytes[512];
    int64_t shopper_id, ends_at_us;
    struct json_out out;
    struct span cookie = cookie_of(http);
    (void)caller;
    (void)params;
    (void)param_count;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    if (cookie_read(door, cookie, &shopper_id, &ends_at_us)) {
        proof_write(door, cookie, proof);
        document_members(&out, shopper_id, ends_at_us, proof);
    } else {
        json_out_key(&out, "shopper_id");
        json_out_null(&out);
    }
    json_out_key(&out, "sandbox");
    json_out_bool(&out, door->sandbox);
    json_out_object_end(&out);
    page_json_answer(http, &out, NULL, 0);
}

static void end_serve(void *context, struct http_request *http, const struct caller *caller,
                      const struct span *params, uint32_t param_count)
{
    struct session_door *door = context;
    char bytes[64];
    struct json_out out;
    const char *set = set_cookie_make(door, http, "", 0);
    (void)caller;
    (void)params;
    (void)param_count;
    if (set == NULL) {
        page_busy_problem(http, "there is no memory for the answer now");
        return;
    }
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_object_end(&out);
    page_json_answer(http, &out, &(struct http_header){ "Set-Cookie", set }, 1);
}

void session_pages(struct session_door *door, struct rest_page to[SESSION_PAGE_COUNT])
{
    const struct rest_page pages[SESSION_PAGE_COUNT] = {
        { .name = "session_begin", .method = "POST", .serve = begin_serve,
          .summary = "A shopper logs in with the log-in code that the shopper's device shows." },
        { .name = "session_read", .method = "GET", .serve = read_serve, .summary = "Who is logged in." },
        { .name = "session_end", .method = "DELETE", .serve = end_serve, .summary = "Logs out." },
    };
    for (size_t i = 0; i < SESSION_PAGE_COUNT; i++) {
        to[i] = pages[i];
        to[i].route = "/session";
        to[i].callers = CALLER_BIT(none);
        to[i].content_type = "application/json";
        to[i].context = door;
        to[i].unlisted = true;
    }
}
