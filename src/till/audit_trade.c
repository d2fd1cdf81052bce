/* SPDX-License-Identifier: Apache-2.0 */
/* Trades against their money: the transfer that paid each, its refunds, its number, its shop's day. */
#include <stdlib.h>

#include "base/civil.h"
#include "base/hash.h"
#include "till/audit_internal.h"
#include "till/trade.h"

/* ---- refunds, read first: one list in order of their trades ---- */

static bool refund_each(struct audit *audit, const void *row)
{
    const struct refund_row *refund = row;
    struct audit_about about = { AUDIT_answer_durable, &refund_table, row };
    audit_id_known(audit, about, refund->refund_id);
    audit_time_known(audit, about, refund->at_us);
    audit_true(audit, about, "its amount is out of range",
               refund->amount_minor > 0 && refund->paid_minor >= 0 && refund->discount_minor >= 0);
    audit_equal(audit, about, "its amount, as paid and discount together", refund->paid_minor + refund->discount_minor,
                refund->amount_minor);
    struct audit_refund *mark = audit_list_add(&audit->refunds);
    if (mark == NULL) {
        return audit_too_large(audit);
    }
    *mark = (struct audit_refund){ .trade_id = refund->trade_id,
                                   .transfer_id = refund->transfer_id,
                                   .refund_id = refund->refund_id,
                                   .paid_minor = refund->paid_minor,
                                   .discount_minor = refund->discount_minor,
                                   .amount_minor = refund->amount_minor,
                                   .at_us = refund->at_us,
                                   .shop_id = refund->shop_id };
    return audit_royalty_refund(audit, refund);
}

/* ---- days ---- */

static struct shop_day_row *day_of(struct audit *audit, int64_t shop_id, int32_t day)
{
    struct audit_day *sums = audit_map_put(&audit->days, shop_id, day);
    if (sums == NULL) {
        audit_too_large(audit);
        return NULL;
    }
    return &sums->sums;
}

static void day_add_trade(struct audit *audit, const struct trade_row *trade)
{
    struct shop_day_row *day = day_of(audit, trade->shop_id, trade->day);
    if (day != NULL) {
        day->payments++;
        day->list_minor += trade->list_minor;
        day->discount_minor += trade->discount_minor;
        day->paid_minor += trade->paid_minor;
    }
}

static void day_add_refund(struct audit *audit, const struct audit_shop *shop, const struct audit_refund *refund)
{
    int32_t date = civil_yyyymmdd(civil_day(refund->at_us, (int)shop->zone_minutes));
    struct shop_day_row *day = day_of(audit, shop->shop_id, date);
    if (day != NULL) {
        day->refunds++;
        day->refunded_paid_minor += refund->paid_minor;
        day->refunded_discount_minor += refund->discount_minor;
    }
}

static bool day_each(struct audit *audit, const void *row)
{
    const struct shop_day_row *day = row;
    struct audit_about about = { AUDIT_answer_durable, &shop_day_table, row };
    struct shop_day_row *sums = day_of(audit, day->shop_id, day->day);
    if (sums == NULL) {
        return false;
    }
    audit_true(audit, about, "its shop does not exist", audit_map_get(&audit->shops, day->shop_id, 0) != NULL);
    audit_equal(audit, about, "payments, as counted from the trades", sums->payments, day->payments);
    audit_equal(audit, about, "the sum of the prices of its trades", sums->list_minor, day->list_minor);
    audit_equal(audit, about, "the sum of the discounts of its trades", sums->discount_minor, day->discount_minor);
    audit_equal(audit, about, "the sum of what its trades paid", sums->paid_minor, day->paid_minor);
    audit_equal(audit, about, "refunds, as counted", sums->refunds, day->refunds);
    audit_equal(audit, about, "the sum of what refunds paid back", sums->refunded_paid_minor,
                day->refunded_paid_minor);
    audit_equal(audit, about, "the sum of what refunds gave back to budgets", sums->refunded_discount_minor,
                day->refunded_discount_minor);
    *sums = (struct shop_day_row){ .shop_id = 1 }; /* seen */
    return true;
}

