/* SPDX-License-Identifier: Apache-2.0 */
#include "till/emvco_internal.h"
#include "till/emvco_profile.h"

#define NAME_MAX_CHARACTERS 25
#define CITY_MAX_CHARACTERS 15
#define POSTAL_MAX_CHARACTERS 10
#define GUID_MAX_CHARACTERS 32
#define PERCENTAGE_MAX_CHARACTERS 5

/* Whether there are 1 to `max` characters of printable ASCII. */
static bool is_plain(struct span text, size_t max)
{
    return text.size > 0 && text.size <= max && emvco_is_ascii(text);
}

static bool is_plain_or_empty(struct span text, size_t max)
{
    return text.size == 0 || is_plain(text, max);
}

static bool is_percentage(struct span text)
{
    struct span decimals;
    return emvco_is_amount(text, PERCENTAGE_MAX_CHARACTERS) && span_cut(text, '.', &decimals).size <= 2;
}

enum emvco_error emvco_template_check(struct span value, enum emvco_error otherwise)
{
    struct emvco_id_set seen = { 0 };
    struct emvco_field field;

    if (value.size == 0 || emvco_characters(value) > EMVCO_VALUE_MAX) {
        return otherwise;
    }
    while (value.size > 0) {
        enum emvco_error error = emvco_next(&value, &field);
        if (error != EMVCO_ok) {
            return error;
        }
        if (!emvco_id_set_add(&seen, field.id)) {
            return EMVCO_duplicate_tag;
        }
    }
    return EMVCO_ok;
}

/* A plain template that names whose it is in field 00. */
static enum emvco_error owned_template_check(struct span value, enum emvco_error otherwise)
{
    if (!is_plain(value, EMVCO_VALUE_MAX)) {
        return otherwise;
    }
    enum emvco_error error = emvco_template_check(value, otherwise);
    if (error != EMVCO_ok) {
        return error;
    }
    return is_plain(emvco_find(value, 0), GUID_MAX_CHARACTERS) ? EMVCO_ok : otherwise;
}

static enum emvco_error templates_check(const struct emvco_field *fields, size_t count, uint8_t id_first,
                                        enum emvco_error otherwise)
{
    struct emvco_id_set seen = { 0 };
    for (size_t i = 0; i < count; i++) {
        if (fields[i].id < id_first || fields[i].id > 99) {
            return otherwise;
        }
        if (!emvco_id_set_add(&seen, fields[i].id)) {
            return EMVCO_duplicate_tag;
        }
        enum emvco_error error = owned_template_check(fields[i].value, otherwise);
        if (error != EMVCO_ok) {
            return error;
        }
    }
    return EMVCO_ok;
}

static enum emvco_error accounts_check(const struct emvco *emvco)
{
    struct emvco_id_set seen = { 0 };

    assert(emvco->account_count <= EMVCO_ACCOUNTS_MAX);
    if (emvco->account_count == 0) {
        return EMVCO_missing_account;
    }
    for (size_t i = 0; i < emvco->account_count; i++) {
        const struct emvco_field *account = &emvco->accounts[i];
        if (account->id < ID_ACCOUNT_FIRST || account->id > ID_ACCOUNT_LAST) {
            return EMVCO_bad_account;
        }
        if (!emvco_id_set_add(&seen, account->id)) {
            return EMVCO_duplicate_tag;
        }
        if (account->id < ID_ACCOUNT_TEMPLATE_FIRST) {
            if (!is_plain(account->value, EMVCO_VALUE_MAX)) {
                return EMVCO_bad_account;
            }
            continue;
        }
        enum emvco_error error = owned_template_check(account->value, EMVCO_bad_account);
        if (error != EMVCO_ok) {
            return error;
        }
    }
    return EMVCO_ok;
}

static enum emvco_error additional_check(const struct emvco *emvco)
{
    for (size_t id = 1; id < EMVCO_ADDITIONAL_limit; id++) {
        size_t max = id == EMVCO_ADDITIONAL_tax_id                                            ? 20
                     : id == EMVCO_ADDITIONAL_consumer_data || id == EMVCO_ADDITIONAL_channel ? 3
                                                                                              : 25;
        if (!is_plain_or_empty(emvco->additional[id], max)) {
            return EMVCO_bad_additional;
        }
    }
    assert(emvco->additional_template_count <= EMVCO_ADDITIONAL_TEMPLATES_MAX);
    return templates_check(emvco->additional_templates, emvco->additional_template_count,
                           SUB_ADDITIONAL_TEMPLATE_FIRST, EMVCO_bad_additional);
}

