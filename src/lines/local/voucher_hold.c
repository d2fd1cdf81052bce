/* SPDX-License-Identifier: Apache-2.0 */
/* What a voucher's holder does with it: look at it, give it to somebody, return it; and what time does: it lapses. */
#include "base/checked.h"
#include "engine/engine_rows.h"
#include "lines/local/voucher_internal.h"

/* ---- how it looks ---- */

#define ROW(member, ...) COLUMN_PART(voucher, row, member, #member, __VA_ARGS__)
#define AMOUNT(member) ROW(member, .form = FORM_amount)

static const struct column voucher_columns[] = {
    ROW(voucher_id, .form = FORM_id),
    ROW(code, .text = "12 digits for a shop, as text or as a QR. Empty when it is not the caller's any more."),
    ROW(deal_id, .form = FORM_id),
    COLUMN(voucher, title, .text = "Of the deal."),
    COLUMN(voucher, kind, .form = FORM_choice, .names = deal_kinds),
    COLUMN(voucher, refund, .form = FORM_choice, .names = deal_refunds, .text = "Until when it may be returned."),
    COLUMN(voucher, lapse_refunds, .form = FORM_flag, .text = "What is left when it lapses is paid back by itself."),
    COLUMN(voucher, shop_id, .form = FORM_id, .text = "In whose name it was sold."),
    ROW(part, .text = "Which of the deal's parts it is for; the first is 0."),
    ROW(purchase_id, .form = FORM_id, .text = "Null: it was given for nothing."),
    ROW(trade_id, .form = FORM_id, .text = "That paid it."),
    ROW(buyer_id, .form = FORM_id),
    ROW(holder_id, .form = FORM_id),
    ROW(state, .form = FORM_choice, .names = voucher_states),
    ROW(currency, .text = NULL),
    ROW(pieces, .text = "It came with: visits of a card, otherwise one."),
    ROW(redeemed_pieces, .text = NULL),
    ROW(returned_pieces, .text = NULL),
    ROW(lapsed_pieces, .text = NULL),
    ROW(pieces_left, .text = NULL),
    AMOUNT(paid_minor),
    AMOUNT(redeemed_minor),
    AMOUNT(returned_minor),
    AMOUNT(lapsed_minor),
    AMOUNT(left_minor),
    AMOUNT(face_minor),
    AMOUNT(face_left_minor),
    ROW(issued_at_us, .form = FORM_instant),
    ROW(valid_until_us, .form = FORM_instant, .text = "Exclusive."),
    ROW(last_redemption_id, .form = FORM_id),
    ROW(redemptions, .text = "That were not undone."),
    ROW(gives, .text = "How often it was given to another shopper."),
    ROW(reviewed, .form = FORM_flag),
    ROW(kept_shop_id, .form = FORM_id, .text = "Shop that it is set aside for."),
    ROW(kept_accept_us, .form = FORM_instant),
    ROW(kept_until_us, .form = FORM_instant),
};
const struct shape voucher_shape = SHAPE("voucher", voucher, voucher_columns);

