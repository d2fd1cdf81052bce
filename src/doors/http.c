/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/http.h"

#include "doors/http_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PEM_SIZE_MAX (1024 * 1024)

struct http_settings http_settings_default(void)
{
    return (struct http_settings){
        .listen = "127.0.0.1:8080",
        .thread_count = 1,
        .connections_max = 16384,
        .connections_per_address_max = 0,
        .held_max = 4096,
        .header_max = 4 * 1024,
        .body_max = 1024 * 1024,
        .arena_max = 1024 * 1024,
        .stream_buffer_max = 256 * 1024,
        .idle_timeout_ms = 60 * 1000,
        .request_timeout_ms = 10 * 1000,
        .stop_timeout_ms = 10 * 1000,
    };
}

static const char *settings_flaw(const struct http_settings *settings)
{
    if (settings->listen == NULL) {
        return "no address to listen on";
    }
    if (settings->thread_count < 1 || settings->thread_count > HTTP_THREADS_MAX) {
        return "the number of HTTP threads must be 1 to 64";
    }
    if (settings->connections_max < settings->thread_count) {
        return "fewer connections allowed than threads";
    }
    if (settings->header_max < 1024 || settings->header_max > 1024 * 1024) {
        return "the limit for headers must be 1 KiB to 1 MiB";
    }
    if (settings->arena_max < 16 * 1024 || settings->stream_buffer_max < 1024) {
        return "the limit for a request's memory or a stream's buffer is too low";
    }
    if (settings->idle_timeout_ms < 1 || settings->request_timeout_ms < 1 || settings->stop_timeout_ms < 0) {
        return "a time-out is not positive";
    }
    if ((settings->tls_certificate_path == NULL) != (settings->tls_key_path == NULL)) {
        return "TLS needs both a certificate and a key";
    }
    return NULL;
}

/* The whole file with a terminating zero, to be freed; NULL when it cannot be had. */
static char *file_read(const char *path, char *error, size_t error_size)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        text = malloc(PEM_SIZE_MAX + 1);
        if (text != NULL) {
            size = fread(text, 1, PEM_SIZE_MAX, file);
        }
        if (ferror(file) != 0 || size == 0) {
            free(text);
            text = NULL;
        }
        (void)fclose(file);
    }
    if (text == NULL) {
        snprintf(error, error_size, "cannot read %s: %s", path, errno != 0 ? strerror(errno) : "it is empty");
        return NULL;
    }
    text[size] = '\0';
    return text;
}

/* Also for a server that is only half there. */
static void server_free(struct http_server *server)
{
    if (server->listen_fd >= 0) {
        (void)close(server->listen_fd);
    }
    for (unsigned i = 0; i < server->settings.thread_count && server->loops != NULL; i++) {
        if (server->loops[i].signal_fd >= 0) {
            (void)close(server->loops[i].signal_fd);
        }
        if (server->loops[i].hangup_fd >= 0) {
            (void)close(server->loops[i].hangup_fd);
        }
    }
    http_addresses_release(&server->addresses);
    if (server->tls_key != NULL) {
        explicit_bzero(server->tls_key, strlen(server->tls_key));
    }
    free(server->tls_key);
    free(server->tls_certificate);
    free(server->loops);
    free(server);
}

static bool server_prepare(struct http_server *server, char *error, size_t error_size)
{
    const struct http_settings *settings = &server->settings;
    size_t loops_size = settings->thread_count * sizeof(*server->loops);

    server->loops = aligned_alloc(CACHE_LINE_SIZE, loops_size);
    if (server->loops == NULL || !http_addresses_init(&server->addresses, settings->connections_max,
                                                      settings->connections_per_address_max)) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    memset(server->loops, 0, loops_size);
    for (unsigned i = 0; i < settings->thread_count; i++) {
        server->loops[i].server = server;
        server->loops[i].signal_fd = -1;
        server->loops[i].hangup_fd = -1;
    }
    if (settings->tls_key_path != NULL) {
        server->tls_certificate = file_read(settings->tls_certificate_path, error, error_size);
        server->tls_key = file_read(settings->tls_key_path, error, error_size);
        if (server->tls_certificate == NULL || server->tls_key == NULL) {
            return false;
        }
    }
    server->listen_fd = http_listen(settings->listen, &server->port, error, error_size);
    return server->listen_fd >= 0;
}

