/* SPDX-License-Identifier: Apache-2.0 */
#include "model/pair.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/civil.h"
#include "base/hash.h"
#include "engine/engine_rows.h"

#define SOON_US 50000

uint64_t draw(struct run *run)
{
    run->random += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix(run->random);
}

int pick(struct run *run, int count)
{
    return (int)(draw(run) % (uint64_t)count);
}

bool chance(struct run *run, int percent)
{
    return pick(run, 100) < percent;
}

int64_t id_of(const struct run *run, int index)
{
    return run->base + index + 1;
}
int64_t amount_make(struct run *run)
{
    static const int64_t most[] = { 9, 100, 5000, 60000, 250000 };
    int64_t amount = 1 + (int64_t)(draw(run) % (uint64_t)most[pick(run, COUNT_OF(most))]);
    return chance(run, 2) ? 0 : amount;
}

/* Here one may stop with a debugger. */
static void first_difference(struct run *run)
{
    run->wrong = run->words;
}

static void differ(struct run *run, const char *what, int64_t model, int64_t till)
{
    if (run->wrong == NULL) {
        snprintf(run->words, sizeof(run->words), "call %d: %s: the model says %" PRId64 ", the till %" PRId64,
                 run->call_number, what, model, till);
        first_difference(run);
    }
}

void same(struct run *run, const char *what, int64_t model, int64_t till)
{
    if (model != till) {
        differ(run, what, model, till);
    }
}

void same_soon(struct run *run, const char *what, int64_t *model_us, int64_t till_us)
{
    int64_t apart_us = *model_us - till_us;
    if ((*model_us == 0) != (till_us == 0) || apart_us > SOON_US || apart_us < -SOON_US) {
        same(run, what, *model_us, till_us);
    }
    *model_us = till_us;
}

void same_refusal(struct run *run, const char *what, int model, enum refusal till)
{
    if (model != (int)till && run->wrong == NULL) {
        snprintf(run->words, sizeof(run->words), "call %d: %s: the model says %s, the till %s", run->call_number, what,
                 refusal_text(model)->name, refusal_text((int)till)->name);
        first_difference(run);
    }
}

static void same_trade(struct run *run, int index, const struct trade_row *row)
{
    const struct model_trade *t = &run->model.trades[index];
    same(run, "state", t->state, row->state);
    same(run, "close_reason", t->reason, row->close_reason);
    same(run, "way", t->way, row->way);
    same(run, "shop", id_of(run, t->shop), row->shop_id);
    same(run, "shopper", t->shopper < 0 ? 0 : id_of(run, t->shopper), row->shopper_id);
    same(run, "list", t->list, row->list_minor);
    same(run, "discount", t->state == 1 ? 0 : t->discount, row->discount_minor);
    same(run, "paid", t->paid, row->paid_minor);
    same(run, "paid_left", t->paid_left, row->paid_left_minor);
    same(run, "left", t->left, row->left_minor);
    same(run, "confirmed", t->confirmed, row->confirmed);
    same(run, "day", t->day, row->day);
    same(run, "paid_at", t->paid_us, row->paid_at_us);
    same(run, "expires", t->expires_us, row->expires_at_us);
    same(run, "scanned", t->scanned_us, row->scanned_at_us);
    same(run, "refunds", t->refund_count, row->refund_count);
    same(run, "to be split", t->frozen, row->royalty_frozen);
    same(run, "what receivers have of it", t->royalty, row->royalty_minor);
    same(run, "discounts", t->line_count, row->discounts_count);
    for (int i = 0; i < t->line_count && i < row->discounts_count; i++) {
        same(run, "campaign", id_of(run, t->lines[i].campaign), row->discounts[i].campaign_id);
        same(run, "platform", t->lines[i].platform, row->discounts[i].platform_minor);
        same(run, "merchant", t->lines[i].merchant, row->discounts[i].merchant_minor);
        same(run, "platform left", t->lines[i].platform_left, row->discounts[i].platform_left_minor);
        same(run, "merchant left", t->lines[i].merchant_left, row->discounts[i].merchant_left_minor);
    }
}

