/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single corruptions of a store, each put back afterwards: a row changed, removed or invented behind the till's back.
 * The audit must name every one of them. For cmocka tests; what makes no sense fails one. One thread.
 */
#ifndef TESTS_SUPPORT_CORRUPTION_H
#define TESTS_SUPPORT_CORRUPTION_H

#include "support/house.h"

enum deed {
    ADD,    /* `amount` to a column; -INT64_MAX sets it to 0 */
    FLIP,   /* the first byte of a column of bytes */
    DROP,   /* the row */
    INVENT, /* a copy of the row whose first key column is `amount` larger */
};

struct corruption {
    const char *name;
    const struct table *table;
    bool (*which)(const void *row); /* NULL: the first */
    enum deed deed;
    const char *column; /* "balance", or "legs.0.amount" */
    int64_t amount;
    enum audit_law law;
    const char *says; /* part of the sentence */
};

/* Audits the store after each of them, and when all are put back. Returns how many were not named as they say. */
int corruptions_missed(struct house *house, const struct corruption *corruptions, size_t count);

#endif
