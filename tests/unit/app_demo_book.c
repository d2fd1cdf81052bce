/* SPDX-License-Identifier: Apache-2.0 */
/* The demo believes no receipt: each broken promise that an answer could show is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/demo.h"

static struct double12 day;
static struct demo_book book;
static uint8_t flags[100];

static int day_open(void **state)
{
    (void)state;
    double12_init(&day, 12, COUNT_OF(flags));
    return 0;
}

static int day_close(void **state)
{
    (void)state;
    double12_release(&day);
    return 0;
}

static int book_clear(void **state)
{
    (void)state;
    memset(&book, 0, sizeof(book));
    memset(flags, 0, sizeof(flags));
    return 0;
}

/* A trade's answer, shortened to what is looked at. */
static struct span trade(const char *state, int64_t list, int64_t discount, int64_t paid, const char *lines)
{
    static char text[1024];
    int size = snprintf(text, sizeof(text),
                        "{\"trade_id\":\"5\",\"state\":\"%s\",\"list_minor\":%lld,\"discount_minor\":%lld,"
                        "\"paid_minor\":%lld,\"paid_left_minor\":0,\"left_minor\":0,"
                        "\"paid_at\":\"2014-12-12T10:00:00Z\",\"discounts\":[%s]}",
                        state, (long long)list, (long long)discount, (long long)paid, lines);
    return (struct span){ text, (size_t)size };
}

static struct demo_bought bought(enum shop_kind kind, int64_t amount)
{
    return (struct demo_bought){ .shop = day.kind_first[kind], .shopper = 7, .amount_minor = amount, .minute = 600 };
}

#define LINE(campaign, platform, merchant)                                                                   \
    "{\"campaign_id\":\"" campaign "\",\"platform_minor\":" platform ",\"merchant_minor\":" merchant "}"

static enum demo_answer take(enum shop_kind kind, int64_t list, int64_t discount, int64_t paid, const char *lines)
{
    struct demo_bought what = bought(kind, list);
    return demo_trade(&book, &day, flags, &what, trade("TRADE_SUCCESS", list, discount, paid, lines));
}

static void right_receipts_are_booked(void **state)
{
    (void)state;
    assert_int_equal(DEMO_paid, take(SHOP_supermarket, 4001, 2000, 2001, LINE("1201", "2000", "0")));
    assert_int_equal(DEMO_paid, take(SHOP_supermarket, 4001, 0, 4001, ""));
    assert_int_equal(DEMO_paid, take(SHOP_department, 30000, 10000, 20000, LINE("1203", "7000", "3000")));
    assert_int_equal(DEMO_paid, take(SHOP_vending, 350, 349, 1, LINE("1204", "349", "0")));
    assert_int_equal(DEMO_paid, take(SHOP_snack, 3100, 1850, 1250,
                                     LINE("1202", "1550", "0") "," LINE("1205", "0", "300")));
    assert_int_equal(0, book.faults);
    assert_int_equal(5, book.payments);
    assert_int_equal(14199, book.discount_minor);
    assert_int_equal(27253, book.paid_minor);
    assert_int_equal(2000, book.given_minor[CAMPAIGN12_supermarket]);
}

static void wrong_receipts_are_found(void **state)
{
    static const struct {
        enum shop_kind kind;
        int64_t list, discount, paid;
        const char *lines;
    } cases[] = {
        { SHOP_supermarket, 4000, 2000, 1999, LINE("1201", "2000", "0") },     /* a cent is missing */
        { SHOP_supermarket, 4000, 2000, 2000, "" },                           /* nobody gave it */
        { SHOP_supermarket, 4000, 2001, 1999, LINE("1201", "2001", "0") },     /* a cent too much */
        { SHOP_supermarket, 20000, 10000, 10000, LINE("1201", "10000", "0") }, /* beyond the cap */
        { SHOP_snack, 4000, 2000, 2000, LINE("1201", "2000", "0") },           /* in another kind of shop */
        { SHOP_department, 9000, 4500, 4500, LINE("1203", "3150", "1350") },   /* below the minimum */
        { SHOP_department, 30000, 10000, 20000, LINE("1203", "10000", "0") },  /* the stores' share */
        { SHOP_supermarket, 4000, 2000, 2000, LINE("1299", "2000", "0") },     /* no such campaign */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        book_clear(state);
        (void)take(cases[i].kind, cases[i].list, cases[i].discount, cases[i].paid, cases[i].lines);
        if (book.faults == 0) {
            fail_msg("case %zu was not found", i);
        }
    }
}

