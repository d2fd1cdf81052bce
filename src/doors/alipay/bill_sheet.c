/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a bill: its heads, rows and sums. Column titles and marks are the protocol's, to the letter. */
#include <stdarg.h>
#include <stdio.h>

#include "doors/alipay/bill_internal.h"
#include "ledger/ledger_rows.h"
#include "till/trade.h"

#define ROWS_SIZE_MAX (INT64_C(128) << 20)
#define SUMMARY_SIZE_MAX (INT64_C(8) << 20)
#define SHOPS_SIZE (BILL_SHOPS_MAX * sizeof(struct bill_sums))
#define ID_SIZE 24
#define LINE_SIZE 512
static_assert(ID_SIZE <= BILL_CODE_SIZE, "a shop's id does for its code");
#define MOMENT_SIZE 64

static const struct bill_column trade_columns[] = {
    { "支付宝交易号", "trade_no", BILL_CELL_text },
    { "商户订单号", "out_trade_no", BILL_CELL_text },
    { "业务类型", "type", BILL_CELL_text },
    { "商品名称", "subject", BILL_CELL_text },
    { "创建时间", "created", BILL_CELL_text },
    { "完成时间", "finished", BILL_CELL_text },
    { "门店编号", "store_id", BILL_CELL_text },
    { "门店名称", "store_name", BILL_CELL_text },
    { "操作员", "operator_id", BILL_CELL_text },
    { "终端号", "terminal_id", BILL_CELL_text },
    { "对方账户", "buyer", BILL_CELL_text },
    { "订单金额（元）", "total_minor", BILL_CELL_money },
    { "商家实收（元）", "receipt_minor", BILL_CELL_money },
    { "支付宝红包（元）", "coupon_minor", BILL_CELL_money },
    { "集分宝（元）", "point_minor", BILL_CELL_money },
    { "支付宝优惠（元）", "platform_discount_minor", BILL_CELL_money },
    { "商家优惠（元）", "merchant_discount_minor", BILL_CELL_money },
    { "券核销金额（元）", "voucher_minor", BILL_CELL_money },
    { "券名称", "voucher_name", BILL_CELL_text },
    { "商家红包消费金额（元）", "merchant_coupon_minor", BILL_CELL_money },
    { "卡消费金额（元）", "card_minor", BILL_CELL_money },
    { "退款批次号/请求号", "out_request_no", BILL_CELL_text },
    { "服务费（元）", "fee_minor", BILL_CELL_money },
    { "分润（元）", "royalty_minor", BILL_CELL_money },
    { "备注", "remark", BILL_CELL_text },
};

static const struct bill_column shop_columns[] = {
    { "门店编号", "store_id", BILL_CELL_text },
    { "门店名称", "store_name", BILL_CELL_text },
    { "交易订单总笔数", "payments", BILL_CELL_count },
    { "退款订单总笔数", "refunds", BILL_CELL_count },
    { "订单金额（元）", "total_minor", BILL_CELL_money },
    { "商家实收（元）", "receipt_minor", BILL_CELL_money },
    { "支付宝优惠（元）", "platform_discount_minor", BILL_CELL_money },
    { "商家优惠（元）", "merchant_discount_minor", BILL_CELL_money },
    { "卡消费金额（元）", "card_minor", BILL_CELL_money },
    { "服务费（元）", "fee_minor", BILL_CELL_money },
    { "分润（元）", "royalty_minor", BILL_CELL_money },
    { "实收净额（元）", "net_minor", BILL_CELL_money },
};

static const struct bill_column account_columns[] = {
    { "账务流水号", "transfer_id", BILL_CELL_text },
    { "业务流水号", "reference", BILL_CELL_text },
    { "商户订单号", "out_trade_no", BILL_CELL_text },
    { "商品名称", "subject", BILL_CELL_text },
    { "发生时间", "at", BILL_CELL_text },
    { "对方账号", "other", BILL_CELL_text },
    { "收入金额（+元）", "in_minor", BILL_CELL_money },
    { "支出金额（-元）", "out_minor", BILL_CELL_money },
    { "账户余额（元）", "balance_minor", BILL_CELL_money },
    { "交易渠道", "channel", BILL_CELL_text },
    { "业务类型", "type", BILL_CELL_text },
    { "备注", "remark", BILL_CELL_text },
};

static const struct bill_column flow_columns[] = {
    { "业务类型", "type", BILL_CELL_text },
    { "收入笔数", "in_count", BILL_CELL_count },
    { "收入金额（+元）", "in_minor", BILL_CELL_money },
    { "支出笔数", "out_count", BILL_CELL_count },
    { "支出金额（-元）", "out_minor", BILL_CELL_money },
    { "总金额（元）", "net_minor", BILL_CELL_money },
};

