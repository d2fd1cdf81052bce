/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same random history on a sqlite file and on a PostgreSQL database: on both it must end as the model
 * says, and then all rows of all tables must be equal, to the byte. Every other database has hardly a cache,
 * so that rows are loaded all the time. Prints TAP. A failing history prints its seed: `model_twins --from
 * SEED --seeds 1` does it again. ONETILL_SEEDS sets how many there are, a hundredth of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os_clock.h"
#include "model/world.h"
#include "support/arguments.h"
#include "support/cluster.h"
#include "support/lone.h"

#define SEEDS_PER_HISTORY 100 /* of ONETILL_SEEDS: two stores on a disk take so much longer than one in memory */

struct twins {
    struct run run;
    struct cluster *cluster;
    bool forge; /* a canary: one row is changed a little */
    uint64_t anew_count; /* batches that the database wanted once more, which took other ids: none, with one process */
    char wrong[512];
};

/* ---- rows ---- */

struct rows {
    const struct table *table;
    uint8_t *bytes; /* structs of the table, one after the other */
    size_t count, capacity;
};

static bool row_add(void *context, const void *row)
{
    struct rows *rows = context;
    size_t size = rows->table->shape.size;
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity == 0 ? 64 : 2 * rows->capacity;
        rows->bytes = realloc(rows->bytes, rows->capacity * size);
        assert(rows->bytes != NULL);
    }
    memcpy(rows->bytes + rows->count++ * size, row, size);
    return true;
}

static void rows_read(struct house *house, const struct table *table, struct rows *rows)
{
    *rows = (struct rows){ .table = table };
    enum status status =
        house->store->ops->scan(house->store, table, (struct span){ NULL, 0 }, row_add, rows);
    assert(status == STATUS_ok);
}

/* The first column that differs, with its values where they are numbers. */
static void difference_write(struct twins *twins, const struct rows *rows, size_t index, const uint8_t *one,
                             const uint8_t *other)
{
    const struct shape *shape = &rows->table->shape;
    int size = snprintf(twins->wrong, sizeof(twins->wrong), "%s: row %zu of %zu differs ", shape->name, index,
                        rows->count);
    for (uint32_t i = 0; i < shape->column_count; i++) {
        const struct column *column = &shape->columns[i];
        if (memcmp(one + column->offset, other + column->offset, column->size) != 0) {
            bool number = column->kind == COLUMN_i64 || column->kind == COLUMN_i32;
            snprintf(twins->wrong + size, sizeof(twins->wrong) - (size_t)size,
                     "in %s: %" PRId64 " and %" PRId64, column->name, number ? column_i64(column, one) : 0,
                     number ? column_i64(column, other) : 0);
            return;
        }
    }
    snprintf(twins->wrong + size, sizeof(twins->wrong) - (size_t)size, "between its columns");
}

static bool rows_equal(struct twins *twins, const struct rows *one, const struct rows *other)
{
    size_t size = one->table->shape.size;
    const char *name = one->table->shape.name;
    if (one->count != other->count) {
        snprintf(twins->wrong, sizeof(twins->wrong), "%s: %zu rows on sqlite, %zu on postgres", name,
                 one->count, other->count);
        return false;
    }
    for (size_t i = 0; i < one->count; i++) {
        const uint8_t *first = one->bytes + i * size, *second = other->bytes + i * size;
        if (memcmp(first, second, size) != 0) {
            difference_write(twins, one, i, first, second);
            return false;
        }
    }
    return true;
}

/* ---- histories ---- */

static bool history_end(struct twins *twins, const char *where, struct rows *rows)
{
    struct engine_counts counts;
    bool ok = history_run(&twins->run);
    engine_counts(twins->run.house.engine, &counts);
    twins->anew_count += counts.conflicts + counts.aways + counts.unknowns + counts.timers_taken;
    if (!ok) {
        snprintf(twins->wrong, sizeof(twins->wrong), "on %s: %s", where, twins->run.wrong);
    }
    for (size_t i = 0; ok && product_tables[i] != NULL; i++) {
        rows_read(&twins->run.house, product_tables[i], &rows[i]);
    }
    house_close(&twins->run.house);
    return ok;
}

static bool on_sqlite(struct twins *twins, uint64_t seed, struct rows *rows)
{
    char folder[] = "/tmp/onetill-twins-XXXXXX", path[sizeof(folder) + 16];
    struct store *store;
    struct store_error error;
    bool made = mkdtemp(folder) != NULL;
    assert(made);
    snprintf(path, sizeof(path), "%s/till.db", folder);
    enum status status = store_sqlite_open(
        path, product_tables, &(struct sqlite_settings){ .cache_bytes = 1 << 20 }, &store, &error);
    assert(status == STATUS_ok);
    run_clear(&twins->run, seed);
    house_open_store(&twins->run.house, lone_store_open(store), true);
    bool ok = history_end(twins, "sqlite", rows);
    folder_remove(folder);
    return ok;
}

static bool on_postgres(struct twins *twins, uint64_t seed, struct rows *rows)
{
    char place[CLUSTER_PLACE_SIZE];
    cluster_database(twins->cluster, place);
    run_clear(&twins->run, seed);
    house_open_postgres(&twins->run.house, place, seed % 2 == 1 ? 1 : 0);
    bool ok = history_end(twins, "postgres", rows);
    cluster_database_drop(twins->cluster, place);
    return ok;
}

/* False, with its words, when the two do not agree with the model or with each other. */
static bool history_of_twins(struct twins *twins, uint64_t seed)
{
    struct rows one[TABLE_COUNT_MAX] = { 0 }, other[TABLE_COUNT_MAX] = { 0 };
    bool ok = on_sqlite(twins, seed, one) && on_postgres(twins, seed, other);
    for (size_t i = 0; product_tables[i] != NULL; i++) {
        if (ok && twins->forge && product_tables[i] == &account_table) {
            other[i].bytes[0] ^= 1;
        }
        ok = ok && rows_equal(twins, &one[i], &other[i]);
        free(one[i].bytes);
        free(other[i].bytes);
    }
    return ok;
}

int main(int argc, char **argv)
{
    static struct twins twins;
    uint64_t from = number_after(argc, argv, "--from", 1), seeds = number_after(argc, argv, "--seeds", 0);
    uint64_t seconds = number_after(argc, argv, "--seconds", 10), done = 0;
    seeds = seeds > 0 ? seeds : (seeds_wanted() + SEEDS_PER_HISTORY - 1) / SEEDS_PER_HISTORY;
    printf("1..2\n");
    twins.cluster = cluster_open(NULL);
    int64_t start_us = os_monotonic_us();
    bool ok = true;
    while (ok && (seeds > 0 ? done < seeds : os_monotonic_us() - start_us < (int64_t)seconds * 1000000)) {
        ok = history_of_twins(&twins, from + done);
        done += ok;
    }
    printf("# %" PRIu64 " histories of %d calls on each, %" PRIu64 " batches decided anew, %.1f s\n", done,
           CALLS_PER_HISTORY, twins.anew_count, (double)(os_monotonic_us() - start_us) / 1e6);
    if (!ok) {
        printf("# seed %" PRIu64 ": %s\n", from + done, twins.wrong);
    }
    printf("%sok 1 - a history on sqlite and on postgres ends as the model says, with equal rows\n",
           ok ? "" : "not ");
    twins.forge = true;
    bool sings = !history_of_twins(&twins, from);
    printf("%sok 2 - a row that differs is noticed: %s\n", sings ? "" : "not ", twins.wrong);
    cluster_close(twins.cluster);
    return ok && sings ? 0 : 1;
}
