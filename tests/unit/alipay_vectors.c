/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and answers that the official SDK for Node sent and accepted, byte for byte. The recordings lie
 * outside of this repository, in the folder that ALIPAY_VECTORS names; without it these cases are skipped.
 * Each of them is also asserted to fail when one byte is changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "doors/alipay/params.h"
#include "doors/alipay/v3_sign.h"

#define FILE_SIZE_MAX 65536

static struct arena arena;
static struct alipay_key app_key, platform_key;
static uint8_t aes_key[ALIPAY_AES_KEY_SIZE];

/* A file of the recordings; bytes NULL when it is not there. */
static struct span file_of(const char *name, const char *ending)
{
    const char *folder = getenv("ALIPAY_VECTORS");
    char path[4096];
    char *bytes = arena_take(&arena, FILE_SIZE_MAX);

    if (folder == NULL) {
        return (struct span){ NULL, 0 };
    }
    int length = snprintf(path, sizeof(path), "%s/%s%s", folder, name, ending);
    assert_in_range(length, 1, sizeof(path) - 1);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return (struct span){ NULL, 0 };
    }
    size_t size = fread(bytes, 1, FILE_SIZE_MAX, file);
    fclose(file);
    assert_in_range(size, 1, FILE_SIZE_MAX - 1);
    return (struct span){ bytes, size };
}

static int vectors_open(void **state)
{
    (void)state;
    arena_init(&arena, 1024 * 1024, 64 * 1024 * 1024);
    if (file_of("app_public_spki.pem", "").bytes == NULL) {
        return 0;
    }
    assert_int_equal(alipay_public_read(file_of("app_public_spki.pem", ""), &app_key), ALIPAY_KEY_ok);
    assert_int_equal(alipay_public_read(file_of("platform_public_spki.pem", ""), &platform_key),
                     ALIPAY_KEY_ok);
    assert_true(alipay_aes_key_read(span_trim(file_of("aes_key.b64", "")), aes_key));
    return 0;
}

static int vectors_close(void **state)
{
    (void)state;
    if (app_key.handle != NULL) {
        alipay_key_release(&app_key);
        alipay_key_release(&platform_key);
    }
    arena_release(&arena);
    return 0;
}

static void vectors_needed(void)
{
    if (app_key.handle == NULL) {
        skip();
    }
}

static void spans_equal(struct span got, struct span wanted)
{
    if (!span_equal(got, wanted)) {
        print_error("got    %.*s\nwanted %.*s\n", (int)got.size, got.bytes, (int)wanted.size, wanted.bytes);
    }
    assert_int_equal(got.size, wanted.size);
    assert_memory_equal(got.bytes, wanted.bytes, wanted.size);
}

static struct span after(struct span text, const char *mark)
{
    const char *found = memmem(text.bytes, text.size, mark, strlen(mark));
    assert_non_null(found);
    size_t at = (size_t)(found - text.bytes) + strlen(mark);
    return (struct span){ text.bytes + at, text.size - at };
}

static struct span before(struct span text, const char *mark)
{
    const char *found = memmem(text.bytes, text.size, mark, strlen(mark));
    assert_non_null(found);
    return (struct span){ text.bytes, (size_t)(found - text.bytes) };
}

struct message {
    struct span method, target, query, headers, body;
};

static struct message message_of(const char *name, const char *ending)
{
    struct message message;
    struct span all = file_of(name, ending), rest;

    assert_non_null(all.bytes);
    message.headers = before(all, "\r\n\r\n");
    message.body = after(all, "\r\n\r\n");
    struct span line = before(message.headers, "\r\n");
    message.method = span_cut(line, ' ', &rest);
    message.target = span_cut(rest, ' ', &rest);
    (void)span_cut(message.target, '?', &message.query);
    return message;
}

static struct span header_of(const struct message *message, const char *name)
{
    struct span rest = after(message->headers, "\r\n");
    while (rest.size > 0) {
        struct span value, line = span_trim(span_cut(rest, '\n', &rest));
        struct span found = span_cut(line, ':', &value);
        if (found.size == strlen(name) && strncasecmp(found.bytes, name, found.size) == 0) {
            return span_trim(value);
        }
    }
    return (struct span){ NULL, 0 };
}

static struct alipay_params params_of(const struct message *message)
{
    struct alipay_params params;
    alipay_params_init(&params, &arena);
    assert_int_equal(alipay_params_query(&params, message->query), ALIPAY_PARAMS_ok);
    struct span type = header_of(message, "content-type");
    assert_int_equal(alipay_params_body(&params, type, message->body), ALIPAY_PARAMS_ok);
    return params;
}

