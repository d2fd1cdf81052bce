/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/events.h"

#include <pthread.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/os_clock.h"
#include "doors/events_kitchen.h"
#include "doors/rest/page_problem.h"
#include "doors/shape_json.h"
#include "engine/engine_rows.h"
#include "people/people.h"
#include "till/trade_rows.h"
#include "till/webhook_rows.h"

/*
 * Invariants:
 *  1. A listener has been sent every event below its `next` that it may see, in order, but for those below its
 *     `until` that it had heard before it came.
 *  2. Only the events thread sends to a listener once it has been greeted, and only it lets go of one.
 */

#define ARENA_SIZE_MAX (128 * 1024 * 1024)
#define TEXT_SIZE (64 * 1024) /* of one piece */
#define PIECE_MAX 128         /* events of one piece */
#define PIECES_PER_ROUND 3    /* of one listener: less than its buffer holds */
#define ROUND_US 5000
#define QUIET_US (15 * US_PER_SECOND) /* a sign of life: the client may have vanished */
#define TOKEN_CHECK_US (2 * US_PER_SECOND)
#define GAP_SIZE_MAX (EVENT_ID_SIZE + 64)

enum listener_state {
    LISTENER_free,
    LISTENER_asking, /* where its terminal stands */
    LISTENER_open,
    LISTENER_ending, /* dropped while the engine still answers */
};

struct listener {
    struct http_stream *stream;
    enum listener_state state;
    bool greeted;
    struct caller caller; /* a terminal becomes its shop */
    char token[TOKEN_TEXT_SIZE];
    bool resumes;              /* with `after`: what it has heard */
    bool lost;                 /* it says so in words that are none of ours */
    struct event_cursor after;
    uint64_t next, until;
    int64_t sent_us; /* monotonic */
    struct events *events;
    struct call call;
    struct id_row request; /* of terminal_place */
    struct terminal_row answer;
};

/* Events encoded once for all who are at the same place. */
struct piece {
    uint64_t from;
    uint32_t count;
    struct event *events;     /* PIECE_MAX, copied out of the ring */
    struct event_cursor before, whole; /* how far was heard before the first, and with the last of the ring */
    bool newest;              /* the last one is the ring's */
    uint32_t ends[PIECE_MAX]; /* where the text of each ends */
    char *text;               /* TEXT_SIZE */
};

struct events {
    struct arena arena;
    struct events_settings settings;
    const struct shape_plan *plan;
    const struct shape_plan *kitchen_plans[3]; /* from EVENT_ticket on */
    pthread_t thread;
    struct piece piece; /* the thread's */
    int64_t tokens_checked_us;
    /* under `lock` */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool running, stopping;
    bool fresh; /* somebody has come */
    bool keeping;
    struct event_ring ring;
    int64_t last_listened_us;
    uint32_t listener_count, asking_count;
    struct listener listeners[EVENTS_STREAMS_MAX];
    /* made when the first one listens, under a lock of its own, because that takes a while; then left alone
     */
    pthread_mutex_t ring_lock;
    bool ring_made;
};

/* ---- what a commit brings; on the store's thread ---- */

/* The same occasions as those on which the till writes deliveries. */
static void trade_add(struct event_ring *ring, const struct trade_row *trade)
{
    static const struct trade_row none;
    const struct trade_row *before = row_before(trade);
    before = before != NULL ? before : &none;
    if (trade->state == TRADE_wait_buyer_pay && trade->shopper_id != 0 &&
        trade->expires_at_us != before->expires_at_us) {
        event_ring_add(ring, trade, TOPIC_trade_waiting);
    }
    if (trade->paid_at_us != before->paid_at_us) {
        event_ring_add(ring, trade, TOPIC_trade_paid);
    }
    if (trade->refund_count != before->refund_count) {
        event_ring_add(ring, trade, TOPIC_trade_refunded);
    }
    if (trade->state == TRADE_closed && before->state != TRADE_closed && trade->paid_at_us == 0) {
        event_ring_add(ring, trade, TOPIC_trade_closed);
    }
}

