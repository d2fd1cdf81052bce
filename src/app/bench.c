/* SPDX-License-Identifier: Apache-2.0 */
#include "app/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "app/bench_booking.h"
#include "app/bench_rush.h"
#include "app/bench_search.h"
#include "app/options.h"
#include "app/place.h"
#include "base/os_clock.h"

#define ALIPAY_SECONDS_MAX 300
#define GIVE_PIECES_MAX 10000000
#define GIVE_PRICE_MAX 100000
#define THREADS_MAX 64 /* what `onetill serve` takes */

static const char help[] =
    "usage: onetill bench [OPTION]…\n\n"
    "Measures durable payments per second over HTTP: makes a city in a new store, starts a server on it, and\n"
    "pays by scanned codes at half price. Afterwards every counted payment is looked up in the store, which is\n"
    "audited.\n\n"
    "  --connections N,N,…  keep-alive connections; several are run one after the other (64)\n"
    "  --rate N             open loop: N payments arrive in a second, whatever the server does (0: closed loop)\n"
    "  --seconds N          measured time of each run (10)\n"
    "  --warmup N           seconds before, not measured (2)\n"
    "  --shoppers N         1000, 100k, 10M … (100k)\n"
    "  --shops N            in each half of the city: one campaign for all, one for each brand (1000)\n"
    "  --budget hot|spread  in which half is paid (hot)\n"
    "  --door rest|alipay   through which door: alipay is signed alipay.trade.pay at /gateway.do (rest). Requests are\n"
    "                       signed ahead by all processors; RSA alone is measured before and after\n"
    "  --beside N           of the connections to the gateway N pay through the REST door, measured apart (0)\n"
    "  --verify             check the signature of each answer of the gateway, not of every 16th\n"
    "  --claims N           instead of payments: N vouchers are given away, and all shoppers press in the same second\n"
    "  --price N            of each of them in fen, paid from the wallet: 380 on 8 March (0)\n"
    "  --redeem             and then shops redeem what was given\n"
    "  --booking N          instead of payments: N seats of one cinema, which all shoppers want in the same second\n"
    "  --search N           instead of payments: shoppers look for what is near among N deals of the city's shops\n"
    "  --matrix             both halves by turns, with 16, 64, 256 and 512 connections\n"
    "  --servers N          so many processes on one database, with the connections among them (1)\n"
    "  --http-threads N     of the server (1)\n"
    "  --cache-mb N         of the server (its own default)\n"
    "  --seed N             of prices, shops and the shoppers' order (1)\n"
    "  --store PLACE        a new file or an empty database, which stays; otherwise a file in $TMPDIR or here, which\n"
    "                       goes\n"
    "  --again              PLACE is there already, left by a run with as many shoppers and shops\n"
    "  --timeline FILE      what each tenth of a second brought: milliseconds, payments, slowest answer in us\n"
    "  --no-audit           the payments are looked up, the store is not audited\n"
    "  --json               one object on standard output; the report for people goes to standard error\n";

enum bench_option {
    OPTION_connections = 256, OPTION_rate, OPTION_seconds, OPTION_warmup, OPTION_shoppers, OPTION_shops,
    OPTION_budget, OPTION_matrix, OPTION_threads, OPTION_cache, OPTION_seed, OPTION_store, OPTION_timeline,
    OPTION_no_audit, OPTION_json, OPTION_servers, OPTION_door, OPTION_beside, OPTION_verify, OPTION_claims,
    OPTION_price, OPTION_redeem, OPTION_booking, OPTION_search, OPTION_again, OPTION_help,
};

