/* SPDX-License-Identifier: Apache-2.0 */
#include "app/city.h"

#include <stdatomic.h>
#include <stdio.h>

#include "app/fill.h"
#include "base/os_clock.h"
#include "people/people.h"
#include "till/paycode_digits.h"

static const char *const cities[] = { "Hangzhou", "Shanghai", "Beijing", "Guangzhou", "Chengdu", "Wuhan", "Nanjing" };

/* Everything but campaigns, which are few and large and stand in the settings, is made in the call. */
union request {
    struct merchant_create merchant;
    struct shop_create shop;
    struct terminal_create terminal;
    struct shopper_create shopper;
    struct wallet_move top_up;
    struct paycode_issue issue;
    struct campaign_fund fund;
};

/* What is made, in this order. */
enum stage {
    STAGE_policy,
    STAGE_merchant,
    STAGE_shop,
    STAGE_terminal,
    STAGE_campaign,
    STAGE_fund,
    STAGE_shopper, /* each with its money and its device */
    STAGE_end,
};

/* ---- numbers ---- */

uint32_t city_shop_count(const struct city_settings *settings)
{
    uint32_t count = 0;
    for (size_t i = 0; i < settings->kind_count; i++) {
        count += settings->kinds[i].shop_count;
    }
    return count;
}

uint32_t city_brand_count(const struct city_settings *settings)
{
    uint32_t count = 0;
    for (size_t i = 0; i < settings->kind_count; i++) {
        count += settings->kinds[i].brand_count;
    }
    return count;
}

/* Where a shop stands: its kind, the place within it, and the place of the brand within it. */
struct place {
    const struct city_kind *kind;
    uint32_t shop, brand;
    uint32_t first_brand;
};

static struct place place_of_shop(const struct city_settings *settings, uint32_t shop)
{
    struct place place = { .kind = settings->kinds, .shop = shop };
    while (place.shop >= place.kind->shop_count) {
        place.shop -= place.kind->shop_count;
        place.first_brand += place.kind->brand_count;
        place.kind++;
        assert(place.kind < settings->kinds + settings->kind_count);
    }
    place.brand = place.shop % place.kind->brand_count;
    return place;
}

static struct place place_of_brand(const struct city_settings *settings, uint32_t brand)
{
    struct place place = { .kind = settings->kinds, .brand = brand };
    while (place.brand >= place.kind->brand_count) {
        place.brand -= place.kind->brand_count;
        place.kind++;
        assert(place.kind < settings->kinds + settings->kind_count);
    }
    return place;
}

int64_t city_merchant_of_shop(const struct city_settings *settings, uint32_t shop)
{
    struct place place = place_of_shop(settings, shop);
    return (int64_t)place.first_brand + place.brand + 1;
}

/* One of each shopper's own range, so that no two shoppers draw the same. */
int64_t city_device_id(const struct city_settings *settings, uint64_t shopper)
{
    uint64_t range = (uint64_t)PAYCODE_ALIAS_LIMIT / settings->shopper_count;
    uint64_t mixed = shopper * UINT64_C(0x9e3779b97f4a7c15);
    return (int64_t)(shopper * range + (mixed >> 32) % range);
}

static uint64_t parts_of_shopper(const struct city_settings *settings)
{
    return settings->balance_minor > 0 ? 3 : 2;
}

/* How many commands a stage has. */
static uint64_t stage_count(const struct city_settings *settings, enum stage stage)
{
    switch (stage) {
    case STAGE_policy:
        return settings->policy != NULL;
    case STAGE_merchant:
        return city_brand_count(settings);
    case STAGE_shop:
        return city_shop_count(settings);
    case STAGE_terminal:
        return (uint64_t)city_shop_count(settings) * settings->terminals_per_shop;
    case STAGE_campaign:
    case STAGE_fund:
        return settings->campaign_count;
    case STAGE_shopper:
        return settings->shopper_count * parts_of_shopper(settings);
    case STAGE_end:
        break;
    }
    return 0;
}

uint64_t city_command_count(const struct city_settings *settings)
{
    uint64_t count = 0;
    for (enum stage stage = STAGE_policy; stage < STAGE_end; stage++) {
        count += stage_count(settings, stage);
    }
    return count;
}

static bool settings_agree(const struct city_settings *settings)
{
    uint64_t shops = 0;
    for (size_t i = 0; i < settings->kind_count; i++) {
        const struct city_kind *kind = &settings->kinds[i];
        shops += kind->shop_count;
        if (kind->brand_count == 0 || kind->brand_count > kind->shop_count || shops > CITY_SHOPS_MAX) {
            return false;
        }
    }
    return shops > 0 && settings->terminals_per_shop >= 1 && settings->terminals_per_shop <= CITY_TERMINALS_MAX &&
           settings->shopper_count >= 1 && settings->shopper_count <= CITY_SHOPPERS_MAX &&
           settings->balance_minor >= 0 && settings->campaign_count <= CITY_CAMPAIGNS_MAX;
}

/* ---- requests ---- */

static void brand_name(const struct place *place, char to[NAME_SIZE])
{
    if (place->kind->brand_names != NULL) {
        snprintf(to, NAME_SIZE, "%s", place->kind->brand_names[place->brand]);
    } else {
        snprintf(to, NAME_SIZE, "%s %u", place->kind->name, place->brand + 1);
    }
}

