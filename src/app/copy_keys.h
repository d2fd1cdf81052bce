/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a business has beside its rows: a database is told which master key is its own, and gets the platform's keys
 * that stood beside the file; back in a file they stand beside it again. The master key itself is never moved. One
 * thread, after the rows.
 */
#ifndef APP_COPY_KEYS_H
#define APP_COPY_KEYS_H

#include "app/place.h"

/* `from` has the path of the business's master key. False with a sentence. */
MUST_CHECK bool copy_keys(const struct place *from, const struct place *to, char *error, size_t error_size);

#endif
