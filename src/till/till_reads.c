/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists and reports of the till: portable SQL over durable rows. Elements are the rows themselves; a column
 * list is made from the descriptor, so that a new column appears everywhere at once.
 */
#include "till/till_reads.h"

#include <stdio.h>

#include "base/civil.h"
#include "engine/engine_rows.h"
#include "ledger/ledger_rows.h"
#include "people/app.h"
#include "till/bill.h"
#include "till/policy.h"

/* ---- from SQL rows to structs ---- */

static void column_set(const struct column *column, void *row, const struct value *value)
{
    uint8_t *member = (uint8_t *)row + column->offset;
    switch (column->kind) {
    case COLUMN_i64:
    case COLUMN_i32:
        column_set_i64(column, row, value->i64);
        break;
    case COLUMN_text:
        assert(value->bytes.size < column->size);
        if (value->bytes.size > 0) { /* an empty text has no bytes to point at */
            memcpy(member, value->bytes.bytes, value->bytes.size);
        }
        break;
    case COLUMN_fixed:
        assert(value->bytes.size == column->size);
        memcpy(member, value->bytes.bytes, column->size);
        break;
    case COLUMN_pack:
        assert(value->bytes.size <= PACK_SIZE_MAX);
        ((struct pack *)(void *)member)->size = (uint16_t)value->bytes.size;
        memcpy(((struct pack *)(void *)member)->bytes, value->bytes.bytes, value->bytes.size);
        break;
    case COLUMN_list: {
        struct shape alone = { .name = column->name, .column_count = 1, .columns = column };
        bool readable = shape_unpack(&alone, 0, value->bytes, row);
        assert(readable);
        break;
    }
    }
}

struct collector {
    struct read_page *page;
    const struct table *table;
    const char *key; /* the column that the list is ordered by */
};

static bool collect(void *context, const struct value *values, size_t count)
{
    static _Thread_local union {
        max_align_t align;
        uint8_t bytes[ROW_SIZE_MAX];
    } row;
    struct collector *collector = context;
    const struct shape *shape = &collector->table->shape;
    int64_t key = 0;
    memset(row.bytes, 0, shape->size);
    for (uint32_t i = 0; i < shape->column_count; i++) {
        const struct column *column = &shape->columns[i];
        assert(i < count);
        column_set(column, row.bytes, &values[i]);
        if (strcmp(column->name, collector->key) == 0) {
            key = column_i64(column, row.bytes);
        }
    }
    return read_emit_i64(collector->page, row.bytes, key);
}

void list_query(const struct read_call *call, struct read_page *page, const struct list_terms *terms)
{
    char sql[2048];
    size_t size = (size_t)snprintf(sql, sizeof(sql), "SELECT ");
    const char *comma = "";
    for (uint32_t i = 0; i < terms->table->shape.column_count; i++) {
        const struct column *column = &terms->table->shape.columns[i];
        bool computed = terms->computed_column != NULL && strcmp(column->name, terms->computed_column) == 0;
        size += (size_t)snprintf(sql + size, sizeof(sql) - size, "%s%s", comma,
                                 computed ? terms->computed : column->name);
        comma = ", ";
    }
    size += (size_t)snprintf(sql + size, sizeof(sql) - size, " FROM %s WHERE %s%s %s ? ORDER BY %s%s LIMIT ?",
                             terms->table->shape.name, terms->where, terms->key, terms->newest_first ? "<" : ">",
                             terms->key, terms->newest_first ? " DESC" : "");
    assert(size < sizeof(sql));
    struct value binds[LIST_BINDS_MAX + 2];
    size_t count = terms->bind_count;
    assert(count <= LIST_BINDS_MAX);
    memcpy(binds, terms->binds, sizeof(binds[0]) * count);
    binds[count++] = VALUE_I64(read_after_i64(call, terms->newest_first ? INT64_MAX : INT64_MIN));
    binds[count++] = VALUE_I64(call->limit + 1);
    struct collector collector = { .page = page, .table = terms->table, .key = terms->key };
    read_status(page, call->reader->ops->query(call->reader, sql, binds, count, collect, &collector));
}

/* ---- whose lists these are ---- */

struct scope {
    int64_t merchant_id, shop_id;
    bool found;
};

static bool scope_row(void *context, const struct value *values, size_t count)
{
    struct scope *scope = context;
    assert(count == 2);
    *scope = (struct scope){ .merchant_id = values[0].i64, .shop_id = values[1].i64, .found = true };
    return false;
}

