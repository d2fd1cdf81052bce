/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: lock, schema, recovery, statements, threads. */
#include "store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/os_random.h"

#define DEFAULT_PAGE_CACHE_BYTES (INT64_C(128) << 20)
#define DEFAULT_WAL_BYTES (INT64_C(128) << 20)
#define READ_CACHE_KIB 196608 /* the inner pages of tables of ten million rows, and some more */
#define GENERATION_ROWS_LEAST 600000
#define GENERATION_ROWS_MOST 1200000 /* after a kill two of them are written back before anything is served */
#define GENERATION_ROW_CACHE 2048 /* bytes of cache for which a generation has a row */
#define GENERATION_ROW_BYTES 168
#define DEFAULT_GENERATION_AGE_US 1000000
#define DEFAULT_QUERY_US_MAX 10000000
#define DEFAULT_BEGIN_US_MAX 4000000

static int64_t or_default(int64_t value, int64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

/*
 * The larger a file, the fewer rows of a generation share a page of it, and pages are what write-back costs: twice the
 * rows take much less than twice the pages. What that takes of memory goes with the cache, which goes with the file.
 */
static int64_t generation_rows_fit(int64_t cache_bytes)
{
    return min_i64(max_i64(cache_bytes / GENERATION_ROW_CACHE, GENERATION_ROWS_LEAST), GENERATION_ROWS_MOST);
}

static struct sqlite_settings settings_filled(const char *path, const struct sqlite_settings *given)
{
    struct sqlite_settings settings = given != NULL ? *given : (struct sqlite_settings){ 0 };
    settings.cache_bytes = settings.cache_bytes > 0 ? settings.cache_bytes : cache_bytes_fit(path);
    settings.page_cache_bytes = or_default(settings.page_cache_bytes, DEFAULT_PAGE_CACHE_BYTES);
    settings.wal_bytes = or_default(settings.wal_bytes, DEFAULT_WAL_BYTES);
    settings.generation_rows =
        (uint32_t)or_default(settings.generation_rows, generation_rows_fit(settings.cache_bytes));
    settings.generation_bytes =
        or_default(settings.generation_bytes, (int64_t)settings.generation_rows * GENERATION_ROW_BYTES);
    settings.generation_age_us = or_default(settings.generation_age_us, DEFAULT_GENERATION_AGE_US);
    settings.query_us_max = or_default(settings.query_us_max, DEFAULT_QUERY_US_MAX);
    settings.begin_us_max = or_default(settings.begin_us_max, DEFAULT_BEGIN_US_MAX);
    return settings;
}

/* One serving process per file. The lock goes with the descriptor, so also with a kill. */
static enum status lock_take(struct sqlite_store *store, struct store_error *error)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof(path), "%s.lock", store->path) >= sizeof(path)) {
        error_set(error, "the path is too long");
        return STATUS_bad_input;
    }
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) {
        error_set(error, "%.150s: %s", path, strerror(errno));
        return STATUS_fault;
    }
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        bool taken = errno == EWOULDBLOCK;
        error_set(error, taken ? "%.150s is being served by another process" : "%.150s cannot be locked",
                  store->path);
        return taken ? STATUS_busy : STATUS_fault;
    }
    return STATUS_ok;
}

