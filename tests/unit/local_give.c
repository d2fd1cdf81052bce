/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Give-aways from the side of what was given: never more than there is, once for each person, to whom the seed says;
 * and the audit names each of a list of corruptions of their rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"
#include "lines/product.h"
#include "lines/local/local.h"
#include "lines/local/voucher.h"
#include "support/forged.h"
#include "till/party.h"

#define SHOPPERS 60
#define DEAL_FREE INT64_C(1000000001)
#define DEAL_TOKEN INT64_C(1000000002)
#define DEAL_LOTTERY INT64_C(1000000003)
#define DEAL_LATER INT64_C(1000000004)
#define PIECES 25
#define WINNERS 20 /* more than are handed out at once */

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fail_msg("refused: %s", refusal_text((int)refusal)->name);
    }
}

static void seed_fill(uint8_t seed[DRAW_SEED_SIZE], uint8_t first)
{
    for (size_t i = 0; i < DRAW_SEED_SIZE; i++) {
        seed[i] = (uint8_t)(first + 7 * i);
    }
}

static void people_make(struct house *house)
{
    struct merchant_create merchant = { .merchant_id = 1, .name = "Lotus" };
    struct shop_create shop = { .shop_id = 1, .merchant_id = 1, .name = "Cinema" };
    must(house_call(house, house_operator, &merchant_create, &merchant, NULL));
    must(house_call(house, house_operator, &shop_create, &shop, NULL));
    for (int64_t id = 1; id <= SHOPPERS; id++) {
        struct shopper_create shopper = { .shopper_id = id };
        struct wallet_move money = { .shopper_id = id, .amount_minor = 100000 };
        must(house_call(house, house_operator, &shopper_create, &shopper, NULL));
        must(house_call(house, house_operator, &wallet_top_up, &money, NULL));
    }
}

static void give_make(struct house *house, int64_t deal_id, int32_t kind, int64_t price_minor, int64_t stock)
{
    struct deal_rules deal = { .deal_id = deal_id,
                               .shop_id = 1,
                               .kind = DEAL_give,
                               .category = CATEGORY_film,
                               .title = "a film",
                               .price_minor = price_minor,
                               .stock = stock,
                               .sale_until_us = house->now_us + US_PER_DAY,
                               .valid_until_us = house->now_us + 30 * US_PER_DAY };
    struct give_rules give = { .deal_id = deal_id, .kind = kind, .winners = kind == GIVE_lottery ? stock : 0 };
    seed_fill(give.seed, (uint8_t)deal_id);
    if (kind == GIVE_lottery) {
        give.ends_at_us = house->now_us + US_PER_HOUR;
    }
    must(house_call(house, house_operator, &deal_publish, &deal, NULL));
    must(house_call(house, house_operator, &give_create, &give, NULL));
}

static enum refusal claim(struct house *house, int64_t deal_id, int64_t shopper_id, struct give_claimed *claimed)
{
    struct give_want want = { .deal_id = deal_id, .confirmed = 1 };
    return house_call_keyed(house, house_shopper(shopper_id), &give_claim, &want, claimed, NULL);
}

static int64_t packet_make(struct house *house, int64_t amount_minor, int64_t people, int64_t *key)
{
    struct packet_create create = { .sender_kind = PARTY_shopper,
                                    .sender_id = 1,
                                    .amount_minor = amount_minor,
                                    .people = people,
                                    .expires_in_s = 3600 };
    struct packet packet;
    seed_fill(create.seed, (uint8_t)people);
    must(house_call(house, house_shopper(1), &packet_create, &create, &packet));
    *key = packet.packet_key;
    return packet.row.packet_id;
}

static enum refusal packet_take(struct house *house, int64_t packet_id, int64_t key, int64_t shopper_id,
                                struct packet_claim_row *part)
{
    struct packet_open open = { .packet_id = packet_id, .packet_key = key };
    return house_call_keyed(house, house_shopper(shopper_id), &packet_claim, &open, part, NULL);
}

/* Time for timers that set timers: what a lottery hands out, it hands out in pieces. */
static void forward(struct house *house, int64_t us)
{
    house->now_us += us;
    for (int i = 0; i < 5; i++) {
        house->now_us += US_PER_SECOND;
        house_settle(house);
    }
}

