/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "engine/refusal.h"

#define NO_PASSWORD_MOST 100000
#define CODE_DAY_MOST 100000
#define CONFIRMED_DAY_MOST 500000
#define STATIC_DAY_MOST 50000
#define CONFIRM_US (120 * INT64_C(1000000))

void model_clear(struct model *m)
{
    memset(m, 0, offsetof(struct model, trades));
    m->refund_days = 365;
}

/* ---- calendar, without the base's ---- */

int model_date(int64_t us, int zone_minutes)
{
    int64_t day = (us + zone_minutes * MINUTE) / (24 * 60 * MINUTE);
    int year = 1970;
    for (;;) {
        int days = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 366 : 365;
        if (day < days) {
            break;
        }
        day -= days;
        year++;
    }
    int lengths[] = { 31, (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28, 31, 30, 31, 30, 31, 31, 30,
                      31, 30, 31 };
    int month = 0;
    while (day >= lengths[month]) {
        day -= lengths[month++];
    }
    return year * 10000 + (month + 1) * 100 + (int)day + 1;
}

static int later(int a, int b)
{
    return a > b ? a : b;
}

/* ---- money that comes and goes ---- */

int model_top_up(struct model *m, int shopper, int64_t amount)
{
    struct model_shopper *s = &m->shoppers[shopper];
    if (amount + s->wallet > WALLET_MOST) {
        return REFUSAL_wallet_limit_reached;
    }
    if (amount <= 0) {
        return REFUSAL_amount_out_of_range;
    }
    s->wallet += amount;
    m->bank -= amount;
    return 0;
}

int model_withdraw(struct model *m, int shopper, int64_t amount)
{
    struct model_shopper *s = &m->shoppers[shopper];
    if (s->blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (amount > s->wallet) {
        return REFUSAL_balance_short;
    }
    if (amount <= 0) {
        return REFUSAL_amount_out_of_range;
    }
    s->wallet -= amount;
    m->bank += amount;
    return 0;
}

int model_fund(struct model *m, int campaign, int64_t platform, int64_t merchant)
{
    struct model_campaign *c = &m->campaigns[campaign];
    if (c->state == 3) {
        return REFUSAL_campaign_ended;
    }
    if (platform + merchant == 0) {
        return REFUSAL_amount_out_of_range;
    }
    c->platform += platform;
    c->merchant += merchant;
    m->bank -= platform + merchant;
    return 0;
}

int model_campaign_state(struct model *m, int campaign, int state)
{
    struct model_campaign *c = &m->campaigns[campaign];
    if (c->state == 3) {
        return REFUSAL_campaign_ended;
    }
    c->state = state;
    if (state == 3) {
        m->bank += c->platform + c->merchant;
        c->platform = 0;
        c->merchant = 0;
    }
    return 0;
}

/* ---- taking the money ---- */

static void book(struct model *m, struct model_trade *t, bool confirmed)
{
    struct model_shopper *s = &m->shoppers[t->shopper];
    for (int i = 0; i < t->line_count; i++) {
        const struct model_line *line = &t->lines[i];
        struct model_campaign *c = &m->campaigns[line->campaign];
        struct model_use *use = &c->people[s->person];
        int64_t off = line->platform + line->merchant;
        c->platform -= line->platform;
        c->merchant -= line->merchant;
        c->spent += off;
        c->uses++;
        c->day_spent = (c->day >= t->day ? c->day_spent : 0) + off;
        c->day = later(c->day, t->day);
        if (c->shop_budget > 0) {
            c->shop_spent[t->shop] += off;
        }
        use->uses++;
        use->day_uses = (use->day >= t->day ? use->day_uses : 0) + 1;
        use->day = later(use->day, t->day);
    }
    if (s->day < t->day) {
        s->day = t->day;
        s->day_code = 0;
        s->day_confirmed = 0;
        s->day_static = 0;
    }
    if (t->way == STATIC) {
        s->day_static += t->paid;
    }
    if (confirmed) {
        s->day_confirmed += t->paid;
    } else if (t->way != STATIC) {
        s->day_code += t->paid;
    }
    s->payments++;
    if (s->first_paid_us == 0) {
        s->first_paid_us = m->now_us;
    }
}

int model_set_aside(struct model *m, int shopper, int shop, int64_t amount, bool confirmed)
{
    struct model_shopper *s = &m->shoppers[shopper];
    int day = model_date(m->now_us, m->shops[shop].zone_minutes);
    bool today = s->day >= day;
    if (confirmed && (today ? s->day_confirmed : 0) + amount > CONFIRMED_DAY_MOST) {
        return REFUSAL_day_limit_reached;
    }
    bool more = amount > less(s->limit, NO_PASSWORD_MOST) || (today ? s->day_code : 0) + amount > CODE_DAY_MOST;
    if (!confirmed && more) {
        return REFUSAL_confirmation_missing;
    }
    if (amount > s->wallet) {
        return REFUSAL_balance_short;
    }
    if (!today) {
        s->day = day;
        s->day_code = s->day_confirmed = s->day_static = 0;
    }
    *(confirmed ? &s->day_confirmed : &s->day_code) += amount;
    s->wallet -= amount;
    s->held += amount;
    return 0;
}

int64_t *model_payee(struct model *m, struct model_trade *t)
{
    return t->escrow ? &t->in_escrow : &m->shops[t->shop].takings;
}

int model_take(struct model *m, struct model_trade *t, int shopper, bool confirmed, bool guessed)
{
    struct model_shopper *s = &m->shoppers[shopper];
    struct model_trade fresh = *t;
    int day = model_date(m->now_us, m->shops[t->shop].zone_minutes);
    bool today = s->day >= day;
    if (!model_discount_find(m, &fresh, shopper, day)) {
        return REFUSAL_budget_exhausted;
    }
    int64_t pay = fresh.list - fresh.discount;
    if (t->way == STATIC && (today ? s->day_static : 0) + pay > STATIC_DAY_MOST) {
        return REFUSAL_day_limit_reached;
    }
    if (confirmed && (today ? s->day_confirmed : 0) + pay > CONFIRMED_DAY_MOST) {
        return REFUSAL_day_limit_reached;
    }
    bool over_day = t->way != STATIC && (today ? s->day_code : 0) + pay > CODE_DAY_MOST;
    if (!confirmed && (guessed || pay > less(s->limit, NO_PASSWORD_MOST) || over_day)) {
        t->shopper = shopper;
        if (t->expires_us == 0) {
            t->expires_us = m->now_us + CONFIRM_US;
        }
        return 0;
    }
    if (pay > s->wallet) {
        return REFUSAL_balance_short;
    }
    if (t->business != 0) {
        int refusal = m->business->payable(m, t, shopper);
        if (refusal != 0) {
            return refusal;
        }
    }
    s->wallet -= pay;
    *model_payee(m, &fresh) += fresh.list;
    *t = fresh;
    t->shopper = shopper;
    t->state = PAID;
    t->paid = pay;
    t->paid_left = pay;
    t->left = t->list;
    t->confirmed = confirmed;
    t->day = day;
    t->paid_us = m->now_us;
    book(m, t, confirmed);
    if (t->business != 0) {
        m->business->paid(m, t);
    }
    return 0;
}

int model_find(const struct model *m, int merchant, const char *number)
{
    for (int i = 0; i < m->trade_count; i++) {
        if (m->shops[m->trades[i].shop].merchant == merchant && strcmp(m->trades[i].number, number) == 0) {
            return i;
        }
    }
    return -1;
}

int model_amount_check(int64_t amount)
{
    if (amount <= 0) {
        return REFUSAL_amount_out_of_range;
    }
    return amount > TRADE_MOST ? REFUSAL_trade_limit_reached : 0;
}

struct model_trade *model_open_trade(struct model *m, int shop, const char *number, int64_t amount, int way)
{
    struct model_trade *t = &m->trades[m->trade_count];
    *t = (struct model_trade){ .id = m->fresh_id, .shop = shop, .shopper = -1, .way = way, .state = WAITING,
                               .list = amount, .created_us = m->now_us };
    t->frozen = way != STATIC && amount % 3 != 0; /* as the calls have it */
    snprintf(t->number, sizeof(t->number), "%s", number);
    return t;
}

int model_pay(struct model *m, int shopper, int shop, const char *number, int64_t amount, int64_t step, int *trade)
{
    struct model_shopper *s = &m->shoppers[shopper];
    int64_t now_step = m->now_us / MINUTE;
    *trade = model_find(m, m->shops[shop].merchant, number);
    if (*trade >= 0) {
        const struct model_trade *t = &m->trades[*trade];
        bool same = t->shop == shop && t->list == amount && t->way == SCAN;
        return t->state == CLOSED ? (int)REFUSAL_trade_closed : same ? 0 : (int)REFUSAL_trade_differs;
    }
    if (!m->shops[shop].open) {
        return REFUSAL_shop_closed;
    }
    int refusal = model_amount_check(amount);
    if (refusal != 0) {
        return refusal;
    }
    if (s->wrong_minute != now_step) {
        s->wrong_codes = 0;
    }
    if (step < now_step - 1 || step > now_step + 1) {
        s->wrong_codes++;
        s->wrong_minute = now_step;
        return REFUSAL_code_unknown;
    }
    if (step <= s->last_step) {
        return s->last_shop == shop ? REFUSAL_code_used : REFUSAL_code_elsewhere;
    }
    s->last_step = step;
    s->last_shop = shop;
    if (s->blocked) {
        return REFUSAL_shopper_blocked;
    }
    bool guessed = s->wrong_codes >= 5; /* the right one may be, too */
    refusal = model_take(m, model_open_trade(m, shop, number, amount, SCAN), shopper, false, guessed);
    if (refusal == 0) {
        *trade = m->trade_count++;
    }
    return refusal;
}

int model_create(struct model *m, int shop, const char *number, int64_t amount, int64_t seconds, int shopper,
                 int *trade)
{
    *trade = model_find(m, m->shops[shop].merchant, number);
    if (*trade >= 0) {
        const struct model_trade *t = &m->trades[*trade];
        bool same = t->shop == shop && t->list == amount && t->way == DYNAMIC && (shopper < 0 || t->shopper == shopper);
        return t->state == CLOSED ? (int)REFUSAL_trade_closed : same ? 0 : (int)REFUSAL_trade_differs;
    }
    if (!m->shops[shop].open) {
        return REFUSAL_shop_closed;
    }
    int refusal = model_amount_check(amount);
    if (refusal != 0) {
        return refusal;
    }
    struct model_trade *t = model_open_trade(m, shop, number, amount, DYNAMIC);
    t->expires_us = m->now_us + seconds * 1000000;
    t->shopper = shopper;
    *trade = m->trade_count++;
    return 0;
}

/* Why this shopper cannot pay a trade that he scans. */
static int scan_check(const struct model *m, int shopper, const struct model_trade *t)
{
    if (m->shoppers[shopper].blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (t->shopper >= 0 && t->shopper != shopper) {
        return REFUSAL_buyer_differs;
    }
    return t->state == WAITING ? 0 : t->state == CLOSED ? REFUSAL_trade_closed : REFUSAL_trade_paid;
}

int model_look(struct model *m, int shopper, int trade)
{
    struct model_trade *t = &m->trades[trade];
    int refusal = scan_check(m, shopper, t);
    if (refusal == 0 && t->scanned_us == 0) {
        if (!m->shops[t->shop].open) {
            return REFUSAL_shop_closed;
        }
        t->shopper = shopper;
        t->scanned_us = m->now_us;
    }
    return refusal;
}

int model_scan_trade(struct model *m, int shopper, int trade, bool confirmed)
{
    struct model_trade *t = &m->trades[trade];
    int refusal = scan_check(m, shopper, t);
    if (refusal != 0) {
        return refusal;
    }
    return m->shops[t->shop].open ? model_take(m, t, shopper, confirmed, false) : REFUSAL_shop_closed;
}

int model_scan_counter(struct model *m, int shopper, int shop, int64_t amount, bool confirmed, int *trade)
{
    if (m->shoppers[shopper].blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (!m->shops[shop].open) {
        return REFUSAL_shop_closed;
    }
    int refusal = model_amount_check(amount);
    if (refusal == 0) {
        struct model_trade *t = model_open_trade(m, shop, "", amount, STATIC);
        t->id += m->id_step; /* its number took the first */
        refusal = model_take(m, t, shopper, confirmed, false);
    }
    if (refusal == 0) {
        snprintf(m->trades[m->trade_count].number, sizeof(m->trades[0].number), "counter %d", m->trade_count);
        *trade = m->trade_count++;
    }
    return refusal;
}

/* ---- the shopper's word ---- */

static int waiting_for(const struct model_trade *t, int shopper)
{
    if (t->shopper != shopper) {
        return REFUSAL_trade_unknown;
    }
    return t->state == WAITING ? 0 : t->state == CLOSED ? REFUSAL_trade_closed : REFUSAL_trade_paid;
}

void model_end(struct model *m, struct model_trade *t, int reason)
{
    bool unpaid = t->state == WAITING;
    t->state = CLOSED;
    t->reason = reason;
    if (unpaid && t->business != 0) {
        m->business->ended(m, t);
    }
}

int model_confirm(struct model *m, int shopper, int trade)
{
    struct model_trade *t = &m->trades[trade];
    int refusal = waiting_for(t, shopper);
    if (refusal != 0) {
        return refusal;
    }
    return m->shoppers[shopper].blocked ? (int)REFUSAL_shopper_blocked : model_take(m, t, shopper, true, false);
}

int model_decline(struct model *m, int shopper, int trade)
{
    int refusal = waiting_for(&m->trades[trade], shopper);
    if (refusal == 0) {
        model_end(m, &m->trades[trade], 4);
    }
    return refusal;
}
