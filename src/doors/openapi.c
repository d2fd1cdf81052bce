/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/openapi.h"

#include "doors/rest/offered.h"
#include "doors/shape_json.h"

#define SCHEMAS_MAX 512
#define OPERATIONS_MAX ROUTES_MAX
#define REF_SIZE 160

/* A shape is shown differently as a request (strict, some members from the path) and as an answer. */
struct schema {
    const struct shape *shape;
    bool request;
};

struct operation {
    const char *method, *path;
    const struct command *command;
    const struct read *read;
    const struct rest_page *page;
};

struct openapi {
    const struct rest_settings *settings;
    struct json_out out;
    struct operation operations[OPERATIONS_MAX];
    size_t operation_count;
    struct schema schemas[SCHEMAS_MAX]; /* referred to so far */
    size_t schema_count;
};

static void text_member(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_text(out, span_of(text));
}

static void object_member(struct json_out *out, const char *key)
{
    json_out_key(out, key);
    json_out_object(out);
}

static void array_member(struct json_out *out, const char *key)
{
    json_out_key(out, key);
    json_out_array(out);
}

static void number_member(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_i64(out, value);
}

/* ---- schemas ---- */

static size_t schema_index(struct openapi *self, const struct shape *shape, bool request)
{
    for (size_t i = 0; i < self->schema_count; i++) {
        if (self->schemas[i].shape == shape && self->schemas[i].request == request) {
            return i;
        }
    }
    assert(self->schema_count < SCHEMAS_MAX);
    self->schemas[self->schema_count] = (struct schema){ shape, request };
    return self->schema_count++;
}

/* "trade_pay_request", "trades"; with a number behind it when another shape took the name. */
static void schema_name(const struct openapi *self, size_t index, char to[REF_SIZE])
{
    const struct schema *schema = &self->schemas[index];
    int same = 1;
    for (size_t i = 0; i < index; i++) {
        const struct schema *other = &self->schemas[i];
        same += other->request == schema->request && strcmp(other->shape->name, schema->shape->name) == 0;
    }
    int size = snprintf(to, REF_SIZE, same == 1 ? "%s%s" : "%s%s_%d", schema->shape->name,
                        schema->request ? "_request" : "", same);
    assert(size > 0);
    assert(size < REF_SIZE);
}

static void schema_ref(struct openapi *self, const struct shape *shape, bool request)
{
    char ref[REF_SIZE] = "#/components/schemas/";
    char name[REF_SIZE];
    schema_name(self, schema_index(self, shape, request), name);
    size_t base = strlen(ref);
    bool fits = span_copy(span_of(name), ref + base, sizeof(ref) - base);
    assert(fits);
    text_member(&self->out, "$ref", ref);
}

/* "string", or ["string", "null"] where an answer may have null. */
static void type_member(struct json_out *out, const char *type, bool nullable)
{
    if (!nullable) {
        text_member(out, "type", type);
        return;
    }
    array_member(out, "type");
    json_out_text(out, span_of(type));
    json_out_text(out, SPAN("null"));
    json_out_array_end(out);
}

static void example_member(struct json_out *out, struct span example)
{
    array_member(out, "examples");
    json_out_text(out, example);
    json_out_array_end(out);
}

static void choice_members(struct json_out *out, const struct column *column, bool request)
{
    bool nullable = false;
    for (size_t i = 0; column->names[i] != NULL; i++) {
        nullable = nullable || (!request && column->names[i][0] == '\0');
    }
    type_member(out, "string", nullable);
    array_member(out, "enum");
    for (size_t i = 0; column->names[i] != NULL; i++) {
        if (column->names[i][0] != '\0') {
            json_out_text(out, span_of(column->names[i]));
        }
    }
    if (nullable) {
        json_out_null(out);
    }
    json_out_array_end(out);
}

static void id_members(struct json_out *out, const struct column *column, bool request)
{
    if (request) {
        array_member(out, "type");
        json_out_text(out, SPAN("string"));
        json_out_text(out, SPAN("integer"));
        json_out_array_end(out);
        number_member(out, "minimum", column->most > 0 ? column->least : 1);
        if (column->most > 0) {
            number_member(out, "maximum", column->most);
        }
    } else {
        type_member(out, "string", true);
    }
    text_member(out, "pattern", "^[0-9]{1,19}$");
    example_member(out, SPAN("4200000000000001"));
}

