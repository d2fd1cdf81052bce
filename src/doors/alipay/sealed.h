/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that stand in a database, under a key derived from the master key: AES-256-GCM with a random nonce, bound to
 * the name that they stand under. Who reads the database without the master key learns their size. Any thread.
 *
 *   form   version (1 byte, 1), nonce (12), the encrypted bytes, tag (16)
 */
#ifndef DOORS_ALIPAY_SEALED_H
#define DOORS_ALIPAY_SEALED_H

#include "base/digest.h"
#include "base/span.h"

#define SEALED_KEY_LABEL "onetill sealed v1" /* for master_key_derive */
#define SEALED_KEY_SIZE SHA256_SIZE
#define SEALED_MORE 29 /* bytes that sealing adds */

/* `to` has room for text.size + SEALED_MORE. Returns the size. */
size_t sealed_write(const uint8_t key[SEALED_KEY_SIZE], const char *name, struct span text, uint8_t *to);
/* `to` has room for sealed.size. False: other bytes, another name, another key. */
MUST_CHECK bool sealed_read(const uint8_t key[SEALED_KEY_SIZE], const char *name, struct span sealed, char *to,
                            size_t *size);

#endif
