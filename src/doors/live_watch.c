/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the live page learns from a commit. This runs on the store's thread between a batch and its answers,
 * so it looks at each row once, keeps sums, and copies only what a person could read.
 */
#include "base/arena.h"
#include "base/civil.h"
#include "base/hash.h"
#include "doors/live_internal.h"
#include "engine/engine_rows.h"
#include "ledger/ledger_rows.h"
#include "till/trade_rows.h"

#define LOOK_AHEAD 8 /* rows that are fetched into the cache before their turn */
#define TIMER_SLOTS (2u * BATCH_ROWS_MAX)

/* Hashes of the timers that one commit sets; 0: a free slot. */
struct timer_set {
    uint64_t slots[TIMER_SLOTS];
    uint32_t used[BATCH_ROWS_MAX];
    uint32_t used_count;
    uint64_t wanted[BATCH_ROWS_MAX]; /* timers that the commit's rows need */
    uint32_t wanted_count;
};

/*
 * What one commit adds up to. Of a foreign one not all rows are told: laws are checked by the process that kept it,
 * and what refunds and budgets were is taken from trades and campaigns.
 */
struct pass {
    const struct commit *commit;
    bool counts; /* it is not in the sums of what happened before */
    struct live_watch *watch;
    struct live_facts *facts;
    int64_t balance_minor; /* change of all balances of the currency */
    uint64_t weighted; /* change of all balances, each weighted by a hash of its unit: 0 when each unit is */
    uint64_t accounts;
    uint64_t checks[AUDIT_LAW_COUNT]; /* of the floors of accounts, by the law that they keep */
    bool broken[AUDIT_LAW_COUNT];
    bool durable;
};

void live_watch_init(struct live_watch *watch, struct arena *arena, int64_t now_us)
{
    *watch =
        (struct live_watch){ .commit_us = now_us, .timers = arena_take(arena, sizeof(struct timer_set)) };
    int rc = pthread_mutex_init(&watch->lock, NULL);
    assert(rc == 0);
    for (size_t i = 0; refusal_at(i) != NULL; i++) {
        assert(refusal_at(i)->refusal < REFUSALS_MAX);
    }
    watch->facts.day.to_us = INT64_MIN;
    live_day_roll(&watch->facts, now_us);
}

void live_watch_release(struct live_watch *watch)
{
    (void)pthread_mutex_destroy(&watch->lock);
}

void live_day_roll(struct live_facts *facts, int64_t at_us)
{
    if (at_us < facts->day.to_us) {
        return;
    }
    int64_t from_us = civil_day(at_us, LIVE_ZONE_MINUTES) * US_PER_DAY - LIVE_ZONE_MINUTES * US_PER_MINUTE;
    facts->day = (struct live_day){ .from_us = from_us, .to_us = from_us + US_PER_DAY };
    memset(facts->refusals, 0, sizeof(facts->refusals));
}

/* Whether something of that time belongs to the running day, which it may begin. */
static bool is_today(struct live_facts *facts, int64_t at_us)
{
    live_day_roll(facts, at_us);
    return at_us >= facts->day.from_us;
}

/* ---- campaigns ---- */

static uint32_t slot_of(const struct live_watch *watch, int64_t campaign_id)
{
    uint32_t at = (uint32_t)hash_mix((uint64_t)campaign_id) & (CAMPAIGN_SLOTS - 1);
    while (watch->index[at] != 0 && watch->facts.campaigns[watch->index[at] - 1].campaign_id != campaign_id) {
        at = (at + 1) & (CAMPAIGN_SLOTS - 1);
    }
    return at;
}

static struct live_campaign *campaign_find(struct live_watch *watch, int64_t campaign_id)
{
    uint16_t place = watch->index[slot_of(watch, campaign_id)];
    return place != 0 ? &watch->facts.campaigns[place - 1] : NULL;
}

static void index_again(struct live_watch *watch)
{
    memset(watch->index, 0, sizeof(watch->index));
    for (uint32_t i = 0; i < watch->facts.campaign_count; i++) {
        watch->index[slot_of(watch, watch->facts.campaigns[i].campaign_id)] = (uint16_t)(i + 1);
    }
}

/* A place for another campaign: a free one, or that of one that has ended. NULL: all shown are still alive.
 */
static struct live_campaign *campaign_place(struct live_watch *watch)
{
    struct live_facts *facts = &watch->facts;
    if (facts->campaign_count < LIVE_CAMPAIGNS_MAX) {
        return &facts->campaigns[facts->campaign_count++];
    }
    for (uint32_t i = 0; i < facts->campaign_count; i++) {
        if (facts->campaigns[i].state == CAMPAIGN_ended) {
            return &facts->campaigns[i];
        }
    }
    return NULL;
}

