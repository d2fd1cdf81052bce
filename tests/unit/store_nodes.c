/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of a shared store: who they are, who leads, what they tell each other, and what becomes of one whose
 * place was taken. Then what a database does when it fails, which only the one in memory can be made to do here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/os_clock.h"
#include "store_stand.h"

static struct stand *stand_of(void **state)
{
    return stand_make(*(enum stand_kind *)*state);
}

/* One batch with one row and something to tell. */
static enum status tell(struct stand *stand, struct store *store, int64_t key, const char *feed)
{
    struct deed deed;
    deed_begin(&deed, stand, store, 1);
    snprintf(deed.feed, sizeof(deed.feed), "%s", feed);
    deed_replace(&deed, 1, key, 1);
    enum status status = deed_end(&deed);
    deed_release(&deed);
    return status;
}

/* ---- who is there ---- */

/* The node that leads in the store's eyes; its own must be in the list. */
static uint32_t leader(struct store *store, size_t *count)
{
    struct store_node nodes[NODES_MAX];
    uint32_t leads = NODES_MAX;
    bool own = false;
    *count = store->ops->nodes(store, nodes, NODES_MAX);
    for (size_t i = 0; i < *count; i++) {
        own = own || nodes[i].node == store->node;
        assert_true(!nodes[i].leads || leads == NODES_MAX); /* one at most */
        leads = nodes[i].leads ? nodes[i].node : leads;
        assert_true(nodes[i].node < NODES_MAX);
        assert_string_equal("127.0.0.1:1", nodes[i].address);
    }
    assert_true(own);
    return leads;
}

/* Until the store sees so many, which may take the time of some heartbeats. */
static uint32_t leader_among(struct store *store, size_t count)
{
    int64_t until_us = os_monotonic_us() + STAND_WAIT_US;
    size_t found;
    uint32_t leads;
    while (leads = leader(store, &found), found != count || leads == NODES_MAX) {
        assert_true(os_monotonic_us() < until_us);
        os_sleep_us(10000);
    }
    return leads;
}

static void heard_becomes(struct store *store, bool heard)
{
    int64_t until_us = os_monotonic_us() + STAND_WAIT_US;
    while (store->ops->heard(store) != heard) {
        assert_true(os_monotonic_us() < until_us);
        os_sleep_us(10000);
    }
}

static void nodes_differ_and_one_leads(void **state)
{
    struct stand *stand = stand_of(state);
    struct store *stores[3];
    for (size_t i = 0; i < 3; i++) {
        stores[i] = stand_join(stand);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(stores[i]->node, stores[j]->node);
        }
    }
    uint32_t leads = leader_among(stores[0], 3);
    assert_int_equal(leads, leader_among(stores[1], 3));
    assert_int_equal(leads, leader_among(stores[2], 3));
    struct store *first = leads == stores[0]->node ? stores[0] : leads == stores[1]->node ? stores[1] : stores[2];
    struct store *second = first == stores[0] ? stores[1] : stores[0];
    struct store *third = first == stores[2] ? stores[1] : stores[2];
    stand_leave(stand, first);
    leads = leader_among(second, 2);
    assert_int_equal(leads, leader_among(third, 2));
    assert_true(leads == second->node || leads == third->node);
    stand_remove(stand);
}

static void somebody_hears_only_while_somebody_is_there(void **state)
{
    struct stand *stand = stand_of(state);
    struct store *one = stand_join(stand);
    assert_false(one->ops->heard(one));
    struct store *two = stand_join(stand);
    assert_true(one->ops->heard(one)); /* from the moment on at which the other may begin to read */
    assert_true(two->ops->heard(two));
    enum status status = tell(stand, one, 1, "somebody");
    assert_true(status == STATUS_ok || status == STATUS_conflict); /* it had been told that nobody hears */
    assert_int_equal(STATUS_ok, tell(stand, one, 1, "somebody"));
    stand_leave(stand, two);
    heard_becomes(one, false);
    assert_int_equal(STATUS_ok, tell(stand, one, 1, "nobody"));
    stand_remove(stand);
}

/* ---- the feed ---- */

struct ear {
    struct store *store;
    uint64_t last[NODES_MAX]; /* batch by node; 0: none yet */
    char heard[512];          /* all texts, one after the other */
};

static void ear_take(void *context, uint32_t node, uint64_t batch, struct span feed)
{
    struct ear *ear = context;
    assert_true(node < NODES_MAX && node != ear->store->node);
    assert_true(batch > ear->last[node]);
    ear->last[node] = batch;
    size_t at = strlen(ear->heard);
    assert_true(at + feed.size + 1 < sizeof(ear->heard));
    memcpy(ear->heard + at, feed.bytes, feed.size);
    ear->heard[at + feed.size] = '\0';
}

