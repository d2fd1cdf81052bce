/* SPDX-License-Identifier: Apache-2.0 */
#include "app/import_rows.h"

#include <jansson.h>
#include <stdio.h>

#include "base/json_out.h"
#include "base/os_random.h"

#define DEVICE_ID_MAX 999999999

const char *const record_names[RECORD_KIND_COUNT] = { "merchant", "shop",  "terminal", "shopper",
                                                      "campaign", "place", "deal" };
static const char *const id_names[RECORD_KIND_COUNT] = { "merchant_id", "shop_id", "terminal_id", "shopper_id",
                                                         "campaign_id", "shop_id", "deal_id" };

static const struct command *const commands[RECORD_KIND_COUNT] = {
    &merchant_create, &shop_create, &terminal_create, &shopper_create, &campaign_create, &shop_place_set, &deal_publish,
};

static const struct column own_columns[] = {
    COLUMN(record, record, .text = "Which kind of record this is."),
};
static const struct column shopper_columns[] = {
    COLUMN(record, balance_minor, .form = FORM_amount, .text = "Put into the wallet, once."),
    COLUMN(record, device_id, .form = FORM_id, .least = 1, .most = DEVICE_ID_MAX,
           .text = "Number of a phone that shows pay codes."),
};
static const struct column campaign_columns[] = {
    COLUMN(record, platform_minor, .form = FORM_amount, .text = "The platform's part of the budget, once."),
    COLUMN(record, merchant_minor, .form = FORM_amount, .text = "The merchant's part of the budget, once."),
};

/* The columns of a command's request, which stands at the beginning of a record, and more. */
static void shape_make(struct arena *arena, enum record_kind kind, const struct command *command,
                       const struct column *more, size_t more_count, struct shape *shape)
{
    const struct shape *request = command->request;
    size_t count = request->column_count + COUNT_OF(own_columns) + more_count;
    struct column *columns = arena_take(arena, sizeof(*columns) * count);
    memcpy(columns, request->columns, sizeof(*columns) * request->column_count);
    memcpy(columns + request->column_count, own_columns, sizeof(own_columns));
    if (more_count > 0) {
        memcpy(columns + request->column_count + COUNT_OF(own_columns), more, sizeof(*more) * more_count);
    }
    for (size_t i = 0; i < count; i++) {
        columns[i].flags &= ~(unsigned)COLUMN_in_path; /* a line has all of it */
        columns[i].flags |= strcmp(columns[i].name, id_names[kind]) == 0 ? COLUMN_required : 0u;
    }
    *shape = (struct shape){ .name = record_names[kind],
                             .size = sizeof(struct record),
                             .column_count = (uint32_t)count,
                             .columns = columns };
}

void import_rows_init(struct import_rows *rows, struct arena *arena, enum import_format format, struct span text)
{
    static const struct {
        const struct column *more;
        size_t more_count;
    } kinds[RECORD_KIND_COUNT] = {
        [RECORD_shopper] = { shopper_columns, COUNT_OF(shopper_columns) },
        [RECORD_campaign] = { campaign_columns, COUNT_OF(campaign_columns) },
    };
    for (int kind = 0; kind < RECORD_KIND_COUNT; kind++) {
        shape_make(arena, (enum record_kind)kind, commands[kind], kinds[kind].more, kinds[kind].more_count,
                   &rows->shapes[kind]);
        rows->plans[kind] = shape_plan_make(arena, &rows->shapes[kind]);
    }
    rows->format = format;
    rows->whole = text;
    import_rows_begin(rows);
}

void import_rows_begin(struct import_rows *rows)
{
    rows->text = rows->whole;
    rows->line = 0;
    rows->column_count = 0;
    csv_init(&rows->csv, rows->text);
    if (rows->format == IMPORT_jsonl && rows->text.size >= 3 && memcmp(rows->text.bytes, "\xEF\xBB\xBF", 3) == 0) {
        rows->text.bytes += 3;
        rows->text.size -= 3;
    }
}

uint64_t import_rows_position(const struct import_rows *rows)
{
    return rows->format == IMPORT_csv ? (uint64_t)(rows->csv.at - rows->whole.bytes)
                                      : rows->whole.size - rows->text.size;
}

/* ---- one record as JSON ---- */

static bool kind_of(struct span name, enum record_kind *kind)
{
    for (int i = 0; i < RECORD_KIND_COUNT; i++) {
        if (span_equal(name, span_of(record_names[i]))) {
            *kind = (enum record_kind)i;
            return true;
        }
    }
    return false;
}

static enum rows_status bad(struct import_rows *rows, struct span field, const char *reason)
{
    faults_add(&rows->faults, FAULT_invalid, field, reason);
    return ROWS_bad;
}

#define KINDS_TEXT "must be merchant, shop, terminal, shopper, campaign, place or deal"