static const struct option options[] = {
    { "connections", required_argument, NULL, OPTION_connections },
    { "rate", required_argument, NULL, OPTION_rate },
    { "seconds", required_argument, NULL, OPTION_seconds },
    { "warmup", required_argument, NULL, OPTION_warmup },
    { "shoppers", required_argument, NULL, OPTION_shoppers },
    { "shops", required_argument, NULL, OPTION_shops },
    { "budget", required_argument, NULL, OPTION_budget },
    { "door", required_argument, NULL, OPTION_door },
    { "servers", required_argument, NULL, OPTION_servers },
    { "beside", required_argument, NULL, OPTION_beside },
    { "verify", no_argument, NULL, OPTION_verify },
    { "claims", required_argument, NULL, OPTION_claims },
    { "price", required_argument, NULL, OPTION_price },
    { "redeem", no_argument, NULL, OPTION_redeem },
    { "booking", required_argument, NULL, OPTION_booking },
    { "search", required_argument, NULL, OPTION_search },
    { "matrix", no_argument, NULL, OPTION_matrix },
    { "http-threads", required_argument, NULL, OPTION_threads },
    { "cache-mb", required_argument, NULL, OPTION_cache },
    { "seed", required_argument, NULL, OPTION_seed },
    { "store", required_argument, NULL, OPTION_store },
    { "again", no_argument, NULL, OPTION_again },
    { "timeline", required_argument, NULL, OPTION_timeline },
    { "no-audit", no_argument, NULL, OPTION_no_audit },
    { "json", no_argument, NULL, OPTION_json },
    { "help", no_argument, NULL, OPTION_help },
    { NULL, 0, NULL, 0 },
};

/* A number, perhaps with k or M behind it. */
static bool count_read(struct span text, int64_t least, int64_t most, int64_t *value)
{
    int64_t factor = 1;
    if (text.size > 0 && (text.bytes[text.size - 1] == 'k' || text.bytes[text.size - 1] == 'M')) {
        factor = text.bytes[text.size - 1] == 'k' ? 1000 : 1000000;
        text.size--;
    }
    if (!span_to_i64(text, value) || *value > most / factor) {
        return false;
    }
    *value *= factor;
    return *value >= least;
}

static bool connections_read(struct bench_settings *settings, struct span list)
{
    settings->connection_count = 0;
    while (list.size > 0) {
        int64_t value;
        if (settings->connection_count == BENCH_RUNS_MAX ||
            !count_read(span_cut(list, ',', &list), 1, DRIVER_CONNECTIONS_MAX, &value)) {
            return false;
        }
        settings->connections[settings->connection_count++] = (uint32_t)value;
    }
    return settings->connection_count > 0;
}

static bool budget_read(struct bench_settings *settings, const char *name)
{
    settings->budget = strcmp(name, bench_budget_names[BUDGET_spread]) == 0 ? BUDGET_spread : BUDGET_hot;
    return strcmp(name, bench_budget_names[settings->budget]) == 0;
}

static bool door_read(struct bench_settings *settings, const char *name)
{
    settings->door = strcmp(name, bench_door_names[DOOR_alipay]) == 0 ? DOOR_alipay : DOOR_rest;
    return strcmp(name, bench_door_names[settings->door]) == 0;
}

/* Those of the Alipay door, of several servers, and of a rush. */
static bool door_option_take(struct bench_settings *settings, int option)
{
    int64_t number = 0;
    bool fits = true;
    switch (option) {
    case OPTION_door:
        return door_read(settings, optarg);
    case OPTION_beside:
        fits = count_read(span_of(optarg), 0, DRIVER_CONNECTIONS_MAX, &number);
        settings->beside = (uint32_t)number;
        return fits;
    case OPTION_servers:
        fits = count_read(span_of(optarg), 1, BENCH_SERVERS_MAX, &number);
        settings->servers = (uint32_t)number;
        return fits;
    case OPTION_verify:
        settings->verify_all = true;
        return true;
    case OPTION_price:
        return count_read(span_of(optarg), 0, GIVE_PRICE_MAX, &settings->price_minor);
    case OPTION_claims:
        fits = count_read(span_of(optarg), 1, GIVE_PIECES_MAX, &number);
        settings->pieces = (uint64_t)number;
        settings->rush = settings->rush == RUSH_none ? RUSH_claims : settings->rush;
        return fits;
    case OPTION_redeem:
        settings->rush = RUSH_redeem;
        return true;
    case OPTION_booking:
        fits = count_read(span_of(optarg), 1, BENCH_SEATS_MAX, &number);
        settings->pieces = (uint64_t)number;
        settings->rush = RUSH_booking;
        return fits;
    case OPTION_search:
        fits = count_read(span_of(optarg), 1, GIVE_PIECES_MAX, &number);
        settings->pieces = (uint64_t)number;
        settings->rush = RUSH_search;
        return fits;
    default:
        return false;
    }
}

