/* SPDX-License-Identifier: Apache-2.0 */
/* The live stream: what it says of a small day, of a day that began before, and of books that do not hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/civil.h"
#include "base/os_clock.h"
#include "doors/live.h"
#include "doors_till_stage.h"
#include "engine/engine_rows.h"

struct scene {
    struct stage stage;
    struct live *live;
    struct metrics *metrics;
};

static void live_begin(struct scene *scene)
{
    static const char *const routes[] = { "trade_query", "trade_pay" };
    static const char *const outcomes[] = { "ok" };
    static struct rest_page pages[1]; /* outlives the door */
    struct metrics_settings metrics = { routes, COUNT_OF(routes), outcomes, COUNT_OF(outcomes) };
    struct live_settings settings = { .engine = scene->stage.house.engine,
                                      .store = scene->stage.house.store,
                                      .test_clock = true,
                                      .version = "0.1.0" };
    scene->metrics = metrics_open(&metrics);
    scene->live = live_open(&settings);
    assert_non_null(scene->live);
    pages[0] = live_page(scene->live);
    stage_door_open(&scene->stage, pages, 1);
    struct live_doors doors = {
        .server = scene->stage.server, .metrics = scene->metrics, .routes = { 1 }, .route_count = 1
    };
    live_start(scene->live, &doors);
}

struct stopping {
    struct live *live;
    _Atomic bool stopped;
};

static void *stop_thread(void *context)
{
    struct stopping *stopping = context;
    live_stop(stopping->live);
    atomic_store(&stopping->stopped, true);
    return NULL;
}

static bool has_stopped(void *context)
{
    return atomic_load(&((struct stopping *)context)->stopped);
}

static void live_end(struct scene *scene)
{
    struct stopping stopping = { .live = scene->live };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_thread, &stopping), 0);
    stage_wait(&scene->stage, has_stopped, &stopping);
    pthread_join(thread, NULL);
    stage_door_close(&scene->stage);
    live_close(scene->live);
    metrics_close(scene->metrics);
}

static void live_again(struct scene *scene)
{
    live_end(scene);
    stage_reopen(&scene->stage);
    live_begin(scene);
}

static void scene_open(struct scene *scene, bool sqlite)
{
    stage_open(&scene->stage, sqlite);
    live_begin(scene);
    city_make(&scene->stage);
}

static void scene_close(struct scene *scene)
{
    live_end(scene);
    stage_close(&scene->stage);
}

/* ---- reading the stream ---- */

/* A second that was composed after this call, from a stream of its own: a hello comes before it. */
static json_t *second_now(struct scene *scene)
{
    struct stream stream;
    stream_open(&stream, &scene->stage, "/v1/live", "");
    stream_until(&stream, "}\n\n", 2);
    json_t *second = json_loads(stream_data(&stream, "second", 0), 0, NULL);
    assert_non_null(second);
    stream_close(&stream);
    return second;
}

