/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laws of this file:
 * 1. A slot counts in `in_flight` exactly while it is sending or waiting, and then has a deadline.
 * 2. Every request made gets exactly one outcome, through slot_finish.
 * 3. Slots change state only here in the worker's thread; a slot that is closed while an event for it is
 *    still in hand cannot exist, because a descriptor has one event for each wait.
 */
#include "load/driver_worker.h"

#include "base/os_clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_SECOND INT64_C(1000000000)
#define NEVER INT64_MAX
#define EVENTS_MAX 512
#define CONNECTING_MAX 64 /* at once, so that a server's listen queue does not overflow */
#define BACKOFF_MIN_NS (NS_PER_SECOND / 1000)
#define BACKOFF_MAX_NS (NS_PER_SECOND / 4)
#define WAIT_MAX_NS (NS_PER_SECOND / 20) /* driver_stop and ticks are seen that soon */
#define SHARED_IN_SIZE ((size_t)64 << 10)
#define OWN_BUFFER_SIZE ((size_t)4 << 10)

static_assert(DRIVER_CONNECTIONS_MAX <= UINT32_MAX, "slots are numbered in 32 bits");

static bool ring_init(struct ring *ring, uint32_t capacity)
{
    *ring = (struct ring){ .items = calloc(capacity, sizeof *ring->items), .capacity = capacity };
    return ring->items != NULL;
}

static void ring_push(struct ring *ring, uint32_t index)
{
    assert(ring->count < ring->capacity);
    uint32_t at = ring->first + ring->count++;
    ring->items[at < ring->capacity ? at : at - ring->capacity] = index;
}

static uint32_t ring_pop(struct ring *ring)
{
    assert(ring->count > 0);
    uint32_t index = ring->items[ring->first];
    ring->first = ring->first + 1 < ring->capacity ? ring->first + 1 : 0;
    ring->count--;
    return index;
}

static uint32_t index_of(const struct worker *worker, const struct slot *slot)
{
    return (uint32_t)(slot - worker->slots);
}

static void deadline_set(struct worker *worker, const struct slot *slot, int64_t at_ns)
{
    worker->deadlines_ns[index_of(worker, slot)] = at_ns;
    worker->sweep_at_ns = min_i64(worker->sweep_at_ns, at_ns);
}

static void slot_release_to_ring(struct worker *worker, struct slot *slot)
{
    slot->state = SLOT_free;
    if (!slot->queued) {
        slot->queued = true;
        ring_push(&worker->free, index_of(worker, slot));
    }
}

/* Closes the connection. It is opened again at once, or after a pause when it was of no use. */
static void slot_close(struct worker *worker, struct slot *slot)
{
    assert(slot->state == SLOT_free || slot->state == SLOT_connecting);
    bool failed = slot->state == SLOT_connecting || !slot->used;
    if (slot->state == SLOT_connecting) {
        worker->connecting_count--;
        worker->counts.connect_failures++;
    } else {
        worker->open_count--;
    }
    if (slot->fd >= 0) {
        close(slot->fd);
    }
    slot->fd = -1;
    slot->state = SLOT_closed;
    slot->in.size = 0;
    if (failed) {
        int64_t longer = max_i64(slot->backoff_ns * 2, BACKOFF_MIN_NS);
        slot->backoff_ns = min_i64(longer, BACKOFF_MAX_NS);
        deadline_set(worker, slot, worker->now_ns + slot->backoff_ns);
    } else {
        deadline_set(worker, slot, NEVER);
        ring_push(&worker->unconnected, index_of(worker, slot));
    }
}

static void slot_connect(struct worker *worker, struct slot *slot)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = slot };
    assert(slot->state == SLOT_closed);
    slot->state = SLOT_connecting;
    slot->used = false;
    worker->connecting_count++;
    uint32_t server = index_of(worker, slot) % (worker->options->other_count + 1);
    slot->fd = http_socket_open(server == 0 ? &worker->options->address : &worker->options->others[server - 1]);
    if (slot->fd < 0 || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, slot->fd, &event) != 0) {
        slot_close(worker, slot);
        return;
    }
    deadline_set(worker, slot, worker->now_ns + worker->options->timeout_us * NS_PER_US);
}

static void connect_some(struct worker *worker)
{
    while (!worker->ending && worker->unconnected.count > 0 && worker->connecting_count < CONNECTING_MAX) {
        slot_connect(worker, &worker->slots[ring_pop(&worker->unconnected)]);
    }
}

