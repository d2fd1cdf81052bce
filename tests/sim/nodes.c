/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several machines on one database. What stands between an engine and its store brings in the faults and
 * holds each batch against two things that it has noted by itself: the versions that the engine was shown,
 * all of which must come back, and what the database holds when the batch is done.
 */
#include <stdlib.h>

#include "base/civil.h"
#include "base/hash.h"
#include "sim/world.h"
#include "support/house.h"
#include "lines/product.h"

#define LEASE_US INT64_C(3000000)
#define HAPPENING_US 100000 /* at most, by the database's clock */
#define SKEW_MAX_S 5

static struct machine *machine_of(struct store *store)
{
    return (struct machine *)store;
}

/* ---- notes about rows ---- */

static struct entry *note_find(const struct map *map, const struct table *table, uint64_t hash, struct span key)
{
    return map_find(map, table->number, hash, key);
}

static void note(struct map *map, const struct table *table, uint64_t hash, struct span key, int64_t version)
{
    struct entry *entry = entry_new(table->number, hash, key, (struct span){ NULL, 0 }, true);
    entry->version = version;
    map_put(map, entry);
}

static void notes_clear(struct map *map)
{
    if (map->buckets != NULL) {
        map_release(map);
    }
    map_init(map);
}

static const struct table *table_of(uint32_t number)
{
    const struct table *const *table = product_tables;
    while ((*table)->number != number) {
        table++;
    }
    return *table;
}

static int64_t version_committed(struct world *world, const struct entry *entry)
{
    _Alignas(16) uint8_t row[ROW_SIZE_MAX];
    const struct table *table = table_of(entry->table);
    struct row_want want = { .table = table, .key = entry_key(entry), .hash = entry->hash, .row = row };
    memset(row, 0, table->shape.size);
    bool readable = row_key_read(table, want.key, row);
    assert(readable);
    shared_memory_find(world->shared, &want);
    return want.version;
}

/* ---- what the engine takes for its store ---- */

static enum peek nodes_peek(struct store *store, struct row_want *want)
{
    struct machine *machine = machine_of(store);
    if (machine->crashed || world_pick(machine->world, 12) == 0) {
        return PEEK_unknown;
    }
    enum peek peek = machine->below->ops->peek(machine->below, want);
    if (peek != PEEK_unknown) {
        note(&machine->asked, want->table, want->hash, want->key, want->version);
    }
    return peek;
}

/* The process is dead: the engine need not know, as long as it comes to nothing more. */
static enum status status_shown(struct machine *machine, enum status status)
{
    if (status == STATUS_fault) {
        machine->crashed = true;
    }
    if (status != STATUS_ok) {
        notes_clear(&machine->asked);
    }
    return machine->crashed ? STATUS_away : status;
}

static enum status nodes_load(struct store *store, struct row_want *wants, size_t count)
{
    struct machine *machine = machine_of(store);
    enum status status = machine->crashed ? STATUS_fault : machine->below->ops->load(machine->below, wants, count);
    for (size_t i = 0; i < count && status == STATUS_ok; i++) {
        note(&machine->asked, wants[i].table, wants[i].hash, wants[i].key, wants[i].version);
    }
    return status_shown(machine, status);
}

static enum status nodes_scan(struct store *store, const struct table *table, struct span from, scan_row *each,
                              void *context)
{
    struct machine *machine = machine_of(store);
    if (machine->crashed) {
        return STATUS_away;
    }
    return status_shown(machine, machine->below->ops->scan(machine->below, table, from, each, context));
}

/* The batch took effect just now: what it saw and what it changed must stand there. */
static void sent_check(struct machine *machine)
{
    for (size_t i = 0; i < machine->sent.bucket_count; i++) {
        for (const struct entry *entry = machine->sent.buckets[i]; entry != NULL; entry = entry->next) {
            if (version_committed(machine->world, entry) != entry->version) {
                world_wrong(machine->world, "a batch was kept although another changed what it saw",
                            table_of(entry->table)->shape.name);
            }
        }
    }
}

