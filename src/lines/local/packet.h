/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Red packets: an amount of a shopper's wallet or a shop's takings for a number of people, who open it one after the
 * other. What each gets is drawn (lines/local/draw.h) or even, at least the smallest unit, and to the cent the whole.
 * The SHA-256 of the seed is told when it is made, the seed when it is over. One part for each person. What nobody
 * opened in time returns to who sent it, by a timer.
 *
 * A packet of a shopper's is opened with its key, which only the sender is shown and which goes along with what is
 * sent to friends; without it there is no such packet. One that is for all is opened by its id alone.
 *
 * What a shopper puts into packets counts as payments of the day that were confirmed: asking for it is the
 * confirmation. Called from decisions. Times in us, money in minor units.
 */
#ifndef LINES_LOCAL_PACKET_H
#define LINES_LOCAL_PACKET_H

#include "engine/read.h"
#include "lines/local/packet_rows.h"

#define PACKET_PEOPLE_MAX INT64_C(10000000)

const struct packet_row *packet_ask(struct view *view, int64_t packet_id);
const struct packet_claim_row *packet_claim_ask(struct view *view, int64_t packet_id, int64_t person_id);
/* What opens a packet that is not for all. */
int64_t packet_key(const struct packet_row *packet);

/* Of packet_create. */
struct packet_create {
    int32_t sender_kind; /* enum party_kind */
    int64_t sender_id;
    char greeting[NAME_SIZE];
    int64_t amount_minor;
    int64_t people;
    int32_t split; /* 0: random */
    int32_t for_all;
    int32_t expires_in_s; /* 0: a day */
    uint8_t seed[DRAW_SEED_SIZE]; /* by the door */
};

/* Of packet_claim. */
struct packet_open {
    int64_t packet_id;
    int64_t shopper_id; /* 0: the caller */
    int64_t packet_key;
};

/* Of packet_query. */
struct packet_look {
    int64_t packet_id;
    int64_t packet_key;
};

/* A packet as people see it. */
struct packet {
    struct packet_row row;
    int64_t packet_key; /* for its sender; otherwise 0 */
};

extern const struct command packet_create, packet_claim, packet_query;
extern const struct command packet_return; /* the timer's */

extern const struct read packet_list, packet_claim_list;

#endif
