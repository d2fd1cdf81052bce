/* SPDX-License-Identifier: Apache-2.0 */
/* The REST door from socket to store and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os_clock.h"
#include "doors_rest_stage.h"
#include "engine/engine_rows.h"

#define HEADERS_SIZE 512
#define AS_JSON "Content-Type: application/json\r\n"

static const char *headers_as(const char *token, const char *key, const char *more)
{
    static char headers[HEADERS_SIZE];
    char line[128] = "";
    if (key != NULL) {
        snprintf(line, sizeof(line), "Idempotency-Key: %s\r\n", key);
    }
    int size = snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n%s%s", token, line, more);
    assert_true(size > 0 && size < HEADERS_SIZE);
    return headers;
}

static int open_memory(void **state)
{
    static struct stage stage;
    struct stage_settings settings = { .test_clock = false };
    stage_open(&stage, &settings);
    *state = &stage;
    return 0;
}

static int open_idle(void **state)
{
    static struct stage stage;
    struct stage_settings settings = { .idle = true };
    stage_open(&stage, &settings);
    *state = &stage;
    return 0;
}

static int open_sqlite(void **state)
{
    static struct stage stage;
    struct stage_settings settings = { .sqlite = true };
    stage_open(&stage, &settings);
    *state = &stage;
    return 0;
}

static int open_sandbox(void **state)
{
    static struct stage stage;
    struct stage_settings settings = { .test_clock = true, .metrics_guarded = true };
    stage_open(&stage, &settings);
    *state = &stage;
    return 0;
}

static int close_stage(void **state)
{
    stage_close(*state);
    return 0;
}

static void expect(struct reply reply, int status, const char *member, const char *value)
{
    if (reply.status != status || (member != NULL && strcmp(reply_member(&reply, member), value) != 0)) {
        fail_msg("wanted %d %s=%s, got %d: %s", status, member != NULL ? member : "",
                 value != NULL ? value : "", reply.status, reply.body.bytes);
    }
    reply_release(&reply);
}

static void a_command_goes_all_the_way(void **state)
{
    struct stage *stage = *state;
    struct reply reply =
        ask(stage, "PUT", "/v1/jars/42", headers_as(stage->operator_token, "k1", AS_JSON),
            "{\"name\":\"honey \\\"wild\\\"\",\"owner_id\":\"6\",\"best_before\":\"2030-02-28\","
            "\"filled_at\":\"2014-12-12T10:00:00+08:00\",\"fragile\":true,\"mark\":\"00ff10a1\","
            "\"coins\":[{\"value_minor\":100,\"count\":3},{\"value_minor\":5}]}");
    assert_int_equal(reply.status, 201);
    assert_string_equal(
        reply.body.bytes,
        "{\"jar_id\":\"42\",\"name\":\"honey \\\"wild\\\"\",\"total_minor\":305,\"state\":\"open\","
        "\"best_before\":\"2030-02-28\",\"filled_at\":\"2014-12-12T02:00:00Z\",\"fragile\":true,"
        "\"mark\":\"00ff10a1\"}");
    assert_string_equal(reply_header(&reply, "Content-Type"), "application/json");
    assert_null(reply_header(&reply, "Idempotent-Replayed"));
    reply_release(&reply);
    expect(ask(stage, "GET", "/v1/jars/42", headers_as(stage->terminal_token, NULL, ""), ""), 200,
           "total_minor", "305");
    expect(ask(stage, "GET", "/v1/jars/43", headers_as(stage->terminal_token, NULL, ""), ""), 404, "code",
           "trade_unknown");
    expect(ask(stage, "DELETE", "/v1/jars/42", headers_as(stage->operator_token, NULL, ""), ""), 200,
           "jar_id", "42");
    expect(ask(stage, "DELETE", "/v1/jars/42", headers_as(stage->operator_token, NULL, ""), ""), 404, "code",
           "trade_unknown");
}

static void a_repeat_has_the_same_bytes_and_no_effect(void **state)
{
    struct stage *stage = *state;
    const char *headers = headers_as(stage->operator_token, "again", AS_JSON);
    const char *body = "{\"name\":\"jam\",\"coins\":[{\"value_minor\":7}]}";
    struct reply first = ask(stage, "PUT", "/v1/jars/50", headers, body);
    struct reply second = ask(stage, "PUT", "/v1/jars/50", headers, body);
    assert_int_equal(first.status, 201);
    assert_int_equal(second.status, 201);
    assert_string_equal(first.body.bytes, second.body.bytes);
    assert_null(reply_header(&first, "Idempotent-Replayed"));
    assert_string_equal(reply_header(&second, "Idempotent-Replayed"), "true");
    reply_release(&first);
    reply_release(&second);
    /* The same key for anything else is refused: another body, another path. */
    expect(ask(stage, "PUT", "/v1/jars/50", headers, "{\"name\":\"jam\"}"), 409, "code", "request_reused");
    expect(ask(stage, "PUT", "/v1/jars/51", headers, body), 409, "field", "Idempotency-Key");
    expect(ask(stage, "GET", "/v1/jars/50", headers_as(stage->operator_token, NULL, ""), ""), 200,
           "total_minor", "7");
    /* A key belongs to its caller. */
    expect(ask(stage, "PUT", "/v1/jars/50", headers_as(stage->shopper_token, "again", AS_JSON), body), 201,
           "total_minor", "14");
}

