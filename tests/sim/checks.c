/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/checks.h"

#include <stdlib.h>

#include "base/civil.h"
#include "people/app.h"
#include "sim/wishes.h"
#include "support/house.h"
#include "till/audit.h"
#include "till/deposit.h"

struct counts {
    int64_t trades, refunds, deposits, taken_minor;
    int64_t settles, settled_minor, transfers, transferred_minor;
    int64_t details, app_paid, notices; /* of the app's trades: what was said, those paid, those told as paid */
    bool overdue; /* a deposit that is open although its time is up */
    int64_t now_us;
};

static bool count_trade(void *context, const void *row)
{
    const struct trade_row *trade = row;
    struct counts *counts = context;
    counts->trades += trade->line == LINE_none; /* those of a line are counted where it is checked */
    counts->app_paid += trade->app_id == APP_ID && trade->paid_at_us != 0;
    return true;
}

static bool count_detail(void *context, const void *row)
{
    const struct trade_detail_row *detail = row;
    ((struct counts *)context)->details += detail->detail.passback[0] == 'p';
    return true;
}

static bool count_notice(void *context, const void *row)
{
    const struct delivery_row *delivery = row;
    ((struct counts *)context)->notices += delivery->app_id == APP_ID && delivery->topic == TOPIC_trade_paid;
    return true;
}

static bool count_refund(void *context, const void *row)
{
    const struct refund_row *refund = row;
    ((struct counts *)context)->refunds += strncmp(refund->out_request_no, WISH_REFUND, sizeof(WISH_REFUND) - 1) == 0;
    return true;
}

static bool count_deposit(void *context, const void *row)
{
    const struct hold_row *hold = row;
    struct counts *counts = context;
    bool deposit = hold->cause == CAUSE_hold; /* not that of a booking, which is counted where it is checked */
    counts->deposits += deposit;
    counts->taken_minor += deposit ? hold->captured : 0;
    counts->overdue = counts->overdue || (hold->state == HOLD_open && hold->lapses_at_us <= counts->now_us);
    return true;
}

/* As many deposits as were answered, as much taken from them, and nothing set aside for longer than was said. */
static void deposits_check(struct world *world)
{
    struct counts found = { .now_us = world->now_us }, answered = { 0 };
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        bool through = intent->known && intent->refusal == REFUSAL_none;
        const struct deposit_end_want *end = (const void *)intent->request;
        answered.deposits += through && makes_deposit(intent);
        answered.taken_minor += through && intent->command == &deposit_capture ? end->amount_minor : 0;
    }
    enum status status = world_scan(world, &hold_table, count_deposit, &found);
    assert(status == STATUS_ok);
    if (found.deposits != answered.deposits) {
        world_wrong(world, "deposits",
                    found.deposits > answered.deposits ? "more than were answered" : "some are missing");
    }
    if (found.taken_minor != answered.taken_minor) {
        world_wrong(world, "deposits", "what was taken is not what was answered");
    }
}

/* Clocks of several machines differ, and what the dead have left is taken up a little later. */
void overdue_check(struct world *world)
{
    int64_t late_us = world->shared != NULL ? 20 * US_PER_SECOND : 0;
    struct counts found = { .now_us = world->now_us - late_us };
    enum status status = world_scan(world, &hold_table, count_deposit, &found);
    assert(status == STATUS_ok);
    if (found.overdue) {
        world_wrong(world, "deposits", "one did not return by itself");
    }
}

static bool count_settle(void *context, const void *row)
{
    const struct settle_row *settle = row;
    struct counts *counts = context;
    counts->settles++;
    counts->settled_minor += settle->amount_minor;
    return true;
}

static bool count_transfer(void *context, const void *row)
{
    const struct wallet_transfer_row *transfer = row;
    struct counts *counts = context;
    counts->transfers++;
    counts->transferred_minor += transfer->amount_minor;
    return true;
}

