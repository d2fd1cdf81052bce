/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/money_text.h"

#include <stdio.h>

#include "base/limits.h"

#define ID_EPOCH_US (INT64_C(1262304000) * US_PER_SECOND) /* ids begin with milliseconds since 2010 */
#define TRADE_NO_ISSUER '9'                               /* so that none is taken for one of Alipay's own */
#define DAY_DIGITS 8
#define ID_DIGITS 19
#define YUAN_DIGITS_MAX 32 /* of an amount as it is sent, with zeros that change nothing */
#define YUAN_EXPONENT_MAX 30

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

static size_t digits_of(struct span text)
{
    size_t count = 0;
    while (count < text.size && is_digit(text.bytes[count])) {
        count++;
    }
    return count;
}

static struct span span_from(struct span text, size_t at)
{
    return (struct span){ text.bytes + at, text.size - at };
}

/* All of the text as digits, at most `most` of them. */
static bool digits_read(struct span text, size_t most, int64_t *value)
{
    return text.size > 0 && text.size <= most && digits_of(text) == text.size && span_to_i64(text, value);
}

/* ---- amounts ---- */

/* `e` or `E`, a sign, digits; nothing is an exponent of 0. */
static bool exponent_read(struct span text, int64_t *exponent)
{
    bool negative = false;
    int64_t value;

    if (text.size == 0) {
        *exponent = 0;
        return true;
    }
    if (text.bytes[0] != 'e' && text.bytes[0] != 'E') {
        return false;
    }
    text = span_from(text, 1);
    if (text.size > 0 && (text.bytes[0] == '+' || text.bytes[0] == '-')) {
        negative = text.bytes[0] == '-';
        text = span_from(text, 1);
    }
    if (!digits_read(text, 3, &value) || value > YUAN_EXPONENT_MAX) {
        return false;
    }
    *exponent = negative ? -value : value;
    return true;
}

/*
 * The digits without their point are the amount times ten to the power of `-scale`: what lies beyond the
 * second decimal must be zeros, and what is missing is filled up with them.
 */
static bool scaled_read(const char *digits, size_t count, int64_t scale, int64_t *minor)
{
    int64_t value = 0;

    while (scale > 2 && count > 0) {
        count--;
        scale--;
        if (digits[count] != '0') {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        value = value * 10 + (digits[i] - '0');
        if (value > AMOUNT_MAX) {
            return false;
        }
    }
    for (; scale < 2 && value > 0; scale++) {
        value *= 10;
        if (value > AMOUNT_MAX) {
            return false;
        }
    }
    *minor = value;
    return true;
}

bool yuan_read(struct span text, int64_t *minor)
{
    char digits[YUAN_DIGITS_MAX];
    struct span rest;
    int64_t exponent;

    size_t whole = digits_of(text);
    if (whole == 0 || (whole > 1 && text.bytes[0] == '0')) {
        return false;
    }
    rest = span_from(text, whole);
    size_t decimals = 0;
    if (rest.size > 0 && rest.bytes[0] == '.') {
        rest = span_from(rest, 1);
        decimals = digits_of(rest);
        if (decimals == 0) {
            return false;
        }
    }
    if (whole + decimals > sizeof(digits) || !exponent_read(span_from(rest, decimals), &exponent)) {
        return false;
    }
    memcpy(digits, text.bytes, whole);
    memcpy(digits + whole, rest.bytes, decimals);
    return scaled_read(digits, whole + decimals, (int64_t)decimals - exponent, minor);
}

size_t yuan_write(int64_t minor, char to[YUAN_TEXT_SIZE])
{
    uint64_t value = minor < 0 ? -(uint64_t)minor : (uint64_t)minor;
    int size = snprintf(to, YUAN_TEXT_SIZE, "%s%llu.%02llu", minor < 0 ? "-" : "",
                        (unsigned long long)(value / 100), (unsigned long long)(value % 100));
    assert(size > 0);
    assert(size < YUAN_TEXT_SIZE);
    return (size_t)size;
}

/* ---- times ---- */

static size_t beijing_format(int64_t at_us, bool with_ms, char to[BEIJING_TEXT_SIZE])
{
    assert(at_us >= 0);
    assert(at_us <= INSTANT_MAX_US - US_PER_DAY);
    struct civil civil = civil_of(at_us, BEIJING_MINUTES);
    int size = snprintf(to, BEIJING_TEXT_SIZE, "%04d-%02d-%02d %02d:%02d:%02d", civil.year, civil.month,
                        civil.day, civil.hour, civil.minute, civil.second);
    assert(size == BEIJING_TEXT_SIZE - 5);
    if (with_ms) {
        size += snprintf(to + size, BEIJING_TEXT_SIZE - (size_t)size, ".%03d", civil.us / 1000);
        assert(size == BEIJING_TEXT_SIZE - 1);
    }
    return (size_t)size;
}

size_t beijing_write(int64_t at_us, char to[BEIJING_TEXT_SIZE])
{
    return beijing_format(at_us, false, to);
}

size_t beijing_write_ms(int64_t at_us, char to[BEIJING_TEXT_SIZE])
{
    return beijing_format(at_us, true, to);
}

/* The text has the shape of `like`, where 0 stands for a digit. */
static bool is_like(struct span text, const char *like)
{
    if (text.size != strlen(like)) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (like[i] == '0' ? !is_digit(text.bytes[i]) : text.bytes[i] != like[i]) {
            return false;
        }
    }
    return true;
}

