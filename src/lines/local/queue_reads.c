/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of walk-in queues: a shop's, who waits in one, and a shopper's own numbers. */
#include "lines/local/queue.h"
#include "people/people.h"
#include "till/till_reads.h"

struct queue_list {
    int64_t shop_id;
};
static const struct column queue_list_columns[] = {
    COLUMN(queue_list, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape queue_list_shape = SHAPE("queue_list", queue_list, queue_list_columns);

static enum refusal queue_list_run(const struct read_call *call, struct read_page *page)
{
    const struct queue_list *want = call->request;
    struct list_terms terms = { .table = &queue_table,
                                .key = "queue_id",
                                .where = "shop_id = ? AND ",
                                .binds = { VALUE_I64(want->shop_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read queue_list = {
    .name = "queue_list",
    .route = "/v1/shops/{shop_id}/queues",
    .callers = CALLERS_ALL,
    .request = &queue_list_shape,
    .element = &queue_table.shape,
    .run = queue_list_run,
    .summary = "A shop's queues: which number was called last, and which wait.",
};

struct queue_places {
    int64_t queue_id;
};
static const struct column queue_places_columns[] = {
    COLUMN(queue_places, queue_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape queue_places_shape = SHAPE("queue_places", queue_places, queue_places_columns);

static enum refusal queue_places_run(const struct read_call *call, struct read_page *page)
{
    const struct queue_places *want = call->request;
    struct queue_row queue = { .queue_id = want->queue_id };
    if (!read_row(call, page, &queue_table, &queue)) {
        return REFUSAL_queue_unknown;
    }
    struct list_terms terms = { .table = &queue_place_table,
                                .key = "number",
                                .where = "queue_id = ? AND day = ? AND ",
                                .binds = { VALUE_I64(want->queue_id), VALUE_I64(queue.day) },
                                .bind_count = 2 };
    return list_of_shop(call, page, queue.shop_id, &terms);
}

const struct read queue_places = {
    .name = "queue_places",
    .route = "/v1/queues/{queue_id}/places",
    .callers = CALLERS_SHOP,
    .request = &queue_places_shape,
    .element = &queue_place_table.shape,
    .run = queue_places_run,
    .summary = "The numbers of a queue's last day.",
};

struct queue_mine {
    int64_t shopper_id;
};
static const struct column queue_mine_columns[] = {
    COLUMN(queue_mine, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape queue_mine_shape = SHAPE("queue_mine", queue_mine, queue_mine_columns);

static enum refusal queue_mine_run(const struct read_call *call, struct read_page *page)
{
    const struct queue_mine *want = call->request;
    struct list_terms terms = { .table = &queue_place_table,
                                .key = "taken_at_us", /* no two are of one instant */
                                .newest_first = true,
                                .where = "shopper_id = ? AND ",
                                .binds = { VALUE_I64(want->shopper_id) },
                                .bind_count = 1 };
    return list_of_shopper(call, page, want->shopper_id, &terms);
}

const struct read queue_mine = {
    .name = "queue_mine",
    .route = "/v1/shoppers/{shopper_id}/places",
    .callers = CALLERS_SHOPPER,
    .request = &queue_mine_shape,
    .element = &queue_place_table.shape,
    .run = queue_mine_run,
    .summary = "The numbers that a shopper took, newest first.",
};
