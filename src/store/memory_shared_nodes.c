/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places of the nodes and what they tell each other. A node that was silent for a whole lease is dead
 * for the others, who no longer tell it anything: should it wake up after all, it must not go on, whether
 * its place was given away or not.
 */
#include "store/memory_shared_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/os_clock.h"
#include "engine/reader.h"
#include "store/packed.h"

#define LEASE_US INT64_C(10000000)

int64_t shared_now_us(const struct shared_memory *memory)
{
    return memory->settings.now_us != NULL ? memory->settings.now_us(memory->settings.clock_context)
                                           : os_monotonic_us();
}

bool place_alive(const struct shared_memory *memory, const struct place *place)
{
    return place->taken && shared_now_us(memory) - place->seen_us <= memory->settings.lease_us;
}

bool place_hold(struct shared_store *store)
{
    struct shared_memory *memory = store->memory;
    struct place *place = &memory->places[store->base.node];
    if (place->instance != store->instance || !place_alive(memory, place)) {
        memory->counts.fenced += !store->dead;
        shared_kill(store);
        return false;
    }
    place->seen_us = shared_now_us(memory);
    return true;
}

/* ---- opening and joining ---- */

void shared_memory_open(const struct table *const *tables, const struct shared_memory_settings *settings,
                        struct shared_memory **out)
{
    struct shared_memory *memory = memory_alloc(sizeof(*memory));
    pthread_condattr_t attributes;
    *memory = (struct shared_memory){ .tables = tables };
    if (settings != NULL) {
        memory->settings = *settings;
    }
    if (memory->settings.lease_us == 0) {
        memory->settings.lease_us = LEASE_US;
    }
    pthread_mutexattr_t recursive; /* who is shown rows by a scan may look at others meanwhile */
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&memory->lock, &recursive);
    pthread_mutexattr_destroy(&recursive);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&memory->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    map_init(&memory->rows);
    memory->feed_tail = &memory->feed_first;
    memory->late_tail = &memory->late_first;
    *out = memory;
}

void shared_memory_close(struct shared_memory *memory)
{
    assert(memory->store_count == 0);
    while (memory->late_first != NULL) {
        struct shared_batch *batch = memory->late_first;
        memory->late_first = batch->next;
        shared_batch_free(batch);
    }
    while (memory->feed_first != NULL) {
        struct feed_row *row = memory->feed_first;
        memory->feed_first = row->next;
        free(row);
    }
    map_release(&memory->rows);
    pthread_cond_destroy(&memory->wake);
    pthread_mutex_destroy(&memory->lock);
    free(memory);
}

/* NODES_MAX: none is free. */
static uint32_t place_choose(const struct shared_memory *memory)
{
    for (uint32_t i = 0; i < NODES_MAX; i++) {
        if (!memory->places[i].taken) {
            return i;
        }
    }
    for (uint32_t i = 0; i < NODES_MAX; i++) {
        if (!place_alive(memory, &memory->places[i])) {
            return i;
        }
    }
    return NODES_MAX;
}

enum status store_shared_join(struct shared_memory *memory, const struct shared_join *join, struct store **out)
{
    pthread_mutex_lock(&memory->lock);
    uint32_t node = place_choose(memory);
    if (node == NODES_MAX) {
        pthread_mutex_unlock(&memory->lock);
        return STATUS_busy;
    }
    struct place *place = &memory->places[node];
    place->taken = true;
    place->instance = ++memory->instance_last;
    place->seen_us = place->started_us = shared_now_us(memory);
    for (uint32_t i = 0; i < NODES_MAX; i++) {
        place->cursors[i] = memory->places[i].feed_last;
    }
    struct shared_store *store = memory_alloc(sizeof(*store));
    *store = (struct shared_store){ .base = { &shared_ops, memory->tables, .shared = true, .node = node },
                                    .memory = memory,
                                    .instance = place->instance,
                                    .round = 1 };
    if (join != NULL) {
        store->settings = *join;
    }
    const char *address = store->settings.address;
    snprintf(place->address, sizeof(place->address), "%s", address != NULL ? address : "");
    map_init(&store->cache);
    memory->joins++;
    memory->store_count++;
    pthread_mutex_unlock(&memory->lock);
    *out = &store->base;
    return STATUS_ok;
}

size_t shared_nodes(struct store *base, struct store_node *nodes, size_t most)
{
    struct shared_memory *memory = ((struct shared_store *)base)->memory;
    size_t count = 0;
    pthread_mutex_lock(&memory->lock);
    for (uint32_t i = 0; i < NODES_MAX && count < most; i++) {
        const struct place *place = &memory->places[i];
        if (place_alive(memory, place)) {
            nodes[count] = (struct store_node){ .node = i,
                                                .leads = count == 0,
                                                .seen_us = shared_now_us(memory) - place->seen_us,
                                                .started_us = place->started_us };
            memcpy(nodes[count++].address, place->address, sizeof(place->address));
        }
    }
    pthread_mutex_unlock(&memory->lock);
    return count;
}

void shared_memory_counts(struct shared_memory *memory, struct shared_counts *counts)
{
    pthread_mutex_lock(&memory->lock);
    *counts = memory->counts;
    pthread_mutex_unlock(&memory->lock);
}

/* ---- the feed ---- */