/* Takes one option in; false when its value is wrong. */
static bool option_take(void *context, int option)
{
    struct bench_settings *settings = context;
    int64_t number = 0;
    bool fits = true;
    switch (option) {
    case OPTION_connections:
        fits = connections_read(settings, span_of(optarg));
        break;
    case OPTION_rate:
        fits = count_read(span_of(optarg), 0, DRIVER_RATE_MAX, &number);
        settings->rate = (uint32_t)number;
        break;
    case OPTION_seconds:
        fits = count_read(span_of(optarg), 1, 86400, &settings->seconds);
        break;
    case OPTION_warmup:
        fits = count_read(span_of(optarg), 0, 3600, &settings->warmup);
        break;
    case OPTION_shoppers:
        fits = count_read(span_of(optarg), 100, (int64_t)CITY_SHOPPERS_MAX, &number);
        settings->shoppers = (uint64_t)number;
        break;
    case OPTION_shops:
        fits = count_read(span_of(optarg), 1, CITY_SHOPS_MAX / 2, &number);
        settings->shops = (uint32_t)number;
        break;
    case OPTION_budget:
        fits = budget_read(settings, optarg);
        break;
    case OPTION_matrix:
        settings->matrix = true;
        fits = connections_read(settings, SPAN("16,64,256,512"));
        break;
    case OPTION_threads:
        fits = count_read(span_of(optarg), 1, THREADS_MAX, &settings->http_threads);
        break;
    case OPTION_cache:
        fits = count_read(span_of(optarg), 1, 1 << 20, &settings->cache_mb);
        break;
    case OPTION_seed:
        fits = count_read(span_of(optarg), 0, INT64_MAX, &number);
        settings->seed = (uint64_t)number;
        break;
    case OPTION_store:
        settings->store_path = optarg;
        break;
    case OPTION_timeline:
        settings->timeline_path = optarg;
        break;
    case OPTION_again:
        settings->again = true;
        break;
    case OPTION_no_audit:
        settings->audit = false;
        break;
    case OPTION_json:
        settings->json = true;
        break;
    default:
        fits = door_option_take(settings, option);
    }
    return fits;
}

/* Of a database the key would be another one. */
static bool again_fits(const struct bench_settings *settings)
{
    static struct place place; /* large */
    return settings->store_path != NULL && settings->door == DOOR_rest && settings->rush == RUSH_none &&
           place_read(&place, settings->store_path, NULL) == NULL && place.kind == PLACE_file;
}

static bool servers_fit(const struct bench_settings *settings)
{
    static struct place place; /* large */
    return settings->store_path != NULL && settings->door == DOOR_rest &&
           place_read(&place, settings->store_path, NULL) == NULL && place.kind == PLACE_postgres;
}

/* What is prepared must fit into memory: about 1.3 kB for each payment. */
static const char *options_check(void *context, char **files, int file_count)
{
    const struct bench_settings *settings = context;
    (void)files;
    (void)file_count;
    if (settings->again && !again_fits(settings)) {
        return "--again wants --store FILE, and is of payments through the REST door";
    }
    if (settings->servers > 1 && !servers_fit(settings)) {
        return "--servers wants --store postgres://… and the REST door";
    }
    if (settings->rush == RUSH_search && (settings->door != DOOR_rest || settings->matrix || settings->servers > 1)) {
        return "--search is of the REST door of one server alone";
    }
    if (settings->rush == RUSH_booking && (settings->door != DOOR_rest || settings->matrix)) {
        return "--booking is of the REST door alone";
    }
    if (settings->rush != RUSH_none && (settings->pieces == 0 || settings->door != DOOR_rest || settings->matrix)) {
        return "--redeem wants --claims, and both are of the REST door alone";
    }
    if (settings->door == DOOR_rest) {
        return settings->beside > 0 || settings->verify_all ? "--beside and --verify are of --door alipay" : NULL;
    }
    for (size_t i = 0; i < settings->connection_count; i++) {
        if (settings->beside >= settings->connections[i]) {
            return "--beside leaves the gateway no connection";
        }
    }
    return settings->seconds + settings->warmup > ALIPAY_SECONDS_MAX
               ? "requests for the gateway are signed ahead: at most 300 seconds with the warm-up"
               : NULL;
}

