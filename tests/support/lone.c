/* SPDX-License-Identifier: Apache-2.0 */
#include "support/lone.h"

#include <stdio.h>
#include <stdlib.h>

struct lone {
    struct store base;
    struct store *inner;
};

static struct store *inner_of(struct store *store)
{
    return ((struct lone *)store)->inner;
}

static enum peek lone_peek(struct store *store, struct row_want *want)
{
    enum peek peek = inner_of(store)->ops->peek(inner_of(store), want);
    want->version = peek == PEEK_found;
    return peek;
}

static enum status lone_load(struct store *store, struct row_want *wants, size_t count)
{
    enum status status = inner_of(store)->ops->load(inner_of(store), wants, count);
    for (size_t i = 0; i < count; i++) {
        wants[i].version = wants[i].exists;
    }
    return status;
}

static enum status lone_keep(struct store *store, const struct keep *keep)
{
    assert(keep->feed.size == 0); /* there is nobody to hear it */
    return inner_of(store)->ops->keep(inner_of(store), keep);
}

static enum status lone_scan(struct store *store, const struct table *table, struct span from, scan_row *each,
                             void *context)
{
    return inner_of(store)->ops->scan(inner_of(store), table, from, each, context);
}

static enum status lone_reader_open(struct store *store, struct reader **reader)
{
    return inner_of(store)->ops->reader_open(inner_of(store), reader);
}

static void lone_counts(struct store *store, struct store_counts *counts)
{
    inner_of(store)->ops->counts(inner_of(store), counts);
}

static void lone_close(struct store *store)
{
    inner_of(store)->ops->close(inner_of(store));
    free(store);
}

static bool lone_ahead(struct store *store)
{
    (void)store;
    return true;
}

static bool lone_heard(struct store *store)
{
    (void)store;
    return false;
}

static enum status lone_feed(struct store *store, feed_each *each, void *context)
{
    (void)store;
    (void)each;
    (void)context;
    return STATUS_ok;
}

static size_t lone_nodes(struct store *store, struct store_node *nodes, size_t most)
{
    (void)store;
    if (most > 0) {
        nodes[0] = (struct store_node){ .leads = true };
    }
    return most > 0;
}

struct store *lone_store_open(struct store *inner)
{
    static const struct store_ops ops = { .name = "lone",
                                          .peek = lone_peek,
                                          .load = lone_load,
                                          .keep = lone_keep,
                                          .scan = lone_scan,
                                          .reader_open = lone_reader_open,
                                          .counts = lone_counts,
                                          .close = lone_close,
                                          .ahead = lone_ahead,
                                          .heard = lone_heard,
                                          .feed = lone_feed,
                                          .nodes = lone_nodes };
    struct lone *lone = calloc(1, sizeof(*lone));
    assert(lone != NULL);
    *lone = (struct lone){ .base = { .ops = &ops, .tables = inner->tables, .shared = true }, .inner = inner };
    return &lone->base;
}
