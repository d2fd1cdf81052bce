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
};

struct reader {
    const struct reader_ops *ops;
};

#endif