static void outcome_record(struct worker *worker, const struct slot *slot, const struct answer_in *answer)
{
    worker->counts.outcomes[answer->outcome]++;
    worker->finished_ns = worker->now_ns;
    if (answer->outcome == OUTCOME_answered) {
        worker->counts.answered++;
        worker->counts.status_hundreds[answer->status / 100]++;
    }
    if (slot->intended_ns < worker->measure_ns ||
        (answer->outcome != OUTCOME_answered && answer->outcome != OUTCOME_timed_out)) {
        return;
    }
    worker->measured += answer->outcome == OUTCOME_answered;
    histogram_record(&worker->latency, answer->latency_us);
    histogram_record(&worker->service, (worker->now_ns - slot->sent_ns) / NS_PER_US);
}

/* The request's end. The slot is free afterwards; who finds the connection spent closes it then. */
static void slot_finish(struct worker *worker, struct slot *slot, enum outcome outcome, const char *bytes)
{
    struct answer_in answer = {
        .outcome = outcome,
        .intended_us = slot->intended_ns / NS_PER_US,
        .sent_us = slot->sent_ns / NS_PER_US,
        .latency_us = max_i64(worker->now_ns - slot->intended_ns, 0) / NS_PER_US,
    };
    if (outcome == OUTCOME_answered) {
        answer.status = slot->parser.status;
        answer.head = (struct span){ bytes + slot->parser.head_at, slot->parser.head_size };
        answer.body = (struct span){ bytes + slot->parser.body_at, slot->parser.body_size };
    }
    assert(slot->state == SLOT_sending || slot->state == SLOT_waiting);
    assert(worker->in_flight > 0);
    worker->in_flight--;
    worker->hold_until_ns = 0;
    worker->deadlines_ns[index_of(worker, slot)] = NEVER;
    outcome_record(worker, slot, &answer);
    worker->options->done(worker->options->context, slot->number, &answer);
    slot_release_to_ring(worker, slot);
}

static void slot_finish_and_close(struct worker *worker, struct slot *slot, enum outcome outcome)
{
    slot_finish(worker, slot, outcome, NULL);
    slot_close(worker, slot);
}