static void range_members(struct json_out *out, const struct column *column, bool request)
{
    type_member(out, "integer", false);
    text_member(out, "format", column->kind == COLUMN_i32 ? "int32" : "int64");
    if (!request) {
        return;
    }
    if (column->most > 0) {
        number_member(out, "minimum", column->least);
        number_member(out, "maximum", column->most);
    } else if (column->form == FORM_amount) {
        number_member(out, "minimum", 0);
        number_member(out, "maximum", AMOUNT_MAX);
    }
}

static void number_members(struct json_out *out, const struct column *column, bool request)
{
    switch (column->form) {
    case FORM_id:
        id_members(out, column, request);
        break;
    case FORM_instant:
        type_member(out, "string", !request);
        text_member(out, "format", "date-time");
        example_member(out, SPAN("2014-12-12T10:00:00Z"));
        break;
    case FORM_day:
        type_member(out, "string", !request);
        text_member(out, "format", "date");
        example_member(out, SPAN("2014-12-12"));
        break;
    case FORM_flag:
        type_member(out, "boolean", false);
        break;
    case FORM_choice:
        choice_members(out, column, request);
        break;
    case FORM_plain:
    case FORM_amount:
    case FORM_hex:
    case FORM_hidden:
        range_members(out, column, request);
        break;
    }
}

static void column_members(struct openapi *self, const struct column *column, bool request)
{
    struct json_out *out = &self->out;
    char pattern[48];
    switch (column->kind) {
    case COLUMN_i64:
    case COLUMN_i32:
        number_members(out, column, request);
        break;
    case COLUMN_text:
        type_member(out, "string", false);
        if (request && column->least > 0) {
            number_member(out, "minLength", 1); /* `least` counts bytes, this counts characters */
        }
        number_member(out, "maxLength", column->size - 1);
        break;
    case COLUMN_fixed:
    case COLUMN_pack:
        type_member(out, "string", false);
        snprintf(pattern, sizeof(pattern),
                 column->kind == COLUMN_fixed ? "^[0-9a-f]{%u}$" : "^[0-9a-f]{0,%u}$",
                 column->kind == COLUMN_fixed ? 2 * column->size : 2 * PACK_SIZE_MAX);
        text_member(out, "pattern", pattern);
        break;
    case COLUMN_list:
        type_member(out, "array", false);
        if (request && column->least > 0) {
            number_member(out, "minItems", column->least);
        }
        number_member(out, "maxItems", column->size / column->element->size);
        object_member(out, "items");
        schema_ref(self, column->element, request);
        json_out_object_end(out);
        break;
    }
    if (column->text != NULL) {
        text_member(out, "description", column->text);
    } else if (column->form == FORM_amount) {
        text_member(out, "description", "Minor units: 100 is one yuan.");
    }
}

/* The name that shape_json shows. */
static void column_name(const struct column *column, char to[FAULT_FIELD_SIZE])
{
    bool fits = span_copy(shape_column_name(column), to, FAULT_FIELD_SIZE);
    assert(fits);
}

static bool is_member(const struct column *column, bool request)
{
    return column->form != FORM_hidden && !(request && (column->flags & COLUMN_in_path) != 0);
}

static void schema_write(struct openapi *self, const struct schema *schema)
{
    struct json_out *out = &self->out;
    char name[FAULT_FIELD_SIZE];
    text_member(out, "type", "object");
    object_member(out, "properties");
    for (uint32_t i = 0; i < schema->shape->column_count; i++) {
        const struct column *column = &schema->shape->columns[i];
        if (is_member(column, schema->request)) {
            column_name(column, name);
            object_member(out, name);
            column_members(self, column, schema->request);
            json_out_object_end(out);
        }
    }
    json_out_object_end(out);
    array_member(out, "required");
    for (uint32_t i = 0; i < schema->shape->column_count; i++) {
        const struct column *column = &schema->shape->columns[i];
        if (is_member(column, schema->request) &&
            (!schema->request || (column->flags & COLUMN_required) != 0)) {
            column_name(column, name);
            json_out_text(out, span_of(name));
        }
    }
    json_out_array_end(out);
    if (schema->request) {
        json_out_key(out, "additionalProperties");
        json_out_bool(out, false);
    }
}

/* ---- operations ---- */

static bool wants_key(const struct operation *operation)
{
    return operation->command != NULL && (operation->command->flags & (COMMAND_reads | COMMAND_unkeyed)) == 0;
}

