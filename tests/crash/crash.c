/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash ONETILL: kills the real server under real load, again and again, and compares what is left with what
 * was answered (crash.h says how). ONETILL_KILLS sets how often, ONETILL_SEED which load. Prints TAP.
 *
 * Kills come in rounds, each with a store of its own. Between two kills a server lives for some tenths of a
 * second: it is killed while it starts and recovers, in its first milliseconds, under full load, while it
 * stops, or stops by itself and is started again. At the end of a round everything gets its answer.
 *
 * `crash ONETILL postgres` does the same with stores on a PostgreSQL server of its own, whose processes may
 * also be several: crash_fleet.c.
 *
 * The checks are checked as well: books and stores are forged, and each forgery must be found.
 */
#include "crash.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/os_clock.h"
#include "support/cluster.h"

#define KILLS_DEFAULT 25
#define KILLS_PER_ROUND 9

enum life_kind {
    LIFE_load,   /* killed under full load */
    LIFE_early,  /* killed within its first milliseconds of work, while everything is repeated */
    LIFE_start,  /* killed before it is ready */
    LIFE_stop,   /* told to stop, and killed while it does */
    LIFE_clean,  /* told to stop, and left alone */
    LIFE_settle, /* everything gets its answer; then stopped */
    LIFE_KIND_COUNT,
};

struct crash {
    struct stage stage;
    struct cluster *cluster; /* NULL: stores are files */
    struct child child;
    struct http_address address;
    uint32_t round;
    const char *cache_mb;
    uint64_t lives[LIFE_KIND_COUNT], kills;
    int64_t load_us, start_us_mean, check_us;
    uint64_t answered_load; /* answers to requests, and how long that took: the rate */
};

/* ---- files ---- */

