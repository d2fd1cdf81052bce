/* SPDX-License-Identifier: Apache-2.0 */
/* The line as the till sees it: what became of a trade goes to the part that opened it. */
#include "lines/local/local.h"

#include "lines/local/local_internal.h"

/* By enum local_kind. */
static const struct local_part *const parts[LOCAL_kind_count] = {
    [LOCAL_purchase] = &purchase_part,
    [LOCAL_booking] = &booking_part,
    [LOCAL_meal] = &meal_part,
};

static const struct local_part *part_of(const struct trade_row *trade)
{
    bool known = trade->line_kind > 0 && trade->line_kind < LOCAL_kind_count;
    assert(known && parts[trade->line_kind] != NULL);
    return parts[trade->line_kind];
}

static enum refusal local_paid(struct view *view, struct moment *at, struct trade_row *trade)
{
    return part_of(trade)->paid(view, at, trade);
}

static void local_ended(struct view *view, struct moment *at, const struct trade_row *trade)
{
    part_of(trade)->ended(view, at, trade);
}

static enum refusal local_refundable(struct view *view, const struct moment *at, const struct trade_row *trade)
{
    return part_of(trade)->refundable(view, at, trade);
}

const struct line local_line = {
    .number = LINE_local,
    .name = "local",
    .paid = local_paid,
    .ended = local_ended,
    .refundable = local_refundable,
    .audit = &local_audit,
};
