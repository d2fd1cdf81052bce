/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one secret that everything else is derived from: tokens, pay code secrets, webhook secrets, cursors.
 * 32 random bytes in a file beside the store, readable by its owner only. It is made at the first start and
 * never changed: without it, or with another, every token and pay code that was handed out is void. Back it
 * up with the store, but not in the same place.
 *
 * Any thread; nothing is kept here. Wipe a key with master_key_wipe where it does not live to the end of the
 * process.
 */
#ifndef DOORS_MASTER_KEY_H
#define DOORS_MASTER_KEY_H

#include "base/digest.h"

#define MASTER_KEY_SIZE 32

struct master_key {
    struct hmac_key key;
};

/*
 * Reads the key at `path`; makes it first when there is none and `create` says so. The file appears under
 * its name only when it is whole and durable. STATUS_not_found: there is none. STATUS_bad_input: it is not
 * 32 bytes, no plain file, or others than its owner may read or write it. STATUS_fault: the disk. The
 * reason is put into `error` as a sentence.
 */
MUST_CHECK enum status master_key_open(const char *path, bool create, struct master_key *key, char *error,
                                       size_t error_size);
/* For tests and sandboxes: the key that these bytes make. */
void master_key_init(struct master_key *key, const uint8_t bytes[MASTER_KEY_SIZE]);
void master_key_wipe(struct master_key *key);

/* The label of the key that pay code secrets are made from: also for those who play phones. */
#define MASTER_LABEL_PAY_CODES "onetill pay codes v1"

/* HMAC-SHA-256(master, label). A label names one use, for good: "onetill tokens v1". */
void master_key_derive(const struct master_key *key, const char *label, uint8_t to[SHA256_SIZE]);
/* The same, prepared for HMAC. */
void master_key_derive_hmac(const struct master_key *key, const char *label, struct hmac_key *to);

#endif