/* ---- what is given ---- */

static void exactly_what_there_is_is_given(void **state)
{
    struct house *house = *state;
    int64_t vouchers[SHOPPERS + 1] = { 0 }, given = 0;
    give_make(house, DEAL_FREE, GIVE_claim, 0, PIECES);
    for (int round = 0; round < 2; round++) { /* the second time everybody gets the answer of the first */
        for (int64_t id = 1; id <= SHOPPERS; id++) {
            struct give_claimed claimed = { 0 };
            enum refusal refusal = claim(house, DEAL_FREE, id, &claimed);
            assert_int_equal(refusal, id <= PIECES ? REFUSAL_none : REFUSAL_give_gone);
            assert_int_equal(claimed.voucher_id != 0, id <= PIECES);
            if (round == 0) {
                vouchers[id] = claimed.voucher_id;
                given += refusal == REFUSAL_none;
            }
            assert_int_equal(claimed.voucher_id, vouchers[id]);
        }
    }
    assert_int_equal(given, PIECES);
    assert_int_equal(house_balance(house, DEAL_FREE, PURPOSE_deal_stock, DEAL_FREE), 0);
    assert_int_equal(house_balance(house, 1, PURPOSE_vouchers, DEAL_FREE), 1);
    assert_int_equal(house_balance(house, PIECES + 1, PURPOSE_vouchers, DEAL_FREE), 0);
}

/* Counts the rows of a commit: whoever comes too late must not have caused any. */
static void rows_count(void *context, const struct commit *commit)
{
    *(size_t *)context += commit->change_count;
}

static void who_comes_too_late_writes_nothing(void **state)
{
    struct house *house = *state;
    size_t rows = 0;
    give_make(house, DEAL_FREE, GIVE_claim, 0, 1);
    must(claim(house, DEAL_FREE, 1, NULL));
    engine_observe(house->engine, rows_count, &rows);
    assert_int_equal(claim(house, DEAL_FREE, 2, NULL), REFUSAL_give_gone);
    must(claim(house, DEAL_FREE, 1, NULL));
    assert_int_equal(rows, 0);
    give_make(house, DEAL_LATER, GIVE_claim, 0, 1);
    rows = 0;
    must(claim(house, DEAL_LATER, 2, NULL));
    /* The give-away, the claim, the voucher, its code, its timer, the transfer, two accounts, two sums, progress. */
    assert_in_range(rows, 8, 12);
}

static void what_was_not_paid_in_time_can_be_claimed_again(void **state)
{
    struct house *house = *state;
    struct give_want want = { .deal_id = DEAL_TOKEN, .pay_later = 1 };
    struct give_claimed first, second;
    give_make(house, DEAL_TOKEN, GIVE_claim, 380, 1);
    must(house_call_keyed(house, house_shopper(1), &give_claim, &want, &first, NULL));
    assert_int_equal(first.trade_state, TRADE_wait_buyer_pay);
    assert_int_equal(claim(house, DEAL_TOKEN, 2, NULL), REFUSAL_give_gone);
    forward(house, US_PER_HOUR);
    must(claim(house, DEAL_TOKEN, 2, &second));
    assert_int_equal(second.trade_state, TRADE_success);
    assert_int_equal(house_balance(house, 2, PURPOSE_wallet, UNIT_CNY), 100000 - 380);
    assert_int_equal(claim(house, DEAL_TOKEN, 1, NULL), REFUSAL_give_gone);
}

/* ---- lotteries ---- */

