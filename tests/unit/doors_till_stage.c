/* SPDX-License-Identifier: Apache-2.0 */
#include "doors_till_stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/os_clock.h"
#include "doors/told_rows.h"

static int64_t stage_now(void *context)
{
    return atomic_load(&((struct stage *)context)->now_us);
}

static void stage_begin(struct stage *stage)
{
    uint8_t key[MASTER_KEY_SIZE] = "0123456789abcdef0123456789abcde";
    atomic_store(&stage->now_us, HOUSE_NOON_US);
    stage->house.settings.now_us = stage_now; /* read by the doors' threads too */
    stage->house.settings.clock_context = stage;
    master_key_init(&stage->key, key);
    stage->tokens = tokens_open(&stage->key);
    stage_reopen(stage);
}

void stage_join(struct stage *stage, struct store *store, int number)
{
    *stage = (struct stage){ .folder = "" };
    house_open_store(&stage->house, store, true);
    stage->house.key_next = (uint64_t)number * 1000000; /* others call by other keys */
    stage->house.settings.tells = doors_tells;
    stage_begin(stage);
}

void stage_open(struct stage *stage, bool sqlite)
{
    *stage = (struct stage){ .folder = "" };
    if (sqlite) {
        char path[128];
        snprintf(stage->folder, sizeof(stage->folder), "/tmp/onetill-doors-XXXXXX");
        assert_non_null(mkdtemp(stage->folder));
        snprintf(path, sizeof(path), "%s/store", stage->folder);
        house_open_sqlite(&stage->house, path);
    } else {
        house_open_memory(&stage->house, NULL);
    }
    stage_begin(stage);
}

/* A clock that stands still follows those of other processes, as a server's test clock does. */
static void clock_follow(void *context, const struct commit *commit)
{
    struct stage *stage = context;
    if (commit->foreign && commit->at_us > atomic_load(&stage->now_us)) {
        atomic_store(&stage->now_us, commit->at_us);
    }
}

void stage_reopen(struct stage *stage)
{
    house_reopen_engine(&stage->house);
    engine_observe(stage->house.engine, clock_follow, stage);
}

void stage_close(struct stage *stage)
{
    house_settle(&stage->house);
    house_close(&stage->house);
    tokens_close(stage->tokens);
    if (stage->folder[0] != '\0') {
        folder_remove(stage->folder);
    }
}

void stage_door_open(struct stage *stage, const struct rest_page *pages, size_t count)
{
    static const struct command *const none[] = { NULL };
    char error[256] = "";
    struct rest_settings rest = { .engine = stage->house.engine,
                                  .store = stage->house.store,
                                  .tokens = stage->tokens,
                                  .key = &stage->key,
                                  .commands = stage->commands != NULL ? stage->commands : none,
                                  .pages = pages,
                                  .page_count = count,
                                  .version = "0.1" };
    struct http_settings http = http_settings_default();
    http.listen = "127.0.0.1:0";
    http.thread_count = 2;
    http.body_max = BODY_SIZE_MAX;
    stage->rest = rest_open(&rest, error, sizeof(error));
    assert_non_null(stage->rest);
    stage->server = http_open(&http, rest_handle, stage->rest, error, sizeof(error));
    assert_non_null(stage->server);
}

void stage_door_close(struct stage *stage)
{
    bool closed = http_close(stage->server);
    assert_true(closed);
    rest_close(stage->rest);
}

void stage_move(struct stage *stage, int64_t us)
{
    atomic_fetch_add(&stage->now_us, us);
    if (stage->other != NULL) {
        atomic_fetch_add(&stage->other->now_us, us);
    }
}

static bool stage_step(struct stage *stage)
{
    struct engine *engine = stage->house.engine;
    bool worked = engine_step(engine);
    return (stage->house.store->shared && engine_hear(engine)) || worked;
}

static void stage_go_on(struct stage *stage)
{
    bool worked = stage_step(stage);
    if (stage->other != NULL) {
        worked = stage_step(stage->other) || worked;
    }
    if (!worked) {
        usleep(200);
    }
}

void stage_wait(struct stage *stage, bool (*holds)(void *context), void *context)
{
    int64_t until_us = os_monotonic_us() + STAGE_WAIT_US;
    while (!holds(context)) {
        if (os_monotonic_us() > until_us) {
            fail_msg("waited in vain");
        }
        stage_go_on(stage);
    }
}

void stage_pass(struct stage *stage, int64_t us)
{
    int64_t until_us = os_monotonic_us() + us;
    while (os_monotonic_us() < until_us) {
        stage_go_on(stage);
    }
}

/* ---- the city ---- */

enum refusal city_try(struct stage *stage, const struct command *command, const void *request)
{
    return house_call(&stage->house, house_operator, command, request, NULL);
}

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fail_msg("refused: %s", refusal_text((int)refusal)->name);
    }
}

