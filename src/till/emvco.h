/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EMV QR Code Specification for Payment Systems, merchant-presented mode (v1.1): writer and parser. A
 * payload is a row of fields "iillvalue": a two-digit id, a two-digit length 01 to 99, the value; the last is
 * the CRC. No allocation: a parsed `struct emvco` points into the payload, which must outlive it; one that is
 * to be written points wherever its maker likes. Pure functions, any thread.
 *
 * Decisions where the specification leaves room or writers differ:
 *   - A length counts characters, that is Unicode code points, as in the specification's own sample; the CRC
 *     is over the UTF-8 bytes. Only template 64 may hold anything but printable ASCII.
 *   - The limit of 512 is applied to bytes: the specification wants fewer characters where they are long.
 *   - Fields between 00 and 63 may come in any order. Ids reserved for the future are checked for form and
 *     dropped; so are reserved ids inside templates 62 and 64.
 *   - An amount is not zero, as the specification says. A lower-case CRC is read, never written.
 *   - Category, currency, country, name and city are mandatory unless the payload holds an account of a
 *     profile whose scheme leaves them out (PromptPay).
 */
#ifndef TILL_EMVCO_H
#define TILL_EMVCO_H

#include "base/span.h"

#define EMVCO_SIZE_MAX 512  /* bytes of a payload */
#define EMVCO_VALUE_MAX 99  /* characters of a value */
#define EMVCO_AMOUNT_SIZE 14 /* 13 characters and a zero */
#define EMVCO_DIGITS_MAX 4  /* of a currency's minor unit: ISO 4217 has none with more */

/* What is wrong. The token is the name. Form and CRC are looked at first, then the fields as they come. */
#define EMVCO_ERRORS(X)                                                                                      \
    X(ok)                                                                                                    \
    X(too_long)            /* more than EMVCO_SIZE_MAX bytes */                                              \
    X(bad_text)            /* not UTF-8, or control characters */                                            \
    X(bad_tag)             /* an id that is not two digits */                                                \
    X(bad_length)          /* not two digits, 00, or more characters than there are */                       \
    X(duplicate_tag)       /* the same id twice in one template */                                           \
    X(missing_format)      /* 00 is not the first field */                                                   \
    X(bad_format)          /* 00 is not "01" */                                                              \
    X(missing_crc)         /* the payload ends without 63 */                                                 \
    X(bad_crc)             /* 63 is not four hex digits, or not those of the payload */                      \
    X(trailing_bytes)      /* something follows 63 */                                                        \
    X(not_ascii)           /* beyond printable ASCII outside template 64 */                                  \
    X(bad_initiation)      /* 01 is neither 11 nor 12 */                                                     \
    X(missing_account)     /* none of 02 to 51 */                                                            \
    X(bad_account)         /* id out of 02 to 51; 26 to 51 are templates with a unique identifier 00 */      \
    X(missing_category)                                                                                      \
    X(bad_category)        /* 52: four digits */                                                             \
    X(missing_currency)                                                                                      \
    X(bad_currency)        /* 53: three digits, not 000 */                                                   \
    X(bad_amount)          /* 54: digits with at most one point, at most 13 characters, more than zero */    \
    X(bad_tip)             /* 55 is 01, 02 with 56, or 03 with 57 below 100 */                               \
    X(missing_country)                                                                                       \
    X(bad_country)         /* 58: two capital letters */                                                     \
    X(missing_name)                                                                                          \
    X(bad_name)            /* 59: at most 25 characters */                                                   \
    X(missing_city)                                                                                          \
    X(bad_city)            /* 60: at most 15 characters */                                                   \
    X(bad_postal)          /* 61: at most 10 characters */                                                   \
    X(bad_additional)      /* 62: a template; 01 to 08 at most 25 characters, 09 and 11 three, 10 twenty */  \
    X(bad_language)        /* 64: a template with a language of two letters and a name */                    \
    X(bad_unreserved)      /* id out of 80 to 99, or not a template with a unique identifier 00 */           \
    X(no_room)             /* the writer's buffer is too small */

enum emvco_error {
#define EMVCO_ERROR_TOKEN(token) EMVCO_##token,
    EMVCO_ERRORS(EMVCO_ERROR_TOKEN)
#undef EMVCO_ERROR_TOKEN
};

const char *emvco_error_name(enum emvco_error error);

