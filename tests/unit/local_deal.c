/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deals: cells that cover every circle, opening hours, searches that find what counting by hand finds, an audit that
 * names every single corruption, and many random deeds after which the books hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/hash.h"
#include "lines/local/local.h"
#include "store/store.h"
#include "support/day.h"
#include "support/forged.h"
#include "support/local_day.h"

static uint64_t random_state;

/* From 0 to below `most`. */
static int64_t random_below(int64_t most)
{
    return (int64_t)(hash_mix(++random_state * UINT64_C(0x9e3779b97f4a7c15)) % (uint64_t)most);
}

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fail_msg("refused: %s", refusal_text((int)refusal)->name);
    }
}

/* ---- cells ---- */

static struct position place_beside(struct position centre, int64_t reach_e6)
{
    int64_t latitude_e6 = centre.latitude_e6 + random_below(2 * reach_e6 + 1) - reach_e6;
    int64_t wide_e6 = llabs(latitude_e6) > 80000000 ? 180000000 : 4 * reach_e6;
    int64_t longitude_e6 = centre.longitude_e6 + random_below(2 * wide_e6 + 1) - wide_e6;
    latitude_e6 = latitude_e6 > LATITUDE_MAX_E6 ? LATITUDE_MAX_E6 : latitude_e6;
    latitude_e6 = latitude_e6 < -LATITUDE_MAX_E6 ? -LATITUDE_MAX_E6 : latitude_e6;
    longitude_e6 -= longitude_e6 > LONGITUDE_MAX_E6 ? 360000000 : 0;
    longitude_e6 += longitude_e6 < -LONGITUDE_MAX_E6 ? 360000000 : 0;
    return (struct position){ (int32_t)latitude_e6, (int32_t)longitude_e6 };
}

static bool ranges_cover(const struct cell_range *ranges, size_t count, int64_t cell)
{
    for (size_t i = 0; i < count; i++) {
        if (cell >= ranges[i].from && cell <= ranges[i].to) {
            return true;
        }
    }
    return false;
}

static void cells_cover_their_circle(void **state)
{
    static const struct position centres[] = { { 30250000, 120150000 }, { 0, 0 },          { 0, 180000000 },
                                            { 10, -180000000 },      { 89900000, 0 },   { -89999999, 179999999 },
                                            { 60000000, 179990000 }, { -33860000, 151210000 }, { 90000000, 5 } };
    static const int64_t radii_m[] = { 1, 50, 400, 3000, 20000, PLACE_RADIUS_MOST_M };
    struct cell_range ranges[CELL_RANGES_MAX];
    int64_t inside = 0;
    (void)state;
    for (size_t c = 0; c < COUNT_OF(centres); c++) {
        for (size_t r = 0; r < COUNT_OF(radii_m); r++) {
            size_t count = place_ranges(centres[c], radii_m[r], ranges);
            assert_in_range(count, 1, CELL_RANGES_MAX);
            for (int i = 0; i < 2000; i++) {
                struct position at = place_beside(centres[c], radii_m[r] * 10 + 20);
                if (place_distance_m(centres[c], at) <= radii_m[r]) {
                    inside++;
                    assert_true(ranges_cover(ranges, count, place_cell(at)));
                }
            }
        }
    }
    assert_true(inside > 10000);
}

static void cells_are_not_too_many(void **state)
{
    struct cell_range ranges[CELL_RANGES_MAX];
    int64_t cells = 0;
    (void)state;
    size_t count = place_ranges((struct position){ 30250000, 120150000 }, 3000, ranges);
    for (size_t i = 0; i < count; i++) {
        cells += ranges[i].to - ranges[i].from + 1;
    }
    assert_in_range(cells, 110, 240); /* 28 square kilometres, a cell has a quarter of one */
}

/* ---- hours ---- */

