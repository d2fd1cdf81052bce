/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onetill import: merchants, shops, terminals, shoppers, campaigns, places of shops and deals from a file, all of it or
 * nothing.
 *
 * First every line is checked. Then a copy of the store is made beside it, everything is brought into the
 * copy, and only when nothing was refused the copy takes the store's name. Whoever kills the process in
 * between leaves the store as it was, and a FILE.importing that the next import deletes.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/copy.h"
#include "app/import_rows.h"
#include "app/options.h"
#include "app/scratch.h"
#include "app/store_file.h"
#include "base/os_clock.h"

#define BADS_SHOWN 1000
#define ARENA_BLOCK 65536
#define ARENA_SIZE_MAX (1 << 20)

static const char help[] =
    "usage: onetill import FILE.csv|FILE.jsonl --store PLACE [OPTION]…\n\n"
    "Brings merchants, shops, terminals, shoppers, campaigns, places of shops and deals in: all of the file or\n"
    "nothing of it. Every bad line is named (the first 1,000 of them). A store in a file must not be served\n"
    "meanwhile; without one, one is made. A database may be served: the file is tried in a copy first, in $TMPDIR,\n"
    "and brought in when it is good.\n"
    "The same file again changes nothing: the ids in it say what is there already.\n\n"
    "CSV has a first line that names the columns; JSON lines have an object in each line. The field `record` says\n"
    "what a line is: merchant, shop, terminal, shopper, campaign, place, deal. The other fields are those of the\n"
    "REST door's requests (onetill describe api); an empty one counts as not given. More than there: balance_minor\n"
    "and device_id of a shopper, platform_minor and merchant_minor for the budget of a campaign. Lists in CSV:\n"
    "sets 3;5, targets all;merchant:3;shop:8;set:5, hours of a place 600:1320;600:1320 and so on, shops 70;71 and\n"
    "parts 7:dinner:1:6500;8:film:1:3500 of a deal.\n\n"
    "  --store PLACE   where it goes: a file, postgres://user@host/name, or env:NAME\n"
    "  --check         only say what is wrong; the store stays as it is\n"
    "  --no-trial      of a database: without the copy; lines that are refused are named, and the others are in\n"
    "  --quiet         no progress bar\n";

struct import_settings {
    const char *file, *store;
    bool check, quiet, no_trial;
};

/* What is wrong in a line. */
struct bad {
    uint64_t line;
    size_t order; /* of what is wrong in the same line */
    char field[FAULT_FIELD_SIZE], reason[FAULT_REASON_SIZE];
};

struct import {
    struct import_settings settings;
    struct place place;
    struct import_rows rows;
    struct progress progress;
    uint64_t counts[RECORD_KIND_COUNT];
    uint64_t records;
    pthread_mutex_t lock; /* what follows: the store's thread adds to it too */
    uint64_t bad_lines;
    uint8_t *bad_bits;    /* by line */
    size_t bad_count;
    struct bad bads[BADS_SHOWN];
};

static const char nothing_imported[] = "nothing was imported";

/* ---- bad lines ---- */

static void bad_add(struct import *import, uint64_t line, const char *field, const char *reason)
{
    pthread_mutex_lock(&import->lock);
    uint8_t bit = (uint8_t)(1u << line % 8);
    import->bad_lines += (import->bad_bits[line / 8] & bit) == 0;
    import->bad_bits[line / 8] |= bit;
    if (import->bad_count < BADS_SHOWN) {
        struct bad *bad = &import->bads[import->bad_count];
        *bad = (struct bad){ .line = line, .order = import->bad_count++ };
        snprintf(bad->field, sizeof(bad->field), "%s", field);
        snprintf(bad->reason, sizeof(bad->reason), "%s", reason);
    }
    pthread_mutex_unlock(&import->lock);
}

static int bad_compare(const void *a, const void *b)
{
    const struct bad *one = a, *other = b;
    if (one->line != other->line) {
        return one->line < other->line ? -1 : 1;
    }
    return one->order < other->order ? -1 : one->order > other->order;
}

