/* SPDX-License-Identifier: Apache-2.0 */
#include "till/emvco.h"

#include "till/emvco_internal.h"

const char *emvco_error_name(enum emvco_error error)
{
#define EMVCO_ERROR_NAME(token) #token,
    static const char *const names[] = { EMVCO_ERRORS(EMVCO_ERROR_NAME) };
#undef EMVCO_ERROR_NAME
    assert((size_t)error < COUNT_OF(names));
    return names[error];
}

uint16_t emvco_crc(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    unsigned crc = 0xFFFF;

    for (size_t i = 0; i < size; i++) {
        crc ^= (unsigned)at[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
        }
        crc &= 0xFFFF;
    }
    return (uint16_t)crc;
}

int emvco_digits_value(struct span text)
{
    int value = 0;
    assert(text.size <= 4);
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9') {
            return -1;
        }
        value = value * 10 + (text.bytes[i] - '0');
    }
    return value;
}

static bool is_continuation(char byte)
{
    return ((uint8_t)byte & 0xC0) == 0x80;
}

size_t emvco_characters(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += !is_continuation(text.bytes[i]);
    }
    return count;
}

enum emvco_error emvco_next(struct span *rest, struct emvco_field *field)
{
    if (rest->size < 2) {
        return EMVCO_bad_tag;
    }
    int id = emvco_digits_value((struct span){ rest->bytes, 2 });
    if (id < 0) {
        return EMVCO_bad_tag;
    }
    int length = rest->size < 4 ? -1 : emvco_digits_value((struct span){ rest->bytes + 2, 2 });
    if (length <= 0) {
        return EMVCO_bad_length;
    }
    size_t at = 4;
    for (; length > 0; length--) {
        if (at == rest->size) {
            return EMVCO_bad_length;
        }
        at++;
        while (at < rest->size && is_continuation(rest->bytes[at])) {
            at++;
        }
    }
    field->id = (uint8_t)id;
    field->value = (struct span){ rest->bytes + 4, at - 4 };
    *rest = (struct span){ rest->bytes + at, rest->size - at };
    return EMVCO_ok;
}

struct span emvco_find(struct span value, uint8_t id)
{
    struct emvco_field field;
    while (value.size > 0 && emvco_next(&value, &field) == EMVCO_ok) {
        if (field.id == id) {
            return field.value;
        }
    }
    return (struct span){ NULL, 0 };
}

bool emvco_id_set_add(struct emvco_id_set *set, uint8_t id)
{
    assert(id < COUNT_OF(set->has));
    if (set->has[id]) {
        return false;
    }
    set->has[id] = true;
    return true;
}

bool emvco_is_ascii(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] < 0x20 || text.bytes[i] > 0x7E) {
            return false;
        }
    }
    return true;
}

bool emvco_is_amount(struct span text, size_t max)
{
    bool point = false;
    bool positive = false;

    if (text.size == 0 || text.size > max || text.bytes[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.bytes[i];
        if (byte == '.' && !point) {
            point = true;
        } else if (byte < '0' || byte > '9') {
            return false;
        } else {
            positive |= byte != '0';
        }
    }
    return positive;
}

bool emvco_amount_read(struct span text, int digits, int64_t *minor)
{
    struct span decimals;
    int64_t value = 0;

    assert(digits >= 0);
    assert(digits <= EMVCO_DIGITS_MAX);
    if (!emvco_is_amount(text, AMOUNT_MAX_CHARACTERS)) {
        return false;
    }
    struct span whole = span_cut(text, '.', &decimals);
    for (size_t i = 0; i < whole.size; i++) {
        value = value * 10 + (whole.bytes[i] - '0');
    }
    for (size_t i = 0; i < (size_t)digits; i++) {
        value = value * 10 + (i < decimals.size ? decimals.bytes[i] - '0' : 0);
    }
    for (size_t i = (size_t)digits; i < decimals.size; i++) {
        if (decimals.bytes[i] != '0') {
            return false;
        }
    }
    *minor = value; /* at most 13 + 4 digits: it cannot overflow, nor be zero */
    return true;
}

bool emvco_amount_write(int64_t minor, int digits, char to[EMVCO_AMOUNT_SIZE])
{
    struct text_out out = text_out_begin(to, EMVCO_AMOUNT_SIZE);
    uint64_t unit = 1;

    assert(digits >= 0);
    assert(digits <= EMVCO_DIGITS_MAX);
    if (minor <= 0) {
        return false;
    }
    for (int i = 0; i < digits; i++) {
        unit *= 10;
    }
    text_out_number(&out, (uint64_t)minor / unit, 1);
    if (digits > 0) {
        text_out_literal(&out, ".");
        text_out_number(&out, (uint64_t)minor % unit, (size_t)digits);
    }
    return !out.failed;
}