/* The signature stands for these bytes and no others. */
static void signature_holds(const struct alipay_key *key, struct span text, struct span signature)
{
    assert_true(alipay_verify(key, ALIPAY_RSA2, text, signature));
    assert_false(alipay_verify(key, ALIPAY_RSA, text, signature));
    char *changed = arena_copy(&arena, text.bytes, text.size);
    for (size_t i = 0; i < text.size; i += 1 + text.size / 7) {
        changed[i] = (char)(changed[i] ^ 1);
        assert_false(alipay_verify(key, ALIPAY_RSA2, (struct span){ changed, text.size }, signature));
        changed[i] = (char)(changed[i] ^ 1);
    }
}

static void forms_are_read_and_verified(void **state)
{
    static const char *const names[] = { "v2_exec_encrypted", "v2_exec_error_40004", "v2_exec_multipart",
                                         "v2_exec_pay_10003", "v2_exec_precreate" };
    (void)state;
    vectors_needed();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct message message = message_of(names[i], ".request.bin");
        struct alipay_params params = params_of(&message);
        struct span text =
            alipay_canonical_text(&params, (struct alipay_canonical){ ALIPAY_SIGNED_request, false });
        struct span expected;
        spans_equal(text, file_of(names[i], ".canonical.txt"));
        assert_true(alipay_params_verify(&params, &app_key, ALIPAY_RSA2, &expected));
        spans_equal(expected, text);
        signature_holds(&app_key, text, alipay_param_value(&params, "sign"));
        assert_false(alipay_params_verify(&params, &platform_key, ALIPAY_RSA2, &expected));
    }
}

static void the_file_of_an_upload_stands_apart(void **state)
{
    (void)state;
    vectors_needed();
    struct message message = message_of("v2_exec_multipart", ".request.bin");
    struct alipay_params params = params_of(&message);
    const struct alipay_file *file = alipay_param_file(&params, "image_content");
    assert_non_null(file);
    spans_equal(file->file_name, SPAN("a.jpg"));
    spans_equal(file->content_type, SPAN("image/jpeg"));
    spans_equal(file->content, SPAN("JPEGDATA"));
    spans_equal(alipay_param_value(&params, "image_type"), SPAN("jpg"));
    assert_null(alipay_param_value(&params, "image_content").bytes);
}

static void encrypted_content_is_read(void **state)
{
    struct span plain, expected;
    (void)state;
    vectors_needed();
    struct message request = message_of("v2_exec_encrypted", ".request.bin");
    struct alipay_params params = params_of(&request);
    assert_true(alipay_params_verify(&params, &app_key, ALIPAY_RSA2, &expected));
    assert_true(alipay_decrypt(aes_key, alipay_param_value(&params, "biz_content"), &arena, &plain));
    spans_equal(plain, SPAN("{\"out_trade_no\":\"T1\"}"));
    struct span again;
    assert_true(alipay_encrypt(aes_key, plain, &arena, &again));
    spans_equal(again, alipay_param_value(&params, "biz_content"));
    struct message answer = message_of("v2_exec_encrypted", ".response.bin");
    struct span cipher = before(after(answer.body, "_response\":\""), "\"");
    assert_true(alipay_decrypt(aes_key, cipher, &arena, &plain));
    assert_memory_equal(plain.bytes, "{\"code\":\"10000\"", 15);
}

static void answers_of_the_form_gateway_are_signed_over_their_node(void **state)
{
    static const char *const names[] = { "v2_exec_encrypted", "v2_exec_error_40004", "v2_exec_multipart",
                                         "v2_exec_pay_10003", "v2_exec_precreate" };
    (void)state;
    vectors_needed();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct message message = message_of(names[i], ".response.bin");
        struct span node = before(after(message.body, "_response\":"), ",\"sign\":\"");
        struct span sign = before(after(message.body, ",\"sign\":\""), "\"}");
        signature_holds(&platform_key, node, sign);
    }
}

static void rest_requests_are_read_and_verified(void **state)
{
    static const char *const names[] = { "v3_curl_GET_query", "v3_curl_POST", "v3_curl_encrypted",
                                         "v3_curl_error_400", "v3_curl_multipart" };
    (void)state;
    vectors_needed();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct message message = message_of(names[i], ".request.bin");
        struct v3_authorization authorization;
        struct span header = header_of(&message, "authorization");
        assert_int_equal(v3_authorization_read(header, &authorization), V3_ok);
        spans_equal(authorization.app_id, SPAN("2021000000000001"));
        assert_int_equal(authorization.nonce.size, 36);
        struct v3_request request = {
            .auth_string = authorization.auth_string,
            .method = message.method,
            .target = message.target,
            .body = message.body,
            .app_auth_token = header_of(&message, "alipay-app-auth-token"),
        };
        if (strstr(names[i], "multipart") != NULL) {
            struct alipay_params params;
            alipay_params_init(&params, &arena);
            struct span type = header_of(&message, "content-type");
            assert_int_equal(alipay_params_body(&params, type, message.body), ALIPAY_PARAMS_ok);
            request.body = alipay_param_value(&params, "data");
            assert_non_null(alipay_param_file(&params, "file_content"));
        }
        struct span text = v3_request_text(&request, &arena);
        spans_equal(text, file_of(names[i], ".canonical.txt"));
        signature_holds(&app_key, text, authorization.sign);
    }
}