/* By enum cause_kind. What is not here is 其它: nothing else moves takings. */
static const char *const cause_titles[BILL_CAUSES_MAX] = {
    [CAUSE_trade_pay] = "在线支付",
    [CAUSE_trade_refund] = "退款",
    [CAUSE_royalty] = "分账",
    [CAUSE_royalty_return] = "分账退回",
    [CAUSE_transfer] = "转账",
    [CAUSE_withdraw] = "提现",
    [CAUSE_top_up] = "充值",
};

static struct span cause_title(int32_t cause)
{
    bool known = cause > 0 && cause < BILL_CAUSES_MAX && cause_titles[cause] != NULL;
    return span_of(known ? cause_titles[cause] : "其它");
}

static struct span id_text(int64_t id, char to[ID_SIZE])
{
    int size = id != 0 ? snprintf(to, ID_SIZE, "%lld", (long long)id) : 0;
    return (struct span){ to, (size_t)size };
}

/* [2026年10月03日 00:00:00] */
static const char *moment_text(int64_t at_us, char to[MOMENT_SIZE])
{
    struct civil at = civil_of(at_us, BEIJING_MINUTES);
    int size = snprintf(to, MOMENT_SIZE, "[%04d年%02d月%02d日 %02d:%02d:%02d]", at.year, at.month, at.day, at.hour,
                        at.minute, at.second);
    assert(size > 0 && size < MOMENT_SIZE);
    return to;
}

static int64_t day_us(int64_t day)
{
    return day * US_PER_DAY - BEIJING_MINUTES * US_PER_MINUTE;
}

__attribute__((format(printf, 2, 3))) static void line_add(struct bill_text *text, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list list;
    va_start(list, format);
    int size = vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    assert(size > 0 && (size_t)size < sizeof(line));
    bill_text_add(text, (struct span){ line, (size_t)size });
    bill_text_add(text, SPAN("\r\n"));
}

static void head_write(const struct bill_sheet *sheet, struct bill_text *text, const char *title, const char *block,
                       const struct bill_column *columns, size_t count)
{
    char from[MOMENT_SIZE], to[MOMENT_SIZE];
    const struct bill_period *period = &sheet->period;
    line_add(text, "#支付宝%s查询", title);
    line_add(text, "#账号：[%s]", sheet->user);
    line_add(text, "#起始日期：%s   终止日期：%s", moment_text(day_us(period->first_day), from),
             moment_text(day_us(period->first_day + period->day_count), to));
    line_add(text, "#-----------------------------------------%s----------------------------------------", block);
    bill_titles_write(text, columns, count);
}

static void block_end(struct bill_text *text, const char *block)
{
    line_add(text, "#-----------------------------------------%s结束------------------------------------", block);
}

static void date_text(const struct bill_sheet *sheet, char to[16])
{
    struct civil day = civil_of(day_us(sheet->period.first_day), BEIJING_MINUTES);
    int size = sheet->period.month ? snprintf(to, 16, "%04d-%02d", day.year % 10000, day.month)
                                   : snprintf(to, 16, "%04d-%02d-%02d", day.year % 10000, day.month, day.day);
    assert(size > 0 && size < 16);
}

static void json_begin(struct bill_sheet *sheet)
{
    char date[16], at[INSTANT_TEXT_SIZE];
    struct json_out *out = &sheet->json;
    date_text(sheet, date);
    json_out_init(out, sheet->rows.bytes, sheet->rows.capacity);
    json_out_object(out);
    json_out_key(out, "bill_type");
    json_out_text(out, sheet->kind == BILL_trade ? SPAN("trade") : SPAN("signcustomer"));
    json_out_key(out, "user_id");
    json_out_text(out, span_of(sheet->user));
    json_out_key(out, "date");
    json_out_text(out, span_of(date));
    json_out_key(out, "made_at");
    json_out_text(out, (struct span){ at, instant_write(sheet->now_us, BEIJING_MINUTES, at) });
    json_out_key(out, "rows");
    json_out_array(out);
}

