/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/notify.h"

#include "base/civil.h"
#include "base/os_clock.h"
#include "doors/notify_internal.h"
#include "engine/engine_rows.h"
#include "engine/reader.h"

/*
 * An attempt reads its delivery (an engine call), sends it (libcurl), and reports the outcome (an engine
 * call). What a commit tells of a delivery is in the inbox before the call that changed it is answered.
 */

#define ARENA_SIZE_MAX (512 * 1024 * 1024)
#define STOP_US (2 * US_PER_SECOND)
#define WAIT_MS_MAX 1000
#define LEADS_LOOK_MS 250
#define CLOCK_LOOK_MS 100 /* while something waits for its time: a test clock may be moved */
#define QUEUE_FULL_MS 20
#define AWAY_US US_PER_SECOND

/* ---- attempts ---- */

static struct attempt *attempt_take(struct notify *notify)
{
    struct attempt *attempt = notify->free.first;
    if (attempt != NULL) {
        notify->free.first = attempt->next;
        notify->free.count--;
        return attempt;
    }
    if (notify->attempts_made == NOTIFY_FLYING_MAX) {
        return NULL;
    }
    attempt = arena_take(&notify->arena, sizeof(*attempt));
    attempt->body = arena_take(&notify->arena, notify->body_size_max);
    attempt->easy = curl_easy_init();
    assert(attempt->easy != NULL);
    attempt->notify = notify;
    notify->attempts_made++;
    return attempt;
}

/* A call of this attempt was answered; on the store's thread. */
static void attempt_answered(struct call *call)
{
    struct attempt *attempt = call->context;
    struct notify *notify = attempt->notify;
    pthread_mutex_lock(&notify->lock);
    attempt_push(&notify->returned, attempt);
    (void)curl_multi_wakeup(notify->multi); /* with the lock: afterwards the worker may be gone */
    pthread_mutex_unlock(&notify->lock);
}

/* Hands the attempt's call to the engine, or puts it aside until there is room. */
static void attempt_ask(struct notify *notify, struct attempt *attempt)
{
    bool reads = attempt->step == STEP_read;
    bool shared = notify->settings.store->shared;
    attempt->ref.delivery_id = attempt->delivery_id;
    attempt->call = (struct call){ .command = reads ? &delivery_facts_read : &delivery_done,
                                   .request = reads ? (const void *)&attempt->ref : &attempt->outcome,
                                   .answer = reads ? (void *)&attempt->facts : &attempt->nothing,
                                   .caller = { .kind = CALLER_system },
                                   .deadline_us = shared ? os_monotonic_us() + CALL_AGE_MAX_US : 0,
                                   .done = attempt_answered,
                                   .context = attempt };
    attempt->step = reads ? STEP_reading : STEP_reporting;
    notify->calls_out++;
    if (!engine_submit(notify->settings.engine, &attempt->call)) {
        notify->calls_out--;
        attempt->step = reads ? STEP_read : STEP_report;
        attempt_push(&notify->asked, attempt);
    }
}

static void attempt_end(struct notify *notify, struct attempt *attempt)
{
    notify_queue_land(&notify->queue, attempt->delivery);
    attempt->delivery = NULL;
    attempt_push(&notify->free, attempt);
}

static void attempt_report(struct notify *notify, struct attempt *attempt)
{
    bool heard = attempt->facts.work.kind == DELIVERY_notice
                     ? attempt->outcome.heard != 0
                     : attempt->outcome.http_status >= 200 && attempt->outcome.http_status < 300;
    pthread_mutex_lock(&notify->lock);
    notify->counts.attempts++;
    notify->counts.failures += !heard;
    pthread_mutex_unlock(&notify->lock);
    attempt->step = STEP_report;
    attempt_ask(notify, attempt);
}

/* In a sandbox: true when the attempt is at its end, lost on its way or put off. */
static bool fault_play(struct notify *notify, struct attempt *attempt)
{
    const struct notify_settings *settings = &notify->settings;
    int64_t delay_ms = 0;
    attempt->again = false;
    if (attempt->facts.work.kind != DELIVERY_notice || settings->notice_fault == NULL) {
        return false;
    }
    switch (settings->notice_fault(settings->fault_context, attempt->facts.work.app_id, &delay_ms)) {
    case ALIPAY_NOTICE_none:
        break;
    case ALIPAY_NOTICE_lost:
        attempt->outcome = (struct delivery_done){ .delivery_id = attempt->delivery_id };
        attempt_report(notify, attempt);
        return true;
    case ALIPAY_NOTICE_repeated:
        attempt->again = true;
        break;
    case ALIPAY_NOTICE_late:
        notify_queue_move(&notify->queue, attempt->delivery, engine_now_us(settings->engine) + delay_ms * 1000);
        attempt_end(notify, attempt);
        return true;
    }
    return false;
}

