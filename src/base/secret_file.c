/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os_random.h"
#include "base/span.h"

#define PATH_SIZE_MAX 4096 /* of Linux; its header is hidden here by base/limits.h */

/* Why the file may not be trusted; NULL when it may. */
static const char *flaw_of(const struct stat *found)
{
    if (!S_ISREG(found->st_mode)) {
        return "is not a plain file";
    }
    if ((found->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return "may be read or written by others than its owner: chmod 600 it, if nobody has";
    }
    if (found->st_uid != geteuid() && geteuid() != 0) {
        return "belongs to another user";
    }
    return NULL;
}

static bool bytes_read(int fd, uint8_t *bytes, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t part = read(fd, bytes + got, size - got);
        if (part < 0 && errno == EINTR) {
            continue;
        }
        if (part <= 0) {
            return false;
        }
        got += (size_t)part;
    }
    return true;
}

static bool bytes_write(int fd, const uint8_t *bytes, size_t size)
{
    size_t put = 0;
    while (put < size) {
        ssize_t part = write(fd, bytes + put, size - put);
        if (part < 0 && errno == EINTR) {
            continue;
        }
        if (part <= 0) {
            return false;
        }
        put += (size_t)part;
    }
    return true;
}

enum status secret_file_read(const char *path, void *bytes, size_t capacity, size_t *size, char *error,
                             size_t error_size)
{
    struct stat found;
    enum status status = STATUS_ok;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        status = errno == ENOENT ? STATUS_not_found : STATUS_fault;
        snprintf(error, error_size, "cannot open %s: %s", path, strerror(errno));
        return status;
    }
    if (fstat(fd, &found) != 0) {
        status = STATUS_fault;
        snprintf(error, error_size, "cannot look at %s: %s", path, strerror(errno));
    } else if (flaw_of(&found) != NULL) {
        status = STATUS_bad_input;
        snprintf(error, error_size, "%s %s", path, flaw_of(&found));
    } else if (found.st_size < 0 || (uint64_t)found.st_size > capacity) {
        status = STATUS_too_large;
        snprintf(error, error_size, "%s is too large for what it should be", path);
    } else if (!bytes_read(fd, bytes, (size_t)found.st_size)) {
        status = STATUS_fault;
        snprintf(error, error_size, "cannot read %s", path);
    } else {
        *size = (size_t)found.st_size;
    }
    (void)close(fd);
    return status;
}

/* Makes the entry itself durable, not only what it points to. */
static bool folder_sync(const char *path)
{
    char folder[PATH_SIZE_MAX];
    const char *slash = strrchr(path, '/');
    struct span name = slash == NULL ? SPAN(".") : (struct span){ path, (size_t)(slash - path) + 1 };
    if (!span_copy(name, folder, sizeof(folder))) {
        return false;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return ok;
}

enum status secret_file_create(const char *path, const void *bytes, size_t size, char *error,
                               size_t error_size)
{
    char draft[PATH_SIZE_MAX];
    int length = snprintf(draft, sizeof(draft), "%s.%016llx", path, (unsigned long long)os_random_u64());
    if (length < 0 || (size_t)length >= sizeof(draft)) {
        snprintf(error, error_size, "the path of the file is too long");
        return STATUS_bad_input;
    }
    int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        snprintf(error, error_size, "cannot create %s: %s", draft, strerror(errno));
        return STATUS_fault;
    }
    bool ok = bytes_write(fd, bytes, size) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && (link(draft, path) == 0 || errno == EEXIST);
    if (!ok) {
        snprintf(error, error_size, "cannot write %s: %s", path, strerror(errno));
    }
    (void)unlink(draft);
    if (ok && !folder_sync(path)) {
        snprintf(error, error_size, "cannot make %s durable: %s", path, strerror(errno));
        ok = false;
    }
    return ok ? STATUS_ok : STATUS_fault;
}
