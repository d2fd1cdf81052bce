/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hangs off the commit, on a stage: a till whose engine runs on the test's thread, a clock that the test
 * moves, a door with the pages under test, and a client that reads event streams. While the test waits for
 * something, the engine is stepped.
 */
#ifndef TESTS_UNIT_DOORS_TILL_STAGE_H
#define TESTS_UNIT_DOORS_TILL_STAGE_H

#include <stdatomic.h>

#include "doors/rest/rest.h"
#include "support/house.h"

#define STREAM_TEXT_MAX (4 * 1024 * 1024)
#define STAGE_WAIT_US INT64_C(20000000)

struct stage {
    struct house house;
    _Atomic int64_t now_us;
    struct master_key key;
    struct tokens *tokens;
    struct rest *rest;
    struct http_server *server;
    char folder[64]; /* of a sqlite store; empty: memory */
    const struct command *const *commands; /* that its door offers; NULL: none */
    struct stage *other; /* the other process on a database, which goes on while this one is waited for */
};

void stage_open(struct stage *stage, bool sqlite);
/* On a store of a database that several stages join; `number` is another one of each. */
void stage_join(struct stage *stage, struct store *store, int number);
/* The engine anew, as after a stop; the door, if any, was closed. */
void stage_reopen(struct stage *stage);
void stage_close(struct stage *stage);
void stage_door_open(struct stage *stage, const struct rest_page *pages, size_t count);
void stage_door_close(struct stage *stage);
void stage_move(struct stage *stage, int64_t us);

/* Until `holds` says so; a test that waits in vain fails. */
void stage_wait(struct stage *stage, bool (*holds)(void *context), void *context);
/* Steps the engine for so long. */
void stage_pass(struct stage *stage, int64_t us);

/* ---- a small city: merchant 1 with shops 1 and 2 and terminals of the same ids, merchant 2 with shop 3 ----
 */

void city_make(struct stage *stage);
/* Half price at merchant 1, with this budget. */
void city_campaign(struct stage *stage, int64_t campaign_id, int64_t budget_minor);
int64_t city_endpoint(struct stage *stage, int64_t merchant_id, const char *url);
/* A payment of shopper 1 or 2; the clock moves on by three minutes. */
struct trade_row city_pay(struct stage *stage, int64_t shopper_id, int64_t shop_id, int64_t amount_minor);
void city_refund(struct stage *stage, const struct trade_row *trade, int64_t amount_minor);
enum refusal city_try(struct stage *stage, const struct command *command, const void *request);

/* ---- the client ---- */

struct stream {
    struct stage *stage;
    int fd;
    char *text; /* head and body without the chunks' sizes, terminated */
    size_t size;
    bool ended;
    char *raw;
    size_t raw_size, raw_read, chunk_left;
    bool in_body, chunked;
};

/* `headers`: whole lines, or "". */
void stream_open(struct stream *stream, struct stage *stage, const char *path, const char *headers);
/* Another request than GET, with a body. */
void stream_send(struct stream *stream, struct stage *stage, const char *method, const char *path, const char *headers,
                 const char *body);
/* Reads until the text has `wanted` so many times. */
void stream_until(struct stream *stream, const char *wanted, size_t times);
/* Reads what there is for so long. */
void stream_read(struct stream *stream, int64_t us);
/* Reads until the server ends it. */
void stream_until_end(struct stream *stream);
size_t stream_count(const struct stream *stream, const char *wanted);
/* The data of the n-th event of that name, from 0, as a terminated text in a static buffer; NULL: none. */
const char *stream_data(const struct stream *stream, const char *event, size_t n);
void stream_close(struct stream *stream);
/* A bearer line for a caller. */
const char *stage_bearer(struct stage *stage, struct caller caller, int64_t token_id);

#endif
