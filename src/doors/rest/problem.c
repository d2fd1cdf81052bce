/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "base/os_clock.h"
#include "doors/rest/rest_internal.h"

#define PROBLEM_SIZE_MAX (16 * 1024) /* FAULTS_MAX faults at their longest fit, escapes included */

static_assert(FAULTS_MAX * (2 * (FAULT_FIELD_SIZE + FAULT_REASON_SIZE) + 80) + 2048 <= PROBLEM_SIZE_MAX,
              "all faults of a request fit into its problem document");

static const struct door_problem_text texts[] = {
#define DOOR_PROBLEM(name, status, text) { #name, status, text },
#include "doors/rest/problem.def"
#undef DOOR_PROBLEM
};

const struct door_problem_text *door_problem_text(enum door_problem problem)
{
    assert((size_t)problem < COUNT_OF(texts));
    return &texts[problem];
}

static const char *code_of_fault(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_invalid:
        return texts[PROBLEM_invalid_field].name;
    case FAULT_missing:
        return texts[PROBLEM_missing_field].name;
    case FAULT_unknown:
        return texts[PROBLEM_unknown_field].name;
    case FAULT_malformed:
        break;
    }
    return texts[PROBLEM_malformed_json].name;
}

static void text_member(struct json_out *out, const char *key, const char *text)
{
    if (text != NULL) {
        json_out_key(out, key);
        json_out_text(out, span_of(text));
    }
}

