/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"
#include "till/paycode_digits.h"

static const uint8_t secret_a[PAYCODE_SECRET_SIZE] = { 1, 2, 3, 4, 5, 6, 7, 8 };

/* A small generator of its own, so that a run is the same everywhere. */
static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 20;
}

static void otp_gives_the_sha256_vectors_of_rfc_6238(void **state)
{
    static const struct {
        int64_t seconds;
        uint32_t otp;
    } cases[] = {
        { 59, 46119246 },         { 1111111109, 68084774 }, { 1111111111, 67062674 },
        { 1234567890, 91819424 }, { 2000000000, 90698825 }, { 20000000000, 77737706 },
    };
    struct hmac_key key;
    (void)state;
    hmac_key_init(&key, "12345678901234567890123456789012", 32);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(paycode_otp(&key, cases[i].seconds / 30, 100000000), cases[i].otp);
        assert_int_equal(paycode_otp(&key, cases[i].seconds / 30, PAYCODE_OTP_LIMIT),
                         cases[i].otp % 10000000);
    }
}

/* Phones compute codes on their own: what these say may never change. Figures from a second implementation.
 */
static void codes_never_change(void **state)
{
    static const struct {
        int64_t alias, generation, step;
        const char *secret, *code, *login_secret, *login_code;
    } cases[] = {
        { 0, 0, 0, "a96e92472aa64ee7b2c6c5623e464579e7f998eb77ccb0776690a35d26e61ace", "288972234872724978",
          "63a65a33d51697c600c119e9aed8ab329dd0b1483a91dd2efe542f9d012d1682", "385877849082338165" },
        { 123456789, 1, 23639100, "c87f6062f63c25e9f0c2e844aa3863b323ea72e961dc8211ebd63f5a0b3f1767",
          "289688473037907449", "81097dbb6c84ed845f09273f3b5c439df646f30a1310809f2e3776e3e772e145",
          "389886751302521668" },
        { 999999999, 7, 4294967296, "8edb2e764ad3fe98575644b906d200316aa8c53668dfc095775934abfefac77a",
          "282563391365956069", "dd6e36f9a9945e75e2e9f35709f63f338cfc187f3b02439b0a3e33b7bb06ee1a",
          "386264640354970823" },
    };
    struct hmac_key master;
    (void)state;
    hmac_key_init(&master, "a master key of a test, 32 bytes", 32);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t secret[PAYCODE_SECRET_SIZE];
        char text[2 * PAYCODE_SECRET_SIZE + 1], code[PAYCODE_SIZE];
        paycode_secret(&master, cases[i].alias, cases[i].generation, secret);
        hex_write(secret, sizeof(secret), text);
        assert_string_equal(text, cases[i].secret);
        paycode_write(cases[i].alias, secret, cases[i].step, code);
        assert_string_equal(code, cases[i].code);
        logincode_write(cases[i].alias, secret, cases[i].step, code);
        assert_string_equal(code, cases[i].login_code);
        logincode_secret(secret, secret);
        hex_write(secret, sizeof(secret), text);
        assert_string_equal(text, cases[i].login_secret);
    }
}

static void a_code_reads_back(void **state)
{
    static const int64_t aliases[] = { 0, 1, 499999999, 999999998, 999999999 };
    static const uint32_t otps[] = { 0, 1, 5000000, 9999999 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(aliases); i++) {
        for (size_t j = 0; j < COUNT_OF(otps); j++) {
            char code[PAYCODE_SIZE];
            int64_t alias = -1;
            uint32_t otp = 0;
            paycode_join(aliases[i], otps[j], code);
            assert_int_equal(strlen(code), 18);
            assert_memory_equal(code, "28", 2);
            assert_int_equal(paycode_parse(span_of(code), &alias, &otp), PAYCODE_ok);
            assert_int_equal(alias, aliases[i]);
            assert_int_equal(otp, otps[j]);
            logincode_join(aliases[i], otps[j], code);
            assert_memory_equal(code, "38", 2);
            alias = -1;
            otp = 10000000;
            assert_int_equal(logincode_parse(span_of(code), &alias, &otp), PAYCODE_ok);
            assert_int_equal(alias, aliases[i]);
            assert_int_equal(otp, otps[j]);
        }
    }
}

