/* SPDX-License-Identifier: Apache-2.0 */
#include "picker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/os_clock.h"
#include "load/random.h"

#define PIECE_SIZE 65536
#define EVENTS_MAX 64
#define NONE UINT32_MAX
#define CLIENT NONE        /* the link of the client itself */
#define WRITE_WAIT_MS 5000 /* a peer that reads nothing for so long is given up */

struct wire;

/* One socket as epoll knows it. */
struct link {
    struct wire *wire;
    uint32_t server; /* CLIENT: the client's */
    int fd;          /* -1: closed */
};

/* A client and its connections to the servers; one at a time is in use. */
struct wire {
    struct link client, servers[PICKER_SERVERS_MAX];
    uint32_t current; /* whoever has the last request; NONE: nobody */
    bool answered;    /* something of its answer came, so that what the client sends next is a new request */
    bool dead;
    struct wire *next; /* in the list of the dead */
};

struct picker {
    pthread_t thread;
    pthread_mutex_t lock; /* addresses, there */
    struct http_address addresses[PICKER_SERVERS_MAX];
    bool there[PICKER_SERVERS_MAX];
    _Atomic uint64_t requests[PICKER_SERVERS_MAX];
    _Atomic bool stop;
    int listener, epoll;
    struct random_source random;
    struct wire *dead;
};

/* Closing alone is not enough for epoll to forget it: a child that is being started may have it open as well. */
static void link_close(struct picker *picker, struct link *link)
{
    if (link->fd >= 0) {
        (void)epoll_ctl(picker->epoll, EPOLL_CTL_DEL, link->fd, NULL);
        (void)close(link->fd);
        link->fd = -1;
    }
}

/* Its memory goes when no event of this round can name it any more. */
static void wire_end(struct picker *picker, struct wire *wire)
{
    if (wire->dead) {
        return;
    }
    wire->dead = true;
    link_close(picker, &wire->client);
    for (uint32_t i = 0; i < PICKER_SERVERS_MAX; i++) {
        link_close(picker, &wire->servers[i]);
    }
    wire->next = picker->dead;
    picker->dead = wire;
}

static void link_watch(struct picker *picker, struct link *link)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = link };
    int rc = epoll_ctl(picker->epoll, EPOLL_CTL_ADD, link->fd, &event);
    assert(rc == 0);
}

static void client_accept(struct picker *picker)
{
    int fd = accept4(picker->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct wire *wire = calloc(1, sizeof(*wire));
    assert(wire != NULL);
    wire->current = NONE;
    wire->client = (struct link){ .wire = wire, .server = CLIENT, .fd = fd };
    for (uint32_t i = 0; i < PICKER_SERVERS_MAX; i++) {
        wire->servers[i] = (struct link){ .wire = wire, .server = i, .fd = -1 };
    }
    link_watch(picker, &wire->client);
}

static bool socket_wait(int fd, short what)
{
    struct pollfd wanted = { .fd = fd, .events = what };
    return poll(&wanted, 1, WRITE_WAIT_MS) == 1;
}

static bool bytes_send(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && (errno != EAGAIN || !socket_wait(fd, POLLOUT))) {
            return false;
        }
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        }
    }
    return true;
}

static bool server_connect(struct picker *picker, struct link *link)
{
    pthread_mutex_lock(&picker->lock);
    bool there = picker->there[link->server];
    struct http_address address = picker->addresses[link->server];
    pthread_mutex_unlock(&picker->lock);
    if (!there) {
        link_close(picker, link);
        return false;
    }
    if (link->fd >= 0) {
        return true;
    }
    link->fd = http_socket_open(&address);
    if (link->fd < 0 || !socket_wait(link->fd, POLLOUT) || !http_socket_connected(link->fd)) {
        link_close(picker, link);
        return false;
    }
    link_watch(picker, link);
    return true;
}

