/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vouchers: their codes; a day of them, whose audit names every single corruption; and many random deeds after which
 * pieces and cents still add up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/hash.h"
#include "lines/local/local.h"
#include "lines/local/voucher_code.h"
#include "support/forged.h"
#include "support/missing.h"
#include "support/local_day.h"

#define NOODLES INT64_C(2000000001) /* valid in two shops, refunded when it lapses */
#define GYM INT64_C(2000000002)     /* three visits */
#define CARD INT64_C(2000000003)    /* stored value, never returned */
#define DINNER INT64_C(2000000004)  /* and a film: two merchants */
#define SHORT INT64_C(2000000005)   /* over within the hour */

/* ---- codes ---- */

static void check_digit_is_that_of_damm(void **state)
{
    (void)state;
    assert_int_equal(voucher_code_check_digit("572", 3), '4'); /* the example of his thesis */
    assert_int_equal(voucher_code_check_digit("", 0), '0');
    assert_int_equal(voucher_code_check_digit("5724", 4), '0');
}

static void a_code_with_one_mistake_is_none(void **state)
{
    (void)state;
    for (int32_t round = 0; round < 200; round++) {
        struct voucher_code_seed seed = { .seed = 7, .deal_id = NOODLES, .holder_id = round };
        char code[VOUCHER_CODE_SIZE], wrong[VOUCHER_CODE_SIZE], read[VOUCHER_CODE_SIZE];
        voucher_code_make(&seed, code);
        assert_int_equal(strlen(code), 12);
        assert_true(voucher_code_read(span_of(code), read));
        assert_string_equal(code, read);
        for (size_t i = 0; i < 12; i++) {
            for (char digit = '0'; digit <= '9'; digit++) {
                memcpy(wrong, code, sizeof(wrong));
                wrong[i] = digit;
                assert_int_equal(voucher_code_read(span_of(wrong), read), digit == code[i]);
            }
            memcpy(wrong, code, sizeof(wrong));
            if (i > 0 && wrong[i] != wrong[i - 1]) {
                wrong[i] = code[i - 1];
                wrong[i - 1] = code[i];
                assert_false(voucher_code_read(span_of(wrong), read));
            }
        }
    }
}

static void codes_may_be_written_in_groups(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        { "698202124275", true },   { " 6982 0212 4275 ", true }, { "6982-0212-4275", true }, { "69820212427", false },
        { "6982021242750", false }, { "", false },                { "69820212427x", false },  { "698202124276", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char code[VOUCHER_CODE_SIZE] = "before";
        assert_int_equal(voucher_code_read(span_of(cases[i].text), code), cases[i].good);
        assert_string_equal(code, cases[i].good ? "698202124275" : "before");
    }
}

/* Every part of the seed counts: none of its neighbours has a code near by. */
static void codes_tell_nothing_of_one_another(void **state)
{
    struct voucher_code_seed seed = { .seed = 1, .deal_id = NOODLES, .holder_id = 1 };
    struct voucher_code_seed others[] = { seed, seed, seed, seed, seed, seed };
    char code[VOUCHER_CODE_SIZE], other[VOUCHER_CODE_SIZE];
    int digits[10] = { 0 };
    (void)state;
    others[0].seed++;
    others[1].deal_id++;
    others[2].holder_id++;
    others[3].turn++;
    others[4].index++;
    others[5].attempt++;
    voucher_code_make(&seed, code);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        voucher_code_make(&others[i], other);
        assert_string_not_equal(code, other);
    }
    for (int32_t i = 0; i < 10000; i++) {
        seed.holder_id = i;
        voucher_code_make(&seed, code);
        digits[code[0] - '0']++;
    }
    for (size_t i = 0; i < COUNT_OF(digits); i++) {
        assert_in_range(digits[i], 850, 1150); /* five sigma of 1,000 */
    }
}

/* ---- a day ---- */

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fail_msg("refused: %s", refusal_text((int)refusal)->name);
    }
}

