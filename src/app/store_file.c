/* SPDX-License-Identifier: Apache-2.0 */
#include "app/store_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/span.h"

void store_file_remove(const char *path)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-journal", ".journal", ".lock", ".partial" };
    char name[APP_PATH_SIZE];
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        if (path_beside(path, endings[i], name)) {
            unlink(name);
        }
    }
}

bool store_file_settled(const char *path)
{
    char log[APP_PATH_SIZE];
    struct stat about;
    return path_beside(path, "-wal", log) && (stat(log, &about) != 0 || about.st_size == 0);
}

static bool file_sync(const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC);
    bool synced = file >= 0 && fsync(file) == 0;
    if (file >= 0) {
        close(file);
    }
    return synced;
}

static bool folder_sync(const char *path)
{
    char folder[APP_PATH_SIZE];
    const char *slash = strrchr(path, '/');
    struct span name = slash == NULL ? SPAN(".") : (struct span){ path, (size_t)max_i64(slash - path, 1) };
    return span_copy(name, folder, sizeof(folder)) && file_sync(folder, O_RDONLY | O_DIRECTORY);
}

bool store_file_name(const char *from, const char *to, bool replaces)
{
    if (!file_sync(from, O_RDONLY)) {
        return false;
    }
    if (replaces) {
        return rename(from, to) == 0 && folder_sync(to);
    }
    /* `link` refuses a name that is taken, whoever took it meanwhile. */
    return link(from, to) == 0 && unlink(from) == 0 && folder_sync(to);
}
