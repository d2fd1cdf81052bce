/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sqlite store costs by itself: batches of payments as the till makes them, without till and doors.
 *
 *     store_bench file=PATH [shoppers=N] [seconds=N] [batch=N] [rate=PAYMENTS/S] [cache_mb=N]
 * [page_cache_mb=N] [wal_mb=N] [generation_rows=N] [generation_mb=N] [in_flight=N] [audit=1]
 *
 * Each payment inserts a request, a number, a trade and a transfer, and changes a shopper, a device, an
 * account and the use of a campaign; three hot rows are changed once a batch. The file is created with its
 * shoppers when it is not there. rate=0 goes as fast as it can.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/os_clock.h"
#include "store/store.h"

struct request_row {
    char request_key[65];
    int32_t caller_kind;
    int64_t caller_id;
    int32_t command, refusal;
    uint8_t body_hash[16];
    int64_t decided_at_us;
    struct pack answer;
};

struct number_row {
    char out_trade_no[65];
    int64_t merchant_id, trade_id;
};

struct discount_row {
    int64_t campaign_id, platform_minor, merchant_minor, platform_left_minor, merchant_left_minor;
};

struct trade_row {
    int64_t trade_id, merchant_id, shop_id, terminal_id, shopper_id;
    char out_trade_no[65];
    char subject[128];
    int32_t currency, state, way, close_reason;
    int64_t list_minor, discount_minor, paid_minor, paid_left_minor, left_minor;
    int32_t confirmed, day;
    int64_t created_at_us, paid_at_us, closed_at_us, expires_at_us, transfer_id;
    int32_t refund_count, discounts_count;
    struct discount_row discounts[3];
};

struct leg_row {
    int64_t from_owner_id;
    int32_t from_purpose;
    int64_t to_owner_id;
    int32_t to_purpose;
    int64_t unit, amount, from_balance, to_balance, from_previous_id, to_previous_id;
};

struct transfer_row {
    int64_t transfer_id, at_us;
    int32_t cause;
    int64_t reference_id;
    int32_t legs_count;
    struct leg_row legs[12];
};

struct shopper_row {
    int64_t shopper_id;
    char name[128];
    int64_t person_id;
    int32_t blocked;
    int64_t no_password_limit_minor, created_at_us, first_paid_at_us, payments;
    int32_t day;
    int64_t day_code_minor, day_confirmed_minor, day_static_minor;
};

struct device_row {
    int64_t device_id, shopper_id;
    int32_t revoked;
    int64_t last_step, last_shop_id, last_terminal_id, created_at_us;
};

struct account_row {
    int64_t owner_id;
    int32_t purpose;
    int64_t unit, balance, floor, last_transfer_id, transfer_count, opened_at_us;
};

struct use_row {
    int64_t campaign_id, person_id;
    int32_t uses, day, day_uses;
};

#define C(type, member) COLUMN(type##_row, member)

static const struct column request_columns[] = { C(request, request_key),   C(request, caller_kind),
                                                 C(request, caller_id),     C(request, command),
                                                 C(request, refusal),       C(request, body_hash),
                                                 C(request, decided_at_us), C(request, answer) };
static const struct column number_columns[] = { C(number, out_trade_no), C(number, merchant_id),
                                                C(number, trade_id) };
static const struct column discount_columns[] = { C(discount, campaign_id), C(discount, platform_minor),
                                                  C(discount, merchant_minor),
                                                  C(discount, platform_left_minor),
                                                  C(discount, merchant_left_minor) };
static const struct shape discount_shape = SHAPE("discount", discount_row, discount_columns);
static const struct column trade_columns[] = {
    C(trade, trade_id),
    C(trade, merchant_id),
    C(trade, shop_id),
    C(trade, terminal_id),
    C(trade, shopper_id),
    C(trade, out_trade_no),
    C(trade, subject),
    C(trade, currency),
    C(trade, state),
    C(trade, way),
    C(trade, close_reason),
    C(trade, list_minor),
    C(trade, discount_minor),
    C(trade, paid_minor),
    C(trade, paid_left_minor),
    C(trade, left_minor),
    C(trade, confirmed),
    C(trade, day),
    C(trade, created_at_us),
    C(trade, paid_at_us),
    C(trade, closed_at_us),
    C(trade, expires_at_us),
    C(trade, transfer_id),
    C(trade, refund_count),
    COLUMN_LIST(trade_row, discounts, discount_shape),
};
static const struct column leg_columns[] = {
    C(leg, from_owner_id), C(leg, from_purpose), C(leg, to_owner_id),
    C(leg, to_purpose),    C(leg, unit),         C(leg, amount),
    C(leg, from_balance),  C(leg, to_balance),   C(leg, from_previous_id),
    C(leg, to_previous_id)
};
static const struct shape leg_shape = SHAPE("leg", leg_row, leg_columns);
static const struct column transfer_columns[] = { C(transfer, transfer_id), C(transfer, at_us),
                                                  C(transfer, cause), C(transfer, reference_id),
                                                  COLUMN_LIST(transfer_row, legs, leg_shape) };