static const struct options_terms terms = { .command = "bench",
                                           .help = help,
                                           .options = options,
                                           .help_option = OPTION_help,
                                           .take = option_take,
                                           .check = options_check };

/* ---- the disk ---- */

static const struct {
    long magic;
    const char *name;
    bool real;
} file_systems[] = {
    { 0xEF53, "ext4", true },          { 0x58465342, "xfs", true },      { 0x9123683E, "btrfs", true },
    { 0x794C7630, "overlayfs", true }, { 0x2FC12FC1, "zfs", true },      { 0xF2F52010, "f2fs", true },
    { 0x01021994, "tmpfs", false },    { 0x858458F6, "ramfs", false },
};

static void file_system_name(const char *path, struct bench_disk *disk)
{
    struct statfs found;
    *disk = (struct bench_disk){ .file_system = "unknown file system", .real = true };
    if (statfs(path, &found) != 0) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(file_systems); i++) {
        if ((long)found.f_type == file_systems[i].magic) {
            disk->file_system = file_systems[i].name;
            disk->real = file_systems[i].real;
        }
    }
}

static int order_i64(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* What a durable write costs here, so that nobody need believe a figure that beats it. */
static bool sync_measure(const char *folder, struct bench_disk *disk)
{
    char path[APP_PATH_SIZE];
    char page[4096] = { 0 };
    int64_t took_us[101];
    int size = snprintf(path, sizeof(path), "%s/onetill-sync-XXXXXX", folder);
    int file = size < (int)sizeof(path) ? mkstemp(path) : -1;
    bool ok = file >= 0;
    for (size_t i = 0; ok && i < COUNT_OF(took_us); i++) {
        int64_t start_us = os_monotonic_us();
        ok = write(file, page, sizeof(page)) == (ssize_t)sizeof(page) && fdatasync(file) == 0;
        took_us[i] = os_monotonic_us() - start_us;
    }
    if (file >= 0) {
        (void)close(file);
        (void)unlink(path);
    }
    if (ok) {
        qsort(took_us, COUNT_OF(took_us), sizeof(took_us[0]), order_i64);
        disk->sync_us = took_us[COUNT_OF(took_us) / 2];
    }
    return ok;
}

/* ---- where the store goes ---- */

struct room {
    char folder[APP_PATH_SIZE]; /* of the disk that is measured */
    const char *store;
    char path[APP_PATH_SIZE];   /* of a store of our own; of a database its key only */
    char key[APP_PATH_SIZE];    /* of a database */
    bool temporary;             /* the folder is ours */
};

static bool folder_make(struct room *room)
{
    const char *temporary = getenv("TMPDIR");
    int size = snprintf(room->folder, sizeof(room->folder), "%s/onetill-bench-XXXXXX",
                        temporary != NULL && temporary[0] != '\0' ? temporary : ".");
    return size < (int)sizeof(room->folder) && mkdtemp(room->folder) != NULL;
}

static bool room_find(const struct bench_settings *settings, struct room *room)
{
    struct place place;
    *room = (struct room){ .temporary = settings->store_path == NULL, .store = settings->store_path };
    if (room->temporary) {
        room->store = room->path;
        return folder_make(room) && path_beside(room->folder, "/till.store", room->path);
    }
    if (place_read(&place, settings->store_path, NULL) != NULL) {
        errno = EINVAL;
        return false;
    }
    if (place.kind == PLACE_postgres) { /* its disk is its own; ours stands for it when both are one machine */
        room->temporary = true;
        return folder_make(room) && path_beside(room->folder, "/till", room->path) &&
               path_beside(room->path, ".key", room->key);
    }
    const char *slash = strrchr(settings->store_path, '/');
    struct span folder = SPAN(".");
    if (slash != NULL) {
        folder = (struct span){ settings->store_path, (size_t)(slash - settings->store_path) + 1 };
    }
    if (!span_copy(folder, room->folder, sizeof(room->folder))) {
        errno = ENAMETOOLONG;
        return false;
    }
    bool there = access(settings->store_path, F_OK) == 0;
    errno = there ? EEXIST : ENOENT;
    return there == settings->again;
}

static void room_leave(const struct room *room)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", ".lock", "-lock", ".key", ".operator-token",
                                            ".platform-keys" };
    char path[APP_PATH_SIZE];
    if (!room->temporary) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        if (path_beside(room->path, suffixes[i], path)) {
            (void)unlink(path);
        }
    }
    (void)rmdir(room->folder);
}

