/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes in PostgreSQL below the store: on what condition batches are committed, what becomes of those who are
 * silent, what is told and removed. Each node here is a store that only joined; its batches are made by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/os_clock.h"
#include "store/postgres_members.h"
#include "store_fixture.h"
#include "support/cluster.h"

#define WAIT_US INT64_C(8000000)

static struct cluster *cluster;

struct stage {
    char place[CLUSTER_PLACE_SIZE];
};

struct member {
    struct postgres_store store;
    PGconn *work;
};

static PGconn *connected(const char *place)
{
    struct store_error error = { "" };
    PGconn *connection;
    if (postgres_connect(place, "test", &connection, &error) != STATUS_ok) {
        fail_msg("%s", error.text);
    }
    return connection;
}

static void stage_open(struct stage *stage)
{
    struct store_error error = { "" };
    uint32_t partitions;
    cluster_database(cluster, stage->place);
    PGconn *connection = connected(stage->place);
    assert_int_equal(STATUS_ok,
                     postgres_schema_prepare(connection, fixture_tables, NULL, &partitions, &error));
    PQfinish(connection);
}

static void stage_close(struct stage *stage)
{
    cluster_database_drop(cluster, stage->place);
}

static int64_t number(struct stage *stage, const char *sql)
{
    return cluster_number(cluster, stage->place, sql);
}

static const struct store_ops ops = { .name = "postgres" };

static void member_init(struct member *member, struct stage *stage, const char *address)
{
    *member = (struct member){ .store = { .base = { .ops = &ops, .shared = true }, .place = stage->place } };
    member->store.settings.address = address;
    pthread_mutex_init(&member->store.lock, NULL);
}

static void joins(struct member *member, struct stage *stage)
{
    struct store_error error = { "" };
    member_init(member, stage, "127.0.0.1:7");
    if (postgres_join(&member->store, &error) != STATUS_ok) {
        fail_msg("%s", error.text);
    }
    member->work = connected(stage->place);
}

static void leaves(struct member *member)
{
    PQfinish(member->work);
    postgres_leave(&member->store);
    pthread_mutex_destroy(&member->store.lock);
}

/* As after a kill: it says nothing any more, and its place stays. */
static void dies(struct member *member)
{
    PQfinish(member->work);
    member->store.instance = 0;
    postgres_leave(&member->store);
    pthread_mutex_destroy(&member->store.lock);
}

static void batch_run(struct member *member, const char *sql)
{
    struct store_error error = { "" };
    if (postgres_script(member->work, sql, &error) != STATUS_ok) {
        fail_msg("%s", error.text);
    }
}

/* The part of a batch that is about nodes, in an open transaction. False: the row was not as expected. */
static bool batch_begin(struct member *member, const struct node_pass *pass, const char *feed)
{
    char sql[512];
    snprintf(sql, sizeof(sql),
             "UPDATE onetill_batches SET batch = %lld WHERE node = %u AND instance = %lld AND epoch = %lld",
             (long long)member->store.batch + 1, member->store.base.node, (long long)member->store.instance,
             (long long)pass->epoch);
    batch_run(member, "BEGIN");
    PGresult *result = PQexec(member->work, sql);
    assert_int_equal(PGRES_COMMAND_OK, PQresultStatus(result));
    bool found = strcmp(PQcmdTuples(result), "1") == 0;
    PQclear(result);
    if (found && pass->heard) {
        snprintf(sql, sizeof(sql), "INSERT INTO onetill_feed (node, batch, rows) VALUES (%u, %lld, '%s')",
                 member->store.base.node, (long long)member->store.batch + 1, feed);
        batch_run(member, sql);
    }
    return found;
}

static enum status batch_on(struct member *member, const struct node_pass *pass, const char *feed)
{
    if (batch_begin(member, pass, feed)) {
        batch_run(member, "COMMIT");
        member->store.batch++;
        return STATUS_ok;
    }
    batch_run(member, "ROLLBACK");
    return postgres_refused(&member->store, member->work);
}

static enum status batch(struct member *member, const char *feed)
{
    struct node_pass pass;
    postgres_pass(&member->store, &pass);
    return batch_on(member, &pass, feed);
}

/* Until it knows that somebody is there. */
static void notices(struct member *member)
{
    int64_t end_us = os_monotonic_us() + WAIT_US;
    while (!postgres_heard(&member->store.base)) {
        assert_true(os_monotonic_us() < end_us);
        os_sleep_us(10000);
    }
}

