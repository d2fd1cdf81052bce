/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that parses, as a pay code or as a log-in code and never as both, is written back to the same text, and
 * codes made of any alias, secret and step parse back to them and match. The same input serves as a label of an
 * otpauth:// address.
 */
#include "till/barcode.h"
#include "till/paycode_digits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text_try(struct span text)
{
    char code[PAYCODE_SIZE];
    struct barcode barcode;
    int64_t alias;
    uint32_t otp;

    if (logincode_parse(text, &alias, &otp) == PAYCODE_ok) {
        logincode_join(alias, otp, code);
        assert(span_equal(text, span_of(code)));
        enum paycode_error error = paycode_parse(text, &alias, &otp);
        assert(error == PAYCODE_not_beginning_28);
        return;
    }
    if (paycode_parse(text, &alias, &otp) != PAYCODE_ok) {
        return;
    }
    paycode_join(alias, otp, code);
    assert(span_equal(text, span_of(code)));
    enum status status = barcode_make(text, &barcode);
    assert(status == STATUS_ok);
}

static void numbers_try(const uint8_t *data, size_t size)
{
    uint8_t secret[PAYCODE_SECRET_SIZE] = { 0 };
    uint64_t numbers[2] = { 0 };
    struct hmac_key master;
    char code[PAYCODE_SIZE];
    int64_t alias;
    uint32_t otp;

    memcpy(numbers, data, size < sizeof(numbers) ? size : sizeof(numbers));
    int64_t right_alias = (int64_t)(numbers[0] % (uint64_t)PAYCODE_ALIAS_LIMIT);
    int64_t step = (int64_t)(numbers[1] >> 2);
    hmac_key_init(&master, data, size);
    paycode_secret(&master, right_alias, step, secret);
    paycode_write(right_alias, secret, step, code);
    enum paycode_error error = paycode_parse(span_of(code), &alias, &otp);
    assert(error == PAYCODE_ok);
    assert(alias == right_alias);
    int64_t match = paycode_match(secret, otp, step, 0);
    assert(match == step);

    logincode_write(right_alias, secret, step, code);
    error = logincode_parse(span_of(code), &alias, &otp);
    assert(error == PAYCODE_ok);
    assert(alias == right_alias);
    match = logincode_match(secret, otp, step, 0);
    assert(match == step);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[PAYCODE_SECRET_SIZE] = { 1 };
    char uri[PAYCODE_URI_SIZE_MAX];
    struct span text = { (const char *)data, size };
    size_t uri_size = 0;

    text_try(text);
    if (size > 0) {
        numbers_try(data, size);
    }
    enum status status = paycode_uri_write(text, secret, uri, sizeof(uri), &uri_size);
    assert(status == STATUS_ok || status == STATUS_bad_input);
    return 0;
}
