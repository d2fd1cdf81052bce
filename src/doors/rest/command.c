/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os_clock.h"
#include "base/os_random.h"
#include "doors/rest/rest_internal.h"

/* ---- decoding ---- */

struct query_reading {
    const struct route *route;
    void *request;
    struct faults *faults;
    uint8_t given[UINT8_MAX + 1];
};

static bool query_read(void *context, struct span name, struct span value)
{
    struct query_reading *reading = context;
    if (!read_owns_parameter(reading->route, name)) {
        shape_decode_query(reading->route->request, name, value, reading->request, reading->given,
                           reading->faults);
    }
    return reading->faults->count < FAULTS_MAX;
}

/* A request with a body has no query: whoever puts a field there is told, not ignored. */
static bool query_refuse(void *context, struct span name, struct span value)
{
    struct faults *faults = context;
    (void)value;
    faults_add(faults, FAULT_unknown, name, "belongs into the body, not into the query");
    return faults->count < FAULTS_MAX;
}

static bool is_json(struct span content_type)
{
    struct span parameters;
    struct span type = span_trim(span_cut(content_type, ';', &parameters));
    return type.size == sizeof(JSON_TYPE) - 1 && strncasecmp(type.bytes, JSON_TYPE, type.size) == 0;
}

bool rest_decode(struct rest *rest, const struct route *route, struct http_request *http,
                 const struct router_match *match, void *request)
{
    struct faults faults;
    faults.count = 0;
    assert(match->param_count == route->param_count);
    for (uint32_t i = 0; i < route->param_count; i++) {
        shape_decode_path(route->request, route->param_names[i], match->params[i], request, &faults);
    }
    if (route->takes_body) {
        if (http->body.size > 0 && !is_json(http_header_value(http, "Content-Type"))) {
            rest_problem(rest, route, http, PROBLEM_type_unsupported, "Content-Type");
            return false;
        }
        http_query_each(http, query_refuse, &faults);
        shape_decode_body(route->request, http->body, request, &faults);
    } else {
        struct query_reading reading = { .route = route, .request = request, .faults = &faults };
        http_query_each(http, query_read, &reading);
        shape_decode_query_end(route->request, reading.given, &faults);
    }
    struct complaint complaint;
    if (faults.count == 0 && route->command != NULL && route->command->check != NULL &&
        !route->command->check(request, &complaint)) {
        faults_add(&faults, FAULT_invalid, span_of(complaint.field), complaint.reason);
    }
    if (faults.count > 0) {
        rest_faults(rest, route, http, &faults);
        return false;
    }
    return true;
}

/* 1 to 64 printable characters without blanks, as a header carries them unharmed. */
static bool key_read(struct span text, char key[REQUEST_KEY_SIZE])
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] <= ' ' || text.bytes[i] > '~') {
            return false;
        }
    }
    return text.size > 0 && span_copy(text, key, REQUEST_KEY_SIZE);
}

static bool body_hash_part(void *context, struct span name, struct span value)
{
    struct span **part = context;
    *(*part)++ = name;
    *(*part)++ = value;
    return true;
}

/*
 * What makes two requests with one key the same: method, path and body, with zeros between them, which none
 * of the first two can contain. The HMAC key is a constant; it is used for its two prepared states.
 */
static void body_hash(const struct rest *rest, const struct http_request *http, uint8_t hash[16])
{
    uint8_t digest[SHA256_SIZE];
    struct span parts[5];
    struct span *part = parts;
    (void)body_hash_part(&part, span_of(http_method_name(http->method)), (struct span){ "", 1 });
    (void)body_hash_part(&part, http->path, (struct span){ "", 1 });
    *part++ = http->body;
    hmac_write_parts(&rest->body_key, parts, (size_t)(part - parts), digest);
    memcpy(hash, digest, 16);
}

/* ---- answering ---- */

/* The answer in a buffer of the thread's, or in the arena where that is too small; empty when the arena is
 * full. */
static struct span answer_encode(struct rest_call *self)
{
    static _Thread_local char scratch[ANSWER_JSON_SIZE_MAX];
    _Alignas(16) uint8_t added[REST_ADDED_SIZE_MAX];
    const struct route *route = self->route;
    const struct rest_edit *edit = route->edit;
    struct json_out out;