static int64_t number(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static const char *text(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    assert_true(json_is_string(value));
    return json_string_value(value);
}

static const json_t *law(const json_t *second, const char *name)
{
    const json_t *laws = json_object_get(second, "laws");
    for (size_t i = 0; i < json_array_size(laws); i++) {
        if (strcmp(text(json_array_get(laws, i), "law"), name) == 0) {
            return json_array_get(laws, i);
        }
    }
    fail_msg("there is no law %s", name);
    return NULL;
}

static void assert_law(const json_t *second, const char *name, const char *state)
{
    const json_t *found = law(second, name);
    assert_string_equal(text(found, "state"), state);
    assert_int_equal(strcmp(state, "unused") == 0, number(found, "checks") == 0);
    assert_int_equal(strcmp(state, "unused") == 0, json_is_null(json_object_get(found, "checked_at")));
}

/* ---- facts ---- */

static void a_young_till_shows_zeros(void **state)
{
    struct scene scene;
    struct stream stream;
    (void)state;
    stage_open(&scene.stage, false);
    live_begin(&scene);
    stream_open(&stream, &scene.stage, "/v1/live", "");
    stream_until(&stream, "}\n\n", 2);
    assert_non_null(strstr(stream.text, "Content-Type: text/event-stream"));
    assert_non_null(strstr(stream.text, "Cache-Control: no-store"));
    assert_non_null(strstr(stream.text, "Content-Security-Policy: default-src 'self'"));
    assert_true(strstr(stream.text, "retry: 1000\n\n") < strstr(stream.text, "event: hello"));
    assert_true(strstr(stream.text, "event: hello") < strstr(stream.text, "event: second"));
    assert_null(strstr(stream.text, "\nid:"));
    json_t *hello = json_loads(stream_data(&stream, "hello", 0), 0, NULL);
    assert_string_equal(text(hello, "store"), "memory");
    assert_string_equal(text(hello, "started_at"), "2014-12-12T12:00:00+08:00");
    assert_string_equal(text(hello, "currency"), "CNY");
    assert_int_equal(number(hello, "zone_minutes"), 480);
    assert_true(json_is_true(json_object_get(hello, "test_clock")));
    json_decref(hello);
    json_t *second = json_loads(stream_data(&stream, "second", 0), 0, NULL);
    assert_int_equal(number(second, "payments_total"), 0);
    assert_int_equal(number(second, "trial_balance_minor"), 0);
    assert_int_equal(json_array_size(json_object_get(second, "laws")), 7);
    assert_law(second, "money_conserved", "unused");
    assert_law(second, "answer_durable", "unused");
    assert_int_equal(json_array_size(json_object_get(second, "latest")), 0);
    json_decref(second);
    stream_close(&stream);
    scene_close(&scene);
}

static void a_day_is_counted_from_both_sides(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene, false);
    city_campaign(&scene.stage, 7, 100000);
    struct trade_row trade = city_pay(&scene.stage, 1, 1, 3001); /* discount 1500 */
    city_pay(&scene.stage, 2, 3, 500);                           /* no campaign there */
    city_refund(&scene.stage, &trade, 1000);
    city_pay(&scene.stage, 1, 3, 150000); /* waits for its shopper */
    struct trade_lookup {
        int64_t trade_id;
    } unknown = { 99 };
    assert_int_equal(city_try(&scene.stage, &trade_query, &unknown), REFUSAL_trade_unknown);
    metrics_add(scene.metrics, 0, 0, 900000);
    metrics_add(scene.metrics, 1, 0, 1000);
    json_t *second = second_now(&scene);
    assert_int_equal(number(second, "payments_total"), 2);
    assert_int_equal(number(second, "amount_minor_total"), 1501 + 500);
    int64_t discount = number(second, "discount_minor_total");
    assert_int_equal(discount, 1500 - 500 + 1); /* the shopper gets the odd cent of a refund */
    assert_int_equal(number(second, "budget_spent_minor_total"), discount);
    assert_int_equal(number(second, "refunds_total"), 1);
    assert_int_equal(number(json_object_get(second, "refusals"), "trade_unknown"), 1);
    assert_int_equal(json_object_size(json_object_get(second, "refusals")), 1);
    assert_int_equal(number(second, "trial_balance_minor"), 0);
    const json_t *latency = json_object_get(second, "latency_us");
    assert_true(number(latency, "p99") >= 1000 && number(latency, "p99") < 1100); /* of payments only */

    const json_t *campaigns = json_object_get(second, "campaigns");
    assert_int_equal(json_array_size(campaigns), 1);
    const json_t *campaign = json_array_get(campaigns, 0);
    assert_string_equal(text(campaign, "campaign_id"), "7");
    assert_string_equal(text(campaign, "state"), "live");
    assert_int_equal(number(campaign, "budget_minor"), 100000);
    assert_int_equal(number(campaign, "left_minor"), 100000 - discount);
    assert_int_equal(number(campaign, "spent_minor"), discount);
    assert_int_equal(number(campaign, "uses"), 1);

    const json_t *latest = json_object_get(second, "latest");
    assert_int_equal(json_array_size(latest), 2);
    assert_string_equal(text(json_array_get(latest, 0), "shop_name"), "\xe7\x89\xa9\xe7\xbe\x8e \"3\"");
    assert_int_equal(number(json_array_get(latest, 1), "discount_minor"), 1500);
    assert_string_equal(text(json_array_get(latest, 1), "state"), "TRADE_SUCCESS");
    assert_law(second, "money_conserved", "held");
    assert_law(second, "budget_kept", "held");
    assert_law(second, "reservation_kept", "held");
    assert_law(second, "answer_durable", "held");
    assert_law(second, "stock_kept", "unused");
    assert_law(second, "voucher_once", "unused");
    assert_law(second, "seat_once", "unused");
    json_decref(second);
    scene_close(&scene);
}

