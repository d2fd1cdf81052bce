/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deals against what was done with them: every piece that came on sale is in the stock, set aside, or was sold; what a
 * shop and a day sold, redeemed, returned and let lapse adds up to the deal's sums; each purchase has its trade and the
 * transfers that set its pieces aside and freed them; each deal is found exactly where its shops are.
 */
#include "lines/local/deal_internal.h"
#include "lines/local/local_internal.h"

struct deal_entry {
    int64_t deal_id;
    int64_t shop_id, merchant_id;
    int64_t price_minor, pieces_each;
    int32_t kind, state, category, parts_count;
    int32_t group_state, settling; /* settling: its timer runs */
    int64_t sale_from_us, sale_until_us;
    int32_t shops, places, listed; /* as its detail says, its places, shops that name it */
    int32_t sums_found;
    int64_t held_pieces, awaiting_pieces, awaiting_minor; /* of its purchases */
    int64_t issued_copies, issued_minor;
    int64_t buyers;
    struct deal_day_row sum, days; /* its own row, and all days together */
};

struct shop_entry {
    int64_t shop_id;
    int64_t cell;
    int32_t latitude_e6, longitude_e6;
};

struct purchase_entry {
    int64_t purchase_id;
    int64_t trade_id, deal_id, shopper_id, shop_id;
    int64_t amount_minor, pieces;
    int32_t state;
    int16_t held, freed; /* transfers that set its pieces aside, and freed them */
    int32_t trade_found;
};

struct buyer_entry {
    int64_t deal_id, person_id;
    int64_t copies; /* of its purchases that were not called off */
};

struct deal_books {
    struct audit_map deals, shops, purchases, buyers;
};

/* ---- deals and where they are ---- */

static bool shop_each(struct audit *audit, void *state, const void *row)
{
    struct deal_books *deals = state;
    const struct shop_place_row *shop = row;
    struct audit_about about = { AUDIT_answer_durable, &shop_place_table, row };
    audit_expect(audit, about, "there is no such shop", audit_shop_known(audit, shop->shop_id));
    struct position at = { shop->latitude_e6, shop->longitude_e6 };
    bool placed = shop->placed != 0 && place_valid(at);
    audit_expect(audit, about, "there is no such place", placed || shop->placed == 0);
    audit_expect(audit, about, "its stars are not those of its reviews",
                 shop->stars >= shop->reviews && shop->stars <= 5 * shop->reviews);
    int64_t rating = shop->reviews > 0 ? (20 * shop->stars + shop->reviews) / (2 * shop->reviews) : 0;
    audit_expect_equal(audit, about, "the mean of its stars in tenths", rating, shop->rating_tenths);
    struct shop_entry *entry = audit_map_put(&deals->shops, shop->shop_id, 0);
    if (entry == NULL) {
        return audit_too_large(audit);
    }
    entry->cell = placed ? place_cell(at) : CELL_NONE;
    entry->latitude_e6 = shop->latitude_e6;
    entry->longitude_e6 = shop->longitude_e6;
    for (int32_t i = 0; i < shop->deals_count; i++) {
        struct deal_entry *deal = audit_map_get(&deals->deals, shop->deals[i].id, 0);
        bool live = deal != NULL && deal->state != DEAL_ended;
        if (audit_expect(audit, about, "it names a deal that does not exist or has ended", live)) {
            deal->listed++;
        }
    }
    return true;
}

static void deal_check_rules(struct audit *audit, struct audit_about about, const struct deal_row *deal)
{
    int64_t pieces = 0, shares_minor = 0;
    for (int32_t i = 0; i < deal->parts_count; i++) {
        pieces += deal->parts[i].pieces;
        shares_minor += deal->parts[i].share_minor;
        audit_expect(audit, about, "a part is of a merchant that does not exist",
                     audit_merchant_known(audit, deal->parts[i].merchant_id));
    }
    audit_expect_equal(audit, about, "the pieces of its parts", pieces, deal->pieces_each);
    audit_expect_equal(audit, about, "the shares of its parts", deal->price_minor, shares_minor);
    audit_expect(audit, about, "its kind does not exist", deal->kind >= DEAL_voucher && deal->kind <= DEAL_give);
    audit_expect(audit, about, "its state does not exist", deal->state >= DEAL_live && deal->state <= DEAL_ended);
    audit_expect(audit, about, "it has no pieces", deal->pieces_each > 0);
    audit_expect_equal(audit, about, "the merchant of the shop that sells it",
                       audit_shop_merchant(audit, deal->shop_id), deal->merchant_id);
    audit_expect_equal(audit, about, "the currency of the shop that sells it",
                       audit_shop_currency(audit, deal->shop_id), deal->currency);
}