static bool file_copy(const char *from, const char *to, int64_t size_max)
{
    char bytes[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t size;
    bool fine = in != NULL && out != NULL;
    while (fine && size_max > 0 &&
           (size = fread(bytes, 1, (size_t)min_i64(size_max, sizeof(bytes)), in)) > 0) {
        fine = fwrite(bytes, 1, size, out) == size;
        size_max -= (int64_t)size;
    }
    fine = fine && ferror(in) == 0;
    if (in != NULL) {
        (void)fclose(in);
    }
    return out != NULL && fclose(out) == 0 && fine;
}

/* ---- the server ---- */

static bool server_spawn(struct crash *crash)
{
    char start[INSTANT_TEXT_SIZE];
    instant_write(crash->stage.load.step * 60 * US_PER_SECOND, 0, start);
    const char *const arguments[] = { crash->stage.program,
                                      "serve",
                                      "--store",
                                      crash->stage.store,
                                      "--listen",
                                      "127.0.0.1:0",
                                      "--test-clock-start",
                                      start,
                                      "--cache-mb",
                                      crash->cache_mb,
                                      "--key",
                                      crash->stage.key,
                                      NULL };
    if (child_start(&crash->child, arguments, crash->stage.log) != STATUS_ok) {
        book_fault(&crash->stage.book, FAULT_KIND_server, "%s cannot be started", crash->stage.program);
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
        book_fault(&crash->stage.book, FAULT_KIND_server, "the server did not become ready on %s",
                   crash->stage.store);
        child_signal(&crash->child, SIGKILL);
        (void)child_stop(&crash->child, STOP_TIMEOUT_US);
        log_show(&crash->stage);
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
        book_fault(&crash->stage.book, FAULT_KIND_server, "the server ended with wait status %d", status);
        log_show(&crash->stage);
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

/* Drives the server until it is killed, or everything is settled. */
static void life_drive(struct crash *crash, enum life_kind kind)
{
    static struct driver_report report;
    struct random_source *random = &crash->stage.random;
    uint32_t connections = (uint32_t)random_between(random, 16, 192);
    struct driver_options options = { .address = crash->address,
                                      .connections = connections,
                                      .threads = 1,
                                      .timeout_us = READY_TIMEOUT_US,
                                      .context = &crash->stage.load,
                                      .make = load_make,
                                      .done = load_done };
    crash->stage.load.settle_only = kind == LIFE_settle;
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
    uint64_t before = crash->stage.book.answered + crash->stage.book.repeated;
    int64_t begun_us = os_monotonic_us();
    driver_run(driver, &report);
    crash->load_us += os_monotonic_us() - begun_us;
    crash->answered_load += crash->stage.book.answered + crash->stage.book.repeated - before;
    if (kind != LIFE_settle) {
        pthread_join(thread, NULL);
    }
    driver_close(driver);
}

static void life(struct crash *crash, enum life_kind kind)
{
    struct book *book = &crash->stage.book;
    book->life++;
    crash->lives[kind]++;
    minute_move(&crash->stage.load);
    if (kind == LIFE_start) {
        if (server_spawn(crash)) {
            os_sleep_us(
                random_between(&crash->stage.random, 0, crash->start_us_mean + crash->start_us_mean / 4));
            child_signal(&crash->child, SIGKILL);
            server_reap(crash, true);
        }
    } else if (server_start(crash)) {
        uint16_t since = book->life > 1 ? (uint16_t)(book->life - 1) : 0;
        load_queue(&crash->stage.load, since);
        if (crash->stage.load.counters[0][0] != '\0' || counters_read(&crash->stage, &crash->address)) {
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
    store_check(book, crash->stage.store, kind == LIFE_settle && open == 0);
    audit_check(&crash->stage, crash->stage.store);
    crash->check_us += os_monotonic_us() - begun_us;
}

static enum life_kind life_pick(struct random_source *random)
{
    uint64_t dice = random_below(random, 100);
    return dice < 55   ? LIFE_load
           : dice < 70 ? LIFE_early
           : dice < 85 ? LIFE_start
           : dice < 95 ? LIFE_stop
                       : LIFE_clean;
}

/* ---- rounds ---- */

static bool round_begin(struct crash *crash)
{
    static const uint64_t sizes[] = { 10000, 4000, 40000, 10000 };
    static const char *const caches[] = { "64", "1", "1", "512" };
    struct stage *stage = &crash->stage;
    size_t variety = crash->round % COUNT_OF(sizes);
    crash->cache_mb = caches[variety];
    if (crash->cluster != NULL) {
        cluster_database(crash->cluster, stage->store);
        snprintf(stage->key, sizeof(stage->key), "%.400s/shop-%u.key", stage->folder, crash->round);
    } else {
        snprintf(stage->store, sizeof(stage->store), "%.400s/shop-%u.db", stage->folder, crash->round);
        snprintf(stage->key, sizeof(stage->key), "%.500s.key", stage->store);
    }
    return stage_city(stage, sizes[variety]);
}

static void round_end(struct crash *crash)
{
    static const char *const endings[] = {
        "", ".key", ".lock", ".operator-token", ".journal", "-wal", "-shm"
    };
    char path[PATH_SIZE + 32];
    stage_city_end(&crash->stage);
    for (size_t i = 0; crash->stage.book.told == 0 && i < COUNT_OF(endings); i++) {
        snprintf(path, sizeof(path), "%s%s", crash->stage.store, endings[i]);
        (void)unlink(path);
    }
    if (crash->cluster != NULL && crash->stage.book.told == 0) {
        cluster_database_drop(crash->cluster, crash->stage.store);
    }
}

/* ---- forgeries: each must be found ---- */

/* After a round's end: book and store agree, and one of them is changed a little. */
static void canaries_of_book(struct crash *crash)
{
    struct book *book = &crash->stage.book;
    uint32_t index = paid_find(book);
    if (index == OP_NONE) {
        tap(&crash->stage, false, "canary: there was a payment to forge");
        return;
    }
    struct op *op = &book->ops[index], real = *op;

    struct op *invented = book_add(book, OP_pay, OP_NONE);
    *invented = real;
    invented->about = book->count - 1;
    invented->trade_id++;
    tap(&crash->stage, forged_faults(&crash->stage, crash->stage.store, FAULT_KIND_lost) > 0,
        "canary: an answered payment that is not in the store is found");
    memset(invented, 0, sizeof(*invented));
    book->count--;

    op->http_status = 409;
    op->paid = false;
    tap(&crash->stage, forged_faults(&crash->stage, crash->stage.store, FAULT_KIND_doubled) > 0,
        "canary: a payment in the store that was answered with a refusal is found");
    *op = real;
    op->paid_minor++;
    tap(&crash->stage, forged_faults(&crash->stage, crash->stage.store, FAULT_KIND_sums) > 0,
        "canary: a cent too little in the store is found");
    *op = real;
    tap(&crash->stage, forged_faults(&crash->stage, crash->stage.store, FAULT_KIND_sums) == 0,
        "canary: and nothing else is found");
}

/* Before the end of a round one kept answer is changed by a letter; the repeat must be seen to differ. */
static void canary_of_repeat(struct crash *crash)
{
    struct book *book = &crash->stage.book;
    uint32_t index = paid_find(book);
    if (index == OP_NONE) {
        life(crash, LIFE_settle);
        tap(&crash->stage, false, "canary: there was an answer to forge");
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
    tap(&crash->stage, found == 1,
        "canary: one letter of one repeated answer is found to differ, and no other");
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
        snprintf(from, sizeof(from), "%s%s", crash->stage.store, endings[i]);
        snprintf(to, sizeof(to), "%s-cut%s", crash->stage.store, endings[i]);
        copied = file_copy(from, to, i == 2 ? used_size(from) / 2 : INT64_MAX) && copied;
    }
    snprintf(to, sizeof(to), "%s-cut", crash->stage.store);
    /* Either payments are found to be missing, or the store is refused because it tells that some are. */
    tap(&crash->stage,
        copied && (forged_faults(&crash->stage, to, FAULT_KIND_lost) > 0 ||
                   forged_faults(&crash->stage, to, FAULT_KIND_server) > 0),
        "canary: a journal that lost its second half under an answered request is found");
}

/* ---- */

static void round_run(struct crash *crash, uint64_t kills)
{
    uint64_t goal = crash->kills + kills;
    if (!round_begin(crash)) {
        book_fault(&crash->stage.book, FAULT_KIND_server, "round %u has no store", crash->round);
        crash->kills = goal;
        return;
    }
    if (crash->round == 0) {
        life(crash, LIFE_load);
        if (crash->cluster != NULL) {
            canary_of_payment(&crash->stage, crash->cluster);
        } else {
            canary_of_store(crash);
        }
    }
    while (crash->kills < goal && crash->stage.book.told == 0) {
        life(crash, life_pick(&crash->stage.random));
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
    const struct book *book = &crash->stage.book;
    const uint64_t *lives = crash->lives;
    double seconds = (double)crash->load_us / 1e6;
    printf("# %llu kills: %llu under load, %llu early, %llu starting, %llu stopping; %llu clean stops, %u "
           "rounds\n",
           (unsigned long long)crash->kills, (unsigned long long)lives[LIFE_load],
           (unsigned long long)lives[LIFE_early], (unsigned long long)lives[LIFE_start],
           (unsigned long long)lives[LIFE_stop], (unsigned long long)lives[LIFE_clean], crash->round);
    printf("# answered %llu (payments %llu, refused %llu), repeated %llu, cut off %llu, busy %llu\n",
           (unsigned long long)book->answered, (unsigned long long)book->payments,
           (unsigned long long)book->refused, (unsigned long long)book->repeated,
           (unsigned long long)crash->stage.cut, (unsigned long long)crash->stage.busy);
    printf(
        "# compared %llu trades in the store, looked up %llu over HTTP, %llu unanswered requests had landed,"
        " %llu lists, %llu audits\n",
        (unsigned long long)book->found, (unsigned long long)crash->stage.lookups,
        (unsigned long long)book->landed, (unsigned long long)crash->stage.lists,
        (unsigned long long)crash->stage.audits);
    printf("# %.0f answers a second under load, %.1f s of it; start takes %.0f ms; checks took %.1f s; seed "
           "%llu\n",
           seconds > 0 ? (double)crash->answered_load / seconds : 0, seconds,
           (double)crash->start_us_mean / 1e3, (double)crash->check_us / 1e6,
           (unsigned long long)crash->stage.seed);
    tap(&crash->stage,
        book->answered > 0 && book->repeated > 0 && book->found > 0 && crash->stage.lookups > 0,
        "there was something to lose");
    tap(&crash->stage, book->faults[FAULT_KIND_lost] == 0, "lost 0: what was answered is in the store");
    tap(&crash->stage, book->faults[FAULT_KIND_doubled] == 0,
        "doubled 0: everything took effect once, or not at all");
    tap(&crash->stage, book->faults[FAULT_KIND_differs] == 0, "every repeat got the same bytes");
    tap(&crash->stage, book->faults[FAULT_KIND_sums] == 0,
        "wallets, takings and budgets agree with the answers to the cent");
    tap(&crash->stage, book->faults[FAULT_KIND_audit] == 0, "the audit holds after every kill");
    tap(&crash->stage, book->faults[FAULT_KIND_server] == 0,
        "the server always started, and never ended by itself");
}

int main(int argc, char **argv)
{
    static struct crash crash; /* large */
    bool postgres = argc == 3 && strcmp(argv[2], "postgres") == 0;
    uint64_t kills = environment_u64("ONETILL_KILLS", postgres ? KILLS_PER_ROUND : KILLS_DEFAULT);
    if (argc != 2 && !postgres) {
        fprintf(stderr, "usage: crash ONETILL [postgres]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if (!stage_begin(&crash.stage, argv[1])) {
        return 1;
    }
    crash.cluster = postgres ? cluster_open(NULL) : NULL;
    crash.stage.book.database = postgres;
    for (uint64_t done = 0; done < kills && crash.stage.book.told == 0;
         done += KILLS_PER_ROUND, crash.round++) {
        round_run(&crash, (uint64_t)min_i64(KILLS_PER_ROUND, (int64_t)(kills - done)));
        if (kills > KILLS_DEFAULT) {
            printf("# %llu kills\n", (unsigned long long)crash.kills);
            fflush(stdout);
        }
    }
    report(&crash);
    if (crash.cluster != NULL) {
        cluster_close(crash.cluster);
    }
    return stage_end(&crash.stage);
}
