/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which campaigns a trade gets. All live campaigns of the shop's targets are judged; the combination with the
 * largest discount for the shopper wins: a single campaign, or up to DISCOUNTS_MAX of those that combine,
 * applied in order of priority, each on what the ones before left of the price. Ties go to fewer campaigns,
 * then to the higher priority, then to the older campaign. Of campaigns that combine, the eight of the highest
 * priority are tried together.
 *
 * Rounding: a discount is rounded down to the minor unit; the merchant's share of it is rounded down, the
 * platform pays the rest. A minimum spend is compared with the price before any discount and is not looked at
 * again when part of the trade is refunded. A campaign whose budget does not cover the whole discount gives
 * none. Called from decisions.
 */
#ifndef TILL_OFFER_H
#define TILL_OFFER_H

#include "ledger/ledger.h"
#include "people/people.h"
#include "till/till_rows.h"

#define CANDIDATES_MAX ((3 + SHOP_SETS_MAX) * OFFERS_MAX)
static_assert(5 * CANDIDATES_MAX + 64 <= COMMAND_ROWS_MAX,
              "a payment asks for each campaign, its use, its shop and two budgets, and for 64 rows of its own");

/* Why a campaign gives nothing, in the order in which it is checked; `verdict_names` has the words. */
enum verdict {
    VERDICT_applies = 0,
    VERDICT_paused,
    VERDICT_not_started,
    VERDICT_over,
    VERDICT_other_day,
    VERDICT_other_hour,
    VERDICT_other_currency,
    VERDICT_below_minimum,
    VERDICT_not_new,
    VERDICT_no_gain,          /* the fixed price is not lower */
    VERDICT_all_uses_gone,
    VERDICT_day_uses_gone,    /* this person's for today */
    VERDICT_person_uses_gone, /* this person's in all */
    VERDICT_day_budget_gone,
    VERDICT_shop_budget_gone,
    VERDICT_budget_gone,
    VERDICT_better_found, /* another combination gives more */
};
extern const char *const verdict_names[];

struct offer_terms {
    const struct shop_row *shop;
    const struct shopper_row *shopper; /* NULL: not known; limits per person are taken as free */
    int64_t list_minor;
    int64_t at_us;    /* hours and dates are judged by it */
    int32_t day;      /* yyyymmdd in the shop's zone, on which it counts: of the payment, not of the opening */
    int64_t trade_id; /* decides a random cut */
};

struct offer {
    const struct campaign_row *campaign;
    enum verdict verdict;
    int64_t discount_minor; /* alone on the full price, when it applies */
};

struct quote {
    size_t offer_count;
    struct offer offers[CANDIDATES_MAX]; /* every campaign of the shop's targets, by priority */
    int32_t count;
    struct discount_row lines[DISCOUNTS_MAX]; /* the winning combination */
    int64_t discount_minor;
    bool refuse; /* a campaign without budget refuses to go on without it */
};

void offer_quote(struct view *view, const struct offer_terms *terms, struct quote *quote);

/* Books the use of the quoted campaigns by a payment, and returns it when the trade is refunded in full. */
void offer_use(struct view *view, const struct moment *at, const struct offer_terms *terms, const struct quote *quote);
/* Gives `line`'s amounts back to the campaign's sums; `use_back` when the whole trade was refunded. */
void offer_return(struct view *view, const struct trade_row *trade, int64_t person_id, const struct discount_row *line,
                  bool use_back);

/* Moves what the budget of a campaign that has ended still holds back to the bank. */
MUST_CHECK enum refusal budget_release(struct view *view, struct moment *at, const struct campaign_row *campaign);

struct account_key budget_platform(const struct campaign_row *campaign);
struct account_key budget_merchant(const struct campaign_row *campaign);
const struct campaign_row *campaign_ask(struct view *view, int64_t campaign_id);
const struct offers_row *offers_ask(struct view *view, int32_t kind, int64_t id);

#endif
