/* SPDX-License-Identifier: Apache-2.0 */
#include "till/bill.h"

#include "base/civil.h"
#include "people/people.h"
#include "till/till_reads.h"

#define ROWS_AT_ONCE 32

/* A day of a shop's zone. */
struct bill_day {
    int64_t starts_us, ends_us;
};

static bool day_of(int32_t yyyymmdd, int zone_minutes, struct bill_day *day)
{
    int64_t number = civil_day_of_yyyymmdd(yyyymmdd);
    day->starts_us = number * US_PER_DAY - zone_minutes * US_PER_MINUTE;
    day->ends_us = day->starts_us + US_PER_DAY;
    return number >= 0;
}

/* Ids beyond what was handed out until then. */
static int64_t id_beyond(int64_t at_us)
{
    int64_t least = moment_id_least(at_us + US_PER_HOUR);
    return least > moment_id_least(at_us) ? least : INT64_MAX; /* ids that no longer follow the time */
}

/* Rows of a list, gathered so that others can be looked up beside them. */
struct gathered {
    struct read_page page;
    uint8_t *rows;
    size_t row_size, count;
};

static bool gather(struct read_page *page, const void *element, struct span key)
{
    struct gathered *gathered = (struct gathered *)page;
    (void)key;
    memcpy(gathered->rows + gathered->count++ * gathered->row_size, element, gathered->row_size);
    return gathered->count < ROWS_AT_ONCE;
}

/* Up to ROWS_AT_ONCE rows behind `after_id`. */
static size_t rows_gather(const struct read_call *call, struct read_page *page, const struct list_terms *terms,
                          int64_t after_id, void *rows)
{
    struct gathered gathered = { .page = { .emit = gather }, .rows = rows, .row_size = terms->table->shape.size };
    struct read_call part = *call;
    part.limit = ROWS_AT_ONCE - 1;
    part.after = (struct span){ (const char *)&after_id, sizeof(after_id) };
    list_query(&part, &gathered.page, terms);
    read_status(page, gathered.page.status);
    return gathered.count;
}

/* ---- payments and refunds ---- */

