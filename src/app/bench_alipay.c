/* SPDX-License-Identifier: Apache-2.0 */
#include "app/bench_alipay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/bench.h"
#include "app/json_member.h"
#include "base/os_clock.h"
#include "doors/alipay/form_text.h"
#include "doors/alipay/money_text.h"
#include "doors/alipay/params.h"
#include "load/http_fire.h"
#include "people/app.h"

#define KEY_PAIRS 4
#define THREADS_MAX 64
#define CEILING_US US_PER_SECOND
#define CHUNK 16          /* payments that a thread takes at a time */
#define REQUEST_SIZE 4096 /* about 1100 are used */
#define PATH_SIZE 2048
#define BIZ_SIZE 512
#define SAMPLE_OF 16 /* the signature of every so many'th answer is checked */
#define LOOK_US 50000
#define SIGN_BLOCK ((size_t)16 << 10)

static const char node_start[] = "{\"alipay_trade_pay_response\":";

struct kept {
    char *bytes;
    size_t size;
};

struct bench_alipay {
    const struct bench_settings *settings;
    struct bench_server *server;
    uint32_t threads;
    uint32_t brands;
    struct alipay_key pairs[KEY_PAIRS]; /* of the apps: app n signs with n % KEY_PAIRS */
    struct alipay_key own[THREADS_MAX]; /* the first pair once more for each thread: nothing is shared */
    int64_t *shop_of_brand;             /* where an app's payments without a shop go */
    struct alipay_key platform;
    struct bench_rsa rsa;
    uint64_t apps_made;
    /* What is ready to be sent. */
    struct bench_ready *ready;
    uint64_t ready_count, ready_next;
    uint64_t plan_position, plan_round;
    /* Answers whose signature is to be looked at. */
    struct kept *kept;
    size_t kept_count, kept_capacity;
    uint64_t seen;
};

/* ---- threads ---- */

struct crew {
    struct bench_alipay *alipay;
    const struct bench_load *load;
    atomic_uint_fast64_t next, done;
    int64_t end_us;
    atomic_uint_fast64_t cpu_ns;
};

struct hand {
    struct crew *crew;
    uint32_t number;
    pthread_t thread;
};

static void crew_start(struct crew *crew, struct hand *hands, void *(*work)(void *))
{
    for (uint32_t i = 0; i < crew->alipay->threads; i++) {
        hands[i] = (struct hand){ .crew = crew, .number = i };
        int rc = pthread_create(&hands[i].thread, NULL, work, &hands[i]);
        assert(rc == 0);
    }
}

static void crew_join(const struct crew *crew, struct hand *hands)
{
    for (uint32_t i = 0; i < crew->alipay->threads; i++) {
        (void)pthread_join(hands[i].thread, NULL);
    }
}

/* ---- the ceiling ---- */

static void *ceiling_work(void *context)
{
    struct hand *hand = context;
    struct crew *crew = hand->crew;
    const struct alipay_key *key = &crew->alipay->own[hand->number];
    struct alipay_key public;
    char request[600], answer[900], sign[ALIPAY_SIGNATURE_TEXT_SIZE];
    uint64_t done = 0;
    memset(request, 'q', sizeof(request));
    memset(answer, 'a', sizeof(answer));
    alipay_public_of(key, &public);
    size_t size = alipay_sign(key, ALIPAY_RSA2, (struct span){ request, sizeof(request) }, sign);
    char signed_by_client[ALIPAY_SIGNATURE_TEXT_SIZE];
    memcpy(signed_by_client, sign, size);
    int64_t begun_ns = os_thread_cpu_ns();
    while (os_monotonic_us() < crew->end_us) {
        bool good = alipay_verify(&public, ALIPAY_RSA2, (struct span){ request, sizeof(request) },
                                  (struct span){ signed_by_client, size });
        assert(good);
        (void)alipay_sign(key, ALIPAY_RSA2, (struct span){ answer, sizeof(answer) }, sign);
        done++;
    }
    atomic_fetch_add(&crew->cpu_ns, (uint64_t)(os_thread_cpu_ns() - begun_ns));
    atomic_fetch_add(&crew->done, done);
    alipay_key_release(&public);
    return NULL;
}