/* Names them in the order of their lines. */
static int bad_end(struct import *import, const char *what)
{
    char count[32];
    qsort(import->bads, import->bad_count, sizeof(import->bads[0]), bad_compare);
    for (size_t i = 0; i < import->bad_count; i++) {
        const struct bad *bad = &import->bads[i];
        fprintf(stderr, "%s:%llu: %s%s%s\n", import->settings.file, (unsigned long long)bad->line, bad->field,
                bad->field[0] != '\0' ? ": " : "", bad->reason);
    }
    progress_number(import->bad_lines, count);
    fprintf(stderr, "%s%s bad %s; %s\n", import->bad_count == BADS_SHOWN ? "… in all " : "", count,
            import->bad_lines == 1 ? "line" : "lines", what);
    return EXIT_broken;
}

static void faults_show(struct import *import)
{
    const struct faults *faults = &import->rows.faults;
    for (uint32_t i = 0; i < faults->count; i++) {
        bad_add(import, import->rows.line, faults->list[i].field, faults->list[i].reason);
    }
}

/* On a thread of the store's: what the till says to a line that is well-formed. */
static void line_done(void *context, const struct fill_done *done)
{
    struct import *import = context;
    if (done->refusal == REFUSAL_request_reused) {
        bad_add(import, done->tag, "",
                 "this id was imported before with another balance, device or budget; change it through the door");
    } else if (done->refusal != REFUSAL_none) {
        const struct refusal_text *text = refusal_text((int)done->refusal);
        bad_add(import, done->tag, text->field, text->text);
    } else if (done->command->request == paycode_issue.request &&
               ((const struct paycode_issue *)done->request)->device_id !=
                   ((const struct device_row *)done->answer)->device_id) {
        bad_add(import, done->tag, "device_id", "this number belongs to another phone already");
    }
}

/* ---- the two passes ---- */

static void rows_check(struct import *import)
{
    enum rows_status status;
    progress_init(&import->progress, "checking", import->rows.whole.size,
                  import->settings.quiet ? -1 : STDERR_FILENO, os_monotonic_us());
    while ((status = import_rows_next(&import->rows)) != ROWS_end) {
        if (status == ROWS_bad) {
            faults_show(import);
        } else {
            import->counts[import->rows.kind]++;
            import->records++;
        }
        progress_set(&import->progress, import_rows_position(&import->rows), os_monotonic_us());
    }
    progress_set(&import->progress, import->rows.whole.size, os_monotonic_us());
    progress_end(&import->progress, os_monotonic_us());
}

/* Brings everything into the copy; what is refused is named on the way. */
static bool rows_apply(struct import *import, const char *copy)
{
    char error[512] = "";
    struct fill_settings settings = { .path = copy, .done = line_done, .context = import };
    struct fill *fill = fill_open(&settings, error, sizeof(error));
    uint64_t done = 0;
    if (fill == NULL) {
        fprintf(stderr, "onetill import: %s\n", error);
        return false;
    }
    progress_init(&import->progress, "records", import->records, import->settings.quiet ? -1 : STDERR_FILENO,
                  os_monotonic_us());
    import_rows_begin(&import->rows);
    while (import_rows_next(&import->rows) == ROWS_record) {
        import_rows_put(&import->rows, fill);
        progress_set(&import->progress, ++done, os_monotonic_us());
    }
    fill_close(fill);
    progress_end(&import->progress, os_monotonic_us());
    return true;
}

/* ---- the store and its copy ---- */

/* As a server does it: nobody serves the store while we have this. -1 with a message. */
static int store_lock(const char *store)
{
    char path[APP_PATH_SIZE];
    int lock = path_beside(store, ".lock", path) ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (lock < 0) {
        fprintf(stderr, "onetill import: %s.lock: %s\n", store, strerror(errno));
        return -1;
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        fprintf(stderr, "onetill import: %s is being served; stop the server first\n", store);
        close(lock);
        return -1;
    }
    return lock;
}

/* Opening and closing brings everything into the file, whatever end the last server had. */
static bool store_settle(const char *store)
{
    struct store_error error = { .text = "" };
    struct store *opened;
    enum status status = store_sqlite_open(store, product_tables, &(struct sqlite_settings){ .cache_bytes = 1 << 20 },
                                           &opened, &error);
    if (status != STATUS_ok) {
        fprintf(stderr, "onetill import: %s%s\n", error.text, status == STATUS_busy ? "; stop the server first" : "");
        return false;
    }
    opened->ops->close(opened);
    return true;
}

static void copy_seen(void *context, int64_t pages_done, int64_t pages)
{
    struct progress *progress = context;
    progress->total = (uint64_t)pages;
    progress_set(progress, (uint64_t)pages_done, os_monotonic_us());
}

