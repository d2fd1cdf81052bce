/* SPDX-License-Identifier: Apache-2.0 */
/* onetill copy: a business moves, from a file into a database or back. */
#include "app/copy.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "app/copy_keys.h"
#include "app/options.h"
#include "base/json_out.h"

static const char help[] =
    "usage: onetill copy --from PLACE --to PLACE [OPTION]…\n\n"
    "Makes one store a copy of another: a FILE, postgres://user@host/name, or env:NAME for what that environment\n"
    "variable says. Only what differs is written, so it may be run once while the source is being served, and once\n"
    "more after that was stopped; and it goes on where it was interrupted. Then both are compared row by row and\n"
    "audited. Until the end nobody can serve the destination.\n\n"
    "  --from PLACE   stays as it is; may be served meanwhile\n"
    "  --to PLACE     made when there is none; must not be served\n"
    "  --key FILE     the master key of the source (FILE.key; of a database onetill.key)\n"
    "  --overwrite    the destination holds another business, or was served since the last copy: that goes\n"
    "  --partitions N a database that is made now gets so many, for one that shards (1)\n"
    "  --no-audit     the rows are compared, the books not audited\n"
    "  --quiet        no progress bar\n"
    "  --json         nothing on standard output but one JSON object\n\n"
    "The master key goes along by hand. A database is told which one is its own, and takes the platform's keys in.\n"
    "Exit status 0: both are the same and the books hold; 1: they are not; 3: it could not be done.\n";

static volatile bool stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = true;
}

struct options_given {
    const char *from, *to, *key;
    struct place from_place, to_place;
    int64_t partitions;
    bool overwrite, no_audit, quiet, json;
};

static const struct option options[] = {
    { "from", required_argument, NULL, 'f' },    { "to", required_argument, NULL, 't' },
    { "overwrite", no_argument, NULL, 'o' },     { "no-audit", no_argument, NULL, 'a' },
    { "quiet", no_argument, NULL, 'q' },         { "json", no_argument, NULL, 'j' },
    { "key", required_argument, NULL, 'k' },     { "partitions", required_argument, NULL, 'p' },
    { "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 },
};

static bool option_take(void *context, int option)
{
    struct options_given *given = context;
    switch (option) {
    case 'f':
        given->from = optarg;
        return true;
    case 't':
        given->to = optarg;
        return true;
    case 'k':
        given->key = optarg;
        return true;
    case 'p':
        return option_number(optarg, 1, PARTITIONS_MAX, &given->partitions);
    case 'o':
        given->overwrite = true;
        return true;
    case 'a':
        given->no_audit = true;
        return true;
    case 'q':
        given->quiet = true;
        return true;
    case 'j':
        given->json = true;
        return true;
    default:
        return false;
    }
}

static const char *options_check(void *context, char **files, int file_count)
{
    struct options_given *given = context;
    (void)files;
    (void)file_count;
    if (given->from == NULL || given->to == NULL) {
        return "--from and --to are needed";
    }
    const char *wrong = place_read(&given->from_place, given->from, given->key);
    if (wrong == NULL) {
        wrong = place_read(&given->to_place, given->to, NULL);
    }
    if (wrong != NULL) {
        return wrong;
    }
    if (given->from_place.kind == PLACE_memory || given->to_place.kind == PLACE_memory) {
        return "memory: is nothing to copy from or to";
    }
    if (given->from_place.kind == PLACE_file && access(given->from_place.text, F_OK) != 0) {
        return "there is no file of --from";
    }
    return strcmp(given->from_place.text, given->to_place.text) == 0 ? "--from and --to are the same" : NULL;
}

static const struct options_terms terms = { .command = "copy",
                                           .help = help,
                                           .options = options,
                                           .help_option = 'h',
                                           .take = option_take,
                                           .check = options_check };

static uint64_t per_second(uint64_t count, int64_t us)
{
    return us > 0 ? count * 1000000 / (uint64_t)us : 0;
}

static void seconds(const char *key, int64_t us, struct json_out *out)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "%lld.%03lld", (long long)(us / 1000000), (long long)(us / 1000 % 1000));
    json_out_key(out, key);
    json_out_raw(out, (struct span){ text, (size_t)size });
}

