/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 server under every door. It knows nothing of the business: it takes complete requests to a
 * handler and carries answers and streams back. Built on GNU libmicrohttpd (which parses and speaks TLS).
 *
 * Threads: a server has `thread_count` threads of its own, each with its own connections. The handler and
 * `finish` run on the thread that owns the request's connection and must not block: what takes long is
 * handed to another thread, and answered from there.
 *
 * A request handed to the handler is owed exactly one http_answer or http_stream_begin, sooner or later,
 * even when its client has gone meanwhile: until then its memory stays.
 *
 * Errors this layer answers by itself, as problem documents (RFC 9457): 413 for large bodies, 501 for
 * unknown methods, 504 when no answer came in time, 503 when it stops before. What is not HTTP at all, or has
 * too large a header (431, 414), is answered by libmicrohttpd in its own words. A client that needs longer
 * than idle and request time-out together to send a request or to fetch its answer is cut off.
 */
#ifndef DOORS_HTTP_H
#define DOORS_HTTP_H

#include "base/arena.h"
#include "base/span.h"

struct http_server;
struct http_stream;

struct http_settings {
    const char *listen;               /* "127.0.0.1:8080", "[::1]:8080"; port 0: any free one */
    const char *tls_certificate_path; /* PEM chain; NULL with `tls_key_path` NULL: no TLS */
    const char *tls_key_path;
    uint32_t thread_count;                /* 1 to HTTP_THREADS_MAX */
    uint32_t connections_max;             /* further ones wait in the kernel's queue, unanswered */
    uint32_t connections_per_address_max; /* further ones are closed; 0: no limit. IPv6 counts by /64 */
    uint32_t held_max;                    /* see http_loop.c; 0 always suspends */
    size_t header_max;                    /* bytes of request line and headers */
    size_t body_max;                      /* bytes of a request's body */
    size_t arena_max;                     /* bytes of a request's arena, unless its handler raises the ceiling */
    size_t stream_buffer_max;             /* bytes waiting for one slow client before it is dropped */
    int64_t idle_timeout_ms;              /* no byte for so long: closed; full seconds, rounded up */
    int64_t request_timeout_ms;           /* from complete request to answer */
    int64_t stop_timeout_ms;              /* http_close waits so long for requests in flight */
};

#define HTTP_THREADS_MAX 64
#define HTTP_EXTRA_HEADERS_MAX 12

/* Limits fit for a till; the caller sets `listen`. */
struct http_settings http_settings_default(void);

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
};

/* Lives from the handler's call until the answer is sent or dropped; never touch it after answering. */
struct http_request {
    enum http_method method;
    struct span path; /* percent-decoded, without the query, terminated by a zero */
    struct span target; /* path and query exactly as on the request line, for what is signed */
    struct span body;
    struct arena *arena; /* for the handler and whoever answers; one thread at a time */
    void *data;          /* the handler's own */
    bool slow;           /* the handler sets it when its answer takes many passes: it is not looked for in each */
    /* What http_wake makes the server's thread call; the handler sets it. */
    void (*finish)(struct http_request *request);
};

typedef void http_handler(void *context, struct http_request *request);

struct http_header {
    const char *name;
    const char *value;
};

/* NULL, with a sentence in `error`, when the address, the files or the settings do not do. */
MUST_CHECK struct http_server *http_open(const struct http_settings *settings, http_handler *handler,
                                         void *context, char *error, size_t error_size);
uint16_t http_port(const struct http_server *server);

/*
 * Stops accepting, ends the streams, waits for requests in flight up to `stop_timeout_ms`, answers 503 to
 * the rest and stops the threads. False when some request is still owed an answer. Everything else may go
 * on calling meanwhile and afterwards; late answers are dropped.
 */
bool http_stop(struct http_server *server);
/*
 * Gives everything back, stopping first when that was not done. By now all owed answers have been given and
 * no other thread uses the server; `finish` of late wakes runs on this thread. False when an answer is
 * still owed: the server's memory then stays for good, because that answer may come.
 */