static void those_win_whom_the_seed_says(void **state)
{
    struct house *house = *state;
    struct give_row give = { .deal_id = DEAL_LOTTERY };
    uint8_t seed[DRAW_SEED_SIZE], chain[SHA256_SIZE], key[SHA256_SIZE], zeros[DRAW_SEED_SIZE] = { 0 };
    int64_t won = 0;
    give_make(house, DEAL_LOTTERY, GIVE_lottery, 0, WINNERS);
    seed_fill(seed, (uint8_t)DEAL_LOTTERY);
    draw_commit(seed, chain);
    for (int64_t id = 1; id <= SHOPPERS; id++) {
        struct lottery_ticket ticket;
        struct give_want want = { .deal_id = DEAL_LOTTERY };
        must(house_call_keyed(house, house_shopper(id), &lottery_enter, &want, &ticket, NULL));
        assert_int_equal(ticket.number, id);
        assert_memory_equal(ticket.seed, zeros, sizeof(zeros));
        draw_chain(chain, id, ticket.ticket_id);
    }
    forward(house, US_PER_HOUR + US_PER_SECOND);
    assert_true(house_row(house, &give_table, &give));
    assert_int_equal(give.state, GIVE_drawn);
    assert_memory_equal(give.seed, seed, sizeof(seed));
    assert_memory_equal(give.chain, chain, sizeof(chain));
    draw_key(seed, chain, key);
    for (int64_t id = 1; id <= SHOPPERS; id++) {
        struct lottery_ref want = { .deal_id = DEAL_LOTTERY, .shopper_id = id };
        struct lottery_ticket ticket;
        must(house_call(house, house_shopper(id), &lottery_check, &want, &ticket));
        bool wins = draw_place(key, SHOPPERS, id) < WINNERS;
        assert_int_equal(ticket.place, draw_place(key, SHOPPERS, id) + 1);
        assert_int_equal(ticket.won, wins);
        assert_int_equal(ticket.voucher_id != 0, wins);
        assert_int_equal(house_balance(house, id, PURPOSE_vouchers, DEAL_LOTTERY), wins);
        won += wins;
    }
    assert_int_equal(won, WINNERS);
}

/* ---- red packets ---- */

static void a_packet_goes_to_its_people_and_the_rest_back(void **state)
{
    struct house *house = *state;
    int64_t key, taken = 0;
    uint8_t seed[DRAW_SEED_SIZE];
    int64_t packet_id = packet_make(house, 10001, 7, &key);
    seed_fill(seed, 7);
    for (int64_t id = 2; id <= 5; id++) {
        struct packet_claim_row part;
        must(packet_take(house, packet_id, key, id, &part));
        assert_int_equal(part.amount_minor, draw_piece(seed, id - 1, 10001 - taken, 7 - (id - 2)));
        assert_int_equal(house_balance(house, id, PURPOSE_wallet, UNIT_CNY), 100000 + part.amount_minor);
        taken += part.amount_minor;
    }
    assert_int_equal(house_balance(house, packet_id, PURPOSE_packet, UNIT_CNY), 10001 - taken);
    forward(house, 2 * US_PER_HOUR);
    assert_int_equal(house_balance(house, packet_id, PURPOSE_packet, UNIT_CNY), 0);
    assert_int_equal(house_balance(house, 1, PURPOSE_wallet, UNIT_CNY), 100000 - taken);
    assert_int_equal(packet_take(house, packet_id, key, 6, NULL), REFUSAL_packet_over);
}

/* ---- the audit ---- */

static bool won(const void *row)
{
    return ((const struct give_claim_row *)row)->won != 0;
}

static bool lost(const void *row)
{
    const struct give_claim_row *claim = row;
    return claim->ticket_id != 0 && claim->won == 0;
}

static bool claimed_free(const void *row)
{
    const struct give_claim_row *claim = row;
    return claim->deal_id == DEAL_FREE;
}

static bool claimed_paid(const void *row)
{
    return ((const struct give_claim_row *)row)->purchase_id != 0;
}

static bool lottery(const void *row)
{
    const struct give_row *give = row;
    return give->kind == GIVE_lottery && give->state == GIVE_drawn;
}

static bool lottery_open(const void *row)
{
    const struct give_row *give = row;
    return give->kind == GIVE_lottery && give->state == GIVE_open;
}

static bool packet_open(const void *row)
{
    return ((const struct packet_row *)row)->state == PACKET_open;
}

static bool packet_returned(const void *row)
{
    return ((const struct packet_row *)row)->state == PACKET_returned;
}

static bool filling(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_packet_fill;
}

static bool taking(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_packet_claim;
}

static bool packet_account(const void *row)
{
    const struct account_row *account = row;
    return account->purpose == PURPOSE_packet && account->balance > 0;
}

