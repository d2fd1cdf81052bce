/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/give_rows.h"

const char *const give_kinds[] = { "", "claim", "lottery", NULL };
const char *const give_states[] = { "", "open", "handing", "drawn", NULL };

static const struct column give_columns[] = {
    COLUMN(give_row, deal_id, .form = FORM_id),
    COLUMN(give_row, merchant_id, .form = FORM_id),
    COLUMN(give_row, kind, .form = FORM_choice, .names = give_kinds),
    COLUMN(give_row, state, .form = FORM_choice, .names = give_states),
    COLUMN(give_row, starts_at_us, .form = FORM_instant),
    COLUMN(give_row, ends_at_us, .form = FORM_instant),
    COLUMN(give_row, pay_in_s, .text = "At a token price: how many seconds a claim waits for its payment."),
    COLUMN(give_row, claims, .text = "Numbers given to who claimed or entered."),
    COLUMN(give_row, renewed, .text = "Of them, to who claimed anew what had not been paid in time."),
    COLUMN(give_row, winners, .text = "Of a lottery."),
    COLUMN(give_row, handed, .text = "Winners of a lottery that have what they won."),
    COLUMN(give_row, created_at_us, .form = FORM_instant),
    COLUMN(give_row, drawn_at_us, .form = FORM_instant),
    COLUMN(give_row, due_us, .form = FORM_hidden),
    COLUMN(give_row, secret, .form = FORM_hidden),
    COLUMN(give_row, seed_hash, .form = FORM_hex, .text = "SHA-256 of the seed, told before anybody entered."),
    COLUMN(give_row, chain, .form = FORM_hex, .text = "Over all entries so far, in their order."),
    COLUMN(give_row, seed, .form = FORM_hex, .text = "What is drawn by; zeros until then."),
};
const struct table give_table = TABLE("gives", 67, give_row, give_columns, 1);

static const struct column give_claim_columns[] = {
    COLUMN(give_claim_row, deal_id, .form = FORM_id),
    COLUMN(give_claim_row, person_id, .form = FORM_id),
    COLUMN(give_claim_row, shopper_id, .form = FORM_id),
    COLUMN(give_claim_row, number, .text = "In the order in which they came, from 1."),
    COLUMN(give_claim_row, ticket_id, .form = FORM_id, .text = "Of a lottery."),
    COLUMN(give_claim_row, at_us, .form = FORM_instant),
    COLUMN(give_claim_row, voucher_id, .form = FORM_id, .text = "That was given; of several the first."),
    COLUMN(give_claim_row, purchase_id, .form = FORM_id, .text = "At a token price."),
    COLUMN(give_claim_row, won, .form = FORM_flag, .text = "Of a lottery: what was won was handed out."),
};
const struct table give_claim_table = TABLE("give_claims", 68, give_claim_row, give_claim_columns, 2);

static const struct column lottery_entry_columns[] = {
    COLUMN(lottery_entry_row, deal_id, .form = FORM_id),
    COLUMN(lottery_entry_row, number),
    COLUMN(lottery_entry_row, ticket_id, .form = FORM_id),
    COLUMN(lottery_entry_row, person_id, .form = FORM_hidden),
};
const struct table lottery_entry_table = TABLE("lottery_entries", 69, lottery_entry_row, lottery_entry_columns, 2);
