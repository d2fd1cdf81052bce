/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_stand.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/os_clock.h"

#define LEASE_US INT64_C(1000000) /* of a database in memory */

static struct cluster *cluster; /* for all stands of the program */
static atomic_int_least64_t stamps;

bool stand_is_postgres(const struct stand *stand)
{
    return stand->kind == STAND_postgres || stand->kind == STAND_lists;
}

struct cluster *stand_cluster(void)
{
    return cluster;
}

static int64_t stand_now(void *context)
{
    return ((const struct stand *)context)->now_us;
}

static enum shared_fate stand_hook(void *context, enum shared_step step)
{
    struct stand *stand = context;
    enum shared_fate fate = step == stand->fate_step ? stand->fate : SHARED_go_on;
    if (fate != SHARED_go_on) {
        stand->fate = SHARED_go_on;
    }
    return fate;
}

struct stand *stand_make(enum stand_kind kind)
{
    struct stand *stand = calloc(1, sizeof(*stand));
    assert_non_null(stand);
    stand->kind = kind;
    stand->now_us = 1;
    if (stand_is_postgres(stand)) {
        cluster = cluster == NULL ? cluster_open(NULL) : cluster;
        cluster_database(cluster, stand->place);
        return stand;
    }
    struct shared_memory_settings settings = {
        .now_us = stand_now, .clock_context = stand, .lease_us = LEASE_US
    };
    shared_memory_open(fixture_tables, &settings, &stand->memory);
    return stand;
}

static struct store *join_postgres(struct stand *stand)
{
    struct store *store;
    struct store_error error;
    struct postgres_settings settings = { .address = "127.0.0.1:1" };
    if (stand->kind == STAND_lists) {
        settings.cache_bytes = 1;
        settings.partitions = 4;
        settings.value_lists = true;
    }
    if (store_postgres_open(stand->place, fixture_tables, &settings, &store, &error) != STATUS_ok) {
        fail_msg("%s", error.text);
    }
    return store;
}

struct store *stand_join(struct stand *stand)
{
    struct store *store = NULL;
    assert_true(stand->store_count < STAND_STORES_MAX);
    if (stand_is_postgres(stand)) {
        store = join_postgres(stand);
    } else {
        struct shared_join join = { .hook = stand_hook,
                                    .hook_context = stand,
                                    .address = "127.0.0.1:1",
                                    .deferred = stand->kind == STAND_deferred,
                                    .follow_calls = stand->kind == STAND_deferred,
                                    .wait_us = stand->wait_us };
        assert_int_equal(STATUS_ok, store_shared_join(stand->memory, &join, &store));
    }
    assert_true(store->shared);
    stand->stores[stand->store_count++] = store;
    return store;
}

void stand_remove(struct stand *stand)
{
    for (int i = 0; i < stand->store_count; i++) {
        if (stand->stores[i] != NULL) {
            stand->stores[i]->ops->close(stand->stores[i]);
        }
    }
    if (stand_is_postgres(stand)) {
        cluster_database_drop(cluster, stand->place);
    } else {
        shared_memory_close(stand->memory);
    }
    free(stand);
}

void stand_leave(struct stand *stand, struct store *store)
{
    for (int i = 0; i < stand->store_count; i++) {
        if (stand->stores[i] == store) {
            stand->stores[i] = NULL;
        }
    }
    store->ops->close(store);
}

static void feed_ignore(void *context, uint32_t node, uint64_t batch, struct span feed)
{
    (void)context;
    (void)node;
    (void)batch;
    (void)feed;
}

void stand_place_take(struct stand *stand, struct store *store)
{
    char sql[128];
    if (!stand_is_postgres(stand)) {
        for (int i = 0; i < 3; i++) { /* silent for more than a lease, while the others go on */
            stand->now_us += LEASE_US / 2;
            for (int j = 0; j < stand->store_count; j++) {
                if (stand->stores[j] != NULL && stand->stores[j] != store) {
                    assert_int_equal(STATUS_ok,
                                     stand->stores[j]->ops->feed(stand->stores[j], feed_ignore, NULL));
                }
            }
        }
        return;
    }
    snprintf(sql, sizeof(sql), "UPDATE onetill_batches SET instance = 7 WHERE node = %u", store->node);
    cluster_run(cluster, stand->place, sql);
}

