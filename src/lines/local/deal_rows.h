/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of deals: what is sold, where it is valid and found. Who bought it and what became of it is in purchase_rows.h.
 *
 * A deal is sold in copies and redeemed in pieces: a copy of a times card has ten, one of a bundle has those of all
 * its parts. Accounts of the unit deal_id count pieces.
 */
#ifndef LINES_LOCAL_DEAL_ROWS_H
#define LINES_LOCAL_DEAL_ROWS_H

#include "engine/row.h"
#include "people/people_rows.h"

#define DEAL_PARTS_MAX 5        /* merchants' shares of one bundle */
#define DEAL_PART_NAME_SIZE 64
#define DEAL_SHOPS_MAX 80       /* shops of one deal */
#define DEAL_CLOSED_DAYS_MAX 16 /* days on which it is not valid */
#define DEAL_PIECES_MAX 100     /* of one copy */
#define DEAL_COPIES_MAX INT64_C(100000000) /* of a deal, in all */
#define DEAL_ID_LEAST INT64_C(1000000001) /* the id is a unit as well, and units up to there are currencies */
#define SHOP_DEALS_MAX 100      /* live and paused deals of one shop */

enum deal_kind {
    DEAL_voucher = 1,      /* one piece, one use */
    DEAL_bundle = 2,       /* parts of several merchants, settled apart */
    DEAL_times = 3,        /* a card of several visits */
    DEAL_stored_value = 4, /* worth face_minor, spent in amounts */
    DEAL_group = 5,        /* only when enough people buy it in time */
    DEAL_give = 6,         /* given away: claimed, not bought */
};

enum deal_state {
    DEAL_live = 1,
    DEAL_paused = 2,
    DEAL_ended = 3,
};

/* What a holder may return, and until when. */
enum deal_refund {
    DEAL_REFUND_any_time = 1, /* also after it lapsed */
    DEAL_REFUND_until_expiry = 2,
    DEAL_REFUND_never = 3,
};

enum group_state {
    GROUP_none = 0, /* no group deal */
    GROUP_open = 1,
    GROUP_stands = 2,
    GROUP_failed = 3, /* everyone gets his money back */
};

enum deal_category {
    CATEGORY_none = 0, /* not said */
    CATEGORY_dining = 1,
    CATEGORY_drinks = 2,
    CATEGORY_film = 3,
    CATEGORY_karaoke = 4,
    CATEGORY_sports = 5,
    CATEGORY_beauty = 6,
    CATEGORY_leisure = 7,
    CATEGORY_family = 8,
    CATEGORY_lodging = 9,
    CATEGORY_travel = 10,
    CATEGORY_services = 11,
    CATEGORY_other = 12,
};

/* What one merchant does for a copy, and what of the price it is paid for. */
struct deal_part {
    int64_t merchant_id;
    char name[DEAL_PART_NAME_SIZE];
    int32_t pieces;
    int64_t share_minor; /* of the price; all shares add up to it */
};

struct deal_row {
    int64_t deal_id;
    int64_t merchant_id; /* who sells it */
    int64_t shop_id;     /* in whose name: trades are this shop's */
    int32_t kind;        /* enum deal_kind */
    int32_t state;       /* enum deal_state */
    int32_t stopped;     /* 1: the platform paused it, and only the platform resumes it */
    int32_t category;    /* enum deal_category */
    char title[NAME_SIZE];
    int32_t currency;
    int64_t price_minor; /* of a copy; 0 only when it is given away */
    int64_t list_price_minor; /* what it costs without the deal; 0: not said */
    int64_t face_minor;  /* of stored value */
    int32_t pieces_each; /* of a copy: the sum of its parts' */
    int64_t sale_from_us, sale_until_us;   /* until exclusive */
    int64_t valid_from_us, valid_until_us; /* when it may be redeemed; until exclusive */
    int32_t valid_days;  /* and at most so many days after it was bought; 0: no such limit */
    int32_t weekdays;    /* bit 0 Monday .. bit 6 Sunday; 0: all */
    int32_t minute_from, minute_to; /* of the day in the shop's zone, to exclusive; from > to: over midnight; same:
                                       all day */
    int32_t closed_days_count;
    struct deal_day_closed {
        int32_t day; /* yyyymmdd */
    } closed_days[DEAL_CLOSED_DAYS_MAX];
    int32_t copies_per_person; /* 0: no limit */
    int32_t commission_bp;     /* of what is earned; goes to the platform */
    int32_t refund;            /* enum deal_refund */
    int32_t lapse_refunds;     /* 1: what is left when it lapses is paid back by itself */
    int64_t group_least;       /* people who must have paid by group_until_us */
    int64_t group_until_us;
    int32_t group_state;       /* enum group_state */
    int64_t seed;              /* codes are derived from it; by the door, never shown */
    int32_t version;           /* grows with every change */
    int64_t created_at_us;
    int32_t parts_count;
    struct deal_part parts[DEAL_PARTS_MAX];
    int64_t group_settle_us; /* when the timer that settles the group is due; 0: it does not run */
    int64_t group_next_id;   /* the purchase that is settled next; 0: none */
};

/* What is said of a deal, and where it is valid: not needed to sell and to redeem it. */
struct deal_detail_row {
    int64_t deal_id;
    char rules[1200];   /* in plain words */
    char picture[257];  /* address; may be empty */
    int32_t shops_count;
    struct deal_shop {
        int64_t shop_id;
        int32_t parts; /* bit i: part i is redeemed there */
    } shops[DEAL_SHOPS_MAX];
    int32_t changed_by_kind; /* who changed it last */
    int64_t changed_by_id;
    int64_t changed_at_us;
};

/* A deal at a shop: where it is valid, and by its cell where it is found. */
struct deal_place_row {
    int64_t deal_id;
    int64_t shop_id;
    int32_t parts; /* bit i: part i is redeemed there */
    int64_t cell;  /* place.h; -1: not to be found: the deal is paused or ended, or the shop has no position */
    int32_t latitude_e6, longitude_e6; /* degrees, in millionths */
    int32_t category;
    int64_t price_minor;
    int64_t sale_from_us, sale_until_us;
};

/* Minutes of a day in the shop's zone, to exclusive; from > to: over midnight; both 0: closed; 0 and 1440: all day. */
struct open_hours {
    int32_t minute_from, minute_to;
};

/* Where a shop is and when it is open, what people think of it, and which deals it has. */
struct shop_place_row {
    int64_t shop_id;
    int32_t placed; /* 1: it has a position */
    int32_t latitude_e6, longitude_e6;
    int32_t category;
    char address[257];
    int32_t hours_count; /* 0: not said; 7: Monday to Sunday */
    struct open_hours hours[7];
    int64_t reviews;
    int64_t stars; /* of all reviews together, 1 to 5 each */
    int32_t rating_tenths; /* of the mean, rounded half up; 0: no review yet */
    int32_t deals_count;
    struct id_row deals[SHOP_DEALS_MAX]; /* live and paused ones */
};

extern const struct table deal_table;
extern const struct table deal_detail_table;
extern const struct table deal_place_table;
extern const struct table shop_place_table;
extern const struct shape deal_part_shape, open_hours_shape, deal_shop_shape, deal_day_closed_shape;
extern const char *const deal_kinds[], *const deal_states[], *const deal_refunds[], *const group_states[];
extern const char *const deal_categories[];

#endif
