/* SPDX-License-Identifier: Apache-2.0 */
/* onetill audit, backup, token, describe: what an operator does beside serving. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "app/copy.h"
#include "app/serve.h"
#include "app/store_file.h"
#include "base/json_out.h"
#include "base/os_clock.h"
#include "doors/alipay/alipay.h"
#include "doors/openapi.h"

/* ---- audit ---- */

static const char audit_help[] =
    "usage: onetill audit --store PLACE [--json] [--quiet]\n\n"
    "Proves a store from its rows alone: every balance from the transfers, every sum from what it sums. Reads a\n"
    "snapshot, also while the store is being served. Exit status 0: it holds; 1: it does not, and the first\n"
    "discrepancy is named; 3: it could not be read.\n";

struct audit_view {
    struct progress progress;
    uint64_t rows, table_rows;
    const char *table;
};

static void audit_seen(void *context, const char *table, uint64_t rows)
{
    struct audit_view *view = context;
    if (view->table == NULL || strcmp(view->table, table) != 0) {
        view->rows += view->table_rows;
        view->table = table;
    }
    view->table_rows = rows;
    progress_note(&view->progress, table);
    progress_set(&view->progress, view->rows + rows, os_monotonic_us());
}

static const char *verdict_name(enum audit_verdict verdict)
{
    return verdict == AUDIT_held ? "held" : verdict == AUDIT_broken ? "broken" : "unused";
}

static void audit_json(const struct audit_report *report, int64_t us)
{
    static char bytes[16384];
    struct json_out out;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    json_out_key(&out, "ok");
    json_out_bool(&out, report->ok);
    json_out_key(&out, "transfers");
    json_out_i64(&out, (int64_t)report->transfers);
    json_out_key(&out, "legs");
    json_out_i64(&out, (int64_t)report->legs);
    json_out_key(&out, "accounts");
    json_out_i64(&out, (int64_t)report->accounts);
    json_out_key(&out, "checks");
    json_out_i64(&out, (int64_t)report->checks);
    json_out_key(&out, "faults");
    json_out_i64(&out, (int64_t)report->faults);
    json_out_key(&out, "milliseconds");
    json_out_i64(&out, us / 1000);
    json_out_key(&out, "first_discrepancy");
    if (report->ok) {
        json_out_null(&out);
    } else {
        json_out_text(&out, span_of(report->first.sentence));
    }
    json_out_key(&out, "laws");
    json_out_object(&out);
    for (size_t i = 0; i < AUDIT_LAW_COUNT; i++) {
        json_out_key(&out, report->laws[i].name);
        json_out_text(&out, span_of(verdict_name(report->laws[i].verdict)));
    }
    json_out_object_end(&out);
    json_out_object_end(&out);
    struct span text = json_out_end(&out);
    printf("%.*s\n", (int)text.size, text.bytes);
}

static void audit_words(const struct audit_report *report, int64_t us)
{
    char transfers[32], checks[32];
    progress_number(report->transfers, transfers);
    progress_number(report->checks, checks);
    for (size_t i = 0; i < AUDIT_LAW_COUNT; i++) {
        printf("  %-6s  %s\n", verdict_name(report->laws[i].verdict), report->laws[i].text);
    }
    printf("%s: %s transfers, %s checks, %lld.%03lld s\n",
           report->ok ? "The books hold" : "The books DO NOT hold", transfers, checks, (long long)(us / 1000000),
           (long long)(us / 1000 % 1000));
    if (!report->ok) {
        printf("First discrepancy: %s\n", report->first.sentence);
    }
}