static void a_repeated_refusal_is_marked(void **state)
{
    struct stage *stage = *state;
    expect(ask(stage, "PUT", "/v1/jars/60", headers_as(stage->operator_token, "seal", AS_JSON),
               "{\"name\":\"x\",\"state\":\"sealed\"}"),
           201, "state", "sealed");
    for (int i = 0; i < 2; i++) {
        struct reply reply = ask(stage, "PUT", "/v1/jars/60",
                                 headers_as(stage->operator_token, "more", AS_JSON), "{\"name\":\"x\"}");
        assert_int_equal(reply.status, 422);
        assert_string_equal(reply_member(&reply, "code"), "account_full");
        assert_string_equal(reply_member(&reply, "type"), PROBLEM_TYPE_BASE "account_full");
        assert_string_equal(reply_member(&reply, "title"), "account full");
        assert_string_equal(reply_member(&reply, "detail"), "the balance would be out of range");
        assert_string_equal(reply_header(&reply, "Content-Type"), "application/problem+json");
        assert_int_equal(reply_header(&reply, "Idempotent-Replayed") != NULL, i == 1);
        reply_release(&reply);
    }
}

/* Both of two requests with one key that are under way at once get the answer; it happens once. */
static void duplicates_in_flight_happen_once(void **state)
{
    struct stage *stage = *state;
    enum { SENT = 8 };
    int fds[SENT];
    int replayed = 0;
    char bytes[1024] = "";
    for (size_t i = 0; i < SENT; i++) {
        fds[i] = ask_send(stage, "PUT", "/v1/jars/70", headers_as(stage->operator_token, "twin", AS_JSON),
                          "{\"name\":\"twin\",\"coins\":[{\"value_minor\":9}]}");
    }
    os_sleep_us(100000);
    stage_run(stage);
    for (size_t i = 0; i < SENT; i++) {
        struct reply reply = ask_receive(fds[i]);
        assert_int_equal(reply.status, 201);
        replayed += reply_header(&reply, "Idempotent-Replayed") != NULL;
        if (i == 0) {
            snprintf(bytes, sizeof(bytes), "%s", reply.body.bytes);
        }
        assert_string_equal(reply.body.bytes, bytes);
        reply_release(&reply);
    }
    assert_int_equal(replayed, SENT - 1);
    expect(ask(stage, "GET", "/v1/jars/70", headers_as(stage->operator_token, NULL, ""), ""), 200,
           "total_minor", "9");
}

/* A client that is gone before its answer costs no more than the answer. */
static void clients_that_left_do_no_harm(void **state)
{
    struct stage *stage = *state;
    char path[64], key[32];
    for (int i = 1; i <= 20; i++) {
        snprintf(path, sizeof(path), "/v1/jars/%d", 200 + i);
        snprintf(key, sizeof(key), "left-%d", i);
        int fd = ask_send(stage, "PUT", path, headers_as(stage->operator_token, key, AS_JSON),
                          i % 2 == 0 ? "{\"name\":\"x\"}" : "{\"name\":\"x\",\"owner_id\":9}");
        os_sleep_us(5000);
        (void)close(fd);
    }
    os_sleep_us(50000);
    stage_run(stage);
    expect(ask(stage, "GET", "/v1/jars/220", headers_as(stage->operator_token, NULL, ""), ""), 200, "name",
           "x");
    expect(ask(stage, "PUT", "/v1/jars/220", headers_as(stage->operator_token, "left-20", AS_JSON),
               "{\"name\":\"x\"}"),
           201, "name", "x");
}

static void large_answers_are_whole(void **state)
{
    struct stage *stage = *state;
    struct reply reply =
        ask(stage, "GET", "/v1/shelves/300", headers_as(stage->operator_token, NULL, ""), "");
    assert_int_equal(reply.status, 200);
    /* {"places":[ … ]}, each {"label":"…"} with 63 quotes that take two bytes, and commas between. */
    assert_int_equal(reply.body.size, 13 + 300 * (12 + 2 * 63) + 299);
    reply_release(&reply);
    expect(ask(stage, "GET", "/v1/shelves/1", headers_as(stage->operator_token, NULL, ""), ""), 200, NULL,
           NULL);
}

struct filler {
    pthread_mutex_t lock;
    int answered;
};

