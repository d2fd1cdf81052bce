/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engines that share a store: conflicts, a database that is away, outcomes that nobody knows, ids and time
 * across nodes, and threads. What the nodes hear of each other: engine_heard.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/os_clock.h"
#include "engine_peers.h"

#define REQUEST(...) ((struct counter_request){ __VA_ARGS__ })
#define SECOND INT64_C(1000000)

static struct town town;

static void open_two(const struct town_settings *also)
{
    struct town_settings settings = also != NULL ? *also : (struct town_settings){ 0 };
    settings.count = 2;
    town_open(&town, &settings);
}

static struct peer *const first = &town.peers[0], *const second = &town.peers[1];

/* Published when a batch is handed over: a batch that changes nothing does. */
static struct engine_counts counts_of(struct peer *peer)
{
    (void)peer_do(peer, NULL, &counter_query, REQUEST(.counter_id = 999), NULL);
    return peer_counts(peer);
}

static void add(struct peer *peer, struct stage_call *call, int64_t counter_id, int64_t amount)
{
    assert_int_equal(peer_do(peer, call, &counter_add, REQUEST(.counter_id = counter_id, .amount = amount), NULL),
                     REFUSAL_none);
}

/* ---- conflicts ---- */

static void what_another_node_did_is_decided_upon(void **state)
{
    struct stage_call call;
    (void)state;
    open_two(NULL);
    for (int64_t i = 1; i <= 20; i++) {
        add(i % 2 == 0 ? first : second, &call, 7, 1); /* the cache of each is always out of date */
        assert_int_equal(call.answer.value, i);
    }
    assert_int_equal(town_value(&town, 7), 20);
    assert_true(counts_of(first).conflicts + counts_of(second).conflicts > 0);
    town_close(&town);
}

static void a_refusal_rests_on_rows_that_hold(void **state)
{
    struct stage_call call;
    (void)state;
    open_two(NULL);
    add(first, NULL, 7, 5);
    add(second, NULL, 7, -5);
    /* the first node still believes in five */
    assert_int_equal(peer_do(first, &call, &counter_add, REQUEST(.counter_id = 7, .amount = -1), "k"),
                     REFUSAL_floor_reached);
    add(second, NULL, 7, 3);
    assert_int_equal(peer_do(first, &call, &counter_add, REQUEST(.counter_id = 7, .amount = -1), "k2"), REFUSAL_none);
    assert_int_equal(call.answer.value, 2);
    town_close(&town);
}

static void a_read_shows_what_was_answered_elsewhere(void **state)
{
    struct stage_call call;
    (void)state;
    open_two(NULL);
    for (int64_t i = 1; i <= 5; i++) {
        add(first, NULL, 7, 1);
        assert_int_equal(peer_do(second, &call, &counter_query, REQUEST(.counter_id = 7), NULL), REFUSAL_none);
        assert_int_equal(call.answer.value, i);
        assert_int_equal(peer_do(second, &call, &counter_query, REQUEST(.counter_id = 100 + i), NULL),
                         REFUSAL_shop_unknown); /* seen as absent */
        add(first, NULL, 100 + i, 9);
        assert_int_equal(peer_do(second, &call, &counter_query, REQUEST(.counter_id = 100 + i), NULL), REFUSAL_none);
    }
    town_close(&town);
}

static void a_key_belongs_to_one_request_on_all_nodes(void **state)
{
    struct stage_call one, two;
    (void)state;
    open_two(NULL);
    assert_int_equal(peer_do(first, &one, &counter_add, REQUEST(.counter_id = 7, .amount = 5), "k"), REFUSAL_none);
    assert_int_equal(peer_do(second, &two, &counter_add, REQUEST(.counter_id = 7, .amount = 5), "k"), REFUSAL_none);
    assert_true(two.call.repeated);
    assert_memory_equal(&one.answer, &two.answer, sizeof(one.answer));
    assert_int_equal(town_value(&town, 7), 5);
    town_close(&town);
}