bool bill_sheet_begin(struct bill_sheet *sheet)
{
    bool gbk = sheet->format == BILL_csv_gbk;
    struct bill_text shops;
    size_t size = user_id_write(USER_merchant, sheet->merchant_id, sheet->user);
    memcpy(sheet->user + size, BILL_USER_TAIL, sizeof(BILL_USER_TAIL));
    if (!bill_text_init(&sheet->rows, ROWS_SIZE_MAX, gbk) || !bill_text_init(&sheet->summary, SUMMARY_SIZE_MAX, gbk) ||
        !bill_text_init(&shops, SHOPS_SIZE, false)) {
        bill_sheet_release(sheet);
        return false;
    }
    arena_release(&shops.scratch);
    sheet->shops = (struct bill_sums *)(void *)shops.bytes;
    if (sheet->format == BILL_json) {
        json_begin(sheet);
    } else if (sheet->kind == BILL_trade) {
        head_write(sheet, &sheet->rows, "业务明细", "业务明细列表", trade_columns, COUNT_OF(trade_columns));
        head_write(sheet, &sheet->summary, "业务汇总", "业务汇总列表", shop_columns, COUNT_OF(shop_columns));
    } else {
        head_write(sheet, &sheet->rows, "账务明细", "账务明细列表", account_columns, COUNT_OF(account_columns));
        head_write(sheet, &sheet->summary, "账务汇总", "账务汇总列表", flow_columns, COUNT_OF(flow_columns));
    }
    return true;
}

static void row_write(struct bill_sheet *sheet, const struct bill_column *columns, const struct bill_cell *cells,
                      size_t count)
{
    sheet->row_count++;
    sheet->too_large = sheet->too_large || sheet->row_count > BILL_ROWS_MAX;
    if (sheet->too_large) {
        return;
    }
    if (sheet->format == BILL_json) {
        bill_row_json(&sheet->json, columns, cells, count);
    } else {
        bill_row_write(&sheet->rows, columns, cells, count);
    }
}

/* ---- rows of trades ---- */

/* The shop's sums, made at its first line; NULL: there are too many shops. */
static struct bill_sums *shop_sums(struct bill_sheet *sheet, const struct bill_trade_line *line)
{
    size_t low = 0, high = sheet->shop_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sheet->shops[middle].shop_id < line->shop_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < sheet->shop_count && sheet->shops[low].shop_id == line->shop_id) {
        return &sheet->shops[low];
    }
    if (sheet->shop_count == BILL_SHOPS_MAX) {
        return NULL;
    }
    memmove(&sheet->shops[low + 1], &sheet->shops[low], (sheet->shop_count - low) * sizeof(sheet->shops[0]));
    sheet->shop_count++;
    sheet->shops[low] = (struct bill_sums){ .shop_id = line->shop_id };
    memcpy(sheet->shops[low].name, line->shop_name, sizeof(line->shop_name));
    (void)id_text(line->shop_id, sheet->shops[low].code);
    return &sheet->shops[low];
}

/* A refund's amounts are negative already. Sums of bounded amounts over bounded rows: they fit (base/limits.h). */
static void sums_add(struct bill_sums *sums, const struct bill_trade_line *line)
{
    bool refund = line->kind == BILL_LINE_refund;
    sums->payments += !refund;
    sums->refunds += refund;
    sums->list_minor += line->list_minor;
    sums->receipt_minor += line->receipt_minor;
    sums->platform_minor += line->platform_minor;
    sums->merchant_minor += line->merchant_minor;
    sums->royalty_minor += line->royalty_minor;
    *(refund ? &sums->back_receipt_minor : &sums->paid_receipt_minor) += line->receipt_minor;
    *(refund ? &sums->back_merchant_minor : &sums->paid_merchant_minor) += line->merchant_minor;
}

static struct span buyer_text(int64_t shopper_id, struct span logon_id, char to[LOGON_MASKED_SIZE])
{
    if (logon_id.size > 0) {
        return (struct span){ to, logon_mask(logon_id, to) };
    }
    static_assert(USER_ID_SIZE <= LOGON_MASKED_SIZE, "a user id fits too");
    return (struct span){ to, shopper_id > 0 ? user_id_write(USER_shopper, shopper_id, to) : 0 };
}

