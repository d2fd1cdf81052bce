/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres_update.h"

#define OID_int8 20
#define OID_tid 27

static bool is_number(const struct column *column)
{
    return column->kind == COLUMN_i64 || column->kind == COLUMN_i32;
}

/* Whether column `i` travels with the rows: keys to find them by, and what is set. */
static bool travels(const struct table *table, uint32_t i, uint64_t columns)
{
    return i < table->key_count || columns == COLUMNS_all || (i < 64 && (columns >> i & 1) != 0);
}

/* Numbers of one row: those of its columns, then the version seen. */
static uint32_t stride_of(const struct table *table, uint64_t columns)
{
    uint32_t stride = 1;
    for (uint32_t i = 0; i < table->shape.column_count; i++) {
        stride += travels(table, i, columns) && is_number(&table->shape.columns[i]);
    }
    return stride;
}

uint64_t columns_same(const struct table *table, struct span before, struct span after)
{
    if (table->shape.column_count > 64 || before.size == 0 || after.size == 0) {
        return 0;
    }
    struct packed left = { (const uint8_t *)before.bytes, (const uint8_t *)before.bytes + before.size };
    struct packed right = { (const uint8_t *)after.bytes, (const uint8_t *)after.bytes + after.size };
    uint64_t differ = 0;
    for (uint32_t i = table->key_count; i < table->shape.column_count; i++) {
        const struct column *column = &table->shape.columns[i];
        struct value a, b;
        if (!packed_value(&left, column, &a) || !packed_value(&right, column, &b)) {
            return 0;
        }
        bool same = a.kind == b.kind &&
                    (a.kind == VALUE_i64
                         ? a.i64 == b.i64
                         : a.bytes.size == b.bytes.size &&
                               (a.bytes.size == 0 || memcmp(a.bytes.bytes, b.bytes.bytes, a.bytes.size) == 0));
        differ |= same ? 0 : UINT64_C(1) << i;
    }
    return ~differ;
}

uint32_t updates_choose(struct updates *updates, uint64_t changed)
{
    if (updates->count == 0) {
        updates->columns[updates->count++] = COLUMNS_all;
    }
    uint32_t best = 0;
    for (uint32_t i = 0; i < updates->count; i++) {
        uint64_t columns = updates->columns[i];
        if (columns == changed) {
            return i;
        }
        bool fits = (changed & ~columns) == 0;
        if (fits && __builtin_popcountll(columns) < __builtin_popcountll(updates->columns[best])) {
            best = i;
        }
    }
    if (updates->count < UPDATES_MAX) {
        updates->columns[updates->count] = changed;
        best = updates->count++;
    }
    return best;
}

/* ---- texts ---- */

static void sql_fields(struct sql *sql, enum form form, const struct table *table, uint64_t columns)
{
    uint32_t stride = stride_of(table, columns);
    uint32_t number = 0, parameter = 5;
    for (uint32_t i = 0; i < table->shape.column_count; i++) {
        const struct column *column = &table->shape.columns[i];
        if (!travels(table, i, columns)) {
            continue;
        }
        if (is_number(column)) {
            sql_add(sql, ",($4::bigint[])[s.i+%u]%s", ++number, column->kind == COLUMN_i32 ? "::integer" : "");
        } else {
            sql_add(sql, ",($%u::%s[])[s.i/%u+1]", parameter++, postgres_type(column), stride);
        }
    }
    sql_add(sql, ",($4::bigint[])[s.i+%u]", stride);
    if (form == FORM_move) {
        sql_add(sql, ",($%u::tid[])[s.i/%u+1]", parameter, stride);
    }
}

void update_sql(struct sql *sql, enum form form, const struct table *table, uint64_t columns)
{
    sql_add(sql, "UPDATE \"%s\" AS t SET ver = $2::bigint", table->shape.name);
    for (uint32_t i = table->key_count; i < table->shape.column_count; i++) {
        if (travels(table, i, columns)) {
            sql_add(sql, ",\"%s\" = n.c%u", table->shape.columns[i].name, i);
        }
    }
    /* The OFFSET keeps the planner from seeing through: see sql_source. */
    sql_add(sql, " FROM (SELECT $1::smallint,s.i");
    sql_fields(sql, form, table, columns);
    sql_add(sql, " FROM generate_series(0,$3::integer,%u) AS s(i) OFFSET 0) AS n(p,i", stride_of(table, columns));
    for (uint32_t i = 0; i < table->shape.column_count; i++) {
        if (travels(table, i, columns)) {
            sql_add(sql, ",c%u", i);
        }
    }
    /* What is within IS TRUE the planner takes for no condition that an index could meet: it thinks spots dearer. */
    bool moves = form == FORM_move;
    sql_add(sql, ",seen%s) WHERE %st.p = n.p", moves ? ",spot" : "", moves ? "t.ctid = n.spot AND (" : "");
    for (uint32_t i = 0; i < table->key_count; i++) {
        sql_add(sql, " AND t.\"%s\" = n.c%u", table->shape.columns[i].name, i);
    }
    sql_add(sql, " AND t.ver = n.seen%s RETURNING n.i,t.ctid", moves ? ") IS TRUE" : "");
}

