/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "doors/alipay/crypto.h"
#include "doors/alipay/pem_text.h"

#define PEM_MAX 8192

static struct arena arena;
static struct alipay_key pair;

static int keys_open(void **state)
{
    (void)state;
    arena_init(&arena, 256 * 1024, 64 * 1024 * 1024);
    alipay_keypair_make(2048, &pair);
    return 0;
}

static int keys_close(void **state)
{
    (void)state;
    alipay_key_release(&pair);
    arena_release(&arena);
    return 0;
}

/* What libcrypto writes into a BIO, as a span of the arena. */
static struct span written(BIO *out)
{
    const char *bytes = NULL;
    long size = BIO_get_mem_data(out, &bytes);
    struct span text = { arena_copy(&arena, bytes, (size_t)size), (size_t)size };
    BIO_free(out);
    return text;
}

static struct span public_pem(EVP_PKEY *handle, bool pkcs1)
{
    BIO *out = BIO_new(BIO_s_mem());
    if (pkcs1) {
        uint8_t *der = NULL;
        int size = i2d_PublicKey(handle, &der);
        assert_true(PEM_write_bio(out, "RSA PUBLIC KEY", "", der, size) > 0);
        OPENSSL_free(der);
    } else {
        assert_int_equal(PEM_write_bio_PUBKEY(out, handle), 1);
    }
    return written(out);
}

/* Without armour and line ends, as SDKs have it in their settings. */
static struct span bare(struct span pem)
{
    uint8_t der[PEM_MAX];
    char *text = arena_take(&arena, PEM_MAX);
    size_t size;
    assert_true(pem_text_read(pem, der, sizeof(der), &size));
    return (struct span){ text, base64_write(der, size, text) };
}

/* Line ends as Windows makes them, blanks around, and the body in one line. */
static struct span mangled(struct span pem, int how)
{
    char *text = arena_take(&arena, 2 * pem.size + 16);
    size_t at = 0;
    if (how == 0) {
        at = (size_t)snprintf(text, 8, " \r\n\t ");
    }
    for (size_t i = 0; i < pem.size; i++) {
        if (pem.bytes[i] == '\n') {
            if (how == 0) {
                text[at++] = '\r';
                text[at++] = '\n';
            } else if (how == 1) {
                text[at++] = ' ';
            }
        } else {
            text[at++] = pem.bytes[i];
        }
    }
    return (struct span){ text, at };
}

static void key_reads(struct span text)
{
    struct alipay_key key;
    assert_int_equal(alipay_public_read(text, &key), ALIPAY_KEY_ok);
    assert_true(alipay_key_equal(&key, &pair));
    assert_false(key.secret);
    assert_int_equal(key.bits, 2048);
    char normal[ALIPAY_PUBLIC_TEXT_SIZE], wanted[ALIPAY_PUBLIC_TEXT_SIZE];
    assert_int_equal(alipay_public_write(&key, normal), 392);
    (void)alipay_public_write(&pair, wanted);
    assert_string_equal(normal, wanted);
    alipay_key_release(&key);
}

static void public_keys_are_read_in_every_spelling(void **state)
{
    char normal[ALIPAY_PUBLIC_TEXT_SIZE];
    (void)state;
    for (int pkcs1 = 0; pkcs1 < 2; pkcs1++) {
        struct span pem = public_pem(pair.handle, pkcs1);
        key_reads(pem);
        key_reads(bare(pem));
        for (int how = 0; how < 3; how++) {
            key_reads(mangled(pem, how));
        }
    }
    size_t size = alipay_public_write(&pair, normal);
    key_reads((struct span){ normal, size });
}

static void private_keys_are_read_in_every_spelling(void **state)
{
    (void)state;
    for (int form = 0; form < 2; form++) {
        char pem[ALIPAY_PRIVATE_PEM_SIZE];
        size_t size = alipay_private_write(&pair, (enum alipay_private_form)form, pem);
        assert_int_equal(size, strlen(pem));
        struct span label = pem_block_label(span_of(pem));
        assert_true(span_equal(label, form == ALIPAY_PKCS1 ? SPAN("RSA PRIVATE KEY") : SPAN("PRIVATE KEY")));
        struct span texts[] = { span_of(pem), bare(span_of(pem)), mangled(span_of(pem), 0),
                                mangled(span_of(pem), 1) };
        for (size_t i = 0; i < COUNT_OF(texts); i++) {
            struct alipay_key key;
            char signature[ALIPAY_SIGNATURE_TEXT_SIZE];
            assert_int_equal(alipay_private_read(texts[i], &key), ALIPAY_KEY_ok);
            assert_true(key.secret);
            size_t signature_size = alipay_sign(&key, ALIPAY_RSA2, SPAN("text"), signature);
            assert_true(
                alipay_verify(&pair, ALIPAY_RSA2, SPAN("text"), (struct span){ signature, signature_size }));
            alipay_key_release(&key);
            assert_int_equal(alipay_public_read(texts[i], &key), ALIPAY_KEY_is_private);
        }
    }
    struct alipay_key key;
    assert_int_equal(alipay_private_read(public_pem(pair.handle, false), &key), ALIPAY_KEY_is_public);
}

