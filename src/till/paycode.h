/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pay codes as decisions see them: the door has read the digits (till/paycode_digits.h) into device and step,
 * here the code is accepted once and for all, and wrong ones are counted. Called from decisions.
 */
#ifndef TILL_PAYCODE_H
#define TILL_PAYCODE_H

#include "people/people.h"
#include "till/policy.h"
#include "till/till_rows.h"

/* A code that was shown somewhere. */
struct shown_code {
    int64_t device_id;  /* -1: it is not of the form of its kind of code */
    int64_t step;       /* 0: of no minute near now */
    int64_t shopper_id; /* whose it must be; 0: anybody's */
    const struct shop_row *shop;         /* NULL: shown on a page of ours, for no shop */
    const struct terminal_row *terminal; /* NULL: none named */
};

/* Whether shop or terminal have shown so many wrong codes in this minute that nothing is taken any more. */
bool paycode_attempts_exceeded(const struct moment *at, const struct policy_row *policy,
                               const struct shown_code *shown);
/* The same of a device, wherever the codes were shown. */
bool paycode_device_exceeded(const struct moment *at, const struct policy_row *policy,
                             const struct device_row *device);
/*
 * Accepts the code: from here on it is burnt, whatever becomes of the rest. A wrong one is counted, and that stays
 * although the command is refused.
 */
enum refusal paycode_accept(struct view *view, const struct moment *at, const struct shown_code *shown,
                            const struct device_row **device);

/* Request of paycode_login: a shopper proves on a page of ours, by the current log-in code, who he is. */
struct paycode_login {
    int64_t shopper_id;       /* 0: by logon_id */
    char logon_id[LOGON_SIZE];
    int64_t shop_id;          /* of the app for which the page stands; 0: none */
    int64_t code_device_id;   /* as in trade_pay, of a log-in code */
    int64_t code_step;
};

struct paycode_logged_in {
    int64_t shopper_id;
    char name[NAME_SIZE];
};

extern const struct command paycode_login; /* internal */

/* Wrong codes in a minute, of whoever shows them or whatever they are of: the minute since 1970, and how many. */
bool code_misses_exceeded(int64_t code_minute, int32_t code_misses, const struct moment *at, int32_t most);
void code_miss_count(int64_t *code_minute, int32_t *code_misses, const struct moment *at);

#endif
