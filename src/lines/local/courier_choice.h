/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which courier a delivery goes to, and why it is that one: every courier of the shop gets a verdict that people can
 * read. Whoever could be at the kitchen first is chosen; among equals who has waited longest, then the lower id.
 *
 * Pure, whole numbers only; any thread.
 */
#ifndef LINES_LOCAL_COURIER_CHOICE_H
#define LINES_LOCAL_COURIER_CHOICE_H

#include "lines/local/geo.h"

#define COURIER_M_PER_S 5          /* how fast couriers are taken to be */
#define COURIER_OPEN_S 600         /* and how long each delivery that they have keeps them */
#define COURIER_SEEN_US INT64_C(600000000) /* whose place is older may be anywhere */

/* Numbers are frozen: they are in rows. */
enum courier_verdict {
    COURIER_chosen = 1,
    COURIER_later = 2,    /* could come, but another would be there first */
    COURIER_off_duty = 3,
    COURIER_full = 4,     /* has as many deliveries as it takes */
    COURIER_unseen = 5,   /* has not said for long where it is */
    COURIER_declined = 6, /* did not want this delivery, or did not answer */
    COURIER_gone = 7,     /* does not work for the shop any more */
};

struct courier_candidate {
    int64_t courier_id;
    bool works_here, on_duty, declined;
    int32_t open, open_most;  /* deliveries it has, and takes at once */
    struct position place;
    int64_t seen_at_us;       /* when it was there */
    int64_t idle_since_us;    /* when it brought its last one */
    /* filled in */
    int64_t distance_m;       /* to the kitchen; 0 when its place is not known */
    int64_t wait_s;           /* until it could be at the kitchen; 0 when it cannot come */
    enum courier_verdict verdict;
};

/* Fills in all candidates; returns the index of the chosen one, or -1. */
int32_t courier_choose(struct position kitchen, int64_t now_us, struct courier_candidate *candidates, size_t count);

#endif
