/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/digest.h"
#include "doors/alipay/pem_text.h"

#define SIGNATURE_SIZE_MAX (ALIPAY_KEY_BITS_MAX / 8)
#define EXPONENT_BITS_MAX 64 /* a larger one would make each verification dear for us, and helps nobody */
#define AES_BLOCK_SIZE 16

static_assert(ALIPAY_SIGNATURE_TEXT_SIZE >= BASE64_SIZE(SIGNATURE_SIZE_MAX),
              "a signature of the largest key");
static_assert(ALIPAY_AES_KEY_TEXT_SIZE == BASE64_SIZE(ALIPAY_AES_KEY_SIZE), "one text size");

/* libcrypto fails here only without memory: no answer may go out unsigned, so the process stops. */
static void step_worked(int result)
{
    assert(result > 0);
}

bool alipay_digest_read(struct span sign_type, enum alipay_digest *digest)
{
    for (int i = 0; i < ALIPAY_DIGEST_COUNT; i++) {
        if (span_equal(sign_type, alipay_digest_name((enum alipay_digest)i))) {
            *digest = (enum alipay_digest)i;
            return true;
        }
    }
    return false;
}

struct span alipay_digest_name(enum alipay_digest digest)
{
    return digest == ALIPAY_RSA ? SPAN("RSA") : SPAN("RSA2");
}

const char *alipay_key_error_text(enum alipay_key_error error)
{
    switch (error) {
    case ALIPAY_KEY_ok:
        return "the key is good";
    case ALIPAY_KEY_unreadable:
        return "this is neither PEM nor base64 of a key or certificate";
    case ALIPAY_KEY_not_rsa:
        return "this key is not an RSA key";
    case ALIPAY_KEY_too_small:
        return "the key has too few bits: make one of 2048";
    case ALIPAY_KEY_too_large:
        return "the key is too large: make one of 2048 bits";
    case ALIPAY_KEY_is_private:
        return "this is a private key: keep it, and give the public key that belongs to it";
    case ALIPAY_KEY_is_public:
        return "this is a public key, the private one is wanted";
    case ALIPAY_KEY_weak:
        return "the key is weak: its exponent or modulus is not one that a key generator makes";
    }
    assert(!"an error of the list");
    return "";
}

/* ---- keys ---- */

static const EVP_MD *md_of(enum alipay_digest digest)
{
    return digest == ALIPAY_RSA ? EVP_sha1() : EVP_sha256();
}

static EVP_PKEY_CTX *context_make(EVP_PKEY *handle, bool to_sign, enum alipay_digest digest)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(handle, NULL);
    assert(context != NULL);
    step_worked(to_sign ? EVP_PKEY_sign_init(context) : EVP_PKEY_verify_init(context));
    step_worked(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING));
    step_worked(EVP_PKEY_CTX_set_signature_md(context, md_of(digest)));
    return context;
}

/* Takes the handle over. */
static void key_init(struct alipay_key *key, EVP_PKEY *handle, bool secret)
{
    *key = (struct alipay_key){
        .handle = handle,
        .secret = secret,
        .bits = (uint32_t)EVP_PKEY_get_bits(handle),
    };
    for (int i = 0; i < ALIPAY_DIGEST_COUNT; i++) {
        key->prepared[i] = context_make(handle, secret, (enum alipay_digest)i);
    }
}

