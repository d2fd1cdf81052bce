/* SPDX-License-Identifier: Apache-2.0 */
#include "crash.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/hash.h"
#include "base/os_clock.h"
#include "support/cluster.h"
#include "till/paycode_digits.h"

#define CLOCK_START_US INT64_C(1418400000000000) /* 2014-12-12T16:00:00Z, midnight in the shops */

/* ---- the city ---- */

static void city_set(struct stage *stage, uint64_t shoppers)
{
    stage->kinds[0] =
        (struct city_kind){ .name = "supermarket", .brand_count = 4, .shop_count = 20, .set_id = 1 };
    stage->kinds[1] = (struct city_kind){ .name = "snack", .brand_count = 3, .shop_count = 10, .set_id = 2 };
    struct campaign_rules half = { .campaign_id = 1,
                                   .name = "half price",
                                   .kind = CAMPAIGN_percentage,
                                   .percent_bp = 5000,
                                   .cap_minor = 5000,
                                   .starts_at_us = 1,
                                   .ends_at_us = INSTANT_MAX_US,
                                   .merchant_share_bp = 3000,
                                   .targets_count = 1,
                                   .targets = { { .kind = TARGET_set, .id = 1 } } };
    struct campaign_rules snack = half;
    snack.campaign_id = 2;
    snack.cap_minor = 2000;
    snack.uses_per_day = 2;
    snack.targets[0].id = 2;
    /* Both budgets end within a round, the hot one late. */
    stage->campaigns[0] = (struct city_campaign){ half, 40000000, 20000000 };
    stage->campaigns[1] = (struct city_campaign){ snack, 400000, 200000 };
    stage->policy = (struct policy_row){ .one = 1,
                                         .day_static_minor = 50000,
                                         .day_code_minor = AMOUNT_MAX,
                                         .day_confirmed_minor = AMOUNT_MAX,
                                         .no_password_minor = 20000,
                                         .wallet_max_minor = AMOUNT_MAX,
                                         .trade_max_minor = AMOUNT_MAX,
                                         .code_misses_terminal = 10000,
                                         .code_misses_shop = 100000,
                                         .pay_timeout_s = 900,
                                         .confirm_timeout_s = 120 };
    stage->city = (struct city_settings){ .kinds = stage->kinds,
                                          .kind_count = COUNT_OF(stage->kinds),
                                          .terminals_per_shop = 2,
                                          .shopper_count = shoppers,
                                          .balance_minor = 300000, /* some run dry */
                                          .policy = &stage->policy,
                                          .campaigns = stage->campaigns,
                                          .campaign_count = COUNT_OF(stage->campaigns) };
    stage->book.city = &stage->city;
}

bool stage_city(struct stage *stage, uint64_t shoppers)
{
    char error[256];
    struct master_key key;
    struct city_error city_error;
    city_set(stage, shoppers);
    if (city_make(stage->store, &stage->city, NULL, &city_error) != STATUS_ok) {
        printf("# no city: %s\n", city_error.text);
        return false;
    }
    if (master_key_open(stage->key, true, &key, error, sizeof(error)) != STATUS_ok) {
        printf("# no key: %s\n", error);
        return false;
    }
    stage->tokens = tokens_open(&key);
    load_init(&stage->load, &stage->book, &stage->city, stage->tokens, stage->seed + stage->city_count++);
    master_key_derive_hmac(&key, MASTER_LABEL_PAY_CODES, &stage->load.paycode_key);
    /* The city was made at the time of this machine: the till's clock only goes on from there. */
    stage->load.step = max_i64(paycode_step(CLOCK_START_US), paycode_step(os_now_us()) + 2);
    return true;
}

void stage_city_end(struct stage *stage)
{
    stage->lookups += stage->load.lookups;
    stage->lists += stage->load.lists;
    stage->cut += stage->load.cut;
    stage->busy += stage->load.busy;
    load_release(&stage->load);
    tokens_close(stage->tokens);
    book_turn(&stage->book);
}

/* ---- files ---- */