static void people_make(struct house *house, int64_t shoppers)
{
    for (int64_t i = 1; i <= 2; i++) {
        struct merchant_create merchant = { .merchant_id = i, .name = "M" };
        must(house_call(house, house_operator, &merchant_create, &merchant, NULL));
    }
    for (int64_t i = 1; i <= 3; i++) {
        struct shop_create shop = { .shop_id = i, .merchant_id = i < 3 ? 1 : 2, .name = "S" };
        must(house_call(house, house_operator, &shop_create, &shop, NULL));
    }
    for (int64_t i = 1; i <= shoppers; i++) {
        struct shopper_create shopper = { .shopper_id = i, .no_password_limit_minor = INT64_C(100000000) };
        struct wallet_move money = { .shopper_id = i, .amount_minor = 1000000 };
        must(house_call(house, house_operator, &shopper_create, &shopper, NULL));
        must(house_call(house, house_operator, &wallet_top_up, &money, NULL));
    }
}

static void deal_make(struct house *house, struct deal_rules rules)
{
    rules.shop_id = 1;
    memcpy(rules.title, "T", 2);
    if (rules.valid_until_us == 0) {
        rules.valid_until_us = house->now_us + 10 * US_PER_DAY;
    }
    rules.sale_until_us = min_i64(rules.valid_until_us, house->now_us + 9 * US_PER_DAY);
    must(house_call(house, house_operator, &deal_publish, &rules, NULL));
}

static void deals_make(struct house *house, int64_t stock)
{
    deal_make(house, (struct deal_rules){ .deal_id = NOODLES, .kind = DEAL_voucher, .price_minor = 1000, .stock = stock,
                                          .commission_bp = 500, .lapse_refunds = 1, .seed = 11, .shops_count = 2,
                                          .shops = { { .shop_id = 1 }, { .shop_id = 2 } } });
    deal_make(house, (struct deal_rules){ .deal_id = GYM, .kind = DEAL_times, .price_minor = 1000, .stock = stock,
                                          .commission_bp = 777, .seed = 12, .refund = DEAL_REFUND_any_time,
                                          .parts_count = 1,
                                          .parts = { { 1, "g", .pieces = 3, .share_minor = 1000 } } });
    deal_make(house, (struct deal_rules){ .deal_id = CARD, .kind = DEAL_stored_value, .price_minor = 9001,
                                          .face_minor = 10000, .stock = stock, .commission_bp = 500, .seed = 13,
                                          .refund = DEAL_REFUND_never, .shops_count = 2,
                                          .shops = { { .shop_id = 1 }, { .shop_id = 2 } } });
    deal_make(house, (struct deal_rules){ .deal_id = DINNER, .kind = DEAL_bundle, .price_minor = 1001, .stock = stock,
                                          .commission_bp = 300, .seed = 14, .parts_count = 2,
                                          .parts = { { 1, "d", .pieces = 1, .share_minor = 600 },
                                                     { 2, "f", .pieces = 1, .share_minor = 401 } },
                                          .shops_count = 2,
                                          .shops = { { .shop_id = 1, .parts = 1 }, { .shop_id = 3, .parts = 2 } } });
}

static void buy(struct house *house, int64_t shopper_id, int64_t deal_id, int32_t copies)
{
    struct deal_buy want = { .deal_id = deal_id, .copies = copies };
    must(house_call(house, house_shopper(shopper_id), &deal_buy, &want, NULL));
}

static void give(struct house *house, struct voucher_row voucher, int64_t to)
{
    struct voucher_give want = { .voucher_id = voucher.voucher_id, .to_shopper_id = to };
    must(house_call(house, house_shopper(voucher.holder_id), &voucher_give, &want, NULL));
}

static void give_back(struct house *house, struct voucher_row voucher, int64_t pieces)
{
    struct voucher_return want = { .voucher_id = voucher.voucher_id, .pieces = pieces };
    must(house_call(house, house_shopper(voucher.holder_id), &voucher_return, &want, NULL));
}

struct redemption_want { /* as the command's request */
    int64_t redemption_id;
};

struct voucher_want {
    int64_t voucher_id;
};

static void keep(struct house *house, struct voucher_row voucher, int64_t shop_id)
{
    struct voucher_keep want = { .voucher_id = voucher.voucher_id, .shop_id = shop_id };
    must(house_call(house, house_shopper(voucher.holder_id), &voucher_keep, &want, NULL));
}

