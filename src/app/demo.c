/* SPDX-License-Identifier: Apache-2.0 */
/* onetill demo: a day of 2014 from an empty folder to the proof of its books: 12 December, or 8 March. */
#include "app/demo.h"

#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include "app/app.h"
#include "app/double12_city.h"
#include "app/march8.h"
#include "app/options.h"
#include "app/scratch.h"
#include "base/os_clock.h"

#define SHOPPERS_MIN 100
#define SECONDS_MAX 86400

static const char help[] =
    "usage: onetill demo [OPTION]…\n\n"
    "Builds an invented city of 100 brands, 20,000 shops and 300,000 shoppers, starts a server on it, and plays\n"
    "12 December 2014 from 08:00 to 22:05 at full speed over HTTP: half-price campaigns with their real caps and\n"
    "one national budget, pay codes, QR codes, bad networks, refunds. Then it compares what tills and phones were\n"
    "told with what the server's books say, has the store audited, and leaves the server running until Ctrl-C.\n\n"
    "With --day 0308 it is 8 March 2014: 288 cinemas give two million tickets away at 3.80 yuan to who presses first,\n"
    "230 karaoke houses and 800 restaurants are booked and bought, a lottery is drawn, red packets are opened.\n\n"
    "  --day 1212|0308   which day (1212)\n"
    "  --scale N         of 8 March one part in N of what people did (50)\n"
    "  --seconds N       how long 12 December shall take (30)\n"
    "  --shoppers N      how many shoppers its city has (300000)\n"
    "  --seed N          which city and which day (12)\n"
    "  --listen ADDRESS  where the server listens (127.0.0.1:0, a free port)\n"
    "  --store PLACE     keep the store in this new file or empty database; otherwise it is deleted at the end\n"
    "  --exit            do not leave the server running\n"
    "  --json            nothing on standard output but one JSON object\n\n"
    "Exit status 0 only when both sides' books agree to the cent and the audit holds.\n";

static const struct option options[] = {
    { "seconds", required_argument, NULL, 'n' }, { "shoppers", required_argument, NULL, 'p' },
    { "seed", required_argument, NULL, 's' },    { "listen", required_argument, NULL, 'l' },
    { "store", required_argument, NULL, 'f' },   { "exit", no_argument, NULL, 'x' },
    { "json", no_argument, NULL, 'j' },          { "help", no_argument, NULL, 'h' },
    { "day", required_argument, NULL, 'd' },     { "scale", required_argument, NULL, 'c' },
    { NULL, 0, NULL, 0 },
};

static bool option_take(void *context, int option)
{
    struct demo_settings *settings = context;
    int64_t number = 0;
    bool fits = true;
    switch (option) {
    case 'n':
        fits = option_number(optarg, 1, SECONDS_MAX, &settings->seconds);
        break;
    case 'p':
        fits = option_number(optarg, SHOPPERS_MIN, DOUBLE12_SHOPPERS_MAX, &number);
        settings->shoppers = (uint32_t)number;
        break;
    case 's':
        fits = option_number(optarg, 0, INT64_MAX, &number);
        settings->seed = (uint64_t)number;
        break;
    case 'd':
        settings->march8 = strcmp(optarg, "0308") == 0;
        fits = settings->march8 || strcmp(optarg, "1212") == 0;
        break;
    case 'c':
        fits = option_number(optarg, 1, MARCH8_SCALE_MOST, &number);
        settings->scale = (uint32_t)number;
        break;
    case 'l':
        settings->listen = optarg;
        break;
    case 'f':
        settings->store = optarg;
        break;
    case 'x':
        settings->exit = true;
        break;
    case 'j':
        settings->json = true;
        break;
    default:
        fits = false;
    }
    return fits;
}

static const struct options_terms terms = { .command = "demo",
                                           .help = help,
                                           .options = options,
                                           .help_option = 'h',
                                           .take = option_take };

