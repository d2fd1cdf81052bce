/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the voucher: what somebody holds, by which code it is found, what shops redeemed of it, what shops may take
 * without a network, what of that did not hold, who waits for pieces of a deal that is sold out, and reviews.
 *
 * A voucher has pieces (a ticket one, a card of ten visits ten) and the money that was paid for them, counted in the
 * price before discounts as refunds are. Both are always somewhere:
 *
 *     pieces     = redeemed_pieces + returned_pieces + lapsed_pieces + pieces_left
 *     paid_minor = redeemed_minor  + returned_minor  + lapsed_minor  + left_minor
 *
 * A stored-value card has one piece, and a face value from which amounts are taken.
 */
#ifndef LINES_LOCAL_VOUCHER_ROWS_H
#define LINES_LOCAL_VOUCHER_ROWS_H

#include "engine/row.h"
#include "people/people_rows.h"

#define VOUCHER_CODE_SIZE 13 /* 12 digits and the terminating zero */
#define REVIEW_TEXT_SIZE 541
#define REPLY_TEXT_SIZE 301

enum voucher_state {
    VOUCHER_open = 1,     /* has pieces left */
    VOUCHER_redeemed = 2, /* nothing is left, and shops took the last of it */
    VOUCHER_returned = 3, /* the last of it was given back for its money */
    VOUCHER_lapsed = 4,   /* its time was over before the last of it was used */
};

struct voucher_row {
    int64_t voucher_id;
    char code[VOUCHER_CODE_SIZE]; /* for its holder's eyes; another one after it was given away */
    int64_t deal_id;
    int32_t part;        /* which of the deal's parts it is for */
    int64_t purchase_id; /* 0: it was given away for nothing */
    int64_t trade_id;    /* that paid it and whose escrow holds its money; 0: none */
    int64_t buyer_id;    /* shopper who got it first */
    int64_t holder_id;   /* shopper whose it is: its pieces are on this shopper's account */
    int32_t state;       /* enum voucher_state */
    int32_t currency;
    int64_t pieces, redeemed_pieces, returned_pieces, lapsed_pieces, pieces_left;
    int64_t paid_minor, redeemed_minor, returned_minor, lapsed_minor, left_minor;
    int64_t face_minor, face_left_minor; /* of stored value: what shops give for it; 0: it has none */
    int64_t issued_at_us;
    int64_t valid_until_us;
    int64_t due_us;           /* of its timer; 0: it has none */
    int64_t issue_transfer_id;
    int64_t last_redemption_id; /* of those that stand */
    int32_t redemptions;      /* that stand */
    int32_t gives;            /* how often it was given away */
    int32_t reviewed;
    int64_t kept_shop_id;     /* whose tills may take it without a network; 0: none, and kept_… are 0 too */
    int64_t kept_accept_us;   /* until when they may */
    int64_t kept_until_us;    /* until when they may say so: then the pieces return to the holder */
};

/* Which voucher a code names. A code that was given away names none any more. */
struct voucher_code_row {
    char code[VOUCHER_CODE_SIZE];
    int64_t voucher_id;
};

enum redemption_state {
    REDEMPTION_done = 1,
    REDEMPTION_undone = 2,
};

struct redemption_row {
    int64_t redemption_id;
    int64_t voucher_id;
    int64_t deal_id;
    int32_t part;
    int64_t shop_id;
    int64_t merchant_id;
    int64_t terminal_id; /* 0: none named */
    int64_t holder_id;   /* who held the voucher */
    int64_t trade_id;
    int32_t state;       /* enum redemption_state */
    int64_t pieces;      /* taken; of stored value 1 when it took the last of it, otherwise 0 */
    int64_t amount_minor;     /* of stored value: taken off the face */
    int64_t gross_minor;      /* out of the trade's escrow */
    int64_t commission_minor; /* of that, to the platform; the rest to the shop's takings */
    int32_t currency;
    int32_t offline;          /* 1: taken without a network, and told later */
    int64_t accepted_at_us;   /* when the shop took it */
    int64_t booked_at_us;
    int32_t day;              /* yyyymmdd in the shop's zone when it was booked */
    int64_t transfer_id;      /* 0: it moved neither pieces nor money */
    int64_t previous_id;      /* the voucher's redemption before this one */
    int32_t caller_kind;
    int64_t caller_id;
    int64_t undo_until_us;
    int64_t undone_at_us;
    int64_t undo_transfer_id;
};

