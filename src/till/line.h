/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of business, as the till sees it. A line sells by trades of its own: the till takes the money, for campaigns,
 * limits, confirmation and refunds as of any trade, and tells the line in the same decision what became of it. The
 * till includes no line: which ones there are is said by `product_lines` (src/lines/product.c).
 *
 * Rows, commands, reads, indexes and timers of a line are named in its own list (src/lines/local/local.def); its
 * purposes and causes stand in the ledger's lists, whose numbers are frozen for all.
 */
#ifndef TILL_LINE_H
#define TILL_LINE_H

#include "till/trade.h"

struct audit_line;

struct line {
    enum line_number number;
    const char *name; /* as in `line_names` */
    /* The trade was paid: the money is where `trade_payee` says. A refusal refuses the payment. */
    enum refusal (*paid)(struct view *view, struct moment *at, struct trade_row *trade);
    /* It was closed unpaid. */
    void (*ended)(struct view *view, struct moment *at, const struct trade_row *trade);
    /* Whether its shop may refund or cancel the paid trade directly: REFUSAL_refund_elsewhere when it may not. */
    enum refusal (*refundable)(struct view *view, const struct moment *at, const struct trade_row *trade);
    const struct audit_line *audit;
};

/* All lines of this build; NULL-terminated. */
extern const struct line *const product_lines[];

/* The line with this number; NULL for LINE_none. A number that no line of this build has is a bug. */
const struct line *line_of(int32_t number);
enum refusal line_refundable(struct view *view, const struct moment *at, const struct trade_row *trade);

#endif