/* ---- runs ---- */

static bool run_one(struct bench_report *report, struct bench_load *load, struct bench_server *server,
                    const char *path, enum bench_budget budget, uint32_t connections)
{
    struct bench_run *run = &report->runs[report->run_count];
    assert(report->run_count < BENCH_RUNS_MAX);
    *run = (struct bench_run){ .budget = budget,
                               .door = report->settings->door,
                               .connections = connections,
                               .rate = report->settings->rate };
    if (load->alipay != NULL) {
        run->gateway.before = bench_alipay_rsa(load->alipay);
    }
    if (!bench_empty(server, connections, &run->empty_before) || !bench_floor(server, run) ||
        !bench_pay(load, server, path, run) || !bench_empty(server, connections, &run->empty_after)) {
        return false;
    }
    if (load->alipay != NULL) {
        run->gateway.after = bench_alipay_rsa(load->alipay);
    }
    report->run_count++;
    bench_report_run(run);
    return true;
}

/* All caches are as warm for the first run as for the last, and which budget comes first changes. */
static bool run_matrix(struct bench_report *report, struct bench_load *load, struct bench_server *server,
                       const char *path)
{
    const struct bench_settings *settings = report->settings;
    struct bench_run warm = {
        .budget = BUDGET_spread, .door = settings->door, .connections = 64, .rate = settings->rate
    };
    if (load->alipay != NULL) {
        (void)bench_alipay_rsa(load->alipay);
    }
    bool ok = bench_pay(load, server, path, &warm);
    for (size_t i = 0; ok && i < settings->connection_count; i++) {
        enum bench_budget first = i % 2 == 0 ? BUDGET_hot : BUDGET_spread;
        enum bench_budget second = i % 2 == 0 ? BUDGET_spread : BUDGET_hot;
        ok = run_one(report, load, server, path, first, settings->connections[i]) &&
             run_one(report, load, server, path, second, settings->connections[i]);
    }
    return ok;
}

static bool run_all(struct bench_report *report, struct bench_load *load, struct bench_server *server,
                    const char *path)
{
    const struct bench_settings *settings = report->settings;
    for (size_t i = 0; i < settings->connection_count; i++) {
        if (!run_one(report, load, server, path, settings->budget, settings->connections[i])) {
            return false;
        }
    }
    return true;
}

static bool server_start(struct bench_server *server, const struct bench_settings *settings, const char *path)
{
    char threads[24], cache[24], connections[24];
    bool cached = settings->cache_mb > 0;
    const char *const options_given[] = { "--http-threads", threads, "--connections", connections,
                                          cached ? "--cache-mb" : NULL, cache, NULL };
    snprintf(threads, sizeof(threads), "%lld", (long long)settings->http_threads);
    snprintf(cache, sizeof(cache), "%lld", (long long)settings->cache_mb);
    snprintf(connections, sizeof(connections), "%d", DRIVER_CONNECTIONS_MAX + 100);
    return bench_server_start(server, settings, path, options_given);
}

static bool signatures_hold(const struct bench_report *report)
{
    uint64_t wrong = 0;
    for (size_t i = 0; i < report->run_count; i++) {
        wrong += report->runs[i].gateway.signatures.wrong;
    }
    return wrong == 0;
}

/* A give-away for everybody instead of payments. */
static int rush_at(const struct bench_report *report, struct bench_server *server, const char *path)
{
    static struct bench_rush rush;
    const struct bench_settings *settings = report->settings;
    bool ok = bench_rush_run(settings, report->city, server, &rush);
    ok = bench_server_stop(server) && ok &&
         (!settings->audit || bench_rush_audit(path, &rush.audit, &rush.audit_us));
    if (!ok) {
        return EXIT_fault;
    }
    rush.audited = settings->audit;
    bench_rush_words(&rush, &report->disk);
    if (settings->json) {
        bench_rush_json(&rush);
    }
    return bench_rush_holds(&rush) ? EXIT_holds : EXIT_broken;
}

