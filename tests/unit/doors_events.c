/* SPDX-License-Identifier: Apache-2.0 */
/* The event stream: who hears of which trade, in which order, and what a client that comes back gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/civil.h"
#include "doors/events.h"
#include "doors_till_stage.h"
#include "lines/local/local.h"

struct scene {
    struct stage stage;
    struct events *events;
};

static void scene_begin(struct scene *scene, uint32_t kept)
{
    struct events_settings settings = { .engine = scene->stage.house.engine,
                                        .store = scene->stage.house.store,
                                        .tokens = scene->stage.tokens,
                                        .kept = kept };
    scene->events = events_open(&settings);
    assert_non_null(scene->events);
    struct rest_page page = events_page(scene->events);
    static struct rest_page pages[1]; /* outlives the door */
    pages[0] = page;
    stage_door_open(&scene->stage, pages, 1);
    events_start(scene->events);
}

static void scene_end(struct scene *scene)
{
    events_stop(scene->events);
    stage_door_close(&scene->stage);
    events_close(scene->events);
}

static void scene_open(struct scene *scene, uint32_t kept)
{
    stage_open(&scene->stage, false);
    city_make(&scene->stage);
    stage_reopen(&scene->stage);
    scene_begin(scene, kept);
}

static void scene_close(struct scene *scene)
{
    scene_end(scene);
    stage_close(&scene->stage);
}

static void listen_as(struct scene *scene, struct stream *stream, enum caller_kind kind, int64_t id)
{
    stream_open(stream, &scene->stage, "/v1/events",
                stage_bearer(&scene->stage, (struct caller){ (int32_t)kind, id }, 100 + (int64_t)kind));
    stream_until(stream, "retry: 1000", 1);
}

/* The id line of the n-th event. */
static const char *id_of(const struct stream *stream, size_t n)
{
    static char id[64];
    const char *at = stream->text;
    for (size_t i = 0; i <= n; i++) {
        at = strstr(i > 0 ? at + 1 : at, "\nid: ");
        assert_non_null(at);
    }
    assert_int_equal(sscanf(at, "\nid: %63[0-9-]", id), 1);
    return id;
}

static void resume(struct scene *scene, struct stream *stream, const char *id)
{
    char headers[256];
    snprintf(headers, sizeof(headers), "%sLast-Event-ID: %s\r\n",
             stage_bearer(&scene->stage, (struct caller){ CALLER_operator, 0 }, 1), id);
    stream_open(stream, &scene->stage, "/v1/events", headers);
    stream_until(stream, "retry: 1000", 1);
}

static void an_event_is_the_trade_as_it_was(void **state)
{
    struct scene scene;
    struct stream stream;
    (void)state;
    scene_open(&scene, 0);
    listen_as(&scene, &stream, CALLER_operator, 0);
    struct trade_row trade = city_pay(&scene.stage, 1, 1, 2500);
    city_refund(&scene.stage, &trade, 1000);
    stream_until(&stream, "event: trade.refunded", 1);
    assert_non_null(strstr(stream.text, "Content-Type: text/event-stream"));
    assert_non_null(strstr(stream.text, "Cache-Control: no-store"));

    json_t *paid = json_loads(stream_data(&stream, "trade.paid", 0), 0, NULL);
    char id[32];
    snprintf(id, sizeof(id), "%lld", (long long)trade.trade_id);
    assert_string_equal(json_string_value(json_object_get(paid, "trade_id")), id);
    assert_int_equal(json_integer_value(json_object_get(paid, "list_minor")), 2500);
    assert_int_equal(json_integer_value(json_object_get(paid, "left_minor")), 2500);
    assert_string_equal(json_string_value(json_object_get(paid, "state")), "TRADE_SUCCESS");
    json_decref(paid);
    json_t *refunded = json_loads(stream_data(&stream, "trade.refunded", 0), 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(refunded, "left_minor")), 1500);
    json_decref(refunded);
    stream_close(&stream);
    scene_close(&scene);
}

/* A trade that nobody confirms waits, and then closes by itself. */
static void waiting_and_closing_are_told(void **state)
{
    struct scene scene;
    struct stream stream;
    (void)state;
    scene_open(&scene, 0);
    listen_as(&scene, &stream, CALLER_shopper, 1);
    city_pay(&scene.stage, 1, 1, 150000); /* above what goes without a password */
    stream_until(&stream, "event: trade.waiting", 1);
    stage_move(&scene.stage, US_PER_HOUR);
    stream_until(&stream, "event: trade.closed", 1);
    assert_int_equal(stream_count(&stream, "event: "), 2);
    stream_close(&stream);
    scene_close(&scene);
}