static void filler_done(struct call *call)
{
    struct filler *filler = call->context;
    pthread_mutex_lock(&filler->lock);
    filler->answered++;
    pthread_mutex_unlock(&filler->lock);
}

static void a_full_queue_is_said_at_once(void **state)
{
    struct stage *stage = *state;
    static struct call calls[QUEUE_CALLS_MAX];
    static struct nothing nothing, answers[QUEUE_CALLS_MAX];
    struct filler filler = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const struct command *internal = jar_commands[5];
    for (size_t i = 0; i < QUEUE_CALLS_MAX; i++) {
        calls[i] = (struct call){ .command = internal,
                                  .request = &nothing,
                                  .answer = &answers[i],
                                  .caller = { .kind = CALLER_system },
                                  .done = filler_done,
                                  .context = &filler };
        assert_true(engine_submit(stage->engine, &calls[i]));
    }
    struct reply reply = ask(stage, "PUT", "/v1/jars/1", headers_as(stage->operator_token, "full", AS_JSON),
                             "{\"name\":\"x\"}");
    assert_int_equal(reply.status, 503);
    assert_string_equal(reply_member(&reply, "code"), "busy");
    assert_string_equal(reply_header(&reply, "Retry-After"), "1");
    reply_release(&reply);
    expect(ask(stage, "GET", "/healthz", "", ""), 503, "code", "busy");
    expect(ask(stage, "GET", "/v1/time", "", ""), 200, "test_clock", "false");
    stage_run(stage);
    /* The same request is welcome as soon as there is room: nothing was kept of the first. */
    for (int i = 0; i < 1000; i++) {
        reply = ask(stage, "PUT", "/v1/jars/1", headers_as(stage->operator_token, "full", AS_JSON),
                    "{\"name\":\"x\"}");
        if (reply.status == 201) {
            break;
        }
        reply_release(&reply);
        os_sleep_us(10000);
    }
    assert_int_equal(reply.status, 201);
    assert_null(reply_header(&reply, "Idempotent-Replayed"));
    reply_release(&reply);
    pthread_mutex_lock(&filler.lock);
    assert_int_equal(filler.answered, QUEUE_CALLS_MAX);
    pthread_mutex_unlock(&filler.lock);
}

static void what_waited_too_long_is_not_decided(void **state)
{
    struct stage stage;
    struct stage_settings settings = { .idle = true, .call_age_max_us = 50000 };
    (void)state;
    stage_open(&stage, &settings);
    int fd = ask_send(&stage, "PUT", "/v1/jars/1", headers_as(stage.operator_token, "late", AS_JSON),
                      "{\"name\":\"x\"}");
    struct engine_counts counts = { 0 };
    while (counts.queue_count == 0) {
        os_sleep_us(1000);
        engine_counts(stage.engine, &counts);
    }
    os_sleep_us(2 * settings.call_age_max_us);
    stage_run(&stage);
    expect(ask_receive(fd), 503, "code", "late");
    expect(ask(&stage, "GET", "/v1/jars/1", headers_as(stage.operator_token, NULL, ""), ""), 404, "code",
           "trade_unknown");
    stage_close(&stage);
}

static void who_may_not_is_turned_away(void **state)
{
    struct stage *stage = *state;
    char revoked[TOKEN_TEXT_SIZE], forged[TOKEN_TEXT_SIZE];
    struct reply reply = ask(stage, "GET", "/v1/jars/1", "", "");
    assert_int_equal(reply.status, 401);
    assert_string_equal(reply_member(&reply, "code"), "unauthenticated");
    assert_string_equal(reply_header(&reply, "WWW-Authenticate"), "Bearer realm=\"onetill\"");
    reply_release(&reply);
    expect(ask(stage, "GET", "/v1/jars/1", "Authorization: Basic eDp5\r\n", ""), 401, "field",
           "Authorization");
    expect(ask(stage, "GET", "/v1/jars/1", "Authorization: Bearer \r\n", ""), 401, "code", "unauthenticated");
    memcpy(forged, stage->operator_token, sizeof(forged));
    forged[10] = forged[10] == 'A' ? 'B' : 'A';
    expect(ask(stage, "GET", "/v1/jars/1", headers_as(forged, NULL, ""), ""), 401, "code", "unauthenticated");
    expect(ask(stage, "GET", "/v1/jars/1", headers_as(stage->shopper_token, NULL, ""), ""), 403, "code",
           "forbidden");
    tokens_issue(stage->tokens, (struct caller){ CALLER_operator, 0 }, 99, revoked);
    expect(ask(stage, "GET", "/v1/jars/1", headers_as(revoked, NULL, ""), ""), 404, "code", "trade_unknown");
    assert_true(tokens_revoke(stage->tokens, 99));
    expect(ask(stage, "GET", "/v1/jars/1", headers_as(revoked, NULL, ""), ""), 401, "code",
           "unauthenticated");
}