static enum rows_status json_take(struct import_rows *rows, struct span json)
{
    memset(&rows->record, 0, sizeof(rows->record));
    shape_decode_body(rows->plans[rows->kind], json, &rows->record, &rows->faults);
    if (rows->kind == RECORD_campaign && rows->record.request.campaign.kind == CAMPAIGN_random_cut) {
        rows->record.request.campaign.seed = (int64_t)(os_random_u64() >> 1);
    }
    if (rows->kind == RECORD_deal) {
        rows->record.request.deal.seed = (int64_t)(os_random_u64() >> 1);
    }
    struct complaint complaint;
    check_fn *check = commands[rows->kind]->check;
    if (rows->faults.count == 0 && check != NULL && !check(&rows->record, &complaint)) {
        return bad(rows, span_of(complaint.field), complaint.reason);
    }
    return rows->faults.count > 0 ? ROWS_bad : ROWS_record;
}

/* ---- CSV ---- */

static void number_or_text(struct json_out *out, struct span value)
{
    int64_t number;
    if (span_to_i64(value, &number)) {
        json_out_i64(out, number);
    } else {
        json_out_text(out, value); /* the decoder says what it should be */
    }
}

static void single_write(struct json_out *out, const struct column *column, struct span value)
{
    if (column == NULL || column->kind == COLUMN_text) {
        json_out_text(out, value);
    } else if (column->form == FORM_flag && (span_equal(value, SPAN("true")) || span_equal(value, SPAN("false")))) {
        json_out_bool(out, value.size == 4);
    } else if (column->form == FORM_plain || column->form == FORM_amount) {
        number_or_text(out, value);
    } else {
        json_out_text(out, value);
    }
}

/* The members of an element in their order, with colons between; what is beyond the last is a part of it. */
static void element_write(struct json_out *out, const struct shape *shape, struct span element)
{
    json_out_object(out);
    for (uint32_t i = 0; i < shape->column_count && (i == 0 || element.size > 0); i++) {
        struct span rest = SPAN("");
        struct span member = i + 1 < shape->column_count ? span_cut(element, ':', &rest) : element;
        json_out_key(out, shape->columns[i].name);
        single_write(out, &shape->columns[i], span_trim(member));
        element = rest;
    }
    json_out_object_end(out);
}

/* "3;5" for ids, "all;merchant:3;set:7" for targets, "7:dinner:1:6500;8:film:1:3500" for parts. */
static void value_write(struct json_out *out, const struct column *column, struct span value)
{
    if (column == NULL || column->kind != COLUMN_list) {
        single_write(out, column, value);
        return;
    }
    json_out_array(out);
    while (value.size > 0) {
        element_write(out, column->element, span_trim(span_cut(value, ';', &value)));
    }
    json_out_array_end(out);
}

/* The header: each column is a field of some kind of record, named once, and one of them is `record`. */
static enum rows_status header_take(struct import_rows *rows)
{
    const struct csv *csv = &rows->csv;
    bool kinds = false;
    for (size_t i = 0; i < csv->field_count; i++) {
        struct span name = span_trim(csv->fields[i]);
        bool known = false;
        for (int kind = 0; kind < RECORD_KIND_COUNT; kind++) {
            const struct column_plan *column = shape_plan_column(rows->plans[kind], name);
            known = known || (column != NULL && column->column->form != FORM_hidden);
        }
        for (size_t j = 0; j < i && known; j++) {
            if (span_equal(name, span_of(rows->columns[j]))) {
                return bad(rows, name, "this column is there twice");
            }
        }
        if (!known || !span_copy(name, rows->columns[i], sizeof(rows->columns[i]))) {
            return bad(rows, name, "no kind of record has such a field");
        }
        kinds = kinds || span_equal(name, SPAN("record"));
    }
    if (!kinds) {
        return bad(rows, SPAN("record"), "the first line must name the columns, and one of them must be record");
    }
    rows->column_count = csv->field_count;
    return ROWS_record;
}

static struct span field_of(const struct import_rows *rows, const char *name)
{
    for (size_t i = 0; i < rows->column_count && i < rows->csv.field_count; i++) {
        if (strcmp(rows->columns[i], name) == 0) {
            return span_trim(rows->csv.fields[i]);
        }
    }
    return SPAN("");
}

static enum rows_status csv_take(struct import_rows *rows)
{
    struct csv *csv = &rows->csv;
    struct json_out out;
    if (csv->field_count != rows->column_count) {
        char reason[FAULT_REASON_SIZE];
        snprintf(reason, sizeof(reason), "the line has %zu fields, the first line names %zu", csv->field_count,
                 rows->column_count);
        return bad(rows, SPAN(""), reason);
    }
    if (!kind_of(field_of(rows, "record"), &rows->kind)) {
        return bad(rows, SPAN("record"), KINDS_TEXT);
    }
    json_out_init(&out, rows->json, sizeof(rows->json));
    json_out_object(&out);
    for (size_t i = 0; i < csv->field_count; i++) {
        const struct column_plan *column = shape_plan_column(rows->plans[rows->kind], span_of(rows->columns[i]));
        if (!span_is_text(csv->fields[i])) {
            return bad(rows, span_of(rows->columns[i]), "must be UTF-8 text without control characters");
        }
        if (csv->fields[i].size > 0) { /* an empty field is not given */
            json_out_key(&out, rows->columns[i]);
            value_write(&out, column != NULL ? column->column : NULL, csv->fields[i]);
        }
    }
    json_out_object_end(&out);
    struct span json = json_out_end(&out);
    return json.size > 0 ? json_take(rows, json) : bad(rows, SPAN(""), "the line is too long");
}