/* ---- what is heard ---- */

struct ear {
    char text[4096];
    uint64_t last[NODES_MAX];
};

static void ear_take(void *context, uint32_t node, uint64_t number_of_batch, struct span feed)
{
    struct ear *ear = context;
    size_t size = strlen(ear->text);
    snprintf(ear->text + size, sizeof(ear->text) - size, "%u:%.*s ", node, (int)feed.size, feed.bytes);
    ear->last[node] = number_of_batch;
}

static void hears(struct member *member, const char *wanted)
{
    struct ear ear = { .text = "" };
    assert_int_equal(STATUS_ok, postgres_feed(&member->store.base, ear_take, &ear));
    assert_string_equal(wanted, ear.text);
}

static void until(struct stage *stage, const char *sql, int64_t wanted)
{
    int64_t end_us = os_monotonic_us() + WAIT_US;
    while (number(stage, sql) != wanted) {
        if (os_monotonic_us() > end_us) {
            fail_msg("%s is %lld, not %lld", sql, (long long)number(stage, sql), (long long)wanted);
        }
        os_sleep_us(100000);
    }
}

/* ---- the facts ---- */

static void who_joins_is_known_before_the_next_commit(void **state)
{
    (void)state;
    struct stage stage;
    struct member first, second;
    stage_open(&stage);
    joins(&first, &stage);
    assert_false(postgres_heard(&first.store.base));
    assert_int_equal(STATUS_ok, batch(&first, "unheard"));
    assert_int_equal(0, number(&stage, "SELECT count(*) FROM onetill_feed"));
    struct node_pass pass;
    postgres_pass(&first.store, &pass);
    assert_false(pass.heard);
    joins(&second, &stage);
    assert_int_not_equal(first.store.base.node, second.store.base.node);
    assert_true(postgres_heard(&second.store.base));
    /* What was decided before, without telling, is not committed. */
    assert_int_equal(STATUS_conflict, batch_on(&first, &pass, "never"));
    assert_int_equal(1, number(&stage, "SELECT max(batch) FROM onetill_batches"));
    assert_true(postgres_heard(&first.store.base));
    assert_int_equal(0, atomic_load(&first.store.alone_until_us));
    assert_int_equal(STATUS_ok, batch(&first, "one"));
    assert_int_equal(STATUS_ok, batch(&first, "two"));
    hears(&second, "0:one 0:two ");
    hears(&second, "");
    hears(&first, "");
    assert_int_equal(STATUS_ok, batch(&second, "back"));
    hears(&first, "1:back ");
    /* Once all have read it, it goes. */
    until(&stage, "SELECT count(*) FROM onetill_feed", 0);
    leaves(&second);
    int64_t end_us = os_monotonic_us() + WAIT_US;
    while (postgres_heard(&first.store.base)) {
        assert_true(os_monotonic_us() < end_us);
        os_sleep_us(50000);
    }
    assert_int_equal(STATUS_ok, batch(&first, "unheard"));
    assert_int_equal(0, number(&stage, "SELECT count(*) FROM onetill_feed"));
    leaves(&first);
    assert_int_equal(0, number(&stage, "SELECT count(*) FROM onetill_nodes"));
    assert_int_equal(0, number(&stage, "SELECT count(*) FROM onetill_batches WHERE instance <> 0"));
    stage_close(&stage);
}

static void *joins_later(void *context)
{
    struct member *member = context;
    struct store_error error = { "" };
    assert_int_equal(STATUS_ok, postgres_join(&member->store, &error));
    return NULL;
}

static void a_commit_in_progress_is_waited_for(void **state)
{
    (void)state;
    struct stage stage;
    struct member first, second;
    struct node_pass pass;
    pthread_t thread;
    stage_open(&stage);
    joins(&first, &stage);
    postgres_pass(&first.store, &pass);
    assert_true(batch_begin(&first, &pass, "silently"));
    member_init(&second, &stage, NULL);
    assert_int_equal(0, pthread_create(&thread, NULL, joins_later, &second));
    os_sleep_us(500000);
    assert_int_equal(1, number(&stage, "SELECT count(*) FROM onetill_nodes"));
    batch_run(&first, "COMMIT");
    first.store.batch++;
    pthread_join(thread, NULL);
    /* It was durable before the second was a member: there is nothing to be heard of it, and nothing is
     * missing. */
    second.work = connected(stage.place);
    hears(&second, "");
    assert_int_equal(STATUS_conflict, batch_on(&first, &pass, "again"));
    assert_int_equal(STATUS_ok, batch(&first, "again"));
    hears(&second, "0:again ");
    leaves(&second);
    leaves(&first);
    stage_close(&stage);
}

