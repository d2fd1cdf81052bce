/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/checkout.h"

#include <stdio.h>

#include "base/os_random.h"
#include "doors/alipay/money_text.h"
#include "doors/alipay/page_call.h"
#include "doors/alipay/params.h"
#include "doors/rest/page_problem.h"
#include "doors/static.h"
#include "people/people.h"
#include "till/pay_url.h"
#include "till/qr_image.h"
#include "till/trade.h"

#define MAC_BYTES 16
#define MAC_TEXT_SIZE BASE64URL_SIZE(MAC_BYTES)
#define QR_SVG_SIZE_MAX (64 * 1024)
#define RETURN_SIZE_MAX 4096
#define PAGE_FILE "/checkout/index.html"

struct checkout {
    struct arena arena;
    struct engine *engine;
    struct hmac_key token_key, qr_key;
    const char *base_url;
    bool sandbox;
    const struct alipay_key *(*signing_key)(void *context);
    void *key_context;
};

struct checkout *checkout_open(const struct checkout_settings *settings)
{
    struct arena arena;
    arena_init(&arena, 4096, 64 * 1024);
    struct checkout *checkout = arena_take(&arena, sizeof(*checkout));
    checkout->engine = settings->engine;
    checkout->sandbox = settings->sandbox;
    checkout->signing_key = settings->signing_key;
    checkout->key_context = settings->key_context;
    checkout->base_url = settings->base_url;
    master_key_derive_hmac(settings->key, "onetill checkout v1", &checkout->token_key);
    master_key_derive_hmac(settings->key, "onetill qr v1", &checkout->qr_key);
    checkout->arena = arena;
    return checkout;
}

void checkout_close(struct checkout *checkout)
{
    struct arena arena = checkout->arena;
    hmac_key_wipe(&checkout->token_key);
    hmac_key_wipe(&checkout->qr_key);
    arena_release(&arena);
}

/* ---- tokens and addresses ---- */

static void token_mac(const struct checkout *checkout, struct span id, char to[MAC_TEXT_SIZE])
{
    uint8_t mac[SHA256_SIZE];
    hmac_write(&checkout->token_key, id.bytes, id.size, mac);
    base64url_write(mac, MAC_BYTES, to);
}

struct span checkout_url(const struct checkout *checkout, int64_t trade_id, char to[CHECKOUT_URL_SIZE])
{
    char id[24], mac[MAC_TEXT_SIZE];
    assert(trade_id > 0);
    int id_size = snprintf(id, sizeof(id), "%lld", (long long)trade_id);
    token_mac(checkout, (struct span){ id, (size_t)id_size }, mac);
    int size = snprintf(to, CHECKOUT_URL_SIZE, "%s/checkout/%s.%s", checkout->base_url, id, mac);
    assert(size > 0);
    assert(size < CHECKOUT_URL_SIZE);
    return (struct span){ to, (size_t)size };
}

bool checkout_token_read(const struct checkout *checkout, struct span token, int64_t *trade_id)
{
    char mac[MAC_TEXT_SIZE];
    struct span given;
    struct span id = span_cut(token, '.', &given);
    int64_t number;
    if (!span_to_i64(id, &number) || number <= 0 || id.bytes[0] == '0' || given.size != MAC_TEXT_SIZE - 1) {
        return false;
    }
    token_mac(checkout, id, mac);
    if (!digest_equal(mac, given.bytes, given.size)) {
        return false;
    }
    *trade_id = number;
    return true;
}

static void redirect(struct http_request *http, const char *address)
{
    const struct http_header headers[] = {
        { "Location", address },
        { "Cache-Control", "no-store" },
        { "Referrer-Policy", "no-referrer" },
    };
    http_answer(http, 302, NULL, (struct span){ NULL, 0 }, headers, COUNT_OF(headers));
}

void checkout_redirect(struct checkout *checkout, struct http_request *http, int64_t trade_id)
{
    char *address = arena_try(http->arena, CHECKOUT_URL_SIZE);
    if (address == NULL) {
        http_answer(http, 503, NULL, (struct span){ NULL, 0 }, NULL, 0);
        return;
    }
    (void)checkout_url(checkout, trade_id, address);
    redirect(http, address);
}

/* ---- looking at the trade: everything the pages need of it, at one moment ---- */

struct look {
    int64_t trade_id;
};
static const struct column look_columns[] = { COLUMN(look, trade_id, .form = FORM_id) };
static const struct shape look_shape = SHAPE("checkout_look", look, look_columns);

