/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QR code (ISO/IEC 18004) of any text, as SVG or PNG, into the caller's buffer. Digits and capitals are
 * packed, everything else goes in byte by byte as UTF-8. Four modules of quiet zone all round. libqrencode
 * and zlib allocate and free inside; any thread.
 *
 * Both writers fail with STATUS_bad_input for a payload that is empty or not text, STATUS_too_large when the
 * payload has more than QR_PAYLOAD_MAX bytes or the image does not fit into the buffer, STATUS_fault when
 * memory runs out.
 */
#ifndef TILL_QR_IMAGE_H
#define TILL_QR_IMAGE_H

#include "base/span.h"

#define QR_PAYLOAD_MAX 1024 /* bytes: version 33 (149 modules) at level H, 24 (113 modules) at level M */
#define QR_QUIET_MODULES 4
#define QR_SCALE_MAX 32
/* Enough for any payload of EMVCO_SIZE_MAX bytes or any pay URL at level M, PNG with a scale up to 8. */
#define QR_SVG_SIZE_COMMON 65536
#define QR_PNG_SIZE_COMMON 16384

/* How much of the picture may be lost. */
enum qr_level {
    QR_LEVEL_medium,  /* 15 %, the default */
    QR_LEVEL_low,     /* 7 % */
    QR_LEVEL_quarter, /* 25 % */
    QR_LEVEL_high,    /* 30 %: for stickers on counters */
};

/* One path on white, a module is 1 unit of the viewBox; terminated by a zero. */
MUST_CHECK enum status qr_svg_write(struct span payload, enum qr_level level, char *to, size_t capacity,
                                    size_t *size);
/* One bit a pixel; a module is `scale` (1 .. QR_SCALE_MAX) pixels wide and high. */
MUST_CHECK enum status qr_png_write(struct span payload, enum qr_level level, int scale, uint8_t *to,
                                    size_t capacity, size_t *size);

#endif
