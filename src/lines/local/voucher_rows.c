/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/voucher_rows.h"

const char *const voucher_states[] = { "", "open", "redeemed", "returned", "lapsed", NULL };
const char *const redemption_states[] = { "", "done", "undone", NULL };
const char *const waiting_states[] = { "", "waits", "told", "left", "over", NULL };
const char *const conflict_reasons[] = { "",          "unknown", "redeemed", "returned", "lapsed",
                                         "elsewhere", "short",   "invalid",  NULL };

static const struct column voucher_columns[] = {
    COLUMN(voucher_row, voucher_id, .form = FORM_id),
    COLUMN(voucher_row, code, .text = "12 digits that its holder shows to a shop, as text or as a QR."),
    COLUMN(voucher_row, deal_id, .form = FORM_id),
    COLUMN(voucher_row, part, .text = "Which of the deal's parts it is for; the first is 0."),
    COLUMN(voucher_row, purchase_id, .form = FORM_id, .text = "Null: it was given for nothing."),
    COLUMN(voucher_row, trade_id, .form = FORM_id, .text = "That paid it."),
    COLUMN(voucher_row, buyer_id, .form = FORM_id, .text = "Shopper who got it first."),
    COLUMN(voucher_row, holder_id, .form = FORM_id, .text = "Shopper whose it is now."),
    COLUMN(voucher_row, state, .form = FORM_choice, .names = voucher_states),
    COLUMN(voucher_row, currency),
    COLUMN(voucher_row, pieces, .text = "It came with: visits of a card, otherwise one."),
    COLUMN(voucher_row, redeemed_pieces),
    COLUMN(voucher_row, returned_pieces),
    COLUMN(voucher_row, lapsed_pieces),
    COLUMN(voucher_row, pieces_left),
    COLUMN(voucher_row, paid_minor, .form = FORM_amount, .text = "It came with, of the price before discounts."),
    COLUMN(voucher_row, redeemed_minor, .form = FORM_amount),
    COLUMN(voucher_row, returned_minor, .form = FORM_amount),
    COLUMN(voucher_row, lapsed_minor, .form = FORM_amount),
    COLUMN(voucher_row, left_minor, .form = FORM_amount, .text = "Still in escrow for it."),
    COLUMN(voucher_row, face_minor, .form = FORM_amount, .text = "Of stored value: what shops give for it."),
    COLUMN(voucher_row, face_left_minor, .form = FORM_amount),
    COLUMN(voucher_row, issued_at_us, .form = FORM_instant),
    COLUMN(voucher_row, valid_until_us, .form = FORM_instant, .text = "Exclusive."),
    COLUMN(voucher_row, due_us, .form = FORM_hidden),
    COLUMN(voucher_row, issue_transfer_id, .form = FORM_id),
    COLUMN(voucher_row, last_redemption_id, .form = FORM_id, .text = "The newest that was not undone."),
    COLUMN(voucher_row, redemptions, .text = "That were not undone."),
    COLUMN(voucher_row, gives, .text = "How often it was given to another shopper."),
    COLUMN(voucher_row, reviewed, .form = FORM_flag),
    COLUMN(voucher_row, kept_shop_id, .form = FORM_id,
           .text = "Shop that it is set aside for, whose tills may take it without a network."),
    COLUMN(voucher_row, kept_accept_us, .form = FORM_instant, .text = "Until when they may."),
    COLUMN(voucher_row, kept_until_us, .form = FORM_instant, .text = "When it is no longer set aside."),
};
const struct table voucher_table = TABLE("vouchers", 58, voucher_row, voucher_columns, 1);

static const struct column code_columns[] = {
    COLUMN(voucher_code_row, code),
    COLUMN(voucher_code_row, voucher_id, .form = FORM_id),
};
const struct table voucher_code_table = TABLE("voucher_codes", 59, voucher_code_row, code_columns, 1);

static const struct column redemption_columns[] = {
    COLUMN(redemption_row, redemption_id, .form = FORM_id),
    COLUMN(redemption_row, voucher_id, .form = FORM_id),
    COLUMN(redemption_row, deal_id, .form = FORM_id),
    COLUMN(redemption_row, part),
    COLUMN(redemption_row, shop_id, .form = FORM_id),
    COLUMN(redemption_row, merchant_id, .form = FORM_id),
    COLUMN(redemption_row, terminal_id, .form = FORM_id),
    COLUMN(redemption_row, holder_id, .form = FORM_id),
    COLUMN(redemption_row, trade_id, .form = FORM_id, .text = "That paid the voucher."),
    COLUMN(redemption_row, state, .form = FORM_choice, .names = redemption_states),
    COLUMN(redemption_row, pieces, .text = "Of stored value 1 when it took the last of it, otherwise 0."),
    COLUMN(redemption_row, amount_minor, .form = FORM_amount, .text = "Of stored value: taken off the face."),
    COLUMN(redemption_row, gross_minor, .form = FORM_amount, .text = "Out of escrow."),
    COLUMN(redemption_row, commission_minor, .form = FORM_amount,
           .text = "Of that, to the platform, rounded down; the rest went to the shop's takings."),
    COLUMN(redemption_row, currency),
    COLUMN(redemption_row, offline, .form = FORM_flag, .text = "Taken without a network, and told later."),
    COLUMN(redemption_row, accepted_at_us, .form = FORM_instant, .text = "When the shop took it."),
    COLUMN(redemption_row, booked_at_us, .form = FORM_instant),
    COLUMN(redemption_row, day, .form = FORM_day, .text = "On which it was booked, in the shop's zone."),
    COLUMN(redemption_row, transfer_id, .form = FORM_id),
    COLUMN(redemption_row, previous_id, .form = FORM_id, .text = "The voucher's redemption before this one."),
    COLUMN(redemption_row, caller_kind, .form = FORM_choice, .names = caller_names),
    COLUMN(redemption_row, caller_id, .form = FORM_id),
    COLUMN(redemption_row, undo_until_us, .form = FORM_instant),
    COLUMN(redemption_row, undone_at_us, .form = FORM_instant),
    COLUMN(redemption_row, undo_transfer_id, .form = FORM_id),
};
const struct table redemption_table = TABLE("redemptions", 60, redemption_row, redemption_columns, 1);