void city_make(struct stage *stage)
{
    for (int64_t id = 1; id <= 2; id++) {
        struct merchant_create merchant = { .merchant_id = id, .name = "Wu Mart" };
        must(city_try(stage, &merchant_create, &merchant));
    }
    for (int64_t id = 1; id <= 3; id++) {
        struct shop_create shop = { .shop_id = id, .merchant_id = id < 3 ? 1 : 2 };
        snprintf(shop.name, sizeof(shop.name), "\xe7\x89\xa9\xe7\xbe\x8e \"%lld\"", (long long)id);
        must(city_try(stage, &shop_create, &shop));
        struct terminal_create terminal = { .terminal_id = id, .shop_id = id };
        must(city_try(stage, &terminal_create, &terminal));
    }
    for (int64_t id = 1; id <= 2; id++) {
        struct shopper_create shopper = { .shopper_id = id };
        struct paycode_issue device = { .shopper_id = id, .device_id = id };
        struct wallet_move money = { .shopper_id = id, .amount_minor = 450000 };
        must(city_try(stage, &shopper_create, &shopper));
        must(city_try(stage, &paycode_issue, &device));
        must(city_try(stage, &wallet_top_up, &money));
    }
}

void city_campaign(struct stage *stage, int64_t campaign_id, int64_t budget_minor)
{
    struct campaign_rules rules = { .campaign_id = campaign_id,
                                    .name = "Half price",
                                    .kind = CAMPAIGN_percentage,
                                    .percent_bp = 5000,
                                    .starts_at_us = HOUSE_NOON_US - US_PER_DAY,
                                    .ends_at_us = HOUSE_NOON_US + 30 * US_PER_DAY,
                                    .targets_count = 1,
                                    .targets = { { TARGET_merchant, 1 } } };
    struct campaign_fund fund = { .campaign_id = campaign_id, .platform_minor = budget_minor };
    must(city_try(stage, &campaign_create, &rules));
    must(city_try(stage, &campaign_fund, &fund));
}

int64_t city_endpoint(struct stage *stage, int64_t merchant_id, const char *url)
{
    struct {
        int64_t merchant_id;
        char url[512];
    } want = { .merchant_id = merchant_id }; /* as endpoint_create is asked */
    struct endpoint_row endpoint;
    assert_int_equal(endpoint_create.request->size, sizeof(want));
    bool fits = span_copy(span_of(url), want.url, sizeof(want.url));
    assert_true(fits);
    must(house_call(&stage->house, house_operator, &endpoint_create, &want, &endpoint));
    return endpoint.endpoint_id;
}

struct trade_row city_pay(struct stage *stage, int64_t shopper_id, int64_t shop_id, int64_t amount_minor)
{
    static int number;
    struct trade_row trade;
    stage_move(stage, 3 * US_PER_MINUTE);
    struct trade_pay want = { .shop_id = shop_id,
                              .terminal_id = shop_id,
                              .amount_minor = amount_minor,
                              .code_device_id = shopper_id,
                              .code_step = atomic_load(&stage->now_us) / US_PER_MINUTE };
    snprintf(want.out_trade_no, sizeof(want.out_trade_no), "no-%08d", ++number);
    must(house_call(&stage->house, house_shop(shop_id), &trade_pay, &want, &trade));
    return trade;
}

void city_refund(struct stage *stage, const struct trade_row *trade, int64_t amount_minor)
{
    static int number;
    struct trade_refund want = { .trade_id = trade->trade_id, .amount_minor = amount_minor };
    snprintf(want.out_request_no, sizeof(want.out_request_no), "back-%08d", ++number);
    must(house_call(&stage->house, house_shop(trade->shop_id), &trade_refund, &want, NULL));
}

/* ---- the client ---- */

const char *stage_bearer(struct stage *stage, struct caller caller, int64_t token_id)
{
    static char line[128];
    char token[TOKEN_TEXT_SIZE];
    tokens_issue(stage->tokens, caller, token_id, token);
    snprintf(line, sizeof(line), "Authorization: Bearer %s\r\n", token);
    return line;
}

void stream_open(struct stream *stream, struct stage *stage, const char *path, const char *headers)
{
    stream_send(stream, stage, "GET", path, headers, "");
}

