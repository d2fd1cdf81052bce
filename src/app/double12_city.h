/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the city of a struct double12 into a new store: brands, shops, tills, campaigns without money, people. */
#ifndef APP_DOUBLE12_CITY_H
#define APP_DOUBLE12_CITY_H

#include <signal.h>

#include "app/double12.h"
#include "load/progress.h"

/*
 * False with a sentence in `error`. How many commands it takes is put into the progress as its total. It ends early,
 * and what it has made is of no use, when a signal handler sets `*interrupted`.
 */
MUST_CHECK bool double12_build(const struct double12 *day, const char *store, struct progress *progress,
                               const volatile sig_atomic_t *interrupted, char *error, size_t error_size);

#endif
