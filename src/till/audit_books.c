/* SPDX-License-Identifier: Apache-2.0 */
/* The books: transfers in their order, the accounts that follow from them, holds, and the timers of what waits. */
#include "till/audit_internal.h"

#include "base/hash.h"

/* ---- accounts, as the transfers make them ---- */

/* A small number for a unit, so that unit and purpose fit into one number; -1 when the memory is used up. */
static int64_t unit_index(struct audit *audit, int64_t unit)
{
    if (audit->units.count > 0 && audit->unit_last == unit) {
        return audit->unit_last_index;
    }
    int64_t *known = audit_map_get(&audit->units, unit, 0);
    if (known == NULL) {
        known = audit_map_put(&audit->units, unit, 0);
        if (known == NULL) {
            audit_too_large(audit);
            return -1;
        }
        known[1] = (int64_t)audit->units.count;
    }
    audit->unit_last = unit;
    audit->unit_last_index = known[1];
    return known[1];
}

static int64_t unit_purpose(struct audit *audit, int64_t unit, int32_t purpose)
{
    return unit_index(audit, unit) * 256 + (purpose & 255);
}

int64_t audit_balance(struct audit *audit, int64_t owner_id, int32_t purpose, int64_t unit)
{
    const struct audit_account *account = audit_map_get(&audit->accounts, owner_id, unit_purpose(audit, unit, purpose));
    return account == NULL ? 0 : account->balance;
}

enum audit_law audit_law_of_purpose(int32_t purpose)
{
    switch (purpose) {
    case PURPOSE_budget_platform:
    case PURPOSE_budget_merchant:
        return AUDIT_budget_kept;
    case PURPOSE_stock_available:
    case PURPOSE_stock_held:
        return AUDIT_stock_kept;
    case PURPOSE_held:
        return AUDIT_reservation_kept;
    default: {
        const struct audit_line *line = audit_line_of_purpose(purpose);
        return line != NULL ? line->law(purpose) : AUDIT_money_conserved;
    }
    }
}

static bool purpose_known(int32_t purpose)
{
    switch (purpose) {
    case PURPOSE_clearing:
    case PURPOSE_fees:
    case PURPOSE_wallet:
    case PURPOSE_held:
    case PURPOSE_takings:
    case PURPOSE_balance:
    case PURPOSE_escrow:
    case PURPOSE_budget_platform:
    case PURPOSE_budget_merchant:
    case PURPOSE_stock_available:
    case PURPOSE_stock_held:
        return true;
    default:
        return audit_line_of_purpose(purpose) != NULL;
    }
}

static bool owner_known(const struct audit *audit, int64_t owner_id, int32_t purpose)
{
    switch (purpose) {
    case PURPOSE_wallet:
    case PURPOSE_held:
        return audit_map_get(&audit->shoppers, owner_id, 0) != NULL;
    case PURPOSE_takings:
    case PURPOSE_stock_available:
    case PURPOSE_stock_held:
        return audit_map_get(&audit->shops, owner_id, 0) != NULL;
    case PURPOSE_escrow:
        return audit_map_get(&audit->escrowed, owner_id, 0) != NULL;
    case PURPOSE_balance:
        return audit_map_get(&audit->merchants, owner_id, 0) != NULL;
    case PURPOSE_budget_platform:
    case PURPOSE_budget_merchant:
        return audit_map_get(&audit->campaigns, owner_id, 0) != NULL;
    case PURPOSE_clearing:
    case PURPOSE_fees:
        return owner_id == 0;
    default:
        return audit_line_owner_known(audit, owner_id, purpose);
    }
}

/* One side of a leg: what the account holds afterwards, and which transfer touched it before. */
struct side {
    int64_t owner_id, unit, amount, stated_balance, stated_previous_id;
    int32_t purpose;
};

static void budget_moved(struct audit *audit, const struct transfer_row *transfer, const struct side *side)
{
    struct audit_campaign *campaign = audit_map_get(&audit->campaigns, side->owner_id, 0);
    if (campaign != NULL && transfer->cause != CAUSE_trade_pay && transfer->cause != CAUSE_trade_refund) {
        campaign->moved[side->purpose == PURPOSE_budget_merchant] += side->amount;
    }
}

