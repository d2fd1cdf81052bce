/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an HTTP/1.1 request into a buffer of the caller's, front to back, without copying the body twice.
 * Sticky: what does not fit sets `failed` and the rest does nothing. Order: line, headers, then either
 * http_request_end (no body) or http_request_body and http_request_body_end. Headers that are the same for
 * many requests are written once into a text and added with http_request_raw: whole lines, each with CRLF.
 *
 * Texts are written as they are: the caller passes no CR or LF in a path or value.
 */
#ifndef LOAD_HTTP_REQUEST_H
#define LOAD_HTTP_REQUEST_H

#include "base/span.h"

#define HTTP_BODY_SIZE_MAX 99999999 /* eight digits are kept free for Content-Length */

struct http_request {
    char *bytes;
    size_t capacity;
    size_t size;
    size_t length_at; /* where Content-Length is patched in; 0 before http_request_body */
    bool to_head;     /* a HEAD request: its answer has no body */
    bool failed;
};

void http_request_init(struct http_request *request, char *bytes, size_t capacity);
/* "POST", "/v1/trades". */
void http_request_line(struct http_request *request, struct span method, struct span path);
void http_request_header(struct http_request *request, struct span name, struct span value);
void http_request_raw(struct http_request *request, struct span bytes);
/* No body follows. */
void http_request_end(struct http_request *request);
/*
 * Opens the body and tells where to write it and how much fits (0 after a failure; the pointer is never
 * NULL). http_request_body_end says how much was written.
 */
char *http_request_body(struct http_request *request, size_t *capacity);
void http_request_body_end(struct http_request *request, size_t size);
/* A whole request: `head` is what http_request_line, _header and _raw would write, made once. */
void http_request_post(struct http_request *request, struct span head, struct span body);

#endif
