/* SPDX-License-Identifier: Apache-2.0 */
#include "support/house.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "engine/engine_rows.h"

const struct caller house_operator = { .kind = CALLER_operator };

struct caller house_shop(int64_t shop_id)
{
    return (struct caller){ .kind = CALLER_shop, .id = shop_id };
}

struct caller house_shopper(int64_t shopper_id)
{
    return (struct caller){ .kind = CALLER_shopper, .id = shopper_id };
}

static int64_t house_now(void *context)
{
    struct house *house = context;
    house->now_us += house->drift_us;
    return house->now_us;
}

static void fatal(void *context, const char *what)
{
    (void)context;
    fprintf(stderr, "the engine stops: %s\n", what);
    abort();
}

static void house_engine_open(struct house *house)
{
    house->engine = engine_open(&house->settings);
    assert(house->engine != NULL);
}

void house_open_store(struct house *house, struct store *store, bool threaded)
{
    *house = (struct house){ .store = store, .now_us = HOUSE_NOON_US, .threaded = threaded };
    house->settings = (struct engine_settings){ .store = store,
                                                .now_us = house_now,
                                                .clock_context = house,
                                                .timer_commands = product_timers,
                                                .check = ledger_check,
                                                .fatal = fatal };
    house_engine_open(house);
}

void house_open_memory(struct house *house, const struct memory_settings *settings)
{
    struct store *store;
    enum status status = store_memory_open(product_tables, settings, &store);
    assert(status == STATUS_ok);
    house_open_store(house, store, false);
}

void house_open_sqlite(struct house *house, const char *path)
{
    struct store *store;
    struct store_error error;
    enum status status = store_sqlite_open(path, product_tables, &(struct sqlite_settings){ .cache_bytes = 1 << 20 },
                                           &store, &error);
    if (status != STATUS_ok) {
        fprintf(stderr, "%s: %s\n", path, error.text);
    }
    assert(status == STATUS_ok);
    house_open_store(house, store, true);
}

void house_close(struct house *house)
{
    engine_close(house->engine);
    house->store->ops->close(house->store);
}

void house_reopen_engine(struct house *house)
{
    house_settle(house);
    house->reopened = true;
    engine_close(house->engine);
    house_engine_open(house);
}

void house_body_hash(const struct command *command, const void *request, uint8_t hash[16])
{
    static _Thread_local uint8_t packed[65536];
    size_t size = shape_pack(command->request, 0, request, packed, sizeof(packed));
    assert(size > 0);
    uint64_t words[2] = { hash_bytes(packed, size), command->number };
    memcpy(hash, words, sizeof(words));
}

static void call_done(struct call *call)
{
    atomic_store((_Atomic bool *)call->context, true);
}

/* One round of whatever there is to do. */
static bool house_step(struct house *house)
{
    bool worked = engine_step(house->engine);
    if (!house->threaded && !house->store->shared) {
        worked = store_memory_pump(house->store) || worked;
    }
    return worked;
}

enum refusal house_call_keyed(struct house *house, struct caller caller, const struct command *command,
                              const void *request, void *answer, const char *request_key)
{
    _Atomic bool done = false;
    void *room = calloc(1, command->answer->size);
    assert(room != NULL);
    struct call call = { .command = command,
                         .request = request,
                         .answer = room,
                         .caller = caller,
                         .done = call_done,
                         .context = &done };
    house_body_hash(command, request, call.body_hash);
    if (request_key != NULL) {
        bool fits = span_copy(span_of(request_key), call.request_key, sizeof(call.request_key));
        assert(fits);
    }
    bool taken = engine_submit(house->engine, &call);
    assert(taken);
    while (!atomic_load(&done)) {
        if (!house_step(house) && house->threaded) {
            usleep(20);
        }
    }
    assert(call.status == STATUS_ok);
    house->repeated = call.repeated;
    house->decided_at_us = call.decided_at_us;
    if (answer != NULL) {
        memcpy(answer, room, command->answer->size);
    }
    free(room);
    return call.refusal;
}

enum refusal house_call(struct house *house, struct caller caller, const struct command *command, const void *request,
                        void *answer)
{
    char key[REQUEST_KEY_SIZE];
    snprintf(key, sizeof(key), "house-%012llu", (unsigned long long)house->key_next++);
    bool keyed = (command->flags & (COMMAND_reads | COMMAND_internal)) == 0;
    return house_call_keyed(house, caller, command, request, answer, keyed ? key : NULL);
}

/*
 * Until nothing is on its way. What an engine before this one set is found by listening; who listens without need
 * may take a timer once more that is being fired, which nobody minds, and takes an instant.
 */
