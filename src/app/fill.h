/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings many things into a store; a file must not be served meanwhile, a database may: commands of the till,
 * decided by an engine in this process as fast as the store takes them, in the order in which they are put. What
 * a command may not do through a door it may not do here either; who calls is the operator.
 *
 * One thread puts; `done` comes from a thread of the store's, for one command at a time. A store that fails, or
 * is away for long, ends the process, as it does for a server: what is in it then is whole batches.
 */
#ifndef APP_FILL_H
#define APP_FILL_H

#include "engine/command.h"

#define FILL_STRUCT_SIZE_MAX 4096 /* of a request, and of an answer */

struct fill;

/* One command that is done, for good. */
struct fill_done {
    uint64_t tag; /* as given to fill_put */
    const struct command *command;
    const void *request, *answer;
    enum refusal refusal;
};

struct fill_settings {
    const char *path; /* where the store is: see app/place.h */
    int64_t now_us;   /* the time at which everything happens; 0: the system's clock */
    int64_t cache_mb; /* 0: 256 */
    bool empty;       /* it must hold no trade, shop or shopper yet */
    void (*done)(void *context, const struct fill_done *done); /* may be NULL */
    void *context;
};

/* NULL with a sentence in `error`: the store cannot be opened, for instance because it is being served. */
struct fill *fill_open(const struct fill_settings *settings, char *error, size_t error_size);

/*
 * Copies the request. With a `key` the same command under the same key has its effect once in the life of
 * the store, and another request under it is refused; NULL is for commands that are idempotent by their
 * content, and for stores that are made once.
 */
void fill_put(struct fill *fill, const struct command *command, const void *request, const char *key, uint64_t tag);

/* Waits until everything is durable. The number of commands that were refused so far. */
uint64_t fill_settle(struct fill *fill);

/* Settles, and writes everything back into the file. */
void fill_close(struct fill *fill);

#endif
