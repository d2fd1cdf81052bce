/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/os_clock.h"
#include "load/driver.h"
#include "load_server.h"

#define SLOTS_MAX 64

/* What the callbacks did; slots of several threads meet here, hence the atomics. */
struct play {
    unsigned limit; /* makers finish after so many */
    atomic_uint made, done;
    atomic_uint outcomes[OUTCOME_COUNT];
    atomic_uint wrong;
    bool busy[SLOTS_MAX];
    unsigned number[SLOTS_MAX];
    size_t filler;    /* bytes added to each body */
    enum fault fault; /* of every `fault_every`th request */
    unsigned fault_every;
    unsigned later_at; /* MAKE_later once, before this request */
    atomic_uint later, ticks;
    int64_t timeout_us;
};

static char filler[40000];

static enum make play_make(void *context, uint32_t slot, struct request_out *out)
{
    struct play *play = context;
    char text[32];
    unsigned number = atomic_fetch_add(&play->made, 1);
    if (number == play->later_at && play->later_at > 0 && atomic_fetch_add(&play->later, 1) == 0) {
        atomic_fetch_sub(&play->made, 1);
        out->again_at_us = os_monotonic_us() + 30000;
        return MAKE_later;
    }
    if (number >= play->limit) {
        return MAKE_finished;
    }
    assert_true(slot < SLOTS_MAX && !play->busy[slot]);
    play->busy[slot] = true;
    play->number[slot] = number;
    if (play->fault_every > 0 && number % play->fault_every == 0) {
        out->fault = play->fault;
        out->pieces = 7;
        out->piece_gap_us = 2000;
    }
    if (play->timeout_us > 0) {
        out->timeout_us = play->timeout_us;
    }
    size_t room;
    http_request_line(&out->http, SPAN("POST"), SPAN("/pay"));
    char *body = http_request_body(&out->http, &room);
    int size = snprintf(text, sizeof text, "%u ", number);
    if ((size_t)size + play->filler > room) {
        out->http.failed = true;
        return MAKE_send;
    }
    memcpy(body, text, (size_t)size);
    memcpy(body + size, filler, play->filler);
    http_request_body_end(&out->http, (size_t)size + play->filler);
    return MAKE_send;
}

static void play_done(void *context, uint32_t slot, const struct answer_in *answer)
{
    struct play *play = context;
    char text[32];
    assert_true(play->busy[slot]);
    play->busy[slot] = false;
    atomic_fetch_add(&play->done, 1);
    atomic_fetch_add(&play->outcomes[answer->outcome], 1);
    assert_true(answer->latency_us >= 0);
    if (answer->outcome != OUTCOME_answered) {
        assert_int_equal(answer->status, 0);
        return;
    }
    size_t size = (size_t)snprintf(text, sizeof text, "%u ", play->number[slot]);
    if (answer->status != 200 || answer->body.size != size + play->filler ||
        memcmp(answer->body.bytes, text, size) != 0) {
        atomic_fetch_add(&play->wrong, 1);
    }
}

static void play_tick(void *context, uint64_t made, uint64_t finished)
{
    struct play *play = context;
    assert_true(finished <= made);
    atomic_fetch_add(&play->ticks, 1);
}

static struct driver_report report;

static struct driver_options options_of(const struct server *server, struct play *play, uint32_t connections)
{
    return (struct driver_options){ .address = server->address,
                                    .connections = connections,
                                    .threads = 1,
                                    .context = play,
                                    .make = play_make,
                                    .done = play_done };
}

static void run(const struct driver_options *options)
{
    struct driver *driver = driver_open(options);
    const struct play *play = options->context;
    assert_non_null(driver);
    driver_run(driver, &report);
    driver_close(driver);
    assert_int_equal(report.counts.made, play->done);
    assert_int_equal(report.counts.answered, play->outcomes[OUTCOME_answered]);
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        assert_int_equal(report.counts.outcomes[i], play->outcomes[i]);
    }
    assert_int_equal(play->wrong, 0);
}

static void closed_loop_answers_each_request_once(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = 5000, .later_at = 2500 };
    struct driver_options options = options_of(server, &play, 16);
    (void)state;
    options.tick = play_tick;
    run(&options);
    assert_int_equal(play.done, 5000);
    assert_int_equal(server->requests, 5000);
    assert_int_equal(report.counts.status_hundreds[2], 5000);
    assert_int_equal(report.counts.connects, 16);
    assert_int_equal(report.latency.count, 5000);
    assert_int_equal(report.measured, 5000);
    assert_true(report.measured_us > 30000 && report.cpu_ns > 0);
    assert_true(play.later >= 1 && play.ticks >= 1);
    server_stop(server);
}

