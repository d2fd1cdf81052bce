/* SPDX-License-Identifier: Apache-2.0 */
#include "people/people.h"

const struct merchant_row *merchant_ask(struct view *view, int64_t merchant_id)
{
    struct merchant_row key = { .merchant_id = merchant_id };
    return view_ask(view, &merchant_table, &key);
}

static const struct column create_columns[] = {
    COLUMN(merchant_create, merchant_id, .form = FORM_id, .least = 1, .most = CHOSEN_ID_MAX,
           .text = "Chosen by you, up to 10^12; left out, the till gives one."),
    COLUMN(merchant_create, name, .flags = COLUMN_required, .least = 1, .text = "Name that shoppers see."),
};
static const struct shape create_shape = SHAPE("merchant_create", merchant_create, create_columns);

static enum refusal decide(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct merchant_create *want = request;
    if (!access_platform(at)) {
        return REFUSAL_forbidden;
    }
    const struct merchant_row *asked = merchant_ask(view, want->merchant_id != 0 ? want->merchant_id : moment_id(at));
    if (row_exists(asked)) {
        if (strcmp(asked->name, want->name) != 0) {
            return REFUSAL_id_taken;
        }
    } else {
        struct merchant_row *merchant = view_change(view, asked);
        memcpy(merchant->name, want->name, sizeof(merchant->name));
        merchant->created_at_us = at->now_us;
    }
    memcpy(answer, asked, sizeof(*asked));
    return REFUSAL_none;
}

const struct command merchant_create = {
    .name = "merchant_create",
    .number = 20,
    .method = "POST",
    .route = "/v1/merchants",
    .http_status = 201,
    .callers = CALLERS_PLATFORM,
    .request = &create_shape,
    .answer = &merchant_table.shape,
    .decide = decide,
    .summary = "Adds a merchant. Again with the same id and content: the same merchant.",
};

struct merchant_query {
    int64_t merchant_id;
};
static const struct column query_columns[] = {
    COLUMN(merchant_query, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape query_shape = SHAPE("merchant_query", merchant_query, query_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct merchant_query *want = request;
    const struct merchant_row *merchant = merchant_ask(view, want->merchant_id);
    if (!access_merchant(at, want->merchant_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(merchant)) {
        return REFUSAL_merchant_unknown;
    }
    memcpy(answer, merchant, sizeof(*merchant));
    return REFUSAL_none;
}

const struct command merchant_query = {
    .name = "merchant_query",
    .number = 21,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/merchants/{merchant_id}",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &query_shape,
    .answer = &merchant_table.shape,
    .decide = decide_query,
    .summary = "One merchant.",
};
