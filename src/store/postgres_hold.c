/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from conflicts: which rows are read anew, and which are held. Deciding thread. */
#include "store/postgres_decide.h"

#include "base/hash.h"
#include "base/os_clock.h"

#define HOLD_TRIES 4
#define HOLD_PAUSE_US 3000

static struct span note_key(const struct keeper *keeper, const struct note *note)
{
    return (struct span){ (const char *)keeper->note_keys.bytes + note->key_at, note->key_size };
}

void decider_notice(struct decider *decider)
{
    struct postgres_store *store = decider->store;
    struct keeper *keeper = store->keeper;
    if (atomic_load_explicit(&keeper->failed, memory_order_acquire) == STATUS_ok) {
        return;
    }
    enum status failed = (enum status)atomic_exchange(&keeper->failed, STATUS_ok);
    for (size_t i = 0; i < keeper->note_count; i++) {
        const struct note *note = &keeper->notes[i];
        cache_drop(store->cache, note->table, note_key(keeper, note), note->hash);
    }
    decider->redo = failed == STATUS_conflict && keeper->note_count > 0;
    decider->doubt = failed == STATUS_away || failed == STATUS_unknown;
    decider->again = decider->redo;
    if (decider->redo) {
        decider->tries++;
        decider->wary_until_us = os_monotonic_us() + WARY_US;
    }
    cache_round(store->cache, ++decider->round);
}

bool decider_wary(const struct decider *decider)
{
    return decider->wary_until_us > os_monotonic_us();
}

/* ---- where others were met ---- */

static void hot_expire(struct decider *decider, int64_t now_us)
{
    size_t kept = 0;
    for (size_t i = 0; i < decider->hot_count; i++) {
        if (decider->hot[i].until_us > now_us) {
            decider->hot[kept++] = decider->hot[i];
        }
    }
    decider->hot_count = kept;
}

static void met(struct decider *decider, const struct note *note)
{
    int64_t now_us = os_monotonic_us();
    struct span key = note_key(decider->store->keeper, note);
    decider->table_until_us[note->table] = now_us + WARY_US;
    for (size_t i = 0; i < decider->hot_count; i++) {
        struct hot_row *hot = &decider->hot[i];
        if (hot->hash == note->hash && hot->key_size == key.size && memcmp(hot->key, key.bytes, key.size) == 0) {
            hot->met++;
            hot->until_us = now_us + WARY_US;
            return;
        }
    }
    if (decider->hot_count < HOT_ROWS_MAX) {
        struct hot_row *hot = &decider->hot[decider->hot_count++];
        *hot = (struct hot_row){ .table = decider->store->by_number[note->table],
                                 .key_size = (uint32_t)key.size,
                                 .hash = note->hash,
                                 .met = 1,
                                 .until_us = now_us + WARY_US };
        memcpy(hot->key, key.bytes, key.size);
    }
}

/* ---- holding ---- */

struct holding {
    struct decider *decider;
    size_t next; /* row of a lot: results come in the order of the lots */
};

enum status decider_row(struct decider *decider, const struct table *table, const PGresult *result, int at,
                        void *row, struct span *key, int64_t *version)
{
    static _Thread_local uint8_t bytes[KEY_SIZE_MAX];
    uint8_t image[ROW_SIZE_MAX];
    size_t key_size = 0;
    memset(row, 0, table->shape.size);
    if (!row_came(result, at, table, row, bytes, &key_size, version)) {
        postgres_die(decider->store, "a row of table %s does not fit", table->shape.name);
        return STATUS_fault;
    }
    size_t size = row_pack(table, row, image, sizeof(image));
    assert(size > 0); /* it fits its struct */
    *key = (struct span){ (const char *)bytes, key_size };
    cache_put(decider->store->cache, table->number, *key, row_hash(table, hash_bytes(bytes, key_size)), true,
              (struct span){ (const char *)image, size }, (uint64_t)*version);
    return STATUS_ok;
}

