/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of the deciding thread, opening and closing. See postgres_keep.h and postgres_decide.h. */
#include "store/postgres_decide.h"
#include "store/postgres_update.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os_clock.h"

#define CACHE_BYTES (INT64_C(512) << 20)
#define AWAY_US INT64_C(2000000)
#define QUERY_US INT64_C(10000000)
#define FOLLOW_CALLS 32 /* a batch of fewer calls waits rather than follows: it costs as many statements as a big one */

void postgres_die(struct postgres_store *store, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&store->lock);
    error_set(&store->fault, "%s", text[0] != '\0' ? text : "the database failed");
    atomic_store_explicit(&store->dead, true, memory_order_release);
    pthread_mutex_unlock(&store->lock);
}

bool postgres_dead(struct postgres_store *store)
{
    return atomic_load_explicit(&store->dead, memory_order_acquire);
}

void store_postgres_fault(struct store *base, struct store_error *error)
{
    struct postgres_store *store = (struct postgres_store *)base;
    pthread_mutex_lock(&store->lock);
    *error = store->fault;
    pthread_mutex_unlock(&store->lock);
}

/* What a call of the deciding thread answers when something failed. */
static enum status failed(struct postgres_store *store, enum status status, const struct store_error *error)
{
    if (status == STATUS_fault) {
        postgres_die(store, "%s", error->text);
    } else if (status == STATUS_bad_input) {
        status = STATUS_away; /* it let us in once, and may again */
    }
    if (status == STATUS_away) {
        store->decider->doubt = true;
    }
    return status;
}

static void counts_publish(struct postgres_store *store)
{
    uint64_t rows;
    uint64_t bytes;
    cache_counts(store->cache, &rows, &bytes);
    atomic_store_explicit(&store->rows_cached, rows, memory_order_relaxed);
    atomic_store_explicit(&store->bytes_cached, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&store->bytes_sent, store->reads->bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&store->round_trips, store->reads->trips, memory_order_relaxed);
    store->reads->bytes = store->reads->trips = 0;
}

/* ---- looking ---- */

static bool still_alone(struct postgres_store *store)
{
    struct node_pass pass;
    postgres_pass(store, &pass);
    return !pass.heard && pass.epoch == store->decider->pass.epoch;
}

static enum peek want_answer(struct postgres_store *store, struct row_want *want)
{
    struct decider *decider = store->decider;
    struct cached cached;
    want->version = 0;
    want->exists = false;
    if (cache_find(store->cache, want->table->number, want->key, want->hash, &cached)) {
        if (cached.round != decider->round && decider->wary_until_us != 0 &&
            (decider->again || table_wary(decider, want->table, os_monotonic_us()))) {
            return PEEK_unknown;
        }
        if (!cached.exists) {
            return PEEK_absent;
        }
        bool fits = row_unpack(want->table, cached.image, want->row);
        assert(fits); /* the image was packed by this process */
        want->exists = true;
        want->version = (int64_t)cached.batch;
        return PEEK_found;
    }
    bool above = decider->ceilings && cache_above_ceiling(store->cache, want->table->number, want->key);
    return above && !decider->again && still_alone(store) ? PEEK_absent : PEEK_unknown;
}

static enum peek postgres_peek(struct store *base, struct row_want *want)
{
    struct postgres_store *store = (struct postgres_store *)base;
    decider_notice(store->decider);
    return want_answer(store, want);
}

/* ---- keys that are new ---- */

