/* SPDX-License-Identifier: Apache-2.0 */
/* Notices of an app's trades against a receiver; the signatures are checked as a receiver checks them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"
#include "doors/alipay/certificate.h"
#include "doors/alipay/params.h"
#include "doors/alipay/platform.h"
#include "doors/notify.h"
#include "doors/till_edits.h"
#include "doors_receiver.h"
#include "doors_till_stage.h"
#include "people/app.h"

#define APP_ID INT64_C(9021000000000001)
#define FAULTS_MAX 4

struct scene {
    struct stage stage;
    struct receiver receiver;
    struct notify *notify;
    struct hmac_key webhook_key;
    char url[128];
    bool public_only;
    enum alipay_notice_fault faults[FAULTS_MAX]; /* of the next notices, in order */
    int fault_count, fault_next;
};

static struct platform *platform; /* one for all: making keys takes half a second */

static enum alipay_notice_fault fault_of(void *context, int64_t app_id, int64_t *delay_ms)
{
    struct scene *scene = context;
    assert_true(app_id == APP_ID);
    *delay_ms = 60000;
    return scene->fault_next < scene->fault_count ? scene->faults[scene->fault_next++] : ALIPAY_NOTICE_none;
}

static void worker_begin(struct scene *scene)
{
    struct notify_settings settings = { .engine = scene->stage.house.engine,
                                        .store = scene->stage.house.store,
                                        .webhook_key = &scene->webhook_key,
                                        .private_allowed = !scene->public_only,
                                        .platform = platform,
                                        .notice_fault = fault_of,
                                        .fault_context = scene };
    scene->notify = notify_open(&settings);
    assert_non_null(scene->notify);
    notify_start(scene->notify);
}

struct stopping {
    struct notify *notify;
    _Atomic bool stopped;
};

static void *stop_thread(void *context)
{
    struct stopping *stopping = context;
    notify_stop(stopping->notify);
    atomic_store(&stopping->stopped, true);
    return NULL;
}

static bool has_stopped(void *context)
{
    return atomic_load(&((struct stopping *)context)->stopped);
}

static void worker_end(struct scene *scene)
{
    struct stopping stopping = { .notify = scene->notify };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_thread, &stopping), 0);
    stage_wait(&scene->stage, has_stopped, &stopping); /* the worker waits for the engine, which runs here */
    pthread_join(thread, NULL);
    notify_close(scene->notify);
}

static void scene_open(struct scene *scene)
{
    struct app_create app = { .app_id = APP_ID, .merchant_id = 1, .shop_id = 1, .name = "POS" };
    stage_open(&scene->stage, false);
    webhook_master(&scene->stage.key, &scene->webhook_key);
    receiver_open(&scene->receiver);
    atomic_store(&scene->receiver.says, "success");
    snprintf(scene->url, sizeof(scene->url), "http://127.0.0.1:%u/notify", scene->receiver.port);
    snprintf(app.notify_url, sizeof(app.notify_url), "http://127.0.0.1:%u/app", scene->receiver.port);
    city_make(&scene->stage);
    assert_int_equal(city_try(&scene->stage, &app_create, &app), REFUSAL_none);
    stage_reopen(&scene->stage);
    worker_begin(scene);
}

static void scene_close(struct scene *scene)
{
    atomic_store(&scene->receiver.stopping, true);
    worker_end(scene);
    receiver_close(&scene->receiver);
    stage_close(&scene->stage);
}

/* A payment through the app; `detail` may be NULL. */
static struct trade_row app_pay(struct scene *scene, const char *number, const struct trade_detail *detail)
{
    struct trade_row trade;
    stage_move(&scene->stage, 3 * US_PER_MINUTE);
    struct trade_pay want = { .shop_id = 1,
                              .terminal_id = 1,
                              .amount_minor = 1840,
                              .subject = "\xe5\x92\x96\xe5\x95\xa1",
                              .code_device_id = 1,
                              .code_step = atomic_load(&scene->stage.now_us) / US_PER_MINUTE,
                              .app_id = APP_ID };
    snprintf(want.out_trade_no, sizeof(want.out_trade_no), "%s", number);
    if (detail != NULL) {
        want.detail = *detail;
    }
    enum refusal refusal = house_call(&scene->stage.house, house_operator, &trade_pay, &want, &trade);
    if (refusal != REFUSAL_none) {
        fail_msg("refused: %s", refusal_text((int)refusal)->name);
    }
    return trade;
}

struct wanted {
    struct scene *scene;
    uint32_t count;
    int32_t attempts;
    enum delivery_state state;
    uint32_t nth, at;
    struct delivery_row row;
};

