/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_prefix.h"

#include "base/hash.h"

void prefix_step(struct prefix *prefix, struct draft *draft)
{
    int64_t batch = ++prefix->batches;
    prefix->versions[0][0] = batch;
    if (draft != NULL) {
        draft_add(draft, 0, 0, batch);
    }
    for (uint64_t i = 0; i < ROWS_PER_BATCH - 1; i++) {
        uint64_t dice = hash_mix((uint64_t)batch * 97);
        size_t table = i % FIXTURE_TABLES;
        size_t key = 1 + (dice + i * 5) % (KEYS - 1); /* all of one batch differ */
        int64_t version = (dice >> i) % 4 == 0 ? 0 : batch;
        prefix->versions[table][key] = version;
        if (draft != NULL) {
            draft_add(draft, table, (int64_t)key, version);
        }
    }
}

bool prefix_check_row(void *context, const void *row)
{
    struct prefix_check *check = context;
    const int64_t *versions = check->prefix->versions[check->table];
    while (check->next < KEYS && versions[check->next] == 0) {
        check->next++;
    }
    assert_true(check->next < KEYS);
    int64_t version = row_version(check->table, (int64_t)check->next, row);
    assert_true(check->table == 2 || version == versions[check->next]);
    check->next++;
    return true;
}

void prefix_check_end(const struct prefix_check *check)
{
    for (size_t key = check->next; key < KEYS; key++) {
        assert_int_equal(0, check->prefix->versions[check->table][key]);
    }
}

static void prefix_equals(struct store *store, const struct prefix *prefix)
{
    for (size_t table = 0; table < FIXTURE_TABLES; table++) {
        struct prefix_check check = { prefix, table, 0 };
        assert_int_equal(STATUS_ok, store->ops->scan(store, fixture_tables[table], (struct span){ NULL, 0 },
                                                     prefix_check_row, &check));
        prefix_check_end(&check);
        for (int64_t key = 0; key < KEYS; key++) {
            int64_t version = version_read(store, table, key);
            assert_int_equal(table == 2 ? prefix->versions[table][key] != 0 : prefix->versions[table][key],
                             version);
        }
    }
}

void prefix_find(struct store *store, struct prefix *prefix, int64_t least, int64_t most)
{
    int64_t batches = version_read(store, 0, 0);
    assert_in_range(batches, least, most);
    while (prefix->batches < batches) {
        prefix_step(prefix, NULL);
    }
    prefix_equals(store, prefix);
}

struct sqlite_settings small_settings(void)
{
    return (struct sqlite_settings){ .cache_bytes = 1,
                                     .page_cache_bytes = 65536,
                                     .wal_bytes = 100000,
                                     .generation_rows = 30,
                                     .generation_age_us = 1 };
}

struct store *open_or_fail(const struct folder *folder, const struct sqlite_settings *settings)
{
    struct store *store = NULL;
    struct store_error error;
    if (store_sqlite_open(folder->file, fixture_tables, settings, &store, &error) != STATUS_ok) {
        fail_msg("%s", error.text);
    }
    return store;
}
