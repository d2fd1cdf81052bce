/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the till's list queries. Called on a reader's thread. */
#ifndef TILL_TILL_READS_H
#define TILL_TILL_READS_H

#include "engine/read.h"
#include "ledger/ledger.h"

#define LIST_BINDS_MAX 8

/* A list of whole rows of one table, ordered by one of its integer columns. */
struct list_terms {
    const struct table *table;
    const char *key;
    bool newest_first;
    const char *where; /* conditions, each followed by " AND "; may be empty */
    struct value binds[LIST_BINDS_MAX];
    size_t bind_count;
    const char *computed_column; /* which is not what is stored, but `computed`; NULL: none */
    const char *computed;
};

void list_query(const struct read_call *call, struct read_page *page, const struct list_terms *terms);

/* Whether the caller may see a shop's lists; faults of the queries are in the page. */
enum refusal read_shop_check(const struct read_call *call, struct read_page *page, int64_t shop_id);
bool read_merchant_may(const struct read_call *call, int64_t merchant_id);
bool read_shopper_may(const struct read_call *call, int64_t shopper_id);

/* What the terms say, for who may see the merchant's, the shop's or the shopper's lists. */
enum refusal list_of_merchant(const struct read_call *call, struct read_page *page, int64_t merchant_id,
                              const struct list_terms *terms);
enum refusal list_of_shop(const struct read_call *call, struct read_page *page, int64_t shop_id,
                          const struct list_terms *terms);
enum refusal list_of_shopper(const struct read_call *call, struct read_page *page, int64_t shopper_id,
                             const struct list_terms *terms);
/* Trades that were paid before it, and are not closed, are finished: no row says so. */
int64_t read_finished_before(const struct read_call *call, struct read_page *page);

/* One row, whose key members are set, from the reader's snapshot; false when it does not exist. */
bool read_row(const struct read_call *call, struct read_page *page, const struct table *table, void *row);

/* What a transfer did to an account. */
struct movement {
    int64_t amount;  /* negative: out of it */
    int64_t balance; /* after it */
};

/* The transfer that touched the account before this one; 0: none. */
int64_t read_movement(const struct transfer_row *transfer, struct account_key account, struct movement *movement);

extern const struct read trade_list, refund_list, shop_list, shop_days, campaign_list;
extern const struct read delivery_list, token_list, token_list_all, app_list;
extern const struct read campaign_history;
extern const struct read wallet_statement;
extern const struct read shopper_waiting;
extern const struct read trade_receipt;
extern const struct read royalty_list;
extern const struct read settle_list;
extern const struct read grant_list;

#endif
