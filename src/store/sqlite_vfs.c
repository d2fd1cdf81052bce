/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VFS on top of another one. SQLite writes each page of its log in two calls; here they are gathered and
 * written in large ones. What is gathered goes down before anything that could tell: a sync, a read, a size,
 * a write elsewhere. The log's index names a frame to other connections only after the sync of its commit
 * (synchronous=FULL), so nobody looks for a frame that is still gathered.
 *
 * Write-back hands over many megabytes at once. Left to the one sync at the end they would queue up before the
 * journal's next sync, and payments would wait for all of them: therefore the database file and its log are
 * synced a piece at a time, with a pause after each.
 *
 * One per store, so that its writes can be counted. Files are used by one thread each.
 */
#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>

#define GATHERED_MAX ((size_t)120 << 10) /* SQLite's own VFS takes less than 128 KiB at a time */

#define PIECE_BYTES ((size_t)1 << 20)    /* between two syncs */

struct vfs {
    sqlite3_vfs base;
    sqlite3_vfs *below;
    struct vfs_counts counts;
    void (*pause)(void *context); /* after a piece; NULL: none */
    void *pause_context;
    char name[48];
};

struct vfs_file {
    sqlite3_file base;
    struct vfs *vfs;
    uint8_t *gathered; /* logs only */
    size_t gathered_size;
    sqlite3_int64 gathered_at;
    bool in_pieces;  /* the database file and its log */
    size_t unsynced; /* bytes written since the last sync */
    sqlite3_file *below; /* right behind this struct */
};

static struct vfs_file *as_file(sqlite3_file *file)
{
    return (struct vfs_file *)file;
}

static int write_down(struct vfs_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    int rc = file->below->pMethods->xWrite(file->below, bytes, size, at);
    atomic_fetch_add_explicit(&file->vfs->counts.bytes_written, (uint64_t)size, memory_order_relaxed);
    file->unsynced += (size_t)size;
    return rc;
}

static int sync_down(struct vfs_file *file, int flags)
{
    file->unsynced = 0;
    atomic_fetch_add_explicit(&file->vfs->counts.syncs, 1, memory_order_relaxed);
    return file->below->pMethods->xSync(file->below, flags);
}

static int flush(struct vfs_file *file)
{
    if (file->gathered_size == 0) {
        return SQLITE_OK;
    }
    int size = (int)file->gathered_size;
    file->gathered_size = 0; /* after a failure the connection is given up */
    return write_down(file, file->gathered, size, file->gathered_at);
}

static int file_close(sqlite3_file *base)
{
    struct vfs_file *file = as_file(base);
    int flushed = flush(file);
    int rc = file->below->pMethods->xClose(file->below);
    free(file->gathered);
    file->gathered = NULL;
    return rc != SQLITE_OK ? rc : flushed;
}

static int file_read(sqlite3_file *base, void *bytes, int size, sqlite3_int64 at)
{
    struct vfs_file *file = as_file(base);
    int rc = flush(file);
    return rc != SQLITE_OK ? rc : file->below->pMethods->xRead(file->below, bytes, size, at);
}

static int gather(struct vfs_file *file, const void *bytes, size_t size, sqlite3_int64 at)
{
    if (at != file->gathered_at + (sqlite3_int64)file->gathered_size || file->gathered_size + size > GATHERED_MAX) {
        int rc = flush(file);
        if (rc != SQLITE_OK) {
            return rc;
        }
        file->gathered_at = at;
    }
    if (size > GATHERED_MAX) {
        return write_down(file, bytes, (int)size, at);
    }
    memcpy(file->gathered + file->gathered_size, bytes, size);
    file->gathered_size += size;
    return SQLITE_OK;
}

static int file_write(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 at)
{
    struct vfs_file *file = as_file(base);
    int rc = file->gathered != NULL ? gather(file, bytes, (size_t)size, at) : write_down(file, bytes, size, at);
    if (rc == SQLITE_OK && file->in_pieces && file->unsynced >= PIECE_BYTES) {
        rc = sync_down(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
        if (file->vfs->pause != NULL) {
            file->vfs->pause(file->vfs->pause_context);
        }
    }
    return rc;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct vfs_file *file = as_file(base);
    int rc = flush(file);
    return rc != SQLITE_OK ? rc : file->below->pMethods->xTruncate(file->below, size);
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct vfs_file *file = as_file(base);
    int rc = flush(file);
    return rc != SQLITE_OK ? rc : sync_down(file, flags);
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    struct vfs_file *file = as_file(base);
    int rc = flush(file);
    return rc != SQLITE_OK ? rc : file->below->pMethods->xFileSize(file->below, size);
}

static int file_lock(sqlite3_file *base, int level)
{
    return as_file(base)->below->pMethods->xLock(as_file(base)->below, level);
}

static int file_unlock(sqlite3_file *base, int level)
{
    return as_file(base)->below->pMethods->xUnlock(as_file(base)->below, level);
}

static int file_reserved(sqlite3_file *base, int *result)
{
    return as_file(base)->below->pMethods->xCheckReservedLock(as_file(base)->below, result);
}

static int file_control(sqlite3_file *base, int operation, void *argument)
{
    return as_file(base)->below->pMethods->xFileControl(as_file(base)->below, operation, argument);
}

static int file_sector_size(sqlite3_file *base)
{
    return as_file(base)->below->pMethods->xSectorSize(as_file(base)->below);
}

static int file_traits(sqlite3_file *base)
{
    return as_file(base)->below->pMethods->xDeviceCharacteristics(as_file(base)->below);
}

static int file_shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **memory)
{
    return as_file(base)->below->pMethods->xShmMap(as_file(base)->below, page, size, extend, memory);
}