static bool has_received(void *context)
{
    const struct wanted *wanted = context;
    return receiver_count(&wanted->scene->receiver) >= wanted->count;
}

static struct received received_nth(struct scene *scene, uint32_t nth)
{
    struct wanted wanted = { .scene = scene, .count = nth + 1 };
    stage_wait(&scene->stage, has_received, &wanted);
    return receiver_at(&scene->receiver, nth);
}

static bool delivery_look(void *context, const void *row)
{
    struct wanted *wanted = context;
    if (wanted->at++ < wanted->nth) {
        return true;
    }
    wanted->row = *(const struct delivery_row *)row;
    return false;
}

static bool has_outcome(void *context)
{
    struct wanted *wanted = context;
    struct store *store = wanted->scene->stage.house.store;
    wanted->at = 0;
    wanted->row = (struct delivery_row){ .delivery_id = 0 };
    house_settle(&wanted->scene->stage.house);
    assert_int_equal(store->ops->scan(store, &delivery_table, (struct span){ NULL, 0 }, delivery_look, wanted),
                     STATUS_ok);
    return wanted->row.attempts == wanted->attempts && wanted->row.state == (int32_t)wanted->state;
}

/* The n-th delivery there ever was, once it has come so far. */
static struct delivery_row outcome(struct scene *scene, uint32_t nth, int32_t attempts, enum delivery_state state)
{
    struct wanted wanted = { .scene = scene, .nth = nth, .attempts = attempts, .state = state };
    stage_wait(&scene->stage, has_outcome, &wanted);
    return wanted.row;
}

struct letter {
    struct arena arena;
    struct alipay_params params;
};

/* As whoever receives it reads and checks it. */
static void letter_open(struct letter *letter, const struct received *received)
{
    char error[256];
    const struct platform_keys *keys = platform_keys(platform, error, sizeof(error));
    assert_non_null(keys);
    arena_init(&letter->arena, 65536, 1 << 20);
    alipay_params_init(&letter->params, &letter->arena);
    assert_int_equal(alipay_params_body(&letter->params, span_of(received->type), span_of(received->body)),
                     ALIPAY_PARAMS_ok);
    assert_true(alipay_notice_verify(&letter->params, &keys->key));
}

static void letter_says(const struct letter *letter, const char *name, const char *value)
{
    struct span found = alipay_param_value(&letter->params, name);
    if (!span_equal(found, span_of(value))) {
        fail_msg("%s is '%.*s'", name, (int)found.size, found.bytes != NULL ? found.bytes : "");
    }
}

static void letter_close(struct letter *letter)
{
    arena_release(&letter->arena);
}

/* ---- facts ---- */

static void a_payment_is_told_where_its_request_said(void **state)
{
    static struct scene scene;
    static struct trade_detail detail;
    static struct letter letter;
    (void)state;
    scene = (struct scene){ .fault_count = 0 };
    detail = (struct trade_detail){ .body = "two cups", .passback = "p=1&q=%20" };
    scene_open(&scene);
    memcpy(detail.notify_url, scene.url, strlen(scene.url));
    app_pay(&scene, "T1", &detail);
    struct received got = received_nth(&scene, 0);
    assert_string_equal(got.path, "/notify");
    assert_string_equal(got.type, "application/x-www-form-urlencoded; charset=utf-8");
    assert_string_equal(got.signature, ""); /* no webhook */
    letter_open(&letter, &got);
    letter_says(&letter, "out_trade_no", "T1");
    letter_says(&letter, "total_amount", "18.40");
    letter_says(&letter, "trade_status", "TRADE_SUCCESS");
    letter_says(&letter, "subject", "\xe5\x92\x96\xe5\x95\xa1");
    letter_says(&letter, "body", "two cups");
    letter_says(&letter, "passback_params", "p=1&q=%20");
    letter_says(&letter, "app_id", "9021000000000001");
    letter_says(&letter, "seller_id", "2088200000000001");
    letter_says(&letter, "buyer_id", "2088000000000001");
    letter_close(&letter);
    struct delivery_row row = outcome(&scene, 0, 1, DELIVERY_done);
    assert_int_equal(row.kind, DELIVERY_notice);
    assert_int_equal(row.last_status, 200);
    scene_close(&scene);
}

static void a_trade_that_names_no_address_is_told_to_its_app(void **state)
{
    static struct scene scene;
    (void)state;
    scene = (struct scene){ .fault_count = 0 };
    scene_open(&scene);
    app_pay(&scene, "T1", NULL);
    assert_string_equal(received_nth(&scene, 0).path, "/app");
    outcome(&scene, 0, 1, DELIVERY_done);
    scene_close(&scene);
}

