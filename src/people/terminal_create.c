/* SPDX-License-Identifier: Apache-2.0 */
#include "people/people.h"

const struct terminal_row *terminal_ask(struct view *view, int64_t terminal_id)
{
    struct terminal_row key = { .terminal_id = terminal_id };
    return view_ask(view, &terminal_table, &key);
}

static const struct column create_columns[] = {
    COLUMN(terminal_create, terminal_id, .form = FORM_id, .least = 1, .most = CHOSEN_ID_MAX,
           .text = "Chosen by you, up to 10^12; left out, the till gives one."),
    COLUMN(terminal_create, shop_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(terminal_create, name),
};
static const struct shape create_shape = SHAPE("terminal_create", terminal_create, create_columns);

static enum refusal decide(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct terminal_create *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop) || at->caller.kind == CALLER_terminal) {
        return REFUSAL_forbidden;
    }
    const struct terminal_row *asked =
        terminal_ask(view, want->terminal_id != 0 ? want->terminal_id : moment_id(at));
    if (row_exists(asked)) {
        if (asked->shop_id != want->shop_id || strcmp(asked->name, want->name) != 0) {
            return REFUSAL_id_taken;
        }
    } else {
        struct terminal_row *terminal = view_change(view, asked);
        terminal->shop_id = want->shop_id;
        memcpy(terminal->name, want->name, sizeof(terminal->name));
        terminal->created_at_us = at->now_us;
    }
    memcpy(answer, asked, sizeof(*asked));
    return REFUSAL_none;
}

const struct command terminal_create = {
    .name = "terminal_create",
    .number = 25,
    .method = "POST",
    .route = "/v1/terminals",
    .http_status = 201,
    .callers = CALLERS_MERCHANT | CALLER_BIT(shop),
    .request = &create_shape,
    .answer = &terminal_table.shape,
    .decide = decide,
    .summary = "Adds a terminal to a shop. Again with the same id and content: the same terminal.",
};
