/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events that are kept for who comes back, in the order in which this process heard of them, and how far
 * somebody has heard. Several processes on one database hear of one another's commits in different orders; what
 * each has of one node is in that node's order and without gaps. So how far somebody has heard is a place for
 * each node, and an event's id says it:
 *
 *     4711-3                      of a store that one process serves: number of the commit, and place in it
 *     2.4711-3/5,0.88,1.390       of a shared one: the third of five events of commit 4711 of node 2, when the
 *                                 others had been heard up to these commits
 *
 * Who comes back to another process gets what is not covered by its places. Some of it may have been sent since;
 * such events are repeated, with the ids that they have there. Nothing is left out without a gap being told.
 *
 * Not safe for threads by itself: its owner has a lock. Memory is the owner's arena.
 */
#ifndef DOORS_EVENTS_RING_H
#define DOORS_EVENTS_RING_H

#include "base/arena.h"
#include "base/limits.h"
#include "till/trade_rows.h"

#define EVENT_WHOLE UINT32_MAX /* as an index: all events of the commit */
/* "id: " and a place for each node. */
#define EVENT_ID_SIZE (64 + 24 * NODES_MAX)

struct event_place {
    uint64_t commit;
    uint32_t index; /* in its commit, from 1 */
    uint32_t node;
};

/* Events that are no notices of trades; their numbers come after those of enum delivery_topic. */
enum event_topic {
    EVENT_ticket = 32, /* ticket.changed */
    EVENT_dish = 33,   /* dish.changed: what is left of it */
    EVENT_meal = 34,   /* meal.changed */
};

/* What is told of kitchens and meals: which row changed, and how it stands in short. The row can be asked for. */
struct kitchen_event {
    int64_t merchant_id, shop_id;
    int64_t shopper_id; /* of a meal: who opened it */
    int64_t order_id;   /* of a ticket or a meal */
    int64_t id;         /* of a ticket or a dish */
    int32_t station, number, kind;
    int32_t state;
    int32_t flag;       /* a ticket is late; a dish is sold out */
    int32_t counted;
    int64_t pieces_left;
    int32_t recalls, prints;
    int32_t version;
};

struct event {
    struct event_place place;
    uint32_t count; /* of its commit's events */
    int32_t topic;  /* enum delivery_topic, or enum event_topic */
    union {
        struct trade_row trade;
        struct kitchen_event kitchen; /* from EVENT_ticket on */
    };
};

/* How far somebody has heard of each node; all zeros: of nothing. */
struct event_cursor {
    struct {
        uint64_t commit;
        uint32_t index;
    } of[NODES_MAX];
};

struct event_mark;

/*
 * Invariants: events are numbered and [tail, head) are there. They are all there were after `floor`. `seen` is how
 * far the commits themselves were heard of, with or without events.
 */
struct event_ring {
    uint32_t kept; /* a power of two */
    bool shared;   /* which form ids have */
    uint64_t head, tail;
    struct event_cursor seen, floor;
    struct event_place adding; /* the last event of the commit that is added */
    struct event *events;
    struct event_place *places; /* of the events once more, to be looked through quickly */
    struct event_mark *marks;
};

/* `kept` is a power of two. Room is taken by event_ring_make. */
void event_ring_init(struct event_ring *ring, uint32_t kept, bool shared);
void event_ring_make(struct event_ring *ring, struct arena *arena);
/* From now on events are kept: there are none of before. */
void event_ring_begin(struct event_ring *ring);
/* A commit was heard of, before its events are added. */
void event_ring_commit(struct event_ring *ring, uint32_t node, uint64_t commit);
/* The next event of that commit. */
void event_ring_add(struct event_ring *ring, const struct trade_row *trade, int32_t topic);
void event_ring_add_kitchen(struct event_ring *ring, const struct kitchen_event *kitchen, enum event_topic topic);
/* All events of that commit were added. */
void event_ring_commit_end(struct event_ring *ring);

static inline const struct event *event_ring_at(const struct event_ring *ring, uint64_t number)
{
    return &ring->events[number & (ring->kept - 1)];
}

/* Whether who has heard so far has heard this. */
static inline bool event_covered(const struct event_cursor *cursor, const struct event_place *place)
{
    uint64_t commit = cursor->of[place->node].commit;
    return commit != place->commit ? commit > place->commit : cursor->of[place->node].index >= place->index;
}

static inline void event_cursor_move(struct event_cursor *cursor, const struct event_place *place)
{
    if (!event_covered(cursor, place)) {
        cursor->of[place->node].commit = place->commit;
        cursor->of[place->node].index = place->index;
    }
}

/* The number of the first event that is not covered; `*gap`: there were others, which are not kept any more. */
uint64_t event_ring_after(const struct event_ring *ring, const struct event_cursor *cursor, bool *gap);
/* How far somebody has heard who was sent everything before that event; of a shared store. */
void event_ring_cursor(const struct event_ring *ring, uint64_t number, struct event_cursor *to);

/* The id of an event, given how far was heard before it; terminated. Returns its size. */
size_t event_id_write(const struct event_ring *ring, const struct event *event, const struct event_cursor *before,
                      char to[EVENT_ID_SIZE]);
/* False: it is none. */
MUST_CHECK bool event_id_read(const struct event_ring *ring, struct span text, struct event_cursor *to);

#endif