static bool numbers_sound(const EVP_PKEY *handle)
{
    BIGNUM *modulus = NULL, *exponent = NULL;
    bool sound = EVP_PKEY_get_bn_param(handle, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
                 EVP_PKEY_get_bn_param(handle, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 && BN_is_odd(modulus) &&
                 BN_is_odd(exponent) && !BN_is_one(exponent) && BN_num_bits(exponent) <= EXPONENT_BITS_MAX;
    BN_free(modulus);
    BN_free(exponent);
    return sound;
}

/* Takes the handle over, or gives it back. */
static enum alipay_key_error key_admit(struct alipay_key *key, EVP_PKEY *handle, bool secret)
{
    enum alipay_key_error error = ALIPAY_KEY_ok;
    if (EVP_PKEY_get_base_id(handle) != EVP_PKEY_RSA) {
        error = ALIPAY_KEY_not_rsa;
    } else if (EVP_PKEY_get_bits(handle) < ALIPAY_KEY_BITS_MIN) {
        error = ALIPAY_KEY_too_small;
    } else if (EVP_PKEY_get_bits(handle) > ALIPAY_KEY_BITS_MAX) {
        error = ALIPAY_KEY_too_large;
    } else if (!numbers_sound(handle)) {
        error = ALIPAY_KEY_weak;
    }
    if (error != ALIPAY_KEY_ok) {
        EVP_PKEY_free(handle);
        return error;
    }
    key_init(key, handle, secret);
    return ALIPAY_KEY_ok;
}

/* Each parser must use the bytes up to the last one, or it was not what it seemed. */
static EVP_PKEY *public_parse(const uint8_t *der, size_t size)
{
    const uint8_t *at = der;
    EVP_PKEY *handle = d2i_PUBKEY(NULL, &at, (long)size);
    if (handle == NULL) {
        at = der;
        handle = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)size);
    }
    if (handle == NULL) {
        at = der;
        X509 *certificate = d2i_X509(NULL, &at, (long)size);
        handle = certificate == NULL ? NULL : X509_get_pubkey(certificate);
        X509_free(certificate);
    }
    if (handle != NULL && at != der + size) {
        EVP_PKEY_free(handle);
        handle = NULL;
    }
    ERR_clear_error();
    return handle;
}

static EVP_PKEY *private_parse(const uint8_t *der, size_t size)
{
    const uint8_t *at = der;
    EVP_PKEY *handle = NULL;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)size);
    if (info != NULL) {
        handle = EVP_PKCS82PKEY(info);
        PKCS8_PRIV_KEY_INFO_free(info);
    } else {
        at = der;
        handle = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &at, (long)size);
    }
    if (handle != NULL && at != der + size) {
        EVP_PKEY_free(handle);
        handle = NULL;
    }
    ERR_clear_error();
    return handle;
}

static enum alipay_key_error key_read(struct span text, bool secret, struct alipay_key *key)
{
    uint8_t der[ALIPAY_KEY_TEXT_MAX];
    size_t size;

    if (text.size > ALIPAY_KEY_TEXT_MAX) {
        return ALIPAY_KEY_too_large;
    }
    if (!pem_text_read(text, der, sizeof(der), &size)) {
        return ALIPAY_KEY_unreadable;
    }
    enum alipay_key_error error = ALIPAY_KEY_unreadable;
    EVP_PKEY *handle = secret ? private_parse(der, size) : public_parse(der, size);
    if (handle != NULL) {
        error = key_admit(key, handle, secret);
    } else {
        handle = secret ? public_parse(der, size) : private_parse(der, size);
        if (handle != NULL) {
            error = secret ? ALIPAY_KEY_is_public : ALIPAY_KEY_is_private;
            EVP_PKEY_free(handle);
        }
    }
    OPENSSL_cleanse(der, sizeof(der));
    return error;
}

enum alipay_key_error alipay_public_read(struct span text, struct alipay_key *key)
{
    return key_read(text, false, key);
}

enum alipay_key_error alipay_private_read(struct span text, struct alipay_key *key)
{
    return key_read(text, true, key);
}

void alipay_keypair_make(uint32_t bits, struct alipay_key *key)
{
    assert(bits >= ALIPAY_RSA2_BITS_MIN);
    assert(bits <= ALIPAY_KEY_BITS_MAX);
    EVP_PKEY *handle = EVP_RSA_gen(bits);
    assert(handle != NULL);
    key_init(key, handle, true);
}

