/* SPDX-License-Identifier: Apache-2.0 */
/* Reviews: of a voucher that the reviewer paid for and a shop redeemed, one each, with one reply by the shop. */
#include "lines/local/voucher_internal.h"

static const struct review_row *review_ask(struct view *view, int64_t voucher_id)
{
    struct review_row key = { .voucher_id = voucher_id };
    return view_ask(view, &review_table, &key);
}

static const struct column write_columns[] = {
    COLUMN(review_write, voucher_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(review_write, stars, .flags = COLUMN_required, .least = 1, .most = 5),
    COLUMN(review_write, text, .text = "At most 540 bytes."),
};
static const struct shape write_shape = SHAPE("review_write", review_write, write_columns);

static enum refusal decide_write(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct review_write *want = request;
    const struct voucher_row *asked = voucher_ask(view, want->voucher_id);
    const struct review_row *known = review_ask(view, want->voucher_id);
    enum refusal refusal = voucher_held_check(at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (row_exists(known)) {
        memcpy(answer, known, sizeof(*known));
        bool same = known->stars == want->stars && strcmp(known->text, want->text) == 0;
        return same ? REFUSAL_none : REFUSAL_review_written;
    }
    if (asked->trade_id == 0 || asked->buyer_id != asked->holder_id) {
        return REFUSAL_review_unpaid;
    }
    if (asked->redemptions == 0) {
        return REFUSAL_review_unredeemed;
    }
    const struct redemption_row *redemption = redemption_ask(view, asked->last_redemption_id);
    struct voucher_row *voucher = view_change(view, asked);
    struct review_row *review = view_change(view, known);
    voucher->reviewed = 1;
    review->review_id = moment_id(at);
    review->deal_id = voucher->deal_id;
    review->shop_id = redemption->shop_id;
    review->merchant_id = redemption->merchant_id;
    review->shopper_id = voucher->holder_id;
    review->trade_id = voucher->trade_id;
    review->redemption_id = redemption->redemption_id;
    review->stars = want->stars;
    memcpy(review->text, want->text, sizeof(review->text));
    review->written_at_us = at->now_us;
    shop_place_review(view, review->shop_id, 1, want->stars);
    memcpy(answer, review, sizeof(*review));
    return REFUSAL_none;
}

const struct command review_write = {
    .name = "review_write",
    .number = 236,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/vouchers/{voucher_id}/review",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &write_shape,
    .answer = &review_table.shape,
    .decide = decide_write,
    .summary = "Reviews the shop that redeemed a voucher. Only who paid for it may, once for each voucher; the stars "
               "count in the shop's rating.",
};

static const struct column reply_columns[] = {
    COLUMN(review_reply, voucher_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(review_reply, reply, .flags = COLUMN_required, .least = 1, .text = "At most 300 bytes."),
};
static const struct shape reply_shape = SHAPE("review_reply", review_reply, reply_columns);

static enum refusal decide_reply(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct review_reply *want = request;
    const struct review_row *asked = review_ask(view, want->voucher_id);
    if (!row_exists(asked) || !access_shop(view, at, shop_ask(view, asked->shop_id))) {
        return REFUSAL_voucher_unknown;
    }
    struct review_row *review = view_change(view, asked);
    memcpy(review->reply, want->reply, sizeof(review->reply));
    review->replied_at_us = at->now_us;
    memcpy(answer, review, sizeof(*review));
    return REFUSAL_none;
}

const struct command review_reply = {
    .name = "review_reply",
    .number = 237,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/reviews/{voucher_id}/reply",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &reply_shape,
    .answer = &review_table.shape,
    .decide = decide_reply,
    .summary = "The shop's answer to a review, shown below it; a later one replaces it.",
};