bool http_stop(struct http_server *server)
{
    unsigned owed = 0;
    /* Closed first: when the loops have closed their duplicates the kernel refuses connections. */
    if (!server->stopped) {
        (void)close(server->listen_fd);
        server->listen_fd = -1;
        atomic_store(&server->stopping, true);
    }
    for (unsigned i = 0; i < server->loop_count && !server->stopped; i++) {
        http_loop_signal(&server->loops[i]);
    }
    for (unsigned i = 0; i < server->loop_count; i++) {
        if (!server->stopped) {
            (void)pthread_join(server->loops[i].thread, NULL);
        }
        owed += server->loops[i].owed;
    }
    server->stopped = true;
    return owed == 0;
}

bool http_close(struct http_server *server)
{
    unsigned owed = 0;
    (void)http_stop(server);
    for (unsigned i = 0; i < server->loop_count; i++) {
        owed += http_loop_settle(&server->loops[i]);
    }
    if (owed == 0) {
        server_free(server);
    }
    return owed == 0;
}

struct http_server *http_open(const struct http_settings *settings, http_handler *handler, void *context,
                              char *error, size_t error_size)
{
    const char *flaw = settings_flaw(settings);
    if (flaw != NULL) {
        snprintf(error, error_size, "%s", flaw);
        return NULL;
    }
    struct http_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    server->settings = *settings;
    server->handler = handler;
    server->context = context;
    server->listen_fd = -1;
    if (!server_prepare(server, error, error_size)) {
        server_free(server);
        return NULL;
    }
    while (server->loop_count < settings->thread_count) {
        if (!http_loop_start(&server->loops[server->loop_count], error, error_size)) {
            /* The loops that run may have taken a request already: then it is waited for as always. */
            (void)http_close(server);
            return NULL;
        }
        server->loop_count++;
    }
    return server;
}

uint16_t http_port(const struct http_server *server)
{
    return server->port;
}

void http_wake_flush(struct http_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        if (atomic_load_explicit(&server->loops[i].mail, memory_order_relaxed) != NULL) {
            http_loop_signal(&server->loops[i]);
        }
    }
}

static void tally_sum(uint64_t *sum, const atomic_uint_fast64_t *counter)
{
    *sum += atomic_load_explicit(counter, memory_order_relaxed);
}

struct http_counts http_counts(const struct http_server *server)
{
    struct http_counts counts = { 0 };
    for (unsigned i = 0; i < server->loop_count; i++) {
        const struct http_tally *tally = &server->loops[i].tally;
        tally_sum(&counts.requests, &tally->requests);
        tally_sum(&counts.refused, &tally->refused);
        tally_sum(&counts.abandoned, &tally->abandoned);
        tally_sum(&counts.bytes_in, &tally->bytes_in);
        tally_sum(&counts.bytes_out, &tally->bytes_out);
        tally_sum(&counts.connections, &tally->connections);
        tally_sum(&counts.connections_open, &tally->connections_open);
        tally_sum(&counts.waiting, &tally->waiting);
        tally_sum(&counts.suspended, &tally->suspended);
        tally_sum(&counts.streams_open, &tally->streams_open);
        tally_sum(&counts.streams_dropped, &tally->streams_dropped);
        tally_sum(&counts.cpu_us, &tally->cpu_us);
        for (unsigned class = 0; class < COUNT_OF(counts.answers); class ++) {
            tally_sum(&counts.answers[class], &tally->answers[class]);
        }
    }
    return counts;
}
