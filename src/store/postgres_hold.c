/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from conflicts: which rows are read anew, and when a turn is taken. Deciding thread. */
#include "store/postgres_decide.h"

#include "base/hash.h"
#include "base/os_clock.h"

#define HOLD_TRIES 4
#define HOLD_PAUSE_US 3000

static struct span note_key(const struct lane *lane, const struct note *note)
{
    return (struct span){ (const char *)lane->note_keys.bytes + note->key_at, note->key_size };
}

/* Rows that were read for the batch and were changed all the same are what several processes want. */
static void conflict_count(struct decider *decider)
{
    int64_t now_us = os_monotonic_us();
    if (decider->wary_until_us > now_us && !decider->again) {
        decider->score += 3; /* one was taken away when it was kept */
    }
    if (decider->score >= TURN_SCORE) {
        decider->score = TURN_SCORE - 1;
        decider->turn_until_us = now_us + TURN_US;
    }
    decider->tries++;
    decider->wary_until_us = now_us + WARY_US;
}

static void lane_notice(struct decider *decider, struct lane *lane)
{
    struct postgres_store *store = decider->store;
    if (atomic_load_explicit(&lane->failed, memory_order_acquire) == STATUS_ok) {
        return;
    }
    enum status failed = (enum status)atomic_exchange(&lane->failed, STATUS_ok);
    for (size_t i = 0; i < lane->note_count; i++) {
        const struct note *note = &lane->notes[i];
        cache_drop(store->cache, note->table, note_key(lane, note), note->hash);
    }
    decider->broken = true;
    if (lane->hollow) {
        cache_round(store->cache, ++decider->round);
        return; /* what becomes of it the one before says */
    }
    decider->redo = failed == STATUS_conflict && lane->note_count > 0;
    decider->noted = lane;
    decider->doubt = failed == STATUS_away || failed == STATUS_unknown;
    if (decider->redo) {
        conflict_count(decider);
    }
    decider->again = decider->redo;
    cache_round(store->cache, ++decider->round);
}

void decider_notice(struct decider *decider)
{
    for (size_t i = 0; i < LANES; i++) {
        lane_notice(decider, &decider->store->keeper->lanes[i]);
    }
}

bool decider_wary(const struct decider *decider)
{
    return decider->wary_until_us > os_monotonic_us();
}

/* ---- holding ---- */

enum status decider_row(struct decider *decider, const struct table *table, const PGresult *result, int at,
                        void *row, struct span *key, int64_t *version)
{
    static _Thread_local uint8_t bytes[KEY_SIZE_MAX];
    uint8_t image[ROW_SIZE_MAX];
    size_t key_size = 0;
    uint64_t spot = 0;
    memset(row, 0, table->shape.size);
    if (!row_came(result, at, table, row, bytes, &key_size, version, &spot)) {
        postgres_die(decider->store, "a row of table %s does not fit", table->shape.name);
        return STATUS_fault;
    }
    size_t size = row_pack(table, row, image, sizeof(image));
    assert(size > 0); /* it fits its struct */
    *key = (struct span){ (const char *)bytes, key_size };
    uint64_t hash = row_hash(table, hash_bytes(bytes, key_size));
    cache_put(decider->store->cache, table->number, *key, hash, true, (struct span){ (const char *)image, size },
              (uint64_t)*version);
    if (spot != 0) {
        spots_put(decider->store->spots, hash, spot);
    }
    return STATUS_ok;
}

static enum status held_result(void *context, const struct sent *sent, const PGresult *result)
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
    }
    return STATUS_ok;
}

/* Waits for this process's turn, then reads or holds what was gathered in `lots`. */
static enum status lots_hold(struct decider *decider, struct store_error *error)
{
    struct rows_session *work = &decider->store->keeper->lanes[0].work;
    enum status status = rows_session_prepare(work, decider->lots.lots, decider->lots.count, error);
    if (status != STATUS_ok) {
        return status;
    }
    rows_session_begin(work);
    rows_session_say(work, SENT_other, "BEGIN", NULL, 0);
    rows_session_say(work, SENT_other, "SET LOCAL lock_timeout = '3s'", NULL, 0);
    rows_session_say(work, SENT_other, "SELECT 1 FROM onetill_meta WHERE name = 'turn' FOR UPDATE", NULL, 0);
    for (size_t i = 0; i < decider->lots.count; i++) {
        rows_session_send(work, &decider->lots.lots[i], (uint32_t)i, 0);
    }
    return rows_session_collect(work, held_result, decider, error);
}

static int64_t cached_version(struct decider *decider, uint32_t table, struct span key, uint64_t hash)
{
    struct cached cached;
    bool known = cache_find(decider->store->cache, table, key, hash, &cached);
    return known && cached.exists ? (int64_t)cached.batch : 0;
}

