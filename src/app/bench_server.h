/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server that onetill bench measures: a child of this process on a store of its own, with a test clock,
 * and what it uses. On a database it may be several, of which what they use is added up. Failures are told on
 * standard error. One thread.
 */
#ifndef APP_BENCH_SERVER_H
#define APP_BENCH_SERVER_H

#include "app/place.h"
#include "doors/tokens.h"
#include "load/child.h"
#include "load/http_client.h"

#define BENCH_METRICS_SIZE ((size_t)1 << 20)
#define BENCH_OPTIONS_MAX 16
#define BENCH_SERVERS_MAX 8

struct bench_settings;

struct bench_server {
    struct place place;
    struct child children[BENCH_SERVERS_MAX];
    struct http_address addresses[BENCH_SERVERS_MAX]; /* the first is the one that is asked and told */
    uint32_t count;
    struct master_key key;
    char operator_token[TOKEN_TEXT_SIZE];
    struct tokens *tokens;
    char *metrics; /* BENCH_METRICS_SIZE */
};

/* What the server has used so far. */
struct bench_sample {
    struct child_sample process;
    int64_t syncs, batches, calls, written_bytes; /* of store and engine */
    int64_t decode_ns, encode_ns;
    int64_t rows_loaded, rows_changed;
    int64_t gateway_read_ns, gateway_verify_ns, gateway_write_ns, gateway_sign_ns;
    int64_t round_trips, conflicts; /* of a database */
    int64_t database_ns; /* CPU time of the database's processes, when they are on this machine */
};

/* `options` are those of `onetill serve` beside the store, the address and the test clock; NULL-terminated. */
MUST_CHECK bool bench_server_start(struct bench_server *server, const struct bench_settings *settings,
                                   const char *path, const char *const *options);
/* A page of the server's, asked for by the operator; valid until the next call. */
MUST_CHECK bool bench_server_get(struct bench_server *server, struct span path, struct span *body);
MUST_CHECK bool bench_server_sample(struct bench_server *server, struct bench_sample *sample);
/*
 * A server that was just started still reads back what happened before. Waits until it does nothing for half a
 * second, or three minutes are over; the time it took.
 */
int64_t bench_server_settle(struct bench_server *server);
/* The server's clock. */
MUST_CHECK bool bench_server_now(struct bench_server *server, int64_t *now_us);
/* Says so on standard error when it did not end well. */
bool bench_server_stop(struct bench_server *server);

/* CPU time of the threads of these names between two samples, in ns. */
int64_t bench_cpu_ns(const struct bench_sample *before, const struct bench_sample *after, const char *const *names);

#endif
