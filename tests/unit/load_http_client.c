/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/os_clock.h"
#include "load/http_fire.h"
#include "load_server.h"

static void addresses_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        int family; /* 0: refused */
        const char *host;
        unsigned port;
    } cases[] = {
        { "127.0.0.1:8080", AF_INET, "127.0.0.1:8080", 8080 },
        { "localhost:1", AF_INET, "localhost:1", 1 },
        { "http://10.0.0.9:65535", AF_INET, "10.0.0.9:65535", 65535 },
        { "[::1]:80", AF_INET6, "[::1]:80", 80 },
        { "http://[fe80::1]:443", AF_INET6, "[fe80::1]:443", 443 },
        { "", 0, "", 0 },
        { "http://", 0, "", 0 },
        { "127.0.0.1", 0, "", 0 },
        { "127.0.0.1:", 0, "", 0 },
        { "127.0.0.1:0", 0, "", 0 },
        { "127.0.0.1:65536", 0, "", 0 },
        { "127.0.0.1:-1", 0, "", 0 },
        { "127.0.0.1:80x", 0, "", 0 },
        { "127.0.0.256:80", 0, "", 0 },
        { "example.org:80", 0, "", 0 },
        { "::1:80", 0, "", 0 },
        { "[::1]", 0, "", 0 },
        { "[::1]80", 0, "", 0 },
        { "[::1", 0, "", 0 },
        { "[", 0, "", 0 },
        { "[127.0.0.1]:80", 0, "", 0 },
        { ":80", 0, "", 0 },
        { "127.0.0.1:80/", 0, "", 0 },
        { "00000000000000000000000000000000000000000000000000000000000000000000000127.0.0.1:80", 0, "", 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_address address;
        memset(&address, 0, sizeof address);
        assert_int_equal(http_address_read(span_of(cases[i].text), &address), cases[i].family != 0);
        assert_int_equal(address.socket.any.sa_family, cases[i].family);
        assert_string_equal(address.host, cases[i].host);
        assert_int_equal(ntohs(address.socket.v4.sin_port), cases[i].port);
    }
}

static void requests_are_written_whole_or_not_at_all(void **state)
{
    const char expected[] = "POST /v1/x HTTP/1.1\r\nHost: h\r\nIdempotency-Key: k\r\n"
                            "Content-Length:        12\r\n\r\n{\"a\":\"bcde\"}";
    char bytes[sizeof expected - 1];
    struct http_request request;
    size_t room;
    (void)state;
    for (size_t capacity = 0; capacity <= sizeof bytes; capacity++) {
        char *exact = malloc(capacity + 1);
        assert_non_null(exact);
        http_request_init(&request, exact, capacity);
        http_request_line(&request, SPAN("POST"), SPAN("/v1/x"));
        http_request_raw(&request, SPAN("Host: h\r\n"));
        http_request_header(&request, SPAN("Idempotency-Key"), SPAN("k"));
        http_request_post(&request, (struct span){ NULL, 0 }, SPAN("{\"a\":\"bcde\"}"));
        assert_int_equal(request.failed, capacity < sizeof bytes);
        memcpy(bytes, exact, capacity);
        free(exact);
    }
    assert_int_equal(request.size, sizeof bytes);
    assert_memory_equal(bytes, expected, sizeof bytes);

    http_request_init(&request, bytes, sizeof bytes);
    http_request_line(&request, SPAN("HEAD"), SPAN("/"));
    http_request_end(&request);
    assert_true(request.to_head);
    assert_memory_equal(bytes, "HEAD / HTTP/1.1\r\n\r\n", request.size);

    http_request_init(&request, bytes, 4);
    char *body = http_request_body(&request, &room);
    assert_non_null(body);
    assert_int_equal(room, 0);
    http_request_body_end(&request, 0);
    assert_true(request.failed);
}

static struct http_call call_of(struct span method, struct span path, struct span body, char *answer,
                                size_t size)
{
    return (struct http_call){ .method = method,
                               .path = path,
                               .body = body,
                               .timeout_us = 5000000,
                               .answer = answer,
                               .answer_capacity = size };
}

static void a_call_brings_its_answer(void **state)
{
    struct server *server = server_start();
    char answer[512];
    struct http_call call = call_of(SPAN("GET"), SPAN("/healthz"), SPAN(""), answer, sizeof answer);
    (void)state;
    assert_int_equal(http_call(&server->address, &call), STATUS_ok);
    assert_int_equal(call.status, 200);
    assert_true(span_equal(call.answer_body, SPAN("/healthz")));
    server->chunked = true;
    call = call_of(SPAN("POST"), SPAN("/"), SPAN("chunked body"), answer, sizeof answer);
    assert_int_equal(http_call(&server->address, &call), STATUS_ok);
    assert_true(span_equal(call.answer_body, SPAN("chunked body")));
    call.answer_capacity = 60;
    assert_int_equal(http_call(&server->address, &call), STATUS_too_large);
    server_stop(server);
}

