/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What our own pages have in common: one call of a command on the way to an answer, a JSON body in, a JSON
 * document out. Everything on the HTTP server's threads; memory is the request's arena.
 */
#ifndef DOORS_ALIPAY_PAGE_CALL_H
#define DOORS_ALIPAY_PAGE_CALL_H

#include "base/json_out.h"
#include "doors/http.h"
#include "doors/shape_json.h"
#include "engine/engine.h"

struct page_call {
    struct call call; /* request and answer are zeroed; the page fills the request in */
    struct http_request *http;
    void *context;
    /* On the server's thread, when the call was decided. NULL `refused`: a problem document says it. */
    void (*answered)(struct page_call *self);
    void (*refused)(struct page_call *self);
};

/* The request as the command's struct, to fill in. */
void *page_call_request(struct page_call *self);

/* NULL after it answered that there is no memory. `http->data` and `http->finish` are the call's from here on. */
MUST_CHECK struct page_call *page_call_make(struct http_request *http, const struct command *command,
                                            struct caller caller, void *context,
                                            void (*answered)(struct page_call *self));
/* Hands it to the engine; answers 503 when that is full. */
void page_call_submit(struct page_call *self, struct engine *engine);

/* A body of application/json into a zeroed struct; false after it answered what is wrong. */
MUST_CHECK bool page_body_read(struct http_request *http, const struct shape_plan *plan, void *to);

/* Answers 200 with a document that is kept by nobody; `extra` as in http_answer. */
void page_json_answer(struct http_request *http, const struct json_out *out, const struct http_header *extra,
                      size_t extra_count);
/* Answers with one of the built-in files of web/, under this status; asserts that it is there. */
void page_file_answer(struct http_request *http, int status, const char *path);

/* RFC 3339, UTC; 0 is null. */
void page_instant(struct json_out *out, const char *key, int64_t at_us);

#endif
