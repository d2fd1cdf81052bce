/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes inside of a PEM block. More lenient than the format: people paste keys with their line ends lost,
 * doubled or never made, with the armour or without. Pure, any thread.
 */
#ifndef DOORS_ALIPAY_PEM_TEXT_H
#define DOORS_ALIPAY_PEM_TEXT_H

#include "base/span.h"

/*
 * The first block of the text, with its "-----BEGIN …-----" and "-----END …-----". `*rest` gets what follows.
 * False when there is none, or its end is missing.
 */
MUST_CHECK bool pem_block_next(struct span text, struct span *block, struct span *rest);

/*
 * The first block of a PEM text, or the whole of a text without armour, as bytes; blanks and line ends count for
 * nothing. False: not base64, nothing at all, or more than `capacity`.
 */
MUST_CHECK bool pem_text_read(struct span text, uint8_t *bytes, size_t capacity, size_t *size);

/* "CERTIFICATE" of "-----BEGIN CERTIFICATE-----"; empty when the block has none. */
struct span pem_block_label(struct span block);

#endif
