/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sharing what a table owes, exact to the cent: whatever the way of sharing, the bills come to what was shared. Where a
 * cent cannot be halved the first bills take one more. The service charge of all food is rounded once, half up; each
 * bill takes what it adds to the charge of the bills before it, so that the parts come to the whole as well.
 *
 * Pure; any thread. Amounts are minor units, not negative, and sums of them fit (AMOUNT_MAX each).
 */
#ifndef LINES_LOCAL_BILL_SPLIT_H
#define LINES_LOCAL_BILL_SPLIT_H

#include "base/base.h"

#define BILL_SHARES_MAX 16
#define SERVICE_MAX_BP 3000 /* a service charge is at most 30 % */

/* Numbers are frozen: they are in rows. */
enum bill_mode {
    BILL_whole = 1,  /* one bill of everything */
    BILL_evenly = 2, /* so many bills of the same amount */
    BILL_guests = 3, /* each guest what is its own, and an even part of what is for all */
    BILL_lines = 4,  /* one bill of the lines that are named; the rest is billed later */
};

struct bill_item {
    int32_t guest; /* who ordered it; 0: it is for all */
    int32_t chosen; /* BILL_lines: 1: this bill is to have it */
    int64_t amount_minor;
};

struct bill_terms {
    enum bill_mode mode;
    int32_t parts;               /* BILL_evenly: 1 to BILL_SHARES_MAX */
    int32_t guest_count;         /* BILL_guests: who sits at the table, 1 to BILL_SHARES_MAX */
    const int32_t *guests;       /* their numbers */
    size_t item_count;           /* what was ordered and is on no bill yet */
    const struct bill_item *items;
    int64_t loose_minor;         /* of food as well, but of no line any more: from bills that were taken back */
    int64_t billed_minor;        /* food on the bills there are */
    int64_t billed_service_minor; /* and their service charge */
    int32_t service_bp;
    int64_t fee_minor;           /* of the delivery; the first bill takes it */
};

struct bill_share {
    int32_t guest; /* BILL_guests: whose it is; otherwise 0 */
    int64_t food_minor;
    int64_t service_minor;
    int64_t fee_minor;
};

/* The part with this index, from 0, when an amount is shared evenly. */
int64_t bill_part(int64_t amount_minor, int32_t parts, int32_t index);
/* The service charge of so much food. More food never has a lower one. */
int64_t bill_service(int64_t food_minor, int32_t service_bp);
/* Fills in the bills and returns how many there are; shares of nothing are left out, so there may be none. */
size_t bill_split(const struct bill_terms *terms, struct bill_share shares[BILL_SHARES_MAX]);

#endif
