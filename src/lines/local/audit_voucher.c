/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vouchers in the audit. What is said once for each voucher, redemption or transfer is compared as it comes; what two
 * tables say of one another is compared as sums in which every part counts with a number of its own (a print), so that
 * millions of vouchers need no memory for it.
 *
 *   - each voucher's pieces and money are redeemed, returned, lapsed or left, and what is left is where it says: on the
 *     account of its holder or of the shop that it is set aside for, and in the escrow of its trade;
 *   - transfers move what the vouchers and redemptions say;
 *   - the deal's sums are those of its vouchers;
 *   - a review has a redemption and a payment, and the shop's stars are those of its reviews.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "lines/local/deal_rows.h"
#include "lines/local/local_internal.h"
#include "lines/local/voucher_code.h"

struct audit_deal {
    int64_t deal_id;
    int64_t parts_count;
    int64_t sold_pieces, redeemed_pieces, returned_pieces, lapsed_pieces; /* of its vouchers, less its own sums */
    int64_t sold_minor, redeemed_minor, returned_minor, lapsed_minor;
    int64_t redeemed_moved; /* pieces that came to shops */
    int64_t redeemed_found; /* that its vouchers say */
};

/* What an account, or an escrow, should hold. */
struct audit_place {
    int64_t owner_id, unit;
    int64_t expected;
    int64_t purpose;
};

/* A voucher of which something stands redeemed: what its row says, less what its redemptions do. */
struct audit_used {
    int64_t voucher_id;
    int64_t pieces, gross_minor, redemptions;
    int64_t last_id;
};

/* A redemption, or its being undone, as the transfer must be that its row names. */
struct audit_moved {
    int64_t transfer_id;
    uint64_t print;
    int64_t redemption_id;
};

/* A review, until its redemption was seen. */
struct audit_review {
    int64_t redemption_id;
    int64_t voucher_id, shop_id, trade_id;
    int64_t found;
};

struct audit_stars {
    int64_t shop_id;
    int64_t reviews, stars; /* of its reviews, less its own sums */
};

struct audit_vouchers {
    struct audit_map deals, holders, kept, escrows, used, reviews, stars, lines;
    struct audit_list moved;
    uint64_t codes_print;    /* of vouchers less of codes */
    uint64_t issued_print;   /* pieces by the transfer that issued them: of vouchers less of transfers */
    uint64_t returned_print; /* pieces by voucher: of vouchers less of transfers */
    uint64_t lapsed_print;
    uint64_t places_print;   /* pieces by the account they are on: of vouchers less of transfers */
    uint64_t reviewed_print; /* and who bought them: of vouchers less of reviews */
    uint64_t waiting_print;  /* of people less of places */
};

/* The line in front of a deal, less those who stand in it. */
struct audit_waiting {
    int64_t deal_id;
    int64_t waiting;
};

static void begin(struct audit *audit, void *state)
{
    struct audit_vouchers *vouchers = state;
    struct audit_memory *memory = audit_memory_of(audit);
    audit_map_init(&vouchers->deals, memory, sizeof(struct audit_deal), 1);
    audit_map_init(&vouchers->holders, memory, sizeof(struct audit_place), 2);
    audit_map_init(&vouchers->kept, memory, sizeof(struct audit_place), 2);
    audit_map_init(&vouchers->escrows, memory, sizeof(struct audit_place), 2);
    audit_map_init(&vouchers->used, memory, sizeof(struct audit_used), 1);
    audit_map_init(&vouchers->reviews, memory, sizeof(struct audit_review), 1);
    audit_map_init(&vouchers->stars, memory, sizeof(struct audit_stars), 1);
    audit_map_init(&vouchers->lines, memory, sizeof(struct audit_waiting), 1);
    audit_list_init(&vouchers->moved, memory, sizeof(struct audit_moved));
}

static void release(struct audit *audit, void *state)
{
    struct audit_vouchers *vouchers = state;
    (void)audit;
    audit_map_release(&vouchers->deals);
    audit_map_release(&vouchers->holders);
    audit_map_release(&vouchers->kept);
    audit_map_release(&vouchers->escrows);
    audit_map_release(&vouchers->used);
    audit_map_release(&vouchers->reviews);
    audit_map_release(&vouchers->stars);
    audit_map_release(&vouchers->lines);
    audit_list_release(&vouchers->moved);
}

/* An amount that counts with a number of its owner's. */
static uint64_t weighed(int64_t first, int64_t second, int64_t amount)
{
    return audit_pair_print(first, second) * (uint64_t)amount;
}