static bool kind_wanted(const char *name, int argc, char **argv)
{
    bool wanted = argc < 2;
    for (int i = 1; i < argc; i++) {
        wanted = wanted || strstr(name, argv[i]) != NULL;
    }
    return wanted;
}

int stands_run(const struct stand_fact *facts, size_t count, int argc, char **argv)
{
    static enum stand_kind kinds[STAND_KINDS] = { STAND_memory, STAND_deferred, STAND_postgres, STAND_lists };
    static const char *const kind_names[STAND_KINDS] = { "memory", "deferred memory", "postgres",
                                                         "postgres of lists" };
    static char names[STAND_KINDS * 32][128];
    static struct CMUnitTest tests[STAND_KINDS * 32];
    size_t wanted = 0;
    assert_true(count <= 32);
    for (size_t i = 0; i < STAND_KINDS; i++) {
        for (size_t j = 0; j < count && kind_wanted(kind_names[i], argc, argv); j++) {
            if (facts[j].memory_only && kinds[i] >= STAND_postgres) {
                continue;
            }
            snprintf(names[wanted], sizeof(names[wanted]), "%s: %s", kind_names[i], facts[j].name);
            tests[wanted] = (struct CMUnitTest){ names[wanted], facts[j].run, NULL, NULL, &kinds[i] };
            wanted++;
        }
    }
    int failed = _cmocka_run_group_tests("stands", tests, wanted, NULL, NULL);
    if (cluster != NULL) {
        cluster_close(cluster);
        cluster = NULL;
    }
    return failed;
}

/* ---- deeds ---- */

