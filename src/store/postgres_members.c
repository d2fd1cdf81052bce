/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres_members.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/os_clock.h"

enum status starter_begin(PGconn *connection, struct store_error *error)
{
    return postgres_script(connection,
                           "BEGIN; UPDATE onetill_meta SET value = value + 1 WHERE name = 'starter'", error);
}

enum status starter_end(PGconn *connection, enum status status, struct store_error *error)
{
    if (status == STATUS_ok) {
        status = postgres_script(connection, "COMMIT", error);
    }
    if (status != STATUS_ok) {
        postgres_undo(connection);
    }
    return status;
}

/* ---- looking ---- */

enum {
    FIELD_node,
    FIELD_holder,
    FIELD_epoch,
    FIELD_batch,
    FIELD_member,
    FIELD_address,
    FIELD_started,
    FIELD_seen,
    FIELD_cursors,
    FIELD_now,
};

enum status members_ask(PGconn *connection, PGresult **result, struct store_error *error)
{
    return postgres_ask(
        connection,
        "SELECT b.node, b.instance, b.epoch, b.batch, coalesce(n.instance, 0),"
        " coalesce(n.address, ''), coalesce(n.started_us, 0), coalesce(n.seen_us, 0),"
        " coalesce(n.cursors, ''::bytea), (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
        " FROM onetill_batches b LEFT JOIN onetill_nodes n ON n.node = b.node ORDER BY b.node",
        NULL, 0, result, error);
}

void members_before(struct postgres_node *node, struct members_before *before)
{
    pthread_mutex_lock(&node->lock);
    before->epoch = node->epoch;
    memcpy(before->cursors, node->cursors, sizeof(before->cursors));
    pthread_mutex_unlock(&node->lock);
}

static void cursors_read(const PGresult *result, int row, int64_t read[NODES_MAX])
{
    const uint8_t *bytes = (const uint8_t *)PQgetvalue(result, row, FIELD_cursors);
    memset(read, 0, sizeof(int64_t) * NODES_MAX);
    if (PQgetlength(result, row, FIELD_cursors) != CURSORS_SIZE) {
        return; /* one that has just joined: it has said nothing yet */
    }
    for (size_t i = 0; i < NODES_MAX; i++) {
        uint64_t value = 0;
        for (size_t j = 0; j < 8; j++) {
            value = value << 8 | bytes[8 * i + j];
        }
        read[i] = (int64_t)value;
    }
}

/* One whose last sign was some time ago when it is first seen has been silent for as long, but was not
 * watched. */
static void peer_take(struct peer *peer, const PGresult *result, int row, int64_t now_us)
{
    int64_t instance = postgres_i64(result, row, FIELD_member);
    int64_t seen_us = postgres_i64(result, row, FIELD_seen);
    if (instance != peer->instance) {
        int64_t age_us = postgres_i64(result, row, FIELD_now) - seen_us;
        peer->changed_us = now_us - max_i64(age_us, 0);
        peer->watched_us = now_us;
    } else if (seen_us != peer->seen_us) {
        peer->changed_us = now_us;
    }
    peer->instance = instance;
    peer->seen_us = seen_us;
    peer->started_us = postgres_i64(result, row, FIELD_started);
    peer->batch = postgres_i64(result, row, FIELD_batch);
    snprintf(peer->address, sizeof(peer->address), "%s", PQgetvalue(result, row, FIELD_address));
    cursors_read(result, row, peer->read);
}

static enum status own_check(const struct postgres_store *store, const PGresult *result, int row,
                             const struct members_before *before, struct store_error *error)
{
    if (postgres_i64(result, row, FIELD_holder) != store->instance ||
        postgres_i64(result, row, FIELD_member) != store->instance) {
        error_set(error,
                  "this process was silent for too long, and the others have given it up: start it again");
        return STATUS_fault;
    }
    if (postgres_i64(result, row, FIELD_epoch) < before->epoch) {
        error_set(error, "the database has lost what it had confirmed");
        return STATUS_fault;
    }
    return STATUS_ok;
}

