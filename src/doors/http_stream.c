/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream stands between its holder (any thread), who puts bytes into a bounded ring, and libmicrohttpd
 * (the loop's thread), which takes them out when the socket has room and suspends the connection when
 * there are none. It lives until the holder, the connection and the mail have all let go of it.
 */
#include "doors/http_internal.h"

#include <stdlib.h>

#define RING_SIZE_FIRST 4096
#define BLOCK_SIZE (16 * 1024)

struct http_stream {
    struct http_note note;
    struct http_loop *loop;
    struct http_link *link;            /* loop's thread only; NULL when the client has gone */
    struct http_stream *older, *newer; /* loop's thread only */
    atomic_int references;             /* holder, link, note in the mail */
    atomic_bool posted;                /* the note is in the mail */
    atomic_bool gone;                  /* the client has, or is being dropped */
    size_t buffer_max;
    pthread_mutex_t lock; /* guards what follows */
    bool ended;
    bool dropped; /* for being slow */
    char *bytes;  /* ring */
    size_t capacity, start, size;
};

static void stream_release(struct http_stream *stream)
{
    if (atomic_fetch_sub(&stream->references, 1) == 1) {
        (void)pthread_mutex_destroy(&stream->lock);
        free(stream->bytes);
        free(stream);
    }
}

/* With the lock held, so that no note is posted once the connection is over and the loop may go away. */
static void stream_post(struct http_stream *stream)
{
    if (!atomic_exchange(&stream->posted, true)) {
        atomic_fetch_add(&stream->references, 1);
        http_loop_post(stream->loop, &stream->note);
        http_loop_signal(stream->loop);
    }
}

static ssize_t stream_read(void *context, uint64_t position, char *to, size_t size)
{
    struct http_stream *stream = context;
    (void)position;
    pthread_mutex_lock(&stream->lock);
    bool ended = stream->ended;
    size_t taken = stream->size < size ? stream->size : size;
    if (taken > 0) {
        size_t straight = stream->capacity - stream->start;
        size_t first = taken < straight ? taken : straight;
        memcpy(to, stream->bytes + stream->start, first);
        memcpy(to + first, stream->bytes, taken - first);
        stream->start = (stream->start + taken) % stream->capacity;
        stream->size -= taken;
    }
    pthread_mutex_unlock(&stream->lock);
    if (atomic_load(&stream->gone)) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (taken == 0 && ended) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (taken == 0) {
        stream->link->suspended = true;
        MHD_suspend_connection(stream->link->wire);
        return 0;
    }
    http_tally_add(&stream->loop->tally.bytes_out, taken);
    return (ssize_t)taken;
}

static struct http_stream *stream_new(struct http_link *link)
{
    struct http_loop *loop = link->loop;
    struct http_stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&stream->lock, NULL) != 0) {
        free(stream);
        return NULL;
    }
    stream->note.kind = HTTP_NOTE_stream;
    stream->loop = loop;
    stream->link = link;
    stream->buffer_max = loop->server->settings.stream_buffer_max;
    stream->ended = loop->stopping;
    atomic_store(&stream->references, 2);
    stream->newer = loop->streams;
    if (loop->streams != NULL) {
        loop->streams->older = stream;
    }
    loop->streams = stream;
    http_tally_add(&loop->tally.streams_open, 1);
    return stream;
}

struct http_stream *http_stream_begin(struct http_request *request, const char *content_type,
                                      const struct http_header *extra, size_t extra_count)
{
    struct http_exchange *exchange = (struct http_exchange *)(void *)request;
    assert(http_loop_is_mine(exchange->loop));
    struct http_link *link = exchange->link;
    struct http_stream *stream = link != NULL ? stream_new(link) : NULL;
    if (stream == NULL) {
        http_problem(request, 503, "Service Unavailable", "There is no memory for another stream.");
        return NULL;
    }
    bool again = atomic_exchange_explicit(&exchange->answered, true, memory_order_relaxed);
    assert(!again);
    http_exchange_settle(exchange);
    link->stream = stream;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, stream_read, stream, NULL);
    http_reply(link, 200, http_response_dress(link->loop, response, content_type, extra, extra_count));
    return stream;
}

