/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row types and message shapes, described once. A row or message is a plain C struct without pointers
 * plus a `const` array of columns; stores, JSON, OpenAPI and the packed form are generic code over it.
 *
 *   key form      the key columns, encoded so that memcmp orders keys as SQL does: integers big-endian
 *                 with the sign flipped, text with its terminating zero, fixed bytes as they are
 *   packed form   the other columns in order: integers as zigzag varints, text and bytes with a varint
 *                 size, lists with a varint count. Self-contained; the shape must be known to read it.
 *
 * Columns may be added at the end of a shape: a packed row that ends early leaves them zero. Nothing
 * here allocates. Any thread.
 */
#ifndef ENGINE_ROW_H
#define ENGINE_ROW_H

#include "base/limits.h"
#include "base/span.h"

enum column_kind {
    COLUMN_i64,
    COLUMN_i32,
    COLUMN_text,  /* char[N], zero-terminated UTF-8 */
    COLUMN_fixed, /* uint8_t[N], all N bytes count */
    COLUMN_pack,  /* struct pack: up to PACK_SIZE_MAX bytes */
    COLUMN_list,  /* array of structs with a count beside it */
};

/* How a value is shown in JSON and in lists; storage does not care. */
enum column_form {
    FORM_plain,   /* number, or text */
    FORM_id,      /* i64 shown as a decimal string; 0 is null */
    FORM_amount,  /* minor units */
    FORM_instant, /* i64 microseconds UTC shown as RFC 3339; 0 is null */
    FORM_day,     /* i32 yyyymmdd shown as yyyy-mm-dd; 0 is null */
    FORM_flag,    /* i32 0 or 1 shown as false or true */
    FORM_choice,  /* i32 index into `names`; an empty name is null */
    FORM_hex,     /* fixed bytes shown in hex */
    FORM_hidden,  /* never shown, never accepted */
};

enum column_flag {
    COLUMN_required = 1, /* requests: must be there */
    COLUMN_in_path = 2,  /* requests: taken from the route, not from the body */
    COLUMN_lines = 4,    /* requests: a text that may have several lines; the door makes one of them */
    COLUMN_holds_id = 8, /* keys: an id that the engine gave, though not shown as one (FORM_id) */
};

struct pack {
    uint16_t size;
    uint8_t bytes[PACK_SIZE_MAX];
};

struct shape;

struct column {
    const char *name;
    enum column_kind kind;
    enum column_form form;
    unsigned flags;             /* enum column_flag */
    uint32_t offset;
    uint32_t size;              /* bytes of the member */
    const struct shape *element;  /* of a list */
    uint32_t count_offset;        /* of a list: where the int32_t count is */
    int64_t least, most;          /* numbers: accepted range when `most` > 0; text: least bytes */
    const char *const *names;     /* FORM_choice: NULL-terminated, index is the value */
    const char *text;             /* one sentence for people */
};

struct shape {
    const char *name;
    uint32_t size; /* of the struct */
    uint32_t column_count;
    const struct column *columns;
};

struct table {
    struct shape shape; /* name is the SQL table's */
    uint32_t key_count; /* the first columns are the key */
    uint32_t number;    /* frozen: names the table in journals; below TABLE_COUNT_MAX */
    bool unguarded;     /* see TABLE_UNGUARDED */
};

#define COLUMN_KIND(lvalue)                                                                                  \
    _Generic((lvalue), int64_t: COLUMN_i64, int32_t: COLUMN_i32, char *: COLUMN_text, uint8_t *: COLUMN_fixed, \
             struct pack: COLUMN_pack)

/* A member of `struct type`; further column members may follow as designated initialisers. */
#define COLUMN(type, member, ...)                                                                            \
    {                                                                                                        \
        .name = #member, .kind = COLUMN_KIND(((struct type *)0)->member), .offset = offsetof(struct type, member), \
        .size = sizeof(((struct type *)0)->member), __VA_ARGS__                                              \
    }