static bool deal_each(struct audit *audit, void *state, const void *row)
{
    struct deal_books *deals = state;
    const struct deal_row *deal = row;
    struct audit_about about = { AUDIT_answer_durable, &deal_table, row };
    struct audit_about waits = { AUDIT_reservation_kept, &deal_table, row };
    audit_time_known(audit, about, deal->created_at_us);
    deal_check_rules(audit, about, deal);
    bool group = deal->kind == DEAL_group;
    audit_expect(audit, about, "only a group deal has a group", group == (deal->group_state != GROUP_none));
    bool open = deal->group_state == GROUP_open, settling = open || deal->group_next_id != 0;
    audit_expect(audit, waits, "its group is settled without a timer", settling == (deal->group_settle_us != 0));
    if (deal->group_settle_us != 0) {
        audit_timer_claim(audit, waits, deal->group_settle_us, TIMER_deal_group_settle, deal->deal_id);
    }
    struct deal_entry *entry = audit_map_put(&deals->deals, deal->deal_id, 0);
    if (entry == NULL) {
        return audit_too_large(audit);
    }
    entry->shop_id = deal->shop_id;
    entry->merchant_id = deal->merchant_id;
    entry->price_minor = deal->price_minor;
    entry->pieces_each = deal->pieces_each;
    entry->kind = deal->kind;
    entry->state = deal->state;
    entry->category = deal->category;
    entry->parts_count = deal->parts_count;
    entry->group_state = deal->group_state;
    entry->settling = settling;
    entry->sale_from_us = deal->sale_from_us;
    entry->sale_until_us = deal->sale_until_us;
    return true;
}

static bool detail_each(struct audit *audit, void *state, const void *row)
{
    struct deal_books *deals = state;
    const struct deal_detail_row *detail = row;
    struct audit_about about = { AUDIT_answer_durable, &deal_detail_table, row };
    struct deal_entry *deal = audit_map_get(&deals->deals, detail->deal_id, 0);
    audit_time_known(audit, about, detail->changed_at_us);
    if (audit_expect(audit, about, "its deal does not exist", deal != NULL)) {
        int32_t parts = 0;
        for (int32_t i = 0; i < detail->shops_count; i++) {
            parts |= detail->shops[i].parts;
            audit_expect(audit, about, "it names a shop that does not exist",
                         audit_shop_known(audit, detail->shops[i].shop_id));
        }
        deal->shops = detail->shops_count;
        audit_expect_equal(audit, about, "the parts that are redeemed somewhere", (1 << deal->parts_count) - 1, parts);
    }
    return true;
}

static bool place_each(struct audit *audit, void *state, const void *row)
{
    struct deal_books *deals = state;
    const struct deal_place_row *place = row;
    struct audit_about about = { AUDIT_answer_durable, &deal_place_table, row };
    struct deal_entry *deal = audit_map_get(&deals->deals, place->deal_id, 0);
    const struct shop_entry *shop = audit_map_get(&deals->shops, place->shop_id, 0);
    if (!audit_expect(audit, about, "its deal does not exist", deal != NULL) ||
        !audit_expect(audit, about, "its shop has no place", shop != NULL || deal->state == DEAL_ended)) {
        return true;
    }
    deal->places++;
    bool found = deal->state == DEAL_live && shop != NULL;
    audit_expect_equal(audit, about, "the cell in which it is found", found ? shop->cell : CELL_NONE, place->cell);
    if (place->cell != CELL_NONE && found) {
        audit_expect(audit, about, "it is not where its shop is",
                     place->latitude_e6 == shop->latitude_e6 && place->longitude_e6 == shop->longitude_e6);
        audit_expect(audit, about, "it is found as something else than its deal",
                     place->category == deal->category && place->price_minor == deal->price_minor &&
                         place->sale_from_us == deal->sale_from_us && place->sale_until_us == deal->sale_until_us);
    }
    return true;
}

