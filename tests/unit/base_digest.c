/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"

static void digest_is(const uint8_t *digest, size_t size, const char *expected)
{
    char text[2 * SHA256_SIZE + 1];
    hex_write(digest, size, text);
    assert_string_equal(text, expected);
}

static void sha256_gives_the_vectors_of_fips_180(void **state)
{
    uint8_t digest[SHA256_SIZE];
    struct span long_one = SPAN("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    (void)state;
    sha256_write(NULL, 0, digest);
    digest_is(digest, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_write("abc", 3, digest);
    digest_is(digest, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_write(long_one.bytes, long_one.size, digest);
    digest_is(digest, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* A key or a message of the vectors: the text, or one byte many times. */
struct material {
    const char *text;
    uint8_t byte;
    size_t count;
};

static size_t material_fill(const struct material *material, uint8_t *to)
{
    if (material->text != NULL) {
        memcpy(to, material->text, strlen(material->text));
        return strlen(material->text);
    }
    memset(to, material->byte, material->count);
    return material->count;
}

static void counting_key(uint8_t key[25])
{
    for (uint8_t i = 0; i < 25; i++) {
        key[i] = (uint8_t)(i + 1);
    }
}

static void hmac_gives_the_vectors_of_rfc_4231(void **state)
{
    static const struct {
        struct material key, message;
        size_t size; /* of the part of the result that the vector gives */
        const char *mac;
    } cases[] = {
        { { .byte = 0x0b, .count = 20 },
          { .text = "Hi There" },
          32,
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
        { { .text = "Jefe" },
          { .text = "what do ya want for nothing?" },
          32,
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
        { { .byte = 0xaa, .count = 20 },
          { .byte = 0xdd, .count = 50 },
          32,
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
        { { .count = 0 },
          { .byte = 0xcd, .count = 50 },
          32, /* key: the numbers 1 to 25 */
          "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
        { { .byte = 0x0c, .count = 20 },
          { .text = "Test With Truncation" },
          16,
          "a3b6167473100ee06e0c796c2955552b" },
        { { .byte = 0xaa, .count = 131 },
          { .text = "Test Using Larger Than Block-Size Key - Hash Key First" },
          32,
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
        { { .byte = 0xaa, .count = 131 },
          { .text = "This is a test using a larger than block-size key and a larger than block-size data. "
                    "The key needs to be hashed before being used by the HMAC algorithm." },
          32,
          "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t key_bytes[256], message[256], mac[SHA256_SIZE];
        struct hmac_key key;
        size_t key_size = material_fill(&cases[i].key, key_bytes);
        size_t size = material_fill(&cases[i].message, message);
        if (key_size == 0) {
            counting_key(key_bytes);
            key_size = 25;
        }
        hmac_key_init(&key, key_bytes, key_size);
        hmac_write(&key, message, size, mac);
        digest_is(mac, cases[i].size, cases[i].mac);
    }
}

static void a_prepared_key_is_used_again_and_in_parts(void **state)
{
    uint8_t whole[SHA256_SIZE], parts[SHA256_SIZE], message[200];
    struct hmac_key key;
    (void)state;
    hmac_key_init(&key, "Jefe", 4);
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)(i * 7);
    }
    for (size_t size = 0; size <= sizeof(message); size++) {
        struct span cut[3] = {
            { (const char *)message, size / 3 },
            { NULL, 0 },
            { (const char *)message + size / 3, size - size / 3 },
        };
        hmac_write(&key, message, size, whole);
        hmac_write_parts(&key, cut, 3, parts);
        assert_memory_equal(whole, parts, SHA256_SIZE);
    }
    hmac_key_wipe(&key);
    static const struct hmac_key blank = { { 0 }, { 0 } };
    assert_memory_equal(&key, &blank, sizeof(key));
}

static void hmac_sha1_gives_the_vectors_of_rfc_2202(void **state)
{
    static const struct {
        struct material key, message;
        const char *mac;
    } cases[] = {
        { { .byte = 0x0b, .count = 20 }, { .text = "Hi There" }, "b617318655057264e28bc0b6fb378c8ef146be00" },
        { { .text = "Jefe" },
          { .text = "what do ya want for nothing?" },
          "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
        { { .byte = 0xaa, .count = 20 },
          { .byte = 0xdd, .count = 50 },
          "125d7342b9ac11cd91a39af48aa17b4f63f175d3" },
        { { .count = 0 }, { .byte = 0xcd, .count = 50 }, "4c9007f4026250c6bc8414f9bf50c86c2d7235da" },
        { { .byte = 0x0c, .count = 20 },
          { .text = "Test With Truncation" },
          "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04" },
        { { .byte = 0xaa, .count = 80 },
          { .text = "Test Using Larger Than Block-Size Key - Hash Key First" },
          "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
        { { .byte = 0xaa, .count = 80 },
          { .text = "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data" },
          "e8e99d0f45237d786d6bbaa7965c7808bbff1a91" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t key[256], message[256], mac[SHA1_SIZE];
        size_t key_size = material_fill(&cases[i].key, key);
        size_t size = material_fill(&cases[i].message, message);
        if (key_size == 0) {
            counting_key(key);
            key_size = 25;
        }
        hmac_sha1_write(key, key_size, message, size, mac);
        digest_is(mac, SHA1_SIZE, cases[i].mac);
    }
}

static void every_byte_counts_in_a_comparison(void **state)
{
    uint8_t a[SHA256_SIZE] = { 1 }, b[SHA256_SIZE] = { 1 };
    (void)state;
    assert_true(digest_equal(a, b, sizeof(a)));
    for (size_t i = 0; i < sizeof(a); i++) {
        b[i] ^= 0x80;
        assert_false(digest_equal(a, b, sizeof(a)));
        b[i] ^= 0x80;
    }
}

typedef size_t text_write(const uint8_t *bytes, size_t size, char *to);
typedef bool text_read(struct span text, uint8_t *bytes, size_t capacity, size_t *size);

static void reads_back(text_write *write, text_read *read, const char *bytes, const char *expected)
{
    char text[64];
    uint8_t back[64];
    size_t size = 99;
    assert_int_equal(write((const uint8_t *)bytes, strlen(bytes), text), strlen(expected));
    assert_string_equal(text, expected);
    assert_true(read(span_of(text), back, strlen(bytes), &size));
    assert_int_equal(size, strlen(bytes));
    assert_memory_equal(back, bytes, size);
    if (size > 0) {
        assert_false(read(span_of(text), back, strlen(bytes) - 1, &size));
    }
}

static void text_forms_give_the_vectors_of_rfc_4648(void **state)
{
    static const struct {
        const char *bytes, *base64, *base64url, *base32; /* the last two without padding */
    } cases[] = {
        { "", "", "", "" },
        { "f", "Zg==", "Zg", "MY" },
        { "fo", "Zm8=", "Zm8", "MZXQ" },
        { "foo", "Zm9v", "Zm9v", "MZXW6" },
        { "foob", "Zm9vYg==", "Zm9vYg", "MZXW6YQ" },
        { "fooba", "Zm9vYmE=", "Zm9vYmE", "MZXW6YTB" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy", "MZXW6YTBOI" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        reads_back(base64_write, base64_read, cases[i].bytes, cases[i].base64);
        reads_back(base64url_write, base64url_read, cases[i].bytes, cases[i].base64url);
        reads_back(base32_write, base32_read, cases[i].bytes, cases[i].base32);
    }
    reads_back(base64_write, base64_read, "\xfb\xff\xbf", "+/+/");
    reads_back(base64url_write, base64url_read, "\xfb\xff\xbf", "-_-_");
}

static void sizes_of_text_forms_are_exact(void **state)
{
    uint8_t bytes[70], back[70];
    char text[130];
    size_t read;
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
    }
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        assert_int_equal(base32_write(bytes, size, text) + 1, BASE32_SIZE(size));
        assert_true(base32_read(span_of(text), back, size, &read));
        assert_int_equal(read, size);
        assert_memory_equal(back, bytes, size);
        assert_int_equal(base64_write(bytes, size, text) + 1, BASE64_SIZE(size));
        assert_true(base64_read(span_of(text), back, size, &read));
        assert_int_equal(read, size);
        assert_int_equal(base64url_write(bytes, size, text) + 1, BASE64URL_SIZE(size));
        assert_true(base64url_read(span_of(text), back, size, &read));
        assert_int_equal(read, size);
        assert_memory_equal(back, bytes, size);
    }
}

static void second_spellings_are_refused(void **state)
{
    static const char *const not_base64[] = { "Zg",   "Zg=",    "Zh==",     "Zm9=",   "Z===",
                                              "====", "=",      "==",       "Zg==\n", "Zm 8",
                                              "Zm-_", "Zm9vZg", "Zg==Zg==", "Zg=a",   "Z\x80Zg" };
    static const char *const not_base64url[] = {
        "Z", "Zh", "Zm9", "Zg==", "Zm+/", "Zm9v ", "Zm9vY", "Zm9\xff"
    };
    static const char *const not_base32[] = { "M",  "MZ", "MZX",    "my",   "MY======",
                                              "M1", "M8", "MZXW6Y", "MZXQB" };
    uint8_t bytes[16];
    size_t size = 77;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(not_base64); i++) {
        assert_false(base64_read(span_of(not_base64[i]), bytes, sizeof(bytes), &size));
    }
    for (size_t i = 0; i < COUNT_OF(not_base64url); i++) {
        assert_false(base64url_read(span_of(not_base64url[i]), bytes, sizeof(bytes), &size));
    }
    for (size_t i = 0; i < COUNT_OF(not_base32); i++) {
        assert_false(base32_read(span_of(not_base32[i]), bytes, sizeof(bytes), &size));
    }
    assert_int_equal(size, 77);
}

/* Every text of three bytes: what reads is what a writer makes of the bytes, so no two texts mean the same. */
static void there_is_one_spelling(void **state)
{
    char text[4] = { 0 }, back[8];
    uint8_t bytes[4];
    size_t size, read_count = 0;
    (void)state;
    for (int i = 0; i < 1 << 21; i++) {
        text[0] = (char)(i >> 14 & 0x7F);
        text[1] = (char)(i >> 7 & 0x7F);
        text[2] = (char)(i & 0x7F);
        struct span given = { text, 3 };
        if (base64url_read(given, bytes, sizeof(bytes), &size)) {
            assert_int_equal(base64url_write(bytes, size, back), 3);
            assert_memory_equal(back, text, 3);
            read_count++;
        }
    }
    assert_int_equal(read_count, 65536); /* all values of two bytes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_vectors_of_fips_180),
        cmocka_unit_test(hmac_gives_the_vectors_of_rfc_4231),
        cmocka_unit_test(a_prepared_key_is_used_again_and_in_parts),
        cmocka_unit_test(hmac_sha1_gives_the_vectors_of_rfc_2202),
        cmocka_unit_test(every_byte_counts_in_a_comparison),
        cmocka_unit_test(text_forms_give_the_vectors_of_rfc_4648),
        cmocka_unit_test(sizes_of_text_forms_are_exact),
        cmocka_unit_test(second_spellings_are_refused),
        cmocka_unit_test(there_is_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