static void nodes_done(void *context, enum status status)
{
    struct machine *machine = context;
    struct world *world = machine->world;
    if (status == STATUS_fault || machine->crashed) {
        machine->crashed = true;
        return;
    }
    if (status == STATUS_unknown && world->canary == CANARY_outcome_guessed) {
        world->canary_deeds++;
        status = STATUS_ok;
    } else if (status == STATUS_ok) {
        sent_check(machine);
    }
    if (status != STATUS_ok) {
        notes_clear(&machine->asked); /* what was decided on top of it is void */
    }
    struct hand_over hand = machine->hand;
    if (machine->followed) {
        struct map sent = machine->sent;
        machine->sent = machine->next_sent;
        machine->next_sent = sent;
        machine->hand = machine->next_hand;
    }
    machine->on_way--;
    machine->followed = false;
    hand.done(hand.context, status);
}

/* Whether a row comes back with the version that it was shown with. */
static void shown_check(struct machine *machine, const struct row_change *change)
{
    struct entry *shown = note_find(&machine->asked, change->table, change->hash, change->key);
    if (change->version == VERSION_UNREAD) {
        if (shown != NULL) {
            world_wrong(machine->world, "a row that was asked for is replaced unread", change->table->shape.name);
        }
        return;
    }
    if (shown == NULL || shown->version != change->version) {
        world_wrong(machine->world, "a row comes back with a version that was not shown", change->table->shape.name);
        return;
    }
    shown->known = false; /* it came back */
}

/* All rows that were asked for come back with the batch, and what must hold afterwards is noted. */
static void keep_check(struct machine *machine, const struct keep *keep)
{
    struct map *sent = machine->followed ? &machine->next_sent : &machine->sent;
    notes_clear(sent);
    for (size_t i = 0; i < keep->change_count; i++) {
        const struct row_change *change = &keep->changes[i];
        shown_check(machine, change);
        note(sent, change->table, change->hash, change->key, change->exists ? keep->stamp : 0);
    }
    for (size_t i = 0; i < keep->read_count; i++) {
        const struct row_change *read = &keep->reads[i];
        shown_check(machine, read);
        const struct entry *shown = note_find(&machine->asked, read->table, read->hash, read->key);
        note(sent, read->table, read->hash, read->key, shown != NULL ? shown->version : 0);
    }
    for (size_t i = 0; i < machine->asked.bucket_count; i++) {
        for (const struct entry *entry = machine->asked.buckets[i]; entry != NULL; entry = entry->next) {
            if (entry->known && entry->table != progress_table.number) { /* which the engine asks for by the way */
                world_wrong(machine->world, "a row that was asked for does not come back",
                            table_of(entry->table)->shape.name);
            }
        }
    }
    notes_clear(&machine->asked);
}

/* Changes of the canaries to what the store is told. */
static void keep_spoil(struct machine *machine, struct keep *keep, struct row_change *changes)
{
    struct world *world = machine->world;
    if (world->calm) {
        return;
    }
    if (world->canary == CANARY_reads_unchecked && keep->read_count > 0) {
        keep->read_count = 0;
        world->canary_deeds++;
    } else if (world->canary == CANARY_feed_lost && keep->feed.size > 0 && world_pick(world, 4) == 0) {
        keep->feed.size = 0;
        world->canary_deeds++;
    } else if (world->canary == CANARY_lost_update) {
        for (size_t i = 0; i < keep->change_count; i++) {
            changes[i].version = VERSION_UNREAD;
        }
        world->canary_deeds++;
    }
}

static enum status nodes_keep(struct store *store, const struct keep *keep)
{
    struct machine *machine = machine_of(store);
    if (machine->crashed) {
        return STATUS_away;
    }
    struct row_change *changes = calloc(keep->change_count + 1, sizeof(*changes));
    assert(changes != NULL);
    memcpy(changes, keep->changes, keep->change_count * sizeof(*changes));
    machine->followed = machine->on_way > 0;
    *(machine->followed ? &machine->next_hand : &machine->hand) = (struct hand_over){ keep->done, keep->context };
    keep_check(machine, keep);
    struct keep told = *keep;
    told.changes = changes;
    told.done = nodes_done;
    told.context = machine;
    keep_spoil(machine, &told, changes);
    enum status status = status_shown(machine, machine->below->ops->keep(machine->below, &told));
    free(changes);
    if (status == STATUS_ok) {
        machine->on_way++;
        machine->world->followers += machine->followed;
    } else {
        machine->followed = false;
    }
    return status;
}

static bool nodes_ahead(struct store *store)
{
    struct machine *machine = machine_of(store);
    return !machine->crashed && machine->below->ops->ahead(machine->below);
}

