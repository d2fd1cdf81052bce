/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the local line adds to a day (day.h): shops with places, deals of each kind, purchases in every state, a group
 * that stands and one that failed. What is refused fails an assertion. Each part of the line has a function of its own.
 */
#ifndef TESTS_SUPPORT_LOCAL_DAY_H
#define TESTS_SUPPORT_LOCAL_DAY_H

#include "support/house.h"

#define LOCAL_DAY_DEAL INT64_C(2000000001) /* a voucher of shop 1, valid in shops 1 and 2; shoppers 1 and 2 have some */
#define LOCAL_DAY_TIMES INT64_C(2000000002) /* a card of ten visits, of shop 2; shopper 1 has one */
#define LOCAL_DAY_VALUE INT64_C(2000000003) /* stored value, of shop 1; shopper 2 has one */
#define LOCAL_DAY_GROUP INT64_C(2000000004) /* stands: shoppers 1 and 2 */
#define LOCAL_DAY_FAILED INT64_C(2000000005) /* too few came */

/* On a house in which shops 1 and 2 of merchant 1 are and shoppers 1 to 4 have money (day_make). */
void local_day_deals(struct house *house);

#endif
