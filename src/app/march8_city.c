/* SPDX-License-Identifier: Apache-2.0 */
#include "app/march8.h"

#include "app/fill.h"
#include "base/os_clock.h"

#define BUILT_AT_STEP MARCH8_STEP(9, 0)
#define BALANCE_MINOR 50000
#define BOOK_FROM_MINUTE 720
#define CINEMA_MERCHANTS 20
#define KARAOKE_MERCHANTS 12

/* ---- the day ---- */

int64_t march8_dinner_minor(uint32_t restaurant)
{
    return 3800 + (int64_t)(restaurant % 9) * 1900;
}

/* As many as a place's share of what all places have, and one at least. */
static uint32_t share(uint32_t whole, uint32_t place, const uint64_t weights[MARCH8_CINEMAS])
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < MARCH8_CINEMAS; i++) {
        sum += weights[i];
    }
    uint64_t part = (uint64_t)whole * weights[place] / sum;
    return part > 0 ? (uint32_t)part : 1;
}

void march8_init(struct march8 *day, uint64_t seed, uint32_t scale)
{
    uint64_t weights[MARCH8_CINEMAS];
    *day = (struct march8){ .seed = seed, .scale = scale };
    /* Big houses have a few times the seats of small ones, and are wanted as much more. */
    for (uint32_t i = 0; i < MARCH8_CINEMAS; i++) {
        weights[i] = 100 + 400 * (uint64_t)(MARCH8_CINEMAS - i) / MARCH8_CINEMAS;
    }
    enum status status = random_table_init(&day->cinemas, weights, MARCH8_CINEMAS);
    assert(status == STATUS_ok);
    for (uint32_t round = 0; round < MARCH8_ROUNDS; round++) {
        for (uint32_t i = 0; i < MARCH8_CINEMAS; i++) {
            day->stock[round][i] = share(MARCH8_TICKETS / scale / MARCH8_ROUNDS, i, weights);
            day->tickets += day->stock[round][i];
        }
    }
    status = random_table_zipf(&day->karaoke, MARCH8_KARAOKE, 300);
    assert(status == STATUS_ok);
    status = random_table_zipf(&day->restaurants, MARCH8_RESTAURANTS, 300);
    assert(status == STATUS_ok);
    day->shoppers = (uint32_t)max_i64(day->tickets, 1000);
    day->bookings = (uint32_t)max_i64(MARCH8_BOOKINGS / scale, 10);
    day->dinners = (uint32_t)max_i64(MARCH8_DINNERS / scale, 10);
    day->entrants = day->shoppers / 10;
    /* Half as many again as are booked: the best hours of the best houses are full all the same. */
    day->rooms = 1 + day->bookings * 3 / 2 / (MARCH8_KARAOKE * MARCH8_SLOTS);
}

void march8_release(struct march8 *day)
{
    random_table_release(&day->cinemas);
    random_table_release(&day->karaoke);
    random_table_release(&day->restaurants);
}

/* ---- the city ---- */

struct building {
    const struct march8 *day;
    struct fill *fill;
    struct progress *progress;
    uint64_t done;
    const volatile sig_atomic_t *interrupted;
    enum refusal refusal; /* the first one; the store's thread writes it, until the filling is closed */
    struct random_source random;
};

static void built(void *context, const struct fill_done *done)
{
    struct building *building = context;
    if (building->refusal == REFUSAL_none) {
        building->refusal = done->refusal;
    }
}

static void put(struct building *building, const struct command *command, const void *request)
{
    if (*building->interrupted != 0) {
        return;
    }
    fill_put(building->fill, command, request, NULL, 0);
    if (++building->done % 256 == 0) {
        progress_set(building->progress, building->done, os_monotonic_us());
    }
}