/* ---- purchases ---- */

static bool purchase_count(struct deal_books *deals, const struct purchase_row *purchase, struct deal_entry *deal)
{
    bool waits = purchase->state == PURCHASE_waiting, paid = purchase->state == PURCHASE_paid;
    if (waits || paid) {
        deal->held_pieces += purchase->pieces;
    }
    if (paid) {
        deal->awaiting_pieces += purchase->pieces;
        deal->awaiting_minor += purchase->amount_minor;
    }
    if (purchase->state == PURCHASE_issued) {
        deal->issued_copies += purchase->copies;
        deal->issued_minor += purchase->amount_minor;
    }
    if (waits || paid || purchase->state == PURCHASE_issued) {
        struct buyer_entry *buyer = audit_map_put(&deals->buyers, purchase->deal_id, purchase->person_id);
        if (buyer == NULL) {
            return false;
        }
        buyer->copies += purchase->copies;
    }
    return true;
}

static bool purchase_each(struct audit *audit, void *state, const void *row)
{
    struct deal_books *deals = state;
    const struct purchase_row *purchase = row;
    struct audit_about about = { AUDIT_answer_durable, &purchase_table, row };
    struct deal_entry *deal = audit_map_get(&deals->deals, purchase->deal_id, 0);
    audit_id_known(audit, about, purchase->purchase_id);
    audit_time_known(audit, about, max_i64(purchase->created_at_us, purchase->closed_at_us));
    audit_expect(audit, about, "there is no such shopper", audit_shopper_known(audit, purchase->shopper_id));
    audit_expect(audit, about, "its state does not exist",
                 purchase->state >= PURCHASE_waiting && purchase->state <= PURCHASE_refunded);
    audit_expect_equal(audit, about, "the price of its copies", purchase->price_minor * purchase->copies,
                       purchase->amount_minor);
    if (!audit_expect(audit, about, "its deal does not exist", deal != NULL)) {
        return true;
    }
    audit_expect_equal(audit, about, "the pieces of its copies", purchase->copies * deal->pieces_each,
                       purchase->pieces);
    audit_expect_equal(audit, about, "the shop that sells its deal", deal->shop_id, purchase->shop_id);
    audit_expect(audit, about, "it is paid and waits for no group",
                 purchase->state != PURCHASE_paid || deal->settling != 0);
    audit_expect(audit, about, "its vouchers are there and it names none, or the other way round",
                 (purchase->state == PURCHASE_issued) == (purchase->voucher_id != 0));
    struct purchase_entry *entry = audit_map_put(&deals->purchases, purchase->purchase_id, 0);
    if (entry == NULL || !purchase_count(deals, purchase, deal)) {
        return audit_too_large(audit);
    }
    *entry = (struct purchase_entry){ .purchase_id = purchase->purchase_id,
                                      .trade_id = purchase->trade_id,
                                      .deal_id = purchase->deal_id,
                                      .shopper_id = purchase->shopper_id,
                                      .shop_id = purchase->shop_id,
                                      .amount_minor = purchase->amount_minor,
                                      .pieces = purchase->pieces,
                                      .state = purchase->state };
    return true;
}

static bool buyer_each(struct audit *audit, void *state, const void *row)
{
    struct deal_books *deals = state;
    const struct deal_buyer_row *buyer = row;
    struct audit_about about = { AUDIT_stock_kept, &deal_buyer_table, row };
    struct deal_entry *deal = audit_map_get(&deals->deals, buyer->deal_id, 0);
    const struct buyer_entry *bought = audit_map_get(&deals->buyers, buyer->deal_id, buyer->person_id);
    if (audit_expect(audit, about, "its deal does not exist", deal != NULL)) {
        int64_t most = bought != NULL ? bought->copies : 0;
        audit_expect(audit, about, "it counts more or less than was bought",
                     buyer->copies >= 0 && (buyer->copies <= most || deal->kind == DEAL_give));
        deal->buyers += buyer->group_copies > 0;
    }
    return true;
}

/* ---- sums ---- */

#define SUMS_OF(row)                                                                                         \
    {                                                                                                        \
        (row)->sold_pieces, (row)->sold_minor, (row)->redeemed_pieces, (row)->redeemed_minor,                \
            (row)->returned_pieces, (row)->returned_minor, (row)->lapsed_pieces, (row)->lapsed_minor,        \
            (row)->earned_minor, (row)->commission_minor, (row)->sold_copies                                 \
    }

