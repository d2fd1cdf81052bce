/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "load/http_parse.h"

#define SIZE_MAX_TESTED 4096

struct sample {
    const char *text;
    int status;
    const char *body;
    bool keep;
    bool to_head;
    bool until_close;
};

static const struct sample whole[] = {
    { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true, false, false },
    { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true, false, false },
    { "HTTP/1.1 200\r\ncontent-length:5 \r\n\r\nhello", 200, "hello", true, false, false },
    { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 200, "x", true, false, false },
    { "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", 503, "no",
      false, false, false },
    { "HTTP/1.1 200 OK\r\nConnection: foo , Close\r\nContent-Length: 0\r\n\r\n", 200, "", false, false,
      false },
    { "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", 200, "ab", false, false, false },
    { "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab", 200, "ab", true, false,
      false },
    { "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", 204, "", true, false, false },
    { "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, "", true, false, false },
    { "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 200, "", true, true, false },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n", 200,
      "hello!", true, false, false },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n00\r\nX-Sum: 1\r\nY: "
      "z\r\n\r\n",
      200, "0123456789", true, false, false },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", true, false, false },
    { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\n"
      "Content-Length: 3\r\n\r\nyes",
      201, "yes", true, false, false },
    { "HTTP/1.1 200 OK\r\n\r\neverything to the end", 200, "everything to the end", false, false, true },
    { "HTTP/1.1 200 OK\r\n\r\n", 200, "", false, false, true },
};

static const char *const malformed[] = {
    "HTTP/2 200 OK\r\n\r\n",
    "HTTP/1.2 200 OK\r\n\r\n",
    "http/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 099 No\r\n\r\n",
    "HTTP/1.1 600 No\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\n\n",
    "HTTP/1.1 200 O\001K\r\n\r\n",
    "HTTP/1.1 101 Switching\r\n\r\n",
    "HTTP/1.1 200 OK\r\nNoColon\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
    "HTTP/1.1 200 OK\r\nName : blank before the colon\r\n\r\n",
    "HTTP/1.1 200 OK\r\n folded: line\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999999\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 1\r\nx\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n",
};

static void check(const struct http_parser *parser, const char *bytes, const struct sample *sample)
{
    assert_int_equal(parser->status, sample->status);
    assert_int_equal(parser->keep, sample->keep);
    assert_int_equal(parser->body_size, strlen(sample->body));
    assert_memory_equal(bytes + parser->body_at, sample->body, parser->body_size);
    assert_int_equal(parser->used, strlen(sample->text));
    assert_memory_equal(bytes + parser->head_at, "HTTP/1.", 7);
    assert_memory_equal(bytes + parser->head_at + parser->head_size - 4, "\r\n\r\n", 4);
}

/* A new block of just the bytes that are there for each call: a read beyond them is found by the sanitizer.
 */
static enum http_progress parse_pieces(struct http_parser *parser, const char *text, const size_t *ends,
                                       size_t count, bool closes, char **bytes)
{
    enum http_progress progress = HTTP_more;
    size_t size = 0;
    *bytes = NULL;
    for (size_t i = 0; i < count && progress == HTTP_more; i++) {
        char *longer = malloc(ends[i] + (ends[i] == 0));
        assert_non_null(longer);
        if (size > 0) {
            memcpy(longer, *bytes, size);
        }
        memcpy(longer + size, text + size, ends[i] - size);
        free(*bytes);
        *bytes = longer;
        size = ends[i];
        progress = http_parse(parser, longer, size, false);
    }
    return progress == HTTP_more && closes ? http_parse(parser, *bytes, size, true) : progress;
}

static void answers_split_at_every_byte_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        const struct sample *sample = &whole[i];
        size_t size = strlen(sample->text);
        for (size_t a = 0; a <= size; a++) {
            for (size_t b = a; b <= size; b++) {
                const size_t ends[] = { a, b, size };
                struct http_parser parser;
                char *bytes;
                http_parser_init(&parser, SIZE_MAX_TESTED, sample->to_head);
                assert_int_equal(parse_pieces(&parser, sample->text, ends, 3, sample->until_close, &bytes),
                                 HTTP_done);
                check(&parser, bytes, sample);
                free(bytes);
            }
        }
    }
}

static void answers_byte_by_byte_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        const struct sample *sample = &whole[i];
        size_t ends[512];
        size_t size = strlen(sample->text);
        struct http_parser parser;
        char *bytes;
        assert_true(size < COUNT_OF(ends));
        for (size_t k = 0; k < size; k++) {
            ends[k] = k + 1;
        }
        http_parser_init(&parser, SIZE_MAX_TESTED, sample->to_head);
        assert_int_equal(parse_pieces(&parser, sample->text, ends, size, sample->until_close, &bytes),
                         HTTP_done);
        check(&parser, bytes, sample);
        free(bytes);
    }
}

