/* SPDX-License-Identifier: Apache-2.0 */
#include "app/copy_merge.h"

#include <stdio.h>

#include "app/copy_flow.h"
#include "base/os_clock.h"
#include "lines/product.h"

#define LOOK_ROWS 4096 /* between two looks at the clock */

struct merge {
    const struct merge_settings *settings;
    struct flow *from, *to;
    struct merge_counts *counts;
    uint64_t steps;
};

static void difference_note(struct merge *merge, const struct table *table, struct span key)
{
    struct merge_difference *first = &merge->counts->first;
    if (first->table[0] == '\0') {
        snprintf(first->table, sizeof(first->table), "%s", table->shape.name);
        hex_write((const uint8_t *)key.bytes, key.size, first->key);
    }
}

/* The next row of a side, if it is of this table. False: reading failed, and nothing follows from there being none. */
static bool row_of(struct flow *flow, const struct table *table, const struct record **row)
{
    *row = flow_row(flow);
    if (*row == NULL) {
        return !flow_failed(flow);
    }
    if ((*row)->table != table->number) {
        *row = NULL;
    }
    return true;
}

static enum status row_put(struct merge *merge, const struct table *table, const struct record *row, bool replaces)
{
    struct sink *sink = merge->settings->sink;
    difference_note(merge, table, row->key);
    merge->counts->added += !replaces;
    merge->counts->changed += replaces;
    return sink != NULL ? sink->ops->put(sink, table, row->key, row->image, replaces) : STATUS_ok;
}

static enum status row_drop(struct merge *merge, const struct table *table, const struct record *row)
{
    struct sink *sink = merge->settings->sink;
    difference_note(merge, table, row->key);
    merge->counts->removed++;
    return sink != NULL ? sink->ops->drop(sink, table, row->key) : STATUS_ok;
}

/* One step through both sides; at least one of the rows is there. */
static enum status rows_step(struct merge *merge, const struct table *table, const struct record *from,
                             const struct record *to)
{
    int order = from == NULL ? 1 : to == NULL ? -1 : key_compare(from->key, to->key);
    enum status status = STATUS_ok;
    if (order < 0) {
        status = row_put(merge, table, from, false);
    } else if (order > 0) {
        status = row_drop(merge, table, to);
    } else if (from->image.size != to->image.size ||
               memcmp(from->image.bytes, to->image.bytes, from->image.size) != 0) {
        status = row_put(merge, table, from, true);
    }
    if (order <= 0) {
        merge->counts->rows++;
        flow_step(merge->from);
    }
    if (order >= 0) {
        flow_step(merge->to);
    }
    return status;
}

static enum status table_merge(struct merge *merge, const struct table *table)
{
    struct progress *progress = merge->settings->progress;
    enum status status = STATUS_ok;
    progress_note(progress, table->shape.name);
    while (status == STATUS_ok) {
        const struct record *from, *to;
        if (!row_of(merge->from, table, &from) || !row_of(merge->to, table, &to)) {
            return STATUS_fault;
        }
        if (from == NULL && to == NULL) {
            break;
        }
        status = rows_step(merge, table, from, to);
        if (++merge->steps % LOOK_ROWS == 0) {
            progress_set(progress, merge->counts->rows, os_monotonic_us());
            if (*merge->settings->stopped) {
                return STATUS_busy;
            }
        }
    }
    return status;
}

enum status merge_run(const struct merge_settings *settings, struct merge_counts *counts, struct store_error *error)
{
    static const struct table *const no_tables[] = { NULL };
    struct merge merge = { .settings = settings, .counts = counts };
    struct sink *sink = settings->sink;
    enum status status = STATUS_ok;
    *counts = (struct merge_counts){ .rows = 0 };
    merge.from = flow_open(settings->from, product_tables);
    merge.to = flow_open(settings->to, settings->to != NULL ? product_tables : no_tables);
    for (size_t i = 0; product_tables[i] != NULL && status == STATUS_ok; i++) {
        status = table_merge(&merge, product_tables[i]);
    }
    progress_set(settings->progress, counts->rows, os_monotonic_us());
    enum status from = flow_close(merge.from), to = flow_close(merge.to);
    if (from != STATUS_ok || to != STATUS_ok) {
        struct reader *reader = from != STATUS_ok ? settings->from : settings->to;
        snprintf(error->text, sizeof(error->text), "the %s cannot be read: %.150s",
                 from != STATUS_ok ? "source" : "destination", reader_error(reader));
        return STATUS_fault;
    }
    if (status == STATUS_ok && sink != NULL) {
        status = sink->ops->flush(sink);
    }
    if (status == STATUS_busy && *settings->stopped) {
        snprintf(error->text, sizeof(error->text), "interrupted; the same command goes on from here");
    } else if (status != STATUS_ok) {
        snprintf(error->text, sizeof(error->text), "the destination: %.200s", sink != NULL ? sink->error.text : "");
    }
    return status;
}