/* ---- deals and what their sums say ---- */

static bool deal_each(struct audit *audit, void *state, const void *row)
{
    const struct deal_row *deal = row;
    struct audit_deal *of = audit_map_put(&((struct audit_vouchers *)state)->deals, deal->deal_id, 0);
    if (of == NULL) {
        return audit_too_large(audit);
    }
    of->parts_count = deal->parts_count;
    return true;
}

static bool sum_each(struct audit *audit, void *state, const void *row)
{
    const struct deal_day_row *sum = row;
    struct audit_deal *deal = audit_map_get(&((struct audit_vouchers *)state)->deals, sum->deal_id, 0);
    (void)audit;
    if (deal != NULL && sum->shop_id == 0 && sum->day == 0) {
        deal->sold_pieces -= sum->sold_pieces;
        deal->redeemed_pieces -= sum->redeemed_pieces;
        deal->returned_pieces -= sum->returned_pieces;
        deal->lapsed_pieces -= sum->lapsed_pieces;
        deal->sold_minor -= sum->sold_minor;
        deal->redeemed_minor -= sum->redeemed_minor;
        deal->returned_minor -= sum->returned_minor;
        deal->lapsed_minor -= sum->lapsed_minor;
    }
    return true;
}

/* ---- vouchers and their codes ---- */

static uint64_t code_print(const char *code, int64_t voucher_id)
{
    int64_t number = 0;
    bool digits = span_to_i64(span_of(code), &number);
    return audit_pair_print(digits ? number : -1, voucher_id);
}

/* Adds what lies at an account or escrow. */
static bool place_add(struct audit *audit, struct audit_map *map, int64_t owner_id, int64_t unit, int64_t amount)
{
    struct audit_place *place = audit_map_put(map, owner_id, unit);
    if (place == NULL) {
        return audit_too_large(audit);
    }
    place->expected += amount;
    return true;
}

static void voucher_sums_check(struct audit *audit, const struct voucher_row *voucher)
{
    struct audit_about about = { AUDIT_voucher_once, &voucher_table, voucher };
    audit_expect_equal(audit, about, "pieces redeemed, returned, lapsed and left", voucher->pieces,
                       voucher->redeemed_pieces + voucher->returned_pieces + voucher->lapsed_pieces +
                           voucher->pieces_left);
    audit_expect_equal(audit, about, "cents redeemed, returned, lapsed and left", voucher->paid_minor,
                       voucher->redeemed_minor + voucher->returned_minor + voucher->lapsed_minor + voucher->left_minor);
    audit_expect(audit, about, "one of its sums is negative",
                 voucher->pieces > 0 && voucher->redeemed_pieces >= 0 && voucher->returned_pieces >= 0 &&
                     voucher->lapsed_pieces >= 0 && voucher->pieces_left >= 0 && voucher->redeemed_minor >= 0 &&
                     voucher->returned_minor >= 0 && voucher->lapsed_minor >= 0 && voucher->left_minor >= 0 &&
                     voucher->face_left_minor >= 0);
    audit_expect(audit, about, "its state is not what is left of it",
                 (voucher->state == VOUCHER_open) == (voucher->pieces_left > 0) &&
                     (voucher->pieces_left > 0 || voucher->left_minor == 0));
    audit_expect(audit, about, "its face is not what is left of it",
                 voucher->face_left_minor <= voucher->face_minor &&
                     (voucher->face_minor == 0 || (voucher->face_left_minor > 0) == (voucher->pieces_left > 0)));
    audit_expect(audit, about, "money came with it and no trade paid for it",
                 voucher->trade_id != 0 || voucher->paid_minor == 0);
}

static void voucher_words_check(struct audit *audit, const struct voucher_row *voucher, const struct audit_deal *deal)
{
    struct audit_about about = { AUDIT_answer_durable, &voucher_table, voucher };
    char code[VOUCHER_CODE_SIZE];
    audit_id_known(audit, about, voucher->voucher_id);
    audit_time_known(audit, about, voucher->issued_at_us);
    audit_expect(audit, about, "its deal or part does not exist",
                 deal != NULL && voucher->part >= 0 && voucher->part < deal->parts_count);
    audit_expect(audit, about, "its buyer does not exist", audit_shopper_known(audit, voucher->buyer_id));
    audit_expect(audit, about, "its holder does not exist", audit_shopper_known(audit, voucher->holder_id));
    audit_expect(audit, about, "its code is none", voucher_code_read(span_of(voucher->code), code));
    audit_expect(audit, about, "it is set aside in part",
                 (voucher->kept_shop_id != 0) == (voucher->kept_until_us != 0) &&
                     (voucher->kept_shop_id == 0 || voucher->state == VOUCHER_open));
    if (voucher->state == VOUCHER_open) {
        about.law = AUDIT_reservation_kept;
        audit_timer_claim(audit, about, voucher->due_us, TIMER_voucher_lapse, voucher->voucher_id);
    } else {
        audit_expect_equal(audit, about, "when its timer is due", 0, voucher->due_us);
    }
}

