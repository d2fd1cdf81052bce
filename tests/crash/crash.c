/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash ONETILL: kills the real server under real load, again and again, and compares what is left with what
 * was answered (crash.h says how). ONETILL_KILLS sets how often, ONETILL_SEED which load. Prints TAP.
 *
 * Kills come in rounds, each with a store of its own. Between two kills a server lives for some tenths of a
 * second: it is killed while it starts and recovers, in its first milliseconds, under full load, while it
 * stops, or stops by itself and is started again. At the end of a round everything gets its answer.
 *
 * The checks are checked as well: books and stores are forged, and each forgery must be found.
 */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/hash.h"
#include "base/os_clock.h"
#include "till/paycode_digits.h"

#define KILLS_DEFAULT 25
#define KILLS_PER_ROUND 9
#define CLOCK_START_US INT64_C(1418400000000000) /* 2014-12-12T16:00:00Z, midnight in the shops */
#define READY_TIMEOUT_US INT64_C(60000000)
#define STOP_TIMEOUT_US INT64_C(60000000)
#define PATH_SIZE 512

enum life_kind {
    LIFE_load,    /* killed under full load */
    LIFE_early,   /* killed within its first milliseconds of work, while everything is repeated */
    LIFE_start,   /* killed before it is ready */
    LIFE_stop,    /* told to stop, and killed while it does */
    LIFE_clean,   /* told to stop, and left alone */
    LIFE_settle,  /* everything gets its answer; then stopped */
    LIFE_KIND_COUNT,
};

struct crash {
    const char *program;
    char folder[PATH_SIZE], store[PATH_SIZE], log[PATH_SIZE];
    struct city_kind kinds[2];
    struct city_campaign campaigns[2];
    struct policy_row policy;
    struct city_settings city;
    struct child child;
    struct http_address address;
    struct tokens *tokens;
    struct book book;
    struct load load;
    struct random_source random;
    uint64_t seed;
    uint32_t round;
    const char *cache_mb;
    uint64_t lives[LIFE_KIND_COUNT], kills, audits, lookups, lists, cut, busy;
    int64_t load_us, start_us_mean, check_us;
    uint64_t answered_load; /* answers to requests, and how long that took: the rate */
    unsigned cases, failed;
};

/* ---- the city ---- */

