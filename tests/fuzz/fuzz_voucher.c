/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Voucher codes as people type them, and offline codes as tills read them: what is read is written back to the same,
 * and a text that is not signed is never read. Seeds are bodies of offline codes and codes; they are signed here.
 */
#include "doors/offline_code.h"
#include "lines/local/voucher_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void code_try(struct span text)
{
    char code[VOUCHER_CODE_SIZE], again[VOUCHER_CODE_SIZE];
    if (voucher_code_read(text, code)) {
        bool read = voucher_code_read(span_of(code), again);
        assert(read && strcmp(code, again) == 0);
        assert(strlen(code) == VOUCHER_CODE_SIZE - 1 && text.size >= VOUCHER_CODE_SIZE - 1);
    }
}

static void offline_try(const uint8_t *key, const char *public_key, struct span text)
{
    char code[OFFLINE_CODE_SIZE], again[OFFLINE_CODE_SIZE], once_more[OFFLINE_CODE_SIZE];
    struct voucher_kept kept, read;
    bool unsigned_holds = offline_code_read(public_key, text, &kept);
    assert(!unsigned_holds); /* nobody finds a signature by chance */
    if (text.size > OFFLINE_BODY_MAX || (text.size > 0 && memchr(text.bytes, '\0', text.size) != NULL)) {
        return;
    }
    if (text.size > 0) {
        memcpy(code, text.bytes, text.size);
    }
    size_t size = offline_code_sign(key, code, text.size);
    if (!offline_code_read(public_key, (struct span){ code, size }, &kept)) {
        return;
    }
    size = offline_code_write(key, &kept, again);
    bool holds = offline_code_read(public_key, (struct span){ again, size }, &read);
    assert(holds);
    offline_code_write(key, &read, once_more);
    assert(strcmp(again, once_more) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[OFFLINE_KEY_SIZE] = "a key of a test, as long as that";
    static char public_key[OFFLINE_KEY_TEXT_SIZE];
    struct span text = { (const char *)data, size };
    if (public_key[0] == '\0') {
        offline_key_public(key, public_key);
    }
    code_try(text);
    offline_try(key, public_key, text);
    return 0;
}
