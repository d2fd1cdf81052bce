/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cluster.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PYTHON "/usr/bin/python3"
#define SHARED "ONETILL_TEST_CLUSTER"
#define ARGUMENTS_MAX 24

struct cluster {
    pid_t pid; /* of the program that minds the servers; 0: a shared server */
    FILE *commands, *answers;
    char places[CLUSTER_SERVERS_MAX][CLUSTER_PLACE_SIZE];
    uint32_t server_count;
    uint32_t leader; /* the one that takes writes */
    uint32_t database_count;
    char answer[4096];
};

__attribute__((format(printf, 1, 2), noreturn)) static void give_up(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("Bail out! PostgreSQL: ");
    (void)vprintf(format, list);
    printf("\n");
    va_end(list);
    (void)fflush(stdout);
    exit(1);
}

/* ---- the program that minds the servers ---- */

static void child_exec(const int input[2], const int output[2], const struct cluster_settings *settings)
{
    char *arguments[ARGUMENTS_MAX] = { strdup(PYTHON), strdup(CLUSTER_PROGRAM), strdup("serve") };
    size_t count = 3;
    if (settings->durable) {
        arguments[count++] = strdup("--durable");
    }
    if (settings->replicated) {
        arguments[count++] = strdup("--replicated");
    }
    for (size_t i = 0; settings->options != NULL && settings->options[i] != NULL; i++) {
        if (count + 3 > ARGUMENTS_MAX) {
            _exit(1);
        }
        arguments[count++] = strdup("--option");
        arguments[count++] = strdup(settings->options[i]);
    }
    /* A sanitizer loaded into us is no business of Python's. */
    (void)unsetenv("LD_PRELOAD");
    if (dup2(input[0], 0) == 0 && dup2(output[1], 1) == 1) {
        closefrom(3);
        (void)execv(PYTHON, arguments);
    }
    _exit(1);
}

static void child_begin(struct cluster *cluster, const struct cluster_settings *settings)
{
    int input[2], output[2];
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) {
        give_up("no pipes");
    }
    (void)fflush(stdout);
    cluster->pid = fork();
    if (cluster->pid == 0) {
        child_exec(input, output, settings);
    }
    (void)close(input[0]);
    (void)close(output[1]);
    cluster->commands = fdopen(input[1], "w");
    cluster->answers = fdopen(output[0], "r");
    if (cluster->pid < 0 || cluster->commands == NULL || cluster->answers == NULL) {
        give_up("no process");
    }
    (void)signal(SIGPIPE, SIG_IGN);
}

/* The rest of the next line, which must begin with `word`. */
static const char *child_answer(struct cluster *cluster, const char *word)
{
    size_t size = strlen(word);
    if (fgets(cluster->answer, sizeof(cluster->answer), cluster->answers) == NULL) {
        give_up("%s ended", CLUSTER_PROGRAM);
    }
    cluster->answer[strcspn(cluster->answer, "\n")] = '\0';
    if (strncmp(cluster->answer, word, size) != 0 || cluster->answer[size] != ' ') {
        give_up("%s", cluster->answer);
    }
    return cluster->answer + size + 1;
}

__attribute__((format(printf, 2, 3))) static const char *child_ask(struct cluster *cluster, const char *format, ...)
{
    va_list list;
    if (cluster->pid == 0) {
        give_up("a shared server is left alone: %s", format);
    }
    va_start(list, format);
    (void)vfprintf(cluster->commands, format, list);
    va_end(list);
    (void)fputc('\n', cluster->commands);
    (void)fflush(cluster->commands);
    return child_answer(cluster, "ok");
}

static void place_copy(char to[CLUSTER_PLACE_SIZE], const char *from)
{
    if (snprintf(to, CLUSTER_PLACE_SIZE, "%s", from) >= CLUSTER_PLACE_SIZE) {
        give_up("%s is too long", from);
    }
}

struct cluster *cluster_open(const struct cluster_settings *settings)
{
    static const struct cluster_settings plain;
    const char *shared = getenv(SHARED);
    struct cluster *cluster = calloc(1, sizeof(*cluster));
    if (cluster == NULL) {
        give_up("no memory");
    }
    settings = settings != NULL ? settings : &plain;
    cluster->server_count = 1;
    if (shared != NULL && shared[0] != '\0' && !settings->own) {
        place_copy(cluster->places[0], shared);
    } else {
        child_begin(cluster, settings);
        place_copy(cluster->places[0], child_answer(cluster, "ready"));
    }
    return cluster;
}

void cluster_close(struct cluster *cluster)
{
    if (cluster->pid != 0) {
        (void)fclose(cluster->commands);
        (void)waitpid(cluster->pid, NULL, 0);
        (void)fclose(cluster->answers);
    }
    free(cluster);
}

/* ---- statements ---- */

static PGresult *statement_run(const char *place, const char *statement, PGconn **connection)
{
    *connection = PQconnectdb(place);
    if (PQstatus(*connection) != CONNECTION_OK) {
        give_up("%s", PQerrorMessage(*connection));
    }
    PGresult *result = PQexec(*connection, statement);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        give_up("%.200s: %s", statement, PQerrorMessage(*connection));
    }
    return result;
}

void cluster_run(struct cluster *cluster, const char *place, const char *statements)
{
    PGconn *connection;
    PQclear(statement_run(place != NULL ? place : cluster->places[cluster->leader], statements, &connection));
    PQfinish(connection);
}

