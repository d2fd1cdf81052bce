/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/shape_json.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/civil.h"

/* Where in the body we are: a chain on the stack, written out only when something is wrong. */
struct place {
    const struct place *parent;
    struct span name;
    int32_t index; /* in a list; -1: the field itself */
};

/* ---- faults ---- */

/* What a client sent is quoted in a fault: only as plain, short text. */
static size_t quote(struct span text, char *to, size_t capacity)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size && size + 1 < capacity; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];
        to[size++] = byte >= 0x20 && byte < 0x7F ? (char)byte : '?';
    }
    to[size] = '\0';
    return size;
}

void faults_add(struct faults *faults, enum fault_kind kind, struct span field, const char *reason)
{
    if (faults->count == FAULTS_MAX) {
        return;
    }
    struct fault *fault = &faults->list[faults->count++];
    fault->kind = kind;
    (void)quote(field, fault->field, sizeof(fault->field));
    (void)quote(span_of(reason), fault->reason, sizeof(fault->reason));
}

static size_t place_write(const struct place *place, char *to, size_t capacity)
{
    size_t size = 0;
    char index[16] = "";
    if (place == NULL) {
        return 0;
    }
    size = place_write(place->parent, to, capacity);
    if (size > 0) {
        size += quote(SPAN("."), to + size, capacity - size);
    }
    size += quote(place->name, to + size, capacity - size);
    if (place->index >= 0) {
        snprintf(index, sizeof(index), "[%d]", place->index);
        size += quote(span_of(index), to + size, capacity - size);
    }
    return size;
}

