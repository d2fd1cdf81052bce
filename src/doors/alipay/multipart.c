/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/multipart.h"

#include <strings.h>

#define LINE_END SPAN("\r\n")
#define HEADER_END SPAN("\r\n\r\n")
#define DASHES SPAN("--")

static bool names_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || strncasecmp(a.bytes, b.bytes, a.size) == 0);
}

static bool starts_with(struct span text, struct span start)
{
    return text.size >= start.size && memcmp(text.bytes, start.bytes, start.size) == 0;
}

static struct span span_from(struct span text, size_t at)
{
    return (struct span){ text.bytes + at, text.size - at };
}

/* Splits at the first `mark`. */
static bool mark_find(struct span text, struct span mark, struct span *before, struct span *after)
{
    const char *found = text.size == 0 ? NULL : memmem(text.bytes, text.size, mark.bytes, mark.size);
    if (found == NULL) {
        return false;
    }
    *before = (struct span){ text.bytes, (size_t)(found - text.bytes) };
    *after = span_from(text, before->size + mark.size);
    return true;
}

/*
 * The next `; name=value` of a header; the value is a token or a quoted string, in which a backslash is a
 * character like others, except before a quote. False at the end; `*sound` tells whether it was a proper one.
 */
static bool attribute_next(struct span *text, struct span *name, struct span *value, bool *sound)
{
    struct span rest = span_trim(*text);

    *sound = true;
    if (rest.size == 0) {
        return false;
    }
    *sound = rest.bytes[0] == ';';
    if (!*sound) {
        return false;
    }
    rest = span_from(rest, 1);
    size_t equals = 0;
    while (equals < rest.size && rest.bytes[equals] != '=') {
        equals++;
    }
    if (equals == rest.size) {
        *sound = span_trim(rest).size == 0;
        return false;
    }
    *name = span_trim((struct span){ rest.bytes, equals });
    rest = span_from(rest, equals + 1);
    if (rest.size > 0 && rest.bytes[0] == '"') {
        size_t end = 1;
        while (end < rest.size && rest.bytes[end] != '"') {
            end += rest.bytes[end] == '\\' && end + 1 < rest.size && rest.bytes[end + 1] == '"' ? 2 : 1;
        }
        *sound = end < rest.size;
        if (!*sound) {
            return false;
        }
        *value = (struct span){ rest.bytes + 1, end - 1 };
        *text = span_from(rest, end + 1);
        return true;
    }
    size_t end = 0;
    while (end < rest.size && rest.bytes[end] != ';') {
        end++;
    }
    *value = span_trim((struct span){ rest.bytes, end });
    *text = span_from(rest, end);
    return true;
}

static struct span value_head(struct span header, struct span *attributes)
{
    struct span rest;
    struct span head = span_cut(header, ';', &rest);
    *attributes = span_from(header, head.size);
    return span_trim(head);
}

bool multipart_is(struct span content_type)
{
    struct span attributes;
    return names_equal(value_head(content_type, &attributes), SPAN("multipart/form-data"));
}

static bool boundary_find(struct span content_type, struct span *boundary)
{
    struct span attributes, name, value;
    bool sound;

    (void)value_head(content_type, &attributes);
    while (attribute_next(&attributes, &name, &value, &sound)) {
        if (names_equal(name, SPAN("boundary")) && value.size > 0 && value.size <= MULTIPART_BOUNDARY_MAX) {
            *boundary = value;
            return true;
        }
    }
    return false;
}

/* What follows a delimiter: two dashes behind the last part, else blanks and a line end. */
static bool delimiter_close(struct multipart *form)
{
    if (starts_with(form->rest, DASHES)) {
        form->last = true;
        return true;
    }
    while (form->rest.size > 0 && (form->rest.bytes[0] == ' ' || form->rest.bytes[0] == '\t')) {
        form->rest = span_from(form->rest, 1);
    }
    if (!starts_with(form->rest, LINE_END)) {
        return false;
    }
    form->rest = span_from(form->rest, LINE_END.size);
    return true;
}

bool multipart_begin(struct multipart *form, struct span content_type, struct span body)
{
    struct span boundary, preamble, after;

    *form = (struct multipart){ 0 };
    if (!multipart_is(content_type) || !boundary_find(content_type, &boundary)) {
        return false;
    }
    memcpy(form->delimiter, "\r\n--", 4);
    memcpy(form->delimiter + 4, boundary.bytes, boundary.size);
    form->delimiter_size = 4 + boundary.size;
    struct span delimiter = { form->delimiter, form->delimiter_size };
    if (starts_with(body, span_from(delimiter, LINE_END.size))) {
        after = span_from(body, form->delimiter_size - LINE_END.size);
    } else if (!mark_find(body, delimiter, &preamble, &after)) {
        return false;
    }
    form->rest = after;
    return delimiter_close(form);
}

static bool disposition_read(struct span value, struct multipart_part *part)
{
    struct span attributes, name, text;
    bool sound;

    if (!names_equal(value_head(value, &attributes), SPAN("form-data"))) {
        return false;
    }
    while (attribute_next(&attributes, &name, &text, &sound)) {
        if (names_equal(name, SPAN("name"))) {
            if (part->name.bytes != NULL) {
                return false;
            }
            part->name = text;
        } else if (names_equal(name, SPAN("filename")) || names_equal(name, SPAN("filename*"))) {
            part->file_name = text;
        }
    }
    return sound && part->name.bytes != NULL;
}

static bool headers_read(struct span headers, struct multipart_part *part)
{
    bool disposed = false;

    while (headers.size > 0) {
        struct span line, value;
        if (!mark_find(headers, LINE_END, &line, &headers)) {
            line = headers;
            headers = (struct span){ headers.bytes + headers.size, 0 };
        }
        struct span name = span_trim(span_cut(line, ':', &value));
        if (name.size == 0 || name.size == line.size) {
            return false;
        }
        value = span_trim(value);
        if (names_equal(name, SPAN("Content-Disposition"))) {
            if (disposed || !disposition_read(value, part)) {
                return false;
            }
            disposed = true;
        } else if (names_equal(name, SPAN("Content-Type"))) {
            part->content_type = value;
        } else if (names_equal(name, SPAN("Content-Transfer-Encoding"))) {
            if (!names_equal(value, SPAN("7bit")) && !names_equal(value, SPAN("8bit")) &&
                !names_equal(value, SPAN("binary"))) {
                return false;
            }
        }
    }
    return disposed;
}

bool multipart_next(struct multipart *form, struct multipart_part *part)
{
    struct span delimiter = { form->delimiter, form->delimiter_size };
    struct span headers, content;

    *part = (struct multipart_part){ 0 };
    if (form->last) {
        return true;
    }
    if (!mark_find(form->rest, HEADER_END, &headers, &form->rest) || headers.size > MULTIPART_HEADER_MAX ||
        !headers_read(headers, part)) {
        return false;
    }
    /* The content may be empty: then the line end before the delimiter is the one that ends the headers. */
    form->rest = (struct span){ form->rest.bytes - LINE_END.size, form->rest.size + LINE_END.size };
    if (!mark_find(form->rest, delimiter, &content, &form->rest)) {
        return false;
    }
    if (content.size < LINE_END.size) {
        part->content = (struct span){ content.bytes, 0 };
    } else {
        part->content = span_from(content, LINE_END.size);
    }
    return delimiter_close(form);
}
