/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline: order, rounds, requests that repeat, refusals without a trace, time and ids, queue and stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/os_clock.h"
#include "engine_stage.h"

#define REQUEST(...) ((struct counter_request){ __VA_ARGS__ })

/* ---- order ---- */

static void calls_of_a_batch_see_the_ones_before(void **state)
{
    static struct stage_call calls[100];
    struct stage stage;
    (void)state;
    stage_open(&stage, 0, NULL);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        stage_call_init(&stage, &calls[i], &counter_add, REQUEST(.counter_id = 1, .amount = 1), NULL);
        assert_true(engine_submit(stage.engine, &calls[i].call));
    }
    stage_settle(&stage);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_int_equal(calls[i].answer.value, i + 1);
        assert_int_equal(calls[i].done_number, i + 1);
        assert_true(i == 0 || calls[i].call.decided_at_us > calls[i - 1].call.decided_at_us);
        assert_true(i == 0 || calls[i].answer.id > calls[i - 1].answer.id);
    }
    struct engine_counts counts;
    engine_counts(stage.engine, &counts);
    assert_int_equal(counts.batches, 1); /* all at once: one transaction */
    assert_int_equal(counts.calls, 100);
    assert_int_equal(stage_value(&stage, 1), 100);
    stage_close(&stage);
}

static void a_refused_call_leaves_no_trace(void **state)
{
    struct stage stage;
    struct stage_call call;
    (void)state;
    stage_open(&stage, 0, NULL);
    assert_int_equal(stage_do(&stage, NULL, &counter_add, REQUEST(.counter_id = 1, .amount = 5), NULL), REFUSAL_none);
    uint64_t before = stage_print(&stage);
    assert_int_equal(stage_do(&stage, &call, &counter_add, REQUEST(.counter_id = 1, .amount = -6), NULL),
                     REFUSAL_floor_reached);
    assert_int_equal(stage_do(&stage, &call, &counter_add, REQUEST(.counter_id = 2, .amount = -1), NULL),
                     REFUSAL_floor_reached);
    assert_int_equal(stage_do(&stage, &call, &counter_drop, REQUEST(.counter_id = 2), NULL), REFUSAL_shop_unknown);
    assert_true(stage_print(&stage) == before);
    assert_int_equal(stage_value(&stage, 2), -1);
    stage_close(&stage);
}

static void a_refusal_between_two_others_changes_neither(void **state)
{
    struct stage stage;
    struct stage_call calls[3];
    (void)state;
    stage_open(&stage, 0, NULL);
    const int64_t amounts[] = { 5, -10, 2 };
    for (size_t i = 0; i < 3; i++) {
        stage_call_init(&stage, &calls[i], &counter_add, REQUEST(.counter_id = 1, .amount = amounts[i]), NULL);
        assert_true(engine_submit(stage.engine, &calls[i].call));
    }
    stage_settle(&stage);
    assert_int_equal(calls[1].call.refusal, REFUSAL_floor_reached);
    assert_int_equal(calls[2].answer.value, 7);
    assert_int_equal(stage_value(&stage, 1), 7);
    stage_close(&stage);
}

static void what_was_kept_before_a_refusal_stays(void **state)
{
    const int32_t forget[] = { 0, 100, 50 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forget); i++) {
        struct stage stage;
        struct counter_request burn = REQUEST(.counter_id = 1, .amount = 3, .other_id = 2);
        stage_open(&stage, forget[i], NULL);
        assert_int_equal(stage_do(&stage, NULL, &counter_burn, burn, "k"),
                         REFUSAL_code_used);
        assert_int_equal(stage_value(&stage, 1), 3);
        assert_int_equal(stage_value(&stage, 2), -1);
        /* the refusal itself is kept under the key: no second burning */
        assert_int_equal(stage_do(&stage, NULL, &counter_burn, burn, "k"),
                         REFUSAL_code_used);
        assert_int_equal(stage_value(&stage, 1), 3);
        stage_close(&stage);
    }
}

/* ---- rounds: what the store does not have at hand makes no difference ---- */

struct order {
    const struct call *calls[512];
    size_t count;
};