static enum status ceiling_read(struct postgres_store *store, const struct table *table, uint32_t partition,
                                struct store_error *error)
{
    struct sql sql = { .size = 0 };
    PGresult *result = NULL;
    struct value bind = VALUE_I64(partition);
    sql_add(&sql, "SELECT ");
    for (uint32_t i = 0; i < table->key_count; i++) {
        sql_add(&sql, "%s\"%s\"", i == 0 ? "" : ",", table->shape.columns[i].name);
    }
    sql_add(&sql, " FROM \"%s\" WHERE p = $1::bigint::smallint ORDER BY p DESC", table->shape.name);
    for (uint32_t i = 0; i < table->key_count; i++) {
        sql_add(&sql, ",\"%s\" DESC", table->shape.columns[i].name);
    }
    sql_add(&sql, " LIMIT 1");
    enum status status = postgres_ask(store->reads->connection, sql.text, &bind, 1, &result, error);
    if (status == STATUS_ok && PQntuples(result) == 1) {
        _Alignas(16) uint8_t row[ROW_SIZE_MAX] = { 0 };
        uint8_t key[KEY_SIZE_MAX];
        if (postgres_row_read(result, 0, 0, table, 0, table->key_count, row)) {
            struct span encoded = { (const char *)key, row_key_write(table, row, key) };
            cache_ceiling_raise(store->cache, table->number, encoded);
        } else {
            error_set(error, "keys of table %s do not fit", table->shape.name);
            status = STATUS_bad_input;
        }
    }
    PQclear(result);
    return status;
}

/* While nobody else is there, keys above the largest of now are new. */
static enum status ceilings_read(struct postgres_store *store, struct store_error *error)
{
    enum status status = rows_session_open(store->reads, error);
    for (size_t i = 0; store->base.tables[i] != NULL && status == STATUS_ok; i++) {
        for (uint32_t p = 0; p < store->partitions && status == STATUS_ok; p++) {
            status = ceiling_read(store, store->base.tables[i], p, error);
        }
    }
    store->decider->ceilings = status == STATUS_ok && still_alone(store);
    return status;
}

/* ---- loading ---- */

static void wants_reserve(struct decider *decider, size_t count)
{
    if (decider->wants_capacity < count) {
        free(decider->wants);
        free(decider->found);
        decider->wants_capacity = count + 1024;
        decider->wants = calloc(decider->wants_capacity, sizeof(decider->wants[0]));
        decider->found = calloc(decider->wants_capacity, sizeof(decider->found[0]));
        assert(decider->wants != NULL); /* bounded by BATCH_ROWS_MAX */
        assert(decider->found != NULL);
    }
}

/* Whether memory knows better than the database, or as well: a batch on its way, a row held for this one. */
static bool want_known(struct postgres_store *store, struct row_want *want, bool busy)
{
    struct cached cached;
    if (!cache_find(store->cache, want->table->number, want->key, want->hash, &cached)) {
        return false;
    }
    bool newest = busy ? cached.batch > atomic_load_explicit(&store->done_stamp, memory_order_acquire)
                       : store->keeper->lanes[0].open && cached.round == store->decider->round;
    return newest && want_answer(store, want) != PEEK_unknown;
}

/* What has to be fetched, in lots; their rows point to the wants. */
static size_t wants_gather(struct postgres_store *store, struct row_want *wants, size_t count)
{
    struct decider *decider = store->decider;
    bool busy = keeper_busy(store->keeper) > 0;
    size_t left = 0;
    lots_begin(&decider->lots, count);
    for (size_t i = 0; i < count; i++) {
        wants[i].exists = false;
        wants[i].version = 0;
        if (!want_known(store, &wants[i], busy)) {
            struct lot_row row = { .key = wants[i].key, .row = &wants[i] };
            lots_add(&decider->lots, FORM_get, wants[i].table, &row);
            left++;
        }
    }
    lots_end(&decider->lots, false);
    wants_reserve(decider, left);
    for (size_t i = 0; i < left; i++) {
        decider->found[i] = false;
    }
    return left;
}

