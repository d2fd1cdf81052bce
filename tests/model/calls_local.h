/* SPDX-License-Identifier: Apache-2.0 */
/* What the calls of the local line share. */
#ifndef TESTS_MODEL_CALLS_LOCAL_H
#define TESTS_MODEL_CALLS_LOCAL_H

#include "lines/local/deal_rows.h"
#include "model/local.h"
#include "model/pair.h"

/* One more deal on sale, of a kind of enum deal_kind; 0: of any that is sold. `free`: what is given costs nothing. */
void deal_open(struct run *run, int kind, bool free);
/* Keeps what the till calls a purchase that the model has just made, and compares it. */
void purchase_note(struct run *run, int index, const struct purchase_row *row);
/* Learns what the till calls the vouchers that the model has made since it was asked last. */
void vouchers_learn(struct run *run);

#endif
