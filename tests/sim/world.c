/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/hash.h"
#include "ledger/ledger.h"
#include "support/house.h"

const char *const canary_names[] = { "none",           "answers_early",   "loses_row",
                                     "forgets_request", "timer_lost",      "reads_unchecked",
                                     "lost_update",     "outcome_guessed", "feed_lost",
                                     "nobody_leads" };

bool canary_applies(enum canary canary, bool several)
{
    return several ? canary > CANARY_timer_lost : canary > CANARY_none && canary <= CANARY_timer_lost;
}

uint64_t world_random(struct world *world)
{
    world->random += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix(world->random);
}

int world_pick(struct world *world, int count)
{
    return (int)(world_random(world) % (uint64_t)count);
}

bool world_chance(struct world *world, int percent)
{
    return world_pick(world, 100) < percent;
}

void world_wrong(struct world *world, const char *what, const char *which)
{
    if (world->wrong == NULL) {
        snprintf(world->words, sizeof(world->words), "%s: %.300s", what, which);
        world->wrong = world->words;
    }
}

/* ---- machines ---- */

static void law_broken(void *context, const char *what)
{
    (void)context;
    fprintf(stderr, "the engine stops: %s\n", what);
    abort();
}

static bool tells_all(const struct row_change *change)
{
    (void)change;
    return true;
}

void machine_engine_open(struct machine *machine, int64_t (*now_us)(void *context))
{
    struct world *world = machine->world;
    machine->settings = (struct engine_settings){ .store = &machine->base,
                                                  .now_us = now_us,
                                                  .clock_context = machine,
                                                  .timer_commands = product_timers,
                                                  .check = ledger_check,
                                                  .tells = tells_all,
                                                  .batch_calls_max = 1 + (uint32_t)world_pick(world, 20),
                                                  .fatal = law_broken };
    machine->engine = engine_open(&machine->settings);
    assert(machine->engine != NULL);
}

void machine_attempts_forget(struct machine *machine)
{
    while (machine->attempts != NULL) {
        struct attempt *attempt = machine->attempts;
        machine->attempts = attempt->next;
        free(attempt);
    }
}

void world_open(struct world *world, uint64_t seed, enum canary canary, bool several)
{
    /* Nothing of the life before is left; the intents are cleared one by one. */
    memset(world, 0, offsetof(struct world, intents));
    memset(&world->intent_count, 0, sizeof(*world) - offsetof(struct world, intent_count));
    world->seed = seed;
    world->random = seed;
    world->canary = canary;
    world->calm = true;
    world->now_us = HOUSE_NOON_US;
    world->crash_per_million = world_pick(world, 3) * 1500;
    for (int i = 0; i < CLIENTS; i++) {
        world->client_intent[i] = -1;
    }
    if (several) {
        nodes_open(world);
    } else {
        alone_open(world);
    }
}

void world_close(struct world *world)
{
    if (world->shared != NULL) {
        nodes_close(world);
    } else {
        alone_close(world);
    }
}

void world_restart(struct world *world)
{
    if (world->shared != NULL) {
        nodes_restart(world);
    } else {
        alone_restart(world);
    }
}

void world_happen(struct world *world)
{
    if (world->shared != NULL) {
        nodes_happen(world);
    } else {
        alone_happen(world);
    }
}

void world_settle(struct world *world)
{
    world->calm = true;
    if (world->shared != NULL) {
        nodes_settle(world);
    } else {
        alone_settle(world);
    }
}

void world_clock_jump(struct world *world)
{
    world->now_us += world_pick(world, 10) == 0 ? world_pick(world, 40) * US_PER_MINUTE
                                                : world_pick(world, 20) * US_PER_SECOND;
}

/* ---- what is durable ---- */

struct reader *world_reader(struct world *world)
{
    struct reader *reader;
    struct store *store = world->machines[0].below;
    if (world->shared == NULL) {
        return store_reader_open(store);
    }
    enum status status = store->ops->reader_open(store, &reader);
    assert(status == STATUS_ok);
    return reader;
}

enum status world_scan(struct world *world, const struct table *table, scan_row *each, void *context)
{
    struct store *store = world->machines[0].below;
    return store->ops->scan(store, table, (struct span){ NULL, 0 }, each, context);
}

bool world_find(struct world *world, const struct table *table, void *row)
{
    uint8_t key[KEY_SIZE_MAX];
    struct row_want want = { .table = table, .row = row };
    want.key = (struct span){ (const char *)key, row_key_write(table, row, key) };
    want.hash = row_hash(table, hash_bytes(key, want.key.size));
    if (world->shared != NULL) {
        shared_memory_find(world->shared, &want);
        return want.exists;
    }
    struct store *store = world->machines[0].below;
    return store->ops->peek(store, &want) == PEEK_found; /* whatever is kept is durable at these times */
}

