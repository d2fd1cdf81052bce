/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/row.h"

static const uint8_t *member_at(const struct column *column, const void *row)
{
    return (const uint8_t *)row + column->offset;
}

int64_t column_i64(const struct column *column, const void *row)
{
    if (column->kind == COLUMN_i32) {
        int32_t value;
        memcpy(&value, member_at(column, row), sizeof(value));
        return value;
    }
    assert(column->kind == COLUMN_i64);
    int64_t value;
    memcpy(&value, member_at(column, row), sizeof(value));
    return value;
}

void column_set_i64(const struct column *column, void *row, int64_t value)
{
    uint8_t *at = (uint8_t *)row + column->offset;
    if (column->kind == COLUMN_i32) {
        assert(value >= INT32_MIN && value <= INT32_MAX);
        int32_t narrow = (int32_t)value;
        memcpy(at, &narrow, sizeof(narrow));
        return;
    }
    assert(column->kind == COLUMN_i64);
    memcpy(at, &value, sizeof(value));
}

struct span column_bytes(const struct column *column, const void *row)
{
    const uint8_t *at = member_at(column, row);
    if (column->kind == COLUMN_text) {
        return (struct span){ (const char *)at, strnlen((const char *)at, column->size - 1) };
    }
    if (column->kind == COLUMN_pack) {
        const struct pack *pack = (const void *)at;
        assert(pack->size <= PACK_SIZE_MAX);
        return (struct span){ (const char *)pack->bytes, pack->size };
    }
    assert(column->kind == COLUMN_fixed);
    return (struct span){ (const char *)at, column->size };
}

int32_t column_count(const struct column *column, const void *row)
{
    int32_t count;
    assert(column->kind == COLUMN_list);
    memcpy(&count, (const uint8_t *)row + column->count_offset, sizeof(count));
    assert(count >= 0);
    assert((size_t)count * column->element->size <= column->size);
    return count;
}

const void *column_element(const struct column *column, const void *row, int32_t index)
{
    assert(index >= 0);
    return member_at(column, row) + (size_t)index * column->element->size;
}

const struct column *shape_column(const struct shape *shape, struct span name)
{
    for (uint32_t i = 0; i < shape->column_count; i++) {
        if (span_equal(span_of(shape->columns[i].name), name)) {
            return &shape->columns[i];
        }
    }
    return NULL;
}

/* ---- keys ---- */

static size_t big_endian_write(uint64_t value, size_t size, uint8_t *to)
{
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
    return size;
}

static uint64_t big_endian_read(const uint8_t *from, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | from[i];
    }
    return value;
}

size_t row_key_write(const struct table *table, const void *row, uint8_t *key)
{
    size_t size = 0;
    for (uint32_t i = 0; i < table->key_count; i++) {
        const struct column *column = &table->shape.columns[i];
        struct span bytes;
        switch (column->kind) {
        case COLUMN_i64:
            size += big_endian_write((uint64_t)column_i64(column, row) ^ (UINT64_C(1) << 63), 8, key + size);
            break;
        case COLUMN_i32:
            size += big_endian_write((uint32_t)column_i64(column, row) ^ (UINT32_C(1) << 31), 4, key + size);
            break;
        case COLUMN_text:
        case COLUMN_fixed:
            bytes = column_bytes(column, row);
            assert(size + bytes.size + 1 <= KEY_SIZE_MAX);
            memcpy(key + size, bytes.bytes, bytes.size);
            size += bytes.size;
            if (column->kind == COLUMN_text) {
                key[size++] = 0;
            }
            break;
        case COLUMN_pack:
        case COLUMN_list:
            assert(!"a key column is a number, a text or fixed bytes");
        }
    }
    assert(size <= KEY_SIZE_MAX);
    return size;
}

