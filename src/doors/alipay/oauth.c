/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/oauth.h"

#include <stdio.h>
#include <strings.h>

#include "doors/alipay/page_call.h"
#include "doors/rest/page_problem.h"
#include "people/app.h"
#include "people/grant.h"

#define SIGNED_SIZE (8 + 4)
#define MAC_SIZE 8
#define TEXT_BYTES (SIGNED_SIZE + MAC_SIZE)
#define ADDRESS_TEXT_SIZE 513 /* of a redirect_uri, with its zero */
#define STATE_SIZE 257
#define REDIRECT_SIZE (ADDRESS_TEXT_SIZE + 3 * STATE_SIZE + 256)
#define PAGE_FILE "/oauth/index.html"

static_assert(OAUTH_TEXT_SIZE == 2 * TEXT_BYTES + 1, "a text is hex");

struct oauth {
    struct arena arena;
    struct engine *engine;
    struct session_door *session;
    struct hmac_key key;
    const struct shape_plan *grant_plan;
    bool local;
};

/* ---- what a page sends ---- */

struct grant_body {
    int64_t app_id;
    int32_t scope;
    char redirect_uri[ADDRESS_TEXT_SIZE];
    char state[STATE_SIZE];
};
static const struct column body_columns[] = {
    COLUMN(grant_body, app_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(grant_body, scope, .form = FORM_choice, .names = grant_scopes, .flags = COLUMN_required),
    COLUMN(grant_body, redirect_uri, .flags = COLUMN_required, .least = 1),
    COLUMN(grant_body, state),
};
static const struct shape body_shape = SHAPE("oauth_grant", grant_body, body_columns);

struct oauth *oauth_open(const struct oauth_settings *settings)
{
    struct arena arena;
    arena_init(&arena, 16 * 1024, 256 * 1024);
    struct oauth *oauth = arena_take(&arena, sizeof(*oauth));
    oauth->engine = settings->engine;
    oauth->session = settings->session;
    oauth->local = settings->test_clock;
    oauth->grant_plan = shape_plan_make(&arena, &body_shape);
    master_key_derive_hmac(settings->key, "onetill grants v1", &oauth->key);
    oauth->arena = arena;
    return oauth;
}

void oauth_close(struct oauth *oauth)
{
    struct arena arena = oauth->arena;
    hmac_key_wipe(&oauth->key);
    arena_release(&arena);
}

/* ---- texts of codes and tokens ---- */

static void text_mac(const struct oauth *oauth, enum oauth_kind kind, const uint8_t *bytes, uint8_t mac[SHA256_SIZE])
{
    uint8_t message[1 + SIGNED_SIZE] = { (uint8_t)kind };
    memcpy(message + 1, bytes, SIGNED_SIZE);
    hmac_write(&oauth->key, message, sizeof(message), mac);
}

void oauth_text_write(const struct oauth *oauth, enum oauth_kind kind, int64_t grant_id, int32_t generation,
                      char to[OAUTH_TEXT_SIZE])
{
    uint8_t bytes[TEXT_BYTES], mac[SHA256_SIZE];
    assert(grant_id > 0);
    assert(generation >= 0);
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)((uint64_t)grant_id >> (56 - 8 * i));
    }
    for (int i = 0; i < 4; i++) {
        bytes[8 + i] = (uint8_t)((uint32_t)generation >> (24 - 8 * i));
    }
    text_mac(oauth, kind, bytes, mac);
    memcpy(bytes + SIGNED_SIZE, mac, MAC_SIZE);
    hex_write(bytes, sizeof(bytes), to);
}

bool oauth_text_read(const struct oauth *oauth, enum oauth_kind kind, struct span text, int64_t *grant_id,
                     int32_t *generation)
{
    uint8_t bytes[TEXT_BYTES], mac[SHA256_SIZE];
    uint64_t id = 0;
    uint32_t number = 0;
    if (text.size != OAUTH_TEXT_SIZE - 1 || !hex_read(text, bytes, sizeof(bytes))) {
        return false;
    }
    text_mac(oauth, kind, bytes, mac);
    if (!digest_equal(mac, bytes + SIGNED_SIZE, MAC_SIZE)) {
        return false;
    }
    for (int i = 0; i < 8; i++) {
        id = id << 8 | bytes[i];
    }
    for (int i = 0; i < 4; i++) {
        number = number << 8 | bytes[8 + i];
    }
    *grant_id = (int64_t)id;
    *generation = (int32_t)number;
    return true;
}

/* ---- where a browser may be sent ---- */

static bool begins(struct span text, const char *front)
{
    size_t size = strlen(front);
    return text.size >= size && strncasecmp(text.bytes, front, size) == 0;
}