static void midnight_begins_at_zero(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene, false);
    city_pay(&scene.stage, 1, 1, 300);
    stage_move(&scene.stage, 12 * US_PER_HOUR);
    json_t *second = second_now(&scene);
    assert_int_equal(number(second, "payments_total"), 0);
    assert_int_equal(number(second, "amount_minor_total"), 0);
    json_decref(second);
    city_pay(&scene.stage, 1, 1, 400);
    second = second_now(&scene);
    assert_int_equal(number(second, "payments_total"), 1);
    assert_int_equal(number(second, "amount_minor_total"), 400);
    json_decref(second);
    scene_close(&scene);
}

/* Whatever the store: the sums of the day go on where they were, on both sides. */
static void a_restart_forgets_nothing_of_the_day(void **state)
{
    (void)state;
    for (int sqlite = 0; sqlite <= 1; sqlite++) {
        struct scene scene;
        scene_open(&scene, sqlite != 0);
        city_campaign(&scene.stage, 7, 100000);
        city_pay(&scene.stage, 1, 1, 900);
        stage_move(&scene.stage, 24 * US_PER_HOUR); /* what was yesterday does not count */
        struct trade_row trade = city_pay(&scene.stage, 1, 1, 3000);
        city_pay(&scene.stage, 2, 1, 1000);
        city_refund(&scene.stage, &trade, 1000);
        live_again(&scene);
        city_pay(&scene.stage, 2, 2, 600);
        json_t *second = NULL;
        for (int i = 0; i < 10; i++) { /* the past is read in the background */
            json_decref(second);
            second = second_now(&scene);
            if (number(second, "payments_total") == 3 && number(second, "budget_spent_minor_total") == 1800) {
                break;
            }
        }
        assert_int_equal(number(second, "payments_total"), 3);
        assert_int_equal(number(second, "amount_minor_total"), 2300);
        assert_int_equal(number(second, "discount_minor_total"), 1800);
        assert_int_equal(number(second, "budget_spent_minor_total"), 1800);
        assert_int_equal(number(second, "refunds_total"), 1);
        const json_t *campaign = json_array_get(json_object_get(second, "campaigns"), 0);
        assert_int_equal(number(campaign, "left_minor"), 100000 - 1800 - 450);
        assert_int_equal(number(campaign, "spent_minor"), 1800 + 450);
        json_decref(second);
        scene_close(&scene);
    }
}

