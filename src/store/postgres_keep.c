/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres_keep.h"
#include "store/postgres_update.h"

#include <stdlib.h>

#include "base/os_clock.h"

#define RESOLVE_PAUSE_US 20000
#define SENT_fence (UINT32_MAX - 1)
#define PASS_TRIES 4
/*
 * One batch of so many looks rows up by their keys: on that way the server tidies pages up, so that new versions
 * of rows find room beside the old ones.
 */
#define BY_KEY_EVERY 6

/* ---- the batch ---- */

/* How the absence of a row is looked at: of a guarded table so that it is seen what others are inserting. */
static enum form absence_form(const struct lots *lots, const struct table *table)
{
    return lots->guards && !table->unguarded ? FORM_gap : FORM_absent;
}

static void batch_lots(struct keeper *keeper)
{
    const struct keep *keep = &keeper->keep;
    struct lots *lots = &keeper->lots;
    lots_begin(lots, keep->change_count + keep->read_count);
    lots->guards = keeper->check && keep->change_count > 0;
    for (size_t i = 0; i < keep->change_count; i++) {
        const struct row_change *change = &keep->changes[i];
        spots_prefetch(keeper->store->spots, keep->changes[i + 8 < keep->change_count ? i + 8 : i].hash);
        if (keeper->steps[i].form != FORM_count) {
            struct lot_row row = { .key = change->key,
                                   .row = change->row,
                                   .seen = keeper->steps[i].seen,
                                   .hash = change->hash,
                                   .same = keeper->steps[i].same };
            enum form form = (enum form)keeper->steps[i].form;
            form = form == FORM_absent ? absence_form(lots, change->table) : form;
            if (form == FORM_update && keeper->by_spot) {
                row.spot = spots_find(keeper->store->spots, change->hash);
                form = row.spot != 0 ? FORM_move : FORM_update;
            }
            lots_add(lots, form, change->table, &row);
        }
    }
    for (size_t i = 0; keeper->check && i < keep->read_count; i++) {
        const struct row_change *read = &keep->reads[i];
        struct lot_row row = { .key = read->key, .seen = read->version };
        enum form form = read->version == 0    ? absence_form(lots, read->table)
                         : keeper->work.lists ? FORM_share
                                              : FORM_check;
        lots_add(lots, form, read->table, &row);
    }
    lots_end(lots, !keeper->work.lists);
}

/* ---- results ---- */

struct counting {
    struct keeper *keeper;
    bool refused; /* the batch's own row was not there as expected */
    bool doubts;  /* somebody may be changing a row that was read */
    bool doubtful[TABLE_COUNT_MAX];
};

static uint64_t rows_touched(const PGresult *result)
{
    int64_t count = 0;
    struct span text = span_of(PQcmdTuples((PGresult *)(uintptr_t)result));
    return span_to_i64(text, &count) ? (uint64_t)count : 0;
}

static enum status fence_result(struct counting *counting, const PGresult *result)
{
    bool reading = PQresultStatus(result) == PGRES_TUPLES_OK;
    uint64_t found = reading ? (uint64_t)PQntuples(result) : rows_touched(result);
    counting->refused = found != 1;
    return counting->refused ? STATUS_conflict : STATUS_ok;
}

/* Takes note of where the rows of an update are now. */
static enum status update_result(struct keeper *keeper, const struct sent *sent, const PGresult *result)
{
    const struct lot *lot = &keeper->lots.lots[sent->lot];
    for (int i = 0; i < PQntuples(result); i++) {
        uint32_t row;
        uint64_t spot;
        if (!update_came(result, i, lot->table, sent->columns, &row, &spot) || row >= sent->rows) {
            return STATUS_fault;
        }
        uint32_t at = sent->first + row;
        spots_prefetch(keeper->store->spots, lot->rows[at + 8 < lot->count ? at + 8 : at].hash);
        spots_put(keeper->store->spots, lot->rows[at].hash, spot);
    }
    return rows_touched(result) == sent->rows ? STATUS_ok : STATUS_conflict;
}