static bool buffer_reserve(struct slot_buffer *buffer, size_t capacity)
{
    if (capacity <= buffer->capacity) {
        return true;
    }
    char *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL) {
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

/* Makes room for more of a long answer: twice as much as is there, within the limit. */
static bool in_reserve(const struct worker *worker, struct slot_buffer *in, size_t size)
{
    size_t wanted = size * 2 > OWN_BUFFER_SIZE ? size * 2 : OWN_BUFFER_SIZE;
    size_t limit = worker->options->answer_size_max;
    return buffer_reserve(in, wanted < limit ? wanted : limit);
}

/* Keeps a part of an answer until the rest arrives. */
static bool in_keep(const struct worker *worker, struct slot *slot, const char *bytes, size_t size)
{
    if (slot->in.size == 0) {
        if (!in_reserve(worker, &slot->in, size)) {
            return false;
        }
        memcpy(slot->in.bytes, bytes, size);
    }
    slot->in.size = size;
    return slot->in.size < slot->in.capacity || in_reserve(worker, &slot->in, size);
}

/* What was read is handed to the parser. True when the connection may be read on. */
static bool slot_take(struct worker *worker, struct slot *slot, char *bytes, size_t size, bool ended)
{
    bool sending = slot->state == SLOT_sending;
    switch (http_parse(&slot->parser, bytes, size, ended)) {
    case HTTP_done:
        slot_finish(worker, slot, OUTCOME_answered, bytes);
        slot->in.size = 0;
        if (!slot->parser.keep || slot->parser.used < size || sending || ended) {
            slot_close(worker, slot);
            return false;
        }
        return true;
    case HTTP_more:
        if (ended) {
            slot_finish_and_close(worker, slot, OUTCOME_broken);
            return false;
        }
        if (in_keep(worker, slot, bytes, size)) {
            return true;
        }
        break;
    case HTTP_malformed:
    case HTTP_too_large:
        break;
    }
    slot_finish_and_close(worker, slot, OUTCOME_malformed);
    return false;
}

/*
 * Reads until nothing is left. A read that fills less than its room has emptied the socket, which saves the
 * one that would say so; but when the peer has closed, its end of stream is still to be read.
 */
static void slot_receive(struct worker *worker, struct slot *slot, bool closing)
{
    for (;;) {
        bool own = slot->in.size > 0;
        char *bytes = own ? slot->in.bytes : worker->in;
        size_t room = own ? slot->in.capacity - slot->in.size : worker->in_capacity;
        ssize_t got = recv(slot->fd, bytes + slot->in.size, room, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == EAGAIN) {
            return;
        }
        if (slot->state == SLOT_free) { /* the server closed an idle connection, or speaks unasked */
            slot_close(worker, slot);
            return;
        }
        if (got < 0) {
            slot_finish_and_close(worker, slot, OUTCOME_broken);
            return;
        }
        worker->counts.received_bytes += (uint64_t)got;
        if (!slot_take(worker, slot, bytes, slot->in.size + (size_t)got, got == 0) ||
            ((size_t)got < room && !closing)) {
            return;
        }
    }
}

/* All bytes are out that the maker wanted out. */
static void slot_sent(struct worker *worker, struct slot *slot)
{
    if (slot->fault == FAULT_half || slot->fault == FAULT_unread) {
        slot_finish_and_close(worker, slot, OUTCOME_gave_up);
    } else {
        slot->state = SLOT_waiting;
        deadline_set(worker, slot, slot->timeout_at_ns);
    }
}

static ssize_t send_once(int fd, const char *bytes, size_t size)
{
    ssize_t sent;
    do {
        sent = send(fd, bytes, size, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

/* Sends at most `limit` of the bytes that were left over. */
static void slot_send_rest(struct worker *worker, struct slot *slot, size_t limit)
{
    while (limit > 0 && slot->out_at < slot->out.size) {
        size_t left = slot->out.size - slot->out_at;
        ssize_t sent = send_once(slot->fd, slot->out.bytes + slot->out_at, left < limit ? left : limit);
        if (sent < 0 && errno == EAGAIN) {
            break;
        }
        if (sent < 0) {
            /* Perhaps the server answered early and closed: the answer is still to be read. */
            slot_receive(worker, slot, true);
            if (slot->state == SLOT_sending) {
                slot_finish_and_close(worker, slot, OUTCOME_broken);
            }
            return;
        }
        worker->counts.sent_bytes += (uint64_t)sent;
        slot->out_at += (size_t)sent;
        limit -= (size_t)sent;
    }
    if (slot->out_at == slot->out.size) {
        slot_sent(worker, slot);
    }
}

static void piece_send(struct worker *worker, struct slot *slot)
{
    slot_send_rest(worker, slot, slot->piece_size);
    if (slot->state == SLOT_sending) {
        deadline_set(worker, slot, min_i64(slot->timeout_at_ns, worker->now_ns + slot->piece_gap_ns));
    }
}

/* Sends a request that was just made, as much as goes at once. */
static void slot_send(struct worker *worker, struct slot *slot, const struct request_out *out)
{
    const struct http_request *http = &out->http;
    size_t size = out->fault == FAULT_half ? (http->size + 1) / 2 : http->size;
    size_t sent = 0;
    slot->out.size = slot->out_at = 0;
    if (out->fault != FAULT_pieces) {
        ssize_t result = send_once(slot->fd, http->bytes, size);
        if (result < 0 && errno != EAGAIN) {
            slot_finish_and_close(worker, slot, OUTCOME_broken);
            return;
        }
        sent = result < 0 ? 0 : (size_t)result;
        worker->counts.sent_bytes += sent;
    }
    if (sent == size) {
        slot_sent(worker, slot);
        return;
    }
    if (!buffer_reserve(&slot->out, size - sent)) {
        slot_finish_and_close(worker, slot, OUTCOME_broken);
        return;
    }
    memcpy(slot->out.bytes, http->bytes + sent, size - sent);
    slot->out.size = size - sent;
    if (out->fault == FAULT_pieces) {
        assert(out->pieces >= 2 && out->pieces <= DRIVER_PIECES_MAX && out->piece_gap_us > 0);
        slot->piece_size = (size + out->pieces - 1) / out->pieces;
        slot->piece_gap_ns = out->piece_gap_us * NS_PER_US;
        piece_send(worker, slot);
    } else {
        deadline_set(worker, slot, slot->timeout_at_ns);
    }
}

/* Asks for the next request and sends it. False when there is none now. */
static bool slot_make(struct worker *worker, struct slot *slot, int64_t intended_ns)
{
    const struct driver_options *options = worker->options;
    struct request_out out = {
        .intended_us = intended_ns / NS_PER_US,
        .again_at_us = worker->now_ns / NS_PER_US + 100000,
        .timeout_us = options->timeout_us,
    };
    http_request_init(&out.http, worker->out, options->request_size_max);
    enum make make = options->make(options->context, slot->number, &out);
    if (make != MAKE_send) {
        if (make == MAKE_finished) {
            worker->ending = true;
        } else {
            worker->hold_until_ns = out.again_at_us * NS_PER_US;
        }
        slot_release_to_ring(worker, slot);
        return false;
    }
    assert(out.http.size > 0 || out.http.failed);
    worker->counts.made++;
    worker->in_flight++;
    slot->state = SLOT_sending;
    slot->fault = out.fault;
    slot->intended_ns = intended_ns;
    slot->sent_ns = os_monotonic_ns();
    if (options->rate == 0) {
        slot->intended_ns = slot->sent_ns;
    }
    slot->timeout_at_ns = slot->sent_ns + out.timeout_us * NS_PER_US;
    http_parser_init(&slot->parser, options->answer_size_max, out.http.to_head);
    if (out.http.failed) {
        slot_finish(worker, slot, OUTCOME_unsent, NULL);
    } else {
        slot->used = true;
        slot->backoff_ns = 0;
        slot_send(worker, slot, &out);
    }
    return true;
}

/* Moves on to the next arrival of this worker's share of the schedule. */
static void schedule_advance(struct worker *worker)
{
    const struct driver_options *options = worker->options;
    worker->arrivals++;
    if (options->poisson) {
        worker->next_ns += (int64_t)random_exponential(&worker->random, (uint64_t)worker->gap_ns);
    } else {
        /* From the start each time, so that no rounding adds up. */
        uint128 share = (uint128)worker->arrivals * options->threads * (uint64_t)NS_PER_SECOND;
        worker->next_ns = worker->start_ns + (int64_t)(share / options->rate);
    }
}

static struct slot *free_slot_pop(struct worker *worker)
{
    while (worker->free.count > 0) {
        struct slot *slot = &worker->slots[ring_pop(&worker->free)];
        slot->queued = false;
        if (slot->state == SLOT_free) {
            return slot; /* others were closed by the server while they were idle */
        }
    }
    return NULL;
}

static void make_closed_loop(struct worker *worker)
{
    /* Each slot once: one that is free again at once has its turn after the next events. */
    for (uint32_t count = worker->free.count; count > 0 && !worker->ending; count--) {
        struct slot *slot = free_slot_pop(worker);
        if (slot == NULL || !slot_make(worker, slot, worker->now_ns)) {
            return;
        }
    }
}

static void make_open_loop(struct worker *worker)
{
    for (uint32_t count = worker->slot_count; worker->next_ns <= worker->now_ns && !worker->ending; count--) {
        if (worker->next_ns >= worker->end_ns || count == 0) {
            return;
        }
        struct slot *slot = free_slot_pop(worker);
        if (slot == NULL) {
            uint64_t behind = (uint64_t)((worker->now_ns - worker->next_ns) / max_i64(worker->gap_ns, 1)) + 1;
            worker->starved_ns = worker->now_ns;
            if (behind > worker->counts.waiting_max) {
                worker->counts.waiting_max = behind;
            }
            return;
        }
        if (!slot_make(worker, slot, worker->next_ns)) {
            return;
        }
        worker->counts.waited += worker->next_ns <= worker->starved_ns;
        schedule_advance(worker);
    }
}

static void make_some(struct worker *worker)
{
    bool open_loop = worker->options->rate > 0;
    if (worker->now_ns >= worker->end_ns || (open_loop && worker->next_ns >= worker->end_ns) ||
        atomic_load_explicit(worker->stop, memory_order_relaxed)) {
        worker->ending = true;
    }
    if (worker->ending || worker->hold_until_ns > worker->now_ns) {
        return;
    }
    if (open_loop) {
        make_open_loop(worker);
    } else {
        make_closed_loop(worker);
    }
}

static void deadline_passed(struct worker *worker, struct slot *slot)
{
    worker->deadlines_ns[index_of(worker, slot)] = NEVER;
    switch (slot->state) {
    case SLOT_closed:
        ring_push(&worker->unconnected, index_of(worker, slot));
        break;
    case SLOT_connecting:
        slot_close(worker, slot);
        break;
    case SLOT_free:
        assert(false); /* a free slot waits for nothing */
        break;
    case SLOT_sending:
        if (slot->fault == FAULT_pieces && slot->timeout_at_ns > worker->now_ns) {
            piece_send(worker, slot);
            break;
        }
        slot_finish_and_close(worker, slot, OUTCOME_timed_out);
        break;
    case SLOT_waiting:
        slot_finish_and_close(worker, slot, OUTCOME_timed_out);
        break;
    }
}

static void sweep(struct worker *worker)
{
    int64_t earliest = NEVER;
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        if (worker->deadlines_ns[i] <= worker->now_ns) {
            deadline_passed(worker, &worker->slots[i]);
        }
        earliest = min_i64(earliest, worker->deadlines_ns[i]);
    }
    worker->sweep_at_ns = earliest;
}

static void slot_connected(struct worker *worker, struct slot *slot)
{
    if (!http_socket_connected(slot->fd)) {
        slot_close(worker, slot);
        return;
    }
    worker->connecting_count--;
    worker->open_count++;
    worker->counts.connects++;
    deadline_set(worker, slot, NEVER);
    slot_release_to_ring(worker, slot);
}

static void event_take(struct worker *worker, struct slot *slot, uint32_t events)
{
    bool closing = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (slot->state == SLOT_connecting) {
        if ((events & EPOLLOUT) != 0 || closing) {
            slot_connected(worker, slot);
        }
    } else if (slot->state == SLOT_sending && (events & EPOLLOUT) != 0 && slot->fault != FAULT_pieces) {
        slot_send_rest(worker, slot, SIZE_MAX);
    }
    bool open = slot->state != SLOT_closed && slot->state != SLOT_connecting;
    if (open && ((events & EPOLLIN) != 0 || closing)) {
        slot_receive(worker, slot, closing);
    }
}

/* How long the worker may sleep when no event comes. */
static int64_t wait_ns(const struct worker *worker)
{
    int64_t wake = min_i64(worker->now_ns + WAIT_MAX_NS, worker->sweep_at_ns);
    if (!worker->ending) {
        wake = min_i64(wake, worker->end_ns);
        if (worker->free.count > 0) {
            wake = min_i64(wake, max_i64(worker->hold_until_ns, worker->next_ns));
        }
    }
    return max_i64(wake - worker->now_ns, 0);
}

static int events_wait(const struct worker *worker, struct epoll_event *events, int64_t ns)
{
    struct timespec rest = { .tv_sec = ns / NS_PER_SECOND, .tv_nsec = ns % NS_PER_SECOND };
    int count = epoll_pwait2(worker->epoll, events, EVENTS_MAX, &rest, NULL);
    if (count < 0 && errno == ENOSYS) { /* Linux before 5.11: whole milliseconds */
        count = epoll_wait(worker->epoll, events, EVENTS_MAX, (int)((ns + 999999) / 1000000));
    }
    assert(count >= 0 || errno == EINTR);
    return count;
}

/* Lets a turn begin `gather_us` after the last one at the earliest: fewer, fuller turns cost less. */
static void gather(struct worker *worker)
{
    int64_t left_ns = worker->turned_ns + worker->options->gather_us * NS_PER_US - worker->now_ns;
    if (left_ns > 0) {
        os_sleep_us((left_ns + NS_PER_US - 1) / NS_PER_US);
        worker->now_ns = os_monotonic_ns();
    }
}

static void clock_turn(struct worker *worker)
{
    worker->now_ns = os_monotonic_ns();
    worker->turned_ns = worker->now_ns;
    if (worker->cpu_start_ns < 0 && worker->now_ns >= worker->measure_ns) {
        worker->cpu_start_ns = os_thread_cpu_ns();
    }
    if (worker->open_count > 0) {
        worker->alive_ns = worker->now_ns;
    } else if (worker->now_ns - worker->alive_ns > worker->options->patience_us * NS_PER_US) {
        worker->gave_up = !worker->ending;
        worker->ending = true;
    }
    if (worker->turn != NULL) {
        worker->turn(worker->driver, worker->now_ns);
    }
}

static void seen_store(struct worker *worker)
{
    uint64_t made = worker->counts.made;
    atomic_store_explicit(&worker->made_seen, made, memory_order_relaxed);
    atomic_store_explicit(&worker->finished_seen, made - worker->in_flight, memory_order_relaxed);
}

static void schedule_start(struct worker *worker, uint32_t index, int64_t start_ns)
{
    const struct driver_options *options = worker->options;
    worker->start_ns = start_ns;
    worker->measure_ns = start_ns + options->warmup_us * NS_PER_US;
    worker->end_ns = options->duration_us > 0 ? start_ns + options->duration_us * NS_PER_US : NEVER;
    if (options->rate > 0) {
        /* Thread t has arrivals t, t + threads, t + 2 threads … of the common schedule. */
        worker->gap_ns = NS_PER_SECOND * options->threads / options->rate;
        worker->start_ns += NS_PER_SECOND * index / options->rate;
        worker->next_ns = worker->start_ns;
        if (options->poisson) {
            worker->next_ns =
                start_ns + (int64_t)random_exponential(&worker->random, (uint64_t)worker->gap_ns);
        }
    }
}

void worker_run(struct worker *worker, int64_t start_ns)
{
    struct epoll_event events[EVENTS_MAX];
    int slack = prctl(PR_GET_TIMERSLACK);
    schedule_start(worker, worker->slots[0].number, start_ns);
    worker->alive_ns = start_ns;
    worker->cpu_start_ns = -1;
    prctl(PR_SET_TIMERSLACK, 1000UL); /* arrivals are planned to the microsecond */
    for (;;) {
        clock_turn(worker);
        if (worker->now_ns >= worker->sweep_at_ns) {
            sweep(worker);
        }
        make_some(worker);
        seen_store(worker);
        if (worker->ending && worker->in_flight == 0) {
            break;
        }
        connect_some(worker);
        if (worker->options->gather_us > 0) {
            gather(worker);
        }
        int count = events_wait(worker, events, wait_ns(worker));
        worker->now_ns = os_monotonic_ns();
        for (int i = 0; i < count; i++) {
            event_take(worker, events[i].data.ptr, events[i].events);
        }
    }
    int64_t over_ns = min_i64(worker->end_ns, worker->now_ns);
    if (worker->options->rate > 0 && worker->next_ns < over_ns) {
        worker->counts.unsent = (uint64_t)((over_ns - worker->next_ns - 1) / max_i64(worker->gap_ns, 1)) + 1;
    }
    worker->cpu_ns = worker->cpu_start_ns < 0 ? 0 : os_thread_cpu_ns() - worker->cpu_start_ns;
    prctl(PR_SET_TIMERSLACK, slack > 0 ? (unsigned long)slack : 0UL);
}

bool worker_init(struct worker *worker, const struct driver_options *options, uint32_t index)
{
    memset(worker, 0, sizeof *worker);
    worker->options = options;
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->slot_count = (options->connections - index + options->threads - 1) / options->threads;
    worker->in_capacity =
        options->answer_size_max < SHARED_IN_SIZE ? options->answer_size_max : SHARED_IN_SIZE;
    worker->in = malloc(worker->in_capacity);
    worker->out = malloc(options->request_size_max);
    worker->slots = calloc(worker->slot_count, sizeof *worker->slots);
    worker->deadlines_ns = calloc(worker->slot_count, sizeof *worker->deadlines_ns);
    bool rings = ring_init(&worker->free, worker->slot_count);
    rings = ring_init(&worker->unconnected, worker->slot_count) && rings;
    random_init(&worker->random, options->seed, index);
    if (worker->epoll < 0 || worker->in == NULL || worker->out == NULL || worker->slots == NULL ||
        worker->deadlines_ns == NULL || !rings) {
        return false;
    }
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        worker->slots[i].number = index + i * options->threads;
        worker->slots[i].fd = -1;
        worker->deadlines_ns[i] = NEVER;
        ring_push(&worker->unconnected, i);
    }
    worker->sweep_at_ns = NEVER;
    return true;
}

void worker_release(struct worker *worker)
{
    for (uint32_t i = 0; worker->slots != NULL && i < worker->slot_count; i++) {
        if (worker->slots[i].fd >= 0) {
            close(worker->slots[i].fd);
        }
        free(worker->slots[i].in.bytes);
        free(worker->slots[i].out.bytes);
    }
    if (worker->epoll >= 0) {
        close(worker->epoll);
    }
    free(worker->free.items);
    free(worker->unconnected.items);
    free(worker->deadlines_ns);
    free(worker->slots);
    free(worker->in);
    free(worker->out);
}
