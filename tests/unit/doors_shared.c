/* SPDX-License-Identifier: Apache-2.0 */
/* What hangs off the commit, of two processes on one database: both know of what either does. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/civil.h"
#include "base/os_clock.h"
#include "doors/events.h"
#include "doors/live.h"
#include "doors/notify.h"
#include "doors/till_edits.h"
#include "doors_receiver.h"
#include "doors_till_stage.h"
#include "store/memory_shared.h"

#define LEASE_US US_PER_SECOND /* by the database's clock, which the test moves */

enum { PAGES = 2 };

struct process {
    struct stage stage;
    struct live *live;
    struct events *events;
    struct metrics *metrics;
    struct notify *notify;
    struct rest_page pages[PAGES];
    _Atomic int fate; /* enum shared_fate of all that it asks of the database */
    _Atomic bool stopped;
};

struct scene {
    _Atomic int64_t clock_us; /* the database's */
    struct shared_memory *memory;
    struct process *a, *b;
    struct hmac_key webhook_key;
};

static int64_t clock_of(void *context)
{
    return atomic_load(&((struct scene *)context)->clock_us);
}

static enum shared_fate fate_of(void *context, enum shared_step step)
{
    struct process *process = context;
    enum shared_fate fate = (enum shared_fate)atomic_load(&process->fate);
    if (fate != SHARED_unknown_kept && fate != SHARED_unknown_lost) {
        return fate;
    }
    if (step != SHARED_commit) {
        return SHARED_go_on;
    }
    atomic_store(&process->fate, SHARED_away); /* and what became of it is not to be learnt */
    return fate;
}

static struct process *process_join(struct scene *scene, int number)
{
    struct store *store;
    struct process *process = calloc(1, sizeof(*process));
    assert_non_null(process);
    struct shared_join join = { .hook = fate_of, .hook_context = process, .address = "here" };
    assert_int_equal(store_shared_join(scene->memory, &join, &store), STATUS_ok);
    stage_join(&process->stage, store, number);
    return process;
}

static const struct command *const merchants_only[] = { &merchant_create, NULL };

static void doors_open(struct scene *scene, struct process *process)
{
    static const char *const routes[] = { "trade_pay" }, *const outcomes[] = { "ok" };
    struct stage *stage = &process->stage;
    struct metrics_settings metrics = { routes, 1, outcomes, 1 };
    struct live_settings live = { .engine = stage->house.engine, .store = stage->house.store, .version = "0.1.0" };
    struct events_settings events = { .engine = stage->house.engine,
                                      .store = stage->house.store,
                                      .tokens = stage->tokens };
    struct notify_settings notify = { .engine = stage->house.engine,
                                      .store = stage->house.store,
                                      .webhook_key = &scene->webhook_key,
                                      .private_allowed = true };
    process->metrics = metrics_open(&metrics);
    process->live = live_open(&live);
    process->events = events_open(&events);
    process->notify = notify_open(&notify);
    assert_non_null(process->live);
    assert_non_null(process->events);
    assert_non_null(process->notify);
    process->pages[0] = live_page(process->live);
    process->pages[1] = events_page(process->events);
    stage->commands = merchants_only;
    stage_door_open(stage, process->pages, PAGES);
    struct live_doors doors = { .server = stage->server, .metrics = process->metrics, .route_count = 1 };
    live_start(process->live, &doors);
    events_start(process->events);
    notify_start(process->notify);
}

static void *stop_thread(void *context)
{
    struct process *process = context;
    notify_stop(process->notify);
    events_stop(process->events);
    live_stop(process->live);
    atomic_store(&process->stopped, true);
    return NULL;
}

static bool has_stopped(void *context)
{
    return atomic_load(&((struct process *)context)->stopped);
}

