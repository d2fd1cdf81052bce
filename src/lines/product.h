/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this build is made of: everything of the till and of each line of business, for doors, stores and tests. The
 * parts are named in till/till.def and lines/<line>/<line>.def.
 */
#ifndef LINES_PRODUCT_H
#define LINES_PRODUCT_H

#include "engine/read.h"
#include "till/line.h"
#include "till/till.h"

/* All row types, NULL-terminated. */
extern const struct table *const product_tables[];
/* Row types whose rows are asked for at random for as long as they exist: worth having in memory. NULL-terminated. */
extern const struct table *const product_warm[];
/* All commands that doors may offer, NULL-terminated. */
extern const struct command *const product_commands[];
/* Lists and reports, and the indexes that they read by (CREATE INDEX ...), NULL-terminated. */
extern const struct read *const product_reads[];
extern const char *const product_indexes[];
/* Timer commands by kind, as the engine wants them. */
extern const struct command *const product_timers[];

#endif
