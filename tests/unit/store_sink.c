/* SPDX-License-Identifier: Apache-2.0 */
/* What sinks promise, to files and databases: rows are as they were put; nobody serves what is unfinished. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "base/hash.h"
#include "store/sink.h"
#include "store_fixture.h"
#include "support/cluster.h"

#define KEYS 300
#define ROUNDS 12

static struct cluster *cluster; /* for all tests of this program */

enum kind {
    KIND_file,
    KIND_database,
    KIND_partitions,
};

struct stand {
    struct folder folder;
    char place[CLUSTER_PLACE_SIZE];
    struct sink_settings settings;
    struct sink *sink;
    struct store_error error;
    int64_t versions[FIXTURE_TABLES][KEYS]; /* what is there; 0: no row */
};

static int stand_begin(void **state, enum kind kind)
{
    static struct stand stand;
    stand = (struct stand){ .settings = { .partitions = kind == KIND_partitions ? 4 : 1 } };
    folder_make(&stand.folder);
    if (kind == KIND_file) {
        snprintf(stand.place, sizeof(stand.place), "%s", stand.folder.file);
    } else {
        cluster = cluster != NULL ? cluster : cluster_open(NULL);
        cluster_database(cluster, stand.place);
    }
    *state = &stand;
    return 0;
}

static int file_begin(void **state)
{
    return stand_begin(state, KIND_file);
}

static int database_begin(void **state)
{
    return stand_begin(state, KIND_database);
}

static int partitions_begin(void **state)
{
    return stand_begin(state, KIND_partitions);
}

static int stand_end(void **state)
{
    struct stand *stand = *state;
    if (stand->sink != NULL) {
        stand->sink->ops->close(stand->sink);
    }
    if (store_is_postgres(stand->place)) {
        cluster_database_drop(cluster, stand->place);
    }
    folder_remove(&stand->folder);
    return 0;
}

static void sink_ready(struct stand *stand)
{
    stand->error.text[0] = '\0';
    enum status status = sink_open(stand->place, fixture_tables, &stand->settings, &stand->sink, &stand->error);
    if (status != STATUS_ok) {
        fail_msg("%s", stand->error.text);
    }
}

static void sink_leave(struct stand *stand)
{
    stand->sink->ops->close(stand->sink);
    stand->sink = NULL;
}

static void well(struct stand *stand, enum status status)
{
    if (status != STATUS_ok) {
        fail_msg("%s", stand->sink->error.text);
    }
}

static void row_put(struct stand *stand, size_t table, int64_t key, int64_t version)
{
    struct sink *sink = stand->sink;
    union any_row row;
    struct fixture_key name;
    uint8_t image[ROW_SIZE_MAX];
    int64_t *there = &stand->versions[table][key];
    row_make(&row, table, key, version);
    key_make(&name, table, &row);
    if (version == 0) {
        well(stand, sink->ops->drop(sink, fixture_tables[table], key_span(&name)));
    } else {
        size_t size = row_pack(fixture_tables[table], &row, image, sizeof(image));
        struct span packed = { (const char *)image, size };
        well(stand, sink->ops->put(sink, fixture_tables[table], key_span(&name), packed, *there != 0));
    }
    *there = version;
}

/* Puts, replaces and drops some rows of each table, in key order. */
static void round_run(struct stand *stand, int64_t round)
{
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        for (int64_t key = 0; key < KEYS; key++) {
            uint64_t dice = hash_mix((uint64_t)(round * 7919 + key) * 3 + table);
            bool there = stand->versions[table][key] != 0;
            if (dice % 3 == 0 || (round == 1 && dice % 3 == 1)) {
                row_put(stand, table, key, table == 2 ? 1 : round);
            } else if (there && dice % 7 == 0) {
                row_put(stand, table, key, 0);
            }
        }
    }
}

/* ---- looking ---- */

struct look {
    struct stand *stand;
    size_t table;
    int64_t key;
};

static bool row_look(void *context, const void *row)
{
    struct look *look = context;
    union any_row wanted;
    int64_t *versions = look->stand->versions[look->table];
    while (look->key < KEYS && versions[look->key] == 0) {
        look->key++;
    }
    assert_true(look->key < KEYS);
    row_make(&wanted, look->table, look->key, versions[look->key]);
    assert_memory_equal(&wanted, row, fixture_tables[look->table]->shape.size);
    look->key++;
    return true;
}

