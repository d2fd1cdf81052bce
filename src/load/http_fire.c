/* SPDX-License-Identifier: Apache-2.0 */
#include "load/http_fire.h"

#include "base/os_clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define SIZE_LIMIT ((size_t)16 << 20)
#define SEND_BUFFER_SIZE ((size_t)256 << 10)
#define FRUITLESS_MAX 5 /* connections in a row that brought no answer */
#define PAUSE_US 20000

/* One connection. `pending` holds the indexes that are sent or in `out` and not answered, oldest first. */
struct lane {
    int fd;
    bool connected;
    bool fruitful; /* brought an answer since it was opened */
    uint32_t first, count;
    size_t in_size, out_size, out_at;
    char *in, *out;
    struct http_parser parser;
    bool to_head[FIRE_DEPTH_MAX];
    uint64_t pending[FIRE_DEPTH_MAX];
};

struct fire {
    struct fire_options options;
    size_t out_capacity, in_capacity;
    uint64_t next;     /* the first index that was never sent */
    uint64_t finished; /* done was called for so many */
    uint64_t *again;   /* indexes to be sent once more */
    uint32_t again_count;
    uint32_t fruitless;
    enum status status;
    int64_t progress_us; /* when the last answer came */
    struct lane lanes[FIRE_CONNECTIONS_MAX];
};

static void finish(struct fire *fire, uint64_t index, int status, struct span head, struct span body)
{
    fire->finished++;
    fire->options.done(fire->options.context, index, status, head, body);
}

/* The first failure is the one that is told. */
static void fail(struct fire *fire, enum status status)
{
    if (fire->status == STATUS_ok) {
        fire->status = status;
    }
}

static void lost(struct fire *fire, uint64_t index, enum status status)
{
    const struct span none = { "", 0 };
    fail(fire, status);
    finish(fire, index, 0, none, none);
}

static void lane_close(struct fire *fire, struct lane *lane)
{
    fire->fruitless = lane->fruitful ? 0 : fire->fruitless + 1;
    close(lane->fd);
    lane->fd = -1;
    for (; lane->count > 0; lane->count--) {
        uint64_t index = lane->pending[lane->first];
        lane->first = (lane->first + 1) % FIRE_DEPTH_MAX;
        if (fire->options.repeatable) {
            fire->again[fire->again_count++] = index;
        } else {
            lost(fire, index, STATUS_fault);
        }
    }
}

static void lane_open(struct fire *fire, struct lane *lane)
{
    lane->fd = http_socket_open(&fire->options.address);
    lane->connected = lane->fruitful = false;
    lane->in_size = lane->out_size = lane->out_at = 0;
    lane->first = lane->count = 0;
    fire->fruitless += lane->fd < 0;
}

static bool work_left(const struct fire *fire)
{
    return fire->again_count > 0 || fire->next < fire->options.count;
}

/* Writes as many requests as the depth and the buffer allow. */
static void lane_fill(struct fire *fire, struct lane *lane)
{
    if (lane->out_at == lane->out_size) {
        lane->out_at = lane->out_size = 0;
    }
    while (lane->count < fire->options.depth && work_left(fire) &&
           fire->out_capacity - lane->out_size >= fire->options.request_size_max) {
        struct http_request request;
        bool again = fire->again_count > 0;
        uint64_t index = again ? fire->again[--fire->again_count] : fire->next++;
        http_request_init(&request, lane->out + lane->out_size, fire->options.request_size_max);
        fire->options.make(fire->options.context, index, &request);
        if (request.failed) {
            lost(fire, index, STATUS_too_large);
            continue;
        }
        assert(request.size > 0);
        uint32_t at = (lane->first + lane->count) % FIRE_DEPTH_MAX;
        if (lane->count == 0) {
            http_parser_init(&lane->parser, fire->options.answer_size_max, request.to_head);
        }
        lane->pending[at] = index;
        lane->to_head[at] = request.to_head;
        lane->count++;
        lane->out_size += request.size;
    }
}

/* False when the connection is done for. */
static bool lane_send(struct lane *lane)
{
    while (lane->out_at < lane->out_size) {
        ssize_t sent = send(lane->fd, lane->out + lane->out_at, lane->out_size - lane->out_at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return errno == EAGAIN;
        }
        lane->out_at += (size_t)sent;
    }
    return true;
}

/* An answer is whole: hands it over and prepares for the next. `at`: where it begins in the buffer. */
static void lane_answer(struct fire *fire, struct lane *lane, size_t at, int64_t now_us)
{
    const struct http_parser *parser = &lane->parser;
    uint64_t index = lane->pending[lane->first];
    struct span head = { lane->in + at + parser->head_at, parser->head_size };
    struct span body = { lane->in + at + parser->body_at, parser->body_size };
    lane->first = (lane->first + 1) % FIRE_DEPTH_MAX;
    lane->count--;
    lane->fruitful = true;
    fire->fruitless = 0;
    fire->progress_us = now_us;
    finish(fire, index, parser->status, head, body);
}

/* Takes the answers out of what is in the buffer. False when the connection is done for. */
static bool lane_parse(struct fire *fire, struct lane *lane, bool ended, int64_t now_us)
{
    size_t at = 0;
    bool keep = true;
    while (keep && lane->count > 0 && at < lane->in_size) {
        enum http_progress progress = http_parse(&lane->parser, lane->in + at, lane->in_size - at, ended);
        if (progress == HTTP_more) {
            break;
        }
        if (progress != HTTP_done) {
            lost(fire, lane->pending[lane->first], STATUS_bad_input);
            lane->first = (lane->first + 1) % FIRE_DEPTH_MAX;
            lane->count--;
            return false;
        }
        keep = lane->parser.keep;
        size_t used = lane->parser.used;
        lane_answer(fire, lane, at, now_us);
        at += used;
        http_parser_init(&lane->parser, fire->options.answer_size_max,
                         lane->count > 0 && lane->to_head[lane->first]);
    }
    lane->in_size -= at;
    memmove(lane->in, lane->in + at, lane->in_size);
    return keep && (lane->count > 0 || lane->in_size == 0);
}