    json_out_init(&out, scratch, sizeof(scratch));
    if (route->json_size_max > sizeof(scratch)) {
        char *large = arena_try(self->http->arena, route->json_size_max);
        json_out_init(&out, large, large != NULL ? route->json_size_max : 0);
    }
    json_out_object(&out);
    shape_encode_members(route->answer, self->call.answer, &out);
    if (edit != NULL && edit->after != NULL) {
        memset(added, 0, edit->added->size);
        edit->after(edit->context, &self->call.caller, self->call.request, self->call.answer, added);
        shape_encode_members(route->added, added, &out);
        explicit_bzero(added, edit->added->size);
    }
    json_out_object_end(&out);
    struct span answer = json_out_end(&out);
    if (answer.bytes != scratch) {
        return answer;
    }
    char *kept = arena_try(self->http->arena, answer.size);
    if (kept == NULL) {
        return (struct span){ NULL, 0 };
    }
    memcpy(kept, answer.bytes, answer.size);
    if (edit != NULL && edit->after != NULL) {
        explicit_bzero(scratch, answer.size);
    }
    return (struct span){ kept, answer.size };
}

/* On the server's thread, after the decision is durable. */
static void command_finish(struct http_request *http)
{
    struct rest_call *self = http->data;
    struct rest *rest = self->rest;
    struct call *call = &self->call;
    static const struct http_header replayed = { "Idempotent-Replayed", "true" };
    int64_t begun_ns = os_monotonic_ns();

    if (call->status == STATUS_unknown) {
        rest_problem(rest, self->route, http, PROBLEM_outcome_unknown, NULL);
    } else if (call->status != STATUS_ok) {
        rest_problem(rest, self->route, http, PROBLEM_late, NULL);
    } else if (call->refusal != REFUSAL_none) {
        rest_refuse(rest, self->route, http, call->refusal, call, self->received_us);
    } else {
        struct span answer = answer_encode(self);
        if (answer.size == 0) {
            rest_problem(rest, self->route, http, PROBLEM_too_large, NULL);
        } else {
            rest_count(rest, self->route, call->repeated ? OUTCOME_repeated : OUTCOME_ok, self->received_us);
            http_answer(http, call->command->http_status, JSON_TYPE, answer, &replayed,
                        call->repeated ? 1 : 0);
        }
    }
    metrics_spend(rest->metrics, METRICS_encode, os_monotonic_ns() - begun_ns);
}

/*
 * On a thread of the store's. Calls of one batch are answered in a row: as long as another one of this door
 * follows, no signal is needed yet, because that one, or one after it, will give it for all.
 */
static void command_done(struct call *call)
{
    struct rest_call *self = call->context;
    struct rest *rest = self->rest;
    bool more = call->next != NULL && call->next->done == command_done && call->next->context != NULL &&
                ((struct rest_call *)call->next->context)->rest == rest;
    pthread_mutex_lock(&rest->server_lock);
    if (rest->server == NULL) {
        http_wake(self->http);
    } else {
        http_wake_later(self->http);
        if (!more) {
            http_wake_flush(rest->server);
        }
    }
    pthread_mutex_unlock(&rest->server_lock);
}

/* ---- the way in ---- */

#define GATHERED_MAX 32 /* calls that go to the engine together */

/* Of this thread: handing calls over one by one would wake the deciding thread for each. */
static _Thread_local struct {
    struct call *first, **last;
    uint32_t count;
} gathered;

static void gathered_submit(void *context)
{
    struct rest *rest = context;
    if (gathered.count == 0) {
        return;
    }
    *gathered.last = NULL;
    gathered.count = 0;
    struct call *refused = engine_submit_all(rest->settings.engine, gathered.first);
    while (refused != NULL) {
        struct rest_call *self = refused->context;
        refused = refused->next;
        rest_problem(rest, self->route, self->http, PROBLEM_busy, NULL);
    }
}

static void gather(struct rest *rest, struct rest_call *self)
{
    if (gathered.count == 0) {
        gathered.last = &gathered.first;
        http_when_settled(self->http, gathered_submit, rest);
    }
    *gathered.last = &self->call;
    gathered.last = &self->call.next;
    if (++gathered.count == GATHERED_MAX) {
        gathered_submit(rest);
    }
}