/* Scheme and authority of an http address; empty when it is none that can be trusted to mean what it shows. */
static struct span origin_of(struct span uri)
{
    size_t at = begins(uri, "https://") ? 8 : begins(uri, "http://") ? 7 : 0;
    size_t first = at;
    if (at == 0) {
        return (struct span){ NULL, 0 };
    }
    for (size_t i = 0; i < uri.size; i++) {
        if (uri.bytes[i] <= ' ' || uri.bytes[i] > '~' || uri.bytes[i] == '\\' || uri.bytes[i] == '"') {
            return (struct span){ NULL, 0 };
        }
    }
    for (; at < uri.size && uri.bytes[at] != '/' && uri.bytes[at] != '?' && uri.bytes[at] != '#'; at++) {
        if (uri.bytes[at] == '@') {
            return (struct span){ NULL, 0 };
        }
    }
    return at > first ? (struct span){ uri.bytes, at } : (struct span){ NULL, 0 };
}

static bool origin_equal(struct span a, struct span b)
{
    return a.size > 0 && a.size == b.size && strncasecmp(a.bytes, b.bytes, a.size) == 0;
}

static bool is_this_machine(struct span origin)
{
    static const char *const hosts[] = { "localhost", "127.0.0.1", "[::1]" };
    struct span host = { memchr(origin.bytes, '/', origin.size), 0 };
    host.bytes += 2; /* behind "//" */
    host.size = (size_t)(origin.bytes + origin.size - host.bytes);
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        size_t size = strlen(hosts[i]);
        if (begins(host, hosts[i]) && (host.size == size || host.bytes[size] == ':')) {
            return true;
        }
    }
    return false;
}

bool oauth_redirect_fits(struct span uri, struct span notify_url, struct span gateway_url, bool local)
{
    struct span origin = origin_of(uri);
    if (origin.size == 0) {
        return false;
    }
    return origin_equal(origin, origin_of(notify_url)) || origin_equal(origin, origin_of(gateway_url)) ||
           (local && is_this_machine(origin));
}

/* ---- asking about the app, and granting: each in one decision ---- */

struct ask {
    int64_t app_id;
    int64_t shopper_id; /* 0: only look */
    int32_t scope;
    int32_t local;
    char redirect_uri[ADDRESS_TEXT_SIZE];
    char state[STATE_SIZE]; /* only for the answer's page */
};
static const struct column ask_columns[] = { COLUMN(ask, app_id, .form = FORM_id) };
static const struct shape ask_shape = SHAPE("oauth_ask", ask, ask_columns);

struct asked {
    char app_name[NAME_SIZE];
    char merchant_name[NAME_SIZE];
    bool fits; /* the address; nothing was granted when it does not */
    struct grant_row grant;
};
static const struct column asked_columns[] = { COLUMN(asked, app_name) };
static const struct shape asked_shape = SHAPE("oauth_asked", asked, asked_columns);

static enum refusal decide_ask(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct ask *want = request;
    struct asked *to = answer;
    const struct app_row *app = app_ask(view, want->app_id);
    const struct merchant_row *merchant = merchant_ask(view, app->merchant_id);
    if (!row_exists(app) || app->disabled != 0) {
        return REFUSAL_app_unknown;
    }
    memcpy(to->app_name, app->name, sizeof(to->app_name));
    memcpy(to->merchant_name, merchant->name, sizeof(to->merchant_name));
    to->fits = oauth_redirect_fits(span_of(want->redirect_uri), span_of(app->notify_url), span_of(app->gateway_url),
                                   want->local != 0);
    if (!to->fits || want->shopper_id == 0) {
        return REFUSAL_none;
    }
    struct grant_create grant = { .app_id = want->app_id, .shopper_id = want->shopper_id, .scope = want->scope };
    return grant_create.decide(&grant, at, view, &to->grant);
}

static const struct command oauth_look = {
    .name = "oauth_look",
    .number = 161,
    .flags = COMMAND_reads | COMMAND_internal,
    .callers = CALLERS_PLATFORM,
    .request = &ask_shape,
    .answer = &asked_shape,
    .decide = decide_ask,
    .summary = "The app that asks for a grant, as the page shows it.",
};
static const struct command oauth_agree = {
    .name = "oauth_agree",
    .number = 162,
    .flags = COMMAND_internal,
    .callers = CALLER_BIT(shopper),
    .request = &ask_shape,
    .answer = &asked_shape,
    .decide = decide_ask,
    .summary = "A shopper agrees that an app knows them.",
};

static void uri_problem(struct http_request *http)
{
    page_field_problem(http, "redirect_uri", "is not an address of this app");
}

static void looked(struct page_call *self)
{
    const struct asked *asked = self->call.answer;
    char bytes[2048];
    struct json_out out;
    if (!asked->fits) {
        uri_problem(self->http);
        return;
    }
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "app");
    json_out_text(&out, span_of(asked->app_name));
    json_out_key(&out, "merchant");
    json_out_text(&out, span_of(asked->merchant_name));
    json_out_object_end(&out);
    page_json_answer(self->http, &out, NULL, 0);
}

/* False after it answered what is wrong. */
static bool scope_known(struct http_request *http, struct span scope)
{
    if (span_equal(scope, span_of(grant_scopes[SCOPE_auth_base])) ||
        span_equal(scope, span_of(grant_scopes[SCOPE_auth_user]))) {
        return true;
    }
    page_field_problem(http, "scope", "must be auth_base or auth_user");
    return false;
}