static void the_calls_of_a_conflict_come_first_and_in_order(void **state)
{
    struct stage_call calls[6];
    (void)state;
    open_two(&(struct town_settings){ .deferred = true });
    add(first, NULL, 7, 1);
    add(second, NULL, 7, 1);
    for (size_t i = 0; i < 3; i++) {
        peer_submit(first, &calls[i], &counter_add, REQUEST(.counter_id = 7, .amount = 10), NULL);
    }
    (void)engine_step(first->stage.engine); /* with the store, and bound to fail */
    for (size_t i = 3; i < 6; i++) {
        peer_submit(first, &calls[i], &counter_add, REQUEST(.counter_id = i == 5 ? 8 : 7, .amount = 10), NULL);
    }
    (void)engine_step(first->stage.engine); /* decided ahead, on top of it */
    peer_settle(first);
    int64_t before = (int64_t)calls[0].done_number - 1;
    for (size_t i = 0; i < 6; i++) {
        assert_true(calls[i].done);
        assert_int_equal(calls[i].call.status, STATUS_ok);
        assert_int_equal(calls[i].done_number, before + 1 + (int64_t)i);
        assert_int_equal(calls[i].answer.value, i == 5 ? 10 : 12 + 10 * (int64_t)i);
        assert_true(i == 0 || calls[i].answer.now_us > calls[i - 1].answer.now_us);
    }
    struct engine_counts counts = counts_of(first);
    assert_int_equal(counts.conflicts, 1);
    assert_int_equal(first->commits, counts.batches); /* the failed one was not told of */
    for (size_t i = 1; i < first->told_count; i++) {
        assert_in_range(first->told[i].number - first->told[i - 1].number, 0, 1);
    }
    town_close(&town);
}

static void a_batch_that_cannot_succeed_is_cut_in_half(void **state)
{
    static struct stage_call calls[16];
    (void)state;
    open_two(NULL);
    peer_fault(first, SHARED_commit, SHARED_conflict, 5);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        peer_submit(first, &calls[i], &counter_add, REQUEST(.counter_id = 7, .amount = 1), NULL);
    }
    peer_settle(first);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_int_equal(calls[i].call.status, STATUS_ok);
        assert_int_equal(calls[i].answer.value, i + 1);
    }
    struct engine_counts counts = counts_of(first);
    assert_int_equal(counts.conflicts, 5);
    assert_int_equal(counts.batches, 3);      /* two calls, those that were given back, and the query */
    assert_int_equal(counts.calls, 17);
    assert_int_equal(first->told[0].value, 2); /* 16, 16, 16 -> 8 -> 4 -> 2 */
    town_close(&town);
}

static void a_call_that_cannot_succeed_is_answered_busy(void **state)
{
    struct stage_call call, after;
    (void)state;
    open_two(NULL);
    add(first, NULL, 7, 1);
    peer_fault(first, SHARED_commit, SHARED_conflict, 30);
    peer_submit(first, &call, &counter_add, REQUEST(.counter_id = 7, .amount = 1), "k");
    peer_settle(first);
    assert_true(call.done);
    assert_int_equal(call.call.status, STATUS_busy);
    assert_int_equal(first->fault_count, 0);
    assert_int_equal(town_value(&town, 7), 1);
    add(second, NULL, 7, 1); /* its rows are not held any more */
    assert_int_equal(peer_do(first, &after, &counter_add, REQUEST(.counter_id = 7, .amount = 1), "k"), REFUSAL_none);
    assert_int_equal(after.answer.value, 3);
    assert_false(after.call.repeated);
    town_close(&town);
}

static void what_was_held_for_calls_that_gave_up_is_free(void **state)
{
    struct stage_call call;
    (void)state;
    open_two(&(struct town_settings){ .deferred = true });
    add(first, NULL, 7, 1);
    add(second, NULL, 7, 1);
    stage_call_init(&first->stage, &call, &counter_add, REQUEST(.counter_id = 7, .amount = 1), NULL);
    call.call.deadline_us = os_monotonic_us() + 50000;
    assert_true(engine_submit(first->stage.engine, &call.call));
    (void)engine_step(first->stage.engine);
    (void)store_shared_pump(first->store); /* a conflict */
    peer_fault(first, SHARED_load, SHARED_away, 2);
    (void)engine_step(first->stage.engine); /* takes note */
    (void)engine_step(first->stage.engine); /* decides anew, in vain */
    assert_false(call.done);
    os_sleep_us(60000);
    peer_settle(first); /* too late for the call; the database, once it is back, holds its row */
    assert_true(call.done);
    assert_int_equal(call.call.status, STATUS_busy);
    add(second, NULL, 7, 1);
    assert_int_equal(town_value(&town, 7), 3);
    town_close(&town);
}

