/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From lines of a file to commands: which fields each kind of record has, and what they come to. The fields
 * are those of the REST door's requests, decoded by the same code, so limits and messages are the same. Ids
 * are required here: they make importing the same file twice the same as once. One thread.
 */
#ifndef APP_IMPORT_ROWS_H
#define APP_IMPORT_ROWS_H

#include "app/csv.h"
#include "app/fill.h"
#include "base/arena.h"
#include "doors/shape_json.h"
#include "lines/local/local.h"
#include "lines/product.h"

enum record_kind {
    RECORD_merchant,
    RECORD_shop,
    RECORD_terminal,
    RECORD_shopper,
    RECORD_campaign,
    RECORD_place,
    RECORD_deal,
    RECORD_KIND_COUNT,
};
extern const char *const record_names[RECORD_KIND_COUNT];

enum import_format {
    IMPORT_csv,
    IMPORT_jsonl,
};

/* One record: the request of its command, and what comes with it. */
struct record {
    union {
        struct merchant_create merchant;
        struct shop_create shop;
        struct terminal_create terminal;
        struct shopper_create shopper;
        struct campaign_rules campaign;
        struct shop_place_set place;
        struct deal_rules deal;
    } request;
    char record[16];
    int64_t balance_minor, device_id;        /* of a shopper; 0: none */
    int64_t platform_minor, merchant_minor; /* of a campaign's budget; 0: none */
};

struct import_rows {
    const struct shape_plan *plans[RECORD_KIND_COUNT];
    struct shape shapes[RECORD_KIND_COUNT];
    enum import_format format;
    struct span whole; /* text of the file */
    struct span text;  /* what is still to be read of JSON lines */
    struct csv csv;
    size_t column_count; /* of the header */
    char columns[CSV_FIELDS_MAX][FAULT_FIELD_SIZE];
    char json[CSV_RECORD_SIZE_MAX * 2];
    /* of the last record */
    uint64_t line;
    enum record_kind kind;
    struct record record;
    struct faults faults;
};

enum rows_status {
    ROWS_record,
    ROWS_bad, /* `line` and `faults` say what is wrong; reading goes on */
    ROWS_end,
};

/* Large: not for a stack. The arena and the text must outlive it. */
void import_rows_init(struct import_rows *rows, struct arena *arena, enum import_format format, struct span text);
/* From the beginning again. */
void import_rows_begin(struct import_rows *rows);
enum rows_status import_rows_next(struct import_rows *rows);
/* How many bytes have been read. */
uint64_t import_rows_position(const struct import_rows *rows);
/* Puts the last record's commands, tagged with its line. */
void import_rows_put(const struct import_rows *rows, struct fill *fill);

#endif