static void doors_close(struct process *process)
{
    pthread_t thread;
    atomic_store(&process->stopped, false);
    assert_int_equal(pthread_create(&thread, NULL, stop_thread, process), 0);
    stage_wait(&process->stage, has_stopped, process);
    pthread_join(thread, NULL);
    stage_door_close(&process->stage);
    notify_close(process->notify);
    events_close(process->events);
    live_close(process->live);
    metrics_close(process->metrics);
}

static void process_leave(struct process *process)
{
    if (process->stage.other != NULL) {
        process->stage.other->other = NULL;
    }
    doors_close(process);
    process->stage.other = NULL;
    stage_close(&process->stage);
    free(process);
}

/* As a process ends that is killed: nothing of it is told to the database any more. */
static void process_kill(struct scene *scene, struct process *process)
{
    struct stage *other = process->stage.other;
    atomic_store(&process->fate, SHARED_away);
    doors_close(process);
    engine_close(process->stage.house.engine);
    store_shared_crash(process->stage.house.store);
    tokens_close(process->stage.tokens);
    other->other = NULL;
    free(process);
    for (int64_t us = 0; us <= LEASE_US; us += LEASE_US / 5) { /* the other one shows that it lives */
        atomic_fetch_add(&scene->clock_us, LEASE_US / 5);
        stage_pass(other, 20000);
    }
}

static void scene_open(struct scene *scene)
{
    struct shared_memory_settings settings = { .lease_us = LEASE_US, .now_us = clock_of, .clock_context = scene };
    *scene = (struct scene){ .clock_us = US_PER_SECOND };
    shared_memory_open(product_tables, &settings, &scene->memory);
    scene->a = process_join(scene, 1);
    webhook_master(&scene->a->stage.key, &scene->webhook_key);
    city_make(&scene->a->stage);
    city_campaign(&scene->a->stage, 7, 1000000);
    scene->b = process_join(scene, 2);
    atomic_store(&scene->b->stage.now_us, atomic_load(&scene->a->stage.now_us));
    scene->a->stage.other = &scene->b->stage;
    scene->b->stage.other = &scene->a->stage;
    doors_open(scene, scene->a);
    doors_open(scene, scene->b);
    stage_pass(&scene->a->stage, 20000);
}

static void scene_close(struct scene *scene)
{
    if (scene->a != NULL) {
        process_leave(scene->a);
    }
    if (scene->b != NULL) {
        process_leave(scene->b);
    }
    shared_memory_close(scene->memory);
}

/* ---- the live page ---- */

/* The next second of the process's page; the first is of before. */
static json_t *second_of(struct process *process)
{
    struct stream stream;
    stream_open(&stream, &process->stage, "/v1/live", "");
    stream_until(&stream, "event: second", 2);
    stream_until(&stream, "}\n\n", 3);
    json_t *second = json_loads(stream_data(&stream, "second", 1), 0, NULL);
    assert_non_null(second);
    stream_close(&stream);
    return second;
}

static json_int_t number(const json_t *object, const char *member)
{
    assert_true(json_is_integer(json_object_get(object, member)));
    return json_integer_value(json_object_get(object, member));
}

