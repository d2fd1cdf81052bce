/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the emvco_*.c files only. */
#ifndef TILL_EMVCO_INTERNAL_H
#define TILL_EMVCO_INTERNAL_H

#include "till/emvco.h"
#include "till/text_out.h"

#define ID_FORMAT 0
#define ID_INITIATION 1
#define ID_ACCOUNT_FIRST 2
#define ID_ACCOUNT_TEMPLATE_FIRST 26
#define ID_ACCOUNT_LAST 51
#define ID_CATEGORY 52
#define ID_CURRENCY 53
#define ID_AMOUNT 54
#define ID_TIP 55
#define ID_TIP_FIXED 56
#define ID_TIP_PERCENTAGE 57
#define ID_COUNTRY 58
#define ID_NAME 59
#define ID_CITY 60
#define ID_POSTAL 61
#define ID_ADDITIONAL 62
#define ID_CRC 63
#define ID_LANGUAGE 64
#define ID_UNRESERVED_FIRST 80
#define ID_UNRESERVED_LAST 99
#define SUB_ADDITIONAL_TEMPLATE_FIRST 50

#define AMOUNT_MAX_CHARACTERS 13

/* The number that at most 4 digits spell; -1 when anything else is among them. */
int emvco_digits_value(struct span text);
/* Unicode code points of well-formed UTF-8. */
size_t emvco_characters(struct span text);
/* Nothing but printable ASCII. */
bool emvco_is_ascii(struct span text);
/* Digits, beginning with one, with at most one point, and not all zeros. */
bool emvco_is_amount(struct span text, size_t max);

struct emvco_id_set {
    bool has[100];
};

/* False when it was in already. */
bool emvco_id_set_add(struct emvco_id_set *set, uint8_t id);

/* A row of fields, none twice, of 1 to 99 characters in all; `otherwise` when it is empty or longer. */
enum emvco_error emvco_template_check(struct span value, enum emvco_error otherwise);
/* Everything that is asked of a struct, whether it was read or is to be written. */
enum emvco_error emvco_check(const struct emvco *emvco);

/* One field with its head; nothing for an empty value. The value has at most EMVCO_VALUE_MAX characters. */
void emvco_field_write(struct text_out *out, uint8_t id, struct span value);

#endif
