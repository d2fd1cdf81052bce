/* SPDX-License-Identifier: Apache-2.0 */
/* Values in the server's binary form, out of structs and results and back. */
#include "store/postgres_store.h"

#include <stdlib.h>

enum { /* types of the catalogue: the same in every version */
    OID_bool = 16,
    OID_bytea = 17,
    OID_int8 = 20,
    OID_int2 = 21,
    OID_int4 = 23,
    OID_text = 25,
    OID_numeric = 1700,
    OID_bytea_array = 1001,
    OID_int4_array = 1007,
    OID_text_array = 1009,
    OID_int8_array = 1016,
};

Oid postgres_oid(const struct column *column)
{
    switch (column->kind) {
    case COLUMN_i64:
        return OID_int8;
    case COLUMN_i32:
        return OID_int4;
    case COLUMN_text:
        return OID_text;
    case COLUMN_fixed:
    case COLUMN_pack:
    case COLUMN_list:
        break;
    }
    return OID_bytea;
}

Oid postgres_array_oid(const struct column *column)
{
    switch (postgres_oid(column)) {
    case OID_int8:
        return OID_int8_array;
    case OID_int4:
        return OID_int4_array;
    case OID_text:
        return OID_text_array;
    default:
        return OID_bytea_array;
    }
}

const char *postgres_type(const struct column *column)
{
    switch (postgres_oid(column)) {
    case OID_int8:
        return "bigint";
    case OID_int4:
        return "integer";
    case OID_text:
        return "text";
    default:
        return "bytea";
    }
}

/* ---- out ---- */

void wire_release(struct wire *wire)
{
    free(wire->bytes);
    *wire = (struct wire){ 0 };
}

uint8_t *wire_room(struct wire *wire, size_t size)
{
    if (wire->capacity - wire->size < size) {
        size_t capacity = wire->capacity * 2 + size + 4096;
        uint8_t *wide = realloc(wire->bytes, capacity);
        assert(wide != NULL); /* bounded by BATCH_ROWS_MAX */
        wire->bytes = wide;
        wire->capacity = capacity;
    }
    uint8_t *at = wire->bytes + wire->size;
    wire->size += size;
    return at;
}

static void store_be(uint8_t *at, uint64_t value, size_t size)
{
    uint64_t swapped = __builtin_bswap64(value) >> (64 - 8 * size);
    memcpy(at, &swapped, size);
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are swapped on their way");

void wire_i16(struct wire *wire, int32_t value)
{
    store_be(wire_room(wire, 2), (uint64_t)value & 0xFFFF, 2);
}

void wire_i32(struct wire *wire, int32_t value)
{
    store_be(wire_room(wire, 4), (uint32_t)value, 4);
}

void wire_i64(struct wire *wire, int64_t value)
{
    store_be(wire_room(wire, 8), (uint64_t)value, 8);
}

void wire_field_i64(struct wire *wire, int64_t value)
{
    uint8_t *at = wire_room(wire, 12);
    store_be(at, 8, 4);
    store_be(at + 4, (uint64_t)value, 8);
}

static void wire_field_i32(struct wire *wire, int32_t value)
{
    uint8_t *at = wire_room(wire, 8);
    store_be(at, 4, 4);
    store_be(at + 4, (uint32_t)value, 4);
}

void wire_field_bytes(struct wire *wire, struct span bytes)
{
    assert(bytes.size <= INT32_MAX);
    uint8_t *at = wire_room(wire, 4 + bytes.size);
    store_be(at, (uint32_t)bytes.size, 4);
    if (bytes.size > 0) {
        memcpy(at + 4, bytes.bytes, bytes.size);
    }
}

static void wire_list(struct wire *wire, const struct column *column, const void *struct_row)
{
    struct shape alone = { .columns = column, .column_count = 1 };
    size_t start = wire->size;
    (void)wire_room(wire, 4 + ROW_SIZE_MAX);
    size_t size = shape_pack(&alone, 0, struct_row, wire->bytes + start + 4, ROW_SIZE_MAX);
    assert(size > 0); /* the whole row was packed before */
    store_be(wire->bytes + start, (uint32_t)size, 4);
    wire->size = start + 4 + size;
}

void wire_column(struct wire *wire, const struct column *column, const void *struct_row)
{
    switch (column->kind) {
    case COLUMN_i64:
        wire_field_i64(wire, column_i64(column, struct_row));
        return;
    case COLUMN_i32:
        wire_field_i32(wire, (int32_t)column_i64(column, struct_row));
        return;
    case COLUMN_text:
    case COLUMN_fixed:
    case COLUMN_pack:
        wire_field_bytes(wire, column_bytes(column, struct_row));
        return;
    case COLUMN_list:
        wire_list(wire, column, struct_row);
        return;
    }
}

void wire_value(struct wire *wire, const struct column *column, const struct value *value)
{
    assert(value->kind != VALUE_null); /* no column of ours is ever null */
    if (value->kind == VALUE_bytes) {
        wire_field_bytes(wire, value->bytes);
    } else if (column->kind == COLUMN_i32) {
        wire_field_i32(wire, (int32_t)value->i64);
    } else {
        wire_field_i64(wire, value->i64);
    }
}

/* ---- in ---- */

static uint64_t load_be(const char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | (uint8_t)bytes[i];
    }
    return value;
}

