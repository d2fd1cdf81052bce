/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/live.h"

#include "base/arena.h"
#include "base/civil.h"
#include "base/os_clock.h"
#include "doors/live_internal.h"
#include "doors/rest/page_problem.h"
#include "people/people.h"

/*
 * Invariants:
 *  1. `streams` is guarded by `lock`; only the live thread sends the two events, so that a hello always comes
 *     before the first second.
 *  2. A stream that is new gets the hello of the last full second: what comes next is the second after it.
 *  3. A slow reader is dropped by the HTTP server when its buffer is full. Nobody waits for it.
 */

#define ARENA_SIZE_MAX (16 * 1024 * 1024)
#define NAME_WAIT_US 200000 /* for the names of shops, once per second */
#define NAMES_KEPT 4096     /* a power of two */
#define PACE_US US_PER_MINUTE
#define REPLICA_NEWS_US (10 * US_PER_SECOND)

/* Asks the engine for the name of a shop. */
struct name_call {
    struct call call;
    struct live *live;
    int64_t shop_id; /* the request of shop_query */
    struct shop_row answer;
    bool busy;
};

struct live_stream {
    struct http_stream *stream; /* NULL: a free place */
    bool greeted;               /* has got its hello */
};

struct live {
    struct arena arena;
    struct live_settings settings;
    struct live_doors doors;
    struct live_watch watch;
    struct live_past *past;
    pthread_t thread;
    /* the live thread's */
    struct live_news news;
    uint64_t payments_before, node_payments_before[NODES_MAX], shop_changes;
    struct metrics_histogram latencies[LATENCY_SECONDS + 1]; /* ring of readings */
    uint64_t latency_count;
    struct live_name *kept; /* NAMES_KEPT, by id */
    char *second_text, *hello_text;
    struct span hello; /* empty: to be composed */
    /* under `lock` */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool running, stopping;
    uint32_t stream_count;
    uint32_t new_count; /* of them, without their hello */
    struct live_stream streams[LIVE_STREAMS_MAX];
    struct name_call name_calls[LATEST_MAX];
    uint32_t names_pending;
};

/* ---- opening ---- */

struct live *live_open(const struct live_settings *settings)
{
    struct arena arena;
    arena_init(&arena, 1 << 20, ARENA_SIZE_MAX);
    struct live *live = arena_take(&arena, sizeof(*live));
    live->kept = arena_take(&arena, NAMES_KEPT * sizeof(live->kept[0]));
    live->second_text = arena_take(&arena, SECOND_SIZE_MAX);
    live->hello_text = arena_take(&arena, HELLO_SIZE_MAX);
    live->settings = *settings;
    int64_t now_us = engine_now_us(settings->engine);
    live->news.version = settings->version;
    live->news.store_name = settings->store->ops->name;
    live->news.test_clock = settings->test_clock;
    live->news.started_at_us = now_us;
    live->news.now_us = now_us;
    live->news.node = settings->store->node;
    live_watch_init(&live->watch, &arena, now_us);
    live->watch.shared = settings->store->shared;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&live->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&live->lock, NULL);
    enum status status = live_past_open(&live->past, &arena, settings->store, &live->watch, now_us);
    live->arena = arena;
    if (status != STATUS_ok) {
        live_past_stop(live->past);
        live_close(live);
        return NULL;
    }
    engine_observe(settings->engine, live_watch_commit, &live->watch);
    return live;
}

void live_close(struct live *live)
{
    struct arena arena = live->arena;
    assert(!live->running);
    live_watch_release(&live->watch);
    (void)pthread_mutex_destroy(&live->lock);
    (void)pthread_cond_destroy(&live->wake);
    arena_release(&arena);
}

/* ---- names of shops ---- */

static struct live_name *kept_place(struct live *live, int64_t shop_id)
{
    return &live->kept[(uint64_t)shop_id % NAMES_KEPT];
}

