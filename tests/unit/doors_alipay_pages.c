/* SPDX-License-Identifier: Apache-2.0 */
/* What the shoppers' pages hand out and take back: grants' texts, checkout tokens, and where a browser may be sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doors/alipay/checkout.h"
#include "doors/alipay/oauth.h"

static struct master_key key_of(uint8_t first)
{
    uint8_t bytes[MASTER_KEY_SIZE] = { first };
    struct master_key key;
    master_key_init(&key, bytes);
    return key;
}

static struct oauth *oauth_of(uint8_t first)
{
    struct master_key key = key_of(first);
    struct oauth_settings settings = { .key = &key };
    return oauth_open(&settings);
}

static void a_grants_text_says_which_grant_and_generation(void **state)
{
    static const enum oauth_kind kinds[] = { OAUTH_code, OAUTH_access, OAUTH_refresh };
    static const int64_t ids[] = { 1, 2235850705137041408, INT64_MAX };
    static const int32_t generations[] = { 0, 1, 77, INT32_MAX };
    struct oauth *oauth = oauth_of(1), *other = oauth_of(2);
    char text[OAUTH_TEXT_SIZE];
    int64_t id;
    int32_t generation;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds) * COUNT_OF(ids) * COUNT_OF(generations); i++) {
        enum oauth_kind kind = kinds[i % COUNT_OF(kinds)];
        int64_t wanted = ids[i / COUNT_OF(kinds) % COUNT_OF(ids)];
        int32_t number = generations[i / COUNT_OF(kinds) / COUNT_OF(ids)];
        oauth_text_write(oauth, kind, wanted, number, text);
        assert_int_equal(strlen(text), 40);
        assert_true(oauth_text_read(oauth, kind, span_of(text), &id, &generation));
        assert_true(id == wanted);
        assert_int_equal(generation, number);
        for (size_t k = 0; k < COUNT_OF(kinds); k++) {
            assert_int_equal(oauth_text_read(oauth, kinds[k], span_of(text), &id, &generation), kinds[k] == kind);
        }
        assert_false(oauth_text_read(other, kind, span_of(text), &id, &generation));
    }
    oauth_close(other);
    oauth_close(oauth);
}

static void a_changed_text_is_none(void **state)
{
    struct oauth *oauth = oauth_of(1);
    char text[OAUTH_TEXT_SIZE];
    int64_t id = -7;
    int32_t generation = -7;
    (void)state;
    oauth_text_write(oauth, OAUTH_access, 12345, 3, text);
    for (size_t i = 0; i < 40; i++) {
        char kept = text[i];
        text[i] = kept == '0' ? '1' : '0';
        assert_false(oauth_text_read(oauth, OAUTH_access, span_of(text), &id, &generation));
        text[i] = kept;
    }
    assert_false(oauth_text_read(oauth, OAUTH_access, (struct span){ text, 39 }, &id, &generation));
    assert_false(oauth_text_read(oauth, OAUTH_access, SPAN(""), &id, &generation));
    assert_false(oauth_text_read(oauth, OAUTH_access, SPAN("zz00000000000000000000000000000000000000"), &id,
                                 &generation));
    assert_true(id == -7);
    assert_int_equal(generation, -7);
    oauth_close(oauth);
}

static void a_browser_is_sent_to_addresses_of_the_app_only(void **state)
{
    static const struct {
        const char *uri;
        bool fits, local;
    } cases[] = {
        { "https://shop.example/back", true, true },
        { "https://SHOP.example/", true, true },
        { "https://shop.example", true, true },
        { "https://shop.example?x=1#y", true, true },
        { "http://erp.example:8080/a/b", true, true },
        { "http://shop.example/back", false, false }, /* another scheme */
        { "https://shop.example:444/", false, false },
        { "http://erp.example/", false, false },
        { "https://shop.example.evil.example/", false, false },
        { "https://evil.example/https://shop.example/", false, false },
        { "https://shop.example@evil.example/", false, false },
        { "https://shop.example\\@evil.example/", false, false },
        { "https://shop.example /", false, false },
        { "//shop.example/", false, false },
        { "javascript:alert(1)//https://shop.example/", false, false },
        { "https://", false, false },
        { "", false, false },
        { "http://localhost/x", false, true },
        { "http://127.0.0.1:9/x", false, true },
        { "https://[::1]:9", false, true },
        { "http://localhost.evil.example/", false, false },
        { "http://127.0.0.1.evil.example/", false, false },
        { "http://127.0.0.1@evil.example/", false, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct span uri = span_of(cases[i].uri);
        struct span notify = SPAN("https://shop.example/notify"), gateway = SPAN("http://erp.example:8080");
        assert_int_equal(oauth_redirect_fits(uri, notify, gateway, false), cases[i].fits);
        assert_int_equal(oauth_redirect_fits(uri, notify, gateway, true), cases[i].local);
        assert_int_equal(oauth_redirect_fits(uri, gateway, notify, false), cases[i].fits);
        assert_false(oauth_redirect_fits(uri, SPAN(""), SPAN(""), false));
    }
}

static void a_checkouts_address_names_its_trade(void **state)
{
    static const int64_t ids[] = { 1, 9, 2235850705137041408, INT64_MAX };
    struct master_key key = key_of(1), other_key = key_of(2);
    struct checkout_settings settings = { .key = &key, .base_url = "https://till.example" };
    struct checkout_settings others = { .key = &other_key, .base_url = "" };
    struct checkout *checkout = checkout_open(&settings), *other = checkout_open(&others);
    static const char front[] = "https://till.example/checkout/";
    char address[CHECKOUT_URL_SIZE];
    int64_t id;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct span url = checkout_url(checkout, ids[i], address);
        assert_memory_equal(url.bytes, front, sizeof(front) - 1);
        struct span token = { url.bytes + sizeof(front) - 1, url.size - (sizeof(front) - 1) };
        assert_true(checkout_token_read(checkout, token, &id));
        assert_true(id == ids[i]);
        assert_false(checkout_token_read(other, token, &id));
        for (size_t at = 0; at < token.size; at++) {
            char *byte = &address[sizeof(front) - 1 + at];
            char kept = *byte;
            *byte = kept == '7' ? '8' : '7';
            assert_false(checkout_token_read(checkout, token, &id));
            *byte = kept;
        }
        token.size--;
        assert_false(checkout_token_read(checkout, token, &id));
    }
    static const char *const wrong[] = { "", ".", "1", "1.", ".AAAAAAAAAAAAAAAAAAAAAA", "-1.AAAAAAAAAAAAAAAAAAAAAA",
                                         "0.AAAAAAAAAAAAAAAAAAAAAA", "99999999999999999999.AAAAAAAAAAAAAAAAAAAAAA" };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_false(checkout_token_read(checkout, span_of(wrong[i]), &id));
    }
    checkout_close(other);
    checkout_close(checkout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grants_text_says_which_grant_and_generation),
        cmocka_unit_test(a_changed_text_is_none),
        cmocka_unit_test(a_browser_is_sent_to_addresses_of_the_app_only),
        cmocka_unit_test(a_checkouts_address_names_its_trade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
