/* SPDX-License-Identifier: Apache-2.0 */
/* Royalties and transfers against their money: settlements, what refunds took back, payments into wallets. */
#include "till/audit_royalty.h"

#include <stdlib.h>

#include "base/hash.h"
#include "till/audit_internal.h"

/* A trade whose takings were split, in order of the trades. */
struct audit_royalty {
    int64_t trade_id;
    int64_t shop_id;         /* by its settlements; 0: none was found yet */
    int64_t left_minor;      /* of the receivers' shares */
    int64_t settles;         /* as its row counts, less those that were found: 0 at the end */
    uint64_t paid_print;     /* what receivers got, less what settlements say: 0 at the end */
    uint64_t returned_print; /* what they gave back, less what refunds say: 0 at the end */
};

void audit_royalties_init(struct audit *audit)
{
    struct audit_royalties *royalties = &audit->royalties;
    audit_map_init(&royalties->receivers, &audit->memory, 2 * sizeof(int64_t), 1);
    audit_list_init(&royalties->trades, &audit->memory, sizeof(struct audit_royalty));
    audit_list_init(&royalties->moves, &audit->memory, sizeof(struct audit_posting));
}

void audit_royalties_release(struct audit *audit)
{
    audit_map_release(&audit->royalties.receivers);
    audit_list_release(&audit->royalties.trades);
    audit_list_release(&audit->royalties.moves);
}

static bool party_known(const struct audit *audit, int32_t kind, int64_t id)
{
    switch (kind) {
    case PARTY_shopper:
        return audit_map_get(&audit->shoppers, id, 0) != NULL;
    case PARTY_merchant:
        return audit_map_get(&audit->merchants, id, 0) != NULL;
    case PARTY_shop:
        return audit_map_get(&audit->shops, id, 0) != NULL;
    default:
        return false;
    }
}

static int32_t purpose_of(int32_t kind)
{
    return kind == PARTY_shopper ? PURPOSE_wallet : kind == PARTY_merchant ? PURPOSE_balance : PURPOSE_takings;
}

/* An amount of one party: sums of it come out the same in any order. */
static uint64_t party_print(int32_t kind, int64_t id, int64_t amount)
{
    return (audit_pair_print(kind, id) | 1) * (uint64_t)amount;
}

/* ---- receivers, as their merchants count them ---- */

static bool merchant_search(void *context, const void *row)
{
    struct audit *audit = context;
    const struct merchant_row *merchant = row;
    if (merchant->royalty_receivers == 0) {
        return true;
    }
    int64_t *entry = audit_map_put(&audit->royalties.receivers, merchant->merchant_id, 0);
    if (entry == NULL) {
        return audit_too_large(audit);
    }
    entry[1] = merchant->royalty_receivers;
    return true;
}

static bool relation_each(struct audit *audit, const void *row)
{
    const struct royalty_relation_row *relation = row;
    struct audit_about about = { AUDIT_answer_durable, &royalty_relation_table, row };
    audit_time_known(audit, about, relation->bound_at_us);
    audit_true(audit, about, "its merchant does not exist",
               audit_map_get(&audit->merchants, relation->merchant_id, 0) != NULL);
    audit_true(audit, about, "its receiver does not exist",
               party_known(audit, relation->receiver_kind, relation->receiver_id));
    int64_t *entry = audit_map_put(&audit->royalties.receivers, relation->merchant_id, 0);
    if (entry == NULL) {
        return audit_too_large(audit);
    }
    entry[1]--;
    return true;
}

static void receivers_end(struct audit *audit)
{
    size_t place = 0;
    const int64_t *entry;
    while ((entry = audit_map_next(&audit->royalties.receivers, &place)) != NULL) {
        struct merchant_row key = { .merchant_id = entry[0] };
        struct audit_about about = { AUDIT_answer_durable, &merchant_table, &key };
        audit_equal(audit, about, "its royalty receivers, less those that are bound", 0, entry[1]);
    }
}

/* ---- the shares of each trade, and its settlements ---- */

