/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text by value: a pointer and a size, no terminator, not owned. Texts inside rows and requests are
 * fixed arrays with a terminating zero (`char name[64]` holds at most 63 bytes, UTF-8).
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include "base/base.h"

struct span {
    const char *bytes;
    size_t size;
};

#define SPAN(literal) ((struct span){ (literal), sizeof(literal) - 1 })

struct span span_of(const char *terminated);
bool span_equal(struct span a, struct span b);

/* The part before the first `separator`; `*rest` gets what follows it (empty when there is none). */
struct span span_cut(struct span text, char separator, struct span *rest);
struct span span_trim(struct span text);

/* Decimal integer with an optional minus sign and nothing else around it. */
MUST_CHECK bool span_to_i64(struct span text, int64_t *value);

/* Copies into a fixed array and terminates it. False, with `to` untouched, when it does not fit. */
MUST_CHECK bool span_copy(struct span text, char *to, size_t capacity);

/* Whether the bytes are well-formed UTF-8 (RFC 3629) without control characters below U+0020. */
bool span_is_text(struct span text);

/* `2 * size` lower-case hex digits and a terminating zero into `to`. */
void hex_write(const uint8_t *bytes, size_t size, char *to);
MUST_CHECK bool hex_read(struct span text, uint8_t *bytes, size_t size);

#endif
