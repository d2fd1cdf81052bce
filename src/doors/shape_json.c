/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/shape_json.h"

#include "base/civil.h"

/* ---- plans ---- */

/* Spreads names over few slots; equality is checked afterwards, so this needs to be quick, not good. */
static uint32_t name_hash(struct span name)
{
    uint32_t first = (unsigned char)name.bytes[0];
    uint32_t middle = (unsigned char)name.bytes[name.size / 2];
    uint32_t last = (unsigned char)name.bytes[name.size - 1];
    uint32_t mixed = ((uint32_t)name.size * 31 + first) * 31 + middle * 131 + last * 7;
    return mixed ^ mixed >> 7;
}

const struct column_plan *shape_plan_column(const struct shape_plan *plan, struct span name)
{
    if (name.size == 0) {
        return NULL;
    }
    for (uint32_t slot = name_hash(name) & plan->slot_mask; plan->slots[slot] != 0;
         slot = (slot + 1) & plan->slot_mask) {
        const struct column_plan *column = &plan->columns[plan->slots[slot] - 1];
        if (span_equal(column->name, name)) {
            return column;
        }
    }
    return NULL;
}

struct span shape_column_name(const struct column *column)
{
    struct span name = span_of(column->name);
    struct span unit = SPAN("_us");
    if (column->form == FORM_instant && name.size > unit.size &&
        memcmp(name.bytes + name.size - unit.size, unit.bytes, unit.size) == 0) {
        name.size -= unit.size;
    }
    return name;
}

static bool is_number(const struct column *column)
{
    return column->kind == COLUMN_i64 || column->kind == COLUMN_i32;
}

static void range_make(struct column_plan *plan)
{
    const struct column *column = plan->column;
    plan->least = column->kind == COLUMN_i32 ? INT32_MIN : INT64_MIN;
    plan->most = column->kind == COLUMN_i32 ? INT32_MAX : INT64_MAX;
    if (column->form == FORM_amount) {
        plan->least = 0;
        plan->most = min_i64(plan->most, AMOUNT_MAX);
    }
    if (column->form == FORM_id) {
        plan->least = 1;
    }
    if (column->most > 0) {
        plan->least = column->least;
        plan->most = column->most;
    }
    assert(plan->least <= plan->most);
}

/* A form belongs to certain kinds only. */
static void form_check(const struct column *column)
{
    switch (column->form) {
    case FORM_id:
    case FORM_instant:
        assert(column->kind == COLUMN_i64);
        break;
    case FORM_amount:
        assert(is_number(column));
        break;
    case FORM_day:
    case FORM_flag:
        assert(column->kind == COLUMN_i32);
        break;
    case FORM_choice:
        assert(column->kind == COLUMN_i32);
        assert(column->names != NULL);
        break;
    case FORM_hex:
        assert(column->kind == COLUMN_fixed || column->kind == COLUMN_pack);
        break;
    case FORM_plain:
    case FORM_hidden:
        break;
    }
}

/* The most bytes that a value of the column takes in JSON. */
static size_t value_size_max(const struct column_plan *plan)
{
    const struct column *column = plan->column;
    size_t longest = 0;
    switch (column->kind) {
    case COLUMN_i64:
    case COLUMN_i32:
        for (uint16_t i = 0; i < plan->name_count; i++) {
            longest = (size_t)max_i64((int64_t)longest, (int64_t)strlen(column->names[i]));
        }
        return longest + INSTANT_TEXT_SIZE + 2; /* no number is longer than an instant */
    case COLUMN_text:
        return 6 * (column->size - 1) + 2; /* a byte takes at most \u0000 */
    case COLUMN_fixed:
        return 2 * (size_t)column->size + 2;
    case COLUMN_pack:
        return 2 * PACK_SIZE_MAX + 2;
    case COLUMN_list:
        return 2 + column->size / column->element->size * (plan->element->json_size_max + 1);
    }
    return 0;
}

static const struct shape_plan *plan_make(struct arena *arena, const struct shape *shape, int depth);

static void column_make(struct arena *arena, const struct column *column, struct column_plan *plan, int depth)
{
    plan->column = column;
    plan->name = shape_column_name(column);
    assert(plan->name.size > 0);
    assert(plan->name.size < FAULT_FIELD_SIZE / 2);
    char *key = arena_take(arena, plan->name.size + 3);
    key[0] = '"';
    memcpy(key + 1, plan->name.bytes, plan->name.size);
    memcpy(key + 1 + plan->name.size, "\":", 2);
    plan->key = (struct span){ key, plan->name.size + 3 };
    form_check(column);
    if (is_number(column)) {
        range_make(plan);
    }
    if (column->kind == COLUMN_list) {
        plan->element = plan_make(arena, column->element, depth + 1);
    }
    if (column->form == FORM_choice) {
        while (column->names[plan->name_count] != NULL) {
            plan->name_count++;
        }
    }
}