static void hours_are_those_of_the_zone(void **state)
{
    static const struct {
        const char *at;
        bool open;
    } cases[] = {
        { "2014-12-12T09:59:59+08:00", false }, { "2014-12-12T10:00:00+08:00", true }, /* Friday, to 2 at night */
        { "2014-12-13T01:59:59+08:00", true },  { "2014-12-13T02:00:00+08:00", false },
        { "2014-12-13T12:00:00+08:00", false }, /* Saturday is closed */
        { "2014-12-14T00:00:00+08:00", true },  { "2014-12-14T23:59:59+08:00", true }, /* Sunday, all day */
        { "2014-12-15T00:00:00+08:00", false }, { "2014-12-15T12:00:00+08:00", true },
    };
    struct open_hours hours[7] = { { 600, 1320 }, { 600, 1320 }, { 600, 1320 }, { 600, 1320 },
                                   { 600, 120 },  { 0, 0 },      { 0, 1440 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t at_us;
        assert_true(instant_read(span_of(cases[i].at), &at_us));
        if (hours_open(hours, 7, at_us, 480) != cases[i].open) {
            fail_msg("%s", cases[i].at);
        }
        assert_true(hours_open(hours, 0, at_us, 480));
    }
    assert_true(minutes_include(600, 600, 5));
    assert_true(minutes_include(1380, 120, 0));
    assert_false(minutes_include(1380, 120, 120));
}

/* ---- searches ---- */

#define CITY_SHOPS 40
#define CITY_DEALS 150

struct city {
    char folder[64], file[128];
    struct reader *reader;
    int64_t now_us;
    struct deal_row deals[CITY_DEALS];
    struct shop_place_row shops[CITY_SHOPS + 1];
    bool valid[CITY_DEALS][CITY_SHOPS + 1];
};

static struct city city;

static void city_shop(struct house *house, int64_t shop_id)
{
    struct shop_create shop = { .shop_id = shop_id, .merchant_id = 1 };
    must(house_call(house, house_operator, &shop_create, &shop, NULL));
    struct shop_place_set set = { .shop_id = shop_id,
                                  .latitude_e6 = (int32_t)(30250000 + random_below(40000)),
                                  .longitude_e6 = (int32_t)(120150000 + random_below(40000)) };
    for (; set.hours_count < 7 && shop_id % 3 != 0;) {
        set.hours[set.hours_count++] = (struct open_hours){ (int32_t)random_below(1439), 1440 };
    }
    if (shop_id % 10 != 0) { /* some have no place */
        must(house_call(house, house_operator, &shop_place_set, &set, NULL));
    }
}

static void city_deal(struct house *house, int64_t index)
{
    struct deal_rules rules = { .deal_id = DEAL_ID_LEAST + index,
                                .kind = DEAL_voucher,
                                .category = (int32_t)random_below(4),
                                .title = "deal",
                                .price_minor = 100 + random_below(20),
                                .stock = 1 + random_below(3),
                                .sale_from_us = house->now_us + (index % 17 == 1 ? US_PER_DAY : 0),
                                .sale_until_us = house->now_us + US_PER_HOUR + (index % 14 == 0 ? 0 : 9 * US_PER_DAY),
                                .valid_until_us = house->now_us + 20 * US_PER_DAY };
    int64_t first = random_below(CITY_SHOPS);
    int64_t count = 1 + random_below(4);
    for (int64_t i = 0; i < count; i++) {
        rules.shops[rules.shops_count++].shop_id = 1 + (first + i * 7) % CITY_SHOPS;
    }
    rules.shop_id = rules.shops[0].shop_id;
    must(house_call(house, house_operator, &deal_publish, &rules, NULL));
    struct { int64_t deal_id; } ref = { rules.deal_id };
    const struct command *more = index % 11 == 0 ? &deal_pause : index % 13 == 0 ? &deal_end : NULL;
    if (more != NULL) {
        must(house_call(house, house_operator, more, &ref, NULL));
    }
}

static bool city_row(void *context, const void *row)
{
    const struct table *table = context;
    if (table == &deal_table) {
        const struct deal_row *deal = row;
        city.deals[deal->deal_id - DEAL_ID_LEAST] = *deal;
    } else if (table == &shop_place_table) {
        const struct shop_place_row *shop = row;
        city.shops[shop->shop_id] = *shop;
    } else {
        const struct deal_detail_row *detail = row;
        for (int32_t i = 0; i < detail->shops_count; i++) {
            city.valid[detail->deal_id - DEAL_ID_LEAST][detail->shops[i].shop_id] = true;
        }
    }
    return true;
}

/* A review of a shop. */
struct review_put {
    int64_t shop_id;
    int32_t stars;
};
static const struct column review_columns[] = {
    COLUMN(review_put, shop_id, .form = FORM_id),
    COLUMN(review_put, stars),
};
static const struct shape review_shape = SHAPE("review_put", review_put, review_columns);

static enum refusal review_decide(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct review_put *want = request;
    (void)at;
    (void)answer;
    shop_place_review(view, want->shop_id, 1, want->stars);
    return REFUSAL_none;
}

static const struct command review_put = { .name = "review_put", .number = 901, .flags = COMMAND_internal,
                                           .request = &review_shape, .answer = &nothing_shape,
                                           .decide = review_decide };

static int city_open(void **state)
{
    static struct house house;
    struct store_error error = { .text = "" };
    struct merchant_create merchant = { .merchant_id = 1, .name = "Lotus" };
    snprintf(city.folder, sizeof(city.folder), "/tmp/onetill-near-XXXXXX");
    assert_non_null(mkdtemp(city.folder));
    snprintf(city.file, sizeof(city.file), "%s/till", city.folder);
    random_state = 7;
    house_open_sqlite(&house, city.file);
    must(house_call(&house, house_operator, &merchant_create, &merchant, NULL));
    for (int64_t id = 1; id <= CITY_SHOPS; id++) {
        city_shop(&house, id);
    }
    for (int64_t i = 0; i < CITY_DEALS; i++) {
        city_deal(&house, i);
    }
    for (int64_t i = 0; i < 60; i++) {
        struct review_put review = { .shop_id = 1 + random_below(CITY_SHOPS), .stars = (int32_t)(1 + random_below(5)) };
        must(house_call(&house, house_operator, &review_put, &review, NULL));
    }
    for (int64_t id = 1; id <= 5; id++) {
        struct shop_place_set set = { .shop_id = id, .latitude_e6 = 30270000 + (int32_t)id, .longitude_e6 = 120170000 };
        must(house_call(&house, house_operator, &shop_place_set, &set, NULL));
    }
    city.now_us = house.now_us + 2 * US_PER_HOUR;
    const struct table *const tables[] = { &deal_table, &shop_place_table, &deal_detail_table };
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        void *context;
        memcpy(&context, &tables[i], sizeof(context));
        assert_int_equal(house.store->ops->scan(house.store, tables[i], (struct span){ NULL, 0 }, city_row, context),
                         STATUS_ok);
    }
    house_close(&house);
    assert_int_equal(store_snapshot_open(city.file, product_tables, &city.reader, &error), STATUS_ok);
    *state = &city;
    return 0;
}