static void both_show_the_day_of_both(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene);
    struct trade_row trade = city_pay(&scene.a->stage, 1, 1, 3000);
    stage_pass(&scene.a->stage, 5000);
    city_pay(&scene.b->stage, 2, 2, 5000);
    stage_pass(&scene.a->stage, 5000);
    city_pay(&scene.b->stage, 1, 3, 700); /* without a discount */
    stage_pass(&scene.a->stage, 5000);
    city_refund(&scene.b->stage, &trade, 1000);
    struct trade_pay poor = { .shop_id = 1, .out_trade_no = "poor", .amount_minor = 999, .code_device_id = 77 };
    assert_int_not_equal(city_try(&scene.a->stage, &trade_pay, &poor), REFUSAL_none);
    stage_pass(&scene.a->stage, 20000);

    struct process *processes[] = { scene.a, scene.b };
    for (size_t i = 0; i < COUNT_OF(processes); i++) {
        json_t *second = second_of(processes[i]);
        assert_int_equal(number(second, "payments_total"), 3);
        assert_int_equal(number(second, "refunds_total"), 1);
        assert_int_equal(number(second, "amount_minor_total"), 1500 + 2500 + 700);
        assert_int_equal(number(second, "discount_minor_total"), 1500 + 2500 - 500);
        assert_int_equal(number(second, "budget_spent_minor_total"), 1500 + 2500 - 500);
        assert_int_equal(number(second, "trial_balance_minor"), 0);
        assert_int_equal(json_array_size(json_object_get(second, "latest")), 3);
        const json_t *campaign = json_array_get(json_object_get(second, "campaigns"), 0);
        assert_int_equal(number(campaign, "left_minor"), 1000000 - 3500);
        assert_int_equal(number(campaign, "uses"), 2);
        assert_int_equal(json_object_size(json_object_get(second, "refusals")), 1);
        const json_t *nodes = json_object_get(second, "nodes");
        assert_int_equal(json_array_size(nodes), 2);
        for (size_t node = 0; node < 2; node++) {
            const json_t *line = json_array_get(nodes, node);
            bool here = json_is_true(json_object_get(line, "here"));
            assert_int_equal(here, number(line, "node") == processes[i]->stage.house.store->node);
            assert_int_equal(json_is_true(json_object_get(line, "leads")), number(line, "node") == 0);
        }
        json_decref(second);
    }
    scene_close(&scene);
}

/* Who joins later has read what was before, and hears of the rest: nothing is counted twice. */
static void who_joins_later_counts_everything_once(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene);
    city_pay(&scene.a->stage, 1, 1, 3000);
    city_pay(&scene.b->stage, 2, 1, 3000);
    stage_pass(&scene.a->stage, 5000);
    process_leave(scene.b);
    city_pay(&scene.a->stage, 1, 1, 3000);
    scene.b = process_join(&scene, 3);
    atomic_store(&scene.b->stage.now_us, atomic_load(&scene.a->stage.now_us));
    city_pay(&scene.a->stage, 1, 1, 3000); /* between its joining and its reading */
    scene.a->stage.other = &scene.b->stage;
    scene.b->stage.other = &scene.a->stage;
    atomic_store(&scene.b->stage.now_us, atomic_load(&scene.a->stage.now_us));
    doors_open(&scene, scene.b);
    city_pay(&scene.a->stage, 2, 1, 3000);
    stage_pass(&scene.a->stage, 20000);
    json_t *second = second_of(scene.b);
    assert_int_equal(number(second, "payments_total"), 5);
    assert_int_equal(number(second, "discount_minor_total"), 5 * 1500);
    assert_int_equal(number(second, "budget_spent_minor_total"), 5 * 1500);
    assert_int_equal(number(json_array_get(json_object_get(second, "campaigns"), 0), "left_minor"), 1000000 - 7500);
    json_decref(second);
    scene_close(&scene);
}

/* ---- event streams ---- */

static void listen_to(struct process *process, struct stream *stream, const char *last_id)
{
    char headers[1024];
    snprintf(headers, sizeof(headers), "%s%s%s%s",
             stage_bearer(&process->stage, (struct caller){ CALLER_operator, 0 }, 1),
             last_id != NULL ? "Last-Event-ID: " : "", last_id != NULL ? last_id : "", last_id != NULL ? "\r\n" : "");
    stream_open(stream, &process->stage, "/v1/events", headers);
    stream_until(stream, "retry: 1000", 1);
}

static void last_id_of(const struct stream *stream, char id[512])
{
    const char *at = NULL;
    for (const char *next = stream->text; (next = strstr(next, "\nid: ")) != NULL; next++) {
        at = next;
    }
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\nid: %511[^\n]", id), 1);
}

