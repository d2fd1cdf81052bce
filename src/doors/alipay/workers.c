/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door's threads and what waits for them. Answers of the engine go before new requests: what was begun is
 * finished first, and the bound on what waits keeps new work out when there is more than can be done.
 */
#include <unistd.h>

#include "doors/alipay/alipay_internal.h"

#define SPENT_SAMPLE 17 /* of so many steps one is measured; steps of both kinds may come by turns: an odd number */
#define OWED_MAX 8
#define OWED_US 2000

static void push(struct alipay *door, struct alipay_job *job, enum job_step step)
{
    job->step = step;
    job->next = NULL;
    *door->last[step] = job;
    door->last[step] = &job->next;
}

static struct alipay_job *pop(struct alipay *door, enum job_step step)
{
    struct alipay_job *job = door->first[step];
    if (job != NULL) {
        door->first[step] = job->next;
        if (job->next == NULL) {
            door->last[step] = &door->first[step];
        }
    }
    return job;
}

static struct span copied(struct http_request *http, struct span text)
{
    if (text.bytes == NULL) {
        return text;
    }
    char *bytes = arena_try(http->arena, text.size + 1);
    if (bytes == NULL) {
        return (struct span){ NULL, 0 };
    }
    memcpy(bytes, text.bytes, text.size);
    return (struct span){ bytes, text.size };
}

/* Too much is waiting: said at once, in the protocol's words. It is not signed: signing is what is short. */
static void refuse_full(struct alipay *door, struct http_request *http, bool v3)
{
    atomic_fetch_add_explicit(&door->counts.refused_full, 1, memory_order_relaxed);
    if (v3) {
        http_answer(http, 503, "application/json;charset=utf-8",
                    SPAN("{\"code\":\"unknow-error\",\"message\":\"系统繁忙\",\"links\":[]}"), NULL, 0);
    } else {
        http_answer(http, 200, "text/html;charset=utf-8",
                    SPAN("{\"error_response\":{\"code\":\"20000\",\"msg\":\"Service Currently Unavailable\","
                         "\"sub_code\":\"isp.unknow-error\",\"sub_msg\":\"系统繁忙\"}}"),
                    NULL, 0);
    }
}

void alipay_job_take_in(struct alipay *door, struct http_request *http, bool v3)
{
    struct alipay_job *job = arena_try_uncleared(http->arena, sizeof(*job));
    atomic_fetch_add_explicit(v3 ? &door->counts.v3_requests : &door->counts.requests, 1, memory_order_relaxed);
    if (job == NULL) {
        refuse_full(door, http, v3);
        return;
    }
    struct span rest;
    (void)span_cut(http->target, '?', &rest);
    memset(job, 0, ALIPAY_JOB_HEAD); /* the worker clears the rest, for its own cache */
    job->door = door;
    job->http = http;
    http->slow = true;
    job->v3 = v3;
    job->received_us = os_monotonic_us();
    job->query = rest;
    job->body = http->body;
    job->content_type = copied(http, http_header_value(http, "Content-Type"));
    job->host = copied(http, http_header_value(http, "Host"));
    if (v3) {
        job->authorization = copied(http, http_header_value(http, "Authorization"));
        job->app_auth_token = copied(http, http_header_value(http, "alipay-app-auth-token"));
        job->root_cert_sn = copied(http, http_header_value(http, "alipay-root-cert-sn"));
        job->encrypt_type = copied(http, http_header_value(http, "alipay-encrypt-type"));
    }
    pthread_mutex_lock(&door->lock);
    bool room = door->waiting < ALIPAY_WAITING_MAX && !door->draining;
    if (room) {
        door->waiting++;
        push(door, job, JOB_begin);
        pthread_cond_signal(&door->wake);
    }
    pthread_mutex_unlock(&door->lock);
    if (!room) {
        refuse_full(door, http, v3);
    }
}

