/* SPDX-License-Identifier: Apache-2.0 */
/* From the till's bill reads to the sheet, in one snapshot of the store. */
#include "base/os_clock.h"
#include "doors/alipay/bill_internal.h"
#include "ledger/ledger_rows.h"
#include "till/till_reads.h"
#include "till/till_rows.h"

#define LINES_MAX BILL_ROWS_MAX /* of one shop's account on one day */
#define LOOK_US 200000

/* ---- single rows ---- */

/* Fills the rest of `row` in by its key; a row that is not there stays as it is. */
static enum status row_read(struct reader *reader, const struct table *table, void *row, bool *found)
{
    const struct read_call call = { .reader = reader };
    struct read_page page = { .status = STATUS_ok };
    *found = read_row(&call, &page, table, row);
    return page.status;
}

/* ---- a read from its first page to its last ---- */

typedef enum status element_fn(void *context, const void *element);

struct run {
    struct read_page page; /* first */
    element_fn *each;
    void *context;
    enum status status; /* of `each` */
    int32_t count, limit;
    bool more;
    uint8_t key[READ_KEY_SIZE_MAX];
    size_t key_size;
};

static bool run_emit(struct read_page *page, const void *element, struct span key)
{
    struct run *run = (struct run *)page;
    if (run->count == run->limit) {
        run->more = true;
        return false;
    }
    assert(key.size <= sizeof(run->key));
    memcpy(run->key, key.bytes, key.size);
    run->key_size = key.size;
    run->count++;
    run->status = run->each(run->context, element);
    return run->status == STATUS_ok;
}

/* `each` is called for all elements; STATUS_not_found when the read refuses. */
static enum status read_all(struct reader *reader, const struct read *read, const void *request, element_fn *each,
                            void *context)
{
    struct run run = { .page = { .emit = run_emit }, .each = each, .context = context, .limit = PAGE_ROWS_MAX };
    do {
        struct read_call call = { .reader = reader,
                                  .request = request,
                                  .caller = { .kind = CALLER_operator },
                                  .limit = run.limit,
                                  .after = { (const char *)run.key, run.key_size } };
        uint8_t after[READ_KEY_SIZE_MAX];
        memcpy(after, run.key, run.key_size); /* the run's own is written to meanwhile */
        call.after.bytes = (const char *)after;
        run.count = 0;
        run.more = false;
        if (read->run(&call, &run.page) != REFUSAL_none) {
            return STATUS_not_found;
        }
        if (run.page.status != STATUS_ok || run.status != STATUS_ok) {
            return run.page.status != STATUS_ok ? run.page.status : run.status;
        }
    } while (run.more);
    return STATUS_ok;
}

/* ---- trades ---- */

struct trades_run {
    struct reader *reader;
    struct bill_sheet *sheet;
};

static enum status logon_read(struct reader *reader, int64_t shopper_id, char to[LOGON_SIZE])
{
    static _Thread_local struct shopper_row shopper;
    bool found = false;
    enum status status = STATUS_ok;
    shopper = (struct shopper_row){ .shopper_id = shopper_id };
    if (shopper_id != 0) {
        status = row_read(reader, &shopper_table, &shopper, &found);
    }
    memcpy(to, shopper.logon_id, LOGON_SIZE);
    return status;
}

static enum status trade_line(void *context, const void *element)
{
    static _Thread_local struct trade_detail_row row;
    const struct bill_trade_line *line = element;
    struct trades_run *run = context;
    char logon[LOGON_SIZE];
    bool found;
    row = (struct trade_detail_row){ .trade_id = line->trade_id };
    enum status status = row_read(run->reader, &trade_detail_table, &row, &found);
    if (status == STATUS_ok) {
        status = logon_read(run->reader, line->shopper_id, logon);
    }
    if (status != STATUS_ok) {
        return status;
    }
    struct bill_more more = { .subject = span_of(row.detail.subject),
                              .body = span_of(row.detail.body),
                              .operator_id = span_of(row.detail.operator_id),
                              .store_code = span_of(row.detail.store_code),
                              .terminal_code = span_of(row.detail.terminal_code),
                              .logon_id = span_of(logon) };
    bill_sheet_trade(run->sheet, line, &more);
    return run->sheet->too_large ? STATUS_too_large : STATUS_ok;
}

/* ---- accounts ---- */

struct shops_run {
    int64_t *list; /* BILL_SHOPS_MAX */
    size_t count;
    bool more;
};

static bool shop_found(void *context, const struct value *values, size_t count)
{
    struct shops_run *run = context;
    assert(count == 1);
    if (run->count == BILL_SHOPS_MAX) {
        run->more = true;
        return false;
    }
    run->list[run->count++] = values[0].i64;
    return true;
}

/* The shops that ever took or gave back anything. */
static enum status shops_read(struct reader *reader, int64_t merchant_id, struct shops_run *run)
{
    struct value binds[] = { VALUE_I64(merchant_id), VALUE_I64(PURPOSE_takings) };
    enum status status = reader->ops->query(reader,
                                            "SELECT s.shop_id FROM shops s WHERE s.merchant_id = ? AND EXISTS "
                                            "(SELECT 1 FROM accounts a WHERE a.owner_id = s.shop_id AND a.purpose = ? "
                                            "AND a.last_transfer_id > 0) ORDER BY s.shop_id",
                                            binds, COUNT_OF(binds), shop_found, run);
    return status == STATUS_ok && run->more ? STATUS_too_large : status;
}