static enum status batch_result(void *context, const struct sent *sent, const PGresult *result)
{
    struct counting *counting = context;
    if (sent->lot == SENT_fence) {
        return fence_result(counting, result);
    }
    if (sent->lot == SENT_other) {
        return STATUS_ok;
    }
    const struct lot *lot = &counting->keeper->lots.lots[sent->lot];
    switch (lot->form) {
    case FORM_update:
    case FORM_move:
        return update_result(counting->keeper, sent, result);
    case FORM_delete:
    case FORM_insert:
    case FORM_upsert:
    case FORM_gap:
        return rows_touched(result) == sent->rows ? STATUS_ok : STATUS_conflict;
    case FORM_share:
        return (uint64_t)postgres_i64(result, 0, 0) == sent->rows ? STATUS_ok : STATUS_conflict;
    case FORM_absent:
        return postgres_i64(result, 0, 0) == 0 ? STATUS_ok : STATUS_conflict;
    case FORM_check:
        if ((uint64_t)postgres_i64(result, 0, 0) != sent->rows) {
            counting->doubts = counting->doubtful[lot->table->number] = true;
        }
        return STATUS_ok;
    case FORM_remove:
        return STATUS_ok;
    case FORM_get:
    case FORM_lock:
    case FORM_copy:
    case FORM_count:
        break;
    }
    assert(!"a form that batches have");
    return STATUS_fault;
}

/* ---- the transaction ---- */

static void fence_say(struct keeper *keeper, bool writes)
{
    const struct postgres_store *store = keeper->store;
    struct value binds[] = { VALUE_I64((int64_t)store->batch + 1), VALUE_I64(store->base.node),
                             VALUE_I64(store->instance), VALUE_I64(keeper->pass.epoch) };
    if (writes) {
        rows_session_say(&keeper->work, SENT_fence,
                    "UPDATE onetill_batches SET batch = $1::bigint WHERE node = $2::bigint AND "
                    "instance = $3::bigint AND epoch = $4::bigint",
                    binds, 4);
        return;
    }
    rows_session_say(&keeper->work, SENT_fence,
                "SELECT 1 FROM onetill_batches WHERE node = $1::bigint AND instance = $2::bigint AND "
                "epoch = $3::bigint",
                binds + 1, 3);
}

static void feed_say(struct keeper *keeper)
{
    const struct postgres_store *store = keeper->store;
    if (keeper->pass.heard) {
        struct value binds[] = { VALUE_I64(store->base.node), VALUE_I64((int64_t)store->batch + 1),
                                 VALUE_TEXT(keeper->keep.feed) };
        rows_session_say(&keeper->work, SENT_other,
                    "INSERT INTO onetill_feed (node, batch, rows) VALUES ($1::bigint, $2::bigint, $3::bytea)",
                    binds, 3);
    }
}

/* What was not as seen, or is being changed: waits for whoever does that, and looks again. */
static enum status doubts_settle(struct keeper *keeper, struct counting *counting, struct store_error *error)
{
    for (size_t i = 0; i < keeper->lots.count; i++) {
        struct lot *lot = &keeper->lots.lots[i];
        if (lot->form == FORM_check) {
            lot->form = counting->doubtful[lot->table->number] ? FORM_share : FORM_count;
        }
    }
    struct keeper *k = keeper;
    enum status status = STATUS_ok;
    for (size_t i = 0; i < k->lots.count && status == STATUS_ok; i++) {
        if (k->lots.lots[i].form == FORM_share) {
            status = rows_session_prepare(&k->work, &k->lots.lots[i], 1, error);
        }
    }
    if (status != STATUS_ok) {
        return status;
    }
    rows_session_begin(&k->work);
    for (size_t i = 0; i < k->lots.count; i++) {
        if (k->lots.lots[i].form == FORM_share) {
            rows_session_send(&k->work, &k->lots.lots[i], (uint32_t)i, k->keep.stamp);
        }
    }
    return rows_session_collect(&k->work, batch_result, counting, error);
}

