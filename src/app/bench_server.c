/* SPDX-License-Identifier: Apache-2.0 */
#include "app/bench_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/place.h"
#include "base/civil.h"
#include "base/os_clock.h"

#define START_US (120 * US_PER_SECOND) /* a store that was killed is recovered first */
#define STOP_US (120 * US_PER_SECOND)  /* everything is written back before it ends */
#define CALL_US (10 * US_PER_SECOND)
#define OPERATOR_TOKEN_ID 1
#define SETTLE_US (180 * US_PER_SECOND)
#define SETTLE_LOOK_US (US_PER_SECOND / 2)
#define SETTLE_IDLE_US (SETTLE_LOOK_US / 20) /* so much CPU time in that is nothing */

static bool complain(const char *what)
{
    fprintf(stderr, "onetill bench: %s\n", what);
    return false;
}

/* "ready http://127.0.0.1:34567 pid 12" */
static bool ready_read(struct bench_server *server, struct span line)
{
    struct span rest;
    if (!span_equal(span_cut(line, ' ', &rest), SPAN("ready"))) {
        return false;
    }
    struct span url = span_cut(rest, ' ', &rest);
    return http_address_read(url, &server->address);
}

static bool child_begin(struct bench_server *server, const struct place *place, const char *const *options)
{
    char self[APP_PATH_SIZE], store[APP_PATH_SIZE];
    const char *arguments[8 + BENCH_OPTIONS_MAX] = { self, "serve", "--store", store, "--listen", "127.0.0.1:0",
                                                     "--test-clock" };
    struct span line;
    for (size_t i = 0; options[i] != NULL; i++) {
        assert(i < BENCH_OPTIONS_MAX);
        arguments[7 + i] = options[i];
    }
    if (!path_self(self) || !place_for_child(place, store) ||
        child_start(&server->child, arguments, NULL) != STATUS_ok) {
        return complain("the server cannot be started");
    }
    if (child_line(&server->child, START_US, &line) != STATUS_ok || !ready_read(server, line)) {
        child_stop(&server->child, STOP_US);
        return complain("the server does not get ready");
    }
    return true;
}

bool bench_server_start(struct bench_server *server, const char *path, const char *const *options)
{
    struct place place;
    char error[512];
    *server = (struct bench_server){ .child = { .output = -1 } };
    if (place_read(&place, path, NULL) != NULL || !child_begin(server, &place, options)) {
        return false;
    }
    if (!place_key(&place, NULL, false, &server->key, error, sizeof(error))) {
        child_stop(&server->child, STOP_US);
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
    bool ended_well = child_stop(&server->child, STOP_US);
    tokens_close(server->tokens);
    master_key_wipe(&server->key);
    free(server->metrics);
    server->metrics = NULL;
    return ended_well || complain("the server did not end well");
}

bool bench_server_get(struct bench_server *server, struct span path, struct span *body)
{
    char headers[128];
    int size = snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n", server->operator_token);
    struct http_call call = { .method = SPAN("GET"),
                              .path = path,
                              .headers = { headers, (size_t)size },
                              .timeout_us = CALL_US,
                              .answer = server->metrics,
                              .answer_capacity = BENCH_METRICS_SIZE };
    if (http_call(&server->address, &call) != STATUS_ok || call.status != 200) {
        return complain("the server does not answer");
    }
    *body = call.answer_body;
    return true;
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

bool bench_server_sample(struct bench_server *server, struct bench_sample *sample)
{
    struct span text;
    memset(sample, 0, sizeof(*sample));
    if (!bench_server_get(server, SPAN("/metrics"), &text)) {
        return false;
    }
    sample->syncs = metric_count(text, "onetill_store_syncs_total");
    sample->batches = metric_count(text, "onetill_engine_batches_total");
    sample->calls = metric_count(text, "onetill_engine_calls_total");
    sample->written_bytes = metric_count(text, "onetill_store_written_bytes_total");
    sample->rows_loaded = metric_count(text, "onetill_store_rows_loaded_total");
    sample->rows_changed = metric_count(text, "onetill_engine_rows_changed_total");
    sample->decode_ns = metric_ns(text, "onetill_decode_seconds_total");
    sample->encode_ns = metric_ns(text, "onetill_encode_seconds_total");
    sample->gateway_read_ns = metric_ns(text, "onetill_alipay_read_cpu_seconds_total");
    sample->gateway_verify_ns = metric_ns(text, "onetill_alipay_verify_cpu_seconds_total");
    sample->gateway_write_ns = metric_ns(text, "onetill_alipay_write_cpu_seconds_total");
    sample->gateway_sign_ns = metric_ns(text, "onetill_alipay_sign_cpu_seconds_total");
    return child_sample(&server->child, &sample->process) == STATUS_ok || complain("the server has gone");
}

int64_t bench_server_settle(struct bench_server *server)
{
    struct child_sample sample;
    int64_t start_us = os_monotonic_us(), used_us = 0, before_us = -SETTLE_LOOK_US;
    while (os_monotonic_us() - start_us < SETTLE_US && used_us - before_us > SETTLE_IDLE_US) {
        before_us = used_us;
        os_sleep_us(SETTLE_LOOK_US);
        if (child_sample(&server->child, &sample) != STATUS_ok) {
            break;
        }
        used_us = sample.user_us + sample.system_us;
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
