/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal.h"

#include "base/os_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STEP_PAGES 2048
#define TRIES 20

/*
 * Begins a read transaction, and puts what the journal holds beyond it into a journal beside the copy. While others
 * write, the journal may have gone on since the transaction began: then both are done again.
 */
static enum status snapshot_take(sqlite3 *from, const char *path, const char *copy_path, struct store_error *error)
{
    enum status status = STATUS_busy;
    for (int i = 0; i < TRIES && status == STATUS_busy; i++) {
        int64_t journal = 0;
        int64_t written = 0;
        os_sleep_us(i * 1000);
        status = status_of(sqlite3_exec(from, "BEGIN", NULL, NULL, NULL));
        if (status == STATUS_ok) {
            status = meta_get(from, "written", &written);
        }
        if (status == STATUS_ok) {
            status = meta_get(from, "journal", &journal);
        }
        if (status != STATUS_ok) {
            error_set(error, "copying: %s", sqlite3_errmsg(from));
            return status;
        }
        if (journal > 0) {
            struct journal_source source = { NULL, path, (uint64_t)journal, (uint64_t)written, UINT64_MAX };
            if (error != NULL) {
                error->text[0] = 0;
            }
            status = journal_copy(&source, copy_path, error);
        }
        if (status != STATUS_ok) {
            sqlite3_exec(from, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    return status == STATUS_busy ? STATUS_bad_input : status;
}

/* Copies the pages of one read transaction: a busy server does not make the copy begin again. */
static enum status pages_copy(sqlite3 *from, const char *path, backup_progress *progress, void *context,
                              struct store_error *error)
{
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK) { /* synced as a whole at the end */
        rc = sqlite3_exec(to, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF", NULL, NULL, NULL);
    }
    sqlite3_backup *copy = rc == SQLITE_OK ? sqlite3_backup_init(to, "main", from, "main") : NULL;
    while (copy != NULL && (rc = sqlite3_backup_step(copy, STEP_PAGES)) == SQLITE_OK) {
        if (progress != NULL) {
            int pages = sqlite3_backup_pagecount(copy);
            progress(context, pages - sqlite3_backup_remaining(copy), pages);
        }
    }
    if (copy != NULL) {
        int finished = sqlite3_backup_finish(copy);
        rc = rc == SQLITE_DONE ? finished : rc;
    }
    if (rc != SQLITE_OK || copy == NULL) {
        error_set(error, "copying: %s / %s", sqlite3_errmsg(from),
                  to != NULL ? sqlite3_errmsg(to) : "no memory");
        rc = rc == SQLITE_OK ? SQLITE_IOERR : rc;
    }
    sqlite3_close(to);
    return rc == SQLITE_OK ? STATUS_ok : status_of(rc) == STATUS_busy ? STATUS_busy : STATUS_fault;
}

/* Serves the copy for a moment: recovery writes the journal back, closing moves the log in. */
static enum status copy_settle(const char *path, const struct table *const *tables, struct store_error *error)
{
    struct store *store;
    struct sqlite_settings settings = { .cache_bytes = 1 << 20 };
    char lock[4096 + 8];
    enum status status = store_sqlite_open(path, tables, &settings, &store, error);
    if (status != STATUS_ok) {
        return status;
    }
    store->ops->close(store);
    snprintf(lock, sizeof(lock), "%s.lock", path);
    unlink(lock);
    return STATUS_ok;
}

static enum status copy_verify(const char *path, const struct table *const *tables, struct store_error *error)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *check = NULL;
    enum status status = connection_open(path, NULL, CONNECT_read, &db, error);
    if (status != STATUS_ok) {
        return status;
    }
    status = schema_check(db, tables, error);
    if (status == STATUS_ok) {
        int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &check, NULL);
        rc = rc == SQLITE_OK ? sqlite3_step(check) : rc;
        const char *verdict =
            rc == SQLITE_ROW ? (const char *)sqlite3_column_text(check, 0) : sqlite3_errmsg(db);
        if (verdict == NULL || strcmp(verdict, "ok") != 0) {
            error_set(error, "the copy is damaged: %s", verdict != NULL ? verdict : "no memory");
            status = STATUS_fault;
        }
        sqlite3_finalize(check);
    }
    sqlite3_close(db);
    return status;
}

/* Empty; its journal takes its mode. */
static enum status file_create(const char *path, struct store_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        error_set(error, "%.150s: %s", path, strerror(errno));
        return STATUS_fault;
    }
    close(fd);
    return STATUS_ok;
}

static enum status path_sync(const char *path, struct store_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok) {
        error_set(error, "%.150s: %s", path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return ok ? STATUS_ok : STATUS_fault;
}

/* `link` refuses a name that exists; a file that appeared meanwhile is left alone. */
static enum status name_give(const char *partial, const char *to, struct store_error *error)
{
    if (link(partial, to) != 0) {
        error_set(error, "%.150s: %s", to, strerror(errno));
        return errno == EEXIST ? STATUS_bad_input : STATUS_fault;
    }
    unlink(partial);
    const char *slash = strrchr(to, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(to, slash == to ? 1 : (size_t)(slash - to));
    enum status status = folder != NULL ? path_sync(folder, error) : STATUS_fault;
    free(folder);
    return status;
}

static void partial_remove(const char *partial)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-journal", ".journal", ".lock" };
    char name[4096 + 16];
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        snprintf(name, sizeof(name), "%s%s", partial, endings[i]);
        unlink(name);
    }
}

enum status store_sqlite_backup(const char *path, const char *to, const struct table *const *tables,
                                backup_progress *progress, void *context, struct store_error *error)
{
    char partial[4096];
    sqlite3 *from = NULL;
    if (error != NULL) {
        error->text[0] = 0;
    }
    if (access(to, F_OK) == 0 ||
        (size_t)snprintf(partial, sizeof(partial), "%s.partial", to) >= sizeof(partial)) {
        error_set(error, "%.150s exists already, or its name is too long", to);
        return STATUS_bad_input;
    }
    partial_remove(partial);
    enum status status = connection_open(path, NULL, CONNECT_read, &from, error);
    if (status == STATUS_ok) {
        status = schema_check(from, tables, error);
    }
    if (status == STATUS_ok) {
        status = file_create(partial, error);
    }
    if (status == STATUS_ok) {
        status = snapshot_take(from, path, partial, error);
    }
    if (status == STATUS_ok) {
        status = pages_copy(from, partial, progress, context, error);
    }
    sqlite3_close(from);
    if (status == STATUS_ok) {
        status = copy_settle(partial, tables, error);
    }
    if (status == STATUS_ok) {
        status = copy_verify(partial, tables, error);
    }
    if (status == STATUS_ok) {
        status = path_sync(partial, error);
    }
    if (status == STATUS_ok) {
        status = name_give(partial, to, error);
    }
    partial_remove(partial);
    return status;
}
