/* SPDX-License-Identifier: Apache-2.0 */
/* This process as a node: joining, saying that it lives, leaving; on what condition its batches are
 * committed. */
#include "store/postgres_node.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/os_clock.h"
#include "base/os_random.h"
#include "store/postgres_members.h"

#define JOIN_WAIT_US INT64_C(20000000)
#define JOIN_PAUSE_US 200000
#define LOOK_US INT64_C(100000)     /* how often the others are looked at */
#define RETRY_US INT64_C(250000)    /* while the database is away */
#define GREETING_US INT64_C(500000) /* how long a joiner waits until the others have noticed it */
#define GREETING_LOOK_US 20000

static_assert(DATABASE_SILENT_US_MAX / 2 + 3000000 < SILENT_MAX_US, "who is connected anew in time keeps its place");

/* ---- the clock ---- */

static enum status clock_check(struct postgres_node *node, int64_t ahead_us, bool joining,
                               struct store_error *error)
{
    int64_t off_us = ahead_us < 0 ? -ahead_us : ahead_us;
    const char *way = ahead_us < 0 ? "behind" : "ahead of";
    if (joining && off_us > CLOCK_MAX_US) {
        error_set(error, "the clock of this machine is %lld s %s that of the database: set it first",
                  (long long)(off_us / 1000000), way);
        return STATUS_bad_input;
    }
    if (off_us > CLOCK_SAID_US && !node->clock_said) {
        fprintf(stderr, "onetill: the clock of this machine is %lld ms %s that of the database\n",
                (long long)(off_us / 1000), way);
    }
    node->clock_said = off_us > CLOCK_SAID_US || (node->clock_said && off_us > CLOCK_SAID_US / 2);
    return STATUS_ok;
}

/* Everything that is known of the others, anew. */
static enum status members_look(struct postgres_store *store, PGconn *connection, bool joining,
                                struct store_error *error)
{
    struct members_before before;
    PGresult *result;
    members_before(store->node, &before);
    int64_t asked_us = os_now_us();
    enum status status = members_ask(connection, &result, error);
    if (status != STATUS_ok) {
        return status;
    }
    int64_t ahead_us = members_clock_ahead(result, asked_us, os_now_us());
    status = members_take(store, result, &before, error);
    if (status == STATUS_ok) {
        status = clock_check(store->node, ahead_us, joining, error);
    }
    PQclear(result);
    return status;
}

/* ---- saying that it lives ---- */

/*
 * When the machine of the database is gone, this connection must notice well before SILENT_MAX_US: otherwise
 * one that found the next machine sooner would give up one that still waits. A Unix socket does not need it.
 */
static void socket_hasten(const PGconn *connection)
{
    static const int unanswered_ms = 4000, idle_s = 2, again_s = 1;
    int fd = PQsocket(connection);
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);
    if (fd >= 0 && getsockname(fd, (struct sockaddr *)&name, &size) == 0 && name.ss_family != AF_UNIX) {
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof(unanswered_ms));
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &again_s, sizeof(again_s));
    }
}

static enum status node_connect(struct postgres_store *store, struct store_error *error)
{
    struct postgres_node *node = store->node;
    enum status status = STATUS_ok;
    if (node->connection == NULL) {
        status = postgres_connect(store->place, "node", &node->connection, error);
        if (status == STATUS_ok) {
            socket_hasten(node->connection);
            /* Well before the others take it for dead. */
            postgres_patience(node->connection, store->settings.silent_us_max / 2);
        }
    }
    return status;
}

static void cursors_write(struct postgres_node *node, uint8_t bytes[CURSORS_SIZE])
{
    pthread_mutex_lock(&node->lock);
    for (size_t i = 0; i < NODES_MAX; i++) {
        for (size_t j = 0; j < 8; j++) {
            bytes[8 * i + j] = (uint8_t)((uint64_t)node->cursors[i] >> (56 - 8 * j));
        }
    }
    pthread_mutex_unlock(&node->lock);
}