static uint32_t nodes_follows(struct store *store)
{
    struct machine *machine = machine_of(store);
    return machine->crashed ? 0 : machine->below->ops->follows(machine->below);
}

static bool nodes_heard(struct store *store)
{
    struct machine *machine = machine_of(store);
    return machine->crashed || machine->below->ops->heard(machine->below);
}

static enum status nodes_feed(struct store *store, feed_each *each, void *context)
{
    struct machine *machine = machine_of(store);
    enum status status =
        machine->crashed ? STATUS_away : machine->below->ops->feed(machine->below, each, context);
    machine->crashed = machine->crashed || status == STATUS_fault;
    return machine->crashed ? STATUS_away : status;
}

static size_t nodes_nodes(struct store *store, struct store_node *nodes, size_t most)
{
    struct machine *machine = machine_of(store);
    size_t count = machine->crashed ? 0 : machine->below->ops->nodes(machine->below, nodes, most);
    for (size_t i = 0; i < count && machine->world->canary == CANARY_nobody_leads; i++) {
        machine->world->canary_deeds++;
        nodes[i].leads = false;
    }
    return count;
}

static const struct store_ops nodes_ops = {
    .name = "shaky shared",
    .peek = nodes_peek,
    .load = nodes_load,
    .keep = nodes_keep,
    .scan = nodes_scan,
    .ahead = nodes_ahead,
    .follows = nodes_follows,
    .heard = nodes_heard,
    .feed = nodes_feed,
    .nodes = nodes_nodes,
};

/* ---- faults ---- */

static enum shared_fate step_hook(void *context, enum shared_step step)
{
    struct machine *machine = context;
    struct world *world = machine->world;
    if (world->calm) {
        return SHARED_go_on;
    }
    if (machine->cut_off > 0) {
        return SHARED_away;
    }
    int which = world_pick(world, 1000);
    if (step == SHARED_resolve) {
        return which < 300 ? SHARED_away : SHARED_go_on;
    }
    int crash = 20 * world->crash_per_million / 1000; /* in a thousand commits */
    if (step != SHARED_commit) {
        return which < 5 ? SHARED_away : which < 5 + crash / 15 ? SHARED_crash_lost : SHARED_go_on;
    }
    if (which < crash) {
        static const enum shared_fate ends[] = { SHARED_crash_lost, SHARED_crash_kept, SHARED_crash_late };
        return ends[world_pick(world, 3)];
    }
    which = world_pick(world, 1000);
    return which < 15   ? SHARED_unknown_lost
           : which < 30 ? SHARED_unknown_kept
           : which < 40 ? SHARED_away
           : which < 60 ? SHARED_conflict
                        : SHARED_go_on;
}

/* ---- what observers are told ---- */

/* A row and one of its versions; 0: that it is gone. */
static void told_key(uint8_t *to, struct span key, int64_t version)
{
    memcpy(to, key.bytes, key.size);
    memcpy(to + key.size, &version, sizeof(version));
}

static void commit_heard(void *context, const struct commit *commit)
{
    struct machine *machine = context;
    for (size_t i = 0; i < commit->change_count; i++) {
        const struct row_change *change = &commit->changes[i];
        uint8_t bytes[KEY_SIZE_MAX + sizeof(int64_t)];
        told_key(bytes, change->key, change->exists ? commit->stamp : 0);
        struct span key = { (const char *)bytes, change->key.size + sizeof(int64_t) };
        if (change->exists && note_find(&machine->told, change->table, change->hash, key) != NULL) {
            world_wrong(machine->world, "a commit was told twice", change->table->shape.name);
        }
        struct entry *image = entry_of_change(change);
        assert(image != NULL);
        map_put(&machine->told,
                entry_new(change->table->number, change->hash, key, entry_image(image), change->exists));
        free(image);
    }
    if (commit->foreign == (commit->node == machine->base.node)) {
        world_wrong(machine->world, "a commit is told as another node's", "");
    }
}

struct rows_each {
    struct machine *machine;
    const struct table *table;
    bool check;
};