struct bench_rsa bench_alipay_rsa(struct bench_alipay *alipay)
{
    struct crew crew = { .alipay = alipay };
    struct hand hands[THREADS_MAX];
    int64_t begun_us = os_monotonic_us();
    crew.end_us = begun_us + CEILING_US;
    crew_start(&crew, hands, ceiling_work);
    crew_join(&crew, hands);
    uint64_t done = atomic_load(&crew.done);
    alipay->rsa.per_second = done * 1000000 / (uint64_t)max_i64(os_monotonic_us() - begun_us, 1);
    alipay->rsa.pair_ns = (int64_t)(atomic_load(&crew.cpu_ns) / (done > 0 ? done : 1));
    return alipay->rsa;
}

uint64_t bench_alipay_need(const struct bench_alipay *alipay, uint32_t connections)
{
    const struct bench_settings *settings = alipay->settings;
    uint64_t seconds = (uint64_t)(settings->seconds + settings->warmup);
    /* What else the machine did while the ceiling was measured may be over. */
    uint64_t by_cpu = alipay->threads * UINT64_C(1000000000) / (uint64_t)max_i64(alipay->rsa.pair_ns, 1);
    uint64_t ceiling = by_cpu > alipay->rsa.per_second ? by_cpu : alipay->rsa.per_second;
    uint64_t per_second = settings->rate > 0 ? settings->rate + settings->rate / 10 : ceiling + ceiling / 4;
    return seconds * per_second + 2 * (uint64_t)connections + 100;
}

/* ---- requests ---- */

static size_t pair_write(char *to, const char *name, struct span value)
{
    size_t size = form_encode(span_of(name), to);
    to[size++] = '=';
    return size + form_encode(value, to + size);
}

static size_t biz_write(const struct bench_load *load, const struct bench_ready *ready, char to[BIZ_SIZE])
{
    char code[PAYCODE_SIZE], amount[YUAN_TEXT_SIZE];
    bench_code_write(load, ready->position, ready->round, code);
    (void)yuan_write(ready->amount_minor, amount);
    int size = snprintf(to, BIZ_SIZE,
                        "{\"out_trade_no\":\"B%0*lld\",\"scene\":\"bar_code\",\"auth_code\":\"%s\","
                        "\"subject\":\"groceries\",\"total_amount\":\"%s\",\"alipay_store_id\":\"%u\","
                        "\"operator_id\":\"cashier 1\",\"terminal_id\":\"till %u\"}",
                        BENCH_NUMBER_DIGITS, (long long)(load->number_base + (int64_t)ready->sequence), code, amount,
                        ready->shop + 1, (unsigned)(ready->sequence % 2 + 1));
    assert(size > 0 && size < BIZ_SIZE);
    return (size_t)size;
}

/* As the official SDKs send it: the content in the body, everything else in the address. */
static void request_write(struct http_request *http, const struct alipay_params *params, struct span biz)
{
    char path[PATH_SIZE];
    static const char start[] = "/gateway.do?";
    size_t capacity, size = sizeof(start) - 1;
    memcpy(path, start, size);
    for (size_t i = 0; i < params->count; i++) {
        const struct alipay_param *param = &params->list[i];
        if (span_equal(param->name, SPAN("biz_content"))) {
            continue;
        }
        char name[ALIPAY_NAME_SIZE_MAX + 1];
        bool fits = span_copy(param->name, name, sizeof(name)) &&
                    size + FORM_ENCODED_MAX(param->name.size + param->value.size) + 2 <= sizeof(path);
        assert(fits);
        if (path[size - 1] != '?') {
            path[size++] = '&';
        }
        size += pair_write(path + size, name, param->value);
    }
    http_request_line(http, SPAN("POST"), (struct span){ path, size });
    http_request_raw(http, SPAN("Host: till\r\nAccept: application/json\r\n"
                                "Content-Type: application/x-www-form-urlencoded;charset=UTF-8\r\n"));
    char *to = http_request_body(http, &capacity);
    assert(capacity >= FORM_ENCODED_MAX(biz.size) + 16);
    http_request_body_end(http, pair_write(to, "biz_content", biz));
    assert(!http->failed);
}

