/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the model share, and nobody else needs. */
#ifndef TESTS_MODEL_MODEL_INTERNAL_H
#define TESTS_MODEL_MODEL_INTERNAL_H

#include "model/model.h"

#define MINUTE INT64_C(60000000)
#define WAITING 1
#define PAID 2
#define CLOSED 4
#define SCAN 1
#define DYNAMIC 2
#define STATIC 3
#define WALLET_MOST 100000000
#define TRADE_MOST INT64_C(10000000000)

static inline int64_t less(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What campaigns take off a trade when this shopper pays it now; false: one of them would rather have it refused. */
bool model_discount_find(const struct model *m, struct model_trade *t, int shopper, int day);
/* The merchant's trade with this number; -1: there is none. */
int model_find(const struct model *m, int merchant, const char *number);
/* Why this amount is none that can be paid; 0: it can. */
int model_amount_check(int64_t amount);
/* A new trade in the place behind the last; it stays when the caller counts it. */
struct model_trade *model_open_trade(struct model *m, int shop, const char *number, int64_t amount, int way);
/* Where its price is: with its shop, or set aside until it is earned. */
int64_t *model_payee(struct model *m, struct model_trade *t);
/* Pays it from the wallet, or lets it wait for the shopper's word. */
int model_take(struct model *m, struct model_trade *t, int shopper, bool confirmed, bool guessed);
/* Sets money of a wallet aside for that shop, as a payment would take it. */
int model_set_aside(struct model *m, int shopper, int shop, int64_t amount, bool confirmed);
/* Gives back some of the price of a paid trade; see model_refund_given. */
int model_give_back(struct model *m, struct model_trade *t, const char *number, int64_t amount,
                    const struct model_given *given);
/* It will never be paid, or all of it was given back. */
void model_end(struct model *m, struct model_trade *t, int reason);

#endif
