/* SPDX-License-Identifier: Apache-2.0 */
#include "support/house.h"

#include <stdio.h>

void house_open_postgres(struct house *house, const char *place, int64_t cache_bytes)
{
    struct store *store;
    struct store_error error;
    enum status status = store_postgres_open(
        place, product_tables, &(struct postgres_settings){ .cache_bytes = cache_bytes }, &store, &error);
    if (status != STATUS_ok) {
        fprintf(stderr, "%s: %s\n", place, error.text);
    }
    assert(status == STATUS_ok);
    house_open_store(house, store, true);
}
