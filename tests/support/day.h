/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A day at the till with a little of everything: two shops of one merchant, four shoppers, two campaigns, payments
 * with and without discounts, refunds on the same day and the next, shares, wallets, holds, an app, a webhook.
 * What is refused fails an assertion.
 */
#ifndef TESTS_SUPPORT_DAY_H
#define TESTS_SUPPORT_DAY_H

#include "support/house.h"

/* On a house that has just been opened. */
void day_make(struct house *house);

#endif
