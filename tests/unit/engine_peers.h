/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several engines on one database in memory, driven by one thread: each with a clock and a log of what its
 * observers were told, and with faults that are handed out step by step.
 */
#ifndef TESTS_UNIT_ENGINE_PEERS_H
#define TESTS_UNIT_ENGINE_PEERS_H

#include "engine_stage.h"
#include "store/memory_shared.h"
#include "engine/feed.h"

#define PEERS_MAX 3
#define FAULTS_MAX 64
#define TOLD_MAX 8192

/* One change of a counter, as an observer saw it. */
struct told {
    uint64_t number;
    uint32_t node;
    bool foreign, exists, existed;
    int64_t stamp, at_us, counter_id, value, value_before;
};

struct peer {
    struct stage stage; /* its engine and its settings; there is no memory store */
    struct store *store;
    struct town *town;
    /* the next steps of these kinds meet these fates */
    struct {
        enum shared_step step;
        enum shared_fate fate;
    } faults[FAULTS_MAX];
    size_t fault_count;
    int fault_percent; /* beside them: how often a step goes wrong */
    struct told told[TOLD_MAX];
    size_t told_count;
    uint64_t commits, foreign_commits, answered, refused;
};

struct town {
    struct shared_memory *memory;
    int64_t now_us; /* the database's clock */
    uint64_t random;
    struct peer peers[PEERS_MAX];
    size_t count;
};

struct town_settings {
    size_t count;
    bool deferred, cold;
    uint32_t follow_calls; /* as of struct shared_join */
    int64_t lease_us;
};

/* What the others hear of: counters. */
bool peers_tells(const struct row_change *change);
void town_open(struct town *town, const struct town_settings *settings);
void town_close(struct town *town);
/* Opens the engine of a peer on a store of its own. */
void peer_join(struct peer *peer, const struct shared_join *join);
/* As a process that is killed. */
void peer_crash(struct peer *peer);
/* `count` times the next step of this kind. */
void peer_fault(struct peer *peer, enum shared_step step, enum shared_fate fate, int count);
/* Steps this peer until it has nothing to do. */
void peer_settle(struct peer *peer);
/* All of them, and they hear each other. */
void town_settle(struct town *town);

void peer_submit(struct peer *peer, struct stage_call *call, const struct command *command,
                 struct counter_request request, const char *key);
/* Submits and settles the peer; the call's status must be ok. Returns the refusal. */
enum refusal peer_do(struct peer *peer, struct stage_call *call, const struct command *command,
                     struct counter_request request, const char *key);
int64_t town_value(struct town *town, int64_t counter_id); /* -1: no such row */
int64_t town_sum(struct town *town);                       /* of all counters */
struct engine_counts peer_counts(struct peer *peer);

#endif