static bool copy_make(struct import *import, const char *copy)
{
    struct store_error error = { .text = "" };
    progress_init(&import->progress, "copying pages", 0, import->settings.quiet ? -1 : STDERR_FILENO,
                  os_monotonic_us());
    enum status status = store_sqlite_backup(import->place.text, copy, product_tables, copy_seen,
                                             &import->progress, &error);
    progress_end(&import->progress, os_monotonic_us());
    if (status != STATUS_ok) {
        fprintf(stderr, "onetill import: %s\n", error.text);
    }
    return status == STATUS_ok;
}

/* The copy becomes the store, at once and for good. */
static bool copy_name(const char *copy, const char *store)
{
    char path[APP_PATH_SIZE];
    static const char *const endings[] = { "-wal", "-shm" };
    if (!store_file_settled(copy) || !store_file_settled(store)) {
        fprintf(stderr, "onetill import: %s is not settled; nothing was imported, try again\n", store);
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        if (path_beside(store, endings[i], path)) {
            unlink(path);
        }
    }
    if (!store_file_name(copy, store, true)) {
        fprintf(stderr, "onetill import: %s: %s\n", store, strerror(errno));
        return false;
    }
    return true;
}

/* With the lock held. */
static int copy_import(struct import *import, bool exists, const char *copy)
{
    store_file_remove(copy);
    if ((exists && !copy_make(import, copy)) || !rows_apply(import, copy)) {
        return EXIT_fault;
    }
    if (import->bad_lines > 0) {
        return bad_end(import, nothing_imported);
    }
    if (!import->settings.check && !copy_name(copy, import->place.text)) {
        return EXIT_fault;
    }
    return EXIT_holds;
}

static int file_import(struct import *import)
{
    char copy[APP_PATH_SIZE];
    const char *store = import->place.text;
    bool exists = access(store, F_OK) == 0;
    if (!path_beside(store, ".importing", copy)) {
        fprintf(stderr, "onetill import: the path of the store is too long\n");
        return EXIT_usage;
    }
    if (exists && !store_settle(store)) {
        return EXIT_fault;
    }
    int lock = store_lock(store);
    if (lock < 0) {
        return EXIT_fault;
    }
    int exit_status = copy_import(import, exists, copy);
    store_file_remove(copy);
    close(lock);
    return exit_status;
}

/* ---- a database, which may be served ---- */

/* An empty database is made a store, so that there is something to copy. */
static bool database_prepare(const struct place *place)
{
    char error[PLACE_NAME_SIZE + 256];
    struct place_settings settings = { .cache_mb = 1 };
    struct store *store;
    if (!place_open(place, &settings, &store, error, sizeof(error))) {
        fprintf(stderr, "onetill import: %s\n", error);
        return false;
    }
    store->ops->close(store);
    return true;
}

/* On a copy of its own. What it says is right unless the database changes just so meanwhile. */
static int database_trial(struct import *import, const struct place *place)
{
    static volatile bool stopped; /* by nobody: a signal ends the process, and the copy is of no use */
    static struct place file;
    struct scratch scratch;
    struct copy_result result;
    if (!database_prepare(place) || !scratch_make(&scratch, NULL, "import")) {
        return EXIT_fault;
    }
    const char *wrong = place_read(&file, scratch.store, NULL);
    assert(wrong == NULL);
    struct copy_settings copy = { .from = place,
                                  .to = &file,
                                  .command = "import",
                                  .quiet = import->settings.quiet,
                                  .stopped = &stopped };
    int exit_status = copy_run(&copy, &result);
    if (exit_status == EXIT_holds && !rows_apply(import, scratch.store)) {
        exit_status = EXIT_fault;
    }
    if (exit_status == EXIT_holds && import->bad_lines > 0) {
        exit_status = bad_end(import, nothing_imported);
    }
    scratch_remove(&scratch);
    return exit_status;
}

static int database_import(struct import *import, const struct place *place)
{
    int exit_status = EXIT_holds;
    if (import->settings.check || !import->settings.no_trial) {
        exit_status = database_trial(import, place);
    }
    if (exit_status != EXIT_holds || import->settings.check) {
        return exit_status;
    }
    if (!rows_apply(import, import->settings.store)) {
        return EXIT_fault;
    }
    return import->bad_lines == 0 ? EXIT_holds : bad_end(import, "the other lines are imported");
}

/* ---- the subcommand ---- */