static void an_unknown_end_is_learnt_and_cannot_change(void **state)
{
    (void)state;
    struct stage stage;
    struct member member;
    struct node_pass pass;
    uint64_t last = 99;
    stage_open(&stage);
    joins(&member, &stage);
    assert_int_equal(STATUS_ok, batch(&member, ""));
    /* Lost after its update and before its COMMIT: as long as the old connection lives, it is waited for. */
    postgres_pass(&member.store, &pass);
    assert_true(batch_begin(&member, &pass, ""));
    PGconn *other = connected(stage.place);
    assert_int_equal(STATUS_away, postgres_resolve(&member.store, other, &last));
    batch_run(&member, "ROLLBACK");
    assert_int_equal(STATUS_ok, postgres_resolve(&member.store, other, &last));
    assert_int_equal(1, last);
    /* What begins late on the old connection finds nothing. */
    assert_false(batch_begin(&member, &pass, ""));
    batch_run(&member, "ROLLBACK");
    /* Lost after COMMIT. */
    postgres_pass(&member.store, &pass);
    assert_true(batch_begin(&member, &pass, ""));
    batch_run(&member, "COMMIT");
    assert_int_equal(STATUS_ok, postgres_resolve(&member.store, other, &last));
    assert_int_equal(2, last);
    member.store.batch = last;
    assert_int_equal(STATUS_ok, batch(&member, ""));
    PQfinish(other);
    leaves(&member);
    stage_close(&stage);
}

static void resolving_does_not_hide_a_joiner(void **state)
{
    (void)state;
    struct stage stage;
    struct member first, second;
    struct node_pass pass;
    uint64_t last = 99;
    stage_open(&stage);
    joins(&first, &stage);
    joins(&second, &stage);
    assert_int_equal(STATUS_ok, postgres_resolve(&first.store, first.work, &last));
    assert_int_equal(0, last);
    postgres_pass(&first.store, &pass);
    assert_true(pass.heard);
    assert_int_equal(STATUS_ok, batch(&first, "heard"));
    hears(&second, "0:heard ");
    leaves(&first);
    leaves(&second);
    stage_close(&stage);
}

/* As if it had been watched for so long. */
static void silence(struct member *member, uint32_t place)
{
    pthread_mutex_lock(&member->store.node->lock);
    member->store.node->peers[place].changed_us -= 2 * SILENT_MAX_US;
    member->store.node->peers[place].watched_us -= 2 * SILENT_MAX_US;
    pthread_mutex_unlock(&member->store.node->lock);
}

static void who_is_silent_is_voided_and_its_place_given_on(void **state)
{
    (void)state;
    struct stage stage;
    struct member first, second, third;
    stage_open(&stage);
    joins(&first, &stage);
    joins(&second, &stage);
    notices(&first);
    assert_int_equal(STATUS_ok, batch(&first, "told by the dead"));
    uint64_t told = first.store.batch;
    int64_t instance = first.store.instance;
    dies(&first);
    until(&stage, "SELECT count(*) FROM onetill_nodes", 2); /* nothing was watched for long enough */
    silence(&second, 0);
    until(&stage, "SELECT count(*) FROM onetill_nodes", 1);
    assert_int_equal(0, number(&stage, "SELECT instance FROM onetill_batches WHERE node = 0"));
    hears(&second, "0:told by the dead ");
    /* The leader removes what the dead have told. */
    until(&stage, "SELECT count(*) FROM onetill_feed", 0);
    joins(&third, &stage);
    assert_int_equal(0, third.store.base.node);
    assert_int_equal(told, third.store.batch); /* it goes on counting */
    assert_true(third.store.instance != instance);
    assert_int_equal(STATUS_ok, batch(&third, "told by the next"));
    hears(&second, "0:told by the next ");
    leaves(&third);
    leaves(&second);
    stage_close(&stage);
}

