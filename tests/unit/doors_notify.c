/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks against a receiver that fails, hangs up, babbles and is slow; signatures are checked with OpenSSL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/civil.h"
#include "doors/notify.h"
#include "doors/till_edits.h"
#include "doors_receiver.h"
#include "doors_till_stage.h"

struct scene {
    struct stage stage;
    struct receiver receiver;
    struct notify *notify;
    struct hmac_key key;
    int64_t endpoint_id;
    uint32_t pending_max;
    int64_t timeout_ms;
    bool guarded; /* this machine may not be reached */
};

static void worker_begin(struct scene *scene)
{
    struct notify_settings settings = { .engine = scene->stage.house.engine,
                                        .store = scene->stage.house.store,
                                        .webhook_key = &scene->key,
                                        .pending_max = scene->pending_max,
                                        .timeout_ms = scene->timeout_ms,
                                        .private_allowed = !scene->guarded };
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

/* The worker waits for the engine, which runs on this thread. */
static void worker_end(struct scene *scene)
{
    struct stopping stopping = { .notify = scene->notify };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_thread, &stopping), 0);
    stage_wait(&scene->stage, has_stopped, &stopping);
    pthread_join(thread, NULL);
    notify_close(scene->notify);
}

static void worker_again(struct scene *scene, enum receiver_way way)
{
    worker_end(scene);
    atomic_store(&scene->receiver.way, way);
    stage_reopen(&scene->stage);
    worker_begin(scene);
}

static void url_of(const struct scene *scene, const char *path, char to[128])
{
    snprintf(to, 128, "http://127.0.0.1:%u%s", scene->receiver.port, path);
}