/* ---- values ---- */

static void number_write(struct wire *wire, const struct lot *lot, uint32_t column, const struct lot_row *row)
{
    if (column >= lot->table->key_count) {
        wire_field_i64(wire, column_i64(&lot->table->shape.columns[column], row->row));
        return;
    }
    struct packed left = { (const uint8_t *)row->key.bytes, (const uint8_t *)row->key.bytes + row->key.size };
    struct value value;
    for (uint32_t i = 0; i <= column; i++) {
        bool fits = key_value(&left, &lot->table->shape.columns[i], &value);
        assert(fits); /* keys were encoded by this process */
    }
    wire_field_i64(wire, value.i64);
}

static void numbers_fill(struct wire *wire, struct parameters *parameters, const struct lot *lot, uint64_t columns)
{
    const struct table *table = lot->table;
    parameter_begin(parameters, wire);
    wire_array_head(wire, OID_int8, lot->count * stride_of(table, columns));
    for (size_t i = 0; i < lot->count; i++) {
        for (uint32_t j = 0; j < table->shape.column_count; j++) {
            if (travels(table, j, columns) && is_number(&table->shape.columns[j])) {
                number_write(wire, lot, j, &lot->rows[i]);
            }
        }
        wire_field_i64(wire, lot->rows[i].seen);
    }
    parameter_end(parameters, wire);
}

static void spots_fill(struct wire *wire, struct parameters *parameters, const struct lot *lot)
{
    parameter_begin(parameters, wire);
    wire_array_head(wire, OID_tid, lot->count);
    for (size_t i = 0; i < lot->count; i++) {
        uint64_t spot = lot->rows[i].spot;
        wire_i32(wire, SPOT_SIZE);
        wire_i32(wire, (int32_t)(spot >> 16));
        wire_i16(wire, (int32_t)(spot & 0xFFFF));
    }
    parameter_end(parameters, wire);
}

void update_fill(struct wire *wire, struct parameters *parameters, const struct lot *lot, uint64_t columns,
                 int64_t stamp)
{
    const struct table *table = lot->table;
    assert(lot->count > 0 && lot->count <= UPDATE_ROWS_MAX);
    parameter_begin(parameters, wire);
    wire_i16(wire, (int32_t)lot->partition);
    parameter_end(parameters, wire);
    parameter_begin(parameters, wire);
    wire_i64(wire, stamp);
    parameter_end(parameters, wire);
    parameter_begin(parameters, wire);
    wire_i32(wire, (int32_t)(lot->count * stride_of(table, columns)) - 1);
    parameter_end(parameters, wire);
    numbers_fill(wire, parameters, lot, columns);
    for (uint32_t j = 0; j < table->shape.column_count; j++) {
        if (travels(table, j, columns) && !is_number(&table->shape.columns[j])) {
            parameter_begin(parameters, wire);
            wire_array_head(wire, postgres_oid(&table->shape.columns[j]), lot->count);
            for (size_t i = 0; i < lot->count; i++) {
                wire_field(wire, lot, j, &lot->rows[i]);
            }
            parameter_end(parameters, wire);
        }
    }
    if (lot->form == FORM_move) {
        spots_fill(wire, parameters, lot);
    }
}

bool update_came(const PGresult *result, int at, const struct table *table, uint64_t columns, uint32_t *row,
                 uint64_t *spot)
{
    if (PQnfields(result) != 2 || PQgetlength(result, at, 0) != 4 || PQgetlength(result, at, 1) != SPOT_SIZE) {
        return false;
    }
    *row = (uint32_t)postgres_i64(result, at, 0) / stride_of(table, columns);
    *spot = spot_read(PQgetvalue(result, at, 1));
    return true;
}