/* ---- the story ---- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
    demo_stop();
    march8_stop();
}

static void signals_take(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

__attribute__((format(printf, 2, 3))) static void say(const struct demo_settings *settings, const char *format, ...)
{
    va_list arguments;
    if (settings->json) {
        return;
    }
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

static bool server_start(struct played *played, const struct demo_settings *settings, const char *store,
                         int64_t start_us)
{
    char error[512] = "";
    if (!played_keys(played, store, error, sizeof(error))) {
        fprintf(stderr, "onetill demo: %s\n", error);
        return false;
    }
    const char *listen = settings->listen != NULL ? settings->listen : "127.0.0.1:0";
    if (!played_start(played, listen, start_us, error, sizeof(error))) {
        fprintf(stderr, "onetill demo: %s\n", error);
        return false;
    }
    return true;
}

/* What to look at, and how to pay something by hand. */
static void addresses_show(FILE *to, const struct played *played)
{
    fprintf(to,
            "\nThe server is still running (pid %d). Ctrl-C stops it.\n"
            "  the day, live        %s/\n"
            "  every call there is  %s/v1/openapi.json\n"
            "  what a shop took     curl -H 'Authorization: Bearer %s' '%s/v1/shop_days?day=2014-12-12&limit=5'\n"
            "  the hot budget       curl -H 'Authorization: Bearer %s' %s/v1/campaigns/%lld\n",
            (int)played->child.pid, played->url, played->url, played->operator_token, played->url,
            played->operator_token, played->url, (long long)double12_campaign_id(CAMPAIGN12_supermarket));
    fflush(to);
}

/* Until somebody wants it to end, or the server does. */
static bool keep_serving(struct played *played)
{
    while (interrupted == 0) {
        if (child_wait(&played->child, 0)) {
            fprintf(stderr, "onetill demo: the server ended\n");
            return false;
        }
        os_sleep_us(200000);
    }
    return true;
}

static int day_play(const struct demo_settings *settings, const struct double12 *day, const struct scratch *scratch,
                    struct played *played)
{
    static struct demo_book book; /* large */
    struct demo_budget budget = { .funded_minor = { 0 } };
    struct demo_server server;
    char why[1024];
    int64_t start_us = DOUBLE12_MIDNIGHT_US + DOUBLE12_MINUTE_FROM * US_PER_MINUTE;
    if (!server_start(played, settings, scratch->store, start_us)) {
        return EXIT_fault;
    }
    say(settings, "The day begins; it can be watched at %s/\n", played->url);
    bool whole = demo_play(played, day, settings, &budget, &book);
    if (interrupted != 0) {
        fprintf(stderr, "onetill demo: interrupted\n");
        return EXIT_fault;
    }
    if (!whole && book.payments == 0) {
        fprintf(stderr, "onetill demo: %s\n", book.fault);
        return EXIT_fault;
    }
    say(settings, "The day is over. Reading the server's books and auditing the store.\n");
    if (!demo_ask(played, &server)) {
        demo_fault(&book, "the server's books cannot be read");
    }
    bool agrees = demo_agrees(&book, &server, why, sizeof(why));
    if (settings->json) {
        demo_report_json(stdout, settings, day, &book, &server, agrees, why);
    } else {
        demo_report_words(stdout, settings, day, &book, &server, agrees, why);
    }
    fflush(stdout);
    return agrees ? EXIT_holds : EXIT_broken;
}

static int city_play(const struct demo_settings *settings, const struct scratch *scratch)
{
    static struct double12 day; /* large */
    struct played played = { .child.output = -1 };
    struct progress progress;
    char error[512] = "";
    double12_init(&day, settings->seed, settings->shoppers);
    say(settings, "Building a city: %d brands, %d shops, %u tills, %u shoppers with money and a phone.\n",
        DOUBLE12_BRANDS, DOUBLE12_SHOPS, day.terminal_count, settings->shoppers);
    progress_init(&progress, "city", 1, settings->json ? -1 : STDERR_FILENO, os_monotonic_us());
    bool built = double12_build(&day, scratch->store, &progress, &interrupted, error, sizeof(error));
    progress_end(&progress, os_monotonic_us());
    int exit_status = EXIT_fault;
    if (!built) {
        fprintf(stderr, "onetill demo: %s\n", error);
    } else if (interrupted == 0) {
        exit_status = day_play(settings, &day, scratch, &played);
    }
    if (exit_status == EXIT_holds && !settings->exit && interrupted == 0) {
        addresses_show(settings->json ? stderr : stdout, &played);
        exit_status = keep_serving(&played) ? exit_status : EXIT_fault;
    }
    if (!played_stop(&played) && exit_status == EXIT_holds) {
        fprintf(stderr, "onetill demo: the server did not stop cleanly\n");
        exit_status = EXIT_fault;
    }
    double12_release(&day);
    return exit_status;
}

