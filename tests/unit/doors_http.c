/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server, spoken to over raw sockets on 127.0.0.1. */
#include "doors_http_stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void keeps_connections_and_answers_pipelined_requests_in_order(void **state)
{
    struct stage *stage = *state;
    struct client client;
    open_stage(stage);
    client_open(&client, stage);
    say(&client, "GET /a%20b?x=1%262&y&z= HTTP/1.1\r\nHost: t\r\nX-Test: hm\r\n\r\n");
    expect(&client, 200, "GET /a b x=1&2 y= z= 127.0.0.1 [hm] ");
    assert_non_null(strstr(client.head, "X-Content-Type-Options: nosniff\r\n"));
    for (int i = 0; i < 3; i++) {
        say(&client, "POST /1 HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab"
                     "GET /race HTTP/1.1\r\nHost: t\r\n\r\n"
                     "GET /race HTTP/1.1\r\nHost: t\r\n\r\n"
                     "GET /2 HTTP/1.1\r\nHost: t\r\n\r\n");
        expect(&client, 200, "POST /1 127.0.0.1 [] ab");
        expect(&client, 202, "raced");
        expect(&client, 202, "raced");
        expect(&client, 200, "GET /2 127.0.0.1 [] ");
    }
    say(&client, "GET /target/%41?x=%E4%b8+1&y&&=z%00 HTTP/1.1\r\nHost: t\r\n\r\n"
                 "GET /target/A HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(&client, 200, "/target/%41?x=%E4%b8+1&y&&=z%00");
    expect(&client, 200, "/target/A");
    say(&client, "GET /bye HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    expect(&client, 200, "GET /bye 127.0.0.1 [] ");
    expect_closed(&client);
    AWAIT(stage, now.connections_open == 0);
    struct http_counts counts = http_counts(stage->server);
    assert_int_equal(counts.requests, 16);
    assert_int_equal(counts.answers[2], 16);
    assert_int_equal(counts.connections, 1);
    assert_int_equal(counts.waiting, 0);
    assert_true(http_close(stage->server));
}

/* Raising the ceiling is for one request: /large finds it low again each time, on the same exchange. */
/* Who comes after a long silence is not taken for one who was silent so long. */
static void welcomes_who_comes_after_a_long_silence(void **state)
{
    struct stage *stage = *state;
    struct client client;
    struct http_settings settings = settings_of(stage);
    settings.idle_timeout_ms = 2000; /* so long that no busy machine keeps this client from speaking in time */
    settings.request_timeout_ms = 2000;
    open_with(stage, &settings);
    os_sleep_us(3500000);
    client_open(&client, stage);
    os_sleep_us(200000);
    say(&client, "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(&client, 200, "GET /hello 127.0.0.1 [] ");
    (void)close(client.fd);
    assert_true(http_close(stage->server));
}

static void gives_large_answers_when_the_handler_says_so(void **state)
{
    struct stage *stage = *state;
    static struct client client;
    struct http_settings settings = settings_of(stage);
    settings.arena_max = 16 * 1024;
    open_with(stage, &settings);
    client_open(&client, stage);
    for (int i = 0; i < 3; i++) {
        say(&client, "GET /large HTTP/1.1\r\nHost: t\r\n\r\n");
        assert_true(hear(&client));
        assert_int_equal(client.status, 200);
        assert_int_equal(strspn(client.body, "L"), LARGE_SIZE);
        say(&client, "GET /small HTTP/1.1\r\nHost: t\r\n\r\n");
        expect(&client, 200, "GET /small 127.0.0.1 [] ");
    }
    (void)close(client.fd);
    assert_true(http_close(stage->server));
}

static void takes_bodies_in_pieces_and_chunks(void **state)
{
    struct stage *stage = *state;
    struct client client;
    static const char pieces[] =
        "POST /p HTTP/1.1\r\nHost: t\r\nX-Test: 1\r\nContent-Length: 11\r\n\r\nhello world";
    open_stage(stage);
    client_open(&client, stage);
    for (size_t i = 0; i < sizeof(pieces) - 1; i++) {
        char piece[2] = { pieces[i], '\0' };
        say(&client, piece);
        if (i % 8 == 0) {
            os_sleep_us(500);
        }
    }
    expect(&client, 200, "POST /p 127.0.0.1 [1] hello world");
    say(&client, "PUT /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    os_sleep_us(20000);
    say(&client, "5;ext=1\r\ndef");
    os_sleep_us(20000);
    say(&client, "gh\r\n0\r\n\r\nPATCH /n HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(&client, 200, "PUT /c 127.0.0.1 [] abcdefgh");
    expect(&client, 200, "PATCH /n 127.0.0.1 [] ");
    say(&client, "POST /e HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_true(hear_head(&client));
    assert_int_equal(client.status, 100);
    say(&client, "xyz");
    expect(&client, 200, "POST /e 127.0.0.1 [] xyz");
    close(client.fd);
    assert_true(http_close(stage->server));
}

static void takes_a_body_up_to_the_limit_only(void **state)
{
    struct stage *stage = *state;
    struct client client;
    char request[12000];
    open_stage(stage);
    client_open(&client, stage);
    int head =
        snprintf(request, sizeof(request), "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10000\r\n\r\n");
    memset(request + head, 'x', 10000);
    request[head + 10000] = '\0';
    say(&client, request);
    assert_true(hear(&client));
    assert_int_equal(client.status, 200);
    assert_int_equal(strlen(client.body), strlen("POST / 127.0.0.1 [] ") + 10000);

    /* Answered before any of it is sent. */
    say(&client, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10001\r\n\r\n");
    expect_problem(&client, 413);
    expect_closed(&client);
    client_open(&client, stage);
    say(&client, "POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n");
    expect_problem(&client, 413);
    expect_closed(&client);

    client_open(&client, stage);
    say(&client, "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n");
    memset(request, 'x', 10001);
    request[10001] = '\0';
    say(&client, request);
    say(&client, "\r\n0\r\n\r\n");
    expect_problem(&client, 413);
    close(client.fd);

    /* Who goes on sending for ever is cut off. */
    client_open(&client, stage);
    say(&client, "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n");
    memset(request, 'x', sizeof(request));
    size_t sent = 0;
    while (send(client.fd, request, sizeof(request), MSG_NOSIGNAL) > 0) {
        sent += sizeof(request);
        assert_true(sent < 100 * 1000 * 1000);
    }
    close(client.fd);
    AWAIT(stage, now.connections_open == 0);
    assert_int_equal(http_counts(stage->server).refused, 3);
    assert_true(http_close(stage->server));
}

static void refuses_what_it_does_not_speak(void **state)
{
    struct stage *stage = *state;
    struct client client;
    open_stage(stage);
    client_open(&client, stage);
    say(&client, "BREW /pot HTTP/1.1\r\nHost: t\r\n\r\n");
    expect_problem(&client, 501);
    close(client.fd);

    client_open(&client, stage);
    say(&client, "HEAD /h HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_true(hear_head(&client));
    assert_int_equal(client.status, 200);
    assert_non_null(strstr(client.head, "Content-Length: 21\r\n"));
    assert_int_equal(client.size, 0);
    say(&client, "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(&client, 200, "OPTIONS * 127.0.0.1 [] ");
    close(client.fd);

    char large[8000];
    memset(large, 'h', sizeof(large));
    memcpy(large, "GET / HTTP/1.1\r\nX-Large: ", 25);
    memcpy(large + sizeof(large) - 5, "\r\n\r\n", 5);
    client_open(&client, stage);
    say(&client, large);
    /* What was not read of it may make the kernel reset the connection before the answer is heard. */
    assert_true(!hear(&client) || client.status == 431);
    close(client.fd);

    client_open(&client, stage);
    say(&client, "no HTTP at all\r\n\r\n");
    assert_true(!hear(&client) || client.status == 400 || client.status == 505);
    close(client.fd);
    AWAIT(stage, now.connections_open == 0);
    assert_true(http_close(stage->server));
}

static void survives_clients_that_leave(void **state)
{
    struct stage *stage = *state;
    struct client client;
    open_stage(stage);
    for (int i = 0; i < 20; i++) {
        client_open(&client, stage);
        say(&client, i % 2 == 0 ? "POST /half HTTP/1.1\r\nHo"
                                : "POST /half HTTP/1.1\r\nHost: t\r\nContent-Length: 500\r\n\r\nabc");
        if (i % 3 == 0) {
            struct linger reset = { .l_onoff = 1 };
            setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        }
        close(client.fd);
    }
    AWAIT(stage, now.connections == 20 && now.connections_open == 0);

    /* Leave while the answer is owed: half of the answers are made on other threads, half on the server's. */
    for (unsigned i = 0; i < 20; i++) {
        client_open(&client, stage);
        say(&client, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
        await_waiting(stage, i + 1);
        struct linger reset = { .l_onoff = 1 };
        setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(client.fd);
    }
    os_sleep_us(50000);
    for (unsigned i = 0; i < 20; i++) {
        if (i % 2 == 0) {
            http_answer(stage->waiting[i], 200, "text/plain", SPAN("late"), NULL, 0);
        } else {
            http_wake(stage->waiting[i]);
        }
    }
    AWAIT(stage, now.connections_open == 0 && now.waiting == 0);
    client_open(&client, stage);
    say(&client, "GET /ok HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(&client, 200, "GET /ok 127.0.0.1 [] ");
    close(client.fd);
    assert_true(http_close(stage->server));
}

static void answers_clients_that_send_no_more(void **state)
{
    struct stage *stage = *state;
    struct client client;
    open_stage(stage);
    client_open(&client, stage);
    say(&client, "GET /now HTTP/1.1\r\nHost: t\r\n\r\n");
    shutdown(client.fd, SHUT_WR);
    expect(&client, 200, "GET /now 127.0.0.1 [] ");
    expect_closed(&client);
    client_open(&client, stage);
    say(&client, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    shutdown(client.fd, SHUT_WR);
    await_waiting(stage, 1);
    os_sleep_us(1500000); /* longer than an unfinished request of such a client is waited for */
    http_wake(stage->waiting[0]);
    expect(&client, 201, "finished");
    expect_closed(&client);
    AWAIT(stage, now.connections_open == 0);
    assert_true(http_close(stage->server));
}

static void answers_later_from_another_thread(void **state)
{
    struct stage *stage = *state;
    struct client client;
    open_stage(stage);
    client_open(&client, stage);
    static const int64_t delays_us[] = { 0, 100, 3000, 300000 };
    for (unsigned i = 0; i < COUNT_OF(delays_us); i++) {
        struct http_header extra[] = { { "X-Number", "one" }, { "X-Other", "two" } };
        say(&client, "POST /later HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx");
        await_waiting(stage, i + 1);
        os_sleep_us(delays_us[i]);
        http_answer(stage->waiting[i], 200, "text/plain", SPAN("later"), extra, 2);
        expect(&client, 200, "later");
        assert_non_null(strstr(client.head, "X-Number: one\r\n"));
        assert_non_null(strstr(client.head, "X-Other: two\r\n"));
    }
    /* The next request is there already while the first one waits. */
    say(&client, "GET /later HTTP/1.1\r\nHost: t\r\n\r\nGET /next HTTP/1.1\r\nHost: t\r\n\r\n");
    await_waiting(stage, 5);
    os_sleep_us(10000);
    http_wake(stage->waiting[4]);
    expect(&client, 201, "finished");
    expect(&client, 200, "GET /next 127.0.0.1 [] ");
    close(client.fd);
    assert_true(http_close(stage->server));
    assert_int_equal(stage->finished, 1);
}

static void answers_two_hundred_together(void **state)
{
    struct stage *stage = *state;
    static struct client clients[200];
    open_stage(stage);
    for (unsigned i = 0; i < 200; i++) {
        client_open(&clients[i], stage);
    }
    for (int round = 0; round < 6; round++) { /* in the later ones the handler says that it takes long */
        stage->waiting_count = 0;
        for (unsigned i = 0; i < 200; i++) {
            say(&clients[i], round < 3 ? "POST /later HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx"
                                       : "POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx");
        }
        await_waiting(stage, 200);
        AWAIT(stage, now.waiting == 200);
        for (unsigned i = 0; i < 200; i++) {
            if (round % 3 == 0) {
                http_wake_later(stage->waiting[i]);
            } else if (round % 3 == 1) {
                http_answer_later(stage->waiting[i], 201, "text/plain", SPAN("finished"), NULL, 0);
            } else {
                http_answer(stage->waiting[i], 201, "text/plain", SPAN("finished"), NULL, 0);
            }
        }
        http_wake_flush(stage->server);
        for (unsigned i = 0; i < 200; i++) {
            expect(&clients[i], 201, "finished");
        }
    }
    struct http_counts counts = http_counts(stage->server);
    assert_int_equal(counts.requests, 1200);
    assert_int_equal(counts.answers[2], 1200);
    assert_int_equal(counts.abandoned, 0);
    assert_in_range(counts.suspended, stage->held_max == 0 ? 1200 : 600, 1200);
    for (unsigned i = 0; i < 200; i++) {
        close(clients[i].fd);
    }
    AWAIT(stage, now.connections_open == 0);
    assert_true(http_close(stage->server));
}

static void streams_to_many_and_drops_the_slow(void **state)
{
    struct stage *stage = *state;
    static struct client quick, slow;
    struct http_settings settings = settings_of(stage);
    settings.stream_buffer_max = 64 * 1024;
    open_with(stage, &settings);
    client_open(&quick, stage);
    say(&quick, "GET /stream HTTP/1.1\r\nHost: t\r\n\r\n");
    await_streams(stage, 1);
    client_open(&slow, stage);
    say(&slow, "GET /stream HTTP/1.1\r\nHost: t\r\n\r\n");
    await_streams(stage, 2);

    assert_true(http_stream_send(stage->streams[0], SPAN("data: one\n\n")));
    assert_true(hear_head(&quick));
    assert_non_null(strstr(quick.head, "Content-Type: text/event-stream\r\n"));
    assert_non_null(strstr(quick.head, "Transfer-Encoding: chunked\r\n"));
    await_text(&quick, "data: one\n\n");

    static char lump[8192];
    memset(lump, 'l', sizeof(lump));
    unsigned sent = 0;
    while (http_stream_send(stage->streams[1], (struct span){ lump, sizeof(lump) })) {
        assert_true(++sent < 100000);
        if (sent % 64 == 0) {
            os_sleep_us(1000); /* the kernel's buffers fill first */
        }
    }
    assert_true(http_stream_gone(stage->streams[1]));
    AWAIT(stage, now.streams_dropped == 1 && now.streams_open == 1 && now.connections_open == 1);
    assert_false(http_stream_send(stage->streams[1], SPAN("x")));
    http_stream_close(stage->streams[1]);

    char text[32];
    for (int i = 0; i < 3000; i++) {
        int size = snprintf(text, sizeof(text), "data: %d\n\n", i);
        assert_true(http_stream_send(stage->streams[0], (struct span){ text, (size_t)size }));
        if (i % 500 == 499) {
            await_text(&quick, text);
        }
    }
    http_stream_close(stage->streams[0]);
    await_text(&quick, NULL);
    say(&quick, "GET /after HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(&quick, 200, "GET /after 127.0.0.1 [] ");
    close(quick.fd);
    close(slow.fd);
    assert_true(http_close(stage->server));
}

static void notices_that_a_stream_s_client_has_gone(void **state)
{
    struct stage *stage = *state;
    struct client client;
    open_stage(stage);
    client_open(&client, stage);
    say(&client, "GET /stream HTTP/1.1\r\nHost: t\r\n\r\n");
    await_streams(stage, 1);
    assert_true(hear_head(&client));
    close(client.fd);
    AWAIT(stage, http_stream_gone(stage->streams[0]));
    AWAIT(stage, now.connections_open == 0 && now.streams_dropped == 0);
    assert_false(http_stream_send(stage->streams[0], SPAN("x")));
    http_stream_close(stage->streams[0]);

    /* Open at the stop: ended by the server, closed by its holder afterwards. */
    client_open(&client, stage);
    say(&client, "GET /stream HTTP/1.1\r\nHost: t\r\n\r\n");
    await_streams(stage, 2);
    assert_true(hear_head(&client));
    assert_true(http_close(stage->server));
    assert_false(http_stream_send(stage->streams[1], SPAN("x")));
    http_stream_close(stage->streams[1]);
    await_text(&client, NULL);
    expect_closed(&client);
}

/* More than one look at who has left takes in. */
static void a_crowd_of_streams_leaves_at_once(void **state)
{
    static struct client crowd[200];
    struct stage *stage = *state;
    struct client client;
    open_stage(stage);
    for (unsigned i = 0; i < COUNT_OF(crowd); i++) {
        client_open(&crowd[i], stage);
        say(&crowd[i], "GET /stream HTTP/1.1\r\nHost: t\r\n\r\n");
        await_streams(stage, i + 1);
    }
    for (size_t i = 0; i < COUNT_OF(crowd); i++) {
        close(crowd[i].fd);
    }
    AWAIT(stage, now.connections_open == 0);
    for (size_t i = 0; i < COUNT_OF(crowd); i++) {
        http_stream_close(stage->streams[i]);
    }
    client_open(&client, stage);
    say(&client, "GET /after HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(&client, 200, "GET /after 127.0.0.1 [] ");
    close(client.fd);
    assert_true(http_close(stage->server));
}

static void *close_main(void *context)
{
    struct stage *stage = context;
    return http_stop(stage->server) ? stage : NULL;
}

static void stops_after_answering_what_it_accepted(void **state)
{
    struct stage *stage = *state;
    struct client first;
    struct client second;
    pthread_t closer;
    void *clean;
    open_stage(stage);
    uint16_t port = http_port(stage->server);
    client_open(&first, stage);
    client_open(&second, stage);
    say(&first, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    await_waiting(stage, 1);
    say(&second, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    await_waiting(stage, 2);
    AWAIT(stage, now.waiting == 2);
    pthread_create(&closer, NULL, close_main, stage);
    os_sleep_us(100000);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    http_answer(stage->waiting[0], 200, "text/plain", SPAN("first"), NULL, 0);
    expect(&first, 200, "first");
    assert_non_null(strstr(first.head, "Connection: close\r\n"));
    expect_closed(&first);
    http_wake(stage->waiting[1]);
    expect(&second, 201, "finished");
    expect_closed(&second);
    pthread_join(closer, &clean);
    assert_ptr_equal(clean, stage);
    assert_int_equal(http_counts(stage->server).answers[2], 2);
    assert_true(http_close(stage->server));
}

static void tells_at_once_when_a_stop_takes_too_long(void **state)
{
    struct stage *stage = *state;
    struct client client;
    struct http_settings settings = settings_of(stage);
    settings.stop_timeout_ms = 100;
    open_with(stage, &settings);
    client_open(&client, stage);
    say(&client, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    await_waiting(stage, 1);
    assert_false(http_stop(stage->server));
    expect_problem(&client, 503);
    expect_closed(&client);
    http_wake_later(stage->waiting[0]); /* much too late */
    http_wake_flush(stage->server);
    assert_true(http_close(stage->server));
    assert_int_equal(stage->finished, 1);
}

static void tells_when_no_answer_comes_in_time(void **state)
{
    struct stage *stage = *state;
    struct client client;
    struct http_settings settings = settings_of(stage);
    settings.request_timeout_ms = 200;
    open_with(stage, &settings);
    client_open(&client, stage);
    int64_t start = os_monotonic_us();
    say(&client, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    expect_problem(&client, 504);
    assert_true(os_monotonic_us() - start >= 200000);
    say(&client, "GET /ok HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(&client, 200, "GET /ok 127.0.0.1 [] ");
    assert_int_equal(http_counts(stage->server).abandoned, 1);
    http_wake(stage->waiting[0]); /* dropped, and its memory is free again: http_close says true */
    say(&client, "GET /ok HTTP/1.1\r\nHost: t\r\n\r\n");
    expect(&client, 200, "GET /ok 127.0.0.1 [] ");
    close(client.fd);
    assert_true(http_close(stage->server));
    assert_int_equal(stage->finished, 1);
}

static void cuts_off_who_dribbles(void **state)
{
    struct stage *stage = *state;
    struct client dribbler;
    struct client idler;
    struct http_settings settings = settings_of(stage);
    settings.idle_timeout_ms = 1000;
    settings.request_timeout_ms = 500;
    open_with(stage, &settings);
    client_open(&idler, stage);
    client_open(&dribbler, stage);
    int64_t start = os_monotonic_us();
    int64_t lasted = 0;
    say(&dribbler, "GET / HTTP/1.1\r\nX-Slow: ");
    while (send(dribbler.fd, "x", 1, MSG_NOSIGNAL) == 1) { /* never idle */
        os_sleep_us(50000);
        lasted = os_monotonic_us() - start;
        assert_true(lasted < PATIENCE_US);
    }
    assert_true(lasted > 1400000);
    close(dribbler.fd);
    expect_closed(&idler);
    AWAIT(stage, now.connections_open == 0);
    assert_true(http_close(stage->server));
}

static void bounds_connections(void **state)
{
    struct stage *stage = *state;
    struct client clients[4];
    struct http_settings settings = settings_of(stage);
    settings.connections_per_address_max = 3;
    open_with(stage, &settings);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) {
            client_open(&clients[i], stage);
            say(&clients[i], "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
            expect(&clients[i], 200, "GET / 127.0.0.1 [] ");
        }
        client_open(&clients[3], stage);
        expect_closed(&clients[3]);
        for (int i = 0; i < 3; i++) {
            close(clients[i].fd);
        }
        AWAIT(stage, now.connections_open == 0);
    }
    assert_true(http_close(stage->server));

    settings = settings_of(stage);
    settings.connections_max = 2;
    open_with(stage, &settings);
    for (int i = 0; i < 2; i++) {
        client_open(&clients[i], stage);
        say(&clients[i], "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
        expect(&clients[i], 200, "GET / 127.0.0.1 [] ");
    }
    client_open(&clients[2], stage); /* waits in the kernel until there is room */
    say(&clients[2], "GET /third HTTP/1.1\r\nHost: t\r\n\r\n");
    os_sleep_us(100000);
    assert_int_equal(http_counts(stage->server).connections, 2);
    close(clients[0].fd);
    expect(&clients[2], 200, "GET /third 127.0.0.1 [] ");
    close(clients[1].fd);
    close(clients[2].fd);
    assert_true(http_close(stage->server));
}

static void names_what_is_wrong_with_its_settings(void **state)
{
    struct stage *stage = *state;
    static const char *const addresses[] = {
        "",      "127.0.0.1",    ":80",         "127.0.0.1:65536", "::1:80",    "[::1]",
        "[]:80", "127.0.0.1:-1", "127.0.0.1:x", "nowhere:1",       "1.2.3:x:1", "127.0.0.1:80 "
    };
    char error[200];
    struct http_settings settings = settings_of(stage);
    for (size_t i = 0; i < COUNT_OF(addresses); i++) {
        settings.listen = addresses[i];
        error[0] = '\0';
        assert_null(http_open(&settings, handle, stage, error, sizeof(error)));
        assert_non_null(strstr(error, "is no address"));
    }
    open_stage(stage);
    char taken[32];
    snprintf(taken, sizeof(taken), "127.0.0.1:%u", (unsigned)http_port(stage->server));
    settings.listen = taken;
    assert_null(http_open(&settings, handle, stage, error, sizeof(error)));
    assert_non_null(strstr(error, "Address already in use"));
    assert_true(http_close(stage->server));

    settings = settings_of(stage);
    settings.tls_key_path = "/nonexistent/key.pem";
    assert_null(http_open(&settings, handle, stage, error, sizeof(error)));
    settings.tls_certificate_path = "/nonexistent/certificate.pem";
    assert_null(http_open(&settings, handle, stage, error, sizeof(error)));
    assert_non_null(strstr(error, "/nonexistent/"));
    settings = settings_of(stage);
    settings.thread_count = 0;
    assert_null(http_open(&settings, handle, stage, error, sizeof(error)));
}

/* A self-signed certificate for localhost and its key, in two files. */
static void certificate_write(char *certificate_path, char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    assert_non_null(key);
    assert_non_null(certificate);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fdopen(mkstemp(certificate_path), "w");
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    file = fdopen(mkstemp(key_path), "w");
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void tls_expect(SSL *tls, const char *request, const char *want)
{
    char bytes[4096] = "";
    int size = 0;
    assert_int_equal(SSL_write(tls, request, (int)strlen(request)), (int)strlen(request));
    while (strstr(bytes, want) == NULL) {
        int got = SSL_read(tls, bytes + size, (int)sizeof(bytes) - 1 - size);
        assert_true(got > 0);
        size += got;
        bytes[size] = '\0';
    }
}

static void speaks_tls(void **state)
{
    struct stage *stage = *state;
    char certificate_path[] = "/tmp/onetill-certificate-XXXXXX";
    char key_path[] = "/tmp/onetill-key-XXXXXX";
    struct http_settings settings = settings_of(stage);
    struct client client;
    certificate_write(certificate_path, key_path);
    settings.tls_certificate_path = certificate_path;
    settings.tls_key_path = key_path;
    open_with(stage, &settings);
    unlink(certificate_path);
    unlink(key_path);
    client_open(&client, stage);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *tls = SSL_new(context);
    assert_int_equal(SSL_set_fd(tls, client.fd), 1);
    assert_int_equal(SSL_connect(tls), 1);
    for (int i = 0; i < 3; i++) {
        tls_expect(tls, "POST /tls HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab",
                   "POST /tls 127.0.0.1 [] ab");
        tls_expect(tls, "GET /race HTTP/1.1\r\nHost: t\r\n\r\nGET /next HTTP/1.1\r\nHost: t\r\n\r\n",
                   "GET /next 127.0.0.1 [] ");
    }
    SSL_shutdown(tls);
    SSL_free(tls);
    SSL_CTX_free(context);
    close(client.fd);
    assert_true(http_close(stage->server));
}

#define BOTH(test)                                                                                           \
    { #test ", held", test, set_up_held, tear_down, NULL },                                                  \
    {                                                                                                        \
#test ", suspended", test, set_up_suspended, tear_down, NULL                                         \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(keeps_connections_and_answers_pipelined_requests_in_order),
        BOTH(takes_bodies_in_pieces_and_chunks),
        BOTH(gives_large_answers_when_the_handler_says_so),
        BOTH(welcomes_who_comes_after_a_long_silence),
        BOTH(takes_a_body_up_to_the_limit_only),
        BOTH(refuses_what_it_does_not_speak),
        BOTH(survives_clients_that_leave),
        BOTH(answers_clients_that_send_no_more),
        BOTH(answers_later_from_another_thread),
        BOTH(answers_two_hundred_together),
        BOTH(streams_to_many_and_drops_the_slow),
        BOTH(notices_that_a_stream_s_client_has_gone),
        BOTH(a_crowd_of_streams_leaves_at_once),
        BOTH(stops_after_answering_what_it_accepted),
        BOTH(tells_at_once_when_a_stop_takes_too_long),
        BOTH(tells_when_no_answer_comes_in_time),
        BOTH(cuts_off_who_dribbles),
        BOTH(bounds_connections),
        BOTH(names_what_is_wrong_with_its_settings),
        BOTH(speaks_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
