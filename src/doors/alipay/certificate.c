/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/alipay/certificate.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "base/civil.h"
#include "base/digest.h"
#include "base/os_random.h"
#include "base/secret_file.h"
#include "doors/alipay/pem_text.h"

#define MD5_SIZE 16
#define ISSUER_SIZE_MAX 4096 /* bytes of a distinguished name as text */
#define SERIAL_SIZE 16       /* bytes of a serial number that we give */
#define RSA_FAMILY "1.2.840.113549.1.1."
#define COMMON_NAME_MAX 64 /* X.520 */
#define SPKI_SIZE_MAX 1024

/* libcrypto fails in these places only without memory. */
static void step_worked(int result)
{
    assert(result > 0);
}

/* NULL when the text is none. */
static X509 *certificate_parse(struct span text)
{
    uint8_t der[ALIPAY_KEY_TEXT_MAX];
    const uint8_t *at = der;
    size_t size;

    if (!pem_text_read(text, der, sizeof(der), &size)) {
        return NULL;
    }
    X509 *certificate = d2i_X509(NULL, &at, (long)size);
    ERR_clear_error();
    if (certificate != NULL && at != der + size) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

/* ---- serial numbers ---- */

struct issuer_text {
    char bytes[ISSUER_SIZE_MAX];
    size_t size;
};

static bool text_add(struct issuer_text *text, struct span part)
{
    if (part.size > sizeof(text->bytes) - text->size) {
        return false;
    }
    memcpy(text->bytes + text->size, part.bytes, part.size);
    text->size += part.size;
    return true;
}

/* "CN=…": the short name and the value as UTF-8, with nothing escaped: that is what everyone hashes. */
static bool entry_add(struct issuer_text *text, const X509_NAME_ENTRY *entry)
{
    const char *name = OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)));
    uint8_t *value = NULL;
    int size = ASN1_STRING_to_UTF8(&value, X509_NAME_ENTRY_get_data(entry));
    if (size < 0) {
        return false;
    }
    bool fits = text_add(text, span_of(name)) && text_add(text, SPAN("=")) &&
                text_add(text, (struct span){ (const char *)value, (size_t)size });
    OPENSSL_free(value);
    return fits;
}

static bool serial_add(struct issuer_text *text, const X509 *certificate)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *decimal = number == NULL ? NULL : BN_bn2dec(number);
    bool fits = decimal != NULL && text_add(text, span_of(decimal));
    OPENSSL_free(decimal);
    BN_free(number);
    return fits;
}

static bool sn_write(const X509 *certificate, char to[CERT_SN_SIZE])
{
    struct issuer_text text = { .size = 0 };
    uint8_t hash[MD5_SIZE];
    unsigned hash_size = sizeof(hash);

    const X509_NAME *issuer = X509_get_issuer_name(certificate);
    for (int i = X509_NAME_entry_count(issuer) - 1; i >= 0; i--) {
        if (!entry_add(&text, X509_NAME_get_entry(issuer, i)) || (i > 0 && !text_add(&text, SPAN(",")))) {
            return false;
        }
    }
    if (!serial_add(&text, certificate)) {
        return false;
    }
    step_worked(EVP_Digest(text.bytes, text.size, hash, &hash_size, EVP_md5(), NULL));
    hex_write(hash, sizeof(hash), to);
    return true;
}

bool cert_sn_read(struct span text, char to[CERT_SN_SIZE])
{
    X509 *certificate = certificate_parse(text);
    if (certificate == NULL) {
        return false;
    }
    bool done = sn_write(certificate, to);
    X509_free(certificate);
    ERR_clear_error();
    return done;
}

static bool is_rsa_signed(const X509 *certificate)
{
    char number[64];
    const X509_ALGOR *algorithm = X509_get0_tbs_sigalg(certificate);
    int size = OBJ_obj2txt(number, sizeof(number), algorithm->algorithm, 1);
    return size > 0 && strncmp(number, RSA_FAMILY, sizeof(RSA_FAMILY) - 1) == 0;
}

bool root_cert_sn_read(struct span bundle, char to[ROOT_CERT_SN_SIZE])
{
    struct span block;
    size_t size = 0;
    int count = 0;

    for (; pem_block_next(bundle, &block, &bundle); count++) {
        char sn[CERT_SN_SIZE];
        X509 *certificate = count < CERTIFICATES_MAX ? certificate_parse(block) : NULL;
        if (certificate == NULL) {
            return false;
        }
        bool counts = is_rsa_signed(certificate);
        bool done = !counts || sn_write(certificate, sn);
        X509_free(certificate);
        ERR_clear_error();
        if (!done) {
            return false;
        }
        if (counts) {
            int added = snprintf(to + size, ROOT_CERT_SN_SIZE - size, "%s%s", size == 0 ? "" : "_", sn);
            assert(added > 0);
            size += (size_t)added;
            assert(size < ROOT_CERT_SN_SIZE);
        }
    }
    return size > 0;
}

