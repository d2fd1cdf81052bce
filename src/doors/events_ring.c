/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/events_ring.h"

#include <stdio.h>

#define MARK_EVERY 64 /* a power of two */

/* How far the nodes had been heard when an event was added whose number is a multiple of MARK_EVERY. */
struct event_mark {
    uint64_t commits[NODES_MAX];
};

void event_ring_init(struct event_ring *ring, uint32_t kept, bool shared)
{
    assert(kept >= 1);
    assert((kept & (kept - 1)) == 0);
    *ring = (struct event_ring){ .kept = kept, .shared = shared };
}

/* The events that are there may begin and end within a mark's. */
static size_t mark_count(const struct event_ring *ring)
{
    return ring->kept / MARK_EVERY + 2;
}

void event_ring_make(struct event_ring *ring, struct arena *arena)
{
    ring->events = arena_take(arena, ring->kept * sizeof(ring->events[0]));
    ring->places = arena_take(arena, ring->kept * sizeof(ring->places[0]));
    if (ring->shared) {
        ring->marks = arena_take(arena, mark_count(ring) * sizeof(ring->marks[0]));
    }
}

void event_ring_begin(struct event_ring *ring)
{
    ring->tail = ring->head;
    ring->floor = ring->seen;
    for (uint32_t node = 0; node < NODES_MAX && !ring->shared; node++) {
        /* Such an id does not say whether it was its commit's last; what begins anew within one is rare. */
        ring->floor.of[node].index = 0;
    }
}

void event_ring_commit(struct event_ring *ring, uint32_t node, uint64_t commit)
{
    assert(node < NODES_MAX);
    if (commit > ring->seen.of[node].commit) { /* else it was heard of before this process listened */
        ring->seen.of[node].commit = commit;
    }
    ring->seen.of[node].index = 0;
    ring->adding = (struct event_place){ .commit = commit, .node = node };
}

static struct event_mark *mark_of(const struct event_ring *ring, uint64_t number)
{
    return &ring->marks[number / MARK_EVERY % mark_count(ring)];
}

static void mark_set(struct event_ring *ring)
{
    struct event_mark *mark = mark_of(ring, ring->head);
    for (uint32_t node = 0; node < NODES_MAX; node++) {
        mark->commits[node] = ring->seen.of[node].commit;
    }
    /* Its own commit is not heard in whole yet. */
    mark->commits[ring->adding.node] = ring->adding.commit - 1;
}

/* Room for the next event; the oldest goes when there is none. */
static struct event *event_begin(struct event_ring *ring, int32_t topic)
{
    size_t at = ring->head & (ring->kept - 1);
    if (ring->head - ring->tail == ring->kept) {
        const struct event_place *lost = &ring->places[at];
        ring->floor.of[lost->node].commit = lost->commit;
        ring->floor.of[lost->node].index = lost->index;
        ring->tail++;
    }
    if (ring->shared && ring->head % MARK_EVERY == 0) {
        mark_set(ring);
    }
    ring->adding.index++;
    ring->places[at] = ring->adding;
    ring->events[at].place = ring->adding;
    ring->events[at].count = 0;
    ring->events[at].topic = topic;
    ring->head++;
    return &ring->events[at];
}

void event_ring_add(struct event_ring *ring, const struct trade_row *trade, int32_t topic)
{
    memcpy(&event_begin(ring, topic)->trade, trade, sizeof(*trade));
}

void event_ring_add_kitchen(struct event_ring *ring, const struct kitchen_event *kitchen, enum event_topic topic)
{
    event_begin(ring, (int32_t)topic)->kitchen = *kitchen;
}

void event_ring_commit_end(struct event_ring *ring)
{
    uint32_t count = ring->adding.index;
    uint64_t there = ring->head - ring->tail;
    for (uint64_t number = ring->head - (count < there ? count : there); number < ring->head; number++) {
        ring->events[number & (ring->kept - 1)].count = count;
    }
    ring->seen.of[ring->adding.node].index = EVENT_WHOLE;
}

