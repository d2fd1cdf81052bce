/* SPDX-License-Identifier: Apache-2.0 */
#include "app/bench_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/bench.h"
#include "base/checked.h"
#include "base/civil.h"
#include "base/os_clock.h"

#define START_US (120 * US_PER_SECOND) /* a store that was killed is recovered first */
#define STOP_US (120 * US_PER_SECOND)  /* everything is written back before it ends */
#define CALL_US (10 * US_PER_SECOND)
#define OPERATOR_TOKEN_ID 1
#define SETTLE_US (300 * US_PER_SECOND)
#define SETTLE_LOOK_US (US_PER_SECOND / 2)
#define SETTLE_IDLE_US (SETTLE_LOOK_US / 100) /* so much CPU time in that is nothing */

static bool complain(const char *what)
{
    fprintf(stderr, "onetill bench: %s\n", what);
    return false;
}

/* "ready http://127.0.0.1:34567 pid 12" */
static bool ready_read(struct bench_server *server, uint32_t index, struct span line)
{
    struct span rest;
    if (!span_equal(span_cut(line, ' ', &rest), SPAN("ready"))) {
        return false;
    }
    struct span url = span_cut(rest, ' ', &rest);
    return http_address_read(url, &server->addresses[index]);
}

static bool child_begin(struct bench_server *server, const char *const *options)
{
    char self[APP_PATH_SIZE], store[APP_PATH_SIZE];
    const char *arguments[10 + BENCH_OPTIONS_MAX] = { self,           "serve",        "--store", store,
                                                      "--listen",     "127.0.0.1:0",  "--key",   server->place.key_path,
                                                      "--test-clock" };
    struct child *child = &server->children[server->count];
    struct span line;
    for (size_t i = 0; options[i] != NULL; i++) {
        assert(i < BENCH_OPTIONS_MAX);
        arguments[9 + i] = options[i];
    }
    if (!path_self(self) || !place_for_child(&server->place, store) ||
        child_start(child, arguments, NULL) != STATUS_ok) {
        return complain("the server cannot be started");
    }
    if (child_line(child, START_US, &line) != STATUS_ok || !ready_read(server, server->count, line)) {
        child_stop(child, STOP_US);
        return complain("the server does not get ready");
    }
    server->count++;
    return true;
}

static bool children_stop(struct bench_server *server)
{
    bool ended_well = true;
    for (uint32_t i = 0; i < server->count; i++) {
        ended_well = child_stop(&server->children[i], STOP_US) && ended_well;
    }
    return ended_well;
}

bool bench_server_start(struct bench_server *server, const struct bench_settings *settings, const char *path,
                        const char *const *options)
{
    char error[APP_PATH_SIZE + 256];
    assert(settings->servers > 0);
    assert(settings->servers <= BENCH_SERVERS_MAX);
    *server = (struct bench_server){ .count = 0 };
    if (place_read(&server->place, path, settings->key_path) != NULL) {
        return complain("the place of the store makes no sense");
    }
    while (server->count < settings->servers) {
        if (!child_begin(server, options)) {
            children_stop(server);
            return false;
        }
    }
    if (!place_key(&server->place, NULL, false, &server->key, error, sizeof(error))) {
        children_stop(server);
        return complain("the server's master key cannot be read");
    }
    server->tokens = tokens_open(&server->key);
    tokens_issue(server->tokens, (struct caller){ .kind = CALLER_operator }, OPERATOR_TOKEN_ID,
                 server->operator_token);
    server->metrics = malloc(BENCH_METRICS_SIZE);
    assert(server->metrics != NULL);
    return true;
}

bool bench_server_stop(struct bench_server *server)
{
    bool ended_well = children_stop(server);
    tokens_close(server->tokens);
    master_key_wipe(&server->key);
    free(server->metrics);
    server->metrics = NULL;
    return ended_well || complain("the server did not end well");
}

static bool page_get(struct bench_server *server, uint32_t index, struct span path, struct span *body)
{
    char headers[128];
    int size = snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n", server->operator_token);
    struct http_call call = { .method = SPAN("GET"),
                              .path = path,
                              .headers = { headers, (size_t)size },
                              .timeout_us = CALL_US,
                              .answer = server->metrics,
                              .answer_capacity = BENCH_METRICS_SIZE };
    if (http_call(&server->addresses[index], &call) != STATUS_ok || call.status != 200) {
        return complain("the server does not answer");
    }
    *body = call.answer_body;
    return true;
}

