/* SPDX-License-Identifier: Apache-2.0 */
/* The audit of the local line: each part's share in turn, with a state of its own. */
#include "lines/local/local_internal.h"

#define PARTS_MAX 12

static const struct audit_part *const parts[] = { &audit_part_deal, &audit_part_voucher, &audit_part_redemption_number,
                                                 &audit_part_voucher_template,
                                                 &audit_part_give,
                                                 &audit_part_booking, &audit_part_meal, &audit_part_hoard, NULL };

struct local_state {
    struct audit_list of[PARTS_MAX]; /* one item each: the part's state */
};

static void *state_of(const struct local_state *state, size_t part)
{
    return audit_list_at(&state->of[part], 0);
}

static void local_begin(struct audit *audit, void *state)
{
    struct local_state *local = state;
    static_assert(COUNT_OF(parts) <= PARTS_MAX, "each part has a place");
    for (size_t i = 0; parts[i] != NULL; i++) {
        audit_list_init(&local->of[i], audit_memory_of(audit), parts[i]->state_size);
        void *of = audit_list_add(&local->of[i]);
        if (of == NULL) {
            audit_too_large(audit);
            return;
        }
        parts[i]->begin(audit, of);
    }
}

static void local_release(struct audit *audit, void *state)
{
    struct local_state *local = state;
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (local->of[i].count == 1) {
            parts[i]->release(audit, state_of(local, i));
            audit_list_release(&local->of[i]);
        }
    }
}

static void local_tables(struct audit *audit, void *state)
{
    for (size_t i = 0; parts[i] != NULL && audit_reading(audit); i++) {
        parts[i]->tables(audit, state_of(state, i));
    }
}

static bool local_trade(struct audit *audit, void *state, const struct trade_row *trade)
{
    struct audit_about about = { AUDIT_answer_durable, &trade_table, trade };
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (parts[i]->trade != NULL && parts[i]->trade_kind == trade->line_kind) {
            return parts[i]->trade(audit, state_of(state, i), trade);
        }
    }
    audit_wrong(audit, about, "it is for nothing that its line sells");
    return true;
}

static bool local_transfer(struct audit *audit, void *state, const struct transfer_row *transfer)
{
    struct audit_about about = { AUDIT_money_conserved, &transfer_table, transfer };
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (parts[i]->transfer != NULL && transfer->cause >= parts[i]->cause_first &&
            transfer->cause <= parts[i]->cause_last) {
            return parts[i]->transfer(audit, state_of(state, i), transfer);
        }
    }
    audit_wrong(audit, about, "its cause does not exist");
    return true;
}

static void local_end(struct audit *audit, void *state)
{
    for (size_t i = 0; parts[i] != NULL && audit_reading(audit); i++) {
        if (parts[i]->end != NULL) {
            parts[i]->end(audit, state_of(state, i));
        }
    }
}

static enum audit_law local_law(int32_t purpose)
{
    switch (purpose) {
    case PURPOSE_deal_stock:
    case PURPOSE_deal_held:
        return AUDIT_stock_kept;
    case PURPOSE_vouchers:
    case PURPOSE_redeemed:
    case PURPOSE_lapsed:
    case PURPOSE_offline_quota:
        return AUDIT_voucher_once;
    case PURPOSE_slot_free:
    case PURPOSE_slot_held:
    case PURPOSE_slot_taken:
        return AUDIT_seat_once;
    default:
        return AUDIT_money_conserved;
    }
}

static bool local_owner_known(const struct audit *audit, const void *state, int64_t owner_id, int32_t purpose)
{
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (parts[i]->owner_known != NULL && purpose >= parts[i]->purpose_first && purpose <= parts[i]->purpose_last) {
            return parts[i]->owner_known(audit, state_of(state, i), owner_id, purpose);
        }
    }
    return false;
}

const struct audit_line local_audit = {
    .state_size = sizeof(struct local_state),
    .cause_first = 20,
    .cause_last = 69,
    .purpose_first = PURPOSE_deal_stock,
    .purpose_last = 69,
    .begin = local_begin,
    .release = local_release,
    .tables = local_tables,
    .trade = local_trade,
    .transfer = local_transfer,
    .end = local_end,
    .law = local_law,
    .owner_known = local_owner_known,
};
