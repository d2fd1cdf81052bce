/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/voucher_code.h"

#include "base/digest.h"

#define CODE_DIGITS (VOUCHER_CODE_SIZE - 1)
#define SECRET_DIGITS (CODE_DIGITS - 1)
#define SECRETS INT64_C(100000000000) /* 10^SECRET_DIGITS */

/* Damm's quasigroup of order 10: totally anti-symmetric, with zeros on its diagonal. */
static const uint8_t damm[10][10] = {
    { 0, 3, 1, 7, 5, 9, 8, 6, 4, 2 }, { 7, 0, 9, 2, 1, 5, 4, 8, 6, 3 }, { 4, 2, 0, 6, 8, 7, 1, 3, 5, 9 },
    { 1, 7, 5, 0, 9, 8, 3, 4, 2, 6 }, { 6, 1, 2, 3, 0, 4, 5, 9, 7, 8 }, { 3, 6, 7, 4, 2, 0, 9, 5, 8, 1 },
    { 5, 8, 6, 9, 7, 2, 0, 1, 3, 4 }, { 8, 9, 4, 5, 3, 6, 2, 0, 1, 7 }, { 9, 4, 3, 8, 6, 1, 7, 2, 0, 5 },
    { 2, 5, 8, 1, 4, 3, 6, 7, 9, 0 },
};

char voucher_code_check_digit(const char *digits, size_t size)
{
    unsigned interim = 0;
    for (size_t i = 0; i < size; i++) {
        assert(digits[i] >= '0' && digits[i] <= '9');
        interim = damm[interim][digits[i] - '0'];
    }
    return (char)('0' + interim);
}

static uint8_t *number_put(uint8_t *to, int64_t number)
{
    uint64_t rest = (uint64_t)number;
    for (int i = 7; i >= 0; i--) {
        to[i] = (uint8_t)rest;
        rest >>= 8;
    }
    return to + 8;
}

void voucher_code_make(const struct voucher_code_seed *seed, char to[VOUCHER_CODE_SIZE])
{
    static const char label[] = "onetill voucher code v1";
    uint8_t message[sizeof(label) + 6 * 8], digest[SHA256_SIZE];
    uint64_t secret = 0;
    memcpy(message, label, sizeof(label));
    uint8_t *end = number_put(message + sizeof(label), seed->seed);
    end = number_put(end, seed->deal_id);
    end = number_put(end, seed->holder_id);
    end = number_put(end, seed->turn);
    end = number_put(end, seed->index);
    end = number_put(end, seed->attempt);
    assert(end == message + sizeof(message));
    sha256_write(message, sizeof(message), digest);
    for (int i = 0; i < 8; i++) {
        secret = secret << 8 | digest[i];
    }
    secret %= (uint64_t)SECRETS; /* of 2^64: no secret is likelier than another by more than 10^-8 */
    for (int i = SECRET_DIGITS - 1; i >= 0; i--) {
        to[i] = (char)('0' + secret % 10);
        secret /= 10;
    }
    to[SECRET_DIGITS] = voucher_code_check_digit(to, SECRET_DIGITS);
    to[CODE_DIGITS] = '\0';
}

bool voucher_code_read(struct span text, char to[VOUCHER_CODE_SIZE])
{
    char digits[VOUCHER_CODE_SIZE];
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        if (c == ' ' || c == '-') {
            continue;
        }
        if (c < '0' || c > '9' || count == CODE_DIGITS) {
            return false;
        }
        digits[count++] = c;
    }
    if (count != CODE_DIGITS || voucher_code_check_digit(digits, CODE_DIGITS) != '0') {
        return false;
    }
    memcpy(to, digits, CODE_DIGITS);
    to[CODE_DIGITS] = '\0';
    return true;
}
