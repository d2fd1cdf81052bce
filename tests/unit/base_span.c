/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"

static void integers_read_whole_texts_only(void **state)
{
    static const struct {
        const char *text;
        bool fits;
        int64_t value;
    } cases[] = {
        { "0", true, 0 },
        { "-1", true, -1 },
        { "9223372036854775807", true, INT64_MAX },
        { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 },
        { "", false, 0 },
        { "-", false, 0 },
        { "1 ", false, 0 },
        { "0x1", false, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t value = 0;
        assert_int_equal(span_to_i64(span_of(cases[i].text), &value), cases[i].fits);
        assert_int_equal(value, cases[i].value);
    }
}

static void malformed_utf8_is_not_text(void **state)
{
    (void)state;
    assert_true(span_is_text(SPAN("星巴克 café")));
    assert_false(span_is_text(SPAN("\xc0\xaf")));
    assert_false(span_is_text(SPAN("\xed\xa0\x80")));
    assert_false(span_is_text(SPAN("\xf4\x90\x80\x80")));
    assert_false(span_is_text(SPAN("line\nline")));
    assert_false(span_is_text(SPAN("\xe6\x98")));
}

/* A header that is not there has no bytes to point at. */
static void a_text_without_bytes_is_empty(void **state)
{
    struct span rest, none = { NULL, 0 };
    (void)state;
    struct span first = span_cut(none, ';', &rest);
    assert_int_equal(first.size + rest.size, 0);
    assert_null(first.bytes);
    assert_null(rest.bytes);
    first = span_cut(SPAN("a;b;c"), ';', &rest);
    assert_true(span_equal(first, SPAN("a")) && span_equal(rest, SPAN("b;c")));
    first = span_cut(SPAN("abc"), ';', &rest);
    assert_true(span_equal(first, SPAN("abc")) && rest.size == 0);
    assert_int_equal(span_trim(none).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_read_whole_texts_only),
        cmocka_unit_test(malformed_utf8_is_not_text),
        cmocka_unit_test(a_text_without_bytes_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