static void a_row_that_was_not_asked_for_is_replaced(void **state)
{
    struct stage_call one, two;
    (void)state;
    open_two(NULL);
    struct counter_request wait = REQUEST(.counter_id = 7, .amount = town.now_us + SECOND);
    assert_int_equal(peer_do(first, &one, &counter_wait, wait, NULL), REFUSAL_none);
    assert_int_equal(peer_do(second, &two, &counter_wait, wait, NULL), REFUSAL_none);
    assert_int_equal(one.answer.value, two.answer.value);
    assert_int_equal(counts_of(second).conflicts, 0);
    town_close(&town);
}

/* ---- batches decided ahead ---- */

static void submit_many(struct stage_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        peer_submit(first, &calls[i], &counter_add, REQUEST(.counter_id = 7, .amount = 1), NULL);
    }
}

static void half_of_the_calls_are_left_to_the_next_batch(void **state)
{
    static struct stage_call calls[200];
    (void)state;
    open_two(&(struct town_settings){ .deferred = true });
    add(first, NULL, 7, 1);
    struct engine_counts before = peer_counts(first);
    submit_many(calls, 40);
    while (engine_step(first->stage.engine)) {
    }
    assert_int_equal(peer_counts(first).calls - before.calls, 40); /* what waits for an idle store goes at once */
    submit_many(calls + 40, 160);
    while (engine_step(first->stage.engine)) {
    }
    (void)store_shared_pump(first->store);
    (void)engine_step(first->stage.engine); /* takes note */
    (void)engine_step(first->stage.engine);
    assert_int_equal(peer_counts(first).batches - before.batches, 2);
    assert_int_equal(peer_counts(first).calls - before.calls, 140); /* and no more was decided before */
    peer_settle(first);
    assert_int_equal(peer_counts(first).batches - before.batches, 3);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_int_equal(calls[i].answer.value, (int64_t)i + 2);
    }
    town_close(&town);
}

static void few_calls_are_not_halved(void **state)
{
    static struct stage_call calls[42];
    (void)state;
    open_two(&(struct town_settings){ .deferred = true });
    add(first, NULL, 7, 1);
    struct engine_counts before = peer_counts(first);
    submit_many(calls, 10);
    while (engine_step(first->stage.engine)) {
    }
    submit_many(calls + 10, 32);
    while (engine_step(first->stage.engine)) {
    }
    peer_settle(first);
    assert_int_equal(peer_counts(first).batches - before.batches, 2);
    assert_int_equal(town_value(&town, 7), 43);
    town_close(&town);
}

/* ---- ids and time ---- */

/* Asks for a row by a fresh id, which is another one in each round of deciding, and for one that is not at hand. */
static enum refusal decide_fresh(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct counter_request *want = request;
    struct counter_row key = { .counter_id = moment_id(at) };
    struct counter_row *made = view_change(view, view_ask(view, &counter_table, &key));
    struct counter_row other = { .counter_id = want->counter_id };
    const struct counter_row *asked = view_ask(view, &counter_table, &other);
    made->value = want->amount + asked->value;
    *(struct counter_answer *)answer = (struct counter_answer){ .value = made->value, .id = key.counter_id };
    return REFUSAL_none;
}