/* ---- making certificates ---- */

static void name_add(X509_NAME *name, const char *field, struct span value)
{
    step_worked(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const uint8_t *)value.bytes,
                                           (int)value.size, -1, 0));
}

static void extension_add(X509 *certificate, X509V3_CTX *context, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, context, nid, value);
    assert(extension != NULL);
    step_worked(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static void serial_draw(X509 *certificate)
{
    uint8_t bytes[SERIAL_SIZE];
    os_random(bytes, sizeof(bytes));
    bytes[0] = (uint8_t)((bytes[0] & 0x7F) | 0x40); /* positive, and always of the same size */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    assert(number != NULL);
    ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    assert(serial != NULL);
    BN_free(number);
}

struct certificate_plan {
    struct span unit, name; /* OU and CN */
    EVP_PKEY *subject_key;
    const X509 *issuer; /* NULL: itself, a root */
    EVP_PKEY *issuer_key;
    int64_t now_us;
    int days;
};

static X509 *certificate_build(const struct certificate_plan *plan)
{
    X509 *certificate = X509_new();
    X509V3_CTX context;

    assert(certificate != NULL);
    step_worked(X509_set_version(certificate, X509_VERSION_3));
    serial_draw(certificate);
    time_t from = (time_t)(plan->now_us / US_PER_SECOND) - 86400; /* clocks of others may be behind */
    step_worked(ASN1_TIME_adj(X509_getm_notBefore(certificate), from, 0, 0) != NULL);
    step_worked(ASN1_TIME_adj(X509_getm_notAfter(certificate), from, plan->days, 0) != NULL);
    X509_NAME *subject = X509_get_subject_name(certificate);
    name_add(subject, "C", SPAN("CN"));
    name_add(subject, "O", SPAN("Onetill"));
    name_add(subject, "OU", plan->unit);
    name_add(subject, "CN", plan->name);
    const X509 *issuer = plan->issuer != NULL ? plan->issuer : certificate;
    step_worked(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)));
    step_worked(X509_set_pubkey(certificate, plan->subject_key));
    X509V3_set_ctx(&context, (X509 *)(uintptr_t)issuer, certificate, NULL, NULL, 0); /* reads it only */
    extension_add(certificate, &context, NID_basic_constraints,
                  plan->issuer == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extension_add(certificate, &context, NID_key_usage,
                  plan->issuer == NULL ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    extension_add(certificate, &context, NID_subject_key_identifier, "hash");
    extension_add(certificate, &context, NID_authority_key_identifier, "keyid:always");
    step_worked(X509_sign(certificate, plan->issuer_key, EVP_sha256()));
    return certificate;
}

static size_t certificate_write(X509 *certificate, char to[CERTIFICATE_PEM_SIZE])
{
    const char *bytes = NULL;
    BIO *out = BIO_new(BIO_s_mem());
    assert(out != NULL);
    step_worked(PEM_write_bio_X509(out, certificate));
    long size = BIO_get_mem_data(out, &bytes);
    bool fits = span_copy((struct span){ bytes, (size_t)size }, to, CERTIFICATE_PEM_SIZE);
    BIO_free(out);
    return fits ? (size_t)size : 0;
}

size_t app_certificate_make(const struct platform_keys *keys, const struct alipay_key *app_key,
                            struct span name, int64_t now_us, char to[CERTIFICATE_PEM_SIZE])
{
    assert(name.size > 0);
    assert(name.size <= COMMON_NAME_MAX);
    X509 *root = certificate_parse(span_of(keys->root_certificate));
    assert(root != NULL);
    struct certificate_plan plan = {
        .unit = SPAN("Applications"),
        .name = name,
        .subject_key = app_key->handle,
        .issuer = root,
        .issuer_key = keys->root.handle,
        .now_us = now_us,
        .days = APP_CERTIFICATE_DAYS,
    };
    X509 *certificate = certificate_build(&plan);
    size_t size = certificate_write(certificate, to);
    assert(size > 0);
    X509_free(certificate);
    X509_free(root);
    return size;
}

enum alipay_key_error certificate_request_read(struct span text, struct alipay_key *key)
{
    uint8_t der[ALIPAY_KEY_TEXT_MAX];
    char spki[BASE64_SIZE(SPKI_SIZE_MAX)];
    uint8_t *key_der = NULL;
    const uint8_t *at = der;
    size_t size;

    if (text.size > ALIPAY_KEY_TEXT_MAX) {
        return ALIPAY_KEY_too_large;
    }
    if (!pem_text_read(text, der, sizeof(der), &size)) {
        return ALIPAY_KEY_unreadable;
    }
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)size);
    EVP_PKEY *handle = request == NULL || at != der + size ? NULL : X509_REQ_get0_pubkey(request);
    enum alipay_key_error error = ALIPAY_KEY_unreadable;
    if (handle != NULL && X509_REQ_verify(request, handle) == 1) {
        int key_size = i2d_PUBKEY(handle, &key_der);
        error = key_size > SPKI_SIZE_MAX ? ALIPAY_KEY_too_large : ALIPAY_KEY_unreadable;
        if (key_size > 0 && key_size <= SPKI_SIZE_MAX) {
            size_t text_size = base64_write(key_der, (size_t)key_size, spki);
            error = alipay_public_read((struct span){ spki, text_size }, key);
        }
        OPENSSL_free(key_der);
    }
    X509_REQ_free(request);
    ERR_clear_error();
    return error;
}

