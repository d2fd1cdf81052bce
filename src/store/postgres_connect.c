/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres_store.h"

#include <stdio.h>

#include "base/limits.h"

#define ASK_BINDS_MAX 64

bool store_is_postgres(const char *place)
{
    return strncmp(place, "postgres://", 11) == 0 || strncmp(place, "postgresql://", 13) == 0;
}

/* ---- what went wrong ---- */

bool postgres_failed_with(const PGresult *result, const char *sqlstate)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state != NULL && strcmp(state, sqlstate) == 0;
}

static bool state_is_one(const char *state, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(state, list[i], strlen(list[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* After a failed write libpq calls the connection good until somebody reads from it. */
static bool server_lost(const PGconn *connection)
{
    static const char *const signs[] = { "server closed the connection", "could not send data",
                                         "could not receive data", "no connection to the server" };
    const char *message = PQerrorMessage(connection);
    bool lost = PQstatus(connection) != CONNECTION_OK;
    for (size_t i = 0; i < COUNT_OF(signs) && !lost; i++) {
        lost = strstr(message, signs[i]) != NULL;
    }
    return lost;
}

enum status postgres_status(const PGconn *connection, const PGresult *result)
{
    static const char *const conflicts[] = { "40001", "40P01", "55P03", "23505" };
    /* Lost, stopping, starting, out of room, a server that only reads after a failover, time-outs. */
    static const char *const away[] = { "08", "57P", "57014", "40003", "53", "25006", "25P03", "25P04" };
    ExecStatusType kind = PQresultStatus(result);
    if (result != NULL && kind != PGRES_FATAL_ERROR && kind != PGRES_BAD_RESPONSE &&
        kind != PGRES_PIPELINE_ABORTED) {
        return STATUS_ok;
    }
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == NULL) {
        /* Without one it is libpq that speaks, and it has lost the server. */
        return result == NULL || server_lost(connection) ? STATUS_away : STATUS_fault;
    }
    if (state_is_one(state, conflicts, COUNT_OF(conflicts))) {
        return STATUS_conflict;
    }
    return state_is_one(state, away, COUNT_OF(away)) ? STATUS_away : STATUS_fault;
}

/* The last character of a message is a line end; those within become blanks. */
static void one_line(char *text)
{
    size_t size = strlen(text);
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == ' ')) {
        text[--size] = '\0';
    }
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\n' || *at == '\t') {
            *at = ' ';
        }
    }
}

void postgres_reason(struct store_error *error, const char *what, const PGconn *connection,
                     const PGresult *result)
{
    char text[192] = "";
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    int64_t silent_us = postgres_given_up_us(connection);
    char silence[64];
    snprintf(silence, sizeof(silence), "nothing was heard of it for %lld ms", (long long)(silent_us / 1000));
    if (silent_us > 0 && state == NULL) {
        message = silence; /* libpq only knows that the connection is lost */
    } else if (message == NULL) {
        message = connection != NULL ? PQerrorMessage(connection) : "the connection is lost";
    }
    snprintf(text, sizeof(text), "%s%s%s", state != NULL ? state : "", state != NULL ? " " : "", message);
    one_line(text);
    error_set(error, "%s: %s", what, text[0] != '\0' ? text : "the connection is lost");
}

/* ---- connecting ---- */

/* libpq repeats a place that it cannot read, and the password with it. */
static void place_reason(struct store_error *error, const char *place, const char *words)
{
    if (words == NULL || strchr(place, '@') != NULL) {
        words = "write postgres://USER@HOST:PORT/DATABASE";
    }
    error_set(error, "the place of the database makes no sense: %s", words);
}

static bool place_check(const char *place, struct store_error *error)
{
    char *words = NULL;
    PQconninfoOption *options = store_is_postgres(place) ? PQconninfoParse(place, &words) : NULL;
    bool fits = options != NULL;
    if (!fits) {
        if (words != NULL) {
            one_line(words);
        }
        place_reason(error, place, words);
    }
    PQconninfoFree(options);
    PQfreemem(words);
    return fits;
}

/* Before the session begins libpq hands out no SQLSTATE. */
static enum status refused(const PGconn *connection)
{
    static const char *const for_good[] = { "authentication failed", "does not exist", "pg_hba.conf",
                                            "no password supplied",  "SSL",            "not permitted" };
    const char *message = PQerrorMessage(connection);
    for (size_t i = 0; i < COUNT_OF(for_good); i++) {
        /* A socket that does not exist is a server that does not run. */
        if (strstr(message, for_good[i]) != NULL && strstr(message, "No such file") == NULL) {
            return STATUS_bad_input;
        }
    }
    return STATUS_away;
}

