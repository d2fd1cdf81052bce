/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of all tables and answers of all commands: packed and read back, keys in order, limits kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "lines/product.h"

static uint64_t next(uint64_t *random)
{
    *random += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix(*random);
}

/* Numbers of every length, and the ends of the range more often than chance would have it. */
static int64_t number(uint64_t *random, enum column_kind kind)
{
    unsigned bits = kind == COLUMN_i32 ? 32 : 64;
    uint64_t raw = next(random) >> (next(random) % bits) >> (64 - bits);
    int64_t value = next(random) % 2 == 0 ? (int64_t)raw : -(int64_t)(raw >> 1);
    switch (next(random) % 16) {
    case 0:
        value = kind == COLUMN_i32 ? INT32_MIN : INT64_MIN;
        break;
    case 1:
        value = kind == COLUMN_i32 ? INT32_MAX : INT64_MAX;
        break;
    default:
        break;
    }
    return kind == COLUMN_i32 ? (int32_t)value : value;
}

static void fill(const struct shape *shape, uint64_t *random, bool most, void *row)
{
    for (uint32_t i = 0; i < shape->column_count; i++) {
        const struct column *column = &shape->columns[i];
        uint8_t *member = (uint8_t *)row + column->offset;
        size_t size = most ? column->size - 1 : next(random) % column->size;
        struct pack *pack = (void *)member;
        int32_t count;
        switch (column->kind) {
        case COLUMN_i64:
            column_set_i64(column, row, most ? INT64_MIN : number(random, COLUMN_i64));
            break;
        case COLUMN_i32:
            column_set_i64(column, row, most ? INT32_MIN : number(random, COLUMN_i32));
            break;
        case COLUMN_text:
            for (size_t j = 0; j < size; j++) {
                member[j] = (uint8_t)(1 + next(random) % 255);
            }
            break;
        case COLUMN_fixed:
            for (size_t j = 0; j < column->size; j++) {
                member[j] = (uint8_t)next(random);
            }
            break;
        case COLUMN_pack:
            pack->size = (uint16_t)(most ? PACK_SIZE_MAX : next(random) % (PACK_SIZE_MAX + 1));
            for (size_t j = 0; j < pack->size; j++) {
                pack->bytes[j] = (uint8_t)next(random);
            }
            break;
        case COLUMN_list:
            count = (int32_t)(column->size / column->element->size);
            count = most ? count : (int32_t)(next(random) % (uint64_t)(count + 1));
            memcpy((uint8_t *)row + column->count_offset, &count, sizeof(count));
            for (int32_t j = 0; j < count; j++) {
                fill(column->element, random, most, member + (size_t)j * column->element->size);
            }
            break;
        }
    }
}

static void rows_survive_packing(void **state)
{
    static _Alignas(16) uint8_t row[ROW_SIZE_MAX], back[ROW_SIZE_MAX];
    uint8_t packed[ROW_SIZE_MAX], key[KEY_SIZE_MAX];
    uint64_t random = 1;
    (void)state;
    for (size_t t = 0; product_tables[t] != NULL; t++) {
        const struct table *table = product_tables[t];
        assert_true(table->shape.size <= ROW_SIZE_MAX);
        for (int i = 0; i < 300; i++) {
            memset(row, 0, sizeof(row));
            memset(back, 0, sizeof(back));
            fill(&table->shape, &random, false, row);
            size_t size = row_pack(table, row, packed, sizeof(packed));
            assert_true(size > 0);
            struct span keyed = { (const char *)key, row_key_write(table, row, key) };
            assert_true(row_key_read(table, keyed, back));
            assert_true(row_unpack(table, (struct span){ (const char *)packed, size }, back));
            assert_memory_equal(row, back, table->shape.size);
            if (size > 1) { /* what does not fit is said, and nothing is written beyond */
                uint8_t guard = packed[size - 1];
                assert_int_equal(row_pack(table, row, packed, size - 1), 0);
                assert_int_equal(packed[size - 1], guard);
            }
        }
    }
}