static void ear_listen(struct ear *ear, size_t size)
{
    int64_t until_us = os_monotonic_us() + STAND_WAIT_US;
    while (assert_int_equal(STATUS_ok, ear->store->ops->feed(ear->store, ear_take, ear)),
           strlen(ear->heard) < size) {
        assert_true(os_monotonic_us() < until_us);
        os_sleep_us(5000);
    }
}

static void ear_hears(struct ear *ear, const char *wanted)
{
    ear_listen(ear, strlen(wanted));
    assert_string_equal(wanted, ear->heard);
}

static void what_is_told_arrives_once_and_in_order(void **state)
{
    struct stand *stand = stand_of(state);
    struct ear one = { .store = stand_join(stand) }, two = { .store = stand_join(stand) };
    for (int64_t i = 0; i < 5; i++) {
        char text[2] = { (char)('a' + i), 0 };
        assert_int_equal(STATUS_ok, tell(stand, one.store, i, text));
    }
    ear_hears(&two, "abcde");
    assert_int_equal(STATUS_ok, tell(stand, one.store, 1, "f"));
    assert_int_equal(STATUS_ok, tell(stand, one.store, 2, "g"));
    ear_hears(&two, "abcdefg");
    assert_int_equal(STATUS_ok, tell(stand, two.store, 3, "x"));
    ear_hears(&one, "x"); /* and nothing of its own */
    ear_hears(&two, "abcdefg");
    stand_remove(stand);
}

static void a_conflict_is_not_told(void **state)
{
    struct stand *stand = stand_of(state);
    struct ear one = { .store = stand_join(stand) }, two = { .store = stand_join(stand) };
    struct deed deed;
    deed_begin(&deed, stand, one.store, 1);
    snprintf(deed.feed, sizeof(deed.feed), "never");
    deed_write(&deed, 1, 1, 1);
    assert_int_equal(STATUS_ok, tell(stand, two.store, 1, "first"));
    assert_int_equal(STATUS_conflict, deed_end(&deed));
    snprintf(deed.feed, sizeof(deed.feed), "then");
    deed_write(&deed, 1, 1, 2);
    assert_int_equal(STATUS_ok, deed_end(&deed));
    assert_int_equal(STATUS_ok, tell(stand, one.store, 7, "end"));
    ear_hears(&two, "thenend");
    ear_hears(&one, "first");
    deed_release(&deed);
    stand_remove(stand);
}

static void who_joins_hears_all_that_comes_then(void **state)
{
    struct stand *stand = stand_of(state);
    struct ear one = { .store = stand_join(stand) }, two = { .store = stand_join(stand) };
    assert_int_equal(STATUS_ok, tell(stand, one.store, 1, "a"));
    for (int64_t i = 0; i < 3; i++) { /* and places that were given back are taken again */
        struct ear three = { .store = stand_join(stand) };
        int64_t stamp;
        assert_int_equal(1, stand_look(three.store, 1, 1 + i, &stamp)); /* what was before, it reads */
        assert_int_equal(STATUS_ok, tell(stand, one.store, 2 + i, "b"));
        assert_int_equal(STATUS_ok, tell(stand, two.store, 20 + i, "c"));
        int64_t until_us = os_monotonic_us() + STAND_WAIT_US;
        while (strchr(three.heard, 'b') == NULL || strchr(three.heard, 'c') == NULL) {
            assert_int_equal(STATUS_ok, three.store->ops->feed(three.store, ear_take, &three));
            assert_true(os_monotonic_us() < until_us);
        }
        assert_int_equal(STATUS_ok, tell(stand, three.store, 30 + i, "d"));
        stand_leave(stand, three.store);
    }
    int letters[2] = { 0 };
    ear_listen(&one, 6); /* of several nodes, in whatever order of theirs */
    for (const char *at = one.heard; *at != '\0'; at++) {
        assert_true(*at == 'c' || *at == 'd');
        letters[*at - 'c']++;
    }
    assert_int_equal(3, letters[0]);
    assert_int_equal(3, letters[1]);
    assert_int_equal(STATUS_ok, two.store->ops->feed(two.store, ear_take, &two));
    stand_remove(stand);
}

/* ---- a place that is lost ---- */

static void who_lost_its_place_keeps_nothing_any_more(void **state)
{
    struct stand *stand = stand_of(state);
    struct store *one = stand_join(stand), *two = stand_join(stand);
    assert_int_equal(STATUS_ok, tell(stand, one, 1, "a"));
    stand_place_take(stand, one);
    assert_int_equal(STATUS_fault, tell(stand, one, 2, "b"));
    assert_int_equal(STATUS_fault, tell(stand, one, 3, "c"));
    assert_int_equal(STATUS_ok, tell(stand, two, 4, "d"));
    assert_int_equal(1, stand_durable(two, 1, 1));
    assert_int_equal(0, stand_durable(two, 1, 2));
    assert_int_equal(0, stand_durable(two, 1, 3));
    stand_remove(stand);
}

