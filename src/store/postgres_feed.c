/* SPDX-License-Identifier: Apache-2.0 */
/* Hearing what other nodes tell, and removing what all have heard. */
#include "store/postgres_members.h"

#include <stdio.h>
#include <stdlib.h>

#define FEED_ROWS_MAX 64 /* batches of one node in one answer */

/* ---- hearing ---- */

enum {
    FIELD_member,
    FIELD_node,
    FIELD_batch,
    FIELD_rows,
};

/*
 * In one snapshot: whether this process is a member, and what the others have told beyond the cursors. As
 * long as it is one, whoever commits tells; so what is not there yet has not happened.
 */
static enum status feed_prepare(PGconn *connection)
{
    struct sql sql = { 0 };
    sql_add(
        &sql,
        "SELECT m.members, f.node, f.batch, f.rows FROM (SELECT count(*) AS members FROM onetill_nodes"
        " WHERE node = $3::bigint AND instance = $4::bigint) AS m LEFT JOIN (SELECT t.* FROM"
        " unnest($1::int[], $2::bigint[]) AS c(node, after) CROSS JOIN LATERAL (SELECT node, batch, rows FROM"
        " onetill_feed WHERE node = c.node AND batch > c.after ORDER BY batch LIMIT %d) AS t) AS f ON true"
        " ORDER BY f.node, f.batch",
        FEED_ROWS_MAX);
    assert(!sql.failed);
    PGresult *result = postgres_last(connection, PQsendPrepare(connection, "feed", sql.text, 0, NULL) == 1);
    enum status status = postgres_status(connection, result);
    PQclear(result);
    return status;
}

static enum status feed_connect(struct postgres_store *store)
{
    struct postgres_node *node = store->node;
    if (node->feed != NULL && PQstatus(node->feed) == CONNECTION_OK) {
        return STATUS_ok;
    }
    PQfinish(node->feed);
    enum status status = postgres_connect(store->place, "feed", &node->feed, NULL);
    if (status == STATUS_ok) {
        postgres_patience(node->feed, store->settings.silent_us_max);
        status = feed_prepare(node->feed);
        if (status != STATUS_ok) {
            PQfinish(node->feed);
            node->feed = NULL;
        }
    }
    return status == STATUS_bad_input ? STATUS_away : status;
}

/* {0,1,…} and {cursor,cursor,…} of all places but one's own. */
static void feed_binds(struct postgres_store *store, char *places, char *cursors, size_t capacity)
{
    size_t place_size = 0, cursor_size = 0;
    pthread_mutex_lock(&store->node->lock);
    for (uint32_t i = 0; i < NODES_MAX; i++) {
        if (i != store->base.node) {
            const char *before = place_size == 0 ? "{" : ",";
            place_size += (size_t)snprintf(places + place_size, capacity - place_size, "%s%u", before, i);
            cursor_size += (size_t)snprintf(cursors + cursor_size, capacity - cursor_size, "%s%lld", before,
                                            (long long)store->node->cursors[i]);
        }
    }
    pthread_mutex_unlock(&store->node->lock);
    snprintf(places + place_size, capacity - place_size, "}");
    snprintf(cursors + cursor_size, capacity - cursor_size, "}");
}

static enum status feed_ask(struct postgres_store *store, PGresult **result)
{
    char places[NODES_MAX * 24], cursors[NODES_MAX * 24], own[24], instance[24];
    const char *const values[] = { places, cursors, own, instance };
    enum status status = feed_connect(store);
    if (status != STATUS_ok) {
        return status;
    }
    feed_binds(store, places, cursors, sizeof(places));
    snprintf(own, sizeof(own), "%u", store->base.node);
    snprintf(instance, sizeof(instance), "%lld", (long long)store->instance);
    bool sent = PQsendQueryPrepared(store->node->feed, "feed", COUNT_OF(values), values, NULL, NULL, 1) == 1;
    *result = postgres_last(store->node->feed, sent);
    status = postgres_status(store->node->feed, *result);
    if (status != STATUS_ok) {
        struct store_error error = { "" };
        postgres_reason(&error, "hearing the others", store->node->feed, *result);
        PQclear(*result);
        *result = NULL;
        PQfinish(store->node->feed); /* also a server that only reads now: another one may take writes */
        store->node->feed = NULL;
        if (status == STATUS_fault) {
            postgres_die(store, "%s", error.text);
        }
    }
    return status == STATUS_conflict ? STATUS_away : status;
}