static void deal_add(struct audit_deal *deal, const struct voucher_row *voucher)
{
    deal->sold_pieces += voucher->pieces;
    deal->redeemed_pieces += voucher->redeemed_pieces;
    deal->redeemed_found += voucher->redeemed_pieces;
    deal->returned_pieces += voucher->returned_pieces;
    deal->lapsed_pieces += voucher->lapsed_pieces;
    deal->sold_minor += voucher->paid_minor;
    deal->redeemed_minor += voucher->redeemed_minor;
    deal->returned_minor += voucher->returned_minor;
    deal->lapsed_minor += voucher->lapsed_minor;
}

/* What redemptions, transfers and codes must come to. */
static bool voucher_count(struct audit *audit, struct audit_vouchers *vouchers, const struct voucher_row *voucher)
{
    vouchers->codes_print += code_print(voucher->code, voucher->voucher_id);
    vouchers->issued_print += weighed(voucher->issue_transfer_id, voucher->deal_id, voucher->pieces);
    vouchers->returned_print += weighed(voucher->voucher_id, voucher->deal_id, voucher->returned_pieces);
    vouchers->lapsed_print += weighed(voucher->voucher_id, voucher->deal_id, voucher->lapsed_pieces);
    vouchers->reviewed_print += voucher->reviewed != 0 ? audit_pair_print(voucher->voucher_id, voucher->buyer_id) : 0;
    if (voucher->redemptions == 0 && voucher->redeemed_pieces == 0 && voucher->redeemed_minor == 0 &&
        voucher->last_redemption_id == 0) {
        return true;
    }
    struct audit_used *used = audit_map_put(&vouchers->used, voucher->voucher_id, 0);
    if (used == NULL) {
        return audit_too_large(audit);
    }
    used->pieces = voucher->redeemed_pieces;
    used->gross_minor = voucher->redeemed_minor;
    used->redemptions = voucher->redemptions;
    used->last_id = voucher->last_redemption_id;
    return true;
}

static bool voucher_each(struct audit *audit, void *state, const void *row)
{
    struct audit_vouchers *vouchers = state;
    const struct voucher_row *voucher = row;
    struct audit_deal *deal = audit_map_get(&vouchers->deals, voucher->deal_id, 0);
    bool kept = voucher->kept_shop_id != 0;
    int64_t owner_id = kept ? voucher->kept_shop_id : voucher->holder_id;
    voucher_sums_check(audit, voucher);
    voucher_words_check(audit, voucher, deal);
    if (deal != NULL) {
        deal_add(deal, voucher);
    }
    vouchers->places_print += weighed(owner_id, kept ? -voucher->deal_id : voucher->deal_id, voucher->pieces_left);
    return place_add(audit, kept ? &vouchers->kept : &vouchers->holders, owner_id, voucher->deal_id,
                     voucher->pieces_left) &&
           (voucher->trade_id == 0 || place_add(audit, &vouchers->escrows, voucher->trade_id, voucher->currency,
                                                voucher->left_minor)) &&
           voucher_count(audit, vouchers, voucher);
}

static bool code_each(struct audit *audit, void *state, const void *row)
{
    const struct voucher_code_row *code = row;
    (void)audit;
    ((struct audit_vouchers *)state)->codes_print -= code_print(code->code, code->voucher_id);
    return true;
}

/* ---- redemptions ---- */

