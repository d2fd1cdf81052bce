/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the live page only. */
#ifndef DOORS_LIVE_INTERNAL_H
#define DOORS_LIVE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/json_out.h"
#include "doors/live.h"
#include "till/audit.h"
#include "till/till_rows.h"

#define LATEST_MAX 12
#define HISTORY_MAX 120
#define BURN_MAX 240         /* points of one campaign */
#define BURN_POINTS_MAX 1600 /* of all campaigns in one hello, which must fit a stream's buffer */
#define PACE_MAX 64          /* samples of one campaign for its pace */
#define LATENCY_SECONDS 10
#define REFUSALS_MAX 512     /* numbers of refusals are below it */
#define CAMPAIGN_SLOTS 1024 /* of the index, a power of two */
#define SECOND_SIZE_MAX (144 * 1024)
#define HELLO_SIZE_MAX (248 * 1024)

static_assert(CAMPAIGN_SLOTS >= 4 * LIVE_CAMPAIGNS_MAX, "the index of campaigns stays sparse");

struct law_state {
    bool broken;
    uint64_t checks; /* 0: there is nothing yet that the law speaks of */
    int64_t checked_at_us;
};

/* The running civil day; what lies outside of it is not counted. */
struct live_day {
    int64_t from_us, to_us;
    int64_t payments, refunds;
    int64_t amount_minor;
    int64_t discount_minor; /* from trades and refunds */
    int64_t budget_minor;   /* from the legs of transfers */
};

struct live_campaign {
    int64_t campaign_id;
    char name[NAME_SIZE];
    int32_t state;
    int64_t uses, spent_minor;
    int64_t left_minor[2]; /* of the platform's and the merchant's budget account */
    int64_t stamp, left_stamp[2]; /* of the images that these were taken from, on a shared store */
    int64_t empty_at_us;
};

struct live_payment {
    int64_t trade_id, shop_id, at_us;
    int64_t list_minor, discount_minor, paid_minor;
    int32_t state;
};

/* What the commits told. */
struct live_facts {
    uint64_t payments; /* since the start */
    uint64_t node_payments[NODES_MAX]; /* of them, by the process that decided them */
    uint64_t shop_changes;
    struct live_day day;
    uint64_t refusals[REFUSALS_MAX];        /* since the later of midnight and the start */
    struct live_payment latest[LATEST_MAX]; /* a ring: the newest at (latest_count - 1) % LATEST_MAX */
    uint64_t latest_count;
    int64_t balance_before_minor; /* sum of all balances at the start; 0 until it was read */
    int64_t balance_since_minor;  /* what commits changed of it */
    struct law_state laws[AUDIT_LAW_COUNT];
    uint32_t campaign_count;
    struct live_campaign campaigns[LIVE_CAMPAIGNS_MAX];
};

/* Timers that a commit sets, to be looked up by what they end. */
struct timer_set;

struct account_row;
struct live_watch {
    pthread_mutex_t lock; /* guards what follows */
    struct live_facts facts;
    uint16_t index[CAMPAIGN_SLOTS]; /* 1 + place of a campaign; 0: free */
    bool shared;
    uint64_t commit_number[NODES_MAX]; /* the last one seen of each node; 0: none */
    uint64_t summed_up_to[NODES_MAX];  /* of a shared store: these are in the sums of what happened before */
    int64_t commit_us;                 /* the engine's time in the last one */
    struct timer_set *timers;
};

struct arena;

void live_watch_init(struct live_watch *watch, struct arena *arena, int64_t now_us);
void live_watch_release(struct live_watch *watch);
commit_observer live_watch_commit;
/* Begins a new day when it is over. With the lock held. */
void live_day_roll(struct live_facts *facts, int64_t at_us);
/* A campaign or budget account as it stands in its row. With the lock held, or before the engine starts. */
void live_campaign_seen(struct live_watch *watch, const struct campaign_row *row, int64_t stamp);
void live_budget_seen(struct live_watch *watch, const struct account_row *account, int64_t at_us, int64_t stamp);

/* Counts `checks` of a law in; none is no news. With the lock held. */
void live_law_check(struct live_facts *facts, enum audit_law law, uint64_t checks, bool holds, int64_t at_us);
/* What a transfer gave from budgets for discounts, less what it brought back. */
int64_t live_budget_spent(const void *transfer_row);

/* ---- live_past.c: what happened before ---- */

struct live_past;

/* Campaigns and their budgets now; a snapshot for what live_past_start adds later. */
MUST_CHECK enum status live_past_open(struct live_past **past, struct arena *arena, struct store *store,
                                      struct live_watch *watch, int64_t now_us);
void live_past_start(struct live_past *past);
void live_past_stop(struct live_past *past);

/* ---- live_json.c ---- */

struct live_sample {
    int64_t at_us;
    uint64_t payments;
};

struct live_point {
    int64_t at_us;
    int64_t minor;
};

/* How a campaign burned so far: thinned out by half whenever it is full. */
struct live_burn {
    int64_t campaign_id;
    uint32_t count, every, passed; /* one point is kept of `every` seconds */
    struct live_point points[BURN_MAX];
    uint32_t pace_count;
    struct live_point pace[PACE_MAX]; /* ring of what was spent, by the server's clock */
    int64_t empty_at_us;              /* estimated; 0: none */
};

struct live_name {
    int64_t shop_id;
    char name[NAME_SIZE];
};

/* Everything that the two events say. */
struct live_news {
    const char *version, *store_name;
    int64_t started_at_us;
    bool test_clock;
    int64_t now_us;
    uint64_t payments_last_second;
    uint32_t node, node_count; /* this one; all that serve the database, none of a store that is not shared */
    struct store_node nodes[NODES_MAX];
    uint64_t node_payments[NODES_MAX]; /* as `nodes`, in the last second */
    uint64_t p50_us, p99_us, max_us;
    uint64_t connections, queue_depth;
    int64_t read_age_us; /* how old lists may be that a replica answers; negative: none did of late */
    struct live_facts facts;
    struct live_name names[LATEST_MAX];      /* as `facts.latest` */
    struct live_sample history[HISTORY_MAX]; /* ring */
    uint64_t history_count;
    struct live_burn burns[LIVE_CAMPAIGNS_MAX]; /* as `facts.campaigns` */
};

/* Whole events, ready to be sent; empty when something did not fit. */
struct span live_hello_write(const struct live_news *news, char *to, size_t capacity);
struct span live_second_write(const struct live_news *news, char *to, size_t capacity);

#endif