static void the_largest_row_fits(void **state)
{
    static _Alignas(16) uint8_t row[ROW_SIZE_MAX];
    uint8_t packed[ROW_SIZE_MAX], key[KEY_SIZE_MAX];
    uint64_t random = 2;
    (void)state;
    for (size_t t = 0; product_tables[t] != NULL; t++) {
        const struct table *table = product_tables[t];
        memset(row, 0, sizeof(row));
        fill(&table->shape, &random, true, row);
        size_t size = row_pack(table, row, packed, sizeof(packed));
        if (size == 0) {
            fail_msg("the largest row of %s does not fit into ROW_SIZE_MAX", table->shape.name);
        }
        assert_true(row_key_write(table, row, key) <= KEY_SIZE_MAX);
    }
}

/* Answers of commands that keep their requests, and what else is packed into rows. */
static void the_largest_answer_fits(void **state)
{
    uint8_t packed[PACK_SIZE_MAX];
    uint64_t random = 3;
    struct campaign_row campaign = { 0 };
    struct trade_row trade = { 0 };
    (void)state;
    fill(&campaign_table.shape, &random, true, &campaign);
    fill(&trade_table.shape, &random, true, &trade);
    assert_true(shape_pack(&campaign_table.shape, 0, &campaign, packed, sizeof(packed)) > 0);
    assert_true(shape_pack(&trade_table.shape, 0, &trade, packed, sizeof(packed)) > 0);
    for (size_t i = 0; product_commands[i] != NULL; i++) {
        const struct command *command = product_commands[i];
        if ((command->flags & COMMAND_reads) != 0) {
            continue;
        }
        uint8_t *answer = calloc(1, command->answer->size);
        assert_non_null(answer);
        fill(command->answer, &random, true, answer);
        if (command->answer == &delivery_table.shape) { /* its payload is a packed trade */
            struct pack *payload = &((struct delivery_row *)(void *)answer)->payload;
            payload->size = (uint16_t)shape_pack(&trade_table.shape, 0, &trade, payload->bytes, PACK_SIZE_MAX);
        }
        if (shape_pack(command->answer, 0, answer, packed, sizeof(packed)) == 0) {
            fail_msg("the largest answer of %s does not fit into PACK_SIZE_MAX", command->name);
        }
        free(answer);
    }
}

/* As SQL would compare them. */
static int compare(const struct table *table, const void *a, const void *b)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        const struct column *column = &table->shape.columns[i];
        if (column->kind == COLUMN_i64 || column->kind == COLUMN_i32) {
            int64_t left = column_i64(column, a), right = column_i64(column, b);
            if (left != right) {
                return left < right ? -1 : 1;
            }
            continue;
        }
        struct span left = column_bytes(column, a), right = column_bytes(column, b);
        int order = memcmp(left.bytes, right.bytes, left.size < right.size ? left.size : right.size);
        if (order != 0 || left.size != right.size) {
            return order != 0 ? order : left.size < right.size ? -1 : 1;
        }
    }
    return 0;
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void keys_are_in_the_order_of_their_columns(void **state)
{
    static _Alignas(16) uint8_t rows[2][ROW_SIZE_MAX];
    uint64_t random = 4;
    (void)state;
    for (size_t t = 0; product_tables[t] != NULL; t++) {
        const struct table *table = product_tables[t];
        for (int i = 0; i < 500; i++) {
            uint8_t keys[2][KEY_SIZE_MAX];
            size_t sizes[2];
            memset(rows, 0, sizeof(rows));
            fill(&table->shape, &random, false, rows[0]);
            fill(&table->shape, &random, false, rows[1]);
            if (i % 3 == 0) { /* the first column alike, so that the second decides */
                const struct column *first = &table->shape.columns[0];
                memcpy(rows[1] + first->offset, rows[0] + first->offset, first->size);
            }
            for (int j = 0; j < 2; j++) {
                sizes[j] = row_key_write(table, rows[j], keys[j]);
            }
            int order = memcmp(keys[0], keys[1], sizes[0] < sizes[1] ? sizes[0] : sizes[1]);
            order = order != 0 ? order : (sizes[0] > sizes[1]) - (sizes[0] < sizes[1]);
            assert_int_equal(sign(order), sign(compare(table, rows[0], rows[1])));
        }
    }
}

