/* SPDX-License-Identifier: Apache-2.0 */
/* onetill replay: real payment counts of real shops, driven through the till and compared with what it reports. */
#include "app/replay.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/app.h"
#include "app/fill.h"
#include "app/options.h"
#include "app/scratch.h"
#include "base/civil.h"
#include "base/json_out.h"
#include "base/os_clock.h"
#include "lines/product.h"

#define ZONE_MINUTES 480

static const char help[] =
    "usage: onetill replay --koubei DIR --from DAY --to DAY [OPTION]…\n\n"
    "Drives the daily payments of real shops of Koubei through the till over HTTP, with a clock that moves through\n"
    "those days, and then compares what the till reports for each shop and day with the data: they must be equal.\n"
    "DIR holds shop_info.txt.xz and pay_daily.csv.xz. Real are the shops, their cities and kinds, and how many\n"
    "payments each had on each day; who paid, in which minute and how much is invented from a seed.\n\n"
    "  --koubei DIR      where the data is\n"
    "  --from, --to DAY  as in 2015-12-21; both are included\n"
    "  --shops N         only the first N shops\n"
    "  --seed N          of what is invented (17)\n"
    "  --listen ADDRESS  where the server listens meanwhile (127.0.0.1:0, a free port)\n"
    "  --store PLACE     keep the store in this new file or empty database; otherwise it is deleted at the end\n"
    "  --json            nothing on standard output but one JSON object\n\n"
    "Exit status 0 only when every shop's every day is equal and the audit holds.\n";

enum replay_option {
    OPTION_koubei = 256,
    OPTION_from,
    OPTION_to,
    OPTION_shops,
    OPTION_seed,
    OPTION_listen,
    OPTION_store,
    OPTION_json,
    OPTION_help,
};

static const struct option options[] = {
    { "koubei", required_argument, NULL, OPTION_koubei }, { "from", required_argument, NULL, OPTION_from },
    { "to", required_argument, NULL, OPTION_to },         { "shops", required_argument, NULL, OPTION_shops },
    { "seed", required_argument, NULL, OPTION_seed },     { "listen", required_argument, NULL, OPTION_listen },
    { "store", required_argument, NULL, OPTION_store },   { "json", no_argument, NULL, OPTION_json },
    { "help", no_argument, NULL, OPTION_help },           { NULL, 0, NULL, 0 },
};

static bool day_option(const char *text, int32_t *yyyymmdd)
{
    int64_t day;
    if (!day_read(span_of(text), &day)) {
        return false;
    }
    *yyyymmdd = civil_yyyymmdd(day);
    return true;
}

static bool option_take(void *context, int option)
{
    struct replay_settings *settings = context;
    int64_t number = 0;
    bool fits = true;
    switch (option) {
    case OPTION_koubei:
        settings->folder = optarg;
        break;
    case OPTION_from:
        return day_option(optarg, &settings->from);
    case OPTION_to:
        return day_option(optarg, &settings->to);
    case OPTION_shops:
        fits = option_number(optarg, 1, REPLAY_SHOPS_MAX, &number);
        settings->shops_most = (uint32_t)number;
        break;
    case OPTION_seed:
        fits = option_number(optarg, 0, INT64_MAX, &number);
        settings->seed = (uint64_t)number;
        break;
    case OPTION_listen:
        settings->listen = optarg;
        break;
    case OPTION_store:
        settings->store = optarg;
        break;
    case OPTION_json:
        settings->json = true;
        break;
    default:
        fits = false;
    }
    return fits;
}

static const char *options_check(void *context, char **files, int file_count)
{
    const struct replay_settings *settings = context;
    bool complete = settings->folder != NULL && settings->from != 0 && settings->to >= settings->from;
    (void)files;
    (void)file_count;
    return complete ? NULL : "--koubei DIR, --from DAY and a --to that is not before it are needed";
}

static const struct options_terms terms = { .command = "replay",
                                           .help = help,
                                           .options = options,
                                           .help_option = OPTION_help,
                                           .take = option_take,
                                           .check = options_check };

/* ---- the shops, and people who pay in them ---- */

static void built(void *context, const struct fill_done *done)
{
    enum refusal *first = context;
    *first = *first == REFUSAL_none ? done->refusal : *first;
}

/* A merchant per city: the data names none. */
static int64_t merchant_of(const struct replay_data *data, uint32_t shop, bool *fresh)
{
    uint32_t first = 0;
    while (strcmp(data->shops[first].city, data->shops[shop].city) != 0) {
        first++;
    }
    *fresh = first == shop;
    return data->shops[first].shop_id;
}