/* The delivery as its row says; this is the truth, whatever was told before. */
static void attempt_read(struct notify *notify, struct attempt *attempt, bool stopping)
{
    const struct delivery_work *work = &attempt->facts.work;
    bool pending = attempt->call.refusal == REFUSAL_none && work->state == DELIVERY_pending;
    if (!pending) {
        notify_queue_end(&notify->queue, attempt->delivery);
        attempt_end(notify, attempt);
        return;
    }
    if (work->next_at_us > engine_now_us(notify->settings.engine) || stopping || !atomic_load(&notify->leads)) {
        notify_queue_move(&notify->queue, attempt->delivery, work->next_at_us);
        attempt_end(notify, attempt);
        return;
    }
    if (fault_play(notify, attempt)) {
        return;
    }
    if (!send_begin(notify, attempt)) {
        attempt_report(notify, attempt);
        return;
    }
    attempt->step = STEP_sending;
    attempt_push(&notify->sending, attempt);
}

static void attempt_reported(struct notify *notify, struct attempt *attempt)
{
    if (attempt->call.refusal != REFUSAL_none) { /* somebody ended it meanwhile */
        notify_queue_end(&notify->queue, attempt->delivery);
    } else if (!attempt->delivery->told) { /* the news was lost: it is read again */
        notify_queue_move(&notify->queue, attempt->delivery, engine_now_us(notify->settings.engine));
    }
    attempt_end(notify, attempt);
}

/*
 * The database is away, or was when it was told. A report is made until it is heard: should it have been already, it is
 * refused, or one attempt counts twice; but whoever stops leaves it to the next process.
 */
static void call_failed(struct notify *notify, struct attempt *attempt, bool stopping)
{
    assert(notify->settings.store->shared); /* elsewhere every call is decided */
    if (attempt->step == STEP_reporting && !stopping) {
        attempt->step = STEP_report;
        attempt_push(&notify->asked, attempt);
        return;
    }
    notify_queue_move(&notify->queue, attempt->delivery, engine_now_us(notify->settings.engine) + AWAY_US);
    attempt_end(notify, attempt);
}

static void returned_take(struct notify *notify, bool stopping)
{
    pthread_mutex_lock(&notify->lock);
    struct attempt *attempt = notify->returned.first;
    notify->returned = (struct attempt_list){ NULL, 0 };
    pthread_mutex_unlock(&notify->lock);
    while (attempt != NULL) {
        struct attempt *next = attempt->next;
        notify->calls_out--;
        if (attempt->call.status != STATUS_ok) {
            call_failed(notify, attempt, stopping);
        } else if (attempt->step == STEP_reading) {
            attempt_read(notify, attempt, stopping);
        } else {
            attempt_reported(notify, attempt);
        }
        attempt = next;
    }
}

static void asked_again(struct notify *notify)
{
    struct attempt *attempt = notify->asked.first;
    notify->asked = (struct attempt_list){ NULL, 0 };
    while (attempt != NULL) {
        struct attempt *next = attempt->next;
        attempt_ask(notify, attempt);
        attempt = next;
    }
}

static void due_take(struct notify *notify)
{
    int64_t now_us = engine_now_us(notify->settings.engine);
    for (;;) {
        struct attempt *attempt = attempt_take(notify);
        if (attempt == NULL) {
            return;
        }
        attempt->delivery = notify_queue_take(&notify->queue, now_us);
        if (attempt->delivery == NULL) {
            attempt_push(&notify->free, attempt);
            return;
        }
        attempt->delivery_id = attempt->delivery->delivery_id;
        attempt->step = STEP_read;
        attempt_ask(notify, attempt);
    }
}

/* ---- transfers ---- */

static void sending_drop(struct notify *notify, const struct attempt *attempt)
{
    struct attempt **at = &notify->sending.first;
    while (*at != attempt) {
        at = &(*at)->next;
    }
    *at = attempt->next;
    notify->sending.count--;
}

/* Sends it once more, when that was asked for; it was heard when either was. */
static bool transfer_again(struct notify *notify, struct attempt *attempt)
{
    struct delivery_done outcome = attempt->outcome;
    if (!attempt->again) {
        return false;
    }
    attempt->again = false;
    if (!send_begin(notify, attempt)) {
        attempt->outcome = outcome;
        return false;
    }
    attempt->heard_before = outcome.heard != 0;
    attempt_push(&notify->sending, attempt);
    return true;
}

static void transfers_run(struct notify *notify)
{
    int running, left;
    CURLMsg *message;
    (void)curl_multi_perform(notify->multi, &running);
    while ((message = curl_multi_info_read(notify->multi, &left)) != NULL) {
        char *private = NULL;
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct attempt *attempt = (struct attempt *)(void *)private;
        assert(attempt != NULL);
        sending_drop(notify, attempt);
        send_end(notify, attempt);
        if (!transfer_again(notify, attempt)) {
            attempt_report(notify, attempt);
        }
    }
}

/* What did not come to its end is not reported: the next process makes it again. */
static void transfers_abort(struct notify *notify)
{
    while (notify->sending.first != NULL) {
        struct attempt *attempt = notify->sending.first;
        sending_drop(notify, attempt);
        send_end(notify, attempt);
        attempt_end(notify, attempt);
    }
    while (notify->asked.first != NULL) {
        struct attempt *attempt = notify->asked.first;
        notify->asked.first = attempt->next;
        attempt_end(notify, attempt);
    }
}