/* It was stopped between its last statement and COMMIT, and may go on any time. */
static void nobody_is_voided_in_the_middle_of_a_commit(void **state)
{
    (void)state;
    struct stage stage;
    struct member stopped, other;
    struct node_pass pass;
    stage_open(&stage);
    joins(&stopped, &stage);
    joins(&other, &stage);
    notices(&stopped);
    postgres_pass(&stopped.store, &pass);
    assert_true(batch_begin(&stopped, &pass, "last words"));
    PGconn *work = stopped.work;
    stopped.work = NULL;
    dies(&stopped);
    silence(&other, 0);
    os_sleep_us(3 * BEAT_US);
    assert_int_equal(2, number(&stage, "SELECT count(*) FROM onetill_nodes"));
    hears(&other, "");
    PQclear(PQexec(work, "COMMIT"));
    until(&stage, "SELECT count(*) FROM onetill_nodes", 1);
    hears(&other, "0:last words ");
    PQfinish(work);
    leaves(&other);
    stage_close(&stage);
}

/* The server waits for the rest of what a process was sending, and holds what it has locked so far. */
static void who_stops_in_the_middle_of_sending_is_cut_off(void **state)
{
    (void)state;
    struct stage stage;
    struct member stopped, other;
    struct node_pass pass;
    stage_open(&stage);
    joins(&stopped, &stage);
    joins(&other, &stage);
    notices(&stopped);
    postgres_pass(&stopped.store, &pass);
    assert_true(batch_begin(&stopped, &pass, "half a"));
    assert_int_equal(1, PQenterPipelineMode(stopped.work));
    assert_int_equal(1, PQsendQueryParams(stopped.work, "SELECT 1", 0, NULL, NULL, NULL, NULL, 0));
    assert_int_equal(0, PQflush(stopped.work)); /* and no end of it */
    int64_t begun_us = os_monotonic_us();
    PGconn *waiting = connected(stage.place);
    struct store_error error = { "" };
    while (postgres_script(waiting, "UPDATE onetill_batches SET epoch = epoch WHERE node = 0", &error) !=
           STATUS_ok) {
        assert_true(os_monotonic_us() - begun_us < WAIT_US);
        os_sleep_us(50000);
    }
    assert_true(os_monotonic_us() - begun_us >= QUIET_MAX_US - BEAT_US);
    assert_int_equal(0, number(&stage, "SELECT batch FROM onetill_batches WHERE node = 0"));
    PQfinish(waiting);
    leaves(&stopped);
    leaves(&other);
    stage_close(&stage);
}

static void who_was_given_up_stops(void **state)
{
    (void)state;
    struct stage stage;
    struct member paused, other, feeding;
    struct ear ear = { .text = "" };
    struct node_pass pass;
    stage_open(&stage);
    joins(&paused, &stage);
    joins(&other, &stage);
    joins(&feeding, &stage);
    notices(&paused);
    postgres_pass(&paused.store, &pass);
    cluster_run(cluster, stage.place,
                "DELETE FROM onetill_nodes WHERE node <> 1;"
                "UPDATE onetill_batches SET instance = 0, epoch = epoch + 1 WHERE node <> 1");
    assert_false(batch_begin(&paused, &pass, "after"));
    batch_run(&paused, "ROLLBACK");
    assert_int_equal(STATUS_fault, postgres_refused(&paused.store, paused.work));
    assert_true(postgres_dead(&paused.store));
    assert_non_null(strstr(paused.store.fault.text, "given it up"));
    assert_int_equal(STATUS_fault, postgres_feed(&feeding.store.base, ear_take, &ear));
    assert_true(postgres_dead(&feeding.store));
    assert_false(postgres_dead(&other.store));
    leaves(&paused);
    leaves(&feeding);
    leaves(&other);
    stage_close(&stage);
}

static void a_node_notices_by_itself_that_it_was_given_up(void **state)
{
    (void)state;
    struct stage stage;
    struct member member;
    stage_open(&stage);
    joins(&member, &stage);
    cluster_run(cluster, stage.place, "DELETE FROM onetill_nodes");
    int64_t end_us = os_monotonic_us() + WAIT_US;
    while (!postgres_dead(&member.store)) {
        assert_true(os_monotonic_us() < end_us);
        os_sleep_us(50000);
    }
    leaves(&member);
    stage_close(&stage);
}

