/* SPDX-License-Identifier: Apache-2.0 */
#include "people/people.h"

const struct shopper_row *shopper_ask(struct view *view, int64_t shopper_id)
{
    struct shopper_row key = { .shopper_id = shopper_id };
    return view_ask(view, &shopper_table, &key);
}

static const struct column create_columns[] = {
    COLUMN(shopper_create, shopper_id, .form = FORM_id, .least = 1, .most = CHOSEN_ID_MAX,
           .text = "Chosen by you, up to 10^12; left out, the till gives one."),
    COLUMN(shopper_create, name),
    COLUMN(shopper_create, person_id, .form = FORM_id, .least = 1, .most = CHOSEN_ID_MAX,
           .text = "Accounts of one person share it and share campaign limits; left out: the account itself."),
    COLUMN(shopper_create, no_password_limit_minor, .form = FORM_amount, .least = -1, .most = AMOUNT_MAX,
           .text = "A scan above it waits for the shopper's confirmation. 0: the default; -1: every scan waits."),
};
static const struct shape create_shape = SHAPE("shopper_create", shopper_create, create_columns);

static void shopper_fill(struct shopper_row *shopper, const struct shopper_create *want)
{
    int64_t limit = want->no_password_limit_minor;
    memcpy(shopper->name, want->name, sizeof(shopper->name));
    shopper->person_id = want->person_id != 0 ? want->person_id : shopper->shopper_id;
    shopper->no_password_limit_minor = limit == 0 ? NO_PASSWORD_DEFAULT_MINOR : max_i64(limit, 0);
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shopper_create *want = request;
    if (!access_platform(at)) {
        return REFUSAL_forbidden;
    }
    const struct shopper_row *asked = shopper_ask(view, want->shopper_id != 0 ? want->shopper_id : moment_id(at));
    if (row_exists(asked)) {
        struct shopper_row other = *asked;
        shopper_fill(&other, want);
        if (memcmp(&other, asked, sizeof(other)) != 0) {
            return REFUSAL_id_taken;
        }
    } else {
        struct shopper_row *shopper = view_change(view, asked);
        shopper_fill(shopper, want);
        shopper->created_at_us = at->now_us;
    }
    memcpy(answer, asked, sizeof(*asked));
    return REFUSAL_none;
}

const struct command shopper_create = {
    .name = "shopper_create",
    .number = 26,
    .method = "POST",
    .route = "/v1/shoppers",
    .http_status = 201,
    .callers = CALLERS_PLATFORM,
    .request = &create_shape,
    .answer = &shopper_table.shape,
    .decide = decide_create,
    .summary = "Adds a shopper with an empty wallet. Again with the same id and content: the same shopper.",
};

struct shopper_change {
    int64_t shopper_id;
    int64_t no_password_limit_minor;
    int32_t blocked;
};
static const struct column change_columns[] = {
    COLUMN(shopper_change, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(shopper_change, no_password_limit_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 0,
           .most = AMOUNT_MAX),
    COLUMN(shopper_change, blocked, .form = FORM_flag, .text = "Only an operator may block or unblock."),
};
static const struct shape change_shape = SHAPE("shopper_change", shopper_change, change_columns);

static enum refusal decide_change(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shopper_change *want = request;
    const struct shopper_row *asked = shopper_ask(view, want->shopper_id);
    if (!access_shopper(at, want->shopper_id) || (want->blocked != asked->blocked && !access_platform(at))) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(asked)) {
        return REFUSAL_shopper_unknown;
    }
    struct shopper_row *shopper = view_change(view, asked);
    shopper->no_password_limit_minor = want->no_password_limit_minor;
    shopper->blocked = want->blocked;
    memcpy(answer, shopper, sizeof(*shopper));
    return REFUSAL_none;
}

const struct command shopper_change = {
    .name = "shopper_change",
    .number = 27,
    .method = "PUT",
    .route = "/v1/shoppers/{shopper_id}",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &change_shape,
    .answer = &shopper_table.shape,
    .decide = decide_change,
    .summary = "Sets a shopper's no-password limit; operators may also block and unblock.",
};

struct shopper_query {
    int64_t shopper_id;
};
static const struct column query_columns[] = {
    COLUMN(shopper_query, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape query_shape = SHAPE("shopper_query", shopper_query, query_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shopper_query *want = request;
    const struct shopper_row *shopper = shopper_ask(view, want->shopper_id);
    if (!access_shopper(at, want->shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    memcpy(answer, shopper, sizeof(*shopper));
    return REFUSAL_none;
}

const struct command shopper_query = {
    .name = "shopper_query",
    .number = 28,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shoppers/{shopper_id}",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &query_shape,
    .answer = &shopper_table.shape,
    .decide = decide_query,
    .summary = "One shopper.",
};
