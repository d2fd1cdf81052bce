/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A history of which every prefix is known: batch n (from 1) sets row 0 of things to version n and some
 * others to versions that follow from n, or removes them. Whatever happened, a store must be at the
 * end of some prefix, and row 0 says which.
 */
#ifndef TESTS_UNIT_STORE_PREFIX_H
#define TESTS_UNIT_STORE_PREFIX_H

#include "store_fixture.h"

enum { KEYS = 40, ROWS_PER_BATCH = 9 };

struct prefix {
    int64_t batches;
    int64_t versions[FIXTURE_TABLES][KEYS];
};

/* The next batch, into `draft` when that is not NULL. */
void prefix_step(struct prefix *prefix, struct draft *draft);
/* Advances `prefix` to where the store is, which must be within the bounds. */
void prefix_find(struct store *store, struct prefix *prefix, int64_t least, int64_t most);

/* A scan of one table against a prefix. */
struct prefix_check {
    const struct prefix *prefix;
    size_t table;
    size_t next;
};

bool prefix_check_row(void *context, const void *row);
void prefix_check_end(const struct prefix_check *check);

/* Little memory, small generations, a short log: everything happens all the time. */
struct sqlite_settings small_settings(void);
struct store *open_or_fail(const struct folder *folder, const struct sqlite_settings *settings);

#endif