/* Those that could not be seen for a while are watched from now on only. */
static void beat_note(struct postgres_node *node)
{
    int64_t now_us = os_monotonic_us();
    pthread_mutex_lock(&node->lock);
    for (size_t i = 0; i < NODES_MAX && now_us - node->beat_us > QUIET_MAX_US; i++) {
        node->peers[i].watched_us = now_us;
    }
    node->beat_us = now_us;
    pthread_mutex_unlock(&node->lock);
}

static enum status sign_give(struct postgres_store *store, struct store_error *error)
{
    uint8_t cursors[CURSORS_SIZE];
    struct value binds[] = { VALUE_I64(store->base.node), VALUE_I64(store->instance),
                             VALUE_TEXT(((struct span){ (const char *)cursors, sizeof(cursors) })) };
    cursors_write(store->node, cursors);
    return postgres_ask(
        store->node->connection,
        "UPDATE onetill_nodes SET seen_us = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,"
        " cursors = $3 WHERE node = $1::bigint AND instance = $2::bigint",
        binds, COUNT_OF(binds), NULL, error);
}

/* Whether it still is a member is seen by looking. Who sees that somebody has joined says so by a sign of its
 * own. */
static enum status beat(struct postgres_store *store, struct store_error *error)
{
    struct postgres_node *node = store->node;
    enum status status = sign_give(store, error);
    if (status == STATUS_ok) {
        status = members_look(store, node->connection, false, error);
    }
    if (status == STATUS_ok) {
        beat_note(node);
        status = feed_clear(store, node->connection, error);
    }
    if (status == STATUS_ok && members_leads(store)) {
        status = members_unblock(node->connection, error);
        if (status == STATUS_ok) {
            status = members_void(store, node->connection, error);
        }
    }
    return status;
}

/* A look, and from time to time a sign. */
static enum status step(struct postgres_store *store, int64_t *beat_us, struct store_error *error)
{
    struct postgres_node *node = store->node;
    struct node_pass before, after;
    enum status status = node_connect(store, error);
    postgres_pass(store, &before);
    if (status == STATUS_ok && os_monotonic_us() < *beat_us) {
        status = members_look(store, node->connection, false, error);
    }
    postgres_pass(store, &after);
    if (status == STATUS_ok && (os_monotonic_us() >= *beat_us || after.epoch != before.epoch)) {
        *beat_us = os_monotonic_us() + BEAT_US;
        status = beat(store, error);
    }
    return status;
}

/* A connection that failed, or leads to a server that only reads now, is made anew. */
static void beat_failed(struct postgres_store *store, enum status status, const struct store_error *error)
{
    struct postgres_node *node = store->node;
    if (status == STATUS_fault) {
        postgres_die(store, "%s", error->text);
    }
    if (status != STATUS_conflict) {
        PQfinish(node->connection);
        node->connection = NULL;
    }
}

/* False: the process ends. */
static bool pause_until(struct postgres_node *node, int64_t until_us)
{
    struct timespec until = { .tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000 };
    int rc = 0;
    pthread_mutex_lock(&node->lock);
    while (!node->stopping && rc == 0) {
        rc = pthread_cond_timedwait(&node->wake, &node->lock, &until);
    }
    bool goes_on = !node->stopping;
    pthread_mutex_unlock(&node->lock);
    return goes_on;
}

static void *node_run(void *context)
{
    struct postgres_store *store = context;
    int64_t next_us = os_monotonic_us() + LOOK_US;
    int64_t beat_us = os_monotonic_us() + BEAT_US;
    pthread_setname_np(pthread_self(), "node");
    while (pause_until(store->node, next_us) && !postgres_dead(store)) {
        struct store_error error = { "" };
        int64_t begun_us = os_monotonic_us();
        enum status status = step(store, &beat_us, &error);
        if (status != STATUS_ok) {
            beat_failed(store, status, &error);
            beat_us = 0;
        } else {
            atomic_store_explicit(&store->seen_us, os_monotonic_us(), memory_order_relaxed);
        }
        next_us = status == STATUS_ok ? begun_us + LOOK_US : os_monotonic_us() + RETRY_US;
    }
    return NULL;
}

