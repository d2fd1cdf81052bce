/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of vouchers, redemptions, conflicts, quotas, waiting people and reviews. Portable SQL over durable rows. */
#include "base/civil.h"
#include "lines/local/voucher_internal.h"
#include "till/till_reads.h"

/* ---- a shopper's ---- */

/* What each voucher is of, beside its row: the list's table is the two joined. The names are the shape's. */
#define ROW(member) COLUMN_PART(voucher, row, member, #member, .form = FORM_plain)

static const struct column listed_columns[] = {
    ROW(voucher_id), ROW(code), ROW(deal_id),
    COLUMN(voucher, title), COLUMN(voucher, kind), COLUMN(voucher, refund), COLUMN(voucher, lapse_refunds),
    COLUMN(voucher, shop_id),
    ROW(part), ROW(purchase_id), ROW(trade_id), ROW(buyer_id), ROW(holder_id), ROW(state), ROW(currency), ROW(pieces),
    ROW(redeemed_pieces), ROW(returned_pieces), ROW(lapsed_pieces), ROW(pieces_left), ROW(paid_minor),
    ROW(redeemed_minor), ROW(returned_minor), ROW(lapsed_minor), ROW(left_minor), ROW(face_minor),
    ROW(face_left_minor), ROW(issued_at_us), ROW(valid_until_us), ROW(last_redemption_id), ROW(redemptions), ROW(gives),
    ROW(reviewed), ROW(kept_shop_id), ROW(kept_accept_us), ROW(kept_until_us),
};
static const struct table listed_table =
    TABLE("vouchers JOIN (SELECT deal_id AS titled_id, title, kind, refund, lapse_refunds, shop_id FROM deals) titled "
          "ON titled_id = deal_id",
          0, voucher, listed_columns, 1);