static void name_done(struct call *call)
{
    struct name_call *name = call->context;
    struct live *live = name->live;
    pthread_mutex_lock(&live->lock);
    name->busy = false;
    live->names_pending--;
    if (call->status == STATUS_ok && call->refusal == REFUSAL_none) {
        struct live_name *kept = kept_place(live, name->shop_id);
        kept->shop_id = name->shop_id;
        memcpy(kept->name, name->answer.name, sizeof(kept->name));
    }
    if (live->names_pending == 0) {
        pthread_cond_broadcast(&live->wake);
    }
    pthread_mutex_unlock(&live->lock);
}

static void name_ask(struct live *live, int64_t shop_id)
{
    struct name_call *name = NULL;
    pthread_mutex_lock(&live->lock);
    for (size_t i = 0; i < LATEST_MAX && name == NULL; i++) {
        name = live->name_calls[i].busy ? NULL : &live->name_calls[i];
    }
    if (name != NULL) {
        name->busy = true;
        live->names_pending++;
    }
    pthread_mutex_unlock(&live->lock);
    if (name == NULL) {
        return; /* the engine is slow: the next second asks again */
    }
    assert(shop_query.request->size == sizeof(name->shop_id)); /* the id is all that it is asked with */
    name->live = live;
    name->shop_id = shop_id;
    name->call = (struct call){ .command = &shop_query,
                                .request = &name->shop_id,
                                .answer = &name->answer,
                                .caller = { .kind = CALLER_system },
                                .deadline_us = os_monotonic_us() + CALL_AGE_MAX_US,
                                .done = name_done,
                                .context = name };
    if (!engine_submit(live->settings.engine, &name->call)) {
        pthread_mutex_lock(&live->lock);
        name->busy = false;
        live->names_pending--;
        pthread_mutex_unlock(&live->lock);
    }
}

static bool name_known(struct live *live, int64_t shop_id)
{
    pthread_mutex_lock(&live->lock);
    bool known = kept_place(live, shop_id)->shop_id == shop_id;
    pthread_mutex_unlock(&live->lock);
    return known;
}

static struct timespec after_us(int64_t us)
{
    int64_t at_ns = os_monotonic_ns() + us * 1000;
    return (struct timespec){ .tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000 };
}

static void names_forget(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    memset(live->kept, 0, NAMES_KEPT * sizeof(live->kept[0]));
    pthread_mutex_unlock(&live->lock);
}

static void names_fill(struct live *live)
{
    const struct live_facts *facts = &live->news.facts;
    size_t count = facts->latest_count < LATEST_MAX ? (size_t)facts->latest_count : LATEST_MAX;
    if (live->shop_changes != facts->shop_changes) { /* one may have another name now */
        live->shop_changes = facts->shop_changes;
        names_forget(live);
    }
    for (size_t i = 0; i < count; i++) {
        if (!name_known(live, facts->latest[i].shop_id)) {
            name_ask(live, facts->latest[i].shop_id);
        }
    }
    struct timespec until = after_us(NAME_WAIT_US);
    int rc = 0;
    pthread_mutex_lock(&live->lock);
    while (live->names_pending > 0 && !live->stopping && rc == 0) {
        rc = pthread_cond_timedwait(&live->wake, &live->lock, &until);
    }
    for (size_t i = 0; i < count; i++) {
        live->news.names[i] = *kept_place(live, facts->latest[i].shop_id);
    }
    pthread_mutex_unlock(&live->lock);
}

/* ---- once per second ---- */