static void days_end(struct audit *audit)
{
    size_t place = 0;
    const struct audit_day *day;
    while ((day = audit_map_next(&audit->days, &place)) != NULL) {
        struct shop_day_row key = { .shop_id = day->shop_id, .day = (int32_t)day->day };
        struct audit_about about = { AUDIT_answer_durable, &shop_day_table, &key };
        audit_true(audit, about, "trades or refunds of this day, and no row", day->sums.shop_id == 1);
    }
}

/* ---- trades ---- */

/* What the refunds of one trade come to. */
struct refund_sums {
    int64_t count, amount_minor, paid_minor, discount_minor;
    uint32_t trade_index;
};

static bool refunds_take(struct audit *audit, const struct trade_row *trade, struct refund_sums *sums)
{
    struct audit_shop *shop = audit_map_get(&audit->shops, trade->shop_id, 0);
    *sums = (struct refund_sums){ .count = 0 };
    while (audit->refund_of_trade < audit->refunds.count) {
        struct audit_refund *refund = audit_list_at(&audit->refunds, audit->refund_of_trade);
        if (refund->trade_id > trade->trade_id) {
            break;
        }
        audit->refund_of_trade++;
        if (refund->trade_id < trade->trade_id) {
            continue; /* of no trade: told apart at the end */
        }
        if (sums->count == 0) {
            struct audit_refunded *refunded = audit_list_add(&audit->refunded);
            if (refunded == NULL) {
                return audit_too_large(audit);
            }
            refunded->trade_id = trade->trade_id;
            sums->trade_index = (uint32_t)audit->refunded.count - 1;
        }
        sums->count++;
        sums->amount_minor += refund->amount_minor;
        sums->paid_minor += refund->paid_minor;
        sums->discount_minor += refund->discount_minor;
        struct audit_about about = { AUDIT_answer_durable, &trade_table, trade };
        audit_true(audit, about, "one of its refunds names another shop",
                   refund->shop_id == 0 || refund->shop_id == trade->shop_id);
        refund->trade_found = 1;
        refund->trade_index = sums->trade_index;
        refund->shop_id = trade->shop_id;
        refund->shopper_id = trade->shopper_id;
        refund->unit = trade->currency;
        refund->escrow = trade->escrow != 0;
        if (shop != NULL) {
            day_add_refund(audit, shop, refund);
        }
    }
    return audit->status == STATUS_ok;
}

static void lines_check(struct audit *audit, const struct trade_row *trade, const struct refund_sums *sums)
{
    struct audit_about about = { AUDIT_budget_kept, &trade_table, trade };
    int64_t given = 0, left = 0;
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        const struct discount_row *line = &trade->discounts[i];
        audit_true(audit, about, "a part of a discount is out of range",
                   line->platform_minor >= 0 && line->merchant_minor >= 0 &&
                       line->platform_left_minor >= 0 && line->platform_left_minor <= line->platform_minor &&
                       line->merchant_left_minor >= 0 && line->merchant_left_minor <= line->merchant_minor);
        given += line->platform_minor + line->merchant_minor;
        left += line->platform_left_minor + line->merchant_left_minor;
    }
    audit_equal(audit, about, "the discount, as its lines come to", given, trade->discount_minor);
    audit_equal(audit, about, "what is left of the discount, less its refunds",
                trade->discount_minor - sums->discount_minor, left);
}

static bool lines_count(struct audit *audit, const struct trade_row *trade)
{
    struct audit_about about = { AUDIT_budget_kept, &trade_table, trade };
    int64_t person_id = trade->discounts_count > 0 ? audit_person(audit, trade->shopper_id) : 0;
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        const struct discount_row *line = &trade->discounts[i];
        struct audit_campaign *campaign = audit_map_get(&audit->campaigns, line->campaign_id, 0);
        if (!audit_true(audit, about, "a discount of a campaign that does not exist", campaign != NULL)) {
            continue;
        }
        int64_t left = line->platform_left_minor + line->merchant_left_minor;
        campaign->spent_minor -= left;
        campaign->given[0] += line->platform_left_minor;
        campaign->given[1] += line->merchant_left_minor;
        if (campaign->shop_counted_from_us != 0 && trade->paid_at_us >= campaign->shop_counted_from_us) {
            int64_t *shop = audit_map_put(&audit->campaign_shops, line->campaign_id, trade->shop_id);
            if (shop == NULL) {
                return audit_too_large(audit);
            }
            shop[2] += left;
        }
        if (trade->left_minor > 0) {
            campaign->uses--;
            audit->uses_print += audit_pair_print(line->campaign_id, person_id);
            audit->uses_left++;
        }
    }
    return true;
}

