/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the http_*.c files only.
 *
 * Ownership: everything belongs to one loop (thread) except the fields marked shared. Laws:
 * 1. libmicrohttpd is called only on the loop's thread, so it never needs its locks or its wake-up pipe.
 * 2. Other threads reach a loop only by posting notes: an answered exchange, one to wake, a stream to look
 *    at. A note is in the mail at most once.
 * 3. A link (TCP connection) has at most one exchange. An exchange without a link is abandoned: it waits
 *    for its owed answer and is then reused.
 */
#ifndef DOORS_HTTP_INTERNAL_H
#define DOORS_HTTP_INTERNAL_H

#include "doors/http.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

enum http_note_kind {
    HTTP_NOTE_answer,
    HTTP_NOTE_wake,
    HTTP_NOTE_stream,
};

struct http_note {
    struct http_note *next;
    enum http_note_kind kind;
};

struct http_exchange {
    struct http_request request; /* first: the public face */
    struct http_note note;
    struct http_loop *loop;
    struct http_link *link;              /* NULL once abandoned */
    struct http_exchange *older, *newer; /* in the loop's list of waiting ones */
    struct http_exchange *next_free;
    struct arena arena;
    char *body;
    size_t body_size, body_capacity;
    int64_t received_us;  /* monotonic; when the handler was called */
    bool waiting;         /* the handler has returned without an answer */
    bool too_large;       /* the body is being thrown away */
    atomic_bool answered; /* shared; set by whoever answers, never twice */
    /* The answer of another thread, written before it posts the note. */
    int status;
    const char *content_type;
    struct span answer;
    size_t extra_count;
    struct http_header extra[HTTP_EXTRA_HEADERS_MAX];
};

/* Links that must get on with it, in the order in which they were put there. */
struct http_watch {
    struct http_link *oldest, *newest;
};

struct http_link {
    struct http_exchange *exchange;
    uint32_t polls; /* how often a held link was looked at for nothing */
    bool held;      /* waits for an answer without being suspended */
    bool suspended;
    bool unsent;                     /* its answer is with libmicrohttpd */
    bool half_closed;                /* the client sends no more */
    bool broken;                     /* its answer could not be made: to be closed */
    struct http_watch *watch;        /* the list it stands in, if any */
    struct http_link *older, *newer; /* in that list */
    int64_t since_us;                /* when it was put there */
    struct http_loop *loop;
    struct MHD_Connection *wire;
    struct http_stream *stream;
    char peer[INET6_ADDRSTRLEN];
    size_t peer_size;
    uint8_t address[16]; /* what the limit per address counts */
    char *target;        /* of the request line that is being read, as it came; libmicrohttpd decodes its own */
    size_t target_size, target_capacity;
};

/* Written by the loop's thread, read by anyone. */
struct http_tally {
    atomic_uint_fast64_t requests, refused, abandoned, answers[6], bytes_in, bytes_out, connections,
        connections_open, waiting, suspended, streams_open, streams_dropped, cpu_us;
};

struct http_loop {
    struct http_server *server;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int poll_fd;    /* libmicrohttpd's epoll; our signal is in it too */
    int signal_fd;  /* eventfd, edge-triggered, never read */
    int hangup_fd;  /* epoll that tells which clients have closed */
    int listen_fd;  /* duplicate of the server's; libmicrohttpd's until quiesced */
    int64_t now_us; /* monotonic, read once per pass */
    struct http_exchange *oldest_waiting, *newest_waiting, *free;
    unsigned free_count;
    unsigned owed;             /* abandoned exchanges */
    struct http_watch slow;    /* to send a whole request, or to fetch an answer */
    struct http_watch leaving; /* closed by the client; libmicrohttpd may not have noticed */
    struct http_stream *streams;
    struct http_note *stream_oldest, *stream_newest; /* notes of streams, read some per pass */
    unsigned held, unsent, links;
    unsigned passes;         /* passes due at once, whatever the sockets say */
    uint64_t progress;       /* steps made; tells whether another pass may help */
    int64_t housekeeping_us; /* next due */
    void (*settled)(void *context); /* to be called at the end of the pass, if any */
    void *settled_context;
    bool stopping;
    bool given_up; /* `stop_by_us` has passed once: what is left was answered 503 */
    int64_t stop_by_us;
    struct http_tally tally;
    _Alignas(CACHE_LINE_SIZE) _Atomic(struct http_note *) mail; /* shared; newest first */
    atomic_bool signalled;                                      /* shared */
};