static void rows_from_before_a_column_was_added_are_read(void **state)
{
    static _Alignas(16) uint8_t row[ROW_SIZE_MAX], back[ROW_SIZE_MAX];
    uint8_t packed[ROW_SIZE_MAX];
    uint64_t random = 5;
    (void)state;
    for (size_t t = 0; product_tables[t] != NULL; t++) {
        const struct table *table = product_tables[t];
        for (uint32_t count = table->key_count + 1; count < table->shape.column_count; count++) {
            struct shape older = table->shape;
            older.column_count = count;
            memset(row, 0, sizeof(row));
            memset(back, 0, sizeof(back));
            fill(&older, &random, false, row);
            size_t size = shape_pack(&older, table->key_count, row, packed, sizeof(packed));
            assert_true(size > 0);
            assert_true(row_unpack(table, (struct span){ (const char *)packed, size }, back));
            for (uint32_t i = 0; i < table->key_count; i++) {
                const struct column *column = &table->shape.columns[i];
                memcpy(back + column->offset, row + column->offset, column->size);
            }
            assert_memory_equal(row, back, table->shape.size); /* the newer columns are zero */
        }
    }
}

/* Bytes that make no sense are refused or read as some row, and never read or written out of bounds. */
static void damaged_rows_do_no_harm(void **state)
{
    static _Alignas(16) uint8_t row[ROW_SIZE_MAX], back[ROW_SIZE_MAX];
    uint8_t packed[ROW_SIZE_MAX], key[KEY_SIZE_MAX];
    uint64_t random = 6;
    size_t refused = 0;
    (void)state;
    for (size_t t = 0; product_tables[t] != NULL; t++) {
        const struct table *table = product_tables[t];
        for (int i = 0; i < 500; i++) {
            memset(row, 0, sizeof(row));
            fill(&table->shape, &random, false, row);
            size_t size = row_pack(table, row, packed, sizeof(packed));
            uint8_t *exact = malloc(size + 1); /* so that reading beyond the end is seen */
            assert_non_null(exact);
            memcpy(exact, packed, size);
            for (uint64_t j = next(&random) % 4; j > 0; j--) {
                exact[next(&random) % size] ^= (uint8_t)(1u << next(&random) % 8);
            }
            size_t cut = next(&random) % 3 == 0 ? next(&random) % (size + 1) : size;
            uint8_t *tight = realloc(exact, cut > 0 ? cut : 1);
            assert_non_null(tight);
            memset(back, 0, sizeof(back));
            refused += !row_unpack(table, (struct span){ (const char *)tight, cut }, back);
            free(tight);
            size_t key_size = row_key_write(table, row, key);
            struct span short_key = { (const char *)key, next(&random) % key_size };
            assert_false(row_key_read(table, short_key, back));
        }
    }
    assert_true(refused > 1000);
}

/* What no column describes would be lost: only alignment may lie between members. */
static void columns_cover_their_struct(const struct shape *shape)
{
    uint8_t *covered = calloc(1, shape->size);
    assert_non_null(covered);
    for (uint32_t i = 0; i < shape->column_count; i++) {
        const struct column *column = &shape->columns[i];
        memset(covered + column->offset, 1, column->size);
        if (column->kind == COLUMN_list) {
            memset(covered + column->count_offset, 1, sizeof(int32_t));
            columns_cover_their_struct(column->element);
        }
    }
    for (size_t i = 0, gap = 0; i < shape->size; i++) {
        gap = covered[i] != 0 ? 0 : gap + 1;
        if (gap > 7) {
            fail_msg("%s: no column describes the member at %zu", shape->name, i - 7);
        }
    }
    free(covered);
}

static void descriptors_leave_nothing_out(void **state)
{
    bool numbers[TABLE_COUNT_MAX] = { false };
    (void)state;
    for (size_t t = 0; product_tables[t] != NULL; t++) {
        columns_cover_their_struct(&product_tables[t]->shape);
        assert_true(product_tables[t]->number < TABLE_COUNT_MAX);
        assert_false(numbers[product_tables[t]->number]);
        numbers[product_tables[t]->number] = true;
    }
    for (size_t i = 0; product_commands[i] != NULL; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(product_commands[i]->number != product_commands[j]->number);
            assert_string_not_equal(product_commands[i]->name, product_commands[j]->name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_survive_packing),
        cmocka_unit_test(the_largest_row_fits),
        cmocka_unit_test(the_largest_answer_fits),
        cmocka_unit_test(keys_are_in_the_order_of_their_columns),
        cmocka_unit_test(rows_from_before_a_column_was_added_are_read),
        cmocka_unit_test(damaged_rows_do_no_harm),
        cmocka_unit_test(descriptors_leave_nothing_out),
    };
    return cmocka_run_group_tests_name("engine_row", tests, NULL, NULL);
}
