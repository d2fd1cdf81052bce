/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened before this process began. Campaigns and their budgets are read before the engine starts.
 * The rest is read beside the running till, by a thread that yields to it:
 *
 *  1. the sums of the running day that the shops keep, in a snapshot taken before the first commit (a shop's
 *     day is that of its own zone);
 *  2. what the day's earlier transfers moved out of budgets, in pieces: transfers are never changed, and
 *     those of before are the ones up to the last id that had been given, by each node of a shared store;
 *  3. the sum of all balances, in one snapshot. A snapshot keeps the log of the database from being
 *     reused, so it is given up after a while and tried again later, when there may be less to do.
 *
 * Of a shared store the other processes go on meanwhile: the snapshot says up to which commit of each node it reaches.
 */
#include <sys/resource.h>

#include "base/arena.h"
#include "base/civil.h"
#include "base/hash.h"
#include "base/os_clock.h"
#include "doors/live_internal.h"
#include "engine/engine_rows.h"
#include "engine/reader.h"
#include "ledger/ledger_rows.h"
#include "till/trade_rows.h"

#define NICE_LEVEL 15
#define TRANSFERS_AT_ONCE 100000
#define SNAPSHOT_US_MAX (30 * US_PER_SECOND)
#define WAIT_US_MAX (300 * US_PER_SECOND)
#define ID_EPOCH_US (INT64_C(1262304000) * US_PER_SECOND) /* ids begin with milliseconds since 2010 */
#define ROWS_BETWEEN_LOOKS 4096

struct live_past {
    struct store *store;
    struct live_watch *watch;
    struct reader *reader; /* NULL: the store has none, and all was read at once */
    bool snapshot_open;
    struct live_day day; /* as it stood at the start */
    int64_t id_last[NODES_MAX]; /* of everything that was there, by the node that gave it */
    int64_t id_most;            /* of all of them */
    int64_t until_us;           /* the engine's time */
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* guards `stopping` */
    pthread_cond_t wake;
    bool stopping;
};

/* ---- before the engine starts ---- */

static bool campaign_read(void *context, const void *row)
{
    const struct campaign_row *campaign = row;
    struct live_watch *watch = context;
    if (campaign->state != CAMPAIGN_ended || watch->facts.campaign_count < LIVE_CAMPAIGNS_MAX) {
        live_campaign_seen(watch, campaign, 0);
    }
    return true;
}

static bool progress_read(void *context, const void *row)
{
    const struct progress_row *progress = row;
    struct live_past *past = context;
    uint32_t node = (uint32_t)progress->one - 1;
    assert(node < NODES_MAX);
    past->id_last[node] = progress->id_last;
    past->id_most = max_i64(past->id_most, progress->id_last);
    past->until_us = max_i64(past->until_us, progress->now_us);
    past->watch->commit_number[node] = (uint64_t)progress->batch;
    if (past->store->shared) {
        past->watch->summed_up_to[node] = (uint64_t)progress->batch;
    }
    return true;
}

static bool is_of_before(const struct live_past *past, int64_t transfer_id)
{
    return transfer_id <= past->id_last[past->store->shared ? (uint64_t)transfer_id % NODES_MAX : 0];
}

