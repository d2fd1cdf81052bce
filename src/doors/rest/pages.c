/* SPDX-License-Identifier: Apache-2.0 */
/* What the door offers by itself: health, metrics, time, and its own description. */
#include "base/civil.h"
#include "base/os_clock.h"
#include "doors/openapi.h"
#include "doors/rest/rest_internal.h"
#include "engine/engine_rows.h"

#define METRICS_SIZE_MAX (768 * 1024)
#define NODES_SIZE_MAX (64 * 1024) /* 64 of them, each escaped at its longest */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* ---- /healthz: a call that goes all the way through the engine and the store ---- */

struct health {
    int32_t healthy;
    int64_t now_us;
};
static const struct column health_columns[] = {
    COLUMN(health, healthy, .form = FORM_flag, .text = "Always true: otherwise there is no such answer."),
    COLUMN(health, now_us, .form = FORM_instant, .text = "When it was decided, on the till's clock."),
};
static const struct shape health_shape = SHAPE("health", health, health_columns);

/* Looks at a row that there is not: a batch that asks for no row would not ask whether the database is there. */
static enum refusal decide_health(const void *request, struct moment *at, struct view *view, void *answer)
{
    struct health *health = answer;
    struct request_row key = { .request_key = "health-check" };
    (void)request;
    (void)view_ask(view, &request_table, &key);
    health->healthy = 1;
    health->now_us = at->now_us;
    return REFUSAL_none;
}

const struct command rest_health_command = {
    .name = "health_check",
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/healthz",
    .http_status = 200,
    .callers = CALLER_BIT(none),
    .request = &nothing_shape,
    .answer = &health_shape,
    .decide = decide_health,
    .summary = "Whether the till decides and its store keeps: the answer waits for both.",
};

/* ---- /metrics ---- */

static void engine_metrics(struct metrics_text *text, struct engine *engine)
{
    struct engine_counts counts;
    engine_counts(engine, &counts);
    metrics_text_value(text, "onetill_engine_batches_total", "counter", "Transactions handed to the store.",
                       (int64_t)counts.batches);
    metrics_text_value(text, "onetill_engine_calls_total", "counter", "Commands decided.",
                       (int64_t)counts.calls);
    metrics_text_value(text, "onetill_engine_rounds_total", "counter",
                       "Rounds of deciding, repeats included.", (int64_t)counts.rounds);
    metrics_text_value(text, "onetill_engine_rows_changed_total", "counter", "Rows handed to the store.",
                       (int64_t)counts.rows_changed);
    metrics_text_value(text, "onetill_engine_timers_fired_total", "counter", "Timers that became commands.",
                       (int64_t)counts.timers_fired);
    metrics_text_value(text, "onetill_engine_queue_full_total", "counter",
                       "Calls refused because the queue was full.", (int64_t)counts.refused_queue_full);
    metrics_text_value(text, "onetill_engine_late_total", "counter",
                       "Calls that waited too long to be decided.", (int64_t)counts.expired);
    metrics_text_value(text, "onetill_engine_queue_depth", "gauge", "Calls that wait now.",
                       counts.queue_count);
    metrics_text_value(text, "onetill_engine_batch_calls_peak", "gauge", "Most calls in one transaction.",
                       counts.batch_calls_peak);
    metrics_text_value(text, "onetill_engine_timers_pending", "gauge", "Timers that are set.",
                       counts.timers_pending);
    metrics_text_seconds(text, "onetill_engine_decide_cpu_seconds_total", "counter",
                         "CPU time of the deciding thread.", counts.decide_cpu_ns);
}

bool rest_database_away(const struct rest *rest)
{
    struct engine_counts counts;
    struct store_counts kept = { 0 };
    struct store *store = rest->settings.store;
    engine_counts(rest->settings.engine, &counts);
    store->ops->counts(store, &kept);
    return counts.away_since_us != 0 ||
           (kept.seen_us != 0 && os_monotonic_us() - kept.seen_us > DATABASE_UNSEEN_US_MAX);
}

