/* SPDX-License-Identifier: Apache-2.0 */
#include "app/bench_search.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/fill.h"
#include "base/civil.h"
#include "base/hash.h"
#include "base/os_clock.h"
#include "lines/local/local.h"

#define DISTRICTS 12
#define WEST_E6 120000000 /* of Hangzhou's plain: forty kilometres each way */
#define SOUTH_E6 30100000
#define WIDE_E6 415000
#define HIGH_E6 360000
#define PAGE 20

static const char *const kind_names[SEARCH_KINDS] = { "nearest", "category", "open", "cheapest" };

/* A number from 0 to below `most` that follows from the seed and a place in the sequence. */
static int64_t drawn(uint64_t seed, uint64_t at, int64_t most)
{
    return (int64_t)(hash_mix(hash_mix(seed + 1) + at * UINT64_C(0x9e3779b97f4a7c15)) % (uint64_t)most);
}

/* Three of four are in a district, the nearer to its middle the more. */
static struct position somewhere(uint64_t seed, uint64_t at)
{
    int64_t district = drawn(seed, 7 * at, DISTRICTS * 4 / 3);
    int64_t north_e6 = drawn(seed, 7 * at + 1, HIGH_E6), east_e6 = drawn(seed, 7 * at + 2, WIDE_E6);
    if (district < DISTRICTS) {
        int64_t reach_e6 = 1 + drawn(seed, 7 * at + 3, 20000);
        north_e6 = HIGH_E6 / 10 + drawn(5, (uint64_t)district, HIGH_E6 * 8 / 10) +
                   drawn(seed, 7 * at + 4, 2 * reach_e6) - reach_e6;
        east_e6 = WIDE_E6 / 10 + drawn(6, (uint64_t)district, WIDE_E6 * 8 / 10) +
                  drawn(seed, 7 * at + 5, 2 * reach_e6) - reach_e6;
    }
    return (struct position){ (int32_t)(SOUTH_E6 + north_e6), (int32_t)(WEST_E6 + east_e6) };
}

/* ---- the map ---- */

static void place_put(struct fill *fill, uint64_t seed, uint32_t shop)
{
    struct position at = somewhere(seed, shop);
    struct shop_place_set set = { .shop_id = (int64_t)shop + 1,
                                  .latitude_e6 = at.latitude_e6,
                                  .longitude_e6 = at.longitude_e6,
                                  .category = (int32_t)(1 + shop % 12) };
    int32_t from = (int32_t)(60 * (6 + shop % 10)), to = (int32_t)(60 * (18 + shop % 7));
    while (set.hours_count < 7) {
        set.hours[set.hours_count++] = (struct open_hours){ from, to == 1440 ? 1439 : to };
    }
    fill_put(fill, &shop_place_set, &set, NULL, shop);
}

/* Every fourth deal is valid next door as well, when that is the same merchant's. */
static void deal_put(struct fill *fill, const struct bench_settings *settings, const struct bench_city *city,
                     uint64_t number, int64_t now_us)
{
    uint32_t shops = city_shop_count(&city->settings), shop = (uint32_t)(number % shops);
    struct deal_rules rules = { .deal_id = DEAL_ID_LEAST + (int64_t)number,
                                .shop_id = (int64_t)shop + 1,
                                .kind = DEAL_voucher,
                                .category = (int32_t)(1 + shop % 12),
                                .price_minor = 500 + 100 * drawn(settings->seed, number, 300),
                                .list_price_minor = 50000,
                                .stock = 1000,
                                .sale_until_us = now_us + 30 * US_PER_DAY,
                                .valid_until_us = now_us + 60 * US_PER_DAY,
                                .seed = drawn(settings->seed, number + 1, INT64_MAX) };
    snprintf(rules.title, sizeof(rules.title), "Deal %llu for two", (unsigned long long)number);
    rules.shops[rules.shops_count++].shop_id = rules.shop_id;
    bool next = number / shops % 4 == 0 && shop + 1 < shops &&
                city_merchant_of_shop(&city->settings, shop + 1) == city_merchant_of_shop(&city->settings, shop);
    if (next) {
        rules.shops[rules.shops_count++].shop_id = rules.shop_id + 1;
    }
    fill_put(fill, &deal_publish, &rules, NULL, number);
}