/* The legs of a redemption or of its undoing; where its pieces were is the voucher's own matter. */
static uint64_t moved_print(const struct redemption_row *redemption, bool back)
{
    int64_t net_minor = redemption->gross_minor - redemption->commission_minor;
    int64_t shop_id = redemption->shop_id, trade_id = redemption->trade_id;
    int64_t unit = redemption->currency;
    uint64_t print = audit_pair_print(redemption->redemption_id, back ? CAUSE_voucher_undo : CAUSE_voucher_redeem);
    if (redemption->pieces > 0) {
        print += back ? audit_leg_print(shop_id, PURPOSE_redeemed, 0, 0, redemption->deal_id, redemption->pieces)
                      : audit_leg_print(0, 0, shop_id, PURPOSE_redeemed, redemption->deal_id, redemption->pieces);
    }
    if (net_minor > 0) {
        print += back ? audit_leg_print(shop_id, PURPOSE_takings, trade_id, PURPOSE_escrow, unit, net_minor)
                      : audit_leg_print(trade_id, PURPOSE_escrow, shop_id, PURPOSE_takings, unit, net_minor);
    }
    if (redemption->commission_minor > 0) {
        int64_t fee = redemption->commission_minor;
        print += back ? audit_leg_print(0, PURPOSE_fees, trade_id, PURPOSE_escrow, unit, fee)
                      : audit_leg_print(trade_id, PURPOSE_escrow, 0, PURPOSE_fees, unit, fee);
    }
    return print;
}

static bool moved_add(struct audit *audit, struct audit_vouchers *vouchers, const struct redemption_row *redemption,
                      int64_t transfer_id, bool back)
{
    struct audit_moved *moved = audit_list_add(&vouchers->moved);
    if (moved == NULL) {
        return audit_too_large(audit);
    }
    *moved = (struct audit_moved){ transfer_id, moved_print(redemption, back), redemption->redemption_id };
    return true;
}

static void redemption_words_check(struct audit *audit, const struct redemption_row *redemption)
{
    struct audit_about about = { AUDIT_voucher_once, &redemption_table, redemption };
    bool undone = redemption->state == REDEMPTION_undone;
    audit_id_known(audit, about, redemption->redemption_id);
    audit_time_known(audit, about, redemption->booked_at_us);
    audit_expect(audit, about, "its shop does not exist, or is another merchant's",
                 audit_shop_merchant(audit, redemption->shop_id) == redemption->merchant_id);
    audit_expect(audit, about, "it took neither pieces nor value",
                 redemption->pieces >= 0 && redemption->amount_minor >= 0 &&
                     redemption->pieces + redemption->amount_minor > 0);
    audit_expect(audit, about, "its commission is more than it took out of escrow",
                 redemption->commission_minor >= 0 && redemption->commission_minor <= redemption->gross_minor);
    bool moves = redemption->pieces > 0 || redemption->gross_minor > 0;
    audit_expect(audit, about, "it names no transfer, or one that moved nothing",
                 moves == (redemption->transfer_id != 0) && (moves && undone) == (redemption->undo_transfer_id != 0));
    audit_expect(audit, about, "it was undone without being so, or too late",
                 undone == (redemption->undone_at_us != 0) && redemption->undone_at_us <= redemption->undo_until_us);
}

static bool redemption_each(struct audit *audit, void *state, const void *row)
{
    struct audit_vouchers *vouchers = state;
    const struct redemption_row *redemption = row;
    struct audit_about about = { AUDIT_voucher_once, &redemption_table, redemption };
    struct audit_used *used = audit_map_get(&vouchers->used, redemption->voucher_id, 0);
    struct audit_review *review = audit_map_get(&vouchers->reviews, redemption->redemption_id, 0);
    redemption_words_check(audit, redemption);
    if (redemption->state == REDEMPTION_done &&
        audit_expect(audit, about, "nothing of its voucher was redeemed", used != NULL)) {
        used->pieces -= redemption->pieces;
        used->gross_minor -= redemption->gross_minor;
        used->redemptions--;
        used->last_id = used->last_id == redemption->redemption_id ? 0 : used->last_id;
    }
    if (review != NULL) {
        /* By whom does not matter: a card comes back from a friend who used some of it. */
        review->found = review->voucher_id == redemption->voucher_id && review->shop_id == redemption->shop_id &&
                        review->trade_id == redemption->trade_id;
    }
    return (redemption->transfer_id == 0 ||
            moved_add(audit, vouchers, redemption, redemption->transfer_id, false)) &&
           (redemption->undo_transfer_id == 0 ||
            moved_add(audit, vouchers, redemption, redemption->undo_transfer_id, true));
}

static void used_check(struct audit *audit, const struct audit_vouchers *vouchers)
{
    size_t place = 0;
    const struct audit_used *used;
    while ((used = audit_map_next(&vouchers->used, &place)) != NULL) {
        struct voucher_row key = { .voucher_id = used->voucher_id };
        struct audit_about about = { AUDIT_voucher_once, &voucher_table, &key };
        audit_expect_equal(audit, about, "pieces redeemed, less those of its redemptions", 0, used->pieces);
        audit_expect_equal(audit, about, "cents redeemed, less those of its redemptions", 0, used->gross_minor);
        audit_expect_equal(audit, about, "redemptions that stand, less those that are there", 0, used->redemptions);
        audit_expect(audit, about, "its last redemption is not there, or was undone", used->last_id == 0);
    }
}