/* Of each kind of thing one; nothing is left to chance. */
static void day_make(struct house *house)
{
    people_make(house, 6);
    deals_make(house, 4);
    deal_make(house, (struct deal_rules){ .deal_id = SHORT, .kind = DEAL_voucher, .price_minor = 500, .stock = 1,
                                          .seed = 15, .valid_until_us = house->now_us + US_PER_HOUR });
    buy(house, 6, SHORT, 1);
    house->now_us += 2 * US_PER_HOUR; /* what nobody used is the shop's */
    house_settle(house);
    buy(house, 1, NOODLES, 2);
    buy(house, 2, GYM, 1);
    buy(house, 3, CARD, 1);
    buy(house, 4, DINNER, 1);
    buy(house, 5, NOODLES, 2);
    local_day_redeem(house, 2, local_day_voucher(house, 1, NOODLES, 0), 1, 0);
    local_day_redeem(house, 1, local_day_voucher(house, 2, GYM, 0), 1, 0);
    struct redemption_want undo = { local_day_redeem(house, 1, local_day_voucher(house, 2, GYM, 0), 1, 0) };
    must(house_call(house, house_shop(1), &voucher_undo, &undo, NULL));
    local_day_redeem(house, 1, local_day_voucher(house, 3, CARD, 0), 0, 3333);
    local_day_redeem(house, 3, local_day_voucher(house, 4, DINNER, 1), 1, 0);
    give(house, local_day_voucher(house, 1, NOODLES, 1), 6);
    for (int64_t shopper_id = 1; shopper_id <= 3; shopper_id++) { /* sold out: two wait, and one who left */
        struct waiting_join want = { .deal_id = NOODLES, .shopper_id = shopper_id };
        must(house_call(house, house_operator, &waiting_join, &want, NULL));
    }
    struct waiting_join leave = { .deal_id = NOODLES, .shopper_id = 2 };
    must(house_call(house, house_operator, &waiting_leave, &leave, NULL));
    give_back(house, local_day_voucher(house, 5, NOODLES, 0), 0);
    give_back(house, local_day_voucher(house, 2, GYM, 0), 1);
    struct voucher_quota_reserve quota = { .shop_id = 2, .deal_id = NOODLES, .pieces = 3, .accept_in_s = 3600 };
    must(house_call(house, house_shop(2), &voucher_quota_reserve, &quota, NULL));
    keep(house, local_day_voucher(house, 6, NOODLES, 0), 2);
    keep(house, local_day_voucher(house, 5, NOODLES, 1), 2);
    struct voucher_want unkeep = { local_day_voucher(house, 5, NOODLES, 1).voucher_id };
    must(house_call(house, house_shop(2), &voucher_unkeep, &unkeep, NULL));
    struct voucher_reconcile told = { .shop_id = 2, .taken_count = 1 };
    memcpy(told.taken[0].code, "000000000000", 13);
    told.taken[0].accepted_at_us = house->now_us;
    must(house_call(house, house_shop(2), &voucher_reconcile, &told, NULL));
    struct review_write review = { .voucher_id = local_day_voucher(house, 1, NOODLES, 0).voucher_id, .stars = 4 };
    must(house_call(house, house_shopper(1), &review_write, &review, NULL));
    give(house, local_day_voucher(house, 3, CARD, 0), 4); /* a friend uses some of it, and gives it back */
    local_day_redeem(house, 2, local_day_voucher(house, 4, CARD, 0), 0, 100);
    give(house, local_day_voucher(house, 4, CARD, 0), 3);
    review.voucher_id = local_day_voucher(house, 3, CARD, 0).voucher_id;
    must(house_call(house, house_shopper(3), &review_write, &review, NULL));
}

/* ---- the corruptions ---- */

#define VOUCHER_IS(name, condition)                                                                          \
    static bool name(const void *row)                                                                        \
    {                                                                                                        \
        const struct voucher_row *voucher = row;                                                             \
        return condition;                                                                                    \
    }
VOUCHER_IS(open_one, voucher->state == VOUCHER_open && voucher->kept_shop_id == 0)
VOUCHER_IS(kept_one, voucher->kept_shop_id != 0)
VOUCHER_IS(used_up, voucher->state == VOUCHER_redeemed)
VOUCHER_IS(card_one, voucher->face_minor > 0)
VOUCHER_IS(visits, voucher->deal_id == GYM)

#define TRANSFER_IS(name, number)                                                                            \
    static bool name(const void *row)                                                                        \
    {                                                                                                        \
        return ((const struct transfer_row *)row)->cause == (number);                                        \
    }