static void a_fresh_id_is_nobodys_key(void **state)
{
    static struct stage_call calls[5];
    struct stage_call look;
    struct command fresh = counter_add;
    (void)state;
    open_two(&(struct town_settings){ .cold = true });
    fresh.decide = decide_fresh;
    for (int round = 0; round < 3; round++) {
        add(second, NULL, 7, 1);
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            peer_submit(first, &calls[i], &fresh, REQUEST(.counter_id = 7 + (int64_t)i, .amount = 100), NULL);
        }
        peer_settle(first);
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            assert_int_equal(calls[i].call.status, STATUS_ok);
            assert_int_equal(town_value(&town, calls[i].answer.id), i == 0 ? 101 + round : 100);
            /* and in the next batch it is asked for as any other */
            struct counter_request again = REQUEST(.counter_id = calls[i].answer.id);
            assert_int_equal(peer_do(first, &look, &counter_query, again, NULL), REFUSAL_none);
            assert_int_equal(look.answer.value, i == 0 ? 101 + round : 100);
        }
    }
    town_close(&town);
}

static void ids_hold_the_node_and_grow_along_a_row(void **state)
{
    const int64_t late_us[] = { 0, 5 * SECOND, -5 * SECOND };
    (void)state;
    for (size_t k = 0; k < COUNT_OF(late_us); k++) {
        int64_t id = 0, now_us = 0;
        open_two(NULL);
        second->stage.now_us += late_us[k];
        for (int i = 0; i < 40; i++) {
            struct peer *peer = i % 3 == 0 ? second : first;
            struct stage_call call;
            peer->stage.now_us += i % 7;
            add(peer, &call, 7, 1);
            assert_int_equal(call.answer.id % NODES_MAX, peer->store->node);
            assert_true(call.answer.id > id);
            assert_true(call.answer.now_us > now_us);
            id = call.answer.id;
            now_us = call.answer.now_us;
        }
        assert_true(now_us - town.now_us < 6 * SECOND); /* and not ahead of the fastest clock for long */
        town_close(&town);
    }
}

static void a_batch_that_changes_nothing_takes_no_id(void **state)
{
    struct stage_call one, two, three;
    (void)state;
    open_two(NULL);
    first->stage.now_us += 1000 - first->stage.now_us % 1000; /* each decision takes an instant of this millisecond */
    add(first, &one, 7, 1);
    add(first, &two, 7, 1);
    uint64_t batches = counts_of(first).batches;
    for (int i = 0; i < 20; i++) {
        (void)peer_do(first, NULL, &counter_query, REQUEST(.counter_id = 7), NULL);
    }
    assert_true(counts_of(first).batches >= batches + 20);
    add(first, &three, 7, 1);
    assert_int_equal(three.answer.id - two.answer.id, two.answer.id - one.answer.id);
    town_close(&town);
}

static void a_node_that_joins_goes_on_from_where_all_are(void **state)
{
    struct stage_call ahead, call;
    (void)state;
    open_two(NULL);
    first->stage.now_us += 3600 * SECOND;
    add(first, &ahead, 7, 1);
    peer_crash(second);
    peer_join(second, &(struct shared_join){ 0 });
    second->stage.now_us = town.now_us - 3600 * SECOND;
    add(second, &call, 8, 1); /* a row that it shares with nobody */
    assert_true(call.answer.id > ahead.answer.id);
    assert_true(call.answer.now_us > ahead.answer.now_us);
    town_close(&town);
}

/* ---- away ---- */

static void calls_wait_for_a_database_that_is_away(void **state)
{
    const enum shared_step steps[] = { SHARED_load, SHARED_keep, SHARED_commit };
    (void)state;
    for (size_t k = 0; k < COUNT_OF(steps); k++) {
        static struct stage_call calls[10];
        open_two(NULL);
        add(first, NULL, 7, 1);
        add(second, NULL, 7, 1);
        peer_fault(first, steps[k], SHARED_away, 7);
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            peer_submit(first, &calls[i], &counter_add, REQUEST(.counter_id = (int64_t)(i % 3) + 7, .amount = 1), NULL);
        }
        peer_settle(first);
        assert_int_equal(first->fault_count, 0);
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            assert_true(calls[i].done);
            assert_int_equal(calls[i].call.status, STATUS_ok);
        }
        assert_int_equal(town_sum(&town), 12);
        struct engine_counts counts = counts_of(first);
        assert_true(counts.aways >= 7 || steps[k] == SHARED_keep || steps[k] == SHARED_commit);
        assert_true(counts.aways > 0);
        assert_true(counts.away_since_us == 0);
        town_close(&town);
    }
}