static void city_set(struct crash *crash, uint64_t shoppers)
{
    crash->kinds[0] = (struct city_kind){ .name = "supermarket", .brand_count = 4, .shop_count = 20, .set_id = 1 };
    crash->kinds[1] = (struct city_kind){ .name = "snack", .brand_count = 3, .shop_count = 10, .set_id = 2 };
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
    crash->campaigns[0] = (struct city_campaign){ half, 40000000, 20000000 };
    crash->campaigns[1] = (struct city_campaign){ snack, 400000, 200000 };
    crash->policy = (struct policy_row){ .one = 1,
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
    crash->city = (struct city_settings){ .kinds = crash->kinds,
                                          .kind_count = COUNT_OF(crash->kinds),
                                          .terminals_per_shop = 2,
                                          .shopper_count = shoppers,
                                          .balance_minor = 300000, /* some run dry */
                                          .policy = &crash->policy,
                                          .campaigns = crash->campaigns,
                                          .campaign_count = COUNT_OF(crash->campaigns) };
    crash->book.city = &crash->city;
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

static bool file_copy(const char *from, const char *to, int64_t size_max)
{
    char bytes[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t size;
    bool fine = in != NULL && out != NULL;
    while (fine && size_max > 0 && (size = fread(bytes, 1, (size_t)min_i64(size_max, sizeof(bytes)), in)) > 0) {
        fine = fwrite(bytes, 1, size, out) == size;
        size_max -= (int64_t)size;
    }
    fine = fine && ferror(in) == 0;
    if (in != NULL) {
        (void)fclose(in);
    }
    return out != NULL && fclose(out) == 0 && fine;
}

static void log_show(const struct crash *crash)
{
    char line[512];
    FILE *log = fopen(crash->log, "r");
    while (log != NULL && fgets(line, sizeof(line), log) != NULL) {
        printf("# server: %s", line);
    }
    if (log != NULL) {
        (void)fclose(log);
        (void)truncate(crash->log, 0);
    }
}

/* ---- the server ---- */

static bool server_spawn(struct crash *crash)
{
    char start[INSTANT_TEXT_SIZE];
    instant_write(crash->load.step * 60 * US_PER_SECOND, 0, start);
    const char *const arguments[] = { crash->program, "serve",  "--store",      crash->store,         "--listen",
                                      "127.0.0.1:0",  "--test-clock-start", start, "--cache-mb", crash->cache_mb,
                                      NULL };
    if (child_start(&crash->child, arguments, crash->log) != STATUS_ok) {
        book_fault(&crash->book, FAULT_KIND_server, "%s cannot be started", crash->program);
        return false;
    }
    return true;
}

static bool server_start(struct crash *crash)
{
    struct span line, rest;
    int64_t begun_us = os_monotonic_us();
    if (!server_spawn(crash)) {
        return false;
    }
    if (child_line(&crash->child, READY_TIMEOUT_US, &line) != STATUS_ok ||
        !span_equal(span_cut(line, ' ', &rest), SPAN("ready")) ||
        !http_address_read(span_cut(rest, ' ', &rest), &crash->address)) {
        book_fault(&crash->book, FAULT_KIND_server, "the server did not become ready on %s", crash->store);
        child_signal(&crash->child, SIGKILL);
        (void)child_stop(&crash->child, STOP_TIMEOUT_US);
        log_show(crash);
        return false;
    }
    int64_t took_us = os_monotonic_us() - begun_us;
    crash->start_us_mean = crash->start_us_mean == 0 ? took_us : (crash->start_us_mean * 7 + took_us) / 8;
    return true;
}

/* A server that ended before it was told to has a fault, whatever the store says. */
static void server_reap(struct crash *crash, bool killed)
{
    bool clean = child_stop(&crash->child, STOP_TIMEOUT_US);
    int status = crash->child.exit_status;
    bool by_kill = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (killed ? !by_kill && !clean : !clean) {
        book_fault(&crash->book, FAULT_KIND_server, "the server ended with wait status %d", status);
        log_show(crash);
    }
}

/* ---- the one who kills ---- */

struct killer {
    pid_t pid;
    struct driver *driver;
    int64_t after_us;
    int64_t stop_us; /* SIGTERM so long before SIGKILL; -1: only SIGKILL, INT64_MAX: only SIGTERM */
};

static void *killer_main(void *context)
{
    const struct killer *killer = context;
    os_sleep_us(killer->after_us);
    if (killer->stop_us >= 0) {
        (void)kill(killer->pid, SIGTERM);
        if (killer->stop_us == INT64_MAX) {
            os_sleep_us(20000); /* connections come and go meanwhile */
            driver_stop(killer->driver);
            return NULL;
        }
        os_sleep_us(killer->stop_us);
    }
    (void)kill(killer->pid, SIGKILL);
    driver_stop(killer->driver);
    return NULL;
}

/* ---- lives ---- */

static bool counters_read(struct crash *crash)
{
    static char answer[65536];
    char token[TOKEN_TEXT_SIZE], path[64], headers[128];
    tokens_issue(crash->tokens, (struct caller){ CALLER_operator, 0 }, 1, token);
    int size = snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n", token);
    for (uint32_t i = 0; i < crash->load.shop_count; i++) {
        struct span qr;
        snprintf(path, sizeof(path), "/v1/shops/%u", i + 1);
        struct http_call call = { .method = SPAN("GET"),
                                  .path = span_of(path),
                                  .headers = { headers, (size_t)size },
                                  .timeout_us = READY_TIMEOUT_US,
                                  .answer = answer,
                                  .answer_capacity = sizeof(answer) };
        if (http_call(&crash->address, &call) != STATUS_ok || !member(call.answer_body, "qr_emvco", &qr) ||
            !span_copy(qr, crash->load.counters[i], sizeof(crash->load.counters[i]))) {
            book_fault(&crash->book, FAULT_KIND_server, "shop %u shows no QR", i + 1);
            return false;
        }
    }
    return true;
}

/* Drives the server until it is killed, or everything is settled. */
static void life_drive(struct crash *crash, enum life_kind kind)
{
    static struct driver_report report;
    struct random_source *random = &crash->random;
    uint32_t connections = (uint32_t)random_between(random, 16, 192);
    struct driver_options options = { .address = crash->address,
                                      .connections = connections,
                                      .threads = 1,
                                      .timeout_us = READY_TIMEOUT_US,
                                      .context = &crash->load,
                                      .make = load_make,
                                      .done = load_done };
    crash->load.settle_only = kind == LIFE_settle;
    struct driver *driver = driver_open(&options);
    assert(driver != NULL);
    struct killer killer = { .pid = crash->child.pid,
                             .driver = driver,
                             .after_us = random_between(random, crash->kills == 0 ? 400000 : 0,
                                                        kind == LIFE_early ? 30000 : 800000),
                             .stop_us = kind == LIFE_stop    ? random_between(random, 0, 60000)
                                        : kind == LIFE_clean ? INT64_MAX
                                                             : -1 };
    pthread_t thread;
    if (kind != LIFE_settle) {
        int rc = pthread_create(&thread, NULL, killer_main, &killer);
        assert(rc == 0);
    }
    uint64_t before = crash->book.answered + crash->book.repeated;
    int64_t begun_us = os_monotonic_us();
    driver_run(driver, &report);
    crash->load_us += os_monotonic_us() - begun_us;
    crash->answered_load += crash->book.answered + crash->book.repeated - before;
    if (kind != LIFE_settle) {
        pthread_join(thread, NULL);
    }
    driver_close(driver);
}

static void audit_check(struct crash *crash, const char *store)
{
    static struct child child;
    struct span line = SPAN("nothing"), ok = SPAN("");
    const char *const arguments[] = { crash->program, "audit", "--store", store, "--json", NULL };
    crash->audits++;
    bool said = child_start(&child, arguments, crash->log) == STATUS_ok &&
                child_line(&child, READY_TIMEOUT_US, &line) == STATUS_ok && member(line, "ok", &ok);
    if (!said || !span_equal(ok, SPAN("true"))) {
        book_fault(&crash->book, FAULT_KIND_audit, "round %u life %u: %.*s", crash->round, crash->book.life,
                   (int)min_i64((int64_t)line.size, 900), line.bytes);
    }
    (void)child_wait(&child, STOP_TIMEOUT_US);
    (void)child_stop(&child, STOP_TIMEOUT_US);
}

/* The clock goes on once most of a minute's codes are shown; otherwise the next server stands at the same. */
static void minute_move(struct load *load)
{
    if (load->codes_used * 2 > 3 * load->city->shopper_count) {
        load->step += 3;
        load->codes_used = 0;
    }
}

static void life(struct crash *crash, enum life_kind kind)
{
    struct book *book = &crash->book;
    book->life++;
    crash->lives[kind]++;
    minute_move(&crash->load);
    if (kind == LIFE_start) {
        if (server_spawn(crash)) {
            os_sleep_us(random_between(&crash->random, 0, crash->start_us_mean + crash->start_us_mean / 4));
            child_signal(&crash->child, SIGKILL);
            server_reap(crash, true);
        }
    } else if (server_start(crash)) {
        uint16_t since = book->life > 1 ? (uint16_t)(book->life - 1) : 0;
        load_queue(&crash->load, since);
        if (crash->load.counters[0][0] != '\0' || counters_read(crash)) {
            life_drive(crash, kind);
        }
        server_reap(crash, kind != LIFE_clean && kind != LIFE_settle);
    }
    crash->kills += kind != LIFE_clean && kind != LIFE_settle;
    uint32_t open = book_open_count(book);
    if (kind == LIFE_settle && open > 0) {
        book_fault(book, FAULT_KIND_server, "%u requests found no answer in the end", open);
    }
    int64_t begun_us = os_monotonic_us();
    store_check(book, crash->store, kind == LIFE_settle && open == 0);
    audit_check(crash, crash->store);
    crash->check_us += os_monotonic_us() - begun_us;
}

static enum life_kind life_pick(struct random_source *random)
{
    uint64_t dice = random_below(random, 100);
    return dice < 55 ? LIFE_load : dice < 70 ? LIFE_early : dice < 85 ? LIFE_start : dice < 95 ? LIFE_stop : LIFE_clean;
}

/* ---- rounds ---- */

static bool round_begin(struct crash *crash)
{
    static const uint64_t sizes[] = { 10000, 4000, 40000, 10000 };
    static const char *const caches[] = { "64", "1", "1", "512" };
    char path[PATH_SIZE + 16], error[256];
    struct master_key key;
    struct city_error city_error;
    size_t variety = crash->round % COUNT_OF(sizes);
    city_set(crash, sizes[variety]);
    crash->cache_mb = caches[variety];
    snprintf(crash->store, sizeof(crash->store), "%.400s/shop-%u.db", crash->folder, crash->round);
    if (city_make(crash->store, &crash->city, NULL, &city_error) != STATUS_ok) {
        printf("# no city: %s\n", city_error.text);
        return false;
    }
    snprintf(path, sizeof(path), "%s.key", crash->store);
    if (master_key_open(path, true, &key, error, sizeof(error)) != STATUS_ok) {
        printf("# no key: %s\n", error);
        return false;
    }
    crash->tokens = tokens_open(&key);
    load_init(&crash->load, &crash->book, &crash->city, crash->tokens, crash->seed + crash->round);
    master_key_derive_hmac(&key, MASTER_LABEL_PAY_CODES, &crash->load.paycode_key);
    /* The city was made at the time of this machine: the till's clock only goes on from there. */
    crash->load.step = max_i64(paycode_step(CLOCK_START_US), paycode_step(os_now_us()) + 2);
    return true;
}

static void round_end(struct crash *crash)
{
    static const char *const endings[] = { "", ".key", ".lock", ".operator-token", ".journal", "-wal", "-shm" };
    char path[PATH_SIZE + 32];
    crash->lookups += crash->load.lookups;
    crash->lists += crash->load.lists;
    crash->cut += crash->load.cut;
    crash->busy += crash->load.busy;
    load_release(&crash->load);
    tokens_close(crash->tokens);
    book_turn(&crash->book);
    for (size_t i = 0; crash->book.told == 0 && i < COUNT_OF(endings); i++) {
        snprintf(path, sizeof(path), "%s%s", crash->store, endings[i]);
        (void)unlink(path);
    }
}

/* ---- TAP ---- */

static void tap(struct crash *crash, bool fine, const char *what)
{
    crash->failed += !fine;
    printf("%sok %u - %s\n", fine ? "" : "not ", ++crash->cases, what);
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

/* A payment that one request alone has brought about. */
static uint32_t paid_find(const struct book *book)
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

/* How many faults of the kind a check finds, which are not real ones. */
static uint64_t forged_faults(struct crash *crash, const char *store, enum fault_kind kind)
{
    uint64_t before[FAULT_KIND_COUNT];
    memcpy(before, crash->book.faults, sizeof(before));
    crash->book.forging = true;
    store_check(&crash->book, store, true);
    crash->book.forging = false;
    uint64_t found = crash->book.faults[kind] - before[kind];
    memcpy(crash->book.faults, before, sizeof(before));
    return found;
}

/* After a round's end: book and store agree, and one of them is changed a little. */
static void canaries_of_book(struct crash *crash)
{
    struct book *book = &crash->book;
    uint32_t index = paid_find(book);
    if (index == OP_NONE) {
        tap(crash, false, "canary: there was a payment to forge");
        return;
    }
    struct op *op = &book->ops[index], real = *op;

    struct op *invented = book_add(book, OP_pay, OP_NONE);
    *invented = real;
    invented->about = book->count - 1;
    invented->trade_id++;
    tap(crash, forged_faults(crash, crash->store, FAULT_KIND_lost) > 0,
        "canary: an answered payment that is not in the store is found");
    memset(invented, 0, sizeof(*invented));
    book->count--;

    op->http_status = 409;
    op->paid = false;
    tap(crash, forged_faults(crash, crash->store, FAULT_KIND_doubled) > 0,
        "canary: a payment in the store that was answered with a refusal is found");
    *op = real;
    op->paid_minor++;
    tap(crash, forged_faults(crash, crash->store, FAULT_KIND_sums) > 0,
        "canary: a cent too little in the store is found");
    *op = real;
    tap(crash, forged_faults(crash, crash->store, FAULT_KIND_sums) == 0, "canary: and nothing else is found");
}

/* Before the end of a round one kept answer is changed by a letter; the repeat must be seen to differ. */
static void canary_of_repeat(struct crash *crash)
{
    struct book *book = &crash->book;
    uint32_t index = paid_find(book);
    if (index == OP_NONE) {
        life(crash, LIFE_settle);
        tap(crash, false, "canary: there was an answer to forge");
        return;
    }
    struct op *op = &book->ops[index];
    char real = op->answer[op->answer_size / 2];
    op->life = book->life; /* so that it is repeated */
    op->answer[op->answer_size / 2] = real == '7' ? '8' : '7';
    uint64_t before = book->faults[FAULT_KIND_differs], told = book->told;
    book->told = UINT64_MAX / 2; /* expected: not spelled out */
    life(crash, LIFE_settle);
    uint64_t found = book->faults[FAULT_KIND_differs] - before;
    book->told = told;
    op->answer[op->answer_size / 2] = real;
    tap(crash, found == 1, "canary: one letter of one repeated answer is found to differ, and no other");
    book->faults[FAULT_KIND_differs] -= found > 0;
}

/* Bytes of a file up to the last that is not zero. */
static int64_t used_size(const char *path)
{
    int64_t used = 0, at = 0;
    FILE *file = fopen(path, "rb");
    for (int byte; file != NULL && (byte = fgetc(file)) != EOF; at++) {
        used = byte != 0 ? at + 1 : used;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return used;
}

/* A disk that forgets what it had promised: the end of the journal is cut off, in a copy. */
static void canary_of_store(struct crash *crash)
{
    static const char *const endings[] = { "", "-wal", ".journal" };
    char from[PATH_SIZE + 16], to[PATH_SIZE + 24];
    bool copied = true;
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        snprintf(from, sizeof(from), "%s%s", crash->store, endings[i]);
        snprintf(to, sizeof(to), "%s-cut%s", crash->store, endings[i]);
        copied = file_copy(from, to, i == 2 ? used_size(from) / 2 : INT64_MAX) && copied;
    }
    snprintf(to, sizeof(to), "%s-cut", crash->store);
    /* Either payments are found to be missing, or the store is refused because it tells that some are. */
    tap(crash,
        copied && (forged_faults(crash, to, FAULT_KIND_lost) > 0 || forged_faults(crash, to, FAULT_KIND_server) > 0),
        "canary: a journal that lost its second half under an answered request is found");
}

/* ---- */

static void round_run(struct crash *crash, uint64_t kills)
{
    uint64_t goal = crash->kills + kills;
    if (!round_begin(crash)) {
        book_fault(&crash->book, FAULT_KIND_server, "round %u has no store", crash->round);
        crash->kills = goal;
        return;
    }
    if (crash->round == 0) {
        life(crash, LIFE_load);
        canary_of_store(crash);
    }
    while (crash->kills < goal && crash->book.told == 0) {
        life(crash, life_pick(&crash->random));
    }
    if (crash->round == 0) {
        canary_of_repeat(crash);
        canaries_of_book(crash);
    } else {
        life(crash, LIFE_settle);
    }
    round_end(crash);
}

static void report(struct crash *crash)
{
    const struct book *book = &crash->book;
    const uint64_t *lives = crash->lives;
    double seconds = (double)crash->load_us / 1e6;
    printf("# %llu kills: %llu under load, %llu early, %llu starting, %llu stopping; %llu clean stops, %u rounds\n",
           (unsigned long long)crash->kills, (unsigned long long)lives[LIFE_load],
           (unsigned long long)lives[LIFE_early], (unsigned long long)lives[LIFE_start],
           (unsigned long long)lives[LIFE_stop], (unsigned long long)lives[LIFE_clean], crash->round);
    printf("# answered %llu (payments %llu, refused %llu), repeated %llu, cut off %llu, busy %llu\n",
           (unsigned long long)book->answered, (unsigned long long)book->payments,
           (unsigned long long)book->refused, (unsigned long long)book->repeated, (unsigned long long)crash->cut,
           (unsigned long long)crash->busy);
    printf("# compared %llu trades in the store, looked up %llu over HTTP, %llu unanswered requests had landed,"
           " %llu lists, %llu audits\n",
           (unsigned long long)book->found, (unsigned long long)crash->lookups, (unsigned long long)book->landed,
           (unsigned long long)crash->lists, (unsigned long long)crash->audits);
    printf("# %.0f answers a second under load, %.1f s of it; start takes %.0f ms; checks took %.1f s; seed %llu\n",
           seconds > 0 ? (double)crash->answered_load / seconds : 0, seconds, (double)crash->start_us_mean / 1e3,
           (double)crash->check_us / 1e6, (unsigned long long)crash->seed);
    tap(crash, book->answered > 0 && book->repeated > 0 && book->found > 0 && crash->lookups > 0,
        "there was something to lose");
    tap(crash, book->faults[FAULT_KIND_lost] == 0, "lost 0: what was answered is in the store");
    tap(crash, book->faults[FAULT_KIND_doubled] == 0, "doubled 0: everything took effect once, or not at all");
    tap(crash, book->faults[FAULT_KIND_differs] == 0, "every repeat got the same bytes");
    tap(crash, book->faults[FAULT_KIND_sums] == 0, "wallets, takings and budgets agree with the answers to the cent");
    tap(crash, book->faults[FAULT_KIND_audit] == 0, "the audit holds after every kill");
    tap(crash, book->faults[FAULT_KIND_server] == 0, "the server always started, and never ended by itself");
}

static uint64_t environment_u64(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    int64_t value;
    return text != NULL && span_to_i64(span_of(text), &value) && value > 0 ? (uint64_t)value : otherwise;
}

int main(int argc, char **argv)
{
    static struct crash crash; /* large */
    const char *temporary = getenv("TMPDIR");
    uint64_t kills = environment_u64("ONETILL_KILLS", KILLS_DEFAULT);
    if (argc != 2) {
        fprintf(stderr, "usage: crash ONETILL\n");
        return 2;
    }
    crash.program = argv[1];
    crash.seed = environment_u64("ONETILL_SEED", (uint64_t)os_now_us() % 1000000);
    hash_seed(crash.seed);
    random_init(&crash.random, crash.seed, 0);
    snprintf(crash.folder, sizeof(crash.folder), "%.300s/onetill-crash-XXXXXX", temporary != NULL ? temporary : "/tmp");
    if (mkdtemp(crash.folder) == NULL) {
        printf("Bail out! no folder for the stores: %s\n", strerror(errno));
        return 1;
    }
    snprintf(crash.log, sizeof(crash.log), "%.400s/server.log", crash.folder);
    signal(SIGPIPE, SIG_IGN);
    book_init(&crash.book);
    for (uint64_t done = 0; done < kills && crash.book.told == 0; done += KILLS_PER_ROUND, crash.round++) {
        round_run(&crash, (uint64_t)min_i64(KILLS_PER_ROUND, (int64_t)(kills - done)));
        if (kills > KILLS_DEFAULT) {
            printf("# %llu kills\n", (unsigned long long)crash.kills);
            fflush(stdout);
        }
    }
    report(&crash);
    printf("1..%u\n", crash.cases);
    book_release(&crash.book);
    if (crash.failed == 0) {
        folder_drop(crash.folder);
    } else {
        printf("# the last store is kept in %s\n", crash.folder);
    }
    return crash.failed == 0 ? 0 : 1;
}
