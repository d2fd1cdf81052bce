/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os_clock.h"
#include "engine/internal.h"

/*
 * Invariants:
 *  1. At most one batch is with the store, of a shared one that lets one follow another at most two, and one is open.
 *  2. A batch is reset only after all its calls were answered, or given back to be decided anew (again.c).
 *  3. `now_us` and `id_last` only grow; the progress row of every changing batch carries them. Ids that were used by
 *     calls which changed nothing (refused without a key, a preview) are in no row of a batch, so after a crash they
 *     may be given once more. Nobody has seen them: a row or an answer with an id in it comes with a change, in whose
 *     batch that row is, and a refusal says no id that was new.
 *  4. A batch with a shared store may fail: what is decided on top of it is void then, with the store or not, and
 *     nothing else is decided before the deciding thread has taken note (again_step).
 */

#define ID_EPOCH_US (INT64_C(1262304000) * 1000000) /* 2010-01-01: ids are milliseconds since then, times 2^22 */
#define SHARE_CALLS_MIN 32 /* so few calls are not shared between two batches */
#define ID_MS_MAX ((INT64_C(1) << 41) - (INT64_C(1) << 38)) /* in 2070; later ids only count on: 2^60 are left then */

int64_t moment_id_least(int64_t at_us)
{
    return min_i64(max_i64(at_us - ID_EPOCH_US, 0) / 1000, ID_MS_MAX) << 22;
}

int64_t moment_id_us(int64_t id)
{
    return (id >> 22) * 1000 + ID_EPOCH_US;
}

int64_t moment_id(struct moment *at)
{
    at->id_last = max_i64(at->id_last + (INT64_C(1) << at->node_bits), moment_id_least(at->now_us) + at->node);
    return at->id_last;
}

static int64_t system_now(void *context)
{
    (void)context;
    return os_now_us();
}

static void fatal_exit(void *context, const char *what)
{
    (void)context;
    fprintf(stderr, "onetill: stopping: %s\n", what);
    _exit(74); /* EX_IOERR; nothing may be flushed or answered any more */
}

void engine_fatal(struct engine *engine, const char *what)
{
    engine->settings.fatal(engine->settings.fatal_context, what);
    abort();
}

static bool timer_read(void *context, const void *row)
{
    const struct timer_row *timer = row;
    timers_push(&((struct engine *)context)->timers, timer->due_us, timer->kind, timer->subject_id);
    return true;
}

static bool progress_read(void *context, const void *row)
{
    const struct progress_row *progress = row;
    struct engine *engine = context;
    engine->now_us = max_i64(engine->now_us, progress->now_us);
    engine->id_last = max_i64(engine->id_last, progress->id_last);
    if (progress->one == (int32_t)engine->store->node + 1) {
        engine->batch_number = (uint64_t)progress->batch;
    }
    return true;
}

/* Other nodes fire their timers themselves; what is due when they have gone, the one that leads finds. */
static bool timers_are_ours(struct store *store)
{
    struct store_node nodes[NODES_MAX];
    return !store->shared || store->ops->nodes == NULL || store->ops->nodes(store, nodes, NODES_MAX) <= 1;
}

static bool progress_take(struct engine *engine)
{
    const struct store_ops *ops = engine->store->ops;
    struct span all = { NULL, 0 };
    if (ops->scan(engine->store, &progress_table, all, progress_read, engine) != STATUS_ok) {
        return false;
    }
    if (engine->shared) { /* ids of this node from here on */
        engine->id_last += NODES_MAX - engine->id_last % NODES_MAX + engine->store->node;
    }
    atomic_store(&engine->now_published, engine->now_us);
    return !timers_are_ours(engine->store) ||
           ops->scan(engine->store, &timer_table, all, timer_read, engine) == STATUS_ok;
}