static void order_observe(void *context, const struct commit *commit)
{
    struct order *order = context;
    for (const struct call *call = commit->calls; call != NULL; call = call->next) {
        order->calls[order->count++] = call;
    }
}

static struct counter_request random_request(uint64_t *random, const struct command **command)
{
    static const struct command *const commands[] = { &counter_add, &counter_add,  &counter_chase, &counter_chase,
                                                      &counter_link, &counter_burn, &counter_drop,  &counter_wait };
    *command = commands[stage_random(random) % COUNT_OF(commands)];
    int64_t id = 1 + (int64_t)(stage_random(random) % 8);
    int64_t other = 1 + (int64_t)(stage_random(random) % 8);
    if (*command == &counter_link) {
        other = id < 8 ? id + 1 : 0; /* chains end */
    }
    return REQUEST(.counter_id = id, .amount = (int64_t)(stage_random(random) % 9) - 3, .other_id = other);
}

/* The same calls, in the order in which they were decided, on a store that has everything at hand. */
static void replay(const struct order *order, uint64_t print)
{
    struct stage plain;
    stage_open(&plain, 0, NULL);
    for (size_t i = 0; i < order->count; i++) {
        const struct call *made = order->calls[i];
        const struct stage_call *original = made->context;
        struct stage_call again;
        plain.now_us = made->decided_at_us;
        stage_call_init(&plain, &again, made->command, original->request, NULL);
        assert_true(engine_submit(plain.engine, &again.call));
        while (!again.done) { /* and no further: timers fire where they fired before */
            engine_step(plain.engine);
        }
        assert_int_equal(again.call.refusal, made->refusal);
        assert_memory_equal(&again.answer, &original->answer, sizeof(again.answer));
    }
    assert_true(stage_print(&plain) == print);
    stage_close(&plain);
}

static void rows_that_are_not_at_hand_change_nothing(void **state)
{
    static struct stage_call calls[400];
    const int32_t forget[] = { 100, 60, 20 };
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct stage stage;
        static struct order order;
        uint64_t random = seed * 1000;
        order.count = 0;
        stage_open(&stage, forget[seed % 3], NULL);
        stage.settings.batch_calls_max = 1 + (uint32_t)(seed % 40);
        stage_reopen(&stage);
        engine_observe(stage.engine, order_observe, &order);
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            const struct command *command;
            struct counter_request request = random_request(&random, &command);
            request.amount += command == &counter_wait ? INT64_C(1000000000) : 0; /* not due in this test */
            stage_call_init(&stage, &calls[i], command, request, NULL);
            assert_true(engine_submit(stage.engine, &calls[i].call));
            if (stage_random(&random) % 10 == 0) {
                stage_settle(&stage);
            }
        }
        stage_settle(&stage);
        assert_int_equal(order.count, COUNT_OF(calls));
        replay(&order, stage_print(&stage));
        stage_close(&stage);
    }
}

static void a_chain_is_followed_in_rounds(void **state)
{
    struct stage stage;
    struct stage_call call;
    (void)state;
    stage_open(&stage, 100, NULL);
    for (int64_t id = 1; id < 9; id++) {
        assert_int_equal(stage_do(&stage, NULL, &counter_link, REQUEST(.counter_id = id, .other_id = id + 1), NULL), 0);
    }
    struct engine_counts before, after;
    engine_counts(stage.engine, &before);
    struct counter_request chase = REQUEST(.counter_id = 1, .amount = 4);
    assert_int_equal(stage_do(&stage, &call, &counter_chase, chase, NULL), REFUSAL_none);
    engine_counts(stage.engine, &after);
    assert_int_equal(stage_value(&stage, 9), 4);
    assert_int_equal(after.rounds - before.rounds, 10); /* nine rows, each known after the one before */
    stage_close(&stage);
}

/* Found by killing the real server: rows named after the moment are others in each round, so that of many
 * such calls only the first gets on. */