/* How many members of the body there are, or must be. */
static uint32_t body_members(const struct shape *shape, bool required)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < shape->column_count; i++) {
        const struct column *column = &shape->columns[i];
        count += is_member(column, true) && (!required || (column->flags & COLUMN_required) != 0);
    }
    return count;
}

static bool has_body(const struct operation *operation)
{
    return operation->command != NULL && strcmp(operation->method, "GET") != 0 &&
           strcmp(operation->method, "DELETE") != 0 && body_members(operation->command->request, false) > 0;
}

static void column_parameter(struct openapi *self, const struct column *column)
{
    struct json_out *out = &self->out;
    char name[FAULT_FIELD_SIZE];
    bool in_path = (column->flags & COLUMN_in_path) != 0;
    column_name(column, name);
    json_out_object(out);
    text_member(out, "name", name);
    text_member(out, "in", in_path ? "path" : "query");
    json_out_key(out, "required");
    json_out_bool(out, in_path || (column->flags & COLUMN_required) != 0);
    object_member(out, "schema");
    column_members(self, column, true);
    json_out_object_end(out);
    json_out_object_end(out);
}

static void parameter_ref(struct json_out *out, const char *ref)
{
    json_out_object(out);
    text_member(out, "$ref", ref);
    json_out_object_end(out);
}

static void page_parameters(struct json_out *out, const char *path)
{
    struct span names[ROUTE_PARAMS_MAX];
    uint32_t count = router_params(path, names);
    for (uint32_t i = 0; i < count; i++) {
        json_out_object(out);
        json_out_key(out, "name");
        json_out_text(out, names[i]);
        text_member(out, "in", "path");
        json_out_key(out, "required");
        json_out_bool(out, true);
        object_member(out, "schema");
        text_member(out, "type", "string");
        json_out_object_end(out);
        json_out_object_end(out);
    }
}

static void parameters_write(struct openapi *self, const struct operation *operation)
{
    struct json_out *out = &self->out;
    array_member(out, "parameters");
    if (operation->page != NULL) {
        page_parameters(out, operation->path);
    } else {
        const struct shape *shape =
            operation->command != NULL ? operation->command->request : operation->read->request;
        for (uint32_t i = 0; i < shape->column_count; i++) {
            const struct column *column = &shape->columns[i];
            bool in_path = (column->flags & COLUMN_in_path) != 0;
            if (column->form != FORM_hidden && (in_path || !has_body(operation))) {
                column_parameter(self, column);
            }
        }
    }
    if (wants_key(operation)) {
        parameter_ref(out, "#/components/parameters/IdempotencyKey");
    }
    if (operation->read != NULL && (operation->read->flags & READ_single) == 0) {
        parameter_ref(out, "#/components/parameters/limit");
        parameter_ref(out, "#/components/parameters/cursor");
    }
    json_out_array_end(out);
}

static void list_schema(struct openapi *self, const struct shape *element)
{
    struct json_out *out = &self->out;
    text_member(out, "type", "object");
    object_member(out, "properties");
    object_member(out, "data");
    text_member(out, "type", "array");
    object_member(out, "items");
    schema_ref(self, element, false);
    json_out_object_end(out);
    json_out_object_end(out);
    object_member(out, "next_cursor");
    type_member(out, "string", true);
    json_out_object_end(out);
    json_out_object_end(out);
    array_member(out, "required");
    json_out_text(out, SPAN("data"));
    json_out_text(out, SPAN("next_cursor"));
    json_out_array_end(out);
}

static void command_schema(struct openapi *self, const struct command *command)
{
    struct json_out *out = &self->out;
    const struct rest_settings *settings = self->settings;
    const struct shape *added = NULL;
    for (size_t i = 0; i < settings->edit_count; i++) {
        if (settings->edits[i].after != NULL && strcmp(settings->edits[i].command, command->name) == 0) {
            added = settings->edits[i].added;
        }
    }
    if (added == NULL) {
        schema_ref(self, command->answer, false);
        return;
    }
    array_member(out, "allOf");
    json_out_object(out);
    schema_ref(self, command->answer, false);
    json_out_object_end(out);
    json_out_object(out);
    schema_ref(self, added, false);
    json_out_object_end(out);
    json_out_array_end(out);
}