/* On a thread of the store's. */
static void job_done(struct call *call)
{
    struct alipay_job *job = call->context;
    struct alipay *door = job->door;
    pthread_mutex_lock(&door->lock);
    door->flying--;
    push(door, job, JOB_decided);
    pthread_cond_signal(&door->wake);
    pthread_mutex_unlock(&door->lock);
}

bool alipay_job_submit(struct alipay_job *job)
{
    struct alipay *door = job->door;
    job->call = (struct call){ .command = &alipay_command,
                               .request = &job->ask,
                               .answer = &job->told,
                               .caller = { .kind = CALLER_merchant, .id = job->app->row.merchant_id },
                               .deadline_us = os_monotonic_us() + CALL_AGE_MAX_US,
                               .done = job_done,
                               .context = job };
    pthread_mutex_lock(&door->lock);
    door->flying++;
    pthread_mutex_unlock(&door->lock);
    if (engine_submit(door->settings.engine, &job->call)) {
        return true;
    }
    pthread_mutex_lock(&door->lock);
    door->flying--;
    pthread_cond_broadcast(&door->wake); /* draining waits for the last */
    pthread_mutex_unlock(&door->lock);
    return false;
}

void alipay_job_hold(struct alipay_job *job)
{
    struct alipay *door = job->door;
    pthread_mutex_lock(&door->lock);
    job->step = JOB_ready;
    job->next = door->held;
    door->held = job;
    pthread_cond_broadcast(&door->wake); /* whoever sleeps must look at its time */
    pthread_mutex_unlock(&door->lock);
}

/* The held answer whose time has come; `*next_us` gets when the earliest of the others will. */
static struct alipay_job *held_take(struct alipay *door, int64_t now_us, int64_t *next_us)
{
    struct alipay_job **found = NULL;
    *next_us = INT64_MAX;
    for (struct alipay_job **at = &door->held; *at != NULL; at = &(*at)->next) {
        if ((*at)->due_us <= now_us || door->draining) {
            found = at;
            break;
        }
        *next_us = min_i64(*next_us, (*at)->due_us);
    }
    if (found == NULL) {
        return NULL;
    }
    struct alipay_job *job = *found;
    *found = job->next;
    return job;
}

static struct alipay_job *job_next(struct alipay *door, int64_t *next_us)
{
    struct alipay_job *job = door->held != NULL ? held_take(door, os_monotonic_us(), next_us) : NULL;
    if (job == NULL) {
        job = pop(door, JOB_decided);
    }
    if (job == NULL) {
        job = pop(door, JOB_begin);
        door->waiting -= job != NULL;
    }
    return job;
}

/* Sleeps until there is something to do, or a held answer is due. */
static void nap(struct alipay *door, int64_t next_us)
{
    if (next_us == INT64_MAX) {
        pthread_cond_wait(&door->wake, &door->lock);
        return;
    }
    int64_t until_us = os_now_us() + max_i64(next_us - os_monotonic_us(), 1000);
    struct timespec until = { .tv_sec = (time_t)(until_us / US_PER_SECOND),
                              .tv_nsec = (long)(until_us % US_PER_SECOND * 1000) };
    (void)pthread_cond_timedwait(&door->wake, &door->lock, &until);
}

int64_t alipay_spend_begin(const struct alipay_worker *worker)
{
    return worker->measured ? os_thread_cpu_ns() : 0;
}

/* Reading a thread's CPU clock costs a microsecond or two: hence the sample, which stands for all. */
void alipay_spend(const struct alipay_worker *worker, atomic_int_fast64_t *count, int64_t begun_ns)
{
    if (worker->measured) {
        atomic_fetch_add_explicit(count, (os_thread_cpu_ns() - begun_ns) * SPENT_SAMPLE, memory_order_relaxed);
    }
}