static const struct column quota_columns[] = {
    COLUMN(voucher_quota_row, shop_id, .form = FORM_id),
    COLUMN(voucher_quota_row, deal_id, .form = FORM_id),
    COLUMN(voucher_quota_row, pieces, .text = "Most that may be set aside for the shop at a time."),
    COLUMN(voucher_quota_row, accept_until_us, .form = FORM_instant,
           .text = "No till takes any without a network afterwards."),
    COLUMN(voucher_quota_row, keep_until_us, .form = FORM_instant,
           .text = "By then its tills must have told what they took."),
    COLUMN(voucher_quota_row, kept, .text = "Pieces set aside so far."),
    COLUMN(voucher_quota_row, accepted, .text = "Pieces taken without a network and told."),
    COLUMN(voucher_quota_row, conflicts, .text = "What was told and did not hold."),
    COLUMN(voucher_quota_row, changed_at_us, .form = FORM_instant),
};
const struct table voucher_quota_table = TABLE("voucher_quotas", 61, voucher_quota_row, quota_columns, 2);

static const struct column conflict_columns[] = {
    COLUMN(conflict_row, conflict_id, .form = FORM_id),
    COLUMN(conflict_row, shop_id, .form = FORM_id),
    COLUMN(conflict_row, terminal_id, .form = FORM_id),
    COLUMN(conflict_row, deal_id, .form = FORM_id),
    COLUMN(conflict_row, voucher_id, .form = FORM_id),
    COLUMN(conflict_row, code),
    COLUMN(conflict_row, pieces),
    COLUMN(conflict_row, amount_minor, .form = FORM_amount),
    COLUMN(conflict_row, accepted_at_us, .form = FORM_instant, .text = "When the till took it, by its own clock."),
    COLUMN(conflict_row, told_at_us, .form = FORM_instant),
    COLUMN(conflict_row, reason, .form = FORM_choice, .names = conflict_reasons),
};
const struct table conflict_table = TABLE("redemption_conflicts", 62, conflict_row, conflict_columns, 1);

static const struct column waiting_columns[] = {
    COLUMN(waiting_row, deal_id, .form = FORM_id),
    COLUMN(waiting_row, shopper_id, .form = FORM_id),
    COLUMN(waiting_row, state, .form = FORM_choice, .names = waiting_states),
    COLUMN(waiting_row, copies, .text = "Wanted."),
    COLUMN(waiting_row, joined_at_us, .form = FORM_instant),
    COLUMN(waiting_row, told_at_us, .form = FORM_instant, .text = "When there were copies on sale again."),
    COLUMN(waiting_row, number, .text = "Place in the line; lower ones are told before."),
    COLUMN(waiting_row, counted, .form = FORM_hidden),
};
const struct table waiting_table = TABLE("waitings", 63, waiting_row, waiting_columns, 2);

static const struct column line_columns[] = {
    COLUMN(waiting_line_row, deal_id, .form = FORM_id),
    COLUMN(waiting_line_row, first_number),
    COLUMN(waiting_line_row, next_number),
    COLUMN(waiting_line_row, waiting),
    COLUMN(waiting_line_row, told),
    COLUMN(waiting_line_row, promised),
    COLUMN(waiting_line_row, turn_us, .form = FORM_instant),
    COLUMN(waiting_line_row, turn_from_us, .form = FORM_instant),
    COLUMN(waiting_line_row, due_us, .form = FORM_instant),
};
const struct table waiting_line_table = TABLE("waiting_lines", 64, waiting_line_row, line_columns, 1);

static const struct column review_columns[] = {
    COLUMN(review_row, voucher_id, .form = FORM_id),
    COLUMN(review_row, review_id, .form = FORM_id),
    COLUMN(review_row, deal_id, .form = FORM_id),
    COLUMN(review_row, shop_id, .form = FORM_id, .text = "Where it was redeemed."),
    COLUMN(review_row, merchant_id, .form = FORM_id),
    COLUMN(review_row, shopper_id, .form = FORM_id),
    COLUMN(review_row, trade_id, .form = FORM_id, .text = "That paid it."),
    COLUMN(review_row, redemption_id, .form = FORM_id),
    COLUMN(review_row, stars, .text = "1 to 5."),
    COLUMN(review_row, text),
    COLUMN(review_row, written_at_us, .form = FORM_instant),
    COLUMN(review_row, reply, .text = "The shop's."),
    COLUMN(review_row, replied_at_us, .form = FORM_instant),
};
const struct table review_table = TABLE("reviews", 65, review_row, review_columns, 1);

static const struct column place_columns[] = {
    COLUMN(waiting_place_row, deal_id, .form = FORM_id),
    COLUMN(waiting_place_row, number),
    COLUMN(waiting_place_row, shopper_id, .form = FORM_id),
};
const struct table waiting_place_table = TABLE("waiting_places", 66, waiting_place_row, place_columns, 2);
