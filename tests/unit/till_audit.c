/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit holds for a day that the till itself made, and names each of a list of single corruptions: a row
 * changed, removed or invented behind the till's back. What it must say stands beside each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"
#include "people/app.h"
#include "support/day.h"
#include "support/forged.h"

#define WEEK_US (7 * US_PER_DAY)

/* ---- the corruptions ---- */

static bool wallet_of_1(const void *row)
{
    const struct account_row *account = row;
    return account->owner_id == 1 && account->purpose == PURPOSE_wallet;
}

static bool takings(const void *row)
{
    return ((const struct account_row *)row)->purpose == PURPOSE_takings;
}

static bool budget(const void *row)
{
    return ((const struct account_row *)row)->purpose == PURPOSE_budget_platform;
}

static bool held(const void *row)
{
    return ((const struct account_row *)row)->purpose == PURPOSE_held;
}

static bool paying(const void *row)
{
    const struct transfer_row *transfer = row;
    return transfer->cause == CAUSE_trade_pay && transfer->legs_count > 1;
}

static bool giving_back(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_trade_refund;
}

static bool funding(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_campaign_fund;
}

static bool holding(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_hold;
}

static bool discounted(const void *row)
{
    const struct trade_row *trade = row;
    return trade->discounts_count > 1 && trade->state == TRADE_success;
}

static bool plain(const void *row)
{
    const struct trade_row *trade = row;
    return trade->discounts_count == 0 && trade->state == TRADE_success;
}

static bool waits(const void *row)
{
    return ((const struct trade_row *)row)->state == TRADE_wait_buyer_pay;
}

static bool given_back(const void *row)
{
    return ((const struct trade_row *)row)->close_reason == CLOSE_refunded;
}

static bool closed_unpaid(const void *row)
{
    return ((const struct trade_row *)row)->close_reason == CLOSE_closed;
}

static bool open_hold(const void *row)
{
    return ((const struct hold_row *)row)->state == HOLD_open;
}

static bool captured_hold(const void *row)
{
    return ((const struct hold_row *)row)->state == HOLD_captured;
}

static bool used(const void *row)
{
    return ((const struct campaign_use_row *)row)->uses > 0;
}

static bool paid_before(const void *row)
{
    return ((const struct shopper_row *)row)->first_paid_at_us > 0;
}

static bool in_a_shop(const void *row)
{
    return ((const struct campaign_shop_row *)row)->spent_minor > 0;
}

static bool sharing(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_royalty;
}

static bool returning(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_royalty_return;
}

static bool split(const void *row)
{
    return ((const struct trade_row *)row)->royalty_minor > 0;
}

static bool with_shares(const void *row)
{
    return ((const struct refund_row *)row)->royalties_count > 0;
}