static bool lane_receive(struct fire *fire, struct lane *lane, int64_t now_us)
{
    for (;;) {
        size_t room = fire->in_capacity - lane->in_size;
        assert(room > 0);
        ssize_t got = recv(lane->fd, lane->in + lane->in_size, room, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errno == EAGAIN;
        }
        lane->in_size += (size_t)got;
        if (!lane_parse(fire, lane, got == 0, now_us) || got == 0) {
            return false;
        }
        if ((size_t)got < room) {
            return true;
        }
    }
}

static void lane_take(struct fire *fire, struct lane *lane, short events, int64_t now_us)
{
    bool alive = true;
    if (!lane->connected && events != 0) {
        lane->connected = http_socket_connected(lane->fd);
        alive = lane->connected;
    }
    if (alive && lane->connected && (events & (POLLIN | POLLHUP | POLLERR)) != 0) {
        alive = lane_receive(fire, lane, now_us);
    }
    if (alive && lane->connected) {
        lane_fill(fire, lane);
        alive = lane_send(lane);
        if (!alive) {
            (void)lane_receive(fire, lane, now_us); /* answers that came before the end */
        }
    }
    if (!alive) {
        lane_close(fire, lane);
    }
}

/* Opens what is closed and needed, waits for events, deals with them. */
static void turn(struct fire *fire)
{
    struct pollfd items[FIRE_CONNECTIONS_MAX];
    struct lane *lanes[FIRE_CONNECTIONS_MAX];
    nfds_t count = 0;
    for (uint32_t i = 0; i < fire->options.connections; i++) {
        struct lane *lane = &fire->lanes[i];
        if (lane->fd < 0 && work_left(fire)) {
            lane_open(fire, lane);
        }
        if (lane->fd >= 0) {
            bool writing = !lane->connected || lane->out_at < lane->out_size;
            items[count] =
                (struct pollfd){ .fd = lane->fd, .events = (short)(writing ? POLLIN | POLLOUT : POLLIN) };
            lanes[count++] = lane;
        }
    }
    (void)poll(items, count, 100);
    int64_t now_us = os_monotonic_us();
    for (nfds_t i = 0; i < count; i++) {
        lane_take(fire, lanes[i], items[i].revents, now_us);
    }
    if (now_us - fire->progress_us > fire->options.timeout_us) {
        fail(fire, STATUS_busy);
        fire->fruitless = UINT32_MAX;
    } else if (fire->fruitless > 0 && fire->fruitless != UINT32_MAX) {
        os_sleep_us(PAUSE_US); /* a server that just starts needs a moment */
    }
}

/* Ends what will not be answered any more. */
static void give_up(struct fire *fire)
{
    fire->options.repeatable = false;
    for (uint32_t i = 0; i < fire->options.connections; i++) {
        if (fire->lanes[i].fd >= 0) {
            lane_close(fire, &fire->lanes[i]);
        }
    }
    while (fire->again_count > 0) {
        lost(fire, fire->again[--fire->again_count], STATUS_fault);
    }
    while (fire->next < fire->options.count) {
        lost(fire, fire->next++, STATUS_fault);
    }
}

static bool fire_init(struct fire *fire, const struct fire_options *options)
{
    struct fire_options *o = &fire->options;
    *o = *options;
    o->connections = o->connections == 0 ? 4 : o->connections;
    o->depth = o->depth == 0 ? 32 : o->depth;
    o->timeout_us = o->timeout_us == 0 ? 10000000 : o->timeout_us;
    o->request_size_max = o->request_size_max == 0 ? (size_t)64 << 10 : o->request_size_max;
    o->answer_size_max = o->answer_size_max == 0 ? (size_t)256 << 10 : o->answer_size_max;
    if (o->connections > FIRE_CONNECTIONS_MAX || o->depth > FIRE_DEPTH_MAX ||
        o->request_size_max > SIZE_LIMIT || o->answer_size_max > SIZE_LIMIT) {
        o->connections = 0;
        return false;
    }
    fire->out_capacity = o->request_size_max > SEND_BUFFER_SIZE ? o->request_size_max : SEND_BUFFER_SIZE;
    fire->in_capacity = o->answer_size_max;
    fire->progress_us = os_monotonic_us();
    fire->again = malloc((size_t)o->connections * o->depth * sizeof *fire->again);
    bool whole = fire->again != NULL;
    for (uint32_t i = 0; i < o->connections; i++) {
        struct lane *lane = &fire->lanes[i];
        lane->fd = -1;
        lane->in = malloc(fire->in_capacity);
        lane->out = malloc(fire->out_capacity);
        whole = whole && lane->in != NULL && lane->out != NULL;
    }
    return whole;
}

enum status http_fire(const struct fire_options *options)
{
    struct fire *fire = calloc(1, sizeof *fire);
    enum status status = STATUS_too_large;
    if (fire == NULL) {
        return status;
    }
    if (fire_init(fire, options)) {
        while (fire->finished < fire->options.count &&
               fire->fruitless <= FRUITLESS_MAX * fire->options.connections) {
            turn(fire);
        }
        give_up(fire);
        status = fire->status;
    }
    for (uint32_t i = 0; i < fire->options.connections; i++) {
        free(fire->lanes[i].in);
        free(fire->lanes[i].out);
    }
    free(fire->again);
    free(fire);
    return status;
}