static const struct shape_plan *plan_make(struct arena *arena, const struct shape *shape, int depth)
{
    assert(depth < SHAPE_DEPTH_MAX);
    assert(shape->column_count < UINT8_MAX);
    struct shape_plan *plan = arena_take(arena, sizeof(*plan));
    struct column_plan *columns = arena_take(arena, shape->column_count * sizeof(*columns) + 1);
    uint32_t slot_count = 8;
    while (slot_count < 2 * (shape->column_count + 1)) {
        slot_count *= 2;
    }
    uint8_t *slots = arena_take(arena, slot_count);
    *plan = (struct shape_plan){ shape, columns, slots, slot_count - 1, 3 };
    for (uint32_t i = 0; i < shape->column_count; i++) {
        column_make(arena, &shape->columns[i], &columns[i], depth);
        if (shape->columns[i].form == FORM_hidden) {
            continue; /* it has no name in JSON, and may be named like one that has */
        }
        assert(shape_plan_column(plan, columns[i].name) == NULL); /* names are unique */
        uint32_t slot = name_hash(columns[i].name) & plan->slot_mask;
        while (slots[slot] != 0) {
            slot = (slot + 1) & plan->slot_mask;
        }
        slots[slot] = (uint8_t)(i + 1);
        plan->json_size_max += columns[i].key.size + 1 + value_size_max(&columns[i]);
    }
    return plan;
}

const struct shape_plan *shape_plan_make(struct arena *arena, const struct shape *shape)
{
    return plan_make(arena, shape, 0);
}

/* ---- encoding ---- */

static void day_encode(int64_t yyyymmdd, struct json_out *out)
{
    char text[] = "0000-00-00";
    static const uint8_t places[] = { 9, 8, 6, 5, 3, 2, 1, 0 };
    assert(yyyymmdd >= 0);
    assert(yyyymmdd <= 99991231);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        text[places[i]] = (char)('0' + yyyymmdd % 10);
        yyyymmdd /= 10;
    }
    json_out_text(out, (struct span){ text, sizeof(text) - 1 });
}

static void instant_encode(int64_t at_us, struct json_out *out)
{
    char text[INSTANT_TEXT_SIZE];
    size_t size = instant_write(at_us, 0, text);
    json_out_text(out, (struct span){ text, size });
}

static void choice_encode(const struct column_plan *plan, int64_t value, struct json_out *out)
{
    assert(value >= 0);
    assert(value < plan->name_count);
    const char *name = plan->column->names[value];
    if (name[0] == '\0') {
        json_out_null(out);
    } else {
        json_out_text(out, span_of(name));
    }
}

static void number_encode(const struct column_plan *plan, const void *value, struct json_out *out)
{
    int64_t number = column_i64(plan->column, value);
    switch (plan->column->form) {
    case FORM_plain:
    case FORM_amount:
    case FORM_hex:
        json_out_i64(out, number);
        break;
    case FORM_id:
    case FORM_instant:
    case FORM_day:
        if (number == 0) {
            json_out_null(out);
        } else if (plan->column->form == FORM_id) {
            json_out_id(out, number);
        } else if (plan->column->form == FORM_day) {
            day_encode(number, out);
        } else {
            instant_encode(number, out);
        }
        break;
    case FORM_flag:
        json_out_bool(out, number != 0);
        break;
    case FORM_choice:
        choice_encode(plan, number, out);
        break;
    case FORM_hidden:
        break; /* skipped before */
    }
}

static void hex_encode(struct span bytes, struct json_out *out)
{
    char text[2 * PACK_SIZE_MAX + 1];
    assert(bytes.size <= PACK_SIZE_MAX);
    hex_write((const uint8_t *)bytes.bytes, bytes.size, text);
    json_out_text(out, (struct span){ text, 2 * bytes.size });
}

static void list_encode(const struct column_plan *plan, const void *value, struct json_out *out)
{
    int32_t count = column_count(plan->column, value);
    json_out_array(out);
    for (int32_t i = 0; i < count; i++) {
        shape_encode(plan->element, column_element(plan->column, value, i), out);
    }
    json_out_array_end(out);
}

void shape_encode_members(const struct shape_plan *plan, const void *value, struct json_out *out)
{
    for (uint32_t i = 0; i < plan->shape->column_count; i++) {
        const struct column_plan *column = &plan->columns[i];
        if (column->column->form == FORM_hidden) {
            continue;
        }
        json_out_raw(out, column->key);
        out->comma = false;
        switch (column->column->kind) {
        case COLUMN_i64:
        case COLUMN_i32:
            number_encode(column, value, out);
            break;
        case COLUMN_text:
            json_out_text(out, column_bytes(column->column, value));
            break;
        case COLUMN_fixed:
        case COLUMN_pack:
            hex_encode(column_bytes(column->column, value), out);
            break;
        case COLUMN_list:
            list_encode(column, value, out);
            break;
        }
    }
}

void shape_encode(const struct shape_plan *plan, const void *value, struct json_out *out)
{
    json_out_object(out);
    shape_encode_members(plan, value, out);
    json_out_object_end(out);
}
