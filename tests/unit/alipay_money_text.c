/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/limits.h"
#include "doors/alipay/money_text.h"

static void amounts_are_exact(void **state)
{
    static const struct {
        const char *text;
        int64_t minor;
    } cases[] = {
        { "0", 0 },
        { "0.0", 0 },
        { "0.01", 1 },
        { "0.1", 10 },
        { "1", 100 },
        { "12.3", 1230 },
        { "12.34", 1234 },
        { "12.340", 1234 },
        { "88.8800000", 8888 },
        { "100000000", 10000000000 },
        { "100000000.00", 10000000000 },
        { "1e2", 10000 },
        { "1.5E1", 1500 },
        { "123400e-4", 1234 },
        { "1.234e+1", 1234 },
        { "0e30", 0 },
        { "0.00e-30", 0 },
        { "1000000000000", AMOUNT_MAX },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t minor = -1;
        assert_true(yuan_read(span_of(cases[i].text), &minor));
        assert_int_equal(minor, cases[i].minor);
    }
}

static void what_is_no_amount_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        "01",
        "00",
        "1,5",
        " 1",
        "1 ",
        "0.001",
        "12.345",
        "1e",
        "1e-3",
        "0.1e-2",
        "1e31",
        "1e999",
        "1e9999",
        "1ee1",
        "1e+-1",
        "0x10",
        "1000000000000.01",
        "1000000000001",
        "1e13",
        "99999999999999999999",
        "1.00000000000000000000000000000000",
        "NaN",
        "1.2.3",
        "１",
        "1\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t minor = 77;
        if (yuan_read(span_of(cases[i]), &minor)) {
            print_error("%s was taken\n", cases[i]);
        }
        assert_false(yuan_read(span_of(cases[i]), &minor));
        assert_int_equal(minor, 77);
    }
}

static void amounts_come_back(void **state)
{
    char text[YUAN_TEXT_SIZE];
    uint64_t seed = 1;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int64_t minor = (int64_t)(seed >> (1 + i % 40)) % (AMOUNT_MAX + 1), back;
        size_t size = yuan_write(minor, text);
        assert_int_equal(size, strlen(text));
        assert_true(yuan_read(span_of(text), &back));
        assert_int_equal(back, minor);
    }
    assert_int_equal(yuan_write(-1, text), 5);
    assert_string_equal(text, "-0.01");
    assert_int_equal(yuan_write(-1000, text), 6);
    assert_string_equal(text, "-10.00");
    (void)yuan_write(INT64_MIN, text);
    assert_string_equal(text, "-92233720368547758.08");
}

#define AT(days, seconds) (((days)*INT64_C(86400) + (seconds)) * US_PER_SECOND)

static void times_are_of_beijing(void **state)
{
    char text[BEIJING_TEXT_SIZE];
    int64_t at_us;
    (void)state;
    assert_int_equal(beijing_write(0, text), 19);
    assert_string_equal(text, "1970-01-01 08:00:00");
    assert_int_equal(beijing_write_ms(1767225605 * US_PER_SECOND + 123999, text), 23);
    assert_string_equal(text, "2026-01-01 08:00:05.123");
    assert_true(beijing_read(SPAN("2026-01-01 08:00:05"), &at_us));
    assert_int_equal(at_us, 1767225605 * US_PER_SECOND);
    assert_true(beijing_read(SPAN("2026-01-01 08:00"), &at_us));
    assert_int_equal(at_us, 1767225600 * US_PER_SECOND);
    static const char *const wrong[] = {
        "",
        "2026-01-01",
        "2026-01-01T08:00:05",
        "2026-02-29 08:00:00",
        "2026-13-01 08:00:00",
        "2026-01-01 24:00:00",
        "2026-01-01 08:60:00",
        "2026-01-01 08:00:05Z",
        "2026-01-01  8:00:05",
        "2026-1-1 08:00:00",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_false(beijing_read(span_of(wrong[i]), &at_us));
    }
}

static void a_bill_is_of_a_day_or_a_month(void **state)
{
    int64_t day;
    int count;
    (void)state;
    assert_true(bill_date_read(SPAN("1970-01-02"), &day, &count));
    assert_int_equal(day, 1);
    assert_int_equal(count, 1);
    assert_true(bill_date_read(SPAN("1970-02"), &day, &count));
    assert_int_equal(day, 31);
    assert_int_equal(count, 28);
    assert_true(bill_date_read(SPAN("2024-02"), &day, &count));
    assert_int_equal(count, 29);
    assert_true(bill_date_read(SPAN("2026-12"), &day, &count));
    assert_int_equal(count, 31);
    assert_true(bill_date_read(SPAN("2026-04"), &day, &count));
    assert_int_equal(count, 30);
    static const char *const wrong[] = {
        "", "2026", "2026-13", "2026-00", "2026-02-30", "20260101", "2026-1", "2026-01-0",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_false(bill_date_read(span_of(wrong[i]), &day, &count));
    }
}

