/* SPDX-License-Identifier: Apache-2.0 */
/* What one person keeps without having paid: counted and given back whatever ends it, and the audit adds it up anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/civil.h"
#include "lines/local/local.h"
#include "support/forged.h"

#define SHOPPERS 6
#define DEAL INT64_C(2000000001)
#define ROOM INT64_C(3000000001)
#define COURT INT64_C(3000000002)
#define HALL INT64_C(3000000003)
#define OPENS_US (HOUSE_NOON_US + US_PER_DAY)

static void must(enum refusal refusal)
{
    assert_int_equal(refusal, REFUSAL_none);
}

static void resource_make(struct house *house, int64_t resource_id, enum resource_kind kind, enum resource_pay pay)
{
    struct resource_terms terms = { .resource_id = resource_id, .shop_id = 1, .name = "R", .kind = (int32_t)kind,
                                    .pay = (int32_t)pay, .slots_most = 2 };
    struct schedule_set hours = { .resource_id = resource_id, .slot_minutes = 60, .price_minor = 100,
                                  .hours_count = 7 };
    for (int32_t day = 0; day < 7; day++) {
        hours.hours[day].weekday = day;
        hours.hours[day].opens = 720;
        hours.hours[day].closes = 1320;
    }
    must(house_call(house, house_operator, &resource_create, &terms, NULL));
    must(house_call(house, house_operator, &schedule_set, &hours, NULL));
}

static void stage_make(struct house *house)
{
    struct merchant_create merchant = { .merchant_id = 1, .name = "M" };
    struct shop_create shop = { .shop_id = 1, .merchant_id = 1, .name = "S" };
    struct deal_rules deal = { .deal_id = DEAL, .shop_id = 1, .kind = DEAL_voucher, .title = "D", .price_minor = 100,
                               .stock = 40, .sale_from_us = house->now_us,
                               .sale_until_us = house->now_us + 9 * US_PER_DAY,
                               .valid_until_us = house->now_us + 9 * US_PER_DAY };
    struct kitchen_change kitchen = { .shop_id = 1, .open = 1, .lead_minutes = 10 };
    must(house_call(house, house_operator, &merchant_create, &merchant, NULL));
    must(house_call(house, house_operator, &shop_create, &shop, NULL));
    for (int64_t id = 1; id <= SHOPPERS; id++) {
        struct shopper_create shopper = { .shopper_id = id, .person_id = id == SHOPPERS ? 1 : 0 };
        struct wallet_move money = { .shopper_id = id, .amount_minor = 100000 };
        must(house_call(house, house_operator, &shopper_create, &shopper, NULL));
        must(house_call(house, house_operator, &wallet_top_up, &money, NULL));
    }
    must(house_call(house, house_operator, &deal_publish, &deal, NULL));
    must(house_call(house, house_operator, &kitchen_change, &kitchen, NULL));
    resource_make(house, ROOM, RESOURCE_room, RESOURCE_PAY_before);
    resource_make(house, COURT, RESOURCE_court, RESOURCE_PAY_at_shop);
}

/* One of everything that counts, of the first shopper and of the account that is the same person's. */
static void things_make(struct house *house)
{
    struct deal_buy buy = { .deal_id = DEAL, .copies = 3, .pay_later = 1 };
    struct booking_create room = { .resource_id = ROOM, .starts_at_us = OPENS_US, .pay_later = 1 }, court = room;
    struct booking_wait wait = { .resource_id = ROOM, .starts_at_us = OPENS_US };
    struct queue_set set = { .shop_id = 1, .name = "Q", .letter = "A" };
    struct table_put put = { .shop_id = 1, .name = "7" };
    struct dining_table_row table;
    struct queue_row queue;
    court.resource_id = COURT;
    must(house_call(house, house_shopper(1), &deal_buy, &buy, NULL));
    must(house_call(house, house_shopper(SHOPPERS), &deal_buy, &buy, NULL));
    must(house_call(house, house_shopper(1), &booking_create, &room, NULL));
    must(house_call(house, house_shopper(1), &booking_create, &court, NULL));
    must(house_call(house, house_shopper(2), &booking_wait, &wait, NULL));
    must(house_call(house, house_operator, &table_put, &put, &table));
    struct meal_join meal = { .table_id = table.table_id };
    memcpy(meal.code, table.code, sizeof(meal.code));
    must(house_call(house, house_shopper(1), &meal_join, &meal, NULL));
    must(house_call(house, house_operator, &queue_set, &set, &queue));
    struct queue_take take = { .queue_id = queue.queue_id };
    must(house_call(house, house_shopper(1), &queue_take, &take, NULL));
}

