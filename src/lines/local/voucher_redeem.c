/* SPDX-License-Identifier: Apache-2.0 */
/* What shops do with vouchers: look at one, redeem some, take a redemption back. */
#include "base/checked.h"
#include "lines/local/voucher_internal.h"

const struct redemption_row *redemption_ask(struct view *view, int64_t redemption_id)
{
    struct redemption_row key = { .redemption_id = redemption_id };
    return view_ask(view, &redemption_table, &key);
}

/* ---- one redemption ---- */

/* What a redemption takes: pieces of the voucher, and its share of the money. */
static void redemption_fill(struct redemption_row *redemption, const struct voucher_use *use,
                            const struct deal_row *deal)
{
    const struct voucher_row *voucher = use->voucher;
    bool stored = voucher->face_minor > 0;
    int64_t pieces = use->pieces > 0 ? use->pieces : 1;
    redemption->voucher_id = voucher->voucher_id;
    redemption->deal_id = voucher->deal_id;
    redemption->part = voucher->part;
    redemption->shop_id = use->shop->shop_id;
    redemption->merchant_id = use->shop->merchant_id;
    redemption->terminal_id = use->terminal_id;
    redemption->holder_id = voucher->holder_id;
    redemption->trade_id = voucher->trade_id;
    redemption->state = REDEMPTION_done;
    redemption->amount_minor = use->amount_minor;
    redemption->pieces = !stored ? pieces : use->amount_minor == voucher->face_left_minor ? 1 : 0;
    redemption->gross_minor = voucher_share(voucher, pieces, use->amount_minor);
    bool fits = checked_share(redemption->gross_minor, deal->commission_bp, 10000, ROUND_down,
                              &redemption->commission_minor);
    assert(fits);
    redemption->currency = voucher->currency;
    redemption->offline = use->offline;
    redemption->accepted_at_us = use->accepted_at_us;
    redemption->previous_id = voucher->last_redemption_id;
}

/* The legs of a redemption; with `back` those of taking it back, pieces to where the voucher's are now. */
static size_t redemption_legs(const struct redemption_row *redemption, const struct voucher_row *voucher, bool back,
                              struct leg legs[3])
{
    int64_t net_minor = redemption->gross_minor - redemption->commission_minor;
    struct account_key escrow = { redemption->trade_id, PURPOSE_escrow, redemption->currency };
    struct account_key takings = { redemption->shop_id, PURPOSE_takings, redemption->currency };
    struct account_key fees = { 0, PURPOSE_fees, redemption->currency };
    struct account_key redeemed = pieces_account(redemption->shop_id, PURPOSE_redeemed, redemption->deal_id);
    struct account_key held = voucher_account(voucher);
    size_t count = 0;
    if (redemption->pieces > 0) {
        legs[count++] = (struct leg){ .from = back ? redeemed : held,
                                      .to = back ? held : redeemed,
                                      .amount = redemption->pieces };
    }
    if (net_minor > 0) {
        legs[count++] = (struct leg){ .from = back ? takings : escrow,
                                      .to = back ? escrow : takings,
                                      .amount = net_minor };
    }
    if (redemption->commission_minor > 0) {
        legs[count++] = (struct leg){ .from = back ? fees : escrow,
                                      .to = back ? escrow : fees,
                                      .amount = redemption->commission_minor };
    }
    return count;
}

static enum refusal legs_move(struct view *view, struct moment *at, struct cause cause, const struct leg *legs,
                              size_t count, int64_t *transfer_id)
{
    return count > 0 ? ledger_move(view, at, cause, legs, count, transfer_id) : REFUSAL_none;
}

/* Books the redemption in the day and in the deal; `sign` -1: takes it off again. */
static void redemption_book(struct view *view, const struct moment *at, const struct redemption_row *redemption,
                            int sign)
{
    struct deal_day_row more = { .redeemed_pieces = sign * redemption->pieces,
                                 .redeemed_minor = sign * redemption->gross_minor,
                                 .earned_minor = sign * (redemption->gross_minor - redemption->commission_minor),
                                 .commission_minor = sign * redemption->commission_minor };
    deal_book(view, at, deal_ask(view, redemption->deal_id), shop_ask(view, redemption->shop_id), &more);
}