static void a_batch_may_take_many_rounds_as_long_as_it_gets_on(void **state)
{
    struct stage stage;
    struct stage_call calls[5 * ROUNDS_MAX];
    (void)state;
    stage_open(&stage, 100, NULL);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        stage_call_init(&stage, &calls[i], &counter_stamp, REQUEST(.amount = 3), NULL);
        assert_true(engine_submit(stage.engine, &calls[i].call));
    }
    stage_settle(&stage);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_true(calls[i].done);
        assert_int_equal(calls[i].call.refusal, REFUSAL_none);
        assert_int_equal(stage_value(&stage, calls[i].answer.now_us), 3);
    }
    stage_close(&stage);
}

/* ---- requests that repeat ---- */

static void the_same_request_gets_the_same_answer(void **state)
{
    const int32_t forget[] = { 0, 100 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forget); i++) {
        struct stage stage;
        struct stage_call first, again;
        struct counter_request request = REQUEST(.counter_id = 1, .amount = 5);
        stage_open(&stage, forget[i], NULL);
        assert_int_equal(stage_do(&stage, &first, &counter_add, request, "a"), REFUSAL_none);
        assert_false(first.call.repeated);
        stage.now_us += 1000000;
        for (int round = 0; round < 2; round++) {
            assert_int_equal(stage_do(&stage, &again, &counter_add, request, "a"), REFUSAL_none);
            assert_true(again.call.repeated);
            assert_memory_equal(&again.answer, &first.answer, sizeof(first.answer));
            assert_int_equal(again.call.decided_at_us, first.call.decided_at_us);
            assert_int_equal(stage_value(&stage, 1), 5);
            stage_reopen(&stage); /* and after a restart */
        }
        stage_close(&stage);
    }
}

static void a_key_belongs_to_one_request_of_one_caller(void **state)
{
    struct stage stage;
    struct stage_call call;
    (void)state;
    stage_open(&stage, 0, NULL);
    assert_int_equal(stage_do(&stage, NULL, &counter_add, REQUEST(.counter_id = 1, .amount = 5), "a"), REFUSAL_none);
    assert_int_equal(stage_do(&stage, &call, &counter_add, REQUEST(.counter_id = 1, .amount = 6), "a"),
                     REFUSAL_request_reused);
    assert_false(call.call.repeated);
    assert_int_equal(stage_do(&stage, &call, &counter_link, REQUEST(.counter_id = 1, .amount = 5), "a"),
                     REFUSAL_request_reused);
    /* the first request is still answered */
    assert_int_equal(stage_do(&stage, &call, &counter_add, REQUEST(.counter_id = 1, .amount = 5), "a"), REFUSAL_none);
    assert_true(call.call.repeated);
    /* another caller has keys of its own */
    stage_call_init(&stage, &call, &counter_add, REQUEST(.counter_id = 1, .amount = 5), "a");
    call.call.caller = (struct caller){ .kind = CALLER_shop, .id = 3 };
    assert_true(engine_submit(stage.engine, &call.call));
    stage_settle(&stage);
    assert_false(call.call.repeated);
    assert_int_equal(call.answer.value, 10);
    stage_close(&stage);
}

static void a_key_twice_in_one_batch_is_decided_once(void **state)
{
    const int32_t forget[] = { 0, 100, 50 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forget); i++) {
        struct stage stage;
        struct stage_call calls[3];
        stage_open(&stage, forget[i], NULL);
        for (size_t j = 0; j < 3; j++) {
            int64_t amount = j == 2 ? 9 : 5; /* the third has another body */
            stage_call_init(&stage, &calls[j], &counter_add, REQUEST(.counter_id = 1, .amount = amount), "a");
            assert_true(engine_submit(stage.engine, &calls[j].call));
        }
        stage_settle(&stage);
        assert_int_equal(calls[0].call.refusal, REFUSAL_none);
        assert_int_equal(calls[1].call.refusal, REFUSAL_none);
        assert_true(calls[0].call.repeated != calls[1].call.repeated);
        assert_memory_equal(&calls[0].answer, &calls[1].answer, sizeof(calls[0].answer));
        assert_int_equal(calls[2].call.refusal, REFUSAL_request_reused);
        assert_int_equal(stage_value(&stage, 1), 5);
        stage_close(&stage);
    }
}