struct shopper_list {
    int64_t shopper_id;
    int32_t state;
};
static const struct column voucher_list_columns[] = {
    COLUMN(shopper_list, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(shopper_list, state, .form = FORM_choice, .names = voucher_states),
};
static const struct shape voucher_list_shape = SHAPE("voucher_list", shopper_list, voucher_list_columns);

static enum refusal voucher_list_run(const struct read_call *call, struct read_page *page)
{
    const struct shopper_list *want = call->request;
    struct list_terms terms = {
        .table = &listed_table,
        .key = "voucher_id",
        .newest_first = true,
        .where = "holder_id = ? AND (? = 0 OR state = ?) AND ",
        .binds = { VALUE_I64(want->shopper_id), VALUE_I64(want->state), VALUE_I64(want->state) },
        .bind_count = 3,
    };
    return list_of_shopper(call, page, want->shopper_id, &terms);
}

const struct read voucher_list = {
    .name = "voucher_list",
    .route = "/v1/shoppers/{shopper_id}/vouchers",
    .callers = CALLERS_SHOPPER,
    .request = &voucher_list_shape,
    .element = &voucher_shape,
    .run = voucher_list_run,
    .summary = "A shopper's vouchers with their codes, newest first.",
};

static const struct column waiting_list_columns[] = {
    COLUMN(shopper_list, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(shopper_list, state, .form = FORM_choice, .names = waiting_states),
};
static const struct shape waiting_list_shape = SHAPE("waiting_list", shopper_list, waiting_list_columns);

static enum refusal waiting_list_run(const struct read_call *call, struct read_page *page)
{
    const struct shopper_list *want = call->request;
    struct list_terms terms = {
        .table = &waiting_table,
        .key = "deal_id",
        .newest_first = true,
        .where = "shopper_id = ? AND (? = 0 OR state = ?) AND ",
        .binds = { VALUE_I64(want->shopper_id), VALUE_I64(want->state), VALUE_I64(want->state) },
        .bind_count = 3,
    };
    return list_of_shopper(call, page, want->shopper_id, &terms);
}

const struct read waiting_list = {
    .name = "waiting_list",
    .route = "/v1/shoppers/{shopper_id}/deals-awaited",
    .callers = CALLERS_SHOPPER,
    .request = &waiting_list_shape,
    .element = &waiting_table.shape,
    .run = waiting_list_run,
    .summary = "Sold-out deals that a shopper waits for, and those of which there are copies again (told).",
};

/* ---- a shop's ---- */

struct shop_list {
    int64_t shop_id;
    int32_t day;
    int64_t deal_id;
};
static const struct column redemption_list_columns[] = {
    COLUMN(shop_list, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(shop_list, day, .form = FORM_day, .text = "Only those booked on this day of the shop's zone."),
    COLUMN(shop_list, deal_id, .form = FORM_id, .text = "Only those of this deal."),
};
static const struct shape redemption_list_shape = SHAPE("redemption_list", shop_list, redemption_list_columns);

static const struct column shop_list_columns[] = {
    COLUMN(shop_list, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape conflict_list_shape = SHAPE("conflict_list", shop_list, shop_list_columns);
static const struct shape quota_list_shape = SHAPE("voucher_quota_list", shop_list, shop_list_columns);
static const struct shape kept_list_shape = SHAPE("voucher_kept_list", shop_list, shop_list_columns);
static const struct shape review_list_shape = SHAPE("review_list", shop_list, shop_list_columns);

/* The rows of a shop in the order of one column, newest first. */
static enum refusal shop_rows(const struct read_call *call, struct read_page *page, const struct table *table,
                              const char *key, const char *where)
{
    const struct shop_list *want = call->request;
    struct list_terms terms = { .table = table,
                                .key = key,
                                .newest_first = true,
                                .where = where,
                                .binds = { VALUE_I64(want->shop_id) },
                                .bind_count = 1 };
    return list_of_shop(call, page, want->shop_id, &terms);
}

static enum refusal redemption_list_run(const struct read_call *call, struct read_page *page)
{
    /* A text for each choice, so that a planner without figures takes the index that is meant. */
    static const char *const where[2][2] = {
        { "shop_id = ? AND ", "shop_id = ? AND deal_id = ? AND " },
        { "shop_id = ? AND redemption_id >= ? AND redemption_id < ? AND day = ? AND ",
          "shop_id = ? AND deal_id = ? AND redemption_id >= ? AND redemption_id < ? AND day = ? AND " },
    };
    const struct shop_list *want = call->request;
    struct list_terms terms = { .table = &redemption_table,
                                .key = "redemption_id",
                                .newest_first = true,
                                .where = where[want->day != 0][want->deal_id != 0],
                                .binds = { VALUE_I64(want->shop_id) },
                                .bind_count = 1 };
    if (want->deal_id != 0) {
        terms.binds[terms.bind_count++] = VALUE_I64(want->deal_id);
    }
    if (want->day != 0) {
        /* Ids tell when they were given; whatever the shop's zone is, its day lies within these three. */
        int64_t day = civil_day_of_yyyymmdd(want->day);
        terms.binds[terms.bind_count++] = VALUE_I64(moment_id_least((day - 1) * US_PER_DAY));
        terms.binds[terms.bind_count++] = VALUE_I64(moment_id_least((day + 2) * US_PER_DAY));
        terms.binds[terms.bind_count++] = VALUE_I64(want->day);
    }
    return list_of_shop(call, page, want->shop_id, &terms);
}

const struct read redemption_list = {
    .name = "redemption_list",
    .route = "/v1/shops/{shop_id}/redemptions",
    .callers = CALLERS_SHOP,
    .request = &redemption_list_shape,
    .element = &redemption_table.shape,
    .run = redemption_list_run,
    .summary = "What a shop redeemed, and what of it was undone, newest first.",
};

static enum refusal conflict_list_run(const struct read_call *call, struct read_page *page)
{
    return shop_rows(call, page, &conflict_table, "conflict_id", "shop_id = ? AND ");
}

const struct read conflict_list = {
    .name = "conflict_list",
    .route = "/v1/shops/{shop_id}/conflicts",
    .callers = CALLERS_SHOP,
    .request = &conflict_list_shape,
    .element = &conflict_table.shape,
    .run = conflict_list_run,
    .summary = "What a shop's tills took without a network and what could not be redeemed, newest first.",
};

static enum refusal quota_list_run(const struct read_call *call, struct read_page *page)
{
    return shop_rows(call, page, &voucher_quota_table, "deal_id", "shop_id = ? AND ");
}

const struct read voucher_quota_list = {
    .name = "voucher_quota_list",
    .route = "/v1/shops/{shop_id}/voucher-quotas",
    .callers = CALLERS_SHOP,
    .request = &quota_list_shape,
    .element = &voucher_quota_table.shape,
    .run = quota_list_run,
    .summary = "What a shop has reserved of deals to be taken without a network.",
};

static enum refusal kept_list_run(const struct read_call *call, struct read_page *page)
{
    return shop_rows(call, page, &listed_table, "voucher_id", "kept_shop_id <> 0 AND kept_shop_id = ? AND ");
}

const struct read voucher_kept_list = {
    .name = "voucher_kept_list",
    .route = "/v1/shops/{shop_id}/kept-vouchers",
    .callers = CALLERS_SHOP,
    .request = &kept_list_shape,
    .element = &voucher_shape,
    .run = kept_list_run,
    .summary = "The vouchers that are set aside for a shop, newest first: the list with which its tills take them "
               "without a network.",
};

/* What everybody may see of a review: not who wrote it. */
static const struct column review_columns[] = {
    COLUMN(review_row, review_id, .form = FORM_id),
    COLUMN(review_row, voucher_id, .form = FORM_id, .text = "By which the shop replies."),
    COLUMN(review_row, deal_id, .form = FORM_id),
    COLUMN(review_row, shop_id, .form = FORM_id),
    COLUMN(review_row, stars, .text = "1 to 5."),
    COLUMN(review_row, text),
    COLUMN(review_row, written_at_us, .form = FORM_instant),
    COLUMN(review_row, reply, .text = "The shop's."),
    COLUMN(review_row, replied_at_us, .form = FORM_instant),
};
static const struct shape review_shape = SHAPE("review", review_row, review_columns);

static enum refusal review_list_run(const struct read_call *call, struct read_page *page)
{
    const struct shop_list *want = call->request;
    struct list_terms terms = { .table = &review_table,
                                .key = "review_id",
                                .newest_first = true,
                                .where = "shop_id = ? AND ",
                                .binds = { VALUE_I64(want->shop_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read review_list = {
    .name = "review_list",
    .route = "/v1/shops/{shop_id}/reviews",
    .callers = CALLERS_ALL,
    .request = &review_list_shape,
    .element = &review_shape,
    .run = review_list_run,
    .summary = "What shoppers who paid and came say of a shop, newest first, without their names.",
};
