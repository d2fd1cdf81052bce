/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"
#include "doors/alipay/certificate.h"

#define NOW_US (INT64_C(1790000000) * US_PER_SECOND)

static struct platform_keys keys;
static struct alipay_key app;

static int keys_open(void **state)
{
    (void)state;
    platform_keys_make(NOW_US, &keys);
    alipay_keypair_make(2048, &app);
    return 0;
}

static int keys_close(void **state)
{
    (void)state;
    platform_keys_release(&keys);
    alipay_key_release(&app);
    return 0;
}

/*
 * Made with `openssl req -x509 -subj "/C=CN/O=Test Org, Ltd/OU=Unit/CN=Gr\xC3\xBC\xC3\x9F" -utf8`; the wanted
 * serial number is Python's md5("CN=Grüß,OU=Unit,O=Test Org, Ltd,C=CN" + decimal serial).
 */
static const char rsa_certificate[] = "-----BEGIN CERTIFICATE-----\n"
                                      "MIIDazCCAlOgAwIBAgIUcqPpyzmna+a5ywcwsMREsbDHSUYwDQYJKoZIhvcNAQEL\n"
                                      "BQAwRTELMAkGA1UEBhMCQ04xFjAUBgNVBAoMDVRlc3QgT3JnLCBMdGQxDTALBgNV\n"
                                      "BAsMBFVuaXQxDzANBgNVBAMMBkdyw7zDnzAeFw0yNjExMjIxODI0NDRaFw00NjEx\n"
                                      "MTcxODI0NDRaMEUxCzAJBgNVBAYTAkNOMRYwFAYDVQQKDA1UZXN0IE9yZywgTHRk\n"
                                      "MQ0wCwYDVQQLDARVbml0MQ8wDQYDVQQDDAZHcsO8w58wggEiMA0GCSqGSIb3DQEB\n"
                                      "AQUAA4IBDwAwggEKAoIBAQC6k0J8ZERRVhgVAnUE3AiK14lut0X/G+ygkznMpTmw\n"
                                      "+bhVNc8+kzlh++sn5PW6XjB6ZWpKN490pIWlWJAC1jMBfhWEuSIkbh6q26wyPvk9\n"
                                      "9nhKRdc49VmEOShCQ7KroKBnFBYKWvvOLuWfR39zLW0HN9MpEgBM+Nr3AKnGuVUG\n"
                                      "2Aj00ydpnZ/5FK8RXlxrRLkKBayNBMNOpTgwsqTng+Ja9o//NvN6CsTKry9Jyzye\n"
                                      "Wnwx+Y996uZueTBXGn34sBVwuhKjrM+h+D+N2sAn6lZD9ULJbypPBs7z1Y2dlRCz\n"
                                      "FvjxdmfnbyCg5o8a7WEODsWZzW3c9og39iptADXXKtZPAgMBAAGjUzBRMB0GA1Ud\n"
                                      "DgQWBBSZ4hkVZQFk9M5EdXZNA1hGTjVdfTAfBgNVHSMEGDAWgBSZ4hkVZQFk9M5E\n"
                                      "dXZNA1hGTjVdfTAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4IBAQCy\n"
                                      "hQNDHlmAgnJez0BmPt3Up9gjYXmHLz2bNn8qMNsXEJBExxLISBRNoB/n3bJvCjBq\n"
                                      "WCR8IVGcUiu9HiFqbCn/r179+njjLd1n0aqFCUQNdFQdOBTnvillepnMxR1twEa3\n"
                                      "U35J15i0z2bM6jDGPN6QuSd6LXj0blUrrjTK+y+wKrQq+DV1R4NigExSQAWH29gT\n"
                                      "0vxfLafLL0F11mpj7VfvjY6pq1MIGWGGRuL8acT2WtahNWfpXM9UtYNF1zMLdi+2\n"
                                      "XXOoXCPhMIvJTrATrHONnghiu7biDinTaWS1LUxVeftbHNGEptfHqmucVcu1rPU2\n"
                                      "L8MH94YiW91WxrNZ5vtJ\n"
                                      "-----END CERTIFICATE-----\n";
