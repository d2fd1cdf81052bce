/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"

#include "base/checked.h"

struct span span_of(const char *terminated)
{
    return (struct span){ terminated, strlen(terminated) };
}

bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

struct span span_cut(struct span text, char separator, struct span *rest)
{
    const char *at = text.size > 0 ? memchr(text.bytes, separator, text.size) : NULL;
    if (at == NULL) {
        *rest = (struct span){ text.size > 0 ? text.bytes + text.size : text.bytes, 0 };
        return text;
    }
    size_t before = (size_t)(at - text.bytes);
    *rest = (struct span){ at + 1, text.size - before - 1 };
    return (struct span){ text.bytes, before };
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct span span_trim(struct span text)
{
    while (text.size > 0 && is_blank(text.bytes[0])) {
        text.bytes++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.bytes[text.size - 1])) {
        text.size--;
    }
    return text;
}

bool span_to_i64(struct span text, int64_t *value)
{
    size_t index = 0;
    bool negative = false;
    int64_t result = 0;

    if (text.size > 0 && text.bytes[0] == '-') {
        negative = true;
        index = 1;
    }
    if (index == text.size) {
        return false;
    }
    for (; index < text.size; index++) {
        char digit = text.bytes[index];
        if (digit < '0' || digit > '9') {
            return false;
        }
        int64_t step = negative ? -(digit - '0') : digit - '0';
        if (__builtin_mul_overflow(result, 10, &result) || !checked_add(result, step, &result)) {
            return false;
        }
    }
    *value = result;
    return true;
}

bool span_copy(struct span text, char *to, size_t capacity)
{
    if (text.size >= capacity) {
        return false;
    }
    if (text.size > 0) {
        memcpy(to, text.bytes, text.size);
    }
    to[text.size] = '\0';
    return true;
}

/* Size of the well-formed UTF-8 sequence at the start of `bytes`, 0 when there is none. */
static size_t utf8_sequence(const unsigned char *bytes, size_t size)
{
    unsigned char first = bytes[0];
    size_t need = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (need == 0 || need > size) {
        return 0;
    }
    for (size_t i = 1; i < need; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (first == 0xE0 && bytes[1] < 0xA0) || (first == 0xF0 && bytes[1] < 0x90);
    bool surrogate = first == 0xED && bytes[1] >= 0xA0;
    bool beyond = first == 0xF4 && bytes[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : need;
}

bool span_is_text(struct span text)
{
    const unsigned char *bytes = (const unsigned char *)text.bytes;
    size_t index = 0;
    while (index < text.size) {
        if (bytes[index] < 0x20 || bytes[index] == 0x7F) {
            return false;
        }
        size_t step = utf8_sequence(bytes + index, text.size - index);
        if (step == 0) {
            return false;
        }
        index += step;
    }
    return true;
}

void hex_write(const uint8_t *bytes, size_t size, char *to)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 15];
    }
    to[2 * size] = '\0';
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return -1;
}

bool hex_read(struct span text, uint8_t *bytes, size_t size)
{
    if (text.size != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text.bytes[2 * i]);
        int low = hex_digit(text.bytes[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}