TRANSFER_IS(redeeming, CAUSE_voucher_redeem)
TRANSFER_IS(undoing, CAUSE_voucher_undo)
TRANSFER_IS(issuing, CAUSE_voucher_issue)
TRANSFER_IS(giving, CAUSE_voucher_give)
TRANSFER_IS(returning, CAUSE_voucher_return)
TRANSFER_IS(lapsing, CAUSE_voucher_lapse)
TRANSFER_IS(keeping, CAUSE_voucher_keep)

static bool undone(const void *row)
{
    return ((const struct redemption_row *)row)->state == REDEMPTION_undone;
}

static bool done(const void *row)
{
    return ((const struct redemption_row *)row)->state == REDEMPTION_done;
}

static bool waits(const void *row)
{
    return ((const struct waiting_row *)row)->state == WAITING_waits;
}

static bool whole_sums(const void *row)
{
    const struct deal_day_row *sums = row;
    return sums->shop_id == 0 && sums->redeemed_pieces > 0;
}

#define ONCE AUDIT_voucher_once
#define DURABLE AUDIT_answer_durable

static const struct corruption corruptions[] = {
    { "a piece too many", &voucher_table, open_one, ADD, "pieces_left", 1, ONCE, "pieces redeemed, returned" },
    { "a piece redeemed twice", &voucher_table, used_up, ADD, "redeemed_pieces", 1, ONCE, "pieces redeemed, returned" },
    { "a cent too many", &voucher_table, open_one, ADD, "left_minor", 1, ONCE, "cents redeemed, returned" },
    { "more came with it", &voucher_table, open_one, ADD, "paid_minor", 1, ONCE, "cents redeemed, returned" },
    { "used up and open", &voucher_table, used_up, ADD, "state", -1, ONCE, "its state is not" },
    { "open and returned", &voucher_table, open_one, ADD, "state", 2, ONCE, "its state is not" },
    { "more value than its face", &voucher_table, card_one, ADD, "face_left_minor", 9000, ONCE, "its face is not" },
    { "value of nothing", &voucher_table, visits, ADD, "face_left_minor", 9, ONCE, "its face is not" },
    { "nobody paid", &voucher_table, open_one, ADD, "trade_id", -INT64_MAX, ONCE, "no trade paid" },
    { "of another deal", &voucher_table, open_one, ADD, "deal_id", 70, DURABLE, "its deal or part" },
    { "of a part that is not", &voucher_table, open_one, ADD, "part", 5, DURABLE, "its deal or part" },
    { "bought by nobody", &voucher_table, open_one, ADD, "buyer_id", 70, DURABLE, "its buyer" },
    { "held by nobody", &voucher_table, open_one, ADD, "holder_id", 70, DURABLE, "its holder" },
    { "a code that is none", &voucher_table, open_one, ADD, "code", 10, DURABLE, "its code is none" },
    { "kept by nobody", &voucher_table, kept_one, ADD, "kept_shop_id", -INT64_MAX, DURABLE, "set aside in part" },
    { "kept until never", &voucher_table, kept_one, ADD, "kept_until_us", -INT64_MAX, DURABLE, "set aside in part" },
    { "a timer at another time", &voucher_table, open_one, ADD, "due_us", 1, AUDIT_reservation_kept, "timer" },
    { "no more, and still timed", &voucher_table, used_up, ADD, "due_us", 1, DURABLE, "timer is due" },
    { "held by another", &voucher_table, open_one, ADD, "holder_id", 1, ONCE, "pieces of the holder's" },
    { "kept by another shop", &voucher_table, kept_one, ADD, "kept_shop_id", -1, ONCE, "that are set aside" },
    { "paid by another trade", &voucher_table, open_one, ADD, "trade_id", 1, ONCE, "" },
    { "issued with another", &voucher_table, open_one, ADD, "issue_transfer_id", 1, ONCE, "pieces issued" },
    { "a voucher is gone", &voucher_table, used_up, DROP, NULL, 0, ONCE, "" },
    { "a voucher out of nothing", &voucher_table, used_up, INVENT, NULL, -1, ONCE, "" },
    { "redeemed once more", &voucher_table, used_up, ADD, "redemptions", 1, ONCE, "redemptions that stand" },
    { "another last redemption", &voucher_table, used_up, ADD, "last_redemption_id", 1, ONCE, "its last redemption" },
    { "reviewed by itself", &voucher_table, open_one, ADD, "reviewed", 1, DURABLE, "that were reviewed" },
    { "a code is gone", &voucher_code_table, NULL, DROP, NULL, 0, ONCE, "codes and vouchers" },
    { "a code of another", &voucher_code_table, NULL, ADD, "voucher_id", 1, ONCE, "codes and vouchers" },
    { "another code", &voucher_code_table, NULL, ADD, "code", 1, ONCE, "codes and vouchers" },
    { "of another merchant", &redemption_table, done, ADD, "merchant_id", 1, ONCE, "another merchant's" },
    { "nothing taken", &redemption_table, done, ADD, "pieces", -1, ONCE, "neither pieces nor value" },
    { "all is commission", &redemption_table, done, ADD, "commission_minor", 9999, ONCE, "its commission" },
    { "no transfer", &redemption_table, done, ADD, "transfer_id", -INT64_MAX, ONCE, "names no transfer" },
    { "undone at no time", &redemption_table, undone, ADD, "undone_at_us", -INT64_MAX, ONCE, "too late" },
    { "undone too late", &redemption_table, undone, ADD, "undone_at_us", US_PER_DAY, ONCE, "too late" },
    { "of another voucher", &redemption_table, done, ADD, "voucher_id", 1, ONCE, "nothing of its voucher" },
    { "more pieces", &redemption_table, done, ADD, "pieces", 1, ONCE, "pieces redeemed, less" },
    { "more cents", &redemption_table, done, ADD, "gross_minor", 1, ONCE, "cents redeemed, less" },
    { "a cent of commission", &redemption_table, done, ADD, "commission_minor", 1, ONCE, "what its redemption says" },
    { "by another transfer", &redemption_table, done, ADD, "transfer_id", 1, ONCE, "no redemption names it" },
    { "undone by another", &redemption_table, undone, ADD, "undo_transfer_id", 1, ONCE, "no redemption names it" },
    { "in another shop", &redemption_table, undone, ADD, "shop_id", 1, ONCE, "what its redemption says" },
    { "a redemption is gone", &redemption_table, done, DROP, NULL, 0, ONCE, "" },
    { "quota of no shop", &voucher_quota_table, NULL, ADD, "shop_id", 70, ONCE, "its shop or deal" },
    { "quota of no deal", &voucher_quota_table, NULL, ADD, "deal_id", 70, ONCE, "its shop or deal" },
    { "kept too short", &voucher_quota_table, NULL, ADD, "keep_until_us", -2 * US_PER_DAY, ONCE, "contradict" },
    { "conflict of no shop", &conflict_table, NULL, ADD, "shop_id", 70, DURABLE, "its shop" },
    { "conflict without reason", &conflict_table, NULL, ADD, "reason", -1, DURABLE, "no reason" },
    { "nobody waits", &waiting_table, waits, ADD, "shopper_id", 70, DURABLE, "its shopper" },
    { "one more waits", &waiting_line_table, NULL, ADD, "waiting", 1, DURABLE, "people who wait" },
    { "more than places", &waiting_line_table, NULL, ADD, "waiting", 10, DURABLE, "more wait than" },
    { "another place", &waiting_table, waits, ADD, "number", 1, DURABLE, "stand where they say" },
    { "an empty place", &waiting_place_table, NULL, DROP, NULL, 0, DURABLE, "stand where they say" },
    { "a line for nothing", &waiting_line_table, NULL, ADD, "deal_id", 1, AUDIT_reservation_kept,
      "no timer ends that" },
    { "a review nobody paid", &review_table, NULL, ADD, "trade_id", -INT64_MAX, DURABLE, "nobody paid" },
    { "six stars", &review_table, NULL, ADD, "stars", 2, DURABLE, "so many stars" },
    { "five stars", &review_table, NULL, ADD, "stars", 1, DURABLE, "stars, less" },
    { "a review of another", &review_table, NULL, ADD, "redemption_id", 1, DURABLE, "its redemption is not" },
    { "a review by another", &review_table, NULL, ADD, "shopper_id", 1, DURABLE, "that were reviewed" },
    { "a review is gone", &review_table, NULL, DROP, NULL, 0, DURABLE, "" },
    { "a review more", &shop_place_table, NULL, ADD, "reviews", 1, DURABLE, "reviews" },
    { "the deal redeemed more", &deal_day_table, whole_sums, ADD, "redeemed_pieces", 1, ONCE, "" },
    { "redeemed elsewhere", &transfer_table, redeeming, ADD, "reference_id", 1, ONCE, "what its redemption says" },
    { "undone elsewhere", &transfer_table, undoing, ADD, "reference_id", 1, ONCE, "what its redemption says" },
    { "issued out of vouchers", &transfer_table, giving, ADD, "cause", -3, ONCE, "pieces of a deal to" },
    { "issued to a shop", &transfer_table, issuing, ADD, "legs.0.to_purpose", 1, ONCE, "pieces of a deal to" },
    { "given to a shop", &transfer_table, giving, ADD, "legs.0.to_purpose", 1, ONCE, "from shopper to shopper" },
    { "returned out of stock", &transfer_table, issuing, ADD, "cause", 4, ONCE, "a shopper's pieces" },
    { "returned of another", &transfer_table, returning, ADD, "reference_id", 1, ONCE, "pieces returned are not" },
    { "lapsed to a shop", &transfer_table, lapsing, ADD, "legs.0.to_purpose", -1, ONCE, "pieces do not lapse" },
    { "lapsed of another", &transfer_table, lapsing, ADD, "reference_id", 1, ONCE, "pieces lapsed are not" },
    { "kept by a shopper", &transfer_table, keeping, ADD, "legs.0.to_purpose", -3, ONCE, "sets nothing aside" },
    { "not kept before", &transfer_table, issuing, ADD, "cause", 7, ONCE, "gives nothing back" },
};