/* ---- joining ---- */

/* The lowest place that nobody has. NODES_MAX: all are taken. */
static uint32_t place_free(struct postgres_node *node)
{
    uint32_t place = 0;
    pthread_mutex_lock(&node->lock);
    while (place < NODES_MAX && node->peers[place].instance != 0) {
        place++;
    }
    pthread_mutex_unlock(&node->lock);
    return place;
}

static enum status copy_check(PGconn *connection, struct store_error *error)
{
    PGresult *result;
    enum status status = postgres_ask(connection, "SELECT value FROM onetill_meta WHERE name = 'copy_open'",
                                      NULL, 0, &result, error);
    if (status == STATUS_ok) {
        if (PQntuples(result) > 0 && postgres_i64(result, 0, 0) != 0) {
            error_set(error, "a copy into this database is not finished: finish it first");
            status = STATUS_busy;
        }
        PQclear(result);
    }
    return status;
}

/*
 * The row of the place is there from the first time on. All epochs are raised: commits in progress are waited
 * for, and those that come after know of this process.
 */
static enum status place_take(struct postgres_store *store, PGconn *connection, uint32_t place,
                              struct store_error *error)
{
    const char *address = store->settings.address != NULL ? store->settings.address : "";
    struct value binds[] = { VALUE_I64(place), VALUE_I64(store->instance), VALUE_TEXT(span_of(address)),
                             VALUE_I64(os_now_us()) };
    enum status status = postgres_ask(connection,
                                      "INSERT INTO onetill_batches (node, instance, epoch, batch)"
                                      " VALUES ($1::bigint, 0, 0, 0) ON CONFLICT (node) DO NOTHING",
                                      binds, 1, NULL, error);
    if (status == STATUS_ok) {
        status = postgres_ask(connection,
                              "UPDATE onetill_batches SET epoch = epoch + 1,"
                              " instance = CASE WHEN node = $1::bigint THEN $2::bigint ELSE instance END",
                              binds, 2, NULL, error);
    }
    if (status == STATUS_ok) {
        status =
            postgres_ask(connection,
                         "INSERT INTO onetill_nodes (node, instance, address, started_us, seen_us, cursors)"
                         " VALUES ($1::bigint, $2::bigint, $3, $4::bigint,"
                         " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, '')",
                         binds, 4, NULL, error);
    }
    return status;
}

/* What the others told before the epochs were raised is in the database, and what they tell after is in the
 * feed. */
static void cursors_set(struct postgres_store *store)
{
    struct postgres_node *node = store->node;
    pthread_mutex_lock(&node->lock);
    for (size_t i = 0; i < NODES_MAX; i++) {
        node->cursors[i] = node->peers[i].batch;
    }
    store->batch = (uint64_t)node->peers[store->base.node].batch;
    node->beat_us = os_monotonic_us();
    pthread_mutex_unlock(&node->lock);
}

/* In the transaction of starters. `*full`: all places are taken. */
static enum status join_step(struct postgres_store *store, PGconn *connection, bool *full,
                             struct store_error *error)
{
    *full = false;
    enum status status = copy_check(connection, error);
    if (status == STATUS_ok) {
        status = members_look(store, connection, true, error);
    }
    if (status != STATUS_ok) {
        return status;
    }
    uint32_t place = place_free(store->node);
    *full = place == NODES_MAX;
    if (*full) {
        error_set(error, "all %d places of this database are taken", NODES_MAX);
        return STATUS_busy;
    }
    store->base.node = place;
    store->instance = (int64_t)(os_random_u64() >> 2 | 1);
    status = place_take(store, connection, place, error);
    if (status == STATUS_ok) {
        status = members_look(store, connection, true, error);
    }
    if (status == STATUS_ok) {
        cursors_set(store);
    }
    return status;
}

