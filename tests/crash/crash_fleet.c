/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash_fleet ONETILL: several processes on one PostgreSQL database, behind a picker that sends every request
 * to any of them, under load that never stops while one of them, or the database, is struck. Then everything
 * must get its answer, and book and database must agree (crash.h says how), as after every strike on a single
 * process.
 *
 * Each kind of strike has episodes of its own; a matrix says at the end what each has cost. ONETILL_KILLS
 * sets how many strikes there are at least, ONETILL_SEED which load. Prints TAP.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/os_clock.h"
#include "crash.h"
#include "picker.h"
#include "support/cluster.h"

#define PROCESSES_MAX 3
#define SHOPPERS 20000
#define CONNECTIONS 96
#define SETTLE_US 300000     /* of load after the last strike */
#define FENCE_US 40000000    /* far longer than a silent node keeps its place */
#define GAP_MOST_US 15000000 /* without any answer */
#define FENCED_US 5000000    /* until it has noticed */
#define COMMIT_WAIT_US 5000000 /* until a commit hangs */

enum blow {
    BLOW_none,       /* several processes, and nothing happens to them */
    BLOW_alone,      /* kill -9 of the only process */
    BLOW_process,    /* kill -9 of any of several */
    BLOW_start,      /* kill -9 of one that is about to join */
    BLOW_freeze,     /* one stands still for a while, in the middle of whatever it does */
    BLOW_fence,      /* one stands still for so long that the others give it up: it must not go on */
    BLOW_backends,   /* all connections to the database are ended, whatever they do */
    BLOW_commit,     /* they are ended while they wait for the end of a commit that has happened */
    BLOW_restart,    /* the database is killed with all its processes, and started again */
    BLOW_postmaster, /* its first process is killed, the others notice */
    BLOW_failover,   /* it is killed for good, and a synchronous standby takes over */
    BLOW_COUNT,
};

/* How an episode of each kind goes. */
static const struct {
    const char *name;
    uint32_t processes;
    uint32_t blows;
    int64_t pause_us; /* between two, at most */
} plans[] = {
    { "nothing happens", 3, 1, 1500000 },
    { "kill -9 of the only process", 1, 3, 600000 },
    { "kill -9 of one of several", 3, 5, 600000 },
    { "kill -9 of one that joins", 3, 3, 400000 },
    { "one stands still for a second", 3, 2, 500000 },
    { "one stands still for too long", 3, 1, 500000 },
    { "all connections terminated", 3, 5, 500000 },
    { "terminated in mid commit", 3, 4, 500000 },
    { "database restarted, immediate", 3, 2, 900000 },
    { "database's postmaster killed", 2, 1, 900000 },
    { "failover to the standby", 3, 1, 1200000 },
};
static_assert(COUNT_OF(plans) == BLOW_COUNT, "every kind of strike has a plan");

struct tally {
    uint64_t episodes, blows, answered, repeated, busy, cut, lost, doubled, differs, others;
    int64_t gap_us; /* the longest time without any answer */
    int64_t load_us;
};

struct process {
    struct child child;
    bool runs;
};

struct fleet {
    struct stage stage;
    struct cluster *cluster;
    uint32_t primary; /* which of the cluster's servers */
    struct picker *picker;
    struct http_address address; /* the picker's */
    struct process processes[PROCESSES_MAX];
    uint32_t size;
    struct driver *driver;
    struct driver_report report;
    int64_t answered_at_us, gap_us; /* of the thread that drives */
    struct tally tallies[BLOW_COUNT];
    uint64_t commits_cut, fenced;
};

/* ---- processes ---- */