static void notice_ignored(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

/* Other databases that speak this protocol lack some of these: what they do not list is not set. */
static const char session_sql[] =
    "SELECT pg_catalog.set_config(s.name, v.value, false) FROM pg_catalog.pg_settings s JOIN (VALUES "
    "('timezone', 'UTC'), ('jit', 'off'), ('lock_timeout', '2000'), ('client_min_messages', 'warning'), "
    "('enable_seqscan', 'off'), ('enable_bitmapscan', 'off'), "
    "('default_transaction_isolation', 'read committed')) AS v(name, value) ON lower(s.name) = v.name";

PGconn *postgres_dial(const char *place, const char *name)
{
    char shown[64];
    snprintf(shown, sizeof(shown), "onetill %s", name);
    /* What stands before the place is a default that the place may change. */
    const char *const keys[] = { "connect_timeout",     "keepalives_idle",           "keepalives_interval",
                                 "keepalives_count",    "tcp_user_timeout",          "client_encoding",
                                 "target_session_attrs", "fallback_application_name", "dbname",
                                 NULL };
    const char *const values[] = { "3", "5", "2", "3", "10000", "UTF8", "any", shown, place, NULL };
    return PQconnectdbParams(keys, values, 1);
}

enum status postgres_connect(const char *place, const char *name, PGconn **connection,
                             struct store_error *error)
{
    *connection = NULL;
    if (!place_check(place, error)) {
        return STATUS_bad_input;
    }
    PGconn *made = postgres_dial(place, name);
    if (made == NULL || PQstatus(made) != CONNECTION_OK) {
        enum status status = made == NULL ? STATUS_away : refused(made);
        postgres_reason(error, "the database", made, NULL);
        PQfinish(made);
        return status;
    }
    PQsetNoticeReceiver(made, notice_ignored, NULL);
    postgres_patience(made, DATABASE_SILENT_US_MAX);
    enum status status = postgres_script(made, session_sql, error);
    if (status == STATUS_ok) {
        status = postgres_pool_check(place, made, error);
    }
    if (status != STATUS_ok) {
        PQfinish(made);
        return status == STATUS_conflict ? STATUS_away : status;
    }
    *connection = made;
    return STATUS_ok;
}

/* ---- single statements ---- */

struct bound {
    const char *values[ASK_BINDS_MAX];
    int sizes[ASK_BINDS_MAX];
    int formats[ASK_BINDS_MAX];
    uint8_t numbers[ASK_BINDS_MAX][8];
};

static void bind(struct bound *bound, size_t at, const struct value *value)
{
    bound->formats[at] = 1;
    if (value->kind == VALUE_i64) {
        for (unsigned i = 0; i < 8; i++) {
            bound->numbers[at][i] = (uint8_t)((uint64_t)value->i64 >> (56 - 8 * i));
        }
        bound->values[at] = (const char *)bound->numbers[at];
        bound->sizes[at] = 8;
    } else if (value->kind == VALUE_bytes) {
        assert(value->bytes.size <= INT32_MAX);
        bound->values[at] = value->bytes.size > 0 ? value->bytes.bytes : "";
        bound->sizes[at] = (int)value->bytes.size;
    } else {
        bound->values[at] = NULL;
        bound->sizes[at] = 0;
    }
}

enum status postgres_ask(PGconn *connection, const char *sql, const struct value *binds, size_t bind_count,
                         PGresult **result, struct store_error *error)
{
    struct bound bound;
    assert(bind_count <= ASK_BINDS_MAX);
    for (size_t i = 0; i < bind_count; i++) {
        bind(&bound, i, &binds[i]);
    }
    postgres_idle(connection);
    bool sent = PQsendQueryParams(connection, sql, (int)bind_count, NULL, bound.values, bound.sizes,
                                  bound.formats, 1) == 1;
    PGresult *got = postgres_last(connection, sent);
    enum status status = postgres_status(connection, got);
    if (status != STATUS_ok) {
        postgres_reason(error, "the database", connection, got);
    }
    if (result != NULL && status == STATUS_ok) {
        *result = got;
    } else {
        PQclear(got);
        if (result != NULL) {
            *result = NULL;
        }
    }
    return status;
}

enum status postgres_script(PGconn *connection, const char *sql, struct store_error *error)
{
    postgres_idle(connection);
    bool sent = PQsendQuery(connection, sql) == 1;
    PGresult *result = postgres_last(connection, sent);
    enum status status = postgres_status(connection, result);
    if (status != STATUS_ok) {
        postgres_reason(error, "the database", connection, result);
    }
    PQclear(result);
    return status;
}

void postgres_undo(PGconn *connection)
{
    enum status status = postgres_script(connection, "ROLLBACK", NULL);
    (void)status;
}
