/* SPDX-License-Identifier: Apache-2.0 */
#include "till/party.h"

#include "people/people.h"
#include "till/policy.h"

const char *const party_kinds[] = { "", "shopper", "merchant", "shop", NULL };

struct account_key party_account(struct party party, int64_t unit)
{
    switch (party.kind) {
    case PARTY_shopper:
        return (struct account_key){ party.id, PURPOSE_wallet, unit };
    case PARTY_merchant:
        return (struct account_key){ party.id, PURPOSE_balance, unit };
    default:
        assert(party.kind == PARTY_shop);
        return (struct account_key){ party.id, PURPOSE_takings, unit };
    }
}

bool party_exists(struct view *view, struct party party)
{
    switch (party.kind) {
    case PARTY_shopper:
        return row_exists(shopper_ask(view, party.id));
    case PARTY_merchant:
        return row_exists(merchant_ask(view, party.id));
    case PARTY_shop:
        return row_exists(shop_ask(view, party.id));
    default:
        return false;
    }
}

void party_ask(struct view *view, struct party party, int64_t unit)
{
    if (party.kind >= PARTY_shopper && party.kind <= PARTY_shop) {
        (void)party_exists(view, party);
        (void)account_ask(view, party_account(party, unit));
    }
}

static const char *party_name(struct view *view, struct party party)
{
    switch (party.kind) {
    case PARTY_shopper:
        return shopper_ask(view, party.id)->name;
    case PARTY_merchant:
        return merchant_ask(view, party.id)->name;
    default:
        assert(party.kind == PARTY_shop);
        return shop_ask(view, party.id)->name;
    }
}

bool party_is_called(struct view *view, struct party party, const char *name)
{
    const char *given = party_name(view, party);
    return name[0] == '\0' || given[0] == '\0' || strcmp(given, name) == 0;
}

enum refusal party_may_receive(struct view *view, struct party party, int64_t unit, int64_t amount_minor)
{
    struct policy_row policy;
    if (party.kind == PARTY_shop) {
        return shop_ask(view, party.id)->currency == unit ? REFUSAL_none : REFUSAL_currency_differs;
    }
    if (party.kind != PARTY_shopper) {
        return REFUSAL_none;
    }
    if (shopper_ask(view, party.id)->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    policy_ask(view, &policy);
    int64_t room_minor = policy.wallet_max_minor - account_balance(view, party_account(party, unit));
    return amount_minor > room_minor ? REFUSAL_wallet_limit_reached : REFUSAL_none;
}
