/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/http_internal.h"

#include "base/json_out.h"
#include "base/os_clock.h"

#include <stdlib.h>

#define ARENA_BLOCK_SIZE (8 * 1024)
#define BODY_SIZE_FIRST (4 * 1024)
#define KEPT_SIZE_MAX (64 * 1024) /* a reused exchange keeps no more memory than this */
#define FREE_EXCHANGES_MAX 2048
#define HELD_POLLS_MAX 64

/* What is read and thrown away of a body that turns out too large, so that the client reads the 413. */
#define DISCARDED_BODIES_MAX 4

static struct http_exchange *exchange_take(struct http_loop *loop, struct http_link *link)
{
    struct http_exchange *exchange = loop->free;
    if (exchange != NULL) {
        loop->free = exchange->next_free;
        loop->free_count--;
    } else {
        exchange = calloc(1, sizeof(*exchange));
        if (exchange == NULL) {
            return NULL;
        }
        exchange->loop = loop;
        arena_init(&exchange->arena, ARENA_BLOCK_SIZE, loop->server->settings.arena_max);
    }
    exchange->arena.ceiling = loop->server->settings.arena_max;
    exchange->request = (struct http_request){ .arena = &exchange->arena };
    exchange->link = link;
    exchange->body_size = 0;
    exchange->waiting = false;
    exchange->too_large = false;
    atomic_store_explicit(&exchange->answered, false, memory_order_relaxed);
    return exchange;
}

static void exchange_free(struct http_exchange *exchange)
{
    arena_release(&exchange->arena);
    free(exchange->body);
    free(exchange);
}

static void exchange_give_back(struct http_exchange *exchange)
{
    struct http_loop *loop = exchange->loop;
    exchange->link = NULL;
    if (loop->free_count >= FREE_EXCHANGES_MAX) {
        exchange_free(exchange);
        return;
    }
    if (exchange->arena.held > KEPT_SIZE_MAX) {
        arena_release(&exchange->arena);
    } else {
        arena_rewind(&exchange->arena);
    }
    if (exchange->body_capacity > KEPT_SIZE_MAX) {
        free(exchange->body);
        exchange->body = NULL;
        exchange->body_capacity = 0;
    }
    exchange->next_free = loop->free;
    loop->free = exchange;
    loop->free_count++;
}

void http_exchange_free_all(struct http_loop *loop)
{
    while (loop->free != NULL) {
        struct http_exchange *next = loop->free->next_free;
        exchange_free(loop->free);
        loop->free = next;
    }
    loop->free_count = 0;
}

static void waiting_add(struct http_exchange *exchange)
{
    struct http_loop *loop = exchange->loop;
    exchange->waiting = true;
    exchange->older = loop->newest_waiting;
    exchange->newer = NULL;
    *(exchange->older != NULL ? &exchange->older->newer : &loop->oldest_waiting) = exchange;
    loop->newest_waiting = exchange;
    http_tally_add(&loop->tally.waiting, 1);
}

static void waiting_remove(struct http_exchange *exchange)
{
    struct http_loop *loop = exchange->loop;
    assert(exchange->waiting);
    exchange->waiting = false;
    *(exchange->older != NULL ? &exchange->older->newer : &loop->oldest_waiting) = exchange->newer;
    *(exchange->newer != NULL ? &exchange->newer->older : &loop->newest_waiting) = exchange->older;
    http_tally_sub(&loop->tally.waiting, 1);
}

/* The answer is still owed, but nobody waits for it: the exchange stays until it comes. */
static void exchange_abandon(struct http_exchange *exchange)
{
    waiting_remove(exchange);
    exchange->link->exchange = NULL;
    exchange->link = NULL;
    exchange->loop->owed++;
    http_tally_add(&exchange->loop->tally.abandoned, 1);
}

static bool body_append(struct http_exchange *exchange, const char *bytes, size_t size)
{
    size_t body_max = exchange->loop->server->settings.body_max;
    if (exchange->too_large || size > body_max - exchange->body_size) {
        /* body_size now counts what is thrown away. */
        exchange->too_large = true;
        exchange->body_size += size;
        return exchange->body_size / DISCARDED_BODIES_MAX <= body_max;
    }
    if (size > exchange->body_capacity - exchange->body_size) {
        size_t capacity = exchange->body_capacity > 0 ? exchange->body_capacity : BODY_SIZE_FIRST;
        while (capacity < exchange->body_size + size) {
            capacity *= 2;
        }
        char *body = realloc(exchange->body, capacity);
        if (body == NULL) {
            return false;
        }
        exchange->body = body;
        exchange->body_capacity = capacity;
    }
    memcpy(exchange->body + exchange->body_size, bytes, size);
    exchange->body_size += size;
    return true;
}

