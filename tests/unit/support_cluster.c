/* SPDX-License-Identifier: Apache-2.0 */
/* The PostgreSQL servers that other tests stand on do what is said of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "support/cluster.h"

static void databases_are_new_and_apart(void **state)
{
    struct cluster *cluster = cluster_open(NULL);
    char first[CLUSTER_PLACE_SIZE], second[CLUSTER_PLACE_SIZE];
    (void)state;
    cluster_database(cluster, first);
    cluster_database(cluster, second);
    assert_string_not_equal(first, second);
    cluster_run(cluster, first, "CREATE TABLE t (n bigint); INSERT INTO t VALUES (7)");
    assert_int_equal(7, cluster_number(cluster, first, "SELECT n FROM t"));
    assert_int_equal(0, cluster_number(cluster, second, "SELECT count(*) FROM pg_tables WHERE tablename = 't'"));
    cluster_database_empty(cluster, first);
    assert_int_equal(0, cluster_number(cluster, first, "SELECT count(*) FROM pg_tables WHERE tablename = 't'"));
    cluster_database_drop(cluster, first);
    cluster_database_drop(cluster, second);
    cluster_close(cluster);
}

static void what_was_committed_outlives_a_kill(void **state)
{
    static const enum cluster_end ends[] = { CLUSTER_END_fast, CLUSTER_END_immediate, CLUSTER_END_kill };
    struct cluster *cluster = cluster_open(&(struct cluster_settings){ .own = true });
    char place[CLUSTER_PLACE_SIZE];
    (void)state;
    cluster_database(cluster, place);
    cluster_run(cluster, place, "CREATE TABLE t (n bigint)");
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        cluster_run(cluster, place, "INSERT INTO t VALUES (1)");
        cluster_restart(cluster, 0, ends[i]);
    }
    assert_int_equal(3, cluster_number(cluster, place, "SELECT count(*) FROM t"));
    cluster_close(cluster);
}

static void a_standby_has_what_was_committed_and_takes_over(void **state)
{
    struct cluster *cluster = cluster_open(&(struct cluster_settings){ .own = true, .replicated = true });
    char place[CLUSTER_PLACE_SIZE], any[CLUSTER_PLACE_SIZE], on[CLUSTER_PLACE_SIZE];
    (void)state;
    cluster_database(cluster, place);
    cluster_run(cluster, place, "CREATE TABLE t (n bigint)");
    uint32_t standby = cluster_standby(cluster, 0);
    cluster_place_any(cluster, place, any);
    cluster_place_on(cluster, place, standby, on);
    cluster_run(cluster, any, "INSERT INTO t VALUES (5)");
    cluster_stop(cluster, 0, CLUSTER_END_kill);
    cluster_promote(cluster, standby); /* only then is everything applied that has arrived */
    assert_int_equal(5, cluster_number(cluster, on, "SELECT n FROM t"));
    cluster_run(cluster, any, "INSERT INTO t VALUES (6)");
    assert_int_equal(11, cluster_number(cluster, any, "SELECT sum(n) FROM t"));
    cluster_remove(cluster, 0);
    uint32_t next = cluster_standby(cluster, standby);
    cluster_place_any(cluster, place, any);
    cluster_stop(cluster, standby, CLUSTER_END_immediate);
    cluster_promote(cluster, next);
    cluster_run(cluster, any, "INSERT INTO t VALUES (7)");
    assert_int_equal(18, cluster_number(cluster, any, "SELECT sum(n) FROM t"));
    cluster_close(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(databases_are_new_and_apart),
        cmocka_unit_test(what_was_committed_outlives_a_kill),
        cmocka_unit_test(a_standby_has_what_was_committed_and_takes_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