static bool row_each(void *context, const void *row)
{
    struct rows_each *rows = context;
    struct machine *machine = rows->machine;
    uint8_t bytes[KEY_SIZE_MAX + sizeof(int64_t)], image[ROW_SIZE_MAX];
    struct span key = { (const char *)bytes, row_key_write(rows->table, row, bytes) };
    uint64_t hash = row_hash(rows->table, hash_bytes(bytes, key.size));
    struct entry *entry = entry_new(rows->table->number, hash, key, (struct span){ NULL, 0 }, true);
    int64_t version = entry->version = version_committed(machine->world, entry);
    if (!rows->check) {
        map_put(&machine->before, entry);
        return true;
    }
    free(entry);
    struct entry *before = note_find(&machine->before, rows->table, hash, key);
    if (before != NULL) {
        before->known = false; /* it is still there */
        if (before->version == version) {
            return true;
        }
    }
    size_t size = row_pack(rows->table, row, image, sizeof(image));
    told_key(bytes, key, version);
    key.size += sizeof(version);
    const struct entry *told = note_find(&machine->told, rows->table, hash, key);
    if (told == NULL) {
        world_wrong(machine->world, "a machine was not told of a change", rows->table->shape.name);
    } else if (entry_image(told).size != size || memcmp(entry_image(told).bytes, image, size) != 0) {
        world_wrong(machine->world, "a machine was told something else", rows->table->shape.name);
    }
    return true;
}

static void rows_all(struct machine *machine, bool check)
{
    struct rows_each rows = { .machine = machine, .check = check };
    for (const struct table *const *table = product_tables; *table != NULL; table++) {
        rows.table = *table;
        enum status status =
            machine->below->ops->scan(machine->below, *table, (struct span){ NULL, 0 }, row_each, &rows);
        assert(status == STATUS_ok);
    }
}

static void gone_check(struct machine *machine)
{
    for (size_t i = 0; i < machine->before.bucket_count; i++) {
        for (const struct entry *entry = machine->before.buckets[i]; entry != NULL; entry = entry->next) {
            uint8_t bytes[KEY_SIZE_MAX + sizeof(int64_t)];
            told_key(bytes, entry_key(entry), 0);
            struct span key = { (const char *)bytes, entry->key_size + sizeof(int64_t) };
            if (entry->known && map_find(&machine->told, entry->table, entry->hash, key) == NULL) {
                world_wrong(machine->world, "a machine was not told that a row is gone",
                            table_of(entry->table)->shape.name);
            }
        }
    }
}

void nodes_told_check(struct world *world)
{
    for (int i = 0; i < world->machine_count; i++) {
        rows_all(&world->machines[i], true);
        gone_check(&world->machines[i]);
    }
}

/* ---- machines ---- */

static int64_t database_now(void *context)
{
    return ((const struct world *)context)->database_us;
}

static int64_t machine_now(void *context)
{
    const struct machine *machine = context;
    return machine->world->now_us + machine->skew_us;
}

static void machine_start(struct machine *machine)
{
    struct world *world = machine->world;
    struct shared_join join = { .hook = step_hook,
                                .hook_context = machine,
                                .deferred = true,
                                .follow_calls = world_chance(world, 70) ? 1 + (uint32_t)world_pick(world, 2) : 0,
                                .cold = world_chance(world, 30) };
    enum status status = store_shared_join(world->shared, &join, &machine->below);
    assert(status == STATUS_ok);
    machine->base = (struct store){
        .ops = &nodes_ops, .tables = product_tables, .shared = true, .node = machine->below->node
    };
    machine->crashed = machine->followed = false;
    machine->on_way = 0;
    machine->paused = machine->cut_off = machine->down = 0;
    machine->skew_us = (world_pick(world, 2 * SKEW_MAX_S * 1000) - SKEW_MAX_S * 1000) * INT64_C(1000);
    notes_clear(&machine->asked);
    notes_clear(&machine->sent);
    notes_clear(&machine->next_sent);
    notes_clear(&machine->before);
    notes_clear(&machine->told);
    rows_all(machine, false);
    machine_engine_open(machine, machine_now);
    engine_observe(machine->engine, commit_heard, machine);
}

static void machine_stop(struct machine *machine)
{
    struct engine_counts counts;
    engine_counts(machine->engine, &counts);
    machine->world->timers_taken += counts.timers_taken;
    machine->crashed = true;
    store_shared_crash(machine->below);
    engine_close(machine->engine);
    machine->engine = NULL;
    machine->below = NULL;
    machine_attempts_forget(machine);
}

static void machine_crash(struct machine *machine)
{
    machine->world->crashes++;
    machine_stop(machine);
    machine->down = 1 + world_pick(machine->world, 60);
    answered_check(machine->world);
}