bool bench_server_get(struct bench_server *server, struct span path, struct span *body)
{
    return page_get(server, 0, path, body);
}

/* What stands behind the name, cut at the point; empty when there is no such line. */
static struct span metric_find(struct span text, const char *name, struct span *fraction)
{
    size_t size = strlen(name);
    while (text.size > 0) {
        struct span line = span_cut(text, '\n', &text);
        if (line.size > size && memcmp(line.bytes, name, size) == 0 && line.bytes[size] == ' ') {
            return span_cut((struct span){ line.bytes + size + 1, line.size - size - 1 }, '.', fraction);
        }
    }
    return (struct span){ NULL, 0 };
}

/* -1 when there is none. */
static int64_t metric_count(struct span text, const char *name)
{
    struct span fraction;
    int64_t whole;
    return span_to_i64(metric_find(text, name, &fraction), &whole) ? whole : -1;
}

/* Seconds with nine digits behind the point, as nanoseconds; -1 when there are none. */
static int64_t metric_ns(struct span text, const char *name)
{
    struct span fraction;
    int64_t whole, part;
    if (!span_to_i64(metric_find(text, name, &fraction), &whole) || fraction.size != 9 ||
        !span_to_i64(fraction, &part)) {
        return -1;
    }
    return whole * 1000000000 + part;
}

static bool sample_take(struct bench_server *server, uint32_t index, struct bench_sample *sample)
{
    struct span text;
    memset(sample, 0, sizeof(*sample));
    if (!page_get(server, index, SPAN("/metrics"), &text)) {
        return false;
    }
    sample->syncs = metric_count(text, "onetill_store_syncs_total");
    sample->batches = metric_count(text, "onetill_engine_batches_total");
    sample->calls = metric_count(text, "onetill_engine_calls_total");
    sample->written_bytes = metric_count(text, "onetill_store_written_bytes_total");
    sample->rows_loaded = metric_count(text, "onetill_store_rows_loaded_total");
    sample->rows_changed = metric_count(text, "onetill_engine_rows_changed_total");
    sample->round_trips = max_i64(metric_count(text, "onetill_database_round_trips_total"), 0);
    sample->conflicts = max_i64(metric_count(text, "onetill_engine_conflicts_total"), 0);
    sample->decode_ns = metric_ns(text, "onetill_decode_seconds_total");
    sample->encode_ns = metric_ns(text, "onetill_encode_seconds_total");
    sample->gateway_read_ns = metric_ns(text, "onetill_alipay_read_cpu_seconds_total");
    sample->gateway_verify_ns = metric_ns(text, "onetill_alipay_verify_cpu_seconds_total");
    sample->gateway_write_ns = metric_ns(text, "onetill_alipay_write_cpu_seconds_total");
    sample->gateway_sign_ns = metric_ns(text, "onetill_alipay_sign_cpu_seconds_total");
    return child_sample(&server->children[index], &sample->process) == STATUS_ok || complain("the server has gone");
}

static void threads_add(struct child_sample *sum, const struct child_sample *more)
{
    for (uint32_t i = 0; i < more->thread_count; i++) {
        const struct child_thread *thread = &more->threads[i];
        uint32_t at = 0;
        while (at < sum->thread_count && strcmp(sum->threads[at].name, thread->name) != 0) {
            at++;
        }
        if (at < sum->thread_count) {
            sum->threads[at].count += thread->count;
            sum->threads[at].user_us += thread->user_us;
            sum->threads[at].system_us += thread->system_us;
            sum->threads[at].run_us = thread->run_us < 0 ? -1 : sum->threads[at].run_us + thread->run_us;
        } else if (at < CHILD_THREADS_MAX) {
            sum->threads[sum->thread_count++] = *thread;
        }
    }
}