static void a_burning_budget_has_an_end(void **state)
{
    struct scene scene;
    struct stream stream;
    (void)state;
    scene_open(&scene, false);
    city_campaign(&scene.stage, 7, 1000);
    city_campaign(&scene.stage, 8, 1000); /* the older one of two alike is taken */
    json_t *second = second_now(&scene);
    const json_t *campaign = json_array_get(json_object_get(second, "campaigns"), 0);
    assert_true(json_is_null(json_object_get(campaign, "empty_at"))); /* it does not burn */
    json_decref(second);
    city_pay(&scene.stage, 1, 1, 1000); /* 500 in three minutes */
    second = second_now(&scene);
    campaign = json_array_get(json_object_get(second, "campaigns"), 0);
    assert_int_equal(number(campaign, "left_minor"), 500);
    int64_t at_us, empty_us;
    assert_true(instant_read(span_of(text(second, "at")), &at_us));
    assert_true(instant_read(span_of(text(campaign, "empty_at")), &empty_us));
    assert_true(empty_us - at_us >= 179 * US_PER_SECOND && empty_us - at_us <= 181 * US_PER_SECOND);
    json_decref(second);
    city_pay(&scene.stage, 1, 1, 1000);
    int64_t moment_us = atomic_load(&scene.stage.now_us);
    stage_move(&scene.stage, US_PER_HOUR);
    second = second_now(&scene);
    campaign = json_array_get(json_object_get(second, "campaigns"), 0);
    assert_int_equal(number(campaign, "left_minor"), 0);
    assert_true(instant_read(span_of(text(campaign, "empty_at")), &empty_us));
    assert_true(empty_us >= moment_us - US_PER_SECOND && empty_us <= moment_us + US_PER_SECOND);
    json_decref(second);
    stream_open(&stream, &scene.stage, "/v1/live", "");
    stream_until(&stream, "}\n\n", 2);
    json_t *hello = json_loads(stream_data(&stream, "hello", 0), 0, NULL);
    const json_t *burn = json_object_get(json_array_get(json_object_get(hello, "campaigns"), 0), "burn");
    size_t points = json_array_size(burn);
    assert_true(points >= 3);
    assert_int_equal(number(json_array_get(burn, 0), "left_minor"), 1000);
    assert_int_equal(number(json_array_get(burn, points - 1), "left_minor"), 0);
    assert_true(json_array_size(json_object_get(hello, "history")) >= 3);
    json_decref(hello);
    stream_close(&stream);
    scene_close(&scene);
}

/* ---- books that do not hold: rows changed by commands that no till has ---- */

static enum refusal decide_forge(const void *request, struct moment *at, struct view *view, void *answer)
{
    struct account_row key = { .owner_id = 1, .purpose = PURPOSE_wallet, .unit = UNIT_CNY };
    struct account_row *account = view_change(view, view_ask(view, &account_table, &key));
    (void)request;
    (void)at;
    (void)answer;
    account->balance += 5;
    return REFUSAL_none;
}

static enum refusal decide_forget_timer(const void *request, struct moment *at, struct view *view,
                                        void *answer)
{
    struct hold_row key = { .hold_id = moment_id(at) };
    struct hold_row *hold = view_change(view, view_ask(view, &hold_table, &key));
    (void)request;
    (void)answer;
    hold->state = HOLD_open;
    hold->lapses_at_us = at->now_us + US_PER_HOUR;
    return REFUSAL_none;
}

static enum refusal decide_overspend(const void *request, struct moment *at, struct view *view, void *answer)
{
    struct account_row budget = { .owner_id = 7, .purpose = PURPOSE_budget_platform, .unit = UNIT_CNY };
    struct account_row other = { .owner_id = 1, .purpose = PURPOSE_takings, .unit = UNIT_CNY };
    struct account_row *from = view_change(view, view_ask(view, &account_table, &budget));
    struct account_row *to = view_change(view, view_ask(view, &account_table, &other));
    (void)request;
    (void)at;
    (void)answer;
    to->balance += from->balance + 1;
    from->balance = -1;
    return REFUSAL_none;
}