static void a_refusal_is_kept_and_one_that_passes_is_not(void **state)
{
    struct stage stage;
    struct stage_call call;
    (void)state;
    stage_open(&stage, 0, NULL);
    assert_int_equal(stage_do(&stage, NULL, &counter_add, REQUEST(.counter_id = 1, .amount = -5), "a"),
                     REFUSAL_floor_reached);
    assert_int_equal(stage_do(&stage, NULL, &counter_add, REQUEST(.counter_id = 1, .amount = 50), "b"), REFUSAL_none);
    assert_int_equal(stage_do(&stage, &call, &counter_add, REQUEST(.counter_id = 1, .amount = -5), "a"),
                     REFUSAL_floor_reached);
    assert_true(call.call.repeated);

    struct counter_request later = REQUEST(.counter_id = 2, .amount = 1, .other_id = 3);
    assert_int_equal(stage_do(&stage, NULL, &counter_pass, later, "c"), REFUSAL_attempts_exceeded);
    assert_int_equal(stage_value(&stage, 2), -1);
    assert_int_equal(stage_do(&stage, NULL, &counter_add, REQUEST(.counter_id = 3, .amount = 1), NULL), REFUSAL_none);
    assert_int_equal(stage_do(&stage, &call, &counter_pass, later, "c"), REFUSAL_none);
    assert_false(call.call.repeated);
    assert_int_equal(stage_value(&stage, 2), 1);
    stage_close(&stage);
}

/* ---- time and ids ---- */

static void time_and_ids_grow_across_restarts_whatever_the_clock_does(void **state)
{
    struct stage stage;
    struct stage_call call;
    int64_t time = 0, id = 0;
    uint64_t random = 3;
    (void)state;
    stage_open(&stage, 0, NULL);
    for (int i = 0; i < 200; i++) {
        stage.now_us += (int64_t)(stage_random(&random) % 20000000) - 10000000;
        assert_int_equal(stage_do(&stage, &call, &counter_add, REQUEST(.counter_id = 1, .amount = 1), NULL), 0);
        assert_true(call.answer.now_us > time);
        assert_true(call.answer.id > id);
        time = call.answer.now_us;
        id = call.answer.id;
        if (i % 7 == 0) {
            stage_reopen(&stage);
            assert_true(engine_now_us(stage.engine) >= time);
        }
    }
    assert_int_equal(stage_value(&stage, 1), 200);
    stage_close(&stage);
}

/* ---- queue, deadline, durability, stop ---- */

static void a_full_queue_takes_no_more(void **state)
{
    static struct stage_call calls[QUEUE_CALLS_MAX + 1];
    struct stage stage;
    struct engine_counts counts;
    (void)state;
    stage_open(&stage, 0, NULL);
    for (size_t i = 0; i < QUEUE_CALLS_MAX; i++) {
        stage_call_init(&stage, &calls[i], &counter_add, REQUEST(.counter_id = 1, .amount = 1), NULL);
        assert_true(engine_submit(stage.engine, &calls[i].call));
    }
    struct stage_call *late = &calls[QUEUE_CALLS_MAX];
    stage_call_init(&stage, late, &counter_add, REQUEST(.counter_id = 1, .amount = 1), NULL);
    assert_false(engine_submit(stage.engine, &late->call));
    engine_counts(stage.engine, &counts);
    assert_int_equal(counts.queue_count, QUEUE_CALLS_MAX);
    assert_int_equal(counts.refused_queue_full, 1);
    stage_settle(&stage);
    assert_false(late->done);
    assert_int_equal(stage_value(&stage, 1), QUEUE_CALLS_MAX);
    assert_true(engine_submit(stage.engine, &late->call)); /* there is room again */
    stage_settle(&stage);
    assert_true(late->done);
    stage_close(&stage);
}

static void what_is_late_is_not_decided(void **state)
{
    struct stage stage;
    struct stage_call call;
    struct engine_counts counts;
    (void)state;
    stage_open(&stage, 0, NULL);
    stage_call_init(&stage, &call, &counter_add, REQUEST(.counter_id = 1, .amount = 1), "k");
    call.call.deadline_us = os_monotonic_us() - 1;
    assert_true(engine_submit(stage.engine, &call.call));
    stage_settle(&stage);
    assert_true(call.done);
    assert_int_equal(call.call.status, STATUS_busy);
    assert_int_equal(stage_value(&stage, 1), -1);
    engine_counts(stage.engine, &counts);
    assert_int_equal(counts.expired, 1);
    /* nothing was kept under its key either */
    stage_call_init(&stage, &call, &counter_add, REQUEST(.counter_id = 1, .amount = 1), "k");
    call.call.deadline_us = os_monotonic_us() + 60000000;
    assert_true(engine_submit(stage.engine, &call.call));
    stage_settle(&stage);
    assert_int_equal(call.call.status, STATUS_ok);
    assert_false(call.call.repeated);
    stage_close(&stage);
}