/* Who has seen the one code of a minute has learnt nothing about the other, whatever is written before it. */
static void a_pay_code_logs_nobody_in_and_a_log_in_code_pays_nothing(void **state)
{
    (void)state;
    for (int64_t step = 23651234; step < 23651234 + 1000; step++) {
        char pay[PAYCODE_SIZE], login[PAYCODE_SIZE];
        int64_t alias = -1;
        uint32_t otp = 0;
        paycode_write(123456789, secret_a, step, pay);
        logincode_write(123456789, secret_a, step, login);
        assert_int_equal(logincode_parse(span_of(pay), &alias, &otp), PAYCODE_not_beginning_38);
        assert_int_equal(paycode_parse(span_of(login), &alias, &otp), PAYCODE_not_beginning_28);
        assert_int_equal(alias, -1);

        assert_int_equal(logincode_parse(span_of(login), &alias, &otp), PAYCODE_ok);
        assert_int_equal(alias, 123456789);
        assert_int_equal(logincode_match(secret_a, otp, step, 0), step);
        assert_int_equal(logincode_match(secret_a, otp, step + 1, 1), step);
        assert_int_equal(paycode_match(secret_a, otp, step, 1), -1);

        pay[0] = '3';
        assert_int_equal(logincode_parse(span_of(pay), &alias, &otp), PAYCODE_ok);
        assert_int_equal(alias, 123456789);
        assert_int_equal(logincode_match(secret_a, otp, step, 1), -1);
    }
}

static void what_is_no_code_is_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum paycode_error error;
    } cases[] = {
        { "", PAYCODE_not_18_digits },
        { "28123456789012345", PAYCODE_not_18_digits },
        { "2812345678901234567", PAYCODE_not_18_digits },
        { "28123456789012345 ", PAYCODE_not_18_digits },
        { "28-23456789012345 ", PAYCODE_not_18_digits },
        { "2812345678901234\xd9\xa1", PAYCODE_not_18_digits }, /* an Arabic digit of two bytes */
        { "28:234567890123456", PAYCODE_not_18_digits },
        { "28/234567890123456", PAYCODE_not_18_digits },
        { "291234567890123456", PAYCODE_not_beginning_28 },
        { "821234567890123456", PAYCODE_not_beginning_28 },
        { "180000000000000000", PAYCODE_not_beginning_28 },
        { "381234567890123456", PAYCODE_not_beginning_28 },
    };
    int64_t alias = 7;
    uint32_t otp = 8;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(paycode_parse(span_of(cases[i].text), &alias, &otp), cases[i].error);
        if (cases[i].error == PAYCODE_not_18_digits) {
            assert_int_equal(logincode_parse(span_of(cases[i].text), &alias, &otp), PAYCODE_not_18_digits);
        }
    }
    assert_int_equal(logincode_parse(SPAN("281234567890123456"), &alias, &otp), PAYCODE_not_beginning_38);
    assert_int_equal(logincode_parse(SPAN("831234567890123456"), &alias, &otp), PAYCODE_not_beginning_38);
    assert_int_equal(paycode_parse((struct span){ "28\0004567890123456\0", 18 }, &alias, &otp),
                     PAYCODE_not_18_digits);
    assert_int_equal(alias, 7);
    assert_int_equal(otp, 8);
}

/* As a till does it: parse, derive the secret of whatever alias comes out, match. */
static bool is_accepted(const struct hmac_key *master, const char *code, int64_t now_step)
{
    uint8_t secret[PAYCODE_SECRET_SIZE];
    int64_t alias;
    uint32_t otp;
    if (paycode_parse(span_of(code), &alias, &otp) != PAYCODE_ok) {
        return false;
    }
    paycode_secret(master, alias, 1, secret);
    return paycode_match(secret, otp, now_step, 1) >= 0;
}