static void scene_open(struct scene *scene, bool sqlite)
{
    char url[128];
    stage_open(&scene->stage, sqlite);
    webhook_master(&scene->stage.key, &scene->key);
    receiver_open(&scene->receiver);
    city_make(&scene->stage);
    url_of(scene, "/hook", url);
    scene->endpoint_id = city_endpoint(&scene->stage, 1, url);
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

/* ---- what came, and what the log says ---- */

struct wanted {
    struct scene *scene;
    uint32_t count;
};

static bool has_received(void *context)
{
    const struct wanted *wanted = context;
    return receiver_count(&wanted->scene->receiver) >= wanted->count;
}

static void wait_received(struct scene *scene, uint32_t count)
{
    struct wanted wanted = { scene, count };
    stage_wait(&scene->stage, has_received, &wanted);
}

struct found {
    uint32_t nth;
    struct delivery_row row;
    bool found;
};

static bool delivery_look(void *context, const void *row)
{
    struct found *found = context;
    if (found->nth-- > 0) {
        return true;
    }
    found->row = *(const struct delivery_row *)row;
    found->found = true;
    return false;
}

/* The n-th delivery there ever was. */
static struct delivery_row delivery(struct scene *scene, uint32_t nth)
{
    struct found found = { .nth = nth };
    struct span all = { NULL, 0 };
    house_settle(&scene->stage.house);
    enum status status = scene->stage.house.store->ops->scan(scene->stage.house.store, &delivery_table, all,
                                                             delivery_look, &found);
    assert_int_equal(status, STATUS_ok);
    if (found.found) { /* its newest image may not have reached the tables yet */
        bool there = house_row(&scene->stage.house, &delivery_table, &found.row);
        assert_true(there);
    }
    return found.row;
}

struct outcome {
    struct scene *scene;
    uint32_t nth;
    int32_t attempts;
    enum delivery_state state;
};

static bool has_outcome(void *context)
{
    const struct outcome *outcome = context;
    struct delivery_row row = delivery(outcome->scene, outcome->nth);
    return row.attempts == outcome->attempts && row.state == (int32_t)outcome->state;
}

static struct delivery_row wait_outcome(struct scene *scene, uint32_t nth, int32_t attempts,
                                        enum delivery_state state)
{
    struct outcome outcome = { scene, nth, attempts, state };
    stage_wait(&scene->stage, has_outcome, &outcome);
    return delivery(scene, nth);
}

/* Independent of the code under test: OpenSSL's HMAC and base64 over what came. */
static void signature_of(struct scene *scene, const struct received *received, int32_t generation,
                         char to[64])
{
    uint8_t secret[WEBHOOK_SECRET_SIZE], digest[32];
    char text[RECEIVED_BODY_MAX + 256];
    unsigned digest_size = 0;
    webhook_secret(&scene->key, scene->endpoint_id, generation, secret);
    int size = snprintf(text, sizeof(text), "%s.%s.%s", received->id, received->timestamp, received->body);
    assert_non_null(HMAC(EVP_sha256(), secret, sizeof(secret), (const uint8_t *)text, (size_t)size, digest,
                         &digest_size));
    memcpy(to, "v1,", 3);
    assert_int_equal(EVP_EncodeBlock((uint8_t *)to + 3, digest, 32), 44);
}

static void assert_signed(struct scene *scene, const struct received *received, int32_t generation)
{
    char wanted[64];
    signature_of(scene, received, generation, wanted);
    assert_string_equal(received->signature, wanted);
}

/* ---- facts ---- */

static void a_delivery_is_signed_and_says_what_happened(void **state)
{
    struct scene scene = { .pending_max = 0 };
    (void)state;
    scene_open(&scene, false);
    int64_t before_s = time(NULL);
    struct trade_row trade = city_pay(&scene.stage, 1, 1, 2500);
    wait_received(&scene, 1);
    struct delivery_row row = wait_outcome(&scene, 0, 1, DELIVERY_done);
    struct received got = receiver_at(&scene.receiver, 0);
    char id[64];
    snprintf(id, sizeof(id), "msg_%lld", (long long)row.delivery_id);
    assert_string_equal(got.id, id);
    assert_string_equal(got.path, "/hook");
    assert_string_equal(got.type, "application/json");
    int64_t stamp = strtoll(got.timestamp, NULL, 10); /* of the attempt, not of the till's clock */
    assert_true(stamp >= before_s && stamp <= time(NULL));
    assert_signed(&scene, &got, 0);
    assert_int_equal(row.last_status, 200);

    json_t *body = json_loads(got.body, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(body, "type")), "trade.paid");
    const char *at = json_string_value(json_object_get(body, "timestamp"));
    int64_t at_us = 0;
    assert_true(instant_read(span_of(at), &at_us));
    assert_int_equal(at_us, row.created_at_us);
    json_t *data = json_object_get(body, "data");
    snprintf(id, sizeof(id), "%lld", (long long)trade.trade_id);
    assert_string_equal(json_string_value(json_object_get(data, "trade_id")), id);
    assert_int_equal(json_integer_value(json_object_get(data, "paid_minor")), 2500);
    json_decref(body);
    struct notify_counts counts;
    notify_counts(scene.notify, &counts);
    assert_int_equal(counts.delivered, 1);
    assert_int_equal(counts.attempts, 1);
    assert_int_equal(counts.failures, 0);
    scene_close(&scene);
}

static void a_failure_is_repeated_when_its_time_has_come(void **state)
{
    struct scene scene = { .pending_max = 0 };
    (void)state;
    scene_open(&scene, false);
    atomic_store(&scene.receiver.fail_first, 2);
    city_pay(&scene.stage, 1, 1, 2500);
    struct delivery_row row = wait_outcome(&scene, 0, 1, DELIVERY_pending);
    assert_int_equal(row.last_status, 500);
    stage_pass(&scene.stage, 150000); /* the clock stands: nothing may come */
    assert_int_equal(receiver_count(&scene.receiver), 1);
    stage_move(&scene.stage, 6 * US_PER_SECOND);
    row = wait_outcome(&scene, 0, 2, DELIVERY_pending);
    assert_int_equal(row.next_at_us - row.last_at_us, 300 * US_PER_SECOND);
    stage_move(&scene.stage, 298 * US_PER_SECOND);
    stage_pass(&scene.stage, 150000);
    assert_int_equal(receiver_count(&scene.receiver), 2);
    stage_move(&scene.stage, 3 * US_PER_SECOND);
    wait_outcome(&scene, 0, 3, DELIVERY_done);
    struct received first = receiver_at(&scene.receiver, 0), last = receiver_at(&scene.receiver, 2);
    assert_string_equal(first.id, last.id);
    assert_string_equal(first.body, last.body);
    assert_signed(&scene, &last, 0);
    scene_close(&scene);
}