/* ---- quotas, conflicts, people who wait, reviews ---- */

static bool quota_each(struct audit *audit, void *state, const void *row)
{
    const struct voucher_quota_row *quota = row;
    struct audit_about about = { AUDIT_voucher_once, &voucher_quota_table, quota };
    bool known = audit_map_get(&((struct audit_vouchers *)state)->deals, quota->deal_id, 0) != NULL;
    audit_expect(audit, about, "its shop or deal does not exist", known && audit_shop_known(audit, quota->shop_id));
    audit_expect(audit, about, "its numbers contradict each other",
                 quota->pieces >= 0 && quota->kept >= 0 && quota->accepted >= 0 && quota->conflicts >= 0 &&
                     quota->accept_until_us < quota->keep_until_us);
    audit_time_known(audit, about, quota->changed_at_us);
    return true;
}

static bool conflict_each(struct audit *audit, void *state, const void *row)
{
    const struct conflict_row *conflict = row;
    struct audit_about about = { AUDIT_answer_durable, &conflict_table, conflict };
    (void)state;
    audit_id_known(audit, about, conflict->conflict_id);
    audit_time_known(audit, about, conflict->told_at_us);
    audit_expect(audit, about, "its shop does not exist", audit_shop_known(audit, conflict->shop_id));
    audit_expect(audit, about, "it gives no reason",
                 conflict->reason > CONFLICT_none && conflict->reason <= CONFLICT_invalid);
    return true;
}

static bool line_each(struct audit *audit, void *state, const void *row)
{
    const struct waiting_line_row *line = row;
    struct audit_waiting *waiting = audit_map_put(&((struct audit_vouchers *)state)->lines, line->deal_id, 0);
    struct audit_about about = { AUDIT_answer_durable, &waiting_line_table, line };
    if (waiting == NULL) {
        return audit_too_large(audit);
    }
    waiting->waiting = line->waiting;
    if (line->due_us != 0) {
        audit_timer_claim(audit, about, line->due_us, TIMER_waiting_turn, line->deal_id);
    }
    audit_expect(audit, about, "so many copies nobody was told of",
                 line->promised >= 0 && (line->promised == 0 || line->told > 0));
    audit_expect(audit, about, "more wait than have places",
                 line->waiting >= 0 && line->waiting <= line->next_number - line->first_number);
    return true;
}

static bool waiting_each(struct audit *audit, void *state, const void *row)
{
    struct audit_vouchers *vouchers = state;
    const struct waiting_row *waiting = row;
    struct audit_about about = { AUDIT_answer_durable, &waiting_table, waiting };
    struct audit_waiting *line = audit_map_get(&vouchers->lines, waiting->deal_id, 0);
    audit_expect(audit, about, "its shopper does not exist", audit_shopper_known(audit, waiting->shopper_id));
    audit_time_known(audit, about, waiting->joined_at_us);
    if (waiting->state == WAITING_waits && audit_expect(audit, about, "its deal has no line", line != NULL)) {
        line->waiting--;
        vouchers->waiting_print +=
            weighed(waiting->deal_id, waiting->shopper_id, 1) * audit_pair_print(waiting->number, 1);
    }
    return true;
}

static bool waiting_place_each(struct audit *audit, void *state, const void *row)
{
    const struct waiting_place_row *place = row;
    (void)audit;
    ((struct audit_vouchers *)state)->waiting_print -=
        weighed(place->deal_id, place->shopper_id, 1) * audit_pair_print(place->number, 1);
    return true;
}

static bool review_each(struct audit *audit, void *state, const void *row)
{
    struct audit_vouchers *vouchers = state;
    const struct review_row *review = row;
    struct audit_about about = { AUDIT_answer_durable, &review_table, review };
    struct audit_stars *stars = audit_map_put(&vouchers->stars, review->shop_id, 0);
    struct audit_review *of = audit_map_put(&vouchers->reviews, review->redemption_id, 0);
    if (stars == NULL || of == NULL) {
        return audit_too_large(audit);
    }
    of->voucher_id = review->voucher_id;
    of->shop_id = review->shop_id;
    of->trade_id = review->trade_id;
    stars->reviews++;
    stars->stars += review->stars;
    vouchers->reviewed_print -= audit_pair_print(review->voucher_id, review->shopper_id);
    audit_expect(audit, about, "nobody paid for it", review->trade_id != 0);
    audit_expect(audit, about, "so many stars there are not", review->stars >= 1 && review->stars <= 5);
    audit_time_known(audit, about, review->written_at_us);
    return true;
}