static const struct corruption corruptions[] = {
    { "a claim more is counted", &give_table, NULL, ADD, "claims", 1, AUDIT_answer_durable,
      "people who claimed or entered" },
    { "nothing is given away there", &give_table, NULL, DROP, NULL, 0, AUDIT_voucher_once,
      "nothing is given away with its deal" },
    { "its merchant is nobody", &give_table, NULL, ADD, "merchant_id", 70, AUDIT_answer_durable,
      "its merchant does not exist" },
    { "a claim of nobody", &give_claim_table, claimed_free, ADD, "shopper_id", 900, AUDIT_voucher_once,
      "its shopper does not exist" },
    { "a claim of another voucher", &give_claim_table, claimed_free, ADD, "voucher_id", 1, AUDIT_voucher_once,
      "its vouchers are not those that its claims name" },
    { "a claim without a voucher", &give_claim_table, claimed_free, ADD, "voucher_id", -INT64_MAX, AUDIT_voucher_once,
      "it has neither a voucher nor a purchase" },
    { "a claim is gone", &give_claim_table, claimed_free, DROP, NULL, 0, AUDIT_answer_durable,
      "people who claimed or entered" },
    { "a claim at a price names another purchase", &give_claim_table, claimed_paid, ADD, "purchase_id", 1,
      AUDIT_voucher_once, "its person's claim is another one" },
    { "a number beyond all", &give_claim_table, claimed_free, ADD, "number", 1000, AUDIT_voucher_once,
      "its number was never given" },
    { "a lottery of another seed", &give_table, lottery, ADD, "secret", 1, AUDIT_answer_durable,
      "is not the hash of its seed" },
    { "a lottery shows another seed", &give_table, lottery, ADD, "seed", 1, AUDIT_answer_durable,
      "or another one is" },
    { "an open lottery shows a seed", &give_table, lottery_open, ADD, "seed", 1, AUDIT_answer_durable,
      "its seed is shown before it is drawn" },
    { "a lottery promised another seed", &give_table, lottery, ADD, "seed_hash", 1, AUDIT_answer_durable,
      "is not the hash of its seed" },
    { "a chain of other entries", &give_table, lottery_open, ADD, "chain", 1, AUDIT_answer_durable,
      "its chain is not that of its entries" },
    { "a lottery draws later", &give_table, lottery_open, ADD, "due_us", 1, AUDIT_reservation_kept,
      "when its timer is due" },
    { "a lottery has more winners than it gave to", &give_table, lottery, ADD, "winners", 1, AUDIT_answer_durable,
      "winners that have what they won" },
    { "a winner more", &give_claim_table, lost, ADD, "won", 1, AUDIT_voucher_once, "it won without a voucher" },
    { "a winner lost", &give_claim_table, won, ADD, "won", -1, AUDIT_voucher_once, "it won without a voucher" },
    { "a loser with another number", &give_claim_table, lost, ADD, "number", 1, AUDIT_answer_durable,
      "its entries are not those of its people" },
    { "an entry is gone", &lottery_entry_table, NULL, DROP, NULL, 0, AUDIT_answer_durable, "counted from 1" },
    { "an entry of another ticket", &lottery_entry_table, NULL, ADD, "ticket_id", -1, AUDIT_answer_durable,
      "its chain is not that of its entries" },
    { "an entry of another person", &lottery_entry_table, NULL, ADD, "person_id", 1, AUDIT_answer_durable,
      "its entries are not those of its people" },
    { "a packet has more left", &packet_table, packet_open, ADD, "left_minor", 1, AUDIT_money_conserved,
      "what its seed says was taken" },
    { "a packet of more people", &packet_table, packet_open, ADD, "left_people", 1, AUDIT_money_conserved,
      "what its seed says was taken" },
    { "a packet of another seed", &packet_table, packet_returned, ADD, "secret", 1, AUDIT_money_conserved,
      "what its seed says was taken" },
    { "a packet shows its seed too early", &packet_table, packet_open, ADD, "seed", 1, AUDIT_answer_durable,
      "its seed is shown before it is over" },
    { "a packet promised another seed", &packet_table, packet_open, ADD, "seed_hash", 1, AUDIT_answer_durable,
      "is not the hash of its seed" },
    { "a packet stays open longer", &packet_table, packet_open, ADD, "expires_at_us", 1, AUDIT_reservation_kept,
      "when its timer is due" },
    { "a packet of nobody", &packet_table, packet_open, ADD, "sender_id", 900, AUDIT_money_conserved,
      "its sender does not exist" },
    { "a packet is gone", &packet_table, packet_open, DROP, NULL, 0, AUDIT_money_conserved,
      "its packet does not exist" },
    { "a packet returned nothing", &packet_table, packet_returned, ADD, "return_transfer_id", -INT64_MAX,
      AUDIT_money_conserved, "its transfer back is missing" },
    { "a packet was filled by another transfer", &packet_table, packet_open, ADD, "transfer_id", 1,
      AUDIT_money_conserved, "no red packet names it" },
    { "a part is larger", &packet_claim_table, NULL, ADD, "amount_minor", 1, AUDIT_money_conserved,
      "it does not move what its red packet says" },
    { "a part of another number", &packet_claim_table, NULL, ADD, "number", 1, AUDIT_money_conserved,
      "its parts are not those that its seed says" },
    { "a part of nobody", &packet_claim_table, NULL, ADD, "shopper_id", 900, AUDIT_money_conserved,
      "its shopper does not exist" },
    { "a part is gone", &packet_claim_table, NULL, DROP, NULL, 0, AUDIT_money_conserved, "no red packet names it" },
    { "a transfer of another packet", &transfer_table, filling, ADD, "reference_id", 1, AUDIT_money_conserved,
      "it does not move what its red packet says" },
    { "a transfer is for something else", &transfer_table, taking, ADD, "cause", 1, AUDIT_money_conserved,
      "it does not move what its red packet says" },
    { "a packet's account holds more", &account_table, packet_account, ADD, "balance", 1, AUDIT_money_conserved,
      "its balance by the transfers" },
};

