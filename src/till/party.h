/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A party that money may be paid to: a shopper (its wallet), a merchant (its balance) or a shop (its takings).
 * Shares of a trade and transfers name their receivers so. Called from decisions.
 */
#ifndef TILL_PARTY_H
#define TILL_PARTY_H

#include "engine/command.h"
#include "ledger/ledger.h"

/* Numbers are frozen: they are in rows. */
enum party_kind {
    PARTY_shopper = 1,
    PARTY_merchant = 2,
    PARTY_shop = 3,
};

extern const char *const party_kinds[];

struct party {
    int32_t kind; /* enum party_kind */
    int64_t id;
};

/* The account that a party is paid to and pays from. */
struct account_key party_account(struct party party, int64_t unit);
/*
 * Asks for what a party is paid by, its row and its account, and looks at nothing: who pays many asks for all of them
 * first, or each would take a round of deciding.
 */
void party_ask(struct view *view, struct party party, int64_t unit);
/* Whether there is such a party. */
bool party_exists(struct view *view, struct party party);
/* Whether its name is `name`; an empty one is not looked at, and who has none given may be called anything. */
bool party_is_called(struct view *view, struct party party, const char *name);
/*
 * Whether the party may be paid so much: a shopper is not blocked and its wallet stays within the policy's
 * limit, a shop takes that unit. It exists.
 */
enum refusal party_may_receive(struct view *view, struct party party, int64_t unit, int64_t amount_minor);

#endif