/* Whoever was told that nobody hears, while somebody joins, has its batch decided anew: see batch_try. */
bool shared_heard(struct store *base)
{
    struct shared_store *store = (struct shared_store *)base;
    struct shared_memory *memory = store->memory;
    bool heard = false;
    pthread_mutex_lock(&memory->lock);
    for (uint32_t i = 0; i < NODES_MAX && !heard; i++) {
        heard = i != base->node && place_alive(memory, &memory->places[i]);
    }
    if (!heard && store->deaf == 0) {
        store->deaf = 1 + memory->joins;
    }
    pthread_mutex_unlock(&memory->lock);
    return heard;
}

/* Drops what all who live have taken. */
static void feed_prune(struct shared_memory *memory)
{
    struct feed_row **slot = &memory->feed_first;
    while (*slot != NULL) {
        struct feed_row *row = *slot;
        bool wanted = false;
        for (uint32_t i = 0; i < NODES_MAX && !wanted; i++) {
            const struct place *place = &memory->places[i];
            wanted = i != row->node && place->cursors[row->node] < row->number && place_alive(memory, place);
        }
        if (wanted) {
            slot = &row->next;
        } else {
            *slot = row->next;
            free(row);
        }
    }
    memory->feed_tail = slot;
}

void feed_append(struct shared_memory *memory, const struct shared_batch *batch)
{
    struct feed_row *row = memory_alloc(sizeof(*row) + batch->feed_size);
    *row = (struct feed_row){ .node = batch->node,
                              .number = ++memory->places[batch->node].feed_last,
                              .size = batch->feed_size };
    memcpy(row->bytes, batch->feed, batch->feed_size);
    *memory->feed_tail = row;
    memory->feed_tail = &row->next;
    memory->counts.feeds++;
    feed_prune(memory);
}

/* The next row that this node has not taken, as the caller's own copy; NULL: none, or one is `*missing`. */
static struct feed_row *feed_take(struct shared_store *store, bool *missing)
{
    struct shared_memory *memory = store->memory;
    struct place *place = &memory->places[store->base.node];
    for (uint32_t i = 0; i < NODES_MAX; i++) {
        if (i == store->base.node || memory->places[i].feed_last == place->cursors[i]) {
            continue;
        }
        const struct feed_row *row = memory->feed_first;
        while (row != NULL && (row->node != i || row->number <= place->cursors[i])) {
            row = row->next;
        }
        if (row == NULL || row->number != place->cursors[i] + 1) {
            *missing = true;
            return NULL;
        }
        place->cursors[i]++;
        struct feed_row *copy = memory_alloc(sizeof(*copy) + row->size);
        memcpy(copy, row, sizeof(*copy) + row->size);
        return copy;
    }
    return NULL;
}

enum status shared_feed(struct store *base, feed_each *each, void *context)
{
    struct shared_store *store = (struct shared_store *)base;
    struct shared_memory *memory = store->memory;
    for (;;) {
        bool missing = false;
        pthread_mutex_lock(&memory->lock);
        enum status status = shared_gate(store, SHARED_feed);
        struct feed_row *row = status == STATUS_ok ? feed_take(store, &missing) : NULL;
        if (missing) {
            shared_kill(store);
            status = STATUS_fault;
        }
        if (row == NULL && status == STATUS_ok) {
            feed_prune(memory);
        }
        pthread_mutex_unlock(&memory->lock);
        if (row == NULL) {
            return status;
        }
        each(context, row->node, row->number, (struct span){ row->bytes, row->size });
        free(row);
    }
}

/* ---- readers: the rows as they were when it began ---- */

struct shared_reader {
    struct reader base;
    struct shared_memory *memory;
    struct map rows;
    bool begun;
};

static void reader_end(struct reader *base)
{
    struct shared_reader *reader = (struct shared_reader *)base;
    if (reader->begun) {
        map_release(&reader->rows);
        reader->begun = false;
    }
}

static enum status reader_begin(struct reader *base)
{
    struct shared_reader *reader = (struct shared_reader *)base;
    reader_end(base);
    map_init(&reader->rows);
    reader->begun = true;
    pthread_mutex_lock(&reader->memory->lock);
    for (size_t i = 0; i < reader->memory->rows.bucket_count; i++) {
        for (struct entry *entry = reader->memory->rows.buckets[i]; entry != NULL; entry = entry->next) {
            map_put(&reader->rows, entry_copy(entry));
        }
    }
    pthread_mutex_unlock(&reader->memory->lock);
    return STATUS_ok;
}

static enum status reader_query(struct reader *base, const char *sql, const struct value *binds, size_t bind_count,
                                reader_row *each, void *context)
{
    (void)base;
    (void)sql;
    (void)binds;
    (void)bind_count;
    (void)each;
    (void)context;
    return STATUS_fault; /* there is no SQL here */
}

static enum status reader_scan(struct reader *base, const struct table *table, struct span from, scan_row *each,
                               void *context)
{
    struct shared_reader *reader = (struct shared_reader *)base;
    assert(reader->begun);
    map_scan(&reader->rows, table, from, each, context);
    return STATUS_ok;
}

static void reader_close(struct reader *base)
{
    reader_end(base);
    free(base);
}

static const struct reader_ops shared_reader_ops = {
    .begin = reader_begin, .query = reader_query, .scan = reader_scan, .end = reader_end, .close = reader_close
};

enum status shared_reader_open(struct store *base, struct reader **out)
{
    struct shared_reader *reader = memory_alloc(sizeof(*reader));
    *reader = (struct shared_reader){ .base = { &shared_reader_ops }, .memory = ((struct shared_store *)base)->memory };
    *out = &reader->base;
    return STATUS_ok;
}
