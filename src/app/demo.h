/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demo's parts: demo.c makes the city, starts the server and tells the story; demo_day.c plays the tills
 * and phones of the day; demo_book.c keeps what they were answered; demo_report.c says what came of it.
 *
 * The books are the client's own: every figure in them comes from an answer that a till or a phone got, never
 * from the server's sums, and is compared with those at the end. All of it belongs to one thread.
 */
#ifndef APP_DEMO_H
#define APP_DEMO_H

#include <stdio.h>

#include "app/double12.h"
#include "app/played.h"
#include "base/civil.h"
#include "load/driver.h"

#define DEMO_REFUSALS_MAX 64
#define DEMO_MINUTES (DOUBLE12_MINUTE_TO - DOUBLE12_MINUTE_FROM)
#define DEMO_FAULT_SIZE 256

struct demo_settings {
    int64_t seconds; /* that the day shall take */
    uint32_t shoppers;
    uint64_t seed;
    uint32_t scale; /* of 8 March: one part in so many */
    bool march8;    /* that day, and not 12 December */
    bool exit, json;
    const char *listen, *store;
};

/* What was answered, added up. */
struct demo_book {
    uint64_t payments, refunds, cancelled;
    int64_t list_minor, discount_minor, paid_minor;
    int64_t refunded_paid_minor, refunded_discount_minor;
    int64_t given_minor[DOUBLE12_CAMPAIGNS]; /* before refunds */
    uint64_t given[DOUBLE12_CAMPAIGNS];
    uint64_t by_way[3]; /* scanned, trade's QR, counter's QR */
    struct {
        char code[40];
        uint64_t count;
    } refusals[DEMO_REFUSALS_MAX];
    size_t refusal_count;
    uint64_t repeats_without_effect; /* the same request again, the same answer again */
    uint64_t closed_unknown; /* outcomes that nobody knew, closed by asking and cancelling */
    uint64_t half_sent, unread, dribbled, abandoned;
    uint64_t waited, confirmed, declined, left_waiting;
    uint64_t minute_payments[DEMO_MINUTES + 1];
    struct histogram latency; /* of payments by scanned code at the first try */
    uint64_t faults;          /* answers that break a promise */
    char fault[DEMO_FAULT_SIZE]; /* the first of them */
    int64_t day_us;           /* how long the day took */
};

/* ---- demo_book.c ---- */

enum demo_answer {
    DEMO_paid,
    DEMO_waits, /* for the shopper */
    DEMO_closed,
    DEMO_refused,
    DEMO_again, /* not decided: busy or late */
    DEMO_odd,   /* counted as a fault */
};

/* What the shopper is due, for checking receipts: kept per shopper. */
enum shopper_flag {
    SHOPPER_supermarket = 1, /* had the once-only half price */
    SHOPPER_drink = 2,
    SHOPPER_department = 4,
    SHOPPER_given_back = 8, /* something was refunded: what is due is not followed any more */
};

struct demo_bought {
    uint32_t shop, shopper;
    int64_t amount_minor;
    uint32_t minute;
    int way;            /* index of by_way */
    bool before_unsure; /* the answer may be of an earlier try */
};

__attribute__((format(printf, 2, 3))) void demo_fault(struct demo_book *book, const char *format, ...);
/* The code of a problem document; counted as a refusal unless it says to come again. */
enum demo_answer demo_refusal(struct demo_book *book, struct span body);
/* A trade as it was answered; a paid one is checked against the campaigns and booked. */
enum demo_answer demo_trade(struct demo_book *book, const struct double12 *day, uint8_t *shopper_flags,
                            const struct demo_bought *bought, struct span body);
/* A refund, and a trade that was cancelled after it was booked. */
void demo_refunded(struct demo_book *book, struct span body);
void demo_given_back(struct demo_book *book, struct span body);
/* A trade that was closed by its number: when it had been paid, that is booked first. */
void demo_undone(struct demo_book *book, const struct double12 *day, uint8_t *shopper_flags,
                 const struct demo_bought *bought, struct span body);
uint64_t demo_refusals_of(const struct demo_book *book, const char *code);

/* ---- demo_day.c ---- */

struct demo_budget {
    int64_t funded_minor[DOUBLE12_CAMPAIGNS];
};

/* Plays the day. False with a sentence in the book's `fault` when the server is not there any more. */
bool demo_play(struct played *played, const struct double12 *day, const struct demo_settings *settings,
               struct demo_budget *budget, struct demo_book *book);
/* From a signal handler: no more requests. */
void demo_stop(void);

/* ---- demo_report.c ---- */

/* What the server says. */
struct demo_server {
    uint64_t payments, refunds, shop_days;
    int64_t list_minor, discount_minor, paid_minor, refunded_paid_minor, refunded_discount_minor;
    struct {
        int64_t budget_minor, left_minor, spent_minor, uses;
        char empty_at[INSTANT_TEXT_SIZE]; /* empty: it never was */
    } campaigns[DOUBLE12_CAMPAIGNS];
    int64_t spent_minor; /* of all campaigns */
    struct played_audit audit;
};

/* Reads what the server says. False when it does not answer. */
MUST_CHECK bool demo_ask(struct played *played, struct demo_server *server);
/* Whether the books of both sides agree to the cent and the audit holds; the first difference as a sentence. */
bool demo_agrees(const struct demo_book *book, const struct demo_server *server, char *why, size_t why_size);
void demo_report_words(FILE *to, const struct demo_settings *settings, const struct double12 *day,
                       const struct demo_book *book, const struct demo_server *server, bool agrees, const char *why);
void demo_report_json(FILE *to, const struct demo_settings *settings, const struct double12 *day,
                      const struct demo_book *book, const struct demo_server *server, bool agrees, const char *why);

#endif
