/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meals in the audit. What two tables say of one another is compared as sums in which every part counts with a number
 * of its own (a print), so that orders of years need no memory; only money that still waits in an escrow is remembered.
 * When a sum over an order does not come out, all of them are gone through again, and the order is named.
 *
 *   audit_meal.c     an order is the sum of its lines, its bills come to what is on them, trades and transfers are
 *                    theirs
 *   audit_kitchen.c  slots, days, tables and tickets agree with the orders; rides made legal moves only
 */
#ifndef LINES_LOCAL_AUDIT_MEAL_H
#define LINES_LOCAL_AUDIT_MEAL_H

#include "lines/local/meal_internal.h"

/* What an order says of itself, less what is found of it. */
enum meal_sum {
    SUM_food,
    SUM_billed,
    SUM_service,
    SUM_tip,
    SUM_paid,
    SUM_returned,
    SUM_unpaid,
    SUM_lines,
    SUM_drafts,
    SUM_guests,
    SUM_bills,
    SUM_tickets,
    SUM_tickets_open,
    SUM_COUNT,
};

struct audit_meals {
    struct audit_map escrows;  /* of bills that are paid and not earned */
    uint64_t sums_print;       /* of all enum meal_sum */
    uint64_t trades_print;     /* bills less trades */
    uint64_t earned_print;     /* cents left on earned bills, less what transfers moved */
    uint64_t named_print;      /* transfers that bills name, less those that are there */
    uint64_t work_print;       /* minutes of slots, less those of orders and tickets */
    uint64_t ready_print;      /* orders of slots */
    uint64_t numbers_print;    /* numbers that days gave, less those of orders */
    uint64_t days_print;       /* tickets of days */
    uint64_t tables_print;     /* tables that are taken, less orders at tables */
    uint64_t rides_print;      /* rides of orders, less rides */
    uint64_t steps_print;      /* how rides stand, less their last steps */
    uint64_t couriers_print;   /* what couriers have and had, less rides */
    uint64_t fees_print;       /* what couriers earned, less transfers */
    uint64_t roster_print;     /* couriers of kitchens, less those who say so */
    struct ride_step_row step; /* the last one that was seen; ride_id 0: none */
};

/* A number for an amount of something of somebody. */
static inline uint64_t audit_weighed(int64_t first, int64_t second, int64_t amount)
{
    return audit_pair_print(first, second) * (uint64_t)amount;
}

void audit_kitchen_tables(struct audit *audit, struct audit_meals *meals);
void audit_kitchen_end(struct audit *audit, const struct audit_meals *meals);
/* What an order says of slots, days, tables and rides. */
void audit_kitchen_order(struct audit *audit, struct audit_meals *meals, const struct meal_order_row *order);
/* What a ticket adds to the sums of its order. */
void audit_ticket_sums(const struct ticket_row *ticket, int64_t sums[SUM_COUNT]);

#endif