static bool royalty_each(struct audit *audit, const void *row)
{
    const struct royalty_row *royalty = row;
    struct audit_about about = { AUDIT_money_conserved, &royalty_table, row };
    struct audit_royalty *trade = audit_list_add(&audit->royalties.trades);
    if (trade == NULL) {
        return audit_too_large(audit);
    }
    *trade = (struct audit_royalty){ .trade_id = royalty->trade_id, .settles = royalty->settles };
    for (int32_t i = 0; i < royalty->parts_count; i++) {
        const struct royalty_part_row *part = &royalty->parts[i];
        audit_true(audit, about, "a share is out of range",
                   part->paid_minor > 0 && part->left_minor >= 0 && part->left_minor <= part->paid_minor);
        trade->left_minor += part->left_minor;
        trade->paid_print += party_print(part->kind, part->id, part->paid_minor);
        trade->returned_print += party_print(part->kind, part->id, part->paid_minor - part->left_minor);
    }
    return true;
}

/* The royalty of a trade, going on from where the last search of that kind ended; NULL: it has none. */
static struct audit_royalty *royalty_find(struct audit *audit, size_t *next, int64_t trade_id)
{
    const struct audit_list *trades = &audit->royalties.trades;
    while (*next < trades->count) {
        struct audit_royalty *royalty = audit_list_at(trades, *next);
        if (royalty->trade_id >= trade_id) {
            return royalty->trade_id == trade_id ? royalty : NULL;
        }
        (*next)++;
    }
    return NULL;
}

/* A transfer that must be there, with the legs of `print`. */
static bool move_expect(struct audit *audit, int64_t transfer_id, uint64_t print)
{
    struct audit_posting *move = audit_list_add(&audit->royalties.moves);
    if (move == NULL) {
        return audit_too_large(audit);
    }
    *move = (struct audit_posting){ transfer_id, print };
    return true;
}

static uint64_t number_print(const char *out_request_no, int64_t trade_id, int64_t settle_id)
{
    uint64_t number = hash_bytes(out_request_no, strlen(out_request_no)) + hash_mix((uint64_t)trade_id);
    return hash_mix(number ^ (uint64_t)settle_id);
}

/* The sum of a settlement's lines, and the legs that they must have made. */
static int64_t lines_expect(const struct settle_row *settle, int64_t unit, struct audit_royalty *royalty,
                            uint64_t *print)
{
    int64_t sum_minor = 0;
    *print = audit_pair_print(CAUSE_royalty, settle->settle_id);
    for (int32_t i = 0; i < settle->lines_count; i++) {
        const struct settle_line_row *line = &settle->lines[i];
        sum_minor += line->amount_minor;
        royalty->paid_print -= party_print(line->kind, line->id, line->amount_minor);
        *print += audit_leg_print(settle->shop_id, PURPOSE_takings, line->id, purpose_of(line->kind), unit,
                                  line->amount_minor);
    }
    return sum_minor;
}

static bool settle_each(struct audit *audit, const void *row)
{
    const struct settle_row *settle = row;
    struct audit_about about = { AUDIT_answer_durable, &settle_table, row };
    const struct audit_shop *shop = audit_map_get(&audit->shops, settle->shop_id, 0);
    struct audit_royalty *royalty = royalty_find(audit, &audit->royalties.settle_next, settle->trade_id);
    uint64_t print;
    audit_id_known(audit, about, settle->settle_id);
    audit_time_known(audit, about, settle->at_us);
    audit->royalties.settles_print += number_print(settle->out_request_no, settle->trade_id, settle->settle_id);
    audit->royalties.settles_left++;
    if (!audit_true(audit, about, "its shop does not exist", shop != NULL) ||
        !audit_true(audit, about, "its trade has no shares", royalty != NULL)) {
        return true;
    }
    royalty->settles--;
    royalty->shop_id = settle->shop_id;
    int64_t sum_minor = lines_expect(settle, shop->currency, royalty, &print);
    audit_equal(audit, about, "its amount, as its lines come to", sum_minor, settle->amount_minor);
    audit_true(audit, about, "it has lines and no transfer, or a transfer and no lines",
               (settle->lines_count > 0) == (settle->transfer_id != 0));
    return settle->transfer_id == 0 || move_expect(audit, settle->transfer_id, print);
}

static bool settle_number_each(struct audit *audit, const void *row)
{
    const struct settle_number_row *number = row;
    audit->royalties.settles_print -= number_print(number->out_request_no, number->trade_id, number->settle_id);
    audit->royalties.settles_left--;
    return true;
}