static int64_t merchant_of(uint32_t kind, uint32_t place)
{
    static const uint32_t first[] = { 0, CINEMA_MERCHANTS, CINEMA_MERCHANTS + KARAOKE_MERCHANTS };
    static const uint32_t count[] = { CINEMA_MERCHANTS, KARAOKE_MERCHANTS,
                                      MARCH8_MERCHANTS - CINEMA_MERCHANTS - KARAOKE_MERCHANTS };
    return 1 + first[kind] + place % count[kind];
}

static void shop_build(struct building *building, int64_t shop_id, uint32_t kind, uint32_t place)
{
    static const char *const names[][2] = { { "影城", "Cinema" }, { "量贩", "Karaoke" }, { "饭店", "Restaurant" } };
    static const int32_t categories[] = { CATEGORY_film, CATEGORY_karaoke, CATEGORY_dining };
    struct shop_create shop = { .shop_id = shop_id, .merchant_id = merchant_of(kind, place) };
    struct shop_place_set at = { .shop_id = shop_id,
                                 .category = categories[kind],
                                 .latitude_e6 = 30000000 + (int32_t)random_below(&building->random, 600000),
                                 .longitude_e6 = 120000000 + (int32_t)random_below(&building->random, 600000) };
    snprintf(shop.name, sizeof(shop.name), "%s%u号 %s %u", names[kind][0], place + 1, names[kind][1], place + 1);
    put(building, &shop_create, &shop);
    put(building, &shop_place_set, &at);
}

static struct deal_rules deal_of(struct building *building, int64_t deal_id, int64_t shop_id, enum deal_kind kind)
{
    struct deal_rules deal = { .deal_id = deal_id,
                               .shop_id = shop_id,
                               .kind = (int32_t)kind,
                               .sale_from_us = MARCH8_MIDNIGHT_US,
                               .valid_from_us = MARCH8_MIDNIGHT_US,
                               .sale_until_us = MARCH8_MIDNIGHT_US + 24 * 3600 * INT64_C(1000000),
                               .valid_until_us = MARCH8_MIDNIGHT_US + 31 * 24 * 3600 * INT64_C(1000000),
                               .refund = DEAL_REFUND_until_expiry,
                               .commission_bp = 500,
                               .seed = (int64_t)(random_u64(&building->random) >> 1) };
    return deal;
}

static void give_build(struct building *building, int64_t deal_id, enum give_kind kind, uint32_t from, uint32_t to)
{
    struct give_rules give = { .deal_id = deal_id,
                               .kind = (int32_t)kind,
                               .starts_at_us = march8_step_us(from),
                               .ends_at_us = march8_step_us(to),
                               .winners = kind == GIVE_lottery ? MARCH8_WINNERS : 0 };
    random_fill(&building->random, give.seed, sizeof(give.seed));
    put(building, &give_create, &give);
}

static void cinemas_build(struct building *building)
{
    static const uint32_t from[MARCH8_ROUNDS] = { MARCH8_STEP(10, 0), MARCH8_STEP(15, 0) };
    for (uint32_t i = 0; i < MARCH8_CINEMAS; i++) {
        shop_build(building, march8_cinema_id(i), 0, i);
        for (uint32_t round = 0; round < MARCH8_ROUNDS; round++) {
            struct deal_rules deal = deal_of(building, march8_ticket_deal(round, i), march8_cinema_id(i), DEAL_give);
            deal.category = CATEGORY_film;
            deal.price_minor = MARCH8_PRICE_MINOR;
            deal.list_price_minor = 6000;
            deal.stock = building->day->stock[round][i];
            snprintf(deal.title, sizeof(deal.title), "3.8元看电影 a film for 3.8");
            put(building, &deal_publish, &deal);
            give_build(building, deal.deal_id, GIVE_claim, from[round], MARCH8_TO);
        }
    }
    struct deal_rules deal = deal_of(building, MARCH8_LOTTERY_DEAL, march8_cinema_id(0), DEAL_give);
    deal.category = CATEGORY_film;
    deal.stock = MARCH8_WINNERS;
    snprintf(deal.title, sizeof(deal.title), "一年的电影 a year of films");
    put(building, &deal_publish, &deal);
    give_build(building, deal.deal_id, GIVE_lottery, MARCH8_STEP(9, 0), MARCH8_DRAW);
}