static void keys_are_1_to_64_printable_characters(void **state)
{
    struct stage *stage = *state;
    char long_key[66];
    const char *body = "{\"name\":\"x\"}";
    memset(long_key, 'k', 65);
    long_key[65] = '\0';
    expect(ask(stage, "PUT", "/v1/jars/1", headers_as(stage->operator_token, NULL, AS_JSON), body), 400,
           "code", "key_missing");
    expect(ask(stage, "PUT", "/v1/jars/1", headers_as(stage->operator_token, long_key, AS_JSON), body), 400,
           "field", "Idempotency-Key");
    expect(ask(stage, "PUT", "/v1/jars/1", headers_as(stage->operator_token, "a b", AS_JSON), body), 400,
           "code", "key_missing");
    long_key[64] = '\0';
    expect(ask(stage, "PUT", "/v1/jars/1", headers_as(stage->operator_token, long_key, AS_JSON), body), 201,
           NULL, NULL);
}

static void addresses_and_methods(void **state)
{
    struct stage *stage = *state;
    const char *headers = headers_as(stage->operator_token, NULL, "");
    expect(ask(stage, "GET", "/v1/nothing", headers, ""), 404, "code", "route_unknown");
    expect(ask(stage, "GET", "/v1/jars/1/", headers, ""), 404, "code", "route_unknown");
    expect(ask(stage, "GET", "/v1//jars", headers, ""), 404, "code", "route_unknown");
    expect(ask(stage, "GET", "/nothing", headers, ""), 404, "title", "not found");
    struct reply reply = ask(stage, "PATCH", "/v1/jars/1", headers, "");
    assert_int_equal(reply.status, 405);
    assert_string_equal(reply_member(&reply, "code"), "method_not_allowed");
    assert_string_equal(reply_header(&reply, "Allow"), "GET, HEAD, PUT, DELETE, OPTIONS");
    reply_release(&reply);
    reply = ask(stage, "OPTIONS", "/v1/jars/1", "", "");
    assert_int_equal(reply.status, 204);
    assert_string_equal(reply_header(&reply, "Allow"), "GET, HEAD, PUT, DELETE, OPTIONS");
    reply_release(&reply);
    reply = ask(stage, "HEAD", "/v1/time", "", "");
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body.size, 0);
    reply_release(&reply);
    expect(ask(stage, "POST", "/v1/sandbox/shake", headers_as(stage->operator_token, "s", ""), ""), 409,
           "code", "clock_fixed");
}

static void sandbox_commands_need_the_test_clock(void **state)
{
    struct stage *stage = *state;
    expect(ask(stage, "POST", "/v1/sandbox/shake", headers_as(stage->operator_token, "s", ""), ""), 200, NULL,
           NULL);
    expect(ask(stage, "GET", "/v1/time", "", ""), 200, "test_clock", "true");
    expect(ask(stage, "GET", "/metrics", "", ""), 401, "code", "unauthenticated");
    expect(ask(stage, "GET", "/metrics", headers_as(stage->operator_token, NULL, ""), ""), 200, NULL, NULL);
}

static void edits_compute_before_and_add_after(void **state)
{
    struct stage *stage = *state;
    expect(ask(stage, "PUT", "/v1/jars/80", headers_as(stage->operator_token, "e1", AS_JSON),
               "{\"name\":\"x\",\"owner_id\":13}"),
           422, "code", "code_malformed");
    expect(ask(stage, "PUT", "/v1/jars/80", headers_as(stage->operator_token, "e1", AS_JSON),
               "{\"name\":\"x\",\"owner_id\":3}"),
           201, NULL, NULL);
    for (int i = 0; i < 2; i++) { /* a repeat shows the secret again: it is derived, not kept */
        struct reply reply =
            ask(stage, "POST", "/v1/jars/80/locks", headers_as(stage->operator_token, "e2", ""), "");
        assert_int_equal(reply.status, 201);
        assert_string_equal(reply_member(&reply, "secret"), "15151515151515151515151515151515");
        assert_int_equal(reply_header(&reply, "Idempotent-Replayed") != NULL, i == 1);
        assert_null(strstr(reply.body.bytes, "secret_number"));
        reply_release(&reply);
    }
}

struct bad {
    const char *body;
    const char *code;
    const char *field;
    int status;
};