static void latency_read(struct live *live)
{
    static const struct metrics_histogram none;
    struct metrics_histogram *now = &live->latencies[live->latency_count % (LATENCY_SECONDS + 1)];
    struct metrics_histogram one, lately;
    *now = none;
    for (uint32_t i = 0; i < live->doors.route_count; i++) {
        metrics_histogram(live->doors.metrics, live->doors.routes[i], &one);
        for (uint32_t j = 0; j < METRICS_BUCKETS; j++) {
            now->counts[j] += one.counts[j];
        }
        now->count += one.count;
        now->sum_us += one.sum_us;
        now->max_us = one.max_us > now->max_us ? one.max_us : now->max_us;
    }
    lately = *now;
    live->latency_count++;
    if (live->latency_count > LATENCY_SECONDS) { /* the place after the newest holds the oldest */
        metrics_histogram_since(&lately, &live->latencies[live->latency_count % (LATENCY_SECONDS + 1)]);
    }
    live->news.p50_us = metrics_quantile_us(&lately, 500);
    live->news.p99_us = metrics_quantile_us(&lately, 990);
    uint64_t top_us = metrics_quantile_us(&lately, 1000);
    live->news.max_us =
        top_us < lately.max_us ? top_us : lately.max_us; /* a bucket's top may be beyond all */
}

/* When the money is gone at the pace of the last minute; 0: it is not going. */
static int64_t empty_estimate(const struct live_burn *burn, int64_t left)
{
    const struct live_point *now = &burn->pace[(burn->pace_count - 1) % PACE_MAX];
    const struct live_point *base = NULL;
    uint32_t held = burn->pace_count < PACE_MAX ? burn->pace_count : PACE_MAX;
    for (uint32_t back = 2; back <= held; back++) {
        const struct live_point *then = &burn->pace[(burn->pace_count - back) % PACE_MAX];
        if (then->at_us == now->at_us) {
            continue; /* a test clock stands still */
        }
        if (base != NULL && then->at_us < now->at_us - PACE_US) {
            break;
        }
        base = then; /* at least the reading before this one, however fast a test clock runs */
    }
    if (base == NULL || base->at_us >= now->at_us || base->minor >= now->minor || left <= 0) {
        return 0;
    }
    uint128 ahead =
        (uint128)(uint64_t)left * (uint64_t)(now->at_us - base->at_us) / (uint64_t)(now->minor - base->minor);
    return ahead < (uint128)(INSTANT_MAX_US - now->at_us) ? now->at_us + (int64_t)ahead : 0;
}

static void burn_point(struct live_burn *burn, int64_t at_us, int64_t left)
{
    if (burn->count == 0 && left == 0) {
        return; /* it has not been funded yet */
    }
    if (burn->count == BURN_MAX) { /* every other point goes, and from now on fewer come */
        for (uint32_t i = 0; i < BURN_MAX / 2; i++) {
            burn->points[i] = burn->points[2 * i];
        }
        burn->count = BURN_MAX / 2;
        burn->every *= 2;
    }
    if (burn->passed++ % burn->every == 0) {
        burn->points[burn->count++] = (struct live_point){ at_us, left };
    }
}

static void burns_follow(struct live *live)
{
    for (uint32_t i = 0; i < live->news.facts.campaign_count; i++) {
        const struct live_campaign *campaign = &live->news.facts.campaigns[i];
        struct live_burn *burn = &live->news.burns[i];
        int64_t left = campaign->left_minor[0] + campaign->left_minor[1];
        if (burn->campaign_id != campaign->campaign_id) {
            *burn = (struct live_burn){ .campaign_id = campaign->campaign_id, .every = 1 };
        }
        burn_point(burn, live->news.now_us, left);
        burn->pace[burn->pace_count++ % PACE_MAX] =
            (struct live_point){ live->news.now_us, campaign->spent_minor };
        burn->empty_at_us = empty_estimate(burn, left);
    }
}

/* Who serves the database, and what each of them did in the last second. */
static void nodes_read(struct live *live)
{
    struct live_news *news = &live->news;
    struct store *store = live->settings.store;
    if (!store->shared) {
        return;
    }
    news->node_count = (uint32_t)store->ops->nodes(store, news->nodes, COUNT_OF(news->nodes));
    assert(news->node_count <= NODES_MAX);
    for (uint32_t i = 0; i < news->node_count; i++) {
        uint32_t node = news->nodes[i].node;
        news->node_payments[i] = news->facts.node_payments[node] - live->node_payments_before[node];
    }
    memcpy(live->node_payments_before, news->facts.node_payments, sizeof(live->node_payments_before));
}