static bool day_each(struct audit *audit, void *state, const void *row)
{
    struct deal_books *deals = state;
    const struct deal_day_row *day = row;
    struct audit_about about = { AUDIT_voucher_once, &deal_day_table, row };
    struct deal_entry *deal = audit_map_get(&deals->deals, day->deal_id, 0);
    if (!audit_expect(audit, about, "its deal does not exist", deal != NULL)) {
        return true;
    }
    if (day->shop_id == 0 && day->day == 0) {
        deal->sum = *day;
        deal->sums_found++;
        return true;
    }
    audit_expect(audit, about, "there is no such shop", audit_shop_known(audit, day->shop_id));
    deal->days.sold_pieces += day->sold_pieces;
    deal->days.sold_minor += day->sold_minor;
    deal->days.redeemed_pieces += day->redeemed_pieces;
    deal->days.redeemed_minor += day->redeemed_minor;
    deal->days.returned_pieces += day->returned_pieces;
    deal->days.returned_minor += day->returned_minor;
    deal->days.lapsed_pieces += day->lapsed_pieces;
    deal->days.lapsed_minor += day->lapsed_minor;
    deal->days.earned_minor += day->earned_minor;
    deal->days.commission_minor += day->commission_minor;
    deal->days.sold_copies += day->sold_copies;
    return true;
}

static void deal_tables(struct audit *audit, void *state)
{
    audit_scan_line(audit, &deal_table, deal_each, state);
    audit_scan_line(audit, &deal_detail_table, detail_each, state);
    audit_scan_line(audit, &shop_place_table, shop_each, state);
    audit_scan_line(audit, &deal_place_table, place_each, state);
    audit_scan_line(audit, &purchase_table, purchase_each, state);
    audit_scan_line(audit, &deal_buyer_table, buyer_each, state);
    audit_scan_line(audit, &deal_day_table, day_each, state);
}

/* ---- trades and transfers ---- */

static bool states_agree(const struct purchase_entry *purchase, const struct trade_row *trade)
{
    switch ((enum purchase_state)purchase->state) {
    case PURCHASE_waiting:
        return trade->state == TRADE_wait_buyer_pay;
    case PURCHASE_paid:
        return trade->state == TRADE_success && trade->left_minor == purchase->amount_minor;
    case PURCHASE_issued:
        return trade->paid_at_us != 0; /* returned in full it is closed */
    case PURCHASE_closed:
        return trade->state == TRADE_closed && trade->paid_at_us == 0;
    case PURCHASE_refunded:
        return trade->state == TRADE_closed && trade->paid_at_us != 0 && trade->left_minor == 0;
    }
    return false;
}

static bool deal_trade(struct audit *audit, void *state, const struct trade_row *trade)
{
    struct deal_books *deals = state;
    struct audit_about about = { AUDIT_answer_durable, &trade_table, trade };
    struct purchase_entry *purchase = audit_map_get(&deals->purchases, trade->line_id, 0);
    if (!audit_expect(audit, about, "its purchase does not exist", purchase != NULL)) {
        return true;
    }
    purchase->trade_found++;
    audit_expect(audit, about, "its purchase has another trade", purchase->trade_id == trade->trade_id);
    audit_expect(audit, about, "its purchase is another shopper's or shop's",
                 purchase->shopper_id == trade->shopper_id && purchase->shop_id == trade->shop_id);
    audit_expect_equal(audit, about, "the price of its purchase", purchase->amount_minor, trade->list_minor);
    audit_expect(audit, about, "it does not go into escrow", trade->escrow != 0);
    audit_expect(audit, about, "its state is not that of its purchase", states_agree(purchase, trade));
    return true;
}

static bool leg_is(const struct leg_row *leg, int64_t deal_id, int32_t from, int32_t to)
{
    int64_t from_owner = from == PURPOSE_clearing ? 0 : deal_id, to_owner = to == PURPOSE_clearing ? 0 : deal_id;
    return leg->unit == deal_id && leg->from_purpose == from && leg->from_owner_id == from_owner &&
           leg->to_purpose == to && leg->to_owner_id == to_owner;
}