enum refusal voucher_redeem_one(struct view *view, struct moment *at, const struct voucher_use *use,
                                const struct redemption_row **done)
{
    struct leg legs[3];
    const struct deal_row *deal = deal_ask(view, use->voucher->deal_id);
    struct redemption_row key = { .redemption_id = moment_id(at) };
    struct redemption_row *redemption = view_new(view, &redemption_table, &key);
    redemption_fill(redemption, use, deal);
    redemption->booked_at_us = at->now_us;
    redemption->day = civil_yyyymmdd(civil_day(at->now_us, use->shop->zone_minutes));
    redemption->undo_until_us = at->now_us + UNDO_WITHIN_US;
    redemption->caller_kind = at->caller.kind;
    redemption->caller_id = at->caller.id;

    size_t count = redemption_legs(redemption, use->voucher, false, legs);
    struct cause cause = { CAUSE_voucher_redeem, redemption->redemption_id };
    enum refusal refusal = legs_move(view, at, cause, legs, count, &redemption->transfer_id);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct voucher_row *voucher = view_change(view, use->voucher);
    voucher->pieces_left -= redemption->pieces;
    voucher->redeemed_pieces += redemption->pieces;
    voucher->left_minor -= redemption->gross_minor;
    voucher->redeemed_minor += redemption->gross_minor;
    voucher->face_left_minor -= redemption->amount_minor;
    voucher->last_redemption_id = redemption->redemption_id;
    voucher->redemptions++;
    if (voucher->pieces_left == 0) {
        assert(voucher->left_minor == 0);
        voucher->state = VOUCHER_redeemed;
        voucher_kept_clear(voucher);
        voucher_timer_move(view, at, voucher);
    }
    redemption_book(view, at, redemption, 1);
    *done = redemption;
    return REFUSAL_none;
}

enum refusal redemption_undo(struct view *view, struct moment *at, const struct redemption_row *asked)
{
    struct leg legs[3];
    const struct voucher_row *held = voucher_ask(view, asked->voucher_id);
    if (asked->state != REDEMPTION_done) {
        return REFUSAL_redemption_undone;
    }
    if (held->state == VOUCHER_returned || held->state == VOUCHER_lapsed) {
        return held->state == VOUCHER_returned ? REFUSAL_voucher_returned : REFUSAL_voucher_lapsed;
    }
    if (at->now_us > asked->undo_until_us) {
        return REFUSAL_undo_late;
    }
    if (held->last_redemption_id != asked->redemption_id) {
        return REFUSAL_undo_order;
    }
    struct redemption_row *redemption = view_change(view, asked);
    struct voucher_row *voucher = view_change(view, held);
    size_t count = redemption_legs(redemption, voucher, true, legs);
    struct cause cause = { CAUSE_voucher_undo, redemption->redemption_id };
    enum refusal refusal = legs_move(view, at, cause, legs, count, &redemption->undo_transfer_id);
    if (refusal != REFUSAL_none) {
        return refusal == REFUSAL_floor_reached ? REFUSAL_takings_short : refusal;
    }
    redemption->state = REDEMPTION_undone;
    redemption->undone_at_us = at->now_us;
    voucher->pieces_left += redemption->pieces;
    voucher->redeemed_pieces -= redemption->pieces;
    voucher->left_minor += redemption->gross_minor;
    voucher->redeemed_minor -= redemption->gross_minor;
    voucher->face_left_minor += redemption->amount_minor;
    voucher->last_redemption_id = redemption->previous_id;
    voucher->redemptions--;
    if (voucher->state != VOUCHER_open) {
        voucher->state = VOUCHER_open;
        voucher_timer_move(view, at, voucher);
    }
    redemption_book(view, at, redemption, -1);
    return REFUSAL_none;
}

/* ---- the commands ---- */

/* The shop, when it exists and the caller may act for it; with a terminal, one of that shop's. */
static enum refusal shop_check(struct view *view, const struct moment *at, const struct shop_row *shop,
                               int64_t terminal_id)
{
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (terminal_id != 0) {
        const struct terminal_row *terminal = terminal_ask(view, terminal_id);
        return row_exists(terminal) && terminal->shop_id == shop->shop_id ? REFUSAL_none : REFUSAL_terminal_unknown;
    }
    return REFUSAL_none;
}

