/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/master_key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os_random.h"

void master_key_init(struct master_key *key, const uint8_t bytes[MASTER_KEY_SIZE])
{
    hmac_key_init(&key->key, bytes, MASTER_KEY_SIZE);
}

void master_key_wipe(struct master_key *key)
{
    hmac_key_wipe(&key->key);
}

void master_key_derive(const struct master_key *key, const char *label, uint8_t to[SHA256_SIZE])
{
    assert(label[0] != '\0');
    hmac_write(&key->key, label, strlen(label), to);
}

void master_key_derive_hmac(const struct master_key *key, const char *label, struct hmac_key *to)
{
    uint8_t bytes[SHA256_SIZE];
    master_key_derive(key, label, bytes);
    hmac_key_init(to, bytes, sizeof(bytes));
    explicit_bzero(bytes, sizeof(bytes));
}

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
    if (found->st_size != MASTER_KEY_SIZE) {
        return "is not a key: it must have 32 bytes";
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

static enum status key_load(const char *path, struct master_key *key, char *error, size_t error_size)
{
    uint8_t bytes[MASTER_KEY_SIZE];
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
    } else if (!bytes_read(fd, bytes, sizeof(bytes))) {
        status = STATUS_fault;
        snprintf(error, error_size, "cannot read %s", path);
    } else {
        master_key_init(key, bytes);
    }
    explicit_bzero(bytes, sizeof(bytes));
    (void)close(fd);
    return status;
}

/* Makes the entry itself durable, not only what it points to. */
static bool folder_sync(const char *path)
{
    char folder[PATH_MAX];
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

/* Written under another name and linked when durable: a crash leaves no half key behind. */
static enum status key_create(const char *path, char *error, size_t error_size)
{
    uint8_t bytes[MASTER_KEY_SIZE];
    char draft[PATH_MAX];
    int size = snprintf(draft, sizeof(draft), "%s.%016llx", path, (unsigned long long)os_random_u64());
    if (size < 0 || (size_t)size >= sizeof(draft)) {
        snprintf(error, error_size, "the path of the key is too long");
        return STATUS_bad_input;
    }
    int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        snprintf(error, error_size, "cannot create %s: %s", draft, strerror(errno));
        return STATUS_fault;
    }
    os_random(bytes, sizeof(bytes));
    bool ok = bytes_write(fd, bytes, sizeof(bytes)) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    /* Should another process have made the key meanwhile, that one counts. */
    ok = ok && (link(draft, path) == 0 || errno == EEXIST);
    if (!ok) {
        snprintf(error, error_size, "cannot write %s: %s", path, strerror(errno));
    }
    (void)unlink(draft);
    explicit_bzero(bytes, sizeof(bytes));
    if (ok && !folder_sync(path)) {
        snprintf(error, error_size, "cannot make %s durable: %s", path, strerror(errno));
        ok = false;
    }
    return ok ? STATUS_ok : STATUS_fault;
}

enum status master_key_open(const char *path, bool create, struct master_key *key, char *error,
                            size_t error_size)
{
    enum status status = key_load(path, key, error, error_size);
    if (status == STATUS_not_found && create) {
        status = key_create(path, error, error_size);
        if (status == STATUS_ok) {
            status = key_load(path, key, error, error_size);
        }
    }
    return status;
}
