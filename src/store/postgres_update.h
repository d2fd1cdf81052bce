/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Updates of many rows of one table that set only columns which changed. All numbers of all rows travel in one array,
 * row by row, and are picked out by subscript: that costs the server a third of what an array per column does, each
 * of which it spreads out in memory first. Texts and bytes have an array each.
 *
 * A row is found by its key or, cheaper, at the spot where it was last seen; both compare key and version, so a row
 * that is no longer at its spot is not found, and never mistaken. Each statement returns where it has put the rows.
 *
 * For databases with arrays; where lists of VALUES are wanted updates set all columns. Nothing here allocates.
 */
#ifndef STORE_POSTGRES_UPDATE_H
#define STORE_POSTGRES_UPDATE_H

#include "store/postgres_parameters.h"

#define UPDATE_ROWS_MAX 256 /* of one statement: texts are counted through from the first of the array on */

/* Which of the statements sets these columns, at the least; a new one while there is room. */
uint32_t updates_choose(struct updates *updates, uint64_t changed);
void update_sql(struct sql *sql, enum form form, const struct table *table, uint64_t columns);
void update_fill(struct wire *wire, struct parameters *parameters, const struct lot *lot, uint64_t columns,
                 int64_t stamp);
/* A row of an update's result: which row of the statement it was, and where it is now. */
MUST_CHECK bool update_came(const PGresult *result, int at, const struct table *table, uint64_t columns, uint32_t *row,
                            uint64_t *spot);
/* The columns in which two packed images of a row do not differ, and those that there are not. */
uint64_t columns_same(const struct table *table, struct span before, struct span after);

#endif