/* Whatever a web server says by itself, with 200, is not the word. */
static void only_the_word_ends_it_and_the_schedule_is_the_protocols(void **state)
{
    static const int64_t minutes[] = { 4, 10, 10, 60, 120, 360, 900 };
    static struct scene scene;
    static struct letter first, last;
    (void)state;
    scene = (struct scene){ .fault_count = 0 };
    scene_open(&scene);
    atomic_store(&scene.receiver.says, "success\n");
    app_pay(&scene, "T1", NULL);
    for (int32_t i = 0; i < (int32_t)COUNT_OF(minutes); i++) {
        struct delivery_row row = outcome(&scene, 0, i + 1, DELIVERY_pending);
        assert_int_equal(row.last_status, 200);
        assert_int_equal(row.next_at_us - row.last_at_us, minutes[i] * US_PER_MINUTE);
        stage_pass(&scene.stage, 50000); /* the clock stands: nothing may come */
        assert_int_equal(receiver_count(&scene.receiver), (uint32_t)i + 1);
        atomic_store(&scene.receiver.says, i % 2 == 0 ? "<html>success</html>" : "SUCCESS");
        stage_move(&scene.stage, minutes[i] * US_PER_MINUTE + US_PER_SECOND);
    }
    outcome(&scene, 0, 8, DELIVERY_failed);
    struct received one = receiver_at(&scene.receiver, 0), eight = receiver_at(&scene.receiver, 7);
    letter_open(&first, &one);
    letter_open(&last, &eight);
    struct span id = alipay_param_value(&first.params, "notify_id");
    assert_int_equal(id.size, 34);
    assert_true(span_equal(id, alipay_param_value(&last.params, "notify_id")));
    assert_false(span_equal(alipay_param_value(&first.params, "notify_time"),
                            alipay_param_value(&last.params, "notify_time")));
    letter_close(&first);
    letter_close(&last);
    struct notify_counts counts;
    notify_counts(scene.notify, &counts);
    assert_int_equal(counts.attempts, 8);
    assert_int_equal(counts.failures, 8);
    assert_int_equal(counts.given_up, 1);
    scene_close(&scene);
}

static void a_redirect_and_another_status_are_not_heard(void **state)
{
    static struct scene scene;
    (void)state;
    scene = (struct scene){ .fault_count = 0 };
    scene_open(&scene);
    atomic_store(&scene.receiver.way, RECEIVER_redirects);
    app_pay(&scene, "T1", NULL);
    struct delivery_row row = outcome(&scene, 0, 1, DELIVERY_pending);
    assert_int_equal(row.last_status, 307);
    atomic_store(&scene.receiver.way, RECEIVER_answers);
    atomic_store(&scene.receiver.status, 201);
    stage_move(&scene.stage, 5 * US_PER_MINUTE);
    row = outcome(&scene, 0, 2, DELIVERY_pending);
    assert_int_equal(row.last_status, 201);
    atomic_store(&scene.receiver.status, 200);
    stage_move(&scene.stage, 11 * US_PER_MINUTE);
    outcome(&scene, 0, 3, DELIVERY_done);
    assert_int_equal(receiver_count(&scene.receiver), 3);
    scene_close(&scene);
}

static void a_refund_is_told_with_its_number_in_the_trades_charset(void **state)
{
    static struct scene scene;
    static struct trade_detail detail;
    static struct letter letter;
    (void)state;
    scene = (struct scene){ .fault_count = 0 };
    detail = (struct trade_detail){ .charset = DETAIL_gbk, .sign_type = DETAIL_rsa };
    scene_open(&scene);
    struct trade_row trade = app_pay(&scene, "T1", &detail);
    outcome(&scene, 0, 1, DELIVERY_done);
    struct trade_refund want = { .trade_id = trade.trade_id, .amount_minor = 840, .out_request_no = "R1" };
    assert_int_equal(city_try(&scene.stage, &trade_refund, &want), REFUSAL_none);
    struct received got = received_nth(&scene, 1);
    assert_string_equal(got.type, "application/x-www-form-urlencoded; charset=GBK");
    letter_open(&letter, &got);
    letter_says(&letter, "sign_type", "RSA");
    letter_says(&letter, "subject", "\xbf\xa7\xb7\xc8");
    letter_says(&letter, "trade_status", "TRADE_SUCCESS");
    letter_says(&letter, "refund_fee", "8.40");
    letter_says(&letter, "send_back_fee", "8.40");
    letter_says(&letter, "out_biz_no", "R1");
    letter_close(&letter);
    outcome(&scene, 1, 1, DELIVERY_done);
    scene_close(&scene);
}

