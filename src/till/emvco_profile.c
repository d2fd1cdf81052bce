/* SPDX-License-Identifier: Apache-2.0 */
#include "till/emvco_profile.h"

#include "till/emvco_internal.h"

const struct emvco_profile emvco_profiles[EMVCO_PROFILE_count] = {
    [EMVCO_PROFILE_onetill] = {
        .name = "onetill",
        .guid = EMVCO_ONETILL_GUID,
        .id_first = 26,
        .id_last = 51,
        .country = "",
        .fields = {
            [EMVCO_ONETILL_kind] = { 1, "kind", 1 }, /* t trade, s shop, as in till/pay_url.h */
            [EMVCO_ONETILL_id] = { 2, "id", 19 },
            [EMVCO_ONETILL_mac] = { 3, "mac", 10 },
        },
    },
    [EMVCO_PROFILE_pix] = {
        .name = "pix",
        .guid = "br.gov.bcb.pix",
        .id_first = 26,
        .id_last = 51,
        .currency = 986,
        .country = "BR",
        .fields = {
            [EMVCO_PIX_key] = { 1, "key", 77 },
            [EMVCO_PIX_note] = { 2, "note", 72 },
            [EMVCO_PIX_url] = { 25, "url", 77 },
        },
    },
    [EMVCO_PROFILE_promptpay] = {
        .name = "promptpay",
        .guid = "A000000677010111",
        .id_first = 29,
        .id_last = 29,
        .currency = 764,
        .country = "TH",
        .omits = EMVCO_OMITS_category | EMVCO_OMITS_name | EMVCO_OMITS_city,
        .fields = {
            [EMVCO_PROMPTPAY_mobile] = { 1, "mobile", 13 }, /* 00, country code, number without its zero */
            [EMVCO_PROMPTPAY_national_id] = { 2, "national_id", 13 },
            [EMVCO_PROMPTPAY_wallet] = { 3, "wallet", 15 },
            [EMVCO_PROMPTPAY_bank] = { 4, "bank", 43 },
        },
    },
    [EMVCO_PROFILE_upi] = {
        .name = "upi",
        .guid = "A000000524",
        .id_first = 26,
        .id_last = 26,
        .currency = 356,
        .country = "IN",
        .fields = {
            [EMVCO_UPI_address] = { 1, "address", 77 }, /* the virtual payment address, name@bank */
            [EMVCO_UPI_amount_min] = { 2, "amount_min", 13 },
        },
    },
};

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

/* Identifiers are domain names or hex digits: their case means nothing, and writers differ in it. */
static bool guid_equal(struct span a, const char *terminated)
{
    struct span b = span_of(terminated);
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (lower(a.bytes[i]) != lower(b.bytes[i])) {
            return false;
        }
    }
    return true;
}

struct span emvco_profile_find(const struct emvco_profile *profile, const struct emvco *emvco)
{
    for (size_t i = 0; i < emvco->account_count; i++) {
        const struct emvco_field *account = &emvco->accounts[i];
        if (account->id >= profile->id_first && account->id <= profile->id_last &&
            guid_equal(emvco_find(account->value, 0), profile->guid)) {
            return account->value;
        }
    }
    return (struct span){ NULL, 0 };
}

struct span emvco_profile_value(const struct emvco_profile *profile, struct span found, size_t position)
{
    assert(position < EMVCO_PROFILE_FIELDS_MAX);
    assert(profile->fields[position].id != 0);
    return emvco_find(found, profile->fields[position].id);
}

enum emvco_error emvco_profile_account(const struct emvco_profile *profile,
                                       const struct span values[EMVCO_PROFILE_FIELDS_MAX], char *buffer,
                                       size_t capacity, struct emvco_field *account)
{
    struct text_out out = text_out_begin(buffer, capacity);
    size_t guid_size = strlen(profile->guid) + 4;
    size_t size = guid_size;

    for (size_t i = 0; i < EMVCO_PROFILE_FIELDS_MAX; i++) {
        if (values[i].size > profile->fields[i].size_max) {
            return EMVCO_bad_account;
        }
        size += values[i].size > 0 ? values[i].size + 4 : 0;
    }
    if (size == guid_size || size > EMVCO_VALUE_MAX) {
        return EMVCO_bad_account;
    }
    emvco_field_write(&out, 0, span_of(profile->guid));
    for (size_t i = 0; i < EMVCO_PROFILE_FIELDS_MAX; i++) {
        emvco_field_write(&out, profile->fields[i].id, values[i]);
    }
    *account = (struct emvco_field){ profile->id_first, text_out_end(&out) };
    return out.failed ? EMVCO_no_room : EMVCO_ok;
}
