/* SPDX-License-Identifier: Apache-2.0 */
#include "app/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/os_clock.h"

#define BRANDS_MAX 100 /* of each half */
#define TERMINALS_PER_SHOP 2
#define SET_HOT 1
#define SET_SPREAD 2
#define BALANCE_MINOR INT64_C(1000000000)    /* no shopper runs dry, however often it pays */
#define BUDGET_MINOR INT64_C(10000000000000) /* of each campaign */
#define CAP_MINOR 5000

/* Half price, at most 50 yuan, as in the supermarkets of the day; the uses are counted and never used up. */
static struct city_campaign campaign_make(int64_t campaign_id, int32_t target_kind, int64_t target_id)
{
    struct city_campaign campaign = { .rules = { .campaign_id = campaign_id,
                                                 .kind = CAMPAIGN_percentage,
                                                 .percent_bp = 5000,
                                                 .cap_minor = CAP_MINOR,
                                                 .uses_per_day = 1000000,
                                                 .starts_at_us = 1,
                                                 .ends_at_us = INSTANT_MAX_US,
                                                 .targets_count = 1 },
                                      .platform_minor = BUDGET_MINOR };
    campaign.rules.targets[0] = (struct target_row){ .kind = target_kind, .id = target_id };
    snprintf(campaign.rules.name, sizeof(campaign.rules.name), "half price %lld", (long long)campaign_id);
    return campaign;
}

void bench_city_init(struct bench_city *city, const struct bench_settings *settings)
{
    uint32_t brands = settings->shops < BRANDS_MAX ? settings->shops : BRANDS_MAX;
    *city = (struct bench_city){
        .kinds = { [BUDGET_hot] = { .name = "hot", .set_id = SET_HOT },
                   [BUDGET_spread] = { .name = "spread", .set_id = SET_SPREAD } },
        /* Limits of the policy are looked at and never in the way: here it is the machine that is measured. */
        .policy = { .one = 1,
                    .day_static_minor = AMOUNT_MAX,
                    .day_code_minor = AMOUNT_MAX,
                    .day_confirmed_minor = AMOUNT_MAX,
                    .no_password_minor = AMOUNT_MAX,
                    .wallet_max_minor = AMOUNT_MAX,
                    .trade_max_minor = AMOUNT_MAX,
                    .code_misses_terminal = 10,
                    .code_misses_shop = 60,
                    .pay_timeout_s = 900,
                    .confirm_timeout_s = 120 },
    };
    for (size_t i = 0; i < COUNT_OF(city->kinds); i++) {
        city->kinds[i].brand_count = brands;
        city->kinds[i].shop_count = settings->shops;
    }
    city->campaigns = calloc((size_t)brands + 1, sizeof(city->campaigns[0]));
    assert(city->campaigns != NULL);
    city->campaigns[0] = campaign_make(1, TARGET_set, SET_HOT);
    for (uint32_t i = 0; i < brands; i++) {
        city->campaigns[i + 1] = campaign_make(2 + (int64_t)i, TARGET_merchant, (int64_t)brands + i + 1);
    }
    city->settings = (struct city_settings){ .kinds = city->kinds,
                                             .kind_count = COUNT_OF(city->kinds),
                                             .terminals_per_shop = TERMINALS_PER_SHOP,
                                             .shopper_count = settings->shoppers,
                                             .balance_minor = BALANCE_MINOR,
                                             .policy = &city->policy,
                                             .campaigns = city->campaigns,
                                             .campaign_count = (size_t)brands + 1 };
    city->commands = city_command_count(&city->settings);
}

bool bench_city_make(struct bench_city *city, const char *path, int progress_fd)
{
    struct progress progress;
    struct city_error error;
    int64_t start_us = os_monotonic_us();
    progress_init(&progress, "city", city->commands, progress_fd, start_us);
    enum status status = city_make(path, &city->settings, &progress, &error);
    city->fill_us = os_monotonic_us() - start_us;
    progress_end(&progress, os_monotonic_us());
    if (status != STATUS_ok) {
        fprintf(stderr, "onetill bench: %s: %s\n", path, error.text);
    }
    return status == STATUS_ok;
}

void bench_city_release(struct bench_city *city)
{
    free(city->campaigns);
    city->campaigns = NULL;
}
