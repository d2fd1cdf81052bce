/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit of royalties and of transfers between parties: receivers, settlements, shares, and the transfers of the
 * ledger that they name. Part of one audit_run; refunds and trades are shown to it as they are read, in their order.
 */
#ifndef TILL_AUDIT_ROYALTY_H
#define TILL_AUDIT_ROYALTY_H

#include "till/audit_map.h"
#include "till/till_rows.h"

struct audit;

struct audit_royalties {
    struct audit_map receivers; /* by merchant: how many it counts, less those that are bound */
    struct audit_list trades;   /* those with shares, in order */
    struct audit_list moves;    /* transfers that must be there */
    size_t settle_next, refund_next, trade_next, move_next;
    uint64_t settles_print, orders_print; /* less those of their numbers: 0 at the end */
    int64_t settles_left, orders_left;
};

void audit_royalties_init(struct audit *audit);
void audit_royalties_release(struct audit *audit);
/* After the people, before refunds and trades. */
void audit_royalties(struct audit *audit);
/* Returns false when the memory is used up. */
bool audit_royalty_refund(struct audit *audit, const struct refund_row *refund);
void audit_royalty_trade(struct audit *audit, const struct trade_row *trade);
void audit_royalty_trades_end(struct audit *audit);
/* A transfer with one of its causes against the row that it belongs to. */
void audit_royalty_match(struct audit *audit, const struct transfer_row *transfer);
void audit_royalties_end(struct audit *audit);

#endif
