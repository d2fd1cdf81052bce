/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the local line adds to a day (day.h): shops with places, deals of each kind, purchases in every state, a group
 * that stands and one that failed. What is refused fails an assertion. Each part of the line has a function of its own.
 */
#ifndef TESTS_SUPPORT_LOCAL_DAY_H
#define TESTS_SUPPORT_LOCAL_DAY_H

#include "lines/local/voucher_rows.h"
#include "support/house.h"

#define LOCAL_DAY_DEAL INT64_C(2000000001) /* a voucher of shop 1, valid in shops 1 and 2; shoppers 1 and 2 have some */
#define LOCAL_DAY_TIMES INT64_C(2000000002) /* a card of ten visits, of shop 2; shopper 1 has one */
#define LOCAL_DAY_VALUE INT64_C(2000000003) /* stored value, of shop 1; shopper 2 has one */
#define LOCAL_DAY_GROUP INT64_C(2000000004) /* stands: shoppers 1 and 2 */
#define LOCAL_DAY_FAILED INT64_C(2000000005) /* too few came */
#define LOCAL_DAY_SOLD_OUT INT64_C(2000000006) /* shoppers 1 to 4 waited: 2 left, 1 was told */
#define LOCAL_DAY_GIVE INT64_C(2000000011) /* given away: shoppers 1 and 2 have what there was */
#define LOCAL_DAY_LOTTERY INT64_C(2000000012) /* shoppers 1, 2 and 4 entered */
#define LOCAL_DAY_PACKET INT64_C(4000000001) /* a red packet of shop 1, then one for all and one of shopper 1's */
#define LOCAL_DAY_ROOM INT64_C(71) /* of shop 1: booked, held, cancelled and waited for on 13 December from 18:00 on */
#define LOCAL_DAY_HALL INT64_C(72) /* of shop 2: with a show that evening */
#define LOCAL_DAY_SHOW INT64_C(5000000001) /* rows alone, as are the queue's: for reads and not for the audit */
#define LOCAL_DAY_QUEUE INT64_C(5000000002)

#define LOCAL_DAY_MEAL INT64_C(5000000101) /* rows alone as well, with what belongs to them */
#define LOCAL_DAY_RIDE INT64_C(5000000102)

/* On a house in which shops 1 and 2 of merchant 1 are and shoppers 1 to 4 have money (day_make). */
void local_day_deals(struct house *house);
/* After local_day_deals: what becomes of vouchers, with and without a network; who waits, and a review of shop 1. */
void local_day_vouchers(struct house *house);
/* The nth voucher of a deal that a shopper holds, and redeeming one, or an amount of its value; the redemption's id. */
struct voucher_row local_day_voucher(struct house *house, int64_t holder_id, int64_t deal_id, int nth);
int64_t local_day_redeem(struct house *house, int64_t shop_id, struct voucher_row voucher, int64_t pieces,
                         int64_t amount_minor);
/* Give-aways and red packets; the packets are rows without their money, for reads and not for the audit. */
void local_day_gives(struct house *house);
/* Rooms, a hall, and a queue. */
void local_day_bookings(struct house *house);
/* Kitchens, menus, orders; and an order and a ride that are rows alone, for reads and not for the audit. */
void local_day_meals(struct house *house);

#endif
