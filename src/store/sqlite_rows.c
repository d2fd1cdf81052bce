/* SPDX-License-Identifier: Apache-2.0 */
/* Statements from descriptors, values in and out of them. */
#include "store/internal.h"

const char *column_sql_type(const struct column *column)
{
    switch (column->kind) {
    case COLUMN_i64:
    case COLUMN_i32:
        return "INTEGER";
    case COLUMN_text:
        return "TEXT";
    case COLUMN_fixed:
    case COLUMN_pack:
    case COLUMN_list:
        break;
    }
    return "BLOB";
}

/* Definition of a column; the default is what older rows hold when it is added later. */
void sql_column(struct sql *sql, const struct column *column)
{
    struct value zero = column_zero(column);
    sql_add(sql, "\"%s\" %s NOT NULL DEFAULT ", column->name, column_sql_type(column));
    if (zero.kind == VALUE_i64) {
        sql_add(sql, "0");
    } else if (column->kind == COLUMN_text) {
        sql_add(sql, "''");
    } else {
        sql_add(sql, "x'");
        for (size_t i = 0; i < zero.bytes.size; i++) {
            sql_add(sql, "00");
        }
        sql_add(sql, "'");
    }
}

static void sql_names(struct sql *sql, const struct table *table, uint32_t first, uint32_t end,
                      const char *after)
{
    for (uint32_t i = first; i < end; i++) {
        sql_add(sql, "%s\"%s\"%s", i == first ? "" : ", ", table->shape.columns[i].name, after);
    }
}

/* A single number is SQLite's own row id; any other key is a clustered index. */
static bool key_is_rowid(const struct table *table)
{
    const struct column *column = &table->shape.columns[0];
    return table->key_count == 1 && (column->kind == COLUMN_i64 || column->kind == COLUMN_i32);
}

void sql_create(struct sql *sql, const struct table *table)
{
    sql_add(sql, "CREATE TABLE IF NOT EXISTS \"%s\" (", table->shape.name);
    if (key_is_rowid(table)) {
        sql_add(sql, "\"%s\" INTEGER PRIMARY KEY", table->shape.columns[0].name);
    }
    for (uint32_t i = key_is_rowid(table) ? 1 : 0; i < table->shape.column_count; i++) {
        sql_add(sql, "%s", i == 0 ? "" : ", ");
        sql_column(sql, &table->shape.columns[i]);
    }
    if (key_is_rowid(table)) {
        sql_add(sql, ") STRICT");
        return;
    }
    sql_add(sql, ", PRIMARY KEY (");
    sql_names(sql, table, 0, table->key_count, "");
    sql_add(sql, ")) STRICT, WITHOUT ROWID");
}

void sql_put(struct sql *sql, const struct table *table)
{
    sql_add(sql, "REPLACE INTO \"%s\" (", table->shape.name);
    sql_names(sql, table, 0, table->shape.column_count, "");
    sql_add(sql, ") VALUES (");
    for (uint32_t i = 0; i < table->shape.column_count; i++) {
        sql_add(sql, i == 0 ? "?" : ",?");
    }
    sql_add(sql, ")");
}

static void sql_where_key(struct sql *sql, const struct table *table)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        sql_add(sql, "%s\"%s\" = ?", i == 0 ? " WHERE " : " AND ", table->shape.columns[i].name);
    }
}

void sql_drop(struct sql *sql, const struct table *table)
{
    sql_add(sql, "DELETE FROM \"%s\"", table->shape.name);
    sql_where_key(sql, table);
}

void sql_get(struct sql *sql, const struct table *table)
{
    sql_add(sql, "SELECT ");
    if (table->key_count == table->shape.column_count) {
        sql_add(sql, "1");
    }
    sql_names(sql, table, table->key_count, table->shape.column_count, "");
    sql_add(sql, " FROM \"%s\"", table->shape.name);
    sql_where_key(sql, table);
}

void sql_scan(struct sql *sql, const struct table *table, bool from, bool descending)
{
    sql_add(sql, "SELECT ");
    sql_names(sql, table, 0, table->shape.column_count, "");
    sql_add(sql, " FROM \"%s\"", table->shape.name);
    if (from) {
        sql_add(sql, " WHERE (");
        sql_names(sql, table, 0, table->key_count, "");
        sql_add(sql, ") >= (");
        for (uint32_t i = 0; i < table->key_count; i++) {
            sql_add(sql, i == 0 ? "?" : ",?");
        }
        sql_add(sql, ")");
    }
    sql_add(sql, " ORDER BY ");
    sql_names(sql, table, 0, table->key_count, descending ? " DESC" : "");
    sql_add(sql, descending ? " LIMIT 1" : "");
}

/* ---- values ---- */

static bool value_bind(sqlite3_stmt *statement, int at, const struct column *column,
                       const struct value *value)
{
    if (value->kind == VALUE_i64) {
        return sqlite3_bind_int64(statement, at, value->i64) == SQLITE_OK;
    }
    int size = (int)value->bytes.size; /* rows are small: at most ROW_SIZE_MAX */
    if (column->kind == COLUMN_text) {
        return sqlite3_bind_text(statement, at, value->bytes.bytes, size, SQLITE_STATIC) == SQLITE_OK;
    }
    return sqlite3_bind_blob(statement, at, value->bytes.bytes, size, SQLITE_STATIC) == SQLITE_OK;
}

bool key_bind(sqlite3_stmt *statement, const struct table *table, struct span key)
{
    struct packed left = { (const uint8_t *)key.bytes, (const uint8_t *)key.bytes + key.size };
    for (uint32_t i = 0; i < table->key_count; i++) {
        const struct column *column = &table->shape.columns[i];
        struct value value;
        if (!key_value(&left, column, &value) || !value_bind(statement, (int)i + 1, column, &value)) {
            return false;
        }
    }
    return left.at == left.end;
}

bool record_bind(sqlite3_stmt *statement, const struct table *table, const struct record *record)
{
    struct packed left = { (const uint8_t *)record->image.bytes,
                           (const uint8_t *)record->image.bytes + record->image.size };
    if (!key_bind(statement, table, record->key)) {
        return false;
    }
    for (uint32_t i = table->key_count; i < table->shape.column_count; i++) {
        const struct column *column = &table->shape.columns[i];
        struct value value;
        if (!packed_value(&left, column, &value) || !value_bind(statement, (int)i + 1, column, &value)) {
            return false;
        }
    }
    return left.at == left.end || table->key_count == table->shape.column_count;
}

static bool bytes_decode(sqlite3_stmt *statement, int at, const struct column *column, void *row)
{
    const char *bytes = sqlite3_column_blob(statement, at);
    return column_set_bytes(column, row, (struct span){ bytes, (size_t)sqlite3_column_bytes(statement, at) });
}

bool row_decode(sqlite3_stmt *statement, const struct table *table, uint32_t first, void *row)
{
    for (uint32_t i = first; i < table->shape.column_count; i++) {
        const struct column *column = &table->shape.columns[i];
        int at = (int)(i - first);
        if (column->kind == COLUMN_i64 || column->kind == COLUMN_i32) {
            int64_t value = sqlite3_column_int64(statement, at);
            if (column->kind == COLUMN_i32 && (value < INT32_MIN || value > INT32_MAX)) {
                return false;
            }
            column_set_i64(column, row, value);
        } else if (!bytes_decode(statement, at, column, row)) {
            return false;
        }
    }
    return true;
}