static int audit_store(const struct place *place, bool json, bool quiet)
{
    static struct audit_report report; /* large */
    struct audit_view view = { .rows = 0 };
    char error[PLACE_NAME_SIZE + 256];
    struct reader *reader;
    if (!place_snapshot(place, &reader, error, sizeof(error))) {
        fprintf(stderr, "onetill audit: %s\n", error);
        return EXIT_fault;
    }
    int64_t begun_us = os_monotonic_us();
    progress_init(&view.progress, "rows", 0, quiet ? -1 : STDERR_FILENO, begun_us);
    struct audit_settings settings = { .progress = audit_seen, .context = &view };
    enum status status = audit_run(reader, &settings, &report);
    int64_t us = os_monotonic_us() - begun_us;
    progress_end(&view.progress, os_monotonic_us());
    if (status != STATUS_ok) {
        fprintf(stderr, "onetill audit: %s cannot be read: %s\n", place->name, reader_error(reader));
        reader->ops->close(reader);
        return EXIT_fault;
    }
    reader->ops->close(reader);
    if (json) {
        audit_json(&report, us);
    } else {
        audit_words(&report, us);
    }
    return report.ok ? EXIT_holds : EXIT_broken;
}

enum proof_option {
    OPTION_store = 256,
    OPTION_json,
    OPTION_quiet,
    OPTION_to,
    OPTION_kind,
    OPTION_id,
    OPTION_token,
    OPTION_key,
    OPTION_help
};

static const struct option options[] = {
    { "store", required_argument, NULL, OPTION_store },
    { "key", required_argument, NULL, OPTION_key },
    { "json", no_argument, NULL, OPTION_json },
    { "quiet", no_argument, NULL, OPTION_quiet },
    { "to", required_argument, NULL, OPTION_to },
    { "kind", required_argument, NULL, OPTION_kind },
    { "id", required_argument, NULL, OPTION_id },
    { "token-id", required_argument, NULL, OPTION_token },
    { "help", no_argument, NULL, OPTION_help },
    { NULL, 0, NULL, 0 },
};

struct proof_settings {
    const char *store, *to, *kind, *id, *token_id, *key;
    bool json, quiet, help;
    struct place place; /* of the store */
};

/* Reads the options all of these share; false after saying what is wrong. */
static bool options_read(int argc, char **argv, struct proof_settings *settings)
{
    int option;
    *settings = (struct proof_settings){ .id = "0", .token_id = "1" };
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case OPTION_store:
            settings->store = optarg;
            break;
        case OPTION_to:
            settings->to = optarg;
            break;
        case OPTION_kind:
            settings->kind = optarg;
            break;
        case OPTION_id:
            settings->id = optarg;
            break;
        case OPTION_token:
            settings->token_id = optarg;
            break;
        case OPTION_key:
            settings->key = optarg;
            break;
        case OPTION_json:
            settings->json = true;
            break;
        case OPTION_quiet:
            settings->quiet = true;
            break;
        case OPTION_help:
            settings->help = true;
            return true;
        default:
            return false;
        }
    }
    if (settings->store == NULL) {
        fprintf(stderr, "onetill %s: --store is needed; see onetill %s --help\n", argv[0], argv[0]);
        return false;
    }
    const char *wrong = place_read(&settings->place, settings->store, settings->key);
    if (wrong != NULL) {
        fprintf(stderr, "onetill %s: --store: %s\n", argv[0], wrong);
    }
    return wrong == NULL;
}

int audit_main(int argc, char **argv)
{
    static struct proof_settings settings;
    if (!options_read(argc, argv, &settings)) {
        return EXIT_usage;
    }
    if (settings.help) {
        fputs(audit_help, stdout);
        return EXIT_holds;
    }
    return audit_store(&settings.place, settings.json, settings.quiet || settings.json);
}

/* ---- backup ---- */

static const char backup_help[] =
    "usage: onetill backup --store PLACE --to FILE\n\n"
    "Copies a store into a new file, also while it is being served, checks the copy and audits it: also a database,\n"
    "of which the file is one moment. The master key is not copied: keep it elsewhere; without it tokens and pay\n"
    "codes are void.\n";