static bool account_touch(struct audit *audit, const struct transfer_row *transfer, const struct side *side)
{
    struct audit_about about = { audit_law_of_purpose(side->purpose), &transfer_table, transfer };
    audit_true(audit, about, "a leg names a purpose that does not exist", purpose_known(side->purpose));
    struct audit_account *account =
        audit_map_put(&audit->accounts, side->owner_id, unit_purpose(audit, side->unit, side->purpose));
    if (account == NULL) {
        return audit_too_large(audit);
    }
    bool fits = !__builtin_add_overflow(account->balance, side->amount, &account->balance);
    audit_true(audit, about, "a balance is out of range", fits);
    audit_equal(audit, about, "the balance of an account after a leg", account->balance, side->stated_balance);
    audit_equal(audit, about, "the transfer that touched an account before", account->last_transfer_id,
                side->stated_previous_id);
    if (side->purpose != PURPOSE_clearing) {
        audit_true(audit, about, "an account goes below its floor", account->balance >= 0);
    }
    account->last_transfer_id = transfer->transfer_id;
    account->touches++;
    if (about.law == AUDIT_budget_kept) {
        budget_moved(audit, transfer, side);
    }
    audit->stock = audit->stock || about.law == AUDIT_stock_kept;
    audit->vouchers = audit->vouchers || about.law == AUDIT_voucher_once;
    audit->slots = audit->slots || about.law == AUDIT_seat_once;
    return true;
}

/* ---- transfers ---- */

uint64_t audit_leg_print(int64_t from_owner, int32_t from_purpose, int64_t to_owner, int32_t to_purpose, int64_t unit,
                         int64_t amount)
{
    uint64_t from = hash_mix((uint64_t)from_owner * 256 + (uint64_t)(from_purpose & 255));
    uint64_t to = hash_mix(((uint64_t)to_owner * 256 + (uint64_t)(to_purpose & 255)) ^ UINT64_C(0x5bd1e995));
    return (hash_mix(from + 3 * to + 5 * (uint64_t)unit) | 1) * (uint64_t)amount;
}

uint64_t audit_pair_print(int64_t first, int64_t second)
{
    return hash_mix(hash_mix((uint64_t)first + UINT64_C(0x9e3779b97f4a7c15)) + 3 * (uint64_t)second);
}

static void hold_moved(struct audit *audit, const struct transfer_row *transfer)
{
    struct audit_about about = { AUDIT_reservation_kept, &transfer_table, transfer };
    struct audit_hold *hold = audit_map_get(&audit->holds, transfer->reference_id, 0);
    if (!audit_true(audit, about, "it refers to a hold that does not exist", hold != NULL)) {
        return;
    }
    for (int32_t i = 0; i < transfer->legs_count; i++) {
        if (transfer->cause == CAUSE_hold) {
            hold->in -= transfer->legs[i].amount;
        } else {
            hold->out -= transfer->legs[i].amount;
        }
    }
}

static void cause_follow(struct audit *audit, const struct transfer_row *transfer)
{
    struct audit_about about = { AUDIT_money_conserved, &transfer_table, transfer };
    switch (transfer->cause) {
    case CAUSE_trade_pay:
    case CAUSE_trade_refund:
        audit_posting_match(audit, transfer);
        break;
    case CAUSE_hold:
    case CAUSE_capture:
    case CAUSE_release:
        hold_moved(audit, transfer);
        break;
    case CAUSE_campaign_fund:
    case CAUSE_campaign_release:
        about.law = AUDIT_budget_kept;
        audit_true(audit, about, "it refers to a campaign that does not exist",
                   audit_map_get(&audit->campaigns, transfer->reference_id, 0) != NULL);
        break;
    case CAUSE_royalty:
    case CAUSE_royalty_return:
    case CAUSE_transfer:
        audit_royalty_match(audit, transfer);
        break;
    case CAUSE_top_up:
    case CAUSE_withdraw:
    case CAUSE_import:
        break;
    default:
        if (!audit_line_transfer(audit, transfer)) {
            audit_wrong(audit, about, "its cause does not exist");
        }
    }
}

static bool leg_follow(struct audit *audit, const struct transfer_row *transfer, const struct leg_row *leg)
{
    struct audit_about about = { AUDIT_money_conserved, &transfer_table, transfer };
    audit_true(audit, about, "the amount of a leg is out of range", leg->amount > 0 && leg->amount <= AMOUNT_MAX);
    audit_true(audit, about, "a leg goes from an account to itself",
               leg->from_owner_id != leg->to_owner_id || leg->from_purpose != leg->to_purpose);
    struct side from = { leg->from_owner_id, leg->unit,         -leg->amount,
                         leg->from_balance,  leg->from_previous_id, leg->from_purpose };
    struct side to = { leg->to_owner_id, leg->unit,           leg->amount,
                       leg->to_balance,  leg->to_previous_id, leg->to_purpose };
    audit->report->legs++;
    return account_touch(audit, transfer, &from) && account_touch(audit, transfer, &to);
}