struct engine *engine_open(const struct engine_settings *settings)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    assert(engine != NULL);
    engine->settings = *settings;
    engine->store = settings->store;
    engine->shared = settings->store->shared;
    assert(engine->store->node < NODES_MAX);
    if (engine->settings.now_us == NULL) {
        engine->settings.now_us = system_now;
    }
    if (engine->settings.fatal == NULL) {
        engine->settings.fatal = fatal_exit;
    }
    if (engine->settings.batch_calls_max == 0) {
        engine->settings.batch_calls_max = BATCH_CALLS_MAX;
    }
    pthread_mutex_init(&engine->lock, NULL);
    pthread_mutex_init(&engine->observing, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&engine->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    engine->queue_tail = &engine->queue_head;
    for (size_t i = 0; i < COUNT_OF(engine->batches); i++) {
        batch_init(&engine->batches[i], engine);
    }
    engine->open = &engine->batches[0];
    peers_init(engine);
    if (!progress_take(engine)) {
        engine_close(engine);
        return NULL;
    }
    return engine;
}

void engine_close(struct engine *engine)
{
    assert(!engine->running);
    for (size_t i = 0; i < COUNT_OF(engine->batches); i++) {
        batch_release(&engine->batches[i]);
    }
    timers_release(&engine->timers);
    peers_release(engine);
    pthread_mutex_destroy(&engine->lock);
    pthread_mutex_destroy(&engine->observing);
    pthread_cond_destroy(&engine->wake);
    free(engine);
}

void engine_observe(struct engine *engine, commit_observer *observer, void *context)
{
    assert(engine->observer_count < COUNT_OF(engine->observers));
    engine->observers[engine->observer_count].observer = observer;
    engine->observers[engine->observer_count++].context = context;
}

static void call_take(struct call *call)
{
    call->unsure = 0;
    /* What this process does on its own account repeats nothing; whatever comes from outside has a key. */
    assert((call->command->flags & (COMMAND_reads | COMMAND_unkeyed | COMMAND_internal)) != 0 ||
           call->caller.kind == CALLER_system || call->request_key[0] != '\0');
}

struct call *engine_submit_all(struct engine *engine, struct call *calls)
{
    for (struct call *call = calls; call != NULL; call = call->next) {
        call_take(call);
    }
    pthread_mutex_lock(&engine->lock);
    while (calls != NULL && engine->queue_count < QUEUE_CALLS_MAX && !engine->stopping) {
        *engine->queue_tail = calls;
        engine->queue_tail = &calls->next;
        engine->queue_count++;
        calls = calls->next;
    }
    *engine->queue_tail = NULL;
    for (const struct call *call = calls; call != NULL; call = call->next) {
        engine->refused_queue_full++;
    }
    bool sleeping = engine->sleeping;
    engine->sleeping = false;
    pthread_mutex_unlock(&engine->lock);
    if (sleeping) {
        pthread_cond_signal(&engine->wake);
    }
    return calls;
}

bool engine_submit(struct engine *engine, struct call *call)
{
    call->next = NULL;
    return engine_submit_all(engine, call) == NULL;
}

void engine_wake(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->sleeping = false;
    pthread_mutex_unlock(&engine->lock);
    pthread_cond_signal(&engine->wake);
}

int64_t engine_now_us(struct engine *engine)
{
    int64_t clock = engine->settings.now_us(engine->settings.clock_context);
    return max_i64(clock, atomic_load(&engine->now_published));
}

struct call *calls_split(struct call **calls, uint32_t most, uint32_t *count)
{
    struct call *first = *calls, **last = calls;
    *count = 0;
    while (*last != NULL && *count < most) {
        last = &(*last)->next;
        ++*count;
    }
    if (*count == 0) {
        return NULL;
    }
    struct call *rest = *last;
    *last = NULL;
    *calls = rest;
    return first;
}

/*
 * How many calls the open batch may still take. One that is decided ahead of a database's answer leaves as many to the
 * next as the batches there have each: while the database works on these, others are answered, and their callers come
 * again. Were it to take all, the database would wait for them, and they for it. Under the engine's lock.
 */
