/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of short lives of a till: random clients, a store that crashes before any write and around the
 * sync, answers that get lost and requests that are repeated. After each life: every answered call is there
 * once, every unanswered one once or not at all, the same request gets the same bytes, the sums agree with
 * what was answered, and the books hold. Prints TAP.
 *
 * With --nodes there are two or three tills on one database, behind a balancer that sends each request to any of
 * them; they are killed, paused and cut off, their clocks differ, and commits are lost on the way.
 *
 *   sim_run [--nodes]                for --seconds 25
 *   sim_run --seeds 100000 --from 1  so many lives
 *   sim_run --from S --seeds 1       one life again
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os_clock.h"
#include "sim/checks.h"
#include "sim/wishes.h"
#include "support/arguments.h"

#define WISHES 60 /* of all clients of one life */

/* A client that has its answer wants something else; one that waits too long asks again. */
static void client_act(struct world *world, int client, int *wishes)
{
    int index = world->client_intent[client];
    if (index < 0 || world->intents[index].state == INTENT_settled) {
        if (*wishes > 0) {
            (*wishes)--;
            wish(world);
            world->client_intent[client] = world->intent_count - 1;
            intent_ask(world, &world->intents[world->intent_count - 1]);
        }
        return;
    }
    if (world_chance(world, 8) && world->intents[index].attempts < 6) {
        intent_ask(world, &world->intents[index]);
    }
}

static void live(struct world *world)
{
    int wishes = WISHES;
    world->calm = false;
    for (int i = 0; i < 1200 && world->wrong == NULL; i++) {
        client_act(world, world_pick(world, CLIENTS), &wishes);
        int happenings = world_pick(world, 4);
        for (int j = 0; j < happenings; j++) {
            world_happen(world);
        }
    }
}

/* ---- afterwards ---- */

static void ask_all_again(struct world *world)
{
    for (int round = 0; round < 2; round++) { /* the second finds every answer kept */
        for (int i = 0; i < world->intent_count; i++) {
            bool asked = intent_ask(world, &world->intents[i]);
            assert(asked);
            world_settle(world);
        }
    }
}

static bool several; /* machines on one database */

/* One life from its seed; false, with its words in `world`, when something was wrong. */
static bool life(struct world *world, uint64_t seed, enum canary canary)
{
    world_open(world, seed, canary, several);
    set_up(world);
    live(world);
    world_settle(world);
    if (several) {
        nodes_told_check(world);
        overdue_check(world); /* now: a machine that starts alone takes up all timers */
    }
    if (world->wrong == NULL) {
        world_restart(world); /* once more from what is durable */
        ask_all_again(world);
        checks_all(world);
    }
    world_close(world);
    return world->wrong == NULL;
}

/* ---- runs ---- */

static struct world world;

static void shared_add(struct shared_counts *sum, const struct shared_counts *more)
{
    sum->batches += more->batches;
    sum->conflicts += more->conflicts;
    sum->hollow += more->hollow;
    sum->waits += more->waits;
    sum->unknown += more->unknown;
    sum->late += more->late;
    sum->away += more->away;
    sum->fenced += more->fenced;
}

static bool lives(uint64_t from, uint64_t seeds, uint64_t seconds)
{
    int64_t start_us = os_monotonic_us();
    uint64_t done = 0, crashes = 0, calls = 0, repeats = 0, taken = 0, followers = 0;
    struct shared_counts shared = { 0 };
    bool ok = true;
    while (ok && (seeds > 0 ? done < seeds : os_monotonic_us() - start_us < (int64_t)seconds * 1000000)) {
        ok = life(&world, from + done, CANARY_none);
        done += ok;
        crashes += world.crashes;
        calls += world.calls;
        repeats += world.repeats;
        taken += world.timers_taken;
        followers += world.followers;
        shared_add(&shared, &world.shared_counts);
    }
    int64_t took_us = max_i64(1, os_monotonic_us() - start_us);
    printf("# %" PRIu64 " lives, %" PRIu64 " a second: %" PRIu64 " calls, %" PRIu64 " of them repeated, %" PRIu64
           " crashes\n", done, done * 1000000 / (uint64_t)took_us, calls, repeats, crashes);
    if (several) {
        printf("# %" PRIu64 " batches, %" PRIu64 " followed another, %" PRIu64 " with which they failed, %" PRIu64
               " conflicts, %" PRIu64 " waits for a lock, %" PRIu64
               " outcomes unknown, %" PRIu64 " late commits, %" PRIu64 " times away, %" PRIu64
               " places lost, %" PRIu64 " timers taken over\n",
               shared.batches, followers, shared.hollow, shared.conflicts, shared.waits, shared.unknown, shared.late,
               shared.away, shared.fenced, taken);
    }
    if (!ok) {
        printf("# seed %" PRIu64 ": %s\n", from + done, world.wrong);
    }
    return ok;
}

/* A canary sings when some life of the first few hundred finds what was broken on purpose. */
static bool canary_sings(enum canary canary)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        if (!life(&world, seed, canary)) {
            printf("# canary %s, seed %" PRIu64 ": %s\n", canary_names[canary], seed, world.wrong);
            return true;
        }
    }
    return false;
}

static bool flag_given(int argc, char **argv, const char *name)
{
    bool given = false;
    for (int i = 1; i < argc; i++) {
        given = given || strcmp(argv[i], name) == 0;
    }
    return given;
}

int main(int argc, char **argv)
{
    uint64_t from = number_after(argc, argv, "--from", 1), seeds = number_after(argc, argv, "--seeds", 0);
    bool ok = true;
    int canaries = 0, number = 1;
    several = flag_given(argc, argv, "--nodes");
    for (enum canary canary = CANARY_none; canary < CANARY_count && seeds == 0; canary++) {
        canaries += canary_applies(canary, several);
    }
    mallopt(M_MMAP_THRESHOLD, 1 << 19); /* large and mostly untouched: fresh pages need no clearing */
    printf("1..%d\n", 1 + canaries);
    seeds = seeds > 0 ? seeds : seeds_wanted();
    bool held = lives(from, seeds, number_after(argc, argv, "--seconds", 25));
    printf("%sok 1 - what was answered is there once, whatever happened\n", held ? "" : "not ");
    for (enum canary canary = CANARY_none; canaries > 0 && canary < CANARY_count; canary++) {
        if (!canary_applies(canary, several)) {
            continue;
        }
        bool sings = canary_sings(canary);
        printf("%sok %d - canary %s is found\n", sings ? "" : "not ", ++number, canary_names[canary]);
        ok = ok && sings;
    }
    return ok && held ? 0 : 1;
}
