/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Give-aways: a bounded number of vouchers for nothing or at a token price, from a given instant on, one for each
 * person; and lotteries. What may be given is the stock of a deal of kind DEAL_give, so that never more is given than
 * there is, however many ask in the same second; who is first is said by the order in which the engine decides.
 *
 *   - A claim is idempotent by its content and takes no request key: the same person again gets the same answer, also
 *     after everything is gone. A refused claim writes nothing.
 *   - A free claim makes its voucher at once. At a token price it is a purchase: paid from the wallet, or waiting for
 *     its payment in any way; one that was never paid goes back to the stock, and its person may claim again.
 *   - A lottery takes entries until it ends. The SHA-256 of its seed is told before; a timer draws (lines/local/draw.h
 *     says how), shows the seed, and hands out the vouchers. Whoever entered sees place and chain, won or not.
 *
 * Called from decisions. Times in us, money in minor units of the deal's currency.
 */
#ifndef LINES_LOCAL_GIVE_H
#define LINES_LOCAL_GIVE_H

#include "engine/read.h"
#include "lines/local/give_rows.h"
#include "lines/local/voucher_rows.h"

#define GIVE_WINNERS_MAX INT64_C(10000000)
#define LOTTERY_HAND_OUT 16 /* winners who get what they won by one decision */

const struct give_row *give_ask(struct view *view, int64_t deal_id);
const struct give_claim_row *give_claim_ask(struct view *view, int64_t deal_id, int64_t person_id);
const struct lottery_entry_row *lottery_entry_ask(struct view *view, int64_t deal_id, int64_t number);

/* Of give_create. */
struct give_rules {
    int64_t deal_id;
    int32_t kind;
    int64_t starts_at_us, ends_at_us; /* 0: as the deal is on sale */
    int32_t pay_in_s;
    int64_t winners;
    uint8_t seed[DRAW_SEED_SIZE]; /* by the door */
};

/* Of give_claim and lottery_enter. */
struct give_want {
    int64_t deal_id;
    int64_t shopper_id; /* 0: the caller */
    int32_t pay_later;  /* of a claim at a token price: 1: it waits until it is paid in any way */
    int32_t confirmed;  /* by the shopper, with a second factor */
};

/* What a claim brought. */
struct give_claimed {
    int64_t deal_id;
    int64_t shopper_id;
    int64_t number;
    int64_t at_us;
    int64_t voucher_id;
    char code[VOUCHER_CODE_SIZE];
    int64_t purchase_id;
    int64_t trade_id;
    int32_t trade_state;
    int64_t price_minor;
};

struct give_ref {
    int64_t deal_id;
};

/* Of lottery_check. */
struct lottery_ref {
    int64_t deal_id;
    int64_t shopper_id;
};

/* What somebody has of a lottery. */
struct lottery_ticket {
    int64_t deal_id;
    int64_t shopper_id;
    int64_t number;
    int64_t ticket_id;
    int64_t at_us;
    int32_t drawn;
    int32_t won;
    int64_t entries;   /* when drawn */
    int64_t winners;
    int64_t place;     /* from 1; won when it is not above `winners`; 0: not drawn */
    int64_t voucher_id;
    char code[VOUCHER_CODE_SIZE];
    uint8_t seed_hash[SHA256_SIZE];
    uint8_t chain[SHA256_SIZE]; /* over all entries, when drawn */
    uint8_t seed[DRAW_SEED_SIZE];
};

extern const struct command give_create, give_claim, give_query;
extern const struct command lottery_enter, lottery_check;
extern const struct command lottery_draw; /* the timer's */

extern const struct read give_list, give_claim_list, lottery_entry_list;

#endif