static void every_single_digit_change_is_refused(void **state)
{
    struct hmac_key master;
    uint64_t seed = 20141212;
    (void)state;
    hmac_key_init(&master, "master", 6);
    for (int round = 0; round < 100; round++) {
        int64_t alias = (int64_t)(next_random(&seed) % (uint64_t)PAYCODE_ALIAS_LIMIT);
        int64_t step = 23000000 + round;
        uint8_t secret[PAYCODE_SECRET_SIZE];
        char code[PAYCODE_SIZE];
        paycode_secret(&master, alias, 1, secret);
        paycode_write(alias, secret, step, code);
        assert_true(is_accepted(&master, code, step));
        for (size_t at = 0; at < PAYCODE_DIGITS; at++) {
            char right = code[at];
            for (char digit = '0'; digit <= '9'; digit++) {
                code[at] = digit;
                assert_int_equal(is_accepted(&master, code, step), digit == right);
            }
            code[at] = right;
        }
    }
}

static void another_generation_master_or_alias_has_another_secret(void **state)
{
    struct hmac_key master, other;
    uint8_t first[PAYCODE_SECRET_SIZE], second[PAYCODE_SECRET_SIZE];
    (void)state;
    hmac_key_init(&master, "master", 6);
    hmac_key_init(&other, "another", 7);
    paycode_secret(&master, 5, 1, first);
    paycode_secret(&master, 5, 2, second);
    assert_memory_not_equal(first, second, sizeof(first));
    paycode_secret(&master, 1, 5, second);
    assert_memory_not_equal(first, second, sizeof(first));
    paycode_secret(&other, 5, 1, second);
    assert_memory_not_equal(first, second, sizeof(first));
    paycode_secret(&master, 5, 1, second);
    assert_memory_equal(first, second, sizeof(first));
}

static void only_steps_within_the_drift_match(void **state)
{
    struct hmac_key key;
    (void)state;
    hmac_key_init(&key, secret_a, sizeof(secret_a));
    const int64_t now = 23651234;
    for (int drift = 0; drift <= PAYCODE_DRIFT_STEPS_MAX; drift++) {
        for (int off = -PAYCODE_DRIFT_STEPS_MAX - 1; off <= PAYCODE_DRIFT_STEPS_MAX + 1; off++) {
            uint32_t otp = paycode_otp(&key, now + off, PAYCODE_OTP_LIMIT);
            bool within = off >= -drift && off <= drift;
            assert_int_equal(paycode_match(secret_a, otp, now, drift), within ? now + off : -1);
        }
    }
    /* At the beginning of time there is no step before. */
    assert_int_equal(paycode_match(secret_a, paycode_otp(&key, 0, PAYCODE_OTP_LIMIT), 1, 10), 0);
    assert_int_equal(paycode_match(secret_a, paycode_otp(&key, 2, PAYCODE_OTP_LIMIT), 0, 1), -1);
}

static void a_step_is_a_minute(void **state)
{
    (void)state;
    assert_int_equal(paycode_step(0), 0);
    assert_int_equal(paycode_step(60 * US_PER_SECOND - 1), 0);
    assert_int_equal(paycode_step(60 * US_PER_SECOND), 1);
    assert_int_equal(paycode_step(1418346000 * US_PER_SECOND), 23639100);
}

/*
 * 100,000 guesses against one device and its three accepted otps hit 0.03 times on average; 3,000 otps of one
 * device meet each other 0.45 times. More than a few would mean digits that are not spread.
 */
