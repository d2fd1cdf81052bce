/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives a server with requests over many keep-alive connections and measures the answers.
 *
 * Closed loop (`rate` 0): each connection sends its next request as soon as the last one is answered.
 * Open loop: requests arrive at a fixed rate whether or not the server keeps up. Each has an intended
 * instant, at constant or Poisson-distributed gaps; when no connection is free it waits in the client
 * (nothing is stored for it: the schedule is only as far as it got), and its latency counts from the intended
 * instant. A server that stalls for a second therefore shows in the latencies of all who came in that second.
 *
 * The caller's `make` writes requests and `done` gets the outcomes. A connection is a slot, numbered from 0;
 * slot s belongs to thread s % threads, and callbacks for slots of one thread never overlap. Between make and
 * done a slot has exactly one request, so state per slot needs no lock. Callbacks must not block.
 *
 * Connections that close are opened again. Nothing is repeated by the driver: whether that is safe is known
 * only to the maker.
 */
#ifndef LOAD_DRIVER_H
#define LOAD_DRIVER_H

#include "load/histogram.h"
#include "load/http_client.h"

#define DRIVER_CONNECTIONS_MAX 16384
#define DRIVER_THREADS_MAX 16
#define DRIVER_RATE_MAX 10000000
#define DRIVER_REQUEST_SIZE_MAX ((size_t)16 << 20)
#define DRIVER_ANSWER_SIZE_MAX ((size_t)64 << 20)
#define DRIVER_PIECES_MAX 1000

enum make {
    MAKE_send,
    MAKE_later,    /* nothing now: ask again at `again_at_us` or after the next outcome in this thread */
    MAKE_finished, /* no more requests from this thread, ever */
};

/* What a bad network makes of a request. */
enum fault {
    FAULT_none,
    FAULT_half,   /* the first half of the bytes, then the connection is closed */
    FAULT_unread, /* all bytes, then the connection is closed: the answer never arrives */
    FAULT_pieces, /* `pieces` parts, `piece_gap_us` apart; the answer is awaited as usual */
};

/* Filled in by `make`; everything but `http` has a value already. */
struct request_out {
    struct http_request http; /* empty, to be written with load/http_request.h */
    int64_t intended_us;      /* monotonic; when it should leave (closed loop: now) */
    int64_t again_at_us;      /* monotonic; for MAKE_later; preset to 100 ms from now */
    int64_t timeout_us;       /* from sending to the end of the answer; preset from the options */
    enum fault fault;         /* preset to none */
    uint32_t pieces;          /* 2 .. DRIVER_PIECES_MAX */
    int64_t piece_gap_us;     /* at least 1 */
};

enum outcome {
    OUTCOME_answered,
    OUTCOME_gave_up,   /* as the maker asked: FAULT_half or FAULT_unread */
    OUTCOME_timed_out, /* the connection was closed by us, the answer is unknown */
    OUTCOME_broken,    /* closed or reset by the server before the answer was whole */
    OUTCOME_malformed, /* what came is not HTTP, or too large */
    OUTCOME_unsent,    /* the request did not fit into the send buffer: nothing left this machine */
};
#define OUTCOME_COUNT 6

struct answer_in {
    enum outcome outcome;
    int status;       /* 0: no answer */
    struct span head; /* valid during the callback; http_header finds a header */
    struct span body;
    int64_t latency_us;           /* from the intended instant */
    int64_t intended_us, sent_us; /* monotonic */
};

/* Counts of one worker or of all. */
struct driver_counts {
    uint64_t made; /* requests handed over by `make` */
    uint64_t answered;
    uint64_t status_hundreds[6]; /* answered by 2xx in [2] and so on */
    uint64_t outcomes[OUTCOME_COUNT];
    uint64_t waited;      /* open loop: arrivals that found no connection free */
    uint64_t waiting_max; /* open loop: the longest such queue (mean gap x delay) */
    uint64_t unsent;      /* open loop: arrivals that still waited when time was up */
    uint64_t connects;    /* connections that were established */
    uint64_t connect_failures;
    uint64_t sent_bytes, received_bytes;
};

struct driver_options {
    struct http_address address;
    const struct http_address *others; /* more servers: connections go to all of them by turns; or NULL */
    uint32_t other_count;
    uint32_t connections; /* 1 .. DRIVER_CONNECTIONS_MAX */
    uint32_t threads;     /* 1 .. DRIVER_THREADS_MAX, at most `connections`; the caller's is the first */
    uint32_t rate;        /* arrivals per second over all threads; 0: closed loop */
    bool poisson;
    uint64_t seed;       /* of the Poisson gaps */
    int64_t gather_us;   /* 0: at once. Else what happens within so long is dealt with together: costs much
                            less CPU, and up to so much is added to each measured latency */
    int64_t duration_us; /* 0: until every thread's maker is finished */
    int64_t warmup_us;   /* requests intended before are carried out and not measured */
    int64_t timeout_us;  /* of a request and of a connection attempt; 0: 10 s */
    int64_t patience_us; /* without any connection for so long a thread gives up; 0: 10 s */
    size_t request_size_max; /* 0: 16 KiB */
    size_t answer_size_max;  /* 0: 1 MiB */
    void *context;
    enum make (*make)(void *context, uint32_t slot, struct request_out *out);
    void (*done)(void *context, uint32_t slot, const struct answer_in *answer);
    /* About ten times a second from the caller's thread, with rough totals; may be NULL. */
    void (*tick)(void *context, uint64_t made, uint64_t finished);
};

/* About 300 kB: not for a small stack. */
struct driver_report {
    struct driver_counts counts;
    struct histogram latency; /* measured answers and time-outs, from the intended instant */
    struct histogram service; /* the same, from the instant at which they were sent */
    int64_t measured_us;      /* from the end of the warm-up to the last outcome */
    uint64_t measured;        /* answers among those to requests intended in that time */
    int64_t cpu_ns;           /* of all threads in that time, callbacks included */
    bool gave_up;             /* a thread found no server for `patience_us` */
};

struct driver;

/* The options are copied. NULL when they are out of range, or without memory or descriptors. */
struct driver *driver_open(const struct driver_options *options);
/*
 * Runs to the end, in the calling thread and as many more as were asked for, and fills in `report`. Once.
 * Ends when time is up or all makers are finished, and then every request has its outcome.
 */
void driver_run(struct driver *driver, struct driver_report *report);
/* From any thread, a callback or a signal handler: make no more requests, wait for the outcomes, end. */
void driver_stop(struct driver *driver);
void driver_close(struct driver *driver);

#endif