static uint32_t room_left(const struct engine *engine)
{
    uint32_t room = batch_room(engine->open);
    if (engine->sent_count == 0 || engine->again.back != NULL) {
        return room;
    }
    uint32_t open = engine->open->call_count, share = open + engine->queue_count;
    for (size_t i = 0; i < engine->sent_count; i++) {
        share += engine->sent[i]->size;
    }
    share = (share + (uint32_t)engine->sent_count) / (uint32_t)(engine->sent_count + 1);
    share = share > SHARE_CALLS_MIN ? share : SHARE_CALLS_MIN;
    return share > open ? (uint32_t)min_i64(room, share - open) : 0;
}

/* Takes up to `most` waiting calls, linked, and returns the first. */
static struct call *queue_take(struct engine *engine, uint32_t most)
{
    if (engine->again.back != NULL) {
        uint32_t back_count;
        return calls_split(&engine->again.back, most, &back_count);
    }
    pthread_mutex_lock(&engine->lock);
    uint32_t count;
    struct call *first = calls_split(&engine->queue_head, most, &count);
    if (count > 0) {
        if (engine->queue_head == NULL) {
            engine->queue_tail = &engine->queue_head;
        }
        engine->queue_count -= count;
    }
    pthread_mutex_unlock(&engine->lock);
    return count > 0 ? first : NULL;
}

/* Due timers become calls of the open batch, in whose own arena they live. */
static struct call *timers_take(struct engine *engine, uint32_t most)
{
    struct call *first = NULL, **last = &first;
    again_timers_gain(engine);
    int64_t now = engine_now_us(engine);
    struct timer_entry due;
    for (uint32_t count = 0; count < most && timers_pop(&engine->timers, now, &due); count++) {
        struct call *call = arena_take(&engine->open->own, sizeof(*call));
        struct timer_row *timer = arena_take(&engine->open->own, sizeof(*timer));
        *timer = (struct timer_row){ .due_us = due.due_us, .kind = due.kind, .subject_id = due.subject_id };
        *call = (struct call){ .command = engine->settings.timer_commands[due.kind],
                               .request = timer,
                               .caller = { .kind = CALLER_system } };
        call->answer = arena_take(&engine->open->own, call->command->answer->size);
        assert(call_is_timer(call));
        *last = call;
        last = &call->next;
        engine->counts.timers_fired++;
    }
    return first;
}

static void laws_check(struct engine *engine, const struct batch *batch)
{
    const char *broken = engine->settings.check == NULL
                             ? NULL
                             : engine->settings.check(engine->settings.check_context, batch->changes,
                                                      batch->change_count);
    if (broken != NULL) {
        engine_fatal(engine, broken);
    }
}

static void counts_add(struct engine *engine, const struct batch *batch)
{
    engine->counts.batches++;
    engine->counts.calls += batch->call_count;
    engine->counts.rows_changed += batch->change_count;
    if (batch->call_count > engine->counts.batch_calls_peak) {
        engine->counts.batch_calls_peak = batch->call_count;
    }
}

/* Whatever it saw is durable, as no batch before it is with the store, and it adds nothing that could be lost. */
static bool nothing_to_keep(const struct batch *batch)
{
    return !batch->engine->shared && batch->change_count == 0;
}

/* They are used by turns, so that the next one is with the store no longer. */
static struct batch *batch_next(struct engine *engine, const struct batch *batch)
{
    size_t next = (size_t)(batch - engine->batches + 1) % COUNT_OF(engine->batches);
    assert(&engine->batches[next] != engine->again.unsure);
    return &engine->batches[next];
}