static int file_drop(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

static void folder_drop(const char *path)
{
    (void)nftw(path, file_drop, 8, FTW_DEPTH | FTW_PHYS);
}

void log_show(const struct stage *stage)
{
    char line[512];
    FILE *log = fopen(stage->log, "r");
    while (log != NULL && fgets(line, sizeof(line), log) != NULL) {
        printf("# server: %s", line);
    }
    if (log != NULL) {
        (void)fclose(log);
        (void)truncate(stage->log, 0);
    }
}

/* ---- the server ---- */

bool counters_read(struct stage *stage, const struct http_address *address)
{
    static char answer[65536];
    char token[TOKEN_TEXT_SIZE], path[64], headers[128];
    tokens_issue(stage->tokens, (struct caller){ CALLER_operator, 0 }, 1, token);
    int size = snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n", token);
    for (uint32_t i = 0; i < stage->load.shop_count; i++) {
        struct span qr;
        snprintf(path, sizeof(path), "/v1/shops/%u", i + 1);
        struct http_call call = { .method = SPAN("GET"),
                                  .path = span_of(path),
                                  .headers = { headers, (size_t)size },
                                  .timeout_us = READY_TIMEOUT_US,
                                  .answer = answer,
                                  .answer_capacity = sizeof(answer) };
        if (http_call(address, &call) != STATUS_ok || !member(call.answer_body, "qr_emvco", &qr) ||
            !span_copy(qr, stage->load.counters[i], sizeof(stage->load.counters[i]))) {
            book_fault(&stage->book, FAULT_KIND_server, "shop %u shows no QR", i + 1);
            return false;
        }
    }
    return true;
}

void audit_check(struct stage *stage, const char *store)
{
    static struct child child;
    struct span line = SPAN("nothing"), ok = SPAN("");
    const char *const arguments[] = { stage->program, "audit", "--store", store, "--json", NULL };
    stage->audits++;
    bool said = child_start(&child, arguments, stage->log) == STATUS_ok &&
                child_line(&child, READY_TIMEOUT_US, &line) == STATUS_ok && member(line, "ok", &ok);
    if (!said || !span_equal(ok, SPAN("true"))) {
        book_fault(&stage->book, FAULT_KIND_audit, "life %u: %.*s", stage->book.life,
                   (int)min_i64((int64_t)line.size, 900), line.bytes);
    }
    (void)child_wait(&child, STOP_TIMEOUT_US);
    (void)child_stop(&child, STOP_TIMEOUT_US);
}

void minute_move(struct load *load)
{
    if (load->codes_used * 2 > 3 * load->city->shopper_count) {
        load->step += 3;
        load->codes_used = 0;
    }
}

/* ---- TAP ---- */

void tap(struct stage *stage, bool fine, const char *what)
{
    stage->failed += !fine;
    printf("%sok %u - %s\n", fine ? "" : "not ", ++stage->cases, what);
    fflush(stdout);
}

/* ---- forgeries: each must be found ---- */

static bool asked_again(const struct book *book, uint32_t opener)
{
    for (uint32_t i = opener + 1; i < book->count; i++) {
        if (book->ops[i].kind == OP_pay_again && book->ops[i].about == opener) {
            return true;
        }
    }
    return false;
}

uint32_t paid_find(const struct book *book)
{
    for (uint32_t i = book->count; i-- > 0;) {
        const struct op *op = &book->ops[i];
        if (op->kind == OP_pay && op->paid && op->answered && op->http_status < 300 && !op->cancelled &&
            !asked_again(book, i)) {
            return i;
        }
    }
    return OP_NONE;
}

uint64_t forged_faults(struct stage *stage, const char *store, enum fault_kind kind)
{
    uint64_t before[FAULT_KIND_COUNT];
    memcpy(before, stage->book.faults, sizeof(before));
    stage->book.forging = true;
    store_check(&stage->book, store, true);
    stage->book.forging = false;
    uint64_t found = stage->book.faults[kind] - before[kind];
    memcpy(stage->book.faults, before, sizeof(before));
    return found;
}

void stage_database_copy(const struct stage *stage, struct cluster *cluster, char copy[PATH_SIZE])
{
    char statement[256];
    size_t size, from_size;
    cluster_database(cluster, copy);
    const char *name = cluster_name(copy, &size), *from = cluster_name(stage->store, &from_size);
    snprintf(statement, sizeof(statement), "DROP DATABASE %.*s", (int)size, name);
    cluster_run(cluster, NULL, statement);
    snprintf(statement, sizeof(statement), "CREATE DATABASE %.*s TEMPLATE %.*s", (int)size, name,
             (int)from_size, from);
    cluster_run(cluster, NULL, statement);
}

/* Deletes the trade, returns how many that were. */
static int64_t trade_delete(struct cluster *cluster, const char *place, int64_t trade_id)
{
    char statement[160];
    snprintf(statement, sizeof(statement),
             "WITH gone AS (DELETE FROM trades WHERE trade_id = %lld RETURNING 1) SELECT count(*) FROM gone",
             (long long)trade_id);
    return cluster_number(cluster, place, statement);
}

/* Lost answers when the book says that a payment was refused, and came through under another key. */
static uint64_t lost_otherwise(struct stage *stage, const char *place, uint32_t index)
{
    struct book *book = &stage->book;
    struct op *op = &book->ops[index], real = *op;
    struct op *again = book_add(book, OP_pay_again, index);
    *again = real;
    again->kind = OP_pay_again;
    op->http_status = 409;
    uint64_t lost = forged_faults(stage, place, FAULT_KIND_lost);
    *op = real;
    memset(again, 0, sizeof(*again));
    book->count--;
    return lost;
}

void canary_of_payment(struct stage *stage, struct cluster *cluster)
{
    static const char what[] = "canary: a database that lost one answered payment is found";
    static const char what_otherwise[] = "canary: so it is when another request than the first had brought it about";
    char copy[PATH_SIZE];
    uint32_t index = paid_find(&stage->book);
    if (index == OP_NONE) {
        tap(stage, false, "canary: there was a payment to lose");
        return;
    }
    stage_database_copy(stage, cluster, copy);
    uint64_t before = forged_faults(stage, copy, FAULT_KIND_lost);
    uint64_t otherwise = lost_otherwise(stage, copy, index); /* the invented request has no kept answer */
    int64_t gone = trade_delete(cluster, copy, stage->book.ops[index].trade_id);
    uint64_t after = forged_faults(stage, copy, FAULT_KIND_lost);
    uint64_t otherwise_after = lost_otherwise(stage, copy, index);
    bool fine = gone == 1 && before == 0 && after >= 1;
    if (!fine) {
        printf("# op %u: %lld trades were deleted; lost %llu before, %llu after\n", index, (long long)gone,
               (unsigned long long)before, (unsigned long long)after);
    }
    tap(stage, fine, what);
    tap(stage, otherwise == 1 && otherwise_after > otherwise, what_otherwise);
    cluster_database_drop(cluster, copy);
}

/* ---- beginning and end ---- */

uint64_t environment_u64(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    int64_t value;
    return text != NULL && span_to_i64(span_of(text), &value) && value > 0 ? (uint64_t)value : otherwise;
}

bool stage_begin(struct stage *stage, const char *program)
{
    const char *temporary = getenv("TMPDIR");
    stage->program = program;
    stage->seed = environment_u64("ONETILL_SEED", (uint64_t)os_now_us() % 1000000);
    hash_seed(stage->seed);
    random_init(&stage->random, stage->seed, 0);
    snprintf(stage->folder, sizeof(stage->folder), "%.300s/onetill-crash-XXXXXX",
             temporary != NULL ? temporary : "/tmp");
    if (mkdtemp(stage->folder) == NULL) {
        printf("Bail out! no folder for the stores: %s\n", strerror(errno));
        return false;
    }
    snprintf(stage->log, sizeof(stage->log), "%.400s/server.log", stage->folder);
    book_init(&stage->book);
    return true;
}

int stage_end(struct stage *stage)
{
    printf("1..%u\n", stage->cases);
    book_release(&stage->book);
    if (stage->failed == 0) {
        folder_drop(stage->folder);
    } else {
        printf("# the last store is kept in %s\n", stage->folder);
    }
    return stage->failed == 0 ? 0 : 1;
}