void same_answer(struct run *run, const char *what, int model, enum refusal till, int index,
                 const struct trade_row *row)
{
    same_refusal(run, what, model, till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        run->trade_ids[index] = row->trade_id;
        same(run, "trade", run->model.trades[index].id, row->trade_id);
        same(run, "finished", model_finished(&run->model, index), row->state == TRADE_finished);
        struct trade_row stored = *row; /* that it is finished is shown only */
        stored.state = row->state == TRADE_finished ? TRADE_success : row->state;
        same_trade(run, index, &stored);
    }
}

void same_deposit(struct run *run, int index, const struct hold_row *row)
{
    const struct model_deposit *d = &run->model.deposits[index];
    same(run, "deposit", run->deposit_ids[index], row->hold_id);
    same(run, "a deposit's shopper", id_of(run, d->shopper), row->owner_id);
    same(run, "a deposit's shop", id_of(run, d->shop), row->reference_id);
    same(run, "a deposit's state", d->state, row->state);
    same(run, "a deposit's amount", d->amount, row->amount);
    same(run, "what was captured", d->captured, row->captured);
    same(run, "a deposit lapses", d->lapses_us, row->lapses_at_us);
}

/* ---- the whole state ---- */

static void same_people(struct run *run)
{
    const struct model *m = &run->model;
    for (int i = 0; i < m->shopper_count; i++) {
        const struct model_shopper *s = &m->shoppers[i];
        struct shopper_row row = { .shopper_id = id_of(run, i) };
        bool there = house_row(&run->house, &shopper_table, &row);
        assert(there);
        same(run, "a wallet", s->wallet, house_balance(&run->house, row.shopper_id, PURPOSE_wallet, UNIT_CNY));
        same(run, "what is held", s->held, house_balance(&run->house, row.shopper_id, PURPOSE_held, UNIT_CNY));
        same(run, "payments", s->payments, row.payments);
        same(run, "first payment", s->first_paid_us, row.first_paid_at_us);
        same(run, "day_code", s->day_code, row.day_code_minor);
        same(run, "day_confirmed", s->day_confirmed, row.day_confirmed_minor);
        same(run, "day_static", s->day_static, row.day_static_minor);
    }
    if (run->base == 0) { /* one world in this store */
        same(run, "the bank", m->bank, house_balance(&run->house, 0, PURPOSE_clearing, UNIT_CNY));
    }
    for (int i = 0; i < m->shop_count; i++) {
        same(run, "takings", m->shops[i].takings,
             house_balance(&run->house, id_of(run, i), PURPOSE_takings, UNIT_CNY));
    }
}

static void same_campaigns(struct run *run)
{
    const struct model *m = &run->model;
    for (int i = 0; i < m->campaign_count; i++) {
        const struct model_campaign *c = &m->campaigns[i];
        struct campaign_row row = { .campaign_id = id_of(run, i) };
        bool there = house_row(&run->house, &campaign_table, &row);
        assert(there);
        same(run, "campaign state", c->state, row.state);
        same(run, "spent", c->spent, row.spent_minor);
        same(run, "uses", c->uses, row.uses);
        same(run, "spent of the day", c->day_spent, row.day_spent_minor);
        same(run, "platform's budget", c->platform,
             house_balance(&run->house, row.campaign_id, PURPOSE_budget_platform, UNIT_CNY));
        same(run, "merchant's budget", c->merchant,
             house_balance(&run->house, row.campaign_id, PURPOSE_budget_merchant, UNIT_CNY));
        for (int p = 0; p < m->shopper_count; p++) {
            struct campaign_use_row use = { .campaign_id = row.campaign_id, .person_id = id_of(run, p) };
            house_row(&run->house, &campaign_use_table, &use);
            same(run, "a person's uses", c->people[p].uses, use.uses);
        }
    }
}