/* How far behind a replica was that answered lists, as long as that is news. */
static void replica_read(struct live *live)
{
    struct store *store = live->settings.store;
    struct store_counts counts = { 0 };
    live->news.read_age_us = -1;
    if (!store->shared) {
        return;
    }
    store->ops->counts(store, &counts);
    if (counts.replica_at_us != 0 && os_monotonic_us() - counts.replica_at_us < REPLICA_NEWS_US) {
        live->news.read_age_us = counts.replica_age_us;
    }
}

static void facts_read(struct live *live)
{
    struct live_news *news = &live->news;
    struct live_watch *watch = &live->watch;
    struct engine_counts counts;
    news->now_us = engine_now_us(live->settings.engine);
    pthread_mutex_lock(&watch->lock);
    live_day_roll(&watch->facts, news->now_us);
    memcpy(&news->facts, &watch->facts,
           offsetof(struct live_facts, campaigns) +
               watch->facts.campaign_count * sizeof(watch->facts.campaigns[0]));
    pthread_mutex_unlock(&watch->lock);
    news->payments_last_second = news->facts.payments - live->payments_before;
    live->payments_before = news->facts.payments;
    news->history[news->history_count++ % HISTORY_MAX] =
        (struct live_sample){ news->now_us, news->payments_last_second };
    nodes_read(live);
    replica_read(live);
    engine_counts(live->settings.engine, &counts);
    news->queue_depth = counts.queue_count;
    news->connections = live->doors.server != NULL ? http_counts(live->doors.server).connections_open : 0;
    latency_read(live);
    burns_follow(live);
    live->hello.size = 0;
}

/* ---- streams ---- */

/* With the lock held. */
static void stream_drop(struct live *live, struct live_stream *place)
{
    http_stream_close(place->stream);
    live->new_count -= !place->greeted;
    live->stream_count--;
    *place = (struct live_stream){ .stream = NULL };
}

/* The second to all who had their hello. */
static void seconds_send(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    bool anybody = live->stream_count > live->new_count;
    pthread_mutex_unlock(&live->lock);
    if (!anybody) {
        return;
    }
    names_fill(live);
    struct span second = live_second_write(&live->news, live->second_text, SECOND_SIZE_MAX);
    assert(second.size > 0);
    for (size_t i = 0; i < LIVE_STREAMS_MAX; i++) { /* nobody shall wait for the lock until all have got it */
        struct live_stream *place = &live->streams[i];
        pthread_mutex_lock(&live->lock);
        if (place->stream != NULL && place->greeted && !http_stream_send(place->stream, second)) {
            stream_drop(live, place);
        }
        pthread_mutex_unlock(&live->lock);
    }
}

static void hellos_send(struct live *live)
{
    if (live->hello.size == 0) {
        live->hello = live_hello_write(&live->news, live->hello_text, HELLO_SIZE_MAX);
        assert(live->hello.size > 0);
    }
    for (size_t i = 0; i < LIVE_STREAMS_MAX; i++) {
        struct live_stream *place = &live->streams[i];
        pthread_mutex_lock(&live->lock);
        if (place->stream != NULL && !place->greeted) {
            if (http_stream_send(place->stream, live->hello)) {
                place->greeted = true;
                live->new_count--;
            } else {
                stream_drop(live, place);
            }
        }
        pthread_mutex_unlock(&live->lock);
    }
}

