/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits by person: how much of what others want one person may keep without having paid for it, however many accounts
 * the person has. Else one shopper could hold a house's whole stock, all its slots or its line for as long as unpaid
 * things wait, and again and again.
 *
 * Whatever counts says so in its own row (`counted`, enum hoard_kind), so that it is taken off once, and so that the
 * audit can add it up anew. What is paid in the decision that makes it is never counted. What a shop makes for somebody
 * counts for nobody: the shop knows whom it trusts. Called from decisions.
 */
#ifndef LINES_LOCAL_HOARD_H
#define LINES_LOCAL_HOARD_H

#include "engine/command.h"
#include "lines/local/hoard_rows.h"

/* The limits in force: the stored row, or the defaults. `*limits` is the caller's. */
void hoard_limits_ask(struct view *view, struct hoard_limits_row *limits);
/* The person behind a shopper; 0: not at hand yet. */
int64_t hoard_person(struct view *view, int64_t shopper_id);

/*
 * One more of a kind for the person, with so many copies when it is a purchase; into `*counted` goes the kind. Refused
 * with the limit that is reached: purchases_unpaid_many, copies_unpaid_many, bookings_unpaid_many, visits_many,
 * waitings_many, meals_unpaid_many, or unpaid_often when too much of the day ended unpaid.
 */
MUST_CHECK enum refusal hoard_add(struct view *view, const struct moment *at, int64_t person_id, enum hoard_kind kind,
                                  int32_t copies, int32_t *counted);
/* What `*counted` says is taken off again. `unpaid`: it ended so; that counts when its shopper, or time, ended it. */
void hoard_take(struct view *view, const struct moment *at, int64_t person_id, int32_t copies, bool unpaid,
                int32_t *counted);

/* A number of a shop's queue on its day: queue_number_held, queue_numbers_many. */
struct hoard_number {
    int64_t shop_id, queue_id;
    int32_t day, number;
};
MUST_CHECK enum refusal hoard_number_add(struct view *view, int64_t person_id, const struct hoard_number *number);
void hoard_number_take(struct view *view, int64_t person_id, const struct hoard_number *number);

/*
 * A code of a table that was shown: table_code_wrong, or attempts_exceeded when too many wrong ones of that table, or
 * by that person, were shown in this minute; then the right one is refused too. What is counted stays (view_keep).
 */
struct dining_table_row;
MUST_CHECK enum refusal hoard_table_code(struct view *view, const struct moment *at, int64_t person_id,
                                         const struct dining_table_row *table, const char *code);

extern const struct command hoard_limits_change, hoard_limits_query, hoard_query;

#endif