static int city_close(void **state)
{
    (void)state;
    city.reader->ops->close(city.reader);
    folder_remove(city.folder);
    return 0;
}

/* As the request of deal_near. */
struct near {
    int32_t latitude_e6, longitude_e6, radius_m, category;
    int64_t price_most_minor;
    int32_t rating_least_tenths, open_now, order;
};

struct hit {
    int64_t rank, deal_id, shop_id, distance_m;
};

static int hit_order(const void *a, const void *b)
{
    const struct hit *left = a, *right = b;
    if (left->rank != right->rank) {
        return left->rank < right->rank ? -1 : 1;
    }
    return left->deal_id < right->deal_id ? -1 : 1;
}

static bool shop_fits(const struct near *want, const struct shop_place_row *shop, int64_t *distance_m)
{
    if (shop->placed == 0) {
        return false;
    }
    struct position centre = { want->latitude_e6, want->longitude_e6 }, at = { shop->latitude_e6, shop->longitude_e6 };
    *distance_m = place_distance_m(centre, at);
    return *distance_m <= (want->radius_m != 0 ? want->radius_m : 3000) &&
           shop->rating_tenths >= want->rating_least_tenths &&
           (want->open_now == 0 || hours_open(shop->hours, shop->hours_count, city.now_us, 480));
}

