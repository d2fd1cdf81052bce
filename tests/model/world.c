/* SPDX-License-Identifier: Apache-2.0 */
#include "model/world.h"

#include <stdio.h>

#include "base/civil.h"
#include "lines/local/hoard.h"
#include "model/local.h"

/* ---- worlds ---- */

void campaign_open(struct run *run, int index)
{
    struct model_campaign *c = &run->model.campaigns[index];
    struct campaign answer;
    struct campaign_rules rules = { .campaign_id = id_of(run, index),
                                    .kind = c->kind,
                                    .percent_bp = (int32_t)c->percent_bp,
                                    .amount_minor = c->amount,
                                    .low_minor = c->low,
                                    .high_minor = c->high,
                                    .seed = c->seed,
                                    .cap_minor = c->cap,
                                    .min_spend_minor = c->minimum,
                                    .uses_per_day = c->uses_per_day,
                                    .uses_per_person = c->uses_per_person,
                                    .uses_max = c->uses_max,
                                    .day_budget_minor = c->day_budget,
                                    .shop_budget_minor = c->shop_budget,
                                    .audience = c->only_new ? AUDIENCE_new : AUDIENCE_all,
                                    .starts_at_us = c->starts_us,
                                    .ends_at_us = c->ends_us,
                                    .minute_from = c->minute_from,
                                    .minute_to = c->minute_to,
                                    .weekdays = c->weekdays,
                                    .priority = c->priority,
                                    .combines = c->combines,
                                    .merchant_share_bp = c->share_bp,
                                    .at_budget_end = c->refuse ? BUDGET_END_refuse : BUDGET_END_go_without,
                                    .targets_count = 1 };
    int64_t sets = run->base + 100 + c->target;
    rules.targets[0] = (struct target_row){ c->target_kind, c->target_kind == TARGET_all   ? 0
                                                            : c->target_kind == TARGET_set ? sets
                                                                                           : id_of(run, c->target) };
    c->state = 1;
    same_refusal(run, "campaign_create", 0, call(run, house_operator, &campaign_create, &rules, &answer));
    struct campaign_fund fund = { rules.campaign_id, amount_make(run) * 2, amount_make(run) };
    same_refusal(run, "campaign_fund", model_fund(&run->model, index, fund.platform_minor, fund.merchant_minor),
                 call(run, house_operator, &campaign_fund, &fund, &answer));
}

static void campaign_draw(struct run *run, struct model_campaign *c)
{
    static const int64_t day = 24 * 60 * US_PER_MINUTE;
    *c = (struct model_campaign){ .kind = 1 + pick(run, 4), .seed = (int64_t)(draw(run) >> 1) };
    c->percent_bp = 1 + pick(run, 10000);
    c->amount = c->kind == 2 ? 1 + pick(run, 500) : pick(run, 3000);
    c->low = chance(run, 20) ? c->amount : (int64_t)(draw(run) % (uint64_t)(c->amount + 1));
    c->high = c->amount + (chance(run, 20) ? 0 : pick(run, 3000)) + (c->amount == 0);
    c->cap = chance(run, 50) ? pick(run, 5000) + (c->kind == 4 ? c->high : 1) : 0;
    c->minimum = chance(run, 30) ? pick(run, 5000) : 0;
    c->uses_per_day = chance(run, 40) ? 1 + pick(run, 3) : 0;
    c->uses_per_person = chance(run, 40) ? 1 + pick(run, 6) : 0;
    c->uses_max = chance(run, 30) ? 1 + pick(run, 20) : 0;
    c->day_budget = chance(run, 30) ? 1 + pick(run, 20000) : 0;
    c->shop_budget = chance(run, 30) ? 1 + pick(run, 20000) : 0;
    c->only_new = chance(run, 15);
    c->starts_us = HOUSE_NOON_US - day + pick(run, 3) * day / 2;
    c->ends_us = c->starts_us + (1 + pick(run, 6)) * day;
    if (chance(run, 30)) {
        c->minute_from = pick(run, 1440);
        c->minute_to = pick(run, 1441);
    }
    c->weekdays = chance(run, 25) ? 1 + pick(run, 127) : 0;
    c->priority = pick(run, 4);
    c->combines = chance(run, 60);
    c->share_bp = chance(run, 50) ? pick(run, 10001) : 0;
    c->refuse = chance(run, 15);
    c->target_kind = 1 + pick(run, 4);
    c->target = c->target_kind == 2 || c->target_kind == 4 ? pick(run, 2) : pick(run, run->model.shop_count);
}

