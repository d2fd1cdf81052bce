/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres_rows.h"

#include <stdlib.h>

#define COPY_ROWS_MIN 16 /* fewer are quicker in the pipeline: a COPY is a round trip of its own */

enum phase {
    PHASE_write, /* with what is new in guarded tables */
    PHASE_look,
    PHASE_gaps,
    PHASE_new,
    PHASE_COUNT
};

static enum phase phase_of(const struct lots *lots, enum form form, const struct table *table)
{
    if (form == FORM_check || form == FORM_share || form == FORM_absent) {
        return PHASE_look;
    }
    if (form == FORM_gap) {
        return PHASE_gaps;
    }
    return form == FORM_insert && !(lots->guards && !table->unguarded) ? PHASE_new : PHASE_write;
}

/* By phase, table, form and partition. */
static uint32_t group_of(enum phase phase, enum form form, uint32_t table, uint32_t partition)
{
    return (((uint32_t)phase * TABLE_COUNT_MAX + table) * FORM_count + (uint32_t)form) * NODES_MAX + partition;
}

#define GROUPS_MAX ((uint32_t)PHASE_COUNT * TABLE_COUNT_MAX * FORM_count * NODES_MAX)

void lots_begin(struct lots *lots, size_t rows)
{
    if (lots->entry_capacity < rows) {
        free(lots->entries);
        free(lots->rows);
        lots->entry_capacity = rows + 1024;
        lots->entries = calloc(lots->entry_capacity, sizeof(lots->entries[0]));
        lots->rows = calloc(lots->entry_capacity, sizeof(lots->rows[0]));
        assert(lots->entries != NULL); /* bounded by BATCH_ROWS_MAX */
        assert(lots->rows != NULL);
    }
    lots->entry_count = lots->group_count = lots->count = 0;
    lots->guards = false;
}

void lots_add(struct lots *lots, enum form form, const struct table *table, const struct lot_row *row)
{
    uint32_t partition = postgres_partition(table, row->key, lots->store->partitions);
    uint32_t group = group_of(phase_of(lots, form, table), form, table->number, partition);
    assert(lots->entry_count < lots->entry_capacity);
    if (lots->group_counts[group]++ == 0) {
        lots->groups[lots->group_count++] = group;
    }
    lots->entries[lots->entry_count++] = (struct lot_entry){ .row = *row, .group = group };
}

static int group_order(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static int key_order(const void *a, const void *b)
{
    return key_compare(((const struct lot_row *)a)->key, ((const struct lot_row *)b)->key);
}

/* Many come in order: new ids do. */
static void rows_sort(struct lot_row *rows, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (key_compare(rows[i - 1].key, rows[i].key) > 0) {
            qsort(rows, count, sizeof(rows[0]), key_order);
            return;
        }
    }
}

static void lot_make(struct lots *lots, uint32_t group, size_t start, size_t count, bool copies)
{
    enum form form = (enum form)(group / NODES_MAX % FORM_count);
    if (lots->count == lots->capacity) {
        lots->capacity = lots->capacity * 2 + 64;
        lots->lots = realloc(lots->lots, lots->capacity * sizeof(lots->lots[0]));
        assert(lots->lots != NULL);
    }
    rows_sort(lots->rows + start, count);
    uint64_t same = COLUMNS_all;
    for (size_t i = start; i < start + count; i++) {
        same &= lots->rows[i].same;
    }
    bool last = group / NODES_MAX / FORM_count / TABLE_COUNT_MAX == PHASE_new;
    if (form == FORM_insert && copies && last && count >= COPY_ROWS_MIN) {
        form = FORM_copy;
    }
    lots->lots[lots->count++] =
        (struct lot){ .table = lots->store->by_number[group / NODES_MAX / FORM_count % TABLE_COUNT_MAX],
                      .form = form,
                      .partition = group % NODES_MAX,
                      .rows = lots->rows + start,
                      .count = count,
                      .same = same };
}

void lots_end(struct lots *lots, bool copies)
{
    size_t at = 0;
    qsort(lots->groups, lots->group_count, sizeof(lots->groups[0]), group_order);
    for (size_t i = 0; i < lots->group_count; i++) {
        uint32_t count = lots->group_counts[lots->groups[i]];
        lots->group_counts[lots->groups[i]] = (uint32_t)at;
        at += count;
    }
    for (size_t i = 0; i < lots->entry_count; i++) {
        const struct lot_entry *entry = &lots->entries[i];
        lots->rows[lots->group_counts[entry->group]++] = entry->row;
    }
    for (size_t i = 0, start = 0; i < lots->group_count; i++) {
        size_t end = lots->group_counts[lots->groups[i]];
        lot_make(lots, lots->groups[i], start, end - start, copies);
        lots->group_counts[lots->groups[i]] = 0;
        start = end;
    }
}

void lots_init(struct lots *lots, struct postgres_store *store)
{
    *lots = (struct lots){ .store = store };
    lots->group_counts = calloc(GROUPS_MAX, sizeof(lots->group_counts[0]));
    lots->groups = calloc(GROUPS_MAX, sizeof(lots->groups[0]));
    assert(lots->group_counts != NULL);
    assert(lots->groups != NULL);
}

void lots_release(struct lots *lots)
{
    free(lots->entries);
    free(lots->rows);
    free(lots->lots);
    free(lots->group_counts);
    free(lots->groups);
    *lots = (struct lots){ 0 };
}