bool http_close(struct http_server *server);

/*
 * Only on the server's thread, inside the handler or `finish`. Empty (bytes NULL) when there is none, or
 * the client has gone. Names of headers in any case. Query values are percent-decoded.
 */
struct span http_header_value(const struct http_request *request, const char *name);
struct span http_query_value(const struct http_request *request, const char *name);
/* Every query parameter in order, until `each` returns false. */
void http_query_each(const struct http_request *request,
                     bool (*each)(void *context, struct span name, struct span value), void *context);
/* "192.0.2.7" or "2001:db8::7"; empty when the client has gone. */
struct span http_peer(const struct http_request *request);
/* The client has gone or was told 504: the answer will be dropped. */
bool http_gone(const struct http_request *request);

/*
 * Answers, from any thread, once. `body`, `content_type` and the texts of `extra` are not copied: they
 * stand in the request's arena or are static. The array `extra` itself is copied.
 */
void http_answer(struct http_request *request, int status, const char *content_type, struct span body,
                 const struct http_header *extra, size_t extra_count);
/* The same, for many at once: nothing is signalled until http_wake_flush, though it may leave earlier. */
void http_answer_later(struct http_request *request, int status, const char *content_type, struct span body,
                       const struct http_header *extra, size_t extra_count);
/* A problem document of type about:blank; `title` and `detail` are copied. Server's thread only. */
void http_problem(struct http_request *request, int status, const char *title, const char *detail);

/*
 * From any thread: `request->finish` will be called on the server's thread, and answers there. This keeps
 * encoding off the caller's thread.
 */
void http_wake(struct http_request *request);
/* The same for many at once: nothing is signalled until http_wake_flush, though it may happen earlier. */
void http_wake_later(struct http_request *request);
void http_wake_flush(struct http_server *server);

/*
 * Answers 200 with an endless body. Server's thread only, inside the handler or `finish`. The stream is the
 * caller's until http_stream_close, also after the client has gone. NULL when memory or the client has
 * gone: the request is answered then too.
 */
MUST_CHECK struct http_stream *http_stream_begin(struct http_request *request, const char *content_type,
                                                 const struct http_header *extra, size_t extra_count);
/*
 * From any thread; copies the bytes, never waits. False when the client has gone, or was dropped because
 * more than `stream_buffer_max` would wait for it: all that is left is to close the stream. A client that
 * vanishes without a word (power, cable) is noticed only by what is sent to it: send something now and then.
 */
bool http_stream_send(struct http_stream *stream, struct span bytes);
bool http_stream_gone(const struct http_stream *stream);
/* Ends the stream after what was sent, and forgets it. */
void http_stream_close(struct http_stream *stream);

/*
 * Inside the handler: `settled` is called on this thread once the requests that are at hand were handed over,
 * so that what they ask for can be passed on together. Further calls before that change nothing.
 */
void http_when_settled(struct http_request *request, void (*settled)(void *context), void *context);

struct http_counts {
    uint64_t requests;    /* handed to the handler */
    uint64_t refused;     /* answered by this layer with an error */
    uint64_t abandoned;   /* client gone, or 504, before the handler's answer */
    uint64_t answers[6];  /* by status class, [2] counts 2xx; without libmicrohttpd's own */
    uint64_t bytes_in;    /* headers and bodies of requests */
    uint64_t bytes_out;   /* bodies of answers and streams */
    uint64_t connections; /* accepted so far */
    uint64_t connections_open;
    uint64_t waiting;   /* requests whose answer is owed by another thread */
    uint64_t suspended; /* times a connection was suspended for that */
    uint64_t streams_open;
    uint64_t streams_dropped; /* slow clients */
    uint64_t cpu_us;          /* CPU time of the server's threads, as of 0.1 s ago when they are busy */
};

struct http_counts http_counts(const struct http_server *server);

#endif