/* One that is kept for a shopper is told at once; one that a shopper looks at is no news to him. */
static void a_trade_that_is_kept_for_a_shopper_waits_for_him(void **state)
{
    struct scene scene;
    struct stream stream;
    struct trade_row trade;
    (void)state;
    scene_open(&scene, 0);
    listen_as(&scene, &stream, CALLER_shopper, 1);
    struct trade_create open = { .shop_id = 1, .out_trade_no = "open", .amount_minor = 500 };
    struct trade_create kept = { .shop_id = 1, .out_trade_no = "kept", .amount_minor = 500, .shopper_id = 1 };
    struct trade_create page = { .shop_id = 1, .out_trade_no = "page", .amount_minor = 500, .way = WAY_page };
    struct house *house = &scene.stage.house;
    assert_int_equal(house_call(house, house_shop(1), &trade_create, &open, &trade), REFUSAL_none);
    struct qr_scan scan = { .qr_kind = 1, .qr_id = trade.trade_id };
    assert_int_equal(house_call(house, house_shopper(1), &qr_scan, &scan, NULL), REFUSAL_none);
    assert_int_equal(house_call(house, house_shop(1), &trade_create, &page, NULL), REFUSAL_none);
    assert_int_equal(house_call(house, house_shop(1), &trade_create, &kept, &trade), REFUSAL_none);
    assert_int_equal(house_call(house, house_shopper(1), &trade_confirm, &trade.trade_id, NULL), REFUSAL_none);
    stream_until(&stream, "event: trade.paid", 1);
    assert_int_equal(stream_count(&stream, "event: trade.waiting"), 1);
    assert_int_equal(stream_count(&stream, "event: "), 2);
    stream_close(&stream);
    scene_close(&scene);
}

static void everybody_hears_of_their_own_trades_only(void **state)
{
    static const struct {
        enum caller_kind kind;
        int64_t id;
        size_t heard; /* of: shopper 1 in shop 1, 2 in 1, 1 in 2, 2 in 3 */
    } listeners[] = {
        { CALLER_operator, 0, 4 }, { CALLER_merchant, 1, 3 }, { CALLER_merchant, 2, 1 },
        { CALLER_merchant, 3, 0 }, { CALLER_shop, 1, 2 },     { CALLER_shop, 3, 1 },
        { CALLER_terminal, 1, 2 }, { CALLER_terminal, 2, 1 }, { CALLER_terminal, 99, 0 },
        { CALLER_shopper, 1, 2 },  { CALLER_shopper, 2, 2 },  { CALLER_shopper, 3, 0 },
    };
    struct scene scene;
    struct stream streams[COUNT_OF(listeners)];
    (void)state;
    scene_open(&scene, 0);
    for (size_t i = 0; i < COUNT_OF(listeners); i++) {
        listen_as(&scene, &streams[i], listeners[i].kind, listeners[i].id);
    }
    assert_int_equal(events_stream_count(scene.events), COUNT_OF(listeners));
    city_pay(&scene.stage, 1, 1, 100);
    city_pay(&scene.stage, 2, 1, 200);
    city_pay(&scene.stage, 1, 2, 300);
    city_pay(&scene.stage, 2, 3, 400);
    stream_until(&streams[0], "\"list_minor\":400,", 1);
    for (size_t i = 0; i < COUNT_OF(listeners); i++) {
        stream_until(&streams[i], "event: trade.paid", listeners[i].heard);
        stream_read(&streams[i], 30000);
        assert_int_equal(stream_count(&streams[i], "event: "), listeners[i].heard);
        stream_close(&streams[i]);
    }
    scene_close(&scene);
}