void alipay_public_of(const struct alipay_key *pair, struct alipay_key *key)
{
    uint8_t *der = NULL;
    int size = i2d_PUBKEY(pair->handle, &der);
    step_worked(size);
    EVP_PKEY *handle = public_parse(der, (size_t)size);
    assert(handle != NULL);
    OPENSSL_free(der);
    key_init(key, handle, false);
}

void alipay_key_share(const struct alipay_key *key, struct alipay_key *to)
{
    step_worked(EVP_PKEY_up_ref(key->handle));
    key_init(to, key->handle, key->secret);
}

void alipay_key_release(struct alipay_key *key)
{
    for (int i = 0; i < ALIPAY_DIGEST_COUNT; i++) {
        EVP_PKEY_CTX_free(key->prepared[i]);
    }
    EVP_PKEY_free(key->handle);
    *key = (struct alipay_key){ 0 };
}

size_t alipay_public_write(const struct alipay_key *key, char to[ALIPAY_PUBLIC_TEXT_SIZE])
{
    uint8_t *der = NULL;
    int size = i2d_PUBKEY(key->handle, &der);
    step_worked(size);
    assert(BASE64_SIZE((size_t)size) <= ALIPAY_PUBLIC_TEXT_SIZE);
    size_t text_size = base64_write(der, (size_t)size, to);
    OPENSSL_free(der);
    return text_size;
}

size_t alipay_private_write(const struct alipay_key *key, enum alipay_private_form form,
                            char to[ALIPAY_PRIVATE_PEM_SIZE])
{
    const char *bytes = NULL;
    assert(key->secret);
    BIO *out = BIO_new(BIO_s_mem()); /* its memory is wiped when it is freed */
    assert(out != NULL);
    step_worked(form == ALIPAY_PKCS1
                    ? PEM_write_bio_PrivateKey_traditional(out, key->handle, NULL, NULL, 0, NULL, NULL)
                    : PEM_write_bio_PKCS8PrivateKey(out, key->handle, NULL, NULL, 0, NULL, NULL));
    long size = BIO_get_mem_data(out, &bytes);
    bool fits = span_copy((struct span){ bytes, (size_t)size }, to, ALIPAY_PRIVATE_PEM_SIZE);
    assert(fits);
    BIO_free(out);
    return (size_t)size;
}

bool alipay_key_equal(const struct alipay_key *a, const struct alipay_key *b)
{
    return EVP_PKEY_eq(a->handle, b->handle) == 1;
}

/* ---- signatures ---- */

static size_t digest_write(enum alipay_digest digest, struct span bytes, uint8_t to[SHA256_SIZE])
{
    unsigned size = SHA1_SIZE;
    if (digest == ALIPAY_RSA2) {
        sha256_write(bytes.bytes, bytes.size, to);
        return SHA256_SIZE;
    }
    step_worked(EVP_Digest(bytes.bytes, bytes.size, to, &size, EVP_sha1(), NULL));
    return size;
}

size_t alipay_sign(const struct alipay_key *key, enum alipay_digest digest, struct span bytes,
                   char to[ALIPAY_SIGNATURE_TEXT_SIZE])
{
    uint8_t hash[SHA256_SIZE], signature[SIGNATURE_SIZE_MAX];
    size_t size = sizeof(signature);

    assert(key->secret);
    size_t hash_size = digest_write(digest, bytes, hash);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(key->prepared[digest]);
    assert(context != NULL);
    step_worked(EVP_PKEY_sign(context, signature, &size, hash, hash_size));
    EVP_PKEY_CTX_free(context);
    return base64_write(signature, size, to);
}

bool alipay_verify(const struct alipay_key *key, enum alipay_digest digest, struct span bytes,
                   struct span signature)
{
    char text[ALIPAY_SIGNATURE_TEXT_SIZE];
    uint8_t hash[SHA256_SIZE], raw[SIGNATURE_SIZE_MAX];
    size_t raw_size;