struct looked {
    struct trade_row trade; /* as it is shown now */
    struct trade_detail detail;
    char shop_name[NAME_SIZE];
    char merchant_name[NAME_SIZE];
    char app_name[NAME_SIZE];
};
static const struct column looked_columns[] = { COLUMN(looked, shop_name) };
static const struct shape looked_shape = SHAPE("checkout_looked", looked, looked_columns);

static enum refusal decide_look(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct look *want = request;
    struct looked *to = answer;
    const struct trade_row *trade = trade_ask(view, want->trade_id);
    const struct trade_detail_row *detail = trade_detail_ask(view, want->trade_id);
    if (!row_exists(trade)) {
        return REFUSAL_trade_unknown;
    }
    const struct shop_row *shop = shop_ask(view, trade->shop_id);
    const struct merchant_row *merchant = merchant_ask(view, trade->merchant_id);
    trade_show(view, at, trade, &to->trade);
    if (row_exists(detail)) {
        to->detail = detail->detail;
    }
    memcpy(to->shop_name, shop->name, sizeof(to->shop_name));
    memcpy(to->merchant_name, merchant->name, sizeof(to->merchant_name));
    return REFUSAL_none;
}

static const struct command checkout_look = {
    .name = "checkout_look",
    .number = 160,
    .flags = COMMAND_reads | COMMAND_internal,
    .callers = CALLERS_PLATFORM,
    .request = &look_shape,
    .answer = &looked_shape,
    .decide = decide_look,
    .summary = "A trade as the checkout page shows it.",
};

static void look(struct checkout *checkout, struct http_request *http, struct span token,
                 void (*answered)(struct page_call *self))
{
    int64_t trade_id;
    if (!checkout_token_read(checkout, token, &trade_id)) {
        page_missing_problem(http, "there is no such checkout");
        return;
    }
    static const struct caller system = { .kind = CALLER_system };
    struct page_call *self = page_call_make(http, &checkout_look, system, checkout, answered);
    if (self != NULL) {
        *(struct look *)page_call_request(self) = (struct look){ .trade_id = trade_id };
        page_call_submit(self, checkout->engine);
    }
}

/* ---- the page's document ---- */

static void text_member(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_text(out, span_of(text));
}

static void number_member(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_i64(out, value);
}

static void bool_member(struct json_out *out, const char *key, bool value)
{
    json_out_key(out, key);
    json_out_bool(out, value);
}

static void trade_answered(struct page_call *self)
{
    const struct checkout *checkout = self->context;
    const struct looked *looked = self->call.answer;
    const struct trade_row *trade = &looked->trade;
    char bytes[8192], qr[PAY_URL_SIZE], trade_no[TRADE_NO_SIZE];
    struct json_out out;
    bool waits = trade->state == TRADE_wait_buyer_pay;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "trade_id");
    json_out_id(&out, trade->trade_id);
    trade_no_write(trade->trade_id, trade_no);
    text_member(&out, "trade_no", trade_no);
    text_member(&out, "out_trade_no", trade->out_trade_no);
    text_member(&out, "shop", looked->shop_name[0] != '\0' ? looked->shop_name : looked->merchant_name);
    text_member(&out, "merchant", looked->merchant_name);
    text_member(&out, "subject", looked->detail.subject[0] != '\0' ? looked->detail.subject : trade->subject);
    text_member(&out, "body", looked->detail.body);
    number_member(&out, "currency", trade->currency);
    number_member(&out, "list_minor", trade->list_minor);
    number_member(&out, "discount_minor", trade->discount_minor);
    number_member(&out, "paid_minor", trade->paid_minor);
    text_member(&out, "state", trade_states[trade->state]);
    text_member(&out, "close_reason", close_reasons[trade->close_reason]);
    bool_member(&out, "scanned", trade->shopper_id != 0);
    page_instant(&out, "expires_at", waits ? trade->expires_at_us : 0);
    page_instant(&out, "paid_at", trade->paid_at_us);
    page_instant(&out, "now", self->call.decided_at_us);
    if (waits) {
        pay_url_write(&checkout->qr_key, span_of(checkout->base_url), PAY_URL_trade, trade->trade_id, qr);
        text_member(&out, "qr", qr);
    }
    bool_member(&out, "returns", looked->detail.return_url[0] != '\0');
    bool_member(&out, "sandbox", checkout->sandbox);
    json_out_object_end(&out);
    page_json_answer(self->http, &out, NULL, 0);
}

