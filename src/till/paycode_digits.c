/* SPDX-License-Identifier: Apache-2.0 */
#include "till/paycode_digits.h"

#include <openssl/crypto.h>

#include "base/civil.h"
#include "base/hash.h"
#include "till/text_out.h"

static const char secret_label[] = "onetill paycode v1";
static const char login_label[] = "onetill log-in code v1";

#define PAY_PREFIX "28"
#define LOGIN_PREFIX "38"

static void put_be64(uint8_t to[8], uint64_t number)
{
    for (size_t i = 8; i-- > 0;) {
        to[i] = (uint8_t)number;
        number >>= 8;
    }
}

/*
 * Phones that are offline compute this too, so it is frozen for as long as codes begin with 28 and 38. The
 * constant keeps an otp of 0 from leaving the alias as it is.
 */
static int64_t alias_shift(uint32_t otp)
{
    return (int64_t)(hash_mix(otp + UINT64_C(0x9e3779b97f4a7c15)) % (uint64_t)PAYCODE_ALIAS_LIMIT);
}

int64_t paycode_step(int64_t at_us)
{
    assert(at_us >= 0);
    return at_us / (PAYCODE_STEP_SECONDS * US_PER_SECOND);
}

void paycode_secret(const struct hmac_key *master, int64_t alias, int64_t generation,
                    uint8_t secret[PAYCODE_SECRET_SIZE])
{
    uint8_t message[sizeof(secret_label) - 1 + 16];
    uint8_t *numbers = message + sizeof(secret_label) - 1;

    assert(alias >= 0);
    assert(alias < PAYCODE_ALIAS_LIMIT);
    assert(generation >= 0);
    memcpy(message, secret_label, sizeof(secret_label) - 1);
    put_be64(numbers, (uint64_t)alias);
    put_be64(numbers + 8, (uint64_t)generation);
    hmac_write(master, message, sizeof(message), secret);
}

uint32_t paycode_otp(const struct hmac_key *secret, int64_t step, uint32_t limit)
{
    uint8_t message[8];
    uint8_t mac[SHA256_SIZE];

    assert(step >= 0);
    assert(limit > 0);
    put_be64(message, (uint64_t)step);
    hmac_write(secret, message, sizeof(message), mac);
    const uint8_t *at = mac + (mac[SHA256_SIZE - 1] & 0x0F);
    uint32_t number = (uint32_t)(at[0] & 0x7F) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    return number % limit;
}

static void code_join(const char *prefix, int64_t alias, uint32_t otp, char to[PAYCODE_SIZE])
{
    struct text_out out = text_out_begin(to, PAYCODE_SIZE);

    assert(alias >= 0);
    assert(alias < PAYCODE_ALIAS_LIMIT);
    assert(otp < PAYCODE_OTP_LIMIT);
    int64_t shown = (alias + alias_shift(otp)) % PAYCODE_ALIAS_LIMIT;
    text_out_literal(&out, prefix);
    text_out_number(&out, (uint64_t)shown, 9);
    text_out_number(&out, otp, 7);
    assert(text_out_end(&out).size == PAYCODE_DIGITS);
}

void paycode_join(int64_t alias, uint32_t otp, char to[PAYCODE_SIZE])
{
    code_join(PAY_PREFIX, alias, otp, to);
}

void logincode_join(int64_t alias, uint32_t otp, char to[PAYCODE_SIZE])
{
    code_join(LOGIN_PREFIX, alias, otp, to);
}

static uint32_t otp_of(const uint8_t secret[PAYCODE_SECRET_SIZE], int64_t step)
{
    struct hmac_key key;

    hmac_key_init(&key, secret, PAYCODE_SECRET_SIZE);
    uint32_t otp = paycode_otp(&key, step, PAYCODE_OTP_LIMIT);
    hmac_key_wipe(&key);
    return otp;
}

void paycode_write(int64_t alias, const uint8_t secret[PAYCODE_SECRET_SIZE], int64_t step,
                   char to[PAYCODE_SIZE])
{
    paycode_join(alias, otp_of(secret, step), to);
}

void logincode_secret(const uint8_t secret[PAYCODE_SECRET_SIZE], uint8_t to[PAYCODE_SECRET_SIZE])
{
    struct hmac_key key;

    hmac_key_init(&key, secret, PAYCODE_SECRET_SIZE);
    hmac_write(&key, login_label, sizeof(login_label) - 1, to);
    hmac_key_wipe(&key);
}

void logincode_write(int64_t alias, const uint8_t secret[PAYCODE_SECRET_SIZE], int64_t step,
                     char to[PAYCODE_SIZE])
{
    uint8_t login[PAYCODE_SECRET_SIZE];

    logincode_secret(secret, login);
    logincode_join(alias, otp_of(login, step), to);
    OPENSSL_cleanse(login, sizeof(login));
}