static void what_waits_too_long_is_answered_busy(void **state)
{
    static struct stage_call calls[4];
    (void)state;
    open_two(NULL);
    peer_fault(first, SHARED_load, SHARED_away, 1);
    peer_fault(first, SHARED_load, SHARED_away, 20);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        stage_call_init(&first->stage, &calls[i], &counter_add, REQUEST(.counter_id = 7, .amount = 1), NULL);
        calls[i].call.deadline_us = i % 2 == 0 ? os_monotonic_us() + 5000 : 0;
        assert_true(engine_submit(first->stage.engine, &calls[i].call));
    }
    (void)engine_step(first->stage.engine);
    assert_true(peer_counts(first).away_since_us != 0);
    os_sleep_us(6000);
    (void)engine_step(first->stage.engine);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_int_equal(calls[i].done, i % 2 == 0);
        assert_int_equal(calls[i].call.status, i % 2 == 0 ? STATUS_busy : STATUS_ok);
    }
    peer_settle(first);
    assert_int_equal(town_value(&town, 7), 2);
    assert_int_equal(counts_of(first).expired, 2);
    town_close(&town);
}

static void stopping_does_not_wait_for_a_database_that_is_away(void **state)
{
    static struct stage_call calls[3];
    (void)state;
    open_two(NULL);
    for (int step = SHARED_load; step <= SHARED_resolve; step++) {
        peer_fault(first, (enum shared_step)step, SHARED_away, 15);
    }
    engine_start(first->stage.engine);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        peer_submit(first, &calls[i], &counter_add, REQUEST(.counter_id = 7, .amount = 1), NULL);
    }
    for (int i = 0; i < 5000 && peer_counts(first).away_since_us == 0; i++) {
        os_sleep_us(1000);
    }
    assert_true(peer_counts(first).away_since_us != 0);
    engine_stop(first->stage.engine);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_true(calls[i].done);
        assert_int_equal(calls[i].call.status, STATUS_busy);
    }
    assert_int_equal(town_value(&town, 7), -1);
    town_close(&town);
}

static void an_idle_engine_notices_that_the_database_is_back(void **state)
{
    struct stage_call call;
    (void)state;
    open_two(NULL);
    peer_fault(first, SHARED_load, SHARED_away, 6); /* for longer than the call waits */
    engine_start(first->stage.engine);
    stage_call_init(&first->stage, &call, &counter_add, REQUEST(.counter_id = 7, .amount = 1), NULL);
    call.call.deadline_us = os_monotonic_us() + 20000;
    assert_true(engine_submit(first->stage.engine, &call.call));
    for (int i = 0; i < 5000 && (peer_counts(first).aways < 6 || peer_counts(first).away_since_us != 0); i++) {
        os_sleep_us(1000);
    }
    engine_stop(first->stage.engine);
    assert_true(call.done);
    assert_int_equal(call.call.status, STATUS_busy);
    assert_int_equal(peer_counts(first).aways, 6);
    assert_true(peer_counts(first).away_since_us == 0);
    town_close(&town);
}

/* ---- unknown ---- */

static void an_unknown_outcome_is_learnt(void **state)
{
    (void)state;
    for (int kept = 0; kept < 2; kept++) {
        struct stage_call calls[3], bare, again;
        open_two(NULL);
        add(first, NULL, 7, 1);
        uint64_t number = first->told[0].number;
        peer_fault(first, SHARED_commit, kept ? SHARED_unknown_kept : SHARED_unknown_lost, 1);
        peer_fault(first, SHARED_resolve, SHARED_away, 2);
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            char key[8];
            snprintf(key, sizeof(key), "k%zu", i);
            peer_submit(first, &calls[i], &counter_add, REQUEST(.counter_id = 7, .amount = 1), key);
        }
        peer_submit(first, &bare, &counter_add, REQUEST(.counter_id = 8, .amount = 1), NULL);
        peer_settle(first);
        assert_int_equal(bare.call.status, STATUS_unknown); /* nobody can tell whether a second one is the same */
        assert_int_equal(town_value(&town, 8), kept ? 1 : -1);
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            assert_true(calls[i].done);
            assert_int_equal(calls[i].call.status, STATUS_ok);
            assert_int_equal(calls[i].answer.value, 2 + i);
            assert_int_equal(calls[i].call.repeated, kept);
        }
        assert_int_equal(town_value(&town, 7), 4);
        /* its own observers hear of it once, when it is known */
        int64_t told = 0;
        for (size_t i = 1; i < first->told_count; i++) {
            assert_int_equal(first->told[i].number, number + 1);
            told += first->told[i].value - first->told[i].value_before;
        }
        assert_int_equal(told, kept ? 4 : 3);
        struct counter_request one = REQUEST(.counter_id = 7, .amount = 1);
        assert_int_equal(peer_do(first, &again, &counter_add, one, "k1"), REFUSAL_none);
        assert_true(again.call.repeated);
        struct engine_counts counts = counts_of(first);
        assert_int_equal(counts.unknowns, 1);
        assert_true(counts.away_since_us == 0);
        town_close(&town);
    }
}

