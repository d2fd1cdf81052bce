/* SPDX-License-Identifier: Apache-2.0 */
#include "load/http_client.h"

#include "base/os_clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CALL_SIZE_MAX ((size_t)1 << 20)

static bool port_read(struct span text, in_port_t *port)
{
    int64_t number;
    if (text.size > 5 || !span_to_i64(text, &number) || number < 1 || number > 65535) {
        return false;
    }
    *port = htons((uint16_t)number);
    return true;
}

static bool v6_read(struct span text, struct http_address *address)
{
    char host[INET6_ADDRSTRLEN];
    struct span rest;
    struct span inner = span_cut((struct span){ text.bytes + 1, text.size - 1 }, ']', &rest);
    address->socket.v6.sin6_family = AF_INET6;
    address->socket_size = sizeof address->socket.v6;
    return rest.size > 1 && rest.bytes[0] == ':' && span_copy(inner, host, sizeof host) &&
           inet_pton(AF_INET6, host, &address->socket.v6.sin6_addr) == 1 &&
           port_read((struct span){ rest.bytes + 1, rest.size - 1 }, &address->socket.v6.sin6_port);
}

static bool v4_read(struct span text, struct http_address *address)
{
    char host[INET_ADDRSTRLEN];
    struct span port;
    struct span name = span_cut(text, ':', &port);
    if (span_equal(name, SPAN("localhost"))) {
        name = SPAN("127.0.0.1");
    }
    address->socket.v4.sin_family = AF_INET;
    address->socket_size = sizeof address->socket.v4;
    return span_copy(name, host, sizeof host) &&
           inet_pton(AF_INET, host, &address->socket.v4.sin_addr) == 1 &&
           port_read(port, &address->socket.v4.sin_port);
}

bool http_address_read(struct span text, struct http_address *address)
{
    const struct span scheme = SPAN("http://");
    struct http_address found;
    memset(&found, 0, sizeof found);
    if (text.size > scheme.size && memcmp(text.bytes, scheme.bytes, scheme.size) == 0) {
        text = (struct span){ text.bytes + scheme.size, text.size - scheme.size };
    }
    if (text.size == 0 || !span_copy(text, found.host, sizeof found.host) ||
        !(text.bytes[0] == '[' ? v6_read(text, &found) : v4_read(text, &found))) {
        return false;
    }
    *address = found;
    return true;
}

int http_socket_open(const struct http_address *address)
{
    int on = 1;
    int fd = socket(address->socket.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    /* Where the system's default paces with timers (bbr), each request would pay for it; when this is refused
     * the default does as well. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        (connect(fd, &address->socket.any, address->socket_size) != 0 && errno != EINPROGRESS)) {
        close(fd);
        return -1;
    }
    return fd;
}

bool http_socket_connected(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

/* False when the time is up first. */
static bool wait_for(int fd, short events, int64_t deadline_us)
{
    for (;;) {
        int64_t left_us = deadline_us - os_monotonic_us();
        struct pollfd item = { .fd = fd, .events = events };
        if (left_us <= 0) {
            return false;
        }
        int ready = poll(&item, 1, (int)min_i64((left_us + 999) / 1000, 60000));
        if (ready > 0) {
            return true;
        }
    }
}

static enum status send_all(int fd, const char *bytes, size_t size, int64_t deadline_us)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN) {
            if (!wait_for(fd, POLLOUT, deadline_us)) {
                return STATUS_busy;
            }
        } else if (errno != EINTR) {
            return STATUS_fault;
        }
    }
    return STATUS_ok;
}

static enum status receive_answer(int fd, struct http_call *call, bool to_head, int64_t deadline_us)
{
    struct http_parser parser;
    size_t size = 0;
    http_parser_init(&parser, call->answer_capacity, to_head);
    for (;;) {
        ssize_t got = recv(fd, call->answer + size, call->answer_capacity - size, 0);
        if (got < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                return STATUS_fault;
            }
            if (!wait_for(fd, POLLIN, deadline_us)) {
                return STATUS_busy;
            }
            continue;
        }
        size += (size_t)got;
        switch (http_parse(&parser, call->answer, size, got == 0)) {
        case HTTP_done:
            call->status = parser.status;
            call->head = (struct span){ call->answer + parser.head_at, parser.head_size };
            call->answer_body = (struct span){ call->answer + parser.body_at, parser.body_size };
            return STATUS_ok;
        case HTTP_malformed:
            return STATUS_bad_input;
        case HTTP_too_large:
            return STATUS_too_large;
        case HTTP_more:
            break;
        }
        if (got == 0) {
            return STATUS_fault;
        }
    }
}

static bool body_is_usual(struct span method)
{
    return span_equal(method, SPAN("POST")) || span_equal(method, SPAN("PUT")) ||
           span_equal(method, SPAN("PATCH"));
}

static void request_write(struct http_request *request, const struct http_address *address,
                          const struct http_call *call)
{
    http_request_line(request, call->method, call->path);
    http_request_header(request, SPAN("Host"), span_of(address->host));
    http_request_header(request, SPAN("Connection"), SPAN("close"));
    http_request_raw(request, call->headers);
    if (call->body.size > 0 || body_is_usual(call->method)) {
        http_request_post(request, (struct span){ NULL, 0 }, call->body);
    } else {
        http_request_end(request);
    }
}

enum status http_call(const struct http_address *address, struct http_call *call)
{
    int64_t deadline_us = os_monotonic_us() + call->timeout_us;
    struct http_request request;
    enum status status = STATUS_fault;
    assert(call->answer_capacity > 0);
    char *bytes = malloc(CALL_SIZE_MAX);
    if (bytes == NULL) {
        return STATUS_too_large;
    }
    http_request_init(&request, bytes, CALL_SIZE_MAX);
    request_write(&request, address, call);
    int fd = request.failed ? -1 : http_socket_open(address);
    if (request.failed) {
        status = STATUS_too_large;
    } else if (fd >= 0 && !wait_for(fd, POLLOUT, deadline_us)) {
        status = STATUS_busy;
    } else if (fd >= 0 && http_socket_connected(fd)) {
        status = send_all(fd, request.bytes, request.size, deadline_us);
        if (status != STATUS_busy) {
            /* A server that refuses early answers and closes: then sending fails and there is an answer. */
            status = receive_answer(fd, call, request.to_head, deadline_us);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    free(bytes);
    return status;
}
