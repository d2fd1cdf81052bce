/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of orders: a shop's, a shopper's; and what belongs to one order. */
#include "lines/local/meal.h"
#include "people/people.h"
#include "till/till_reads.h"

struct meal_list {
    int64_t shop_id;
    int32_t kind;
    int32_t all;
};
static const struct column list_columns[] = {
    COLUMN(meal_list, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(meal_list, kind, .form = FORM_choice, .names = meal_kinds),
    COLUMN(meal_list, all, .form = FORM_flag, .text = "Also those that are done or cancelled."),
};
static const struct shape list_shape = SHAPE("meal_list", meal_list, list_columns);

static enum refusal list_run(const struct read_call *call, struct read_page *page)
{
    const struct meal_list *want = call->request;
    struct list_terms terms = { .table = &meal_order_table,
                                .key = "order_id",
                                .newest_first = true,
                                .where = want->all != 0 ? "shop_id = ? AND (? = 0 OR kind = ?) AND "
                                                        : "shop_id = ? AND state < 5 AND (? = 0 OR kind = ?) AND ",
                                .binds = { VALUE_I64(want->shop_id), VALUE_I64(want->kind), VALUE_I64(want->kind) },
                                .bind_count = 3 };
    static_assert(MEAL_ready < 5 && MEAL_done == 5 && MEAL_cancelled > 5, "as the index says");
    return list_of_shop(call, page, want->shop_id, &terms);
}

const struct read meal_list = {
    .name = "meal_list",
    .route = "/v1/shops/{shop_id}/meals",
    .callers = CALLERS_SHOP,
    .request = &list_shape,
    .element = &meal_order_table.shape,
    .run = list_run,
    .summary = "A shop's orders that go on, newest first.",
};

struct meal_mine {
    int64_t shopper_id;
};
static const struct column mine_columns[] = {
    COLUMN(meal_mine, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape mine_shape = SHAPE("meal_mine", meal_mine, mine_columns);

static enum refusal mine_run(const struct read_call *call, struct read_page *page)
{
    const struct meal_mine *want = call->request;
    struct list_terms terms = { .table = &meal_order_table,
                                .key = "order_id",
                                .newest_first = true,
                                .where = "order_id IN (SELECT order_id FROM meal_guests WHERE shopper_id = ?) AND ",
                                .binds = { VALUE_I64(want->shopper_id) },
                                .bind_count = 1 };
    return list_of_shopper(call, page, want->shopper_id, &terms);
}

const struct read meal_mine = {
    .name = "meal_mine",
    .route = "/v1/shoppers/{shopper_id}/meals",
    .callers = CALLERS_SHOPPER,
    .request = &mine_shape,
    .element = &meal_order_table.shape,
    .run = mine_run,
    .summary = "Orders of a shopper, and those it joined, newest first.",
};

/* ---- what belongs to one order ---- */

static const struct column ref_columns[] = {
    COLUMN(meal_ref, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape lines_shape = SHAPE("meal_line_list", meal_ref, ref_columns);
static const struct shape guests_shape = SHAPE("meal_guest_list", meal_ref, ref_columns);
static const struct shape bills_shape = SHAPE("meal_bill_list", meal_ref, ref_columns);
static const struct shape tickets_shape = SHAPE("meal_ticket_list", meal_ref, ref_columns);

static bool found_row(void *context, const struct value *values, size_t count)
{
    bool *found = context;
    (void)values;
    (void)count;
    *found = true;
    return false;
}

/* The staff and the guests see an order; to others it does not exist. */
static enum refusal meal_check(const struct read_call *call, struct read_page *page, int64_t order_id)
{
    struct meal_order_row order = { .order_id = order_id };
    bool found = read_row(call, page, &meal_order_table, &order);
    if (page->status != STATUS_ok) {
        return REFUSAL_none;
    }
    if (found && call->caller.kind == CALLER_shopper) {
        struct value binds[] = { VALUE_I64(order_id), VALUE_I64(call->caller.id) };
        found = false;
        read_status(page, call->reader->ops->query(call->reader,
                                                   "SELECT guest FROM meal_guests WHERE order_id = ? AND "
                                                   "shopper_id = ?",
                                                   binds, COUNT_OF(binds), found_row, &found));
    } else if (found) {
        found = read_shop_check(call, page, order.shop_id) == REFUSAL_none;
    }
    return found || page->status != STATUS_ok ? REFUSAL_none : REFUSAL_meal_unknown;
}

static enum refusal part_run(const struct read_call *call, struct read_page *page, const struct table *table,
                             const char *key)
{
    const struct meal_ref *want = call->request;
    struct list_terms terms = { .table = table,
                                .key = key,
                                .where = "order_id = ? AND ",
                                .binds = { VALUE_I64(want->order_id) },
                                .bind_count = 1 };
    enum refusal refusal = meal_check(call, page, want->order_id);
    if (refusal == REFUSAL_none && page->status == STATUS_ok) {
        list_query(call, page, &terms);
    }
    return refusal;
}

static enum refusal lines_run(const struct read_call *call, struct read_page *page)
{
    return part_run(call, page, &meal_line_table, "line");
}

const struct read meal_line_list = {
    .name = "meal_line_list",
    .route = "/v1/meals/{order_id}/lines",
    .callers = CALLERS_ALL,
    .request = &lines_shape,
    .element = &meal_line_table.shape,
    .run = lines_run,
    .summary = "What was ordered, and by whom.",
};

static enum refusal guests_run(const struct read_call *call, struct read_page *page)
{
    return part_run(call, page, &meal_guest_table, "guest");
}

const struct read meal_guest_list = {
    .name = "meal_guest_list",
    .route = "/v1/meals/{order_id}/guests",
    .callers = CALLERS_ALL,
    .request = &guests_shape,
    .element = &meal_guest_table.shape,
    .run = guests_run,
    .summary = "Who orders along.",
};

static enum refusal bills_run(const struct read_call *call, struct read_page *page)
{
    return part_run(call, page, &meal_bill_table, "bill");
}

const struct read meal_bill_list = {
    .name = "meal_bill_list",
    .route = "/v1/meals/{order_id}/bills",
    .callers = CALLERS_ALL,
    .request = &bills_shape,
    .element = &meal_bill_table.shape,
    .run = bills_run,
    .summary = "The bills of an order; void ones were taken back.",
};

static enum refusal tickets_run(const struct read_call *call, struct read_page *page)
{
    return part_run(call, page, &ticket_table, "ticket_id");
}

const struct read meal_ticket_list = {
    .name = "meal_ticket_list",
    .route = "/v1/meals/{order_id}/tickets",
    .callers = CALLERS_ALL,
    .request = &tickets_shape,
    .element = &ticket_table.shape,
    .run = tickets_run,
    .summary = "What the kitchen got of an order, and how far it is.",
};