static bool shop_place_each(struct audit *audit, void *state, const void *row)
{
    const struct shop_place_row *shop = row;
    if (shop->reviews == 0 && shop->stars == 0) {
        return true;
    }
    struct audit_stars *stars = audit_map_put(&((struct audit_vouchers *)state)->stars, shop->shop_id, 0);
    if (stars == NULL) {
        return audit_too_large(audit);
    }
    stars->reviews -= shop->reviews;
    stars->stars -= shop->stars;
    return true;
}

static void reviews_check(struct audit *audit, const struct audit_vouchers *vouchers)
{
    size_t place = 0;
    const struct audit_review *review;
    const struct audit_stars *stars;
    const struct audit_waiting *line;
    while ((review = audit_map_next(&vouchers->reviews, &place)) != NULL) {
        struct review_row key = { .voucher_id = review->voucher_id };
        struct audit_about about = { AUDIT_answer_durable, &review_table, &key };
        audit_expect(audit, about, "its redemption is not there, or another one's", review->found != 0);
    }
    place = 0;
    while ((stars = audit_map_next(&vouchers->stars, &place)) != NULL) {
        struct shop_place_row key = { .shop_id = stars->shop_id };
        struct audit_about about = { AUDIT_answer_durable, &shop_place_table, &key };
        audit_expect_equal(audit, about, "reviews, less those that its row counts", 0, stars->reviews);
        audit_expect_equal(audit, about, "stars, less those that its row counts", 0, stars->stars);
    }
    place = 0;
    while ((line = audit_map_next(&vouchers->lines, &place)) != NULL) {
        struct waiting_line_row key = { .deal_id = line->deal_id };
        struct audit_about about = { AUDIT_answer_durable, &waiting_line_table, &key };
        audit_expect_equal(audit, about, "people who wait, less those whose rows say so", 0, line->waiting);
    }
}

static int by_transfer(const void *a, const void *b)
{
    const struct audit_moved *x = a, *y = b;
    return x->transfer_id < y->transfer_id ? -1 : x->transfer_id > y->transfer_id;
}

static void tables(struct audit *audit, void *state)
{
    struct audit_vouchers *vouchers = state;
    struct audit_about whole = { AUDIT_voucher_once, &voucher_table, NULL };
    audit_look_line(audit, &deal_table, deal_each, vouchers);
    audit_scan_line(audit, &voucher_table, voucher_each, vouchers);
    audit_scan_line(audit, &voucher_code_table, code_each, vouchers);
    audit_scan_line(audit, &review_table, review_each, vouchers);
    audit_scan_line(audit, &redemption_table, redemption_each, vouchers);
    audit_scan_line(audit, &voucher_quota_table, quota_each, vouchers);
    audit_scan_line(audit, &conflict_table, conflict_each, vouchers);
    audit_scan_line(audit, &waiting_line_table, line_each, vouchers);
    audit_scan_line(audit, &waiting_table, waiting_each, vouchers);
    audit_scan_line(audit, &waiting_place_table, waiting_place_each, vouchers);
    audit_look_line(audit, &shop_place_table, shop_place_each, vouchers);
    audit_look_line(audit, &deal_day_table, sum_each, vouchers);
    if (!audit_reading(audit)) {
        return;
    }
    if (vouchers->moved.count > 0) {
        qsort(vouchers->moved.items, vouchers->moved.count, sizeof(struct audit_moved), by_transfer);
    }
    used_check(audit, vouchers);
    reviews_check(audit, vouchers);
    audit_expect(audit, whole, "codes and vouchers are not one for one", vouchers->codes_print == 0);
    whole.law = AUDIT_answer_durable;
    audit_expect(audit, whole, "vouchers that were reviewed are not those that have reviews",
                 vouchers->reviewed_print == 0);
    audit_expect(audit, whole, "people who wait do not stand where they say", vouchers->waiting_print == 0);
}

/* ---- transfers ---- */

