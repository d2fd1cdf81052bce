/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/audit_meal.h"

#include "base/hash.h"

static const char *const sum_words[SUM_COUNT] = {
    [SUM_food] = "its food, as its lines come to",
    [SUM_billed] = "the food on its bills",
    [SUM_service] = "the service charge on its bills",
    [SUM_tip] = "the tips on its bills",
    [SUM_paid] = "what its bills were paid with",
    [SUM_returned] = "what was given back of its bills",
    [SUM_unpaid] = "bills that are not paid",
    [SUM_lines] = "its lines",
    [SUM_drafts] = "lines that the kitchen has not got",
    [SUM_guests] = "its guests",
    [SUM_bills] = "its bills",
    [SUM_tickets] = "its tickets",
    [SUM_tickets_open] = "tickets that are not bumped",
};

/* A bill whose money waits in the escrow of its trade. */
struct audit_escrow {
    int64_t trade_id;
    int64_t left_minor;
    int64_t order_id, bill;
    int64_t unit; /* by its trade; 0: that was not seen */
};

static void begin(struct audit *audit, void *state)
{
    struct audit_meals *meals = state;
    audit_map_init(&meals->escrows, audit_memory_of(audit), sizeof(struct audit_escrow), 1);
}

static void release(struct audit *audit, void *state)
{
    struct audit_meals *meals = state;
    (void)audit;
    audit_map_release(&meals->escrows);
}

/* ---- what each row adds to the sums of its order ---- */

static void order_sums(const struct meal_order_row *order, int64_t sums[SUM_COUNT])
{
    sums[SUM_food] = order->food_minor;
    sums[SUM_billed] = order->billed_minor;
    sums[SUM_service] = order->service_minor;
    sums[SUM_tip] = order->tip_minor;
    sums[SUM_paid] = order->paid_minor;
    sums[SUM_returned] = order->returned_minor;
    sums[SUM_unpaid] = order->bills_unpaid;
    sums[SUM_lines] = order->lines;
    sums[SUM_drafts] = order->drafts;
    sums[SUM_guests] = order->guests;
    sums[SUM_bills] = order->bills;
    sums[SUM_tickets] = order->tickets;
    sums[SUM_tickets_open] = order->tickets_open;
}

static void line_sums(const struct meal_line_row *line, int64_t sums[SUM_COUNT])
{
    sums[SUM_food] = line->state != MEAL_LINE_off ? -line->total_minor : 0;
    sums[SUM_lines] = -1;
    sums[SUM_drafts] = line->state == MEAL_LINE_draft ? -1 : 0;
}

static int64_t bill_left(const struct meal_bill_row *bill)
{
    return bill->food_left_minor + bill->service_left_minor + bill->fee_left_minor + bill->tip_left_minor;
}

static void bill_sums(const struct meal_bill_row *bill, int64_t sums[SUM_COUNT])
{
    bool live = bill->state != BILL_void, paid = bill->state == BILL_paid;
    sums[SUM_billed] = live ? -bill->food_minor : 0;
    sums[SUM_service] = live ? -bill->service_minor : 0;
    sums[SUM_tip] = -bill->tip_minor;
    sums[SUM_paid] = paid ? -bill->total_minor : 0;
    sums[SUM_returned] = paid ? bill_left(bill) - bill->total_minor : 0;
    sums[SUM_unpaid] = bill->state == BILL_open || bill->state == BILL_waiting ? -1 : 0;
    sums[SUM_bills] = -1;
}

static uint64_t sums_print(int64_t order_id, const int64_t sums[SUM_COUNT])
{
    uint64_t print = 0;
    for (int i = 0; i < SUM_COUNT; i++) {
        print += audit_weighed(order_id, i, sums[i]);
    }
    return print;
}

/* ---- rows ---- */

