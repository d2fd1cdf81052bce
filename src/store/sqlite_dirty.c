/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"

#include <stdlib.h>

#define ARENA_BLOCK_SIZE ((size_t)4 << 20)
#define ARENA_CEILING ((size_t)1 << 40)
#define ARENA_KEPT_MAX ((size_t)256 << 20) /* beyond it the memory is given back between generations */
#define RUN_INSERTED_MAX 12

void dirty_init(struct dirty *dirty)
{
    memset(dirty, 0, sizeof(*dirty));
    arena_init(&dirty->arena, ARENA_BLOCK_SIZE, ARENA_CEILING);
}

void dirty_release(struct dirty *dirty)
{
    for (uint32_t i = 0; i < TABLE_COUNT_MAX; i++) {
        free(dirty->tables[i].rows);
    }
    free(dirty->scratch);
    arena_release(&dirty->arena);
    memset(dirty, 0, sizeof(*dirty));
}

void dirty_clear(struct dirty *dirty)
{
    for (uint32_t i = 0; i < TABLE_COUNT_MAX; i++) {
        struct dirty_table *table = &dirty->tables[i];
        table->count = 0;
        table->next = 0;
        table->sorted = false;
    }
    if (dirty->arena.held > ARENA_KEPT_MAX) {
        arena_release(&dirty->arena);
    } else {
        arena_rewind(&dirty->arena);
    }
    dirty->row_count = 0;
    dirty->row_next = 0;
    dirty->bytes = 0;
    dirty->table_next = 0;
    dirty->since_us = 0;
}

static bool rows_reserve(struct dirty_row **rows, size_t *capacity, size_t count)
{
    if (*capacity >= count) {
        return true;
    }
    size_t wide = *capacity < 1024 ? 1024 : *capacity * 2;
    while (wide < count) {
        wide *= 2;
    }
    struct dirty_row *moved = realloc(*rows, wide * sizeof(*moved));
    if (moved == NULL) {
        return false;
    }
    *rows = moved;
    *capacity = wide;
    return true;
}

bool dirty_add(struct dirty *dirty, const uint8_t *records, size_t size)
{
    if (size == 0) {
        return true;
    }
    uint8_t *at = arena_try(&dirty->arena, size);
    if (at == NULL) {
        return false;
    }
    memcpy(at, records, size);
    for (size_t left = size; left > 0;) {
        struct record record;
        size_t took = record_read(at, left, &record);
        if (took == 0) {
            return false;
        }
        struct dirty_table *table = &dirty->tables[record.table];
        if (!rows_reserve(&table->rows, &table->capacity, table->count + 1)) {
            return false;
        }
        table->rows[table->count++] = (struct dirty_row){ .record = at };
        dirty->row_count++;
        at += took;
        left -= took;
    }
    dirty->bytes += size;
    return true;
}

/* ---- sorting: by the eight bytes after what all keys have in common, then by the rest; stable ---- */

static int row_order(const struct dirty_row *a, const struct dirty_row *b)
{
    if (a->prefix != b->prefix) {
        return a->prefix < b->prefix ? -1 : 1;
    }
    return key_compare(record_key(a->record), record_key(b->record));
}

static size_t keys_common(const struct dirty_table *table)
{
    struct span first = record_key(table->rows[0].record);
    size_t common = first.size;
    for (size_t i = 1; i < table->count; i++) {
        struct span key = record_key(table->rows[i].record);
        size_t same = 0;
        size_t most = common < key.size ? common : key.size;
        while (same < most && key.bytes[same] == first.bytes[same]) {
            same++;
        }
        common = same;
    }
    return common;
}

/* Shorter keys count as continued by zero bytes; the comparison of the rest puts them first. */
static uint64_t prefix_of(struct span key, size_t common)
{
    uint64_t prefix = 0;
    for (size_t i = common; i < common + 8; i++) {
        prefix = prefix << 8 | (i < key.size ? (uint8_t)key.bytes[i] : 0);
    }
    return prefix;
}

/* One pass per byte in which the prefixes differ. */
static void radix_sort(struct dirty_table *table, struct dirty_row *scratch)
{
    uint64_t differ = 0;
    for (size_t i = 1; i < table->count; i++) {
        differ |= table->rows[i].prefix ^ table->rows[0].prefix;
    }
    struct dirty_row *from = table->rows;
    struct dirty_row *to = scratch;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if ((differ >> shift & 0xFF) == 0) {
            continue;
        }
        size_t places[256] = { 0 };
        for (size_t i = 0; i < table->count; i++) {
            places[from[i].prefix >> shift & 0xFF]++;
        }
        size_t place = 0;
        for (size_t i = 0; i < 256; i++) {
            size_t count = places[i];
            places[i] = place;
            place += count;
        }
        for (size_t i = 0; i < table->count; i++) {
            to[places[from[i].prefix >> shift & 0xFF]++] = from[i];
        }
        struct dirty_row *swap = from;
        from = to;
        to = swap;
    }
    if (from != table->rows) {
        memcpy(table->rows, from, table->count * sizeof(*from));
    }
}

static void run_insert(struct dirty_row *rows, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct dirty_row row = rows[i];
        size_t at = i;
        while (at > 0 && row_order(&rows[at - 1], &row) > 0) {
            rows[at] = rows[at - 1];
            at--;
        }
        rows[at] = row;
    }
}

static void merge_sort(struct dirty_row *rows, size_t count, struct dirty_row *scratch)
{
    if (count <= RUN_INSERTED_MAX) {
        run_insert(rows, count);
        return;
    }
    size_t half = count / 2;
    merge_sort(rows, half, scratch);
    merge_sort(rows + half, count - half, scratch);
    memcpy(scratch, rows, half * sizeof(*rows));
    size_t a = 0;
    size_t b = half;
    for (size_t to = 0; a < half; to++) {
        if (b < count && row_order(&rows[b], &scratch[a]) < 0) {
            rows[to] = rows[b++];
        } else {
            rows[to] = scratch[a++];
        }
    }
}

static bool rows_ascend(const struct dirty_table *table)
{
    for (size_t i = 1; i < table->count; i++) {
        if (row_order(&table->rows[i - 1], &table->rows[i]) >= 0) {
            return false;
        }
    }
    return true;
}

bool dirty_sort(struct dirty *dirty, uint32_t number)
{
    struct dirty_table *table = &dirty->tables[number];
    if (table->sorted || table->count == 0) {
        table->sorted = true;
        return true;
    }
    size_t common = keys_common(table);
    for (size_t i = 0; i < table->count; i++) {
        table->rows[i].prefix = prefix_of(record_key(table->rows[i].record), common);
    }
    table->sorted = true;
    if (rows_ascend(table)) {
        return true;
    }
    if (!rows_reserve(&dirty->scratch, &dirty->scratch_capacity, table->count)) {
        return false;
    }
    radix_sort(table, dirty->scratch);
    size_t kept = 0;
    for (size_t start = 0; start < table->count;) {
        size_t end = start + 1;
        while (end < table->count && table->rows[end].prefix == table->rows[start].prefix) {
            end++;
        }
        merge_sort(table->rows + start, end - start, dirty->scratch);
        for (size_t i = start; i < end; i++) {
            if (i + 1 == end || row_order(&table->rows[i], &table->rows[i + 1]) != 0) {
                table->rows[kept++] = table->rows[i]; /* the newest of its key */
            }
        }
        start = end;
    }
    dirty->row_next += table->count - kept;
    table->count = kept;
    return true;
}
