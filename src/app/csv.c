/* SPDX-License-Identifier: Apache-2.0 */
#include "app/csv.h"

void csv_init(struct csv *csv, struct span text)
{
    csv->at = text.bytes;
    csv->end = text.bytes + text.size;
    csv->line = 1;
    csv->from_line = 0;
    csv->wrong = NULL;
    csv->field_count = 0;
    if (text.size >= 3 && memcmp(text.bytes, "\xEF\xBB\xBF", 3) == 0) {
        csv->at += 3;
    }
}

static bool at_line_end(const struct csv *csv)
{
    return csv->at == csv->end || *csv->at == '\n' ||
           (*csv->at == '\r' && (csv->at + 1 == csv->end || csv->at[1] == '\n'));
}

static void line_end_skip(struct csv *csv)
{
    if (csv->at < csv->end && *csv->at == '\r') {
        csv->at++;
    }
    if (csv->at < csv->end) {
        csv->at++;
        csv->line++;
    }
}

static enum csv_status malformed(struct csv *csv, const char *begin, const char *wrong)
{
    csv->wrong = wrong;
    csv->at = begin;
    csv->line = csv->from_line;
    const char *line_end = memchr(begin, '\n', (size_t)(csv->end - begin));
    csv->at = line_end != NULL ? line_end + 1 : csv->end;
    csv->line += line_end != NULL;
    return CSV_malformed;
}

/* Appends a byte to the field that is being read. */
static bool room_add(struct csv *csv, size_t *used, char byte)
{
    if (*used == CSV_RECORD_SIZE_MAX) {
        return false;
    }
    csv->room[(*used)++] = byte;
    return true;
}

/* A field in quotes, from the opening one on; NULL, or what is wrong. */
static const char *quoted_read(struct csv *csv, size_t *used)
{
    for (csv->at++; csv->at < csv->end; csv->at++) {
        if (*csv->at == '"') {
            csv->at++;
            if (csv->at == csv->end || *csv->at != '"') {
                return at_line_end(csv) || *csv->at == ',' ? NULL : "there is text after a closing quote";
            }
        }
        csv->line += *csv->at == '\n';
        if (!room_add(csv, used, *csv->at)) {
            return "the record is too long, or a quote is never closed";
        }
    }
    return "a quote is never closed";
}

static const char *plain_read(struct csv *csv, size_t *used)
{
    for (; !at_line_end(csv) && *csv->at != ','; csv->at++) {
        if (*csv->at == '"') {
            return "there is a quote inside a field that is not quoted";
        }
        if (!room_add(csv, used, *csv->at)) {
            return "the record is too long";
        }
    }
    return NULL;
}

enum csv_status csv_next(struct csv *csv)
{
    size_t used = 0;
    csv->field_count = 0;
    csv->wrong = NULL;
    while (csv->at < csv->end && at_line_end(csv)) {
        line_end_skip(csv);
    }
    if (csv->at == csv->end) {
        return CSV_end;
    }
    const char *begin = csv->at;
    csv->from_line = csv->line;
    for (;;) {
        size_t from = used;
        if (csv->field_count == CSV_FIELDS_MAX) {
            return malformed(csv, begin, "the record has too many fields");
        }
        bool quoted = csv->at < csv->end && *csv->at == '"';
        const char *wrong = quoted ? quoted_read(csv, &used) : plain_read(csv, &used);
        if (wrong != NULL) {
            return malformed(csv, begin, wrong);
        }
        csv->fields[csv->field_count++] = (struct span){ csv->room + from, used - from };
        if (at_line_end(csv)) {
            line_end_skip(csv);
            return CSV_record;
        }
        csv->at++; /* the comma */
    }
}
