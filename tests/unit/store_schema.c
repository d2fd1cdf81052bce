/* SPDX-License-Identifier: Apache-2.0 */
/* The schema in PostgreSQL: made, followed, migrated, checked, refused; several starters at once; notes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>

#include "store/migrations.h"
#include "store/postgres_node.h"
#include "store_fixture.h"
#include "support/cluster.h"

static struct cluster *cluster;

struct stage {
    char place[CLUSTER_PLACE_SIZE];
    PGconn *connection;
};

static void stage_open(struct stage *stage)
{
    struct store_error error = { "" };
    cluster_database(cluster, stage->place);
    if (postgres_connect(stage->place, "test", &stage->connection, &error) != STATUS_ok) {
        fail_msg("%s", error.text);
    }
}

static void stage_close(struct stage *stage)
{
    PQfinish(stage->connection);
    cluster_database_drop(cluster, stage->place);
}

static int64_t number(struct stage *stage, const char *sql)
{
    return cluster_number(cluster, stage->place, sql);
}

static void prepared(struct stage *stage, const struct table *const *tables,
                     const struct postgres_settings *settings)
{
    struct store_error error = { "" };
    uint32_t partitions = 0;
    enum status status = postgres_schema_prepare(stage->connection, tables, settings, &partitions, &error);
    if (status != STATUS_ok) {
        fail_msg("%d %s", (int)status, error.text);
    }
    status = postgres_schema_check(stage->connection, tables, &partitions, &error);
    if (status != STATUS_ok) {
        fail_msg("%d %s", (int)status, error.text);
    }
}

static void refused(struct stage *stage, const struct table *const *tables, enum status expected,
                    const char *why)
{
    struct store_error error = { "" };
    uint32_t partitions = 0;
    assert_int_equal(expected, postgres_schema_prepare(stage->connection, tables, NULL, &partitions, &error));
    if (strstr(error.text, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, why);
    }
    assert_int_equal(PQTRANS_IDLE, PQtransactionStatus(stage->connection));
}

static void tables_are_made_once_with_their_types(void **state)
{
    (void)state;
    static const char *const indexes[] = {
        "CREATE INDEX IF NOT EXISTS names_by_version ON names (version, shop)", NULL
    };
    const struct postgres_settings settings = { .partitions = 8, .indexes = indexes };
    struct stage stage;
    struct store_error error = { "" };
    uint32_t partitions = 0;
    stage_open(&stage);
    assert_int_equal(STATUS_bad_input,
                     postgres_schema_check(stage.connection, fixture_tables, &partitions, &error));
    assert_string_equal("the database holds no store of Onetill", error.text);
    prepared(&stage, fixture_tables, &settings);
    assert_int_equal(1, number(&stage, "SELECT count(*) FROM onetill_migrations"));
    assert_int_equal(1, number(&stage, "SELECT count(*) FROM onetill_migrations WHERE name = 'created'"));
    assert_int_equal(3, number(&stage,
                               "SELECT count(*) FROM information_schema.columns WHERE table_name = 'names'"
                               " AND column_name IN ('p', 'shop', 'ver') AND is_nullable = 'NO' AND"
                               " data_type IN ('smallint', 'integer', 'bigint')"));
    assert_int_equal(1, number(&stage, "SELECT count(*) FROM pg_indexes WHERE indexname = 'names_pkey' AND"
                                       " indexdef LIKE '%(p, shop, name)'"));
    assert_int_equal(2, number(&stage,
                               "SELECT count(*) FROM information_schema.columns WHERE table_name = 'names'"
                               " AND collation_name = 'C'"));
    assert_int_equal(1,
                     number(&stage, "SELECT count(*) FROM pg_indexes WHERE indexname = 'names_by_version'"));
    cluster_run(cluster, stage.place, "INSERT INTO names (p, shop, name, ver) VALUES (3, 1, 'a', 5)");
    assert_int_equal(1, number(&stage, "SELECT count(*) FROM names WHERE version = 0 AND note = ''"));
    prepared(&stage, fixture_tables, NULL); /* what is there stays; what it was made with is kept */
    error.text[0] = '\0';
    assert_int_equal(STATUS_ok, postgres_schema_check(stage.connection, fixture_tables, &partitions, &error));
    assert_int_equal(8, partitions);
    assert_int_equal(1, number(&stage, "SELECT count(*) FROM names"));
    assert_int_equal(1, number(&stage, "SELECT count(*) FROM onetill_migrations"));
    stage_close(&stage);
}