static void number(const char *key, uint64_t value, struct json_out *out)
{
    json_out_key(out, key);
    json_out_i64(out, (int64_t)value);
}

static void truth(const char *key, bool value, struct json_out *out)
{
    json_out_key(out, key);
    json_out_bool(out, value);
}

static void report_json(const struct copy_result *result, bool audited, int exit_status)
{
    char bytes[2048];
    struct json_out out;
    json_out_init(&out, bytes, sizeof(bytes));
    json_out_object(&out);
    truth("ok", exit_status == EXIT_holds, &out);
    number("rows", result->carried.rows, &out);
    number("added", result->carried.added, &out);
    number("changed", result->carried.changed, &out);
    number("removed", result->carried.removed, &out);
    seconds("seconds", result->carry_us, &out);
    number("rows_per_second", per_second(result->carried.rows, result->carry_us), &out);
    truth("same", result->same, &out);
    seconds("compare_seconds", result->compare_us, &out);
    truth("audited", audited, &out);
    truth("source_holds", result->from_holds, &out);
    truth("copy_holds", result->to_holds, &out);
    number("transfers", result->transfers, &out);
    seconds("audit_seconds", result->audit_us, &out);
    json_out_object_end(&out);
    struct span text = json_out_end(&out);
    assert(text.size > 0);
    printf("%.*s\n", (int)text.size, text.bytes);
}

/* Which files beside the stores people have to carry over. */
static void keys_tell(const struct options_given *given)
{
    const struct place *from = &given->from_place, *to = &given->to_place;
    if (access(from->key_path, F_OK) != 0) {
        printf("The master key of %s is not at %s: bring it to where the copy is served.\n", from->name,
               from->key_path);
    } else if (access(to->key_path, F_OK) != 0) {
        printf("The master key goes along: cp -p '%s' '%s'\n", from->key_path, to->key_path);
    }
    printf("If %s is still being served: stop it and run the same command once more.\n", from->name);
}

static void report_words(const struct options_given *given, const struct copy_result *result)
{
    const struct merge_counts *carried = &result->carried;
    char rows[32], rate[32], added[32], changed[32], removed[32];
    progress_number(carried->rows, rows);
    progress_number(per_second(carried->rows, result->carry_us), rate);
    progress_number(carried->added, added);
    progress_number(carried->changed, changed);
    progress_number(carried->removed, removed);
    printf("copied    %s rows in %lld.%02lld s, %s a second: %s added, %s changed, %s removed, the others were there\n",
           rows, (long long)(result->carry_us / 1000000), (long long)(result->carry_us / 10000 % 100), rate, added,
           changed, removed);
    printf("compared  every row is the same on both sides (%lld.%02lld s)\n",
           (long long)(result->compare_us / 1000000), (long long)(result->compare_us / 10000 % 100));
    if (!given->no_audit) {
        progress_number(result->transfers, rows);
        printf("audited   the books hold on both sides: %s transfers (%lld.%02lld s)\n", rows,
               (long long)(result->audit_us / 1000000), (long long)(result->audit_us / 10000 % 100));
    }
    keys_tell(given);
}

int copy_main(int argc, char **argv)
{
    static struct options_given given;
    struct copy_result result;
    char error[PLACE_NAME_SIZE + APP_PATH_SIZE + 256];
    int exit_status = options_read(&terms, argc, argv, &given);
    if (exit_status != EXIT_holds) {
        return exit_status < 0 ? EXIT_holds : exit_status;
    }
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct copy_settings settings = { .from = &given.from_place,
                                      .to = &given.to_place,
                                      .command = "copy",
                                      .overwrite = given.overwrite,
                                      .audit = !given.no_audit,
                                      .quiet = given.quiet || given.json,
                                      .partitions = (uint32_t)given.partitions,
                                      .stopped = &stopped };
    exit_status = copy_run(&settings, &result);
    if (exit_status == EXIT_holds && !copy_keys(&given.from_place, &given.to_place, error, sizeof(error))) {
        fprintf(stderr, "onetill copy: every row is there, but not the keys: %s\n", error);
        exit_status = EXIT_fault;
    }
    if (given.json) {
        report_json(&result, settings.audit, exit_status);
    } else if (exit_status == EXIT_holds) {
        report_words(&given, &result);
    }
    return exit_status;
}