static void wrong(struct faults *faults, const struct place *place, enum fault_kind kind, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

static void wrong(struct faults *faults, const struct place *place, enum fault_kind kind, const char *format,
                  ...)
{
    char field[FAULT_FIELD_SIZE];
    char reason[FAULT_REASON_SIZE];
    va_list arguments;
    size_t size = place_write(place, field, sizeof(field));
    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    faults_add(faults, kind, (struct span){ field, size }, reason);
}

/* ---- values ---- */

/* A value as it came: a parameter's text, or JSON, either as jansson read it or plain (see below). */
struct given {
    enum {
        GIVEN_parameter,
        GIVEN_json,
        GIVEN_text,
        GIVEN_number,
        GIVEN_flag,
        GIVEN_null,
    } kind;
    const json_t *json;
    struct span text;
    int64_t number; /* of a number or flag */
};

static bool given_text(const struct given *given, struct span *text)
{
    if (given->kind == GIVEN_parameter || given->kind == GIVEN_text) {
        *text = given->text;
        return true;
    }
    if (given->kind != GIVEN_json || !json_is_string(given->json)) {
        return false;
    }
    *text = (struct span){ json_string_value(given->json), json_string_length(given->json) };
    return true;
}

static bool given_i64(const struct given *given, int64_t *number)
{
    if (given->kind == GIVEN_parameter) {
        return span_to_i64(given->text, number);
    }
    bool json = given->kind == GIVEN_json && json_is_integer(given->json);
    *number = json ? json_integer_value(given->json) : given->number;
    return json || given->kind == GIVEN_number;
}

static bool given_flag(const struct given *given, int64_t *number)
{
    if (given->kind == GIVEN_parameter) {
        *number = span_equal(given->text, SPAN("true"));
        return *number == 1 || span_equal(given->text, SPAN("false"));
    }
    bool json = given->kind == GIVEN_json && json_is_boolean(given->json);
    *number = json ? json_is_true(given->json) : given->number;
    return json || given->kind == GIVEN_flag;
}

static bool given_id(const struct given *given, int64_t *number)
{
    struct span text;
    if (given_i64(given, number)) {
        return true;
    }
    return given_text(given, &text) && span_to_i64(text, number);
}

static bool given_day(const struct given *given, int64_t *number)
{
    struct span text;
    int64_t day;
    if (!given_text(given, &text) || !day_read(text, &day)) {
        return false;
    }
    *number = civil_yyyymmdd(day);
    return true;
}

static bool given_choice(const struct given *given, const struct column_plan *plan, int64_t *number)
{
    struct span text;
    if (!given_text(given, &text) || text.size == 0) {
        return false;
    }
    for (uint16_t i = 0; i < plan->name_count; i++) {
        if (span_equal(span_of(plan->column->names[i]), text)) {
            *number = i;
            return true;
        }
    }
    return false;
}

/* "one of a, b, c" */
static void choice_wrong(const struct column_plan *plan, const struct place *place, struct faults *faults)
{
    char names[FAULT_REASON_SIZE] = "";
    size_t size = 0;
    for (uint16_t i = 0; i < plan->name_count && size + 1 < sizeof(names); i++) {
        const char *name = plan->column->names[i];
        if (name[0] != '\0') {
            const char *between = size > 0 ? ", " : "";
            int wrote = snprintf(names + size, sizeof(names) - size, "%s%s", between, name);
            size += (size_t)wrote;
        }
    }
    wrong(faults, place, FAULT_invalid, "must be one of %s", names);
}

static const char *form_text(enum column_form form)
{
    switch (form) {
    case FORM_id:
        return "must be an id: a positive whole number, as a string of digits";
    case FORM_instant:
        return "must be a time as in 2014-12-12T10:00:00+08:00";
    case FORM_day:
        return "must be a day as in 2014-12-12";
    case FORM_flag:
        return "must be true or false";
    case FORM_amount:
        return "must be a whole number of minor units";
    case FORM_plain:
    case FORM_choice:
    case FORM_hex:
    case FORM_hidden:
        break;
    }
    return "must be a whole number";
}

static void number_decode(const struct column_plan *plan, const struct given *given,
                          const struct place *place, void *request, struct faults *faults)
{
    int64_t number = 0;
    bool readable = false;
    struct span text;
    switch (plan->column->form) {
    case FORM_plain:
    case FORM_amount:
    case FORM_hex:
        readable = given_i64(given, &number);
        break;
    case FORM_id:
        readable = given_id(given, &number);
        break;
    case FORM_instant:
        readable = given_text(given, &text) && instant_read(text, &number);
        break;
    case FORM_day:
        readable = given_day(given, &number);
        break;
    case FORM_flag:
        readable = given_flag(given, &number);
        break;
    case FORM_choice:
        if (!given_choice(given, plan, &number)) {
            choice_wrong(plan, place, faults);
            return;
        }
        readable = true;
        break;
    case FORM_hidden:
        break;
    }
    if (!readable) {
        wrong(faults, place, FAULT_invalid, "%s", form_text(plan->column->form));
    } else if (number < plan->least || number > plan->most) {
        if (plan->column->form == FORM_instant || plan->column->form == FORM_day) {
            wrong(faults, place, FAULT_invalid, "the time is out of range");
        } else {
            wrong(faults, place, FAULT_invalid, "must be from %lld to %lld", (long long)plan->least,
                  (long long)plan->most);
        }
    } else {
        column_set_i64(plan->column, request, number);
    }
}

/* Text that may have several lines; whatever ends them. */
static bool lines_are_text(struct span text)
{
    bool readable = true;
    while (readable && text.size > 0) {
        struct span line = span_cut(text, '\n', &text);
        if (line.size > 0 && line.bytes[line.size - 1] == '\r') {
            line.size--;
        }
        readable = span_is_text(line);
    }
    return readable;
}

static void text_decode(const struct column_plan *plan, const struct given *given, const struct place *place,
                        void *request, struct faults *faults)
{
    const struct column *column = plan->column;
    struct span text;
    if (!given_text(given, &text)) {
        wrong(faults, place, FAULT_invalid, "must be a text");
    } else if (!((column->flags & COLUMN_lines) != 0 ? lines_are_text(text) : span_is_text(text))) {
        wrong(faults, place, FAULT_invalid, "must be UTF-8 text without control characters");
    } else if (text.size >= column->size) {
        wrong(faults, place, FAULT_invalid, "must have at most %u bytes", column->size - 1);
    } else if (column->least > 0 && text.size < (uint64_t)column->least) {
        wrong(faults, place, FAULT_invalid, "must have at least %lld bytes", (long long)column->least);
    } else {
        bool fits = span_copy(text, (char *)request + column->offset, column->size);
        assert(fits);
    }
}

static void bytes_decode(const struct column_plan *plan, const struct given *given, const struct place *place,
                         void *request, struct faults *faults)
{
    const struct column *column = plan->column;
    uint8_t *member = (uint8_t *)request + column->offset;
    struct span text;
    if (!given_text(given, &text)) {
        wrong(faults, place, FAULT_invalid, "must be a text of hexadecimal digits");
    } else if (column->kind == COLUMN_fixed) {
        if (!hex_read(text, member, column->size)) {
            wrong(faults, place, FAULT_invalid, "must have %u lower-case hexadecimal digits",
                  2 * column->size);
        }
    } else {
        struct pack *pack = (void *)member;
        size_t size = text.size / 2;
        if (size > PACK_SIZE_MAX || !hex_read(text, pack->bytes, size)) {
            wrong(faults, place, FAULT_invalid, "must have at most %d lower-case hexadecimal digits",
                  2 * PACK_SIZE_MAX);
        } else {
            pack->size = (uint16_t)size;
        }
    }
}

static void object_decode(const struct shape_plan *plan, const json_t *json, const struct place *parent,
                          void *request, struct faults *faults);

static void list_decode(const struct column_plan *plan, const json_t *json, struct place *place,
                        void *request, struct faults *faults)
{
    const struct column *column = plan->column;
    size_t room = column->size / column->element->size;
    size_t count = json_array_size(json);
    if (!json_is_array(json)) { /* a plain value is none either: NULL */
        wrong(faults, place, FAULT_invalid, "must be a list");
        return;
    }
    if (count > room || count < (uint64_t)max_i64(column->least, 0)) {
        wrong(faults, place, FAULT_invalid, "must have %lld to %zu elements",
              (long long)max_i64(column->least, 0), room);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *element = json_array_get(json, i);
        place->index = (int32_t)i;
        if (json_is_object(element)) {
            uint8_t *to = (uint8_t *)request + column->offset + i * column->element->size;
            object_decode(plan->element, element, place, to, faults);
        } else {
            wrong(faults, place, FAULT_invalid, "must be an object");
        }
    }
    int32_t narrow = (int32_t)count;
    memcpy((uint8_t *)request + column->count_offset, &narrow, sizeof(narrow));
}

static void value_decode(const struct column_plan *plan, const struct given *given, struct place *place,
                         void *request, struct faults *faults)
{
    switch (plan->column->kind) {
    case COLUMN_i64:
    case COLUMN_i32:
        number_decode(plan, given, place, request, faults);
        break;
    case COLUMN_text:
        text_decode(plan, given, place, request, faults);
        break;
    case COLUMN_fixed:
    case COLUMN_pack:
        bytes_decode(plan, given, place, request, faults);
        break;
    case COLUMN_list:
        if (given->kind == GIVEN_parameter) {
            wrong(faults, place, FAULT_invalid, "a list cannot be given here");
        } else {
            list_decode(plan, given->json, place, request, faults);
        }
        break;
    }
}

static bool is_wanted(const struct column_plan *plan)
{
    const struct column *column = plan->column;
    return (column->flags & COLUMN_required) != 0 && (column->flags & COLUMN_in_path) == 0 &&
           column->form != FORM_hidden;
}

static void missing_find(const struct shape_plan *plan, const uint8_t *given, const struct place *parent,
                         struct faults *faults)
{
    for (uint32_t i = 0; i < plan->shape->column_count; i++) {
        if (given[i] == 0 && is_wanted(&plan->columns[i])) {
            struct place place = { parent, plan->columns[i].name, -1 };
            wrong(faults, &place, FAULT_missing, "is required");
        }
    }
}

/* `column` is the one of this name, NULL when there is none. */
static void member_decode(const struct shape_plan *plan, const struct column_plan *column, struct place *place,
                          const struct given *value, uint8_t *given, void *request, struct faults *faults)
{
    if (column == NULL || column->column->form == FORM_hidden) {
        wrong(faults, place, FAULT_unknown, "is not a field of this request");
    } else if ((column->column->flags & COLUMN_in_path) != 0) {
        wrong(faults, place, FAULT_unknown, "is given by the path, not by the body");
    } else if (value->kind != GIVEN_null) {
        given[column - plan->columns] = 1;
        value_decode(column, value, place, request, faults);
    }
}

static void object_decode(const struct shape_plan *plan, const json_t *json, const struct place *parent,
                          void *request, struct faults *faults)
{
    uint8_t given[UINT8_MAX + 1];
    memset(given, 0, plan->shape->column_count);
    /* The iterator takes a pointer that may be written through; nothing is written. */
    json_t *object = (json_t *)(uintptr_t)json;
    for (void *member = json_object_iter(object); member != NULL;
         member = json_object_iter_next(object, member)) {
        struct span name = { json_object_iter_key(member), json_object_iter_key_len(member) };
        struct given value = { .kind = GIVEN_json, .json = json_object_iter_value(member) };
        struct place place = { parent, name, -1 };
        if (json_is_null(value.json)) {
            value.kind = GIVEN_null;
        }
        member_decode(plan, shape_plan_column(plan, name), &place, &value, given, request, faults);
    }
    missing_find(plan, given, parent, faults);
}

/*
 * ---- plain bodies ----
 *
 * A till's request is one object of short texts and whole numbers. Such a body is read in place, in a fifth of
 * the time that the library needs to build its tree. Whatever is not quite plain (an escape, a letter beyond
 * ASCII, a nested value, a fraction, a name given twice, a comma too many) is left to the library, which
 * reads or refuses it: here nothing is ever refused.
 */

#define PLAIN_MEMBERS_MAX 16
#define PLAIN_DIGITS_MAX 18

struct plain_member {
    struct span name;
    const struct column_plan *column;
    struct given value;
};

struct plain {
    const char *at, *end;
    size_t count;
    struct plain_member members[PLAIN_MEMBERS_MAX];
};

/* The next character that is no blank; 0 at the end. */
static char plain_next(struct plain *plain)
{
    while (plain->at < plain->end &&
           (*plain->at == ' ' || *plain->at == '\n' || *plain->at == '\r' || *plain->at == '\t')) {
        plain->at++;
    }
    return plain->at < plain->end ? *plain->at : '\0';
}

static bool plain_skip(struct plain *plain, char wanted)
{
    bool found = plain_next(plain) == wanted;
    plain->at += found;
    return found;
}

static bool plain_text(struct plain *plain, struct span *text)
{
    if (!plain_skip(plain, '"')) {
        return false;
    }
    const char *start = plain->at;
    while (plain->at < plain->end && *plain->at >= 0x20 && *plain->at < 0x7F && *plain->at != '"' &&
           *plain->at != '\\') {
        plain->at++;
    }
    *text = (struct span){ start, (size_t)(plain->at - start) };
    return plain->at < plain->end && *plain->at++ == '"';
}

static bool plain_number(struct plain *plain, int64_t *number)
{
    const char *start = plain->at;
    while (plain->at < plain->end && *plain->at >= '0' && *plain->at <= '9') {
        plain->at++;
    }
    struct span digits = { start, (size_t)(plain->at - start) };
    bool leading_zero = digits.size > 1 && start[0] == '0';
    return digits.size > 0 && digits.size <= PLAIN_DIGITS_MAX && !leading_zero && span_to_i64(digits, number);
}

static bool plain_word(struct plain *plain, struct span word)
{
    bool found = (size_t)(plain->end - plain->at) >= word.size && memcmp(plain->at, word.bytes, word.size) == 0;
    plain->at += found ? word.size : 0;
    return found;
}

static bool plain_value(struct plain *plain, struct given *value)
{
    switch (plain_next(plain)) {
    case '"':
        value->kind = GIVEN_text;
        return plain_text(plain, &value->text);
    case 't':
        value->kind = GIVEN_flag;
        value->number = 1;
        return plain_word(plain, SPAN("true"));
    case 'f':
        value->kind = GIVEN_flag;
        return plain_word(plain, SPAN("false"));
    case 'n':
        value->kind = GIVEN_null;
        return plain_word(plain, SPAN("null"));
    default:
        value->kind = GIVEN_number;
        return plain_number(plain, &value->number);
    }
}

static bool plain_is_new(const struct plain *plain, struct span name)
{
    for (size_t i = 0; i < plain->count; i++) {
        if (span_equal(plain->members[i].name, name)) {
            return false;
        }
    }
    return true;
}

static bool plain_members(struct plain *plain, const struct shape_plan *plan)
{
    do {
        struct plain_member *member = &plain->members[plain->count];
        if (plain->count == PLAIN_MEMBERS_MAX || !plain_text(plain, &member->name) || member->name.size == 0 ||
            !plain_is_new(plain, member->name) || !plain_skip(plain, ':')) {
            return false;
        }
        member->column = shape_plan_column(plan, member->name);
        member->value = (struct given){ 0 };
        if (!plain_value(plain, &member->value)) {
            return false;
        }
        plain->count++;
    } while (plain_skip(plain, ','));
    return plain_skip(plain, '}');
}

/* False, with nothing changed, when the body is not plain. */
static bool plain_decode(const struct shape_plan *plan, struct span body, void *request, struct faults *faults)
{
    uint8_t given[UINT8_MAX + 1];
    struct plain plain;
    plain.at = body.bytes;
    plain.end = body.bytes + body.size;
    plain.count = 0;
    if (!plain_skip(&plain, '{') || !plain_members(&plain, plan) || plain_next(&plain) != '\0' ||
        plain.at != plain.end) {
        return false;
    }
    memset(given, 0, plan->shape->column_count);
    for (size_t i = 0; i < plain.count; i++) {
        struct plain_member *member = &plain.members[i];
        struct place place = { NULL, member->name, -1 };
        member_decode(plan, member->column, &place, &member->value, given, request, faults);
    }
    missing_find(plan, given, NULL, faults);
    return true;
}

/* ---- requests ---- */

/* Whether arrays and objects are nested deeper than allowed. Quotes matter only when there are many brackets.
 */
static bool too_deep(struct span body)
{
    size_t opened = 0;
    for (size_t i = 0; i < body.size; i++) {
        opened += (body.bytes[i] | 0x20) == '{';
    }
    if (opened <= JSON_DEPTH_MAX) {
        return false;
    }
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < body.size; i++) {
        char byte = body.bytes[i];
        if (quoted && byte == '\\') {
            i++;
        } else if (byte == '"') {
            quoted = !quoted;
        } else if (!quoted && (byte == '{' || byte == '[')) {
            depth++;
        } else if (!quoted && (byte == '}' || byte == ']')) {
            depth--;
        }
        if (depth > JSON_DEPTH_MAX) {
            return true;
        }
    }
    return false;
}

