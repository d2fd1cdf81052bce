/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches that are kept while the one before is still on its way: rule 8 of engine/store.h, held against the
 * database in memory, where the test says when a batch is tried, and against PostgreSQL, where a trigger keeps a
 * batch waiting for a lock that the test has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/os_clock.h"
#include "store/postgres_keep.h"
#include "store_stand.h"

#define SLOW_KEY 900 /* of the second table: a batch that changes it waits for the gate */
#define MANY 40      /* rows that go by COPY */

/* A store that is alone, and two deeds that are kept one behind the other. */
struct line {
    struct stand *stand;
    struct store *store;
    struct deed first, second;
    PGconn *gate; /* NULL: it is open */
};

static void slow_make(struct stand *stand, bool at_commit)
{
    char text[700];
    snprintf(text, sizeof(text),
             "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
             " PERFORM set_config('lock_timeout', '0', true); PERFORM pg_advisory_xact_lock_shared(7);"
             " RETURN NEW; END $$;"
             "CREATE CONSTRAINT TRIGGER slow AFTER INSERT OR UPDATE ON names %s FOR EACH ROW"
             " WHEN (NEW.name = 'n%06d') EXECUTE FUNCTION slow()",
             at_commit ? "DEFERRABLE INITIALLY DEFERRED" : "", SLOW_KEY);
    cluster_run(stand_cluster(), stand->place, text);
}

static void line_open(struct line *line, void **state, bool at_commit)
{
    line->gate = NULL;
    line->stand = stand_make(*(enum stand_kind *)*state);
    line->store = stand_join(line->stand);
    deed_begin(&line->first, line->stand, line->store, 200);
    deed_begin(&line->second, line->stand, line->store, 200);
    if (stand_is_postgres(line->stand)) {
        slow_make(line->stand, at_commit);
    }
}

/* From now on the first batch stays where it is, until it is opened again. */
static void gate_shut(struct line *line)
{
    if (stand_is_postgres(line->stand)) {
        struct store_error error;
        assert_int_equal(STATUS_ok, postgres_connect(line->stand->place, "gate", &line->gate, &error));
        assert_int_equal(STATUS_ok, postgres_script(line->gate, "SELECT pg_advisory_lock(7)", &error));
    }
}

static void gate_open(struct line *line)
{
    PQfinish(line->gate);
    line->gate = NULL;
}

static void gate_reached(struct line *line)
{
    while (cluster_number(stand_cluster(), line->stand->place,
                          "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database ="
                          " (SELECT oid FROM pg_database WHERE datname = current_database())") == 0) {
        os_sleep_us(2000);
    }
}

static void line_close(struct line *line)
{
    gate_open(line);
    deed_release(&line->first);
    deed_release(&line->second);
    stand_remove(line->stand);
}

/* Databases that shard let none follow, and where batches are tried inside keep there is none to be followed. */
static bool line_may(const struct line *line)
{
    return line->stand->kind == STAND_deferred || line->stand->kind == STAND_postgres;
}

/* Whether another batch may follow the first, which is on its way. */
static bool line_follows(struct line *line)
{
    uint32_t calls = line->store->ops->follows(line->store);
    assert_int_equal(calls > 0, line_may(line));
    return calls > 0;
}

/* Rows of the next two batches: some that both change, and some of their own. */
static void first_write(struct line *line)
{
    deed_write(&line->first, 1, SLOW_KEY, 1);
    deed_write(&line->first, 0, 1, 11);
    deed_write(&line->first, 0, 2, 0);
    deed_write(&line->first, 1, 3, 13);
    deed_keep(&line->first);
}

static void second_write(struct line *line)
{
    assert_int_equal(11, deed_write(&line->second, 0, 1, 21));
    assert_int_equal(0, deed_write(&line->second, 0, 2, 22));
    assert_int_equal(13, deed_write(&line->second, 1, 3, 0));
    deed_write(&line->second, 0, 4, 24);
    deed_write(&line->second, 0, 5, 0);
    deed_replace(&line->second, 0, 6, 26);
    for (int64_t key = 100; key < 100 + MANY; key++) {
        deed_write(&line->second, 0, key, key);
    }
}

