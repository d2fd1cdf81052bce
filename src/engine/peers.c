/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening to the other nodes of a shared store, on a thread of its own or round by round (engine_hear).
 * What they have kept goes to the observers. When this node leads, timers that are overdue go to the
 * deciding thread: whoever set them has gone. Should it fire them after all, one of the two finds nothing.
 */
#include <time.h>

#include "base/os_clock.h"
#include "engine/internal.h"

#define HEAR_EACH_US 50000
#define LOOK_EACH_US 1000000
#define OVERDUE_US 2000000 /* a node that lives has fired its timer by then */

void peers_init(struct engine *engine)
{
    struct peers *peers = &engine->peers;
    pthread_mutex_init(&peers->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&peers->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    arena_init(&peers->arena, 1 << 20, BATCH_ARENA_SIZE_MAX);
    peers->found = peers->rooms[0];
    peers->found_before = peers->rooms[1];
}

static void reader_close(struct peers *peers)
{
    if (peers->reader != NULL) {
        peers->reader->ops->close(peers->reader);
        peers->reader = NULL;
    }
}

void peers_release(struct engine *engine)
{
    struct peers *peers = &engine->peers;
    reader_close(peers);
    arena_release(&peers->arena);
    pthread_mutex_destroy(&peers->lock);
    pthread_cond_destroy(&peers->wake);
}

/* ---- what others kept ---- */

static void feed_heard(void *context, uint32_t node, uint64_t batch, struct span feed)
{
    struct engine *engine = context;
    struct commit commit;
    (void)batch; /* the store's number; it has seen to it that none is missing */
    if (!feed_read(&engine->peers.arena, engine->store->tables, node, feed, &commit)) {
        engine_fatal(engine, "another process tells of a batch in a form that this one does not know");
    }
    engine_tell(engine, &commit);
    arena_rewind(&engine->peers.arena);
    atomic_fetch_add(&engine->peers.heard, 1);
}

static bool feed_hear(struct engine *engine)
{
    const struct store_ops *ops = engine->store->ops;
    uint64_t heard = atomic_load(&engine->peers.heard);
    enum status status = ops->feed == NULL ? STATUS_ok : ops->feed(engine->store, feed_heard, engine);
    if (status == STATUS_fault) {
        engine_fatal(engine, "what another process did was missed, or the place of this one was taken");
    }
    return atomic_load(&engine->peers.heard) != heard; /* away: what there is comes later */
}

/* ---- timers without a node ---- */

static bool leads(struct engine *engine)
{
    struct store_node nodes[NODES_MAX];
    const struct store *store = engine->store;
    size_t count = store->ops->nodes == NULL ? 0 : store->ops->nodes(engine->store, nodes, NODES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (nodes[i].node == store->node) {
            return nodes[i].leads;
        }
    }
    return false;
}

struct look {
    struct peers *peers;
    int64_t until_us;
};

static bool orphan_each(void *context, const void *row)
{
    struct look *look = context;
    const struct timer_row *timer = row;
    if (timer->due_us >= look->until_us || look->peers->found_count == ORPHANS_MAX) {
        return false; /* they come in the order of their times */
    }
    look->peers->found[look->peers->found_count++] =
        (struct timer_entry){ .due_us = timer->due_us, .kind = timer->kind, .subject_id = timer->subject_id };
    return true;
}

/* The first ones by key, through a reader; a store without readers is driven by one thread. */
static enum status orphans_scan(struct engine *engine, struct look *look)
{
    struct peers *peers = &engine->peers;
    const struct store_ops *ops = engine->store->ops;
    struct span all = { NULL, 0 };
    if (peers->reader == NULL) {
        enum status status = ops->reader_open == NULL ? STATUS_not_found
                                                      : ops->reader_open(engine->store, &peers->reader);
        if (status == STATUS_not_found) {
            assert(!engine->running);
            return ops->scan(engine->store, &timer_table, all, orphan_each, look);
        }
        if (status != STATUS_ok) {
            peers->reader = NULL;
            return status;
        }
    }
    enum status status = peers->reader->ops->begin(peers->reader);
    if (status == STATUS_ok) {
        status = peers->reader->ops->scan(peers->reader, &timer_table, all, orphan_each, look);
        peers->reader->ops->end(peers->reader);
    }
    return status;
}

/* Those that were not found the last time too: the deciding thread has them already. */
static void orphans_hand_over(struct engine *engine)
{
    struct peers *peers = &engine->peers;
    size_t before = 0, count = 0;
    pthread_mutex_lock(&engine->lock);
    for (size_t i = 0; i < peers->found_count; i++) {
        while (before < peers->found_before_count && timer_earlier(&peers->found_before[before], &peers->found[i])) {
            before++;
        }
        if (before == peers->found_before_count || timer_earlier(&peers->found[i], &peers->found_before[before])) {
            peers->orphans[count++] = peers->found[i];
        }
    }
    atomic_store(&peers->orphan_count, count);
    pthread_mutex_unlock(&engine->lock);
    atomic_fetch_add(&peers->taken, count);
    struct timer_entry *found = peers->found;
    peers->found = peers->found_before;
    peers->found_before = found;
    peers->found_before_count = peers->found_count;
    if (count > 0) {
        engine_wake(engine);
    }
}

static bool orphans_look(struct engine *engine)
{
    struct peers *peers = &engine->peers;
    int64_t now_us = os_monotonic_us();
    if (atomic_load(&peers->orphan_count) > 0 || (engine->running && now_us < peers->looked_at_us + LOOK_EACH_US)) {
        return false;
    }
    peers->looked_at_us = now_us;
    if (!leads(engine)) {
        peers->found_before_count = 0;
        reader_close(peers);
        return false;
    }
    struct look look = { .peers = peers, .until_us = engine_now_us(engine) - OVERDUE_US };
    peers->found_count = 0;
    enum status status = orphans_scan(engine, &look);
    if (status != STATUS_ok) { /* away, or slow: next time */
        reader_close(peers);
        return false;
    }
    orphans_hand_over(engine);
    return atomic_load(&peers->orphan_count) > 0;
}

void peers_orphans_take(struct engine *engine)
{
    struct peers *peers = &engine->peers;
    if (atomic_load(&peers->orphan_count) == 0) {
        return;
    }
    pthread_mutex_lock(&engine->lock);
    for (size_t i = 0; i < atomic_load(&peers->orphan_count); i++) {
        timers_push(&engine->timers, peers->orphans[i].due_us, peers->orphans[i].kind, peers->orphans[i].subject_id);
    }
    atomic_store(&peers->orphan_count, 0);
    pthread_mutex_unlock(&engine->lock);
}

bool engine_hear(struct engine *engine)
{
    assert(engine->shared);
    bool heard = feed_hear(engine);
    return orphans_look(engine) || heard;
}

/* ---- the thread ---- */

static void *peers_thread(void *context)
{
    struct engine *engine = context;
    struct peers *peers = &engine->peers;
    pthread_setname_np(pthread_self(), "peers");
    pthread_mutex_lock(&peers->lock);
    while (!peers->stopping) {
        pthread_mutex_unlock(&peers->lock);
        (void)engine_hear(engine);
        pthread_mutex_lock(&peers->lock);
        int64_t until_ns = os_monotonic_ns() + HEAR_EACH_US * INT64_C(1000);
        struct timespec until = { .tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000 };
        if (!peers->stopping) {
            pthread_cond_timedwait(&peers->wake, &peers->lock, &until);
        }
    }
    pthread_mutex_unlock(&peers->lock);
    reader_close(peers);
    return NULL;
}

void peers_start(struct engine *engine)
{
    engine->peers.stopping = false;
    int rc = pthread_create(&engine->peers.thread, NULL, peers_thread, engine);
    assert(rc == 0);
}

void peers_stop(struct engine *engine)
{
    pthread_mutex_lock(&engine->peers.lock);
    engine->peers.stopping = true;
    pthread_mutex_unlock(&engine->peers.lock);
    pthread_cond_signal(&engine->peers.wake);
    pthread_join(engine->peers.thread, NULL);
}