static void ready_sign(const struct bench_alipay *alipay, const struct bench_load *load, struct bench_ready *ready,
                       struct arena *arena)
{
    struct alipay_params params;
    struct http_request http;
    char app[24], stamp[BEIJING_TEXT_SIZE], biz[BIZ_SIZE], bytes[REQUEST_SIZE];
    int64_t brand = city_merchant_of_shop(&load->city->settings, ready->shop);
    int app_size = snprintf(app, sizeof(app), "%lld", (long long)(APP_ID_GIVEN + brand));
    struct span biz_text = { biz, biz_write(load, ready, biz) };
    const struct {
        struct span name, value;
    } list[] = {
        { SPAN("method"), SPAN("alipay.trade.pay") },
        { SPAN("app_id"), { app, (size_t)app_size } },
        { SPAN("charset"), SPAN("utf-8") },
        { SPAN("version"), SPAN("1.0") },
        { SPAN("sign_type"), SPAN("RSA2") },
        { SPAN("timestamp"), { stamp, beijing_write(os_now_us(), stamp) } },
        { SPAN("biz_content"), biz_text },
    };
    bool fits = true;
    arena_rewind(arena);
    alipay_params_init(&params, arena);
    for (size_t i = 0; i < COUNT_OF(list); i++) {
        fits = alipay_params_add(&params, list[i].name, list[i].value) == ALIPAY_PARAMS_ok && fits;
    }
    fits = alipay_params_sign(&params, &alipay->pairs[brand % KEY_PAIRS], ALIPAY_RSA2, ALIPAY_SIGNED_request) && fits;
    assert(fits);
    http_request_init(&http, bytes, sizeof(bytes));
    request_write(&http, &params, biz_text);
    ready->text = malloc(http.size);
    assert(ready->text != NULL);
    memcpy(ready->text, bytes, http.size);
    ready->size = http.size;
}

static void *sign_work(void *context)
{
    struct hand *hand = context;
    struct crew *crew = hand->crew;
    struct bench_alipay *alipay = crew->alipay;
    struct arena arena;
    arena_init(&arena, SIGN_BLOCK, SIGN_BLOCK * 4);
    for (;;) {
        uint64_t first = atomic_fetch_add(&crew->next, CHUNK);
        if (first >= alipay->ready_count) {
            break;
        }
        uint64_t count = alipay->ready_count - first < CHUNK ? alipay->ready_count - first : CHUNK;
        for (uint64_t i = 0; i < count; i++) {
            ready_sign(alipay, crew->load, &alipay->ready[first + i], &arena);
        }
        atomic_fetch_add(&crew->done, count);
    }
    arena_release(&arena);
    return NULL;
}

static void ready_drop(struct bench_alipay *alipay)
{
    for (uint64_t i = alipay->ready_next; i < alipay->ready_count; i++) {
        free(alipay->ready[i].text);
    }
    free(alipay->ready);
    alipay->ready = NULL;
    alipay->ready_count = alipay->ready_next = 0;
}

/* Who pays how much where, and when: in one place, so that the same seed gives the same payments. */
static void ready_plan(struct bench_alipay *alipay, struct bench_load *load, struct bench_ready *ready)
{
    if (alipay->plan_position == load->first_position) {
        alipay->plan_position = 0;
        alipay->plan_round++;
    }
    ready->position = alipay->plan_position++;
    ready->round = alipay->plan_round;
    ready->sequence = load->sequence++;
    bench_payment_draw(load, &ready->shop, &ready->amount_minor);
}

void bench_alipay_prepare(struct bench_alipay *alipay, struct bench_load *load, uint64_t count)
{
    struct crew crew = { .alipay = alipay, .load = load };
    struct hand hands[THREADS_MAX];
    struct progress progress;
    ready_drop(alipay);
    alipay->ready = calloc(count, sizeof(alipay->ready[0]));
    assert(alipay->ready != NULL);
    alipay->ready_count = count;
    for (uint64_t i = 0; i < count; i++) {
        ready_plan(alipay, load, &alipay->ready[i]);
    }
    progress_init(&progress, "signing requests", count, alipay->settings->json ? -1 : STDERR_FILENO,
                  os_monotonic_us());
    crew_start(&crew, hands, sign_work);
    while (atomic_load(&crew.done) < count) {
        progress_set(&progress, atomic_load(&crew.done), os_monotonic_us());
        os_sleep_us(LOOK_US);
    }
    crew_join(&crew, hands);
    progress_set(&progress, count, os_monotonic_us());
    progress_end(&progress, os_monotonic_us());
}

const struct bench_ready *bench_alipay_first(const struct bench_alipay *alipay)
{
    return alipay->ready_next < alipay->ready_count ? &alipay->ready[alipay->ready_next] : NULL;
}

void bench_alipay_pass(struct bench_alipay *alipay)
{
    assert(alipay->ready_next < alipay->ready_count);
    free(alipay->ready[alipay->ready_next].text);
    alipay->ready[alipay->ready_next++].text = NULL;
}

