/* SPDX-License-Identifier: Apache-2.0 */
/* The invented city: its numbers follow from its settings, and it is in the store as they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/city.h"
#include "base/civil.h"
#include "support/house.h"
#include "till/paycode_digits.h"

static const struct city_kind kinds[] = {
    { .name = "market", .brand_count = 2, .shop_count = 5, .set_id = 7 },
    { .name = "kiosk", .brand_count = 3, .shop_count = 3 },
};
static const struct city_campaign campaigns[] = {
    { .rules = { .campaign_id = 4,
                 .name = "half price",
                 .kind = CAMPAIGN_percentage,
                 .percent_bp = 5000,
                 .starts_at_us = 1,
                 .ends_at_us = INSTANT_MAX_US,
                 .targets_count = 1,
                 .targets = { { TARGET_set, 7 } } },
      .platform_minor = 1000,
      .merchant_minor = 500 },
};
static const struct city_settings settings = {
    .kinds = kinds,
    .kind_count = COUNT_OF(kinds),
    .terminals_per_shop = 2,
    .shopper_count = 1000,
    .balance_minor = 5000,
    .campaigns = campaigns,
    .campaign_count = COUNT_OF(campaigns),
};

static void numbers_follow_from_the_settings(void **state)
{
    static const int64_t merchants[] = { 1, 2, 1, 2, 1, 3, 4, 5 };
    static const uint64_t counts[] = { 1, 2, 3, 1000, 999983, CITY_SHOPPERS_MAX };
    (void)state;
    assert_int_equal(city_shop_count(&settings), COUNT_OF(merchants));
    assert_int_equal(city_brand_count(&settings), 5);
    for (uint32_t i = 0; i < COUNT_OF(merchants); i++) {
        assert_int_equal(city_merchant_of_shop(&settings, i), merchants[i]);
    }
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct city_settings other = settings;
        int64_t before = -1;
        other.shopper_count = counts[i];
        for (uint64_t j = 0; j < counts[i] && j < 100000; j++) {
            int64_t device_id = city_device_id(&other, j);
            assert_true(device_id > before); /* ascending: no two have the same */
            before = device_id;
        }
        assert_in_range(city_device_id(&other, counts[i] - 1), 0, PAYCODE_ALIAS_LIMIT - 1);
    }
}

struct tally {
    uint64_t rows;
    int64_t sum;
};

static bool shop_seen(void *context, const void *row)
{
    const struct shop_row *shop = row;
    struct tally *tally = context;
    assert_int_equal(shop->merchant_id, city_merchant_of_shop(&settings, (uint32_t)shop->shop_id - 1));
    assert_int_equal(shop->sets_count, shop->shop_id <= 5);
    tally->rows++;
    return true;
}

static bool device_seen(void *context, const void *row)
{
    const struct device_row *device = row;
    struct tally *tally = context;
    assert_int_equal(device->device_id, city_device_id(&settings, (uint64_t)device->shopper_id - 1));
    tally->rows++;
    return true;
}

static bool account_seen(void *context, const void *row)
{
    const struct account_row *account = row;
    struct tally *tally = context;
    tally->sum += account->balance;
    if (account->purpose == PURPOSE_wallet) {
        assert_int_equal(account->balance, 5000);
        tally->rows++;
    }
    return true;
}

static bool row_seen(void *context, const void *row)
{
    (void)row;
    ((struct tally *)context)->rows++;
    return true;
}

static struct tally tally_of(struct store *store, const struct table *table, scan_row *each)
{
    struct tally tally = { 0 };
    assert_int_equal(store->ops->scan(store, table, (struct span){ NULL, 0 }, each, &tally), STATUS_ok);
    return tally;
}

static int folder_make(void **state)
{
    static char folder[64];
    snprintf(folder, sizeof(folder), "/tmp/onetill-city-XXXXXX");
    *state = mkdtemp(folder);
    return *state != NULL ? 0 : -1;
}

static int folder_drop(void **state)
{
    folder_remove(*state);
    return 0;
}

static void the_city_is_in_the_store(void **state)
{
    struct city_error error;
    struct store_error store_error;
    struct progress progress;
    struct store *store;
    char path[128];
    snprintf(path, sizeof(path), "%s/city.db", (const char *)*state);
    progress_init(&progress, "city", city_command_count(&settings), -1, 0);
    assert_int_equal(city_make(path, &settings, &progress, &error), STATUS_ok);
    assert_int_equal(progress.done, city_command_count(&settings));
    assert_int_equal(store_sqlite_open(path, product_tables, &(struct sqlite_settings){ 0 }, &store, &store_error),
                     STATUS_ok);
    assert_int_equal(tally_of(store, &merchant_table, row_seen).rows, 5);
    assert_int_equal(tally_of(store, &shop_table, shop_seen).rows, 8);
    assert_int_equal(tally_of(store, &terminal_table, row_seen).rows, 16);
    assert_int_equal(tally_of(store, &shopper_table, row_seen).rows, 1000);
    assert_int_equal(tally_of(store, &device_table, device_seen).rows, 1000);
    assert_int_equal(tally_of(store, &campaign_table, row_seen).rows, 1);
    struct tally accounts = tally_of(store, &account_table, account_seen);
    assert_int_equal(accounts.rows, 1000);
    assert_int_equal(accounts.sum, 0);
    store->ops->close(store);
}

static void what_cannot_be_is_said(void **state)
{
    struct city_error error;
    struct city_settings wrong = settings;
    char path[128];
    snprintf(path, sizeof(path), "%s/city.db", (const char *)*state);
    wrong.shopper_count = 0;
    assert_int_equal(city_make(path, &wrong, NULL, &error), STATUS_bad_input);
    assert_string_equal(error.text, "the city's settings are out of range");
    wrong = settings;
    wrong.balance_minor = AMOUNT_MAX; /* more than a wallet may hold */
    assert_int_equal(city_make(path, &wrong, NULL, &error), STATUS_bad_input);
    assert_string_equal(error.text, "wallet_top_up was refused: wallet_limit_reached");
    assert_int_equal(city_make(*state, &settings, NULL, &error), STATUS_fault);
    assert_non_null(strstr(error.text, *state));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_follow_from_the_settings),
        cmocka_unit_test_setup_teardown(the_city_is_in_the_store, folder_make, folder_drop),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_said, folder_make, folder_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
