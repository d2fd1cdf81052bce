/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/hash.h"
#include "support/house.h"

const char *const canary_names[] = { "none", "answers_early", "loses_row", "forgets_request", "timer_lost" };

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

/* ---- the store ---- */

static struct world *world_of(struct store *store)
{
    return ((struct shaky *)store)->world;
}

static struct store *memory_of(struct store *store)
{
    return ((struct shaky *)store)->memory;
}

static enum peek shaky_peek(struct store *store, struct row_want *want)
{
    if (world_pick(world_of(store), 8) == 0) {
        return PEEK_unknown;
    }
    return memory_of(store)->ops->peek(memory_of(store), want);
}

static enum status shaky_load(struct store *store, struct row_want *wants, size_t count)
{
    return memory_of(store)->ops->load(memory_of(store), wants, count);
}

static enum status shaky_scan(struct store *store, const struct table *table, struct span from, scan_row *each,
                              void *context)
{
    return memory_of(store)->ops->scan(memory_of(store), table, from, each, context);
}

/* A fault is a crash of the whole process, which the engine never hears of. */
static void shaky_done(void *context, enum status status)
{
    struct world *world = context;
    if (status != STATUS_ok) {
        world->crashed = true;
    } else if (!world->crashed) {
        world->hand.done(world->hand.context, status);
    }
}

static void early_done(void *context, enum status status)
{
    struct world *world = context;
    world->crashed = world->crashed || status != STATUS_ok;
}

/* Which row of a batch the canary removes; `count`: none. */
static size_t canary_row(struct world *world, const struct row_change *changes, size_t count)
{
    const struct table *table = world->canary == CANARY_loses_row         ? &account_table
                                : world->canary == CANARY_forgets_request ? &request_table
                                : world->canary == CANARY_timer_lost      ? &timer_table
                                                                          : NULL;
    for (size_t i = 0; i < count && table != NULL; i++) {
        if (changes[i].table == table && changes[i].exists && world_pick(world, 4) == 0) {
            return i;
        }
    }
    return count;
}

static enum status shaky_keep(struct store *store, const struct keep *keep)
{
    struct world *world = world_of(store);
    const struct row_change *changes = keep->changes;
    size_t count = keep->change_count;
    struct row_change *fewer = calloc(count + 1, sizeof(*fewer));
    assert(fewer != NULL);
    world->hand = (struct hand_over){ keep->done, keep->context };
    size_t without = world->calm ? count : canary_row(world, changes, count), kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i != without) {
            fewer[kept++] = changes[i];
        }
    }
    world->canary_deeds += without < count;
    bool early = world->canary == CANARY_answers_early && !world->calm;
    struct keep changed = { .changes = fewer,
                            .change_count = kept,
                            .done = early ? early_done : shaky_done,
                            .context = world };
    enum status status = memory_of(store)->ops->keep(memory_of(store), &changed);
    free(fewer);
    if (status == STATUS_ok && early) {
        world->canary_deeds++;
        keep->done(keep->context, STATUS_ok);
    }
    return status;
}

static const struct store_ops shaky_ops = {
    .name = "shaky", .peek = shaky_peek, .load = shaky_load, .keep = shaky_keep, .scan = shaky_scan
};

static enum memory_fate step_hook(void *context, enum memory_step step, uint64_t batch, size_t row)
{
    struct world *world = context;
    (void)batch;
    (void)row;
    /* a row is one of many, a sync is one of a batch: both shall be met */
    int chance = step == MEMORY_before_row ? world->crash_per_million : 20 * world->crash_per_million;
    if (world->calm || world_pick(world, 1000000) >= chance) {
        return MEMORY_go_on;
    }
    return world_chance(world, 50) ? MEMORY_crash_lost : MEMORY_crash_kept;
}

/* ---- the engine ---- */

static int64_t world_now(void *context)
{
    return ((const struct world *)context)->now_us;
}

static void law_broken(void *context, const char *what)
{
    (void)context;
    fprintf(stderr, "the engine stops: %s\n", what);
    abort();
}

static void engine_make(struct world *world)
{
    world->shaky.base = (struct store){ .ops = &shaky_ops, .tables = till_tables };
    world->shaky.world = world;
    world->settings = (struct engine_settings){ .store = &world->shaky.base,
                                                .now_us = world_now,
                                                .clock_context = world,
                                                .timer_commands = till_timers,
                                                .check = ledger_check,
                                                .batch_calls_max = 1 + (uint32_t)world_pick(world, 20),
                                                .fatal = law_broken };
    world->engine = engine_open(&world->settings);
    assert(world->engine != NULL);
}

static struct memory_settings memory_make(struct world *world)
{
    return (struct memory_settings){ .hook = step_hook, .hook_context = world, .deferred = true };
}

void world_open(struct world *world, uint64_t seed, enum canary canary)
{
    memset(world, 0, offsetof(struct world, intents));
    world->seed = seed;
    world->random = seed;
    world->canary = canary;
    world->calm = true;
    world->now_us = HOUSE_NOON_US;
    world->intent_count = 0;
    world->crashes = world->calls = world->repeats = world->canary_deeds = 0;
    world->wrong = NULL;
    world->crash_per_million = world_pick(world, 3) * 1500;
    for (int i = 0; i < CLIENTS; i++) {
        world->client_intent[i] = -1;
    }
    struct memory_settings settings = memory_make(world);
    enum status status = store_memory_open(till_tables, &settings, &world->shaky.memory);
    assert(status == STATUS_ok);
    engine_make(world);
}

