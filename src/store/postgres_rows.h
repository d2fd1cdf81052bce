/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements over many rows of one table at once, made from descriptors and prepared once per connection. Rows
 * travel as arrays, one per column, or as lists of VALUES of fixed lengths for databases that shard: then each
 * statement is also sent several times.
 *
 * What is sent is gathered in libpq's pipeline; results come in the same order. One thread at a time owns a session.
 */
#ifndef STORE_POSTGRES_ROWS_H
#define STORE_POSTGRES_ROWS_H

#include "store/postgres_store.h"

enum form {
    FORM_get,    /* all columns, the version and, but with lists, the spot of the rows named */
    FORM_lock,   /* the same, and holds them to the end of the transaction */
    FORM_check,  /* how many have the version seen, and nobody is changing them */
    FORM_share,  /* how many have the version seen; nobody changes them until the end of the transaction */
    FORM_absent, /* how many exist */
    FORM_insert,
    FORM_update, /* those that have the version seen */
    FORM_move,   /* the same, each looked for at its spot and nowhere else */
    FORM_delete, /* those that have the version seen */
    FORM_upsert, /* whatever is there */
    FORM_remove, /* whatever is there */
    FORM_copy,   /* as insert, by COPY: not in a pipeline */
    FORM_gap,    /* those that do not exist, and that nobody is inserting, are inserted: to be taken back */
    FORM_count
};

/* One row of a statement. */
struct lot_row {
    struct span key;
    const void *row; /* for forms that write columns; may be NULL for others */
    int64_t seen;    /* for forms that compare versions */
    uint64_t hash;   /* as of struct row_want; for forms that tell of spots */
    uint64_t same;    /* of an update: bit i says that column i is as it was */
    uint64_t spot;    /* for FORM_move: see postgres_spots.h */
};

#define COLUMNS_all UINT64_MAX /* of a set of columns */

/* Rows of one table and one partition, in key order. */
struct lot {
    const struct table *table;
    enum form form;
    uint32_t partition;
    const struct lot_row *rows;
    size_t count;
    uint64_t same; /* in all of the rows */
};

/*
 * Rows being sorted into lots (postgres_lots.c): first the lots that write, then those that look, then the gaps, then
 * those that insert; within, by table, form and partition. Keys and rows stay the caller's.
 */
struct lot_entry {
    struct lot_row row;
    uint32_t group;
};

struct lots {
    struct postgres_store *store;
    struct lot_entry *entries;
    struct lot_row *rows;
    struct lot *lots;
    size_t entry_count, entry_capacity, count, capacity;
    uint32_t *group_counts, *groups;
    size_t group_count;
    bool guards; /* new rows of guarded tables come before all looks; set after lots_begin */
};

void lots_init(struct lots *lots, struct postgres_store *store);
void lots_release(struct lots *lots);
/* At most `rows` rows are added until lots_end. */
void lots_begin(struct lots *lots, size_t rows);
void lots_add(struct lots *lots, enum form form, const struct table *table, const struct lot_row *row);
/* `count` and `lots` are the outcome. `copies`: many new rows of a table become a FORM_copy. */
void lots_end(struct lots *lots, bool copies);

#define LIST_SIZES 3 /* lengths of lists of VALUES: 1, 8, 32 */
#define UPDATES_MAX 8 /* statements that update different columns of one table */

/* A statement whose result is still to come. */
struct sent {
    uint32_t lot;  /* index given by the caller; SENT_other: none */
    uint32_t rows; /* that it named */
    uint32_t first; /* of them in the lot */
    uint64_t columns; /* that an update sets */
};

#define SENT_other UINT32_MAX

/* Which columns the updates set that were prepared. The first one sets all. */
struct updates {
    uint64_t columns[UPDATES_MAX];
    uint32_t count;
    bool prepared[2][UPDATES_MAX]; /* of FORM_update, of FORM_move */
};

struct rows_session {
    PGconn *connection; /* NULL: to be made */
    const char *name;
    const char *place;
    bool lists;
    bool pipeline;
    bool duplicate; /* a row was there already; cleared by the owner */
    int64_t silent_us; /* its patience; set by the owner, 0: without end */
    bool given_up;     /* the server hung: what it was doing may not be over; cleared by the owner */
    bool prepared[FORM_count][TABLE_COUNT_MAX][LIST_SIZES];
    struct updates updates[TABLE_COUNT_MAX];
    struct wire wire;
    struct wire copies; /* rows to be copied, a lot after the other */
    struct sql copy_sql;
    size_t *copy_ends; /* where each lot ends */
    size_t copy_count, copy_capacity;
    bool flushed; /* the pipeline's end was sent */
    struct sent *sent;
    size_t sent_count, sent_capacity;
    uint64_t bytes, trips;
};

void rows_session_init(struct rows_session *session, const char *place, const char *name, bool lists);
void rows_session_close(struct rows_session *session);
/* Connects when there is no connection. */
MUST_CHECK enum status rows_session_open(struct rows_session *session, struct store_error *error);
/* Gives the connection up: whatever was under way there is void, unless its COMMIT was sent. */
void rows_session_drop(struct rows_session *session);

/* ---- pipelines ---- */

/* Prepares what these lots need and was not prepared before. Outside of pipelines. */
MUST_CHECK enum status rows_session_prepare(struct rows_session *session, const struct lot *lots, size_t count,
                                       struct store_error *error);
void rows_session_begin(struct rows_session *session);
/* A statement without rows, with up to four values; `index` is found again in the result's `sent`. */
void rows_session_say(struct rows_session *session, uint32_t index, const char *sql, const struct value *binds,
                 size_t bind_count);
/* `index` is found again in the result's `sent`. */
void rows_session_send(struct rows_session *session, const struct lot *lot, uint32_t index, int64_t stamp);

/* Sends what is left and the end of the pipeline, so that the server is not waited for by it meanwhile. */
void rows_session_flush(struct rows_session *session);

/* Looks at the result of one statement. Anything but STATUS_ok ends the collecting with that status. */
typedef enum status rows_session_result(void *context, const struct sent *sent, const PGresult *result);
/*
 * Sends what is left, waits for all results and leaves the pipeline. The first status that is not ok wins; an
 * error of the server is turned into one by postgres_status. The connection may be lost afterwards.
 */
MUST_CHECK enum status rows_session_collect(struct rows_session *session, rows_session_result *each, void *context,
                                       struct store_error *error);

/* ---- COPY ---- */

/* Puts together what those of the lots that are FORM_copy will send: at best while the server does something else. */
void rows_session_copies(struct rows_session *session, const struct lot *lots, size_t count, int64_t stamp);
/* Sends that, one COPY after the other, and then `last` (such as COMMIT), as one message. */
MUST_CHECK enum status rows_session_copy(struct rows_session *session, const char *last, struct store_error *error);

/* ---- rows that came ---- */

/* One row of a FORM_get or FORM_lock into a zeroed struct, its key encoded, its version, its spot or 0. */
MUST_CHECK bool row_came(const PGresult *result, int at, const struct table *table, void *row, uint8_t *key,
                         size_t *key_size, int64_t *version, uint64_t *spot);

/* Text of a statement; `rows`: of a list of VALUES, 0: arrays. For tests too. */
void form_sql(struct sql *sql, enum form form, const struct table *table, uint32_t rows);

#endif
