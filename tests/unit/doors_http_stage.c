/* SPDX-License-Identifier: Apache-2.0 */
#include "doors_http_stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool append(void *context, struct span name, struct span value)
{
    struct span *text = context;
    char *end = strchr(text->bytes, '\0');
    size_t room = text->size - (size_t)(end - text->bytes);
    snprintf(end, room, " %.*s=%.*s", (int)name.size, name.bytes, (int)value.size, value.bytes);
    return true;
}

/* "POST /path a=b peer [Header-X] body" */
static void echo(struct http_request *request)
{
    static const char *const names[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };
    size_t size = 512 + request->path.size + request->body.size;
    char *bytes = arena_take(request->arena, size);
    struct span peer = http_peer(request);
    struct span header = http_header_value(request, "x-tEst");
    struct http_header extra[] = { { "X-Content-Type-Options", "nosniff" } };
    snprintf(bytes, size, "%s %.*s", names[request->method], (int)request->path.size, request->path.bytes);
    http_query_each(request, append, &(struct span){ bytes, size });
    size_t used = strlen(bytes);
    snprintf(bytes + used, size - used, " %.*s [%.*s] %.*s", (int)peer.size, peer.bytes, (int)header.size,
             header.bytes != NULL ? header.bytes : "", (int)request->body.size,
             request->body.bytes != NULL ? request->body.bytes : "");
    http_answer(request, 200, "text/plain", (struct span){ bytes, strlen(bytes) }, extra, 1);
}

static void finish(struct http_request *request)
{
    struct stage *stage = request->data;
    stage->finished++;
    http_answer(request, 201, "text/plain", SPAN("finished"), NULL, 0);
}

static void keep(struct stage *stage, struct http_request *request)
{
    request->data = stage;
    request->finish = finish;
    pthread_mutex_lock(&stage->lock);
    assert(stage->waiting_count < WAITING_MAX);
    stage->waiting[stage->waiting_count++] = request;
    pthread_cond_broadcast(&stage->changed);
    pthread_mutex_unlock(&stage->lock);
}

/* Returns only after another thread has answered. */
static void race(struct stage *stage, struct http_request *request)
{
    pthread_mutex_lock(&stage->lock);
    stage->raced = request;
    stage->raced_done = false;
    pthread_cond_broadcast(&stage->changed);
    while (!stage->raced_done) {
        pthread_cond_wait(&stage->changed, &stage->lock);
    }
    pthread_mutex_unlock(&stage->lock);
}

static void *racer_main(void *context)
{
    struct stage *stage = context;
    pthread_mutex_lock(&stage->lock);
    while (!stage->racer_ends) {
        if (stage->raced != NULL) {
            http_answer(stage->raced, 202, "text/plain", SPAN("raced"), NULL, 0);
            stage->raced = NULL;
            stage->raced_done = true;
            pthread_cond_broadcast(&stage->changed);
        }
        pthread_cond_wait(&stage->changed, &stage->lock);
    }
    pthread_mutex_unlock(&stage->lock);
    return NULL;
}

/* An answer larger than a request's arena, once its ceiling is raised. */
static void large(struct http_request *request)
{
    assert(request->arena->ceiling < LARGE_SIZE); /* again: it was raised for one request */
    request->arena->ceiling = 2 * LARGE_SIZE;
    char *bytes = arena_take(request->arena, LARGE_SIZE);
    memset(bytes, 'L', LARGE_SIZE);
    http_answer(request, 200, "text/plain", (struct span){ bytes, LARGE_SIZE }, NULL, 0);
}

void handle(void *context, struct http_request *request)
{
    struct stage *stage = context;
    if (span_equal(request->path, SPAN("/later")) || span_equal(request->path, SPAN("/slow"))) {
        request->slow = span_equal(request->path, SPAN("/slow"));
        keep(stage, request);
    } else if (span_equal(request->path, SPAN("/race"))) {
        race(stage, request);
    } else if (span_equal(request->path, SPAN("/stream"))) {
        struct http_stream *stream = http_stream_begin(request, "text/event-stream", NULL, 0);
        assert(stream != NULL);
        pthread_mutex_lock(&stage->lock);
        stage->streams[stage->stream_count++] = stream;
        pthread_cond_broadcast(&stage->changed);
        pthread_mutex_unlock(&stage->lock);
    } else if (span_equal(request->path, SPAN("/large"))) {
        large(request);
    } else if (span_equal(request->path, SPAN("/target/A"))) {
        http_answer(request, 200, "text/plain", request->target, NULL, 0);
    } else {
        echo(request);
    }
}

struct http_settings settings_of(const struct stage *stage)
{
    struct http_settings settings = http_settings_default();
    settings.listen = "127.0.0.1:0";
    settings.thread_count = 2;
    settings.held_max = stage->held_max;
    settings.body_max = 10000;
    return settings;
}

void open_with(struct stage *stage, const struct http_settings *settings)
{
    char error[200] = "";
    stage->server = http_open(settings, handle, stage, error, sizeof(error));
    assert_string_equal(error, "");
    assert_non_null(stage->server);
}

void open_stage(struct stage *stage)
{
    struct http_settings settings = settings_of(stage);
    open_with(stage, &settings);
}