/* A connection to any of the servers; NULL when none is there. */
static struct link *server_pick(struct picker *picker, struct wire *wire)
{
    uint32_t order[PICKER_SERVERS_MAX] = { 0 };
    for (uint32_t i = 0; i < PICKER_SERVERS_MAX; i++) { /* any order, not only the neighbours of a gap */
        uint32_t other = (uint32_t)random_below(&picker->random, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    for (uint32_t i = 0; i < PICKER_SERVERS_MAX; i++) {
        struct link *link = &wire->servers[order[i]];
        if (server_connect(picker, link)) {
            return link;
        }
    }
    return NULL;
}

static void client_said(struct picker *picker, struct wire *wire, const char *bytes, size_t size)
{
    if (wire->current == NONE || wire->answered) {
        struct link *link = server_pick(picker, wire);
        if (link == NULL) {
            os_sleep_us(1000); /* nobody is there: clients shall not try with all their might */
            wire_end(picker, wire);
            return;
        }
        wire->current = link->server;
        wire->answered = false;
        picker->requests[link->server]++;
    }
    struct link *server = &wire->servers[wire->current];
    if (server->fd < 0 || !bytes_send(server->fd, bytes, size)) {
        wire_end(picker, wire);
    }
}

static void link_read(struct picker *picker, struct link *link)
{
    char bytes[PIECE_SIZE];
    struct wire *wire = link->wire;
    if (wire->dead || link->fd < 0) {
        return; /* of a socket that went earlier in this round */
    }
    ssize_t size = recv(link->fd, bytes, sizeof(bytes), 0);
    if (size < 0 && errno == EAGAIN) {
        return;
    }
    if (size <= 0) {
        bool in_use = link->server == CLIENT || link->server == wire->current;
        link_close(picker, link);
        if (in_use) {
            wire_end(picker, wire);
        }
        return;
    }
    if (link->server == CLIENT) {
        client_said(picker, wire, bytes, (size_t)size);
    } else if (link->server == wire->current) {
        wire->answered = true;
        if (!bytes_send(wire->client.fd, bytes, (size_t)size)) {
            wire_end(picker, wire);
        }
    } else {
        wire_end(picker, wire); /* nobody asked it anything */
    }
}

static void *picker_main(void *context)
{
    struct picker *picker = context;
    struct epoll_event events[EVENTS_MAX];
    while (!atomic_load(&picker->stop)) {
        int count = epoll_wait(picker->epoll, events, EVENTS_MAX, 50);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) {
                client_accept(picker);
            } else {
                link_read(picker, events[i].data.ptr);
            }
        }
        while (picker->dead != NULL) {
            struct wire *wire = picker->dead;
            picker->dead = wire->next;
            free(wire);
        }
    }
    return NULL;
}

struct picker *picker_open(uint64_t seed, struct http_address *address)
{
    char text[64];
    struct sockaddr_in own = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(own);
    struct picker *picker = calloc(1, sizeof(*picker));
    assert(picker != NULL);
    random_init(&picker->random, seed, 2);
    picker->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    picker->epoll = epoll_create1(EPOLL_CLOEXEC);
    assert(picker->listener >= 0);
    assert(picker->epoll >= 0);
    int rc = bind(picker->listener, (const struct sockaddr *)&own, sizeof(own));
    assert(rc == 0);
    rc = listen(picker->listener, 1024);
    assert(rc == 0);
    rc = getsockname(picker->listener, (struct sockaddr *)&own, &size);
    assert(rc == 0);
    snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(own.sin_port));
    bool read = http_address_read(span_of(text), address);
    assert(read);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
    rc = epoll_ctl(picker->epoll, EPOLL_CTL_ADD, picker->listener, &event);
    assert(rc == 0);
    rc = pthread_mutex_init(&picker->lock, NULL);
    assert(rc == 0);
    rc = pthread_create(&picker->thread, NULL, picker_main, picker);
    assert(rc == 0);
    return picker;
}

void picker_set(struct picker *picker, uint32_t index, const struct http_address *at)
{
    assert(index < PICKER_SERVERS_MAX);
    pthread_mutex_lock(&picker->lock);
    picker->there[index] = at != NULL;
    if (at != NULL) {
        picker->addresses[index] = *at;
    }
    pthread_mutex_unlock(&picker->lock);
}

uint64_t picker_requests(struct picker *picker, uint32_t index)
{
    return atomic_load(&picker->requests[index]);
}

/* After its clients: whoever is still connected is left to the end of the process. */
void picker_close(struct picker *picker)
{
    atomic_store(&picker->stop, true);
    pthread_join(picker->thread, NULL);
    (void)close(picker->listener);
    (void)close(picker->epoll);
    (void)pthread_mutex_destroy(&picker->lock);
    free(picker);
}