/* So that people may keep as much as they like: the model does not know these limits. */
static void limits_open(struct run *run)
{
    struct hoard_limits_row limits = { .purchases_most = 100000, .copies_most = 1000000, .bookings_most = 100000,
                                       .visits_most = 100000, .waitings_most = 100000, .numbers_most = 50,
                                       .meals_most = 100000, .unpaid_day_most = 1000000, .unpaid_minutes = 21600 };
    struct hoard_limits_row answer;
    same_refusal(run, "hoard_limits_change", 0,
                 call(run, house_operator, &hoard_limits_change, &limits, &answer));
}

void people_open(struct run *run)
{
    struct model *m = &run->model;
    limits_open(run);
    for (int i = 0; i < 2; i++) {
        struct merchant_create want = { .merchant_id = id_of(run, i) };
        struct merchant_row answer;
        call(run, house_operator, &merchant_create, &want, &answer);
    }
    for (int i = 0; i < m->shop_count; i++) {
        struct shop_create want = { .shop_id = id_of(run, i), .merchant_id = id_of(run, m->shops[i].merchant),
                                    .zone_minutes = m->shops[i].zone_minutes, .sets_count = 1 };
        struct shop_row answer;
        want.sets[0].id = run->base + 100 + m->shops[i].set;
        m->shops[i].open = true;
        same_refusal(run, "shop_create", 0, call(run, house_operator, &shop_create, &want, &answer));
    }
    for (int i = 0; i < m->shopper_count; i++) {
        struct shopper_create want = { .shopper_id = id_of(run, i), .person_id = id_of(run, m->shoppers[i].person),
                                       .no_password_limit_minor = m->shoppers[i].limit };
        struct paycode_issue device = { id_of(run, i), id_of(run, i) };
        struct shopper_row answer;
        struct device_row row;
        same_refusal(run, "shopper_create", 0, call(run, house_operator, &shopper_create, &want, &answer));
        same_refusal(run, "paycode_issue", 0, call(run, house_operator, &paycode_issue, &device, &row));
        same(run, "device", device.device_id, row.device_id);
    }
}

/* Refunds end so soon that a history sees it. */
static void refunds_end(struct run *run)
{
    struct policy_row policy;
    struct nothing nothing = { 0 };
    run->model.refund_days = 1;
    run->days_pass = true;
    same_refusal(run, "policy_query", 0, call(run, house_operator, &policy_query, &nothing, &policy));
    same(run, "days for refunds", 365, policy.refund_days);
    policy.refund_days = 1;
    same_refusal(run, "policy_change", 0, call(run, house_operator, &policy_change, &policy, &policy));
}

