/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Campaigns: who gets what where and when, paid from a budget that is money moved in beforehand. Changing a
 * live campaign is a command like any other and leaves its history. Ending one gives the rest of the budget
 * back to the bank; what refunds return to it later goes the same way at once. A merchant may make campaigns
 * for its own shops and change them until the platform has put money in; from then on it may pause and end
 * them, and resume what it paused itself. Commands; the request of creating and changing is spelled out for
 * imports and tests.
 */
#ifndef TILL_CAMPAIGN_H
#define TILL_CAMPAIGN_H

#include "engine/command.h"
#include "till/till_rows.h"

/* The rules, without the sums that the till keeps. Members as in struct campaign_row. */
struct campaign_rules {
    int64_t campaign_id;
    char name[NAME_SIZE];
    int32_t kind;
    int32_t currency; /* 0: 156, CNY */
    int32_t percent_bp;
    int64_t amount_minor;
    int64_t low_minor, high_minor;
    int64_t cap_minor;
    int64_t min_spend_minor;
    int32_t uses_per_day;
    int32_t uses_per_person;
    int64_t uses_max;
    int64_t day_budget_minor;
    int64_t shop_budget_minor;
    int32_t audience; /* 0: all */
    int64_t starts_at_us, ends_at_us;
    int32_t minute_from, minute_to;
    int32_t weekdays;
    int32_t priority;
    int32_t combines;
    int32_t merchant_share_bp;
    int32_t at_budget_end; /* 0: go without */
    int64_t seed;          /* of a random cut, by the door */
    int32_t targets_count;
    struct target_row targets[TARGETS_MAX];
};

struct campaign_fund {
    int64_t campaign_id;
    int64_t platform_minor;
    int64_t merchant_minor;
};

/* A campaign as people see it: its rules, sums, and what its budget still holds. */
struct campaign {
    struct campaign_row row;
    int64_t left_platform_minor;
    int64_t left_merchant_minor;
    int64_t left_minor;
    int64_t budget_minor; /* left + spent */
};

extern const struct shape campaign_shape;

extern const struct command campaign_create, campaign_change, campaign_fund;
extern const struct command campaign_pause, campaign_resume, campaign_end, campaign_query;

#endif
