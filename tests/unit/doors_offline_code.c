/* SPDX-License-Identifier: Apache-2.0 */
/* Offline codes: signed as RFC 8032 says, and void when a single byte of them is another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"
#include "doors/offline_code.h"

static const struct voucher_kept some = { .voucher_id = INT64_C(654532883892928514),
                                          .code = "698202124275",
                                          .deal_id = 2000000001,
                                          .part = 1,
                                          .shop_id = 42,
                                          .pieces = 3,
                                          .face_left_minor = 6667,
                                          .accept_until_us = INT64_C(1418360400999999) };

static void key_of(const char *bytes, uint8_t key[OFFLINE_KEY_SIZE], char public_key[OFFLINE_KEY_TEXT_SIZE])
{
    struct master_key master;
    master_key_init(&master, (const uint8_t *)bytes);
    offline_key_derive(&master, key);
    offline_key_public(key, public_key);
}

/* Test 1 of RFC 8032, section 7.1. */
static void public_key_is_that_of_the_standard(void **state)
{
    static const uint8_t secret[OFFLINE_KEY_SIZE] = {
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
        0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    };
    char public_key[OFFLINE_KEY_TEXT_SIZE];
    (void)state;
    offline_key_public(secret, public_key);
    assert_string_equal(public_key, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
}

static void a_code_says_what_was_set_aside(void **state)
{
    uint8_t key[OFFLINE_KEY_SIZE];
    char public_key[OFFLINE_KEY_TEXT_SIZE], code[OFFLINE_CODE_SIZE];
    struct voucher_kept read;
    (void)state;
    key_of("0123456789abcdef0123456789abcdef", key, public_key);
    size_t size = offline_code_write(key, &some, code);
    assert_int_equal(size, strlen(code));
    const char *body = "ov1.698202124275.654532883892928514.2000000001.1.42.3.6667.1418360400.";
    assert_memory_equal(code, body, strlen(body));
    assert_true(offline_code_read(public_key, span_of(code), &read));
    assert_int_equal(read.voucher_id, some.voucher_id);
    assert_string_equal(read.code, some.code);
    assert_int_equal(read.deal_id, some.deal_id);
    assert_int_equal(read.part, 1);
    assert_int_equal(read.shop_id, 42);
    assert_int_equal(read.pieces, 3);
    assert_int_equal(read.face_left_minor, 6667);
    assert_int_equal(read.accept_until_us, some.accept_until_us / US_PER_SECOND * US_PER_SECOND);
}

static void the_longest_code_fits(void **state)
{
    uint8_t key[OFFLINE_KEY_SIZE];
    char public_key[OFFLINE_KEY_TEXT_SIZE], code[OFFLINE_CODE_SIZE];
    struct voucher_kept read, most = { .voucher_id = INT64_MAX,
                                       .code = "999999999999",
                                       .deal_id = INT64_MAX,
                                       .part = INT32_MAX,
                                       .shop_id = INT64_MAX,
                                       .pieces = INT64_MAX,
                                       .face_left_minor = INT64_MAX,
                                       .accept_until_us = INSTANT_MAX_US };
    (void)state;
    key_of("0123456789abcdef0123456789abcdef", key, public_key);
    assert_true(offline_code_write(key, &most, code) < OFFLINE_CODE_SIZE);
    assert_true(offline_code_read(public_key, span_of(code), &read));
    assert_int_equal(read.pieces, INT64_MAX);
}

static void a_changed_code_is_void(void **state)
{
    uint8_t key[OFFLINE_KEY_SIZE];
    char public_key[OFFLINE_KEY_TEXT_SIZE], other_key[OFFLINE_KEY_TEXT_SIZE], code[OFFLINE_CODE_SIZE];
    struct voucher_kept read = { .shop_id = 7 };
    (void)state;
    key_of("another master key, just as long", key, other_key);
    key_of("0123456789abcdef0123456789abcdef", key, public_key);
    size_t size = offline_code_write(key, &some, code);
    for (size_t i = 0; i < size; i++) {
        char before = code[i];
        code[i] = before == '7' ? '8' : '7';
        assert_false(offline_code_read(public_key, (struct span){ code, size }, &read));
        code[i] = before;
        assert_false(offline_code_read(public_key, (struct span){ code, i }, &read));
    }
    assert_false(offline_code_read(other_key, span_of(code), &read));
    assert_false(offline_code_read("", span_of(code), &read));
    assert_int_equal(read.shop_id, 7); /* untouched */
    assert_true(offline_code_read(public_key, span_of(code), &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_key_is_that_of_the_standard),
        cmocka_unit_test(a_code_says_what_was_set_aside),
        cmocka_unit_test(the_longest_code_fits),
        cmocka_unit_test(a_changed_code_is_void),
    };
    return cmocka_run_group_tests_name("doors_offline_code", tests, NULL, NULL);
}