static const struct column bill_trades_columns[] = {
    COLUMN(bill_trades_request, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(bill_trades_request, day, .form = FORM_day, .flags = COLUMN_required | COLUMN_in_path,
           .text = "A day of the shops' own zones."),
};
static const struct shape bill_trades_shape = SHAPE("bill_trades", bill_trades_request, bill_trades_columns);

static const char *const line_kinds[] = { "", "payment", "refund", NULL };

static const struct column trade_line_columns[] = {
    COLUMN(bill_trade_line, kind, .form = FORM_choice, .names = line_kinds),
    COLUMN(bill_trade_line, trade_id, .form = FORM_id),
    COLUMN(bill_trade_line, out_trade_no),
    COLUMN(bill_trade_line, subject),
    COLUMN(bill_trade_line, created_at_us, .form = FORM_instant, .text = "When the trade was opened."),
    COLUMN(bill_trade_line, finished_at_us, .form = FORM_instant, .text = "When it was paid, or given back."),
    COLUMN(bill_trade_line, shop_id, .form = FORM_id),
    COLUMN(bill_trade_line, shop_name),
    COLUMN(bill_trade_line, terminal_id, .form = FORM_id),
    COLUMN(bill_trade_line, shopper_id, .form = FORM_id),
    COLUMN(bill_trade_line, shopper_name),
    COLUMN(bill_trade_line, currency),
    COLUMN(bill_trade_line, list_minor, .form = FORM_amount, .text = "The price; all of a refund is negative."),
    COLUMN(bill_trade_line, receipt_minor, .form = FORM_amount, .text = "The price less the merchant's own discounts."),
    COLUMN(bill_trade_line, platform_minor, .form = FORM_amount, .text = "Discounts that the platform paid."),
    COLUMN(bill_trade_line, merchant_minor, .form = FORM_amount, .text = "Discounts that the merchant paid."),
    COLUMN(bill_trade_line, paid_minor, .form = FORM_amount, .text = "What the shopper paid."),
    COLUMN(bill_trade_line, royalty_minor, .form = FORM_amount,
           .text = "Negative: split off until now; positive: came back with the refund."),
    COLUMN(bill_trade_line, out_request_no),
    COLUMN(bill_trade_line, reason),
};
static const struct shape trade_line_shape = SHAPE("bill_line", bill_trade_line, trade_line_columns);

/* Where the next page goes on: behind this id, among a shop's payments or its refunds. */
struct bill_key {
    int64_t shop_id, kind, id;
};

struct bill {
    const struct read_call *call;
    struct read_page *page;
    struct bill_day day;
    int32_t yyyymmdd;
    struct shop_row shop;
    struct bill_key after;
};

static bool line_emit(struct bill *bill, const struct bill_trade_line *line, int64_t id)
{
    struct bill_key key = { line->shop_id, line->kind, id };
    bill->after = key;
    return bill->page->emit(bill->page, line, (struct span){ (const char *)&key, sizeof(key) });
}

/* What payments and refunds of a trade have in common. */
static void line_fill(struct bill *bill, const struct trade_row *trade, struct bill_trade_line *line)
{
    struct shopper_row shopper = { .shopper_id = trade->shopper_id };
    *line = (struct bill_trade_line){ .trade_id = trade->trade_id,
                                      .created_at_us = trade->created_at_us,
                                      .shop_id = trade->shop_id,
                                      .terminal_id = trade->terminal_id,
                                      .shopper_id = trade->shopper_id,
                                      .currency = trade->currency };
    memcpy(line->out_trade_no, trade->out_trade_no, sizeof(line->out_trade_no));
    memcpy(line->subject, trade->subject, sizeof(line->subject));
    memcpy(line->shop_name, bill->shop.name, sizeof(line->shop_name));
    if (read_row(bill->call, bill->page, &shopper_table, &shopper)) {
        memcpy(line->shopper_name, shopper.name, sizeof(line->shopper_name));
    }
}

static bool payment_emit(struct bill *bill, const struct trade_row *trade)
{
    struct royalty_row royalty = { .trade_id = trade->trade_id };
    struct bill_trade_line line;
    line_fill(bill, trade, &line);
    line.kind = BILL_LINE_payment;
    line.finished_at_us = trade->paid_at_us;
    line.list_minor = trade->list_minor;
    line.paid_minor = trade->paid_minor;
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        line.platform_minor += trade->discounts[i].platform_minor;
        line.merchant_minor += trade->discounts[i].merchant_minor;
    }
    line.receipt_minor = line.list_minor - line.merchant_minor;
    if (trade->royalty_frozen != 0 && read_row(bill->call, bill->page, &royalty_table, &royalty)) {
        for (int32_t i = 0; i < royalty.parts_count; i++) {
            line.royalty_minor -= royalty.parts[i].paid_minor;
        }
    }
    return line_emit(bill, &line, trade->trade_id);
}

/* What of a refund's discount went back to the merchant: its transfer says it. */
static int64_t merchant_part(struct bill *bill, const struct refund_row *refund)
{
    struct transfer_row transfer = { .transfer_id = refund->transfer_id };
    int64_t sum_minor = 0;
    if (refund->discount_minor == 0 || !read_row(bill->call, bill->page, &transfer_table, &transfer)) {
        return 0;
    }
    for (int32_t i = 0; i < transfer.legs_count; i++) {
        sum_minor += transfer.legs[i].to_purpose == PURPOSE_budget_merchant ? transfer.legs[i].amount : 0;
    }
    return sum_minor;
}

static bool refund_emit(struct bill *bill, const struct refund_row *refund)
{
    struct trade_row trade = { .trade_id = refund->trade_id };
    struct bill_trade_line line;
    if (!read_row(bill->call, bill->page, &trade_table, &trade)) {
        read_status(bill->page, STATUS_fault); /* the audit names it */
        return false;
    }
    line_fill(bill, &trade, &line);
    line.kind = BILL_LINE_refund;
    line.finished_at_us = refund->at_us;
    line.list_minor = -refund->amount_minor;
    line.paid_minor = -refund->paid_minor;
    line.merchant_minor = -merchant_part(bill, refund);
    line.platform_minor = -refund->discount_minor - line.merchant_minor;
    line.receipt_minor = line.list_minor - line.merchant_minor;
    line.royalty_minor = refund->royalty_minor;
    memcpy(line.out_request_no, refund->out_request_no, sizeof(line.out_request_no));
    memcpy(line.reason, refund->reason, sizeof(line.reason));
    return line_emit(bill, &line, refund->refund_id);
}