/* Gaps are one lot after the other. What was inserted to look at them is nobody's business for longer than that. */
static void lots_tell(struct keeper *keeper)
{
    struct rows_session *work = &keeper->work;
    bool gaps = false;
    for (size_t i = 0; i < keeper->lots.count; i++) {
        const struct lot *lot = &keeper->lots.lots[i];
        if ((lot->form == FORM_gap) != gaps) {
            gaps = !gaps;
            rows_session_say(work, SENT_other, gaps ? "SAVEPOINT gaps" : "ROLLBACK TO SAVEPOINT gaps", NULL, 0);
        }
        if (lot->form != FORM_copy) {
            rows_session_send(work, lot, (uint32_t)i, keeper->keep.stamp);
        }
    }
    if (gaps) {
        rows_session_say(work, SENT_other, "ROLLBACK TO SAVEPOINT gaps", NULL, 0);
    }
}

/* Everything but new rows that come by COPY, and COMMIT. */
static enum status batch_tell(struct keeper *keeper, struct counting *counting, struct store_error *error)
{
    struct rows_session *work = &keeper->work;
    bool writes = keeper->keep.change_count > 0;
    enum status status = rows_session_prepare(work, keeper->lots.lots, keeper->lots.count, error);
    if (status != STATUS_ok) {
        return status;
    }
    rows_session_begin(work);
    if (!keeper->open && writes) {
        rows_session_say(work, SENT_other, "BEGIN", NULL, 0);
    }
    fence_say(keeper, writes);
    lots_tell(keeper);
    if (writes) {
        feed_say(keeper);
        rows_session_flush(work);
        rows_session_copies(work, keeper->lots.lots, keeper->lots.count, keeper->keep.stamp);
    }
    status = rows_session_collect(work, batch_result, counting, error);
    if (status == STATUS_ok && counting->doubts) {
        status = doubts_settle(keeper, counting, error);
    }
    return status;
}

void keeper_rollback(struct keeper *keeper)
{
    keeper->open = false;
    if (keeper->work.connection != NULL &&
        postgres_script(keeper->work.connection, "ROLLBACK", NULL) != STATUS_ok) {
        rows_session_drop(&keeper->work);
    }
}

enum status keeper_resolve(struct keeper *keeper, struct store_error *error)
{
    uint64_t batch = 0;
    enum status status = rows_session_open(&keeper->work, error);
    if (status == STATUS_ok) {
        status = postgres_resolve(keeper->store, keeper->work.connection, &batch);
    }
    if (status == STATUS_ok) {
        assert(batch == keeper->store->batch || batch == keeper->store->batch + 1);
        keeper->store->batch = batch;
        keeper->unresolved = keeper->work.given_up = false;
    } else if (status != STATUS_fault) {
        rows_session_drop(&keeper->work);
        status = STATUS_away;
    }
    return status;
}

/* COMMIT was sent and the connection lost. */
static enum status commit_resolve(struct keeper *keeper)
{
    uint64_t before = keeper->store->batch;
    int64_t until_us = os_monotonic_us() + keeper->store->settings.away_us_max;
    keeper->unresolved = true;
    do {
        enum status status = keeper_resolve(keeper, NULL);
        if (status == STATUS_ok) {
            return keeper->store->batch > before ? STATUS_ok : STATUS_away;
        }
        if (status == STATUS_fault) {
            return STATUS_fault;
        }
        os_sleep_us(RESOLVE_PAUSE_US);
    } while (os_monotonic_us() < until_us);
    return STATUS_unknown;
}

static enum status batch_commit(struct keeper *keeper, struct store_error *error)
{
    enum status status = rows_session_copy(&keeper->work, "COMMIT", error);
    if (status == STATUS_ok) {
        keeper->store->batch++;
    } else if (keeper->work.connection == NULL) {
        status = commit_resolve(keeper);
    }
    return status;
}