void batch_hand_over(struct engine *engine)
{
    struct batch *batch = engine->open;
    batch->number = ++engine->batch_number;
    enum status status = batch_complete(batch);
    if (status == STATUS_ok) {
        laws_check(engine, batch);
        counts_add(engine, batch);
        pthread_mutex_lock(&engine->lock);
        assert(engine->with_store < (engine->shared ? SENT_MAX : 1));
        engine->with_store++;
        batch->told = false;
        engine->published = engine->counts;
        pthread_mutex_unlock(&engine->lock);
        batch->size = batch->call_count;
        batch->keep.follows = engine->sent_count > 0;
        if (engine->shared) {
            assert(engine->sent_count < SENT_MAX);
            engine->sent[engine->sent_count++] = batch;
        }
        engine->open = batch_next(engine, batch);
        if (nothing_to_keep(batch)) {
            batch_done(batch, STATUS_ok);
            return;
        }
        status = engine->store->ops->keep(engine->store, &batch->keep);
        if (status != STATUS_ok && !engine->shared) {
            engine_fatal(engine, "the store does not take the batch");
        }
        if (status != STATUS_ok) {
            batch_done(batch, status);
        }
    } else {
        engine->batch_number--;
        again_failed(engine, status);
    }
}

struct commit batch_commit(const struct batch *batch)
{
    return (struct commit){ .number = batch->number,
                            .changes = batch->changes,
                            .change_count = batch->change_count,
                            .calls = batch->calls,
                            .call_count = batch->call_count,
                            .at_us = batch->at_us,
                            .node = batch->engine->store->node,
                            .stamp = batch->keep.stamp };
}

void engine_tell(struct engine *engine, const struct commit *commit)
{
    pthread_mutex_lock(&engine->observing);
    for (size_t i = 0; i < engine->observer_count; i++) {
        engine->observers[i].observer(engine->observers[i].context, commit);
    }
    pthread_mutex_unlock(&engine->observing);
}

void calls_answer(struct call *calls)
{
    while (calls != NULL) {
        struct call *next = calls->next; /* `done` gives the call back */
        if (calls->done != NULL) {
            calls->done(calls);
        }
        calls = next;
    }
}

void batch_done(void *context, enum status status)
{
    struct batch *batch = context;
    struct engine *engine = batch->engine;
    bool can_fail = engine->shared &&
                    (status == STATUS_conflict || status == STATUS_away || status == STATUS_unknown);
    if (status != STATUS_ok && !can_fail) {
        engine_fatal(engine, "the store failed to make a batch durable");
    }
    if (status == STATUS_ok) {
        struct commit commit = batch_commit(batch);
        atomic_store(&batch->durable, true);
        engine_tell(engine, &commit);
        calls_answer(batch->calls);
        batch_reset(batch);
    }
    pthread_mutex_lock(&engine->lock);
    engine->with_store--;
    batch->told = true;
    batch->outcome = status;
    if (engine->sleeping) {
        engine->sleeping = false;
        pthread_cond_signal(&engine->wake); /* with the lock held: once it is free the engine may be closed */
    }
    pthread_mutex_unlock(&engine->lock);
}

static bool store_is_idle(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    bool idle = engine->with_store == 0;
    pthread_mutex_unlock(&engine->lock);
    return idle;
}

/* Whether to decide while a batch is with the store. */
static bool decides_ahead(struct engine *engine)
{
    const struct store_ops *ops = engine->store->ops;
    return !engine->shared || ops->ahead == NULL || ops->ahead(engine->store);
}

/* How many calls the open batch must have to follow one that is with the store; 0: it may not. */
static uint32_t follows(struct engine *engine, bool ahead)
{
    const struct store_ops *ops = engine->store->ops;
    return engine->shared && ahead && ops->follows != NULL ? ops->follows(engine->store) : 0;
}

/* Whether the open batch may go to the store. What is done there is taken note of first. Under the engine's lock. */
static bool hand_over_may(const struct engine *engine, uint32_t least, uint32_t least_behind)
{
    uint32_t count = engine->open->call_count;
    if (engine->shared && (again_to_settle(engine) || again_voided(engine))) {
        return false;
    }
    if (engine->with_store == 0) {
        return count >= least;
    }
    if (engine->with_store == SENT_MAX || least_behind == 0) {
        return false;
    }
    /* A small one would cost as many statements as a big one: it rather waits until more have come. */
    return count >= least_behind && count >= engine->sent[0]->size / 4 * 3;
}

