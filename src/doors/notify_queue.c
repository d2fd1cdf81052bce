/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/notify_queue.h"

#include "base/hash.h"

#define BUCKETS 16384 /* a power of two */
#define ENDPOINT_BUCKETS 1024
#define HEAP_FIRST 256

struct endpoint {
    int64_t endpoint_id;
    uint32_t chain_count, flying;
    bool in_turn;
    struct delivery *ready_first, *ready_last;
    struct endpoint *turn_next;
    struct endpoint *hash_next; /* of a free one: the next free one */
};

struct chain {
    int64_t subject_id;
    struct endpoint *endpoint;
    struct delivery *first; /* the one that may be made */
    struct chain *hash_next;
};

void notify_queue_init(struct notify_queue *queue, struct arena *arena, uint32_t per_endpoint)
{
    *queue = (struct notify_queue){ .arena = arena, .per_endpoint = per_endpoint };
    queue->by_id = arena_take(arena, BUCKETS * sizeof(queue->by_id[0]));
    queue->chains = arena_take(arena, BUCKETS * sizeof(queue->chains[0]));
    queue->endpoints = arena_take(arena, ENDPOINT_BUCKETS * sizeof(queue->endpoints[0]));
}

static struct delivery **id_bucket(const struct notify_queue *queue, int64_t delivery_id)
{
    return &queue->by_id[hash_mix((uint64_t)delivery_id) & (BUCKETS - 1)];
}

static struct chain **chain_bucket(const struct notify_queue *queue, int64_t endpoint_id, int64_t subject_id)
{
    uint64_t hash = hash_mix(hash_mix((uint64_t)endpoint_id) + (uint64_t)subject_id);
    return &queue->chains[hash & (BUCKETS - 1)];
}

static struct endpoint **endpoint_bucket(const struct notify_queue *queue, int64_t endpoint_id)
{
    return &queue->endpoints[hash_mix((uint64_t)endpoint_id) & (ENDPOINT_BUCKETS - 1)];
}

/* ---- the heap of timed deliveries ---- */

static bool is_earlier(const struct delivery *a, const struct delivery *b)
{
    return a->next_at_us != b->next_at_us ? a->next_at_us < b->next_at_us : a->delivery_id < b->delivery_id;
}

static void heap_put(struct notify_queue *queue, uint32_t at, struct delivery *delivery)
{
    queue->heap[at] = delivery;
    delivery->heap_at = at;
}

static void heap_settle(struct notify_queue *queue, uint32_t at)
{
    struct delivery *moving = queue->heap[at];
    while (at > 0 && is_earlier(moving, queue->heap[(at - 1) / 2])) {
        heap_put(queue, at, queue->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < queue->heap_count && is_earlier(queue->heap[child + 1], queue->heap[child])) {
            child++;
        }
        if (child >= queue->heap_count || !is_earlier(queue->heap[child], moving)) {
            break;
        }
        heap_put(queue, at, queue->heap[child]);
        at = child;
    }
    heap_put(queue, at, moving);
}

static void heap_add(struct notify_queue *queue, struct delivery *delivery)
{
    if (queue->heap_count == queue->heap_capacity) {
        uint32_t capacity = queue->heap_capacity > 0 ? 2 * queue->heap_capacity : HEAP_FIRST;
        struct delivery **heap = arena_take(queue->arena, capacity * sizeof(heap[0]));
        if (queue->heap_count > 0) {
            memcpy(heap, queue->heap, queue->heap_count * sizeof(heap[0]));
        }
        queue->heap = heap;
        queue->heap_capacity = capacity;
    }
    delivery->place = PLACE_timed;
    heap_put(queue, queue->heap_count++, delivery);
    heap_settle(queue, delivery->heap_at);
}

static void heap_drop(struct notify_queue *queue, const struct delivery *delivery)
{
    uint32_t at = delivery->heap_at;
    struct delivery *last = queue->heap[--queue->heap_count];
    if (last != delivery) {
        heap_put(queue, at, last);
        heap_settle(queue, at);
    }
}

/* ---- endpoints and their turns ---- */

