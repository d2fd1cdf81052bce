/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys, signatures and encryption of the Alipay protocol: RSASSA-PKCS1-v1_5 over SHA-256 (RSA2) or SHA-1
 * (RSA), and AES-128-CBC with a zero initialisation vector as the protocol prescribes. A key is parsed once
 * and then used by any number of threads at once; only making, reading and releasing it is for one thread.
 *
 * Measured, OpenSSL 3.0, two busy cores: `openssl speed rsa2048` says 21 us for a verification and 605 to 758 us
 * for a signature; alipay_verify and alipay_sign of 600 bytes take 22 and 740 us of processor time, with one thread
 * or with four on the same key. A context is prepared with the key and copied for each use, which costs nothing
 * measurable and needs no state of the thread.
 *
 * Nothing here logs or formats a secret. What comes from outside (keys, signatures, ciphertexts) is bounded
 * and may be anything: the answer is a false or an error, never an assertion.
 */
#ifndef DOORS_ALIPAY_CRYPTO_H
#define DOORS_ALIPAY_CRYPTO_H

#include "base/arena.h"
#include "base/span.h"

#define ALIPAY_KEY_BITS_MIN 1024 /* RSA of old; RSA2 wants ALIPAY_RSA2_BITS_MIN */
#define ALIPAY_RSA2_BITS_MIN 2048
#define ALIPAY_KEY_BITS_MAX 4096
#define ALIPAY_KEY_TEXT_MAX 16384     /* bytes of a key or certificate to read, PEM or base64 */
#define ALIPAY_PUBLIC_TEXT_SIZE 1024  /* normal form of a public key with its zero: 4096 bits take 736 */
#define ALIPAY_PRIVATE_PEM_SIZE 4096  /* a private key as PEM with its zero: 4096 bits take 3273 */
#define ALIPAY_SIGNATURE_TEXT_SIZE 688 /* base64 of 512 bytes and the zero; 344 characters for 2048 bits */
#define ALIPAY_AES_KEY_SIZE 16
#define ALIPAY_AES_KEY_TEXT_SIZE 25

struct evp_pkey_st;
struct evp_pkey_ctx_st;

enum alipay_digest {
    ALIPAY_RSA2, /* SHA-256 */
    ALIPAY_RSA,  /* SHA-1 */
};
#define ALIPAY_DIGEST_COUNT 2

/* "RSA2" or "RSA". */
MUST_CHECK bool alipay_digest_read(struct span sign_type, enum alipay_digest *digest);
struct span alipay_digest_name(enum alipay_digest digest);

struct alipay_key {
    struct evp_pkey_st *handle;
    struct evp_pkey_ctx_st *prepared[ALIPAY_DIGEST_COUNT]; /* copied for each use */
    bool secret;   /* signs; a public key verifies */
    uint32_t bits; /* of the modulus */
};

/* Why a text is no key we take. Each has a sentence, alipay_key_error_text. */
enum alipay_key_error {
    ALIPAY_KEY_ok,
    ALIPAY_KEY_unreadable, /* neither PEM nor base64 of a DER that we know */
    ALIPAY_KEY_not_rsa,
    ALIPAY_KEY_too_small,  /* below ALIPAY_KEY_BITS_MIN */
    ALIPAY_KEY_too_large,  /* above ALIPAY_KEY_BITS_MAX, or the text above ALIPAY_KEY_TEXT_MAX */
    ALIPAY_KEY_is_private, /* a private key where a public one was asked for: it must not be sent around */
    ALIPAY_KEY_is_public,  /* a public key where a private one was asked for */
    ALIPAY_KEY_weak,       /* an exponent below 3, even, or larger than the modulus allows */
};
const char *alipay_key_error_text(enum alipay_key_error error);

/*
 * PEM or the bare base64 between its lines (blanks and line ends anywhere): a SubjectPublicKeyInfo, a PKCS#1
 * RSAPublicKey, or an X.509 certificate, of which the key is taken.
 */
MUST_CHECK enum alipay_key_error alipay_public_read(struct span text, struct alipay_key *key);
/* PKCS#8 or PKCS#1, PEM or bare base64, not encrypted. */
MUST_CHECK enum alipay_key_error alipay_private_read(struct span text, struct alipay_key *key);
/* A new pair; `bits` is 2048 or more. Takes a tenth of a second, or several. */
void alipay_keypair_make(uint32_t bits, struct alipay_key *key);
/* The public half of a private key, as a key of its own. */
void alipay_public_of(const struct alipay_key *pair, struct alipay_key *key);
/* Another hold on the same key, released on its own. */
void alipay_key_share(const struct alipay_key *key, struct alipay_key *to);
void alipay_key_release(struct alipay_key *key);

/* The one spelling of a public key that is stored and compared: base64 of the SPKI's DER in one line. */
size_t alipay_public_write(const struct alipay_key *key, char to[ALIPAY_PUBLIC_TEXT_SIZE]);
/* PEM: PKCS#8 ("BEGIN PRIVATE KEY"), or PKCS#1 ("BEGIN RSA PRIVATE KEY"). Wipe it after use. */
enum alipay_private_form { ALIPAY_PKCS8, ALIPAY_PKCS1 };
size_t alipay_private_write(const struct alipay_key *key, enum alipay_private_form form,
                            char to[ALIPAY_PRIVATE_PEM_SIZE]);
bool alipay_key_equal(const struct alipay_key *a, const struct alipay_key *b);

/*
 * Signs the bytes; base64 with a zero into `to`, the size without it is returned. The key is secret. When
 * libcrypto cannot (it has no memory), the process stops: an answer without signature must not go out.
 */
size_t alipay_sign(const struct alipay_key *key, enum alipay_digest digest, struct span bytes,
                   char to[ALIPAY_SIGNATURE_TEXT_SIZE]);
/*
 * Whether `signature`, base64, was made over the bytes. Blanks in it count as '+', as clients that decode
 * once too often send them; line ends and missing padding do not do. Takes secret keys too.
 */
MUST_CHECK bool alipay_verify(const struct alipay_key *key, enum alipay_digest digest, struct span bytes,
                              struct span signature);

/* Base64 of exactly 16 bytes. */
MUST_CHECK bool alipay_aes_key_read(struct span text, uint8_t key[ALIPAY_AES_KEY_SIZE]);
void alipay_aes_key_write(const uint8_t key[ALIPAY_AES_KEY_SIZE], char to[ALIPAY_AES_KEY_TEXT_SIZE]);
/* AES-128-CBC, vector zero, PKCS#7. Base64 in the arena; false when the arena is full. */
MUST_CHECK bool alipay_encrypt(const uint8_t key[ALIPAY_AES_KEY_SIZE], struct span plain, struct arena *arena,
                               struct span *cipher);
/* False: not base64, no whole blocks, wrong padding (a wrong key looks like that), or no room. */
MUST_CHECK bool alipay_decrypt(const uint8_t key[ALIPAY_AES_KEY_SIZE], struct span cipher, struct arena *arena,
                               struct span *plain);

#endif
