/* SPDX-License-Identifier: Apache-2.0 */
#include "app/scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/span.h"
#include "store/store.h"

bool scratch_make(struct scratch *scratch, const char *store, const char *command)
{
    const char *temporary = getenv("TMPDIR");
    *scratch = (struct scratch){ .folder = "" };
    if (store != NULL) {
        if (!store_is_postgres(store) && strncmp(store, "env:", 4) != 0 && access(store, F_OK) == 0) {
            fprintf(stderr, "onetill %s: %s exists; it wants a new store\n", command, store);
            return false;
        }
        if (!span_copy(span_of(store), scratch->store, sizeof(scratch->store))) {
            fprintf(stderr, "onetill %s: the path of the store is too long\n", command);
            return false;
        }
        return true;
    }
    temporary = temporary != NULL && temporary[0] != '\0' ? temporary : "/tmp";
    int size = snprintf(scratch->folder, sizeof(scratch->folder), "%s/onetill-%s-XXXXXX", temporary, command);
    if (size < 0 || (size_t)size + 16 >= sizeof(scratch->folder) || mkdtemp(scratch->folder) == NULL) {
        fprintf(stderr, "onetill %s: no folder can be made in %s\n", command, temporary);
        scratch->folder[0] = '\0';
        return false;
    }
    return path_beside(scratch->folder, "/city.till", scratch->store);
}

void scratch_remove(const struct scratch *scratch)
{
    char path[APP_PATH_SIZE];
    if (scratch->folder[0] == '\0') {
        return;
    }
    /* The folder is ours and flat: the store and whatever it keeps beside itself. */
    DIR *folder = opendir(scratch->folder);
    for (const struct dirent *file; folder != NULL && (file = readdir(folder)) != NULL;) {
        int size = snprintf(path, sizeof(path), "%s/%s", scratch->folder, file->d_name);
        if (file->d_name[0] != '.' && size > 0 && (size_t)size < sizeof(path)) {
            unlink(path);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    rmdir(scratch->folder);
}