/* The legs of its payment, and what its refunds have returned of them, each as one number. */
static bool money_expect(struct audit *audit, const struct trade_row *trade, const struct refund_sums *sums)
{
    int64_t unit = trade->currency;
    struct account_key payee = trade_payee(trade);
    uint64_t print = audit_pair_print(CAUSE_trade_pay, trade->trade_id);
    uint64_t returned = audit_leg_print(payee.owner_id, payee.purpose, trade->shopper_id, PURPOSE_wallet, unit,
                                        trade->paid_minor - trade->paid_left_minor);
    print += audit_leg_print(trade->shopper_id, PURPOSE_wallet, payee.owner_id, payee.purpose, unit, trade->paid_minor);
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        const struct discount_row *line = &trade->discounts[i];
        int64_t campaign = line->campaign_id;
        print += audit_leg_print(campaign, PURPOSE_budget_platform, payee.owner_id, payee.purpose, unit,
                                 line->platform_minor);
        print += audit_leg_print(campaign, PURPOSE_budget_merchant, payee.owner_id, payee.purpose, unit,
                                 line->merchant_minor);
        returned += audit_leg_print(payee.owner_id, payee.purpose, campaign, PURPOSE_budget_platform, unit,
                                    line->platform_minor - line->platform_left_minor);
        returned += audit_leg_print(payee.owner_id, payee.purpose, campaign, PURPOSE_budget_merchant, unit,
                                    line->merchant_minor - line->merchant_left_minor);
    }
    struct audit_posting *posting = audit_list_add(&audit->postings);
    if (posting == NULL) {
        return audit_too_large(audit);
    }
    *posting = (struct audit_posting){ trade->transfer_id, print };
    if (sums->count > 0) {
        struct audit_refunded *refunded = audit_list_at(&audit->refunded, sums->trade_index);
        refunded->returned_print = returned;
    }
    return true;
}

static void shopper_count(struct audit *audit, const struct trade_row *trade)
{
    struct audit_about about = { AUDIT_answer_durable, &trade_table, trade };
    struct audit_shopper *shopper = audit_map_get(&audit->shoppers, trade->shopper_id, 0);
    if (!audit_true(audit, about, "its shopper does not exist", shopper != NULL)) {
        return;
    }
    audit_true(audit, about, "it was paid before its shopper's first payment",
               shopper->first_paid_at_us != 0 && trade->paid_at_us >= shopper->first_paid_at_us);
    shopper->first_found = shopper->first_found || trade->paid_at_us == shopper->first_paid_at_us;
    shopper->payments -= trade->left_minor > 0;
}

static bool paid_check(struct audit *audit, const struct trade_row *trade, const struct refund_sums *sums)
{
    struct audit_about about = { AUDIT_money_conserved, &trade_table, trade };
    const struct audit_shop *shop = audit_map_get(&audit->shops, trade->shop_id, 0);
    audit_true(audit, about, "it is paid and names no transfer", trade->transfer_id > 0);
    audit_equal(audit, about, "its price, as paid and discount together", trade->paid_minor + trade->discount_minor,
                trade->list_minor);
    audit_true(audit, about, "what it paid is out of range", trade->paid_minor >= 0 && trade->discount_minor >= 0);
    audit_equal(audit, about, "what is left of its price, less its refunds", trade->list_minor - sums->amount_minor,
                trade->left_minor);
    audit_equal(audit, about, "what is left of its payment, less its refunds", trade->paid_minor - sums->paid_minor,
                trade->paid_left_minor);
    audit_true(audit, about, "more was refunded than paid", trade->left_minor >= 0 && trade->paid_left_minor >= 0);
    lines_check(audit, trade, sums);
    about.law = AUDIT_answer_durable;
    audit_true(audit, about, "the time of its payment is before its opening",
               trade->paid_at_us >= trade->created_at_us);
    audit_time_known(audit, about, trade->paid_at_us);
    if (shop != NULL) {
        audit_equal(audit, about, "the day of its payment in the shop's zone",
                    civil_yyyymmdd(civil_day(trade->paid_at_us, (int)shop->zone_minutes)), trade->day);
    }
    shopper_count(audit, trade);
    day_add_trade(audit, trade);
    return lines_count(audit, trade) && money_expect(audit, trade, sums) && audit->status == STATUS_ok;
}

