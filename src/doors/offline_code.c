/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/offline_code.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/civil.h"

#define SIGNATURE_SIZE 64
#define NUMBERS 7

void offline_key_derive(const struct master_key *master, uint8_t to[OFFLINE_KEY_SIZE])
{
    static_assert(OFFLINE_KEY_SIZE == SHA256_SIZE, "a derived key is a key of Ed25519");
    master_key_derive(master, "onetill offline vouchers v1", to);
}

void offline_key_public(const uint8_t key[OFFLINE_KEY_SIZE], char to[OFFLINE_KEY_TEXT_SIZE])
{
    uint8_t bytes[OFFLINE_KEY_SIZE];
    size_t size = sizeof(bytes);
    EVP_PKEY *private_key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key, OFFLINE_KEY_SIZE);
    assert(private_key != NULL);
    int read = EVP_PKEY_get_raw_public_key(private_key, bytes, &size);
    assert(read == 1 && size == sizeof(bytes));
    EVP_PKEY_free(private_key);
    base64url_write(bytes, sizeof(bytes), to);
}

size_t offline_code_sign(const uint8_t key[OFFLINE_KEY_SIZE], char to[OFFLINE_CODE_SIZE], size_t size)
{
    uint8_t signature[SIGNATURE_SIZE];
    size_t signature_size = sizeof(signature);
    assert(size <= OFFLINE_BODY_MAX);
    EVP_PKEY *private_key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key, OFFLINE_KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert(private_key != NULL && context != NULL);
    int begun = EVP_DigestSignInit(context, NULL, NULL, NULL, private_key);
    assert(begun == 1);
    int done = EVP_DigestSign(context, signature, &signature_size, (const uint8_t *)to, size);
    assert(done == 1 && signature_size == sizeof(signature));
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(private_key);
    to[size++] = '.';
    return size + base64url_write(signature, sizeof(signature), to + size);
}

size_t offline_code_write(const uint8_t key[OFFLINE_KEY_SIZE], const struct voucher_kept *kept,
                          char to[OFFLINE_CODE_SIZE])
{
    int printed = snprintf(to, OFFLINE_CODE_SIZE, "ov1.%s.%lld.%lld.%d.%lld.%lld.%lld.%lld", kept->code,
                           (long long)kept->voucher_id, (long long)kept->deal_id, (int)kept->part,
                           (long long)kept->shop_id, (long long)kept->pieces, (long long)kept->face_left_minor,
                           (long long)(kept->accept_until_us / US_PER_SECOND));
    assert(printed > 0);
    return offline_code_sign(key, to, (size_t)printed);
}

static bool signature_holds(const char *public_key, struct span text, struct span signed_by)
{
    uint8_t key[OFFLINE_KEY_SIZE], signature[SIGNATURE_SIZE];
    size_t key_size, signature_size;
    if (!base64url_read(span_of(public_key), key, sizeof(key), &key_size) || key_size != sizeof(key) ||
        !base64url_read(signed_by, signature, sizeof(signature), &signature_size) ||
        signature_size != sizeof(signature)) {
        return false;
    }
    EVP_PKEY *check = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, sizeof(key));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool holds = check != NULL && context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, check) == 1 &&
                 EVP_DigestVerify(context, signature, sizeof(signature), (const uint8_t *)text.bytes, text.size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(check);
    return holds;
}

bool offline_code_read(const char *public_key, struct span text, struct voucher_kept *kept)
{
    struct voucher_kept read = { .voucher_id = 0 };
    int64_t numbers[NUMBERS];
    size_t dot = text.size;
    while (dot > 0 && text.bytes[dot - 1] != '.') {
        dot--;
    }
    if (dot == 0 || text.size >= OFFLINE_CODE_SIZE) {
        return false;
    }
    struct span rest, body = { text.bytes, dot - 1 };
    if (!signature_holds(public_key, body, (struct span){ text.bytes + dot, text.size - dot })) {
        return false;
    }
    struct span version = span_cut(body, '.', &rest);
    struct span code = span_cut(rest, '.', &rest);
    if (!span_equal(version, SPAN("ov1")) || !span_copy(code, read.code, sizeof(read.code))) {
        return false;
    }
    for (size_t i = 0; i < NUMBERS; i++) {
        if (!span_to_i64(span_cut(rest, '.', &rest), &numbers[i])) {
            return false;
        }
    }
    read.voucher_id = numbers[0];
    read.deal_id = numbers[1];
    read.part = (int32_t)numbers[2];
    read.shop_id = numbers[3];
    read.pieces = numbers[4];
    read.face_left_minor = numbers[5];
    if (rest.size != 0 || numbers[2] < 0 || numbers[2] > INT32_MAX || numbers[6] < 0 ||
        numbers[6] > INSTANT_MAX_US / US_PER_SECOND) {
        return false;
    }
    read.accept_until_us = numbers[6] * US_PER_SECOND;
    *kept = read;
    return true;
}
