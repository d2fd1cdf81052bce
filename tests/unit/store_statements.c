/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements over many rows below the PostgreSQL store, by what they do: each form over each table, as arrays and as
 * lists of VALUES; COPY with a COMMIT behind it, and what becomes of it when something fails; how a keeper finds
 * out what became of a COMMIT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "store/postgres_keep.h"
#include "store/postgres_update.h"
#include "store_fixture.h"
#include "support/cluster.h"

#define ROWS 41 /* lists of 32, 8 and 1 */

static struct cluster *cluster;

struct stage {
    char place[CLUSTER_PLACE_SIZE];
    struct rows_session session;
};

static void stage_open(struct stage *stage, bool lists)
{
    struct store_error error = { "" };
    uint32_t partitions;
    cluster_database(cluster, stage->place);
    rows_session_init(&stage->session, stage->place, "test", lists);
    if (rows_session_open(&stage->session, &error) != STATUS_ok ||
        postgres_schema_prepare(stage->session.connection, fixture_tables, NULL, &partitions, &error) != STATUS_ok) {
        fail_msg("%s", error.text);
    }
}

static void stage_close(struct stage *stage)
{
    rows_session_close(&stage->session);
    cluster_database_drop(cluster, stage->place);
}

static int64_t number(const struct stage *stage, const char *sql)
{
    return cluster_number(cluster, stage->place, sql);
}

/* ---- lots made by hand ---- */

/* Rows of one table with keys from `first` on; every `odd_every`th (0: none) was seen one version earlier. */
struct rows {
    size_t table;
    uint32_t partition;
    int64_t first, content, seen;
    size_t odd_every;
    size_t count;
    union any_row made[ROWS];
    struct fixture_key keys[ROWS];
    struct lot_row rows[ROWS];
    uint64_t spots[ROWS]; /* where they were when they came last */
    uint64_t same;
};

static struct lot lot_make(struct rows *rows, enum form form)
{
    assert_true(rows->count <= ROWS);
    for (size_t i = 0; i < rows->count; i++) {
        row_make(&rows->made[i], rows->table, rows->first + (int64_t)i, rows->content);
        key_make(&rows->keys[i], rows->table, &rows->made[i]);
        bool odd = rows->odd_every > 0 && i % rows->odd_every == 0;
        rows->rows[i] = (struct lot_row){ .key = key_span(&rows->keys[i]),
                                          .row = &rows->made[i],
                                          .seen = rows->seen - odd,
                                          .spot = rows->spots[i] };
    }
    return (struct lot){ .table = fixture_tables[rows->table],
                         .form = form,
                         .partition = rows->partition,
                         .rows = rows->rows,
                         .count = rows->count,
                         .same = rows->same };
}

struct tally {
    const struct lot *lot;
    int64_t count;         /* of rows touched, counted or come */
    int64_t version;       /* that rows which come should have; 0: any */
    struct rows *rows;
    bool lists;
};

static void row_look(struct tally *tally, const PGresult *result, int at)
{
    uint8_t key[KEY_SIZE_MAX];
    size_t key_size;
    int64_t version, known = -1;
    uint64_t spot;
    union any_row row = { 0 };
    assert_true(row_came(result, at, tally->lot->table, &row, key, &key_size, &version, &spot));
    assert_true(tally->lists == (spot == 0));
    for (size_t i = 0; i < tally->rows->count; i++) {
        if (key_size == tally->rows->keys[i].size && memcmp(key, tally->rows->keys[i].bytes, key_size) == 0) {
            known = tally->rows->first + (int64_t)i;
            tally->rows->spots[i] = spot;
        }
    }
    assert_true(known >= 0); /* it was named */
    if (version == tally->version) {
        int64_t content = tally->rows->table == 2 ? 1 : tally->rows->content;
        assert_int_equal(content, row_version(tally->rows->table, known, &row));
        tally->count++;
    }
}

