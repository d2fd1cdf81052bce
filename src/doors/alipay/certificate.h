/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate mode: serial numbers as the protocol hashes them, the platform's own keys and certificates, and
 * the certificates that it signs for applications. Any thread; keys are opened and closed by one.
 *
 * The platform's keys are one PEM file: the private key and certificate of a root, and those of the platform,
 * which the root signed and which signs answers and notices. The order does not matter. `openssl` can make it
 * as well. Losing the file changes the platform's public key: every integrator must then be told the new one.
 */
#ifndef DOORS_ALIPAY_CERTIFICATE_H
#define DOORS_ALIPAY_CERTIFICATE_H

#include "doors/alipay/crypto.h"

#define CERT_SN_SIZE 33           /* 32 hex digits and the zero */
#define ROOT_CERT_SN_SIZE 330     /* ten of them joined by '_' */
#define CERTIFICATES_MAX 10       /* in one bundle */
#define CERTIFICATE_PEM_SIZE 4096 /* one certificate with its zero */
#define PLATFORM_PEM_MAX 32768    /* bytes of the whole file */
#define APP_CERTIFICATE_DAYS 1826 /* a certificate of an application is valid for five years */
#define PLATFORM_DAYS 7305        /* the platform's for twenty */

/*
 * app_cert_sn and alipay_cert_sn: MD5 over the issuer ("CN=…,OU=…,O=…,C=…", the most specific name first) and
 * the serial in decimal. `text` is a certificate as PEM (the first of several) or bare base64. False: none.
 */
MUST_CHECK bool cert_sn_read(struct span text, char to[CERT_SN_SIZE]);
/* alipay_root_cert_sn: of all certificates of the bundle that are signed with RSA, joined. False: none. */
MUST_CHECK bool root_cert_sn_read(struct span bundle, char to[ROOT_CERT_SN_SIZE]);

struct platform_keys {
    struct alipay_key key;  /* signs answers and notices, and checked by everybody's "Alipay public key" */
    struct alipay_key root; /* signs certificates only */
    char public_text[ALIPAY_PUBLIC_TEXT_SIZE];
    char certificate[CERTIFICATE_PEM_SIZE]; /* alipayCertPublicKey_RSA2.crt */
    char root_certificate[CERTIFICATE_PEM_SIZE]; /* alipayRootCert.crt */
    char cert_sn[CERT_SN_SIZE];
    char root_cert_sn[ROOT_CERT_SN_SIZE];
};

/* Why the text is no bundle, as a sentence; NULL when `keys` was filled in. Release it then. */
MUST_CHECK const char *platform_keys_read(struct span pem, struct platform_keys *keys);
void platform_keys_release(struct platform_keys *keys);
/* A new root and a new platform, 2048 bits each, valid from a day before `now_us`. Takes up to a second. */
void platform_keys_make(int64_t now_us, struct platform_keys *keys);
/* The whole file, with its zero; wipe it after use. The size without the zero is returned. */
size_t platform_keys_write(const struct platform_keys *keys, char to[PLATFORM_PEM_MAX]);
/*
 * Loads the file, which belongs to us and must not be open to others (0600); makes it when it is not there
 * and `create`, durable before it is used. Otherwise a status other than ok and a sentence in `error`.
 */
MUST_CHECK enum status platform_keys_open(const char *path, bool create, int64_t now_us,
                                          struct platform_keys *keys, char *error, size_t error_size);

/*
 * A certificate of an application for its public key, signed by the root: appCertPublicKey_<app id>.crt as
 * PEM. `name` is its CN, at most 64 characters, an app_id as a rule; the serial is random. Returns its size
 * without the zero.
 */
size_t app_certificate_make(const struct platform_keys *keys, const struct alipay_key *app_key, struct span name,
                            int64_t now_us, char to[CERTIFICATE_PEM_SIZE]);
/*
 * The public key of a certificate signing request (PEM or bare base64), whose own signature was checked; the
 * names in it are not taken over. Then make the certificate with it.
 */
MUST_CHECK enum alipay_key_error certificate_request_read(struct span text, struct alipay_key *key);

/* Whether the certificate was signed by the root of `keys` and is valid at that time. */
MUST_CHECK bool app_certificate_check(const struct platform_keys *keys, struct span text, int64_t now_us);

#endif