/* Of a database that several processes share. */
static void shared_metrics(struct metrics_text *text, const struct rest *rest)
{
    struct engine_counts counts;
    struct store_counts kept = { 0 };
    struct store_node nodes[NODES_MAX];
    struct store *store = rest->settings.store;
    bool leads = false;
    if (!store->shared) {
        return;
    }
    engine_counts(rest->settings.engine, &counts);
    store->ops->counts(store, &kept);
    size_t count = store->ops->nodes(store, nodes, COUNT_OF(nodes));
    for (size_t i = 0; i < count; i++) {
        leads = leads || (nodes[i].node == store->node && nodes[i].leads);
    }
    metrics_text_value(text, "onetill_node", "gauge", "The place of this process among those on the database.",
                       store->node);
    metrics_text_value(text, "onetill_node_leads", "gauge", "1: it fires late timers and sends notifications.", leads);
    metrics_text_value(text, "onetill_nodes", "gauge", "Processes that serve this database now.", (int64_t)count);
    metrics_text_value(text, "onetill_database_away", "gauge", "1: it cannot be reached, and nothing is decided.",
                       rest_database_away(rest));
    metrics_text_seconds(text, "onetill_database_seen_seconds", "gauge",
                         "Time since it last answered: it is looked at ten times a second.",
                         kept.seen_us != 0 ? (os_monotonic_us() - kept.seen_us) * 1000 : 0);
    metrics_text_value(text, "onetill_database_aways_total", "counter", "Times that it could not be reached.",
                       (int64_t)counts.aways);
    metrics_text_value(text, "onetill_database_round_trips_total", "counter",
                       "Times that something was sent to the database and an answer waited for.",
                       (int64_t)kept.round_trips);
    metrics_text_value(text, "onetill_engine_conflicts_total", "counter",
                       "Transactions decided anew because another process was first.", (int64_t)counts.conflicts);
    metrics_text_value(text, "onetill_engine_unknowns_total", "counter",
                       "Transactions whose outcome could not be learnt in time.", (int64_t)counts.unknowns);
    metrics_text_value(text, "onetill_engine_heard_total", "counter", "Transactions of other processes heard of.",
                       (int64_t)counts.heard);
    metrics_text_value(text, "onetill_engine_timers_taken_total", "counter",
                       "Timers fired for processes that did not.", (int64_t)counts.timers_taken);
}

static void store_metrics(struct metrics_text *text, struct store *store)
{
    struct store_counts counts = { 0 };
    store->ops->counts(store, &counts);
    metrics_text_value(text, "onetill_store_batches_total", "counter", "Durable transactions.",
                       (int64_t)counts.batches);
    metrics_text_value(text, "onetill_store_syncs_total", "counter", "Times data was forced to the disk.",
                       (int64_t)counts.syncs);
    metrics_text_value(text, "onetill_store_written_bytes_total", "counter", "Bytes the store wrote.",
                       (int64_t)counts.bytes_written);
    metrics_text_value(text, "onetill_store_rows_loaded_total", "counter", "Rows fetched from the database.",
                       (int64_t)counts.rows_loaded);
    metrics_text_value(text, "onetill_store_cached_rows", "gauge", "Rows held in memory.",
                       (int64_t)counts.rows_cached);
    metrics_text_value(text, "onetill_store_cached_bytes", "gauge", "Bytes held in memory.",
                       (int64_t)counts.bytes_cached);
    metrics_text_seconds(text, "onetill_store_cpu_seconds_total", "counter",
                         "CPU time of the store's threads.", counts.keep_cpu_ns);
    metrics_text_value(text, "onetill_replica_reads_total", "counter", "Snapshots of lists that a replica gave.",
                       (int64_t)counts.replica_snapshots);
    metrics_text_seconds(text, "onetill_replica_age_seconds", "gauge",
                         "How old the last of them may have been.", counts.replica_age_us * 1000);
}

