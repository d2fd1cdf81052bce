/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the parser of HTTP answers. The first byte says how the rest is split and ended. The same bytes in
 * one piece and in two must give the same result; each call sees a block of exactly the bytes that are there.
 */
#include <stdlib.h>

#include "load/http_parse.h"

#define ANSWER_SIZE_MAX 65536

struct result {
    enum http_progress progress;
    struct http_parser parser;
    char *bytes;
};

static struct result parse(const char *text, size_t first, size_t size, bool to_head, bool ended)
{
    struct result result = { .bytes = malloc(first + 1) };
    if (result.bytes == NULL) {
        abort();
    }
    http_parser_init(&result.parser, ANSWER_SIZE_MAX, to_head);
    memcpy(result.bytes, text, first);
    result.progress = http_parse(&result.parser, result.bytes, first, ended && first == size);
    if (first < size && result.progress == HTTP_more) {
        char *longer = malloc(size);
        if (longer == NULL) {
            abort();
        }
        memcpy(longer, result.bytes, first);
        memcpy(longer + first, text + first, size - first);
        free(result.bytes);
        result.bytes = longer;
        result.progress = http_parse(&result.parser, longer, size, ended);
    }
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const char *text = (const char *)data + 1;
    bool to_head = (data[0] & 1) != 0;
    bool ended = (data[0] & 2) != 0;
    size--;
    struct result whole = parse(text, size, size, to_head, ended);
    struct result split = parse(text, (size_t)(data[0] >> 2) * size / 64, size, to_head, ended);
    if (whole.progress == HTTP_done) {
        struct span value;
        struct span head = { whole.bytes + whole.parser.head_at, whole.parser.head_size };
        assert(whole.parser.used <= size);
        assert(whole.parser.body_at + whole.parser.body_size <= whole.parser.used);
        assert(whole.parser.head_at + whole.parser.head_size == whole.parser.body_at);
        assert(whole.parser.status >= 200 && whole.parser.status <= 599);
        (void)http_header(head, SPAN("Retry-After"), &value);
    }
    /* A limit may be met sooner when less was there; everything else must agree. */
    if (whole.progress != HTTP_too_large && split.progress != HTTP_too_large) {
        assert(whole.progress == split.progress);
        if (whole.progress == HTTP_done) {
            assert(whole.parser.status == split.parser.status && whole.parser.keep == split.parser.keep);
            assert(whole.parser.used == split.parser.used);
            assert(whole.parser.body_size == split.parser.body_size);
            assert(memcmp(whole.bytes + whole.parser.body_at, split.bytes + split.parser.body_at,
                          whole.parser.body_size) == 0);
        }
    }
    free(whole.bytes);
    free(split.bytes);
    return 0;
}
