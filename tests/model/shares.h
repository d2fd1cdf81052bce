/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model's royalties and transfers: shares of a trade's takings, what refunds take back of them, and money that
 * goes into wallets otherwise. Parties are named by their kind, as in the till, and their index.
 */
#ifndef TESTS_MODEL_SHARES_H
#define TESTS_MODEL_SHARES_H

#include "model/model.h"

#define MODEL_PARTS 12
#define MODEL_SETTLES 8
#define MODEL_SETTLE_LINES 5
#define MODEL_TRANSFERS 200

struct model_line_of {
    int kind, who;
    int64_t amount, percent; /* percent: of the price, when there is no amount */
};

struct model_settle {
    char number[16];
    bool finish;
    int count;
    struct model_line_of lines[MODEL_SETTLE_LINES];
};

struct model_part {
    int kind, who;
    int64_t paid, left;
};

struct model_split {
    bool finished;
    int part_count, settle_count;
    struct model_part parts[MODEL_PARTS];
    struct model_settle settles[MODEL_SETTLES];
};

struct model_transfer {
    int payer_kind, payer, payee;
    char number[16];
    int64_t amount;
};

/* The shares of a trade; NULL: nothing was ever split. */
const struct model_split *model_split_of(const struct model *m, int trade);

/* Each returns the number of a refusal, or 0. */
int model_settle_make(struct model *m, int trade, const struct model_settle *want);
/* One receiver's share by now, of a refund of `amount`: what it gives back; the whole is refused or taken. */
int model_split_back(struct model *m, int trade, int64_t amount, const struct model_given *given,
                     int64_t back[MODEL_PARTS]);
/* Whether `given` is what came back. */
bool model_split_told(const struct model *m, int trade, const struct model_given *given,
                      const int64_t back[MODEL_PARTS]);
int model_transfer_make(struct model *m, const struct model_transfer *want);

#endif