static void a_stream_goes_on_at_the_other_process(void **state)
{
    struct scene scene;
    struct stream at_a, at_b, again;
    char id[512];
    (void)state;
    scene_open(&scene);
    listen_to(scene.a, &at_a, NULL);
    city_pay(&scene.a->stage, 1, 1, 3000);
    city_pay(&scene.b->stage, 2, 2, 5000);
    stream_until(&at_a, "event: trade.paid", 2);
    last_id_of(&at_a, id);
    stream_close(&at_a);
    struct trade_row missed = city_pay(&scene.b->stage, 1, 1, 100);
    stage_pass(&scene.a->stage, 5000);
    city_refund(&scene.a->stage, &missed, 40);
    stage_pass(&scene.a->stage, 5000);

    listen_to(scene.b, &at_b, id);
    stream_until(&at_b, "event: trade.refunded", 1);
    assert_int_equal(stream_count(&at_b, "event: "), 2); /* the two that were missed, and no gap */
    json_t *paid = json_loads(stream_data(&at_b, "trade.paid", 0), 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(paid, "list_minor")), 100);
    json_decref(paid);
    last_id_of(&at_b, id);
    stream_close(&at_b);
    listen_to(scene.a, &again, id);
    stage_pass(&scene.a->stage, 30000);
    stream_read(&again, 20000);
    assert_int_equal(stream_count(&again, "event: "), 0);
    stream_close(&again);
    scene_close(&scene);
}

/* ---- deliveries ---- */

struct wanted {
    struct receiver *receiver;
    uint32_t count;
};

static bool has_received(void *context)
{
    const struct wanted *wanted = context;
    return receiver_count(wanted->receiver) >= wanted->count;
}

static void wait_received(struct process *process, struct receiver *receiver, uint32_t count)
{
    stage_wait(&process->stage, has_received, &(struct wanted){ receiver, count });
}

static uint64_t attempts_of(struct process *process)
{
    struct notify_counts counts;
    notify_counts(process->notify, &counts);
    return counts.attempts;
}

static void one_delivers_and_the_next_takes_over(void **state)
{
    static struct receiver receiver;
    struct scene scene;
    char url[128];
    (void)state;
    scene_open(&scene);
    receiver_open(&receiver);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/hook", receiver.port);
    city_endpoint(&scene.a->stage, 1, url);
    stage_pass(&scene.a->stage, 600000); /* until it knows that it leads */
    city_pay(&scene.b->stage, 1, 1, 1000);
    city_pay(&scene.a->stage, 2, 2, 1000);
    wait_received(scene.a, &receiver, 2);
    stage_pass(&scene.a->stage, 100000);
    assert_int_equal(receiver_count(&receiver), 2); /* each once, all by the leader */
    assert_int_equal(attempts_of(scene.a), 2);
    assert_int_equal(attempts_of(scene.b), 0);

    atomic_store(&receiver.way, RECEIVER_is_silent);
    city_pay(&scene.b->stage, 1, 1, 1100);
    wait_received(scene.a, &receiver, 3); /* on its way when the leader dies */
    struct received told = receiver_at(&receiver, 2);
    atomic_store(&receiver.way, RECEIVER_answers);
    process_kill(&scene, scene.a);
    scene.a = NULL;
    city_pay(&scene.b->stage, 2, 1, 1200);
    wait_received(scene.b, &receiver, 5);
    stage_pass(&scene.b->stage, 100000);
    assert_int_equal(receiver_count(&receiver), 5);
    struct received first = receiver_at(&receiver, 3), second = receiver_at(&receiver, 4);
    assert_true(strcmp(first.id, told.id) == 0 || strcmp(second.id, told.id) == 0); /* made again, as the same */
    assert_string_not_equal(first.id, second.id);
    scene_close(&scene);
    atomic_store(&receiver.stopping, true);
    receiver_close(&receiver);
}

/* ---- the database is away ---- */