static bool hands_over(struct engine *engine, uint32_t least, bool ahead)
{
    uint32_t least_behind = follows(engine, ahead);
    pthread_mutex_lock(&engine->lock);
    bool may = hand_over_may(engine, least, least_behind);
    pthread_mutex_unlock(&engine->lock);
    if (may) {
        batch_hand_over(engine);
    }
    return may;
}

/* The next calls: of due timers, or those that wait. No call overtakes a timer that was due when it came. */
static struct call *work_take(struct engine *engine, bool ahead)
{
    pthread_mutex_lock(&engine->lock);
    uint32_t room = room_left(engine);
    pthread_mutex_unlock(&engine->lock);
    if (room == 0) {
        return NULL;
    }
    struct call *timers = timers_take(engine, room);
    if (timers != NULL) {
        return timers;
    }
    struct call *calls = queue_take(engine, ahead ? (uint32_t)min_i64(room, DECIDE_CALLS_AT_ONCE) : room);
    if (calls == NULL) {
        return NULL;
    }
    timers = timers_take(engine, room); /* the clock may have moved since, by hand even */
    if (timers != NULL) {
        calls_give_back(engine, calls);
        return timers;
    }
    return calls;
}

/*
 * While others change the same rows the store may have to wait for its turn. It does so before the calls are
 * taken, so that all that come meanwhile are in the batch.
 */
static enum status turn_await(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    int64_t next_us = timers_next(&engine->timers);
    bool work = engine->queue_head != NULL || engine->again.back != NULL;
    pthread_mutex_unlock(&engine->lock);
    work = work || (next_us != 0 && next_us <= engine_now_us(engine));
    return work ? engine->store->ops->load(engine->store, NULL, 0) : STATUS_ok;
}

bool engine_step(struct engine *engine)
{
    bool ahead = true; /* otherwise the next batch has all that waits, as nothing is added while it is away */
    if (engine->shared) {
        enum again_step step = again_step(engine);
        if (step != AGAIN_nothing) {
            return step == AGAIN_worked;
        }
        ahead = decides_ahead(engine);
        if ((!ahead && !store_is_idle(engine)) || again_void(engine)) {
            return false;
        }
    }
    if (ahead && engine->shared && hands_over(engine, SHARE_CALLS_MIN, ahead)) {
        return true; /* the database is not kept waiting for more to be decided */
    }
    enum status status = ahead ? STATUS_ok : turn_await(engine);
    struct call *calls = status == STATUS_ok ? work_take(engine, ahead) : NULL;
    if (calls != NULL) {
        status = batch_decide(engine->open, calls);
    }
    if (status != STATUS_ok) {
        again_failed(engine, status);
        return true;
    }
    return hands_over(engine, 1, ahead) || calls != NULL;
}

/* Whether something is to be done at once. Under the engine's lock. */
static bool work_waits(struct engine *engine, bool may_decide, uint32_t least_behind)
{
    const struct again *again = &engine->again;
    bool to_settle = again_to_settle(engine);
    if (engine->shared && !to_settle && again_pause_us(engine) > 0) {
        return false;
    }
    bool to_redo = again->redo != NULL || again->unsure != NULL || (again->holds && engine->sent_count == 0);
    bool to_probe = engine->sent_count == 0 && !engine->stopping && atomic_load(&again->away_since_us) != 0;
    bool to_take = atomic_load(&engine->peers.orphan_count) > 0;
    bool to_decide = (engine->queue_head != NULL || again->back != NULL) && room_left(engine) > 0 &&
                     !again_voided(engine);
    bool to_hand_over = hand_over_may(engine, 1, least_behind);
    return to_settle || to_redo || to_probe || to_take || to_hand_over || (to_decide && may_decide);
}

