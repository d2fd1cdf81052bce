/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit: proves a store from its rows alone. Every balance is recomputed from the transfers, every sum
 * and count from what it sums and counts, every reference is followed. It reads one snapshot through a
 * reader, so the store may be served by another process meanwhile.
 *
 * It goes through each table once, in key order, and keeps what it must remember in hash maps: at most 120
 * bytes for each account, 72 for each shopper, 40 for each paid trade, 320 for each refund, campaign, shop,
 * shop's day and trade with royalties. Only when a count does not agree does it go through the tables again,
 * to name the row.
 *
 * The first thing that does not agree is named; the audit then goes on, so that the verdict on each law is
 * complete, but what a first fault drags along is only counted. One thread; nothing is written.
 */
#ifndef TILL_AUDIT_H
#define TILL_AUDIT_H

#include "engine/reader.h"

/* The seven laws. Their names are those of the live page. */
enum audit_law {
    AUDIT_money_conserved,  /* money, and whatever else is counted, only ever moves */
    AUDIT_budget_kept,      /* no campaign gives more than was put into its budget */
    AUDIT_stock_kept,       /* no shop sells what it does not have */
    AUDIT_voucher_once,     /* no voucher is redeemed twice */
    AUDIT_seat_once,        /* no slot is booked twice */
    AUDIT_reservation_kept, /* what is held or waits for its payment has a timer that ends it */
    AUDIT_answer_durable,   /* what was answered stands in the books, once, and agrees with all that refers to it */
    AUDIT_LAW_COUNT,
};

enum audit_verdict {
    AUDIT_unused, /* the store holds nothing that the law speaks of */
    AUDIT_held,
    AUDIT_broken,
};

struct audit_law_report {
    const char *name; /* "money_conserved" */
    const char *text; /* what it says, for people */
    enum audit_verdict verdict;
    uint64_t checks, faults;
};

struct audit_fault {
    enum audit_law law;
    const char *table; /* NULL: it is about no row */
    char key[256];     /* "shop_id=3 day=20141212" */
    char what[160];    /* "the balance by its transfers" */
    char expected[64], found[64]; /* empty: `what` says it all */
    char sentence[640];           /* all of the above for people */
};

struct audit_table_report {
    const char *table; /* NULL: no table of this number was read */
    uint64_t rows;
};

struct audit_report {
    bool ok;
    uint64_t faults, checks, transfers, legs;
    struct audit_fault first; /* when not ok */
    struct audit_law_report laws[AUDIT_LAW_COUNT];
    struct audit_table_report tables[TABLE_COUNT_MAX]; /* by table number */
    uint64_t accounts;
    int64_t debts_minor;   /* what the house owes: the sum of all positive money balances */
    size_t memory_peak;    /* bytes */
};

/* The law that the floor of an account of this purpose keeps. */
enum audit_law audit_law_of_purpose(int32_t purpose);

/* `rows` of `table` have been read so far; called about every 100,000 rows and at the end of each table. */
typedef void audit_progress(void *context, const char *table, uint64_t rows);

struct audit_settings {
    audit_progress *progress; /* may be NULL */
    void *context;
    size_t memory_most; /* bytes the audit may hold; 0: as much as there is */
};

/*
 * STATUS_ok: the audit came to its end and `report->ok` is its verdict. STATUS_too_large: `memory_most` is
 * not enough; other statuses are the reader's. `settings` may be NULL.
 */
MUST_CHECK enum status audit_run(struct reader *reader, const struct audit_settings *settings,
                                 struct audit_report *report);

#endif