static void merchant_fill(const struct city_settings *settings, uint32_t brand, struct merchant_create *merchant)
{
    struct place place = place_of_brand(settings, brand);
    merchant->merchant_id = (int64_t)brand + 1;
    brand_name(&place, merchant->name);
}

static void shop_fill(const struct city_settings *settings, uint32_t index, struct shop_create *shop)
{
    struct place place = place_of_shop(settings, index);
    char brand[NAME_SIZE];
    brand_name(&place, brand);
    shop->shop_id = (int64_t)index + 1;
    shop->merchant_id = (int64_t)place.first_brand + place.brand + 1;
    snprintf(shop->name, sizeof(shop->name), "%.100s, shop %u", brand, place.shop / place.kind->brand_count + 1);
    snprintf(shop->city, sizeof(shop->city), "%s", cities[index % COUNT_OF(cities)]);
    snprintf(shop->kind, sizeof(shop->kind), "%s", place.kind->name);
    if (place.kind->set_id != 0) {
        shop->sets_count = 1;
        shop->sets[0].id = place.kind->set_id;
    }
}

static const struct command *shopper_fill(const struct city_settings *settings, uint64_t shopper, unsigned part,
                                          union request *request)
{
    int64_t shopper_id = (int64_t)shopper + 1;
    switch (part) {
    case 0:
        request->shopper = (struct shopper_create){ .shopper_id = shopper_id, .no_password_limit_minor = AMOUNT_MAX };
        snprintf(request->shopper.name, sizeof(request->shopper.name), "shopper %lld", (long long)shopper_id);
        return &shopper_create;
    case 1:
        request->issue = (struct paycode_issue){ .shopper_id = shopper_id,
                                                 .device_id = city_device_id(settings, shopper) };
        return &paycode_issue;
    default:
        request->top_up = (struct wallet_move){ .shopper_id = shopper_id, .amount_minor = settings->balance_minor };
        return &wallet_top_up;
    }
}

/* One command of a stage; its request is made in `room`, or stands in the settings. */
static const struct command *command_make(const struct city_settings *settings, enum stage stage, uint64_t index,
                                          union request *room, const void **request)
{
    uint64_t parts = parts_of_shopper(settings);
    *request = room;
    memset(room, 0, sizeof(*room));
    switch (stage) {
    case STAGE_policy:
        *request = settings->policy;
        return &policy_change;
    case STAGE_merchant:
        merchant_fill(settings, (uint32_t)index, &room->merchant);
        return &merchant_create;
    case STAGE_shop:
        shop_fill(settings, (uint32_t)index, &room->shop);
        return &shop_create;
    case STAGE_terminal:
        room->terminal = (struct terminal_create){ .terminal_id = (int64_t)index + 1,
                                                   .shop_id = (int64_t)(index / settings->terminals_per_shop) + 1 };
        return &terminal_create;
    case STAGE_campaign:
        *request = &settings->campaigns[index].rules;
        return &campaign_create;
    case STAGE_fund:
        room->fund = (struct campaign_fund){ .campaign_id = settings->campaigns[index].rules.campaign_id,
                                             .platform_minor = settings->campaigns[index].platform_minor,
                                             .merchant_minor = settings->campaigns[index].merchant_minor };
        return &campaign_fund;
    case STAGE_shopper:
        return shopper_fill(settings, index / parts, (unsigned)(index % parts), room);
    case STAGE_end:
        break;
    }
    assert(!"a command is of one of the stages");
    return NULL;
}

/* ---- carrying out ---- */

/* The first command that was refused; written on a thread of the store's, read when that is over. */
struct first_refused {
    _Atomic bool is;
    const char *command;
    enum refusal refusal;
};

static void command_done(void *context, const struct fill_done *done)
{
    struct first_refused *first = context;
    if (done->refusal != REFUSAL_none && !atomic_load(&first->is)) {
        first->command = done->command->name;
        first->refusal = done->refusal;
        atomic_store(&first->is, true);
    }
}

enum status city_make(const char *path, const struct city_settings *settings, struct progress *progress,
                      struct city_error *error)
{
    struct first_refused refused = { .command = NULL };
    struct fill_settings filling = { .path = path, .empty = true, .done = command_done, .context = &refused };
    uint64_t put = 0;
    if (!settings_agree(settings)) {
        snprintf(error->text, sizeof(error->text), "the city's settings are out of range");
        return STATUS_bad_input;
    }
    struct fill *fill = fill_open(&filling, error->text, sizeof(error->text));
    if (fill == NULL) {
        return STATUS_fault;
    }
    for (enum stage stage = STAGE_policy; stage < STAGE_end; stage++) {
        uint64_t count = stage_count(settings, stage);
        for (uint64_t index = 0; index < count && !atomic_load(&refused.is); index++) {
            union request room;
            const void *request;
            const struct command *command = command_make(settings, stage, index, &room, &request);
            fill_put(fill, command, request, NULL, 0);
            if (progress != NULL) {
                progress_set(progress, ++put, os_monotonic_us());
            }
        }
    }
    fill_close(fill);
    if (refused.command != NULL) {
        snprintf(error->text, sizeof(error->text), "%s was refused: %s", refused.command,
                 refusal_text((int)refused.refusal)->name);
        return STATUS_bad_input;
    }
    return STATUS_ok;
}
