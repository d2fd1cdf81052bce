/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fault_vfs.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a write replaced, newest first. */
struct undo {
    struct undo *next;
    char name[128];
    sqlite3_int64 at, old_size; /* of the file */
    int size;
    unsigned char bytes[]; /* those that were there before */
};

static struct {
    pthread_mutex_t lock;
    enum fault fault;
    long countdown; /* operations until the fault */
    bool sticky;
    bool fired;
    bool remember; /* for a power cut */
    struct undo *undo;
} faults = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct fault_file {
    sqlite3_file base;
    sqlite3_file *below;
    char name[128];
};

static sqlite3_file *fault_below(sqlite3_file *file)
{
    return ((struct fault_file *)file)->below;
}

/* Whether this operation shall fail. */
static bool fault_due(bool read)
{
    bool due = false;
    pthread_mutex_lock(&faults.lock);
    if (faults.fault != FAULT_none && read == (faults.fault == FAULT_read)) {
        if (faults.countdown > 0) {
            faults.countdown--;
        }
        due = faults.countdown == 0 && (faults.sticky || !faults.fired);
        faults.fired = faults.fired || due;
    }
    pthread_mutex_unlock(&faults.lock);
    return due;
}

static void undo_note(struct fault_file *file, int size, sqlite3_int64 at)
{
    pthread_mutex_lock(&faults.lock);
    if (faults.remember) {
        struct undo *undo = calloc(1, sizeof(*undo) + (size_t)size);
        assert_non_null(undo);
        int fd = open(file->name, O_RDONLY);
        assert_true(fd >= 0);
        undo->old_size = lseek(fd, 0, SEEK_END);
        ssize_t got = size > 0 ? pread(fd, undo->bytes, (size_t)size, at) : 0;
        assert_true(got >= 0);
        close(fd);
        memcpy(undo->name, file->name, sizeof(undo->name));
        undo->at = at;
        undo->size = (int)got;
        undo->next = faults.undo;
        faults.undo = undo;
    }
    pthread_mutex_unlock(&faults.lock);
}

static void undo_forget(const char *name)
{
    pthread_mutex_lock(&faults.lock);
    for (struct undo **at = &faults.undo; *at != NULL;) {
        if (name == NULL || strcmp((*at)->name, name) == 0) {
            struct undo *gone = *at;
            *at = gone->next;
            free(gone);
        } else {
            at = &(*at)->next;
        }
    }
    pthread_mutex_unlock(&faults.lock);
}

void power_cut(unsigned *dice)
{
    for (struct undo *undo = faults.undo; undo != NULL; undo = undo->next) {
        int fd = open(undo->name, O_RDWR);
        *dice = *dice * 1103515245 + 12345;
        if (fd >= 0 && (*dice >> 16) % 4 != 0) {
            if (undo->size > 0) {
                assert_int_equal(undo->size, pwrite(fd, undo->bytes, (size_t)undo->size, undo->at));
            }
            assert_int_equal(0, ftruncate(fd, undo->old_size));
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    undo_forget(NULL);
}

static int fault_close(sqlite3_file *file)
{
    return fault_below(file)->pMethods->xClose(fault_below(file));
}

static int fault_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    return fault_due(true) ? SQLITE_IOERR_READ
                           : fault_below(file)->pMethods->xRead(fault_below(file), bytes, size, at);
}

static int fault_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    bool due = fault_due(false);
    if (due && faults.fault != FAULT_torn) {
        return faults.fault == FAULT_full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    undo_note((struct fault_file *)file, size, at);
    int rc = fault_below(file)->pMethods->xWrite(fault_below(file), bytes, due ? size / 2 : size, at);
    return due ? SQLITE_IOERR_WRITE : rc;
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fault_due(false) ? SQLITE_IOERR_TRUNCATE
                            : fault_below(file)->pMethods->xTruncate(fault_below(file), size);
}

static int fault_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    if (fault_due(false)) {
        return SQLITE_IOERR_FSYNC;
    }
    undo_forget(((struct fault_file *)file)->name);
    return SQLITE_OK;
}

static int fault_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return fault_below(file)->pMethods->xFileSize(fault_below(file), size);
}

static int fault_lock(sqlite3_file *file, int level)
{
    return fault_below(file)->pMethods->xLock(fault_below(file), level);
}

static int fault_unlock(sqlite3_file *file, int level)
{
    return fault_below(file)->pMethods->xUnlock(fault_below(file), level);
}

static int fault_reserved(sqlite3_file *file, int *result)
{
    return fault_below(file)->pMethods->xCheckReservedLock(fault_below(file), result);
}

static int fault_control(sqlite3_file *file, int operation, void *argument)
{
    return fault_below(file)->pMethods->xFileControl(fault_below(file), operation, argument);
}

static int fault_sector(sqlite3_file *file)
{
    return fault_below(file)->pMethods->xSectorSize(fault_below(file));
}

static int fault_traits(sqlite3_file *file)
{
    return fault_below(file)->pMethods->xDeviceCharacteristics(fault_below(file));
}

static int fault_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
    return fault_below(file)->pMethods->xShmMap(fault_below(file), page, size, extend, memory);
}

static int fault_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return fault_below(file)->pMethods->xShmLock(fault_below(file), offset, count, flags);
}

static void fault_shm_barrier(sqlite3_file *file)
{
    fault_below(file)->pMethods->xShmBarrier(fault_below(file));
}

static int fault_shm_unmap(sqlite3_file *file, int drop)
{
    return fault_below(file)->pMethods->xShmUnmap(fault_below(file), drop);
}

static const sqlite3_io_methods fault_methods = {
    2,
    fault_close,
    fault_read,
    fault_write,
    fault_truncate,
    fault_sync,
    fault_size,
    fault_lock,
    fault_unlock,
    fault_reserved,
    fault_control,
    fault_sector,
    fault_traits,
    fault_shm_map,
    fault_shm_lock,
    fault_shm_barrier,
    fault_shm_unmap,
    NULL,
    NULL,
};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *opened, int flags, int *flags_out)
{
    sqlite3_vfs *below = vfs->pAppData;
    struct fault_file *file = (struct fault_file *)opened;
    memset(file, 0, sizeof(*file));
    file->below = (sqlite3_file *)(file + 1);
    snprintf(file->name, sizeof(file->name), "%s", name != NULL ? name : "");
    int rc = below->xOpen(below, name, file->below, flags, flags_out);
    if (file->below->pMethods != NULL) {
        file->base.pMethods = &fault_methods;
    }
    return rc;
}

void fault_vfs_register(void)
{
    static sqlite3_vfs vfs;
    if (vfs.zName != NULL) {
        return;
    }
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    vfs = *below;
    vfs.pAppData = below; /* the unix VFS reads pAppData of the one it is given only in xOpen */
    vfs.zName = "faults";
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(struct fault_file) + below->szOsFile;
    vfs.xOpen = fault_open;
    assert_int_equal(SQLITE_OK, sqlite3_vfs_register(&vfs, 0));
}

void faults_set(enum fault fault, long countdown, bool sticky, bool remember)
{
    pthread_mutex_lock(&faults.lock);
    faults.fault = fault;
    faults.countdown = countdown;
    faults.sticky = sticky;
    faults.fired = false;
    faults.remember = remember;
    pthread_mutex_unlock(&faults.lock);
}

bool faults_fired(void)
{
    return faults.fired;
}

void power_stay(void)
{
    undo_forget(NULL);
}
