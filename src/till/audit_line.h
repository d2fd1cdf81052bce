/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the audit of a line of business is made of. It runs within one audit_run, on its thread and snapshot: first
 * its tables, then each of its trades and each transfer whose cause is one of its own, in the order of their ids,
 * and at the end what only the whole can say. What it remembers lies in maps and lists that count against the
 * audit's memory.
 */
#ifndef TILL_AUDIT_LINE_H
#define TILL_AUDIT_LINE_H

#include "ledger/ledger_rows.h"
#include "till/audit.h"
#include "till/audit_map.h"
#include "till/trade_rows.h"

struct audit;

/* What a check is about. `row` may be NULL. */
struct audit_about {
    enum audit_law law;
    const struct table *table;
    const void *row;
};

struct audit_line {
    size_t state_size;                /* bytes of what it remembers; zeroed before `begin` */
    int32_t cause_first, cause_last;  /* its own causes of transfers */
    int32_t purpose_first, purpose_last; /* its own purposes of accounts */
    /* Sets up maps and lists with audit_memory_of(audit), and gives them back. */
    void (*begin)(struct audit *audit, void *state);
    void (*release)(struct audit *audit, void *state);
    /* After people, campaigns and timers; before trades and books. */
    void (*tables)(struct audit *audit, void *state);
    /* Each of its trades. Returns false when the memory is used up, as the others do. */
    bool (*trade)(struct audit *audit, void *state, const struct trade_row *trade);
    bool (*transfer)(struct audit *audit, void *state, const struct transfer_row *transfer);
    /* When every transfer and account was seen. */
    void (*end)(struct audit *audit, void *state);
    /* The law that an account of one of its purposes obeys, and whether the owner exists. */
    enum audit_law (*law)(int32_t purpose);
    bool (*owner_known)(const struct audit *audit, const void *state, int64_t owner_id, int32_t purpose);
};

struct audit_memory *audit_memory_of(struct audit *audit);

/* A check that failed: `what` in words, and what was expected and found. */
void audit_differs(struct audit *audit, struct audit_about about, const char *what, int64_t expected, int64_t found);
/* The same where there are no two numbers to show. */
void audit_wrong(struct audit *audit, struct audit_about about, const char *what);
/* Checks, which are counted. Return whether they held. `what` says what is wrong, or which number it is about. */
bool audit_expect(struct audit *audit, struct audit_about about, const char *what, bool holds);
bool audit_expect_equal(struct audit *audit, struct audit_about about, const char *what, int64_t expected,
                        int64_t found);

/* An id that the engine gave, and a time that it stamped, are not beyond where the progress rows stand. */
void audit_id_known(struct audit *audit, struct audit_about about, int64_t id);
void audit_time_known(struct audit *audit, struct audit_about about, int64_t at_us);

/* Returns false to end the scan. */
typedef bool audit_each_line(struct audit *audit, void *state, const void *row);
/* All rows of a table, each counted and shown to `each`, unless something went wrong before. */
void audit_scan_line(struct audit *audit, const struct table *table, audit_each_line *each, void *state);
/* The same of a table that another part, or the till, counts. */
void audit_look_line(struct audit *audit, const struct table *table, audit_each_line *each, void *state);
/* Whether every table so far could be read, and the memory sufficed. */
bool audit_reading(const struct audit *audit);
/* Memory ran out: the audit ends. Returns false for use as what an `each` returns. */
bool audit_too_large(struct audit *audit);

/* The one timer of something that waits; marks it as used. */
void audit_timer_claim(struct audit *audit, struct audit_about about, int64_t due_us, int32_t kind, int64_t subject_id);
/* What the transfers made of an account; 0 when none touched it. Known when the line's `end` is called. */
int64_t audit_balance(struct audit *audit, int64_t owner_id, int32_t purpose, int64_t unit);

/* Who exists; known when the line's `tables` is called. */
bool audit_shop_known(const struct audit *audit, int64_t shop_id);
int64_t audit_shop_merchant(const struct audit *audit, int64_t shop_id); /* 0: there is no such shop */
bool audit_merchant_known(const struct audit *audit, int64_t merchant_id);
bool audit_shopper_known(const struct audit *audit, int64_t shopper_id);
int64_t audit_shop_zone_minutes(const struct audit *audit, int64_t shop_id); /* 0: there is no such shop */
int32_t audit_shop_currency(const struct audit *audit, int64_t shop_id);

/* A number for two numbers, all of whose bits count. */
uint64_t audit_pair_print(int64_t first, int64_t second);
/* A number in which every leg of a posting counts, whatever their order. */
uint64_t audit_leg_print(int64_t from_owner, int32_t from_purpose, int64_t to_owner, int32_t to_purpose, int64_t unit,
                         int64_t amount);
uint64_t audit_legs_print(const struct transfer_row *transfer);

#endif