static void audit_names_every_corruption(void **state)
{
    struct house house;
    struct audit_report report;
    (void)state;
    house_open_memory(&house, NULL);
    day_make(&house);
    if (!house_audit(&house, &report)) {
        fail_msg("a day of vouchers: %s", report.first.sentence);
    }
    assert_int_equal(report.laws[AUDIT_voucher_once].verdict, AUDIT_held);
    assert_int_equal(forged_missed(&house, corruptions, COUNT_OF(corruptions)), 0);
    house_close(&house);
}

/* ---- many deeds ---- */

#define STORM_SHOPPERS 5
#define STORM_DEEDS 3000

struct storm {
    struct house house;
    uint64_t random;
    int64_t redemptions[64]; /* the newest ones */
    size_t redemption_count;
    int done[8];
};

static int64_t random_below(struct storm *storm, int64_t most)
{
    storm->random = hash_mix(storm->random + UINT64_C(0x9e3779b97f4a7c15));
    return (int64_t)(storm->random % (uint64_t)most);
}

struct sums {
    int64_t pieces[STORM_SHOPPERS + 1];
    struct storm *storm;
    int64_t nth;
    struct voucher_row picked;
};

static bool nth_each(void *context, const void *row)
{
    struct sums *sums = context;
    if (sums->nth-- > 0) {
        return true;
    }
    sums->picked = *(const struct voucher_row *)row;
    return false;
}