static void keys_that_will_not_do_are_named(void **state)
{
    static const struct {
        const char *text;
        enum alipay_key_error error;
    } cases[] = {
        { "", ALIPAY_KEY_unreadable },
        { " \n", ALIPAY_KEY_unreadable },
        { "hello", ALIPAY_KEY_unreadable },
        { "aGVsbG8=", ALIPAY_KEY_unreadable },
        { "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", ALIPAY_KEY_unreadable },
        { "-----BEGIN PUBLIC KEY-----\naGVsbG8=", ALIPAY_KEY_unreadable },
        { "-----BEGIN PUBLIC KEY-----\naGVs*bG8=\n-----END PUBLIC KEY-----", ALIPAY_KEY_unreadable },
    };
    struct alipay_key key;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(alipay_public_read(span_of(cases[i].text), &key), cases[i].error);
        assert_int_equal(alipay_private_read(span_of(cases[i].text), &key), cases[i].error);
    }
    EVP_PKEY *curve = EVP_EC_gen("P-256"), *small = EVP_RSA_gen(768), *old = EVP_RSA_gen(1024);
    assert_int_equal(alipay_public_read(public_pem(curve, false), &key), ALIPAY_KEY_not_rsa);
    assert_int_equal(alipay_public_read(public_pem(small, false), &key), ALIPAY_KEY_too_small);
    assert_int_equal(alipay_public_read(public_pem(old, false), &key), ALIPAY_KEY_ok);
    assert_int_equal(key.bits, 1024);
    alipay_key_release(&key);
    EVP_PKEY_free(curve);
    EVP_PKEY_free(small);
    EVP_PKEY_free(old);
    struct span long_text = { arena_take(&arena, ALIPAY_KEY_TEXT_MAX + 1), ALIPAY_KEY_TEXT_MAX + 1 };
    assert_int_equal(alipay_public_read(long_text, &key), ALIPAY_KEY_too_large);
    struct span whole = bare(public_pem(pair.handle, false));
    for (size_t size = 0; size < whole.size; size += 4) {
        assert_int_equal(alipay_public_read((struct span){ whole.bytes, size }, &key), ALIPAY_KEY_unreadable);
    }
    for (int error = 0; error <= ALIPAY_KEY_weak; error++) {
        assert_true(strlen(alipay_key_error_text((enum alipay_key_error)error)) > 10);
    }
}

/* A modulus and an exponent as SubjectPublicKeyInfo, whatever they are. */
static struct span public_of_numbers(const char *modulus_hex, const char *exponent_hex)
{
    BIGNUM *modulus = NULL, *exponent = NULL;
    uint8_t *modulus_der = NULL, *exponent_der = NULL, body[2048];
    BN_hex2bn(&modulus, modulus_hex);
    BN_hex2bn(&exponent, exponent_hex);
    ASN1_INTEGER *n = BN_to_ASN1_INTEGER(modulus, NULL), *e = BN_to_ASN1_INTEGER(exponent, NULL);
    int n_size = i2d_ASN1_INTEGER(n, &modulus_der), e_size = i2d_ASN1_INTEGER(e, &exponent_der);
    int size = n_size + e_size;
    body[0] = 0x30;
    body[1] = 0x82;
    body[2] = (uint8_t)(size >> 8);
    body[3] = (uint8_t)size;
    memcpy(body + 4, modulus_der, (size_t)n_size);
    memcpy(body + 4 + n_size, exponent_der, (size_t)e_size);
    char *text = arena_take(&arena, BASE64_SIZE(sizeof(body)));
    struct span result = { text, base64_write(body, (size_t)size + 4, text) };
    ASN1_INTEGER_free(n);
    ASN1_INTEGER_free(e);
    BN_free(modulus);
    BN_free(exponent);
    OPENSSL_free(modulus_der);
    OPENSSL_free(exponent_der);
    return result;
}

