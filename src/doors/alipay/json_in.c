/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/json_in.h"

struct json_reader {
    const char *at, *end;
    struct arena *arena;
    uint32_t values;
};

static void blanks_skip(struct json_reader *reader)
{
    while (reader->at < reader->end &&
           (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r')) {
        reader->at++;
    }
}

static bool take(struct json_reader *reader, char wanted)
{
    if (reader->at == reader->end || *reader->at != wanted) {
        return false;
    }
    reader->at++;
    return true;
}

static bool word_take(struct json_reader *reader, struct span word)
{
    if ((size_t)(reader->end - reader->at) < word.size || memcmp(reader->at, word.bytes, word.size) != 0) {
        return false;
    }
    reader->at += word.size;
    return true;
}

static bool digits_take(struct json_reader *reader)
{
    const char *begin = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') {
        reader->at++;
    }
    return reader->at > begin;
}

static bool number_take(struct json_reader *reader, struct span *text)
{
    const char *begin = reader->at;
    (void)take(reader, '-');
    if (!take(reader, '0') && !digits_take(reader)) {
        return false;
    }
    if (take(reader, '.') && !digits_take(reader)) {
        return false;
    }
    if (take(reader, 'e') || take(reader, 'E')) {
        (void)(take(reader, '+') || take(reader, '-'));
        if (!digits_take(reader)) {
            return false;
        }
    }
    *text = (struct span){ begin, (size_t)(reader->at - begin) };
    return true;
}

/* ---- texts ---- */

static bool hex4_take(struct json_reader *reader, uint32_t *unit)
{
    uint8_t bytes[2];
    if (reader->end - reader->at < 4) {
        return false;
    }
    char lower[4];
    for (size_t i = 0; i < 4; i++) {
        char digit = reader->at[i];
        lower[i] = (char)(digit >= 'A' && digit <= 'F' ? digit | 0x20 : digit);
    }
    if (!hex_read((struct span){ lower, 4 }, bytes, sizeof(bytes))) {
        return false;
    }
    *unit = (uint32_t)bytes[0] << 8 | bytes[1];
    reader->at += 4;
    return true;
}

static char *utf8_put(char *to, uint32_t point)
{
    if (point < 0x80) {
        *to++ = (char)point;
    } else if (point < 0x800) {
        *to++ = (char)(0xC0 | point >> 6);
        *to++ = (char)(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        *to++ = (char)(0xE0 | point >> 12);
        *to++ = (char)(0x80 | (point >> 6 & 0x3F));
        *to++ = (char)(0x80 | (point & 0x3F));
    } else {
        *to++ = (char)(0xF0 | point >> 18);
        *to++ = (char)(0x80 | (point >> 12 & 0x3F));
        *to++ = (char)(0x80 | (point >> 6 & 0x3F));
        *to++ = (char)(0x80 | (point & 0x3F));
    }
    return to;
}

/* What follows the backslash; at most four bytes for six. */
static bool escape_take(struct json_reader *reader, char **to)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    uint32_t point, low;
    if (reader->at == reader->end) {
        return false;
    }
    char name = *reader->at++;
    const char *found = name != '\0' ? strchr(names, name) : NULL;
    if (found != NULL) {
        *(*to)++ = meant[found - names];
        return true;
    }
    if (name != 'u' || !hex4_take(reader, &point) || point == 0 || (point >= 0xDC00 && point <= 0xDFFF)) {
        return false;
    }
    if (point >= 0xD800 && point <= 0xDBFF) {
        if (!take(reader, '\\') || !take(reader, 'u') || !hex4_take(reader, &low) || low < 0xDC00 || low > 0xDFFF) {
            return false;
        }
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    *to = utf8_put(*to, point);
    return true;
}

/* Whether the bytes are UTF-8; control characters are no matter here. */
static bool is_utf8(struct span text)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    for (size_t i = 0; i < text.size;) {
        unsigned char lead = (unsigned char)text.bytes[i];
        size_t size = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
        if (size == 0 || lead == 0 || text.size - i < size) {
            return false;
        }
        uint32_t point = size == 1 ? lead : lead & (0x7Fu >> size);
        for (size_t k = 1; k < size; k++) {
            unsigned char byte = (unsigned char)text.bytes[i + k];
            if ((byte & 0xC0) != 0x80) {
                return false;
            }
            point = point << 6 | (byte & 0x3F);
        }
        if (size > 1 && (point < least[size] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))) {
            return false;
        }
        i += size;
    }
    return true;
}

