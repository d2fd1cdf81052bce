/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 8 March 2014, as it is played by `onetill demo --day 0308`: the whole country is invited to sing, dine and see a
 * film for 3.8 yuan. How many cinemas, karaoke houses and restaurants there were, tickets and bookings, are those of
 * the day; the scale divides what people do, never the places. Who presses where and when is drawn from a seed.
 *
 *     march8_city.c    the places with what they give away, offer and let book; people with money
 *     march8_day.c     what is due when, the clock, requests
 *     march8_answer.c  what the answers lead to, and the books that phones and counters keep of them
 *     march8_report.c  what the server says, and whether both agree
 *
 * The day goes in steps of ten minutes; the clock moves on when all that was due is done. One thread.
 */
#ifndef APP_MARCH8_H
#define APP_MARCH8_H

#include <signal.h>

#include "app/demo.h"
#include "lines/local/local.h"
#include "load/progress.h"
#include "load/random.h"

#define MARCH8_CINEMAS 288
#define MARCH8_KARAOKE 230
#define MARCH8_RESTAURANTS 800
#define MARCH8_TICKETS 2016000 /* "over two million", 7,000 for a cinema in the mean */
#define MARCH8_BOOKINGS 35000
#define MARCH8_DINNERS 160000
#define MARCH8_PRICE_MINOR 380
#define MARCH8_SCALE_MOST 10000
#define MARCH8_SCALE_USUAL 50

#define MARCH8_DAY 20140308                           /* a Saturday */
#define MARCH8_MIDNIGHT_US INT64_C(1394208000000000)  /* 2014-03-08T00:00:00+08:00 */
#define MARCH8_STEP_MINUTES 10
#define MARCH8_STEPS 144
#define MARCH8_STEP(hour, minute) (((hour) * 60 + (minute)) / MARCH8_STEP_MINUTES)
#define MARCH8_FROM MARCH8_STEP(9, 50)                /* the first are too early */
#define MARCH8_DRAW MARCH8_STEP(20, 0)                /* of the lottery */
#define MARCH8_TO MARCH8_STEP(23, 0)
#define MARCH8_ROUNDS 2                               /* tickets are given away at 10:00 and at 15:00 */
#define MARCH8_SLOTS 12                               /* hours of karaoke, from noon on */
#define MARCH8_WINNERS 38
#define MARCH8_PACKETS 38
#define MARCH8_PACKET_PEOPLE 8
#define MARCH8_PACKET_MINOR 3800
#define MARCH8_MERCHANTS 60

struct march8 {
    uint64_t seed;
    uint32_t scale;
    uint32_t shoppers, bookings, dinners, entrants;
    uint32_t stock[MARCH8_ROUNDS][MARCH8_CINEMAS]; /* tickets */
    uint32_t tickets;  /* of all cinemas and rounds */
    uint32_t rooms;    /* of each karaoke house, at a time */
    struct random_table cinemas, karaoke, restaurants; /* how much they are wanted */
};

void march8_init(struct march8 *day, uint64_t seed, uint32_t scale);
void march8_release(struct march8 *day);

/* Ids; places are numbered from 0, kind by kind. */
static inline int64_t march8_cinema_id(uint32_t cinema)
{
    return 1001 + (int64_t)cinema;
}
static inline int64_t march8_karaoke_id(uint32_t house)
{
    return 2001 + (int64_t)house;
}
static inline int64_t march8_restaurant_id(uint32_t restaurant)
{
    return 3001 + (int64_t)restaurant;
}
static inline int64_t march8_shopper_id(uint32_t shopper)
{
    return 1000001 + (int64_t)shopper;
}
static inline int64_t march8_ticket_deal(uint32_t round, uint32_t cinema)
{
    return INT64_C(2000010001) + 10000 * (int64_t)round + cinema;
}
static inline int64_t march8_dinner_deal(uint32_t restaurant)
{
    return INT64_C(2000050001) + restaurant;
}
#define MARCH8_LOTTERY_DEAL INT64_C(2000090001)
static inline int64_t march8_resource_id(uint32_t house)
{
    return 5001 + (int64_t)house;
}
static inline int64_t march8_step_us(uint32_t step)
{
    return MARCH8_MIDNIGHT_US + (int64_t)step * MARCH8_STEP_MINUTES * 60000000;
}
int64_t march8_dinner_minor(uint32_t restaurant);

/* ---- march8_city.c ---- */

/* Makes the city in a new store. `*interrupted` ends it early. False with a sentence in `error`. */
MUST_CHECK bool march8_build(const struct march8 *day, const char *store, struct progress *progress,
                             const volatile sig_atomic_t *interrupted, char *error, size_t error_size);

/* ---- the books of phones and counters ---- */

struct march8_book {
    uint64_t requests;
    uint64_t tickets, early, gone, repeats, unheard;
    uint64_t dinners, redeemed, redeemed_twice, refused_twice, returned;
    uint64_t bookings, full, arrived, overlaps;
    uint64_t entries, checked, won;
    uint64_t packets, opened, packets_empty;
    int64_t paid_minor, redeemed_minor, commission_minor, returned_minor, booked_minor;
    int64_t packed_minor, opened_minor;
    struct {
        char code[40];
        uint64_t count;
    } refusals[DEMO_REFUSALS_MAX];
    size_t refusal_count;
    uint64_t faults; /* answers that break a promise */
    char fault[DEMO_FAULT_SIZE];
    struct histogram won_latency, lost_latency, counter_latency;
    int64_t rush_us; /* real time of the two rounds */
    int64_t day_us;
};

__attribute__((format(printf, 2, 3))) void march8_fault(struct march8_book *book, const char *format, ...);

/* ---- march8_day.c ---- */

/* Plays the day. False when the server is not there any more, with a sentence in the book's `fault`. */
bool march8_play(struct played *played, const struct march8 *day, const struct demo_settings *settings,
                 struct march8_book *book);
/* From a signal handler: no more requests. */
void march8_stop(void);

/* ---- march8_report.c ---- */

struct march8_server {
    int64_t sold_copies, sold_minor, redeemed_pieces, redeemed_minor, returned_pieces, returned_minor;
    int64_t earned_minor, commission_minor, escrow_minor, stock_copies, given_copies;
    struct played_audit audit;
};

MUST_CHECK bool march8_ask(struct played *played, struct march8_server *server);
bool march8_agrees(const struct march8 *day, const struct march8_book *book, const struct march8_server *server,
                   char *why, size_t why_size);
void march8_report_words(FILE *to, const struct march8 *day, const struct march8_book *book,
                         const struct march8_server *server, bool agrees, const char *why);
void march8_report_json(FILE *to, const struct march8 *day, const struct march8_book *book,
                        const struct march8_server *server, bool agrees, const char *why);

#endif