static const struct column shopper_columns[] = {
    C(shopper, shopper_id),
    C(shopper, name),
    C(shopper, person_id),
    C(shopper, blocked),
    C(shopper, no_password_limit_minor),
    C(shopper, created_at_us),
    C(shopper, first_paid_at_us),
    C(shopper, payments),
    C(shopper, day),
    C(shopper, day_code_minor),
    C(shopper, day_confirmed_minor),
    C(shopper, day_static_minor),
};
static const struct column device_columns[] = { C(device, device_id),    C(device, shopper_id),
                                                C(device, revoked),      C(device, last_step),
                                                C(device, last_shop_id), C(device, last_terminal_id),
                                                C(device, created_at_us) };
static const struct column account_columns[] = { C(account, owner_id),       C(account, purpose),
                                                 C(account, unit),           C(account, balance),
                                                 C(account, floor),          C(account, last_transfer_id),
                                                 C(account, transfer_count), C(account, opened_at_us) };
static const struct column use_columns[] = { C(use, campaign_id), C(use, person_id), C(use, uses),
                                             C(use, day), C(use, day_uses) };

static const struct table request_table = TABLE("requests", 1, request_row, request_columns, 3);
static const struct table account_table = TABLE("accounts", 10, account_row, account_columns, 3);
static const struct table transfer_table = TABLE("transfers", 11, transfer_row, transfer_columns, 1);
static const struct table shopper_table = TABLE("shoppers", 23, shopper_row, shopper_columns, 1);
static const struct table device_table = TABLE("devices", 30, device_row, device_columns, 1);
static const struct table trade_table = TABLE("trades", 31, trade_row, trade_columns, 1);
static const struct table number_table = TABLE("trade_numbers", 32, number_row, number_columns, 2);
static const struct table use_table = TABLE("campaign_uses", 37, use_row, use_columns, 2);
static const struct table *const tables[] = { &request_table, &account_table, &transfer_table,
                                              &shopper_table, &device_table,  &trade_table,
                                              &number_table,  &use_table,     NULL };

enum place {
    PLACE_request,
    PLACE_number,
    PLACE_trade,
    PLACE_transfer,
    PLACE_shopper,
    PLACE_device,
    PLACE_account,
    PLACE_use,
    PLACES
};

#define HOT_ROWS 3
#define IN_FLIGHT_MAX 8
#define SAMPLES_MAX 4000000

struct payment {
    struct request_row request;
    struct number_row number;
    struct trade_row trade;
    struct transfer_row transfer;
    struct shopper_row shopper;
    struct device_row device;
    struct account_row account;
    struct use_row use;
};

struct slot_key {
    uint8_t bytes[KEY_SIZE_MAX];
    size_t size;
};

struct bench {
    struct store *store;
    struct sqlite_settings settings;
    const char *path;
    int64_t shoppers, seconds, batch, rate, in_flight, audit;
    struct payment *payments;
    struct account_row hot[HOT_ROWS];
    struct row_want *wants, *missing;
    struct row_change *changes;
    struct slot_key *keys;
    int64_t next_id;
    uint64_t seed;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int64_t started, finished;
    int64_t started_ns[IN_FLIGHT_MAX]; /* by number of the batch */
    int64_t *latency_ns;
    int64_t peek_ns, load_ns, keep_ns, missed;
};

static uint64_t dice(struct bench *bench)
{
    bench->seed += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix(bench->seed);
}

static void die(const char *what)
{
    fprintf(stderr, "store_bench: %s\n", what);
    exit(1);
}

