/* SPDX-License-Identifier: Apache-2.0 */
/* The model's campaigns: which of them a trade gets, and how much. */
#include "base/base.h"
#include "model/model_internal.h"

#define GRACE_US (15 * MINUTE)

enum model_canary model_canary;

/* ---- which campaigns a trade gets ---- */

/* The splitmix64 finaliser, said once more. */
static uint64_t scramble(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* The `which`th throw of a trade at a campaign: one of 0..most, all as likely. */
static int64_t throw_of(const struct model_campaign *c, int64_t trade_id, unsigned which, int64_t most)
{
    uint64_t thrown = scramble(scramble((uint64_t)c->seed + which) ^ (uint64_t)trade_id);
    return (int64_t)((uint128)thrown * (uint128)(most + 1) / ((uint128)1 << 64));
}

/* low..mean or mean..high, the nearer side the likelier: so the mean comes out. */
static int64_t luck(const struct model_campaign *c, int64_t trade_id)
{
    int64_t below = c->amount - c->low, above = c->high - c->amount;
    if (below + above == 0) {
        return c->low;
    }
    if (throw_of(c, trade_id, 1, below + above - 1) < above) {
        return c->low + throw_of(c, trade_id, 2, below);
    }
    return c->amount + throw_of(c, trade_id, 3, above);
}

static int64_t cut(const struct model_campaign *c, int64_t price, int64_t trade_id)
{
    int64_t rounding = model_canary == MODEL_CANARY_till ? 9999 : 0;
    int64_t off = c->kind == 1   ? (price * c->percent_bp + rounding) / 10000
                  : c->kind == 2 ? c->amount
                  : c->kind == 3 ? price - c->amount
                                 : luck(c, trade_id);
    if (off < 0) {
        off = 0;
    }
    if (c->cap > 0 && off > c->cap) {
        off = c->cap;
    }
    return less(off, price);
}

static bool in_hours(const struct model_campaign *c, int64_t us, int zone_minutes)
{
    int64_t minutes = us / MINUTE + zone_minutes;
    int minute = (int)(minutes % (24 * 60));
    int weekday = (int)((minutes / (24 * 60) + 3) % 7);
    if (c->weekdays != 0 && (c->weekdays & 1 << weekday) == 0) {
        return false;
    }
    if (c->minute_from == c->minute_to) {
        return true;
    }
    return c->minute_from < c->minute_to ? minute >= c->minute_from && minute < c->minute_to
                                         : minute >= c->minute_from || minute < c->minute_to;
}

static bool targeted(const struct model *m, const struct model_campaign *c, int shop)
{
    switch (c->target_kind) {
    case 1:
        return true;
    case 2:
        return m->shops[shop].merchant == c->target;
    case 3:
        return shop == c->target;
    default:
        return m->shops[shop].set == c->target;
    }
}

/* 0: gives nothing; 1: applies; -1: applies but for its budget. */
static int judge(const struct model *m, const struct model_campaign *c, const struct model_trade *t, int shopper,
                 int day)
{
    const struct model_shop *shop = &m->shops[t->shop];
    const struct model_shopper *s = &m->shoppers[shopper];
    const struct model_use *use = &c->people[s->person];
    int64_t off = cut(c, t->list, t->id), merchants = off * c->share_bp / 10000;
    /* who came in time is served in time, for as long as a payment may take */
    int64_t at_us = t->created_us > m->now_us - GRACE_US ? t->created_us : m->now_us - GRACE_US;
    if (c->state != 1 || !targeted(m, c, t->shop) || at_us < c->starts_us || at_us >= c->ends_us ||
        !in_hours(c, at_us, shop->zone_minutes) || t->list < c->minimum || off == 0) {
        return 0;
    }
    if ((c->only_new && s->payments > 0) || (c->uses_max > 0 && c->uses >= c->uses_max)) {
        return 0;
    }
    if ((c->uses_per_day > 0 && use->day >= day && use->day_uses >= c->uses_per_day) ||
        (c->uses_per_person > 0 && use->uses >= c->uses_per_person)) {
        return 0;
    }
    if (c->day_budget > 0 && (c->day >= day ? c->day_spent : 0) + off > c->day_budget) {
        return 0;
    }
    if (c->shop_budget > 0 && c->shop_spent[t->shop] + off > c->shop_budget) {
        return 0;
    }
    return off - merchants <= c->platform && merchants <= c->merchant ? 1 : -1;
}

static bool before(const struct model *m, int a, int b)
{
    const struct model_campaign *x = &m->campaigns[a], *y = &m->campaigns[b];
    return x->priority != y->priority ? x->priority > y->priority : a < b;
}

/* Every subset of up to three; the larger discount wins, then the smaller set, then the one that goes first. */
bool model_discount_find(const struct model *m, struct model_trade *t, int shopper, int day)
{
    int order[MODEL_CAMPAIGNS], verdict[MODEL_CAMPAIGNS], count = 0, best_size = 0;
    unsigned best = 0;
    bool refused = false;
    for (int i = 0; i < m->campaign_count; i++) {
        int at = count++;
        for (; at > 0 && before(m, i, order[at - 1]); at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
        verdict[i] = judge(m, &m->campaigns[i], t, shopper, day);
        refused = refused || (verdict[i] < 0 && m->campaigns[i].refuse);
    }
    t->discount = 0;
    for (unsigned set = 1; set < 1u << count; set++) {
        int64_t total = 0;
        int size = 0;
        bool allowed = true;
        for (int i = 0; i < count; i++) {
            if ((set & 1u << i) != 0) {
                int64_t off = cut(&m->campaigns[order[i]], t->list - total, t->id);
                allowed = allowed && verdict[order[i]] > 0 && off > 0;
                total += off;
                size++;
            }
        }
        for (int i = 0; i < count && size > 1; i++) {
            allowed = allowed && ((set & 1u << i) == 0 || m->campaigns[order[i]].combines);
        }
        bool first = false; /* of two sets of one size the one whose first difference is set goes first */
        for (int i = 0; i < count; i++) {
            if (((set ^ best) & 1u << i) != 0) {
                first = (set & 1u << i) != 0;
                break;
            }
        }
        if (allowed && size <= 3 &&
            (total > t->discount ||
             (total == t->discount && total > 0 && (size < best_size || (size == best_size && first))))) {
            t->discount = total;
            best = set;
            best_size = size;
        }
    }
    t->line_count = 0;
    int64_t price = t->list;
    for (int i = 0; i < count; i++) {
        if ((best & 1u << i) != 0) {
            int64_t off = cut(&m->campaigns[order[i]], price, t->id);
            int64_t merchants = off * m->campaigns[order[i]].share_bp / 10000;
            int64_t platforms = off - merchants;
            t->lines[t->line_count++] = (struct model_line){ order[i], platforms, merchants, platforms, merchants };
            price -= off;
        }
    }
    return !refused || t->line_count > 0;
}
