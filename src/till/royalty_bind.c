/* SPDX-License-Identifier: Apache-2.0 */
/* To whom shares of a merchant's trades may be paid. */
#include "till/royalty.h"
#include "till/royalty_internal.h"

const struct royalty_relation_row *royalty_relation_ask(struct view *view, int64_t merchant_id, struct party party)
{
    struct royalty_relation_row key = { .merchant_id = merchant_id,
                                        .receiver_kind = party.kind,
                                        .receiver_id = party.id };
    return view_ask(view, &royalty_relation_table, &key);
}

static const struct column receiver_columns[] = {
    COLUMN(royalty_receiver, kind, .form = FORM_choice, .names = party_kinds, .flags = COLUMN_required),
    COLUMN(royalty_receiver, id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(royalty_receiver, memo, .text = "A note on what it is for."),
    COLUMN(royalty_receiver, name, .text = "When given it must be the receiver's."),
};
static const struct shape receiver_shape = SHAPE("royalty_receiver", royalty_receiver, receiver_columns);

static const struct column bind_columns[] = {
    COLUMN(royalty_bind, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN_LIST(royalty_bind, receivers, receiver_shape, .flags = COLUMN_required,
                .text = "All of them, or none when one is refused."),
};
static const struct shape bind_shape = SHAPE("royalty_bind", royalty_bind, bind_columns);

static const struct column bound_columns[] = {
    COLUMN(royalty_bound, merchant_id, .form = FORM_id),
    COLUMN(royalty_bound, changed, .text = "How many of them were not so before."),
    COLUMN(royalty_bound, receivers, .text = "How many are bound now."),
};
static const struct shape bound_shape = SHAPE("royalty_bound", royalty_bound, bound_columns);

/* The merchant exists and is the caller's, and each receiver is who it is said to be. */
static enum refusal receivers_check(struct view *view, const struct moment *at, const struct royalty_bind *want)
{
    const struct merchant_row *merchant = merchant_ask(view, want->merchant_id);
    if (!access_merchant(at, want->merchant_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(merchant)) {
        return REFUSAL_merchant_unknown;
    }
    /* All of them at once, before the first is looked at: one after another they would take a round each. */
    for (int32_t i = 0; i < want->receivers_count; i++) {
        struct party party = { want->receivers[i].kind, want->receivers[i].id };
        (void)party_exists(view, party);
        (void)royalty_relation_ask(view, want->merchant_id, party);
    }
    for (int32_t i = 0; i < want->receivers_count; i++) {
        struct party party = { want->receivers[i].kind, want->receivers[i].id };
        if (!party_exists(view, party)) {
            return REFUSAL_receiver_unknown;
        }
        if (!party_is_called(view, party, want->receivers[i].name)) {
            return REFUSAL_name_differs;
        }
    }
    return REFUSAL_none;
}

static enum refusal decide_bind(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct royalty_bind *want = request;
    struct royalty_bound *bound = answer;
    enum refusal refusal = receivers_check(view, at, want);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct merchant_row *merchant = view_change(view, merchant_ask(view, want->merchant_id));
    for (int32_t i = 0; i < want->receivers_count; i++) {
        const struct royalty_receiver *receiver = &want->receivers[i];
        const struct royalty_relation_row *asked =
            royalty_relation_ask(view, want->merchant_id, (struct party){ receiver->kind, receiver->id });
        bool known = row_exists(asked);
        if (!known && merchant->royalty_receivers >= ROYALTY_RECEIVERS_MAX) {
            return REFUSAL_receivers_full;
        }
        struct royalty_relation_row *relation = view_change(view, asked);
        memcpy(relation->memo, receiver->memo, sizeof(relation->memo));
        memcpy(relation->name, receiver->name, sizeof(relation->name));
        if (!known) {
            relation->bound_at_us = at->now_us;
            merchant->royalty_receivers++;
            bound->changed++;
        }
    }
    bound->merchant_id = want->merchant_id;
    bound->receivers = merchant->royalty_receivers;
    return REFUSAL_none;
}

const struct command royalty_bind = {
    .name = "royalty_bind",
    .number = 100,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/merchants/{merchant_id}/royalty/bind",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &bind_shape,
    .answer = &bound_shape,
    .decide = decide_bind,
    .summary = "Says to whom shares of the merchant's trades may be paid. Who is bound already stays so, with the new "
               "memo and name.",
};

static enum refusal decide_unbind(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct royalty_bind *want = request;
    struct royalty_bound *bound = answer;
    enum refusal refusal = receivers_check(view, at, want);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct merchant_row *merchant = view_change(view, merchant_ask(view, want->merchant_id));
    for (int32_t i = 0; i < want->receivers_count; i++) {
        const struct royalty_receiver *receiver = &want->receivers[i];
        const struct royalty_relation_row *relation =
            royalty_relation_ask(view, want->merchant_id, (struct party){ receiver->kind, receiver->id });
        if (row_exists(relation)) {
            view_drop(view, relation);
            merchant->royalty_receivers--;
            bound->changed++;
        }
    }
    bound->merchant_id = want->merchant_id;
    bound->receivers = merchant->royalty_receivers;
    return REFUSAL_none;
}

const struct command royalty_unbind = {
    .name = "royalty_unbind",
    .number = 101,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/merchants/{merchant_id}/royalty/unbind",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &bind_shape,
    .answer = &bound_shape,
    .decide = decide_unbind,
    .summary = "Ends that. What was paid to a receiver stays with it, and refunds still take their share of it back.",
};