static void nothing_is_answered_before_it_is_durable(void **state)
{
    struct stage stage;
    struct stage_call first, second, read;
    (void)state;
    stage_open(&stage, 0, &(struct memory_settings){ .deferred = true });
    stage_call_init(&stage, &first, &counter_add, REQUEST(.counter_id = 1, .amount = 1), NULL);
    stage_call_init(&stage, &second, &counter_add, REQUEST(.counter_id = 1, .amount = 1), NULL);
    stage_call_init(&stage, &read, &counter_query, REQUEST(.counter_id = 1), NULL);
    assert_true(engine_submit(stage.engine, &first.call));
    assert_true(engine_step(stage.engine));
    assert_true(engine_submit(stage.engine, &second.call));
    assert_true(engine_submit(stage.engine, &read.call));
    while (engine_step(stage.engine)) {
    }
    assert_false(first.done); /* decided, and with the store */
    assert_false(second.done);
    assert_int_equal(stage_value(&stage, 1), -1);
    assert_true(store_memory_pump(stage.memory));
    assert_true(first.done);
    assert_false(second.done);
    assert_false(read.done); /* what it read is not durable yet */
    stage_settle(&stage);
    assert_true(second.done);
    assert_true(read.done);
    assert_int_equal(read.answer.value, 2);
    stage_close(&stage);
}

static void what_was_not_durable_is_gone_after_a_crash(void **state)
{
    struct stage stage;
    struct stage_call lost, kept;
    (void)state;
    stage_open(&stage, 0, &(struct memory_settings){ .deferred = true });
    stage_call_init(&stage, &kept, &counter_add, REQUEST(.counter_id = 1, .amount = 1), "kept");
    assert_true(engine_submit(stage.engine, &kept.call));
    stage_settle(&stage);
    stage_call_init(&stage, &lost, &counter_add, REQUEST(.counter_id = 1, .amount = 5), "lost");
    assert_true(engine_submit(stage.engine, &lost.call));
    while (engine_step(stage.engine)) {
    }
    assert_false(lost.done);
    stage_reopen(&stage);
    assert_int_equal(stage_value(&stage, 1), 1);
    struct stage_call again;
    struct counter_request five = REQUEST(.counter_id = 1, .amount = 5);
    assert_int_equal(stage_do(&stage, &again, &counter_add, five, "lost"), REFUSAL_none);
    assert_false(again.call.repeated);
    assert_int_equal(stage_value(&stage, 1), 6);
    stage_close(&stage);
}

static void reads_change_nothing(void **state)
{
    struct stage stage;
    struct stage_call call;
    struct engine_counts before, after;
    (void)state;
    stage_open(&stage, 0, NULL);
    assert_int_equal(stage_do(&stage, NULL, &counter_add, REQUEST(.counter_id = 1, .amount = 8), NULL), REFUSAL_none);
    engine_counts(stage.engine, &before);
    assert_int_equal(stage_do(&stage, &call, &counter_query, REQUEST(.counter_id = 1), NULL), REFUSAL_none);
    engine_counts(stage.engine, &after);
    assert_int_equal(call.answer.value, 8);
    assert_int_equal(after.rows_changed, before.rows_changed);
    stage_close(&stage);
}

