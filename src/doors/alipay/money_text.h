/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol's spellings of amounts, times and ids. Pure functions, any thread. Amounts are minor units of a
 * currency with two decimals; times are UTC microseconds here and Beijing time there. Readers are strict and
 * return false for what they do not take; the result is then untouched.
 */
#ifndef DOORS_ALIPAY_MONEY_TEXT_H
#define DOORS_ALIPAY_MONEY_TEXT_H

#include "base/civil.h"
#include "base/span.h"

#define BEIJING_MINUTES 480
#define YUAN_TEXT_SIZE 24     /* the largest int64_t with a sign, a point and the zero */
#define BEIJING_TEXT_SIZE 24  /* yyyy-MM-dd HH:mm:ss.SSS and the zero */
#define USER_ID_SIZE 25       /* 2088, a digit, at least 11 and at most 19 digits, the zero */
#define TRADE_NO_SIZE 29      /* 28 digits and the zero */
#define LOGON_MASKED_SIZE 104 /* of a logon of at most 100 bytes */

/*
 * Exact decimal: "12", "12.3", "12.34", "0.01", with further zeros behind the second decimal, and an exponent as
 * JSON numbers may have ("1.234e1"); no sign, no blanks, no leading zeros but one. At most AMOUNT_MAX.
 */
MUST_CHECK bool yuan_read(struct span text, int64_t *minor);
/* "12.34", "-0.01". Returns the size without the zero. */
size_t yuan_write(int64_t minor, char to[YUAN_TEXT_SIZE]);

/* yyyy-MM-dd HH:mm:ss. */
size_t beijing_write(int64_t at_us, char to[BEIJING_TEXT_SIZE]);
/* yyyy-MM-dd HH:mm:ss.SSS, as gmt_refund of a notice has it. */
size_t beijing_write_ms(int64_t at_us, char to[BEIJING_TEXT_SIZE]);
/* yyyy-MM-dd HH:mm:ss, or without the seconds as time_expire of old. */
MUST_CHECK bool beijing_read(struct span text, int64_t *at_us);
/* 2026-01-31 (one day) or 2026-01 (a month): the first day since 1970 and how many there are. */
MUST_CHECK bool bill_date_read(struct span text, int64_t *first_day, int *day_count);

/*
 * timeout_express: 1m to 15d as a whole number with m, h or d, or 1c: until the end of this day. `*expires_at_us`
 * counts from `from_us`.
 */
#define TIMEOUT_EXPRESS_MAX_US (15 * US_PER_DAY)
MUST_CHECK bool timeout_express_read(struct span text, int64_t from_us, int64_t *expires_at_us);

/* Whose account a 2088… number is. The digit behind 2088. */
enum user_kind {
    USER_shopper = 0,  /* the wallet */
    USER_merchant = 1, /* the balance */
    USER_shop = 2,     /* the takings */
};
#define USER_KIND_COUNT 3
/* `id` is positive. */
size_t user_id_write(enum user_kind kind, int64_t id, char to[USER_ID_SIZE]);
/* Only the one spelling that is written. */
MUST_CHECK bool user_id_read(struct span text, enum user_kind *kind, int64_t *id);

/* The day in Beijing on which the trade's id was given out, a 9, and the id in 19 digits. */
size_t trade_no_write(int64_t trade_id, char to[TRADE_NO_SIZE]);
MUST_CHECK bool trade_no_read(struct span text, int64_t *trade_id);

/* 159****5620, csq***@sandbox.com. Of a shorter text only the first character is shown. */
size_t logon_mask(struct span logon, char to[LOGON_MASKED_SIZE]);

#endif