static const struct bad bad_bodies[] = {
    { "{", "malformed_json", "", 400 },
    { "nothing", "malformed_json", "", 400 },
    { "[]", "malformed_json", "", 400 },
    { "\"name\"", "malformed_json", "", 400 },
    { "{\"name\":\"x\"}}", "malformed_json", "", 400 },
    { "{\"name\":\"x\",}", "malformed_json", "", 400 },
    { "{'name':'x'}", "malformed_json", "", 400 },
    { "{\"name\":\"x\",\"name\":\"y\"}", "malformed_json", "", 400 },
    { "{\"name\":\"\xc0\xaf\"}", "malformed_json", "", 400 },
    { "{\"name\":\"\\u0000\"}", "malformed_json", "", 400 },
    { "{\"name\":\"\\ud800\"}", "malformed_json", "", 400 },
    { "{\"name\":\"x\",\"weight_minor\":99999999999999999999}", "malformed_json", "", 400 },
    { "{\"name\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}", "malformed_json", "", 400 },
    { "{}", "missing_field", "name", 422 },
    { "{\"name\":null}", "missing_field", "name", 422 },
    { "{\"name\":\"\"}", "invalid_field", "name", 422 },
    { "{\"name\":7}", "invalid_field", "name", 422 },
    { "{\"name\":\"a\\nb\"}", "invalid_field", "name", 422 },
    { "{\"name\":\"a\\u007fb\"}", "invalid_field", "name", 422 },
    { "{\"name\":\"123456789012345678901234\"}", "invalid_field", "name", 422 },
    { "{\"name\":\"x\",\"colour\":1}", "unknown_field", "colour", 422 },
    { "{\"name\":\"x\",\"Name\":\"y\"}", "unknown_field", "Name", 422 },
    { "{\"name\":\"x\",\"\":\"y\"}", "unknown_field", "", 422 },
    { "{\"name\":\"x\",\"derived\":1}", "unknown_field", "derived", 422 },
    { "{\"name\":\"x\",\"jar_id\":\"1\"}", "unknown_field", "jar_id", 422 },
    { "{\"name\":\"x\",\"filled_at_us\":1}", "unknown_field", "filled_at_us", 422 },
    { "{\"name\":\"x\",\"owner_id\":\"0\"}", "invalid_field", "owner_id", 422 },
    { "{\"name\":\"x\",\"owner_id\":-5}", "invalid_field", "owner_id", 422 },
    { "{\"name\":\"x\",\"owner_id\":\"9223372036854775808\"}", "invalid_field", "owner_id", 422 },
    { "{\"name\":\"x\",\"owner_id\":\"seven\"}", "invalid_field", "owner_id", 422 },
    { "{\"name\":\"x\",\"owner_id\":true}", "invalid_field", "owner_id", 422 },
    { "{\"name\":\"x\",\"weight_minor\":1.0}", "invalid_field", "weight_minor", 422 },
    { "{\"name\":\"x\",\"weight_minor\":\"1\"}", "invalid_field", "weight_minor", 422 },
    { "{\"name\":\"x\",\"weight_minor\":-1}", "invalid_field", "weight_minor", 422 },
    { "{\"name\":\"x\",\"weight_minor\":100000000000001}", "invalid_field", "weight_minor", 422 },
    { "{\"name\":\"x\",\"state\":\"melted\"}", "invalid_field", "state", 422 },
    { "{\"name\":\"x\",\"state\":\"\"}", "invalid_field", "state", 422 },
    { "{\"name\":\"x\",\"state\":1}", "invalid_field", "state", 422 },
    { "{\"name\":\"x\",\"best_before\":\"2014-02-29\"}", "invalid_field", "best_before", 422 },
    { "{\"name\":\"x\",\"best_before\":20141212}", "invalid_field", "best_before", 422 },
    { "{\"name\":\"x\",\"filled_at\":\"2014-12-12\"}", "invalid_field", "filled_at", 422 },
    { "{\"name\":\"x\",\"filled_at\":1418349600}", "invalid_field", "filled_at", 422 },
    { "{\"name\":\"x\",\"fragile\":1}", "invalid_field", "fragile", 422 },
    { "{\"name\":\"x\",\"fragile\":\"true\"}", "invalid_field", "fragile", 422 },
    { "{\"name\":\"x\",\"mark\":\"00ff10\"}", "invalid_field", "mark", 422 },
    { "{\"name\":\"x\",\"mark\":\"00ff10zz\"}", "invalid_field", "mark", 422 },
    { "{\"name\":\"x\",\"shelf\":2147483648}", "invalid_field", "shelf", 422 },
    { "{\"name\":\"x\",\"coins\":{}}", "invalid_field", "coins", 422 },
    { "{\"name\":\"x\",\"coins\":[1]}", "invalid_field", "coins[0]", 422 },
    { "{\"name\":\"x\",\"coins\":[{\"value_minor\":1},{}]}", "missing_field", "coins[1].value_minor", 422 },
    { "{\"name\":\"x\",\"coins\":[{\"value_minor\":1001}]}", "invalid_field", "coins[0].value_minor", 422 },
    { "{\"name\":\"x\",\"coins\":[{\"value_minor\":1,\"count\":0}]}", "invalid_field", "coins[0].count",
      422 },
    { "{\"name\":\"x\",\"coins\":[{\"value_minor\":1,\"gold\":0}]}", "unknown_field", "coins[0].gold", 422 },
    { "{\"name\":\"x\",\"coins\":[{\"value_minor\":1},{\"value_minor\":1},{\"value_minor\":1},{\"value_"
      "minor\":1},"
      "{\"value_minor\":1}]}",
      "invalid_field", "coins", 422 },
};

