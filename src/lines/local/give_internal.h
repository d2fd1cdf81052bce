/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of give-aways only: what claims and entries have in common. */
#ifndef LINES_LOCAL_GIVE_INTERNAL_H
#define LINES_LOCAL_GIVE_INTERNAL_H

#include "engine/engine_rows.h"
#include "ledger/ledger.h"
#include "lines/local/give.h"
#include "people/people.h"

/* Who asks for something of which give-away. */
struct give_person {
    const struct give_row *give;
    const struct shopper_row *shopper;
    const struct give_claim_row *known; /* the person's; the row does not exist before the first time */
};

/* Who it is, and whether there is such a give-away; fills in who asks for himself. */
enum refusal give_person_check(struct view *view, const struct moment *at, struct give_want *want,
                               struct give_person *person);
/* Whether the shopper may take part now, or why not. */
enum refusal give_open_check(const struct moment *at, const struct give_person *person);
/* The person's claim or entry, with the next number. */
struct give_claim_row *give_claim_make(struct view *view, const struct moment *at, const struct give_person *person);
extern const struct shape give_want_shape, lottery_want_shape;

#endif
