/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Alipay gateway as its threads meet: many clients at once, apps that change under way, answers that are held
 * back when the door is drained. What methods do is tested from outside; here it is who talks to whom, under the
 * sanitizers. The engine runs on the test's thread, the store is memory.
 */
#include "doors_till_stage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/os_clock.h"
#include "doors/alipay/alipay.h"
#include "doors/alipay/certificate.h"
#include "doors/alipay/money_text.h"
#include "doors/alipay/params.h"
#include "doors/alipay/platform.h"
#include "doors/till_edits.h"
#include "people/app.h"

#define CLIENTS 6
#define CALLS_EACH 12
#define APP_ID INT64_C(9021000000000007)

struct scene {
    struct stage stage;
    struct till_edits edits;
    struct platform *platform;
    struct alipay *door;
    struct rest_page pages[ALIPAY_PAGE_COUNT];
    struct alipay_key key, other_key;
    const struct platform_keys *keys;
    atomic_int finished;
};

static struct scene scene;

/* ---- the scene ---- */

static void app_put(const struct alipay_key *key, int32_t disabled)
{
    char text[ALIPAY_PUBLIC_TEXT_SIZE];
    size_t size = alipay_public_write(key, text);
    struct app_row row = { .app_id = APP_ID };
    if (!house_row(&scene.stage.house, &app_table, &row)) {
        struct app_create create = { .app_id = APP_ID, .merchant_id = 1, .shop_id = 1, .name = "POS" };
        memcpy(create.public_key, text, size + 1);
        assert_int_equal(city_try(&scene.stage, &app_create, &create), REFUSAL_none);
        return;
    }
    struct app_change change = { .app_id = APP_ID, .shop_id = 1, .name = "POS", .disabled = disabled };
    memcpy(change.public_key, text, size + 1);
    assert_int_equal(city_try(&scene.stage, &app_change, &change), REFUSAL_none);
}

/* The server listens, and the workers are still to be started. */
static int scene_listen(void **state)
{
    char error[160];
    (void)state;
    stage_open(&scene.stage, false);
    scene.platform = platform_open(&(struct platform_settings){ .store_path = "memory:" });
    scene.keys = platform_keys(scene.platform, error, sizeof(error));
    assert_non_null(scene.keys);
    alipay_keypair_make(2048, &scene.key);
    alipay_keypair_make(2048, &scene.other_key);
    scene.edits.tokens = scene.stage.tokens;
    till_edits_init(&scene.edits, &scene.stage.key);
    struct alipay_settings settings = { .engine = scene.stage.house.engine,
                                        .store = scene.stage.house.store,
                                        .key = &scene.stage.key,
                                        .paycode_key = &scene.edits.paycode_key,
                                        .qr_key = &scene.edits.qr_key,
                                        .base_url = "http://till.example",
                                        .platform = scene.platform,
                                        .worker_count = 3,
                                        .sandbox = true };
    scene.door = alipay_open(&settings);
    assert_non_null(scene.door);
    city_make(&scene.stage);
    app_put(&scene.key, 0);
    alipay_pages(scene.door, scene.pages);
    stage_door_open(&scene.stage, scene.pages, ALIPAY_PAGE_COUNT);
    atomic_store(&scene.finished, 0);
    return 0;
}

static int scene_open(void **state)
{
    int rc = scene_listen(state);
    alipay_start(scene.door, scene.stage.server);
    return rc;
}

static int scene_close(void **state)
{
    (void)state;
    alipay_drain(scene.door);
    stage_door_close(&scene.stage);
    alipay_close(scene.door);
    alipay_key_release(&scene.key);
    alipay_key_release(&scene.other_key);
    platform_close(scene.platform);
    stage_close(&scene.stage);
    return 0;
}

/* ---- a client ---- */

struct client {
    pthread_t thread;
    const struct alipay_key *key;
    int number, calls;
    bool tampers;
    char answer[8192]; /* of its last call, terminated */
    int good, bad_signature, other;
};

static void param_add(struct alipay_params *params, const char *name, const char *value)
{
    enum alipay_params_error error = alipay_params_add(params, span_of(name), span_of(value));
    assert(error == ALIPAY_PARAMS_ok);
}