static const char rsa_sn[] = "661af2f67e69dac40f93e46004544257";
static const char ec_certificate[] = "-----BEGIN CERTIFICATE-----\n"
                                     "MIIB3zCCAYWgAwIBAgIUL3eJgqnFxTdjXGtGQVB+9HAiZYkwCgYIKoZIzj0EAwIw\n"
                                     "RTELMAkGA1UEBhMCQ04xFjAUBgNVBAoMDVRlc3QgT3JnLCBMdGQxDTALBgNVBAsM\n"
                                     "BFVuaXQxDzANBgNVBAMMBkdyw7zDnzAeFw0yNjExMjIxODI0NDRaFw00NjExMTcx\n"
                                     "ODI0NDRaMEUxCzAJBgNVBAYTAkNOMRYwFAYDVQQKDA1UZXN0IE9yZywgTHRkMQ0w\n"
                                     "CwYDVQQLDARVbml0MQ8wDQYDVQQDDAZHcsO8w58wWTATBgcqhkjOPQIBBggqhkjO\n"
                                     "PQMBBwNCAAQm1FcuOcJkzPFF+qJl+XoR/fz0GNtG2j7u1tJ62mWNojVfS1IP4UV6\n"
                                     "47TcIfxEP1wa+r55Zlu0JTFJ3UJDS7Ceo1MwUTAdBgNVHQ4EFgQUqWJ5E2GvjSGR\n"
                                     "Sh40cG5Unz0wuyMwHwYDVR0jBBgwFoAUqWJ5E2GvjSGRSh40cG5Unz0wuyMwDwYD\n"
                                     "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAmIcO/PLVJMyqn2nK4acO\n"
                                     "NcazO/uAnQt4EKHS84MGf58CIAlSIa08nXOmGsaN95VXDzP+Wlrg9qhZZwko9pWR\n"
                                     "y95l\n"
                                     "-----END CERTIFICATE-----\n";
static const char ec_sn[] = "398e15b5b465492b601d8b26a29affef";

static void serial_numbers_are_what_everyone_computes(void **state)
{
    char sn[CERT_SN_SIZE], both[ROOT_CERT_SN_SIZE], bundle[3 * CERTIFICATE_PEM_SIZE];
    (void)state;
    assert_true(cert_sn_read(span_of(rsa_certificate), sn));
    assert_string_equal(sn, rsa_sn);
    assert_true(cert_sn_read(span_of(ec_certificate), sn));
    assert_string_equal(sn, ec_sn);
    /* Of a bundle of roots only those signed with RSA count. */
    (void)snprintf(bundle, sizeof(bundle), "%s\n# a remark\n%s%s", ec_certificate, rsa_certificate,
                   rsa_certificate);
    assert_true(root_cert_sn_read(span_of(bundle), both));
    (void)snprintf(bundle, sizeof(bundle), "%s_%s", rsa_sn, rsa_sn);
    assert_string_equal(both, bundle);
    assert_false(root_cert_sn_read(span_of(ec_certificate), both));
    assert_false(root_cert_sn_read(SPAN(""), both));
    assert_false(cert_sn_read(SPAN("hello"), sn));
    assert_false(cert_sn_read(span_of(keys.public_text), sn));
}

static void more_than_ten_roots_are_refused(void **state)
{
    static char bundle[(CERTIFICATES_MAX + 1) * CERTIFICATE_PEM_SIZE];
    char sn[ROOT_CERT_SN_SIZE];
    size_t size = 0;
    (void)state;
    for (int i = 0; i < CERTIFICATES_MAX; i++) {
        size += (size_t)snprintf(bundle + size, sizeof(bundle) - size, "%s", rsa_certificate);
    }
    assert_true(root_cert_sn_read((struct span){ bundle, size }, sn));
    assert_int_equal(strlen(sn), ROOT_CERT_SN_SIZE - 1);
    size += (size_t)snprintf(bundle + size, sizeof(bundle) - size, "%s", rsa_certificate);
    assert_false(root_cert_sn_read((struct span){ bundle, size }, sn));
}

static void the_platform_has_a_root_and_a_certificate(void **state)
{
    char sn[ROOT_CERT_SN_SIZE];
    struct alipay_key key;
    (void)state;
    assert_true(cert_sn_read(span_of(keys.certificate), sn));
    assert_string_equal(sn, keys.cert_sn);
    assert_true(root_cert_sn_read(span_of(keys.root_certificate), sn));
    assert_string_equal(sn, keys.root_cert_sn);
    assert_int_equal(alipay_public_read(span_of(keys.certificate), &key), ALIPAY_KEY_ok);
    assert_true(alipay_key_equal(&key, &keys.key));
    alipay_key_release(&key);
    assert_int_equal(alipay_public_read(span_of(keys.public_text), &key), ALIPAY_KEY_ok);
    assert_true(alipay_key_equal(&key, &keys.key));
    assert_false(alipay_key_equal(&key, &keys.root));
    alipay_key_release(&key);
    assert_true(app_certificate_check(&keys, span_of(keys.certificate), NOW_US));
}

