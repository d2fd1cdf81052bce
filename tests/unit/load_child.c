/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/os_clock.h"
#include "load/child.h"

static const char *const *shell(const char *script)
{
    static const char *arguments[] = { "sh", "-c", NULL, NULL };
    arguments[2] = script;
    return arguments;
}

static void ready_lines_are_read_one_by_one(void **state)
{
    struct child child;
    struct span line;
    (void)state;
    assert_int_equal(child_start(&child, shell("echo ready 8080; echo; echo more; exec cat"), NULL),
                     STATUS_ok);
    assert_int_equal(child_line(&child, 5000000, &line), STATUS_ok);
    assert_true(span_equal(line, SPAN("ready 8080")));
    assert_int_equal(child_line(&child, 5000000, &line), STATUS_ok);
    assert_int_equal(line.size, 0);
    assert_int_equal(child_line(&child, 5000000, &line), STATUS_ok);
    assert_true(span_equal(line, SPAN("more")));
    (void)child_stop(&child, 5000000);
}

static void a_child_that_says_nothing_is_not_waited_for_long(void **state)
{
    struct child child;
    struct span line;
    (void)state;
    assert_int_equal(child_start(&child, shell("exec sleep 60"), NULL), STATUS_ok);
    int64_t before_us = os_monotonic_us();
    assert_int_equal(child_line(&child, 50000, &line), STATUS_busy);
    assert_in_range(os_monotonic_us() - before_us, 50000, 2000000);
    assert_false(child_wait(&child, 0));
    assert_false(child_stop(&child, 5000000)); /* ended by the signal, not by itself */
    assert_int_equal(WTERMSIG(child.exit_status), SIGTERM);
}

static void endless_lines_and_early_ends_are_told(void **state)
{
    struct child child;
    struct span line;
    (void)state;
    assert_int_equal(child_start(&child, shell("printf unfinished"), NULL), STATUS_ok);
    assert_int_equal(child_line(&child, 5000000, &line), STATUS_not_found);
    assert_true(child_wait(&child, 5000000));
    assert_true(child_stop(&child, 0));
    assert_int_equal(child_start(&child, shell("exec tr '\\0' x < /dev/zero"), NULL), STATUS_ok);
    assert_int_equal(child_line(&child, 5000000, &line), STATUS_too_large);
    (void)child_stop(&child, 5000000);
    assert_int_equal(child_start(&child, shell("exit 3"), NULL), STATUS_ok);
    assert_false(child_stop(&child, 5000000));
}

static void stubborn_children_are_killed(void **state)
{
    struct child child;
    struct span line;
    (void)state;
    assert_int_equal(child_start(&child, shell("trap '' TERM; echo up; while :; do sleep 1; done"), NULL),
                     STATUS_ok);
    assert_int_equal(child_line(&child, 5000000, &line), STATUS_ok);
    assert_false(child_stop(&child, 100000));
    assert_true(WIFSIGNALED(child.exit_status) && WTERMSIG(child.exit_status) == SIGKILL);
    assert_int_equal(child.pid, 0);
}

static void what_cannot_be_started_is_told(void **state)
{
    static const char *const missing[] = { "/nonexistent/program", NULL };
    struct child child;
    struct child_sample sample;
    (void)state;
    assert_int_equal(child_start(&child, missing, NULL), STATUS_not_found);
    assert_int_equal(child.pid, 0);
    assert_int_equal(child_sample(&child, &sample), STATUS_not_found);
    assert_int_equal(child_start(&child, shell("true"), "/nonexistent/file"), STATUS_fault);
}

static void errors_go_to_the_file(void **state)
{
    char path[] = "/tmp/onetill-child-XXXXXX";
    char text[64] = { 0 };
    struct child child;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(child_start(&child, shell("echo oops >&2"), path), STATUS_ok);
    assert_true(child_wait(&child, 5000000));
    assert_true(child_stop(&child, 0));
    assert_int_equal(read(fd, text, sizeof text - 1), 5);
    assert_string_equal(text, "oops\n");
    close(fd);
    unlink(path);
}

/* More output than a pipe holds does not stop a child that is sampled from time to time. */
static void use_of_the_machine_is_measured(void **state)
{
    struct child child;
    struct child_sample sample;
    struct span line;
    (void)state;
    assert_int_equal(
        child_start(&child,
                    shell("echo up; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo 0123456789; done;"
                          " while :; do i=1; done"),
                    NULL),
        STATUS_ok);
    assert_int_equal(child_line(&child, 5000000, &line), STATUS_ok);
    int64_t cpu_us = 0;
    for (int i = 0; i < 500 && cpu_us < 200000; i++) {
        os_sleep_us(20000);
        assert_int_equal(child_sample(&child, &sample), STATUS_ok);
        cpu_us = sample.user_us + sample.system_us;
    }
    assert_true(cpu_us >= 200000);
    assert_true(sample.resident_bytes > 100000 && sample.resident_bytes < 100000000);
    assert_true(sample.resident_max_bytes >= sample.resident_bytes);
    assert_true(sample.write_chars == -1 || sample.write_chars >= 220000);
    assert_int_equal(sample.thread_count, 1);
    assert_string_equal(sample.threads[0].name, "sh");
    assert_int_equal(sample.threads[0].count, 1);
    assert_in_range(sample.threads[0].user_us + sample.threads[0].system_us, cpu_us, cpu_us + 500000);
    if (sample.threads[0].run_us >= 0) {
        assert_in_range(sample.threads[0].run_us, cpu_us / 2, cpu_us * 2);
    }
    child_signal(&child, SIGKILL);
    assert_true(child_wait(&child, 5000000));
    assert_int_equal(child_sample(&child, &sample), STATUS_not_found);
    assert_false(child_stop(&child, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_lines_are_read_one_by_one),
        cmocka_unit_test(a_child_that_says_nothing_is_not_waited_for_long),
        cmocka_unit_test(endless_lines_and_early_ends_are_told),
        cmocka_unit_test(stubborn_children_are_killed),
        cmocka_unit_test(what_cannot_be_started_is_told),
        cmocka_unit_test(errors_go_to_the_file),
        cmocka_unit_test(use_of_the_machine_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
