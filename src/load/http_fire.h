/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fires a known number of requests as fast as the server takes them, pipelined over a few connections, and
 * waits for all answers: for creating thousands of things before the measuring begins. Blocks; one thread;
 * callbacks come from the caller's thread.
 *
 * A connection that closes leaves its unanswered requests in doubt. With `repeatable` they are made and sent
 * again (same index, so the maker can write the same idempotency key); otherwise they end with status 0.
 */
#ifndef LOAD_HTTP_FIRE_H
#define LOAD_HTTP_FIRE_H

#include "load/http_client.h"

#define FIRE_CONNECTIONS_MAX 64
#define FIRE_DEPTH_MAX 256

struct fire_options {
    struct http_address address;
    uint64_t count;          /* requests 0 .. count - 1 */
    uint32_t connections;    /* 0: 4 */
    uint32_t depth;          /* unanswered requests on one connection; 0: 32 */
    int64_t timeout_us;      /* without any answer for so long it ends; 0: 10 s */
    size_t request_size_max; /* 0: 64 KiB, at most 16 MiB */
    size_t answer_size_max;  /* 0: 256 KiB, at most 16 MiB */
    bool repeatable;
    void *context;
    /* Writes request `index`. A request that does not fit ends with status 0 at once. */
    void (*make)(void *context, uint64_t index, struct http_request *request);
    /* Once for each index, in any order; `status` 0: no answer. The spans are valid during the callback. */
    void (*done)(void *context, uint64_t index, int status, struct span head, struct span body);
};

/*
 * STATUS_ok: every request was answered, whatever the answers say. STATUS_busy: time ran out. STATUS_fault:
 * no connection, or requests were lost. STATUS_bad_input: an answer was not HTTP or too large.
 * STATUS_too_large: a request did not fit, options out of range, or no memory.
 */
MUST_CHECK enum status http_fire(const struct fire_options *options);

#endif