/* What a leg does to the accounts on which pieces of vouchers are. */
static void leg_count(struct audit_vouchers *vouchers, const struct leg_row *leg)
{
    int64_t from = leg->from_purpose == PURPOSE_offline_quota ? -leg->unit : leg->unit;
    int64_t to = leg->to_purpose == PURPOSE_offline_quota ? -leg->unit : leg->unit;
    struct audit_deal *deal = audit_map_get(&vouchers->deals, leg->unit, 0);
    if (leg->from_purpose == PURPOSE_vouchers || leg->from_purpose == PURPOSE_offline_quota) {
        vouchers->places_print += weighed(leg->from_owner_id, from, leg->amount);
    }
    if (leg->to_purpose == PURPOSE_vouchers || leg->to_purpose == PURPOSE_offline_quota) {
        vouchers->places_print -= weighed(leg->to_owner_id, to, leg->amount);
    }
    if (deal != NULL) {
        deal->redeemed_moved += leg->to_purpose == PURPOSE_redeemed ? leg->amount : 0;
        deal->redeemed_moved -= leg->from_purpose == PURPOSE_redeemed ? leg->amount : 0;
    }
}

static bool of_shopper_or_shop(int32_t purpose)
{
    return purpose == PURPOSE_vouchers || purpose == PURPOSE_offline_quota;
}

/* The transfer of a redemption, or of its undoing, as it was made. */
static uint64_t found_print(const struct transfer_row *transfer)
{
    uint64_t print = audit_pair_print(transfer->reference_id, transfer->cause);
    for (int32_t i = 0; i < transfer->legs_count; i++) {
        const struct leg_row *leg = &transfer->legs[i];
        bool from = of_shopper_or_shop(leg->from_purpose), to = of_shopper_or_shop(leg->to_purpose);
        print += audit_leg_print(from ? 0 : leg->from_owner_id, from ? 0 : leg->from_purpose,
                                 to ? 0 : leg->to_owner_id, to ? 0 : leg->to_purpose, leg->unit, leg->amount);
    }
    return print;
}

static void moved_check(struct audit *audit, struct audit_vouchers *vouchers, const struct transfer_row *transfer)
{
    struct audit_about about = { AUDIT_voucher_once, &transfer_table, transfer };
    struct audit_moved key = { .transfer_id = transfer->transfer_id };
    struct audit_moved *moved = vouchers->moved.count == 0
                                    ? NULL
                                    : bsearch(&key, vouchers->moved.items, vouchers->moved.count, sizeof(key),
                                              by_transfer);
    if (audit_expect(audit, about, "no redemption names it", moved != NULL)) {
        audit_expect(audit, about, "it is not what its redemption says", moved->print == found_print(transfer));
        moved->redemption_id = 0; /* seen */
    }
}

/* The pieces that it moves: its first leg. */
static void pieces_check(struct audit *audit, struct audit_vouchers *vouchers, const struct transfer_row *transfer)
{
    struct audit_about about = { AUDIT_voucher_once, &transfer_table, transfer };
    const struct leg_row *leg = &transfer->legs[0];
    bool to_holder = leg->to_purpose == PURPOSE_vouchers, from_holder = leg->from_purpose == PURPOSE_vouchers;
    switch (transfer->cause) {
    case CAUSE_voucher_issue:
        vouchers->issued_print -= weighed(transfer->transfer_id, leg->unit, leg->amount);
        audit_expect(audit, about, "it does not bring pieces of a deal to a shopper",
                     to_holder && transfer->legs_count == 1 && leg->from_owner_id == leg->unit);
        break;
    case CAUSE_voucher_give:
        audit_expect(audit, about, "it does not go from shopper to shopper",
                     to_holder && from_holder && transfer->legs_count == 1);
        break;
    case CAUSE_voucher_return:
        vouchers->returned_print -= weighed(transfer->reference_id, leg->unit, leg->amount);
        audit_expect(audit, about, "it is not of a shopper's pieces", from_holder && transfer->legs_count == 1);
        break;
    case CAUSE_voucher_lapse:
        vouchers->lapsed_print -= weighed(transfer->reference_id, leg->unit, leg->amount);
        audit_expect(audit, about, "its pieces do not lapse", leg->to_purpose == PURPOSE_lapsed && from_holder);
        break;
    case CAUSE_voucher_keep:
        audit_expect(audit, about, "it sets nothing aside",
                     leg->to_purpose == PURPOSE_offline_quota && from_holder && transfer->legs_count == 1);
        break;
    case CAUSE_voucher_unkeep:
        audit_expect(audit, about, "it gives nothing back that was set aside",
                     leg->from_purpose == PURPOSE_offline_quota && to_holder && transfer->legs_count == 1);
        break;
    default:
        audit_wrong(audit, about, "its cause does not exist");
        break;
    }
}