static void settles_end(struct audit *audit)
{
    struct audit_about about = { AUDIT_answer_durable, &settle_number_table, NULL };
    audit_true(audit, about, "settlements and their numbers are not one to one",
               audit->royalties.settles_print == 0 && audit->royalties.settles_left == 0);
    for (size_t i = 0; i < audit->royalties.trades.count; i++) {
        const struct audit_royalty *royalty = audit_list_at(&audit->royalties.trades, i);
        struct royalty_row key = { .trade_id = royalty->trade_id };
        struct audit_about trade = { AUDIT_money_conserved, &royalty_table, &key };
        audit_equal(audit, trade, "its settlements, less those that are there", 0, royalty->settles);
        audit_true(audit, trade, "what its receivers got is not what its settlements say", royalty->paid_print == 0);
    }
}

/* ---- transfers into wallets ---- */

static uint64_t order_print(int32_t payer_kind, int64_t payer_id, const char *out_biz_no, int64_t order_id)
{
    uint64_t number = hash_bytes(out_biz_no, strlen(out_biz_no)) + audit_pair_print(payer_kind, payer_id);
    return hash_mix(number ^ (uint64_t)order_id);
}

static bool wallet_transfer_each(struct audit *audit, const void *row)
{
    const struct wallet_transfer_row *transfer = row;
    struct audit_about about = { AUDIT_answer_durable, &wallet_transfer_table, row };
    audit_id_known(audit, about, transfer->order_id);
    audit_time_known(audit, about, transfer->at_us);
    bool payer = transfer->payer_kind == PARTY_shop || transfer->payer_kind == PARTY_shopper;
    audit_true(audit, about, "its payer does not exist",
               payer && party_known(audit, transfer->payer_kind, transfer->payer_id));
    audit_true(audit, about, "its payee does not exist", party_known(audit, PARTY_shopper, transfer->payee_id));
    audit->royalties.orders_print +=
        order_print(transfer->payer_kind, transfer->payer_id, transfer->out_biz_no, transfer->order_id);
    audit->royalties.orders_left++;
    uint64_t print = audit_pair_print(CAUSE_transfer, transfer->order_id) +
                     audit_leg_print(transfer->payer_id, purpose_of(transfer->payer_kind), transfer->payee_id,
                                     PURPOSE_wallet, transfer->currency, transfer->amount_minor);
    return move_expect(audit, transfer->transfer_id, print);
}

static bool transfer_order_each(struct audit *audit, const void *row)
{
    const struct transfer_order_row *order = row;
    audit->royalties.orders_print -=
        order_print(order->payer_kind, order->payer_id, order->out_biz_no, order->order_id);
    audit->royalties.orders_left--;
    return true;
}

void audit_royalties(struct audit *audit)
{
    struct audit_about about = { AUDIT_answer_durable, &transfer_order_table, NULL };
    audit_search(audit, &merchant_table, merchant_search, audit);
    audit_scan(audit, &royalty_relation_table, relation_each);
    audit_scan(audit, &royalty_table, royalty_each);
    audit_scan(audit, &settle_table, settle_each);
    audit_scan(audit, &settle_number_table, settle_number_each);
    audit_scan(audit, &wallet_transfer_table, wallet_transfer_each);
    audit_scan(audit, &transfer_order_table, transfer_order_each);
    if (audit->status != STATUS_ok) {
        return;
    }
    receivers_end(audit);
    settles_end(audit);
    audit_true(audit, about, "transfers and their numbers are not one to one",
               audit->royalties.orders_print == 0 && audit->royalties.orders_left == 0);
}

/* ---- refunds and trades, which come in the order of the trades as well ---- */

bool audit_royalty_refund(struct audit *audit, const struct refund_row *refund)
{
    struct audit_about about = { AUDIT_money_conserved, &refund_table, refund };
    struct audit_royalty *royalty = royalty_find(audit, &audit->royalties.refund_next, refund->trade_id);
    const struct audit_shop *shop = audit_map_get(&audit->shops, refund->shop_id, 0);
    int64_t sum_minor = 0;
    uint64_t print = audit_pair_print(CAUSE_royalty_return, refund->refund_id);
    audit_true(audit, about, "its shop does not exist or is another merchant's",
               refund->shop_id == 0 || (shop != NULL && shop->merchant_id == refund->merchant_id));
    if (refund->royalties_count == 0) {
        audit_equal(audit, about, "what came back of shares, with none that gave back", 0, refund->royalty_minor);
        return true;
    }
    if (!audit_true(audit, about, "shares came back of a trade that has none", royalty != NULL && shop != NULL)) {
        return true;
    }
    for (int32_t i = 0; i < refund->royalties_count; i++) {
        const struct royalty_return *back = &refund->royalties[i];
        sum_minor += back->amount_minor;
        royalty->returned_print -= party_print(back->kind, back->id, back->amount_minor);
        print += audit_leg_print(back->id, purpose_of(back->kind), refund->shop_id, PURPOSE_takings, shop->currency,
                                 back->amount_minor);
    }
    audit_equal(audit, about, "what came back of shares, by receiver", sum_minor, refund->royalty_minor);
    return move_expect(audit, refund->royalty_transfer_id, print);
}