enum refusal read_shop_check(const struct read_call *call, struct read_page *page, int64_t shop_id)
{
    struct scope shop = { .found = false }, terminal = { .found = false };
    struct value bind = VALUE_I64(shop_id);
    if (!read_status(page, call->reader->ops->query(call->reader,
                                                    "SELECT merchant_id, shop_id FROM shops WHERE shop_id = ?", &bind,
                                                    1, scope_row, &shop))) {
        return REFUSAL_none;
    }
    if (!shop.found) {
        return REFUSAL_shop_unknown;
    }
    switch (call->caller.kind) {
    case CALLER_operator:
        return REFUSAL_none;
    case CALLER_merchant:
        return call->caller.id == shop.merchant_id ? REFUSAL_none : REFUSAL_forbidden;
    case CALLER_shop:
        return call->caller.id == shop_id ? REFUSAL_none : REFUSAL_forbidden;
    case CALLER_terminal:
        bind = VALUE_I64(call->caller.id);
        read_status(page, call->reader->ops->query(call->reader,
                                                   "SELECT 0, shop_id FROM terminals WHERE terminal_id = ?", &bind, 1,
                                                   scope_row, &terminal));
        return terminal.found && terminal.shop_id == shop_id ? REFUSAL_none : REFUSAL_forbidden;
    default:
        return REFUSAL_forbidden;
    }
}

enum refusal list_of_merchant(const struct read_call *call, struct read_page *page, int64_t merchant_id,
                              const struct list_terms *terms)
{
    if (!read_merchant_may(call, merchant_id)) {
        return REFUSAL_forbidden;
    }
    list_query(call, page, terms);
    return REFUSAL_none;
}

enum refusal list_of_shop(const struct read_call *call, struct read_page *page, int64_t shop_id,
                          const struct list_terms *terms)
{
    enum refusal refusal = read_shop_check(call, page, shop_id);
    if (refusal == REFUSAL_none && page->status == STATUS_ok) {
        list_query(call, page, terms);
    }
    return refusal;
}

bool read_shopper_may(const struct read_call *call, int64_t shopper_id)
{
    return call->caller.kind == CALLER_operator ||
           (call->caller.kind == CALLER_shopper && call->caller.id == shopper_id);
}

enum refusal list_of_shopper(const struct read_call *call, struct read_page *page, int64_t shopper_id,
                             const struct list_terms *terms)
{
    if (!read_shopper_may(call, shopper_id)) {
        return REFUSAL_forbidden;
    }
    list_query(call, page, terms);
    return REFUSAL_none;
}

bool read_merchant_may(const struct read_call *call, int64_t merchant_id)
{
    return call->caller.kind == CALLER_operator ||
           (call->caller.kind == CALLER_merchant && call->caller.id == merchant_id);
}

static bool days_row(void *context, const struct value *values, size_t count)
{
    struct policy_row *policy = context;
    assert(count == 1);
    policy->refund_days = (int32_t)values[0].i64;
    return false;
}

int64_t read_finished_before(const struct read_call *call, struct read_page *page)
{
    struct policy_row policy = { .refund_days = 0 };
    (void)read_status(page, call->reader->ops->query(call->reader, "SELECT refund_days FROM policies WHERE one = 1",
                                                     NULL, 0, days_row, &policy));
    policy_complete(&policy);
    return call->now_us - policy.refund_days * US_PER_DAY;
}

/* ---- the lists ---- */

