/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/packet_rows.h"

#include "till/party.h"

const char *const packet_states[] = { "", "open", "emptied", "returned", NULL };
const char *const packet_splits[] = { "", "random", "even", NULL };

static const struct column packet_columns[] = {
    COLUMN(packet_row, packet_id, .form = FORM_id),
    COLUMN(packet_row, sender_kind, .form = FORM_choice, .names = party_kinds),
    COLUMN(packet_row, sender_id, .form = FORM_id),
    COLUMN(packet_row, greeting),
    COLUMN(packet_row, currency),
    COLUMN(packet_row, split, .form = FORM_choice, .names = packet_splits),
    COLUMN(packet_row, for_all, .form = FORM_flag, .text = "Whoever knows its id may open it."),
    COLUMN(packet_row, state, .form = FORM_choice, .names = packet_states),
    COLUMN(packet_row, amount_minor, .form = FORM_amount),
    COLUMN(packet_row, people, .text = "Of people who may open it."),
    COLUMN(packet_row, left_minor, .form = FORM_amount, .text = "Not taken yet; once returned: what went back."),
    COLUMN(packet_row, left_people),
    COLUMN(packet_row, created_at_us, .form = FORM_instant),
    COLUMN(packet_row, expires_at_us, .form = FORM_instant),
    COLUMN(packet_row, ended_at_us, .form = FORM_instant),
    COLUMN(packet_row, transfer_id, .form = FORM_id),
    COLUMN(packet_row, return_transfer_id, .form = FORM_id),
    COLUMN(packet_row, secret, .form = FORM_hidden),
    COLUMN(packet_row, seed_hash, .form = FORM_hex, .text = "SHA-256 of the seed, told before anybody opened it."),
    COLUMN(packet_row, seed, .form = FORM_hex, .text = "What it was split by; zeros until it is over."),
};
const struct table packet_table = TABLE("packets", 70, packet_row, packet_columns, 1);

static const struct column packet_claim_columns[] = {
    COLUMN(packet_claim_row, packet_id, .form = FORM_id),
    COLUMN(packet_claim_row, person_id, .form = FORM_id),
    COLUMN(packet_claim_row, shopper_id, .form = FORM_id),
    COLUMN(packet_claim_row, number, .text = "In the order in which they opened it, from 1."),
    COLUMN(packet_claim_row, amount_minor, .form = FORM_amount),
    COLUMN(packet_claim_row, at_us, .form = FORM_instant),
    COLUMN(packet_claim_row, transfer_id, .form = FORM_id),
};
const struct table packet_claim_table = TABLE("packet_claims", 71, packet_claim_row, packet_claim_columns, 2);