void bill_sheet_trade(struct bill_sheet *sheet, const struct bill_trade_line *line, const struct bill_more *more)
{
    char number[TRADE_NO_SIZE], created[BEIJING_TEXT_SIZE], finished[BEIJING_TEXT_SIZE];
    char shop[ID_SIZE], terminal[ID_SIZE], buyer[LOGON_MASKED_SIZE];
    bool refund = line->kind == BILL_LINE_refund;
    bool cancel = strcmp(line->out_request_no, REFUND_OF_CANCEL) == 0;
    struct span code = more->store_code.size > 0 ? more->store_code : id_text(line->shop_id, shop);
    struct bill_sums *sums = shop_sums(sheet, line);
    if (sums == NULL || line->currency != UNIT_CNY) { /* these bills know one currency */
        sheet->too_large = sheet->too_large || sums == NULL;
        return;
    }
    if (more->store_code.size > 0 && !span_copy(more->store_code, sums->code, sizeof(sums->code))) {
        sheet->too_large = true;
        return;
    }
    sums_add(sums, line);
    sums_add(&sheet->all, line);
    const struct bill_cell cells[COUNT_OF(trade_columns)] = {
        { .text = { number, trade_no_write(line->trade_id, number) } },
        { .text = span_of(line->out_trade_no) },
        { .text = refund ? SPAN("退款") : SPAN("交易") },
        { .text = more->subject.size > 0 ? more->subject : span_of(line->subject) },
        { .text = { created, beijing_write(line->created_at_us, created) } },
        { .text = { finished, beijing_write(line->finished_at_us, finished) } },
        { .text = code },
        { .text = span_of(line->shop_name) },
        { .text = more->operator_id },
        { .text = more->terminal_code.size > 0 ? more->terminal_code : id_text(line->terminal_id, terminal) },
        { .text = buyer_text(line->shopper_id, more->logon_id, buyer) },
        { .number = line->list_minor },
        { .number = line->receipt_minor },
        { .number = 0 },
        { .number = 0 },
        { .number = line->platform_minor },
        { .number = line->merchant_minor },
        { .number = 0 },
        { .text = { "", 0 } },
        { .number = 0 },
        { .number = 0 },
        { .text = cancel ? SPAN("") : span_of(line->out_request_no) },
        { .number = 0 },
        { .number = line->royalty_minor },
        { .text = refund ? span_of(line->reason) : more->body },
    };
    row_write(sheet, trade_columns, cells, COUNT_OF(cells));
}

/* ---- rows of accounts ---- */

static void flow_add(struct bill_flow *flow, int64_t amount_minor)
{
    bool in = amount_minor >= 0;
    *(in ? &flow->in_count : &flow->out_count) += 1;
    *(in ? &flow->in_minor : &flow->out_minor) += amount_minor;
}

void bill_sheet_account(struct bill_sheet *sheet, const struct bill_account_line *line, struct span logon_id)
{
    char transfer[ID_SIZE], reference[TRADE_NO_SIZE], at[BEIJING_TEXT_SIZE], other[LOGON_MASKED_SIZE];
    static_assert(ID_SIZE <= TRADE_NO_SIZE, "a plain id fits where a trade's number does");
    struct span refers = line->trade_id != 0 ? (struct span){ reference, trade_no_write(line->trade_id, reference) }
                                             : id_text(line->reference_id, reference);
    int32_t cause = line->cause > 0 && line->cause < BILL_CAUSES_MAX ? line->cause : 0;
    flow_add(&sheet->flows[cause], line->amount_minor);
    flow_add(&sheet->flow, line->amount_minor);
    const struct bill_cell cells[COUNT_OF(account_columns)] = {
        { .text = id_text(line->transfer_id, transfer) },
        { .text = refers },
        { .text = span_of(line->number) },
        { .text = span_of(line->subject) },
        { .text = { at, beijing_write(line->at_us, at) } },
        { .text = buyer_text(line->shopper_id, logon_id, other) },
        { .number = line->amount_minor >= 0 ? line->amount_minor : 0 },
        { .number = line->amount_minor < 0 ? line->amount_minor : 0 },
        { .number = line->balance_minor },
        { .text = SPAN("钱包") },
        { .text = cause_title(cause) },
        { .text = { "", 0 } },
    };
    row_write(sheet, account_columns, cells, COUNT_OF(cells));
}

/* ---- sums ---- */

static void sum_row(struct bill_sheet *sheet, const struct bill_column *columns, const struct bill_cell *cells,
                    size_t count)
{
    if (sheet->format == BILL_json) {
        bill_row_json(&sheet->json, columns, cells, count);
    } else {
        bill_row_write(&sheet->summary, columns, cells, count);
    }
}

static void shop_row(struct bill_sheet *sheet, const struct bill_sums *sums, struct span code, struct span name)
{
    const struct bill_cell cells[COUNT_OF(shop_columns)] = {
        { .text = code },
        { .text = name },
        { .number = sums->payments },
        { .number = sums->refunds },
        { .number = sums->list_minor },
        { .number = sums->receipt_minor },
        { .number = sums->platform_minor },
        { .number = sums->merchant_minor },
        { .number = 0 },
        { .number = 0 },
        { .number = sums->royalty_minor },
        { .number = sums->receipt_minor + sums->royalty_minor },
    };
    sum_row(sheet, shop_columns, cells, COUNT_OF(cells));
}

