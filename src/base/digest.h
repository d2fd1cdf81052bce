/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests, message authentication and their text forms, all pure functions: no state, no allocation, no
 * failure, any thread. A payment calls these three to five times, so a key that is used again is prepared
 * once as a `struct hmac_key`, a plain value that may be copied and read by many threads at once. It is a
 * secret like the key it was made from: wipe it with hmac_key_wipe where it does not live to the end of
 * the process.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/span.h"

#define SHA1_SIZE 20
#define SHA256_SIZE 32

void sha256_write(const void *message, size_t size, uint8_t to[SHA256_SIZE]);

/* The two half-finished SHA-256 states that HMAC (RFC 2104) makes from a key. */
struct hmac_key {
    uint32_t inner[8];
    uint32_t outer[8];
};

void hmac_key_init(struct hmac_key *key, const void *bytes, size_t size);
void hmac_key_wipe(struct hmac_key *key);

/* HMAC-SHA-256. */
void hmac_write(const struct hmac_key *key, const void *message, size_t size, uint8_t to[SHA256_SIZE]);
/* The same over the parts in a row, so that a long body need not be copied behind its header. */
void hmac_write_parts(const struct hmac_key *key, const struct span *parts, size_t count,
                      uint8_t to[SHA256_SIZE]);

/* HMAC-SHA-1, only for protocols that prescribe it (RFC 4226, RFC 6238 by default). */
void hmac_sha1_write(const void *key, size_t key_size, const void *message, size_t size,
                     uint8_t to[SHA1_SIZE]);

/* Whether the bytes are equal, in a time that does not depend on where they differ. */
MUST_CHECK bool digest_equal(const void *a, const void *b, size_t size);

/*
 * Text forms of RFC 4648. The writers put the text and a terminating zero into `to`, which holds
 * …_SIZE(size) bytes, and return the text's size without the zero. The readers are strict: only the
 * alphabet, only the one spelling a writer makes (unused bits are zero), no blanks. They return false for
 * anything else, and when there are more than `capacity` bytes; `*size` is set on success only.
 */
#define BASE32_SIZE(size) (((size)*8 + 4) / 5 + 1)
#define BASE64_SIZE(size) (((size) + 2) / 3 * 4 + 1)
#define BASE64URL_SIZE(size) (((size)*8 + 5) / 6 + 1)

/* Upper case, without padding: the form otpauth:// wants. */
size_t base32_write(const uint8_t *bytes, size_t size, char *to);
MUST_CHECK bool base32_read(struct span text, uint8_t *bytes, size_t capacity, size_t *size);
/* With padding, which is required. */
size_t base64_write(const uint8_t *bytes, size_t size, char *to);
MUST_CHECK bool base64_read(struct span text, uint8_t *bytes, size_t capacity, size_t *size);
/* '-' and '_' for '+' and '/', without padding, which is refused. */
size_t base64url_write(const uint8_t *bytes, size_t size, char *to);
MUST_CHECK bool base64url_read(struct span text, uint8_t *bytes, size_t capacity, size_t *size);

#endif
