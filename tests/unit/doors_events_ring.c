/* SPDX-License-Identifier: Apache-2.0 */
/* The events that are kept: who comes back, to whichever process, misses nothing without being told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "doors/events_ring.h"

#define RINGS 3
#define COMMITS 400 /* of each node */
#define EVENTS_IN_COMMIT 5

/* Three processes on one database, each hearing the commits of all, of each node in order. */
struct scene {
    struct arena arena;
    struct event_ring rings[RINGS];
    uint64_t heard[RINGS][RINGS]; /* by ring and node */
    uint64_t kept[RINGS];         /* commits made by each node */
    uint64_t random;
};

static uint32_t dice(struct scene *scene, uint32_t sides)
{
    scene->random = scene->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(scene->random >> 33) % sides;
}

static uint32_t events_of(uint32_t node, uint64_t commit)
{
    return (uint32_t)(commit * 7 + node * 3) % (EVENTS_IN_COMMIT + 1); /* some have none */
}

static void hear(struct scene *scene, uint32_t at, uint32_t node)
{
    struct event_ring *ring = &scene->rings[at];
    if (scene->heard[at][node] == scene->kept[node]) {
        return;
    }
    uint64_t commit = ++scene->heard[at][node];
    struct trade_row trade = { .trade_id = (int64_t)commit };
    event_ring_commit(ring, node, commit);
    for (uint32_t i = 0; i < events_of(node, commit); i++) {
        trade.shop_id = i + 1;
        event_ring_add(ring, &trade, 1);
    }
    event_ring_commit_end(ring);
}

static void scene_open(struct scene *scene, uint32_t kept, uint64_t seed)
{
    *scene = (struct scene){ .random = seed };
    arena_init(&scene->arena, 1 << 16, 64 << 20);
    for (uint32_t at = 0; at < RINGS; at++) {
        event_ring_init(&scene->rings[at], kept, true);
        event_ring_make(&scene->rings[at], &scene->arena);
        event_ring_begin(&scene->rings[at]);
    }
}

/* One who listens: at a ring, from an event on, having had the ids of what it was sent. */
struct client {
    uint32_t at;
    uint64_t next, until;
    struct event_cursor after;
    char id[EVENT_ID_SIZE];
    bool told_of_gap;
    uint32_t had[RINGS][COMMITS + 1][EVENTS_IN_COMMIT + 1];
    uint32_t repeats;
};

static void client_come(struct scene *scene, struct client *client, uint32_t at)
{
    bool gap = false;
    client->at = at;
    client->next = scene->rings[at].head;
    client->until = 0;
    if (client->id[0] != '\0') {
        assert_true(event_id_read(&scene->rings[at], span_of(client->id), &client->after));
        client->next = event_ring_after(&scene->rings[at], &client->after, &gap);
        client->until = scene->rings[at].head;
    }
    client->told_of_gap = client->told_of_gap || gap;
}

static void client_read(struct scene *scene, struct client *client, uint32_t most)
{
    const struct event_ring *ring = &scene->rings[client->at];
    if (client->next < ring->tail) {
        client->told_of_gap = true; /* overwritten before its turn came */
        client->next = ring->tail;
    }
    for (; most > 0 && client->next < ring->head; client->next++, most--) {
        const struct event *event = event_ring_at(ring, client->next);
        struct event_cursor before;
        if (client->next < client->until && event_covered(&client->after, &event->place)) {
            continue;
        }
        event_ring_cursor(ring, client->next, &before);
        event_id_write(ring, event, &before, client->id);
        assert_int_equal(event->count, events_of(event->place.node, event->place.commit));
        assert_int_equal(event->trade.shop_id, event->place.index);
        uint32_t *had = &client->had[event->place.node][event->place.commit][event->place.index];
        client->repeats += *had > 0;
        ++*had;
    }
}

static uint32_t client_missed(const struct scene *scene, const struct client *client)
{
    uint32_t missed = 0;
    for (uint32_t node = 0; node < RINGS; node++) {
        for (uint64_t commit = 1; commit <= scene->kept[node]; commit++) {
            for (uint32_t index = 1; index <= events_of(node, commit); index++) {
                missed += client->had[node][commit][index] == 0;
            }
        }
    }
    return missed;
}