static bool transfer(struct audit *audit, void *state, const struct transfer_row *moved)
{
    struct audit_vouchers *vouchers = state;
    for (int32_t i = 0; i < moved->legs_count; i++) {
        leg_count(vouchers, &moved->legs[i]);
    }
    if (moved->cause == CAUSE_voucher_redeem || moved->cause == CAUSE_voucher_undo) {
        moved_check(audit, vouchers, moved);
    } else {
        pieces_check(audit, vouchers, moved);
    }
    return true;
}

/* ---- the whole ---- */

static void places_check(struct audit *audit, const struct audit_map *map, int32_t purpose, const char *what)
{
    size_t at = 0;
    const struct audit_place *place;
    while ((place = audit_map_next(map, &at)) != NULL) {
        struct account_row key = { .owner_id = place->owner_id, .purpose = purpose, .unit = place->unit };
        struct audit_about about = { AUDIT_voucher_once, &account_table, &key };
        audit_expect_equal(audit, about, what, place->expected,
                           audit_balance(audit, place->owner_id, purpose, place->unit));
    }
}

static void deals_check(struct audit *audit, const struct audit_vouchers *vouchers)
{
    size_t at = 0;
    const struct audit_deal *deal;
    while ((deal = audit_map_next(&vouchers->deals, &at)) != NULL) {
        struct deal_row key = { .deal_id = deal->deal_id };
        struct audit_about about = { AUDIT_voucher_once, &deal_table, &key };
        audit_expect(audit, about, "pieces sold, redeemed, returned and lapsed are not those of its vouchers",
                     deal->sold_pieces == 0 && deal->redeemed_pieces == 0 && deal->returned_pieces == 0 &&
                         deal->lapsed_pieces == 0);
        audit_expect(audit, about, "cents sold, redeemed, returned and lapsed are not those of its vouchers",
                     deal->sold_minor == 0 && deal->redeemed_minor == 0 && deal->returned_minor == 0 &&
                         deal->lapsed_minor == 0);
        audit_expect_equal(audit, about, "pieces with the shops that redeemed them", deal->redeemed_found,
                           deal->redeemed_moved);
    }
}

static void end(struct audit *audit, void *state)
{
    struct audit_vouchers *vouchers = state;
    struct audit_about whole = { AUDIT_voucher_once, &voucher_table, NULL };
    places_check(audit, &vouchers->holders, PURPOSE_vouchers, "pieces of the holder's vouchers");
    places_check(audit, &vouchers->kept, PURPOSE_offline_quota, "pieces of the vouchers that are set aside");
    places_check(audit, &vouchers->escrows, PURPOSE_escrow, "cents left in the trade's vouchers");
    deals_check(audit, vouchers);
    audit_expect(audit, whole, "pieces issued are not those of the vouchers", vouchers->issued_print == 0);
    audit_expect(audit, whole, "pieces returned are not those of the vouchers", vouchers->returned_print == 0);
    audit_expect(audit, whole, "pieces lapsed are not those of the vouchers", vouchers->lapsed_print == 0);
    audit_expect(audit, whole, "pieces lie where no voucher says", vouchers->places_print == 0);
    for (size_t i = 0; i < vouchers->moved.count; i++) {
        const struct audit_moved *moved = audit_list_at(&vouchers->moved, i);
        struct redemption_row key = { .redemption_id = moved->redemption_id };
        struct audit_about about = { AUDIT_voucher_once, &redemption_table, &key };
        audit_expect(audit, about, "its transfer is not there", moved->redemption_id == 0);
    }
}

static bool owner_known(const struct audit *audit, const void *state, int64_t owner_id, int32_t purpose)
{
    switch (purpose) {
    case PURPOSE_vouchers:
        return audit_shopper_known(audit, owner_id);
    case PURPOSE_lapsed:
        return audit_map_get(&((const struct audit_vouchers *)state)->deals, owner_id, 0) != NULL;
    default: /* redeemed, offline_quota */
        return audit_shop_known(audit, owner_id);
    }
}

const struct audit_part audit_part_voucher = {
    .state_size = sizeof(struct audit_vouchers),
    .begin = begin,
    .release = release,
    .tables = tables,
    .cause_first = CAUSE_voucher_issue,
    .cause_last = CAUSE_voucher_unkeep,
    .transfer = transfer,
    .end = end,
    .purpose_first = PURPOSE_vouchers,
    .purpose_last = PURPOSE_offline_quota,
    .owner_known = owner_known,
};