static void server_metrics(struct metrics_text *text, const struct http_server *server)
{
    struct http_counts counts = http_counts(server);
    metrics_text_value(text, "onetill_http_requests_total", "counter", "Requests handed to the doors.",
                       (int64_t)counts.requests);
    metrics_text_value(text, "onetill_http_refused_total", "counter",
                       "Requests that broke a limit of the server.", (int64_t)counts.refused);
    metrics_text_value(text, "onetill_http_abandoned_total", "counter", "Requests whose client did not wait.",
                       (int64_t)counts.abandoned);
    metrics_text_value(text, "onetill_http_answers_ok_total", "counter", "Answers 2xx.",
                       (int64_t)counts.answers[2]);
    metrics_text_value(text, "onetill_http_answers_client_error_total", "counter", "Answers 4xx.",
                       (int64_t)counts.answers[4]);
    metrics_text_value(text, "onetill_http_answers_server_error_total", "counter", "Answers 5xx.",
                       (int64_t)counts.answers[5]);
    metrics_text_value(text, "onetill_http_received_bytes_total", "counter", "Bytes of requests.",
                       (int64_t)counts.bytes_in);
    metrics_text_value(text, "onetill_http_sent_bytes_total", "counter", "Bytes of answers and streams.",
                       (int64_t)counts.bytes_out);
    metrics_text_value(text, "onetill_http_connections_total", "counter", "Connections accepted.",
                       (int64_t)counts.connections);
    metrics_text_value(text, "onetill_http_connections_open", "gauge", "Connections now.",
                       (int64_t)counts.connections_open);
    metrics_text_value(text, "onetill_http_waiting", "gauge", "Requests that wait for their answer.",
                       (int64_t)counts.waiting);
    metrics_text_value(text, "onetill_http_streams_open", "gauge", "Event streams now.",
                       (int64_t)counts.streams_open);
    metrics_text_value(text, "onetill_http_streams_dropped_total", "counter",
                       "Streams dropped for being too slow.", (int64_t)counts.streams_dropped);
    metrics_text_seconds(text, "onetill_http_cpu_seconds_total", "counter",
                         "CPU time of the server's threads.", (int64_t)counts.cpu_us * 1000);
}

static void metrics_serve(void *context, struct http_request *http, const struct caller *caller,
                          const struct span *params, uint32_t param_count)
{
    struct rest *rest = context;
    (void)params;
    (void)param_count;
    if (rest->settings.metrics_guarded && caller->kind != CALLER_operator) {
        rest_problem(rest, NULL, http, PROBLEM_unauthenticated, "Authorization");
        return;
    }
    struct metrics_text text = { .bytes = arena_try(http->arena, METRICS_SIZE_MAX),
                                 .capacity = METRICS_SIZE_MAX };
    if (text.bytes == NULL) {
        rest_problem(rest, NULL, http, PROBLEM_too_large, NULL);
        return;
    }
    metrics_text_all(&text, rest->metrics);
    engine_metrics(&text, rest->settings.engine);
    timer_watch_metrics(&rest->timers, &text);
    store_metrics(&text, rest->settings.store);
    shared_metrics(&text, rest);
    pthread_mutex_lock(&rest->server_lock);
    if (rest->server != NULL) {
        server_metrics(&text, rest->server);
    }
    pthread_mutex_unlock(&rest->server_lock);
    if (rest->settings.metrics_more != NULL) {
        rest->settings.metrics_more(rest->settings.metrics_context, &text);
    }
    if (text.failed) {
        rest_problem(rest, NULL, http, PROBLEM_too_large, NULL);
        return;
    }
    http_answer(http, 200, METRICS_TYPE, (struct span){ text.bytes, text.size }, NULL, 0);
}

/* ---- the rest ---- */

static void time_serve(void *context, struct http_request *http, const struct caller *caller,
                       const struct span *params, uint32_t param_count)
{
    struct rest *rest = context;
    char now[INSTANT_TEXT_SIZE];
    char bytes[128];
    struct json_out out;
    (void)caller;
    (void)params;
    (void)param_count;
    size_t size = instant_write(engine_now_us(rest->settings.engine), 0, now);
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "now");
    json_out_text(&out, (struct span){ now, size });
    json_out_key(&out, "test_clock");
    json_out_bool(&out, rest->settings.test_clock);
    json_out_object_end(&out);
    struct span answer = json_out_end(&out);
    assert(answer.size > 0);
    char *kept = arena_try(http->arena, answer.size);
    if (kept == NULL) {
        rest_problem(rest, NULL, http, PROBLEM_busy, NULL);
        return;
    }
    memcpy(kept, answer.bytes, answer.size);
    http_answer(http, 200, JSON_TYPE, (struct span){ kept, answer.size }, NULL, 0);
}