static bool transfer_each(struct audit *audit, const void *row)
{
    const struct transfer_row *transfer = row;
    struct audit_about about = { AUDIT_money_conserved, &transfer_table, transfer };
    audit->report->transfers++;
    audit_id_known(audit, about, transfer->transfer_id);
    audit_time_known(audit, about, transfer->at_us);
    if (!audit_true(audit, about, "it has no legs, or too many",
                    transfer->legs_count >= 1 && transfer->legs_count <= LEGS_MAX)) {
        return true;
    }
    for (int32_t i = 0; i < transfer->legs_count; i++) {
        if (!leg_follow(audit, transfer, &transfer->legs[i])) {
            return false;
        }
    }
    cause_follow(audit, transfer);
    return true;
}

/* ---- account rows against what the transfers make ---- */

static void held_compare(struct audit *audit, const struct account_row *row, int64_t unit_and_purpose)
{
    struct audit_about about = { AUDIT_reservation_kept, &account_table, row };
    if (row->purpose == PURPOSE_held || row->purpose == PURPOSE_stock_held) {
        int64_t *held = audit_map_get(&audit->held, row->owner_id, unit_and_purpose);
        audit_equal(audit, about, "the sum of the open holds against it", held == NULL ? 0 : held[2], row->balance);
        if (held != NULL) {
            held[2] = 0;
        }
    }
}

static bool account_each(struct audit *audit, const void *row)
{
    const struct account_row *account = row;
    struct audit_about about = { audit_law_of_purpose(account->purpose), &account_table, row };
    int64_t second = unit_purpose(audit, account->unit, account->purpose);
    struct audit_account *made = audit_map_get(&audit->accounts, account->owner_id, second);
    audit_time_known(audit, about, account->opened_at_us);
    audit_true(audit, about, "its owner does not exist", owner_known(audit, account->owner_id, account->purpose));
    int64_t floor = account->purpose == PURPOSE_clearing ? INT64_MIN / 2 : 0;
    audit_equal(audit, about, "its floor", floor, account->floor);
    int64_t *sum = audit_map_put(&audit->sums, account->unit, 0);
    if (sum == NULL) {
        return audit_too_large(audit);
    }
    sum[1] = (int64_t)((uint64_t)sum[1] + (uint64_t)account->balance);
    if (account->unit < 1000 && account->balance > 0) {
        audit->report->debts_minor += account->balance;
    }
    audit->report->accounts++;
    held_compare(audit, account, second);
    if (audit_true(audit, about, "an account without transfers", made != NULL)) {
        audit_equal(audit, about, "its balance by the transfers", made->balance, account->balance);
        audit_equal(audit, about, "how often transfers touched it", made->touches, account->transfer_count);
        audit_equal(audit, about, "the last transfer that touched it", made->last_transfer_id,
                    account->last_transfer_id);
        made->touches = made->touches > 0 ? -made->touches : made->touches;
    }
    return true;
}

/* Back from the number that stands for a unit and a purpose to an account's key. */
static struct account_row account_key_of(const struct audit *audit, int64_t owner_id, int64_t unit_and_purpose)
{
    struct account_row key = { .owner_id = owner_id, .purpose = (int32_t)(unit_and_purpose & 255) };
    size_t place = 0;
    const int64_t *unit;
    while ((unit = audit_map_next(&audit->units, &place)) != NULL) {
        if (unit[1] == unit_and_purpose / 256) {
            key.unit = unit[0];
        }
    }
    return key;
}

static void accounts_end(struct audit *audit)
{
    size_t place = 0;
    const struct audit_account *made;
    while ((made = audit_map_next(&audit->accounts, &place)) != NULL) {
        struct audit_about about = { AUDIT_money_conserved, &account_table, NULL };
        audit->report->laws[about.law].checks++;
        if (made->touches > 0) {
            struct account_row key = account_key_of(audit, made->owner_id, made->unit_purpose);
            about.row = &key;
            audit_wrong(audit, about, "transfers touch it but it has no row");
        }
    }
    place = 0;
    const int64_t *sum;
    while ((sum = audit_map_next(&audit->sums, &place)) != NULL) {
        struct audit_about about = { AUDIT_money_conserved, NULL, NULL };
        audit_equal(audit, about, "the sum of all balances of one unit", 0, sum[1]);
    }
    place = 0;
    const int64_t *held;
    while ((held = audit_map_next(&audit->held, &place)) != NULL) {
        struct account_row key = account_key_of(audit, held[0], held[1]);
        struct audit_about about = { AUDIT_reservation_kept, &account_table, &key };
        audit_equal(audit, about, "open holds that no account covers", 0, held[2]);
    }
}

/* ---- holds ---- */

