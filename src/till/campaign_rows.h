/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the campaign: its rules and sums, where it is offered, who used it, its history. */
#ifndef TILL_CAMPAIGN_ROWS_H
#define TILL_CAMPAIGN_ROWS_H

#include "engine/row.h"
#include "people/people_rows.h"

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
    AUDIENCE_new = 2, /* shoppers without a trade that was paid and not refunded in full; each account by itself */
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
    int64_t shop_budget_minor;  /* most in one shop, from the first limit on; 0: no limit */
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
    int64_t shop_counted_from_us; /* when a limit per shop first was set; what is given since counts; 0: never */
    int32_t stopped;            /* 1: the platform paused it, and only the platform resumes it */
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

/* What a campaign gave in one shop since it first limited that. */
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

extern const struct table campaign_table;
extern const struct table offers_table;
extern const struct table campaign_use_table;
extern const struct table campaign_shop_table;
extern const struct table campaign_change_table;
extern const struct shape target_shape;
extern const char *const campaign_kinds[], *const campaign_states[], *const campaign_audiences[];
extern const char *const target_kinds[], *const budget_ends[];

#endif
