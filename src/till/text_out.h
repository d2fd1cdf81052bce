/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside till only: writes text into a buffer of the caller's, front to back. Sticky: once something did
 * not fit nothing more is written and `failed` says so; there is nothing to check in between. The buffer
 * always ends with a zero, which takes one byte of the capacity.
 */
#ifndef TILL_TEXT_OUT_H
#define TILL_TEXT_OUT_H

#include "base/span.h"

struct text_out {
    char *bytes;
    size_t size; /* written so far, without the zero */
    size_t capacity;
    bool failed;
};

static inline struct text_out text_out_begin(char *bytes, size_t capacity)
{
    if (capacity > 0) {
        bytes[0] = '\0';
    }
    return (struct text_out){ .bytes = bytes, .capacity = capacity, .failed = capacity == 0 };
}

static inline void text_out_span(struct text_out *out, struct span text)
{
    if (out->failed || text.size >= out->capacity - out->size) {
        out->failed = true;
        return;
    }
    if (text.size > 0) {
        memcpy(out->bytes + out->size, text.bytes, text.size);
    }
    out->size += text.size;
    out->bytes[out->size] = '\0';
}

static inline void text_out_literal(struct text_out *out, const char *terminated)
{
    text_out_span(out, span_of(terminated));
}

/* Decimal, filled up with zeros in front to `digits_min` digits (at most 20). */
static inline void text_out_number(struct text_out *out, uint64_t number, size_t digits_min)
{
    char digits[20];
    size_t count = 0;

    assert(digits_min <= sizeof(digits));
    do {
        digits[sizeof(digits) - ++count] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || count < digits_min);
    text_out_span(out, (struct span){ digits + sizeof(digits) - count, count });
}

/* What was written; size 0 when something did not fit. */
static inline struct span text_out_end(const struct text_out *out)
{
    return (struct span){ out->bytes, out->failed ? 0 : out->size };
}

#endif