/* "https://onetill.example/problems/balance_short" and "balance short" */
static void type_members(struct json_out *out, const char *code)
{
    char type[sizeof(PROBLEM_TYPE_BASE) + 64] = PROBLEM_TYPE_BASE;
    size_t base = sizeof(PROBLEM_TYPE_BASE) - 1;
    bool fits = span_copy(span_of(code), type + base, sizeof(type) - base);
    assert(fits);
    text_member(out, "type", type);
    for (char *at = type + base; *at != '\0'; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
    text_member(out, "title", type + base);
}

static void fault_members(struct json_out *out, const struct faults *faults)
{
    json_out_key(out, "errors");
    json_out_array(out);
    for (uint32_t i = 0; i < faults->count; i++) {
        json_out_object(out);
        text_member(out, "code", code_of_fault(faults->list[i].kind));
        text_member(out, "field", faults->list[i].field);
        text_member(out, "detail", faults->list[i].reason);
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

void problem_answer(struct http_request *http, const struct problem *problem)
{
    char bytes[PROBLEM_SIZE_MAX];
    char instance[32] = "urn:onetill:";
    struct json_out out;
    struct http_header extra[4];
    size_t extra_count = 0;

    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    type_members(&out, problem->code);
    json_out_key(&out, "status");
    json_out_i64(&out, problem->status);
    text_member(&out, "detail", problem->detail);
    text_member(&out, "code", problem->code);
    text_member(&out, "field", problem->field);
    bool fits = span_copy(span_of(problem->request_id), instance + 12, sizeof(instance) - 12);
    assert(fits);
    text_member(&out, "instance", instance);
    if (problem->faults != NULL) {
        fault_members(&out, problem->faults);
    }
    json_out_object_end(&out);
    struct span document = json_out_end(&out);
    assert(document.size > 0);

    char *kept = arena_try(http->arena, document.size);
    if (kept == NULL) {
        http_answer(http, problem->status, PROBLEM_TYPE, SPAN("{}"), NULL, 0);
        return;
    }
    memcpy(kept, document.bytes, document.size);
    if (problem->status == 401) {
        extra[extra_count++] = (struct http_header){ "WWW-Authenticate", "Bearer realm=\"onetill\"" };
    }
    if (problem->status == 503) {
        extra[extra_count++] = (struct http_header){ "Retry-After", "1" };
    }
    if (problem->allow != NULL) {
        extra[extra_count++] = (struct http_header){ "Allow", problem->allow };
    }
    if (problem->repeated) {
        extra[extra_count++] = (struct http_header){ "Idempotent-Replayed", "true" };
    }
    http_answer(http, problem->status, PROBLEM_TYPE, (struct span){ kept, document.size }, extra,
                extra_count);
}

static void id_write(uint64_t mixed, char to[REQUEST_ID_SIZE])
{
    uint8_t bytes[8];
    memcpy(bytes, &mixed, sizeof(bytes));
    hex_write(bytes, sizeof(bytes), to);
}

void rest_request_id(struct rest *rest, char to[REQUEST_ID_SIZE])
{
    uint64_t number = atomic_fetch_add_explicit(&rest->request_count, 1, memory_order_relaxed);
    id_write(hash_mix(number ^ rest->request_salt), to);
}

void rest_count(struct rest *rest, const struct route *route, uint32_t outcome, int64_t received_us)
{
    if (route != NULL) {
        int64_t took_us = received_us > 0 ? max_i64(os_monotonic_us() - received_us, 0) : -1;
        metrics_add(rest->metrics, route->number, outcome, took_us);
    }
}

void rest_problem(struct rest *rest, const struct route *route, struct http_request *http,
                  enum door_problem problem, const char *field)
{
    char request_id[REQUEST_ID_SIZE];
    const struct door_problem_text *text = door_problem_text(problem);
    rest_request_id(rest, request_id);
    rest_count(rest, route, OUTCOME_problems + (uint32_t)problem, 0);
    problem_answer(http, &(struct problem){ .status = text->http_status,
                                            .code = text->name,
                                            .detail = text->text,
                                            .field = field,
                                            .request_id = request_id });
}

/* The worst comes first: what cannot be read at all, then the first fault in the order of the request. */
void rest_faults(struct rest *rest, const struct route *route, struct http_request *http,
                 const struct faults *faults)
{
    static const enum door_problem problems[] = {
        [FAULT_invalid] = PROBLEM_invalid_field,
        [FAULT_missing] = PROBLEM_missing_field,
        [FAULT_unknown] = PROBLEM_unknown_field,
        [FAULT_malformed] = PROBLEM_malformed_json,
    };
    char request_id[REQUEST_ID_SIZE];
    char detail[FAULT_FIELD_SIZE + FAULT_REASON_SIZE];
    assert(faults->count > 0);
    const struct fault *first = &faults->list[0];
    for (uint32_t i = 0; i < faults->count; i++) {
        if (faults->list[i].kind == FAULT_malformed) {
            first = &faults->list[i];
            break;
        }
    }
    enum door_problem problem = problems[first->kind];
    snprintf(detail, sizeof(detail), "%s%s%s", first->field, first->field[0] != '\0' ? " " : "",
             first->reason);
    rest_request_id(rest, request_id);
    rest_count(rest, route, OUTCOME_problems + (uint32_t)problem, 0);
    problem_answer(http, &(struct problem){ .status = texts[problem].http_status,
                                            .code = texts[problem].name,
                                            .detail = detail,
                                            .field = first->field[0] != '\0' ? first->field : NULL,
                                            .faults = faults,
                                            .request_id = request_id });
}

void rest_refuse(struct rest *rest, const struct route *route, struct http_request *http,
                 enum refusal refusal, const struct call *call, int64_t received_us)
{
    char request_id[REQUEST_ID_SIZE];
    const struct refusal_text *text = refusal_text((int)refusal);
    assert(text != NULL);
    assert(refusal != REFUSAL_none);
    if (call != NULL && call->request_key[0] != '\0') {
        id_write(hash_mix((uint64_t)call->decided_at_us), request_id); /* the same bytes when it is repeated */
    } else {
        rest_request_id(rest, request_id);
    }
    rest_count(rest, route, rest->refusal_first + rest->refusal_index[refusal], received_us);
    problem_answer(http, &(struct problem){ .status = text->http_status,
                                            .code = text->name,
                                            .detail = text->text,
                                            .field = text->field[0] != '\0' ? text->field : NULL,
                                            .repeated = call != NULL && call->repeated,
                                            .request_id = request_id });
}