static bool deal_transfer(struct audit *audit, void *state, const struct transfer_row *transfer)
{
    struct deal_books *deals = state;
    struct audit_about about = { AUDIT_stock_kept, &transfer_table, transfer };
    const struct leg_row *leg = &transfer->legs[0];
    if (transfer->cause == CAUSE_deal_stock) {
        const struct deal_entry *deal = audit_map_get(&deals->deals, transfer->reference_id, 0);
        audit_expect(audit, about, "it is not about the stock of a deal",
                     deal != NULL && transfer->legs_count == 1 &&
                         (leg_is(leg, deal->deal_id, PURPOSE_clearing, PURPOSE_deal_stock) ||
                          leg_is(leg, deal->deal_id, PURPOSE_deal_stock, PURPOSE_clearing)));
        return true;
    }
    struct purchase_entry *purchase = audit_map_get(&deals->purchases, transfer->reference_id, 0);
    if (!audit_expect(audit, about, "its purchase does not exist", purchase != NULL)) {
        return true;
    }
    bool hold = transfer->cause == CAUSE_purchase_hold;
    bool agrees = hold ? leg_is(leg, purchase->deal_id, PURPOSE_deal_stock, PURPOSE_deal_held)
                       : leg_is(leg, purchase->deal_id, PURPOSE_deal_held, PURPOSE_deal_stock) ||
                             leg_is(leg, purchase->deal_id, PURPOSE_deal_held, PURPOSE_clearing);
    audit_expect(audit, about, "it moves something else than the pieces of its purchase",
                 transfer->legs_count == 1 && agrees && leg->amount == purchase->pieces);
    if (hold) {
        purchase->held++;
    } else {
        purchase->freed++;
    }
    return true;
}

/* ---- at the end ---- */

static void purchase_end(struct audit *audit, const struct purchase_entry *purchase, int64_t currency)
{
    struct purchase_row key = { .purchase_id = purchase->purchase_id };
    struct audit_about about = { AUDIT_stock_kept, &purchase_table, &key };
    struct audit_about money = { AUDIT_money_conserved, &purchase_table, &key };
    bool freed = purchase->state == PURCHASE_closed || purchase->state == PURCHASE_refunded;
    audit_expect_equal(audit, about, "the trades that it opened", 1, purchase->trade_found);
    audit_expect_equal(audit, about, "how often its pieces were set aside", 1, purchase->held);
    audit_expect_equal(audit, about, "how often its pieces were freed", freed, purchase->freed);
    if (purchase->state != PURCHASE_issued) { /* then what is open of its vouchers */
        int64_t escrow_minor = audit_balance(audit, purchase->trade_id, PURPOSE_escrow, currency);
        audit_expect_equal(audit, money, "what lies in its escrow",
                           purchase->state == PURCHASE_paid ? purchase->amount_minor : 0, escrow_minor);
    }
}

static void sums_end(struct audit *audit, const struct deal_entry *deal, struct audit_about about)
{
    static const char *const words[] = { "the pieces sold in all shops on all days", "the money sold",
                                         "the pieces redeemed", "the money redeemed", "the pieces returned",
                                         "the money returned", "the pieces that lapsed", "the money that lapsed",
                                         "the money earned", "the commission", "the copies sold" };
    const struct deal_day_row *sum = &deal->sum;
    const int64_t days[] = SUMS_OF(&deal->days), sums[] = SUMS_OF(sum);
    static_assert(COUNT_OF(days) == COUNT_OF(words), "each sum has its words");
    for (size_t i = 0; i < COUNT_OF(days); i++) {
        audit_expect_equal(audit, about, words[i], days[i], sums[i]);
    }
    audit_expect(audit, about, "more pieces went than were sold",
                 sum->redeemed_pieces + sum->returned_pieces + sum->lapsed_pieces <= sum->sold_pieces);
    audit_expect(audit, about, "more money went than was sold",
                 sum->redeemed_minor + sum->returned_minor + sum->lapsed_minor <= sum->sold_minor);
    int64_t gone_minor = sum->earned_minor + sum->commission_minor;
    audit_expect(audit, about, "what was redeemed is not what was earned",
                 gone_minor >= sum->redeemed_minor && gone_minor <= sum->redeemed_minor + sum->lapsed_minor);
}