static void play(uint32_t kept, uint64_t seed, struct client *client, uint32_t *missed)
{
    struct scene scene;
    scene_open(&scene, kept, seed);
    memset(client, 0, sizeof(*client));
    client_come(&scene, client, 0);
    for (uint32_t step = 0; step < RINGS * COMMITS * 8; step++) {
        uint32_t node = dice(&scene, RINGS);
        if (dice(&scene, 4) == 0 && scene.kept[node] < COMMITS) {
            scene.kept[node]++;
            hear(&scene, node, node); /* its own it hears first */
        }
        hear(&scene, dice(&scene, RINGS), dice(&scene, RINGS));
        client_read(&scene, client, dice(&scene, 6));
        if (dice(&scene, 50) == 0 && client->id[0] != '\0') {
            client_come(&scene, client, dice(&scene, RINGS));
        }
    }
    for (uint32_t node = 0; node < RINGS; node++) {
        while (scene.heard[client->at][node] < scene.kept[node]) {
            hear(&scene, client->at, node);
            client_read(&scene, client, UINT32_MAX);
        }
    }
    client_read(&scene, client, UINT32_MAX);
    *missed = client_missed(&scene, client);
    arena_release(&scene.arena);
}

static struct client client; /* large */

static void whoever_changes_the_process_misses_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        uint32_t missed;
        play(8192, seed, &client, &missed);
        assert_int_equal(missed, 0);
        assert_false(client.told_of_gap);
    }
}

static void what_is_missed_is_told(void **state)
{
    uint32_t with_gap = 0, without = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint32_t missed;
        play(seed % 2 == 0 ? 128 : 512, seed, &client, &missed);
        assert_true(missed == 0 || client.told_of_gap);
        with_gap += client.told_of_gap;
        without += !client.told_of_gap;
    }
    assert_true(with_gap > 0);
    assert_true(without > 0);
}

/* The same process, to which all came in one order: exactly once. */
static void whoever_stays_hears_of_nothing_twice(void **state)
{
    struct scene scene;
    (void)state;
    scene_open(&scene, 4096, 7);
    memset(&client, 0, sizeof(client));
    client_come(&scene, &client, 1);
    for (uint32_t step = 0; step < 2000; step++) {
        uint32_t node = dice(&scene, RINGS);
        scene.kept[node] += scene.kept[node] < COMMITS;
        hear(&scene, 1, dice(&scene, RINGS));
        client_read(&scene, &client, dice(&scene, 4));
        if (dice(&scene, 20) == 0) {
            client_come(&scene, &client, 1);
        }
    }
    assert_int_equal(client.repeats, 0);
    assert_false(client.told_of_gap);
    arena_release(&scene.arena);
}

static void a_commit_that_was_heard_in_part_is_not_over(void **state)
{
    struct scene scene;
    bool gap;
    struct event_cursor cursor;
    (void)state;
    scene_open(&scene, 64, 1);
    struct event_ring *ring = &scene.rings[0];
    event_ring_commit(ring, 2, 90);
    event_ring_commit_end(ring);
    event_ring_begin(ring);
    assert_true(event_id_read(ring, SPAN("2.90-3/5"), &cursor));
    (void)event_ring_after(ring, &cursor, &gap);
    assert_true(gap);
    assert_true(event_id_read(ring, SPAN("2.90-5/5"), &cursor));
    (void)event_ring_after(ring, &cursor, &gap);
    assert_false(gap);
    assert_true(event_id_read(ring, SPAN("0.7-1/1,2.90"), &cursor));
    (void)event_ring_after(ring, &cursor, &gap);
    assert_false(gap);
    assert_true(event_id_read(ring, SPAN("0.7-1/1,2.89"), &cursor));
    (void)event_ring_after(ring, &cursor, &gap);
    assert_true(gap);
    arena_release(&scene.arena);
}

static void what_is_no_id_is_none(void **state)
{
    static const char *const texts[] = { "-", "1", "x-1", "64.1-1/1", "0.", "0.1-", "0.1-1/", ",", "0.1,", "0.1,,1.1",
                                         "1.-1", "0.1-1/x", "0.99999999999999999999-1/1", "0.1-4294967295/4294967295" };
    struct scene scene;
    struct event_cursor cursor;
    struct event_ring alone;
    (void)state;
    scene_open(&scene, 64, 1);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (event_id_read(&scene.rings[0], span_of(texts[i]), &cursor) != (strcmp(texts[i], "0.1,") == 0)) {
            fail_msg("%s", texts[i]);
        }
    }
    event_ring_init(&alone, 64, false);
    assert_true(event_id_read(&alone, SPAN("4711-3"), &cursor));
    assert_int_equal(cursor.of[0].commit, 4711);
    assert_false(event_id_read(&alone, SPAN("0.4711-3/3"), &cursor));
    assert_true(event_id_read(&scene.rings[0], SPAN("4711-3"), &cursor)); /* of before the store was shared */
    arena_release(&scene.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_changes_the_process_misses_nothing),
        cmocka_unit_test(what_is_missed_is_told),
        cmocka_unit_test(whoever_stays_hears_of_nothing_twice),
        cmocka_unit_test(a_commit_that_was_heard_in_part_is_not_over),
        cmocka_unit_test(what_is_no_id_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
