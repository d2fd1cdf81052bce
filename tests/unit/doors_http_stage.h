/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the HTTP server share: a handler that answers at once, later, from another thread or
 * with a stream, and clients on raw sockets. Everything asserts; nothing waits longer than PATIENCE_US.
 */
#ifndef TESTS_UNIT_DOORS_HTTP_STAGE_H
#define TESTS_UNIT_DOORS_HTTP_STAGE_H

#include "base/os_clock.h"
#include "doors/http.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

#define WAITING_MAX 512
#define PATIENCE_US 10000000
#define LARGE_SIZE 24576 /* of the answer of /large, which wants an `arena_max` below that */

/* What the handler shares with the test. */
#define STAGE_STREAMS_MAX 256

struct stage {
    struct http_server *server;
    uint32_t held_max;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct http_request *waiting[WAITING_MAX];
    unsigned waiting_count;
    struct http_request *raced; /* what the racer is to answer */
    bool raced_done, racer_ends;
    pthread_t racer;
    struct http_stream *streams[STAGE_STREAMS_MAX];
    unsigned stream_count;
    atomic_uint finished;
};

/* Waits until a condition on the server's `now` counts holds, and says what they are when it never does. */
#define AWAIT(stage, condition)                                                                              \
    for (int64_t patient_until = os_monotonic_us() + PATIENCE_US;;) {                                        \
        struct http_counts now = http_counts((stage)->server);                                               \
        if (condition) {                                                                                     \
            break;                                                                                           \
        }                                                                                                    \
        if (os_monotonic_us() > patient_until) {                                                             \
            fail_msg("%s: requests %lu connections %lu open %lu waiting %lu streams %lu dropped %lu",        \
                     #condition, now.requests, now.connections, now.connections_open, now.waiting,           \
                     now.streams_open, now.streams_dropped);                                                 \
        }                                                                                                    \
        os_sleep_us(2000);                                                                                   \
    }

/* A client: a socket, and what was read beyond the last answer. */
struct client {
    int fd;
    char bytes[65536];
    size_t size;
    int status;
    char head[8192];
    char body[32768];
};

/* One stage with links that are held while they wait for an answer, one with links that are suspended. */
int set_up_held(void **state);
int set_up_suspended(void **state);
int tear_down(void **state);

/* /later keeps the request, /race is answered by another thread before the handler returns, /stream begins
 * one, /large answers with what no arena holds by itself; every other path echoes
 * "METHOD path name=value... peer [X-Test] body". */
void handle(void *context, struct http_request *request);
struct http_settings settings_of(const struct stage *stage);
void open_with(struct stage *stage, const struct http_settings *settings);
void open_stage(struct stage *stage);
void await_waiting(struct stage *stage, unsigned count);
void await_streams(struct stage *stage, unsigned count);

void client_open(struct client *client, const struct stage *stage);
void say(const struct client *client, const char *text);
/* Reads some bytes. False when the server has closed. */
bool fill(struct client *client);
/* One answer's head, or all of it. False when the server has closed instead. */
bool hear_head(struct client *client);
bool hear(struct client *client);
void expect(struct client *client, int status, const char *body);
void expect_problem(struct client *client, int status);
void expect_closed(struct client *client);
/* Takes chunks off the wire until their contents have `want` in them, or (NULL) to the last chunk. */
void await_text(struct client *client, const char *want);

#endif