void live_campaign_seen(struct live_watch *watch, const struct campaign_row *row, int64_t stamp)
{
    if (row->currency != LIVE_CURRENCY) {
        return;
    }
    struct live_campaign *campaign = campaign_find(watch, row->campaign_id);
    if (campaign == NULL) {
        campaign = campaign_place(watch);
        if (campaign == NULL) {
            return;
        }
        *campaign =
            (struct live_campaign){ .campaign_id = row->campaign_id, .empty_at_us = row->empty_at_us };
        index_again(watch);
    }
    if (stamp < campaign->stamp) {
        return; /* what another process made of it meanwhile is known already */
    }
    campaign->stamp = stamp;
    memcpy(campaign->name, row->name, sizeof(campaign->name));
    campaign->state = row->state;
    campaign->uses = row->uses;
    campaign->spent_minor = row->spent_minor;
}

void live_budget_seen(struct live_watch *watch, const struct account_row *account, int64_t at_us, int64_t stamp)
{
    struct live_campaign *campaign = campaign_find(watch, account->owner_id);
    int part = account->purpose == PURPOSE_budget_merchant;
    if (campaign == NULL || stamp < campaign->left_stamp[part]) {
        return;
    }
    bool was_left = campaign->left_minor[0] + campaign->left_minor[1] > 0;
    campaign->left_stamp[part] = stamp;
    campaign->left_minor[part] = account->balance;
    bool is_left = campaign->left_minor[0] + campaign->left_minor[1] > 0;
    if (is_left) {
        campaign->empty_at_us = 0;
    } else if (was_left) {
        campaign->empty_at_us = at_us;
    }
}

/* ---- rows ---- */

static void account_seen(struct pass *pass, const struct account_row *account)
{
    const struct account_row *before = row_before(account);
    int64_t change = account->balance - (before != NULL ? before->balance : 0);
    pass->weighted += hash_mix((uint64_t)account->unit) * (uint64_t)change;
    pass->accounts++;
    if (account->unit == LIVE_CURRENCY) {
        pass->balance_minor += change;
    }
    enum audit_law law = audit_law_of_purpose(account->purpose);
    pass->checks[law]++;
    pass->broken[law] = pass->broken[law] || account->balance < account->floor;
    if (law == AUDIT_budget_kept && account->unit == LIVE_CURRENCY) {
        live_budget_seen(pass->watch, account, pass->watch->commit_us, pass->commit->stamp);
    }
}

static bool is_budget(int32_t purpose)
{
    return purpose == PURPOSE_budget_platform || purpose == PURPOSE_budget_merchant;
}

int64_t live_budget_spent(const void *row)
{
    const struct transfer_row *transfer = row;
    int64_t spent = 0;
    if (transfer->cause != CAUSE_trade_pay && transfer->cause != CAUSE_trade_refund) {
        return 0;
    }
    for (int32_t i = 0; i < transfer->legs_count; i++) {
        const struct leg_row *leg = &transfer->legs[i];
        if (leg->unit == LIVE_CURRENCY) {
            spent += is_budget(leg->from_purpose) ? leg->amount : 0;
            spent -= is_budget(leg->to_purpose) ? leg->amount : 0;
        }
    }
    return spent;
}

static void transfer_seen(struct pass *pass, const struct transfer_row *transfer)
{
    if (pass->counts && is_today(pass->facts, transfer->at_us)) {
        pass->facts->day.budget_minor += live_budget_spent(transfer);
    }
}

static uint64_t timer_hash(int64_t due_us, int32_t kind, int64_t subject_id)
{
    uint64_t hash = hash_mix(hash_mix((uint64_t)due_us + (uint64_t)kind) + (uint64_t)subject_id);
    return hash != 0 ? hash : 1;
}

static void timer_want(struct pass *pass, int64_t due_us, int32_t kind, int64_t subject_id)
{
    struct timer_set *timers = pass->watch->timers;
    assert(timers->wanted_count < BATCH_ROWS_MAX);
    timers->wanted[timers->wanted_count++] = timer_hash(due_us, kind, subject_id);
}

static uint32_t timer_slot(const struct timer_set *timers, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (TIMER_SLOTS - 1);
    while (timers->slots[at] != 0 && timers->slots[at] != hash) {
        at = (at + 1) & (TIMER_SLOTS - 1);
    }
    return at;
}

static void timer_seen(struct pass *pass, const struct timer_row *timer)
{
    struct timer_set *timers = pass->watch->timers;
    uint64_t hash = timer_hash(timer->due_us, timer->kind, timer->subject_id);
    uint32_t at = timer_slot(timers, hash);
    if (timers->slots[at] == 0) {
        timers->slots[at] = hash;
        timers->used[timers->used_count++] = at;
    }
}