/* Each row that was found is told once, with where it is now. */
static void spots_learn(struct tally *tally, const struct sent *sent, const PGresult *result)
{
    bool told[ROWS] = { false };
    for (int i = 0; i < PQntuples(result); i++) {
        uint32_t row;
        uint64_t spot;
        assert_true(update_came(result, i, tally->lot->table, sent->columns, &row, &spot));
        assert_true(row < sent->rows && sent->first + row < tally->lot->count && !told[row] && spot != 0);
        told[row] = true;
        tally->rows->spots[sent->first + row] = spot;
    }
}

static enum status take(void *context, const struct sent *sent, const PGresult *result)
{
    struct tally *tally = context;
    switch (tally->lot->form) {
    case FORM_get:
    case FORM_lock:
        for (int i = 0; i < PQntuples(result); i++) {
            row_look(tally, result, i);
        }
        return STATUS_ok;
    case FORM_check:
    case FORM_share:
    case FORM_absent:
        tally->count += postgres_i64(result, 0, 0);
        return STATUS_ok;
    case FORM_update:
    case FORM_move:
        spots_learn(tally, sent, result);
        break;
    case FORM_insert:
    case FORM_gap:
    case FORM_delete:
    case FORM_upsert:
    case FORM_remove:
    case FORM_copy:
    case FORM_count:
        break;
    }
    tally->count += strtoll(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10);
    return STATUS_ok;
}

/* How many rows it was about; -1 - status when it failed. */
static int64_t run(struct stage *stage, struct rows *rows, enum form form, int64_t stamp)
{
    struct store_error error = { "" };
    struct lot lot = lot_make(rows, form);
    struct tally tally = { .lot = &lot, .version = stamp, .rows = rows, .lists = stage->session.lists };
    enum status status = rows_session_prepare(&stage->session, &lot, 1, &error);
    assert_int_equal(STATUS_ok, status);
    rows_session_begin(&stage->session);
    rows_session_send(&stage->session, &lot, 0, stamp);
    status = rows_session_collect(&stage->session, take, &tally, &error);
    return status == STATUS_ok ? tally.count : -1 - (int64_t)status;
}

/* ---- the forms ---- */

static void looks_are_right(struct stage *stage, struct rows *rows)
{
    static const enum form forms[] = { FORM_check, FORM_share };
    struct rows others = { .table = rows->table, .first = 200, .content = 1, .count = ROWS };
    struct rows elsewhere = { .table = rows->table, .partition = 3, .content = 1, .seen = 100, .count = ROWS };
    assert_int_equal(ROWS, run(stage, rows, FORM_absent, 0));
    assert_int_equal(0, run(stage, &others, FORM_absent, 0));
    assert_int_equal(0, run(stage, &elsewhere, FORM_absent, 0));
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        rows->seen = 100;
        rows->odd_every = 0;
        assert_int_equal(ROWS, run(stage, rows, forms[i], 0));
        assert_int_equal(0, run(stage, &elsewhere, forms[i], 0));
        rows->odd_every = 10; /* 0, 10, 20, 30, 40 */
        assert_int_equal(ROWS - 5, run(stage, rows, forms[i], 0));
    }
    rows->odd_every = 0;
}