void stream_send(struct stream *stream, struct stage *stage, const char *method, const char *path, const char *headers,
                 const char *body)
{
    char request[2048];
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(http_port(stage->server)) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *stream =
        (struct stream){ .stage = stage, .text = malloc(STREAM_TEXT_MAX), .raw = malloc(STREAM_TEXT_MAX) };
    assert_non_null(stream->text);
    assert_non_null(stream->raw);
    stream->text[0] = '\0';
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(stream->fd >= 0);
    assert_int_equal(connect(stream->fd, (struct sockaddr *)&to, sizeof(to)), 0);
    int size = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: x\r\n%s", method, path, headers);
    if (body[0] != '\0') {
        size += snprintf(request + size, sizeof(request) - (size_t)size,
                         "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
    }
    size += snprintf(request + size, sizeof(request) - (size_t)size, "\r\n%s", body);
    assert_true(size > 0 && (size_t)size < sizeof(request));
    assert_int_equal(send(stream->fd, request, (size_t)size, MSG_NOSIGNAL), size);
    assert_int_equal(fcntl(stream->fd, F_SETFL, O_NONBLOCK), 0);
}

/* Takes the head and whole chunks out of the raw bytes. */
static void stream_decode(struct stream *stream)
{
    if (!stream->in_body) {
        stream->raw[stream->raw_size] = '\0';
        char *end = strstr(stream->raw, "\r\n\r\n");
        if (end == NULL) {
            return;
        }
        stream->raw_read = (size_t)(end + 4 - stream->raw);
        memcpy(stream->text, stream->raw, stream->raw_read);
        stream->size = stream->raw_read;
        stream->text[stream->size] = '\0';
        stream->in_body = true;
        stream->chunked = strcasestr(stream->text, "transfer-encoding: chunked") != NULL;
    }
    while (stream->raw_read < stream->raw_size) {
        char *at = stream->raw + stream->raw_read;
        size_t left = stream->raw_size - stream->raw_read;
        if (!stream->chunked) {
            stream->chunk_left = left;
        }
        if (stream->chunk_left == 0) {
            char *line = memchr(at, '\n', left);
            if (line == NULL) {
                break;
            }
            stream->chunk_left = strtoul(at, NULL, 16);
            if (at[0] == '\r') { /* behind the chunk before */
                stream->chunk_left = 0;
            } else if (stream->chunk_left == 0) {
                stream->ended = true;
            }
            stream->raw_read += (size_t)(line + 1 - at);
            continue;
        }
        size_t part = left < stream->chunk_left ? left : stream->chunk_left;
        memcpy(stream->text + stream->size, at, part);
        stream->size += part;
        stream->raw_read += part;
        stream->chunk_left -= part;
    }
    stream->text[stream->size] = '\0';
}

static bool stream_more(struct stream *stream)
{
    ssize_t part =
        recv(stream->fd, stream->raw + stream->raw_size, STREAM_TEXT_MAX - 1 - stream->raw_size, 0);
    if (part > 0) {
        stream->raw_size += (size_t)part;
        assert_true(stream->raw_size < STREAM_TEXT_MAX - 1);
        stream_decode(stream);
        return true;
    }
    stream->ended = stream->ended || part == 0 || (errno != EAGAIN && errno != EINTR);
    return false;
}

/* Not strstr: under a sanitizer each call of it measures all of the text that follows. */
static const char *stream_find(const struct stream *stream, const char *at, const char *wanted)
{
    size_t size = strlen(wanted);
    const char *end = stream->text + stream->size;
    while (at != NULL && (size_t)(end - at) >= size) {
        at = memchr(at, wanted[0], (size_t)(end - at) - size + 1);
        if (at == NULL || memcmp(at, wanted, size) == 0) {
            return at;
        }
        at++;
    }
    return NULL;
}

size_t stream_count(const struct stream *stream, const char *wanted)
{
    size_t count = 0;
    for (const char *at = stream->text; (at = stream_find(stream, at, wanted)) != NULL; at++) {
        count++;
    }
    return count;
}

struct expectation {
    struct stream *stream;
    const char *wanted;
    size_t times;
};

static bool stream_has(void *context)
{
    const struct expectation *expectation = context;
    while (stream_more(expectation->stream)) {
    }
    return stream_count(expectation->stream, expectation->wanted) >= expectation->times;
}

void stream_until(struct stream *stream, const char *wanted, size_t times)
{
    struct expectation expectation = { stream, wanted, times };
    stage_wait(stream->stage, stream_has, &expectation);
}

static bool stream_has_ended(void *context)
{
    struct stream *stream = context;
    while (stream_more(stream)) {
    }
    return stream->ended;
}

void stream_until_end(struct stream *stream)
{
    stage_wait(stream->stage, stream_has_ended, stream);
}

void stream_read(struct stream *stream, int64_t us)
{
    int64_t until_us = os_monotonic_us() + us;
    while (os_monotonic_us() < until_us) {
        stage_pass(stream->stage, 5000);
        while (stream_more(stream)) {
        }
    }
}

const char *stream_data(const struct stream *stream, const char *event, size_t n)
{
    static char data[STREAM_TEXT_MAX];
    char line[64];
    const char *at = stream->text;
    snprintf(line, sizeof(line), "event: %s\ndata: ", event);
    for (size_t i = 0; i <= n; i++) {
        at = stream_find(stream, i > 0 ? at + 1 : at, line);
        if (at == NULL) {
            return NULL;
        }
    }
    at += strlen(line);
    const char *end = stream_find(stream, at, "\n\n");
    if (end == NULL) {
        return NULL;
    }
    memcpy(data, at, (size_t)(end - at));
    data[end - at] = '\0';
    return data;
}

void stream_close(struct stream *stream)
{
    (void)close(stream->fd);
    free(stream->text);
    free(stream->raw);
}