bool beijing_read(struct span text, int64_t *at_us)
{
    static const char long_form[] = "0000-00-00 00:00:00";
    static const char short_form[] = "0000-00-00 00:00";
    char instant[] = "0000-00-00T00:00:00+08:00";

    if (!is_like(text, long_form) && !is_like(text, short_form)) {
        return false;
    }
    memcpy(instant, text.bytes, text.size);
    instant[10] = 'T';
    return instant_read(span_of(instant), at_us);
}

bool bill_date_read(struct span text, int64_t *first_day, int *day_count)
{
    char day[] = "0000-00-01";
    int64_t first;

    if (is_like(text, "0000-00-00")) {
        if (!day_read(text, first_day)) {
            return false;
        }
        *day_count = 1;
        return true;
    }
    if (!is_like(text, "0000-00")) {
        return false;
    }
    memcpy(day, text.bytes, text.size);
    if (!day_read(span_of(day), &first)) {
        return false;
    }
    int count = 28;
    while (count < 31 && civil_yyyymmdd(first + count) / 100 == civil_yyyymmdd(first) / 100) {
        count++;
    }
    *first_day = first;
    *day_count = count;
    return true;
}

bool timeout_express_read(struct span text, int64_t from_us, int64_t *expires_at_us)
{
    int64_t count, unit_us;

    if (span_equal(text, SPAN("1c"))) {
        int64_t next_day = civil_day(from_us, BEIJING_MINUTES) + 1;
        *expires_at_us = next_day * US_PER_DAY - BEIJING_MINUTES * US_PER_MINUTE;
        return true;
    }
    if (text.size < 2) {
        return false;
    }
    switch (text.bytes[text.size - 1]) {
    case 'm':
        unit_us = US_PER_MINUTE;
        break;
    case 'h':
        unit_us = US_PER_HOUR;
        break;
    case 'd':
        unit_us = US_PER_DAY;
        break;
    default:
        return false;
    }
    if (!digits_read((struct span){ text.bytes, text.size - 1 }, 5, &count) || count == 0 ||
        count > TIMEOUT_EXPRESS_MAX_US / unit_us) {
        return false;
    }
    *expires_at_us = from_us + count * unit_us;
    return true;
}

/* ---- ids ---- */

#define USER_ID_PREFIX "2088"

size_t user_id_write(enum user_kind kind, int64_t id, char to[USER_ID_SIZE])
{
    assert(id > 0);
    assert((unsigned)kind < USER_KIND_COUNT);
    int size = snprintf(to, USER_ID_SIZE, USER_ID_PREFIX "%d%011lld", (int)kind, (long long)id);
    assert(size > 0);
    assert(size < USER_ID_SIZE);
    return (size_t)size;
}