static void events_watch(void *context, const struct commit *commit)
{
    struct events *events = context;
    struct event_ring *ring = &events->ring;
    pthread_mutex_lock(&events->lock);
    uint64_t head = ring->head;
    event_ring_commit(ring, commit->node, commit->number);
    for (size_t i = 0; i < commit->change_count && events->keeping; i++) {
        const struct row_change *change = &commit->changes[i];
        if (change->table == &trade_table && change->exists) {
            trade_add(ring, change->row);
        } else if (change->exists) {
            events_kitchen_add(ring, change);
        }
    }
    event_ring_commit_end(ring);
    bool news = ring->head > head && events->listener_count > 0;
    pthread_mutex_unlock(&events->lock);
    if (news) {
        pthread_cond_signal(&events->wake);
    }
}

/* ---- opening ---- */

/* The last commit of before of each node: whoever has heard of it has missed nothing. */
static bool progress_read(void *context, const void *row)
{
    const struct progress_row *progress = row;
    struct event_ring *ring = context;
    event_ring_commit(ring, (uint32_t)progress->one - 1, (uint64_t)progress->batch);
    event_ring_commit_end(ring);
    return true;
}

static void ring_make(struct events *events)
{
    pthread_mutex_lock(&events->ring_lock);
    if (!events->ring_made) {
        event_ring_make(&events->ring, &events->arena);
        events->ring_made = true;
    }
    pthread_mutex_unlock(&events->ring_lock);
}

/* With the lock held, and the ring made: from now on events are kept. */
static void keep_begin(struct events *events)
{
    events->last_listened_us = os_monotonic_us();
    if (events->keeping) {
        return;
    }
    events->keeping = true;
    event_ring_begin(&events->ring);
}

struct events *events_open(const struct events_settings *settings)
{
    struct arena arena;
    arena_init(&arena, 1 << 20, ARENA_SIZE_MAX);
    struct events *events = arena_take(&arena, sizeof(*events));
    events->settings = *settings;
    if (events->settings.kept == 0) {
        events->settings.kept = EVENTS_KEPT;
    }
    event_ring_init(&events->ring, events->settings.kept, settings->store->shared);
    events->plan = shape_plan_make(&arena, &trade_table.shape);
    for (int32_t i = 0; i < (int32_t)COUNT_OF(events->kitchen_plans); i++) {
        events->kitchen_plans[i] = shape_plan_make(&arena, event_kitchen_shape(EVENT_ticket + i));
        assert(events->kitchen_plans[i]->json_size_max <= events->plan->json_size_max);
    }
    events->piece.events = arena_take(&arena, PIECE_MAX * sizeof(struct event));
    events->piece.text = arena_take(&arena, TEXT_SIZE);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&events->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&events->lock, NULL);
    pthread_mutex_init(&events->ring_lock, NULL);
    events->arena = arena;
    struct span all = { NULL, 0 };
    if (settings->store->ops->scan(settings->store, &progress_table, all, progress_read, &events->ring) !=
        STATUS_ok) {
        events_close(events);
        return NULL;
    }
    if (settings->store->shared) { /* whoever listens elsewhere now may come here next */
        ring_make(events);
        keep_begin(events);
    }
    engine_observe(settings->engine, events_watch, events);
    return events;
}

void events_close(struct events *events)
{
    struct arena arena = events->arena;
    assert(!events->running);
    (void)pthread_mutex_destroy(&events->lock);
    (void)pthread_mutex_destroy(&events->ring_lock);
    (void)pthread_cond_destroy(&events->wake);
    arena_release(&arena);
}

/* ---- where a listener begins ---- */