static void hold_states(struct audit *audit, const struct hold_row *hold)
{
    struct audit_about about = { AUDIT_reservation_kept, &hold_table, hold };
    audit_true(audit, about, "its state does not exist", hold->state >= HOLD_open && hold->state <= HOLD_lapsed);
    audit_true(audit, about, "its amount is out of range", hold->amount > 0 && hold->amount <= AMOUNT_MAX);
    if (hold->state == HOLD_captured) {
        audit_true(audit, about, "what was captured is out of range",
                   hold->captured > 0 && hold->captured <= hold->amount);
    } else {
        audit_equal(audit, about, "what was captured of it", 0, hold->captured);
    }
    if (hold->state == HOLD_open) {
        audit_timer_claim(audit, about, hold->lapses_at_us, TIMER_hold_lapse, hold->hold_id);
    }
}

static bool hold_each(struct audit *audit, const void *row)
{
    const struct hold_row *hold = row;
    struct audit_about about = { AUDIT_reservation_kept, &hold_table, row };
    audit_id_known(audit, about, hold->hold_id);
    audit_time_known(audit, about, hold->created_at_us);
    hold_states(audit, hold);
    bool wallet = hold->purpose == PURPOSE_wallet;
    audit_true(audit, about, "what it was taken from cannot be held",
               wallet || hold->purpose == PURPOSE_stock_available);
    struct audit_hold *mark = audit_map_put(&audit->holds, hold->hold_id, 0);
    if (mark == NULL) {
        return audit_too_large(audit);
    }
    mark->in = hold->amount;
    mark->out = hold->state == HOLD_open ? 0 : hold->amount;
    if (hold->state == HOLD_open) {
        int64_t second = unit_purpose(audit, hold->unit, wallet ? PURPOSE_held : PURPOSE_stock_held);
        int64_t *held = audit_map_put(&audit->held, hold->owner_id, second);
        if (held == NULL) {
            return audit_too_large(audit);
        }
        held[2] += hold->amount;
    }
    return true;
}

static void holds_end(struct audit *audit)
{
    size_t place = 0;
    const struct audit_hold *mark;
    while ((mark = audit_map_next(&audit->holds, &place)) != NULL) {
        struct hold_row key = { .hold_id = mark->hold_id };
        struct audit_about about = { AUDIT_reservation_kept, &hold_table, &key };
        audit_equal(audit, about, "what it took aside, less what transfers moved", 0, mark->in);
        audit_equal(audit, about, "what left it, less what transfers moved", 0, mark->out);
    }
}

void audit_books(struct audit *audit)
{
    audit_scan(audit, &hold_table, hold_each);
    audit_scan(audit, &transfer_table, transfer_each);
    if (audit->status == STATUS_ok) {
        holds_end(audit);
    }
    audit_scan(audit, &account_table, account_each);
    if (audit->status == STATUS_ok) {
        accounts_end(audit);
    }
}

/* ---- timers ---- */

struct timer_mark {
    int64_t subject_id, kind;
    int64_t due_us;
    int64_t claimed;
};

static bool timer_each(struct audit *audit, const void *row)
{
    const struct timer_row *timer = row;
    struct audit_about about = { AUDIT_reservation_kept, &timer_table, row };
    audit_true(audit, about, "its kind does not exist", timer->kind > 0 && timer->kind < TIMER_count);
    audit_time_known(audit, about, timer->set_us);
    size_t before = audit->timers.count;
    struct timer_mark *mark = audit_map_put(&audit->timers, timer->subject_id, timer->kind);
    if (mark == NULL) {
        return audit_too_large(audit);
    }
    audit_true(audit, about, "a second timer for the same thing", audit->timers.count > before);
    mark->due_us = timer->due_us;
    return true;
}

void audit_timers(struct audit *audit)
{
    static_assert(sizeof(struct timer_mark) == 4 * sizeof(int64_t), "as the map of timers was made");
    audit_scan(audit, &timer_table, timer_each);
}

void audit_timer_claim(struct audit *audit, struct audit_about about, int64_t due_us, int32_t kind, int64_t subject_id)
{
    struct timer_mark *mark = audit_map_get(&audit->timers, subject_id, kind);
    about.law = AUDIT_reservation_kept;
    if (audit_true(audit, about, "it waits, and no timer ends that", mark != NULL)) {
        audit_equal(audit, about, "when its timer is due", due_us, mark->due_us);
        mark->claimed = 1;
    }
}

void audit_timers_end(struct audit *audit)
{
    size_t place = 0;
    const struct timer_mark *mark;
    if (audit->status != STATUS_ok) {
        return;
    }
    while ((mark = audit_map_next(&audit->timers, &place)) != NULL) {
        struct timer_row key = { .due_us = mark->due_us, .kind = (int32_t)mark->kind, .subject_id = mark->subject_id };
        struct audit_about about = { AUDIT_reservation_kept, &timer_table, &key };
        audit_true(audit, about, "nothing waits that it would end", mark->claimed == 1);
    }
}