static void a_replay_begins_anew_under_the_same_id(void **state)
{
    static struct scene scene;
    static struct letter first, again;
    (void)state;
    scene = (struct scene){ .fault_count = 0 };
    scene_open(&scene);
    app_pay(&scene, "T1", NULL);
    struct delivery_row row = outcome(&scene, 0, 1, DELIVERY_done);
    struct delivery_ref ref = { .delivery_id = row.delivery_id };
    assert_int_equal(city_try(&scene.stage, &delivery_replay, &ref), REFUSAL_none);
    struct received one = receiver_at(&scene.receiver, 0), two = received_nth(&scene, 1);
    letter_open(&first, &one);
    letter_open(&again, &two);
    assert_true(span_equal(alipay_param_value(&first.params, "notify_id"),
                           alipay_param_value(&again.params, "notify_id")));
    letter_close(&first);
    letter_close(&again);
    outcome(&scene, 0, 1, DELIVERY_done);
    scene_close(&scene);
}

static void faults_on_demand_lose_repeat_and_delay_one_notice(void **state)
{
    static struct scene scene;
    (void)state;
    scene = (struct scene){ .faults = { ALIPAY_NOTICE_lost, ALIPAY_NOTICE_repeated, ALIPAY_NOTICE_late },
                            .fault_count = 3 };
    scene_open(&scene);
    app_pay(&scene, "T1", NULL);
    struct delivery_row row = outcome(&scene, 0, 1, DELIVERY_pending); /* lost: nobody saw it */
    assert_int_equal(row.last_status, 0);
    assert_int_equal(receiver_count(&scene.receiver), 0);
    stage_move(&scene.stage, 5 * US_PER_MINUTE);
    outcome(&scene, 0, 2, DELIVERY_done); /* repeated: two letters, one attempt */
    assert_int_equal(receiver_count(&scene.receiver), 2);
    assert_string_equal(receiver_at(&scene.receiver, 0).body, receiver_at(&scene.receiver, 1).body);
    app_pay(&scene, "T2", NULL);
    stage_pass(&scene.stage, 200000); /* late */
    assert_int_equal(receiver_count(&scene.receiver), 2);
    stage_move(&scene.stage, 61 * US_PER_SECOND);
    outcome(&scene, 1, 1, DELIVERY_done);
    assert_int_equal(receiver_count(&scene.receiver), 3);
    app_pay(&scene, "T3", NULL); /* no more faults */
    outcome(&scene, 2, 1, DELIVERY_done);
    scene_close(&scene);
}

static void what_is_pending_outlives_a_restart(void **state)
{
    static struct scene scene;
    (void)state;
    scene = (struct scene){ .fault_count = 0 };
    scene_open(&scene);
    atomic_store(&scene.receiver.status, 500);
    app_pay(&scene, "T1", NULL);
    outcome(&scene, 0, 1, DELIVERY_pending);
    worker_end(&scene);
    stage_reopen(&scene.stage);
    atomic_store(&scene.receiver.status, 200);
    worker_begin(&scene);
    stage_move(&scene.stage, 5 * US_PER_MINUTE);
    outcome(&scene, 0, 2, DELIVERY_done);
    scene_close(&scene);
}

static void this_machine_is_reached_only_when_the_operator_says_so(void **state)
{
    static struct scene scene;
    (void)state;
    scene = (struct scene){ .public_only = true };
    scene_open(&scene);
    app_pay(&scene, "T1", NULL);
    struct delivery_row row = outcome(&scene, 0, 1, DELIVERY_pending);
    assert_int_equal(row.last_status, 0);
    assert_int_equal(atomic_load(&scene.receiver.connections), 0);
    scene_close(&scene);
}

static int prepare(void **state)
{
    char error[256];
    (void)state;
    platform = platform_open(&(struct platform_settings){ .store_path = NULL });
    return platform_keys(platform, error, sizeof(error)) == NULL;
}

static int clean_up(void **state)
{
    (void)state;
    platform_close(platform);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payment_is_told_where_its_request_said),
        cmocka_unit_test(a_trade_that_names_no_address_is_told_to_its_app),
        cmocka_unit_test(only_the_word_ends_it_and_the_schedule_is_the_protocols),
        cmocka_unit_test(a_redirect_and_another_status_are_not_heard),
        cmocka_unit_test(a_refund_is_told_with_its_number_in_the_trades_charset),
        cmocka_unit_test(a_replay_begins_anew_under_the_same_id),
        cmocka_unit_test(faults_on_demand_lose_repeat_and_delay_one_notice),
        cmocka_unit_test(what_is_pending_outlives_a_restart),
        cmocka_unit_test(this_machine_is_reached_only_when_the_operator_says_so),
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
