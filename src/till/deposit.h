/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deposits: a shopper sets an amount of the wallet aside for a shop; the shop takes all or a part of it, or
 * gives it back, and at the latest it returns by itself. Commands over the ledger's holds. Setting money aside is as
 * good as paying it, so it needs the shopper's confirmation like a payment, and counts in the sums of the day.
 */
#ifndef TILL_DEPOSIT_H
#define TILL_DEPOSIT_H

#include "engine/command.h"
#include "ledger/ledger.h"

struct shop_row;
struct shopper_row;

struct deposit_terms {
    const struct shop_row *shop;       /* that may take it */
    const struct shopper_row *shopper; /* whose wallet it comes from */
    int64_t amount_minor;
    int64_t lapses_at_us;
    struct cause cause;
    bool confirmed; /* the shopper gave a second factor */
};

/*
 * Sets it aside. confirmation_missing: it is more than goes without, at once or on this day; day_limit_reached;
 * balance_short.
 */
MUST_CHECK enum refusal deposit_hold(struct view *view, struct moment *at, const struct deposit_terms *terms,
                                     int64_t *hold_id);

extern const struct command deposit_create, deposit_capture, deposit_release, deposit_query;

#endif
