/* SPDX-License-Identifier: Apache-2.0 */
#include "till/emvco_internal.h"

void emvco_field_write(struct text_out *out, uint8_t id, struct span value)
{
    size_t length = emvco_characters(value);
    if (value.size == 0) {
        return;
    }
    assert(length <= EMVCO_VALUE_MAX);
    text_out_number(out, id, 2);
    text_out_number(out, length, 2);
    text_out_span(out, value);
}

static void number_write(struct text_out *out, uint8_t id, int number, size_t digits)
{
    assert(number >= 0);
    text_out_number(out, id, 2);
    text_out_number(out, digits, 2);
    text_out_number(out, (uint64_t)number, digits);
}

/* False when the template's fields need more than 99 characters. */
static bool additional_write(struct text_out *out, const struct emvco *from)
{
    char bytes[EMVCO_VALUE_MAX + 1];
    struct text_out value = text_out_begin(bytes, sizeof(bytes));

    for (uint8_t id = 1; id < EMVCO_ADDITIONAL_limit; id++) {
        emvco_field_write(&value, id, from->additional[id]);
    }
    for (size_t i = 0; i < from->additional_template_count; i++) {
        emvco_field_write(&value, from->additional_templates[i].id, from->additional_templates[i].value);
    }
    emvco_field_write(out, ID_ADDITIONAL, text_out_end(&value));
    return !value.failed;
}

static void language_write(struct text_out *out, const struct emvco *from)
{
    char bytes[4 * EMVCO_VALUE_MAX + 1]; /* 2 + 25 + 15 characters and three heads always fit */
    struct text_out value = text_out_begin(bytes, sizeof(bytes));

    emvco_field_write(&value, 0, from->language);
    emvco_field_write(&value, 1, from->name_local);
    emvco_field_write(&value, 2, from->city_local);
    assert(!value.failed);
    emvco_field_write(out, ID_LANGUAGE, text_out_end(&value));
}

static enum emvco_error body_write(struct text_out *out, const struct emvco *from)
{
    emvco_field_write(out, ID_FORMAT, SPAN("01"));
    if (from->initiation != EMVCO_INITIATION_unsaid) {
        number_write(out, ID_INITIATION, (int)from->initiation, 2);
    }
    for (size_t i = 0; i < from->account_count; i++) {
        emvco_field_write(out, from->accounts[i].id, from->accounts[i].value);
    }
    if (from->category != EMVCO_CATEGORY_ABSENT) {
        number_write(out, ID_CATEGORY, from->category, 4);
    }
    number_write(out, ID_CURRENCY, from->currency, 3);
    emvco_field_write(out, ID_AMOUNT, from->amount);
    if (from->tip != EMVCO_TIP_none) {
        number_write(out, ID_TIP, (int)from->tip, 2);
        emvco_field_write(out, from->tip == EMVCO_TIP_fixed ? ID_TIP_FIXED : ID_TIP_PERCENTAGE,
                          from->tip_value);
    }
    emvco_field_write(out, ID_COUNTRY, from->country);
    emvco_field_write(out, ID_NAME, from->name);
    emvco_field_write(out, ID_CITY, from->city);
    emvco_field_write(out, ID_POSTAL, from->postal);
    if (!additional_write(out, from)) {
        return EMVCO_bad_additional;
    }
    language_write(out, from);
    for (size_t i = 0; i < from->unreserved_count; i++) {
        emvco_field_write(out, from->unreserved[i].id, from->unreserved[i].value);
    }
    return EMVCO_ok;
}

enum emvco_error emvco_write(const struct emvco *from, char *to, size_t capacity, size_t *size)
{
    /* A byte of head room tells a payload that is too long from one that just fits. */
    char payload[EMVCO_SIZE_MAX + 2];
    struct text_out out = text_out_begin(payload, sizeof(payload));
    static const char hex[] = "0123456789ABCDEF";

    enum emvco_error error = emvco_check(from);
    if (error == EMVCO_ok) {
        error = body_write(&out, from);
    }
    if (error != EMVCO_ok) {
        return error;
    }
    text_out_literal(&out, "6304");
    unsigned crc = emvco_crc(out.bytes, out.size);
    for (int shift = 12; shift >= 0; shift -= 4) {
        text_out_span(&out, (struct span){ &hex[crc >> shift & 0xF], 1 });
    }
    if (out.failed || out.size > EMVCO_SIZE_MAX) {
        return EMVCO_too_long;
    }
    if (!span_copy(text_out_end(&out), to, capacity)) {
        return EMVCO_no_room;
    }
    *size = out.size;
    return EMVCO_ok;
}
