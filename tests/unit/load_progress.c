/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "load/progress.h"

#define SECOND INT64_C(1000000)

static void numbers_are_grouped(void **state)
{
    static const struct {
        uint64_t value;
        const char *text;
    } cases[] = {
        { 0, "0" },
        { 999, "999" },
        { 1000, "1,000" },
        { 1234567, "1,234,567" },
        { UINT64_MAX, "18,446,744,073,709,551,615" },
    };
    char text[32];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(progress_number(cases[i].value, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void a_known_total_has_a_bar_and_an_end(void **state)
{
    struct progress progress;
    char line[PROGRESS_LINE_SIZE];
    (void)state;
    progress_init(&progress, "payments", 1000000, -1, 0);
    progress_set(&progress, 250000, 5 * SECOND);
    (void)progress_line(&progress, false, 5 * SECOND, line);
    assert_string_equal(
        line, "payments  [######....................]  25 %  250,000 of 1,000,000  50,000/s  15 s left");
    progress_note(&progress, "budget 61 %");
    progress_set(&progress, 1000000, 20 * SECOND);
    (void)progress_line(&progress, true, 20 * SECOND, line);
    assert_string_equal(
        line, "payments  [##########################] 100 %  1,000,000 of 1,000,000  50,000/s  in 20 s  "
              "budget 61 %");
}

static void an_unknown_total_has_neither(void **state)
{
    struct progress progress;
    char line[PROGRESS_LINE_SIZE];
    (void)state;
    progress_init(&progress, "reading", 0, -1, 0);
    progress_set(&progress, 1300, 130 * SECOND);
    (void)progress_line(&progress, false, 130 * SECOND, line);
    assert_string_equal(line, "reading  1,300  10/s  2 min 10 s");
}

/* More than was expected, no time at all, nothing done: no division by zero, no share beyond the whole. */
static void odd_figures_do_no_harm(void **state)
{
    struct progress progress;
    char line[PROGRESS_LINE_SIZE];
    (void)state;
    progress_init(&progress, "x", 10, -1, 7);
    (void)progress_line(&progress, true, 7, line);
    assert_string_equal(line, "x  [..........................]   0 %  0 of 10  0/s  in 0 s");
    progress_set(&progress, UINT64_MAX, 7);
    progress_set(&progress, UINT64_MAX, 7 + 10 * SECOND);
    assert_true(progress_line(&progress, false, 6, line) < sizeof line);
    assert_non_null(strstr(line, "100 %"));
    progress_set(&progress, 3, 20 * SECOND); /* going back is no negative rate */
    assert_true(progress_line(&progress, false, 21 * SECOND, line) < sizeof line);
}

static void narrow_lines_drop_what_does_not_fit(void **state)
{
    struct progress progress;
    char line[PROGRESS_LINE_SIZE];
    (void)state;
    progress_init(&progress, "a label that is far longer than a label should be", 1000, -1, 0);
    progress_note(&progress, "a note");
    progress_set(&progress, 500, 10 * SECOND);
    for (uint32_t columns = 0; columns < PROGRESS_LINE_SIZE; columns++) {
        progress.columns = columns;
        size_t size = progress_line(&progress, false, 10 * SECOND, line);
        assert_true(size <= columns);
        assert_int_equal(strlen(line), size);
    }
}

static void a_log_gets_a_plain_line_every_few_seconds(void **state)
{
    struct progress progress;
    char text[1024] = { 0 };
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    progress_init(&progress, "steps", 100, ends[1], 0);
    for (int64_t i = 1; i <= 100; i++) {
        progress_set(&progress, (uint64_t)i, i * SECOND / 10); /* ten seconds: two lines */
    }
    progress_end(&progress, 10 * SECOND);
    progress_set(&progress, 100, 60 * SECOND); /* after the end nothing is drawn */
    close(ends[1]);
    ssize_t size = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    assert_true(size > 0);
    unsigned lines = 0;
    for (ssize_t i = 0; i < size; i++) {
        lines += text[i] == '\n';
        assert_true(text[i] != '\r' && text[i] != '\033');
    }
    assert_int_equal(lines, 3);
    assert_non_null(strstr(text, "50 of 100"));
    assert_non_null(strstr(text, "100 of 100  10/s  in 10 s\n"));
}

static void a_terminal_is_redrawn_in_place(void **state)
{
    struct progress progress;
    char text[1024] = { 0 };
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    (void)state;
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) {
        skip(); /* a sandbox without pseudo-terminals */
    }
    int side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(side >= 0);
    progress_init(&progress, "steps", 100, side, 0);
    assert_true(progress.terminal);
    progress_set(&progress, 1, SECOND / 100); /* too soon */
    progress_set(&progress, 50, SECOND);
    progress_end(&progress, 2 * SECOND);
    ssize_t size = read(terminal, text, sizeof text - 1);
    assert_true(size > 0);
    assert_int_equal(text[0], '\r');
    assert_null(strstr(text, "1 of 100"));
    assert_non_null(strstr(text, "50 of 100"));
    assert_non_null(strstr(text, "\033[K"));
    close(side);
    close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_grouped),
        cmocka_unit_test(a_known_total_has_a_bar_and_an_end),
        cmocka_unit_test(an_unknown_total_has_neither),
        cmocka_unit_test(odd_figures_do_no_harm),
        cmocka_unit_test(narrow_lines_drop_what_does_not_fit),
        cmocka_unit_test(a_log_gets_a_plain_line_every_few_seconds),
        cmocka_unit_test(a_terminal_is_redrawn_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