static void forms_of(struct stage *stage, size_t table)
{
    struct rows rows = { .table = table, .content = 1, .seen = 100, .count = ROWS };
    assert_int_equal(ROWS, run(stage, &rows, FORM_insert, 100));
    assert_int_equal(ROWS, run(stage, &rows, FORM_get, 100));
    looks_are_right(stage, &rows);
    assert_int_equal(ROWS, run(stage, &rows, FORM_lock, 100));
    assert_int_equal(0, run(stage, &rows, FORM_check, 0)); /* a mark of somebody's stays: to be looked at otherwise */
    assert_int_equal(ROWS, run(stage, &rows, FORM_share, 0));
    /* Once more is a conflict, and leaves all as it was. */
    stage->session.duplicate = false;
    assert_int_equal(-1 - (int)STATUS_conflict, run(stage, &rows, FORM_insert, 150));
    assert_true(stage->session.duplicate);
    assert_int_equal(ROWS, run(stage, &rows, FORM_get, 100));
    /* Rows of another version than seen are neither changed nor deleted. */
    rows.content = 2;
    rows.odd_every = 10;
    assert_int_equal(ROWS - 5, run(stage, &rows, FORM_update, 200));
    assert_int_equal(ROWS - 5, run(stage, &rows, FORM_get, 200));
    rows.content = 1;
    assert_int_equal(5, run(stage, &rows, FORM_get, 100));
    rows.content = 3;
    assert_int_equal(ROWS, run(stage, &rows, FORM_upsert, 300));
    assert_int_equal(ROWS, run(stage, &rows, FORM_get, 300));
    rows.seen = 300;
    rows.odd_every = 4;
    assert_int_equal(ROWS - 11, run(stage, &rows, FORM_delete, 0));
    assert_int_equal(11, run(stage, &rows, FORM_get, 300));
    assert_int_equal(11, run(stage, &rows, FORM_remove, 0));
    assert_int_equal(0, run(stage, &rows, FORM_absent, 0));
}

static void every_form_does_what_it_says(void **state)
{
    (void)state;
    for (int lists = 0; lists < 2; lists++) {
        struct stage stage;
        stage_open(&stage, lists == 1);
        for (size_t table = 0; table < FIXTURE_TABLES; table++) {
            forms_of(&stage, table);
        }
        stage_close(&stage);
    }
}

/* Rows are found where they were last seen, and nowhere else; what is there instead is not taken for them. */
static void moves_of(struct stage *stage, size_t table)
{
    struct rows rows = { .table = table, .content = 1, .seen = 100, .count = ROWS };
    assert_int_equal(ROWS, run(stage, &rows, FORM_insert, 100));
    assert_int_equal(ROWS, run(stage, &rows, FORM_get, 100));
    struct rows before = rows;
    rows.content = 2;
    rows.odd_every = 10;
    assert_int_equal(ROWS - 5, run(stage, &rows, FORM_move, 200));
    rows.odd_every = 0;
    rows.seen = 200;
    rows.content = 3;
    assert_int_equal(ROWS - 5, run(stage, &rows, FORM_move, 300)); /* the others have another version */
    before.seen = 300;
    before.content = 4;
    assert_int_equal(0, run(stage, &before, FORM_move, 400)); /* they have moved on */
    assert_int_equal(ROWS - 5, run(stage, &rows, FORM_get, 300));
    rows.seen = 300;
    for (size_t i = 0; i < ROWS; i++) { /* of other rows with the same version */
        before.spots[i] = rows.spots[(i + 1) % ROWS];
    }
    assert_int_equal(0, run(stage, &before, FORM_move, 400));
    rows.partition = 3;
    assert_int_equal(0, run(stage, &rows, FORM_move, 400));
    rows.partition = 0;
    rows.content = 1;
    assert_int_equal(5, run(stage, &rows, FORM_get, 100));
}

/* The server is told a spot and a key, and must not go by the key. */
static void expect_spots_in_plan(struct stage *stage)
{
    static const char sql[] = "EXPLAIN EXECUTE r7_5_0 (0, 1, 0, '{}', '{}', '{}', '{}')"; /* FORM_move of names */
    PGresult *plan = PQexec(stage->session.connection, sql);
    bool by_spot = false;
    if (PQresultStatus(plan) != PGRES_TUPLES_OK) {
        fail_msg("%s", PQresultErrorMessage(plan));
    }
    for (int i = 0; i < PQntuples(plan); i++) {
        by_spot = by_spot || strstr(PQgetvalue(plan, i, 0), "Tid Scan") != NULL;
        assert_null(strstr(PQgetvalue(plan, i, 0), "Index"));
    }
    assert_true(by_spot);
    PQclear(plan);
}