static void unpaid_check(struct audit *audit, const struct trade_row *trade)
{
    struct audit_about about = { AUDIT_money_conserved, &trade_table, trade };
    audit_equal(audit, about, "the transfer of an unpaid trade", 0, trade->transfer_id);
    audit_equal(audit, about, "what an unpaid trade paid", 0, trade->paid_minor);
    audit_equal(audit, about, "what is left of the payment of an unpaid trade", 0, trade->paid_left_minor);
    audit_equal(audit, about, "what may be refunded of an unpaid trade", 0, trade->left_minor);
    audit_equal(audit, about, "the discount of an unpaid trade", 0, trade->discount_minor);
    audit_equal(audit, about, "the discounts of an unpaid trade", 0, trade->discounts_count);
    audit_equal(audit, about, "when an unpaid trade was paid", 0, trade->paid_at_us);
}

/* Whether it was paid, ever. */
static bool state_check(struct audit *audit, const struct trade_row *trade)
{
    struct audit_about about = { AUDIT_answer_durable, &trade_table, trade };
    bool paid = trade->transfer_id != 0 || trade->paid_at_us != 0;
    switch (trade->state) {
    case TRADE_wait_buyer_pay:
        audit_equal(audit, about, "why an open trade was closed", CLOSE_none, trade->close_reason);
        audit_timer_claim(audit, about, trade->expires_at_us, TIMER_trade_expire, trade->trade_id);
        return false;
    case TRADE_success:
        audit_true(audit, about, "nothing of it is left and it is not closed", trade->left_minor > 0);
        audit_equal(audit, about, "why an open trade was closed", CLOSE_none, trade->close_reason);
        return true;
    case TRADE_finished:
        audit_equal(audit, about, "why a finished trade was closed", CLOSE_none, trade->close_reason);
        return true;
    case TRADE_closed:
        audit_true(audit, about, "why it was closed does not exist",
                   trade->close_reason >= CLOSE_timeout && trade->close_reason <= CLOSE_refunded);
        audit_true(audit, about, "it was closed and has no time of that",
                   trade->closed_at_us >= trade->created_at_us);
        audit_time_known(audit, about, trade->closed_at_us);
        if (trade->close_reason == CLOSE_refunded || paid) {
            audit_equal(audit, about, "what is left of a closed trade", 0, trade->left_minor);
            audit_true(audit, about, "it was closed as unpaid and has a payment",
                       trade->close_reason == CLOSE_refunded || trade->close_reason == CLOSE_cancelled);
            return true;
        }
        return false;
    default:
        audit_wrong(audit, about, "its state does not exist");
        return paid;
    }
}

static void references_check(struct audit *audit, const struct trade_row *trade)
{
    struct audit_about about = { AUDIT_answer_durable, &trade_table, trade };
    const struct audit_shop *shop = audit_map_get(&audit->shops, trade->shop_id, 0);
    audit_id_known(audit, about, trade->trade_id);
    audit_time_known(audit, about, trade->created_at_us);
    if (audit_true(audit, about, "its shop does not exist", shop != NULL)) {
        audit_equal(audit, about, "the merchant of its shop", shop->merchant_id, trade->merchant_id);
        audit_equal(audit, about, "the currency of its shop", shop->currency, trade->currency);
    }
    if (trade->terminal_id != 0) {
        const int64_t *terminal = audit_map_get(&audit->terminals, trade->terminal_id, 0);
        audit_true(audit, about, "its terminal does not exist in its shop",
                   terminal != NULL && terminal[1] == trade->shop_id);
    }
    audit_true(audit, about, "its shopper does not exist",
               trade->shopper_id == 0 || audit_map_get(&audit->shoppers, trade->shopper_id, 0) != NULL);
    const int64_t *app = audit_map_get(&audit->apps, trade->app_id, 0);
    audit_true(audit, about, "its app does not exist or is another merchant's",
               trade->app_id == 0 || (app != NULL && app[1] == trade->merchant_id));
    audit_true(audit, about, "it was scanned and names no shopper",
               trade->scanned_at_us == 0 || trade->shopper_id != 0);
    audit_true(audit, about, "it is of no line and has what only a line gives",
               trade->line != LINE_none || (trade->line_kind == 0 && trade->line_id == 0 && trade->escrow == 0));
    audit_true(audit, about, "its way of paying does not exist", trade->way >= WAY_scan && trade->way <= WAY_page);
    bool never_used = trade->state == TRADE_closed && trade->close_reason == CLOSE_cancelled;
    audit_true(audit, about, "its price is out of range",
               trade->list_minor >= (never_used ? 0 : 1) && trade->list_minor <= AMOUNT_MAX);
}

