/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/qr.svg?text=… and /v1/qr.png?text=…: a QR code of any text, for whoever has a token. Drawn on the
 * server's thread, beside the deciding one: QR_TEXT_MAX bounds what one may cost (a millisecond or two).
 *
 *     level=low|medium|quarter|high    how much of the picture may be lost; medium
 *     scale=1..16                      pixels of a module, PNG only; 8
 */
#ifndef DOORS_QR_PAGES_H
#define DOORS_QR_PAGES_H

#include "doors/rest/rest.h"

#define QR_TEXT_MAX 512 /* bytes: every pay URL and EMVCo payload */
#define QR_PAGE_COUNT 2

extern const struct rest_page qr_pages[QR_PAGE_COUNT];

#endif