static enum status budgets_read(struct arena *arena, struct store *store, struct live_watch *watch,
                                int64_t now_us)
{
    static const int32_t purposes[2] = { PURPOSE_budget_platform, PURPOSE_budget_merchant };
    struct live_facts *facts = &watch->facts;
    size_t count = 0;
    struct row_want *wants = arena_take(arena, 2 * LIVE_CAMPAIGNS_MAX * sizeof(wants[0]));
    struct account_row *rows = arena_take(arena, 2 * LIVE_CAMPAIGNS_MAX * sizeof(rows[0]));
    uint8_t *keys = arena_take(arena, 2 * LIVE_CAMPAIGNS_MAX * KEY_SIZE_MAX);
    for (uint32_t i = 0; i < 2 * facts->campaign_count; i++, count++) {
        uint8_t *key = keys + count * KEY_SIZE_MAX;
        rows[count] = (struct account_row){ .owner_id = facts->campaigns[i / 2].campaign_id,
                                            .purpose = purposes[i % 2],
                                            .unit = LIVE_CURRENCY };
        struct span encoded = { (const char *)key, row_key_write(&account_table, &rows[count], key) };
        wants[count] = (struct row_want){ .table = &account_table,
                                          .key = encoded,
                                          .hash = row_hash(&account_table, hash_bytes(key, encoded.size)),
                                          .row = &rows[count] };
    }
    enum status status = count > 0 ? store->ops->load(store, wants, count) : STATUS_ok;
    for (size_t i = 0; i < count && status == STATUS_ok; i++) {
        if (wants[i].exists) {
            live_budget_seen(watch, &rows[i], now_us, 0);
        }
    }
    return status;
}

/* ---- sums over rows ---- */

struct sums {
    struct live_past *past;
    uint64_t rows;
    int64_t until_us; /* monotonic; 0: whenever */
    bool given_up;
    struct live_day day;
    int64_t last_id; /* of the transfers read */
    int64_t balance_minor;
    uint64_t weighted;
    uint64_t accounts, budgets;
    bool budget_broken;
};

static bool is_stopping(struct live_past *past)
{
    pthread_mutex_lock(&past->lock);
    bool stopping = past->stopping;
    pthread_mutex_unlock(&past->lock);
    return stopping;
}

/* Whether to go on; looks around only now and then. */
static bool sums_go_on(struct sums *sums)
{
    if (++sums->rows % ROWS_BETWEEN_LOOKS != 0) {
        return true;
    }
    sums->given_up = is_stopping(sums->past) || (sums->until_us != 0 && os_monotonic_us() > sums->until_us);
    return !sums->given_up;
}

static bool shop_day_add(void *context, const void *row)
{
    struct sums *sums = context;
    const struct shop_day_row *shop = row;
    int32_t today = civil_yyyymmdd(civil_day(sums->day.from_us, LIVE_ZONE_MINUTES));
    if (shop->day == today) {
        sums->day.payments += shop->payments;
        sums->day.refunds += shop->refunds;
        sums->day.amount_minor += shop->paid_minor;
        sums->day.discount_minor += shop->discount_minor - shop->refunded_discount_minor;
    }
    return sums_go_on(sums);
}

static bool transfer_add(void *context, const void *row)
{
    struct sums *sums = context;
    const struct transfer_row *transfer = row;
    if (transfer->transfer_id > sums->past->id_most) {
        return false;
    }
    if (transfer->at_us >= sums->day.from_us && transfer->at_us < sums->day.to_us &&
        is_of_before(sums->past, transfer->transfer_id)) {
        sums->day.budget_minor += live_budget_spent(transfer);
    }
    sums->last_id = transfer->transfer_id;
    return sums_go_on(sums) && sums->rows % TRANSFERS_AT_ONCE != 0;
}

static bool account_add(void *context, const void *row)
{
    struct sums *sums = context;
    const struct account_row *account = row;
    sums->weighted += hash_mix((uint64_t)account->unit) * (uint64_t)account->balance;
    sums->accounts++;
    if (account->unit == LIVE_CURRENCY) {
        sums->balance_minor += account->balance;
    }
    if (account->purpose == PURPOSE_budget_platform || account->purpose == PURPOSE_budget_merchant) {
        sums->budgets++;
        sums->budget_broken = sums->budget_broken || account->balance < account->floor;
    }
    return sums_go_on(sums);
}

/* ---- into the facts ---- */

