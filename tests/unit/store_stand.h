/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One shared database and the stores that joined it, in memory or on PostgreSQL, and deeds: batches that bring
 * back the versions of what they asked for, as the engine's do.
 */
#ifndef TESTS_UNIT_STORE_STAND_H
#define TESTS_UNIT_STORE_STAND_H

#include "store/memory_shared.h"
#include "store_fixture.h"
#include "support/cluster.h"

#define STAND_STORES_MAX 6
#define STAND_WAIT_US INT64_C(20000000) /* for what others' threads do in their own time */

enum stand_kind {
    STAND_memory,   /* batches are tried inside keep */
    STAND_deferred, /* and when pumped */
    STAND_postgres,
    STAND_lists, /* several partitions, rows as lists of values, hardly any cache */
    STAND_KINDS,
};

struct stand {
    enum stand_kind kind;
    struct store *stores[STAND_STORES_MAX];
    int store_count;
    struct shared_memory *memory;
    int64_t now_us;              /* of the memory's clock */
    enum shared_fate fate;       /* of the next `fate_step` of the store that asks first */
    enum shared_step fate_step;
    int64_t wait_us;             /* for locks; memory */
    bool threaded;               /* each store is used by a thread of its own */
    char place[CLUSTER_PLACE_SIZE];
};

bool stand_is_postgres(const struct stand *stand);
/* The server that all of them share. */
struct cluster *stand_cluster(void);
struct stand *stand_make(enum stand_kind kind);
/* Another node. */
struct store *stand_join(struct stand *stand);
/* Closes one of the stores. */
void stand_leave(struct stand *stand, struct store *store);
/* Closes what is left open. */
void stand_remove(struct stand *stand);
/* Another process has taken the store's place, as after a long pause. */
void stand_place_take(struct stand *stand, struct store *store);

struct stand_fact {
    const char *name;
    void (*run)(void **state); /* which points to a stand_kind */
    bool memory_only;
};
/*
 * Runs every fact on every kind and returns what main returns. Arguments: the kinds to run, by a part of their
 * names; none: all.
 */
int stands_run(const struct stand_fact *facts, size_t count, int argc, char **argv);

/* A batch in the making, and then on its way. */
struct deed {
    struct stand *stand;
    struct store *store;
    struct draft changes, reads;
    char feed[64];
    bool follows;  /* another deed of which it is not known what became of it */
    int64_t stamp; /* of the last keep */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool over;
    enum status status;
};

void deed_begin(struct deed *deed, struct stand *stand, struct store *store, size_t rows);
void deed_release(struct deed *deed);
/* The row as the store shows it: its content's version, 0 when there is none. It counts as read. */
int64_t deed_read(struct deed *deed, size_t table, int64_t key);
/* Asks for the row and gives it new content, 0: none. Returns the old one's version. */
int64_t deed_write(struct deed *deed, size_t table, int64_t key, int64_t version);
/* The same without asking. */
void deed_replace(struct deed *deed, size_t table, int64_t key, int64_t version);
/* Hands it to the store; what does not get that far is over at once. */
void deed_keep(struct deed *deed);
enum status deed_wait(struct deed *deed);
/* Both; forgets the rows, for the next. */
enum status deed_end(struct deed *deed);

/* What the store shows, which may be out of date. Returns the content's version; *stamp is the row's. */
int64_t stand_look(struct store *store, size_t table, int64_t key, int64_t *stamp);
/* The same, and the store may not answer from what it has at hand as far as peek is concerned. */
int64_t stand_load(struct store *store, size_t table, int64_t key, int64_t *stamp);
/* What holds: a batch that saw nothing else was kept. */
int64_t stand_sure(struct stand *stand, struct store *store, size_t table, int64_t key, int64_t *stamp);
/* What is durable. */
int64_t stand_durable(struct store *store, size_t table, int64_t key);

#endif