/* Reads one key column at `at`; returns the bytes it took, 0 when they make no sense. */
static size_t key_column_read(const struct column *column, const uint8_t *at, size_t left, void *row)
{
    uint8_t *member = (uint8_t *)row + column->offset;
    const uint8_t *end;
    switch (column->kind) {
    case COLUMN_i64:
        if (left < 8) {
            return 0;
        }
        column_set_i64(column, row, (int64_t)(big_endian_read(at, 8) ^ (UINT64_C(1) << 63)));
        return 8;
    case COLUMN_i32:
        if (left < 4) {
            return 0;
        }
        column_set_i64(column, row, (int32_t)((uint32_t)big_endian_read(at, 4) ^ (UINT32_C(1) << 31)));
        return 4;
    case COLUMN_text:
        end = memchr(at, 0, left);
        if (end == NULL || (size_t)(end - at) >= column->size) {
            return 0;
        }
        memcpy(member, at, (size_t)(end - at) + 1);
        return (size_t)(end - at) + 1;
    case COLUMN_fixed:
        if (left < column->size) {
            return 0;
        }
        memcpy(member, at, column->size);
        return column->size;
    case COLUMN_pack:
    case COLUMN_list:
        break;
    }
    return 0;
}

bool row_key_read(const struct table *table, struct span key, void *row)
{
    const uint8_t *at = (const uint8_t *)key.bytes;
    size_t left = key.size;
    for (uint32_t i = 0; i < table->key_count; i++) {
        size_t took = key_column_read(&table->shape.columns[i], at, left, row);
        if (took == 0) {
            return false;
        }
        at += took;
        left -= took;
    }
    return left == 0;
}

/* ---- packed form ---- */

struct packer {
    uint8_t *bytes;
    size_t size, capacity;
    bool failed;
};

static void pack_bytes(struct packer *packer, const void *bytes, size_t size)
{
    if (packer->failed || packer->capacity - packer->size < size) {
        packer->failed = true;
        return;
    }
    memcpy(packer->bytes + packer->size, bytes, size);
    packer->size += size;
}

static void pack_varint(struct packer *packer, uint64_t value)
{
    uint8_t bytes[10];
    size_t size = 0;
    while (value >= 0x80) {
        bytes[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[size++] = (uint8_t)value;
    pack_bytes(packer, bytes, size);
}

static uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static void pack_columns(struct packer *packer, const struct shape *shape, uint32_t first, const void *row)
{
    for (uint32_t i = first; i < shape->column_count; i++) {
        const struct column *column = &shape->columns[i];
        struct span bytes;
        int32_t count;
        switch (column->kind) {
        case COLUMN_i64:
        case COLUMN_i32:
            pack_varint(packer, zigzag(column_i64(column, row)));
            break;
        case COLUMN_text:
        case COLUMN_pack:
            bytes = column_bytes(column, row);
            pack_varint(packer, bytes.size);
            pack_bytes(packer, bytes.bytes, bytes.size);
            break;
        case COLUMN_fixed:
            bytes = column_bytes(column, row);
            pack_bytes(packer, bytes.bytes, bytes.size);
            break;
        case COLUMN_list:
            count = column_count(column, row);
            pack_varint(packer, (uint64_t)count);
            for (int32_t j = 0; j < count; j++) {
                pack_columns(packer, column->element, 0, column_element(column, row, j));
            }
            break;
        }
    }
}

size_t shape_pack(const struct shape *shape, uint32_t first, const void *row, uint8_t *bytes, size_t capacity)
{
    struct packer packer = { .bytes = bytes, .capacity = capacity };
    pack_columns(&packer, shape, first, row);
    if (packer.size == 0) {
        pack_varint(&packer, 0);
    }
    return packer.failed ? 0 : packer.size;
}

struct unpacker {
    const uint8_t *at, *end;
};

static bool unpack_varint(struct unpacker *unpacker, uint64_t *value)
{
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64 && unpacker->at < unpacker->end; shift += 7) {
        uint8_t byte = *unpacker->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        result |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *value = result;
            return true;
        }
    }
    return false;
}