static struct endpoint *endpoint_of(struct notify_queue *queue, int64_t endpoint_id)
{
    struct endpoint **bucket = endpoint_bucket(queue, endpoint_id);
    for (struct endpoint *endpoint = *bucket; endpoint != NULL; endpoint = endpoint->hash_next) {
        if (endpoint->endpoint_id == endpoint_id) {
            return endpoint;
        }
    }
    struct endpoint *endpoint = queue->free_endpoints;
    if (endpoint != NULL) {
        queue->free_endpoints = endpoint->hash_next;
    } else {
        endpoint = arena_take(queue->arena, sizeof(*endpoint));
    }
    *endpoint = (struct endpoint){ .endpoint_id = endpoint_id, .hash_next = *bucket };
    *bucket = endpoint;
    return endpoint;
}

static void endpoint_turn(struct notify_queue *queue, struct endpoint *endpoint)
{
    if (endpoint->in_turn || endpoint->ready_first == NULL || endpoint->flying >= queue->per_endpoint) {
        return;
    }
    endpoint->in_turn = true;
    endpoint->turn_next = NULL;
    if (queue->turn_first == NULL) {
        queue->turn_first = endpoint;
    } else {
        queue->turn_last->turn_next = endpoint;
    }
    queue->turn_last = endpoint;
}

static void endpoint_let_go(struct notify_queue *queue, struct endpoint *endpoint)
{
    if (endpoint->chain_count > 0) {
        return;
    }
    assert(!endpoint->in_turn); /* nothing of it is ready */
    assert(endpoint->flying == 0);
    struct endpoint **at = endpoint_bucket(queue, endpoint->endpoint_id);
    while (*at != endpoint) {
        at = &(*at)->hash_next;
    }
    *at = endpoint->hash_next;
    endpoint->hash_next = queue->free_endpoints;
    queue->free_endpoints = endpoint;
}

static void ready_add(struct notify_queue *queue, struct delivery *delivery)
{
    struct endpoint *endpoint = delivery->chain->endpoint;
    delivery->place = PLACE_ready;
    delivery->ready_next = NULL;
    if (endpoint->ready_first == NULL) {
        endpoint->ready_first = delivery;
    } else {
        endpoint->ready_last->ready_next = delivery;
    }
    endpoint->ready_last = delivery;
    endpoint_turn(queue, endpoint);
}

/* ---- chains ---- */

static struct chain *chain_of(struct notify_queue *queue, int64_t endpoint_id, int64_t subject_id)
{
    struct chain **bucket = chain_bucket(queue, endpoint_id, subject_id);
    for (struct chain *chain = *bucket; chain != NULL; chain = chain->hash_next) {
        if (chain->endpoint->endpoint_id == endpoint_id && chain->subject_id == subject_id) {
            return chain;
        }
    }
    struct chain *chain = queue->free_chains;
    if (chain != NULL) {
        queue->free_chains = chain->hash_next;
    } else {
        chain = arena_take(queue->arena, sizeof(*chain));
    }
    *chain = (struct chain){ .subject_id = subject_id,
                             .endpoint = endpoint_of(queue, endpoint_id),
                             .hash_next = *bucket };
    chain->endpoint->chain_count++;
    *bucket = chain;
    return chain;
}

static void chain_let_go(struct notify_queue *queue, struct chain *chain)
{
    struct endpoint *endpoint = chain->endpoint;
    struct chain **at = chain_bucket(queue, endpoint->endpoint_id, chain->subject_id);
    while (*at != chain) {
        at = &(*at)->hash_next;
    }
    *at = chain->hash_next;
    chain->hash_next = queue->free_chains;
    queue->free_chains = chain;
    endpoint->chain_count--;
    endpoint_let_go(queue, endpoint);
}

/* Into its chain in the order of ids, but never before one that has been taken or is about to be. */
static void chain_insert(struct notify_queue *queue, struct chain *chain, struct delivery *delivery)
{
    struct delivery **at = &chain->first;
    delivery->chain = chain;
    delivery->place = PLACE_chained;
    while (*at != NULL && ((*at)->delivery_id < delivery->delivery_id || (*at)->place == PLACE_flying ||
                           (*at)->place == PLACE_ready)) {
        at = &(*at)->chain_next;
    }
    delivery->chain_next = *at;
    *at = delivery;
    if (chain->first != delivery) {
        return;
    }
    if (delivery->chain_next != NULL && delivery->chain_next->place == PLACE_timed) {
        heap_drop(queue, delivery->chain_next);
        delivery->chain_next->place = PLACE_chained;
    }
    heap_add(queue, delivery);
}