/* Hands over the batches of one answer; how many there were. */
static enum status feed_take(struct postgres_store *store, const PGresult *result, feed_each *each,
                             void *context, int *count)
{
    if (PQntuples(result) == 0 || postgres_i64(result, 0, FIELD_member) != 1) {
        postgres_die(store,
                     "this process was silent for too long, and the others have given it up: start it again");
        return STATUS_fault;
    }
    *count = 0;
    for (int row = 0; row < PQntuples(result) && PQgetisnull(result, row, FIELD_node) == 0; row++) {
        uint32_t place = (uint32_t)postgres_i64(result, row, FIELD_node);
        int64_t batch = postgres_i64(result, row, FIELD_batch);
        struct span rows = { PQgetvalue(result, row, FIELD_rows),
                             (size_t)PQgetlength(result, row, FIELD_rows) };
        assert(place < NODES_MAX);
        int64_t before = store->node->cursors[place]; /* changed by this thread only */
        if (batch != before + 1) {
            postgres_die(store, "batch %lld of node %u was never heard: the next is %lld",
                         (long long)before + 1, place, (long long)batch);
            return STATUS_fault;
        }
        each(context, place, (uint64_t)batch, rows);
        pthread_mutex_lock(&store->node->lock);
        store->node->cursors[place] = batch;
        pthread_mutex_unlock(&store->node->lock);
        ++*count;
    }
    return STATUS_ok;
}

enum status postgres_feed(struct store *base, feed_each *each, void *context)
{
    struct postgres_store *store = (struct postgres_store *)base;
    enum status status = STATUS_ok;
    int count = FEED_ROWS_MAX;
    while (status == STATUS_ok && count >= FEED_ROWS_MAX) {
        PGresult *result = NULL;
        status = postgres_dead(store) ? STATUS_fault : feed_ask(store, &result);
        if (status == STATUS_ok) {
            status = feed_take(store, result, each, context, &count);
        }
        PQclear(result);
    }
    return status;
}

/* ---- removing ---- */

/* How far all members have read this place. A joiner begins with what is told after it has joined. */
static int64_t read_by_all(const struct postgres_store *store, uint32_t place)
{
    const struct postgres_node *node = store->node;
    int64_t least = node->peers[place].batch;
    for (uint32_t i = 0; i < NODES_MAX; i++) {
        if (i == place || node->peers[i].instance == 0) {
            continue;
        }
        least = min_i64(least, i == store->base.node ? node->cursors[place] : node->peers[i].read[place]);
    }
    return least;
}

/* Each node removes what it has told itself, the leader also what those have told who are no members any
 * more. */
static bool place_clears(struct postgres_store *store, uint32_t place, bool leads, int64_t *until)
{
    struct postgres_node *node = store->node;
    pthread_mutex_lock(&node->lock);
    bool mine = place == store->base.node || (leads && node->peers[place].instance == 0);
    *until = mine ? read_by_all(store, place) : 0;
    bool clears = mine && *until > node->peers[place].cleared;
    pthread_mutex_unlock(&node->lock);
    return clears;
}

enum status feed_clear(struct postgres_store *store, PGconn *connection, struct store_error *error)
{
    bool leads = members_leads(store);
    enum status status = STATUS_ok;
    for (uint32_t place = 0; place < NODES_MAX && status == STATUS_ok; place++) {
        int64_t until;
        if (!place_clears(store, place, leads, &until)) {
            continue;
        }
        struct value binds[] = { VALUE_I64(place), VALUE_I64(until) };
        status = postgres_ask(connection,
                              "DELETE FROM onetill_feed WHERE node = $1::bigint AND batch <= $2::bigint",
                              binds, COUNT_OF(binds), NULL, error);
        if (status == STATUS_ok) {
            pthread_mutex_lock(&store->node->lock);
            store->node->peers[place].cleared = until;
            pthread_mutex_unlock(&store->node->lock);
        }
    }
    return status;
}