/* A signed request as a query; the trade is one that nobody knows. */
static struct span request_make(const struct client *client, int call, struct arena *arena)
{
    char timestamp[BEIJING_TEXT_SIZE];
    char *content = arena_take(arena, 64);
    struct alipay_params *params = arena_take(arena, sizeof(*params));
    beijing_write(os_now_us(), timestamp);
    snprintf(content, 64, "{\"out_trade_no\":\"N%d-%d\"}", client->number, call);
    alipay_params_init(params, arena);
    param_add(params, "app_id", "9021000000000007");
    param_add(params, "method", "alipay.trade.query");
    param_add(params, "charset", "utf-8");
    param_add(params, "sign_type", "RSA2");
    param_add(params, "timestamp", arena_copy(arena, timestamp, sizeof(timestamp)));
    param_add(params, "version", "1.0");
    param_add(params, "biz_content", content);
    bool signed_now = alipay_params_sign(params, client->key, ALIPAY_RSA2, ALIPAY_SIGNED_request);
    assert(signed_now);
    content[2] = client->tampers ? 'O' : 'o';
    return alipay_params_write(params);
}

static void ask(struct client *client, struct span query)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(http_port(scene.stage.server)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = connect(fd, (struct sockaddr *)&to, sizeof(to));
    assert(rc == 0);
    dprintf(fd, "GET /gateway.do?%.*s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", (int)query.size, query.bytes);
    size_t size = 0;
    ssize_t got;
    while (size + 1 < sizeof(client->answer) &&
           (got = read(fd, client->answer + size, sizeof(client->answer) - 1 - size)) > 0) {
        size += (size_t)got;
    }
    client->answer[size] = '\0';
    close(fd);
}

/* Whether the answer's node is signed by the platform. */
static bool is_signed(const char *answer)
{
    const char *node = strstr(answer, "_response\":");
    const char *end = node != NULL ? strstr(node, ",\"sign\":\"") : NULL;
    if (end == NULL) {
        return false;
    }
    node += strlen("_response\":");
    struct span sign = span_of(end + strlen(",\"sign\":\""));
    return sign.size > 2 && alipay_verify(&scene.keys->key, ALIPAY_RSA2, (struct span){ node, (size_t)(end - node) },
                                          (struct span){ sign.bytes, sign.size - 2 });
}

static void *client_main(void *context)
{
    struct client *client = context;
    for (int call = 0; call < client->calls; call++) {
        struct arena arena;
        arena_init(&arena, 64 * 1024, 1024 * 1024);
        ask(client, request_make(client, call, &arena));
        arena_release(&arena);
        bool ours = is_signed(client->answer);
        client->good += ours && strstr(client->answer, "ACQ.TRADE_NOT_EXIST") != NULL;
        client->bad_signature += ours && strstr(client->answer, "isv.invalid-signature") != NULL;
        client->other += !ours || strstr(client->answer, "isv.invalid-app-state") != NULL;
    }
    atomic_fetch_add(&scene.finished, 1);
    return NULL;
}

static void client_start(struct client *client, const struct alipay_key *key, int number, int calls)
{
    *client = (struct client){ .key = key, .number = number, .calls = calls };
    int rc = pthread_create(&client->thread, NULL, client_main, client);
    assert_int_equal(rc, 0);
}

static bool all_finished(void *wanted)
{
    return atomic_load(&scene.finished) == *(const int *)wanted;
}

static void clients_await(struct client *clients, int count)
{
    stage_wait(&scene.stage, all_finished, &count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
    }
    atomic_store(&scene.finished, 0);
}

/* ---- tests ---- */

static void who_comes_before_the_workers_waits_for_them(void **state)
{
    static struct client clients[2];
    int wanted = 1;
    (void)state;
    client_start(&clients[0], &scene.key, 1, 1);
    client_start(&clients[1], &scene.other_key, 2, 1);
    stage_pass(&scene.stage, 100000);
    assert_false(all_finished(&wanted));
    alipay_start(scene.door, scene.stage.server);
    clients_await(clients, 2);
    assert_int_equal(clients[0].good, 1);
    assert_int_equal(clients[1].bad_signature, 1);
}