static void hold_seen(struct pass *pass, const struct hold_row *hold)
{
    const struct hold_row *before = row_before(hold);
    if (hold->state == HOLD_open && (before == NULL || before->lapses_at_us != hold->lapses_at_us)) {
        timer_want(pass, hold->lapses_at_us, TIMER_hold_lapse, hold->hold_id);
    }
}

static void payment_seen(struct pass *pass, const struct trade_row *trade)
{
    struct live_facts *facts = pass->facts;
    facts->payments++;
    facts->node_payments[pass->commit->node]++;
    if (pass->counts && is_today(facts, trade->paid_at_us)) {
        facts->day.payments++;
        if (trade->currency == LIVE_CURRENCY) {
            facts->day.amount_minor += trade->paid_minor;
            facts->day.discount_minor += trade->discount_minor;
        }
    }
    facts->latest[facts->latest_count++ % LATEST_MAX] =
        (struct live_payment){ .trade_id = trade->trade_id,
                               .shop_id = trade->shop_id,
                               .at_us = trade->paid_at_us,
                               .list_minor = trade->list_minor,
                               .discount_minor = trade->discount_minor,
                               .paid_minor = trade->paid_minor,
                               .state = trade->state };
}

static int64_t discount_left(const struct trade_row *trade)
{
    int64_t left = 0;
    for (int32_t i = 0; i < trade->discounts_count; i++) {
        left += trade->discounts[i].platform_left_minor + trade->discounts[i].merchant_left_minor;
    }
    return left;
}

/* What a trade of another process says of its refunds, whose own rows are not told. */
static void refunds_heard(struct pass *pass, const struct trade_row *trade, const struct trade_row *before)
{
    if (pass->counts && is_today(pass->facts, pass->commit->at_us)) {
        pass->facts->day.refunds += trade->refund_count - before->refund_count;
        pass->facts->day.discount_minor += discount_left(trade) - discount_left(before);
    }
}

static void trade_seen(struct pass *pass, const struct trade_row *trade)
{
    const struct trade_row *before = row_before(trade);
    if (trade->paid_at_us != 0 && (before == NULL || before->paid_at_us == 0)) {
        payment_seen(pass, trade);
        return;
    }
    if (trade->state == TRADE_wait_buyer_pay && trade->expires_at_us != 0 &&
        (before == NULL || before->expires_at_us != trade->expires_at_us)) {
        timer_want(pass, trade->expires_at_us, TIMER_trade_expire, trade->trade_id);
        return;
    }
    for (size_t i = 0; i < LATEST_MAX && before != NULL; i++) {
        if (pass->facts->latest[i].trade_id == trade->trade_id) {
            pass->facts->latest[i].state = trade->state;
        }
    }
    if (pass->commit->foreign && before != NULL) {
        refunds_heard(pass, trade, before);
    }
}

static void refund_seen(struct pass *pass, const struct refund_row *refund)
{
    if (pass->counts && row_before(refund) == NULL && is_today(pass->facts, refund->at_us)) {
        pass->facts->day.refunds++;
        pass->facts->day.discount_minor -= refund->discount_minor;
    }
}

/* What a campaign of another process says of its budgets, of whose transfers nothing is told. */
static void spent_heard(struct pass *pass, const struct campaign_row *campaign)
{
    const struct campaign_row *before = row_before(campaign);
    if (pass->counts && campaign->currency == LIVE_CURRENCY && is_today(pass->facts, pass->commit->at_us)) {
        pass->facts->day.budget_minor += campaign->spent_minor - (before != NULL ? before->spent_minor : 0);
    }
}

static void campaign_seen(struct pass *pass, const struct campaign_row *campaign)
{
    live_campaign_seen(pass->watch, campaign, pass->commit->stamp);
    if (pass->commit->foreign) {
        spent_heard(pass, campaign);
    }
}

static void row_seen(struct pass *pass, const struct row_change *change)
{
    const struct table *table = change->table;
    if (!change->exists) {
        return;
    }
    if (table == &account_table) {
        account_seen(pass, change->row);
    } else if (table == &transfer_table) {
        transfer_seen(pass, change->row);
    } else if (table == &trade_table) {
        trade_seen(pass, change->row);
    } else if (table == &timer_table) {
        timer_seen(pass, change->row);
    } else if (table == &refund_table) {
        refund_seen(pass, change->row);
    } else if (table == &campaign_table) {
        campaign_seen(pass, change->row);
    } else if (table == &hold_table) {
        hold_seen(pass, change->row);
    } else if (table == &shop_table) {
        pass->facts->shop_changes++;
    } else if (table == &progress_table) {
        const struct progress_row *progress = change->row;
        pass->durable = (uint64_t)progress->batch == pass->commit->number;
    }
}

