/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole till for tests: a store, an engine on the calling thread, a clock that the test moves, and calls
 * that are made one after another. On memory, on a sqlite file or on a PostgreSQL database, or on any store
 * that the test brings. What cannot be opened fails an assertion.
 */
#ifndef TESTS_SUPPORT_HOUSE_H
#define TESTS_SUPPORT_HOUSE_H

#include <stdatomic.h>

#include "engine/engine.h"
#include "engine/reader.h"
#include "ledger/ledger.h"
#include "store/store.h"
#include "till/audit.h"
#include "lines/product.h"

#define HOUSE_NOON_US INT64_C(1418356800000000) /* 2014-12-12T12:00:00+08:00, a Friday */

struct house {
    struct store *store;
    struct engine *engine;
    int64_t now_us;
    int64_t drift_us; /* by how much the clock is further at each look at it; 0: it stands still */
    uint64_t key_next; /* of calls that name no key */
    struct engine_settings settings;
    bool threaded; /* the store calls `done` on a thread of its own */
    bool reopened; /* there was an engine before this one */
    /* of the last call */
    bool repeated;
    int64_t decided_at_us;
};

/* NULL settings: warm, and durable at once. */
void house_open_memory(struct house *house, const struct memory_settings *settings);
void house_open_sqlite(struct house *house, const char *path);
/* `cache_bytes` 0: the usual. */
void house_open_postgres(struct house *house, const char *place, int64_t cache_bytes);
/* `threaded`: it calls `done` on a thread of its own. The house closes it. */
void house_open_store(struct house *house, struct store *store, bool threaded);
void house_close(struct house *house);
/* The engine anew on the same store, as after a stop; time and ids are read back. */
void house_reopen_engine(struct house *house);

/* Decides one call and waits until it is durable. `answer` may be NULL. A fresh request key. */
enum refusal house_call(struct house *house, struct caller caller, const struct command *command, const void *request,
                        void *answer);
/* The same under a request key of the caller's; NULL: none. */
enum refusal house_call_keyed(struct house *house, struct caller caller, const struct command *command,
                              const void *request, void *answer, const char *request_key);
/* Lets due timers fire and everything become durable. */
void house_settle(struct house *house);

extern const struct caller house_operator;
struct caller house_shop(int64_t shop_id);
struct caller house_shopper(int64_t shopper_id);

/* The body hash that the house gives a request. */
void house_body_hash(const struct command *command, const void *request, uint8_t hash[16]);

/* A row by the key members of `row`, filled in from the store; false when there is none. */
bool house_row(struct house *house, const struct table *table, void *row);
/* Writes or removes a row behind the engine's back. */
void house_row_put(struct house *house, const struct table *table, const void *row, bool exists);
/* A balance as the account's row says. */
int64_t house_balance(struct house *house, int64_t owner_id, int32_t purpose, int64_t unit);

/* Removes a folder of test files, without folders inside. */
void folder_remove(const char *path);

/* Reads a store's durable rows through its own scan: for stores without read connections. */
struct reader *store_reader_open(struct store *store);
/* Audits the store; false, with the report's sentence, when it does not hold. */
bool house_audit(struct house *house, struct audit_report *report);

#endif