static void otps_are_spread(void **state)
{
    struct hmac_key key;
    uint64_t seed = 8;
    int hits = 0;
    int64_t previous_shown = -1;
    int same_shown = 0;
    int tens[10] = { 0 };
    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint32_t guess = (uint32_t)(next_random(&seed) % PAYCODE_OTP_LIMIT);
        hits += paycode_match(secret_a, guess, 23651234, 1) >= 0;
    }
    assert_in_range(hits, 0, 2);
    hmac_key_init(&key, secret_a, sizeof(secret_a));
    for (int64_t step = 0; step < 10000; step++) {
        char code[PAYCODE_SIZE];
        int64_t shown;
        uint32_t otp = paycode_otp(&key, step, PAYCODE_OTP_LIMIT);
        tens[otp / 1000000]++;
        paycode_join(123456789, otp, code);
        assert_true(span_to_i64((struct span){ code + 2, 9 }, &shown));
        same_shown += shown == previous_shown;
        previous_shown = shown;
    }
    /* The nine digits of a constant alias move from minute to minute. */
    assert_int_equal(same_shown, 0);
    for (int i = 0; i < 10; i++) {
        assert_in_range(tens[i], 850, 1150); /* 1000 expected, 30 the standard deviation */
    }
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* 100,000 devices in one minute: all codes differ, because all aliases do; otps meet 500 times or so. */
static void devices_never_share_a_code(void **state)
{
    enum { DEVICES = 100000 };
    uint64_t *codes = test_malloc(DEVICES * sizeof(*codes));
    uint64_t *otps = test_malloc(DEVICES * sizeof(*otps));
    struct hmac_key master;
    (void)state;
    hmac_key_init(&master, "master", 6);
    for (int64_t i = 0; i < DEVICES; i++) {
        uint8_t secret[PAYCODE_SECRET_SIZE];
        char code[PAYCODE_SIZE];
        int64_t number, otp;
        paycode_secret(&master, i * 7919, 1, secret);
        paycode_write(i * 7919, secret, 23651234, code);
        assert_true(span_to_i64(span_of(code), &number));
        assert_true(span_to_i64(span_of(code + 11), &otp));
        codes[i] = (uint64_t)number;
        otps[i] = (uint64_t)otp;
    }
    qsort(codes, DEVICES, sizeof(*codes), by_number);
    qsort(otps, DEVICES, sizeof(*otps), by_number);
    int meetings = 0;
    for (size_t i = 1; i < DEVICES; i++) {
        assert_true(codes[i] != codes[i - 1]);
        meetings += otps[i] == otps[i - 1];
    }
    assert_in_range(meetings, 400, 600);
    test_free(codes);
    test_free(otps);
}

static void a_uri_hands_the_secret_to_a_device(void **state)
{
    char uri[PAYCODE_URI_SIZE_MAX];
    size_t size = 0;
    (void)state;
    const uint8_t *secret = (const uint8_t *)"12345678901234567890123456789012";
    assert_int_equal(paycode_uri_write(SPAN("张伟 phone"), secret, uri, sizeof(uri), &size), STATUS_ok);
    assert_string_equal(uri, "otpauth://totp/Onetill:%E5%BC%A0%E4%BC%9F%20phone?secret="
                             "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"
                             "&issuer=Onetill&algorithm=SHA256&digits=7&period=60");
    assert_int_equal(size, strlen(uri));
    size_t fits = size + 1;
    assert_int_equal(paycode_uri_write(SPAN("张伟 phone"), secret, uri, fits, &size), STATUS_ok);
    assert_int_equal(paycode_uri_write(SPAN("张伟 phone"), secret, uri, fits - 1, &size), STATUS_too_large);
    assert_int_equal(paycode_uri_write(SPAN(""), secret, uri, sizeof(uri), &size), STATUS_bad_input);
    assert_int_equal(paycode_uri_write(SPAN("\xff"), secret, uri, sizeof(uri), &size), STATUS_bad_input);
    char label[PAYCODE_LABEL_SIZE_MAX + 1];
    memset(label, '%', sizeof(label));
    assert_int_equal(paycode_uri_write((struct span){ label, 65 }, secret, uri, sizeof(uri), &size),
                     STATUS_bad_input);
    assert_int_equal(paycode_uri_write((struct span){ label, 64 }, secret, uri, sizeof(uri), &size),
                     STATUS_ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(otp_gives_the_sha256_vectors_of_rfc_6238),
        cmocka_unit_test(codes_never_change),
        cmocka_unit_test(a_code_reads_back),
        cmocka_unit_test(a_pay_code_logs_nobody_in_and_a_log_in_code_pays_nothing),
        cmocka_unit_test(what_is_no_code_is_told_apart),
        cmocka_unit_test(every_single_digit_change_is_refused),
        cmocka_unit_test(another_generation_master_or_alias_has_another_secret),
        cmocka_unit_test(only_steps_within_the_drift_match),
        cmocka_unit_test(a_step_is_a_minute),
        cmocka_unit_test(otps_are_spread),
        cmocka_unit_test(devices_never_share_a_code),
        cmocka_unit_test(a_uri_hands_the_secret_to_a_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