static void weak_numbers_are_refused(void **state)
{
    char odd[513], even[513];
    struct alipay_key key;
    (void)state;
    memset(odd, 'D', 512);
    odd[512] = '\0';
    memcpy(even, odd, sizeof(even));
    even[511] = 'E';
    assert_int_equal(alipay_public_read(public_of_numbers(odd, "10001"), &key), ALIPAY_KEY_ok);
    alipay_key_release(&key);
    assert_int_equal(alipay_public_read(public_of_numbers(odd, "3"), &key), ALIPAY_KEY_ok);
    alipay_key_release(&key);
    assert_int_equal(alipay_public_read(public_of_numbers(odd, "1"), &key), ALIPAY_KEY_weak);
    assert_int_equal(alipay_public_read(public_of_numbers(odd, "10000"), &key), ALIPAY_KEY_weak);
    assert_int_equal(alipay_public_read(public_of_numbers(even, "10001"), &key), ALIPAY_KEY_weak);
    assert_int_equal(alipay_public_read(public_of_numbers(odd, "10000000000000001"), &key), ALIPAY_KEY_weak);
}

static void signatures_stand_for_one_text_and_one_digest(void **state)
{
    static const char *const texts[] = { "", "a", "a=1&b=2", "\xE5\x92\x96\xE5\x95\xA1" };
    struct alipay_key public_key;
    (void)state;
    alipay_public_of(&pair, &public_key);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        for (int d = 0; d < ALIPAY_DIGEST_COUNT; d++) {
            char signature[ALIPAY_SIGNATURE_TEXT_SIZE];
            struct span text = span_of(texts[i]);
            size_t size = alipay_sign(&pair, (enum alipay_digest)d, text, signature);
            assert_int_equal(size, 344);
            struct span sign = { signature, size };
            assert_true(alipay_verify(&public_key, (enum alipay_digest)d, text, sign));
            assert_true(alipay_verify(&pair, (enum alipay_digest)d, text, sign));
            assert_false(alipay_verify(&public_key, (enum alipay_digest) !d, text, sign));
            assert_false(alipay_verify(&public_key, (enum alipay_digest)d, SPAN("other"), sign));
            for (char *letter = signature; *letter != '\0'; letter++) {
                *letter = *letter == '+' ? ' ' : *letter; /* decoded once too often */
            }
            assert_true(alipay_verify(&public_key, (enum alipay_digest)d, text, sign));
        }
    }
    alipay_key_release(&public_key);
}

static void no_other_spelling_of_a_signature_passes(void **state)
{
    char signature[ALIPAY_SIGNATURE_TEXT_SIZE], changed[2 * ALIPAY_SIGNATURE_TEXT_SIZE];
    (void)state;
    size_t size = alipay_sign(&pair, ALIPAY_RSA2, SPAN("text"), signature);
    for (size_t cut = 0; cut < size; cut++) {
        assert_false(alipay_verify(&pair, ALIPAY_RSA2, SPAN("text"), (struct span){ signature, cut }));
    }
    for (size_t i = 0; i < size; i += 5) {
        memcpy(changed, signature, size);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_false(alipay_verify(&pair, ALIPAY_RSA2, SPAN("text"), (struct span){ changed, size }));
    }
    int with_end = snprintf(changed, sizeof(changed), "%s\n", signature);
    assert_false(alipay_verify(&pair, ALIPAY_RSA2, SPAN("text"), (struct span){ changed, (size_t)with_end }));
    int doubled = snprintf(changed, sizeof(changed), "%s%s", signature, signature);
    assert_false(alipay_verify(&pair, ALIPAY_RSA2, SPAN("text"), (struct span){ changed, (size_t)doubled }));
}

static void sign_types_have_two_names(void **state)
{
    enum alipay_digest digest;
    (void)state;
    assert_true(alipay_digest_read(SPAN("RSA2"), &digest));
    assert_int_equal(digest, ALIPAY_RSA2);
    assert_true(alipay_digest_read(SPAN("RSA"), &digest));
    assert_int_equal(digest, ALIPAY_RSA);
    assert_false(alipay_digest_read(SPAN("rsa2"), &digest));
    assert_false(alipay_digest_read(SPAN("RSA3"), &digest));
    assert_false(alipay_digest_read(SPAN(""), &digest));
}

/* ---- several threads with one key ---- */