enum status members_take(struct postgres_store *store, const PGresult *result,
                         const struct members_before *before, struct store_error *error)
{
    struct postgres_node *node = store->node;
    int64_t now_us = os_monotonic_us();
    int64_t epoch = 0;
    bool seen[NODES_MAX] = { false };
    bool others = false;
    enum status status = STATUS_ok;
    pthread_mutex_lock(&node->lock);
    for (int row = 0; row < PQntuples(result) && status == STATUS_ok; row++) {
        int64_t place = postgres_i64(result, row, FIELD_node);
        if (place < 0 || place >= NODES_MAX) {
            continue;
        }
        peer_take(&node->peers[place], result, row, now_us);
        seen[place] = true;
        if (store->instance != 0 && place == store->base.node) {
            status = own_check(store, result, row, before, error);
            epoch = postgres_i64(result, row, FIELD_epoch);
        } else {
            others = others || node->peers[place].instance != 0;
        }
        if (status == STATUS_ok && node->peers[place].batch < before->cursors[place]) {
            error_set(error, "the database has lost what it had confirmed");
            status = STATUS_fault;
        }
    }
    if (status == STATUS_ok && store->instance != 0 && !seen[store->base.node]) {
        error_set(error, "the place of this process in the database is gone");
        status = STATUS_fault;
    }
    /* An answer of before the last epoch does not know who has joined since. */
    if (status == STATUS_ok && store->instance != 0 && epoch >= node->epoch) {
        node->epoch = epoch;
        node->heard = others;
        atomic_store(&store->alone_until_us, others ? 0 : INT64_MAX);
    }
    pthread_mutex_unlock(&node->lock);
    return status;
}

int64_t members_clock_ahead(const PGresult *result, int64_t asked_us, int64_t answered_us)
{
    if (PQntuples(result) == 0) {
        return 0;
    }
    int64_t then_us = asked_us + (answered_us - asked_us) / 2;
    int64_t ahead_us = then_us - postgres_i64(result, 0, FIELD_now);
    /* As far as the time that the question took leaves no doubt. */
    int64_t doubt_us = (answered_us - asked_us) / 2;
    return ahead_us > doubt_us ? ahead_us - doubt_us : ahead_us < -doubt_us ? ahead_us + doubt_us : 0;
}

/* ---- leading, voiding ---- */

static bool peer_lives(const struct postgres_store *store, uint32_t place, int64_t now_us)
{
    const struct postgres_node *node = store->node;
    const struct peer *peer = &node->peers[place];
    int64_t sign_us = store->instance != 0 && place == store->base.node ? node->beat_us : peer->changed_us;
    return peer->instance != 0 && now_us - sign_us <= QUIET_MAX_US;
}

/* NODES_MAX: nobody. With the lock held. */
static uint32_t leader(const struct postgres_store *store, int64_t now_us)
{
    uint32_t place = 0;
    while (place < NODES_MAX && !peer_lives(store, place, now_us)) {
        place++;
    }
    return place;
}

bool members_leads(struct postgres_store *store)
{
    pthread_mutex_lock(&store->node->lock);
    bool leads = leader(store, os_monotonic_us()) == store->base.node;
    pthread_mutex_unlock(&store->node->lock);
    return leads;
}

size_t postgres_nodes(struct store *base, struct store_node *nodes, size_t most)
{
    struct postgres_store *store = (struct postgres_store *)base;
    int64_t now_us = os_monotonic_us();
    size_t count = 0;
    pthread_mutex_lock(&store->node->lock);
    uint32_t first = leader(store, now_us);
    for (uint32_t place = 0; place < NODES_MAX && count < most; place++) {
        const struct peer *peer = &store->node->peers[place];
        bool own = place == store->base.node;
        if (!own && !peer_lives(store, place, now_us)) {
            continue;
        }
        nodes[count] =
            (struct store_node){ .node = place,
                                 .leads = place == first,
                                 .seen_us = now_us - (own ? store->node->beat_us : peer->changed_us),
                                 .started_us = peer->started_us };
        memcpy(nodes[count].address, peer->address, sizeof(nodes[count].address));
        count++;
    }
    pthread_mutex_unlock(&store->node->lock);
    return count;
}