bool bench_search_fill(const struct bench_settings *settings, const struct bench_city *city, const char *path,
                       struct bench_search *search)
{
    char error[512] = "";
    struct fill_settings fill_settings = { .path = path };
    int64_t begun_us = os_monotonic_us(), now_us = os_now_us();
    struct fill *fill = fill_open(&fill_settings, error, sizeof(error));
    *search = (struct bench_search){ .deals = settings->pieces, .shops = city_shop_count(&city->settings) };
    if (fill == NULL) {
        fprintf(stderr, "onetill bench: %s\n", error);
        return false;
    }
    for (uint32_t shop = 0; shop < search->shops; shop++) {
        place_put(fill, settings->seed, shop);
    }
    for (uint64_t number = 0; number < search->deals; number++) {
        deal_put(fill, settings, city, number, now_us);
    }
    uint64_t refused = fill_settle(fill);
    fill_close(fill);
    search->fill_us = os_monotonic_us() - begun_us;
    if (refused > 0) {
        fprintf(stderr, "onetill bench: %llu deals do not fit; use more --shops\n", (unsigned long long)refused);
    }
    return refused == 0;
}

/* ---- who looks ---- */

struct crowd {
    const struct bench_settings *settings;
    struct bench_server *server;
    struct bench_search *search;
    uint64_t next;
    int64_t measure_from_us;
    enum search_kind kinds[DRIVER_CONNECTIONS_MAX]; /* of the request that is under way */
    struct histogram latency[SEARCH_KINDS], all;
};

static enum make search_make(void *context, uint32_t slot, struct request_out *out)
{
    struct crowd *crowd = context;
    char path[256];
    uint64_t number = crowd->next++, seed = crowd->settings->seed + 77;
    struct position at = somewhere(seed, number);
    int64_t draw = drawn(seed, number * 3 + 1, 100);
    enum search_kind kind = draw < 60 ? SEARCH_nearest : draw < 80 ? SEARCH_category : draw < 90 ? SEARCH_open
                                                                                                  : SEARCH_cheapest;
    int size = snprintf(path, sizeof(path), "/v1/nearby/deals?latitude_e6=%d&longitude_e6=%d&limit=%d",
                        (int)at.latitude_e6, (int)at.longitude_e6, PAGE);
    char *end = path + size;
    size_t room = sizeof(path) - (size_t)size;
    if (kind == SEARCH_category) {
        int64_t category = 1 + drawn(seed, number * 3 + 2, 12);
        snprintf(end, room, "&category=%s&price_most_minor=15000", deal_categories[category]);
    } else if (kind == SEARCH_open) {
        snprintf(end, room, "&open_now=true");
    } else if (kind == SEARCH_cheapest) {
        snprintf(end, room, "&order=price&radius_m=1500");
    }
    crowd->kinds[slot] = kind;
    http_request_line(&out->http, SPAN("GET"), span_of(path));
    http_request_raw(&out->http, SPAN("Host: till\r\nAuthorization: Bearer "));
    http_request_raw(&out->http, span_of(crowd->server->operator_token));
    http_request_raw(&out->http, SPAN("\r\n"));
    http_request_end(&out->http);
    return MAKE_send;
}

static void search_done(void *context, uint32_t slot, const struct answer_in *answer)
{
    static const struct span filled = { "{\"data\":[{\"deal_id\":", sizeof("{\"data\":[{\"deal_id\":") - 1 };
    static const struct span nothing = { "{\"data\":[]", sizeof("{\"data\":[]") - 1 };
    struct crowd *crowd = context;
    struct bench_search *search = crowd->search;
    if (answer->intended_us < crowd->measure_from_us) {
        return;
    }
    bool hits = answer->body.size > filled.size && memcmp(answer->body.bytes, filled.bytes, filled.size) == 0;
    bool none = answer->body.size > nothing.size && memcmp(answer->body.bytes, nothing.bytes, nothing.size) == 0;
    search->answers_5xx += answer->status >= 500;
    if (answer->status != 200 || (!hits && !none)) {
        search->wrong++;
        return;
    }
    search->searches++;
    search->empty += none;
    histogram_record(&crowd->all, answer->latency_us);
    histogram_record(&crowd->latency[crowd->kinds[slot]], answer->latency_us);
}