static void the_last_failure_gives_up_and_a_replay_begins_anew(void **state)
{
    struct scene scene = { .pending_max = 0 };
    (void)state;
    scene_open(&scene, false);
    atomic_store(&scene.receiver.fail_first, 8);
    city_pay(&scene.stage, 1, 1, 2500);
    for (int32_t attempts = 1; attempts <= 7; attempts++) {
        wait_outcome(&scene, 0, attempts, DELIVERY_pending);
        stage_move(&scene.stage, 10 * US_PER_HOUR + US_PER_SECOND);
    }
    struct delivery_row row = wait_outcome(&scene, 0, 8, DELIVERY_failed);
    stage_move(&scene.stage, 30 * US_PER_DAY);
    stage_pass(&scene.stage, 150000);
    assert_int_equal(receiver_count(&scene.receiver), 8);
    struct delivery_ref again = { .delivery_id = row.delivery_id };
    assert_int_equal(city_try(&scene.stage, &delivery_replay, &again), REFUSAL_none);
    wait_outcome(&scene, 0, 1, DELIVERY_done);
    struct received first = receiver_at(&scene.receiver, 0), last = receiver_at(&scene.receiver, 8);
    assert_string_equal(first.id, last.id); /* the receiver can tell that it is the same event */
    struct notify_counts counts;
    notify_counts(scene.notify, &counts);
    assert_int_equal(counts.given_up, 1);
    assert_int_equal(counts.delivered, 1);
    scene_close(&scene);
}

static const char *type_of(const struct received *received)
{
    static const char *const types[] = { "trade.paid", "trade.refunded", "trade.waiting", "trade.closed" };
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (strstr(received->body, types[i]) != NULL) {
            return types[i];
        }
    }
    return "";
}

static void events_of_one_trade_come_in_order_whatever_fails(void **state)
{
    struct scene scene = { .pending_max = 0 };
    (void)state;
    scene_open(&scene, false);
    atomic_store(&scene.receiver.fail_first, 1);
    struct trade_row trade = city_pay(&scene.stage, 1, 1, 2500);
    wait_outcome(&scene, 0, 1, DELIVERY_pending);
    city_refund(&scene.stage, &trade, 100);
    struct trade_row other = city_pay(&scene.stage, 2, 1, 4000); /* this moved the clock */
    (void)other;
    wait_received(&scene, 4);
    wait_outcome(&scene, 1, 1, DELIVERY_done);
    uint32_t paid_again = 0, refunded = 0;
    for (uint32_t i = 1; i < 4; i++) {
        struct received got = receiver_at(&scene.receiver, i);
        bool first_trade = strstr(got.body, "\"list_minor\":2500") != NULL;
        paid_again = first_trade && strcmp(type_of(&got), "trade.paid") == 0 ? i : paid_again;
        refunded = strcmp(type_of(&got), "trade.refunded") == 0 ? i : refunded;
    }
    assert_true(paid_again > 0);
    assert_true(refunded > paid_again);
    scene_close(&scene);
}