/* ---- answers ---- */

static void answer_keep(struct bench_alipay *alipay, struct span body)
{
    if (alipay->kept_count == alipay->kept_capacity) {
        size_t capacity = alipay->kept_capacity == 0 ? 4096 : alipay->kept_capacity * 2;
        alipay->kept = realloc(alipay->kept, capacity * sizeof(alipay->kept[0]));
        assert(alipay->kept != NULL);
        alipay->kept_capacity = capacity;
    }
    char *bytes = malloc(body.size);
    assert(bytes != NULL);
    memcpy(bytes, body.bytes, body.size);
    alipay->kept[alipay->kept_count++] = (struct kept){ bytes, body.size };
}

static bool holds_text(struct span body, const char *text, int size)
{
    return memmem(body.bytes, body.size, text, (size_t)size) != NULL;
}

static bool yuan_member(struct span body, const char *name, int64_t *minor)
{
    struct span text;
    return json_member(body, name, &text) && yuan_read(text, minor);
}

bool bench_alipay_paid(struct bench_alipay *alipay, const struct answer_in *answer, int64_t number,
                       int64_t amount_minor, int64_t *discount_minor, struct span *code)
{
    static const char paid[] = "{\"alipay_trade_pay_response\":{\"code\":\"10000\",";
    struct span body = answer->body;
    char wanted[64], yuan[YUAN_TEXT_SIZE];
    int64_t platform_minor, merchant_minor;
    if (answer->status != 200 || body.size < sizeof(paid) || memcmp(body.bytes, paid, sizeof(paid) - 1) != 0) {
        if (!json_member(body, "sub_code", code) && !json_member(body, "code", code)) {
            *code = SPAN("answer_unreadable");
        }
        return false;
    }
    *code = SPAN("answer_differs");
    int size = snprintf(wanted, sizeof(wanted), "\"out_trade_no\":\"B%0*lld\"", BENCH_NUMBER_DIGITS, (long long)number);
    if (!holds_text(body, wanted, size)) {
        return false;
    }
    (void)yuan_write(amount_minor, yuan);
    size = snprintf(wanted, sizeof(wanted), "\"total_amount\":\"%s\"", yuan);
    if (!holds_text(body, wanted, size) || !yuan_member(body, "discount_amount", &platform_minor) ||
        !yuan_member(body, "mdiscount_amount", &merchant_minor)) {
        return false;
    }
    *discount_minor = platform_minor + merchant_minor;
    if (alipay->settings->verify_all || alipay->seen++ % SAMPLE_OF == 0) {
        answer_keep(alipay, body);
    }
    return true;
}

/* {"alipay_trade_pay_response":NODE,"sign":"…"}: the signature is over the bytes of the node. */
static bool answer_signed(const struct bench_alipay *alipay, struct span body)
{
    static const char sign_start[] = ",\"sign\":\"";
    assert(memcmp(body.bytes, node_start, sizeof(node_start) - 1) == 0); /* or it would not have been kept */
    struct span rest = { body.bytes + sizeof(node_start) - 1, body.size - (sizeof(node_start) - 1) };
    const char *at = memmem(rest.bytes, rest.size, sign_start, sizeof(sign_start) - 1);
    if (at == NULL) {
        return false;
    }
    struct span node = { rest.bytes, (size_t)(at - rest.bytes) };
    const char *from = at + sizeof(sign_start) - 1;
    struct span sign = span_cut((struct span){ from, (size_t)(rest.bytes + rest.size - from) }, '"', &rest);
    return span_equal(rest, SPAN("}")) && alipay_verify(&alipay->platform, ALIPAY_RSA2, node, sign);
}

struct bench_signatures bench_alipay_check(struct bench_alipay *alipay)
{
    struct bench_signatures found = { .checked = alipay->kept_count };
    for (size_t i = 0; i < alipay->kept_count; i++) {
        found.wrong += !answer_signed(alipay, (struct span){ alipay->kept[i].bytes, alipay->kept[i].size });
        free(alipay->kept[i].bytes);
    }
    alipay->kept_count = 0;
    return found;
}

/* ---- apps ---- */