static struct hoard_row hoard_of(struct house *house, int64_t shopper_id)
{
    struct { int64_t shopper_id; } want = { shopper_id };
    struct hoard_row hoard;
    must(house_call(house, house_shopper(shopper_id), &hoard_query, &want, &hoard));
    return hoard;
}

static void what_counts_is_given_back_when_it_ends(void **state)
{
    struct house house;
    (void)state;
    house_open_memory(&house, NULL);
    stage_make(&house);
    things_make(&house);
    struct hoard_row hoard = hoard_of(&house, SHOPPERS);
    assert_int_equal(hoard.purchases, 2);
    assert_int_equal(hoard.copies, 6);
    assert_int_equal(hoard.bookings, 1);
    assert_int_equal(hoard.visits, 1);
    assert_int_equal(hoard.meals, 1);
    house.now_us += 2 * US_PER_HOUR; /* nobody pays */
    house_settle(&house);
    hoard = hoard_of(&house, 1);
    assert_int_equal(hoard.purchases + hoard.copies + hoard.bookings, 0);
    assert_int_equal(hoard.visits, 1);
    assert_int_equal(hoard.unpaid, 3);
    house.now_us += 3 * US_PER_DAY; /* what was booked is over, what was begun is forgotten */
    house_settle(&house);
    hoard = hoard_of(&house, 1);
    assert_int_equal(hoard.visits + hoard.meals + hoard.unpaid, 0);
    assert_int_equal(hoard_of(&house, 2).waitings, 0);
    house_close(&house);
}

/* Who waited for a show that is cancelled waits no more, and nothing is left of it. */
static void a_cancelled_show_is_not_waited_for(void **state)
{
    struct house house;
    struct resource_terms hall = { .resource_id = HALL, .shop_id = 1, .name = "H", .kind = RESOURCE_hall,
                                   .pay = RESOURCE_PAY_before, .slots_most = 1 };
    struct seat_map_set map = { .resource_id = HALL, .lines_count = 1, .lines = { { "A", 0x3, 0, 0 } } };
    struct show_create film = { .resource_id = HALL, .title = "Film", .starts_at_us = OPENS_US,
                                .ends_at_us = OPENS_US + US_PER_HOUR, .prices_count = 1, .prices = { { 100 } } };
    struct show_row show;
    struct audit_report report;
    (void)state;
    house_open_memory(&house, NULL);
    stage_make(&house);
    must(house_call(&house, house_operator, &resource_create, &hall, NULL));
    must(house_call(&house, house_operator, &seat_map_set, &map, NULL));
    must(house_call(&house, house_operator, &show_create, &film, &show));
    struct booking_seats seats = { .show_id = show.show_id, .count = 2, .confirmed = 1 };
    struct booking_wait wait = { .show_id = show.show_id, .pieces = 2 };
    struct show_ref cancelled = { show.show_id };
    must(house_call(&house, house_shopper(1), &booking_seats, &seats, NULL));
    for (int64_t id = 2; id <= 4; id++) {
        must(house_call(&house, house_shopper(id), &booking_wait, &wait, NULL));
        assert_int_equal(hoard_of(&house, id).waitings, 1);
    }
    must(house_call(&house, house_operator, &show_cancel, &cancelled, NULL));
    house_settle(&house);
    for (int64_t id = 2; id <= 4; id++) {
        assert_int_equal(hoard_of(&house, id).waitings, 0);
    }
    if (!house_audit(&house, &report)) {
        fail_msg("%s", report.first.sentence);
    }
    house_close(&house);
}

