/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ledger for everything that can run out. Amounts are only ever moved from one account to another, and
 * an account never goes below its floor: money cannot appear or vanish, a budget cannot be overspent.
 *
 * An account is named by its owner, its purpose and its unit; it comes into being with its first transfer.
 * A transfer is append-only and holds the legs of one business event, so that a payment with its discounts
 * is one row. Every leg carries the balance of both accounts after it and the transfer that touched each
 * account before: an account's statement is the chain that starts at its last transfer, and needs no index.
 *
 * The ledger knows no business: it is told the cause and a reference, and keeps both for whoever reads.
 * Called from decisions only. Amounts are counts of the unit's smallest part, 1..AMOUNT_MAX.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "engine/command.h"
#include "ledger/ledger_rows.h"

struct account_key {
    int64_t owner_id;
    int32_t purpose; /* enum purpose */
    int64_t unit;
};

struct leg {
    struct account_key from, to;
    int64_t amount;
};

/* What the legs are for. */
struct cause {
    int32_t kind;         /* enum cause_kind */
    int64_t reference_id; /* trade, refund, campaign, … */
};

const struct account_row *account_ask(struct view *view, struct account_key key);
int64_t account_balance(struct view *view, struct account_key key);
/* What may still be taken out: balance less floor. */
int64_t account_free(struct view *view, struct account_key key);

/*
 * Moves all legs, in order, as one transfer; its id goes to `*transfer_id` when that is not NULL. Refuses
 * with floor_reached, account_full or amount_out_of_range; the engine takes back what was done before a
 * refusal. At most LEGS_MAX legs; legs from an account to itself are a bug.
 */
MUST_CHECK enum refusal ledger_move(struct view *view, struct moment *at, struct cause cause, const struct leg *legs,
                                    size_t leg_count, int64_t *transfer_id);

/* ---- holds: moved aside now, taken or given back later, at the latest when they lapse ---- */

struct hold_terms {
    struct account_key account; /* whose amount is held */
    int64_t amount;
    int64_t lapses_at_us;
    struct cause cause;
};

/* Moves the amount to the owner's `held` account and sets the timer that moves it back. */
MUST_CHECK enum refusal ledger_hold(struct view *view, struct moment *at, const struct hold_terms *terms,
                                    int64_t *hold_id);
/* Pays up to what is held to `to`; the rest goes back. */
MUST_CHECK enum refusal ledger_capture(struct view *view, struct moment *at, int64_t hold_id, struct account_key to,
                                       int64_t amount);
MUST_CHECK enum refusal ledger_release(struct view *view, struct moment *at, int64_t hold_id);

/* The timer command of holds. */
extern const struct command hold_lapse;

/* A batch_check (engine.h): per unit all changed balances sum to zero, no changed account is below its floor,
 * and the batch's new transfers explain every change of a balance. */
const char *ledger_check(void *context, const struct row_change *changes, size_t count);

#endif
