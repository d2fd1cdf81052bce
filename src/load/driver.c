/* SPDX-License-Identifier: Apache-2.0 */
#include "load/driver.h"

#include "base/os_clock.h"
#include "load/driver_worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#define TICK_NS INT64_C(100000000)
#define DURATION_MAX_US (INT64_C(30) * 86400 * 1000000)

struct driver {
    struct driver_options options;
    atomic_bool stop;
    int64_t start_ns;
    int64_t tick_at_ns;
    uint32_t worker_count; /* of those initialised, the last perhaps in part */
    pthread_t threads[DRIVER_THREADS_MAX];
    struct worker *workers[DRIVER_THREADS_MAX]; /* each has a block of its own: no shared cache lines */
};

static bool options_valid(const struct driver_options *options)
{
    return options->connections >= 1 && options->connections <= DRIVER_CONNECTIONS_MAX &&
           options->threads >= 1 && options->threads <= DRIVER_THREADS_MAX &&
           options->threads <= options->connections && options->rate <= DRIVER_RATE_MAX &&
           options->gather_us >= 0 && options->gather_us <= 1000000 && options->duration_us >= 0 &&
           options->duration_us <= DURATION_MAX_US && options->warmup_us >= 0 &&
           options->warmup_us <= DURATION_MAX_US && options->timeout_us > 0 &&
           options->timeout_us <= DURATION_MAX_US && options->patience_us > 0 &&
           options->patience_us <= DURATION_MAX_US && options->request_size_max <= DRIVER_REQUEST_SIZE_MAX &&
           options->answer_size_max <= DRIVER_ANSWER_SIZE_MAX && options->make != NULL &&
           options->done != NULL;
}

/* Each connection needs a descriptor; the usual soft limit of 1024 is below what may be asked for. */
static void descriptors_allow(uint32_t connections)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connections + 256;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* connections beyond it count as failures */
    }
}

static void tick(struct driver *driver, int64_t now_ns)
{
    uint64_t made = 0;
    uint64_t finished = 0;
    if (now_ns < driver->tick_at_ns) {
        return;
    }
    driver->tick_at_ns = now_ns + TICK_NS;
    for (uint32_t i = 0; i < driver->worker_count; i++) {
        made += atomic_load_explicit(&driver->workers[i]->made_seen, memory_order_relaxed);
        finished += atomic_load_explicit(&driver->workers[i]->finished_seen, memory_order_relaxed);
    }
    driver->options.tick(driver->options.context, made, finished);
}

static void defaults_set(struct driver_options *options)
{
    options->timeout_us = options->timeout_us == 0 ? 10000000 : options->timeout_us;
    options->patience_us = options->patience_us == 0 ? 10000000 : options->patience_us;
    options->request_size_max = options->request_size_max == 0 ? (size_t)16 << 10 : options->request_size_max;
    options->answer_size_max = options->answer_size_max == 0 ? (size_t)1 << 20 : options->answer_size_max;
}

struct driver *driver_open(const struct driver_options *options)
{
    struct driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL) {
        return NULL;
    }
    driver->options = *options;
    defaults_set(&driver->options);
    if (!options_valid(&driver->options)) {
        free(driver);
        return NULL;
    }
    descriptors_allow(options->connections);
    while (driver->worker_count < options->threads) {
        struct worker *worker = malloc(sizeof *worker);
        if (worker == NULL) {
            break;
        }
        driver->workers[driver->worker_count] = worker;
        bool ready = worker_init(worker, &driver->options, driver->worker_count++);
        worker->driver = driver;
        worker->stop = &driver->stop;
        worker->turn = driver->worker_count == 1 && options->tick != NULL ? tick : NULL;
        if (!ready) {
            break;
        }
        if (driver->worker_count == options->threads) {
            return driver;
        }
    }
    driver_close(driver);
    return NULL;
}

static void *thread_main(void *argument)
{
    struct worker *worker = argument;
    worker_run(worker, worker->driver->start_ns);
    return NULL;
}

static void counts_add(struct driver_counts *to, const struct driver_counts *from)
{
    to->made += from->made;
    to->answered += from->answered;
    for (size_t i = 0; i < COUNT_OF(to->status_hundreds); i++) {
        to->status_hundreds[i] += from->status_hundreds[i];
    }
    for (size_t i = 0; i < COUNT_OF(to->outcomes); i++) {
        to->outcomes[i] += from->outcomes[i];
    }
    to->waited += from->waited;
    to->waiting_max += from->waiting_max;
    to->unsent += from->unsent;
    to->connects += from->connects;
    to->connect_failures += from->connect_failures;
    to->sent_bytes += from->sent_bytes;
    to->received_bytes += from->received_bytes;
}

void driver_run(struct driver *driver, struct driver_report *report)
{
    uint32_t count = driver->worker_count;
    memset(report, 0, sizeof *report);
    assert(driver->start_ns == 0);
    driver->start_ns = os_monotonic_ns();
    uint32_t started = 1;
    while (started < count &&
           pthread_create(&driver->threads[started], NULL, thread_main, driver->workers[started]) == 0) {
        started++;
    }
    assert(started == count); /* a machine that cannot start 16 threads measures nothing */
    worker_run(driver->workers[0], driver->start_ns);
    for (uint32_t i = 0; i < count; i++) {
        struct worker *worker = driver->workers[i];
        if (i > 0) {
            pthread_join(driver->threads[i], NULL);
        }
        counts_add(&report->counts, &worker->counts);
        histogram_merge(&report->latency, &worker->latency);
        histogram_merge(&report->service, &worker->service);
        report->measured += worker->measured;
        report->measured_us = max_i64(report->measured_us, (worker->finished_ns - worker->measure_ns) / 1000);
        report->cpu_ns += worker->cpu_ns;
        report->gave_up = report->gave_up || worker->gave_up;
    }
}

void driver_stop(struct driver *driver)
{
    atomic_store_explicit(&driver->stop, true, memory_order_relaxed);
}

void driver_close(struct driver *driver)
{
    if (driver == NULL) {
        return;
    }
    for (uint32_t i = 0; i < driver->worker_count; i++) {
        worker_release(driver->workers[i]);
        free(driver->workers[i]);
    }
    free(driver);
}