struct short_row {
    int32_t shop;
    char name[24];
};

static const struct column short_columns[] = { COLUMN(short_row, shop), COLUMN(short_row, name) };
static const struct table short_table = TABLE("names", 5, short_row, short_columns, 2);
static const struct table *const short_tables[] = { &short_table, &mark_table, NULL };

static void what_descriptors_add_is_added_and_noted(void **state)
{
    (void)state;
    static const char *const indexes[] = {
        "CREATE INDEX IF NOT EXISTS names_by_version ON names (version, shop)", NULL
    };
    const struct postgres_settings settings = { .indexes = indexes };
    struct stage stage;
    struct store_error error = { "" };
    uint32_t partitions;
    stage_open(&stage);
    prepared(&stage, short_tables, NULL);
    cluster_run(cluster, stage.place, "INSERT INTO names (p, shop, name, ver) VALUES (0, 1, 'a', 5)");
    assert_int_equal(STATUS_bad_input,
                     postgres_schema_check(stage.connection, fixture_tables, &partitions, &error));
    assert_non_null(strstr(error.text, "serve it once"));
    prepared(&stage, fixture_tables, &settings);
    prepared(&stage, fixture_tables, &settings);
    assert_int_equal(
        1, number(&stage, "SELECT count(*) FROM names WHERE version = 0 AND note = '' AND ver = 5"));
    assert_int_equal(1,
                     number(&stage, "SELECT count(*) FROM onetill_migrations WHERE name = 'added things'"));
    assert_int_equal(
        1, number(&stage, "SELECT count(*) FROM onetill_migrations WHERE name = 'added names.note'"));
    assert_int_equal(4, number(&stage, "SELECT count(*) FROM onetill_migrations"));
    assert_int_equal(1,
                     number(&stage, "SELECT count(*) FROM pg_indexes WHERE indexname = 'names_by_version'"));
    /* The older version does not know the columns. */
    refused(&stage, short_tables, STATUS_newer, "table names has columns that this version does not know");
    stage_close(&stage);
}

