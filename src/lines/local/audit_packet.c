/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Red packets in the audit: what was put in was taken, returned, or is there, to the cent; each part is what the seed
 * says; each transfer is named by one row and moves what that says.
 */
#include "lines/local/audit_give.h"

#include <stdlib.h>

#include "lines/local/packet.h"
#include "till/party.h"

struct audit_packet {
    int64_t packet_id;
    int64_t left_minor; /* that must be on its account */
    int64_t unit;
    int64_t taken, taken_minor;     /* as its row says, less its claims: 0 at the end */
    uint64_t parts_print;           /* as its seed says, less its claims */
};

struct audit_move {
    int64_t transfer_id;
    uint64_t print;
};

static void part_begin(struct audit *audit, void *state)
{
    struct audit_gives *gives = state;
    audit_give_begin(audit, gives);
    audit_map_init(&gives->packets, audit_memory_of(audit), sizeof(struct audit_packet), 1);
    audit_list_init(&gives->moves, audit_memory_of(audit), sizeof(struct audit_move));
}

static void part_release(struct audit *audit, void *state)
{
    struct audit_gives *gives = state;
    (void)audit;
    audit_give_release(gives);
    audit_map_release(&gives->packets);
    audit_list_release(&gives->moves);
}

/* ---- the rows ---- */

static bool move_expect(struct audit *audit, struct audit_gives *gives, int64_t transfer_id, int32_t cause,
                        int64_t packet_id, uint64_t leg_print)
{
    struct audit_move *move = audit_list_add(&gives->moves);
    if (move == NULL) {
        return audit_too_large(audit);
    }
    move->transfer_id = transfer_id;
    move->print = audit_pair_print(cause, packet_id) + leg_print;
    return true;
}

static int32_t purpose_of_sender(const struct packet_row *packet)
{
    return packet->sender_kind == PARTY_shopper ? PURPOSE_wallet : PURPOSE_takings;
}

/* What the seed says of the parts that were taken: their sum, and a number in which each counts. */
static int64_t parts_by_seed(const struct packet_row *packet, uint64_t *print)
{
    int64_t left_minor = packet->amount_minor;
    for (int64_t number = 1; number <= packet->people - packet->left_people; number++) {
        int64_t left_people = packet->people - number + 1;
        if (left_minor < left_people) {
            break;
        }
        int64_t part = packet->split == PACKET_even ? draw_piece_even(left_minor, left_people)
                                                    : draw_piece(packet->secret, number, left_minor, left_people);
        left_minor -= part;
        *print += audit_pair_print(number, part);
    }
    return packet->amount_minor - left_minor;
}

static void packet_state_check(struct audit *audit, const struct packet_row *packet)
{
    struct audit_about about = { AUDIT_answer_durable, &packet_table, packet };
    uint8_t seed_hash[SHA256_SIZE], none[DRAW_SEED_SIZE] = { 0 };
    draw_commit(packet->secret, seed_hash);
    audit_expect(audit, about, "what was told before is not the hash of its seed",
                 memcmp(seed_hash, packet->seed_hash, sizeof(seed_hash)) == 0);
    const uint8_t *shown = packet->state == PACKET_open ? none : packet->secret;
    audit_expect(audit, about, "its seed is shown before it is over, or another one is",
                 memcmp(packet->seed, shown, sizeof(packet->seed)) == 0);
    audit_time_known(audit, about, packet->created_at_us);
    audit_expect(audit, about, "it ended without an end, or the other way round",
                 (packet->state == PACKET_open) == (packet->ended_at_us == 0));
    bool emptied = packet->left_people == 0 && packet->left_minor == 0;
    audit_expect(audit, about, "it is empty and not over, or the other way round",
                 emptied == (packet->state == PACKET_emptied));
    if (packet->state == PACKET_open) {
        audit_timer_claim(audit, about, packet->expires_at_us, TIMER_packet_return, packet->packet_id);
    }
    about.law = AUDIT_money_conserved;
    audit_expect(audit, about, "its transfer back is missing, or there is one too many",
                 (packet->state == PACKET_returned) == (packet->return_transfer_id != 0));
}

static bool packet_each(struct audit *audit, void *state, const void *row)
{
    struct audit_gives *gives = state;
    const struct packet_row *packet = row;
    struct audit_about about = { AUDIT_money_conserved, &packet_table, packet };
    struct audit_packet *of = audit_map_put(&gives->packets, packet->packet_id, 0);
    if (of == NULL) {
        return audit_too_large(audit);
    }
    audit_id_known(audit, about, packet->packet_id);
    bool known = packet->sender_kind == PARTY_shopper ? audit_shopper_known(audit, packet->sender_id)
                                                      : audit_shop_known(audit, packet->sender_id);
    audit_expect(audit, about, "its sender does not exist", known);
    if (!audit_expect(audit, about, "more people or money are left in it than there were, or than there may be",
                      packet->amount_minor <= AMOUNT_MAX && packet->people <= PACKET_PEOPLE_MAX &&
                          packet->left_people >= 0 && packet->left_people <= packet->people &&
                          packet->left_minor >= 0 && packet->left_minor <= packet->amount_minor)) {
        return true;
    }
    of->unit = packet->currency;
    of->left_minor = packet->state == PACKET_open ? packet->left_minor : 0;
    of->taken = packet->people - packet->left_people;
    of->taken_minor = packet->amount_minor - packet->left_minor;
    audit_expect_equal(audit, about, "what its seed says was taken", parts_by_seed(packet, &of->parts_print),
                       of->taken_minor);
    packet_state_check(audit, packet);
    uint64_t in = audit_leg_print(packet->sender_id, purpose_of_sender(packet), packet->packet_id, PURPOSE_packet,
                                  packet->currency, packet->amount_minor);
    uint64_t out = audit_leg_print(packet->packet_id, PURPOSE_packet, packet->sender_id, purpose_of_sender(packet),
                                   packet->currency, packet->left_minor);
    return move_expect(audit, gives, packet->transfer_id, CAUSE_packet_fill, packet->packet_id, in) &&
           (packet->return_transfer_id == 0 ||
            move_expect(audit, gives, packet->return_transfer_id, CAUSE_packet_return, packet->packet_id, out));
}

