/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the royalty's files only. */
#ifndef TILL_ROYALTY_INTERNAL_H
#define TILL_ROYALTY_INTERNAL_H

#include "till/royalty_rows.h"

/* Whether the party is bound to the merchant: the row exists. */
const struct royalty_relation_row *royalty_relation_ask(struct view *view, int64_t merchant_id, struct party party);

#endif