static void order_state_check(struct audit *audit, const struct meal_order_row *order)
{
    struct audit_about about = { AUDIT_answer_durable, &meal_order_table, order };
    bool ended = order->state == MEAL_done || order->state == MEAL_cancelled;
    audit_expect(audit, about, "its kind or state does not exist",
                 order->kind >= MEAL_dine_in && order->kind <= MEAL_delivery && order->state >= MEAL_open &&
                     order->state <= MEAL_cancelled);
    audit_expect(audit, about, "it ended without a time, or the other way round", ended == (order->ended_at_us != 0));
    audit_expect(audit, about, "it is done and was neither paid nor written off",
                 order->state != MEAL_done ||
                     (order->billed_minor + order->written_off_minor == order->food_minor && order->bills_unpaid == 0));
    audit_expect(audit, about, "something was written off without a reason, or before it was done",
                 order->written_off_minor == 0 ||
                     (order->written_off_minor > 0 && order->state == MEAL_done &&
                      order->written_off_reason[0] != '\0'));
    audit_expect(audit, about, "it ended and the kitchen still has to make it", !ended || order->tickets_open == 0);
    about.law = AUDIT_reservation_kept;
    audit_expect(audit, about, "nothing looks at it any more, or still does", ended == (order->look_at_us == 0));
    if (order->look_at_us != 0) {
        audit_timer_claim(audit, about, order->look_at_us, TIMER_meal_look, order->order_id);
    }
    about.law = AUDIT_money_conserved;
    audit_expect(audit, about, "one of its sums is negative, or more is on bills than was ordered",
                 order->food_minor >= order->billed_minor && order->billed_minor >= 0 && order->service_minor >= 0 &&
                     order->tip_minor >= 0 && order->paid_minor >= order->returned_minor &&
                     order->returned_minor >= 0);
}

static bool order_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct meal_order_row *order = row;
    struct audit_about about = { AUDIT_answer_durable, &meal_order_table, row };
    int64_t sums[SUM_COUNT] = { 0 };
    audit_id_known(audit, about, order->order_id);
    audit_time_known(audit, about, order->opened_at_us);
    audit_expect(audit, about, "its shop does not exist or is another merchant's",
                 audit_shop_merchant(audit, order->shop_id) == order->merchant_id);
    audit_expect(audit, about, "its shopper does not exist",
                 order->shopper_id == 0 || audit_shopper_known(audit, order->shopper_id));
    audit_expect_equal(audit, about, "its currency", audit_shop_currency(audit, order->shop_id), order->currency);
    order_state_check(audit, order);
    order_sums(order, sums);
    meals->sums_print += sums_print(order->order_id, sums);
    audit_kitchen_order(audit, meals, order);
    return true;
}

static bool line_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct meal_line_row *line = row;
    struct audit_about about = { AUDIT_money_conserved, &meal_line_table, row };
    int64_t sums[SUM_COUNT] = { 0 }, unit_minor = line->unit_minor;
    for (int32_t i = 0; i < line->options_count; i++) {
        unit_minor -= line->options[i].price_minor;
    }
    audit_expect(audit, about, "its options come to more than it costs", unit_minor >= 0);
    audit_expect_equal(audit, about, "its total", line->unit_minor * line->pieces, line->total_minor);
    about.law = AUDIT_answer_durable;
    audit_expect(audit, about, "its state does not exist, or a ticket has it that should not",
                 line->state >= MEAL_LINE_draft && line->state <= MEAL_LINE_off &&
                     (line->state != MEAL_LINE_draft || line->ticket_id == 0) &&
                     (line->state != MEAL_LINE_sent || line->ticket_id != 0));
    audit_time_known(audit, about, line->added_at_us);
    line_sums(line, sums);
    meals->sums_print += sums_print(line->order_id, sums);
    return true;
}

static bool guest_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct meal_guest_row *guest = row;
    struct audit_about about = { AUDIT_answer_durable, &meal_guest_table, row };
    audit_expect(audit, about, "it does not exist", audit_shopper_known(audit, guest->shopper_id));
    meals->sums_print += audit_weighed(guest->order_id, SUM_guests, -1);
    return true;
}