void house_settle(struct house *house)
{
    bool worked;
    do {
        worked = house_step(house);
        if (!worked && !engine_idle(house->engine)) {
            usleep(20);
            worked = true;
        }
        worked = worked || (house->store->shared && house->reopened && engine_hear(house->engine));
    } while (worked || house_step(house));
}

static struct row_want want_of(const struct table *table, void *row, uint8_t *key)
{
    struct span encoded = { (const char *)key, row_key_write(table, row, key) };
    return (struct row_want){
        .table = table, .key = encoded, .hash = row_hash(table, hash_bytes(key, encoded.size)), .row = row
    };
}

bool house_row(struct house *house, const struct table *table, void *row)
{
    uint8_t key[KEY_SIZE_MAX];
    struct row_want want = want_of(table, row, key);
    enum peek peek = house->store->ops->peek(house->store, &want);
    if (peek == PEEK_unknown) {
        enum status status = house->store->ops->load(house->store, &want, 1);
        assert(status == STATUS_ok);
        return want.exists;
    }
    return peek == PEEK_found;
}

/* On a shared store: a version above all that the engine has given, and of its node. */
static int64_t stamp_next(struct house *house)
{
    struct progress_row progress = { .one = (int32_t)house->store->node + 1 };
    (void)house_row(house, &progress_table, &progress);
    return max_i64(progress.id_last, 0) + (INT64_C(1) << NODE_BITS);
}

static void put_done(void *context, enum status status)
{
    assert(status == STATUS_ok);
    atomic_store((_Atomic bool *)context, true);
}

void house_row_put(struct house *house, const struct table *table, const void *row, bool exists)
{
    uint8_t key[KEY_SIZE_MAX];
    _Atomic bool done = false;
    struct span encoded = { (const char *)key, row_key_write(table, row, key) };
    struct row_change change = { .table = table,
                                 .key = encoded,
                                 .hash = row_hash(table, hash_bytes(key, encoded.size)),
                                 .row = row,
                                 .exists = exists,
                                 .version = VERSION_UNREAD };
    struct keep keep = {
        &change, 1, put_done, &done, .reads = NULL, .stamp = house->store->shared ? stamp_next(house) : 0
    };
    enum status status = house->store->ops->keep(house->store, &keep);
    assert(status == STATUS_ok);
    while (!atomic_load(&done)) {
        if (!house->threaded && !house->store->shared) {
            store_memory_pump(house->store);
        } else {
            usleep(20);
        }
    }
}

int64_t house_balance(struct house *house, int64_t owner_id, int32_t purpose, int64_t unit)
{
    struct account_row account = { .owner_id = owner_id, .purpose = purpose, .unit = unit };
    return house_row(house, &account_table, &account) ? account.balance : 0;
}

void folder_remove(const char *path)
{
    char file[512];
    DIR *folder = opendir(path);
    assert(folder != NULL);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.') {
            unlink(file);
        }
    }
    closedir(folder);
    rmdir(path);
}

/* ---- a reader over a store's scan ---- */

struct store_reader {
    struct reader base;
    struct store *store;
};

static enum status reader_begin(struct reader *reader)
{
    (void)reader;
    return STATUS_ok;
}

static enum status reader_query(struct reader *reader, const char *sql, const struct value *binds, size_t bind_count,
                                reader_row *each, void *context)
{
    (void)reader;
    (void)sql;
    (void)binds;
    (void)bind_count;
    (void)each;
    (void)context;
    return STATUS_fault; /* there is no SQL here */
}

static enum status reader_scan(struct reader *reader, const struct table *table, struct span from,
                               bool (*each)(void *context, const void *row), void *context)
{
    struct store *store = ((struct store_reader *)reader)->store;
    return store->ops->scan(store, table, from, each, context);
}

static void reader_end(struct reader *reader)
{
    (void)reader;
}

static void reader_close(struct reader *reader)
{
    free(reader);
}

static const struct reader_ops reader_ops = {
    .begin = reader_begin, .query = reader_query, .scan = reader_scan, .end = reader_end, .close = reader_close
};

struct reader *store_reader_open(struct store *store)
{
    struct store_reader *reader = calloc(1, sizeof(*reader));
    assert(reader != NULL);
    *reader = (struct store_reader){ .base = { .ops = &reader_ops }, .store = store };
    return &reader->base;
}

bool house_audit(struct house *house, struct audit_report *report)
{
    struct reader *reader;
    house_settle(house);
    enum status status = house->store->ops->reader_open(house->store, &reader);
    if (status == STATUS_not_found) {
        reader = store_reader_open(house->store);
    } else {
        assert(status == STATUS_ok);
    }
    status = audit_run(reader, NULL, report);
    reader->ops->close(reader);
    assert(status == STATUS_ok);
    return report->ok;
}
