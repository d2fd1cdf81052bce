/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON (RFC 8259) into a buffer of the caller's, front to back. Sticky: after the buffer is full
 * nothing more is written and `json_out_end` says so; there is nothing to check in between. Commas are
 * placed by the writer. Keys are ASCII literals; texts are escaped.
 */
#ifndef BASE_JSON_OUT_H
#define BASE_JSON_OUT_H

#include "base/span.h"

struct json_out {
    char *bytes;
    size_t size;     /* written so far */
    size_t capacity;
    bool failed;     /* something did not fit */
    bool comma;      /* the next member or element needs one before it */
};

void json_out_init(struct json_out *out, char *bytes, size_t capacity);
void json_out_object(struct json_out *out); /* { */
void json_out_object_end(struct json_out *out);
void json_out_array(struct json_out *out); /* [ */
void json_out_array_end(struct json_out *out);
void json_out_key(struct json_out *out, const char *key);
void json_out_text(struct json_out *out, struct span text);
void json_out_i64(struct json_out *out, int64_t value);
/* A 64-bit id as a JSON string, because numbers beyond 2^53 are not safe in every client. */
void json_out_id(struct json_out *out, int64_t value);
void json_out_bool(struct json_out *out, bool value);
void json_out_null(struct json_out *out);
/* Bytes that are JSON already. */
void json_out_raw(struct json_out *out, struct span json);
/* What was written; size 0 when something did not fit. */
struct span json_out_end(const struct json_out *out);

#endif