/* Of one deal, what a shop may take without a network. What it has now is on its account offline_quota. */
struct voucher_quota_row {
    int64_t shop_id;
    int64_t deal_id;
    int64_t pieces;          /* most that may be set aside for it at a time */
    int64_t accept_until_us; /* no till takes any without a network afterwards */
    int64_t keep_until_us;   /* by then its tills must have told what they took */
    int64_t kept;            /* set aside so far */
    int64_t accepted;        /* of those, taken and told */
    int64_t conflicts;       /* told, and did not hold */
    int64_t changed_at_us;
};

/* Why what a till took without a network could not be redeemed. */
enum conflict_reason {
    CONFLICT_none = 0,
    CONFLICT_unknown = 1,   /* there is no voucher with this code, or it was given to somebody else since */
    CONFLICT_redeemed = 2,  /* nothing is left of it: it was redeemed before */
    CONFLICT_returned = 3,
    CONFLICT_lapsed = 4,
    CONFLICT_elsewhere = 5, /* it is set aside for another shop */
    CONFLICT_short = 6,     /* it has fewer pieces, or less value, left */
    CONFLICT_invalid = 7,   /* it was not valid in that shop at that time */
};

/* What a till took without a network and what could not be redeemed when it told so. */
struct conflict_row {
    int64_t conflict_id;
    int64_t shop_id;
    int64_t terminal_id;
    int64_t deal_id;    /* 0: the voucher is not known */
    int64_t voucher_id;
    char code[VOUCHER_CODE_SIZE];
    int64_t pieces;
    int64_t amount_minor;
    int64_t accepted_at_us;
    int64_t told_at_us;
    int32_t reason;     /* enum conflict_reason */
};

enum waiting_state {
    WAITING_waits = 1,
    WAITING_told = 2, /* that there are pieces again */
    WAITING_left = 3,
    WAITING_over = 4, /* the sale is */
};

/* A shopper who waits for copies of a deal. */
struct waiting_row {
    int64_t deal_id;
    int64_t shopper_id;
    int32_t state;    /* enum waiting_state */
    int32_t copies;   /* wanted */
    int64_t joined_at_us;
    int64_t told_at_us;
    int64_t number;   /* its place in the line */
    int32_t counted;  /* enum hoard_kind: among what its person keeps */
};

/* The line in front of a deal: places from first_number to next_number, less those who left. */
struct waiting_line_row {
    int64_t deal_id;
    int64_t first_number;
    int64_t next_number;
    int64_t waiting; /* how many */
    int64_t told;    /* in all */
    int64_t promised; /* copies that people were told of in the turn that lasts ... */
    int64_t turn_us, turn_from_us; /* ... until, and from */
    int64_t due_us;   /* when its timer looks at it; 0: it has none */
};

/* Who stands at a place of the line; there is no row when he left. */
struct waiting_place_row {
    int64_t deal_id;
    int64_t number;
    int64_t shopper_id;
};

/* What a shopper says of what was paid for and redeemed. One for each voucher. */
struct review_row {
    int64_t voucher_id;
    int64_t review_id;
    int64_t deal_id;
    int64_t shop_id;       /* where it was redeemed */
    int64_t merchant_id;
    int64_t shopper_id;
    int64_t trade_id;      /* that paid it */
    int64_t redemption_id;
    int32_t stars;         /* 1 to 5 */
    char text[REVIEW_TEXT_SIZE];
    int64_t written_at_us;
    char reply[REPLY_TEXT_SIZE]; /* the shop's; may be empty */
    int64_t replied_at_us;
};

extern const struct table voucher_table, voucher_code_table, redemption_table, voucher_quota_table; /* 58 to 61 */
extern const struct table conflict_table; /* 62 redemption_conflicts */
extern const struct table waiting_table, waiting_line_table, review_table, waiting_place_table; /* 63 to 66 */
extern const char *const voucher_states[], *const redemption_states[], *const waiting_states[];
extern const char *const conflict_reasons[];

#endif
