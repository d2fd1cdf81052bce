/* SPDX-License-Identifier: Apache-2.0 */
/* Shared inside engine/ only: batches, the timer heap, and the engine's own struct. */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/engine.h"

#define DECIDE_CALLS_AT_ONCE 256   /* calls decided between two looks at whether the store is free */
#define US_AT_MOST_ASLEEP 1000000
#define OBSERVERS_MAX 8

/* ---- batch.c: one transaction in the making. Deciding thread until sealed, then the store's ---- */

struct batch {
    struct engine *engine;
    struct view view;
    uint64_t number;
    struct call *calls, **calls_tail;
    uint32_t call_count;
    struct row_change *changes; /* BATCH_ROWS_MAX */
    size_t change_count;
    struct keep keep;
};

void batch_init(struct batch *batch, struct engine *engine);
void batch_release(struct batch *batch);
void batch_reset(struct batch *batch);
/* How many more calls fit. */
uint32_t batch_room(const struct batch *batch);
/* Decides the linked calls in order and appends them. */
MUST_CHECK enum status batch_decide(struct batch *batch, struct call *calls);
/* Writes the progress row and collects the changes; feeds the timer heap. */
void batch_complete(struct batch *batch);
keep_done batch_done;

/* ---- timers.c: due timers in memory, a binary heap with lazy deletion ---- */

struct timer_entry {
    int64_t due_us;
    int64_t subject_id;
    int32_t kind;
};

struct timers {
    struct timer_entry *entries;
    size_t count, capacity;
    _Atomic int64_t pending; /* published for other threads */
    _Atomic int64_t next_us;
};

void timers_push(struct timers *timers, int64_t due_us, int32_t kind, int64_t subject_id);
/* Takes the earliest when it is due by `now_us`. */
bool timers_pop(struct timers *timers, int64_t now_us, struct timer_entry *entry);
/* When the earliest is due; 0 when there is none. */
int64_t timers_next(const struct timers *timers);
void timers_release(struct timers *timers);

struct engine {
    struct engine_settings settings;
    struct store *store;
    pthread_mutex_t lock; /* queue, store_idle, sleeping, stopping, published */
    pthread_cond_t wake;
    struct call *queue_head, **queue_tail;
    uint32_t queue_count;
    bool store_idle, sleeping, stopping, running;
    pthread_t thread;
    struct engine_counts published; /* copy of `counts` for other threads */
    uint64_t refused_queue_full;
    /* deciding thread only */
    struct batch batches[2];
    struct batch *open;
    struct engine_counts counts;
    struct timers timers;
    uint64_t batch_number;
    int64_t now_us, id_last;
    _Atomic int64_t now_published;
    struct {
        commit_observer *observer;
        void *context;
    } observers[OBSERVERS_MAX];
    size_t observer_count;
};

#endif
