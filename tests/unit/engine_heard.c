/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes of a shared store hear of each other, and timers whose node has gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

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

/* ---- what others hear ---- */

static void the_others_hear_of_changes_and_refusals(void **state)
{
    struct stage_call call;
    (void)state;
    open_two(NULL);
    add(first, NULL, 7, 5);
    add(first, NULL, 7, 6);
    assert_int_equal(peer_do(first, &call, &counter_add, REQUEST(.counter_id = 8, .amount = -1), "k"),
                     REFUSAL_floor_reached);
    (void)peer_do(first, NULL, &counter_query, REQUEST(.counter_id = 7), NULL); /* told with the next change */
    assert_int_equal(peer_do(first, NULL, &counter_drop, REQUEST(.counter_id = 7), NULL), REFUSAL_none);
    assert_int_equal(second->told_count, 0);
    town_settle(&town);
    assert_int_equal(second->told_count, 3);
    assert_int_equal(second->foreign_commits, 4);
    for (size_t i = 0; i < 3; i++) {
        struct told own = first->told[i], heard = second->told[i];
        assert_true(heard.foreign);
        assert_false(own.foreign);
        own.foreign = true;
        assert_memory_equal(&own, &heard, sizeof(own));
        assert_int_equal(heard.node, first->store->node);
        assert_int_equal(heard.stamp % NODES_MAX, first->store->node);
        assert_true(heard.at_us >= town.now_us);
    }
    assert_false(second->told[0].existed);
    assert_int_equal(second->told[1].value_before, 5);
    assert_int_equal(second->told[1].value, 11);
    assert_false(second->told[2].exists);
    assert_int_equal(second->told[2].value_before, 11);
    assert_int_equal(second->answered, 5);
    assert_int_equal(second->refused, 1);
    assert_int_equal(peer_counts(second).heard, 4);
    add(first, NULL, 7, 1);
    town_settle(&town);
    assert_int_equal(second->answered, 6); /* and nothing twice */
    assert_int_equal(first->foreign_commits, 0);
    town_close(&town);
}

static void what_is_not_told_is_not_heard(void **state)
{
    (void)state;
    open_two(NULL);
    assert_int_equal(peer_do(first, NULL, &counter_wait, REQUEST(.counter_id = 7, .amount = SECOND), NULL),
                     REFUSAL_none); /* a timer row */
    town_settle(&town);
    assert_int_equal(second->foreign_commits, 1); /* the batch, for what it answered */
    assert_int_equal(second->answered, 1);
    assert_int_equal(second->told_count, 0);
    town_close(&town);
}

static void a_feed_that_makes_no_sense_is_not_believed(void **state)
{
    struct arena arena;
    struct feed_tally tally = { .answered = 3 };
    struct counter_row row = { .counter_id = 7, .value = 5 };
    uint8_t key[KEY_SIZE_MAX], image[ROW_SIZE_MAX];
    struct commit own = { .number = 4, .at_us = 5, .stamp = 64 }, heard;
    (void)state;
    arena_init(&arena, 1 << 16, 1 << 20);
    tally.refused[REFUSAL_shop_unknown] = 2;
    struct span coded = { (const char *)key, row_key_write(&counter_table, &row, key) };
    size_t size = row_pack(&counter_table, &row, image, sizeof(image));
    struct row_change change = { .table = &counter_table, .key = coded, .exists = true };
    change.row = row_image(&arena, &counter_table, coded, (struct span){ NULL, 0 },
                           (struct span){ (const char *)image, size });
    own.changes = &change;
    own.change_count = 1;
    struct span feed = feed_write(&arena, &own, &tally, NULL);
    assert_true(feed_read(&arena, stage_tables, 3, feed, &heard));
    assert_int_equal(heard.change_count, 0); /* nobody says what to tell */
    feed = feed_write(&arena, &own, &tally, peers_tells);
    assert_true(feed_read(&arena, stage_tables, 3, feed, &heard));
    assert_int_equal(heard.change_count, 1);
    assert_int_equal(heard.node, 3);
    assert_int_equal(heard.number, 4);
    assert_int_equal(heard.answered, 3);
    assert_int_equal(heard.refused_count, 1);
    assert_int_equal(heard.refused[0].refusal, REFUSAL_shop_unknown);
    assert_int_equal(heard.refused[0].count, 2);
    assert_memory_equal(heard.changes[0].row, &row, sizeof(row));
    assert_null(row_before(heard.changes[0].row));
    uint8_t *bytes = malloc(feed.size + 1);
    assert_non_null(bytes);
    for (size_t cut = 0; cut < feed.size; cut++) { /* of its own size, so that a sanitizer sees reads beyond it */
        uint8_t *part = malloc(cut + 1);
        assert_non_null(part);
        memcpy(part, feed.bytes, cut);
        assert_false(feed_read(&arena, stage_tables, 3, (struct span){ (const char *)part, cut }, &heard));
        free(part);
    }
    memcpy(bytes, feed.bytes, feed.size);
    bytes[feed.size] = 0; /* one too many */
    assert_false(feed_read(&arena, stage_tables, 3, (struct span){ (const char *)bytes, feed.size + 1 }, &heard));
    bytes[0]++; /* another version */
    assert_false(feed_read(&arena, stage_tables, 3, (struct span){ (const char *)bytes, feed.size }, &heard));
    free(bytes);
    arena_release(&arena);
}