static void a_call_tells_why_it_failed(void **state)
{
    struct server *server = server_start();
    struct http_address address = server->address;
    char answer[512];
    struct http_call call = call_of(SPAN("GET"), SPAN("/"), SPAN(""), answer, sizeof answer);
    (void)state;
    server->silent_every = 1;
    call.timeout_us = 50000;
    assert_int_equal(http_call(&address, &call), STATUS_busy);
    server->silent_every = 0;
    call.timeout_us = 5000000;
    server->drop_every = 1;
    assert_int_equal(http_call(&address, &call), STATUS_fault);
    server->drop_every = 0;
    server->garbage_every = 1;
    assert_int_equal(http_call(&address, &call), STATUS_bad_input);
    server_stop(server);
    assert_int_equal(http_call(&address, &call), STATUS_fault);
}

#define FIRE_COUNT 5000

struct fired {
    unsigned answered[FIRE_COUNT];
    unsigned unanswered;
    unsigned wrong;
};

static void fire_make(void *context, uint64_t index, struct http_request *request)
{
    char body[64];
    int size = snprintf(body, sizeof body, "item %llu", (unsigned long long)index);
    (void)context;
    http_request_line(request, SPAN("POST"), SPAN("/"));
    http_request_post(request, SPAN("Host: h\r\n"), (struct span){ body, (size_t)size });
}

static void fire_done(void *context, uint64_t index, int status, struct span head, struct span body)
{
    struct fired *fired = context;
    char expected[64];
    (void)head;
    (void)snprintf(expected, sizeof expected, "item %llu", (unsigned long long)index);
    if (status == 0) {
        fired->unanswered++;
    } else {
        fired->answered[index]++;
        fired->wrong += status != 200 || !span_equal(body, span_of(expected));
    }
}

static struct fire_options fire_of(const struct server *server, struct fired *fired, bool repeatable)
{
    memset(fired, 0, sizeof *fired);
    return (struct fire_options){ .address = server->address,
                                  .count = FIRE_COUNT,
                                  .repeatable = repeatable,
                                  .context = fired,
                                  .make = fire_make,
                                  .done = fire_done };
}

static void assert_each_once(const struct fired *fired)
{
    for (size_t i = 0; i < FIRE_COUNT; i++) {
        assert_int_equal(fired->answered[i], 1);
    }
    assert_int_equal(fired->unanswered, 0);
    assert_int_equal(fired->wrong, 0);
}

static void every_request_fired_is_answered_once(void **state)
{
    static struct fired fired;
    struct server *server = server_start();
    struct fire_options options = fire_of(server, &fired, false);
    (void)state;
    assert_int_equal(http_fire(&options), STATUS_ok);
    assert_each_once(&fired);
    assert_int_equal(server->requests, FIRE_COUNT);
    server->chunked = true;
    options = fire_of(server, &fired, false);
    options.connections = 1;
    options.depth = FIRE_DEPTH_MAX;
    options.answer_size_max = 1000; /* many answers in many reads */
    assert_int_equal(http_fire(&options), STATUS_ok);
    assert_each_once(&fired);
    server_stop(server);
}

static void fired_requests_survive_closing_connections(void **state)
{
    static struct fired fired;
    struct server *server = server_start();
    struct fire_options options = fire_of(server, &fired, true);
    (void)state;
    server->close_after_every = 97;
    server->drop_every = 101;
    assert_int_equal(http_fire(&options), STATUS_ok);
    assert_each_once(&fired);
    assert_true(server->accepted > FIRE_COUNT / 101);
    server_stop(server);
}

static void lost_requests_are_told_when_they_may_not_be_repeated(void **state)
{
    static struct fired fired;
    struct server *server = server_start();
    struct fire_options options = fire_of(server, &fired, false);
    unsigned answered = 0;
    (void)state;
    server->drop_every = 500;
    assert_int_equal(http_fire(&options), STATUS_fault);
    for (size_t i = 0; i < FIRE_COUNT; i++) {
        assert_true(fired.answered[i] <= 1);
        answered += fired.answered[i];
    }
    assert_true(fired.unanswered > 0);
    assert_int_equal(answered + fired.unanswered, FIRE_COUNT);
    assert_int_equal(fired.wrong, 0);
    server_stop(server);
}

static void firing_at_a_dead_or_silent_server_ends(void **state)
{
    static struct fired fired;
    struct server *server = server_start();
    struct fire_options options = fire_of(server, &fired, true);
    (void)state;
    server->silent_every = 1;
    options.timeout_us = 100000;
    int64_t before_us = os_monotonic_us();
    assert_int_equal(http_fire(&options), STATUS_busy);
    assert_true(os_monotonic_us() - before_us < 3000000);
    assert_int_equal(fired.unanswered, FIRE_COUNT);
    server_stop(server);
    memset(&fired, 0, sizeof fired);
    options.timeout_us = 0;
    assert_int_equal(http_fire(&options), STATUS_fault);
    assert_int_equal(fired.unanswered, FIRE_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_strictly),
        cmocka_unit_test(requests_are_written_whole_or_not_at_all),
        cmocka_unit_test(a_call_brings_its_answer),
        cmocka_unit_test(a_call_tells_why_it_failed),
        cmocka_unit_test(every_request_fired_is_answered_once),
        cmocka_unit_test(fired_requests_survive_closing_connections),
        cmocka_unit_test(lost_requests_are_told_when_they_may_not_be_repeated),
        cmocka_unit_test(firing_at_a_dead_or_silent_server_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