static struct voucher_row any_voucher(struct storm *storm, int64_t count)
{
    struct sums sums = { .nth = random_below(storm, count) };
    storm->house.store->ops->scan(storm->house.store, &voucher_table, (struct span){ NULL, 0 }, nth_each, &sums);
    return sums.picked;
}

static bool count_each(void *context, const void *row)
{
    (void)row;
    ++*(int64_t *)context;
    return true;
}

static void storm_redeem(struct storm *storm, struct voucher_row voucher)
{
    static const int64_t shop_of[] = { 1, 2, 1, 3 };
    struct voucher_redeem want = { .shop_id = shop_of[random_below(storm, 4)], .codes_count = 1 };
    struct voucher_redeemed_list list;
    memcpy(want.codes[0].code, voucher.code, sizeof(voucher.code));
    if (voucher.face_minor > 0) {
        want.codes[0].amount_minor = 1 + random_below(storm, voucher.face_left_minor + 1);
    } else {
        want.codes[0].pieces = random_below(storm, 3);
    }
    if (house_call(&storm->house, house_shop(want.shop_id), &voucher_redeem, &want, &list) == REFUSAL_none) {
        storm->redemptions[storm->redemption_count++ % COUNT_OF(storm->redemptions)] =
            list.redemptions[0].redemption_id;
        storm->done[0]++;
    }
}

static void storm_undo(struct storm *storm)
{
    struct redemption_want want = { storm->redemptions[random_below(storm, COUNT_OF(storm->redemptions))] };
    storm->done[1] += house_call(&storm->house, house_operator, &voucher_undo, &want, NULL) == REFUSAL_none;
}