static void shops_build(struct fill *fill, const struct replay_data *data)
{
    for (uint32_t i = 0; i < data->shop_count; i++) {
        const struct replay_shop *from = &data->shops[i];
        bool fresh;
        struct merchant_create merchant = { .merchant_id = merchant_of(data, i, &fresh) };
        struct shop_create shop = { .shop_id = from->shop_id, .merchant_id = merchant.merchant_id };
        struct terminal_create terminal = { .terminal_id = replay_terminal_id(i), .shop_id = from->shop_id };
        if (fresh) {
            bool fits = span_copy(span_of(from->city[0] != '\0' ? from->city : "—"), merchant.name,
                                  sizeof(merchant.name));
            assert(fits);
            fill_put(fill, &merchant_create, &merchant, NULL, 0);
        }
        memcpy(shop.name, from->name, sizeof(shop.name));
        memcpy(shop.city, from->city, sizeof(shop.city));
        memcpy(shop.kind, from->kind, sizeof(shop.kind));
        fill_put(fill, &shop_create, &shop, NULL, 0);
        fill_put(fill, &terminal_create, &terminal, NULL, 0);
    }
}

static void people_build(struct fill *fill, const struct replay_data *data)
{
    for (uint32_t i = 0; i < replay_shoppers(data); i++) {
        struct shopper_create shopper = { .shopper_id = replay_shopper_id(i) };
        struct wallet_move money = { .shopper_id = shopper.shopper_id, .amount_minor = replay_balance(data) };
        struct paycode_issue phone = { .shopper_id = shopper.shopper_id, .device_id = replay_device_id(i) };
        snprintf(shopper.name, sizeof(shopper.name), "顾客 %u", i + 1);
        fill_put(fill, &shopper_create, &shopper, NULL, 0);
        fill_put(fill, &wallet_top_up, &money, NULL, 0);
        fill_put(fill, &paycode_issue, &phone, NULL, 0);
    }
}

static bool store_build(const struct replay_data *data, const char *store, int64_t begin_us, char *error,
                        size_t error_size)
{
    enum refusal refusal = REFUSAL_none;
    struct fill_settings settings = { .path = store, .empty = true, .now_us = begin_us - US_PER_HOUR, .done = built,
                                      .context = &refusal };
    struct fill *fill = fill_open(&settings, error, error_size);
    if (fill == NULL) {
        return false;
    }
    shops_build(fill, data);
    people_build(fill, data);
    fill_close(fill);
    if (refusal != REFUSAL_none) {
        snprintf(error, error_size, "the shops could not be built: %s", refusal_text((int)refusal)->text);
        return false;
    }
    return true;
}

/* ---- comparing ---- */

struct comparison {
    const struct replay_data *data;
    size_t begin, end; /* of the day's counts */
    uint64_t reported; /* payments */
    uint64_t equal, different;
    char first[200];   /* difference */
};

static void differs(struct comparison *comparison, int64_t shop_id, int32_t day, int64_t data, int64_t reported)
{
    if (comparison->different++ == 0) {
        snprintf(comparison->first, sizeof(comparison->first), "shop %lld on %d: the data has %lld, reported are %lld",
                 (long long)shop_id, day, (long long)data, (long long)reported);
    }
}

static void row_compare(void *context, const struct played_shop_day *row)
{
    struct comparison *comparison = context;
    const struct replay_data *data = comparison->data;
    comparison->reported += (uint64_t)row->payments;
    for (size_t i = comparison->begin; i < comparison->end; i++) {
        const struct replay_count *count = &data->counts[i];
        if (data->shops[count->shop].shop_id == row->shop_id) {
            if (row->payments == (int64_t)count->pays) {
                comparison->equal++;
            } else {
                differs(comparison, row->shop_id, count->day, count->pays, row->payments);
            }
            return;
        }
    }
    differs(comparison, row->shop_id, 0, 0, row->payments);
}