/* Payments by the index of the shop's trades: paid on the day, and opened at most some days before. */
static bool payments_emit(struct bill *bill)
{
    static _Thread_local struct trade_row trades[ROWS_AT_ONCE];
    int64_t from_us = bill->day.starts_us - BILL_TRADE_DAYS_MAX * US_PER_DAY;
    int64_t shop_id = bill->shop.shop_id;
    struct list_terms terms = { .table = &trade_table,
                                .key = "trade_id",
                                .where = "shop_id = ? AND trade_id < ? AND day = ? AND ",
                                .binds = { VALUE_I64(shop_id), VALUE_I64(id_beyond(bill->day.ends_us)),
                                           VALUE_I64(bill->yyyymmdd) },
                                .bind_count = 3 };
    for (size_t count = ROWS_AT_ONCE; count == ROWS_AT_ONCE;) {
        bool going_on = bill->after.shop_id == shop_id && bill->after.kind == BILL_LINE_payment;
        int64_t after_id = going_on ? bill->after.id : moment_id_least(from_us) - 1;
        count = rows_gather(bill->call, bill->page, &terms, after_id, trades);
        for (size_t i = 0; i < count; i++) {
            if (!payment_emit(bill, &trades[i])) {
                return false;
            }
        }
    }
    return true;
}

static bool refunds_emit(struct bill *bill)
{
    static _Thread_local struct refund_row refunds[ROWS_AT_ONCE];
    int64_t shop_id = bill->shop.shop_id;
    struct list_terms terms = { .table = &refund_table,
                                .key = "refund_id",
                                .where = "shop_id = ? AND refund_id < ? AND at_us >= ? AND at_us < ? AND ",
                                .binds = { VALUE_I64(shop_id), VALUE_I64(id_beyond(bill->day.ends_us)),
                                           VALUE_I64(bill->day.starts_us), VALUE_I64(bill->day.ends_us) },
                                .bind_count = 4 };
    for (size_t count = ROWS_AT_ONCE; count == ROWS_AT_ONCE;) {
        bool going_on = bill->after.shop_id == shop_id && bill->after.kind == BILL_LINE_refund;
        int64_t after_id = going_on ? bill->after.id : moment_id_least(bill->day.starts_us) - 1;
        count = rows_gather(bill->call, bill->page, &terms, after_id, refunds);
        for (size_t i = 0; i < count; i++) {
            if (!refund_emit(bill, &refunds[i])) {
                return false;
            }
        }
    }
    return true;
}

struct shop_found {
    int64_t shop_id;
    bool found;
};

static bool shop_take(void *context, const struct value *values, size_t count)
{
    assert(count == 1);
    *(struct shop_found *)context = (struct shop_found){ values[0].i64, true };
    return false;
}

/* The merchant's next shop, from `from_id` on, that took or gave back something on that day. */
static bool shop_next(struct bill *bill, int64_t merchant_id, int64_t from_id)
{
    const struct read_call *call = bill->call;
    struct shop_found shop = { .found = false };
    struct value binds[] = { VALUE_I64(merchant_id), VALUE_I64(from_id), VALUE_I64(bill->yyyymmdd) };
    read_status(bill->page,
                call->reader->ops->query(call->reader,
                                         "SELECT s.shop_id FROM shops s WHERE s.merchant_id = ? AND s.shop_id >= ? "
                                         "AND EXISTS (SELECT 1 FROM shop_days d WHERE d.shop_id = s.shop_id AND "
                                         "d.day = ?) ORDER BY s.shop_id LIMIT 1",
                                         binds, COUNT_OF(binds), shop_take, &shop));
    bill->shop = (struct shop_row){ .shop_id = shop.shop_id };
    return bill->page->status == STATUS_ok && shop.found && read_row(call, bill->page, &shop_table, &bill->shop);
}

