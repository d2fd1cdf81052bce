/* SPDX-License-Identifier: Apache-2.0 */
/* Shares that come back with a refund. */
#include "till/royalty.h"

#include "base/checked.h"

/* What `part` was told to give back; what it was not told, it keeps. */
static int64_t given_back(const struct royalty_returns *given, const struct royalty_part_row *part)
{
    for (int32_t i = 0; i < given->count; i++) {
        if (given->lines[i].kind == part->kind && given->lines[i].id == part->id) {
            return given->lines[i].amount_minor;
        }
    }
    return 0;
}

/* Whether each of them got a share of this trade, and is named once. */
static bool given_known(const struct royalty_returns *given, const struct royalty_row *royalty)
{
    int32_t known = 0;
    for (int32_t i = 0; i < royalty->parts_count; i++) {
        int32_t named = 0;
        for (int32_t j = 0; j < given->count; j++) {
            named += given->lines[j].kind == royalty->parts[i].kind && given->lines[j].id == royalty->parts[i].id;
        }
        if (named > 1) {
            return false;
        }
        known += named;
    }
    return known == given->count;
}

static int64_t share_back(const struct royalty_part_row *part, const struct trade_row *trade,
                          const struct refund_row *refund)
{
    int64_t back_minor;
    bool fits = checked_share(part->left_minor, refund->amount_minor, trade->left_minor, ROUND_down, &back_minor);
    assert(fits);
    return back_minor;
}

enum refusal royalty_give_back(struct view *view, struct moment *at, struct trade_row *trade, struct refund_row *refund,
                               const struct royalty_returns *given)
{
    struct royalty_row key = { .trade_id = trade->trade_id };
    struct leg legs[ROYALTY_PARTS_MAX];
    size_t count = 0;

    if (trade->royalty_minor == 0 && (given == NULL || given->count == 0)) {
        return REFUSAL_none; /* and no row is asked for: most trades have none */
    }
    const struct royalty_row *asked = view_ask(view, &royalty_table, &key);
    if (given != NULL && !given_known(given, asked)) {
        return REFUSAL_receiver_unbound;
    }
    for (int32_t i = 0; i < asked->parts_count; i++) { /* all accounts at once, before the first is looked at */
        struct party party = { asked->parts[i].kind, asked->parts[i].id };
        (void)account_ask(view, party_account(party, trade->currency));
    }
    struct royalty_row *royalty = view_change(view, asked);
    for (int32_t i = 0; i < royalty->parts_count; i++) {
        struct royalty_part_row *part = &royalty->parts[i];
        int64_t back_minor = given != NULL ? given_back(given, part) : share_back(part, trade, refund);
        if (back_minor == 0) {
            continue;
        }
        if (back_minor < 0 || back_minor > part->left_minor) {
            return REFUSAL_royalty_exceeds;
        }
        struct account_key account = party_account((struct party){ part->kind, part->id }, trade->currency);
        if (account_free(view, account) < back_minor) {
            return REFUSAL_royalty_short;
        }
        legs[count++] = (struct leg){ .from = account,
                                      .to = { trade->shop_id, PURPOSE_takings, trade->currency },
                                      .amount = back_minor };
        part->left_minor -= back_minor;
        trade->royalty_minor -= back_minor;
        refund->royalty_minor += back_minor;
        refund->royalties[refund->royalties_count++] = (struct royalty_return){ part->kind, part->id, back_minor };
    }
    if (count == 0) {
        return REFUSAL_none;
    }
    struct cause cause = { CAUSE_royalty_return, refund->refund_id };
    return ledger_move(view, at, cause, legs, count, &refund->royalty_transfer_id);
}
