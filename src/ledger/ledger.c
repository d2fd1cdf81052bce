/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger.h"

#include "base/checked.h"

const struct account_row *account_ask(struct view *view, struct account_key key)
{
    struct account_row row = { .owner_id = key.owner_id, .purpose = key.purpose, .unit = key.unit };
    return view_ask(view, &account_table, &row);
}

int64_t account_balance(struct view *view, struct account_key key)
{
    return account_ask(view, key)->balance;
}

int64_t account_free(struct view *view, struct account_key key)
{
    const struct account_row *account = account_ask(view, key);
    return account->balance - account->floor;
}

static struct account_row *account_open(struct view *view, const struct moment *at, struct account_key key)
{
    const struct account_row *asked = account_ask(view, key);
    bool existed = row_exists(asked);
    struct account_row *account = view_change(view, asked);
    if (!existed) {
        account->opened_at_us = at->now_us;
        account->floor = key.purpose == PURPOSE_clearing ? INT64_MIN / 2 : 0;
    }
    return account;
}

static void account_touch(struct account_row *account, int64_t transfer_id, int64_t *previous_id)
{
    *previous_id = account->last_transfer_id;
    account->last_transfer_id = transfer_id;
    account->transfer_count++;
}

static enum refusal leg_move(struct view *view, const struct moment *at, const struct leg *leg, int64_t transfer_id,
                             struct leg_row *row)
{
    assert(leg->from.unit == leg->to.unit);
    assert(leg->from.owner_id != leg->to.owner_id || leg->from.purpose != leg->to.purpose);
    if (leg->amount <= 0 || leg->amount > AMOUNT_MAX) {
        return REFUSAL_amount_out_of_range;
    }
    struct account_row *from = account_open(view, at, leg->from);
    struct account_row *to = account_open(view, at, leg->to);
    int64_t from_balance, to_balance;
    if (!checked_sub(from->balance, leg->amount, &from_balance) || from_balance < from->floor) {
        return REFUSAL_floor_reached;
    }
    if (!checked_add(to->balance, leg->amount, &to_balance) || to_balance > INT64_MAX / 2) {
        return REFUSAL_account_full;
    }
    from->balance = from_balance;
    to->balance = to_balance;
    *row = (struct leg_row){
        .from_owner_id = leg->from.owner_id,
        .from_purpose = leg->from.purpose,
        .to_owner_id = leg->to.owner_id,
        .to_purpose = leg->to.purpose,
        .unit = leg->from.unit,
        .amount = leg->amount,
        .from_balance = from_balance,
        .to_balance = to_balance,
    };
    account_touch(from, transfer_id, &row->from_previous_id);
    account_touch(to, transfer_id, &row->to_previous_id);
    return REFUSAL_none;
}

enum refusal ledger_move(struct view *view, struct moment *at, struct cause cause, const struct leg *legs,
                         size_t leg_count, int64_t *transfer_id)
{
    assert(leg_count > 0);
    assert(leg_count <= LEGS_MAX);
    struct transfer_row key = { .transfer_id = moment_id(at) };
    struct transfer_row *transfer = view_change(view, view_ask(view, &transfer_table, &key));
    transfer->at_us = at->now_us;
    transfer->cause = cause.kind;
    transfer->reference_id = cause.reference_id;
    for (size_t i = 0; i < leg_count; i++) {
        enum refusal refusal = leg_move(view, at, &legs[i], transfer->transfer_id, &transfer->legs[i]);
        if (refusal != REFUSAL_none) {
            return refusal;
        }
        transfer->legs_count++;
    }
    if (transfer_id != NULL) {
        *transfer_id = transfer->transfer_id;
    }
    return REFUSAL_none;
}