/*
 * A numeric is four numbers of two bytes, count of digits, weight of the first, sign, scale shown, and digits to
 * the base of 10,000. Sums of bigint come as numeric; those that have fractions or do not fit are refused.
 */
static bool numeric_read(const char *bytes, size_t size, int64_t *value)
{
    if (size < 8) {
        return false;
    }
    size_t digits = load_be(bytes, 2);
    int weight = (int16_t)load_be(bytes + 2, 2);
    uint64_t sign = load_be(bytes + 4, 2);
    uint128 sum = 0;
    if (size != 8 + 2 * digits || (sign != 0 && sign != 0x4000) || weight > 4 ||
        (int)digits > weight + 1) {
        return false;
    }
    for (int i = 0; i <= weight; i++) {
        sum = sum * 10000 + ((size_t)i < digits ? load_be(bytes + 8 + 2 * i, 2) : 0);
    }
    *value = sign != 0 ? -(int64_t)sum : (int64_t)sum;
    return sum <= INT64_MAX;
}

bool postgres_value(const PGresult *result, int row, int field, struct value *value)
{
    *value = (struct value){ .kind = VALUE_null };
    if (PQgetisnull(result, row, field)) {
        return true;
    }
    const char *bytes = PQgetvalue(result, row, field);
    size_t size = (size_t)PQgetlength(result, row, field);
    value->kind = VALUE_i64;
    switch (PQftype(result, field)) {
    case OID_int8:
        value->i64 = (int64_t)load_be(bytes, 8);
        return size == 8;
    case OID_int4:
        value->i64 = (int32_t)load_be(bytes, 4);
        return size == 4;
    case OID_int2:
        value->i64 = (int16_t)load_be(bytes, 2);
        return size == 2;
    case OID_bool:
        value->i64 = bytes[0] != 0;
        return size == 1;
    case OID_numeric:
        return numeric_read(bytes, size, &value->i64);
    default:
        *value = VALUE_TEXT(((struct span){ bytes, size }));
        return true;
    }
}

int64_t postgres_i64(const PGresult *result, int row, int field)
{
    struct value value;
    bool fits = postgres_value(result, row, field, &value);
    assert(fits);
    assert(value.kind == VALUE_i64);
    return value.i64;
}

static bool number_read(const char *bytes, size_t size, const struct column *column, void *struct_row)
{
    if (column->kind == COLUMN_i64) {
        column_set_i64(column, struct_row, (int64_t)load_be(bytes, 8));
        return size == 8;
    }
    column_set_i64(column, struct_row, (int32_t)load_be(bytes, 4));
    return size == 4;
}

bool postgres_row_read(const PGresult *result, int row, int field, const struct table *table, uint32_t first,
                       uint32_t end, void *struct_row)
{
    for (uint32_t i = first; i < end; i++, field++) {
        const struct column *column = &table->shape.columns[i];
        const char *bytes = PQgetvalue(result, row, field);
        size_t size = (size_t)PQgetlength(result, row, field);
        if (PQgetisnull(result, row, field) || PQftype(result, field) != postgres_oid(column)) {
            return false;
        }
        bool number = column->kind == COLUMN_i64 || column->kind == COLUMN_i32;
        if (!(number ? number_read(bytes, size, column, struct_row)
                     : column_set_bytes(column, struct_row, (struct span){ bytes, size }))) {
            return false;
        }
    }
    return true;
}
