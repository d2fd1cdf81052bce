/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/bill_split.h"

#include "base/checked.h"

#define BP_WHOLE 10000

int64_t bill_part(int64_t amount_minor, int32_t parts, int32_t index)
{
    assert(amount_minor >= 0);
    assert(parts > 0);
    assert(index >= 0 && index < parts);
    return amount_minor / parts + (index < amount_minor % parts ? 1 : 0);
}

int64_t bill_service(int64_t food_minor, int32_t service_bp)
{
    int64_t service_minor = 0;
    bool fits = checked_share(food_minor, service_bp, BP_WHOLE, ROUND_half_up, &service_minor);
    assert(fits);
    return service_minor;
}

/* What is on no bill yet: of everybody, of one guest, or of the lines that are named. */
static int64_t items_sum(const struct bill_terms *terms, bool chosen_only)
{
    int64_t sum_minor = 0;
    for (size_t i = 0; i < terms->item_count; i++) {
        sum_minor += !chosen_only || terms->items[i].chosen != 0 ? terms->items[i].amount_minor : 0;
    }
    return sum_minor;
}

static bool sits_here(const struct bill_terms *terms, int32_t guest)
{
    for (int32_t i = 0; i < terms->guest_count; i++) {
        if (terms->guests[i] == guest) {
            return true;
        }
    }
    return false;
}

/* What was ordered by nobody who sits there is for all. */
static void split_by_guest(const struct bill_terms *terms, struct bill_share *shares)
{
    int64_t common_minor = terms->loose_minor;
    for (size_t i = 0; i < terms->item_count; i++) {
        common_minor += sits_here(terms, terms->items[i].guest) ? 0 : terms->items[i].amount_minor;
    }
    for (int32_t i = 0; i < terms->guest_count; i++) {
        shares[i].guest = terms->guests[i];
        shares[i].food_minor = bill_part(common_minor, terms->guest_count, i);
        for (size_t j = 0; j < terms->item_count; j++) {
            shares[i].food_minor += terms->items[j].guest == terms->guests[i] ? terms->items[j].amount_minor : 0;
        }
    }
}

/* Food of each bill; returns how many bills were asked for, some of them perhaps of nothing. */
static size_t split_food(const struct bill_terms *terms, struct bill_share *shares)
{
    switch (terms->mode) {
    case BILL_whole:
        shares[0].food_minor = items_sum(terms, false) + terms->loose_minor;
        return 1;
    case BILL_evenly:
        assert(terms->parts > 0 && terms->parts <= BILL_SHARES_MAX);
        for (int32_t i = 0; i < terms->parts; i++) {
            shares[i].food_minor = bill_part(items_sum(terms, false) + terms->loose_minor, terms->parts, i);
        }
        return (size_t)terms->parts;
    case BILL_guests:
        assert(terms->guest_count > 0 && terms->guest_count <= BILL_SHARES_MAX);
        split_by_guest(terms, shares);
        return (size_t)terms->guest_count;
    case BILL_lines:
        shares[0].food_minor = items_sum(terms, true);
        return 1;
    }
    return 0;
}

size_t bill_split(const struct bill_terms *terms, struct bill_share shares[BILL_SHARES_MAX])
{
    size_t count = 0;
    memset(shares, 0, sizeof(shares[0]) * BILL_SHARES_MAX);
    size_t asked = split_food(terms, shares);
    int64_t food_minor = terms->billed_minor, service_minor = terms->billed_service_minor;
    for (size_t i = 0; i < asked; i++) {
        struct bill_share share = shares[i];
        if (share.food_minor == 0) {
            continue;
        }
        food_minor += share.food_minor;
        /* Bills that were taken back may have left a charge that is a cent above its rate: then nothing is added. */
        share.service_minor = max_i64(bill_service(food_minor, terms->service_bp) - service_minor, 0);
        service_minor += share.service_minor;
        share.fee_minor = count == 0 ? terms->fee_minor : 0;
        shares[count++] = share;
    }
    return count;
}
