/* SPDX-License-Identifier: Apache-2.0 */
#include "app/copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/os_clock.h"
#include "engine/engine_rows.h"
#include "lines/product.h"

#define ERROR_SIZE (PLACE_NAME_SIZE + 256)

struct copying {
    const struct copy_settings *settings;
    struct copy_result *result;
    struct progress progress;
    struct reader *from; /* has begun */
    struct reader *to;   /* NULL, or has begun */
    struct sink *sink;
};

static int complain(const struct copying *copying, const char *what)
{
    fprintf(stderr, "onetill %s: %s\n", copying->settings->command, what);
    return EXIT_fault;
}

static void progress_begin(struct copying *copying, const char *label, uint64_t total)
{
    progress_init(&copying->progress, label, total, copying->settings->quiet ? -1 : STDERR_FILENO, os_monotonic_us());
}

/* ---- snapshots ---- */

static void snapshot_leave(struct reader **reader)
{
    if (*reader != NULL) {
        (*reader)->ops->end(*reader);
        (*reader)->ops->close(*reader);
        *reader = NULL;
    }
}

static bool snapshot_take(const struct copying *copying, const struct place *place, struct reader **reader)
{
    char error[ERROR_SIZE];
    *reader = NULL;
    if (!place_snapshot(place, reader, error, sizeof(error))) {
        (void)complain(copying, error);
        return false;
    }
    if ((*reader)->ops->begin(*reader) == STATUS_ok) {
        return true;
    }
    snprintf(error, sizeof(error), "%s cannot be read: %.150s", place->name, reader_error(*reader));
    (*reader)->ops->close(*reader);
    *reader = NULL;
    (void)complain(copying, error);
    return false;
}

/* ---- whether the destination may be written over ---- */

static bool row_seen(void *context, const void *row)
{
    (void)row;
    *(bool *)context = true;
    return false;
}

static bool is_empty(struct reader *reader, bool *empty)
{
    struct span all = { NULL, 0 };
    bool seen = false, read = true;
    for (size_t i = 0; product_tables[i] != NULL && read && !seen; i++) {
        read = reader->ops->scan(reader, product_tables[i], all, row_seen, &seen) == STATUS_ok;
    }
    *empty = !seen;
    return read;
}

struct sealing {
    uint8_t bytes[SHA256_SIZE + KEY_SIZE_MAX + ROW_SIZE_MAX];
};

static bool progress_add(void *context, const void *row)
{
    struct sealing *sealing = context;
    size_t size = row_key_write(&progress_table, row, sealing->bytes + SHA256_SIZE);
    size += row_pack(&progress_table, row, sealing->bytes + SHA256_SIZE + size, ROW_SIZE_MAX);
    sha256_write(sealing->bytes, SHA256_SIZE + size, sealing->bytes);
    return true;
}

/* How far ids and time have come, as one number: every batch of a server changes it. Never 0. */
static bool seal_read(struct reader *reader, int64_t *seal)
{
    struct sealing sealing = { .bytes = { 0 } };
    struct span all = { NULL, 0 };
    uint64_t value;
    if (reader->ops->scan(reader, &progress_table, all, progress_add, &sealing) != STATUS_ok) {
        return false;
    }
    memcpy(&value, sealing.bytes, sizeof(value));
    *seal = (int64_t)(value >> 1 | 1);
    return true;
}

/* Rows that somebody else has made there are not lost because two places were mixed up. */
static int overwriting_check(struct copying *copying, bool *empty)
{
    const struct sink_state *state = &copying->sink->state;
    char text[ERROR_SIZE];
    int64_t seal = 0;
    if (!is_empty(copying->to, empty) || !seal_read(copying->to, &seal)) {
        return complain(copying, reader_error(copying->to));
    }
    if (*empty || state->unfinished || state->seal == seal || copying->settings->overwrite) {
        return EXIT_holds;
    }
    snprintf(text, sizeof(text), "%s %s; with --overwrite that is lost", copying->settings->to->name,
             state->seal == 0 ? "holds a business of its own" : "was served since it was copied into");
    return complain(copying, text);
}

/* ---- carrying, comparing ---- */

static int sides_merge(struct copying *copying, const char *label, uint64_t total, struct sink *sink,
                       struct merge_counts *counts, int64_t *took_us)
{
    struct store_error error = { .text = "" };
    struct merge_settings settings = { .from = copying->from,
                                       .to = copying->to,
                                       .sink = sink,
                                       .progress = &copying->progress,
                                       .stopped = copying->settings->stopped };
    int64_t begun_us = os_monotonic_us();
    progress_begin(copying, label, total);
    enum status status = merge_run(&settings, counts, &error);
    progress_end(&copying->progress, os_monotonic_us());
    *took_us = os_monotonic_us() - begun_us;
    return status == STATUS_ok ? EXIT_holds : complain(copying, error.text);
}

static int carry(struct copying *copying)
{
    struct copy_result *result = copying->result;
    struct sink *sink = copying->sink;
    bool empty = false;
    if (!snapshot_take(copying, copying->settings->to, &copying->to)) {
        return EXIT_fault;
    }
    int exit_status = overwriting_check(copying, &empty);
    if (exit_status != EXIT_holds) {
        return exit_status;
    }
    if (empty) { /* a snapshot of nothing would only keep what is written from being tidied up */
        snapshot_leave(&copying->to);
    }
    if (sink->ops->begin(sink) != STATUS_ok) {
        return complain(copying, sink->error.text);
    }
    exit_status = sides_merge(copying, "copied", 0, sink, &result->carried, &result->carry_us);
    snapshot_leave(&copying->to);
    return exit_status;
}