static enum status join_try(struct postgres_store *store, bool *full, struct store_error *error)
{
    struct postgres_node *node = store->node;
    *full = false;
    store->instance = 0;
    node->epoch = 0;
    enum status status = node_connect(store, error);
    if (status == STATUS_ok) {
        status = starter_begin(node->connection, error);
    }
    if (status == STATUS_ok) {
        status = join_step(store, node->connection, full, error);
        status = starter_end(node->connection, status, error);
    }
    if (status != STATUS_ok) {
        store->instance = 0;
        memset(node->cursors, 0, sizeof(node->cursors));
    }
    return status;
}

/* Others that join or migrate are waited for; so are, when all places are taken, those that are silent. */
static enum status join_tries(struct postgres_store *store, struct store_error *error)
{
    int64_t until_us = os_monotonic_us() + JOIN_WAIT_US;
    for (;;) {
        struct store_error own = { "" };
        bool full;
        enum status status = join_try(store, &full, &own);
        if ((status != STATUS_conflict && !full) || os_monotonic_us() > until_us) {
            error_set(error, "%s", own.text);
            return status == STATUS_conflict ? STATUS_busy : status;
        }
        if (full) {
            own.text[0] = '\0';
            status = members_void(store, store->node->connection, &own);
            if (status != STATUS_ok) {
                error_set(error, "%s", own.text);
                return status;
            }
        }
        os_sleep_us(JOIN_PAUSE_US);
    }
}

/* How many of those that live have not stirred since. */
static size_t unnoticed(struct postgres_node *node, uint32_t own, int64_t since_us)
{
    size_t count = 0;
    pthread_mutex_lock(&node->lock);
    for (uint32_t i = 0; i < NODES_MAX; i++) {
        const struct peer *peer = &node->peers[i];
        bool lives = peer->instance != 0 && since_us - peer->changed_us <= QUIET_MAX_US;
        count += i != own && lives && peer->changed_us <= since_us;
    }
    pthread_mutex_unlock(&node->lock);
    return count;
}

/*
 * Nothing depends on it: who has not noticed finds its next batch refused and decides it anew. This spares it
 * that, and a joiner has been seen by all when it begins to serve.
 */
static void greet(struct postgres_store *store)
{
    int64_t since_us = os_monotonic_us();
    enum status status = STATUS_ok;
    while (status == STATUS_ok && unnoticed(store->node, store->base.node, since_us) > 0 &&
           os_monotonic_us() < since_us + GREETING_US) {
        os_sleep_us(GREETING_LOOK_US);
        status = members_look(store, store->node->connection, false, NULL);
    }
}

