/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "till/pay_url.h"

static const struct span base_url = { "https://till.example", 20 };

static struct hmac_key key_of(const char *text)
{
    struct hmac_key key;
    hmac_key_init(&key, text, strlen(text));
    return key;
}

static void a_url_never_changes(void **state)
{
    char url[PAY_URL_SIZE];
    struct hmac_key key = key_of("a key of a test");
    (void)state;
    assert_int_equal(pay_url_write(&key, base_url, PAY_URL_trade, 20141212000001, url), 50);
    assert_string_equal(url, "https://till.example/q/t/20141212000001.kIsM3D8pQ7");
    pay_url_write(&key, SPAN(""), PAY_URL_shop, 7, url);
    assert_string_equal(url, "/q/s/7.0XU2XRtuAB");
}

static void a_url_reads_back(void **state)
{
    static const int64_t ids[] = { 1, 9, 10, 20141212000001, INT64_MAX };
    static const enum pay_url_kind kinds[] = { PAY_URL_trade, PAY_URL_shop };
    struct hmac_key key = key_of("key");
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        for (size_t j = 0; j < COUNT_OF(kinds); j++) {
            char url[PAY_URL_SIZE];
            enum pay_url_kind kind = 0;
            int64_t id = 0;
            size_t size = pay_url_write(&key, base_url, kinds[j], ids[i], url);
            assert_int_equal(size, strlen(url));
            assert_int_equal(pay_url_parse(&key, base_url, span_of(url), &kind, &id), PAY_URL_ok);
            assert_int_equal(kind, kinds[j]);
            assert_int_equal(id, ids[i]);
        }
    }
}

static void the_longest_base_and_id_fit(void **state)
{
    char base[PAY_URL_BASE_MAX], url[PAY_URL_SIZE];
    struct hmac_key key = key_of("key");
    (void)state;
    memset(base, 'x', sizeof(base));
    size_t size = pay_url_write(&key, (struct span){ base, sizeof(base) }, PAY_URL_shop, INT64_MAX, url);
    assert_int_equal(size, PAY_URL_SIZE - 1);
}

static void every_changed_byte_is_refused(void **state)
{
    struct hmac_key key = key_of("key");
    char url[PAY_URL_SIZE];
    enum pay_url_kind kind = 0;
    int64_t id = 0;
    size_t size = pay_url_write(&key, base_url, PAY_URL_trade, 20141212000001, url);
    (void)state;
    for (size_t at = 0; at < size; at++) {
        char right = url[at];
        for (int byte = 0; byte < 256; byte++) {
            url[at] = (char)byte;
            enum pay_url_error error = pay_url_parse(&key, base_url, (struct span){ url, size }, &kind, &id);
            assert_int_equal(error == PAY_URL_ok, url[at] == right);
        }
        url[at] = right;
    }
}

static void what_is_wrong_is_told_apart(void **state)
{
    struct hmac_key key = key_of("key"), other = key_of("other");
    char right[PAY_URL_SIZE], shop[PAY_URL_SIZE], foreign[PAY_URL_SIZE], text[400];
    enum pay_url_kind kind = 0;
    int64_t id = -1;
    (void)state;
    size_t size = pay_url_write(&key, base_url, PAY_URL_trade, 42, right);
    pay_url_write(&key, base_url, PAY_URL_shop, 42, shop);
    pay_url_write(&other, base_url, PAY_URL_trade, 42, foreign);
    const char *mac = right + size - PAY_URL_MAC_SIZE;
    static const struct {
        const char *head; /* in front of the right mac of trade 42 */
        enum pay_url_error error;
    } cases[] = {
        { "https://till.example/q/t/42.", PAY_URL_ok },
        { "http://till.example/q/t/42.", PAY_URL_other_base },
        { "https://till.example.evil/q/t/42.", PAY_URL_bad_form },
        { "https://till.example/q/T/42.", PAY_URL_bad_form },
        { "https://till.example/q/s/42.", PAY_URL_bad_mac },
        { "https://till.example/q/t/43.", PAY_URL_bad_mac },
        { "https://till.example/q/t/.", PAY_URL_bad_id },
        { "https://till.example/q/t/042.", PAY_URL_bad_id },
        { "https://till.example/q/t/+42.", PAY_URL_bad_id },
        { "https://till.example/q/t/-42.", PAY_URL_bad_id },
        { "https://till.example/q/t/0.", PAY_URL_bad_id },
        { "https://till.example/q/t/42 .", PAY_URL_bad_id },
        { "https://till.example/q/t/9223372036854775808.", PAY_URL_bad_id },
        { "https://till.example/q/t/42000000000000000000.", PAY_URL_bad_id },
        { "https://till.example/q/t/42", PAY_URL_bad_form },
        { "https://till.example/q/t/42..", PAY_URL_bad_mac },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        snprintf(text, sizeof(text), "%s%s", cases[i].head, mac);
        assert_int_equal(pay_url_parse(&key, base_url, span_of(text), &kind, &id), cases[i].error);
    }
    assert_int_equal(id, 42);
    assert_int_equal(pay_url_parse(&key, base_url, span_of(foreign), &kind, &id), PAY_URL_bad_mac);
    assert_int_equal(pay_url_parse(&key, base_url, (struct span){ right, size - 1 }, &kind, &id),
                     PAY_URL_bad_mac);
    snprintf(text, sizeof(text), "%sA", right);
    assert_int_equal(pay_url_parse(&key, base_url, span_of(text), &kind, &id), PAY_URL_bad_mac);
    assert_int_equal(pay_url_parse(&key, base_url, SPAN(""), &kind, &id), PAY_URL_other_base);
    assert_int_equal(pay_url_parse(&key, base_url, base_url, &kind, &id), PAY_URL_bad_form);
    assert_int_equal(pay_url_parse(&key, base_url, SPAN("https://till.example/q/t/"), &kind, &id),
                     PAY_URL_bad_form);
}

static void a_mac_holds_for_one_kind_and_id(void **state)
{
    struct hmac_key key = key_of("key");
    char mac[PAY_URL_MAC_SIZE + 1];
    (void)state;
    pay_url_mac(&key, PAY_URL_shop, 77, mac);
    assert_int_equal(strlen(mac), PAY_URL_MAC_SIZE);
    assert_true(pay_url_mac_holds(&key, PAY_URL_shop, 77, span_of(mac)));
    assert_false(pay_url_mac_holds(&key, PAY_URL_trade, 77, span_of(mac)));
    assert_false(pay_url_mac_holds(&key, PAY_URL_shop, 78, span_of(mac)));
    assert_false(pay_url_mac_holds(&key, PAY_URL_shop, 77, (struct span){ mac, 9 }));
    assert_false(pay_url_mac_holds(&key, PAY_URL_shop, 77, (struct span){ mac, 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_never_changes),         cmocka_unit_test(a_url_reads_back),
        cmocka_unit_test(the_longest_base_and_id_fit), cmocka_unit_test(every_changed_byte_is_refused),
        cmocka_unit_test(what_is_wrong_is_told_apart), cmocka_unit_test(a_mac_holds_for_one_kind_and_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
