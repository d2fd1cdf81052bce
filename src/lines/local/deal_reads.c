/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of deals and purchases, and what became of them: per shop and day, and in all. */
#include "lines/local/deal_internal.h"
#include "till/till_reads.h"

/* ---- deals ---- */

struct deal_list {
    int64_t merchant_id;
    int32_t state;
};
static const struct column list_columns[] = {
    COLUMN(deal_list, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(deal_list, state, .form = FORM_choice, .names = deal_states),
};
static const struct shape list_shape = SHAPE("deal_list", deal_list, list_columns);

/* A merchant sees all of its deals, others those that are on sale. */
static enum refusal list_run(const struct read_call *call, struct read_page *page)
{
    const struct deal_list *want = call->request;
    int32_t state = want->state;
    if (!read_merchant_may(call, want->merchant_id)) {
        if (state != 0 && state != DEAL_live) {
            return REFUSAL_forbidden;
        }
        state = DEAL_live;
    }
    struct list_terms terms = { .table = &deal_table,
                                .key = "deal_id",
                                .newest_first = true,
                                .where = "merchant_id = ? AND (? = 0 OR state = ?) AND ",
                                .binds = { VALUE_I64(want->merchant_id), VALUE_I64(state), VALUE_I64(state) },
                                .bind_count = 3 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read deal_list = {
    .name = "deal_list",
    .route = "/v1/merchants/{merchant_id}/deals",
    .callers = CALLERS_ALL,
    .request = &list_shape,
    .element = &deal_table.shape,
    .run = list_run,
    .summary = "The deals that a merchant sells, newest first; whoever is not the merchant sees those on sale.",
};

struct shop_deals {
    int64_t shop_id;
};
static const struct column shop_columns[] = {
    COLUMN(shop_deals, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape shop_shape = SHAPE("deal_shop_list", shop_deals, shop_columns);

static enum refusal shop_run(const struct read_call *call, struct read_page *page)
{
    const struct shop_deals *want = call->request;
    struct list_terms terms = {
        .table = &deal_table,
        .key = "deal_id",
        .newest_first = true,
        .where = "deal_id IN (SELECT p.deal_id FROM deal_places p WHERE p.shop_id = ?) AND state = ? AND ",
        .binds = { VALUE_I64(want->shop_id), VALUE_I64(DEAL_live) },
        .bind_count = 2,
    };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read deal_shop_list = {
    .name = "deal_shop_list",
    .route = "/v1/shops/{shop_id}/deals",
    .callers = CALLERS_ALL,
    .request = &shop_shape,
    .element = &deal_table.shape,
    .run = shop_run,
    .summary = "Deals on sale that are redeemed in a shop, newest first.",
};

static enum refusal detail_run(const struct read_call *call, struct read_page *page)
{
    const struct deal_ref *want = call->request;
    struct deal_detail_row detail = { .deal_id = want->deal_id };
    if (read_row(call, page, &deal_detail_table, &detail)) {
        read_emit_i64(page, &detail, detail.deal_id);
    } else if (page->status == STATUS_ok) {
        return REFUSAL_deal_unknown;
    }
    return REFUSAL_none;
}

const struct read deal_detail = {
    .name = "deal_detail",
    .route = "/v1/deals/{deal_id}/detail",
    .flags = READ_single,
    .callers = CALLERS_ALL,
    .request = &deal_ref_shape,
    .element = &deal_detail_table.shape,
    .run = detail_run,
    .summary = "What is said of a deal, and where it is redeemed.",
};

/* ---- what became of them ---- */

/* The seller of a deal may see it; faults of the queries are in the page. */
static enum refusal seller_check(const struct read_call *call, struct read_page *page, int64_t deal_id)
{
    struct deal_row deal = { .deal_id = deal_id };
    if (!read_row(call, page, &deal_table, &deal)) {
        return page->status == STATUS_ok ? REFUSAL_deal_unknown : REFUSAL_none;
    }
    return read_merchant_may(call, deal.merchant_id) ? REFUSAL_none : REFUSAL_forbidden;
}

struct day_key {
    int64_t shop_id, day;
};

struct days {
    struct read_page *page;
    int64_t deal_id;
};

static bool day_emit(void *context, const void *row)
{
    const struct days *days = context;
    const struct deal_day_row *day = row;
    struct day_key key = { day->shop_id, day->day };
    return day->deal_id == days->deal_id &&
           days->page->emit(days->page, row, (struct span){ (const char *)&key, sizeof(key) });
}

static enum refusal day_run(const struct read_call *call, struct read_page *page)
{
    const struct deal_ref *want = call->request;
    struct day_key after = { 0, 0 }; /* behind the sum of all */
    uint8_t key[KEY_SIZE_MAX];
    enum refusal refusal = seller_check(call, page, want->deal_id);
    if (refusal != REFUSAL_none || page->status != STATUS_ok) {
        return refusal;
    }
    if (call->after.size == sizeof(after)) {
        memcpy(&after, call->after.bytes, sizeof(after));
    }
    struct days days = { page, want->deal_id };
    struct deal_day_row first = { .deal_id = want->deal_id,
                                  .shop_id = after.shop_id,
                                  .day = (int32_t)after.day + 1 };
    struct span from = { (const char *)key, row_key_write(&deal_day_table, &first, key) };
    read_status(page, call->reader->ops->scan(call->reader, &deal_day_table, from, day_emit, &days));
    return REFUSAL_none;
}

const struct read deal_day_list = {
    .name = "deal_day_list",
    .route = "/v1/deals/{deal_id}/days",
    .callers = CALLERS_MERCHANT,
    .request = &deal_ref_shape,
    .element = &deal_day_table.shape,
    .run = day_run,
    .summary = "What was sold, redeemed, returned and lapsed of a deal in each shop on each day, and what the shop "
               "earned.",
};

struct shop_day_deals {
    int64_t shop_id;
    int32_t day;
};
static const struct column shop_day_columns[] = {
    COLUMN(shop_day_deals, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(shop_day_deals, day, .form = FORM_day, .flags = COLUMN_required, .text = "A day of the shop's own zone."),
};
static const struct shape shop_day_shape = SHAPE("deal_shop_days", shop_day_deals, shop_day_columns);

static enum refusal shop_day_run(const struct read_call *call, struct read_page *page)
{
    const struct shop_day_deals *want = call->request;
    struct list_terms terms = { .table = &deal_day_table,
                                .key = "deal_id",
                                .where = "shop_id = ? AND day = ? AND ",
                                .binds = { VALUE_I64(want->shop_id), VALUE_I64(want->day) },
                                .bind_count = 2 };
    return list_of_shop(call, page, want->shop_id, &terms);
}

const struct read deal_shop_days = {
    .name = "deal_shop_days",
    .route = "/v1/shops/{shop_id}/deal_days",
    .callers = CALLERS_SHOP,
    .request = &shop_day_shape,
    .element = &deal_day_table.shape,
    .run = shop_day_run,
    .summary = "What a shop sold and redeemed of each deal on a day.",
};

/* A deal's sums, and what of its money waits in escrow. */
struct deal_money {
    struct deal_day_row sum;
    char title[NAME_SIZE];
    int32_t state;
    int32_t currency;
    int64_t open_pieces; /* in vouchers */
    int64_t open_minor;
    int64_t escrow_minor; /* of open vouchers, and of people of a group that is not settled */
};

#define SUM(member, ...) COLUMN_PART(deal_money, sum, member, #member, __VA_ARGS__)
static const struct column money_columns[] = {
    SUM(deal_id, .form = FORM_id),
    COLUMN(deal_money, title),
    COLUMN(deal_money, state, .form = FORM_choice, .names = deal_states),
    COLUMN(deal_money, currency),
    SUM(stock_copies, .text = "Came on sale."),
    SUM(sold_copies, .text = NULL),
    SUM(sold_pieces, .text = NULL),
    SUM(redeemed_pieces, .text = NULL),
    SUM(returned_pieces, .text = NULL),
    SUM(lapsed_pieces, .text = NULL),
    COLUMN(deal_money, open_pieces, .text = "In vouchers."),
    SUM(sold_minor, .form = FORM_amount),
    SUM(redeemed_minor, .form = FORM_amount),
    SUM(returned_minor, .form = FORM_amount),
    SUM(lapsed_minor, .form = FORM_amount),
    COLUMN(deal_money, open_minor, .form = FORM_amount, .text = "Of open vouchers."),
    SUM(awaiting_minor, .form = FORM_amount, .text = "Of a group that is not settled."),
    COLUMN(deal_money, escrow_minor, .form = FORM_amount, .text = "Waits in escrow: open and awaiting together."),
    SUM(earned_minor, .form = FORM_amount, .text = "Went to the shops."),
    SUM(commission_minor, .form = FORM_amount, .text = "Went to the platform."),
    SUM(buyers, .text = "Of a group."),
};
static const struct shape money_shape = SHAPE("deal_money", deal_money, money_columns);

struct money {
    struct read_page *page;
};

static bool money_row(void *context, const struct value *values, size_t count)
{
    struct money *money = context;
    struct deal_money element = { .state = (int32_t)values[2].i64, .currency = (int32_t)values[3].i64 };
    struct deal_day_row *sum = &element.sum;
    int64_t *const sums[] = { &sum->stock_copies,   &sum->sold_copies,     &sum->sold_pieces,    &sum->redeemed_pieces,
                              &sum->returned_pieces, &sum->lapsed_pieces,  &sum->sold_minor,     &sum->redeemed_minor,
                              &sum->returned_minor,  &sum->lapsed_minor,   &sum->awaiting_minor, &sum->earned_minor,
                              &sum->commission_minor, &sum->buyers };
    assert(count == 4 + COUNT_OF(sums));
    sum->deal_id = values[0].i64;
    bool fits = span_copy(values[1].bytes, element.title, sizeof(element.title));
    assert(fits);
    for (size_t i = 0; i < COUNT_OF(sums); i++) {
        *sums[i] = values[4 + i].i64;
    }
    element.open_pieces = sum->sold_pieces - sum->redeemed_pieces - sum->returned_pieces - sum->lapsed_pieces;
    element.open_minor = sum->sold_minor - sum->redeemed_minor - sum->returned_minor - sum->lapsed_minor;
    element.escrow_minor = element.open_minor + sum->awaiting_minor;
    return read_emit_i64(money->page, &element, sum->deal_id);
}

struct merchant_ref {
    int64_t merchant_id;
};
static const struct column merchant_columns[] = {
    COLUMN(merchant_ref, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape merchant_shape = SHAPE("deal_money_list", merchant_ref, merchant_columns);

static enum refusal money_run(const struct read_call *call, struct read_page *page)
{
    const struct merchant_ref *want = call->request;
    struct value binds[] = { VALUE_I64(want->merchant_id), VALUE_I64(read_after_i64(call, INT64_MAX)),
                             VALUE_I64(call->limit + 1) };
    struct money money = { page };
    if (!read_merchant_may(call, want->merchant_id)) {
        return REFUSAL_forbidden;
    }
    read_status(page, call->reader->ops->query(
                          call->reader,
                          "SELECT d.deal_id, d.title, d.state, d.currency, s.stock_copies, s.sold_copies, "
                          "s.sold_pieces, s.redeemed_pieces, s.returned_pieces, s.lapsed_pieces, s.sold_minor, "
                          "s.redeemed_minor, s.returned_minor, s.lapsed_minor, s.awaiting_minor, s.earned_minor, "
                          "s.commission_minor, s.buyers FROM deals d LEFT JOIN deal_days s ON s.deal_id = d.deal_id "
                          "AND s.shop_id = 0 AND s.day = 0 WHERE d.merchant_id = ? AND d.deal_id < ? "
                          "ORDER BY d.deal_id DESC LIMIT ?",
                          binds, COUNT_OF(binds), money_row, &money));
    return REFUSAL_none;
}

const struct read deal_money = {
    .name = "deal_money",
    .route = "/v1/merchants/{merchant_id}/deal_money",
    .callers = CALLERS_MERCHANT,
    .request = &merchant_shape,
    .element = &money_shape,
    .run = money_run,
    .summary = "Of each deal that a merchant sells: pieces and money sold, redeemed, returned, lapsed, still in "
               "escrow, and earned. Newest first.",
};

/* ---- purchases ---- */

struct shopper_ref {
    int64_t shopper_id;
};
static const struct column shopper_columns[] = {
    COLUMN(shopper_ref, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape shopper_shape = SHAPE("purchase_list", shopper_ref, shopper_columns);

static enum refusal purchase_run(const struct read_call *call, struct read_page *page)
{
    const struct shopper_ref *want = call->request;
    struct list_terms terms = { .table = &purchase_table,
                                .key = "purchase_id",
                                .newest_first = true,
                                .where = "shopper_id = ? AND ",
                                .binds = { VALUE_I64(want->shopper_id) },
                                .bind_count = 1 };
    return list_of_shopper(call, page, want->shopper_id, &terms);
}

const struct read purchase_list = {
    .name = "purchase_list",
    .route = "/v1/shoppers/{shopper_id}/purchases",
    .callers = CALLERS_SHOPPER,
    .request = &shopper_shape,
    .element = &purchase_table.shape,
    .run = purchase_run,
    .summary = "A shopper's purchases of deals, newest first.",
};

static enum refusal deal_purchase_run(const struct read_call *call, struct read_page *page)
{
    const struct deal_ref *want = call->request;
    enum refusal refusal = seller_check(call, page, want->deal_id);
    if (refusal != REFUSAL_none || page->status != STATUS_ok) {
        return refusal;
    }
    struct list_terms terms = { .table = &purchase_table,
                                .key = "purchase_id",
                                .newest_first = true,
                                .where = "deal_id = ? AND ",
                                .binds = { VALUE_I64(want->deal_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read deal_purchase_list = {
    .name = "deal_purchase_list",
    .route = "/v1/deals/{deal_id}/purchases",
    .callers = CALLERS_MERCHANT,
    .request = &deal_ref_shape,
    .element = &purchase_table.shape,
    .run = deal_purchase_run,
    .summary = "A deal's purchases, newest first.",
};