static int stage_set_up(void **state, uint32_t held_max)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    assert_non_null(stage);
    stage->held_max = held_max;
    pthread_mutex_init(&stage->lock, NULL);
    pthread_cond_init(&stage->changed, NULL);
    pthread_create(&stage->racer, NULL, racer_main, stage);
    *state = stage;
    return 0;
}

int set_up_held(void **state)
{
    return stage_set_up(state, 4096);
}

int set_up_suspended(void **state)
{
    return stage_set_up(state, 0);
}

int tear_down(void **state)
{
    struct stage *stage = *state;
    pthread_mutex_lock(&stage->lock);
    stage->racer_ends = true;
    pthread_cond_broadcast(&stage->changed);
    pthread_mutex_unlock(&stage->lock);
    pthread_join(stage->racer, NULL);
    pthread_cond_destroy(&stage->changed);
    pthread_mutex_destroy(&stage->lock);
    free(stage);
    return 0;
}

void await_waiting(struct stage *stage, unsigned count)
{
    pthread_mutex_lock(&stage->lock);
    while (stage->waiting_count < count) {
        pthread_cond_wait(&stage->changed, &stage->lock);
    }
    pthread_mutex_unlock(&stage->lock);
}

void await_streams(struct stage *stage, unsigned count)
{
    pthread_mutex_lock(&stage->lock);
    while (stage->stream_count < count) {
        pthread_cond_wait(&stage->changed, &stage->lock);
    }
    pthread_mutex_unlock(&stage->lock);
}

void client_open(struct client *client, const struct stage *stage)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(http_port(stage->server)),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct timeval patience = { .tv_sec = PATIENCE_US / 1000000 };
    int on = 1;
    client->size = 0;
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(client->fd >= 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void say(const struct client *client, const char *text)
{
    size_t size = strlen(text);
    assert_int_equal(send(client->fd, text, size, MSG_NOSIGNAL), size);
}

bool fill(struct client *client)
{
    assert_true(client->size < sizeof(client->bytes) - 1);
    ssize_t got = recv(client->fd, client->bytes + client->size, sizeof(client->bytes) - 1 - client->size, 0);
    assert_true(got >= 0 || errno == ECONNRESET); /* a time-out fails here */
    if (got <= 0) {
        return false;
    }
    client->size += (size_t)got;
    client->bytes[client->size] = '\0';
    return true;
}

static void consume(struct client *client, size_t size)
{
    memmove(client->bytes, client->bytes + size, client->size - size + 1);
    client->size -= size;
}

/* Reads one answer's head. False when the server closed instead. */
bool hear_head(struct client *client)
{
    char *end;
    client->bytes[client->size] = '\0';
    while ((end = strstr(client->bytes, "\r\n\r\n")) == NULL) {
        if (!fill(client)) {
            return false;
        }
    }
    size_t size = (size_t)(end - client->bytes) + 4;
    assert_true(size < sizeof(client->head));
    memcpy(client->head, client->bytes, size);
    client->head[size] = '\0';
    assert_int_equal(sscanf(client->head, "HTTP/1.1 %d", &client->status), 1);
    consume(client, size);
    return true;
}

bool hear(struct client *client)
{
    size_t size = 0;
    if (!hear_head(client)) {
        return false;
    }
    const char *length = strcasestr(client->head, "\r\nContent-Length: ");
    if (length != NULL) {
        assert_int_equal(sscanf(length + 18, "%zu", &size), 1);
    }
    assert_true(size < sizeof(client->body));
    while (client->size < size) {
        assert_true(fill(client));
    }
    memcpy(client->body, client->bytes, size);
    client->body[size] = '\0';
    consume(client, size);
    return true;
}

void expect(struct client *client, int status, const char *body)
{
    assert_true(hear(client));
    assert_int_equal(client->status, status);
    assert_string_equal(client->body, body);
}

void expect_problem(struct client *client, int status)
{
    char member[40];
    snprintf(member, sizeof(member), "\"status\":%d,", status);
    assert_true(hear(client));
    assert_int_equal(client->status, status);
    assert_non_null(strstr(client->head, "application/problem+json"));
    assert_non_null(strstr(client->body, "\"type\":\"about:blank\""));
    assert_non_null(strstr(client->body, "\"title\":\""));
    assert_non_null(strstr(client->body, "\"detail\":\""));
    assert_non_null(strstr(client->body, member));
}

void expect_closed(struct client *client)
{
    assert_false(fill(client));
    close(client->fd);
}

/* Takes the chunks off the wire until their contents have `want` in them, or (NULL) to the last chunk. */
void await_text(struct client *client, const char *want)
{
    size_t size = 0;
    client->body[0] = '\0';
    for (;;) {
        char *line;
        unsigned chunk;
        while ((line = strstr(client->bytes, "\r\n")) == NULL) {
            assert_true(fill(client));
        }
        assert_int_equal(sscanf(client->bytes, "%x", &chunk), 1);
        size_t start = (size_t)(line - client->bytes) + 2;
        while (client->size < start + chunk + 2) {
            assert_true(fill(client));
        }
        assert_true(size + chunk < sizeof(client->body));
        memcpy(client->body + size, client->bytes + start, chunk);
        size += chunk;
        client->body[size] = '\0';
        consume(client, start + chunk + 2);
        if (chunk == 0) {
            assert_null(want);
            return;
        }
        if (want != NULL && strstr(client->body, want) != NULL) {
            return;
        }
    }
}
