/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claiming. Of millions who press in the same second most come too late: they are answered from rows that are at hand,
 * and nothing is written for them. Who wins costs the claim's row and what a voucher costs.
 */
#include "lines/local/give.h"

#include "base/civil.h"
#include "lines/local/deal.h"
#include "lines/local/give_internal.h"
#include "lines/local/voucher.h"

#define WANT_COLUMNS                                                                                         \
    COLUMN(give_want, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),                  \
        COLUMN(give_want, shopper_id, .form = FORM_id, .text = "Left out: the shopper who asks.")

static const struct column want_columns[] = {
    WANT_COLUMNS,
    COLUMN(give_want, pay_later, .form = FORM_flag,
           .text = "At a token price: what is claimed waits for its payment, which may come in any way. Left out: it "
                   "is paid from the wallet at once."),
    COLUMN(give_want, confirmed, .form = FORM_flag,
           .text = "The shopper confirmed the payment on the device, with password or fingerprint."),
};
static const struct shape want_shape = SHAPE("give_want", give_want, want_columns);

static const struct column claimed_columns[] = {
    COLUMN(give_claimed, deal_id, .form = FORM_id),
    COLUMN(give_claimed, shopper_id, .form = FORM_id),
    COLUMN(give_claimed, number, .text = "In the order in which people came, from 1."),
    COLUMN(give_claimed, at_us, .form = FORM_instant),
    COLUMN(give_claimed, voucher_id, .form = FORM_id, .text = "Of several the first; null while it is not paid."),
    COLUMN(give_claimed, code, .text = "Of the voucher."),
    COLUMN(give_claimed, purchase_id, .form = FORM_id, .text = "At a token price."),
    COLUMN(give_claimed, trade_id, .form = FORM_id, .text = "To be paid, or paid."),
    COLUMN(give_claimed, trade_state, .form = FORM_choice, .names = trade_states),
    COLUMN(give_claimed, price_minor, .form = FORM_amount),
};
static const struct shape claimed_shape = SHAPE("give_claimed", give_claimed, claimed_columns);

/* The claim as its person sees it. */
static void claim_show(struct view *view, const struct give_claim_row *claim, struct give_claimed *shown)
{
    shown->deal_id = claim->deal_id;
    shown->shopper_id = claim->shopper_id;
    shown->number = claim->number;
    shown->at_us = claim->at_us;
    shown->voucher_id = claim->voucher_id;
    shown->purchase_id = claim->purchase_id;
    if (claim->purchase_id != 0) {
        const struct purchase_row *purchase = purchase_ask(view, claim->purchase_id);
        shown->trade_id = purchase->trade_id;
        shown->trade_state = trade_ask(view, purchase->trade_id)->state;
        shown->price_minor = purchase->amount_minor;
        shown->voucher_id = purchase->voucher_id;
    }
    const struct voucher_row *voucher = voucher_ask(view, shown->voucher_id);
    if (voucher->holder_id == claim->shopper_id) { /* given to somebody else, its code is for the new holder alone */
        memcpy(shown->code, voucher->code, sizeof(shown->code));
    }
}

/* Whether what was claimed still stands: what was never paid in time does not. */
static bool claim_stands(struct view *view, const struct give_claim_row *claim)
{
    if (!row_exists(claim)) {
        return false;
    }
    return claim->purchase_id == 0 || purchase_ask(view, claim->purchase_id)->state != PURCHASE_closed;
}

static enum refusal claim_free(struct view *view, struct moment *at, const struct deal_row *deal,
                               struct give_claim_row *claim)
{
    struct voucher_order order = { .deal = deal, .shopper_id = claim->shopper_id, .copies = 1 };
    const struct voucher_row *first;
    enum refusal refusal = voucher_issue(view, at, &order, &first, NULL);
    claim->voucher_id = refusal == REFUSAL_none ? first->voucher_id : 0;
    return refusal;
}

static enum refusal claim_buy(struct view *view, struct moment *at, const struct give_want *want,
                              const struct give_person *person, const struct deal_row *deal,
                              struct give_claim_row *claim)
{
    struct purchase purchase;
    struct purchase_terms terms = {
        .deal = deal,
        .shopper = person->shopper,
        .price_minor = deal->price_minor,
        .copies = 1,
        .give_id = deal->deal_id,
        .pay_later = want->pay_later,
        .confirmed = want->confirmed,
        .expires_at_us = at->now_us + person->give->pay_in_s * US_PER_SECOND,
    };
    enum refusal refusal = purchase_open(view, at, &terms, &purchase);
    claim->purchase_id = purchase.row.purchase_id;
    return refusal;
}

static enum refusal decide_claim(const void *request, struct moment *at, struct view *view, void *answer)
{
    struct give_want want = *(const struct give_want *)request;
    const struct deal_row *deal = deal_ask(view, want.deal_id);
    int64_t stock = account_free(view, deal_stock(deal));
    struct give_person person;
    enum refusal refusal = give_person_check(view, at, &want, &person);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (person.give->kind != GIVE_claim) {
        return REFUSAL_give_unknown;
    }
    if (claim_stands(view, person.known)) {
        claim_show(view, person.known, answer);
        return REFUSAL_none;
    }
    refusal = give_open_check(at, &person);
    if (refusal == REFUSAL_none) {
        refusal = deal_sale_check(deal, at->now_us);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (!row_exists(deal) || stock < deal->pieces_each) {
        return REFUSAL_give_gone;
    }
    struct give_claim_row *claim = give_claim_make(view, at, &person);
    refusal = deal->price_minor > 0 ? claim_buy(view, at, &want, &person, deal, claim)
                                    : claim_free(view, at, deal, claim);
    claim_show(view, claim, answer);
    return refusal == REFUSAL_floor_reached ? REFUSAL_give_gone : refusal;
}

const struct command give_claim = {
    .name = "give_claim",
    .number = 241,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/gives/{deal_id}/claims",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &want_shape,
    .answer = &claimed_shape,
    .decide = decide_claim,
    .summary = "Claims one of what is given away: first come, first served, one for each person. The same person again "
               "gets the same answer; no Idempotency-Key is needed.",
};