static void look_serve(void *context, struct http_request *http, const struct caller *caller,
                       const struct span *params, uint32_t param_count)
{
    static const struct caller system = { .kind = CALLER_system };
    struct oauth *oauth = context;
    int64_t app_id;
    (void)caller;
    (void)params;
    (void)param_count;
    if (!span_to_i64(http_query_value(http, "app_id"), &app_id)) {
        page_field_problem(http, "app_id", "must be a number");
        return;
    }
    if (!scope_known(http, http_query_value(http, "scope"))) {
        return;
    }
    struct page_call *self = page_call_make(http, &oauth_look, system, oauth, looked);
    if (self == NULL) {
        return;
    }
    struct ask *want = page_call_request(self);
    *want = (struct ask){ .app_id = app_id, .local = oauth->local };
    if (!span_copy(http_query_value(http, "redirect_uri"), want->redirect_uri, sizeof(want->redirect_uri))) {
        uri_problem(http);
        return;
    }
    page_call_submit(self, oauth->engine);
}

/* ---- the shopper agrees ---- */

static void escaped(struct span text, char *to)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];
        bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                     byte == '-' || byte == '_' || byte == '.' || byte == '~';
        if (plain) {
            *to++ = (char)byte;
        } else {
            *to++ = '%';
            *to++ = digits[byte >> 4];
            *to++ = digits[byte & 15];
        }
    }
    *to = '\0';
}

static void agreed(struct page_call *self)
{
    const struct oauth *oauth = self->context;
    const struct ask *want = self->call.request;
    const struct asked *asked = self->call.answer;
    char code[OAUTH_TEXT_SIZE], state[3 * STATE_SIZE], redirect[REDIRECT_SIZE], bytes[2 * REDIRECT_SIZE];
    struct json_out out;
    if (!asked->fits) {
        uri_problem(self->http);
        return;
    }
    struct span fragment;
    struct span front = span_cut(span_of(want->redirect_uri), '#', &fragment);
    oauth_text_write(oauth, OAUTH_code, asked->grant.grant_id, 0, code);
    escaped(span_of(want->state), state);
    int size = snprintf(redirect, sizeof(redirect),
                        "%.*s%capp_id=%lld&source=alipay_wallet&scope=%s%s%s&auth_code=%s%s%.*s", (int)front.size,
                        front.bytes, memchr(front.bytes, '?', front.size) != NULL ? '&' : '?',
                        (long long)want->app_id, grant_scopes[want->scope], state[0] != '\0' ? "&state=" : "", state,
                        code, fragment.size > 0 ? "#" : "", (int)fragment.size,
                        fragment.size > 0 ? fragment.bytes : "");
    assert(size > 0);
    assert((size_t)size < sizeof(redirect));
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "redirect");
    json_out_text(&out, (struct span){ redirect, (size_t)size });
    json_out_object_end(&out);
    page_json_answer(self->http, &out, NULL, 0);
}

static void grant_serve(void *context, struct http_request *http, const struct caller *caller,
                        const struct span *params, uint32_t param_count)
{
    struct oauth *oauth = context;
    struct grant_body body = { .state = "" };
    struct caller shopper;
    (void)caller;
    (void)params;
    (void)param_count;
    if (!session_check(oauth->session, http, &shopper)) {
        page_stranger_problem(http, "log in first");
        return;
    }
    if (!page_body_read(http, oauth->grant_plan, &body)) {
        return;
    }
    struct page_call *self = page_call_make(http, &oauth_agree, shopper, oauth, agreed);
    if (self == NULL) {
        return;
    }
    struct ask *want = page_call_request(self);
    *want = (struct ask){ .app_id = body.app_id, .shopper_id = shopper.id, .scope = body.scope, .local = oauth->local };
    memcpy(want->redirect_uri, body.redirect_uri, sizeof(want->redirect_uri));
    memcpy(want->state, body.state, sizeof(want->state));
    page_call_submit(self, oauth->engine);
}

static void page_serve(void *context, struct http_request *http, const struct caller *caller,
                       const struct span *params, uint32_t param_count)
{
    (void)context;
    (void)caller;
    (void)params;
    (void)param_count;
    page_file_answer(http, 200, PAGE_FILE);
}

void oauth_pages(struct oauth *oauth, struct rest_page to[OAUTH_PAGE_COUNT])
{
    const struct rest_page pages[OAUTH_PAGE_COUNT] = {
        { .name = "oauth_page", .method = "GET", .route = "/oauth2/publicAppAuthorize.htm", .serve = page_serve,
          .content_type = "text/html", .summary = "Where a shopper lets an app know who they are." },
        { .name = "oauth_app", .method = "GET", .route = "/oauth2/app", .serve = look_serve,
          .content_type = "application/json", .summary = "The app that asks." },
        { .name = "oauth_grant", .method = "POST", .route = "/oauth2/grant", .serve = grant_serve,
          .content_type = "application/json", .summary = "The shopper agrees." },
    };
    for (size_t i = 0; i < OAUTH_PAGE_COUNT; i++) {
        to[i] = pages[i];
        to[i].callers = CALLER_BIT(none);
        to[i].context = oauth;
        to[i].unlisted = true;
    }
}
