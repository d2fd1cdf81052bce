/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the till: pay code devices, trades, refunds, campaigns, webhook deliveries, day sums, policy. */
#ifndef TILL_TILL_ROWS_H
#define TILL_TILL_ROWS_H

#include "engine/row.h"
#include "ledger/ledger_rows.h"
#include "people/people_rows.h"

/* A shopper's device that shows pay codes. Its secret is derived from the master key and never stored. */
struct device_row {
    int64_t device_id; /* the alias in its pay codes: a random number below 10^9 */
    int64_t shopper_id;
    int32_t revoked;
    int64_t last_step; /* the newest minute whose code was accepted; it and all before are burnt */
    int64_t last_shop_id;
    int64_t last_terminal_id;
    int64_t created_at_us;
};

enum trade_state {
    TRADE_wait_buyer_pay = 1,
    TRADE_success = 2,
    TRADE_finished = 3, /* paid, and no refund is possible any more */
    TRADE_closed = 4,
};

enum trade_way {
    WAY_scan = 1,    /* the shop scanned the shopper's pay code */
    WAY_dynamic = 2, /* the shopper scanned the trade's QR */
    WAY_static = 3,  /* the shopper scanned the counter's QR and typed the amount */
};

enum close_reason {
    CLOSE_none = 0,
    CLOSE_timeout = 1,
    CLOSE_cancelled = 2, /* by the shop, whatever had happened */
    CLOSE_closed = 3,    /* by the shop, while unpaid */
    CLOSE_declined = 4,  /* by the shopper */
    CLOSE_refunded = 5,  /* in full */
};

/* One campaign's part of a trade. What is left of each part after refunds is kept beside it. */
struct discount_row {
    int64_t campaign_id;
    int64_t platform_minor;
    int64_t merchant_minor;
    int64_t platform_left_minor;
    int64_t merchant_left_minor;
};

struct trade_row {
    int64_t trade_id;
    int64_t merchant_id;
    int64_t shop_id;
    int64_t terminal_id; /* 0: none named */
    int64_t shopper_id;  /* 0: not known yet */
    char out_trade_no[NUMBER_SIZE];
    char subject[NAME_SIZE];
    int32_t currency;
    int32_t state; /* enum trade_state */
    int32_t way;   /* enum trade_way */
    int32_t close_reason;
    int64_t list_minor;     /* the price before discounts */
    int64_t discount_minor; /* list_minor = discount_minor + paid_minor once paid */
    int64_t paid_minor;
    int64_t paid_left_minor; /* of paid_minor, after refunds */
    int64_t left_minor;      /* of list_minor, after refunds: what may still be refunded */
    int32_t confirmed;       /* the shopper confirmed it */
    int32_t day;             /* yyyymmdd in the shop's zone when paid */
    int64_t created_at_us;
    int64_t paid_at_us;
    int64_t closed_at_us;
    int64_t expires_at_us;
    int64_t transfer_id; /* of the payment */
    int32_t refund_count;
    int32_t discounts_count;
    struct discount_row discounts[DISCOUNTS_MAX];
};

/* The merchant's number of a trade. The number comes first in the key: numbers are mostly given in order. */
struct trade_number_row {
    char out_trade_no[NUMBER_SIZE];
    int64_t merchant_id;
    int64_t trade_id;
};

struct refund_row {
    int64_t trade_id;
    char out_request_no[NUMBER_SIZE];
    int64_t refund_id;
    int64_t amount_minor;   /* of the list price */
    int64_t paid_minor;     /* back to the shopper */
    int64_t discount_minor; /* back to the campaigns' budgets */
    char reason[NAME_SIZE];
    int64_t at_us;
    int64_t transfer_id;
};

/* What a shop took on a day of its own zone. */
struct shop_day_row {
    int64_t shop_id;
    int32_t day; /* yyyymmdd */
    int64_t payments;
    int64_t list_minor;
    int64_t discount_minor;
    int64_t paid_minor;
    int64_t refunds;
    int64_t refunded_paid_minor;
    int64_t refunded_discount_minor;
};

enum campaign_kind {
    CAMPAIGN_percentage = 1,  /* percent_bp of the price off */
    CAMPAIGN_amount_off = 2,  /* spend min_spend_minor, get amount_minor off */
    CAMPAIGN_fixed_price = 3, /* the price becomes amount_minor */
    CAMPAIGN_random_cut = 4,  /* a random amount between low and high with mean amount_minor */
};

enum campaign_state {
    CAMPAIGN_live = 1,
    CAMPAIGN_paused = 2,
    CAMPAIGN_ended = 3,
};

enum target_kind {
    TARGET_all = 1, /* every shop; id 0 */
    TARGET_merchant = 2,
    TARGET_shop = 3,
    TARGET_set = 4, /* shops that name this set */
};

enum campaign_audience {
    AUDIENCE_all = 1,
    AUDIENCE_new = 2, /* shoppers who have never paid */
};

enum at_budget_end {
    BUDGET_END_go_without = 1, /* the payment goes through undiscounted */
    BUDGET_END_refuse = 2,     /* the payment is refused */
};

struct target_row {
    int32_t kind; /* enum target_kind */
    int64_t id;
};

#define TARGETS_MAX 8