static void bad_bodies_name_the_field(void **state)
{
    struct stage *stage = *state;
    for (size_t i = 0; i < COUNT_OF(bad_bodies); i++) {
        const struct bad *bad = &bad_bodies[i];
        struct reply reply =
            ask(stage, "PUT", "/v1/jars/1", headers_as(stage->operator_token, "bad", AS_JSON), bad->body);
        if (reply.status != bad->status || strcmp(reply_member(&reply, "code"), bad->code) != 0 ||
            strcmp(reply_member(&reply, "field"), bad->field) != 0) {
            fail_msg("%s: got %d %s", bad->body, reply.status, reply.body.bytes);
        }
        assert_string_not_equal(reply_member(&reply, "detail"), "");
        assert_string_not_equal(reply_member(&reply, "errors"), "");
        reply_release(&reply);
    }
    /* None of them left a trace under the key. */
    expect(ask(stage, "PUT", "/v1/jars/1", headers_as(stage->operator_token, "bad", AS_JSON),
               "{\"name\":\"good\"}"),
           201, "name", "good");
}

static void all_faults_are_named_at_once(void **state)
{
    struct stage *stage = *state;
    struct reply reply =
        ask(stage, "PUT", "/v1/jars/0?a=1", headers_as(stage->operator_token, "all", AS_JSON),
            "{\"owner_id\":0,\"fragile\":2,\"extra\":{}}");
    assert_int_equal(reply.status, 422);
    assert_string_equal(
        reply_member(&reply, "errors"),
        "[{\"code\":\"invalid_field\",\"field\":\"jar_id\",\"detail\":\"must be from 1 to "
        "9223372036854775807\"},"
        "{\"code\":\"unknown_field\",\"field\":\"a\",\"detail\":\"belongs into the body, not into the "
        "query\"},"
        "{\"code\":\"invalid_field\",\"field\":\"owner_id\",\"detail\":\"must be from 1 to "
        "9223372036854775807\"},"
        "{\"code\":\"invalid_field\",\"field\":\"fragile\",\"detail\":\"must be true or false\"},"
        "{\"code\":\"unknown_field\",\"field\":\"extra\",\"detail\":\"is not a field of this request\"},"
        "{\"code\":\"missing_field\",\"field\":\"name\",\"detail\":\"is required\"}]");
    reply_release(&reply);
    expect(ask(stage, "PUT", "/v1/jars/1",
               headers_as(stage->operator_token, "all", "Content-Type: text/plain\r\n"), "{\"name\":\"x\"}"),
           415, "code", "type_unsupported");
    expect(ask(stage, "PUT", "/v1/jars/1",
               headers_as(stage->operator_token, "all", "Content-Type: application/json; charset=utf-8\r\n"),
               "{\"name\":\"x\"}"),
           201, "name", "x");
    expect(ask(stage, "GET", "/v1/jars/1?fragile=true", headers_as(stage->operator_token, NULL, ""), ""), 422,
           "field", "fragile");
}

static void jars_fill(const struct stage *stage, int count)
{
    char path[64], key[64], body[64];
    for (int i = 1; i <= count; i++) {
        snprintf(path, sizeof(path), "/v1/jars/%d", i);
        snprintf(key, sizeof(key), "jar-%d", i);
        snprintf(body, sizeof(body), "{\"name\":\"jar %d\",\"coins\":[{\"value_minor\":%d}]}", i, i);
        expect(ask(stage, "PUT", path, headers_as(stage->operator_token, key, AS_JSON), body), 201, NULL,
               NULL);
    }
}

static void lists_come_in_pages(void **state)
{
    struct stage *stage = *state;
    char path[512] = "/v1/jars?limit=3&least_minor=2", cursor[256] = "";
    int pages = 0;
    expect(ask(stage, "GET", "/v1/jar-sum", headers_as(stage->operator_token, NULL, ""), ""), 404, "code",
           "not_found");
    expect(ask(stage, "GET", "/v1/jars", headers_as(stage->operator_token, NULL, ""), ""), 200, "data", "[]");
    jars_fill(stage, 8);
    for (; pages < 10; pages++) {
        static const char *const first[] = { "\"jar_id\":\"2\"", "\"jar_id\":\"5\"", "\"jar_id\":\"8\"" };
        struct reply reply = ask(stage, "GET", path, headers_as(stage->operator_token, NULL, ""), "");
        assert_int_equal(reply.status, 200);
        assert_true(pages < 3);
        assert_non_null(strstr(reply.body.bytes, first[pages]));
        snprintf(cursor, sizeof(cursor), "%s", reply_member(&reply, "next_cursor"));
        reply_release(&reply);
        if (strcmp(cursor, "null") == 0) {
            break;
        }
        snprintf(path, sizeof(path), "/v1/jars?limit=3&least_minor=2&cursor=%s", cursor);
    }
    assert_int_equal(pages, 2);
    expect(ask(stage, "GET", "/v1/jar-sum", headers_as(stage->operator_token, NULL, ""), ""), 200,
           "total_minor", "36");
    /* A page that ends exactly at the last element has no cursor. */
    expect(ask(stage, "GET", "/v1/jars?limit=8", headers_as(stage->operator_token, NULL, ""), ""), 200,
           "next_cursor", "null");
    expect(ask(stage, "GET", "/v1/jars", headers_as(stage->shopper_token, NULL, ""), ""), 403, "code",
           "forbidden");
}

