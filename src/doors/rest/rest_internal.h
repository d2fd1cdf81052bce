/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the REST door only. */
#ifndef DOORS_REST_REST_INTERNAL_H
#define DOORS_REST_REST_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "doors/rest/offered.h"
#include "doors/shape_json.h"
#include "doors/timer_watch.h"

#define REQUEST_ID_SIZE 17
#define READ_QUEUE_MAX 1024 /* reads that wait for a reader; beyond it 503 */
#define READERS_MAX 8
#define READ_MEMBERS_SIZE 32

enum route_kind {
    ROUTE_command,
    ROUTE_read,
    ROUTE_page,
};

struct route {
    enum route_kind kind;
    uint32_t number; /* in the metrics */
    unsigned callers;
    const struct command *command;
    const struct read *read;
    const struct rest_page *page;
    const struct rest_edit *edit;
    const struct shape_plan *request, *answer, *added;
    const struct column *seed; /* of a command's request: what the door fills in; NULL: nothing */
    size_t json_size_max; /* of a command's answer */
    uint32_t param_count;
    struct span param_names[ROUTE_PARAMS_MAX];
    bool takes_body; /* else the query */
};

/* Outcomes in the metrics: ok, repeated, the door's problems, then the refusals in the order of their list. */
enum { OUTCOME_ok, OUTCOME_repeated, OUTCOME_problems };

struct reads;

struct rest {
    struct arena arena; /* of everything that lives as long as the door */
    struct rest_settings settings;
    struct router router;
    struct route *routes;
    uint32_t route_count;
    struct hmac_key body_key;
    struct hmac_key cursor_key;
    uint64_t request_salt;
    atomic_uint_fast64_t request_count;
    struct metrics *metrics;
    uint32_t refusal_first; /* outcome of the first refusal of the list */
    uint8_t *refusal_index; /* position in the list by number */
    struct reads *reads;    /* NULL: the store has none */
    struct timer_watch timers;
    struct span openapi;
    pthread_mutex_t server_lock; /* guards `server` against rest_detach */
    struct http_server *server;
};

/* One request in the making; its first member makes it a call. In the arena of the HTTP request. */
struct rest_call {
    struct call call;
    struct rest *rest;
    const struct route *route;
    struct http_request *http;
    int64_t received_us;
    char request_id[REQUEST_ID_SIZE];
};

/* ---- problem.c ---- */

/* What a problem document tells; texts that are NULL are left out. */
struct problem {
    int status;
    const char *code;
    const char *detail;
    const char *field;
    const struct faults *faults;
    const char *allow;      /* 405 */
    bool repeated;
    const char *request_id;
};

void problem_answer(struct http_request *http, const struct problem *problem);
void rest_request_id(struct rest *rest, char to[REQUEST_ID_SIZE]);
/* Answers with one of the door's own problems and counts it; `route` may be NULL. */
void rest_problem(struct rest *rest, const struct route *route, struct http_request *http,
                  enum door_problem problem, const char *field);
void rest_faults(struct rest *rest, const struct route *route, struct http_request *http,
                 const struct faults *faults);
/* A refusal of the business; `call` is NULL when it was refused before the engine decided. */
void rest_refuse(struct rest *rest, const struct route *route, struct http_request *http, enum refusal refusal,
                 const struct call *call, int64_t received_us);
void rest_count(struct rest *rest, const struct route *route, uint32_t outcome, int64_t received_us);

/* ---- command.c ---- */

/* Who called, and with which token; 0: without one. */
struct let_in {
    struct caller caller;
    int64_t token_id;
};

/* Nothing can be decided, or the database has not answered for DATABASE_UNSEEN_US_MAX. */
bool rest_database_away(const struct rest *rest);
/* The request was routed and its caller let in. */
void rest_command(struct rest *rest, const struct route *route, struct http_request *http,
                  const struct router_match *match, const struct let_in *who);
/* Path and query, or path and body, into a zeroed request; false after it answered with the faults. */
MUST_CHECK bool rest_decode(struct rest *rest, const struct route *route, struct http_request *http,
                            const struct router_match *match, void *request);

/* ---- reads.c ---- */

/* STATUS_not_found: the store has no readers. */
MUST_CHECK enum status reads_open(struct rest *rest, uint32_t reader_count);
/* Answers what waits and ends the readers; from here on reads are told 503. May be called again. */
void reads_stop(struct reads *reads);
void reads_close(struct reads *reads);
void rest_read(struct rest *rest, const struct route *route, struct http_request *http,
               const struct router_match *match, struct caller caller);
/* Whether a query parameter is the page's own, not the read's. */
bool read_owns_parameter(const struct route *route, struct span name);

#endif