struct emvco_field {
    uint8_t id; /* 0 .. 99 */
    struct span value;
};

/*
 * Takes the next field off `*rest`, of a payload or of a template's value; loop while rest->size > 0. Checks
 * the form only: bad_tag or bad_length, with `*rest` as it was.
 */
MUST_CHECK enum emvco_error emvco_next(struct span *rest, struct emvco_field *field);
/* The value of the first field `id` of a template; empty when there is none. */
struct span emvco_find(struct span value, uint8_t id);

enum emvco_initiation {
    EMVCO_INITIATION_unsaid = 0,
    EMVCO_INITIATION_static = 11,  /* the same code for every payment */
    EMVCO_INITIATION_dynamic = 12, /* made for one payment */
};

enum emvco_tip {
    EMVCO_TIP_none = 0,
    EMVCO_TIP_prompt = 1,
    EMVCO_TIP_fixed = 2,
    EMVCO_TIP_percentage = 3,
};

/* Sub-ids of template 62; an empty value is absent, "***" tells the phone to ask. */
enum emvco_additional {
    EMVCO_ADDITIONAL_bill = 1,
    EMVCO_ADDITIONAL_mobile,
    EMVCO_ADDITIONAL_store,
    EMVCO_ADDITIONAL_loyalty,
    EMVCO_ADDITIONAL_reference,
    EMVCO_ADDITIONAL_customer,
    EMVCO_ADDITIONAL_terminal,
    EMVCO_ADDITIONAL_purpose,
    EMVCO_ADDITIONAL_consumer_data,
    EMVCO_ADDITIONAL_tax_id,
    EMVCO_ADDITIONAL_channel,
    EMVCO_ADDITIONAL_limit,
};

#define EMVCO_ACCOUNTS_MAX 50             /* ids 02 .. 51 */
#define EMVCO_ADDITIONAL_TEMPLATES_MAX 11 /* what 99 characters hold */
#define EMVCO_UNRESERVED_MAX 20           /* ids 80 .. 99 */
#define EMVCO_CATEGORY_ABSENT (-1)

struct emvco {
    enum emvco_initiation initiation;
    int category;       /* ISO 18245, 0 .. 9999, or EMVCO_CATEGORY_ABSENT */
    int currency;       /* ISO 4217 numeric, 1 .. 999; 0 is absent */
    struct span amount; /* empty: the shopper types it; see emvco_amount_read */
    enum emvco_tip tip;
    struct span tip_value; /* an amount for fixed, below 100 for percentage, otherwise empty */
    struct span country, name, city;
    struct span postal;                                              /* may be empty */
    struct span additional[EMVCO_ADDITIONAL_limit];                  /* by sub-id; [0] is unused */
    struct span language, name_local, city_local;                    /* empty language: no template 64 */
    size_t account_count;
    struct emvco_field accounts[EMVCO_ACCOUNTS_MAX];                 /* 26 .. 51 hold a template's fields */
    size_t additional_template_count;
    struct emvco_field additional_templates[EMVCO_ADDITIONAL_TEMPLATES_MAX]; /* sub-ids 50 .. 99 of 62 */
    size_t unreserved_count;
    struct emvco_field unreserved[EMVCO_UNRESERVED_MAX];
};

/* `*to` is whole only with EMVCO_ok. */
MUST_CHECK enum emvco_error emvco_parse(struct span payload, struct emvco *to);
/* Refuses whatever the parser would. `*size` is without the terminating zero; EMVCO_SIZE_MAX + 1 suffices. */
MUST_CHECK enum emvco_error emvco_write(const struct emvco *from, char *to, size_t capacity, size_t *size);

/*
 * Amounts as text to and from minor units of a currency with `digits` decimals (CNY 2, JPY 0). Reading is
 * exact: decimals beyond the currency's must be zeros. Writing wants a positive amount and gives every
 * decimal; false when it needs more than 13 characters.
 */
MUST_CHECK bool emvco_amount_read(struct span text, int digits, int64_t *minor);
MUST_CHECK bool emvco_amount_write(int64_t minor, int digits, char to[EMVCO_AMOUNT_SIZE]);

/* CRC-16/CCITT-FALSE: polynomial 0x1021, begins with 0xFFFF, neither reflected nor inverted. */
uint16_t emvco_crc(const void *bytes, size_t size);

#endif
