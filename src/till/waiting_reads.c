/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trades that wait for a shopper's word. There are few of them, and each has a timer that closes it: the timers
 * are looked through, so that no payment has to keep an index for this list.
 */
#include "till/till_reads.h"

#include "people/access.h"
#include "till/till_rows.h"

struct waiting_list {
    int64_t shopper_id;
};
static const struct column waiting_columns[] = {
    COLUMN(waiting_list, shopper_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape waiting_shape = SHAPE("shopper_waiting", waiting_list, waiting_columns);

static enum refusal waiting_run(const struct read_call *call, struct read_page *page)
{
    const struct waiting_list *want = call->request;
    struct list_terms terms = {
        .table = &trade_table,
        .key = "trade_id",
        .newest_first = true,
        .where = "trade_id IN (SELECT subject_id FROM timers WHERE kind = ?) AND shopper_id = ? AND state = ? AND ",
        .binds = { VALUE_I64(TIMER_trade_expire), VALUE_I64(want->shopper_id), VALUE_I64(TRADE_wait_buyer_pay) },
        .bind_count = 3,
    };
    return list_of_shopper(call, page, want->shopper_id, &terms);
}

const struct read shopper_waiting = {
    .name = "shopper_waiting",
    .route = "/v1/shoppers/{shopper_id}/waiting",
    .callers = CALLERS_SHOPPER,
    .request = &waiting_shape,
    .element = &trade_table.shape,
    .run = waiting_run,
    .summary = "Trades that wait for the shopper to confirm or decline them, newest first.",
};
