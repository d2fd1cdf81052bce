/* SPDX-License-Identifier: Apache-2.0 */
#include "support/missing.h"

#include <stdlib.h>

#include "base/hash.h"

struct missing {
    struct store base;
    struct store *inner;
    uint64_t random;
    uint32_t per_hundred;
    uint64_t count;
};

static struct store *inner_of(struct store *store)
{
    return ((struct missing *)store)->inner;
}

static enum peek missing_peek(struct store *store, struct row_want *want)
{
    struct missing *missing = (struct missing *)store;
    missing->random += UINT64_C(0x9e3779b97f4a7c15);
    if (hash_mix(missing->random) % 100 < missing->per_hundred) {
        missing->count++;
        return PEEK_unknown;
    }
    return missing->inner->ops->peek(missing->inner, want);
}

static enum status missing_load(struct store *store, struct row_want *wants, size_t count)
{
    return inner_of(store)->ops->load(inner_of(store), wants, count);
}

static enum status missing_keep(struct store *store, const struct keep *keep)
{
    return inner_of(store)->ops->keep(inner_of(store), keep);
}

static enum status missing_scan(struct store *store, const struct table *table, struct span from, scan_row *each,
                                void *context)
{
    return inner_of(store)->ops->scan(inner_of(store), table, from, each, context);
}

static enum status missing_reader_open(struct store *store, struct reader **reader)
{
    return inner_of(store)->ops->reader_open(inner_of(store), reader);
}

static void missing_counts(struct store *store, struct store_counts *counts)
{
    inner_of(store)->ops->counts(inner_of(store), counts);
}

static void missing_close(struct store *store)
{
    inner_of(store)->ops->close(inner_of(store));
    free(store);
}

static const struct store_ops missing_ops = {
    .name = "missing",
    .peek = missing_peek,
    .load = missing_load,
    .keep = missing_keep,
    .scan = missing_scan,
    .reader_open = missing_reader_open,
    .counts = missing_counts,
    .close = missing_close,
};

void house_open_missing(struct house *house, uint64_t seed, uint32_t per_hundred)
{
    struct missing *missing = calloc(1, sizeof(*missing));
    assert(missing != NULL);
    enum status status = store_memory_open(product_tables, NULL, &missing->inner);
    assert(status == STATUS_ok);
    missing->base = *missing->inner;
    missing->base.ops = &missing_ops;
    missing->random = hash_mix(seed);
    missing->per_hundred = per_hundred;
    house_open_store(house, &missing->base, true); /* it has no queue that the house would empty */
}

uint64_t missing_count(const struct house *house)
{
    assert(house->store->ops == &missing_ops);
    return ((const struct missing *)house->store)->count;
}