static int compare(struct copying *copying)
{
    struct copy_result *result = copying->result;
    struct merge_counts *compared = &result->compared;
    if (!snapshot_take(copying, copying->settings->to, &copying->to)) {
        return EXIT_fault;
    }
    int exit_status =
        sides_merge(copying, "compared", result->carried.rows, NULL, compared, &result->compare_us);
    if (exit_status != EXIT_holds) {
        return exit_status;
    }
    result->same = compared->rows == result->carried.rows && compared->first.table[0] == '\0';
    if (!result->same) {
        fprintf(stderr, "onetill %s: the two differ: %llu rows are missing, %llu not the same, %llu too many; first: "
                        "table %s, key %s\n",
                copying->settings->command, (unsigned long long)compared->added,
                (unsigned long long)compared->changed, (unsigned long long)compared->removed, compared->first.table,
                compared->first.key);
    }
    return result->same ? EXIT_holds : EXIT_broken;
}

/* ---- auditing ---- */

static void audit_seen(void *context, const char *table, uint64_t rows)
{
    struct copying *copying = context;
    struct progress *progress = &copying->progress;
    (void)rows;
    if (*copying->settings->stopped) { /* what was written is durable or written again; nothing is to be undone */
        exit(complain(copying, "interrupted; the same command goes on from here"));
    }
    progress_note(progress, table);
    progress_set(progress, progress->done + 1, os_monotonic_us());
}

static int books_audit(struct copying *copying, const struct place *place, const char *label, bool *holds)
{
    static struct audit_report report; /* large */
    char error[ERROR_SIZE];
    struct reader *reader;
    int64_t begun_us = os_monotonic_us();
    if (!place_snapshot(place, &reader, error, sizeof(error))) {
        return complain(copying, error);
    }
    progress_begin(copying, label, 0);
    struct audit_settings settings = { .progress = audit_seen, .context = copying };
    enum status status = audit_run(reader, &settings, &report);
    progress_end(&copying->progress, os_monotonic_us());
    copying->result->audit_us += os_monotonic_us() - begun_us;
    copying->result->transfers = report.transfers;
    if (status != STATUS_ok) {
        snprintf(error, sizeof(error), "%s cannot be audited: %.150s", place->name, reader_error(reader));
        (void)complain(copying, error);
    }
    reader->ops->close(reader);
    if (status != STATUS_ok) {
        return EXIT_fault;
    }
    *holds = report.ok;
    if (!report.ok) {
        fprintf(stderr, "onetill %s: the books of %s do not hold: %s\n", copying->settings->command, place->name,
                report.first.sentence);
    }
    return report.ok ? EXIT_holds : EXIT_broken;
}

/* ---- all of it ---- */

/* Nothing is held on to while the books are audited: a snapshot keeps a database from tidying up. */
static int snapshots_leave(struct copying *copying, int64_t *seal)
{
    if (!seal_read(copying->to, seal)) {
        return complain(copying, reader_error(copying->to));
    }
    snapshot_leave(&copying->to);
    snapshot_leave(&copying->from);
    return EXIT_holds;
}

static int finish(struct copying *copying, int64_t seal)
{
    struct sink *sink = copying->sink;
    return sink->ops->finish(sink, seal) == STATUS_ok ? EXIT_holds : complain(copying, sink->error.text);
}

static int all_run(struct copying *copying)
{
    const struct copy_settings *settings = copying->settings;
    int exit_status = EXIT_holds;
    int64_t seal = 0;
    if (settings->audit) {
        exit_status = books_audit(copying, settings->from, "auditing the source", &copying->result->from_holds);
    }
    if (exit_status == EXIT_holds && !snapshot_take(copying, settings->from, &copying->from)) {
        exit_status = EXIT_fault;
    }
    if (exit_status == EXIT_holds) {
        exit_status = carry(copying);
    }
    if (exit_status == EXIT_holds) {
        exit_status = compare(copying);
    }
    if (exit_status == EXIT_holds) {
        exit_status = snapshots_leave(copying, &seal);
    }
    if (exit_status == EXIT_holds && settings->audit) {
        exit_status = books_audit(copying, settings->to, "auditing the copy", &copying->result->to_holds);
    }
    return exit_status == EXIT_holds ? finish(copying, seal) : exit_status;
}

int copy_run(const struct copy_settings *settings, struct copy_result *result)
{
    struct copying copying = { .settings = settings, .result = result };
    struct sink_settings sink = { .indexes = product_indexes, .partitions = settings->partitions };
    struct store_error error = { .text = "" };
    char text[ERROR_SIZE];
    *result = (struct copy_result){ .from_holds = true, .to_holds = true };
    if (settings->to->kind == PLACE_memory) {
        return complain(&copying, "memory: keeps nothing");
    }
    if (sink_open(settings->to->text, product_tables, &sink, &copying.sink, &error) != STATUS_ok) {
        place_cover(settings->to, error.text);
        snprintf(text, sizeof(text), "%s: %s", settings->to->name, error.text);
        return complain(&copying, text);
    }
    int exit_status = all_run(&copying);
    snapshot_leave(&copying.from);
    snapshot_leave(&copying.to);
    copying.sink->ops->close(copying.sink);
    return exit_status;
}