static uint64_t number_print(const char *out_trade_no, int64_t merchant_id, int64_t trade_id)
{
    uint64_t number = hash_bytes(out_trade_no, strlen(out_trade_no)) + hash_mix((uint64_t)merchant_id);
    return hash_mix(number ^ (uint64_t)trade_id);
}

static bool detail_each(struct audit *audit, const void *row)
{
    const struct trade_detail_row *detail = row;
    int64_t *trade_id = audit_list_add(&audit->details);
    if (trade_id == NULL) {
        return audit_too_large(audit);
    }
    *trade_id = detail->trade_id;
    return true;
}

/* Trades and their details come in the same order: what is passed by before its trade has none. */
static void detail_take(struct audit *audit, int64_t trade_id)
{
    while (audit->detail_next < audit->details.count) {
        struct trade_detail_row key = { .trade_id = *(int64_t *)audit_list_at(&audit->details, audit->detail_next) };
        struct audit_about about = { AUDIT_answer_durable, &trade_detail_table, &key };
        if (key.trade_id > trade_id) {
            return;
        }
        audit_true(audit, about, "its trade does not exist", key.trade_id == trade_id);
        audit->detail_next++;
    }
}

static bool trade_each(struct audit *audit, const void *row)
{
    const struct trade_row *trade = row;
    struct audit_about about = { AUDIT_answer_durable, &trade_table, row };
    struct refund_sums sums;
    references_check(audit, trade);
    detail_take(audit, trade->trade_id);
    audit_royalty_trade(audit, trade);
    if (trade->line != LINE_none && !audit_line_trade(audit, trade)) {
        return false;
    }
    audit->numbers_print += number_print(trade->out_trade_no, trade->merchant_id, trade->trade_id);
    audit->numbers_left++;
    if (!refunds_take(audit, trade, &sums)) {
        return false;
    }
    audit_equal(audit, about, "its refunds, as counted", sums.count, trade->refund_count);
    if (state_check(audit, trade)) {
        return paid_check(audit, trade, &sums);
    }
    unpaid_check(audit, trade);
    audit_true(audit, about, "an unpaid trade has refunds", sums.count == 0);
    return true;
}

static int posting_order(const void *a, const void *b)
{
    int64_t left = ((const struct audit_posting *)a)->transfer_id;
    int64_t right = ((const struct audit_posting *)b)->transfer_id;
    return (left > right) - (left < right);
}

static int refund_order(const void *a, const void *b)
{
    int64_t left = ((const struct audit_refund *)a)->transfer_id;
    int64_t right = ((const struct audit_refund *)b)->transfer_id;
    return (left > right) - (left < right);
}

/* Payments are mostly made in the order of their trades: only what is out of order costs time. */
static void list_sort(struct audit_list *list, int (*order)(const void *a, const void *b))
{
    for (size_t i = 1; i < list->count; i++) {
        if (order(audit_list_at(list, i - 1), audit_list_at(list, i)) > 0) {
            qsort(list->items, list->count, list->item_size, order);
            return;
        }
    }
}

void audit_trades(struct audit *audit)
{
    audit_scan(audit, &refund_table, refund_each);
    audit_scan(audit, &trade_detail_table, detail_each);
    audit_scan(audit, &trade_table, trade_each);
    if (audit->status != STATUS_ok) {
        return;
    }
    detail_take(audit, INT64_MAX);
    for (size_t i = 0; i < audit->refunds.count; i++) {
        const struct audit_refund *refund = audit_list_at(&audit->refunds, i);
        struct refund_row key = { .trade_id = refund->trade_id };
        struct audit_about about = { AUDIT_answer_durable, &refund_table, &key };
        audit_true(audit, about, "its trade does not exist", refund->trade_found == 1);
    }
    audit_royalty_trades_end(audit);
    list_sort(&audit->postings, posting_order);
    list_sort(&audit->refunds, refund_order);
}