static const struct column prepare_columns[] = {
    COLUMN(voucher_prepare, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(voucher_prepare, code, .flags = COLUMN_required, .least = 1, .text = "As scanned or typed."),
};
static const struct shape prepare_shape = SHAPE("voucher_prepare", voucher_prepare, prepare_columns);

static const struct column prepared_columns[] = {
    COLUMN(voucher_prepared, voucher_id, .form = FORM_id),
    COLUMN(voucher_prepared, deal_id, .form = FORM_id),
    COLUMN(voucher_prepared, title),
    COLUMN(voucher_prepared, rules, .text = "The beginning of the deal's, in plain words."),
    COLUMN(voucher_prepared, state, .form = FORM_choice, .names = voucher_states),
    COLUMN(voucher_prepared, valid, .form = FORM_flag, .text = "It may be redeemed here and now."),
    COLUMN(voucher_prepared, why_not, .text = "The code of the refusal otherwise."),
    COLUMN(voucher_prepared, why_not_text, .text = "The same in words."),
    COLUMN(voucher_prepared, pieces_left),
    COLUMN(voucher_prepared, face_left_minor, .form = FORM_amount, .text = "Of stored value."),
    COLUMN(voucher_prepared, left_minor, .form = FORM_amount, .text = "Of its price, still in escrow."),
    COLUMN(voucher_prepared, currency),
    COLUMN(voucher_prepared, valid_until_us, .form = FORM_instant),
    COLUMN(voucher_prepared, kept_shop_id, .form = FORM_id, .text = "Shop that it is set aside for."),
};
static const struct shape prepared_shape = SHAPE("voucher_prepared", voucher_prepared, prepared_columns);

/* As much of a text as there is room for, without a part of a character at its end. */
static void text_put(const char *from, char *to, size_t room)
{
    struct span text = span_of(from);
    while (text.size >= room || (from[text.size] & 0xC0) == 0x80) {
        text.size--;
    }
    bool fits = span_copy(text, to, room);
    assert(fits);
}

static enum refusal decide_prepare(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct voucher_prepare *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    const struct voucher_row *voucher;
    enum refusal refusal = shop_check(view, at, shop, 0);
    if (refusal == REFUSAL_none) {
        refusal = voucher_find(view, at, shop, want->code, &voucher);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    const struct deal_row *deal = deal_ask(view, voucher->deal_id);
    struct voucher_use use = { .voucher = voucher,
                               .shop = shop,
                               .amount_minor = voucher->face_minor > 0 ? voucher->face_left_minor : 0,
                               .accepted_at_us = at->now_us };
    struct voucher_prepared *prepared = answer;
    enum refusal why_not = voucher_use_check(view, at, &use);
    *prepared = (struct voucher_prepared){ .voucher_id = voucher->voucher_id,
                                           .deal_id = voucher->deal_id,
                                           .state = voucher->state,
                                           .valid = why_not == REFUSAL_none,
                                           .pieces_left = voucher->pieces_left,
                                           .face_left_minor = voucher->face_left_minor,
                                           .left_minor = voucher->left_minor,
                                           .currency = voucher->currency,
                                           .valid_until_us = voucher->valid_until_us,
                                           .kept_shop_id = voucher->kept_shop_id };
    text_put(deal->title, prepared->title, sizeof(prepared->title));
    text_put(deal_detail_ask(view, deal->deal_id)->rules, prepared->rules, sizeof(prepared->rules));
    if (why_not != REFUSAL_none) {
        text_put(refusal_text((int)why_not)->name, prepared->why_not, sizeof(prepared->why_not));
        text_put(refusal_text((int)why_not)->text, prepared->why_not_text, sizeof(prepared->why_not_text));
    }
    return REFUSAL_none;
}

const struct command voucher_prepare = {
    .name = "voucher_prepare",
    .number = 220,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/shops/{shop_id}/vouchers/prepare",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &prepare_shape,
    .answer = &prepared_shape,
    .decide = decide_prepare,
    .summary = "What a code stands for, how much is left, and whether it may be redeemed here and now or why not. "
               "Redeems nothing.",
};

static const struct column use_columns[] = {
    COLUMN(voucher_code_use, code, .flags = COLUMN_required, .least = 1, .text = "As scanned or typed."),
    COLUMN(voucher_code_use, pieces, .least = 0, .most = 10000, .text = "Left out: one. Of stored value: none."),
    COLUMN(voucher_code_use, amount_minor, .form = FORM_amount, .least = 0, .most = AMOUNT_MAX,
           .text = "Of stored value: what to take off it."),
};
static const struct shape use_shape = SHAPE("voucher_code_use", voucher_code_use, use_columns);

static const struct column redeem_columns[] = {
    COLUMN(voucher_redeem, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(voucher_redeem, terminal_id, .form = FORM_id),
    COLUMN_LIST(voucher_redeem, codes, use_shape, .flags = COLUMN_required, .text = "All of them, or none."),
};
static const struct shape redeem_shape = SHAPE("voucher_redeem", voucher_redeem, redeem_columns);

static const struct column redeemed_columns[] = {
    COLUMN(voucher_redeemed, redemption_id, .form = FORM_id, .text = "By which it may be undone."),
    COLUMN(voucher_redeemed, voucher_id, .form = FORM_id),
    COLUMN(voucher_redeemed, pieces),
    COLUMN(voucher_redeemed, pieces_left),
    COLUMN(voucher_redeemed, face_left_minor, .form = FORM_amount, .text = "Of stored value."),
    COLUMN(voucher_redeemed, gross_minor, .form = FORM_amount, .text = "Out of escrow."),
    COLUMN(voucher_redeemed, commission_minor, .form = FORM_amount,
           .text = "Of that, to the platform; the rest to the shop's takings."),
};
static const struct shape redeemed_shape = SHAPE("voucher_redeemed", voucher_redeemed, redeemed_columns);

static const struct column list_columns[] = {
    COLUMN_LIST(voucher_redeemed_list, redemptions, redeemed_shape, .text = "In the order of the codes."),
};
static const struct shape list_shape = SHAPE("voucher_redeemed_list", voucher_redeemed_list, list_columns);

static enum refusal decide_redeem(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct voucher_redeem *want = request;
    struct voucher_redeemed_list *list = answer;
    struct voucher_use uses[REDEEM_CODES_MAX];
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    int64_t terminal_id =
        want->terminal_id == 0 && at->caller.kind == CALLER_terminal ? at->caller.id : want->terminal_id;
    enum refusal refusal = shop_check(view, at, shop, terminal_id);
    for (int32_t i = 0; i < want->codes_count; i++) {
        voucher_use_ask(view, shop, want->codes[i].code);
    }
    for (int32_t i = 0; i < want->codes_count && refusal == REFUSAL_none; i++) {
        const struct voucher_code_use *code = &want->codes[i];
        uses[i] = (struct voucher_use){ .shop = shop,
                                        .terminal_id = terminal_id,
                                        .pieces = code->pieces,
                                        .amount_minor = code->amount_minor,
                                        .accepted_at_us = at->now_us };
        refusal = voucher_find(view, at, shop, code->code, &uses[i].voucher);
    }
    if (refusal == REFUSAL_none && want->codes_count == 0) {
        refusal = REFUSAL_voucher_malformed;
    }
    list->redemptions_count = want->codes_count;
    for (int32_t i = 0; i < want->codes_count && refusal == REFUSAL_none; i++) {
        const struct redemption_row *redemption = NULL;
        refusal = voucher_use_check(view, at, &uses[i]);
        if (refusal == REFUSAL_none) {
            refusal = voucher_redeem_one(view, at, &uses[i], &redemption);
        }
        if (refusal == REFUSAL_none) {
            list->redemptions[i] = (struct voucher_redeemed){ .redemption_id = redemption->redemption_id,
                                                              .voucher_id = redemption->voucher_id,
                                                              .pieces = (int32_t)redemption->pieces,
                                                              .pieces_left = (int32_t)uses[i].voucher->pieces_left,
                                                              .face_left_minor = uses[i].voucher->face_left_minor,
                                                              .gross_minor = redemption->gross_minor,
                                                              .commission_minor = redemption->commission_minor };
        }
    }
    return refusal;
}

const struct command voucher_redeem = {
    .name = "voucher_redeem",
    .number = 221,
    .method = "POST",
    .route = "/v1/shops/{shop_id}/redemptions",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &redeem_shape,
    .answer = &list_shape,
    .decide = decide_redeem,
    .summary = "Redeems one or several vouchers, whole or in part: all of them, or none. The shop is paid out of "
               "escrow, less the commission, which is rounded down; the last piece of a voucher takes the rest.",
};

struct redemption_ref {
    int64_t redemption_id;
};
static const struct column ref_columns[] = {
    COLUMN(redemption_ref, redemption_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("redemption_ref", redemption_ref, ref_columns);

/* The redemption, when the caller may act for its shop. */
static enum refusal redemption_find(struct view *view, const struct moment *at, int64_t redemption_id,
                                    const struct redemption_row **redemption)
{
    *redemption = redemption_ask(view, redemption_id);
    bool reached = row_exists(*redemption) && access_shop(view, at, shop_ask(view, (*redemption)->shop_id));
    return reached ? REFUSAL_none : REFUSAL_redemption_unknown;
}

static enum refusal decide_undo(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct redemption_ref *want = request;
    const struct redemption_row *redemption;
    enum refusal refusal = redemption_find(view, at, want->redemption_id, &redemption);
    if (refusal == REFUSAL_none) {
        refusal = redemption_undo(view, at, redemption);
    }
    memcpy(answer, redemption, sizeof(*redemption));
    return refusal;
}

const struct command voucher_undo = {
    .name = "voucher_undo",
    .number = 222,
    .method = "POST",
    .route = "/v1/redemptions/{redemption_id}/undo",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &ref_shape,
    .answer = &redemption_table.shape,
    .decide = decide_undo,
    .summary = "Takes a redemption back within an hour: the pieces return to the holder, the money to escrow. Of one "
               "voucher, the later ones first.",
};

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct redemption_ref *want = request;
    const struct redemption_row *redemption;
    enum refusal refusal = redemption_find(view, at, want->redemption_id, &redemption);
    bool mine = row_exists(redemption) && access_shopper(at, redemption->holder_id);
    memcpy(answer, redemption, sizeof(*redemption));
    return mine ? REFUSAL_none : refusal;
}

const struct command redemption_query = {
    .name = "redemption_query",
    .number = 223,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/redemptions/{redemption_id}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &redemption_table.shape,
    .decide = decide_query,
    .summary = "One redemption as it stands, for the shop and for who held the voucher.",
};