/* The blocks of a bundle in another order. */
static void blocks_turn(const char *pem, char *to, size_t capacity)
{
    const char *second = strstr(pem + 1, "-----BEGIN ");
    assert_non_null(second);
    (void)snprintf(to, capacity, "%s%.*s", second, (int)(second - pem), pem);
}

static void a_bundle_is_read_in_any_order(void **state)
{
    static char pem[PLATFORM_PEM_MAX], turned[PLATFORM_PEM_MAX];
    (void)state;
    size_t size = platform_keys_write(&keys, pem);
    assert_int_equal(size, strlen(pem));
    for (int i = 0; i < 4; i++) {
        struct platform_keys read;
        assert_null(platform_keys_read(span_of(pem), &read));
        assert_true(alipay_key_equal(&read.key, &keys.key));
        assert_true(alipay_key_equal(&read.root, &keys.root));
        assert_string_equal(read.certificate, keys.certificate);
        assert_string_equal(read.root_certificate, keys.root_certificate);
        assert_string_equal(read.cert_sn, keys.cert_sn);
        assert_string_equal(read.public_text, keys.public_text);
        platform_keys_release(&read);
        blocks_turn(pem, turned, sizeof(turned));
        memcpy(pem, turned, sizeof(pem));
    }
}

static void what_is_no_bundle_is_refused(void **state)
{
    static char pem[PLATFORM_PEM_MAX], other[2 * PLATFORM_PEM_MAX];
    char app_pem[ALIPAY_PRIVATE_PEM_SIZE], root_pem[ALIPAY_PRIVATE_PEM_SIZE],
        key_pem[ALIPAY_PRIVATE_PEM_SIZE];
    struct platform_keys read, stranger;
    (void)state;
    (void)platform_keys_write(&keys, pem);
    assert_non_null(platform_keys_read(SPAN(""), &read));
    assert_non_null(platform_keys_read((struct span){ pem, strlen(pem) / 2 }, &read));
    (void)snprintf(other, sizeof(other), "%s%s", pem, keys.certificate);
    assert_non_null(platform_keys_read(span_of(other), &read));
    (void)alipay_private_write(&app, ALIPAY_PKCS8, app_pem);
    (void)alipay_private_write(&keys.root, ALIPAY_PKCS1, root_pem);
    (void)alipay_private_write(&keys.key, ALIPAY_PKCS1, key_pem);
    (void)snprintf(other, sizeof(other), "%s%s", pem, app_pem);
    assert_non_null(platform_keys_read(span_of(other), &read));
    (void)snprintf(other, sizeof(other), "%s%s%s%s", keys.certificate, app_pem, keys.root_certificate,
                   root_pem);
    assert_non_null(platform_keys_read(span_of(other), &read)); /* another key */
    platform_keys_make(NOW_US, &stranger);
    (void)snprintf(other, sizeof(other), "%s%s%s", keys.certificate, key_pem, stranger.root_certificate);
    (void)alipay_private_write(&stranger.root, ALIPAY_PKCS8, root_pem);
    (void)snprintf(other + strlen(other), sizeof(other) - strlen(other), "%s", root_pem);
    assert_non_null(platform_keys_read(span_of(other), &read)); /* another root */
    platform_keys_release(&stranger);
}

