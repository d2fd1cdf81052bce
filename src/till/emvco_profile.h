/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a payment scheme puts into its account template of an EMVCo payload, as data. Pure functions, no
 * allocation, any thread.
 */
#ifndef TILL_EMVCO_PROFILE_H
#define TILL_EMVCO_PROFILE_H

#include "till/emvco.h"

/* The unique identifier of our own template: a reversed domain. */
#define EMVCO_ONETILL_GUID "example.onetill"

#define EMVCO_PROFILE_FIELDS_MAX 4

enum emvco_profile_id {
    EMVCO_PROFILE_onetill,
    EMVCO_PROFILE_pix,       /* Brazil */
    EMVCO_PROFILE_promptpay, /* Thailand */
    EMVCO_PROFILE_upi,       /* India, the UPI template of Bharat QR */
    EMVCO_PROFILE_count,
};

/* Positions in `fields` and in the values for emvco_profile_account. */
enum { EMVCO_ONETILL_kind, EMVCO_ONETILL_id, EMVCO_ONETILL_mac };
enum { EMVCO_PIX_key, EMVCO_PIX_note, EMVCO_PIX_url };
enum { EMVCO_PROMPTPAY_mobile, EMVCO_PROMPTPAY_national_id, EMVCO_PROMPTPAY_wallet, EMVCO_PROMPTPAY_bank };
enum { EMVCO_UPI_address, EMVCO_UPI_amount_min };

enum {
    EMVCO_OMITS_category = 1,
    EMVCO_OMITS_name = 2,
    EMVCO_OMITS_city = 4,
};

struct emvco_profile_field {
    uint8_t id; /* 0: no more fields */
    const char *name;
    uint8_t size_max; /* characters */
};

struct emvco_profile {
    const char *name;
    const char *guid;
    uint8_t id_first, id_last; /* where readers look for the account; writers use the first */
    int currency;              /* ISO 4217 numeric; 0 any */
    const char *country;       /* "" any */
    unsigned omits;            /* mandatory fields that the scheme's payloads lack */
    struct emvco_profile_field fields[EMVCO_PROFILE_FIELDS_MAX];
};

extern const struct emvco_profile emvco_profiles[EMVCO_PROFILE_count];

/* The template's fields when `emvco` has an account of the profile, empty otherwise. */
struct span emvco_profile_find(const struct emvco_profile *profile, const struct emvco *emvco);
/* One field of what emvco_profile_find found, by position in `fields`. */
struct span emvco_profile_value(const struct emvco_profile *profile, struct span found, size_t position);

/*
 * An account of the profile with the values that are not empty, by position; at least one is not. Its fields
 * are written into `buffer`, which must outlive it. bad_account when a value is too long or none is given,
 * no_room when the buffer is too small.
 */
MUST_CHECK enum emvco_error emvco_profile_account(const struct emvco_profile *profile,
                                                  const struct span values[EMVCO_PROFILE_FIELDS_MAX],
                                                  char *buffer, size_t capacity, struct emvco_field *account);

#endif