static void deal_end_each(struct audit *audit, const struct deal_entry *deal)
{
    struct deal_row key = { .deal_id = deal->deal_id };
    struct audit_about about = { AUDIT_stock_kept, &deal_table, &key };
    struct audit_about pieces = { AUDIT_voucher_once, &deal_table, &key };
    struct audit_about found = { AUDIT_answer_durable, &deal_table, &key };
    const struct deal_day_row *sum = &deal->sum;
    int64_t stock = audit_balance(audit, deal->deal_id, PURPOSE_deal_stock, deal->deal_id);
    int64_t held = audit_balance(audit, deal->deal_id, PURPOSE_deal_held, deal->deal_id);
    audit_expect_equal(audit, about, "the pieces on sale: what came, less what is held and sold, and what came back",
                       sum->stock_copies * deal->pieces_each - deal->held_pieces - sum->sold_pieces +
                           sum->restocked_pieces,
                       stock);
    audit_expect_equal(audit, about, "the pieces of purchases that are not settled", deal->held_pieces, held);
    audit_expect_equal(audit, about, "the pieces of the copies sold", sum->sold_copies * deal->pieces_each,
                       sum->sold_pieces);
    audit_expect(audit, about, "pieces of an ended deal are on sale", deal->state != DEAL_ended || stock == 0);
    if (deal->kind != DEAL_give) {
        audit_expect_equal(audit, about, "the copies of its purchases", deal->issued_copies, sum->sold_copies);
    }
    audit_expect_equal(audit, pieces, "the money of its purchases", deal->issued_minor, sum->sold_minor);
    audit_expect_equal(audit, pieces, "the pieces that wait for its group", deal->awaiting_pieces,
                       sum->awaiting_pieces);
    audit_expect_equal(audit, pieces, "the money that waits for its group", deal->awaiting_minor, sum->awaiting_minor);
    audit_expect_equal(audit, pieces, "the people of its group", deal->buyers, sum->buyers);
    sums_end(audit, deal, pieces);
    audit_expect_equal(audit, found, "the places of its shops", deal->shops, deal->places);
    audit_expect_equal(audit, found, "the shops that name it", deal->state == DEAL_ended ? 0 : deal->shops,
                       deal->listed);
}

static void books_end(struct audit *audit, void *state)
{
    struct deal_books *deals = state;
    const struct deal_entry *deal;
    const struct purchase_entry *purchase;
    for (size_t place = 0; (deal = audit_map_next(&deals->deals, &place)) != NULL;) {
        deal_end_each(audit, deal);
    }
    for (size_t place = 0; (purchase = audit_map_next(&deals->purchases, &place)) != NULL;) {
        purchase_end(audit, purchase, audit_shop_currency(audit, purchase->shop_id));
    }
}

static bool deal_owner_known(const struct audit *audit, const void *state, int64_t owner_id, int32_t purpose)
{
    const struct deal_books *deals = state;
    (void)audit;
    (void)purpose;
    return audit_map_get(&deals->deals, owner_id, 0) != NULL;
}

static void deal_begin(struct audit *audit, void *state)
{
    struct deal_books *deals = state;
    audit_map_init(&deals->deals, audit_memory_of(audit), sizeof(struct deal_entry), 1);
    audit_map_init(&deals->shops, audit_memory_of(audit), sizeof(struct shop_entry), 1);
    audit_map_init(&deals->purchases, audit_memory_of(audit), sizeof(struct purchase_entry), 1);
    audit_map_init(&deals->buyers, audit_memory_of(audit), sizeof(struct buyer_entry), 2);
}

static void deal_release(struct audit *audit, void *state)
{
    struct deal_books *deals = state;
    (void)audit;
    audit_map_release(&deals->deals);
    audit_map_release(&deals->shops);
    audit_map_release(&deals->purchases);
    audit_map_release(&deals->buyers);
}

const struct audit_part audit_part_deal = {
    .state_size = sizeof(struct deal_books),
    .begin = deal_begin,
    .release = deal_release,
    .tables = deal_tables,
    .trade_kind = LOCAL_purchase,
    .trade = deal_trade,
    .cause_first = CAUSE_deal_stock,
    .cause_last = CAUSE_purchase_free,
    .transfer = deal_transfer,
    .end = books_end,
    .purpose_first = PURPOSE_deal_stock,
    .purpose_last = PURPOSE_deal_held,
    .owner_known = deal_owner_known,
};