/* ---- the commit as a whole ---- */

void live_law_check(struct live_facts *facts, enum audit_law law, uint64_t checks, bool holds, int64_t at_us)
{
    struct law_state *state = &facts->laws[law];
    if (checks == 0) {
        return;
    }
    state->checks += checks;
    state->checked_at_us = at_us;
    state->broken = state->broken || !holds;
}

static void timers_check(struct pass *pass)
{
    struct timer_set *timers = pass->watch->timers;
    bool holds = true;
    for (uint32_t i = 0; i < timers->wanted_count; i++) {
        holds = holds && timers->slots[timer_slot(timers, timers->wanted[i])] != 0;
    }
    live_law_check(pass->facts, AUDIT_reservation_kept, timers->wanted_count, holds, pass->watch->commit_us);
    for (uint32_t i = 0; i < timers->used_count; i++) {
        timers->slots[timers->used[i]] = 0;
    }
    timers->used_count = 0;
    timers->wanted_count = 0;
}

static uint64_t calls_seen(struct pass *pass, const struct commit *commit)
{
    uint64_t answered = 0;
    for (size_t i = 0; i < commit->refused_count; i++) {
        live_day_roll(pass->facts, commit->at_us);
        assert(commit->refused[i].refusal < REFUSALS_MAX);
        pass->facts->refusals[commit->refused[i].refusal] += commit->refused[i].count;
    }
    for (const struct call *call = commit->calls; call != NULL; call = call->next) {
        if (call->status != STATUS_ok) {
            continue;
        }
        answered++;
        if (call->refusal != REFUSAL_none && !call->repeated && call->caller.kind != CALLER_system) {
            live_day_roll(pass->facts, call->decided_at_us);
            pass->facts->refusals[call->refusal]++;
        }
    }
    return answered;
}

/* The engine's time in this commit; batches that change something carry it. */
static int64_t time_of(const struct live_watch *watch, const struct commit *commit)
{
    return commit->calls != NULL ? max_i64(watch->commit_us, commit->calls->decided_at_us) : watch->commit_us;
}

/* Of this process, whose commits are seen whole. */
static void laws_check(struct pass *pass, uint64_t answered, bool in_order)
{
    int64_t at_us = pass->watch->commit_us;
    pass->facts->balance_since_minor += pass->balance_minor;
    live_law_check(pass->facts, AUDIT_money_conserved, pass->accounts > 0,
                   pass->weighted == 0 && pass->balance_minor == 0, at_us);
    static const enum audit_law floors[] = { AUDIT_budget_kept, AUDIT_stock_kept, AUDIT_voucher_once, AUDIT_seat_once };
    for (size_t i = 0; i < COUNT_OF(floors); i++) {
        live_law_check(pass->facts, floors[i], pass->checks[floors[i]], !pass->broken[floors[i]], at_us);
    }
    live_law_check(pass->facts, AUDIT_answer_durable, answered, in_order && pass->durable, at_us);
    timers_check(pass);
}

/* On a shared store numbers are left out by batches that came to nothing. */
static bool is_next(const struct live_watch *watch, const struct commit *commit)
{
    uint64_t last = watch->commit_number[commit->node];
    return last == 0 || (watch->shared ? commit->number > last : commit->number == last + 1);
}

void live_watch_commit(void *context, const struct commit *commit)
{
    struct live_watch *watch = context;
    struct pass pass = { .commit = commit,
                         .watch = watch,
                         .facts = &watch->facts,
                         .durable = commit->change_count == 0 };
    assert(commit->node < NODES_MAX);
    pthread_mutex_lock(&watch->lock);
    bool in_order = is_next(watch, commit);
    pass.counts = commit->number > watch->summed_up_to[commit->node];
    watch->commit_number[commit->node] = commit->number;
    watch->commit_us = time_of(watch, commit);
    for (size_t i = 0; i < commit->change_count; i++) {
        if (i + LOOK_AHEAD < commit->change_count) {
            __builtin_prefetch(commit->changes[i + LOOK_AHEAD].row);
        }
        row_seen(&pass, &commit->changes[i]);
    }
    uint64_t answered = calls_seen(&pass, commit);
    if (commit->foreign) {
        pass.watch->timers->wanted_count = 0; /* timers are not told */
    } else {
        laws_check(&pass, answered, in_order);
    }
    pthread_mutex_unlock(&watch->lock);
}