static void rows_are_found_where_they_were_seen(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, false);
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        moves_of(&stage, table);
    }
    expect_spots_in_plan(&stage);
    stage_close(&stage);
}

/* Columns that are told to be as they were are left alone. */
static void only_what_changed_is_set(void **state)
{
    static const enum form forms[] = { FORM_update, FORM_move };
    struct stage stage;
    (void)state;
    stage_open(&stage, false);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct store_error error = { "" };
        struct rows rows = { .table = 1, .content = 1, .seen = 100, .count = ROWS };
        assert_int_equal(ROWS, run(&stage, &rows, FORM_upsert, 100));
        assert_int_equal(ROWS, run(&stage, &rows, FORM_get, 100));
        rows.content = 2;
        rows.same = ~(UINT64_C(1) << 2); /* but the column `version` */
        assert_int_equal(ROWS, run(&stage, &rows, forms[i], 200));
        assert_int_equal(ROWS, number(&stage, "SELECT count(*) FROM names WHERE version = 2 AND ver = 200"));
        assert_int_equal(STATUS_ok, postgres_script(stage.session.connection, "UPDATE names SET version = 1", &error));
        rows.content = 1;
        assert_int_equal(ROWS, run(&stage, &rows, FORM_get, 200)); /* the notes are those of before */
        rows.content = 2;
        rows.seen = 200;
        rows.same = 0;
        assert_int_equal(ROWS, run(&stage, &rows, forms[i], 300));
        assert_int_equal(ROWS, run(&stage, &rows, FORM_get, 300));
    }
    stage_close(&stage);
}

static void lots_set_what_any_row_needs(void **state)
{
    struct postgres_store store = { .partitions = 1, .by_number[5] = &name_table };
    struct rows rows = { .table = 1, .content = 1, .count = 4 };
    struct lots lots;
    (void)state;
    (void)lot_make(&rows, FORM_update);
    lots_init(&lots, &store);
    lots_begin(&lots, rows.count);
    for (size_t i = 0; i < rows.count; i++) {
        rows.rows[i].same = i < 2 ? ~(UINT64_C(1) << (2 + i)) : COLUMNS_all;
        lots_add(&lots, i == 3 ? FORM_move : FORM_update, &name_table, &rows.rows[i]);
    }
    lots_end(&lots, false);
    assert_int_equal(2, lots.count);
    assert_true(lots.lots[0].same == ~UINT64_C(0xC));
    assert_true(lots.lots[1].same == COLUMNS_all);
    lots_release(&lots);
}

static void sets_of_columns_are_few(void **state)
{
    struct updates updates = { .count = 0 };
    (void)state;
    for (uint32_t i = 1; i < UPDATES_MAX; i++) {
        assert_int_equal(i, updates_choose(&updates, UINT64_C(1) << i));
    }
    assert_int_equal(3, updates_choose(&updates, UINT64_C(1) << 3));
    assert_int_equal(0, updates_choose(&updates, UINT64_C(3) << 3)); /* no room: all are set */
    assert_true(updates.columns[0] == COLUMNS_all);
    assert_int_equal(UPDATES_MAX, updates.count);
    updates = (struct updates){ .count = 0 };
    assert_int_equal(1, updates_choose(&updates, 0xF0));
    for (uint32_t i = 2; i < UPDATES_MAX; i++) {
        (void)updates_choose(&updates, UINT64_C(1) << (30 + i));
    }
    assert_int_equal(1, updates_choose(&updates, 0x30)); /* the smallest that has them */
}