static void rows_before(struct line *line)
{
    for (int64_t key = 1; key <= 6; key++) {
        deed_write(&line->first, 0, key, key);
    }
    deed_write(&line->first, 1, 3, 3);
    assert_int_equal(STATUS_ok, deed_end(&line->first));
}

static void rows_check(struct line *line, const int64_t wanted[8])
{
    for (int64_t key = 1; key <= 6; key++) {
        int64_t stamp;
        assert_int_equal(wanted[key], stand_sure(line->stand, line->store, 0, key, &stamp));
        assert_int_equal(wanted[key], stand_durable(line->store, 0, key));
    }
    assert_int_equal(wanted[0], stand_durable(line->store, 1, 3));
    assert_int_equal(wanted[7], stand_durable(line->store, 0, 100 + MANY - 1));
}

static const int64_t rows_both[8] = { 0, 21, 22, 3, 24, 0, 26, 100 + MANY - 1 };

/* Decides both anew, after a failure, one after the other. */
static void line_again(struct line *line)
{
    line->first.changes.count = line->first.reads.count = 0;
    line->second.changes.count = line->second.reads.count = 0;
    line->first.follows = line->second.follows = false;
    first_write(line);
    gate_open(line);
    assert_int_equal(STATUS_ok, deed_wait(&line->first));
    line->first.changes.count = 0;
    second_write(line);
    assert_int_equal(STATUS_ok, deed_end(&line->second));
    rows_check(line, rows_both);
}

static void what_follows_is_kept_after_the_one_before(void **state)
{
    for (int at_commit = 0; at_commit < 2; at_commit++) {
        struct line line;
        int64_t stamp;
        line_open(&line, state, at_commit);
        rows_before(&line);
        gate_shut(&line);
        first_write(&line);
        if (line_follows(&line)) {
            second_write(&line);
            line.second.follows = true;
            deed_keep(&line.second);
            assert_int_equal(0, line.store->ops->follows(line.store)); /* no third one */
            assert_false(line.first.over || line.second.over);
            assert_int_equal(21, stand_look(line.store, 0, 1, &stamp));
            assert_int_equal(line.second.stamp, stamp);
            gate_open(&line);
            assert_int_equal(STATUS_ok, deed_wait(&line.first));
            assert_int_equal(STATUS_ok, deed_wait(&line.second));
            rows_check(&line, rows_both);
        } else {
            gate_open(&line);
            assert_int_equal(STATUS_ok, deed_wait(&line.first));
        }
        line_close(&line);
    }
}

/* Somebody has changed what the first batch saw, past all stores. */
static void spoil(struct line *line)
{
    if (stand_is_postgres(line->stand)) {
        cluster_run(stand_cluster(), line->stand->place, "UPDATE things SET ver = ver + 1 WHERE id = 1 - 50");
    } else {
        line->stand->fate = SHARED_conflict;
        line->stand->fate_step = SHARED_commit;
    }
}

static void what_follows_a_batch_that_fails_is_void(void **state)
{
    struct line line;
    int64_t stamp;
    line_open(&line, state, false);
    rows_before(&line);
    spoil(&line);
    gate_shut(&line);
    first_write(&line);
    if (line_follows(&line)) {
        second_write(&line);
        line.second.follows = true;
        deed_keep(&line.second);
        gate_open(&line);
        assert_int_equal(STATUS_conflict, deed_wait(&line.first));
        assert_int_equal(STATUS_conflict, deed_wait(&line.second));
        assert_int_equal(4, stand_look(line.store, 0, 4, &stamp));
        assert_int_equal(0, stand_look(line.store, 0, 100, &stamp));
        assert_int_equal(0, line.store->ops->follows(line.store));
        line_again(&line);
    } else {
        gate_open(&line);
        assert_int_equal(STATUS_conflict, deed_wait(&line.first));
    }
    line_close(&line);
}

static void what_was_decided_on_a_batch_that_failed_is_not_taken(void **state)
{
    struct line line;
    line_open(&line, state, false);
    rows_before(&line);
    spoil(&line);
    gate_shut(&line);
    first_write(&line);
    if (line.stand->kind != STAND_memory) {
        second_write(&line);
        gate_open(&line);
        assert_int_equal(STATUS_conflict, deed_wait(&line.first));
        for (int i = 0; i < 2; i++) {
            line.second.follows = true; /* whoever gave it away did not know yet */
            deed_keep(&line.second);
            assert_true(line.second.over);
            assert_int_equal(STATUS_conflict, line.second.status);
        }
        line_again(&line);
    }
    line_close(&line);
}