/* A member of a struct inside: a column of its own, with the name that it has there. */
#define COLUMN_PART(type, part, member, column_name, ...)                                                    \
    {                                                                                                        \
        .name = (column_name), .kind = COLUMN_KIND(((struct type *)0)->part.member),                               \
        .offset = offsetof(struct type, part.member), .size = sizeof(((struct type *)0)->part.member), __VA_ARGS__ \
    }

/* An array member with its `<member>_count` beside it. */
#define COLUMN_LIST(type, member, element_shape, ...)                                                        \
    {                                                                                                        \
        .name = #member, .kind = COLUMN_list, .offset = offsetof(struct type, member),                       \
        .size = sizeof(((struct type *)0)->member), .element = &(element_shape),                             \
        .count_offset = offsetof(struct type, member##_count), __VA_ARGS__                                   \
    }

#define SHAPE(shape_name, type, column_array)                                                                \
    {                                                                                                        \
        .name = (shape_name), .size = sizeof(struct type), .column_count = COUNT_OF(column_array),           \
        .columns = (column_array)                                                                            \
    }

#define TABLE(table_name, table_number, type, column_array, keys)                                            \
    {                                                                                                        \
        .shape = SHAPE(table_name, type, column_array), .key_count = (keys), .number = (table_number)        \
    }

/*
 * A table that payments write, and of which two decisions that cross in different processes may miss a row that the
 * other inserts: one reads that there is none, and the other reads what the first writes. That is harmless when whoever
 * acts on the absence inserts the row itself, when its key is an id made by the decision that inserts it, or when
 * whoever inserts it reads nothing that the others write. Say which, where the table is. All other tables are guarded:
 * see src/store/README.md, 17 to 19. It costs a step for each row that is looked for in vain.
 */
#define TABLE_UNGUARDED(table_name, table_number, type, column_array, keys)                                  \
    {                                                                                                        \
        .shape = SHAPE(table_name, type, column_array), .key_count = (keys), .number = (table_number),       \
        .unguarded = true                                                                                    \
    }

/* Encoded key of `row` into `key` (KEY_SIZE_MAX bytes); returns its size. */
size_t row_key_write(const struct table *table, const void *row, uint8_t *key);
/* Sets the key members of `row`; false when the bytes are not a key of this table. */
MUST_CHECK bool row_key_read(const struct table *table, struct span key, void *row);

/* Packed form of the columns from `first` on; 0 when it does not fit into `capacity`. An empty shape packs to
 * 1 byte. */
size_t shape_pack(const struct shape *shape, uint32_t first, const void *row, uint8_t *bytes, size_t capacity);
/* Reads a packed form over a zeroed struct; false, with the struct in part filled, when the bytes make no sense. */
MUST_CHECK bool shape_unpack(const struct shape *shape, uint32_t first, struct span bytes, void *row);

/* The rows of a table are packed without their key columns. */
static inline size_t row_pack(const struct table *table, const void *row, uint8_t *bytes, size_t capacity)
{
    return shape_pack(&table->shape, table->key_count, row, bytes, capacity);
}

MUST_CHECK static inline bool row_unpack(const struct table *table, struct span bytes, void *row)
{
    return shape_unpack(&table->shape, table->key_count, bytes, row);
}

/* Column by name, or NULL. */
const struct column *shape_column(const struct shape *shape, struct span name);

/* Values of a column in a struct. */
int64_t column_i64(const struct column *column, const void *row); /* i64 and i32 */
void column_set_i64(const struct column *column, void *row, int64_t value);
struct span column_bytes(const struct column *column, const void *row); /* text, fixed and pack */
/* Any but a number, a list in its packed form, into a zeroed struct; false when the bytes do not fit. */
MUST_CHECK bool column_set_bytes(const struct column *column, void *row, struct span bytes);
int32_t column_count(const struct column *column, const void *row);     /* list */
const void *column_element(const struct column *column, const void *row, int32_t index);

#endif