static void threads_share_the_connections(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = 3000 };
    struct driver_options options = options_of(server, &play, 7);
    (void)state;
    options.threads = 3;
    run(&options);
    assert_int_equal(play.done, 3000);
    assert_int_equal(server->requests, 3000);
    assert_int_equal(server->accepted, 7);
    server_stop(server);
}

static void long_and_chunked_answers_arrive_whole(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = 300, .filler = sizeof filler };
    struct driver_options options = options_of(server, &play, 8);
    (void)state;
    memset(filler, 'f', sizeof filler);
    options.request_size_max = 65000;
    run(&options);
    assert_int_equal(play.outcomes[OUTCOME_answered], 300);
    server->chunked = true;
    play = (struct play){ .limit = 300, .filler = 1000 };
    run(&options);
    assert_int_equal(play.outcomes[OUTCOME_answered], 300);
    server_stop(server);
}

static void what_is_too_large_is_told(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = 20, .filler = 5000 };
    struct driver_options options = options_of(server, &play, 2);
    (void)state;
    options.request_size_max = 1000;
    run(&options);
    assert_int_equal(play.outcomes[OUTCOME_unsent], 20);
    assert_int_equal(server->requests, 0);
    options.request_size_max = 0;
    options.answer_size_max = 1000;
    play = (struct play){ .limit = 20, .filler = 5000 };
    run(&options);
    assert_int_equal(play.outcomes[OUTCOME_malformed], 20);
    server_stop(server);
}

static void closing_servers_are_connected_to_again(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = 2000 };
    struct driver_options options = options_of(server, &play, 8);
    (void)state;
    server->close_after_every = 10;
    server->drop_every = 25;
    server->garbage_every = 33;
    run(&options);
    assert_int_equal(play.done, 2000);
    assert_int_equal(server->requests, 2000);
    assert_int_equal(play.outcomes[OUTCOME_broken], 2000 / 25);
    assert_int_equal(play.outcomes[OUTCOME_malformed], 2000 / 33 - 2000 / (33 * 25));
    assert_true(report.counts.connects > 200);
    assert_int_equal(report.counts.connect_failures, 0);
    server_stop(server);
}

/* The server does nothing for 300 ms in the middle of a second in which 2000 requests arrive. */
static void open_loop_latency_accounts_for_a_stall(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = UINT32_MAX };
    struct driver_options options = options_of(server, &play, 4);
    (void)state;
    server->stall_at = 1000;
    server->stall_ms = 300;
    options.rate = 2000;
    options.duration_us = 1000000;
    run(&options);
    assert_int_equal(report.counts.made + report.counts.unsent, 2000);
    /* 600 arrivals fell into the stall, all but 4 waited in the client. Their latencies fall evenly from 300
     * ms to 0: about 400 of 2000 exceed 100 ms. Counted from the sending, only the 4 in flight were slow. */
    assert_true(report.counts.waited > 500 && report.counts.waiting_max > 500);
    assert_true(histogram_quantile(&report.latency, 850000) > 100000);
    assert_true(report.latency.max >= 290000);
    assert_true(histogram_quantile(&report.service, 850000) < 100000);
    assert_int_equal(report.latency.count, report.counts.made);
    server_stop(server);
}

static void poisson_arrivals_keep_the_rate(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = UINT32_MAX };
    struct driver_options options = options_of(server, &play, 32);
    (void)state;
    options.rate = 4000;
    options.poisson = true;
    options.seed = 5;
    options.threads = 2;
    options.gather_us = 500;
    options.duration_us = 1000000;
    options.warmup_us = 500000;
    run(&options);
    assert_in_range(report.counts.made + report.counts.unsent, 3700, 4300);
    assert_in_range(report.latency.count + report.counts.unsent, 1800,
                    2200); /* the warm-up is not measured */
    assert_in_range(report.measured_us, 450000, 5000000);
    server_stop(server);
}

static void what_still_waits_when_time_is_up_is_counted(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = UINT32_MAX };
    struct driver_options options = options_of(server, &play, 1);
    (void)state;
    server->stall_at = 10;
    server->stall_ms = 400;
    options.rate = 1000;
    options.duration_us = 200000;
    run(&options);
    assert_int_equal(report.counts.made, 10);
    assert_int_equal(report.counts.unsent, 190);
    server_stop(server);
}