/* By looking at every deal at every shop. */
static size_t count_by_hand(const struct near *want, struct hit *hits)
{
    size_t count = 0;
    for (size_t i = 0; i < CITY_DEALS; i++) {
        const struct deal_row *deal = &city.deals[i];
        struct hit best = { .deal_id = 0 };
        bool fits = deal->state == DEAL_live && deal->sale_from_us <= city.now_us &&
                    deal->sale_until_us > city.now_us && (want->category == 0 || deal->category == want->category) &&
                    (want->price_most_minor == 0 || deal->price_minor <= want->price_most_minor);
        for (int64_t shop_id = 1; shop_id <= CITY_SHOPS && fits; shop_id++) {
            int64_t distance_m;
            if (!city.valid[i][shop_id] || !shop_fits(want, &city.shops[shop_id], &distance_m) ||
                (best.deal_id != 0 && best.distance_m <= distance_m)) {
                continue;
            }
            best = (struct hit){ .deal_id = deal->deal_id, .shop_id = shop_id, .distance_m = distance_m };
            best.rank = want->order == 2   ? deal->price_minor
                        : want->order == 3 ? -city.shops[shop_id].rating_tenths
                                           : distance_m;
        }
        if (best.deal_id != 0) {
            hits[count++] = best;
        }
    }
    qsort(hits, count, sizeof(hits[0]), hit_order);
    return count;
}

struct page {
    struct read_page page; /* first */
    struct hit hits[CITY_DEALS + 1];
    size_t count, on_page, limit;
    uint8_t key[READ_KEY_SIZE_MAX];
    size_t key_size;
    bool more;
};

static bool page_emit(struct read_page *handed, const void *element, struct span key)
{
    struct page *page = (struct page *)handed;
    const struct deal_found *found = element;
    if (page->on_page == page->limit) {
        page->more = true;
        return false;
    }
    assert_true(page->count < CITY_DEALS);
    assert_true(found->copies_left >= 1 && found->copies_left <= 3);
    page->hits[page->count++] = (struct hit){ .deal_id = found->deal_id,
                                              .shop_id = found->shop_id,
                                              .distance_m = found->distance_m };
    memcpy(page->key, key.bytes, key.size);
    page->key_size = key.size;
    page->on_page++;
    return true;
}

static void near_ask(const struct near *want, struct page *page)
{
    *page = (struct page){ .page = { .emit = page_emit }, .limit = (size_t)(1 + random_below(30)), .more = true };
    while (page->more) {
        struct read_call call = { .reader = city.reader, .request = want, .caller = house_operator,
                                  .now_us = city.now_us, .limit = (int32_t)page->limit,
                                  .after = { (const char *)page->key, page->key_size } };
        page->on_page = 0;
        page->more = false;
        assert_int_equal(city.reader->ops->begin(city.reader), STATUS_ok);
        assert_int_equal(deal_near.run(&call, &page->page), REFUSAL_none);
        city.reader->ops->end(city.reader);
        assert_int_equal(page->page.status, STATUS_ok);
    }
}

