/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doors/alipay/charset.h"

static struct arena arena;

static int arena_open(void **state)
{
    (void)state;
    arena_init(&arena, 64 * 1024, 16 * 1024 * 1024);
    return 0;
}

static int arena_close(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void charsets_have_names(void **state)
{
    static const struct {
        const char *name;
        enum charset charset;
    } cases[] = {
        { "utf-8", CHARSET_utf_8 }, { "UTF-8", CHARSET_utf_8 },   { "utf8", CHARSET_utf_8 },
        { "GBK", CHARSET_gbk },     { "gb2312", CHARSET_gb2312 }, { "Gb18030", CHARSET_gb18030 },
    };
    enum charset charset;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_true(charset_read(span_of(cases[i].name), &charset));
        assert_int_equal(charset, cases[i].charset);
        assert_true(charset_read(span_of(charset_name(charset)), &charset));
        assert_int_equal(charset, cases[i].charset);
    }
    assert_false(charset_read(SPAN(""), &charset));
    assert_false(charset_read(SPAN("latin1"), &charset));
    assert_false(charset_read(SPAN("utf-8 "), &charset));
}

/* A text and its bytes in the charset. */
static void both_ways(enum charset charset, struct span utf8, struct span bytes)
{
    struct span got;
    size_t broken_at;
    assert_int_equal(charset_encode(charset, utf8, 0, &arena, &got), CHARSET_ok);
    assert_int_equal(got.size, bytes.size);
    assert_memory_equal(got.bytes, bytes.bytes, bytes.size);
    assert_int_equal(charset_decode(charset, bytes, &arena, &got, &broken_at), CHARSET_ok);
    assert_int_equal(got.size, utf8.size);
    assert_memory_equal(got.bytes, utf8.bytes, utf8.size);
}

static void texts_go_both_ways(void **state)
{
    (void)state;
    for (int charset = CHARSET_utf_8; charset <= CHARSET_gb18030; charset++) {
        both_ways((enum charset)charset, SPAN("plain {\"a\":1}"), SPAN("plain {\"a\":1}"));
        both_ways((enum charset)charset, SPAN(""), SPAN(""));
    }
    both_ways(CHARSET_utf_8, SPAN("咖啡"), SPAN("咖啡"));
    both_ways(CHARSET_gbk, SPAN("咖啡 A"), SPAN("\xBF\xA7\xB7\xC8 A"));
    both_ways(CHARSET_gb2312, SPAN("咖啡"), SPAN("\xBF\xA7\xB7\xC8"));
    both_ways(CHARSET_gb18030, SPAN("咖啡"), SPAN("\xBF\xA7\xB7\xC8"));
    both_ways(CHARSET_gbk, SPAN("鎔"), SPAN("\xE6\x67")); /* not in GB2312 */
    both_ways(CHARSET_gb18030, SPAN("😀ß"), SPAN("\x94\x39\xFC\x36\x81\x30\x89\x38"));
}

static void what_the_charset_lacks_is_replaced_or_named(void **state)
{
    struct span got;
    (void)state;
    assert_int_equal(charset_encode(CHARSET_gbk, SPAN("咖😀啡ß"), 0, &arena, &got), CHARSET_unmapped);
    assert_int_equal(charset_encode(CHARSET_gbk, SPAN("咖😀啡ß"), '?', &arena, &got), CHARSET_ok);
    assert_true(span_equal(got, SPAN("\xBF\xA7?\xB7\xC8?")));
    assert_int_equal(charset_encode(CHARSET_gb2312, SPAN("鎔"), '?', &arena, &got), CHARSET_ok);
    assert_true(span_equal(got, SPAN("?")));
    assert_int_equal(charset_encode(CHARSET_gb18030, SPAN("咖😀啡ß"), 0, &arena, &got), CHARSET_ok);
}

