/* SPDX-License-Identifier: Apache-2.0 */
#include "doors_receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_SIZE_MAX 16384

struct guest {
    struct receiver *receiver;
    int fd;
};

static bool send_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t part = send(fd, bytes, size, MSG_NOSIGNAL);
        if (part <= 0) {
            return false;
        }
        bytes += part;
        size -= (size_t)part;
    }
    return true;
}

/* Head and body; false when the client goes before. */
static bool request_read(int fd, char *bytes)
{
    size_t size = 0;
    for (;;) {
        ssize_t part = recv(fd, bytes + size, REQUEST_SIZE_MAX - 1 - size, 0);
        if (part <= 0) {
            return false;
        }
        size += (size_t)part;
        bytes[size] = '\0';
        const char *end = strstr(bytes, "\r\n\r\n");
        const char *length = strcasestr(bytes, "\r\ncontent-length:");
        if (end != NULL && length != NULL &&
            size >= (size_t)(end + 4 - bytes) + (size_t)strtoul(length + 17, NULL, 10)) {
            return true;
        }
    }
}

static void header_take(const char *request, const char *name, char *to, size_t capacity)
{
    char line[64];
    snprintf(line, sizeof(line), "\r\n%s: ", name);
    const char *at = strcasestr(request, line);
    to[0] = '\0';
    if (at != NULL) {
        at += strlen(line);
        size_t size = strcspn(at, "\r");
        bool fits = span_copy((struct span){ at, size }, to, capacity);
        assert(fits);
    }
}

static void request_keep(struct receiver *receiver, const char *request)
{
    pthread_mutex_lock(&receiver->lock);
    assert(receiver->count < RECEIVED_MAX);
    struct received *kept = &receiver->received[receiver->count++];
    int taken = sscanf(request, "POST %127s", kept->path);
    assert(taken == 1);
    header_take(request, "webhook-id", kept->id, sizeof(kept->id));
    header_take(request, "webhook-timestamp", kept->timestamp, sizeof(kept->timestamp));
    header_take(request, "webhook-signature", kept->signature, sizeof(kept->signature));
    header_take(request, "content-type", kept->type, sizeof(kept->type));
    bool fits = span_copy(span_of(strstr(request, "\r\n\r\n") + 4), kept->body, sizeof(kept->body));
    assert(fits);
    pthread_mutex_unlock(&receiver->lock);
}

static void talk(int fd, int status)
{
    char head[128], block[4096];
    int size = snprintf(head, sizeof(head), "HTTP/1.1 %d Fine\r\nContent-Length: 16777216\r\n\r\n", status);
    memset(block, 'x', sizeof(block));
    bool heard = send_all(fd, head, (size_t)size);
    for (size_t sent = 0; heard && sent < 16777216; sent += sizeof(block)) {
        heard = send_all(fd, block, sizeof(block));
    }
}

static void answer(struct receiver *receiver, int fd)
{
    static const char babble[] = "\x16\x03\x01 I am no web server\n\n";
    static const char redirect[] =
        "HTTP/1.1 307 Elsewhere\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    char head[128];
    int status = atomic_load(&receiver->status);
    switch (atomic_load(&receiver->way)) {
    case RECEIVER_hangs_up:
        return;
    case RECEIVER_babbles:
        (void)send_all(fd, babble, sizeof(babble) - 1);
        return;
    case RECEIVER_is_silent:
        while (!atomic_load(&receiver->stopping) && atomic_load(&receiver->way) == RECEIVER_is_silent) {
            usleep(1000);
        }
        return;
    case RECEIVER_redirects:
        (void)send_all(fd, redirect, sizeof(redirect) - 1);
        return;
    case RECEIVER_talks:
        talk(fd, status);
        return;
    default:
        break;
    }
    if (atomic_fetch_sub(&receiver->fail_first, 1) > 0) {
        status = 500;
    }
    const char *says = atomic_load(&receiver->says);
    says = says != NULL ? says : "OK";
    int size = snprintf(head, sizeof(head),
                        "HTTP/1.1 %d Said\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
                        strlen(says), says);
    (void)send_all(fd, head, (size_t)size);
}

static void *guest_thread(void *context)
{
    struct guest guest = *(struct guest *)context;
    char *request = malloc(REQUEST_SIZE_MAX);
    free(context);
    assert(request != NULL);
    if (request_read(guest.fd, request)) {
        int busy = atomic_fetch_add(&guest.receiver->busy, 1) + 1;
        int most = atomic_load(&guest.receiver->busy_most);
        while (busy > most && !atomic_compare_exchange_weak(&guest.receiver->busy_most, &most, busy)) {
        }
        request_keep(guest.receiver, request);
        usleep((useconds_t)(1000 * atomic_load(&guest.receiver->delay_ms)));
        atomic_fetch_sub(&guest.receiver->busy, 1);
        answer(guest.receiver, guest.fd);
    }
    free(request);
    (void)close(guest.fd);
    return NULL;
}

static void *accept_thread(void *context)
{
    struct receiver *receiver = context;
    while (!atomic_load(&receiver->stopping)) {
        struct pollfd ready = { .fd = receiver->fd, .events = POLLIN };
        if (poll(&ready, 1, 20) != 1) {
            continue;
        }
        struct guest *guest = malloc(sizeof(*guest));
        assert(guest != NULL);
        *guest = (struct guest){ receiver, accept4(receiver->fd, NULL, NULL, SOCK_CLOEXEC) };
        assert(guest->fd >= 0);
        atomic_fetch_add(&receiver->connections, 1);
        assert(receiver->thread_count < RECEIVER_THREADS_MAX);
        int rc = pthread_create(&receiver->threads[receiver->thread_count++], NULL, guest_thread, guest);
        assert(rc == 0);
    }
    return NULL;
}

void receiver_open(struct receiver *receiver)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t size = sizeof(at);
    memset(receiver, 0, sizeof(*receiver));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    receiver->received = calloc(RECEIVED_MAX, sizeof(receiver->received[0]));
    receiver->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = bind(receiver->fd, (struct sockaddr *)&at, sizeof(at));
    assert(rc == 0);
    rc = listen(receiver->fd, 256);
    assert(rc == 0);
    rc = getsockname(receiver->fd, (struct sockaddr *)&at, &size);
    assert(rc == 0);
    receiver->port = ntohs(at.sin_port);
    atomic_store(&receiver->status, 200);
    pthread_mutex_init(&receiver->lock, NULL);
    rc = pthread_create(&receiver->acceptor, NULL, accept_thread, receiver);
    assert(rc == 0);
}

void receiver_close(struct receiver *receiver)
{
    atomic_store(&receiver->stopping, true);
    pthread_join(receiver->acceptor, NULL);
    for (uint32_t i = 0; i < receiver->thread_count; i++) {
        pthread_join(receiver->threads[i], NULL);
    }
    (void)close(receiver->fd);
    pthread_mutex_destroy(&receiver->lock);
    free(receiver->received);
}

uint32_t receiver_count(struct receiver *receiver)
{
    pthread_mutex_lock(&receiver->lock);
    uint32_t count = receiver->count;
    pthread_mutex_unlock(&receiver->lock);
    return count;
}

struct received receiver_at(struct receiver *receiver, uint32_t n)
{
    pthread_mutex_lock(&receiver->lock);
    assert(n < receiver->count);
    struct received received = receiver->received[n];
    pthread_mutex_unlock(&receiver->lock);
    return received;
}
