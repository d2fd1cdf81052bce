/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_peers.h"

static int64_t town_now(void *context)
{
    return ((const struct town *)context)->now_us;
}

static int64_t peer_now(void *context)
{
    return ((const struct peer *)context)->stage.now_us;
}

bool peers_tells(const struct row_change *change)
{
    return change->table == &counter_table;
}

static enum shared_fate fate_of(void *context, enum shared_step step)
{
    struct peer *peer = context;
    for (size_t i = 0; i < peer->fault_count; i++) {
        if (peer->faults[i].step == step) {
            enum shared_fate fate = peer->faults[i].fate;
            peer->fault_count--;
            memmove(&peer->faults[i], &peer->faults[i + 1], (peer->fault_count - i) * sizeof(peer->faults[0]));
            return fate;
        }
    }
    if ((int)(stage_random(&peer->town->random) % 100) >= peer->fault_percent) {
        return SHARED_go_on;
    }
    static const enum shared_fate at_commit[] = { SHARED_away, SHARED_conflict, SHARED_unknown_lost,
                                                  SHARED_unknown_kept };
    return step == SHARED_commit ? at_commit[stage_random(&peer->town->random) % COUNT_OF(at_commit)] : SHARED_away;
}

static void observe(void *context, const struct commit *commit)
{
    struct peer *peer = context;
    peer->commits += !commit->foreign;
    peer->foreign_commits += commit->foreign;
    peer->answered += commit->answered;
    for (size_t i = 0; i < commit->refused_count; i++) {
        peer->refused += commit->refused[i].count;
    }
    for (size_t i = 0; i < commit->change_count; i++) {
        const struct row_change *change = &commit->changes[i];
        if (change->table != &counter_table) {
            continue;
        }
        assert(peer->told_count < TOLD_MAX);
        const struct counter_row *row = change->row, *before = row_before(row);
        assert(row_exists(row) == change->exists);
        peer->told[peer->told_count++] = (struct told){ .number = commit->number,
                                                        .node = commit->node,
                                                        .foreign = commit->foreign,
                                                        .exists = change->exists,
                                                        .existed = before != NULL,
                                                        .stamp = commit->stamp,
                                                        .at_us = commit->at_us,
                                                        .counter_id = row->counter_id,
                                                        .value = row->value,
                                                        .value_before = before != NULL ? before->value : 0 };
    }
}

void peer_join(struct peer *peer, const struct shared_join *join)
{
    struct shared_join mine = *join;
    mine.hook = fate_of;
    mine.hook_context = peer;
    enum status status = store_shared_join(peer->town->memory, &mine, &peer->store);
    assert(status == STATUS_ok);
    peer->stage.settings.store = peer->store;
    peer->stage.settings.now_us = peer_now;
    peer->stage.settings.clock_context = peer;
    peer->stage.settings.timer_commands = stage_timers;
    peer->stage.settings.tells = peers_tells;
    peer->stage.engine = engine_open(&peer->stage.settings);
    assert(peer->stage.engine != NULL);
    engine_observe(peer->stage.engine, observe, peer);
}

void peer_crash(struct peer *peer)
{
    engine_close(peer->stage.engine);
    store_shared_crash(peer->store);
    peer->store = NULL;
}

void town_open(struct town *town, const struct town_settings *settings)
{
    memset(town, 0, sizeof(*town));
    town->now_us = INT64_C(1418356800000000);
    town->random = 11;
    town->count = settings->count;
    struct shared_memory_settings memory = { .now_us = town_now, .clock_context = town,
                                             .lease_us = settings->lease_us };
    shared_memory_open(stage_tables, &memory, &town->memory);
    for (size_t i = 0; i < town->count; i++) {
        town->peers[i].town = town;
        town->peers[i].stage.now_us = town->now_us;
        peer_join(&town->peers[i], &(struct shared_join){ .deferred = settings->deferred,
                                                           .cold = settings->cold,
                                                           .follow_calls = settings->follow_calls });
    }
}

void town_close(struct town *town)
{
    for (size_t i = 0; i < town->count; i++) {
        if (town->peers[i].store != NULL) {
            engine_close(town->peers[i].stage.engine);
            town->peers[i].store->ops->close(town->peers[i].store);
        }
    }
    shared_memory_close(town->memory);
}

void peer_fault(struct peer *peer, enum shared_step step, enum shared_fate fate, int count)
{
    for (int i = 0; i < count; i++) {
        assert(peer->fault_count < FAULTS_MAX);
        peer->faults[peer->fault_count].step = step;
        peer->faults[peer->fault_count++].fate = fate;
    }
}

static bool peer_step(struct peer *peer)
{
    bool worked = engine_step(peer->stage.engine);
    return store_shared_pump(peer->store) || worked;
}

void peer_settle(struct peer *peer)
{
    int steps = 0;
    while (peer_step(peer)) {
        assert(++steps < 100000);
    }
}

void town_settle(struct town *town)
{
    int steps = 0;
    for (bool worked = true; worked; assert(++steps < 100000)) {
        worked = false;
        for (size_t i = 0; i < town->count; i++) {
            struct peer *peer = &town->peers[i];
            if (peer->store != NULL) {
                worked = peer_step(peer) || worked;
                worked = engine_hear(peer->stage.engine) || worked;
            }
        }
    }
}

void peer_submit(struct peer *peer, struct stage_call *call, const struct command *command,
                 struct counter_request request, const char *key)
{
    stage_call_init(&peer->stage, call, command, request, key);
    bool taken = engine_submit(peer->stage.engine, &call->call);
    assert(taken);
}

enum refusal peer_do(struct peer *peer, struct stage_call *call, const struct command *command,
                     struct counter_request request, const char *key)
{
    struct stage_call room;
    call = call == NULL ? &room : call;
    peer_submit(peer, call, command, request, key);
    peer_settle(peer);
    assert(call->done);
    assert(call->call.status == STATUS_ok);
    return call->call.refusal;
}

struct search {
    int64_t counter_id, value, sum;
};

static bool search_each(void *context, const void *row)
{
    struct search *search = context;
    const struct counter_row *counter = row;
    search->sum += counter->value;
    search->value = counter->counter_id == search->counter_id ? counter->value : search->value;
    return true;
}

static struct search town_search(struct town *town, int64_t counter_id)
{
    struct search search = { .counter_id = counter_id, .value = -1 };
    for (size_t i = 0; i < town->count; i++) {
        struct store *store = town->peers[i].store;
        if (store != NULL && !store_shared_dead(store)) {
            struct span all = { NULL, 0 };
            enum status status = store->ops->scan(store, &counter_table, all, search_each, &search);
            assert(status == STATUS_ok);
            return search;
        }
    }
    assert(!"a peer that lives");
    return search;
}

int64_t town_value(struct town *town, int64_t counter_id)
{
    return town_search(town, counter_id).value;
}

int64_t town_sum(struct town *town)
{
    return town_search(town, 0).sum;
}

struct engine_counts peer_counts(struct peer *peer)
{
    struct engine_counts counts;
    engine_counts(peer->stage.engine, &counts);
    return counts;
}
