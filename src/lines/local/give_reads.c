/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of give-aways: a merchant's, who claimed, the entries that a draw is computed from. */
#include "lines/local/give.h"
#include "people/access.h"
#include "till/till_reads.h"

struct merchant_gives {
    int64_t merchant_id;
};
static const struct column list_columns[] = {
    COLUMN(merchant_gives, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape list_shape = SHAPE("give_list", merchant_gives, list_columns);

static enum refusal list_run(const struct read_call *call, struct read_page *page)
{
    const struct merchant_gives *want = call->request;
    struct list_terms terms = { .table = &give_table,
                                .key = "deal_id",
                                .newest_first = true,
                                .where = "merchant_id = ? AND ",
                                .binds = { VALUE_I64(want->merchant_id) },
                                .bind_count = 1 };
    return list_of_merchant(call, page, want->merchant_id, &terms);
}

const struct read give_list = {
    .name = "give_list",
    .route = "/v1/merchants/{merchant_id}/gives",
    .callers = CALLERS_MERCHANT,
    .request = &list_shape,
    .element = &give_table.shape,
    .run = list_run,
    .summary = "A merchant's give-aways and lotteries, newest deals first.",
};

static const struct column of_columns[] = {
    COLUMN(give_ref, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape claims_shape = SHAPE("give_claim_list", give_ref, of_columns);
static const struct shape entries_shape = SHAPE("lottery_entry_list", give_ref, of_columns);

static enum refusal claims_run(const struct read_call *call, struct read_page *page)
{
    const struct give_ref *want = call->request;
    struct give_row give = { .deal_id = want->deal_id };
    if (!read_row(call, page, &give_table, &give)) {
        return REFUSAL_give_unknown;
    }
    if (!read_merchant_may(call, give.merchant_id)) {
        return REFUSAL_forbidden;
    }
    struct list_terms terms = { .table = &give_claim_table,
                                .key = "person_id",
                                .where = "deal_id = ? AND ",
                                .binds = { VALUE_I64(want->deal_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read give_claim_list = {
    .name = "give_claim_list",
    .route = "/v1/gives/{deal_id}/claims",
    .callers = CALLERS_MERCHANT,
    .request = &claims_shape,
    .element = &give_claim_table.shape,
    .run = claims_run,
    .summary = "Who claimed or entered, by person.",
};

static enum refusal entries_run(const struct read_call *call, struct read_page *page)
{
    const struct give_ref *want = call->request;
    struct give_row give = { .deal_id = want->deal_id };
    if (!read_row(call, page, &give_table, &give)) {
        return REFUSAL_give_unknown;
    }
    struct list_terms terms = { .table = &lottery_entry_table,
                                .key = "number",
                                .where = "deal_id = ? AND ",
                                .binds = { VALUE_I64(want->deal_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read lottery_entry_list = {
    .name = "lottery_entry_list",
    .route = "/v1/gives/{deal_id}/entries",
    .callers = CALLERS_ALL,
    .request = &entries_shape,
    .element = &lottery_entry_table.shape,
    .run = entries_run,
    .summary = "All entries of a lottery in their order, without names: with the seed they are what the draw is "
               "computed from.",
};