static enum status held_result(void *context, const struct sent *sent, const PGresult *result)
{
    struct decider *decider = ((struct holding *)context)->decider;
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

/* Reads or holds what was gathered in `lots`, within the transaction, which is begun if need be. */
static enum status lots_hold(struct decider *decider, bool begin, struct store_error *error)
{
    struct rows_session *work = &decider->store->keeper->work;
    struct holding holding = { .decider = decider };
    enum status status = rows_session_prepare(work, decider->lots.lots, decider->lots.count, error);
    if (status != STATUS_ok) {
        return status;
    }
    rows_session_begin(work);
    if (begin) {
        rows_session_say(work, SENT_other, "BEGIN", NULL, 0);
    }
    for (size_t i = 0; i < decider->lots.count; i++) {
        rows_session_send(work, &decider->lots.lots[i], (uint32_t)i, 0);
    }
    return rows_session_collect(work, held_result, &holding, error);
}

static int64_t cached_version(struct decider *decider, uint32_t table, struct span key, uint64_t hash)
{
    struct cached cached;
    bool known = cache_find(decider->store->cache, table, key, hash, &cached);
    return known && cached.exists ? (int64_t)cached.batch : 0;
}

/* What did not come does not exist. Returns how many were otherwise than the failed batch thought. */
static size_t notes_compare(struct decider *decider)
{
    struct postgres_store *store = decider->store;
    const struct keeper *keeper = store->keeper;
    size_t differing = 0;
    for (size_t i = 0; i < keeper->note_count; i++) {
        const struct note *note = &keeper->notes[i];
        struct span key = note_key(keeper, note);
        int64_t version = cached_version(decider, note->table, key, note->hash);
        if (version == 0) {
            cache_put(store->cache, note->table, key, note->hash, false, (struct span){ NULL, 0 }, 0);
        }
        if (note->seen != VERSION_UNREAD && note->seen != version) {
            met(decider, note);
            differing++;
        }
    }
    return differing;
}

static bool note_wanted(struct decider *decider, const struct note *note, bool differing)
{
    struct span key = note_key(decider->store->keeper, note);
    return !differing || (note->seen != VERSION_UNREAD &&
                          note->seen != cached_version(decider, note->table, key, note->hash));
}

/* The failed batch's rows as lots; `differing`: only those that were otherwise. */
static void notes_lots(struct decider *decider, enum form form, bool differing)
{
    const struct keeper *keeper = decider->store->keeper;
    lots_begin(&decider->lots, keeper->note_count + decider->hot_count);
    for (size_t i = 0; i < keeper->note_count; i++) {
        const struct note *note = &keeper->notes[i];
        if (note_wanted(decider, note, differing)) {
            struct lot_row row = { .key = note_key(keeper, note) };
            lots_add(&decider->lots, form, decider->store->by_number[note->table], &row);
        }
    }
    lots_end(&decider->lots, false);
}

static enum status notes_hold(struct decider *decider, struct store_error *error)
{
    bool all = decider->store->keeper->note_count <= HOLD_ALL_MAX || decider->tries > 1;
    notes_lots(decider, all ? FORM_lock : FORM_get, false);
    enum status status = lots_hold(decider, true, error);
    if (status != STATUS_ok) {
        return status;
    }
    size_t differing = notes_compare(decider);
    if (all || differing == 0) {
        return STATUS_ok;
    }
    notes_lots(decider, FORM_lock, true);
    return lots_hold(decider, false, error);
}

/* Rows that others have changed since they were held last stay hot. */
static void hot_look(struct decider *decider)
{
    int64_t until_us = os_monotonic_us() + WARY_US;
    for (size_t i = 0; i < decider->hot_count; i++) {
        struct hot_row *hot = &decider->hot[i];
        struct span key = { (const char *)hot->key, hot->key_size };
        int64_t version = cached_version(decider, hot->table->number, key, hot->hash);
        if (hot->met >= HOT_MET && version != hot->seen && version % NODES_MAX != decider->store->base.node) {
            hot->until_us = decider->wary_until_us = decider->table_until_us[hot->table->number] = until_us;
        }
        hot->seen = version;
    }
}

static enum status hot_hold(struct decider *decider, struct store_error *error)
{
    size_t count = 0;
    lots_begin(&decider->lots, decider->hot_count);
    for (size_t i = 0; i < decider->hot_count; i++) {
        const struct hot_row *hot = &decider->hot[i];
        if (hot->met >= HOT_MET) {
            struct lot_row row = { .key = { (const char *)hot->key, hot->key_size } };
            lots_add(&decider->lots, FORM_lock, hot->table, &row);
            count++;
        }
    }
    lots_end(&decider->lots, false);
    if (count == 0) {
        return STATUS_ok;
    }
    enum status status = lots_hold(decider, true, error);
    decider->store->keeper->open = status == STATUS_ok;
    if (status == STATUS_ok) {
        hot_look(decider);
    }
    return status;
}

/* Others hold what is wanted, or wait for what is held: all is let go and asked for again. */
static enum status hold_some(struct decider *decider, enum status (*some)(struct decider *, struct store_error *),
                             struct store_error *error)
{
    struct keeper *keeper = decider->store->keeper;
    enum status status = STATUS_conflict;
    for (int64_t i = 0; i < HOLD_TRIES && status == STATUS_conflict; i++) {
        if (i > 0) {
            os_sleep_us(HOLD_PAUSE_US * i + (int64_t)(hash_mix((uint64_t)os_monotonic_ns()) % HOLD_PAUSE_US));
        }
        status = rows_session_open(&keeper->work, error);
        if (status == STATUS_ok) {
            status = some(decider, error);
        }
        if (status != STATUS_ok && keeper->work.connection != NULL) {
            keeper_rollback(keeper);
        }
    }
    if (status == STATUS_conflict) {
        return STATUS_ok; /* undecided by locks, then: versions decide */
    }
    return status;
}

enum status decider_hold(struct decider *decider, struct store_error *error)
{
    struct keeper *keeper = decider->store->keeper;
    enum status status = STATUS_ok;
    if (!decider->redo && !decider->doubt && decider->hot_count == 0) {
        return STATUS_ok;
    }
    if (keeper_busy(keeper)) {
        return STATUS_ok; /* what is decided ahead is decided on what is known */
    }
    if (keeper->unresolved) {
        status = keeper_resolve(keeper, error);
    }
    if (status == STATUS_ok && decider->doubt) {
        status = rows_session_open(&keeper->work, error);
        if (status == STATUS_ok) {
            status = postgres_script(keeper->work.connection, "SELECT 1", error);
        }
        if (status != STATUS_ok) {
            rows_session_drop(&keeper->work);
            return status == STATUS_fault ? STATUS_fault : STATUS_away;
        }
        decider->doubt = false;
    }
    hot_expire(decider, os_monotonic_us());
    if (status == STATUS_ok && decider->redo) {
        status = hold_some(decider, notes_hold, error);
        keeper->open = status == STATUS_ok && keeper->work.connection != NULL &&
                       PQtransactionStatus(keeper->work.connection) == PQTRANS_INTRANS;
        decider->redo = status != STATUS_ok;
    } else if (status == STATUS_ok && !keeper->open && decider->hot_count > 0) {
        status = hold_some(decider, hot_hold, error);
    }
    return status;
}