/* One try; `*refused`: it was rolled back because this process's own row was not there as expected. */
static enum status batch_try(struct keeper *keeper, bool *refused, struct store_error *error)
{
    struct counting counting = { .keeper = keeper };
    bool held = keeper->open;
    bool writes = keeper->keep.change_count > 0;
    batch_lots(keeper);
    keeper->work.duplicate = false;
    enum status status = batch_tell(keeper, &counting, error);
    if (status == STATUS_ok && writes) {
        status = batch_commit(keeper, error);
    }
    if ((status != STATUS_ok || held) && keeper->work.connection != NULL && (writes || held) &&
        PQtransactionStatus(keeper->work.connection) != PQTRANS_IDLE) {
        keeper_rollback(keeper);
    }
    keeper->open = false;
    *refused = counting.refused && keeper->work.connection != NULL;
    return status;
}

/* Rows that were thought to be new. False: there were none. */
static bool guesses_take_back(struct keeper *keeper)
{
    bool any = false;
    for (size_t i = 0; i < keeper->keep.change_count; i++) {
        if (keeper->steps[i].guessed) {
            keeper->steps[i] = (struct keep_step){ .form = FORM_upsert };
            any = true;
        }
    }
    return any;
}

static enum status batch_run(struct keeper *keeper, struct store_error *error)
{
    bool refused = false;
    enum status status = STATUS_ok;
    if (keeper->keep.change_count == 0 && keeper->keep.read_count == 0) {
        if (keeper->open) {
            keeper_rollback(keeper);
        }
        return STATUS_ok;
    }
    if (!keeper->open) {
        status = rows_session_open(&keeper->work, error);
    }
    if (status != STATUS_ok) {
        return status == STATUS_fault ? STATUS_fault : STATUS_away;
    }
    /* Others may have moved rows, and hold them in the order of their keys. */
    keeper->by_spot =
        !keeper->pass.heard && !keeper->open && !keeper->work.lists && keeper->store->batch % BY_KEY_EVERY != 0;
    for (int i = 0; i < PASS_TRIES; i++) {
        status = batch_try(keeper, &refused, error);
        if (status == STATUS_conflict && !refused && keeper->by_spot) {
            keeper->by_spot = false; /* rows that were only moved, by whoever maintains the database, are there */
            continue;
        }
        if (status == STATUS_conflict && keeper->work.duplicate && guesses_take_back(keeper)) {
            continue;
        }
        if (!refused) {
            return status;
        }
        /* Somebody joined or left: what was read is checked now, and what they shall hear must be there. */
        status = postgres_refused(keeper->store, keeper->work.connection);
        if (status != STATUS_conflict || keeper->untold) {
            return status;
        }
        postgres_pass(keeper->store, &keeper->pass);
        keeper->check = true;
    }
    return status;
}

/* ---- the thread ---- */

static void note(struct keeper *keeper, const struct row_change *change, bool wrote)
{
    uint32_t at = (uint32_t)keeper->note_keys.size;
    memcpy(wire_room(&keeper->note_keys, change->key.size), change->key.bytes, change->key.size);
    keeper->notes[keeper->note_count++] = (struct note){ .table = change->table->number,
                                                         .key_at = at,
                                                         .key_size = (uint32_t)change->key.size,
                                                         .hash = change->hash,
                                                         .seen = change->version,
                                                         .wrote = wrote };
}

static void notes_take(struct keeper *keeper)
{
    const struct keep *keep = &keeper->keep;
    size_t count = keep->change_count + keep->read_count;
    if (keeper->note_capacity < count) {
        free(keeper->notes);
        keeper->note_capacity = count + 1024;
        keeper->notes = calloc(keeper->note_capacity, sizeof(keeper->notes[0]));
        assert(keeper->notes != NULL); /* bounded by BATCH_ROWS_MAX */
    }
    keeper->note_count = 0;
    keeper->note_keys.size = 0;
    for (size_t i = 0; i < keep->change_count; i++) {
        note(keeper, &keep->changes[i], true);
    }
    for (size_t i = 0; i < keep->read_count; i++) {
        note(keeper, &keep->reads[i], false);
    }
}