static void what_is_missing_is_noticed(void **state)
{
    (void)state;
    struct stage stage;
    struct member first, second;
    struct ear ear = { .text = "" };
    stage_open(&stage);
    joins(&first, &stage);
    joins(&second, &stage);
    notices(&first);
    assert_int_equal(STATUS_ok, batch(&first, "one"));
    assert_int_equal(STATUS_ok, batch(&first, "two"));
    cluster_run(cluster, stage.place, "DELETE FROM onetill_feed WHERE batch = 1");
    assert_int_equal(STATUS_fault, postgres_feed(&second.store.base, ear_take, &ear));
    assert_non_null(strstr(second.store.fault.text, "batch 1 of node 0 was never heard: the next is 2"));
    assert_string_equal("", ear.text);
    leaves(&second);
    /* A database that has gone back behind what others have read. */
    joins(&second, &stage);
    notices(&first);
    assert_int_equal(STATUS_ok, batch(&first, "three"));
    hears(&second, "0:three ");
    cluster_run(cluster, stage.place, "UPDATE onetill_batches SET batch = 2 WHERE node = 0");
    assert_int_equal(STATUS_fault, postgres_refused(&second.store, second.work));
    assert_string_equal("the database has lost what it had confirmed", second.store.fault.text);
    leaves(&second);
    leaves(&first);
    stage_close(&stage);
}

static void long_feeds_come_in_order(void **state)
{
    (void)state;
    struct stage stage;
    struct member first, second;
    struct ear ear = { .text = "" };
    stage_open(&stage);
    joins(&first, &stage);
    joins(&second, &stage);
    notices(&first);
    cluster_run(
        cluster, stage.place,
        "INSERT INTO onetill_feed SELECT 0, n, decode(repeat('61', (n % 7)::int), 'hex')"
        " FROM generate_series(1, 300) AS s(n); UPDATE onetill_batches SET batch = 300 WHERE node = 0");
    assert_int_equal(STATUS_ok, postgres_feed(&second.store.base, ear_take, &ear));
    assert_int_equal(300, ear.last[0]);
    assert_memory_equal("0:a 0:aa 0:aaa 0:aaaa 0:aaaaa 0:aaaaaa 0: 0:a ", ear.text, 46);
    leaves(&second);
    leaves(&first);
    stage_close(&stage);
}

static void nodes_are_shown_and_one_leads(void **state)
{
    (void)state;
    struct stage stage;
    struct member first, second;
    struct store_node nodes[NODES_MAX];
    stage_open(&stage);
    joins(&first, &stage);
    joins(&second, &stage);
    assert_int_equal(2, postgres_nodes(&second.store.base, nodes, NODES_MAX));
    assert_true(nodes[0].leads && !nodes[1].leads);
    assert_int_equal(1, nodes[1].node);
    assert_string_equal("127.0.0.1:7", nodes[0].address);
    assert_true(nodes[0].seen_us >= 0 && nodes[0].seen_us < QUIET_MAX_US);
    assert_true(os_now_us() - nodes[0].started_us < WAIT_US);
    assert_int_equal(1, postgres_nodes(&second.store.base, nodes, 1));
    leaves(&first);
    int64_t end_us = os_monotonic_us() + WAIT_US;
    while (postgres_nodes(&second.store.base, nodes, NODES_MAX) != 1 || !nodes[0].leads) {
        assert_true(os_monotonic_us() < end_us);
        os_sleep_us(50000);
    }
    leaves(&second);
    stage_close(&stage);
}

static void nobody_joins_a_copy_that_is_not_finished(void **state)
{
    (void)state;
    struct stage stage;
    struct member member;
    struct store_error error = { "" };
    stage_open(&stage);
    PGconn *connection = connected(stage.place);
    joins(&member, &stage);
    assert_int_equal(STATUS_busy, postgres_copy_mark(connection, true, &error));
    assert_string_equal("the database is being served by 1 process", error.text);
    leaves(&member);
    assert_int_equal(STATUS_ok, postgres_copy_mark(connection, true, &error));
    error.text[0] = '\0';
    member_init(&member, &stage, NULL);
    assert_int_equal(STATUS_busy, postgres_join(&member.store, &error));
    assert_non_null(strstr(error.text, "a copy into this database is not finished"));
    assert_null(member.store.node);
    assert_int_equal(STATUS_ok, postgres_copy_mark(connection, false, &error));
    joins(&member, &stage);
    leaves(&member);
    PQfinish(connection);
    stage_close(&stage);
}

static void all_places_may_be_taken(void **state)
{
    (void)state;
    struct stage stage;
    struct member member;
    stage_open(&stage);
    /* All but one by processes that live, and the last by one that is gone. */
    cluster_run(
        cluster, stage.place,
        "INSERT INTO onetill_batches SELECT n, n + 1, 1, 0 FROM generate_series(0, 63) AS s(n);"
        "INSERT INTO onetill_nodes SELECT n, n + 1, '', 0, 0, '' FROM generate_series(0, 62) AS s(n)");
    joins(&member, &stage);
    assert_int_equal(63, member.store.base.node);
    leaves(&member);
    stage_close(&stage);
}