static const struct option options[] = {
    { "store", required_argument, NULL, 's' }, { "check", no_argument, NULL, 'c' },
    { "quiet", no_argument, NULL, 'q' },       { "no-trial", no_argument, NULL, 'n' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static bool option_take(void *context, int option)
{
    struct import_settings *settings = context;
    switch (option) {
    case 's':
        settings->store = optarg;
        return true;
    case 'c':
        settings->check = true;
        return true;
    case 'q':
        settings->quiet = true;
        return true;
    case 'n':
        settings->no_trial = true;
        return true;
    default:
        return false;
    }
}

static const char *options_check(void *context, char **files, int file_count)
{
    struct import_settings *settings = context;
    settings->file = files[0]; /* the last of argv is NULL */
    return file_count == 1 && settings->store != NULL ? NULL : "one file and --store are needed";
}

static const struct options_terms terms = { .command = "import",
                                           .help = help,
                                           .options = options,
                                           .help_option = 'h',
                                           .take = option_take,
                                           .check = options_check,
                                           .takes_files = true };

static bool ends_in(const char *text, const char *ending)
{
    size_t size = strlen(text), ending_size = strlen(ending);
    return size >= ending_size && strcmp(text + size - ending_size, ending) == 0;
}

/* The whole file, mapped; an empty one is an empty text. */
static bool file_map(const char *path, struct span *text)
{
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    *text = SPAN("");
    if (file < 0 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        fprintf(stderr, "onetill import: %s: %s\n", path, file < 0 ? strerror(errno) : "this is not a plain file");
        if (file >= 0) {
            close(file);
        }
        return false;
    }
    if (about.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (bytes == MAP_FAILED) {
            fprintf(stderr, "onetill import: %s: %s\n", path, strerror(errno));
            close(file);
            return false;
        }
        *text = (struct span){ bytes, (size_t)about.st_size };
    }
    close(file);
    return true;
}

/* No line has a higher number. */
static uint64_t line_count(struct span text)
{
    uint64_t count = 1;
    for (size_t i = 0; i < text.size; i++) {
        count += text.bytes[i] == '\n';
    }
    return count + 1;
}

static void imported_show(const struct import *import)
{
    printf("%s", import->settings.check ? "everything could be imported:" : "imported:");
    for (int kind = 0; kind < RECORD_KIND_COUNT; kind++) {
        char count[32];
        progress_number(import->counts[kind], count);
        printf(" %s %s%s%s", count, record_names[kind], import->counts[kind] == 1 ? "" : "s",
               kind + 1 < RECORD_KIND_COUNT ? "," : "\n");
    }
}

int import_main(int argc, char **argv)
{
    static struct import import = { .lock = PTHREAD_MUTEX_INITIALIZER }; /* large */
    struct arena arena;
    struct span text;
    int exit_status = options_read(&terms, argc, argv, &import.settings);
    if (exit_status != EXIT_holds) {
        return exit_status < 0 ? EXIT_holds : exit_status;
    }
    const char *wrong = place_read(&import.place, import.settings.store, NULL);
    if (wrong != NULL || import.place.kind == PLACE_memory) {
        fprintf(stderr, "onetill import: --store: %s\n", wrong != NULL ? wrong : "memory: keeps nothing");
        return EXIT_usage;
    }
    bool csv = ends_in(import.settings.file, ".csv");
    if (!csv && !ends_in(import.settings.file, ".jsonl")) {
        fprintf(stderr, "onetill import: %s: the name of the file must end in .csv or .jsonl\n",
                import.settings.file);
        return EXIT_usage;
    }
    if (!file_map(import.settings.file, &text)) {
        return EXIT_fault;
    }
    arena_init(&arena, ARENA_BLOCK, ARENA_SIZE_MAX);
    import_rows_init(&import.rows, &arena, csv ? IMPORT_csv : IMPORT_jsonl, text);
    import.bad_bits = calloc(line_count(text) / 8 + 1, 1);
    assert(import.bad_bits != NULL);
    rows_check(&import);
    if (import.bad_lines > 0) {
        exit_status = bad_end(&import, nothing_imported);
    } else {
        exit_status = import.place.kind == PLACE_postgres ? database_import(&import, &import.place)
                                                          : file_import(&import);
    }
    if (exit_status == EXIT_holds) {
        imported_show(&import);
    }
    free(import.bad_bits);
    arena_release(&arena);
    return exit_status;
}
