/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to an HTTP server: addresses, non-blocking sockets, and one call that waits for its answer.
 * For many requests there is load/http_fire.h (everything at once) and load/driver.h (at a rate).
 */
#ifndef LOAD_HTTP_CLIENT_H
#define LOAD_HTTP_CLIENT_H

#include "load/http_parse.h"
#include "load/http_request.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define HTTP_HOST_SIZE 64

struct http_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } socket;
    socklen_t socket_size;
    char host[HTTP_HOST_SIZE]; /* as in the Host header: 127.0.0.1:8080, [::1]:8080, localhost:8080 */
};

/*
 * "127.0.0.1:8080", "[::1]:8080" or "localhost:8080" (which is 127.0.0.1), perhaps after "http://". No names
 * are looked up. False, with `address` untouched, on anything else, port 0 included.
 */
MUST_CHECK bool http_address_read(struct span text, struct http_address *address);

/*
 * A non-blocking TCP socket on its way to `address`, without Nagle's delay, closed on exec. -1 when there
 * are no descriptors left or the connection failed at once. When it becomes writable, http_socket_connected
 * tells whether the connection stands.
 */
MUST_CHECK int http_socket_open(const struct http_address *address);
MUST_CHECK bool http_socket_connected(int fd);

/* One request on a connection of its own. Texts are the caller's; `answer` holds what comes back. */
struct http_call {
    struct span method, path;
    struct span headers; /* more header lines, each with CRLF; Host is sent anyway */
    struct span body;    /* sent with Content-Length when not empty, and for POST, PUT and PATCH always */
    int64_t timeout_us;  /* for the whole call */
    char *answer;
    size_t answer_capacity; /* head and body; at least 1 */
    /* Filled in on STATUS_ok; the spans point into `answer`. */
    int status;
    struct span head;
    struct span answer_body;
};

/*
 * Sends the request, waits for its answer, closes the connection. STATUS_ok: an answer came, whatever it
 * says. STATUS_busy: time is up. STATUS_fault: no connection, or it broke. STATUS_bad_input: what came is
 * not HTTP. STATUS_too_large: request beyond 1 MiB or answer beyond its buffer. Whether the server carried
 * the request out is unknown after anything but STATUS_ok.
 */
MUST_CHECK enum status http_call(const struct http_address *address, struct http_call *call);

#endif