static void a_search_finds_what_counting_by_hand_finds(void **state)
{
    static struct hit hits[CITY_DEALS];
    static struct page page;
    size_t found = 0;
    (void)state;
    for (int round = 0; round < 600; round++) {
        struct near want = { .latitude_e6 = (int32_t)(30240000 + random_below(60000)),
                             .longitude_e6 = (int32_t)(120140000 + random_below(60000)),
                             .radius_m = (int32_t)(round % 3 == 0 ? 0 : random_below(6000)),
                             .category = (int32_t)random_below(3),
                             .price_most_minor = round % 2 == 0 ? 0 : 100 + random_below(20),
                             .rating_least_tenths = round % 4 == 0 ? (int32_t)random_below(50) : 0,
                             .open_now = round % 5 == 0,
                             .order = (int32_t)random_below(4) };
        size_t count = count_by_hand(&want, hits);
        near_ask(&want, &page);
        assert_int_equal(page.count, count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(page.hits[i].deal_id, hits[i].deal_id);
            assert_int_equal(page.hits[i].shop_id, hits[i].shop_id);
            assert_int_equal(page.hits[i].distance_m, hits[i].distance_m);
        }
        found += count;
    }
    assert_true(found > 10000);
}

/* ---- the audit ---- */

static bool waits(const void *row)
{
    return ((const struct purchase_row *)row)->state == PURCHASE_waiting;
}

static bool refunded(const void *row)
{
    return ((const struct purchase_row *)row)->state == PURCHASE_refunded;
}

static bool is_sum(const void *row)
{
    return ((const struct deal_day_row *)row)->shop_id == 0;
}

static bool is_day(const void *row)
{
    return ((const struct deal_day_row *)row)->shop_id != 0;
}

static bool stock_transfer(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_deal_stock;
}

static bool hold_transfer(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_purchase_hold;
}

static bool free_transfer(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_purchase_free;
}

static bool of_purchase(const void *row)
{
    return ((const struct trade_row *)row)->line_kind == LOCAL_purchase;
}

static bool settle_timer(const void *row)
{
    return ((const struct timer_row *)row)->kind == TIMER_deal_group_settle;
}

static bool open_group(const void *row)
{
    return ((const struct deal_row *)row)->group_state == GROUP_open;
}