static enum refusal bill_trades_run(const struct read_call *call, struct read_page *page)
{
    const struct bill_trades_request *want = call->request;
    struct merchant_row merchant = { .merchant_id = want->merchant_id };
    struct bill bill = { .call = call, .page = page, .yyyymmdd = want->day };
    if (!read_merchant_may(call, want->merchant_id)) {
        return REFUSAL_forbidden;
    }
    if (!read_row(call, page, &merchant_table, &merchant)) {
        return REFUSAL_merchant_unknown;
    }
    if (call->after.size == sizeof(bill.after)) {
        memcpy(&bill.after, call->after.bytes, sizeof(bill.after));
    }
    int64_t from_id = bill.after.shop_id;
    while (shop_next(&bill, want->merchant_id, from_id)) {
        bool in_refunds = bill.after.shop_id == bill.shop.shop_id && bill.after.kind == BILL_LINE_refund;
        if (!day_of(want->day, bill.shop.zone_minutes, &bill.day) || (!in_refunds && !payments_emit(&bill)) ||
            !refunds_emit(&bill) || page->status != STATUS_ok) {
            break;
        }
        from_id = bill.shop.shop_id + 1;
    }
    return REFUSAL_none;
}

const struct read bill_trades = {
    .name = "bill_trades",
    .route = "/v1/merchants/{merchant_id}/bills/{day}",
    .callers = CALLERS_MERCHANT,
    .request = &bill_trades_shape,
    .element = &trade_line_shape,
    .run = bill_trades_run,
    .summary = "A merchant's bill of a day: each payment and refund of its shops.",
};

/* ---- movements of the takings ---- */