/* What a bill and its trade say alike. */
static uint64_t trade_print(int64_t trade_id, int64_t order_id, bool paid, int64_t total_minor, int64_t left_minor)
{
    return audit_weighed(trade_id, paid ? 1 : 2, order_id) + audit_weighed(trade_id, 3, total_minor) +
           audit_weighed(trade_id, 4, left_minor);
}

static bool bill_money(struct audit *audit, struct audit_meals *meals, const struct meal_bill_row *bill)
{
    int64_t left_minor = bill_left(bill);
    meals->trades_print += trade_print(bill->trade_id, bill->order_id, true, bill->total_minor, left_minor);
    if (bill->earned != 0) {
        meals->earned_print += audit_weighed(bill->trade_id, 0, left_minor);
    }
    if (bill->earned_transfer_id != 0) {
        meals->named_print += audit_pair_print(bill->earned_transfer_id, bill->trade_id);
        return true;
    }
    if (bill->earned != 0) {
        return true; /* nothing was left to be earned */
    }
    struct audit_escrow *escrow = audit_map_put(&meals->escrows, bill->trade_id, 0);
    if (escrow == NULL) {
        return audit_too_large(audit);
    }
    escrow->left_minor = left_minor;
    escrow->order_id = bill->order_id;
    escrow->bill = bill->bill;
    return true;
}

static bool bill_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct meal_bill_row *bill = row;
    struct audit_about about = { AUDIT_money_conserved, &meal_bill_table, row };
    int64_t sums[SUM_COUNT] = { 0 };
    bool paid = bill->state == BILL_paid;
    audit_expect_equal(audit, about, "its total, of food, service, fee and tip",
                       bill->food_minor + bill->service_minor + bill->fee_minor + bill->tip_minor, bill->total_minor);
    audit_expect(audit, about, "more is left of a part than there was",
                 bill->food_left_minor >= 0 && bill->food_left_minor <= bill->food_minor &&
                     bill->service_left_minor >= 0 && bill->service_left_minor <= bill->service_minor &&
                     bill->fee_left_minor >= 0 && bill->fee_left_minor <= bill->fee_minor &&
                     bill->tip_left_minor >= 0 && bill->tip_left_minor <= bill->tip_minor);
    audit_expect(audit, about, "it is not paid, and something was earned or is left of it",
                 paid || (bill_left(bill) == 0 && bill->earned == 0 && bill->earned_transfer_id == 0));
    about.law = AUDIT_answer_durable;
    audit_expect(audit, about, "its state does not exist", bill->state >= BILL_open && bill->state <= BILL_void);
    audit_expect(audit, about, "it is paid without a trade, a shopper or a time, or the other way round",
                 paid == (bill->paid_at_us != 0) && (!paid || (bill->trade_id != 0 && bill->shopper_id != 0)) &&
                     (bill->state != BILL_waiting || bill->trade_id != 0));
    audit_expect(audit, about, "a tip is on it that nobody pays",
                 bill->tip_minor == 0 || paid || bill->state == BILL_waiting);
    bill_sums(bill, sums);
    meals->sums_print += sums_print(bill->order_id, sums);
    if (bill->state == BILL_waiting) {
        meals->trades_print += trade_print(bill->trade_id, bill->order_id, false, bill->total_minor, 0);
    }
    return !paid || bill_money(audit, meals, bill);
}

static void tables(struct audit *audit, void *state)
{
    audit_scan_line(audit, &meal_order_table, order_each, state);
    audit_scan_line(audit, &meal_line_table, line_each, state);
    audit_scan_line(audit, &meal_guest_table, guest_each, state);
    audit_scan_line(audit, &meal_bill_table, bill_each, state);
    audit_kitchen_tables(audit, state);
}

/* ---- trades and transfers ---- */