static const struct corruption corruptions[] = {
    { "a deal is gone", &deal_table, NULL, DROP, NULL, 0, AUDIT_answer_durable, "deal" },
    { "a deal of nobody's", &deal_table, NULL, ADD, "merchant_id", 76, AUDIT_answer_durable, "merchant of the shop" },
    { "a deal in other money", &deal_table, NULL, ADD, "currency", 1, AUDIT_answer_durable, "currency" },
    { "a deal of no kind", &deal_table, NULL, ADD, "kind", 50, AUDIT_answer_durable, "kind" },
    { "a deal in no state", &deal_table, NULL, ADD, "state", 50, AUDIT_answer_durable, "state" },
    { "a price that is not its parts'", &deal_table, NULL, ADD, "price_minor", 1, AUDIT_answer_durable, "shares" },
    { "pieces that are not its parts'", &deal_table, NULL, ADD, "pieces_each", 1, AUDIT_answer_durable, "pieces" },
    { "a part of nobody's", &deal_table, NULL, ADD, "parts.0.merchant_id", 76, AUDIT_answer_durable, "part" },
    { "a group that is none", &deal_table, NULL, ADD, "group_state", 2, AUDIT_answer_durable, "group" },
    { "a group without a timer", &timer_table, settle_timer, DROP, NULL, 0, AUDIT_reservation_kept, "timer" },
    { "a group whose timer is forgotten", &deal_table, open_group, ADD, "group_settle_us", -INT64_MAX,
      AUDIT_reservation_kept, "timer" },
    { "a detail of no deal", &deal_detail_table, NULL, INVENT, NULL, 50, AUDIT_answer_durable, "deal does not exist" },
    { "a shop that is not there", &deal_detail_table, NULL, ADD, "shops.0.shop_id", 76, AUDIT_answer_durable, "shop" },
    { "a part that is redeemed nowhere", &deal_detail_table, NULL, ADD, "shops.0.parts", 2, AUDIT_answer_durable,
      "parts" },
    { "a place is gone", &deal_place_table, NULL, DROP, NULL, 0, AUDIT_answer_durable, "places" },
    { "a place of no deal", &deal_place_table, NULL, INVENT, NULL, 50, AUDIT_answer_durable, "deal does not exist" },
    { "a place elsewhere", &deal_place_table, NULL, ADD, "cell", 1, AUDIT_answer_durable, "cell" },
    { "a place beside its shop", &deal_place_table, NULL, ADD, "latitude_e6", 1, AUDIT_answer_durable, "shop is" },
    { "another price where it is found", &deal_place_table, NULL, ADD, "price_minor", 1, AUDIT_answer_durable,
      "something else" },
    { "a shop that names no deal", &shop_place_table, NULL, ADD, "deals.0.id", 50, AUDIT_answer_durable, "deal" },
    { "a place of no shop", &shop_place_table, NULL, INVENT, NULL, 76, AUDIT_answer_durable, "shop" },
    { "stars without a review", &shop_place_table, NULL, ADD, "stars", 5, AUDIT_answer_durable, "stars" },
    { "a better mean", &shop_place_table, NULL, ADD, "rating_tenths", 50, AUDIT_answer_durable, "mean" },
    { "a purchase is gone", &purchase_table, NULL, DROP, NULL, 0, AUDIT_stock_kept, "bought" },
    { "a purchase of no deal", &purchase_table, NULL, ADD, "deal_id", 50, AUDIT_answer_durable, "deal" },
    { "a purchase of nobody's", &purchase_table, NULL, ADD, "shopper_id", 76, AUDIT_answer_durable, "shopper" },
    { "a purchase in no state", &purchase_table, NULL, ADD, "state", 50, AUDIT_answer_durable, "state" },
    { "a purchase that never waited", &purchase_table, waits, ADD, "state", 3, AUDIT_stock_kept, "bought" },
    { "a purchase that was not refunded", &purchase_table, refunded, ADD, "state", -2, AUDIT_answer_durable,
      "its vouchers are there and it names none" },
    { "a purchase for less", &purchase_table, NULL, ADD, "amount_minor", -1, AUDIT_answer_durable, "price" },
    { "a purchase of more pieces", &purchase_table, NULL, ADD, "pieces", 1, AUDIT_answer_durable, "pieces" },
    { "a purchase at another shop", &purchase_table, NULL, ADD, "shop_id", 1, AUDIT_answer_durable, "shop" },
    { "a purchase with another trade", &purchase_table, NULL, ADD, "trade_id", 1, AUDIT_answer_durable, "trade" },
    { "a person who has more", &deal_buyer_table, NULL, ADD, "copies", 50, AUDIT_stock_kept, "bought" },
    { "a person who has less than nothing", &deal_buyer_table, NULL, ADD, "copies", -50, AUDIT_stock_kept, "bought" },
    { "a person of the group too many", &deal_buyer_table, NULL, ADD, "group_copies", 1, AUDIT_voucher_once, "group" },
    { "a buyer of no deal", &deal_buyer_table, NULL, INVENT, NULL, 50, AUDIT_stock_kept, "deal" },
    { "stock that never came", &deal_day_table, is_sum, ADD, "stock_copies", 1, AUDIT_stock_kept, "on sale" },
    { "pieces that came back from nowhere", &deal_day_table, is_sum, ADD, "restocked_pieces", 1, AUDIT_stock_kept,
      "on sale" },
    { "more sold than bought", &deal_day_table, is_sum, ADD, "sold_copies", 1, AUDIT_stock_kept, "copies" },
    { "money that was not sold", &deal_day_table, is_sum, ADD, "sold_minor", 1, AUDIT_voucher_once, "" },
    { "a redemption that was not", &deal_day_table, is_sum, ADD, "redeemed_pieces", 1, AUDIT_voucher_once, "redeemed" },
    { "a return that was not", &deal_day_table, is_sum, ADD, "returned_minor", 1, AUDIT_voucher_once, "returned" },
    { "something lapsed that did not", &deal_day_table, is_day, ADD, "lapsed_pieces", 1, AUDIT_voucher_once, "lapsed" },
    { "a shop that earned more", &deal_day_table, is_day, ADD, "earned_minor", 1, AUDIT_voucher_once, "earned" },
    { "a group that waits for more", &deal_day_table, is_sum, ADD, "awaiting_minor", 1, AUDIT_voucher_once, "waits" },
    { "one more in the group", &deal_day_table, is_sum, ADD, "buyers", 1, AUDIT_voucher_once, "people" },
    { "a day of no deal", &deal_day_table, NULL, INVENT, NULL, 50, AUDIT_voucher_once, "deal" },
    { "stock of another deal", &transfer_table, stock_transfer, ADD, "reference_id", 50, AUDIT_stock_kept, "stock" },
    { "pieces held for another", &transfer_table, hold_transfer, ADD, "reference_id", 1, AUDIT_stock_kept, "purchase" },
    { "pieces held twice", &transfer_table, free_transfer, ADD, "cause", -1, AUDIT_stock_kept, "" },
    { "a trade of another purchase", &trade_table, of_purchase, ADD, "line_id", 1, AUDIT_answer_durable, "purchase" },
    { "a trade at the counter", &trade_table, of_purchase, ADD, "escrow", -INT64_MAX, AUDIT_answer_durable, "" },
};