static void who_cannot_wait_for_an_outcome_is_told_so(void **state)
{
    (void)state;
    for (int kept = 0; kept < 2; kept++) {
        struct stage_call calls[2], again;
        open_two(NULL);
        peer_fault(first, SHARED_commit, kept ? SHARED_unknown_kept : SHARED_unknown_lost, 1);
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            const struct command *command = i == 0 ? &counter_add : &counter_query;
            stage_call_init(&first->stage, &calls[i], command, REQUEST(.counter_id = 7, .amount = 1),
                            i == 0 ? "k" : NULL);
            calls[i].call.deadline_us = os_monotonic_us() + 20000;
            assert_true(engine_submit(first->stage.engine, &calls[i].call));
        }
        (void)engine_step(first->stage.engine); /* hands over */
        (void)engine_step(first->stage.engine); /* hears that nobody knows */
        os_sleep_us(30000);
        peer_fault(first, SHARED_resolve, SHARED_away, 1);
        (void)engine_step(first->stage.engine);
        assert_true(calls[0].done);
        assert_true(calls[1].done);
        assert_int_equal(calls[0].call.status, STATUS_unknown);
        assert_int_equal(calls[1].call.status, STATUS_busy); /* it would have changed nothing */
        peer_settle(first);
        struct counter_request one = REQUEST(.counter_id = 7, .amount = 1);
        assert_int_equal(peer_do(first, &again, &counter_add, one, "k"), REFUSAL_none);
        assert_int_equal(again.call.repeated, kept);
        assert_int_equal(again.answer.value, 1);
        town_close(&town);
    }
}

static void what_is_known_not_to_have_happened_may_be_busy(void **state)
{
    (void)state;
    for (int kept = 0; kept < 2; kept++) {
        struct stage_call call;
        open_two(NULL);
        peer_fault(first, SHARED_commit, kept ? SHARED_unknown_kept : SHARED_unknown_lost, 1);
        stage_call_init(&first->stage, &call, &counter_add, REQUEST(.counter_id = 7, .amount = 1), "k");
        call.call.deadline_us = os_monotonic_us() + 20000;
        assert_true(engine_submit(first->stage.engine, &call.call));
        (void)engine_step(first->stage.engine); /* hands over */
        (void)engine_step(first->stage.engine); /* hears that nobody knows */
        (void)engine_step(first->stage.engine); /* learns */
        assert_false(call.done);
        os_sleep_us(30000);
        peer_settle(first); /* too late */
        assert_int_equal(call.call.status, kept ? STATUS_unknown : STATUS_busy);
        town_close(&town);
    }
}

static void timers_of_an_unknown_batch_fire_if_it_was_kept(void **state)
{
    (void)state;
    for (int kept = 0; kept < 2; kept++) {
        struct stage_call call;
        open_two(NULL);
        peer_fault(first, SHARED_commit, kept ? SHARED_unknown_kept : SHARED_unknown_lost, 1);
        peer_submit(first, &call, &counter_wait, REQUEST(.counter_id = 7, .amount = SECOND), NULL);
        peer_settle(first);
        assert_int_equal(call.call.status, STATUS_unknown);
        first->stage.now_us += SECOND + 10;
        /* and one that fires in a batch of unknown outcome fires once */
        peer_fault(first, SHARED_commit, SHARED_unknown_kept, kept);
        peer_settle(first);
        assert_int_equal(town_value(&town, 7), kept ? 1 : -1);
        town_close(&town);
    }
}