/* `digits` are known to be digits, few enough for an int64_t. */
static int64_t digits_value(const char *digits, size_t count)
{
    int64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value * 10 + (digits[i] - '0');
    }
    return value;
}

/* `otherwise`: what a code with another prefix is. */
static enum paycode_error code_parse(struct span code, const char *prefix, enum paycode_error otherwise,
                                     int64_t *alias, uint32_t *otp)
{
    if (code.size != PAYCODE_DIGITS) {
        return PAYCODE_not_18_digits;
    }
    for (size_t i = 0; i < code.size; i++) {
        if (code.bytes[i] < '0' || code.bytes[i] > '9') {
            return PAYCODE_not_18_digits;
        }
    }
    if (memcmp(code.bytes, prefix, 2) != 0) {
        return otherwise;
    }
    int64_t shown = digits_value(code.bytes + 2, 9);
    uint32_t shown_otp = (uint32_t)digits_value(code.bytes + 11, 7);
    *alias = (shown - alias_shift(shown_otp) + PAYCODE_ALIAS_LIMIT) % PAYCODE_ALIAS_LIMIT;
    *otp = shown_otp;
    return PAYCODE_ok;
}

enum paycode_error paycode_parse(struct span code, int64_t *alias, uint32_t *otp)
{
    return code_parse(code, PAY_PREFIX, PAYCODE_not_beginning_28, alias, otp);
}

enum paycode_error logincode_parse(struct span code, int64_t *alias, uint32_t *otp)
{
    return code_parse(code, LOGIN_PREFIX, PAYCODE_not_beginning_38, alias, otp);
}

static bool otp_is_of(const struct hmac_key *key, uint32_t otp, int64_t step)
{
    if (step < 0) {
        return false;
    }
    uint32_t right = paycode_otp(key, step, PAYCODE_OTP_LIMIT);
    return digest_equal(&right, &otp, sizeof(otp));
}

int64_t paycode_match(const uint8_t secret[PAYCODE_SECRET_SIZE], uint32_t otp, int64_t now_step,
                      int drift_steps)
{
    struct hmac_key key;
    int64_t match = -1;

    assert(now_step >= 0);
    assert(drift_steps >= 0);
    assert(drift_steps <= PAYCODE_DRIFT_STEPS_MAX);
    hmac_key_init(&key, secret, PAYCODE_SECRET_SIZE);
    for (int drift = 0; drift <= drift_steps && match < 0; drift++) {
        if (otp_is_of(&key, otp, now_step - drift)) {
            match = now_step - drift;
        } else if (drift > 0 && otp_is_of(&key, otp, now_step + drift)) {
            match = now_step + drift;
        }
    }
    hmac_key_wipe(&key);
    return match;
}

int64_t logincode_match(const uint8_t secret[PAYCODE_SECRET_SIZE], uint32_t otp, int64_t now_step,
                        int drift_steps)
{
    uint8_t login[PAYCODE_SECRET_SIZE];

    logincode_secret(secret, login);
    int64_t match = paycode_match(login, otp, now_step, drift_steps);
    OPENSSL_cleanse(login, sizeof(login));
    return match;
}

/* RFC 3986: everything but the unreserved characters is escaped. */
static void percent_write(struct text_out *out, struct span text)
{
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.bytes[i];
        if (memchr(unreserved, byte, sizeof(unreserved) - 1) != NULL) {
            text_out_span(out, (struct span){ text.bytes + i, 1 });
        } else {
            char escaped[3] = { '%', hex[byte >> 4], hex[byte & 0x0F] };
            text_out_span(out, (struct span){ escaped, sizeof(escaped) });
        }
    }
}

enum status paycode_uri_write(struct span label, const uint8_t secret[PAYCODE_SECRET_SIZE], char *to,
                              size_t capacity, size_t *size)
{
    char secret_text[BASE32_SIZE(PAYCODE_SECRET_SIZE)];
    struct text_out out = text_out_begin(to, capacity);

    if (label.size == 0 || label.size > PAYCODE_LABEL_SIZE_MAX || !span_is_text(label)) {
        return STATUS_bad_input;
    }
    base32_write(secret, PAYCODE_SECRET_SIZE, secret_text);
    text_out_literal(&out, "otpauth://totp/Onetill:");
    percent_write(&out, label);
    text_out_literal(&out, "?secret=");
    text_out_literal(&out, secret_text);
    text_out_literal(&out, "&issuer=Onetill&algorithm=SHA256&digits=7&period=60");
    OPENSSL_cleanse(secret_text, sizeof(secret_text));
    *size = text_out_end(&out).size;
    return out.failed ? STATUS_too_large : STATUS_ok;
}