static void faults_are_carried_out_and_counted(void **state)
{
    struct server *server = server_start();
    (void)state;
    struct play play = { .limit = 400, .fault = FAULT_half, .fault_every = 4, .filler = 50 };
    struct driver_options options = options_of(server, &play, 8);
    run(&options);
    assert_int_equal(play.outcomes[OUTCOME_gave_up], 100);
    assert_int_equal(play.outcomes[OUTCOME_answered], 300);
    play = (struct play){ .limit = 400, .fault = FAULT_unread, .fault_every = 4, .filler = 50 };
    run(&options);
    assert_int_equal(play.outcomes[OUTCOME_gave_up], 100);
    assert_int_equal(play.outcomes[OUTCOME_answered], 300);
    play = (struct play){ .limit = 100, .fault = FAULT_pieces, .fault_every = 4, .filler = 50 };
    run(&options);
    assert_int_equal(play.outcomes[OUTCOME_answered], 100);
    assert_true(report.latency.max >= 12000); /* seven pieces, six gaps of 2 ms */
    for (int i = 0; i < 100 && server->requests < 300 + 400 + 100; i++) {
        os_sleep_us(10000); /* the last abandoned bytes may still be on their way */
    }
    server_stop(server);
}

/* As above, but for what the server saw: half requests were never whole, unread ones were. */
static void the_server_sees_the_faults(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = 50, .fault = FAULT_half, .fault_every = 1, .filler = 50 };
    struct driver_options options = options_of(server, &play, 4);
    (void)state;
    run(&options);
    for (int i = 0; i < 200 && server->halves < 50; i++) {
        os_sleep_us(10000);
    }
    assert_int_equal(server->halves, 50);
    assert_int_equal(server->requests, 0);
    play = (struct play){ .limit = 50, .fault = FAULT_unread, .fault_every = 1, .filler = 50 };
    run(&options);
    for (int i = 0; i < 200 && server->requests < 50; i++) {
        os_sleep_us(10000);
    }
    assert_int_equal(server->requests, 50);
    assert_int_equal(server->halves, 50);
    server_stop(server);
}

static void silent_servers_time_out(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = 40, .timeout_us = 150000 };
    struct driver_options options = options_of(server, &play, 4);
    (void)state;
    server->silent_every = 4;
    run(&options);
    assert_int_equal(play.outcomes[OUTCOME_timed_out], 10);
    assert_int_equal(play.outcomes[OUTCOME_answered], 30);
    assert_int_equal(report.latency.count, 40); /* a time-out is a latency too */
    assert_true(report.latency.max >= 150000);
    server_stop(server);
}

static void without_a_server_the_driver_gives_up(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = 10 };
    struct driver_options options = options_of(server, &play, 4);
    (void)state;
    server_stop(server);
    options.patience_us = 100000;
    run(&options);
    assert_true(report.gave_up);
    assert_int_equal(report.counts.made, 0);
    assert_true(report.counts.connect_failures >= 4);
}

static struct driver *stopping;

static void stopping_done(void *context, uint32_t slot, const struct answer_in *answer)
{
    play_done(context, slot, answer);
    if (atomic_load(&((struct play *)context)->done) == 100) {
        driver_stop(stopping);
    }
}

static void stopping_waits_for_the_answers(void **state)
{
    struct server *server = server_start();
    struct play play = { .limit = UINT32_MAX };
    struct driver_options options = options_of(server, &play, 8);
    (void)state;
    options.done = stopping_done;
    stopping = driver_open(&options);
    assert_non_null(stopping);
    driver_run(stopping, &report);
    driver_close(stopping);
    assert_in_range(play.done, 100, 120);
    assert_int_equal(report.counts.made, play.done);
    server_stop(server);
}

static void options_out_of_range_are_refused(void **state)
{
    struct play play = { .limit = 1 };
    struct driver_options good = {
        .connections = 2, .threads = 2, .context = &play, .make = play_make, .done = play_done
    };
    struct driver_options bad[6];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        bad[i] = good;
    }
    bad[0].connections = 0;
    bad[1].threads = 3;
    bad[2].connections = DRIVER_CONNECTIONS_MAX + 1;
    bad[3].rate = DRIVER_RATE_MAX + 1;
    bad[4].make = NULL;
    bad[5].answer_size_max = DRIVER_ANSWER_SIZE_MAX + 1;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_null(driver_open(&bad[i]));
    }
    struct driver *driver = driver_open(&good);
    assert_non_null(driver);
    driver_close(driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_loop_answers_each_request_once),
        cmocka_unit_test(threads_share_the_connections),
        cmocka_unit_test(long_and_chunked_answers_arrive_whole),
        cmocka_unit_test(what_is_too_large_is_told),
        cmocka_unit_test(closing_servers_are_connected_to_again),
        cmocka_unit_test(open_loop_latency_accounts_for_a_stall),
        cmocka_unit_test(poisson_arrivals_keep_the_rate),
        cmocka_unit_test(what_still_waits_when_time_is_up_is_counted),
        cmocka_unit_test(faults_are_carried_out_and_counted),
        cmocka_unit_test(the_server_sees_the_faults),
        cmocka_unit_test(silent_servers_time_out),
        cmocka_unit_test(without_a_server_the_driver_gives_up),
        cmocka_unit_test(stopping_waits_for_the_answers),
        cmocka_unit_test(options_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