/* ---- faults, of the database in memory ---- */

static void fate_set(struct stand *stand, enum shared_step step, enum shared_fate fate)
{
    stand->fate = fate;
    stand->fate_step = step;
}

static void away_at_any_step_is_nothing_done(void **state)
{
    static const enum shared_step steps[] = { SHARED_load, SHARED_keep, SHARED_commit };
    struct stand *stand = stand_of(state);
    struct store *one = stand_join(stand), *two = stand_join(stand);
    struct deed deed;
    deed_begin(&deed, stand, one, 2);
    for (int64_t i = 0; i < 3; i++) {
        int64_t stamp;
        fate_set(stand, steps[i], SHARED_away);
        if (steps[i] == SHARED_load) {
            assert_int_equal(-1, stand_look(one, 1, i, &stamp));
            assert_int_equal(-1 - STATUS_away, stamp);
        } else {
            deed_write(&deed, 1, i, 1);
            assert_int_equal(STATUS_away, deed_end(&deed));
        }
        assert_int_equal(0, stand_look(one, 1, i, &stamp));
        assert_int_equal(0, stand_durable(two, 1, i));
        deed_write(&deed, 1, i, 2);
        assert_int_equal(STATUS_ok, deed_end(&deed));
    }
    deed_release(&deed);
    stand_remove(stand);
}

static void an_unknown_end_is_learnt_before_anything_else(void **state)
{
    struct stand *stand = stand_of(state);
    struct store *one = stand_join(stand), *two = stand_join(stand);
    struct deed deed;
    deed_begin(&deed, stand, one, 2);
    for (int64_t kept = 0; kept < 2; kept++) {
        int64_t stamp;
        deed_write(&deed, 1, kept, 1);
        fate_set(stand, SHARED_commit, kept ? SHARED_unknown_kept : SHARED_unknown_lost);
        assert_int_equal(STATUS_unknown, deed_end(&deed));
        assert_false(one->ops->ahead(one));
        fate_set(stand, SHARED_resolve, SHARED_away);
        stand_look(one, 1, kept, &stamp);
        assert_int_equal(-1 - STATUS_away, stamp);
        assert_int_equal(kept, stand_look(one, 1, kept, &stamp));
        assert_int_equal(kept ? deed.stamp : 0, stamp);
        assert_int_equal(kept, stand_durable(two, 1, kept));
    }
    deed_release(&deed);
    stand_remove(stand);
}

static void the_locks_of_the_dead_are_free(void **state)
{
    struct stand *stand = stand_of(state);
    struct store *one = stand_join(stand), *two = stand_join(stand);
    struct deed first, second;
    deed_begin(&first, stand, one, 2);
    deed_begin(&second, stand, two, 2);
    deed_write(&second, 1, 1, 1);
    assert_int_equal(STATUS_ok, deed_end(&second));
    deed_read(&first, 1, 1);
    deed_write(&second, 1, 1, 2);
    assert_int_equal(STATUS_ok, deed_end(&second));
    assert_int_equal(STATUS_conflict, deed_end(&first));
    deed_write(&first, 1, 1, 3); /* locked */
    fate_set(stand, SHARED_commit, SHARED_crash_lost);
    assert_int_equal(STATUS_fault, deed_end(&first));
    assert_true(store_shared_dead(one));
    assert_int_equal(2, deed_write(&second, 1, 1, 4));
    assert_int_equal(STATUS_ok, deed_end(&second));
    stand->stores[0] = NULL;
    store_shared_crash(one);
    deed_release(&first);
    deed_release(&second);
    stand_remove(stand);
}