static bool packet_claim_each(struct audit *audit, void *state, const void *row)
{
    struct audit_gives *gives = state;
    const struct packet_claim_row *claim = row;
    struct audit_about about = { AUDIT_money_conserved, &packet_claim_table, claim };
    struct audit_packet *packet = audit_map_get(&gives->packets, claim->packet_id, 0);
    if (!audit_expect(audit, about, "its packet does not exist", packet != NULL)) {
        return true;
    }
    audit_expect(audit, about, "its shopper does not exist", audit_shopper_known(audit, claim->shopper_id));
    audit_time_known(audit, about, claim->at_us);
    packet->taken--;
    packet->taken_minor -= claim->amount_minor;
    packet->parts_print -= audit_pair_print(claim->number, claim->amount_minor);
    uint64_t leg = audit_leg_print(claim->packet_id, PURPOSE_packet, claim->shopper_id, PURPOSE_wallet,
                                   packet->unit, claim->amount_minor);
    return move_expect(audit, gives, claim->transfer_id, CAUSE_packet_claim, claim->packet_id, leg);
}

static void part_tables(struct audit *audit, void *state)
{
    struct audit_gives *gives = state;
    audit_give_tables(audit, gives);
    audit_scan_line(audit, &packet_table, packet_each, gives);
    audit_scan_line(audit, &packet_claim_table, packet_claim_each, gives);
}

/* ---- transfers against the rows that name them ---- */

static int move_order(const void *a, const void *b)
{
    int64_t left = ((const struct audit_move *)a)->transfer_id, right = ((const struct audit_move *)b)->transfer_id;
    return (left > right) - (left < right);
}

static void moves_skip(struct audit *audit, struct audit_gives *gives, int64_t before_id)
{
    if (!gives->moves_sorted && gives->moves.count > 0) {
        qsort(gives->moves.items, gives->moves.count, gives->moves.item_size, move_order);
    }
    gives->moves_sorted = true;
    for (; gives->move_next < gives->moves.count; gives->move_next++) {
        const struct audit_move *move = audit_list_at(&gives->moves, gives->move_next);
        if (move->transfer_id >= before_id) {
            return;
        }
        struct transfer_row key = { .transfer_id = move->transfer_id };
        struct audit_about about = { AUDIT_answer_durable, &transfer_table, &key };
        audit_wrong(audit, about, "a red packet names it, and it is not theirs");
    }
}

static bool part_transfer(struct audit *audit, void *state, const struct transfer_row *transfer)
{
    struct audit_gives *gives = state;
    struct audit_about about = { AUDIT_money_conserved, &transfer_table, transfer };
    moves_skip(audit, gives, transfer->transfer_id);
    const struct audit_move *move =
        gives->move_next < gives->moves.count ? audit_list_at(&gives->moves, gives->move_next) : NULL;
    bool named = move != NULL && move->transfer_id == transfer->transfer_id;
    if (audit_expect(audit, about, "no red packet names it", named)) {
        gives->move_next++;
        uint64_t print = audit_pair_print(transfer->cause, transfer->reference_id) + audit_legs_print(transfer);
        audit_expect(audit, about, "it does not move what its red packet says", print == move->print);
    }
    return true;
}

static void part_end(struct audit *audit, void *state)
{
    struct audit_gives *gives = state;
    size_t place = 0;
    const struct audit_packet *packet;
    moves_skip(audit, gives, INT64_MAX);
    while ((packet = audit_map_next(&gives->packets, &place)) != NULL) {
        struct packet_row key = { .packet_id = packet->packet_id };
        struct audit_about about = { AUDIT_money_conserved, &packet_table, &key };
        audit_expect_equal(audit, about, "people who opened it, less those who are known", 0, packet->taken);
        audit_expect_equal(audit, about, "what they took, less what is known of it", 0, packet->taken_minor);
        audit_expect(audit, about, "its parts are not those that its seed says", packet->parts_print == 0);
        audit_expect_equal(audit, about, "what is left in it", packet->left_minor,
                           audit_balance(audit, packet->packet_id, PURPOSE_packet, packet->unit));
    }
}

static bool part_owner_known(const struct audit *audit, const void *state, int64_t owner_id, int32_t purpose)
{
    const struct audit_gives *gives = state;
    (void)audit;
    (void)purpose;
    return audit_map_get(&gives->packets, owner_id, 0) != NULL;
}

const struct audit_part audit_part_give = {
    .state_size = sizeof(struct audit_gives),
    .begin = part_begin,
    .release = part_release,
    .tables = part_tables,
    .cause_first = CAUSE_packet_fill,
    .cause_last = 39,
    .transfer = part_transfer,
    .end = part_end,
    .purpose_first = PURPOSE_packet,
    .purpose_last = PURPOSE_packet,
    .owner_known = part_owner_known,
};