static void a_timeout_is_counted_from_the_start(void **state)
{
    int64_t from_us = AT(100, 3600), at_us; /* 09:00 in Beijing */
    (void)state;
    assert_true(timeout_express_read(SPAN("1m"), from_us, &at_us));
    assert_int_equal(at_us, from_us + US_PER_MINUTE);
    assert_true(timeout_express_read(SPAN("90m"), from_us, &at_us));
    assert_int_equal(at_us, from_us + 90 * US_PER_MINUTE);
    assert_true(timeout_express_read(SPAN("15d"), from_us, &at_us));
    assert_int_equal(at_us, from_us + 15 * US_PER_DAY);
    assert_true(timeout_express_read(SPAN("360h"), from_us, &at_us));
    assert_int_equal(at_us, from_us + 15 * US_PER_DAY);
    assert_true(timeout_express_read(SPAN("1c"), from_us, &at_us));
    assert_int_equal(at_us, AT(100, 16 * 3600)); /* midnight in Beijing */
    assert_true(timeout_express_read(SPAN("1c"), AT(100, 16 * 3600), &at_us));
    assert_int_equal(at_us, AT(101, 16 * 3600));
    static const char *const wrong[] = {
        "", "m", "0m", "-1m", "1.5h", "16d", "361h", "21601m", "2c", "1s", "1", "1M", "1 m", "999999m",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_false(timeout_express_read(span_of(wrong[i]), from_us, &at_us));
    }
}

static void user_ids_have_one_spelling(void **state)
{
    static const int64_t ids[] = { 1, 42, 99999999999, 100000000000, 4839201928374650, INT64_MAX };
    char text[USER_ID_SIZE];
    enum user_kind kind;
    int64_t id;
    (void)state;
    for (int k = 0; k < USER_KIND_COUNT; k++) {
        for (size_t i = 0; i < COUNT_OF(ids); i++) {
            size_t size = user_id_write((enum user_kind)k, ids[i], text);
            assert_int_equal(size, strlen(text));
            assert_true(user_id_read(span_of(text), &kind, &id));
            assert_int_equal(kind, k);
            assert_int_equal(id, ids[i]);
        }
    }
    (void)user_id_write(USER_shop, 1001, text);
    assert_string_equal(text, "2088200000001001");
    static const char *const wrong[] = {
        "",
        "2088",
        "20882",
        "2088200000000000",
        "208820000000001",
        "20882000000000001",
        "2088300000001001",
        "2087200000001001",
        "208820000000100x",
        "20882-0000001001",
        "208829223372036854775808",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_false(user_id_read(span_of(wrong[i]), &kind, &id));
    }
}

static void trade_numbers_have_the_day_of_their_id(void **state)
{
    char text[TRADE_NO_SIZE];
    int64_t id;
    /* Half past midnight of the third of October 2026 in Beijing: still the second in Greenwich. */
    int64_t ms = (INT64_C(1790958600) - 1262304000) * 1000;
    int64_t trade_id = ms << 22 | 5;
    (void)state;
    assert_int_equal(trade_no_write(trade_id, text), 28);
    assert_memory_equal(text, "202610039", 9);
    assert_true(trade_no_read(span_of(text), &id));
    assert_int_equal(id, trade_id);
    text[7] = '2'; /* another day */
    assert_false(trade_no_read(span_of(text), &id));
    text[7] = '3';
    text[8] = '2'; /* Alipay's own */
    assert_false(trade_no_read(span_of(text), &id));
    text[8] = '9';
    assert_false(trade_no_read((struct span){ text, 27 }, &id));
    assert_false(trade_no_read(SPAN("2026010122001455611400000001"), &id));
    assert_false(trade_no_read(SPAN("2010010190000000000000000000"), &id));
    assert_false(trade_no_read(SPAN("2010010199999999999999999999"), &id));
    for (int64_t one = 1; one > 0; one *= 3) {
        (void)trade_no_write(one, text);
        assert_true(trade_no_read(span_of(text), &id));
        assert_int_equal(id, one);
        if (one > INT64_MAX / 3) {
            break;
        }
    }
}

static void logons_are_masked(void **state)
{
    static const struct {
        const char *logon, *masked;
    } cases[] = {
        { "15912345620", "159****5620" },
        { "csqnji8117@sandbox.com", "csq***@sandbox.com" },
        { "ab@x.cn", "a***@x.cn" },
        { "a@x.cn", "a***@x.cn" },
        { "abc@x.cn", "a***@x.cn" },
        { "@x.cn", "***@x.cn" },
        { "208800000000042", "208****0042" },
        { "short", "s***" },
        { "", "***" },
        { "王小明@x.cn", "王***@x.cn" },
        { "小小小小小", "小****小" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char masked[LOGON_MASKED_SIZE];
        (void)logon_mask(span_of(cases[i].logon), masked);
        assert_string_equal(masked, cases[i].masked);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_exact),
        cmocka_unit_test(what_is_no_amount_is_refused),
        cmocka_unit_test(amounts_come_back),
        cmocka_unit_test(times_are_of_beijing),
        cmocka_unit_test(a_bill_is_of_a_day_or_a_month),
        cmocka_unit_test(a_timeout_is_counted_from_the_start),
        cmocka_unit_test(user_ids_have_one_spelling),
        cmocka_unit_test(trade_numbers_have_the_day_of_their_id),
        cmocka_unit_test(logons_are_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
