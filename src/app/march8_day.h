/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that play 8 March: what somebody has to do, and where the day stands. */
#ifndef APP_MARCH8_DAY_H
#define APP_MARCH8_DAY_H

#include "app/march8.h"

#define MARCH8_CONNECTIONS 128
#define ROUND_DINNER MARCH8_ROUNDS

enum act_kind {
    ACT_claim,   /* press for a ticket */
    ACT_dinner,
    ACT_look,    /* at the voucher that was bought */
    ACT_redeem,
    ACT_return,
    ACT_book,
    ACT_arrive,
    ACT_enter,   /* the lottery */
    ACT_check,   /* whether it was won */
    ACT_packet,  /* send one */
    ACT_open,    /* one */
    ACT_clock,
    ACT_KIND_COUNT,
};

struct act {
    uint8_t kind;  /* enum act_kind */
    uint8_t again; /* done before: the answer must be the same, or, of a redemption, a refusal */
    uint8_t round; /* of tickets; ROUND_DINNER: of a restaurant */
    uint16_t place;
    uint32_t shopper;
    uint32_t serial; /* makes its key */
    int64_t id;      /* voucher, booking or packet; of a booking to make: its slot */
    int64_t key;     /* of a packet */
    char code[VOUCHER_CODE_SIZE];
    struct act *next;
};

/* Who has a ticket of which deal. */
struct holding {
    uint64_t who;     /* deal and shopper; 0: free */
    int64_t purchase; /* that it came of */
};

struct march8_play {
    struct played *played;
    const struct march8 *day;
    const struct demo_settings *settings;
    struct march8_book *book;
    struct random_source random;
    struct act flights[MARCH8_CONNECTIONS];
    uint32_t in_flight;
    struct act *first[MARCH8_STEPS + 1], **last[MARCH8_STEPS + 1];
    uint64_t waiting;
    struct act *spent;
    struct act_block *blocks;
    uint32_t step;
    bool clock_moving;
    /* what nobody has decided yet, in this step */
    uint64_t presses, bookings, dinners, entries;
    uint64_t bookings_left, booking_tries;
    uint8_t round;
    uint32_t serial;
    struct holding *holdings; /* open addressing, a power of two */
    uint64_t holdings_count;
    uint32_t (*booked)[MARCH8_SLOTS]; /* rooms, by house and hour */
    int64_t *tickets; /* of the lottery by number, from 1 */
    uint32_t *entrants; /* by number: the shopper */
    uint64_t entrant_count;
    int64_t step_begun_us, shown_us;
    uint64_t shown_requests;
    int64_t begun_us;
};

/* Adds an act, copied, `steps` from now. */
void act_add(struct march8_play *play, const struct act *act, uint32_t steps);
/* Writes the request of an act. */
void act_write(struct march8_play *play, const struct act *act, struct http_request *http);
/* ---- march8_answer.c ---- */
void act_answered(struct march8_play *play, const struct act *act, const struct answer_in *answer);
/* The draw computed again from what entrants were told, and what the server shows of it. */
void lottery_verify(struct march8_play *play);

#endif
