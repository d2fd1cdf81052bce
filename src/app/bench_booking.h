/* SPDX-License-Identifier: Apache-2.0 */
/*
 * onetill bench --booking: everybody wants seats of one cinema in the same second. Shoppers pick two seats in some
 * row, and when somebody was faster they take the best two that are left; some press twice, some cancel. What was
 * answered is counted by seat: none may have two bookings, and the server must say the same of each. Shared with
 * bench.c only. The generator is this process, on one thread.
 */
#ifndef APP_BENCH_BOOKING_H
#define APP_BENCH_BOOKING_H

#include "app/bench_rush.h"

#define BENCH_SEATS_MAX 100000

struct bench_booking {
    uint32_t connections;
    uint64_t shoppers, shows, seats; /* seats: of all shows */
    int64_t rush_us;                 /* from the first press to the last booking's answer */
    uint64_t bookings, cancelled, repeated, bookings_per_second;
    uint64_t sold;                   /* seats that have a booking in the end, by the answers */
    uint64_t overlaps;               /* seats that were answered to two bookings at a time */
    uint64_t differing;              /* seats of which the server says something else */
    uint64_t taken, gaps, full;      /* refused: somebody was faster, a single seat left, the show sold out */
    uint64_t answers_5xx, odd;       /* odd: no answer, or one that breaks a promise */
    struct bench_rush_latency winners, losers, again;
    bool audited;
    struct audit_report audit;
    int64_t audit_us;
};

/* On a server that was just started on a fresh city. False: something could not be done at all. */
MUST_CHECK bool bench_booking_run(const struct bench_settings *settings, struct bench_server *server,
                                  struct bench_booking *booking);
bool bench_booking_holds(const struct bench_booking *booking);
void bench_booking_words(const struct bench_booking *booking);
void bench_booking_json(const struct bench_booking *booking);

#endif
