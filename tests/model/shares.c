/* SPDX-License-Identifier: Apache-2.0 */
#include "model/shares.h"

#include <string.h>

#include "base/base.h"
#include "engine/refusal.h"

#define DAY_US (24 * 60 * 60 * INT64_C(1000000))
#define WALLET_MOST 100000000
#define TRADE_MOST INT64_C(10000000000)
#define CONFIRMED_DAY_MOST 500000
#define SHARE_MOST_BP 3000
#define SHOPPER 1
#define MERCHANT 2
#define SHOP 3

/* Beside the model, which is cleared for each small world: only what is counted there is in use. */
static struct model_split splits[MODEL_TRADES + 1];
static struct model_transfer transfers[MODEL_TRANSFERS];

const struct model_split *model_split_of(const struct model *m, int trade)
{
    return m->trades[trade].split == 0 ? NULL : &splits[m->trades[trade].split];
}

static int64_t *purse(struct model *m, int kind, int who)
{
    return kind == SHOPPER ? &m->shoppers[who].wallet : kind == MERCHANT ? &m->balances[who] : &m->shops[who].takings;
}

static int64_t worth(const struct model_trade *t, const struct model_line_of *line)
{
    return line->amount != 0 ? line->amount : t->list * line->percent / 100;
}

/* ---- settlements ---- */

static bool same_settle(const struct model_trade *t, const struct model_settle *a, const struct model_settle *b)
{
    bool same = a->finish == b->finish && a->count == b->count;
    for (int i = 0; same && i < a->count; i++) {
        same = a->lines[i].kind == b->lines[i].kind && a->lines[i].who == b->lines[i].who &&
               worth(t, &a->lines[i]) == worth(t, &b->lines[i]);
    }
    return same;
}

static int may_split(const struct model *m, int trade, const struct model_split *split)
{
    const struct model_trade *t = &m->trades[trade];
    if (t->state == 1) {
        return REFUSAL_trade_waiting;
    }
    if (t->state == 4) {
        return REFUSAL_trade_closed;
    }
    if (model_finished(m, trade)) {
        return REFUSAL_trade_finished;
    }
    if (!t->frozen) {
        return REFUSAL_royalty_unagreed;
    }
    return split->finished || m->now_us - t->paid_us > 30 * DAY_US ? REFUSAL_royalty_finished : 0;
}

static int may_get(const struct model *m, const struct model_trade *t, const struct model_settle *want, int which)
{
    const struct model_line_of *line = &want->lines[which];
    const struct model_shopper *shopper = &m->shoppers[line->who];
    int64_t all = 0;
    if (worth(t, line) <= 0) {
        return REFUSAL_amount_out_of_range;
    }
    if (line->kind == SHOP && line->who == t->shop) {
        return REFUSAL_receiver_same;
    }
    if (!m->bound[m->shops[t->shop].merchant][line->kind][line->who]) {
        return REFUSAL_receiver_unbound;
    }
    if (line->kind != SHOPPER) {
        return 0;
    }
    for (int i = 0; i < want->count; i++) {
        all += want->lines[i].kind == SHOPPER && want->lines[i].who == line->who ? worth(t, &want->lines[i]) : 0;
    }
    return shopper->blocked ? (int)REFUSAL_shopper_blocked
           : shopper->wallet + all > WALLET_MOST ? (int)REFUSAL_wallet_limit_reached
                                                 : 0;
}

static void pay_out(struct model *m, struct model_trade *t, struct model_split *split, const struct model_line_of *line)
{
    struct model_part *part = split->parts;
    while (part < split->parts + split->part_count && (part->kind != line->kind || part->who != line->who)) {
        part++;
    }
    if (part == split->parts + split->part_count) {
        split->part_count++;
        *part = (struct model_part){ .kind = line->kind, .who = line->who };
    }
    int64_t amount = worth(t, line);
    part->paid += amount;
    part->left += amount;
    t->royalty += amount;
    m->shops[t->shop].takings -= amount;
    *purse(m, line->kind, line->who) += amount;
}

int model_settle_make(struct model *m, int trade, const struct model_settle *want)
{
    static const struct model_split none;
    struct model_trade *t = &m->trades[trade];
    const struct model_split *known = model_split_of(m, trade);
    int64_t sum = 0;
    for (int i = 0; known != NULL && i < known->settle_count; i++) {
        if (strcmp(known->settles[i].number, want->number) == 0) {
            return same_settle(t, &known->settles[i], want) ? 0 : REFUSAL_settle_differs;
        }
    }
    int refusal = may_split(m, trade, known == NULL ? &none : known);
    if (refusal == 0 && want->count == 0 && !want->finish) {
        refusal = REFUSAL_amount_out_of_range;
    }
    for (int i = 0; i < want->count && refusal == 0; i++) {
        refusal = may_get(m, t, want, i);
        sum += worth(t, &want->lines[i]);
    }
    if (refusal != 0) {
        return refusal;
    }
    /* Whoever only ends the splitting takes nothing: refunds may have left less than was given. */
    if (sum > 0 && (t->royalty + sum > t->list * SHARE_MOST_BP / 10000 || t->royalty + sum > t->left)) {
        return REFUSAL_royalty_exceeds;
    }
    if (sum > m->shops[t->shop].takings) {
        return REFUSAL_takings_short;
    }
    if (t->split == 0) {
        t->split = ++m->split_count;
        splits[t->split] = none;
    }
    struct model_split *split = &splits[t->split];
    split->settles[split->settle_count++] = *want;
    split->finished = want->finish;
    for (int i = 0; i < want->count; i++) {
        pay_out(m, t, split, &want->lines[i]);
    }
    return 0;
}