static bool is_letter(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static enum emvco_error language_check(const struct emvco *emvco)
{
    if (emvco->language.size == 0) {
        return emvco->name_local.size == 0 && emvco->city_local.size == 0 ? EMVCO_ok : EMVCO_bad_language;
    }
    bool good = emvco->language.size == 2 && is_letter(emvco->language.bytes[0]) &&
                is_letter(emvco->language.bytes[1]) && emvco->name_local.size > 0 &&
                span_is_text(emvco->name_local) &&
                emvco_characters(emvco->name_local) <= NAME_MAX_CHARACTERS &&
                span_is_text(emvco->city_local) && emvco_characters(emvco->city_local) <= CITY_MAX_CHARACTERS;
    return good ? EMVCO_ok : EMVCO_bad_language;
}

static bool tip_holds(const struct emvco *emvco)
{
    switch (emvco->tip) {
    case EMVCO_TIP_none:
    case EMVCO_TIP_prompt:
        return emvco->tip_value.size == 0;
    case EMVCO_TIP_fixed:
        return emvco_is_amount(emvco->tip_value, AMOUNT_MAX_CHARACTERS);
    case EMVCO_TIP_percentage:
        return is_percentage(emvco->tip_value);
    }
    return false;
}

static bool is_country(struct span text)
{
    return text.size == 2 && text.bytes[0] >= 'A' && text.bytes[0] <= 'Z' && text.bytes[1] >= 'A' &&
           text.bytes[1] <= 'Z';
}

/* Which mandatory fields may be missing, because a scheme whose account is there leaves them out. */
static unsigned omissions_of(const struct emvco *emvco)
{
    unsigned omits = 0;
    for (size_t i = 0; i < EMVCO_PROFILE_count; i++) {
        const struct emvco_profile *profile = &emvco_profiles[i];
        if (profile->omits != 0 && emvco_profile_find(profile, emvco).size > 0) {
            omits |= profile->omits;
        }
    }
    return omits;
}

static enum emvco_error merchant_check(const struct emvco *emvco, unsigned omits)
{
    if (emvco->country.size == 0) {
        return EMVCO_missing_country;
    }
    if (!is_country(emvco->country)) {
        return EMVCO_bad_country;
    }
    if (emvco->name.size == 0 && !(omits & EMVCO_OMITS_name)) {
        return EMVCO_missing_name;
    }
    if (!is_plain_or_empty(emvco->name, NAME_MAX_CHARACTERS)) {
        return EMVCO_bad_name;
    }
    if (emvco->city.size == 0 && !(omits & EMVCO_OMITS_city)) {
        return EMVCO_missing_city;
    }
    if (!is_plain_or_empty(emvco->city, CITY_MAX_CHARACTERS)) {
        return EMVCO_bad_city;
    }
    return is_plain_or_empty(emvco->postal, POSTAL_MAX_CHARACTERS) ? EMVCO_ok : EMVCO_bad_postal;
}

static enum emvco_error payment_check(const struct emvco *emvco, unsigned omits)
{
    if (emvco->category == EMVCO_CATEGORY_ABSENT && !(omits & EMVCO_OMITS_category)) {
        return EMVCO_missing_category;
    }
    if (emvco->category < EMVCO_CATEGORY_ABSENT || emvco->category > 9999) {
        return EMVCO_bad_category;
    }
    if (emvco->currency == 0) {
        return EMVCO_missing_currency;
    }
    if (emvco->currency < 0 || emvco->currency > 999) {
        return EMVCO_bad_currency;
    }
    if (emvco->amount.size > 0 && !emvco_is_amount(emvco->amount, AMOUNT_MAX_CHARACTERS)) {
        return EMVCO_bad_amount;
    }
    return tip_holds(emvco) ? EMVCO_ok : EMVCO_bad_tip;
}

enum emvco_error emvco_check(const struct emvco *emvco)
{
    if (emvco->initiation != EMVCO_INITIATION_unsaid && emvco->initiation != EMVCO_INITIATION_static &&
        emvco->initiation != EMVCO_INITIATION_dynamic) {
        return EMVCO_bad_initiation;
    }
    enum emvco_error error = accounts_check(emvco);
    if (error != EMVCO_ok) {
        return error;
    }
    unsigned omits = omissions_of(emvco);
    error = payment_check(emvco, omits);
    if (error != EMVCO_ok) {
        return error;
    }
    error = merchant_check(emvco, omits);
    if (error != EMVCO_ok) {
        return error;
    }
    error = additional_check(emvco);
    if (error != EMVCO_ok) {
        return error;
    }
    error = language_check(emvco);
    if (error != EMVCO_ok) {
        return error;
    }
    assert(emvco->unreserved_count <= EMVCO_UNRESERVED_MAX);
    return templates_check(emvco->unreserved, emvco->unreserved_count, ID_UNRESERVED_FIRST,
                           EMVCO_bad_unreserved);
}