static const struct corruption corruptions[] = {
    /* money */
    { "a wallet holds more", &account_table, wallet_of_1, ADD, "balance", 1,
      AUDIT_money_conserved, "its balance by the transfers: expected" },
    { "takings hold less", &account_table, takings, ADD, "balance", -1,
      AUDIT_money_conserved, "its balance by the transfers" },
    { "an account is gone", &account_table, takings, DROP, NULL, 0,
      AUDIT_money_conserved, "it has no row" },
    { "an account from nowhere", &account_table, wallet_of_1, INVENT, NULL, 3,
      AUDIT_money_conserved, "an account without transfers" },
    { "an account counts a transfer too many", &account_table, takings, ADD, "transfer_count", 1,
      AUDIT_money_conserved, "how often transfers touched it" },
    { "an account's statement begins elsewhere", &account_table, takings, ADD, "last_transfer_id", -1,
      AUDIT_money_conserved, "the last transfer that touched it" },
    { "an account may be overdrawn", &account_table, wallet_of_1, ADD, "floor", -100,
      AUDIT_money_conserved, "its floor" },
    { "a leg moves more", &transfer_table, paying, ADD, "legs.0.amount", 1,
      AUDIT_money_conserved, "the balance of an account after a leg" },
    { "a leg states another balance", &transfer_table, paying, ADD, "legs.0.to_balance", 1,
      AUDIT_money_conserved, "the balance of an account after a leg" },
    { "a leg goes to another wallet", &transfer_table, giving_back, ADD, "legs.0.to_owner_id", 1,
      AUDIT_money_conserved, "the balance of an account after a leg" },
    { "a statement skips a transfer", &transfer_table, paying, ADD, "legs.0.from_previous_id", -1,
      AUDIT_money_conserved, "the transfer that touched an account before" },
    { "a transfer is gone", &transfer_table, paying, DROP, NULL, 0,
      AUDIT_money_conserved, "the balance of an account after a leg" },
    { "a refund's transfer is gone", &transfer_table, giving_back, DROP, NULL, 0,
      AUDIT_money_conserved, "the balance of an account after a leg" },
    { "a transfer has no reason", &transfer_table, NULL, ADD, "cause", 200,
      AUDIT_money_conserved, "its cause does not exist" },
    { "a payment refers to another trade", &transfer_table, paying, ADD, "reference_id", 1,
      AUDIT_money_conserved, "refers to another trade" },
    { "a refund's transfer refers to another refund", &transfer_table, giving_back, ADD, "reference_id", 1,
      AUDIT_money_conserved, "the refund that it refers to" },
    { "a payment that is none", &transfer_table, paying, ADD, "cause", 7,
      AUDIT_answer_durable, "a trade names it as its payment" },
    { "a top-up that passes for a payment", &transfer_table, NULL, ADD, "cause", 2,
      AUDIT_answer_durable, "no trade names it as its payment" },
    { "a funding of another campaign", &transfer_table, funding, ADD, "reference_id", 7,
      AUDIT_budget_kept, "a campaign that does not exist" },
    { "a transfer of tomorrow", &transfer_table, NULL, ADD, "at_us", WEEK_US,
      AUDIT_answer_durable, "beyond the time of the progress row" },
    /* trades */
    { "a trade paid less", &trade_table, plain, ADD, "paid_minor", -1,
      AUDIT_money_conserved, "its price, as paid and discount together" },
    { "a trade has more left", &trade_table, plain, ADD, "paid_left_minor", 1,
      AUDIT_money_conserved, "what is left of its payment" },
    { "a trade may be refunded twice", &trade_table, discounted, ADD, "left_minor", 1,
      AUDIT_money_conserved, "what is left of its price" },
    { "a trade names another transfer", &trade_table, plain, ADD, "transfer_id", 1,
      AUDIT_answer_durable, "no trade names it as its payment" },
    { "a trade without its transfer", &trade_table, discounted, ADD, "transfer_id", -INT64_MAX,
      AUDIT_money_conserved, "names no transfer" },
    { "a discount is larger than its lines", &trade_table, discounted, ADD, "discount_minor", 1,
      AUDIT_money_conserved, "its price, as paid and discount together" },
    { "a line gave more", &trade_table, discounted, ADD, "discounts.0.platform_minor", 1,
      AUDIT_budget_kept, "the discount, as its lines come to" },
    { "a line has more left", &trade_table, discounted, ADD, "discounts.1.merchant_left_minor", 1,
      AUDIT_budget_kept, "what is left of the discount" },
    { "a line of another campaign", &trade_table, discounted, ADD, "discounts.1.campaign_id", 5,
      AUDIT_budget_kept, "a campaign that does not exist" },
    { "a trade lost a refund", &trade_table, discounted, ADD, "refund_count", -1,
      AUDIT_answer_durable, "its refunds, as counted" },
    { "a waiting trade counts as paid", &trade_table, waits, ADD, "state", 1,
      AUDIT_answer_durable, "nothing of it is left and it is not closed" },
    { "a waiting trade was paid", &trade_table, waits, ADD, "paid_minor", 10,
      AUDIT_money_conserved, "what an unpaid trade paid" },
    { "a waiting trade has more time", &trade_table, waits, ADD, "expires_at_us", 1,
      AUDIT_reservation_kept, "when its timer is due" },
    { "a refunded trade is open again", &trade_table, given_back, ADD, "state", -2,
      AUDIT_answer_durable, "not closed" },
    { "a closed trade was a refund", &trade_table, closed_unpaid, ADD, "close_reason", 2,
      AUDIT_money_conserved, "names no transfer" },
    { "a trade of another shop", &trade_table, plain, ADD, "shop_id", 1,
      AUDIT_answer_durable, "its terminal does not exist in its shop" },
    { "a trade of another merchant", &trade_table, plain, ADD, "merchant_id", 1,
      AUDIT_answer_durable, "the merchant of its shop" },
    { "a trade of a shopper who is not there", &trade_table, plain, ADD, "shopper_id", 90,
      AUDIT_answer_durable, "its shopper does not exist" },
    { "a trade of another day", &trade_table, plain, ADD, "day", 1,
      AUDIT_answer_durable, "the day of its payment" },
    { "a trade is gone", &trade_table, plain, DROP, NULL, 0,
      AUDIT_answer_durable, "no trade names it as its payment" },
    { "a trade twice", &trade_table, plain, INVENT, NULL, 1,
      AUDIT_answer_durable, "a trade names it as its payment" },
    { "a number is gone", &trade_number_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "its number does not lead to it" },
    { "a number leads elsewhere", &trade_number_table, NULL, ADD, "trade_id", 1,
      AUDIT_answer_durable, "its trade does not exist or has another number" },
    /* refunds */
    { "a refund gave more", &refund_table, NULL, ADD, "amount_minor", 1,
      AUDIT_answer_durable, "its amount, as paid and discount together" },
    { "a refund is gone", &refund_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "its refunds, as counted" },
    { "a refund of no trade", &refund_table, NULL, INVENT, NULL, 1,
      AUDIT_answer_durable, "its trade does not exist" },
    { "a refund names another transfer", &refund_table, NULL, ADD, "transfer_id", 1,
      AUDIT_answer_durable, "no refund names it as its transfer" },
    /* days */
    { "a day counts a payment too many", &shop_day_table, NULL, ADD, "payments", 1,
      AUDIT_answer_durable, "payments, as counted from the trades" },
    { "a day sold less", &shop_day_table, NULL, ADD, "list_minor", -1,
      AUDIT_answer_durable, "the sum of the prices" },
    { "a day refunded more", &shop_day_table, NULL, ADD, "refunded_paid_minor", 1,
      AUDIT_answer_durable, "what refunds paid back" },
    { "a day is gone", &shop_day_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "and no row" },
    { "a day of another shop", &shop_day_table, NULL, INVENT, NULL, 7,
      AUDIT_answer_durable, "its shop does not exist" },
    /* campaigns */
    { "a budget holds more", &account_table, budget, ADD, "balance", 1,
      AUDIT_budget_kept, "its balance by the transfers" },
    { "a campaign spent less", &campaign_table, NULL, ADD, "spent_minor", -1,
      AUDIT_budget_kept, "what it spent" },
    { "a campaign was used once more", &campaign_table, NULL, ADD, "uses", 1,
      AUDIT_budget_kept, "its uses" },
    { "a campaign came back to life", &campaign_table, NULL, ADD, "state", 2,
      AUDIT_budget_kept, "it offers a campaign" },
    { "a campaign aims elsewhere", &campaign_table, NULL, ADD, "targets.0.id", 1,
      AUDIT_budget_kept, "offer" },
    { "a campaign without its last change", &campaign_table, NULL, ADD, "version", 1,
      AUDIT_budget_kept, "the last version of its history" },
    { "a change is gone", &campaign_change_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "the version after the one before" },
    { "an offer is gone", &offers_table, NULL, DROP, NULL, 0,
      AUDIT_budget_kept, "not offered at one of its targets" },
    { "a person used a campaign once more", &campaign_use_table, used, ADD, "uses", 1,
      AUDIT_budget_kept, "its uses, less the person's trades" },
    { "a person's use is gone", &campaign_use_table, used, DROP, NULL, 0,
      AUDIT_budget_kept, "its uses, less the person's trades" },
    { "a person used a campaign less than not at all", &campaign_use_table, used, ADD, "day_uses", -50,
      AUDIT_budget_kept, "its counts are out of range" },
    { "a campaign gave more in a shop", &campaign_shop_table, in_a_shop, ADD, "spent_minor", 1,
      AUDIT_budget_kept, "what the campaign gave in this shop" },
    { "what a campaign gave in a shop is gone", &campaign_shop_table, in_a_shop, DROP, NULL, 0,
      AUDIT_budget_kept, "no row says so" },
    /* holds and timers */
    { "a hold is larger", &hold_table, open_hold, ADD, "amount", 1,
      AUDIT_reservation_kept, "what it took aside" },
    { "a hold is gone", &hold_table, open_hold, DROP, NULL, 0,
      AUDIT_reservation_kept, "refers to a hold that does not exist" },
    { "a hold was captured less", &hold_table, captured_hold, ADD, "captured", -500,
      AUDIT_reservation_kept, "what was captured is out of range" },
    { "a hold is open again", &hold_table, captured_hold, ADD, "state", -1,
      AUDIT_reservation_kept, "what was captured of it" },
    { "a hold lapses later", &hold_table, open_hold, ADD, "lapses_at_us", 1,
      AUDIT_reservation_kept, "when its timer is due" },
    { "held money is less", &account_table, held, ADD, "balance", -1,
      AUDIT_reservation_kept, "open holds" },
    { "a transfer of no hold", &transfer_table, holding, ADD, "reference_id", 1,
      AUDIT_reservation_kept, "refers to a hold that does not exist" },
    { "a timer is gone", &timer_table, NULL, DROP, NULL, 0,
      AUDIT_reservation_kept, "no timer ends that" },
    { "a timer of nothing", &timer_table, NULL, ADD, "subject_id", 1,
      AUDIT_reservation_kept, "no timer ends that" },
    { "a second timer", &timer_table, NULL, INVENT, NULL, 1,
      AUDIT_reservation_kept, "a second timer" },
    /* people and notices */
    { "a merchant is gone", &merchant_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "its merchant does not exist" },
    { "a shop is gone", &shop_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "its shop does not exist" },
    { "a terminal moved", &terminal_table, NULL, ADD, "shop_id", 1,
      AUDIT_answer_durable, "its terminal does not exist in its shop" },
    { "a shopper is gone", &shopper_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "its shopper does not exist" },
    { "a shopper paid once more", &shopper_table, paid_before, ADD, "payments", 1,
      AUDIT_answer_durable, "its payments" },
    { "a shopper paid earlier", &shopper_table, paid_before, ADD, "first_paid_at_us", -1,
      AUDIT_answer_durable, "no trade is its first payment" },
    { "a shopper is new again", &shopper_table, paid_before, ADD, "first_paid_at_us", -INT64_MAX,
      AUDIT_answer_durable, "no time of its first payment" },
    { "a device of nobody", &device_table, NULL, ADD, "shopper_id", 70,
      AUDIT_answer_durable, "its shopper does not exist" },
    { "a token that was issued with a later one", &token_table, NULL, ADD, "parent_token_id", INT64_MAX,
      AUDIT_answer_durable, "it goes back to a later one" },
    { "a token in the tree of nobody", &token_table, NULL, ADD, "merchant_id", 70,
      AUDIT_answer_durable, "its merchant does not exist" },
    { "a live token that was replaced in peace", &token_table, NULL, ADD, "keeps_issued", 1,
      AUDIT_answer_durable, "it keeps what it issued and is not revoked" },
    { "a token of nobody", &token_table, NULL, ADD, "caller_id", 70,
      AUDIT_answer_durable, "whom it speaks for" },
    { "an endpoint is gone", &endpoint_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "one of its endpoints" },
    { "a delivery to nowhere", &delivery_table, NULL, ADD, "endpoint_id", 1,
      AUDIT_answer_durable, "its endpoint does not exist" },
    { "a delivery is forgotten", &outbox_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "not in the outbox" },
    /* royalties and transfers */
    { "a receiver is not there", &merchant_table, NULL, ADD, "royalty_receivers", 1,
      AUDIT_answer_durable, "its royalty receivers" },
    { "a receiver is gone", &royalty_relation_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "its royalty receivers" },
    { "a receiver is nobody", &royalty_relation_table, NULL, ADD, "receiver_id", 90,
      AUDIT_answer_durable, "its receiver does not exist" },
    { "a receiver has more", &royalty_table, NULL, ADD, "parts.0.left_minor", 1,
      AUDIT_money_conserved, "what its receivers have of its takings" },
    { "a receiver got more", &royalty_table, NULL, ADD, "parts.1.paid_minor", 1,
      AUDIT_money_conserved, "what its receivers got is not what its settlements say" },
    { "a settlement too many is counted", &royalty_table, NULL, ADD, "settles", 1,
      AUDIT_money_conserved, "its settlements, less those that are there" },
    { "the shares of no trade", &royalty_table, NULL, INVENT, NULL, 1,
      AUDIT_money_conserved, "its settlements, less those that are there" },
    { "a settlement paid more", &settle_table, NULL, ADD, "lines.0.amount_minor", 1,
      AUDIT_answer_durable, "its amount, as its lines come to" },
    { "a settlement names another transfer", &settle_table, NULL, ADD, "transfer_id", 1,
      AUDIT_answer_durable, "no settlement, refund or transfer names it" },
    { "a settlement is gone", &settle_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "settlements and their numbers" },
    { "a settlement's number leads elsewhere", &settle_number_table, NULL, ADD, "trade_id", 1,
      AUDIT_answer_durable, "settlements and their numbers" },
    { "a trade gave more shares", &trade_table, split, ADD, "royalty_minor", 1,
      AUDIT_money_conserved, "what its receivers have of its takings" },
    { "a trade was not to be split", &trade_table, split, ADD, "royalty_frozen", -1,
      AUDIT_money_conserved, "agreed to be" },
    { "more of a share came back", &refund_table, with_shares, ADD, "royalties.0.amount_minor", 1,
      AUDIT_money_conserved, "what came back of shares" },
    { "a share came back from somebody else", &refund_table, with_shares, ADD, "royalties.0.id", -1,
      AUDIT_money_conserved, "what its receivers gave back" },
    { "a refund of another shop", &refund_table, NULL, ADD, "shop_id", 1,
      AUDIT_answer_durable, "one of its refunds names another shop" },
    { "a transfer of shares that refers to another refund", &transfer_table, returning, ADD, "reference_id", 1,
      AUDIT_money_conserved, "it does not move what the row that names it says" },
    { "a settlement's transfer is another kind", &transfer_table, sharing, ADD, "cause", 2,
      AUDIT_money_conserved, "it does not move what the row that names it says" },
    { "a settlement's transfer is none", &transfer_table, sharing, ADD, "cause", -10,
      AUDIT_answer_durable, "names it, and it is not theirs" },
    { "a transfer paid more", &wallet_transfer_table, NULL, ADD, "amount_minor", 1,
      AUDIT_money_conserved, "it does not move what the row that names it says" },
    { "a transfer to nobody", &wallet_transfer_table, NULL, ADD, "payee_id", 90,
      AUDIT_answer_durable, "its payee does not exist" },
    { "a transfer is gone", &wallet_transfer_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "transfers and their numbers" },
    { "a transfer's number is gone", &transfer_order_table, NULL, DROP, NULL, 0,
      AUDIT_answer_durable, "transfers and their numbers" },
    { "a grant to no app", &grant_table, NULL, ADD, "app_id", 1,
      AUDIT_answer_durable, "its app does not exist" },
    { "a grant of nobody", &grant_table, NULL, ADD, "shopper_id", 90,
      AUDIT_answer_durable, "its shopper does not exist" },
    { "a grant that is coded again", &grant_table, NULL, ADD, "generation", -1,
      AUDIT_answer_durable, "it has tokens and was not redeemed" },
    { "a grant that ended at no time", &grant_table, NULL, ADD, "state", 1,
      AUDIT_answer_durable, "it was ended and has no time" },
    /* the engine's own */
    { "ids would be given again", &progress_table, NULL, ADD, "id_last", -(INT64_C(1) << 50),
      AUDIT_answer_durable, "beyond the last id" },
    { "time would run again", &progress_table, NULL, ADD, "now_us", -WEEK_US,
      AUDIT_answer_durable, "beyond the time" },
    { "a node beyond all nodes", &progress_table, NULL, INVENT, NULL, NODES_MAX,
      AUDIT_answer_durable, "no node has this number" },
    { "a node before the first", &progress_table, NULL, INVENT, NULL, -1,
      AUDIT_answer_durable, "no node has this number" },
    { "a kept refusal that is none", &request_table, NULL, ADD, "refusal", 999,
      AUDIT_answer_durable, "a refusal that does not exist" },
    { "a kept answer that was a refusal", &request_table, NULL, ADD, "refusal", 2,
      AUDIT_answer_durable, "a refusal and an answer" },
};

