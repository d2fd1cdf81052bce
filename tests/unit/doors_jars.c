/* SPDX-License-Identifier: Apache-2.0 */
#include "doors_jars.h"

static const char *const state_names[] = { "", "open", "sealed", NULL };

static const struct column jar_columns[] = {
    COLUMN(jar_row, jar_id, .form = FORM_id, .text = "The jar."),
    COLUMN(jar_row, name),
    COLUMN(jar_row, total_minor, .form = FORM_amount),
    COLUMN(jar_row, state, .form = FORM_choice, .names = state_names),
    COLUMN(jar_row, best_before, .form = FORM_day),
    COLUMN(jar_row, filled_at_us, .form = FORM_instant),
    COLUMN(jar_row, fragile, .form = FORM_flag),
    COLUMN(jar_row, mark, .form = FORM_hex),
    COLUMN(jar_row, secret_number, .form = FORM_hidden),
};
const struct table jar_table = TABLE("jars", 40, jar_row, jar_columns, 1);
const struct table *const jar_tables[] = { &request_table, &timer_table, &progress_table, &jar_table, NULL };

static const struct column coin_columns[] = {
    COLUMN(coin, value_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1, .most = 1000),
    COLUMN(coin, count, .least = 1, .most = 9),
    COLUMN(coin, note),
};
static const struct shape coin_shape = SHAPE("coin", coin, coin_columns);