uint64_t event_ring_after(const struct event_ring *ring, const struct event_cursor *cursor, bool *gap)
{
    uint64_t number = ring->tail;
    *gap = false;
    for (uint32_t node = 0; node < NODES_MAX; node++) {
        struct event_place floor = { ring->floor.of[node].commit, ring->floor.of[node].index, node };
        *gap = *gap || !event_covered(cursor, &floor);
    }
    while (number < ring->head && event_covered(cursor, &ring->places[number & (ring->kept - 1)])) {
        number++;
    }
    return number;
}

void event_ring_cursor(const struct event_ring *ring, uint64_t number, struct event_cursor *to)
{
    assert(ring->shared);
    *to = ring->seen;
    if (number == ring->head) {
        return;
    }
    uint64_t from = number & ~(uint64_t)(MARK_EVERY - 1);
    const struct event_mark *mark = mark_of(ring, from);
    for (uint32_t node = 0; node < NODES_MAX; node++) {
        struct event_place marked = { mark->commits[node], EVENT_WHOLE, node };
        to->of[node] = ring->floor.of[node]; /* what was overwritten came before */
        event_cursor_move(to, &marked);
    }
    for (from = from > ring->tail ? from : ring->tail; from < number; from++) {
        event_cursor_move(to, &ring->places[from & (ring->kept - 1)]);
    }
}

/* ---- ids ---- */

size_t event_id_write(const struct event_ring *ring, const struct event *event, const struct event_cursor *before,
                      char to[EVENT_ID_SIZE])
{
    const struct event_place *place = &event->place;
    if (!ring->shared) {
        return (size_t)snprintf(to, EVENT_ID_SIZE, "%llu-%u", (unsigned long long)place->commit, place->index);
    }
    int size = snprintf(to, EVENT_ID_SIZE, "%u.%llu-%u/%u", place->node, (unsigned long long)place->commit,
                        place->index, event->count);
    for (uint32_t node = 0; node < NODES_MAX; node++) {
        if (node != place->node && before->of[node].commit > 0) {
            size += snprintf(to + size, EVENT_ID_SIZE - (size_t)size, ",%u.%llu", node,
                             (unsigned long long)before->of[node].commit);
        }
    }
    assert(size < EVENT_ID_SIZE);
    return (size_t)size;
}

static bool number_read(struct span text, uint64_t most, uint64_t *number)
{
    int64_t read;
    if (!span_to_i64(text, &read) || read < 0 || (uint64_t)read > most) {
        return false;
    }
    *number = (uint64_t)read;
    return true;
}

/* "4711", "4711-3", "4711-3/5" */
static bool place_read(struct span text, struct event_place *to)
{
    struct span index_text, count_text;
    uint64_t index = EVENT_WHOLE, count;
    struct span commit = span_cut(text, '-', &index_text);
    struct span index_only = span_cut(index_text, '/', &count_text);
    if (!number_read(commit, INT64_MAX, &to->commit)) {
        return false;
    }
    if (commit.size == text.size) {
        to->index = EVENT_WHOLE;
        return true;
    }
    if (!number_read(index_only, UINT32_MAX - 1, &index)) {
        return false;
    }
    if (index_only.size < index_text.size) {
        if (!number_read(count_text, UINT32_MAX, &count)) {
            return false;
        }
        index = index == count ? EVENT_WHOLE : index;
    }
    to->index = (uint32_t)index;
    return true;
}

/* "2.4711-3/5" */
static bool node_place_read(struct span text, struct event_place *to)
{
    struct span place;
    uint64_t number;
    struct span node = span_cut(text, '.', &place);
    if (!number_read(node, NODES_MAX - 1, &number) || !place_read(place, to)) {
        return false;
    }
    to->node = (uint32_t)number;
    return true;
}

bool event_id_read(const struct event_ring *ring, struct span text, struct event_cursor *to)
{
    struct event_place place = { .node = 0 };
    *to = (struct event_cursor){ 0 };
    assert(text.size > 0);
    if (memchr(text.bytes, '.', text.size) == NULL) { /* also of a store that became a shared one: of its first node */
        bool known = memchr(text.bytes, '-', text.size) != NULL && place_read(text, &place);
        event_cursor_move(to, &place);
        return known;
    }
    while (ring->shared && text.size > 0) {
        if (!node_place_read(span_cut(text, ',', &text), &place)) {
            return false;
        }
        event_cursor_move(to, &place);
    }
    return ring->shared;
}