static void ask_health(struct process *process, const char *status, const char *code)
{
    struct stream stream;
    stream_open(&stream, &process->stage, "/healthz", "Connection: close\r\n");
    stream_until(&stream, "}", 1);
    if (strstr(stream.text, status) == NULL || strstr(stream.text, code) == NULL) {
        fail_msg("%s", stream.text);
    }
    stream_close(&stream);
}

static bool is_away(void *context)
{
    struct engine_counts counts;
    engine_counts(((struct process *)context)->stage.house.engine, &counts);
    return counts.away_since_us != 0;
}

static bool is_there(void *context)
{
    return !is_away(context);
}

static void who_cannot_decide_says_so_at_once(void **state)
{
    struct scene scene;
    struct nothing nothing = { 0 };
    (void)state;
    (void)nothing;
    scene_open(&scene);
    ask_health(scene.a, "200 OK", "healthy");
    atomic_store(&scene.a->fate, SHARED_away);
    struct stream waiting; /* it finds out */
    stream_open(&waiting, &scene.a->stage, "/healthz", "");
    stage_wait(&scene.a->stage, is_away, scene.a);
    int64_t begun_us = os_monotonic_us();
    ask_health(scene.a, "503 ", "database_away");
    assert_true(os_monotonic_us() - begun_us < 1000000);
    ask_health(scene.b, "200 OK", "healthy");
    atomic_store(&scene.a->fate, SHARED_go_on);
    stage_wait(&scene.a->stage, is_there, scene.a);
    stream_until(&waiting, "healthy", 1); /* who waited is answered */
    ask_health(scene.a, "200 OK", "healthy");
    stream_close(&waiting);
    scene_close(&scene);
}

static void make_merchant(struct process *process, struct stream *stream)
{
    char headers[256];
    snprintf(headers, sizeof(headers), "%sIdempotency-Key: the-one\r\n",
             stage_bearer(&process->stage, (struct caller){ CALLER_operator, 0 }, 1));
    stream_send(stream, &process->stage, "POST", "/v1/merchants", headers, "{\"merchant_id\":\"77\",\"name\":\"Wu\"}");
    stream_until(stream, "}", 1);
}

/* Whatever became of it, the answer says that nobody knows, and the same request again says what it was. */
static void an_unknown_outcome_is_told_and_learnt(void **state)
{
    static const enum shared_fate fates[] = { SHARED_unknown_kept, SHARED_unknown_lost };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fates); i++) {
        struct scene scene;
        struct stream first, again, elsewhere;
        scene_open(&scene);
        atomic_store(&scene.a->fate, fates[i]);
        make_merchant(scene.a, &first);
        if (strstr(first.text, "HTTP/1.1 503") == NULL || strstr(first.text, "outcome_unknown") == NULL) {
            fail_msg("%s", first.text);
        }
        make_merchant(scene.b, &elsewhere);
        assert_non_null(strstr(elsewhere.text, "HTTP/1.1 201"));
        assert_int_equal(stream_count(&elsewhere, "Idempotent-Replayed"), fates[i] == SHARED_unknown_kept);
        atomic_store(&scene.a->fate, SHARED_go_on);
        stage_wait(&scene.a->stage, is_there, scene.a);
        make_merchant(scene.a, &again);
        assert_non_null(strstr(again.text, "HTTP/1.1 201"));
        assert_int_equal(stream_count(&again, "Idempotent-Replayed"), 1);
        stream_close(&first);
        stream_close(&again);
        stream_close(&elsewhere);
        scene_close(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_show_the_day_of_both),
        cmocka_unit_test(who_joins_later_counts_everything_once),
        cmocka_unit_test(a_stream_goes_on_at_the_other_process),
        cmocka_unit_test(one_delivers_and_the_next_takes_over),
        cmocka_unit_test(who_cannot_decide_says_so_at_once),
        cmocka_unit_test(an_unknown_outcome_is_told_and_learnt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