void deed_begin(struct deed *deed, struct stand *stand, struct store *store, size_t rows)
{
    pthread_condattr_t attributes;
    *deed = (struct deed){ .stand = stand, .store = store };
    draft_init(&deed->changes, rows);
    draft_init(&deed->reads, rows);
    pthread_mutex_init(&deed->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&deed->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

void deed_release(struct deed *deed)
{
    draft_release(&deed->changes);
    draft_release(&deed->reads);
    pthread_mutex_destroy(&deed->lock);
    pthread_cond_destroy(&deed->wake);
}

static int64_t look(struct store *store, size_t table, int64_t key, bool peek, int64_t *stamp)
{
    union any_row row;
    struct fixture_key encoded;
    row_key_set(&row, table, key);
    key_make(&encoded, table, &row);
    struct row_want want = { .table = fixture_tables[table],
                             .key = key_span(&encoded),
                             .hash = encoded.hash,
                             .row = &row,
                             .version = 12345 };
    enum peek peeked = peek ? store->ops->peek(store, &want) : PEEK_unknown;
    if (peeked == PEEK_unknown) {
        row_key_set(&row, table, key);
        enum status status = store->ops->load(store, &want, 1);
        if (status != STATUS_ok) {
            *stamp = -1 - (int64_t)status;
            return -1;
        }
    } else {
        assert_int_equal(peeked == PEEK_found, want.exists);
    }
    *stamp = want.version;
    assert_int_equal(want.exists, want.version != 0);
    return want.exists ? row_version(table, key, &row) : 0;
}

int64_t stand_look(struct store *store, size_t table, int64_t key, int64_t *stamp)
{
    return look(store, table, key, true, stamp);
}

int64_t stand_load(struct store *store, size_t table, int64_t key, int64_t *stamp)
{
    return look(store, table, key, false, stamp);
}

int64_t deed_read(struct deed *deed, size_t table, int64_t key)
{
    int64_t stamp, version = stand_look(deed->store, table, key, &stamp);
    assert_true(stamp >= 0);
    draft_add(&deed->reads, table, key, version);
    deed->reads.changes[deed->reads.count - 1].version = stamp;
    return version;
}

int64_t deed_write(struct deed *deed, size_t table, int64_t key, int64_t version)
{
    int64_t stamp, old = stand_look(deed->store, table, key, &stamp);
    assert_true(stamp >= 0);
    draft_add(&deed->changes, table, key, version);
    deed->changes.changes[deed->changes.count - 1].version = stamp;
    return old;
}

void deed_replace(struct deed *deed, size_t table, int64_t key, int64_t version)
{
    draft_add(&deed->changes, table, key, version);
    deed->changes.changes[deed->changes.count - 1].version = VERSION_UNREAD;
}

static void deed_over(struct deed *deed, enum status status)
{
    pthread_mutex_lock(&deed->lock);
    assert_false(deed->over);
    deed->over = true;
    deed->status = status;
    pthread_cond_signal(&deed->wake);
    pthread_mutex_unlock(&deed->lock);
}

static void deed_done(void *context, enum status status)
{
    deed_over(context, status);
}

/* A row that is deleted although there is none would be no change: the engine leaves it out too. */
static void deed_tidy(struct deed *deed)
{
    struct draft *draft = &deed->changes;
    size_t kept = 0;
    for (size_t i = 0; i < draft->count; i++) {
        if (!draft->changes[i].exists && draft->changes[i].version == 0) {
            deed->reads.changes[deed->reads.count++] = draft->changes[i];
        } else {
            draft->changes[kept++] = draft->changes[i];
        }
    }
    draft->count = kept;
}

void deed_keep(struct deed *deed)
{
    deed_tidy(deed);
    deed->over = false;
    deed->stamp = ((1 + atomic_fetch_add(&stamps, 1)) << 6) | deed->store->node;
    struct span feed = span_of(deed->feed[0] != '\0' ? deed->feed : "-");
    if (!deed->store->ops->heard(deed->store)) {
        feed.size = 0; /* as the engine does it */
    }
    struct keep keep = { .changes = deed->changes.changes,
                         .change_count = deed->changes.count,
                         .done = deed_done,
                         .context = deed,
                         .reads = deed->reads.changes,
                         .read_count = deed->reads.count,
                         .follows = deed->follows,
                         .stamp = deed->stamp,
                         .feed = feed };
    enum status status = deed->store->ops->keep(deed->store, &keep);
    if (status != STATUS_ok) {
        deed_over(deed, status);
    }
}

enum status deed_wait(struct deed *deed)
{
    bool in_time = true;
    int64_t until_us = os_monotonic_us() + STAND_WAIT_US;
    while (deed->stand->kind == STAND_deferred && !deed->over && in_time) {
        for (int i = 0; i < deed->stand->store_count; i++) {
            struct store *store = deed->stand->stores[i];
            if (store != NULL && (store == deed->store || !deed->stand->threaded)) {
                store_shared_pump(store);
            }
        }
        in_time = os_monotonic_us() < until_us;
    }
    struct timespec until = { .tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000 };
    pthread_mutex_lock(&deed->lock);
    while (!deed->over && in_time) {
        in_time = pthread_cond_timedwait(&deed->wake, &deed->lock, &until) == 0;
    }
    pthread_mutex_unlock(&deed->lock);
    assert_true(in_time);
    return deed->status;
}

enum status deed_end(struct deed *deed)
{
    deed_keep(deed);
    enum status status = deed_wait(deed);
    deed->changes.count = deed->reads.count = 0;
    return status;
}

int64_t stand_sure(struct stand *stand, struct store *store, size_t table, int64_t key, int64_t *stamp)
{
    struct deed deed;
    int64_t version = -1;
    enum status status = STATUS_conflict;
    deed_begin(&deed, stand, store, 1);
    for (int tries = 0; status == STATUS_conflict; tries++) {
        assert_true(tries < 2); /* nobody else is at it meanwhile */
        version = deed_read(&deed, table, key);
        *stamp = deed.reads.changes[0].version;
        status = deed_end(&deed);
    }
    assert_int_equal(STATUS_ok, status);
    deed_release(&deed);
    return version;
}

struct durable {
    size_t table;
    int64_t key, version;
};

static bool durable_row(void *context, const void *row)
{
    struct durable *durable = context;
    union any_row wanted;
    struct fixture_key key, found;
    row_key_set(&wanted, durable->table, durable->key);
    key_make(&key, durable->table, &wanted);
    key_make(&found, durable->table, row);
    if (key.size == found.size && memcmp(key.bytes, found.bytes, key.size) == 0) {
        durable->version = row_version(durable->table, durable->key, row);
    }
    return false;
}

int64_t stand_durable(struct store *store, size_t table, int64_t key)
{
    struct durable durable = { .table = table, .key = key };
    union any_row row;
    struct fixture_key from;
    row_key_set(&row, table, key);
    key_make(&from, table, &row);
    assert_int_equal(STATUS_ok,
                     store->ops->scan(store, fixture_tables[table], key_span(&from), durable_row, &durable));
    return durable.version;
}