/* The names of the file and its log must outlive a power cut as their contents do. */
static enum status directory_sync(const char *path, struct store_error *error)
{
    const char *slash = strrchr(path, '/');
    char *name = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    int fd = name != NULL ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok) {
        error_set(error, "the folder of %.150s: %s", path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    free(name);
    return ok ? STATUS_ok : STATUS_fault;
}

/* Called by the thread that commits. */
static int log_grown(void *context, sqlite3 *db, const char *name, int pages)
{
    struct sqlite_store *store = context;
    (void)db;
    (void)name;
    store->wal_pages = pages;
    return SQLITE_OK;
}

static enum status prepare(sqlite3 *db, const char *text, sqlite3_stmt **statement, struct store_error *error)
{
    int rc = sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    if (rc != SQLITE_OK) {
        error_set(error, "%.80s: %s", text, sqlite3_errmsg(db));
    }
    return status_of(rc);
}

static enum status table_prepare(sqlite3 *db, const struct table *table,
                                 void (*write)(struct sql *sql, const struct table *table),
                                 sqlite3_stmt **statement, struct store_error *error)
{
    struct sql sql = { 0 };
    write(&sql, table);
    assert(!sql.failed);
    return prepare(db, sql.text, statement, error);
}

/* Statements of the write connection. */
static enum status writes_prepare(struct sqlite_store *store, struct store_error *error)
{
    struct {
        const char *text;
        sqlite3_stmt **statement;
    } list[] = {
        { "BEGIN IMMEDIATE", &store->begin },
        { "COMMIT", &store->commit },
        { "ROLLBACK", &store->rollback },
        { "UPDATE meta SET value = ? WHERE name = 'written'", &store->written_set },
        { "UPDATE meta SET value = ? WHERE name = 'journal'", &store->journal_set },
    };
    enum status status = STATUS_ok;
    for (size_t i = 0; i < COUNT_OF(list) && status == STATUS_ok; i++) {
        status = prepare(store->db, list[i].text, list[i].statement, error);
    }
    for (size_t i = 0; store->base.tables[i] != NULL && status == STATUS_ok; i++) {
        const struct table *table = store->base.tables[i];
        struct statement_set *set = &store->statements[table->number];
        status = table_prepare(store->db, table, sql_put, &set->put, error);
        if (status == STATUS_ok) {
            status = table_prepare(store->db, table, sql_drop, &set->drop, error);
        }
    }
    return status;
}

/* The largest key of the table: what is above it need not be looked for. */
static enum status ceiling_read(struct sqlite_store *store, const struct table *table,
                                struct store_error *error)
{
    struct sql sql = { 0 };
    sqlite3_stmt *select = NULL;
    sql_scan(&sql, table, false, true);
    assert(!sql.failed);
    enum status status = prepare(store->reads, sql.text, &select, error);
    int rc = status == STATUS_ok ? sqlite3_step(select) : SQLITE_DONE;
    if (rc == SQLITE_ROW) {
        _Alignas(16) uint8_t row[ROW_SIZE_MAX] = { 0 };
        uint8_t key[KEY_SIZE_MAX];
        if (!row_decode(select, table, 0, row)) {
            error_set(error, "table %s: the last row does not fit", table->shape.name);
            status = STATUS_bad_input;
        } else {
            size_t size = row_key_write(table, row, key);
            cache_ceiling_raise(store->cache, table->number, (struct span){ (const char *)key, size });
        }
    } else if (rc != SQLITE_DONE) {
        status = STATUS_fault;
        error_set(error, "table %s: %s", table->shape.name, sqlite3_errmsg(store->reads));
    }
    sqlite3_finalize(select);
    return status;
}

static enum status reads_prepare(struct sqlite_store *store, struct store_error *error)
{
    enum status status =
        connection_open(store->path, vfs_name(store->vfs), CONNECT_read, &store->reads, error);
    if (status == STATUS_ok) {
        char pragma[64];
        snprintf(pragma, sizeof(pragma), "PRAGMA cache_size=-%d", READ_CACHE_KIB);
        sqlite3_exec(store->reads, pragma, NULL, NULL, NULL);
        status = prepare(store->reads, "BEGIN", &store->reads_begin, error);
    }
    if (status == STATUS_ok) {
        status = prepare(store->reads, "COMMIT", &store->reads_end, error);
    }
    for (size_t i = 0; store->base.tables[i] != NULL && status == STATUS_ok; i++) {
        const struct table *table = store->base.tables[i];
        status = table_prepare(store->reads, table, sql_get, &store->statements[table->number].get, error);
        if (status == STATUS_ok) {
            status = ceiling_read(store, table, error);
        }
    }
    return status;
}

struct meta {
    int64_t written, journal;
};

static enum status meta_read(struct sqlite_store *store, struct meta *meta, struct store_error *error)
{
    enum status status = meta_get(store->db, "written", &meta->written);
    if (status == STATUS_ok) {
        status = meta_get(store->db, "journal", &meta->journal);
    }
    if (status != STATUS_ok) {
        error_set(error, "its meta data cannot be read: %s", sqlite3_errmsg(store->db));
        return status == STATUS_not_found ? STATUS_bad_input : status;
    }
    int64_t copying = 0;
    if (meta_get(store->db, "copying", &copying) == STATUS_ok && copying != 0) {
        error_set(error, "a copy into it is not finished: repeat the copy");
        return STATUS_busy;
    }
    return STATUS_ok;
}

/* The rows that the tables lack. */
static enum status missing_read(struct sqlite_store *store, const struct meta *meta, struct store_error *error)
{
    struct journal_source source = { .vfs = vfs_name(store->vfs),
                                     .store_path = store->path,
                                     .written = (uint64_t)meta->written,
                                     .most = UINT64_MAX };
    store->writing->batch_last = source.written;
    if (meta->journal <= 0) {
        source.journal = (uint64_t)-meta->journal;
        return journal_idle_check(&source, error);
    }
    source.journal = (uint64_t)meta->journal;
    enum status status = journal_rows(&source, store->writing, error);
    return status == STATUS_busy ? STATUS_bad_input : status; /* nobody else is at it */
}

/*
 * What the file says of its journal, in a transaction that is written and synced even when it said so before: SQLite
 * leaves a page alone whose bytes would stay, so another value goes first.
 */
static enum status journal_say(struct sqlite_store *store, int64_t journal, struct store_error *error)
{
    if (!transaction_begin(store) || !journal_note(store, ~journal) || !journal_note(store, journal) ||
        !transaction_commit(store)) {
        transaction_abort(store);
        error_set(error, "%.200s", store->fault.text);
        return STATUS_fault;
    }
    return STATUS_ok;
}

/*
 * A new journal. The file says first that it needs none, then which one it needs; between the two it stands
 * alone, whatever lies beside it. It says so again when it said so already: what was read may be what a killed
 * process had written and not synced, and the old journal goes only once that is durable.
 */
static enum status journal_begin(struct sqlite_store *store, int64_t old, struct store_error *error)
{
    uint64_t written = atomic_load(&store->written_batch);
    struct journal_header header = { .journal = os_random_u64() >> 2 | 1, .base = written };
    enum status status = journal_say(store, old > 0 ? -old : old, error);
    if (status == STATUS_ok) {
        status = journal_create(vfs_name(store->vfs), store->path, &header, &store->written_batch, &store->journal,
                                error);
    }
    if (status == STATUS_ok) {
        status = directory_sync(store->path, error);
    }
    return status == STATUS_ok ? journal_say(store, (int64_t)header.journal, error) : status;
}

/* Writes back what the journal holds; afterwards the tables are complete and the journal is a new one. */
static enum status recover(struct sqlite_store *store, struct store_error *error)
{
    struct meta meta = { 0 };
    enum status status = meta_read(store, &meta, error);
    if (status != STATUS_ok) {
        return status;
    }
    atomic_store(&store->written_batch, (uint64_t)meta.written);
    status = missing_read(store, &meta, error);
    if (status != STATUS_ok) {
        return status;
    }
    if (store->writing->batch_last > (uint64_t)meta.written && !write_back_all(store)) {
        transaction_abort(store);
        error_set(error, "recovery: %.200s", store->fault.text);
        return STATUS_fault;
    }
    status = journal_begin(store, meta.journal, error);
    store->batch_kept = atomic_load(&store->written_batch);
    atomic_store(&store->evictable_batch, store->batch_kept);
    atomic_store(&store->done_batch, store->batch_kept);
    store->collecting->batch_last = store->batch_kept;
    return status;
}

static enum status indexes_create(struct sqlite_store *store, struct store_error *error)
{
    const char *const *index = store->settings.indexes;
    for (; index != NULL && *index != NULL; index++) {
        int rc = sqlite3_exec(store->db, *index, NULL, NULL, NULL);
        if (rc != SQLITE_OK) {
            error_set(error, "%.100s: %s", *index, sqlite3_errmsg(store->db));
            return status_of(rc);
        }
    }
    return STATUS_ok;
}

static enum status file_open(struct sqlite_store *store, struct store_error *error)
{
    enum status status = connection_open(store->path, vfs_name(store->vfs), CONNECT_write, &store->db, error);
    if (status != STATUS_ok) {
        return status;
    }
    char pragma[64];
    snprintf(pragma, sizeof(pragma), "PRAGMA cache_size=-%lld",
             (long long)store->settings.page_cache_bytes / 1024);
    sqlite3_exec(store->db, pragma, NULL, NULL, NULL);
    status = schema_prepare(store->db, store->base.tables, error);
    if (status == STATUS_ok) {
        status = page_size_get(store->db, &store->page_size, error);
    }
    if (status == STATUS_ok) {
        status = directory_sync(store->path, error);
    }
    if (status == STATUS_ok) {
        status = indexes_create(store, error);
    }
    if (status == STATUS_ok) {
        status = writes_prepare(store, error);
    }
    if (status == STATUS_ok) {
        sqlite3_wal_hook(store->db, log_grown, store);
        status = recover(store, error);
    }
    if (status == STATUS_ok) {
        status = reads_prepare(store, error);
    }
    return status;
}

static enum status threads_start(struct sqlite_store *store, struct store_error *error)
{
    if (pthread_create(&store->writer, NULL, writer_run, store) != 0) {
        error_set(error, "no thread for write-back");
        return STATUS_fault;
    }
    if (pthread_create(&store->keeper, NULL, keeper_run, store) != 0) {
        error_set(error, "no thread for the keeper");
        writer_stop(store);
        return STATUS_fault;
    }
    pthread_setname_np(store->keeper, "keeper");
    pthread_setname_np(store->writer, "write-back");
    return STATUS_ok;
}

static struct sqlite_store *store_new(const char *path, const struct table *const *tables,
                                      const struct sqlite_settings *settings)
{
    struct sqlite_store *store = calloc(1, sizeof(*store));
    pthread_condattr_t monotonic;
    assert(store != NULL);
    store->base = (struct store){ .ops = &sqlite_ops, .tables = tables };
    store->settings = settings_filled(path, settings);
    store->lock_fd = -1;
    store->path = strdup(path);
    assert(store->path != NULL);
    pthread_mutex_init(&store->lock, NULL);
    pthread_mutex_init(&store->read_gate, NULL);
    pthread_mutex_init(&store->warmer.lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&store->keeper_wake, &monotonic);
    pthread_cond_init(&store->room_wake, &monotonic);
    pthread_cond_init(&store->writer_wake, &monotonic);
    pthread_cond_init(&store->written_wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (size_t i = 0; tables[i] != NULL; i++) {
        assert(tables[i]->number < TABLE_COUNT_MAX);
        assert(store->by_number[tables[i]->number] == NULL);
        store->by_number[tables[i]->number] = tables[i];
    }
    dirty_init(&store->generations[0]);
    dirty_init(&store->generations[1]);
    store->collecting = &store->generations[0];
    store->writing = &store->generations[1];
    store->cache = cache_open(store->settings.cache_bytes, &store->evictable_batch);
    return store;
}

enum status store_sqlite_open(const char *path, const struct table *const *tables,
                              const struct sqlite_settings *settings, struct store **opened,
                              struct store_error *error)
{
    struct sqlite_store *store = store_new(path, tables, settings);
    if (error != NULL) {
        error->text[0] = 0;
    }
    enum status status = lock_take(store, error);
    if (status == STATUS_ok) {
        store->vfs = vfs_open(store->settings.vfs);
        if (store->vfs == NULL) {
            error_set(error, "there is no such SQLite VFS");
            status = STATUS_bad_input;
        }
    }
    if (status == STATUS_ok) {
        status = file_open(store, error);
    }
    if (status == STATUS_ok) {
        status = threads_start(store, error);
    }
    if (status != STATUS_ok) {
        store->settings.leave_journal = true; /* touch the file no more */
        store_free(store);
        return status;
    }
    warmer_start(store);
    *opened = &store->base;
    return STATUS_ok;
}