/* ---- what comes back ---- */

static int64_t told(const struct model_given *given, const struct model_part *part)
{
    for (int i = 0; i < given->count; i++) {
        if (given->kind[i] == part->kind && given->who[i] == part->who) {
            return given->amount[i];
        }
    }
    return 0;
}

/* Each receiver that is named got a share, and is named once. */
static bool all_known(const struct model_given *given, const struct model_split *split)
{
    for (int i = 0; i < given->count; i++) {
        int found = 0, named = 0;
        for (int j = 0; j < split->part_count; j++) {
            found += given->kind[i] == split->parts[j].kind && given->who[i] == split->parts[j].who;
        }
        for (int j = 0; j < given->count; j++) {
            named += given->kind[i] == given->kind[j] && given->who[i] == given->who[j];
        }
        if (found != 1 || named != 1) {
            return false;
        }
    }
    return true;
}

bool model_split_told(const struct model *m, int trade, const struct model_given *given,
                      const int64_t back[MODEL_PARTS])
{
    const struct model_split *split = model_split_of(m, trade);
    int64_t left = 0;
    for (int i = 0; i < MODEL_PARTS; i++) {
        left += back[i];
    }
    for (int i = 0; i < given->count; i++) {
        int64_t was = 0;
        for (int j = 0; split != NULL && j < split->part_count; j++) {
            bool his = given->kind[i] == split->parts[j].kind && given->who[i] == split->parts[j].who;
            was += his ? back[j] : 0;
        }
        if (given->amount[i] != was) {
            return false;
        }
        left -= was;
    }
    return left == 0;
}

int model_split_back(struct model *m, int trade, int64_t amount, const struct model_given *given,
                     int64_t back[MODEL_PARTS])
{
    static const struct model_split none;
    struct model_trade *t = &m->trades[trade];
    struct model_split *split = &splits[t->split];
    int64_t sum = 0;
    memset(back, 0, MODEL_PARTS * sizeof(back[0]));
    if (given != NULL && !all_known(given, t->split == 0 ? &none : split)) {
        return REFUSAL_receiver_unbound;
    }
    if (t->split == 0) {
        return 0;
    }
    for (int i = 0; i < split->part_count; i++) {
        const struct model_part *part = &split->parts[i];
        int64_t share = (int64_t)((uint128)part->left * (uint128)amount / (uint128)t->left);
        back[i] = given != NULL ? told(given, part) : share;
        if (back[i] < 0 || back[i] > part->left) {
            return REFUSAL_royalty_exceeds;
        }
        if (back[i] > *purse(m, part->kind, part->who)) {
            return REFUSAL_royalty_short;
        }
        sum += back[i];
    }
    if (amount > m->shops[t->shop].takings + sum) {
        return REFUSAL_takings_short;
    }
    for (int i = 0; i < split->part_count; i++) {
        split->parts[i].left -= back[i];
        *purse(m, split->parts[i].kind, split->parts[i].who) -= back[i];
    }
    t->royalty -= sum;
    m->shops[t->shop].takings += sum;
    return 0;
}

/* ---- transfers ---- */

static int payee_check(const struct model *m, const struct model_transfer *want)
{
    const struct model_shopper *payee = &m->shoppers[want->payee];
    if (want->amount <= 0) {
        return REFUSAL_amount_out_of_range;
    }
    if (want->amount > TRADE_MOST) {
        return REFUSAL_trade_limit_reached;
    }
    if (want->payer_kind == SHOPPER && want->payer == want->payee) {
        return REFUSAL_receiver_same;
    }
    return payee->blocked ? (int)REFUSAL_shopper_blocked
           : payee->wallet + want->amount > WALLET_MOST ? (int)REFUSAL_wallet_limit_reached
                                                        : 0;
}

int model_transfer_make(struct model *m, const struct model_transfer *want)
{
    for (int i = 0; i < m->transfer_count; i++) {
        const struct model_transfer *known = &transfers[i];
        if (known->payer_kind == want->payer_kind && known->payer == want->payer &&
            strcmp(known->number, want->number) == 0) {
            bool same = known->payee == want->payee && known->amount == want->amount;
            return same ? 0 : REFUSAL_transfer_differs;
        }
    }
    struct model_shopper *s = &m->shoppers[want->payer];
    bool sends = want->payer_kind == SHOPPER;
    if (sends && s->blocked) {
        return REFUSAL_shopper_blocked;
    }
    int refusal = payee_check(m, want), today = model_date(m->now_us, 480);
    if (refusal != 0) {
        return refusal;
    }
    if (sends && (s->day >= today ? s->day_confirmed : 0) + want->amount > CONFIRMED_DAY_MOST) {
        return REFUSAL_day_limit_reached;
    }
    if (want->amount > *purse(m, want->payer_kind, want->payer)) {
        return sends ? REFUSAL_balance_short : REFUSAL_takings_short;
    }
    if (sends && s->day < today) {
        s->day = today;
        s->day_code = 0;
        s->day_confirmed = 0;
        s->day_static = 0;
    }
    if (sends) {
        s->day_confirmed += want->amount;
    }
    *purse(m, want->payer_kind, want->payer) -= want->amount;
    m->shoppers[want->payee].wallet += want->amount;
    transfers[m->transfer_count++] = *want;
    return 0;
}