static bool method_read(const char *text, enum http_method *method)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        { MHD_HTTP_METHOD_POST, HTTP_POST },       { MHD_HTTP_METHOD_GET, HTTP_GET },
        { MHD_HTTP_METHOD_HEAD, HTTP_HEAD },       { MHD_HTTP_METHOD_PUT, HTTP_PUT },
        { MHD_HTTP_METHOD_PATCH, HTTP_PATCH },     { MHD_HTTP_METHOD_DELETE, HTTP_DELETE },
        { MHD_HTTP_METHOD_OPTIONS, HTTP_OPTIONS },
    };
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (strcmp(text, methods[i].name) == 0) {
            *method = methods[i].method;
            return true;
        }
    }
    return false;
}

static void refuse(struct http_exchange *exchange, int status, const char *title, const char *detail)
{
    http_tally_add(&exchange->loop->tally.refused, 1);
    http_problem(&exchange->request, status, title, detail);
}

static void refuse_too_large(struct http_exchange *exchange)
{
    refuse(exchange, 413, "Content Too Large", "The request's body is larger than this server takes.");
}

/* The headers are there, the body is not yet. */
static enum MHD_Result request_begin(struct http_link *link, const char *method)
{
    struct http_loop *loop = link->loop;
    struct http_exchange *exchange = exchange_take(loop, link);
    int64_t length;

    if (exchange == NULL) {
        return MHD_NO;
    }
    link->exchange = exchange;
    link->polls = 0;
    if (!method_read(method, &exchange->request.method)) {
        refuse(exchange, 501, "Not Implemented", "This server does not know the request's method.");
        return MHD_YES;
    }
    if (exchange->request.method != HTTP_GET && exchange->request.method != HTTP_HEAD) {
        struct span text = http_header_value(&exchange->request, MHD_HTTP_HEADER_CONTENT_LENGTH);
        if (text.size > 0 && (!span_to_i64(text, &length) || length < 0 ||
                              (uint64_t)length > loop->server->settings.body_max)) {
            refuse_too_large(exchange);
        }
    }
    return MHD_YES;
}

static void link_suspend(struct http_link *link)
{
    link->suspended = true;
    http_tally_add(&link->loop->tally.suspended, 1);
    MHD_suspend_connection(link->wire);
}

static void link_unhold(struct http_link *link)
{
    if (link->held) {
        link->held = false;
        link->loop->held--;
    }
}

static void link_wait(struct http_link *link)
{
    struct http_loop *loop = link->loop;
    /* TLS may have decrypted bytes of the next request at hand and then cannot be held. */
    bool soon = !link->exchange->request.slow && loop->held < loop->server->settings.held_max;
    if (soon && loop->server->tls_key == NULL) {
        link->held = true;
        loop->held++;
    } else {
        link_suspend(link);
    }
}

