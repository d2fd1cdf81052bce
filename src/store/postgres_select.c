/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres_select.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

static void text_add(struct select_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void text_add(struct select_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text->bytes + text->size, sizeof(text->bytes) - text->size, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof(text->bytes) - text->size) {
        text->failed = true;
        return;
    }
    text->size += (size_t)size;
}

static void text_begin(struct select_text *text)
{
    text->size = 0;
    text->binds = 0;
    text->failed = false;
    text->bytes[0] = '\0';
}

/* ---- translating ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static size_t word_size(const char *at)
{
    size_t size = 0;
    while (is_word(at[size])) {
        size++;
    }
    return size;
}

static bool word_is(const char *word, size_t size, const char *one)
{
    return strlen(one) == size && strncasecmp(word, one, size) == 0;
}

/* What may follow a table's name without being its alias. */
static bool is_keyword(const char *word, size_t size)
{
    static const char *const keywords[] = { "where", "order", "group",  "having", "limit", "join",      "left",
                                            "inner", "cross", "on",     "union",  "using", "intersect", "except",
                                            "full",  "right", "offset", "natural" };
    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (word_is(word, size, keywords[i])) {
            return true;
        }
    }
    return false;
}

static bool is_table(const struct table *const *tables, const char *word, size_t size)
{
    for (size_t i = 0; tables[i] != NULL; i++) {
        if (strlen(tables[i]->shape.name) == size && memcmp(tables[i]->shape.name, word, size) == 0) {
            return true;
        }
    }
    return false;
}

/* In quotes: up to the closing one. A doubled quote inside is two that follow each other. */
static const char *quoted_copy(struct select_text *text, const char *at)
{
    const char *end = strchr(at + 1, at[0]);
    if (end == NULL) {
        text->failed = true;
        return at + strlen(at);
    }
    text_add(text, "%.*s", (int)(end + 1 - at), at);
    return end + 1;
}

static void partitions_add(struct select_text *text, uint32_t partitions)
{
    if (partitions <= 1) {
        text_add(text, "p = 0");
        return;
    }
    for (uint32_t i = 0; i < partitions; i++) {
        text_add(text, "%s%u", i == 0 ? "p IN (" : ", ", i);
    }
    text_add(text, ")");
}

/* A table's name at `at`, as it stands behind FROM or JOIN; its alias is taken with it. */
static const char *table_copy(struct select_text *text, uint32_t partitions, const char *at)
{
    size_t size = word_size(at);
    const char *name = at, *alias = at;
    size_t alias_size = size;
    const char *next = at + size;
    while (is_blank(*next)) {
        next++;
    }
    size_t next_size = word_size(next);
    if (word_is(next, next_size, "as")) {
        for (next += next_size; is_blank(*next);) {
            next++;
        }
        next_size = word_size(next);
    }
    at += size;
    if (next_size > 0 && !is_keyword(next, next_size)) {
        alias = next;
        alias_size = next_size;
        at = next + next_size;
    }
    text_add(text, "(SELECT * FROM \"%.*s\" WHERE ", (int)size, name);
    partitions_add(text, partitions);
    text_add(text, ") AS \"%.*s\"", (int)alias_size, alias);
    return at;
}

void select_translate(struct select_text *text, const struct table *const *tables, uint32_t partitions,
                      const char *sql)
{
    bool named_next = false; /* the next word names what is read */
    text_begin(text);
    for (const char *at = sql; *at != '\0' && !text->failed;) {
        if (*at == '\'' || *at == '"') {
            named_next = false;
            at = quoted_copy(text, at);
        } else if (*at == '?') {
            text_add(text, "$%u", ++text->binds);
            at++;
        } else if (is_word(*at)) {
            size_t size = word_size(at);
            if (named_next && is_table(tables, at, size)) {
                at = table_copy(text, partitions, at);
                named_next = false;
                continue;
            }
            named_next = word_is(at, size, "from") || word_is(at, size, "join");
            text_add(text, "%.*s", (int)size, at);
            at += size;
        } else {
            named_next = named_next && is_blank(*at);
            text_add(text, "%c", *at++);
        }
    }
}

/* ---- scans ---- */

static void keys_add(struct select_text *text, const struct table *table)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        text_add(text, "%s\"%s\"", i == 0 ? "" : ", ", table->shape.columns[i].name);
    }
}

/* WHERE to LIMIT, of one partition. */
static void part_add(struct select_text *text, const struct table *table, uint32_t partition, enum select_from from,
                     uint32_t limit)
{
    text_add(text, " FROM \"%s\" WHERE p = %u", table->shape.name, partition);
    if (from != SELECT_from_first) {
        text_add(text, " AND (");
        keys_add(text, table);
        text_add(text, ") %s (", from == SELECT_from_key ? ">=" : ">");
        for (uint32_t i = 0; i < table->key_count; i++) {
            text_add(text, "%s$%u", i == 0 ? "" : ", ", i + 1);
        }
        text_add(text, ")");
        text->binds = table->key_count;
    }
    text_add(text, " ORDER BY ");
    keys_add(text, table);
    text_add(text, " LIMIT %u", limit);
}

static void row_add(struct select_text *text, const struct table *table)
{
    text_add(text, " FROM \"%s\" WHERE p = $%u", table->shape.name, table->key_count + 1);
    for (uint32_t i = 0; i < table->key_count; i++) {
        text_add(text, " AND \"%s\" = $%u", table->shape.columns[i].name, i + 1);
    }
    text->binds = table->key_count + 1;
}

void select_scan(struct select_text *text, const struct table *table, uint32_t partitions, enum select_from from,
                 uint32_t limit)
{
    text_begin(text);
    text_add(text, "SELECT ");
    for (uint32_t i = 0; i < table->shape.column_count; i++) {
        text_add(text, "%s\"%s\"", i == 0 ? "" : ", ", table->shape.columns[i].name);
    }
    if (from == SELECT_at_key) {
        row_add(text, table);
        return;
    }
    if (partitions <= 1) {
        part_add(text, table, 0, from, limit);
        return;
    }
    for (uint32_t i = 0; i < partitions; i++) {
        text_add(text, "%s(SELECT *", i == 0 ? " FROM (" : " UNION ALL ");
        part_add(text, table, i, from, limit);
        text_add(text, ")");
    }
    text_add(text, ") AS parts ORDER BY ");
    keys_add(text, table);
    text_add(text, " LIMIT %u", limit);
}