/* Nothing is left of what was accepted. Under the engine's lock. */
static bool work_is_done(const struct engine *engine)
{
    const struct again *again = &engine->again;
    return engine->open->call_count == 0 && engine->with_store == 0 && engine->queue_head == NULL &&
           engine->sent_count == 0 && again->redo == NULL && !again->holds && again->unsure == NULL &&
           again->back == NULL;
}

bool engine_idle(struct engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    bool idle = work_is_done(engine);
    pthread_mutex_unlock(&engine->lock);
    return idle;
}

/* How long nothing is to be done unless it is told; 0: a timer is due. */
static int64_t idle_us(struct engine *engine, bool may_decide)
{
    int64_t pause_us = engine->shared ? again_pause_us(engine) : 0;
    if (pause_us > 0) {
        return pause_us;
    }
    int64_t next_us = timers_next(&engine->timers);
    if (next_us == 0 || !may_decide || room_left(engine) == 0 || again_voided(engine)) {
        return US_AT_MOST_ASLEEP;
    }
    return max_i64(0, next_us - engine_now_us(engine));
}

/* Sleeps until there is something to do; false when the engine is stopping and nothing is left. */
static bool wait_for_work(struct engine *engine)
{
    bool go_on = true;
    bool ahead = decides_ahead(engine); /* changes only with a batch that is done, which wakes us */
    uint32_t least_behind = follows(engine, ahead);
    pthread_mutex_lock(&engine->lock);
    engine->counts.decide_cpu_ns = os_thread_cpu_ns();
    engine->published = engine->counts;
    for (;;) {
        bool may_decide = ahead || engine->with_store == 0;
        if (work_waits(engine, may_decide, least_behind)) {
            break;
        }
        if (engine->stopping && work_is_done(engine)) {
            go_on = false;
            break;
        }
        int64_t wait_us = idle_us(engine, may_decide);
        if (wait_us == 0) {
            break;
        }
        wait_us = max_i64(1000, min_i64(wait_us, US_AT_MOST_ASLEEP));
        int64_t until_ns = os_monotonic_ns() + wait_us * 1000;
        struct timespec until = { .tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000 };
        engine->sleeping = true;
        pthread_cond_timedwait(&engine->wake, &engine->lock, &until);
        engine->sleeping = false;
    }
    pthread_mutex_unlock(&engine->lock);
    return go_on;
}

static void *deciding_thread(void *context)
{
    struct engine *engine = context;
    pthread_setname_np(pthread_self(), "decide");
    while (wait_for_work(engine)) {
        while (engine_step(engine)) {
        }
    }
    return NULL;
}

void engine_start(struct engine *engine)
{
    assert(!engine->running);
    engine->running = true;
    int rc = pthread_create(&engine->thread, NULL, deciding_thread, engine);
    assert(rc == 0);
    if (engine->shared) {
        peers_start(engine);
    }
}

void engine_stop(struct engine *engine)
{
    assert(engine->running);
    if (engine->shared) {
        peers_stop(engine);
    }
    pthread_mutex_lock(&engine->lock);
    engine->stopping = true;
    engine->sleeping = false;
    pthread_mutex_unlock(&engine->lock);
    pthread_cond_signal(&engine->wake);
    pthread_join(engine->thread, NULL);
    engine->running = false;
}

void engine_counts(struct engine *engine, struct engine_counts *counts)
{
    pthread_mutex_lock(&engine->lock);
    *counts = engine->published;
    counts->refused_queue_full = engine->refused_queue_full;
    counts->queue_count = engine->queue_count;
    pthread_mutex_unlock(&engine->lock);
    counts->timers_pending = atomic_load(&engine->timers.pending);
    counts->timer_next_us = atomic_load(&engine->timers.next_us);
    counts->away_since_us = atomic_load(&engine->again.away_since_us);
    counts->heard = atomic_load(&engine->peers.heard);
    counts->timers_taken = atomic_load(&engine->peers.taken);
}