/* What did not come does not exist. Where it is otherwise than the failed batch thought, others are expected. */
static void notes_compare(struct decider *decider)
{
    struct postgres_store *store = decider->store;
    const struct lane *lane = decider->noted;
    int64_t until_us = os_monotonic_us() + WARY_US;
    for (size_t i = 0; i < lane->note_count; i++) {
        const struct note *note = &lane->notes[i];
        struct span key = note_key(lane, note);
        int64_t version = cached_version(decider, note->table, key, note->hash);
        if (version == 0) {
            cache_put(store->cache, note->table, key, note->hash, false, (struct span){ NULL, 0 }, 0);
        }
        if (note->seen != VERSION_UNREAD && note->seen != version) {
            decider->table_until_us[note->table] = until_us;
        }
    }
}

/* The failed batch's rows as lots: what it would have changed in the given form, the rest is read. */
static void notes_lots(struct decider *decider, enum form form)
{
    const struct lane *lane = decider->noted;
    lots_begin(&decider->lots, lane->note_count);
    for (size_t i = 0; i < lane->note_count; i++) {
        const struct note *note = &lane->notes[i];
        struct lot_row row = { .key = note_key(lane, note) };
        lots_add(&decider->lots, note->wrote ? form : FORM_get, decider->store->by_number[note->table], &row);
    }
    lots_end(&decider->lots, false);
}

/*
 * Each further try has its turn, and holds all rows that it knows it will change, in one order: a big one only
 * when it must. Rows that are only read are not held: the trace that this leaves in them would make each later
 * look at them doubtful.
 */
static enum status notes_hold(struct decider *decider, struct store_error *error)
{
    bool holds = decider->tries > 1 || decider->noted->note_count <= HOLD_ALL_MAX;
    notes_lots(decider, holds ? FORM_lock : FORM_get);
    enum status status = lots_hold(decider, error);
    if (status == STATUS_ok) {
        notes_compare(decider);
    }
    return status;
}

static enum status turn_hold(struct decider *decider, struct store_error *error)
{
    lots_begin(&decider->lots, 0);
    lots_end(&decider->lots, false);
    return lots_hold(decider, error);
}

/* Others hold what is wanted, or wait for what is held: all is let go and asked for again. */
static enum status hold_some(struct decider *decider, enum status (*some)(struct decider *, struct store_error *),
                             struct store_error *error)
{
    struct lane *home = &decider->store->keeper->lanes[0];
    enum status status = STATUS_conflict;
    for (int64_t i = 0; i < HOLD_TRIES && status == STATUS_conflict; i++) {
        if (i > 0) {
            os_sleep_us(HOLD_PAUSE_US * i + (int64_t)(hash_mix((uint64_t)os_monotonic_ns()) % HOLD_PAUSE_US));
        }
        status = rows_session_open(&home->work, error);
        if (status == STATUS_ok) {
            status = some(decider, error);
        }
        if (status != STATUS_ok && home->work.connection != NULL) {
            lane_rollback(home);
        }
    }
    home->open = status == STATUS_ok;
    if (status == STATUS_conflict) {
        return STATUS_ok; /* without its turn, then: versions decide */
    }
    return status;
}

/* Asks the database whether it is there. */
static enum status doubt_settle(struct decider *decider, struct store_error *error)
{
    struct rows_session *work = &decider->store->keeper->lanes[0].work;
    enum status status = rows_session_open(work, error);
    if (status == STATUS_ok) {
        status = postgres_script(work->connection, "SELECT 1", error);
    }
    if (status != STATUS_ok) {
        rows_session_drop(work);
        return status == STATUS_fault ? STATUS_fault : STATUS_away;
    }
    decider->doubt = false;
    return STATUS_ok;
}

enum status decider_hold(struct decider *decider, struct store_error *error)
{
    struct keeper *keeper = decider->store->keeper;
    enum status status = STATUS_ok;
    if (!decider->redo && !decider->doubt && decider->turn_until_us == 0) {
        return STATUS_ok;
    }
    if (keeper_busy(keeper) > 0) {
        return STATUS_ok; /* what is decided ahead is decided on what is known */
    }
    /* What hangs may hold rows, and go on later: it is waited for, whatever it was doing. */
    if (keeper->unresolved || keeper_given_up(keeper)) {
        status = keeper_resolve(keeper, error);
    }
    if (status == STATUS_ok && decider->doubt) {
        status = doubt_settle(decider, error);
    }
    if (decider->turn_until_us < os_monotonic_us()) {
        decider->turn_until_us = 0;
    }
    if (status == STATUS_ok && decider->redo) {
        status = hold_some(decider, notes_hold, error);
        decider->redo = status != STATUS_ok;
    } else if (status == STATUS_ok && !keeper->lanes[0].open && decider->turn_until_us != 0) {
        status = hold_some(decider, turn_hold, error);
    }
    return status;
}