static bool unpaid(const void *row)
{
    return ((const struct purchase_row *)row)->counted == HOARD_purchase;
}

static bool visit(const void *row)
{
    return ((const struct booking_row *)row)->counted == HOARD_visit;
}

static bool waits(const void *row)
{
    return ((const struct booking_row *)row)->state == BOOKING_waiting;
}

static bool begun(const void *row)
{
    return ((const struct meal_order_row *)row)->counted == HOARD_meal;
}

#define STOCK AUDIT_stock_kept
static const struct corruption corruptions[] = {
    { "a purchase more", &hoard_table, NULL, ADD, "purchases", 1, STOCK, "the unpaid purchases of the person" },
    { "a copy less", &hoard_table, NULL, ADD, "copies", -1, STOCK, "the copies in unpaid purchases" },
    { "a booking more", &hoard_table, NULL, ADD, "bookings", 1, STOCK, "the unpaid bookings of the person" },
    { "a visit more", &hoard_table, NULL, ADD, "visits", 1, STOCK, "bookings that nothing was paid for" },
    { "a place more", &hoard_table, NULL, ADD, "waitings", 1, STOCK, "the places where the person waits" },
    { "a meal less", &hoard_table, NULL, ADD, "meals", -1, STOCK, "the unpaid meals of the person" },
    { "ended less than never", &hoard_table, NULL, ADD, "unpaid", -1, STOCK, "so often nothing ended unpaid" },
    { "a person is gone", &hoard_table, NULL, DROP, NULL, 0, STOCK, "the unpaid purchases of the person" },
    { "it is another person's", &hoard_table, NULL, ADD, "person_id", 50, STOCK, "the unpaid purchases of the person" },
    { "a purchase is not counted", &purchase_table, unpaid, ADD, "counted", -1, STOCK, "the unpaid purchases" },
    { "a purchase counts as a meal", &purchase_table, unpaid, ADD, "counted", 4, STOCK, "and may not" },
    { "a visit counts as unpaid", &booking_table, visit, ADD, "counted", -1, AUDIT_seat_once, "and may not" },
    { "a place does not count", &booking_table, waits, ADD, "counted", -4, STOCK, "where the person waits" },
    { "a meal does not count", &meal_order_table, begun, ADD, "counted", -5, STOCK, "the unpaid meals" },
    { "a meal counts as a purchase", &meal_order_table, begun, ADD, "counted", -4, AUDIT_answer_durable,
      "and may not" },
    { "a number of nobody", &hoard_numbers_table, NULL, ADD, "numbers.0.number", 1, AUDIT_seat_once, "does not have" },
    { "a number of somebody else", &hoard_numbers_table, NULL, ADD, "person_id", 1, AUDIT_seat_once, "does not have" },
    { "a number of another shop", &hoard_numbers_table, NULL, ADD, "shop_id", 1, AUDIT_seat_once, "another shop's" },
    { "a number twice", &hoard_numbers_table, NULL, INVENT, NULL, 1, AUDIT_seat_once, "names a number twice" },
    { "limits of nothing", &hoard_limits_table, NULL, ADD, "purchases_most", -7, AUDIT_answer_durable, "above 0" },
};

static void the_audit_adds_it_up(void **state)
{
    struct house house;
    struct hoard_limits_row limits = { .purchases_most = 7 };
    (void)state;
    house_open_memory(&house, NULL);
    stage_make(&house);
    must(house_call(&house, house_operator, &hoard_limits_change, &limits, NULL));
    things_make(&house);
    assert_int_equal(forged_missed(&house, corruptions, COUNT_OF(corruptions)), 0);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_counts_is_given_back_when_it_ends),
        cmocka_unit_test(a_cancelled_show_is_not_waited_for),
        cmocka_unit_test(the_audit_adds_it_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
