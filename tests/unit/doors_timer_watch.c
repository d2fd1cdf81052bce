/* SPDX-License-Identifier: Apache-2.0 */
/* A timer whose command is refused is counted by its command and said, a few a minute; nothing else is. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "doors/timer_watch.h"
#include "engine/engine_rows.h"

static const struct command hold_lapse_like = { .name = "hold_lapse", .request = &timer_due_shape };
static const struct command booking_due_like = { .name = "booking_due", .request = &timer_due_shape };
static const struct command asked_for = { .name = "trade_pay", .request = &nothing_shape };

static void tell(struct timer_watch *watch, const struct command *command, enum refusal refusal, int64_t at_us)
{
    struct timer_row timer = { .subject_id = 77 };
    struct call call = { .command = command, .request = &timer, .refusal = refusal, .status = STATUS_ok };
    struct commit commit = { .calls = &call, .call_count = 1, .at_us = at_us };
    timer_watch_commit(watch, &commit);
}

/* What is said on stderr meanwhile: lines, and the last of them. */
static int said_by(void (*what)(struct timer_watch *watch), struct timer_watch *watch, char last[256])
{
    char name[] = "/tmp/onetill-timers-XXXXXX";
    int file = mkstemp(name), before = dup(STDERR_FILENO), lines = 0;
    assert_true(file >= 0 && before >= 0);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    what(watch);
    fflush(stderr);
    assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
    close(before);
    FILE *said = fdopen(file, "r");
    rewind(said);
    while (fgets(last, 256, said) != NULL) {
        lines++;
    }
    fclose(said);
    unlink(name);
    return lines;
}

static void a_few(struct timer_watch *watch)
{
    tell(watch, &hold_lapse_like, REFUSAL_none, 1);
    tell(watch, &asked_for, REFUSAL_balance_short, 1);
    tell(watch, &booking_due_like, REFUSAL_hold_ended, 1);
}

static void a_flood(struct timer_watch *watch)
{
    for (int i = 0; i < 100; i++) {
        tell(watch, &hold_lapse_like, REFUSAL_hold_ended, 2);
    }
}

static void a_minute_later(struct timer_watch *watch)
{
    tell(watch, &hold_lapse_like, REFUSAL_hold_ended, 61000002);
}

static void refusals_of_timers_are_counted_and_said(void **state)
{
    static struct timer_watch watch;
    char last[256], bytes[1024];
    struct metrics_text text = { .bytes = bytes, .capacity = sizeof(bytes) };
    (void)state;
    timer_watch_init(&watch);
    watch.minute_us = 1;
    assert_int_equal(said_by(a_few, &watch, last), 1);
    assert_string_equal(last, "onetill: the timer booking_due of 77 was refused: hold_ended\n");
    assert_int_equal(said_by(a_flood, &watch, last), TIMER_WATCH_SAID_MAX - 1);
    assert_int_equal(said_by(a_minute_later, &watch, last), 1);
    assert_non_null(strstr(last, "(91 others were not said)"));
    assert_int_equal(timer_watch_count(&watch, &booking_due_like), 1);
    assert_int_equal(timer_watch_count(&watch, &hold_lapse_like), 101);
    assert_int_equal(timer_watch_count(&watch, &asked_for), 0);
    timer_watch_metrics(&watch, &text);
    assert_false(text.failed);
    bytes[text.size] = '\0';
    assert_non_null(strstr(bytes, "onetill_timers_refused_total{timer=\"booking_due\"} 1\n"));
    assert_non_null(strstr(bytes, "onetill_timers_refused_total{timer=\"hold_lapse\"} 101\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_of_timers_are_counted_and_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
