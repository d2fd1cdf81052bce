/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that survives its server. It keeps a book of everything it asked for and was told; the server is
 * killed again and again on the same store, and after each kill the book and the store must agree:
 *
 *  1. What was answered is in the store, once, with the figures that were answered.
 *  2. What is in the store was asked for, and once.
 *  3. The same request with the same key gets the same bytes again, whatever happened in between.
 *  4. When everything has its answer, the sums of the book are the balances of the store to the cent.
 *
 * The book and the load belong to the main thread; the thread that kills only knows a process number.
 */
#ifndef TESTS_CRASH_CRASH_H
#define TESTS_CRASH_CRASH_H

#include "app/city.h"
#include "doors/tokens.h"
#include "load/child.h"
#include "load/driver.h"
#include "load/random.h"

#define OPS_MAX 1500000u /* of one round: one store with a book of its own */
#define OP_NONE UINT32_MAX
#define SHOPS_MAX 64
#define LIST_MAX 50

enum op_kind {
    OP_pay,           /* the till scans a pay code */
    OP_create,        /* a trade with a QR of its own */
    OP_counter,       /* the shopper pays at the counter's QR */
    OP_pay_again,     /* the same number of a payment under another key: a till that forgot its key */
    OP_qr_pay,        /* of a created trade */
    OP_confirm,
    OP_decline,
    OP_refund,
    OP_cancel,        /* by trade_id */
    OP_cancel_number, /* by the number of a payment, perhaps before it arrived */
    OP_top_up,
    OP_withdraw,
    OP_KIND_COUNT,
};

/* One request that changes something, from its making to the end of the round. Its number names it everywhere. */
struct op {
    uint8_t kind;
    uint8_t terminal;    /* of the shop */
    bool answered;
    uint16_t http_status;
    uint16_t shop;
    uint16_t life;       /* in which it was last answered */
    uint32_t about;      /* the op that opened the trade, itself for openers; OP_NONE for wallet moves */
    uint32_t shopper;
    uint32_t sent, fresh; /* times sent; answers that were not marked as repeated */
    int64_t step;        /* minute of the pay code */
    int64_t amount_minor;
    char *answer;        /* without the number of the request in problems; owned */
    uint32_t answer_size;
    /* Of openers: what answers said of the trade. Of refunds: what went back. */
    bool paid, cancelled;
    int64_t trade_id;
    int64_t paid_minor, discount_minor;
};

enum fault_kind {
    FAULT_KIND_lost,    /* answered, and not in the store */
    FAULT_KIND_doubled, /* in the store without its cause, or twice, or decided again */
    FAULT_KIND_differs, /* the same request, another answer; or other figures in the store */
    FAULT_KIND_sums,
    FAULT_KIND_audit,
    FAULT_KIND_server,  /* it ended by itself, or answered what it should never answer */
    FAULT_KIND_COUNT,
};

struct book {
    const struct city_settings *city;
    struct op *ops; /* OPS_MAX */
    uint32_t count;
    uint16_t life;
    bool database;     /* a commit may be told late: what it answered is then found under its key, as a repeat */
    bool forging;      /* a canary: faults are counted and not told */
    uint64_t faults[FAULT_KIND_COUNT];
    uint64_t told;
    /* Figures for the report, over all rounds. */
    uint64_t answered, repeated, late, payments, refused, found, landed; /* landed: in the store, not answered */
};

/* ---- crash_book.c ---- */

