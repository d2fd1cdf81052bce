/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of red packets: what is in one, and who opened it. */
#ifndef LINES_LOCAL_PACKET_ROWS_H
#define LINES_LOCAL_PACKET_ROWS_H

#include "lines/local/draw.h"
#include "people/people_rows.h"

enum packet_state {
    PACKET_open = 1,
    PACKET_emptied = 2,  /* all of it was taken */
    PACKET_returned = 3, /* its time was over; what was left went back */
};

enum packet_split {
    PACKET_random = 1,
    PACKET_even = 2,
};

struct packet_row {
    int64_t packet_id;
    int32_t sender_kind; /* enum party_kind: a shopper or a shop */
    int64_t sender_id;
    char greeting[NAME_SIZE];
    int32_t currency;
    int32_t split;       /* enum packet_split */
    int32_t for_all;     /* 1: whoever knows its id may open it */
    int32_t state;       /* enum packet_state */
    int64_t amount_minor;
    int64_t people;      /* of people who may open it */
    int64_t left_minor;  /* not taken yet; once returned: what went back */
    int64_t left_people;
    int64_t created_at_us;
    int64_t expires_at_us;
    int64_t ended_at_us; /* emptied or returned */
    int64_t transfer_id; /* that filled it */
    int64_t return_transfer_id; /* 0: nothing went back */
    uint8_t secret[DRAW_SEED_SIZE]; /* never shown before the end */
    uint8_t seed_hash[SHA256_SIZE];
    uint8_t seed[DRAW_SEED_SIZE];   /* the secret, once it is over; zeros before */
};

/* One person's part; shoppers of one person share it. */
struct packet_claim_row {
    int64_t packet_id;
    int64_t person_id;
    int64_t shopper_id;
    int64_t number; /* in the order in which they opened it, from 1 */
    int64_t amount_minor;
    int64_t at_us;
    int64_t transfer_id;
};

extern const struct table packet_table;
extern const struct table packet_claim_table;
extern const char *const packet_states[], *const packet_splits[];

#endif