static void day_report(struct live_past *past, const struct live_day *day)
{
    struct live_day *now = &past->watch->facts.day;
    pthread_mutex_lock(&past->watch->lock);
    if (now->from_us == day->from_us) { /* else that day is over */
        now->payments += day->payments;
        now->refunds += day->refunds;
        now->amount_minor += day->amount_minor;
        now->discount_minor += day->discount_minor;
        now->budget_minor += day->budget_minor;
    }
    pthread_mutex_unlock(&past->watch->lock);
}

/*
 * The snapshot may hold commits that were seen too; each of them changed the sum by 0, or its own check has
 * found it. So what the snapshot sums up to is what there was before.
 */
static void balances_report(struct live_past *past, const struct sums *sums)
{
    struct live_watch *watch = past->watch;
    pthread_mutex_lock(&watch->lock);
    bool seen_whole = watch->facts.balance_since_minor == 0;
    watch->facts.balance_before_minor = seen_whole ? sums->balance_minor : 0;
    live_law_check(&watch->facts, AUDIT_money_conserved, sums->accounts > 0,
                   sums->weighted == 0 && sums->balance_minor == 0, watch->commit_us);
    live_law_check(&watch->facts, AUDIT_budget_kept, sums->budgets, !sums->budget_broken, watch->commit_us);
    pthread_mutex_unlock(&watch->lock);
}

/* ---- beside the running till ---- */

static enum status day_sums_read(struct live_past *past)
{
    struct sums sums = { .past = past, .day = { .from_us = past->day.from_us, .to_us = past->day.to_us } };
    enum status status =
        past->reader->ops->scan(past->reader, &shop_day_table, (struct span){ NULL, 0 }, shop_day_add, &sums);
    past->reader->ops->end(past->reader);
    past->snapshot_open = false;
    if (status == STATUS_ok && !sums.given_up) {
        day_report(past, &sums.day);
    }
    return status;
}

static enum status transfers_read(struct live_past *past)
{
    struct sums sums = { .past = past, .day = { .from_us = past->day.from_us, .to_us = past->day.to_us } };
    int64_t from_id = (max_i64(past->day.from_us - ID_EPOCH_US, 0) / 1000) << 22;
    enum status status;
    do {
        uint8_t key[KEY_SIZE_MAX];
        struct transfer_row from = { .transfer_id = from_id };
        struct span encoded = { (const char *)key, row_key_write(&transfer_table, &from, key) };
        sums.last_id = 0;
        sums.rows = 0;
        status = past->reader->ops->begin(past->reader);
        if (status != STATUS_ok) {
            return status;
        }
        status = past->reader->ops->scan(past->reader, &transfer_table, encoded, transfer_add, &sums);
        past->reader->ops->end(past->reader);
        from_id = sums.last_id + 1;
    } while (status == STATUS_ok && sums.last_id != 0 && !sums.given_up);
    if (status == STATUS_ok && !sums.given_up) {
        day_report(past, &sums.day);
    }
    return status;
}

/* STATUS_busy: it took too long, or could not be read now. */
static enum status balances_read(struct live_past *past)
{
    struct sums sums = { .past = past };
    enum status status = past->reader->ops->begin(past->reader);
    if (status != STATUS_ok) {
        return STATUS_busy;
    }
    sums.until_us = os_monotonic_us() + SNAPSHOT_US_MAX;
    status =
        past->reader->ops->scan(past->reader, &account_table, (struct span){ NULL, 0 }, account_add, &sums);
    past->reader->ops->end(past->reader);
    if (status != STATUS_ok || sums.given_up) {
        return STATUS_busy;
    }
    balances_report(past, &sums);
    return STATUS_ok;
}

/* False: it is time to stop. */
static bool past_wait(struct live_past *past, int64_t us)
{
    int64_t until_ns = os_monotonic_ns() + us * 1000;
    struct timespec until = { .tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000 };
    pthread_mutex_lock(&past->lock);
    int rc = 0;
    while (!past->stopping && rc == 0) {
        rc = pthread_cond_timedwait(&past->wake, &past->lock, &until);
    }
    bool go_on = !past->stopping;
    pthread_mutex_unlock(&past->lock);
    return go_on;
}

