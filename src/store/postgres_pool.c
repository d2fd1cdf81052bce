/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a connection is a session of the server. A pooler between them may give each transaction, or each
 * statement, whichever session is free: settings, prepared statements and what was begun would be another's.
 *
 * It cannot be asked (each pooler has its own ways, and they pretend to be the server), so it is tried out: the
 * connection marks its session. While a second one holds a session by an open transaction, the first must still
 * find its mark, and the second must not. Sessions that go round in a circle are caught by the first, those that
 * are taken from a heap by the second, whatever others do with the pool meanwhile; several rounds are for the
 * case in which somebody takes a session and brings it back just then.
 */
#include "store/postgres_store.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/os_random.h"

#define ROUNDS 4
#define PLACES_MAX 16
#define SECOND_US INT64_C(3000000) /* a pool that is used up makes the second one wait */

static const char shared_sessions[] =
    "before the database stands a pooler that hands its sessions round (pgbouncer's pool_mode = transaction or "
    "statement): settings, prepared statements and locks would be lost. Set pool_mode = session, or name the "
    "database itself";

static const char no_second[] =
    "the pooler before the database has no second connection for this process: "
    "its default_pool_size must hold all connections of all processes";

/* Places whose connections were found to be sessions before. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t known[PLACES_MAX];
static size_t known_count;

static bool place_known(uint64_t place)
{
    bool found = false;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < known_count; i++) {
        found = found || known[i] == place;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

static void place_keep(uint64_t place)
{
    pthread_mutex_lock(&lock);
    known[known_count % PLACES_MAX] = place;
    known_count = known_count < PLACES_MAX ? known_count + 1 : PLACES_MAX;
    pthread_mutex_unlock(&lock);
}

/* The session's process, as the server calls it; 0: this database has none. */
static enum status session_process(PGconn *connection, int64_t *process, struct store_error *error)
{
    PGresult *result = NULL;
    struct store_error own = { "" };
    enum status status =
        postgres_ask(connection, "SELECT pg_catalog.pg_backend_pid()::bigint", NULL, 0, &result, &own);
    *process = 0;
    if (status == STATUS_ok) {
        *process = PQgetisnull(result, 0, 0) ? 0 : postgres_i64(result, 0, 0);
        PQclear(result);
    } else if (status == STATUS_away) {
        error_set(error, "%s", own.text);
        return status;
    }
    return STATUS_ok;
}

static enum status session_mark(PGconn *connection, const char *mark, struct store_error *error)
{
    struct value bind = VALUE_TEXT(span_of(mark));
    return postgres_ask(connection, "SELECT pg_catalog.set_config('onetill.session', $1, false)", &bind, 1, NULL,
                        error);
}

static enum status session_marked(PGconn *connection, const char *mark, bool *marked, struct store_error *error)
{
    PGresult *result = NULL;
    struct value bind = VALUE_TEXT(span_of(mark));
    enum status status = postgres_ask(
        connection, "SELECT coalesce(pg_catalog.current_setting('onetill.session', true), '') = $1", &bind, 1, &result,
        error);
    if (status == STATUS_ok) {
        *marked = postgres_i64(result, 0, 0) != 0;
        PQclear(result);
    }
    return status;
}

/* Whether `first` still has its mark, and `second`, in mid transaction, has not. */
static enum status round_try(PGconn *first, PGconn *second, bool *shared, struct store_error *error)
{
    char mark[32];
    bool before = false, within = false, after = false;
    snprintf(mark, sizeof(mark), "%016llx", (unsigned long long)os_random_u64());
    enum status status = session_mark(first, mark, error);
    if (status == STATUS_ok) {
        status = session_marked(first, mark, &before, error);
    }
    if (status == STATUS_ok) {
        status = postgres_script(second, "BEGIN", error);
    }
    if (status == STATUS_ok) {
        status = session_marked(second, mark, &within, error);
    }
    if (status == STATUS_ok) {
        status = session_marked(first, mark, &after, error);
    }
    if (status == STATUS_ok) {
        status = postgres_script(second, "ROLLBACK", error);
    }
    *shared = status == STATUS_ok && (!before || within || !after);
    return status;
}

/* Who pools statements lets nobody begin a transaction, and hangs up. */
static bool transactions_forbidden(const struct store_error *error)
{
    return strstr(error->text, "statement pooling") != NULL;
}

/*
 * STATUS_away: there was no second connection, or one was lost. A database that knows no settings of ours cannot
 * be tried, and has no poolers that we know of.
 */
static enum status rounds_try(const char *place, PGconn *first, bool *shared, struct store_error *error)
{
    struct store_error own = { "" };
    PGconn *second = postgres_dial(place, "second");
    enum status status = STATUS_away;
    *shared = false;
    if (second != NULL && PQstatus(second) == CONNECTION_OK) {
        postgres_patience(second, SECOND_US);
        status = STATUS_ok;
    } else {
        postgres_reason(&own, "the database", second, NULL);
    }
    for (int i = 0; i < ROUNDS && status == STATUS_ok && !*shared; i++) {
        status = round_try(first, second, shared, &own);
    }
    if (status != STATUS_ok && transactions_forbidden(&own)) {
        *shared = true;
    } else if (postgres_given_up_us(second) > 0) {
        error_set(error, "%s", no_second);
    } else if (status != STATUS_ok) {
        error_set(error, "%s", own.text);
    }
    PQfinish(second);
    return *shared ? STATUS_ok : status == STATUS_fault ? STATUS_ok : status;
}

enum status postgres_pool_check(const char *place, PGconn *connection, struct store_error *error)
{
    struct store_error own = { "" };
    uint64_t hash = hash_bytes((const uint8_t *)place, strlen(place));
    bool before = place_known(hash), shared = false;
    int64_t process;
    enum status status = session_process(connection, &process, error);
    bool straight = process == PQbackendPID(connection); /* and not the number that a pooler made up */
    if (status != STATUS_ok || (before && straight)) {
        return status;
    }
    status = rounds_try(place, connection, &shared, &own);
    if (shared) {
        error_set(error, "%s", shared_sessions);
        if (before) {
            fprintf(stderr, "onetill: %s\n", shared_sessions); /* nobody hears why it cannot be reached */
        }
        return STATUS_bad_input;
    }
    if (status == STATUS_ok && !before) {
        place_keep(hash);
    }
    /* That there is no second one just now says nothing of what was found to be a session, or looks like one. */
    if (status != STATUS_ok && !before && !straight) {
        error_set(error, "%s", own.text);
        return status;
    }
    return PQstatus(connection) == CONNECTION_OK ? STATUS_ok : STATUS_away;
}