/* Days that the data does not have must have nothing at the till either. */
static bool days_compare(struct played *played, const struct replay_settings *settings,
                         const struct replay_data *data, struct comparison *comparison)
{
    int64_t last = civil_day_of_yyyymmdd(settings->to);
    *comparison = (struct comparison){ .data = data };
    for (int64_t day = civil_day_of_yyyymmdd(settings->from); day <= last; day++) {
        int32_t date = civil_yyyymmdd(day);
        uint64_t wanted = 0, seen = comparison->equal + comparison->different;
        comparison->begin = comparison->end;
        while (comparison->end < data->count_count && data->counts[comparison->end].day == date) {
            wanted += data->counts[comparison->end++].pays > 0;
        }
        if (!played_shop_days(played, date, row_compare, comparison)) {
            return false;
        }
        uint64_t got = comparison->equal + comparison->different - seen;
        if (got < wanted) {
            differs(comparison, 0, date, (int64_t)wanted, (int64_t)got); /* shops are missing */
        }
    }
    return true;
}

/* ---- the report ---- */

struct verdict {
    const struct replay_settings *settings;
    const struct replay_data *data;
    const struct replay_result *result;
    const struct comparison *comparison;
    const struct played_audit *audit;
    bool holds;
};

static uint64_t per_second(const struct replay_result *result)
{
    return result->took_us > 0 ? result->payments * 1000000 / (uint64_t)result->took_us : 0;
}

static void verdict_words(const struct verdict *verdict)
{
    char payments[32], rate[32], transfers[32], days[32];
    const struct replay_result *result = verdict->result;
    progress_number(result->payments, payments);
    progress_number(per_second(result), rate);
    progress_number(verdict->audit->transfers, transfers);
    progress_number(verdict->comparison->equal, days);
    printf("\nKoubei, %d to %d: %u shops, %u days with payments in the data\n", verdict->settings->from,
           verdict->settings->to, verdict->data->shop_count, verdict->data->days);
    printf("Real: the shops, their cities and kinds, and how many payments each had on each day.\n"
           "Invented from seed %llu: %u shoppers, the minutes and the amounts.\n\n",
           (unsigned long long)verdict->settings->seed, replay_shoppers(verdict->data));
    printf("  %s payments over HTTP in %lld.%lld s, %s a second; p50 %lld ms, p99 %lld ms, slowest %lld ms\n",
           payments,
           (long long)(result->took_us / 1000000), (long long)(result->took_us / 100000 % 10), rate,
           (long long)histogram_quantile(&result->latency, 500000) / 1000,
           (long long)histogram_quantile(&result->latency, 990000) / 1000, (long long)result->latency.max / 1000);
    printf("  %s shop-days are equal to the data, %llu are not\n", days,
           (unsigned long long)verdict->comparison->different);
    if (verdict->comparison->different > 0) {
        printf("    first: %s\n", verdict->comparison->first);
    }
    if (result->refused > 0) {
        printf("  %llu payments were refused, the first with %s\n", (unsigned long long)result->refused,
               result->refusal);
    }
    printf("  audit: %s transfers in %lld.%02lld s: %s\n", transfers, (long long)(verdict->audit->took_us / 1000000),
           (long long)(verdict->audit->took_us / 10000 % 100),
           verdict->audit->ok ? "every law holds" : verdict->audit->sentence);
    puts(verdict->holds ? "The till reports what the shops took, exactly."
                        : "THE TILL DOES NOT REPORT WHAT THE SHOPS TOOK.");
}

static void whole(struct json_out *out, const char *key, uint64_t value)
{
    json_out_key(out, key);
    json_out_i64(out, (int64_t)value);
}

/* Thousandths as a JSON number: 12.345. */
static void thousandths(struct json_out *out, const char *key, int64_t value)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "%lld.%03lld", (long long)(value / 1000), (long long)(value % 1000));
    json_out_key(out, key);
    json_out_raw(out, (struct span){ text, (size_t)size });
}