static struct postgres_node *node_new(void)
{
    struct postgres_node *node = calloc(1, sizeof(*node));
    pthread_condattr_t monotonic;
    assert(node != NULL);
    pthread_mutex_init(&node->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&node->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return node;
}

static void node_free(struct postgres_node *node)
{
    PQfinish(node->connection);
    PQfinish(node->feed);
    pthread_cond_destroy(&node->wake);
    pthread_mutex_destroy(&node->lock);
    free(node);
}

enum status postgres_join(struct postgres_store *store, struct store_error *error)
{
    assert(store->node == NULL);
    store->node = node_new();
    enum status status = join_tries(store, error);
    if (status == STATUS_ok) {
        greet(store);
        if (pthread_create(&store->node->thread, NULL, node_run, store) == 0) {
            store->node->started = true;
        } else {
            error_set(error, "no thread for the node");
            status = STATUS_fault;
        }
    }
    if (status != STATUS_ok) {
        postgres_leave(store);
    }
    return status;
}

/* What fails now is what a kill would have left: the others see to it. */
static void place_give_back(struct postgres_store *store)
{
    struct value binds[] = { VALUE_I64(store->base.node), VALUE_I64(store->instance) };
    PGconn *connection = store->node->connection;
    enum status status = starter_begin(connection, NULL);
    if (status == STATUS_ok) {
        status = postgres_ask(connection,
                              "DELETE FROM onetill_nodes WHERE node = $1::bigint AND instance = $2::bigint",
                              binds, 2, NULL, NULL);
    }
    if (status == STATUS_ok) {
        status =
            postgres_ask(connection,
                         "UPDATE onetill_batches SET instance = 0, epoch = epoch + 1 WHERE node = $1::bigint"
                         " AND instance = $2::bigint",
                         binds, 2, NULL, NULL);
    }
    if (starter_end(connection, status, NULL) != STATUS_ok) {
        PQfinish(connection);
        store->node->connection = NULL;
    }
}

void postgres_leave(struct postgres_store *store)
{
    struct postgres_node *node = store->node;
    if (node == NULL) {
        return;
    }
    if (node->started) {
        pthread_mutex_lock(&node->lock);
        node->stopping = true;
        pthread_cond_broadcast(&node->wake);
        pthread_mutex_unlock(&node->lock);
        pthread_join(node->thread, NULL);
    }
    if (store->instance != 0 && node->connection != NULL) {
        place_give_back(store);
    }
    node_free(node);
    store->node = NULL;
    store->instance = 0;
}

/* ---- on what condition batches are committed ---- */

void postgres_pass(struct postgres_store *store, struct node_pass *pass)
{
    pthread_mutex_lock(&store->node->lock);
    *pass = (struct node_pass){ store->node->epoch, store->node->heard };
    pthread_mutex_unlock(&store->node->lock);
}

bool postgres_heard(struct store *base)
{
    struct node_pass pass;
    postgres_pass((struct postgres_store *)base, &pass);
    return pass.heard;
}

enum status postgres_refused(struct postgres_store *store, PGconn *connection)
{
    struct store_error error = { "" };
    enum status status = members_look(store, connection, false, &error);
    if (status == STATUS_fault) {
        postgres_die(store, "%s", error.text);
    }
    return status == STATUS_ok ? STATUS_conflict : status == STATUS_fault ? STATUS_fault : STATUS_away;
}

/* After its update of the row no other transaction of this place can commit, and nobody can join unseen. */
static enum status resolve_step(struct postgres_store *store, PGconn *connection, int64_t *batch,
                                PGresult **members, struct store_error *error)
{
    struct value binds[] = { VALUE_I64(store->base.node), VALUE_I64(store->instance) };
    PGresult *result;
    enum status status =
        postgres_ask(connection,
                     "UPDATE onetill_batches SET epoch = epoch + 1 WHERE node = $1::bigint AND"
                     " instance = $2::bigint RETURNING batch",
                     binds, COUNT_OF(binds), &result, error);
    if (status != STATUS_ok) {
        return status;
    }
    if (PQntuples(result) == 1) {
        *batch = postgres_i64(result, 0, 0);
    }
    PQclear(result);
    return members_ask(connection, members, error); /* a place that is lost shows there */
}

enum status postgres_resolve(struct postgres_store *store, PGconn *connection, uint64_t *batch)
{
    struct store_error error = { "" };
    struct members_before before;
    PGresult *members = NULL;
    int64_t last = 0;
    members_before(store->node, &before);
    enum status status = postgres_script(connection, "BEGIN", &error);
    if (status == STATUS_ok) {
        status = resolve_step(store, connection, &last, &members, &error);
        status = starter_end(connection, status, &error);
    }
    if (status == STATUS_ok) { /* it is known to be so only now */
        status = members_take(store, members, &before, &error);
    }
    PQclear(members);
    if (status == STATUS_fault) {
        postgres_die(store, "%s", error.text);
        return STATUS_fault;
    }
    *batch = (uint64_t)last;
    return status == STATUS_ok ? STATUS_ok : STATUS_away;
}