static void counts_publish(struct keeper *keeper)
{
    struct postgres_store *store = keeper->store;
    atomic_fetch_add_explicit(&store->bytes_sent, keeper->work.bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&store->round_trips, keeper->work.trips, memory_order_relaxed);
    keeper->work.bytes = keeper->work.trips = 0;
}

static void batch_finish(struct keeper *keeper, enum status status)
{
    struct postgres_store *store = keeper->store;
    struct keep keep = keeper->keep;
    counts_publish(keeper);
    if (status == STATUS_ok) {
        if (keep.change_count > 0) { /* otherwise it has no stamp */
            atomic_store_explicit(&store->done_stamp, (uint64_t)keep.stamp, memory_order_release);
            atomic_fetch_add_explicit(&store->batch_count, 1, memory_order_relaxed);
        }
    } else {
        atomic_fetch_add_explicit(&store->conflicts, status == STATUS_conflict, memory_order_relaxed);
        notes_take(keeper);
        atomic_store_explicit(&keeper->failed, (int)status, memory_order_release);
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->busy = false;
    pthread_cond_broadcast(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    keep.done(keep.context, status);
}

static void *keeper_run(void *context)
{
    struct keeper *keeper = context;
    pthread_setname_np(pthread_self(), "keeper");
    for (;;) {
        pthread_mutex_lock(&keeper->lock);
        while (!keeper->busy && !keeper->stopping) {
            pthread_cond_wait(&keeper->wake, &keeper->lock);
        }
        bool busy = keeper->busy;
        pthread_mutex_unlock(&keeper->lock);
        if (!busy) {
            return NULL;
        }
        struct store_error error = { .text = "" };
        enum status status = postgres_dead(keeper->store) ? STATUS_fault : batch_run(keeper, &error);
        if (status != STATUS_ok && status != STATUS_conflict && status != STATUS_away &&
            status != STATUS_unknown) {
            postgres_die(keeper->store, "%s", error.text);
            status = STATUS_fault;
        }
        batch_finish(keeper, status);
    }
}

bool keeper_busy(struct keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    bool busy = keeper->busy;
    pthread_mutex_unlock(&keeper->lock);
    return busy;
}

void keeper_go(struct keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    assert(!keeper->busy);
    keeper->busy = true;
    pthread_cond_broadcast(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
}

void keeper_init(struct keeper *keeper, struct postgres_store *store)
{
    *keeper = (struct keeper){ .store = store };
    rows_session_init(&keeper->work, store->place, "keeper", store->settings.value_lists);
    keeper->work.silent_us = store->settings.silent_us_max;
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->wake, NULL);
    keeper->steps = calloc(BATCH_ROWS_MAX, sizeof(keeper->steps[0]));
    assert(keeper->steps != NULL);
    lots_init(&keeper->lots, store);
}

void keeper_start(struct keeper *keeper)
{
    int rc = pthread_create(&keeper->thread, NULL, keeper_run, keeper);
    assert(rc == 0);
    keeper->started = true;
}

void keeper_stop(struct keeper *keeper)
{
    if (!keeper->started) {
        return;
    }
    pthread_mutex_lock(&keeper->lock);
    while (keeper->busy) {
        pthread_cond_wait(&keeper->wake, &keeper->lock);
    }
    keeper->stopping = true;
    pthread_cond_broadcast(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    keeper->started = false;
}

void keeper_release(struct keeper *keeper)
{
    rows_session_close(&keeper->work);
    wire_release(&keeper->note_keys);
    free(keeper->steps);
    free(keeper->notes);
    lots_release(&keeper->lots);
    pthread_mutex_destroy(&keeper->lock);
    pthread_cond_destroy(&keeper->wake);
}