static void holds(struct house *house, const char *when)
{
    struct audit_report report;
    if (!house_audit(house, &report)) {
        fail_msg("%s: %s", when, report.first.sentence);
    }
}

static void audit_holds_for_what_the_till_made(void **state)
{
    struct audit_report report;
    struct house *house = *state;
    holds(house, "a day");
    assert_true(house_audit(house, &report));
    assert_int_equal(report.faults, 0);
    assert_true(report.transfers > 10);
    assert_true(report.checks > 500);
    assert_int_equal(report.laws[AUDIT_money_conserved].verdict, AUDIT_held);
    assert_int_equal(report.laws[AUDIT_budget_kept].verdict, AUDIT_held);
    assert_int_equal(report.laws[AUDIT_reservation_kept].verdict, AUDIT_held);
    assert_int_equal(report.laws[AUDIT_answer_durable].verdict, AUDIT_held);
    assert_int_equal(report.laws[AUDIT_stock_kept].verdict, AUDIT_unused);
    assert_int_equal(report.laws[AUDIT_voucher_once].verdict, AUDIT_unused);
    assert_string_equal(report.tables[trade_table.number].table, "trades");
    assert_int_equal(report.tables[trade_table.number].rows, 8);
}

static void audit_of_nothing_holds(void **state)
{
    struct house house;
    struct audit_report report;
    (void)state;
    house_open_memory(&house, NULL);
    assert_true(house_audit(&house, &report));
    assert_int_equal(report.transfers, 0);
    assert_int_equal(report.laws[AUDIT_budget_kept].verdict, AUDIT_unused);
    house_close(&house);
}

