/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses HTTP/1.1 answers (RFC 9112) piece by piece, in the buffer into which they were read. Pure: no I/O,
 * no memory of its own. Positions are kept as offsets, so the buffer may move between two calls.
 *
 * It is strict, because it also tests a server: lines end in CRLF, a header has a name of token characters
 * and a value without control characters, Content-Length is one plain number, the only transfer coding is
 * chunked, and never both. Interim answers (1xx) are skipped; 101 is malformed since nobody asked for it.
 */
#ifndef LOAD_HTTP_PARSE_H
#define LOAD_HTTP_PARSE_H

#include "base/span.h"

#define HTTP_HEAD_SIZE_MAX 32768 /* status line and headers, interim answers included; also any one line */
#define HTTP_INTERIM_COUNT_MAX 8

enum http_progress {
    HTTP_more,      /* not all of it is here; after the end of the stream: cut short */
    HTTP_done,      /* the answer is complete, its fields are valid */
    HTTP_malformed, /* this is no HTTP; the connection is of no further use */
    HTTP_too_large, /* it would pass the limit given at init */
};

struct http_parser {
    /* Valid after HTTP_done. */
    int status;                /* 200 .. 599 */
    bool keep;                 /* the connection may carry another request */
    size_t head_at, head_size; /* status line and headers, the empty line included */
    size_t body_at, body_size; /* chunks joined */
    size_t used;               /* bytes of this answer; what follows belongs to the next one */
    /* Internal. */
    size_t size_max;
    size_t at;   /* everything before is dealt with */
    size_t left; /* of the body or of a chunk */
    uint8_t phase;
    uint8_t interim_count;
    bool to_head;
    bool sized, chunked;
    bool old, close_asked, keep_asked;
};

/* `to_head`: the request was a HEAD, whose answer has no body. No answer is longer than `size_max` bytes. */
void http_parser_init(struct http_parser *parser, size_t size_max, bool to_head);
/*
 * `bytes` holds everything read since the answer began, `size` bytes, among them those of earlier calls as
 * the parser left them (it moves chunks together in place). `ended`: the peer will send no more.
 */
enum http_progress http_parse(struct http_parser *parser, char *bytes, size_t size, bool ended);

/* The value of the first header of that name (any case) in a head that was parsed; false when it has none. */
bool http_header(struct span head, struct span name, struct span *value);

#endif