static void content_write(struct openapi *self, const struct operation *operation)
{
    struct json_out *out = &self->out;
    object_member(out, "content");
    object_member(out, operation->page != NULL ? operation->page->content_type : JSON_TYPE);
    object_member(out, "schema");
    if (operation->command != NULL) {
        command_schema(self, operation->command);
    } else if (operation->read != NULL && (operation->read->flags & READ_single) != 0) {
        schema_ref(self, operation->read->element, false);
    } else if (operation->read != NULL) {
        list_schema(self, operation->read->element);
    }
    json_out_object_end(out);
    json_out_object_end(out);
    json_out_object_end(out);
}

static void header_write(struct json_out *out, const char *name, const char *ref)
{
    object_member(out, "headers");
    object_member(out, name);
    text_member(out, "$ref", ref);
    json_out_object_end(out);
    json_out_object_end(out);
}

static void responses_write(struct openapi *self, const struct operation *operation)
{
    struct json_out *out = &self->out;
    char status[8] = "200";
    if (operation->command != NULL) {
        snprintf(status, sizeof(status), "%d", operation->command->http_status);
    }
    object_member(out, "responses");
    object_member(out, status);
    text_member(out, "description", "As asked.");
    if (wants_key(operation)) {
        header_write(out, "Idempotent-Replayed", "#/components/headers/IdempotentReplayed");
    } else if (operation->read != NULL) {
        header_write(out, "Onetill-Read-Age-Ms", "#/components/headers/ReadAge");
    }
    content_write(self, operation);
    json_out_object_end(out);
    static const char *const ranges[] = { "4XX", "5XX" };
    for (size_t i = 0; i < COUNT_OF(ranges); i++) {
        object_member(out, ranges[i]);
        text_member(out, "$ref", "#/components/responses/Problem");
        json_out_object_end(out);
    }
    json_out_object_end(out);
}

static void callers_write(struct json_out *out, unsigned callers)
{
    static const char *const names[] = { "anybody", "operator", "merchant", "shop", "terminal", "shopper" };
    array_member(out, "x-callers");
    for (unsigned kind = 0; kind < COUNT_OF(names); kind++) {
        if ((callers & 1u << kind) != 0) {
            json_out_text(out, span_of(names[kind]));
        }
    }
    json_out_array_end(out);
    if ((callers & CALLER_BIT(none)) != 0) {
        array_member(out, "security");
        json_out_array_end(out);
    }
}

/* "trade" of "trade_pay": what a name begins with is what it is about. */
static void tag_write(struct json_out *out, const char *name)
{
    struct span rest;
    array_member(out, "tags");
    json_out_text(out, span_cut(span_of(name), '_', &rest));
    json_out_array_end(out);
}

static void body_write(struct openapi *self, const struct shape *shape)
{
    struct json_out *out = &self->out;
    object_member(out, "requestBody");
    json_out_key(out, "required");
    json_out_bool(out, body_members(shape, true) > 0);
    object_member(out, "content");
    object_member(out, JSON_TYPE);
    object_member(out, "schema");
    schema_ref(self, shape, true);
    json_out_object_end(out);
    json_out_object_end(out);
    json_out_object_end(out);
    json_out_object_end(out);
}

static void operation_write(struct openapi *self, const struct operation *operation)
{
    struct json_out *out = &self->out;
    const struct command *command = operation->command;
    const struct read *read = operation->read;
    const char *name = command != NULL ? command->name : read != NULL ? read->name : operation->page->name;
    const char *summary = command != NULL ? command->summary
                          : read != NULL  ? read->summary
                                          : operation->page->summary;
    char method[16] = "";
    for (size_t i = 0; operation->method[i] != '\0'; i++) {
        assert(i + 1 < sizeof(method));
        method[i] = (char)(operation->method[i] | 0x20);
    }
    object_member(out, method);
    text_member(out, "operationId", name);
    tag_write(out, name);
    text_member(out, "summary", summary != NULL ? summary : name);
    if (command != NULL && (command->flags & COMMAND_sandbox) != 0) {
        text_member(out, "description", "Only on a server that runs with --test-clock.");
    }
    callers_write(out, command != NULL ? command->callers
                       : read != NULL  ? read->callers
                                       : operation->page->callers);
    parameters_write(self, operation);
    if (has_body(operation)) {
        body_write(self, command->request);
    }
    responses_write(self, operation);
    json_out_object_end(out);
}

static void operation_add(struct openapi *self, struct operation operation)
{
    assert(self->operation_count < OPERATIONS_MAX);
    self->operations[self->operation_count++] = operation;
}

