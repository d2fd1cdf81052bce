/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: each fires once, in order, not before it is due, not after it was dropped, also after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "engine_stage.h"

#define REQUEST(...) ((struct counter_request){ __VA_ARGS__ })
#define SECOND INT64_C(1000000)

static int64_t wait_for(struct stage *stage, int64_t counter_id, int64_t us)
{
    struct stage_call call;
    assert_int_equal(stage_do(stage, &call, &counter_wait, REQUEST(.counter_id = counter_id, .amount = us), NULL),
                     REFUSAL_none);
    return call.answer.value;
}

static void a_timer_fires_once_and_not_early(void **state)
{
    const int32_t forget[] = { 0, 100 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forget); i++) {
        struct stage stage;
        struct engine_counts counts;
        stage_open(&stage, forget[i], NULL);
        int64_t due_us = wait_for(&stage, 1, 10 * SECOND);
        stage.now_us = due_us - 1;
        stage_settle(&stage);
        assert_int_equal(stage_value(&stage, 1), -1);
        engine_counts(stage.engine, &counts);
        assert_int_equal(counts.timers_pending, 1);
        assert_int_equal(counts.timer_next_us, due_us);
        stage.now_us = due_us;
        stage_settle(&stage);
        assert_int_equal(stage_value(&stage, 1), 1);
        stage.now_us += 1000 * SECOND;
        stage_settle(&stage);
        assert_int_equal(stage_value(&stage, 1), 1);
        engine_counts(stage.engine, &counts);
        assert_int_equal(counts.timers_pending, 0);
        stage_close(&stage);
    }
}

static void a_dropped_timer_does_not_fire(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, 0, NULL);
    int64_t due_us = wait_for(&stage, 1, 10 * SECOND);
    wait_for(&stage, 2, 11 * SECOND);
    assert_int_equal(stage_do(&stage, NULL, &counter_unwait, REQUEST(.counter_id = 1, .amount = due_us), NULL), 0);
    assert_int_equal(stage_do(&stage, NULL, &counter_unwait, REQUEST(.counter_id = 1, .amount = due_us), NULL), 0);
    stage.now_us += 60 * SECOND;
    stage_settle(&stage);
    assert_int_equal(stage_value(&stage, 1), -1);
    assert_int_equal(stage_value(&stage, 2), 1);
    stage_close(&stage);
}

static void a_timer_set_again_fires_once(void **state)
{
    struct stage stage;
    struct stage_call calls[4];
    (void)state;
    stage_open(&stage, 0, NULL);
    int64_t due_us = wait_for(&stage, 1, 10 * SECOND);
    /* dropped and set again, in one batch and across batches: the heap has it more than once, the rows once */
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            stage_call_init(&stage, &calls[i], i % 2 == 0 ? &counter_unwait : &counter_wait,
                            REQUEST(.counter_id = 1, .amount = due_us), NULL);
            assert_true(engine_submit(stage.engine, &calls[i].call));
            if (round % 2 == 0) {
                stage_settle(&stage);
            }
        }
        stage_settle(&stage);
    }
    stage.now_us = due_us + 1;
    stage_settle(&stage);
    assert_int_equal(stage_value(&stage, 1), 1);
    stage_close(&stage);
}

/* Found by killing the real server: when a timer is due follows from the moment, so its row must not be read. */
static void setting_a_timer_fetches_nothing(void **state)
{
    struct stage stage;
    struct stage_call calls[50];
    struct engine_counts before, after;
    (void)state;
    stage_open(&stage, 100, NULL);
    engine_counts(stage.engine, &before);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        stage_call_init(&stage, &calls[i], &counter_wait,
                        REQUEST(.counter_id = (int64_t)i + 1, .amount = 10 * SECOND), NULL);
        assert_true(engine_submit(stage.engine, &calls[i].call));
    }
    stage_settle(&stage);
    engine_counts(stage.engine, &after);
    assert_int_equal(after.rounds - before.rounds, 1);
    stage.now_us += 11 * SECOND;
    stage_settle(&stage);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_int_equal(stage_value(&stage, (int64_t)i + 1), 1);
    }
    stage_close(&stage);
}

/* A timer that is set without being read, and dropped in the same batch, is dropped in the store as well. */
static void a_timer_set_again_and_dropped_is_gone(void **state)
{
    struct stage stage;
    struct stage_call calls[2];
    struct engine_counts counts;
    (void)state;
    stage_open(&stage, 100, NULL);
    int64_t due_us = wait_for(&stage, 1, 10 * SECOND);
    stage_call_init(&stage, &calls[0], &counter_wait, REQUEST(.counter_id = 1, .amount = due_us), NULL);
    stage_call_init(&stage, &calls[1], &counter_unwait, REQUEST(.counter_id = 1, .amount = due_us), NULL);
    assert_true(engine_submit(stage.engine, &calls[0].call));
    assert_true(engine_submit(stage.engine, &calls[1].call));
    stage_settle(&stage);
    stage_reopen(&stage);
    engine_counts(stage.engine, &counts);
    assert_int_equal(counts.timers_pending, 0);
    stage.now_us = due_us + SECOND;
    stage_settle(&stage);
    assert_int_equal(stage_value(&stage, 1), -1);
    stage_close(&stage);
}