/* With the lock held, for a message of this size. */
static struct span gap_write(const struct events *events, uint64_t next, char to[GAP_SIZE_MAX])
{
    const struct event_ring *ring = &events->ring;
    char id[EVENT_ID_SIZE];
    struct event_cursor before;
    int size;
    if (next < ring->head) {
        if (ring->shared) {
            event_ring_cursor(ring, next, &before);
        }
        event_id_write(ring, event_ring_at(ring, next), &before, id);
        size = snprintf(to, GAP_SIZE_MAX, "event: gap\ndata: {\"next\":\"%s\"}\n\n", id);
    } else {
        size = snprintf(to, GAP_SIZE_MAX, "event: gap\ndata: {\"next\":null}\n\n");
    }
    return (struct span){ to, (size_t)size };
}

/* With the lock held. False: it has gone. */
static bool listener_greet(struct events *events, struct listener *listener)
{
    char text[GAP_SIZE_MAX];
    bool gap = listener->lost;
    listener->greeted = true;
    listener->sent_us = os_monotonic_us();
    if (listener->resumes) {
        listener->next = event_ring_after(&events->ring, &listener->after, &gap);
        listener->until = events->ring.head;
    }
    if (!http_stream_send(listener->stream, SPAN("retry: 1000\n\n"))) {
        return false;
    }
    return !gap || http_stream_send(listener->stream, gap_write(events, listener->next, text));
}

/* ---- sending ---- */

static bool may_see(const struct caller *caller, const struct event *event)
{
    bool trade = event->topic < EVENT_ticket;
    switch (caller->kind) {
    case CALLER_operator:
        return true;
    case CALLER_merchant:
        return caller->id == (trade ? event->trade.merchant_id : event->kitchen.merchant_id);
    case CALLER_shop:
        return caller->id == (trade ? event->trade.shop_id : event->kitchen.shop_id);
    case CALLER_shopper:
        return caller->id == (trade ? event->trade.shopper_id : event->kitchen.shopper_id);
    default:
        return false;
    }
}

/* Bytes of the event's lines around the trade. */
#define FRAME_SIZE_MAX (EVENT_ID_SIZE + 128)

static void event_write(const struct events *events, const struct event *event, const struct event_cursor *before,
                        char *to, size_t *size)
{
    struct json_out out;
    char id[EVENT_ID_SIZE];
    bool trade = event->topic < EVENT_ticket;
    event_id_write(&events->ring, event, before, id);
    int head = snprintf(to + *size, FRAME_SIZE_MAX, "id: %s\nevent: %s\ndata: ", id,
                        trade ? delivery_topics[event->topic] : event_kitchen_name(event->topic));
    *size += (size_t)head;
    json_out_init(&out, to + *size, TEXT_SIZE - *size - 2);
    if (trade) {
        shape_encode(events->plan, &event->trade, &out);
    } else {
        shape_encode(events->kitchen_plans[event->topic - EVENT_ticket], &event->kitchen, &out);
    }
    struct span data = json_out_end(&out);
    assert(data.size > 0);
    *size += data.size;
    memcpy(to + *size, "\n\n", 2);
    *size += 2;
}

/* Takes the events from `from` on out of the ring; returns how many. */
static uint32_t piece_copy(struct events *events, uint64_t from)
{
    struct piece *piece = &events->piece;
    const struct event_ring *ring = &events->ring;
    uint32_t count = 0;
    pthread_mutex_lock(&events->lock);
    uint64_t first = from > ring->tail ? from : ring->tail;
    while (count < PIECE_MAX && first + count < ring->head) {
        memcpy(&piece->events[count], event_ring_at(ring, first + count), sizeof(struct event));
        count++;
    }
    if (ring->shared && count > 0) {
        event_ring_cursor(ring, first, &piece->before);
        piece->whole = ring->seen;
    }
    piece->newest = first + count == ring->head;
    pthread_mutex_unlock(&events->lock);
    piece->from = first;
    return count;
}

