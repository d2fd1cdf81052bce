/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows changed, removed or invented behind the till's back, one at a time, and what the audit must say of each. So
 * each rule of an audit is shown to fire.
 */
#ifndef TESTS_SUPPORT_FORGED_H
#define TESTS_SUPPORT_FORGED_H

#include "support/house.h"

enum deed {
    ADD,    /* `amount` to a column; -INT64_MAX sets it to 0 */
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
    const char *says; /* part of the first sentence */
};

/* Does each, audits and puts it back. Returns how many were not called what they are, and prints those as remarks.
 * The books must hold before; whether they do after all was put back is asserted. */
int forged_missed(struct house *house, const struct corruption *list, size_t count);

#endif