void audit_royalty_trade(struct audit *audit, const struct trade_row *trade)
{
    struct audit_about about = { AUDIT_money_conserved, &trade_table, trade };
    const struct audit_list *trades = &audit->royalties.trades;
    size_t before = audit->royalties.trade_next;
    const struct audit_royalty *royalty = royalty_find(audit, &audit->royalties.trade_next, trade->trade_id);
    for (; before < audit->royalties.trade_next; before++) {
        const struct audit_royalty *passed = audit_list_at(trades, before);
        struct royalty_row key = { .trade_id = passed->trade_id };
        struct audit_about none = { AUDIT_answer_durable, &royalty_table, &key };
        audit_true(audit, none, "its trade does not exist", trade->trade_id == passed->trade_id);
    }
    audit_equal(audit, about, "what its receivers have of its takings", royalty == NULL ? 0 : royalty->left_minor,
                trade->royalty_minor);
    if (royalty != NULL) {
        audit->royalties.trade_next++;
        audit_true(audit, about, "its takings were split without being paid, or agreed to be",
                   trade->royalty_frozen != 0 && trade->transfer_id != 0);
        audit_true(audit, about, "more was split off than it took", trade->royalty_minor <= trade->list_minor);
        audit_equal(audit, about, "the shop of its settlements", royalty->shop_id, trade->shop_id);
        audit_true(audit, about, "what its receivers gave back is not what its refunds say",
                   royalty->returned_print == 0);
    }
}

static int move_order(const void *a, const void *b)
{
    int64_t left = ((const struct audit_posting *)a)->transfer_id;
    int64_t right = ((const struct audit_posting *)b)->transfer_id;
    return (left > right) - (left < right);
}

void audit_royalty_trades_end(struct audit *audit)
{
    struct trade_row beyond = { .trade_id = INT64_MAX };
    audit_royalty_trade(audit, &beyond);
    if (audit->royalties.moves.count > 0) {
        qsort(audit->royalties.moves.items, audit->royalties.moves.count, audit->royalties.moves.item_size, move_order);
    }
}

/* ---- transfers of the ledger against the rows that name them ---- */

static void moves_skip(struct audit *audit, int64_t before_id)
{
    while (audit->royalties.move_next < audit->royalties.moves.count) {
        const struct audit_posting *move = audit_list_at(&audit->royalties.moves, audit->royalties.move_next);
        if (move->transfer_id >= before_id) {
            break;
        }
        struct transfer_row key = { .transfer_id = move->transfer_id };
        struct audit_about about = { AUDIT_answer_durable, &transfer_table, &key };
        audit_wrong(audit, about, "a settlement, refund or transfer names it, and it is not theirs");
        audit->royalties.move_next++;
    }
}

void audit_royalty_match(struct audit *audit, const struct transfer_row *transfer)
{
    struct audit_about about = { AUDIT_answer_durable, &transfer_table, transfer };
    moves_skip(audit, transfer->transfer_id);
    const struct audit_posting *move = audit->royalties.move_next < audit->royalties.moves.count
                                           ? audit_list_at(&audit->royalties.moves, audit->royalties.move_next)
                                           : NULL;
    if (!audit_true(audit, about, "no settlement, refund or transfer names it",
                    move != NULL && move->transfer_id == transfer->transfer_id)) {
        return;
    }
    audit->royalties.move_next++;
    uint64_t print = audit_pair_print(transfer->cause, transfer->reference_id);
    for (int32_t i = 0; i < transfer->legs_count; i++) {
        const struct leg_row *leg = &transfer->legs[i];
        print += audit_leg_print(leg->from_owner_id, leg->from_purpose, leg->to_owner_id, leg->to_purpose, leg->unit,
                                 leg->amount);
    }
    about.law = AUDIT_money_conserved;
    audit_true(audit, about, "it does not move what the row that names it says", print == move->print);
}

void audit_royalties_end(struct audit *audit)
{
    if (audit->status == STATUS_ok) {
        moves_skip(audit, INT64_MAX);
    }
}
