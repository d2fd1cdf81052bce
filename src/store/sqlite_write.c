/* SPDX-License-Identifier: Apache-2.0 */
/* What the transactions of write-back are made of. Write-back thread, or the opening one before that runs. */
#include "store/sqlite_store.h"

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

bool write_back(struct sqlite_store *store, size_t rows, bool *done)
{
    struct dirty *dirty = store->writing;
    size_t written = 0;
    while (written < rows && dirty->table_next < TABLE_COUNT_MAX) {
        struct dirty_table *table = &dirty->tables[dirty->table_next];
        if (!table->sorted && !dirty_sort(dirty, dirty->table_next)) {
            store_die(store, NULL, "no memory to sort changed rows");
            return false;
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
    *done = dirty->table_next == TABLE_COUNT_MAX;
    return true;
}

bool written_store(struct sqlite_store *store, uint64_t batch)
{
    sqlite3_bind_int64(store->written_set, 1, (int64_t)batch);
    return step_done(store, store->written_set, "noting what is written back");
}

bool write_back_all(struct sqlite_store *store)
{
    bool done;
    uint64_t batch = store->writing->batch_last;
    if (!transaction_begin(store) || !write_back(store, SIZE_MAX, &done) || !written_store(store, batch) ||
        !transaction_commit(store)) {
        return false;
    }
    assert(done);
    atomic_store_explicit(&store->written_batch, batch, memory_order_release);
    dirty_clear(store->writing);
    return true;
}

bool journal_note(struct sqlite_store *store, int64_t journal)
{
    sqlite3_bind_int64(store->journal_set, 1, journal);
    return step_done(store, store->journal_set, "noting which journal the store needs");
}