static const struct column bill_account_columns[] = {
    COLUMN(bill_account_request, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(bill_account_request, day, .form = FORM_day, .flags = COLUMN_required | COLUMN_in_path,
           .text = "A day of the shop's own zone."),
};
static const struct shape bill_account_shape = SHAPE("bill_account", bill_account_request, bill_account_columns);

static const struct column account_line_columns[] = {
    COLUMN(bill_account_line, transfer_id, .form = FORM_id),
    COLUMN(bill_account_line, at_us, .form = FORM_instant),
    COLUMN(bill_account_line, cause, .form = FORM_choice, .names = cause_names),
    COLUMN(bill_account_line, reference_id, .form = FORM_id, .text = "The trade, refund, settlement or transfer."),
    COLUMN(bill_account_line, trade_id, .form = FORM_id),
    COLUMN(bill_account_line, number, .text = "The merchant's: out_trade_no, or out_biz_no of a transfer."),
    COLUMN(bill_account_line, subject),
    COLUMN(bill_account_line, shopper_id, .form = FORM_id, .text = "On the other side."),
    COLUMN(bill_account_line, amount_minor, .form = FORM_amount, .text = "Negative: out of the takings."),
    COLUMN(bill_account_line, balance_minor, .form = FORM_amount, .text = "After it."),
};
static const struct shape account_line_shape = SHAPE("bill_account_line", bill_account_line, account_line_columns);

static bool number_take(void *context, const struct value *values, size_t count)
{
    assert(count == 1);
    *(int64_t *)context = values[0].i64;
    return false;
}

/* One number by a query; 0 when it finds none. */
static int64_t number_read(const struct read_call *call, struct read_page *page, const char *sql, int64_t first,
                           int64_t second)
{
    struct value binds[] = { VALUE_I64(first), VALUE_I64(second) };
    int64_t number = 0;
    read_status(page, call->reader->ops->query(call->reader, sql, binds, COUNT_OF(binds), number_take, &number));
    return number;
}

/* The trade that a transfer of takings is about; 0: none. */
static int64_t trade_of(const struct read_call *call, struct read_page *page, const struct transfer_row *transfer)
{
    const struct bill_account_request *want = call->request;
    struct settle_number_row settle = { .settle_id = transfer->reference_id };
    switch (transfer->cause) {
    case CAUSE_trade_pay:
        return transfer->reference_id;
    case CAUSE_trade_refund:
    case CAUSE_royalty_return:
        return number_read(call, page, "SELECT trade_id FROM refunds WHERE shop_id = ? AND refund_id = ?",
                           want->shop_id, transfer->reference_id);
    case CAUSE_royalty:
        return read_row(call, page, &settle_number_table, &settle) ? settle.trade_id : 0;
    default:
        return 0;
    }
}

static void reference_fill(const struct read_call *call, struct read_page *page, const struct transfer_row *transfer,
                           struct bill_account_line *line)
{
    struct trade_row trade = { .trade_id = trade_of(call, page, transfer) };
    if (trade.trade_id != 0 && read_row(call, page, &trade_table, &trade)) {
        bool both = transfer->cause == CAUSE_trade_pay || transfer->cause == CAUSE_trade_refund;
        line->trade_id = trade.trade_id;
        line->shopper_id = both ? trade.shopper_id : 0;
        memcpy(line->number, trade.out_trade_no, sizeof(line->number));
        memcpy(line->subject, trade.subject, sizeof(trade.subject));
    }
    struct transfer_order_row order = { .order_id = transfer->reference_id };
    if (transfer->cause == CAUSE_transfer && read_row(call, page, &transfer_order_table, &order)) {
        struct wallet_transfer_row made = { .payer_kind = order.payer_kind, .payer_id = order.payer_id };
        memcpy(made.out_biz_no, order.out_biz_no, sizeof(made.out_biz_no));
        if (read_row(call, page, &wallet_transfer_table, &made)) {
            line->shopper_id = made.payee_id;
            memcpy(line->number, made.out_biz_no, sizeof(line->number));
            memcpy(line->subject, made.title, sizeof(line->subject));
        }
    }
    struct hold_row hold = { .hold_id = transfer->reference_id };
    if (transfer->cause == CAUSE_capture && read_row(call, page, &hold_table, &hold)) {
        line->shopper_id = hold.owner_id;
    }
}

/* The account's chain of transfers from its last one back is long: it begins at the first payment after the day. */
static int64_t chain_begin(const struct read_call *call, struct read_page *page, struct account_key key,
                           const struct bill_day *day)
{
    struct account_row account = { .owner_id = key.owner_id, .purpose = key.purpose, .unit = key.unit };
    int64_t later_id = number_read(call, page,
                                   "SELECT transfer_id FROM trades WHERE shop_id = ? AND trade_id >= ? AND "
                                   "transfer_id > 0 ORDER BY trade_id LIMIT 1",
                                   key.owner_id, moment_id_least(day->ends_us));
    if (later_id != 0) {
        return later_id;
    }
    return read_row(call, page, &account_table, &account) ? account.last_transfer_id : 0;
}

static enum refusal bill_account_run(const struct read_call *call, struct read_page *page)
{
    const struct bill_account_request *want = call->request;
    struct shop_row shop = { .shop_id = want->shop_id };
    struct bill_day day;
    enum refusal refusal = read_shop_check(call, page, want->shop_id);
    bool there = refusal == REFUSAL_none && read_row(call, page, &shop_table, &shop);
    if (!there || !day_of(want->day, shop.zone_minutes, &day)) {
        return refusal;
    }
    struct account_key key = { want->shop_id, PURPOSE_takings, shop.currency };
    struct movement movement;
    int64_t after_id = read_after_i64(call, 0);
    int64_t next_id = after_id == 0 ? chain_begin(call, page, key, &day) : after_id;
    while (next_id != 0 && page->status == STATUS_ok) {
        struct transfer_row transfer = { .transfer_id = next_id };
        if (!read_row(call, page, &transfer_table, &transfer)) {
            read_status(page, STATUS_fault); /* the chain has a hole: the audit names it */
            break;
        }
        next_id = read_movement(&transfer, key, &movement);
        if (transfer.at_us < day.starts_us) {
            break;
        }
        if (transfer.at_us >= day.ends_us || transfer.transfer_id == after_id) {
            continue;
        }
        struct bill_account_line line = { .transfer_id = transfer.transfer_id,
                                          .at_us = transfer.at_us,
                                          .cause = transfer.cause,
                                          .reference_id = transfer.reference_id,
                                          .amount_minor = movement.amount,
                                          .balance_minor = movement.balance };
        reference_fill(call, page, &transfer, &line);
        if (!read_emit_i64(page, &line, line.transfer_id)) {
            break;
        }
    }
    return REFUSAL_none;
}

const struct read bill_account = {
    .name = "bill_account",
    .route = "/v1/shops/{shop_id}/bills/{day}",
    .callers = CALLERS_SHOP,
    .request = &bill_account_shape,
    .element = &account_line_shape,
    .run = bill_account_run,
    .summary = "A shop's takings on a day: each movement, newest first, with the balance after it.",
};