static void images_are_compared_by_column(void **state)
{
    union any_row a, b;
    uint8_t left[ROW_SIZE_MAX], right[ROW_SIZE_MAX];
    (void)state;
    row_make(&a, 0, 7, 22); /* the answer is as long as it can be */
    b = a;
    struct span before = { (const char *)left, row_pack(&thing_table, &a, left, sizeof(left)) };
    struct span after = { (const char *)right, row_pack(&thing_table, &b, right, sizeof(right)) };
    assert_true(columns_same(&thing_table, before, after) == COLUMNS_all);
    b.thing.small++;
    b.thing.title[0] ^= 1;
    b.thing.answer.bytes[PACK_SIZE_MAX - 1] ^= 1;
    after.size = row_pack(&thing_table, &b, right, sizeof(right));
    assert_true(columns_same(&thing_table, before, after) == ~UINT64_C(0x4C));
    b.thing.parts[1].amount++;
    b.thing.parts_count = 2;
    after.size = row_pack(&thing_table, &b, right, sizeof(right));
    assert_true(columns_same(&thing_table, before, after) == ~UINT64_C(0x6C));
    assert_true(columns_same(&thing_table, (struct span){ NULL, 0 }, after) != COLUMNS_all);
}

static void a_row_that_somebody_changes_is_in_doubt(void **state)
{
    struct stage stage;
    struct store_error error = { "" };
    struct rows rows = { .content = 1, .seen = 100, .count = ROWS };
    struct rows one = { .first = 7, .content = 1, .seen = 100, .count = 1 };
    (void)state;
    stage_open(&stage, false);
    struct stage other = stage;
    rows_session_init(&other.session, stage.place, "other", false);
    assert_int_equal(STATUS_ok, rows_session_open(&other.session, &error));
    assert_int_equal(ROWS, run(&stage, &rows, FORM_insert, 100));
    assert_int_equal(STATUS_ok, postgres_script(other.session.connection, "BEGIN", &error));
    assert_int_equal(1, run(&other, &one, FORM_update, 200));
    assert_int_equal(ROWS - 1, run(&stage, &rows, FORM_check, 0));
    assert_int_equal(-1 - (int)STATUS_conflict, run(&stage, &rows, FORM_share, 0)); /* waited for in vain */
    assert_int_equal(STATUS_ok, postgres_script(other.session.connection, "ROLLBACK", &error));
    assert_int_equal(ROWS, run(&stage, &rows, FORM_share, 0));
    rows_session_close(&other.session);
    stage_close(&stage);
}

/* Whoever maintains the database may move rows about: they are looked up by their keys then. */
static void rows_that_were_moved_are_found(void **state)
{
    enum { BATCHES = 24, KEYS = 10 };
    struct stage stage;
    struct store *store;
    struct store_error error = { "" };
    struct outcomes outcomes;
    struct draft draft;
    (void)state;
    stage_open(&stage, false);
    assert_int_equal(STATUS_ok, store_postgres_open(stage.place, fixture_tables, NULL, &store, &error));
    outcomes_init(&outcomes);
    draft_init(&draft, 2 * KEYS);
    for (uint64_t batch = 1; batch <= BATCHES; batch++) {
        for (int64_t key = 0; key < KEYS; key++) {
            draft_add(&draft, 0, key, (int64_t)batch);
            draft_add(&draft, 1, key, (int64_t)batch);
        }
        if (batch % 3 == 0) {
            cluster_run(cluster, stage.place, "UPDATE names SET shop = shop");
        }
        if (batch % 5 == 0) {
            cluster_run(cluster, stage.place, "VACUUM FULL things");
        }
        assert_int_equal(STATUS_ok, draft_keep(store, &draft, &outcomes, batch - 1));
        outcomes_wait(&outcomes, batch);
    }
    assert_int_equal(BATCHES, outcomes.ok);
    assert_int_equal(2 * KEYS, number(&stage, "SELECT (SELECT count(*) FROM names WHERE version = 24) + "
                                              "(SELECT count(*) FROM things WHERE version = 24)"));
    draft_release(&draft);
    store->ops->close(store);
    stage_close(&stage);
}

/* ---- COPY ---- */

static enum status copy(struct stage *stage, struct rows *rows, size_t count, int64_t stamp)
{
    struct store_error error = { "" };
    struct lot lots[FIXTURE_TABLES];
    for (size_t i = 0; i < count; i++) {
        lots[i] = lot_make(&rows[i], FORM_copy);
    }
    rows_session_copies(&stage->session, lots, count, stamp);
    return rows_session_copy(&stage->session, "COMMIT", &error);
}