/* A snapshot holds exactly the rows that are known to be there. */
static void all_look(struct stand *stand)
{
    struct reader *reader;
    struct store_error error = { .text = "" };
    struct span all = { NULL, 0 };
    assert_int_equal(store_snapshot_open(stand->place, fixture_tables, &reader, &error), STATUS_ok);
    assert_int_equal(reader->ops->begin(reader), STATUS_ok);
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        struct look look = { .stand = stand, .table = table };
        assert_int_equal(reader->ops->scan(reader, fixture_tables[table], all, row_look, &look), STATUS_ok);
        for (; look.key < KEYS; look.key++) {
            assert_int_equal(stand->versions[table][look.key], 0);
        }
    }
    reader->ops->end(reader);
    reader->ops->close(reader);
}

static enum status store_try(struct stand *stand, struct store **store)
{
    stand->error.text[0] = '\0';
    return store_is_postgres(stand->place)
               ? store_postgres_open(stand->place, fixture_tables, &(struct postgres_settings){ 0 }, store,
                                     &stand->error)
               : store_sqlite_open(stand->place, fixture_tables, &(struct sqlite_settings){ 0 }, store, &stand->error);
}

/* ---- the facts ---- */

static void rows_are_there_as_they_were_put(void **state)
{
    struct stand *stand = *state;
    for (int64_t round = 1; round <= ROUNDS; round++) {
        sink_ready(stand);
        well(stand, stand->sink->ops->begin(stand->sink));
        round_run(stand, round);
        well(stand, stand->sink->ops->flush(stand->sink));
        all_look(stand);
        well(stand, stand->sink->ops->finish(stand->sink, round));
        sink_leave(stand);
        all_look(stand);
    }
    struct store *store;
    assert_int_equal(store_try(stand, &store), STATUS_ok);
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        for (int64_t key = 0; key < KEYS; key++) {
            assert_int_equal(version_read(store, table, key), stand->versions[table][key]);
        }
    }
    store->ops->close(store);
}

static void nobody_serves_what_is_unfinished(void **state)
{
    struct stand *stand = *state;
    struct store *store;
    sink_ready(stand);
    assert_false(stand->sink->state.unfinished);
    assert_int_equal(stand->sink->state.seal, 0);
    well(stand, stand->sink->ops->begin(stand->sink));
    round_run(stand, 1);
    well(stand, stand->sink->ops->flush(stand->sink));
    sink_leave(stand);
    assert_int_equal(store_try(stand, &store), STATUS_busy);
    assert_non_null(strstr(stand->error.text, "not finished"));

    sink_ready(stand);
    assert_true(stand->sink->state.unfinished);
    well(stand, stand->sink->ops->begin(stand->sink));
    round_run(stand, 2);
    well(stand, stand->sink->ops->finish(stand->sink, INT64_MAX));
    sink_leave(stand);
    all_look(stand);

    sink_ready(stand);
    assert_false(stand->sink->state.unfinished);
    assert_int_equal(stand->sink->state.seal, INT64_MAX);
    sink_leave(stand);
    assert_int_equal(store_try(stand, &store), STATUS_ok);
    store->ops->close(store);
}

static void what_is_served_takes_no_copy(void **state)
{
    struct stand *stand = *state;
    struct store *store;
    assert_int_equal(store_try(stand, &store), STATUS_ok);
    stand->error.text[0] = '\0';
    enum status status = sink_open(stand->place, fixture_tables, &stand->settings, &stand->sink, &stand->error);
    if (status == STATUS_ok) { /* a database says it when the copy begins */
        status = stand->sink->ops->begin(stand->sink);
    }
    assert_int_equal(status, STATUS_busy);
    store->ops->close(store);
    if (stand->sink != NULL) {
        sink_leave(stand);
    }
    sink_ready(stand);
    assert_false(stand->sink->state.unfinished);
    well(stand, stand->sink->ops->begin(stand->sink));
}

static void one_copies_at_a_time(void **state)
{
    struct stand *stand = *state;
    struct sink *second;
    sink_ready(stand);
    well(stand, stand->sink->ops->begin(stand->sink));
    stand->error.text[0] = '\0';
    assert_int_equal(sink_open(stand->place, fixture_tables, &stand->settings, &second, &stand->error), STATUS_busy);
}

#define OF_ALL(fact)                                                                                         \
    { #fact ", file", fact, file_begin, stand_end, NULL },                                                       \
        { #fact ", database", fact, database_begin, stand_end, NULL },                                           \
        { #fact ", partitions", fact, partitions_begin, stand_end, NULL }

static int cluster_leave(void **state)
{
    (void)state;
    if (cluster != NULL) {
        cluster_close(cluster);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OF_ALL(rows_are_there_as_they_were_put),
        OF_ALL(nobody_serves_what_is_unfinished),
        OF_ALL(what_is_served_takes_no_copy),
        OF_ALL(one_copies_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, cluster_leave);
}
