/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/http_internal.h"

#include "base/hash.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096 /* the kernel caps it at net.core.somaxconn */

struct http_address {
    uint8_t key[16];
    uint32_t count; /* 0: the slot is free */
};

/* "host:port" or "[host]:port" into two texts. */
static bool address_split(const char *address, char host[64], char port[8])
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address) {
        return false;
    }
    struct span name = { address, (size_t)(colon - address) };
    if (name.bytes[0] == '[') {
        if (name.size < 3 || name.bytes[name.size - 1] != ']') {
            return false;
        }
        name = (struct span){ name.bytes + 1, name.size - 2 };
    } else if (memchr(name.bytes, ':', name.size) != NULL) {
        return false; /* an IPv6 address without brackets: which colon ends it? */
    }
    if (span_equal(name, SPAN("localhost"))) {
        name = SPAN("127.0.0.1");
    }
    int64_t number;
    struct span digits = span_of(colon + 1);
    return span_to_i64(digits, &number) && number >= 0 && number <= 65535 && span_copy(name, host, 64) &&
           span_copy(digits, port, 8);
}

static bool bind_and_listen(int fd, const struct addrinfo *found)
{
    int on = 1;
    /* Both are inherited by accepted sockets or harmless; a failure shows at bind or costs speed only. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
}

static bool port_of(int fd, uint16_t *port)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
        return false;
    }
    if (bound.ss_family == AF_INET6) {
        *port = ntohs(((struct sockaddr_in6 *)&bound)->sin6_port);
    } else {
        *port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
    }
    return true;
}

int http_listen(const char *address, uint16_t *port, char *error, size_t error_size)
{
    char host[64];
    char service[8];
    struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
                              .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;

    if (!address_split(address, host, service) || getaddrinfo(host, service, &hints, &found) != 0) {
        snprintf(error, error_size, "'%s' is no address to listen on; write 127.0.0.1:8080 or [::1]:8080",
                 address);
        return -1;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && bind_and_listen(fd, found) && port_of(fd, port);
    if (!ok) {
        snprintf(error, error_size, "cannot listen on %s: %s", address, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

bool http_addresses_init(struct http_addresses *addresses, uint32_t links_max, uint32_t limit)
{
    *addresses = (struct http_addresses){ .limit = limit };
    if (limit == 0) {
        return true;
    }
    addresses->slot_count = 64;
    while (addresses->slot_count < (size_t)links_max * 2) {
        addresses->slot_count *= 2;
    }
    addresses->slots = calloc(addresses->slot_count, sizeof(*addresses->slots));
    if (addresses->slots == NULL) {
        return false;
    }
    if (pthread_mutex_init(&addresses->lock, NULL) != 0) {
        free(addresses->slots);
        return false;
    }
    return true;
}

void http_addresses_release(struct http_addresses *addresses)
{
    if (addresses->limit != 0) {
        (void)pthread_mutex_destroy(&addresses->lock);
        free(addresses->slots);
    }
    *addresses = (struct http_addresses){ 0 };
}

void http_address_key(const struct sockaddr *address, uint8_t key[16])
{
    memset(key, 0, 16);
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);
        memcpy(key, &six->sin6_addr, mapped ? 16 : 8); /* a household has a whole /64 */
    } else {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
        key[10] = 0xff;
        key[11] = 0xff;
        memcpy(key + 12, &four->sin_addr, 4);
    }
}

/* The slot of the key, or the free one where it would go. The table is never full. */
static size_t slot_of(const struct http_addresses *addresses, const uint8_t key[16])
{
    size_t mask = addresses->slot_count - 1;
    size_t slot = (size_t)hash_bytes(key, 16) & mask;
    while (addresses->slots[slot].count != 0 && memcmp(addresses->slots[slot].key, key, 16) != 0) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

bool http_address_full(struct http_addresses *addresses, const uint8_t key[16])
{
    if (addresses->limit == 0) {
        return false;
    }
    pthread_mutex_lock(&addresses->lock);
    bool full = addresses->slots[slot_of(addresses, key)].count >= addresses->limit;
    pthread_mutex_unlock(&addresses->lock);
    return full;
}

void http_address_add(struct http_addresses *addresses, const uint8_t key[16])
{
    if (addresses->limit == 0) {
        return;
    }
    pthread_mutex_lock(&addresses->lock);
    struct http_address *slot = &addresses->slots[slot_of(addresses, key)];
    memcpy(slot->key, key, 16);
    slot->count++;
    pthread_mutex_unlock(&addresses->lock);
}

/* Closes the gap that a removed key leaves, so that searches need no tombstones. */
static void slot_vacate(struct http_addresses *addresses, size_t gap)
{
    size_t mask = addresses->slot_count - 1;
    size_t slot = gap;
    for (;;) {
        slot = (slot + 1) & mask;
        struct http_address *next = &addresses->slots[slot];
        if (next->count == 0) {
            break;
        }
        size_t home = (size_t)hash_bytes(next->key, 16) & mask;
        if (((slot - home) & mask) >= ((slot - gap) & mask)) {
            addresses->slots[gap] = *next;
            gap = slot;
        }
    }
    addresses->slots[gap].count = 0;
}

void http_address_remove(struct http_addresses *addresses, const uint8_t key[16])
{
    if (addresses->limit == 0) {
        return;
    }
    pthread_mutex_lock(&addresses->lock);
    size_t slot = slot_of(addresses, key);
    assert(addresses->slots[slot].count > 0);
    if (addresses->slots[slot].count > 1) {
        addresses->slots[slot].count--;
    } else {
        slot_vacate(addresses, slot);
    }
    pthread_mutex_unlock(&addresses->lock);
}