/* Connections end, the server ends: it is the same database, and nobody was away for long enough to be given
 * up. */
static void nodes_outlive_their_connections_and_the_server(void **state)
{
    (void)state;
    struct cluster *shared = cluster;
    struct stage stage;
    struct member first, second;
    cluster = cluster_open(&(struct cluster_settings){ .own = true });
    stage_open(&stage);
    joins(&first, &stage);
    joins(&second, &stage);
    notices(&first);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(STATUS_ok, batch(&first, "told"));
        hears(&second, "0:told ");
        if (round == 0) {
            assert_true(cluster_terminate(cluster, stage.place) > 0);
        } else {
            cluster_restart(cluster, 0, round == 1 ? CLUSTER_END_immediate : CLUSTER_END_kill);
        }
        PQfinish(first.work);
        PQfinish(second.work);
        first.work = connected(stage.place);
        second.work = connected(stage.place);
        struct ear ear = { .text = "" };
        enum status status = postgres_feed(&second.store.base, ear_take, &ear);
        if (status != STATUS_away) {
            fail_msg("%d %s", (int)status, second.store.fault.text);
        }
        int64_t seen_us = number(&stage, "SELECT min(seen_us) FROM onetill_nodes");
        int64_t end_us = os_monotonic_us() + WAIT_US;
        while (number(&stage, "SELECT min(seen_us) FROM onetill_nodes") == seen_us) {
            assert_true(os_monotonic_us() < end_us);
            os_sleep_us(50000);
        }
    }
    assert_int_equal(STATUS_ok, batch(&second, "back"));
    hears(&first, "1:back ");
    assert_false(postgres_dead(&first.store));
    assert_false(postgres_dead(&second.store));
    leaves(&first);
    leaves(&second);
    cluster_close(cluster);
    cluster = shared;
}

static void a_clock_that_differs_too_much_is_refused(void **state)
{
    (void)state;
    struct stage stage;
    struct member member;
    struct store_error error = { "" };
    char shifted[2 * CLUSTER_PLACE_SIZE];
    stage_open(&stage);
    snprintf(shifted, sizeof(shifted), "%s%coptions=-csearch_path%%3Dpublic,pg_catalog", stage.place,
             strchr(stage.place, '?') != NULL ? '&' : '?');
    cluster_run(cluster, stage.place,
                "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
                " $$SELECT pg_catalog.clock_timestamp() + interval '70 s'$$");
    member_init(&member, &stage, NULL);
    member.store.place = shifted;
    assert_int_equal(STATUS_bad_input, postgres_join(&member.store, &error));
    /* Rounded towards what is certain: asking takes time. */
    if (strstr(error.text, "the clock of this machine is 69 s behind that of the database") == NULL) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(0, number(&stage, "SELECT count(*) FROM onetill_nodes"));
    cluster_run(cluster, stage.place,
                "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
                " $$SELECT pg_catalog.clock_timestamp() - interval '30 s'$$");
    error.text[0] = '\0';
    assert_int_equal(STATUS_ok, postgres_join(&member.store, &error)); /* and it says so */
    assert_true(member.store.node->clock_said);
    postgres_leave(&member.store);
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
        cmocka_unit_test(who_joins_is_known_before_the_next_commit),
        cmocka_unit_test(a_commit_in_progress_is_waited_for),
        cmocka_unit_test(an_unknown_end_is_learnt_and_cannot_change),
        cmocka_unit_test(resolving_does_not_hide_a_joiner),
        cmocka_unit_test(who_is_silent_is_voided_and_its_place_given_on),
        cmocka_unit_test(nobody_is_voided_in_the_middle_of_a_commit),
        cmocka_unit_test(who_stops_in_the_middle_of_sending_is_cut_off),
        cmocka_unit_test(who_was_given_up_stops),
        cmocka_unit_test(a_node_notices_by_itself_that_it_was_given_up),
        cmocka_unit_test(what_is_missing_is_noticed),
        cmocka_unit_test(long_feeds_come_in_order),
        cmocka_unit_test(nodes_are_shown_and_one_leads),
        cmocka_unit_test(nobody_joins_a_copy_that_is_not_finished),
        cmocka_unit_test(all_places_may_be_taken),
        cmocka_unit_test(nodes_outlive_their_connections_and_the_server),
        cmocka_unit_test(a_clock_that_differs_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, cluster_begin, cluster_end);
}