/* ---- timers ---- */

static void a_node_fires_its_own_timers(void **state)
{
    (void)state;
    open_two(NULL);
    assert_int_equal(peer_do(second, NULL, &counter_wait, REQUEST(.counter_id = 7, .amount = SECOND), NULL),
                     REFUSAL_none);
    first->stage.now_us += 2 * SECOND;
    second->stage.now_us += SECOND + 10;
    peer_settle(first);
    (void)engine_hear(first->stage.engine); /* it leads, and waits a while for those who live */
    peer_settle(first);
    assert_int_equal(town_value(&town, 7), -1);
    peer_settle(second);
    assert_int_equal(town_value(&town, 7), 1);
    town_settle(&town);
    assert_int_equal(counts_of(first).timers_fired, 0);
    assert_int_equal(counts_of(second).timers_fired, 1);
    town_close(&town);
}

struct hasty {
    struct stage_call set, look;
};

/* Before the deciding thread knows that the batch is done: moves the clock, and asks. */
static void hasty_done(struct call *call)
{
    struct hasty *hasty = call->context;
    hasty->set.done = true;
    first->stage.now_us += 2 * SECOND;
    peer_submit(first, &hasty->look, &counter_query, REQUEST(.counter_id = 7), NULL);
    (void)engine_step(first->stage.engine);
}

static void no_call_overtakes_a_timer_that_its_caller_knows_of(void **state)
{
    struct hasty hasty;
    (void)state;
    open_two(&(struct town_settings){ .deferred = true });
    stage_call_init(&first->stage, &hasty.set, &counter_wait, REQUEST(.counter_id = 7, .amount = SECOND), NULL);
    hasty.set.call.done = hasty_done;
    hasty.set.call.context = &hasty;
    assert_true(engine_submit(first->stage.engine, &hasty.set.call));
    peer_settle(first);
    assert_true(hasty.set.done);
    assert_true(hasty.look.done);
    assert_int_equal(hasty.look.call.refusal, REFUSAL_none);
    assert_int_equal(hasty.look.answer.value, 1);
    town_close(&town);
}

static void timers_of_a_node_that_has_gone_fire_once(void **state)
{
    (void)state;
    open_two(&(struct town_settings){ .lease_us = 10 * SECOND });
    for (int64_t i = 1; i <= 50; i++) {
        struct counter_request wait = REQUEST(.counter_id = 100 + i, .amount = i * SECOND / 10);
        assert_int_equal(peer_do(second, NULL, &counter_wait, wait, NULL), REFUSAL_none);
    }
    peer_crash(second);
    town_settle(&town);
    assert_int_equal(town_sum(&town), 0);
    int64_t fired = 0;
    for (int i = 0; i < 80; i++) {
        first->stage.now_us += SECOND / 10;
        town_settle(&town);
        fired = town_sum(&town);
        assert_true(fired <= max_i64(0, i + 1 - 20));
        assert_true(fired >= min_i64(50, i - 20));
    }
    assert_int_equal(fired, 50);
    assert_int_equal(peer_counts(first).timers_taken, 50);
    assert_int_equal(counts_of(first).timers_fired, 50);
    town_close(&town);
}

static void a_timer_is_taken_over_once(void **state)
{
    (void)state;
    open_two(&(struct town_settings){ .deferred = true });
    assert_int_equal(peer_do(second, NULL, &counter_wait, REQUEST(.counter_id = 7, .amount = SECOND), NULL),
                     REFUSAL_none);
    first->stage.now_us += 10 * SECOND;
    for (int i = 0; i < 3; i++) { /* it is there to be found until the batch that drops it is durable */
        (void)engine_hear(first->stage.engine);
        (void)engine_step(first->stage.engine);
    }
    assert_int_equal(peer_counts(first).timers_taken, 1);
    town_settle(&town);
    assert_int_equal(town_value(&town, 7), 1);
    town_close(&town);
}

static void a_node_alone_fires_what_was_set_before_it_came(void **state)
{
    (void)state;
    town_open(&town, &(struct town_settings){ .count = 1, .lease_us = 10 * SECOND });
    assert_int_equal(peer_do(first, NULL, &counter_wait, REQUEST(.counter_id = 7, .amount = SECOND), NULL),
                     REFUSAL_none);
    peer_crash(first);
    town.now_us += 11 * SECOND; /* its lease is over */
    peer_join(first, &(struct shared_join){ 0 });
    first->stage.now_us += SECOND + 10; /* on time, and not late as with an orphan */
    peer_settle(first);
    assert_int_equal(town_value(&town, 7), 1);
    town_close(&town);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_others_hear_of_changes_and_refusals),
        cmocka_unit_test(what_is_not_told_is_not_heard),
        cmocka_unit_test(a_feed_that_makes_no_sense_is_not_believed),
        cmocka_unit_test(a_node_fires_its_own_timers),
        cmocka_unit_test(no_call_overtakes_a_timer_that_its_caller_knows_of),
        cmocka_unit_test(timers_of_a_node_that_has_gone_fire_once),
        cmocka_unit_test(a_timer_is_taken_over_once),
        cmocka_unit_test(a_node_alone_fires_what_was_set_before_it_came),
    };
    return cmocka_run_group_tests_name("engine_heard", tests, NULL, NULL);
}