struct voucher_ref {
    int64_t voucher_id;
};
static const struct column ref_columns[] = {
    COLUMN(voucher_ref, voucher_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("voucher_ref", voucher_ref, ref_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct voucher_ref *want = request;
    const struct voucher_row *voucher = voucher_ask(view, want->voucher_id);
    enum refusal refusal = voucher_held_check(at, voucher);
    if (refusal == REFUSAL_none) {
        voucher_show(view, voucher, answer);
    }
    return refusal;
}

const struct command voucher_query = {
    .name = "voucher_query",
    .number = 224,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/vouchers/{voucher_id}",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &ref_shape,
    .answer = &voucher_shape,
    .decide = decide_query,
    .summary = "A voucher with its code, for its holder.",
};

/* ---- giving it away ---- */

static const struct column give_columns[] = {
    COLUMN(voucher_give, voucher_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(voucher_give, to_shopper_id, .form = FORM_id, .text = "Who gets it; or by logon id."),
    COLUMN(voucher_give, to_logon_id, .text = "Mail address or phone number of who gets it."),
};
static const struct shape give_shape = SHAPE("voucher_give", voucher_give, give_columns);

/* Whether something is left of it that its holder may dispose of. */
static enum refusal free_check(const struct moment *at, const struct voucher_row *voucher)
{
    enum refusal refusal = voucher_held_check(at, voucher);
    if (refusal == REFUSAL_none) {
        refusal = voucher_open_check(voucher, at->now_us);
    }
    return refusal == REFUSAL_none && voucher->kept_shop_id != 0 ? REFUSAL_voucher_kept : refusal;
}

static enum refusal receiver_check(const struct voucher_row *voucher, const struct shopper_row *to)
{
    if (!row_exists(to)) {
        return REFUSAL_shopper_unknown;
    }
    if (to->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    return to->shopper_id == voucher->holder_id ? REFUSAL_give_same : REFUSAL_none;
}

/* The voucher's old code names nothing from here on: who gave it away knows it. */
static void code_drop(struct view *view, const struct voucher_row *voucher)
{
    struct voucher_code_row key = { .voucher_id = 0 };
    memcpy(key.code, voucher->code, sizeof(key.code));
    view_drop(view, view_ask(view, &voucher_code_table, &key));
}

static enum refusal decide_give(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct voucher_give *want = request;
    const struct voucher_row *asked = voucher_ask(view, want->voucher_id);
    const struct shopper_row *to = want->to_shopper_id != 0 ? shopper_ask(view, want->to_shopper_id)
                                                            : shopper_by_logon(view, want->to_logon_id);
    enum refusal refusal = free_check(at, asked);
    if (refusal == REFUSAL_none) {
        refusal = receiver_check(asked, to);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct account_key account = pieces_account(to->shopper_id, PURPOSE_vouchers, asked->deal_id);
    int64_t turn = account_ask(view, account)->transfer_count;
    struct leg leg = { .from = voucher_account(asked), .to = account, .amount = asked->pieces_left };
    refusal = ledger_move(view, at, (struct cause){ CAUSE_voucher_give, asked->voucher_id }, &leg, 1, NULL);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    code_drop(view, asked);
    struct voucher_row *voucher = view_change(view, asked);
    voucher->holder_id = to->shopper_id;
    voucher->gives++;
    voucher_code_give(view, deal_ask(view, voucher->deal_id), voucher, turn, 0);
    struct voucher *given = answer;
    voucher_show(view, voucher, given);
    memset(given->row.code, 0, sizeof(given->row.code)); /* the new code is for the new holder alone */
    return REFUSAL_none;
}

const struct command voucher_give = {
    .name = "voucher_give",
    .number = 225,
    .method = "POST",
    .route = "/v1/vouchers/{voucher_id}/give",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &give_shape,
    .answer = &voucher_shape,
    .decide = decide_give,
    .summary = "Gives what is left of a voucher to another shopper. It gets a new code, which only the new holder "
               "sees. Money that is paid back for it later still goes to who paid.",
};

/* ---- giving it back ---- */

static const struct column return_columns[] = {
    COLUMN(voucher_return, voucher_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(voucher_return, pieces, .least = 0, .most = 10000, .text = "Left out: all that is left."),
};
static const struct shape return_shape = SHAPE("voucher_return", voucher_return, return_columns);

/* Whether it was never used and is all that its copy of the deal is: such a copy may be sold again. */
static bool whole_copy(const struct voucher_row *voucher, const struct deal_row *deal, int64_t pieces)
{
    return deal->parts_count == 1 && pieces == voucher->pieces && pieces == deal->pieces_each &&
           voucher->face_left_minor == voucher->face_minor;
}

/* Takes pieces and money off what is left of it. */
static void left_take(struct voucher_row *voucher, int64_t pieces, int64_t money_minor, enum voucher_state state)
{
    voucher->pieces_left -= pieces;
    voucher->left_minor -= money_minor;
    if (voucher->pieces_left == 0) {
        assert(voucher->left_minor == 0);
        voucher->face_left_minor = 0;
        voucher->state = (int32_t)state;
    }
}

static enum refusal pieces_return(struct view *view, struct moment *at, const struct voucher_row *asked,
                                  int64_t pieces)
{
    const struct deal_row *deal = deal_ask(view, asked->deal_id);
    const struct shop_row *seller = shop_ask(view, deal->shop_id);
    struct account_key from = voucher_account(asked);
    bool whole = whole_copy(asked, deal, pieces);
    int64_t money_minor = pieces == asked->pieces_left ? asked->left_minor : voucher_share(asked, pieces, 0);
    struct cause cause = { CAUSE_voucher_return, asked->voucher_id };
    enum refusal refusal = deal_take_back(view, at, deal, from, pieces, whole, cause);
    if (refusal == REFUSAL_none) {
        refusal = voucher_pay_back(view, at, asked, money_minor, "voucher returned");
    }
    if (refusal == REFUSAL_none && whole && asked->purchase_id != 0) {
        refusal = deal_buyer_count(view, deal, shopper_ask(view, asked->buyer_id)->person_id, -1);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct voucher_row *voucher = view_change(view, asked);
    voucher->returned_pieces += pieces;
    voucher->returned_minor += money_minor;
    left_take(voucher, pieces, money_minor, VOUCHER_returned);
    voucher_timer_move(view, at, voucher);
    struct deal_day_row more = { .returned_pieces = pieces, .returned_minor = money_minor };
    deal_book(view, at, deal, seller, &more);
    return REFUSAL_none;
}

static enum refusal decide_return(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct voucher_return *want = request;
    const struct voucher_row *voucher = voucher_ask(view, want->voucher_id);
    int64_t pieces = want->pieces > 0 ? want->pieces : voucher->pieces_left;
    enum refusal refusal = free_check(at, voucher);
    if (refusal == REFUSAL_none && deal_ask(view, voucher->deal_id)->refund == DEAL_REFUND_never) {
        refusal = REFUSAL_return_closed;
    }
    if (refusal == REFUSAL_none && pieces > voucher->pieces_left) {
        refusal = REFUSAL_voucher_short;
    }
    if (refusal == REFUSAL_none) {
        refusal = pieces_return(view, at, voucher, pieces);
    }
    if (refusal == REFUSAL_none) {
        voucher_show(view, voucher, answer);
    }
    return refusal;
}

const struct command voucher_return = {
    .name = "voucher_return",
    .number = 226,
    .method = "POST",
    .route = "/v1/vouchers/{voucher_id}/return",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &return_shape,
    .answer = &voucher_shape,
    .decide = decide_return,
    .summary = "Gives pieces of a voucher back for their share of its price, as the deal allows. The money goes to who "
               "paid, and to who funded the discounts.",
};

/* ---- its time is over ---- */

/* Whether what is left is paid back: when the deal says so, and when it may be returned at any time. */
static bool lapse_refunds(const struct deal_row *deal)
{
    return deal->lapse_refunds != 0 || deal->refund == DEAL_REFUND_any_time;
}

/* The money of a lapsed voucher that nobody gets back: the shop's less the commission. */
static size_t earned_legs(const struct voucher_row *voucher, const struct shop_row *shop, int64_t commission_minor,
                          struct leg *legs)
{
    size_t count = 0;
    int64_t net_minor = voucher->left_minor - commission_minor;
    struct account_key escrow = { voucher->trade_id, PURPOSE_escrow, voucher->currency };
    struct account_key takings = { shop->shop_id, PURPOSE_takings, voucher->currency };
    struct account_key fees = { 0, PURPOSE_fees, voucher->currency };
    if (net_minor > 0) {
        legs[count++] = (struct leg){ .from = escrow, .to = takings, .amount = net_minor };
    }
    if (commission_minor > 0) {
        legs[count++] = (struct leg){ .from = escrow, .to = fees, .amount = commission_minor };
    }
    return count;
}

static enum refusal lapse(struct view *view, struct moment *at, const struct voucher_row *asked)
{
    struct leg legs[3];
    const struct deal_row *deal = deal_ask(view, asked->deal_id);
    const struct shop_row *shop = voucher_home_shop(view, deal, asked->part);
    bool refunds = lapse_refunds(deal);
    struct deal_day_row more = { .lapsed_pieces = asked->pieces_left, .lapsed_minor = asked->left_minor };
    size_t count = 0;
    legs[count++] = (struct leg){ .from = voucher_account(asked),
                                  .to = pieces_account(deal->deal_id, PURPOSE_lapsed, deal->deal_id),
                                  .amount = asked->pieces_left };
    if (!refunds) {
        bool fits = checked_share(asked->left_minor, deal->commission_bp, 10000, ROUND_down, &more.commission_minor);
        assert(fits);
        more.earned_minor = asked->left_minor - more.commission_minor;
        count += earned_legs(asked, shop, more.commission_minor, legs + count);
    }
    struct cause cause = { CAUSE_voucher_lapse, asked->voucher_id };
    enum refusal refusal = ledger_move(view, at, cause, legs, count, NULL);
    if (refusal == REFUSAL_none && refunds) {
        refusal = voucher_pay_back(view, at, asked, asked->left_minor, "voucher lapsed");
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct voucher_row *voucher = view_change(view, asked);
    voucher->lapsed_pieces += voucher->pieces_left;
    voucher->lapsed_minor += voucher->left_minor;
    left_take(voucher, voucher->pieces_left, voucher->left_minor, VOUCHER_lapsed);
    voucher->due_us = 0;
    deal_book(view, at, deal, shop, &more);
    return REFUSAL_none;
}

/* What was set aside for a shop and not taken returns to the holder. */
static enum refusal kept_end(struct view *view, struct moment *at, struct voucher_row *voucher)
{
    struct leg leg = { .from = voucher_account(voucher), .amount = voucher->pieces_left };
    voucher_kept_clear(voucher);
    leg.to = voucher_account(voucher);
    return ledger_move(view, at, (struct cause){ CAUSE_voucher_unkeep, voucher->voucher_id }, &leg, 1, NULL);
}

static enum refusal decide_lapse(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    const struct voucher_row *asked = voucher_ask(view, due->subject_id);
    enum refusal refusal = REFUSAL_none;
    (void)answer;
    if (!row_exists(asked) || asked->state != VOUCHER_open || asked->due_us != due->due_us) {
        return REFUSAL_none;
    }
    if (asked->kept_shop_id != 0) {
        refusal = kept_end(view, at, view_change(view, asked));
    }
    if (refusal == REFUSAL_none && at->now_us >= asked->valid_until_us) {
        return lapse(view, at, asked);
    }
    if (refusal == REFUSAL_none) {
        struct voucher_row *voucher = view_change(view, asked);
        voucher->due_us = 0;
        voucher_timer_move(view, at, voucher);
    }
    return refusal;
}

const struct command voucher_lapse = {
    .name = "voucher_lapse",
    .number = 227,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_lapse,
    .summary = "A voucher's time is over: what is left is paid back when the deal says so, and earned by the shop "
               "otherwise. Or it is no longer set aside for a shop.",
};

static enum refusal decide_unkeep(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct voucher_ref *want = request;
    const struct voucher_row *asked = voucher_ask(view, want->voucher_id);
    bool reached = row_exists(asked) && asked->kept_shop_id != 0 &&
                   access_shop(view, at, shop_ask(view, asked->kept_shop_id));
    if (!reached) {
        return REFUSAL_voucher_unknown;
    }
    struct voucher_row *voucher = view_change(view, asked);
    enum refusal refusal = kept_end(view, at, voucher);
    voucher_timer_move(view, at, voucher);
    voucher_show(view, voucher, answer);
    memset(((struct voucher *)answer)->row.code, 0, VOUCHER_CODE_SIZE); /* it is the holder's */
    return refusal;
}

const struct command voucher_unkeep = {
    .name = "voucher_unkeep",
    .number = 228,
    .method = "POST",
    .route = "/v1/vouchers/{voucher_id}/unkeep",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &ref_shape,
    .answer = &voucher_shape,
    .decide = decide_unkeep,
    .summary = "The shop gives back what was set aside for it and what none of its tills took. The holder cannot: a "
               "till without a network may have taken it.",
};