static void broken_texts_are_found(void **state)
{
    static const struct {
        enum charset charset;
        const char *bytes;
        size_t broken_at;
    } cases[] = {
        { CHARSET_utf_8, "ab\x80", 2 },           { CHARSET_utf_8, "ab\xC0\x80", 2 },
        { CHARSET_utf_8, "\xE5\x92", 0 },         { CHARSET_utf_8, "a\xE0\x9F\x80", 1 },
        { CHARSET_utf_8, "\xED\xA0\x80", 0 },     { CHARSET_utf_8, "\xF4\x90\x80\x80", 0 },
        { CHARSET_utf_8, "\xF0\x8F\xBF\xBF", 0 }, { CHARSET_utf_8, "\xF5\x80\x80\x80", 0 },
        { CHARSET_utf_8, "\xBF\xA7\xB7\xC8", 0 }, { CHARSET_gbk, "a\xBF", 1 },
        { CHARSET_gbk, "\xBF\xA7\xFF", 2 },       { CHARSET_gbk, "\xBF\x20", 0 },
        { CHARSET_gb18030, "\x94\x39\xFC", 0 },
    };
    struct span got;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t broken_at = 99;
        assert_int_equal(charset_decode(cases[i].charset, span_of(cases[i].bytes), &arena, &got, &broken_at),
                         CHARSET_broken);
        assert_int_equal(broken_at, cases[i].broken_at);
    }
    assert_int_equal(charset_encode(CHARSET_gbk, SPAN("\xBF\xA7"), '?', &arena, &got), CHARSET_broken);
    assert_int_equal(charset_encode(CHARSET_utf_8, SPAN("\xBF\xA7"), '?', &arena, &got), CHARSET_broken);
    for (int error = CHARSET_ok; error <= CHARSET_no_room; error++) {
        assert_true(strlen(charset_error_text((enum charset_error)error)) > 10);
    }
}

static void any_bytes_are_text_or_broken(void **state)
{
    uint64_t seed = 7;
    int good = 0;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char bytes[12];
        struct span got, back, text = { bytes, 1 + (size_t)round % sizeof(bytes) };
        size_t broken_at = 0;
        for (size_t i = 0; i < text.size; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            bytes[i] = (char)(seed >> 40);
        }
        enum charset charset = (enum charset)(round % 4);
        enum charset_error error = charset_decode(charset, text, &arena, &got, &broken_at);
        if (error == CHARSET_ok) {
            good++;
            size_t ignored;
            assert_int_equal(charset_decode(CHARSET_utf_8, got, &arena, &back, &ignored), CHARSET_ok);
            if (charset == CHARSET_gb18030) { /* every character has its bytes there */
                assert_int_equal(charset_encode(charset, got, 0, &arena, &back), CHARSET_ok);
            }
        } else {
            assert_int_equal(error, CHARSET_broken);
            assert_true(broken_at < text.size);
        }
        arena_rewind(&arena);
    }
    assert_true(good > 500);
}

static void the_longest_texts_have_room(void **state)
{
    char bytes[200];
    struct span got, text = { bytes, sizeof(bytes) };
    size_t broken_at;
    (void)state;
    memset(bytes, 0x80, sizeof(bytes)); /* one byte that becomes three */
    assert_int_equal(charset_decode(CHARSET_gbk, text, &arena, &got, &broken_at), CHARSET_ok);
    assert_int_equal(got.size, 3 * sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i += 2) { /* two that become four */
        memcpy(bytes + i, "ß", 2);
    }
    assert_int_equal(charset_encode(CHARSET_gb18030, text, 0, &arena, &got), CHARSET_ok);
    assert_int_equal(got.size, 2 * sizeof(bytes));
}

static void a_full_arena_is_said(void **state)
{
    struct arena small;
    struct span got;
    size_t broken_at;
    (void)state;
    arena_init(&small, 16, 16);
    assert_int_equal(charset_decode(CHARSET_gbk, SPAN("\xBF\xA7\xBF\xA7\xBF\xA7\xBF\xA7\xBF\xA7"), &small,
                                    &got, &broken_at),
                     CHARSET_no_room);
    assert_int_equal(charset_encode(CHARSET_gbk, SPAN("咖啡咖啡"), 0, &small, &got), CHARSET_no_room);
    arena_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charsets_have_names),
        cmocka_unit_test(texts_go_both_ways),
        cmocka_unit_test(what_the_charset_lacks_is_replaced_or_named),
        cmocka_unit_test(broken_texts_are_found),
        cmocka_unit_test(any_bytes_are_text_or_broken),
        cmocka_unit_test(the_longest_texts_have_room),
        cmocka_unit_test(a_full_arena_is_said),
    };
    return cmocka_run_group_tests(tests, arena_open, arena_close);
}