static void every_corruption_is_named(void **state)
{
    static struct house house;
    (void)state;
    house_open_memory(&house, NULL);
    day_make(&house);
    local_day_deals(&house);
    struct deal_rules rules = { .deal_id = 2000000009, .shop_id = 1, .kind = DEAL_group, .title = "open",
                                .price_minor = 100, .stock = 9, .group_least = 5,
                                .group_until_us = house.now_us + US_PER_DAY,
                                .sale_until_us = house.now_us + 2 * US_PER_DAY,
                                .valid_until_us = house.now_us + 3 * US_PER_DAY };
    struct deal_buy buy = { .deal_id = 2000000009, .shopper_id = 1, .confirmed = 1 };
    must(house_call(&house, house_operator, &deal_publish, &rules, NULL));
    must(house_call(&house, house_operator, &deal_buy, &buy, NULL));
    assert_int_equal(forged_missed(&house, corruptions, COUNT_OF(corruptions)), 0);
    house_close(&house);
}

/* ---- many deeds ---- */

#define DEEDS_DEALS 4
#define DEEDS_SHOPPERS 6

struct deeds {
    struct house *house;
    int64_t deals[DEEDS_DEALS];
    int64_t purchases[200];
    int64_t trades[200];
    size_t purchase_count;
};

static void deed_publish(struct deeds *deeds)
{
    struct house *house = deeds->house;
    bool group = random_below(2) == 0;
    struct deal answer;
    struct deal_rules rules = { .shop_id = 1 + random_below(2),
                                .kind = group ? DEAL_group : DEAL_bundle,
                                .title = "deed",
                                .price_minor = 100,
                                .stock = random_below(12),
                                .copies_per_person = (int32_t)random_below(5),
                                .sale_until_us = house->now_us + 3 * US_PER_HOUR,
                                .valid_until_us = house->now_us + 4 * US_PER_HOUR,
                                .refund = DEAL_REFUND_any_time,
                                .lapse_refunds = 1,
                                .parts_count = 2 };
    rules.parts[0] = (struct deal_part){ .merchant_id = 1, .pieces = 1, .share_minor = 33 };
    rules.parts[1] = (struct deal_part){ .merchant_id = 1, .pieces = 2, .share_minor = 67 };
    if (group) {
        rules.group_least = 2 + random_below(3);
        rules.group_until_us = house->now_us + US_PER_MINUTE * (1 + random_below(100));
    }
    must(house_call(house, house_operator, &deal_publish, &rules, &answer));
    deeds->deals[random_below(DEEDS_DEALS)] = answer.row.deal_id;
}