static void storm_deed(struct storm *storm, int64_t count)
{
    struct house *house = &storm->house;
    struct voucher_row voucher = any_voucher(storm, count);
    struct caller holder = house_shopper(voucher.holder_id);
    struct voucher_give give_want = { .voucher_id = voucher.voucher_id,
                                      .to_shopper_id = 1 + random_below(storm, STORM_SHOPPERS) };
    struct voucher_return return_want = { .voucher_id = voucher.voucher_id, .pieces = random_below(storm, 3) };
    struct voucher_keep keep_want = { .voucher_id = voucher.voucher_id, .shop_id = 1 + random_below(storm, 2) };
    struct deal_buy buy_want = { .deal_id = NOODLES + random_below(storm, 4), .copies = 1 };
    switch (random_below(storm, 12)) {
    case 0:
        storm->done[2] += house_call(house, holder, &voucher_give, &give_want, NULL) == REFUSAL_none;
        break;
    case 1:
        storm->done[3] += house_call(house, holder, &voucher_return, &return_want, NULL) == REFUSAL_none;
        break;
    case 2:
        storm->done[4] += house_call(house, holder, &voucher_keep, &keep_want, NULL) == REFUSAL_none;
        break;
    case 3:
    case 4:
        storm_undo(storm);
        break;
    case 5:
        house->now_us += US_PER_MINUTE * (1 + random_below(storm, 9));
        house_settle(house);
        break;
    case 6:
    case 7:
        storm->done[5] += house_call(house, house_shopper(1 + random_below(storm, STORM_SHOPPERS)), &deal_buy,
                                     &buy_want, NULL) == REFUSAL_none;
        break;
    default:
        storm_redeem(storm, voucher);
        break;
    }
}

static void pieces_and_cents_add_up_whatever_is_done(void **state)
{
    static struct storm storm;
    struct audit_report report;
    (void)state;
    storm = (struct storm){ .random = 20150308 };
    house_open_missing(&storm.house, 8, 5);
    people_make(&storm.house, STORM_SHOPPERS);
    deals_make(&storm.house, 200);
    for (int64_t deal_id = NOODLES; deal_id <= CARD; deal_id++) { /* not of the bundle: two shops */
        for (int64_t shop_id = 1; shop_id <= 2 && (shop_id == 1 || deal_id == NOODLES); shop_id++) {
            struct voucher_quota_reserve quota = { .shop_id = shop_id, .deal_id = deal_id, .pieces = 5,
                                                   .accept_in_s = 10 * 86400 };
            must(house_call(&storm.house, house_operator, &voucher_quota_reserve, &quota, NULL));
        }
        buy(&storm.house, 1, deal_id, 2);
    }
    for (int deed = 0; deed < STORM_DEEDS; deed++) {
        int64_t count = 0;
        storm.house.store->ops->scan(storm.house.store, &voucher_table, (struct span){ NULL, 0 }, count_each, &count);
        storm_deed(&storm, count);
        if (deed % 100 == 99 && !house_audit(&storm.house, &report)) {
            fail_msg("after %d deeds: %s", deed, report.first.sentence);
        }
    }
    for (size_t i = 0; i < 6; i++) {
        assert_true(storm.done[i] > 10); /* each kind was really done */
    }
    storm.house.now_us += 40 * US_PER_DAY; /* in the end everything lapses, and no cent is left in any escrow */
    house_settle(&storm.house);
    if (!house_audit(&storm.house, &report)) {
        fail_msg("in the end: %s", report.first.sentence);
    }
    for (int64_t deal_id = NOODLES; deal_id <= DINNER; deal_id++) {
        struct deal_day_row sums = { .deal_id = deal_id };
        assert_true(house_row(&storm.house, &deal_day_table, &sums));
        assert_int_equal(sums.sold_pieces, sums.redeemed_pieces + sums.returned_pieces + sums.lapsed_pieces);
        assert_int_equal(sums.sold_minor, sums.redeemed_minor + sums.returned_minor + sums.lapsed_minor);
    }
    house_close(&storm.house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_digit_is_that_of_damm),
        cmocka_unit_test(a_code_with_one_mistake_is_none),
        cmocka_unit_test(codes_may_be_written_in_groups),
        cmocka_unit_test(codes_tell_nothing_of_one_another),
        cmocka_unit_test(audit_names_every_corruption),
        cmocka_unit_test(pieces_and_cents_add_up_whatever_is_done),
    };
    return cmocka_run_group_tests_name("local_voucher", tests, NULL, NULL);
}