/* What is wrong with a text that is no JSON: the house's words, whoever read it. */
static const char *malformed_text(const json_error_t *error)
{
    static const char *const texts[] = {
        [json_error_invalid_utf8] = "a text that is not UTF-8",
        [json_error_premature_end_of_input] = "the body ends before its object does",
        [json_error_end_of_input_expected] = "the body goes on behind its object",
        [json_error_duplicate_key] = "a member stands twice in its object",
        [json_error_null_character] = "a text holds the character zero",
        [json_error_null_byte_in_key] = "a name holds the character zero",
        [json_error_numeric_overflow] = "a number is too large",
    };
    size_t code = (size_t)json_error_code(error);
    return code < COUNT_OF(texts) && texts[code] != NULL ? texts[code] : "this is not JSON";
}

void shape_decode_body(const struct shape_plan *plan, struct span body, void *request, struct faults *faults)
{
    json_error_t error;
    if (body.size == 0) {
        body = SPAN("{}");
    }
    if (body.size > BODY_SIZE_MAX) {
        wrong(faults, NULL, FAULT_malformed, "the body has more than %d bytes", BODY_SIZE_MAX);
        return;
    }
    if (plain_decode(plan, body, request, faults)) {
        return;
    }
    if (too_deep(body)) {
        wrong(faults, NULL, FAULT_malformed, "the body is nested deeper than %d levels", JSON_DEPTH_MAX);
        return;
    }
    json_t *json = json_loadb(body.bytes, body.size, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        wrong(faults, NULL, FAULT_malformed, "line %d, column %d: %s", error.line, error.column,
              malformed_text(&error));
        return;
    }
    if (json_is_object(json)) {
        object_decode(plan, json, NULL, request, faults);
    } else {
        wrong(faults, NULL, FAULT_malformed, "the body must be a JSON object");
    }
    json_decref(json);
}

