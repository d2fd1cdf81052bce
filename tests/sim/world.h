/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated world: a store that may crash at any step and forget what it has at hand, clients whose
 * answers get lost and who ask again with the same key, and a clock that jumps. Everything follows from one
 * seed; one thread.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "engine/engine.h"
#include "store/store.h"

/* What is broken on purpose, to see whether the checks see it. */
enum canary {
    CANARY_none,
    CANARY_answers_early,   /* a batch is answered before it is durable */
    CANARY_loses_row,       /* now and then one row of a batch is not kept */
    CANARY_forgets_request, /* the kept request is lost: a repeated call acts again */
    CANARY_timer_lost,      /* a timer is not kept */
    CANARY_count,
};
extern const char *const canary_names[];

struct world;

/* A store in front of the memory store: crashes, forgetfulness, canaries. */
struct shaky {
    struct store base;
    struct store *memory;
    struct world *world;
};

enum intent_state {
    INTENT_free,
    INTENT_asked,   /* at least one attempt is on its way, or its answer was lost */
    INTENT_settled, /* the client has its answer */
};

#define REQUEST_ROOM 6144
#define ANSWER_ROOM 4096

/* One thing that a client wants, under one key, however often it has to ask. */
struct intent {
    const struct command *command;
    struct caller caller;
    _Alignas(16) uint8_t request[REQUEST_ROOM];
    char key[REQUEST_KEY_SIZE];
    enum intent_state state;
    int attempts;
    /* the answer, once one came out of the engine; all later ones must be the same */
    bool known;
    enum refusal refusal;
    int64_t decided_at_us;
    size_t packed_size;
    uint8_t packed[PACK_SIZE_MAX];
    _Alignas(16) uint8_t answer[ANSWER_ROOM];
    int64_t amount;  /* of money that moves between bank and till when it goes through; signed */
};

/* One call in the engine. */
struct attempt {
    struct call call;
    struct world *world;
    struct intent *intent;
    struct attempt *next;
    _Alignas(16) uint8_t answer[ANSWER_ROOM];
    bool lost; /* nobody hears the answer */
};

#define CLIENTS 8
#define INTENTS_MAX 512

/* Between the memory store and the engine: the batch that is with the store. */
struct hand_over {
    keep_done *done;
    void *context;
};

struct world {
    uint64_t seed, random;
    int64_t now_us;
    struct shaky shaky;
    struct hand_over hand;
    struct engine_settings settings;
    struct engine *engine;
    enum canary canary;
    bool crashed, calm; /* calm: nothing goes wrong any more */
    struct attempt *attempts; /* all of this life of the engine */
    struct intent intents[INTENTS_MAX];
    int intent_count;
    int client_intent[CLIENTS]; /* -1: none */
    int crash_per_million;
    /* what happened */
    uint64_t crashes, calls, repeats, canary_deeds;
    const char *wrong;
    char words[400];
};

void world_open(struct world *world, uint64_t seed, enum canary canary);
void world_close(struct world *world);
uint64_t world_random(struct world *world);
/* A number below `count`. */
int world_pick(struct world *world, int count);
bool world_chance(struct world *world, int percent);
void world_wrong(struct world *world, const char *what, const char *which);
/* A new thing to want; the caller fills in the request. */
struct intent *intent_new(struct world *world, struct caller caller, const struct command *command);
/* Asks the engine once; false when its queue is full. */
bool intent_ask(struct world *world, struct intent *intent);
/* One thing that happens in the machine: a step, a write, a jump of the clock, a crash. */
void world_happen(struct world *world);
/* After a crash: the durable rows, a new engine, and nobody knows what became of what was asked. */
void world_restart(struct world *world);
/* Without faults from now on, until nothing is left to do. */
void world_settle(struct world *world);

#endif