static struct rest_call *call_make(struct rest *rest, const struct route *route, struct http_request *http,
                                   const struct let_in *who)
{
    size_t request_size = (route->command->request->size + 15) & ~(size_t)15;
    size_t size = sizeof(struct rest_call) + 16 + request_size + route->command->answer->size;
    struct rest_call *self = arena_try(http->arena, size);
    if (self == NULL) {
        return NULL;
    }
    uint8_t *request = (uint8_t *)self + ((sizeof(*self) + 15) & ~(size_t)15);
    self->rest = rest;
    self->route = route;
    self->http = http;
    self->received_us = os_monotonic_us();
    self->call = (struct call){ .command = route->command,
                                .request = request,
                                .answer = request + request_size,
                                .caller = who->caller,
                                .token_id = who->token_id,
                                .deadline_us = self->received_us + rest->settings.call_age_max_us,
                                .done = command_done,
                                .context = self };
    return self;
}

/* False after it answered: the key is missing though the command changes something. */
static bool key_take(struct rest_call *self)
{
    unsigned flags = self->route->command->flags;
    if ((flags & COMMAND_unkeyed) != 0 && (flags & COMMAND_sandbox) != 0 && self->rest->settings.store->shared) {
        /* It moves the test clock and changes no row. The row of a key is one that the other processes hear of. */
        snprintf(self->call.request_key, sizeof(self->call.request_key), "clock-%016llx",
                 (unsigned long long)os_random_u64());
        return true;
    }
    if ((flags & (COMMAND_reads | COMMAND_unkeyed)) != 0) {
        return true;
    }
    if (!key_read(http_header_value(self->http, "Idempotency-Key"), self->call.request_key)) {
        rest_problem(self->rest, self->route, self->http, PROBLEM_key_missing, "Idempotency-Key");
        return false;
    }
    body_hash(self->rest, self->http, self->call.body_hash);
    return true;
}

/* Decisions make no random numbers: what draws or hides something begins with one that the caller never sees. */
static void seed_fill(const struct column *seed, void *request)
{
    if (seed == NULL) {
        return;
    }
    if (seed->kind == COLUMN_fixed) {
        os_random((uint8_t *)request + seed->offset, seed->size);
    } else {
        column_set_i64(seed, request, (int64_t)(os_random_u64() >> 1));
    }
}

static bool edit_before(struct rest_call *self)
{
    const struct rest_edit *edit = self->route->edit;
    if (edit == NULL || edit->before == NULL) {
        return true;
    }
    int64_t now_us = engine_now_us(self->rest->settings.engine);
    void *request = (uint8_t *)self + ((sizeof(*self) + 15) & ~(size_t)15);
    assert(request == self->call.request);
    enum refusal refusal = edit->before(edit->context, &self->call.caller, now_us, request);
    if (refusal != REFUSAL_none) {
        rest_refuse(self->rest, self->route, self->http, refusal, NULL, self->received_us);
        return false;
    }
    return true;
}

void rest_command(struct rest *rest, const struct route *route, struct http_request *http,
                  const struct router_match *match, const struct let_in *who)
{
    int64_t begun_ns = os_monotonic_ns();
    if ((route->command->flags & COMMAND_sandbox) != 0 && !rest->settings.test_clock) {
        rest_problem(rest, route, http, PROBLEM_clock_fixed, NULL);
        return;
    }
    /* Calls wait for a database that comes back; whoever asks whether to send us any is told at once. */
    if (route->command == &rest_health_command && rest_database_away(rest)) {
        rest_problem(rest, route, http, PROBLEM_database_away, NULL);
        return;
    }
    struct rest_call *self = call_make(rest, route, http, who);
    if (self == NULL) {
        rest_problem(rest, route, http, PROBLEM_busy, NULL);
        return;
    }
    http->data = self;
    http->finish = command_finish;
    void *request = (uint8_t *)self + ((sizeof(*self) + 15) & ~(size_t)15);
    if (!key_take(self) || !rest_decode(rest, route, http, match, request)) {
        return;
    }
    seed_fill(route->seed, request);
    if (!edit_before(self)) {
        return;
    }
    metrics_spend(rest->metrics, METRICS_decode, os_monotonic_ns() - begun_ns);
    gather(rest, self);
}