static bool unpack_text(struct unpacker *unpacker, const struct column *column, uint8_t *member)
{
    uint64_t size;
    size_t room = column->kind == COLUMN_text ? column->size - 1 : PACK_SIZE_MAX;
    if (!unpack_varint(unpacker, &size) || size > room || size > (uint64_t)(unpacker->end - unpacker->at)) {
        return false;
    }
    if (column->kind == COLUMN_text) {
        memcpy(member, unpacker->at, size);
        member[size] = 0;
    } else {
        struct pack *pack = (void *)member;
        pack->size = (uint16_t)size;
        memcpy(pack->bytes, unpacker->at, size);
    }
    unpacker->at += size;
    return true;
}

static bool unpack_columns(struct unpacker *unpacker, const struct shape *shape, uint32_t first, void *row);

static bool unpack_list(struct unpacker *unpacker, const struct column *column, void *row)
{
    uint64_t count;
    if (!unpack_varint(unpacker, &count) || count > column->size / column->element->size) {
        return false;
    }
    int32_t narrow = (int32_t)count;
    memcpy((uint8_t *)row + column->count_offset, &narrow, sizeof(narrow));
    for (uint64_t j = 0; j < count; j++) {
        uint8_t *element = (uint8_t *)row + column->offset + j * column->element->size;
        const uint8_t *before = unpacker->at;
        if (!unpack_columns(unpacker, column->element, 0, element) || unpacker->at == before) {
            return false;
        }
    }
    return true;
}

static bool unpack_number(struct unpacker *unpacker, const struct column *column, void *row)
{
    uint64_t raw;
    if (!unpack_varint(unpacker, &raw)) {
        return false;
    }
    int64_t value = unzigzag(raw);
    if (column->kind == COLUMN_i32 && (value < INT32_MIN || value > INT32_MAX)) {
        return false;
    }
    column_set_i64(column, row, value);
    return true;
}

static bool unpack_columns(struct unpacker *unpacker, const struct shape *shape, uint32_t first, void *row)
{
    for (uint32_t i = first; i < shape->column_count; i++) {
        const struct column *column = &shape->columns[i];
        uint8_t *member = (uint8_t *)row + column->offset;
        bool ok = false;
        if (unpacker->at == unpacker->end) {
            return i > first; /* written before this column was added */
        }
        switch (column->kind) {
        case COLUMN_i64:
        case COLUMN_i32:
            ok = unpack_number(unpacker, column, row);
            break;
        case COLUMN_text:
        case COLUMN_pack:
            ok = unpack_text(unpacker, column, member);
            break;
        case COLUMN_fixed:
            ok = (size_t)(unpacker->end - unpacker->at) >= column->size;
            if (ok) {
                memcpy(member, unpacker->at, column->size);
                unpacker->at += column->size;
            }
            break;
        case COLUMN_list:
            ok = unpack_list(unpacker, column, row);
            break;
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool shape_unpack(const struct shape *shape, uint32_t first, struct span bytes, void *row)
{
    struct unpacker unpacker = { .at = (const uint8_t *)bytes.bytes,
                                 .end = (const uint8_t *)bytes.bytes + bytes.size };
    if (first == shape->column_count) {
        return bytes.size == 1 && bytes.bytes[0] == 0;
    }
    return unpack_columns(&unpacker, shape, first, row) && unpacker.at == unpacker.end;
}

bool column_set_bytes(const struct column *column, void *row, struct span bytes)
{
    uint8_t *member = (uint8_t *)row + column->offset;
    if (column->kind == COLUMN_text) {
        if (bytes.size >= column->size) {
            return false;
        }
    } else if (column->kind == COLUMN_fixed) {
        if (bytes.size != column->size) {
            return false;
        }
    } else if (column->kind == COLUMN_pack) {
        struct pack *pack = (void *)member;
        if (bytes.size > PACK_SIZE_MAX) {
            return false;
        }
        pack->size = (uint16_t)bytes.size;
        member = pack->bytes;
    } else {
        struct shape alone = { .name = column->name, .column_count = 1, .columns = column };
        return bytes.size > 0 && shape_unpack(&alone, 0, bytes, row);
    }
    if (bytes.size > 0) {
        memcpy(member, bytes.bytes, bytes.size);
    }
    return true;
}
