/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local line: eat, drink, play. Shops sell deals, of which shoppers hold vouchers; rooms, seats and tables are
 * booked; meals are ordered at the table or to the door; give-aways are claimed. Everything in one include, for
 * product.c, doors and tests.
 */
#ifndef LINES_LOCAL_LOCAL_H
#define LINES_LOCAL_LOCAL_H

#include "lines/local/booking.h"
#include "lines/local/deal.h"
#include "lines/local/give.h"
#include "lines/local/hoard.h"
#include "lines/local/meal.h"
#include "lines/local/packet.h"
#include "lines/local/queue.h"
#include "lines/local/redemption_number.h"
#include "lines/local/voucher.h"
#include "lines/local/voucher_template.h"
#include "till/line.h"

/* What the line_id of a trade of this line names. Numbers are frozen. */
enum local_kind {
    LOCAL_purchase = 1, /* of a deal */
    LOCAL_booking = 2,
    LOCAL_meal = 3,
    LOCAL_kind_count,
};

extern const struct line local_line;

#endif
