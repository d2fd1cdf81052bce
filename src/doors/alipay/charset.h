/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The charsets in which the protocol may be spoken. Inside, everything is UTF-8. GB2312 is a part of GBK, and
 * GBK of GB18030; a text that claims one of the smaller is read as what contains it, as others do, and written
 * with the characters of what it claims. Any thread; the result lies in the arena, or is the input where nothing
 * had to be changed.
 */
#ifndef DOORS_ALIPAY_CHARSET_H
#define DOORS_ALIPAY_CHARSET_H

#include "base/arena.h"
#include "base/span.h"

enum charset {
    CHARSET_utf_8,
    CHARSET_gbk,
    CHARSET_gb2312,
    CHARSET_gb18030,
};

/* "utf-8", "UTF8", "gbk", "GB2312", "GB18030" in any case. False: none of them. */
MUST_CHECK bool charset_read(struct span name, enum charset *charset);
/* "utf-8", "GBK", "GB2312", "GB18030". */
const char *charset_name(enum charset charset);

enum charset_error {
    CHARSET_ok,
    CHARSET_broken,   /* bytes that are no text of that charset */
    CHARSET_unmapped, /* a character that the charset does not have */
    CHARSET_no_room,  /* the arena is full */
};
const char *charset_error_text(enum charset_error error);

/* Reads text; the result is well-formed UTF-8. `*broken_at` gets the offset of what is broken. */
MUST_CHECK enum charset_error charset_decode(enum charset charset, struct span text, struct arena *arena,
                                             struct span *utf8, size_t *broken_at);
/*
 * Writes text, which is UTF-8. A character that the charset does not have becomes `instead` (an ASCII
 * character), or with 0 ends in CHARSET_unmapped.
 */
MUST_CHECK enum charset_error charset_encode(enum charset charset, struct span utf8, char instead,
                                             struct arena *arena, struct span *text);

#endif