void nodes_open(struct world *world)
{
    struct shared_memory_settings settings = {
        .now_us = database_now, .clock_context = world, .lease_us = LEASE_US
    };
    world->machine_count = 2 + world_pick(world, MACHINES_MAX - 1);
    world->database_us = 1;
    shared_memory_open(product_tables, &settings, &world->shared);
    for (int i = 0; i < world->machine_count; i++) {
        world->machines[i].world = world;
        machine_start(&world->machines[i]);
    }
}

void nodes_close(struct world *world)
{
    for (int i = 0; i < world->machine_count; i++) {
        struct machine *machine = &world->machines[i];
        if (machine->engine != NULL) {
            machine_stop(machine);
        }
        map_release(&machine->asked);
        map_release(&machine->sent);
        map_release(&machine->next_sent);
        map_release(&machine->before);
        map_release(&machine->told);
    }
    shared_memory_counts(world->shared, &world->shared_counts);
    shared_memory_close(world->shared);
}

struct machine *nodes_pick(struct world *world)
{
    struct machine *machine = &world->machines[world_pick(world, world->machine_count)];
    return machine->engine != NULL ? machine : NULL;
}

/* ---- what happens ---- */

static void trouble(struct machine *machine)
{
    struct world *world = machine->world;
    int which = world_pick(world, 100);
    if (which < 40) {
        store_shared_chill(machine->below);
    } else if (which < 60) {
        machine->cut_off = world_pick(world, 25); /* the longest are longer than a lease */
    } else if (which < 80) {
        machine->paused = world_pick(world, 25);
    } else if (which < 90) {
        shared_memory_land(world->shared);
    } else if (world->crash_per_million > 0 && world_chance(world, 40)) {
        machine->crashed = true; /* killed while nothing is on its way to the database */
    }
}

static void machine_act(struct machine *machine)
{
    struct world *world = machine->world;
    int which = world_pick(world, 100);
    machine->cut_off -= machine->cut_off > 0;
    if (machine->engine == NULL) {
        if (--machine->down <= 0) {
            machine_start(machine);
        }
    } else if (machine->paused > 0) {
        machine->paused--;
    } else if (which < 50) {
        engine_step(machine->engine);
    } else if (which < 85) {
        store_shared_pump(machine->below);
    } else if (which < 97) {
        engine_hear(machine->engine);
    } else {
        trouble(machine);
    }
    if (machine->engine != NULL && (machine->crashed || store_shared_dead(machine->below))) {
        machine_crash(machine);
    }
}

void nodes_happen(struct world *world)
{
    world->database_us += world_pick(world, HAPPENING_US);
    if (world_pick(world, 10) == 0) {
        world_clock_jump(world);
    }
    machine_act(&world->machines[world_pick(world, world->machine_count)]);
}

void nodes_restart(struct world *world)
{
    for (int i = 0; i < world->machine_count; i++) {
        machine_stop(&world->machines[i]);
    }
    while (shared_memory_land(world->shared)) {
    }
    world->database_us += 2 * LEASE_US;
    for (int i = 0; i < world->machine_count; i++) {
        machine_start(&world->machines[i]);
    }
    world->crashes++;
    answered_check(world);
}

/* One round of everything that can be done; false: nothing was left. */
static bool nodes_round(struct world *world)
{
    bool worked = false;
    for (int i = 0; i < world->machine_count; i++) {
        struct machine *machine = &world->machines[i];
        if (machine->engine == NULL || machine->crashed || store_shared_dead(machine->below)) {
            if (machine->engine != NULL) {
                machine_crash(machine);
            }
            machine_start(machine);
        }
        machine->paused = machine->cut_off = 0;
        worked = engine_step(machine->engine) || worked;
        worked = store_shared_pump(machine->below) || worked;
        worked = engine_hear(machine->engine) || worked;
        worked = machine->crashed || worked;
    }
    return worked;
}

/* Until nothing is left to do, also of what the dead have left: their lease must be over before others take it up. */
void nodes_settle(struct world *world)
{
    for (int quiet = 0, rounds = 0; quiet < 8; rounds++) {
        assert(rounds < 100000);
        quiet = nodes_round(world) ? 0 : quiet + 1;
        world->database_us += LEASE_US / 4;
    }
}
