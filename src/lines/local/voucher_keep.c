/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without a network. A shop reserves a quota of a deal; holders have vouchers set aside for it within that quota, and
 * get a text that a door signs. A till takes such a text on its own: the pieces are on its shop's account, and nobody
 * else can have them. Later it tells what it took.
 */
#include "lines/local/voucher_internal.h"

#define CHAIN_MAX DEAL_PIECES_MAX /* redemptions looked back at for one that was told before: of a card all */

static const struct voucher_quota_row *quota_ask(struct view *view, int64_t shop_id, int64_t deal_id)
{
    struct voucher_quota_row key = { .shop_id = shop_id, .deal_id = deal_id };
    return view_ask(view, &voucher_quota_table, &key);
}

/* ---- the shop's quota ---- */

static const struct column reserve_columns[] = {
    COLUMN(voucher_quota_reserve, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(voucher_quota_reserve, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(voucher_quota_reserve, pieces, .flags = COLUMN_required, .least = 1, .most = QUOTA_PIECES_MAX,
           .text = "Most that may be set aside for the shop at a time."),
    COLUMN(voucher_quota_reserve, accept_in_s, .flags = COLUMN_required, .least = 60, .most = QUOTA_ACCEPT_MAX_S,
           .text = "Seconds from now in which its tills may take them without a network."),
};
static const struct shape reserve_shape = SHAPE("voucher_quota_reserve", voucher_quota_reserve, reserve_columns);

/* The shop, when the caller may act for it. */
static enum refusal shop_check(struct view *view, const struct moment *at, int64_t shop_id)
{
    const struct shop_row *shop = shop_ask(view, shop_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    return access_shop(view, at, shop) ? REFUSAL_none : REFUSAL_forbidden;
}

/* Whether any part of the deal, or the one given, is redeemed in that shop at all, be it now or later. */
static enum refusal place_check(struct view *view, int64_t deal_id, int64_t shop_id, int32_t part)
{
    const struct deal_place_row *place = deal_place_ask(view, deal_id, shop_id);
    if (!row_exists(deal_ask(view, deal_id))) {
        return REFUSAL_deal_unknown;
    }
    bool there = row_exists(place) && (part < 0 || (place->parts >> part & 1) != 0);
    return there ? REFUSAL_none : REFUSAL_deal_shop_differs;
}

static enum refusal decide_reserve(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct voucher_quota_reserve *want = request;
    enum refusal refusal = shop_check(view, at, want->shop_id);
    if (refusal == REFUSAL_none) {
        refusal = place_check(view, want->deal_id, want->shop_id, -1);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct voucher_quota_row *quota = view_change(view, quota_ask(view, want->shop_id, want->deal_id));
    quota->pieces = want->pieces;
    quota->accept_until_us = at->now_us + want->accept_in_s * US_PER_SECOND;
    quota->keep_until_us = quota->accept_until_us + KEEP_RECONCILE_US;
    quota->changed_at_us = at->now_us;
    memcpy(answer, quota, sizeof(*quota));
    return REFUSAL_none;
}

const struct command voucher_quota_reserve = {
    .name = "voucher_quota_reserve",
    .number = 229,
    .method = "PUT",
    .route = "/v1/shops/{shop_id}/voucher-quotas/{deal_id}",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &reserve_shape,
    .answer = &voucher_quota_table.shape,
    .decide = decide_reserve,
    .summary = "How many pieces of a deal holders may have set aside for this shop, whose tills then take them without "
               "a network. Tills tell within a day after the end what they took.",
};

struct quota_ref {
    int64_t shop_id;
    int64_t deal_id;
};
static const struct column quota_ref_columns[] = {
    COLUMN(quota_ref, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(quota_ref, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape quota_ref_shape = SHAPE("voucher_quota_ref", quota_ref, quota_ref_columns);

/* The quota of a shop that the caller may act for. */
static enum refusal quota_find(struct view *view, const struct moment *at, const struct quota_ref *want,
                               const struct voucher_quota_row **quota)
{
    *quota = quota_ask(view, want->shop_id, want->deal_id);
    enum refusal refusal = shop_check(view, at, want->shop_id);
    return refusal == REFUSAL_none && !row_exists(*quota) ? REFUSAL_quota_unknown : refusal;
}

static enum refusal decide_release(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct voucher_quota_row *asked;
    enum refusal refusal = quota_find(view, at, request, &asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct voucher_quota_row *quota = view_change(view, asked);
    quota->pieces = 0;
    quota->accept_until_us = min_i64(quota->accept_until_us, at->now_us);
    quota->changed_at_us = at->now_us;
    memcpy(answer, quota, sizeof(*quota));
    return REFUSAL_none;
}

const struct command voucher_quota_release = {
    .name = "voucher_quota_release",
    .number = 230,
    .method = "POST",
    .route = "/v1/shops/{shop_id}/voucher-quotas/{deal_id}/release",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &quota_ref_shape,
    .answer = &voucher_quota_table.shape,
    .decide = decide_release,
    .summary = "Nothing more is set aside for this shop. What is stays so until it is taken, given back or its time is "
               "over: a till may have taken it already.",
};

static enum refusal decide_quota_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct voucher_quota_row *quota;
    enum refusal refusal = quota_find(view, at, request, &quota);
    memcpy(answer, quota, sizeof(*quota));
    return refusal;
}

const struct command voucher_quota_query = {
    .name = "voucher_quota_query",
    .number = 231,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shops/{shop_id}/voucher-quotas/{deal_id}",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &quota_ref_shape,
    .answer = &voucher_quota_table.shape,
    .decide = decide_quota_query,
    .summary = "What a shop has reserved of a deal to be taken without a network, and what became of it.",
};

/* ---- a holder has a voucher set aside ---- */

static const struct column keep_columns[] = {
    COLUMN(voucher_keep, voucher_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(voucher_keep, shop_id, .form = FORM_id, .flags = COLUMN_required, .text = "Where it shall be redeemed."),
};
static const struct shape keep_shape = SHAPE("voucher_keep", voucher_keep, keep_columns);

static const struct column kept_columns[] = {
    COLUMN(voucher_kept, voucher_id, .form = FORM_id),
    COLUMN(voucher_kept, code),
    COLUMN(voucher_kept, deal_id, .form = FORM_id),
    COLUMN(voucher_kept, part),
    COLUMN(voucher_kept, shop_id, .form = FORM_id),
    COLUMN(voucher_kept, pieces),
    COLUMN(voucher_kept, face_left_minor, .form = FORM_amount),
    COLUMN(voucher_kept, accept_until_us, .form = FORM_instant, .text = "Until when its tills may take it."),
};
static const struct shape kept_shape = SHAPE("voucher_kept", voucher_kept, kept_columns);

static enum refusal keep_check(struct view *view, const struct moment *at, const struct voucher_row *voucher,
                               int64_t shop_id)
{
    const struct shop_row *shop = shop_ask(view, shop_id);
    const struct voucher_quota_row *quota = quota_ask(view, shop_id, voucher->deal_id);
    struct account_key kept = pieces_account(shop_id, PURPOSE_offline_quota, voucher->deal_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    enum refusal refusal = place_check(view, voucher->deal_id, shop_id, voucher->part);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (voucher->kept_shop_id != 0) {
        return REFUSAL_voucher_kept;
    }
    if (voucher->currency != shop->currency) {
        return REFUSAL_currency_differs;
    }
    if (!row_exists(quota) || quota->accept_until_us <= at->now_us) {
        return REFUSAL_quota_unknown;
    }
    return quota->pieces - account_balance(view, kept) < voucher->pieces_left ? REFUSAL_quota_short : REFUSAL_none;
}

static enum refusal set_aside(struct view *view, struct moment *at, struct voucher_row *voucher, int64_t shop_id)
{
    struct voucher_quota_row *quota = view_change(view, quota_ask(view, shop_id, voucher->deal_id));
    struct leg leg = { .from = voucher_account(voucher), .amount = voucher->pieces_left };
    voucher->kept_shop_id = shop_id;
    voucher->kept_accept_us = min_i64(quota->accept_until_us, voucher->valid_until_us);
    voucher->kept_until_us = quota->keep_until_us;
    leg.to = voucher_account(voucher);
    quota->kept += voucher->pieces_left;
    voucher_timer_move(view, at, voucher);
    return ledger_move(view, at, (struct cause){ CAUSE_voucher_keep, voucher->voucher_id }, &leg, 1, NULL);
}

static enum refusal decide_keep(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct voucher_keep *want = request;
    const struct voucher_row *asked = voucher_ask(view, want->voucher_id);
    enum refusal refusal = voucher_held_check(at, asked);
    if (refusal == REFUSAL_none) {
        refusal = voucher_open_check(asked, at->now_us);
    }
    bool again = refusal == REFUSAL_none && asked->kept_shop_id == want->shop_id;
    if (refusal == REFUSAL_none && !again) {
        refusal = keep_check(view, at, asked, want->shop_id);
    }
    if (refusal == REFUSAL_none && !again) {
        refusal = set_aside(view, at, view_change(view, asked), want->shop_id);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct voucher_kept *kept = answer;
    *kept = (struct voucher_kept){ .voucher_id = asked->voucher_id,
                                   .deal_id = asked->deal_id,
                                   .part = asked->part,
                                   .shop_id = asked->kept_shop_id,
                                   .pieces = asked->pieces_left,
                                   .face_left_minor = asked->face_left_minor,
                                   .accept_until_us = asked->kept_accept_us };
    memcpy(kept->code, asked->code, sizeof(kept->code));
    return REFUSAL_none;
}

const struct command voucher_keep = {
    .name = "voucher_keep",
    .number = 232,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/vouchers/{voucher_id}/keep",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &keep_shape,
    .answer = &kept_shape,
    .decide = decide_keep,
    .summary = "Has a voucher set aside for one shop within its quota, so that its tills can take it without a "
               "network. Again: the same answer.",
};

/* ---- tills tell what they took ---- */

static const struct column taken_columns[] = {
    COLUMN(voucher_taken, code, .flags = COLUMN_required, .least = 1, .text = "The voucher's 12 digits."),
    COLUMN(voucher_taken, pieces, .least = 0, .most = 10000, .text = "Left out: one. Of stored value: none."),
    COLUMN(voucher_taken, amount_minor, .form = FORM_amount, .least = 0, .most = AMOUNT_MAX),
    COLUMN(voucher_taken, accepted_at_us, .form = FORM_instant, .flags = COLUMN_required,
           .text = "By the till's own clock."),
};
static const struct shape taken_shape = SHAPE("voucher_taken", voucher_taken, taken_columns);

static const struct column reconcile_columns[] = {
    COLUMN(voucher_reconcile, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(voucher_reconcile, terminal_id, .form = FORM_id),
    COLUMN_LIST(voucher_reconcile, taken, taken_shape, .flags = COLUMN_required),
};
static const struct shape reconcile_shape = SHAPE("voucher_reconcile", voucher_reconcile, reconcile_columns);

static const struct column reconciled_columns[] = {
    COLUMN(voucher_reconciled, voucher_id, .form = FORM_id),
    COLUMN(voucher_reconciled, redemption_id, .form = FORM_id, .text = "Null: it did not hold."),
    COLUMN(voucher_reconciled, reason, .form = FORM_choice, .names = conflict_reasons, .text = "Why it did not."),
};
static const struct shape reconciled_shape = SHAPE("voucher_reconciled", voucher_reconciled, reconciled_columns);

static const struct column reconciled_list_columns[] = {
    COLUMN_LIST(voucher_reconciled_list, taken, reconciled_shape, .text = "In the order in which they were told."),
};
static const struct shape reconciled_list_shape =
    SHAPE("voucher_reconciled_list", voucher_reconciled_list, reconciled_list_columns);

static enum conflict_reason reason_of(enum refusal refusal)
{
    switch ((int)refusal) {
    case REFUSAL_voucher_redeemed:
        return CONFLICT_redeemed;
    case REFUSAL_voucher_returned:
        return CONFLICT_returned;
    case REFUSAL_voucher_lapsed:
        return CONFLICT_lapsed;
    case REFUSAL_voucher_kept:
        return CONFLICT_elsewhere;
    case REFUSAL_voucher_short:
        return CONFLICT_short;
    case REFUSAL_voucher_unknown:
    case REFUSAL_voucher_malformed:
        return CONFLICT_unknown;
    default:
        return CONFLICT_invalid;
    }
}

/*
 * A redemption of this voucher that was told before in the same words; NULL: there is none. It was booked after the
 * till took it, and later ones after it.
 */
static const struct redemption_row *told_before(struct view *view, const struct voucher_row *voucher,
                                                const struct voucher_use *use)
{
    int64_t redemption_id = voucher->last_redemption_id;
    for (int i = 0; i < CHAIN_MAX && redemption_id != 0; i++) {
        const struct redemption_row *redemption = redemption_ask(view, redemption_id);
        if (redemption->booked_at_us < use->accepted_at_us) {
            return NULL;
        }
        int64_t pieces = use->pieces > 0 ? use->pieces : voucher->face_minor > 0 ? redemption->pieces : 1;
        if (redemption->offline != 0 && redemption->shop_id == use->shop->shop_id &&
            redemption->terminal_id == use->terminal_id && redemption->accepted_at_us == use->accepted_at_us &&
            redemption->pieces == pieces && redemption->amount_minor == use->amount_minor) {
            return redemption;
        }
        redemption_id = redemption->previous_id;
    }
    return NULL;
}

/* Whether a till may have taken it then: not in times to come, and not after the end of its being set aside. */
static bool time_holds(const struct moment *at, const struct voucher_use *use)
{
    const struct voucher_row *voucher = use->voucher;
    bool past = use->accepted_at_us <= at->now_us && use->accepted_at_us >= voucher->issued_at_us;
    return past && (voucher->kept_shop_id == 0 || use->accepted_at_us <= voucher->kept_accept_us);
}

static void conflict_note(struct view *view, struct moment *at, const struct voucher_use *use,
                          const struct voucher_taken *taken, enum conflict_reason reason)
{
    struct conflict_row key = { .conflict_id = moment_id(at) };
    struct conflict_row *conflict = view_new(view, &conflict_table, &key);
    const struct voucher_row *voucher = use->voucher;
    conflict->shop_id = use->shop->shop_id;
    conflict->terminal_id = use->terminal_id;
    conflict->pieces = taken->pieces;
    conflict->amount_minor = taken->amount_minor;
    conflict->accepted_at_us = taken->accepted_at_us;
    conflict->told_at_us = at->now_us;
    conflict->reason = (int32_t)reason;
    if (row_exists(voucher)) {
        conflict->voucher_id = voucher->voucher_id;
        conflict->deal_id = voucher->deal_id;
        memcpy(conflict->code, voucher->code, sizeof(conflict->code));
    }
    const struct voucher_quota_row *quota = quota_ask(view, use->shop->shop_id, conflict->deal_id);
    if (row_exists(quota)) {
        struct voucher_quota_row *counted = view_change(view, quota);
        counted->conflicts++;
    }
}

/* Redeems one, finds that it was told before, or notes why it does not hold. Refuses only what concerns all. */
static enum refusal taken_book(struct view *view, struct moment *at, const struct voucher_use *use,
                               const struct voucher_taken *taken, struct voucher_reconciled *to)
{
    const struct redemption_row *redemption = NULL;
    const struct voucher_row *voucher = use->voucher;
    if (row_exists(voucher)) {
        to->voucher_id = voucher->voucher_id;
        redemption = told_before(view, voucher, use);
    }
    if (redemption != NULL) {
        to->redemption_id = redemption->redemption_id;
        return REFUSAL_none;
    }
    enum refusal why_not = voucher_use_check(view, at, use);
    enum conflict_reason reason = reason_of(why_not);
    if (why_not == REFUSAL_none && time_holds(at, use)) {
        const struct voucher_quota_row *quota = quota_ask(view, use->shop->shop_id, voucher->deal_id);
        enum refusal refusal = voucher_redeem_one(view, at, use, &redemption);
        if (refusal == REFUSAL_none && row_exists(quota)) {
            struct voucher_quota_row *counted = view_change(view, quota);
            counted->accepted += redemption->pieces;
        }
        to->redemption_id = refusal == REFUSAL_none ? redemption->redemption_id : 0;
        return refusal;
    }
    to->reason = (int32_t)reason;
    conflict_note(view, at, use, taken, reason);
    return REFUSAL_none;
}

static enum refusal decide_reconcile(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct voucher_reconcile *want = request;
    struct voucher_reconciled_list *list = answer;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    int64_t terminal_id =
        want->terminal_id == 0 && at->caller.kind == CALLER_terminal ? at->caller.id : want->terminal_id;
    struct voucher_use uses[RECONCILE_MAX];
    enum refusal refusal = shop_check(view, at, want->shop_id);
    if (refusal == REFUSAL_none && terminal_id != 0 && terminal_ask(view, terminal_id)->shop_id != want->shop_id) {
        refusal = REFUSAL_terminal_unknown;
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    for (int32_t i = 0; i < want->taken_count; i++) {
        voucher_use_ask(view, shop, want->taken[i].code);
    }
    for (int32_t i = 0; i < want->taken_count; i++) {
        const struct voucher_taken *taken = &want->taken[i];
        uses[i] = (struct voucher_use){ .shop = shop,
                                        .terminal_id = terminal_id,
                                        .pieces = taken->pieces,
                                        .amount_minor = taken->amount_minor,
                                        .offline = true,
                                        .accepted_at_us = taken->accepted_at_us };
        /* Wrong codes are counted; when there were too many, nothing is told for the rest of the minute. */
        if (voucher_find(view, at, shop, taken->code, &uses[i].voucher) == REFUSAL_attempts_exceeded) {
            return REFUSAL_attempts_exceeded;
        }
    }
    list->taken_count = want->taken_count;
    for (int32_t i = 0; i < want->taken_count && refusal == REFUSAL_none; i++) {
        list->taken[i] = (struct voucher_reconciled){ .voucher_id = 0 };
        refusal = taken_book(view, at, &uses[i], &want->taken[i], &list->taken[i]);
    }
    return refusal;
}

const struct command voucher_reconcile = {
    .name = "voucher_reconcile",
    .number = 233,
    .method = "POST",
    .route = "/v1/shops/{shop_id}/reconciliations",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &reconcile_shape,
    .answer = &reconciled_list_shape,
    .decide = decide_reconcile,
    .summary = "A till tells what it took without a network. Each is redeemed, or answered with why it does not hold "
               "and kept as a conflict. What was told before is answered as it was then.",
};
