/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which delivery is made next. Deliveries to one endpoint about one subject (a trade) are a chain: in the
 * order of their ids, one at a time, the next only when the one before is done or given up. Between chains
 * nothing waits for anything, but an endpoint has at most `per_endpoint` deliveries on their way, and
 * endpoints take turns. One thread. Memory is the queue's arena, about 150 bytes for each delivery that is
 * pending.
 */
#ifndef DOORS_NOTIFY_QUEUE_H
#define DOORS_NOTIFY_QUEUE_H

#include "base/arena.h"

struct chain;
struct endpoint;

enum delivery_place {
    PLACE_chained, /* not the first of its chain */
    PLACE_timed,   /* waits for its time */
    PLACE_ready,   /* waits for its endpoint's turn */
    PLACE_flying,  /* taken by notify_queue_take */
};

struct delivery {
    int64_t delivery_id;
    int64_t next_at_us;
    struct chain *chain;
    struct delivery *chain_next; /* the next of the chain; of a free one: the next free one */
    struct delivery *ready_next;
    struct delivery *hash_next;
    uint32_t heap_at;
    enum delivery_place place;
    bool over; /* done or given up: goes away as soon as it does not fly any more */
    bool told; /* its row was seen since it was taken */
};

/* Public so that it needs no allocation of its own; use it by the functions below. */
struct notify_queue {
    struct arena *arena;
    uint32_t per_endpoint;
    uint32_t count;
    struct delivery **by_id; /* hash buckets */
    struct chain **chains;   /* by endpoint and subject */
    struct endpoint **endpoints;
    struct delivery **heap; /* timed ones, the earliest first */
    uint32_t heap_count, heap_capacity;
    struct endpoint *turn_first, *turn_last; /* endpoints that may take a ready one */
    struct delivery *free_deliveries;
    struct chain *free_chains;
    struct endpoint *free_endpoints;
};

void notify_queue_init(struct notify_queue *queue, struct arena *arena, uint32_t per_endpoint);

/* NULL when it is not there. */
struct delivery *notify_queue_find(const struct notify_queue *queue, int64_t delivery_id);
/* A pending delivery that is not there yet. */
void notify_queue_add(struct notify_queue *queue, int64_t delivery_id, int64_t endpoint_id,
                      int64_t subject_id, int64_t next_at_us);
/* It is pending, and due at another time. */
void notify_queue_move(struct notify_queue *queue, struct delivery *delivery, int64_t next_at_us);
/* It is not pending any more. */
void notify_queue_end(struct notify_queue *queue, struct delivery *delivery);

/* When the earliest timed one is due; INT64_MAX: none waits. */
int64_t notify_queue_next_us(const struct notify_queue *queue);
/* The next delivery to be made by `now_us`, which flies from then on; NULL: none. */
struct delivery *notify_queue_take(struct notify_queue *queue, int64_t now_us);
/* It has landed: it is gone when it was ended meanwhile, else it waits for its time again. */
void notify_queue_land(struct notify_queue *queue, struct delivery *delivery);

#endif