static void an_index_that_was_never_finished_is_made_anew(void **state)
{
    (void)state;
    static const char *const indexes[] = { "CREATE INDEX IF NOT EXISTS names_by_version ON names (version)",
                                           NULL };
    const struct postgres_settings settings = { .indexes = indexes };
    struct stage stage;
    stage_open(&stage);
    prepared(&stage, fixture_tables, &settings);
    cluster_run(cluster, stage.place,
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'names_by_version'::regclass");
    prepared(&stage, fixture_tables, &settings);
    assert_int_equal(1, number(&stage, "SELECT count(*) FROM pg_index WHERE indexrelid ="
                                       " 'names_by_version'::regclass AND indisvalid"));
    stage_close(&stage);
}

static void what_is_not_ours_is_refused_and_left_alone(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    cluster_run(cluster, stage.place, "CREATE TABLE names (id bigint); CREATE TABLE cats (id bigint)");
    refused(&stage, fixture_tables, STATUS_bad_input, "table names has no column p: it is not Onetill's");
    assert_int_equal(2, number(&stage, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"));
    cluster_run(cluster, stage.place, "DROP TABLE names");
    prepared(&stage, fixture_tables, NULL); /* tables of others do not matter */
    cluster_run(cluster, stage.place, "ALTER TABLE names ALTER COLUMN version TYPE integer");
    refused(&stage, fixture_tables, STATUS_bad_input, "column version is integer");
    cluster_run(cluster, stage.place,
                "ALTER TABLE names ALTER COLUMN version TYPE bigint, ALTER COLUMN note TYPE text COLLATE "
                "\"default\"");
    refused(&stage, fixture_tables, STATUS_bad_input, "column note is text collated default");
    stage_close(&stage);
}

static void a_newer_schema_is_refused(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    prepared(&stage, fixture_tables, NULL);
    cluster_run(cluster, stage.place, "INSERT INTO onetill_migrations VALUES (99, 'later', 1, 1)");
    refused(&stage, fixture_tables, STATUS_newer, "written by a newer version: format 99");
    stage_close(&stage);
}

/* ---- migrations ---- */

static void a_migration_waits_until_the_others_are_gone(void **state)
{
    (void)state;
    struct stage stage;
    struct store_error error = { "" };
    uint32_t partitions;
    stage_open(&stage);
    prepared(&stage, fixture_tables, NULL);
    cluster_run(cluster, stage.place,
                "UPDATE onetill_migrations SET number = 1; INSERT INTO onetill_nodes VALUES (5, 77, '', 0,"
                " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, '')");
    assert_int_equal(STATUS_bad_input,
                     postgres_schema_check(stage.connection, fixture_tables, &partitions, &error));
    refused(&stage, fixture_tables, STATUS_busy, "1 other process is on this database: stop them first");
    assert_int_equal(1, number(&stage, "SELECT max(number) FROM onetill_migrations"));
    cluster_run(cluster, stage.place,
                "UPDATE onetill_nodes SET seen_us = seen_us - 60000000"); /* it was killed */
    prepared(&stage, fixture_tables, NULL);
    assert_int_equal(migrations_newest(migrations),
                     number(&stage, "SELECT max(number) FROM onetill_migrations"));
    stage_close(&stage);
}

/* The runner over a connection, with a list of its own. */
struct bench {
    struct migration_place base;
    PGconn *connection;
};

static enum status bench_run(struct migration_place *place, const char *sql)
{
    return postgres_script(((struct bench *)place)->connection, sql, place->error);
}

static enum status bench_number(struct migration_place *place, const char *sql, int64_t *value)
{
    PGresult *result;
    enum status status =
        postgres_ask(((struct bench *)place)->connection, sql, NULL, 0, &result, place->error);
    if (status == STATUS_ok) {
        *value = PQntuples(result) > 0 ? postgres_i64(result, 0, 0) : 0;
        status = PQntuples(result) > 0 ? STATUS_ok : STATUS_not_found;
        PQclear(result);
    }
    return status;
}

static void migrations_check_before_and_after(void **state)
{
    (void)state;
    static const struct migration_place_ops ops = { bench_run, bench_number };
    static const struct migration_check whole[] = {
        { "nobody owes", "SELECT count(*) FROM purses WHERE cents < 0", 0 }, { .what = NULL }
    };
    static const struct migration_check same[] = {
        { "as much money", "SELECT sum(cents)::bigint FROM purses", 0 }, { .what = NULL }
    };
    static const char *const doubled[] = { "UPDATE purses SET cents = cents * 2", NULL };
    static const char *const split[] = { "ALTER TABLE purses ADD COLUMN held bigint NOT NULL DEFAULT 0",
                                         "UPDATE purses SET held = 1", NULL };
    static const struct migration good[] = {
        { 3,
          "holds",
          { [MIGRATION_postgres] = { .before = whole, .statements = split, .after = whole, .same = same } } },
        { .number = 0 },
    };
    static const struct migration bad[] = {
        { 3, "holds", { [MIGRATION_postgres] = { .statements = doubled, .same = same } } },
        { .number = 0 },
    };
    struct stage stage;
    struct store_error error = { "" };
    struct bench bench = { .base = { &ops, MIGRATION_postgres, NULL, &error } };
    stage_open(&stage);
    bench.connection = stage.connection;
    cluster_run(cluster, stage.place,
                "CREATE TABLE purses (cents bigint); INSERT INTO purses VALUES (300), (400)");
    assert_int_equal(STATUS_ok, bench_run(&bench.base, "BEGIN"));
    assert_int_equal(STATUS_bad_input, migrations_run(&bench.base, bad, 2));
    assert_string_equal("migration 3, holds, after it: not so: as much money (1400, not 700)", error.text);
    assert_int_equal(STATUS_ok, bench_run(&bench.base, "ROLLBACK"));
    assert_int_equal(700, number(&stage, "SELECT sum(cents)::bigint FROM purses"));
    assert_int_equal(STATUS_ok, migrations_run(&bench.base, good, 2));
    assert_int_equal(2, number(&stage, "SELECT count(*) FROM purses WHERE held = 1"));
    assert_int_equal(
        1, number(&stage, "SELECT count(*) FROM onetill_migrations WHERE number = 3 AND name = 'holds'"));
    stage_close(&stage);
}

/* ---- several starters ---- */

#define STARTERS 6

struct starter {
    const struct stage *stage;
    enum status status;
    struct store_error error;
};

static void *starter_run(void *context)
{
    struct starter *starter = context;
    PGconn *connection;
    uint32_t partitions;
    starter->status = postgres_connect(starter->stage->place, "starter", &connection, &starter->error);
    if (starter->status == STATUS_ok) {
        starter->status =
            postgres_schema_prepare(connection, fixture_tables, NULL, &partitions, &starter->error);
        PQfinish(connection);
    }
    return NULL;
}

static void starters_at_once_do_it_once(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage);
    for (int round = 0; round < 2; round++) { /* the second time they all follow, from fewer columns */
        struct starter starters[STARTERS];
        pthread_t threads[STARTERS];
        for (int i = 0; i < STARTERS; i++) {
            starters[i] = (struct starter){ .stage = &stage };
            assert_int_equal(0, pthread_create(&threads[i], NULL, starter_run, &starters[i]));
        }
        for (int i = 0; i < STARTERS; i++) {
            pthread_join(threads[i], NULL);
            if (starters[i].status != STATUS_ok) {
                fail_msg("%d %s", (int)starters[i].status, starters[i].error.text);
            }
        }
        assert_int_equal(1 + round, number(&stage, "SELECT count(*) FROM onetill_migrations"));
        cluster_run(cluster, stage.place, "ALTER TABLE names DROP COLUMN note");
    }
    stage_close(&stage);
}

/* ---- notes and copies ---- */

static void the_first_note_stays(void **state)
{
    (void)state;
    static const struct store_ops ops = { .name = "postgres" };
    struct stage stage;
    struct store_note note;
    struct store_error error;
    struct postgres_store store = { .base = { .ops = &ops } };
    stage_open(&stage);
    prepared(&stage, fixture_tables, NULL);
    store.place = stage.place;
    static char large[STORE_NOTE_SIZE_MAX];
    memset(large, 0xA5, sizeof(large));
    assert_int_equal(STATUS_ok,
                     store_postgres_note(&store.base, "key", (struct span){ NULL, 0 }, &note, &error));
    assert_int_equal(0, note.size);
    assert_int_equal(STATUS_ok, store_postgres_note(&store.base, "key", SPAN("abc"), &note, &error));
    assert_int_equal(3, note.size);
    assert_int_equal(STATUS_ok, store_postgres_note(&store.base, "key", SPAN("other"), &note, &error));
    assert_int_equal(3, note.size);
    assert_memory_equal("abc", note.bytes, 3);
    assert_int_equal(STATUS_ok, store_postgres_note(&store.base, "large",
                                                    (struct span){ large, sizeof(large) }, &note, &error));
    assert_int_equal(sizeof(large), note.size);
    assert_memory_equal(large, note.bytes, sizeof(large));
    assert_int_equal(STATUS_ok,
                     store_postgres_note(&store.base, "key", (struct span){ NULL, 0 }, &note, &error));
    assert_memory_equal("abc", note.bytes, 3);
    stage_close(&stage);
}

static int cluster_begin(void **state)
{
    (void)state;
    cluster = cluster_open(NULL);
    return 0;
}

static int cluster_end(void **state)
{
    (void)state;
    cluster_close(cluster);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_made_once_with_their_types),
        cmocka_unit_test(what_descriptors_add_is_added_and_noted),
        cmocka_unit_test(an_index_that_was_never_finished_is_made_anew),
        cmocka_unit_test(what_is_not_ours_is_refused_and_left_alone),
        cmocka_unit_test(a_newer_schema_is_refused),
        cmocka_unit_test(a_migration_waits_until_the_others_are_gone),
        cmocka_unit_test(migrations_check_before_and_after),
        cmocka_unit_test(starters_at_once_do_it_once),
        cmocka_unit_test(the_first_note_stays),
    };
    return cmocka_run_group_tests(tests, cluster_begin, cluster_end);
}