/* While the trade's first event waits for its next attempt, the second one is not sent. */
static void a_later_event_waits_for_the_earlier_one(void **state)
{
    struct scene scene = { .pending_max = 0 };
    (void)state;
    scene_open(&scene, false);
    atomic_store(&scene.receiver.fail_first, 1);
    struct trade_row trade = city_pay(&scene.stage, 1, 1, 2500);
    wait_outcome(&scene, 0, 1, DELIVERY_pending);
    city_refund(&scene.stage, &trade, 100);
    stage_pass(&scene.stage, 200000);
    assert_int_equal(receiver_count(&scene.receiver), 1);
    stage_move(&scene.stage, 6 * US_PER_SECOND);
    wait_outcome(&scene, 1, 1, DELIVERY_done);
    assert_int_equal(receiver_count(&scene.receiver), 3);
    scene_close(&scene);
}

static void what_is_no_answer_counts_as_none(void **state)
{
    static const struct {
        enum receiver_way way;
        int status, wanted;
    } cases[] = {
        { RECEIVER_hangs_up, 200, 0 },    { RECEIVER_babbles, 200, 0 },   { RECEIVER_is_silent, 200, 0 },
        { RECEIVER_redirects, 200, 307 }, { RECEIVER_answers, 404, 404 }, { RECEIVER_talks, 503, 503 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scene scene = { .timeout_ms = 300 };
        scene_open(&scene, false);
        atomic_store(&scene.receiver.way, cases[i].way);
        atomic_store(&scene.receiver.status, cases[i].status);
        city_pay(&scene.stage, 1, 1, 2500);
        struct delivery_row row = wait_outcome(&scene, 0, 1, DELIVERY_pending);
        assert_int_equal(row.last_status, cases[i].wanted);
        for (uint32_t j = 0; j < receiver_count(&scene.receiver); j++) {
            struct received got = receiver_at(&scene.receiver, j);
            assert_string_equal(got.path, "/hook"); /* a redirect is not followed */
        }
        scene_close(&scene);
    }
}

static void a_long_answer_is_heard_but_not_read(void **state)
{
    struct scene scene = { .pending_max = 0 };
    (void)state;
    scene_open(&scene, false);
    atomic_store(&scene.receiver.way, RECEIVER_talks);
    city_pay(&scene.stage, 1, 1, 2500);
    struct delivery_row row = wait_outcome(&scene, 0, 1, DELIVERY_done);
    assert_int_equal(row.last_status, 200);
    scene_close(&scene);
}

static void without_tls_nothing_leaves_the_machine(void **state)
{
    struct scene scene = { .pending_max = 0 };
    char url[128];
    (void)state;
    scene_open(&scene, false);
    /* An address that is no loopback address, and yet would reach the receiver. */
    snprintf(url, sizeof(url), "http://0.0.0.0:%u/hook", scene.receiver.port);
    struct endpoint_row endpoint = { .endpoint_id = scene.endpoint_id };
    assert_true(house_row(&scene.stage.house, &endpoint_table, &endpoint));
    assert_true(span_copy(span_of(url), endpoint.url, sizeof(endpoint.url)));
    house_row_put(&scene.stage.house, &endpoint_table, &endpoint, true);
    city_pay(&scene.stage, 1, 1, 2500);
    struct delivery_row row = wait_outcome(&scene, 0, 1, DELIVERY_pending);
    assert_int_equal(row.last_status, 0);
    assert_int_equal(receiver_count(&scene.receiver), 0);
    scene_close(&scene);
}

/* One attempt at the receiver under this address: the delivery afterwards, and how many connections came. */
static struct delivery_row attempt_at(const char *address, bool guarded, int *connections)
{
    struct scene scene = { .guarded = guarded, .timeout_ms = 400 };
    char url[128];
    scene_open(&scene, false);
    snprintf(url, sizeof(url), "%s:%u/hook", address, scene.receiver.port);
    struct endpoint_row endpoint = { .endpoint_id = scene.endpoint_id };
    assert_true(house_row(&scene.stage.house, &endpoint_table, &endpoint));
    assert_true(span_copy(span_of(url), endpoint.url, sizeof(endpoint.url)));
    house_row_put(&scene.stage.house, &endpoint_table, &endpoint, true);
    city_pay(&scene.stage, 1, 1, 2500);
    bool heard = !guarded && url[4] == ':';
    struct delivery_row row = wait_outcome(&scene, 0, 1, heard ? DELIVERY_done : DELIVERY_pending);
    *connections = atomic_load(&scene.receiver.connections);
    scene_close(&scene);
    return row;
}

/* Merchants reach neither this machine nor what is beside it, with and without TLS, unless the operator says so. */
static void what_is_private_is_not_reached(void **state)
{
    static const char *const addresses[] = { "http://127.0.0.1",  "http://localhost", "https://127.0.0.1",
                                             "https://localhost", "https://0.0.0.0" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        int connections;
        assert_int_equal(attempt_at(addresses[i], true, &connections).last_status, 0);
        assert_int_equal(connections, 0);
        (void)attempt_at(addresses[i], false, &connections); /* the receiver speaks no TLS, but it is reached */
        assert_true(connections > 0);
    }
}

static void a_rotated_secret_signs_beside_the_old_one_for_a_day(void **state)
{
    struct scene scene = { .pending_max = 0 };
    struct {
        int64_t endpoint_id;
    } rotate;
    char both[128], old[64];
    (void)state;
    scene_open(&scene, false);
    stage_move(&scene.stage, 2 * US_PER_DAY); /* long after the start */
    rotate.endpoint_id = scene.endpoint_id;
    assert_int_equal(endpoint_rotate.request->size, sizeof(rotate));
    assert_int_equal(city_try(&scene.stage, &endpoint_rotate, &rotate), REFUSAL_none);
    city_pay(&scene.stage, 1, 1, 2500);
    wait_outcome(&scene, 0, 1, DELIVERY_done);
    struct received got = receiver_at(&scene.receiver, 0);
    signature_of(&scene, &got, 1, both);
    signature_of(&scene, &got, 0, old);
    both[47] = ' ';
    memcpy(both + 48, old, 48);
    assert_string_equal(got.signature, both);
    stage_move(&scene.stage, US_PER_DAY);
    city_pay(&scene.stage, 1, 1, 2600);
    wait_outcome(&scene, 1, 1, DELIVERY_done);
    got = receiver_at(&scene.receiver, 1);
    assert_signed(&scene, &got, 1);
    scene_close(&scene);
}

static void a_disabled_endpoint_gives_up_what_is_pending(void **state)
{
    struct scene scene = { .pending_max = 0 };
    struct {
        int64_t endpoint_id;
    } disable;
    (void)state;
    scene_open(&scene, false);
    atomic_store(&scene.receiver.fail_first, 1);
    city_pay(&scene.stage, 1, 1, 2500);
    wait_outcome(&scene, 0, 1, DELIVERY_pending);
    disable.endpoint_id = scene.endpoint_id;
    assert_int_equal(city_try(&scene.stage, &endpoint_disable, &disable), REFUSAL_none);
    stage_move(&scene.stage, 6 * US_PER_SECOND);
    wait_outcome(&scene, 0, 2, DELIVERY_failed);
    assert_int_equal(receiver_count(&scene.receiver), 1);
    scene_close(&scene);
}

static void what_was_under_way_is_made_again_after_a_restart(void **state)
{
    (void)state;
    for (int sqlite = 0; sqlite <= 1; sqlite++) {
        struct scene scene = { .pending_max = 0 };
        scene_open(&scene, sqlite != 0);
        atomic_store(&scene.receiver.way, RECEIVER_is_silent);
        city_pay(&scene.stage, 1, 1, 2500);
        city_pay(&scene.stage, 2, 2, 2600);
        wait_received(&scene, 2);
        worker_again(&scene, RECEIVER_answers); /* there was no outcome: nothing was reported */
        wait_outcome(&scene, 0, 1, DELIVERY_done);
        wait_outcome(&scene, 1, 1, DELIVERY_done);
        assert_int_equal(receiver_count(&scene.receiver), 4);
        worker_again(&scene, RECEIVER_answers); /* and what is done stays done */
        stage_pass(&scene.stage, 100000);
        assert_int_equal(receiver_count(&scene.receiver), 4);
        scene_close(&scene);
    }
}

static void an_endpoint_is_not_flooded(void **state)
{
    struct scene scene = { .pending_max = 0 };
    (void)state;
    scene_open(&scene, false);
    atomic_store(&scene.receiver.delay_ms, 20);
    for (int i = 0; i < 40; i++) {
        city_pay(&scene.stage, 1 + i % 2, 1, 100);
    }
    wait_received(&scene, 40);
    wait_outcome(&scene, 39, 1, DELIVERY_done);
    assert_true(atomic_load(&scene.receiver.busy_most) > 1);
    assert_true(atomic_load(&scene.receiver.busy_most) <= NOTIFY_ENDPOINT_MAX);
    scene_close(&scene);
}

static bool nothing_is_pending(void *context)
{
    struct scene *scene = context;
    for (uint32_t i = 0; i < 60; i++) {
        if (delivery(scene, i).state != DELIVERY_done) {
            return false;
        }
    }
    return true;
}

/* More is pending than memory may hold: the rest is read when there is room, also across a restart, in order.
 */
static void what_finds_no_room_is_read_later(void **state)
{
    struct scene scene = { .pending_max = 4 };
    struct trade_row trades[30];
    (void)state;
    scene_open(&scene, true);
    atomic_store(&scene.receiver.way, RECEIVER_is_silent);
    for (int i = 0; i < 30; i++) {
        trades[i] = city_pay(&scene.stage, 1 + i % 2, 1, 100 + i);
    }
    worker_again(&scene, RECEIVER_is_silent);
    for (int i = 0; i < 30; i++) {
        city_refund(&scene.stage, &trades[i], 10);
    }
    uint32_t before = receiver_count(&scene.receiver);
    worker_again(&scene, RECEIVER_answers); /* what flew is forgotten */
    stage_wait(&scene.stage, nothing_is_pending, &scene);
    bool paid[30] = { false };
    for (uint32_t i = before; i < receiver_count(&scene.receiver); i++) {
        struct received got = receiver_at(&scene.receiver, i);
        const char *list = strstr(got.body, "\"list_minor\":");
        assert_non_null(list);
        long amount = strtol(list + 13, NULL, 10) - 100;
        assert_true(amount >= 0 && amount < 30);
        if (strcmp(type_of(&got), "trade.paid") == 0) {
            paid[amount] = true;
        } else {
            assert_true(paid[amount]);
        }
    }
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delivery_is_signed_and_says_what_happened),
        cmocka_unit_test(a_failure_is_repeated_when_its_time_has_come),
        cmocka_unit_test(the_last_failure_gives_up_and_a_replay_begins_anew),
        cmocka_unit_test(events_of_one_trade_come_in_order_whatever_fails),
        cmocka_unit_test(a_later_event_waits_for_the_earlier_one),
        cmocka_unit_test(what_is_no_answer_counts_as_none),
        cmocka_unit_test(a_long_answer_is_heard_but_not_read),
        cmocka_unit_test(without_tls_nothing_leaves_the_machine),
        cmocka_unit_test(what_is_private_is_not_reached),
        cmocka_unit_test(a_rotated_secret_signs_beside_the_old_one_for_a_day),
        cmocka_unit_test(a_disabled_endpoint_gives_up_what_is_pending),
        cmocka_unit_test(what_was_under_way_is_made_again_after_a_restart),
        cmocka_unit_test(an_endpoint_is_not_flooded),
        cmocka_unit_test(what_finds_no_room_is_read_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