/* Connections per address; open addressing, sized for twice `connections_max`. */
struct http_addresses {
    pthread_mutex_t lock;
    struct http_address *slots;
    size_t slot_count;
    uint32_t limit;
};

struct http_server {
    struct http_settings settings;
    http_handler *handler;
    void *context;
    int listen_fd;
    uint16_t port;
    char *tls_certificate, *tls_key;
    struct http_addresses addresses;
    atomic_bool stopping;
    bool stopped;
    unsigned loop_count; /* started */
    struct http_loop *loops;
};

static inline void http_tally_add(atomic_uint_fast64_t *counter, uint64_t count)
{
    /* One writer: a plain addition, made visible without a locked instruction. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + count,
                          memory_order_relaxed);
}

static inline void http_tally_sub(atomic_uint_fast64_t *counter, uint64_t count)
{
    http_tally_add(counter, 0 - count);
}

/* http_listen.c */
MUST_CHECK int http_listen(const char *address, uint16_t *port, char *error, size_t error_size);
MUST_CHECK bool http_addresses_init(struct http_addresses *addresses, uint32_t links_max, uint32_t limit);
void http_addresses_release(struct http_addresses *addresses);
/* The bytes that stand for a peer: IPv4 mapped into IPv6, or the /64 of an IPv6 address. */
void http_address_key(const struct sockaddr *address, uint8_t key[16]);
bool http_address_full(struct http_addresses *addresses, const uint8_t key[16]);
void http_address_add(struct http_addresses *addresses, const uint8_t key[16]);
void http_address_remove(struct http_addresses *addresses, const uint8_t key[16]);

/* http_loop.c */
MUST_CHECK bool http_loop_start(struct http_loop *loop, char *error, size_t error_size);
void http_loop_post(struct http_loop *loop, struct http_note *note);
void http_loop_signal(struct http_loop *loop);
/* After its thread has ended: reads the late mail and says how many answers are still owed. */
unsigned http_loop_settle(struct http_loop *loop);
bool http_loop_is_mine(const struct http_loop *loop); /* the calling thread is the loop's */
void http_watch(struct http_link *link);              /* from now on */
void http_unwatch(struct http_link *link);
void http_resume(struct http_link *link);
void http_cut(struct http_link *link); /* libmicrohttpd notices and closes, unless it is suspended */

/* http_exchange.c: libmicrohttpd's callbacks and what the loop does with exchanges */
enum MHD_Result http_access(void *context, struct MHD_Connection *wire, const char *path, const char *method,
                            const char *version, const char *upload, size_t *upload_size, void **state);
void http_completed(void *context, struct MHD_Connection *wire, void **state,
                    enum MHD_RequestTerminationCode code);
void http_exchange_answered(struct http_exchange *exchange); /* another thread's answer has arrived */
void http_exchange_give_up(struct http_exchange *exchange, int status, struct span problem);
void http_exchange_free_all(struct http_loop *loop);
/* Takes the exchange's answer off the other books and marks it given. */
void http_exchange_settle(struct http_exchange *exchange);
/* Hands the answer to libmicrohttpd and lets go of it. NULL: there was no memory for it, the link is closed.
 */
void http_reply(struct http_link *link, int status, struct MHD_Response *response);
/* NULL in, NULL out; NULL too when memory is short. */
struct MHD_Response *http_response_dress(const struct http_loop *loop, struct MHD_Response *response,
                                         const char *content_type, const struct http_header *extra,
                                         size_t extra_count);

/* http_stream.c */
void http_stream_note(struct http_note *note);
void http_stream_detach(struct http_link *link);  /* the connection is over */
void http_stream_cut(struct http_stream *stream); /* the client has gone, or is to */
void http_streams_end(struct http_loop *loop);    /* after what is waiting has been sent */
void http_streams_cut(struct http_loop *loop);    /* at once */

#endif
