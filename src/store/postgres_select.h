/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of SELECTs for PostgreSQL: the product's portable queries translated, and scans of a table in key order.
 * Nothing here speaks to a database or allocates. Any thread.
 *
 * Each of our tables has a column `p` first in its key, which says in which partition a row lives and which no
 * query of the product knows. A database can use that key only when it is told p, so each table that a query
 * names after FROM or JOIN becomes `(SELECT * FROM table WHERE p = 0) AS table`, or p among all partitions.
 */
#ifndef STORE_POSTGRES_SELECT_H
#define STORE_POSTGRES_SELECT_H

#include "engine/row.h"

#define SELECT_SIZE_MAX 32768 /* bytes of a text with its terminating zero */

struct select_text {
    size_t size;
    bool failed; /* it does not fit, or makes no sense */
    uint32_t binds; /* places for values: $1 to $binds */
    char bytes[SELECT_SIZE_MAX];
};

/* The portable query `sql`, in which `?` stands for values, as PostgreSQL takes it. */
void select_translate(struct select_text *text, const struct table *const *tables, uint32_t partitions,
                      const char *sql);

enum select_from {
    SELECT_from_first,
    SELECT_from_key,   /* beginning with the bound key */
    SELECT_behind_key, /* beginning with the next one */
    SELECT_at_key,     /* that row alone; its partition is bound behind the key */
};

/* All columns, in the order of the descriptor, of up to `limit` rows in key order. */
void select_scan(struct select_text *text, const struct table *table, uint32_t partitions, enum select_from from,
                 uint32_t limit);

#endif