static void deed_buy(struct deeds *deeds)
{
    struct purchase purchase;
    struct deal_buy want = { .deal_id = deeds->deals[random_below(DEEDS_DEALS)],
                             .shopper_id = 1 + random_below(DEEDS_SHOPPERS),
                             .copies = (int32_t)random_below(4),
                             .pay_later = random_below(2) == 0,
                             .confirmed = 1,
                             .expires_in_s = (int32_t)random_below(2000) };
    if (house_call(deeds->house, house_operator, &deal_buy, &want, &purchase) == REFUSAL_none) {
        size_t at = deeds->purchase_count++ % COUNT_OF(deeds->purchases);
        deeds->purchases[at] = purchase.row.purchase_id;
        deeds->trades[at] = purchase.row.trade_id;
    }
}

static void deed_any(struct deeds *deeds)
{
    struct house *house = deeds->house;
    int64_t deal_id = deeds->deals[random_below(DEEDS_DEALS)];
    int64_t known = min_i64((int64_t)deeds->purchase_count, COUNT_OF(deeds->purchases));
    size_t any = known > 0 ? (size_t)random_below(known) : 0;
    struct { int64_t deal_id, copies; } stock = { deal_id, 1 + random_below(3) };
    switch (random_below(16)) {
    case 0:
        deed_publish(deeds);
        break;
    case 1:
        (void)house_call(house, house_operator, &deal_stock_add, &stock, NULL);
        break;
    case 2:
        (void)house_call(house, house_operator, &deal_pause, &deal_id, NULL);
        break;
    case 3:
    case 4:
        (void)house_call(house, house_operator, &deal_resume, &deal_id, NULL);
        break;
    case 5:
        if (random_below(5) == 0) {
            (void)house_call(house, house_operator, &deal_end, &deal_id, NULL);
        }
        break;
    case 6:
    case 7:
        (void)house_call(house, house_operator, &purchase_cancel, &deeds->purchases[any], NULL);
        break;
    case 8:
    case 9:
        (void)house_call(house, house_operator, &trade_confirm, &deeds->trades[any], NULL);
        break;
    case 10:
        house->now_us += random_below(10) * US_PER_MINUTE;
        house_settle(house);
        break;
    default:
        deed_buy(deeds);
    }
}

static void many_deeds_leave_the_books_in_order(void **state)
{
    static struct house house;
    struct audit_report report;
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct deeds deeds = { .house = &house };
        random_state = seed << 32;
        house_open_memory(&house, NULL);
        day_make(&house);
        for (int64_t id = 5; id <= DEEDS_SHOPPERS; id++) {
            struct shopper_create shopper = { .shopper_id = id, .person_id = id == 6 ? 1 : 0 };
            must(house_call(&house, house_operator, &shopper_create, &shopper, NULL));
            struct wallet_move money = { .shopper_id = id, .amount_minor = 2000 };
            must(house_call(&house, house_operator, &wallet_top_up, &money, NULL));
        }
        for (int i = 0; i < 700; i++) {
            house.now_us += US_PER_SECOND;
            deed_any(&deeds);
        }
        assert_true(deeds.purchase_count > 40);
        if (!house_audit(&house, &report)) {
            fail_msg("seed %llu: %s", (unsigned long long)seed, report.first.sentence);
        }
        house_close(&house);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_cover_their_circle),
        cmocka_unit_test(cells_are_not_too_many),
        cmocka_unit_test(hours_are_those_of_the_zone),
        cmocka_unit_test_setup_teardown(a_search_finds_what_counting_by_hand_finds, city_open, city_close),
        cmocka_unit_test(every_corruption_is_named),
        cmocka_unit_test(many_deeds_leave_the_books_in_order),
    };
    return cmocka_run_group_tests_name("local_deal", tests, NULL, NULL);
}