/* The first row of the lot with this key, or its count. */
static size_t lot_find(const struct lot *lot, struct span key)
{
    size_t low = 0;
    size_t high = lot->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (key_compare(lot->rows[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum status load_result(void *context, const struct sent *sent, const PGresult *result)
{
    struct decider *decider = context;
    _Alignas(16) uint8_t row[ROW_SIZE_MAX];
    if (sent->lot == SENT_other) {
        return STATUS_ok;
    }
    const struct lot *lot = &decider->lots.lots[sent->lot];
    for (int i = 0; i < PQntuples(result); i++) {
        struct span key;
        int64_t version;
        enum status status = decider_row(decider, lot->table, result, i, row, &key, &version);
        if (status != STATUS_ok) {
            return status;
        }
        for (size_t at = lot_find(lot, key); at < lot->count && key_compare(lot->rows[at].key, key) == 0; at++) {
            struct row_want *want = (struct row_want *)(uintptr_t)lot->rows[at].row;
            memcpy(want->row, row, lot->table->shape.size);
            want->exists = true;
            want->version = version;
            decider->found[&lot->rows[at] - decider->lots.rows] = true;
        }
    }
    return STATUS_ok;
}

static void absences_put(struct postgres_store *store)
{
    struct decider *decider = store->decider;
    for (size_t i = 0; i < decider->lots.entry_count; i++) {
        if (!decider->found[i]) {
            const struct row_want *want = decider->lots.rows[i].row;
            cache_put(store->cache, want->table->number, want->key, want->hash, false, (struct span){ NULL, 0 },
                      0);
        }
    }
}

static enum status wants_fetch(struct postgres_store *store, struct store_error *error)
{
    struct decider *decider = store->decider;
    struct lane *home = &store->keeper->lanes[0];
    struct rows_session *session = store->reads;
    if (keeper_busy(store->keeper) == 0 && home->open) {
        session = &home->work; /* which sees what it holds */
    }
    enum status status = rows_session_open(session, error);
    if (status == STATUS_ok) {
        status = rows_session_prepare(session, decider->lots.lots, decider->lots.count, error);
    }
    if (status != STATUS_ok) {
        return status;
    }
    rows_session_begin(session);
    for (size_t i = 0; i < decider->lots.count; i++) {
        rows_session_send(session, &decider->lots.lots[i], (uint32_t)i, 0);
    }
    status = rows_session_collect(session, load_result, decider, error);
    if (status != STATUS_ok && session != store->reads) {
        lane_rollback(home);
    }
    return status;
}

static enum status postgres_load(struct store *base, struct row_want *wants, size_t count)
{
    struct postgres_store *store = (struct postgres_store *)base;
    struct store_error error = { .text = "" };
    if (postgres_dead(store)) {
        return STATUS_fault;
    }
    decider_notice(store->decider);
    enum status status = decider_hold(store->decider, &error);
    if (status == STATUS_ok && !store->decider->ceilings && still_alone(store)) {
        status = ceilings_read(store, &error); /* the others have left */
    }
    size_t left = status == STATUS_ok ? wants_gather(store, wants, count) : 0;
    if (left > 0) {
        status = wants_fetch(store, &error);
        if (status == STATUS_ok) {
            absences_put(store);
        }
        atomic_fetch_add_explicit(&store->rows_loaded, left, memory_order_relaxed);
    }
    counts_publish(store);
    return status == STATUS_ok ? status : failed(store, status, &error);
}

/* ---- keeping ---- */

/* False: a row that does not fit. Nothing has changed then. */
static bool changes_pack(struct decider *decider, const struct keep *keep)
{
    struct wire *packed = &decider->packed;
    packed->size = 0;
    for (size_t i = 0; i < keep->change_count; i++) {
        const struct row_change *change = &keep->changes[i];
        decider->packed_at[i] = (uint32_t)packed->size;
        if (change->exists) {
            uint8_t *at = wire_room(packed, ROW_SIZE_MAX);
            size_t size = row_pack(change->table, change->row, at, ROW_SIZE_MAX);
            if (size == 0) {
                return false;
            }
            packed->size -= ROW_SIZE_MAX - size;
        }
    }
    decider->packed_at[keep->change_count] = (uint32_t)packed->size;
    return true;
}

static_assert((uint64_t)BATCH_ROWS_MAX *ROW_SIZE_MAX <= UINT32_MAX, "offsets of a batch's packed rows fit 32 bits");

/*
 * A row that was not asked for replaces whatever is there. As a rule it is new, and inserting it is cheapest: the
 * keeper tries again otherwise. What memory has of it counts only while nobody else can change it.
 */
static struct keep_step unread_step(struct postgres_store *store, const struct row_change *change,
                                    const struct cached *cached, bool check)
{
    if (cached != NULL && cached->exists && !check) {
        return (struct keep_step){ .form = change->exists ? FORM_update : FORM_delete,
                                   .seen = (int64_t)cached->batch };
    }
    bool above = cache_above_ceiling(store->cache, change->table->number, change->key);
    if (change->exists && (cached != NULL ? !cached->exists : above)) {
        return (struct keep_step){ .form = FORM_insert, .guessed = true };
    }
    return (struct keep_step){ .form = change->exists ? FORM_upsert : FORM_remove };
}

/* Compared with the version that is replaced, if memory still has it. */
static uint64_t columns_kept(const struct cached *cached, const struct row_change *change, struct span image)
{
    if (cached == NULL || !cached->exists || (int64_t)cached->batch != change->version) {
        return 0;
    }
    return columns_same(change->table, cached->image, image);
}

/* What a batch on its way changes stays in the cache, so that one that follows finds there what the two share. */
static struct keep_step change_step(struct postgres_store *store, const struct row_change *change, struct span image,
                                    bool check)
{
    struct cached found;
    bool known = cache_find(store->cache, change->table->number, change->key, change->hash, &found);
    const struct cached *cached = known ? &found : NULL;
    bool late = known && found.batch > atomic_load_explicit(&store->done_stamp, memory_order_acquire);
    if (change->version == VERSION_UNREAD) {
        struct keep_step step = unread_step(store, change, cached, check);
        step.late = late;
        return step;
    }
    if (change->version == 0) {
        return (struct keep_step){ .form = change->exists ? FORM_insert : FORM_absent, .late = late };
    }
    return (struct keep_step){ .form = change->exists ? FORM_update : FORM_delete,
                               .seen = change->version,
                               .late = late,
                               .same = change->exists ? columns_kept(cached, change, image) : 0 };
}

/* Change number `i` as the cache takes it; empty when the row is gone. */
static struct span image_packed(const struct decider *decider, size_t i)
{
    size_t size = decider->packed_at[i + 1] - decider->packed_at[i];
    const char *bytes = (const char *)decider->packed.bytes + decider->packed_at[i];
    return (struct span){ size > 0 ? bytes : NULL, size };
}

static void changes_cache(struct postgres_store *store, const struct keep *keep)
{
    const struct decider *decider = store->decider;
    for (size_t i = 0; i < keep->change_count; i++) {
        const struct row_change *change = &keep->changes[i];
        size_t ahead = i + 8 < keep->change_count ? i + 8 : i;
        cache_prefetch(store->cache, keep->changes[ahead].hash);
        cache_put(store->cache, change->table->number, change->key, change->hash, change->exists,
                  image_packed(decider, i), (uint64_t)keep->stamp);
    }
}

/* Turns go on as long as others change between two batches what this process changes. */
static void turn_prolong(struct postgres_store *store, const struct keep *keep)
{
    struct decider *decider = store->decider;
    if (decider->turn_until_us == 0) {
        return;
    }
    for (size_t i = 0; i < keep->change_count; i++) {
        int64_t version = keep->changes[i].version;
        if (version > (int64_t)decider->stamp && (uint64_t)version % NODES_MAX != store->base.node) {
            decider->wary_until_us = os_monotonic_us() + WARY_US;
            decider->turn_until_us = os_monotonic_us() + TURN_US;
            decider->table_until_us[keep->changes[i].table->number] = decider->wary_until_us;
        }
    }
}

static void cache_renew(struct postgres_store *store)
{
    cache_close(store->cache);
    store->cache = cache_open(store->settings.cache_bytes, &store->done_stamp);
    cache_round(store->cache, store->decider->round);
    store->decider->ceilings = false;
}

/*
 * Whether a batch may follow the one on its way: this process is alone, so that nobody hears of it and no row has to be
 * looked at again, and nothing is out of order. Databases that shard have no places where rows are.
 */
static bool follow_may(struct postgres_store *store)
{
    const struct decider *decider = store->decider;
    return keeper_busy(store->keeper) < LANES && !store->settings.value_lists && still_alone(store) &&
           !decider->pass.heard && !decider->redo && !decider->doubt && !decider->again && !decider_wary(decider) &&
           decider->turn_until_us == 0 && !keeper_failed(store->keeper) &&
           atomic_load(&store->keeper->single_until_us) < os_monotonic_us();
}

/*
 * Takes the pass for this batch. What is alone believes itself; so when it becomes alone, what it believed of
 * rows that others could change is looked at once more, and then forgotten.
 */
static void pass_take(struct postgres_store *store, struct lane *lane, bool *renew)
{
    struct decider *decider = store->decider;
    postgres_pass(store, &lane->pass);
    *renew = !lane->pass.heard && (decider->pass.heard || decider->pass.epoch != lane->pass.epoch);
    lane->check = lane->pass.heard || *renew;
    decider->pass = lane->pass;
}

/* Which lane takes the batch, and on what condition. STATUS_conflict: it is to be decided anew. */
static enum status lane_take(struct postgres_store *store, const struct keep *keep, struct lane **taken, bool *follows,
                             bool *renew)
{
    struct decider *decider = store->decider;
    *follows = keeper_busy(store->keeper) > 0;
    decider_notice(decider); /* of what has failed until then */
    decider->broken = decider->broken && keep->follows;
    assert(keep->follows || !*follows);
    bool untold = decider->heard_asked && decider->heard_no;
    decider->heard_asked = false;
    if (decider->broken || (*follows && !follow_may(store))) {
        return STATUS_conflict;
    }
    struct lane *lane = *taken = keeper_lane(store->keeper);
    assert(lane != NULL);
    lane->untold = untold;
    struct node_pass before = decider->pass;
    pass_take(store, lane, renew);
    if (lane->pass.heard && untold && keep->change_count > 0) {
        if (lane->open) {
            lane_rollback(lane);
        }
        return STATUS_conflict; /* somebody joined since the engine asked: it tells them the next time */
    }
    if (*follows && (lane->check || !untold)) {
        decider->pass = before; /* that something is to be renewed the next batch must find out as well */
        return STATUS_conflict;
    }
    return STATUS_ok;
}

static void steps_make(struct postgres_store *store, struct lane *lane)
{
    const struct keep *keep = &lane->keep;
    for (size_t i = 0; i < keep->change_count; i++) {
        size_t ahead = i + 8 < keep->change_count ? i + 8 : i;
        cache_prefetch(store->cache, keep->changes[ahead].hash);
        lane->steps[i] = change_step(store, &keep->changes[i], image_packed(store->decider, i), lane->check);
    }
}

static enum status postgres_keep(struct store *base, const struct keep *keep)
{
    struct postgres_store *store = (struct postgres_store *)base;
    struct decider *decider = store->decider;
    struct store_error error = { .text = "" };
    struct lane *lane = NULL;
    bool renew = false, follows = false;
    assert(keep->change_count <= BATCH_ROWS_MAX);
    if (postgres_dead(store)) {
        return STATUS_fault;
    }
    decider_notice(decider);
    if (!changes_pack(decider, keep)) {
        return STATUS_too_large;
    }
    enum status status = decider_hold(decider, &error);
    if (status != STATUS_ok) {
        return failed(store, status, &error);
    }
    status = lane_take(store, keep, &lane, &follows, &renew);
    if (status != STATUS_ok) {
        return status;
    }
    lane->keep = *keep;
    steps_make(store, lane);
    if (renew) {
        cache_renew(store);
    }
    changes_cache(store, keep);
    cache_round(store->cache, ++decider->round);
    counts_publish(store);
    turn_prolong(store, keep);
    decider->stamp = keep->change_count > 0 ? (uint64_t)keep->stamp : decider->stamp;
    if (!decider->again) {
        decider->tries = 0;
        decider->score = decider->score > 0 ? decider->score - 1 : 0; /* taken back when it fails */
    }
    decider->again = false;
    keeper_go(store->keeper, lane, follows);
    return STATUS_ok;
}

/* ---- the rest of the operations ---- */

static enum status postgres_all(struct store *base, const struct table *table, struct span from,
                                scan_row *each, void *context)
{
    struct postgres_store *store = (struct postgres_store *)base;
    struct store_error error = { .text = "" };
    if (postgres_dead(store)) {
        return STATUS_fault;
    }
    enum status status = rows_session_open(store->reads, &error);
    if (status == STATUS_ok) {
        status = postgres_scan(store->reads->connection, store->partitions, table, from, each, context, &error);
    }
    return status == STATUS_ok ? status : failed(store, status, &error);
}

static bool postgres_ahead(struct store *base)
{
    struct postgres_store *store = (struct postgres_store *)base;
    const struct decider *decider = store->decider;
    return !decider->redo && !keeper_failed(store->keeper) && !decider_wary(decider);
}

static uint32_t postgres_follows(struct store *base)
{
    struct postgres_store *store = (struct postgres_store *)base;
    return keeper_busy(store->keeper) > 0 && follow_may(store) ? FOLLOW_CALLS : 0;
}

static bool heard(struct store *base)
{
    struct postgres_store *store = (struct postgres_store *)base;
    bool answer = postgres_heard(base);
    store->decider->heard_asked = true;
    store->decider->heard_no = !answer;
    return answer;
}

static void postgres_counts(struct store *base, struct store_counts *counts)
{
    struct postgres_store *store = (struct postgres_store *)base;
    *counts = (struct store_counts){
        .batches = atomic_load_explicit(&store->batch_count, memory_order_relaxed),
        .syncs = atomic_load_explicit(&store->batch_count, memory_order_relaxed),
        .bytes_written = atomic_load_explicit(&store->bytes_sent, memory_order_relaxed),
        .rows_cached = atomic_load_explicit(&store->rows_cached, memory_order_relaxed),
        .bytes_cached = atomic_load_explicit(&store->bytes_cached, memory_order_relaxed),
        .rows_loaded = atomic_load_explicit(&store->rows_loaded, memory_order_relaxed),
        .keep_cpu_ns = keeper_cpu_ns(store->keeper),
        .replica_snapshots = atomic_load_explicit(&store->replica_snapshots, memory_order_relaxed),
        .replica_age_us = atomic_load_explicit(&store->replica_age_us, memory_order_relaxed),
        .replica_at_us = atomic_load_explicit(&store->replica_at_us, memory_order_relaxed),
        .round_trips = atomic_load_explicit(&store->round_trips, memory_order_relaxed),
        .seen_us = atomic_load_explicit(&store->seen_us, memory_order_relaxed),
    };
}

/* ---- opening and closing ---- */

static void store_free(struct postgres_store *store)
{
    rows_session_close(store->reads);
    keeper_release(store->keeper);
    lots_release(&store->decider->lots);
    wire_release(&store->decider->packed);
    free(store->decider->packed_at);
    free(store->decider->wants);
    free(store->decider->found);
    cache_close(store->cache);
    spots_close(store->spots);
    free(store->decider);
    free(store->keeper);
    free(store->reads);
    free(store->place);
    free(store->read_place);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

static void postgres_close(struct store *base)
{
    struct postgres_store *store = (struct postgres_store *)base;
    keeper_stop(store->keeper);
    if (store->keeper->lanes[0].open) {
        lane_rollback(&store->keeper->lanes[0]);
    }
    postgres_leave(store);
    store_free(store);
}

static const struct store_ops postgres_ops = {
    .name = "postgres",
    .peek = postgres_peek,
    .load = postgres_load,
    .keep = postgres_keep,
    .scan = postgres_all,
    .reader_open = postgres_reader_open,
    .counts = postgres_counts,
    .close = postgres_close,
    .ahead = postgres_ahead,
    .follows = postgres_follows,
    .heard = heard,
    .feed = postgres_feed,
    .nodes = postgres_nodes,
};

static char *text_copy(const char *text)
{
    char *copy = text == NULL ? NULL : strdup(text);
    assert(text == NULL || copy != NULL);
    return copy;
}

static struct postgres_store *store_make(const char *place, const struct table *const *tables,
                                         const struct postgres_settings *settings)
{
    struct postgres_store *store = calloc(1, sizeof(*store));
    assert(store != NULL);
    store->base = (struct store){ .ops = &postgres_ops, .tables = tables, .shared = true };
    store->settings = settings != NULL ? *settings : (struct postgres_settings){ 0 };
    store->place = text_copy(place);
    store->read_place = text_copy(store->settings.read_place);
    store->settings.read_place = store->read_place;
    if (store->settings.cache_bytes == 0) {
        store->settings.cache_bytes = CACHE_BYTES;
    }
    if (store->settings.away_us_max == 0) {
        store->settings.away_us_max = AWAY_US;
    }
    if (store->settings.silent_us_max == 0) {
        store->settings.silent_us_max = DATABASE_SILENT_US_MAX;
    }
    if (store->settings.query_us_max == 0) {
        store->settings.query_us_max = QUERY_US;
    }
    store->partitions = 1;
    for (size_t i = 0; tables[i] != NULL; i++) {
        assert(tables[i]->number < TABLE_COUNT_MAX);
        store->by_number[tables[i]->number] = tables[i];
    }
    pthread_mutex_init(&store->lock, NULL);
    store->reads = calloc(1, sizeof(*store->reads));
    store->keeper = calloc(1, sizeof(*store->keeper));
    store->decider = calloc(1, sizeof(*store->decider));
    assert(store->reads != NULL);
    assert(store->keeper != NULL);
    assert(store->decider != NULL);
    rows_session_init(store->reads, store->place, "reads", store->settings.value_lists);
    store->reads->silent_us = store->settings.silent_us_max;
    keeper_init(store->keeper, store);
    store->decider->store = store;
    store->decider->packed_at = calloc(BATCH_ROWS_MAX + 1, sizeof(store->decider->packed_at[0]));
    assert(store->decider->packed_at != NULL);
    lots_init(&store->decider->lots, store);
    store->cache = cache_open(store->settings.cache_bytes, &store->done_stamp);
    store->spots = spots_open();
    return store;
}

enum status store_postgres_open(const char *place, const struct table *const *tables,
                                const struct postgres_settings *settings, struct store **opened,
                                struct store_error *error)
{
    error->text[0] = '\0';
    *opened = NULL;
    struct postgres_store *store = store_make(place, tables, settings);
    enum status status = rows_session_open(store->reads, error);
    if (status == STATUS_ok) {
        postgres_patience(store->reads->connection, 0); /* migrations take as long as they take */
        status = postgres_schema_prepare(store->reads->connection, tables, &store->settings, &store->partitions,
                                         error);
    }
    if (status == STATUS_ok) {
        postgres_patience(store->reads->connection, store->reads->silent_us);
        status = postgres_join(store, error);
    }
    if (status == STATUS_ok) {
        postgres_pass(store, &store->decider->pass);
        status = ceilings_read(store, error);
    }
    if (status != STATUS_ok) {
        postgres_leave(store);
        store_free(store);
        return status == STATUS_away || status == STATUS_conflict ? STATUS_fault : status;
    }
    keeper_start(store->keeper);
    *opened = &store->base;
    return STATUS_ok;
}
