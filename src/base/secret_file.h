/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small file that only its owner may read: a master key, private keys. Any thread; nothing is kept. When a call
 * does not end in STATUS_ok, `error` gets the reason as a sentence that names the file.
 */
#ifndef BASE_SECRET_FILE_H
#define BASE_SECRET_FILE_H

#include "base/base.h"

/*
 * The whole file. STATUS_not_found: there is none. STATUS_bad_input: it is no plain file, belongs to somebody
 * else, or others may read or write it. STATUS_too_large: it has more than `capacity` bytes. STATUS_fault: the
 * disk. Symbolic links are not followed. Wipe the bytes after use.
 */
MUST_CHECK enum status secret_file_read(const char *path, void *bytes, size_t capacity, size_t *size, char *error,
                                        size_t error_size);

/*
 * Makes the file, mode 0600. It appears under its name only when it is whole and durable: a crash leaves no half
 * file behind. Should it be there already, because another process was first, that one stays and the status is
 * STATUS_ok: read it to learn which it is.
 */
MUST_CHECK enum status secret_file_create(const char *path, const void *bytes, size_t size, char *error,
                                          size_t error_size);

#endif