/* One that has been watched all the time and did not stir. NODES_MAX: none. */
static uint32_t silent(struct postgres_store *store, struct peer *found)
{
    int64_t now_us = os_monotonic_us();
    uint32_t place = 0;
    pthread_mutex_lock(&store->node->lock);
    for (; place < NODES_MAX; place++) {
        const struct peer *peer = &store->node->peers[place];
        bool own = store->instance != 0 && place == store->base.node;
        if (!own && peer->instance != 0 &&
            now_us - max_i64(peer->changed_us, peer->watched_us) > SILENT_MAX_US) {
            *found = *peer;
            break;
        }
    }
    pthread_mutex_unlock(&store->node->lock);
    return place;
}

static enum status counted(PGconn *connection, const char *sql, const struct value *binds, size_t bind_count,
                           int *count, struct store_error *error)
{
    PGresult *result;
    enum status status = postgres_ask(connection, sql, binds, bind_count, &result, error);
    if (status == STATUS_ok) {
        *count = (int)strtol(PQcmdTuples(result), NULL, 10);
        PQclear(result);
    }
    return status;
}

/*
 * Its row of onetill_batches is waited for, so a commit in progress is over; afterwards it commits nothing
 * any more. One that has said in the last moment that it lives stays.
 */
static enum status peer_void(PGconn *connection, uint32_t place, const struct peer *peer,
                             struct store_error *error)
{
    struct value binds[] = { VALUE_I64(place), VALUE_I64(peer->instance), VALUE_I64(peer->seen_us) };
    int count = 0;
    enum status status = starter_begin(connection, error);
    if (status == STATUS_ok) {
        status = postgres_script(connection, "SET LOCAL lock_timeout = '200ms'", error);
    }
    if (status == STATUS_ok) {
        status = counted(connection,
                         "DELETE FROM onetill_nodes WHERE node = $1::bigint AND instance = $2::bigint AND"
                         " seen_us = $3::bigint",
                         binds, 3, &count, error);
    }
    if (status == STATUS_ok && count == 1) {
        status =
            counted(connection,
                    "UPDATE onetill_batches SET instance = 0, epoch = epoch + 1 WHERE node = $1::bigint AND"
                    " instance = $2::bigint",
                    binds, 2, &count, error);
    }
    return starter_end(connection, status, error);
}

enum status members_void(struct postgres_store *store, PGconn *connection, struct store_error *error)
{
    struct peer peer;
    uint32_t place = silent(store, &peer);
    if (place == NODES_MAX) {
        return STATUS_ok;
    }
    enum status status = peer_void(connection, place, &peer, error);
    return status == STATUS_conflict ? STATUS_ok : status; /* its row is locked: the next time */
}

/*
 * A process that stops between the statements of a transaction loses its connection by the session's own
 * time-out. One that stops while it is sending them does not: the server is in the middle of a request then,
 * for ever. It is the server that waits for it, so nothing is cut off that makes headway; and what was begun
 * is undone.
 */
enum status members_unblock(PGconn *connection, struct store_error *error)
{
    struct store_error own = { "" };
    enum status status = postgres_ask(
        connection,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND"
        " usename = current_user AND pid <> pg_backend_pid() AND application_name LIKE 'onetill %'"
        " AND state = 'active' AND wait_event = 'ClientRead' AND xact_start IS NOT NULL AND"
        " state_change < clock_timestamp() - $1::bigint * interval '1 microsecond'",
        (struct value[]){ VALUE_I64(QUIET_MAX_US) }, 1, NULL, &own);
    if (status == STATUS_fault) {
        return STATUS_ok; /* a database that does not show its sessions, or does not let us end ours */
    }
    if (status != STATUS_ok) {
        error_set(error, "%s", own.text);
    }
    return status;
}
