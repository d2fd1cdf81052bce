/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole store into another place: what differs is carried over, then both are compared row by row, and the books of
 * both are audited. The destination is marked as unfinished meanwhile. For `onetill copy`, and for what needs a store
 * as a file: backup and import of a database. One thread, and two that read.
 */
#ifndef APP_COPY_H
#define APP_COPY_H

#include "app/copy_merge.h"
#include "app/place.h"
#include "till/audit.h"

struct copy_settings {
    const struct place *from, *to;
    const char *command; /* who complains on standard error: "copy" */
    bool overwrite;      /* what the destination holds besides may go */
    bool audit;
    bool quiet;          /* no progress bar */
    uint32_t partitions; /* of a database that is made now; 0: 1 */
    const volatile bool *stopped; /* set by a signal handler: it ends early */
};

struct copy_result {
    struct merge_counts carried, compared;
    int64_t carry_us, compare_us, audit_us;
    bool same;              /* both sides, row by row */
    bool from_holds, to_holds; /* the books; true without an audit */
    uint64_t transfers;
};

/*
 * The exit status: EXIT_holds, EXIT_broken when a law does not hold on either side or the sides differ, EXIT_fault
 * after saying why. What is read is one snapshot of the source, which may be served meanwhile; the destination must
 * not be.
 */
MUST_CHECK int copy_run(const struct copy_settings *settings, struct copy_result *result);

#endif