bool app_certificate_check(const struct platform_keys *keys, struct span text, int64_t now_us)
{
    time_t now = (time_t)(now_us / US_PER_SECOND);
    X509 *certificate = certificate_parse(text);
    if (certificate == NULL) {
        return false;
    }
    bool good = X509_verify(certificate, keys->root.handle) == 1 &&
                X509_cmp_time(X509_get0_notBefore(certificate), &now) < 0 &&
                X509_cmp_time(X509_get0_notAfter(certificate), &now) > 0;
    X509_free(certificate);
    ERR_clear_error();
    return good;
}

/* ---- the platform's own ---- */

/* What a bundle holds, before it is known which is whose. */
struct bundle {
    struct alipay_key keys[2];
    X509 *certificates[2];
    int key_count, certificate_count;
};

static const char *bundle_split(struct span pem, struct bundle *bundle)
{
    struct span block;

    while (pem_block_next(pem, &block, &pem)) {
        struct span label = pem_block_label(block);
        if (span_equal(label, SPAN("CERTIFICATE"))) {
            if (bundle->certificate_count == 2) {
                return "it has more than two certificates";
            }
            X509 *certificate = certificate_parse(block);
            if (certificate == NULL) {
                return "one of its certificates cannot be read";
            }
            bundle->certificates[bundle->certificate_count++] = certificate;
        } else if (span_equal(label, SPAN("PRIVATE KEY")) || span_equal(label, SPAN("RSA PRIVATE KEY"))) {
            if (bundle->key_count == 2) {
                return "it has more than two private keys";
            }
            if (alipay_private_read(block, &bundle->keys[bundle->key_count]) != ALIPAY_KEY_ok) {
                return "one of its private keys cannot be read";
            }
            bundle->key_count++;
        }
    }
    if (bundle->key_count < 2 || bundle->certificate_count < 2) {
        return "it lacks a private key or a certificate of the root or of the platform";
    }
    return NULL;
}

static void bundle_release(struct bundle *bundle)
{
    for (int i = 0; i < bundle->key_count; i++) {
        alipay_key_release(&bundle->keys[i]);
    }
    for (int i = 0; i < bundle->certificate_count; i++) {
        X509_free(bundle->certificates[i]);
    }
}

/* Which of the two keys belongs to the certificate; -1: none. */
static int key_of(const struct bundle *bundle, const X509 *certificate)
{
    for (int i = 0; i < 2; i++) {
        if (X509_check_private_key(certificate, bundle->keys[i].handle) == 1) {
            return i;
        }
    }
    return -1;
}

/* Fills in all but the keys. */
static const char *texts_write(X509 *platform, X509 *root, struct platform_keys *keys)
{
    if (certificate_write(platform, keys->certificate) == 0 ||
        certificate_write(root, keys->root_certificate) == 0) {
        return "a certificate is too large";
    }
    if (!sn_write(platform, keys->cert_sn) ||
        !root_cert_sn_read(span_of(keys->root_certificate), keys->root_cert_sn)) {
        return "a certificate has a name that cannot be hashed";
    }
    return NULL;
}

