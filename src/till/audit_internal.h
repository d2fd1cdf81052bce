/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the audit's files only: what it remembers, and how it says that something does not agree. */
#ifndef TILL_AUDIT_INTERNAL_H
#define TILL_AUDIT_INTERNAL_H

#include "engine/command.h"
#include "engine/engine_rows.h"
#include "ledger/ledger_rows.h"
#include "till/audit.h"
#include "till/audit_line.h"
#include "till/audit_map.h"
#include "till/audit_royalty.h"
#include "till/till_rows.h"

#define AUDIT_LINES_MAX 4

struct audit_account {
    int64_t owner_id;
    int64_t unit_purpose; /* index of the unit times 256, plus the purpose */
    int64_t balance;
    int64_t last_transfer_id;
    int64_t touches; /* by legs; negative once its row was seen */
};

struct audit_shop {
    int64_t shop_id;
    int64_t merchant_id;
    int64_t zone_minutes;
    int64_t currency;
};

struct audit_shopper {
    int64_t shopper_id;
    int64_t first_paid_at_us;
    int32_t payments; /* as its row says, less those that were found: 0 at the end */
    int16_t other_person; /* 1: its person is in `persons` */
    int16_t first_found;  /* 1: the trade of first_paid_at_us was seen */
};

/* What the transfers of a hold must come to, less what they were: 0 at the end. */
struct audit_hold {
    int64_t hold_id;
    int64_t in, out;
};

/* A campaign at one of its targets. */
struct audit_offer {
    int64_t kind, id, campaign_id;
};

struct audit_campaign {
    int64_t campaign_id;
    int64_t spent_minor, uses;     /* as its row says, less what was found: 0 at the end */
    int64_t unit;
    int64_t given[2];              /* left of the discounts, by funder: platform, merchant */
    int64_t moved[2];              /* put into its budget accounts, less taken out, other than for trades */
    int64_t shop_counted_from_us;
    int32_t version, version_found;
};

struct audit_day {
    int64_t shop_id, day;
    struct shop_day_row sums;
};

/* One payment or refund, as the transfer must be that its row names. */
struct audit_posting {
    int64_t transfer_id;
    uint64_t print; /* of the legs, the cause and the reference */
};

struct audit_refund {
    int64_t trade_id;
    int64_t transfer_id, refund_id;
    int64_t paid_minor, discount_minor, amount_minor;
    int64_t at_us;
    int64_t shop_id, shopper_id;
    int32_t unit;
    bool escrow; /* of its trade */
    int32_t trade_found;
    uint32_t trade_index; /* of `refunded` */
};

/* A trade with refunds: what they returned to each funder, as a sum that the transfers must come to as well. */
struct audit_refunded {
    int64_t trade_id;
    uint64_t returned_print, found_print;
};

struct audit {
    struct reader *reader;
    struct audit_settings settings;
    struct audit_report *report;
    struct audit_memory memory;
    enum status status; /* of the tables read so far */
    uint64_t rows;      /* of the table that is being read */
    int64_t now_us, id_last; /* the furthest of all nodes */

    struct audit_map accounts, units, sums; /* sums: per unit */
    int64_t unit_last, unit_last_index;
    struct audit_map merchants, shops, terminals, shoppers, persons, endpoints, apps;
    struct audit_map campaigns, campaign_shops, days, holds, held;
    struct audit_map timers; /* by kind and subject */
    struct audit_list offers_wanted, offers_found;
    struct audit_list postings, refunds, refunded;
    struct audit_list details; /* trades of which more is known, in order */
    size_t posting_next, refund_next, refund_of_trade, detail_next;
    /* Of what counts, less of the rows that say how many: 0 at the end. */
    uint64_t uses_print, numbers_print, outbox_print, logons_print, apps_print;
    int64_t uses_left, numbers_left, outbox_left;
    bool stock, vouchers, slots;
    struct audit_list lines[AUDIT_LINES_MAX]; /* by place in product_lines: one item, the line's state */
    struct audit_map escrowed; /* trades whose price went into their escrow */
    struct audit_royalties royalties;
};

static inline bool audit_equal(struct audit *audit, struct audit_about about, const char *what, int64_t expected,
                               int64_t found)
{
    audit->report->laws[about.law].checks++;
    if (__builtin_expect(expected == found, 1)) {
        return true;
    }
    audit_differs(audit, about, what, expected, found);
    return false;
}

static inline bool audit_true(struct audit *audit, struct audit_about about, const char *what, bool holds)
{
    audit->report->laws[about.law].checks++;
    if (__builtin_expect(holds, 1)) {
        return true;
    }
    audit_wrong(audit, about, what);
    return false;
}

/* Returns false to end the scan. */
typedef bool audit_each(struct audit *audit, const void *row);
/* All rows of a table, each counted and shown to `each`, unless something went wrong before. */
void audit_scan(struct audit *audit, const struct table *table, audit_each *each);
/* The same again, to name a row: nothing is counted. `context` is handed through. */
void audit_search(struct audit *audit, const struct table *table, bool (*each)(void *context, const void *row),
                  void *context);
/* audit_people.c: merchants, shops, terminals, shoppers, apps, tokens, devices, webhooks */
void audit_people(struct audit *audit);
void audit_people_end(struct audit *audit);
/* audit_campaign.c: campaigns, offers, uses, history */
void audit_campaigns(struct audit *audit);
void audit_campaigns_end(struct audit *audit);
int64_t audit_person(const struct audit *audit, int64_t shopper_id);
/* audit_trade.c: refunds, trades, their numbers, the shops' days */
void audit_trades(struct audit *audit);
void audit_trades_end(struct audit *audit);
/* A transfer with the cause trade_pay or trade_refund against the row that it belongs to. */
void audit_posting_match(struct audit *audit, const struct transfer_row *transfer);
/* audit_books.c: timers, holds, transfers, accounts */
void audit_timers(struct audit *audit);
void audit_books(struct audit *audit);
void audit_timers_end(struct audit *audit);
/* audit_line.c: what the lines of business add */
bool audit_lines_open(struct audit *audit);
void audit_lines_release(struct audit *audit);
void audit_lines_tables(struct audit *audit);
bool audit_line_trade(struct audit *audit, const struct trade_row *trade);
/* False: no line has this cause. */
bool audit_line_transfer(struct audit *audit, const struct transfer_row *transfer);
void audit_lines_end(struct audit *audit);
/* The line that has this purpose; NULL: none. */
const struct audit_line *audit_line_of_purpose(int32_t purpose);
bool audit_line_owner_known(const struct audit *audit, int64_t owner_id, int32_t purpose);

#endif
