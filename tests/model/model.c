/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "engine/refusal.h"
#include "model/shares.h"

#define MINUTE INT64_C(60000000)
#define WAITING 1
#define PAID 2
#define CLOSED 4
#define SCAN 1
#define DYNAMIC 2
#define STATIC 3
#define DEPOSIT_OPEN 1
#define DEPOSIT_CAPTURED 2
#define DEPOSIT_RELEASED 3
#define DEPOSIT_LAPSED 4
#define NO_PASSWORD_MOST 100000
#define CODE_DAY_MOST 100000
#define CONFIRMED_DAY_MOST 500000
#define STATIC_DAY_MOST 50000
#define WALLET_MOST 100000000
#define TRADE_MOST INT64_C(10000000000)
#define CONFIRM_US (120 * INT64_C(1000000))
#define CANCEL_US (24 * 60 * MINUTE)

bool model_canary;

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

static int64_t less(int64_t a, int64_t b)
{
    return a < b ? a : b;
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
    int64_t rounding = model_canary ? 9999 : 0;
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
    if (c->state != 1 || !targeted(m, c, t->shop) || t->created_us < c->starts_us || t->created_us >= c->ends_us ||
        !in_hours(c, t->created_us, shop->zone_minutes) || t->list < c->minimum || off == 0) {
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
static bool discount_find(const struct model *m, struct model_trade *t, int shopper, int day)
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

static int take(struct model *m, struct model_trade *t, int shopper, bool confirmed, bool guessed)
{
    struct model_shopper *s = &m->shoppers[shopper];
    struct model_trade fresh = *t;
    int day = model_date(m->now_us, m->shops[t->shop].zone_minutes);
    bool today = s->day >= day;
    if (!discount_find(m, &fresh, shopper, day)) {
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
    s->wallet -= pay;
    m->shops[t->shop].takings += fresh.list;
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
    return 0;
}

static int find(const struct model *m, int merchant, const char *number)
{
    for (int i = 0; i < m->trade_count; i++) {
        if (m->shops[m->trades[i].shop].merchant == merchant && strcmp(m->trades[i].number, number) == 0) {
            return i;
        }
    }
    return -1;
}

static int amount_check(int64_t amount)
{
    if (amount <= 0) {
        return REFUSAL_amount_out_of_range;
    }
    return amount > TRADE_MOST ? REFUSAL_trade_limit_reached : 0;
}

/* The new trade, in the place behind the last; it stays when the caller counts it. */
static struct model_trade *open_trade(struct model *m, int shop, const char *number, int64_t amount, int way)
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
    *trade = find(m, m->shops[shop].merchant, number);
    if (*trade >= 0) {
        const struct model_trade *t = &m->trades[*trade];
        bool same = t->shop == shop && t->list == amount && t->way == SCAN;
        return t->state == CLOSED ? (int)REFUSAL_trade_closed : same ? 0 : (int)REFUSAL_trade_differs;
    }
    if (!m->shops[shop].open) {
        return REFUSAL_shop_closed;
    }
    int refusal = amount_check(amount);
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
    refusal = take(m, open_trade(m, shop, number, amount, SCAN), shopper, false, guessed);
    if (refusal == 0) {
        *trade = m->trade_count++;
    }
    return refusal;
}

int model_create(struct model *m, int shop, const char *number, int64_t amount, int64_t seconds, int shopper,
                 int *trade)
{
    *trade = find(m, m->shops[shop].merchant, number);
    if (*trade >= 0) {
        const struct model_trade *t = &m->trades[*trade];
        bool same = t->shop == shop && t->list == amount && t->way == DYNAMIC && (shopper < 0 || t->shopper == shopper);
        return t->state == CLOSED ? (int)REFUSAL_trade_closed : same ? 0 : (int)REFUSAL_trade_differs;
    }
    if (!m->shops[shop].open) {
        return REFUSAL_shop_closed;
    }
    int refusal = amount_check(amount);
    if (refusal != 0) {
        return refusal;
    }
    struct model_trade *t = open_trade(m, shop, number, amount, DYNAMIC);
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
    return m->shops[t->shop].open ? take(m, t, shopper, confirmed, false) : REFUSAL_shop_closed;
}

int model_scan_counter(struct model *m, int shopper, int shop, int64_t amount, bool confirmed, int *trade)
{
    if (m->shoppers[shopper].blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (!m->shops[shop].open) {
        return REFUSAL_shop_closed;
    }
    int refusal = amount_check(amount);
    if (refusal == 0) {
        struct model_trade *t = open_trade(m, shop, "", amount, STATIC);
        t->id += m->id_step; /* its number took the first */
        refusal = take(m, t, shopper, confirmed, false);
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

static void end(struct model_trade *t, int reason)
{
    t->state = CLOSED;
    t->reason = reason;
}

int model_confirm(struct model *m, int shopper, int trade)
{
    struct model_trade *t = &m->trades[trade];
    int refusal = waiting_for(t, shopper);
    if (refusal != 0) {
        return refusal;
    }
    return m->shoppers[shopper].blocked ? (int)REFUSAL_shopper_blocked : take(m, t, shopper, true, false);
}

int model_decline(struct model *m, int shopper, int trade)
{
    int refusal = waiting_for(&m->trades[trade], shopper);
    if (refusal == 0) {
        end(&m->trades[trade], 4);
    }
    return refusal;
}

/* ---- giving back ---- */

static void give_back(struct model *m, struct model_trade *t, int64_t amount, struct model_refund *refund)
{
    int64_t *left[1 + 2 * MODEL_LINES], back[1 + 2 * MODEL_LINES], rest = amount;
    int count = 0;
    left[count++] = &t->paid_left;
    for (int i = 0; i < t->line_count; i++) {
        left[count++] = &t->lines[i].platform_left;
        left[count++] = &t->lines[i].merchant_left;
    }
    for (int i = 0; i < count; i++) {
        back[i] = (int64_t)((uint128)amount * (uint128)*left[i] / (uint128)t->left);
        rest -= back[i];
    }
    while (rest > 0) { /* single units, to who still has something coming */
        for (int i = 0; i < count && rest > 0; i++) {
            int next = model_canary ? count - 1 - i : i;
            if (back[next] < *left[next]) {
                back[next]++;
                rest--;
            }
        }
    }
    for (int i = 0; i < count; i++) {
        *left[i] -= back[i];
    }
    t->left -= amount;
    m->shops[t->shop].takings -= amount;
    m->shoppers[t->shopper].wallet += back[0];
    refund->paid = back[0];
    for (int i = 0; i < t->line_count; i++) {
        struct model_campaign *c = &m->campaigns[t->lines[i].campaign];
        struct model_use *use = &c->people[m->shoppers[t->shopper].person];
        int64_t returned = back[1 + 2 * i] + back[2 + 2 * i];
        c->platform += back[1 + 2 * i];
        c->merchant += back[2 + 2 * i];
        if (c->state == 3) { /* nobody could take it out later */
            m->bank += c->platform + c->merchant;
            c->platform = 0;
            c->merchant = 0;
        }
        c->spent -= returned;
        c->day_spent -= c->day == t->day ? less(returned, c->day_spent) : 0;
        c->shop_spent[t->shop] -= less(returned, c->shop_spent[t->shop]);
        if (t->left == 0) {
            c->uses--;
            use->uses--;
            use->day_uses -= use->day == t->day;
        }
    }
    if (t->left == 0) {
        end(t, 5);
        m->shoppers[t->shopper].payments--;
    }
}

bool model_finished(const struct model *m, int trade)
{
    const struct model_trade *t = &m->trades[trade];
    return t->state == PAID && m->now_us - t->paid_us > m->refund_days * 24 * 60 * MINUTE;
}

int model_refund_given(struct model *m, int trade, const char *number, int64_t amount, const struct model_given *given)
{
    struct model_trade *t = &m->trades[trade];
    for (int i = 0; i < t->refund_count; i++) {
        if (strcmp(t->refunds[i].number, number) == 0) {
            bool same = t->refunds[i].amount == amount &&
                        (given == NULL || model_split_told(m, trade, given, t->refunds[i].back));
            return same ? 0 : REFUSAL_refund_differs;
        }
    }
    if (t->state == WAITING) {
        return REFUSAL_trade_waiting;
    }
    if (t->state == CLOSED && t->paid_us == 0) {
        return REFUSAL_trade_closed;
    }
    if (model_finished(m, trade)) {
        return REFUSAL_trade_finished;
    }
    if (amount <= 0 || amount > t->left) {
        return REFUSAL_refund_exceeds;
    }
    int64_t back[MODEL_GIVEN];
    int refusal = model_split_back(m, trade, amount, given, back);
    if (refusal != 0) {
        return refusal;
    }
    if (amount > m->shops[t->shop].takings) {
        return REFUSAL_takings_short;
    }
    struct model_refund *refund = &t->refunds[t->refund_count++];
    snprintf(refund->number, sizeof(refund->number), "%s", number);
    refund->amount = amount;
    memcpy(refund->back, back, sizeof(refund->back));
    give_back(m, t, amount, refund);
    return 0;
}

int model_refund(struct model *m, int trade, const char *number, int64_t amount)
{
    return model_refund_given(m, trade, number, amount, NULL);
}

int model_cancel(struct model *m, int trade)
{
    struct model_trade *t = &m->trades[trade];
    if (t->state == CLOSED) {
        return 0;
    }
    if (t->state == WAITING) {
        end(t, 2);
        return 0;
    }
    if (m->now_us > t->paid_us + CANCEL_US) {
        return REFUSAL_cancel_late;
    }
    int refusal = model_refund(m, trade, "onetill:cancel", t->left);
    if (refusal == 0) {
        t->reason = 2;
    }
    return refusal;
}

int model_cancel_number(struct model *m, int shop, const char *number, int *trade)
{
    *trade = find(m, m->shops[shop].merchant, number);
    if (*trade >= 0) {
        return model_cancel(m, *trade);
    }
    end(open_trade(m, shop, number, 0, SCAN), 2);
    *trade = m->trade_count++;
    return 0;
}

int model_close(struct model *m, int trade)
{
    struct model_trade *t = &m->trades[trade];
    if (t->state == WAITING) {
        end(t, 3);
    }
    return t->state == CLOSED ? 0 : REFUSAL_trade_paid;
}

/* ---- deposits ---- */

int model_deposit(struct model *m, int shopper, int shop, int64_t amount, int64_t seconds)
{
    struct model_shopper *s = &m->shoppers[shopper];
    if (s->blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (!m->shops[shop].open) {
        return REFUSAL_shop_closed;
    }
    int refusal = amount_check(amount);
    if (refusal != 0) {
        return refusal;
    }
    if (amount > s->wallet) {
        return REFUSAL_balance_short;
    }
    s->wallet -= amount;
    s->held += amount;
    m->deposits[m->deposit_count++] = (struct model_deposit){ .shopper = shopper, .shop = shop, .state = DEPOSIT_OPEN,
                                                              .amount = amount,
                                                              .lapses_us = m->now_us + seconds * 1000000 };
    return 0;
}

/* The shop has what it took, the shopper the rest. */
static void deposit_end(struct model *m, struct model_deposit *d, int state, int64_t taken)
{
    d->state = state;
    d->captured = taken;
    m->shoppers[d->shopper].held -= d->amount;
    m->shoppers[d->shopper].wallet += d->amount - taken;
    m->shops[d->shop].takings += taken;
}

int model_capture(struct model *m, int deposit, int64_t amount)
{
    struct model_deposit *d = &m->deposits[deposit];
    if (amount <= 0) {
        return REFUSAL_amount_out_of_range;
    }
    if (d->state != DEPOSIT_OPEN) {
        return REFUSAL_hold_ended;
    }
    if (amount > d->amount) {
        return REFUSAL_amount_out_of_range;
    }
    deposit_end(m, d, DEPOSIT_CAPTURED, amount);
    return 0;
}

int model_release(struct model *m, int deposit)
{
    if (m->deposits[deposit].state != DEPOSIT_OPEN) {
        return REFUSAL_hold_ended;
    }
    deposit_end(m, &m->deposits[deposit], DEPOSIT_RELEASED, 0);
    return 0;
}

void model_expire(struct model *m, int64_t now_us)
{
    for (int i = 0; i < m->trade_count; i++) {
        struct model_trade *t = &m->trades[i];
        if (t->state == WAITING && t->expires_us != 0 && t->expires_us <= now_us) {
            end(t, 1);
        }
    }
    for (int i = 0; i < m->deposit_count; i++) {
        struct model_deposit *d = &m->deposits[i];
        if (d->state == DEPOSIT_OPEN && d->lapses_us <= now_us) {
            deposit_end(m, d, DEPOSIT_LAPSED, 0);
        }
    }
}
