/* SPDX-License-Identifier: Apache-2.0 */
#include "load_server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os_clock.h"

static void answer_write(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent < 0) {
            return;
        }
        bytes += sent;
        size -= (size_t)sent;
    }
}

static bool every(unsigned nth, unsigned number)
{
    return nth > 0 && number % nth == 0;
}

static void answer_chunked(int fd, struct span body)
{
    char bytes[128];
    size_t half = body.size / 2;
    const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    answer_write(fd, head, sizeof head - 1);
    for (int part = 0; part < 2; part++) {
        size_t size = part == 0 ? half : body.size - half;
        if (size == 0) {
            continue;
        }
        int count = snprintf(bytes, sizeof bytes, "%zx\r\n", size);
        answer_write(fd, bytes, (size_t)count);
        answer_write(fd, body.bytes + (part == 0 ? 0 : half), size);
        answer_write(fd, "\r\n", 2);
    }
    answer_write(fd, "0\r\n\r\n", 5);
}

static void answer_plain(int fd, struct span body, bool last)
{
    char bytes[SERVER_REQUEST_MAX + 256];
    int count = snprintf(bytes, sizeof bytes, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n%.*s",
                         body.size, last ? "Connection: close\r\n" : "", (int)body.size, body.bytes);
    answer_write(fd, bytes, (size_t)count);
}

/* False when the connection is to be closed. */
static bool request_take(struct server *server, int fd, struct span body)
{
    unsigned number = atomic_fetch_add(&server->requests, 1) + 1;
    if (number == server->stall_at) {
        os_sleep_us((int64_t)server->stall_ms * 1000);
    }
    if (every(server->drop_every, number)) {
        return false;
    }
    if (every(server->silent_every, number)) {
        return true;
    }
    if (every(server->garbage_every, number)) {
        answer_write(fd, "SSH-2.0-nonsense\r\n\r\n", 20);
        return true;
    }
    bool last = every(server->close_after_every, number);
    if (server->chunked) {
        answer_chunked(fd, body);
    } else {
        answer_plain(fd, body, last);
    }
    return !last;
}

/* Takes whole requests out of what was read. False when the connection is to be closed. */
static bool requests_take(struct server *server, struct server_connection *connection)
{
    for (;;) {
        char *end = memmem(connection->bytes, connection->size, "\r\n\r\n", 4);
        if (end == NULL) {
            return true;
        }
        size_t head_size = (size_t)(end - connection->bytes) + 4;
        struct span head = { connection->bytes, head_size };
        struct span length;
        struct span path;
        int64_t body_size = 0;
        if (http_header(head, SPAN("Content-Length"), &length) && !span_to_i64(length, &body_size)) {
            return false;
        }
        size_t whole = head_size + (size_t)body_size;
        if (whole > connection->size) {
            return true;
        }
        (void)span_cut(head, ' ', &path);
        path = span_cut(path, ' ', &length);
        struct span body = { connection->bytes + head_size, (size_t)body_size };
        bool keep = request_take(server, connection->fd, body_size > 0 ? body : path);
        connection->size -= whole;
        memmove(connection->bytes, connection->bytes + whole, connection->size);
        if (!keep) {
            connection->size = 0;
            return false;
        }
    }
}

static void connection_serve(struct server *server, struct server_connection *connection)
{
    ssize_t got = recv(connection->fd, connection->bytes + connection->size,
                       sizeof connection->bytes - connection->size, 0);
    if (got > 0) {
        connection->size += (size_t)got;
        if (requests_take(server, connection)) {
            return;
        }
    }
    if (connection->size > 0) {
        atomic_fetch_add(&server->halves, 1);
    }
    close(connection->fd);
    connection->fd = -1;
    connection->size = 0;
}

static void accept_one(struct server *server)
{
    int fd = accept(server->listener, NULL, NULL);
    for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        if (server->connections[i].fd < 0) {
            server->connections[i].fd = fd;
            atomic_fetch_add(&server->accepted, 1);
            return;
        }
    }
    close(fd);
}

static void *server_main(void *argument)
{
    struct server *server = argument;
    while (!atomic_load(&server->stop)) {
        struct pollfd items[SERVER_CONNECTIONS_MAX + 1];
        for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
            items[i] = (struct pollfd){ .fd = server->connections[i].fd, .events = POLLIN };
        }
        items[SERVER_CONNECTIONS_MAX] = (struct pollfd){ .fd = server->listener, .events = POLLIN };
        if (poll(items, SERVER_CONNECTIONS_MAX + 1, 20) <= 0) {
            continue;
        }
        for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
            if (items[i].fd >= 0 && items[i].revents != 0) {
                connection_serve(server, &server->connections[i]);
            }
        }
        if (items[SERVER_CONNECTIONS_MAX].revents != 0) {
            accept_one(server);
        }
    }
    return NULL;
}

struct server *server_start(void)
{
    struct server *server = calloc(1, sizeof *server);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    char text[32];
    assert(server != NULL);
    for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        server->connections[i].fd = -1;
    }
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr address;
    memcpy(&address, &at, sizeof address);
    int rc = bind(server->listener, &address, sizeof at);
    assert(rc == 0);
    rc = listen(server->listener, 256);
    assert(rc == 0);
    rc = getsockname(server->listener, &address, &size);
    assert(rc == 0);
    memcpy(&at, &address, sizeof at);
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(at.sin_port));
    bool read = http_address_read(span_of(text), &server->address);
    assert(read);
    rc = pthread_create(&server->thread, NULL, server_main, server);
    assert(rc == 0);
    return server;
}

void server_stop(struct server *server)
{
    atomic_store(&server->stop, true);
    pthread_join(server->thread, NULL);
    for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
        if (server->connections[i].fd >= 0) {
            close(server->connections[i].fd);
        }
    }
    close(server->listener);
    free(server);
}