static void *past_thread(void *context)
{
    struct live_past *past = context;
    pthread_setname_np(pthread_self(), "live past");
    (void)setpriority(PRIO_PROCESS, 0, NICE_LEVEL); /* on Linux: of this thread */
    if (past->snapshot_open && day_sums_read(past) == STATUS_ok) {
        while (transfers_read(past) != STATUS_ok && past_wait(past, US_PER_SECOND)) {
        }
    }
    int64_t wait_us = US_PER_SECOND;
    while (balances_read(past) != STATUS_ok && past_wait(past, wait_us)) {
        wait_us = min_i64(4 * wait_us, WAIT_US_MAX);
    }
    return NULL;
}

/* A store without readers is in memory: all is read at once. */
static enum status past_read_now(struct live_past *past)
{
    const struct store_ops *ops = past->store->ops;
    struct span all = { NULL, 0 };
    struct sums sums = { .past = past, .day = { .from_us = past->day.from_us, .to_us = past->day.to_us } };
    enum status status = ops->scan(past->store, &shop_day_table, all, shop_day_add, &sums);
    if (status == STATUS_ok) {
        status = ops->scan(past->store, &account_table, all, account_add, &sums);
    }
    while (status == STATUS_ok) {
        uint8_t key[KEY_SIZE_MAX];
        struct transfer_row from = { .transfer_id = sums.last_id + 1 };
        struct span encoded = { (const char *)key, row_key_write(&transfer_table, &from, key) };
        sums.last_id = 0;
        status = ops->scan(past->store, &transfer_table, encoded, transfer_add, &sums);
        if (sums.last_id == 0) {
            break;
        }
    }
    day_report(past, &sums.day);
    balances_report(past, &sums);
    return status;
}

enum status live_past_open(struct live_past **opened, struct arena *arena, struct store *store,
                           struct live_watch *watch, int64_t now_us)
{
    struct live_past *past = arena_take(arena, sizeof(*past));
    struct span all = { NULL, 0 };
    *past = (struct live_past){ .store = store, .watch = watch, .day = watch->facts.day };
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&past->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&past->lock, NULL);
    *opened = past;
    enum status status = store->ops->scan(store, &campaign_table, all, campaign_read, watch);
    if (status == STATUS_ok) {
        status = budgets_read(arena, store, watch, now_us);
    }
    if (status == STATUS_ok) {
        status = store->ops->scan(store, &progress_table, all, progress_read, past);
    }
    if (status != STATUS_ok) {
        return status;
    }
    status = store->ops->reader_open(store, &past->reader);
    if (status == STATUS_not_found) {
        return past_read_now(past);
    }
    bool happened = store->shared || past->until_us >= past->day.from_us; /* something, today */
    if (status == STATUS_ok && happened) {
        status = past->reader->ops->begin(past->reader);
        past->snapshot_open = status == STATUS_ok;
    }
    if (past->snapshot_open && store->shared) {
        status = past->reader->ops->scan(past->reader, &progress_table, all, progress_read, past);
    }
    return status;
}

void live_past_start(struct live_past *past)
{
    if (past->reader != NULL) {
        int rc = pthread_create(&past->thread, NULL, past_thread, past);
        assert(rc == 0);
        past->running = true;
    }
}

void live_past_stop(struct live_past *past)
{
    if (past->running) {
        pthread_mutex_lock(&past->lock);
        past->stopping = true;
        pthread_mutex_unlock(&past->lock);
        pthread_cond_signal(&past->wake);
        pthread_join(past->thread, NULL);
        past->running = false;
    }
    if (past->reader != NULL) {
        past->reader->ops->close(past->reader);
        past->reader = NULL;
    }
    (void)pthread_mutex_destroy(&past->lock);
    (void)pthread_cond_destroy(&past->wake);
}