static void what_changes_nothing_does_not_wait_for_the_store(void **state)
{
    struct stage stage;
    struct stage_call read, refused;
    (void)state;
    stage_open(&stage, 0, &(struct memory_settings){ .deferred = true });
    assert_int_equal(stage_do(&stage, NULL, &counter_add, REQUEST(.counter_id = 1, .amount = 8), NULL), REFUSAL_none);
    stage_call_init(&stage, &read, &counter_query, REQUEST(.counter_id = 1), NULL);
    stage_call_init(&stage, &refused, &counter_add, REQUEST(.counter_id = 1, .amount = -9), NULL);
    assert_true(engine_submit(stage.engine, &read.call));
    assert_true(engine_submit(stage.engine, &refused.call));
    while (engine_step(stage.engine)) {
    }
    assert_true(read.done); /* nothing was pumped */
    assert_true(refused.done);
    assert_int_equal(read.answer.value, 8);
    assert_int_equal(refused.call.refusal, REFUSAL_floor_reached);
    assert_int_equal(stage_value(&stage, 1), 8);
    stage_close(&stage);
}

/* Asks for another row each time: what no decision may do. */
static enum refusal decide_endless(const void *request, struct moment *at, struct view *view, void *answer)
{
    static int64_t next = 1000000;
    struct counter_row key = { .counter_id = next++ };
    (void)request;
    (void)at;
    (void)answer;
    (void)view_ask(view, &counter_table, &key);
    return REFUSAL_none;
}

static void what_asks_without_end_is_given_up_and_the_others_go_on(void **state)
{
    struct stage stage;
    struct stage_call endless, other;
    struct command command = counter_query;
    (void)state;
    command.decide = decide_endless;
    stage_open(&stage, 100, NULL);
    stage_call_init(&stage, &endless, &command, REQUEST(.counter_id = 1), NULL);
    stage_call_init(&stage, &other, &counter_add, REQUEST(.counter_id = 1, .amount = 3), NULL);
    assert_true(engine_submit(stage.engine, &endless.call));
    assert_true(engine_submit(stage.engine, &other.call));
    stage_settle(&stage);
    assert_true(endless.done);
    assert_int_equal(endless.call.status, STATUS_busy);
    assert_true(other.done);
    assert_int_equal(other.call.status, STATUS_ok);
    assert_int_equal(stage_value(&stage, 1), 3);
    stage_close(&stage);
}

struct images {
    size_t count;
    struct counter_row before, after;
    bool existed, exists;
};

static void images_observe(void *context, const struct commit *commit)
{
    struct images *images = context;
    for (size_t i = 0; i < commit->change_count; i++) {
        const struct row_change *change = &commit->changes[i];
        if (change->table == &counter_table) {
            const struct counter_row *before = row_before(change->row);
            images->count++;
            images->existed = before != NULL;
            images->before = before != NULL ? *before : (struct counter_row){ 0 };
            images->exists = change->exists;
            memcpy(&images->after, change->row, sizeof(images->after));
        }
    }
}

static void observers_see_rows_before_and_after(void **state)
{
    struct stage stage;
    struct stage_call calls[2];
    struct images images = { 0 };
    (void)state;
    stage_open(&stage, 0, NULL);
    engine_observe(stage.engine, images_observe, &images);
    assert_int_equal(stage_do(&stage, NULL, &counter_add, REQUEST(.counter_id = 1, .amount = 8), NULL), REFUSAL_none);
    assert_int_equal(images.count, 1);
    assert_false(images.existed);
    assert_int_equal(images.after.value, 8);
    for (size_t i = 0; i < 2; i++) {
        stage_call_init(&stage, &calls[i], &counter_add, REQUEST(.counter_id = 1, .amount = 1), NULL);
        assert_true(engine_submit(stage.engine, &calls[i].call));
    }
    stage_settle(&stage);
    assert_int_equal(images.count, 2); /* one image for both */
    assert_int_equal(images.before.value, 8);
    assert_int_equal(images.after.value, 10);
    assert_int_equal(stage_do(&stage, NULL, &counter_drop, REQUEST(.counter_id = 1), NULL), REFUSAL_none);
    assert_false(images.exists);
    assert_true(images.existed);
    /* made and removed in one batch: it never was */
    images.count = 0;
    stage_call_init(&stage, &calls[0], &counter_add, REQUEST(.counter_id = 2, .amount = 1), NULL);
    stage_call_init(&stage, &calls[1], &counter_drop, REQUEST(.counter_id = 2), NULL);
    assert_true(engine_submit(stage.engine, &calls[0].call));
    assert_true(engine_submit(stage.engine, &calls[1].call));
    stage_settle(&stage);
    assert_int_equal(images.count, 0);
    stage_close(&stage);
}