void answered_check(struct world *world)
{
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        struct request_row row = { .caller_kind = intent->caller.kind, .caller_id = intent->caller.id };
        memcpy(row.request_key, intent->key, sizeof(row.request_key));
        if (intent->known && intent->key[0] != '\0' && !world_find(world, &request_table, &row)) {
            world_wrong(world, "an answered call is not there after the crash", intent->command->name);
        }
    }
}

/* ---- clients ---- */

struct intent *intent_new(struct world *world, struct caller caller, const struct command *command)
{
    assert(world->intent_count < INTENTS_MAX);
    assert(command->request->size <= REQUEST_ROOM);
    assert(command->answer->size <= ANSWER_ROOM);
    struct intent *intent = &world->intents[world->intent_count];
    memset(intent, 0, offsetof(struct intent, packed)); /* and not what is large and set with the answer */
    intent->amount = 0;
    intent->command = command;
    intent->caller = caller;
    if ((command->flags & (COMMAND_reads | COMMAND_unkeyed)) == 0) {
        snprintf(intent->key, sizeof(intent->key), "i%d", world->intent_count);
    }
    world->intent_count++;
    return intent;
}

static bool passes(enum refusal refusal)
{
    return refusal == REFUSAL_attempts_exceeded || refusal == REFUSAL_forbidden;
}

static void answer_keep(struct intent *intent, const struct attempt *attempt, const uint8_t *packed, size_t size)
{
    intent->known = !passes(attempt->call.refusal);
    intent->refusal = attempt->call.refusal;
    intent->decided_at_us = attempt->call.decided_at_us;
    intent->packed_size = size;
    memcpy(intent->packed, packed, size);
    memcpy(intent->answer, attempt->answer, intent->command->answer->size);
}

/*
 * The first answer is remembered, every later one must be it. What is idempotent by its own content is decided each
 * time: of that the first that was not refused is remembered, and the checks at the end look for it.
 */
static void answer_note(struct world *world, const struct attempt *attempt)
{
    struct intent *intent = attempt->intent;
    uint8_t packed[PACK_SIZE_MAX];
    size_t size = 0;
    if (attempt->call.refusal == REFUSAL_none) {
        size = shape_pack(intent->command->answer, 0, attempt->answer, packed, sizeof(packed));
        assert(size > 0);
    }
    if (intent->key[0] == '\0') {
        if (!intent->known || (intent->refusal != REFUSAL_none && attempt->call.refusal == REFUSAL_none)) {
            answer_keep(intent, attempt, packed, size);
        }
        return;
    }
    bool first = !intent->decided && (world->shared != NULL || !intent->known);
    intent->decided = intent->decided || !attempt->call.repeated;
    if (!intent->known) {
        answer_keep(intent, attempt, packed, size);
        return;
    }
    if (intent->refusal != attempt->call.refusal || intent->packed_size != size ||
        memcmp(intent->packed, packed, size) != 0 || intent->decided_at_us != attempt->call.decided_at_us) {
        world_wrong(world, "the same request got another answer", intent->command->name);
    }
    if (!attempt->call.repeated && !first) { /* with several machines a repeated one may be answered earlier */
        world_wrong(world, "an answered request was decided again", intent->command->name);
    }
}

static void attempt_done(struct call *call)
{
    struct attempt *attempt = call->context;
    if (call->status != STATUS_ok || attempt->machine->crashed) {
        return; /* too late, or nobody knows: the client asks again */
    }
    answer_note(attempt->machine->world, attempt);
    if (!attempt->lost) {
        attempt->intent->state = INTENT_settled;
    }
}

bool intent_ask(struct world *world, struct intent *intent)
{
    struct machine *machine = world->shared != NULL ? nodes_pick(world) : &world->machines[0];
    if (machine == NULL) {
        return false;
    }
    struct attempt *attempt = calloc(1, sizeof(*attempt));
    assert(attempt != NULL);
    attempt->machine = machine;
    attempt->intent = intent;
    attempt->lost = !world->calm && world_chance(world, 10);
    attempt->call = (struct call){ .command = intent->command,
                                   .request = intent->request,
                                   .answer = attempt->answer,
                                   .caller = intent->caller,
                                   .done = attempt_done,
                                   .context = attempt };
    memcpy(attempt->call.request_key, intent->key, sizeof(attempt->call.request_key));
    house_body_hash(intent->command, intent->request, attempt->call.body_hash);
    if (!world->calm && world_chance(world, 3)) {
        attempt->call.deadline_us = 1; /* long past */
    }
    if (!engine_submit(machine->engine, &attempt->call)) {
        free(attempt);
        return false;
    }
    attempt->next = machine->attempts;
    machine->attempts = attempt;
    intent->state = INTENT_asked;
    world->calls++;
    world->repeats += intent->attempts++ > 0;
    return true;
}