struct campaign_row {
    int64_t campaign_id;
    char name[NAME_SIZE];
    int32_t state;    /* enum campaign_state */
    int32_t kind;     /* enum campaign_kind */
    int32_t currency;
    int32_t percent_bp;         /* 5000 is half price */
    int64_t amount_minor;       /* by kind: off, price, or mean */
    int64_t low_minor, high_minor; /* of a random cut */
    int64_t cap_minor;          /* most per trade; 0: no cap */
    int64_t min_spend_minor;
    int32_t uses_per_day;       /* of one person; 0: no limit */
    int32_t uses_per_person;    /* in all; 0: no limit */
    int64_t uses_max;           /* of everybody; 0: no limit */
    int64_t day_budget_minor;   /* most in one day; 0: no limit */
    int64_t shop_budget_minor;  /* most in one shop; 0: no limit */
    int32_t audience;           /* enum campaign_audience */
    int64_t starts_at_us, ends_at_us;
    int32_t minute_from, minute_to; /* of the day in the shop's zone, to exclusive; both 0: all day */
    int32_t weekdays;           /* bit 0 Monday .. bit 6 Sunday; 0: all */
    int32_t priority;           /* higher goes first */
    int32_t combines;           /* 1: may be combined with others that combine */
    int32_t merchant_share_bp;  /* of each discount, paid from the merchant's share of the budget */
    int32_t at_budget_end;      /* enum at_budget_end */
    int64_t seed;               /* of a random cut; given by the door, never shown */
    int32_t targets_count;
    struct target_row targets[TARGETS_MAX];
    int32_t version;            /* grows with every change */
    int64_t created_at_us;
    int64_t uses;               /* trades that got it, less those refunded in full */
    int64_t spent_minor;        /* discounts given, less what refunds returned */
    int32_t day;                /* yyyymmdd of day_spent_minor, in the zone of the shop */
    int64_t day_spent_minor;
    int64_t empty_at_us;        /* when a payment first found the budget too short; 0: not yet */
};

/* Live and paused campaigns of one target. */
struct offers_row {
    int32_t kind; /* enum target_kind */
    int64_t id;
    int32_t campaigns_count;
    struct id_row campaigns[OFFERS_MAX];
};

/* How often one person used a campaign. */
struct campaign_use_row {
    int64_t campaign_id;
    int64_t person_id;
    int32_t uses;
    int32_t day; /* yyyymmdd of day_uses */
    int32_t day_uses;
};

/* What a campaign gave in one shop; kept only when the campaign limits it. */
struct campaign_shop_row {
    int64_t campaign_id;
    int64_t shop_id;
    int64_t spent_minor;
};

/* One entry of a campaign's history: what it was after a change, who changed it and when. */
struct campaign_change_row {
    int64_t campaign_id;
    int32_t version;
    int32_t caller_kind;
    int64_t caller_id;
    int64_t at_us;
    char what[32]; /* create, fund, pause, resume, change, end */
    int64_t amount_minor; /* of a funding */
    struct pack after; /* the packed campaign row */
};

struct endpoint_row {
    int64_t endpoint_id;
    int64_t merchant_id;
    char url[512];
    int32_t disabled;
    int32_t generation; /* of its secret */
    int64_t created_at_us;
};

enum delivery_state {
    DELIVERY_pending = 1,
    DELIVERY_done = 2,
    DELIVERY_failed = 3, /* given up after the last attempt */
};

enum delivery_topic {
    TOPIC_trade_paid = 1,
    TOPIC_trade_closed = 2,
    TOPIC_trade_refunded = 3,
    TOPIC_trade_waiting = 4,
};

/* The outbox: an event on its way to an endpoint. */
struct delivery_row {
    int64_t delivery_id;
    int64_t endpoint_id;
    int64_t merchant_id;
    int32_t topic; /* enum delivery_topic */
    int64_t subject_id; /* trade */
    int64_t created_at_us;
    int32_t state; /* enum delivery_state */
    int32_t attempts;
    int64_t next_at_us; /* of the next attempt */
    int32_t last_status; /* HTTP status of the last attempt; 0: no answer */
    int64_t last_at_us;
    struct pack payload; /* the trade's answer as it was then, packed */
};

/* What an operator may set for the whole till; missing: the defaults of till/policy.h. */
struct policy_row {
    int32_t one; /* always 1 */
    int64_t day_static_minor;
    int64_t day_code_minor;
    int64_t day_confirmed_minor;
    int64_t no_password_minor;
    int64_t wallet_max_minor;
    int64_t trade_max_minor;
    int32_t code_misses_terminal;
    int32_t code_misses_shop;
    int32_t pay_timeout_s;
    int32_t confirm_timeout_s;
    int32_t sandbox; /* 1: magic amounts provoke refusals */
};

extern const struct table device_table;
extern const struct table trade_table;
extern const struct table trade_number_table;
extern const struct table refund_table;
extern const struct table shop_day_table;
extern const struct table campaign_table;
extern const struct table offers_table;
extern const struct table campaign_use_table;
extern const struct table campaign_shop_table;
extern const struct table campaign_change_table;
extern const struct table endpoint_table;
extern const struct table delivery_table;
extern const struct table policy_table;

extern const struct shape target_shape;
extern const char *const trade_states[], *const trade_ways[], *const close_reasons[];
extern const char *const campaign_kinds[], *const campaign_states[], *const campaign_audiences[];
extern const char *const target_kinds[], *const budget_ends[], *const delivery_states[], *const delivery_topics[];

#endif
