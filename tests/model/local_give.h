/* SPDX-License-Identifier: Apache-2.0 */
/* The model's give-aways: who claimed, who entered, who was drawn. */
#ifndef TESTS_MODEL_LOCAL_GIVE_H
#define TESTS_MODEL_LOCAL_GIVE_H

#include "model/local.h"

#define MODEL_GIVES 4

struct local_claim {
    int shopper; /* -1: the person has none */
    int64_t number, ticket_id, at_us;
    int voucher, purchase; /* -1: none */
    bool won;
};

struct local_gift {
    int deal;
    bool lottery, drawn;
    int64_t starts_us, ends_us, pay_in_s, winners, claims, renewed;
    uint8_t seed[32], chain[32];
    struct local_claim by[MODEL_PEOPLE]; /* by person */
};

struct local_gifts {
    int count;
    struct local_gift of[MODEL_GIVES];
};

extern struct local_gifts gifts;

/* Each returns the number of a refusal, or 0. `trade_id`: of the trade that it opens, at a token price. */
int local_claim(struct model *m, int gift, int shopper, bool pay_later, bool confirmed, int64_t trade_id);
/* `ticket_id`: that the till gives. */
int local_enter(struct model *m, int gift, int shopper, int64_t ticket_id);
int64_t local_gift_due(int *gift);
void local_gift_draw(struct model *m, int gift);

#endif