    if (signature.size == 0 || !span_copy(signature, text, sizeof(text))) {
        return false;
    }
    for (size_t i = 0; i < signature.size; i++) {
        text[i] = text[i] == ' ' ? '+' : text[i];
    }
    if (!base64_read((struct span){ text, signature.size }, raw, sizeof(raw), &raw_size)) {
        return false;
    }
    size_t hash_size = digest_write(digest, bytes, hash);
    EVP_PKEY_CTX *context =
        key->secret ? context_make(key->handle, false, digest) : EVP_PKEY_CTX_dup(key->prepared[digest]);
    assert(context != NULL);
    bool good = EVP_PKEY_verify(context, raw, raw_size, hash, hash_size) == 1;
    EVP_PKEY_CTX_free(context);
    if (!good) {
        ERR_clear_error();
    }
    return good;
}

/* ---- encryption ---- */

bool alipay_aes_key_read(struct span text, uint8_t key[ALIPAY_AES_KEY_SIZE])
{
    uint8_t bytes[ALIPAY_AES_KEY_SIZE];
    size_t size;
    if (!base64_read(text, bytes, sizeof(bytes), &size) || size != sizeof(bytes)) {
        return false;
    }
    memcpy(key, bytes, sizeof(bytes));
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return true;
}

void alipay_aes_key_write(const uint8_t key[ALIPAY_AES_KEY_SIZE], char to[ALIPAY_AES_KEY_TEXT_SIZE])
{
    (void)base64_write(key, ALIPAY_AES_KEY_SIZE, to);
}

/* `to` holds a block more than `size`. False only for bytes that do not decrypt. */
static bool cipher_run(const uint8_t *key, bool encrypt, const uint8_t *bytes, size_t size, uint8_t *to,
                       size_t *to_size)
{
    static const uint8_t vector[AES_BLOCK_SIZE];
    int first = 0, last = 0;

    assert(size <= INT32_MAX - AES_BLOCK_SIZE);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert(context != NULL);
    step_worked(EVP_CipherInit_ex(context, EVP_aes_128_cbc(), NULL, key, vector, encrypt ? 1 : 0));
    step_worked(EVP_CipherUpdate(context, to, &first, bytes, (int)size));
    bool sound = EVP_CipherFinal_ex(context, to + first, &last) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!sound) {
        ERR_clear_error();
        return false;
    }
    *to_size = (size_t)first + (size_t)last;
    return true;
}

bool alipay_encrypt(const uint8_t key[ALIPAY_AES_KEY_SIZE], struct span plain, struct arena *arena,
                    struct span *cipher)
{
    size_t size;
    uint8_t *bytes = arena_try(arena, plain.size + AES_BLOCK_SIZE);
    char *text = arena_try(arena, BASE64_SIZE(plain.size + AES_BLOCK_SIZE));
    if (bytes == NULL || text == NULL) {
        return false;
    }
    bool sound = cipher_run(key, true, (const uint8_t *)plain.bytes, plain.size, bytes, &size);
    assert(sound);
    *cipher = (struct span){ text, base64_write(bytes, size, text) };
    return true;
}

bool alipay_decrypt(const uint8_t key[ALIPAY_AES_KEY_SIZE], struct span cipher, struct arena *arena,
                    struct span *plain)
{
    size_t capacity = cipher.size / 4 * 3, size, plain_size;

    if (capacity == 0) {
        return false;
    }
    uint8_t *bytes = arena_try(arena, capacity);
    uint8_t *to = arena_try(arena, capacity + AES_BLOCK_SIZE);
    if (bytes == NULL || to == NULL || !base64_read(cipher, bytes, capacity, &size) ||
        !cipher_run(key, false, bytes, size, to, &plain_size)) {
        return false;
    }
    *plain = (struct span){ (const char *)to, plain_size };
    return true;
}