/* What a killed process has sent may still take effect, unless somebody was there before or has its place. */
static void a_late_commit_holds_or_is_nothing(void **state)
{
    enum { IN_TIME, OVERTAKEN, PLACE_TAKEN, CASES };
    for (int64_t which = 0; which < CASES; which++) {
        struct stand *stand = stand_of(state);
        struct store *one = stand_join(stand), *two = stand_join(stand);
        struct deed deed;
        deed_begin(&deed, stand, one, 2);
        deed_write(&deed, 1, 1, 1);
        fate_set(stand, SHARED_commit, SHARED_crash_late);
        assert_int_equal(STATUS_fault, deed_end(&deed));
        assert_int_equal(0, stand_durable(two, 1, 1));
        if (which == OVERTAKEN) {
            assert_int_equal(STATUS_ok, tell(stand, two, 1, "x"));
        } else if (which == PLACE_TAKEN) {
            stand_place_take(stand, one);
            for (uint32_t node = NODES_MAX; node != one->node;) {
                struct store *filler;
                assert_int_equal(STATUS_ok, store_shared_join(stand->memory, NULL, &filler));
                node = filler->node;
                store_shared_crash(filler);
            }
        }
        struct shared_counts counts;
        assert_true(shared_memory_land(stand->memory));
        assert_false(shared_memory_land(stand->memory));
        shared_memory_counts(stand->memory, &counts);
        assert_int_equal(which == IN_TIME, counts.late);
        assert_int_equal(which != PLACE_TAKEN, stand_durable(two, 1, 1));
        stand->stores[0] = NULL;
        store_shared_crash(one);
        deed_release(&deed);
        stand_remove(stand);
    }
}

static void who_believed_that_nobody_hears_decides_again(void **state)
{
    struct stand *stand = stand_of(state);
    struct store *one = stand_join(stand);
    int64_t stamp = (INT64_C(1) << 50) | one->node;
    struct keep keep = { .stamp = stamp };
    struct deed deed;
    deed_begin(&deed, stand, one, 1);
    deed_replace(&deed, 1, 1, 1);
    assert_false(one->ops->heard(one)); /* so it tells nothing */
    stand_join(stand);
    keep.changes = deed.changes.changes;
    keep.change_count = 1;
    struct outcomes outcomes;
    outcomes_init(&outcomes);
    struct outcome_ticket *ticket = malloc(sizeof(*ticket));
    assert_non_null(ticket);
    *ticket = (struct outcome_ticket){ &outcomes, 0 };
    keep.done = outcome_done;
    keep.context = ticket;
    assert_int_equal(STATUS_ok, one->ops->keep(one, &keep));
    store_shared_pump(one);
    assert_int_equal(1, outcomes.failed);
    assert_int_equal(0, stand_durable(one, 1, 1));
    assert_true(one->ops->heard(one));
    deed_release(&deed);
    stand_remove(stand);
}

static void places_run_out_and_come_back(void **state)
{
    struct stand *stand = stand_of(state);
    struct store *stores[NODES_MAX], *more;
    bool taken[NODES_MAX] = { 0 };
    for (size_t i = 0; i < NODES_MAX; i++) {
        assert_int_equal(STATUS_ok, store_shared_join(stand->memory, NULL, &stores[i]));
        assert_true(stores[i]->node < NODES_MAX && !taken[stores[i]->node]);
        taken[stores[i]->node] = true;
    }
    assert_int_equal(STATUS_busy, store_shared_join(stand->memory, NULL, &more));
    stores[5]->ops->close(stores[5]);
    assert_int_equal(STATUS_ok, store_shared_join(stand->memory, NULL, &stores[5]));
    assert_int_equal(STATUS_busy, store_shared_join(stand->memory, NULL, &more));
    store_shared_crash(stores[9]);
    assert_int_equal(STATUS_busy, store_shared_join(stand->memory, NULL, &more));
    stand->now_us += INT64_C(3600000000);
    assert_int_equal(STATUS_ok, store_shared_join(stand->memory, NULL, &stores[9]));
    for (size_t i = 0; i < NODES_MAX; i++) {
        stores[i]->ops->close(stores[i]);
    }
    stand_remove(stand);
}

static const struct stand_fact facts[] = {
    { "nodes_differ_and_one_leads", nodes_differ_and_one_leads, false },
    { "somebody_hears_only_while_somebody_is_there", somebody_hears_only_while_somebody_is_there, false },
    { "what_is_told_arrives_once_and_in_order", what_is_told_arrives_once_and_in_order, false },
    { "a_conflict_is_not_told", a_conflict_is_not_told, false },
    { "who_joins_hears_all_that_comes_then", who_joins_hears_all_that_comes_then, false },
    { "who_lost_its_place_keeps_nothing_any_more", who_lost_its_place_keeps_nothing_any_more, false },
    { "away_at_any_step_is_nothing_done", away_at_any_step_is_nothing_done, true },
    { "an_unknown_end_is_learnt_before_anything_else", an_unknown_end_is_learnt_before_anything_else, true },
    { "the_locks_of_the_dead_are_free", the_locks_of_the_dead_are_free, true },
    { "a_late_commit_holds_or_is_nothing", a_late_commit_holds_or_is_nothing, true },
    { "who_believed_that_nobody_hears_decides_again", who_believed_that_nobody_hears_decides_again, true },
    { "places_run_out_and_come_back", places_run_out_and_come_back, true },
};

int main(int argc, char **argv)
{
    return stands_run(facts, COUNT_OF(facts), argc, argv);
}