/* Tickets, dishes and orders of shop 1, ordered by shopper 1; what is told is enough to know what to ask for. */
static void kitchens_hear_of_their_tickets(void **state)
{
    static const struct {
        enum caller_kind kind;
        int64_t id;
        size_t tickets, dishes, meals;
    } listeners[] = {
        { CALLER_operator, 0, 2, 1, 4 }, { CALLER_merchant, 1, 2, 1, 4 }, { CALLER_merchant, 2, 0, 0, 0 },
        { CALLER_shop, 1, 2, 1, 4 },     { CALLER_shop, 2, 0, 0, 0 },     { CALLER_terminal, 1, 2, 1, 4 },
        { CALLER_shopper, 1, 0, 0, 4 },  { CALLER_shopper, 2, 0, 0, 0 },
    };
    struct scene scene;
    struct stream streams[COUNT_OF(listeners)];
    struct kitchen_change kitchen = { .shop_id = 1, .open = 1, .stations_count = 1, .stations = { { 1, "hot" } } };
    struct dish_put dish = { .merchant_id = 1, .dish_id = 1, .name = "Noodles", .price_minor = 100, .station = 1 };
    struct dish_stock stock = { .shop_id = 1, .dish_id = 1, .counted = 1, .pieces_left = 7 };
    struct meal_open begin = { .shop_id = 1, .kind = MEAL_take_away };
    struct meal_add one = { .dish_id = 1, .pieces = 1 };
    struct meal_place placed = { .confirmed = 1 };
    struct ticket_mark bump = { .action = TICKET_ACTION_bump };
    struct meal_order_row order;
    (void)state;
    scene_open(&scene, 0);
    struct house *house = &scene.stage.house;
    assert_int_equal(house_call(house, house_operator, &kitchen_change, &kitchen, NULL), REFUSAL_none);
    assert_int_equal(house_call(house, house_operator, &dish_put, &dish, NULL), REFUSAL_none);
    for (size_t i = 0; i < COUNT_OF(listeners); i++) {
        listen_as(&scene, &streams[i], listeners[i].kind, listeners[i].id);
    }
    assert_int_equal(house_call(house, house_shop(1), &dish_stock, &stock, NULL), REFUSAL_none);
    assert_int_equal(house_call(house, house_shopper(1), &meal_open, &begin, &order), REFUSAL_none);
    one.order_id = placed.order_id = order.order_id;
    assert_int_equal(house_call(house, house_shopper(1), &meal_add, &one, NULL), REFUSAL_none);
    assert_int_equal(house_call(house, house_shopper(1), &meal_place, &placed, &order), REFUSAL_none);
    bump.ticket_id = order.last_ticket_id;
    assert_int_equal(house_call(house, house_shop(1), &ticket_mark, &bump, NULL), REFUSAL_none);
    stream_until(&streams[0], "\"state\":\"ready\"", 1);
    for (size_t i = 0; i < COUNT_OF(listeners); i++) {
        stream_until(&streams[i], "event: meal.changed", listeners[i].meals);
        stream_read(&streams[i], 30000);
        assert_int_equal(stream_count(&streams[i], "event: ticket.changed"), listeners[i].tickets);
        assert_int_equal(stream_count(&streams[i], "event: dish.changed"), 2 * listeners[i].dishes);
        assert_int_equal(stream_count(&streams[i], "event: meal.changed"), listeners[i].meals);
        assert_int_equal(stream_count(&streams[i], "event: trade.paid") > 0, listeners[i].meals > 0);
    }
    json_t *told = json_loads(stream_data(&streams[3], "ticket.changed", 1), 0, NULL);
    assert_string_equal(json_string_value(json_object_get(told, "state")), "bumped");
    assert_int_equal(json_integer_value(json_object_get(told, "station")), 1);
    json_decref(told);
    told = json_loads(stream_data(&streams[3], "dish.changed", 1), 0, NULL); /* one of the seven was ordered */
    assert_int_equal(json_integer_value(json_object_get(told, "pieces_left")), 6);
    json_decref(told);
    for (size_t i = 0; i < COUNT_OF(listeners); i++) {
        stream_close(&streams[i]);
    }
    scene_close(&scene);
}

static void without_a_token_nothing_is_told(void **state)
{
    struct scene scene;
    struct stream stream;
    (void)state;
    scene_open(&scene, 0);
    stream_open(&stream, &scene.stage, "/v1/events", "");
    stream_until(&stream, "HTTP/1.1 401", 1);
    stream_close(&stream);
    scene_close(&scene);
}

static void who_comes_back_gets_what_was_missed_in_order(void **state)
{
    struct scene scene;
    struct stream first, second;
    (void)state;
    scene_open(&scene, 0);
    listen_as(&scene, &first, CALLER_operator, 0);
    for (int64_t i = 1; i <= 5; i++) {
        city_pay(&scene.stage, 1, 1, i);
    }
    stream_until(&first, "event: trade.paid", 5);
    char last[64];
    snprintf(last, sizeof(last), "%s", id_of(&first, 1));
    stream_close(&first);
    for (int64_t i = 6; i <= 300; i++) { /* more than one piece */
        city_pay(&scene.stage, 1, 1, i);
    }
    resume(&scene, &second, last);
    stream_until(&second, "event: trade.paid", 298);
    assert_int_equal(stream_count(&second, "event: gap"), 0);
    for (size_t i = 0; i < 298; i++) {
        json_t *paid = json_loads(stream_data(&second, "trade.paid", i), 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(paid, "list_minor")), (int64_t)i + 3);
        json_decref(paid);
    }
    stream_close(&second);
    scene_close(&scene);
}