static void kept(void *context, enum status status)
{
    struct bench *bench = context;
    if (status != STATUS_ok) {
        struct store_error error;
        store_sqlite_fault(bench->store, &error);
        die(error.text);
    }
    pthread_mutex_lock(&bench->lock);
    if (bench->finished < SAMPLES_MAX) {
        bench->latency_ns[bench->finished] =
            os_monotonic_ns() - bench->started_ns[bench->finished % IN_FLIGHT_MAX];
    }
    bench->finished++;
    pthread_cond_signal(&bench->wake);
    pthread_mutex_unlock(&bench->lock);
}

static void room_wait(struct bench *bench, int64_t in_flight)
{
    pthread_mutex_lock(&bench->lock);
    while (bench->started - bench->finished >= in_flight) {
        pthread_cond_wait(&bench->wake, &bench->lock);
    }
    pthread_mutex_unlock(&bench->lock);
}

static struct row_want want_make(struct bench *bench, size_t at, const struct table *table, void *row)
{
    struct slot_key *key = &bench->keys[at];
    key->size = row_key_write(table, row, key->bytes);
    return (struct row_want){ .table = table,
                              .key = { (const char *)key->bytes, key->size },
                              .hash = row_hash(table, hash_bytes(key->bytes, key->size)),
                              .row = row };
}

static void change_add(struct bench *bench, size_t *count, const struct row_want *want)
{
    bench->changes[(*count)++] = (struct row_change){
        .table = want->table, .key = want->key, .hash = want->hash, .row = want->row, .exists = true
    };
}

static int64_t device_of(int64_t shopper)
{
    return (int64_t)(hash_mix((uint64_t)shopper) % 1000000000000); /* random, as pay codes want it */
}

/* ---- the city ---- */

static void shopper_make(struct payment *payment, int64_t shopper)
{
    memset(payment, 0, sizeof(*payment));
    payment->shopper = (struct shopper_row){ .shopper_id = shopper,
                                             .person_id = shopper,
                                             .no_password_limit_minor = 100000,
                                             .created_at_us = 1418342400000000 };
    snprintf(payment->shopper.name, sizeof(payment->shopper.name), "shopper %lld", (long long)shopper);
    payment->device = (struct device_row){ .device_id = device_of(shopper),
                                           .shopper_id = shopper,
                                           .created_at_us = 1418342400000000 };
    payment->account = (struct account_row){ .owner_id = shopper,
                                             .purpose = 1,
                                             .unit = 156,
                                             .balance = 1000000000,
                                             .transfer_count = 1,
                                             .opened_at_us = 1418342400000000 };
}

static void city_make(struct bench *bench)
{
    int64_t start_us = os_monotonic_us();
    enum { STEP = 10000 };
    for (int64_t first = 0; first < bench->shoppers; first += STEP) {
        size_t count = 0;
        for (int64_t i = 0; i < STEP && first + i < bench->shoppers; i++) {
            struct payment *payment = &bench->payments[i];
            size_t at = (size_t)i * PLACES;
            shopper_make(payment, 1000000 + first + i);
            struct row_want wants[] = { want_make(bench, at, &shopper_table, &payment->shopper),
                                        want_make(bench, at + 1, &device_table, &payment->device),
                                        want_make(bench, at + 2, &account_table, &payment->account) };
            for (size_t j = 0; j < COUNT_OF(wants); j++) {
                change_add(bench, &count, &wants[j]);
            }
        }
        room_wait(bench, 1);
        bench->started_ns[bench->started % IN_FLIGHT_MAX] = os_monotonic_ns();
        bench->started++;
        struct keep keep = { bench->changes, count, kept, bench, .reads = NULL };
        if (bench->store->ops->keep(bench->store, &keep) != STATUS_ok) {
            die("the city could not be kept");
        }
    }
    room_wait(bench, 1);
    printf("city of %lld shoppers made in %.1f s\n", (long long)bench->shoppers,
           (double)(os_monotonic_us() - start_us) / 1e6);
}

/* ---- payments ---- */

