/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes: the envelope (form of the fields, duplicates, CRC), then what each field says. What the values
 * may be is left to emvco_check, which the writer calls too.
 */
#include "till/emvco_internal.h"

static int hex_digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool crc_holds(struct span payload, struct span value)
{
    unsigned given = 0;
    if (value.size != 4) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit_value(value.bytes[i]);
        if (digit < 0) {
            return false;
        }
        given = given << 4 | (unsigned)digit;
    }
    /* Over everything up to and with the id and length of the CRC itself. */
    return given == emvco_crc(payload.bytes, (size_t)(value.bytes - payload.bytes));
}

static enum emvco_error envelope_check(struct span payload)
{
    struct emvco_id_set seen = { 0 };
    struct emvco_field field = { 0 };

    if (payload.size > EMVCO_SIZE_MAX) {
        return EMVCO_too_long;
    }
    if (!span_is_text(payload)) {
        return EMVCO_bad_text;
    }
    if (payload.size == 0) {
        return EMVCO_missing_format;
    }
    for (struct span rest = payload; rest.size > 0;) {
        if (seen.has[ID_CRC]) {
            return EMVCO_trailing_bytes;
        }
        bool first = rest.bytes == payload.bytes;
        enum emvco_error error = emvco_next(&rest, &field);
        if (error != EMVCO_ok) {
            return error;
        }
        if (!emvco_id_set_add(&seen, field.id)) {
            return EMVCO_duplicate_tag;
        }
        if (first && field.id != ID_FORMAT) {
            return EMVCO_missing_format;
        }
        if (first && !span_equal(field.value, SPAN("01"))) {
            return EMVCO_bad_format;
        }
        if (field.id == ID_CRC && !crc_holds(payload, field.value)) {
            return EMVCO_bad_crc;
        }
    }
    return seen.has[ID_CRC] ? EMVCO_ok : EMVCO_missing_crc;
}

static enum emvco_error additional_read(struct span value, struct emvco *to)
{
    enum emvco_error error = emvco_template_check(value, EMVCO_bad_additional);
    if (error != EMVCO_ok) {
        return error;
    }
    while (value.size > 0) {
        struct emvco_field field;
        error = emvco_next(&value, &field);
        assert(error == EMVCO_ok);
        if (field.id == 0) {
            return EMVCO_bad_additional;
        }
        if (field.id < EMVCO_ADDITIONAL_limit) {
            to->additional[field.id] = field.value;
        } else if (field.id >= SUB_ADDITIONAL_TEMPLATE_FIRST) {
            /* 99 characters hold 11 templates of the least size; a twelfth one cannot be well-formed. */
            if (to->additional_template_count == EMVCO_ADDITIONAL_TEMPLATES_MAX) {
                return EMVCO_bad_additional;
            }
            to->additional_templates[to->additional_template_count++] = field;
        }
    }
    return EMVCO_ok;
}

static enum emvco_error language_read(struct span value, struct emvco *to)
{
    enum emvco_error error = emvco_template_check(value, EMVCO_bad_language);
    if (error != EMVCO_ok) {
        return error;
    }
    to->language = emvco_find(value, 0);
    to->name_local = emvco_find(value, 1);
    to->city_local = emvco_find(value, 2);
    return to->language.size > 0 ? EMVCO_ok : EMVCO_bad_language;
}

/* Exactly `count` digits into `*to`. */
static bool number_read(struct span value, size_t count, int *to)
{
    *to = value.size == count ? emvco_digits_value(value) : -1;
    return *to >= 0;
}

static enum emvco_error tip_read(const struct emvco_field *field, struct emvco *to)
{
    int tip;
    if (field->id == ID_TIP) {
        if (!number_read(field->value, 2, &tip) || tip < EMVCO_TIP_prompt || tip > EMVCO_TIP_percentage) {
            return EMVCO_bad_tip;
        }
        to->tip = (enum emvco_tip)tip;
        return EMVCO_ok;
    }
    /* Fields come in any order: which of 56 and 57 was expected is only known at the end. */
    if (to->tip_value.size > 0) {
        return EMVCO_bad_tip;
    }
    to->tip_value = field->value;
    return EMVCO_ok;
}

static enum emvco_error field_read(const struct emvco_field *field, struct emvco *to)
{
    int number;

    if (field->id != ID_LANGUAGE && !emvco_is_ascii(field->value)) {
        return EMVCO_not_ascii;
    }
    if (field->id >= ID_ACCOUNT_FIRST && field->id <= ID_ACCOUNT_LAST) {
        to->accounts[to->account_count++] = *field;
        return EMVCO_ok;
    }
    if (field->id >= ID_UNRESERVED_FIRST) {
        to->unreserved[to->unreserved_count++] = *field;
        return EMVCO_ok;
    }
    switch (field->id) {
    case ID_INITIATION:
        if (!number_read(field->value, 2, &number) ||
            (number != EMVCO_INITIATION_static && number != EMVCO_INITIATION_dynamic)) {
            return EMVCO_bad_initiation;
        }
        to->initiation = (enum emvco_initiation)number;
        return EMVCO_ok;
    case ID_CATEGORY:
        return number_read(field->value, 4, &to->category) ? EMVCO_ok : EMVCO_bad_category;
    case ID_CURRENCY:
        return number_read(field->value, 3, &to->currency) && to->currency > 0 ? EMVCO_ok
                                                                               : EMVCO_bad_currency;
    case ID_AMOUNT:
        to->amount = field->value;
        return EMVCO_ok;
    case ID_TIP:
    case ID_TIP_FIXED:
    case ID_TIP_PERCENTAGE:
        return tip_read(field, to);
    case ID_COUNTRY:
        to->country = field->value;
        return EMVCO_ok;
    case ID_NAME:
        to->name = field->value;
        return EMVCO_ok;
    case ID_CITY:
        to->city = field->value;
        return EMVCO_ok;
    case ID_POSTAL:
        to->postal = field->value;
        return EMVCO_ok;
    case ID_ADDITIONAL:
        return additional_read(field->value, to);
    case ID_LANGUAGE:
        return language_read(field->value, to);
    default:
        return EMVCO_ok; /* 00 and 63 are done, 65 to 79 reserved */
    }
}

enum emvco_error emvco_parse(struct span payload, struct emvco *to)
{
    enum emvco_error error = envelope_check(payload);
    if (error != EMVCO_ok) {
        return error;
    }
    *to = (struct emvco){ .category = EMVCO_CATEGORY_ABSENT };
    bool fixed = false;
    bool percentage = false;
    for (struct span rest = payload; rest.size > 0;) {
        struct emvco_field field;
        error = emvco_next(&rest, &field);
        assert(error == EMVCO_ok);
        error = field_read(&field, to);
        if (error != EMVCO_ok) {
            return error;
        }
        fixed |= field.id == ID_TIP_FIXED;
        percentage |= field.id == ID_TIP_PERCENTAGE;
    }
    if (fixed != (to->tip == EMVCO_TIP_fixed) || percentage != (to->tip == EMVCO_TIP_percentage)) {
        return EMVCO_bad_tip;
    }
    return emvco_check(to);
}