/* ---- transfers against the payments and refunds that name them ---- */

uint64_t audit_legs_print(const struct transfer_row *transfer)
{
    uint64_t print = 0;
    for (int32_t i = 0; i < transfer->legs_count; i++) {
        const struct leg_row *leg = &transfer->legs[i];
        print += audit_leg_print(leg->from_owner_id, leg->from_purpose, leg->to_owner_id, leg->to_purpose, leg->unit,
                                 leg->amount);
    }
    return print;
}

/* Payments whose transfer was passed over are not in the books. */
static void postings_skip(struct audit *audit, int64_t before_id)
{
    while (audit->posting_next < audit->postings.count) {
        const struct audit_posting *posting = audit_list_at(&audit->postings, audit->posting_next);
        if (posting->transfer_id >= before_id) {
            break;
        }
        struct transfer_row key = { .transfer_id = posting->transfer_id };
        struct audit_about about = { AUDIT_answer_durable, &transfer_table, &key };
        audit_wrong(audit, about, "a trade names it as its payment, and it is no payment");
        audit->posting_next++;
    }
}

static void refunds_skip(struct audit *audit, int64_t before_id)
{
    while (audit->refund_next < audit->refunds.count) {
        const struct audit_refund *refund = audit_list_at(&audit->refunds, audit->refund_next);
        if (refund->transfer_id >= before_id) {
            break;
        }
        struct transfer_row key = { .transfer_id = refund->transfer_id };
        struct audit_about about = { AUDIT_answer_durable, &transfer_table, &key };
        audit_wrong(audit, about, "a refund names it as its transfer, and it is none");
        audit->refund_next++;
    }
}

static void payment_match(struct audit *audit, const struct transfer_row *transfer)
{
    struct audit_about about = { AUDIT_answer_durable, &transfer_table, transfer };
    postings_skip(audit, transfer->transfer_id);
    const struct audit_posting *posting = audit->posting_next < audit->postings.count
                                              ? audit_list_at(&audit->postings, audit->posting_next)
                                              : NULL;
    if (!audit_true(audit, about, "no trade names it as its payment",
                    posting != NULL && posting->transfer_id == transfer->transfer_id)) {
        return;
    }
    audit->posting_next++;
    about.law = AUDIT_money_conserved;
    uint64_t print = audit_legs_print(transfer) + audit_pair_print(CAUSE_trade_pay, transfer->reference_id);
    audit_true(audit, about, "it does not move what its trade says, or refers to another trade",
               print == posting->print);
}

static void refund_match(struct audit *audit, const struct transfer_row *transfer)
{
    struct audit_about about = { AUDIT_answer_durable, &transfer_table, transfer };
    refunds_skip(audit, transfer->transfer_id);
    const struct audit_refund *refund = audit->refund_next < audit->refunds.count
                                            ? audit_list_at(&audit->refunds, audit->refund_next)
                                            : NULL;
    if (!audit_true(audit, about, "no refund names it as its transfer",
                    refund != NULL && refund->transfer_id == transfer->transfer_id)) {
        return;
    }
    audit->refund_next++;
    int64_t paid = 0, discount = 0;
    int64_t payee_id = refund->escrow ? refund->trade_id : refund->shop_id;
    int32_t payee_purpose = refund->escrow ? PURPOSE_escrow : PURPOSE_takings;
    bool from_payee = true;
    for (int32_t i = 0; i < transfer->legs_count; i++) {
        const struct leg_row *leg = &transfer->legs[i];
        bool to_shopper = leg->to_purpose == PURPOSE_wallet && leg->to_owner_id == refund->shopper_id;
        paid += to_shopper ? leg->amount : 0;
        discount += to_shopper ? 0 : leg->amount;
        from_payee = from_payee && leg->from_owner_id == payee_id && leg->from_purpose == payee_purpose &&
                     leg->unit == refund->unit;
    }
    about.law = AUDIT_money_conserved;
    audit_equal(audit, about, "the refund that it refers to", refund->refund_id, transfer->reference_id);
    audit_true(audit, about, "it takes money from elsewhere than where its trade put it", from_payee);
    audit_equal(audit, about, "what it pays back to the shopper", refund->paid_minor, paid);
    audit_equal(audit, about, "what it gives back to budgets", refund->discount_minor, discount);
    if (refund->trade_found == 1) {
        struct audit_refunded *refunded = audit_list_at(&audit->refunded, refund->trade_index);
        refunded->found_print += audit_legs_print(transfer);
    }
}