void book_init(struct book *book);
void book_release(struct book *book);
/* Forgets the ops of the round; the figures stay. */
void book_turn(struct book *book);
struct op *book_add(struct book *book, enum op_kind kind, uint32_t about);
void book_fault(struct book *book, enum fault_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* An answer came for a request that was sent when the op was answered already, or not. */
void book_answer(struct book *book, uint32_t index, bool answered_before, int status, bool replayed,
                 struct span body);
uint32_t book_open_count(const struct book *book);
/* The member `key` of an answer, strings without their quotes; false when it is missing or null. */
bool member(struct span json, const char *key, struct span *value);
int64_t member_i64(struct span json, const char *key);

/* ---- crash_check.c: the book against the store, which nobody serves now ---- */

/* `settled`: everything has its answer, so the sums must agree as well. */
void store_check(struct book *book, const char *store, bool settled);

/* ---- crash_load.c: the load on one server ---- */

struct slot {
    enum { SLOT_op, SLOT_lookup, SLOT_list } what;
    uint32_t op;
    bool answered_before;
};

struct load {
    struct book *book;
    const struct city_settings *city;
    const struct tokens *tokens;
    struct hmac_key paycode_key;
    struct random_source random;
    char (*counters)[512]; /* the shops' static QR payloads */
    uint32_t shop_count;
    int64_t step;          /* the test clock's minute */
    uint64_t codes_used;   /* pay codes shown at this minute: every shopper has three */
    bool settle_only;      /* no new requests: the queue, then the end */
    uint32_t *queue;       /* ops to send (again); LOOKUP_BIT: to be looked up */
    uint32_t queue_count, queue_capacity;
    uint32_t leads[4096];  /* openers that wait for somebody's next step */
    uint32_t lead_count;
    uint32_t paid[1024];   /* openers paid lately, for refunds */
    uint32_t paid_count;
    struct slot slots[DRIVER_CONNECTIONS_MAX];
    uint32_t flying;
    uint64_t lookups, lists, busy, cut;
};

void load_init(struct load *load, struct book *book, const struct city_settings *city, const struct tokens *tokens,
               uint64_t seed);
void load_release(struct load *load);
/* Before each server: what has no answer is sent again, what was answered lately too. */
void load_queue(struct load *load, uint16_t answered_since);
/* The trade of an op that was answered is looked up next. */
void load_lookup(struct load *load, uint32_t op);
enum make load_make(void *context, uint32_t slot, struct request_out *out);
void load_done(void *context, uint32_t slot, const struct answer_in *answer);

/* ---- crash_stage.c: a city, its store, and what was found; servers are started by others ---- */

#define READY_TIMEOUT_US INT64_C(60000000)
#define STOP_TIMEOUT_US INT64_C(60000000)
#define PATH_SIZE 512

struct stage {
    const char *program;
    char folder[PATH_SIZE], store[PATH_SIZE], key[PATH_SIZE], log[PATH_SIZE]; /* `store`: a file, or a database */
    struct city_kind kinds[2];
    struct city_campaign campaigns[2];
    struct policy_row policy;
    struct city_settings city;
    uint32_t city_count;
    struct tokens *tokens;
    struct book book;
    struct load load;
    struct random_source random;
    uint64_t seed;
    uint64_t audits, lookups, lists, cut, busy;
    unsigned cases, failed;
};

bool stage_begin(struct stage *stage, const char *program);
/* Ends the TAP; returns the exit status. */
int stage_end(struct stage *stage);
/* A city in `store`, its key in `key`, and the load on it; false when there is none. */
bool stage_city(struct stage *stage, uint64_t shoppers);
void stage_city_end(struct stage *stage);
/* The clock goes on once most of a minute's codes are shown; otherwise the next server stands at the same. */
void minute_move(struct load *load);
bool counters_read(struct stage *stage, const struct http_address *address);
void audit_check(struct stage *stage, const char *store);
void log_show(const struct stage *stage);
void tap(struct stage *stage, bool fine, const char *what);
uint64_t environment_u64(const char *name, uint64_t otherwise);
/* A payment that one request alone has brought about. */
uint32_t paid_find(const struct book *book);
/* How many faults of the kind a check finds, which are not real ones. */
uint64_t forged_faults(struct stage *stage, const char *store, enum fault_kind kind);

struct cluster;
/* The database of the stage once more, under another name. Nobody may be connected to it. */
void stage_database_copy(const struct stage *stage, struct cluster *cluster, char copy[PATH_SIZE]);
/*
 * A copy of the database forgets one payment, which must be found. It is one that the book knows as answered: the
 * newest of the database may have been committed in the moment of a kill, and then nobody was told of it.
 */
void canary_of_payment(struct stage *stage, struct cluster *cluster);

#endif