static void timers_are_read_back_at_a_restart(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, 0, NULL);
    wait_for(&stage, 1, 10 * SECOND);
    wait_for(&stage, 2, 20 * SECOND);
    stage_reopen(&stage);
    stage.now_us += 15 * SECOND;
    stage_settle(&stage);
    assert_int_equal(stage_value(&stage, 1), 1);
    assert_int_equal(stage_value(&stage, 2), -1);
    stage.now_us += 15 * SECOND;
    stage_reopen(&stage); /* due while nobody was there */
    stage_settle(&stage);
    assert_int_equal(stage_value(&stage, 1), 1);
    assert_int_equal(stage_value(&stage, 2), 1);
    stage_close(&stage);
}

static void a_timer_whose_command_refuses_is_gone_without_a_trace(void **state)
{
    const int32_t forget[] = { 0, 100 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(forget); i++) {
        struct stage stage;
        stage_open(&stage, forget[i], NULL);
        assert_int_equal(stage_do(&stage, NULL, &counter_wait,
                                  REQUEST(.counter_id = 1, .amount = SECOND, .other_id = 1), NULL), REFUSAL_none);
        stage.now_us += 2 * SECOND;
        stage_settle(&stage);
        assert_int_equal(stage_value(&stage, 1), -1);
        stage_reopen(&stage);
        struct engine_counts counts;
        engine_counts(stage.engine, &counts);
        assert_int_equal(counts.timers_pending, 0);
        stage_close(&stage);
    }
}

struct fired {
    int64_t subjects[4096];
    size_t count;
};

static void fired_observe(void *context, const struct commit *commit)
{
    struct fired *fired = context;
    for (const struct call *call = commit->calls; call != NULL; call = call->next) {
        if (call->command->request == &timer_due_shape) {
            fired->subjects[fired->count++] = ((const struct timer_row *)call->request)->subject_id;
        }
    }
}

static void timers_fire_in_order_of_time_however_many(void **state)
{
    static struct fired fired;
    struct stage stage;
    uint64_t random = 5;
    (void)state;
    fired.count = 0;
    stage_open(&stage, 0, NULL);
    engine_observe(stage.engine, fired_observe, &fired);
    int64_t start_us = stage.now_us;
    for (int64_t id = 1; id <= 3000; id++) {
        /* the id says when: ties are told apart by the id */
        int64_t at = (int64_t)(stage_random(&random) % 1000);
        wait_for(&stage, at * 10000 + id, start_us + (10000 + at) * SECOND);
    }
    stage.now_us = start_us + 20000 * SECOND;
    stage_settle(&stage);
    assert_int_equal(fired.count, 3000);
    for (size_t i = 1; i < fired.count; i++) {
        assert_true(fired.subjects[i - 1] < fired.subjects[i]);
    }
    stage_close(&stage);
}

static void a_timer_wakes_the_deciding_thread(void **state)
{
    struct stage stage;
    struct stage_call call;
    (void)state;
    stage_open(&stage, 0, NULL);
    stage_call_init(&stage, &call, &counter_wait, REQUEST(.counter_id = 1, .amount = 5 * SECOND), NULL);
    assert_true(engine_submit(stage.engine, &call.call));
    stage_settle(&stage);
    stage.now_us += 6 * SECOND; /* before the thread is there: the clock of this test belongs to one thread */
    engine_start(stage.engine);
    struct engine_counts counts = { 0 };
    for (int i = 0; i < 5000 && counts.timers_fired == 0; i++) {
        engine_wake(stage.engine);
        struct timespec nap = { .tv_nsec = 1000000 };
        nanosleep(&nap, NULL);
        engine_counts(stage.engine, &counts);
    }
    engine_stop(stage.engine);
    assert_int_equal(counts.timers_fired, 1);
    assert_int_equal(stage_value(&stage, 1), 1);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_and_not_early),
        cmocka_unit_test(a_dropped_timer_does_not_fire),
        cmocka_unit_test(a_timer_set_again_fires_once),
        cmocka_unit_test(setting_a_timer_fetches_nothing),
        cmocka_unit_test(a_timer_set_again_and_dropped_is_gone),
        cmocka_unit_test(timers_are_read_back_at_a_restart),
        cmocka_unit_test(a_timer_whose_command_refuses_is_gone_without_a_trace),
        cmocka_unit_test(timers_fire_in_order_of_time_however_many),
        cmocka_unit_test(a_timer_wakes_the_deciding_thread),
    };
    return cmocka_run_group_tests_name("engine_timers", tests, NULL, NULL);
}
