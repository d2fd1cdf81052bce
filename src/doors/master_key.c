/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/master_key.h"

#include <stdio.h>

#include "base/os_random.h"
#include "base/secret_file.h"

void master_key_init(struct master_key *key, const uint8_t bytes[MASTER_KEY_SIZE])
{
    hmac_key_init(&key->key, bytes, MASTER_KEY_SIZE);
}

void master_key_wipe(struct master_key *key)
{
    hmac_key_wipe(&key->key);
}

void master_key_derive(const struct master_key *key, const char *label, uint8_t to[SHA256_SIZE])
{
    assert(label[0] != '\0');
    hmac_write(&key->key, label, strlen(label), to);
}

void master_key_derive_hmac(const struct master_key *key, const char *label, struct hmac_key *to)
{
    uint8_t bytes[SHA256_SIZE];
    master_key_derive(key, label, bytes);
    hmac_key_init(to, bytes, sizeof(bytes));
    explicit_bzero(bytes, sizeof(bytes));
}

static enum status key_load(const char *path, struct master_key *key, char *error, size_t error_size)
{
    uint8_t bytes[MASTER_KEY_SIZE];
    size_t size;
    enum status status = secret_file_read(path, bytes, sizeof(bytes), &size, error, error_size);
    if (status == STATUS_too_large || (status == STATUS_ok && size != sizeof(bytes))) {
        status = STATUS_bad_input;
        snprintf(error, error_size, "%s is not a key: it must have 32 bytes", path);
    } else if (status == STATUS_ok) {
        master_key_init(key, bytes);
    }
    explicit_bzero(bytes, sizeof(bytes));
    return status;
}

static enum status key_create(const char *path, char *error, size_t error_size)
{
    uint8_t bytes[MASTER_KEY_SIZE];
    os_random(bytes, sizeof(bytes));
    enum status status = secret_file_create(path, bytes, sizeof(bytes), error, error_size);
    explicit_bzero(bytes, sizeof(bytes));
    return status;
}

enum status master_key_open(const char *path, bool create, struct master_key *key, char *error,
                            size_t error_size)
{
    enum status status = key_load(path, key, error, error_size);
    if (status == STATUS_not_found && create) {
        status = key_create(path, error, error_size);
        if (status == STATUS_ok) {
            status = key_load(path, key, error, error_size);
        }
    }
    return status;
}