static const char *bundle_order(const struct bundle *bundle, struct platform_keys *keys)
{
    X509 *const *certificates = bundle->certificates;
    const X509_NAME *first_name = X509_get_subject_name(certificates[0]);
    int root = X509_NAME_cmp(first_name, X509_get_issuer_name(certificates[0])) == 0 ? 0 : 1;
    int platform = 1 - root;
    int root_key = key_of(bundle, certificates[root]);
    int platform_key = key_of(bundle, certificates[platform]);

    if (root_key < 0 || platform_key < 0) {
        return "a private key does not belong to its certificate";
    }
    if (root_key == platform_key) {
        return "root and platform have the same key";
    }
    if (bundle->keys[root_key].bits < ALIPAY_RSA2_BITS_MIN ||
        bundle->keys[platform_key].bits < ALIPAY_RSA2_BITS_MIN) {
        return "a private key has less than 2048 bits";
    }
    if (X509_verify(certificates[root], bundle->keys[root_key].handle) != 1 ||
        X509_verify(certificates[platform], bundle->keys[root_key].handle) != 1) {
        return "the root has not signed both certificates";
    }
    const char *flaw = texts_write(certificates[platform], certificates[root], keys);
    if (flaw == NULL) {
        alipay_key_share(&bundle->keys[platform_key], &keys->key);
        alipay_key_share(&bundle->keys[root_key], &keys->root);
        (void)alipay_public_write(&keys->key, keys->public_text);
    }
    return flaw;
}

const char *platform_keys_read(struct span pem, struct platform_keys *keys)
{
    struct bundle bundle = { 0 };

    if (pem.size >= PLATFORM_PEM_MAX) {
        return "it is too large";
    }
    const char *flaw = bundle_split(pem, &bundle);
    if (flaw == NULL) {
        flaw = bundle_order(&bundle, keys);
    }
    bundle_release(&bundle);
    ERR_clear_error();
    return flaw;
}

void platform_keys_release(struct platform_keys *keys)
{
    alipay_key_release(&keys->key);
    alipay_key_release(&keys->root);
    *keys = (struct platform_keys){ 0 };
}

void platform_keys_make(int64_t now_us, struct platform_keys *keys)
{
    *keys = (struct platform_keys){ 0 };
    alipay_keypair_make(ALIPAY_RSA2_BITS_MIN, &keys->root);
    alipay_keypair_make(ALIPAY_RSA2_BITS_MIN, &keys->key);
    struct certificate_plan plan = {
        .unit = SPAN("Certification"),
        .name = SPAN("Onetill Root"),
        .subject_key = keys->root.handle,
        .issuer_key = keys->root.handle,
        .now_us = now_us,
        .days = PLATFORM_DAYS,
    };
    X509 *root = certificate_build(&plan);
    plan.unit = SPAN("Platform");
    plan.name = SPAN("Onetill Platform");
    plan.subject_key = keys->key.handle;
    plan.issuer = root;
    X509 *platform = certificate_build(&plan);
    const char *flaw = texts_write(platform, root, keys);
    assert(flaw == NULL);
    (void)alipay_public_write(&keys->key, keys->public_text);
    X509_free(platform);
    X509_free(root);
}

size_t platform_keys_write(const struct platform_keys *keys, char to[PLATFORM_PEM_MAX])
{
    char key[ALIPAY_PRIVATE_PEM_SIZE], root[ALIPAY_PRIVATE_PEM_SIZE];

    (void)alipay_private_write(&keys->key, ALIPAY_PKCS8, key);
    (void)alipay_private_write(&keys->root, ALIPAY_PKCS8, root);
    int size =
        snprintf(to, PLATFORM_PEM_MAX, "%s%s%s%s", root, keys->root_certificate, key, keys->certificate);
    assert(size > 0);
    assert(size < PLATFORM_PEM_MAX);
    OPENSSL_cleanse(key, sizeof(key));
    OPENSSL_cleanse(root, sizeof(root));
    return (size_t)size;
}

static enum status keys_load(const char *path, struct platform_keys *keys, char *error, size_t error_size)
{
    char pem[PLATFORM_PEM_MAX];
    size_t size;

    enum status status = secret_file_read(path, pem, sizeof(pem), &size, error, error_size);
    if (status == STATUS_ok) {
        const char *flaw = platform_keys_read((struct span){ pem, size }, keys);
        if (flaw != NULL) {
            snprintf(error, error_size, "%s: %s", path, flaw);
            status = STATUS_bad_input;
        }
        OPENSSL_cleanse(pem, size);
    }
    return status;
}

enum status platform_keys_open(const char *path, bool create, int64_t now_us, struct platform_keys *keys,
                               char *error, size_t error_size)
{
    char pem[PLATFORM_PEM_MAX];

    enum status status = keys_load(path, keys, error, error_size);
    if (status != STATUS_not_found || !create) {
        return status;
    }
    platform_keys_make(now_us, keys);
    size_t size = platform_keys_write(keys, pem);
    platform_keys_release(keys);
    status = secret_file_create(path, pem, size, error, error_size);
    OPENSSL_cleanse(pem, sizeof(pem));
    /* Read back: another process may have been first, and then its keys count. */
    return status == STATUS_ok ? keys_load(path, keys, error, error_size) : status;
}