static void node_write(struct json_out *out, const struct store_node *node, const struct store *store)
{
    char started[INSTANT_TEXT_SIZE];
    size_t size = instant_write(node->started_us, 0, started);
    json_out_object(out);
    json_out_key(out, "node");
    json_out_i64(out, node->node);
    json_out_key(out, "address");
    json_out_text(out, span_of(node->address));
    json_out_key(out, "here");
    json_out_bool(out, node->node == store->node);
    json_out_key(out, "leads");
    json_out_bool(out, node->leads);
    json_out_key(out, "seen_ms_ago");
    json_out_i64(out, max_i64(node->seen_us / 1000, 0));
    json_out_key(out, "started_at");
    json_out_text(out, (struct span){ started, size });
    json_out_object_end(out);
}

static bool parameter_refuse(void *context, struct span name, struct span value)
{
    struct faults *faults = context;
    (void)value;
    faults_add(faults, FAULT_unknown, name, "is not a parameter of this address");
    return faults->count < FAULTS_MAX;
}

/* None of a store that one process serves. */
static void nodes_serve(void *context, struct http_request *http, const struct caller *caller,
                        const struct span *params, uint32_t param_count)
{
    struct rest *rest = context;
    struct store *store = rest->settings.store;
    struct store_node nodes[NODES_MAX];
    struct json_out out;
    char *bytes = arena_try(http->arena, NODES_SIZE_MAX);
    (void)caller;
    (void)params;
    (void)param_count;
    struct faults faults = { .count = 0 };
    http_query_each(http, parameter_refuse, &faults);
    if (faults.count > 0) {
        rest_faults(rest, NULL, http, &faults);
        return;
    }
    size_t count = store->shared ? store->ops->nodes(store, nodes, COUNT_OF(nodes)) : 0;
    json_out_init(&out, bytes, bytes != NULL ? NODES_SIZE_MAX : 0);
    json_out_object(&out);
    json_out_key(&out, "data");
    json_out_array(&out);
    for (size_t i = 0; i < count; i++) {
        node_write(&out, &nodes[i], store);
    }
    json_out_array_end(&out);
    json_out_object_end(&out);
    struct span answer = json_out_end(&out);
    if (answer.size == 0) {
        rest_problem(rest, NULL, http, PROBLEM_busy, NULL);
        return;
    }
    http_answer(http, 200, JSON_TYPE, answer, NULL, 0);
}

static void openapi_serve(void *context, struct http_request *http, const struct caller *caller,
                          const struct span *params, uint32_t param_count)
{
    struct rest *rest = context;
    (void)caller;
    (void)params;
    (void)param_count;
    http_answer(http, 200, JSON_TYPE, rest->openapi, NULL, 0);
}

#define CALLERS_ANYBODY UINT32_MAX

const struct rest_page rest_own_pages[] = {
    { .name = "metrics_read",
      .method = "GET",
      .route = "/metrics",
      .callers = CALLERS_ANYBODY,
      .serve = metrics_serve,
      .content_type = "text/plain",
      .summary = "Counters and latencies for Prometheus." },
    { .name = "time_read",
      .method = "GET",
      .route = "/v1/time",
      .callers = CALLER_BIT(none),
      .serve = time_serve,
      .content_type = JSON_TYPE,
      .summary = "The till's clock." },
    { .name = "node_list",
      .method = "GET",
      .route = "/v1/nodes",
      .callers = CALLER_BIT(operator),
      .serve = nodes_serve,
      .content_type = JSON_TYPE,
      .summary = "The processes that serve the same database, and where they are." },
    { .name = "openapi_read",
      .method = "GET",
      .route = "/v1/openapi.json",
      .callers = CALLER_BIT(none),
      .serve = openapi_serve,
      .content_type = JSON_TYPE,
      .summary = "This description." },
};
const size_t rest_own_page_count = COUNT_OF(rest_own_pages);