static void begin(struct stage *stage)
{
    struct store_error error = { "" };
    if (rows_session_open(&stage->session, &error) != STATUS_ok ||
        postgres_script(stage->session.connection, "BEGIN", &error) != STATUS_ok) {
        fail_msg("%s", error.text);
    }
}

static void copies_are_kept_whole_or_not_at_all(void **state)
{
    struct stage stage;
    struct store_error error = { "" };
    struct rows rows[FIXTURE_TABLES];
    (void)state;
    stage_open(&stage, false);
    for (size_t i = 0; i < FIXTURE_TABLES; i++) {
        rows[i] = (struct rows){ .table = i, .content = 1, .seen = 100, .count = ROWS };
    }
    begin(&stage);
    assert_int_equal(STATUS_ok, copy(&stage, rows, FIXTURE_TABLES, 100));
    assert_int_equal(PQTRANS_IDLE, PQtransactionStatus(stage.session.connection));
    for (size_t i = 0; i < FIXTURE_TABLES; i++) {
        assert_int_equal(ROWS, run(&stage, &rows[i], FORM_get, 100));
        rows[i].first = 500;
    }
    rows[1].first = ROWS - 1; /* its first row is there already, after the new ones of another table */
    begin(&stage);
    stage.session.duplicate = false;
    assert_int_equal(STATUS_conflict, copy(&stage, rows, FIXTURE_TABLES, 200));
    assert_true(stage.session.duplicate);
    assert_int_equal(PQTRANS_INERROR, PQtransactionStatus(stage.session.connection)); /* COMMIT was skipped */
    assert_int_equal(STATUS_ok, postgres_script(stage.session.connection, "ROLLBACK", &error));
    assert_int_equal(ROWS, number(&stage, "SELECT count(*) FROM things"));
    begin(&stage); /* of nothing: a COMMIT */
    assert_int_equal(STATUS_ok, copy(&stage, rows, 0, 300));
    stage_close(&stage);
}

static void a_commit_of_what_failed_is_none(void **state)
{
    struct stage stage;
    struct store_error error = { "" };
    struct rows rows = { .content = 1, .count = ROWS };
    (void)state;
    stage_open(&stage, false);
    begin(&stage);
    assert_int_not_equal(STATUS_ok, postgres_script(stage.session.connection, "SELECT 1 / 0", &error));
    assert_int_equal(STATUS_fault, copy(&stage, &rows, 0, 100));
    assert_int_equal(0, number(&stage, "SELECT count(*) FROM things"));
    stage_close(&stage);
}

static void a_connection_that_is_lost_is_let_go(void **state)
{
    struct stage stage;
    struct rows rows = { .content = 1, .seen = 100, .count = ROWS };
    (void)state;
    stage_open(&stage, false);
    begin(&stage);
    assert_int_equal(1, cluster_terminate(cluster, stage.place));
    assert_int_equal(STATUS_away, copy(&stage, &rows, 1, 100));
    assert_null(stage.session.connection); /* so whoever sent the COMMIT knows that its end is not known */
    begin(&stage);
    assert_int_equal(STATUS_ok, copy(&stage, &rows, 1, 100));
    assert_int_equal(ROWS, run(&stage, &rows, FORM_get, 100));
    stage_close(&stage);
}

/* ---- a COMMIT of which nothing was heard ---- */

struct lost {
    struct stage stage;
    struct postgres_store store;
    struct keeper keeper;
};

static const struct store_ops ops = { .name = "postgres" };

static void lost_open(struct lost *lost)
{
    struct store_error error = { "" };
    stage_open(&lost->stage, false);
    lost->store =
        (struct postgres_store){ .base = { .ops = &ops, .shared = true }, .place = lost->stage.place };
    pthread_mutex_init(&lost->store.lock, NULL);
    assert_int_equal(STATUS_ok, postgres_join(&lost->store, &error));
    keeper_init(&lost->keeper, &lost->store);
    lost->keeper.unresolved = true;
}