/* ---- 8 March ---- */

static int march8_day_play(const struct demo_settings *settings, const struct march8 *day,
                           const struct scratch *scratch, struct played *played)
{
    static struct march8_book book; /* large */
    static struct march8_server server;
    char why[1024];
    if (!server_start(played, settings, scratch->store, march8_step_us(MARCH8_FROM))) {
        return EXIT_fault;
    }
    say(settings, "The day begins; it can be watched at %s/\n", played->url);
    (void)march8_play(played, day, settings, &book);
    if (interrupted != 0) {
        fprintf(stderr, "onetill demo: interrupted\n");
        return EXIT_fault;
    }
    say(settings, "The day is over. Reading the server's books and auditing the store.\n");
    if (!march8_ask(played, &server)) {
        march8_fault(&book, "the server's books cannot be read");
    }
    bool agrees = march8_agrees(day, &book, &server, why, sizeof(why));
    if (settings->json) {
        march8_report_json(stdout, day, &book, &server, agrees, why);
    } else {
        march8_report_words(stdout, day, &book, &server, agrees, why);
    }
    fflush(stdout);
    return agrees ? EXIT_holds : EXIT_broken;
}

static int march8_city_play(const struct demo_settings *settings, const struct scratch *scratch)
{
    static struct march8 day;
    struct played played = { .child.output = -1 };
    struct progress progress;
    char error[512] = "";
    march8_init(&day, settings->seed, settings->scale);
    say(settings, "Building a city: %d cinemas, %d karaoke houses, %d restaurants, %u shoppers with money.\n",
        MARCH8_CINEMAS, MARCH8_KARAOKE, MARCH8_RESTAURANTS, day.shoppers);
    progress_init(&progress, "city", 1, settings->json ? -1 : STDERR_FILENO, os_monotonic_us());
    bool built = march8_build(&day, scratch->store, &progress, &interrupted, error, sizeof(error));
    progress_end(&progress, os_monotonic_us());
    int exit_status = EXIT_fault;
    if (!built) {
        fprintf(stderr, "onetill demo: %s\n", error);
    } else if (interrupted == 0) {
        exit_status = march8_day_play(settings, &day, scratch, &played);
    }
    if (exit_status == EXIT_holds && !settings->exit && interrupted == 0) {
        fprintf(settings->json ? stderr : stdout,
                "\nThe server is still running (pid %d). Ctrl-C stops it.\n  the day, live        %s/\n"
                "  a give-away          curl -H 'Authorization: Bearer %s' %s/v1/gives/%lld\n",
                (int)played.child.pid, played.url, played.operator_token, played.url,
                (long long)march8_ticket_deal(0, 0));
        fflush(stdout);
        exit_status = keep_serving(&played) ? exit_status : EXIT_fault;
    }
    if (!played_stop(&played) && exit_status == EXIT_holds) {
        fprintf(stderr, "onetill demo: the server did not stop cleanly\n");
        exit_status = EXIT_fault;
    }
    march8_release(&day);
    return exit_status;
}

int demo_main(int argc, char **argv)
{
    struct demo_settings settings = {
        .seconds = 30, .shoppers = 300000, .seed = 12, .scale = MARCH8_SCALE_USUAL
    };
    struct scratch scratch;
    int exit_status = options_read(&terms, argc, argv, &settings);
    if (exit_status != EXIT_holds) {
        return exit_status < 0 ? EXIT_holds : exit_status;
    }
    signals_take();
    if (!scratch_make(&scratch, settings.store, "demo")) {
        return EXIT_fault;
    }
    exit_status = settings.march8 ? march8_city_play(&settings, &scratch) : city_play(&settings, &scratch);
    scratch_remove(&scratch);
    return exit_status;
}
