/* SPDX-License-Identifier: Apache-2.0 */
#include "doors_rest_stage.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doors/static.h"
#include "store/store.h"

static void store_make(struct stage *stage, bool sqlite)
{
    struct store_error error = { "" };
    enum status status;
    if (sqlite) {
        char path[128];
        snprintf(stage->folder, sizeof(stage->folder), "/tmp/onetill-doors-XXXXXX");
        assert(mkdtemp(stage->folder) != NULL);
        snprintf(path, sizeof(path), "%s/store", stage->folder);
        struct sqlite_settings settings = { 0 };
        status = store_sqlite_open(path, jar_tables, &settings, &stage->store, &error);
    } else {
        struct memory_settings settings = { 0 };
        status = store_memory_open(jar_tables, &settings, &stage->store);
    }
    if (status != STATUS_ok) {
        fprintf(stderr, "store: %s\n", error.text);
    }
    assert(status == STATUS_ok);
}

void stage_open(struct stage *stage, const struct stage_settings *settings)
{
    static const struct command *const no_timers[] = { NULL, NULL };
    uint8_t key[MASTER_KEY_SIZE] = "0123456789abcdef0123456789abcde";
    char error[256] = "";
    *stage = (struct stage){ 0 };
    store_make(stage, settings->sqlite);
    struct engine_settings engine_settings = { .store = stage->store, .timer_commands = no_timers };
    stage->engine = engine_open(&engine_settings);
    assert(stage->engine != NULL);
    master_key_init(&stage->key, key);
    stage->tokens = tokens_open(&stage->key);
    tokens_issue(stage->tokens, (struct caller){ CALLER_operator, 0 }, 1, stage->operator_token);
    tokens_issue(stage->tokens, (struct caller){ CALLER_shopper, 77 }, 2, stage->shopper_token);
    tokens_issue(stage->tokens, (struct caller){ CALLER_terminal, 5 }, 3, stage->terminal_token);
    struct rest_settings rest_settings = { .engine = stage->engine,
                                           .store = stage->store,
                                           .tokens = stage->tokens,
                                           .key = &stage->key,
                                           .commands = jar_commands,
                                           .reads = jar_reads,
                                           .edits = jar_edits,
                                           .edit_count = jar_edit_count,
                                           .fallback = static_handle,
                                           .test_clock = settings->test_clock,
                                           .metrics_guarded = settings->metrics_guarded,
                                           .call_age_max_us = settings->call_age_max_us,
                                           .version = "0.1" };
    stage->rest = rest_open(&rest_settings, error, sizeof(error));
    assert(stage->rest != NULL);
    struct http_settings http = http_settings_default();
    http.listen = "127.0.0.1:0";
    http.thread_count = settings->http_threads != 0 ? settings->http_threads : 2;
    http.body_max = BODY_SIZE_MAX;
    stage->server = http_open(&http, rest_handle, stage->rest, error, sizeof(error));
    if (stage->server == NULL) {
        fprintf(stderr, "http: %s\n", error);
    }
    assert(stage->server != NULL);
    rest_attach(stage->rest, stage->server);
    if (!settings->idle) {
        stage_run(stage);
    }
}

void stage_run(struct stage *stage)
{
    assert(!stage->running);
    stage->running = true;
    engine_start(stage->engine);
}

static void folder_remove(const char *folder)
{
    char path[512];
    struct dirent *entry;
    DIR *listing = opendir(folder);
    assert(listing != NULL);
    while ((entry = readdir(listing)) != NULL) {
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            (void)unlink(path);
        }
    }
    (void)closedir(listing);
    (void)rmdir(folder);
}

void stage_close(struct stage *stage)
{
    rest_detach(stage->rest);
    bool answered = http_stop(stage->server);
    assert(answered);
    if (stage->running) {
        engine_stop(stage->engine);
    }
    bool closed = http_close(stage->server);
    assert(closed);
    rest_close(stage->rest);
    engine_close(stage->engine);
    stage->store->ops->close(stage->store);
    tokens_close(stage->tokens);
    if (stage->folder[0] != '\0') {
        folder_remove(stage->folder);
    }
}

/* ---- the client ---- */

int ask_send(const struct stage *stage, const char *method, const char *path, const char *headers,
             const char *body)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(http_port(stage->server)) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd >= 0);
    int rc = connect(fd, (struct sockaddr *)&to, sizeof(to));
    assert(rc == 0);
    size_t size = strlen(headers) + strlen(path) + strlen(body) + 256;
    char *bytes = malloc(size);
    assert(bytes != NULL);
    char length[64] = "";
    if (body[0] != '\0') {
        snprintf(length, sizeof(length), "Content-Length: %zu\r\n", strlen(body));
    }
    int wrote = snprintf(bytes, size, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s\r\n%s", method,
                         path, headers, length, body);
    assert(wrote > 0 && (size_t)wrote < size);
    for (ssize_t sent = 0; sent < wrote;) {
        ssize_t part = send(fd, bytes + sent, (size_t)(wrote - sent), MSG_NOSIGNAL);
        assert(part > 0);
        sent += part;
    }
    free(bytes);
    return fd;
}

struct reply ask_receive(int fd)
{
    struct reply reply = { .bytes = malloc(REPLY_SIZE_MAX) };
    size_t size = 0;
    assert(reply.bytes != NULL);
    for (;;) {
        ssize_t part = recv(fd, reply.bytes + size, REPLY_SIZE_MAX - 1 - size, 0);
        assert(part >= 0);
        if (part == 0) {
            break;
        }
        size += (size_t)part;
    }
    (void)close(fd);
    reply.bytes[size] = '\0';
    char *end = strstr(reply.bytes, "\r\n\r\n");
    assert(end != NULL);
    end[2] = '\0';
    reply.head = reply.bytes;
    reply.body = (struct span){ end + 4, size - (size_t)(end + 4 - reply.bytes) };
    assert(strncmp(reply.head, "HTTP/1.1 ", 9) == 0);
    reply.status = (int)strtol(reply.head + 9, NULL, 10);
    return reply;
}

struct reply ask(const struct stage *stage, const char *method, const char *path, const char *headers,
                 const char *body)
{
    return ask_receive(ask_send(stage, method, path, headers, body));
}

const char *reply_header(const struct reply *reply, const char *name)
{
    static char value[1024];
    char line[64];
    snprintf(line, sizeof(line), "\r\n%s: ", name);
    const char *at = strcasestr(reply->head, line);
    if (at == NULL) {
        return NULL;
    }
    at += strlen(line);
    size_t size = strcspn(at, "\r");
    assert(size < sizeof(value));
    memcpy(value, at, size);
    value[size] = '\0';
    return value;
}

const char *reply_member(const struct reply *reply, const char *name)
{
    static char value[4096];
    json_t *json = json_loadb(reply->body.bytes, reply->body.size, 0, NULL);
    json_t *member = json_object_get(json, name);
    value[0] = '\0';
    if (json_is_string(member)) {
        snprintf(value, sizeof(value), "%s", json_string_value(member));
    } else if (member != NULL) {
        size_t size = json_dumpb(member, value, sizeof(value) - 1, JSON_ENCODE_ANY | JSON_COMPACT);
        assert(size < sizeof(value));
        value[size] = '\0';
    }
    json_decref(json);
    return value;
}

void reply_release(struct reply *reply)
{
    free(reply->bytes);
}
