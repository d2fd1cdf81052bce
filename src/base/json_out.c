/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_out.h"

void json_out_init(struct json_out *out, char *bytes, size_t capacity)
{
    *out = (struct json_out){ .bytes = bytes, .capacity = capacity };
}

static void put(struct json_out *out, const char *bytes, size_t size)
{
    if (out->failed || out->capacity - out->size < size) {
        out->failed = true;
        return;
    }
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void value_begin(struct json_out *out)
{
    if (out->comma) {
        put(out, ",", 1);
    }
    out->comma = true;
}

void json_out_object(struct json_out *out)
{
    value_begin(out);
    put(out, "{", 1);
    out->comma = false;
}

void json_out_object_end(struct json_out *out)
{
    put(out, "}", 1);
    out->comma = true;
}

void json_out_array(struct json_out *out)
{
    value_begin(out);
    put(out, "[", 1);
    out->comma = false;
}

void json_out_array_end(struct json_out *out)
{
    put(out, "]", 1);
    out->comma = true;
}

void json_out_key(struct json_out *out, const char *key)
{
    value_begin(out);
    put(out, "\"", 1);
    put(out, key, strlen(key));
    put(out, "\":", 2);
    out->comma = false;
}

static void put_escape(struct json_out *out, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char wide[] = { '\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15] };
    switch (byte) {
    case '"':
        put(out, "\\\"", 2);
        break;
    case '\\':
        put(out, "\\\\", 2);
        break;
    case '\n':
        put(out, "\\n", 2);
        break;
    default:
        put(out, wide, sizeof(wide));
    }
}

void json_out_text(struct json_out *out, struct span text)
{
    value_begin(out);
    put(out, "\"", 1);
    size_t plain = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];
        if (byte < 0x20 || byte == '"' || byte == '\\') {
            put(out, text.bytes + plain, i - plain);
            put_escape(out, byte);
            plain = i + 1;
        }
    }
    if (text.size > plain) {
        put(out, text.bytes + plain, text.size - plain);
    }
    put(out, "\"", 1);
}

static void put_i64(struct json_out *out, int64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        put(out, "-", 1);
    }
    put(out, digits + at, sizeof(digits) - at);
}

void json_out_i64(struct json_out *out, int64_t value)
{
    value_begin(out);
    put_i64(out, value);
}

void json_out_id(struct json_out *out, int64_t value)
{
    value_begin(out);
    put(out, "\"", 1);
    put_i64(out, value);
    put(out, "\"", 1);
}

void json_out_bool(struct json_out *out, bool value)
{
    value_begin(out);
    put(out, value ? "true" : "false", value ? 4 : 5);
}

void json_out_null(struct json_out *out)
{
    value_begin(out);
    put(out, "null", 4);
}

void json_out_raw(struct json_out *out, struct span json)
{
    value_begin(out);
    put(out, json.bytes, json.size);
}

struct span json_out_end(const struct json_out *out)
{
    return (struct span){ out->bytes, out->failed ? 0 : out->size };
}
