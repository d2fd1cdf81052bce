/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline. Calls wait in a bounded queue; the deciding thread takes them, decides them in order into the
 * open batch, and hands the batch to the store as soon as the store has finished the one before: no timer
 * holds a batch back, and the next one is decided while the last one is being made durable. A call is
 * answered (`done`) only when its batch, and every batch before it, is durable.
 *
 * Idempotency is kept here: a call with a request key that was seen before gets the kept answer, whatever
 * the rows say now; the same key with another command or body is refused. Timers are calls of the engine's
 * own. A store that fails stops the process: what was answered is durable, the rest is decided anew by
 * whoever repeats it.
 *
 * On a store that several processes share, a batch whose rows were changed by another one is decided anew,
 * the same calls in the same order; while the database is away calls wait until they are too old. What other
 * processes did is told to the observers as well: see `foreign`. Ids hold the node in their lowest bits, and
 * time and ids grow beyond everything that was seen of others, so they grow along every row, whoever wrote it.
 *
 * Threads: engine_submit from any thread; `done` and observers on a thread of the store's or of the engine's,
 * observers one at a time. Everything can also be driven by one thread, step by step (engine_step and
 * engine_hear), which is how the simulation runs it.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "engine/command.h"
#include "engine/engine_rows.h"

struct engine;

/* The caller owns it until `done`. `request` and `answer` are structs of the command's shapes. */
struct call {
    const struct command *command;
    const void *request;
    void *answer;
    struct caller caller;
    int64_t token_id;    /* that the caller showed; 0: none */
    char request_key[REQUEST_KEY_SIZE]; /* empty: none (commands that only read) */
    uint8_t body_hash[16];
    int64_t deadline_us; /* os_monotonic_us after which it is not decided any more; 0: none */
    void (*done)(struct call *call);
    void *context;
    /* outcome, set before `done` */
    enum status status;   /* ok; busy: not decided, nothing happened; unknown: repeat it with its key to learn */
    enum refusal refusal; /* when ok */
    bool repeated;        /* the kept answer of an earlier call with this key */
    int64_t decided_at_us;
    /* the engine's */
    struct call *next;
    uint64_t unsure; /* batch that it was in when its outcome became unknown; 0: none */
};

struct refused {
    enum refusal refusal;
    uint32_t count;
};

/* A committed batch as observers see it: rows with their images before and after, and the calls. */
struct commit {
    uint64_t number; /* grows on each node by itself; on a shared store some are left out */
    const struct row_change *changes;
    size_t change_count;
    const struct call *calls; /* linked by `next`, in the order in which they were decided; none when foreign */
    size_t call_count;
    int64_t at_us;  /* the engine's time when the last of it was decided */
    uint32_t node;  /* that kept it; 0 on a store that is not shared */
    bool foreign;   /* another process kept it: it brings those changes that settings.tells chose, and ... */
    int64_t stamp;  /* version of its rows; 0 on a store that is not shared, or without any. A row of a foreign */
                    /* commit may be older than one seen before: of two images the one with the higher stamp counts */
    /* ... of its calls only this, since the last foreign commit of that node: */
    uint32_t answered;
    const struct refused *refused; /* by others than CALLER_system, for the first time */
    size_t refused_count;
};

typedef void commit_observer(void *context, const struct commit *commit);
/* Laws that every batch must keep, checked before it is handed to the store. NULL: all hold. */
typedef const char *batch_check(void *context, const struct row_change *changes, size_t count);

struct engine_settings {
    struct store *store;
    int64_t (*now_us)(void *context); /* NULL: the system's clock */
    void *clock_context;
    const struct command *const *timer_commands; /* by timer kind; NULL-terminated from kind 1 on */
    batch_check *check;
    void *check_context;
    uint32_t batch_calls_max; /* 0: BATCH_CALLS_MAX */
    /* Of a shared store: whether the other processes shall hear of this change. Deciding thread. NULL: of none. */
    bool (*tells)(const struct row_change *change);
    /* The store failed, or a law would be broken: must not return. NULL: says so on stderr and exits. */
    void (*fatal)(void *context, const char *what);
    void *fatal_context;
};

/* Reads back where time, ids and timers stand. NULL when the store cannot be read. */
struct engine *engine_open(const struct engine_settings *settings);
/* The deciding thread must have been stopped. */
void engine_close(struct engine *engine);

/* Called after each durable batch, before its calls are answered. Before any call is submitted. */
void engine_observe(struct engine *engine, commit_observer *observer, void *context);

/* False: the queue is full or the engine is stopping; nothing happened and `done` will not be called. */
MUST_CHECK bool engine_submit(struct engine *engine, struct call *call);

/* The same for calls linked by `next`, with one signal: takes as many as fit and returns the first of the rest. */
MUST_CHECK struct call *engine_submit_all(struct engine *engine, struct call *calls);

/* Starts and stops the deciding thread. Stopping decides and answers what was accepted. */
void engine_start(struct engine *engine);
void engine_stop(struct engine *engine);

/* One round on the calling thread instead: fires due timers, decides what waits, hands the batch to the
 * store. Returns whether there was anything to do. */
bool engine_step(struct engine *engine);
/* Nothing of what was accepted or taken up is left undecided, on its way or unsure. Of an engine that is stepped. */
bool engine_idle(struct engine *engine);

/* Of a shared store: one round of listening on the calling thread, as a thread of its own does it from
 * engine_start on: tells observers what other nodes did, and when this node leads finds timers whose node
 * has not fired them. Returns whether there was anything. */
bool engine_hear(struct engine *engine);

/* Tells the deciding thread that its clock was moved by hand. */
void engine_wake(struct engine *engine);
/* The time as the next command would see it, or later. Any thread. */
int64_t engine_now_us(struct engine *engine);

struct engine_counts {
    uint64_t batches, calls, timers_fired, rounds, rows_changed;
    uint64_t refused_queue_full, expired; /* expired: accepted, and answered as undecided */
    int64_t decide_cpu_ns; /* of the deciding thread */
    int64_t timers_pending;
    int64_t timer_next_us; /* 0: none */
    uint32_t queue_count, batch_calls_peak;
    /* of shared stores */
    uint64_t conflicts;     /* batches that were decided anew because another process was first */
    uint64_t aways;         /* times that the database was found to be away */
    uint64_t unknowns;      /* batches whose outcome could not be learnt in time */
    uint64_t heard;         /* batches of other nodes */
    uint64_t timers_taken;  /* over from nodes that did not fire them */
    int64_t away_since_us;  /* os_monotonic_us; 0: the database is there, calls are decided */
};
void engine_counts(struct engine *engine, struct engine_counts *counts);

#endif