static void command_operation(struct openapi *self, const struct command *command)
{
    if (command->method != NULL && (command->flags & COMMAND_internal) == 0) {
        operation_add(self, (struct operation){ command->method, command->route, command, NULL, NULL });
    }
}

static void operations_collect(struct openapi *self)
{
    const struct rest_settings *settings = self->settings;
    for (size_t i = 0; settings->commands[i] != NULL; i++) {
        command_operation(self, settings->commands[i]);
    }
    for (size_t i = 0; settings->reads != NULL && settings->reads[i] != NULL; i++) {
        const struct read *read = settings->reads[i];
        operation_add(self, (struct operation){ "GET", read->route, NULL, read, NULL });
    }
    for (size_t i = 0; i < settings->page_count; i++) {
        const struct rest_page *page = &settings->pages[i];
        if (!page->unlisted) {
            operation_add(self, (struct operation){ page->method, page->route, NULL, NULL, page });
        }
    }
    for (size_t i = 0; i < rest_own_page_count; i++) {
        const struct rest_page *page = &rest_own_pages[i];
        operation_add(self, (struct operation){ page->method, page->route, NULL, NULL, page });
    }
    command_operation(self, &rest_health_command);
}

/* All methods of one path stand together, at the path's first place. */
static void paths_write(struct openapi *self)
{
    struct json_out *out = &self->out;
    object_member(out, "paths");
    for (size_t i = 0; i < self->operation_count; i++) {
        const char *path = self->operations[i].path;
        bool seen = false;
        for (size_t j = 0; j < i; j++) {
            seen = seen || strcmp(self->operations[j].path, path) == 0;
        }
        if (seen) {
            continue;
        }
        object_member(out, path);
        for (size_t j = i; j < self->operation_count; j++) {
            if (strcmp(self->operations[j].path, path) == 0) {
                operation_write(self, &self->operations[j]);
            }
        }
        json_out_object_end(out);
    }
    json_out_object_end(out);
}

/* ---- the document ---- */

#define DOCUMENT_HEAD                                                                                        \
    "\"openapi\":\"3.1.0\",\"jsonSchemaDialect\":\"https://json-schema.org/draft/2020-12/schema\","          \
    "\"servers\":[{\"url\":\"/\"}],\"security\":[{\"bearer\":[]}]"

#define DOCUMENT_PARTS                                                                                       \
    "\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\","                              \
    "\"description\":\"A token from POST /v1/tokens; it speaks for one operator, merchant, shop, terminal "  \
    "or shopper.\"}},"                                                                                       \
    "\"headers\":{\"IdempotentReplayed\":{\"description\":\"true: this is the kept answer of an earlier "    \
    "request with "                                                                                          \
    "the same key; nothing happened now.\",\"schema\":{\"type\":\"string\",\"enum\":[\"true\"]}},"           \
    "\"ReadAge\":{\"description\":\"A replica answered: what was done in the last so many "                  \
    "milliseconds may be missing. Without it nothing is.\","                                                 \
    "\"schema\":{\"type\":\"integer\",\"minimum\":0}}},"                                                     \
    "\"parameters\":{\"IdempotencyKey\":{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":true,"  \
    "\"description\":\"Made anew by the client for each thing it wants done, and sent again with each "      \
    "repeat of it. "                                                                                         \
    "The same key with another request is refused.\","                                                       \
    "\"schema\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":64,\"pattern\":\"^[!-~]+$\"}},"           \
    "\"limit\":{\"name\":\"limit\",\"in\":\"query\",\"required\":false,\"description\":\"Elements of one "   \
    "page.\","                                                                                               \
    "\"schema\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":20}},"                       \
    "\"cursor\":{\"name\":\"cursor\",\"in\":\"query\",\"required\":false,"                                   \
    "\"description\":\"next_cursor of the page before; the list goes on "                                    \
    "there.\",\"schema\":{\"type\":\"string\"}}},"                                                           \
    "\"responses\":{\"Problem\":{\"description\":\"What was wrong (RFC 9457).\",\"content\":{"               \
    "\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}}"

#define PROBLEM_HEAD                                                                                         \
    "\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"detail\",\"code\",\"instance\"]"