static void job_work(struct alipay_worker *worker, struct alipay_job *job)
{
    struct alipay *door = worker->door;
    bool reading = job->step == JOB_begin;
    worker->measured = worker->steps++ % SPENT_SAMPLE == 0;
    int64_t begun_us = os_monotonic_us(), begun_ns = alipay_spend_begin(worker);
    uint32_t owed = worker->owed;
    job->worker = worker;
    switch (job->step) {
    case JOB_begin:
        memset((char *)job + ALIPAY_JOB_HEAD, 0, sizeof(*job) - ALIPAY_JOB_HEAD);
        job->result = RESULT_none;
        alipay_job_begin(job);
        break;
    case JOB_decided:
        alipay_job_decided(job);
        break;
    case JOB_ready:
        alipay_job_answer(job);
        break;
    case JOB_steps:
        assert(!"a job has a step");
    }
    /* The job may be gone. */
    alipay_spend(worker, reading ? &door->counts.read_ns : &door->counts.write_ns, begun_ns);
    int64_t now_us = os_monotonic_us();
    worker->owed_since_us = owed == 0 ? now_us : worker->owed_since_us;
    atomic_fetch_add_explicit(&door->counts.busy_us, now_us - begun_us, memory_order_relaxed);
}

/*
 * A signature keeps a processor busy for half a millisecond. To wake the server's thread for each, while more are to
 * be made, would interrupt the next one every time: a few answers leave together.
 */
static void answers_flush(struct alipay_worker *worker, bool idle)
{
    bool late = worker->owed > 0 && os_monotonic_us() - worker->owed_since_us >= OWED_US;
    if (worker->owed > 0 && (idle || late || worker->owed >= OWED_MAX)) {
        worker->owed = 0;
        http_wake_flush(worker->door->http);
    }
}

static void *worker_main(void *context)
{
    struct alipay_worker *worker = context;
    struct alipay *door = worker->door;
    pthread_setname_np(pthread_self(), "gateway");
    pthread_mutex_lock(&door->lock);
    for (;;) {
        int64_t next_us = INT64_MAX;
        struct alipay_job *job = job_next(door, &next_us);
        if (job != NULL) {
            pthread_mutex_unlock(&door->lock);
            answers_flush(worker, false);
            job_work(worker, job);
            pthread_mutex_lock(&door->lock);
        } else if (worker->owed > 0) {
            pthread_mutex_unlock(&door->lock);
            answers_flush(worker, true);
            pthread_mutex_lock(&door->lock);
        } else if (door->draining && door->flying == 0) {
            break;
        } else {
            nap(door, next_us);
        }
    }
    pthread_cond_broadcast(&door->wake);
    pthread_mutex_unlock(&door->lock);
    if (worker->reader != NULL) {
        worker->reader->ops->close(worker->reader);
    }
    return NULL;
}

struct reader *alipay_worker_reader(struct alipay_worker *worker)
{
    struct store *store = worker->door->settings.store;
    if (worker->reader == NULL && !worker->reader_missing) {
        worker->reader_missing = store->ops->reader_open(store, &worker->reader) != STATUS_ok;
        worker->reader = worker->reader_missing ? NULL : worker->reader;
    }
    return worker->reader;
}

void alipay_queue_init(struct alipay *door)
{
    for (size_t step = 0; step < JOB_steps; step++) {
        door->last[step] = &door->first[step];
    }
}

void alipay_workers_start(struct alipay *door)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t count = door->settings.worker_count;
    if (count == 0) {
        count = processors > 0 ? (uint32_t)processors : 1;
    }
    door->worker_count = (uint32_t)min_i64(count, ALIPAY_WORKERS_MAX);
    for (uint32_t i = 0; i < door->worker_count; i++) {
        door->workers[i].door = door;
        int rc = pthread_create(&door->workers[i].thread, NULL, worker_main, &door->workers[i]);
        assert(rc == 0);
    }
}

void alipay_workers_drain(struct alipay *door)
{
    pthread_mutex_lock(&door->lock);
    door->draining = true;
    pthread_cond_broadcast(&door->wake);
    pthread_mutex_unlock(&door->lock);
    for (uint32_t i = 0; i < door->worker_count; i++) {
        (void)pthread_join(door->workers[i].thread, NULL);
    }
    door->worker_count = 0;
}
