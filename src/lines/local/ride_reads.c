/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of couriers and rides. */
#include "lines/local/meal.h"
#include "people/people.h"
#include "till/till_reads.h"

struct courier_list {
    int64_t shop_id;
};
static const struct column courier_columns[] = {
    COLUMN(courier_list, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape courier_shape = SHAPE("courier_list", courier_list, courier_columns);

static enum refusal courier_run(const struct read_call *call, struct read_page *page)
{
    const struct courier_list *want = call->request;
    struct list_terms terms = { .table = &courier_table,
                                .key = "courier_id",
                                .where = "shop_id = ? AND ",
                                .binds = { VALUE_I64(want->shop_id) },
                                .bind_count = 1 };
    return list_of_shop(call, page, want->shop_id, &terms);
}

const struct read courier_list = {
    .name = "courier_list",
    .route = "/v1/shops/{shop_id}/couriers",
    .callers = CALLERS_SHOP,
    .request = &courier_shape,
    .element = &courier_table.shape,
    .run = courier_run,
    .summary = "A shop's couriers: where each is, and what it has to bring.",
};

struct ride_list {
    int64_t shop_id;
    int32_t all;
};
static const struct column list_columns[] = {
    COLUMN(ride_list, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(ride_list, all, .form = FORM_flag, .text = "Also those that are over."),
};
static const struct shape list_shape = SHAPE("ride_list", ride_list, list_columns);

static enum refusal list_run(const struct read_call *call, struct read_page *page)
{
    const struct ride_list *want = call->request;
    struct list_terms terms = { .table = &ride_table,
                                .key = "ride_id",
                                .newest_first = true,
                                .where = want->all != 0 ? "shop_id = ? AND " : "shop_id = ? AND ended_at_us = 0 AND ",
                                .binds = { VALUE_I64(want->shop_id) },
                                .bind_count = 1 };
    return list_of_shop(call, page, want->shop_id, &terms);
}

const struct read ride_list = {
    .name = "ride_list",
    .route = "/v1/shops/{shop_id}/rides",
    .callers = CALLERS_SHOP,
    .request = &list_shape,
    .element = &ride_table.shape,
    .run = list_run,
    .summary = "A shop's rides that are not over, newest first.",
};

struct ride_mine {
    int64_t courier_id;
};
static const struct column mine_columns[] = {
    COLUMN(ride_mine, courier_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape mine_shape = SHAPE("ride_mine", ride_mine, mine_columns);

static enum refusal mine_run(const struct read_call *call, struct read_page *page)
{
    const struct ride_mine *want = call->request;
    bool his = call->caller.kind == CALLER_shopper && call->caller.id == want->courier_id;
    if (!his && call->caller.kind != CALLER_operator) {
        return REFUSAL_forbidden;
    }
    struct list_terms terms = { .table = &ride_table,
                                .key = "ride_id",
                                .newest_first = true,
                                .where = "courier_id = ? AND ",
                                .binds = { VALUE_I64(want->courier_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read ride_mine = {
    .name = "ride_mine",
    .route = "/v1/couriers/{courier_id}/rides",
    .callers = CALLERS_SHOPPER,
    .request = &mine_shape,
    .element = &ride_table.shape,
    .run = mine_run,
    .summary = "Rides of a courier, newest first.",
};

/* ---- one ride ---- */

struct ride_ref {
    int64_t ride_id;
};
static const struct column ref_columns[] = {
    COLUMN(ride_ref, ride_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape detail_shape = SHAPE("ride_detail", ride_ref, ref_columns);
static const struct shape steps_shape = SHAPE("ride_step_list", ride_ref, ref_columns);

/* The staff, the courier and who gets it see a ride. */
static enum refusal ride_check(const struct read_call *call, struct read_page *page, struct ride_row *ride)
{
    bool found = read_row(call, page, &ride_table, ride);
    struct meal_order_row order = { .order_id = ride->order_id };
    if (page->status != STATUS_ok) {
        return REFUSAL_none;
    }
    if (found && call->caller.kind == CALLER_shopper) {
        bool his = call->caller.id == ride->courier_id;
        found = his || (read_row(call, page, &meal_order_table, &order) && order.shopper_id == call->caller.id);
    } else if (found) {
        found = read_shop_check(call, page, ride->shop_id) == REFUSAL_none;
    }
    return found || page->status != STATUS_ok ? REFUSAL_none : REFUSAL_ride_unknown;
}

static enum refusal detail_run(const struct read_call *call, struct read_page *page)
{
    const struct ride_ref *want = call->request;
    struct ride_row ride = { .ride_id = want->ride_id };
    enum refusal refusal = ride_check(call, page, &ride);
    if (refusal == REFUSAL_none && page->status == STATUS_ok) {
        read_emit_i64(page, &ride, ride.ride_id);
    }
    return refusal;
}

const struct read ride_detail = {
    .name = "ride_detail",
    .route = "/v1/rides/{ride_id}",
    .flags = READ_single,
    .callers = CALLERS_ALL,
    .request = &detail_shape,
    .element = &ride_table.shape,
    .run = detail_run,
    .summary = "One ride as it stands.",
};

static enum refusal steps_run(const struct read_call *call, struct read_page *page)
{
    const struct ride_ref *want = call->request;
    struct ride_row ride = { .ride_id = want->ride_id };
    struct list_terms terms = { .table = &ride_step_table,
                                .key = "step",
                                .where = "ride_id = ? AND ",
                                .binds = { VALUE_I64(want->ride_id) },
                                .bind_count = 1 };
    enum refusal refusal = ride_check(call, page, &ride);
    if (refusal == REFUSAL_none && page->status == STATUS_ok) {
        list_query(call, page, &terms);
    }
    return refusal;
}

const struct read ride_step_list = {
    .name = "ride_step_list",
    .route = "/v1/rides/{ride_id}/steps",
    .callers = CALLERS_ALL,
    .request = &steps_shape,
    .element = &ride_step_table.shape,
    .run = steps_run,
    .summary = "Each move of a ride, who made it and why; for a search, what was thought of every courier.",
};