static bool process_spawn(struct fleet *fleet, uint32_t index)
{
    char start[INSTANT_TEXT_SIZE];
    struct stage *stage = &fleet->stage;
    struct process *process = &fleet->processes[index];
    instant_write(stage->load.step * 60 * US_PER_SECOND, 0, start);
    const char *const arguments[] = { stage->program, "serve",       "--store",
                                      stage->store,   "--key",       stage->key,
                                      "--listen",     "127.0.0.1:0", "--test-clock-start",
                                      start,          NULL };
    process->runs = child_start(&process->child, arguments, stage->log) == STATUS_ok;
    if (!process->runs) {
        book_fault(&stage->book, FAULT_KIND_server, "%s cannot be started", stage->program);
    }
    return process->runs;
}

/* Waits until it serves, and lets the picker know. */
static bool process_join(struct fleet *fleet, uint32_t index)
{
    struct process *process = &fleet->processes[index];
    struct http_address address;
    struct span line, rest;
    if (!process->runs || child_line(&process->child, READY_TIMEOUT_US, &line) != STATUS_ok ||
        !span_equal(span_cut(line, ' ', &rest), SPAN("ready")) ||
        !http_address_read(span_cut(rest, ' ', &rest), &address)) {
        book_fault(&fleet->stage.book, FAULT_KIND_server, "process %u did not become ready", index);
        log_show(&fleet->stage);
        return false;
    }
    picker_set(fleet->picker, index, &address);
    return true;
}

/* One that ended before it was told to has a fault, whatever the database says. */
static void process_end(struct fleet *fleet, uint32_t index, int number)
{
    struct process *process = &fleet->processes[index];
    if (!process->runs) {
        return;
    }
    bool ended = child_wait(&process->child, 0);
    picker_set(fleet->picker, index, NULL);
    child_signal(&process->child, number);
    bool clean = child_stop(&process->child, STOP_TIMEOUT_US);
    process->runs = false;
    if (ended || (number != SIGKILL && !clean)) {
        book_fault(&fleet->stage.book, FAULT_KIND_server, "process %u ended %swith wait status %d", index,
                   ended ? "by itself " : "", process->child.exit_status);
        log_show(&fleet->stage);
    }
}

static bool fleet_start(struct fleet *fleet, uint32_t size)
{
    fleet->size = size;
    for (uint32_t i = 0; i < size; i++) {
        if (!process_spawn(fleet, i)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < size; i++) {
        if (!process_join(fleet, i)) {
            return false;
        }
    }
    return true;
}

/* Some are told to stop, some are not asked. */
static void fleet_end(struct fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->size; i++) {
        process_end(fleet, i, random_chance(&fleet->stage.random, 500000) ? SIGTERM : SIGKILL);
    }
}

/* ---- strikes ---- */

static uint32_t any_process(struct fleet *fleet)
{
    return (uint32_t)random_below(&fleet->stage.random, fleet->size);
}

static void blow_process(struct fleet *fleet)
{
    uint32_t index = any_process(fleet);
    process_end(fleet, index, SIGKILL);
    if (process_spawn(fleet, index)) {
        (void)process_join(fleet, index);
    }
}

static void blow_start(struct fleet *fleet)
{
    uint32_t index = any_process(fleet);
    process_end(fleet, index, SIGKILL);
    if (!process_spawn(fleet, index)) {
        return;
    }
    os_sleep_us(random_between(&fleet->stage.random, 0, 120000));
    process_end(fleet, index, SIGKILL);
    if (process_spawn(fleet, index)) {
        (void)process_join(fleet, index);
    }
}

static void blow_freeze(struct fleet *fleet)
{
    struct process *process = &fleet->processes[any_process(fleet)];
    child_signal(&process->child, SIGSTOP);
    os_sleep_us(random_between(&fleet->stage.random, 300000, 1200000));
    child_signal(&process->child, SIGCONT);
}