#define FORGERY(forgery, n)                                                                                  \
    static const struct command forgery = { .name = #forgery,                                                \
                                            .number = (n),                                                   \
                                            .flags = COMMAND_internal,                                       \
                                            .request = &nothing_shape,                                       \
                                            .answer = &nothing_shape,                                        \
                                            .decide = decide_##forgery }
FORGERY(forge, 900);
FORGERY(forget_timer, 901);
FORGERY(overspend, 902);

static void a_broken_law_stays_broken(void **state)
{
    static const struct {
        const struct command *forgery;
        const char *law;
        int64_t trial_balance;
    } cases[] = { { &forge, "money_conserved", 5 },
                  { &forget_timer, "reservation_kept", 0 },
                  { &overspend, "budget_kept", 0 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scene scene;
        struct nothing nothing = { 0 };
        stage_open(&scene.stage, false);
        scene.stage.house.settings.check = NULL; /* else the engine would not let it happen */
        stage_reopen(&scene.stage);
        live_begin(&scene);
        city_make(&scene.stage);
        city_campaign(&scene.stage, 7, 100000);
        assert_int_equal(city_try(&scene.stage, cases[i].forgery, &nothing), REFUSAL_none);
        city_pay(&scene.stage, 2, 3, 100); /* and it goes on */
        json_t *second = second_now(&scene);
        assert_law(second, cases[i].law, "broken");
        assert_int_equal(number(second, "trial_balance_minor"), cases[i].trial_balance);
        json_decref(second);
        scene_close(&scene);
    }
}

static void books_that_were_wrong_before_are_found(void **state)
{
    (void)state;
    for (int sqlite = 0; sqlite <= 1; sqlite++) {
        struct scene scene;
        struct account_row account = { .owner_id = 1, .purpose = PURPOSE_wallet, .unit = UNIT_CNY };
        scene_open(&scene, sqlite != 0);
        live_end(&scene);
        assert_true(house_row(&scene.stage.house, &account_table, &account));
        account.balance -= 3;
        house_row_put(&scene.stage.house, &account_table, &account, true);
        stage_reopen(&scene.stage);
        live_begin(&scene);
        json_t *second = NULL;
        for (int i = 0; i < 10; i++) {
            json_decref(second);
            second = second_now(&scene);
            if (number(second, "trial_balance_minor") != 0) {
                break;
            }
        }
        assert_int_equal(number(second, "trial_balance_minor"), -3);
        assert_law(second, "money_conserved", "broken");
        json_decref(second);
        scene_close(&scene);
    }
}

static void streams_have_a_limit(void **state)
{
    struct scene scene;
    struct stream *streams = calloc(LIVE_STREAMS_MAX + 1, sizeof(streams[0]));
    (void)state;
    assert_non_null(streams);
    scene_open(&scene, false);
    for (size_t i = 0; i < LIVE_STREAMS_MAX; i++) {
        stream_open(&streams[i], &scene.stage, "/v1/live", "");
        free(streams[i].text); /* they are not read */
        free(streams[i].raw);
        streams[i].text = NULL;
        streams[i].raw = NULL;
        if (i % 50 == 49) {
            int64_t until_us = os_monotonic_us() + STAGE_WAIT_US;
            while (live_stream_count(scene.live) < i + 1 && os_monotonic_us() < until_us) {
                stage_pass(&scene.stage, 1000);
            }
        }
    }
    assert_int_equal(live_stream_count(scene.live), LIVE_STREAMS_MAX);
    struct stream one_more;
    stream_open(&one_more, &scene.stage, "/v1/live", "");
    stream_until(&one_more, "HTTP/1.1 503", 1);
    stream_until(&one_more, "Retry-After: ", 1);
    stream_close(&one_more);
    stream_close(&streams[0]);
    int64_t until_us = os_monotonic_us() + STAGE_WAIT_US;
    while (live_stream_count(scene.live) == LIVE_STREAMS_MAX && os_monotonic_us() < until_us) {
        stage_pass(&scene.stage, 10000);
    }
    json_decref(second_now(&scene)); /* who has gone makes room */
    scene_close(&scene);
    for (size_t i = 1; i < LIVE_STREAMS_MAX; i++) {
        stream_close(&streams[i]);
    }
    free(streams);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_young_till_shows_zeros),
        cmocka_unit_test(a_day_is_counted_from_both_sides),
        cmocka_unit_test(midnight_begins_at_zero),
        cmocka_unit_test(a_restart_forgets_nothing_of_the_day),
        cmocka_unit_test(a_burning_budget_has_an_end),
        cmocka_unit_test(a_broken_law_stays_broken),
        cmocka_unit_test(books_that_were_wrong_before_are_found),
        cmocka_unit_test(streams_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
