/* SPDX-License-Identifier: Apache-2.0 */
#include "load/http_parse.h"

#include <strings.h>

enum phase {
    PHASE_status_line,
    PHASE_header,
    PHASE_body_sized,
    PHASE_body_until_close,
    PHASE_chunk_size,
    PHASE_chunk_data,
    PHASE_chunk_end,
    PHASE_trailer,
    PHASE_finished,
};

/* RFC 9110 5.6.2: the characters of a header's name. */
static const bool token_characters[256] = {
    ['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true, ['*'] = true,
    ['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true, ['`'] = true,  ['|'] = true,
    ['~'] = true, ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true,  ['5'] = true,
    ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true, ['A'] = true, ['B'] = true,  ['C'] = true,
    ['D'] = true, ['E'] = true, ['F'] = true, ['G'] = true, ['H'] = true, ['I'] = true,  ['J'] = true,
    ['K'] = true, ['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true,  ['Q'] = true,
    ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true,  ['X'] = true,
    ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true,  ['e'] = true,
    ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true,  ['l'] = true,
    ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true,  ['s'] = true,
    ['t'] = true, ['u'] = true, ['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true,  ['z'] = true,
};

void http_parser_init(struct http_parser *parser, size_t size_max, bool to_head)
{
    memset(parser, 0, sizeof *parser);
    parser->size_max = size_max;
    parser->to_head = to_head;
}

static bool same_word(struct span text, const char *word, size_t size)
{
    return text.size == size && strncasecmp(text.bytes, word, size) == 0;
}
#define IS_WORD(text, literal) same_word(text, literal, sizeof(literal) - 1)

static struct span trim_blanks(struct span text)
{
    while (text.size > 0 && (text.bytes[0] == ' ' || text.bytes[0] == '\t')) {
        text.bytes++;
        text.size--;
    }
    while (text.size > 0 && (text.bytes[text.size - 1] == ' ' || text.bytes[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

/* Takes the next whole line, without its CRLF. */
static enum http_progress line_take(struct http_parser *parser, const char *bytes, size_t size,
                                    struct span *line)
{
    const char *start = bytes + parser->at;
    const char *end = memchr(start, '\n', size - parser->at);
    if (end == NULL) {
        return size - parser->at > HTTP_HEAD_SIZE_MAX ? HTTP_too_large : HTTP_more;
    }
    size_t line_size = (size_t)(end - start);
    parser->at += line_size + 1;
    if (line_size == 0 || end[-1] != '\r') {
        return HTTP_malformed;
    }
    *line = (struct span){ start, line_size - 1 };
    return HTTP_done;
}

static bool text_is_clean(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

/* "HTTP/1.1 200 OK"; the reason and the blank before it may be missing. */
static bool status_line_read(struct http_parser *parser, struct span line)
{
    const char *b = line.bytes;
    if (line.size < 12 || memcmp(b, "HTTP/1.", 7) != 0 || (b[7] != '0' && b[7] != '1') || b[8] != ' ') {
        return false;
    }
    for (size_t i = 9; i < 12; i++) {
        if (b[i] < '0' || b[i] > '9') {
            return false;
        }
    }
    if (line.size > 12 && b[12] != ' ') {
        return false;
    }
    parser->old = b[7] == '0';
    parser->status = (b[9] - '0') * 100 + (b[10] - '0') * 10 + (b[11] - '0');
    return parser->status >= 100 && parser->status <= 599 && text_is_clean(line);
}

static bool content_length_read(struct http_parser *parser, struct span value)
{
    size_t length = 0;
    if (value.size == 0 || value.size > 15) {
        return false;
    }
    for (size_t i = 0; i < value.size; i++) {
        if (value.bytes[i] < '0' || value.bytes[i] > '9') {
            return false;
        }
        length = length * 10 + (size_t)(value.bytes[i] - '0');
    }
    if (parser->sized && length != parser->left) {
        return false;
    }
    parser->sized = true;
    parser->left = length;
    return true;
}

static void connection_read(struct http_parser *parser, struct span value)
{
    while (value.size > 0) {
        struct span option = trim_blanks(span_cut(value, ',', &value));
        if (IS_WORD(option, "close")) {
            parser->close_asked = true;
        } else if (IS_WORD(option, "keep-alive")) {
            parser->keep_asked = true;
        }
    }
}

static bool header_split(struct span line, struct span *name, struct span *value)
{
    size_t i = 0;
    while (i < line.size && token_characters[(unsigned char)line.bytes[i]]) {
        i++;
    }
    if (i == 0 || i == line.size || line.bytes[i] != ':') {
        return false;
    }
    *name = (struct span){ line.bytes, i };
    *value = (struct span){ line.bytes + i + 1, line.size - i - 1 };
    return true;
}

static bool header_read(struct http_parser *parser, struct span line)
{
    struct span name;
    struct span value;
    if (!header_split(line, &name, &value) || !text_is_clean(value)) {
        return false;
    }
    if (IS_WORD(name, "content-length")) {
        return content_length_read(parser, trim_blanks(value));
    }
    if (IS_WORD(name, "transfer-encoding")) {
        bool again = parser->chunked;
        parser->chunked = true;
        return !again && IS_WORD(trim_blanks(value), "chunked");
    }
    if (IS_WORD(name, "connection")) {
        connection_read(parser, value);
    }
    return true;
}

/* What kind of body follows the empty line (RFC 9112 6.3). */
static enum http_progress head_end(struct http_parser *parser)
{
    if (parser->chunked && (parser->sized || parser->old)) {
        return HTTP_malformed;
    }
    if (parser->status < 200) {
        if (parser->status == 101 || ++parser->interim_count > HTTP_INTERIM_COUNT_MAX) {
            return HTTP_malformed;
        }
        parser->sized = parser->chunked = parser->close_asked = parser->keep_asked = false;
        parser->head_at = parser->at;
        parser->phase = PHASE_status_line;
        return HTTP_more;
    }
    parser->head_size = parser->at - parser->head_at;
    parser->body_at = parser->at;
    parser->keep = parser->old ? parser->keep_asked && !parser->close_asked : !parser->close_asked;
    if (parser->to_head || parser->status == 204 || parser->status == 304) {
        parser->phase = PHASE_finished;
        return HTTP_done;
    }
    if (parser->chunked) {
        parser->phase = PHASE_chunk_size;
    } else if (parser->sized) {
        if (parser->left > parser->size_max || parser->at > parser->size_max - parser->left) {
            return HTTP_too_large;
        }
        parser->phase = PHASE_body_sized;
    } else {
        parser->keep = false;
        parser->phase = PHASE_body_until_close;
    }
    return HTTP_more;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "1a2b" or "1a2b;name=value", whose extension means nothing to us. */
static enum http_progress chunk_size_read(struct http_parser *parser, struct span line)
{
    size_t size = 0;
    size_t i = 0;
    for (; i < line.size && hex_digit(line.bytes[i]) >= 0; i++) {
        if (i >= 12) {
            return HTTP_too_large;
        }
        size = size * 16 + (size_t)hex_digit(line.bytes[i]);
    }
    struct span rest = trim_blanks((struct span){ line.bytes + i, line.size - i });
    if (i == 0 || (rest.size > 0 && rest.bytes[0] != ';') || !text_is_clean(rest)) {
        return HTTP_malformed;
    }
    if (size > parser->size_max || parser->at > parser->size_max - size) {
        return HTTP_too_large;
    }
    parser->left = size;
    parser->phase = size == 0 ? PHASE_trailer : PHASE_chunk_data;
    return HTTP_more;
}

static enum http_progress chunk_data_join(struct http_parser *parser, char *bytes, size_t size)
{
    size_t here = size - parser->at < parser->left ? size - parser->at : parser->left;
    memmove(bytes + parser->body_at + parser->body_size, bytes + parser->at, here);
    parser->at += here;
    parser->body_size += here;
    parser->left -= here;
    if (parser->left == 0) {
        parser->phase = PHASE_chunk_end;
    }
    return HTTP_more;
}

static enum http_progress line_read(struct http_parser *parser, struct span line)
{
    struct span name;
    struct span value;
    if (parser->phase == PHASE_status_line) {
        parser->phase = PHASE_header;
        return status_line_read(parser, line) ? HTTP_more : HTTP_malformed;
    }
    if (parser->phase == PHASE_header) {
        if (line.size == 0) {
            return head_end(parser);
        }
        return header_read(parser, line) ? HTTP_more : HTTP_malformed;
    }
    if (parser->phase == PHASE_chunk_size) {
        return chunk_size_read(parser, line);
    }
    if (parser->phase == PHASE_chunk_end) {
        parser->phase = PHASE_chunk_size;
        return line.size == 0 ? HTTP_more : HTTP_malformed;
    }
    assert(parser->phase == PHASE_trailer);
    if (line.size == 0) {
        parser->phase = PHASE_finished;
        return HTTP_done;
    }
    return header_split(line, &name, &value) && text_is_clean(value) ? HTTP_more : HTTP_malformed;
}

/* One step: a line, or the part of the body that is here. HTTP_more with no progress made means: read on. */
static enum http_progress step(struct http_parser *parser, char *bytes, size_t size, bool ended)
{
    struct span line;
    enum http_progress progress;
    if (parser->phase == PHASE_chunk_data) {
        return chunk_data_join(parser, bytes, size);
    }
    if (parser->phase == PHASE_body_sized) {
        if (size - parser->at < parser->left) {
            return HTTP_more;
        }
        parser->body_size = parser->left;
        parser->at += parser->left;
        parser->phase = PHASE_finished;
        return HTTP_done;
    }
    if (parser->phase == PHASE_body_until_close) {
        parser->body_size = size - parser->body_at;
        parser->at = size;
        parser->phase = ended ? PHASE_finished : parser->phase;
        return ended ? HTTP_done : HTTP_more;
    }
    progress = line_take(parser, bytes, size, &line);
    if (progress == HTTP_done) {
        bool in_head = parser->phase <= PHASE_header;
        progress = line_read(parser, line);
        if (in_head && parser->at > HTTP_HEAD_SIZE_MAX && progress != HTTP_malformed) {
            return HTTP_too_large;
        }
    }
    return progress;
}

enum http_progress http_parse(struct http_parser *parser, char *bytes, size_t size, bool ended)
{
    assert(parser->phase != PHASE_finished);
    assert(bytes != NULL && size >= parser->at);
    for (;;) {
        size_t at = parser->at;
        uint8_t phase = parser->phase;
        enum http_progress progress = step(parser, bytes, size, ended);
        if (progress == HTTP_done) {
            parser->used = parser->at;
            return parser->used <= parser->size_max ? HTTP_done : HTTP_too_large;
        }
        if (progress != HTTP_more) {
            return progress;
        }
        if (parser->at == at && parser->phase == phase) {
            break;
        }
    }
    return size >= parser->size_max ? HTTP_too_large : HTTP_more;
}

bool http_header(struct span head, struct span name, struct span *value)
{
    while (head.size > 0) {
        struct span found;
        struct span line = span_cut(head, '\n', &head);
        if (line.size > 0 && line.bytes[line.size - 1] == '\r') {
            line.size--;
        }
        if (header_split(line, &found, value) && found.size == name.size &&
            strncasecmp(found.bytes, name.bytes, name.size) == 0) {
            *value = trim_blanks(*value);
            return true;
        }
    }
    *value = (struct span){ NULL, 0 };
    return false;
}
