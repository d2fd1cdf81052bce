/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code 128, subset C (ISO/IEC 15417): pairs of digits as bars, which every laser scanner at a till reads.
 * Used for pay codes. Pure functions, no allocation, any thread.
 */
#ifndef TILL_BARCODE_H
#define TILL_BARCODE_H

#include "base/span.h"

#define BARCODE_DIGITS_MAX 40
#define BARCODE_QUIET_MODULES 10 /* blank on either side, which the standard requires */
/* Start, pairs and check are 11 modules each, stop is 13. */
#define BARCODE_MODULES_MAX (11 * (BARCODE_DIGITS_MAX / 2 + 2) + 13)
#define BARCODE_SVG_SIZE_MAX 4096

struct barcode {
    size_t module_count;
    uint8_t dark[BARCODE_MODULES_MAX]; /* 1 bar, 0 space; without the quiet zones */
};

/* STATUS_bad_input unless the digits are 2 to BARCODE_DIGITS_MAX, an even number of them. */
MUST_CHECK enum status barcode_make(struct span digits, struct barcode *barcode);

/*
 * One path on white, quiet zones included, two pixels a module and 50 modules high, terminated by a zero.
 * STATUS_too_large when `capacity` is too small; BARCODE_SVG_SIZE_MAX always suffices.
 */
MUST_CHECK enum status barcode_svg_write(const struct barcode *barcode, char *to, size_t capacity,
                                         size_t *size);

#endif