static void audit_names_every_corruption(void **state)
{
    struct house *house = *state;
    assert_int_equal(forged_missed(house, corruptions, COUNT_OF(corruptions)), 0);
}

/* Of several nodes one is the furthest: what stands in the books may be beyond the others. */
static void audit_takes_the_furthest_node(void **state)
{
    struct house *house = *state;
    struct progress_row far = { .one = 1 }, behind = { .one = 1, .now_us = 5, .id_last = 7, .batch = 1 };
    struct audit_report report;
    assert_true(house_row(house, &progress_table, &far));
    struct progress_row first = far;
    far.one = NODES_MAX;
    house_row_put(house, &progress_table, &behind, true);
    assert_false(house_audit(house, &report)); /* none of them has come that far */
    assert_non_null(strstr(report.first.sentence, "beyond"));
    house_row_put(house, &progress_table, &far, true);
    holds(house, "the last of the nodes is the furthest");
    house_row_put(house, &progress_table, &first, true);
    behind.one = NODES_MAX;
    house_row_put(house, &progress_table, &behind, true);
    holds(house, "the first of the nodes is the furthest");
    house_row_put(house, &progress_table, &behind, false);
    holds(house, "one node alone");
}

static void audit_says_when_its_memory_is_too_small(void **state)
{
    struct house *house = *state;
    struct audit_report report;
    struct reader *reader = store_reader_open(house->store);
    struct audit_settings small = { .memory_most = 4096 };
    assert_int_equal(audit_run(reader, &small, &report), STATUS_too_large);
    assert_false(report.ok);
    reader->ops->close(reader);
}

static int day_open(void **state)
{
    static struct house house;
    house_open_memory(&house, NULL);
    day_make(&house);
    *state = &house;
    return 0;
}

static int day_close(void **state)
{
    house_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audit_holds_for_what_the_till_made),
        cmocka_unit_test(audit_of_nothing_holds),
        cmocka_unit_test(audit_names_every_corruption),
        cmocka_unit_test(audit_takes_the_furthest_node),
        cmocka_unit_test(audit_says_when_its_memory_is_too_small),
    };
    return cmocka_run_group_tests_name("till_audit", tests, day_open, day_close);
}