static void bad_pages_are_refused(void **state)
{
    struct stage *stage = *state;
    static const struct {
        const char *path, *field;
    } cases[] = {
        { "/v1/jars?limit=0", "limit" },
        { "/v1/jars?limit=101", "limit" },
        { "/v1/jars?limit=x", "limit" },
        { "/v1/jars?cursor=", "cursor" },
        { "/v1/jars?cursor=AAAA", "cursor" },
        { "/v1/jars?cursor=%21", "cursor" },
        { "/v1/jars?least_minor=x", "least_minor" },
        { "/v1/jars?fragile=1", "fragile" },
        { "/v1/jars?colour=red", "colour" },
        { "/v1/jars?fragile=true&fragile=true", "fragile" },
        { "/v1/jar-sum?limit=1", "limit" },
    };
    char path[512], merchant[TOKEN_TEXT_SIZE];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect(ask(stage, "GET", cases[i].path, headers_as(stage->operator_token, NULL, ""), ""), 422,
               "field", cases[i].field);
    }
    jars_fill(stage, 3);
    /* A cursor is good for its caller only, and not when a bit of it is changed. */
    struct reply reply =
        ask(stage, "GET", "/v1/jars?limit=1", headers_as(stage->operator_token, NULL, ""), "");
    snprintf(path, sizeof(path), "/v1/jars?limit=1&cursor=%s", reply_member(&reply, "next_cursor"));
    reply_release(&reply);
    expect(ask(stage, "GET", path, headers_as(stage->operator_token, NULL, ""), ""), 200, NULL, NULL);
    tokens_issue(stage->tokens, (struct caller){ CALLER_merchant, 1 }, 9, merchant);
    expect(ask(stage, "GET", path, headers_as(merchant, NULL, ""), ""), 422, "field", "cursor");
    char *at = strchr(path, '\0') - 2;
    *at = *at == 'A' ? 'B' : 'A';
    expect(ask(stage, "GET", path, headers_as(stage->operator_token, NULL, ""), ""), 422, "field", "cursor");
}

static void the_door_tells_how_it_is(void **state)
{
    struct stage *stage = *state;
    struct metrics_histogram histogram;
    expect(ask(stage, "GET", "/healthz", "", ""), 200, "healthy", "true");
    expect(ask(stage, "GET", "/v1/openapi.json", "", ""), 200, "openapi", "3.1.0");
    expect(
        ask(stage, "PUT", "/v1/jars/1", headers_as(stage->operator_token, "m", AS_JSON), "{\"name\":\"x\"}"),
        201, NULL, NULL);
    expect(ask(stage, "GET", "/v1/jars/2", headers_as(stage->operator_token, NULL, ""), ""), 404, NULL, NULL);
    expect(ask(stage, "GET", "/v1/jars/2", "", ""), 401, NULL, NULL);
    struct reply reply = ask(stage, "GET", "/metrics", "", "");
    assert_int_equal(reply.status, 200);
    static const char *const lines[] = {
        "\nonetill_requests_total{command=\"jar_fill\",outcome=\"ok\"} 1\n",
        "\nonetill_requests_total{command=\"jar_query\",outcome=\"trade_unknown\"} 1\n",
        "\nonetill_requests_total{command=\"jar_query\",outcome=\"unauthenticated\"} 1\n",
        "\nonetill_request_duration_seconds_count{command=\"jar_query\"} 1\n",
        "\nonetill_request_duration_seconds_bucket{command=\"jar_fill\",le=\"+Inf\"} 1\n",
        "\nonetill_engine_queue_depth 0\n",
        "\n# TYPE onetill_http_connections_open gauge\n",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        if (strstr(reply.body.bytes, lines[i]) == NULL) {
            fail_msg("not in the metrics: %s\n%s", lines[i], reply.body.bytes);
        }
    }
    reply_release(&reply);
    metrics_histogram(rest_metrics(stage->rest), METRICS_ALL, &histogram);
    assert_int_equal(histogram.count, 3); /* health, fill, query; the unauthenticated one has no latency */
}