static void what_is_not_kept_any_more_is_a_gap(void **state)
{
    struct scene scene;
    struct stream first, second;
    (void)state;
    scene_open(&scene, 8);
    listen_as(&scene, &first, CALLER_operator, 0);
    city_pay(&scene.stage, 1, 1, 100);
    stream_until(&first, "event: trade.paid", 1);
    char last[64];
    snprintf(last, sizeof(last), "%s", id_of(&first, 0));
    stream_close(&first);
    for (int64_t i = 2; i <= 20; i++) {
        city_pay(&scene.stage, 1, 1, 100 * i);
    }
    resume(&scene, &second, last);
    stream_until(&second, "event: trade.paid", 8);
    assert_int_equal(stream_count(&second, "event: gap"), 1);
    assert_true(strstr(second.text, "event: gap") < strstr(second.text, "event: trade.paid"));
    json_t *paid = json_loads(stream_data(&second, "trade.paid", 0), 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(paid, "list_minor")), 1300); /* the last 8 of 20 */
    json_decref(paid);
    json_t *gap = json_loads(stream_data(&second, "gap", 0), 0, NULL);
    assert_string_equal(json_string_value(json_object_get(gap, "next")), id_of(&second, 0));
    json_decref(gap);
    stream_close(&second);
    scene_close(&scene);
}

/* Numbers of commits go on after a restart: an id of before either has missed nothing, or is told of the gap.
 */
static void a_restart_is_a_gap_only_when_something_happened(void **state)
{
    struct scene scene;
    struct stream stream;
    char last[64];
    (void)state;
    scene_open(&scene, 0);
    listen_as(&scene, &stream, CALLER_operator, 0);
    city_pay(&scene.stage, 1, 1, 100);
    stream_until(&stream, "event: trade.paid", 1);
    snprintf(last, sizeof(last), "%s", id_of(&stream, 0));
    stream_close(&stream);
    scene_end(&scene);
    stage_reopen(&scene.stage);

    scene_begin(&scene, 0);
    resume(&scene, &stream, last);
    stream_read(&stream, 50000);
    assert_int_equal(stream_count(&stream, "event: "), 0);
    stream_close(&stream);
    scene_end(&scene);
    stage_reopen(&scene.stage);

    city_pay(&scene.stage, 1, 1, 200); /* while nobody listens */
    stage_reopen(&scene.stage);
    scene_begin(&scene, 0);
    resume(&scene, &stream, last);
    stream_until(&stream, "event: gap", 1);
    assert_non_null(strstr(stream.text, "{\"next\":null}"));
    stream_close(&stream);
    scene_close(&scene);
}

static void a_revoked_token_ends_its_stream(void **state)
{
    struct scene scene;
    struct stream revoked, other;
    (void)state;
    scene_open(&scene, 0);
    listen_as(&scene, &revoked, CALLER_merchant, 1);
    listen_as(&scene, &other, CALLER_shop, 1);
    assert_true(tokens_revoke(scene.stage.tokens, 100 + CALLER_merchant));
    stream_until_end(&revoked);
    city_pay(&scene.stage, 1, 1, 100);
    stream_until(&other, "event: trade.paid", 1);
    assert_int_equal(stream_count(&revoked, "event: "), 0);
    stream_close(&revoked);
    stream_close(&other);
    scene_close(&scene);
}

/* Who reads nothing is dropped by the server; the others hear all the same. */
static void a_slow_reader_harms_nobody(void **state)
{
    struct scene scene;
    struct stream slow, quick;
    (void)state;
    scene_open(&scene, 0);
    listen_as(&scene, &slow, CALLER_operator, 0);
    listen_as(&scene, &quick, CALLER_operator, 0);
    struct trade_row trade = city_pay(&scene.stage, 1, 1, 60000);
    for (size_t told = 1; told <= 3000; told++) {
        city_refund(&scene.stage, &trade, 1);
        if (told % 100 == 0) { /* who reads all at the end is slow as well */
            stream_until(&quick, "event: trade.refunded", told);
        }
    }
    stream_close(&slow);
    stream_close(&quick);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_the_trade_as_it_was),
        cmocka_unit_test(waiting_and_closing_are_told),
        cmocka_unit_test(a_trade_that_is_kept_for_a_shopper_waits_for_him),
        cmocka_unit_test(everybody_hears_of_their_own_trades_only),
        cmocka_unit_test(kitchens_hear_of_their_tickets),
        cmocka_unit_test(without_a_token_nothing_is_told),
        cmocka_unit_test(who_comes_back_gets_what_was_missed_in_order),
        cmocka_unit_test(what_is_not_kept_any_more_is_a_gap),
        cmocka_unit_test(a_restart_is_a_gap_only_when_something_happened),
        cmocka_unit_test(a_revoked_token_ends_its_stream),
        cmocka_unit_test(a_slow_reader_harms_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
