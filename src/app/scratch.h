/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a played day keeps its store: in a new file that the caller names, or an empty database, which stay, or
 * in a folder of its own, which is deleted at the end. One thread.
 */
#ifndef APP_SCRATCH_H
#define APP_SCRATCH_H

#include "app/app.h"

struct scratch {
    char store[APP_PATH_SIZE];
    char folder[APP_PATH_SIZE]; /* ours, to be deleted; empty: the caller named the store */
};

/* `store` may be NULL. `command` is who complains on standard error when it returns false. */
MUST_CHECK bool scratch_make(struct scratch *scratch, const char *store, const char *command);
void scratch_remove(const struct scratch *scratch);

#endif
