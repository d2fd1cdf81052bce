/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres_keep.h"
#include "store/postgres_update.h"

#include <stdlib.h>

#include "base/os_clock.h"

#define RESOLVE_PAUSE_US 20000
#define SENT_fence (UINT32_MAX - 1)
#define PASS_TRIES 4
#define SINGLE_US INT64_C(10000000) /* how long it is left alone that no second connection can be had */
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

enum part {
    PART_all,
    PART_early, /* what the batch before does not change */
    PART_late,
};

static void batch_lots(struct lane *lane, enum part part)
{
    const struct keep *keep = &lane->keep;
    struct lots *lots = &lane->lots;
    lots_begin(lots, keep->change_count + keep->read_count);
    lots->guards = lane->check && keep->change_count > 0;
    for (size_t i = 0; i < keep->change_count; i++) {
        const struct row_change *change = &keep->changes[i];
        spots_prefetch(lane->store->spots, keep->changes[i + 8 < keep->change_count ? i + 8 : i].hash);
        bool here = part == PART_all || (part == PART_late) == lane->steps[i].late;
        if (here && lane->steps[i].form != FORM_count) {
            struct lot_row row = { .key = change->key,
                                   .row = change->row,
                                   .seen = lane->steps[i].seen,
                                   .hash = change->hash,
                                   .same = lane->steps[i].same };
            enum form form = (enum form)lane->steps[i].form;
            form = form == FORM_absent ? absence_form(lots, change->table) : form;
            if (form == FORM_update && lane->by_spot) {
                row.spot = spots_find(lane->store->spots, change->hash);
                form = row.spot != 0 ? FORM_move : FORM_update;
            }
            lots_add(lots, form, change->table, &row);
        }
    }
    for (size_t i = 0; lane->check && i < keep->read_count; i++) {
        const struct row_change *read = &keep->reads[i];
        struct lot_row row = { .key = read->key, .seen = read->version };
        enum form form = read->version == 0  ? absence_form(lots, read->table)
                         : lane->work.lists ? FORM_share
                                            : FORM_check;
        lots_add(lots, form, read->table, &row);
    }
    lots_end(lots, !lane->work.lists && part != PART_late);
}

/* ---- results ---- */