static void app_make(void *context, uint64_t index, struct http_request *http)
{
    struct bench_alipay *alipay = context;
    char key[ALIPAY_PUBLIC_TEXT_SIZE], head[160];
    size_t capacity, brand = (size_t)index + 1;
    (void)alipay_public_write(&alipay->pairs[brand % KEY_PAIRS], key);
    int size = snprintf(head, sizeof(head),
                        "Host: till\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\n"
                        "Idempotency-Key: bench-app-%zu\r\n",
                        alipay->server->operator_token, brand);
    assert(size > 0 && size < (int)sizeof(head));
    http_request_line(http, SPAN("POST"), SPAN("/v1/apps"));
    http_request_raw(http, (struct span){ head, (size_t)size });
    char *to = http_request_body(http, &capacity);
    size = snprintf(to, capacity,
                    "{\"app_id\":\"%lld\",\"merchant_id\":\"%zu\",\"shop_id\":\"%lld\",\"name\":\"tills of brand %zu\","
                    "\"public_key\":\"%s\"}",
                    (long long)(APP_ID_GIVEN + (int64_t)brand), brand, (long long)alipay->shop_of_brand[index], brand,
                    key);
    assert(size > 0 && (size_t)size < capacity);
    http_request_body_end(http, (size_t)size);
}

static void app_done(void *context, uint64_t index, int status, struct span head, struct span body)
{
    struct bench_alipay *alipay = context;
    (void)head;
    if (status == 201) {
        alipay->apps_made++;
    } else if (index == 0) {
        fprintf(stderr, "onetill bench: no app can be made: %.*s\n", (int)body.size,
                body.bytes != NULL ? body.bytes : "");
    }
}

static bool apps_make(struct bench_alipay *alipay)
{
    struct fire_options fire = { .address = alipay->server->addresses[0],
                                 .count = alipay->brands,
                                 .context = alipay,
                                 .make = app_make,
                                 .done = app_done };
    return http_fire(&fire) == STATUS_ok && alipay->apps_made == alipay->brands;
}

static bool platform_read(struct bench_alipay *alipay)
{
    struct span body, key;
    return bench_server_get(alipay->server, SPAN("/v1/alipay/platform"), &body) &&
           json_member(body, "alipay_public_key", &key) &&
           alipay_public_read(key, &alipay->platform) == ALIPAY_KEY_ok;
}

static void keys_make(struct bench_alipay *alipay)
{
    char pem[ALIPAY_PRIVATE_PEM_SIZE];
    for (size_t i = 0; i < KEY_PAIRS; i++) {
        alipay_keypair_make(ALIPAY_RSA2_BITS_MIN, &alipay->pairs[i]);
    }
    size_t size = alipay_private_write(&alipay->pairs[0], ALIPAY_PKCS8, pem);
    for (uint32_t i = 0; i < alipay->threads; i++) {
        enum alipay_key_error error = alipay_private_read((struct span){ pem, size }, &alipay->own[i]);
        assert(error == ALIPAY_KEY_ok);
    }
    explicit_bzero(pem, sizeof(pem));
}

struct bench_alipay *bench_alipay_open(const struct bench_load *load, struct bench_server *server)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const struct city_settings *city = &load->city->settings;
    struct bench_alipay *alipay = calloc(1, sizeof(*alipay));
    assert(alipay != NULL);
    alipay->settings = load->settings;
    alipay->server = server;
    alipay->threads = processors < 1 ? 1 : (uint32_t)min_i64(processors, THREADS_MAX);
    alipay->brands = city_brand_count(city);
    alipay->shop_of_brand = calloc(alipay->brands, sizeof(alipay->shop_of_brand[0]));
    assert(alipay->shop_of_brand != NULL);
    for (uint32_t shop = city_shop_count(city); shop > 0; shop--) {
        alipay->shop_of_brand[city_merchant_of_shop(city, shop - 1) - 1] = shop;
    }
    keys_make(alipay);
    if (!apps_make(alipay) || !platform_read(alipay)) {
        fprintf(stderr, "onetill bench: the gateway cannot be used\n");
        bench_alipay_close(alipay);
        return NULL;
    }
    return alipay;
}

void bench_alipay_close(struct bench_alipay *alipay)
{
    if (alipay == NULL) {
        return;
    }
    ready_drop(alipay);
    (void)bench_alipay_check(alipay);
    free(alipay->kept);
    free(alipay->shop_of_brand);
    for (size_t i = 0; i < KEY_PAIRS; i++) {
        alipay_key_release(&alipay->pairs[i]);
    }
    for (uint32_t i = 0; i < alipay->threads; i++) {
        alipay_key_release(&alipay->own[i]);
    }
    if (alipay->platform.handle != NULL) {
        alipay_key_release(&alipay->platform);
    }
    free(alipay);
}