void shape_decode_path(const struct shape_plan *plan, struct span name, struct span value, void *request,
                       struct faults *faults)
{
    const struct column_plan *column = shape_plan_column(plan, name);
    assert(column != NULL);
    struct given given = { .kind = GIVEN_parameter, .text = value };
    struct place place = { NULL, name, -1 };
    value_decode(column, &given, &place, request, faults);
}

void shape_decode_query(const struct shape_plan *plan, struct span name, struct span value, void *request,
                        uint8_t *given, struct faults *faults)
{
    const struct column_plan *column = shape_plan_column(plan, name);
    struct place place = { NULL, name, -1 };
    if (column == NULL || column->column->form == FORM_hidden ||
        (column->column->flags & COLUMN_in_path) != 0) {
        wrong(faults, &place, FAULT_unknown, "is not a parameter of this request");
    } else if (given[column - plan->columns]++ != 0) {
        given[column - plan->columns] = 2;
        wrong(faults, &place, FAULT_invalid, "is given twice");
    } else {
        struct given text = { .kind = GIVEN_parameter, .text = value };
        value_decode(column, &text, &place, request, faults);
    }
}

void shape_decode_query_end(const struct shape_plan *plan, const uint8_t *given, struct faults *faults)
{
    missing_find(plan, given, NULL, faults);
}
