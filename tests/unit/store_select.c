/* SPDX-License-Identifier: Apache-2.0 */
/* Portable queries as PostgreSQL takes them: placeholders, and the partition that each table's key begins with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "store/postgres_select.h"
#include "lines/product.h"

static struct select_text text;

static const struct {
    const char *sql, *one, *several;
    uint32_t binds;
} queries[] = {
    { "SELECT 1", "SELECT 1", "SELECT 1", 0 },
    { "SELECT a FROM nowhere WHERE b = ?", "SELECT a FROM nowhere WHERE b = $1", NULL, 1 },
    { "SELECT name FROM shops WHERE shop_id = ? LIMIT ?",
      "SELECT name FROM (SELECT * FROM \"shops\" WHERE p = 0) AS \"shops\" WHERE shop_id = $1 LIMIT $2",
      "SELECT name FROM (SELECT * FROM \"shops\" WHERE p IN (0, 1, 2)) AS \"shops\" WHERE shop_id = $1 LIMIT $2", 2 },
    { "select t.name from shops as t", "select t.name from (SELECT * FROM \"shops\" WHERE p = 0) AS \"t\"", NULL, 0 },
    { "SELECT 1 FROM\n\ttokens t JOIN origin ON t.token_id = origin.id",
      "SELECT 1 FROM\n\t(SELECT * FROM \"tokens\" WHERE p = 0) AS \"t\" JOIN origin ON t.token_id = origin.id",
      NULL, 0 },
    { "SELECT 1 FROM shops s JOIN tokens ON 1 = 1",
      "SELECT 1 FROM (SELECT * FROM \"shops\" WHERE p = 0) AS \"s\" JOIN (SELECT * FROM \"tokens\" WHERE p = 0) AS "
      "\"tokens\" ON 1 = 1", NULL, 0 },
    { "SELECT (SELECT 1 FROM shops) FROM trades ORDER BY 1",
      "SELECT (SELECT 1 FROM (SELECT * FROM \"shops\" WHERE p = 0) AS \"shops\") FROM (SELECT * FROM \"trades\" WHERE "
      "p = 0) AS \"trades\" ORDER BY 1", NULL, 0 },
    /* not where it is no table: a part of a word, a text, a column, a name in quotes */
    { "SELECT 'FROM shops ?', \"shops\", shops.name, from_shops FROM (shops)",
      "SELECT 'FROM shops ?', \"shops\", shops.name, from_shops FROM (shops)", NULL, 0 },
    { "SELECT 'it''s', ? FROM shopsx", "SELECT 'it''s', $1 FROM shopsx", NULL, 1 },
};

static void queries_are_translated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        select_translate(&text, product_tables, 1, queries[i].sql);
        assert_false(text.failed);
        assert_string_equal(text.bytes, queries[i].one);
        assert_int_equal(text.size, strlen(text.bytes));
        assert_int_equal(text.binds, queries[i].binds);
        if (queries[i].several != NULL) {
            select_translate(&text, product_tables, 3, queries[i].sql);
            assert_string_equal(text.bytes, queries[i].several);
        }
    }
}

static void what_does_not_fit_fails(void **state)
{
    static char sql[SELECT_SIZE_MAX + 100] = "SELECT ";
    (void)state;
    memset(sql + 7, '1', SELECT_SIZE_MAX);
    select_translate(&text, product_tables, 1, sql);
    assert_true(text.failed);
    select_translate(&text, product_tables, 1, "SELECT 'open");
    assert_true(text.failed);
    select_translate(&text, product_tables, 1, "SELECT 1"); /* and is forgotten */
    assert_false(text.failed);
}

static void scans_name_every_column_and_the_key(void **state)
{
    (void)state;
    select_scan(&text, &shop_day_table, 1, SELECT_behind_key, 7);
    assert_null(strchr(text.bytes, '*'));
    assert_non_null(strstr(text.bytes, " FROM \"shop_days\" WHERE p = 0 AND (\"shop_id\", \"day\") > ($1, $2) "
                                       "ORDER BY \"shop_id\", \"day\" LIMIT 7"));
    assert_int_equal(text.binds, 2);
    select_scan(&text, &outbox_table, 2, SELECT_from_key, 1);
    assert_string_equal(text.bytes,
                        "SELECT \"delivery_id\", \"next_at_us\" FROM ("
                        "(SELECT * FROM \"outbox\" WHERE p = 0 AND (\"delivery_id\") >= ($1) ORDER BY \"delivery_id\" "
                        "LIMIT 1) UNION ALL "
                        "(SELECT * FROM \"outbox\" WHERE p = 1 AND (\"delivery_id\") >= ($1) ORDER BY \"delivery_id\" "
                        "LIMIT 1)) AS parts ORDER BY \"delivery_id\" LIMIT 1");
    assert_int_equal(text.binds, 1);
    select_scan(&text, &shop_day_table, 2, SELECT_at_key, 1);
    assert_non_null(strstr(text.bytes, " FROM \"shop_days\" WHERE p = $3 AND \"shop_id\" = $1 AND \"day\" = $2"));
    assert_int_equal(text.binds, 3);
    for (size_t i = 0; product_tables[i] != NULL; i++) { /* the longest there are */
        select_scan(&text, product_tables[i], 64, SELECT_behind_key, 4000);
        assert_false(text.failed);
        select_scan(&text, product_tables[i], 64, SELECT_from_first, 4000);
        assert_false(text.failed);
        assert_int_equal(text.binds, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_are_translated),
        cmocka_unit_test(what_does_not_fit_fails),
        cmocka_unit_test(scans_name_every_column_and_the_key),
    };
    return cmocka_run_group_tests_name("store_select", tests, NULL, NULL);
}
