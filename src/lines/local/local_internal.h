/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the local line's files only: what a part of it brings to the line. */
#ifndef LINES_LOCAL_LOCAL_INTERNAL_H
#define LINES_LOCAL_LOCAL_INTERNAL_H

#include "lines/local/local.h"
#include "till/audit_line.h"

/* A part that opens trades: the same as in struct line, for trades whose line_kind is its own. */
struct local_part {
    enum refusal (*paid)(struct view *view, struct moment *at, struct trade_row *trade);
    void (*ended)(struct view *view, struct moment *at, const struct trade_row *trade);
    enum refusal (*refundable)(struct view *view, const struct moment *at, const struct trade_row *trade);
};

/* A part's share of the audit: the same as in struct audit_line, with a state of its own. Any but the first three may
 * be NULL. */
struct audit_part {
    size_t state_size;
    void (*begin)(struct audit *audit, void *state);
    void (*release)(struct audit *audit, void *state);
    void (*tables)(struct audit *audit, void *state);
    int32_t trade_kind; /* enum local_kind of the trades it is shown; 0: none */
    bool (*trade)(struct audit *audit, void *state, const struct trade_row *trade);
    int32_t cause_first, cause_last; /* of the transfers it is shown */
    bool (*transfer)(struct audit *audit, void *state, const struct transfer_row *transfer);
    void (*end)(struct audit *audit, void *state);
    int32_t purpose_first, purpose_last;
    bool (*owner_known)(const struct audit *audit, const void *state, int64_t owner_id, int32_t purpose);
};

extern const struct audit_line local_audit;

/* The parts, a file each (audit_<part>.c). */
extern const struct audit_part audit_part_booking;
extern const struct audit_part audit_part_hoard;
extern const struct audit_part audit_part_voucher;
extern const struct audit_part audit_part_voucher_template; /* voucher_template.c */
extern const struct audit_part audit_part_redemption_number; /* redemption_number.c */
extern const struct audit_part audit_part_meal; /* audit_kitchen.c: kitchens and rides */
extern const struct audit_part audit_part_give; /* audit_packet.c: with red packets */

#endif