static void backup_seen(void *context, int64_t pages_done, int64_t pages)
{
    struct progress *progress = context;
    progress->total = (uint64_t)pages;
    progress_set(progress, (uint64_t)pages_done, os_monotonic_us());
}

/* A database row by row, all of it of one snapshot. */
static int database_backup(const struct proof_settings *settings)
{
    static volatile bool stopped; /* by nobody: a signal ends the process, and what there is, is no backup */
    static struct place partial;
    struct copy_result result;
    char path[APP_PATH_SIZE];
    if (access(settings->to, F_OK) == 0 || !path_beside(settings->to, ".partial", path) ||
        place_read(&partial, path, NULL) != NULL) {
        fprintf(stderr, "onetill backup: %s exists already, or its name is too long\n", settings->to);
        return EXIT_fault;
    }
    store_file_remove(path);
    struct copy_settings copy = { .from = &settings->place,
                                  .to = &partial,
                                  .command = "backup",
                                  .quiet = settings->quiet,
                                  .stopped = &stopped };
    int exit_status = copy_run(&copy, &result);
    if (exit_status == EXIT_holds && (!store_file_settled(path) || !store_file_name(path, settings->to, false))) {
        fprintf(stderr, "onetill backup: %s: %s\n", settings->to, strerror(errno));
        exit_status = EXIT_fault;
    }
    store_file_remove(path);
    return exit_status;
}

static int file_backup(const struct proof_settings *settings)
{
    struct progress progress;
    struct store_error error = { .text = "" };
    progress_init(&progress, "pages", 0, settings->quiet ? -1 : STDERR_FILENO, os_monotonic_us());
    enum status status =
        store_sqlite_backup(settings->place.text, settings->to, product_tables, backup_seen, &progress, &error);
    progress_end(&progress, os_monotonic_us());
    if (status != STATUS_ok) {
        fprintf(stderr, "onetill backup: %s\n", error.text);
    }
    return status == STATUS_ok ? EXIT_holds : EXIT_fault;
}

int backup_main(int argc, char **argv)
{
    static struct proof_settings settings;
    if (!options_read(argc, argv, &settings)) {
        return EXIT_usage;
    }
    if (settings.help) {
        fputs(backup_help, stdout);
        return EXIT_holds;
    }
    if (settings.to == NULL) {
        fprintf(stderr, "onetill backup: --to is needed; see onetill backup --help\n");
        return EXIT_usage;
    }
    struct place copy;
    const char *wrong = place_read(&copy, settings.to, NULL);
    if (wrong != NULL || copy.kind != PLACE_file || settings.place.kind == PLACE_memory) {
        fprintf(stderr, "onetill backup: --to names a new file, and --store what can be read\n");
        return EXIT_usage;
    }
    int exit_status = settings.place.kind == PLACE_postgres ? database_backup(&settings) : file_backup(&settings);
    return exit_status == EXIT_holds ? audit_store(&copy, false, settings.quiet) : exit_status;
}

/* ---- token ---- */

static const char token_help[] =
    "usage: onetill token --store PLACE [--key FILE] --kind operator|merchant|shop|terminal|shopper [--id N]\n"
    "                     [--token-id N]\n\n"
    "Prints a bearer token signed with the master key (FILE.key; of a database onetill.key). Whoever can read that\n"
    "file can do everything: this command only spells it out. Tokens made here carry the number N, 1 when it is\n"
    "left out, and are revoked by it; the REST door's POST /v1/tokens gives each token a number of its own and is\n"
    "the better way.\n";

