/* SPDX-License-Identifier: Apache-2.0 */
#include "app/double12_city.h"

#include <stdio.h>

#include "app/fill.h"
#include "base/civil.h"
#include "base/os_clock.h"

#define COMMANDS_PER_SHOPPER 3 /* the account, its money, its phone */
#define BUILT_AT_MINUTE (DOUBLE12_MINUTE_FROM - 60)

struct building {
    const struct double12 *day;
    struct fill *fill;
    struct progress *progress;
    uint64_t done;
    const volatile sig_atomic_t *interrupted;
    enum refusal refusal; /* the first one; the store's thread writes it, until the filling is closed */
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
        return; /* what is left to be made goes by quickly */
    }
    fill_put(building->fill, command, request, NULL, 0);
    if (++building->done % 256 == 0) {
        progress_set(building->progress, building->done, os_monotonic_us());
    }
}

static void brands_build(struct building *building)
{
    for (uint32_t i = 0; i < DOUBLE12_BRANDS; i++) {
        struct merchant_create request = { .merchant_id = double12_merchant_id(i) };
        memcpy(request.name, building->day->brands[i].name, sizeof(request.name));
        put(building, &merchant_create, &request);
    }
}

static void shops_build(struct building *building)
{
    const struct double12 *day = building->day;
    for (uint32_t i = 0; i < DOUBLE12_SHOPS; i++) {
        struct shop_create request;
        double12_shop(day, i, &request);
        put(building, &shop_create, &request);
        for (uint32_t j = 0; j < day->shops[i].terminal_count; j++) {
            struct terminal_create terminal = { .terminal_id = double12_terminal_id(day->shops[i].first_terminal + j),
                                                .shop_id = request.shop_id };
            snprintf(terminal.name, sizeof(terminal.name), "%u号收银台 till %u", j + 1, j + 1);
            put(building, &terminal_create, &terminal);
        }
    }
}

static void people_build(struct building *building)
{
    for (uint32_t i = 0; i < building->day->shopper_count; i++) {
        struct shopper_create shopper;
        struct wallet_move money = { .reference = "payday" };
        struct paycode_issue phone = { .device_id = double12_device_id(i) };
        double12_shopper(building->day, i, &shopper, &money.amount_minor);
        money.shopper_id = phone.shopper_id = shopper.shopper_id;
        put(building, &shopper_create, &shopper);
        put(building, &wallet_top_up, &money);
        put(building, &paycode_issue, &phone);
    }
}

bool double12_build(const struct double12 *day, const char *store, struct progress *progress,
                    const volatile sig_atomic_t *interrupted, char *error, size_t error_size)
{
    struct building building = { .day = day, .progress = progress, .interrupted = interrupted };
    struct fill_settings settings = { .path = store,
                                      .empty = true,
                                      .now_us = DOUBLE12_MIDNIGHT_US + BUILT_AT_MINUTE * US_PER_MINUTE,
                                      .done = built,
                                      .context = &building };
    building.fill = fill_open(&settings, error, error_size);
    if (building.fill == NULL) {
        return false;
    }
    progress->total = DOUBLE12_BRANDS + DOUBLE12_SHOPS + day->terminal_count + DOUBLE12_CAMPAIGNS +
                      (uint64_t)COMMANDS_PER_SHOPPER * day->shopper_count;
    brands_build(&building);
    shops_build(&building);
    for (uint32_t i = 0; i < DOUBLE12_CAMPAIGNS; i++) {
        struct campaign_rules rules;
        double12_campaign(day, i, &rules);
        put(&building, &campaign_create, &rules);
    }
    people_build(&building);
    fill_close(building.fill);
    progress_set(progress, building.done, os_monotonic_us());
    if (building.refusal != REFUSAL_none) {
        snprintf(error, error_size, "the city could not be built: %s", refusal_text((int)building.refusal)->text);
        return false;
    }
    return true;
}