/* A line of business, with some of its parts: fewer come further in as many calls. */
static void line_open(struct run *run)
{
    int count = 1;
    bool all = chance(run, 30);
    int of_all = 0, only = -1;
    while (line_parts[of_all] != NULL) {
        of_all++;
    }
    if (!all && chance(run, 50)) {
        only = pick(run, of_all);
    }
    for (int i = 0; i < of_all; i++) {
        assert(count < PARTS_MAX);
        bool drawn = only >= 0 ? i == only : chance(run, 50);
        if (all || line_parts[i]->always || drawn) {
            run->parts[count++] = line_parts[i];
        }
    }
    local_begin(&run->model);
    for (int i = 0; i < run->model.shopper_count; i++) { /* most have something to spend */
        uint8_t answer[256];
        struct wallet_move want = { .shopper_id = id_of(run, i), .amount_minor = pick(run, 40000) };
        same_refusal(run, "wallet_top_up", model_top_up(&run->model, i, want.amount_minor),
                     call(run, house_operator, &wallet_top_up, &want, answer));
    }
    for (int i = 1; i < count; i++) {
        if (run->parts[i]->open != NULL) {
            run->parts[i]->open(run);
        }
    }
}

static void world_draw(struct run *run)
{
    struct model *m = &run->model;
    static const int zones[] = { 480, 480, 480, 540, -600 };
    model_clear(m);
    m->shopper_count = 2 + pick(run, MODEL_PEOPLE - 1);
    m->shop_count = 2 + pick(run, MODEL_SHOPS - 1);
    m->campaign_count = pick(run, MODEL_CAMPAIGNS + 1);
    for (int i = 0; i < m->shop_count; i++) {
        m->shops[i] = (struct model_shop){ .merchant = pick(run, 2), .set = pick(run, 2),
                                           .zone_minutes = zones[pick(run, COUNT_OF(zones))] };
    }
    for (int i = 0; i < m->shopper_count; i++) {
        m->shoppers[i] = (struct model_shopper){ .person = chance(run, 25) ? pick(run, i + 1) : i,
                                                 .limit = 1 + pick(run, 100000) };
        m->shoppers[i].person = m->shoppers[m->shoppers[i].person].person;
    }
    people_open(run);
    if (chance(run, 30)) {
        refunds_end(run);
    }
    for (int i = 0; i < m->campaign_count; i++) {
        campaign_draw(run, &m->campaigns[i]);
        campaign_open(run, i);
    }
    if (line_parts[0] != NULL && chance(run, 60)) {
        line_open(run);
    }
}

/* ---- histories ---- */

static void time_pass(struct run *run)
{
    static const int64_t most[] = { US_PER_SECOND, 30 * US_PER_SECOND, 5 * US_PER_MINUTE, 3 * US_PER_HOUR };
    static const int until[][3] = { { 30, 60, 94 }, { 40, 75, 99 } }; /* with a line open more happens in a day */
    const int *share = until[run->parts[1] != NULL];
    int which = pick(run, 100);
    int64_t us = most[which < share[0] ? 0 : which < share[1] ? 1 : which < share[2] ? 2 : 3];
    run->house.now_us += 1 + (int64_t)(draw(run) % (uint64_t)us);
    /* Some minutes at a time, so that few timers are due at once: their order then is nobody's promise. */
    for (int steps = run->days_pass && chance(run, 3) ? 67 : 0; steps > 0; steps--) {
        time_settle(run);
        run->house.now_us += 857 * US_PER_SECOND; /* no whole minutes, of which other times are made */
    }
}

void run_clear(struct run *run, uint64_t seed)
{
    run->random = seed;
    run->base = 0;
    run->old_count = 0;
    run->call_number = 0;
    run->key_number = 0;
    run->wrong = NULL;
    run->days_pass = false;
    run->settled_us = 0;
    memset(run->parts, 0, sizeof(run->parts));
    run->parts[0] = &till_part;
    memset(run->trade_ids, 0, sizeof(run->trade_ids));
    memset(run->deposit_ids, 0, sizeof(run->deposit_ids));
}

bool history_run(struct run *run)
{
    world_draw(run);
    for (int i = 0; i < CALLS_PER_HISTORY && run->wrong == NULL; i++) {
        run->call_number++;
        time_pass(run);
        time_settle(run);
        do_something(run);
    }
    if (run->wrong == NULL) {
        same_state(run);
    }
    audit(run);
    return run->wrong == NULL;
}
