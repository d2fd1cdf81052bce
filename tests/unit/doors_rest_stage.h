/* SPDX-License-Identifier: Apache-2.0 */
/* A REST door with its engine, store, tokens and server in this process, and a client that speaks to it. */
#ifndef TESTS_UNIT_DOORS_REST_STAGE_H
#define TESTS_UNIT_DOORS_REST_STAGE_H

#include "doors_jars.h"

#define REPLY_SIZE_MAX (1024 * 1024)

struct stage {
    struct store *store;
    struct engine *engine;
    struct tokens *tokens;
    struct rest *rest;
    struct http_server *server;
    struct master_key key;
    char operator_token[TOKEN_TEXT_SIZE];
    char shopper_token[TOKEN_TEXT_SIZE];
    char terminal_token[TOKEN_TEXT_SIZE];
    char folder[64]; /* of the sqlite store; empty: memory */
    bool running;    /* the deciding thread */
};

struct stage_settings {
    bool sqlite;
    bool idle; /* the deciding thread is not started */
    bool test_clock;
    bool metrics_guarded;
    int64_t call_age_max_us;
    uint32_t http_threads; /* 0: 2 */
};

void stage_open(struct stage *stage, const struct stage_settings *settings);
void stage_run(struct stage *stage);
void stage_close(struct stage *stage);

struct reply {
    int status;
    char *head;       /* terminated */
    struct span body; /* terminated */
    char *bytes;
};

/* A request on a connection of its own: `headers` are whole lines with \r\n, or "". */
struct reply ask(const struct stage *stage, const char *method, const char *path, const char *headers,
                 const char *body);
/* The same in two steps, so that several may be under way. */
int ask_send(const struct stage *stage, const char *method, const char *path, const char *headers,
             const char *body);
struct reply ask_receive(int fd);
/* Value of a header, or NULL; overwritten by the next call. */
const char *reply_header(const struct reply *reply, const char *name);
/* A member of the body's object as text: strings without quotes, others as JSON. "" when it is not there. */
const char *reply_member(const struct reply *reply, const char *name);
void reply_release(struct reply *reply);

#endif