/* The others give it up after ten seconds. When it wakes up its batch must be void, and it ends. */
static void blow_fence(struct fleet *fleet)
{
    uint32_t index = any_process(fleet);
    struct process *process = &fleet->processes[index];
    child_signal(&process->child, SIGSTOP);
    picker_set(fleet->picker, index, NULL);
    int64_t begun_us = os_monotonic_us();
    while (cluster_number(fleet->cluster, fleet->stage.store, "SELECT count(*) FROM onetill_nodes") >=
               fleet->size &&
           os_monotonic_us() - begun_us < FENCE_US) {
        os_sleep_us(100000);
    }
    child_signal(&process->child, SIGCONT);
    if (child_wait(&process->child, FENCED_US)) {
        fleet->fenced++;
        (void)child_stop(&process->child, STOP_TIMEOUT_US);
        process->runs = false;
    } else {
        process_end(fleet, index, SIGKILL);
    }
    if (process_spawn(fleet, index)) {
        (void)process_join(fleet, index);
    }
}

/* Commits wait for a standby that does not exist: they have happened, and nobody is told. */
static void blow_commit(struct fleet *fleet)
{
    const char *place = fleet->stage.store;
    cluster_run(fleet->cluster, place, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    cluster_run(fleet->cluster, place, "SELECT pg_reload_conf()");
    int64_t begun_us = os_monotonic_us();
    int64_t cut = 0;
    while (cut == 0 && os_monotonic_us() - begun_us < COMMIT_WAIT_US) { /* a busy machine takes its time */
        os_sleep_us(100000);
        cut = cluster_number(
            fleet->cluster, place,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    }
    fleet->commits_cut += (uint64_t)cut;
    cluster_run(fleet->cluster, place, "ALTER SYSTEM SET synchronous_standby_names = ''");
    cluster_run(fleet->cluster, place, "SELECT pg_reload_conf()");
}

static void blow_failover(struct fleet *fleet)
{
    uint32_t standby = fleet->primary + 1;
    cluster_stop(fleet->cluster, fleet->primary,
                 random_chance(&fleet->stage.random, 500000) ? CLUSTER_END_kill : CLUSTER_END_immediate);
    cluster_promote(fleet->cluster, standby);
    fleet->primary = standby;
}

static void blow_strike(struct fleet *fleet, enum blow blow)
{
    switch (blow) {
    case BLOW_none:
        break;
    case BLOW_alone:
    case BLOW_process:
        blow_process(fleet);
        break;
    case BLOW_start:
        blow_start(fleet);
        break;
    case BLOW_freeze:
        blow_freeze(fleet);
        break;
    case BLOW_fence:
        blow_fence(fleet);
        break;
    case BLOW_commit:
        blow_commit(fleet);
        break;
    case BLOW_backends:
        (void)cluster_terminate(fleet->cluster, fleet->stage.store);
        break;
    case BLOW_restart:
        cluster_restart(fleet->cluster, fleet->primary, CLUSTER_END_immediate);
        break;
    case BLOW_postmaster:
        cluster_restart(fleet->cluster, fleet->primary, CLUSTER_END_kill);
        break;
    case BLOW_failover:
        blow_failover(fleet);
        break;
    case BLOW_COUNT:
        assert(!"a kind of strike");
    }
}

/* ---- load ---- */

static enum make fleet_make(void *context, uint32_t slot, struct request_out *out)
{
    struct fleet *fleet = context;
    return load_make(&fleet->stage.load, slot, out);
}

static void fleet_done(void *context, uint32_t slot, const struct answer_in *answer)
{
    struct fleet *fleet = context;
    if (answer->outcome == OUTCOME_answered && answer->status < 500) {
        int64_t now_us = os_monotonic_us();
        fleet->gap_us = max_i64(fleet->gap_us, now_us - fleet->answered_at_us);
        fleet->answered_at_us = now_us;
    }
    load_done(&fleet->stage.load, slot, answer);
    /* What one process has answered every other one knows. */
    const struct slot *asked = &fleet->stage.load.slots[slot];
    if (asked->what == SLOT_op && answer->outcome == OUTCOME_answered && answer->status < 300 &&
        fleet->stage.book.ops[asked->op].kind == OP_pay && asked->op % 16 == 0) {
        load_lookup(&fleet->stage.load, asked->op);
    }
}

static void load_open(struct fleet *fleet)
{
    struct driver_options options = { .address = fleet->address,
                                      .connections = CONNECTIONS,
                                      .threads = 1,
                                      .timeout_us = READY_TIMEOUT_US,
                                      .patience_us = READY_TIMEOUT_US,
                                      .context = fleet,
                                      .make = fleet_make,
                                      .done = fleet_done };
    fleet->driver = driver_open(&options);
    assert(fleet->driver != NULL);
    fleet->answered_at_us = os_monotonic_us();
}

static void *load_main(void *context)
{
    struct fleet *fleet = context;
    driver_run(fleet->driver, &fleet->report);
    return NULL;
}

/* Drives the fleet while it is struck, then until everything has its answer. */
static void episode_drive(struct fleet *fleet, enum blow blow)
{
    struct load *load = &fleet->stage.load;
    struct tally *tally = &fleet->tallies[blow];
    pthread_t thread;
    load->settle_only = false;
    load_queue(load, UINT16_MAX);
    load_open(fleet);
    int64_t begun_us = os_monotonic_us();
    int rc = pthread_create(&thread, NULL, load_main, fleet);
    assert(rc == 0);
    for (uint32_t i = 0; i < plans[blow].blows; i++) {
        os_sleep_us(random_between(&fleet->stage.random, plans[blow].pause_us / 3, plans[blow].pause_us));
        blow_strike(fleet, blow);
    }
    tally->blows += plans[blow].blows;
    os_sleep_us(SETTLE_US);
    driver_stop(fleet->driver);
    pthread_join(thread, NULL);
    driver_close(fleet->driver);
    tally->load_us += os_monotonic_us() - begun_us;
    load->settle_only = true;
    load_queue(load, fleet->stage.book.life);
    load_open(fleet);
    driver_run(fleet->driver, &fleet->report);
    driver_close(fleet->driver);
}

/* ---- episodes ---- */

static void standby_make(struct fleet *fleet)
{
    char place[PATH_SIZE];
    if (fleet->primary > 0) {
        cluster_remove(fleet->cluster, fleet->primary - 1);
    }
    uint32_t standby = cluster_standby(fleet->cluster, fleet->primary);
    assert(standby == fleet->primary + 1);
    memcpy(place, fleet->stage.store, sizeof(place));
    cluster_place_any(fleet->cluster, place, fleet->stage.store);
}

static void tally_add(struct fleet *fleet, enum blow blow, const struct book *before, uint64_t busy,
                      uint64_t cut)
{
    struct tally *tally = &fleet->tallies[blow];
    const struct book *book = &fleet->stage.book;
    tally->episodes++;
    tally->answered += book->answered - before->answered;
    tally->repeated += book->repeated - before->repeated;
    tally->busy += fleet->stage.load.busy - busy;
    tally->cut += fleet->stage.load.cut - cut;
    for (int i = 0; i < FAULT_KIND_COUNT; i++) {
        uint64_t found = book->faults[i] - before->faults[i];
        *(i == FAULT_KIND_lost      ? &tally->lost
          : i == FAULT_KIND_doubled ? &tally->doubled
          : i == FAULT_KIND_differs ? &tally->differs
                                    : &tally->others) += found;
    }
    tally->gap_us = max_i64(tally->gap_us, fleet->gap_us);
}

static void episode(struct fleet *fleet, enum blow blow)
{
    struct stage *stage = &fleet->stage;
    struct book before = stage->book;
    uint64_t busy = stage->load.busy, cut = stage->load.cut;
    stage->book.life++;
    minute_move(&stage->load);
    fleet->gap_us = 0;
    if (blow == BLOW_failover) {
        standby_make(fleet);
    }
    if (fleet_start(fleet, plans[blow].processes)) {
        struct http_address any = fleet->address;
        if (stage->load.counters[0][0] != '\0' || counters_read(stage, &any)) {
            episode_drive(fleet, blow);
        }
        uint32_t open = book_open_count(&stage->book);
        if (open > 0) {
            book_fault(&stage->book, FAULT_KIND_server, "%u requests found no answer in the end", open);
        }
        store_check(&stage->book, stage->store, open == 0);
        audit_check(stage, stage->store);
    }
    fleet_end(fleet);
    tally_add(fleet, blow, &before, busy, cut);
}

/* ---- the checks, checked ---- */

static void canary_of_database(struct fleet *fleet)
{
    static const struct {
        const char *what, *statement;
        enum fault_kind kind;
    } forgeries[] = {
        { "canary: a database that lost one kept answer is found",
          "DELETE FROM requests WHERE request_key = (SELECT max(request_key) FROM requests WHERE request_key "
          "LIKE 'x%')",
          FAULT_KIND_lost },
        { "canary: a cent too much in one wallet is found",
          "UPDATE accounts SET balance = balance + 1 WHERE (owner_id, purpose) = (SELECT owner_id, purpose "
          "FROM accounts "
          "WHERE purpose = 10 AND owner_id > 0 ORDER BY owner_id LIMIT 1)",
          FAULT_KIND_sums },
    };
    static_assert(PURPOSE_wallet == 10, "the statement names it");
    canary_of_payment(&fleet->stage, fleet->cluster);
    for (size_t i = 0; i < COUNT_OF(forgeries); i++) {
        char copy[PATH_SIZE];
        stage_database_copy(&fleet->stage, fleet->cluster, copy);
        cluster_run(fleet->cluster, copy, forgeries[i].statement);
        tap(&fleet->stage, forged_faults(&fleet->stage, copy, forgeries[i].kind) > 0, forgeries[i].what);
        cluster_database_drop(fleet->cluster, copy);
    }
}

/* ---- */

static void matrix_print(const struct fleet *fleet)
{
    struct tally sum = { 0 };
    printf("# %-32s %7s %7s %9s %9s %7s %7s %8s %5s %7s %7s %6s\n", "strike", "strikes", "process",
           "answered", "repeated", "busy", "cut off", "gap ms", "lost", "doubled", "differs", "others");
    for (int i = 0; i < BLOW_COUNT; i++) {
        const struct tally *tally = &fleet->tallies[i];
        if (tally->episodes > 0) {
            printf("# %-32s %7llu %7u %9llu %9llu %7llu %7llu %8lld %5llu %7llu %7llu %6llu\n", plans[i].name,
                   (unsigned long long)(i == BLOW_none ? 0 : tally->blows), plans[i].processes,
                   (unsigned long long)tally->answered, (unsigned long long)tally->repeated,
                   (unsigned long long)tally->busy, (unsigned long long)tally->cut,
                   (long long)(tally->gap_us / 1000), (unsigned long long)tally->lost,
                   (unsigned long long)tally->doubled, (unsigned long long)tally->differs,
                   (unsigned long long)tally->others);
        }
        sum.blows += i == BLOW_none ? 0 : tally->blows;
        sum.load_us += tally->load_us;
    }
    const struct book *book = &fleet->stage.book;
    printf("# %llu strikes; answered %llu (payments %llu, refused %llu), %.0f a second; compared %llu "
           "trades, %llu"
           " unanswered requests had landed, %llu audits; seed %llu\n",
           (unsigned long long)sum.blows, (unsigned long long)book->answered,
           (unsigned long long)book->payments, (unsigned long long)book->refused,
           (double)book->answered * 1e6 / (double)max_i64(sum.load_us, 1), (unsigned long long)book->found,
           (unsigned long long)book->landed, (unsigned long long)fleet->stage.audits,
           (unsigned long long)fleet->stage.seed);
    printf("# %llu answers were learnt only after their commit had been lost sight of\n",
           (unsigned long long)book->late);
    printf("# %llu connections were ended in mid commit, %llu processes ended because they were given up\n",
           (unsigned long long)fleet->commits_cut, (unsigned long long)fleet->fenced);
}

static void report(struct fleet *fleet)
{
    struct stage *stage = &fleet->stage;
    const struct book *book = &stage->book;
    bool all = true;
    int64_t gap_us = 0;
    matrix_print(fleet);
    for (int i = 0; i < BLOW_COUNT; i++) {
        gap_us = max_i64(gap_us, fleet->tallies[i].gap_us);
    }
    for (uint32_t i = 0; i < PROCESSES_MAX; i++) {
        all = all && (fleet->tallies[BLOW_none].episodes == 0 ||
                      picker_requests(fleet->picker, i) > book->answered / 20);
    }
    tap(stage, book->answered > 0 && book->repeated > 0 && book->found > 0, "there was something to lose");
    tap(stage, fleet->tallies[BLOW_commit].episodes == 0 || fleet->commits_cut > 0,
        "commits were cut off after they had happened");
    tap(stage, fleet->fenced == fleet->tallies[BLOW_fence].blows,
        "a process that was given up ended by itself, and no other did");
    tap(stage, gap_us < GAP_MOST_US, "no strike silenced the till for long");
    tap(stage, stage->lookups > 0, "what one process answered was looked up at others");
    tap(stage, all, "every process had its share of the requests");
    tap(stage, book->faults[FAULT_KIND_lost] == 0, "lost 0: what was answered is in the database");
    tap(stage, book->faults[FAULT_KIND_doubled] == 0,
        "doubled 0: everything took effect once, or not at all");
    tap(stage, book->faults[FAULT_KIND_differs] == 0,
        "every repeat got the same bytes, whichever process it met");
    tap(stage, book->faults[FAULT_KIND_sums] == 0,
        "wallets, takings and budgets agree with the answers to the cent");
    tap(stage, book->faults[FAULT_KIND_audit] == 0, "the audit holds after every strike");
    tap(stage, book->faults[FAULT_KIND_server] == 0,
        "no process ended by itself, and everything was answered");
}

/* Every kind of strike once, or one kind only, on a city of its own. */
static void round_run(struct fleet *fleet, int only)
{
    struct stage *stage = &fleet->stage;
    bool forged = fleet->stage.city_count > 0;
    cluster_database(fleet->cluster, stage->store);
    if (!stage_city(stage, SHOPPERS)) {
        book_fault(&stage->book, FAULT_KIND_server, "there is no city");
        return;
    }
    for (int i = 0; i < BLOW_COUNT && stage->book.told == 0; i++) {
        if (only >= 0 && only != i) {
            continue;
        }
        episode(fleet, (enum blow)i);
        if (!forged && stage->book.told == 0) {
            canary_of_database(fleet);
            forged = true;
        }
    }
    stage_city_end(stage);
    if (stage->book.told == 0) {
        cluster_database_drop(fleet->cluster, stage->store);
    }
}

static uint64_t blows_done(const struct fleet *fleet)
{
    uint64_t done = 0;
    for (int i = 0; i < BLOW_COUNT; i++) {
        done += fleet->tallies[i].blows;
    }
    return done;
}

int main(int argc, char **argv)
{
    static struct fleet fleet; /* large */
    struct stage *stage = &fleet.stage;
    uint64_t blows = environment_u64("ONETILL_KILLS", 1);
    int only = (int)environment_u64("ONETILL_BLOW", 0) - 1; /* one kind only, counted from 1 */
    if (argc != 2) {
        fprintf(stderr, "usage: crash_fleet ONETILL\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if (!stage_begin(stage, argv[1])) {
        return 1;
    }
    fleet.cluster =
        cluster_open(&(struct cluster_settings){ .own = true, .durable = true, .replicated = true });
    fleet.picker = picker_open(stage->seed, &fleet.address);
    snprintf(stage->key, sizeof(stage->key), "%.500s.key", stage->log);
    stage->book.database = true;
    do {
        round_run(&fleet, only);
    } while (blows_done(&fleet) < blows && stage->book.told == 0);
    report(&fleet);
    picker_close(fleet.picker);
    cluster_close(fleet.cluster);
    return stage_end(stage);
}