static void flow_row(struct bill_sheet *sheet, const struct bill_flow *flow, struct span title)
{
    const struct bill_cell cells[COUNT_OF(flow_columns)] = {
        { .text = title },
        { .number = flow->in_count },
        { .number = flow->in_minor },
        { .number = flow->out_count },
        { .number = flow->out_minor },
        { .number = flow->in_minor + flow->out_minor },
    };
    sum_row(sheet, flow_columns, cells, COUNT_OF(cells));
}

static void sum_rows(struct bill_sheet *sheet)
{
    for (size_t i = 0; i < sheet->shop_count && sheet->kind == BILL_trade; i++) {
        shop_row(sheet, &sheet->shops[i], span_of(sheet->shops[i].code), span_of(sheet->shops[i].name));
    }
    for (int32_t i = 0; i < BILL_CAUSES_MAX && sheet->kind == BILL_account; i++) {
        if (sheet->flows[i].in_count + sheet->flows[i].out_count > 0) {
            flow_row(sheet, &sheet->flows[i], cause_title(i));
        }
    }
}

static void total_row(struct bill_sheet *sheet)
{
    if (sheet->kind == BILL_trade) {
        shop_row(sheet, &sheet->all, SPAN("合计"), SPAN(""));
    } else {
        flow_row(sheet, &sheet->flow, SPAN("合计"));
    }
}

static void trade_foot(struct bill_sheet *sheet)
{
    char amount[4][YUAN_TEXT_SIZE];
    const struct bill_sums *all = &sheet->all;
    (void)yuan_write(all->paid_receipt_minor, amount[0]);
    (void)yuan_write(all->paid_merchant_minor, amount[1]);
    (void)yuan_write(all->back_receipt_minor, amount[2]);
    (void)yuan_write(all->back_merchant_minor, amount[3]);
    block_end(&sheet->rows, "业务明细列表");
    line_add(&sheet->rows, "#交易合计：%lld笔，商家实收共%s元，商家优惠共%s元", (long long)all->payments, amount[0],
             amount[1]);
    line_add(&sheet->rows, "#退款合计：%lld笔，商家实收退款共%s元，商家优惠退款共%s元", (long long)all->refunds,
             amount[2], amount[3]);
    block_end(&sheet->summary, "业务汇总列表");
}

static void account_foot(struct bill_sheet *sheet)
{
    char amount[2][YUAN_TEXT_SIZE];
    (void)yuan_write(sheet->flow.out_minor, amount[0]);
    (void)yuan_write(sheet->flow.in_minor, amount[1]);
    block_end(&sheet->rows, "账务明细列表");
    line_add(&sheet->rows, "#支出合计：%lld笔，共%s元", (long long)sheet->flow.out_count, amount[0]);
    line_add(&sheet->rows, "#收入合计：%lld笔，共%s元", (long long)sheet->flow.in_count, amount[1]);
    block_end(&sheet->summary, "账务汇总列表");
}

static bool json_end(struct bill_sheet *sheet)
{
    struct json_out *out = &sheet->json;
    json_out_array_end(out);
    json_out_key(out, sheet->kind == BILL_trade ? "stores" : "types");
    json_out_array(out);
    sum_rows(sheet);
    json_out_array_end(out);
    json_out_key(out, "total");
    total_row(sheet);
    json_out_object_end(out);
    sheet->rows.size = json_out_end(out).size;
    return sheet->rows.size > 0;
}

bool bill_sheet_end(struct bill_sheet *sheet)
{
    char now[MOMENT_SIZE];
    if (sheet->format == BILL_json) {
        return json_end(sheet) && !sheet->too_large;
    }
    sum_rows(sheet);
    total_row(sheet);
    if (sheet->kind == BILL_trade) {
        trade_foot(sheet);
    } else {
        account_foot(sheet);
    }
    line_add(&sheet->rows, "#导出时间：%s", moment_text(sheet->now_us, now));
    line_add(&sheet->summary, "#导出时间：%s", now);
    return !sheet->too_large && !sheet->rows.failed && !sheet->summary.failed;
}

void bill_sheet_release(struct bill_sheet *sheet)
{
    bill_text_release(&sheet->rows);
    bill_text_release(&sheet->summary);
    if (sheet->shops != NULL) {
        struct bill_text shops = { .bytes = (char *)sheet->shops, .capacity = SHOPS_SIZE };
        bill_text_release(&shops);
        sheet->shops = NULL;
    }
}