static void what_follows_a_lost_commit_is_void_or_goes_on(void **state)
{
    static const enum shared_fate fates[] = { SHARED_unknown_lost, SHARED_unknown_kept, SHARED_away };
    for (size_t i = 0; i < COUNT_OF(fates); i++) {
        struct line line;
        int64_t stamp;
        line_open(&line, state, true);
        rows_before(&line);
        line.stand->fate = fates[i];
        line.stand->fate_step = SHARED_commit;
        gate_shut(&line);
        first_write(&line);
        if (line_follows(&line)) {
            second_write(&line);
            line.second.follows = true;
            deed_keep(&line.second);
            if (stand_is_postgres(line.stand)) {
                gate_reached(&line); /* COMMIT was sent */
                cluster_run(stand_cluster(), line.stand->place,
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                            " AND application_name = 'onetill keeper'");
                gate_open(&line);
            }
            enum status first = deed_wait(&line.first), second = deed_wait(&line.second);
            assert_int_not_equal(STATUS_ok, first);
            assert_int_equal(STATUS_conflict, second);
            while (stand_load(line.store, 0, 1, &stamp) < 0) {
                os_sleep_us(10000); /* until the database is there again */
            }
            bool kept = stand_durable(line.store, 0, 1) == 11;
            assert_int_equal(kept ? 0 : 2, stand_durable(line.store, 0, 2));
            assert_int_equal(4, stand_durable(line.store, 0, 4)); /* of what followed nothing is there */
            assert_int_equal(0, stand_durable(line.store, 0, 100));
            assert_true(stand_is_postgres(line.stand) || kept == (fates[i] == SHARED_unknown_kept));
        } else {
            gate_open(&line);
            (void)deed_wait(&line.first);
        }
        line_close(&line);
    }
}

/* The database gives no second connection: nothing follows for a while, and nothing is lost. */
static void where_there_is_one_connection_nothing_follows(void **state)
{
    struct line line;
    line_open(&line, state, false);
    if (line.stand->kind == STAND_postgres) {
        struct keeper *keeper = ((struct postgres_store *)line.store)->keeper;
        const char *place = keeper->lanes[1].work.place;
        rows_before(&line);
        keeper->lanes[1].work.place = "postgres://till@/nowhere?host=/nowhere";
        gate_shut(&line);
        first_write(&line);
        assert_true(line_follows(&line));
        second_write(&line);
        line.second.follows = true;
        deed_keep(&line.second);
        gate_open(&line);
        assert_int_equal(STATUS_ok, deed_wait(&line.first));
        assert_int_equal(STATUS_conflict, deed_wait(&line.second));
        line.second.changes.count = line.second.reads.count = 0;
        line.second.follows = false;
        second_write(&line);
        gate_shut(&line);
        deed_write(&line.second, 1, SLOW_KEY, 2);
        deed_keep(&line.second);
        assert_int_equal(0, line.store->ops->follows(line.store));
        gate_open(&line);
        assert_int_equal(STATUS_ok, deed_wait(&line.second));
        rows_check(&line, rows_both);
        keeper->lanes[1].work.place = place;
    }
    line_close(&line);
}

/* ---- histories ---- */

#define KEYS 12
#define STEPS 90

struct plan {
    int64_t keys[6], versions[6];
    size_t count;
};

static uint64_t seed;

static int64_t dice(int64_t count)
{
    seed += UINT64_C(0x9e3779b97f4a7c15);
    return (int64_t)(hash_mix(seed) % (uint64_t)count);
}

static void plan_ask(struct deed *deed, struct plan *plan, const int64_t content[KEYS])
{
    bool asked[KEYS] = { false };
    plan->count = 0;
    for (size_t i = 0; i < COUNT_OF(plan->keys); i++) {
        int64_t key = dice(KEYS);
        if (!asked[key]) {
            asked[key] = true;
            plan->keys[plan->count] = key;
            plan->versions[plan->count] = dice(4) == 0 ? 0 : 1 + dice(1000);
            assert_int_equal(content[key], deed_write(deed, 0, key, plan->versions[plan->count++]));
        }
    }
}