static void what_is_malformed_is_refused_however_it_is_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        size_t size = strlen(malformed[i]);
        for (size_t a = 0; a <= size; a++) {
            const size_t ends[] = { a, size };
            struct http_parser parser;
            char *bytes;
            http_parser_init(&parser, SIZE_MAX_TESTED, false);
            assert_int_equal(parse_pieces(&parser, malformed[i], ends, 2, true, &bytes), HTTP_malformed);
            free(bytes);
        }
    }
}

/* Every beginning of an answer is unfinished, and stays so when the peer closes. */
static void what_is_cut_short_is_not_done(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        for (size_t a = 0; !whole[i].until_close && a < strlen(whole[i].text); a++) {
            struct http_parser parser;
            char *bytes;
            http_parser_init(&parser, SIZE_MAX_TESTED, whole[i].to_head);
            assert_int_equal(parse_pieces(&parser, whole[i].text, &a, 1, true, &bytes), HTTP_more);
            free(bytes);
        }
    }
}

static void the_next_answer_is_left_alone(void **state)
{
    char bytes[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
                   "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nb";
    struct http_parser parser;
    (void)state;
    http_parser_init(&parser, SIZE_MAX_TESTED, false);
    assert_int_equal(http_parse(&parser, bytes, sizeof bytes - 1, false), HTTP_done);
    size_t used = parser.used;
    http_parser_init(&parser, SIZE_MAX_TESTED, false);
    assert_int_equal(http_parse(&parser, bytes + used, sizeof bytes - 1 - used, false), HTTP_done);
    assert_int_equal(parser.status, 404);
    assert_int_equal(bytes[used + parser.body_at], 'b');
}

static void limits_hold(void **state)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\na\r\n1\r\na\r\n1\r\na\r\n1\r\na\r\n",
        "HTTP/1.1 200 OK\r\nA: 01234567890123456789012345678901234567890123456789012345678901234",
        "HTTP/1.1 200 OK\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123456789",
    };
    char bytes[256];
    struct http_parser parser;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        size_t size = strlen(texts[i]);
        memcpy(bytes, texts[i], size);
        http_parser_init(&parser, 70, false);
        assert_int_equal(http_parse(&parser, bytes, size, false), HTTP_too_large);
    }
}

static void heads_and_interim_answers_are_bounded(void **state)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    static const char line[] = "X-Filler: 0123456789\r\n";
    size_t room = HTTP_HEAD_SIZE_MAX * 2;
    char *bytes = malloc(room);
    struct http_parser parser;
    size_t size = 0;
    (void)state;
    assert_non_null(bytes);
    for (int i = 0; i <= HTTP_INTERIM_COUNT_MAX; i++, size += sizeof interim - 1) {
        memcpy(bytes + size, interim, sizeof interim - 1);
    }
    http_parser_init(&parser, room, false);
    assert_int_equal(http_parse(&parser, bytes, size, false), HTTP_malformed);
    memcpy(bytes, "HTTP/1.1 200 OK\r\n", 17);
    for (size = 17; size <= HTTP_HEAD_SIZE_MAX; size += sizeof line - 1) {
        memcpy(bytes + size, line, sizeof line - 1);
    }
    http_parser_init(&parser, room, false);
    assert_int_equal(http_parse(&parser, bytes, size, false), HTTP_too_large);
    memset(bytes, 'x', room);
    http_parser_init(&parser, room + 1, false);
    assert_int_equal(http_parse(&parser, bytes, room, false), HTTP_too_large);
    free(bytes);
}

static void headers_are_found_in_any_case(void **state)
{
    const struct span head =
        SPAN("HTTP/1.1 200 OK\r\nRetry-After:  7 \r\nX-Empty:\r\nretry-after: 8\r\n\r\n");
    struct span value;
    (void)state;
    assert_true(http_header(head, SPAN("RETRY-AFTER"), &value));
    assert_true(span_equal(value, SPAN("7")));
    assert_true(http_header(head, SPAN("x-empty"), &value));
    assert_int_equal(value.size, 0);
    assert_false(http_header(head, SPAN("Retry"), &value));
    assert_false(http_header(head, SPAN("HTTP/1.1 200 OK"), &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_split_at_every_byte_are_the_same),
        cmocka_unit_test(answers_byte_by_byte_are_the_same),
        cmocka_unit_test(what_is_malformed_is_refused_however_it_is_split),
        cmocka_unit_test(what_is_cut_short_is_not_done),
        cmocka_unit_test(the_next_answer_is_left_alone),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(heads_and_interim_answers_are_bounded),
        cmocka_unit_test(headers_are_found_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
