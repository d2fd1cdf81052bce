/* SPDX-License-Identifier: Apache-2.0 */
/* SQL text being put together, and reasons for people. Any thread. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "store/store.h"

/* SQL text that fails softly when it is too long. */
struct sql {
    size_t size;
    bool failed;
    char text[16384];
};

void sql_add(struct sql *sql, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first reason stays: later ones follow from it. `error` may be NULL; begin with an empty text. */
void error_set(struct store_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