int token_main(int argc, char **argv)
{
    static struct proof_settings settings;
    struct master_key key;
    char text[TOKEN_TEXT_SIZE], error[APP_PATH_SIZE + 256];
    struct caller caller = { .kind = CALLER_none };
    int64_t token_id;
    if (!options_read(argc, argv, &settings)) {
        return EXIT_usage;
    }
    if (settings.help) {
        fputs(token_help, stdout);
        return EXIT_holds;
    }
    for (int32_t kind = CALLER_operator; settings.kind != NULL && kind <= CALLER_shopper; kind++) {
        if (strcmp(settings.kind, caller_names[kind]) == 0) {
            caller.kind = kind;
        }
    }
    bool fits = span_to_i64(span_of(settings.id), &caller.id) && span_to_i64(span_of(settings.token_id), &token_id) &&
                token_id > 0;
    if (caller.kind == CALLER_none || !fits || (caller.kind != CALLER_operator && caller.id <= 0)) {
        fprintf(stderr, "onetill token: --kind and --id name whom it speaks for; see onetill token --help\n");
        return EXIT_usage;
    }
    if (!place_key(&settings.place, NULL, false, &key, error, sizeof(error))) {
        fprintf(stderr, "onetill token: %s\n", error);
        return EXIT_fault;
    }
    struct tokens *tokens = tokens_open(&key);
    tokens_issue(tokens, caller, token_id, text);
    puts(text);
    tokens_close(tokens);
    master_key_wipe(&key);
    return EXIT_holds;
}

/* ---- describe ---- */

static void describe_rows(void)
{
    static const char *const kinds[] = { "integer", "integer", "text", "bytes", "packed", "list" };
    for (size_t i = 0; product_tables[i] != NULL; i++) {
        const struct shape *shape = &product_tables[i]->shape;
        printf("%s\n", shape->name);
        for (uint32_t j = 0; j < shape->column_count; j++) {
            printf("  %-26s %s%s\n", shape->columns[j].name, kinds[shape->columns[j].kind],
                   j < product_tables[i]->key_count ? ", key" : "");
        }
    }
}

static int describe_api(void)
{
    static struct server server; /* the pages are those of a server, which stands on a store */
    struct server_settings settings = { .test_clock = true, .base_url = "" };
    struct rest_settings rest = {
        .commands = product_commands, .reads = product_reads, .test_clock = true, .version = ONETILL_VERSION
    };
    struct master_key key;
    uint8_t bytes[MASTER_KEY_SIZE] = { 0 };
    master_key_init(&key, bytes);
    till_edits_init(&server.edits, &key);
    rest.edits = server.edits.edits;
    rest.edit_count = server.edits.count;
    enum status opened = store_memory_open(product_tables, &(struct memory_settings){ 0 }, &server.store);
    assert(opened == STATUS_ok);
    struct engine_settings engine = { .store = server.store, .timer_commands = product_timers };
    server.engine = engine_open(&engine);
    assert(server.engine != NULL);
    server_extras(&server, &settings, &rest);
    bool written = openapi_write(&rest, stdout);
    server_extras_close(&server);
    engine_close(server.engine);
    server.store->ops->close(server.store);
    return written ? EXIT_holds : EXIT_fault;
}

int describe_main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    if (strcmp(what, "api") == 0) {
        return describe_api();
    }
    if (strcmp(what, "refusals") == 0) {
        for (size_t i = 0; refusal_at(i) != NULL; i++) {
            printf("%-24s %d  %s\n", refusal_at(i)->name, refusal_at(i)->http_status, refusal_at(i)->text);
        }
        return EXIT_holds;
    }
    if (strcmp(what, "rows") == 0) {
        describe_rows();
        return EXIT_holds;
    }
    if (strcmp(what, "alipay") == 0) {
        alipay_describe(stdout);
        return EXIT_holds;
    }
    FILE *to = strcmp(what, "--help") == 0 ? stdout : stderr;
    fprintf(to, "usage: onetill describe api|refusals|rows|alipay\n\n"
                "api: the OpenAPI document; refusals: every code the REST door may say no with; rows: the tables;\n"
                "alipay: the methods of the Alipay door with their fields and codes, as JSON.\n");
    return to == stdout ? EXIT_holds : EXIT_usage;
}