static void lost_close(struct lost *lost)
{
    keeper_release(&lost->keeper);
    postgres_leave(&lost->store);
    pthread_mutex_destroy(&lost->store.lock);
    stage_close(&lost->stage);
}

static void an_end_is_learnt(void **state)
{
    (void)state;
    for (uint64_t kept = 0; kept < 2; kept++) {
        struct lost lost;
        struct store_error error = { "" };
        char sql[160];
        lost_open(&lost);
        snprintf(sql, sizeof(sql), "UPDATE onetill_batches SET batch = %llu WHERE node = %u",
                 (unsigned long long)(lost.store.batch + kept), lost.store.base.node);
        cluster_run(cluster, lost.stage.place, sql);
        uint64_t before = lost.store.batch;
        assert_int_equal(STATUS_ok, keeper_resolve(&lost.keeper, &error));
        assert_false(lost.keeper.unresolved);
        assert_int_equal(before + kept, lost.store.batch);
        assert_non_null(lost.keeper.lanes[0].work.connection); /* and goes on to be used */
        lost_close(&lost);
    }
}

static void an_end_that_cannot_be_learnt_stays_open(void **state)
{
    struct lost lost;
    struct store_error error = { "" };
    char sql[160];
    (void)state;
    lost_open(&lost);
    /* The backend of before still has its row. */
    begin(&lost.stage);
    snprintf(sql, sizeof(sql), "UPDATE onetill_batches SET batch = batch + 1 WHERE node = %u", lost.store.base.node);
    assert_int_equal(STATUS_ok, postgres_script(lost.stage.session.connection, sql, &error));
    assert_int_equal(STATUS_away, keeper_resolve(&lost.keeper, &error));
    assert_true(lost.keeper.unresolved);
    assert_null(lost.keeper.lanes[0].work.connection);
    assert_int_equal(STATUS_ok, postgres_script(lost.stage.session.connection, "COMMIT", &error));
    assert_int_equal(STATUS_ok, keeper_resolve(&lost.keeper, &error));
    assert_int_equal(1, lost.store.batch);
    lost_close(&lost);
}

static void who_was_given_up_learns_that(void **state)
{
    struct lost lost;
    struct store_error error = { "" };
    char sql[160];
    (void)state;
    lost_open(&lost);
    snprintf(sql, sizeof(sql), "UPDATE onetill_batches SET instance = 0 WHERE node = %u", lost.store.base.node);
    cluster_run(cluster, lost.stage.place, sql);
    assert_int_equal(STATUS_fault, keeper_resolve(&lost.keeper, &error));
    assert_true(lost.keeper.unresolved);
    assert_true(postgres_dead(&lost.store));
    lost_close(&lost);
}

/* ---- */

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
        cmocka_unit_test(every_form_does_what_it_says),
        cmocka_unit_test(rows_are_found_where_they_were_seen),
        cmocka_unit_test(only_what_changed_is_set),
        cmocka_unit_test(rows_that_were_moved_are_found),
        cmocka_unit_test(lots_set_what_any_row_needs),
        cmocka_unit_test(sets_of_columns_are_few),
        cmocka_unit_test(images_are_compared_by_column),
        cmocka_unit_test(a_row_that_somebody_changes_is_in_doubt),
        cmocka_unit_test(copies_are_kept_whole_or_not_at_all),
        cmocka_unit_test(a_commit_of_what_failed_is_none),
        cmocka_unit_test(a_connection_that_is_lost_is_let_go),
        cmocka_unit_test(an_end_is_learnt),
        cmocka_unit_test(an_end_that_cannot_be_learnt_stays_open),
        cmocka_unit_test(who_was_given_up_learns_that),
    };
    return cmocka_run_group_tests(tests, cluster_begin, cluster_end);
}
