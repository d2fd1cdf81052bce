/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper's transactions are made of. Keeper thread, or the opening one before that runs. */
#include "store/sqlite_store.h"

#include "base/os_clock.h"

#define RECOVERY_ROWS 4096 /* of one transaction */

static bool step_done(struct sqlite_store *store, sqlite3_stmt *statement, const char *what)
{
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (rc != SQLITE_DONE) {
        store_die(store, store->db, what);
        return false;
    }
    return true;
}

bool transaction_begin(struct sqlite_store *store)
{
    return step_done(store, store->begin, "beginning a transaction");
}

bool transaction_commit(struct sqlite_store *store)
{
    return step_done(store, store->commit, "committing");
}

/* After a failure; whether it works does not matter any more. */
void transaction_abort(struct sqlite_store *store)
{
    if (sqlite3_get_autocommit(store->db) == 0) {
        sqlite3_step(store->rollback);
        sqlite3_reset(store->rollback);
    }
}

static bool record_store(struct sqlite_store *store, const uint8_t *bytes)
{
    struct record record;
    size_t size = record_read(bytes, RECORD_SIZE_MAX, &record);
    assert(size > 0); /* was checked when it came in */
    const struct table *table = store->by_number[record.table];
    if (table == NULL) {
        store_die(store, NULL, "the journal names a table that this version does not know");
        return false;
    }
    struct statement_set *set = &store->statements[record.table];
    sqlite3_stmt *statement = record.exists ? set->put : set->drop;
    bool bound =
        record.exists ? record_bind(statement, table, &record) : key_bind(statement, table, record.key);
    if (!bound) {
        store_die(store, NULL, "a packed row does not fit its table");
        return false;
    }
    return step_done(store, statement, "writing a row back");
}

bool write_back(struct sqlite_store *store, size_t rows)
{
    struct dirty *dirty = store->writing;
    int64_t start_ns = os_monotonic_ns();
    int64_t sort_ns = 0;
    size_t written = 0;
    while (written < rows && dirty->table_next < TABLE_COUNT_MAX) {
        struct dirty_table *table = &dirty->tables[dirty->table_next];
        if (!table->sorted) {
            int64_t sort_start_ns = os_monotonic_ns();
            if (!dirty_sort(dirty, dirty->table_next)) {
                store_die(store, NULL, "no memory to sort changed rows");
                return false;
            }
            sort_ns += os_monotonic_ns() - sort_start_ns;
        }
        while (table->next < table->count && written < rows) {
            if (table->next + 4 < table->count) {
                __builtin_prefetch(table->rows[table->next + 4].record);
            }
            if (!record_store(store, table->rows[table->next].record)) {
                return false;
            }
            table->next++;
            written++;
        }
        if (table->next == table->count) {
            dirty->table_next++;
        }
    }
    dirty->row_next += written;
    if (written >= 64) {
        int64_t row_ns = (os_monotonic_ns() - start_ns - sort_ns) / (int64_t)written;
        store->row_ns = (store->row_ns * 7 + row_ns) / 8;
    }
    return true;
}

bool written_store(struct sqlite_store *store, uint64_t batch)
{
    sqlite3_bind_int64(store->written_set, 1, (int64_t)batch);
    return step_done(store, store->written_set, "noting what is written back");
}

bool journal_trim(struct sqlite_store *store, uint64_t batches)
{
    uint64_t written = atomic_load_explicit(&store->written_batch, memory_order_relaxed);
    if (store->journal_first > written || batches == 0) {
        return true;
    }
    uint64_t end = store->journal_first + batches;
    if (end > written + 1) {
        end = written + 1;
    }
    sqlite3_bind_int64(store->journal_drop, 1, journal_sequence(end, 0));
    if (!step_done(store, store->journal_drop, "trimming the journal")) {
        return false;
    }
    store->journal_first = end;
    return true;
}

bool write_back_all(struct sqlite_store *store)
{
    bool done = false;
    while (!done) {
        if (!transaction_begin(store) || !write_back(store, RECOVERY_ROWS)) {
            return false;
        }
        done = store->writing->table_next == TABLE_COUNT_MAX;
        if (done && !written_store(store, store->writing->batch_last)) {
            return false;
        }
        if (!transaction_commit(store)) {
            return false;
        }
    }
    atomic_store_explicit(&store->written_batch, store->writing->batch_last, memory_order_release);
    dirty_clear(store->writing);
    if (!transaction_begin(store) || !journal_trim(store, UINT32_MAX)) {
        return false;
    }
    return transaction_commit(store);
}