static void stopping_answers_what_was_accepted(void **state)
{
    static struct stage_call calls[5000];
    struct stage stage;
    size_t taken = 0;
    (void)state;
    stage_open(&stage, 0, NULL);
    engine_start(stage.engine);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        stage_call_init(&stage, &calls[i], &counter_add, REQUEST(.counter_id = 1, .amount = 1), NULL);
        taken += engine_submit(stage.engine, &calls[i].call);
    }
    engine_stop(stage.engine);
    assert_int_equal(stage.answered, taken);
    assert_int_equal(stage_value(&stage, 1), (int64_t)taken);
    stage_call_init(&stage, &calls[0], &counter_add, REQUEST(.counter_id = 1, .amount = 1), NULL);
    assert_false(engine_submit(stage.engine, &calls[0].call));
    stage_close(&stage);
}

static jmp_buf broken_law;
static const char *broken_what;

static void law_fatal(void *context, const char *what)
{
    (void)context;
    broken_what = what;
    longjmp(broken_law, 1);
}

static const char *no_thirteen(void *context, const struct row_change *changes, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].table == &counter_table && ((const struct counter_row *)changes[i].row)->value == 13) {
            return "a counter shows thirteen";
        }
    }
    return NULL;
}

static void a_broken_law_stops_the_engine_before_the_store_sees_it(void **state)
{
    static struct stage stage;
    static struct stage_call call;
    (void)state;
    stage_open(&stage, 0, NULL);
    stage.settings.check = no_thirteen;
    stage.settings.fatal = law_fatal;
    stage_reopen(&stage);
    assert_int_equal(stage_do(&stage, NULL, &counter_add, REQUEST(.counter_id = 1, .amount = 12), NULL), REFUSAL_none);
    stage_call_init(&stage, &call, &counter_add, REQUEST(.counter_id = 1, .amount = 1), NULL);
    assert_true(engine_submit(stage.engine, &call.call));
    if (setjmp(broken_law) == 0) {
        stage_settle(&stage);
        fail_msg("the law was not checked");
    }
    assert_string_equal(broken_what, "a counter shows thirteen");
    assert_false(call.done);
    assert_int_equal(stage_value(&stage, 1), 12);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_of_a_batch_see_the_ones_before),
        cmocka_unit_test(a_refused_call_leaves_no_trace),
        cmocka_unit_test(a_refusal_between_two_others_changes_neither),
        cmocka_unit_test(what_was_kept_before_a_refusal_stays),
        cmocka_unit_test(rows_that_are_not_at_hand_change_nothing),
        cmocka_unit_test(a_chain_is_followed_in_rounds),
        cmocka_unit_test(a_batch_may_take_many_rounds_as_long_as_it_gets_on),
        cmocka_unit_test(the_same_request_gets_the_same_answer),
        cmocka_unit_test(a_key_belongs_to_one_request_of_one_caller),
        cmocka_unit_test(a_key_twice_in_one_batch_is_decided_once),
        cmocka_unit_test(a_refusal_is_kept_and_one_that_passes_is_not),
        cmocka_unit_test(time_and_ids_grow_across_restarts_whatever_the_clock_does),
        cmocka_unit_test(a_full_queue_takes_no_more),
        cmocka_unit_test(what_is_late_is_not_decided),
        cmocka_unit_test(nothing_is_answered_before_it_is_durable),
        cmocka_unit_test(what_was_not_durable_is_gone_after_a_crash),
        cmocka_unit_test(reads_change_nothing),
        cmocka_unit_test(what_changes_nothing_does_not_wait_for_the_store),
        cmocka_unit_test(what_asks_without_end_is_given_up_and_the_others_go_on),
        cmocka_unit_test(observers_see_rows_before_and_after),
        cmocka_unit_test(stopping_answers_what_was_accepted),
        cmocka_unit_test(a_broken_law_stops_the_engine_before_the_store_sees_it),
    };
    return cmocka_run_group_tests_name("engine_core", tests, NULL, NULL);
}