int64_t cluster_number(struct cluster *cluster, const char *place, const char *query)
{
    PGconn *connection;
    PGresult *result = statement_run(place != NULL ? place : cluster->places[cluster->leader], query, &connection);
    if (PQntuples(result) < 1 || PQnfields(result) < 1) {
        give_up("%s: no row", query);
    }
    int64_t number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    PQfinish(connection);
    return number;
}

/* ---- databases ---- */

const char *cluster_name(const char *place, size_t *size)
{
    const char *at = strstr(place, "@/");
    if (at == NULL) {
        give_up("%s is no place of ours", place);
    }
    *size = strcspn(at + 2, "?");
    return at + 2;
}

static void place_with(const char *server, const char *name, size_t name_size, char place[CLUSTER_PLACE_SIZE])
{
    size_t old_size;
    const char *old = cluster_name(server, &old_size);
    int size = snprintf(place, CLUSTER_PLACE_SIZE, "%.*s%.*s%s", (int)(old - server), server, (int)name_size, name,
                        old + old_size);
    if (size < 0 || size >= CLUSTER_PLACE_SIZE) {
        give_up("%s is too long", server);
    }
}

void cluster_database(struct cluster *cluster, char place[CLUSTER_PLACE_SIZE])
{
    char name[64], statement[96];
    int size = snprintf(name, sizeof(name), "test_%d_%u", (int)getpid(), ++cluster->database_count);
    snprintf(statement, sizeof(statement), "CREATE DATABASE %s", name);
    cluster_run(cluster, NULL, statement);
    place_with(cluster->places[cluster->leader], name, (size_t)size, place);
}

void cluster_database_drop(struct cluster *cluster, const char *place)
{
    size_t size;
    char statement[160];
    const char *name = cluster_name(place, &size);
    snprintf(statement, sizeof(statement), "DROP DATABASE IF EXISTS %.*s WITH (FORCE)", (int)size, name);
    cluster_run(cluster, NULL, statement);
}

void cluster_database_empty(struct cluster *cluster, const char *place)
{
    cluster_run(cluster, place,
                "SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

int64_t cluster_terminate(struct cluster *cluster, const char *place)
{
    size_t size;
    char query[320];
    const char *name = cluster_name(place, &size);
    snprintf(query, sizeof(query),
             "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '%.*s' AND "
             "pid <> pg_backend_pid()",
             (int)size, name);
    return cluster_number(cluster, NULL, query);
}

/* ---- servers ---- */

static const char *end_name(enum cluster_end end)
{
    return end == CLUSTER_END_fast ? "fast" : end == CLUSTER_END_immediate ? "immediate" : "kill";
}

void cluster_restart(struct cluster *cluster, uint32_t server, enum cluster_end end)
{
    child_ask(cluster, "restart %u %s", server, end_name(end));
}

void cluster_stop(struct cluster *cluster, uint32_t server, enum cluster_end end)
{
    child_ask(cluster, "stop %u %s", server, end_name(end));
}

void cluster_start(struct cluster *cluster, uint32_t server)
{
    child_ask(cluster, "start %u", server);
}

uint32_t cluster_standby(struct cluster *cluster, uint32_t server)
{
    if (cluster->server_count == CLUSTER_SERVERS_MAX) {
        give_up("too many servers");
    }
    const char *answer = child_ask(cluster, "standby %u", server);
    const char *place = strchr(answer, ' ');
    if (place == NULL || strtoul(answer, NULL, 10) != cluster->server_count) {
        give_up("standby: %s", answer);
    }
    place_copy(cluster->places[cluster->server_count], place + 1);
    return cluster->server_count++;
}

void cluster_promote(struct cluster *cluster, uint32_t server)
{
    child_ask(cluster, "promote %u", server);
    cluster->leader = server;
}

void cluster_remove(struct cluster *cluster, uint32_t server)
{
    child_ask(cluster, "remove %u", server);
    cluster->places[server][0] = '\0';
}

const char *cluster_log(struct cluster *cluster, uint32_t server)
{
    return child_ask(cluster, "log %u", server);
}

void cluster_place_on(const struct cluster *cluster, const char *place, uint32_t server, char on[CLUSTER_PLACE_SIZE])
{
    size_t size;
    const char *name = cluster_name(place, &size);
    place_with(cluster->places[server], name, size, on);
}

void cluster_place_any(const struct cluster *cluster, const char *place, char any[CLUSTER_PLACE_SIZE])
{
    size_t size, used = 0;
    const char *name = cluster_name(place, &size);
    char hosts[CLUSTER_PLACE_SIZE] = "";
    for (uint32_t i = 0; i < cluster->server_count; i++) {
        const char *host = strstr(cluster->places[i], "?host=");
        if (host != NULL) {
            used += (size_t)snprintf(hosts + used, sizeof(hosts) - used, "%s%s", used > 0 ? "," : "",
                                     host + strlen("?host="));
        }
        if (used >= sizeof(hosts)) {
            give_up("too many servers for one place");
        }
    }
    int written = snprintf(any, CLUSTER_PLACE_SIZE, "%.*s%.*s?host=%s&target_session_attrs=read-write",
                           (int)(name - place), place, (int)size, name, hosts);
    if (written < 0 || written >= CLUSTER_PLACE_SIZE) {
        give_up("the place is too long");
    }
}