static void attempts_forget(struct world *world)
{
    while (world->attempts != NULL) {
        struct attempt *attempt = world->attempts;
        world->attempts = attempt->next;
        free(attempt);
    }
}

void world_close(struct world *world)
{
    engine_close(world->engine);
    world->crashed = true; /* whatever still waits is not answered any more */
    world->shaky.memory->ops->close(world->shaky.memory);
    attempts_forget(world);
}

/* What was answered must be there: its request is kept. */
static void answered_check(struct world *world)
{
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        if (!intent->known) {
            continue;
        }
        struct request_row row = { .caller_kind = intent->caller.kind, .caller_id = intent->caller.id };
        uint8_t key[KEY_SIZE_MAX];
        memcpy(row.request_key, intent->key, sizeof(row.request_key));
        struct span encoded = { (const char *)key, row_key_write(&request_table, &row, key) };
        struct row_want want = { .table = &request_table,
                                 .key = encoded,
                                 .hash = row_hash(&request_table, hash_bytes(key, encoded.size)),
                                 .row = &row };
        if (memory_of(&world->shaky.base)->ops->peek(world->shaky.memory, &want) != PEEK_found) {
            world_wrong(world, "an answered call is not there after the crash", intent->command->name);
        }
    }
}

void world_restart(struct world *world)
{
    struct store *fresh;
    struct memory_settings settings = memory_make(world);
    world->crashes++;
    engine_close(world->engine);
    world->crashed = true;
    enum status status = store_memory_reopen(world->shaky.memory, &settings, &fresh);
    assert(status == STATUS_ok);
    world->crashed = false;
    world->shaky.memory = fresh;
    attempts_forget(world);
    world->now_us += world_pick(world, 3) * US_PER_MINUTE - world_pick(world, 2) * US_PER_SECOND;
    engine_make(world);
    answered_check(world);
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
    snprintf(intent->key, sizeof(intent->key), "i%d", world->intent_count++);
    return intent;
}

static bool passes(enum refusal refusal)
{
    return refusal == REFUSAL_attempts_exceeded || refusal == REFUSAL_forbidden;
}

/* The first answer is remembered, every later one must be it. */
static void answer_note(struct world *world, const struct attempt *attempt)
{
    struct intent *intent = attempt->intent;
    uint8_t packed[PACK_SIZE_MAX];
    size_t size = 0;
    if (attempt->call.refusal == REFUSAL_none) {
        size = shape_pack(intent->command->answer, 0, attempt->answer, packed, sizeof(packed));
        assert(size > 0);
    }
    if (!intent->known) {
        intent->known = !passes(attempt->call.refusal);
        intent->refusal = attempt->call.refusal;
        intent->decided_at_us = attempt->call.decided_at_us;
        intent->packed_size = size;
        memcpy(intent->packed, packed, size);
        memcpy(intent->answer, attempt->answer, intent->command->answer->size);
        return;
    }
    if (intent->refusal != attempt->call.refusal || intent->packed_size != size ||
        memcmp(intent->packed, packed, size) != 0 || intent->decided_at_us != attempt->call.decided_at_us) {
        world_wrong(world, "the same request got another answer", intent->command->name);
    }
    if (!attempt->call.repeated) {
        world_wrong(world, "an answered request was decided again", intent->command->name);
    }
}

static void attempt_done(struct call *call)
{
    struct attempt *attempt = call->context;
    struct world *world = attempt->world;
    if (call->status != STATUS_ok) {
        return; /* too late: the client asks again */
    }
    answer_note(world, attempt);
    if (!attempt->lost) {
        attempt->intent->state = INTENT_settled;
    }
}

bool intent_ask(struct world *world, struct intent *intent)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));
    assert(attempt != NULL);
    attempt->world = world;
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
    if (!engine_submit(world->engine, &attempt->call)) {
        free(attempt);
        return false;
    }
    attempt->next = world->attempts;
    world->attempts = attempt;
    intent->state = INTENT_asked;
    world->calls++;
    world->repeats += intent->attempts++ > 0;
    return true;
}

void world_happen(struct world *world)
{
    int which = world_pick(world, 100);
    if (which < 50) {
        engine_step(world->engine);
    } else if (which < 85) {
        store_memory_pump(world->shaky.memory);
    } else if (which < 97) {
        world->now_us += world_pick(world, 10) == 0 ? world_pick(world, 40) * US_PER_MINUTE
                                                    : world_pick(world, 20) * US_PER_SECOND;
    } else if (world->crash_per_million > 0 && world_pick(world, 8) == 0) {
        world->crashed = true; /* the plug is pulled while nothing is being written */
    }
    if (world->crashed) {
        world_restart(world);
    }
}

void world_settle(struct world *world)
{
    world->calm = true;
    for (bool worked = true; worked;) {
        worked = engine_step(world->engine);
        worked = store_memory_pump(world->shaky.memory) || worked;
    }
    assert(!world->crashed);
}