static void sample_add(struct bench_sample *sum, const struct bench_sample *more)
{
    sum->syncs += more->syncs;
    sum->batches += more->batches;
    sum->calls += more->calls;
    sum->written_bytes += more->written_bytes;
    sum->rows_loaded += more->rows_loaded;
    sum->rows_changed += more->rows_changed;
    sum->round_trips += more->round_trips;
    sum->conflicts += more->conflicts;
    sum->decode_ns += more->decode_ns;
    sum->encode_ns += more->encode_ns;
    sum->gateway_read_ns += more->gateway_read_ns;
    sum->gateway_verify_ns += more->gateway_verify_ns;
    sum->gateway_write_ns += more->gateway_write_ns;
    sum->gateway_sign_ns += more->gateway_sign_ns;
    sum->process.resident_bytes += more->process.resident_bytes;
    sum->process.user_us += more->process.user_us;
    sum->process.system_us += more->process.system_us;
    sum->process.write_bytes += more->process.write_bytes;
    threads_add(&sum->process, &more->process);
}

/* Of one process of the database; one that is not on this machine is another program's, or nobody's. */
static bool backend_add(void *context, const struct value *values, size_t count)
{
    static struct child_sample sample; /* large */
    struct child child = { .pid = (pid_t)values[0].i64, .output = -1 };
    struct bench_sample *sum = context;
    assert(count == 1);
    if (child_sample(&child, &sample) == STATUS_ok && sample.thread_count > 0 &&
        strcmp(sample.threads[0].name, "postgres") == 0) {
        sum->database_ns += (sample.user_us + sample.system_us) * 1000;
    }
    return true;
}

static void database_sample(const struct bench_server *server, struct bench_sample *sample)
{
    static const char processes[] =
        "SELECT pid FROM pg_catalog.pg_stat_activity WHERE datname IS NULL OR datname = current_database()";
    struct reader *reader;
    char error[PLACE_NAME_SIZE + 256];
    if (server->place.kind != PLACE_postgres || !place_snapshot(&server->place, &reader, error, sizeof(error))) {
        return;
    }
    if (reader->ops->begin(reader) == STATUS_ok) {
        (void)reader->ops->query(reader, processes, NULL, 0, backend_add, sample);
        reader->ops->end(reader);
    }
    reader->ops->close(reader);
}

bool bench_server_sample(struct bench_server *server, struct bench_sample *sample)
{
    static struct bench_sample one; /* large */
    if (!sample_take(server, 0, sample)) {
        return false;
    }
    for (uint32_t i = 1; i < server->count; i++) {
        if (!sample_take(server, i, &one)) {
            return false;
        }
        sample_add(sample, &one);
    }
    database_sample(server, sample);
    return true;
}

int64_t bench_server_settle(struct bench_server *server)
{
    static struct child_sample sample; /* large */
    int64_t start_us = os_monotonic_us(), used_us = 0, before_us = -SETTLE_LOOK_US;
    while (os_monotonic_us() - start_us < SETTLE_US && used_us - before_us > SETTLE_IDLE_US) {
        before_us = used_us;
        os_sleep_us(SETTLE_LOOK_US);
        used_us = 0;
        for (uint32_t i = 0; i < server->count; i++) {
            if (child_sample(&server->children[i], &sample) == STATUS_ok) {
                used_us += sample.user_us + sample.system_us;
            }
        }
    }
    return os_monotonic_us() - start_us;
}

bool bench_server_now(struct bench_server *server, int64_t *now_us)
{
    struct span body;
    static const char member[] = "\"now\":\"";
    if (!bench_server_get(server, SPAN("/v1/time"), &body)) {
        return false;
    }
    const char *at = memmem(body.bytes, body.size, member, sizeof(member) - 1);
    if (at == NULL) {
        return complain("the server does not tell the time");
    }
    at += sizeof(member) - 1;
    struct span rest;
    struct span text = span_cut((struct span){ at, (size_t)(body.bytes + body.size - at) }, '"', &rest);
    return instant_read(text, now_us) || complain("the server does not tell the time");
}

static int64_t run_us(const struct bench_sample *sample, const char *name)
{
    for (uint32_t i = 0; i < sample->process.thread_count; i++) {
        const struct child_thread *thread = &sample->process.threads[i];
        if (strcmp(thread->name, name) == 0) {
            return thread->run_us >= 0 ? thread->run_us : thread->user_us + thread->system_us;
        }
    }
    return 0;
}

int64_t bench_cpu_ns(const struct bench_sample *before, const struct bench_sample *after, const char *const *names)
{
    int64_t sum_us = 0;
    for (; *names != NULL; names++) {
        sum_us += run_us(after, *names) - run_us(before, *names);
    }
    return sum_us * 1000;
}
