/* SPDX-License-Identifier: Apache-2.0 */
/* One thread of a driver with its slots: only for driver.c. */
#ifndef LOAD_DRIVER_WORKER_H
#define LOAD_DRIVER_WORKER_H

#include "load/driver.h"
#include "load/random.h"

#include <stdatomic.h>

enum slot_state {
    SLOT_closed,
    SLOT_connecting,
    SLOT_free,
    SLOT_sending, /* not all bytes are out yet; an early answer is taken all the same */
    SLOT_waiting,
};

struct slot_buffer {
    char *bytes;
    size_t size, capacity;
};

/* In the usual case a request leaves in one send and its answer comes in one read, both in buffers that the
 * worker's slots share and that stay in the processor's cache. Only what is left over is kept here. */
struct slot {
    int fd;
    uint32_t number;
    enum slot_state state;
    enum fault fault;
    bool queued; /* in the worker's free ring */
    bool used;   /* carried a request since it was connected */
    int64_t backoff_ns;
    int64_t timeout_at_ns;
    int64_t intended_ns, sent_ns;
    int64_t piece_gap_ns;
    size_t piece_size;
    size_t out_at; /* of `out`, so much is sent */
    struct slot_buffer in, out;
    struct http_parser parser;
};

/* Slots by their index in the worker, first in first out. Each is in a ring at most once. */
struct ring {
    uint32_t *items;
    uint32_t first, count, capacity;
};

struct worker {
    struct driver *driver;
    const struct driver_options *options; /* with defaults filled in */
    const atomic_bool *stop;
    void (*turn)(struct driver *driver, int64_t now_ns); /* the first worker calls it each turn */
    struct slot *slots;
    int64_t *deadlines_ns; /* of each slot: when something is to be done if no event comes first */
    uint32_t slot_count;
    struct ring free, unconnected;
    uint32_t in_flight, open_count, connecting_count;
    int epoll;
    bool ending;
    bool gave_up;
    int64_t now_ns;
    int64_t sweep_at_ns;   /* not later than the earliest deadline */
    int64_t hold_until_ns; /* the maker has nothing before */
    int64_t alive_ns;      /* the last instant with a connection */
    /* Schedule: of `threads` interleaved ones. */
    int64_t start_ns, measure_ns, end_ns, gap_ns;
    int64_t next_ns;
    uint64_t arrivals;
    int64_t starved_ns; /* arrivals before this found no free connection */
    int64_t turned_ns;  /* when the present turn began */
    struct random_source random;
    char *in, *out;
    size_t in_capacity;
    int64_t cpu_start_ns, cpu_ns;
    int64_t finished_ns; /* the last outcome */
    uint64_t measured;
    struct driver_counts counts;
    atomic_uint_fast64_t made_seen, finished_seen; /* for the tick in another thread */
    struct histogram latency, service;
};

/* False without memory or descriptors; release is due all the same. `index` of the options' threads. */
MUST_CHECK bool worker_init(struct worker *worker, const struct driver_options *options, uint32_t index);
void worker_run(struct worker *worker, int64_t start_ns);
void worker_release(struct worker *worker);

#endif