/* ---- timers ---- */

static void timers_of_a_batch_that_failed_are_not_lost(void **state)
{
    struct stage_call call;
    (void)state;
    open_two(&(struct town_settings){ .deferred = true });
    for (int64_t i = 1; i <= 3; i++) {
        struct counter_request wait = REQUEST(.counter_id = 7, .amount = i * SECOND);
        assert_int_equal(peer_do(first, NULL, &counter_wait, wait, NULL), REFUSAL_none);
    }
    add(first, NULL, 7, 10);
    add(second, NULL, 7, 10);
    first->stage.now_us += 4 * SECOND;
    (void)engine_step(first->stage.engine); /* three timers, on a row that has changed */
    peer_submit(first, &call, &counter_add, REQUEST(.counter_id = 7, .amount = 100), NULL);
    (void)engine_step(first->stage.engine);
    peer_fault(first, SHARED_commit, SHARED_conflict, 4);
    peer_fault(first, SHARED_commit, SHARED_away, 2);
    peer_settle(first);
    assert_int_equal(first->fault_count, 0);
    assert_int_equal(call.call.status, STATUS_ok);
    assert_int_equal(town_value(&town, 7), 123);
    assert_int_equal(counts_of(first).timers_fired, 3);
    town_close(&town);
}

/* ---- everything at once ---- */

/* Repeats each call with its key until it hears an answer, whichever node it asks. */
static void storm(uint64_t seed, const struct town_settings *settings)
{
    static struct stage_call calls[PEERS_MAX][8];
    int64_t wanted = 0, sent = 0;
    town_open(&town, settings);
    town.random = seed;
    for (int round = 0; round < 60; round++) {
        for (size_t p = 0; p < town.count; p++) {
            town.peers[p].fault_percent = round < 50 ? 8 : 0;
            town.peers[p].stage.now_us += (int64_t)(stage_random(&town.random) % 3000);
            for (size_t i = 0; i < COUNT_OF(calls[p]); i++) {
                struct stage_call *call = &calls[p][i];
                bool asks_again = round > 0 && call->call.status == STATUS_unknown;
                if (asks_again) {
                    struct stage_call old = *call;
                    peer_submit(&town.peers[(p + 1) % town.count], call, old.call.command, old.request,
                                old.call.request_key);
                    continue;
                }
                char key[24];
                snprintf(key, sizeof(key), "key%lld", (long long)++sent);
                struct counter_request request = { .counter_id = 1 + (int64_t)(stage_random(&town.random) % 5),
                                                   .amount = (int64_t)(stage_random(&town.random) % 7) + 1 };
                wanted += request.amount;
                peer_submit(&town.peers[p], call, &counter_add, request, key);
            }
        }
        town_settle(&town);
        for (size_t p = 0; p < town.count; p++) {
            for (size_t i = 0; i < COUNT_OF(calls[p]); i++) {
                assert_true(calls[p][i].done);
                assert_true(calls[p][i].call.status == STATUS_ok || calls[p][i].call.status == STATUS_unknown);
            }
        }
    }
    for (size_t p = 0; p < town.count; p++) {
        for (size_t i = 0; i < COUNT_OF(calls[p]); i++) {
            assert_int_equal(calls[p][i].call.status, STATUS_ok);
        }
    }
    assert_int_equal(town_sum(&town), wanted);
    for (size_t p = 0; p < town.count; p++) { /* each has heard of every change of every row, once */
        int64_t sum = 0;
        for (size_t i = 0; i < town.peers[p].told_count; i++) {
            sum += town.peers[p].told[i].value - town.peers[p].told[i].value_before;
        }
        assert_int_equal(sum, wanted);
    }
    town_close(&town);
}

static void whatever_goes_wrong_each_call_counts_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        storm(seed, &(struct town_settings){ .count = 1 + seed % PEERS_MAX,
                                             .deferred = seed % 2 == 0,
                                             .follow_calls = (uint32_t)(seed % 3),
                                             .cold = seed % 5 == 0 });
    }
}