static int file_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    return as_file(base)->below->pMethods->xShmLock(as_file(base)->below, offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *base)
{
    as_file(base)->below->pMethods->xShmBarrier(as_file(base)->below);
}

static int file_shm_unmap(sqlite3_file *base, int drop)
{
    return as_file(base)->below->pMethods->xShmUnmap(as_file(base)->below, drop);
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 2, /* without memory mapping: there an I/O error is a signal, not a status */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int vfs_file_open(sqlite3_vfs *base, const char *name, sqlite3_file *opened, int flags, int *flags_out)
{
    struct vfs *vfs = (struct vfs *)base;
    struct vfs_file *file = as_file(opened);
    *file = (struct vfs_file){ .vfs = vfs, .below = (void *)(file + 1) };
    int rc = vfs->below->xOpen(vfs->below, name, file->below, flags, flags_out);
    if (file->below->pMethods == NULL) {
        return rc;
    }
    if (rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0) {
        file->gathered = malloc(GATHERED_MAX);
        if (file->gathered == NULL) {
            file->below->pMethods->xClose(file->below);
            return SQLITE_NOMEM;
        }
    }
    file->in_pieces = (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0;
    file->base.pMethods = &file_methods;
    return rc;
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync_directory)
{
    sqlite3_vfs *below = ((struct vfs *)base)->below;
    return below->xDelete(below, name, sync_directory);
}

static int vfs_access(sqlite3_vfs *base, const char *name, int flags, int *result)
{
    sqlite3_vfs *below = ((struct vfs *)base)->below;
    return below->xAccess(below, name, flags, result);
}

static int vfs_full_path(sqlite3_vfs *base, const char *name, int size, char *path)
{
    sqlite3_vfs *below = ((struct vfs *)base)->below;
    return below->xFullPathname(below, name, size, path);
}

static int vfs_randomness(sqlite3_vfs *base, int size, char *bytes)
{
    sqlite3_vfs *below = ((struct vfs *)base)->below;
    return below->xRandomness(below, size, bytes);
}

static int vfs_sleep(sqlite3_vfs *base, int us)
{
    sqlite3_vfs *below = ((struct vfs *)base)->below;
    return below->xSleep(below, us);
}

static int vfs_time(sqlite3_vfs *base, sqlite3_int64 *now)
{
    sqlite3_vfs *below = ((struct vfs *)base)->below;
    return below->xCurrentTimeInt64(below, now);
}

static int vfs_last_error(sqlite3_vfs *base, int size, char *text)
{
    sqlite3_vfs *below = ((struct vfs *)base)->below;
    return below->xGetLastError(below, size, text);
}

struct vfs *vfs_open(const char *below_name)
{
    static atomic_uint number;
    pages_install();
    sqlite3_vfs *below = sqlite3_vfs_find(below_name);
    struct vfs *vfs = below != NULL ? calloc(1, sizeof(*vfs)) : NULL;
    if (vfs == NULL) {
        return NULL;
    }
    snprintf(vfs->name, sizeof(vfs->name), "onetill-%u", atomic_fetch_add(&number, 1));
    vfs->below = below;
    vfs->base = (sqlite3_vfs){ .iVersion = 2,
                               .szOsFile = (int)sizeof(struct vfs_file) + below->szOsFile,
                               .mxPathname = below->mxPathname,
                               .zName = vfs->name,
                               .xOpen = vfs_file_open,
                               .xDelete = vfs_delete,
                               .xAccess = vfs_access,
                               .xFullPathname = vfs_full_path,
                               .xRandomness = vfs_randomness,
                               .xSleep = vfs_sleep,
                               .xGetLastError = vfs_last_error,
                               .xCurrentTimeInt64 = vfs_time };
    if (sqlite3_vfs_register(&vfs->base, 0) != SQLITE_OK) {
        free(vfs);
        return NULL;
    }
    return vfs;
}

const char *vfs_name(const struct vfs *vfs)
{
    return vfs->name;
}

void vfs_pause_set(struct vfs *vfs, void (*pause)(void *context), void *context)
{
    vfs->pause = pause;
    vfs->pause_context = context;
}

struct vfs_counts *vfs_counts(struct vfs *vfs)
{
    return &vfs->counts;
}

void vfs_close(struct vfs *vfs)
{
    if (vfs != NULL) {
        sqlite3_vfs_unregister(&vfs->base);
        free(vfs);
    }
}