/* Copies events from `from` on and encodes them; what was encoded before for another listener is kept. */
static const struct piece *piece_make(struct events *events, uint64_t from)
{
    struct piece *piece = &events->piece;
    size_t room = FRAME_SIZE_MAX + events->plan->json_size_max;
    size_t size = 0;
    if (piece->count > 0 && piece->from == from) {
        return piece;
    }
    uint32_t count = piece_copy(events, from);
    piece->count = 0;
    while (piece->count < count && TEXT_SIZE - size >= room) {
        const struct event *event = &piece->events[piece->count];
        bool newest = piece->newest && piece->count + 1 == count;
        event_write(events, event, newest ? &piece->whole : &piece->before, piece->text, &size);
        event_cursor_move(&piece->before, &event->place);
        piece->ends[piece->count++] = (uint32_t)size;
    }
    return piece;
}

/* Sends what the listener may see of the piece and has not heard, neighbours together. */
static bool piece_send(struct listener *listener, const struct piece *piece)
{
    uint32_t begin = 0;
    for (uint32_t i = 0; i < piece->count; i++) {
        const struct event *event = &piece->events[i];
        bool heard = piece->from + i < listener->until && event_covered(&listener->after, &event->place);
        bool shown = !heard && may_see(&listener->caller, event);
        uint32_t end = shown ? piece->ends[i] : i > 0 ? piece->ends[i - 1] : 0;
        if (end > begin && (!shown || i + 1 == piece->count)) {
            listener->sent_us = os_monotonic_us();
            if (!http_stream_send(listener->stream, (struct span){ piece->text + begin, end - begin })) {
                return false;
            }
        }
        begin = shown ? begin : piece->ends[i];
    }
    return true;
}

/* One listener's turn; false: it has gone. `*behind`: there is more for it. */
static bool listener_serve(struct events *events, struct listener *listener, bool *behind)
{
    for (int i = 0; i < PIECES_PER_ROUND; i++) {
        const struct piece *piece = piece_make(events, listener->next);
        if (piece->count == 0) {
            if (os_monotonic_us() - listener->sent_us > QUIET_US) {
                listener->sent_us = os_monotonic_us();
                return http_stream_send(listener->stream, SPAN(":\n\n"));
            }
            return true;
        }
        if (piece->from != listener->next) { /* overwritten before its turn came */
            char text[GAP_SIZE_MAX];
            pthread_mutex_lock(&events->lock);
            struct span gap = gap_write(events, events->ring.tail, text);
            pthread_mutex_unlock(&events->lock);
            listener->next = piece->from;
            if (!http_stream_send(listener->stream, gap)) {
                return false;
            }
        }
        if (!piece_send(listener, piece)) {
            return false;
        }
        listener->next = piece->from + piece->count;
    }
    *behind = true;
    return true;
}

/* With the lock held. */
static void listener_drop(struct events *events, struct listener *listener)
{
    http_stream_close(listener->stream);
    listener->stream = NULL;
    events->listener_count--;
    events->last_listened_us = os_monotonic_us();
    listener->state = listener->state == LISTENER_asking ? LISTENER_ending : LISTENER_free;
}

static bool token_holds(struct events *events, const struct listener *listener)
{
    struct caller caller;
    int64_t token_id;
    return tokens_check(events->settings.tokens, span_of(listener->token), &caller, &token_id);
}

/* All listeners, one after another. Returns whether somebody is behind. */
static bool listeners_serve(struct events *events)
{
    int64_t now_us = os_monotonic_us();
    bool check = now_us - events->tokens_checked_us > TOKEN_CHECK_US;
    bool behind = false;
    events->tokens_checked_us = check ? now_us : events->tokens_checked_us;
    events->piece.count = 0; /* events may have come since */
    for (size_t i = 0; i < EVENTS_STREAMS_MAX; i++) {
        struct listener *listener = &events->listeners[i];
        pthread_mutex_lock(&events->lock);
        bool mine = listener->stream != NULL && listener->state == LISTENER_open;
        bool alive = !mine || listener->greeted || listener_greet(events, listener);
        bool waits = listener->stream != NULL && listener->state == LISTENER_asking;
        pthread_mutex_unlock(&events->lock);
        if ((mine || waits) && check) {
            alive = alive && token_holds(events, listener) && !http_stream_gone(listener->stream);
        }
        if (mine && alive) {
            alive = listener_serve(events, listener, &behind);
        }
        if (!alive) {
            pthread_mutex_lock(&events->lock);
            listener_drop(events, listener);
            pthread_mutex_unlock(&events->lock);
        }
    }
    return behind;
}

