/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: whom a merchant shares with, the settlements of a trade, the apps that know a shopper. */
#include "people/grant.h"
#include "people/people.h"
#include "till/royalty.h"
#include "till/till_reads.h"

/* ---- receivers ---- */

struct royalty_list {
    int64_t merchant_id;
};
static const struct column royalty_list_columns[] = {
    COLUMN(royalty_list, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape royalty_list_shape = SHAPE("royalty_list", royalty_list, royalty_list_columns);

/* Where the next page begins: behind this receiver. */
struct royalty_key {
    int64_t kind, id;
};

struct relations {
    struct read_page *page;
    int64_t merchant_id;
};

static bool relation_emit(void *context, const void *row)
{
    const struct relations *relations = context;
    const struct royalty_relation_row *relation = row;
    struct royalty_key key = { relation->receiver_kind, relation->receiver_id };
    return relation->merchant_id == relations->merchant_id &&
           relations->page->emit(relations->page, row, (struct span){ (const char *)&key, sizeof(key) });
}

static enum refusal royalty_list_run(const struct read_call *call, struct read_page *page)
{
    const struct royalty_list *want = call->request;
    struct royalty_key after = { 0, 0 };
    uint8_t key[KEY_SIZE_MAX];
    if (!read_merchant_may(call, want->merchant_id)) {
        return REFUSAL_forbidden;
    }
    if (call->after.size == sizeof(after)) {
        memcpy(&after, call->after.bytes, sizeof(after));
    }
    struct relations relations = { page, want->merchant_id };
    struct royalty_relation_row first = { .merchant_id = want->merchant_id,
                                          .receiver_kind = (int32_t)after.kind,
                                          .receiver_id = after.id + 1 };
    struct span from = { (const char *)key, row_key_write(&royalty_relation_table, &first, key) };
    read_status(page, call->reader->ops->scan(call->reader, &royalty_relation_table, from, relation_emit, &relations));
    return REFUSAL_none;
}

const struct read royalty_list = {
    .name = "royalty_list",
    .route = "/v1/merchants/{merchant_id}/royalty/receivers",
    .callers = CALLERS_MERCHANT,
    .request = &royalty_list_shape,
    .element = &royalty_relation_table.shape,
    .run = royalty_list_run,
    .summary = "To whom shares of the merchant's trades may be paid.",
};

/* ---- settlements ---- */

struct settle_list {
    int64_t trade_id;
};
static const struct column settle_list_columns[] = {
    COLUMN(settle_list, trade_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape settle_list_shape = SHAPE("settle_list", settle_list, settle_list_columns);

static enum refusal settle_list_run(const struct read_call *call, struct read_page *page)
{
    const struct settle_list *want = call->request;
    struct trade_row trade = { .trade_id = want->trade_id };
    if (!read_row(call, page, &trade_table, &trade) || read_shop_check(call, page, trade.shop_id) != REFUSAL_none) {
        return REFUSAL_trade_unknown;
    }
    struct list_terms terms = { .table = &settle_table,
                                .key = "settle_id",
                                .where = "trade_id = ? AND ",
                                .binds = { VALUE_I64(want->trade_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read settle_list = {
    .name = "settle_list",
    .route = "/v1/trades/{trade_id}/settlements",
    .callers = CALLERS_SHOP,
    .request = &settle_list_shape,
    .element = &settle_table.shape,
    .run = settle_list_run,
    .summary = "A trade's settlements, oldest first.",
};

/* ---- grants ---- */

struct grant_list {
    int64_t shopper_id;
};
static const struct column grant_list_columns[] = {
    COLUMN(grant_list, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape grant_list_shape = SHAPE("grant_list", grant_list, grant_list_columns);

static enum refusal grant_list_run(const struct read_call *call, struct read_page *page)
{
    const struct grant_list *want = call->request;
    if (call->caller.kind != CALLER_operator && call->caller.id != want->shopper_id) {
        return REFUSAL_forbidden;
    }
    struct list_terms terms = { .table = &grant_table,
                                .key = "grant_id",
                                .newest_first = true,
                                .where = "shopper_id = ? AND ",
                                .binds = { VALUE_I64(want->shopper_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read grant_list = {
    .name = "grant_list",
    .route = "/v1/shoppers/{shopper_id}/grants",
    .callers = CALLERS_SHOPPER,
    .request = &grant_list_shape,
    .element = &grant_table.shape,
    .run = grant_list_run,
    .summary = "What a shopper has let apps know, newest first.",
};