static void payment_wants(struct bench *bench, int64_t i)
{
    struct payment *payment = &bench->payments[i];
    size_t at = (size_t)i * PLACES;
    int64_t shopper = 1000000 + (int64_t)(dice(bench) % (uint64_t)bench->shoppers);
    int64_t id = bench->next_id++;
    memset(payment, 0, sizeof(*payment));
    snprintf(payment->request.request_key, sizeof(payment->request.request_key), "%012llx-7%03llx-%08llx",
             (unsigned long long)id * 4, (unsigned long long)(dice(bench) & 0xFFF),
             (unsigned long long)(dice(bench) & 0xFFFFFFFF));
    payment->request.caller_kind = 3;
    payment->request.caller_id = 70000 + id % 20000;
    snprintf(payment->number.out_trade_no, sizeof(payment->number.out_trade_no), "20141212%014lld",
             (long long)id);
    payment->number.merchant_id = 500 + id % 100;
    payment->trade.trade_id = id;
    payment->transfer.transfer_id = id;
    payment->shopper.shopper_id = shopper;
    payment->device.device_id = device_of(shopper);
    payment->account = (struct account_row){ .owner_id = shopper, .purpose = 1, .unit = 156 };
    payment->use = (struct use_row){ .campaign_id = 42, .person_id = shopper };
    struct row_want *wants = &bench->wants[at];
    wants[PLACE_request] = want_make(bench, at + PLACE_request, &request_table, &payment->request);
    wants[PLACE_number] = want_make(bench, at + PLACE_number, &number_table, &payment->number);
    wants[PLACE_trade] = want_make(bench, at + PLACE_trade, &trade_table, &payment->trade);
    wants[PLACE_transfer] = want_make(bench, at + PLACE_transfer, &transfer_table, &payment->transfer);
    wants[PLACE_shopper] = want_make(bench, at + PLACE_shopper, &shopper_table, &payment->shopper);
    wants[PLACE_device] = want_make(bench, at + PLACE_device, &device_table, &payment->device);
    wants[PLACE_account] = want_make(bench, at + PLACE_account, &account_table, &payment->account);
    wants[PLACE_use] = want_make(bench, at + PLACE_use, &use_table, &payment->use);
}

static void payment_decide(struct payment *payment, int64_t now_us)
{
    int64_t id = payment->trade.trade_id;
    int64_t shopper = payment->shopper.shopper_id;
    payment->request.command = 17;
    payment->request.decided_at_us = now_us;
    payment->request.answer.size = 24;
    memset(payment->request.answer.bytes, 0x5A, 24);
    memset(payment->request.body_hash, (int)(id & 0xFF), 16);
    payment->number.trade_id = id;
    payment->trade = (struct trade_row){ .trade_id = id,
                                         .merchant_id = payment->number.merchant_id,
                                         .shop_id = 20000 + id % 20000,
                                         .terminal_id = 70000 + id % 20000,
                                         .shopper_id = shopper,
                                         .currency = 156,
                                         .state = 2,
                                         .way = 1,
                                         .list_minor = 8800,
                                         .discount_minor = 4400,
                                         .paid_minor = 4400,
                                         .paid_left_minor = 4400,
                                         .left_minor = 8800,
                                         .day = 20141212,
                                         .created_at_us = now_us,
                                         .paid_at_us = now_us,
                                         .expires_at_us = now_us + 90000000,
                                         .transfer_id = id,
                                         .discounts_count = 1 };
    memcpy(payment->trade.out_trade_no, payment->number.out_trade_no, sizeof(payment->trade.out_trade_no));
    memcpy(payment->trade.subject, "half-price day", 15);
    payment->trade.discounts[0] = (struct discount_row){ 42, 4400, 0, 4400, 0 };
    payment->transfer = (struct transfer_row){
        .transfer_id = id, .at_us = now_us, .cause = 1, .reference_id = id, .legs_count = 2
    };
    for (int i = 0; i < 2; i++) {
        payment->transfer.legs[i] = (struct leg_row){ shopper,
                                                      1,
                                                      payment->trade.merchant_id,
                                                      2,
                                                      156,
                                                      4400,
                                                      payment->account.balance,
                                                      id * 4400,
                                                      payment->account.last_transfer_id,
                                                      id - 3 };
    }
    payment->shopper.first_paid_at_us = now_us;
    payment->shopper.payments++;
    payment->shopper.day = 20141212;
    payment->shopper.day_code_minor += 4400;
    payment->device.shopper_id = shopper;
    payment->device.last_step = now_us / 60000000;
    payment->device.last_shop_id = payment->trade.shop_id;
    payment->device.last_terminal_id = payment->trade.terminal_id;
    payment->account.balance -= 4400;
    payment->account.last_transfer_id = id;
    payment->account.transfer_count++;
    payment->use.uses++;
    payment->use.day = 20141212;
    payment->use.day_uses++;
}