/* With the lock held: nobody has listened for long. */
static void keep_end(struct events *events)
{
    if (events->keeping && !events->ring.shared && events->listener_count == 0 &&
        os_monotonic_us() - events->last_listened_us > EVENTS_KEEP_US) {
        events->keeping = false;
        events->ring.tail = events->ring.head;
    }
}

static void *events_thread(void *context)
{
    struct events *events = context;
    uint64_t seen = 0;
    bool behind = false;
    pthread_setname_np(pthread_self(), "events");
    for (;;) {
        int64_t at_ns = os_monotonic_ns() + US_PER_SECOND * 1000;
        struct timespec until = { .tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000 };
        int rc = 0;
        pthread_mutex_lock(&events->lock);
        while (!events->stopping && rc == 0 && !behind && !events->fresh &&
               (seen == events->ring.head || events->listener_count == 0)) {
            rc = pthread_cond_timedwait(&events->wake, &events->lock, &until);
        }
        bool stopping = events->stopping;
        bool anybody = events->listener_count > 0;
        seen = events->ring.head;
        events->fresh = false;
        keep_end(events);
        pthread_mutex_unlock(&events->lock);
        if (stopping) {
            return NULL;
        }
        behind = anybody && listeners_serve(events);
        if (anybody) {
            os_sleep_us(ROUND_US); /* what comes close together goes out together */
        }
    }
}

void events_start(struct events *events)
{
    events->running = true;
    int rc = pthread_create(&events->thread, NULL, events_thread, events);
    assert(rc == 0);
}

void events_stop(struct events *events)
{
    pthread_mutex_lock(&events->lock);
    events->stopping = true;
    pthread_cond_broadcast(&events->wake);
    pthread_mutex_unlock(&events->lock);
    if (events->running) {
        pthread_join(events->thread, NULL);
        events->running = false;
    }
    pthread_mutex_lock(&events->lock);
    while (events->asking_count > 0) { /* the engine answers what it took */
        pthread_cond_wait(&events->wake, &events->lock);
    }
    for (size_t i = 0; i < EVENTS_STREAMS_MAX; i++) {
        if (events->listeners[i].stream != NULL) {
            listener_drop(events, &events->listeners[i]);
        }
    }
    pthread_mutex_unlock(&events->lock);
}

/* ---- where a terminal stands ---- */

static enum refusal decide_terminal_place(const void *request, struct moment *at, struct view *view,
                                          void *answer)
{
    const struct id_row *want = request;
    const struct terminal_row *terminal = terminal_ask(view, want->id);
    (void)at;
    if (!row_exists(terminal)) {
        return REFUSAL_terminal_unknown;
    }
    memcpy(answer, terminal, sizeof(*terminal));
    return REFUSAL_none;
}

static const struct command terminal_place = {
    .name = "terminal_place",
    .flags = COMMAND_reads | COMMAND_internal,
    .callers = CALLERS_PLATFORM,
    .request = &id_shape,
    .answer = &terminal_table.shape,
    .decide = decide_terminal_place,
    .summary = "The shop of a terminal, for its event stream.",
};

static void place_done(struct call *call)
{
    struct listener *listener = call->context;
    struct events *events = listener->events;
    pthread_mutex_lock(&events->lock);
    events->asking_count--;
    if (listener->state == LISTENER_ending) {
        listener->state = LISTENER_free;
    } else {
        listener->state = LISTENER_open;
        bool found = call->status == STATUS_ok && call->refusal == REFUSAL_none;
        /* A terminal that is not there sees nothing: its kind stays. */
        listener->caller =
            found ? (struct caller){ CALLER_shop, listener->answer.shop_id } : listener->caller;
        events->fresh = true;
    }
    pthread_mutex_unlock(&events->lock);
    pthread_cond_broadcast(&events->wake);
}