static void rest_answers_are_signed(void **state)
{
    static const char *const names[] = { "v3_curl_GET_query", "v3_curl_POST", "v3_curl_encrypted",
                                         "v3_curl_error_400", "v3_curl_multipart" };
    (void)state;
    vectors_needed();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct message message = message_of(names[i], ".response.bin");
        struct span text = v3_answer_text(header_of(&message, "alipay-timestamp"),
                                          header_of(&message, "alipay-nonce"), message.body, &arena);
        signature_holds(&platform_key, text, header_of(&message, "alipay-signature"));
    }
}

static void a_notice_is_verified_and_written_again(void **state)
{
    struct alipay_params params;
    (void)state;
    vectors_needed();
    struct span body = file_of("notify.body.txt", "");
    alipay_params_init(&params, &arena);
    assert_int_equal(alipay_params_body(&params, SPAN("application/x-www-form-urlencoded"), body),
                     ALIPAY_PARAMS_ok);
    struct span text =
        alipay_canonical_text(&params, (struct alipay_canonical){ ALIPAY_SIGNED_notice, false });
    spans_equal(text, file_of("notify.canonical.txt", ""));
    assert_true(alipay_notice_verify(&params, &platform_key));
    assert_false(alipay_notice_verify(&params, &app_key));
    spans_equal(alipay_params_write(&params), body);
}

/* The text of an attribute or a field without its HTML escapes. */
static struct span unescaped(struct span text)
{
    char *to = arena_take(&arena, text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.size - i >= 6 && memcmp(text.bytes + i, "&quot;", 6) == 0) {
            to[size++] = '"';
            i += 5;
        } else {
            to[size++] = text.bytes[i];
        }
    }
    return (struct span){ to, size };
}

static void pages_and_order_strings_are_verified(void **state)
{
    struct alipay_params params;
    struct span expected;
    (void)state;
    vectors_needed();
    struct span url = span_trim(file_of("v2_pageExec_GET.txt", ""));
    alipay_params_init(&params, &arena);
    assert_int_equal(alipay_params_query(&params, after(url, "?")), ALIPAY_PARAMS_ok);
    assert_true(alipay_params_verify(&params, &app_key, ALIPAY_RSA2, &expected));

    alipay_params_init(&params, &arena);
    assert_int_equal(alipay_params_query(&params, span_trim(file_of("v2_sdkExec.txt", ""))),
                     ALIPAY_PARAMS_ok);
    assert_true(alipay_params_verify(&params, &app_key, ALIPAY_RSA2, &expected));
    spans_equal(alipay_param_value(&params, "method"), SPAN("alipay.trade.app.pay"));

    struct span html = file_of("v2_pageExec_POST.html", "");
    alipay_params_init(&params, &arena);
    assert_int_equal(alipay_params_query(&params, before(after(html, "gateway.do?"), "\"")),
                     ALIPAY_PARAMS_ok);
    struct span content = before(after(html, "name=\"biz_content\" value=\""), "\" />");
    assert_int_equal(alipay_params_add(&params, SPAN("alipay_sdk"), SPAN("alipay-sdk-nodejs-4.0.0")),
                     ALIPAY_PARAMS_ok);
    assert_int_equal(alipay_params_add(&params, SPAN("biz_content"), unescaped(content)), ALIPAY_PARAMS_ok);
    assert_true(alipay_params_verify(&params, &app_key, ALIPAY_RSA2, &expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_read_and_verified),
        cmocka_unit_test(the_file_of_an_upload_stands_apart),
        cmocka_unit_test(encrypted_content_is_read),
        cmocka_unit_test(answers_of_the_form_gateway_are_signed_over_their_node),
        cmocka_unit_test(rest_requests_are_read_and_verified),
        cmocka_unit_test(rest_answers_are_signed),
        cmocka_unit_test(a_notice_is_verified_and_written_again),
        cmocka_unit_test(pages_and_order_strings_are_verified),
    };
    return cmocka_run_group_tests(tests, vectors_open, vectors_close);
}
