/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of deals and purchases only. */
#ifndef LINES_LOCAL_DEAL_INTERNAL_H
#define LINES_LOCAL_DEAL_INTERNAL_H

#include "ledger/ledger.h"
#include "lines/local/deal.h"

#define DEAL_COMMISSION_DEFAULT_BP 500
#define DEAL_COMMISSION_LEAST_BP 300 /* that a merchant may say */

/* What a group's refund is called in its trade. */
#define REFUND_OF_GROUP "onetill:group"

extern const struct shape deal_rules_shape, deal_change_shape, deal_ref_shape;

struct deal_ref {
    int64_t deal_id;
};

/* Where a shop is, as people see it. */
struct shop_place {
    struct shop_place_row row;
    char name[NAME_SIZE];
};
extern const struct shape shop_place_shape;

struct deal_day_row *deal_sum_change(struct view *view, int64_t deal_id);
const struct deal_buyer_row *deal_buyer_ask(struct view *view, int64_t deal_id, int64_t person_id);
/* Copies come on sale. */
MUST_CHECK enum refusal deal_stock_change(struct view *view, struct moment *at, const struct deal_row *deal,
                                          int64_t copies);
void deal_fill(struct view *view, const struct deal_row *row, struct deal *deal);
void deal_note(struct view *view, const struct moment *at, struct deal_row *deal);

/* deal_rules.c: a check_fn. */
bool deal_rules_check(const void *request, struct complaint *complaint);

/* deal_place.c: where a deal is found follows from the deal, its shops and where they are. */

/* Writes the deal into the places of its shops, or takes it off them once it has ended: deals_full. */
MUST_CHECK enum refusal deal_places_write(struct view *view, const struct deal_row *deal,
                                          const struct deal_detail_row *detail);
/* Forgets that it is valid at a shop. */
void deal_place_remove(struct view *view, int64_t deal_id, int64_t shop_id);

/* deal_state.c */
MUST_CHECK enum refusal deal_finish(struct view *view, struct moment *at, struct deal_row *deal);

/* deal_group.c: has the timer settle the group from its last purchase on. */
void group_settle_begin(struct view *view, const struct moment *at, struct deal_row *deal, enum group_state state);

/* purchase.c */
MUST_CHECK enum refusal purchase_issue(struct view *view, struct moment *at, const struct deal_row *deal,
                                       struct purchase_row *purchase, const struct trade_row *trade);
MUST_CHECK enum refusal purchase_refund(struct view *view, struct moment *at, const struct deal_row *deal,
                                        struct purchase_row *purchase);
void purchase_fill(struct view *view, const struct purchase_row *row, struct purchase *purchase);

#endif