static void once_is_once_until_something_is_given_back(void **state)
{
    (void)state;
    (void)take(SHOP_supermarket, 4000, 2000, 2000, LINE("1201", "2000", "0"));
    flags[7] |= SHOPPER_given_back;
    (void)take(SHOP_supermarket, 4000, 2000, 2000, LINE("1201", "2000", "0"));
    assert_int_equal(0, book.faults);
    flags[7] = SHOPPER_supermarket;
    (void)take(SHOP_supermarket, 4000, 2000, 2000, LINE("1201", "2000", "0"));
    assert_int_equal(1, book.faults);
}

static void nothing_is_given_after_ten(void **state)
{
    (void)state;
    struct demo_bought late = bought(SHOP_supermarket, 4000);
    late.minute = DOUBLE12_MINUTE_END + 3;
    (void)demo_trade(&book, &day, flags, &late, trade("TRADE_SUCCESS", 4000, 2000, 2000, LINE("1201", "2000", "0")));
    assert_int_equal(1, book.faults);
}

static void refusals_are_counted_and_judged(void **state)
{
    (void)state;
    assert_int_equal(DEMO_refused, demo_refusal(&book, SPAN("{\"status\":402,\"code\":\"balance_short\"}")));
    assert_int_equal(DEMO_refused, demo_refusal(&book, SPAN("{\"status\":402,\"code\":\"balance_short\"}")));
    assert_int_equal(DEMO_again, demo_refusal(&book, SPAN("{\"status\":503,\"code\":\"busy\"}")));
    assert_int_equal(2, demo_refusals_of(&book, "balance_short"));
    assert_int_equal(0, book.faults);
    assert_int_equal(DEMO_odd, demo_refusal(&book, SPAN("{\"status\":409,\"code\":\"request_reused\"}")));
    assert_int_equal(DEMO_odd, demo_refusal(&book, SPAN("<html>")));
    assert_int_equal(2, book.faults);
}

static void money_back_adds_up(void **state)
{
    (void)state;
    struct demo_bought what = bought(SHOP_supermarket, 4000);
    demo_refunded(&book, SPAN("{\"amount_minor\":1000,\"paid_minor\":500,\"discount_minor\":500}"));
    demo_undone(&book, &day, flags, &what, trade("TRADE_CLOSED", 4000, 2000, 2000, LINE("1201", "2000", "0")));
    assert_int_equal(0, book.faults);
    assert_int_equal(1, book.payments);
    assert_int_equal(2, book.refunds);
    assert_int_equal(2500, book.refunded_discount_minor);
    demo_refunded(&book, SPAN("{\"amount_minor\":1000,\"paid_minor\":500,\"discount_minor\":499}"));
    assert_int_equal(1, book.faults);
    demo_undone(&book, &day, flags, &what, trade("TRADE_SUCCESS", 4000, 0, 4000, ""));
    assert_int_equal(2, book.faults);
}

static void the_city_has_the_counts_of_the_day(void **state)
{
    (void)state;
    uint32_t shops = 0, kinds[SHOP_KIND_COUNT] = { 0 };
    for (uint32_t i = 0; i < DOUBLE12_BRANDS; i++) {
        assert_true(day.brands[i].shop_count > 0);
        assert_int_equal(shops, day.brands[i].first_shop);
        shops += day.brands[i].shop_count;
        kinds[day.brands[i].kind]++;
        assert_true(span_is_text(span_of(day.brands[i].name)));
        for (uint32_t j = 0; j < i; j++) {
            assert_string_not_equal(day.brands[i].name, day.brands[j].name);
        }
    }
    assert_int_equal(DOUBLE12_SHOPS, shops);
    assert_int_equal(13, kinds[SHOP_supermarket]);
    assert_int_equal(18, kinds[SHOP_vending]);
    for (uint32_t i = 0; i < DOUBLE12_SHOPS; i++) {
        struct shop_create shop;
        double12_shop(&day, i, &shop);
        assert_true(span_is_text(span_of(shop.name)));
        assert_in_range(strlen(shop.name), 20, NAME_SIZE - 2); /* not cut anywhere */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(right_receipts_are_booked, book_clear),
        cmocka_unit_test_setup(wrong_receipts_are_found, book_clear),
        cmocka_unit_test_setup(once_is_once_until_something_is_given_back, book_clear),
        cmocka_unit_test_setup(nothing_is_given_after_ten, book_clear),
        cmocka_unit_test_setup(refusals_are_counted_and_judged, book_clear),
        cmocka_unit_test_setup(money_back_adds_up, book_clear),
        cmocka_unit_test(the_city_has_the_counts_of_the_day),
    };
    return cmocka_run_group_tests(tests, day_open, day_close);
}
