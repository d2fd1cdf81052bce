/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads JSON (RFC 8259) into a tree in an arena. Numbers stay the text that they are: an amount is never a
 * floating-point number here. Texts are decoded (escapes, surrogate pairs) and must be UTF-8 without U+0000;
 * other control characters are taken, because clients send them. One thread at a time; the tree points into the
 * text and the arena.
 *
 * Bounded: JSON_IN_DEPTH_MAX deep, JSON_IN_VALUES_MAX values. A name that stands twice in an object makes the
 * text wrong: what one reader takes for the amount must be what every reader takes for it.
 */
#ifndef DOORS_ALIPAY_JSON_IN_H
#define DOORS_ALIPAY_JSON_IN_H

#include "base/arena.h"
#include "base/span.h"

#define JSON_IN_DEPTH_MAX 12
#define JSON_IN_VALUES_MAX 8192
#define JSON_IN_MEMBERS_MAX 256 /* of one object */

enum json_kind {
    JSON_null,
    JSON_false,
    JSON_true,
    JSON_number,
    JSON_text,
    JSON_object,
    JSON_list,
};

struct json_value {
    enum json_kind kind;
    struct span name; /* in an object; decoded */
    struct span text; /* of a text decoded, of a number as it stands, of the others all of it */
    uint32_t count;   /* members or elements */
    struct json_value *first, *next;
};

/* NULL: not JSON, beyond a limit, or the arena is full. */
MUST_CHECK const struct json_value *json_in_read(struct span text, struct arena *arena);
/* NULL: no such member, or `object` is none (it may be NULL). A member that is null counts as not there. */
const struct json_value *json_in_member(const struct json_value *object, const char *name);
/* Text or number as its text; empty (bytes NULL) when it is neither. */
struct span json_in_plain(const struct json_value *value);

#endif