static enum rows_status csv_rows_next(struct import_rows *rows)
{
    for (;;) {
        enum csv_status status = csv_next(&rows->csv);
        rows->line = rows->csv.from_line;
        if (status == CSV_end) {
            return ROWS_end;
        }
        if (status == CSV_malformed) {
            return bad(rows, SPAN(""), rows->csv.wrong);
        }
        if (rows->column_count > 0) {
            return csv_take(rows);
        }
        if (header_take(rows) == ROWS_bad) {
            rows->csv.at = rows->csv.end; /* without a header nothing else makes sense */
            return ROWS_bad;
        }
    }
}

/* ---- JSON lines ---- */

static enum rows_status line_take(struct import_rows *rows, struct span line)
{
    json_t *json = json_loadb(line.bytes, line.size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *name = json_object_get(json, "record");
    struct span text = { json_is_string(name) ? json_string_value(name) : "", json_string_length(name) };
    bool object = json_is_object(json);
    bool known = object && kind_of(text, &rows->kind);
    json_decref(json);
    if (object && !known) {
        return bad(rows, SPAN("record"), KINDS_TEXT);
    }
    return json_take(rows, line); /* which also says what is wrong with what is no object */
}

static enum rows_status jsonl_rows_next(struct import_rows *rows)
{
    while (rows->text.size > 0) {
        struct span line = span_trim(span_cut(rows->text, '\n', &rows->text));
        rows->line++;
        if (line.size > 0) {
            return line_take(rows, line);
        }
    }
    return ROWS_end;
}

enum rows_status import_rows_next(struct import_rows *rows)
{
    rows->faults.count = 0;
    return rows->format == IMPORT_csv ? csv_rows_next(rows) : jsonl_rows_next(rows);
}

/* ---- commands ---- */

static void shopper_put(const struct record *record, uint64_t line, struct fill *fill)
{
    char key[REQUEST_KEY_SIZE];
    int64_t shopper_id = record->request.shopper.shopper_id;
    fill_put(fill, &shopper_create, &record->request.shopper, NULL, line);
    if (record->balance_minor > 0) {
        struct wallet_move money = { .shopper_id = shopper_id,
                                     .amount_minor = record->balance_minor,
                                     .reference = "import" };
        snprintf(key, sizeof(key), "import-balance-%lld", (long long)shopper_id);
        fill_put(fill, &wallet_top_up, &money, key, line);
    }
    if (record->device_id > 0) {
        struct paycode_issue phone = { .shopper_id = shopper_id, .device_id = record->device_id };
        snprintf(key, sizeof(key), "import-device-%lld", (long long)shopper_id);
        fill_put(fill, &paycode_issue, &phone, key, line);
    }
}

static void campaign_put(const struct record *record, uint64_t line, struct fill *fill)
{
    char key[REQUEST_KEY_SIZE];
    struct campaign_fund money = { .campaign_id = record->request.campaign.campaign_id,
                                   .platform_minor = record->platform_minor,
                                   .merchant_minor = record->merchant_minor };
    fill_put(fill, &campaign_create, &record->request.campaign, NULL, line);
    if (money.platform_minor > 0 || money.merchant_minor > 0) {
        snprintf(key, sizeof(key), "import-fund-%lld", (long long)money.campaign_id);
        fill_put(fill, &campaign_fund, &money, key, line);
    }
}

void import_rows_put(const struct import_rows *rows, struct fill *fill)
{
    const struct record *record = &rows->record;
    switch (rows->kind) {
    case RECORD_merchant:
        fill_put(fill, &merchant_create, &record->request.merchant, NULL, rows->line);
        break;
    case RECORD_shop:
        fill_put(fill, &shop_create, &record->request.shop, NULL, rows->line);
        break;
    case RECORD_terminal:
        fill_put(fill, &terminal_create, &record->request.terminal, NULL, rows->line);
        break;
    case RECORD_shopper:
        shopper_put(record, rows->line, fill);
        break;
    case RECORD_campaign:
        campaign_put(record, rows->line, fill);
        break;
    case RECORD_place:
        fill_put(fill, &shop_place_set, &record->request.place, NULL, rows->line);
        break;
    case RECORD_deal:
        fill_put(fill, &deal_publish, &record->request.deal, NULL, rows->line);
        break;
    case RECORD_KIND_COUNT:
        assert(!"a record is of one of the kinds");
    }
}
