/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a copy of a whole store goes: rows are put as they are, without an engine and as fast as the destination
 * takes them, into a file or a database that nobody serves. From sink_begin to sink_finish the destination is marked
 * as unfinished, durably: it is refused to whoever wants to serve it, and opened as a sink again to be completed.
 *
 * Rows become durable in pieces, in the order in which they were put; what is lost with a power cut is put again
 * by the next copy. sink_finish makes everything durable, and the mark goes with it.
 *
 * One thread. After a call that did not return STATUS_ok only sink_close is of use.
 */
#ifndef STORE_SINK_H
#define STORE_SINK_H

#include "store/store.h"

struct sink;

/* What was known of the destination when it was opened. */
struct sink_state {
    bool unfinished; /* a copy into it was begun and not finished */
    int64_t seal;    /* that the last finished copy left; 0: none did */
};

/* A row is named by its encoded key; `image` is its packed form. */
struct sink_ops {
    enum status (*begin)(struct sink *sink);
    /* `replaces`: a row of this key is there. */
    enum status (*put)(struct sink *sink, const struct table *table, struct span key, struct span image, bool replaces);
    enum status (*drop)(struct sink *sink, const struct table *table, struct span key);
    /* Who opens a snapshot from now on sees everything that was put so far. */
    enum status (*flush)(struct sink *sink);
    enum status (*finish)(struct sink *sink, int64_t seal);
    void (*close)(struct sink *sink);
};

struct sink {
    const struct sink_ops *ops;
    struct sink_state state;
    struct store_error error; /* why the last call failed; never a password */
};

struct sink_settings {
    const char *const *indexes; /* NULL-terminated CREATE INDEX IF NOT EXISTS …, run by sink_finish; or NULL */
    uint32_t partitions;        /* of a database that is made now: see struct postgres_settings */
};

/*
 * Makes the destination when there is none, or brings its schema up to date, and keeps others out of it as long as
 * it is open. STATUS_busy: it is being served; STATUS_newer, STATUS_bad_input: as for a store; STATUS_fault: the
 * disk, or a database that cannot be reached.
 */
MUST_CHECK enum status sink_open(const char *place, const struct table *const *tables,
                                 const struct sink_settings *settings, struct sink **sink, struct store_error *error);

/* ---- the two kinds ---- */

MUST_CHECK enum status sink_sqlite_open(const char *path, const struct table *const *tables,
                                        const struct sink_settings *settings, struct sink **sink,
                                        struct store_error *error);
MUST_CHECK enum status sink_postgres_open(const char *place, const struct table *const *tables,
                                          const struct sink_settings *settings, struct sink **sink,
                                          struct store_error *error);

#endif
