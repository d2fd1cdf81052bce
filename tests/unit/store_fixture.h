/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of stores: tables with every kind of column, rows whose content follows from a key and a
 * version, and calls that wait.
 */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <pthread.h>

#include "store/store.h"

struct part_row {
    int64_t amount;
    int32_t kind;
    char label[12];
};

struct thing_row {
    int64_t id;
    int64_t version;
    int32_t small;
    int32_t parts_count;
    char title[64];
    uint8_t mark[16];
    struct part_row parts[4];
    struct pack answer;
};

extern const struct table thing_table;

struct name_row {
    int32_t shop;
    char name[24];
    int64_t version;
    char note[40];
};

extern const struct table name_table;

/* Nothing but a key. */
struct mark_row {
    uint8_t mark[8];
};

extern const struct table mark_table;
extern const struct table *const fixture_tables[];

#define FIXTURE_TABLES 3

union any_row {
    struct thing_row thing;
    struct name_row name;
    struct mark_row mark;
};

/* The key members only. Keys of a table ascend with `key`. */
void row_key_set(union any_row *row, size_t table, int64_t key);

void row_make(union any_row *row, size_t table, int64_t key, int64_t version);

/* The version a row has when its whole content is that of this version; marks have none and count as 1. */
int64_t row_version(size_t table, int64_t key, const void *row);

struct fixture_key {
    uint8_t bytes[KEY_SIZE_MAX];
    size_t size;
    uint64_t hash;
};

void key_make(struct fixture_key *key, size_t table, const void *row);

struct span key_span(const struct fixture_key *key);

/* Batches being put together. */
struct draft {
    struct row_change *changes;
    union any_row *rows;
    struct fixture_key *keys;
    size_t count;
};

void draft_init(struct draft *draft, size_t capacity);

void draft_release(struct draft *draft);

/* Version 0: the row goes. */
void draft_add(struct draft *draft, size_t table, int64_t key, int64_t version);

/* What `done` reports to: batches in order, on whichever thread. */
struct outcomes {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uint64_t ok, failed;
    uint64_t expected; /* number of the next batch to be done; order is part of the contract */
    bool disordered;
};

struct outcome_ticket {
    struct outcomes *outcomes;
    uint64_t number;
};

void outcomes_init(struct outcomes *outcomes);

void outcome_done(void *context, enum status status);

/* Keeps without waiting; `done` is counted. */
enum status draft_keep(struct store *store, struct draft *draft, struct outcomes *outcomes, uint64_t number);

void outcomes_wait(struct outcomes *outcomes, uint64_t count);

/* Peek, and load when peek does not know. The version, 0 when absent. */
int64_t version_read(struct store *store, size_t table, int64_t key);

/* A folder of its own for each test, removed with what is in it. */
struct folder {
    char path[64];
    char file[96];
};

void folder_make(struct folder *folder);

void folder_clear(const struct folder *folder);

void folder_remove(const struct folder *folder);

#endif
