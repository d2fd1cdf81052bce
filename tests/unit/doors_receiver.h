/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A merchant's endpoint: takes requests on a port of its own, remembers them, and answers as it is told to.
 * A thread per connection; everything is released by receiver_close.
 */
#ifndef TESTS_UNIT_DOORS_RECEIVER_H
#define TESTS_UNIT_DOORS_RECEIVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/span.h"

#define RECEIVED_MAX 4096
#define RECEIVED_BODY_MAX 8192
#define RECEIVER_THREADS_MAX 8192

enum receiver_way {
    RECEIVER_answers,   /* with `status` */
    RECEIVER_hangs_up,  /* without a word */
    RECEIVER_babbles,   /* bytes that are not HTTP */
    RECEIVER_is_silent, /* until it is closed, or told otherwise */
    RECEIVER_redirects, /* to /elsewhere */
    RECEIVER_talks,     /* `status`, and then megabytes */
};

struct received {
    char path[128];
    char id[64];
    char timestamp[32];
    char signature[256];
    char type[64];
    char body[RECEIVED_BODY_MAX];
};

struct receiver {
    int fd;
    uint16_t port;
    pthread_t acceptor;
    pthread_t threads[RECEIVER_THREADS_MAX];
    uint32_t thread_count;
    _Atomic bool stopping;
    _Atomic int way, status;
    _Atomic(const char *) says; /* the body of its answers; NULL: OK */
    _Atomic int fail_first; /* so many answers are 500 first */
    _Atomic int delay_ms;
    _Atomic int busy, busy_most;
    _Atomic int connections; /* that were accepted */
    pthread_mutex_t lock;
    struct received *received; /* RECEIVED_MAX */
    uint32_t count;
};

void receiver_open(struct receiver *receiver);
void receiver_close(struct receiver *receiver);
uint32_t receiver_count(struct receiver *receiver);
/* A copy of the n-th request. */
struct received receiver_at(struct receiver *receiver, uint32_t n);

#endif
