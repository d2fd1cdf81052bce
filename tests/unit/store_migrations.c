/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations on SQLite: what is run, what is checked, what is undone, and what is noted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>

#include "store/internal.h"
#include "store_prefix.h"

static int64_t file_number(const struct folder *folder, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *select;
    assert_int_equal(SQLITE_OK, sqlite3_open(folder->file, &db));
    if (sqlite3_prepare_v2(db, sql, -1, &select, NULL) != SQLITE_OK) {
        fail_msg("%s", sqlite3_errmsg(db));
    }
    assert_int_equal(SQLITE_ROW, sqlite3_step(select));
    int64_t number = sqlite3_column_int64(select, 0);
    sqlite3_finalize(select);
    sqlite3_close(db);
    return number;
}

static void file_run(const struct folder *folder, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(SQLITE_OK, sqlite3_open(folder->file, &db));
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s", sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

/* ---- the runner, over a database in memory ---- */

struct bench {
    struct migration_place base;
    sqlite3 *db;
    struct store_error error;
};

static enum status bench_run(struct migration_place *place, const char *sql)
{
    struct bench *bench = (struct bench *)place;
    if (sqlite3_exec(bench->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        error_set(place->error, "%.100s", sqlite3_errmsg(bench->db));
        return STATUS_bad_input;
    }
    return STATUS_ok;
}

static enum status bench_number(struct migration_place *place, const char *sql, int64_t *value)
{
    struct bench *bench = (struct bench *)place;
    sqlite3_stmt *select;
    if (sqlite3_prepare_v2(bench->db, sql, -1, &select, NULL) != SQLITE_OK) {
        error_set(place->error, "%.100s", sqlite3_errmsg(bench->db));
        return STATUS_bad_input;
    }
    int rc = sqlite3_step(select);
    *value = rc == SQLITE_ROW ? sqlite3_column_int64(select, 0) : 0;
    sqlite3_finalize(select);
    return rc == SQLITE_ROW ? STATUS_ok : STATUS_not_found;
}

static const struct migration_place_ops bench_ops = { bench_run, bench_number };

static void bench_init(struct bench *bench)
{
    static const struct table *const none[] = { NULL };
    *bench = (struct bench){ .base = { &bench_ops, MIGRATION_sqlite, none, NULL } };
    bench->base.error = &bench->error;
    assert_int_equal(SQLITE_OK, sqlite3_open(":memory:", &bench->db));
    assert_int_equal(STATUS_ok,
                     bench_run(&bench->base, "CREATE TABLE purses (id INTEGER PRIMARY KEY, cents INTEGER);"
                                             "INSERT INTO purses VALUES (1, 500), (2, 700)"));
}

static int64_t bench_ask(struct bench *bench, const char *sql)
{
    int64_t value = -1;
    assert_int_equal(STATUS_ok, bench_number(&bench->base, sql, &value));
    return value;
}

static const struct migration_check named_cents[] = { { "purses have cents",
                                                        "SELECT count(*) FROM pragma_table_info('purses')"
                                                        " WHERE name = 'cents'",
                                                        1 },
                                                      { .what = NULL } };
static const struct migration_check named_minor[] = { { "purses have minor units",
                                                        "SELECT count(*) FROM pragma_table_info('purses')"
                                                        " WHERE name = 'minor'",
                                                        1 },
                                                      { .what = NULL } };
static const struct migration_check as_many[] = { { "as many purses", "SELECT count(*) FROM purses", 0 },
                                                  { .what = NULL } };
static const struct migration_check as_much[] = { { "as much money", "SELECT sum(minor) FROM purses", 0 },
                                                  { .what = NULL } };
static const char *const rename_cents[] = { "ALTER TABLE purses RENAME COLUMN cents TO minor", NULL };
static const char *const lose_one[] = { "DELETE FROM purses WHERE id = 2", NULL };
static const char *const add_owner[] = { "ALTER TABLE purses ADD COLUMN owner INTEGER NOT NULL DEFAULT 9",
                                         NULL };

static enum status owners_number(struct migration_place *place)
{
    return place->ops->run(place, "UPDATE purses SET owner = id * 10");
}

static const struct migration good_list[] = {
    { 3,
      "minor_units",
      { { .before = named_cents, .statements = rename_cents, .after = named_minor, .same = as_many } } },
    { 7, "owners", { { .statements = add_owner, .apply = owners_number, .same = as_much } } },
    { 8, "elsewhere", { [MIGRATION_postgres] = { .statements = lose_one } } },
    { .number = 0 },
};

static void migrations_that_are_due_run_in_order_and_are_noted(void **state)
{
    (void)state;
    struct bench bench;
    int64_t level = 0;
    bench_init(&bench);
    assert_int_equal(8, migrations_newest(good_list));
    assert_int_equal(STATUS_ok, migrations_run(&bench.base, good_list, 2));
    assert_int_equal(
        1, bench_ask(&bench, "SELECT count(*) FROM purses WHERE id = 2 AND owner = 20 AND minor = 700"));
    assert_int_equal(4, bench_ask(&bench, "SELECT count(*) FROM onetill_migrations"));
    assert_int_equal(1, bench_ask(&bench, "SELECT count(*) FROM onetill_migrations WHERE number = 2"
                                          " AND name = 'taken over'"));
    assert_int_equal(1,
                     bench_ask(&bench, "SELECT count(*) FROM onetill_migrations WHERE number = 7"
                                       " AND name = 'owners' AND at_us > 1000000000000000 AND took_us >= 0"));
    assert_int_equal(STATUS_ok, migrations_level(&bench.base, good_list, &level));
    assert_int_equal(8, level);
    /* Nothing is due: nothing is done again. */
    assert_int_equal(STATUS_ok, migrations_run(&bench.base, good_list, level));
    assert_int_equal(4, bench_ask(&bench, "SELECT count(*) FROM onetill_migrations"));
    sqlite3_close(bench.db);
}

static void only_what_is_above_the_level_runs(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    assert_int_equal(STATUS_ok, bench_run(&bench.base, rename_cents[0]));
    assert_int_equal(STATUS_ok, migrations_run(&bench.base, good_list, 3));
    assert_int_equal(0,
                     bench_ask(&bench, "SELECT count(*) FROM onetill_migrations WHERE name = 'minor_units'"));
    assert_int_equal(1, bench_ask(&bench, "SELECT count(*) FROM onetill_migrations WHERE name = 'owners'"));
    sqlite3_close(bench.db);
}

static void failing(const struct migration *list, const char *why)
{
    struct bench bench;
    bench_init(&bench);
    assert_int_equal(STATUS_ok, bench_run(&bench.base, "BEGIN"));
    assert_int_equal(STATUS_bad_input, migrations_run(&bench.base, list, 2));
    if (strstr(bench.error.text, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", bench.error.text, why);
    }
    assert_int_equal(STATUS_ok, bench_run(&bench.base, "ROLLBACK"));
    assert_int_equal(1200, bench_ask(&bench, "SELECT sum(cents) FROM purses"));
    assert_int_equal(
        0, bench_ask(&bench, "SELECT count(*) FROM sqlite_schema WHERE name = 'onetill_migrations'"));
    sqlite3_close(bench.db);
}

static void a_check_that_does_not_hold_ends_it(void **state)
{
    (void)state;
    const struct migration before[] = {
        { 3, "early", { { .before = named_minor, .statements = rename_cents } } }, { .number = 0 }
    };
    const struct migration after[] = { { 3, "late", { { .statements = lose_one, .after = named_minor } } },
                                       { .number = 0 } };
    const struct migration loses[] = { { 3, "loses", { { .statements = lose_one, .same = as_many } } },
                                       { .number = 0 } };
    const struct migration unasked[] = { { 3, "minor", { { .before = as_much } } }, { .number = 0 } };
    failing(before, "migration 3, early, before it: not so: purses have minor units (0, not 1)");
    failing(after, "migration 3, late, after it: not so: purses have minor units (0, not 1)");
    failing(loses, "migration 3, loses, after it: not so: as many purses (1, not 2)");
    failing(unasked, "no such column: minor");
}

static void a_newer_level_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    int64_t level = 0;
    bench_init(&bench);
    assert_int_equal(STATUS_ok, migrations_begin(&bench.base, good_list));
    assert_int_equal(STATUS_ok, migrations_level(&bench.base, good_list, &level));
    assert_int_equal(8, level);
    assert_int_equal(STATUS_ok,
                     bench_run(&bench.base, "INSERT INTO onetill_migrations VALUES (9, 'later', 1, 1)"));
    assert_int_equal(STATUS_newer, migrations_level(&bench.base, good_list, &level));
    assert_non_null(strstr(bench.error.text, "newer version: format 9, this one knows up to 8"));
    sqlite3_close(bench.db);
}

/* ---- the product's, in files ---- */

static void a_file_of_before_there_was_a_list_is_taken_over(void **state)
{
    (void)state;
    struct folder folder;
    struct prefix prefix = { 0 };
    struct outcomes outcomes;
    struct draft draft;
    folder_make(&folder);
    struct store *store = open_or_fail(&folder, NULL);
    outcomes_init(&outcomes);
    draft_init(&draft, ROWS_PER_BATCH);
    prefix_step(&prefix, &draft);
    assert_int_equal(STATUS_ok, draft_keep(store, &draft, &outcomes, 0));
    outcomes_wait(&outcomes, 1);
    store->ops->close(store);
    assert_int_equal(migrations_newest(migrations),
                     file_number(&folder, "SELECT value FROM meta WHERE name = 'format'"));
    assert_int_equal(1,
                     file_number(&folder, "SELECT count(*) FROM onetill_migrations WHERE name = 'created'"));
    file_run(&folder, "DROP TABLE onetill_migrations; UPDATE meta SET value = 2 WHERE name = 'format'");
    store = open_or_fail(&folder, NULL);
    prefix = (struct prefix){ 0 };
    prefix_find(store, &prefix, 1, 1);
    store->ops->close(store);
    assert_int_equal(1,
                     file_number(&folder, "SELECT count(*) FROM onetill_migrations WHERE name = 'taken over'"
                                          " AND number = 2"));
    draft_release(&draft);
    folder_remove(&folder);
}

struct short_mark_row {
    int32_t shop;
    char name[24];
};

static const struct column short_columns[] = { COLUMN(short_mark_row, shop), COLUMN(short_mark_row, name) };
static const struct table short_table = TABLE("names", 5, short_mark_row, short_columns, 2);
static const struct table *const short_tables[] = { &short_table, NULL };

static void columns_and_tables_that_were_added_are_noted(void **state)
{
    (void)state;
    struct folder folder;
    struct store *store;
    struct store_error error;
    folder_make(&folder);
    assert_int_equal(STATUS_ok, store_sqlite_open(folder.file, short_tables, NULL, &store, &error));
    store->ops->close(store);
    assert_int_equal(1, file_number(&folder, "SELECT count(*) FROM onetill_migrations"));
    for (int i = 0; i < 2; i++) { /* the second time nothing is left to be added */
        store = open_or_fail(&folder, NULL);
        store->ops->close(store);
        assert_int_equal(
            1, file_number(&folder, "SELECT count(*) FROM onetill_migrations WHERE name = 'added things'"));
        assert_int_equal(1, file_number(&folder, "SELECT count(*) FROM onetill_migrations"
                                                 " WHERE name = 'added names.version'"));
        assert_int_equal(5, file_number(&folder, "SELECT count(*) FROM onetill_migrations"));
    }
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(migrations_that_are_due_run_in_order_and_are_noted),
        cmocka_unit_test(only_what_is_above_the_level_runs),
        cmocka_unit_test(a_check_that_does_not_hold_ends_it),
        cmocka_unit_test(a_newer_level_is_refused),
        cmocka_unit_test(a_file_of_before_there_was_a_list_is_taken_over),
        cmocka_unit_test(columns_and_tables_that_were_added_are_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