static bool trade_each(struct audit *audit, void *state, const struct trade_row *trade)
{
    struct audit_meals *meals = state;
    struct audit_about about = { AUDIT_answer_durable, &trade_table, trade };
    struct audit_escrow *escrow = audit_map_get(&meals->escrows, trade->trade_id, 0);
    audit_expect(audit, about, "its price is not in escrow", trade->escrow == 1);
    if (escrow != NULL) {
        escrow->unit = trade->currency;
    }
    if (trade->paid_at_us != 0) {
        meals->trades_print -= trade_print(trade->trade_id, trade->line_id, true, trade->list_minor, trade->left_minor);
    } else if (trade->state == TRADE_wait_buyer_pay) {
        meals->trades_print -= trade_print(trade->trade_id, trade->line_id, false, trade->list_minor, 0);
    }
    return true;
}

/* Whether a leg is one that such a transfer may have; what it makes of the trade's escrow. */
static bool leg_check(const struct transfer_row *transfer, const struct leg_row *leg)
{
    bool out = leg->from_purpose == PURPOSE_escrow && leg->from_owner_id == transfer->reference_id &&
               (leg->to_purpose == PURPOSE_takings || leg->to_purpose == PURPOSE_tips ||
                leg->to_purpose == PURPOSE_wallet);
    bool back = leg->from_purpose == PURPOSE_takings && leg->to_purpose == PURPOSE_escrow &&
                leg->to_owner_id == transfer->reference_id;
    return transfer->cause == CAUSE_meal_earn ? out : back;
}

static void tips_check(struct audit *audit, const struct transfer_row *transfer)
{
    struct audit_about about = { AUDIT_money_conserved, &transfer_table, transfer };
    const struct leg_row *leg = &transfer->legs[0];
    audit_expect(audit, about, "it moves what no meal does",
                 transfer->legs_count == 1 && leg->from_purpose == PURPOSE_tips &&
                     leg->from_owner_id == transfer->reference_id && leg->to_purpose == PURPOSE_wallet);
}

static bool transfer_each(struct audit *audit, void *state, const struct transfer_row *transfer)
{
    struct audit_meals *meals = state;
    struct audit_about about = { AUDIT_money_conserved, &transfer_table, transfer };
    if (transfer->cause == CAUSE_meal_tips) {
        tips_check(audit, transfer);
        return true;
    }
    bool earns = transfer->cause == CAUSE_meal_earn;
    for (int32_t i = 0; i < transfer->legs_count; i++) {
        const struct leg_row *leg = &transfer->legs[i];
        audit_expect(audit, about, "it moves what no meal does", leg_check(transfer, leg));
        meals->earned_print -= audit_weighed(transfer->reference_id, 0, earns ? leg->amount : -leg->amount);
        if (leg->to_purpose == PURPOSE_wallet) {
            meals->fees_print -= audit_weighed(leg->to_owner_id, 0, leg->amount);
        }
    }
    if (earns) {
        meals->named_print -= audit_pair_print(transfer->transfer_id, transfer->reference_id);
    }
    return true;
}

/* ---- the end: what does not come out is looked for ---- */

struct searching {
    struct audit_map orders; /* sums of each */
};

struct order_found {
    int64_t order_id;
    int64_t sums[SUM_COUNT];
};

static bool sums_find(struct audit *audit, struct searching *searching, int64_t order_id,
                      const int64_t sums[SUM_COUNT])
{
    struct order_found *found = audit_map_put(&searching->orders, order_id, 0);
    if (found == NULL) {
        return audit_too_large(audit);
    }
    for (int i = 0; i < SUM_COUNT; i++) {
        found->sums[i] += sums[i];
    }
    return true;
}

static bool order_find(struct audit *audit, void *state, const void *row)
{
    int64_t sums[SUM_COUNT] = { 0 };
    order_sums(row, sums);
    return sums_find(audit, state, ((const struct meal_order_row *)row)->order_id, sums);
}

static bool line_find(struct audit *audit, void *state, const void *row)
{
    int64_t sums[SUM_COUNT] = { 0 };
    line_sums(row, sums);
    return sums_find(audit, state, ((const struct meal_line_row *)row)->order_id, sums);
}