void http_stream_detach(struct http_link *link)
{
    struct http_loop *loop = link->loop;
    struct http_stream *stream = link->stream;
    link->stream = NULL;
    pthread_mutex_lock(&stream->lock);
    atomic_store(&stream->gone, true);
    bool dropped = stream->dropped;
    pthread_mutex_unlock(&stream->lock);
    stream->link = NULL;
    *(stream->older != NULL ? &stream->older->newer : &loop->streams) = stream->newer;
    if (stream->newer != NULL) {
        stream->newer->older = stream->older;
    }
    http_tally_sub(&loop->tally.streams_open, 1);
    http_tally_add(&loop->tally.streams_dropped, dropped);
    stream_release(stream);
}

void http_stream_note(struct http_note *note)
{
    struct http_stream *stream =
        (struct http_stream *)(void *)((char *)note - offsetof(struct http_stream, note));
    atomic_store(&stream->posted, false); /* first: what is sent from now on posts again */
    struct http_link *link = stream->link;
    if (link != NULL) {
        if (atomic_load(&stream->gone)) {
            http_cut(link); /* it may wait for room in the socket, and would not look at the stream */
        }
        http_resume(link);
    }
    stream_release(stream);
}

void http_stream_cut(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    atomic_store(&stream->gone, true);
    pthread_mutex_unlock(&stream->lock);
    http_cut(stream->link);
    http_resume(stream->link);
}

void http_streams_end(struct http_loop *loop)
{
    for (struct http_stream *stream = loop->streams; stream != NULL; stream = stream->newer) {
        pthread_mutex_lock(&stream->lock);
        stream->ended = true;
        pthread_mutex_unlock(&stream->lock);
        http_resume(stream->link);
    }
}

void http_streams_cut(struct http_loop *loop)
{
    for (struct http_stream *stream = loop->streams; stream != NULL; stream = stream->newer) {
        http_stream_cut(stream);
    }
}

static bool ring_grow(struct http_stream *stream, size_t size)
{
    size_t capacity = stream->capacity > 0 ? stream->capacity : RING_SIZE_FIRST;
    while (capacity < size) {
        capacity *= 2;
    }
    char *bytes = malloc(capacity);
    if (bytes == NULL) {
        return false;
    }
    if (stream->size > 0) {
        size_t straight = stream->capacity - stream->start;
        size_t first = stream->size < straight ? stream->size : straight;
        memcpy(bytes, stream->bytes + stream->start, first);
        memcpy(bytes + first, stream->bytes, stream->size - first);
    }
    free(stream->bytes);
    stream->bytes = bytes;
    stream->capacity = capacity;
    stream->start = 0;
    return true;
}

static bool ring_put(struct http_stream *stream, struct span bytes)
{
    if (bytes.size > stream->buffer_max - stream->size) {
        return false;
    }
    if (bytes.size > stream->capacity - stream->size && !ring_grow(stream, stream->size + bytes.size)) {
        return false;
    }
    size_t end = (stream->start + stream->size) % stream->capacity;
    size_t straight = stream->capacity - end;
    size_t first = bytes.size < straight ? bytes.size : straight;
    memcpy(stream->bytes + end, bytes.bytes, first);
    memcpy(stream->bytes, bytes.bytes + first, bytes.size - first);
    stream->size += bytes.size;
    return true;
}

bool http_stream_send(struct http_stream *stream, struct span bytes)
{
    pthread_mutex_lock(&stream->lock);
    bool open = !atomic_load(&stream->gone) && !stream->ended;
    if (open && bytes.size > 0) {
        if (!ring_put(stream, bytes)) {
            stream->dropped = true;
            atomic_store(&stream->gone, true);
            open = false;
        }
        stream_post(stream);
    }
    pthread_mutex_unlock(&stream->lock);
    return open;
}

bool http_stream_gone(const struct http_stream *stream)
{
    return atomic_load(&stream->gone);
}

void http_stream_close(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->ended = true;
    if (!atomic_load(&stream->gone)) {
        stream_post(stream);
    }
    pthread_mutex_unlock(&stream->lock);
    stream_release(stream);
}
