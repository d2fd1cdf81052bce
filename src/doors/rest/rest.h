/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The REST door: /v1 from tables. Every command with a route and every read is offered; routing, tokens,
 * decoding, idempotency keys, pages of lists, encoding and problem documents (RFC 9457) are the same code
 * for all of them. No business rule stands here.
 *
 * Threads: rest_handle on the HTTP server's threads, any number of them. Answers of commands are encoded
 * on the server's thread; lists are read and encoded on the door's own reader threads. A request's memory
 * is the arena of its HTTP request; beside that only jansson allocates.
 *
 * Order of stopping: rest_detach, http_stop, engine_stop, http_close, rest_close. The engine must answer
 * what http_stop waits for, and its last answers still come by here.
 */
#ifndef DOORS_REST_REST_H
#define DOORS_REST_REST_H

#include <stdio.h>

#include "doors/http.h"
#include "doors/metrics.h"
#include "doors/rest/router.h"
#include "doors/tokens.h"
#include "engine/engine.h"
#include "engine/read.h"

#define PROBLEM_TYPE_BASE "https://onetill.example/problems/"
#define REST_ADDED_SIZE_MAX 1024

struct rest;

/*
 * What the door does around one command, keyed by its name. `before` computes hidden members of the request
 * from those that were given (a pay code's alias and step); it may refuse, but not look at rows. `after`
 * fills a zeroed struct of the shape `added`, whose members are shown behind the answer's: what is derived
 * from the master key and never stored (the text of a token). The door wipes that struct when it is
 * written. Both are pure but for their context, run on server threads, and may be NULL.
 *
 * A hidden member named `seed` of any request is filled in by the door itself: 63 random bits, or so many bytes.
 */
struct rest_edit {
    const char *command;
    enum refusal (*before)(void *context, const struct caller *caller, int64_t now_us, void *request);
    void (*after)(void *context, const struct caller *caller, const void *request, const void *answer, void *added);
    const struct shape *added; /* at most REST_ADDED_SIZE_MAX; set when `after` is */
    void *context;
};

/* A route that is not a command or read: an image, a stream. It owes the http request its answer. */
struct rest_page {
    const char *name; /* for metrics: "live_stream" */
    const char *method, *route;
    unsigned callers; /* CALLER_BIT; with CALLER_BIT(none) no token is needed */
    void (*serve)(void *context, struct http_request *request, const struct caller *caller,
                  const struct span *params, uint32_t param_count);
    void *context;
    const char *content_type; /* of success, for the description */
    const char *summary;
    bool unlisted;            /* not in the description: a page for people, another door's protocol */
};

struct rest_settings {
    struct engine *engine;
    struct store *store;
    struct tokens *tokens;
    const struct master_key *key;          /* cursors are signed with a key derived from it */
    const struct command *const *commands; /* NULL-terminated; those without a route are skipped */
    const struct read *const *reads;       /* NULL-terminated, or NULL */
    const struct rest_edit *edits;
    size_t edit_count;
    const struct rest_page *pages;
    size_t page_count;
    http_handler *fallback; /* for paths that are not the door's, the static files; NULL: 404 */
    void *fallback_context;
    /* Who a request without a bearer token is from: a page's session. False: nobody. NULL: there are none. */
    bool (*session_check)(void *context, struct http_request *http, struct caller *caller);
    void *session_context;
    bool test_clock;             /* sandbox commands are offered */
    bool metrics_guarded;        /* /metrics wants an operator's token */
    uint32_t reader_count;       /* threads for reads; 0: 2 */
    int64_t call_age_max_us;     /* 0: CALL_AGE_MAX_US */
    /* More lines for /metrics; may be NULL. */
    void (*metrics_more)(void *context, struct metrics_text *text);
    void *metrics_context;
    const char *version; /* of the product */
};

/*
 * Observes the engine: before it is started. NULL, with a sentence in `error`, when a reader cannot be opened. A flaw
 * of a table is a bug and asserts.
 */
MUST_CHECK struct rest *rest_open(const struct rest_settings *settings, char *error, size_t error_size);
/* After engine_stop and http_close, so that no request is left and no answer on its way. */
void rest_close(struct rest *rest);

/* The handler for http_open; `context` is the struct rest. */
void rest_handle(void *context, struct http_request *request);

/* Tells the door its server, which lets it wake many requests with one signal and show the server's counts. */
void rest_attach(struct rest *rest, struct http_server *server);
/*
 * The first step of stopping. Lists under way are answered, later ones are told 503, commands go on; from
 * here on no thread of the door's own uses the server.
 */
void rest_detach(struct rest *rest);

/* Latencies and outcomes of everything offered, for the live page. */
struct metrics *rest_metrics(struct rest *rest);

#endif