/* The lines come newest first; a bill begins with the oldest. */
struct lines_run {
    struct bill_text text; /* holds the lines */
    size_t count;
};

static enum status account_line(void *context, const void *element)
{
    struct lines_run *run = context;
    if (run->count == LINES_MAX) {
        return STATUS_too_large;
    }
    struct bill_account_line *lines = (struct bill_account_line *)(void *)run->text.bytes;
    lines[run->count++] = *(const struct bill_account_line *)element;
    return STATUS_ok;
}

static enum status lines_write(struct reader *reader, struct bill_sheet *sheet, const struct lines_run *run)
{
    const struct bill_account_line *lines = (const struct bill_account_line *)(const void *)run->text.bytes;
    char logon[LOGON_SIZE];
    for (size_t i = run->count; i > 0; i--) {
        enum status status = logon_read(reader, lines[i - 1].shopper_id, logon);
        if (status != STATUS_ok) {
            return status;
        }
        bill_sheet_account(sheet, &lines[i - 1], span_of(logon));
    }
    return sheet->too_large ? STATUS_too_large : STATUS_ok;
}

static enum status accounts_read(struct reader *reader, struct bill_sheet *sheet, const struct shops_run *shops)
{
    struct lines_run run = { .count = 0 };
    enum status status = STATUS_ok;
    if (!bill_text_init(&run.text, LINES_MAX * sizeof(struct bill_account_line), false)) {
        return STATUS_fault;
    }
    for (size_t i = 0; i < shops->count; i++) {
        for (int day = 0; day < sheet->period.day_count && status == STATUS_ok; day++) {
            struct bill_account_request request = { .shop_id = shops->list[i],
                                                    .day = civil_yyyymmdd(sheet->period.first_day + day) };
            run.count = 0;
            status = read_all(reader, &bill_account, &request, account_line, &run);
            if (status == STATUS_ok) {
                status = lines_write(reader, sheet, &run);
            }
        }
    }
    bill_text_release(&run.text);
    return status;
}

/* ---- both ---- */

static enum status snapshot_read(struct reader *reader, struct bill_sheet *sheet)
{
    static _Thread_local int64_t list[BILL_SHOPS_MAX];
    struct trades_run run = { .reader = reader, .sheet = sheet };
    struct shops_run shops = { .list = list };
    enum status status = STATUS_ok;
    if (sheet->kind == BILL_account) {
        status = shops_read(reader, sheet->merchant_id, &shops);
        return status == STATUS_ok ? accounts_read(reader, sheet, &shops) : status;
    }
    for (int day = 0; day < sheet->period.day_count && status == STATUS_ok; day++) {
        struct bill_trades_request request = { .merchant_id = sheet->merchant_id,
                                               .day = civil_yyyymmdd(sheet->period.first_day + day) };
        status = read_all(reader, &bill_trades, &request, trade_line, &run);
    }
    return status;
}

enum status bill_rows_read(struct reader *reader, struct bill_sheet *sheet)
{
    enum status status = reader->ops->begin(reader);
    if (status == STATUS_ok) {
        status = snapshot_read(reader, sheet);
        reader->ops->end(reader);
    }
    return status;
}

static enum status one_is_enough(void *context, const void *element)
{
    (void)element;
    *(bool *)context = true;
    return STATUS_busy; /* no more, thank you */
}

/*
 * Whether there is anything in the bill. Who asks waits for it on a thread that others wait for as well: what is not
 * found out in LOOK_US is taken for yes, which only means that nobody is told beforehand that the file is empty.
 */
static enum status any_look(struct reader *reader, enum bill_kind kind, int64_t merchant_id,
                            const struct bill_period *period, bool *any)
{
    static _Thread_local int64_t list[BILL_SHOPS_MAX];
    struct shops_run shops = { .list = list };
    enum status status = kind == BILL_account ? shops_read(reader, merchant_id, &shops) : STATUS_ok;
    int64_t until_us = os_monotonic_us() + LOOK_US;
    for (int day = 0; day < period->day_count && status == STATUS_ok; day++) {
        int32_t yyyymmdd = civil_yyyymmdd(period->first_day + day);
        if (os_monotonic_us() > until_us) {
            *any = true;
            break;
        }
        struct bill_trades_request trades = { .merchant_id = merchant_id, .day = yyyymmdd };
        if (kind == BILL_trade) {
            status = read_all(reader, &bill_trades, &trades, one_is_enough, any);
        }
        for (size_t i = 0; i < shops.count && status == STATUS_ok; i++) {
            struct bill_account_request account = { .shop_id = shops.list[i], .day = yyyymmdd };
            status = read_all(reader, &bill_account, &account, one_is_enough, any);
            if (status == STATUS_ok && os_monotonic_us() > until_us) {
                *any = true;
                return STATUS_ok;
            }
        }
    }
    return *any && status == STATUS_busy ? STATUS_ok : status;
}

enum status bill_rows_look(struct reader *reader, enum bill_kind kind, int64_t merchant_id,
                           const struct bill_period *period, bool *any, int64_t *created_at_us)
{
    struct merchant_row merchant = { .merchant_id = merchant_id };
    bool found = false;
    *any = false;
    *created_at_us = 0;
    enum status status = reader->ops->begin(reader);
    if (status != STATUS_ok) {
        return status;
    }
    status = row_read(reader, &merchant_table, &merchant, &found);
    if (status == STATUS_ok && found) {
        *created_at_us = merchant.created_at_us;
        status = any_look(reader, kind, merchant_id, period, any);
    }
    reader->ops->end(reader);
    return status;
}
