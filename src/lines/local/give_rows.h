/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of give-aways: what is given away of a deal and how, who claimed or entered, the entries of a lottery in
 * their order. A claim is one row of its person; whether there is something left is said by the deal's own stock.
 */
#ifndef LINES_LOCAL_GIVE_ROWS_H
#define LINES_LOCAL_GIVE_ROWS_H

#include "lines/local/draw.h"
#include "people/people_rows.h"

enum give_kind {
    GIVE_claim = 1,   /* first come, first served */
    GIVE_lottery = 2, /* drawn among all who entered in time */
};

enum give_state {
    GIVE_open = 1,    /* from its beginning to its end */
    GIVE_handing = 2, /* a lottery that is drawn, and whose winners are getting what they won */
    GIVE_drawn = 3,
};

/* A deal of kind DEAL_give belongs to one give-away. */
struct give_row {
    int64_t deal_id;
    int64_t merchant_id;
    int32_t kind;  /* enum give_kind */
    int32_t state; /* enum give_state */
    int64_t starts_at_us, ends_at_us; /* to exclusive; a lottery is drawn when it ends */
    int32_t pay_in_s;      /* at a token price: how long what was claimed waits for its payment */
    int64_t claims;        /* numbers given to who claimed or entered */
    int64_t renewed;       /* of them, to people who claimed anew what they had not paid in time */
    int64_t winners;       /* of a lottery: as promised; when drawn: how many there were */
    int64_t handed;        /* of a lottery: winners that have what they won */
    int64_t created_at_us;
    int64_t drawn_at_us;
    int64_t due_us;        /* of a lottery's timer; 0: it has none any more */
    uint8_t secret[DRAW_SEED_SIZE]; /* never shown before the draw */
    uint8_t seed_hash[SHA256_SIZE];    /* of the secret */
    uint8_t chain[SHA256_SIZE];     /* over all entries so far */
    uint8_t seed[DRAW_SEED_SIZE];   /* the secret, once it is drawn; zeros before */
};

/* One person's claim or entry; shoppers of one person share it. */
struct give_claim_row {
    int64_t deal_id;
    int64_t person_id;
    int64_t shopper_id;
    int64_t number;      /* in the order in which they came, from 1 */
    int64_t ticket_id;   /* of a lottery */
    int64_t at_us;
    int64_t voucher_id;  /* that was given, of several the first; 0: none */
    int64_t purchase_id; /* at a token price; 0: none */
    int32_t won;         /* of a lottery that is drawn: 1: what was won was handed out */
};

/* Whose ticket has this number. */
struct lottery_entry_row {
    int64_t deal_id;
    int64_t number;
    int64_t ticket_id;
    int64_t person_id;
};

extern const struct table give_table;
extern const struct table give_claim_table;
extern const struct table lottery_entry_table;
extern const char *const give_kinds[], *const give_states[];

#endif