/* ---- the worker ---- */

static int wait_ms(const struct notify *notify, bool stopping)
{
    if (notify->asked.first != NULL || stopping) {
        return QUEUE_FULL_MS;
    }
    if (!atomic_load(&notify->leads)) {
        return LEADS_LOOK_MS;
    }
    int64_t next_us = notify_queue_next_us(&notify->queue);
    if (next_us == INT64_MAX || notify->free.count == 0) {
        bool soon = notify->more && notify->reader != NULL;
        return soon ? CLOCK_LOOK_MS : notify->settings.store->shared ? LEADS_LOOK_MS : WAIT_MS_MAX;
    }
    int64_t left_ms = (next_us - engine_now_us(notify->settings.engine) + 999) / 1000;
    return (int)max_i64(1, min_i64(left_ms, CLOCK_LOOK_MS));
}

static bool is_stopping(struct notify *notify)
{
    pthread_mutex_lock(&notify->lock);
    bool stopping = notify->stopping;
    pthread_mutex_unlock(&notify->lock);
    return stopping;
}

static void counts_publish(struct notify *notify)
{
    pthread_mutex_lock(&notify->lock);
    bool leads = atomic_load(&notify->leads);
    notify->counts.pending = leads ? notify->queue.count : 0;
    notify->counts.more = leads && notify->more;
    notify->counts.flying = notify->attempts_made - notify->free.count;
    pthread_mutex_unlock(&notify->lock);
}

static void *worker(void *context)
{
    struct notify *notify = context;
    int64_t stop_us = 0; /* monotonic: when what still flies is given up */
    pthread_setname_np(pthread_self(), "notify");
    for (;;) {
        bool stopping = is_stopping(notify);
        intake_lead(notify);
        intake_take(notify);
        returned_take(notify, stopping);
        asked_again(notify);
        transfers_run(notify);
        if (!stopping) {
            intake_more(notify);
            if (atomic_load(&notify->leads)) {
                due_take(notify);
            }
        } else {
            stop_us = stop_us != 0 ? stop_us : os_monotonic_us() + STOP_US;
            if (os_monotonic_us() > stop_us) {
                transfers_abort(notify);
            }
            if (notify->calls_out == 0 && notify->sending.first == NULL && notify->asked.first == NULL) {
                return NULL;
            }
        }
        counts_publish(notify);
        (void)curl_multi_poll(notify->multi, NULL, 0, wait_ms(notify, stopping), NULL);
    }
}

struct notify *notify_open(const struct notify_settings *settings)
{
    struct arena arena;
    arena_init(&arena, 1 << 18, ARENA_SIZE_MAX);
    struct notify *notify = arena_take(&arena, sizeof(*notify));
    notify->arena = arena;
    notify->settings = *settings;
    arena_init(&notify->inbox_arena, 1 << 10, ARENA_SIZE_MAX);
    arena_init(&notify->notice_arena, NOTICE_ARENA_SIZE, NOTICE_ARENA_SIZE);
    notify->trade_plan = shape_plan_make(&notify->arena, &trade_table.shape);
    notify_queue_init(&notify->queue, &notify->arena, NOTIFY_ENDPOINT_MAX);
    pthread_mutex_init(&notify->lock, NULL);
    if (!send_open(notify) || !intake_open(notify)) {
        notify_close(notify);
        return NULL;
    }
    engine_observe(settings->engine, intake_watch, notify);
    return notify;
}

void notify_start(struct notify *notify)
{
    notify->running = true;
    int rc = pthread_create(&notify->thread, NULL, worker, notify);
    assert(rc == 0);
}

void notify_stop(struct notify *notify)
{
    pthread_mutex_lock(&notify->lock);
    notify->stopping = true;
    (void)curl_multi_wakeup(notify->multi);
    pthread_mutex_unlock(&notify->lock);
    if (notify->running) {
        pthread_join(notify->thread, NULL);
        notify->running = false;
    }
    if (notify->reader != NULL) {
        notify->reader->ops->close(notify->reader);
        notify->reader = NULL;
    }
}

void notify_close(struct notify *notify)
{
    struct arena arena;
    assert(!notify->running);
    assert(notify->reader == NULL);
    for (struct attempt *attempt = notify->free.first; attempt != NULL; attempt = attempt->next) {
        curl_easy_cleanup(attempt->easy);
    }
    send_close(notify);
    (void)pthread_mutex_destroy(&notify->lock);
    arena_release(&notify->inbox_arena);
    arena_release(&notify->notice_arena);
    arena = notify->arena;
    arena_release(&arena);
}

void notify_counts(struct notify *notify, struct notify_counts *counts)
{
    pthread_mutex_lock(&notify->lock);
    *counts = notify->counts;
    pthread_mutex_unlock(&notify->lock);
}