static void *live_thread(void *context)
{
    struct live *live = context;
    int64_t next_us = os_monotonic_us() + US_PER_SECOND;
    pthread_setname_np(pthread_self(), "live");
    facts_read(live);
    live->news.history_count = 0; /* that was no whole second */
    for (;;) {
        struct timespec until = { .tv_sec = next_us / US_PER_SECOND,
                                  .tv_nsec = next_us % US_PER_SECOND * 1000 };
        int rc = 0;
        pthread_mutex_lock(&live->lock);
        while (!live->stopping && live->new_count == 0 && rc == 0) {
            rc = pthread_cond_timedwait(&live->wake, &live->lock, &until);
        }
        bool stopping = live->stopping;
        bool greet = live->new_count > 0;
        pthread_mutex_unlock(&live->lock);
        if (stopping) {
            return NULL;
        }
        if (greet) {
            hellos_send(live);
        }
        int64_t now_us = os_monotonic_us();
        if (now_us >= next_us) {
            facts_read(live);
            seconds_send(live);
            next_us += US_PER_SECOND * (1 + (now_us - next_us) / US_PER_SECOND);
        }
    }
}

void live_start(struct live *live, const struct live_doors *doors)
{
    live->doors = *doors;
    live->running = true;
    int rc = pthread_create(&live->thread, NULL, live_thread, live);
    assert(rc == 0);
    live_past_start(live->past);
}

void live_stop(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    live->stopping = true;
    pthread_cond_broadcast(&live->wake);
    pthread_mutex_unlock(&live->lock);
    if (live->running) {
        pthread_join(live->thread, NULL);
        live->running = false;
    }
    live_past_stop(live->past);
    pthread_mutex_lock(&live->lock);
    while (live->names_pending > 0) { /* the engine answers what it took */
        pthread_cond_wait(&live->wake, &live->lock);
    }
    for (size_t i = 0; i < LIVE_STREAMS_MAX; i++) {
        if (live->streams[i].stream != NULL) {
            stream_drop(live, &live->streams[i]);
        }
    }
    pthread_mutex_unlock(&live->lock);
}

/* ---- the page ---- */

/* With the lock held. */
static struct live_stream *place_find(struct live *live)
{
    for (size_t i = 0; i < LIVE_STREAMS_MAX; i++) {
        if (live->streams[i].stream == NULL) {
            return &live->streams[i];
        }
    }
    return NULL;
}

static void live_serve(void *context, struct http_request *http, const struct caller *caller,
                       const struct span *params, uint32_t param_count)
{
    static const struct http_header headers[] = {
        { "Cache-Control", "no-store" },
        { "Content-Security-Policy",
          "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" },
        { "X-Content-Type-Options", "nosniff" },
        { "Referrer-Policy", "no-referrer" },
        { "X-Accel-Buffering", "no" }, /* proxies pass each event on at once */
    };
    struct live *live = context;
    (void)caller;
    (void)params;
    (void)param_count;
    if (http->method == HTTP_HEAD) {
        http_answer(http, 200, "text/event-stream; charset=utf-8", (struct span){ NULL, 0 }, headers,
                    COUNT_OF(headers));
        return;
    }
    pthread_mutex_lock(&live->lock);
    struct live_stream *place = live->stopping ? NULL : place_find(live);
    if (place == NULL) {
        pthread_mutex_unlock(&live->lock);
        page_busy_problem(http, "there are as many streams as this server allows");
        return;
    }
    struct http_stream *stream =
        http_stream_begin(http, "text/event-stream; charset=utf-8", headers, COUNT_OF(headers));
    if (stream != NULL) {
        *place = (struct live_stream){ .stream = stream };
        live->stream_count++;
        live->new_count++;
        if (!http_stream_send(stream, SPAN("retry: 1000\n\n"))) {
            stream_drop(live, place);
        }
        pthread_cond_broadcast(&live->wake);
    }
    pthread_mutex_unlock(&live->lock);
}

struct rest_page live_page(struct live *live)
{
    return (struct rest_page){ .name = "live_stream",
                               .method = "GET",
                               .route = "/v1/live",
                               .callers = CALLER_BIT(none),
                               .serve = live_serve,
                               .context = live,
                               .content_type = "text/event-stream",
                               .summary =
                                   "What the live page shows, once per second, as server-sent events." };
}

uint32_t live_stream_count(struct live *live)
{
    pthread_mutex_lock(&live->lock);
    uint32_t count = live->stream_count;
    pthread_mutex_unlock(&live->lock);
    return count;
}
