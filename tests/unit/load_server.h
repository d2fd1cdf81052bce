/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP server in a thread, for testing clients: answers each request with its own body (or its path
 * when it has none), and misbehaves as told. Set the fields after server_start and before the first request.
 */
#ifndef TESTS_UNIT_LOAD_SERVER_H
#define TESTS_UNIT_LOAD_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "load/http_client.h"

#define SERVER_CONNECTIONS_MAX 128
#define SERVER_REQUEST_MAX 65536

struct server_connection {
    int fd;
    size_t size;
    char bytes[SERVER_REQUEST_MAX];
};

struct server {
    struct http_address address;
    int listener;
    pthread_t thread;
    atomic_bool stop;
    /* How it misbehaves; every nth request, 0 for never. */
    atomic_uint close_after_every; /* answers with Connection: close and closes */
    atomic_uint drop_every;        /* closes without an answer */
    atomic_uint silent_every;      /* never answers, keeps the connection */
    atomic_uint garbage_every;     /* answers something that is not HTTP */
    atomic_uint stall_at;          /* before answering this one, */
    atomic_uint stall_ms;          /* does nothing at all for so long */
    atomic_bool chunked;           /* answers in chunks and in several writes */
    /* What it saw. */
    atomic_uint requests; /* whole ones */
    atomic_uint halves;   /* connections that closed in the middle of a request */
    atomic_uint accepted;
    struct server_connection connections[SERVER_CONNECTIONS_MAX];
};

struct server *server_start(void);
void server_stop(struct server *server);

#endif
