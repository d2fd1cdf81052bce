/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of the bills only. A bill is a table of rows and a table of sums; each is described once
 * (struct bill_column), and written as CSV or as JSON from that description.
 */
#ifndef DOORS_ALIPAY_BILL_INTERNAL_H
#define DOORS_ALIPAY_BILL_INTERNAL_H

#include "base/json_out.h"
#include "doors/alipay/bill.h"
#include "doors/alipay/charset.h"
#include "doors/alipay/money_text.h"
#include "till/bill.h"

#define BILL_USER_TAIL "0156" /* behind the account's number, as the protocol's bills have it */
#define BILL_COLUMNS_MAX 32
#define BILL_SHOPS_MAX 4096
#define BILL_CODE_SIZE 97 /* sizeof store_code, terminal_code and operator_id of a trade's detail */

/* ---- bill_text.c: text that grows, up to a limit ---- */

enum bill_format {
    BILL_csv_gbk,
    BILL_csv_utf8,
    BILL_json,
};

/* Sticky: what does not fit leaves `failed`. Memory is reserved and taken as it is written to. */
struct bill_text {
    char *bytes;
    size_t size, capacity;
    bool gbk;
    bool failed;
    struct arena scratch; /* of one line */
};

/* False: no memory. */
MUST_CHECK bool bill_text_init(struct bill_text *text, size_t capacity, bool gbk);
void bill_text_release(struct bill_text *text);
/* UTF-8, written in the text's charset; a character that it lacks becomes '?'. */
void bill_text_add(struct bill_text *text, struct span utf8);

enum bill_cell_form {
    BILL_CELL_text,  /* with a TAB behind it, so that a spreadsheet does not take it for a number */
    BILL_CELL_money,
    BILL_CELL_count,
};

struct bill_column {
    const char *title; /* of the CSV */
    const char *json;
    enum bill_cell_form form;
};

/* One value; which member counts is the column's to say. */
struct bill_cell {
    struct span text;
    int64_t number; /* minor units, or how many */
};

void bill_titles_write(struct bill_text *text, const struct bill_column *columns, size_t count);
void bill_row_write(struct bill_text *text, const struct bill_column *columns, const struct bill_cell *cells,
                    size_t count);
void bill_row_json(struct json_out *out, const struct bill_column *columns, const struct bill_cell *cells,
                   size_t count);

/* ---- bill_sheet.c: the tables of the two kinds of bill ---- */

/* Of a shop, and of all. */
struct bill_sums {
    int64_t shop_id;
    char name[NAME_SIZE];
    char code[BILL_CODE_SIZE];
    int64_t payments, refunds;
    int64_t list_minor, receipt_minor, platform_minor, merchant_minor, royalty_minor; /* payments less refunds */
    int64_t paid_receipt_minor, paid_merchant_minor, back_receipt_minor, back_merchant_minor;
};

/* Of the takings' movements of one kind. */
struct bill_flow {
    int64_t in_count, in_minor, out_count, out_minor;
};
#define BILL_CAUSES_MAX 32

struct bill_period {
    int64_t first_day; /* since 1970 */
    int day_count;
    bool month; /* written yyyy-MM */
};

/* A bill in the making. */
struct bill_sheet {
    enum bill_kind kind;
    enum bill_format format;
    int64_t merchant_id;
    struct bill_period period;
    int64_t now_us;
    char user[USER_ID_SIZE + sizeof(BILL_USER_TAIL)]; /* the account as it stands in the bill */
    struct bill_text rows, summary; /* the two files; of JSON the first only */
    struct json_out json;
    size_t row_count;
    struct bill_sums *shops; /* BILL_SHOPS_MAX, by shop_id */
    size_t shop_count;
    struct bill_sums all;
    struct bill_flow flows[BILL_CAUSES_MAX], flow;
    bool too_large;
};

/* What the till's bill does not tell of a line. Texts may be empty. */
struct bill_more {
    struct span subject, body, operator_id, store_code, terminal_code, logon_id;
};

/* False: no memory. The sheet's kind, format, merchant, period and now were set. */
MUST_CHECK bool bill_sheet_begin(struct bill_sheet *sheet);
void bill_sheet_trade(struct bill_sheet *sheet, const struct bill_trade_line *line, const struct bill_more *more);
void bill_sheet_account(struct bill_sheet *sheet, const struct bill_account_line *line, struct span logon_id);
/* Sums and ends. False: the bill is too large. */
MUST_CHECK bool bill_sheet_end(struct bill_sheet *sheet);
void bill_sheet_release(struct bill_sheet *sheet);

/* ---- bill_rows.c: what stands in the store ---- */

/* All rows of the sheet's period, in order. */
MUST_CHECK enum status bill_rows_read(struct reader *reader, struct bill_sheet *sheet);
/* Whether there is any; and when the merchant was made, 0: there is none. */
MUST_CHECK enum status bill_rows_look(struct reader *reader, enum bill_kind kind, int64_t merchant_id,
                                      const struct bill_period *period, bool *any, int64_t *created_at_us);

/* ---- bill_zip.c ---- */

struct bill_file {
    struct span name; /* in the archive, in the charset of the contents */
    struct span bytes;
};

/* The archive in the arena; false: libzip cannot, or there is no room. */
MUST_CHECK bool bill_zip_write(const struct bill_file *files, size_t count, bool utf8, int64_t at_us,
                               struct arena *arena, struct span *archive);

#endif