static void qr_answered(struct page_call *self)
{
    static const struct http_header headers[] = {
        { "Cache-Control", "private, max-age=3600" },
        { "Content-Security-Policy", "default-src 'none'" },
        { "X-Content-Type-Options", "nosniff" },
    };
    const struct checkout *checkout = self->context;
    const struct looked *looked = self->call.answer;
    char payload[PAY_URL_SIZE];
    size_t size = 0;
    char *image = arena_try(self->http->arena, QR_SVG_SIZE_MAX);
    size_t payload_size = pay_url_write(&checkout->qr_key, span_of(checkout->base_url), PAY_URL_trade,
                                        looked->trade.trade_id, payload);
    if (image == NULL || qr_svg_write((struct span){ payload, payload_size }, QR_LEVEL_medium, image, QR_SVG_SIZE_MAX,
                                      &size) != STATUS_ok) {
        page_busy_problem(self->http, "there is no memory for the picture now");
        return;
    }
    http_answer(self->http, 200, "image/svg+xml", (struct span){ image, size }, headers, COUNT_OF(headers));
}

/* ---- back to the merchant ---- */

/* In the order in which clients are used to see them; the signature sorts. False: no memory. */
static bool return_parameters(const struct looked *looked, int64_t now_us, struct alipay_params *params)
{
    const struct trade_row *trade = &looked->trade;
    char app_id[24], amount[YUAN_TEXT_SIZE], seller[USER_ID_SIZE], trade_no[TRADE_NO_SIZE], now[BEIJING_TEXT_SIZE];
    bool wap = strcmp(looked->detail.product, "QUICK_WAP_WAY") == 0;
    snprintf(app_id, sizeof(app_id), "%lld", (long long)trade->app_id);
    yuan_write(trade->list_minor, amount);
    user_id_write(USER_shop, trade->shop_id, seller);
    trade_no_write(trade->trade_id, trade_no);
    beijing_write(now_us, now);
    const struct {
        const char *name, *value;
    } list[] = {
        { "charset", looked->detail.charset == DETAIL_gbk ? "GBK" : "utf-8" },
        { "out_trade_no", trade->out_trade_no },
        { "method", wap ? "alipay.trade.wap.pay.return" : "alipay.trade.page.pay.return" },
        { "total_amount", amount },
        { "trade_no", trade_no },
        { "auth_app_id", app_id },
        { "version", "1.0" },
        { "app_id", app_id },
        { "sign_type", looked->detail.sign_type == DETAIL_rsa ? "RSA" : "RSA2" },
        { "seller_id", seller },
        { "timestamp", now },
    };
    for (size_t i = 0; i < COUNT_OF(list); i++) {
        struct span value = span_of(list[i].value);
        char *kept = arena_try(params->arena, value.size + 1);
        if (kept == NULL) {
            return false;
        }
        memcpy(kept, value.bytes, value.size + 1);
        if (alipay_params_add(params, span_of(list[i].name), (struct span){ kept, value.size }) != ALIPAY_PARAMS_ok) {
            return false;
        }
    }
    return true;
}

/* The merchant's address with the query behind it, before a fragment; NULL: no room. */
static const char *return_address(struct arena *arena, struct span url, struct span query)
{
    struct span fragment;
    struct span front = span_cut(url, '#', &fragment);
    char *to = arena_try(arena, RETURN_SIZE_MAX);
    if (to == NULL) {
        return NULL;
    }
    bool has_query = memchr(front.bytes, '?', front.size) != NULL;
    int size = snprintf(to, RETURN_SIZE_MAX, "%.*s%c%.*s%s%.*s", (int)front.size, front.bytes, has_query ? '&' : '?',
                        (int)query.size, query.bytes, fragment.size > 0 ? "#" : "", (int)fragment.size,
                        fragment.size > 0 ? fragment.bytes : "");
    return size > 0 && size < RETURN_SIZE_MAX ? to : NULL;
}

static void return_answered(struct page_call *self)
{
    const struct checkout *checkout = self->context;
    const struct looked *looked = self->call.answer;
    struct alipay_params *params = arena_try(self->http->arena, sizeof(*params));
    struct span url = span_of(looked->detail.return_url);
    if (looked->trade.paid_at_us == 0 || url.size == 0) {
        page_missing_problem(self->http, "the trade is not paid, or its shop named no address to return to");
        return;
    }
    const struct alipay_key *key = checkout->signing_key(checkout->key_context);
    if (key == NULL || params == NULL) {
        page_busy_problem(self->http, "the return cannot be signed now");
        return;
    }
    alipay_params_init(params, self->http->arena);
    enum alipay_digest digest = looked->detail.sign_type == DETAIL_rsa ? ALIPAY_RSA : ALIPAY_RSA2;
    bool made = return_parameters(looked, self->call.decided_at_us, params) &&
                alipay_params_sign(params, key, digest, ALIPAY_SIGNED_notice);
    struct span query = made ? alipay_params_write(params) : (struct span){ NULL, 0 };
    const char *address = query.bytes != NULL ? return_address(self->http->arena, url, query) : NULL;
    if (address == NULL) {
        page_busy_problem(self->http, "there is no memory for the return now");
        return;
    }
    redirect(self->http, address);
}