#define PROBLEM_MEMBERS                                                                                      \
    "\"type\":{\"type\":\"string\",\"format\":\"uri\"},\"title\":{\"type\":\"string\"},"                     \
    "\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"                                    \
    "\"field\":{\"type\":\"string\",\"description\":\"The field or header to look at.\"},"                   \
    "\"instance\":{\"type\":\"string\",\"description\":\"Names this answer, for questions about it.\"},"     \
    "\"errors\":{\"type\":\"array\",\"maxItems\":20,\"description\":\"Everything that is wrong with the "    \
    "request.\","                                                                                            \
    "\"items\":{\"type\":\"object\",\"required\":[\"code\",\"field\",\"detail\"],\"properties\":{"           \
    "\"code\":{\"type\":\"string\"},\"field\":{\"type\":\"string\"},\"detail\":{\"type\":\"string\"}}}}"

/* The stable codes, each with its status and sentence. */
static void problem_write(struct openapi *self)
{
    struct json_out *out = &self->out;
    char line[256];
    object_member(out, "Problem");
    json_out_raw(out, SPAN(PROBLEM_HEAD));
    object_member(out, "properties");
    json_out_raw(out, SPAN(PROBLEM_MEMBERS));
    object_member(out, "code");
    array_member(out, "oneOf");
    for (size_t i = 0; i < PROBLEM_count; i++) {
        const struct door_problem_text *text = door_problem_text((enum door_problem)i);
        json_out_object(out);
        text_member(out, "const", text->name);
        snprintf(line, sizeof(line), "%d: %s.", text->http_status, text->text);
        text_member(out, "description", line);
        json_out_object_end(out);
    }
    for (size_t i = 0; refusal_at(i) != NULL; i++) {
        const struct refusal_text *text = refusal_at(i);
        if (text->refusal != REFUSAL_none) {
            json_out_object(out);
            text_member(out, "const", text->name);
            snprintf(line, sizeof(line), "%d: %s.", text->http_status, text->text);
            text_member(out, "description", line);
            json_out_object_end(out);
        }
    }
    json_out_array_end(out);
    json_out_object_end(out);
    json_out_object_end(out);
    json_out_object_end(out);
}

static void components_write(struct openapi *self)
{
    struct json_out *out = &self->out;
    char name[REF_SIZE];
    object_member(out, "components");
    json_out_raw(out, SPAN(DOCUMENT_PARTS));
    object_member(out, "schemas");
    problem_write(self);
    /* Writing a schema may add those of its lists. */
    for (size_t i = 0; i < self->schema_count; i++) {
        struct schema schema = self->schemas[i];
        schema_name(self, i, name);
        object_member(out, name);
        schema_write(self, &schema);
        json_out_object_end(out);
    }
    json_out_object_end(out);
    json_out_object_end(out);
}

struct span openapi_make(struct arena *arena, const struct rest_settings *settings)
{
    struct arena scratch;
    arena_init(&scratch, 64 * 1024, 2 * OPENAPI_SIZE_MAX);
    struct openapi *self = arena_take(&scratch, sizeof(*self));
    struct json_out *out = &self->out;
    self->settings = settings;
    json_out_init(out, arena_take(&scratch, OPENAPI_SIZE_MAX), OPENAPI_SIZE_MAX);
    operations_collect(self);
    json_out_object(out);
    json_out_raw(out, SPAN(DOCUMENT_HEAD));
    object_member(out, "info");
    text_member(out, "title", "Onetill");
    text_member(out, "version", settings->version != NULL ? settings->version : "0");
    text_member(out, "description",
                "One till for a city's commerce. Amounts are whole numbers of minor units, ids are strings "
                "of digits, "
                "times are RFC 3339. Every request that changes something carries an Idempotency-Key.");
    object_member(out, "license");
    text_member(out, "name", "Apache-2.0");
    text_member(out, "identifier", "Apache-2.0");
    json_out_object_end(out);
    json_out_object_end(out);
    paths_write(self);
    components_write(self);
    json_out_object_end(out);
    struct span document = json_out_end(out);
    assert(document.size > 0);
    char *kept = arena_take(arena, document.size);
    memcpy(kept, document.bytes, document.size);
    arena_release(&scratch);
    return (struct span){ kept, document.size };
}

bool openapi_write(const struct rest_settings *settings, FILE *file)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024, 2 * OPENAPI_SIZE_MAX);
    struct span document = openapi_make(&arena, settings);
    bool ok = fwrite(document.bytes, 1, document.size, file) == document.size && fputc('\n', file) != EOF &&
              fflush(file) == 0;
    arena_release(&arena);
    return ok;
}