static void karaoke_build(struct building *building)
{
    for (uint32_t i = 0; i < MARCH8_KARAOKE; i++) {
        struct resource_terms room = { .resource_id = march8_resource_id(i),
                                       .shop_id = march8_karaoke_id(i),
                                       .name = "欢唱包厢 room",
                                       .kind = RESOURCE_room,
                                       .capacity = (int32_t)building->day->rooms,
                                       .pay = RESOURCE_PAY_before };
        struct schedule_set hours = { .resource_id = room.resource_id,
                                      .slot_minutes = 60,
                                      .price_minor = MARCH8_PRICE_MINOR,
                                      .hours_count = 1,
                                      .hours = { { .weekday = 5,
                                                   .opens = BOOK_FROM_MINUTE,
                                                   .closes = BOOK_FROM_MINUTE + 60 * MARCH8_SLOTS } } };
        shop_build(building, march8_karaoke_id(i), 1, i);
        put(building, &resource_create, &room);
        put(building, &schedule_set, &hours);
    }
}

static void restaurants_build(struct building *building)
{
    for (uint32_t i = 0; i < MARCH8_RESTAURANTS; i++) {
        struct deal_rules deal = deal_of(building, march8_dinner_deal(i), march8_restaurant_id(i), DEAL_voucher);
        shop_build(building, march8_restaurant_id(i), 2, i);
        deal.category = CATEGORY_dining;
        deal.price_minor = march8_dinner_minor(i);
        deal.list_price_minor = deal.price_minor * 100 / 38;
        deal.stock = 1000000;
        snprintf(deal.title, sizeof(deal.title), "双人套餐3.8折 dinner for two");
        put(building, &deal_publish, &deal);
    }
}

static void people_build(struct building *building)
{
    for (uint32_t i = 0; i < building->day->shoppers; i++) {
        struct shopper_create shopper = { .shopper_id = march8_shopper_id(i) };
        struct wallet_move money = { .shopper_id = shopper.shopper_id, .amount_minor = BALANCE_MINOR,
                                     .reference = "payday" };
        put(building, &shopper_create, &shopper);
        put(building, &wallet_top_up, &money);
    }
}

bool march8_build(const struct march8 *day, const char *store, struct progress *progress,
                  const volatile sig_atomic_t *interrupted, char *error, size_t error_size)
{
    struct building building = { .day = day, .progress = progress, .interrupted = interrupted };
    struct fill_settings settings = { .path = store,
                                      .empty = true,
                                      .now_us = march8_step_us(BUILT_AT_STEP),
                                      .done = built,
                                      .context = &building };
    building.fill = fill_open(&settings, error, error_size);
    if (building.fill == NULL) {
        return false;
    }
    random_init(&building.random, day->seed, 1);
    progress->total = MARCH8_MERCHANTS + MARCH8_CINEMAS * 6 + 2 + MARCH8_KARAOKE * 4 + MARCH8_RESTAURANTS * 3 +
                      (uint64_t)2 * day->shoppers;
    for (uint32_t i = 0; i < MARCH8_MERCHANTS; i++) {
        struct merchant_create merchant = { .merchant_id = 1 + (int64_t)i };
        snprintf(merchant.name, sizeof(merchant.name), "第%u家 House %u", i + 1, i + 1);
        put(&building, &merchant_create, &merchant);
    }
    cinemas_build(&building);
    karaoke_build(&building);
    restaurants_build(&building);
    people_build(&building);
    fill_close(building.fill);
    progress_set(progress, building.done, os_monotonic_us());
    if (building.refusal != REFUSAL_none) {
        snprintf(error, error_size, "the city could not be built: %s", refusal_text((int)building.refusal)->text);
        return false;
    }
    return true;
}
