/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads keys and packed rows column by column without building the struct, and the records that journal
 * and write-back are made of. Values point into the bytes they are read from. Nothing here allocates.
 *
 *   record   table number (1 byte), exists (1), key size (1), image size (2, little-endian), key, image
 */
#ifndef STORE_PACKED_H
#define STORE_PACKED_H

#include "engine/reader.h"
#include "engine/row.h"

struct packed {
    const uint8_t *at, *end;
};

/* The next column; a list's value is its packed form. A packed form that ends early yields zeroes. */
MUST_CHECK bool packed_value(struct packed *packed, const struct column *column, struct value *value);
/* The next key column. */
MUST_CHECK bool key_value(struct packed *key, const struct column *column, struct value *value);
/* What a column holds in rows that were written before it was added. */
struct value column_zero(const struct column *column);

/* As memcmp orders keys, and therefore as SQL does. */
static inline int key_compare(struct span a, struct span b)
{
    size_t both = a.size < b.size ? a.size : b.size;
    int order = both > 0 ? memcmp(a.bytes, b.bytes, both) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

#define RECORD_HEAD_SIZE 5
#define RECORD_SIZE_MAX (RECORD_HEAD_SIZE + KEY_SIZE_MAX + ROW_SIZE_MAX)

struct record {
    uint32_t table;
    bool exists;
    struct span key, image;
};

/* Writes head and key; the image follows at the returned size. */
size_t record_write(uint8_t *to, uint32_t table, bool exists, struct span key, size_t image_size);
/* Size of the record at `at`, 0 when the bytes make no sense. */
size_t record_read(const uint8_t *at, size_t left, struct record *record);

/* Of bytes that were checked when they came in. */
static inline struct span record_key(const uint8_t *at)
{
    return (struct span){ (const char *)at + RECORD_HEAD_SIZE, at[2] };
}

/* The same on every machine and in every version: it is kept on disk. */
uint64_t checksum(const void *bytes, size_t size, uint64_t seed);

#endif