bool user_id_read(struct span text, enum user_kind *kind, int64_t *id)
{
    const size_t prefix_size = sizeof(USER_ID_PREFIX) - 1;
    char spelling[USER_ID_SIZE];
    int64_t number;

    if (text.size <= prefix_size + 1 || memcmp(text.bytes, USER_ID_PREFIX, prefix_size) != 0) {
        return false;
    }
    char digit = text.bytes[prefix_size];
    if (digit < '0' || digit >= '0' + USER_KIND_COUNT ||
        !digits_read(span_from(text, prefix_size + 1), ID_DIGITS, &number) || number == 0) {
        return false;
    }
    enum user_kind read = (enum user_kind)(digit - '0');
    size_t size = user_id_write(read, number, spelling);
    if (!span_equal(text, (struct span){ spelling, size })) {
        return false;
    }
    *kind = read;
    *id = number;
    return true;
}

size_t trade_no_write(int64_t trade_id, char to[TRADE_NO_SIZE])
{
    assert(trade_id > 0);
    int64_t at_us = ID_EPOCH_US + (trade_id >> 22) * 1000;
    int32_t day = civil_yyyymmdd(civil_day(at_us, BEIJING_MINUTES));
    int size = snprintf(to, TRADE_NO_SIZE, "%08d%c%019lld", (int)day, TRADE_NO_ISSUER, (long long)trade_id);
    assert(size == TRADE_NO_SIZE - 1);
    return (size_t)size;
}

bool trade_no_read(struct span text, int64_t *trade_id)
{
    char spelling[TRADE_NO_SIZE];
    int64_t id;

    if (text.size != TRADE_NO_SIZE - 1 || !digits_read(span_from(text, DAY_DIGITS + 1), ID_DIGITS, &id) ||
        id == 0) {
        return false;
    }
    size_t size = trade_no_write(id, spelling);
    if (!span_equal(text, (struct span){ spelling, size })) {
        return false;
    }
    *trade_id = id;
    return true;
}

/* ---- masking ---- */

/* The largest part of the first `most` bytes that does not cut a character. */
static size_t whole_characters(struct span text, size_t most)
{
    size_t size = text.size < most ? text.size : most;
    while (size > 0 && size < text.size && ((uint8_t)text.bytes[size] & 0xC0) == 0x80) {
        size--;
    }
    return size;
}

static size_t logon_write(struct span head, const char *stars, struct span tail, char to[LOGON_MASKED_SIZE])
{
    int size = snprintf(to, LOGON_MASKED_SIZE, "%.*s%s%.*s", (int)head.size, head.bytes, stars,
                        (int)tail.size, tail.bytes);
    assert(size > 0);
    assert(size < LOGON_MASKED_SIZE);
    return (size_t)size;
}

size_t logon_mask(struct span logon, char to[LOGON_MASKED_SIZE])
{
    const char *at = logon.size == 0 ? NULL : memchr(logon.bytes, '@', logon.size);

    assert(logon.size <= 100);
    if (at != NULL) {
        struct span name = { logon.bytes, (size_t)(at - logon.bytes) };
        /* Of a name of up to three letters only the first is shown, or nothing would be hidden. */
        name.size = whole_characters(name, name.size > 3 ? 3 : 1);
        return logon_write(name, "***", span_from(logon, (size_t)(at - logon.bytes)), to);
    }
    if (logon.size >= 11) {
        struct span head = { logon.bytes, whole_characters(logon, 3) };
        size_t cut = logon.size - 4;
        while (cut < logon.size && ((uint8_t)logon.bytes[cut] & 0xC0) == 0x80) {
            cut++;
        }
        return logon_write(head, "****", span_from(logon, cut), to);
    }
    struct span head = { logon.bytes, whole_characters(logon, 1) };
    return logon_write(head, "***", (struct span){ "", 0 }, to);
}