static bool crowd_drive(struct crowd *crowd, int64_t *measured_us)
{
    const struct bench_settings *settings = crowd->settings;
    struct driver_options options = { .address = crowd->server->addresses[0],
                                      .connections = settings->connections[0],
                                      .threads = 1,
                                      .rate = settings->rate,
                                      .duration_us = (settings->seconds + settings->warmup) * US_PER_SECOND,
                                      .warmup_us = settings->warmup * US_PER_SECOND,
                                      .timeout_us = 20 * US_PER_SECOND,
                                      .context = crowd,
                                      .make = search_make,
                                      .done = search_done };
    struct driver_report *report = malloc(sizeof(*report));
    struct driver *driver = driver_open(&options);
    crowd->measure_from_us = os_monotonic_us() + options.warmup_us;
    bool ok = report != NULL && driver != NULL;
    if (ok) {
        driver_run(driver, report);
        ok = !report->gave_up;
        *measured_us = max_i64(report->measured_us, 1);
    }
    driver_close(driver);
    free(report);
    return ok;
}

bool bench_search_run(const struct bench_settings *settings, struct bench_server *server, struct bench_search *search)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    assert(crowd != NULL);
    crowd->settings = settings;
    crowd->server = server;
    crowd->search = search;
    histogram_init(&crowd->all);
    for (size_t i = 0; i < SEARCH_KINDS; i++) {
        histogram_init(&crowd->latency[i]);
    }
    search->connections = settings->connections[0];
    bool ok = crowd_drive(crowd, &search->measured_us);
    if (ok) {
        search->per_second = search->searches * 1000000 / (uint64_t)search->measured_us;
        search->all = bench_rush_latency_of(&crowd->all);
        for (size_t i = 0; i < SEARCH_KINDS; i++) {
            search->kinds[i] = bench_rush_latency_of(&crowd->latency[i]);
        }
    }
    free(crowd);
    return ok;
}

/* ---- what is said of it ---- */

void bench_search_words(const struct bench_search *search, const struct bench_disk *disk)
{
    fprintf(stderr, "searches among %llu deals of %llu shops, on %s, %u connections: %llu a second\n",
            (unsigned long long)search->deals, (unsigned long long)search->shops, disk->file_system,
            search->connections, (unsigned long long)search->per_second);
    bench_rush_latency_words("all", &search->all);
    for (size_t i = 0; i < SEARCH_KINDS; i++) {
        bench_rush_latency_words(kind_names[i], &search->kinds[i]);
    }
    fprintf(stderr, "%llu found nothing, %llu were answered wrongly\n", (unsigned long long)search->empty,
            (unsigned long long)search->wrong);
}

void bench_search_json(const struct bench_search *search)
{
    static char text[4096];
    struct json_out out;
    json_out_init(&out, text, sizeof(text));
    json_out_object(&out);
    json_out_key(&out, "deals");
    json_out_i64(&out, (int64_t)search->deals);
    json_out_key(&out, "shops");
    json_out_i64(&out, (int64_t)search->shops);
    json_out_key(&out, "connections");
    json_out_i64(&out, search->connections);
    json_out_key(&out, "searches");
    json_out_i64(&out, (int64_t)search->searches);
    json_out_key(&out, "searches_per_second");
    json_out_i64(&out, (int64_t)search->per_second);
    json_out_key(&out, "empty");
    json_out_i64(&out, (int64_t)search->empty);
    json_out_key(&out, "wrong");
    json_out_i64(&out, (int64_t)search->wrong);
    bench_rush_latency_json(&out, "latency", &search->all);
    for (size_t i = 0; i < SEARCH_KINDS; i++) {
        bench_rush_latency_json(&out, kind_names[i], &search->kinds[i]);
    }
    json_out_object_end(&out);
    struct span json = json_out_end(&out);
    printf("%.*s\n", (int)json.size, json.bytes);
}
