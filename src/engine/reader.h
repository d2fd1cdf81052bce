/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists, searches and reports: hand-written portable SQL run on a read connection. One reader belongs to
 * one thread. A query sees a consistent snapshot: everything whose `keep` was done before `reader_begin`.
 */
#ifndef ENGINE_READER_H
#define ENGINE_READER_H

#include "engine/row.h"

struct reader;

enum value_kind {
    VALUE_null,
    VALUE_i64,
    VALUE_bytes, /* text or blob */
};

struct value {
    enum value_kind kind;
    int64_t i64;
    struct span bytes;
};

#define VALUE_I64(v) ((struct value){ .kind = VALUE_i64, .i64 = (v) })
#define VALUE_TEXT(s) ((struct value){ .kind = VALUE_bytes, .bytes = (s) })

/* Returns false to stop. Values are valid during the call. */
typedef bool reader_row(void *context, const struct value *values, size_t count);

struct reader_ops {
    enum status (*begin)(struct reader *reader);
    enum status (*query)(struct reader *reader, const char *sql, const struct value *binds, size_t bind_count,
                         reader_row *each, void *context);
    /* Rows of a table in key order, unpacked into structs, from the snapshot. */
    enum status (*scan)(struct reader *reader, const struct table *table, struct span from,
                        bool (*each)(void *context, const void *row), void *context);
    void (*end)(struct reader *reader);
    void (*close)(struct reader *reader);
    /* What is known of the last failed call; never a password. NULL: nothing. */
    const char *(*error)(const struct reader *reader);
    /* Of stores with replicas, otherwise NULL: see below. */
    void (*lag)(struct reader *reader, bool allowed);
    int64_t (*age)(const struct reader *reader);
};

struct reader {
    const struct reader_ops *ops;
};

static inline const char *reader_error(const struct reader *reader)
{
    return reader->ops->error != NULL ? reader->ops->error(reader) : "";
}

/*
 * Whether from the next `begin` on a replica of the database may answer, if there is one: its snapshot may then
 * lack what was done last. For what is shown to people; not for what is acted upon. Not allowed at first.
 */
static inline void reader_lag(struct reader *reader, bool allowed)
{
    if (reader->ops->lag != NULL) {
        reader->ops->lag(reader, allowed);
    }
}

/* At most so many us before its `begin` the snapshot was the latest state; 0: it was just then; negative: it is
 * no replica that answers. */
static inline int64_t reader_age_us(const struct reader *reader)
{
    return reader->ops->age != NULL ? reader->ops->age(reader) : -1;
}

#endif
