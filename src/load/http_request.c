/* SPDX-License-Identifier: Apache-2.0 */
#include "load/http_request.h"

void http_request_init(struct http_request *request, char *bytes, size_t capacity)
{
    assert(bytes != NULL);
    *request = (struct http_request){ .bytes = bytes, .capacity = capacity };
}

void http_request_raw(struct http_request *request, struct span bytes)
{
    if (request->failed || request->capacity - request->size < bytes.size) {
        request->failed = true;
        return;
    }
    if (bytes.size > 0) {
        memcpy(request->bytes + request->size, bytes.bytes, bytes.size);
        request->size += bytes.size;
    }
}

void http_request_line(struct http_request *request, struct span method, struct span path)
{
    assert(request->size == 0);
    assert(path.size > 0 && path.bytes[0] == '/');
    request->to_head = span_equal(method, SPAN("HEAD"));
    http_request_raw(request, method);
    http_request_raw(request, SPAN(" "));
    http_request_raw(request, path);
    http_request_raw(request, SPAN(" HTTP/1.1\r\n"));
}

void http_request_header(struct http_request *request, struct span name, struct span value)
{
    http_request_raw(request, name);
    http_request_raw(request, SPAN(": "));
    http_request_raw(request, value);
    http_request_raw(request, SPAN("\r\n"));
}

void http_request_end(struct http_request *request)
{
    assert(request->length_at == 0);
    http_request_raw(request, SPAN("\r\n"));
}

char *http_request_body(struct http_request *request, size_t *capacity)
{
    /* Blanks before a header's value mean nothing (RFC 9110 5.5), so the number is written right-aligned. */
    const struct span header = SPAN("Content-Length:         0\r\n\r\n");
    assert(request->length_at == 0);
    http_request_raw(request, header);
    request->length_at = request->size - 5; /* just after the last digit */
    *capacity = request->failed ? 0 : request->capacity - request->size;
    if (*capacity > HTTP_BODY_SIZE_MAX) {
        *capacity = HTTP_BODY_SIZE_MAX;
    }
    return request->bytes + request->size;
}

void http_request_body_end(struct http_request *request, size_t size)
{
    if (request->failed) {
        return;
    }
    assert(request->length_at != 0);
    assert(size <= HTTP_BODY_SIZE_MAX && size <= request->capacity - request->size);
    char *digit = request->bytes + request->length_at;
    request->size += size;
    for (; size > 0; size /= 10) {
        *digit-- = (char)('0' + size % 10);
    }
}

void http_request_post(struct http_request *request, struct span head, struct span body)
{
    size_t capacity;
    http_request_raw(request, head);
    char *to = http_request_body(request, &capacity);
    if (body.size > capacity) {
        request->failed = true;
        return;
    }
    if (body.size > 0) {
        memcpy(to, body.bytes, body.size);
    }
    http_request_body_end(request, body.size);
}
