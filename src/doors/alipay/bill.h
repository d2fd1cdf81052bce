/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bills: what a merchant's shops took and gave back on a day or in a month of Beijing time, to be fetched from a
 * signed address that is good for 30 seconds.
 *
 *     GET /downloadBillFile.resource?bizType=trade&userId=…&fileType=csv.zip&bizDates=20261003&…&token=…
 *
 * bizType is trade (业务明细: each payment and refund, and a summary by shop) or signcustomer (账务明细: each movement
 * of the takings' accounts with the balance after it). fileType, which whoever fetches may change, is one of
 *
 *     csv.zip        the protocol's: two CSV files with GBK names and contents in a ZIP archive
 *     csv.utf8.zip   the same files in UTF-8
 *     json           the same rows and sums as one JSON document, amounts in minor units
 *
 * The token is an HMAC of kind, merchant, period and the time of issue under a key derived from the master key.
 * Rows come from the durable store by the till's bill reads; a bill is made when it is fetched, by a thread of
 * its own, a tenth of a millisecond a row. At most BILLS_WAITING_MAX wait for it (then 503), and a bill has at most
 * BILL_ROWS_MAX rows and BILL_SIZE_MAX bytes (then 413: fetch days instead of a month). Rows in other currencies
 * than CNY are left out.
 *
 * Texts of CSV are made harmless: a comma, and =, +, - or @ at the beginning, become their full-width likes,
 * control characters blanks. What GBK does not have becomes '?'.
 *
 * bill_url_make: any thread but the server's and the deciding one; it reads the store. The others: see there.
 */
#ifndef DOORS_ALIPAY_BILL_H
#define DOORS_ALIPAY_BILL_H

#include "doors/master_key.h"
#include "doors/rest/rest.h"

#define BILL_ROWS_MAX 50000 /* half of what fits into the time of a request */
#define BILL_SIZE_MAX (32 << 20)
#define BILLS_WAITING_MAX 16
#define BILL_URL_SIZE 768
#define BILL_URL_LIFE_S 30
#define BILL_BASE_MAX 256
#define BILL_PAGE_COUNT 1

struct bills;

struct bills_settings {
    struct engine *engine; /* its clock is the bills' */
    struct store *store;
    const struct master_key *key;
    const char *base_url; /* of the addresses, at most BILL_BASE_MAX bytes; outlives the bills. Empty: the wish's */
};

enum bill_kind {
    BILL_trade = 1,   /* bill_type trade */
    BILL_account = 2, /* bill_type signcustomer */
};

struct bill_wish {
    enum bill_kind kind;
    int64_t merchant_id;
    struct span date; /* yyyy-MM-dd or yyyy-MM, Beijing time */
    struct span base; /* "http://host:port" as the request named us, for a till that has no base_url */
};

enum bill_outcome {
    BILL_made,
    BILL_made_empty,     /* there is a file, surely without a row: EMPTY_DATA_WITH_BILL_FILE */
    BILL_date_invalid,   /* or a base that is too long: INVAILID_ARGUMENTS */
    BILL_not_yet,        /* the day or month is not over, or longer ago than six years: BILL_NOT_EXIST */
    BILL_merchant_later, /* the merchant was not there yet: BILL_DATE_BEFORE_REGISTRATION */
    BILL_fault,          /* the store: UNKNOWN_ERROR */
};

/* Before the engine starts. NULL: the store cannot be read. A store without readers has no bills (BILL_fault). */
MUST_CHECK struct bills *bills_open(const struct bills_settings *settings);
void bills_start(struct bills *bills);
/* Answers what waits with 503 and ends the thread. The server must still be there. */
void bills_stop(struct bills *bills);
void bills_close(struct bills *bills);

/* The address of a bill, terminated, when it is made. */
MUST_CHECK enum bill_outcome bill_url_make(struct bills *bills, const struct bill_wish *wish,
                                           char url[BILL_URL_SIZE]);

/* The page that the addresses lead to; no token is needed. */
void bill_pages(struct bills *bills, struct rest_page pages[BILL_PAGE_COUNT]);

#endif