static void a_file_keeps_the_keys(void **state)
{
    char folder[] = "/tmp/onetill-platform-XXXXXX", path[64], error[256];
    struct platform_keys first, again;
    struct stat found;
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/keys", folder);
    assert_int_equal(platform_keys_open(path, false, NOW_US, &first, error, sizeof(error)), STATUS_not_found);
    assert_int_equal(platform_keys_open(path, true, NOW_US, &first, error, sizeof(error)), STATUS_ok);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_int_equal(platform_keys_open(path, true, NOW_US, &again, error, sizeof(error)), STATUS_ok);
    assert_string_equal(first.public_text, again.public_text);
    assert_string_not_equal(first.public_text, keys.public_text);
    platform_keys_release(&first);
    platform_keys_release(&again);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(platform_keys_open(path, true, NOW_US, &again, error, sizeof(error)), STATUS_bad_input);
    assert_non_null(strstr(error, "chmod 600"));
    assert_int_equal(chmod(path, 0600), 0);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_true(fputs(keys.certificate, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(platform_keys_open(path, true, NOW_US, &again, error, sizeof(error)), STATUS_bad_input);
    assert_non_null(strstr(error, path));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void an_application_gets_a_certificate(void **state)
{
    char pem[CERTIFICATE_PEM_SIZE], second[CERTIFICATE_PEM_SIZE], sn[CERT_SN_SIZE], other_sn[CERT_SN_SIZE];
    struct alipay_key key;
    (void)state;
    size_t size = app_certificate_make(&keys, &app, SPAN("9021000000000001"), NOW_US, pem);
    assert_int_equal(size, strlen(pem));
    assert_int_equal(alipay_public_read(span_of(pem), &key), ALIPAY_KEY_ok);
    assert_true(alipay_key_equal(&key, &app));
    assert_false(key.secret);
    alipay_key_release(&key);
    assert_true(cert_sn_read(span_of(pem), sn));
    (void)app_certificate_make(&keys, &app, SPAN("9021000000000001"), NOW_US, second);
    assert_true(cert_sn_read(span_of(second), other_sn));
    assert_string_not_equal(sn, other_sn); /* each has a serial of its own */

    assert_true(app_certificate_check(&keys, span_of(pem), NOW_US));
    assert_true(app_certificate_check(&keys, span_of(pem), NOW_US + (APP_CERTIFICATE_DAYS - 2) * US_PER_DAY));
    assert_false(app_certificate_check(&keys, span_of(pem), NOW_US + APP_CERTIFICATE_DAYS * US_PER_DAY));
    assert_false(app_certificate_check(&keys, span_of(pem), NOW_US - 2 * US_PER_DAY));
    assert_false(app_certificate_check(&keys, span_of(rsa_certificate), NOW_US));
    assert_false(app_certificate_check(&keys, SPAN("nothing"), NOW_US));
}

static void a_request_is_signed_by_its_own_key(void **state)
{
    const char *bytes = NULL;
    struct alipay_key key;
    (void)state;
    X509_REQ *request = X509_REQ_new();
    X509_NAME *name = X509_REQ_get_subject_name(request);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"me", -1, -1, 0),
                     1);
    assert_int_equal(X509_REQ_set_pubkey(request, app.handle), 1);
    assert_true(X509_REQ_sign(request, app.handle, EVP_sha256()) > 0);
    BIO *out = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509_REQ(out, request), 1);
    long size = BIO_get_mem_data(out, &bytes);
    struct span text = { bytes, (size_t)size };
    assert_int_equal(certificate_request_read(text, &key), ALIPAY_KEY_ok);
    assert_true(alipay_key_equal(&key, &app));
    alipay_key_release(&key);
    assert_int_equal(certificate_request_read(span_of(keys.certificate), &key), ALIPAY_KEY_unreadable);
    BIO_free(out);

    /* Somebody else's key in it: the signature is by another. */
    assert_int_equal(X509_REQ_set_pubkey(request, keys.key.handle), 1);
    assert_true(X509_REQ_sign(request, app.handle, EVP_sha256()) > 0);
    out = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509_REQ(out, request), 1);
    size = BIO_get_mem_data(out, &bytes);
    assert_int_equal(certificate_request_read((struct span){ bytes, (size_t)size }, &key),
                     ALIPAY_KEY_unreadable);
    BIO_free(out);
    X509_REQ_free(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serial_numbers_are_what_everyone_computes),
        cmocka_unit_test(more_than_ten_roots_are_refused),
        cmocka_unit_test(the_platform_has_a_root_and_a_certificate),
        cmocka_unit_test(a_bundle_is_read_in_any_order),
        cmocka_unit_test(what_is_no_bundle_is_refused),
        cmocka_unit_test(a_file_keeps_the_keys),
        cmocka_unit_test(an_application_gets_a_certificate),
        cmocka_unit_test(a_request_is_signed_by_its_own_key),
    };
    return cmocka_run_group_tests(tests, keys_open, keys_close);
}
