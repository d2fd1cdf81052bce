/* SPDX-License-Identifier: Apache-2.0 */
/* A server that hangs with its connections open: sessions of it are stopped, and then all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_stand.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os_clock.h"
#include "store/postgres_store.h"

#define SILENT_US INT64_C(2000000) /* a starved machine does not stand still for as long */
#define AWAY_US INT64_C(300000)
#define STOPPED_MAX 64

struct stage {
    struct cluster *cluster;
    struct stand stand; /* for deeds */
    struct store *store;
    pid_t stopped[STOPPED_MAX];
    size_t stopped_count;
};

static struct cluster *cluster;

static int cluster_begin(void **state)
{
    (void)state;
    cluster = cluster_open(&(struct cluster_settings){ .own = true });
    return 0;
}

static int cluster_end(void **state)
{
    (void)state;
    cluster_close(cluster);
    return 0;
}

static void stage_store_open(struct stage *stage)
{
    struct store_error error = { "" };
    struct postgres_settings settings = { .silent_us_max = SILENT_US, .away_us_max = AWAY_US };
    if (store_postgres_open(stage->stand.place, fixture_tables, &settings, &stage->store, &error) != STATUS_ok) {
        fail_msg("%s", error.text);
    }
}

static int stage_open(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    assert_non_null(stage);
    stage->cluster = cluster;
    stage->stand.kind = STAND_postgres;
    cluster_database(cluster, stage->stand.place);
    stage_store_open(stage);
    *state = stage;
    return 0;
}

static void go_on(struct stage *stage)
{
    while (stage->stopped_count > 0) {
        (void)kill(stage->stopped[--stage->stopped_count], SIGCONT);
    }
}

static int stage_close(void **state)
{
    struct stage *stage = *state;
    go_on(stage);
    if (stage->store != NULL) {
        stage->store->ops->close(stage->store);
    }
    cluster_database_drop(cluster, stage->stand.place);
    free(stage);
    return 0;
}

static void stop(struct stage *stage, pid_t pid)
{
    assert_true(pid > 1);
    assert_true(stage->stopped_count < STOPPED_MAX);
    assert_int_equal(0, kill(pid, SIGSTOP));
    stage->stopped[stage->stopped_count++] = pid;
}

/* The server's process that a connection of ours speaks to. */
static pid_t session_of(struct stage *stage, const char *name)
{
    char query[256];
    snprintf(query, sizeof(query),
             "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'onetill %s'",
             name);
    return (pid_t)cluster_number(stage->cluster, stage->stand.place, query);
}