/* One of everything, of which some is over and some goes on. */
static void books_make(struct house *house)
{
    struct give_want want = { .deal_id = DEAL_LOTTERY };
    int64_t key;
    give_make(house, DEAL_FREE, GIVE_claim, 0, PIECES);
    give_make(house, DEAL_TOKEN, GIVE_claim, 380, 5);
    give_make(house, DEAL_LOTTERY, GIVE_lottery, 0, WINNERS);
    int64_t packet_id = packet_make(house, 10001, 7, &key);
    for (int64_t id = 2; id <= 40; id++) {
        must(house_call_keyed(house, house_shopper(id), &lottery_enter, &want, NULL, NULL));
        if (id <= 5) {
            must(claim(house, DEAL_FREE, id, NULL));
            must(claim(house, DEAL_TOKEN, id, NULL));
            must(packet_take(house, packet_id, key, id, NULL));
        }
    }
    forward(house, 2 * US_PER_HOUR);
    give_make(house, DEAL_LATER, GIVE_lottery, 0, 2);
    want.deal_id = DEAL_LATER;
    packet_id = packet_make(house, 500, 3, &key);
    for (int64_t id = 2; id <= 3; id++) {
        must(house_call_keyed(house, house_shopper(id), &lottery_enter, &want, NULL, NULL));
        must(packet_take(house, packet_id, key, id, NULL));
    }
}

static void the_audit_names_every_corruption(void **state)
{
    struct house *house = *state;
    static struct audit_report report;
    books_make(house);
    if (!house_audit(house, &report)) {
        fail_msg("%s", report.first.sentence);
    }
    assert_int_equal(report.tables[give_table.number].rows, 4);
    assert_int_equal(report.tables[packet_claim_table.number].rows, 6);
    assert_int_equal(forged_missed(house, corruptions, COUNT_OF(corruptions)), 0);
}

static int stage_open(void **state)
{
    static struct house house;
    house_open_memory(&house, NULL);
    people_make(&house);
    *state = &house;
    return 0;
}

static int stage_close(void **state)
{
    struct house *house = *state;
    static struct audit_report report;
    bool holds = house_audit(house, &report);
    if (!holds) {
        print_message("# %s\n", report.first.sentence);
    }
    house_close(house);
    return holds ? 0 : 1;
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(exactly_what_there_is_is_given),
        STAGED(who_comes_too_late_writes_nothing),
        STAGED(what_was_not_paid_in_time_can_be_claimed_again),
        STAGED(those_win_whom_the_seed_says),
        STAGED(a_packet_goes_to_its_people_and_the_rest_back),
        STAGED(the_audit_names_every_corruption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