static void many_at_once_are_each_answered_and_signed(void **state)
{
    static struct client clients[CLIENTS];
    (void)state;
    for (int i = 0; i < CLIENTS; i++) {
        client_start(&clients[i], i == 0 ? &scene.other_key : &scene.key, i, CALLS_EACH);
    }
    clients_await(clients, CLIENTS);
    assert_int_equal(clients[0].bad_signature, CALLS_EACH);
    for (int i = 1; i < CLIENTS; i++) {
        assert_int_equal(clients[i].good, CALLS_EACH);
    }
}

/* While clients ask, the app gets another key and back: each answer is one of the two, and none is lost. */
static void an_app_changes_under_way(void **state)
{
    static struct client clients[CLIENTS];
    int wanted = CLIENTS;
    (void)state;
    for (int i = 0; i < CLIENTS; i++) {
        client_start(&clients[i], &scene.key, i, CALLS_EACH);
    }
    for (int change = 0; !all_finished(&wanted); change++) {
        app_put(change % 2 == 0 ? &scene.other_key : &scene.key, 0);
        stage_pass(&scene.stage, 3000);
        assert_true(change < 20000);
    }
    clients_await(clients, CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(clients[i].good + clients[i].bad_signature, CALLS_EACH);
        assert_int_equal(clients[i].other, 0);
    }
}

static void what_changed_counts_from_the_commit_on(void **state)
{
    static struct client client;
    (void)state;
    app_put(&scene.other_key, 0);
    client_start(&client, &scene.key, 1, 1);
    clients_await(&client, 1);
    assert_int_equal(client.bad_signature, 1);
    client_start(&client, &scene.other_key, 1, 1);
    clients_await(&client, 1);
    assert_int_equal(client.good, 1);
    app_put(&scene.other_key, 1);
    client_start(&client, &scene.other_key, 1, 1);
    clients_await(&client, 1);
    assert_int_equal(client.other, 1);
    assert_non_null(strstr(client.answer, "isv.invalid-app-state"));
}

static void fault_order(const char *order)
{
    char body[256];
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(http_port(scene.stage.server)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const char *bearer = stage_bearer(&scene.stage, house_operator, 5);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    int size = snprintf(body, sizeof(body), "{\"app_id\":\"%lld\",\"fault\":\"%s\"}", (long long)APP_ID, order);
    dprintf(fd, "POST /v1/sandbox/faults HTTP/1.1\r\nHost: t\r\n%sConnection: close\r\nContent-Length: %d\r\n\r\n%s",
            bearer, size, body);
    ssize_t got = read(fd, body, sizeof(body) - 1);
    assert_true(got > 0);
    body[got] = '\0';
    assert_non_null(strstr(body, "HTTP/1.1 200"));
    close(fd);
}

/* An answer that is held back for minutes goes out when the door is drained, and nobody waits for it. */
static void draining_lets_held_answers_go(void **state)
{
    static struct client client;
    int wanted = 1;
    (void)state;
    fault_order("silence");
    client_start(&client, &scene.key, 1, 1);
    stage_pass(&scene.stage, 300000);
    assert_false(all_finished(&wanted));
    int64_t begun_us = os_monotonic_us();
    alipay_drain(scene.door);
    assert_int_equal(pthread_join(client.thread, NULL), 0);
    assert_true(os_monotonic_us() - begun_us < 10000000);
    assert_int_equal(client.good, 1);
    client_start(&client, &scene.key, 2, 1); /* nobody works any more: said at once, unsigned */
    assert_int_equal(pthread_join(client.thread, NULL), 0);
    assert_non_null(strstr(client.answer, "\"code\":\"20000\""));
    atomic_store(&scene.finished, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_comes_before_the_workers_waits_for_them, scene_listen, scene_close),
        cmocka_unit_test_setup_teardown(many_at_once_are_each_answered_and_signed, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(an_app_changes_under_way, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(what_changed_counts_from_the_commit_on, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(draining_lets_held_answers_go, scene_open, scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
