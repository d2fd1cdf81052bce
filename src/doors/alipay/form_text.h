/* SPDX-License-Identifier: Apache-2.0 */
/*
 * application/x-www-form-urlencoded, bytes to bytes. Pure, any thread; results lie in the arena or are the input
 * where nothing had to be changed.
 */
#ifndef DOORS_ALIPAY_FORM_TEXT_H
#define DOORS_ALIPAY_FORM_TEXT_H

#include "base/arena.h"
#include "base/span.h"

/*
 * '+' is a blank and %XX a byte, of any value. A '%' without two hex digits behind it stands for itself, as most
 * servers have it: whether that is what was meant, the signature tells. Bytes NULL when the arena is full.
 */
MUST_CHECK struct span form_decode(struct span text, struct arena *arena);

/* Room for the encoded text in the worst case. */
#define FORM_ENCODED_MAX(size) ((size)*3)
/* Letters, digits and "-_.*" as they are, a blank as '+', the rest as %XX. Returns the size; writes no zero. */
size_t form_encode(struct span text, char *to);

#endif