void audit_posting_match(struct audit *audit, const struct transfer_row *transfer)
{
    if (transfer->cause == CAUSE_trade_pay) {
        payment_match(audit, transfer);
    } else {
        refund_match(audit, transfer);
    }
}

/* ---- numbers ---- */

static bool number_each(struct audit *audit, const void *row)
{
    const struct trade_number_row *number = row;
    struct audit_about about = { AUDIT_answer_durable, &trade_number_table, row };
    audit_true(audit, about, "its merchant does not exist",
               audit_map_get(&audit->merchants, number->merchant_id, 0) != NULL);
    audit->numbers_print -= number_print(number->out_trade_no, number->merchant_id, number->trade_id);
    audit->numbers_left--;
    return true;
}

/* Only when numbers and trades do not agree: which of them. */
struct number_search {
    struct audit *audit;
    struct audit_map trades; /* by print and trade */
    bool remove;
};

static bool number_search_trade(void *context, const void *row)
{
    struct number_search *search = context;
    const struct trade_row *trade = row;
    int64_t print = (int64_t)(number_print(trade->out_trade_no, trade->merchant_id, 0) >> 1);
    int64_t *entry = search->remove ? audit_map_get(&search->trades, print, trade->trade_id)
                                    : audit_map_put(&search->trades, print, trade->trade_id);
    if (entry == NULL) {
        return audit_too_large(search->audit);
    }
    struct audit_about about = { AUDIT_answer_durable, &trade_table, row };
    if (search->remove && entry[2] == 0) {
        audit_wrong(search->audit, about, "its number does not lead to it");
    }
    return true;
}

static bool number_search_number(void *context, const void *row)
{
    struct number_search *search = context;
    const struct trade_number_row *number = row;
    int64_t print = (int64_t)(number_print(number->out_trade_no, number->merchant_id, 0) >> 1);
    int64_t *entry = audit_map_get(&search->trades, print, number->trade_id);
    struct audit_about about = { AUDIT_answer_durable, &trade_number_table, row };
    if (entry == NULL) {
        audit_wrong(search->audit, about, "its trade does not exist or has another number");
    } else {
        entry[2]++;
    }
    return true;
}

static void numbers_name(struct audit *audit)
{
    struct number_search search = { .audit = audit };
    audit_map_init(&search.trades, &audit->memory, 3 * sizeof(int64_t), 2);
    audit_search(audit, &trade_table, number_search_trade, &search);
    audit_search(audit, &trade_number_table, number_search_number, &search);
    search.remove = true;
    audit_search(audit, &trade_table, number_search_trade, &search);
    audit_map_release(&search.trades);
}

void audit_trades_end(struct audit *audit)
{
    struct audit_about about = { AUDIT_answer_durable, NULL, NULL };
    if (audit->status != STATUS_ok) {
        return;
    }
    postings_skip(audit, INT64_MAX);
    refunds_skip(audit, INT64_MAX);
    for (size_t i = 0; i < audit->refunded.count; i++) {
        const struct audit_refunded *refunded = audit_list_at(&audit->refunded, i);
        struct trade_row key = { .trade_id = refunded->trade_id };
        struct audit_about trade = { AUDIT_money_conserved, &trade_table, &key };
        audit_true(audit, trade, "what its refunds returned to each is not what they moved",
                   refunded->returned_print == refunded->found_print);
    }
    audit_scan(audit, &trade_number_table, number_each);
    if (!(audit->numbers_print == 0 && audit->numbers_left == 0)) {
        numbers_name(audit);
    }
    audit_true(audit, about, "trades and their numbers are not one to one",
               audit->numbers_print == 0 && audit->numbers_left == 0);
    audit_scan(audit, &shop_day_table, day_each);
    if (audit->status == STATUS_ok) {
        days_end(audit);
    }
}