static void verdict_json(const struct verdict *verdict)
{
    char bytes[4096];
    struct json_out out;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "ok");
    json_out_bool(&out, verdict->holds);
    whole(&out, "payments", verdict->result->payments);
    whole(&out, "payments_in_data", verdict->data->pays);
    whole(&out, "payments_reported", verdict->comparison->reported);
    whole(&out, "payments_per_second", per_second(verdict->result));
    whole(&out, "shops", verdict->data->shop_count);
    whole(&out, "days", verdict->data->days);
    whole(&out, "shop_days_equal", verdict->comparison->equal);
    whole(&out, "shop_days_different", verdict->comparison->different);
    json_out_key(&out, "first_difference");
    if (verdict->comparison->different > 0) {
        json_out_text(&out, span_of(verdict->comparison->first));
    } else {
        json_out_null(&out);
    }
    whole(&out, "refused", verdict->result->refused);
    json_out_key(&out, "latency_ms");
    json_out_object(&out);
    thousandths(&out, "p50", histogram_quantile(&verdict->result->latency, 500000));
    thousandths(&out, "p99", histogram_quantile(&verdict->result->latency, 990000));
    thousandths(&out, "p999", histogram_quantile(&verdict->result->latency, 999000));
    thousandths(&out, "max", verdict->result->latency.max);
    json_out_object_end(&out);
    json_out_key(&out, "invented");
    json_out_object(&out);
    whole(&out, "seed", verdict->settings->seed);
    whole(&out, "shoppers", replay_shoppers(verdict->data));
    json_out_key(&out, "what");
    json_out_text(&out, SPAN("shoppers, minutes and amounts; one merchant per city"));
    json_out_object_end(&out);
    json_out_key(&out, "audit");
    json_out_object(&out);
    json_out_key(&out, "ok");
    json_out_bool(&out, verdict->audit->ok);
    whole(&out, "transfers", verdict->audit->transfers);
    thousandths(&out, "seconds", verdict->audit->took_us / 1000);
    json_out_object_end(&out);
    json_out_object_end(&out);
    struct span text = json_out_end(&out);
    assert(text.size > 0);
    printf("%.*s\n", (int)text.size, text.bytes);
}

/* ---- the story ---- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
    replay_stop();
}

static void signals_take(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int complain(const char *what)
{
    fprintf(stderr, "onetill replay: %s\n", interrupted != 0 ? "interrupted" : what);
    return EXIT_fault;
}

static int days_play(const struct replay_settings *settings, const struct replay_data *data, struct played *played)
{
    static struct replay_result result; /* large */
    struct comparison comparison;
    struct played_audit audit;
    struct progress progress;
    progress_init(&progress, "payments", data->pays, settings->json ? -1 : STDERR_FILENO, os_monotonic_us());
    bool whole_days = replay_play(played, data, settings, &progress, &result);
    progress_end(&progress, os_monotonic_us());
    if (!whole_days) {
        return complain("the server did not answer any more");
    }
    if (!days_compare(played, settings, data, &comparison)) {
        return complain("the server does not say what the shops took");
    }
    played_audit(played, &audit);
    struct verdict verdict = { .settings = settings,
                               .data = data,
                               .result = &result,
                               .comparison = &comparison,
                               .audit = &audit };
    verdict.holds = comparison.different == 0 && comparison.reported == data->pays &&
                    result.payments == data->pays && result.refused == 0 && audit.ok;
    if (settings->json) {
        verdict_json(&verdict);
    } else {
        verdict_words(&verdict);
    }
    fflush(stdout);
    return verdict.holds ? EXIT_holds : EXIT_broken;
}

static int store_play(const struct replay_settings *settings, const struct replay_data *data, const char *store)
{
    struct played played = { .child.output = -1 };
    char error[512] = "";
    int exit_status = EXIT_fault;
    int64_t begin_us = civil_day_of_yyyymmdd(settings->from) * US_PER_DAY - ZONE_MINUTES * US_PER_MINUTE;
    if (!settings->json) {
        fprintf(stderr, "%u shops, %llu payments; making %u shoppers\n", data->shop_count,
                (unsigned long long)data->pays, replay_shoppers(data));
    }
    if (!store_build(data, store, begin_us, error, sizeof(error)) ||
        !played_keys(&played, store, error, sizeof(error)) ||
        !played_start(&played, settings->listen, begin_us, error, sizeof(error))) {
        (void)complain(error);
    } else {
        exit_status = days_play(settings, data, &played);
    }
    if (!played_stop(&played) && exit_status == EXIT_holds) {
        exit_status = complain("the server did not stop cleanly");
    }
    return exit_status;
}

int replay_main(int argc, char **argv)
{
    struct replay_settings settings = { .listen = "127.0.0.1:0", .seed = 17 };
    struct replay_data data;
    struct scratch scratch;
    char error[512] = "";
    int exit_status = options_read(&terms, argc, argv, &settings);
    if (exit_status != EXIT_holds) {
        return exit_status < 0 ? EXIT_holds : exit_status;
    }
    signals_take();
    if (!replay_read(&data, &settings, error, sizeof(error))) {
        exit_status = complain(error);
    } else if (!scratch_make(&scratch, settings.store, "replay")) {
        exit_status = EXIT_fault;
    } else {
        exit_status = store_play(&settings, &data, scratch.store);
        scratch_remove(&scratch);
    }
    replay_release(&data);
    return exit_status;
}