/* ---- the routes ---- */

/* The page is the same for every trade; a token that is none shows it too, and its script says so. */
static void page_serve(void *context, struct http_request *http, const struct caller *caller,
                       const struct span *params, uint32_t param_count)
{
    int64_t trade_id;
    (void)caller;
    (void)param_count;
    if (static_find(http->path) != NULL) {
        static_handle(NULL, http); /* the page's own files stand in the same folder */
        return;
    }
    page_file_answer(http, checkout_token_read(context, params[0], &trade_id) ? 200 : 404, PAGE_FILE);
}

static void trade_serve(void *context, struct http_request *http, const struct caller *caller,
                        const struct span *params, uint32_t param_count)
{
    (void)caller;
    (void)param_count;
    look(context, http, params[0], trade_answered);
}

static void qr_serve(void *context, struct http_request *http, const struct caller *caller,
                     const struct span *params, uint32_t param_count)
{
    (void)caller;
    (void)param_count;
    look(context, http, params[0], qr_answered);
}

static void return_serve(void *context, struct http_request *http, const struct caller *caller,
                         const struct span *params, uint32_t param_count)
{
    (void)caller;
    (void)param_count;
    look(context, http, params[0], return_answered);
}

/* What a QR code says is an address of ours, so that any camera knows what to do with it. */
static void scanned_serve(void *context, struct http_request *http, const struct caller *caller,
                          const struct span *params, uint32_t param_count)
{
    struct checkout *checkout = context;
    enum pay_url_kind kind;
    int64_t id;
    (void)caller;
    (void)params;
    (void)param_count;
    /* Whatever base the code was printed with, the path is what was signed. */
    if (pay_url_parse(&checkout->qr_key, SPAN(""), http->path, &kind, &id) != PAY_URL_ok) {
        page_missing_problem(http, "the code is damaged or not one of ours");
        return;
    }
    if (kind == PAY_URL_trade) {
        checkout_redirect(checkout, http, id);
        return;
    }
    size_t size = CHECKOUT_BASE_MAX + PAY_URL_SIZE + 32;
    char *address = arena_try(http->arena, size);
    if (address == NULL) {
        page_busy_problem(http, "there is no memory for the answer now");
        return;
    }
    /* The code is digits, letters, '-', '_', '.' and '/': it needs no escaping behind the '#'. */
    snprintf(address, size, "%s/wallet/#scan=%s%.*s", checkout->base_url, checkout->base_url, (int)http->path.size,
             http->path.bytes);
    redirect(http, address);
}

void checkout_pages(struct checkout *checkout, struct rest_page to[CHECKOUT_PAGE_COUNT])
{
    const struct rest_page pages[CHECKOUT_PAGE_COUNT] = {
        { .name = "checkout_page", .route = "/checkout/{token}", .serve = page_serve, .content_type = "text/html",
          .summary = "Where a shopper pays a trade in a browser." },
        { .name = "checkout_trade", .route = "/checkout/{token}/trade", .serve = trade_serve,
          .content_type = "application/json", .summary = "What the checkout page shows." },
        { .name = "checkout_qr", .route = "/checkout/{token}/qr.svg", .serve = qr_serve,
          .content_type = "image/svg+xml", .summary = "The trade's QR code." },
        { .name = "checkout_return", .route = "/checkout/{token}/return", .serve = return_serve,
          .content_type = "text/html", .summary = "Back to the merchant, with signed parameters." },
        { .name = "checkout_scanned", .route = "/q/t/{code}", .serve = scanned_serve, .content_type = "text/html",
          .summary = "The page of the trade whose QR a camera opened." },
        { .name = "counter_scanned", .route = "/q/s/{code}", .serve = scanned_serve, .content_type = "text/html",
          .summary = "The wallet, with the counter's QR that a camera opened." },
    };
    for (size_t i = 0; i < CHECKOUT_PAGE_COUNT; i++) {
        to[i] = pages[i];
        to[i].method = "GET";
        to[i].callers = CALLER_BIT(none);
        to[i].context = checkout;
        to[i].unlisted = true;
    }
}