/* All processes of the server, its first one first, so that it starts no others. */
static void server_stop(struct stage *stage)
{
    pid_t first = (pid_t)cluster_number(stage->cluster, NULL,
                                        "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)");
    char path[64], line[512];
    stop(stage, first);
    DIR *folder = opendir("/proc");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        int64_t pid = 0;
        int parent = 0;
        (void)snprintf(path, sizeof(path), "/proc/%.20s/stat", entry->d_name);
        if (!span_to_i64(span_of(entry->d_name), &pid)) {
            continue;
        }
        FILE *file = pid > 1 ? fopen(path, "r") : NULL;
        if (file != NULL && fgets(line, sizeof(line), file) != NULL && strrchr(line, ')') != NULL &&
            sscanf(strrchr(line, ')'), ") %*c %d", &parent) == 1 && parent == first) {
            stop(stage, (pid_t)pid);
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    closedir(folder);
}

/* What is under way is over within its limits, whatever the server does: some seconds for a starved machine. */
static int64_t seconds_since(int64_t begun_us)
{
    return (os_monotonic_us() - begun_us) / 1000000;
}

static int64_t look_until(struct stage *stage, int64_t key, int64_t *stamp)
{
    int64_t until_us = os_monotonic_us() + STAND_WAIT_US;
    int64_t version = stand_load(stage->store, 0, key, stamp);
    while (version < 0 && os_monotonic_us() < until_us) {
        assert_int_equal(-1 - (int64_t)STATUS_away, *stamp);
        os_sleep_us(20000);
        version = stand_load(stage->store, 0, key, stamp);
    }
    return version;
}

static enum status keep_one(struct stage *stage, int64_t key, int64_t version, int64_t *stamp)
{
    struct deed deed;
    deed_begin(&deed, &stage->stand, stage->store, 1);
    deed_write(&deed, 0, key, version);
    enum status status = deed_end(&deed);
    *stamp = deed.stamp;
    deed_release(&deed);
    return status;
}

/* ---- single sessions ---- */

static void a_session_that_hangs_while_rows_are_read_is_given_up(void **state)
{
    struct stage *stage = *state;
    int64_t stamp;
    assert_int_equal(STATUS_ok, keep_one(stage, 1, 1, &stamp));
    stop(stage, session_of(stage, "reads"));
    int64_t begun_us = os_monotonic_us();
    assert_int_equal(-1, stand_load(stage->store, 0, 1, &stamp));
    assert_int_equal(-1 - (int64_t)STATUS_away, stamp);
    assert_in_range(seconds_since(begun_us), 0, 30);
    assert_true(os_monotonic_us() - begun_us >= SILENT_US);
    assert_int_equal(1, look_until(stage, 1, &stamp)); /* on a new one, while the old one still hangs */
    assert_int_equal(STATUS_ok, keep_one(stage, 1, 2, &stamp));
    go_on(stage);
    assert_int_equal(STATUS_ok, keep_one(stage, 1, 3, &stamp));
    assert_int_equal(3, stand_durable(stage->store, 0, 1));
}

static void a_session_that_hangs_before_a_batch_keeps_nothing(void **state)
{
    struct stage *stage = *state;
    int64_t stamp, lost;
    assert_int_equal(STATUS_ok, keep_one(stage, 1, 1, &stamp));
    stop(stage, session_of(stage, "keeper"));
    assert_int_equal(STATUS_away, keep_one(stage, 2, 1, &lost));
    /* It had begun nothing, so nothing of it is waited for; and it never does anything again. */
    assert_int_equal(0, look_until(stage, 2, &stamp));
    assert_int_equal(STATUS_ok, keep_one(stage, 2, 2, &stamp));
    go_on(stage);
    assert_int_equal(STATUS_ok, keep_one(stage, 3, 1, &stamp));
    assert_int_equal(2, stand_durable(stage->store, 0, 2));
}

/* COMMIT takes two seconds from now on. */
static void commits_slow_down(struct stage *stage)
{
    char sql[512];
    snprintf(sql, sizeof(sql),
             "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
             "'BEGIN PERFORM pg_sleep(5); RETURN NULL; END';"
             "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON \"%s\" DEFERRABLE INITIALLY DEFERRED "
             "FOR EACH ROW WHEN (NEW.id > 100) EXECUTE FUNCTION slow()",
             fixture_tables[0]->shape.name);
    cluster_run(stage->cluster, stage->stand.place, sql);
}

static void session_sleeps(struct stage *stage, pid_t pid)
{
    char query[160];
    int64_t until_us = os_monotonic_us() + STAND_WAIT_US;
    snprintf(query, sizeof(query),
             "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND wait_event = 'PgSleep'", (int)pid);
    while (cluster_number(stage->cluster, stage->stand.place, query) == 0) {
        assert_true(os_monotonic_us() < until_us);
    }
}

/* The outcome is unknown as long as the session hangs, and then exactly what became of it. */
static void commit_hangs(struct stage *stage, bool kept)
{
    struct deed deed;
    int64_t stamp;
    assert_int_equal(STATUS_ok, keep_one(stage, 1, 1, &stamp));
    commits_slow_down(stage);
    pid_t keeper = session_of(stage, "keeper");
    deed_begin(&deed, &stage->stand, stage->store, 1);
    deed_write(&deed, 0, 500, 1);
    deed_keep(&deed);
    session_sleeps(stage, keeper);
    stop(stage, keeper);
    assert_int_equal(STATUS_unknown, deed_wait(&deed));
    for (int i = 0; i < 3; i++) { /* nothing else is done before it is known */
        assert_int_equal(-1, stand_load(stage->store, 0, 1, &stamp));
        assert_int_equal(-1 - (int64_t)STATUS_away, stamp);
    }
    assert_int_equal(0, cluster_number(stage->cluster, stage->stand.place,
                                       "SELECT count(*) FROM onetill_batches WHERE batch > 1"));
    if (!kept) {
        assert_int_equal(0, kill(keeper, SIGTERM));
    }
    go_on(stage);
    assert_int_equal(kept ? 1 : 0, look_until(stage, 500, &stamp));
    assert_int_equal(kept ? deed.stamp : 0, stamp);
    deed_release(&deed);
    assert_int_equal(STATUS_ok, keep_one(stage, 2, 1, &stamp));
    assert_int_equal(kept ? 1 : 0, stand_durable(stage->store, 0, 500));
}

static void a_commit_that_hangs_and_goes_on_is_there(void **state)
{
    commit_hangs(*state, true);
}

static void a_commit_that_hangs_and_is_ended_is_not(void **state)
{
    commit_hangs(*state, false);
}

/* A row that is written hangs together with its session, before COMMIT: others would wait for it. */
static void what_hangs_with_rows_in_its_hands_is_waited_for(void **state)
{
    struct stage *stage = *state;
    struct deed deed;
    int64_t stamp;
    assert_int_equal(STATUS_ok, keep_one(stage, 1, 1, &stamp));
    cluster_run(stage->cluster, stage->stand.place,
                "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN PERFORM pg_sleep(5); RETURN NEW; END'");
    char sql[256];
    snprintf(sql, sizeof(sql),
             "CREATE TRIGGER slow BEFORE INSERT ON \"%s\" FOR EACH ROW WHEN (NEW.id > 100) EXECUTE FUNCTION slow()",
             fixture_tables[0]->shape.name);
    cluster_run(stage->cluster, stage->stand.place, sql);
    pid_t keeper = session_of(stage, "keeper");
    deed_begin(&deed, &stage->stand, stage->store, 2);
    deed_write(&deed, 0, 1, 2);
    deed_write(&deed, 0, 500, 1);
    deed_keep(&deed);
    session_sleeps(stage, keeper);
    stop(stage, keeper);
    assert_int_equal(STATUS_away, deed_wait(&deed));
    deed_release(&deed);
    assert_int_equal(-1, stand_load(stage->store, 0, 1, &stamp));
    assert_int_equal(-1 - (int64_t)STATUS_away, stamp);
    go_on(stage);
    assert_int_equal(1, look_until(stage, 1, &stamp));
    assert_int_equal(0, look_until(stage, 500, &stamp));
    assert_int_equal(STATUS_ok, keep_one(stage, 1, 3, &stamp));
}

static int64_t seen_age_us(struct stage *stage)
{
    struct store_counts counts = { 0 };
    stage->store->ops->counts(stage->store, &counts);
    return os_monotonic_us() - counts.seen_us;
}

static void a_process_whose_sign_of_life_hangs_gives_another(void **state)
{
    struct stage *stage = *state;
    static const char sign[] = "SELECT max(seen_us) FROM onetill_nodes";
    int64_t stamp;
    stop(stage, session_of(stage, "node"));
    int64_t before = cluster_number(stage->cluster, stage->stand.place, sign);
    int64_t until_us = os_monotonic_us() + STAND_WAIT_US;
    while (cluster_number(stage->cluster, stage->stand.place, sign) == before) {
        assert_true(os_monotonic_us() < until_us);
        os_sleep_us(20000);
    }
    go_on(stage);
    assert_int_equal(STATUS_ok, keep_one(stage, 1, 1, &stamp));
}

/* ---- all of it ---- */

static void a_server_that_hangs_is_away_until_it_goes_on(void **state)
{
    struct stage *stage = *state;
    int64_t stamp;
    assert_int_equal(STATUS_ok, keep_one(stage, 1, 1, &stamp));
    server_stop(stage);
    int64_t begun_us = os_monotonic_us();
    assert_int_equal(STATUS_away, keep_one(stage, 1, 2, &stamp));
    assert_int_equal(-1, stand_load(stage->store, 0, 1, &stamp));
    assert_int_equal(-1 - (int64_t)STATUS_away, stamp);
    assert_in_range(seconds_since(begun_us), 0, 30);
    assert_true(seen_age_us(stage) >= SILENT_US);
    go_on(stage);
    assert_int_equal(1, look_until(stage, 1, &stamp));
    assert_int_equal(STATUS_ok, keep_one(stage, 2, 1, &stamp));
    int64_t until_us = os_monotonic_us() + STAND_WAIT_US;
    while (seen_age_us(stage) > 500000) {
        assert_true(os_monotonic_us() < until_us);
        os_sleep_us(20000);
    }
    assert_int_equal(1, stand_durable(stage->store, 0, 1));
}

/* ---- what may take long ---- */

static void what_takes_its_time_is_not_cut_off(void **state)
{
    struct stage *stage = *state;
    PGconn *connection;
    struct store_error error = { "" };
    assert_int_equal(STATUS_ok, postgres_connect(stage->stand.place, "patient", &connection, &error));
    postgres_patience(connection, 0);
    assert_int_equal(STATUS_ok, postgres_script(connection, "SELECT pg_sleep(2.5)", &error));
    postgres_patience(connection, SILENT_US);
    assert_int_equal(0, postgres_given_up_us(connection));
    /* What comes bit by bit makes headway, however long it takes. */
    PGresult *result;
    assert_int_equal(STATUS_ok, postgres_ask(connection,
                                             "SELECT repeat('x', 20000), pg_sleep(0.1) FROM generate_series(1, 30)",
                                             NULL, 0, &result, &error));
    assert_int_equal(30, PQntuples(result));
    PQclear(result);
    assert_int_equal(STATUS_away, postgres_script(connection, "SELECT pg_sleep(20)", &error));
    assert_int_equal(SILENT_US, postgres_given_up_us(connection));
    assert_non_null(strstr(error.text, "nothing was heard of it for 2000 ms"));
    PQfinish(connection);
}

/* More than any socket takes at once, to a server that does not read. */
static void what_cannot_be_sent_is_not_waited_for_either(void **state)
{
    struct stage *stage = *state;
    struct store_error error = { "" };
    PGconn *connection;
    size_t size = (size_t)2 << 20;
    char *much = malloc(size);
    assert_non_null(much);
    memset(much, 'x', size);
    assert_int_equal(STATUS_ok, postgres_connect(stage->stand.place, "full", &connection, &error));
    postgres_patience(connection, 10 * SILENT_US);
    struct value bind = VALUE_TEXT(((struct span){ much, size }));
    PGresult *result;
    if (postgres_ask(connection, "SELECT length($1)", &bind, 1, &result, &error) != STATUS_ok) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(size, postgres_i64(result, 0, 0));
    PQclear(result);
    postgres_patience(connection, SILENT_US);
    stop(stage, session_of(stage, "full"));
    assert_int_equal(STATUS_away, postgres_ask(connection, "SELECT length($1)", &bind, 1, &result, &error));
    PQfinish(connection);
    free(much);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
    static const struct CMUnitTest facts[] = {
        FACT(a_session_that_hangs_while_rows_are_read_is_given_up),
        FACT(a_session_that_hangs_before_a_batch_keeps_nothing),
        FACT(a_commit_that_hangs_and_goes_on_is_there),
        FACT(a_commit_that_hangs_and_is_ended_is_not),
        FACT(what_hangs_with_rows_in_its_hands_is_waited_for),
        FACT(a_process_whose_sign_of_life_hangs_gives_another),
        FACT(a_server_that_hangs_is_away_until_it_goes_on),
        FACT(what_takes_its_time_is_not_cut_off),
        FACT(what_cannot_be_sent_is_not_waited_for_either),
    };
    return cmocka_run_group_tests(facts, cluster_begin, cluster_end);
}