static void pages_are_served_from_memory(void **state)
{
    struct stage *stage = *state;
    char headers[128];
    struct reply reply = ask(stage, "GET", "/", "", "");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply_header(&reply, "Content-Type"), "text/html; charset=utf-8");
    assert_non_null(strstr(reply_header(&reply, "Content-Security-Policy"), "default-src 'self'"));
    assert_string_equal(reply_header(&reply, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(reply_header(&reply, "Referrer-Policy"), "no-referrer");
    assert_non_null(strstr(reply.body.bytes, "<!DOCTYPE html>"));
    snprintf(headers, sizeof(headers), "If-None-Match: \"x\", W/%s\r\n", reply_header(&reply, "ETag"));
    reply_release(&reply);
    reply = ask(stage, "GET", "/live/index.html", headers, "");
    assert_int_equal(reply.status, 304);
    assert_int_equal(reply.body.size, 0);
    reply_release(&reply);
    reply = ask(stage, "HEAD", "/live/live.js", "", "");
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body.size, 0);
    assert_string_equal(reply_header(&reply, "Content-Type"), "text/javascript; charset=utf-8");
    reply_release(&reply);
    expect(ask(stage, "POST", "/", "", "x"), 405, NULL, NULL);
    expect(ask(stage, "GET", "/../src/doors/static.c", "", ""), 404, NULL, NULL);
    expect(ask(stage, "GET", "/live/%2e%2e/style.css", "", ""), 404, NULL, NULL);
}

static void memory_has_no_lists(void **state)
{
    struct stage *stage = *state;
    expect(ask(stage, "GET", "/v1/jars", headers_as(stage->operator_token, NULL, ""), ""), 501, "code",
           "reads_absent");
}

struct worker {
    const struct stage *stage;
    pthread_t thread;
    int number, answered;
};

static void *worker_main(void *context)
{
    struct worker *worker = context;
    char headers[256], path[64];
    for (int i = 0; i < 40; i++) {
        snprintf(path, sizeof(path), "/v1/jars/%d", 1000 + i % 7);
        snprintf(headers, sizeof(headers),
                 "Authorization: Bearer %s\r\nIdempotency-Key: w%d-%d\r\nContent-Type: application/json\r\n",
                 worker->stage->operator_token, worker->number, i / 2);
        struct reply reply = ask(worker->stage, "PUT", i % 2 == 0 ? path : "/v1/jars/1", headers,
                                 "{\"name\":\"busy\",\"coins\":[{\"value_minor\":1}]}");
        worker->answered += i % 2 == 0 ? reply.status == 201 : reply.status == 409;
        reply_release(&reply);
        reply = ask(worker->stage, "GET", i % 3 == 0 ? "/metrics" : "/v1/jars?limit=2", headers, "");
        worker->answered += reply.status == 200;
        reply_release(&reply);
    }
    return NULL;
}

static void many_clients_at_once(void **state)
{
    struct stage *stage = *state;
    struct worker workers[6];
    for (size_t i = 0; i < COUNT_OF(workers); i++) {
        workers[i] = (struct worker){ .stage = stage, .number = (int)i };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]), 0);
    }
    for (int64_t id = 1000; id < 1200; id++) {
        assert_true(tokens_revoke(stage->tokens, id));
        os_sleep_us(500);
    }
    for (size_t i = 0; i < COUNT_OF(workers); i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].answered, 80);
    }
    expect(ask(stage, "GET", "/v1/jar-sum", headers_as(stage->operator_token, NULL, ""), ""), 200,
           "total_minor", "120");
}

#define ON(opening, test) cmocka_unit_test_setup_teardown(test, opening, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(open_memory, a_command_goes_all_the_way),
        ON(open_memory, a_repeat_has_the_same_bytes_and_no_effect),
        ON(open_memory, a_repeated_refusal_is_marked),
        ON(open_idle, duplicates_in_flight_happen_once),
        ON(open_idle, clients_that_left_do_no_harm),
        ON(open_memory, large_answers_are_whole),
        ON(open_idle, a_full_queue_is_said_at_once),
        cmocka_unit_test(what_waited_too_long_is_not_decided),
        ON(open_memory, who_may_not_is_turned_away),
        ON(open_memory, keys_are_1_to_64_printable_characters),
        ON(open_memory, addresses_and_methods),
        ON(open_sandbox, sandbox_commands_need_the_test_clock),
        ON(open_memory, edits_compute_before_and_add_after),
        ON(open_memory, bad_bodies_name_the_field),
        ON(open_memory, all_faults_are_named_at_once),
        ON(open_sqlite, lists_come_in_pages),
        ON(open_sqlite, bad_pages_are_refused),
        ON(open_memory, the_door_tells_how_it_is),
        ON(open_memory, pages_are_served_from_memory),
        ON(open_memory, memory_has_no_lists),
        ON(open_sqlite, many_clients_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