struct trade_list {
    int64_t shop_id;
    int32_t state;
    int32_t day;
};
static const struct column trade_list_columns[] = {
    COLUMN(trade_list, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(trade_list, state, .form = FORM_choice, .names = trade_states),
    COLUMN(trade_list, day, .form = FORM_day, .text = "Only trades paid on this day of the shop's zone."),
};
static const struct shape trade_list_shape = SHAPE("trade_list", trade_list, trade_list_columns);

static enum refusal trade_list_run(const struct read_call *call, struct read_page *page)
{
    const struct trade_list *want = call->request;
    enum refusal refusal = read_shop_check(call, page, want->shop_id);
    if (refusal != REFUSAL_none || page->status != STATUS_ok) {
        return refusal;
    }
    char state[128];
    int64_t before_us = read_finished_before(call, page);
    snprintf(state, sizeof(state), "CASE WHEN state = %d AND paid_at_us < %lld THEN %d ELSE state END", TRADE_success,
             (long long)before_us, TRADE_finished);
    bool finished = want->state == TRADE_finished, paid = want->state == TRADE_success;
    int32_t stored = finished ? TRADE_success : want->state;
    struct list_terms terms = {
        .table = &trade_table,
        .key = "trade_id",
        .newest_first = true,
        .where = "shop_id = ? AND (? = 0 OR state = ?) AND paid_at_us >= ? AND paid_at_us < ? AND "
                 "(? = 0 OR day = ?) AND ",
        .binds = { VALUE_I64(want->shop_id), VALUE_I64(stored), VALUE_I64(stored), VALUE_I64(paid ? before_us : 0),
                   VALUE_I64(finished ? before_us : INT64_MAX), VALUE_I64(want->day), VALUE_I64(want->day) },
        .bind_count = 7,
        .computed_column = "state",
        .computed = state,
    };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read trade_list = {
    .name = "trade_list",
    .route = "/v1/shops/{shop_id}/trades",
    .callers = CALLERS_SHOP,
    .request = &trade_list_shape,
    .element = &trade_table.shape,
    .run = trade_list_run,
    .summary = "A shop's trades, newest first.",
};

struct refund_list {
    int64_t trade_id;
};
static const struct column refund_list_columns[] = {
    COLUMN(refund_list, trade_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape refund_list_shape = SHAPE("refund_list", refund_list, refund_list_columns);

static enum refusal refund_list_run(const struct read_call *call, struct read_page *page)
{
    const struct refund_list *want = call->request;
    struct scope trade = { .found = false };
    struct value bind = VALUE_I64(want->trade_id);
    if (!read_status(page, call->reader->ops->query(call->reader,
                                                    "SELECT shopper_id, shop_id FROM trades WHERE trade_id = ?", &bind,
                                                    1, scope_row, &trade))) {
        return REFUSAL_none;
    }
    if (!trade.found) {
        return REFUSAL_trade_unknown;
    }
    bool mine = call->caller.kind == CALLER_shopper && call->caller.id == trade.merchant_id;
    if (!mine && read_shop_check(call, page, trade.shop_id) != REFUSAL_none) {
        return REFUSAL_trade_unknown;
    }
    struct list_terms terms = { .table = &refund_table,
                                .key = "refund_id",
                                .where = "trade_id = ? AND ",
                                .binds = { VALUE_I64(want->trade_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read refund_list = {
    .name = "refund_list",
    .route = "/v1/trades/{trade_id}/refunds",
    .callers = CALLERS_ALL,
    .request = &refund_list_shape,
    .element = &refund_table.shape,
    .run = refund_list_run,
    .summary = "A trade's refunds, oldest first.",
};

struct app_list {
    int64_t merchant_id;
};
static const struct column app_list_columns[] = {
    COLUMN(app_list, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape app_list_shape = SHAPE("app_list", app_list, app_list_columns);

static enum refusal app_list_run(const struct read_call *call, struct read_page *page)
{
    const struct app_list *want = call->request;
    struct list_terms terms = { .table = &app_table,
                                .key = "app_id",
                                .where = "merchant_id = ? AND ",
                                .binds = { VALUE_I64(want->merchant_id) },
                                .bind_count = 1 };
    return list_of_merchant(call, page, want->merchant_id, &terms);
}

const struct read app_list = {
    .name = "app_list",
    .route = "/v1/merchants/{merchant_id}/apps",
    .callers = CALLERS_MERCHANT,
    .request = &app_list_shape,
    .element = &app_shape,
    .run = app_list_run,
    .summary = "A merchant's apps. Their public keys are in the single app.",
};

struct shop_list {
    int64_t merchant_id;
};
static const struct column shop_list_columns[] = {
    COLUMN(shop_list, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape shop_list_shape = SHAPE("shop_list", shop_list, shop_list_columns);

static enum refusal shop_list_run(const struct read_call *call, struct read_page *page)
{
    const struct shop_list *want = call->request;
    struct list_terms terms = { .table = &shop_table,
                                .key = "shop_id",
                                .where = "merchant_id = ? AND ",
                                .binds = { VALUE_I64(want->merchant_id) },
                                .bind_count = 1 };
    return list_of_merchant(call, page, want->merchant_id, &terms);
}

const struct read shop_list = {
    .name = "shop_list",
    .route = "/v1/merchants/{merchant_id}/shops",
    .callers = CALLERS_MERCHANT,
    .request = &shop_list_shape,
    .element = &shop_table.shape,
    .run = shop_list_run,
    .summary = "A merchant's shops.",
};

struct shop_days {
    int32_t day;
};
static const struct column shop_days_columns[] = {
    COLUMN(shop_days, day, .form = FORM_day, .flags = COLUMN_required, .text = "A day of the shops' own zones."),
};
static const struct shape shop_days_shape = SHAPE("shop_days", shop_days, shop_days_columns);

/* Operators see all shops, merchants their own. */
static enum refusal shop_days_run(const struct read_call *call, struct read_page *page)
{
    const struct shop_days *want = call->request;
    bool all = call->caller.kind == CALLER_operator;
    struct list_terms terms = {
        .table = &shop_day_table,
        .key = "shop_id",
        .where = "day = ? AND (? = 1 OR shop_id IN (SELECT s.shop_id FROM shops s WHERE s.merchant_id = ?)) AND ",
        .binds = { VALUE_I64(want->day), VALUE_I64(all), VALUE_I64(call->caller.id) },
        .bind_count = 3,
    };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read shop_days = {
    .name = "shop_days",
    .route = "/v1/shop_days",
    .callers = CALLERS_MERCHANT,
    .request = &shop_days_shape,
    .element = &shop_day_table.shape,
    .run = shop_days_run,
    .summary = "What each shop took on a day: payments, discounts, refunds.",
};

static enum refusal campaign_list_run(const struct read_call *call, struct read_page *page)
{
    struct list_terms terms = { .table = &campaign_table, .key = "campaign_id", .where = "" };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read campaign_list = {
    .name = "campaign_list",
    .route = "/v1/campaigns",
    .callers = CALLERS_PLATFORM,
    .request = &nothing_shape,
    .element = &campaign_table.shape,
    .run = campaign_list_run,
    .summary = "All campaigns. What is left of a budget is in the single campaign.",
};

struct delivery_list {
    int64_t merchant_id;
};
static const struct column delivery_list_columns[] = {
    COLUMN(delivery_list, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape delivery_list_shape = SHAPE("delivery_list", delivery_list, delivery_list_columns);

static enum refusal delivery_list_run(const struct read_call *call, struct read_page *page)
{
    const struct delivery_list *want = call->request;
    struct list_terms terms = { .table = &delivery_table,
                                .key = "delivery_id",
                                .newest_first = true,
                                .where = "merchant_id = ? AND ",
                                .binds = { VALUE_I64(want->merchant_id) },
                                .bind_count = 1 };
    return list_of_merchant(call, page, want->merchant_id, &terms);
}

const struct read delivery_list = {
    .name = "delivery_list",
    .route = "/v1/merchants/{merchant_id}/deliveries",
    .callers = CALLERS_MERCHANT,
    .request = &delivery_list_shape,
    .element = &delivery_table.shape,
    .run = delivery_list_run,
    .summary = "The delivery log of a merchant's webhooks, newest first.",
};

struct token_list {
    int64_t merchant_id;
};
static const struct column token_list_columns[] = {
    COLUMN(token_list, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape token_list_shape = SHAPE("token_list", token_list, token_list_columns);

/* A live token that goes back to one that was revoked with all it had issued is void, and said to be. */
#define TOKEN_STATE                                                                                          \
    "CASE WHEN state = 1 AND caller_kind <> 5 AND EXISTS ("                                                  \
    "WITH RECURSIVE origin(id) AS (SELECT tokens.parent_token_id UNION "                                     \
    "SELECT t.parent_token_id FROM tokens t JOIN origin ON t.token_id = origin.id) "                         \
    "SELECT 1 FROM tokens o JOIN origin ON o.token_id = origin.id "                                          \
    "WHERE o.state = 2 AND o.keeps_issued = 0) THEN 3 ELSE state END"
static_assert(TOKEN_live == 1 && TOKEN_revoked == 2 && TOKEN_issuer_revoked == 3, "as the SQL says");
static_assert(CALLER_shopper == 5, "as the SQL says");

static enum refusal token_list_run(const struct read_call *call, struct read_page *page)
{
    const struct token_list *want = call->request;
    struct list_terms terms = { .table = &token_table,
                                .key = "token_id",
                                .newest_first = true,
                                .where = "merchant_id = ? AND ",
                                .binds = { VALUE_I64(want->merchant_id) },
                                .bind_count = 1,
                                .computed_column = "state",
                                .computed = TOKEN_STATE };
    return list_of_merchant(call, page, want->merchant_id, &terms);
}

const struct read token_list = {
    .name = "token_list",
    .route = "/v1/merchants/{merchant_id}/tokens",
    .callers = CALLERS_MERCHANT,
    .request = &token_list_shape,
    .element = &token_table.shape,
    .run = token_list_run,
    .summary = "Tokens that speak for a merchant, its shops and terminals, newest first; never their text.",
};

static enum refusal token_list_all_run(const struct read_call *call, struct read_page *page)
{
    struct list_terms terms = { .table = &token_table,
                                .key = "token_id",
                                .newest_first = true,
                                .where = "",
                                .computed_column = "state",
                                .computed = TOKEN_STATE };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read token_list_all = {
    .name = "token_list_all",
    .route = "/v1/tokens",
    .callers = CALLERS_PLATFORM,
    .request = &nothing_shape,
    .element = &token_table.shape,
    .run = token_list_all_run,
    .summary = "Every token that was issued, newest first; never their text.",
};