static bool guest_find(struct audit *audit, void *state, const void *row)
{
    int64_t sums[SUM_COUNT] = { [SUM_guests] = -1 };
    return sums_find(audit, state, ((const struct meal_guest_row *)row)->order_id, sums);
}

static bool bill_find(struct audit *audit, void *state, const void *row)
{
    int64_t sums[SUM_COUNT] = { 0 };
    bill_sums(row, sums);
    return sums_find(audit, state, ((const struct meal_bill_row *)row)->order_id, sums);
}

static bool ticket_find(struct audit *audit, void *state, const void *row)
{
    int64_t sums[SUM_COUNT] = { 0 };
    audit_ticket_sums(row, sums);
    return sums_find(audit, state, ((const struct ticket_row *)row)->order_id, sums);
}

/* Some sum of some order is wrong: which, and by how much. */
static void order_name(struct audit *audit)
{
    struct searching searching;
    struct order_found *found;
    size_t place = 0;
    audit_map_init(&searching.orders, audit_memory_of(audit), sizeof(struct order_found), 1);
    audit_look_line(audit, &meal_order_table, order_find, &searching);
    audit_look_line(audit, &meal_line_table, line_find, &searching);
    audit_look_line(audit, &meal_guest_table, guest_find, &searching);
    audit_look_line(audit, &meal_bill_table, bill_find, &searching);
    audit_look_line(audit, &ticket_table, ticket_find, &searching);
    while ((found = audit_map_next(&searching.orders, &place)) != NULL) {
        for (int i = 0; i < SUM_COUNT; i++) {
            struct meal_order_row key = { .order_id = found->order_id };
            struct audit_about about = { i <= SUM_returned ? AUDIT_money_conserved : AUDIT_answer_durable,
                                         &meal_order_table, &key };
            if (found->sums[i] != 0) {
                audit_differs(audit, about, sum_words[i], 0, found->sums[i]);
            }
        }
    }
    audit_map_release(&searching.orders);
}

static void end(struct audit *audit, void *state)
{
    const struct audit_meals *meals = state;
    struct audit_about orders = { AUDIT_money_conserved, &meal_order_table, NULL };
    struct audit_about bills = { AUDIT_money_conserved, &meal_bill_table, NULL };
    const struct audit_escrow *escrow;
    size_t place = 0;
    if (meals->sums_print != 0) {
        order_name(audit);
    }
    audit_expect(audit, orders, "what orders say of themselves is not what is found of them", meals->sums_print == 0);
    audit_expect(audit, bills, "bills and their trades do not agree", meals->trades_print == 0);
    audit_expect(audit, bills, "what was earned of bills is not what transfers moved", meals->earned_print == 0);
    audit_expect(audit, bills, "bills and the transfers that earned them are not one to one", meals->named_print == 0);
    while ((escrow = audit_map_next(&meals->escrows, &place)) != NULL) {
        struct meal_bill_row key = { .order_id = escrow->order_id, .bill = (int32_t)escrow->bill };
        struct audit_about about = { AUDIT_money_conserved, &meal_bill_table, &key };
        audit_expect_equal(audit, about, "what its trade has in escrow", escrow->left_minor,
                           audit_balance(audit, escrow->trade_id, PURPOSE_escrow, escrow->unit));
    }
    audit_kitchen_end(audit, meals);
}

static bool owner_known(const struct audit *audit, const void *state, int64_t owner_id, int32_t purpose)
{
    (void)state;
    return purpose == PURPOSE_tips && audit_shop_known(audit, owner_id);
}

const struct audit_part audit_part_meal = {
    .state_size = sizeof(struct audit_meals),
    .begin = begin,
    .release = release,
    .tables = tables,
    .trade_kind = LOCAL_meal,
    .trade = trade_each,
    .cause_first = CAUSE_meal_earn,
    .cause_last = CAUSE_meal_tips,
    .transfer = transfer_each,
    .end = end,
    .purpose_first = PURPOSE_tips,
    .purpose_last = PURPOSE_tips,
    .owner_known = owner_known,
};