static const struct column fill_columns[] = {
    COLUMN(jar_fill, jar_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(jar_fill, name, .flags = COLUMN_required, .least = 1, .text = "What is written on it."),
    COLUMN(jar_fill, owner_id, .form = FORM_id),
    COLUMN(jar_fill, weight_minor, .form = FORM_amount),
    COLUMN(jar_fill, state, .form = FORM_choice, .names = state_names),
    COLUMN(jar_fill, best_before, .form = FORM_day),
    COLUMN(jar_fill, filled_at_us, .form = FORM_instant),
    COLUMN(jar_fill, fragile, .form = FORM_flag),
    COLUMN(jar_fill, mark, .form = FORM_hex),
    COLUMN(jar_fill, shelf),
    COLUMN_LIST(jar_fill, coins, coin_shape, .text = "What is put in."),
    COLUMN(jar_fill, derived, .form = FORM_hidden),
};
const struct shape jar_fill_shape = SHAPE("jar_fill", jar_fill, fill_columns);

static const struct jar_row *jar_ask(struct view *view, int64_t jar_id)
{
    struct jar_row key = { .jar_id = jar_id };
    return view_ask(view, &jar_table, &key);
}

static enum refusal decide_fill(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct jar_fill *want = request;
    const struct jar_row *asked = jar_ask(view, want->jar_id);
    if (row_exists(asked) && asked->state == JAR_sealed) {
        return REFUSAL_account_full;
    }
    struct jar_row *jar = view_change(view, asked);
    memcpy(jar->name, want->name, sizeof(jar->name));
    memcpy(jar->mark, want->mark, sizeof(jar->mark));
    for (int32_t i = 0; i < want->coins_count; i++) {
        jar->total_minor += want->coins[i].value_minor * max_i64(want->coins[i].count, 1);
    }
    jar->state = want->state != 0 ? want->state : JAR_open;
    jar->best_before = want->best_before;
    jar->filled_at_us = want->filled_at_us != 0 ? want->filled_at_us : at->now_us;
    jar->fragile = want->fragile;
    jar->secret_number = want->derived;
    memcpy(answer, jar, sizeof(*jar));
    return REFUSAL_none;
}

const struct command jar_fill_command = {
    .name = "jar_fill",
    .number = 1001,
    .method = "PUT",
    .route = "/v1/jars/{jar_id}",
    .http_status = 201,
    .callers = CALLER_BIT(operator) | CALLER_BIT(shopper),
    .request = &jar_fill_shape,
    .answer = &jar_table.shape,
    .decide = decide_fill,
    .summary = "Puts coins into a jar.",
};

struct jar_named {
    int64_t jar_id;
};
static const struct column named_columns[] = {
    COLUMN(jar_named, jar_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape named_shape = SHAPE("jar_named", jar_named, named_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct jar_named *want = request;
    const struct jar_row *jar = jar_ask(view, want->jar_id);
    (void)at;
    if (!row_exists(jar)) {
        return REFUSAL_trade_unknown;
    }
    memcpy(answer, jar, sizeof(*jar));
    return REFUSAL_none;
}

static const struct command jar_query = {
    .name = "jar_query",
    .number = 1002,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/jars/{jar_id}",
    .http_status = 200,
    .callers = CALLER_BIT(operator) | CALLER_BIT(terminal),
    .request = &named_shape,
    .answer = &jar_table.shape,
    .decide = decide_query,
    .summary = "Looks into a jar.",
};

static enum refusal decide_break(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct jar_named *want = request;
    const struct jar_row *jar = jar_ask(view, want->jar_id);
    (void)at;
    if (!row_exists(jar)) {
        return REFUSAL_trade_unknown;
    }
    memcpy(answer, jar, sizeof(*jar));
    view_drop(view, jar);
    return REFUSAL_none;
}

static const struct command jar_break = {
    .name = "jar_break",
    .number = 1003,
    .flags = COMMAND_unkeyed,
    .method = "DELETE",
    .route = "/v1/jars/{jar_id}",
    .http_status = 200,
    .callers = CALLER_BIT(operator),
    .request = &named_shape,
    .answer = &jar_table.shape,
    .decide = decide_break,
    .summary = "Breaks a jar.",
};

static enum refusal decide_shake(const void *request, struct moment *at, struct view *view, void *answer)
{
    (void)request;
    (void)at;
    (void)view;
    (void)answer;
    return REFUSAL_none;
}

static const struct command jar_shake = {
    .name = "jar_shake",
    .number = 1004,
    .flags = COMMAND_sandbox,
    .method = "POST",
    .route = "/v1/sandbox/shake",
    .http_status = 200,
    .callers = CALLER_BIT(operator),
    .request = &nothing_shape,
    .answer = &nothing_shape,
    .decide = decide_shake,
    .summary = "Shakes all jars.",
};

/* The secret of a jar is made by the door and shown once. */
static const struct command jar_lock = {
    .name = "jar_lock",
    .number = 1005,
    .method = "POST",
    .route = "/v1/jars/{jar_id}/locks",
    .http_status = 201,
    .callers = CALLER_BIT(operator),
    .request = &named_shape,
    .answer = &jar_table.shape,
    .decide = decide_query,
    .summary = "Locks a jar.",
};

/* An answer that may be larger than the buffer in which ordinary ones are encoded. */
struct shelf {
    int32_t places_count;
    struct shelf_place {
        char label[64];
    } places[300];
};
static const struct column place_columns[] = {
    COLUMN(shelf_place, label),
};
static const struct shape place_shape = SHAPE("shelf_place", shelf_place, place_columns);
static const struct column shelf_columns[] = {
    COLUMN_LIST(shelf, places, place_shape),
};
static const struct shape shelf_shape = SHAPE("shelf", shelf, shelf_columns);

static enum refusal decide_shelf(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct jar_named *want = request;
    struct shelf *shelf = answer;
    (void)at;
    (void)view;
    shelf->places_count = (int32_t)min_i64(want->jar_id, (int64_t)COUNT_OF(shelf->places));
    for (int32_t i = 0; i < shelf->places_count; i++) {
        memset(shelf->places[i].label, '"', sizeof(shelf->places[i].label) - 1);
    }
    return REFUSAL_none;
}

static const struct command jar_shelf = {
    .name = "jar_shelf",
    .number = 1007,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shelves/{jar_id}",
    .http_status = 200,
    .callers = CALLER_BIT(operator),
    .request = &named_shape,
    .answer = &shelf_shape,
    .decide = decide_shelf,
    .summary = "Looks at a shelf.",
};

static const struct command jar_internal = {
    .name = "jar_internal",
    .number = 1006,
    .flags = COMMAND_internal,
    .callers = CALLER_BIT(system),
    .request = &nothing_shape,
    .answer = &nothing_shape,
    .decide = decide_shake,
};

const struct command *const jar_commands[] = {
    &jar_fill_command, &jar_query, &jar_break, &jar_shake, &jar_lock, &jar_internal, &jar_shelf, NULL,
};

/* ---- reads ---- */

static const struct column list_columns[] = {
    COLUMN(jar_list, fragile, .form = FORM_flag),
    COLUMN(jar_list, least_minor, .form = FORM_amount),
};
const struct shape jar_list_shape = SHAPE("jar_list", jar_list, list_columns);

struct listing {
    struct read_page *page;
    const struct jar_list *want;
};

static bool list_one(void *context, const struct value *values, size_t count)
{
    struct listing *listing = context;
    struct jar_row jar = { .jar_id = values[0].i64, .total_minor = values[2].i64, .state = JAR_open };
    assert(count == 3);
    bool fits = span_copy(values[1].bytes, jar.name, sizeof(jar.name));
    assert(fits);
    return read_emit_i64(listing->page, &jar, jar.jar_id);
}

static enum refusal run_list(const struct read_call *call, struct read_page *page)
{
    struct listing listing = { page, call->request };
    struct value binds[] = { VALUE_I64(read_after_i64(call, 0)), VALUE_I64(listing.want->least_minor),
                             VALUE_I64(call->limit + 1) };
    static const char sql[] =
        "SELECT jar_id, name, total_minor FROM jars WHERE jar_id > ? AND total_minor >= ? "
        "ORDER BY jar_id LIMIT ?";
    (void)read_status(
        page, call->reader->ops->query(call->reader, sql, binds, COUNT_OF(binds), list_one, &listing));
    return call->caller.kind == CALLER_shopper ? REFUSAL_forbidden : REFUSAL_none;
}

static const struct read jar_list_read = {
    .name = "jar_list",
    .route = "/v1/jars",
    .callers = CALLER_BIT(operator) | CALLER_BIT(shopper) | CALLER_BIT(merchant),
    .request = &jar_list_shape,
    .element = &jar_table.shape,
    .run = run_list,
    .summary = "All jars by id.",
};

struct jar_sum {
    int64_t jars;
    int64_t total_minor;
};
static const struct column sum_columns[] = {
    COLUMN(jar_sum, jars),
    COLUMN(jar_sum, total_minor, .form = FORM_amount),
};
static const struct shape sum_shape = SHAPE("jar_sum", jar_sum, sum_columns);

static bool sum_one(void *context, const struct value *values, size_t count)
{
    struct jar_sum sum = { values[0].i64, values[1].i64 };
    struct read_page *page = context;
    assert(count == 2);
    return page->emit(page, &sum, (struct span){ NULL, 0 });
}

static enum refusal run_sum(const struct read_call *call, struct read_page *page)
{
    static const char sql[] = "SELECT count(*), sum(total_minor) FROM jars HAVING count(*) > 0";
    (void)read_status(page, call->reader->ops->query(call->reader, sql, NULL, 0, sum_one, page));
    return REFUSAL_none;
}

static const struct read jar_sum_read = {
    .name = "jar_sum",
    .route = "/v1/jar-sum",
    .flags = READ_single,
    .callers = CALLER_BIT(operator),
    .request = &nothing_shape,
    .element = &sum_shape,
    .run = run_sum,
    .summary = "What all jars hold.",
};

const struct read *const jar_reads[] = { &jar_list_read, &jar_sum_read, NULL };

/* ---- edits ---- */

static enum refusal fill_before(void *context, const struct caller *caller, int64_t now_us, void *request)
{
    struct jar_fill *want = request;
    (void)context;
    assert(caller->kind != CALLER_none);
    assert(now_us > 0);
    want->derived = want->owner_id * 7;
    return want->owner_id == 13 ? REFUSAL_code_malformed : REFUSAL_none;
}

static void lock_after(void *context, const struct caller *caller, const void *request, const void *answer,
                       void *added)
{
    const struct jar_named *want = request;
    const struct jar_row *jar = answer;
    struct jar_secret *secret = added;
    uint8_t bytes[JAR_SECRET_SIZE];
    (void)context;
    assert(caller->kind == CALLER_operator);
    assert(want->jar_id == jar->jar_id);
    memset(bytes, (int)jar->secret_number, sizeof(bytes));
    hex_write(bytes, sizeof(bytes), secret->secret);
}

static const struct column secret_columns[] = {
    COLUMN(jar_secret, secret, .text = "Shown here only."),
};
static const struct shape secret_shape = SHAPE("jar_secret", jar_secret, secret_columns);

const struct rest_edit jar_edits[] = {
    { .command = "jar_fill", .before = fill_before },
    { .command = "jar_lock", .after = lock_after, .added = &secret_shape },
};
const size_t jar_edit_count = COUNT_OF(jar_edits);