static void plan_done(const struct plan *plan, int64_t content[KEYS])
{
    for (size_t i = 0; i < plan->count; i++) {
        content[plan->keys[i]] = plan->versions[i];
    }
}

static void spoil_any(struct line *line)
{
    char text[120];
    if (stand_is_postgres(line->stand)) {
        snprintf(text, sizeof(text), "UPDATE things SET ver = ver + 1 WHERE id = %lld - 50", (long long)dice(KEYS));
        cluster_run(stand_cluster(), line->stand->place, text);
    } else {
        line->stand->fate = SHARED_conflict;
        line->stand->fate_step = SHARED_commit;
    }
}

static void the_rest_of_a_conflict_is_forgotten(struct line *line)
{
    line->first.changes.count = line->first.reads.count = 0;
    line->first.follows = false;
    assert_int_equal(STATUS_ok, deed_end(&line->first)); /* empty: what is held is given back */
}

struct history {
    int64_t content[KEYS];
    int64_t followed, failed;
};

/* A batch, and one behind it where the store lets it follow. */
static void history_step(struct line *line, struct history *history)
{
    int64_t after[KEYS];
    struct plan first, second;
    memcpy(after, history->content, sizeof(after));
    line->first.follows = line->second.follows = false;
    plan_ask(&line->first, &first, history->content);
    plan_done(&first, after);
    deed_keep(&line->first);
    bool follows = line->store->ops->follows(line->store) > 0;
    if (follows) {
        plan_ask(&line->second, &second, after);
        line->second.follows = true;
        deed_keep(&line->second);
    }
    enum status status = deed_wait(&line->first);
    enum status status_second = follows ? deed_wait(&line->second) : STATUS_conflict;
    assert_true(status == STATUS_ok || status_second == STATUS_conflict);
    if (status == STATUS_ok) {
        plan_done(&first, history->content);
    }
    if (status_second == STATUS_ok) {
        plan_done(&second, history->content);
        history->followed++;
    }
    line->second.changes.count = line->second.reads.count = 0;
    line->first.changes.count = line->first.reads.count = 0;
    if (status != STATUS_ok || (follows && status_second != STATUS_ok)) {
        history->failed++;
        the_rest_of_a_conflict_is_forgotten(line);
    }
}

static void histories_agree_with_a_map(void **state)
{
    int64_t followed = 0, failed = 0;
    bool may = false;
    for (int life = 0; life < 5; life++) {
        struct line line;
        struct history history = { .failed = 0 };
        line_open(&line, state, false);
        may = line_may(&line);
        int64_t spoilt = 30 + dice(40); /* after that the store expects others for some seconds */
        for (int64_t step = 0; step < STEPS; step++) {
            if (step == spoilt) {
                spoil_any(&line);
            }
            history_step(&line, &history);
        }
        for (int64_t key = 0; key < KEYS; key++) {
            int64_t stamp;
            assert_int_equal(history.content[key], stand_sure(line.stand, line.store, 0, key, &stamp));
            assert_int_equal(history.content[key], stand_durable(line.store, 0, key));
        }
        followed += history.followed;
        failed += history.failed;
        line_close(&line);
    }
    print_message("# %lld followed, %lld failed\n", (long long)followed, (long long)failed);
    assert_true(failed > 0);
    assert_int_equal(may, followed > 0);
}

static const struct stand_fact facts[] = {
    { "what_follows_is_kept_after_the_one_before", what_follows_is_kept_after_the_one_before, false },
    { "what_follows_a_batch_that_fails_is_void", what_follows_a_batch_that_fails_is_void, false },
    { "what_was_decided_on_a_batch_that_failed_is_not_taken", what_was_decided_on_a_batch_that_failed_is_not_taken,
      false },
    { "what_follows_a_lost_commit_is_void_or_goes_on", what_follows_a_lost_commit_is_void_or_goes_on, false },
    { "where_there_is_one_connection_nothing_follows", where_there_is_one_connection_nothing_follows, false },
    { "histories_agree_with_a_map", histories_agree_with_a_map, false },
};

int main(int argc, char **argv)
{
    return stands_run(facts, COUNT_OF(facts), argc, argv);
}
