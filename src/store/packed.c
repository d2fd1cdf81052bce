/* SPDX-License-Identifier: Apache-2.0 */
#include "store/packed.h"

#include "base/hash.h"

static_assert(KEY_SIZE_MAX <= UINT8_MAX, "a record holds the size of a key in one byte");
static_assert(ROW_SIZE_MAX <= UINT16_MAX, "a record holds the size of an image in two bytes");
static_assert(TABLE_COUNT_MAX <= UINT8_MAX, "a record holds the number of a table in one byte");

static const char zeroes[ROW_SIZE_MAX];

static bool varint(struct packed *packed, uint64_t *value)
{
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64 && packed->at < packed->end; shift += 7) {
        uint8_t byte = *packed->at++;
        result |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *value = result;
            return true;
        }
    }
    return false;
}

static bool take(struct packed *packed, uint64_t size, struct value *value)
{
    if (size > (uint64_t)(packed->end - packed->at)) {
        return false;
    }
    *value = VALUE_TEXT(((struct span){ (const char *)packed->at, size }));
    packed->at += size;
    return true;
}

struct value column_zero(const struct column *column)
{
    switch (column->kind) {
    case COLUMN_i64:
    case COLUMN_i32:
        return VALUE_I64(0);
    case COLUMN_text:
    case COLUMN_pack:
        return VALUE_TEXT(((struct span){ zeroes, 0 }));
    case COLUMN_fixed:
        return VALUE_TEXT(((struct span){ zeroes, column->size }));
    case COLUMN_list:
        break;
    }
    return VALUE_TEXT(((struct span){ zeroes, 1 })); /* a count of 0 */
}

/* Elements do not end early: only the last columns of a whole row may be missing. */
static bool list_skip(struct packed *packed, const struct column *column)
{
    uint64_t count;
    if (!varint(packed, &count) || count > column->size / column->element->size) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < column->element->column_count; j++) {
            struct value ignored;
            if (packed->at == packed->end || !packed_value(packed, &column->element->columns[j], &ignored)) {
                return false;
            }
        }
    }
    return true;
}

bool packed_value(struct packed *packed, const struct column *column, struct value *value)
{
    uint64_t raw;
    const uint8_t *start = packed->at;
    if (packed->at == packed->end) {
        *value = column_zero(column);
        return true;
    }
    switch (column->kind) {
    case COLUMN_i64:
    case COLUMN_i32:
        if (!varint(packed, &raw)) {
            return false;
        }
        *value = VALUE_I64((int64_t)(raw >> 1) ^ -(int64_t)(raw & 1));
        return true;
    case COLUMN_text:
    case COLUMN_pack:
        return varint(packed, &raw) && take(packed, raw, value);
    case COLUMN_fixed:
        return take(packed, column->size, value);
    case COLUMN_list:
        if (!list_skip(packed, column)) {
            return false;
        }
        *value = VALUE_TEXT(((struct span){ (const char *)start, (size_t)(packed->at - start) }));
        return true;
    }
    return false;
}

static uint64_t big_endian(const uint8_t *from, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | from[i];
    }
    return value;
}

bool key_value(struct packed *key, const struct column *column, struct value *value)
{
    size_t left = (size_t)(key->end - key->at);
    const uint8_t *end;
    switch (column->kind) {
    case COLUMN_i64:
        if (left < 8) {
            return false;
        }
        *value = VALUE_I64((int64_t)(big_endian(key->at, 8) ^ UINT64_C(1) << 63));
        key->at += 8;
        return true;
    case COLUMN_i32:
        if (left < 4) {
            return false;
        }
        *value = VALUE_I64((int32_t)((uint32_t)big_endian(key->at, 4) ^ UINT32_C(1) << 31));
        key->at += 4;
        return true;
    case COLUMN_text:
        end = memchr(key->at, 0, left);
        if (end == NULL || !take(key, (uint64_t)(end - key->at), value)) {
            return false;
        }
        key->at++;
        return true;
    case COLUMN_fixed:
        return take(key, column->size, value);
    case COLUMN_pack:
    case COLUMN_list:
        break;
    }
    return false;
}

size_t record_write(uint8_t *to, uint32_t table, bool exists, struct span key, size_t image_size)
{
    assert(table < TABLE_COUNT_MAX);
    assert(key.size <= KEY_SIZE_MAX);
    assert(image_size <= ROW_SIZE_MAX);
    to[0] = (uint8_t)table;
    to[1] = exists;
    to[2] = (uint8_t)key.size;
    to[3] = (uint8_t)(image_size & 0xFF);
    to[4] = (uint8_t)(image_size >> 8);
    memcpy(to + RECORD_HEAD_SIZE, key.bytes, key.size);
    return RECORD_HEAD_SIZE + key.size;
}

size_t record_read(const uint8_t *at, size_t left, struct record *record)
{
    if (left < RECORD_HEAD_SIZE) {
        return 0;
    }
    size_t key_size = at[2];
    size_t image_size = at[3] | (size_t)at[4] << 8;
    size_t size = RECORD_HEAD_SIZE + key_size + image_size;
    if (size > left || at[0] >= TABLE_COUNT_MAX || at[1] > 1 || key_size > KEY_SIZE_MAX ||
        image_size > ROW_SIZE_MAX || (at[1] == 1) != (image_size > 0)) {
        return 0;
    }
    *record = (struct record){ .table = at[0],
                               .exists = at[1] == 1,
                               .key = { (const char *)at + RECORD_HEAD_SIZE, key_size },
                               .image = { (const char *)at + RECORD_HEAD_SIZE + key_size, image_size } };
    return size;
}

uint64_t checksum(const void *bytes, size_t size, uint64_t seed)
{
    const uint8_t *at = bytes;
    uint64_t a = seed ^ UINT64_C(0x9e3779b97f4a7c15);
    uint64_t b = size;
    uint64_t word;
    /* Two chains side by side hide the latency of the multiplication; each step is a bijection. */
    for (; size >= 16; at += 16, size -= 16) {
        memcpy(&word, at, 8);
        a = (a ^ word) * UINT64_C(0xa0761d6478bd642f);
        a ^= a >> 29;
        memcpy(&word, at + 8, 8);
        b = (b ^ word) * UINT64_C(0xe7037ed1a0b428db);
        b ^= b >> 31;
    }
    while (size > 0) {
        size_t step = size < 8 ? size : 8;
        word = 0;
        memcpy(&word, at, step);
        a = hash_mix(a ^ word);
        at += step;
        size -= step;
    }
    return hash_mix(a ^ hash_mix(b));
}