static enum MHD_Result request_dispatch(struct http_exchange *exchange, const char *path)
{
    struct http_loop *loop = exchange->loop;
    struct http_link *link = exchange->link;
    struct http_request *request = &exchange->request;
    size_t path_size = strlen(path);
    const union MHD_ConnectionInfo *head =
        MHD_get_connection_info(link->wire, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    http_tally_add(&loop->tally.bytes_in, exchange->body_size + (head != NULL ? head->header_size : 0));
    if (exchange->too_large) {
        refuse_too_large(exchange);
        return MHD_YES;
    }
    /* The answer may come when the client, and with it libmicrohttpd's copy, has gone. */
    char *path_copy = arena_try(&exchange->arena, path_size + 1 + link->target_size);
    if (path_copy == NULL) {
        return MHD_NO;
    }
    memcpy(path_copy, path, path_size);
    request->path = (struct span){ path_copy, path_size };
    request->target = (struct span){ path_copy + path_size + 1, link->target_size };
    if (link->target_size > 0) {
        memcpy(path_copy + path_size + 1, link->target, link->target_size);
    }
    request->body = (struct span){ exchange->body, exchange->body_size };
    exchange->received_us = os_monotonic_us();
    http_unwatch(link);
    http_tally_add(&loop->tally.requests, 1);
    loop->progress++;
    loop->server->handler(loop->server->context, request);
    if (!link->unsent && link->stream == NULL) {
        waiting_add(exchange);
        link_wait(link);
    }
    return MHD_YES;
}

enum MHD_Result http_access(void *context, struct MHD_Connection *wire, const char *path, const char *method,
                            const char *version, const char *upload, size_t *upload_size, void **state)
{
    struct http_link *link = *state;
    (void)context;
    (void)version;
    if (link == NULL) {
        link = MHD_get_connection_info(wire, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
        *state = link;
        return link != NULL ? request_begin(link, method) : MHD_NO;
    }
    if (link->held && link->polls < HELD_POLLS_MAX) {
        link->polls++;
        return MHD_YES;
    }
    if (link->broken) {
        return MHD_NO;
    }
    struct http_exchange *exchange = link->exchange;
    assert(exchange != NULL);
    if (*upload_size > 0) {
        bool taken = body_append(exchange, upload, *upload_size);
        *upload_size = 0;
        return taken ? MHD_YES : MHD_NO;
    }
    if (!exchange->waiting) {
        return request_dispatch(exchange, path);
    }
    assert(link->held);
    link_unhold(link);
    link_suspend(link);
    return MHD_YES;
}

void http_completed(void *context, struct MHD_Connection *wire, void **state,
                    enum MHD_RequestTerminationCode code)
{
    struct http_link *link = *state;
    (void)context;
    (void)wire;
    (void)code;
    if (link == NULL) {
        return;
    }
    *state = NULL;
    link_unhold(link);
    link->suspended = false; /* nothing suspended completes */
    if (link->unsent) {
        link->unsent = false;
        link->loop->unsent--;
    }
    if (link->stream != NULL) {
        http_stream_detach(link);
    }
    struct http_exchange *exchange = link->exchange;
    if (exchange != NULL && exchange->waiting) {
        exchange_abandon(exchange);
    } else if (exchange != NULL) {
        link->exchange = NULL;
        exchange_give_back(exchange);
    }
    link->loop->progress++;
    http_watch(link);
}

struct MHD_Response *http_response_dress(const struct http_loop *loop, struct MHD_Response *response,
                                         const char *content_type, const struct http_header *extra,
                                         size_t extra_count)
{
    if (response == NULL) {
        return NULL;
    }
    bool ok = content_type == NULL ||
              MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) == MHD_YES;
    for (size_t i = 0; i < extra_count; i++) {
        ok = ok && MHD_add_response_header(response, extra[i].name, extra[i].value) == MHD_YES;
    }
    if (loop->stopping) {
        ok = ok && MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES;
    }
    if (!ok) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

void http_reply(struct http_link *link, int status, struct MHD_Response *response)
{
    struct http_loop *loop = link->loop;
    link_unhold(link);
    loop->progress++;
    http_tally_add(&loop->tally.answers[status / 100], 1);
    if (response == NULL || MHD_queue_response(link->wire, (unsigned)status, response) != MHD_YES) {
        link->broken = true;
    }
    if (response != NULL) {
        MHD_destroy_response(response);
    }
    http_resume(link);
}

/* A whole answer, `body` living until the request is over. */
static void reply_whole(struct http_link *link, int status, const char *content_type, struct span body,
                        const struct http_header *extra, size_t extra_count)
{
    struct http_loop *loop = link->loop;
    /* libmicrohttpd takes a pointer to non-const and does not write there. */
    union {
        const char *constant;
        void *bytes;
    } content = { .constant = body.size > 0 ? body.bytes : "" };
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.size, content.bytes, MHD_RESPMEM_PERSISTENT);

    link->unsent = true;
    loop->unsent++;
    http_watch(link);
    http_tally_add(&loop->tally.bytes_out, body.size);
    http_reply(link, status, http_response_dress(loop, response, content_type, extra, extra_count));
}

void http_exchange_settle(struct http_exchange *exchange)
{
    if (exchange->waiting) {
        waiting_remove(exchange);
    }
    if (exchange->link == NULL) {
        assert(exchange->loop->owed > 0);
        exchange->loop->owed--;
        exchange_give_back(exchange);
    }
}

static void answer_here(struct http_exchange *exchange, int status, const char *content_type,
                        struct span body, const struct http_header *extra, size_t extra_count)
{
    struct http_link *link = exchange->link;
    http_exchange_settle(exchange);
    if (link != NULL) {
        reply_whole(link, status, content_type, body, extra, extra_count);
    }
}

void http_exchange_answered(struct http_exchange *exchange)
{
    answer_here(exchange, exchange->status, exchange->content_type, exchange->answer, exchange->extra,
                exchange->extra_count);
}

void http_exchange_give_up(struct http_exchange *exchange, int status, struct span problem)
{
    struct http_link *link = exchange->link;
    exchange_abandon(exchange);
    http_tally_add(&link->loop->tally.refused, 1);
    reply_whole(link, status, "application/problem+json", problem, NULL, 0);
}

static struct http_exchange *exchange_of(struct http_request *request)
{
    return (struct http_exchange *)(void *)request;
}

static const struct http_exchange *exchange_seen(const struct http_request *request)
{
    return (const struct http_exchange *)(const void *)request;
}

void http_answer_later(struct http_request *request, int status, const char *content_type, struct span body,
                       const struct http_header *extra, size_t extra_count)
{
    struct http_exchange *exchange = exchange_of(request);
    bool again = atomic_exchange_explicit(&exchange->answered, true, memory_order_relaxed);
    assert(!again);
    assert(status >= 200);
    assert(status <= 599);
    assert(extra_count <= HTTP_EXTRA_HEADERS_MAX);
    if (http_loop_is_mine(exchange->loop)) {
        answer_here(exchange, status, content_type, body, extra, extra_count);
        return;
    }
    exchange->status = status;
    exchange->content_type = content_type;
    exchange->answer = body;
    exchange->extra_count = extra_count;
    if (extra_count > 0) {
        memcpy(exchange->extra, extra, extra_count * sizeof(*extra));
    }
    exchange->note.kind = HTTP_NOTE_answer;
    http_loop_post(exchange->loop, &exchange->note); /* from here on the exchange is the loop's alone */
}

void http_answer(struct http_request *request, int status, const char *content_type, struct span body,
                 const struct http_header *extra, size_t extra_count)
{
    struct http_loop *loop = exchange_of(request)->loop;
    http_answer_later(request, status, content_type, body, extra, extra_count);
    if (!http_loop_is_mine(loop)) {
        http_loop_signal(loop);
    }
}

void http_problem(struct http_request *request, int status, const char *title, const char *detail)
{
    struct http_exchange *exchange = exchange_of(request);
    assert(http_loop_is_mine(exchange->loop));
    size_t capacity = 128 + 6 * (strlen(title) + strlen(detail)); /* six: every byte escaped */
    char *bytes = arena_try(&exchange->arena, capacity);
    struct span document = SPAN("{\"type\":\"about:blank\"}"); /* when the request has used all its memory */
    if (bytes != NULL) {
        struct json_out out;
        json_out_init(&out, bytes, capacity);
        json_out_object(&out);
        json_out_key(&out, "type");
        json_out_text(&out, SPAN("about:blank"));
        json_out_key(&out, "title");
        json_out_text(&out, span_of(title));
        json_out_key(&out, "status");
        json_out_i64(&out, status);
        json_out_key(&out, "detail");
        json_out_text(&out, span_of(detail));
        json_out_object_end(&out);
        document = json_out_end(&out);
        assert(document.size > 0);
    }
    http_answer(request, status, "application/problem+json", document, NULL, 0);
}

void http_wake_later(struct http_request *request)
{
    struct http_exchange *exchange = exchange_of(request);
    assert(request->finish != NULL);
    exchange->note.kind = HTTP_NOTE_wake;
    http_loop_post(exchange->loop, &exchange->note);
}

void http_wake(struct http_request *request)
{
    struct http_loop *loop = exchange_of(request)->loop;
    http_wake_later(request);
    http_loop_signal(loop);
}

static struct span value_find(const struct http_request *request, enum MHD_ValueKind kind, const char *name)
{
    const struct http_exchange *exchange = exchange_seen(request);
    const char *value = NULL;
    size_t size = 0;
    assert(http_loop_is_mine(exchange->loop));
    if (exchange->link == NULL || MHD_lookup_connection_value_n(exchange->link->wire, kind, name,
                                                                strlen(name), &value, &size) != MHD_YES) {
        return (struct span){ NULL, 0 };
    }
    return (struct span){ value != NULL ? value : "", size };
}

struct span http_header_value(const struct http_request *request, const char *name)
{
    return value_find(request, MHD_HEADER_KIND, name);
}

struct span http_query_value(const struct http_request *request, const char *name)
{
    return value_find(request, MHD_GET_ARGUMENT_KIND, name);
}

struct query_walk {
    bool (*each)(void *context, struct span name, struct span value);
    void *context;
};

static enum MHD_Result query_step(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                  const char *value, size_t value_size)
{
    const struct query_walk *walk = context;
    (void)kind;
    return walk->each(walk->context, (struct span){ name, name_size },
                      (struct span){ value != NULL ? value : "", value_size })
               ? MHD_YES
               : MHD_NO;
}

void http_query_each(const struct http_request *request,
                     bool (*each)(void *context, struct span name, struct span value), void *context)
{
    const struct http_exchange *exchange = exchange_seen(request);
    struct query_walk walk = { each, context };
    assert(http_loop_is_mine(exchange->loop));
    if (exchange->link != NULL) {
        (void)MHD_get_connection_values_n(exchange->link->wire, MHD_GET_ARGUMENT_KIND, query_step, &walk);
    }
}

struct span http_peer(const struct http_request *request)
{
    const struct http_exchange *exchange = exchange_seen(request);
    assert(http_loop_is_mine(exchange->loop));
    if (exchange->link == NULL) {
        return (struct span){ NULL, 0 };
    }
    return (struct span){ exchange->link->peer, exchange->link->peer_size };
}

bool http_gone(const struct http_request *request)
{
    assert(http_loop_is_mine(exchange_seen(request)->loop));
    return exchange_seen(request)->link == NULL;
}