/* ---- deliveries ---- */

struct delivery *notify_queue_find(const struct notify_queue *queue, int64_t delivery_id)
{
    struct delivery *delivery = *id_bucket(queue, delivery_id);
    while (delivery != NULL && delivery->delivery_id != delivery_id) {
        delivery = delivery->hash_next;
    }
    return delivery;
}

void notify_queue_add(struct notify_queue *queue, int64_t delivery_id, int64_t endpoint_id,
                      int64_t subject_id, int64_t next_at_us)
{
    struct delivery **bucket = id_bucket(queue, delivery_id);
    struct delivery *delivery = queue->free_deliveries;
    if (delivery != NULL) {
        queue->free_deliveries = delivery->chain_next;
    } else {
        delivery = arena_take(queue->arena, sizeof(*delivery));
    }
    *delivery =
        (struct delivery){ .delivery_id = delivery_id, .next_at_us = next_at_us, .hash_next = *bucket };
    *bucket = delivery;
    queue->count++;
    chain_insert(queue, chain_of(queue, endpoint_id, subject_id), delivery);
}

void notify_queue_move(struct notify_queue *queue, struct delivery *delivery, int64_t next_at_us)
{
    delivery->next_at_us = next_at_us;
    delivery->over = false;
    delivery->told = true;
    if (delivery->place == PLACE_timed) {
        heap_settle(queue, delivery->heap_at);
    }
}

static void delivery_drop(struct notify_queue *queue, struct delivery *delivery)
{
    struct chain *chain = delivery->chain;
    struct delivery **at = &chain->first;
    while (*at != delivery) {
        at = &(*at)->chain_next;
    }
    *at = delivery->chain_next;
    bool was_first = at == &chain->first;
    at = id_bucket(queue, delivery->delivery_id);
    while (*at != delivery) {
        at = &(*at)->hash_next;
    }
    *at = delivery->hash_next;
    delivery->chain_next = queue->free_deliveries;
    queue->free_deliveries = delivery;
    queue->count--;
    if (chain->first == NULL) {
        chain_let_go(queue, chain);
    } else if (was_first) {
        heap_add(queue, chain->first);
    }
}

void notify_queue_end(struct notify_queue *queue, struct delivery *delivery)
{
    delivery->told = true;
    switch (delivery->place) {
    case PLACE_timed:
        heap_drop(queue, delivery);
        delivery_drop(queue, delivery);
        break;
    case PLACE_chained:
        delivery_drop(queue, delivery);
        break;
    case PLACE_ready: /* goes when it is taken or has landed */
    case PLACE_flying:
        delivery->over = true;
        break;
    }
}

int64_t notify_queue_next_us(const struct notify_queue *queue)
{
    return queue->heap_count > 0 ? queue->heap[0]->next_at_us : INT64_MAX;
}

static struct delivery *turn_take(struct notify_queue *queue)
{
    struct endpoint *endpoint = queue->turn_first;
    if (endpoint == NULL) {
        return NULL;
    }
    queue->turn_first = endpoint->turn_next;
    endpoint->in_turn = false;
    struct delivery *delivery = endpoint->ready_first;
    assert(delivery != NULL);
    endpoint->ready_first = delivery->ready_next;
    endpoint->flying++;
    delivery->place = PLACE_flying;
    delivery->told = false;
    endpoint_turn(queue, endpoint); /* at the end of the line */
    return delivery;
}

struct delivery *notify_queue_take(struct notify_queue *queue, int64_t now_us)
{
    while (queue->heap_count > 0 && queue->heap[0]->next_at_us <= now_us) {
        struct delivery *due = queue->heap[0];
        heap_drop(queue, due);
        ready_add(queue, due);
    }
    struct delivery *delivery = turn_take(queue);
    while (delivery != NULL && delivery->over) {
        notify_queue_land(queue, delivery);
        delivery = turn_take(queue);
    }
    return delivery;
}

void notify_queue_land(struct notify_queue *queue, struct delivery *delivery)
{
    struct endpoint *endpoint = delivery->chain->endpoint;
    assert(delivery->place == PLACE_flying);
    assert(delivery->chain->first == delivery);
    endpoint->flying--;
    endpoint_turn(queue, endpoint);
    if (delivery->over) {
        delivery_drop(queue, delivery);
    } else {
        heap_add(queue, delivery);
    }
}
