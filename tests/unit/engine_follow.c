/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engines that give a batch to the store while the one before is still there: order, what becomes of both when
 * the first fails, whichever way, timers, and what others hear.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_peers.h"

#define REQUEST(...) ((struct counter_request){ __VA_ARGS__ })
#define SECOND INT64_C(1000000)
#define EACH 3 /* calls of a batch */

static struct town town;
static struct peer *const first = &town.peers[0], *const second = &town.peers[1];
static struct stage_call calls[3 * EACH];

static void open_town(size_t count)
{
    town_open(&town, &(struct town_settings){ .count = count, .deferred = true, .follow_calls = 1 });
}

static void steps(void)
{
    while (engine_step(first->stage.engine)) {
    }
}

/* Calls for one batch, of the first peer: each adds to counter 7. */
static void ask(size_t batch)
{
    for (size_t i = batch * EACH; i < (batch + 1) * EACH; i++) {
        char key[8];
        snprintf(key, sizeof(key), "k%zu", i);
        peer_submit(first, &calls[i], &counter_add, REQUEST(.counter_id = 7, .amount = 1), key);
    }
    steps();
}

static size_t answered(void)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        count += calls[i].done;
    }
    return count;
}

/* Two batches with the store, and one decided on them. */
static void three_batches(void)
{
    memset(calls, 0, sizeof(calls));
    for (size_t batch = 0; batch < 3; batch++) {
        ask(batch);
    }
    assert_int_equal(answered(), 0);
}

static void a_batch_follows_one_on_its_way(void **state)
{
    (void)state;
    open_town(1);
    uint64_t before = peer_counts(first).batches;
    three_batches();
    assert_int_equal(peer_counts(first).batches, before + 2); /* and no third one */
    for (size_t batch = 0; batch < 3; batch++) {
        assert_true(store_shared_pump(first->store));
        assert_int_equal(answered(), (batch + 1) * EACH); /* each once it is durable, in order */
        assert_int_equal(town_value(&town, 7), answered());
        steps();
    }
    assert_false(store_shared_pump(first->store));
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_int_equal(calls[i].answer.value, i + 1);
        assert_int_equal(calls[i].done_number, i + 1);
    }
    town_close(&town);
}

static void a_smaller_one_waits(void **state)
{
    (void)state;
    open_town(1);
    memset(calls, 0, sizeof(calls));
    uint64_t before = peer_counts(first).batches;
    for (size_t i = 0; i < 8; i++) {
        peer_submit(first, &calls[i], &counter_add, REQUEST(.counter_id = 7, .amount = 1), NULL);
    }
    steps();
    peer_submit(first, &calls[8], &counter_add, REQUEST(.counter_id = 7, .amount = 1), NULL);
    steps();
    assert_int_equal(peer_counts(first).batches, before + 1);
    peer_settle(first);
    assert_int_equal(peer_counts(first).batches, before + 2);
    assert_int_equal(answered(), 9);
    town_close(&town);
}

/* Each change was told once, by numbers without gaps. */
static void told_check(uint64_t number)
{
    int64_t sum = 0;
    for (size_t i = 0; i < first->told_count; i++) {
        sum += first->told[i].value - first->told[i].value_before;
        assert_in_range(first->told[i].number, number, number + 1);
        number = first->told[i].number;
    }
    assert_int_equal(sum, COUNT_OF(calls));
}

static void what_followed_a_batch_that_failed_is_decided_anew(void **state)
{
    static const enum shared_fate fates[] = { SHARED_conflict, SHARED_away, SHARED_unknown_lost, SHARED_unknown_kept };
    (void)state;
    for (size_t k = 0; k < 2 * COUNT_OF(fates); k++) {
        enum shared_fate fate = fates[k % COUNT_OF(fates)];
        bool of_the_follower = k >= COUNT_OF(fates);
        open_town(1);
        three_batches();
        if (of_the_follower) {
            assert_true(store_shared_pump(first->store));
            ask(0); /* the same keys: nothing happens but a batch of their answers */
        }
        size_t done = answered();
        peer_fault(first, SHARED_commit, fate, 1);
        assert_true(store_shared_pump(first->store));
        steps(); /* nothing is decided anew before the store is done with what followed */
        assert_int_equal(answered(), done);
        peer_settle(first);
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            bool again = of_the_follower ? i < EACH : fate == SHARED_unknown_kept && i < EACH;
            bool lost = of_the_follower && fate == SHARED_unknown_kept && i >= EACH && i < 2 * EACH;
            assert_true(calls[i].done);
            assert_int_equal(calls[i].call.status, STATUS_ok);
            assert_int_equal(calls[i].answer.value, i + 1); /* in the order in which they came */
            assert_int_equal(calls[i].call.repeated, again || lost);
        }
        assert_int_equal(town_value(&town, 7), COUNT_OF(calls));
        told_check(first->told[0].number);
        struct engine_counts counts = peer_counts(first);
        assert_int_equal(counts.conflicts, fate == SHARED_conflict);
        assert_int_equal(counts.aways, fate == SHARED_away);
        assert_int_equal(counts.unknowns, fate == SHARED_unknown_lost || fate == SHARED_unknown_kept);
        town_close(&town);
    }
}