static void threads_of_several_nodes_hammer_one_row(void **state)
{
    static struct stage_call calls[PEERS_MAX][400];
    (void)state;
    town_open(&town, &(struct town_settings){ .count = PEERS_MAX });
    for (size_t p = 0; p < PEERS_MAX; p++) {
        engine_start(town.peers[p].stage.engine);
    }
    for (size_t i = 0; i < COUNT_OF(calls[0]); i++) {
        for (size_t p = 0; p < PEERS_MAX; p++) {
            peer_submit(&town.peers[p], &calls[p][i], &counter_add, REQUEST(.counter_id = 7, .amount = 1), NULL);
        }
        if (i % 16 == 0) {
            os_sleep_us(500); /* several batches, on each node */
        }
    }
    int64_t until_us = os_monotonic_us() + 20 * SECOND;
    uint64_t heard = 0;
    while (heard < 3 * 2 * COUNT_OF(calls[0]) / 400 && os_monotonic_us() < until_us) {
        heard = 0;
        for (size_t p = 0; p < PEERS_MAX; p++) {
            heard += peer_counts(&town.peers[p]).heard;
        }
        os_sleep_us(1000);
    }
    for (size_t p = 0; p < PEERS_MAX; p++) {
        engine_stop(town.peers[p].stage.engine);
    }
    int64_t failed = 0;
    for (size_t p = 0; p < PEERS_MAX; p++) {
        for (size_t i = 0; i < COUNT_OF(calls[p]); i++) {
            assert_true(calls[p][i].done);
            failed += calls[p][i].call.status != STATUS_ok;
        }
    }
    assert_int_equal(town_value(&town, 7), 3 * (int64_t)COUNT_OF(calls[0]) - failed);
    assert_true(failed < 100); /* almost all came through */
    assert_true(heard > 0);
    town_close(&town);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_another_node_did_is_decided_upon),
        cmocka_unit_test(a_refusal_rests_on_rows_that_hold),
        cmocka_unit_test(a_read_shows_what_was_answered_elsewhere),
        cmocka_unit_test(a_key_belongs_to_one_request_on_all_nodes),
        cmocka_unit_test(the_calls_of_a_conflict_come_first_and_in_order),
        cmocka_unit_test(a_batch_that_cannot_succeed_is_cut_in_half),
        cmocka_unit_test(a_call_that_cannot_succeed_is_answered_busy),
        cmocka_unit_test(what_was_held_for_calls_that_gave_up_is_free),
        cmocka_unit_test(a_row_that_was_not_asked_for_is_replaced),
        cmocka_unit_test(a_fresh_id_is_nobodys_key),
        cmocka_unit_test(half_of_the_calls_are_left_to_the_next_batch),
        cmocka_unit_test(few_calls_are_not_halved),
        cmocka_unit_test(ids_hold_the_node_and_grow_along_a_row),
        cmocka_unit_test(a_batch_that_changes_nothing_takes_no_id),
        cmocka_unit_test(a_node_that_joins_goes_on_from_where_all_are),
        cmocka_unit_test(calls_wait_for_a_database_that_is_away),
        cmocka_unit_test(what_waits_too_long_is_answered_busy),
        cmocka_unit_test(stopping_does_not_wait_for_a_database_that_is_away),
        cmocka_unit_test(an_idle_engine_notices_that_the_database_is_back),
        cmocka_unit_test(an_unknown_outcome_is_learnt),
        cmocka_unit_test(who_cannot_wait_for_an_outcome_is_told_so),
        cmocka_unit_test(what_is_known_not_to_have_happened_may_be_busy),
        cmocka_unit_test(timers_of_an_unknown_batch_fire_if_it_was_kept),
        cmocka_unit_test(timers_of_a_batch_that_failed_are_not_lost),
        cmocka_unit_test(whatever_goes_wrong_each_call_counts_once),
        cmocka_unit_test(threads_of_several_nodes_hammer_one_row),
    };
    return cmocka_run_group_tests_name("engine_shared", tests, NULL, NULL);
}