static bool text_take(struct json_reader *reader, struct span *text)
{
    if (!take(reader, '"')) {
        return false;
    }
    const char *begin = reader->at;
    bool plain = true;
    while (reader->at < reader->end && *reader->at != '"') {
        plain = plain && *reader->at != '\\';
        reader->at += *reader->at == '\\' && reader->at + 1 < reader->end ? 2 : 1;
    }
    if (reader->at >= reader->end) {
        return false;
    }
    const char *end = reader->at;
    *text = (struct span){ begin, (size_t)(end - begin) };
    if (!plain) {
        char *bytes = arena_try(reader->arena, text->size);
        char *to = bytes;
        if (bytes == NULL) {
            return false;
        }
        struct json_reader inner = { .at = begin, .end = end, .arena = reader->arena };
        while (inner.at < end) {
            char byte = *inner.at++;
            if (byte != '\\') {
                *to++ = byte;
            } else if (!escape_take(&inner, &to)) {
                return false;
            }
        }
        *text = (struct span){ bytes, (size_t)(to - bytes) };
    }
    reader->at++;
    return is_utf8(*text);
}

/* ---- values ---- */

static bool value_take(struct json_reader *reader, struct json_value *value, int depth);

static struct json_value *value_make(struct json_reader *reader)
{
    if (reader->values == JSON_IN_VALUES_MAX) {
        return NULL;
    }
    reader->values++;
    return arena_try(reader->arena, sizeof(struct json_value));
}

static bool name_is_new(const struct json_value *object, const struct json_value *member)
{
    for (const struct json_value *other = object->first; other != NULL; other = other->next) {
        if (other != member && span_equal(other->name, member->name)) {
            return false;
        }
    }
    return true;
}

/* Members or elements, up to the closing bracket. */
static bool inside_take(struct json_reader *reader, struct json_value *value, int depth)
{
    bool object = value->kind == JSON_object;
    char close = object ? '}' : ']';
    struct json_value **tail = &value->first;
    blanks_skip(reader);
    if (take(reader, close)) {
        return true;
    }
    do {
        struct json_value *child = value_make(reader);
        if (child == NULL || (object && value->count == JSON_IN_MEMBERS_MAX)) {
            return false;
        }
        blanks_skip(reader);
        if (object) {
            if (!text_take(reader, &child->name) || !name_is_new(value, child)) {
                return false;
            }
            blanks_skip(reader);
            if (!take(reader, ':')) {
                return false;
            }
        }
        if (!value_take(reader, child, depth + 1)) {
            return false;
        }
        *tail = child;
        tail = &child->next;
        value->count++;
        blanks_skip(reader);
    } while (take(reader, ','));
    return take(reader, close);
}

static bool value_take(struct json_reader *reader, struct json_value *value, int depth)
{
    blanks_skip(reader);
    const char *begin = reader->at;
    bool taken;
    if (reader->at == reader->end) {
        return false;
    }
    switch (*reader->at) {
    case '{':
    case '[':
        if (depth == JSON_IN_DEPTH_MAX) {
            return false;
        }
        value->kind = *reader->at++ == '{' ? JSON_object : JSON_list;
        taken = inside_take(reader, value, depth);
        break;
    case '"':
        value->kind = JSON_text;
        return text_take(reader, &value->text);
    case 't':
        value->kind = JSON_true;
        taken = word_take(reader, SPAN("true"));
        break;
    case 'f':
        value->kind = JSON_false;
        taken = word_take(reader, SPAN("false"));
        break;
    case 'n':
        value->kind = JSON_null;
        taken = word_take(reader, SPAN("null"));
        break;
    default:
        value->kind = JSON_number;
        return number_take(reader, &value->text);
    }
    value->text = (struct span){ begin, (size_t)(reader->at - begin) };
    return taken;
}

const struct json_value *json_in_read(struct span text, struct arena *arena)
{
    struct json_reader reader = { .at = text.bytes, .end = text.bytes + text.size, .arena = arena };
    if (text.size == 0) {
        return NULL;
    }
    struct json_value *value = value_make(&reader);
    if (value == NULL || !value_take(&reader, value, 0)) {
        return NULL;
    }
    blanks_skip(&reader);
    return reader.at == reader.end ? value : NULL;
}

const struct json_value *json_in_member(const struct json_value *object, const char *name)
{
    if (object == NULL || object->kind != JSON_object) {
        return NULL;
    }
    for (const struct json_value *member = object->first; member != NULL; member = member->next) {
        if (span_equal(member->name, span_of(name))) {
            return member->kind != JSON_null ? member : NULL;
        }
    }
    return NULL;
}

struct span json_in_plain(const struct json_value *value)
{
    bool plain = value != NULL && (value->kind == JSON_text || value->kind == JSON_number);
    return plain ? value->text : (struct span){ NULL, 0 };
}