/* With the lock held. */
static void place_ask(struct events *events, struct listener *listener)
{
    listener->events = events;
    listener->request.id = listener->caller.id;
    listener->call = (struct call){ .command = &terminal_place,
                                    .request = &listener->request,
                                    .answer = &listener->answer,
                                    .caller = { .kind = CALLER_system },
                                    .deadline_us = os_monotonic_us() + CALL_AGE_MAX_US,
                                    .done = place_done,
                                    .context = listener };
    listener->state = LISTENER_asking;
    events->asking_count++;
    if (!engine_submit(events->settings.engine, &listener->call)) {
        events->asking_count--;
        listener->state = LISTENER_open;
        listener_drop(events, listener); /* it will come again when the till has less to do */
    }
}

/* ---- the page ---- */

/* With the lock held. */
static struct listener *place_find(struct events *events)
{
    for (size_t i = 0; i < EVENTS_STREAMS_MAX; i++) {
        if (events->listeners[i].state == LISTENER_free) {
            return &events->listeners[i];
        }
    }
    return NULL;
}

/* "Bearer TOKEN", which was checked already. */
static void token_keep(const struct http_request *http, char to[TOKEN_TEXT_SIZE])
{
    struct span rest;
    struct span header = http_header_value(http, "Authorization");
    (void)span_cut(span_trim(header), ' ', &rest);
    bool fits = span_copy(span_trim(rest), to, TOKEN_TEXT_SIZE);
    assert(fits);
}

static void listener_begin(struct events *events, struct listener *listener, struct http_request *http,
                           const struct caller *caller)
{
    static const struct http_header headers[] = {
        { "Cache-Control", "no-store" },
        { "X-Content-Type-Options", "nosniff" },
        { "X-Accel-Buffering", "no" },
    };
    struct listener begun = { .state = LISTENER_open, .caller = *caller };
    token_keep(http, begun.token);
    struct span last = http_header_value(http, "Last-Event-ID");
    begun.resumes = last.size > 0 && event_id_read(&events->ring, last, &begun.after);
    begun.lost = last.size > 0 && !begun.resumes;
    begun.stream = http_stream_begin(http, "text/event-stream; charset=utf-8", headers, COUNT_OF(headers));
    if (begun.stream == NULL) {
        return;
    }
    keep_begin(events);
    begun.next = events->ring.head;
    *listener = begun;
    events->listener_count++;
    events->fresh = true;
    if (caller->kind == CALLER_terminal) {
        place_ask(events, listener);
    }
}

static void events_serve(void *context, struct http_request *http, const struct caller *caller,
                         const struct span *params, uint32_t param_count)
{
    struct events *events = context;
    (void)params;
    (void)param_count;
    if (http->method == HTTP_HEAD) {
        http_answer(http, 200, "text/event-stream; charset=utf-8", (struct span){ NULL, 0 }, NULL, 0);
        return;
    }
    ring_make(events);
    pthread_mutex_lock(&events->lock);
    struct listener *listener = events->stopping ? NULL : place_find(events);
    if (listener != NULL) {
        listener_begin(events, listener, http, caller);
    }
    pthread_mutex_unlock(&events->lock);
    if (listener == NULL) {
        page_busy_problem(http, "there are as many streams as this server allows");
        return;
    }
    pthread_cond_broadcast(&events->wake);
}

struct rest_page events_page(struct events *events)
{
    return (struct rest_page){ .name = "event_stream",
                               .method = "GET",
                               .route = "/v1/events",
                               .callers = CALLERS_ALL & ~CALLER_BIT(system),
                               .serve = events_serve,
                               .context = events,
                               .content_type = "text/event-stream",
                               .summary = "What happens to the caller's trades, orders of meals, kitchen tickets and "
                                          "dishes, as server-sent events; Last-Event-ID resumes." };
}

uint32_t events_stream_count(struct events *events)
{
    pthread_mutex_lock(&events->lock);
    uint32_t count = events->listener_count;
    pthread_mutex_unlock(&events->lock);
    return count;
}
