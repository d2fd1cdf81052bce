/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What parses is written back to an equal value, and writing that gives the same bytes. Input is tried as it
 * is and with a right CRC put behind it, because hardly any other input gets past the CRC.
 */
#include "till/emvco.h"
#include "till/emvco_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void spans_match(struct span a, struct span b)
{
    assert(span_equal(a, b));
}

static void fields_match(const struct emvco_field *a, const struct emvco_field *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert(a[i].id == b[i].id);
        spans_match(a[i].value, b[i].value);
    }
}

static void values_match(const struct emvco *a, const struct emvco *b)
{
    assert(a->initiation == b->initiation);
    assert(a->category == b->category);
    assert(a->currency == b->currency);
    assert(a->tip == b->tip);
    spans_match(a->amount, b->amount);
    spans_match(a->tip_value, b->tip_value);
    spans_match(a->country, b->country);
    spans_match(a->name, b->name);
    spans_match(a->city, b->city);
    spans_match(a->postal, b->postal);
    spans_match(a->language, b->language);
    spans_match(a->name_local, b->name_local);
    spans_match(a->city_local, b->city_local);
    for (size_t i = 0; i < EMVCO_ADDITIONAL_limit; i++) {
        spans_match(a->additional[i], b->additional[i]);
    }
    assert(a->account_count == b->account_count);
    assert(a->additional_template_count == b->additional_template_count);
    assert(a->unreserved_count == b->unreserved_count);
    fields_match(a->accounts, b->accounts, a->account_count);
    fields_match(a->additional_templates, b->additional_templates, a->additional_template_count);
    fields_match(a->unreserved, b->unreserved, a->unreserved_count);
}

static void amount_matches(struct span amount)
{
    for (int digits = 0; digits <= EMVCO_DIGITS_MAX; digits++) {
        char text[EMVCO_AMOUNT_SIZE];
        int64_t minor, back;
        if (!emvco_amount_read(amount, digits, &minor)) {
            continue;
        }
        assert(minor > 0);
        if (emvco_amount_write(minor, digits, text)) {
            bool read = emvco_amount_read(span_of(text), digits, &back);
            assert(read);
            assert(back == minor);
        }
    }
}

static void payload_try(struct span payload)
{
    char first[EMVCO_SIZE_MAX + 1], second[EMVCO_SIZE_MAX + 1];
    struct emvco emvco, again;
    size_t first_size = 0, second_size = 0;

    if (emvco_parse(payload, &emvco) != EMVCO_ok) {
        return;
    }
    enum emvco_error error = emvco_write(&emvco, first, sizeof(first), &first_size);
    assert(error == EMVCO_ok);
    assert(first_size <= payload.size);
    error = emvco_parse((struct span){ first, first_size }, &again);
    assert(error == EMVCO_ok);
    values_match(&emvco, &again);
    error = emvco_write(&again, second, sizeof(second), &second_size);
    assert(error == EMVCO_ok);
    spans_match((struct span){ first, first_size }, (struct span){ second, second_size });
    amount_matches(emvco.amount);
    for (size_t i = 0; i < EMVCO_PROFILE_count; i++) {
        struct span found = emvco_profile_find(&emvco_profiles[i], &emvco);
        (void)emvco_profile_value(&emvco_profiles[i], found, 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char hex[] = "0123456789ABCDEF";
    char sealed[EMVCO_SIZE_MAX + 8];

    payload_try((struct span){ (const char *)data, size });
    amount_matches((struct span){ (const char *)data, size });
    if (size == 0 || size > EMVCO_SIZE_MAX) {
        return 0;
    }
    memcpy(sealed, data, size);
    memcpy(sealed + size, "6304", 4);
    unsigned crc = emvco_crc(sealed, size + 4);
    for (size_t i = 0; i < 4; i++) {
        sealed[size + 4 + i] = hex[crc >> (12 - 4 * i) & 0xF];
    }
    payload_try((struct span){ sealed, size + 8 });
    return 0;
}
