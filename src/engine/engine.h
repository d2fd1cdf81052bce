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
 * Threads: engine_submit from any thread; `done` and observers on a thread of the store's. Everything can
 * also be driven by one thread, step by step (engine_step), which is how the simulation runs it.
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
    enum status status;   /* ok; busy: not decided, nothing happened */
    enum refusal refusal; /* when ok */
    bool repeated;        /* the kept answer of an earlier call with this key */
    int64_t decided_at_us;
    struct call *next; /* the engine's */
};

/* A committed batch as observers see it: rows with their images before and after, and the calls. */
struct commit {
    uint64_t number;
    const struct row_change *changes;
    size_t change_count;
    const struct call *calls; /* linked by `next`, in the order in which they were decided */
    size_t call_count;
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

/* Tells the deciding thread that its clock was moved by hand. */
void engine_wake(struct engine *engine);
/* The time as the next command would see it, or later. Any thread. */
int64_t engine_now_us(struct engine *engine);

struct engine_counts {
    uint64_t batches, calls, timers_fired, rounds, rows_changed;
    uint64_t refused_queue_full, expired;
    int64_t decide_cpu_ns; /* of the deciding thread */
    int64_t timers_pending;
    int64_t timer_next_us; /* 0: none */
    uint32_t queue_count, batch_calls_peak;
};
void engine_counts(struct engine *engine, struct engine_counts *counts);

#endif
