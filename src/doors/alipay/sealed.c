/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/sealed.h"

#include <openssl/evp.h>

#include "base/os_random.h"

#define VERSION 1
#define NONCE_SIZE 12
#define TAG_SIZE 16

static_assert(1 + NONCE_SIZE + TAG_SIZE == SEALED_MORE, "the form has these parts");

/* With the name as additional data. */
static EVP_CIPHER_CTX *begin(const uint8_t key[SEALED_KEY_SIZE], const char *name, const uint8_t *nonce, int encrypts)
{
    int size;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    assert(cipher != NULL);
    int ok = EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce, encrypts);
    assert(ok == 1);
    ok = EVP_CipherUpdate(cipher, NULL, &size, (const uint8_t *)name, (int)strlen(name));
    assert(ok == 1);
    return cipher;
}

size_t sealed_write(const uint8_t key[SEALED_KEY_SIZE], const char *name, struct span text, uint8_t *to)
{
    int size, more;
    assert(text.size <= INT32_MAX - SEALED_MORE);
    to[0] = VERSION;
    os_random(to + 1, NONCE_SIZE);
    EVP_CIPHER_CTX *cipher = begin(key, name, to + 1, 1);
    uint8_t *body = to + 1 + NONCE_SIZE;
    int ok = EVP_CipherUpdate(cipher, body, &size, (const uint8_t *)text.bytes, (int)text.size);
    assert(ok == 1);
    ok = EVP_CipherFinal_ex(cipher, body + size, &more);
    assert(ok == 1);
    assert((size_t)(size + more) == text.size);
    ok = EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, body + text.size);
    assert(ok == 1);
    EVP_CIPHER_CTX_free(cipher);
    return text.size + SEALED_MORE;
}

bool sealed_read(const uint8_t key[SEALED_KEY_SIZE], const char *name, struct span sealed, char *to, size_t *size)
{
    uint8_t tag[TAG_SIZE];
    int body_size, more;
    if (sealed.size < SEALED_MORE || sealed.size > INT32_MAX || sealed.bytes[0] != VERSION) {
        return false;
    }
    const uint8_t *bytes = (const uint8_t *)sealed.bytes;
    *size = sealed.size - SEALED_MORE;
    memcpy(tag, bytes + sealed.size - TAG_SIZE, TAG_SIZE);
    EVP_CIPHER_CTX *cipher = begin(key, name, bytes + 1, 0);
    bool holds = EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1 &&
                 EVP_CipherUpdate(cipher, (uint8_t *)to, &body_size, bytes + 1 + NONCE_SIZE, (int)*size) == 1 &&
                 EVP_CipherFinal_ex(cipher, (uint8_t *)to + body_size, &more) == 1;
    EVP_CIPHER_CTX_free(cipher);
    if (!holds) {
        explicit_bzero(to, *size);
        *size = 0;
    }
    return holds;
}