struct counting {
    struct lane *lane;
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
static enum status update_result(struct lane *lane, const struct sent *sent, const PGresult *result)
{
    const struct lot *lot = &lane->lots.lots[sent->lot];
    for (int i = 0; i < PQntuples(result); i++) {
        uint32_t row;
        uint64_t spot;
        if (!update_came(result, i, lot->table, sent->columns, &row, &spot) || row >= sent->rows) {
            return STATUS_fault;
        }
        uint32_t at = sent->first + row;
        spots_prefetch(lane->store->spots, lot->rows[at + 8 < lot->count ? at + 8 : at].hash);
        spots_put(lane->store->spots, lot->rows[at].hash, spot);
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
    const struct lot *lot = &counting->lane->lots.lots[sent->lot];
    switch (lot->form) {
    case FORM_update:
    case FORM_move:
        return update_result(counting->lane, sent, result);
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

static void fence_say(struct lane *lane, bool writes)
{
    const struct postgres_store *store = lane->store;
    struct value binds[] = { VALUE_I64((int64_t)store->batch + 1), VALUE_I64(store->base.node),
                             VALUE_I64(store->instance), VALUE_I64(lane->pass.epoch) };
    if (writes) {
        rows_session_say(&lane->work, SENT_fence,
                    "UPDATE onetill_batches SET batch = $1::bigint WHERE node = $2::bigint AND "
                    "instance = $3::bigint AND epoch = $4::bigint",
                    binds, 4);
        return;
    }
    rows_session_say(&lane->work, SENT_fence,
                "SELECT 1 FROM onetill_batches WHERE node = $1::bigint AND instance = $2::bigint AND "
                "epoch = $3::bigint",
                binds + 1, 3);
}

static void feed_say(struct lane *lane)
{
    const struct postgres_store *store = lane->store;
    if (lane->pass.heard) {
        struct value binds[] = { VALUE_I64(store->base.node), VALUE_I64((int64_t)store->batch + 1),
                                 VALUE_TEXT(lane->keep.feed) };
        rows_session_say(&lane->work, SENT_other,
                    "INSERT INTO onetill_feed (node, batch, rows) VALUES ($1::bigint, $2::bigint, $3::bytea)",
                    binds, 3);
    }
}

/* What was not as seen, or is being changed: waits for whoever does that, and looks again. */
static enum status doubts_settle(struct lane *lane, struct counting *counting, struct store_error *error)
{
    for (size_t i = 0; i < lane->lots.count; i++) {
        struct lot *lot = &lane->lots.lots[i];
        if (lot->form == FORM_check) {
            lot->form = counting->doubtful[lot->table->number] ? FORM_share : FORM_count;
        }
    }
    enum status status = STATUS_ok;
    for (size_t i = 0; i < lane->lots.count && status == STATUS_ok; i++) {
        if (lane->lots.lots[i].form == FORM_share) {
            status = rows_session_prepare(&lane->work, &lane->lots.lots[i], 1, error);
        }
    }
    if (status != STATUS_ok) {
        return status;
    }
    rows_session_begin(&lane->work);
    for (size_t i = 0; i < lane->lots.count; i++) {
        if (lane->lots.lots[i].form == FORM_share) {
            rows_session_send(&lane->work, &lane->lots.lots[i], (uint32_t)i, lane->keep.stamp);
        }
    }
    return rows_session_collect(&lane->work, batch_result, counting, error);
}

/*
 * Everything but new rows that come by COPY. Gaps are one lot after the other; what was inserted to look at them is
 * nobody's business for longer than that.
 */
static void lots_tell(struct lane *lane)
{
    struct rows_session *work = &lane->work;
    bool gaps = false;
    for (size_t i = 0; i < lane->lots.count; i++) {
        const struct lot *lot = &lane->lots.lots[i];
        if ((lot->form == FORM_gap) != gaps) {
            gaps = !gaps;
            rows_session_say(work, SENT_other, gaps ? "SAVEPOINT gaps" : "ROLLBACK TO SAVEPOINT gaps", NULL, 0);
        }
        if (lot->form != FORM_copy) {
            rows_session_send(work, lot, (uint32_t)i, lane->keep.stamp);
        }
    }
    if (gaps) {
        rows_session_say(work, SENT_other, "ROLLBACK TO SAVEPOINT gaps", NULL, 0);
    }
}

/* All of a batch but the rows that come by COPY, and COMMIT. */
static enum status batch_tell(struct lane *lane, struct counting *counting, struct store_error *error)
{
    struct rows_session *work = &lane->work;
    bool writes = lane->keep.change_count > 0;
    enum status status = rows_session_prepare(work, lane->lots.lots, lane->lots.count, error);
    if (status != STATUS_ok) {
        return status;
    }
    rows_session_begin(work);
    if (!lane->open && writes) {
        rows_session_say(work, SENT_other, "BEGIN", NULL, 0);
    }
    fence_say(lane, writes);
    lots_tell(lane);
    if (writes) {
        feed_say(lane);
        rows_session_flush(work);
        rows_session_copies(work, lane->lots.lots, lane->lots.count, lane->keep.stamp);
    }
    status = rows_session_collect(work, batch_result, counting, error);
    if (status == STATUS_ok && counting->doubts) {
        status = doubts_settle(lane, counting, error);
    }
    return status;
}

void lane_rollback(struct lane *lane)
{
    lane->open = false;
    if (lane->work.connection != NULL &&
        postgres_script(lane->work.connection, "ROLLBACK", NULL) != STATUS_ok) {
        rows_session_drop(&lane->work);
    }
}

static enum status lane_resolve(struct lane *lane, struct store_error *error)
{
    uint64_t batch = 0;
    enum status status = rows_session_open(&lane->work, error);
    if (status == STATUS_ok) {
        status = postgres_resolve(lane->store, lane->work.connection, &batch);
    }
    if (status == STATUS_ok) {
        assert(batch == lane->store->batch || batch == lane->store->batch + 1);
        lane->store->batch = batch;
        lane->keeper->unresolved = lane->work.given_up = false;
    } else if (status != STATUS_fault) {
        rows_session_drop(&lane->work);
        status = STATUS_away;
    }
    return status;
}

enum status keeper_resolve(struct keeper *keeper, struct store_error *error)
{
    enum status status = lane_resolve(&keeper->lanes[0], error);
    for (size_t i = 0; i < LANES && status == STATUS_ok; i++) {
        keeper->lanes[i].work.given_up = false;
    }
    return status;
}

/* COMMIT was sent and the connection lost. */
static enum status commit_resolve(struct lane *lane)
{
    uint64_t before = lane->store->batch;
    int64_t until_us = os_monotonic_us() + lane->store->settings.away_us_max;
    lane->keeper->unresolved = true;
    do {
        enum status status = lane_resolve(lane, NULL);
        if (status == STATUS_ok) {
            return lane->store->batch > before ? STATUS_ok : STATUS_away;
        }
        if (status == STATUS_fault) {
            return STATUS_fault;
        }
        os_sleep_us(RESOLVE_PAUSE_US);
    } while (os_monotonic_us() < until_us);
    return STATUS_unknown;
}

static enum status batch_commit(struct lane *lane, struct store_error *error)
{
    enum status status = rows_session_copy(&lane->work, "COMMIT", error);
    if (status == STATUS_ok) {
        lane->store->batch++;
    } else if (lane->work.connection == NULL) {
        status = commit_resolve(lane);
    }
    return status;
}

/* One try; `*refused`: it was rolled back because this process's own row was not there as expected. */
static enum status batch_try(struct lane *lane, bool *refused, struct store_error *error)
{
    struct counting counting = { .lane = lane };
    bool held = lane->open;
    bool writes = lane->keep.change_count > 0;
    batch_lots(lane, PART_all);
    lane->work.duplicate = false;
    enum status status = batch_tell(lane, &counting, error);
    if (status == STATUS_ok && writes) {
        status = batch_commit(lane, error);
    }
    if ((status != STATUS_ok || held) && lane->work.connection != NULL && (writes || held) &&
        PQtransactionStatus(lane->work.connection) != PQTRANS_IDLE) {
        lane_rollback(lane);
    }
    lane->open = false;
    *refused = counting.refused && lane->work.connection != NULL;
    return status;
}

/* Rows that were thought to be new. False: there were none. */
static bool guesses_take_back(struct lane *lane)
{
    bool any = false;
    for (size_t i = 0; i < lane->keep.change_count; i++) {
        if (lane->steps[i].guessed) {
            lane->steps[i] = (struct keep_step){ .form = FORM_upsert };
            any = true;
        }
    }
    return any;
}

static enum status batch_run(struct lane *lane, struct store_error *error)
{
    bool refused = false;
    enum status status = STATUS_ok;
    if (lane->keep.change_count == 0 && lane->keep.read_count == 0) {
        if (lane->open) {
            lane_rollback(lane);
        }
        return STATUS_ok;
    }
    if (!lane->open) {
        status = rows_session_open(&lane->work, error);
    }
    if (status != STATUS_ok) {
        return status == STATUS_fault ? STATUS_fault : STATUS_away;
    }
    /* Others may have moved rows, and hold them in the order of their keys. */
    lane->by_spot =
        !lane->pass.heard && !lane->open && !lane->work.lists && lane->number % BY_KEY_EVERY != 0;
    for (int i = 0; i < PASS_TRIES; i++) {
        status = batch_try(lane, &refused, error);
        if (status == STATUS_conflict && !refused && lane->by_spot) {
            lane->by_spot = false; /* rows that were only moved, by whoever maintains the database, are there */
            continue;
        }
        if (status == STATUS_conflict && lane->work.duplicate && guesses_take_back(lane)) {
            continue;
        }
        if (!refused) {
            return status;
        }
        /* Somebody joined or left: what was read is checked now, and what they shall hear must be there. */
        status = postgres_refused(lane->store, lane->work.connection);
        if (status != STATUS_conflict || lane->untold || keeper_busy(lane->keeper) > 1) {
            return status; /* what follows may hold rows that would have to be looked at */
        }
        postgres_pass(lane->store, &lane->pass);
        lane->check = true;
    }
    return status;
}

/* ---- what follows another batch ---- */

/* Everything that the batch before does not touch. */
static enum status early_tell(struct lane *lane, struct counting *counting, struct store_error *error)
{
    struct rows_session *work = &lane->work;
    batch_lots(lane, PART_early);
    work->duplicate = false;
    enum status status = rows_session_prepare(work, lane->lots.lots, lane->lots.count, error);
    if (status != STATUS_ok) {
        return status;
    }
    rows_session_begin(work);
    rows_session_say(work, SENT_other, "BEGIN", NULL, 0);
    lots_tell(lane);
    rows_session_flush(work);
    rows_session_copies(work, lane->lots.lots, lane->lots.count, lane->keep.stamp);
    status = rows_session_collect(work, batch_result, counting, error);
    if (status == STATUS_ok && work->copy_count > 0) {
        status = rows_session_copy(work, "", error);
    }
    return status;
}

/* The rest, once the batch before is durable, and COMMIT. `*sent`: that was sent, and the outcome is `status`. */
static enum status late_tell(struct lane *lane, struct counting *counting, bool *sent, struct store_error *error)
{
    struct rows_session *work = &lane->work;
    batch_lots(lane, PART_late); /* only now is it known where these rows are */
    enum status status = rows_session_prepare(work, lane->lots.lots, lane->lots.count, error);
    if (status != STATUS_ok) {
        return status;
    }
    rows_session_begin(work);
    fence_say(lane, true);
    lots_tell(lane);
    rows_session_flush(work);
    rows_session_copies(work, NULL, 0, 0);
    status = rows_session_collect(work, batch_result, counting, error);
    *sent = status == STATUS_ok;
    return *sent ? batch_commit(lane, error) : status;
}

/* Waits until the outcome of the batch before is known. */
static enum status lane_await(struct lane *lane)
{
    struct keeper *keeper = lane->keeper;
    pthread_mutex_lock(&keeper->lock);
    while (keeper->decided + 1 < lane->number) {
        pthread_cond_wait(&keeper->wake, &keeper->lock);
    }
    enum status status = keeper->outcome;
    pthread_mutex_unlock(&keeper->lock);
    return status;
}

static void early_undo(struct lane *lane)
{
    if (lane->work.connection != NULL && PQtransactionStatus(lane->work.connection) != PQTRANS_IDLE) {
        lane_rollback(lane);
    }
}

/*
 * Nobody hears of this batch, and nobody else changes rows: otherwise it would not follow. What goes wrong before its
 * COMMIT is sent is undone, and it is tried as any other. Where the database gives no second connection it is decided
 * anew for the first.
 */
static enum status follower_run(struct lane *lane, struct store_error *error)
{
    struct counting counting = { .lane = lane };
    struct store_error early = { .text = "" };
    bool sent = false, connected = rows_session_open(&lane->work, &early) == STATUS_ok;
    assert(!lane->open && !lane->pass.heard && !lane->check && !lane->work.lists);
    lane->by_spot = lane->number % BY_KEY_EVERY != 0;
    enum status status = STATUS_conflict;
    if (!connected) {
        atomic_store(&lane->keeper->single_until_us, os_monotonic_us() + SINGLE_US);
    } else if (lane->keep.change_count > 0) {
        status = early_tell(lane, &counting, &early);
    }
    if (lane_await(lane) != STATUS_ok) {
        early_undo(lane);
        lane->hollow = true;
        return STATUS_conflict;
    }
    if (status == STATUS_ok) {
        status = late_tell(lane, &counting, &sent, &early);
    }
    early_undo(lane);
    if (status == STATUS_fault || sent) {
        *error = early;
        return status;
    }
    if (!connected) {
        return STATUS_conflict;
    }
    return lane->work.given_up ? STATUS_away : batch_run(lane, error);
}

/* ---- the threads ---- */

static void note(struct lane *lane, const struct row_change *change, bool wrote)
{
    uint32_t at = (uint32_t)lane->note_keys.size;
    memcpy(wire_room(&lane->note_keys, change->key.size), change->key.bytes, change->key.size);
    lane->notes[lane->note_count++] = (struct note){ .table = change->table->number,
                                                     .key_at = at,
                                                     .key_size = (uint32_t)change->key.size,
                                                     .hash = change->hash,
                                                     .seen = change->version,
                                                     .wrote = wrote };
}

static void notes_take(struct lane *lane)
{
    const struct keep *keep = &lane->keep;
    size_t count = keep->change_count + keep->read_count;
    if (lane->note_capacity < count) {
        free(lane->notes);
        lane->note_capacity = count + 1024;
        lane->notes = calloc(lane->note_capacity, sizeof(lane->notes[0]));
        assert(lane->notes != NULL); /* bounded by BATCH_ROWS_MAX */
    }
    lane->note_count = 0;
    lane->note_keys.size = 0;
    for (size_t i = 0; i < keep->change_count; i++) {
        note(lane, &keep->changes[i], true);
    }
    for (size_t i = 0; i < keep->read_count; i++) {
        note(lane, &keep->reads[i], false);
    }
}

static void counts_publish(struct lane *lane)
{
    struct postgres_store *store = lane->store;
    atomic_fetch_add_explicit(&store->bytes_sent, lane->work.bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&store->round_trips, lane->work.trips, memory_order_relaxed);
    lane->work.bytes = lane->work.trips = 0;
}

/*
 * What follows may go on as soon as the outcome is known, and is told of after this one. From the moment on when the
 * lane is not busy any more its members are the deciding thread's.
 */
static void outcome_tell(struct lane *lane, enum status status)
{
    struct keeper *keeper = lane->keeper;
    struct keep keep = lane->keep;
    uint64_t number = lane->number;
    pthread_mutex_lock(&keeper->lock);
    keeper->decided = number;
    keeper->outcome = status;
    pthread_cond_broadcast(&keeper->wake);
    while (keeper->told + 1 < number) {
        pthread_cond_wait(&keeper->wake, &keeper->lock);
    }
    lane->busy = false;
    pthread_cond_broadcast(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    keep.done(keep.context, status);
    pthread_mutex_lock(&keeper->lock);
    keeper->told = number;
    pthread_cond_broadcast(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
}

static void batch_finish(struct lane *lane, enum status status)
{
    struct postgres_store *store = lane->store;
    counts_publish(lane);
    if (status == STATUS_ok) {
        if (lane->keep.change_count > 0) { /* otherwise it has no stamp */
            atomic_store_explicit(&store->done_stamp, (uint64_t)lane->keep.stamp, memory_order_release);
            atomic_fetch_add_explicit(&store->batch_count, 1, memory_order_relaxed);
        }
    } else {
        atomic_fetch_add_explicit(&store->conflicts, status == STATUS_conflict, memory_order_relaxed);
        notes_take(lane);
        atomic_store_explicit(&lane->failed, (int)status, memory_order_release);
    }
    outcome_tell(lane, status);
}

static void *lane_run(void *context)
{
    struct lane *lane = context;
    struct keeper *keeper = lane->keeper;
    pthread_setname_np(pthread_self(), "keeper");
    for (;;) {
        pthread_mutex_lock(&keeper->lock);
        while (!lane->busy && !keeper->stopping) {
            pthread_cond_wait(&keeper->wake, &keeper->lock);
        }
        bool busy = lane->busy;
        pthread_mutex_unlock(&keeper->lock);
        if (!busy) {
            return NULL;
        }
        struct store_error error = { .text = "" };
        enum status status = lane->follows ? follower_run(lane, &error) : STATUS_ok;
        if (!lane->follows) {
            status = postgres_dead(lane->store) ? STATUS_fault : batch_run(lane, &error);
        }
        if (status != STATUS_ok && status != STATUS_conflict && status != STATUS_away &&
            status != STATUS_unknown) {
            postgres_die(lane->store, "%s", error.text);
            status = STATUS_fault;
        }
        batch_finish(lane, status);
    }
}

uint32_t keeper_busy(struct keeper *keeper)
{
    uint32_t busy = 0;
    pthread_mutex_lock(&keeper->lock);
    for (size_t i = 0; i < LANES; i++) {
        busy += keeper->lanes[i].busy;
    }
    pthread_mutex_unlock(&keeper->lock);
    return busy;
}

struct lane *keeper_lane(struct keeper *keeper)
{
    struct lane *free_lane = NULL;
    pthread_mutex_lock(&keeper->lock);
    for (size_t i = LANES; i-- > 0;) {
        free_lane = keeper->lanes[i].busy ? free_lane : &keeper->lanes[i];
    }
    pthread_mutex_unlock(&keeper->lock);
    return free_lane;
}

void keeper_go(struct keeper *keeper, struct lane *lane, bool follows)
{
    pthread_mutex_lock(&keeper->lock);
    assert(!lane->busy);
    lane->number = ++keeper->count;
    lane->follows = follows;
    lane->hollow = false;
    lane->busy = true;
    pthread_cond_broadcast(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
}

bool keeper_failed(struct keeper *keeper)
{
    bool failed = false;
    for (size_t i = 0; i < LANES; i++) {
        failed = failed || atomic_load_explicit(&keeper->lanes[i].failed, memory_order_acquire) != STATUS_ok;
    }
    return failed;
}

bool keeper_given_up(const struct keeper *keeper)
{
    bool given_up = false;
    for (size_t i = 0; i < LANES; i++) {
        given_up = given_up || keeper->lanes[i].work.given_up;
    }
    return given_up;
}

int64_t keeper_cpu_ns(struct keeper *keeper)
{
    int64_t sum_ns = 0;
    for (size_t i = 0; i < LANES; i++) {
        sum_ns += os_other_thread_cpu_ns(keeper->lanes[i].thread);
    }
    return sum_ns;
}

void keeper_init(struct keeper *keeper, struct postgres_store *store)
{
    *keeper = (struct keeper){ .store = store };
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->wake, NULL);
    for (size_t i = 0; i < LANES; i++) {
        struct lane *lane = &keeper->lanes[i];
        lane->keeper = keeper;
        lane->store = store;
        rows_session_init(&lane->work, store->place, "keeper", store->settings.value_lists);
        lane->work.silent_us = store->settings.silent_us_max;
        lane->steps = calloc(BATCH_ROWS_MAX, sizeof(lane->steps[0]));
        assert(lane->steps != NULL);
        lots_init(&lane->lots, store);
    }
}

void keeper_start(struct keeper *keeper)
{
    for (size_t i = 0; i < LANES; i++) {
        int rc = pthread_create(&keeper->lanes[i].thread, NULL, lane_run, &keeper->lanes[i]);
        assert(rc == 0);
        keeper->lanes[i].started = true;
    }
}

void keeper_stop(struct keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    while (keeper->told < keeper->count) {
        pthread_cond_wait(&keeper->wake, &keeper->lock);
    }
    keeper->stopping = true;
    pthread_cond_broadcast(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    for (size_t i = 0; i < LANES; i++) {
        if (keeper->lanes[i].started) {
            pthread_join(keeper->lanes[i].thread, NULL);
            keeper->lanes[i].started = false;
        }
    }
}

void keeper_release(struct keeper *keeper)
{
    for (size_t i = 0; i < LANES; i++) {
        struct lane *lane = &keeper->lanes[i];
        rows_session_close(&lane->work);
        wire_release(&lane->note_keys);
        free(lane->steps);
        free(lane->notes);
        lots_release(&lane->lots);
    }
    pthread_mutex_destroy(&keeper->lock);
    pthread_cond_destroy(&keeper->wake);
}