/* A cinema that everybody wants to go to. */
static int booking_at(const struct bench_settings *settings, struct bench_server *server, const char *path)
{
    static struct bench_booking booking;
    bool ok = bench_booking_run(settings, server, &booking);
    ok = bench_server_stop(server) && ok &&
         (!settings->audit || bench_rush_audit(path, &booking.audit, &booking.audit_us));
    if (!ok) {
        return EXIT_fault;
    }
    booking.audited = settings->audit;
    bench_booking_words(&booking);
    if (settings->json) {
        bench_booking_json(&booking);
    }
    return bench_booking_holds(&booking) ? EXIT_holds : EXIT_broken;
}

static int search_at(const struct bench_report *report, struct bench_server *server, struct bench_search *search)
{
    bool ok = bench_search_run(report->settings, server, search);
    ok = bench_server_stop(server) && ok;
    if (!ok) {
        return EXIT_fault;
    }
    bench_search_words(search, &report->disk);
    if (report->settings->json) {
        bench_search_json(search);
    }
    return search->wrong == 0 && search->answers_5xx == 0 ? EXIT_holds : EXIT_broken;
}

static int bench_at(struct bench_report *report, struct bench_city *city, const char *path)
{
    static struct bench_server server;
    static struct bench_search search;
    struct bench_load load = { 0 };
    const struct bench_settings *settings = report->settings;
    if (!settings->again && !bench_city_make(city, path, settings->json ? -1 : STDERR_FILENO)) {
        return EXIT_fault;
    }
    if (settings->rush == RUSH_search && !bench_search_fill(settings, city, path, &search)) {
        return EXIT_fault;
    }
    if (settings->rush == RUSH_none) {
        bench_report_head(report);
    }
    if (!server_start(&server, settings, path)) {
        return EXIT_fault;
    }
    report->settle_us = bench_server_settle(&server);
    if (settings->rush == RUSH_search) {
        return search_at(report, &server, &search);
    }
    if (settings->rush == RUSH_booking) {
        return booking_at(settings, &server, path);
    }
    if (settings->rush != RUSH_none) {
        return rush_at(report, &server, path);
    }
    bool ok = bench_load_open(&load, settings, city, &server) &&
              (settings->matrix ? run_matrix : run_all)(report, &load, &server, path);
    ok = bench_server_stop(&server) && ok;
    ok = ok && bench_verify(&load, path, &report->proof);
    bench_load_close(&load);
    if (!ok) {
        return EXIT_fault;
    }
    bench_report_end(report);
    if (settings->json) {
        bench_report_json(report);
    }
    bool holds = report->proof.missing == 0 && report->proof.counted_minor == report->proof.found_minor &&
                 signatures_hold(report) &&
                 (!report->proof.audited || report->proof.audit.ok);
    return holds ? EXIT_holds : EXIT_broken;
}

int bench_main(int argc, char **argv)
{
    struct bench_settings settings = { .connections = { 64 },
                                       .connection_count = 1,
                                       .seconds = 10,
                                       .warmup = 2,
                                       .shoppers = 100000,
                                       .shops = 1000,
                                       .seed = 1,
                                       .http_threads = 1,
                                       .servers = 1,
                                       .audit = true };
    static struct bench_report report;
    struct bench_city city;
    struct room room;
    int exit_status = options_read(&terms, argc, argv, &settings);
    if (exit_status != EXIT_holds) {
        return exit_status < 0 ? EXIT_holds : exit_status;
    }
    signal(SIGPIPE, SIG_IGN);
    report.settings = &settings;
    report.city = &city;
    if (!room_find(&settings, &room)) {
        fprintf(stderr, "onetill bench: no place for the store: %s\n", strerror(errno));
        return EXIT_fault;
    }
    settings.key_path = room.key[0] != '\0' ? room.key : NULL;
    file_system_name(room.folder, &report.disk);
    bench_city_init(&city, &settings);
    if (sync_measure(room.folder, &report.disk)) {
        exit_status = bench_at(&report, &city, room.store);
    } else {
        fprintf(stderr, "onetill bench: cannot write to %s: %s\n", room.folder, strerror(errno));
        exit_status = EXIT_fault;
    }
    bench_city_release(&city);
    room_leave(&room);
    return exit_status;
}