static void batch_run(struct bench *bench)
{
    int64_t now_us = os_now_us();
    size_t missing = 0;
    size_t want_count = (size_t)bench->batch * PLACES;
    for (int64_t i = 0; i < bench->batch; i++) {
        payment_wants(bench, i);
    }
    int64_t a = os_thread_cpu_ns();
    for (size_t i = 0; i < want_count; i++) {
        if (bench->store->ops->peek(bench->store, &bench->wants[i]) == PEEK_unknown) {
            bench->missing[missing++] = bench->wants[i];
        }
    }
    int64_t b = os_thread_cpu_ns();
    if (missing > 0 && bench->store->ops->load(bench->store, bench->missing, missing) != STATUS_ok) {
        die("load failed");
    }
    int64_t c = os_thread_cpu_ns();
    size_t count = 0;
    for (int64_t i = 0; i < bench->batch; i++) {
        payment_decide(&bench->payments[i], now_us);
        for (size_t j = 0; j < PLACES; j++) {
            change_add(bench, &count, &bench->wants[(size_t)i * PLACES + j]);
        }
    }
    for (size_t i = 0; i < HOT_ROWS; i++) {
        bench->hot[i] =
            (struct account_row){ .owner_id = (int64_t)i + 1, .purpose = 3, .unit = 156, .balance = now_us };
        struct row_want want = want_make(bench, want_count + i, &account_table, &bench->hot[i]);
        change_add(bench, &count, &want);
    }
    room_wait(bench, bench->in_flight);
    bench->started_ns[bench->started % IN_FLIGHT_MAX] = os_monotonic_ns();
    bench->started++;
    int64_t d = os_thread_cpu_ns();
    struct keep keep = { bench->changes, count, kept, bench, .reads = NULL };
    if (bench->store->ops->keep(bench->store, &keep) != STATUS_ok) {
        die("keep failed");
    }
    bench->peek_ns += b - a;
    bench->load_ns += c - b;
    bench->keep_ns += os_thread_cpu_ns() - d;
    bench->missed += (int64_t)missing;
}

