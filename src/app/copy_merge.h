/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two snapshots walked through side by side: what the destination must change to become the source. One thread, and
 * two that read.
 */
#ifndef APP_COPY_MERGE_H
#define APP_COPY_MERGE_H

#include "load/progress.h"
#include "store/sink.h"

/* A row that is not the same on both sides. */
struct merge_difference {
    char table[64];
    char key[2 * KEY_SIZE_MAX + 1]; /* encoded, in hex */
};

struct merge_counts {
    uint64_t rows; /* of the source */
    uint64_t added, changed, removed;
    struct merge_difference first; /* of these; `table` empty: there is none */
};

struct merge_settings {
    struct reader *from, *to; /* both have begun; `to` may be NULL: the destination is empty */
    struct sink *sink;        /* takes what differs; NULL: it is only counted */
    struct progress *progress;
    const volatile bool *stopped; /* looked at now and then; then STATUS_busy */
};

/* A fault says in `error` which side it was on. */
MUST_CHECK enum status merge_run(const struct merge_settings *settings, struct merge_counts *counts,
                                 struct store_error *error);

#endif
