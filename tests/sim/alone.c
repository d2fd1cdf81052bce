/* SPDX-License-Identifier: Apache-2.0 */
/* One machine: its store may crash at any step of making a batch durable, and forgets what it has at hand. */
#include <stdlib.h>

#include "base/civil.h"
#include "ledger/ledger.h"
#include "sim/world.h"
#include "support/house.h"

static struct machine *machine_of(struct store *store)
{
    return (struct machine *)store;
}

static enum peek shaky_peek(struct store *store, struct row_want *want)
{
    struct machine *machine = machine_of(store);
    if (world_pick(machine->world, 8) == 0) {
        return PEEK_unknown;
    }
    return machine->below->ops->peek(machine->below, want);
}

static enum status shaky_load(struct store *store, struct row_want *wants, size_t count)
{
    struct machine *machine = machine_of(store);
    return machine->below->ops->load(machine->below, wants, count);
}

static enum status shaky_scan(struct store *store, const struct table *table, struct span from, scan_row *each,
                              void *context)
{
    struct machine *machine = machine_of(store);
    return machine->below->ops->scan(machine->below, table, from, each, context);
}

/* A fault is a crash of the whole process, which the engine never hears of. */
static void shaky_done(void *context, enum status status)
{
    struct machine *machine = context;
    if (status != STATUS_ok) {
        machine->crashed = true;
    } else if (!machine->crashed) {
        machine->hand.done(machine->hand.context, status);
    }
}

static void early_done(void *context, enum status status)
{
    struct machine *machine = context;
    machine->crashed = machine->crashed || status != STATUS_ok;
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
    struct machine *machine = machine_of(store);
    struct world *world = machine->world;
    const struct row_change *changes = keep->changes;
    size_t count = keep->change_count;
    struct row_change *fewer = calloc(count + 1, sizeof(*fewer));
    assert(fewer != NULL);
    machine->hand = (struct hand_over){ keep->done, keep->context };
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
                            .context = machine };
    enum status status = machine->below->ops->keep(machine->below, &changed);
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

static int64_t world_now(void *context)
{
    return ((const struct machine *)context)->world->now_us;
}

static struct memory_settings memory_make(struct world *world)
{
    return (struct memory_settings){ .hook = step_hook, .hook_context = world, .deferred = true };
}

static void machine_start(struct machine *machine)
{
    machine->base = (struct store){ .ops = &shaky_ops, .tables = product_tables };
    machine->crashed = false;
    machine_engine_open(machine, world_now);
}

void alone_open(struct world *world)
{
    struct machine *machine = &world->machines[0];
    struct memory_settings settings = memory_make(world);
    world->machine_count = 1;
    machine->world = world;
    enum status status = store_memory_open(product_tables, &settings, &machine->below);
    assert(status == STATUS_ok);
    machine_start(machine);
}

void alone_close(struct world *world)
{
    struct machine *machine = &world->machines[0];
    engine_close(machine->engine);
    machine->crashed = true; /* whatever still waits is not answered any more */
    machine->below->ops->close(machine->below);
    machine_attempts_forget(machine);
}

void alone_restart(struct world *world)
{
    struct machine *machine = &world->machines[0];
    struct store *fresh;
    struct memory_settings settings = memory_make(world);
    world->crashes++;
    engine_close(machine->engine);
    machine->crashed = true;
    enum status status = store_memory_reopen(machine->below, &settings, &fresh);
    assert(status == STATUS_ok);
    machine->below = fresh;
    machine_attempts_forget(machine);
    world->now_us += world_pick(world, 3) * US_PER_MINUTE - world_pick(world, 2) * US_PER_SECOND;
    machine_start(machine);
    answered_check(world);
}

void alone_happen(struct world *world)
{
    struct machine *machine = &world->machines[0];
    int which = world_pick(world, 100);
    if (which < 50) {
        engine_step(machine->engine);
    } else if (which < 85) {
        store_memory_pump(machine->below);
    } else if (which < 97) {
        world_clock_jump(world);
    } else if (world->crash_per_million > 0 && world_pick(world, 8) == 0) {
        machine->crashed = true; /* the plug is pulled while nothing is being written */
    }
    if (machine->crashed) {
        alone_restart(world);
    }
}

void alone_settle(struct world *world)
{
    struct machine *machine = &world->machines[0];
    for (bool worked = true; worked;) {
        worked = engine_step(machine->engine);
        worked = store_memory_pump(machine->below) || worked;
    }
    assert(!machine->crashed);
}