/* As many settlements and transfers as were answered, of as much. */
static void shares_check(struct world *world)
{
    struct counts found = { 0 }, answered = { 0 };
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        bool through = intent->known && intent->refusal == REFUSAL_none;
        if (through && intent->command == &trade_settle) {
            count_settle(&answered, intent->answer);
        } else if (through && (intent->command == &wallet_transfer || intent->command == &wallet_send)) {
            count_transfer(&answered, intent->answer);
        }
    }
    enum status status = world_scan(world, &settle_table, count_settle, &found);
    assert(status == STATUS_ok);
    status = world_scan(world, &wallet_transfer_table, count_transfer, &found);
    assert(status == STATUS_ok);
    if (found.settles != answered.settles || found.settled_minor != answered.settled_minor) {
        world_wrong(world, "settlements", "they are not those that were answered");
    }
    if (found.transfers != answered.transfers || found.transferred_minor != answered.transferred_minor) {
        world_wrong(world, "transfers", "they are not those that were answered");
    }
}

/* As many trades and refunds as were answered, and as much money as came in and did not go out. */
static void sums_check(struct world *world)
{
    struct counts found = { 0 }, answered = { 0 };
    int64_t money = 0;
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        bool through = intent->known && intent->refusal == REFUSAL_none;
        const struct qr_pay *scan = (const void *)intent->request;
        bool opens = intent->command == &trade_pay || intent->command == &trade_create ||
                     (intent->command == &qr_pay && scan->qr_kind == 2);
        answered.trades += through && opens;
        answered.refunds += through && intent->command == &trade_refund;
        money += through ? intent->amount : 0;
    }
    enum status status = world_scan(world, &trade_table, count_trade, &found);
    assert(status == STATUS_ok);
    status = world_scan(world, &refund_table, count_refund, &found);
    assert(status == STATUS_ok);
    if (found.trades != answered.trades) {
        world_wrong(world, "trades", found.trades > answered.trades ? "more than were answered" : "some are missing");
    }
    if (found.refunds != answered.refunds) {
        world_wrong(world, "refunds",
                    found.refunds > answered.refunds ? "more than were answered" : "some are missing");
    }
    struct account_row bank = { .owner_id = 0, .purpose = PURPOSE_clearing, .unit = UNIT_CNY };
    if (!world_find(world, &account_table, &bank) || bank.balance != -money) {
        world_wrong(world, "money", "the bank's account is not what was answered");
    }
}

/* Each trade of the app keeps what was said of it, and each payment of one is told once. */
static void app_check(struct world *world)
{
    struct counts found = { 0 };
    int64_t answered = 0;
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        const struct trade_pay *pay = (const void *)intent->request;
        answered += intent->command == &trade_pay && pay->app_id == APP_ID && intent->known &&
                    intent->refusal == REFUSAL_none;
    }
    bool read = world_scan(world, &trade_table, count_trade, &found) == STATUS_ok &&
                world_scan(world, &trade_detail_table, count_detail, &found) == STATUS_ok &&
                world_scan(world, &delivery_table, count_notice, &found) == STATUS_ok;
    assert(read);
    if (found.details != answered) {
        world_wrong(world, "details", found.details > answered ? "more than were answered" : "some are missing");
    }
    if (found.notices != found.app_paid) {
        world_wrong(world, "notices", found.notices > found.app_paid ? "one was told twice" : "one was not told");
    }
}

static int time_order(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* No two calls that left something were decided at the same time. */
static void times_check(struct world *world)
{
    int64_t times[INTENTS_MAX];
    size_t count = 0;
    for (int i = 0; i < world->intent_count; i++) {
        if (world->intents[i].known && world->intents[i].key[0] != '\0') {
            times[count++] = world->intents[i].decided_at_us;
        }
    }
    qsort(times, count, sizeof(times[0]), time_order);
    for (size_t i = 1; i < count; i++) {
        if (times[i] == times[i - 1] && world->shared == NULL) { /* by one clock, that is */
            world_wrong(world, "time", "two calls were decided at the same moment");
        }
    }
}

static void audit_check(struct world *world)
{
    struct audit_report report;
    struct reader *reader = world_reader(world);
    enum status status = audit_run(reader, NULL, &report);
    assert(status == STATUS_ok);
    if (!report.ok) {
        world_wrong(world, "audit", report.first.sentence);
    }
    reader->ops->close(reader);
}

void till_check(struct world *world)
{
    sums_check(world);
    app_check(world);
    deposits_check(world);
    overdue_check(world);
    shares_check(world);
}

void checks_all(struct world *world)
{
    for (size_t i = 0; areas[i] != NULL; i++) {
        if (area_open(world, i)) {
            areas[i]->check(world);
        }
    }
    times_check(world);
    audit_check(world);
}