static void a_database_that_is_away_takes_no_follower(void **state)
{
    (void)state;
    open_town(1);
    memset(calls, 0, sizeof(calls));
    ask(0);
    peer_fault(first, SHARED_keep, SHARED_away, 1);
    ask(1);
    ask(2); /* on what is void */
    assert_int_equal(answered(), 0);
    assert_true(store_shared_pump(first->store));
    assert_int_equal(answered(), EACH); /* the first one is none the worse for it */
    peer_settle(first);
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        assert_int_equal(calls[i].call.status, STATUS_ok);
        assert_int_equal(calls[i].answer.value, i + 1);
    }
    assert_int_equal(peer_counts(first).aways, 1);
    told_check(first->told[0].number);
    town_close(&town);
}

static void timers_of_what_followed_count_once(void **state)
{
    static const enum shared_fate fates[] = { SHARED_go_on, SHARED_conflict, SHARED_away, SHARED_unknown_lost,
                                              SHARED_unknown_kept };
    (void)state;
    for (size_t k = 0; k < COUNT_OF(fates); k++) {
        open_town(1);
        memset(calls, 0, sizeof(calls));
        peer_submit(first, &calls[0], &counter_wait, REQUEST(.counter_id = 8, .amount = SECOND), "a");
        peer_settle(first);
        first->stage.now_us += 2 * SECOND;
        peer_submit(first, &calls[1], &counter_add, REQUEST(.counter_id = 7, .amount = 1), "b");
        steps(); /* with the timer that is due */
        peer_submit(first, &calls[2], &counter_wait, REQUEST(.counter_id = 9, .amount = SECOND), "c");
        peer_submit(first, &calls[3], &counter_add, REQUEST(.counter_id = 8, .amount = 10), "d");
        steps();
        if (fates[k] != SHARED_go_on) {
            peer_fault(first, SHARED_commit, fates[k], 1);
        }
        peer_settle(first);
        first->stage.now_us += 2 * SECOND;
        peer_settle(first);
        assert_int_equal(answered(), 4);
        assert_int_equal(town_value(&town, 7), 1);
        assert_int_equal(town_value(&town, 8), 11);
        assert_int_equal(town_value(&town, 9), 1);
        assert_int_equal(peer_counts(first).timers_pending, 0);
        town_close(&town);
    }
}

/* Answers that no row tells of come with the next batch that has rows, be it on its way beside it. */
static void others_hear_of_all_answers_once(void **state)
{
    static const enum shared_fate fates[] = { SHARED_go_on, SHARED_conflict, SHARED_away };
    (void)state;
    for (size_t k = 0; k < 3 * COUNT_OF(fates); k++) {
        open_town(2);
        memset(calls, 0, sizeof(calls));
        peer_submit(first, &calls[0], &counter_add, REQUEST(.counter_id = 7, .amount = 1), NULL);
        town_settle(&town);
        uint64_t before = second->answered;
        for (size_t i = 1; i < 9; i++) { /* four batches of two; only some change anything */
            bool reads = k % 3 == 0 ? i < 3 : k % 3 == 1 ? i > 2 && i < 7 : false;
            peer_submit(first, &calls[i], reads ? &counter_query : &counter_add,
                        REQUEST(.counter_id = 7, .amount = 1), NULL);
            if (i % 2 == 0) {
                steps();
            }
            if (i == 4) {
                assert_int_equal(answered(), 1); /* two are on their way */
                if (fates[k / 3] != SHARED_go_on) {
                    peer_fault(first, SHARED_commit, fates[k / 3], 1);
                }
                (void)store_shared_pump(first->store);
            }
        }
        town_settle(&town);
        assert_int_equal(answered(), 9);
        assert_int_equal(second->answered - before, 8);
        town_close(&town);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_follows_one_on_its_way),
        cmocka_unit_test(a_smaller_one_waits),
        cmocka_unit_test(what_followed_a_batch_that_failed_is_decided_anew),
        cmocka_unit_test(a_database_that_is_away_takes_no_follower),
        cmocka_unit_test(timers_of_what_followed_count_once),
        cmocka_unit_test(others_hear_of_all_answers_once),
    };
    return cmocka_run_group_tests_name("engine_follow", tests, NULL, NULL);
}