static int latency_order(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void report(struct bench *bench, const struct store_counts *before, int64_t batches, double seconds)
{
    struct store_counts counts;
    struct rusage usage;
    double payments = (double)(batches * bench->batch);
    bench->store->ops->counts(bench->store, &counts);
    getrusage(RUSAGE_SELF, &usage);
    int64_t *sorted = bench->latency_ns + (bench->finished - batches);
    qsort(sorted, (size_t)batches, sizeof(*sorted), latency_order);
    printf("shoppers=%lld payments=%.0f payments_per_second=%.0f\n", (long long)bench->shoppers, payments,
           payments / seconds);
    printf("deciding us/payment: peek %.2f load %.2f keep %.2f (rows loaded/payment %.2f)\n",
           (double)bench->peek_ns / payments / 1e3, (double)bench->load_ns / payments / 1e3,
           (double)bench->keep_ns / payments / 1e3, (double)bench->missed / payments);
    printf("keeper us/payment: %.2f  bytes/payment: %.0f  syncs/s: %.0f\n",
           (double)(counts.keep_cpu_ns - before->keep_cpu_ns) / payments / 1e3,
           (double)(counts.bytes_written - before->bytes_written) / payments,
           (double)(counts.syncs - before->syncs) / seconds);
    printf("keep latency ms: p50 %.2f p99 %.2f p999 %.2f max %.2f\n", (double)sorted[batches / 2] / 1e6,
           (double)sorted[batches * 99 / 100] / 1e6, (double)sorted[batches * 999 / 1000] / 1e6,
           (double)sorted[batches - 1] / 1e6);
    printf("rows cached %llu (%.0f MB), resident %.0f MB\n", (unsigned long long)counts.rows_cached,
           (double)counts.bytes_cached / 1e6, (double)usage.ru_maxrss / 1e3);
    fflush(stdout);
}

static bool row_count(void *context, const void *row)
{
    (void)row;
    ++*(int64_t *)context;
    return true;
}

static void audit(struct bench *bench)
{
    struct reader *reader;
    struct store_error error;
    if (store_sqlite_snapshot_open(bench->path, tables, &reader, &error) != STATUS_ok ||
        reader->ops->begin(reader) != STATUS_ok) {
        die(error.text);
    }
    for (size_t i = 0; tables[i] != NULL; i++) {
        int64_t rows = 0;
        int64_t start_us = os_monotonic_us();
        if (reader->ops->scan(reader, tables[i], (struct span){ NULL, 0 }, row_count, &rows) != STATUS_ok) {
            die("scan failed");
        }
        double seconds = (double)(os_monotonic_us() - start_us + 1) / 1e6;
        printf("scan %-16s %10lld rows %8.0f rows/s\n", tables[i]->shape.name, (long long)rows,
               (double)rows / seconds);
    }
    reader->ops->close(reader);
}

static void run(struct bench *bench)
{
    struct store_counts before;
    bench->store->ops->counts(bench->store, &before);
    int64_t first = bench->started;
    int64_t start_us = os_monotonic_us();
    int64_t end_us = start_us + bench->seconds * 1000000;
    while (os_monotonic_us() < end_us) {
        batch_run(bench);
        if (bench->rate > 0) {
            int64_t due_us = start_us + (bench->started - first) * bench->batch * 1000000 / bench->rate;
            int64_t now_us = os_monotonic_us();
            if (due_us > now_us) {
                os_sleep_us(due_us - now_us);
            }
        }
    }
    room_wait(bench, 1);
    report(bench, &before, bench->started - first, (double)(os_monotonic_us() - start_us) / 1e6);
}

static int64_t option(int count, char **arguments, const char *name, int64_t otherwise)
{
    size_t size = strlen(name);
    for (int i = 1; i < count; i++) {
        if (strncmp(arguments[i], name, size) == 0 && arguments[i][size] == '=') {
            return strtoll(arguments[i] + size + 1, NULL, 10);
        }
    }
    return otherwise;
}

int main(int count, char **arguments)
{
    static struct bench bench = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };
    struct store_error error;
    for (int i = 1; i < count; i++) {
        if (strncmp(arguments[i], "file=", 5) == 0) {
            bench.path = arguments[i] + 5;
        }
    }
    if (bench.path == NULL) {
        die("file=PATH is missing");
    }
    bench.shoppers = option(count, arguments, "shoppers", 100000);
    bench.seconds = option(count, arguments, "seconds", 60);
    bench.batch = option(count, arguments, "batch", 250);
    bench.rate = option(count, arguments, "rate", 0);
    bench.in_flight = option(count, arguments, "in_flight", 2);
    bench.settings = (struct sqlite_settings){
        .cache_bytes = option(count, arguments, "cache_mb", 0) << 20,
        .page_cache_bytes = option(count, arguments, "page_cache_mb", 0) << 20,
        .wal_bytes = option(count, arguments, "wal_mb", 0) << 20,
        .generation_rows = (uint32_t)option(count, arguments, "generation_rows", 0),
        .generation_bytes = option(count, arguments, "generation_mb", 0) << 20,
    };
    size_t payments = bench.batch > 10000 ? (size_t)bench.batch : 10000;
    bench.payments = calloc(payments, sizeof(*bench.payments));
    bench.wants = calloc(payments * PLACES, sizeof(*bench.wants));
    bench.missing = calloc(payments * PLACES, sizeof(*bench.missing));
    bench.changes = calloc(payments * PLACES + HOT_ROWS, sizeof(*bench.changes));
    bench.keys = calloc(payments * PLACES + HOT_ROWS, sizeof(*bench.keys));
    bench.latency_ns = calloc(SAMPLES_MAX, sizeof(*bench.latency_ns));
    if (bench.payments == NULL || bench.wants == NULL || bench.missing == NULL || bench.changes == NULL ||
        bench.keys == NULL || bench.latency_ns == NULL) {
        die("no memory");
    }
    bench.next_id = os_now_us(); /* above those of earlier runs on the same file */
    bench.seed = (uint64_t)bench.next_id;
    bool fresh = access(bench.path, F_OK) != 0;
    if (store_sqlite_open(bench.path, tables, &bench.settings, &bench.store, &error) != STATUS_ok) {
        die(error.text);
    }
    if (fresh) {
        city_make(&bench);
    }
    run(&bench);
    if (option(count, arguments, "audit", 0) != 0) {
        audit(&bench);
    }
    int64_t start_us = os_monotonic_us();
    bench.store->ops->close(bench.store);
    printf("closed in %.2f s\n", (double)(os_monotonic_us() - start_us) / 1e6);
    return 0;
}
