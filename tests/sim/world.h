/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated world: clients whose answers get lost and who ask again with the same key, a clock that jumps,
 * and below them either one machine with a store that may crash at any step (alone.c), or several on one
 * database, of which any may be killed, paused or cut off, with clocks that differ (nodes.c). Everything
 * follows from one seed; one thread.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "engine/engine.h"
#include "engine/reader.h"
#include "store/memory_map.h"
#include "store/memory_shared.h"
#include "store/store.h"

/* What is broken on purpose, to see whether the checks see it. */
enum canary {
    CANARY_none,
    CANARY_answers_early,   /* a batch is answered before it is durable */
    CANARY_loses_row,       /* now and then one row of a batch is not kept */
    CANARY_forgets_request, /* the kept request is lost: a repeated call acts again */
    CANARY_timer_lost,      /* a timer is not kept */
    CANARY_reads_unchecked, /* of several machines: rows that were only read may have changed */
    CANARY_lost_update,     /* rows are replaced whatever others made of them */
    CANARY_outcome_guessed, /* a batch whose outcome is unknown is taken for done */
    CANARY_feed_lost,       /* now and then the others do not hear of a batch */
    CANARY_nobody_leads,    /* the timers of dead machines are nobody's */
    CANARY_count,
};
extern const char *const canary_names[];
/* Whether there is something for the canary to break. */
bool canary_applies(enum canary canary, bool several);

struct world;

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
    bool decided; /* an answer came from the call that was decided, not from one that repeated it */
    enum refusal refusal;
    int64_t decided_at_us;
    size_t packed_size;
    uint8_t packed[PACK_SIZE_MAX];
    _Alignas(16) uint8_t answer[ANSWER_ROOM];
    int64_t amount;  /* of money that moves between bank and till when it goes through; signed */
};

/* One call in an engine. */
struct attempt {
    struct call call;
    struct machine *machine;
    struct intent *intent;
    struct attempt *next;
    _Alignas(16) uint8_t answer[ANSWER_ROOM];
    bool lost; /* nobody hears the answer */
};

#define CLIENTS 8
#define INTENTS_MAX 512
#define MACHINES_MAX 3

/* Between the store below and the engine: the batch that is with the store. */
struct hand_over {
    keep_done *done;
    void *context;
};

/* A process: an engine and what it takes for its store, which is in front of the one below. */
struct machine {
    struct store base;
    struct store *below;
    struct world *world;
    struct hand_over hand;
    struct engine_settings settings;
    struct engine *engine; /* NULL: it is down */
    struct attempt *attempts; /* all of this life of the engine */
    bool crashed;
    /* of several machines */
    int64_t skew_us;          /* what its clock is ahead */
    int down, paused, cut_off; /* for so many of its happenings */
    struct map asked;  /* rows that its store has shown it since the last batch */
    struct map sent;   /* rows of the batch that is with the store, with the versions that must hold when it is done */
    int on_way;        /* batches with the store */
    bool followed;     /* the one there by another, of which the same is noted */
    struct hand_over next_hand;
    struct map next_sent;
    struct map before; /* the database when it joined */
    struct map told;   /* rows and versions that its observers heard of since */
    uint64_t sent_count;
};

struct world {
    uint64_t seed, random;
    int64_t now_us;
    struct machine machines[MACHINES_MAX];
    int machine_count;
    struct shared_memory *shared; /* NULL: one machine alone */
    int64_t database_us;
    enum canary canary;
    bool calm; /* nothing goes wrong any more */
    struct intent intents[INTENTS_MAX];
    int intent_count;
    int client_intent[CLIENTS]; /* -1: none */
    int crash_per_million;
    unsigned areas_open; /* bits: those besides the till that have a part in this life */
    /* what happened */
    uint64_t crashes, calls, followers, repeats, canary_deeds, timers_taken;
    struct shared_counts shared_counts;
    const char *wrong;
    char words[400];
};

void world_open(struct world *world, uint64_t seed, enum canary canary, bool several);
void world_close(struct world *world);
uint64_t world_random(struct world *world);
/* A number below `count`. */
int world_pick(struct world *world, int count);
bool world_chance(struct world *world, int percent);
void world_wrong(struct world *world, const char *what, const char *which);
/* A new thing to want; the caller fills in the request. */
struct intent *intent_new(struct world *world, struct caller caller, const struct command *command);
/* Asks some machine once; false when nobody takes it. */
bool intent_ask(struct world *world, struct intent *intent);
/* One thing that happens: a step, a write, a jump of the clock, a crash. */
void world_happen(struct world *world);
/* After a crash of everything: the durable rows, new engines, and nobody knows what became of what was asked. */
void world_restart(struct world *world);
/* Without faults from now on, until nothing is left to do. */
void world_settle(struct world *world);

/* What is durable. */
enum status world_scan(struct world *world, const struct table *table, scan_row *each, void *context);
/* By the key members of `row`; fills it in. */
bool world_find(struct world *world, const struct table *table, void *row);
struct reader *world_reader(struct world *world);

/* ---- for alone.c and nodes.c ---- */

void machine_engine_open(struct machine *machine, int64_t (*now_us)(void *context));
void machine_attempts_forget(struct machine *machine);
/* What was answered must be there: its request is kept. */
void answered_check(struct world *world);
/* Some while, or a long one. */
void world_clock_jump(struct world *world);

void alone_open(struct world *world);
void alone_close(struct world *world);
void alone_happen(struct world *world);
void alone_restart(struct world *world);
void alone_settle(struct world *world);

void nodes_open(struct world *world);
void nodes_close(struct world *world);
void nodes_happen(struct world *world);
void nodes_restart(struct world *world);
void nodes_settle(struct world *world);
/* The machine that a request happens to go to; NULL: none is up. */
struct machine *nodes_pick(struct world *world);
/* What each machine was told is what the others did. */
void nodes_told_check(struct world *world);

#endif