static void *sign_many(void *context)
{
    const struct alipay_key *key = context;
    intptr_t faults = 0;
    for (int i = 0; i < 40; i++) {
        char text[32], signature[ALIPAY_SIGNATURE_TEXT_SIZE];
        int size = snprintf(text, sizeof(text), "text %d", i);
        struct span span = { text, (size_t)size };
        size_t signature_size = alipay_sign(key, ALIPAY_RSA2, span, signature);
        faults += !alipay_verify(key, ALIPAY_RSA2, span, (struct span){ signature, signature_size });
        faults += alipay_verify(key, ALIPAY_RSA2, SPAN("text"), (struct span){ signature, signature_size });
    }
    return (void *)faults;
}

static void one_key_serves_many_threads(void **state)
{
    pthread_t threads[4];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sign_many, &pair), 0);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *faults = &pair;
        assert_int_equal(pthread_join(threads[i], &faults), 0);
        assert_null(faults);
    }
}

static void a_shared_key_outlives_the_first_hold(void **state)
{
    struct alipay_key first, second;
    char signature[ALIPAY_SIGNATURE_TEXT_SIZE];
    (void)state;
    alipay_keypair_make(2048, &first);
    alipay_key_share(&first, &second);
    alipay_key_release(&first);
    size_t size = alipay_sign(&second, ALIPAY_RSA2, SPAN("text"), signature);
    assert_true(alipay_verify(&second, ALIPAY_RSA2, SPAN("text"), (struct span){ signature, size }));
    alipay_key_release(&second);
}

/* ---- encryption ---- */

static void what_is_encrypted_comes_back(void **state)
{
    uint8_t key[ALIPAY_AES_KEY_SIZE] = { 1, 2, 3 }, read[ALIPAY_AES_KEY_SIZE];
    char key_text[ALIPAY_AES_KEY_TEXT_SIZE], plain[70];
    struct span cipher, back;
    (void)state;
    alipay_aes_key_write(key, key_text);
    assert_true(alipay_aes_key_read(span_of(key_text), read));
    assert_memory_equal(key, read, sizeof(key));
    assert_false(alipay_aes_key_read(SPAN("AQID"), read));
    assert_false(alipay_aes_key_read(SPAN("AQIDAAAAAAAAAAAAAAAAAAA="), read));
    memset(plain, 'p', sizeof(plain));
    for (size_t size = 0; size <= sizeof(plain); size++) {
        assert_true(alipay_encrypt(key, (struct span){ plain, size }, &arena, &cipher));
        assert_int_equal(cipher.size, ((size / 16 + 1) * 16 + 2) / 3 * 4);
        assert_true(alipay_decrypt(key, cipher, &arena, &back));
        assert_int_equal(back.size, size);
        assert_memory_equal(back.bytes, plain, size);
    }
}

static void what_does_not_decrypt_is_refused(void **state)
{
    /* Made with `openssl enc -aes-128-cbc -K 000102…0f -iv 0`, so that two implementations agree. */
    static const char cipher[] = "XYdJ4q91MbK/ZmHp5drwEg==";
    uint8_t key[ALIPAY_AES_KEY_SIZE];
    struct span plain;
    (void)state;
    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] = (uint8_t)i;
    }
    assert_true(alipay_decrypt(key, span_of(cipher), &arena, &plain));
    assert_true(span_equal(plain, SPAN("hello")));
    static const char *const wrong[] = {
        "", "AAAA", "XYdJ4q91MbK/ZmHp5drwEg=", "XYdJ4q91MbK/ZmHp5drwEg", "*", "AAAAAAAAAAAAAAAAAAAAAA=="
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_false(alipay_decrypt(key, span_of(wrong[i]), &arena, &plain));
    }
    key[0] = 0xFF;
    assert_false(alipay_decrypt(key, span_of(cipher), &arena, &plain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_keys_are_read_in_every_spelling),
        cmocka_unit_test(private_keys_are_read_in_every_spelling),
        cmocka_unit_test(keys_that_will_not_do_are_named),
        cmocka_unit_test(weak_numbers_are_refused),
        cmocka_unit_test(signatures_stand_for_one_text_and_one_digest),
        cmocka_unit_test(no_other_spelling_of_a_signature_passes),
        cmocka_unit_test(sign_types_have_two_names),
        cmocka_unit_test(one_key_serves_many_threads),
        cmocka_unit_test(a_shared_key_outlives_the_first_hold),
        cmocka_unit_test(what_is_encrypted_comes_back),
        cmocka_unit_test(what_does_not_decrypt_is_refused),
    };
    return cmocka_run_group_tests(tests, keys_open, keys_close);
}