void same_till(struct run *run)
{
    const struct model *m = &run->model;
    same_people(run);
    same_campaigns(run);
    same_shares(run);
    for (int i = 0; i < m->trade_count; i++) {
        struct trade_row row = { .trade_id = run->trade_ids[i] };
        bool there = house_row(&run->house, &trade_table, &row);
        assert(there);
        same_trade(run, i, &row);
    }
    for (int i = 0; i < m->deposit_count; i++) {
        struct hold_row row = { .hold_id = run->deposit_ids[i] };
        bool there = house_row(&run->house, &hold_table, &row);
        assert(there);
        same_deposit(run, i, &row);
    }
}

/* What is due happens, also what goes on in several steps: each of them a moment after the one before. */
static void till_settle(struct run *run)
{
    struct engine_counts counts;
    bool more = true;
    while (more) {
        house_settle(&run->house);
        engine_counts(run->house.engine, &counts);
        more = counts.timer_next_us != 0 && counts.timer_next_us <= run->house.now_us + 1000;
        run->house.now_us += more ? 1000 : 0;
    }
    run->settled_us = run->house.now_us;
}

/* The model does what was due by then, and learns when the till has done it. */
static void model_settle(struct run *run)
{
    model_expire(&run->model, run->settled_us);
    for (int i = 0; run->parts[i] != NULL; i++) {
        if (run->parts[i]->learn != NULL) {
            run->parts[i]->learn(run);
        }
    }
}

/* First what the last call had left, which happened with it. */
void time_settle(struct run *run)
{
    model_settle(run);
    till_settle(run);
    model_settle(run);
}

void same_state(struct run *run)
{
    time_settle(run);
    for (int i = 0; run->parts[i] != NULL; i++) {
        run->parts[i]->same(run);
    }
}

void audit(struct run *run)
{
    struct audit_report report;
    if (run->wrong == NULL && !house_audit(&run->house, &report)) {
        snprintf(run->words, sizeof(run->words), "%.250s", report.first.sentence);
        run->wrong = run->words;
    }
}

/* ---- calls ---- */

/* The id of a trade that a call opens is the first that it takes; timers that take ids have fired before. On a
 * shared store ids step over those of other nodes. */
static void ids_follow(struct run *run, int64_t id_last)
{
    const struct store *store = run->house.store;
    int64_t since_2010_ms = run->house.decided_at_us / 1000 - INT64_C(1262304000000);
    run->model.id_step = store->shared ? INT64_C(1) << NODE_BITS : 1;
    run->model.fresh_id = max_i64(id_last + run->model.id_step, (since_2010_ms << 22) + store->node);
}

enum refusal call(struct run *run, struct caller caller, const struct command *command, const void *request,
                  void *answer)
{
    char key[32];
    struct progress_row progress = { .one = (int32_t)run->house.store->node + 1 };
    bool keyed = (command->flags & (COMMAND_reads | COMMAND_unkeyed)) == 0;
    time_settle(run);
    house_row(&run->house, &progress_table, &progress);
    snprintf(key, sizeof(key), "k%" PRIu64, run->key_number++);
    enum refusal refusal = house_call_keyed(&run->house, caller, command, request, answer, keyed ? key : NULL);
    till_settle(run);
    run->model.now_us = run->house.decided_at_us;
    ids_follow(run, progress.id_last);
    if (keyed && refusal != REFUSAL_forbidden) { /* which is kept for nobody */
        struct old_call *old = &run->old[run->old_count++ % OLD_CALLS];
        assert(command->request->size <= sizeof(old->request));
        assert(command->answer->size <= sizeof(old->answer));
        *old = (struct old_call){ .command = command, .caller = caller, .refusal = refusal };
        memcpy(old->request, request, command->request->size);
        memcpy(old->answer, answer, command->answer->size);
        memcpy(old->key, key, sizeof(old->key));
    }
    return refusal;
}
