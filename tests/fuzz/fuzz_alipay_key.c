/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and certificates as people paste them. What is taken as a public key has a normal form that reads as the
 * same key and writes as the same text; no text is both a public and a private key.
 */
#include "doors/alipay/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void public_try(const struct alipay_key *key)
{
    char text[ALIPAY_PUBLIC_TEXT_SIZE], again[ALIPAY_PUBLIC_TEXT_SIZE];
    struct alipay_key same;

    assert(!key->secret);
    assert(key->bits >= ALIPAY_KEY_BITS_MIN);
    assert(key->bits <= ALIPAY_KEY_BITS_MAX);
    size_t text_size = alipay_public_write(key, text);
    enum alipay_key_error error = alipay_public_read((struct span){ text, text_size }, &same);
    assert(error == ALIPAY_KEY_ok);
    assert(alipay_key_equal(key, &same));
    size_t again_size = alipay_public_write(&same, again);
    assert(again_size == text_size);
    assert(memcmp(text, again, text_size) == 0);
    assert(!alipay_verify(&same, ALIPAY_RSA2, SPAN("text"), SPAN("c2lnbmF0dXJl")));
    alipay_key_release(&same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = { (const char *)data, size };
    char sn[ROOT_CERT_SN_SIZE];
    struct alipay_key key;
    struct platform_keys keys;

    if (alipay_public_read(text, &key) == ALIPAY_KEY_ok) {
        public_try(&key);
        alipay_key_release(&key);
        enum alipay_key_error error = alipay_private_read(text, &key);
        assert(error == ALIPAY_KEY_is_public);
    }
    if (alipay_private_read(text, &key) == ALIPAY_KEY_ok) {
        assert(key.secret);
        alipay_key_release(&key);
    }
    if (certificate_request_read(text, &key) == ALIPAY_KEY_ok) {
        alipay_key_release(&key);
    }
    if (cert_sn_read(text, sn)) {
        assert(strlen(sn) == CERT_SN_SIZE - 1);
    }
    if (root_cert_sn_read(text, sn)) {
        assert(strlen(sn) % CERT_SN_SIZE == CERT_SN_SIZE - 1);
    }
    if (platform_keys_read(text, &keys) == NULL) {
        platform_keys_release(&keys);
    }
    return 0;
}
